# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health errors of fabrics, providers and items, in the service's own words."""

from __future__ import annotations

from collections.abc import Sequence

from .failures import said_once
from .items import ReplicatedItem
from .json_path import Document, text


def causes_of(errors: Sequence[Document]) -> str:
    """Return what is wrong; empty where no error says so."""
    return said_once(*(text(error, "errorMessage") or text(error, "summaryMessage") for error in errors))


def remedies_of(errors: Sequence[Document]) -> str:
    """Return what the service recommends; empty where it recommends nothing."""
    return said_once(*(text(error, "recommendedAction") for error in errors))


def what_stops(item: ReplicatedItem) -> tuple[str, str]:
    """Return why an item does not replicate, and what the service recommends; empty where it is not critical.

    What only warns, such as that no test failover was done, stops nothing.
    """
    if item.replication_health != "Critical":
        return "", ""
    errors = [error for error in item.health_errors if text(error, "errorLevel") != "Warning"]
    named = causes_of(errors) or "the service names no cause"
    return f"Replication of {item.friendly_name} is Critical: {named}", remedies_of(errors)

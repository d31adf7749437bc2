# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times as Site Recovery writes them."""

from __future__ import annotations

from datetime import datetime

UNSET = "0001-01-01T00:00:00"
NEVER = "1753-01-01T01:01:01Z"


def precise(when: datetime) -> str:
    """Seven digits after the second: ``2017-05-13T17:49:23.9088120Z``."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def whole(when: datetime) -> str:
    """Whole seconds, as a job's end: ``2017-05-13T17:54:46Z``."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def precise_or_none(when: datetime | None) -> str | None:
    """Seven digits; null for what has not happened."""
    return precise(when) if when else None


def precise_or_unset(when: datetime | None) -> str:
    """Seven digits; the year 1, without a zone, for what has not happened: the form of tasks."""
    return precise(when) if when else UNSET

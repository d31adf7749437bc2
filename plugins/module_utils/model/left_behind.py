# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a commit has left in Azure, by the results of the steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .arm_ids import last_segment

_Left = Mapping[str, Any]

# What Azure bills though nothing uses it, as it stands in a resource's id.
_BILLED = frozenset({"disks", "publicIPAddresses"})
_TYPES = {"disks": "disk", "publicIPAddresses": "public IP address", "networkInterfaces": "network interface"}


def left_behind(steps: Iterable[Mapping[str, Any]]) -> _Left:
    """Return what the last commit among the steps has left; of none, nothing."""
    told = [step["azure_resources"] for step in steps if step.get("azure_resources")]
    return told[-1] if told else {"left_behind": [], "not_checked": []}


def billed_of(left: _Left) -> list[str]:
    """Return what costs money until somebody deletes it, by type and name."""
    return [_named(kind, name) for kind, name in _resources(left) if kind in _BILLED]


def unbilled_of(left: _Left) -> list[str]:
    """Return the rest, by type and name."""
    return [_named(kind, name) for kind, name in _resources(left) if kind not in _BILLED]


def unread_of(left: _Left) -> dict[str, list[str]]:
    """Return the names of what could not be read, by the reason for that."""
    unread: dict[str, list[str]] = {}
    for one in left["not_checked"]:
        unread.setdefault(one["reason"], []).append(last_segment(one["id"]))
    return unread


def _resources(left: _Left) -> Iterator[tuple[str, str]]:
    for resource in left["left_behind"]:
        kind, name = resource.split("/")[-2:]
        yield kind, name


def _named(kind: str, name: str) -> str:
    return f"{_TYPES.get(kind, kind)} {name}"

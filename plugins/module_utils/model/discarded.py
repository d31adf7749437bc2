# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a commit gives up with its user's word: data that exists in Azure alone, or may, and is deleted there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .azure_disks import UncarriedDisk, given_up
from .items import ReplicatedItem
from .split_brain import Sides

AZURE_CHANGES, DISK = "azure_changes", "disk"


@dataclass(frozen=True)
class Discarded:
    """One thing of a machine that its commit gives up.

    C(vm) is the machine's name. C(kind) is C(azure_changes), what its Azure VM wrote since the cut-over, or C(disk),
    one that no failback is known to carry. C(id) and C(name) are those of the Azure VM or of the disk; C(reason) is
    what was seen of it.
    """

    vm: str
    kind: str
    id: str
    name: str
    reason: str


def discarded_changes(sides: Sides) -> Iterator[Discarded]:
    """Yield what the Azure VM of a machine has, or may have, written since the cut-over."""
    if sides.azure_vm is not None and sides.changes_in_azure:
        vm = sides.azure_vm
        yield Discarded(sides.name, AZURE_CHANGES, vm.id, vm.name, sides.changes_in_azure)


def discarded_disks(
    item: ReplicatedItem, lost: Collection[UncarriedDisk], words: Collection[str]
) -> Iterator[Discarded]:
    """Yield the disks of a machine that stay behind and that C(words) name."""
    for one in given_up(item, lost, words):
        yield Discarded(item.friendly_name, DISK, one.disk.id or one.disk.uri, one.disk.name, one.reason)


def discarded_in_words(entry: Mapping[str, Any]) -> str:
    """Say in a line what a result tells as discarded."""
    what = f"disk {entry['name']}" if entry["kind"] == DISK else "changes in Azure since the cut-over"
    return f"{entry['vm']}: {what} ({entry['reason']})"

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a virtual machine in Azure is the one that the failover of a replicated item made.

Its name alone does not tell. Where the name was taken, the failover gave the machine another one (warning 28175), and
the item may go on with the old name (recorded), which is somebody else's VM. So it is held against what the item says
of its own: its disks in Azure, the time of the failover, its tags and its size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from .azure_resources import AzureVm
from .items import ReplicatedItem

FITS, ANOTHER, CANNOT_BE_TOLD = "fits", "another", "cannot_be_told"
# Compute and Site Recovery tell their times each by its own clock. The item's is that of the start of the failover.
_CLOCKS_APART = timedelta(minutes=5)
# A failover makes its VM within minutes; one that came later was made by somebody.
_MADE_WITHIN = timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """C(verdict): C(fits), C(another) or C(cannot_be_told); C(reason) says why, of all but the first."""

    verdict: str
    reason: str = ""

    @property
    def fits(self) -> bool:
        """Whether it certainly is the item's VM: nothing else may be acted upon."""
        return self.verdict == FITS

    @property
    def is_another(self) -> bool:
        """Whether it certainly is not."""
        return self.verdict == ANOTHER


@dataclass(frozen=True)
class _Clue:
    """What one thing says: C(agrees), in C(words). One that is C(weak) decides nothing, as many VMs share it."""

    agrees: bool
    words: str
    weak: bool = False


def identify(item: ReplicatedItem, vm: AzureVm) -> Identity:
    """Hold the VM at the name of an item against what the item says. Without anything to compare, that stays open."""
    if _shared(item.azure_blobs, vm.blob_uris):
        # A blob is of one VM at a time, whatever somebody has changed of that VM since.
        return Identity(FITS)
    clues = [clue for clue in (_disks(item, vm), _birth(item, vm), _tags(item, vm), _size(item, vm)) if clue]
    against = [clue.words for clue in clues if not (clue.agrees or clue.weak)]
    if against:
        hints = [clue.words for clue in clues if clue.weak and not clue.agrees]
        return Identity(
            ANOTHER, f"the VM {vm.name} in Azure is another VM than the item's: {_joined([*against, *hints])}"
        )
    if any(clue.agrees and not clue.weak for clue in clues):
        return Identity(FITS)
    return Identity(
        CANNOT_BE_TOLD,
        f"whether the VM {vm.name} in Azure is the item's cannot be determined: neither its disks nor the time of its "
        "creation show it",
    )


def boots_from_its_disk(item: ReplicatedItem, vm: AzureVm) -> bool:
    """Whether the machine's system disk certainly is one of the item's: its blob, or the managed disk at its id."""
    system = [disk for disk in vm.disks if disk.is_os_disk]
    blobs = _shared(item.azure_blobs, [disk.uri for disk in system])
    return blobs or _shared(item.azure_disk_ids, [disk.id for disk in system])


def _shared(said: Iterable[str], seen: Iterable[str]) -> bool:
    return bool({one.lower() for one in said} & {one.lower() for one in seen})


def _disks(item: ReplicatedItem, vm: AzureVm) -> _Clue | None:
    """Compare blobs with blobs, else managed disks; somebody may have made managed disks of the blobs since.

    The name of a managed disk is unique in its resource group only: in another group it decides nothing.
    """
    names = [disk.name for disk in vm.disks if disk.name]
    if _shared(item.azure_disk_ids, vm.disk_ids):
        return _Clue(agrees=True, words="")
    if _shared(item.azure_disk_names, names):
        return _Clue(agrees=True, words="", weak=True)
    if item.azure_blobs:
        return _against(item.azure_blobs, vm.blob_uris) if vm.blob_uris else None
    return _against(item.azure_disk_names, names) if item.azure_disk_names and names else None


def _against(said: Iterable[str], seen: Iterable[str]) -> _Clue:
    return _Clue(agrees=False, words=f"its disks are {_joined(seen)}, those of the item are {_joined(said)}")


def _birth(item: ReplicatedItem, vm: AzureVm) -> _Clue | None:
    """A VM that was there before the failover was not made by it. One that came long after shows nothing."""
    made, failed_over = vm.created_at, item.last_failover
    if made is None or failed_over is None:
        return None
    if made < failed_over - _CLOCKS_APART:
        when = f"it was made at {made.isoformat()}, before the failover at {failed_over.isoformat()}"
        return _Clue(agrees=False, words=when)
    return _Clue(agrees=True, words="") if made <= failed_over + _MADE_WITHIN else None


def _tags(item: ReplicatedItem, vm: AzureVm) -> _Clue | None:
    """The failover sets the tags that the item names. Others may have come; that it has none of them speaks against."""
    if not item.azure_vm_tags:
        return None
    named, seen = ({(name.lower(), value) for name, value in tags} for tags in (item.azure_vm_tags, vm.tags))
    has = bool(named & seen)
    # That it has one shows little: many VMs have the same.
    words = f"it has none of the tags {_joined(name for name, _value in item.azure_vm_tags)}"
    return _Clue(agrees=has, words=words, weak=has)


def _size(item: ReplicatedItem, vm: AzureVm) -> _Clue | None:
    if not (item.azure_vm_size and vm.size):
        return None
    same = item.azure_vm_size.lower() == vm.size.lower()
    return _Clue(agrees=same, words=f"its size is {vm.size}, not {item.azure_vm_size}", weak=True)


def _joined(words: Iterable[str]) -> str:
    return ", ".join(words)

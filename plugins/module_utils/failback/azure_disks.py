# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which disks of an Azure VM a failback does not carry: those that were attached in Azure, or grown there.

A failback copies the disks of the replicated item, in their size on-premises. A commit deletes the Azure VM with every
disk, so what is on another one, or behind that size, is lost with it. Where one of the two sizes is not known, nobody
knows whether that is so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .azure_resources import AzureDisk, AzureVm
from .items import Disk, ReplicatedItem

ATTACHED, GROWN, SIZE_NOT_KNOWN = "attached", "grown", "size_not_known"
_SEE_SIZES = (
    "See how large they are in Azure: a managed disk tells it to whoever has Reader at it, an unmanaged one by the "
    "length of its page blob in the storage account. "
)
_GIB = 2**30
# Azure keeps whole GiB, and a virtual hard disk has a footer.
_ROUNDED_UP = 1


@dataclass(frozen=True)
class UncarriedDisk:
    """A disk that is not known to come home whole, while a commit deletes it.

    C(change): C(attached), C(grown) from C(carried_gb) GiB, or C(size_not_known): that of the disk, or what is carried.
    """

    disk: AzureDisk
    change: str
    carried_gb: int | None = None

    @property
    def is_lost(self) -> bool:
        """Whether something of it certainly stays behind."""
        return self.change != SIZE_NOT_KNOWN

    @property
    def sentence(self) -> str:
        """Its name, its size, and what became of it."""
        size = "size not known" if self.disk.size_gb is None else f"{self.disk.size_gb} GiB"
        return f"{self.disk.name} ({size}, {self._history})"

    @property
    def _history(self) -> str:
        if self.change == ATTACHED:
            return "attached in Azure"
        if self.change == GROWN:
            return f"grown from {self.carried_gb} GiB"
        return f"{self.carried_gb} GiB on-premises" if self.carried_gb else "size on-premises not known"


def uncarried(item: ReplicatedItem, disks: Sequence[AzureDisk]) -> tuple[UncarriedDisk, ...]:
    """Return the disks of an Azure VM that a failback of the item is not known to carry, in the VM's order.

    An item that names its disks in Azure is taken at its word. Where it does not, the system disk is the system disk,
    and the others are told by their sizes: one that is in the place of another of the same size is then not noticed.
    """
    own = _matched(item, disks)
    judged = (_judge(disk, own.get(index)) for index, disk in enumerate(disks))
    return tuple(one for one in judged if one is not None)


def _judge(disk: AzureDisk, own: Disk | None) -> UncarriedDisk | None:
    if own is None:
        return UncarriedDisk(disk, ATTACHED)
    carried = _gib(own)
    if disk.size_gb is None or not carried:
        return UncarriedDisk(disk, SIZE_NOT_KNOWN, carried or None)
    return UncarriedDisk(disk, GROWN, carried) if disk.size_gb > carried + _ROUNDED_UP else None


def _gib(own: Disk) -> int:
    """Return its size in whole GiB, 0 where the item does not tell it."""
    return -(-own.size // _GIB)


def _matched(item: ReplicatedItem, disks: Sequence[AzureDisk]) -> dict[int, Disk]:
    """Return the item's disk of each of the VM's disks that has one, by the number of the latter."""
    told = [own for own in item.disks if own.azure_blob or own.azure_name]
    untold = [own for own in item.disks if not (own.azure_blob or own.azure_name)]
    if not item.disks:
        # An item that tells no disk at all: the system disk is what every failback carries.
        untold = [Disk("", "", is_os_disk=True)]
    found: dict[int, Disk] = {}
    _match(found, disks, told, _is_named)
    for fits in (_is_system_disk, _has_its_size, _may_have_grown):
        _match(found, disks, untold, fits)
    return found


def _match(
    found: dict[int, Disk], disks: Sequence[AzureDisk], owns: Iterable[Disk], fits: Callable[[AzureDisk, Disk], bool]
) -> None:
    """Give each disk of the item that has none yet the first of the VM's that fits and is nobody's."""
    taken = [id(own) for own in found.values()]
    for own in owns:
        index = next((n for n, disk in enumerate(disks) if n not in found and fits(disk, own)), None)
        if index is not None and id(own) not in taken:
            found[index] = own


def _is_named(disk: AzureDisk, own: Disk) -> bool:
    if own.azure_blob and disk.uri:
        return disk.uri.lower() == own.azure_blob.lower()
    return disk.name.lower() == own.azure_name.lower()


def _is_system_disk(disk: AzureDisk, own: Disk) -> bool:
    return disk.is_os_disk and own.is_os_disk


def _has_its_size(disk: AzureDisk, own: Disk) -> bool:
    alike = disk.is_os_disk == own.is_os_disk
    return alike and disk.size_gb is not None and 0 <= disk.size_gb - _gib(own) <= _ROUNDED_UP


def _may_have_grown(disk: AzureDisk, own: Disk) -> bool:
    alike = disk.is_os_disk == own.is_os_disk
    return alike and (disk.size_gb is None or disk.size_gb >= _gib(own))


def not_given_up(found: Iterable[UncarriedDisk], names: Iterable[str]) -> list[UncarriedDisk]:
    """Return those disks that nobody has accepted to lose. C(names) as a person gave them."""
    accepted = {name.strip().lower() for name in names}
    return [one for one in found if one.disk.name.lower() not in accepted]


def how_to_settle(kept: Sequence[UncarriedDisk]) -> str:
    """Say what to do about disks that nobody has given up."""
    look = "" if all(one.is_lost for one in kept) else _SEE_SIZES
    names = ", ".join(one.disk.name for one in kept)
    return f"{look}Copy what is on them to where it is needed, or give them up by name: discard_disks: [{names}]."


def deletion(name: str, vm: AzureVm, disks: Sequence[AzureDisk], lost: Sequence[UncarriedDisk]) -> list[dict[str, Any]]:
    """Return for a result what a commit of a machine would delete: its VM in Azure, and each disk of that."""
    changes = {one.disk: one.change for one in lost}
    machine = {"vm": name, "kind": "vm", "id": vm.id, "name": vm.name, "size_gb": None, "not_carried": None}
    return [
        machine,
        *(
            {
                "vm": name,
                "kind": "disk",
                "id": disk.id or disk.uri,
                "name": disk.name,
                "size_gb": disk.size_gb,
                "not_carried": changes.get(disk),
            }
            for disk in disks
        ),
    ]

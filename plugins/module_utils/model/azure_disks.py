# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which disks of an Azure VM a failback does not carry: those that were attached in Azure, or grown there.

A failback copies the disks of the replicated item, in their size on-premises. A commit deletes the Azure VM with every
disk, so what is on another one, or behind that size, is lost with it. Where one of the two sizes is not known, nobody
knows whether that is so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .arm_ids import is_resource_id, same_resource
from .azure_resources import AzureDisk, AzureVm
from .failures import ConfigurationError
from .items import OS_DISK, Disk, ReplicatedItem

ATTACHED, GROWN, SIZE_NOT_KNOWN = "attached", "grown", "size_not_known"
_SEE_SIZES = (
    "Check their size in Azure: of a managed disk with Reader at it, of an unmanaged one by the "
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
        return f"{self.disk.name} ({self.reason})"

    @property
    def reason(self) -> str:
        """Its size, and what became of it: why no failback is known to carry it."""
        size = "size not known" if self.disk.size_gb is None else f"{self.disk.size_gb} GiB"
        return f"{size}, {self._history}"

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
        untold = [Disk("", "", OS_DISK)]
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


def not_given_up(item: ReplicatedItem, found: Iterable[UncarriedDisk], words: Collection[str]) -> list[UncarriedDisk]:
    """Return those disks of a machine that nobody has accepted to lose. C(words) as a person gave them."""
    return [one for one in found if not _is_given_up(one, item, words)]


def given_up(item: ReplicatedItem, found: Iterable[UncarriedDisk], words: Collection[str]) -> list[UncarriedDisk]:
    """Return those disks of a machine that a person has accepted to lose."""
    return [one for one in found if _is_given_up(one, item, words)]


def _is_given_up(found: UncarriedDisk, item: ReplicatedItem, words: Collection[str]) -> bool:
    return any(_means(word, item, found.disk) for word in words)


def refuse_shared_words(words: Iterable[str], every: Sequence[tuple[ReplicatedItem, Sequence[AzureDisk]]]) -> None:
    """Refuse a word that fits disks of several machines: what was meant for one must not count for another.

    Raises ConfigurationError.
    """
    for word in words:
        found = [(item, disk) for item, disks in every for disk in disks if _means(word, item, disk)]
        if len({item.id for item, _disk in found}) > 1:
            spellings = [spelling(item.friendly_name, disk) for item, disk in found]
            if len(set(spellings)) < len(spellings):
                # Machines of one name, of two sites for one.
                spellings = [disk.id or disk.uri for _item, disk in found]
            raise ConfigurationError(
                f"discard_disks names {word}, which fits disks of several VMs.",
                f"Nothing was written. Name each disk that may be deleted unambiguously: {', '.join(spellings)}.",
            )


def words_for_none(words: Iterable[str], every: Sequence[tuple[ReplicatedItem, Sequence[AzureDisk]]]) -> list[str]:
    """Return the words that fit no disk of any machine."""
    return [word for word in words if not any(_means(word, item, disk) for item, disks in every for disk in disks)]


def loose_words(words: Iterable[str]) -> list[str]:
    """Return the words that name a disk and no VM: each fits a disk of that name of any VM."""
    return [word for word in words if not word.strip().rpartition("/")[0]]


def refuse_shared_names(
    words: Iterable[str], every: Sequence[tuple[ReplicatedItem, Sequence[AzureDisk]]], known: Sequence[ReplicatedItem]
) -> None:
    """Refuse a word VM/DISK that fits a disk of a machine where several of the C(known) answer to that name: a task for
    another of them would take it for its own.

    Raises ConfigurationError.
    """
    for item, disks in every:
        for vm in vms_named(words, item, disks):
            meant = [one for one in known if one.answers_to(vm)]
            if len(meant) > 1:
                raise ConfigurationError(
                    f"discard_disks names {vm}, and several VMs of the vault have that name.",
                    "Nothing was written. Write the id of the replicated item in place of its name: "
                    f"{', '.join(one.id for one in meant)}.",
                )


def vms_named(words: Iterable[str], item: ReplicatedItem, disks: Sequence[AzureDisk]) -> list[str]:
    """Return the names in those words VM/DISK that fit a disk of a machine."""
    fitting = [word.strip() for word in words if any(_means(word, item, disk) for disk in disks)]
    names = [word.rpartition("/")[0] for word in fitting]
    return [vm for vm in names if not is_resource_id(vm) and item.answers_to(vm)]


def spelling(vm: str, disk: AzureDisk) -> str:
    """Return the word for a disk that counts for no disk of that name of another VM."""
    return f"{vm}/{disk.name}"


def _means(word: str, item: ReplicatedItem, disk: AzureDisk) -> bool:
    """Say whether a word is for this disk of this machine: its name, VM/name, its resource id, or a blob's address."""
    given = word.strip()
    if (disk.id and same_resource(given, disk.id)) or (disk.uri and given.lower() == disk.uri.lower()):
        return True
    vm, slash, name = given.rpartition("/")
    return bool(name) and name.lower() == disk.name.lower() and (not slash or item.answers_to(vm))


def how_to_settle(kept: Sequence[tuple[str, UncarriedDisk]]) -> str:
    """Say what to do about disks that nobody has given up, each with the name of its VM."""
    look = "" if all(one.is_lost for _vm, one in kept) else _SEE_SIZES
    words = ", ".join(spelling(vm, one.disk) for vm, one in kept)
    return f"{look}Copy what is on them to where it is needed, or give them up by name: discard_disks: [{words}]."


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

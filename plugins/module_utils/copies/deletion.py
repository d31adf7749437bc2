# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a commit deletes in Azure, and what of it exists nowhere else: given up by a person's word, or kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..azure.own_vm import own_vm
from ..azure.session import AzureSession
from ..model.azure_disks import (
    UncarriedDisk,
    deletion,
    how_to_settle,
    not_given_up,
    refuse_shared_names,
    refuse_shared_words,
    uncarried,
    vms_named,
    words_for_none,
)
from ..model.azure_resources import AzureDisk, AzureVm
from ..model.discarded import Discarded, discarded_changes, discarded_disks
from ..model.failures import NotFound, PermissionDenied, Refused
from ..model.items import ReplicatedItem
from ..model.split_brain import Sides


@dataclass(frozen=True)
class Deletion:
    """The VM in Azure of a machine, its disks, and those of them that no failback is known to carry."""

    item: ReplicatedItem
    vm: AzureVm
    disks: Sequence[AzureDisk]
    lost: Sequence[UncarriedDisk]

    @property
    def name(self) -> str:
        """The machine's name."""
        return self.item.friendly_name


_Found = Sequence[tuple[Deletion, Sequence[UncarriedDisk]]]


class Discards:
    """What the commit of some machines deletes, and what it gives up with that.

    C(accepted) are a person's words for the disks that are given up; C(discards_azure): what the Azure VMs wrote since
    the cut-over may go.
    """

    def __init__(self, session: AzureSession, accepted: Collection[str], *, discards_azure: bool) -> None:
        self._session = session
        self._accepted = accepted
        self._discards_azure = discards_azure
        self._found: list[Deletion] = []
        # By item id: what its commit gives up, and whether the request for that was sent.
        self._given_up: dict[str, list[Discarded]] = {}
        self._sent: set[str] = set()

    def look(self, items: Sequence[ReplicatedItem]) -> None:
        """Read the VMs and their disks. What is not known to be a machine's VM is judged elsewhere."""
        read = [(item, own_vm(self._session, item)) for item in items]
        self._found = [self._of(item, vm) for item, vm in read if isinstance(vm, AzureVm)]

    def require(self, items: Sequence[ReplicatedItem]) -> None:
        """Refuse a commit of machines whose disks are or may be lost with it and were not given up.

        Raises Refused, and ConfigurationError for a word that may be for disks of several machines.
        """
        self.look(items)
        refuse_ambiguous_words(self._session, self._accepted, [(one.item, one.disks) for one in self._found])
        kept = [(one, not_given_up(one.item, one.lost, self._accepted)) for one in self._found]
        if not any(lost for _one, lost in kept):
            return
        loose = words_for_none(self._accepted, [(one.item, one.disks) for one in self._found])
        unheard = f"; discard_disks names {', '.join(loose)}, which fits no disk of it" if loose else ""
        raise Refused(
            f"A commit deletes the Azure VM with its disks, and {_sentence(kept)}{unheard}.",
            f"Nothing was written. {how_to_settle([(one.name, disk) for one, lost in kept for disk in lost])}",
            disks=[
                {"vm": one.name, "name": disk.disk.name, "size_gb": disk.disk.size_gb, "not_carried": disk.change}
                for one, lost in kept
                for disk in lost
            ],
            would_be_deleted=self.as_result(),
        )

    @property
    def reason(self) -> str:
        """What a person has to know before the commit; empty where no disk is lost."""
        return _sentence([(one, one.lost) for one in self._found])

    def as_result(self) -> list[dict[str, Any]]:
        """Return what would be deleted, for a result."""
        return [entry for one in self._found for entry in deletion(one.name, one.vm, one.disks, one.lost)]

    def unknown(self, items: Sequence[ReplicatedItem]) -> list[str]:
        """Return the names of the machines of which it is not known what would be deleted."""
        found = {one.item.id for one in self._found}
        return [item.friendly_name for item in items if item.id not in found]

    def note(self, sides: Sequence[Sides]) -> None:
        """Keep what the commit of the machines that were looked at gives up; C(sides) as they were seen before it."""
        changes = {one.item_id: list(discarded_changes(one)) for one in sides if self._discards_azure}
        disks = {one.item.id: list(discarded_disks(one.item, one.lost, self._accepted)) for one in self._found}
        ids = dict.fromkeys([*changes, *disks])
        self._given_up.update({item_id: [*changes.get(item_id, ()), *disks.get(item_id, ())] for item_id in ids})

    def sent(self, item_ids: Iterable[str]) -> None:
        """Take note that the commit of machines was sent, or may have been."""
        self._sent.update(item_ids)

    def given_up(self, foreseen: Collection[str] = ()) -> list[dict[str, Any]]:
        """Return for a result what was given up, and what a commit of the C(foreseen) items would give up."""
        ids = self._sent | set(foreseen)
        return [asdict(entry) for item_id, entries in self._given_up.items() if item_id in ids for entry in entries]

    def _of(self, item: ReplicatedItem, vm: AzureVm) -> Deletion:
        disks = sized_disks(self._session, vm)
        return Deletion(item, vm, disks, uncarried(item, disks))


def _sentence(found: _Found) -> str:
    """Say what is lost, and of what nobody knows; empty where there is neither."""
    lost, unknown = (_listed(found, is_lost=is_lost) for is_lost in (True, False))
    parts = {"no failback carries these disks": lost, "whether these disks have grown is not known": unknown}
    return ", and ".join(f"{what}: {disks}" for what, disks in parts.items() if disks)


def _listed(found: _Found, *, is_lost: bool) -> str:
    wanted = [(one.name, [disk.sentence for disk in disks if disk.is_lost is is_lost]) for one, disks in found]
    return "; ".join(f"{name}: {', '.join(disks)}" for name, disks in wanted if disks)


def refuse_ambiguous_words(
    session: AzureSession, words: Collection[str], every: Sequence[tuple[ReplicatedItem, Sequence[AzureDisk]]]
) -> None:
    """Refuse a word that gives up disks of several machines, of these or of others of the vault.

    Raises ConfigurationError.
    """
    refuse_shared_words(words, every)
    if any(vms_named(words, item, disks) for item, disks in every):
        refuse_shared_names(words, every, session.site_recovery.all_items())


def sized_disks(session: AzureSession, vm: AzureVm) -> list[AzureDisk]:
    """Return the disks of a VM. One that is deallocated tells no sizes; those of managed disks are read there."""
    return [replace(disk, size_gb=_size(session, disk)) for disk in vm.disks]


def _size(session: AzureSession, disk: AzureDisk) -> int | None:
    if disk.size_gb is not None or not disk.id:
        return disk.size_gb
    try:
        return session.compute.disk_size(disk.id)
    except (PermissionDenied, NotFound):
        return None

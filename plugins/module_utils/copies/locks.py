# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the management locks around a machine, and refusing a step that Azure would refuse half-way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..azure.own_vm import own_vm
from ..azure.session import AzureSession
from ..model.azure_locks import WRITE, ItemLocks, Locked, Obstacles, obstacles
from ..model.azure_resources import AzureVm, Lock
from ..model.failures import NotFound, PermissionDenied, Refused
from ..model.findings import NotRead
from ..model.items import ReplicatedItem
from ..model.lifecycle import Observation
from ..runner.target import TargetView


class LockReader:
    """Reads locks; those of the vault, which all machines have in common, once.

    C(asked) is what Site Recovery is asked for: the ids of the plan or the job; without one the item itself.
    """

    def __init__(self, session: AzureSession, *asked: str) -> None:
        self._session = session
        self._asked = asked
        self._of_vault: tuple[list[Lock], str] | None = None

    def of(self, item: ReplicatedItem, vm: AzureVm | NotRead | None) -> ItemLocks:
        """Return the locks around a machine. C(vm) is its VM in Azure."""
        vault, unread = self.of_request(*self._asked or (item.id,))
        if not isinstance(vm, AzureVm):
            why = vm.reason if vm is not None else "Azure has no VM at the id that the replicated item names"
            return ItemLocks(vault, unread_at_vault=_told(unread), unread_in_azure=_told(why))
        of_vm, *of_disks = (self._read(scope) for scope in (vm.id, *vm.disk_ids))
        disks = tuple(lock for locks, _unread in of_disks for lock in locks)
        hidden = _told(of_vm[1], *(why for _locks, why in of_disks))
        return ItemLocks(vault, tuple(of_vm[0]), disks, _told(unread), hidden)

    def of_request(self, *asked: str) -> tuple[tuple[Lock, ...], str]:
        """Return the locks at or above the vault that bind what Site Recovery is asked for, or why they are unknown."""
        if self._of_vault is None:
            self._of_vault = self._read(self._session.vault_id)
        there, unread = self._of_vault
        return tuple(lock for lock in there if any(lock.binds(one) for one in asked)), unread

    def _read(self, scope: str) -> tuple[list[Lock], str]:
        """Return the locks at a scope, or why they cannot be read: Azure then decides."""
        try:
            return self._session.resources.locks(scope), ""
        except (PermissionDenied, NotFound) as hidden:
            return [], hidden.happened


def _told(*reasons: str) -> tuple[str, ...]:
    return tuple(filter(None, reasons))


def locks_around(session: AzureSession, items: Sequence[ReplicatedItem], *asked: str) -> Locked:
    """Return the locks around machines, read now. C(asked) as in the reader."""
    reader = LockReader(session, *asked)
    return [(item.friendly_name, reader.of(item, own_vm(session, item))) for item in items]


def asked_of(view: TargetView, members: Sequence[Observation]) -> tuple[str, ...]:
    """Return what Site Recovery is asked for: the plan, which moves every member, or nothing but the items."""
    if view.plan is None or len(members) < len(view.members):
        return ()
    return (view.plan.id, *(member.item.id for member in members))


def asked_by_name(view: TargetView, members: Sequence[Observation]) -> dict[str, Sequence[str]]:
    """Return what Site Recovery is asked for, by the name of the machine that it is for."""
    asked = asked_of(view, members)
    return {member.item.friendly_name: asked or (member.item.id,) for member in members}


def refuse_locked(session: AzureSession, items: Sequence[ReplicatedItem], step: str, *asked: str) -> None:
    """Refuse a step before its request where locks are in its way. C(asked) as in the reader. Raises Refused."""
    _refuse(obstacles(locks_around(session, items, *asked), step))


def refuse_read_only(session: AzureSession, asked: Mapping[str, Sequence[str]]) -> None:
    """Refuse what is asked of Site Recovery alone where a lock forbids every request: C(asked) are the ids that it is
    asked for, by the name of a machine or job. Raises Refused."""
    reader = LockReader(session)
    found = [(name, ItemLocks(reader.of_request(*ids)[0])) for name, ids in asked.items()]
    _refuse(obstacles(found, WRITE))


def _refuse(found: Obstacles) -> None:
    if found.ids:
        raise Refused(
            f"{found.sentence}.",
            "Nothing was written. Remove the lock, or have it removed by whoever set it, then run the task again.",
            locks=list(found.ids),
        )

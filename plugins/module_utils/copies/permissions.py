# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the caller may do, at the vault and where the VMs are in Azure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..azure.session import AzureSession
from ..model import arm_ids
from ..model.azure_resources import AzureVm, Permission
from ..model.checks import (
    ITEM_ACTIONS,
    LOOKS_AT_A_NIC,
    LOOKS_AT_A_PLAN,
    LOOKS_AT_LOCKS,
    LOOKS_AT_THE_VAULT,
    PLAN_ACTIONS,
    SEES_A_DISK,
    SEES_THE_VM,
)
from ..model.failures import NotFound, PermissionDenied
from ..model.findings import Need, NotRead
from ..model.items import ReplicatedItem


class Rights:
    """The caller's permissions, each scope asked once. C(of_plan): the run is of a recovery plan."""

    def __init__(self, session: AzureSession, *, of_plan: bool) -> None:
        self._session = session
        self._steps = (*ITEM_ACTIONS, *PLAN_ACTIONS) if of_plan else ITEM_ACTIONS
        self._looks = (*LOOKS_AT_THE_VAULT, *LOOKS_AT_A_PLAN) if of_plan else LOOKS_AT_THE_VAULT
        self._held: dict[str, Sequence[Permission] | NotRead] = {}

    def needed_for(self, item: ReplicatedItem, vm: AzureVm | NotRead | None) -> list[Need]:
        """Return what a run needs for a VM, with what is granted. C(vm) is what was read of it in Azure."""
        vault = self._session.vault_id
        here = self._at(vault)
        return [
            Need(vault, self._steps, here, is_of_a_step=True),
            Need(vault, self._looks, here),
            *self._in_azure(item, vm),
        ]

    def _in_azure(self, item: ReplicatedItem, vm: AzureVm | NotRead | None) -> Iterator[Need]:
        if not item.azure_vm_id:
            return
        disks, nics = (vm.disk_ids, vm.nic_ids) if isinstance(vm, AzureVm) else ((), ())
        # What the VM does not name is taken to be where the VM is.
        there = (item.azure_vm_id,)
        sees = self._at_group_or_resource(SEES_THE_VM, arm_ids.group_of(item.azure_vm_id), item.azure_vm_id)
        yield replace(sees, is_of_a_step=True)
        for need in self._at_each_group(SEES_A_DISK, disks):
            yield replace(need, is_of_a_step=True)
        looks = ((LOOKS_AT_LOCKS, there), (LOOKS_AT_LOCKS, disks or there), (LOOKS_AT_A_NIC, nics or there))
        for actions, resources in looks:
            yield from self._at_each_group(actions, resources)

    def _at_each_group(self, actions: tuple[str, ...], resources: Sequence[str]) -> Iterator[Need]:
        groups = {arm_ids.group_of(resource): resource for resource in resources}
        return (self._at_group_or_resource(actions, *place) for place in groups.items())

    def _at_group_or_resource(self, actions: tuple[str, ...], group: str, resource: str) -> Need:
        """Return a need at a resource group; where that does not grant it, at the one resource: a role may be held
        there alone."""
        at_group = Need(group, actions, self._at(group))
        if not (isinstance(at_group.granted, NotRead) or at_group.missing):
            return at_group
        at_resource = Need(resource, actions, self._at(resource))
        return at_group if isinstance(at_resource.granted, NotRead) or at_resource.missing else at_resource

    def _at(self, scope: str) -> Sequence[Permission] | NotRead:
        key = scope.lower()
        if key not in self._held:
            self._held[key] = self._read(scope)
        return self._held[key]

    def _read(self, scope: str) -> Sequence[Permission] | NotRead:
        try:
            return self._session.resources.permissions(scope)
        except (PermissionDenied, NotFound) as problem:
            return NotRead(problem.happened)

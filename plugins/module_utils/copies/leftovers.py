# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a commit of the failback leaves in Azure: the VM and its disks must be gone, the rest is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..azure.session import AzureSession
from ..azure.site_recovery import DEFAULT_RETRY_AFTER
from ..model.arm_ids import same_resource
from ..model.azure_resources import AzureVm
from ..model.failures import Contradiction, PermissionDenied, UnknownState
from ..model.lifecycle import Observation, Stage
from ..model.split_brain import Sides
from ..runner.loop import PATIENCE, VerbRun
from ..runner.request import Request
from ..waiting import Pending, wait_until
from ..watch import Watch

_AFTER_COMMIT = frozenset({Stage.FAILED_BACK, Stage.REVERSE_REPLICATING})


@dataclass
class Leftovers:
    """Resource ids by what became of them. C(not_checked) could not be read, with the reason."""

    deleted: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    not_checked: list[dict[str, str]] = field(default_factory=list)

    def as_result(self) -> dict[str, Any]:
        """Return the lists for a result."""
        return {"deleted": self.deleted, "left_behind": self.left_behind, "not_checked": self.not_checked}


async def check_leftovers(
    session: AzureSession, request: Request, watch: Watch, verb_run: VerbRun, before: Sequence[Sides]
) -> Leftovers:
    """Look for what a commit should have deleted, and for what it leaves; of a commit before this run, the latter only.

    C(before) are the sides before the commit: what is at the name of a machine may be another VM. Raises Contradiction
    where a VM is still there although the commit succeeded.
    """
    left = Leftovers()
    noted = {sides.item_id: sides.azure_vm for sides in before}
    doubts = {sides.item_id: sides.azure_doubt for sides in before if sides.azure_doubt}
    for member in verb_run.after.members:
        if member.stage not in _AFTER_COMMIT or not member.item.azure_vm_id:
            continue
        if member.item.id in doubts:
            left.not_checked.append({"id": member.item.azure_vm_id, "reason": doubts[member.item.id]})
            continue
        try:
            if member.item.id in verb_run.jobs:
                await _check_vm(session, request, watch, member)
                _tell_of_vm(session, member, noted.get(member.item.id), left)
            _check_parts(session, member, noted.get(member.item.id), left)
        except (PermissionDenied, UnknownState) as denied:
            left.not_checked.append({"id": member.item.azure_vm_id, "reason": denied.happened})
    return left


async def _check_vm(session: AzureSession, request: Request, watch: Watch, member: Observation) -> None:
    def look() -> Pending | None:
        vm = session.compute.find_vm(member.item.azure_vm_id)
        return None if vm is None else Pending(f"{member.item.azure_vm_id} still exists ({vm.power})")

    def still_there(pending: Pending) -> None:
        raise Contradiction(
            f"Site Recovery reports that the failback of {member.item.friendly_name} is committed, but its Azure VM "
            f"{pending.because}.",
            "Make sure that it does not run, then look at the commit job in the portal before deleting it by hand.",
        )

    interval = request.poll_interval or DEFAULT_RETRY_AFTER
    await wait_until(look, watch, interval, patience=PATIENCE, out_of_time=still_there)


def _tell_of_vm(session: AzureSession, member: Observation, before: AzureVm | None, left: Leftovers) -> None:
    """Say what became of the VM. Only what was seen before can have been deleted; one that was moved is not gone."""
    if before is None:
        reason = "it was not seen before the commit, so it is not known whether the commit deleted it"
        left.not_checked.append({"id": member.item.azure_vm_id, "reason": reason})
    elif same_resource(before.id, member.item.azure_vm_id) or session.compute.find_vm(before.id) is None:
        left.deleted.append(before.id)
    else:
        left.left_behind.append(before.id)


def _check_parts(session: AzureSession, member: Observation, vm: AzureVm | None, left: Leftovers) -> None:
    for disk in vm.disk_ids if vm else ():
        (left.left_behind if session.compute.disk_exists(disk) else left.deleted).append(disk)
    for uri in vm.blob_uris if vm else ():
        left.not_checked.append({"id": uri, "reason": "an unmanaged disk lies in a storage account, which is not read"})
    for nic in _nic_ids(member, vm):
        found = session.compute.find_nic(nic)
        if found is not None and found.vm_id:
            # One that a commit left behind is attached to nothing.
            left.not_checked.append({"id": nic, "reason": f"it is in use by {found.vm_id}"})
        elif found is not None:
            left.left_behind.extend([nic, *found.address_ids])


def _nic_ids(member: Observation, vm: AzureVm | None) -> Sequence[str]:
    """Return the VM's network interfaces; once the VM is gone, those that the replicated item names."""
    if vm is not None:
        return vm.nic_ids
    group = member.item.azure_resource_group_id
    return [f"{group}/providers/Microsoft.Network/networkInterfaces/{name}" for name in member.item.azure_nic_names]

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The copy of a machine in Azure: at the id that its item names, or elsewhere in the subscription."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..azure.own_vm import AzureSide, look_at_azure
from ..azure.session import AzureSession
from ..model import arm_ids
from ..model.checks import SEES_THE_VM
from ..model.failures import NotFound, PermissionDenied
from ..model.items import ReplicatedItem
from ..model.moved_vms import identify_elsewhere, one_of, vms_like
from ..model.split_brain import ABSENT, NOT_CHECKED, Copy

_NOT_AT_ITS_ID = "Azure has no VM at the id that the replicated item names"


def azure_copy(session: AzureSession, item: ReplicatedItem, *, finds_moved: bool) -> tuple[Copy, AzureSide]:
    """Read it. C(finds_moved): what is not at its id is looked for in the subscription."""
    vm_id, nothing = item.azure_vm_id, AzureSide(None)
    if not vm_id:
        return Copy("", NOT_CHECKED, "the replicated item names no Azure VM"), nothing
    try:
        side = look_at_azure(session, item)
    except PermissionDenied as denied:
        return Copy(vm_id, NOT_CHECKED, denied.happened), nothing
    if side.vm is None:
        return _copy_elsewhere(session, item) if finds_moved else (Copy(vm_id, ABSENT, _NOT_AT_ITS_ID), nothing)
    if side.doubt and finds_moved:
        side = _with_own_vm(session, item, side)
    reason = side.doubt or "read from Azure compute"
    return Copy(vm_id, side.vm.power if side.vm else ABSENT, reason, is_namesake=side.is_another), side


def _with_own_vm(session: AzureSession, item: ReplicatedItem, side: AzureSide) -> AzureSide:
    """Add to the doubt about the VM at the item's id which one certainly is the item's, where that can be told."""
    try:
        found = [one.vm for one in _sides_elsewhere(session, item) if one.vm and one.identity and one.identity.fits]
    except PermissionDenied:
        return side
    own = "".join(f"; {vm.id} boots from the item's disk ({vm.power})" for vm in found)
    return replace(side, identity=replace(side.identity, reason=f"{side.doubt}{own}")) if side.identity else side


def _copy_elsewhere(session: AzureSession, item: ReplicatedItem) -> tuple[Copy, AzureSide]:
    """Look in the subscription for a VM that is not at its id: absent there is not gone."""
    try:
        found = _sides_elsewhere(session, item)
    except PermissionDenied as denied:
        return _not_looked_for(item, f"elsewhere: {denied.happened}"), AzureSide(None)
    possible = [side for side in found if not side.is_another]
    if possible:
        return _found_elsewhere(possible)
    hidden = _what_may_be_hidden(session, item)
    if hidden:
        return _not_looked_for(item, hidden), AzureSide(None)
    others = "".join(f"; {side.doubt}" for side in found)
    nowhere = f"{_NOT_AT_ITS_ID}, nor one of its name or with its disks elsewhere in the subscription{others}"
    return Copy(item.azure_vm_id, ABSENT, nowhere), AzureSide(None)


def _not_looked_for(item: ReplicatedItem, where: str) -> Copy:
    """Return what is known of a VM that may be where nobody could look: nothing, but that it is not at its id."""
    reason = f"{_NOT_AT_ITS_ID}; it was not looked for {where.rstrip('.')}"
    return Copy(item.azure_vm_id, NOT_CHECKED, reason, is_target=False)


def _what_may_be_hidden(session: AzureSession, item: ReplicatedItem) -> str:
    """Say why a list of the subscription's VMs may lack some: Azure leaves out what the caller may not read, and says
    nothing of it. Empty where the caller may read all of them."""
    subscription = arm_ids.subscription_of(item.azure_vm_id)
    try:
        held = session.resources.permissions(subscription)
    except (PermissionDenied, NotFound) as hidden:
        return f"in the whole subscription, as nothing tells whether the caller sees all of its VMs: {hidden.happened}"
    if any(entry.allows(SEES_THE_VM[0]) for entry in held):
        return ""
    return f"in the whole subscription, as the caller does not see all of its VMs ({SEES_THE_VM[0]} at {subscription})"


def _sides_elsewhere(session: AzureSession, item: ReplicatedItem) -> list[AzureSide]:
    """Read every VM of the subscription that resembles the item's, and hold it against what the item says."""
    like = vms_like(item, session.compute.vms_of_subscription(item.azure_vm_id))
    read = [session.compute.find_vm(vm.id) for vm in like if not arm_ids.same_resource(vm.id, item.azure_vm_id)]
    return [AzureSide(vm, identify_elsewhere(item, vm)) for vm in read if vm is not None]


def _found_elsewhere(possible: Sequence[AzureSide]) -> tuple[Copy, AzureSide]:
    """Return the one VM that may be the item's; of several, one that runs if there is one, and that nobody can tell."""
    vms = [side.vm for side in possible if side.vm is not None]
    vm = next((vm for vm in vms if vm.is_running), vms[0])
    side = possible[0] if len(vms) == 1 else AzureSide(vm, one_of(vms))
    told = side.doubt or f"{vm.id} boots from the item's disk"
    return Copy(vm.id, vm.power, f"{_NOT_AT_ITS_ID}; {told} ({vm.power})", is_target=False), side

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's VM in Azure, read at the name that its item gives, and held against what else the item says of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.azure_identity import Identity, identify
from ..model.azure_resources import AzureVm
from ..model.failures import NotFound, PermissionDenied
from ..model.findings import NotRead
from ..model.items import ReplicatedItem
from .session import AzureSession


@dataclass(frozen=True)
class AzureSide:
    """What is at the name of an item: C(vm) is None where nothing is. C(identity) tells whether it is the item's."""

    vm: AzureVm | None
    identity: Identity | None = None

    @property
    def is_another(self) -> bool:
        """Whether it certainly is not the item's VM."""
        return self.identity is not None and self.identity.is_another

    @property
    def doubt(self) -> str:
        """Why nothing may rest on it; empty where it is the item's VM, or nothing is there."""
        return "" if self.identity is None or self.identity.fits else self.identity.reason


def own_vm(session: AzureSession, item: ReplicatedItem) -> AzureVm | NotRead | None:
    """Return the item's VM in Azure, None where nothing is at its name. Of one that may be another nothing is told."""
    if not item.azure_vm_id:
        return NotRead("the replicated item names no Azure VM")
    try:
        side = look_at_azure(session, item)
    except (PermissionDenied, NotFound) as hidden:
        return NotRead(hidden.happened)
    return NotRead(side.doubt) if side.doubt else side.vm


def look_at_azure(session: AzureSession, item: ReplicatedItem) -> AzureSide:
    """Read the VM that an item names. The item must name one."""
    vm = session.compute.seen_vm(item.azure_vm_id)
    return AzureSide(vm, identify(item, vm) if vm is not None else None)

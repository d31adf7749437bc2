# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines in Azure that may be one which is not at its id any more: moved to another resource group, or made
again from its disks under another name."""

from __future__ import annotations

from collections.abc import Iterable

from . import arm_ids
from .azure_identity import CANNOT_BE_TOLD, Identity, boots_from_its_disk, identify
from .azure_resources import AzureVm
from .items import ReplicatedItem


def vms_like(item: ReplicatedItem, known: Iterable[AzureVm]) -> list[AzureVm]:
    """Return the machines that have the name of an item's VM, or a disk that is its own or has the name of one."""
    disks = {name.lower() for name in (*item.azure_disk_names, *item.azure_blobs)}
    name = item.azure_vm_name.lower()
    return [vm for vm in known if vm.name.lower() == name or _names_of_disks(vm) & disks]


def _names_of_disks(vm: AzureVm) -> set[str]:
    return {name.lower() for disk in vm.disks for name in (disk.name, arm_ids.last_segment(disk.id), disk.uri) if name}


def identify_elsewhere(item: ReplicatedItem, vm: AzureVm) -> Identity:
    """Hold a VM that is not at the item's id against what the item says.

    Its birth and its name may be those of any VM of the same failover, so it fits only where it boots from a disk that
    certainly is the item's. One that has such a disk for another purpose (to repair it) is not the machine.
    """
    found = identify(item, vm)
    if found.is_another or (found.fits and boots_from_its_disk(item, vm)):
        return found
    return Identity(
        CANNOT_BE_TOLD,
        f"whether the VM {vm.id} is the item's cannot be determined: it has its name, or a disk named like one of its "
        "own, and does not boot from a disk that certainly is the item's",
    )


def one_of(found: Iterable[AzureVm]) -> Identity:
    """Return what is known where several VMs may be the item's: which one is, nobody can tell from here."""
    every = ", ".join(f"{vm.id} ({vm.power})" for vm in found)
    return Identity(CANNOT_BE_TOLD, f"which VM is the item's cannot be determined, as several may be: {every}")

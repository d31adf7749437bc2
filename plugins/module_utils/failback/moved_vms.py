# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines in Azure that may be one which is not at its id any more: moved to another resource group, or made
again from its disks under another name."""

from __future__ import annotations

from collections.abc import Iterable

from .arm_ids import last_segment
from .azure_resources import AzureVm
from .documents import items, text
from .items import ReplicatedItem


def vms_like(item: ReplicatedItem, known: Iterable[AzureVm]) -> list[tuple[AzureVm, bool]]:
    """Return the machines that have the disks of an item, or its name; each with whether it has its disks. Those first.

    The names of its disks in Azure are told by C(azureVmDiskDetails) after the failover (recorded in 2021).
    """
    details = items(item.document, "properties", "providerSpecificDetails", "azureVmDiskDetails")
    disks = {text(disk, name).lower() for disk in details for name in ("targetDiskName", "targetDiskLocation")} - {""}
    found = [(vm, bool(_disks_of(vm) & disks)) for vm in known]
    like = [pair for pair in found if pair[1] or pair[0].name.lower() == item.azure_vm_name.lower()]
    return sorted(like, key=lambda pair: not pair[1])


def _disks_of(vm: AzureVm) -> set[str]:
    return {last_segment(disk).lower() for disk in vm.disk_ids} | {uri.lower() for uri in vm.blob_uris}

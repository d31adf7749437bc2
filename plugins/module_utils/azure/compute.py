# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines that the failover made in Azure, with their disks and network interfaces. Reads only."""

from __future__ import annotations

from ..failback import arm_ids
from ..failback.azure_resources import AzureVm, parse_vm
from ..failback.documents import items, text
from ..failback.failures import NotFound
from .errors import translated
from .resources import Resources
from .sdk import ComputeManagementClient

_NETWORK_VERSION = "2024-05-01"


class Compute:
    """Azure compute as this collection needs it."""

    def __init__(self, client: ComputeManagementClient, resources: Resources) -> None:
        self._client = client
        self._resources = resources

    def find_vm(self, vm_id: str) -> AzureVm | None:
        """Return the virtual machine with its power state, or None where there is none."""
        names = (arm_ids.segment(vm_id, "resourceGroups"), arm_ids.last_segment(vm_id))
        try:
            with translated():
                model = self._client.virtual_machines.get(*names, expand="instanceView")
        except NotFound:
            return None
        return parse_vm(model.as_dict())

    def disk_exists(self, disk_id: str) -> bool:
        """Say whether a managed disk is there."""
        names = (arm_ids.segment(disk_id, "resourceGroups"), arm_ids.last_segment(disk_id))
        try:
            with translated():
                self._client.disks.get(*names)
        except NotFound:
            return False
        return True

    def find_nic_addresses(self, nic_id: str) -> list[str] | None:
        """Return the ids of the public addresses that a network interface holds, or None where it does not exist."""
        nic = self._resources.find(nic_id, _NETWORK_VERSION)
        if nic is None:
            return None
        configurations = items(nic, "properties", "ipConfigurations")
        addresses = [text(entry, "properties", "publicIPAddress", "id") for entry in configurations]
        return [address for address in addresses if address]

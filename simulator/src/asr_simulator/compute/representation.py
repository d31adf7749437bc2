# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compute and network resources as ARM shows them (definitions of Microsoft.Compute and Microsoft.Network)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from asr_simulator.compute.azure_vms import Compute
from asr_simulator.compute.machines import (
    DEALLOCATED,
    DEALLOCATING,
    STARTING,
    STOPPING,
    UPDATING,
    Disk,
    NetworkInterface,
    PublicAddress,
    VirtualMachine,
)


def _moment(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


def machine(vm: VirtualMachine, with_view: bool = False) -> dict[str, Any]:
    """A virtual machine; `with_view` adds the instance view."""
    properties: dict[str, Any] = {
        "hardwareProfile": {"vmSize": vm.size},
        "provisioningState": _provisioning(vm),
        "vmId": vm.vm_id,
        "storageProfile": _storage(vm),
        "networkProfile": {
            "networkInterfaces": [
                {"id": nic.id, "properties": {"primary": index == 0}} for index, nic in enumerate(vm.nics)
            ]
        },
        "timeCreated": _moment(vm.created),
    }
    if with_view:
        properties["instanceView"] = instance_view(vm)
    return {
        "name": vm.name,
        "id": vm.id,
        "type": "Microsoft.Compute/virtualMachines",
        "location": vm.location,
        "tags": vm.tags,
        "properties": properties,
    }


def _provisioning(vm: VirtualMachine) -> str:
    if _under_way(vm):
        return _under_way(vm).capitalize()
    return "Succeeded" if vm.failure is None else "Failed"


def _under_way(vm: VirtualMachine) -> str:
    return vm.provisioning or (UPDATING if vm.power in (STARTING, STOPPING, DEALLOCATING) else "")


def _storage(vm: VirtualMachine) -> dict[str, Any]:
    data = [disk for disk in vm.disks if not disk.os]
    return {
        "osDisk": next(({"osType": vm.os, **_attached(vm, disk)} for disk in vm.disks if disk.os), None),
        "dataDisks": [{"lun": lun, **_attached(vm, disk)} for lun, disk in enumerate(data)],
        "diskControllerType": "SCSI",
    }


def _tells_size(vm: VirtualMachine, disk: Disk) -> bool:
    """Managed disks tell their size themselves while the machine is deallocated; unmanaged ones have no resource."""
    when = "while_allocated" if disk.managed else vm.sizes
    return when == "told" or (when == "while_allocated" and vm.power != DEALLOCATED)


def _attached(vm: VirtualMachine, disk: Disk) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": disk.name,
        "createOption": "Attach",
        "caching": "ReadWrite" if disk.os else "None",
        "deleteOption": "Detach",
    }
    if _tells_size(vm, disk):
        body["diskSizeGB"] = round(disk.gb)
    if disk.managed:
        body["managedDisk"] = {"storageAccountType": disk.sku, "id": disk.id}
    else:
        body["vhd"] = {"uri": disk.vhd_uri}
    return body


def instance_view(vm: VirtualMachine) -> dict[str, Any]:
    """The instance view: `statuses` holds one ProvisioningState and one PowerState."""
    done = {
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Provisioning succeeded",
        "time": _moment(vm.operated or vm.created),
    }
    power = {"code": f"PowerState/{vm.power}", "level": "Info", "displayStatus": f"VM {vm.power}"}
    return {
        "hyperVGeneration": "V1",
        "disks": [{"name": disk.name, "statuses": [done]} for disk in vm.disks],
        "statuses": [_updating(vm) or _failure(vm) or done, power],
    }


def _updating(vm: VirtualMachine) -> dict[str, Any] | None:
    """While an operation runs its status has no time (documented)."""
    state = _under_way(vm)
    if not state:
        return None
    return {"code": f"ProvisioningState/{state}", "level": "Info", "displayStatus": state.capitalize()}


def _failure(vm: VirtualMachine) -> dict[str, Any] | None:
    if vm.failure is None:
        return None
    return {
        "code": f"ProvisioningState/failed/{vm.failure.code}",
        "level": "Error",
        "displayStatus": "Provisioning failed",
        "message": vm.failure.message,
        "time": _moment(vm.failed or vm.created),
    }


def disk(compute: Compute, item: Disk) -> dict[str, Any]:
    """A managed disk."""
    owner = compute.owner_of(item)
    state = "Unattached" if owner is None else "Reserved" if owner.power == DEALLOCATED else "Attached"
    body: dict[str, Any] = {
        "name": item.name,
        "id": item.id,
        "type": "Microsoft.Compute/disks",
        "location": compute.location,
        "sku": {"name": item.sku, "tier": item.sku.partition("SSD")[0].removesuffix("_LRS")},
        "properties": {
            "creationData": {"createOption": "Empty"},
            "diskSizeGB": round(item.gb),
            "diskSizeBytes": round(item.gb) * 1024**3,
            "diskState": state,
            "provisioningState": "Succeeded",
            "uniqueId": item.unique_id,
            "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        },
    }
    if owner is not None:
        body["managedBy"] = owner.id
        if item.os:
            body["properties"]["osType"] = owner.os
    return body


def nic(compute: Compute, item: NetworkInterface) -> dict[str, Any]:
    """A network interface; `virtualMachine` is absent when it was left behind."""
    properties: dict[str, Any] = {
        "provisioningState": "Succeeded",
        "ipConfigurations": [_ip_configuration(item)],
        "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
        "enableAcceleratedNetworking": False,
        "enableIPForwarding": False,
        "nicType": "Standard",
    }
    if item.attached_to:
        properties |= {"macAddress": item.mac, "primary": True, "virtualMachine": {"id": item.attached_to}}
    return {
        "name": item.name,
        "id": item.id,
        "etag": 'W/"1"',
        "type": "Microsoft.Network/networkInterfaces",
        "location": compute.location,
        "properties": properties,
    }


def _ip_configuration(item: NetworkInterface) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "provisioningState": "Succeeded",
        "privateIPAddress": item.address,
        "privateIPAllocationMethod": "Dynamic",
        "primary": True,
        "privateIPAddressVersion": "IPv4",
    }
    if item.subnet_id:
        properties["subnet"] = {"id": item.subnet_id}
    if item.public:
        properties["publicIPAddress"] = {"id": item.public.id}
    return {
        "name": "ipconfig1",
        "id": f"{item.id}/ipConfigurations/ipconfig1",
        "etag": 'W/"1"',
        "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
        "properties": properties,
    }


def address(compute: Compute, item: PublicAddress) -> dict[str, Any]:
    """A public IP address with the interface that uses it."""
    user = next((nic for nic in compute.nics() if nic.public is item), None)
    properties: dict[str, Any] = {
        "provisioningState": "Succeeded",
        "ipAddress": item.address,
        "publicIPAddressVersion": "IPv4",
        "publicIPAllocationMethod": "Static",
        "idleTimeoutInMinutes": 4,
        "ipTags": [],
    }
    if user is not None:
        properties["ipConfiguration"] = {"id": f"{user.id}/ipConfigurations/ipconfig1"}
    return {
        "name": item.name,
        "id": item.id,
        "etag": 'W/"1"',
        "type": "Microsoft.Network/publicIPAddresses",
        "location": compute.location,
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": properties,
    }

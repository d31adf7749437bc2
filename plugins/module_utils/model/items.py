# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replicated item: one virtual machine as Site Recovery sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import arm_ids
from .json_path import Document, field, items, text, texts, time_at

HYPER_V_TO_AZURE = "HyperVReplicaAzure"
# The type of the disk that holds the operating system.
OS_DISK = "OperatingSystem"
_NO_OPEN_TEST = ("", "None", "MarkedForDeletion")
_SITE = "SingleHostHyperVFabric"
_OWNER_OF_DISK = re.compile(r"([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})_")
# Recorded: what stands in currentScenario while nothing runs.
_NO_SCENARIO = ("", "None")


@dataclass(frozen=True)
class Disk:
    """A virtual hard disk of the item. C(type) is empty and C(size), in bytes, 0 where the service does not tell.

    C(azure_name) and C(azure_blob) are those of its disk in Azure, C(azure_blob) of an unmanaged one. Recorded: they
    are told from the failover to the commit of the failback.
    """

    vhd_id: str
    name: str
    type: str
    size: int = 0
    azure_name: str = ""
    azure_blob: str = ""

    @property
    def is_os_disk(self) -> bool:
        """Whether it is marked as the one that holds the operating system."""
        return self.type.lower() == OS_DISK.lower()


@dataclass(frozen=True)
class ReplicatedItem:
    """One body of C(replicationProtectedItems/{item}); C(document) keeps it whole.

    C(vm_id) is the id that Site Recovery, its jobs and its plans know the machine by, C(hypervisor_vm_id) the one that
    Hyper-V does; for VMM they differ (recorded). The latter is empty where nothing tells it. C(network_names) are the
    on-premises networks of its network adapters: virtual switches, or VM networks of VMM.
    """

    document: Document
    id: str
    name: str
    friendly_name: str
    instance_type: str
    protection_state: str
    protection_state_description: str
    active_location: str
    allowed_operations: frozenset[str]
    test_failover_state: str
    replication_health: str
    failover_health: str
    health_errors: tuple[Document, ...]
    scenario: str
    scenario_job_id: str
    vm_id: str
    hypervisor_vm_id: str
    provider_id: str
    last_failover: datetime | None
    disks: tuple[Disk, ...]
    os_type: str
    encryption: str
    managed_disks: bool
    storage_account_id: str
    log_storage_account_id: str
    azure_vm_name: str
    azure_resource_group_id: str
    azure_nic_names: tuple[str, ...]
    network_names: tuple[str, ...] = ()
    azure_vm_size: str = ""
    azure_vm_tags: tuple[tuple[str, str], ...] = ()

    @property
    def is_hyper_v_to_azure(self) -> bool:
        """Whether this is a Hyper-V virtual machine that replicates to Azure, with VMM or without."""
        return self.instance_type == HYPER_V_TO_AZURE

    @property
    def is_active_in_azure(self) -> bool:
        """Whether Site Recovery holds the copy in Azure for the running one."""
        return self.active_location == "Recovery"

    @property
    def has_open_test_failover(self) -> bool:
        """Whether a test failover has not been cleaned up.

        Recorded: of one that was cleaned up, C(MarkedForDeletion) stays for good, and every operation is allowed.
        """
        return "TestFailoverCleanup" in self.allowed_operations or self.test_failover_state not in _NO_OPEN_TEST

    @property
    def needs_resynchronization(self) -> bool:
        """Whether replication to Azure stands still until a person starts it again."""
        return self.protection_state == "ResynchronizationRequired"

    @property
    def fabric_name(self) -> str:
        """Name of the Hyper-V site or VMM fabric that the item belongs to."""
        return arm_ids.segment(self.id, "replicationFabrics")

    @property
    def container_name(self) -> str:
        """Name of the protection container below the fabric."""
        return arm_ids.segment(self.id, "replicationProtectionContainers")

    @property
    def azure_vm_id(self) -> str:
        """Resource id of the virtual machine in Azure; empty while the item names none that can be asked for."""
        group = self.azure_resource_group_id
        if not (arm_ids.is_name(self.azure_vm_name) and arm_ids.names_a_group(group)):
            return ""
        return f"{self.azure_resource_group_id}/providers/Microsoft.Compute/virtualMachines/{self.azure_vm_name}"

    @property
    def os_disk_id(self) -> str:
        """Id of the virtual hard disk that holds the operating system; empty where no disk is marked so."""
        return next((disk.vhd_id for disk in self.disks if disk.is_os_disk), "")

    @property
    def azure_disk_names(self) -> tuple[str, ...]:
        """Names of its disks in Azure, as far as it tells them."""
        return tuple(disk.azure_name for disk in self.disks if disk.azure_name)

    @property
    def azure_disk_ids(self) -> tuple[str, ...]:
        """Ids of its managed disks in Azure, as far as it tells their names: a failover makes them where the VM is."""
        group = self.azure_resource_group_id
        return tuple(f"{group}/providers/Microsoft.Compute/disks/{name}" for name in self.azure_disk_names)

    @property
    def azure_blobs(self) -> tuple[str, ...]:
        """Addresses of its unmanaged disks in Azure, as far as it tells them."""
        return tuple(disk.azure_blob for disk in self.disks if disk.azure_blob)

    def answers_to(self, wanted: str) -> bool:
        """Whether the user's word for a replicated item means this one: its friendly name, its name or its id."""
        if arm_ids.is_resource_id(wanted):
            return arm_ids.same_resource(self.id, wanted)
        return wanted.lower() in (self.friendly_name.lower(), self.name.lower())


def parse_item(document: Document) -> ReplicatedItem:
    """Read a C(replicationProtectedItems/{item}) body of any api-version since 2016-08-10."""
    properties = field(document, "properties") or {}
    details = field(properties, "providerSpecificDetails") or {}
    scenario = text(properties, "currentScenario", "scenarioName")
    running = scenario not in _NO_SCENARIO
    return ReplicatedItem(
        document=document,
        id=text(document, "id"),
        name=text(document, "name"),
        friendly_name=text(properties, "friendlyName"),
        instance_type=text(details, "instanceType"),
        protection_state=text(properties, "protectionState"),
        protection_state_description=text(properties, "protectionStateDescription"),
        active_location=text(properties, "activeLocation"),
        allowed_operations=frozenset(str(name) for name in items(properties, "allowedOperations")),
        test_failover_state=text(properties, "testFailoverState"),
        replication_health=text(properties, "replicationHealth"),
        failover_health=text(properties, "failoverHealth"),
        health_errors=items(properties, "healthErrors") or items(properties, "replicationHealthErrors"),
        scenario=scenario if running else "",
        scenario_job_id=text(properties, "currentScenario", "jobId") if running else "",
        vm_id=text(details, "vmId"),
        hypervisor_vm_id=_hypervisor_vm_id(properties, details),
        provider_id=text(properties, "recoveryServicesProviderId"),
        last_failover=time_at(properties, "lastSuccessfulFailoverTime"),
        disks=tuple(_parse_disk(disk) for disk in items(details, "azureVmDiskDetails")),
        os_type=text(details, "oSDetails", "osType"),
        encryption=text(details, "encryption"),
        managed_disks=text(details, "useManagedDisks").lower() == "true",
        storage_account_id=text(details, "recoveryAzureStorageAccount"),
        log_storage_account_id=text(details, "recoveryAzureLogStorageAccountId"),
        azure_vm_name=text(details, "recoveryAzureVmName"),
        azure_resource_group_id=text(details, "recoveryAzureResourceGroupId"),
        azure_nic_names=_names(items(details, "vmNics"), "targetNicName"),
        network_names=tuple(dict.fromkeys(_names(items(details, "vmNics"), "vMNetworkName"))),
        azure_vm_size=text(details, "recoveryAzureVMSize"),
        azure_vm_tags=texts(details, "targetVmTags"),
    )


def identity_and_disks(result: Document) -> dict[str, Any]:
    """Return of an item, as results have it, what tells which machine it is and how large its disks are.

    Of a thousand that wait for their plan, the rest is most of the memory that they take.
    """
    properties = result.get("properties") or {}
    details = properties.get("provider_specific_details") or {}
    return {
        **_some(result, "id", "name"),
        "properties": {
            **_some(properties, "friendly_name", "primary_fabric_provider"),
            "provider_specific_details": _some(details, "vm_id", "azure_vm_disk_details"),
        },
    }


def _some(document: Document, *names: str) -> dict[str, Any]:
    return {name: document[name] for name in names if name in document}


def _hypervisor_vm_id(properties: Document, details: Document) -> str:
    """Return Hyper-V's own id of the machine. Recorded: every disk's id begins with it; a site has no id of its own."""
    found = {owner.group(1).lower() for disk in items(details, "azureVmDiskDetails") if (owner := _disk_owner(disk))}
    if found:
        return found.pop() if len(found) == 1 else ""
    return text(details, "vmId").lower() if text(properties, "primaryFabricProvider") == _SITE else ""


def _disk_owner(disk: Document) -> re.Match[str] | None:
    return _OWNER_OF_DISK.match(text(disk, "diskId"))


def _names(documents: tuple[Document, ...], name: str) -> tuple[str, ...]:
    return tuple(text(document, name) for document in documents if text(document, name))


def _megabytes(amount: str) -> int:
    """Return bytes. Recorded: a number of megabytes as text."""
    return int(amount) * 2**20 if amount.isdigit() else 0


def _parse_disk(document: Document) -> Disk:
    return Disk(
        vhd_id=text(document, "vhdId"),
        name=text(document, "vhdName"),
        type=text(document, "vhdType"),
        size=_megabytes(text(document, "maxSizeMB")),
        azure_name=text(document, "targetDiskName") or text(document, "customTargetDiskName"),
        azure_blob=text(document, "targetDiskLocation"),
    )

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicated items, and what else is known of their virtual machines, as JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from asr_simulator.site_recovery.api.representation.job_bodies import AZURE_CONTAINER, AZURE_NAME
from asr_simulator.site_recovery.api.representation.times import NEVER, precise, precise_or_none, whole
from asr_simulator.site_recovery.model.item_view import machine_state_of, view_of
from asr_simulator.site_recovery.model.items import NO_TEST, TEST_CLEANED_UP, TEST_WAITS, Item
from asr_simulator.site_recovery.model.lifecycle import PROTECTED
from asr_simulator.site_recovery.model.rates import MB_PER_GB
from asr_simulator.site_recovery.workflows.failover import network, storage_account
from asr_simulator.site_recovery.workflows.vault import Vault

ITEM_TYPE = (
    "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionContainers/replicationProtectedItems"
)
PROTECTABLE_TYPE = ITEM_TYPE.replace("ProtectedItems", "ProtectableItems")
# The Azure side's fabric, by the name that every recording shows.
AZURE_FABRIC_NAME = "d49858f157601230a6ac5862fbbc6e63bf38d23ecd96cf953767945d457fe9d5"
TEST_STATES = {NO_TEST: "None", TEST_WAITS: "Waiting for user input", TEST_CLEANED_UP: "Cleaning up test environment"}


def item_body(vault: Vault, item: Item) -> dict[str, Any]:
    """A replicated item, with the times of a replication that does not run: nothing but the item itself changes it."""
    properties = _identity(vault, item) | _state(vault, item)
    properties["providerSpecificDetails"] = _provider_details(vault, item)
    azure = (
        f"{vault.place.path}/replicationFabrics/{AZURE_FABRIC_NAME}/replicationProtectionContainers/{AZURE_CONTAINER}"
    )
    properties |= {"recoveryContainerId": azure, "eventCorrelationId": item.correlation_id}
    return {"id": item.path, "name": item.name, "type": ITEM_TYPE, "properties": properties}


def replicating(body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The body of an item that replicates, at this time."""
    properties = body["properties"]
    details = {**properties["providerSpecificDetails"], **_replication_times(now)}
    return {**body, "properties": {**properties, "providerSpecificDetails": details}}


def _replication_times(replicated: datetime | None) -> dict[str, str | None]:
    return {
        "lastReplicatedTime": whole(replicated) if replicated else None,
        "lastRpoCalculatedTime": precise_or_none(replicated),
        "lastRecoveryPointReceived": precise_or_none(replicated),
    }


def _identity(vault: Vault, item: Item) -> dict[str, Any]:
    return {
        "friendlyName": item.friendly_name,
        "protectedItemType": "HyperVVirtualMachine",
        "protectableItemId": f"{item.container.path}/replicationProtectableItems/{item.vm_id}",
        "recoveryServicesProviderId": item.provider.path,
        "primaryFabricFriendlyName": item.fabric.friendly_name,
        "primaryFabricProvider": "SingleHostHyperVFabric" if item.fabric.is_site else "VmmFabric",
        "recoveryFabricFriendlyName": AZURE_NAME,
        "recoveryFabricId": AZURE_NAME,
        "primaryProtectionContainerFriendlyName": item.container.friendly_name,
        "recoveryProtectionContainerFriendlyName": AZURE_NAME,
    }


def _state(vault: Vault, item: Item) -> dict[str, Any]:
    view = view_of(item, vault.variants)
    errors = _health_errors(item)
    times = {
        "lastSuccessfulFailoverTime": precise_or_none(item.last_failover),
        "lastSuccessfulTestFailoverTime": precise_or_none(item.last_test_failover),
    }
    return {
        "protectionState": view.state,
        "protectionStateDescription": view.description,
        "activeLocation": view.active_location,
        "testFailoverState": item.test_failover,
        "testFailoverStateDescription": TEST_STATES[item.test_failover],
        "switchProviderState": "None",
        "switchProviderStateDescription": None,
        "allowedOperations": list(view.operations),
        "replicationHealth": item.spec.replication_health,
        "failoverHealth": "Warning" if errors else "Normal",
        "healthErrors": errors,
        "policyId": item.policy_path,
        "policyFriendlyName": item.policy_path.rsplit("/", 1)[1],
        **{name: value for name, value in times.items() if value},
        "currentScenario": _scenario(vault, item),
        "failoverRecoveryPointId": f"{item.path}/recoveryPoints/{item.recovery_point}" if item.recovery_point else None,
    }


def _scenario(vault: Vault, item: Item) -> dict[str, str]:
    job, started = item.job, item.job_started
    if job is None and item.waiting_test is not None:
        job, started = item.waiting_test, item.last_test_failover
    if job is None or started is None:
        return {"scenarioName": "None", "jobId": f"{vault.place.path}/replicationJobs/None", "startTime": NEVER}
    # Of a plan's job it is not recorded what its items show: here the plan's job itself.
    return {
        "scenarioName": job.scenario,
        "jobId": vault.job_path(job),
        "startTime": precise(started),
    }


def _health_errors(item: Item) -> list[dict[str, Any]]:
    return [*_critical(item), *_untested(item)]


def _critical(item: Item) -> list[dict[str, Any]]:
    """What an item says whose replication has stopped: no recording has one, the texts are made up."""
    if item.spec.replication_health != "Critical":
        return []
    return [
        {
            "innerHealthErrors": [],
            "errorSource": "ReplicationError",
            "errorType": "70",
            "errorLevel": "Error",
            "errorCategory": "Replication",
            "errorCode": "70094",
            "summaryMessage": "",
            "errorMessage": f"Replication for virtual machine '{item.friendly_name}' is paused.",
            "possibleCauses": "The host could not send the changes for too long.",
            "recommendedAction": "Resume replication on the host.",
            "creationTimeUtc": NEVER,
            "recoveryProviderErrorMessage": None,
            "entityId": item.vm_id,
            "errorId": "6:70",
            "customerResolvability": "NotAllowed",
        }
    ]


def _untested(item: Item) -> list[dict[str, Any]]:
    """A protected item without a test failover carries the warning 161011 (recording)."""
    if item.stage != PROTECTED or item.last_test_failover or item.replicated is None:
        return []
    name = item.friendly_name
    return [
        {
            "innerHealthErrors": [],
            "errorSource": "ReplicationUnitFailoverValidatorError",
            "errorType": "8010",
            "errorLevel": "Warning",
            "errorCategory": "TestFailover",
            "errorCode": "161011",
            "summaryMessage": "",
            "errorMessage": f"No successful test failover has been done on the virtual machine '{name}'.",
            "possibleCauses": "No successful test failover has been done on the virtual machine after it was "
            "replicated.",
            "recommendedAction": "Do a test failover on the virtual machine.",
            "creationTimeUtc": precise(item.replicated),
            "recoveryProviderErrorMessage": None,
            "entityId": item.vm_id,
            "errorId": "6:8010",
            "customerResolvability": "NotAllowed",
        }
    ]


def _provider_details(vault: Vault, item: Item) -> dict[str, Any]:
    if not item.is_hyperv_to_azure:
        return {"instanceType": item.spec.provider}
    state, description = machine_state_of(item, vault.variants)
    times = _replication_times(item.replicated)
    return {
        "instanceType": item.spec.provider,
        "azureVmDiskDetails": [_disk(vault, item, index) for index in range(len(item.disks))],
        "recoveryAzureVmName": _azure_vm_name(vault, item),
        "recoveryAzureVMSize": item.spec.size,
        "recoveryAzureStorageAccount": _storage(item),
        "recoveryAzureLogStorageAccountId": None,
        "lastReplicatedTime": times["lastReplicatedTime"],
        "rpoInSeconds": 3 if item.stage == PROTECTED else None,
        "lastRpoCalculatedTime": times["lastRpoCalculatedTime"],
        "vmId": item.vm_id,
        "vmProtectionState": state,
        "vmProtectionStateDescription": description,
        "initialReplicationDetails": {
            "initialReplicationType": "InitialReplication",
            "initialReplicationProgressPercentage": str(item.initial_replication),
        },
        "vmNics": [_nic(item)],
        "selectedRecoveryAzureNetworkId": network(item),
        "selectedSourceNicId": _nic_id(item),
        "encryption": item.spec.encryption,
        "oSDetails": _os(item),
        "sourceVmRamSizeInMB": 16384,
        "sourceVmCpuCount": 2,
        "enableRdpOnTargetOption": "Never",
        "recoveryAzureResourceGroupId": item.group_path,
        "recoveryAvailabilitySetId": None,
        "targetAvailabilityZone": None,
        "targetProximityPlacementGroupId": None,
        "useManagedDisks": "true" if item.spec.managed_disks else "false",
        "licenseType": "NotSpecified",
        "sqlServerLicenseType": "NotSpecified",
        "lastRecoveryPointReceived": times["lastRecoveryPointReceived"],
        "targetVmTags": {},
        "seedManagedDiskTags": None,
        "targetManagedDiskTags": None,
        "targetNicTags": {},
        "protectedManagedDisks": [],
    }


def _storage(item: Item) -> str:
    return f"{item.group_path}/providers/Microsoft.Storage/storageAccounts/{storage_account(item)}"


def _azure_vm_name(vault: Vault, item: Item) -> str:
    """The old name also where the failover took another one (recorded of another provider)."""
    renamed = item.azure_vm_name if vault.variants.renamed_azure_vm == "new" else ""
    return renamed or item.friendly_name


def _disk(vault: Vault, item: Item, index: int) -> dict[str, Any]:
    disk = item.disks[index]
    vhd = item.disk_ids[disk.name]
    target = item.azure_disks.get(disk.name) if vault.variants.target_disks == "told" else None
    return {
        "vhdType": "OperatingSystem" if disk.os else "DataDisk",
        "vhdId": vhd,
        "diskId": f"{item.source_id}_{vhd}_0_{index}".upper(),
        "vhdName": disk.name,
        "maxSizeMB": str(int(disk.gb * MB_PER_GB)),
        "targetDiskLocation": target.location if target else None,
        "targetDiskName": target.name if target else None,
        "lunId": str(index),
        "diskEncryptionSetId": None,
        "customTargetDiskName": None,
    }


def _nic_id(item: Item) -> str:
    if not item.fabric.is_site:
        return item.nic_id
    return base64.b64encode(f"Microsoft:{item.vm_id}\\{item.nic_id}".upper().encode()).decode()


def _nic(item: Item) -> dict[str, Any]:
    return {
        "nicId": _nic_id(item),
        "replicaNicId": None,
        "sourceNicArmId": None,
        "vMNetworkName": "Production",
        "recoveryVMNetworkId": network(item),
        "ipConfigs": [_ip_configuration()],
        "selectionType": "SelectedByUser",
        "recoveryNetworkSecurityGroupId": None,
        "enableAcceleratedNetworkingOnRecovery": None,
        "tfoVMNetworkId": None,
        "tfoNetworkSecurityGroupId": None,
        "enableAcceleratedNetworkingOnTfo": None,
        "recoveryNicName": None,
        "recoveryNicResourceGroupName": None,
        "reuseExistingNic": False,
        "tfoRecoveryNicName": None,
        "tfoRecoveryNicResourceGroupName": None,
        "tfoReuseExistingNic": False,
        "targetNicName": f"nic-{item.friendly_name}-00",
    }


def _ip_configuration() -> dict[str, Any]:
    return {
        "name": None,
        "isPrimary": True,
        "subnetName": "Production",
        "staticIPAddress": None,
        "ipAddressType": "Static",
        "isSeletedForFailover": True,
        "recoverySubnetName": "default",
        "recoveryStaticIPAddress": "",
        "recoveryIPAddressType": "Dynamic",
        "recoveryPublicIPAddressId": None,
        "recoveryLBBackendAddressPoolIds": None,
        "tfoSubnetName": None,
        "tfoStaticIPAddress": None,
        "tfoPublicIPAddressId": None,
        "tfoLBBackendAddressPoolIds": None,
    }


def _os(item: Item) -> dict[str, Any]:
    return {
        "osType": item.spec.os,
        "productType": "UNKNOWN",
        "osEdition": "Standard" if item.spec.os == "Windows" else "",
        "oSVersion": "1.1.1.1",
        "oSMajorVersion": "0",
        "oSMinorVersion": "0",
    }


def protectable_body(item: Item) -> dict[str, Any]:
    """The virtual machine as one that can be, and is, protected."""
    return {
        "id": f"{item.container.path}/replicationProtectableItems/{item.vm_id}",
        "name": item.vm_id,
        "type": PROTECTABLE_TYPE,
        "properties": {
            "friendlyName": item.friendly_name,
            "protectionStatus": "Protected",
            "replicationProtectedItemId": item.path,
            "recoveryServicesProviderId": item.provider.path,
            "protectionReadinessErrors": [],
            "supportedReplicationProviders": [item.spec.provider],
            "customDetails": {
                "instanceType": "HyperVVirtualMachine",
                "sourceItemId": item.source_id,
                "generation": "2",
                "osDetails": _os(item),
                "diskDetails": [_protectable_disk(item, index) for index in range(len(item.disks))],
                "hasPhysicalDisk": "NotPresent",
                "hasFibreChannelAdapter": "NotPresent",
                "hasSharedVhd": "NotPresent",
                "hyperVHostId": item.provider.name,
            },
        },
    }


def _protectable_disk(item: Item, index: int) -> dict[str, Any]:
    disk = item.disks[index]
    return {
        "maxSizeMB": int(disk.gb * MB_PER_GB),
        "vhdType": "OperatingSystem" if disk.os else "Data",
        "vhdId": item.disk_ids[disk.name],
        "vhdName": disk.name,
    }

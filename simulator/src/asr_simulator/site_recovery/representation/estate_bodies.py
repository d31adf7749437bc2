# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fabrics, providers, containers, networks and policies as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asr_simulator.site_recovery.estate import Container, Fabric, Provider
from asr_simulator.site_recovery.representation.times import precise

if TYPE_CHECKING:
    from asr_simulator.site_recovery.vault import Vault

FABRICS = "Microsoft.RecoveryServices/vaults/replicationFabrics"
PROVIDER_VERSION = "5.24.1011.0"
AGENT_VERSION = "2.0.9259.0"


def fabric_body(fabric: Fabric) -> dict[str, Any]:
    """A fabric."""
    kek = {"kekState": "None" if fabric.is_site else "Enabled", "kekCertThumbprint": None}
    return {
        "name": fabric.name,
        "type": FABRICS,
        "id": fabric.path,
        "properties": {
            "friendlyName": fabric.friendly_name,
            "encryptionDetails": dict(kek),
            "rolloverEncryptionDetails": dict(kek),
            "internalIdentifier": fabric.identifier,
            "bcdrState": "Valid",
            "customDetails": _fabric_details(fabric),
            "healthErrorDetails": [],
            "health": fabric.health,
        },
    }


def _fabric_details(fabric: Fabric) -> dict[str, Any]:
    if not fabric.is_site:
        return {"instanceType": "VMM"}
    hosts = [
        {"id": provider.friendly_name.lower(), "name": provider.friendly_name, "marsAgentVersion": AGENT_VERSION}
        for provider in fabric.providers
    ]
    return {"instanceType": "HyperVSite", "hyperVHosts": hosts}


def provider_body(vault: Vault, provider: Provider) -> dict[str, Any]:
    """A recovery services provider."""
    return {
        "id": provider.path,
        "name": provider.name,
        "type": f"{FABRICS}/replicationRecoveryServicesProviders",
        "properties": {
            "fabricType": provider.fabric_type,
            "friendlyName": provider.friendly_name,
            "providerVersion": PROVIDER_VERSION,
            "serverVersion": provider.server_version,
            "providerVersionState": provider.version_state,
            # Absent in every recording: shown where a test gives it.
            **({"providerVersionExpiryDate": precise(provider.version_expires)} if provider.version_expires else {}),
            "fabricFriendlyName": provider.fabric_friendly_name,
            "lastHeartBeat": precise(provider.last_heartbeat(vault.clock.now())),
            "connectionStatus": "Connected" if provider.connected else "NotConnected",
            "protectedItemCount": sum(item.provider is provider for item in vault.items),
            "allowedScenarios": ["Refresh", "Purge"],
            "healthErrorDetails": list(provider.health_errors),
            "draIdentifier": provider.name,
        },
    }


def container_body(vault: Vault, fabric: Fabric, container: Container) -> dict[str, Any]:
    """A protection container."""
    count = sum(item.container is container for item in vault.items)
    paired = fabric.is_site or count > 0
    return {
        "id": container.path,
        "name": container.name,
        "type": f"{FABRICS}/replicationProtectionContainers",
        "properties": {
            "fabricFriendlyName": fabric.friendly_name,
            "friendlyName": container.friendly_name,
            "fabricType": fabric.type,
            "protectedItemCount": count,
            "pairingStatus": "Paired" if paired else "NotPaired",
            "role": "Primary" if paired else "",
            "fabricSpecificDetails": None,
        },
    }


def network_body(fabric: Fabric, name: str) -> dict[str, Any]:
    """The on-premises network of a VMM server; a Hyper-V site has none to map."""
    return {
        "type": f"{FABRICS}/replicationNetworks",
        "id": f"{fabric.path}/replicationNetworks/{name}",
        "name": name,
        "properties": {
            "fabricType": fabric.type,
            "subnets": [],
            "friendlyName": "Production",
            "networkType": "NoIsolation",
        },
    }


def logical_network_body(fabric: Fabric, name: str) -> dict[str, Any]:
    """The logical network of a VMM server."""
    return {
        "type": f"{FABRICS}/replicationLogicalNetworks",
        "id": f"{fabric.path}/replicationLogicalNetworks/{name}",
        "name": name,
        "properties": {
            "friendlyName": "Production",
            "networkVirtualizationStatus": "Disabled",
            "logicalNetworkUsage": "Used",
            "logicalNetworkDefinitionsStatus": "Isolated",
        },
    }


def policy_body(path: str) -> dict[str, Any]:
    """A replication policy."""
    name = path.rsplit("/", 1)[1]
    return {
        "id": path,
        "name": name,
        "type": "Microsoft.RecoveryServices/vaults/replicationPolicies",
        "properties": {
            "friendlyName": name,
            "providerSpecificDetails": {
                "instanceType": "HyperVReplicaAzure",
                "recoveryPointHistoryDurationInHours": 24,
                "applicationConsistentSnapshotFrequencyInHours": 1,
                "replicationInterval": 300,
                "onlineReplicationStartTime": None,
                "encryption": "Disable",
                "activeStorageAccountId": None,
            },
        },
    }

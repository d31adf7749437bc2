# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fabrics, providers, containers, networks and policies as JSON."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from asr_simulator.site_recovery.api.representation.times import precise, whole
from asr_simulator.site_recovery.model.fabrics import Container, Fabric, Provider
from asr_simulator.site_recovery.workflows.vault import Vault

FABRICS = "Microsoft.RecoveryServices/vaults/replicationFabrics"
PROVIDER_VERSION = "5.24.1011.0"
AGENT_VERSION = "2.0.9259.0"
CERTIFICATE_LIFE = timedelta(days=3 * 365)


def fabric_body(vault: Vault, fabric: Fabric) -> dict[str, Any]:
    """A fabric. Its health stays Normal while one of its providers is not heard: the errors say so (recording)."""
    return {
        "name": fabric.name,
        "type": FABRICS,
        "id": fabric.path,
        "properties": {
            "friendlyName": fabric.friendly_name,
            "encryptionDetails": _encryption(vault, fabric),
            "rolloverEncryptionDetails": _encryption(vault, fabric),
            "internalIdentifier": fabric.identifier,
            "bcdrState": "Valid",
            "customDetails": _fabric_details(fabric),
            "healthErrorDetails": [
                _heartbeat_missing(vault, fabric, provider) for provider in fabric.providers if not provider.connected
            ],
            "health": fabric.health,
        },
    }


def _encryption(vault: Vault, fabric: Fabric) -> dict[str, Any]:
    """The certificate of a VMM server's fabric is shown; a site has none (recordings)."""
    if fabric.is_site:
        return {"kekState": "None", "kekCertThumbprint": None}
    return {
        "kekState": "Enabled",
        "kekCertThumbprint": hashlib.sha256(fabric.identifier.encode()).hexdigest()[:40].upper(),
        "kekCertExpiryDate": whole(vault.started + CERTIFICATE_LIFE),
    }


def _heartbeat_missing(vault: Vault, fabric: Fabric, provider: Provider) -> dict[str, Any]:
    """708 for a host of a Hyper-V site, 604 for a VMM server (recordings; the words of the first are inferred)."""
    server = "Hyper-V host" if fabric.is_site else "VMM server"
    return {
        "innerHealthErrors": [],
        "errorSource": "FabricHealthErrorOnPrimary",
        "errorType": None,
        "errorLevel": "Error",
        "errorCategory": "FabricInfrastructure",
        "errorCode": "708" if fabric.is_site else "604",
        "summaryMessage": "Recovery Services Provider heartbeat is missing",
        "errorMessage": "Recovery Services Provider heartbeat missing.",
        "possibleCauses": "Recovery Services Provider heartbeat is missing.",
        "recommendedAction": f"Ensure that the {server} is connected to the network and accessible.",
        "creationTimeUtc": precise(provider.last_heartbeat(vault.clock.now())),
        "recoveryProviderErrorMessage": None,
        "entityId": provider.name,
        "errorId": None,
        "customerResolvability": None,
    }


def _fabric_details(fabric: Fabric) -> dict[str, Any]:
    if not fabric.is_site:
        return {"instanceType": "VMM"}
    hosts = [
        {"id": provider.friendly_name.lower(), "name": provider.friendly_name, "marsAgentVersion": AGENT_VERSION}
        for provider in fabric.providers
    ]
    return {"instanceType": "HyperVSite", "hyperVHosts": hosts}


def provider_body(vault: Vault, provider: Provider, protected: int) -> dict[str, Any]:
    """A recovery services provider with so many items."""
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
            "protectedItemCount": protected,
            "allowedScenarios": ["Refresh", "Purge"],
            "healthErrorDetails": list(provider.health_errors),
            "draIdentifier": provider.name,
            "identityDetails": None,
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

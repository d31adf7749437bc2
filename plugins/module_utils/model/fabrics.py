# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The on-premises side as the vault knows it: fabrics (Hyper-V sites, VMM servers), their providers and containers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .arm_ids import segment
from .json_path import Document, field, items, text, time_at

HYPER_V_SITE = "HyperVSite"
_AZURE = "Azure"


@dataclass(frozen=True)
class Fabric:
    """One body of C(replicationFabrics/{fabric}). C(type) is C(HyperVSite), C(VMM), C(Azure) or another."""

    document: Document
    id: str
    name: str
    friendly_name: str
    type: str
    health: str
    health_errors: tuple[Document, ...]

    @property
    def is_azure(self) -> bool:
        """Whether it is Azure, as the vault knows it: no machine of on-premises is in it."""
        return self.type == _AZURE

    @property
    def is_hyper_v_site(self) -> bool:
        """Whether the fabric is a site of Hyper-V hosts that VMM does not manage."""
        return self.type == HYPER_V_SITE


@dataclass(frozen=True)
class Provider:
    """One body of C(replicationRecoveryServicesProviders/{provider}): a registered Hyper-V host or VMM server.

    C(read_at) is the service's time when it was read, where that is known.
    """

    document: Document
    id: str
    name: str
    friendly_name: str
    fabric_type: str
    connection_status: str
    last_heartbeat: datetime | None
    version: str
    version_state: str
    version_expires: datetime | None
    health_errors: tuple[Document, ...]
    read_at: datetime | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the service says that it hears the provider."""
        return self.connection_status == "Connected"

    @property
    def fabric_name(self) -> str:
        """Name of the fabric that the provider is registered in."""
        return segment(self.id, "replicationFabrics")

    def answers_to(self, wanted: str) -> bool:
        """Whether the user's word for a host means this provider: friendly name (whole or without domain), name, id."""
        short_name = self.friendly_name.split(".", 1)[0]
        return wanted.lower() in (self.friendly_name.lower(), short_name.lower(), self.name.lower(), self.id.lower())


@dataclass(frozen=True)
class Container:
    """One body of C(replicationProtectionContainers/{container})."""

    document: Document
    id: str
    name: str
    friendly_name: str


def parse_fabric(document: Document) -> Fabric:
    """Read a C(replicationFabrics/{fabric}) body."""
    properties = field(document, "properties") or {}
    return Fabric(
        document=document,
        id=text(document, "id"),
        name=text(document, "name"),
        friendly_name=text(properties, "friendlyName"),
        type=text(properties, "customDetails", "instanceType"),
        health=text(properties, "health"),
        health_errors=items(properties, "healthErrorDetails"),
    )


def parse_provider(document: Document) -> Provider:
    """Read a C(replicationRecoveryServicesProviders/{provider}) body."""
    properties = field(document, "properties") or {}
    return Provider(
        document=document,
        id=text(document, "id"),
        name=text(document, "name"),
        friendly_name=text(properties, "friendlyName"),
        fabric_type=text(properties, "fabricType"),
        connection_status=text(properties, "connectionStatus"),
        last_heartbeat=time_at(properties, "lastHeartBeat"),
        version=text(properties, "providerVersion"),
        version_state=text(properties, "providerVersionDetails", "status") or text(properties, "providerVersionState"),
        version_expires=time_at(properties, "providerVersionExpiryDate"),
        health_errors=items(properties, "healthErrorDetails"),
    )


def parse_container(document: Document) -> Container:
    """Read a C(replicationProtectionContainers/{container}) body."""
    return Container(
        document=document,
        id=text(document, "id"),
        name=text(document, "name"),
        friendly_name=text(document, "properties", "friendlyName"),
    )

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is registered on-premises: fabrics, recovery services providers and protection containers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from asr_simulator.hyperv.windows import RELEASES
from asr_simulator.identities import Identities
from asr_simulator.scenarios.model import HYPERV_SITE, FabricSpec, HostSpec, VaultPlace

FRESH_HEARTBEAT = 20.0


@dataclass
class Provider:
    """A registered Hyper-V host or VMM server, connected at first.

    A connected one has always reported ``heartbeat_age`` seconds ago. Its connection breaks when the line does, and
    when its host's services stop (``served`` tells); they come back one without the other.
    """

    name: str
    friendly_name: str
    fabric_type: str
    fabric_name: str
    fabric_friendly_name: str
    path: str
    heartbeat_age: float
    server_version: str
    version_state: str = "Latest"
    version_expires: datetime | None = None
    health_errors: list[dict[str, str]] = field(default_factory=list)
    line: bool = True
    served: bool = True
    lost_at: datetime | None = None

    def last_heartbeat(self, now: datetime) -> datetime:
        """When it reported last."""
        return (now if self.lost_at is None else self.lost_at) - timedelta(seconds=self.heartbeat_age)

    def refresh(self) -> None:
        """Ask it to report now; one that is not connected does not hear it."""
        if self.connected:
            self.heartbeat_age = min(self.heartbeat_age, FRESH_HEARTBEAT)

    @property
    def connected(self) -> bool:
        """Whether it reports to the vault."""
        return self.line and self.served

    def again(self, name: str) -> Provider:
        """The same host, registered anew under another name."""
        path = f"{self.path.rsplit('/', 1)[0]}/{name}"
        return replace(self, name=name, path=path, line=True, lost_at=None if self.served else self.lost_at)

    def disconnect(self, now: datetime) -> None:
        """The connection breaks."""
        self._become(False, self.served, now)

    def reconnect(self) -> None:
        """The connection is back, whatever its host's services are said to do, and the provider reports again."""
        self._become(True, True)

    def follow(self, served: bool, now: datetime) -> None:
        """The services on its host run, or they do not."""
        self._become(self.line, served, now)

    def _become(self, line: bool, served: bool, now: datetime | None = None) -> None:
        before = self.connected
        self.line, self.served = line, served
        if before and not self.connected:
            self.lost_at = now
        elif self.connected and not before:
            self.lost_at, self.heartbeat_age = None, FRESH_HEARTBEAT


@dataclass
class Container:
    """A protection container: a Hyper-V site's own, or a VMM cloud."""

    name: str
    friendly_name: str
    path: str


@dataclass
class Fabric:
    """A Hyper-V site or a VMM server."""

    name: str
    friendly_name: str
    type: str
    identifier: str
    path: str
    health: str
    providers: list[Provider] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)

    @property
    def is_site(self) -> bool:
        """Whether it is a Hyper-V site."""
        return self.type == HYPERV_SITE

    def provider_of(self, host: str) -> Provider:
        """The provider of the host of that name.

        Raises:
            LookupError: no such host.
        """
        return _named(self.providers, host)

    def container_of(self, cloud: str | None) -> Container:
        """The container of the cloud of that name; None: the site's own.

        Raises:
            LookupError: no such cloud.
        """
        return self.containers[0] if cloud is None else _named(self.containers, cloud)


class _Friendly(Protocol):
    friendly_name: str


Found = TypeVar("Found", bound=_Friendly)


def _named(candidates: list[Found], friendly_name: str) -> Found:
    for candidate in candidates:
        if candidate.friendly_name == friendly_name:
            return candidate
    raise LookupError(friendly_name)


def build_fabric(spec: FabricSpec, place: VaultPlace, ids: Identities) -> Fabric:
    """The fabric of a scenario: a site is named as its user named it, a VMM fabric by 64 hex digits (recordings)."""
    identifier = ids.of("fabric", spec.name)
    is_site = spec.type == HYPERV_SITE
    name = spec.name if is_site else hashlib.sha256(identifier.encode()).hexdigest()
    fabric = Fabric(name, spec.name, spec.type, identifier, f"{place.path}/replicationFabrics/{name}", spec.health)
    fabric.providers = [_provider(host, fabric, ids) for host in spec.hosts]
    clouds = {f"cloud_{identifier}": spec.name} if is_site else {ids.of("cloud", cloud): cloud for cloud in spec.clouds}
    fabric.containers = [
        Container(key, friendly, f"{fabric.path}/replicationProtectionContainers/{key}")
        for key, friendly in clouds.items()
    ]
    return fabric


def _provider(host: HostSpec, fabric: Fabric, ids: Identities) -> Provider:
    name = ids.of("provider", host.name) if fabric.is_site else fabric.identifier
    return Provider(
        name=name,
        friendly_name=host.name,
        fabric_type=fabric.type,
        fabric_name=fabric.name,
        fabric_friendly_name=fabric.friendly_name,
        path=f"{fabric.path}/replicationRecoveryServicesProviders/{name}",
        heartbeat_age=host.heartbeat_age,
        server_version=f"{RELEASES[host.os].version}.0",
    )

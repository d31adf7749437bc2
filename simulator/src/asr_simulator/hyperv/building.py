# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes hosts of what a scenario says of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from asr_simulator.hyperv.hosts import Cluster, Host, VmmServer
from asr_simulator.hyperv.storage import CSV_ROOT, GIB, Volume
from asr_simulator.hyperv.switches import EXTERNAL, LBFO_TEAM, NetworkCard, Switch
from asr_simulator.hyperv.windows import (
    AGENT,
    CLUSTER_SERVICE,
    DRA,
    RELEASES,
    SERVICE_RUNNING,
    SERVICE_STOPPED,
    START_DISABLED,
    VMM_SERVICE,
    VMMS,
    Service,
)
from asr_simulator.identities import Identities
from asr_simulator.scenarios import Scenario, ScenarioError
from asr_simulator.scenarios.model import (
    HYPERV_SITE,
    AdapterSpec,
    FabricSpec,
    HostSpec,
    ServiceSpec,
    SwitchSpec,
    VolumeSpec,
)

# How Windows describes network cards, by their kind.
CARD_DESCRIPTIONS = {
    "physical": "Intel(R) Ethernet Server Adapter X710",
    "lbfo_team": LBFO_TEAM,
}
UP_FOR = timedelta(days=90)
INSTALLED_FOR = timedelta(days=900)
SYSTEM_GB, SYSTEM_FREE_GB = 127.0, 84.0
DATA_GB = 4096.0
OTHER_FILES_GB = 20.0

# What Windows calls them (documented); the recovery services agent is that of Azure Backup.
DISPLAY_NAMES = {
    VMMS: "Hyper-V Virtual Machine Management",
    DRA: "Microsoft Azure Site Recovery Service",
    AGENT: "Microsoft Azure Recovery Services Agent",
    VMM_SERVICE: "System Center Virtual Machine Manager",
    CLUSTER_SERVICE: "Cluster Service",
}


class Builder:
    """Makes the hosts of a scenario, with the volumes that nodes of a cluster share."""

    def __init__(self, scenario: Scenario, now: datetime, ids: Identities) -> None:
        self._scenario, self._now, self._ids = scenario, now, ids
        self._clusters: dict[str, Cluster] = {}

    def hosts(self) -> list[Host]:
        """Every Hyper-V host and VMM server."""
        made: list[Host] = []
        for fabric in self._scenario.fabrics:
            virtualizers = [self._host(spec, _site_services(fabric)) for spec in fabric.hyperv_hosts]
            if fabric.type != HYPERV_SITE:
                made.append(self._vmm_server(fabric, virtualizers))
            made += virtualizers
        return made

    def _vmm_server(self, fabric: FabricSpec, managed: list[Host]) -> Host:
        server = self._plain(fabric.hosts[0], (VMM_SERVICE,))
        server.role_installed = server.has_module = False
        server.manages = VmmServer(managed, fabric.clouds)
        return server

    def _host(self, spec: HostSpec, services: tuple[str, ...]) -> Host:
        host = self._plain(spec, services)
        host.role_installed = host.has_module = spec.role == "installed"
        if spec.cluster is not None:
            self._join(host, spec.cluster)
        host.volumes = [self._volume(host, volume) for volume in spec.volumes or self._usual_volumes(spec)]
        if host.role_installed:
            for switch in spec.switches:
                host.switches.append(self._switch(host, switch))
        return host

    def _plain(self, spec: HostSpec, services: tuple[str, ...]) -> Host:
        account = self._scenario.hyperv
        host = Host(
            name=spec.name,
            os=RELEASES[spec.os],
            processors=spec.processors,
            memory=int(spec.memory_gb * GIB),
            booted=self._now - UP_FOR,
            installed=self._now - INSTALLED_FOR,
            winrm=spec.reachable,
            needed_services=services,
            accounts={account.username: account.password},
            answers=spec.commands,
        )
        host.services = _services(spec, services)
        host.cards = [self._card(host, adapter, index) for index, adapter in enumerate(spec.adapters)]
        host.volumes = [self._volume(host, VolumeSpec("C:", SYSTEM_GB, SYSTEM_FREE_GB))]
        return host

    def _join(self, host: Host, name: str) -> None:
        cluster = self._clusters.get(name.lower())
        if cluster is None:
            cluster = Cluster(name, host.domain, self._ids.of("cluster", name))
            self._clusters[name.lower()] = cluster
        cluster.nodes.append(host)
        host.cluster = cluster

    def _volume(self, host: Host, spec: VolumeSpec) -> Volume:
        shared = host.cluster if spec.path.lower().startswith(CSV_ROOT.lower()) else None
        for known in shared.volumes if shared else ():
            if known.path.lower() == spec.path.lower():
                return known
        size, free = int(spec.gb * GIB), None if spec.free_gb is None else int(spec.free_gb * GIB)
        own = int(min(OTHER_FILES_GB, spec.gb / 2) * GIB) if free is None else 0
        place = shared.name if shared else host.name
        label = "" if spec.path.upper() == "C:" else spec.path.rsplit("\\", 1)[-1].rstrip(":")
        volume = Volume(spec.path, label, size, own, self._ids.of("volume", f"{place}/{spec.path}"))
        volume.free_at_start = free
        if shared:
            volume.cluster = shared.name
            shared.volumes.append(volume)
        return volume

    def _usual_volumes(self, spec: HostSpec) -> Iterable[VolumeSpec]:
        """The system's volume, and one with room for twice what is to be on it."""
        nodes = {spec.name}
        if spec.cluster is not None:
            every = (host for fabric in self._scenario.fabrics for host in fabric.hyperv_hosts)
            nodes = {host.name for host in every if host.cluster == spec.cluster}
        needed = sum(disk.gb for item in self._scenario.items if item.host in nodes for disk in item.disks)
        data = f"{CSV_ROOT}Volume1" if spec.cluster is not None else "D:"
        return VolumeSpec("C:", SYSTEM_GB, SYSTEM_FREE_GB), VolumeSpec(data, max(DATA_GB, 2 * needed))

    def _card(self, host: Host, spec: AdapterSpec, index: int) -> NetworkCard:
        mac = mac_of(self._ids.of("network card", f"{host.name}/{spec.name}"), "3CFDFE")
        number = f" #{index + 1}" if index else ""
        return NetworkCard(spec.name, f"{CARD_DESCRIPTIONS[spec.kind]}{number}", mac, index + 4, spec.status)

    def _switch(self, host: Host, spec: SwitchSpec) -> Switch:
        used = {card for switch in host.switches for card in switch.cards}
        free = [card for card in host.cards if card not in used and card.is_physical]
        cards = free[: None if spec.embedded_teaming else 1] if spec.type == EXTERNAL else []
        identifier = self._ids.of("switch", f"{host.name}/{spec.name}")
        return Switch(identifier, spec.name, spec.type, cards, teamed=spec.embedded_teaming, sr_iov=spec.sr_iov)


def _services(spec: HostSpec, needed: Iterable[str]) -> dict[str, Service]:
    """The services of a host: those that it needs, and that of its cluster.

    A host of no cluster may have the feature all the same; its service is disabled then (Clear-ClusterNode).

    Raises:
        ScenarioError: the scenario names another, or one that cannot be as it says.
    """
    usual = {name: Service(name, DISPLAY_NAMES[name]) for name in needed if name != VMMS or spec.role == "installed"}
    feature = Service(CLUSTER_SERVICE, DISPLAY_NAMES[CLUSTER_SERVICE])
    if spec.cluster is not None:
        usual[CLUSTER_SERVICE] = feature
    elif CLUSTER_SERVICE in spec.services:
        usual[CLUSTER_SERVICE] = replace(feature, state=SERVICE_STOPPED, start_mode=START_DISABLED)
    unknown = sorted(set(spec.services) - set(usual))
    if unknown:
        raise ScenarioError(f"host {spec.name} has no service {', '.join(unknown)}; it has {', '.join(usual)}")
    found = {name: _as_said(service, spec.services.get(name, ServiceSpec())) for name, service in usual.items()}
    if spec.cluster is None and CLUSTER_SERVICE in found and found[CLUSTER_SERVICE].state == SERVICE_RUNNING:
        raise ScenarioError(f"host {spec.name} is in no cluster, so its service {CLUSTER_SERVICE} cannot run")
    return found


def _as_said(service: Service, said: ServiceSpec) -> Service:
    return replace(service, state=said.state or service.state, start_mode=said.start_mode or service.start_mode)


def mac_of(identifier: str, vendor: str) -> str:
    """A network address made of a GUID, as 12 hex digits behind the vendor's six."""
    return vendor + identifier.replace("-", "")[:6].upper()


def _site_services(fabric: FabricSpec) -> tuple[str, ...]:
    """The provider and the agent are on each host of a site; below VMM the provider is on the VMM server."""
    return (VMMS, DRA, AGENT) if fabric.type == HYPERV_SITE else (VMMS, AGENT)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Hyper-V hosts of a plan of waves, as hyperv_host_info returns them, and the virtual machines that they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .failures import TargetError
from .host_names import find_host, is_same_host
from .hyperv_documents import parse_host
from .hyperv_hosts import HostFacts, HostVm
from .json_path import field, text

_UP = "up"
_ONLINE = "Online"


@dataclass(frozen=True)
class WaveHost:
    """A host by the name that it was asked by. C(cluster) is empty where it is in none, None where that is not known;
    C(free_bytes) is None where it does not tell its free memory."""

    name: str
    facts: HostFacts
    cluster: str | None
    free_bytes: int | None

    def answers_to(self, name: str) -> bool:
        """Whether a name means this host."""
        return is_same_host(self.name, name) or self.facts.identity.answers_to(name)

    def vm(self, vm_id: str, friendly_name: str) -> HostVm | None:
        """Return its only machine of this id, else of exactly this name; None where there are none, or several are."""
        try:
            return self.facts.find_vm(vm_id, friendly_name)
        except TargetError:
            return None

    @property
    def unseen_vms(self) -> str:
        """Why machines may run on it that it did not list; empty where it listed all."""
        facts = self.facts
        if field(facts.document, "vms") is None:
            return f"{self.name}: its VMs were not read"
        problem = facts.problem_with("vms", "hyper_v", "services")
        if not problem and field(facts.document, "may_administer_hyper_v") is not None:
            problem = facts.rights_doubt
        if problem:
            return f"{self.name}: {problem}"
        hidden = len(self._owned_ids() - {vm.id.lower() for vm in facts.vms})
        return f"{self.name}: of the VMs that its cluster runs there, {hidden} were not read" if hidden else ""

    def _owned_ids(self) -> set[str]:
        """Ids of the machines that its cluster runs on it."""
        cluster = self.facts.cluster
        groups = cluster.groups if cluster else ()
        return {one.vm_id.lower() for one in groups if one.state == _ONLINE and self.answers_to(one.owner)}

    @property
    def takes_vms(self) -> bool:
        """Whether its cluster may start machines on it: a node that is paused or down takes none."""
        nodes = self.facts.cluster.nodes if self.facts.cluster else ()
        states = [state for name, state in nodes if self.answers_to(name)]
        return all(state.lower() == _UP for state in states)


@dataclass(frozen=True)
class WaveHosts:
    """The hosts that were read, each once."""

    hosts: tuple[WaveHost, ...] = ()

    def named(self, name: str) -> WaveHost | None:
        """Return the host that a name means; None where none does, or several may."""
        found = [host for host in self.hosts if host.name.lower() == name.lower()]
        found = found or [host for host in self.hosts if host.answers_to(name)]
        return found[0] if name and len(found) == 1 else None

    def holder_of(self, vm_id: str, friendly_name: str) -> tuple[WaveHost, HostVm] | None:
        """Return the only host that has a machine, by id or else by name, with it; None where none or several have."""
        found = [(host, vm) for host in self.hosts if (vm := host.vm(vm_id, friendly_name)) is not None]
        by_id = [one for one in found if vm_id and one[1].id.lower() == vm_id.lower()]
        found = by_id or found
        return found[0] if len(found) == 1 else None

    def nodes_of(self, cluster: str) -> list[WaveHost]:
        """Return the hosts that are nodes of a cluster, by name."""
        return [host for host in self.hosts if host.cluster is not None and _same_cluster(host.cluster, cluster)]

    def unread_nodes(self, cluster: str) -> list[str]:
        """Return the names of its nodes that are not among the hosts."""
        named = {name for host in self.nodes_of(cluster) for name, _state in _nodes(host)}
        return sorted(name for name in named if self.named(name) is None)


def _nodes(host: WaveHost) -> tuple[tuple[str, str], ...]:
    return host.facts.cluster.nodes if host.facts.cluster else ()


def _same_cluster(one: str, other: str) -> bool:
    return bool(one) and is_same_host(one, other)


def parse_hosts(documents: object, problems: list[str]) -> WaveHosts:
    """Read the hosts; what is none is added to the problems."""
    if not isinstance(documents, (list, tuple)):
        problems.append("hosts is not a list: give what hyperv_host_info returns as host")
        return WaveHosts()
    hosts = [_parse(document, problems) for document in documents]
    read = sorted((host for host in hosts if host is not None), key=lambda host: (host.name.lower(), host.name))
    for one, other in pairwise(read):
        if one.name.lower() == other.name.lower():
            problems.append(f"hosts has {one.name} twice")
    return WaveHosts(tuple(read))


def _parse(document: object, problems: list[str]) -> WaveHost | None:
    cluster = field(document, "cluster")
    if not isinstance(document, Mapping) or not text(document, "name"):
        problems.append("hosts has an entry without a name: give what hyperv_host_info returns as host")
        return None
    if cluster is not None and not (isinstance(cluster, Mapping) and text(cluster, "name")):
        problems.append(f"host {text(document, 'name')}: its cluster is not as hyperv_host_info returns it")
        return None
    facts = parse_host(document)
    return WaveHost(text(document, "name"), facts, _cluster_of(document, facts), facts.free_memory_bytes or None)


def _cluster_of(document: Mapping[str, Any], facts: HostFacts) -> str | None:
    if facts.cluster is not None:
        return facts.cluster.name
    return None if "cluster" not in document or facts.untold_by_cluster() is not None else ""


def full_name(name: str, hosts: WaveHosts, names: Iterable[str]) -> str:
    """Return the one name of a host that VMs name in several ways: that of the hosts, else the longest among VMs'."""
    known = hosts.named(name)
    if known is not None:
        return known.name
    return find_host(name, sorted({other for other in names if "." in other})) or name

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the memory of the hosts suffices for all VMs that come back, and on which node of their cluster those are
started that have no host.

A VM takes its startup memory from what its host has free, and keeps it: what counts is the sum over all waves. A
cluster must also go on without any one of its nodes (N+1). Only what is certain is refused: where a size was not
read, the host or cluster is not_checked, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .name_lists import some_of
from .sizes import in_gb, short_by
from .wave_hosts import WaveHost, WaveHosts
from .wave_vms import WaveVm

PASS, NOT_CHECKED, FAIL = "pass", "not_checked", "fail"
_NO_HOSTS = "the hosts were not given (hosts)"


@dataclass
class Room:
    """The memory of a host, and the VMs that come to it with what they need, None where that is not known."""

    host: WaveHost
    vms: list[tuple[WaveVm, int | None]] = field(default_factory=list)

    @property
    def needed(self) -> int:
        """What the VMs need at least."""
        return sum(need or 0 for _vm, need in self.vms)

    @property
    def left(self) -> int | None:
        """What is left at most; None where the host does not tell what it has."""
        return None if self.host.free_bytes is None else self.host.free_bytes - self.needed

    def take(self, vm: WaveVm) -> None:
        """Add a VM. One that runs there already has its memory."""
        self.vms.append((vm, 0 if vm.runs_on == self.host.name else vm.memory_bytes))

    @property
    def unknown(self) -> list[str]:
        """Why it is not known what is left."""
        of_vms = [vm.name for vm, need in self.vms if need is None]
        return [
            *([f"the free memory of {self.host.name} is not known"] if self.host.free_bytes is None else []),
            *([f"the startup memory of {some_of(of_vms)} is not known"] if of_vms else []),
        ]


@dataclass(frozen=True)
class Memory:
    """C(vms) are all of them, with the hosts that they come to; C(hosts) and C(clusters) are for the result."""

    vms: list[WaveVm]
    hosts: list[dict[str, Any]]
    clusters: list[dict[str, Any]]
    reason: str = ""

    def as_result(self) -> dict[str, Any]:
        """Return the memory of hosts and clusters, and one word for all of it."""
        states = [one["status"] for one in (*self.hosts, *self.clusters)]
        status = NOT_CHECKED if self.reason or NOT_CHECKED in states else PASS
        return {"status": status, "reason": self.reason, "hosts": self.hosts, "clusters": self.clusters}


def judge_memory(vms: Sequence[WaveVm], hosts: WaveHosts, problems: list[str], *, n_plus_1: bool) -> Memory:
    """Place the VMs of clusters that have no host, and judge the memory of all; what does not suffice is a problem."""
    if not hosts.hosts:
        return Memory(list(vms), [], [], _NO_HOSTS)
    rooms = {host.name: Room(host) for host in hosts.hosts}
    placed = {vm.name: vm for vm in vms}
    for vm in vms:
        if vm.host in rooms:
            rooms[vm.host].take(vm)
    waiting = [vm for vm in vms if not vm.host and vm.cluster and hosts.nodes_of(vm.cluster)]
    for vm in sorted(waiting, key=lambda one: (-(one.memory_bytes or 0), one.sort_key)):
        node = _node_for(vm, hosts, rooms, problems)
        if node is not None:
            placed[vm.name] = replace(vm, host=node.name)
            rooms[node.name].take(placed[vm.name])
    entries = [_host_entry(room, problems) for room in rooms.values()]
    names = sorted(set(_clusters_that_get_vms(placed.values(), hosts, rooms))) if n_plus_1 else []
    clusters = [_cluster_entry(name, hosts, rooms, problems) for name in names]
    elsewhere = [vm.name for vm in placed.values() if vm.host not in rooms]
    reason = f"the host, or its memory, is not known for {some_of(elsewhere)}" if elsewhere else ""
    return Memory([placed[vm.name] for vm in vms], entries, clusters, reason)


def _clusters_that_get_vms(vms: Iterable[WaveVm], hosts: WaveHosts, rooms: Mapping[str, Room]) -> Iterator[str]:
    """Yield the clusters that VMs come to. Another one may lack a spare node, but not because of them."""
    taking = [room.host for room in rooms.values() if any(need != 0 for _vm, need in room.vms)]
    possible = [node for vm in vms if not vm.host and vm.cluster for node in hosts.nodes_of(vm.cluster)]
    yield from (host.cluster for host in (*taking, *possible) if host.cluster)


def _node_for(vm: WaveVm, hosts: WaveHosts, rooms: Mapping[str, Room], problems: list[str]) -> WaveHost | None:
    """Return the node with most memory left; None where it is not known how much the VM needs, or where none has it."""
    cluster = vm.cluster or ""
    nodes = [host for host in hosts.nodes_of(cluster) if host.takes_vms]
    left = {host.name: rooms[host.name].left or 0 for host in nodes}
    if not nodes and not hosts.unread_nodes(cluster):
        problems.append(f"{vm.name}: no node of cluster {cluster} is up")
    if vm.memory_bytes is None or not nodes:
        return None
    best = max(nodes, key=lambda host: left[host.name])
    if left[best.name] >= vm.memory_bytes:
        return best
    if not hosts.unread_nodes(cluster) and all(host.free_bytes is not None for host in nodes):
        room = max(left[best.name], 0)
        problems.append(
            f"{vm.name} needs {in_gb(vm.memory_bytes)} of memory and fits no node of cluster {cluster}: most is left "
            f"on {best.name}, {in_gb(room)}, {short_by(vm.memory_bytes - room)}"
        )
    return None


def _host_entry(room: Room, problems: list[str]) -> dict[str, Any]:
    host, left = room.host, room.left
    unknown = room.unknown if room.vms else []
    status = NOT_CHECKED if unknown else PASS
    if left is not None and left < 0:
        status = FAIL
        problems.extend(_too_little(room))
    return {
        "host": host.name,
        "cluster": host.cluster,
        "vms": [vm.name for vm, _need in room.vms],
        "free_memory_bytes": host.free_bytes,
        "needed_bytes": room.needed if all(need is not None for _vm, need in room.vms) else None,
        "left_bytes": None if unknown else left,
        "status": status,
        "reason": "; ".join(unknown),
    }


def _too_little(room: Room) -> Iterator[str]:
    """Say which VMs do not fit a host, and how much all of them lack."""
    name, free = room.host.name, room.host.free_bytes or 0
    known = sorted(((vm, need) for vm, need in room.vms if need), key=lambda one: (-one[1], one[0].sort_key))
    for vm, need in known:
        if need > free:
            yield (
                f"{vm.name} needs {in_gb(need)} of memory and does not fit host {name}, which has {in_gb(free)} free, "
                f"{short_by(need - free)}"
            )
    if len(known) > 1:
        listed = some_of([f"{vm.name} {in_gb(need)}" for vm, need in known])
        yield (
            f"host {name} has {in_gb(free)} of memory free, the {len(known)} VMs that come to it need "
            f"{in_gb(room.needed)}, {short_by(room.needed - free)}: {listed}"
        )


def _cluster_entry(name: str, hosts: WaveHosts, rooms: Mapping[str, Room], problems: list[str]) -> dict[str, Any]:
    """Judge a cluster without each of its nodes in turn."""
    nodes = hosts.nodes_of(name)
    unknown = [f"{node} was not read" for node in hosts.unread_nodes(name)]
    failed = []
    for lost in (node for node in nodes if node.takes_vms):
        others = [rooms[node.name] for node in nodes if node is not lost and node.takes_vms]
        shortage = _shortage(_load(rooms[lost.name]), others)
        reasons = [*_unknown_load(rooms[lost.name]), *(words for room in others for words in room.unknown)]
        unknown += reasons
        if shortage and not hosts.unread_nodes(name) and all(room.host.free_bytes is not None for room in others):
            failed.append(f"cluster {name} does not survive the loss of {lost.name} (N+1): {shortage}")
        elif shortage:
            unknown.append(f"without {lost.name}, {shortage}")
    problems += failed
    status = FAIL if failed else NOT_CHECKED if unknown else PASS
    return {
        "cluster": name,
        "nodes": [node.name for node in nodes],
        "status": status,
        "reason": "; ".join(dict.fromkeys(unknown)),
    }


def _load(room: Room) -> list[tuple[str, int]]:
    """Return the VMs of a node that its cluster starts elsewhere when it is lost, with the memory that is known."""
    host = room.host
    running = [(vm.name, vm.memory_bytes) for vm in host.facts.vms if vm.is_running and host.facts.has_clustered(vm)]
    # A VM that runs there is among these.
    coming = [(vm.name, need) for vm, need in room.vms if need and vm.cluster != ""]
    return sorted([*running, *coming], key=lambda one: (-one[1], one[0].lower(), one[0]))


def _unknown_load(room: Room) -> Iterator[str]:
    unseen = room.host.unseen_vms
    if unseen:
        yield unseen
    unread = [vm.name for vm in room.host.facts.vms if vm.is_running and not vm.memory_bytes]
    unread += [vm.name for vm, need in room.vms if need is None]
    if unread:
        yield f"the startup memory of {some_of(unread)} is not known"


def _shortage(load: Sequence[tuple[str, int]], others: Sequence[Room]) -> str:
    """Say which VM of a lost node finds no room on the others, and how much it lacks; empty where all do.

    The largest goes first, to where it leaves least. That may fail where another order would not, by little: a cluster
    that is so full has no spare node either.
    """
    left = {room.host.name: max(room.left or 0, 0) for room in others}
    total, room_in_all = sum(size for _name, size in load), sum(left.values())
    if total > room_in_all:
        return (
            f"its VMs need {in_gb(total)}, the other nodes have {in_gb(room_in_all)} left, "
            f"{short_by(total - room_in_all)}"
        )
    for name, size in load:
        fitting = [node for node in sorted(left) if left[node] >= size]
        if not fitting:
            most = max(sorted(left), key=lambda node: left[node])
            return (
                f"{name} needs {in_gb(size)} and fits no other node: most is left on {most}, {in_gb(left[most])}, "
                f"{short_by(size - left[most])}"
            )
        left[min(fitting, key=lambda node: left[node])] -= size
    return ""

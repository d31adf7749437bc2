# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of the module FailoverClusters, on the nodes of a cluster, and where only the feature is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from asr_simulator.hyperv.cmdlets import enums
from asr_simulator.hyperv.cmdlets.names import chosen, objects
from asr_simulator.hyperv.cmdlets.place import Place
from asr_simulator.hyperv.hosts import Cluster, Host, Machine
from asr_simulator.hyperv.machine_states import STATE_RUNNING, STATE_STOPPING
from asr_simulator.hyperv.windows import CLUSTER_SERVICE
from powershell_subset import Call, Command, CommandError, PSObject

MODULE = "FailoverClusters"
NAMES = ("Get-Cluster", "Get-ClusterNode", "Get-ClusterResource", "Get-ClusterParameter")
TYPES = "Microsoft.FailoverClusters.PowerShell."
MACHINE = "Virtual Machine"
CONFIGURATION = "Virtual Machine Configuration"
EXCEPTION = "Microsoft.FailoverClusters.PowerShell.ClusterCmdletException"
# That of a host with the feature alone; nothing shows it, as the service does not run there.
NO_CLUSTER = Cluster("", "", "")


def commands(place: Place) -> list[Command]:
    """The cluster's commands; none on a host without the feature, whose service belongs to it."""
    if place.host.service(CLUSTER_SERVICE) is None:
        return []
    view = _View(place, place.host.cluster or NO_CLUSTER)
    named = {"positional": ("Name",)}
    return [
        view.command("Get-Cluster", lambda call: [view.cluster()], (), **named),
        view.command("Get-ClusterNode", view.nodes, (), **named),
        view.command("Get-ClusterResource", view.resources, (), **named),
        view.command("Get-ClusterParameter", view.parameters, ("InputObject",), pipeline="InputObject", **named),
    ]


class _View:
    """A cluster as one of its nodes sees it."""

    def __init__(self, place: Place, cluster: Cluster) -> None:
        self._place, self._cluster = place, cluster

    def command(
        self, name: str, run: Callable[[Call], Iterable[PSObject]], parameters: tuple[str, ...], **options: Any
    ) -> Command:
        """A command that needs the cluster service."""

        def served(place: Place, call: Call) -> Iterable[PSObject]:
            if not place.host.service_runs(CLUSTER_SERVICE):
                raise _not_running()
            yield from run(call)

        return self._place.command(name, served, parameters, module=MODULE, class_name=f"{TYPES}{{}}Command", **options)

    def cluster(self) -> PSObject:
        """The cluster itself."""
        cluster = self._cluster
        values = {"Name": cluster.name, "Domain": cluster.domain, "Id": cluster.identifier}
        return PSObject(f"{TYPES}Cluster", values, text=cluster.name)

    def nodes(self, call: Call) -> Iterable[PSObject]:
        """Its nodes."""
        found = chosen(call, "Name", self._cluster.nodes, lambda node: node.short_name, self._no("node"))
        return (self._node(node) for node in found)

    def _node(self, node: Host) -> PSObject:
        up = node.alive and node.service_runs(CLUSTER_SERVICE)
        number = self._cluster.nodes.index(node) + 1
        values = {
            "Name": node.short_name,
            "NodeName": node.short_name,
            "Id": str(number),
            "State": enums.NODE_STATE["Up" if up else "Down"],
            "Cluster": self.cluster(),
        }
        return PSObject(f"{TYPES}ClusterNode", values, text=node.short_name)

    def _machines(self) -> Iterator[Machine]:
        for node in self._cluster.nodes:
            yield from (machine for machine in node.machines if machine.is_of_cluster)

    def _owner(self, machine: Machine) -> Host:
        return next((node for node in self._cluster.nodes if node.name == machine.cluster_owner), machine.host)

    def _group(self, machine: Machine) -> PSObject:
        name = machine.cluster_group or machine.name
        values = {
            "Name": name,
            "OwnerNode": self._node(self._owner(machine)),
            "State": enums.GROUP_STATE[_group_state(machine)],
            "GroupType": enums.GROUP_TYPE["VirtualMachine"],
            "Id": self._place.hyperv.id_of("cluster group", machine.identifier),
            "Cluster": self.cluster(),
        }
        return PSObject(f"{TYPES}ClusterGroup", values, text=name)

    def resources(self, call: Call) -> Iterable[PSObject]:
        """The two resources of each virtual machine."""
        every = [self._resource(machine, kind) for machine in self._machines() for kind in (MACHINE, CONFIGURATION)]
        return chosen(call, "Name", every, lambda resource: str(resource["Name"]), self._no("resource"))

    def _resource(self, machine: Machine, kind: str) -> PSObject:
        name = f"{kind} {machine.name}"
        state = machine.configuration if kind == CONFIGURATION else resource_state(machine)
        values = {
            "Name": name,
            "State": enums.RESOURCE_STATE[state],
            "OwnerGroup": self._group(machine),
            "OwnerNode": self._node(self._owner(machine)),
            "ResourceType": PSObject(f"{TYPES}ClusterResourceType", {"Name": kind, "DisplayName": kind}, text=kind),
            "Id": self._place.hyperv.id_of(kind, machine.identifier),
            "Cluster": self.cluster(),
        }
        return PSObject(f"{TYPES}ClusterResource", values, text=name)

    def parameters(self, call: Call) -> Iterable[PSObject]:
        """The private properties of resources."""
        for resource in objects(call, "InputObject"):
            if any(not machine.tells_cluster_id for machine in self._machines_of(resource)):
                raise _unreadable(str(resource["Name"]))
            every = [self._parameter(resource, machine) for machine in self._machines_of(resource)]
            yield from chosen(call, "Name", every, lambda one: str(one["Name"]), self._no("parameter"))

    def _machines_of(self, resource: PSObject) -> list[Machine]:
        kinds = (MACHINE, CONFIGURATION)
        identifier = resource.get("Id")
        ids = self._place.hyperv.id_of
        return [one for one in self._machines() if identifier in {ids(kind, one.identifier) for kind in kinds}]

    @staticmethod
    def _parameter(resource: PSObject, machine: Machine) -> PSObject:
        values = {"ClusterObject": resource, "Name": "VmID", "Value": machine.identifier, "ParameterType": "String"}
        return PSObject(f"{TYPES}ClusterParameter", values, text="VmID")

    def _no(self, kind: str) -> Callable[[str], CommandError]:
        def missing(name: str) -> CommandError:
            message = f"An error occurred opening {kind} '{name}'.\r\n    The cluster {kind} could not be found"
            return CommandError(message, "ClusterObjectNotFound", "ObjectNotFound", exception=EXCEPTION, target=name)

        return missing


# By the states of a machine: Microsoft's table of the states of the resource Virtual Machine. Every other is Offline.
_STATES = {
    **dict.fromkeys((STATE_RUNNING, "Paused", "Pausing", "Resuming"), "Online"),
    "Starting": "OnlinePending",
    STATE_STOPPING: "OfflinePending",
}


def resource_state(machine: Machine) -> str:
    """The state of the resource of a machine, as its cluster shows it."""
    return machine.resource_trouble or _state(machine)


def _state(machine: Machine) -> str:
    """The state of the resource of a machine, which depends on that of its configuration."""
    return _STATES.get(machine.state, "Offline")


def _group_state(machine: Machine) -> str:
    """The state of the group of both: none of several that differ, but what the worst makes of it."""
    states = {machine.configuration, resource_state(machine)}
    if "Failed" in states:
        return "Failed"
    return "Pending" if any(state.endswith("Pending") for state in states) else resource_state(machine)


def _unreadable(name: str) -> CommandError:
    message = f"An error occurred while getting the private properties of '{name}'.\r\n    The handle is invalid"
    return CommandError(message, "Get-ClusterParameter", "NotSpecified", exception=EXCEPTION, target=name)


def _not_running() -> CommandError:
    message = (
        "The cluster service is not running.  Make sure that the service is running on all nodes in the cluster.\r\n"
        "    There are no more endpoints available from the endpoint mapper"
    )
    return CommandError(message, "Get-ClusterObject", "ConnectionError", exception=EXCEPTION, terminating=True)

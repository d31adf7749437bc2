# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Hyper-V host or VMM server says of itself.

States are kept as text, so that one that nobody has seen before is neither running nor off. What could not be read is
empty, 0, False or None, and HostFacts.problems tells why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from .failures import TargetError
from .host_names import HostIdentity
from .json_path import Document
from .operational_status import MAY_END_RUNNING
from .power_states import LEFT_ALONE, is_off, is_running

_THEN = "Then run the task again."
_LET_IT_END = (
    "Wait until it has ended (Status in Hyper-V Manager). One that hangs ends with a restart of the service vmms, "
    f"which leaves running VMs alone. {_THEN}"
)
_READ_THE_CLUSTER = (
    f"Let the account read the cluster (Grant-ClusterAccess -ReadOnly), or fix its service there. {_THEN}"
)
_REPAIR_THE_ROLE = (
    "Repair or remove the resource that does not report its VM (Failover Cluster Manager, Get-ClusterParameter). "
    f"{_THEN}"
)
_UNREAD_CLUSTER = "its cluster could not be read"
# So many resources are named; of more it is told how many.
_NAMED = 3
# The folder of the system's drive that a cluster mounts its shared volumes in.
_CLUSTER_STORAGE = ":\\clusterstorage\\"
# What must have been read before a machine that was not found can be called absent.
_PROVES_ABSENCE = frozenset({"services", "hyper_v", "vms", "cluster", "cluster_vms", "vmm"})


@dataclass(frozen=True)
class HostProblem:
    """A part that could not be read, with the host's own words."""

    part: str
    message: str


@dataclass(frozen=True)
class Service:
    """A Windows service. C(state) is Running, Stopped, StartPending ...; C(start_mode) Auto, Manual, Disabled."""

    name: str
    display_name: str
    state: str
    start_mode: str

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self.state == "Running"


@dataclass(frozen=True)
class Volume:
    """A volume, or a cluster shared volume, by the path that it is mounted at. Sizes are bytes."""

    path: str
    label: str
    file_system: str
    size: int
    free: int
    is_cluster_volume: bool


@dataclass(frozen=True)
class Switch:
    """A virtual switch. C(type) is External, Internal or Private, C(adapters) are those of an external one that its
    host has at this moment; C(adapter) is Hyper-V's word for it, which names none where there is C(embedded_teaming).
    """

    id: str
    name: str
    type: str
    adapter: str
    adapters: tuple[str, ...]
    embedded_teaming: bool

    @property
    def has_lost_adapter(self) -> bool:
        """Whether it is an external one that reaches no network, as its host has none of its adapters any more."""
        return self.type == "External" and not self.adapters


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint (snapshot) of a virtual machine."""

    name: str
    created: datetime | None
    type: str


@dataclass(frozen=True, slots=True)
class HostDisk:
    """A virtual hard disk. Sizes are bytes; C(size) is what the machine sees. Where the file could not be read they
    are 0, which says nothing of them, and C(unread) has the host's words."""

    path: str
    format: str
    type: str
    size: int
    file_size: int
    parent: str
    shared: bool
    unread: str

    @property
    def is_on_share(self) -> bool:
        """Whether its file is on an SMB share, by a UNC path."""
        return self.path.startswith("\\\\") and not self.path.startswith(("\\\\?\\", "\\\\.\\"))

    @property
    def is_shared(self) -> bool:
        """Whether other machines may use it: it takes their reservations, or is a VHD set."""
        return self.shared or self.path.lower().endswith(".vhds")


@dataclass(frozen=True)
class Vlan:
    """The VLAN of a network adapter. C(mode) is Untagged, Access, Trunk or Private; C(id) is that of an access port,
    the native one of a trunk or the primary one of a private VLAN, C(others) the allowed or secondary ones."""

    mode: str
    id: int
    others: str

    def __str__(self) -> str:
        return " ".join([self.mode, *([str(self.id)] if self.id else []), *([self.others] if self.others else [])])


@dataclass(frozen=True, slots=True)
class HostNic:
    """A network adapter of a virtual machine. C(switch) is empty where it is connected to none, C(vlan) None where it
    could not be read."""

    name: str
    mac: str
    switch: str
    addresses: tuple[str, ...]
    vlan: Vlan | None


@dataclass(frozen=True)
class VmSecurity:
    """Whether a virtual machine has a virtual TPM, and whether it is shielded."""

    tpm: bool
    shielded: bool


@dataclass(frozen=True, slots=True)
class HostVm:
    """A virtual machine as its host sees it. C(state) and C(heartbeat) are Hyper-V's words, and so are
    C(automatic_start_action) and C(automatic_stop_action): what the host does with it when it has started itself, and
    when it goes down. C(status) is in the host's language, C(operational_status) has names that no language changes.
    C(security) is None where it could not be read."""

    id: str
    name: str
    state: str
    generation: int
    path: str
    uptime_seconds: int
    processors: int
    memory_bytes: int
    heartbeat: str
    status: str
    operational_status: tuple[str, ...]
    automatic_start_action: str
    automatic_stop_action: str
    security: VmSecurity | None
    is_clustered: bool
    replication_mode: str
    replication_state: str
    replication_health: str
    checkpoints: tuple[Checkpoint, ...]
    disks: tuple[HostDisk, ...]
    nics: tuple[HostNic, ...]

    @property
    def is_running(self) -> bool:
        """Whether Hyper-V says that it runs and serves."""
        return is_running(self.state)

    @property
    def is_off(self) -> bool:
        """Whether Hyper-V says that it is off. It may be neither off nor running."""
        return is_off(self.state)


@dataclass(frozen=True)
class ClusterGroup:
    """A resource of a virtual machine in a failover cluster: the machine itself, or its configuration.

    C(vm_id) is empty where the resource does not tell it. C(name) and C(group_state) are those of its group,
    C(resource) and C(state) its own. C(owner) is the short name of the node that has it.
    """

    vm_id: str
    name: str
    group_state: str
    resource: str
    owner: str
    state: str


@dataclass(frozen=True)
class Cluster:
    """The failover cluster that the host is a node of. C(nodes) are names and states (Up, Down, Paused ...).

    C(groups) are the resources "Virtual Machine", C(configurations) those "Virtual Machine Configuration": a node does
    not list a machine whose configuration is not online.
    """

    name: str
    node: str
    nodes: tuple[tuple[str, str], ...]
    groups: tuple[ClusterGroup, ...]
    configurations: tuple[ClusterGroup, ...]

    def resources_of(self, vm_id: str, name: str) -> tuple[ClusterGroup, ...]:
        """Return the resources of a machine: by its id, and of those that do not tell one by their group's name."""
        every = (*self.groups, *self.configurations)
        by_id = tuple(one for one in every if vm_id and one.vm_id.lower() == vm_id.lower())
        return by_id or tuple(one for one in every if one.name == name and not (vm_id and one.vm_id))

    def group_of(self, vm_id: str, name: str) -> ClusterGroup | None:
        """Return the resource of a machine itself; None where there is none, or several are."""
        found = [one for one in self.resources_of(vm_id, name) if one in self.groups]
        return found[0] if len(found) == 1 else None

    @property
    def unidentified(self) -> tuple[ClusterGroup, ...]:
        """The resources that do not tell which machine they are."""
        return tuple(one for one in (*self.groups, *self.configurations) if not one.vm_id)


@dataclass(frozen=True)
class VmmVm:
    """A virtual machine as VMM sees it; C(id) is Hyper-V's. C(host) is empty where it is only stored in a library."""

    id: str
    name: str
    state: str
    host: str
    cloud: str


@dataclass(frozen=True)
class VmmHost:
    """A host that VMM manages. C(state) is OK, NotResponding ..."""

    name: str
    state: str
    cluster: str


@dataclass(frozen=True)
class Vmm:
    """A VMM server's fabric."""

    version: str
    hosts: tuple[VmmHost, ...]
    clouds: tuple[str, ...]
    vms: tuple[VmmVm, ...]

    def find_vm(self, vm_id: str, name: str) -> VmmVm | None:
        """Return the machine of this id, else the one of exactly this name. Raises TargetError for several."""
        return _find(self.vms, vm_id, name, "VMM")


@dataclass(frozen=True)
class StartDoubt:
    """Why a machine that is off may run soon, and what to do. C(is_seen): something says that it may; else only that it
    will not was not seen."""

    words: str
    remedy: str
    is_seen: bool = True


@dataclass(frozen=True)
class Untold:
    """Why a cluster may have a machine all the same, and what to do about it."""

    words: str
    remedy: str


@dataclass(frozen=True)
class HostFacts:
    """A host, as it was at C(time), its own clock. C(asked_between) is another clock before and after it was asked,
    C(transports) are the ways to sign in of which the first that worked was used.

    C(may_administer_hyper_v): the account is in Administrators or Hyper-V Administrators; False where nobody could say.
    """

    document: Document
    computer: str
    fqdn: str
    machine_guid: str
    time: datetime | None
    os_caption: str
    os_version: str
    os_installation: str
    powershell: str
    processors: int
    memory_bytes: int
    free_memory_bytes: int
    hyper_v_installed: bool
    has_hyper_v_module: bool
    hyper_v_version: str
    virtual_machine_path: str
    virtual_hard_disk_path: str
    may_administer_hyper_v: bool
    services: tuple[Service, ...]
    volumes: tuple[Volume, ...]
    switches: tuple[Switch, ...]
    vms: tuple[HostVm, ...]
    cluster: Cluster | None
    vmm: Vmm | None
    problems: tuple[HostProblem, ...]
    asked_between: tuple[datetime, datetime] | None = None
    transports: tuple[str, ...] = ()

    def problem_with(self, *parts: str) -> str:
        """Return the host's words about the first of these parts that could not be read; empty where all were."""
        words = next((problem.message for problem in self.problems if problem.part in parts), "")
        return " ".join(words.split())

    @property
    def absence_doubt(self) -> str:
        """Why a machine that is not found here may be here all the same; empty where it certainly is not.

        To an account without rights Hyper-V shows no machines, without an error. VMM shows those of the user's role,
        so that it proves nothing about its hosts; nothing is proved by a list that is empty for an unknown reason.
        """
        shows_machines = self.is_running("vmms") and bool(self.virtual_machine_path)
        managing = self.service("SCVMMService") is not None
        doubts = (
            (bool(self.rights_doubt), self.rights_doubt),
            (self._has_unread_cluster, _UNREAD_CLUSTER),
            (managing and self.vmm is None, "VMM could not be read"),
            (managing and not shows_machines, "VMM shows the machines of the user's role alone"),
            (not shows_machines and not self.has_no_hyper_v, "Hyper-V could not be read"),
        )
        return self.problem_with(*_PROVES_ABSENCE) or next((words for is_so, words in doubts if is_so), "")

    @property
    def has_no_hyper_v(self) -> bool:
        """Whether it certainly is no Hyper-V host, so that no machine is there."""
        return bool(self.os_version) and not self.hyper_v_installed and self.service("vmms") is None

    @property
    def _has_unread_cluster(self) -> bool:
        return self.cluster is None and (self.service("ClusSvc") is not None or bool(self.problem_with("cluster")))

    @property
    def _is_of_no_cluster(self) -> bool:
        """Whether it has the feature only: its service is disabled until it joins a cluster (Microsoft documentation,
        Clear-ClusterNode). It proves nothing where somebody may have disabled it on a node."""
        service = self.service("ClusSvc")
        return service is not None and service.start_mode == "Disabled" and not service.is_running

    def claim_of(self, vm_id: str, name: str) -> str:
        """Say what its cluster tells of a machine, whether its node lists it or not; empty where it tells nothing."""
        resources = self.cluster.resources_of(vm_id, name) if self.cluster else ()
        if self.cluster is None or not resources:
            return ""
        group = resources[0]
        states = ", ".join(f"{one.resource or group.name} is {one.state or 'in an unknown state'}" for one in resources)
        return (
            f"its cluster {self.cluster.name} has it on {group.owner or 'an unknown node'}, in the group "
            f"{group.name}, which is {group.group_state or 'in an unknown state'}: {states}"
        )

    def says_down(self, vm_id: str, name: str) -> bool:
        """Whether its cluster says that a machine, or the configuration that a node needs to list it, is not online."""
        resources = self.cluster.resources_of(vm_id, name) if self.cluster else ()
        return any(one.state != "Online" for one in resources)

    def has_clustered(self, vm: HostVm) -> bool:
        """Whether its cluster decides when a machine runs: the host says so, or the cluster has it all the same."""
        return vm.is_clustered or bool(self.claim_of(vm.id, vm.name))

    def start_doubt(self, vm: HostVm) -> StartDoubt | None:
        """Why a machine that is off may run soon; None where nothing says so.

        A cluster tries what has failed again: after an hour by default (Microsoft documentation,
        RetryPeriodOnFailure). It leaves alone what is offline.
        """
        under_way = [one for one in vm.operational_status if one in MAY_END_RUNNING]
        if under_way:
            words = f"Hyper-V has an operation in progress on it ({', '.join(under_way)}) that may end with it running"
            return StartDoubt(words, _LET_IT_END)
        if self.has_clustered(vm):
            return self._cluster_doubt(vm)
        # That the host calls it not clustered proves nothing of a cluster that does not tell what it has.
        untold = self.untold_by_cluster()
        return _not_known(untold) if untold else None

    def _cluster_doubt(self, vm: HostVm) -> StartDoubt | None:
        untold = self.untold_by_cluster() or Untold("its resource there was not read", _READ_THE_CLUSTER)
        if self.cluster is None:
            return _not_known(untold)
        resources = self.cluster.resources_of(vm.id, vm.name)
        if vm.is_clustered and not any(one.vm_id for one in resources):
            # Nobody knows which of the roles is its own: any that does not tell may be.
            resources = (*resources, *self.cluster.unidentified)
        own = [one for one in resources if one in self.cluster.groups]
        denied = "" if vm.is_clustered else ", although its host says that it is not clustered"
        for words, group in _may_come_online(resources, own):
            seen = f"{words}{denied}, so that its cluster may start it"
            return StartDoubt(seen, f"Take the role {group} offline (Stop-ClusterGroup). {_THEN}")
        is_read = bool(own) and all(one.state and one.vm_id for one in own)
        return None if is_read else _not_known(untold)

    def doubt_about(self, vm_id: str, name: str) -> str:
        """Why one machine that is not found here may be there all the same; empty where it certainly is not."""
        claim = self.claim_of(vm_id, name)
        if claim:
            return f"{claim}; {self.computer or 'the host'} does not list it"
        untold = self.untold_by_cluster()
        return untold.words if untold else self.absence_doubt

    def untold_by_cluster(self) -> Untold | None:
        """Say why its cluster may have any machine: it was not read, or does not report which machine a role is."""
        if self._has_unread_cluster and not self._is_of_no_cluster:
            return Untold(f"{_UNREAD_CLUSTER}{self._words_about('cluster')}", _READ_THE_CLUSTER)
        untold = [one.resource or one.name for one in self.cluster.unidentified] if self.cluster else []
        if not untold:
            return None
        more = f" and {len(untold) - _NAMED} more" if len(untold) > _NAMED else ""
        which = f"which VM {', '.join(untold[:_NAMED])}{more} is"
        return Untold(f"its cluster does not report {which}{self._words_about('cluster_vms')}", _REPAIR_THE_ROLE)

    def _words_about(self, part: str) -> str:
        words = self.problem_with(part)
        return f" ({words})" if words else ""

    @property
    def identity(self) -> HostIdentity:
        """Which machine it says that it is."""
        return HostIdentity(self.computer, self.fqdn, self.machine_guid)

    @property
    def rights_doubt(self) -> str:
        """Why Hyper-V may have shown this account nothing, without an error; empty where it shows all that it has."""
        if self.may_administer_hyper_v:
            return ""
        return "the account may not see every VM: it has no right to administer Hyper-V there"

    @property
    def is_vmm_server(self) -> bool:
        """Whether it is a VMM server, whether its service runs or not."""
        return self.service("SCVMMService") is not None

    def service(self, name: str) -> Service | None:
        """Return the service of this name; None where it is not installed."""
        return next((service for service in self.services if service.name.lower() == name.lower()), None)

    def is_running(self, name: str) -> bool:
        """Whether the service of this name is installed and runs."""
        service = self.service(name)
        return service is not None and service.is_running

    def volume_of(self, path: str) -> Volume | None:
        """Return the volume that a path is on: the one with the longest mount point above it.

        None is known where a path is below a cluster's volumes and none of these was read: the disk that they are
        mounted on holds none of it.
        """
        above = [volume for volume in self.volumes if _folder(path).startswith(_folder(volume.path))]
        found = max(above, key=lambda volume: len(volume.path), default=None)
        is_shared = _CLUSTER_STORAGE in _folder(path)
        return None if found is not None and is_shared and not found.is_cluster_volume else found

    def find_vm(self, vm_id: str, name: str) -> HostVm | None:
        """Return the machine of this id, else the one of exactly this name. Raises TargetError for several.

        None proves nothing where there is a C(doubt_about) it.
        """
        return _find(self.vms, vm_id, name, self.computer)

    def owner_of(self, vm_id: str, name: str) -> str:
        """Return the name of the cluster node that has a machine; empty where it is not clustered."""
        resources = self.cluster.resources_of(vm_id, name) if self.cluster else ()
        owners = {one.owner for one in resources}
        return owners.pop() if len(owners) == 1 else ""

    def group_of(self, vm_id: str, name: str) -> ClusterGroup | None:
        """Return what the cluster says of a machine's own resource; None where it is not clustered."""
        return self.cluster.group_of(vm_id, name) if self.cluster else None


_Machine = TypeVar("_Machine", HostVm, VmmVm)


def _find(machines: Iterable[_Machine], vm_id: str, name: str, place: str) -> _Machine | None:
    by_id = [vm for vm in machines if vm_id and vm.id.lower() == vm_id.lower()]
    found = by_id or [vm for vm in machines if name and vm.name == name]
    if len(by_id) > 1:
        raise TargetError(
            f"{place} has {len(by_id)} records of the virtual machine {vm_id}.",
            "Find out which of them is right, and remove the others; nothing is done with any of them.",
            candidates=[vm.name for vm in by_id],
        )
    if len(found) > 1:
        raise TargetError(
            f"{place} has {len(found)} virtual machines called '{name}', none with the id {vm_id or 'that is meant'}.",
            "Find out which of them is meant by their ids; nothing is done with any of them.",
            candidates=[vm.id for vm in found],
        )
    return found[0] if found else None


def _may_come_online(resources: Iterable[ClusterGroup], own: Iterable[ClusterGroup]) -> Iterator[tuple[str, str]]:
    """Yield why a cluster may start a machine, with the name of the group: its own resource is not offline, or waits
    for its configuration while the group is brought online."""
    for one in own:
        if one.state not in ("", LEFT_ALONE):
            yield f"{one.resource or one.name} is {one.state}", one.name
    for one in resources:
        if one.group_state == "Pending" or one.state == "OnlinePending":
            yield f"its group {one.name} is {one.group_state or one.state}", one.name


def _not_known(untold: Untold) -> StartDoubt:
    return StartDoubt(f"whether its cluster starts it is not known: {untold.words}", untold.remedy, is_seen=False)


def _folder(path: str) -> str:
    return path.replace("/", "\\").rstrip("\\").lower() + "\\"

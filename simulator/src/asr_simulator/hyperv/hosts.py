# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hyper-V hosts and VMM servers, and the virtual machines on them: host and machine know each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from asr_simulator.hyperv.machine_states import (
    ASKED,
    COMPONENT_FAILS,
    COMPONENT_LOCKED,
    COMPONENT_MISSING,
    COMPONENT_WORKS,
    CONSISTENT,
    FAILED,
    IN_PROGRESS,
    INVALID_STATE,
    LISTED,
    LOCKED,
    NOT_READY,
    OFF,
    RUNNING,
    START_IF_RUNNING,
    STATE_OFF,
    STATE_PAUSED,
    STATE_RUNNING,
    STATE_SAVED,
    STATE_STOPPING,
    STOP_SAVE,
    Replication,
    not_replicated,
)
from asr_simulator.hyperv.storage import GIB, Checkpoint, ForeignDisk, VirtualDisk, Volume
from asr_simulator.hyperv.switches import NetworkAdapter, NetworkCard, Switch
from asr_simulator.hyperv.windows import SERVICE_RUNNING, OperatingSystem, Service
from asr_simulator.hyperv.winrm import Remoting
from powershell_subset import Answer


class StartRefused(RuntimeError):
    """The virtual machine does not start; the message is Hyper-V's reason."""


@dataclass(eq=False)
class Cluster:
    """A failover cluster; its nodes share volumes and virtual machines."""

    name: str
    domain: str
    identifier: str
    nodes: list[Host] = field(default_factory=list)
    volumes: list[Volume] = field(default_factory=list)


@dataclass(eq=False)
class Host:
    """A server. ``accounts`` are the user names that it takes with their passwords; ``winrm``: it can be reached.
    ``silent``: who tries to reach it hears nothing, instead of being refused.

    ``installation`` is Server, or Server Core, as Windows' own registry has it.
    ``constrained``: PowerShell runs in Constrained Language Mode, ``remoting`` is what goes wrong in its WinRM.
    ``shows_cim``: its accounts may ask the classes of CIM. ``image`` is the name of the host whose disk it was made of,
    whose MachineGuid it then shares.
    ``has_powercli``: VMware PowerCLI is installed, and comes first on the path of modules.
    ``second_hop``: what runs in a session may go on to other servers as the account, as CredSSP and delegation let it.
    ``administered``: its accounts are administrators; to others Hyper-V shows nothing, without an error.
    ``has_module`` is the one for PowerShell that belongs to the role, ``needed_services`` are those without which it
    serves no vault. ``answers`` are told for users' commands.
    """

    name: str
    os: OperatingSystem
    processors: int
    memory: int
    booted: datetime
    installed: datetime
    winrm: bool = True
    alive: bool = True
    silent: bool = False
    role_installed: bool = True
    has_module: bool = True
    clock_offset: float = 0.0
    administered: bool = True
    shows_cim: bool = True
    image: str = ""
    installation: str = "Server"
    constrained: bool = False
    second_hop: bool = False
    has_powercli: bool = False
    remoting: Remoting = field(default_factory=Remoting, repr=False)
    services: dict[str, Service] = field(default_factory=dict)
    needed_services: tuple[str, ...] = ()
    volumes: list[Volume] = field(default_factory=list)
    cards: list[NetworkCard] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list, repr=False)
    # How often a command was to read the file of a virtual disk, which costs a real host time.
    disk_files_asked_for: int = 0
    cluster: Cluster | None = field(default=None, repr=False)
    manages: VmmServer | None = field(default=None, repr=False)
    accounts: dict[str, str] = field(default_factory=dict, repr=False)
    answers: tuple[Answer, ...] = ()

    @property
    def short_name(self) -> str:
        """Its NetBIOS name: ``HV-RTM-01``."""
        return self.name.partition(".")[0].upper()[:15]

    @property
    def in_domain(self) -> bool:
        """Whether it belongs to a domain."""
        return "." in self.name

    @property
    def domain(self) -> str:
        """Its DNS domain; ``WORKGROUP`` without one."""
        return self.name.partition(".")[2] or "WORKGROUP"

    @property
    def os_version(self) -> str:
        """Three numbers: ``10.0.20348``."""
        return self.os.version

    @property
    def reachable(self) -> bool:
        """Whether its WinRM can be reached."""
        return self.alive and self.winrm and not self.silent

    @property
    def serves_vault(self) -> bool:
        """Whether what the vault needs of it runs."""
        return self.alive and all(self.service_runs(name) for name in self.needed_services)

    def service_runs(self, name: str) -> bool:
        """Whether it has a service of that name, and it runs."""
        service = self.service(name)
        return service is not None and service.state == SERVICE_RUNNING

    @property
    def storage(self) -> Volume:
        """Where it puts new virtual machines: a shared volume, else the first that is not the system's."""
        shared = (volume for volume in self.volumes if volume.cluster)
        data = (volume for volume in self.volumes if volume.path.upper() != "C:")
        return next(shared, None) or next(data, None) or self.volumes[0]

    @property
    def shown_machines(self) -> list[Machine]:
        """The virtual machines that Hyper-V shows to its accounts."""
        return [machine for machine in self.machines if machine.is_listed] if self.administered else []

    @property
    def shown_switches(self) -> list[Switch]:
        """The switches that Hyper-V shows to its accounts."""
        return self.switches if self.administered else []

    @property
    def machine_folder(self) -> str:
        """The default folder of virtual machines."""
        return f"{self.storage.root}Hyper-V"

    @property
    def disk_folder(self) -> str:
        """The default folder of virtual disks."""
        return f"{self.machine_folder}\\Virtual Hard Disks"

    def changeable(self) -> dict[str, Any]:
        """What a command may change of it: its switches, and how its machines run and start, by their ids."""
        machines = {one.identifier: (one.state, one.automatic_start_action) for one in self.machines}
        return {**machines, **{one.identifier: one.changeable for one in self.switches}}

    def service(self, name: str) -> Service | None:
        """The service of that name."""
        return next((one for one in self.services.values() if one.name.lower() == name.lower()), None)

    @property
    def shown_cards(self) -> list[NetworkCard]:
        """The network cards that Windows has."""
        return [card for card in self.cards if card.present]

    def switch(self, name: str) -> Switch | None:
        """The switch of that name."""
        return next((one for one in self.switches if one.name.lower() == name.lower()), None)

    def volume(self, path: str) -> Volume | None:
        """The volume of that path, with or without a backslash at the end."""
        wanted = path.rstrip("\\").lower()
        return next((one for one in self.volumes if one.path.rstrip("\\").lower() == wanted), None)


@dataclass(eq=False)
class VmmServer:
    """What a VMM server manages."""

    hosts: list[Host]
    clouds: tuple[str, ...]
    version: str = "10.22.1287.0"


@dataclass(eq=False)
class Machine:
    """A virtual machine that a host knows, or knew: ``exists`` tells.

    ``unsaved_data``: an application keeps the guest from shutting down unless it is forced. ``turned_off`` is how often
    somebody turned it off while it ran, as by its power switch, ``turned_off_unasked`` how often without that anybody
    had asked its guest to shut down before (``was_asked``), though it could have been asked.
    ``configuration`` is the state of its cluster's resource for its configuration; ``tells_cluster_id``: which machine
    its resources are can be read. ``record`` is what VMM says of its record instead of the machine's state.
    ``left_chain`` is the mark of differencing files that a backup has left without a checkpoint,
    ``replication_trouble`` what its host shows of its replication whatever the vault thinks.
    ``operation`` is what Hyper-V does with it at this moment, or what is wrong with it, in its operational status;
    ``resource_trouble`` the state of its resource in a cluster, where that does not follow from its own, and
    ``cluster_owner`` the node that owns it there, where that is not the host that lists it, ``cluster_group`` the name
    of its group, where somebody renamed that. ``has_role``: the cluster of its host has it, so that it is highly
    available; ``denies_role``: its host says that it is not all the same.
    ``disks_state`` says whether the disks hold a whole copy: one whose disks are being written is not fit to boot.
    """

    identifier: str
    name: str
    host: Host = field(repr=False)
    path: str
    created: datetime
    generation: int = 2
    os: str = "Windows"
    processors: int = 2
    memory: int = 16 * GIB
    boot_seconds: float = 45.0
    shutdown_seconds: float = 15.0
    shutdown_component: str = COMPONENT_WORKS
    unsaved_data: bool = False
    turned_off: int = 0
    turned_off_unasked: int = 0
    was_asked: bool = False
    state: str = STATE_OFF
    automatic_start_action: str = START_IF_RUNNING
    automatic_stop_action: str = STOP_SAVE
    operation: str = ""
    has_tpm: bool = False
    is_shielded: bool = False
    resource_trouble: str = ""
    cluster_owner: str = ""
    cluster_group: str = ""
    has_role: bool = True
    denies_role: bool = False
    started: datetime | None = None
    stopping_since: datetime | None = None
    disks: list[VirtualDisk] = field(default_factory=list)
    adapters: list[NetworkAdapter] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    disks_state: str = CONSISTENT
    cloud: str | None = None
    heartbeat_works: bool = True
    may_start: bool = True
    readable: bool = True
    configuration: str = LISTED
    tells_cluster_id: bool = True
    record: str = ""
    replication: Callable[[], Replication] = field(default=not_replicated, repr=False)
    replication_trouble: Replication | None = None
    foreign_disks: list[ForeignDisk] = field(default_factory=list)
    left_chain: str = ""

    @property
    def shown_replication(self) -> Replication:
        """What its host shows of its replication."""
        return self.replication_trouble or self.replication()

    @property
    def exists(self) -> bool:
        """Whether its host has it."""
        return self in self.host.machines

    @property
    def is_of_cluster(self) -> bool:
        """Whether the cluster of its host has it."""
        return self.host.cluster is not None and self.has_role

    @property
    def power(self) -> str:
        """``running`` or ``off``: a saved or paused machine serves nobody, but only the saved one is off."""
        return OFF if self.state in (STATE_OFF, STATE_SAVED) else RUNNING

    @property
    def is_listed(self) -> bool:
        """Whether its host has it in its list."""
        return self.configuration == LISTED

    def configure(self, state: str) -> None:
        """Its cluster takes its configuration offline, or on again; what depends on that goes off, or is saved."""
        self.configuration = state
        if state == "Failed":
            self.turn_off()
        elif state != LISTED and self.state != STATE_OFF:
            self.state, self.started = STATE_SAVED, None

    @property
    def is_consistent(self) -> bool:
        """Whether its disks hold a whole copy."""
        return self.disks_state == CONSISTENT

    def start(self, now: datetime) -> None:
        """It runs from now on.

        Raises:
            StartRefused: it cannot.
        """
        if not self.is_listed:
            raise StartRefused("Hyper-V was unable to find the virtual machine.")
        if not self.may_start:
            raise StartRefused("The virtual machine could not be started.")
        if not all(disk.present for disk in self.disks):
            raise StartRefused("The system cannot find the file specified.")
        self.run(now)

    def run(self, now: datetime) -> None:
        """It runs from now on, whatever speaks against it."""
        self.state, self.started, self.was_asked = STATE_RUNNING, now, False

    def turn_off(self, *, hard: bool = False) -> None:
        """It runs no more. ``hard``: somebody has turned it off."""
        if hard and self.state != STATE_OFF:
            self.turned_off += 1
            can_be_asked = self.state == STATE_RUNNING and self.shutdown_component != COMPONENT_MISSING
            self.turned_off_unasked += can_be_asked and not self.was_asked
        self.state, self.started = STATE_OFF, None

    def shutdown_objection(self, now: datetime, *, force: bool) -> int:
        """What keeps its guest from being asked to shut down, as InitiateShutdown returns it; 0: nothing."""
        if self.state == STATE_STOPPING:
            return IN_PROGRESS
        if self.state != STATE_RUNNING:
            return INVALID_STATE
        if not self.has_booted(now):
            return NOT_READY
        if self.shutdown_component == COMPONENT_LOCKED and not force:
            return LOCKED
        return FAILED if self.shutdown_component == COMPONENT_FAILS else ASKED

    def withdraw_shutdown(self) -> None:
        """Its guest is asked no more, and goes on running."""
        if self.state == STATE_STOPPING:
            self.state, self.stopping_since = STATE_RUNNING, None

    def begin_shutdown(self, now: datetime) -> None:
        """Its guest goes down from now on; it serves nobody any more, and is not off yet."""
        self.state, self.stopping_since = STATE_STOPPING, now

    def end_shutdown(self, begun: datetime) -> None:
        """The shutdown of then is over, unless something else became of the machine meanwhile."""
        if self.state == STATE_STOPPING and self.stopping_since == begun:
            self.turn_off()

    def uptime(self, now: datetime) -> timedelta:
        """How long it has been running."""
        return timedelta() if self.started is None else max(timedelta(), now - self.started)

    def has_booted(self, now: datetime) -> bool:
        """Whether its operating system runs and answers."""
        return (
            self.state == STATE_RUNNING
            and self.heartbeat_works
            and self.is_consistent
            and self.uptime(now).total_seconds() >= self.boot_seconds
        )

    def heartbeat(self, now: datetime) -> str | None:
        """Hyper-V's word for it; None while the machine is off."""
        if self.state == STATE_PAUSED:
            return "Paused"
        if self.state != STATE_RUNNING:
            return None
        if not self.has_booted(now):
            return "NoContact"
        return "OkApplicationsHealthy" if self.os == "Windows" else "OkApplicationsUnknown"

    def addresses(self, adapter: NetworkAdapter, now: datetime) -> list[str]:
        """What the guest reports of an adapter: nothing before it has booted, nothing of one without a switch."""
        return [adapter.address] if adapter.switch is not None and self.has_booted(now) else []

    def rest(self, now: datetime) -> None:
        """Nothing is written to its disks any more."""
        for disk in self.disks:
            disk.rest(now)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual machines of Hyper-V hosts, with their disks, network adapters and checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asr_simulator.hyperv.hosts import Host, Volume

# The words of Hyper-V's own State, and the two that the control API knows.
STATE_OFF, STATE_RUNNING, STATE_SAVED, STATE_PAUSED = "Off", "Running", "Saved", "Paused"
STATE_STOPPING = "Stopping"
# What the guest does when its host asks it to shut down: it does, it has no component for it, it refuses, or it is
# locked and does so only when it is forced.
COMPONENT_WORKS, COMPONENT_MISSING, COMPONENT_FAILS, COMPONENT_LOCKED = "works", "missing", "fails", "locked"
# What InitiateShutdown of Msvm_ShutdownComponent returns (Microsoft documentation).
ASKED, FAILED, INVALID_STATE, NOT_READY, LOCKED, IN_PROGRESS = 0, 32768, 32775, 32780, 32781, 32782
# What a cluster's resource "Virtual Machine Configuration" may be: only while it is online a host lists its machine.
LISTED, UNLISTED = "Online", ("Offline", "Failed", "OfflinePending")
# What a host does with a machine when it has started itself.
START_NOTHING, START_IF_RUNNING, START_ALWAYS = "Nothing", "StartIfRunning", "Start"
# What it does with one that runs when it goes down itself.
STOP_TURN_OFF, STOP_SAVE, STOP_SHUT_DOWN = "TurnOff", "Save", "ShutDown"
OFF, RUNNING = "off", "running"
CONSISTENT, INCONSISTENT = "consistent", "inconsistent"

GIB = 1024**3
MIB = 1024**2
HYPERV_MAC = "00155D"  # how the addresses begin that Hyper-V gives
FRESH_FILE = 4 * MIB  # a dynamically expanding VHDX that holds nothing


class StartRefused(RuntimeError):
    """The virtual machine does not start; the message is Hyper-V's reason."""


@dataclass(frozen=True)
class Replication:
    """How Hyper-V shows a machine's replication, in its own words."""

    state: str = "Disabled"
    health: str = "NotApplicable"
    mode: str = "None"


def not_replicated() -> Replication:
    """What Hyper-V shows of a machine without replication."""
    return Replication()


@dataclass(eq=False)
class VirtualDisk:
    """A dynamically expanding VHDX file; sizes in bytes. It may be growing."""

    path: str
    size: int
    volume: Volume = field(repr=False)
    identifier: str
    holds: int = FRESH_FILE
    present: bool = True
    _grows: tuple[datetime, float, int] | None = None

    def file_size(self, now: datetime) -> int:
        """What the file takes of its volume now."""
        if not self.present:
            return 0
        if self._grows is None:
            return self.holds
        since, seconds, target = self._grows
        share = 1.0 if seconds <= 0 else min(1.0, (now - since).total_seconds() / seconds)
        return self.holds + int((target - self.holds) * share)

    @property
    def final_size(self) -> int:
        """What it takes when it has grown."""
        if not self.present:
            return 0
        return self.holds if self._grows is None else self._grows[2]

    def grow(self, by: int, seconds: float, now: datetime) -> None:
        """Grow by so many bytes in so many seconds, never beyond the size of the disk."""
        self.rest(now)
        self._grows = (now, seconds, max(self.holds, min(self.size, self.holds + by)))

    def finish(self) -> None:
        """What was to be written is."""
        self.holds, self._grows = self.final_size, None

    def rest(self, now: datetime) -> None:
        """Grow no more."""
        self.holds, self._grows = self.file_size(now), None


PASS_THROUGH, SHARED, EXCLUDED = "pass_through", "shared", "excluded"


@dataclass(frozen=True)
class ForeignDisk:
    """A disk that is no part of the replication: passed through, shared with others, or excluded from it."""

    kind: str
    path: str
    identifier: str
    size: int = 100 * GIB


@dataclass
class NetworkAdapter:
    """A network adapter; ``mac`` is 12 hex digits, ``switch`` None: not connected.

    ``wanted_switch`` is the one that it was made for, ``vlan`` the one that it is an access port of (0: untagged).
    """

    identifier: str
    mac: str
    address: str
    switch: str | None
    wanted_switch: str | None
    name: str = "Network Adapter"
    vlan: int = 0


@dataclass
class Checkpoint:
    """A checkpoint; ``type`` is Hyper-V's word for it, Recovery for one that a backup has made."""

    identifier: str
    name: str
    created: datetime
    type: str = "Standard"


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
    ``cluster_owner`` the node that owns it there, where that is not the host that lists it. ``has_role``: the cluster
    of its host has it, so that it is highly available; ``denies_role``: its host says that it is not all the same.
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

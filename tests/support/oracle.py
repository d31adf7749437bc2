# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what a client did to a simulated vault, by the simulator's journal and its two worlds of machines.

It knows nothing of the collection: neither its output nor its idea of a stage. What it holds true:

- a step is started once: never while a job owns the machine, never in a stage that does not call for it;
- nothing is committed before its cut-over, and no commit deletes what Azure alone has;
- nothing is committed unseen: since the cut-over the client has read the Azure VM and asked the on-premises VM's host,
  or somebody stands for the side that it has not;
- nothing is committed for a machine that its own host says it does not have, nor for one that was not seen while
  another copy of it was seen running, unless a person has accepted that: evidence may be that of another one;
- no machine boots from disks that are being written, and never do both copies serve;
- no running machine is overwritten;
- no machine is turned off on its host unless its user has allowed that, and its guest was asked to shut down before;
- no copy counts as absent that is there: one that its host's list does not show is neither made a second time nor taken
  for off when the Azure VM is started;
- nothing is asked for under an empty name;
- no write moves a machine that its sender did not name, where `named` tells whom that is;
- a write rests on a look: what it is about was read since the last time that it was sent, and not long before;
- each change on a host has a fate, and who says that it was made or not made is right; that it is unknown, too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asr_simulator.compute.machines import RUNNING as RUNS_IN_AZURE
from asr_simulator.hyperv.cmdlets.clusters import resource_state
from asr_simulator.hyperv.hosts import Host, Machine
from asr_simulator.hyperv.machine_states import RUNNING
from asr_simulator.hyperv.machine_states import STATE_OFF as SHOWN_OFF
from asr_simulator.server import Simulator
from asr_simulator.site_recovery.model import lifecycle
from asr_simulator.site_recovery.model.item_view import FAILBACK_SCENARIOS
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.world import World

# In which stages a step may be started; a planned failover goes both ways.
MAY_START = {
    "plannedFailover RecoveryToPrimary": lifecycle.MAY_FAIL_BACK,
    "plannedFailover PrimaryToRecovery": frozenset({lifecycle.PROTECTED}),
    "failoverCommit": frozenset({lifecycle.FAILBACK_COMMIT_PENDING, lifecycle.FAILOVER_COMMIT_PENDING}),
    "reProtect": frozenset({lifecycle.FAILED_BACK}),
}
# The stages from which a machine comes to its cut-over; one that a failed commit leaves is none.
CUTS_OVER = frozenset({lifecycle.COMPLETING, lifecycle.SYNCHRONIZING})
OK, ACCEPTED = 200, 202
# What a client says of a change on a host, and what it is of: a machine's power or start action, or a switch.
MADE, NOT_MADE, UNKNOWN = "made", "not made", "unknown"
POWER, START, SWITCH = "power", "start", "switch"
# How old a look may be when the write that rests on it arrives, in seconds: at one machine; what a plan may need more
# for each of its machines and each host.
OLDEST, OF_EACH_MACHINE, OF_EACH_HOST = 30, 2, 10
# What such a write rests on besides the item: the Azure VM, and the host of the machine where hosts are asked at all.
RESTS_ON_BOTH_SIDES = frozenset({"plannedFailover RecoveryToPrimary", "resume", "failoverCommit", "start"})
# The steps that write to on-premises disks.
WRITES_ON_PREMISES = frozenset({"plannedFailover RecoveryToPrimary", "resume"})
# What Hyper-V does with a VM that is off, and after which it may run; what else keeps its disks from being written to.
MAY_START_A_VM = frozenset({"MigratingVirtualMachine", "MigratingPlannedVm", "WaitingToStart"})
LOST_STORAGE = "CriticalIoError"
HOLDS_DISKS = frozenset(
    {
        *("MergingDisks", "BackingUpVirtualMachine", "ExportingVirtualMachine", LOST_STORAGE),
        *("CreatingSnapshot", "ApplyingSnapshot", "DeletingSnapshot"),
        *("StorageMigrationPhaseOne", "StorageMigrationPhaseTwo"),
    }
)
# Answers that say that nothing was done.
ASKS_AGAIN = frozenset({401, 429})
# Not the client's fault, or no decision of Azure about the step.
NO_REFUSAL = frozenset({401, 403, 429})


@dataclass
class _Copies:
    """What is known of the two copies of a machine from one look to the next."""

    stage: str
    runs_on_premises: bool = False
    exists_in_azure: bool = False
    azure_is_ahead: bool = False
    # How many requests and sessions there were when it was cut over.
    requests: int = 0
    sessions: int = 0


@dataclass
class Oracle:
    """Watches a simulator from now on, until it is reset: then make another one.

    `asks_hosts`: whether the client can ask hosts at this time. `excused` are names of machines that somebody else
    starts: that two copies serve, or one from disks that are being written, is then not held against the client.
    `refusals` tells whether a write that Azure refuses is a violation: a client that reads before it writes sends none,
    unless somebody comes between. `stands_for` tells of a machine's name and a side (azure, on_premises) whether
    evidence of this cut-over, or the word of a person who named that machine, stands for what the client has not seen
    of it; `accepted` tells of a name whether it is a person's word. `forces_off` tells whether the client may turn
    machines off at this time.
    """

    simulator: Simulator
    refusals: bool = True
    excused: set[str] = field(default_factory=set)
    stands_for: Callable[[str, str], bool] = lambda _name, _side: False
    accepted: Callable[[str], bool] = lambda _name: False
    named: frozenset[str] | None = None
    asks_hosts: bool = True
    forces_off: bool = False
    violations: list[str] = field(default_factory=list)
    started: Counter[tuple[str, str]] = field(default_factory=Counter)
    _world: World | None = None
    _seen: int = 0
    _changes: int = 0
    _copies: dict[str, _Copies] = field(default_factory=dict)
    _turned_off: dict[Machine, int] = field(default_factory=dict)
    _unasked: dict[Machine, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.simulator.locked(self._begin)

    def ends(self, expected: Mapping[str, str]) -> list[str]:
        """All violations, those at the end included: `expected` is the stage that each machine has to be in."""
        stages = {item["name"]: item["stage"] for item in self.simulator.state()["items"]}
        for name, stage in expected.items():
            if stages.get(name) != stage:
                self._object(f"{name} ended as {stages.get(name)}, not as {stage}")
        return self.violations

    def hears_of_changes(self, told: Mapping[tuple[str, str], str]) -> None:
        """A client says what became of the changes on hosts since it was heard last, each by its host and what it is.

        What it does not name it says not to have changed.
        """
        world = self._world
        if world is None:
            raise ValueError("nothing is watched")
        made = {(one["host"], what) for one in world.hyperv.changes[self._changes :] for what in _changed(one)}
        self._changes = len(world.hyperv.changes)
        for host, what in made | set(told):
            fate, true = told.get((host, what), NOT_MADE), MADE if (host, what) in made else NOT_MADE
            if fate not in (true, UNKNOWN):
                self._object(f"a change of {what} on {host} was {true}, and is said to be {fate}")

    def settle(self, name: str) -> None:
        """Somebody has looked at both copies of a machine and decided: what Azure alone had is not missed."""
        self._copies[name].azure_is_ahead = False

    def repeated(self) -> list[str]:
        """The steps that were accepted more than once for one machine."""
        return [f"{name}: {step} {count} times" for (name, step), count in self.started.items() if count > 1]

    def _begin(self, world: World) -> None:
        self._world, self._seen = world, world.journal.count
        self._changes = len(world.hyperv.changes)
        for item in world.vault.items:
            self._copies[item.name] = _Copies(item.stage)
            self._look_at(world, item)
        self._turned_off = {machine: machine.turned_off for machine in world.hyperv.machines()}
        world.clock.watch(lambda: self._look(world))
        self.simulator.watch(self._hear)

    def _hear(self, world: World) -> None:
        """A request was answered: judge it before time goes on, for the machines are still as it found them."""
        if world is not self._world:
            return
        for entry in world.journal.entries(self._seen):
            if "//" in entry["path"] or entry["path"].endswith("/"):
                self._object(f"something without a name was asked for: {entry['path']}")
        for entry in world.journal.entries(self._seen, writes=True):
            self._judge_look(world, entry)
            self._judge(world, entry)
        self._seen = world.journal.count
        self._look(world)

    def _judge(self, world: World, entry: Mapping[str, Any]) -> None:
        step = _step_of(entry)
        # What its sender was told may be another thing: a fault can hide that a write was taken.
        if entry["handled"] != ACCEPTED:
            if self.refusals and is_refused(entry):
                self._object(f"{step} of {entry['path']} was refused with {entry['handled']}")
            return
        job = world.vault.find_operation(entry["operation"] or "")
        for item in _items_moved(world, entry["path"]):
            if self.named is not None and item.name not in self.named:
                self._object(f"{step} moved {item.name}, which nobody named")
        for item in _items_of(world, entry["path"]):
            self.started[item.name, step] += 1
            if step in MAY_START:
                self._judge_start(world, item, step, job)
            if _creates(entry):
                self._judge_hidden(item, "was to be made a second time")
            if step in WRITES_ON_PREMISES and item.in_azure:
                held = frozenset() if _is_of_another_host(world, item, entry) else HOLDS_DISKS
                self._judge_unsteady(world, item, "was to be written to", {*MAY_START_A_VM, *held})
        for item in _items_in_azure(world, entry["path"]) if step == "start" else ():
            self._judge_hidden(item, "was started in Azure")
            self._judge_unsteady(world, item, "was started in Azure", MAY_START_A_VM)

    def _judge_hidden(self, item: Item, what: str) -> None:
        """Something was done that rests on the on-premises copy being absent or off: hidden it is neither."""
        machine = item.on_premises
        is_hidden = machine.exists and machine.host.reachable and not machine.is_listed
        if is_hidden and self.asks_hosts and not self.stands_for(item.name, "on_premises"):
            self._object(f"{item.name} {what} while {machine.host.name} has it and does not list it")

    def _judge_unsteady(self, world: World, item: Item, what: str, operations: Collection[str]) -> None:
        """Something was done that rests on the on-premises copy staying off, and its disks being left alone."""
        machine = item.on_premises
        if not (self.asks_hosts and _is_shown(world, machine)) or self.stands_for(item.name, "on_premises"):
            return
        if machine.operation in operations:
            self._object(f"{item.name} {what} while {machine.host.name} shows {machine.operation}")
        elif _has_told_role(machine) and resource_state(machine) != "Offline":
            self._object(f"{item.name} {what} while its cluster shows it as {resource_state(machine)}")

    def _judge_look(self, world: World, entry: Mapping[str, Any]) -> None:
        """What a write rests on was read since it was sent before, and not too long ago, whatever the network did."""
        step, items = _step_of(entry), [*_items_of(world, entry["path"]), *_items_in_azure(world, entry["path"])]
        before = world.journal.entries()[: entry["seq"] - 1]
        again = max((one["seq"] for one in before if one["write"] and one["path"] == entry["path"]), default=0)
        for item in items:
            for what, looks in _looks_at(world, item, step, before).items():
                if what == "host" and not self.asks_hosts:
                    continue
                if not any(seq > again for seq, _time in looks):
                    self._object(f"{step} of {item.name} was sent without a look at its {what}")
                elif _seconds(looks[-1][1], entry["time"]) > _oldest(world, len(items)):
                    self._object(f"{step} of {item.name} was sent on an old look at its {what}")

    def _judge_start(self, world: World, item: Item, step: str, job: Job | None) -> None:
        if item.job is not None and item.job is not job:
            self._object(f"{step} of {item.name} was started while job {item.job.scenario} owned it")
        elif item.stage not in MAY_START[step]:
            self._object(f"{step} of {item.name} was started while it was {item.stage}")
        elif step == "failoverCommit" and item.stage == lifecycle.FAILBACK_COMMIT_PENDING:
            self._judge_sight(world, item)
            if not self.accepted(item.name):
                self._judge_place(world, item)

    def _judge_sight(self, world: World, item: Item) -> None:
        """A commit was sent: were both copies seen since the cut-over, the Azure VM by the last look at it?"""
        before = self._copies[item.name]
        path, host = item.azure_vm_path.lower(), item.on_premises.host.name
        looks = [one for one in world.journal.entries(before.requests) if _is_look_at(one, path)]
        sessions = world.shells.sessions(before.sessions)
        seen = {
            "azure": bool(looks) and looks[-1]["status"] == OK,
            "on_premises": any(one["host"] == host and _is_answer(one) for one in sessions),
        }
        if _is_shown(world, item.on_premises) and item.on_premises.state == SHOWN_OFF and not _is_away(world, item):
            self._object(f"{item.name} was committed while {host} showed it off")
        if _is_shown(world, item.on_premises) and item.on_premises.operation == LOST_STORAGE:
            self._object(f"{item.name} was committed while {host} showed that its storage was away")
        for side in (side for side, is_seen in seen.items() if not (is_seen or self.stands_for(item.name, side))):
            self._object(f"{item.name} was committed although its copy {side} was not seen, and nothing stood for it")

    def _judge_place(self, world: World, item: Item) -> None:
        """A commit was sent: was its machine denied by its own host, or another copy seen running in its place?"""
        machine = item.on_premises
        if machine.exists and _is_asked_now(world, machine.host):
            return
        others = [one for one in world.hyperv.machines() if one.identifier == machine.identifier and one is not machine]
        for one in others:
            if one.power == RUNNING and _is_asked_now(world, one.host):
                self._object(f"{item.name} was committed unseen while another copy ran on {one.host.name}")
        home = _home(world, item)
        if home is not None and _is_away(world, item) and _tells_all(home) and _is_asked_now(world, home):
            self._object(f"{item.name} was committed although {home.name} does not have it")

    def _look(self, world: World) -> None:
        for item in world.vault.items:
            self._look_at(world, item)
        for machine in world.hyperv.machines():
            self._look_for_force(machine)

    def _look_for_force(self, machine: Machine) -> None:
        before = self._turned_off.get(machine, 0)
        if machine.turned_off > before and not self.forces_off:
            self._object(f"{machine.name} was turned off on {machine.host.name}, which nobody had allowed")
        if machine.turned_off > before and machine.turned_off_unasked > self._unasked.get(machine, 0):
            self._object(f"{machine.name} was turned off on {machine.host.name} unasked")
        self._turned_off[machine], self._unasked[machine] = machine.turned_off, machine.turned_off_unasked

    def _look_at(self, world: World, item: Item) -> None:
        before = self._copies.setdefault(item.name, _Copies(item.stage))
        vm, machine = world.compute.find(item.azure_vm_path), item.on_premises
        serves_in_azure = vm is not None and vm.power == RUNS_IN_AZURE
        runs_on_premises = machine.exists and machine.power == RUNNING
        if item.name not in self.excused:
            if runs_on_premises and not machine.is_consistent:
                self._object(f"{item.name} was started on-premises from disks that are not consistent")
            if runs_on_premises and serves_in_azure:
                self._object(f"both copies of {item.name} serve")
        if before.runs_on_premises and not runs_on_premises and _is_overwritten(item):
            self._object(f"{item.name} ran on-premises and was overwritten from Azure")
        if before.exists_in_azure and vm is None and before.azure_is_ahead and _is_committed(item):
            self._object(f"the commit of {item.name} deleted what Azure alone had")
        arrived = before.stage == lifecycle.COMPLETING and item.stage == lifecycle.FAILBACK_COMMIT_PENDING
        ahead = serves_in_azure or (before.azure_is_ahead and not arrived)
        seen = (before.requests, before.sessions)
        if item.stage == lifecycle.FAILBACK_COMMIT_PENDING != before.stage and before.stage in CUTS_OVER:
            seen = (world.journal.count, len(world.shells.sessions(0)))
        self._copies[item.name] = _Copies(item.stage, runs_on_premises, vm is not None, ahead, *seen)

    def _object(self, violation: str) -> None:
        if violation not in self.violations:
            self.violations.append(violation)


def _changed(change: Mapping[str, Any]) -> list[str]:
    """What a change on a host is of; a machine has a state and a start action, a switch has more."""
    before, after = change["before"], change["after"]
    if len(before or after) > len((POWER, START)):
        return [SWITCH]
    return [what for what, old, new in zip((POWER, START), before, after, strict=True) if old != new]


def _oldest(world: World, machines: int) -> float:
    """How old a look may be, in simulated seconds: clients count real ones."""
    more = OF_EACH_MACHINE * machines + OF_EACH_HOST * len(world.hyperv.hosts) if machines > 1 else 0
    return (OLDEST + more) * max(1.0, world.clock.speed)


def _seconds(since: str, until: str) -> float:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()


def _looks_at(
    world: World, item: Item, step: str, before: Sequence[Mapping[str, Any]]
) -> dict[str, list[tuple[int, str]]]:
    """By what a step rests on, when it was looked at: the number of the request, and the time."""
    looks = {"item": _reads(before, f"/replicationprotecteditems/{item.name}")}
    if step in RESTS_ON_BOTH_SIDES and (step != "failoverCommit" or item.stage != lifecycle.FAILOVER_COMMIT_PENDING):
        # Where it is, or where the item says that it is: that may be the old name.
        said = f"{item.group_path}/providers/Microsoft.Compute/virtualMachines/{item.friendly_name}"
        looks["Azure VM"] = sorted([*_reads(before, item.azure_vm_path), *_reads(before, said)])
        sessions = _sessions(world, item, before)
        looks |= {"host": sessions} if sessions else {}
    return looks


def _reads(before: Sequence[Mapping[str, Any]], path: str) -> list[tuple[int, str]]:
    return [
        (one["seq"], one["time"]) for one in before if not one["write"] and one["path"].lower().endswith(path.lower())
    ]


def _sessions(world: World, item: Item, before: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """When the host of a machine was asked; the number is that of the last request to Azure until then."""
    host = item.on_premises.host.name
    times = [one["time"] for one in world.shells.sessions() if one["host"] == host]
    return [(sum(one["time"] <= time for one in before), time) for time in times]


def is_refused(entry: Mapping[str, Any]) -> bool:
    """Whether Azure refuses a write for what it asks."""
    handled = entry["handled"]
    return handled is not None and 400 <= handled < 500 and handled not in NO_REFUSAL


def sent_again(writes: Iterable[Mapping[str, Any]]) -> list[str]:
    """The paths of the writes of one call that were sent again although the first may have been taken."""
    uncertain = [entry["path"] for entry in writes if entry["status"] not in ASKS_AGAIN]
    return [path for path, count in Counter(uncertain).items() if count > 1]


def _is_look_at(entry: Mapping[str, Any], path: str) -> bool:
    return entry["method"] == "GET" and entry["path"].lower() in (path, f"{path}/instanceview")


def _step_of(entry: Mapping[str, Any]) -> str:
    """The step of a write: the last segment of its path, of a planned failover with its direction."""
    name = str(entry["path"].rsplit("/", 1)[1])
    if name != "plannedFailover":
        return name
    body = entry["request_body"]
    properties = body.get("properties") if isinstance(body, dict) else None
    return f"{name} {properties.get('failoverDirection') if isinstance(properties, dict) else None}"


def _creates(entry: Mapping[str, Any]) -> bool:
    """Whether a failback makes the machine where its host does not have it."""
    body = entry["request_body"]
    return _step_of(entry) == "plannedFailover RecoveryToPrimary" and "CreateVmIfNotFound" in json.dumps(body)


def _is_of_another_host(world: World, item: Item, entry: Mapping[str, Any]) -> bool:
    """Whether a failback writes to another host than the one that has the machine now, whose disks it leaves alone.
    Another node of its cluster has the same machine."""
    body = json.dumps(entry["request_body"]).lower()
    target = next((one for one in item.fabric.providers if one.path.lower() in body), None)
    if target is None:
        return False
    host, own = world.hyperv.host(target.friendly_name), item.on_premises.host
    return host is not own and (own.cluster is None or host.cluster is not own.cluster)


def _items_of(world: World, path: str) -> Iterator[Item]:
    """The items that a write is for: one, those of a plan, or those of a job."""
    segments = path.split("/")
    kind, name = segments[-3], segments[-2].lower()
    if kind == "replicationProtectedItems":
        yield from (item for item in world.vault.items if item.name.lower() == name)
    elif kind == "replicationRecoveryPlans":
        yield from (item for plan in world.vault.plans if plan.name.lower() == name for item in plan.items)
    elif kind == "replicationJobs":
        job = world.vault.find_job(name)
        if job is not None:
            yield from job.plan.items if job.plan else filter(None, [job.item])


def _items_moved(world: World, path: str) -> Iterator[Item]:
    """The items that a write moves: of a job those that it began with, whatever its plan has lost since."""
    segments = path.split("/")
    job = world.vault.find_job(segments[-2].lower()) if segments[-3] == "replicationJobs" else None
    yield from _items_of(world, path) if job is None else (one for one in world.vault.items if one.job is job)


def _is_asked_now(world: World, host: Host) -> bool:
    """Whether a host was asked a moment ago, and told what it was asked."""
    times = [one["time"] for one in world.shells.sessions() if one["host"] == host.name and _is_answer(one)]
    return bool(times) and _seconds(times[-1], world.clock.now().isoformat()) <= _oldest(world, 1)


def _is_answer(session: Mapping[str, Any]) -> bool:
    return session["exit_code"] == 0 and session["is_whole"]


def _home(world: World, item: Item) -> Host | None:
    """The host that a machine was failed back to, unless that is a VMM server's to say."""
    host = world.hyperv.hosts.get(item.provider.friendly_name.lower())
    return None if host is None or host.manages is not None else host


def _is_away(world: World, item: Item) -> bool:
    """Whether somebody has moved a machine: what is seen of it may be an old copy, for all that a client knows."""
    home = _home(world, item)
    return home is not None and item.on_premises not in _of_cluster(home)


def _tells_all(host: Host) -> bool:
    """Whether a host and its cluster say which machines they have."""
    return all(one.is_listed and one.tells_cluster_id for one in _of_cluster(host))


def _of_cluster(host: Host) -> list[Machine]:
    """The machines of a host and of the other nodes of its cluster."""
    nodes = host.cluster.nodes if host.cluster else [host]
    return [machine for node in nodes for machine in node.machines]


def _is_shown(world: World, machine: Machine) -> bool:
    """Whether a client can know what a machine does: its host shows it, and the last one who asked there got it all."""
    sessions = [one for one in world.shells.sessions() if one["host"] == machine.host.name]
    answered = bool(sessions) and _is_answer(sessions[-1])
    shows = machine.host.reachable and machine.host.administered
    return machine.exists and machine.is_listed and machine.readable and shows and answered


def _has_told_role(machine: Machine) -> bool:
    """Whether something tells that a cluster may start a machine: its host, or the cluster by its id or its name."""
    tells = not machine.denies_role or machine.tells_cluster_id or machine.cluster_group in ("", machine.name)
    return machine.is_of_cluster and tells


def _items_in_azure(world: World, path: str) -> Iterator[Item]:
    """The item whose Azure VM a write is for."""
    yield from (item for item in world.vault.items if item.azure_vm_path.lower() == path.lower().rsplit("/", 1)[0])


def _is_overwritten(item: Item) -> bool:
    return item.job is not None and item.job.scenario in FAILBACK_SCENARIOS | {"PlannedFailover"} and item.in_azure


def _is_committed(item: Item) -> bool:
    return item.stage in (lifecycle.COMMITTING_FAILBACK, lifecycle.FAILED_BACK)

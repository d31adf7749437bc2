# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All verbs in any order, with cancelled jobs, jumps of time, faults and other people: the collection never disagrees
with the model of the lifecycle, and nothing that it does loses data.

SEED chooses the walks, WALKS how many there are in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from support.module_runner import ModuleRunner, accepted
from support.oracle import Oracle, is_refused, sent_again
from support.scenarios import item_of, scenario_of
from support.soaking import WALKING_SEEDS, WALKS_OF_A_SEED, count
from walks.lifecycle_model import (
    BACK,
    COMMIT,
    COMMIT_FAILOVER,
    COMPLETE,
    EITHER,
    NOTHING,
    OVER,
    REFUSES,
    REPROTECT,
    STARTS,
    VERBS,
    expected,
    side_of,
)

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.scenarios import load
from asr_simulator.server import Simulator
from asr_simulator.site_recovery.model.catalog import TASKS
from asr_simulator.world import World

STEPS = 24
# One in so many seeds also walks with tasks for several machines.
TOGETHER_IN = 3

MACHINES = ("web", "app", "db", "kept")
# They share a machine.
PLANS = {"shop": ("app", "db"), "stock": ("db",)}
SCENARIO = scenario_of(
    "web",
    "app",
    item_of("db", "waiting_for_completion"),
    # A delete lock keeps its Azure VM: no commit may be sent.
    item_of("kept", "failback_commit_pending", locks=["CanNotDelete"]),
    recovery_plans=[{"name": name, "groups": [[one] for one in members]} for name, members in PLANS.items()],
)
MODULES = {
    BACK: ("planned_failover", {}),
    COMPLETE: ("complete_failover", {}),
    COMMIT: ("commit", {}),
    REPROTECT: ("reverse_replicate", {}),
    COMMIT_FAILOVER: ("commit", {"direction": "failover"}),
    OVER: ("planned_failover", {"direction": "primary_to_recovery"}),
}
# What may go wrong where somebody or something interferes; anything else is a fault of the collection.
TROUBLES = frozenset(
    {"refused", "job_failed", "timeout", "contradiction", "fate_unknown", "service", "unreachable", "throttled"}
)
STATUS = {"do": "status", "retry_after": 1}
DENIED = {"do": "status", "status": 403, "code": "AuthorizationFailed", "message": "no"}
# What can not be seen, and which side that is.
UNSEEN = {"hosts": "on_premises", "azure": "azure", "moved": "azure"}
WIRE = [
    {"do": "status", "status": 429, "retry_after": 3},
    {**STATUS, "status": 500},
    {**STATUS, "status": 503},
    # Between a look and a write it makes the look an old one.
    {**STATUS, "status": 503, "retry_after": 100},
    {**STATUS, "status": 503, "when": "after"},
    {**STATUS, "status": 504, "when": "after"},
    {"do": "reset"},
    {"do": "reset", "when": "after"},
    {"do": "close", "when": "after"},
    {"do": "truncate"},
    {"do": "malformed"},
]
# What becomes of a host's answers, and of what it is asked for; and what ends it.
HOSTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"answers": "lost", "of": "all"}, {"answers": "told", "of": "all"}),
    ({"answers": "cut", "of": "all"}, {"answers": "told", "of": "all"}),
    ({"language_mode": "constrained"}, {"language_mode": "full"}),
    ({"rights": "none"}, {"rights": "full"}),
    ({"cim": "denied"}, {"cim": "allowed"}),
    ({"input": "lost"}, {"input": "arrives"}),
    ({"service": "vmms", "state": "Stopped"}, {"service": "vmms", "state": "Running"}),
    ({"adapter": "Ethernet", "missing": True}, {"adapter": "Ethernet", "missing": False}),
]
# What may be the matter with a machine on its host; and what ends it.
SICK: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"broken": True}, {"broken": False}),
    *(({"operation": one}, {"operation": "Ok"}) for one in ("MergingDisks", "CriticalIoError", "Degraded")),
    *(({"security": one}, {"security": "none"}) for one in ("vtpm", "shielded")),
    *(({"replication": one}, {"replication": "ok"}) for one in ("Suspended", "FailbackInProgress", "Critical")),
    ({"storage": "\\\\fs01\\vms"}, {"storage": "local"}),
    ({"checkpoint": "backup", "type": "Recovery"}, {"checkpoint": "backup", "missing": True}),
    ({"vlan": 42}, {"vlan": 0}),
    ({"automatic_stop": "Save"}, {"automatic_stop": "ShutDown"}),
]
FAILING = sorted(name for name in TASKS if name not in ("WaitForUserInputForFailback", "RestartJobTask"))

OVER_LONG_AGO = {"not_before": "2001-01-01T20:00", "not_after": "2001-01-02T04:00"}
NEXT = {
    "protected": OVER,
    "failover_commit_pending": COMMIT_FAILOVER,
    "failed_over": BACK,
    "interrupted": BACK,
    "synchronizing": COMPLETE,
    "waiting_for_completion": COMPLETE,
    "completing": COMPLETE,
    "failback_commit_pending": COMMIT,
    "failed_back": REPROTECT,
    "reverse_replicating": REPROTECT,
}

# The stages that a verb leaves which is not waited for, and those that it is called in.
ON_THE_WAY = {
    "synchronizing": ("failed_over", "interrupted"),
    "completing": ("waiting_for_completion",),
    "reverse_replicating": ("failed_back",),
}

# Most of a walk is that of one machine, so that it goes far.
machines = st.sampled_from(("web", "web", "web", "web", "app", "db", "db", "kept"))
verbs = st.sampled_from(VERBS)


class Walk(RuleBasedStateMachine):
    """A walk through the lifecycle of four machines, two of them in a recovery plan."""

    simulator: Simulator

    def __init__(self) -> None:
        super().__init__()
        self.simulator.reset(load({**SCENARIO, "speed": 0}))
        self.vault = ModuleRunner(self.simulator, poll_interval=60, wait_timeout=6000).knows_hosts()
        # What a console shows besides its answers is no trouble: nothing may come of it.
        self.vault.trouble(host="hv01", console="noisy")
        self.accepted: set[tuple[str, str]] = set()
        self.oracle = Oracle(self.simulator, refusals=False, stands_for=self._stands_for)
        self.evidence: dict[str, Any] = {}
        self.proven: dict[str, bool] = dict.fromkeys(MACHINES, False)
        self.meddled: dict[str, str] = {}
        # What ends the troubles of hosts and of machines on them.
        self.ailing: list[dict[str, Any]] = []
        self.full: set[str] = set()
        # Whose Azure VM was used after the cut-over: it may hold what is nowhere else, also when it is off again.
        self.used: set[str] = set()
        self.troubled = False
        # When a machine came to a stage, machine by machine, by the simulator's clock.
        self.history: list[tuple[datetime, dict[str, str]]] = []
        # Since when a task for several runs: what it saw of one goes on while it waits for another.
        self.together_since: datetime | None = None
        self.simulator.locked(lambda world: world.clock.watch(lambda: self._note_stages(world)))

    # What the simulator says is true.

    def stage(self, name: str) -> str:
        return str(self.vault.state(name)["stage"])

    def stages(self) -> dict[str, str]:
        return {item["name"]: item["stage"] for item in self.simulator.state()["items"]}

    def _options(self, name: str, verb: str, *, full: bool) -> dict[str, Any]:
        """The options of a verb for a machine; None is none."""
        options: dict[str, Any] = dict(MODULES[verb][1])
        if verb == BACK:
            options["data_sync"] = "during_failover" if full else "before_failover"
        if verb in (COMMIT, COMMIT_FAILOVER):
            options["validation"] = self.evidence.get(name)
        return options

    # What the user does.

    @rule(name=machines, verb=verbs, waits=st.booleans(), full=st.booleans(), check=st.integers(0, 4))
    def verb(self, name: str, verb: str, waits: bool, full: bool, check: int) -> None:
        """A verb for one machine; one in five in check mode."""
        options = {**self._options(name, verb, full=full), "replicated_item": name}
        self._call(name, verb, MODULES[verb][0], options, waits=waits, check_mode=check == 0)

    @rule(name=machines, waits=st.booleans(), full=st.booleans())
    def forward(self, name: str, waits: bool, full: bool) -> None:
        """The verb that comes next for a machine, so that walks go far."""
        stage = self.stage(name)
        if stage == "failback_commit_pending":
            self.validate(name)
        if stage in NEXT:
            self.verb(name, NEXT[stage], waits, full, check=1)

    @rule(name=st.sampled_from(("web", "app")), stage=st.sampled_from(sorted(NEXT)), verb=verbs, waits=st.booleans())
    def at_stage(self, name: str, stage: str, verb: str, waits: bool) -> None:
        """A verb for a machine that was brought to a stage, whether it fits there or not."""
        self._go_to(name, stage)
        if stage == "failback_commit_pending":
            self.validate(name)
        self.verb(name, verb, waits, full=False, check=1)

    @rule(name=machines)
    def once_more(self, name: str) -> None:
        """A commit after another cut-over: what was proved of the last one proves nothing now."""
        self._go_to(name, "protected")
        self._go_to(name, "failback_commit_pending")
        self.verb(name, COMMIT, waits=True, full=False, check=1)

    @rule(name=machines, verb=st.sampled_from((COMPLETE, COMMIT)), waits=st.booleans())
    def not_now(self, name: str, verb: str, waits: bool) -> None:
        """A cut-over outside of its window, or a commit that is on hold: nothing is sent, whatever the stage."""
        if verb == COMMIT:
            self._go_to(name, "failback_commit_pending")
            self.validate(name)
        since = self.vault.requests()
        held = {"policy": "hold", "validation": self.evidence.get(name)}
        options = {"window": OVER_LONG_AGO} if verb == COMPLETE else held
        self._outcome(MODULES[verb][0], {**options, "replicated_item": name, "wait": waits})
        assert self.vault.writes(since) == []

    @rule(
        plan=st.sampled_from(sorted(PLANS)),
        verb=st.sampled_from((BACK, COMPLETE, COMMIT_FAILOVER, REPROTECT, OVER)),
        waits=st.booleans(),
    )
    def verb_of_a_plan(self, plan: str, verb: str, waits: bool) -> None:
        """A verb for the plan: the oracle judges what it does to its machines."""
        module, options = MODULES[verb]
        result = self._outcome(module, {**options, "recovery_plan": plan, "wait": waits})
        if "error" not in result:
            stages = self.stages()
            for member in result["members"]:
                told = member["stage"]["after"]
                # A plan's job does not report whether a machine's part failed before it wrote: only that is doubted.
                doubts = told == "interrupted" and "does not report whether" in member["reason"]
                left_alone = stages[member["name"]] == "failed_over"
                assert told == stages[member["name"]] or (doubts and left_alone), (verb, member, stages)

    @rule(waits=st.booleans())
    def a_plan_that_shares_a_machine(self, waits: bool) -> None:
        """A plan fails back, and somebody completes the other plan: that may not cut over what it does not name."""
        for name in PLANS["shop"]:
            self._go_to(name, "failed_over")
        self.verb_of_a_plan("shop", BACK, waits=True)
        self.verb_of_a_plan("stock", COMPLETE, waits)

    @rule(name=machines)
    def validate(self, name: str) -> None:
        """Evidence that the machine works, as a person would give it."""
        alone = {"attested": ["somebody has seen it"], "heartbeat": False, "addresses": False}
        options = {"replicated_item": name, "timeout": 60, **alone}
        result = self._outcome("failback_validate", options)
        if "error" not in result and result["validation"]["verdict"] == "passed":
            self.evidence[name], self.proven[name] = result["validation"], True

    @rule(name=machines, accept=st.booleans())
    def cancel(self, name: str, accept: bool) -> None:
        """Cancel the job of a machine: of a failback only by somebody who accepts what becomes of its disks."""
        stage, job = self.stage(name), self.vault.state(name)["operation"]
        options = {"replicated_item": name, "state": "cancelled", "accept_inconsistent_disks": accept}
        result = self._outcome("job", options)
        dangerous = stage in ("synchronizing", "waiting_for_completion", "completing")
        if dangerous and not accept and not self.troubled:
            assert result.get("error", {}).get("kind") == "refused", (stage, result)
        if dangerous and not accept:
            assert self.stage(name) == stage or self.troubled
        if job is not None and "error" not in result:
            self._agrees(name, result, stage)

    @rule(seconds=st.sampled_from((1, 30, 200, 700, 4000)))
    def time_passes(self, seconds: int) -> None:
        """Time passes, whoever waits."""
        self.vault.pass_time(seconds)

    @rule(name=machines, unseen=st.sampled_from(sorted(UNSEEN)), accepts=st.booleans())
    def commit_what_was_not_seen(self, name: str, unseen: str, accepts: bool) -> None:
        """A commit without evidence while one copy cannot be seen: only a person who accepts that gets it."""
        self._go_to(name, "failback_commit_pending")
        if self.troubled or not self._may_be_committed(name):
            return
        hosts = self.vault.inventory
        self.oracle.asks_hosts = unseen != "hosts"
        # What was moved is brought back: nobody accepts that it is left behind.
        accepts = accepts and unseen != "moved"
        self._hide(name, unseen)
        side = UNSEEN[unseen]
        self.accepted = {(name, side)} if accepts else set()
        options = {"replicated_item": name, "policy": "now", **(accepted(name, sides=(side,)) if accepts else {})}
        result = self._outcome("commit", options)
        self.accepted = set()
        self.vault.inventory, self.oracle.asks_hosts = hosts, True
        self._show(name, unseen)
        told = (unseen, accepts, result)
        assert result.get("error", {}).get("kind") == (None if accepts else "refused"), told
        assert self.stage(name) == ("failed_back" if accepts else "failback_commit_pending"), told

    @rule(name=machines)
    def fail_back_without_its_provider(self, name: str) -> None:
        """A failback while the on-premises VM runs, and its provider cannot be read: hosts are asked all the same."""
        self._go_to(name, "failed_over")
        if self.troubled or self.stage(name) != "failed_over" or name in self.meddled:
            return
        self.oracle.excused.add(name)
        self.vault.trouble(vm=name, power="running")
        fault = {"match": {"path": "/replicationRecoveryServicesProviders/[^/]+$", "times": 0}, "action": DENIED}
        self.simulator.locked(lambda world: world.faults.add(fault))
        result = self._outcome("planned_failover", {"replicated_item": name})
        self.simulator.locked(lambda world: world.faults.clear())
        self.vault.trouble(vm=name, power="off")
        self.oracle.excused.discard(name)
        assert result.get("error", {}).get("kind") == "refused", result
        assert self.stage(name) == "failed_over", result

    # What others do, and what goes wrong.

    @rule(action=st.sampled_from(WIRE), nth=st.integers(1, 12), times=st.integers(1, 2), write=st.booleans())
    def wire_fault(self, action: dict[str, Any], nth: int, times: int, write: bool) -> None:
        """Something goes wrong on the wire, once or twice; C(write): with the next write."""
        which = {"method": "POST"} if write else {"nth": nth}
        fault = {"match": {"path": "/subscriptions/", **which, "times": times}, "action": action}
        self.simulator.locked(lambda world: world.faults.add(fault))
        self._note_trouble()

    @rule(
        name=st.sampled_from(("web", "app")),
        stage=st.sampled_from(("failed_over", "waiting_for_completion", "failback_commit_pending", "failed_back")),
        nth=st.integers(0, 12),
        seconds=st.sampled_from((3, 100, 2000)),
    )
    def azure_takes_its_time(self, name: str, stage: str, nth: int, seconds: int) -> None:
        """The next step of a machine is put off, or a read on the way to it: what was seen before is old by then."""
        self._go_to(name, stage)
        if stage == "failback_commit_pending":
            self.validate(name)
        which = {"method": "GET", "nth": nth} if nth else {"method": "POST"}
        action = {"do": "status", "status": 503 if nth else 429, "retry_after": seconds}
        fault = {"match": {"path": "/subscriptions/", **which}, "action": action}
        self.simulator.locked(lambda world: world.faults.add(fault))
        self._note_trouble()
        self.forward(name, waits=False, full=False)

    @rule(task=st.sampled_from(FAILING))
    def failing_task(self, task: str) -> None:
        """The next task of that name fails."""
        self.vault.trouble(job_task=task)
        self._note_trouble()

    @rule(connected=st.booleans())
    def provider(self, connected: bool) -> None:
        """The host of all machines loses its connection to the vault, or has it again."""
        self.vault.trouble(provider="hv01", connected=connected)
        self._note_trouble()

    @rule(trouble=st.sampled_from(HOSTS))
    def the_host_is_sick(self, trouble: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """What the host of all machines says gets lost, or it may say less than there is."""
        self._ails(trouble, host="hv01")

    @rule(name=machines, trouble=st.sampled_from(SICK))
    def a_machine_is_sick(self, name: str, trouble: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """A machine cannot be read on its host, or something is the matter with it."""
        self._ails(trouble, vm=name)

    @rule(name=machines, proven=st.booleans())
    def somebody_starts_the_azure_vm(self, name: str, proven: bool) -> None:
        """A while after the cut-over somebody starts the Azure VM: what it writes from now on is nowhere else.

        C(proven): between the validation and the commit.
        """
        if proven:
            self._go_to(name, "failback_commit_pending")
            self.validate(name)
        self.vault.pass_time(120)
        if self.stage(name) == "failback_commit_pending" and self.vault.state(name)["azure_vm"]["exists"]:
            vm = self.vault.state(name)["azure_vm"]["id"]
            self.oracle.excused.add(name)
            self.meddled[name] = "azure"
            self.used.add(name)
            self.simulator.locked(lambda world: world.compute.start(vm))
            if proven:
                self.verb(name, COMMIT, waits=True, full=False, check=1)

    @rule(name=machines)
    def somebody_starts_the_on_premises_vm(self, name: str) -> None:
        """Somebody starts the on-premises VM while Azure is authoritative. What cannot be seen stops no failback."""
        if self.stage(name) == "failed_over" and not self.ailing:
            self.oracle.excused.add(name)
            self.meddled[name] = "on_premises"
            self.vault.trouble(vm=name, power="running")

    @rule()
    def calm(self) -> None:
        """All troubles end, everything that runs comes to its end, and what was left running wrongly is off again."""
        self.simulator.locked(lambda world: world.faults.clear())
        self.vault.trouble(provider="hv01", connected=True)
        while self.ailing:
            self.vault.trouble(**self.ailing.pop())
        for name, side in self.meddled.items():
            if side == "on_premises":
                self.vault.trouble(vm=name, power="off")
            else:
                self._stop_azure_vm(name)
        self.meddled.clear()
        for _step in range(4):
            self.vault.pass_time(2000)
        # A failover to Azure that failed at its end leaves its VM behind, and nobody fails over into that.
        for name in MACHINES:
            if self.stage(name) == "protected":
                self._stop_azure_vm(name)
        self.oracle.excused.clear()
        self.troubled = False

    @rule(name=machines)
    def somebody_gives_up_what_azure_wrote(self, name: str) -> None:
        """A person decides that what the Azure VM wrote after the cut-over may go, and says so."""
        if name in self.used and name not in self.meddled:
            self.validate(name)
            self.oracle.settle(name)
            given = {"validation": self.evidence.get(name), "discard_azure_changes": True}
            self._call(name, COMMIT, "commit", {**given, "replicated_item": name}, waits=True, check_mode=False)
            if self.stage(name) != "failback_commit_pending":
                self.used.discard(name)

    @invariant()
    def nothing_is_lost(self) -> None:
        """The oracle saw nothing wrong."""
        assert self.oracle.violations == []
        assert "POST kept/failoverCommit" not in self.vault.writes(0)

    def teardown(self) -> None:
        """Count the walk."""
        count(walks=1, violations=len(self.oracle.violations))

    def _stop_azure_vm(self, name: str) -> None:
        vm = self.vault.state(name)["azure_vm"]
        if vm["exists"]:
            self.simulator.locked(lambda world: world.compute.deallocate(vm["id"]))

    def _go_to(self, name: str, stage: str) -> None:
        """Bring a machine forward to a stage, as far as it goes."""
        for _step in NEXT:
            before = self.stage(name)
            if before != stage:
                self.forward(name, waits=before not in ON_THE_WAY.get(stage, ()), full=False)
            if self.stage(name) in (stage, before):
                return

    def _stands_for(self, name: str, side: str) -> bool:
        """Whether there is evidence of this cut-over, or a person's word, for a side that was not seen."""
        return (name, side) in self.accepted or (side == "on_premises" and self.proven[name])

    def _may_be_committed(self, name: str) -> bool:
        """Whether nothing but what is not seen stands in the way of a commit."""
        pending = self.stage(name) == "failback_commit_pending" and name != "kept"
        return pending and name not in self.meddled and name not in self.used and not self._is_gone(name)

    def _is_gone(self, name: str) -> bool:
        """Whether there is no Azure VM to commit: a commit that failed has deleted it."""
        return not self.vault.state(name)["azure_vm"]["exists"]

    def _hide(self, name: str, what: str) -> None:
        """Let the hosts not be asked, the Azure VM not be read, or not be where it was."""
        if what == "hosts":
            self.vault.inventory = {}
        elif what == "azure":
            fault = {"match": {"path": "/virtualMachines", "times": 0}, "action": DENIED}
            self.simulator.locked(lambda world: world.faults.add(fault))
        else:
            self.vault.trouble(azure_vm=name, moved_to="rg-elsewhere")

    def _show(self, name: str, what: str) -> None:
        """Undo that."""
        if what == "azure":
            self.simulator.locked(lambda world: world.faults.clear())
        elif what == "moved":
            group = self.vault.state(name)["azure_vm"]["id"].split("/")[4]
            self.vault.trouble(azure_vm=name, moved_to=group)

    def _note_stages(self, world: World) -> None:
        self.history.append((world.clock.now(), {item.name: item.stage for item in world.vault.items}))

    def _was(self, name: str, stage: str) -> bool:
        """Whether a machine was at a stage since it was read last: Azure may have put off the reads that followed."""
        ends = (f"/replicationProtectedItems/{name}", "/replicationProtectedItems")
        reads = [
            datetime.fromisoformat(entry["time"])
            for entry in self.simulator.journal.entries(0)
            if entry["method"] == "GET" and entry["path"].endswith(ends)
        ]
        return bool(reads) and stage in self._stages_since(name, reads[-1])

    def _is_right(self, name: str, said: str, now: str) -> bool:
        """Whether what a result says of a machine's stage is right, of one that is at another stage by now, too."""
        if said == now or self._may_be_interrupted(name, said, now):
            return True
        return self._was_meanwhile(name, said) or (self.troubled and self._was(name, said))

    def _was_meanwhile(self, name: str, stage: str) -> bool:
        """Whether a machine was at a stage while a task for several runs."""
        began = self.together_since
        return began is not None and stage in self._stages_since(name, began)

    def _stages_since(self, name: str, began: datetime) -> list[str]:
        """The stage that a machine had at a time, and those that followed."""
        earlier = [stages[name] for time, stages in self.history if time <= began]
        later = [stages[name] for time, stages in self.history if time > began]
        return [*earlier[-1:], *later]

    def _ails(self, trouble: tuple[dict[str, Any], dict[str, Any]], **who: str) -> None:
        if "on_premises" in self.meddled.values():
            return
        begin, end = trouble
        self.vault.trouble(**who, **begin)
        self.ailing.append({**who, **end})
        self._note_trouble()

    def _note_trouble(self) -> None:
        self.troubled = True
        count(faults=1)

    def _outcome(self, module: str, options: dict[str, Any], *, check_mode: bool = False) -> dict[str, Any]:
        """The result of a module, or that of its failure; the account of its writes must be right."""
        since = self.vault.requests()
        several = [entry["replicated_item"] for entry in options.get("replicated_items", ())]
        one = PLANS.get(options.get("recovery_plan", ""), (options.get("replicated_item"),))
        self.oracle.named = frozenset(several or one)
        try:
            result = self.vault.run(module, check_mode=check_mode, **options)
        except FailbackError as problem:
            result = problem.as_result()
        sent = self.simulator.journal.entries(since, writes=True)
        if check_mode:
            assert sent == [], (module, options)
            return result
        # Who reads before he writes asks for nothing that is refused, unless somebody comes between.
        assert self.troubled or not any(map(is_refused, sent)), (module, options, result, sent)
        assert sent_again(sent) == [], (module, options, result)
        taken = any(entry["handled"] == 202 for entry in sent)
        assert result["changed"] or not taken, (module, options, result, sent)
        assert sent or not result["changed"], (module, options, result)
        return result

    def _call(
        self, name: str, verb: str, module: str, options: dict[str, Any], *, waits: bool, check_mode: bool
    ) -> None:
        before = self.stage(name), self._is_owned_by_a_plan(name)
        result = self._outcome(module, {**options, "wait": waits}, check_mode=check_mode)
        self._judge(name, verb, before, options, result, waits=waits, check_mode=check_mode)

    def _call_several(self, names: Sequence[str], verb: str, *, full: bool, check_mode: bool) -> None:
        before = {name: (self.stage(name), self._is_owned_by_a_plan(name)) for name in names}
        own = {name: self._options(name, verb, full=full) for name in names}
        entries = [
            {"replicated_item": name, **{key: value for key, value in options.items() if value is not None}}
            for name, options in own.items()
        ]
        since = self.vault.requests()
        self.together_since = self.simulator.locked(lambda world: world.clock.now())
        told = self._outcome(MODULES[verb][0], {"replicated_items": entries}, check_mode=check_mode)["vms"]
        for name in names:
            result = told[name]
            assert result["failed"] is ("error" in result), result
            written = [
                entry for entry in self.simulator.journal.entries(since, writes=True) if f"/{name}/" in entry["path"]
            ]
            assert result["changed"] or not any(entry["handled"] == 202 for entry in written), (name, result)
            self._judge(name, verb, before[name], own[name], result, waits=True, check_mode=check_mode)
        self.together_since = None

    def _judge(
        self,
        name: str,
        verb: str,
        before: tuple[str, bool],
        options: dict[str, Any],
        result: dict[str, Any],
        *,
        waits: bool,
        check_mode: bool,
    ) -> None:
        """Compare what came of a verb with the model. C(before) is the stage, and whether a plan's job works on it."""
        stage, owned = before
        if result.get("stage", {}).get("before") is not None and not self.troubled:
            assert self._is_right(name, result["stage"]["before"], stage), (verb, stage, result)
        if verb in (BACK, OVER) and result["changed"] and not check_mode:
            self.proven[name] = False
            (self.full.add if options.get("data_sync") == "during_failover" else self.full.discard)(name)
        if "error" in result:
            self._judge_failure(name, verb, stage, result, owned=owned)
            return
        if check_mode:
            return
        self._agrees(name, result, stage)
        if not self.troubled:
            self._judge_success(name, verb, stage, result, waits=waits)

    def _may_be_interrupted(self, name: str, said: str, now: str) -> bool:
        """Whether a machine is rightly taken for one with inconsistent disks: a failback of its plan wrote to some."""
        return (said, now) == ("interrupted", "failed_over") and name in PLANS["shop"]

    def _is_owned_by_a_plan(self, name: str) -> bool:
        """Whether a plan's job works on a machine: no verb for the machine alone acts on that."""
        items = self.simulator.locked(lambda world: {item.name: item for item in world.vault.items})
        return items[name].job is not None and items[name].job.plan is not None

    def _agrees(self, name: str, result: dict[str, Any], before: str) -> None:
        """What a result says of a machine is what the simulator says."""
        now, said = self.stage(name), result["stage"]["after"]
        assert self._is_right(name, said, now), (before, now, result)
        side = None if name in self.used else side_of(now)
        assert side is None or result["authoritative_side"] == side, (now, result)

    def _judge_success(self, name: str, verb: str, stage: str, result: dict[str, Any], *, waits: bool) -> None:
        wanted = expected(stage, verb, waits=waits, full=name in self.full)
        told = (verb, stage, waits, result["stage"], result["changed"])
        assert wanted.does != REFUSES, told
        assert result["stage"]["after"] in wanted.ends, told
        if wanted.does != EITHER:
            assert result["changed"] is (wanted.does == STARTS), told
        if verb == COMMIT and wanted.does == STARTS:
            assert self.proven[name], told
            assert name != "kept", told
            assert name not in self.meddled, told
            assert name not in self.used or result["reversible"] is False, told
        if verb == BACK and wanted.does == STARTS:
            assert name not in self.meddled, told

    def _judge_failure(self, name: str, verb: str, stage: str, result: dict[str, Any], *, owned: bool) -> None:
        kind, now = result["error"]["kind"], self.stage(name)
        assert kind in TROUBLES, result
        if result.get("stage") and "could not be read again" not in result["msg"]:
            said = result["stage"]["after"]
            assert self._is_right(name, said, now), (verb, stage, now, result)
        if self.troubled or stage == "busy":
            return
        wanted = expected(stage, verb, waits=result["error"].get("jobs") is None)
        forbidden = verb == COMMIT and (not self.proven[name] or name == "kept")
        gone = verb == COMMIT and self._is_gone(name)
        hindered = name in self.meddled or name in self.used or forbidden or gone or owned
        assert wanted.does == REFUSES or hindered or kind == "timeout", (verb, stage, result)
        # What runs in Azure although it is cut over is at home for no verb.
        assert wanted.does != NOTHING or name in self.used, (verb, stage, result)


class WalkTogether(Walk):
    """A walk that takes several machines a step further in one task."""

    @rule(names=st.sets(st.sampled_from(MACHINES), min_size=2), verb=verbs, full=st.booleans(), check=st.integers(0, 4))
    def verb_of_several(self, names: set[str], verb: str, full: bool, check: int) -> None:
        """A verb for several machines in one task: each goes its own way."""
        self._call_several(sorted(names), verb, full=full, check_mode=check == 0)

    @rule(stage=st.sampled_from(sorted(NEXT)), full=st.booleans())
    def several_forward(self, stage: str, full: bool) -> None:
        """The verb that comes next at a stage, for all machines in one task: some may be elsewhere."""
        self._go_to("web", stage)
        if stage == "failback_commit_pending":
            for name in MACHINES:
                self.validate(name)
        self._call_several(MACHINES, NEXT[stage], full=full, check_mode=False)


def walk(machine: type[Walk], number: int, folder: Path) -> None:
    """Walk so often with a seed."""
    with Simulator.start({**SCENARIO, "speed": 0}, folder / "simulator") as simulator:
        seeded = seed(number)(type("Seeded", (machine,), {"simulator": simulator}))
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            seeded,
            settings=settings(
                max_examples=WALKS_OF_A_SEED,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                # To make a walk shorter takes minutes; its steps are shown as they were.
                phases=[Phase.generate],
                print_blob=False,
                suppress_health_check=list(HealthCheck),
            ),
        )


@pytest.mark.parametrize("number", WALKING_SEEDS)
def test_random_walks(number: int, tmp_path: Path) -> None:
    walk(Walk, number, tmp_path)


@pytest.mark.parametrize("number", WALKING_SEEDS[::TOGETHER_IN])
def test_random_walks_with_tasks_for_several(number: int, tmp_path: Path) -> None:
    walk(WalkTogether, number, tmp_path)

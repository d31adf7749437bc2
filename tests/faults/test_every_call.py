# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of breakage at every call of every module: no fault makes the day worse.

A module that is struck ends well, or in one error that says what happened, which side is authoritative and what to do
next. The same run again brings the VM home, and no step was started twice.

`FAULTS=all` strikes every call with every kind; else each write with every kind, and some reads that SEED chooses.
After each write that is struck in the first way the whole failback is run from its start, after one in ten of the
others the rest of it. In the first way, a VM's writes, and its reads with the kinds that hide a fact for good, are
struck in a run that asks hosts too.
"""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.full_run import STEPS, WRITES, Failed, FullRun, faults_of, taken
from support.oracle import Oracle, sent_again
from support.soaking import count
from support.wire_faults import KINDS, OF_READS, end_of_faults, strike_with

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.server import Simulator

ALL = os.environ.get("FAULTS") == "all"
SEED = os.environ.get("SEED", "1")
# One in so many blows is followed by the whole way home; after the others the module must end well.
ONE_IN = 10
# In a sample: how many reads of a module are struck, each with a kind of its own.
READS = 2
# In a sample: what each write is struck with. Of the other kinds each strikes one write.
OF_WRITES = ("503-after", "reset-after", "refused-before", "handled-but-closed-on-and-on")
OF_PLANS = ("close-after",)
# A read that fails for good hides a fact from those that the hosts tell; after the others it is read again.
HIDING = ("malformed", "forbidden", "not-found", "throttled-on-and-on", "503-on-and-on", "closed-on-and-on")
BLOWS = [
    (module, kind)
    for kind in KINDS
    for module in (WRITES if ALL or kind in OF_WRITES else random.Random(SEED + kind).sample([*WRITES], 1))
]
# Where each module leaves a VM.
GOALS = {module: {after} for module, after in zip(STEPS, [*list(STEPS.values())[1:], "protected"], strict=True)}


@dataclass
class Blow:
    """One fault at one call of one module, and what it led to."""

    module: str
    kind: str
    nth: int
    plan: bool = False
    hosts: bool = False
    always_home: bool = False
    wrong: list[str] = field(default_factory=list)

    @property
    def is_followed_home(self) -> bool:
        """Whether the whole way home is gone after it."""
        return self.always_home or random.Random(f"{SEED} {self}").randrange(ONE_IN) == 0

    def __str__(self) -> str:
        return f"{self.kind} at call {self.nth} of {self.module}"


def journey_of(simulator: Simulator, *, plan: bool, hosts: bool) -> FullRun:
    return FullRun(simulator, {"recovery_plan": "shop"} if plan else {"replicated_item": "vm1"}, hosts=hosts)


@functools.cache
def calls_of(
    at_stage: Callable[..., Simulator], module: str, *, plan: bool, hosts: bool
) -> tuple[list[int], list[int]]:
    """The numbers of all calls that a module makes where nothing goes wrong, and of its writes."""
    simulator = at_stage(STEPS[module], plan=plan)
    journey_of(simulator, plan=plan, hosts=hosts).take(module)
    entries = simulator.journal.entries()
    return [entry["seq"] for entry in entries], [entry["seq"] for entry in entries if entry["write"]]


def strike(simulator: Simulator, blow: Blow, oracle: Oracle | None = None) -> None:
    """Run the module with the fault, then everything from there on without; note in the blow what is wrong."""
    journey = journey_of(simulator, plan=blow.plan, hosts=blow.hosts)
    if oracle is not None:
        oracle.stands_for = journey.accepts
    strike_with(simulator, KINDS[blow.kind](blow.nth))
    try:
        journey.take(blow.module)
    except FailbackError as problem:
        blow.wrong += faults_of(Failed(blow.module, problem), journey)
    blow.wrong += [f"sent again: {path}" for path in sent_again(simulator.journal.entries(writes=True))]
    end_of_faults(simulator)
    whole = blow.is_followed_home
    again = journey.go(begin=None if blow.always_home else blow.module, end=None if whole else blow.module)
    if again is not None:
        blow.wrong.append(f"again: {again.module}: {again.problem}")
    goals = {"protected"} if whole else GOALS[blow.module]
    away = {name: stage for name, stage in journey.stages().items() if stage not in goals}
    if away:
        blow.wrong.append(f"not where it should be: {away}")
    writes = taken(simulator)
    blow.wrong += [f"sent twice: {write}" for write in set(writes) if writes.count(write) > 1]


class Sufferer:
    """Strikes a module. Those blows that are followed home are watched by the oracle, on a simulator of their own."""

    def __init__(self, at_stage: Callable[..., Simulator], watched: Callable[..., Any]) -> None:
        self.at_stage, self.watched = at_stage, watched

    def suffer(self, module: str, blows: list[tuple[str, int]], **more: bool) -> None:
        """Strike with them all, and fail with everything that is wrong. C(more) is what a blow may be besides."""
        struck = [Blow(module, kind, nth, **more) for kind, nth in blows]
        for blow in struck:
            self._strike(blow)
        wrong = [f"{blow}: {what}" for blow in struck for what in blow.wrong]
        count(faults=len(struck), violations=len(wrong))
        assert wrong == []

    def _strike(self, blow: Blow) -> None:
        stage = STEPS[blow.module]
        if not blow.is_followed_home:
            strike(self.at_stage(stage, plan=blow.plan), blow)
            return
        with self.watched(stage, plan=blow.plan) as oracle:
            strike(oracle.simulator, blow, oracle)
            blow.wrong += oracle.violations


@pytest.fixture
def sufferer(at_stage: Callable[..., Simulator], watched: Callable[..., Any]) -> Sufferer:
    return Sufferer(at_stage, watched)


@pytest.mark.parametrize(("module", "kind"), BLOWS)
def test_a_write_is_struck(sufferer: Sufferer, module: str, kind: str) -> None:
    _all, writes = calls_of(sufferer.at_stage, module, plan=False, hosts=ALL)
    sufferer.suffer(module, [(kind, nth) for nth in writes], hosts=ALL, always_home=ALL)


@pytest.mark.parametrize("kind", KINDS if ALL else OF_PLANS)
@pytest.mark.parametrize("module", WRITES)
def test_a_write_of_a_plan_is_struck(sufferer: Sufferer, module: str, kind: str) -> None:
    _all, writes = calls_of(sufferer.at_stage, module, plan=True, hosts=False)
    sufferer.suffer(module, [(kind, nth) for nth in writes], plan=True, always_home=ALL)


@pytest.mark.parametrize("kind", OF_READS if ALL else ["some"])
@pytest.mark.parametrize("module", STEPS)
@pytest.mark.parametrize("plan", [False, True], ids=["vm", "plan"])
def test_a_read_is_struck(sufferer: Sufferer, module: str, plan: bool, kind: str) -> None:
    hosts = kind in HIDING and not plan
    every, writes = calls_of(sufferer.at_stage, module, plan=plan, hosts=hosts)
    reads = [nth for nth in every if nth not in writes]
    pairs = [(one, nth) for one in OF_READS for nth in reads]
    some = random.Random(f"{SEED} {module} {plan}").sample(pairs, READS)
    sufferer.suffer(module, [(kind, nth) for nth in reads] if ALL else some, plan=plan, hosts=hosts)


def test_a_silence_of_half_a_minute_is_waited_for_and_settled_by_reading(at_stage: Callable[..., Simulator]) -> None:
    # In real seconds, against the time-outs of the collection itself: the only test that takes its time.
    simulator = at_stage("failed_over")
    journey = journey_of(simulator, plan=False, hosts=False)
    silence = {"match": {"method": "POST"}, "action": {"do": "silence", "seconds": 30, "when": "after"}}
    journey.take("failback_prereq")
    simulator.locked(lambda world: world.faults.add(silence))
    assert journey.go(begin="planned_failover") is None
    assert taken(simulator) == ["vm1/plannedFailover", *taken(simulator)[1:]]
    assert journey.stages() == {"vm1": "protected"}

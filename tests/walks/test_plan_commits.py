# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commits of recovery plans, each of which deletes several Azure VMs at once: where it must not delete one, none goes.

SEED chooses the walks, WALKS how many there are in all.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from support.module_runner import ModuleRunner
from support.oracle import Oracle
from support.scenarios import item_of, scenario_of
from support.soaking import WALKING_SEEDS, WALKS_OF_A_SEED, count

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.server import Simulator

PENDING, BACK, PROTECTED = "failback_commit_pending", "failed_back", "protected"
# One that is behind holds the commit of the plan; one that is back has had its own.
STAGES = (*(PENDING,) * 6, BACK, PROTECTED, "waiting_for_completion")
# Who has validated what: the whole plan, one of its machines, or nothing.
EVIDENCE = (*("plan",) * 4, "one", "none")
# What is the matter with one machine of the plan, or with what can be seen of it.
STARTED = ("runs in Azure", "was used")
TROUBLES = (*("nothing",) * 3, *STARTED, "is off", "is locked", "was moved", "host not named")
ATTESTED = {"attested": ["somebody has seen it"], "heartbeat": False, "addresses": False, "timeout": 60}


def members_of(plan: str) -> tuple[str, str]:
    return f"{plan}-app", f"{plan}-db"


def trouble(vault: ModuleRunner, what: str, name: str) -> None:
    """Let something be the matter with a machine; locks are those of the scenario."""
    vm = vault.state(name)["azure_vm"]
    if what in STARTED and vm["exists"]:
        vault.pass_time(120)
        vault.simulator.locked(lambda world: world.compute.start(vm["id"]))
        if what == "was used":
            vault.simulator.locked(lambda world: world.compute.deallocate(vm["id"]))
    elif what == "is off":
        vault.trouble(vm=name, power="off")
    elif what == "was moved" and vm["exists"]:
        vault.trouble(azure_vm=name, moved_to="rg-elsewhere")


def validated(vault: ModuleRunner, evidence: str, plan: str) -> dict[str, Any] | None:
    """Return the evidence that somebody has, if any."""
    target = {"recovery_plan": plan} if evidence == "plan" else {"replicated_item": members_of(plan)[0]}
    try:
        result = vault.run("failback_validate", **target, **ATTESTED) if evidence != "none" else {}
    except FailbackError:
        return None
    return result.get("validation")


@pytest.mark.parametrize("number", WALKING_SEEDS)
def test_a_plan_is_committed_as_a_whole_or_not_at_all(number: int, tmp_path: Path) -> None:
    dice = random.Random(number)
    plans = {f"plan{index}": dice.choice(TROUBLES) for index in range(WALKS_OF_A_SEED)}
    victims = {plan: dice.choice(members_of(plan)) for plan in plans}
    locked = {victims[plan] for plan, what in plans.items() if what == "is locked"}
    items = [
        item_of(name, dice.choice(STAGES), locks=["CanNotDelete"] if name in locked else [])
        for plan in plans
        for name in members_of(plan)
    ]
    groups = [{"name": plan, "groups": [[name] for name in members_of(plan)]} for plan in plans]
    with Simulator.start(scenario_of(*items, recovery_plans=groups, speed=0), tmp_path / "simulator") as simulator:
        vault = ModuleRunner(simulator, poll_interval=60, wait_timeout=6000).knows_hosts()
        hosts = vault.inventory
        proven: set[str] = set()
        oracle = Oracle(simulator, stands_for=lambda name, side: side == "on_premises" and name in proven)
        oracle.excused.update(victims[plan] for plan, what in plans.items() if what in STARTED)
        for plan, what in plans.items():
            commit(vault, oracle, proven, dice, (plan, what, victims[plan]))
            vault.inventory, oracle.asks_hosts = hosts, True
        assert oracle.violations == []
        count(walks=WALKS_OF_A_SEED, violations=len(oracle.violations))


def commit(
    vault: ModuleRunner, oracle: Oracle, proven: set[str], dice: random.Random, case: tuple[str, str, str]
) -> None:
    """Try to commit a plan, first in check mode, and see that all of it was, or nothing."""
    plan, what, victim = case
    members, evidence = members_of(plan), dice.choice(EVIDENCE)
    if what == "host not named":
        vault.inventory, oracle.asks_hosts = {}, False
    validation = validated(vault, evidence, plan)
    seen = {"plan": members, "one": members[:1], "none": ()}[evidence] if validation else ()
    proven.update(seen)
    trouble(vault, what, victim)
    before = {name: vault.state(name)["stage"] for name in members}
    pending = [name for name in members if before[name] == PENDING]
    there = [name for name in pending if vault.state(name)["azure_vm"]["exists"]]
    since, oracle.named = vault.requests(), frozenset(members)
    foretold = outcome(vault, plan, validation, check_mode=True)
    assert vault.writes(since) == []
    done = outcome(vault, plan, validation, check_mode=False)
    told = (case, evidence, before, foretold, done)
    is_behind = "waiting_for_completion" in before.values()
    is_wrong = victim in pending and what not in ("nothing", "host not named")
    may_be = bool(pending) and not is_behind and not is_wrong and set(pending) <= set(seen)
    after = {name: vault.state(name)["stage"] for name in members}
    assert after == {name: BACK if may_be and name in pending else before[name] for name in members}, told
    gone = [name for name in there if not vault.state(name)["azure_vm"]["exists"]]
    assert gone == (pending if may_be else []), told
    assert done.get("changed", False) is may_be, told
    assert foretold.get("changed", False) is may_be, told


def outcome(vault: ModuleRunner, plan: str, validation: dict[str, Any] | None, *, check_mode: bool) -> dict[str, Any]:
    """Return the result of a commit, or that of its failure."""
    try:
        return vault.run("commit", recovery_plan=plan, validation=validation, check_mode=check_mode)
    except FailbackError as problem:
        return problem.as_result()

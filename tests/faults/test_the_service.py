# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong in the service, or is done by somebody else, while a VM or a plan comes back."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from support.full_run import STEPS, WRITES, Failed, FullRun, faults_of, taken
from support.scenarios import item_of, scenario_of
from support.soaking import count

from asr_simulator.server import Simulator
from asr_simulator.site_recovery.model import catalog
from asr_simulator.world import World

VM1 = {"replicated_item": "vm1"}
# Each task of each job of the cycle, with the module that starts the job; RestoreCompletion is the service's own.
TASKS = [
    *(("planned_failover", task) for task in catalog.FAILBACK.tasks[:4]),
    *(("complete_failover", task) for task in catalog.FAILBACK_INNER),
    *(("planned_failover", task) for task in catalog.RESTORE_COMPLETION.tasks),
    *(("commit", task) for task in catalog.FINALIZE_FAILBACK.tasks),
    *(("reverse_replicate", task) for task in catalog.REVERSE_REPLICATION.tasks),
    *(("reverse_replicate", task) for task in catalog.INITIAL_REPLICATION_COMPLETION.tasks),
]


def judge(journey: FullRun, failed: Failed | None) -> list[str]:
    """What is wrong with a run that may have failed."""
    wrong = [] if failed is None else faults_of(failed, journey)
    count(faults=1, violations=len(wrong))
    return wrong


@pytest.mark.parametrize(("module", "task"), TASKS)
def test_a_job_that_fails_in_a_task_is_told_and_made_up_for(
    at_stage: Callable[..., Simulator], module: str, task: str
) -> None:
    simulator = at_stage(STEPS[module])
    journey = FullRun(simulator, VM1)
    journey.driver.trouble(job_task=task, item="vm1")
    failed = journey.go(begin=module)
    assert judge(journey, failed) == []
    if failed is not None:
        assert failed.problem.kind in ("job_failed", "contradiction", "refused")
        stage = failed.problem.as_result()["stage"]["after"]
        assert stage == journey.stages()["vm1"]
    assert journey.go() is None
    assert journey.stages() == {"vm1": "protected"}
    writes = [write.split("/")[-1] for write in taken(simulator)]
    assert {name: writes.count(name) for name in set(writes) if writes.count(name) > 2} == {}
    assert writes.count("failoverCommit") <= 1 + (module == "commit")
    assert writes.count("reProtect") <= 1 + (module == "reverse_replicate")


def once(do: Callable[[], Any], ready: Callable[[], bool] = lambda: True) -> Callable[[float], None]:
    """Something that happens at the first wait at which it may."""
    todo = [do]
    return lambda _seconds: todo.pop()() if todo and ready() else None


def just_before(simulator: Simulator, write: str, fault: dict[str, Any], *, requests: int) -> list[str]:
    """Let something happen behind the last read before a write: after so many requests. Returns what was done."""
    done: list[str] = []

    def watch(world: World) -> None:
        if world.journal.count == requests and not done:
            done.append(write)
            world.check_fault(fault)
            world.apply_fault(fault)

    simulator.watch(watch)
    return done


def requests_before_the_write(simulator: Simulator, module: str) -> int:
    """How many requests a module makes before its write; the simulator is begun anew afterwards."""
    FullRun(simulator, VM1).take(module)
    number = next(entry["seq"] for entry in simulator.journal.entries(writes=True))
    simulator.reset()
    return int(number) - 1


@pytest.mark.parametrize("module", [name for name in WRITES if name != "commit"])
@pytest.mark.parametrize("returns", [True, False])
def test_a_host_that_disconnects_fails_the_job_and_the_run_goes_on_when_it_is_back(
    at_stage: Callable[..., Simulator], module: str, returns: bool
) -> None:
    simulator = at_stage(STEPS[module])
    journey = FullRun(simulator, VM1)

    def goes_away() -> None:
        journey.driver.trouble(provider="hv01", connected=False)

    def is_at_work() -> bool:
        return module != "planned_failover" or journey.stages()["vm1"] == "synchronizing"

    failed = journey.go(begin=module, meanwhile=once(goes_away, is_at_work))
    assert failed is not None
    assert judge(journey, failed) == []
    if not returns:
        again = journey.go()
        assert again is not None
        assert judge(journey, again) == []
    journey.driver.trouble(provider="hv01", connected=True)
    assert journey.go() is None
    assert journey.stages() == {"vm1": "protected"}


@pytest.mark.parametrize(
    ("module", "operation"),
    [("planned_failover", "plannedFailover"), ("commit", "failoverCommit"), ("reverse_replicate", "reProtect")],
)
def test_the_same_operation_of_somebody_else_a_moment_earlier_is_told_and_then_attached_to(
    at_stage: Callable[..., Simulator], module: str, operation: str
) -> None:
    simulator = at_stage(STEPS[module])
    number = requests_before_the_write(simulator, module)
    journey = FullRun(simulator, VM1)
    done = just_before(simulator, operation, {"operation": operation, "item": "vm1"}, requests=number)
    failed = journey.go(begin=module)
    assert done == [operation]
    assert judge(journey, failed) == []
    if failed is not None:
        assert failed.problem.details["errors"][0]["code"] == "532"
        assert "other operation" in str(failed.problem)
    assert journey.go() is None
    assert journey.stages() == {"vm1": "protected"}


@pytest.mark.parametrize("module", STEPS)
@pytest.mark.parametrize("at_once", [True, False], ids=["before", "while it waits"])
def test_an_item_that_is_removed_is_told_at_every_stage(
    at_stage: Callable[..., Simulator], module: str, at_once: bool
) -> None:
    if module in ("failback_prereq", "failback_validate"):
        at_once = True
    simulator = at_stage(STEPS[module])
    journey = FullRun(simulator, VM1)
    truth = journey.side()

    def remove() -> None:
        journey.driver.trouble(item="vm1", removed=True)

    if at_once:
        remove()
        failed = journey.go(begin=module if module != "failback_validate" else "commit")
    else:
        failed = journey.go(begin=module, meanwhile=once(remove))
    assert failed is not None
    result = failed.problem.as_result()
    assert failed.problem.asked
    assert failed.problem.remedy
    if at_once:
        assert (result["error"]["kind"], result["changed"]) == ("target", False)
    else:
        assert result["changed"] is True
        assert result["authoritative_side"] == truth or "as last read" in result["msg"]
        assert "disabled the replication" in result["msg"]


@pytest.mark.parametrize("stage", ["failed_over", "waiting_for_completion", "interrupted"])
def test_an_azure_vm_that_is_deleted_before_the_cut_over_is_said_to_be_gone(
    at_stage: Callable[..., Simulator], stage: str
) -> None:
    simulator = at_stage(stage)
    journey = FullRun(simulator, VM1)
    journey.driver.trouble(azure_vm="vm1", deleted=True)
    failed = journey.go(begin="complete_failover" if stage == "waiting_for_completion" else "planned_failover")
    assert failed is not None
    result = failed.problem.as_result()
    assert (result["error"]["kind"], result["changed"], taken(simulator)) == ("refused", False, [])
    assert "its Azure VM is absent" in result["msg"]
    assert "The Azure VM was authoritative, and Azure has no such VM any more." in result["msg"]
    assert "Its disks may still be there" in result["msg"]
    assert result["stage"]["after"] == journey.stages()["vm1"] == stage


@pytest.mark.parametrize("module", ["planned_failover", "complete_failover"])
def test_an_azure_vm_that_is_deleted_while_a_job_runs_fails_it_and_the_next_run_writes_nothing(
    at_stage: Callable[..., Simulator], module: str
) -> None:
    simulator = at_stage(STEPS[module])
    journey = FullRun(simulator, VM1)
    failed = journey.go(begin=module, meanwhile=once(lambda: journey.driver.trouble(azure_vm="vm1", deleted=True)))
    assert failed is not None
    assert failed.problem.kind in ("job_failed", "refused")
    before = len(taken(simulator))
    again = journey.go(begin="planned_failover")
    assert again is not None
    assert "was authoritative" in str(again.problem)
    assert len(taken(simulator)) == before


def test_an_azure_vm_that_is_deleted_before_the_commit_costs_nothing(at_stage: Callable[..., Simulator]) -> None:
    simulator = at_stage("failback_commit_pending")
    journey = FullRun(simulator, VM1, hosts=True)
    evidence = journey.take("failback_validate")["validation"]
    journey.driver.trouble(azure_vm="vm1", deleted=True)
    failed = journey.driver.fail("commit", **VM1, validation=evidence)
    assert "its Azure VM was not seen to be off" in failed["msg"]
    assert taken(simulator) == []
    # Who has found out that it is gone says so.
    assert journey.go(begin="failback_validate") is None
    assert journey.stages() == {"vm1": "protected"}


def test_an_azure_vm_that_is_deleted_before_the_commit_is_not_committed_unless_the_other_copy_runs(
    at_stage: Callable[..., Simulator],
) -> None:
    simulator = at_stage("failback_commit_pending")
    journey = FullRun(simulator, VM1, hosts=True)
    evidence = journey.take("failback_validate")["validation"]
    journey.driver.trouble(azure_vm="vm1", deleted=True)
    journey.driver.trouble(vm="vm1", power="off")
    failed = journey.driver.fail("commit", **VM1, validation=evidence)
    assert failed["error"]["kind"] == "contradiction"
    assert taken(simulator) == []


PLAN = {"recovery_plan": "shop"}


@pytest.mark.parametrize(
    "groups", [[["web"], ["db"]], [["db"]], [["db"], ["web"], ["new"]]], ids=["order", "less", "more"]
)
@pytest.mark.parametrize("module", WRITES)
@pytest.mark.parametrize("waits", [False, True], ids=["between", "during"])
def test_a_plan_that_changes_brings_home_whom_it_names_or_says_why_not(
    simulator: Any, module: str, groups: list[list[str]], waits: bool
) -> None:
    stage = STEPS[module]
    names = sorted({"db", "web", *(name for group in groups for name in group)})
    items = [item_of(name, stage if name != "new" else "failed_over") for name in names]
    world = simulator(scenario_of(*items, recovery_plans=[{"name": "shop", "groups": [["db"], ["web"]]}]))
    journey = FullRun(world, PLAN)

    def change() -> None:
        journey.driver.trouble(plan="shop", groups=groups)

    if not waits:
        change()
    failed = journey.go(begin=module, meanwhile=once(change) if waits else None)
    assert judge(journey, failed) == []
    # Whoever the plan names now comes home, by the plan or, where it tells so, one by one.
    for name in itertools.chain(*groups):
        alone = FullRun(world, {"replicated_item": name})
        for _again in range(2):
            stuck = alone.go()
            if stuck is None:
                break
            assert judge(alone, stuck) == []
            again = journey.go()
            if again is not None and "Add these VMs to the plan again" in str(again.problem):
                journey.driver.trouble(plan="shop", groups=[["db"], ["web"]])
                journey.go()
        assert alone.stages()[name] == "protected", stuck
    writes = taken(world)
    assert [write for write in set(writes) if writes.count(write) > 1] == []


def test_tokens_and_secret_that_expire_in_the_middle_of_a_wait(at_stage: Callable[..., Simulator]) -> None:
    simulator = at_stage("failed_over")
    journey = FullRun(simulator, VM1)
    assert journey.go(end="planned_failover", meanwhile=once(lambda: journey.driver.trouble(tokens="expired"))) is None

    def lose() -> None:
        journey.driver.trouble(tokens="expired")
        journey.driver.trouble(principal="operator", secret="expired")

    failed = journey.go(meanwhile=once(lose))
    assert failed is not None
    assert (failed.module, failed.problem.kind) == ("complete_failover", "authentication")
    assert judge(journey, failed) == []
    assert "AADSTS7000222" in str(failed.problem)
    journey.driver.trouble(principal="operator", secret="good")
    assert journey.go() is None
    assert journey.stages() == {"vm1": "protected"}


@pytest.mark.parametrize("hours", [-87600, -1, 1, 87600])
def test_a_clock_of_azure_that_is_another_than_ours_changes_nothing(simulator: Any, hours: int) -> None:
    start = (datetime.now(timezone.utc) + timedelta(hours=hours)).isoformat()
    world = simulator(scenario_of("vm1", start=start))
    journey = FullRun(world, VM1, hosts=True)
    assert journey.go() is None
    assert journey.stages() == {"vm1": "protected"}

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the jobs of an item tell of the time since its failover to Azure: a gap is no innocence."""

from __future__ import annotations

from typing import Any

import pytest
from support import bodies
from support.bodies import VM_ID, failback, group, inline, item, job, machine, synchronizing_first, task

from ansible_collections.asr.failback.plugins.module_utils.model.decisions import Step, Verb, decide
from ansible_collections.asr.failback.plugins.module_utils.model.history import History, history_of
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.jobs import parse_job
from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import Side, Stage, observe

FAILED_OVER_AT = "2026-02-01T00:00:00.0714330Z"
LATER, LATEST = "2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z"
IN_AZURE = parse_item(item("Failback", lastSuccessfulFailoverTime=FAILED_OVER_AT))
PENDING = parse_item(item("Commit", lastSuccessfulFailoverTime=FAILED_OVER_AT))
TO_AZURE = job("PlannedFailover", "Succeeded", task("VmFailover", "Succeeded"), startTime=FAILED_OVER_AT, name="over")
UNPLANNED = job("UnplannedFailover", "Succeeded", startTime=FAILED_OVER_AT, name="over")
COMMITTED = job("CommitFailover", "Succeeded", startTime=LATER, name="commit")
BROKEN = synchronizing_first(sync="Failed")
REFUSED = [bodies.skipped(name) for name in ("InitiateDataSync", "MonitorDataSync", "WaitForUserInputForFailback")]


def told(*jobs: Any, of: Any = IN_AZURE) -> History:
    return history_of(of, [parse_job(body) for body in jobs])


@pytest.mark.parametrize(
    "jobs",
    [
        (COMMITTED,),
        (UNPLANNED,),
        (TO_AZURE,),
        (job("UpdateVmProperties", "Succeeded", startTime=LATEST), COMMITTED),
        (job("TestFailoverCleanup", "Succeeded", startTime=LATEST), COMMITTED),
        (failback("Failed", *REFUSED, startTime=LATEST), COMMITTED),
        (job("PlannedFailover", "Succeeded", startTime=FAILED_OVER_AT, tasks=None),),
        (job(None, "NotStarted", startTime=LATEST, targetObjectId=None), COMMITTED),
        (job("EnableDr", "Failed", startTime=LATEST, targetObjectId=None), COMMITTED),
        (COMMITTED, failback("Failed", startTime=LATER, targetObjectId=None)),
        (
            job("CommitFailover", "Failed", startTime=LATEST),
            job("EnableDr", "Succeeded", startTime="2026-01-01T00:00:00Z"),
        ),
    ],
    ids=[
        "committed",
        "failed over",
        "planned",
        "updated",
        "tested",
        "a failback that was refused",
        "no tasks",
        "one that has not begun and tells no target",
        "harmless and without a target",
        "without a target and before the commit",
        "reaches back",
    ],
)
def test_a_list_that_reaches_back_to_the_failover_tells_that_there_was_no_failback(jobs: tuple[Any, ...]) -> None:
    assert told(*jobs) == History()


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ((), "lists no job as old as"),
        ((failback("Failed", *REFUSED, startTime=LATEST),), "lists no job as old as"),
        ((job("CommitFailover", "Failed", startTime=LATER),), "lists no job as old as"),
        ((job("RestoreAll2030", "Succeeded", startTime=LATEST), COMMITTED), "RestoreAll2030"),
        ((job(None, "Failed", startTime=LATEST, friendlyName=None), COMMITTED), "names no operation"),
        ((job("RestoreCompletion", "Succeeded", startTime=LATEST), COMMITTED), "completion of a data synchronization"),
        (
            (failback("Failed", startTime=LATEST, targetObjectId="plan", targetInstanceType="RecoveryPlan"), COMMITTED),
            "does not report every VM",
        ),
        ((failback("Succeeded", startTime=LATEST, targetObjectId=None), COMMITTED), "does not report its target"),
        ((job(None, "Failed", startTime=LATEST, targetObjectId=None), COMMITTED), "does not report its target"),
        ((job("RestoreCompletion", "Succeeded", startTime=LATEST, targetObjectId=None), COMMITTED), "does not report"),
        (
            (failback("Failed", startTime=LATEST, targetObjectId="plan", targetInstanceType=None), COMMITTED),
            "does not report its target",
        ),
    ],
    ids=[
        "empty",
        "trimmed",
        "trimmed before the commit",
        "renamed",
        "null",
        "only its completion",
        "plan without tasks",
        "failback without a target",
        "neither operation nor target",
        "completion without a target",
        "without the type of its target",
    ],
)
def test_a_list_with_a_gap_is_no_innocence(jobs: tuple[Any, ...], words: str) -> None:
    history = told(*jobs)
    assert history.last_failback is None
    assert words in history.gap


def test_an_item_that_does_not_tell_when_it_failed_over_has_a_gap() -> None:
    silent = parse_item(item("Failback", lastSuccessfulFailoverTime=None))
    assert told(job("PlannedFailover", "Failed", startTime=LATEST, tasks=None), of=silent).gap
    assert told(of=silent).gap


@pytest.mark.parametrize("state", ["Failed", "Cancelled", "Aborted"])
@pytest.mark.parametrize("tasks", [None, [], [task("RenamedTask", "Succeeded")]], ids=["null", "empty", "renamed"])
def test_a_failback_that_ended_badly_without_known_tasks_counts_as_begun(state: str, tasks: Any) -> None:
    broken = failback(state, startTime=LATEST, name="broken", tasks=tasks)
    history = told(broken, COMMITTED)
    assert history.last_failback is not None
    assert observe(IN_AZURE, None, history).stage is Stage.INTERRUPTED


UNTOUCHED = [task(name) for name in ("InitiateDataSync", "MonitorDataSync")]
SILENT = {"customDetails": None, "groupTaskCustomDetails": None}


@pytest.mark.parametrize(
    "flow",
    [
        task("StartAzureVmFailback", "Failed", **SILENT),
        inline("StartAzureVmFailback", "Failed"),
        inline("StartAzureVmFailback", "Failed", task("ShutdownVmOnAzure", "Succeeded"), task("Copy2030", "Failed")),
        inline("StartAzureVmFailback", "Failed", task("InitiateDataSync", ""), task("MonitorDataSync", "")),
        task("StartAzureVmFailback", "", **SILENT),
    ],
    ids=["null", "empty", "renamed", "tasks without a state", "no state"],
)
def test_a_full_download_whose_inner_tasks_tell_nothing_may_have_written(flow: Any) -> None:
    broken = failback("Failed", *REFUSED, flow, startTime=LATEST, name="broken")
    assert observe(IN_AZURE, None, told(broken, COMMITTED)).stage is Stage.INTERRUPTED


@pytest.mark.parametrize(
    "flow",
    [
        task("StartAzureVmFailback", "NotStarted", **SILENT),
        bodies.skipped("StartAzureVmFailback"),
        inline("StartAzureVmFailback", "Failed", task("ShutdownVmOnAzure", "Failed"), *UNTOUCHED),
    ],
    ids=["not begun", "skipped", "failed before"],
)
def test_a_full_download_that_did_not_come_to_writing_left_the_disks_alone(flow: Any) -> None:
    assert told(failback("Failed", *REFUSED, flow, startTime=LATEST), COMMITTED) == History()


@pytest.mark.parametrize("scenario", [None, "FailbackV2"])
def test_what_has_the_tasks_of_a_failback_is_one_whatever_it_is_called(scenario: str | None) -> None:
    history = told(job(scenario, "Cancelled", *BROKEN, startTime=LATEST, name="renamed"), COMMITTED)
    assert observe(IN_AZURE, None, history).stage is Stage.INTERRUPTED


def test_a_planned_failover_after_the_failover_is_a_failback_whatever_it_tells() -> None:
    silent = job("PlannedFailover", "Failed", startTime=LATEST, name="silent", tasks=None, customDetails=None)
    history = told(silent, COMMITTED)
    assert history.last_failback is not None
    assert observe(IN_AZURE, None, history).stage is Stage.INTERRUPTED


@pytest.mark.parametrize("tasks", [None, [], BROKEN], ids=["null", "empty", "contradicting"])
def test_a_failback_that_succeeded_counts_whatever_its_tasks_say(tasks: Any) -> None:
    done = failback("Succeeded", startTime=LATEST, tasks=tasks, endTime="2026-02-03T01:00:00Z")
    assert observe(PENDING, None, told(done, TO_AZURE, of=PENDING)).stage is Stage.FAILBACK_COMMIT_PENDING


def test_an_unknown_past_does_not_stop_a_failback_and_is_said() -> None:
    seen = observe(IN_AZURE, None, told())
    assert (seen.stage, seen.authoritative_side) == (Stage.FAILED_OVER, Side.AZURE)
    assert decide(Verb.FAIL_BACK, seen).step is Step.START
    assert "lists no job as old as" in seen.explanation
    assert "Never start the on-premises VM" in seen.explanation


@pytest.mark.parametrize(
    "jobs", [(), (failback("Failed", *BROKEN, startTime=LATEST), COMMITTED)], ids=["empty", "broken"]
)
def test_which_commit_is_pending_is_not_guessed(jobs: tuple[Any, ...]) -> None:
    seen = observe(PENDING, None, told(*jobs, of=PENDING))
    assert (seen.stage, seen.authoritative_side) == (Stage.BUSY, Side.EITHER)
    for verb in Verb:
        decision = decide(verb, seen)
        assert decision.step is Step.REFUSE
        assert "direction: failover" not in decision.reason


@pytest.mark.parametrize("state", ["PlannedFailoverCommitRequired", "UnplannedFailoverCommitPendingStatesBegin"])
def test_the_name_of_a_state_needs_no_history(state: str) -> None:
    named = parse_item(item("Commit", state=state, lastSuccessfulFailoverTime=FAILED_OVER_AT))
    assert observe(named, None, told(of=named)).stage is Stage.FAILOVER_COMMIT_PENDING


def test_a_failback_that_succeeded_contradicts_the_name_of_the_state() -> None:
    named = parse_item(item("Commit", state="PlannedFailoverCommitRequired", lastSuccessfulFailoverTime=FAILED_OVER_AT))
    history = told(failback("Succeeded", startTime=LATEST), TO_AZURE, of=named)
    assert observe(named, None, history).stage is Stage.BUSY


@pytest.mark.parametrize("state", ["PlannedFailoverCommitRequired", "UnplannedFailoverCommitPendingStatesBegin"])
def test_a_failback_that_may_have_written_contradicts_the_name_of_the_state(state: str) -> None:
    named = parse_item(item("Commit", state=state, lastSuccessfulFailoverTime=FAILED_OVER_AT))
    seen = observe(named, None, told(failback("Cancelled", *BROKEN, startTime=LATEST), TO_AZURE, of=named))
    assert decide(Verb.COMMIT_FAILOVER, seen).step is Step.REFUSE
    assert "ended as Cancelled" in seen.gap


def test_a_known_past_tells_that_the_failover_awaits_its_commit() -> None:
    assert observe(PENDING, None, told(TO_AZURE, of=PENDING)).stage is Stage.FAILOVER_COMMIT_PENDING


def test_a_plan_that_names_its_vms_tells_of_them_alone() -> None:
    of_others = group("FailoverAllActionGroup", "Failed", machine("somebody-else", "Failed", "child"))
    plan = failback("Failed", of_others, startTime=LATEST, targetObjectId="plan", targetInstanceType="RecoveryPlan")
    assert told(plan, COMMITTED) == History()


SOMEBODY_ELSE = "somebody-else"


def of_a_plan(*tasks: Any, state: str = "Failed") -> Any:
    return failback(state, *tasks, startTime=LATEST, targetObjectId="plan", targetInstanceType="RecoveryPlan")


@pytest.mark.parametrize(
    ("child", "stage"),
    [
        (machine(VM_ID, "Failed", "mine"), Stage.INTERRUPTED),
        (machine(VM_ID.upper(), "Succeeded", "mine"), Stage.INTERRUPTED),
        (machine(VM_ID, "", "mine"), Stage.INTERRUPTED),
        (machine(VM_ID, "NotStarted"), Stage.FAILED_OVER),
        ({**machine(VM_ID, "Failed"), "stateDescription": "Skipped"}, Stage.FAILED_OVER),
    ],
    ids=["failed", "copied", "no state", "not begun", "skipped"],
)
def test_a_plan_that_wrote_to_one_of_its_vms_tells_of_each_what_it_did_to_that(child: Any, stage: Stage) -> None:
    synchronizing = group("DataSyncAllActionGroup", "Failed", machine(SOMEBODY_ELSE, "Failed", "child"), child)
    plan = of_a_plan(synchronizing, group("FailoverAllActionGroup", "NotStarted", machine(VM_ID, "NotStarted")))
    assert observe(IN_AZURE, None, told(plan, COMMITTED)).stage is stage


def test_a_group_that_wrote_without_a_task_for_the_vm_may_have_written_to_it() -> None:
    synchronizing = group("DataSyncAllActionGroup", "Failed", machine(SOMEBODY_ELSE, "Failed", "child"))
    mine = group("FailoverAllActionGroup", "NotStarted", machine(VM_ID, "NotStarted"))
    seen = observe(IN_AZURE, None, told(of_a_plan(synchronizing, mine), COMMITTED))
    assert seen.stage is Stage.INTERRUPTED
    assert "does not report whether it had begun to write" in seen.reason


@pytest.mark.parametrize(
    ("state", "certain"),
    [("Failed", False), ("Cancelled", True), ("Succeeded", True), ("InProgress", True), ("", False)],
)
def test_a_vm_s_task_of_a_plan_that_failed_does_not_tell_whether_it_wrote(state: str, certain: bool) -> None:
    synchronizing = group("DataSyncAllActionGroup", "Failed", machine(VM_ID, state, "mine"))
    past = observe(IN_AZURE, None, told(of_a_plan(synchronizing), COMMITTED)).past
    assert past is not None
    assert past.is_certain is certain


def test_a_plan_that_shut_another_vm_down_left_this_one_on() -> None:
    written = group("DataSyncAllActionGroup", "Succeeded", machine(VM_ID, "Succeeded", "mine"))
    off = group(
        "ShutdownAllActionGroup", "Failed", machine(SOMEBODY_ELSE, "Failed", "child"), machine(VM_ID, "NotStarted")
    )
    seen = observe(IN_AZURE, None, told(of_a_plan(written, off), COMMITTED))
    assert seen.past is not None
    assert not seen.past.may_be_off


def test_the_cancel_of_a_plan_is_judged_by_the_tasks_of_the_vm() -> None:
    synchronizing = group(
        "DataSyncAllActionGroup", "InProgress", machine(SOMEBODY_ELSE, "InProgress"), machine(VM_ID, "NotStarted")
    )
    ending = parse_job(of_a_plan(synchronizing, state="Cancelling"))
    assert observe(IN_AZURE, ending, History()).past is None


def test_a_plan_with_a_task_for_a_vm_that_it_does_not_name_tells_of_no_other_one_either() -> None:
    nameless = group(
        "FailoverAllActionGroup", "Failed", machine(SOMEBODY_ELSE, "Failed", "child"), machine("", "Failed")
    )
    assert "does not report every VM" in told(of_a_plan(nameless), COMMITTED).gap

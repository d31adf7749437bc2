# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a job may be cancelled or restarted, and what a cancel endangers: as tables."""

from __future__ import annotations

from typing import Any

import pytest
from support.bodies import Body, failback, full_download, group, item, job, machine, synchronizing_first, task

from ansible_collections.asr.failback.plugins.module_utils.model.decisions import Step
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.job_actions import (
    decide_cancel,
    decide_restart,
    direction_of_job,
    has_taken_effect,
    is_of_failback,
    owner_of_part,
    stage_after_restart,
    stage_left_by_cancel,
    warnings_after_cancel,
)
from ansible_collections.asr.failback.plugins.module_utils.model.jobs import Job, parse_job
from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import Observation, Stage, warning_of

CANCEL = {"allowedActions": ["Cancel"]}
WAITS = {"allowedActions": ["Cancel", "Resume"], "stateDescription": "WaitingForUserInputAfterDataSync"}
FAILED = {"allowedActions": ["Restart"]}
IN_AZURE, ON_PREMISES = item(), item(active="Primary")
REPROTECT = "ReprotectReplicationGroup"


def seen(stage: Stage, body: Body = IN_AZURE, owner: Job | None = None) -> Observation:
    return Observation(parse_item(body), stage, owner, "what was seen")


def cancel(body: Body, *members: Observation, accept: bool = False) -> Any:
    return decide_cancel(parse_job(body), members, is_named=True, accept_inconsistent_disks=accept)


# Job, its VM, the step without and with the acceptance.
CANCELS = {
    "cancelled": (failback("Cancelled"), IN_AZURE, Step.NOTHING, Step.NOTHING),
    "being cancelled": (failback("Cancelling"), IN_AZURE, Step.ATTACH, Step.ATTACH),
    "succeeded": (failback("Succeeded"), IN_AZURE, Step.REFUSE, Step.REFUSE),
    "failed": (failback("Failed"), IN_AZURE, Step.REFUSE, Step.REFUSE),
    "partly succeeded": (failback("PartiallySucceeded"), IN_AZURE, Step.REFUSE, Step.REFUSE),
    "not begun": (failback("NotStarted"), IN_AZURE, Step.REFUSE, Step.WAIT),
    "not begun, of what is not told": (job(None, "NotStarted"), IN_AZURE, Step.WAIT, Step.WAIT),
    "checks": (
        failback("InProgress", *synchronizing_first(sync="NotStarted"), **CANCEL),
        IN_AZURE,
        Step.REFUSE,
        Step.START,
    ),
    "copies": (
        failback("InProgress", *synchronizing_first(sync="InProgress"), **CANCEL),
        IN_AZURE,
        Step.REFUSE,
        Step.START,
    ),
    "waits": (
        failback("Suspended", *synchronizing_first(sync="Succeeded", asked="InProgress"), **WAITS),
        IN_AZURE,
        Step.REFUSE,
        Step.START,
    ),
    "completes the synchronization": (
        job("RestoreCompletion", "InProgress", **CANCEL),
        IN_AZURE,
        Step.REFUSE,
        Step.START,
    ),
    "direction not told, in Azure": (
        job("PlannedFailover", "InProgress", **CANCEL),
        IN_AZURE,
        Step.REFUSE,
        Step.START,
    ),
    "direction not told, on-premises": (
        job("PlannedFailover", "InProgress", **CANCEL),
        ON_PREMISES,
        Step.START,
        Step.START,
    ),
    "of a new name, in Azure": (job("FailbackV2", "InProgress", **CANCEL), IN_AZURE, Step.REFUSE, Step.START),
    "of no name, in Azure": (job(None, "InProgress", **CANCEL), IN_AZURE, Step.REFUSE, Step.START),
    "of a new name, on-premises": (job("SwitchV2", "InProgress", **CANCEL), ON_PREMISES, Step.START, Step.START),
    "of a new name, with the tasks of a failback": (
        job("FailbackV2", "InProgress", task("MonitorDataSync", "InProgress"), **CANCEL),
        ON_PREMISES,
        Step.REFUSE,
        Step.START,
    ),
    "harmless": (job("EnableDr", "InProgress", **CANCEL), IN_AZURE, Step.START, Step.START),
    "failover": (job("UnplannedFailover", "InProgress", **CANCEL), ON_PREMISES, Step.START, Step.START),
    "commit": (job("FinalizeFailback", "InProgress", **CANCEL), IN_AZURE, Step.START, Step.START),
    "reverse replication": (job(REPROTECT, "InProgress", **CANCEL), ON_PREMISES, Step.START, Step.START),
    "may not be cancelled": (job("UpdateVmProperties", "InProgress"), IN_AZURE, Step.REFUSE, Step.REFUSE),
    "waits and may not be cancelled": (
        job("TestFailover", "Suspended", allowedActions=["Resume"]),
        ON_PREMISES,
        Step.REFUSE,
        Step.REFUSE,
    ),
}


@pytest.mark.parametrize(("body", "shown", "unaccepted", "accepted"), CANCELS.values(), ids=CANCELS)
def test_what_a_cancel_calls_for(body: Body, shown: Body, unaccepted: Step, accepted: Step) -> None:
    member = seen(Stage.BUSY, shown)
    for accept, step in ((False, unaccepted), (True, accepted)):
        made = cancel(body, member, accept=accept)
        assert made.step is step
        assert step not in (Step.REFUSE, Step.WAIT) or made.reason


def test_a_planned_failover_of_nobody_counts_as_a_failback() -> None:
    assert is_of_failback(parse_job(job("PlannedFailover", "InProgress")), [])
    assert not is_of_failback(parse_job(job("RefreshFabricLayout", "InProgress")), [])
    assert cancel(job("PlannedFailover", "InProgress", **CANCEL)).step is Step.REFUSE


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        (synchronizing_first(sync="NotStarted"), ["may begin to write", "at any moment", "complete_failover is"]),
        (synchronizing_first(sync="InProgress"), ["has begun to write", "waits, for days if need be"]),
        (full_download(sync="InProgress"), ["has begun to write", "Let it end"]),
        ([], ["may begin to write", "Let it go on."]),
    ],
)
def test_the_guard_says_what_is_endangered_and_what_to_do_instead(tasks: list[Body], words: list[str]) -> None:
    reason = cancel(failback("InProgress", *tasks, **CANCEL), seen(Stage.SYNCHRONIZING)).reason
    for word in [*words, "web01", "No request was sent", "accept_inconsistent_disks: true"]:
        assert word in reason


@pytest.mark.parametrize(
    ("scenario", "words"),
    [(None, "names no operation"), ("FailbackV2", "is called FailbackV2"), ("PlannedFailover", "does not report its")],
)
def test_the_guard_says_why_what_is_not_told_may_be_a_failback(scenario: str | None, words: str) -> None:
    body = job(scenario, "InProgress", **CANCEL)
    reason = cancel(body, seen(Stage.BUSY)).reason
    for word in (words, "may be a failback", "accept_inconsistent_disks: true"):
        assert word in reason
    (warning,) = warnings_after_cancel(parse_job(job(scenario, "Cancelled")), [seen(Stage.FAILED_OVER)])
    assert words in warning
    assert "Never start the on-premises VM" in warning
    assert stage_left_by_cancel(parse_job(body), [seen(Stage.BUSY)]) is Stage.INTERRUPTED


def test_only_a_part_of_a_plan_s_job_has_an_owner() -> None:
    parts = group("DataSyncAllActionGroup", "InProgress", machine("vm-1", "InProgress", job="part-1"))
    plan = parse_job(failback("InProgress", parts, name="plan-1", targetInstanceType="RecoveryPlan"))
    part, other = (parse_job(failback("InProgress", name=name)) for name in ("part-1", "other-1"))
    members = [seen(Stage.SYNCHRONIZING, owner=plan)]
    assert owner_of_part(part, members) is plan
    assert owner_of_part(other, members) is None
    assert owner_of_part(plan, members) is None
    assert owner_of_part(part, []) is None


LEFT = {
    "Failback": Stage.INTERRUPTED,
    "RestoreCompletion": Stage.INTERRUPTED,
    "UnplannedFailover": Stage.PROTECTED,
    "CommitFailover": Stage.FAILOVER_COMMIT_PENDING,
    "FinalizeFailback": Stage.FAILBACK_COMMIT_PENDING,
    REPROTECT: Stage.FAILED_BACK,
    "TestFailover": None,
    "RotateKeys": None,
}


@pytest.mark.parametrize(("scenario", "stage"), LEFT.items())
def test_the_stage_that_a_cancel_leads_to(scenario: str, stage: Stage | None) -> None:
    members = [seen(Stage.BUSY, ON_PREMISES)]
    assert stage_left_by_cancel(parse_job(job(scenario, "InProgress")), members) is stage


def test_the_stage_after_the_cancel_of_a_plan_s_commit_cannot_be_told() -> None:
    of_plan = job("CommitFailover", "InProgress", targetInstanceType="RecoveryPlan")
    assert stage_left_by_cancel(parse_job(of_plan), []) is None


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("UnplannedFailover", "start it"),
        ("FinalizeFailback", "VM in Azure"),
        (REPROTECT, "reverse_replicate"),
        ("TestFailover", "Clean up"),
    ],
)
def test_what_a_person_has_to_look_after(scenario: str, words: str) -> None:
    (warning,) = warnings_after_cancel(parse_job(job(scenario, "Cancelled")), [])
    assert words in warning


def test_nothing_is_to_be_looked_after_where_the_stage_says_it_all() -> None:
    assert warnings_after_cancel(parse_job(failback("Cancelled")), []) == []
    assert warning_of([seen(Stage.FAILED_OVER)]) == ""
    assert "of web01, web01 are not consistent. Never start" in warning_of([seen(Stage.INTERRUPTED)] * 2)


def old(scenario: str | None, state: str, **more: Any) -> Job:
    return parse_job(job(scenario, state, name="old", **{**FAILED, **more}))


def newer(scenario: str, state: str) -> Job:
    return parse_job(job(scenario, state, name="newer"))


# Job, later jobs of its target, stage of its VM, step, words of a refusal.
RESTARTS = {
    "failed": (old(REPROTECT, "Failed"), [], Stage.FAILED_BACK, Step.START, ""),
    "cancelled": (old(REPROTECT, "Cancelled"), [], Stage.FAILED_BACK, Step.START, ""),
    "of another kind": (old("EnableDr", "Failed"), [], Stage.PROTECTED, Step.START, ""),
    "other work came after it": (
        old(REPROTECT, "Failed"),
        [newer("EnableDr", "Succeeded")],
        Stage.FAILED_BACK,
        Step.START,
        "",
    ),
    "runs": (old(REPROTECT, "InProgress"), [], Stage.REVERSE_REPLICATING, Step.REFUSE, "has ended"),
    "succeeded": (old(REPROTECT, "Succeeded"), [], Stage.PROTECTED, Step.REFUSE, "already succeeded"),
    "not allowed": (
        old(REPROTECT, "Failed", allowedActions=[]),
        [],
        Stage.FAILED_BACK,
        Step.REFUSE,
        "Run reverse_replicate again",
    ),
    "failback": (old("Failback", "Failed"), [], Stage.INTERRUPTED, Step.REFUSE, "Run planned_failover again"),
    "failover": (old("UnplannedFailover", "Failed"), [], Stage.PROTECTED, Step.REFUSE, "primary_to_recovery"),
    "commit": (old("FinalizeFailback", "Failed"), [], Stage.FAILBACK_COMMIT_PENDING, Step.REFUSE, "Run commit"),
    "of no name": (old(None, "Failed"), [], Stage.FAILED_OVER, Step.REFUSE, "names no operation"),
    "of a new name": (old("CommitV2", "Failed"), [], Stage.FAILED_BACK, Step.REFUSE, "is called CommitV2"),
    "direction not told": (old("PlannedFailover", "Failed"), [], Stage.FAILED_OVER, Step.REFUSE, "planned_failover"),
    "not allowed, of another kind": (
        old("EnableDr", "Failed", allowedActions=[]),
        [],
        Stage.PROTECTED,
        Step.REFUSE,
        "portal",
    ),
    "done since": (
        old(REPROTECT, "Failed"),
        [newer(REPROTECT, "Succeeded")],
        Stage.PROTECTED,
        Step.REFUSE,
        "superseded by the later job newer",
    ),
    "tried since": (
        old(REPROTECT, "Failed"),
        [newer(REPROTECT, "Failed")],
        Stage.FAILED_BACK,
        Step.REFUSE,
        "superseded by the later job newer",
    ),
    "done by the stage": (old(REPROTECT, "Failed"), [], Stage.PROTECTED, Step.REFUSE, "superseded, as web01 is"),
    "too early by the stage": (
        old(REPROTECT, "Failed"),
        [],
        Stage.FAILBACK_COMMIT_PENDING,
        Step.REFUSE,
        "Run commit first",
    ),
    "of a cycle before": (old(REPROTECT, "Failed"), [], Stage.FAILED_OVER, Step.REFUSE, "It is failed over to Azure"),
    "completion of a copy that stands": (old("IrCompletion", "Failed"), [], Stage.REVERSE_REPLICATING, Step.START, ""),
    "completion of a copy that is gone": (
        old("IrCompletion", "Failed"),
        [],
        Stage.FAILED_BACK,
        Step.REFUSE,
        "Run reverse_replicate again",
    ),
    "completion of a copy that is done": (
        old("IrCompletion", "Failed"),
        [],
        Stage.PROTECTED,
        Step.REFUSE,
        "superseded",
    ),
    "restarted now": (
        old(REPROTECT, "Failed"),
        [newer("RestartJob", "InProgress")],
        Stage.FAILED_BACK,
        Step.ATTACH,
        "",
    ),
    "its work runs": (
        old(REPROTECT, "Failed"),
        [newer(REPROTECT, "InProgress")],
        Stage.REVERSE_REPLICATING,
        Step.ATTACH,
        "",
    ),
    "restarted before, in vain": (
        old(REPROTECT, "Failed"),
        [newer("RestartJob", "Failed")],
        Stage.FAILED_BACK,
        Step.START,
        "",
    ),
}


@pytest.mark.parametrize(("ended", "later", "stage", "step", "words"), RESTARTS.values(), ids=RESTARTS)
def test_what_a_restart_calls_for(ended: Job, later: list[Job], stage: Stage, step: Step, words: str) -> None:
    made = decide_restart(ended, later, [seen(stage, ON_PREMISES)], is_named=True)
    assert made.decision.step is step
    assert words in made.decision.reason
    assert (made.running is not None) is (step is Step.ATTACH)


def test_a_vm_that_another_job_owns_is_not_restarted() -> None:
    owner = parse_job(job("UpdateVmProperties", "InProgress"))
    made = decide_restart(old("EnableDr", "Failed"), [], [seen(Stage.BUSY, ON_PREMISES, owner)], is_named=True)
    assert made.decision.step is Step.REFUSE
    assert "Wait until that has ended" in made.decision.reason


def test_the_effect_of_a_restart_shows_in_the_stage_of_a_replication_only() -> None:
    replication, other = old(REPROTECT, "Failed"), old("EnableDr", "Failed")
    assert not has_taken_effect(replication, [seen(Stage.FAILED_BACK)])
    assert has_taken_effect(replication, [seen(Stage.REVERSE_REPLICATING)])
    assert has_taken_effect(other, [seen(Stage.FAILED_BACK)])
    assert stage_after_restart(replication) is Stage.REVERSE_REPLICATING
    assert stage_after_restart(other) is None


@pytest.mark.parametrize(
    ("body", "shown", "direction"),
    [
        (failback("InProgress"), IN_AZURE, "recovery_to_primary"),
        (job("FinalizeFailback", "InProgress"), IN_AZURE, "recovery_to_primary"),
        (job("CommitFailover", "InProgress"), ON_PREMISES, "recovery_to_primary"),
        (job("CommitFailover", "InProgress"), IN_AZURE, "primary_to_recovery"),
        (job("UnplannedFailover", "InProgress"), ON_PREMISES, "primary_to_recovery"),
        (job(REPROTECT, "InProgress"), ON_PREMISES, "primary_to_recovery"),
        (job("UpdateVmProperties", "InProgress"), ON_PREMISES, None),
        (job("SwitchV2", "InProgress"), IN_AZURE, None),
    ],
)
def test_the_direction_of_a_job(body: Body, shown: Body, direction: str | None) -> None:
    assert direction_of_job(parse_job(body), [seen(Stage.BUSY, shown)]) == direction
    assert direction_of_job(None, []) is None

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs: what an operation is, how far it has come and what it waits for."""

from __future__ import annotations

from typing import Any

import pytest
from support import bodies
from support.bodies import failback, full_download, group, inline, job, machine, skipped, synchronizing_first, task

from ansible_collections.asr.failback.plugins.module_utils.model.failures import UnknownState
from ansible_collections.asr.failback.plugins.module_utils.model.jobs import (
    FAILED_STATES,
    RUNNING_STATES,
    SUCCEEDED_STATES,
    Operation,
    parse_job,
    require_known_state,
)

TO_AZURE = {"affectedObjectDetails": {"PrimaryFabricProviderId": "HyperVSite", "RecoveryFabricProviderId": "Azure"}}
WAITING = synchronizing_first(sync="Succeeded", asked="InProgress")


@pytest.mark.parametrize(
    ("scenario", "details", "operation"),
    [
        ("PlannedFailover", bodies.LEAVES_AZURE, Operation.FAILBACK),
        ("PlannedFailover", {"affectedObjectDetails": {"PrimaryVmmName": "Microsoft Azure"}}, Operation.FAILBACK),
        (
            "PlannedFailover",
            {"affectedObjectDetails": {"PrimaryVmmId": "21a9403c-6ec1-44f2-b744-b4e50b792387"}},
            Operation.FAILBACK,
        ),
        ("PlannedFailover", TO_AZURE, Operation.FAILOVER),
        ("PlannedFailover", None, Operation.PLANNED_FAILOVER),
        ("Failback", None, Operation.FAILBACK),
        ("UnplannedFailover", TO_AZURE, Operation.FAILOVER),
        ("CommitFailover", None, Operation.COMMIT),
        ("FinalizeFailback", None, Operation.COMMIT),
        ("ReprotectReplicationGroup", None, Operation.REVERSE_REPLICATE),
        ("ReverseReplication", None, Operation.REVERSE_REPLICATE),
        ("IrCompletion", None, Operation.REVERSE_REPLICATE),
        ("RestoreCompletion", None, Operation.RESTORE_COMPLETION),
        ("TestFailover", None, Operation.TEST_FAILOVER),
        ("TestFailoverCleanup", None, Operation.TEST_FAILOVER),
        ("DisableDr", None, Operation.OTHER),
        (None, None, Operation.OTHER),
    ],
)
def test_the_operation_is_told_from_scenario_and_source(
    scenario: str | None, details: Any, operation: Operation
) -> None:
    assert parse_job(job(scenario, "InProgress", customDetails=details)).operation is operation


def test_the_tasks_of_a_failback_tell_its_direction_where_nothing_else_does() -> None:
    assert parse_job(job("PlannedFailover", "InProgress", *WAITING)).operation is Operation.FAILBACK
    there = [task("VmPfoPrerequisitesCheck"), task("VmShutdownVmOnPrimary")]
    assert parse_job(job("PlannedFailover", "InProgress", *there)).operation is Operation.FAILOVER


@pytest.mark.parametrize("state", sorted(RUNNING_STATES | SUCCEEDED_STATES | FAILED_STATES))
def test_a_job_runs_or_has_succeeded_or_has_failed(state: str) -> None:
    read = parse_job(job("Failback", state))
    expected = (state in RUNNING_STATES, state in SUCCEEDED_STATES, state in FAILED_STATES)
    assert (read.is_running, read.has_succeeded, read.has_failed) == expected
    assert sum(expected) == 1
    assert require_known_state(read) is read


def test_a_partial_success_is_a_success_for_those_that_succeeded_alone() -> None:
    moved = group("FailoverAllActionGroup", "Failed", machine("vm-a", "Succeeded"), machine("vm-b", "Failed"))
    read = parse_job(job("Failback", "PartiallySucceeded", moved, targetInstanceType="RecoveryPlan"))
    assert read.has_failed
    assert not read.has_succeeded
    assert read.has_succeeded_for("VM-A")
    assert not read.has_succeeded_for("vm-b")
    assert not read.has_succeeded_for("vm-c")


@pytest.mark.parametrize("state", ["Pausing", "", "inprogress"])
def test_an_unknown_state_is_an_error_that_names_field_and_value(state: str) -> None:
    strange = parse_job(job("Failback", state, name="job-7"))
    assert not any((strange.is_running, strange.has_succeeded, strange.has_failed))
    with pytest.raises(UnknownState) as caught:
        require_known_state(strange)
    assert caught.value.details == {"field": "properties.state of job job-7", "value": state}


@pytest.mark.parametrize(
    ("body", "waits"),
    [
        (failback("Suspended", *WAITING), True),
        (failback("InProgress", *WAITING, allowedActions=["Cancel", "Resume"]), True),
        (failback("Suspended", *synchronizing_first(sync="Succeeded")), True),
        (failback("Suspended", stateDescription="WaitingForUserInputAfterDataSync"), True),
        (job("Failback", "Suspended", *WAITING), True),
        (failback("InProgress", *WAITING, allowedActions=["Cancel"]), False),
        (failback("Suspended", *synchronizing_first(sync="InProgress")), False),
        (failback("Suspended", *synchronizing_first(sync="Succeeded", asked="Succeeded", rest="InProgress")), False),
        (job("PlannedFailover", "Suspended", *WAITING[2:], customDetails=TO_AZURE), False),
        (job("TestFailover", "Suspended", allowedActions=["Cancel", "Resume"]), False),
    ],
    ids=[
        "suspended at the question",
        "may be resumed, whatever its state",
        "suspended before the question has begun",
        "the description says so, without tasks",
        "the other scenario name",
        "in progress and not to be resumed",
        "suspended while it synchronizes",
        "suspended after the question",
        "the other direction",
        "a test failover waits",
    ],
)
def test_a_failback_waits_for_completion_only_where_it_asks_the_user(body: Any, waits: bool) -> None:
    assert parse_job(body).waits_for_completion is waits


def test_the_manual_action_of_a_plan_is_not_waiting_for_completion() -> None:
    plan = failback(
        "Suspended",
        task("RpSrsPrerequisitesCheck", "Succeeded"),
        task("PrepareVmOnPremForFailback", "Succeeded"),
        group("Group1", "Suspended", task("ManualAction", "Suspended")),
        task("WaitForUserInputForFailback"),
        stateDescription="WaitingForManualAction",
        allowedActions=["Cancel", "Resume"],
        targetInstanceType="RecoveryPlan",
    )
    read = parse_job(plan)
    assert read.may_be_resumed
    assert not read.waits_for_completion


@pytest.mark.parametrize(
    ("tasks", "began", "finished"),
    [
        ([], False, False),
        (synchronizing_first(sync="NotStarted"), False, False),
        (synchronizing_first(sync="InProgress"), True, False),
        (synchronizing_first(sync="Succeeded", asked="InProgress"), True, False),
        (synchronizing_first(sync="Succeeded", asked="Succeeded", rest="InProgress"), True, True),
        (full_download(off="InProgress"), False, False),
        (full_download(sync="InProgress"), True, False),
        (full_download(sync="Succeeded", up="InProgress"), True, True),
    ],
    ids=[
        "no tasks yet",
        "before the synchronization",
        "synchronizing",
        "asking",
        "resumed",
        "full download: Azure VM goes down",
        "full download: downloads",
        "full download: starts on-premises",
    ],
)
def test_tasks_tell_how_far_the_data_is(tasks: list[Any], began: bool, finished: bool) -> None:
    read = parse_job(failback("InProgress", *tasks))
    assert (read.began_data_sync, read.finished_data_sync) == (began, finished)


@pytest.mark.parametrize("year", [2017, 2015])
def test_a_skipped_task_did_nothing_in_either_spelling(year: int) -> None:
    left_out = [skipped(name, year) for name in ("InitiateDataSync", "MonitorDataSync", "WaitForUserInputForFailback")]
    read = parse_job(failback("InProgress", *left_out, inline("StartAzureVmFailback", "InProgress")))
    assert all(entry.is_skipped and entry.is_done and not entry.has_begun for entry in read.tasks[:3])
    assert not read.began_data_sync
    assert not read.finished_data_sync


@pytest.mark.parametrize(
    ("download", "began", "finished"),
    [("NotStarted", False, False), ("InProgress", True, False), ("Succeeded", True, True)],
)
def test_a_plan_downloads_in_its_failover_group(download: str, began: bool, finished: bool) -> None:
    read = parse_job(
        failback(
            "InProgress",
            group("DataSyncAllActionGroup", "Other", machine(bodies.VM_ID, "Other"), description="Skipped"),
            skipped("WaitForUserInputForFailback"),
            group("ShutdownAllActionGroup", "Succeeded", machine(bodies.VM_ID, "Succeeded", "child-1")),
            group("FailoverAllActionGroup", download, machine(bodies.VM_ID, download, "child-2")),
            targetInstanceType="RecoveryPlan",
        )
    )
    assert read.is_of_plan
    assert (read.began_data_sync, read.finished_data_sync) == (began, finished)


def test_tasks_are_read_with_their_groups_machines_and_child_jobs() -> None:
    boot = group("Group1", "InProgress", machine("VM-A", "Succeeded", "child-1"), machine("vm-b", "NotStarted"))
    read = parse_job(failback("InProgress", boot, inline("Flow", "NotStarted", task("Inner"))))
    assert [entry.name for entry in read.all_tasks()] == ["Group1", "Unknown", "Unknown", "Flow", "Inner"]
    assert [entry.job_id for entry in read.tasks[0].children] == ["child-1", ""]
    assert read.concerns("vm-a")
    assert read.concerns("VM-B")
    assert read.concerns(bodies.VM_ID)
    assert not read.concerns("vm-c")
    assert not read.concerns("")

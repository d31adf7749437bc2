# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stage of an item, from every form in which the service may show it.

Forms that no recording shows (an item during its failback and before its commit) are here in every plausible shape.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from support import bodies
from support.bodies import failback, full_download, item, job, scenario, synchronizing_first, task

from ansible_collections.asr.failback.plugins.module_utils.model.failures import UnknownState
from ansible_collections.asr.failback.plugins.module_utils.model.history import History
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.jobs import parse_job
from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import (
    Observation,
    Stage,
    observe,
)

FAILED_OVER_AT = "2026-02-01T00:00:00Z"
REVERSE_OPERATIONS = ("ReverseReplicate", "DisableProtection")
IN_AZURE = ("CompleteMigration", "DisableProtection")
BEFORE_COMMIT = ("CompleteMigration", "Commit", "DisableProtection", "ChangePit")
AT_HOME = ("PlannedFailover", "UnplannedFailover", "DisableProtection", "TestFailover")

ASKING = synchronizing_first(sync="Succeeded", asked="InProgress")
MOVED = bodies.machine(bodies.VM_ID, "Succeeded", "child")
RESUMED = synchronizing_first(sync="Succeeded", asked="Succeeded", rest="InProgress")


@dataclass(frozen=True)
class Case:
    """What the service shows, and the stage that it means."""

    name: str
    stage: Stage
    item: dict[str, Any]
    running: dict[str, Any] | None = None
    last: dict[str, Any] | None = None


def at_rest(name: str, stage: Stage, *operations: str, last: dict[str, Any] | None = None, **parts: Any) -> Case:
    return Case(name, stage, item(*operations, lastSuccessfulFailoverTime=FAILED_OVER_AT, **parts), last=last)


def running(name: str, stage: Stage, body: Any, called: str = "PlannedFailover", **parts: Any) -> Case:
    return Case(name, stage, item(currentScenario=scenario(called), **parts), running=body)


def cancelled(state: str, *tasks: dict[str, Any]) -> dict[str, Any]:
    return failback(state, *tasks, endTime="2026-03-01T09:00:00Z")


AT_REST = [
    at_rest("recorded", Stage.PROTECTED, *AT_HOME, active="Primary", state="Protected"),
    at_rest("planned, recorded", Stage.FAILOVER_COMMIT_PENDING, *BEFORE_COMMIT, state="PlannedFailoverCommitRequired"),
    at_rest(
        "unplanned, recorded",
        Stage.FAILOVER_COMMIT_PENDING,
        *BEFORE_COMMIT,
        state="UnplannedFailoverCommitPendingStatesBegin",
    ),
    at_rest("by its state alone", Stage.FAILOVER_COMMIT_PENDING, state="PlannedFailoverCommitRequired"),
    at_rest("new state name, commit allowed", Stage.FAILOVER_COMMIT_PENDING, *BEFORE_COMMIT, state="FailoverDone2027"),
    at_rest("planned", Stage.FAILED_OVER, *IN_AZURE, "Failback", state="PlannedFailoverStatesBegin"),
    at_rest("unplanned", Stage.FAILED_OVER, *IN_AZURE, "Failback", state="UnplannedFailoverStatesBegin"),
    at_rest("committed, offered as PlannedFailover", Stage.FAILED_OVER, *IN_AZURE, "PlannedFailover"),
    at_rest("new state name, failback allowed", Stage.FAILED_OVER, "Failback", state="RunningInTheCloud"),
    at_rest(
        "cancelled before it wrote",
        Stage.FAILED_OVER,
        "Failback",
        last=cancelled("Cancelled", *synchronizing_first(sync="NotStarted")),
    ),
    at_rest(
        "failed because another operation ran: all tasks skipped",
        Stage.FAILED_OVER,
        "Failback",
        last=cancelled("Failed", *(bodies.skipped(name) for name in ("InitiateDataSync", "MonitorDataSync"))),
    ),
    at_rest(
        "failed while the Azure VM went down",
        Stage.FAILED_OVER,
        "Failback",
        last=cancelled("Failed", *full_download(off="Failed")),
    ),
    at_rest("allows nothing, though committed", Stage.BUSY, "DisableProtection", state="UnplannedFailoverStatesBegin"),
    at_rest("active on-premises, Commit", Stage.FAILBACK_COMMIT_PENDING, "Commit", active="Primary"),
    at_rest("on-premises, FinalizeFailback", Stage.FAILBACK_COMMIT_PENDING, "FinalizeFailback", active="Primary"),
    at_rest("active in Azure, FinalizeFailback", Stage.FAILBACK_COMMIT_PENDING, "FinalizeFailback"),
    at_rest(
        "active in Azure, Commit, failback succeeded",
        Stage.FAILBACK_COMMIT_PENDING,
        "Commit",
        last=cancelled("Succeeded", *RESUMED),
    ),
    at_rest(
        "active in Azure, both words",
        Stage.FAILBACK_COMMIT_PENDING,
        "Commit",
        "FinalizeFailback",
        last=cancelled("Succeeded", *RESUMED),
    ),
    at_rest(
        "active in Azure, Commit, failback ended with information",
        Stage.FAILBACK_COMMIT_PENDING,
        "Commit",
        last=cancelled("CompletedWithInformation", *RESUMED),
    ),
    at_rest("recorded", Stage.FAILED_BACK, *REVERSE_OPERATIONS, active="Primary", state="RestoreFinalized"),
    at_rest("by its state alone", Stage.FAILED_BACK, active="Primary", state="RestoreFinalized"),
    at_rest("new state name", Stage.FAILED_BACK, *REVERSE_OPERATIONS, active="Primary", state="BackHome"),
    *(
        at_rest(state, Stage.REVERSE_REPLICATING, "DisableProtection", active="Primary", state=state)
        for state in (
            "InitialReplicationInProgress",
            "InitialReplicationPending",
            "InitialReplicationRecoveryCompletionPending",
            "ResynchronizationInProgress",
        )
    ),
    *(
        at_rest(
            f"{state} while it synchronized",
            Stage.INTERRUPTED,
            "Failback",
            last=cancelled(state, *synchronizing_first(sync=state)),
        )
        for state in ("Cancelled", "Failed", "Aborted")
    ),
    at_rest(
        "cancelled while it waited, disks written but not final",
        Stage.INTERRUPTED,
        "Failback",
        last=cancelled("Cancelled", *ASKING),
    ),
    at_rest(
        "failed in the full download",
        Stage.INTERRUPTED,
        "Failback",
        last=cancelled("Failed", *full_download(sync="Failed")),
    ),
    at_rest(
        "no allowed operation, yet the job tells",
        Stage.INTERRUPTED,
        last=cancelled("Failed", *synchronizing_first(sync="Failed")),
    ),
    at_rest(
        "test failover", Stage.BUSY, "TestFailoverCleanup", active="Primary", testFailoverState="WaitingForCompletion"
    ),
    at_rest(
        "after a test failover, recorded",
        Stage.PROTECTED,
        *AT_HOME,
        active="Primary",
        state="Protected",
        testFailoverState="MarkedForDeletion",
    ),
    at_rest(
        "after a test failover, recorded",
        Stage.FAILED_OVER,
        *IN_AZURE,
        "Failback",
        testFailoverState="MarkedForDeletion",
    ),
    at_rest(
        "unplanned, recorded in 2021", Stage.FAILED_OVER, *IN_AZURE, "Failback", state="UnplannedFailoverCommitted"
    ),
    at_rest("allows nothing, though committed", Stage.BUSY, "DisableProtection", state="UnplannedFailoverCommitted"),
    at_rest(
        "recorded",
        Stage.FAILBACK_COMMIT_PENDING,
        "DisableProtection",
        "FinalizeFailback",
        active="Primary",
        state="FinalizeRestorePending",
    ),
    at_rest("by its state alone", Stage.FAILBACK_COMMIT_PENDING, active="Primary", state="FinalizeRestorePending"),
    at_rest("by its state alone, in Azure", Stage.FAILBACK_COMMIT_PENDING, state="FinalizeRestorePending"),
    at_rest("a state that nobody has seen", Stage.BUSY, state="Levitating"),
    at_rest("a state that nobody has seen, on-premises", Stage.BUSY, active="Primary", state="Levitating"),
    at_rest("waits for a person to resynchronize", Stage.BUSY, active="Primary", state="ResynchronizationRequired"),
    at_rest(
        "active in Azure, Commit, its part of a plan succeeded",
        Stage.FAILBACK_COMMIT_PENDING,
        "Commit",
        last=cancelled("PartiallySucceeded", bodies.group("FailoverAllActionGroup", "Succeeded", MOVED)),
    ),
    at_rest(
        "does not name the failback that runs",
        Stage.SYNCHRONIZING,
        last=failback("InProgress", *synchronizing_first(sync="InProgress")),
    ),
    at_rest("protected, allows nothing", Stage.BUSY, "DisableProtection", active="Primary", state="Protected"),
]

RUNNING = [
    running("job not readable yet", Stage.BUSY, None),
    running("failback's job not filled in yet", Stage.SYNCHRONIZING, job(None, "NotStarted")),
    running("failover's job not filled in yet", Stage.BUSY, job(None, "NotStarted"), active="Primary"),
    running("commit's job not filled in yet", Stage.BUSY, job(None, "NotStarted"), called="FinalizeFailback"),
    running(
        "job not filled in yet",
        Stage.REVERSE_REPLICATING,
        job(None, "NotStarted"),
        called="ReprotectReplicationGroup",
        active="Primary",
    ),
    running("first tasks", Stage.SYNCHRONIZING, failback("InProgress", *synchronizing_first(sync="NotStarted"))),
    running("compares", Stage.SYNCHRONIZING, failback("InProgress", *synchronizing_first(sync="InProgress"))),
    running("called Failback", Stage.SYNCHRONIZING, job("Failback", "InProgress"), called="Failback"),
    running("downloads all", Stage.SYNCHRONIZING, failback("InProgress", *full_download(sync="InProgress"))),
    running("suspended", Stage.WAITING_FOR_COMPLETION, failback("Suspended", *ASKING)),
    running(
        "may be resumed",
        Stage.WAITING_FOR_COMPLETION,
        failback("InProgress", *ASKING, allowedActions=["Cancel", "Resume"]),
    ),
    running(
        "active location already on-premises",
        Stage.WAITING_FOR_COMPLETION,
        failback("Suspended", *ASKING),
        active="Primary",
    ),
    running("resumed", Stage.COMPLETING, failback("InProgress", *RESUMED)),
    running(
        "starts on-premises after the full download",
        Stage.COMPLETING,
        failback("InProgress", *full_download(sync="Succeeded", up="InProgress")),
    ),
    running("being cancelled", Stage.BUSY, failback("Cancelling", *synchronizing_first(sync="InProgress"))),
    running(
        "manual action of a plan",
        Stage.BUSY,
        failback("Suspended", task("ManualAction", "Suspended"), task("WaitForUserInputForFailback")),
    ),
    running("job ended, item lags behind", Stage.BUSY, failback("Succeeded", *RESUMED)),
    running("commit", Stage.BUSY, job("FinalizeFailback", "InProgress"), called="FinalizeFailback"),
    running("failover", Stage.BUSY, job("UnplannedFailover", "InProgress"), called="UnplannedFailover"),
    running("unknown scenario", Stage.BUSY, job("RotateKeys", "InProgress"), called="RotateKeys"),
    *(
        running(name, Stage.REVERSE_REPLICATING, job(name, "InProgress"), called=name, active="Primary")
        for name in ("ReprotectReplicationGroup", "ReverseReplication", "IrCompletion")
    ),
    running(
        "reverse replication of a VM that is active in Azure, which will fail",
        Stage.BUSY,
        job("ReverseReplication", "InProgress"),
        called="ReverseReplication",
    ),
]


def seen(case: Case) -> Observation:
    return observe(
        parse_item(case.item),
        parse_job(case.running) if case.running else None,
        History(parse_job(case.last) if case.last else None),
    )


def label(case: Case) -> str:
    return f"{case.stage.value}: {case.name}"


@pytest.mark.parametrize("case", [*AT_REST, *RUNNING], ids=label)
def test_the_stage_is_told_with_a_reason(case: Case) -> None:
    observation = seen(case)
    assert observation.stage is case.stage, observation.reason
    assert observation.reason


def test_every_stage_is_reached_by_a_case() -> None:
    assert {case.stage for case in (*AT_REST, *RUNNING)} == set(Stage)


@pytest.mark.parametrize("case", RUNNING, ids=label)
def test_the_job_that_owns_the_item_is_kept(case: Case) -> None:
    kept = seen(case).job
    assert (kept.name if kept else None) == (case.running["name"] if case.running else None)


def test_the_reason_names_the_job() -> None:
    observation = seen(running("", Stage.WAITING_FOR_COMPLETION, failback("Suspended", *ASKING, name="job-9")))
    assert observation.reason == "job job-9 (Planned failover) is Suspended and waits for Complete Failover"


def test_a_commit_after_a_broken_failback_is_not_guessed() -> None:
    broken = parse_job(cancelled("Failed", *synchronizing_first(sync="Failed")))
    awaited = observe(parse_item(item("Commit", lastSuccessfulFailoverTime=FAILED_OVER_AT)), None, History(broken))
    assert awaited.awaits_unknown_commit
    assert "ended as Failed" in awaited.doubt


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        (item("DisableProtection", active="Elsewhere"), "properties.activeLocation of 'web01'", "Elsewhere"),
        (item(active=""), "properties.activeLocation of 'web01'", ""),
        (item(active="Both", currentScenario=scenario("Failback")), "properties.activeLocation of 'web01'", "Both"),
        (
            item("ReverseReplicate"),
            "properties.activeLocation of 'web01', which may reverse replicate,",
            "Recovery",
        ),
    ],
)
def test_what_fits_no_stage_is_an_error_that_names_field_and_value(body: Any, field: str, value: str) -> None:
    with pytest.raises(UnknownState) as caught:
        observe(parse_item(body))
    assert caught.value.details == {"field": field, "value": value}
    assert field in str(caught.value)
    assert f"'{value}'" in str(caught.value)


@pytest.mark.parametrize("active", ["Primary", "Recovery"])
def test_an_unknown_state_is_busy_under_its_own_name(active: str) -> None:
    assert "Levitating" in observe(parse_item(item(active=active, state="Levitating"))).reason


def test_a_mistaken_reverse_replication_does_not_make_an_interrupted_failback_forgotten() -> None:
    mistaken = running("", Stage.BUSY, job("ReverseReplication", "InProgress"), called="ReverseReplication")
    found = seen(replace(mistaken, last=cancelled("Cancelled", *synchronizing_first(sync="InProgress"))))
    assert found.interruption is not None
    assert found.interruption.is_certain

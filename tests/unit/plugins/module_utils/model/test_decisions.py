# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each verb does in each stage: the whole table, written out, and the rules around it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.bodies import failback, full_download, item, job, synchronizing_first

from ansible_collections.asr.failback.plugins.module_utils.model.decisions import (
    Decision,
    Step,
    Verb,
    decide,
    has_reached,
    predicted_stage,
)
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.jobs import parse_job
from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import Observation, Stage

ASKING = synchronizing_first(sync="Succeeded", asked="InProgress")
VERBS = (
    Verb.FAIL_OVER,
    Verb.COMMIT_FAILOVER,
    Verb.FAIL_BACK,
    Verb.COMPLETE,
    Verb.COMMIT_FAILBACK,
    Verb.REVERSE_REPLICATE,
    Verb.UNDO_FAILBACK,
)
# Those that are jobs of Site Recovery and change the stage.
STEPS = tuple(verb for verb in VERBS if verb is not Verb.UNDO_FAILBACK)
TABLE = """
stage                    | fail over | its commit | fail back | complete | its commit | reverse replicate | undo
protected                | start     | refuse     | nothing   | nothing  | nothing    | nothing           | refuse
failover_commit_pending  | nothing   | start      | refuse    | refuse   | refuse     | refuse            | refuse
failed_over              | nothing   | nothing    | start     | refuse   | refuse     | refuse            | refuse
synchronizing            | refuse    | nothing    | attach    | wait     | refuse     | refuse            | refuse
waiting_for_completion   | refuse    | nothing    | attach    | start    | refuse     | refuse            | refuse
completing               | refuse    | nothing    | attach    | attach   | refuse     | refuse            | refuse
failback_commit_pending  | refuse    | refuse     | nothing   | nothing  | start      | refuse            | start
failed_back              | refuse    | nothing    | nothing   | nothing  | nothing    | start             | refuse
reverse_replicating      | wait      | nothing    | nothing   | nothing  | nothing    | attach            | refuse
interrupted              | refuse    | nothing    | start     | refuse   | refuse     | refuse            | refuse
busy                     | wait      | wait       | wait      | wait     | wait       | wait              | wait
"""


def cells() -> list[tuple[Verb, Stage, Step]]:
    rows = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()[1:]]
    return [(verb, Stage(row[0]), Step(cell)) for row in rows for verb, cell in zip(VERBS, row[1:], strict=True)]


def seen(stage: Stage, body: Any = None) -> Observation:
    return Observation(parse_item(item()), stage, parse_job(body) if body else None, "what was seen")


def label(value: Any) -> str:
    return str(value.value).replace(" ", "_")


@pytest.mark.parametrize(("verb", "stage", "step"), cells(), ids=label)
def test_the_step_of_a_verb_in_a_stage(verb: Verb, stage: Stage, step: Step) -> None:
    decision = decide(verb, seen(stage))
    assert decision.step is step
    assert step is not Step.REFUSE or decision.reason


def test_the_table_is_whole() -> None:
    assert len(cells()) == len({(verb, stage) for verb, stage, _step in cells()}) == len(Verb) * len(Stage)


REFUSALS = {
    (Verb.FAIL_BACK, Stage.FAILOVER_COMMIT_PENDING): "direction: failover",
    (Verb.COMPLETE, Stage.FAILED_OVER): "planned_failover",
    (Verb.COMPLETE, Stage.INTERRUPTED): "planned_failover",
    (Verb.COMMIT_FAILBACK, Stage.FAILOVER_COMMIT_PENDING): "direction: failover",
    (Verb.COMMIT_FAILBACK, Stage.SYNCHRONIZING): "complete_failover",
    (Verb.COMMIT_FAILBACK, Stage.INTERRUPTED): "Never start the on-premises VM",
    (Verb.COMMIT_FAILOVER, Stage.FAILBACK_COMMIT_PENDING): "direction: failback",
    (Verb.REVERSE_REPLICATE, Stage.FAILED_OVER): "planned_failover",
    (Verb.REVERSE_REPLICATE, Stage.FAILBACK_COMMIT_PENDING): "commit",
    (Verb.REVERSE_REPLICATE, Stage.INTERRUPTED): "Never start the on-premises VM",
    (Verb.FAIL_OVER, Stage.FAILED_BACK): "reverse_replicate",
    (Verb.FAIL_OVER, Stage.INTERRUPTED): "planned_failover",
}


@pytest.mark.parametrize(("where", "words"), REFUSALS.items(), ids=lambda value: "")
def test_a_refusal_says_what_to_do_instead(where: tuple[Verb, Stage], words: str) -> None:
    assert words in decide(where[0], seen(where[1])).reason


@pytest.mark.parametrize(("verb", "stage", "_step"), cells(), ids=label)
def test_no_refusal_claims_that_a_vm_runs(verb: Verb, stage: Stage, _step: Step) -> None:
    for body in (None, failback("InProgress", *full_download(sync="InProgress"))):
        assert not re.search(r"[Rr]uns? (in Azure|on-premises)|is gone", decide(verb, seen(stage, body)).reason)


@pytest.mark.parametrize(
    ("stage", "body", "words"),
    [
        (
            Stage.SYNCHRONIZING,
            failback("InProgress", *synchronizing_first(sync="InProgress")),
            "once the data is copied",
        ),
        (Stage.SYNCHRONIZING, failback("InProgress", *full_download(sync="InProgress")), "the Azure VM is shut down"),
        (Stage.SYNCHRONIZING, failback("InProgress", tasks=None), "Let it go on"),
        (Stage.WAITING_FOR_COMPLETION, failback("Suspended", *ASKING), "Let it wait, for days"),
    ],
    ids=["copied first", "full download", "untold", "waits"],
)
def test_what_cannot_be_undone_yet_is_left_to_its_job(stage: Stage, body: Any, words: str) -> None:
    reason = decide(Verb.UNDO_FAILBACK, seen(stage, body)).reason
    assert words in reason
    assert "Do not cancel" in reason


OWN_JOBS = {
    Verb.FAIL_OVER: job("UnplannedFailover", "InProgress"),
    Verb.COMMIT_FAILOVER: job("CommitFailover", "InProgress"),
    Verb.FAIL_BACK: failback("InProgress"),
    Verb.COMPLETE: failback("InProgress"),
    Verb.COMMIT_FAILBACK: job("FinalizeFailback", "InProgress"),
    Verb.REVERSE_REPLICATE: job("ReprotectReplicationGroup", "InProgress"),
}


@pytest.mark.parametrize("verb", STEPS, ids=label)
@pytest.mark.parametrize("owner", STEPS, ids=label)
def test_a_busy_item_is_attached_to_where_the_job_is_the_verb_s_own(verb: Verb, owner: Verb) -> None:
    own = parse_job(OWN_JOBS[verb]).operation is parse_job(OWN_JOBS[owner]).operation
    expected = Decision(Step.ATTACH if own else Step.WAIT, "what was seen")
    assert decide(verb, seen(Stage.BUSY, OWN_JOBS[owner])) == expected


@pytest.mark.parametrize("owner", STEPS, ids=label)
def test_no_job_is_an_undo_s_own(owner: Verb) -> None:
    assert decide(Verb.UNDO_FAILBACK, seen(Stage.BUSY, OWN_JOBS[owner])) == Decision(Step.WAIT, "what was seen")


@pytest.mark.parametrize("verb", VERBS, ids=label)
@pytest.mark.parametrize(
    ("body", "step"),
    [
        (None, Step.WAIT),
        (failback("Succeeded"), Step.WAIT),
        (failback("Cancelling", *synchronizing_first(sync="InProgress")), Step.WAIT),
        (job("RotateKeys", "InProgress"), Step.WAIT),
        (job(None, "NotStarted"), Step.WAIT),
        (job("TestFailover", "Suspended"), Step.REFUSE),
        (failback("Suspended", stateDescription="WaitingForManualAction"), Step.REFUSE),
        (job("RotateKeys", "InProgress", allowedActions=["Resume"]), Step.REFUSE),
    ],
    ids=[
        "job unknown",
        "job ended, item lags behind",
        "being cancelled",
        "of another kind",
        "not filled in yet",
        "test failover waits for its cleanup",
        "manual action of a plan",
        "waits for a manual action",
    ],
)
def test_a_busy_item_waits_unless_only_a_person_can_end_it(verb: Verb, body: Any, step: Step) -> None:
    assert decide(verb, seen(Stage.BUSY, body)).step is step


@pytest.mark.parametrize("verb", VERBS, ids=label)
@pytest.mark.parametrize(
    "shown",
    [
        item(active="Primary", testFailoverState="WaitingForCompletion"),
        item(active="Primary", state="ResynchronizationRequired"),
    ],
    ids=["open test failover", "replication is stopped"],
)
def test_what_only_a_person_can_end_is_not_waited_for(verb: Verb, shown: Any) -> None:
    decision = decide(verb, Observation(parse_item(shown), Stage.BUSY, None, "what was seen"))
    assert decision.step is Step.REFUSE
    assert "portal" in decision.reason


def test_the_refusal_of_a_waiting_job_names_it_and_what_it_waits_for() -> None:
    waiting = job("TestFailover", "Suspended", name="job-5", stateDescription="WaitingForStopTestFailover")
    reason = decide(Verb.FAIL_BACK, seen(Stage.BUSY, waiting)).reason
    assert "job-5" in reason
    assert "WaitingForStopTestFailover" in reason


@pytest.mark.parametrize(("verb", "stage", "step"), cells(), ids=label)
def test_a_verb_has_reached_its_end_exactly_where_nothing_is_left_to_do(verb: Verb, stage: Stage, step: Step) -> None:
    assert has_reached(verb, stage) is (step is Step.NOTHING)


@pytest.mark.parametrize(
    ("verb", "first", "stage"),
    [
        (Verb.FAIL_BACK, True, Stage.WAITING_FOR_COMPLETION),
        (Verb.FAIL_BACK, False, Stage.FAILBACK_COMMIT_PENDING),
        (Verb.FAIL_OVER, False, Stage.FAILOVER_COMMIT_PENDING),
        (Verb.COMMIT_FAILOVER, False, Stage.FAILED_OVER),
        (Verb.COMPLETE, False, Stage.FAILBACK_COMMIT_PENDING),
        (Verb.COMMIT_FAILBACK, False, Stage.FAILED_BACK),
        (Verb.REVERSE_REPLICATE, False, Stage.PROTECTED),
    ],
)
def test_check_mode_foresees_where_a_start_leads(verb: Verb, first: bool, stage: Stage) -> None:
    assert predicted_stage(verb, waited=True, synchronizes_first=first) is stage


@pytest.mark.parametrize("verb", STEPS, ids=label)
def test_the_foreseen_stage_fulfils_the_request_or_asks_for_the_next_verb(verb: Verb) -> None:
    assert has_reached(verb, predicted_stage(verb, waited=True))
    waiting = predicted_stage(Verb.FAIL_BACK, waited=True, synchronizes_first=True)
    assert decide(Verb.COMPLETE, seen(waiting)).step is Step.START


@pytest.mark.parametrize("verb", STEPS, ids=label)
def test_a_start_that_is_not_waited_for_is_foreseen_as_under_way(verb: Verb) -> None:
    under_way = seen(predicted_stage(verb, waited=False), OWN_JOBS[verb])
    assert decide(verb, under_way).step in (Step.ATTACH, Step.WAIT)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stage of an item by lists alone: what they do not show is not guessed, and the true stage is never left out."""

from __future__ import annotations

from typing import Any

import pytest
from support.bodies import VAULT, failback, full_download, item, job, scenario, synchronizing_first, task

from ansible_collections.asr.failback.plugins.module_utils.model.history import NOT_READ, History, history_of
from ansible_collections.asr.failback.plugins.module_utils.model.items import ReplicatedItem, parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.jobs import Job, parse_job
from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import NEVER_START, Side, Stage, observe
from ansible_collections.asr.failback.plugins.module_utils.model.listed_history import histories_of
from ansible_collections.asr.failback.plugins.module_utils.model.listed_stage import (
    ListedStage,
    RunningJobs,
    stage_in_lists,
)
from ansible_collections.asr.failback.plugins.module_utils.model.plans import RecoveryPlan, parse_plan

FAILED_OVER_AT, LATER = "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"
COMMITTED = job("CommitFailover", "Succeeded", startTime=LATER, name="commit")
TO_AZURE = job("PlannedFailover", "Succeeded", startTime=FAILED_OVER_AT)
IN_AZURE = item("Failback", lastSuccessfulFailoverTime=FAILED_OVER_AT)
UNCOMMITTED = item("Commit", lastSuccessfulFailoverTime=FAILED_OVER_AT)
AWAITS_FAILBACK = item("FinalizeFailback", active="Primary")
MOVING = item(currentScenario=scenario("PlannedFailover"))
ASKING = synchronizing_first(sync="Succeeded", asked="InProgress")
RESUMED = synchronizing_first(sync="Succeeded", asked="Succeeded", rest="InProgress")
LEFT_OUT = [task(name, "Other", "Skipped") for name in ("InitiateDataSync", "MonitorDataSync")]


def as_listed(body: dict[str, Any]) -> dict[str, Any]:
    """A job as a list shows it (recorded): without tasks and details."""
    return {**body, "properties": {**body["properties"], "tasks": [], "customDetails": None}}


def told(shown: dict[str, Any], running: dict[str, Any] | None = None, *jobs: dict[str, Any]) -> ListedStage:
    """What the lists tell of an item, its running job and the jobs before it, newest first."""
    parsed = parse_item(shown)
    history = history_of(parsed, [parse_job(as_listed(body)) for body in jobs]) if jobs else NOT_READ
    return stage_in_lists(parsed, None if running is None else parse_job(as_listed(running)), history)


@pytest.mark.parametrize(
    ("shown", "jobs", "stage", "side"),
    [
        (item("PlannedFailover", active="Primary"), (), Stage.PROTECTED, Side.ON_PREMISES),
        (item("ReverseReplicate", active="Primary"), (), Stage.FAILED_BACK, Side.ON_PREMISES),
        (IN_AZURE, (COMMITTED,), Stage.FAILED_OVER, Side.AZURE),
        (UNCOMMITTED, (TO_AZURE,), Stage.FAILOVER_COMMIT_PENDING, Side.AZURE),
        (AWAITS_FAILBACK, (), Stage.FAILBACK_COMMIT_PENDING, None),
        (UNCOMMITTED, (failback("Succeeded", startTime=LATER),), Stage.FAILBACK_COMMIT_PENDING, None),
        (item(currentScenario=scenario("TestFailover"), active="Primary"), (), Stage.BUSY, Side.ON_PREMISES),
    ],
)
def test_what_lists_show_is_told(shown: Any, jobs: Any, stage: Stage, side: Side | None) -> None:
    seen = told(shown, None, *jobs)
    assert (seen.stage, seen.possible, seen.side) == (stage, (stage,), side)
    assert seen.reason


def test_before_the_commit_the_azure_vm_would_tell_which_side_is_authoritative() -> None:
    assert "whether its Azure VM was used since the cut-over is not known" in told(AWAITS_FAILBACK).reason


@pytest.mark.parametrize(
    ("state", "description", "possible"),
    [
        ("InProgress", "InProgress", {Stage.SYNCHRONIZING, Stage.COMPLETING}),
        ("Suspended", "WaitingForUserInputAfterDataSync", {Stage.WAITING_FOR_COMPLETION}),
        ("Suspended", "Suspended", {Stage.WAITING_FOR_COMPLETION, Stage.BUSY}),
        ("Cancelling", "Cancelling", {Stage.BUSY}),
    ],
)
def test_a_running_failback_tells_as_much_as_its_state_says(state: str, description: str, possible: set[Stage]) -> None:
    seen = told(MOVING, failback(state, stateDescription=description))
    assert (set(seen.possible), seen.side) == (possible, Side.AZURE)
    assert seen.job is not None
    assert seen.job.state == state
    assert (seen.stage is None) == (len(possible) > 1)


@pytest.mark.parametrize(
    "tasks", [synchronizing_first(sync="InProgress"), ASKING, RESUMED, full_download(sync="InProgress")]
)
@pytest.mark.parametrize("state", ["InProgress", "Suspended"])
def test_the_stage_that_the_tasks_would_show_is_among_the_possible_ones(state: str, tasks: list[Any]) -> None:
    body = failback(state, *tasks)
    assert observe(parse_item(MOVING), parse_job(body)).stage in told(MOVING, body).possible


@pytest.mark.parametrize("tasks", [synchronizing_first(sync="Failed"), LEFT_OUT])
def test_whether_a_failed_failback_had_written_is_not_guessed(tasks: list[Any]) -> None:
    body = failback("Failed", *tasks, startTime=LATER)
    parsed = parse_item(IN_AZURE)
    true = observe(parsed, None, history_of(parsed, [parse_job(body), parse_job(COMMITTED)])).stage
    seen = told(IN_AZURE, None, body, COMMITTED)
    assert seen.stage is None
    assert true in seen.possible
    assert set(seen.possible) == {Stage.FAILED_OVER, Stage.INTERRUPTED}
    assert seen.side is Side.AZURE
    assert NEVER_START in seen.reason
    assert seen.job is None


def test_without_jobs_the_past_is_not_known() -> None:
    assert set(told(IN_AZURE).possible) == {Stage.FAILED_OVER, Stage.INTERRUPTED}
    seen = told(UNCOMMITTED)
    assert set(seen.possible) == {Stage.FAILOVER_COMMIT_PENDING, Stage.FAILBACK_COMMIT_PENDING}
    assert (seen.stage, seen.side) == (None, None)
    assert "which commit it awaits is not known" in seen.reason


def test_a_planned_failover_of_what_is_active_on_premises_may_be_either_way() -> None:
    seen = told(item(currentScenario=scenario("PlannedFailover"), active="Primary"), failback("InProgress"))
    assert (set(seen.possible), seen.side) == ({Stage.COMPLETING, Stage.BUSY}, None)


@pytest.mark.parametrize(
    ("shown", "running", "jobs", "word"),
    [
        (item("Failback", active="Elsewhere"), None, (), "Elsewhere"),
        (MOVING, failback("Dreaming"), (), "Dreaming"),
        (IN_AZURE, None, (failback("Dreaming", startTime=LATER), COMMITTED), "Dreaming"),
    ],
    ids=["location", "running job", "last failback"],
)
def test_an_unknown_value_is_named_and_fits_no_stage(shown: Any, running: Any, jobs: Any, word: str) -> None:
    seen = told(shown, running, *jobs)
    assert (seen.stage, seen.possible, seen.side) == (None, (), None)
    assert word in seen.reason


def plan_with(item_id: str, job_name: str) -> RecoveryPlan:
    groups = [{"groupType": "Boot", "replicationProtectedItems": [{"id": item_id}]}]
    properties = {"friendlyName": "shop", "groups": groups, "currentScenario": scenario("PlannedFailover", job_name)}
    return parse_plan({"id": f"{VAULT}/replicationRecoveryPlans/shop", "name": "shop", "properties": properties})


def owner(shown: dict[str, Any], *jobs: dict[str, Any], plans: tuple[RecoveryPlan, ...] = ()) -> str | None:
    found = RunningJobs([parse_job(as_listed(body)) for body in jobs], plans).of(parse_item(shown))
    return found.name if found else None


def test_an_item_is_owned_by_the_job_that_it_names() -> None:
    assert owner(MOVING, failback("InProgress", name="job-1", targetObjectId="another")) == "job-1"
    assert owner(MOVING, failback("InProgress", name="job-2", targetObjectId="another")) is None


def test_an_item_that_names_no_job_is_owned_by_the_failback_that_names_it() -> None:
    assert owner(IN_AZURE, failback("InProgress", name="job-7")) == "job-7"
    assert owner(IN_AZURE, job("UpdateVmProperties", "InProgress")) is None
    assert owner(IN_AZURE, job(None, "NotStarted", targetObjectId=None)) is None


def test_a_plan_s_running_job_owns_its_members() -> None:
    of_plan = failback("InProgress", name="job-9", targetObjectId="plan", targetInstanceType="RecoveryPlan")
    assert owner(IN_AZURE, of_plan, plans=(plan_with(IN_AZURE["id"].upper(), "job-9"),)) == "job-9"
    assert owner(IN_AZURE, of_plan, plans=(plan_with(IN_AZURE["id"], "job-8"),)) is None
    assert owner(IN_AZURE, of_plan, plans=(plan_with("another", "job-9"),)) is None


class Pages:
    """Pages of jobs; `taken` counts those that were asked for."""

    def __init__(self, *pages: list[Job]) -> None:
        self._pages = iter(pages)
        self.taken = 0

    def __iter__(self) -> Pages:
        return self

    def __next__(self) -> list[Job]:
        page = next(self._pages)
        self.taken += 1
        return page


def vm(number: int) -> ReplicatedItem:
    body = item("Failback", lastSuccessfulFailoverTime=FAILED_OVER_AT, details={"vmId": f"vm-{number}"})
    return parse_item({**body, "id": f"{body['id']}-{number}"})


def commit_of(number: int) -> Job:
    return parse_job(job("CommitFailover", "Succeeded", startTime=LATER, targetObjectId=f"VM-{number}"))


def gaps(found: dict[str, History]) -> list[str]:
    return [history.gap for history in found.values()]


def test_pages_are_taken_until_every_item_is_told_of() -> None:
    pages = Pages([commit_of(1)], [commit_of(2)], [commit_of(3)])
    assert gaps(histories_of([vm(1), vm(2)], pages, 10)) == ["", ""]
    assert pages.taken == 2


def test_no_page_is_taken_where_nobody_asks() -> None:
    pages = Pages([commit_of(1)])
    assert histories_of([], pages, 10) == {}
    assert pages.taken == 0


def test_what_lies_behind_the_pages_is_a_gap_that_says_so() -> None:
    pages = Pages([commit_of(1)], [commit_of(3)], [commit_of(2)])
    found = gaps(histories_of([vm(1), vm(2)], pages, 2))
    assert found[0] == ""
    assert "the newest 2 jobs" in found[1]
    assert pages.taken == 2


def test_a_list_that_ends_before_the_failover_is_a_gap_that_says_so() -> None:
    (gap,) = gaps(histories_of([vm(2)], Pages([commit_of(1)]), 10))
    assert "lists no job as old as its failover" in gap

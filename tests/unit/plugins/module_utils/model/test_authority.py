# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from a stage, and from how the last failback ended."""

from __future__ import annotations

from typing import Any

import pytest
from support import bodies
from support.bodies import failback, full_download, inline, item, job, scenario, synchronizing_first

from ansible_collections.asr.failback.plugins.module_utils.model.failures import UnknownState
from ansible_collections.asr.failback.plugins.module_utils.model.history import History, history_of
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.jobs import parse_job
from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import (
    Observation,
    Side,
    Stage,
    needs_history,
    observe,
    warning_of,
)

FAILED_OVER_AT = "2026-02-01T00:00:00Z"
BROKEN = synchronizing_first(sync="Failed")
OWNED = item("Failback", currentScenario=scenario("UpdateVmProperties"))
SIDES = {
    Stage.PROTECTED: (Side.ON_PREMISES, False),
    Stage.FAILOVER_COMMIT_PENDING: (Side.AZURE, True),
    Stage.FAILED_OVER: (Side.AZURE, True),
    Stage.SYNCHRONIZING: (Side.AZURE, True),
    Stage.WAITING_FOR_COMPLETION: (Side.AZURE, True),
    Stage.COMPLETING: (Side.AZURE, True),
    Stage.FAILBACK_COMMIT_PENDING: (Side.ON_PREMISES, True),
    Stage.FAILED_BACK: (Side.ON_PREMISES, False),
    Stage.REVERSE_REPLICATING: (Side.ON_PREMISES, False),
    Stage.INTERRUPTED: (Side.AZURE, True),
}


@pytest.mark.parametrize(("stage", "expected"), SIDES.items(), ids=lambda value: getattr(value, "value", ""))
def test_each_stage_says_who_holds_the_truth_and_whether_there_is_a_way_back(
    stage: Stage, expected: tuple[Side, bool]
) -> None:
    observation = Observation(parse_item(item()), stage, None, "")
    assert (observation.authoritative_side, observation.reversible) == expected


BUSY_SIDES = [("Recovery", (Side.AZURE, True)), ("Primary", (Side.ON_PREMISES, False))]


@pytest.mark.parametrize(("active", "expected"), BUSY_SIDES)
def test_a_busy_item_holds_the_truth_where_it_is_active(active: str, expected: tuple[Side, bool]) -> None:
    observation = Observation(parse_item(item(active=active)), Stage.BUSY, None, "")
    assert (observation.authoritative_side, observation.reversible) == expected


@pytest.mark.parametrize(
    ("body", "running", "needed"),
    [
        (item("Failback"), None, True),
        (item("Commit"), None, True),
        (OWNED, None, True),
        (OWNED, failback("InProgress"), False),
        (OWNED, job("CommitFailover", "InProgress"), False),
        (OWNED, job("UpdateVmProperties", "InProgress"), True),
        (OWNED, job("RotateKeys", "InProgress"), True),
        (OWNED, failback("Cancelled"), True),
        (item("PlannedFailover", active="Primary"), None, False),
        (item("Commit", active="Primary"), None, False),
    ],
)
def test_history_is_read_only_where_something_depends_on_it(body: Any, running: Any, needed: bool) -> None:
    assert needs_history(parse_item(body), parse_job(running) if running else None) is needed


ENDED = History(parse_job(failback("Cancelled", *BROKEN, name="broken")))
UNTOLD = History(parse_job(failback("Cancelled", tasks=None, name="silent")))
LOST = History(gap="its jobs have aged out")


@pytest.mark.parametrize(
    ("body", "running", "history", "certain"),
    [
        (item("Failback"), None, ENDED, True),
        (item("Failback"), None, UNTOLD, False),
        (item("Failback"), None, LOST, False),
        (OWNED, None, ENDED, True),
        (OWNED, job("UpdateVmProperties", "InProgress"), ENDED, True),
        (OWNED, job("UpdateVmProperties", "InProgress"), LOST, False),
        (item("DisableProtection", state="UnplannedFailoverStatesBegin"), None, LOST, False),
        (item("Commit"), None, ENDED, False),
        (item("Failback"), failback("Cancelling", *synchronizing_first(sync="InProgress")), LOST, True),
        (item("Failback"), failback("Cancelling", tasks=None), LOST, False),
        (item("Failback"), failback("Cancelling", *synchronizing_first(sync="NotStarted")), LOST, None),
        (item("Failback"), failback("InProgress", *synchronizing_first(sync="InProgress")), LOST, None),
        (item("Failback"), job("CommitFailover", "InProgress"), LOST, None),
        (item("Failback"), None, History(), None),
        (item("Commit"), None, LOST, None),
        (item("FinalizeFailback"), None, LOST, None),
        (item("FinalizeFailback"), None, ENDED, None),
        (item("PlannedFailover", active="Primary"), None, LOST, None),
    ],
)
def test_disks_that_a_failback_has_left_in_pieces_are_told_whatever_else_goes_on(
    body: Any, running: Any, history: History, certain: bool | None
) -> None:
    seen = observe(parse_item(body), parse_job(running) if running else None, history)
    known = seen.interruption.is_certain if seen.interruption else None
    assert known is certain
    warning = warning_of([seen])
    assert ("Never start the on-premises VM" in warning) is (certain is not None)
    assert ("Never start the on-premises VM" in seen.explanation) is (certain is not None)
    assert ("are not consistent" in warning, "is not known" in warning) == (certain is True, certain is False)


@pytest.mark.parametrize(
    ("tasks", "may_be_off"),
    [
        (synchronizing_first(sync="InProgress"), False),
        (synchronizing_first(sync="Succeeded", asked="Succeeded", rest="InProgress"), True),
        (full_download(sync="InProgress"), True),
        (None, True),
    ],
    ids=["copied first", "completing", "full download", "untold"],
)
def test_what_may_have_shut_the_azure_vm_down_is_told(tasks: Any, may_be_off: bool) -> None:
    ended = History(parse_job(failback("Cancelled", tasks=tasks)))
    warning = warning_of([observe(parse_item(item("Failback")), None, ended)])
    assert ("may have shut the Azure VM down" in warning) is may_be_off


def test_the_last_failback_is_the_newest_of_this_item_since_its_failover() -> None:
    jobs = [
        job("RestoreCompletion", "Succeeded", name="not a failback", startTime="2026-02-05T00:00:00Z"),
        failback("Failed", *BROKEN, name="of another VM", startTime="2026-02-04T00:00:00Z", targetObjectId="other"),
        failback("Cancelled", *BROKEN, name="newest", startTime="2026-02-03T00:00:00Z"),
        failback("Failed", *BROKEN, name="older", startTime="2026-02-02T00:00:00Z"),
        failback("Failed", *BROKEN, name="before the failover", startTime="2026-01-31T00:00:00Z"),
    ]
    mine = parse_item(item("Failback", lastSuccessfulFailoverTime=FAILED_OVER_AT))
    found = history_of(mine, [parse_job(body) for body in jobs])
    assert found.last_failback is not None
    assert found.last_failback.name == "newest"
    assert history_of(mine, [parse_job(body) for body in (*jobs[:2], jobs[4])]).last_failback is None


@pytest.mark.parametrize("closing", ["UnplannedFailover", "CommitFailover", "FinalizeFailback", "IrCompletion"])
def test_a_newer_success_of_another_step_closes_the_cycle_of_an_older_failback(closing: str) -> None:
    older = failback("Failed", *BROKEN, startTime="2026-02-02T00:00:00Z")
    mine = parse_item(item("Failback"))
    succeeded = parse_job(job(closing, "Succeeded", startTime="2026-02-03T00:00:00Z"))
    failed = parse_job(job(closing, "Failed", startTime="2026-02-03T00:00:00Z"))
    assert history_of(mine, [succeeded, parse_job(older)]) == History()
    assert history_of(mine, [failed, parse_job(older)]).last_failback is not None


def test_a_failback_that_never_began_to_write_does_not_hide_one_that_did() -> None:
    jobs = [
        failback("Failed", bodies.skipped("MonitorDataSync"), name="refused", startTime="2026-02-03T00:00:00Z"),
        failback("Cancelled", *BROKEN, name="broken", startTime="2026-02-02T00:00:00Z"),
    ]
    mine = parse_item(item("Failback", lastSuccessfulFailoverTime=FAILED_OVER_AT))
    last = history_of(mine, [parse_job(body) for body in jobs])
    assert observe(mine, history=last).stage is Stage.INTERRUPTED


def test_a_plan_s_failback_counts_for_its_members() -> None:
    of_plan = failback(
        "Failed",
        inline("Flow", "Failed"),
        bodies.group("FailoverAllActionGroup", "Failed", bodies.machine(bodies.VM_ID, "Failed", "child")),
        targetObjectId="the plan",
        targetInstanceType="RecoveryPlan",
    )
    mine = parse_item(item("Failback"))
    last = history_of(mine, [parse_job(of_plan)])
    assert last.last_failback is not None
    assert observe(mine, history=last).stage is Stage.INTERRUPTED


@pytest.mark.parametrize(("state", "stage"), [("InProgress", Stage.SYNCHRONIZING), ("Suspended", Stage.BUSY)])
def test_a_running_failback_counts_though_the_item_does_not_name_it(state: str, stage: Stage) -> None:
    running = parse_job(failback(state, startTime="2026-02-03T00:00:00Z"))
    seen = observe(parse_item(item("Failback")), history=History(running))
    assert (seen.stage, seen.job) == (stage, running)


def test_a_pending_commit_after_a_failback_that_failed_is_left_to_a_person() -> None:
    broken = parse_job(failback("Failed", *BROKEN))
    assert observe(parse_item(item("Commit")), history=History(broken)).awaits_unknown_commit


@pytest.mark.parametrize("operation", ["Commit", "Failback", "PlannedFailover", "ReverseReplicate"])
@pytest.mark.parametrize("place", ["Both", ""])
def test_a_location_that_is_not_known_is_never_guessed(operation: str, place: str) -> None:
    with pytest.raises(UnknownState, match="activeLocation"):
        observe(parse_item(item(operation, active=place)))


def test_an_item_that_runs_in_azure_is_not_failed_back_whatever_it_allows() -> None:
    with pytest.raises(UnknownState, match="may reverse replicate"):
        observe(parse_item(item("ReverseReplicate", active="Recovery")))


def test_a_failover_that_could_not_be_completed_is_not_protection() -> None:
    broken = item("UnplannedFailover", active="Primary", state="UnplannedFailoverCompletionFailed")
    seen = observe(parse_item(broken))
    assert seen.stage is Stage.BUSY
    assert "UnplannedFailoverCompletionFailed" in seen.reason

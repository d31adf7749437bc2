# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a job's errors become: each of them once, in the service's words, with what to do."""

from __future__ import annotations

from typing import Any

import pytest
from support.bodies import failback, group, task

from ansible_collections.asr.failback.plugins.module_utils.model.jobs import parse_job
from ansible_collections.asr.failback.plugins.module_utils.runner.jobs import (
    ended_or_waits,
    error_result,
    has_ended,
    has_started,
    job_errors,
    job_failure,
)


def error(code: str = "25037", causes: str = "", action: str = "Wait.", provider: Any = None) -> dict[str, Any]:
    service = {"code": code, "message": "It is not ready.", "possibleCauses": causes, "recommendedAction": action}
    return {"serviceErrorDetails": service, "providerErrorDetails": provider, "taskId": None}


def failed(*errors: Any, tasks: tuple[Any, ...] = ()) -> Any:
    return parse_job(failback("Failed", *tasks, errors=list(errors)))


def test_the_failure_of_a_job_is_told_in_the_service_s_words() -> None:
    provider = {"errorCode": 31389, "errorMessage": "The disk is full."}
    problem = job_failure(failed(error(causes="The replica is stale.", provider=provider)))
    assert problem.message() == (
        "Job job-1 (Planned failover) ended as Failed: 25037 It is not ready. The replica is stale. "
        "The disk is full. Wait."
    )
    assert problem.details["job_id"] == "job-1"
    assert problem.details["job_state"] == "Failed"
    (told,) = problem.details["errors"]
    assert (told["provider_code"], told["provider_message"]) == ("31389", "The disk is full.")


@pytest.mark.parametrize("causes", ["The replica is stale. ", "The replica is stale.\r\n", " The replica is stale"])
def test_blanks_around_the_service_s_words_are_no_part_of_the_sentence(causes: str) -> None:
    assert job_failure(failed(error(causes=causes))).message().endswith("It is not ready. The replica is stale. Wait.")


def test_a_job_without_errors_is_told_too() -> None:
    problem = job_failure(failed())
    assert "the service gives no reason" in problem.message()
    assert "portal" in problem.remedy


def test_behind_another_operation_the_remedy_is_to_wait() -> None:
    problem = job_failure(failed(error("532", "An operation web01 (Planned failover) is in progress.", "Cancel it.")))
    assert problem.remedy == "Wait until the other operation has ended, then run the task again."
    assert "web01 (Planned failover) is in progress" in problem.message()


def test_an_error_of_the_job_and_its_task_is_told_once() -> None:
    tasks = (task("One", "Failed", errors=[error()]), task("Two", "Failed", errors=[error("539")]))
    codes = [error_result(one)["code"] for one in job_errors(failed(error(), tasks=tasks))]
    assert codes == ["25037", "539"]


def test_the_same_error_of_two_machines_is_told_of_both() -> None:
    machines = [task(name, "Failed", errors=[error("532", f"{name} is busy.")]) for name in ("web01", "db01")]
    problem = job_failure(failed(tasks=(group("Group1", "Failed", *machines),)))
    assert "web01 is busy" in problem.message()
    assert "db01 is busy" in problem.message()


@pytest.mark.parametrize("details", [None, {}, {"serviceErrorDetails": None}])
def test_an_error_that_says_nothing_has_empty_parts(details: Any) -> None:
    assert set(error_result(details).values()) == {""}


@pytest.mark.parametrize(
    ("body", "started", "waits", "ended"),
    [
        (failback("NotStarted"), False, False, False),
        (failback("InProgress"), True, False, False),
        (failback("Suspended", stateDescription="WaitingForUserInputAfterDataSync"), True, True, False),
        (failback("Suspended", stateDescription="WaitingForManualAction"), True, False, False),
        (failback("Cancelling"), True, False, False),
        (failback("Succeeded"), True, True, True),
        (failback("Failed"), True, True, True),
    ],
    ids=lambda value: value["properties"]["stateDescription"] if isinstance(value, dict) else "",
)
def test_a_job_is_followed_as_far_as_asked(body: Any, started: bool, waits: bool, ended: bool) -> None:
    job = parse_job(body)
    assert (has_started(job), ended_or_waits(job), has_ended(job)) == (started, waits, ended)

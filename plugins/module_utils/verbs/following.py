# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a job until it is where the caller needs it: with a deadline, progress, and its errors in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..azure.session import AzureSession
from ..azure.site_recovery import DEFAULT_RETRY_AFTER
from ..failback.documents import text
from ..failback.failures import JobFailed, WaitTimeout
from ..failback.jobs import Job
from ..failback.progress import describe_progress
from ..watch import Watch

# A job that was just accepted may not be readable at once; that is not recorded, so it is allowed for.
_UNREADABLE_POLLS = 3
OTHER_OPERATION_IN_PROGRESS = "532"


def has_ended(job: Job) -> bool:
    """Stop when nothing more happens in the job."""
    return not job.is_running


def has_started(job: Job) -> bool:
    """Stop when the service has begun to work."""
    return job.state != "NotStarted"


def ended_or_waits(job: Job) -> bool:
    """Stop when the job waits for Complete Failover, or has ended."""
    return not job.is_running or job.waits_for_completion


def follow_job(
    session: AzureSession,
    name: str,
    watch: Watch,
    stop: Callable[[Job], bool],
    poll_interval: float | None,
    *,
    tolerate_failure: bool = False,
) -> Job:
    """Read the job again and again until stop says so.

    Raises JobFailed where it ended without success (C(tolerate_failure): not for somebody else's job), WaitTimeout at
    the deadline; the job goes on then.
    """
    interval = poll_interval or DEFAULT_RETRY_AFTER
    unreadable = 0
    while True:
        job = (
            session.site_recovery.find_job(name) if unreadable < _UNREADABLE_POLLS else session.site_recovery.job(name)
        )
        if job is None:
            unreadable += 1
        else:
            watch.report(describe_progress(job))
            if job.has_failed and not tolerate_failure:
                raise job_failure(job)
            if stop(job):
                return job
        if watch.remaining() <= 0:
            raise _timeout(name, job, watch)
        watch.sleep(interval)


def _timeout(name: str, job: Job | None, watch: Watch) -> WaitTimeout:
    where = describe_progress(job) if job else "it cannot be read yet"
    return WaitTimeout(
        f"After {watch.timeout:.0f} seconds the end of job {name} has not come: {where}.",
        "The job goes on in Azure. Run the task again to attach to it, with a longer wait_timeout if need be.",
        job_id=name,
        job_state=job.state if job else None,
    )


def job_failure(job: Job) -> JobFailed:
    """Return the failure that a job's errors amount to, with cause and action as the service gives them."""
    errors = [error_result(error) for error in job_errors(job)]
    said = "; ".join(filter(None, (_sentence(error) for error in errors))) or "the service gives no reason"
    actions = list(dict.fromkeys(error["recommended_action"] for error in errors if error["recommended_action"]))
    busy = any(error["code"] == OTHER_OPERATION_IN_PROGRESS for error in errors)
    remedy = "Wait until the other operation has ended, then run the task again." if busy else " ".join(actions)
    return JobFailed(
        f"Job {job.name} ({job.friendly_name or job.operation.value}) ended as {job.state}: {said}.",
        remedy or "Look at the job's tasks in the portal, then run the task again.",
        job_id=job.name,
        job_state=job.state,
        errors=errors,
    )


def job_errors(job: Job) -> list[Any]:
    """Return the errors of a job and its tasks, each once."""
    every = [*job.errors, *(error for task in job.all_tasks() for error in task.errors)]
    unique = {
        (text(error, "serviceErrorDetails", "code"), text(error, "serviceErrorDetails", "message")): error
        for error in every
    }
    return list(unique.values())


def error_result(error: Any) -> dict[str, str]:
    """Return one error of a job for a result: the service's part, then the on-premises provider's."""
    service, provider = "serviceErrorDetails", "providerErrorDetails"
    return {
        "code": text(error, service, "code"),
        "message": text(error, service, "message"),
        "possible_causes": text(error, service, "possibleCauses"),
        "recommended_action": text(error, service, "recommendedAction").strip(),
        "provider_code": text(error, provider, "errorCode"),
        "provider_message": text(error, provider, "errorMessage"),
        "task_id": text(error, "taskId"),
    }


def _sentence(error: dict[str, str]) -> str:
    code = f"{error['code']} " if error["code"] else ""
    parts = (
        f"{code}{error['message']}".rstrip("."),
        error["possible_causes"].rstrip("."),
        error["provider_message"].rstrip("."),
    )
    return ". ".join(part for part in parts if part)

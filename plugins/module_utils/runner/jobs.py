# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a job until it is where the caller needs it: with a deadline, progress, and its errors in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..azure.session import AzureSession
from ..model.failures import JobFailed, WaitTimeout
from ..model.jobs import Job, require_known_state
from ..model.json_path import text
from ..model.progress import describe_progress
from ..waiting import Pending, wait_until
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


async def follow_job(
    session: AzureSession,
    name: str,
    watch: Watch,
    stop: Callable[[Job], bool],
    interval: float,
    *,
    tolerate_failure: bool = False,
) -> Job:
    """Read the job every C(interval) seconds until stop says so.

    Raises JobFailed where it ended without success (C(tolerate_failure): not for somebody else's job), WaitTimeout at
    the deadline; the job goes on then.
    """
    looks = _JobLooks(session, name, watch, stop, interval, tolerate_failure=tolerate_failure)

    def out_of_time(_pending: Pending) -> Job:
        raise _timeout(name, looks.job, watch)

    return await wait_until(looks.look, watch, interval, out_of_time=out_of_time)


class _JobLooks:
    """The looks at one job. C(job) is what was read last."""

    def __init__(
        self,
        session: AzureSession,
        name: str,
        watch: Watch,
        stop: Callable[[Job], bool],
        interval: float,
        *,
        tolerate_failure: bool,
    ) -> None:
        self._session = session
        self._name = name
        self._watch = watch
        self._stop = stop
        self._interval = interval
        self._tolerate_failure = tolerate_failure
        self._unreadable = 0
        self.job: Job | None = None

    def look(self) -> Job | Pending:
        """Read the job; return it where it need not be followed any more."""
        self.job = job = self._session.site_recovery.followed_job(self._name, self._interval)
        if job is None:
            self._unreadable += 1
            if self._unreadable > _UNREADABLE_POLLS:
                self._session.site_recovery.job(self._name)
            return Pending(f"Job {self._name} cannot be read yet")
        require_known_state(job)
        if job.tasks or self._watch.job is None or self._watch.job.name != job.name:
            # A list tells no tasks, and so not how far it is.
            self._watch.job = job
        self._watch.report(describe_progress(job))
        if job.has_failed and not self._tolerate_failure:
            raise job_failure(job)
        return job if self._stop(job) else Pending()


def _timeout(name: str, job: Job | None, watch: Watch) -> WaitTimeout:
    where = describe_progress(job) if job else "it cannot be read yet"
    goes_on = "The job goes on in Azure. Run the task again to attach to it, with a longer wait_timeout if need be."
    if job is not None and job.waits_for_completion:
        goes_on = "The job waits for complete_failover, which only a person or another task can run."
    return WaitTimeout(
        f"Timed out after {watch.timeout:.0f} s waiting for job {name}: {where}.",
        goes_on,
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
    # The cause is what tells the same error of two machines apart.
    unique = {
        tuple(text(error, "serviceErrorDetails", part) for part in ("code", "message", "possibleCauses")): error
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
    parts = (f"{code}{error['message']}", error["possible_causes"], error["provider_message"])
    return ". ".join(filter(None, (part.strip().rstrip(".") for part in parts)))

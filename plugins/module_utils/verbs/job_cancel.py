# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancel a job: guarded, sent once, followed to the job's end; what it left is read afterwards."""

from __future__ import annotations

from typing import Any

from ..model.decisions import Step
from ..model.failures import Contradiction, PermissionDenied, Refused, ServiceError
from ..model.job_actions import decide_cancel, owner_of_part, stage_left_by_cancel, warnings_after_cancel
from ..model.jobs import Job
from ..model.lifecycle import Stage
from ..model.ownership import is_own
from ..model.plans import RecoveryPlan
from ..runner.jobs import error_result, has_ended, job_errors
from ..runner.target import TargetView
from .job_subject import Subject, refused

_BEING_CANCELLED = "The job is being cancelled, and has not ended yet: run the task again to see what it left."


def owner_of(view: TargetView) -> Job | None:
    """Return the job that owns a target now. Raises Refused where that is not known, or it is not the target's own."""
    if view.plan is not None:
        return _owner_of_plan(view)
    (member,) = view.members
    job = member.job
    if job is not None and job.is_running:
        return _own(job, None)
    if member.stage is Stage.BUSY and member.item.scenario:
        raise Refused(f"{member.item.friendly_name} is busy: {member.reason}.", "Run the task again in a moment.")
    return None


def _own(job: Job, plan: RecoveryPlan | None) -> Job:
    """Return a job that works for the target. Raises Refused where it is a plan's, and that was not named."""
    if not is_own(job, plan):
        raise Refused(
            f"Job {job.name} works on the whole recovery plan {job.target_name}; a cancel would end it for every VM of "
            "the plan.",
            f"Nothing was written. If that is meant, name the plan: recovery_plan: {job.target_name}.",
            job_id=job.name,
        )
    return job


def _owner_of_plan(view: TargetView) -> Job | None:
    if view.plan_job is not None and view.plan_job.is_running:
        return view.plan_job
    single = [(member, member.job) for member in view.members if member.job is not None and member.job.is_running]
    for _member, job in single:
        _own(job, view.plan)
    if single:
        lines = "; ".join(f"{member.item.friendly_name}: {member.reason}" for member, _job in single)
        raise Refused(
            f"No job of the plan runs, but jobs of single VMs do: {lines}.",
            "Nothing was written. Name the VM (replicated_item) or the job (name).",
            jobs=[job.name for _member, job in single],
        )
    return None


async def cancel(subject: Subject) -> dict[str, Any]:
    """See that the job is cancelled, and return the result of the module."""
    job, step = await _decided(subject)
    if job is None or step is Step.NOTHING:
        return subject.outcome(job, None, [])
    if step is Step.START:
        subject.refuse_read_only(job)
    if subject.request.check_mode:
        subject.verb_run.changed = step is Step.START
        return subject.outcome(job, stage_left_by_cancel(job, subject.view.members), [])
    if step is Step.START:
        await _send(subject, job)
    if not subject.request.wait:
        await subject.look_until(lambda _view: True)
        return subject.outcome(subject.session.site_recovery.job(job.name), None, [_BEING_CANCELLED])
    return await _finish(subject, job)


async def _decided(subject: Subject) -> tuple[Job | None, Step]:
    """Return the job and what to do with it: NOTHING, ATTACH or START. Raises Refused."""
    request = subject.request
    while subject.job is not None:
        job, members = subject.job, subject.view.members
        owner = owner_of_part(job, members) if job.is_running else None
        if owner is not None:
            raise _part(job, owner)
        made = decide_cancel(
            job,
            members,
            is_named=bool(request.name),
            accept_inconsistent_disks=request.accept_inconsistent_disks,
        )
        if made.step is Step.REFUSE:
            raise refused(job, made.reason)
        if made.step is not Step.WAIT:
            return job, made.step
        if request.check_mode or not request.wait:
            raise refused(job, f"{made.reason} Nothing was written. Run the task again in a moment.")
        await subject.wait_for_begin(job)
    return None, Step.NOTHING


def _part(job: Job, owner: Job) -> Refused:
    return Refused(
        f"Job {job.name} is a part of job {owner.name} of the recovery plan {owner.target_name}, which would go on "
        "without it.",
        f"Nothing was written. If the plan is meant, name it: recovery_plan: {owner.target_name}.",
        job_id=job.name,
    )


async def _send(subject: Subject, job: Job) -> None:
    service = subject.session.site_recovery

    def arrived() -> bool:
        now = service.job(job.name)
        return now.state == "Cancelling" or not now.is_running

    try:
        await subject.send(f"Cancel of job {job.name}", lambda: service.cancel_job(job.name), arrived)
    except PermissionDenied:
        raise
    except ServiceError as problem:
        # It may have ended between the look and the request.
        now = service.find_job(job.name)
        if now is None or (now.is_running and now.state != "Cancelling"):
            raise
        if now.state not in ("Cancelling", "Cancelled"):
            raise refused(now, "It ended before the cancel came. Go on from the stage that it left.") from problem


async def _finish(subject: Subject, job: Job) -> dict[str, Any]:
    # One that waits for a person would wait on for ever if the cancel were lost.
    give_up = subject.patience()
    before = subject.view.members
    ended = await subject.follow(job.name, lambda one: has_ended(one) or (one.may_be_resumed and give_up()))
    await subject.look_until(lambda view: not _names(view, job))
    if ended.state != "Cancelled":
        raise Contradiction(
            f"Job {job.name} was to be cancelled, but is {ended.state}: the cancel came too late, or had no effect.",
            "Go on from the stage that is read now.",
            job_id=job.name,
            job_state=ended.state,
            errors=[error_result(error) for error in job_errors(ended)],
        )
    return subject.outcome(ended, None, warnings_after_cancel(ended, before))


def _names(view: TargetView, job: Job) -> bool:
    """Whether a VM still names a job that has ended as its current one."""
    return any(
        member.stage is Stage.BUSY and member.job is not None and member.job.name == job.name for member in view.members
    )

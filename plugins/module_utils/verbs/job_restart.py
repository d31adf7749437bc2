# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart a job that failed: a job of its own starts the work again, which is another job (definition's example)."""

from __future__ import annotations

from typing import Any

from ..azure.session import AzureSession
from ..model.decisions import Step
from ..model.failures import Contradiction, Refused
from ..model.job_actions import (
    RESTART_SCENARIO,
    decide_restart,
    has_taken_effect,
    stage_after_restart,
)
from ..model.jobs import Job
from ..runner.jobs import has_ended, job_failure
from ..runner.target import TargetView, jobs_of_target
from .job_subject import Subject, refused


def last_ended_of(session: AzureSession, view: TargetView) -> Job:
    """Return the job of a target that a restart is for: the last one that ended, other than a restart itself."""
    for job in jobs_of_target(session, view):
        if not job.is_running and job.scenario != RESTART_SCENARIO:
            return session.site_recovery.job(job.name)
    raise Refused("No job of it has ended.", "Nothing was written: there is nothing to restart.")


async def restart(subject: Subject) -> dict[str, Any]:
    """See that the job's work is done again, and return the result of the module."""
    job = subject.job
    if job is None:
        raise Refused("It has no job.", "Nothing was written: there is nothing to restart.")
    later = _later(subject, job)
    made = decide_restart(job, later, subject.view.members, is_named=bool(subject.request.name))
    if made.decision.step is Step.REFUSE:
        raise refused(job, made.decision.reason)
    if made.decision.step is Step.START:
        subject.refuse_read_only(job)
    if subject.request.check_mode:
        subject.verb_run.changed = made.decision.step is Step.START
        return subject.outcome(made.running or job, stage_after_restart(job), [])
    known = frozenset(one.name for one in later) - {made.running.name if made.running else ""}
    running = made.running.name if made.running else await _send(subject, job, known)
    if not subject.request.wait:
        await subject.look_until(lambda _view: True)
        return subject.outcome(subject.session.site_recovery.find_job(running) or job, None, [])
    return await _finish(subject, job, running, known)


def _later(subject: Subject, job: Job) -> list[Job]:
    """Return the jobs of the same target that began after a job, newest first."""
    if subject.target is None:
        return []
    every = jobs_of_target(subject.session, subject.view)
    return [one for one in every if job.started and one.started and one.started > job.started]


async def _send(subject: Subject, job: Job, known: frozenset[str]) -> str:
    """Send the restart and return the name of the job that it is, or of the work where that shows first."""
    found: list[Job] = []

    def arrived() -> bool:
        found.extend(_new(subject, job, known))
        return bool(found)

    service = subject.session.site_recovery
    accepted = await subject.send(f"Restart of job {job.name}", lambda: service.restart_job(job.name), arrived)
    return accepted.job_name if accepted else found[0].name


def _new(subject: Subject, job: Job, known: frozenset[str]) -> list[Job]:
    """Return what a restart has started: the work, newest first, then the restart itself."""
    new = [one for one in _later(subject, job) if one.name not in known]
    works = [one for one in new if one.scenario == job.scenario]
    return works + [one for one in new if one.scenario == RESTART_SCENARIO]


async def _finish(subject: Subject, job: Job, running: str, known: frozenset[str]) -> dict[str, Any]:
    ended = await subject.follow(running, has_ended)
    if ended.scenario == RESTART_SCENARIO:
        ended = await _work_of(subject, job, ended, known)
    if ended.has_failed:
        raise job_failure(ended)
    if not await subject.look_until(lambda view: has_taken_effect(job, view.members)):
        raise Contradiction(
            f"Site Recovery reports that job {ended.name} succeeded, but the stage is still as before.",
            "Nothing more was written. Look at the job and the VM in the portal before going on.",
            jobs=[ended.name],
        )
    return subject.outcome(ended, None, [])


async def _work_of(subject: Subject, job: Job, restarted: Job, known: frozenset[str]) -> Job:
    """Return the job that a restart has started, at its end."""
    if restarted.has_failed:
        raise job_failure(restarted)
    if subject.target is None:
        return restarted
    work = await subject.wait_until(
        lambda: next((one for one in _new(subject, job, known) if one.scenario == job.scenario), None)
    )
    if work is None:
        raise Contradiction(
            f"Site Recovery reports that the restart (job {restarted.name}) succeeded, but no job does the work.",
            "Nothing more was written. Look at the jobs in the portal before going on.",
            jobs=[restarted.name],
        )
    return await subject.follow(work.name, has_ended)

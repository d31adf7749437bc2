# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events: what the vault noted about jobs that ended or wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from asr_simulator.site_recovery.model.job_errors import JobError
from asr_simulator.site_recovery.model.jobs import FAILED, SUSPENDED, Job

# Of other states no event was ever recorded.
SEVERITIES = {FAILED: "Critical", SUSPENDED: "Warning"}


@dataclass(frozen=True)
class Event:
    """A job status event. ``name`` is the resource name."""

    name: str
    code: str
    description: str
    severity: str
    at: datetime
    job: Job
    job_state: str
    errors: tuple[JobError, ...]


def is_noted(job: Job) -> bool:
    """Whether the vault notes a job in this state."""
    return job.listed and job.state in SEVERITIES


def of_job(job: Job, name: str, at: datetime) -> Event:
    """The event of a job's present state (recording: ``TestFailover - WaitingForStopTestFailover``)."""
    return Event(
        name=f"JobStatusMonitoringEvent;{name}",
        code="JobStatus",
        description=f"{job.scenario} - {job.description}",
        severity=SEVERITIES[job.state],
        at=at,
        job=job,
        job_state=job.state,
        errors=tuple(job.errors),
    )

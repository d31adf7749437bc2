# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a job has come, as a line for a person and as a number where one can be derived."""

from __future__ import annotations

from .jobs import Job, Task


def percent_complete(job: Job) -> int | None:
    """Return how many of the job's own tasks are done, in percent; None while the service lists no tasks.

    Site Recovery gives no progress of the data itself; a long synchronization therefore stays at one number.
    """
    leaves = [task for task in job.all_tasks() if not task.children and not task.is_skipped]
    if not leaves:
        return 100 if job.has_succeeded else None
    return round(100 * sum(task.is_done for task in leaves) / len(leaves))


def current_task(job: Job) -> Task | None:
    """Return the innermost task that is under way, or None."""
    running = [task for task in job.all_tasks() if task.has_begun and not task.is_done]
    return running[-1] if running else None


def describe_progress(job: Job) -> str:
    """Return a line such as "Planned failover of web01: Monitoring data synchronization (3 of 9 tasks)"."""
    name = job.friendly_name or "Job"
    lead = f"{name} of {job.target_name}" if job.target_name else f"{name} {job.name}"
    if job.waits_for_completion:
        return f"{lead}: synchronized, waits for Complete Failover"
    if job.may_be_resumed:
        return f"{lead}: waits for a manual action ({job.state_description})"
    task = current_task(job)
    if task is None or not job.is_running:
        return f"{lead}: {job.state}"
    leaves = [entry for entry in job.all_tasks() if not entry.children and not entry.is_skipped]
    done = sum(entry.is_done for entry in leaves)
    return f"{lead}: {task.friendly_name or task.name} ({done} of {len(leaves)} tasks done)"

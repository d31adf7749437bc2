# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a job is. Recovery plans may share VMs, and the job of one moves VMs that the other does not name."""

from __future__ import annotations

from collections.abc import Iterable

from . import arm_ids
from .decisions import Decision, Step
from .jobs import Job, Operation
from .lifecycle import Observation
from .plans import RecoveryPlan

_NOTHING_TO_DO = (Step.NOTHING, Step.REFUSE)


def is_own(job: Job, plan: RecoveryPlan | None) -> bool:
    """Say whether a job that owns a VM moves no others than a target names: C(plan), or None for the VM alone.

    The job of a single VM is its plan's own, too: what it moves the plan names.
    """
    if not job.is_of_plan:
        return True
    if plan is None:
        return False
    return arm_ids.last_segment(plan.scenario_job_id) == job.name or plan.answers_to(job.target_name)


def within_own(made: Decision, seen: Observation, plan: RecoveryPlan | None) -> Decision:
    """Return what a verb does where a job owns the VM: it acts on its own alone, and on no job of another plan.

    A failback of another plan is not even waited for: it ends with a cut-over that somebody has to ask for.
    """
    job = seen.job
    if made.step in _NOTHING_TO_DO or job is None or not job.is_running or is_own(job, plan):
        return made
    if job.operation is Operation.FAILBACK:
        return Decision(Step.REFUSE, _is_of_another(job))
    return Decision(Step.WAIT, seen.reason)


def _is_of_another(job: Job) -> str:
    if not job.target_name:
        # One that was just accepted tells it a little later (recorded).
        return f"Job {job.name} fails back another recovery plan, whose name is not known yet."
    return (
        f"Job {job.name} fails back the whole recovery plan {job.target_name}; completing it would cut over every VM "
        f"of that plan. Wait for its end, or complete that plan: recovery_plan: {job.target_name}."
    )


def moved_besides(job: Job, members: Iterable[Observation]) -> list[str]:
    """Return the names of the VMs that a job moves besides these: of a plan that has lost some since it began."""
    known = {member.item.vm_id.lower() for member in members}
    return [name for vm_id, name in job.moved_vms().items() if vm_id not in known]

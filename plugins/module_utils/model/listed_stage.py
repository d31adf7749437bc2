# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage of a replicated item as far as lists tell it, where nothing is read of each item alone.

A list shows jobs without their tasks (recorded), and nothing of the Azure VM. What only those would tell is not told:
the stages that are possible are, and why it cannot be said which.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from . import arm_ids
from .failures import UnknownState
from .history import History
from .items import ReplicatedItem
from .jobs import Job, Operation, require_known_state
from .lifecycle import NEVER_START, Observation, Side, Stage, observe
from .plans import RecoveryPlan

_NO_TASKS = "a list does not show its tasks, which would tell"


@dataclass(frozen=True)
class ListedStage:
    """C(possible) are the stages that fit what was read: one where that tells it, none where it fits no stage.

    C(side) is the authoritative copy, None where it cannot be told. C(job) is the job that owns the item.
    """

    possible: tuple[Stage, ...]
    side: Side | None
    reason: str
    job: Job | None = None

    @property
    def stage(self) -> Stage | None:
        """The stage, None where it cannot be told."""
        return self.possible[0] if len(self.possible) == 1 else None


def stage_in_lists(item: ReplicatedItem, running: Job | None, history: History) -> ListedStage:
    """Tell the stage of an item. C(running) and the jobs of C(history) may be as lists give them."""
    try:
        for job in filter(None, (running, history.last_failback)):
            require_known_state(job)
        seen = observe(item, running, history)
    except UnknownState as problem:
        return ListedStage((), None, problem.happened)
    possible, reason = _possible(seen)
    return ListedStage(possible, _side(seen, possible), reason, seen.job if _owns(seen.job) else None)


def _owns(job: Job | None) -> bool:
    return job is not None and job.is_running


def _possible(seen: Observation) -> tuple[tuple[Stage, ...], str]:
    """Return the stages that fit, and the reason."""
    if seen.awaits_unknown_commit:
        return (Stage.FAILOVER_COMMIT_PENDING, Stage.FAILBACK_COMMIT_PENDING), seen.doubt
    if seen.stage is Stage.FAILED_OVER and seen.interruption is not None:
        return (Stage.FAILED_OVER, Stage.INTERRUPTED), seen.explanation
    if seen.job is None or seen.job.tasks:
        return (seen.stage,), _explanation(seen)
    return _without_tasks(seen, seen.job)


def _without_tasks(seen: Observation, job: Job) -> tuple[tuple[Stage, ...], str]:
    """Tell the stage that a job decides, without its tasks."""
    if seen.stage is Stage.INTERRUPTED:
        ended = f"failback job {job.name} ended as {job.state}; whether it had begun to write to the on-premises disks"
        return (Stage.FAILED_OVER, Stage.INTERRUPTED), f"{ended} is not known: {_NO_TASKS}. {NEVER_START}"
    if seen.stage is Stage.SYNCHRONIZING:
        return (Stage.SYNCHRONIZING, Stage.COMPLETING), f"{seen.reason}; whether it copies or completes: {_NO_TASKS}"
    if seen.stage is Stage.BUSY and job.operation is Operation.FAILBACK and job.state == "Suspended":
        return (Stage.WAITING_FOR_COMPLETION, Stage.BUSY), f"{seen.reason}; what it waits for: {_NO_TASKS}"
    if seen.stage is Stage.BUSY and job.operation is Operation.PLANNED_FAILOVER:
        return (Stage.COMPLETING, Stage.BUSY), f"{seen.reason}; in which direction: {_NO_TASKS}"
    return (seen.stage,), _explanation(seen)


def _explanation(seen: Observation) -> str:
    if seen.stage is not Stage.FAILBACK_COMMIT_PENDING:
        return seen.explanation
    return f"{seen.reason}; whether its Azure VM was used since the cut-over is not known: it was not read"


def _side(seen: Observation, possible: tuple[Stage, ...]) -> Side | None:
    """Return the side that all possible stages agree on. Before the commit of a failback, the Azure VM would tell."""
    if Stage.FAILBACK_COMMIT_PENDING in possible:
        return None
    sides = {replace(seen, stage=stage, gap="").authoritative_side for stage in possible}
    return sides.pop() if len(sides) == 1 else None


class RunningJobs:
    """The running jobs of a vault as its list gives them, by what they may own."""

    def __init__(self, jobs: Iterable[Job], plans: Iterable[RecoveryPlan]) -> None:
        self._named = {job.name: job for job in jobs}
        self._failbacks = dict(_failbacks(self._named.values()))
        self._of_plans = dict(_of_plans(self._named, plans))

    def of(self, item: ReplicatedItem) -> Job | None:
        """Return the job that an item names, the failback that names it, or the job of its plan; None: none runs.

        Whether an item names its running failback was never recorded. A plan's running job owns all of its members.
        """
        return (
            self._of_plans.get(arm_ids.folded(item.id))
            or self._named.get(arm_ids.last_segment(item.scenario_job_id))
            or self._failbacks.get(item.vm_id.lower())
        )


def _failbacks(jobs: Iterable[Job]) -> Iterator[tuple[str, Job]]:
    for job in jobs:
        if job.target_id and job.may_be_failback and not (job.is_of_plan or job.is_harmless):
            yield job.target_id.lower(), job


def _of_plans(jobs: Mapping[str, Job], plans: Iterable[RecoveryPlan]) -> Iterator[tuple[str, Job]]:
    for plan in plans:
        job = jobs.get(arm_ids.last_segment(plan.scenario_job_id))
        if job is not None:
            yield from ((arm_ids.folded(item_id), job) for item_id in plan.item_ids)

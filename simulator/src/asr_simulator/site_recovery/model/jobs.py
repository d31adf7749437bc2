# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs and their tasks: values and their small rules, without time of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from asr_simulator.site_recovery.model.catalog import LEAVES_TASKS_NOT_STARTED, JobKind
from asr_simulator.site_recovery.model.fabrics import Container, Fabric
from asr_simulator.site_recovery.model.job_errors import JobError

NOT_STARTED = "NotStarted"
IN_PROGRESS = "InProgress"
SUSPENDED = "Suspended"
CANCELLING = "Cancelling"
CANCELLED = "Cancelled"
SUCCEEDED = "Succeeded"
FAILED = "Failed"
PARTIALLY_SUCCEEDED = "PartiallySucceeded"
SKIPPED = "Skipped"
ENDED = frozenset({CANCELLED, SUCCEEDED, FAILED, PARTIALLY_SUCCEEDED})

TASK = "TaskDetails"
INLINE_WORKFLOW = "InlineWorkflowTaskDetails"
PLAN_GROUP = "RecoveryPlanGroupTaskDetails"
PLAN_SHUTDOWN_GROUP = "RecoveryPlanShutdownGroupTaskDetails"
PLAN_MACHINE = "VirtualMachineTaskDetails"
MANUAL_ACTION = "ManualActionTaskDetails"


class AffectedVm(Protocol):
    """What a job shows of the item that it is about."""

    vm_id: str
    policy_path: str
    fabric: Fabric
    container: Container

    @property
    def name(self) -> str:
        """Its resource name."""

    @property
    def friendly_name(self) -> str:
        """The virtual machine's name."""


class AffectedPlan(Protocol):
    """What a job shows of the recovery plan that it is about."""

    @property
    def fabric(self) -> Fabric:
        """The fabric of its items on-premises."""


@dataclass
class Task:
    """A step of a job, ``item`` the name of the one it works on.

    ``group`` (group id, recovery plan group type) and ``machine`` belong to the jobs of plans.
    """

    name: str
    friendly_name: str
    task_id: str
    type: str = TASK
    state: str = NOT_STARTED
    started: datetime | None = None
    ended: datetime | None = None
    children: list[Task] = field(default_factory=list)
    errors: list[JobError] = field(default_factory=list)
    workflow_id: str | None = None
    group: tuple[str, str] | None = None
    machine: AffectedVm | None = None
    machine_job: Job | None = None
    instructions: str | None = None
    item: str | None = None

    def begin(self, now: datetime) -> None:
        """It runs."""
        self.state, self.started = IN_PROGRESS, now

    def end(self, state: str, now: datetime) -> None:
        """It is over; one that never ran keeps no times."""
        self.state = state
        if state != SKIPPED:
            self.ended = now

    def walk(self) -> Iterator[Task]:
        """Itself and everything below, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass
class Job:
    """A job. ``operation`` is the id in the operation's URLs; ``restart`` starts the same work again, ``worked`` are
    the seconds of its work so far, without those that it waited for somebody."""

    name: str
    operation: str
    kind: JobKind
    scenario: str
    activity_id: str
    accepted: datetime
    item: AffectedVm | None = None
    plan: AffectedPlan | None = None
    target: tuple[str, str, str] = ("", "", "")
    listed: bool = True
    state: str = NOT_STARTED
    reason: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    worked: float = 0.0
    tasks: list[Task] = field(default_factory=list)
    errors: list[JobError] = field(default_factory=list)
    restart: Callable[[], Job] | None = None
    resource_path: str = ""
    outcome: str = SUCCEEDED

    @property
    def over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.state in ENDED

    @property
    def description(self) -> str:
        """``stateDescription``: the state but for an end (Completed) and a wait (what it waits for)."""
        if self.state == SUSPENDED:
            return self.reason
        return "Completed" if self.state == SUCCEEDED else self.state

    @property
    def allowed_actions(self) -> list[str]:
        """What may be done to the job now (recordings)."""
        if self.state == SUSPENDED:
            return ["Cancel", "Resume"]
        if self.state == IN_PROGRESS and self.kind.cancellable:
            return ["Cancel"]
        return list(self.kind.after_failure) if self.state == FAILED and self.restart else []

    def task(self, name: str) -> Task:
        """The top-level task of that name.

        Raises:
            LookupError: there is none.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        raise LookupError(f"{self.scenario} has no task {name}")

    def every_task(self) -> Iterator[Task]:
        """All tasks, parents first."""
        for task in self.tasks:
            yield from task.walk()

    def begin(self) -> None:
        """It leaves NotStarted; the time it was accepted is its start."""
        self.state, self.started = IN_PROGRESS, self.accepted

    def fail(self, error: JobError, now: datetime) -> None:
        """End it as failed: the running tasks carry the error, those to come are skipped."""
        running = [task for task in self.every_task() if task.state == IN_PROGRESS]
        error.raised(now, running[-1].task_id if running else None)
        for task in running:
            task.errors.append(error)
        self.errors.append(error)
        self._end_tasks(FAILED, now)
        self.state, self.ended = FAILED, now

    def cancel(self, now: datetime) -> None:
        """End it as cancelled."""
        self._end_tasks(CANCELLED, now)
        self.state, self.ended = CANCELLED, now

    def succeed(self, now: datetime) -> None:
        """End it with its outcome: Succeeded, or what its workflow said."""
        self.state, self.ended = self.outcome, now

    def _end_tasks(self, running_as: str, now: datetime) -> None:
        for task in self.every_task():
            if task.state == IN_PROGRESS:
                task.end(running_as, now)
            elif task.state == NOT_STARTED and self.kind.scenario not in LEAVES_TASKS_NOT_STARTED:
                task.end(SKIPPED, now)

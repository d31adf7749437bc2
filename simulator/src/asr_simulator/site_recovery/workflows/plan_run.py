# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every job of a recovery plan does: group tasks, and a child job for each machine and phase."""

from __future__ import annotations

from collections.abc import Callable

from asr_simulator.site_recovery.model.catalog import TASKS, JobKind
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.job_errors import JobError, JobFailure
from asr_simulator.site_recovery.model.jobs import (
    CANCELLED,
    CANCELLING,
    FAILED,
    PARTIALLY_SUCCEEDED,
    PLAN_GROUP,
    PLAN_MACHINE,
    SKIPPED,
    SUCCEEDED,
    Job,
    Task,
)
from asr_simulator.site_recovery.model.plans import Plan
from asr_simulator.site_recovery.workflows.context import Steps, guarded
from asr_simulator.site_recovery.workflows.engine import JobCancelled, Join, Workflow
from asr_simulator.site_recovery.workflows.vault import Vault

ItemWork = Callable[[Item, Job], Workflow]


class PlanRun:
    """One run of a plan. ``going`` are the items that take part still; those that fail drop out, the others go on."""

    def __init__(self, vault: Vault, plan: Plan, job: Job) -> None:
        self.vault, self.context, self.plan, self.job = vault, vault.context, plan, job
        # Somebody may change the plan meanwhile: a run goes on with what it began with.
        self._items = plan.items
        self.going = [item for item in plan.items if self.takes_part(item)]
        self.errors: list[JobError] = []
        self._cancelled_parts = False
        self._blocked = {item.name: item.job for item in self.going if item.job is not None}
        for item in self.going:
            if item.job is None:
                item.taken_by(job, vault.clock.now())

    def takes_part(self, item: Item) -> bool:
        """Whether the run has anything to do for an item; the others are skipped."""
        raise NotImplementedError

    def steps(self) -> Steps:
        """The run itself."""
        raise NotImplementedError

    def work(self) -> Steps:
        """The run, with the outcome that the failures of single items leave."""
        yield from self.steps()
        if self.errors or self._cancelled_parts:
            self.job.errors.extend(self.errors)
            self.job.outcome = PARTIALLY_SUCCEEDED

    def held(self) -> list[Item]:
        """The items that take part still and that no other job owns."""
        return [item for item in self.going if item.name not in self._blocked]

    def ended(self, job: Job) -> None:
        """The job is over: its items are free."""
        for item in self._items:
            item.released_by(job)

    def task(self, name: str) -> Task:
        """A plain task."""
        return Task(name, TASKS[name][0], self.vault.ids.fresh())

    def machine_task(self, item: Item) -> Task:
        """The task of one machine."""
        return Task("Unknown", item.friendly_name, self.vault.ids.fresh(), type=PLAN_MACHINE, machine=item)

    def group_task(self, name: str, label: str, group_type: str, children: list[Task], kind: str = PLAN_GROUP) -> Task:
        """A group's task; its id is its name (recordings)."""
        return Task("Unknown", label, name, type=kind, children=children, group=(name, group_type))

    def boot_groups(self, label: str, group_type: str) -> list[Task]:
        """A task for each of the plan's groups: ``Group 1: Start (3)``."""
        return [
            self.group_task(
                f"Group{number}",
                f"Group {number}: {label} ({len(group)})",
                group_type,
                [self.machine_task(item) for item in group],
            )
            for number, group in enumerate(self.plan.groups, start=1)
        ]

    def phase(self, group: Task, kind: JobKind | Callable[[Item], JobKind], work: ItemWork) -> Steps:
        """Run a group's machines side by side, each in a job of its own.

        Raises:
            JobFailure: no item is left.
            JobCancelled: each was cancelled.
        """
        machines = [task for task in group.walk() if task.machine]
        alive = [(task, task.machine) for task in machines if task.machine is not None and task.machine in self.going]
        running = [task for task, _unused in alive]
        now = self.vault.clock.now()
        for task in machines:
            if task not in running:
                task.end(SKIPPED, now)
        groups = [task for task in group.walk() if not task.machine]
        if not alive:
            self.context.skip(*groups)
            return
        for task in [*groups, *running]:
            task.begin(now)
        yield Join([self._child(task, item, kind, work) for task, item in alive])
        for task in reversed(groups):
            task.end(_state_of(task), self.vault.clock.now())
        if not self.going:
            raise JobFailure(self.errors[-1]) if self.errors else JobCancelled()

    def _child(self, task: Task, item: Item, kind: JobKind | Callable[[Item], JobKind], work: ItemWork) -> Job:
        child = self.vault.item_job(kind if isinstance(kind, JobKind) else kind(item), item)
        child.listed, child.activity_id = False, self.job.activity_id
        task.machine_job = child
        owner = self._blocked.get(item.name)
        steps = self.vault.conflict(item, owner) if owner else guarded(item, work(item, child))
        self.vault.engine.start(child, steps, lambda job: self._child_ended(task, item, job), delay=0)
        return child

    def _child_ended(self, task: Task, item: Item, child: Job) -> None:
        task.end(child.state, self.vault.clock.now())
        if child.state == FAILED:
            task.errors.extend(child.errors)
            self.errors.extend(child.errors)
            self.going.remove(item)
        elif child.state == CANCELLED and self.job.state != CANCELLING:
            self._cancelled_parts = True
            self.going.remove(item)


def _state_of(group: Task) -> str:
    states = {task.state for task in group.walk() if task.machine and task.state != SKIPPED}
    if len(states) == 1:
        return states.pop()
    return PARTIALLY_SUCCEEDED if states & {FAILED, CANCELLED} else SUCCEEDED

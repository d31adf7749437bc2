# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that move a plan's machines: its failback, and its failover to Azure."""

from __future__ import annotations

from asr_simulator.scenarios.model import ManualAction
from asr_simulator.site_recovery.model import catalog, lifecycle
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.jobs import MANUAL_ACTION, PLAN_SHUTDOWN_GROUP, SUCCEEDED, Job, Task
from asr_simulator.site_recovery.model.plans import Plan
from asr_simulator.site_recovery.workflows import failback, failover, host_work
from asr_simulator.site_recovery.workflows.context import Steps
from asr_simulator.site_recovery.workflows.engine import AwaitResume, JobCancelled, Sleep
from asr_simulator.site_recovery.workflows.failback_order import FailbackOrder
from asr_simulator.site_recovery.workflows.plan_run import PlanRun
from asr_simulator.site_recovery.workflows.vault import Vault

WAITS_FOR_ACTION = "WaitingForManualAction"


class _PlanMove(PlanRun):
    """What both directions share: shutdown, failover and start groups, and the plan's manual actions."""

    def move_tasks(self) -> list[Task]:
        """The tasks from the shutdown to the end."""
        count = len(self.plan.items)
        shutdowns = self.boot_groups("Start", "Shutdown")
        for number, task in enumerate(shutdowns, start=1):
            task.friendly_name = f"Shutdown: Group {number} ({len(task.children)})"
        everyone = [self.machine_task(item) for item in self.plan.items]
        return [
            self.group_task(
                "ShutdownAllActionGroup", f"All groups shutdown ({count})", "Shutdown", shutdowns, PLAN_SHUTDOWN_GROUP
            ),
            self.group_task("FailoverAllActionGroup", "Recovery plan failover", "RpFailoverTask", everyone),
            *self._starts(),
            self.task("EndRecoveryPlanTask"),
        ]

    def _starts(self) -> list[Task]:
        tasks: list[Task] = []
        for number, group in enumerate(self.boot_groups("Start", "BootGroup"), start=1):
            actions = [action for action in self.plan.manual_actions if action.group == number]
            tasks += [self._manual(action) for action in actions if action.when == "before"]
            tasks.append(group)
            tasks += [self._manual(action) for action in actions if action.when == "after"]
        return tasks

    def _manual(self, action: ManualAction) -> Task:
        return Task(
            "ManualActionTask", action.name, self.vault.ids.fresh(), type=MANUAL_ACTION, instructions=action.description
        )

    def work(self) -> Steps:
        """See `PlanRun`; a cancelled run leaves no item halfway."""
        try:
            yield from super().work()
        except JobCancelled:
            for item in self.held():
                item.happens(lifecycle.CANCELLED)
            raise

    def wait_for_user(self, task: Task, reason: str) -> Steps:
        """Suspend the job at a task until it is resumed."""
        task.begin(self.vault.clock.now())
        yield AwaitResume(reason)
        task.end(SUCCEEDED, self.vault.clock.now())


class PlanFailback(_PlanMove):
    """The failback of a plan; with ``synchronize_first`` it waits once, after all disks are synchronized."""

    def __init__(self, vault: Vault, plan: Plan, job: Job, order: FailbackOrder) -> None:
        super().__init__(vault, plan, job)
        self._order = order
        everyone = [self.machine_task(item) for item in plan.items]
        job.tasks = [
            self.task("RpSrsPrerequisitesCheck"),
            self.task("PrepareVmOnPremForFailback"),
            self.group_task("DataSyncAllActionGroup", "Data synchronization", "RpFailbackDataSyncTask", everyone),
            self.task("WaitForUserInputForFailback"),
            *self.move_tasks(),
        ]

    def takes_part(self, item: Item) -> bool:
        """See `PlanRun`."""
        return item.stage in lifecycle.ACTIVE_IN_AZURE

    def steps(self) -> Steps:
        """See `PlanRun`."""
        checks, prepare, sync, wait, shutdown, move, *starts, end = self.job.tasks
        yield from self.context.perform(checks, self.context.rates["plan_check_seconds"])
        yield from self.context.perform(prepare, self.context.rates["plan_check_seconds"])
        if self._order.synchronize_first:
            yield from self.phase(sync, catalog.PHASE_SYNCHRONIZE, self._synchronize)
            yield from self.wait_for_user(wait, failback.WAITS_AFTER_SYNC)
        else:
            self.context.skip(*sync.walk(), wait)
        yield from self.phase(shutdown, catalog.PHASE_SHUTDOWN_IN_AZURE, self._shut_down)
        yield from self.phase(move, catalog.PHASE_FAIL_BACK, self._fail_back)
        for task in starts:
            if task.type == MANUAL_ACTION:
                yield from self.wait_for_user(task, WAITS_FOR_ACTION)
            else:
                yield from self.phase(task, catalog.PHASE_START_ON_PREMISES, self._start)
        yield from self.context.perform(end, self.context.rates["plan_check_seconds"])

    def _ready(self, item: Item) -> Steps:
        yield from self.context.reach(item)
        failback.check(self.context, item)
        host_work.prepare(self.context, item, self._order)

    def _synchronize(self, item: Item, child: Job) -> Steps:
        initiate, monitor = child.tasks
        initiate.begin(self.vault.clock.now())
        yield from self._ready(item)
        failback.begin_synchronization(item)
        rates = self.context.rates
        yield from self.context.perform_on_premises(initiate, rates["initiate_sync_seconds"], item)
        yield from failback.synchronize_first(self.context, item, monitor)
        item.happens("synchronized")

    def _shut_down(self, item: Item, child: Job) -> Steps:
        task = child.tasks[0]
        task.begin(self.vault.clock.now())
        if self._order.synchronize_first:
            item.happens("completion_started")
        else:
            yield from self._ready(item)
        yield Sleep(self.context.rates["shutdown_seconds"])
        failback.shut_down_azure_vm(self.context, item)
        self.context.finish(task)

    def _fail_back(self, item: Item, child: Job) -> Steps:
        initiate, monitor, prepare = child.tasks
        first = self._order.synchronize_first
        if not first:
            failback.begin_synchronization(item)
        yield from self.context.perform_on_premises(initiate, self.context.rates["initiate_sync_seconds"], item)
        yield from failback.synchronize_last(self.context, item, monitor, self._order)
        failback.serve_restore_completion(self.context, item)
        if not first:
            item.happens("completion_started")
        yield from self.context.perform_on_premises(prepare, self.context.rates["finalize_sync_seconds"], item)

    def _start(self, item: Item, child: Job) -> Steps:
        yield from self.context.perform_on_premises(child.tasks[0], self.context.rates["start_vm_seconds"], item)
        failback.start_on_premises(self.context, item)


class PlanFailover(_PlanMove):
    """The failover of a plan to Azure."""

    def __init__(self, vault: Vault, plan: Plan, job: Job, planned: bool = True, shut_down: bool = True) -> None:
        super().__init__(vault, plan, job)
        self._planned, self._shut_down_first = planned, shut_down
        job.tasks = [self.task("RpSrsPrerequisitesCheck"), self.task("RpEnvironmentCreationTask"), *self.move_tasks()]

    def takes_part(self, item: Item) -> bool:
        """See `PlanRun`."""
        return item.stage in lifecycle.ACTIVE_ON_PREMISES

    def steps(self) -> Steps:
        """See `PlanRun`."""
        checks, environment, shutdown, move, *starts, end = self.job.tasks
        yield from self.context.perform(checks, self.context.rates["failover_check_seconds"])
        yield from self.context.perform(environment, self.context.rates["plan_check_seconds"])
        yield from self.phase(shutdown, catalog.PHASE_SHUTDOWN, self._shut_down)
        yield from self.phase(move, catalog.PHASE_FAIL_OVER, self._fail_over)
        for task in starts:
            if task.type == MANUAL_ACTION:
                yield from self.wait_for_user(task, WAITS_FOR_ACTION)
            else:
                yield from self.phase(task, catalog.PHASE_START_IN_AZURE, self._start)
        yield from self.context.perform(end, self.context.rates["plan_check_seconds"])

    def _shut_down(self, item: Item, child: Job) -> Steps:
        task = child.tasks[0]
        task.begin(self.vault.clock.now())
        if self._planned:
            yield from self.context.reach(item)
        failover.check(item)
        item.happens("failover_started")
        if self._shut_down_first:
            yield from self.context.perform_on_premises(task, self.context.rates["failover_shutdown_seconds"], item)
            item.on_premises.turn_off()
        else:
            self.context.skip(task)

    def _fail_over(self, item: Item, child: Job) -> Steps:
        prepare, move = child.tasks
        yield from self.context.perform(prepare, self.context.rates["failover_prepare_seconds"])
        yield from self.context.perform(move, self.context.rates["failover_seconds"])
        failover.arrive_in_azure(self.context, item, self._planned, child)

    def _start(self, item: Item, child: Job) -> Steps:
        yield from self.context.perform(child.tasks[0], self.context.rates["check_seconds"])
        item.happens("failed_over")

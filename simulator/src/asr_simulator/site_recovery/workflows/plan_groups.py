# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of a plan that have one task a group: commit and reverse replication."""

from __future__ import annotations

from asr_simulator.site_recovery.model import catalog, lifecycle
from asr_simulator.site_recovery.model.catalog import JobKind
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.site_recovery.model.plans import Plan
from asr_simulator.site_recovery.workflows import failback, failover
from asr_simulator.site_recovery.workflows.context import Steps
from asr_simulator.site_recovery.workflows.engine import Workflow
from asr_simulator.site_recovery.workflows.plan_run import PlanRun
from asr_simulator.site_recovery.workflows.vault import Vault

COMMIT_GROUP = "CommitGroup"
WANTED = {
    COMMIT_GROUP: frozenset({lifecycle.FAILOVER_COMMIT_PENDING, lifecycle.FAILBACK_COMMIT_PENDING}),
    "ReverseReplicateGroup": frozenset({lifecycle.FAILED_BACK}),
}


class PlanGroups(PlanRun):
    """Commit, or reverse replicate, group after group. With no item in the right stage each is tried, and fails."""

    def __init__(self, vault: Vault, plan: Plan, job: Job, label: str, group_type: str) -> None:
        self._group_type = group_type
        self._any_ready = any(item.stage in WANTED[group_type] for item in plan.items)
        super().__init__(vault, plan, job)
        job.tasks = self.boot_groups(label, group_type)
        for task in job.tasks:
            task.task_id = vault.ids.fresh()

    def takes_part(self, item: Item) -> bool:
        """See `PlanRun`."""
        return item.stage in WANTED[self._group_type] or not self._any_ready

    def steps(self) -> Steps:
        """See `PlanRun`."""
        for group in self.job.tasks:
            yield from self.phase(group, self._kind, self._work)

    def _kind(self, item: Item) -> JobKind:
        if self._group_type != COMMIT_GROUP:
            return catalog.REVERSE_REPLICATION
        return catalog.COMMIT_FAILOVER if self._pends_failover(item) else catalog.FINALIZE_FAILBACK

    def _work(self, item: Item, child: Job) -> Workflow:
        if self._group_type != COMMIT_GROUP:
            return failback.reverse_replicate(self.context, item, child)
        commit = failover.commit if self._pends_failover(item) else failback.commit
        return commit(self.context, item, child)

    @staticmethod
    def _pends_failover(item: Item) -> bool:
        return item.stage == lifecycle.FAILOVER_COMMIT_PENDING

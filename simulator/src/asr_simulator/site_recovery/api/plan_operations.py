# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be asked of a recovery plan: refused at once, or accepted as a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asr_simulator.site_recovery.api import request_bodies
from asr_simulator.site_recovery.api.refusals import deprecated_plan_reprotect, invalid_direction
from asr_simulator.site_recovery.model import catalog
from asr_simulator.site_recovery.model.catalog import JobKind
from asr_simulator.site_recovery.model.item_view import PRIMARY, view_of
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.site_recovery.model.plans import Plan
from asr_simulator.site_recovery.workflows.plan_failover import PlanFailback, PlanFailover
from asr_simulator.site_recovery.workflows.plan_groups import PlanGroups
from asr_simulator.site_recovery.workflows.plan_run import PlanRun
from asr_simulator.site_recovery.workflows.vault import Vault

Maker = Callable[[Job], PlanRun]


def planned_failover(vault: Vault, plan: Plan, body: Any, caller: str) -> Job:
    """A planned failover of a plan to Azure, or its failback.

    Raises:
        ArmError: 400.
    """
    properties = request_bodies.properties_of(body)
    if request_bodies.direction_of(properties) == request_bodies.TO_PREMISES:
        _some_active(vault, plan, in_azure=True)
        order = request_bodies.plan_failback(properties)
        job = _start(vault, plan, catalog.PLAN_FAILBACK, lambda job: PlanFailback(vault, plan, job, order), caller)
        # The plan itself names the run of either direction a planned failover (recording).
        plan.scenario = "PlannedFailover"
    else:
        _some_active(vault, plan, in_azure=False)
        request_bodies.plan_details(properties)
        job = _start(vault, plan, catalog.PLAN_PLANNED_FAILOVER, lambda job: PlanFailover(vault, plan, job), caller)
    plan.times["lastPlannedFailoverTime"] = vault.clock.now()
    return job


def unplanned_failover(vault: Vault, plan: Plan, body: Any, caller: str) -> Job:
    """An unplanned failover of a plan to Azure.

    Raises:
        ArmError: 400.
    """
    properties = request_bodies.properties_of(body)
    if request_bodies.direction_of(properties) != request_bodies.TO_AZURE:
        raise invalid_direction()
    _some_active(vault, plan, in_azure=False)
    shut_down = request_bodies.shuts_down(properties)
    request_bodies.plan_details(properties)
    job = _start(
        vault,
        plan,
        catalog.PLAN_UNPLANNED_FAILOVER,
        lambda job: PlanFailover(vault, plan, job, planned=False, shut_down=shut_down),
        caller,
    )
    plan.times["lastUnplannedFailoverTime"] = vault.clock.now()
    return job


def commit(vault: Vault, plan: Plan, body: Any, caller: str) -> Job:
    """Commit what is pending of each item."""
    return _start(
        vault, plan, catalog.PLAN_COMMIT, lambda job: PlanGroups(vault, plan, job, "Commit", "CommitGroup"), caller
    )


def reverse_replicate(vault: Vault, plan: Plan, body: Any, caller: str) -> Job:
    """Replicate a plan's items to Azure again, where the variant lets it work.

    Raises:
        ArmError: 400, the definition says that it no longer works.
    """
    if vault.variants.plan_reprotect != "works":
        raise deprecated_plan_reprotect()
    return _start(
        vault,
        plan,
        catalog.PLAN_REVERSE_REPLICATION,
        lambda job: PlanGroups(vault, plan, job, "Reverse replicate", "ReverseReplicateGroup"),
        caller,
    )


def _some_active(vault: Vault, plan: Plan, in_azure: bool) -> None:
    """At least one item is on the side that the direction starts from; an item whose failback pends counts as seen."""
    sides = {view_of(item, vault.variants).active_location != PRIMARY for item in plan.items}
    if in_azure not in sides:
        raise invalid_direction()


def _start(vault: Vault, plan: Plan, kind: JobKind, make: Maker, caller: str) -> Job:
    job = vault.new_job(kind, caller, own_operation=vault.variants.plan_job_id_differs)
    job.plan, job.target, job.resource_path = plan, (plan.identifier, plan.friendly_name, "RecoveryPlan"), plan.path
    run = make(job)
    plan.job, plan.scenario, plan.job_started = job, kind.scenario, vault.clock.now()
    vault.engine.start(job, run.work(), run.ended)
    return job


OPERATIONS = {
    "plannedFailover": planned_failover,
    "unplannedFailover": unplanned_failover,
    "failoverCommit": commit,
    "reProtect": reverse_replicate,
}

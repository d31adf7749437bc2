# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recovery plans as JSON."""

from __future__ import annotations

from typing import Any

from asr_simulator.site_recovery.api.representation.job_bodies import AZURE_NAME
from asr_simulator.site_recovery.api.representation.times import precise
from asr_simulator.site_recovery.model.item_view import plan_operations
from asr_simulator.site_recovery.model.plans import Plan
from asr_simulator.site_recovery.workflows.vault import Vault

FAILOVERS = ["PlannedFailover", "UnplannedFailover", "TestFailover"]
DIRECTIONS = ["PrimaryToRecovery", "RecoveryToPrimary"]


def plan_body(vault: Vault, plan: Plan, in_list: bool = False) -> dict[str, Any]:
    """A plan; in a list without its groups (recording)."""
    properties = {
        "friendlyName": plan.friendly_name,
        "primaryFabricId": plan.fabric.path,
        "primaryFabricFriendlyName": plan.fabric.friendly_name,
        "recoveryFabricId": AZURE_NAME,
        "recoveryFabricFriendlyName": AZURE_NAME,
        "failoverDeploymentModel": "ResourceManager",
        "replicationProviders": sorted({item.spec.provider for item in plan.items}),
        "allowedOperations": [] if plan.job and not plan.job.over else plan_operations(plan),
        **{name: precise(when) for name, when in plan.times.items()},
        **_scenario(vault, plan),
        "groups": [] if in_list else _groups(plan),
        "providerSpecificDetails": [],
    }
    kind = "Microsoft.RecoveryServices/vaults/replicationRecoveryPlans"
    return {"id": plan.path, "name": plan.name, "type": kind, "properties": properties}


def _scenario(vault: Vault, plan: Plan) -> dict[str, Any]:
    """The last job, also when it is over; null for a plan that was never run (recordings)."""
    job = plan.job
    if job is None or plan.job_started is None:
        return {"currentScenario": None, "currentScenarioStatus": None, "currentScenarioStatusDescription": None}
    return {
        "currentScenario": {
            "scenarioName": plan.scenario,
            "jobId": vault.job_path(job),
            "startTime": precise(plan.job_started),
        },
        "currentScenarioStatus": job.state,
        "currentScenarioStatusDescription": job.description,
    }


def _groups(plan: Plan) -> list[dict[str, Any]]:
    empty = [_group(kind, [], [], []) for kind in ("Shutdown", "Failover")]
    boots = [
        _group(
            "Boot",
            [{"id": item.path, "virtualMachineId": item.vm_id} for item in group],
            _actions(plan, number, "before"),
            _actions(plan, number, "after"),
        )
        for number, group in enumerate(plan.groups, start=1)
    ]
    return [*empty, *boots]


def _group(kind: str, items: list[Any], start: list[Any], end: list[Any]) -> dict[str, Any]:
    return {"groupType": kind, "replicationProtectedItems": items, "startGroupActions": start, "endGroupActions": end}


def _actions(plan: Plan, group: int, when: str) -> list[dict[str, Any]]:
    return [
        {
            "actionName": action.name,
            "failoverTypes": FAILOVERS,
            "failoverDirections": DIRECTIONS,
            "customDetails": {"instanceType": "ManualActionDetails", "description": action.description},
        }
        for action in plan.manual_actions
        if action.group == group and action.when == when
    ]

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The truth behind the vault, for the control API and for tests: no Azure client sees this form."""

from __future__ import annotations

from typing import Any

from asr_simulator.site_recovery.model.item_view import stage_of, view_of
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.site_recovery.model.plans import Plan
from asr_simulator.site_recovery.workflows.vault import Vault


def state_of(vault: Vault) -> dict[str, Any]:
    """``items``, ``plans`` and ``jobs`` (newest first) of a vault."""
    return {
        "items": [_item(vault, item) for item in vault.items],
        "plans": [_plan(plan) for plan in vault.plans],
        "jobs": [_job(job) for job in vault.listed_jobs()],
    }


def _item(vault: Vault, item: Item) -> dict[str, Any]:
    machine = vault.context.compute.find(item.azure_vm_path)
    on_premises = item.on_premises
    return {
        "name": item.name,
        "friendly_name": item.friendly_name,
        "id": item.path,
        "stage": stage_of(item),
        "active_location": view_of(item, vault.variants).active_location,
        "operation": item.job.scenario if item.job else None,
        "azure_vm": {
            "id": item.azure_vm_path,
            "exists": machine is not None,
            "power": machine.power if machine else None,
        },
        "on_premises_vm": {
            "exists": on_premises.exists,
            "power": on_premises.power,
            "disks": on_premises.disks_state,
            "host": on_premises.host.name,
        },
    }


def _job(job: Job) -> dict[str, Any]:
    return {
        "name": job.name,
        "scenario": job.scenario,
        "state": job.state,
        "target": job.target[1],
        "item": job.item.name if job.item else None,
        "worked_seconds": job.worked,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "friendly_name": plan.friendly_name,
        "id": plan.path,
        "items": [item.name for item in plan.items],
        "operation": plan.job.scenario if plan.job and not plan.job.over else None,
    }

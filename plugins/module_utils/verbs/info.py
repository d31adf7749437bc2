# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries: what the vault holds. They read, and return nothing that was not read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..azure.session import AzureSession
from ..model.fabrics import Fabric, Provider
from ..model.failures import UnknownState, asked
from ..model.items import ReplicatedItem
from ..model.jobs import Job
from ..model.json_path import as_result, stamp
from ..model.lifecycle import NEVER_START, Observation, Side
from ..model.progress import describe_progress
from ..runner.authority import common, stage_of
from ..runner.contract import Contract
from ..runner.jobs import error_result, job_errors
from ..runner.result import job_result
from ..runner.services import Services
from ..runner.target import find_item, find_plan, job_name_of, look_at_plan, observe_item
from ..watch import Watch


@dataclass(frozen=True, kw_only=True)
class InfoRequest:
    """C(name) selects one of what is asked for; empty selects all. C(full) asks for all that the service says of it."""

    name: str = ""
    full: bool = False


@dataclass(frozen=True, kw_only=True)
class JobInfoRequest(InfoRequest):
    """C(name) is a job's id or name; C(replicated_item) selects the jobs of one VM, C(states) jobs in these states."""

    replicated_item: str = ""
    states: tuple[str, ...] = ()
    limit: int = 20


async def run_replicated_item_info(request: InfoRequest, services: Services, _watch: Watch) -> dict[str, Any]:
    """Return the vault's replicated items with their stages."""
    session = services.azure
    with asked(f"Replicated item information of {request.name or session.vault_id}"):
        found = [find_item(session, request.name)] if request.name else session.site_recovery.all_items()
        entries = [_item_entry(session, item, full=request.full) for item in found]
        return _answer("replicated_items", entries, [_stage_line(entry) for entry in entries])


def _answer(name: str, entries: list[dict[str, Any]], lines: list[str]) -> dict[str, Any]:
    """Return a result: the entries whole, and a line for a person of each."""
    return {"changed": False, name: entries, "summary": lines}


def _stage_line(entry: dict[str, Any]) -> str:
    if entry["stage"] is None:
        return f"{entry['friendly_name']}: {entry.get('reason') or 'no VMs'}"
    line = f"{entry['friendly_name']}: {entry['stage']}, authoritative: {entry['authoritative_side']}"
    dangers = [
        f"{one['friendly_name']}: {one['reason']}"
        for one in entry.get("members", [entry])
        if NEVER_START in one["reason"] or one.get("authoritative_side") == Side.EITHER.value
    ]
    return "; ".join([line, *dangers])


def _item_entry(session: AzureSession, item: ReplicatedItem, *, full: bool) -> dict[str, Any]:
    """Return an item; one whose stage cannot be determined is listed all the same, with the reason."""
    base: dict[str, Any] = {
        "name": item.name,
        "friendly_name": item.friendly_name,
        "id": item.id,
        **({"replicated_item": as_result(item.document)} if full else {}),
    }
    if not item.is_hyper_v_to_azure:
        return {**base, **_no_stage(f"replicated with {item.instance_type}, which this collection does not fail back")}
    try:
        return {**base, **_stage_entry(observe_item(session, item))}
    except UnknownState as problem:
        return {**base, **_no_stage(problem.happened)}


def _stage_entry(seen: Observation) -> dict[str, Any]:
    return {
        "stage": seen.stage.value,
        "authoritative_side": seen.authoritative_side.value,
        "reversible": seen.reversible,
        "reason": seen.explanation,
        "job": job_result(seen.job) if seen.job is not None else None,
    }


def _no_stage(reason: str) -> dict[str, Any]:
    return {"stage": None, "authoritative_side": None, "reversible": None, "reason": reason, "job": None}


async def run_recovery_plan_info(request: InfoRequest, services: Services, _watch: Watch) -> dict[str, Any]:
    """Return the vault's recovery plans with their groups and the stages of their members."""
    session = services.azure
    with asked(f"Recovery plan information of {request.name or session.vault_id}"):
        listed = [find_plan(session, request.name)] if request.name else session.site_recovery.plans()
        entries = [_plan_entry(session, plan.name, full=request.full) for plan in listed]
        return _answer("recovery_plans", entries, [_stage_line(entry) for entry in entries])


def _plan_entry(session: AzureSession, name: str, *, full: bool) -> dict[str, Any]:
    plan = session.site_recovery.plan(name)
    view = look_at_plan(session, plan)
    members = [
        {
            "name": seen.item.name,
            "friendly_name": seen.item.friendly_name,
            "id": seen.item.id,
            **_stage_entry(seen),
        }
        for seen in view.members
    ]
    return {
        "name": plan.name,
        "friendly_name": plan.friendly_name,
        "id": plan.id,
        "stage": stage_of(view) if view.members else None,
        "authoritative_side": common([member["authoritative_side"] for member in members]) if members else None,
        "job": job_result(view.plan_job) if view.plan_job is not None else None,
        **({"recovery_plan": as_result(plan.document)} if full else {}),
        "members": members,
    }


async def run_job_info(request: JobInfoRequest, services: Services, _watch: Watch) -> dict[str, Any]:
    """Return jobs with their tasks, the child jobs of plans, progress, and errors with cause and action."""
    session = services.azure
    with asked(f"Job information of {request.name or request.replicated_item or session.vault_id}"):
        names = _job_names(request, session)
        jobs = [_job_entry(session.site_recovery.job(name), full=request.full) for name in names]
        return _answer("jobs", jobs, [f"{job['progress']} (job {job['name']})" for job in jobs])


def _job_names(request: JobInfoRequest, session: AzureSession) -> list[str]:
    if request.name:
        return [job_name_of(session, request.name)]
    target = find_item(session, request.replicated_item).vm_id.lower() if request.replicated_item else ""
    listed = session.site_recovery.jobs(None, session.clock.now())
    chosen = [job for job in listed if not target or job.target_id.lower() == target]
    chosen = [job for job in chosen if not request.states or job.state in request.states]
    return [job.name for job in chosen[: request.limit]]


def _job_entry(job: Job, *, full: bool) -> dict[str, Any]:
    children = [
        {"name": task.job_id, "task": task.friendly_name, "target": task.target_name, "state": task.state}
        for task in job.all_tasks()
        if task.job_id
    ]
    return {
        **job_result(job),
        "progress": describe_progress(job),
        "target": {"id": job.target_id, "name": job.target_name, "type": job.target_type},
        **({"tasks": as_result(job.document)["properties"].get("tasks") or []} if full else {}),
        "child_jobs": children,
        "errors": [error_result(error) for error in job_errors(job)],
    }


async def run_vault_info(request: InfoRequest, services: Services, _watch: Watch) -> dict[str, Any]:
    """Return the vault with its fabrics, their providers and connection."""
    session = services.azure
    with asked(f"Information of vault {session.vault_id}"):
        vault = session.resources.vault(session.vault_id)
        fabrics = [_fabric_entry(session, fabric) for fabric in session.site_recovery.fabrics()]
        lines = [
            f"{fabric['friendly_name']}: {provider['friendly_name']} is {provider['connection_status']}"
            for fabric in fabrics
            for provider in fabric["providers"]
        ]
        told = {"vault": as_result(vault)} if request.full else {}
        return {**_answer("fabrics", fabrics, lines), **told}


def _fabric_entry(session: AzureSession, fabric: Fabric) -> dict[str, Any]:
    providers = session.site_recovery.providers(fabric.name)
    return {
        "name": fabric.name,
        "friendly_name": fabric.friendly_name,
        "id": fabric.id,
        "type": fabric.type,
        "health": fabric.health,
        "connected": all(provider.is_connected for provider in providers) if providers else None,
        "providers": [provider_entry(provider, session.clock.now()) for provider in providers],
    }


def provider_entry(provider: Provider, now: datetime) -> dict[str, Any]:
    """Return what a result says of a provider. C(now) is the service's time."""
    age = now - provider.last_heartbeat if provider.last_heartbeat else None
    return {
        "name": provider.name,
        "friendly_name": provider.friendly_name,
        "id": provider.id,
        "connection_status": provider.connection_status,
        "last_heartbeat": stamp(provider.last_heartbeat),
        "heartbeat_age": max(0, round(age.total_seconds())) if age else None,
        "version": provider.version,
        "version_state": provider.version_state,
    }


def _info_request_of(parameters: Mapping[str, Any], _check_mode: bool) -> InfoRequest:
    return InfoRequest(name=parameters.get("name") or "", full=parameters["full"])


def _job_info_request_of(parameters: Mapping[str, Any], _check_mode: bool) -> JobInfoRequest:
    return JobInfoRequest(
        name=parameters["name"] or "",
        full=parameters["full"],
        replicated_item=parameters["replicated_item"] or "",
        states=tuple(parameters["states"] or ()),
        limit=parameters["limit"],
    )


_FULL = {"full": {"type": "bool", "default": False}}
REPLICATED_ITEM_INFO = Contract(
    "replicated_item_info",
    {"name": {"type": "str", "aliases": ["replicated_item"]}, **_FULL},
    run_replicated_item_info,
    _info_request_of,
    takes_target=False,
    waits=False,
)
RECOVERY_PLAN_INFO = Contract(
    "recovery_plan_info",
    {"name": {"type": "str", "aliases": ["recovery_plan"]}, **_FULL},
    run_recovery_plan_info,
    _info_request_of,
    takes_target=False,
    waits=False,
)
JOB_INFO = Contract(
    "job_info",
    {
        "name": {"type": "str", "aliases": ["job"]},
        "replicated_item": {"type": "str"},
        "states": {"type": "list", "elements": "str"},
        "limit": {"type": "int", "default": 20},
        **_FULL,
    },
    run_job_info,
    _job_info_request_of,
    takes_target=False,
    waits=False,
    extra={"mutually_exclusive": [("name", "replicated_item")]},
)
VAULT_INFO = Contract("vault_info", _FULL, run_vault_info, _info_request_of, takes_target=False, waits=False)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vault as an inventory: its virtual machines and Hyper-V hosts, read by lists, with no request for each machine.

Requests: one for the fabrics; of each fabric one for its providers, one for its containers, and the pages of its items;
one for the recovery plans and one for each; the pages of the running jobs; and a few pages of jobs, where the stage of
a machine depends on them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..azure.session import AzureSession, reached_by
from ..model.arm_ids import folded
from ..model.fabrics import Fabric, Provider
from ..model.failures import ConfigurationError, NotFound, UnknownState, asked
from ..model.history import NOT_READ, History
from ..model.inventory_facts import (
    Surroundings,
    host_facts,
    names_of_plans,
    plans_of_items,
    provider_of,
    vm_facts,
)
from ..model.items import ReplicatedItem
from ..model.jobs import Job, Operation
from ..model.lifecycle import needs_history
from ..model.listed_history import histories_of
from ..model.listed_stage import RunningJobs, stage_in_lists
from ..model.plans import RecoveryPlan
from ..runner.contract import Contract
from ..runner.options import VAULT_OPTIONS
from ..runner.services import Services
from ..watch import Watch
from .info import provider_entry

# A thousand machines have two jobs each once they are in Azure: ten of the simulator's pages. How long a page of the
# service is has not been recorded.
_JOB_PAGES = 12
# Of a recovery plan, only the job itself tells which machines it moved.
_PLAN_JOBS = 5
# An item's time of its failover is that of the job's start, about.
_BEFORE = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class InventoryRequest:
    """C(recovery_plans) asks for the members of each recovery plan. C(job_pages) is how many pages of jobs are read at
    most where a stage depends on them, C(job_details) how many running jobs are read with their tasks, which lists do
    not show."""

    vault_name: str
    recovery_plans: bool = True
    job_pages: int = _JOB_PAGES
    job_details: int = 0


@dataclass(frozen=True)
class _Site:
    """A fabric with what was listed of it."""

    fabric: Fabric
    providers: Sequence[Provider]
    items: Sequence[ReplicatedItem]


@dataclass(frozen=True)
class _Plans:
    """Recovery plans with their groups. C(are_all): which virtual machines are in no plan is known as well."""

    read: Sequence[RecoveryPlan] = ()
    are_all: bool = False


async def run_inventory(request: InventoryRequest, services: Services, _watch: Watch) -> dict[str, Any]:
    """Return the variables of each virtual machine and each Hyper-V host, and a line for what could not be read.

    C(plans_of_vms) are the recovery plans that a virtual machine is known to be in, by its id, folded (arm_ids).
    """
    with asked(f"Inventory of vault {request.vault_name}"):
        session = services.azure
        sites = [_site(session, fabric) for fabric in session.site_recovery.fabrics() if not fabric.is_azure]
        unread = [line for site in sites for line in _untyped(site)]
        plans = _plans(session, unread) if request.recovery_plans else _Plans()
        return {
            "changed": False,
            "vms": _vms(session, sites, plans, request),
            "plans_of_vms": {
                item_id: names_of_plans(in_these) for item_id, in_these in plans_of_items(plans.read).items()
            },
            "hyperv_hosts": [
                host_facts(provider_entry(provider, session.clock.now()), site.fabric)
                for site in sites
                for provider in site.providers
            ],
            "unread": unread,
        }


def _site(session: AzureSession, fabric: Fabric) -> _Site:
    vault = session.site_recovery
    containers = vault.containers(fabric.name)
    items = [item for container in containers for item in vault.items(fabric.name, container.name)]
    return _Site(fabric, vault.providers(fabric.name), items)


def _plans(session: AzureSession, unread: list[str]) -> _Plans:
    """Return the plans of the vault; add to C(unread) those that cannot be understood: any machine may be in them."""
    unclear: list[str] = []
    read = [plan for one in session.site_recovery.plans() if (plan := _plan(session, one.name, unclear)) is not None]
    unread += unclear
    return _Plans(read, are_all=not unclear)


def _plan(session: AzureSession, name: str, unclear: list[str]) -> RecoveryPlan | None:
    """Return a plan with its groups; None where somebody has deleted it since, or it cannot be understood."""
    try:
        return session.site_recovery.plan(name)
    except NotFound:
        return None
    except UnknownState as problem:
        unclear.append(
            f"Recovery plan {name}: {problem.happened} Which VMs are in it is not known, so asr_recovery_plans is null "
            "for every VM."
        )
        return None


def _untyped(site: _Site) -> Iterator[str]:
    for item in site.items:
        if not item.instance_type:
            yield f"Replicated item {item.friendly_name} ({item.id}) does not report its kind, and is left out."


def _vms(
    session: AzureSession, sites: Iterable[_Site], plans: _Plans, request: InventoryRequest
) -> list[dict[str, Any]]:
    placed = [(site, item) for site in sites for item in site.items if item.is_hyper_v_to_azure]
    items = [item for _site, item in placed]
    running = _running(session, items, plans.read, request.job_details)
    in_doubt = [item for item in items if needs_history(item, running.of(item))]
    histories = _histories(session, in_doubt, request.job_pages)
    of_items = plans_of_items(plans.read)

    def facts(site: _Site, item: ReplicatedItem) -> dict[str, Any]:
        in_plans = of_items.get(folded(item.id), ()) if plans.are_all else None
        place = Surroundings(site.fabric, provider_of(item, site.providers), in_plans)
        seen = stage_in_lists(item, running.of(item), histories.get(item.id, NOT_READ))
        return vm_facts(item, place, seen, session.clock.now())

    return [facts(site, item) for site, item in placed]


def _running(
    session: AzureSession, items: Iterable[ReplicatedItem], plans: Sequence[RecoveryPlan], details: int
) -> RunningJobs:
    """Return the running jobs, where one may own an item, some of them with their tasks.

    Items come first: an item names what has just begun.
    """
    may_be_owned = any(item.scenario or item.is_active_in_azure for item in items)
    listed = session.site_recovery.running_jobs() if may_be_owned else []
    read = [session.site_recovery.find_job(job.name) or job for job in listed[:details]]
    return RunningJobs([*read, *listed[details:]], plans)


def _histories(session: AzureSession, items: Sequence[ReplicatedItem], most: int) -> dict[str, History]:
    """Return what the vault's newest jobs, C(most) pages of them, tell of items, by their ids."""
    plan_jobs = _PlanJobs(session)
    pages = session.site_recovery.job_pages(_since(items), session.clock.now())
    return histories_of(items, ([plan_jobs.with_machines(job) for job in page] for page in pages), most)


def _since(items: Iterable[ReplicatedItem]) -> datetime | None:
    failovers = [item.last_failover for item in items if item.last_failover]
    return min(failovers) - _BEFORE if failovers else None


class _PlanJobs:
    """Reads the jobs of recovery plans that may have moved machines, up to a number of them."""

    def __init__(self, session: AzureSession) -> None:
        self._session = session
        self._left = _PLAN_JOBS

    def with_machines(self, job: Job) -> Job:
        """Return a job as it is listed; one of a plan with its tasks, which name the machines, while some are left."""
        if not (job.is_of_plan and (job.may_be_failback or job.operation is Operation.FAILOVER)) or self._left == 0:
            return job
        self._left -= 1
        return self._session.site_recovery.find_job(job.name) or job


def _request_of(parameters: Mapping[str, Any], _check_mode: bool) -> InventoryRequest:
    if parameters["job_pages"] < 0:
        raise ConfigurationError(
            f"job_pages is {parameters['job_pages']}, less than 0.", "Nothing was read. Correct it."
        )
    names = ("vault_name", "recovery_plans", "job_pages")
    return InventoryRequest(**{name: parameters[name] for name in names})


INVENTORY = Contract(
    "site_recovery",
    {"recovery_plans": {"type": "bool", "default": True}, "job_pages": {"type": "int", "default": _JOB_PAGES}},
    run_inventory,
    _request_of,
    takes_target=False,
    waits=False,
)


def source_of(parameters: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """Return a text that is another one where another vault is read, something else of it, or by somebody else.

    What was kept of one does not count for another. Raises ConfigurationError where no credential is found.
    """
    asked = [f"{name}={parameters[name]}" for name in (*VAULT_OPTIONS, *INVENTORY.options)]
    whole = "\n".join((*asked, *reached_by(parameters, environ)))
    return hashlib.sha256(whole.encode()).hexdigest()[:16]

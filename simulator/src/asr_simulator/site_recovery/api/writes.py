# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers to operations: accepted as jobs, or refused."""

from __future__ import annotations

from functools import partial

from asr_simulator.site_recovery.api import item_operations, lookups, plan_operations
from asr_simulator.site_recovery.api.refusals import action_not_allowed, provider_not_modeled
from asr_simulator.site_recovery.api.responses import accepted
from asr_simulator.site_recovery.model import catalog
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.site_recovery.workflows.engine import Workflow
from asr_simulator.site_recovery.workflows.vault import Vault
from asr_simulator.wire import Reply, Request


def on_item(operation: str, vault: Vault, request: Request) -> Reply:
    """An operation on an item."""
    item = lookups.item(vault, request.parameters)
    if not item.is_hyperv_to_azure:
        raise provider_not_modeled(item.spec.provider)
    job = item_operations.OPERATIONS[operation](vault, item, request.body, caller_of(request))
    return accepted(vault, request, job)


def on_plan(operation: str, vault: Vault, request: Request) -> Reply:
    """An operation on a plan."""
    plan = lookups.plan(vault, request.parameters)
    job = plan_operations.OPERATIONS[operation](vault, plan, request.body, caller_of(request))
    return accepted(vault, request, job)


def resume(vault: Vault, request: Request) -> Reply:
    """Let a waiting job go on: to complete a failover is to resume its job."""
    job = _job_that_allows("Resume", vault, request)
    vault.engine.resume(job)
    return accepted(vault, request, job)


def cancel(vault: Vault, request: Request) -> Reply:
    """Cancel a job."""
    job = _job_that_allows("Cancel", vault, request)
    vault.engine.cancel(job)
    return accepted(vault, request, job)


def restart(vault: Vault, request: Request) -> Reply:
    """Run a failed job's work again, as a new job that a job of its own starts (definition's example)."""
    failed = _job_that_allows("Restart", vault, request)
    again = failed.restart
    if again is None:
        raise action_not_allowed("Restart", failed.state)
    job = vault.new_job(catalog.RESTART_JOB, caller_of(request))
    job.target, job.resource_path, job.item = failed.target, failed.resource_path, failed.item

    def work() -> Workflow:
        yield from vault.context.perform(job.tasks[0], vault.rates["check_seconds"])
        again()

    vault.engine.start(job, work(), lambda _: None)
    return accepted(vault, request, job)


def refresh_provider(vault: Vault, request: Request) -> Reply:
    """Ask a provider to report."""
    provider = lookups.provider(vault, request.parameters)
    job = vault.new_job(catalog.REFRESH_PROVIDER, caller_of(request))
    job.target, job.resource_path = (provider.name, provider.friendly_name, "Dra"), provider.path

    def work() -> Workflow:
        yield from vault.context.perform(job.tasks[0], vault.rates["refresh_seconds"])
        provider.refresh()

    vault.engine.start(job, work(), lambda _: None)
    return accepted(vault, request, job)


def refresh_health(vault: Vault, request: Request) -> Reply:
    """Ask for a new look at the vault's health."""
    job = vault.new_job(catalog.REFRESH_HEALTH, caller_of(request))
    job.target = (vault.place.name, vault.place.name, "Vault")
    job.resource_path = f"{vault.place.path}/replicationVaultHealth"
    vault.engine.start(job, vault.context.perform(job.tasks[0], vault.rates["refresh_seconds"]), lambda _: None)
    return accepted(vault, request, job)


def item_operation(operation: str) -> partial[Reply]:
    """The handler of an operation on an item."""
    return partial(on_item, operation)


def plan_operation(operation: str) -> partial[Reply]:
    """The handler of an operation on a plan."""
    return partial(on_plan, operation)


def caller_of(request: Request) -> str:
    """The client's request id: the first half of the job's activity id (recording)."""
    return request.headers.get("x-ms-client-request-id", "00000000-0000-0000-0000-000000000000")


def _job_that_allows(action: str, vault: Vault, request: Request) -> Job:
    job = lookups.job(vault, request.parameters)
    if action not in job.allowed_actions:
        raise action_not_allowed(action, job.state)
    return job

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers to reads: what is found, as JSON."""

from __future__ import annotations

from collections import Counter
from functools import partial

from asr_simulator.site_recovery.api import filters, lookups
from asr_simulator.site_recovery.api.refusals import no_resource
from asr_simulator.site_recovery.api.representation import fabric_bodies, vault_bodies
from asr_simulator.site_recovery.api.representation.item_bodies import protectable_body
from asr_simulator.site_recovery.api.representation.job_bodies import job_body, operation_body
from asr_simulator.site_recovery.api.representation.plan_bodies import plan_body
from asr_simulator.site_recovery.api.responses import accepted, page
from asr_simulator.site_recovery.api.shown_items import shown_item
from asr_simulator.site_recovery.model.fabrics import Fabric
from asr_simulator.site_recovery.workflows.vault import Vault
from asr_simulator.wire import Reply, Request


def fabrics(vault: Vault, request: Request) -> Reply:
    """All fabrics."""
    return page(vault, request, vault.fabrics, partial(fabric_bodies.fabric_body, vault))


def fabric(vault: Vault, request: Request) -> Reply:
    """One fabric."""
    return Reply(body=fabric_bodies.fabric_body(vault, lookups.fabric(vault, request.parameters)))


def providers(vault: Vault, request: Request) -> Reply:
    """The providers of a fabric, or of the vault."""
    found = [provider for fabric in _fabrics(vault, request) for provider in fabric.providers]
    protected = Counter(id(item.provider) for item in vault.items)
    return page(
        vault, request, found, lambda provider: fabric_bodies.provider_body(vault, provider, protected[id(provider)])
    )


def provider(vault: Vault, request: Request) -> Reply:
    """One provider."""
    found = lookups.provider(vault, request.parameters)
    protected = sum(item.provider is found for item in vault.items)
    return Reply(body=fabric_bodies.provider_body(vault, found, protected))


def containers(vault: Vault, request: Request) -> Reply:
    """The containers of a fabric, or of the vault."""
    found = [(fabric, container) for fabric in _fabrics(vault, request) for container in fabric.containers]
    return page(vault, request, found, lambda pair: fabric_bodies.container_body(vault, *pair))


def container(vault: Vault, request: Request) -> Reply:
    """One container."""
    fabric = lookups.fabric(vault, request.parameters)
    return Reply(body=fabric_bodies.container_body(vault, fabric, lookups.container(vault, request.parameters)))


def items(vault: Vault, request: Request) -> Reply:
    """The items of a container, or of the vault."""
    here = "container" in request.parameters
    found = lookups.items_of(vault, request.parameters) if here else vault.items
    wanted = filters.parse(request.query.get("$filter", "")).get("recoveryplanname")
    if wanted:
        members = {item.name for plan in vault.plans if plan.name in wanted for item in plan.items}
        found = [item for item in found if item.name in members]
    return page(vault, request, found, partial(shown_item, vault))


def item(vault: Vault, request: Request) -> Reply:
    """One item."""
    return Reply(body=shown_item(vault, lookups.item(vault, request.parameters)))


def protectable_items(vault: Vault, request: Request) -> Reply:
    """The virtual machines of a container that can be, and are, protected."""
    return page(vault, request, lookups.items_of(vault, request.parameters), protectable_body)


def protectable_item(vault: Vault, request: Request) -> Reply:
    """One of them, by the virtual machine's id."""
    for candidate in lookups.items_of(vault, request.parameters):
        if candidate.vm_id == request.parameters["protectable"].lower():
            return Reply(body=protectable_body(candidate))
    raise no_resource(request.parameters["protectable"])


def plans(vault: Vault, request: Request) -> Reply:
    """All plans, without their groups."""
    return page(vault, request, vault.plans, partial(plan_body, vault, in_list=True))


def plan(vault: Vault, request: Request) -> Reply:
    """One plan with its groups."""
    return Reply(body=plan_body(vault, lookups.plan(vault, request.parameters)))


def jobs(vault: Vault, request: Request) -> Reply:
    """Jobs, newest first, without tasks."""
    found = vault.listed_jobs(partial(filters.jobs, request.query.get("$filter", "")))
    return page(vault, request, found, partial(job_body, vault, in_list=True))


def job(vault: Vault, request: Request) -> Reply:
    """One job with its tasks."""
    return Reply(body=job_body(vault, lookups.job(vault, request.parameters)))


def operation_status(vault: Vault, request: Request) -> Reply:
    """How an operation is doing; it names the job that it started, in the body and in a header (recordings)."""
    job = lookups.operation(vault, request.parameters)
    return Reply(body=operation_body(job), headers={"x-ms-request-id": vault.job_path(job)})


def operation_result(vault: Vault, request: Request) -> Reply:
    """202 while the operation runs, then the item it was asked of; nothing for a plan (recordings of 2021)."""
    job = lookups.operation(vault, request.parameters)
    if not job.over:
        return accepted(vault, request, job)
    item = vault.items.find(job.resource_path.lower())
    if item is not None and item is job.item:
        return Reply(body=shown_item(vault, item))
    if job.plan is not None:
        return Reply(204, headers={"x-ms-request-id": vault.job_path(job)})
    return Reply(body=job_body(vault, job))


def events(vault: Vault, request: Request) -> Reply:
    """Events, newest first."""
    found = filters.events(request.query.get("$filter", ""), list(reversed(vault.events)))
    return page(vault, request, found, partial(vault_bodies.event_body, vault))


def event(vault: Vault, request: Request) -> Reply:
    """One event."""
    return Reply(body=vault_bodies.event_body(vault, lookups.named(vault.events, request.parameters["event"])))


def health(vault: Vault, request: Request) -> Reply:
    """The vault's health."""
    return Reply(body=vault_bodies.health_body(vault))


def usages(vault: Vault, request: Request) -> Reply:
    """Counters of the vault."""
    return Reply(body={"value": vault_bodies.usage_bodies(vault)})


def policies(vault: Vault, request: Request) -> Reply:
    """All replication policies."""
    return page(vault, request, _policy_paths(vault), fabric_bodies.policy_body)


def policy(vault: Vault, request: Request) -> Reply:
    """One replication policy."""
    for path in _policy_paths(vault):
        if path.rsplit("/", 1)[1].lower() == request.parameters["policy"].lower():
            return Reply(body=fabric_bodies.policy_body(path))
    raise no_resource(request.parameters["policy"])


def networks(vault: Vault, request: Request) -> Reply:
    """The on-premises networks of a VMM server, or of all."""
    found = [fabric for fabric in _fabrics(vault, request) if not fabric.is_site]
    return page(vault, request, found, lambda fabric: fabric_bodies.network_body(fabric, _network_name(vault, fabric)))


def network(vault: Vault, request: Request) -> Reply:
    """One on-premises network."""
    fabric = _network_owner(vault, request)
    return Reply(body=fabric_bodies.network_body(fabric, request.parameters["network"].lower()))


def logical_networks(vault: Vault, request: Request) -> Reply:
    """The logical networks of a VMM server."""
    found = [fabric for fabric in _fabrics(vault, request) if not fabric.is_site]
    return page(
        vault, request, found, lambda fabric: fabric_bodies.logical_network_body(fabric, _network_name(vault, fabric))
    )


def logical_network(vault: Vault, request: Request) -> Reply:
    """One logical network."""
    fabric = _network_owner(vault, request)
    return Reply(body=fabric_bodies.logical_network_body(fabric, request.parameters["network"].lower()))


def _fabrics(vault: Vault, request: Request) -> list[Fabric]:
    return [lookups.fabric(vault, request.parameters)] if "fabric" in request.parameters else vault.fabrics


def _policy_paths(vault: Vault) -> list[str]:
    return sorted({item.policy_path for item in vault.items})


def _network_name(vault: Vault, fabric: Fabric) -> str:
    return vault.ids.of("network", fabric.name)


def _network_owner(vault: Vault, request: Request) -> Fabric:
    fabric = lookups.fabric(vault, request.parameters)
    if fabric.is_site or _network_name(vault, fabric) != request.parameters["network"].lower():
        raise no_resource(request.parameters["network"])
    return fabric

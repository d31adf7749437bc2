# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vault and its hosts, written as a scenario of the simulator. Nothing else is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.common.yaml import HAS_YAML, yaml_dump

from ..azure.own_vm import own_vm
from ..azure.session import AzureSession
from ..hyperv.hosts import Hosts
from ..model.fabrics import Fabric, Provider
from ..model.failures import FailbackError, MissingLibrary, NotFound, PermissionDenied, UnknownState, asked
from ..model.findings import NotRead
from ..model.host_names import is_same_host
from ..model.hyperv_hosts import HostFacts, HostVm
from ..model.inventory_facts import provider_of
from ..model.items import ReplicatedItem
from ..model.vault_scenario import Machine, Site, Vault, scenario_of, untold
from ..owners_file import write_if_other
from ..runner.contract import Contract
from ..runner.services import Services
from ..runner.target import observe_item
from ..watch import Watch

_BEGINS = (
    "# A scenario of the simulator of asr.failback: a real vault, to rehearse its failback. It has the names of that\n"
    "# vault and its hosts, and no secrets. Not in it:\n"
)


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """C(path) is the file that is written, in the file system of the machine that the task runs on."""

    path: str
    check_mode: bool = False


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> ExportRequest:
    """Return what a task's options ask for."""
    return ExportRequest(path=parameters["path"], check_mode=check_mode)


async def run(request: ExportRequest, services: Services, _watch: Watch) -> dict[str, Any]:
    """Read the vault and the hosts that may be asked, and write the scenario."""
    _require_yaml()
    session = services.azure
    with asked(f"Export of vault {session.vault_id}"):
        vault, left_out = _read(session, services.hosts)
        scenario, lines = scenario_of(vault), [*left_out, *untold(vault)]
        text = _text(scenario, lines)
        changed = write_if_other(request.path, lambda: iter([text]), "scenario", check_mode=request.check_mode)
    count = len(scenario["items"])
    return {
        "changed": changed,
        "path": request.path,
        "scenario": scenario,
        "not_exported": lines,
        "msg": f"{count} replicated items in {request.path}; not in it: {len(lines)} things, see not_exported",
    }


def _require_yaml() -> None:
    if not HAS_YAML:
        raise MissingLibrary(
            "The Python that runs this task lacks a library: PyYAML.",
            "Install PyYAML for it, or run it on the controller.",
        )


def _text(scenario: Mapping[str, Any], lines: Sequence[str]) -> str:
    told = "".join(f"#   {' '.join(line.split())}\n" for line in lines)
    return f"{_BEGINS}{told}---\n{yaml_dump(dict(scenario), sort_keys=False, allow_unicode=True)}"


def _read(session: AzureSession, hosts: Hosts) -> tuple[Vault, list[str]]:
    """Read everything, and say which replicated items cannot be in a scenario."""
    vault = session.site_recovery
    found = [_site(session, fabric) for fabric in vault.fabrics() if not fabric.is_azure]
    sites = [site for site, _items in found]
    told = _told_by_hosts(hosts, sites)
    left_out: list[str] = []
    placed = [(site, cloud, item) for site, items in found for cloud, item in items]
    seen = [_machine(session, site, cloud, item, told, left_out) for site, cloud, item in placed]
    plans = [vault.plan(plan.name) for plan in vault.plans()]
    machines = [one for one in seen if one is not None]
    return Vault(session.vault_id, session.clock.now(), sites, machines, plans, told), left_out


def _site(session: AzureSession, fabric: Fabric) -> tuple[Site, list[tuple[str, ReplicatedItem]]]:
    """Return a fabric, and its replicated items with the clouds of VMM that they are in, empty at a Hyper-V site."""
    vault = session.site_recovery
    containers = vault.containers(fabric.name)
    names = {one.name: "" if fabric.is_hyper_v_site else one.friendly_name for one in containers}
    items = [(cloud, item) for name, cloud in names.items() for item in vault.items(fabric.name, name)]
    return Site(fabric, vault.providers(fabric.name), [*filter(None, names.values())]), items


def _told_by_hosts(hosts: Hosts, sites: Sequence[Site]) -> dict[str, HostFacts | NotRead]:
    """Return what each Hyper-V host and VMM server says, by the name that Site Recovery or VMM calls it by."""
    told = {
        provider.friendly_name: _ask(hosts, provider.friendly_name) for site in sites for provider in site.providers
    }
    managed = [host.name for facts in told.values() for host in _managed_by(facts)]
    return {**{name: _ask(hosts, name) for name in managed}, **told}


def _managed_by(facts: HostFacts | NotRead) -> Iterator[Any]:
    if isinstance(facts, HostFacts) and facts.vmm is not None:
        yield from facts.vmm.hosts


def _ask(hosts: Hosts, name: str) -> HostFacts | NotRead:
    if not hosts.knows(name):
        return NotRead("neither the inventory nor hyperv_hosts has it")
    try:
        return hosts.facts(name)
    except FailbackError as problem:
        return NotRead(problem.happened)


def _machine(
    session: AzureSession,
    site: Site,
    cloud: str,
    item: ReplicatedItem,
    told: Mapping[str, HostFacts | NotRead],
    left_out: list[str],
) -> Machine | None:
    """Return what was seen of an item; None where its stage cannot be told, which is then in C(left_out)."""
    try:
        seen = observe_item(session, item)
    except UnknownState as problem:
        left_out.append(f"{item.friendly_name} is left out: {problem.happened}")
        return None
    host, vm = _on_premises(seen.item, site, told)
    return Machine(seen, site, cloud, own_vm(session, item), _locks(session, item), host, vm)


def _locks(session: AzureSession, item: ReplicatedItem) -> list[str] | NotRead:
    if not item.azure_vm_id:
        return NotRead("the replicated item names no Azure VM")
    try:
        return [lock.level for lock in session.resources.locks(item.azure_vm_id)]
    except (PermissionDenied, NotFound) as hidden:
        return NotRead(hidden.happened)


def _on_premises(
    item: ReplicatedItem, site: Site, told: Mapping[str, HostFacts | NotRead]
) -> tuple[str, HostVm | NotRead | None]:
    """Return the Hyper-V host of an item, empty where it is not known, and what that has of it."""
    host = _host_of(item, site, provider_of(item, site.providers), told)
    facts = next((facts for name, facts in told.items() if host and is_same_host(name, host)), NotRead("not known"))
    if isinstance(facts, NotRead):
        return host, facts
    found = next((vm for vm in facts.vms if vm.id.lower() == item.hypervisor_vm_id.lower()), None)
    doubt = "" if found else facts.doubt_about(item.hypervisor_vm_id, item.friendly_name)
    return host, NotRead(doubt) if doubt else found


def _host_of(
    item: ReplicatedItem, site: Site, provider: Provider | None, told: Mapping[str, HostFacts | NotRead]
) -> str:
    if provider is None:
        return ""
    if site.fabric.is_hyper_v_site:
        return provider.friendly_name
    facts = told.get(provider.friendly_name)
    if not isinstance(facts, HostFacts) or facts.vmm is None:
        return ""
    known = [vm.host for vm in facts.vmm.vms if vm.id.lower() == item.hypervisor_vm_id.lower() and vm.host]
    return known[0] if len(known) == 1 else ""


CONTRACT = Contract(
    "vault_export",
    {"path": {"type": "path", "required": True}},
    run,
    request_of,
    takes_target=False,
    waits=False,
    asks_hosts=True,
)

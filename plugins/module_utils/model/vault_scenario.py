# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vault as a scenario of the simulator, to rehearse on: its names, stages, sizes and ages, with other ids.

The form is that of the simulator's C(scenarios/schema.json). What was not read is left out, so that the simulator's
default stands for it, and told.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

from . import arm_ids
from .azure_resources import AzureVm
from .fabrics import Fabric, Provider
from .findings import NotRead
from .hyperv_hosts import HostDisk, HostFacts, HostVm, Service
from .items import Disk, ReplicatedItem
from .lifecycle import ON_PREMISES_HOLDS_TRUTH, Observation, Stage
from .plans import RecoveryPlan
from .power_states import AT_REST

_GIB = 2**30
# What the simulator's hosts run; later versions come with a later one.
_SYSTEMS = ("2012 R2", "2016", "2019", "2022", "2025")
_OS_TYPES = {"windows": "Windows", "linux": "Linux"}
_HEALTH = frozenset({"Normal", "Warning", "Critical"})
_LOCKS = frozenset({"CanNotDelete", "ReadOnly"})
_VOLUME = re.compile(r"[A-Z]:(\\.*)?")
# How the Azure VM is at a stage; at every other it is gone.
_EXPECTED_IN_AZURE = {
    **dict.fromkeys((Stage.FAILOVER_COMMIT_PENDING, Stage.FAILED_OVER, Stage.SYNCHRONIZING), "running"),
    **dict.fromkeys((Stage.WAITING_FOR_COMPLETION, Stage.INTERRUPTED, Stage.BUSY), "running"),
    **dict.fromkeys((Stage.COMPLETING, Stage.FAILBACK_COMMIT_PENDING), "deallocated"),
}
# What nobody tells, or the export does not read.
NEVER_EXPORTED = (
    "How much data has changed since the failover: changed_gb, 2 GB for each VM unless you set it.",
    "Whether a failover was planned, once the failback has begun: planned, true unless you set it.",
    "Manual actions and scripts of recovery plans.",
    "Addresses and the contents of guests: probes need the scenario's commands.",
)


@dataclass(frozen=True)
class Site:
    """A fabric with its providers and the friendly names of its containers (clouds, of VMM)."""

    fabric: Fabric
    providers: Sequence[Provider]
    clouds: Sequence[str] = ()


@dataclass(frozen=True)
class Machine:
    """A replicated item as it was seen. C(azure) is its VM in Azure, None where there is none; C(locks) are the levels
    of the locks there. C(host) is its Hyper-V host, empty where that is not known, C(vm) what that has, None where it
    has nothing."""

    seen: Observation
    site: Site
    cloud: str
    azure: AzureVm | NotRead | None
    locks: Sequence[str] | NotRead
    host: str
    vm: HostVm | NotRead | None


@dataclass(frozen=True)
class Vault:
    """What was read of a vault at a time. C(hosts) are what Hyper-V hosts and VMM servers say, by their names."""

    id: str
    read_at: datetime
    sites: Sequence[Site]
    machines: Sequence[Machine]
    plans: Sequence[RecoveryPlan]
    hosts: Mapping[str, HostFacts | NotRead]


def scenario_of(vault: Vault) -> dict[str, Any]:
    """Return the scenario, as JSON values."""
    items = [one.seen.item for one in vault.machines]
    own = {item.hypervisor_vm_id for item in items}
    name = arm_ids.last_segment(vault.id)
    return {
        "name": name,
        "description": f"The vault {name} as it was read at {vault.read_at:%Y-%m-%d %H:%M:%S} UTC, with other ids.",
        "seed": crc32(vault.id.lower().encode()),
        "start": vault.read_at.isoformat(),
        "vault": {"resource_group": arm_ids.segment(vault.id, "resourceGroups"), "name": name},
        "fabrics": [_fabric(site, vault, own) for site in vault.sites],
        "items": [_item(one, vault.read_at) for one in vault.machines],
        "recovery_plans": [*_plans(vault.plans, {arm_ids.folded(one.id): one.name for one in items})],
    }


def untold(vault: Vault) -> list[str]:
    """Return what the scenario does not hold as it is, a line each."""
    unread = {name: facts.reason for name, facts in vault.hosts.items() if isinstance(facts, NotRead)}
    hosts = [f"Host {name} was not read: {reason}" for name, reason in unread.items()]
    machines = [line for one in vault.machines for line in _untold_of(one)]
    return [*hosts, *machines, *NEVER_EXPORTED]


def _untold_of(one: Machine) -> Iterator[str]:
    item = one.seen.item
    if isinstance(one.azure, NotRead):
        yield f"{item.friendly_name}: its Azure VM was not read: {one.azure.reason}"
    if isinstance(one.locks, NotRead):
        yield f"{item.friendly_name}: the locks of its Azure VM were not read: {one.locks.reason}"
    if not all(disk.size for disk in item.disks) or not item.disks:
        yield f"{item.friendly_name}: the vault does not tell the sizes of all disks"
    if one.cloud and not one.host:
        yield f"{item.friendly_name}: which host of {one.site.fabric.friendly_name} has it is not known"


def _fabric(site: Site, vault: Vault, own: set[str]) -> dict[str, Any]:
    fabric = site.fabric
    base = {"name": fabric.friendly_name or fabric.name, "type": fabric.type}
    health = {"health": fabric.health} if fabric.health in (*_HEALTH, "Error") else {}
    if fabric.is_hyper_v_site:
        hosts = [
            {"name": one.friendly_name, **_connection(one, vault.read_at), **_host(vault, one.friendly_name, own)}
            for one in site.providers
        ]
        return {**base, **health, "hosts": hosts}
    server = site.providers[0] if site.providers else None
    names = _managed_hosts(vault, site)
    managed = {"managed_hosts": [{"name": name, **_host(vault, name, own)} for name in names]} if names else {}
    connection = _connection(server, vault.read_at) if server else {}
    return {**base, **health, **connection, "clouds": [{"name": name} for name in site.clouds], **managed}


def _managed_hosts(vault: Vault, site: Site) -> list[str]:
    """Return the names of the hosts of a VMM server: what it tells, and those that were seen to have a machine."""
    told = [vault.hosts.get(provider.friendly_name) for provider in site.providers]
    servers = [facts.vmm for facts in told if isinstance(facts, HostFacts) and facts.vmm is not None]
    known = [host.name for vmm in servers for host in vmm.hosts]
    seen = [one.host for one in vault.machines if one.site is site and one.host]
    return [*{name.lower(): name for name in (*seen, *known)}.values()]


def _connection(provider: Provider, now: datetime) -> dict[str, Any]:
    age = (now - provider.last_heartbeat).total_seconds() if provider.last_heartbeat else None
    heartbeat = {"heartbeat_age": max(0, round(age))} if age is not None else {}
    return {"connected": provider.is_connected, **heartbeat}


def _host(vault: Vault, name: str, own: set[str]) -> dict[str, Any]:
    """Return what a host says of itself; nothing of one that was not asked. C(own): ids of replicated machines."""
    facts = vault.hosts.get(name)
    if not isinstance(facts, HostFacts):
        return {}
    system = next((one for one in _SYSTEMS if one in facts.os_caption), None)
    switches = [_switch(switch.name, switch.type, teamed=switch.embedded_teaming) for switch in facts.switches]
    volumes = [
        {"path": path, "gb": _gb(volume.size), "free_gb": min(_gb(volume.free), _gb(volume.size))}
        for volume in facts.volumes
        if _VOLUME.fullmatch(path := volume.path.rstrip("\\")) and volume.size
    ]
    others = [_other(vm) for vm in facts.vms if vm.id not in own]
    found = {
        "os": system,
        "processors": facts.processors or None,
        "memory_gb": _gb(facts.memory_bytes) or None,
        "adapters": _adapters(facts),
        "switches": switches,
        "volumes": volumes,
        "services": {service.name: _service(service) for service in facts.services if not _is_usual(service)},
        "cluster": facts.cluster.name if facts.cluster else None,
        "virtual_machines": others,
    }
    return {key: value for key, value in found.items() if value or (key == "switches" and facts.hyper_v_installed)}


def _switch(name: str, kind: str, *, teamed: bool) -> dict[str, Any]:
    return {"name": name, "type": kind, **({"embedded_teaming": True} if teamed else {})}


def _adapters(facts: HostFacts) -> list[str]:
    """Return enough network adapters for the external switches, as only those that switches use are told."""
    used = sum(len(switch.adapters) or 1 for switch in facts.switches if switch.type == "External")
    return ["Ethernet", *(f"Ethernet {number}" for number in range(2, used + 1))] if used > 1 else []


def _is_usual(service: Service) -> bool:
    return service.is_running and service.start_mode in ("Auto", "")


def _service(service: Service) -> dict[str, str]:
    told = {"state": "Running" if service.is_running else "Stopped"}
    return {
        **told,
        **({"start_mode": service.start_mode} if service.start_mode in ("Auto", "Manual", "Disabled") else {}),
    }


def _other(vm: HostVm) -> dict[str, Any]:
    """Return a machine that no vault replicates."""
    disks = [{"name": _stem(disk), "gb": _gb(disk.size)} for disk in vm.disks if disk.size]
    return {
        "name": vm.name,
        **({"state": vm.state} if vm.state in AT_REST else {}),
        **({"disks": _each_once(disks)} if disks else {}),
        **_of_host(vm),
    }


def _of_host(vm: HostVm) -> dict[str, Any]:
    switch = next((nic.switch for nic in vm.nics if nic.switch), None)
    checkpoints = [one.name for one in vm.checkpoints]
    generation = {"generation": vm.generation} if vm.generation in (1, 2) else {}
    return {**generation, "switch": switch, **({"checkpoints": checkpoints} if checkpoints else {})}


def _stem(disk: HostDisk) -> str:
    return disk.path.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or disk.path


def _each_once(disks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*{str(disk["name"]).lower(): disk for disk in disks}.values()]


def _item(one: Machine, now: datetime) -> dict[str, Any]:
    item, seen = one.seen.item, one.seen
    found = {
        "name": item.name,
        "friendly_name": item.friendly_name if item.friendly_name != item.name else None,
        **({"cloud": one.cloud} if one.cloud else {}),
        "host": one.host,
        "stage": seen.stage.value,
        "in_azure_for": _since_failover(item, now),
        **({"planned": False} if item.protection_state.startswith("Unplanned") else {}),
        "disks": _each_once(_disk(disk) for disk in item.disks if disk.size and disk.name),
        "managed_disks": item.managed_disks or None,
        "encryption": "Enabled" if item.encryption.lower() == "enabled" else None,
        "os": _OS_TYPES.get(item.os_type.lower()),
        "size": item.azure_vm_size,
        "locks": sorted(_LOCKS & set(one.locks)) if not isinstance(one.locks, NotRead) else None,
        "test_failover": _test_failover(item),
        "replication_health": item.replication_health if item.replication_health in _HEALTH - {"Normal"} else None,
        "azure_vm": _unexpected_in_azure(one),
        "provider": item.instance_type if not item.is_hyper_v_to_azure else None,
    }
    on_premises = _on_premises(one)
    return {**{key: value for key, value in found.items() if value or value is False}, **on_premises}


def _disk(disk: Disk) -> dict[str, Any]:
    return {"name": disk.name, "gb": _gb(disk.size), **({"os": True} if disk.is_os_disk else {})}


def _since_failover(item: ReplicatedItem, now: datetime) -> str | None:
    if item.last_failover is None:
        return None
    return f"{max(0, math.floor((now - item.last_failover).total_seconds()))}s"


def _test_failover(item: ReplicatedItem) -> str | None:
    if item.has_open_test_failover:
        return "waiting"
    return "cleaned_up" if item.test_failover_state == "MarkedForDeletion" else None


def _unexpected_in_azure(one: Machine) -> str | None:
    """Return how the Azure VM is where it is not as its stage has it."""
    if isinstance(one.azure, NotRead):
        return None
    seen = "missing" if one.azure is None else "running" if one.azure.is_running else "deallocated"
    return seen if seen != _EXPECTED_IN_AZURE.get(one.seen.stage, "missing") else None


def _on_premises(one: Machine) -> dict[str, Any]:
    """Return how the machine is on its host, where that was read."""
    if isinstance(one.vm, NotRead):
        return {}
    if one.vm is None:
        return {"on_premises_vm": "missing"}
    runs, expected = one.vm.is_running, one.seen.stage in ON_PREMISES_HOLDS_TRUTH
    power = {"on_premises_power": "running" if runs else "off"} if runs != expected else {}
    return {**power, **_of_host(one.vm)}


def _plans(plans: Iterable[RecoveryPlan], names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the plans with those of their machines that are in the scenario, in the order in which they start. C(names)
    of these are by their folded ids."""
    for plan in plans:
        boots = [group for group in plan.groups if group.type == "Boot"]
        groups = [[names[key] for key in map(arm_ids.folded, group.item_ids) if key in names] for group in boots]
        groups = [group for group in groups if group]
        if groups:
            yield {"name": plan.name, "friendly_name": plan.friendly_name or plan.name, "groups": groups}


def _gb(size: int) -> float:
    """Return bytes in GB as the simulator counts them: 2**30."""
    return round(size / _GIB, 3)

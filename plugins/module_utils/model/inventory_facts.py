# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory says of the virtual machines of a vault: variables, and the groups that they are in by default.

All values are JSON. What the service does not tell is None, never 0 or an empty text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import arm_ids
from .fabrics import Fabric, Provider
from .health import causes_of
from .items import Disk, ReplicatedItem
from .jobs import Job
from .json_path import field, stamp
from .listed_stage import ListedStage
from .plans import RecoveryPlan
from .progress import percent_complete

# Those of the roles begin otherwise: they refuse the names with their own prefix that they do not know.
PREFIX = "asr_"
UNKNOWN_STAGE = "unknown"
_DAY = 86400
_GIB = 2**30
_DETAILS = ("providerSpecificDetails",)
# Each kind of group but that of recovery plans, and the variable whose value names the group of that kind.
_GROUPED_BY = {"stage": "asr_stage", "site": "asr_fabric", "host": "asr_host"}


@dataclass(frozen=True)
class Surroundings:
    """What a replicated item belongs to.

    C(provider) is None where the vault lists no such provider, C(plans) where not every recovery plan was read.
    """

    fabric: Fabric
    provider: Provider | None
    plans: Sequence[RecoveryPlan] | None = None


def vm_facts(item: ReplicatedItem, place: Surroundings, seen: ListedStage, now: datetime) -> dict[str, Any]:
    """Return the variables of a virtual machine. C(now) is the service's time."""
    return {f"{PREFIX}{name}": value for name, value in _vm_facts(item, place, seen, now)}


def _vm_facts(item: ReplicatedItem, place: Surroundings, seen: ListedStage, now: datetime) -> Iterator[tuple[str, Any]]:
    yield from _identity(item).items()
    yield from _standing(item, seen, now).items()
    yield from _place(place).items()
    yield from _machine(item).items()


def _identity(item: ReplicatedItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "friendly_name": item.friendly_name,
        "vm_id": item.vm_id or None,
        "hyperv_vm_id": item.hypervisor_vm_id or None,
        "azure_vm_id": item.azure_vm_id or None,
        "azure_vm_name": item.azure_vm_name or None,
        "azure_resource_group_id": item.azure_resource_group_id or None,
    }


def _standing(item: ReplicatedItem, seen: ListedStage, now: datetime) -> dict[str, Any]:
    since = item.last_failover if item.is_active_in_azure else None
    return {
        "stage": seen.stage.value if seen.stage else UNKNOWN_STAGE,
        "possible_stages": [stage.value for stage in seen.possible],
        "stage_reason": seen.reason,
        "authoritative_side": seen.side.value if seen.side else None,
        "active_location": item.active_location or None,
        "protection_state": item.protection_state or None,
        "allowed_operations": sorted(item.allowed_operations) if _reports(item, "allowedOperations") else None,
        "job": _job(seen.job) if seen.job else None,
        "in_azure_since": stamp(since),
        "days_in_azure": round(max(0.0, (now - since).total_seconds() / _DAY), 1) if since else None,
        "replication_health": item.replication_health or None,
        "failover_health": item.failover_health or None,
        "health_causes": causes_of(item.health_errors) or None,
        "test_failover_open": item.has_open_test_failover or (False if item.test_failover_state else None),
    }


def _reports(item: ReplicatedItem, *path: str) -> bool:
    """Whether the service reports a property of an item, be it an empty list."""
    return field(item.document, "properties", *path) is not None


def _job(job: Job) -> dict[str, Any]:
    return {
        "name": job.name,
        "operation": job.friendly_name or None,
        "state": job.state,
        "started": stamp(job.started),
        "percent_complete": percent_complete(job),
    }


def _place(place: Surroundings) -> dict[str, Any]:
    provider = place.provider
    return {
        "fabric": place.fabric.friendly_name or place.fabric.name,
        "fabric_name": place.fabric.name,
        "fabric_type": place.fabric.type or None,
        "host": provider.friendly_name or provider.name if provider else None,
        "host_connected": provider.is_connected if provider and provider.connection_status else None,
        "recovery_plans": None if place.plans is None else names_of_plans(place.plans),
    }


def names_of_plans(plans: Iterable[RecoveryPlan]) -> list[str]:
    """Return the names of recovery plans as people know them."""
    return sorted(plan.friendly_name or plan.name for plan in plans)


def _machine(item: ReplicatedItem) -> dict[str, Any]:
    sizes = [_gib(disk) for disk in item.disks]
    known = [size for size in sizes if size is not None]
    return {
        "os_type": item.os_type or None,
        "azure_vm_size": item.azure_vm_size or None,
        "networks": list(item.network_names) if _reports(item, *_DETAILS, "vmNics") else None,
        "disks": [
            {"name": disk.name or None, "size_gb": size, "os": disk.is_os_disk if disk.type else None}
            for disk, size in zip(item.disks, sizes, strict=True)
        ]
        if _reports(item, *_DETAILS, "azureVmDiskDetails")
        else None,
        "disks_gb": round(sum(known), 1) if known and len(known) == len(sizes) else None,
    }


def _gib(disk: Disk) -> float | None:
    return round(disk.size / _GIB, 1) if disk.size else None


def host_facts(provider: Mapping[str, Any], fabric: Fabric) -> dict[str, Any]:
    """Return the variables of a Hyper-V host or VMM server. C(provider) is what results say of its provider."""
    facts = {**provider, "fabric": fabric.friendly_name or fabric.name, "fabric_type": fabric.type}
    return {f"{PREFIX}{name}": None if value == "" else value for name, value in facts.items()}


def newest_by_name(hosts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the variables of hosts, each host once: one that was registered again is that of its last heartbeat."""
    found: dict[str, Mapping[str, Any]] = {}
    for host in sorted(hosts, key=lambda facts: facts["asr_last_heartbeat"] or ""):
        found[name_of_host(host).lower()] = host
    return [found[name] for name in sorted(found)]


def name_of_host(facts: Mapping[str, Any]) -> str:
    """Return the name of a Hyper-V host or VMM server, by its variables; empty where it has none."""
    return str(facts["asr_friendly_name"] or facts["asr_name"] or "")


def default_groups(facts: Mapping[str, Any], plans: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of each group that a virtual machine is in: by its variables, and by the recovery plans that
    it is known to be in, which need not be all of them."""
    yield from ((kind, facts[variable]) for kind, variable in _GROUPED_BY.items() if facts[variable])
    yield from (("plan", name) for name in plans)


def plans_of_items(plans: Iterable[RecoveryPlan]) -> dict[str, list[RecoveryPlan]]:
    """Return the recovery plans of each replicated item that is in one, by the item's id, folded (arm_ids)."""
    found: dict[str, list[RecoveryPlan]] = {}
    for plan in plans:
        for item_id in plan.item_ids:
            found.setdefault(arm_ids.folded(item_id), []).append(plan)
    return found


def provider_of(item: ReplicatedItem, providers: Iterable[Provider]) -> Provider | None:
    """Return the provider that serves an item; None where it is not among them."""
    return next((one for one in providers if arm_ids.same_resource(one.id, item.provider_id)), None)

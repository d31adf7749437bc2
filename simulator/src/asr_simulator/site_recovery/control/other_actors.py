# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody else does to the vault while its user is at work, at once and for good.

A service fault of this kind is one of::

    {"item": "web01", "removed": true}                 replication is disabled; both virtual machines stay as they are
    {"plan": "shop", "groups": [["db01"], ["web01"]]}  the plan has other groups; a run of it goes on as it began
    {"item": "web01", "replication_health": "Critical"}  its replication stops; "Normal": it goes on
    {"jobs": "ended", "forgotten": true}               the vault knows no job any more that has ended
    {"azure_vm": "web01", "deleted": true}             the item's Azure VM is deleted, its disks are not
    {"operation": "plannedFailover", "item": "web01"}  or another one of `item_operations`, or resume or cancel of the
                                                       item's running job: through the same code as the API
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from asr_simulator.arm.locks import ScopeLocked
from asr_simulator.fault_values import one_of, text
from asr_simulator.hyperv.machine_states import not_replicated
from asr_simulator.scenarios import plans
from asr_simulator.site_recovery.api.item_operations import OPERATIONS
from asr_simulator.site_recovery.api.request_bodies import TO_AZURE, TO_PREMISES
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.site_recovery.model.plans import Plan
from asr_simulator.site_recovery.workflows.vault import Vault
from asr_simulator.wire import ArmError

CALLER = "portal"
JOB_ACTIONS = ("resume", "cancel")
HEALTHS = ("Normal", "Warning", "Critical")
KINDS = (
    frozenset({"item", "removed"}),
    frozenset({"item", "replication_health"}),
    frozenset({"plan", "groups"}),
    frozenset({"jobs", "forgotten"}),
    frozenset({"azure_vm", "deleted"}),
    frozenset({"operation", "item"}),
)
_HYPERV = {"instanceType": "HyperVReplicaAzure"}
_FAILBACK = {
    "instanceType": "HyperVReplicaAzureFailback",
    "dataSyncOption": "ForDownTime",
    "recoveryVmCreationOption": "NoAction",
}


def concerns(fault: dict[str, Any]) -> bool:
    """Whether a service fault is of this kind."""
    return bool({"removed", "replication_health", "plan", "jobs", "azure_vm", "operation"} & set(fault))


def change_of(vault: Vault, fault: dict[str, Any]) -> Callable[[], None]:
    """Understand a fault, and return what does what it says, which raises ValueError where the service refuses it.

    Raises:
        ValueError: it is not understood, or names what is not there.
    """
    said = frozenset(fault) - {"added"}
    if said not in KINDS:
        known = "; ".join(", ".join(sorted(kind)) for kind in KINDS)
        raise ValueError(f"what somebody else does has one of: {known}")
    for key in {"removed", "deleted", "forgotten"} & said:
        if fault[key] is not True:
            raise ValueError(f"{key} is true: it cannot be undone")
    if "jobs" in fault:
        one_of(fault, "jobs", "ended")
        return lambda: _forget_ended(vault)
    if "plan" in fault:
        plan, groups = _plan(vault, text(fault, "plan")), _groups(vault, fault["groups"])
        return lambda: setattr(plan, "groups", groups)
    item = _item(vault, text(fault, "item" if "item" in fault else "azure_vm"))
    if "replication_health" in fault:
        spec = replace(item.spec, replication_health=one_of(fault, "replication_health", *HEALTHS))
        return lambda: setattr(item, "spec", spec)
    if "removed" in fault:
        return lambda: remove(vault, item)
    if "azure_vm" in fault:
        return _deletion(vault, item)
    return _operation(vault, item, fault["operation"])


def _forget_ended(vault: Vault) -> None:
    """Those that run stay in the vault."""
    vault.jobs[:] = [job for job in vault.jobs if not job.over]


def _plan(vault: Vault, name: str) -> Plan:
    for plan in vault.plans:
        if plan.name == name:
            return plan
    raise ValueError(f"no plan is named {name}; known are {', '.join(plan.name for plan in vault.plans)}")


def _item(vault: Vault, name: str) -> Item:
    for item in vault.items:
        if item.name == name:
            return item
    raise ValueError(f"no item is named {name}; known are {', '.join(item.name for item in vault.items)}")


def _groups(vault: Vault, names: Any) -> list[list[Item]]:
    if not isinstance(names, list) or not all(isinstance(group, list) for group in names):
        raise ValueError("groups is a list of lists of item names")
    wanted = [[str(name) for name in group] for group in names]
    objection = plans.objection(wanted, {item.name: item.fabric.name for item in vault.items})
    if objection:
        raise ValueError(objection)
    return [[_item(vault, name) for name in group] for group in wanted]


def remove(vault: Vault, item: Item) -> None:
    """Disable replication: the vault knows the item no more, its plans run without it, its running job is cancelled."""
    if item.job is not None and not item.job.over and item.job.item is item:
        vault.engine.cancel(item.job)
    vault.items.remove(item)
    for plan in vault.plans:
        plan.groups = [[one for one in group if one is not item] for group in plan.groups]
    item.on_premises.replication = not_replicated


def _deletion(vault: Vault, item: Item) -> Callable[[], None]:
    compute = vault.context.compute
    if compute.find(item.azure_vm_path) is None:
        raise ValueError(f"{item.name} has no Azure VM")

    def delete() -> None:
        try:
            compute.delete_vm(item.azure_vm_path)
        except ScopeLocked as locked:
            raise ValueError(locked.message) from locked

    return delete


def _operation(vault: Vault, item: Item, name: Any) -> Callable[[], None]:
    if name in JOB_ACTIONS:
        return lambda: _act_on_job(vault, item, name)
    if not isinstance(name, str) or name not in OPERATIONS:
        raise ValueError(f"no operation is named {name}; known are {', '.join((*OPERATIONS, *JOB_ACTIONS))}")

    def start() -> None:
        try:
            OPERATIONS[name](vault, item, {"properties": _properties(item, name)}, CALLER)
        except ArmError as refused:
            raise ValueError(f"{name} of {item.name} is refused: {refused.message}") from refused

    return start


def _properties(item: Item, operation: str) -> dict[str, Any]:
    if operation == "plannedFailover" and item.in_azure:
        return {"failoverDirection": TO_PREMISES, "providerSpecificDetails": _FAILBACK}
    return {
        "failoverDirection": TO_AZURE,
        "sourceSiteOperations": "Required",
        "providerSpecificDetails": _HYPERV,
    }


def _act_on_job(vault: Vault, item: Item, action: str) -> None:
    job: Job | None = item.job
    if job is None or action.capitalize() not in job.allowed_actions:
        raise ValueError(f"{item.name} has no job that allows {action}")
    (vault.engine.resume if action == "resume" else vault.engine.cancel)(job)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations of Site Recovery: path, handler, RBAC action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from asr_simulator.arm.existence import require_vault
from asr_simulator.arm.world import ArmWorld
from asr_simulator.site_recovery.api import reads, writes
from asr_simulator.site_recovery.api.item_operations import OPERATIONS as ITEM_OPERATIONS
from asr_simulator.site_recovery.api.plan_operations import OPERATIONS as PLAN_OPERATIONS
from asr_simulator.site_recovery.api.refusals import not_modeled
from asr_simulator.site_recovery.api.unmodeled import UNMODELED
from asr_simulator.site_recovery.api.versions import API_VERSIONS
from asr_simulator.site_recovery.workflows.vault import Vault
from asr_simulator.wire import Handler, Reply, Request, Route

ROOT = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.RecoveryServices/vaults/{vault}"
ACTIONS = "Microsoft.RecoveryServices/vaults"
FABRIC = "replicationFabrics/{fabric}"
PROVIDERS = "replicationRecoveryServicesProviders"
CONTAINERS = "replicationProtectionContainers"
CONTAINER = f"{FABRIC}/{CONTAINERS}/{{container}}"
ITEMS = "replicationProtectedItems"
ITEM = f"{CONTAINER}/{ITEMS}/{{item}}"
PLAN = "replicationRecoveryPlans/{plan}"
JOB = "replicationJobs/{job}"


class VaultWorld(ArmWorld, Protocol):
    """What Site Recovery's routes need of the simulated world."""

    vault: Vault


VaultHandler = Callable[[Vault, Request], Reply]

READS: dict[str, VaultHandler] = {
    "replicationFabrics": reads.fabrics,
    FABRIC: reads.fabric,
    f"{FABRIC}/{PROVIDERS}": reads.providers,
    f"{FABRIC}/{PROVIDERS}/{{provider}}": reads.provider,
    PROVIDERS: reads.providers,
    f"{FABRIC}/{CONTAINERS}": reads.containers,
    CONTAINER: reads.container,
    CONTAINERS: reads.containers,
    f"{CONTAINER}/{ITEMS}": reads.items,
    ITEM: reads.item,
    ITEMS: reads.items,
    f"{ITEM}/operationresults/{{job}}": reads.operation_result,
    f"{CONTAINER}/replicationProtectableItems": reads.protectable_items,
    f"{CONTAINER}/replicationProtectableItems/{{protectable}}": reads.protectable_item,
    f"{FABRIC}/replicationNetworks": reads.networks,
    f"{FABRIC}/replicationNetworks/{{network}}": reads.network,
    "replicationNetworks": reads.networks,
    f"{FABRIC}/replicationLogicalNetworks": reads.logical_networks,
    f"{FABRIC}/replicationLogicalNetworks/{{network}}": reads.logical_network,
    f"{FABRIC}/{PROVIDERS}/{{provider}}/operationresults/{{job}}": reads.operation_result,
    "replicationPolicies": reads.policies,
    "replicationPolicies/{policy}": reads.policy,
    "replicationRecoveryPlans": reads.plans,
    PLAN: reads.plan,
    f"{PLAN}/operationresults/{{job}}": reads.operation_result,
    "replicationJobs": reads.jobs,
    JOB: reads.job,
    "replicationOperationStatus/{job}": reads.operation_status,
    "replicationEvents": reads.events,
    "replicationEvents/{event}": reads.event,
    "replicationVaultHealth": reads.health,
    "replicationVaultHealth/operationresults/{job}": reads.operation_result,
}
WRITES: dict[str, VaultHandler] = {
    **{f"{ITEM}/{name}": writes.item_operation(name) for name in ITEM_OPERATIONS},
    **{f"{PLAN}/{name}": writes.plan_operation(name) for name in PLAN_OPERATIONS},
    f"{JOB}/resume": writes.resume,
    f"{JOB}/cancel": writes.cancel,
    f"{JOB}/restart": writes.restart,
    f"{FABRIC}/{PROVIDERS}/{{provider}}/refreshProvider": writes.refresh_provider,
    "replicationVaultHealth/default/refresh": writes.refresh_health,
}


def _action(template: str, verb: str) -> str:
    """The RBAC action of a template: its literal segments (provider operations list of Microsoft's documentation)."""
    names = [segment for segment in template.split("/") if not segment.startswith("{") and segment != "default"]
    return "/".join([ACTIONS, *names, verb])


def _in_vault(handler: VaultHandler) -> Handler:
    def handle(world: VaultWorld, request: Request) -> Reply:
        require_vault(world, request.parameters)
        return handler(world.vault, request)

    return handle


def _refuse_unmodeled(world: VaultWorld, request: Request) -> Reply:
    require_vault(world, request.parameters)
    raise not_modeled(request.method, request.path)


ROUTES: list[Route] = [
    *(
        Route("GET", f"{ROOT}/{template}", _in_vault(handler), _action(template, "read"), API_VERSIONS)
        for template, handler in READS.items()
    ),
    *(
        Route("POST", f"{ROOT}/{template}", _in_vault(handler), _action(template, "action"), API_VERSIONS)
        for template, handler in WRITES.items()
    ),
    Route("GET", f"{ROOT}/usages", _in_vault(reads.usages), f"{ACTIONS}/usages/read"),
    Route("GET", f"{ROOT}/replicationUsages", _in_vault(reads.usages), f"{ACTIONS}/replicationUsages/read"),
    *(Route(method, f"{ROOT}/{template}", _refuse_unmodeled, None, API_VERSIONS) for method, template in UNMODELED),
]

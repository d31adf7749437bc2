# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Azure Resource Manager itself answers over HTTP."""

from __future__ import annotations

from typing import Any

from asr_simulator.arm import existence, inventory, lock_routes, metadata, permissions
from asr_simulator.arm.scopes import no_subscription
from asr_simulator.arm.world import ArmWorld
from asr_simulator.wire import ArmError, Reply, Request, Route

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group}"
# Extension resources exist at a subscription, at a group, at a resource and at a resource below another.
SCOPES = (
    SUBSCRIPTION,
    GROUP,
    GROUP + "/providers/{namespace}/{kind}/{name}",
    GROUP + "/providers/{namespace}/{kind}/{name}/{child_kind}/{child}",
)
# Namespaces of the resources that the simulator has, with their types.
PROVIDERS = {
    "Microsoft.Authorization": ("locks", "permissions", "roleDefinitions"),
    "Microsoft.Compute": ("virtualMachines", "disks"),
    "Microsoft.Network": ("networkInterfaces", "publicIPAddresses"),
    "Microsoft.RecoveryServices": ("vaults",),
    "Microsoft.Resources": ("subscriptions", "resourceGroups"),
}
AUTHORIZATION = "/providers/Microsoft.Authorization"


def subscriptions(world: ArmWorld, request: Request) -> Reply:
    """The subscriptions in which the caller has any role."""
    scope = f"/subscriptions/{world.scenario.vault.subscription_id}"
    visible = request.principal is not None and world.rbac.holds_any_below(request.principal, scope)
    values = [existence.subscription_body(world)] if visible else []
    return Reply(body={"value": values, "count": {"type": "Total", "value": len(values)}})


def subscription(world: ArmWorld, request: Request) -> Reply:
    """One subscription; a caller without any role in it is told that it does not exist."""
    existence.require_subscription(world, request.parameters)
    if request.principal is None or not world.rbac.holds_any_below(request.principal, request.path):
        raise no_subscription(request.parameters["subscription"])
    return Reply(body=existence.subscription_body(world))


def tenants(world: ArmWorld, request: Request) -> Reply:
    """The one tenant."""
    tenant = world.entra.tenant_id
    value = {"id": f"/tenants/{tenant}", "tenantId": tenant, "tenantCategory": "Home", "displayName": metadata.CLOUD}
    return Reply(body={"value": [value]})


def locations(world: ArmWorld, request: Request) -> Reply:
    """The region of the vault."""
    existence.require_subscription(world, request.parameters)
    name = world.scenario.vault.location
    return Reply(body={"value": [{"id": f"{request.path}/{name}", "name": name, "displayName": name}]})


def groups(world: ArmWorld, request: Request) -> Reply:
    """All resource groups."""
    existence.require_subscription(world, request.parameters)
    return Reply(body={"value": [existence.group_body(world, name) for name in existence.groups(world).values()]})


def group(world: ArmWorld, request: Request) -> Reply:
    """One resource group."""
    return Reply(body=existence.group_body(world, existence.require_group(world, request.parameters)))


def group_exists(world: ArmWorld, request: Request) -> Reply:
    """204 when there is such a resource group."""
    existence.require_group(world, request.parameters)
    return Reply(204)


def vaults(world: ArmWorld, request: Request) -> Reply:
    """The vaults of the subscription or of one group."""
    place = world.scenario.vault
    existence.require_subscription(world, request.parameters)
    here = "group" not in request.parameters or (
        existence.require_group(world, request.parameters).lower() == place.resource_group.lower()
    )
    return Reply(body={"value": [existence.vault_body(world)] if here else []})


def vault(world: ArmWorld, request: Request) -> Reply:
    """One vault."""
    existence.require_vault(world, request.parameters)
    return Reply(body=existence.vault_body(world))


def providers(world: ArmWorld, request: Request) -> Reply:
    """The registered resource providers."""
    existence.require_subscription(world, request.parameters)
    return Reply(body={"value": [_provider(world, namespace) for namespace in PROVIDERS]})


def provider(world: ArmWorld, request: Request) -> Reply:
    """One resource provider with its types: the Azure CLI looks api-versions up here."""
    existence.require_subscription(world, request.parameters)
    wanted = request.parameters["namespace"]
    known = next((name for name in PROVIDERS if name.lower() == wanted.lower()), None)
    if known is None:
        raise ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{wanted}' is invalid.")
    return Reply(body=_provider(world, known))


def _provider(world: ArmWorld, namespace: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{world.scenario.vault.subscription_id}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "Registered",
        "resourceTypes": [_resource_type(world, namespace, name) for name in PROVIDERS[namespace]],
    }


def _resource_type(world: ArmWorld, namespace: str, name: str) -> dict[str, Any]:
    return {
        "resourceType": name,
        "locations": [world.scenario.vault.location],
        "apiVersions": list(API_VERSIONS.get(f"{namespace}/{name}", ["2022-12-01"])),
        "capabilities": "None",
    }


API_VERSIONS = {
    "Microsoft.RecoveryServices/vaults": ["2025-08-01", "2025-02-01", "2024-04-01", "2023-08-01", "2022-08-01"],
    "Microsoft.Compute/virtualMachines": ["2026-04-01", "2025-04-01", "2024-11-01", "2024-07-01"],
    "Microsoft.Compute/disks": ["2026-03-02", "2025-01-02", "2024-03-02"],
    "Microsoft.Network/networkInterfaces": ["2024-05-01", "2023-11-01"],
    "Microsoft.Network/publicIPAddresses": ["2024-05-01", "2023-11-01"],
    "Microsoft.Authorization/locks": ["2020-05-01", "2016-09-01"],
    "Microsoft.Authorization/permissions": ["2022-04-01", "2018-07-01", "2015-07-01"],
}
LOCK_VERSIONS = frozenset(API_VERSIONS["Microsoft.Authorization/locks"])
PERMISSION_VERSIONS = frozenset({*API_VERSIONS["Microsoft.Authorization/permissions"], "2018-01-01-preview"})


def _extension_routes(scope: str) -> list[Route]:
    locks = f"{scope}{AUTHORIZATION}/locks"
    one = f"{locks}/{{lock}}"
    read, write, delete = (f"Microsoft.Authorization/locks/{verb}" for verb in ("read", "write", "delete"))
    allowed, defined = "Microsoft.Authorization/permissions/read", "Microsoft.Authorization/roleDefinitions/read"
    return [
        Route("GET", locks, lock_routes.list_locks, read, LOCK_VERSIONS),
        Route("GET", one, lock_routes.get_lock, read, LOCK_VERSIONS),
        Route("PUT", one, lock_routes.put_lock, write, LOCK_VERSIONS),
        Route("DELETE", one, lock_routes.delete_lock, delete, LOCK_VERSIONS),
        Route("GET", f"{scope}{AUTHORIZATION}/permissions", permissions.permissions, allowed, PERMISSION_VERSIONS),
        Route("GET", f"{scope}{AUTHORIZATION}/roleDefinitions", permissions.role_definitions, defined),
    ]


VAULTS = "/providers/Microsoft.RecoveryServices/vaults"
VAULT_READ = "Microsoft.RecoveryServices/vaults/read"
GROUP_READ = "Microsoft.Resources/subscriptions/resourceGroups/read"
RESOURCES_READ = "Microsoft.Resources/subscriptions/resources/read"
GROUP_RESOURCES_READ = "Microsoft.Resources/subscriptions/resourceGroups/resources/read"
ROUTES = [
    Route("GET", "/metadata/endpoints", metadata.endpoints, authenticated=False),
    Route("GET", "/tenants", tenants),
    Route("GET", "/subscriptions", subscriptions),
    Route("GET", SUBSCRIPTION, subscription),
    Route("GET", f"{SUBSCRIPTION}/locations", locations, "Microsoft.Resources/subscriptions/locations/read"),
    Route("GET", f"{SUBSCRIPTION}/resourceGroups", groups, GROUP_READ),
    Route("GET", GROUP, group, GROUP_READ),
    Route("HEAD", GROUP, group_exists, GROUP_READ),
    Route("GET", f"{SUBSCRIPTION}/resources", inventory.resources, RESOURCES_READ, is_list=True),
    Route("GET", f"{GROUP}/resources", inventory.resources, GROUP_RESOURCES_READ, is_list=True),
    Route("GET", f"{SUBSCRIPTION}/providers", providers),
    Route("GET", f"{SUBSCRIPTION}/providers/{{namespace}}", provider),
    Route("GET", f"{SUBSCRIPTION}{VAULTS}", vaults, VAULT_READ),
    Route("GET", f"{GROUP}{VAULTS}", vaults, VAULT_READ),
    Route("GET", f"{GROUP}{VAULTS}/{{vault}}", vault, VAULT_READ),
    *(route for scope in SCOPES for route in _extension_routes(scope)),
]

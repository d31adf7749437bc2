# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which subscription, resource groups and vaults exist, and how ARM says that one does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asr_simulator.arm.scopes import no_subscription
from asr_simulator.arm.world import ArmWorld
from asr_simulator.wire import ArmError

VAULT_TYPE = "Microsoft.RecoveryServices/vaults"
MORE = "For more details please go to https://aka.ms/ARMResourceNotFoundFix"


def groups(world: ArmWorld) -> dict[str, str]:
    """The resource groups: the vault's own and those that hold compute or network resources; lower case -> name."""
    names = [world.scenario.vault.resource_group, *world.compute.groups()]
    return {name.lower(): name for name in reversed(names)}


def require_subscription(world: ArmWorld, parameters: Mapping[str, str]) -> None:
    """Raises `ArmError` 404 SubscriptionNotFound when the path's `subscription` is another one."""
    if parameters["subscription"].lower() != world.scenario.vault.subscription_id.lower():
        raise no_subscription(parameters["subscription"])


def require_group(world: ArmWorld, parameters: Mapping[str, str]) -> str:
    """The name of the path's `group`; raises `ArmError` 404 for an unknown subscription or group."""
    require_subscription(world, parameters)
    name = groups(world).get(parameters["group"].lower())
    if name is None:
        raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{parameters['group']}' could not be found.")
    return name


def require_vault(world: ArmWorld, parameters: Mapping[str, str]) -> None:
    """Raises `ArmError` 404 when the path's `subscription`, `group` or `vault` is not the scenario's."""
    group = require_group(world, parameters)
    place = world.scenario.vault
    if group.lower() != place.resource_group.lower() or parameters["vault"].lower() != place.name.lower():
        raise no_resource(VAULT_TYPE, parameters["vault"], parameters["group"])


def no_resource(resource_type: str, name: str, group: str) -> ArmError:
    """404: no resource of that type and name in the group."""
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{resource_type}/{name}' under resource group '{group}' was not found. {MORE}",
    )


def vault_body(world: ArmWorld) -> dict[str, Any]:
    """The vault as a resource."""
    place = world.scenario.vault
    return {
        "location": place.location,
        "name": place.name,
        "etag": f"W/\"datetime'{world.scenario.start.strftime('%Y-%m-%dT%H%%3A%M%%3A%S.0000000Z')}'\"",
        "properties": {
            "provisioningState": "Succeeded",
            "privateEndpointStateForBackup": "None",
            "privateEndpointStateForSiteRecovery": "None",
            "publicNetworkAccess": "Enabled",
        },
        "id": f"{place.group_path}/providers/{VAULT_TYPE}/{place.name}",
        "type": VAULT_TYPE,
        "sku": {"name": "RS0", "tier": "Standard"},
    }


def group_body(world: ArmWorld, name: str) -> dict[str, Any]:
    """A resource group."""
    place = world.scenario.vault
    return {
        "id": f"/subscriptions/{place.subscription_id}/resourceGroups/{name}",
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": place.location,
        "properties": {"provisioningState": "Succeeded"},
    }


def subscription_body(world: ArmWorld) -> dict[str, Any]:
    """The subscription."""
    place = world.scenario.vault
    return {
        "id": f"/subscriptions/{place.subscription_id}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": place.subscription_id,
        "tenantId": place.tenant_id,
        "displayName": place.subscription_name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "EnterpriseAgreement_2014-09-01",
            "spendingLimit": "Off",
        },
    }

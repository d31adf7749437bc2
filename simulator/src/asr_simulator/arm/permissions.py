# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a caller may do at a scope, and the role definitions behind it."""

from __future__ import annotations

from typing import Any

from asr_simulator.arm.roles import RoleDefinition
from asr_simulator.arm.scopes import of_path
from asr_simulator.arm.world import ArmWorld
from asr_simulator.wire import ArmError, Reply, Request


def permissions(world: ArmWorld, request: Request) -> Reply:
    """`GET {scope}/providers/Microsoft.Authorization/permissions`: one entry for each role of the caller there."""
    if request.principal is None:
        raise ArmError(401, "AuthenticationFailed", "Authentication failed.")
    held = world.rbac.roles_at(request.principal, of_path(request.path))
    return Reply(body={"value": [_permission(role) for role in held]})


def _permission(role: RoleDefinition) -> dict[str, Any]:
    return {
        "actions": list(role.actions),
        "notActions": list(role.not_actions),
        "dataActions": [],
        "notDataActions": [],
    }


def role_definitions(world: ArmWorld, request: Request) -> Reply:
    """`GET {scope}/providers/Microsoft.Authorization/roleDefinitions`, with the filter `roleName eq '...'`."""
    wanted = request.query.get("$filter", "")
    known = world.rbac.definitions.values()
    values = [_definition(world, role) for role in known if _passes(wanted, role)]
    return Reply(body={"value": values})


def _passes(wanted: str, role: RoleDefinition) -> bool:
    head, _unused, name = wanted.partition(" eq ")
    return head.strip().lower() != "rolename" or name.strip().strip("'").lower() == role.name.lower()


def _definition(world: ArmWorld, role: RoleDefinition) -> dict[str, Any]:
    subscription = f"/subscriptions/{world.scenario.vault.subscription_id}"
    return {
        "properties": {
            "roleName": role.name,
            "type": "CustomRole" if role.custom else "BuiltInRole",
            "description": role.description,
            "assignableScopes": [subscription if role.custom else "/"],
            "permissions": [_permission(role)],
        },
        "id": f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role.guid}",
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role.guid,
    }

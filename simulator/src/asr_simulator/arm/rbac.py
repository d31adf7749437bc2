# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role-based access: which action a principal may do at which scope."""

from __future__ import annotations

from dataclasses import dataclass

from asr_simulator.arm.builtin_roles import BUILT_IN
from asr_simulator.arm.roles import RoleDefinition
from asr_simulator.arm.scopes import contains, no_subscription, of_path, subscription_of
from asr_simulator.identities import Identities
from asr_simulator.scenarios import Scenario, ScenarioError
from asr_simulator.wire import ArmError, Principal


@dataclass(frozen=True)
class Assignment:
    """A role that a principal (by object id) has at a scope and below it."""

    object_id: str
    role: RoleDefinition
    scope: str


class Rbac:
    """The role definitions and assignments of the subscription."""

    def __init__(self, scenario: Scenario, ids: Identities) -> None:
        self.subscription_id = scenario.vault.subscription_id
        self.definitions: dict[str, RoleDefinition] = {role.name.lower(): role for role in BUILT_IN}
        self.assignments: list[Assignment] = []
        for spec in scenario.roles:
            guid = ids.of("role", spec.name)
            self.define(RoleDefinition(spec.name, spec.actions, spec.not_actions, guid, custom=True))
        for principal in scenario.principals:
            for grant in principal.roles:
                self.assign(principal.object_id, grant.role, grant.scope)

    def define(self, role: RoleDefinition) -> None:
        """Adds a role definition; one of the same name is replaced."""
        self.definitions[role.name.lower()] = role

    def assign(self, object_id: str, role: str, scope: str | None = None) -> None:
        """Gives a role, by its name, at a scope (None: the subscription).

        Raises:
            ScenarioError: no role has that name; the message lists those that exist.
        """
        known = self.definitions.get(role.lower())
        if known is None:
            names = ", ".join(sorted(definition.name for definition in self.definitions.values()))
            raise ScenarioError(f"no role is named {role!r}; known are {names}")
        self.assignments.append(Assignment(object_id, known, scope or f"/subscriptions/{self.subscription_id}"))

    def roles_at(self, principal: Principal, scope: str) -> list[RoleDefinition]:
        """The roles that the principal has at the scope, those of the scopes above it included."""
        return [
            held.role
            for held in self.assignments
            if held.object_id == principal.object_id and contains(held.scope, scope)
        ]

    def holds_any_below(self, principal: Principal, scope: str) -> bool:
        """Whether the principal has a role at, above or below the scope: who then sees the subscription in lists."""
        return any(
            held.object_id == principal.object_id and (contains(held.scope, scope) or contains(scope, held.scope))
            for held in self.assignments
        )

    def holds_below(self, principal: Principal, action: str, scope: str) -> bool:
        """Whether a role below the scope gives the action there."""
        return any(
            held.object_id == principal.object_id and contains(scope, held.scope) and held.role.allows(action)
            for held in self.assignments
        )

    def allowed(self, principal: Principal, action: str, scope: str) -> bool:
        """Whether one of the roles gives the action."""
        return any(role.allows(action) for role in self.roles_at(principal, scope))

    def authorize(self, principal: Principal, action: str, path: str) -> None:
        """Lets the call pass when a role gives the action at the scope of the path.

        Raises:
            ArmError: 404 SubscriptionNotFound for a foreign subscription, else 403 AuthorizationFailed.
        """
        scope = of_path(path)
        named = subscription_of(path)
        if named is not None and named.lower() != self.subscription_id.lower():
            raise no_subscription(named)
        if not self.allowed(principal, action, scope):
            raise ArmError(
                403,
                "AuthorizationFailed",
                f"The client '{principal.client_id}' with object id '{principal.object_id}' does not have "
                f"authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. "
                "If access was recently granted, please refresh your credentials.",
            )

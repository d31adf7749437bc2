# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recovery plan: virtual machines that Site Recovery fails over and back together, in groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .failures import UnknownState
from .json_path import Document, field, items, text

_MEMBERS = "replicationProtectedItems"


@dataclass(frozen=True)
class PlanGroup:
    """One group in the plan's order: C(Shutdown), C(Failover) or C(Boot), with the ids of its replicated items."""

    type: str
    item_ids: tuple[str, ...]


@dataclass(frozen=True)
class RecoveryPlan:
    """One body of C(replicationRecoveryPlans/{plan}). Lists come without groups (recorded): read a plan alone."""

    document: Document
    id: str
    name: str
    friendly_name: str
    providers: tuple[str, ...]
    allowed_operations: frozenset[str]
    scenario: str
    scenario_job_id: str
    groups: tuple[PlanGroup, ...]

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Ids of the plan's replicated items in start order, each once."""
        return tuple(dict.fromkeys(item_id for group in self.groups for item_id in group.item_ids))

    def answers_to(self, wanted: str) -> bool:
        """Whether the user's word for a recovery plan means this one."""
        return wanted.lower() in (self.friendly_name.lower(), self.name.lower(), self.id.lower())


def parse_plan(document: Document) -> RecoveryPlan:
    """Read a C(replicationRecoveryPlans/{plan}) body.

    Raises UnknownState where the plan may have members that this does not show.
    """
    properties = field(document, "properties") or {}
    return RecoveryPlan(
        document=document,
        id=text(document, "id"),
        name=text(document, "name"),
        friendly_name=text(properties, "friendlyName"),
        providers=tuple(str(name) for name in items(properties, "replicationProviders")),
        allowed_operations=frozenset(str(name) for name in items(properties, "allowedOperations")),
        scenario=text(properties, "currentScenario", "scenarioName"),
        scenario_job_id=text(properties, "currentScenario", "jobId"),
        groups=tuple(_parse_group(group) for group in _whole(properties, "groups")),
    )


def _parse_group(document: object) -> PlanGroup:
    members = [text(member, "id") for member in _whole(document, _MEMBERS)]
    if not isinstance(document, Mapping) or not all(members):
        raise UnknownState(f"a group's {_MEMBERS}", str(document))
    return PlanGroup(type=text(document, "groupType"), item_ids=tuple(members))


def _whole(document: object, name: str) -> tuple[Any, ...]:
    """Return a list, which may be missing or null; what is no list does not tell what is in it."""
    value = field(document, name)
    if value is not None and not isinstance(value, (list, tuple)):
        raise UnknownState(name, str(value))
    return items(document, name)

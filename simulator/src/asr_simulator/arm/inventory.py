# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All resources of the subscription or of a group in one list, as `az resource list` shows them."""

from __future__ import annotations

import re

from asr_simulator.arm import existence
from asr_simulator.arm.world import ArmWorld
from asr_simulator.wire import ArmError, Reply, Request

CLAUSE = re.compile(r"^\s*(resourceType|resourceGroup|name)\s+eq\s+'([^']*)'\s*$", re.IGNORECASE)


def _described(resource_id: str, location: str) -> dict[str, str]:
    segments = resource_id.split("/")
    return {"id": resource_id, "name": segments[8], "type": f"{segments[6]}/{segments[7]}", "location": location}


def _clauses(text: str) -> list[tuple[str, str]]:
    """What a `$filter` asks for: property and value, lower case."""
    wanted = []
    for clause in re.split(r"\s+and\s+", text) if text else []:
        found = CLAUSE.match(clause)
        if found is None:
            raise ArmError(400, "InvalidFilterInQueryString", f"The filter '{text}' is not supported.")
        wanted.append((found.group(1).lower(), found.group(2).lower()))
    return wanted


def _passes(resource: dict[str, str], clauses: list[tuple[str, str]]) -> bool:
    known = {
        "resourcetype": resource["type"].lower(),
        "resourcegroup": resource["id"].split("/")[4].lower(),
        "name": resource["name"].lower(),
    }
    return all(known[name] == value for name, value in clauses)


def resources(world: ArmWorld, request: Request) -> Reply:
    """The vault and everything of compute and network; `$filter` by resourceType, resourceGroup and name."""
    clauses = _clauses(request.query.get("$filter", ""))
    existence.require_subscription(world, request.parameters)
    if "group" in request.parameters:
        clauses.append(("resourcegroup", existence.require_group(world, request.parameters).lower()))
    ids = [existence.vault_body(world)["id"], *world.compute.resource_ids()]
    listed = (_described(resource, world.scenario.vault.location) for resource in ids)
    found = [resource for resource in listed if _passes(resource, clauses)]
    return Reply(body={"value": [resource for resource in found if _is_seen(world, request, resource)]})


def _is_seen(world: ArmWorld, request: Request, resource: dict[str, str]) -> bool:
    action = f"{resource['type']}/read"
    return request.principal is not None and world.rbac.allowed(request.principal, action, resource["id"])

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulator itself says: worlds that are lived through, so that recordings can be held against their answers.

No socket is opened. Nobody is asked for a token: what authentication and limits add is no part of a specimen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from asr_simulator.routes import all_routes
from asr_simulator.scenarios import load
from asr_simulator.site_recovery.api.request_bodies import (
    FAILBACK_INPUT,
    FOR_DOWN_TIME,
    FOR_SYNCHRONIZATION,
    TO_AZURE,
    TO_PREMISES,
)
from asr_simulator.site_recovery.api.versions import API_VERSIONS
from asr_simulator.site_recovery.model import jobs
from asr_simulator.site_recovery.model.item_view import stage_of
from asr_simulator.site_recovery.model.items import HYPERV_TO_AZURE, Item
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.wire import ArmError, Reply, Request, RouteTable
from asr_simulator.world import World, build_world

# With the variant in which a plan's reverse replication works: what it looks like then was recorded.
SCENARIO = {"name": "specimens", "based_on": "every_stage", "variants": {"plan_reprotect": "works"}}
NEWEST = max(API_VERSIONS)
# Seconds after an operation at which everything is read: its job is new, runs, runs later, and is over.
LOOKS = (1, 30, 600, 7200)
# Into how many steps the time to a look is divided: what a job leads to may soon lead on by itself.
STEPS = 60
HOURS, MINUTE = 24, 60
# Operation, direction, body: what is asked of items and of plans.
OPERATIONS: tuple[tuple[str, str, str], ...] = (
    ("plannedFailover", TO_PREMISES, FOR_SYNCHRONIZATION),
    ("plannedFailover", TO_AZURE, ""),
    ("unplannedFailover", TO_AZURE, ""),
    ("failoverCommit", "", ""),
    ("reProtect", TO_AZURE, ""),
    ("reProtect", TO_PREMISES, ""),
    ("testFailover", TO_AZURE, ""),
    ("testFailoverCleanup", "", ""),
)


@dataclass(frozen=True)
class Specimen:
    """An answer of the simulator: of which route, with which status and body."""

    method: str
    template: str
    status: int
    body: Any


@dataclass
class Specimens:
    """What the simulator says and does.

    ``statuses``: (operation, direction, stage) of an item that no job owns -> the status of the answer.
    ``outcomes``: the same -> the stages in which the item is seen idle once the job has succeeded.
    """

    answers: list[Specimen] = field(default_factory=list)
    statuses: dict[tuple[str, str, str], int] = field(default_factory=dict)
    outcomes: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)


def live() -> Specimens:
    """Live through the world that has an item in each stage, and collect what it says."""
    found = Specimens()
    for synchronization in (FOR_DOWN_TIME, FOR_SYNCHRONIZATION):
        _Life(found).of_plans(synchronization)
    for operation in OPERATIONS:
        _Life(found).of_items(*operation)
    return found


# An item, what was asked of it in which stage, and the job of that.
Asked = tuple[Item, tuple[str, str, str], Job]


class _Life:
    """One world from its beginning."""

    def __init__(self, found: Specimens) -> None:
        self._found = found
        self._table = RouteTable(all_routes())
        self._world: World = build_world(load(SCENARIO))
        self._over: set[str] = set()

    def of_items(self, operation: str, direction: str, synchronization: str) -> None:
        """Ask one thing of every item that no job owns, and look at all of it until all is over."""
        asked: list[Asked] = []
        for item in list(self._world.vault.items):
            if item.job is not None or not item.is_hyperv_to_azure or item.spec.encryption != "Disabled":
                continue
            key = (operation, direction, stage_of(item))
            reply = self._post(f"{item.path}/{operation}", _body(direction, synchronization))
            self._found.statuses.setdefault(key, reply.status)
            if item.job is not None and reply.status == 202:
                asked.append((item, key, item.job))
        self._look_until_over(asked)

    def of_plans(self, synchronization: str) -> None:
        """Let every plan live a whole cycle, at last with providers that are not heard, and look at all of it."""
        body = _body(TO_PREMISES, synchronization, many=True)
        again = _body(TO_AZURE, "", many=True)
        for operation, sent in (
            *(("plannedFailover", body), ("failoverCommit", None), ("reProtect", None)),
            *(("plannedFailover", again), ("failoverCommit", None)),
        ):
            for plan in self._world.vault.plans:
                self._post(f"{plan.path}/{operation}", sent)
            self._look_until_over()
        for fabric in self._world.vault.fabrics:
            fabric.providers[0].disconnect(self._world.clock.now())
        self._look()

    def _look_until_over(self, asked: Iterable[Asked] = ()) -> None:
        for seconds in LOOKS:
            for _step in range(STEPS):
                self._world.clock.advance(seconds / STEPS)
                self._see(asked)
            self._look(asked)
            for job in list(self._world.vault.jobs):
                if job.state == jobs.SUSPENDED:
                    self._post(f"{self._world.vault.job_path(job)}/resume", {"properties": {"comments": " "}})
        self._world.clock.advance(HOURS * 60 * MINUTE)
        self._look(asked)

    def _look(self, asked: Iterable[Asked] = ()) -> None:
        """Read what may be another than before."""
        vault = self._world.vault
        for path in [item.path for item, _key, _job in asked] or _paths_of(self._world):
            self._get(path)
        for job in vault.jobs:
            # What is over stays as it is.
            if job.name not in self._over:
                self._get(vault.job_path(job))
                self._get(f"{vault.place.path}/replicationOperationStatus/{job.operation}")
                self._over |= {job.name} if job.over else set()
        self._see(asked)

    def _see(self, asked: Iterable[Asked]) -> None:
        """See where the items are whose jobs have succeeded."""
        for item, key, job in asked:
            if job.state == jobs.SUCCEEDED and item.job is None:
                self._found.outcomes.setdefault(key, set()).add(stage_of(item))

    def _get(self, path: str) -> None:
        self._ask("GET", path, None)

    def _post(self, path: str, body: Any) -> Reply:
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: Any) -> Reply:
        found = self._table.find(method, path)
        if found is None:
            raise LookupError(f"no route answers {method} {path}")
        route, parameters = found
        request = Request(method, path, {"api-version": NEWEST}, body=body, base_url="https://management.example")
        request.parameters = parameters
        self._world.clock.tick()
        try:
            reply = route.handler(self._world, request)
        except ArmError as error:
            reply = error.reply()
        self._found.answers.append(Specimen(method, route.template, reply.status, reply.body))
        return reply


def _paths_of(world: World) -> Iterator[str]:
    """Everything but jobs that can be read."""
    vault = world.vault
    root = vault.place.path
    for name in ("Fabrics", "RecoveryPlans", "Jobs", "Events", "Policies", "VaultHealth", "ProtectedItems"):
        yield f"{root}/replication{name}"
    for name in ("RecoveryServicesProviders", "ProtectionContainers", "Networks"):
        yield f"{root}/replication{name}"
    for fabric in vault.fabrics:
        yield fabric.path
        for name in ("RecoveryServicesProviders", "ProtectionContainers", "Networks", "LogicalNetworks"):
            yield f"{fabric.path}/replication{name}"
        for provider in fabric.providers:
            yield provider.path
        for container in fabric.containers:
            yield container.path
            yield f"{container.path}/replicationProtectedItems"
            yield f"{container.path}/replicationProtectableItems"
    for item in vault.items:
        yield item.path
        yield f"{item.container.path}/replicationProtectableItems/{item.vm_id}"
        yield item.policy_path
    for plan in vault.plans:
        yield plan.path
    for machine in world.compute.machines():
        yield machine.id


def _body(direction: str, synchronization: str, *, many: bool = False) -> dict[str, Any] | None:
    """The body of an operation, as the collection sends it."""
    if not direction:
        return {"properties": {"comments": " "}}
    details: Mapping[str, Any] = {"instanceType": HYPERV_TO_AZURE}
    if synchronization:
        details = {
            "instanceType": FAILBACK_INPUT,
            "dataSyncOption": synchronization,
            "recoveryVmCreationOption": "NoAction",
        }
    return {
        "properties": {
            "failoverDirection": direction,
            "providerSpecificDetails": [dict(details)] if many else dict(details),
        }
    }

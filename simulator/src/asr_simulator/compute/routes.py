# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compute and network over HTTP: reads, and the power of virtual machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from asr_simulator.arm import existence
from asr_simulator.arm.world import ArmWorld
from asr_simulator.compute import representation
from asr_simulator.compute.azure_vms import Compute, PowerRefused
from asr_simulator.compute.machines import VirtualMachine
from asr_simulator.wire import ArmError, Handler, Reply, Request, Route

RETRY_AFTER = "10"
MACHINE = "Microsoft.Compute/virtualMachines"


class ComputeWorld(ArmWorld, Protocol):
    """What the routes of compute need of the simulated world."""

    @property
    def compute(self) -> Compute:
        """Azure compute and network."""


@dataclass(frozen=True)
class Kind:
    """The resources of one ARM type: all of them, the one of an id, and how one is shown."""

    every: Callable[[Compute], Iterable[Any]]
    find: Callable[[Compute, str], Any | None]
    show: Callable[[ComputeWorld, Request, Any], dict[str, Any]]


def _with_view(request: Request) -> bool:
    return (
        request.query.get("$expand", "").lower() == "instanceview"
        or request.query.get("statusonly", "").lower() == "true"
    )


KINDS = {
    MACHINE: Kind(
        Compute.machines,
        Compute.find,
        lambda world, request, item: representation.machine(item, _with_view(request)),
    ),
    "Microsoft.Compute/disks": Kind(
        Compute.disks,
        Compute.find_disk,
        lambda world, request, item: representation.disk(world.compute, item),
    ),
    "Microsoft.Network/networkInterfaces": Kind(
        Compute.nics,
        Compute.find_nic,
        lambda world, request, item: representation.nic(world.compute, item),
    ),
    "Microsoft.Network/publicIPAddresses": Kind(
        Compute.addresses,
        Compute.find_address,
        lambda world, request, item: representation.address(world.compute, item),
    ),
}


def _listing(kind: str) -> Handler:
    every, show = KINDS[kind].every, KINDS[kind].show

    def handler(world: ComputeWorld, request: Request) -> Reply:
        existence.require_subscription(world, request.parameters)
        prefix = f"/subscriptions/{world.compute.subscription_id}/"
        if "group" in request.parameters:
            prefix += f"resourceGroups/{existence.require_group(world, request.parameters)}/"
        there = [item for item in every(world.compute) if item.id.lower().startswith(prefix.lower())]
        found = [item for item in there if _is_seen(world, request, f"{kind}/read", item.id)]
        return Reply(body={"value": [show(world, request, item) for item in found]})

    return handler


def _is_seen(world: ComputeWorld, request: Request, action: str, resource_id: str) -> bool:
    return request.principal is not None and world.rbac.allowed(request.principal, action, resource_id)


def _reading(kind: str) -> Handler:
    show = KINDS[kind].show

    def handler(world: ComputeWorld, request: Request) -> Reply:
        return Reply(body=show(world, request, _resource(world, request, kind)))

    return handler


def _resource(world: ComputeWorld, request: Request, kind: str) -> Any:
    name = request.parameters["name"]
    group = existence.require_group(world, request.parameters)
    found = KINDS[kind].find(world.compute, world.compute.resource_id(group, kind, name))
    if found is None:
        raise existence.no_resource(kind, name, request.parameters["group"])
    return found


def _machine(world: ComputeWorld, request: Request) -> VirtualMachine:
    found: VirtualMachine = _resource(world, request, MACHINE)
    return found


def instance_view(world: ComputeWorld, request: Request) -> Reply:
    """The instance view alone."""
    return Reply(body=representation.instance_view(_machine(world, request)))


def _power(verb: str) -> Handler:
    def handler(world: ComputeWorld, request: Request) -> Reply:
        machine = _machine(world, request)
        try:
            operation = world.compute.begin_power_change(machine.id, verb)
        except PowerRefused as refused:
            raise ArmError(409, refused.refusal.code, refused.refusal.message) from refused
        path = OPERATION.format(
            subscription=world.compute.subscription_id, location=machine.location, operation=operation
        )
        url = f"{request.base_url}{path}?api-version={request.query['api-version']}"
        headers = {"Azure-AsyncOperation": url, "Location": f"{url}&monitor=true", "Retry-After": RETRY_AFTER}
        return Reply(202, None, headers)

    return handler


def operation(world: ComputeWorld, request: Request) -> Reply:
    """An asynchronous operation: with `monitor=true` 202 until it ends, else a body with `status`."""
    name = request.parameters["operation"]
    done = world.compute.operation_done(name)
    if done is None:
        raise ArmError(404, "NotFound", f"The operation '{name}' was not found.")
    waiting = {} if done else {"Retry-After": RETRY_AFTER}
    if request.query.get("monitor", "").lower() == "true":
        return Reply(200 if done else 202, None, waiting)
    failure = world.compute.operation_failure(name)
    if failure is not None:
        error = {"code": failure.code, "message": failure.message}
        return Reply(200, {"name": name, "status": "Failed", "error": error})
    return Reply(200, {"name": name, "status": "Succeeded" if done else "InProgress"}, waiting)


SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group}"
ONE_MACHINE = f"{GROUP}/providers/{MACHINE}/{{name}}"
OPERATION = f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/{{location}}/operations/{{operation}}"


def _reads(kind: str) -> list[Route]:
    listing, action = _listing(kind), f"{kind}/read"
    return [
        Route("GET", f"{SUBSCRIPTION}/providers/{kind}", listing, action, is_list=True),
        Route("GET", f"{GROUP}/providers/{kind}", listing, action, is_list=True),
        Route("GET", f"{GROUP}/providers/{kind}/{{name}}", _reading(kind), action),
    ]


ROUTES = [
    *(route for kind in KINDS for route in _reads(kind)),
    Route("GET", f"{ONE_MACHINE}/instanceView", instance_view, f"{MACHINE}/instanceView/read"),
    *(
        Route("POST", f"{ONE_MACHINE}/{verb}", _power(verb), f"{MACHINE}/{verb}/action")
        for verb in ("start", "powerOff", "deallocate")
    ),
    Route("GET", OPERATION, operation, "Microsoft.Compute/locations/operations/read"),
]

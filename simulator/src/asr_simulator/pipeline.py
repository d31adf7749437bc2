# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of a request through the simulator: the order in which Azure would refuse it."""

from __future__ import annotations

import re
from http import HTTPStatus

from asr_simulator.arm.scopes import of_path
from asr_simulator.site_recovery.api.refusals import not_modeled
from asr_simulator.wire import ArmError, Principal, Reply, Request, Route, RouteTable
from asr_simulator.world import World

READS = ("GET", "HEAD")
LOCKS = "/providers/microsoft.authorization/locks/"
ARM_ROOTS = ("/subscriptions/", "/providers/")
SUBSCRIPTION = re.compile(r"^/subscriptions/([^/]+)", re.IGNORECASE)


def answer(world: World, table: RouteTable, request: Request, malformed: ArmError | None = None) -> Reply:
    """The answer to a request, with its journal entry written. ``malformed``: why the body could not be read.

    Raises:
        Hangup: a fault ends the connection; the journal holds the request all the same.
    """
    world.clock.tick()
    found = table.find(request.method, request.path)
    reply = Reply(HTTPStatus.INTERNAL_SERVER_ERROR)
    handled: Reply | None = None
    arm = found is None or found[0].authenticated
    try:
        reply, handled = _refuse_or_handle(world, table, request, found, malformed)
        reply.headers.setdefault("x-ms-request-id", world.ids.of("request", str(world.journal.count + 1)))
        reply = world.faults.after(request, reply)
    finally:
        world.journal.record(request, reply, world.clock.now(), arm, handled)
    return reply


def _refuse_or_handle(
    world: World,
    table: RouteTable,
    request: Request,
    found: tuple[Route, dict[str, str]] | None,
    malformed: ArmError | None,
) -> tuple[Reply, Reply | None]:
    """The reply, and that with which the request was handled: None where a fault answers in its place."""
    faulty = world.faults.before(request)
    if faulty is not None:
        return faulty, None
    rates: dict[str, str] = {}
    try:
        if found is None:
            raise _unknown(table, request)
        route, request.parameters = found
        if malformed:
            raise malformed
        if route.authenticated:
            rates = _admit(world, route, request)
        reply = route.handler(world, request)
    except ArmError as error:
        reply = error.reply()
    reply.headers = {**rates, **reply.headers}
    return reply, reply


def _admit(world: World, route: Route, request: Request) -> dict[str, str]:
    """The rate headers, once the caller may make the call.

    Raises:
        ArmError: 401, 400 (api-version), 429, 403 or 409 (a lock).
    """
    request.principal = world.entra.authenticate(request.headers)
    _check_api_version(route, request)
    found = SUBSCRIPTION.match(request.path)
    rates = world.throttle.take(request.principal, found.group(1) if found else None, request.method)
    if route.action:
        try:
            _authorize(world, route, request.principal, request.path)
        except ArmError as error:
            error.headers = {**rates, **error.headers}
            raise
    _refuse_locked(world, request)
    return rates


def _authorize(world: World, route: Route, principal: Principal, path: str) -> None:
    """Let the call pass; a list also where the caller may see a part of it, which is all that it is shown then."""
    if route.action is None:
        return
    filters = route.is_list and world.scenario.variants.narrow_lists == "filtered"
    if not (filters and world.rbac.holds_below(principal, route.action, of_path(path))):
        world.rbac.authorize(principal, route.action, path)


def _refuse_locked(world: World, request: Request) -> None:
    """A ReadOnly lock forbids every request that is no read, actions included; locks themselves stay manageable."""
    if request.method in READS or LOCKS in request.path.lower():
        return
    refuse = world.compute.locks.refuse_delete if request.method == "DELETE" else world.compute.locks.refuse_write
    refuse(of_path(request.path))


def _check_api_version(route: Route, request: Request) -> None:
    version = request.query.get("api-version", "")
    if not version:
        raise ArmError(
            HTTPStatus.BAD_REQUEST,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if route.api_versions is not None and version not in route.api_versions:
        known = ",".join(sorted(route.api_versions, reverse=True))
        raise ArmError(
            HTTPStatus.BAD_REQUEST,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for API version '{version}' and path '{request.path}'. "
            f"The supported api-versions are '{known}'.",
        )


def _unknown(table: RouteTable, request: Request) -> ArmError:
    """What no route answers. Not 404 where Azure may well have an answer: clients take 404 for "does not exist"."""
    if table.methods(request.path) or request.path.lower().startswith(ARM_ROOTS):
        return not_modeled(request.method, request.path)
    return ArmError(HTTPStatus.NOT_FOUND, "NotFound", f"Azure has nothing at {request.method} {request.path}.")

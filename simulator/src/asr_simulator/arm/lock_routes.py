# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Management locks over HTTP: read, set and remove."""

from __future__ import annotations

import re
from typing import Any

from asr_simulator.arm.locks import CAN_NOT_DELETE, READ_ONLY, Lock
from asr_simulator.arm.scopes import canonical
from asr_simulator.arm.world import ArmWorld
from asr_simulator.wire import ArmError, Reply, Request

TAIL = re.compile(r"/providers/Microsoft\.Authorization/locks(/[^/]+)?/?$", re.IGNORECASE)


def _scope(request: Request) -> str:
    return TAIL.sub("", request.path)


def _body(lock: Lock) -> dict[str, Any]:
    properties = {"level": lock.level} | ({"notes": lock.notes} if lock.notes else {})
    return {"properties": properties, "id": lock.id, "type": "Microsoft.Authorization/locks", "name": lock.name}


def _find(world: ArmWorld, request: Request) -> Lock | None:
    wanted = canonical(Lock(_scope(request), request.parameters["lock"]).id)
    return next((lock for lock in world.compute.locks.around(_scope(request)) if canonical(lock.id) == wanted), None)


def list_locks(world: ArmWorld, request: Request) -> Reply:
    """The locks at, above and below the scope; with `$filter=atScope()` those at it and above it."""
    wanted = request.query.get("$filter", "").replace(" ", "").lower()
    if wanted not in ("", "atscope()"):
        raise ArmError(400, "InvalidFilterInQueryString", f"The filter '{request.query['$filter']}' is not supported.")
    locks = world.compute.locks
    found = locks.at_or_above(_scope(request)) if wanted else locks.around(_scope(request))
    return Reply(body={"value": [_body(lock) for lock in found]})


def get_lock(world: ArmWorld, request: Request) -> Reply:
    """One lock of the scope itself."""
    lock = _find(world, request)
    if lock is None:
        raise ArmError(404, "LockNotFound", f"The lock '{request.parameters['lock']}' could not be found.")
    return Reply(body=_body(lock))


def put_lock(world: ArmWorld, request: Request) -> Reply:
    """Sets a lock: 201 when it is new, else 200."""
    properties = request.body.get("properties", {}) if isinstance(request.body, dict) else {}
    level = properties.get("level")
    if level not in (CAN_NOT_DELETE, READ_ONLY):
        raise ArmError(400, "InvalidLockLevel", f"The lock level '{level}' is none of {CAN_NOT_DELETE}, {READ_ONLY}.")
    known = _find(world, request) is not None
    lock = world.compute.locks.add(_scope(request), request.parameters["lock"], level, properties.get("notes"))
    return Reply(200 if known else 201, _body(lock))


def delete_lock(world: ArmWorld, request: Request) -> Reply:
    """Removes a lock: 204 when there was none."""
    return Reply(200 if world.compute.locks.remove(_scope(request), request.parameters["lock"]) else 204)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Forms of answers: accepted operations, pages of lists."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from asr_simulator.site_recovery.api.refusals import invalid_input
from asr_simulator.site_recovery.api.versions import FIRST
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.site_recovery.workflows.vault import Vault
from asr_simulator.wire import Reply, Request

RETRY_AFTER = "30"
Thing = TypeVar("Thing")


def accepted(vault: Vault, request: Request, job: Job) -> Reply:
    """202, empty, with the URLs to poll (recordings). Since 2022-08-01 the status has an address of its own."""
    version = request.query["api-version"]
    status = "replicationJobs" if version == FIRST else "replicationOperationStatus"
    results = f"{job.resource_path or vault.place.path}/operationresults/{job.operation}"
    return Reply(
        202,
        headers={
            "Location": _url(vault, request, results, version),
            "Azure-AsyncOperation": _url(vault, request, f"{vault.place.path}/{status}/{job.operation}", version),
            "Retry-After": RETRY_AFTER,
            "x-ms-request-id": f"{vault.place.path}/replicationJobs/{job.operation}",
        },
    )


def _url(vault: Vault, request: Request, path: str, version: str) -> str:
    query = {"api-version": version}
    if vault.variants.signed_poll_urls:
        seal = hashlib.sha256(path.encode()).hexdigest()
        query |= {"t": str(int(vault.clock.now().timestamp())), "c": seal[:16], "s": seal[16:48], "h": seal[48:]}
    return f"{request.base_url}{quote(path)}?{urlencode(query)}"


def page(vault: Vault, request: Request, found: Sequence[Thing], show: Callable[[Thing], dict[str, Any]]) -> Reply:
    """One page of a list, with what ``show`` makes of the things on it.

    ``nextLink`` leads on with ``skipToken``, null on the last.

    Raises:
        ArmError: 400, the skip token is none of ours.
    """
    token = request.query.get("skiptoken") or request.query.get("$skiptoken") or "0"
    if not token.isdecimal():
        raise invalid_input("skipToken", f"{token} is no continuation of a list.")
    start, size = int(token), vault.variants.page_size
    more = start + size < len(found)
    bodies = [show(thing) for thing in found[start : start + size]]
    return Reply(body={"value": bodies, "nextLink": _next(request, start + size) if more else None})


def _next(request: Request, start: int) -> str:
    kept = {name: value for name, value in request.query.items() if name not in ("skiptoken", "$skiptoken")}
    return f"{request.base_url}{quote(request.path)}?{urlencode({**kept, 'skipToken': str(start)})}"

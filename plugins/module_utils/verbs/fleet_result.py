# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of one host of a fleet, out of what one task has returned for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.summary import result_of_host
from ..runner.contract import Contract
from ..runner.services import Services
from ..watch import Watch


@dataclass(frozen=True, kw_only=True)
class FleetResultRequest:
    """C(own) is what the last task has returned for a host, C(stopped) what is known of one that is not started,
    C(earlier) the result that it has already."""

    host: str
    own: Mapping[str, Any] = field(default_factory=dict)
    stopped: Mapping[str, Any] = field(default_factory=dict)
    earlier: Mapping[str, Any] = field(default_factory=dict)
    check_mode: bool = False


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> FleetResultRequest:
    """Return what a task's options ask for."""
    given = {name: parameters[name] or {} for name in ("own", "stopped", "earlier")}
    return FleetResultRequest(host=parameters["host"] or "", check_mode=check_mode, **given)


async def run(request: FleetResultRequest, _services: Services, _watch: Watch) -> dict[str, Any]:
    """Return the result. What was not in the last task has ended before it."""
    if request.stopped:
        result = {**result_of_host(request.host, {}), **request.stopped}
    elif request.own or not request.earlier:
        result = result_of_host(request.host, request.own)
    else:
        result = dict(request.earlier)
    return {**result, "changed": False}


CONTRACT = Contract(
    "fleet_result",
    {
        "host": {"type": "str"},
        "own": {"type": "dict"},
        "stopped": {"type": "dict"},
        "earlier": {"type": "dict"},
    },
    run,
    request_of,
    takes_target=False,
    waits=False,
    asks_azure=False,
)

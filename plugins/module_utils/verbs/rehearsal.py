# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rehearsal on the simulator. The action plugin runs it, on the controller: this says what it takes and returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..model.failures import ConfigurationError
from ..runner.contract import Contract
from ..runner.refusals import read_on_controller
from ..runner.services import Services
from ..watch import Watch

_FASTEST = 3600.0


@dataclass(frozen=True, kw_only=True)
class RehearsalRequest:
    """C(rehearse) does it, and returns how it ended; in check mode it is not called."""

    rehearse: Callable[[Watch], dict[str, Any]]
    check_mode: bool = False


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> RehearsalRequest:
    """Return what a task's options ask for."""
    if parameters.get("rehearse") is None:
        raise read_on_controller("hosts")
    if not 0 < parameters["speed"] <= _FASTEST:
        raise ConfigurationError(
            f"speed is {parameters['speed']}, not above 0 and up to {_FASTEST:.0f}.", "Nothing was started. Correct it."
        )
    return RehearsalRequest(rehearse=parameters["rehearse"], check_mode=check_mode)


async def run(request: RehearsalRequest, _services: Services, watch: Watch) -> dict[str, Any]:
    """Rehearse. Raises FailbackError where that could not take place; what failed in it is no failure of it."""
    if request.check_mode:
        return {"changed": True, "playbook": None, "exit_code": None, "record": None, "log": None}
    return {"changed": True, **request.rehearse(watch)}


CONTRACT = Contract(
    "rehearsal",
    {
        "scenario": {"type": "path", "required": True},
        "hosts": {"type": "list", "elements": "str", "required": True},
        "record": {"type": "path", "required": True},
        "log": {"type": "path", "required": True},
        "speed": {"type": "float", "default": 240.0},
        "simulator": {"type": "path"},
        "timeout": {"type": "int", "default": 7200},
    },
    run,
    request_of,
    takes_target=False,
    waits=False,
    asks_azure=False,
)

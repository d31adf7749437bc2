# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VMs a drill may touch. Nothing is read but the inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.drills import LEVELS, Candidate, drill_scope
from ..runner.contract import Contract
from ..runner.refusals import read_on_controller
from ..runner.services import Services
from ..watch import Watch


@dataclass(frozen=True, kw_only=True)
class DrillScopeRequest:
    """C(candidates) is what is known of each host, C(tags) what the command chose of the steps, or left out."""

    level: str
    candidates: Mapping[str, Candidate]
    tags: Sequence[str]
    check_mode: bool = False


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> DrillScopeRequest:
    """Return what a task's options ask for."""
    told = parameters.get("candidates")
    if told is None:
        raise read_on_controller("hosts")
    candidates = {host: Candidate(**one) for host, one in told.items()}
    return DrillScopeRequest(
        level=parameters["level"], candidates=candidates, tags=parameters["chosen_tags"], check_mode=check_mode
    )


async def run(request: DrillScopeRequest, _services: Services, _watch: Watch) -> dict[str, Any]:
    """Return what the drill may touch. Raises ConfigurationError."""
    return {"changed": False, "level": request.level, **drill_scope(request.level, request.candidates, request.tags)}


CONTRACT = Contract(
    "drill_scope",
    {
        "level": {"type": "str", "default": LEVELS[0], "choices": list(LEVELS)},
        "hosts": {"type": "list", "elements": "str", "required": True},
    },
    run,
    request_of,
    takes_target=False,
    waits=False,
    asks_azure=False,
)

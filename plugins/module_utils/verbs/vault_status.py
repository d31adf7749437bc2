# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the virtual machines of a vault stand: a table that a person reads, also while a run goes on elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..model.failures import ConfigurationError
from ..model.status_lines import status_lines
from ..runner.contract import Contract
from ..runner.services import Services
from ..watch import Watch
from .inventory import InventoryRequest, run_inventory

_DETAILS = 100


@dataclass(frozen=True, kw_only=True)
class StatusRequest:
    """C(job_details) is how many running jobs are read with their tasks."""

    vault_name: str
    job_details: int = _DETAILS


def request_of(parameters: Mapping[str, Any], _check_mode: bool) -> StatusRequest:
    """Return what a task's options ask for. Raises ConfigurationError."""
    details = parameters["job_details"]
    if details < 0:
        raise ConfigurationError(f"job_details is {details}, less than 0.", "Nothing was read. Correct it.")
    return StatusRequest(vault_name=parameters["vault_name"], job_details=details)


async def run(request: StatusRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Return how each virtual machine stands, and lines for a person."""
    wanted = InventoryRequest(vault_name=request.vault_name, recovery_plans=False, job_details=request.job_details)
    found = await run_inventory(wanted, services, watch)
    lines = status_lines(found["vms"], services.azure.clock.now())
    return {"changed": False, "vms": found["vms"], "unread": found["unread"], "lines": [*lines, *found["unread"]]}


CONTRACT = Contract(
    "vault_status",
    {"job_details": {"type": "int", "default": _DETAILS}},
    run,
    request_of,
    takes_target=False,
    waits=False,
)

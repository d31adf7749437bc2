# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the drills of a fleet, by the records of its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..model.failures import ConfigurationError
from ..model.past_runs import past_runs
from ..model.run_document import Document
from ..model.scorecard import Told, scorecard
from ..model.scorecard_lines import scorecard_lines
from ..report_file import records_below
from ..runner.contract import Contract
from ..runner.refusals import read_on_controller
from ..runner.services import Services
from ..watch import Watch

# What of an application only the page shows.
_OF_PAGE = ("history", "trend")


@dataclass(frozen=True, kw_only=True)
class ScorecardRequest:
    """C(records) are files and folders, C(targets) what the inventory says of each host, C(inventory) all hosts that it
    has, C(valid_days) how long a failback counts, C(simulated) whether one on a simulator does, C(collection) the
    version of this collection."""

    records: Sequence[str]
    targets: Mapping[str, Mapping[str, Any]]
    inventory: Sequence[str]
    valid_days: int
    simulated: bool
    collection: str
    check_mode: bool = False


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> ScorecardRequest:
    """Return what a task's options ask for."""
    about = parameters.get("about")
    if about is None:
        raise read_on_controller("hosts")
    if parameters["valid_days"] < 1:
        raise ConfigurationError("valid_days is less than 1.", "Nothing was read. Give a number of days.")
    return ScorecardRequest(
        records=parameters["records"],
        targets=about["targets"],
        inventory=[*about["targets"], *(one["host"] for one in about["scope"]["excluded"])],
        valid_days=parameters["valid_days"],
        simulated=parameters["simulated"],
        collection=about["run"]["collection"] or "",
        check_mode=check_mode,
    )


async def run(request: ScorecardRequest, _services: Services, watch: Watch) -> dict[str, Any]:
    """Return the scorecard, also as lines. Raises ConfigurationError where a file or folder does not exist."""
    unreadable: dict[str, str] = {}
    now, valid_for = watch.utc_now(), timedelta(days=request.valid_days)
    runs, ignored = past_runs(_readable(request.records, unreadable), now, simulated=request.simulated)
    card = scorecard(Told(runs, request.targets, request.inventory, now, valid_for, request.collection))
    card["simulated"] = request.simulated
    card["ignored"] = [{"path": path, "reason": why} for path, why in sorted({**unreadable, **ignored}.items())]
    slim = [{key: value for key, value in one.items() if key not in _OF_PAGE} for one in card["applications"]]
    return {"changed": False, **card, "applications": slim, "lines": scorecard_lines(card), "card": card}


def _readable(paths: Sequence[str], unreadable: dict[str, str]) -> Iterator[tuple[str, Document]]:
    for path, record in records_below(paths):
        if isinstance(record, ConfigurationError):
            unreadable[path] = f"it {record.happened.removeprefix(path).strip()}"
        else:
            yield path, record


CONTRACT = Contract(
    "failback_scorecard",
    {
        "records": {"type": "list", "elements": "path", "required": True},
        "hosts": {"type": "list", "elements": "str", "required": True},
        "valid_days": {"type": "int", "default": 92},
        "simulated": {"type": "bool", "default": False},
        "html": {"type": "path"},
        "prometheus": {"type": "path"},
    },
    run,
    request_of,
    takes_target=False,
    waits=False,
    asks_azure=False,
)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: lines for people, and a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..model.failures import ConfigurationError
from ..model.report_lines import report_lines
from ..model.summary import FACT
from ..report_file import EXPECTED, write_report
from ..runner.contract import Contract
from ..runner.refusals import read_on_controller
from ..runner.services import Services
from ..watch import Watch


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """C(results) are written to C(path), in this machine's file system, where there is one."""

    path: str | None
    results: Iterable[Mapping[str, Any]]
    check_mode: bool = False


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> ReportRequest:
    """Return what a task's options ask for."""
    results = parameters["results"]
    if results is None:
        raise read_on_controller("hosts")
    return ReportRequest(path=parameters["path"], results=results, check_mode=check_mode)


async def run(request: ReportRequest, _services: Services, _watch: Watch) -> dict[str, Any]:
    """Write the report unless it says the same already, or return its lines. Raises ConfigurationError where it cannot
    be written, or where the results are not what the role leaves."""
    if request.path is None:
        return {"changed": False, "path": None, "lines": _lines(request)}
    changed = write_report(request.path, request.results, check_mode=request.check_mode)
    return {"changed": changed, "path": request.path}


def _lines(request: ReportRequest) -> list[str]:
    try:
        return report_lines(request.results)
    except (AttributeError, KeyError, TypeError) as problem:
        raise ConfigurationError(f"The results are not those of a failback: {problem!r}.", EXPECTED) from problem


CONTRACT = Contract(
    "failback_report",
    {
        "path": {"type": "path"},
        "results": {"type": "list", "elements": "dict"},
        "hosts": {"type": "list", "elements": "str"},
        "fact": {"type": "str", "default": FACT},
    },
    run,
    request_of,
    takes_target=False,
    extra={"mutually_exclusive": [("results", "hosts")], "required_one_of": [("results", "hosts")]},
    waits=False,
    asks_azure=False,
)

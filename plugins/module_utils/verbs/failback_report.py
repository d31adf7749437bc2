# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a run: a file, and lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.failures import ConfigurationError
from ..model.name_lists import some_of
from ..model.report_lines import report_lines
from ..model.run_document import UNTOLD, Document, Head, ended, head_of, merged, of_rehearsal, verdict_on
from ..model.summary import FACT
from ..report_file import EXPECTED, load_report, read_report, write_report
from ..runner.contract import Contract
from ..runner.refusals import read_on_controller
from ..runner.services import Services
from ..watch import Watch

# What the action plugin makes of the record.
_FILES = ("html", "markdown", "junit", "manifest", "history")
_FORMS = (*_FILES, "sign", "trace")


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """C(results), or those of C(records), are written to C(path), in this machine's file system, where there is one.

    C(about) is what is known of the run, C(is_last) whether it ends with this.
    """

    path: str | None
    results: Iterable[Mapping[str, Any]]
    records: Sequence[str]
    about: Mapping[str, Any]
    is_last: bool
    check_mode: bool = False


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> ReportRequest:
    """Return what a task's options ask for."""
    results, records = parameters["results"], parameters["records"]
    if results is None and records is None:
        raise read_on_controller("hosts")
    made_there = [option for option in _FORMS if parameters[option]]
    if made_there:
        raise read_on_controller(made_there[0])
    about = parameters.get("about") or UNTOLD
    return ReportRequest(
        path=parameters["path"],
        results=results or (),
        records=records or (),
        about=_with_drill({**about, "run": {**about["run"], "kind": parameters["kind"]}}, parameters["drill"]),
        is_last=parameters["ended"],
        check_mode=check_mode,
    )


def _with_drill(about: Mapping[str, Any], drill: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what is known of a run that is a drill, too: it knows why it has left hosts out."""
    known = {one["host"]: one["reason"] for one in (drill or {}).get("excluded") or ()}
    left = about["scope"].get("excluded") or []
    scope = {"excluded": [{**one, "reason": known.get(one["host"], one["reason"])} for one in left]}
    told = {key: value for key, value in (drill or {}).items() if key != "excluded" and value not in ("", [], None)}
    return {**about, "scope": scope if left else about["scope"], "drill": told or None}


async def run(request: ReportRequest, _services: Services, watch: Watch) -> dict[str, Any]:
    """Write the record unless it says the same already, or return its lines. Raises ConfigurationError where it cannot
    be written, or where the results are not what the role leaves."""
    head, results = _told(request, watch.time_of_day())
    if request.path is None:
        return {"changed": False, "path": None, "verdict": None, "lines": _lines(results)}
    changed = write_report(request.path, head, results, check_mode=request.check_mode)
    return {"changed": changed, "path": request.path, "verdict": verdict_on(head, results)}


def _told(request: ReportRequest, now: str) -> tuple[Head, Iterable[Mapping[str, Any]]]:
    if request.records:
        records = [load_report(path) for path in request.records]
        if request.about["drill"] is not None and len(records) == 1:
            return of_rehearsal(records[0], request.about, now)
        _refuse_overlap(records)
        return merged(records, request.about)
    head = head_of(request.about, now, read_report(request.path) if request.path else None)
    return (ended(head, now) if request.is_last else head), request.results


def _refuse_overlap(records: Sequence[Document]) -> None:
    """Raise ConfigurationError where a host is in several records."""
    hosts = Counter(str(result.get("host")) for record in records for result in record["results"])
    several = sorted(host for host, count in hosts.items() if count > 1)
    if several:
        raise ConfigurationError(
            f"In more than one report: {some_of(several)}.",
            "The slices of a fleet must not overlap: find out which run worked on these VMs.",
        )


def _lines(results: Iterable[Mapping[str, Any]]) -> list[str]:
    try:
        return report_lines(results)
    except (AttributeError, KeyError, TypeError) as problem:
        raise ConfigurationError(f"The results are not those of a failback: {problem!r}.", EXPECTED) from problem


CONTRACT = Contract(
    "failback_report",
    {
        "path": {"type": "path"},
        "results": {"type": "list", "elements": "dict"},
        "hosts": {"type": "list", "elements": "str"},
        "records": {"type": "list", "elements": "path"},
        "fact": {"type": "str", "default": FACT},
        "kind": {"type": "str", "default": "failback"},
        "ended": {"type": "bool", "default": True},
        "drill": {"type": "dict"},
        "html": {"type": "path"},
        "markdown": {"type": "path"},
        "junit": {"type": "path"},
        "manifest": {"type": "path"},
        "sign": {"type": "list", "elements": "str"},
        "history": {"type": "list", "elements": "path"},
        "trace": {"type": "bool", "default": False},
    },
    run,
    request_of,
    takes_target=False,
    extra={
        "mutually_exclusive": [("results", "hosts", "records")],
        "required_one_of": [("results", "hosts", "records")],
        "required_by": {**dict.fromkeys(_FILES, "path"), "sign": "manifest"},
        "required_if": [("trace", True, ("path",))],
    },
    waits=False,
    asks_azure=False,
)

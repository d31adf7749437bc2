# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the records of earlier runs show: when which VM was failed back last, how that ended and what it took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .application_facts import longest, longest_of_all, objective_facts, worst_objectives
from .drills import MOVING
from .evidence import FAILED, NOT_PROVEN
from .json_path import time_or_none
from .objectives import held_against
from .report_words import title_of
from .run_document import Document
from .trend import Point, trend_of
from .verdict import VERDICTS
from .vm_timeline import unmeasured

# Kinds of runs that fail VMs back. One that is new shows nothing until it is known what it does.
_FAIL_BACK = frozenset({"failback", "fleet", "alternate_host"})
_MEASURES = ("recovery_time", "downtime", "data_loss")
_BACK_TO_AZURE = "undo_failback"


@dataclass(frozen=True)
class PastHost:
    """What a run shows of a host. C(was_tried): the run failed it back, or failed to.

    C(timelines) has what was measured of each of its VMs, C(findings) the status of each check and its cause, by VM and
    id.
    """

    host: str
    application: str
    verdict: str
    reason: str
    was_tried: bool
    timelines: Mapping[str, Mapping[str, Any]]
    findings: Mapping[tuple[str, str], tuple[str, str]]
    objectives: Mapping[str, float]


@dataclass(frozen=True)
class PastRun:
    """What a record shows. C(when) is its end, or when it was written last; C(left_out) the hosts that it excluded."""

    path: str
    run_id: str
    title: str
    when: datetime
    verdict: str
    collection: str
    hosts: Mapping[str, PastHost]
    left_out: frozenset[str]

    def tried(self, application: str) -> list[PastHost]:
        """Return the hosts of an application that it failed back, or failed to."""
        return [host for host in self.hosts.values() if host.application == application and host.was_tried]

    def knows(self, host: str) -> bool:
        """Whether the host was in the inventory of the run."""
        return host in self.hosts or host in self.left_out


def application_of(host: str, application: str | None) -> str:
    """Return what a host counts for: one without an application is one of its own."""
    return application or host


def past_runs(records: Iterable[tuple[str, Document]]) -> tuple[list[PastRun], dict[str, str]]:
    """Return what records show, the newest first; and why some show nothing, by their paths. C(records) come with their
    paths."""
    runs: dict[str, PastRun] = {}
    ignored: dict[str, str] = {}
    parts: dict[str, str] = {}
    for path, record in records:
        reason = _is_of_no_use(record)
        run = None if reason else _past_run(path, record)
        if run is None:
            ignored[path] = reason or "it does not say when the run was"
        elif run.run_id in runs:
            ignored[path] = f"it is of the same run as {runs[run.run_id].path}"
        else:
            runs[run.run_id] = run
            parts |= {str(part.get("id")): path for part in record.get("parts") or ()}
    for run_id in runs.keys() & parts.keys():
        ignored[runs.pop(run_id).path] = f"it is a part of {parts[run_id]}"
    return sorted(runs.values(), key=lambda run: run.when, reverse=True), ignored


def _is_of_no_use(record: Document) -> str:
    run = record["run"]
    if run.get("check_mode"):
        return "the run was in check mode"
    return "the run went back to Azure" if run.get("kind") == _BACK_TO_AZURE else ""


def _past_run(path: str, record: Document) -> PastRun | None:
    run = record["run"]
    when = time_or_none(run.get("ended") or run.get("updated"))
    if when is None:
        return None
    targets = record.get("targets") or {}
    hosts = [
        _past_host(result, (targets.get(result["host"]) or {}).get("objectives") or {}, fails_back=_fails_back(record))
        for result in record["results"]
    ]
    excluded = (record.get("scope") or {}).get("excluded") or ()
    return PastRun(
        path=path,
        # One that nobody gave an id is only itself.
        run_id=str(run.get("id") or path),
        title=title_of(record),
        when=when,
        verdict=record["verdict"]["status"],
        collection=str(run.get("collection") or ""),
        hosts={host.host: host for host in hosts},
        left_out=frozenset(str(one["host"]) for one in excluded),
    )


def _fails_back(record: Document) -> bool:
    """Whether the run failed VMs back for real."""
    level = (record.get("drill") or {}).get("level")
    if level:
        return level in MOVING
    kinds = [run.get("kind") for run in record.get("parts") or (record["run"],)]
    return all(kind in _FAIL_BACK for kind in kinds)


def _past_host(result: Mapping[str, Any], objectives: Mapping[str, float], *, fails_back: bool) -> PastHost:
    verdict, timelines = result["verdict"], result["timelines"]
    has_begun = any(timeline["phases"] for timeline in timelines.values())
    return PastHost(
        host=str(result["host"]),
        application=application_of(str(result["host"]), result["application"]),
        verdict=verdict["status"],
        reason=verdict["reasons"][0]["what"] if verdict["reasons"] else "",
        was_tried=fails_back and (has_begun or verdict["status"] == FAILED),
        timelines={vm: {name: timeline[name] for name in _MEASURES} for vm, timeline in timelines.items()},
        findings={
            (str(one.get("vm") or ""), str(one["id"])): (one["status"], str(one.get("cause") or one.get("seen") or ""))
            for one in result["findings"]
        },
        objectives=objectives,
    )


def undrilled(host: str, application: str) -> PastHost:
    """Return what is known of a host that no run has failed back."""
    measures = dict.fromkeys(_MEASURES, unmeasured("it was never drilled"))
    return PastHost(host, application, NOT_PROVEN, "", False, {host: measures}, {}, {})


def rows_of(host: PastHost, objectives: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    """Yield what was measured of each VM of a host, with these objectives held against it."""
    for vm, timeline in host.timelines.items():
        held = [objective_facts(one) for one in held_against(objectives, timeline)]
        yield {"vm": vm, "objectives": held, **timeline}


def history_facts(path: str, record: Document, earlier: Iterable[tuple[str, Document]]) -> list[dict[str, Any]]:
    """Return, for each application of a record that an earlier one failed back, what each run took."""
    runs, _ignored = past_runs([(path, record), *earlier])
    targets = record.get("targets") or {}
    rtos: dict[str, list[float]] = {}
    for target in targets.values():
        if target["application"]:
            rtos.setdefault(target["application"], []).extend(filter(None, [target["objectives"].get("rto")]))
    told = ((name, history_of(name, runs), min(limits, default=None)) for name, limits in sorted(rtos.items()))
    return [
        {"name": name, "history": history, "trend": trend_of_recovery(history, rto)}
        for name, history, rto in told
        if any(one["path"] != path for one in history)
    ]


def history_of(application: str, runs: Sequence[PastRun]) -> list[dict[str, Any]]:
    """Return what each run that failed an application back took, the newest first."""
    return [_one_of_history(run, tried) for run in runs if (tried := run.tried(application))]


def _one_of_history(run: PastRun, tried: Sequence[PastHost]) -> dict[str, Any]:
    rows = [row for host in tried for row in rows_of(host, host.objectives)]
    return {
        "when": run.when,
        "title": run.title,
        "path": run.path,
        "verdict": min((host.verdict for host in tried), key=VERDICTS.index),
        "hosts": [host.host for host in tried],
        "recovery_seconds": longest_of_all(rows, "recovery_time"),
        "recovery_time": longest(rows, "recovery_time"),
        "downtime": longest(rows, "downtime"),
        "objectives": [*worst_objectives(rows)],
    }


def trend_of_recovery(history: Sequence[Mapping[str, Any]], rto: float | None) -> dict[str, Any] | None:
    """Return the chart of how long the recovery of an application took, run by run; None where fewer than two runs
    measured it."""
    points = [
        Point(one["when"], one["recovery_seconds"], one["verdict"])
        for one in reversed(history)
        if one["recovery_seconds"] is not None
    ]
    return trend_of(points, rto)

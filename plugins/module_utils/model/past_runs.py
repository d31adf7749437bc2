# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the records of earlier runs show: when which VM was failed back last, how that ended and what it took."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .application_facts import longest, longest_of_all, objective_facts
from .drills import MOVING, REHEARSAL, level_of
from .evidence import FAILED
from .json_path import time_or_none
from .objectives import held_against
from .report_words import title_of
from .run_document import Document, excluded_from, is_simulated
from .trend import Point, trend_of
from .vaults_of_jobs import vaults_of
from .verdict import VERDICTS
from .vm_timeline import COMMIT, CUT_OVER, SYNCHRONIZATION, WAITING, unmeasured

# Kinds of runs that fail VMs back. One that is new shows nothing until it is known what it does.
_FAIL_BACK = frozenset({"failback", "fleet", "alternate_host"})
_MEASURES = ("recovery_time", "downtime", "data_loss")
_BACK_TO_AZURE, _UNDONE, _NOT_STARTED = "undo_failback", "undone", "not_started"
# Phases of which a host that was failed back has at least one. That it was protected again does not show it.
_OF_FAILBACK = frozenset({SYNCHRONIZATION, WAITING, CUT_OVER, COMMIT})
# How much the clock of a controller may be ahead.
_AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class PastHost:
    """What a run shows of a host. C(was_tried): the run failed it back, or failed to.

    C(target) is the VM or recovery plan that it stood for, C(vaults) are those of its jobs. C(reason) is the first of
    its verdict, C(next) what it was told to do. C(timelines) has what was measured of each of its VMs, C(findings) the
    status of each check and its cause, by VM and id.
    """

    host: str
    application: str
    when: datetime
    target: str
    vaults: Collection[str]
    verdict: str
    reason: str
    next: str
    was_tried: bool
    timelines: Mapping[str, Mapping[str, Any]]
    findings: Mapping[tuple[str, str], tuple[str, str]]
    objectives: Mapping[str, float]


@dataclass(frozen=True)
class PastRun:
    """What a record shows. C(when) is its end, or when it was written last; C(left_out) the hosts that it excluded;
    C(was_real) whether what it found was found in the real vault."""

    path: str
    run_id: str
    title: str
    when: datetime
    collection: str
    was_real: bool
    hosts: Mapping[str, PastHost]
    left_out: frozenset[str]

    def tried(self, hosts: Collection[str]) -> list[PastHost]:
        """Return those hosts that it failed back, or failed to."""
        return [past for host, past in self.hosts.items() if host in hosts and past.was_tried]

    def knows(self, host: str) -> bool:
        """Whether the host was in the inventory of the run."""
        return host in self.hosts or host in self.left_out


def past_runs(
    records: Iterable[tuple[str, Document]], now: datetime, *, simulated: bool = False
) -> tuple[list[PastRun], dict[str, str]]:
    """Return what records show, the newest first; and why some show nothing, by their paths. C(records) come with their
    paths. C(simulated): what was done on a simulator counts as well."""
    runs: dict[str, PastRun] = {}
    ignored: dict[str, str] = {}
    parts: dict[str, str] = {}
    for path, record in records:
        run = _past_run(path, record)
        reason = _of_no_use(record, run, now, simulated=simulated)
        if reason or run is None:
            ignored[path] = reason
        elif run.run_id in runs:
            ignored[path] = f"it is of the same run as {runs[run.run_id].path}"
        else:
            runs[run.run_id] = run
            parts |= {str(part.get("id")): path for part in record.get("parts") or ()}
    for run_id in runs.keys() & parts.keys():
        ignored[runs.pop(run_id).path] = f"it is a part of {parts[run_id]}"
    return sorted(runs.values(), key=lambda run: run.when, reverse=True), ignored


def _of_no_use(record: Document, run: PastRun | None, now: datetime, *, simulated: bool) -> str:
    """Say why a record shows nothing; empty where it does."""
    told = record["run"]
    if run is None:
        return "it does not say when the run was"
    if told.get("check_mode"):
        return "the run was in check mode"
    if told.get("kind") == _BACK_TO_AZURE:
        return "the run went back to Azure"
    if run.when > now + _AHEAD:
        return f"it is of the future ({run.when:%Y-%m-%d}): a clock was wrong"
    if not told.get("cloud"):
        return "it does not say in which cloud the run was"
    return "the run was on a simulator" if is_simulated(told) and not simulated else ""


def _past_run(path: str, record: Document) -> PastRun | None:
    run = record["run"]
    when = _end_of(run)
    if when is None:
        return None
    parts = {str(part.get("id")): part for part in record.get("parts") or ()}
    hosts = [_past_host(result, _of_part(run, parts, result), record, when) for result in record["results"]]
    return PastRun(
        path=path,
        # One that nobody gave an id is only itself.
        run_id=str(run.get("id") or path),
        title=title_of(record),
        when=when,
        collection=str(run.get("collection") or ""),
        was_real=level_of(record) != REHEARSAL,
        hosts={host.host: host for host in hosts},
        left_out=frozenset(str(one["host"]) for one in excluded_from(record)),
    )


def _end_of(run: Mapping[str, Any]) -> datetime | None:
    return time_or_none(run.get("ended") or run.get("updated"))


def _of_part(run: Mapping[str, Any], parts: Mapping[str, Any], result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the run that a result is of: of a merged record, one of its parts."""
    found: Mapping[str, Any] = parts.get(str(result.get("part")), run)
    return found


def _past_host(result: Mapping[str, Any], run: Mapping[str, Any], record: Document, when: datetime) -> PastHost:
    host, verdict, timelines = str(result["host"]), result["verdict"], result["timelines"]
    phases = {phase["phase"] for timeline in timelines.values() for phase in timeline["phases"]}
    # Those that a drill did not start, as it stopped before them, show nothing.
    has_begun = bool(phases & _OF_FAILBACK) or (verdict["status"] == FAILED and result["outcome"] != _NOT_STARTED)
    level = level_of(record)
    fails_back = level in MOVING if level else run.get("kind") in _FAIL_BACK
    return PastHost(
        host=host,
        application=result["application"] or "",
        when=_end_of(run) or when,
        target=str(result["target"] or host),
        vaults=vaults_of(result["steps"]),
        verdict=verdict["status"],
        reason=_first_of(verdict["reasons"]),
        next=result["next"] or "",
        was_tried=fails_back and has_begun and result["outcome"] != _UNDONE,
        timelines={vm: {name: timeline[name] for name in _MEASURES} for vm, timeline in timelines.items()},
        findings={
            (str(one.get("vm") or ""), str(one["id"])): (one["status"], str(one.get("cause") or one.get("seen") or ""))
            for one in result["findings"]
        },
        objectives=((record.get("targets") or {}).get(host) or {}).get("objectives") or {},
    )


def _first_of(reasons: Sequence[Mapping[str, Any]]) -> str:
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{reasons[0]['what']}{more}" if reasons else ""


def not_in_force(host: str, vms: Collection[str], why: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a host of which nothing counts."""
    for vm in vms or (host,):
        yield {"vm": vm, **dict.fromkeys(_MEASURES, unmeasured(why))}


def measured_of(past: PastHost) -> Iterator[dict[str, Any]]:
    """Yield the rows of a host: what was measured of each of its VMs."""
    yield from ({"vm": vm, **timeline} for vm, timeline in past.timelines.items())


def held(rows: Iterable[Mapping[str, Any]], objectives: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return rows with objectives that were held against them."""
    return [{**row, "objectives": [objective_facts(one) for one in held_against(objectives, row)]} for row in rows]


def history_facts(
    path: str, record: Document, earlier: Iterable[tuple[str, Document]], now: datetime
) -> list[dict[str, Any]]:
    """Return, for each application of a record that an earlier one failed back, what each run took."""
    simulated = is_simulated(record["run"])
    runs, _ignored = past_runs([(path, record), *earlier], now, simulated=simulated)
    hosts: dict[str, list[str]] = {}
    for result in record["results"]:
        if result["application"]:
            hosts.setdefault(result["application"], []).append(result["host"])
    targets = record.get("targets") or {}
    told = []
    for name, mine in sorted(hosts.items()):
        history = history_of(mine, runs)
        limits = [targets[host]["objectives"]["rto"] for host in mine if "rto" in targets[host]["objectives"]]
        if any(one["path"] != path for one in history):
            trend = trend_of_recovery(history, min(limits, default=None))
            told.append({"name": name, "history": history, "trend": trend})
    return told


def history_of(hosts: Collection[str], runs: Sequence[PastRun]) -> list[dict[str, Any]]:
    """Return what each run took that failed some of these hosts back, the newest first."""
    return [_one_of_history(run, tried) for run in runs if (tried := run.tried(hosts))]


def _one_of_history(run: PastRun, tried: Sequence[PastHost]) -> dict[str, Any]:
    rows = [row for past in tried for row in measured_of(past)]
    return {
        "when": run.when,
        "title": run.title,
        "path": run.path,
        "verdict": min((past.verdict for past in tried), key=VERDICTS.index),
        "hosts": [past.host for past in tried],
        "recovery_seconds": longest_of_all(rows, "recovery_time"),
        "recovery_time": longest(rows, "recovery_time"),
        "downtime": longest(rows, "downtime"),
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

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the drills of a fleet: for each application its last failback, what it took, and what has changed since.

Made from records of runs and from the inventory. What no record shows was not drilled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .application_facts import longest, longest_of_all, worst_objectives
from .durations import exactly
from .evidence import FAILED, NOT_PROVEN
from .json_path import stamp
from .name_lists import some_of
from .past_runs import PastHost, PastRun, application_of, history_of, rows_of, trend_of_recovery, undrilled
from .report_words import STATUS_WORDS
from .verdict import AT_HOME, PASSED_WITH_FINDINGS, VERDICTS

NEVER, OVERDUE, PARTLY = "never_drilled", "overdue", "partly_drilled"
_STATUSES = tuple(STATUS_WORDS)
_DAY = 86_400.0
_WORSE = ("pass", "warn", "not_checked", "fail")
_Target = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """What a scorecard is made of: C(runs), the newest first; C(targets), what the inventory says of each host; and the
    version of the collection. A drill counts for C(valid_for) from its end to C(now)."""

    runs: Sequence[PastRun]
    targets: Mapping[str, _Target]
    now: datetime
    valid_for: timedelta
    collection: str


def scorecard(told: Told) -> dict[str, Any]:
    """Return the scorecard: C(applications), those that need somebody first, C(counts) of their statuses, and C(gone),
    those that only records have."""
    hosts: dict[str, list[str]] = {}
    for host, target in sorted(told.targets.items()):
        hosts.setdefault(application_of(host, target.get("application")), []).append(host)
    scored = [_scored(application, mine, told) for application, mine in hosts.items()]
    scored.sort(key=lambda one: (_STATUSES.index(one["status"]), one["name"]))
    counts = Counter(one["status"] for one in scored)
    drilled = {host.application for run in told.runs for host in run.hosts.values() if host.was_tried}
    return {
        "when": stamp(told.now),
        "valid_days": told.valid_for.days,
        "applications": scored,
        "counts": {status: counts[status] for status in _STATUSES},
        "gone": sorted(drilled - hosts.keys()),
        "runs": len(told.runs),
    }


def _scored(name: str, hosts: Sequence[str], told: Told) -> dict[str, Any]:
    lasts = {host: last for host in hosts if (last := _last_of(host, told.runs)) is not None}
    in_force = [host for host, (run, _past) in lasts.items() if told.now - run.when <= told.valid_for]
    rows = [row for host, (_run, past) in lasts.items() for row in rows_of(past, _objectives(told, host))]
    unmeasured = [row for host in hosts for row in rows_of(undrilled(host, name), _objectives(told, host))]
    history = history_of(name, told.runs)
    latest = max((run for run, _past in lasts.values()), key=lambda run: run.when, default=None)
    allowed = [limits["rto"] for host in hosts if "rto" in (limits := _objectives(told, host))]
    return {
        "name": name,
        "status": _status(hosts, lasts, in_force),
        "why": [*_reasons(hosts, lasts, in_force, told.valid_for.days)],
        "hosts": list(hosts),
        "drilled_hosts": in_force,
        "last_drill": stamp(latest.when) if latest else None,
        "last_title": latest.title if latest else None,
        "days_since": (told.now - latest.when).total_seconds() / _DAY if latest else None,
        "objectives": [*worst_objectives(rows or unmeasured)],
        "recovery_time": longest(rows, "recovery_time"),
        "recovery_seconds": longest_of_all(rows, "recovery_time"),
        "downtime": longest(rows, "downtime"),
        "downtime_seconds": longest_of_all(rows, "downtime"),
        "drift": [*_drift(name, hosts, lasts, told)],
        "history": history,
        "trend": trend_of_recovery(history, min(allowed, default=None)),
    }


_Lasts = Mapping[str, tuple[PastRun, PastHost]]


def _last_of(host: str, runs: Sequence[PastRun]) -> tuple[PastRun, PastHost] | None:
    """Return the last run that failed a host back, or failed to."""
    return next(((run, run.hosts[host]) for run in runs if host in run.hosts and run.hosts[host].was_tried), None)


def _objectives(told: Told, host: str) -> Mapping[str, float]:
    return told.targets[host].get("objectives") or {}


def _status(hosts: Sequence[str], lasts: _Lasts, in_force: Sequence[str]) -> str:
    if not lasts:
        return NEVER
    worst = min((past.verdict for _run, past in lasts.values()), key=VERDICTS.index)
    if worst in (FAILED, NOT_PROVEN):
        return worst
    if not in_force:
        return OVERDUE
    return worst if len(in_force) == len(hosts) else PARTLY


def _reasons(hosts: Sequence[str], lasts: _Lasts, in_force: Sequence[str], valid_days: int) -> Iterator[str]:
    told = [(past.verdict, f"{host}: {past.reason} ({_day(run.when)})") for host, (run, past) in lasts.items()]
    yield from (words for verdict, words in told if verdict in (FAILED, NOT_PROVEN))
    late = [f"{host} ({_day(run.when)})" for host, (run, _past) in lasts.items() if host not in in_force]
    if late:
        yield f"last drilled more than {valid_days} days ago: {some_of(late)}"
    never = [host for host in hosts if host not in lasts]
    # Where it is so of all, the status says it.
    if never and lasts:
        yield f"never drilled: {some_of(never)}"
    yield from (words for verdict, words in told if verdict == PASSED_WITH_FINDINGS)


def _drift(name: str, hosts: Sequence[str], lasts: _Lasts, told: Told) -> Iterator[str]:
    """Yield what has changed since the last drill of an application."""
    runs = [run for run in told.runs if run.tried(name)]
    if not runs:
        return
    last = runs[0]
    new = [host for host in hosts if not last.knows(host)]
    if new:
        yield f"new since: {some_of(new)}"
    gone = sorted(host.host for host in last.tried(name) if host.host not in hosts)
    if gone:
        yield f"drilled, and no longer part of it: {some_of(gone)}"
    yield from _changed_objectives(lasts, told)
    for host, (run, past) in lasts.items():
        yield from _new_findings(host, run, past, told.runs)
    versions = sorted({run.collection for run, _past in lasts.values() if run.collection not in ("", told.collection)})
    if versions and told.collection:
        yield f"drilled with asr.failback {', '.join(versions)}, which is {told.collection} now"


def _changed_objectives(lasts: _Lasts, told: Told) -> Iterator[str]:
    changes: dict[str, list[str]] = {}
    for host, (_run, past) in lasts.items():
        before, now = past.objectives, _objectives(told, host)
        for objective in sorted(before.keys() | now.keys()):
            then, limit = ("none" if at is None else exactly(at) for at in (before.get(objective), now.get(objective)))
            if then != limit:
                changes.setdefault(f"{objective}: {then} then, {limit} now", []).append(host)
    yield from (f"{change}: {some_of(hosts)}" for change, hosts in changes.items())


def _new_findings(host: str, run: PastRun, past: PastHost, runs: Sequence[PastRun]) -> Iterator[str]:
    """Yield the checks of a host that have become worse, by the newest run that looked and moved nothing."""
    later = next((one for one in runs if one.when > run.when and host in one.hosts), None)
    if later is None or later.hosts[host].was_tried:
        return
    for (vm, check), (status, cause) in later.hosts[host].findings.items():
        before = past.findings.get((vm, check), ("pass", ""))[0]
        if check != AT_HOME and _WORSE.index(status) > _WORSE.index(before):
            about = f" of {vm}" if vm and vm != host else ""
            yield f"{host}: {check}{about} is {status.replace('_', ' ')} since {_day(later.when)}: {cause}"


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d}"

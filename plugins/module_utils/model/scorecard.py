# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the drills of a fleet: for each application its last failback, what it took, and what has changed since.

Made from records of runs and from the inventory. What no record shows was not drilled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from .application_facts import longest, longest_of_all, worst_objectives
from .durations import exactly
from .evidence import FAILED, NOT_PROVEN
from .json_path import stamp
from .name_lists import some_of
from .objectives import MET, MISSED
from .past_runs import PastHost, PastRun, held, history_of, measured_of, not_in_force, trend_of_recovery
from .report_words import STATUS_WORDS
from .verdict import AT_HOME, PASSED_WITH_FINDINGS, VERDICTS

NEVER, OVERDUE, PARTLY = "never_drilled", "overdue", "partly_drilled"
_STATUSES = tuple(STATUS_WORDS)
_DAY = 86_400.0
_WORSE = ("pass", "warn", "not_checked", "fail")
_Target = Mapping[str, Any]
_Row = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """What a scorecard is made of: C(runs), the newest first; C(targets), what the inventory says of each host that is
    asked for; C(inventory), all hosts that it has; and the version of the collection. A failback counts for
    C(valid_for) from its end to C(now)."""

    runs: Sequence[PastRun]
    targets: Mapping[str, _Target]
    inventory: Collection[str]
    now: datetime
    valid_for: timedelta
    collection: str


def scorecard(told: Told) -> dict[str, Any]:
    """Return the scorecard: C(applications), those that need somebody first, C(counts) of their statuses, and C(gone),
    those that only records have."""
    scored = [_Application(name, hosts, told).scored() for name, hosts in _applications(told.targets)]
    scored.sort(key=lambda one: (_STATUSES.index(one["status"]), one["name"]))
    counts = Counter(one["status"] for one in scored)
    return {
        "when": stamp(told.now),
        "valid_days": told.valid_for.days,
        "applications": scored,
        "counts": {status: counts[status] for status in _STATUSES},
        "gone": _gone(told),
        "left_out": sorted({*told.inventory} - told.targets.keys()),
        "runs": [_named(run) for run in told.runs],
    }


def _applications(targets: Mapping[str, _Target]) -> Iterator[tuple[str, list[str]]]:
    """Yield the applications with their hosts. A host without one is one of its own."""
    named: dict[str, list[str]] = {}
    for host, target in sorted(targets.items()):
        if target.get("application"):
            named.setdefault(target["application"], []).append(host)
    yield from named.items()
    for host, target in sorted(targets.items()):
        if not target.get("application"):
            yield (f"{host} (host)" if host in named else host), [host]


def _named(run: PastRun) -> dict[str, Any]:
    return {"path": run.path, "id": run.run_id, "title": run.title, "when": stamp(run.when)}


def _gone(told: Told) -> list[str]:
    """Return the applications of which nothing is in the inventory any more."""
    hosts: dict[str, set[str]] = {}
    for run in told.runs:
        for past in run.hosts.values():
            if past.was_tried:
                hosts.setdefault(past.application or past.host, set()).add(past.host)
    now = {target.get("application") for target in told.targets.values()}
    return sorted(name for name, some in hosts.items() if name not in now and some.isdisjoint(told.inventory))


class _Application:
    """An application, by the last failback of each of its hosts."""

    def __init__(self, name: str, hosts: Sequence[str], told: Told) -> None:
        self._name = name
        self._hosts = hosts
        self._told = told
        found = {host: _last_of(host, told) for host in hosts}
        self._lasts = {host: last for host, last in found.items() if last is not None}
        self._in_force = [host for host, (_run, past) in self._lasts.items() if told.now - past.when <= told.valid_for]

    def scored(self) -> dict[str, Any]:
        """Return what a scorecard says of it."""
        history = history_of(self._hosts, self._told.runs)
        latest = self._latest
        rows = [row for some in self._rows.values() for row in some]
        allowed = [limits["rto"] for host in self._hosts if "rto" in (limits := self._objectives(host))]
        return {
            "name": self._name,
            "status": self._status(),
            "why": [*self._reasons()],
            "next": [*self._next()],
            "unmeasured": [*self._unmeasured()],
            "hosts": list(self._hosts),
            "drilled_hosts": self._in_force,
            "last_drill": stamp(latest[1].when) if latest else None,
            "last_title": latest[0].title if latest else None,
            "days_since": (self._told.now - latest[1].when).total_seconds() / _DAY if latest else None,
            "objectives": [*worst_objectives(rows)],
            "recovery_time": longest(rows, "recovery_time"),
            "recovery_seconds": longest_of_all(rows, "recovery_time"),
            "downtime": longest(rows, "downtime"),
            "downtime_seconds": longest_of_all(rows, "downtime"),
            "drift": [*self._drift()],
            "history": history,
            "trend": trend_of_recovery(history, min(allowed, default=None)),
        }

    @property
    def _latest(self) -> tuple[PastRun, PastHost] | None:
        return max(self._lasts.values(), key=lambda last: last[1].when, default=None)

    def _objectives(self, host: str) -> Mapping[str, float]:
        return self._told.targets[host].get("objectives") or {}

    @cached_property
    def _rows(self) -> dict[str, list[_Row]]:
        """What was measured of each host, held against what is allowed now. What does not count was not measured."""
        rows: dict[str, list[_Row]] = {}
        for host in self._hosts:
            past = self._lasts[host][1] if host in self._lasts else None
            if past and host in self._in_force:
                measured = measured_of(past)
            else:
                why = "its last failback was too long ago" if past else "it was never drilled"
                measured = not_in_force(host, past.timelines.keys() if past else (), why)
            rows[host] = [*held(measured, self._objectives(host))]
        return rows

    def _status(self) -> str:
        if not self._lasts:
            return NEVER
        worst = min((past.verdict for _run, past in self._lasts.values()), key=VERDICTS.index)
        today = {one["status"] for host in self._in_force for row in self._rows[host] for one in row["objectives"]}
        if worst == FAILED or MISSED in today:
            return FAILED
        if worst == NOT_PROVEN or today - {MET}:
            return NOT_PROVEN
        if not self._in_force:
            return OVERDUE
        return worst if len(self._in_force) == len(self._hosts) else PARTLY

    def _reasons(self) -> Iterator[str]:
        told = [(past, f"{host}: {past.reason} ({_day(past.when)})") for host, (_run, past) in self._lasts.items()]
        yield from (words for past, words in told if past.verdict in (FAILED, NOT_PROVEN))
        for host in self._in_force:
            yield from self._objections(host)
        late = [
            f"{host} ({_day(past.when)})" for host, (_run, past) in self._lasts.items() if host not in self._in_force
        ]
        if late:
            yield f"last drilled more than {self._told.valid_for.days} days ago: {some_of(late)}"
        never = [host for host in self._hosts if host not in self._lasts]
        if never:
            yield f"never drilled: {some_of(never)}" if self._lasts else "no record shows a failback of it"
        yield from (words for past, words in told if past.verdict == PASSED_WITH_FINDINGS)

    def _next(self) -> Iterator[str]:
        """Yield what somebody has to do about it."""
        for host, (_run, past) in self._lasts.items():
            if past.verdict in (FAILED, NOT_PROVEN) and past.next:
                yield f"{host}: {past.next}"
        due = [host for host in self._hosts if host not in self._in_force]
        if due:
            yield f"Mark {some_of(due)} with failback_drill: true, and run a canary drill."
        without = [host for host in self._hosts if not self._objectives(host)]
        if without:
            yield f"Set failback_objectives of {some_of(without)}: nothing is held against a limit there."

    def _unmeasured(self) -> Iterator[str]:
        """Yield why what counts has no time of recovery."""
        for host in self._in_force:
            for row in self._rows[host]:
                if row["recovery_time"]["seconds"] is None:
                    yield f"{row['vm']}: {row['recovery_time']['basis']}"

    def _objections(self, host: str) -> Iterator[str]:
        """Yield the objectives of today that a failback does not meet which had passed then."""
        if self._lasts[host][1].verdict not in (FAILED, NOT_PROVEN):
            for row in self._rows[host]:
                for one in row["objectives"]:
                    if one["status"] != MET:
                        yield f"{row['vm']}: {one['words']}: {one['status'].replace('_', ' ')}"

    def _drift(self) -> Iterator[str]:
        """Yield what has changed since the last failback."""
        for host in self._hosts:
            yield from self._of_others(host)
        latest = self._latest
        if latest is None:
            return
        run = latest[0]
        yield from _listed("new since", (host for host in self._hosts if not run.knows(host)))
        names = {past.application for _run, past in self._lasts.values()}
        yield from _listed(
            "drilled, and no longer part of it",
            (
                past.host
                for past in run.hosts.values()
                if past.was_tried and past.application and past.application in names and self._is_gone(past.host)
            ),
        )
        for old in sorted(names - {self._told.targets[self._hosts[0]].get("application") or ""}):
            of_old = (host for host, (_run, past) in self._lasts.items() if past.application == old)
            yield from _listed(f"of application {old} then" if old else "of no application then", of_old)
        yield from self._changed_objectives()
        for host, (_run, past) in self._lasts.items():
            yield from self._new_findings(host, past)
        yield from self._versions()

    def _of_others(self, host: str) -> Iterator[str]:
        """Yield that a newer failback under the name of a host was of something else."""
        tried = [run.hosts[host] for run in self._told.runs if host in run.hosts and run.hosts[host].was_tried]
        newest = max(tried, key=lambda past: past.when, default=None)
        if newest and not _is_of(newest, self._told.targets[host]):
            where = f" in {', '.join(newest.vaults)}" if newest.vaults else ""
            yield f"{host}: its failback of {_day(newest.when)} was of {newest.target}{where}, and does not count"

    def _is_gone(self, host: str) -> bool:
        if host in self._hosts:
            return False
        return host in self._told.targets or host not in self._told.inventory

    def _changed_objectives(self) -> Iterator[str]:
        changes: dict[str, list[str]] = {}
        for host, (_run, past) in self._lasts.items():
            before, now = past.objectives, self._objectives(host)
            for objective in sorted(before.keys() | now.keys()):
                then, limit = (
                    "none" if at is None else exactly(at) for at in (before.get(objective), now.get(objective))
                )
                if then != limit:
                    changes.setdefault(f"{objective}: {then} then, {limit} now", []).append(host)
        yield from (f"{change}: {some_of(hosts)}" for change, hosts in changes.items())

    def _new_findings(self, host: str, past: PastHost) -> Iterator[str]:
        """Yield the checks of a host that are worse than at its failback, each by the newest look at the real vault."""
        newest: dict[tuple[str, str], tuple[str, str, datetime]] = {}
        for run in self._told.runs:
            later = run.hosts.get(host)
            if later and run.was_real and later.when > past.when:
                for key, (status, cause) in later.findings.items():
                    newest.setdefault(key, (status, cause, later.when))
        for (vm, check), (status, cause, when) in newest.items():
            before = past.findings.get((vm, check), ("pass", ""))[0]
            if check != AT_HOME and _WORSE.index(status) > _WORSE.index(before):
                about = f" of {vm}" if vm and vm != host else ""
                yield f"{host}: {check}{about} was {status.replace('_', ' ')} on {_day(when)}: {cause}"

    def _versions(self) -> Iterator[str]:
        now = self._told.collection
        then = sorted({run.collection for run, _past in self._lasts.values()} - {"", now})
        if then and now:
            yield f"drilled with asr.failback {', '.join(then)}, which is {now} now"


def _last_of(host: str, told: Told) -> tuple[PastRun, PastHost] | None:
    """Return the last run that failed a host back, or failed to, while it stood for what it stands for now."""
    tried = [
        (run, past)
        for run in told.runs
        if (past := run.hosts.get(host)) and past.was_tried and _is_of(past, told.targets[host])
    ]
    return max(tried, key=lambda last: last[1].when, default=None)


def _is_of(past: PastHost, target: _Target) -> bool:
    """Whether a run was of the same VM or plan, as far as both tell."""
    name, vault = target.get("target"), target.get("vault")
    is_other = bool(name) and past.target.lower() != str(name).lower()
    is_elsewhere = bool(vault and past.vaults) and str(vault).lower() not in map(str.lower, past.vaults)
    return not (is_other or is_elsewhere)


def _listed(what: str, hosts: Iterable[str]) -> Iterator[str]:
    some = sorted(hosts)
    if some:
        yield f"{what}: {some_of(some)}"


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d}"

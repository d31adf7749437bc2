# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a run: what it was, what it was to do, what became of each of its hosts, and the verdict.

docs/run-record.schema.json describes it. It is written again and again while the run goes on, so that it is whole
whenever that is interrupted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .drills import MOVING, READINESS, REHEARSAL
from .objectives import held_against
from .verdict import verdict_of, verdict_of_all
from .vm_timeline import timelines_of

SCHEMA_VERSION = 1
RUNNING, ENDED = "running", "ended"
_Result = Mapping[str, Any]
Document = Mapping[str, Any]
# All of a record but its results and the verdict.
Head = dict[str, Any]
# What is known of a run that nobody says anything of.
UNTOLD: Mapping[str, Any] = {"run": {"id": None, "kind": None}, "scope": {}, "targets": {}, "drill": None}
_CHECKS = "prerequisites"
_TIMES = ("started", "updated", "ended")
# What is kept of the hosts of a run that was interrupted: how far each was, and by which jobs.
_KEPT = ("host", "target", "outcome", "stage", "steps")


def head_of(about: Mapping[str, Any], now: str, found: Document | None = None) -> Head:
    """Return the head of the record of a run that goes on. C(about) is what is known of it, C(found) the record that is
    there already: that of this run goes on, and one that was interrupted is kept in short, as this run picks it up."""
    run = {**about["run"], "state": RUNNING, "started": now, "updated": now, "ended": None, "earlier": []}
    known = (found or {}).get("run") or {}
    if known and known.get("id") == run["id"]:
        run |= {"started": known.get("started") or now, "earlier": known.get("earlier") or []}
    elif found and known.get("state") == RUNNING:
        run["earlier"] = [*(known.get("earlier") or []), _in_short(found)]
    return {"schema_version": SCHEMA_VERSION, **about, "run": run}


def _in_short(record: Document) -> dict[str, Any]:
    run = record["run"]
    results = [{key: result.get(key) for key in _KEPT} for result in record["results"]]
    return {"id": run.get("id"), "started": run.get("started"), "updated": run.get("updated"), "results": results}


def updated(head: Head, now: str) -> Head:
    """Return the head of a run that goes on."""
    return {**head, "run": {**head["run"], "updated": now}}


def ended(head: Head, now: str) -> Head:
    """Return the head of a run that has ended."""
    return {**head, "run": {**head["run"], "state": ENDED, "updated": now, "ended": now}}


def as_seen_before(head: Head, found: Document | None) -> Head | None:
    """Return a head with the times of the record that is there, where that is one of the same run in the same state."""
    known = (found or {}).get("run") or {}
    run = head["run"]
    if not known or any(known.get(key) != run[key] for key in ("id", "state")):
        return None
    return {**head, "run": {**run, **{key: known.get(key) for key in _TIMES}}}


class Entries:
    """The results of a record, each with what was measured and the verdict on it, one by one; afterwards the verdict on
    all of them."""

    def __init__(self, head: Document, results: Iterable[_Result]) -> None:
        self._head = head
        self._results = results
        self._verdicts: list[dict[str, Any]] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._verdicts = []
        before = steps_before(self._head)
        targets = self._head.get("targets") or {}
        for result in self._results:
            host = str(result.get("host"))
            entry = _entry(result, targets.get(host) or {}, before.get(host) or [], _purpose(self._head))
            self._verdicts.append(entry["verdict"])
            yield entry

    @property
    def verdict(self) -> dict[str, Any]:
        """The verdict on those that were gone through."""
        return verdict_of_all(self._verdicts, whole=self._head["run"]["state"] == ENDED)


def steps_before(head: Document) -> dict[str, list[Any]]:
    """Return the steps of the runs that a run picked up, by host."""
    steps: dict[str, list[Any]] = {}
    for run in head["run"].get("earlier") or ():
        for result in run["results"]:
            steps.setdefault(str(result["host"]), []).extend(result["steps"] or ())
    return steps


def verdict_on(head: Document, results: Iterable[_Result]) -> str:
    """Return the verdict on a run, in a word."""
    entries = Entries(head, results)
    deque(entries, maxlen=0)
    return str(entries.verdict["status"])


def _purpose(head: Document) -> dict[str, bool]:
    """Return what a run was for, as far as the verdict depends on it."""
    level = (head.get("drill") or {}).get("level")
    checks = head["run"].get("kind") == _CHECKS or level == READINESS
    return {"only_checks": checks, "has_to_move": level in (REHEARSAL, *MOVING)}


def _entry(
    result: _Result, target: Mapping[str, Any], before: Sequence[_Result], purpose: Mapping[str, bool]
) -> dict[str, Any]:
    objectives = target.get("objectives") or {}
    whole = {**result, "steps": [*before, *(result.get("steps") or ())]}
    timelines = {
        name: {**timeline, "objectives": held_against(objectives, timeline)}
        for name, timeline in timelines_of(whole).items()
    }
    entry = {**result, "application": target.get("application"), "timelines": timelines}
    return {**entry, "verdict": verdict_of(entry, **purpose)}


def merged(records: Sequence[Document], about: Mapping[str, Any], now: str) -> tuple[Head, list[_Result]]:
    """Return the head and the results of several records as one, such as those of the slices of a fleet. It has ended
    where all of them have."""
    results = sorted(
        (result for record in records for result in record["results"]), key=lambda result: str(result.get("host"))
    )
    hosts = {str(result.get("host")) for result in results}
    # What one slice left out, another took.
    excluded = [one for record in records for one in (record.get("scope") or {}).get("excluded") or ()]
    head = {
        **head_of(about, now),
        "scope": {"excluded": [one for one in excluded if one["host"] not in hosts]},
        "targets": {host: told for record in records for host, told in (record.get("targets") or {}).items()},
        "parts": [record["run"] for record in records],
    }
    whole = all(record["run"].get("state") == ENDED for record in records)
    return (ended(head, now) if whole else head), results

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a run: what it was, what it was to do, what became of each of its hosts, and the verdict.

docs/run-record.schema.json describes it. It is written again and again while the run goes on, so that it is whole
whenever that is interrupted.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .drills import MOVING, READINESS, REHEARSAL, level_of
from .failures import ConfigurationError
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
# What is kept of the hosts of a run that was interrupted: how far each was, by which jobs, and what was seen.
_KEPT = ("host", "target", "outcome", "stage", "steps", "validation", "discarded")
_MAY_BE_UNKNOWN = ("authoritative_side", "reversible", "target")
_MERGED = "merged"
_ON_THIS_MACHINE = re.compile(r"https?://(localhost|127\.[\d.]+|\[::1\])(?=[:/]|$)", re.IGNORECASE)


def head_of(about: Mapping[str, Any], now: str, found: Document | None = None) -> Head:
    """Return the head of the record of a run that goes on. C(about) is what is known of it, C(found) the record that is
    there already: that of this run goes on, and one that was interrupted is kept in short, as this run picks it up."""
    run = {**about["run"], "state": RUNNING, "started": now, "updated": now, "ended": None, "earlier": []}
    known = (found or {}).get("run") or {}
    if known and known.get("id") == run["id"]:
        # What was known when it began may not be any more.
        cloud = run.get("cloud") or known.get("cloud")
        run |= {"started": known.get("started") or now, "earlier": known.get("earlier") or [], "cloud": cloud}
    elif found and known.get("state") == RUNNING:
        run["earlier"] = [*(known.get("earlier") or []), _in_short(found)]
    return {"schema_version": SCHEMA_VERSION, **about, "run": run}


def _in_short(record: Document) -> dict[str, Any]:
    run = record["run"]
    # Each may be read anew whenever it is asked.
    wholes = (dict(result.items()) for result in record["results"])
    results = [{key: whole.get(key) for key in _KEPT} for whole in wholes]
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
        before = results_before(self._head)
        targets = self._head.get("targets") or {}
        for result in self._results:
            host = str(result.get("host"))
            # What is made of several records was judged by the purpose of each.
            judged = result if self._head.get("parts") else _entry(result, targets.get(host) or {}, before, self._head)
            entry = dict(judged)
            self._verdicts.append(entry["verdict"])
            yield entry

    @property
    def verdict(self) -> dict[str, Any]:
        """The verdict on those that were gone through."""
        return verdict_of_all(self._verdicts, whole=self._head["run"]["state"] == ENDED)


def results_before(head: Document) -> dict[str, list[_Result]]:
    """Return what the runs that a run picked up had seen of each host, the oldest first."""
    before: dict[str, list[_Result]] = {}
    for run in head["run"].get("earlier") or ():
        for result in run["results"]:
            before.setdefault(str(result["host"]), []).append(result)
    return before


def with_earlier(result: _Result, before: Mapping[str, Sequence[_Result]]) -> _Result:
    """Return the result of a host with what the runs before have done and seen, C(before) as results_before() returns
    it. Where this run validated nothing, their last validation stands."""
    earlier = before.get(str(result.get("host"))) or ()
    if not earlier:
        return result
    parts = [*earlier, result]
    validations = [one["validation"] for one in parts if (one.get("validation") or {}).get("vms")]
    return {
        **result,
        "steps": [step for one in parts for step in one.get("steps") or ()],
        "discarded": [given_up for one in parts for given_up in one.get("discarded") or ()],
        "validation": validations[-1] if validations else {},
    }


def is_simulated(run: Mapping[str, Any]) -> bool:
    """Whether a run asked a simulator: these listen on the machine itself."""
    return bool(_ON_THIS_MACHINE.match(str(run.get("cloud") or "")))


def verdict_on(head: Document, results: Iterable[_Result]) -> str:
    """Return the verdict on a run, in a word."""
    entries = Entries(head, results)
    deque(entries, maxlen=0)
    return str(entries.verdict["status"])


def _purpose(head: Document) -> dict[str, bool]:
    """Return what a run was for, as far as the verdict depends on it."""
    level = level_of(head)
    checks = head["run"].get("kind") == _CHECKS or level == READINESS
    return {"only_checks": checks, "has_to_move": level in (REHEARSAL, *MOVING)}


def _entry(
    result: _Result, target: Mapping[str, Any], before: Mapping[str, Sequence[_Result]], head: Document
) -> dict[str, Any]:
    objectives = target.get("objectives") or {}
    whole = with_earlier(result, before)
    timelines = {
        name: {**timeline, "objectives": held_against(objectives, timeline)}
        for name, timeline in timelines_of(whole).items()
    }
    verdict = verdict_of({**whole, "timelines": timelines}, **_purpose(head))
    # Before ansible-core 2.19, what is none in a fact becomes an empty text.
    unknown = {key: None for key in _MAY_BE_UNKNOWN if result.get(key) == ""}
    own = {"application": target.get("application"), "timelines": timelines, "verdict": verdict}
    return {**result, **unknown, **own}


def merged(records: Sequence[Document], about: Mapping[str, Any]) -> tuple[Head, list[_Result]]:
    """Return the head and the results of several records as one, such as those of the slices of a fleet; or of one.

    What the runs were for stays, and so do their times and verdicts: it has ended where all have. Raises
    ConfigurationError where they were for different things.
    """
    runs = [record["run"] for record in records]
    results = [
        {**result, "part": result.get("part") or record["run"].get("id")}
        for record in records
        for result in record["results"]
    ]
    hosts = {str(result.get("host")) for result in results}
    # What one slice left out, another took.
    excluded = {one["host"]: one for record in records for one in excluded_from(record) if one["host"] not in hosts}
    run = {
        **about["run"],
        "kind": runs[0].get("kind") if len(runs) == 1 else _MERGED,
        "check_mode": any(run.get("check_mode") for run in runs),
        "cloud": _only({str(run.get("cloud") or "") for run in runs}) or None,
        "state": ENDED if all(run.get("state") == ENDED for run in runs) else RUNNING,
        "started": min(run["started"] for run in runs),
        "updated": max(run["updated"] for run in runs),
        "ended": max((run["ended"] for run in runs), default=None) if all(run["ended"] for run in runs) else None,
        "earlier": [one for run in runs for one in run.get("earlier") or ()],
    }
    head = {
        "schema_version": SCHEMA_VERSION,
        **about,
        "run": run,
        "scope": {"excluded": [*excluded.values()]},
        "targets": {host: told for record in records for host, told in (record.get("targets") or {}).items()},
        "drill": _drill_of(records),
        "parts": [part for record in records for part in record.get("parts") or [record["run"]]],
    }
    return head, sorted(results, key=lambda result: str(result.get("host")))


def excluded_from(record: Document) -> Sequence[Mapping[str, Any]]:
    """Return the hosts of the inventory that the run of a record left out, each with the reason."""
    return (record.get("scope") or {}).get("excluded") or ()


def _only(values: set[str]) -> str:
    return next(iter(values)) if len(values) == 1 else ""


def _drill_of(records: Sequence[Document]) -> dict[str, Any] | None:
    """Return what is said of the drill that several runs were a part of. Raises ConfigurationError where they were not
    for the same."""
    drills = [record.get("drill") or {} for record in records]
    purposes = {
        (str(drill.get("level") or "none"), bool(record["run"].get("check_mode")))
        for drill, record in zip(drills, records, strict=True)
    }
    if len(purposes) > 1:
        told = ", ".join(sorted(f"drill {level}{' (check mode)' if check else ''}" for level, check in purposes))
        raise ConfigurationError(
            f"The records are of runs for different things: {told}.", "Report on those of each kind alone."
        )
    told_of_all = {key: value for drill in reversed(drills) for key, value in drill.items()}
    return told_of_all or None


def of_rehearsal(record: Document, about: Mapping[str, Any], now: str) -> tuple[Head, list[_Result]]:
    """Return the head and the results of a drill whose playbook ran elsewhere, on the simulator, and left a record."""
    hosts = {str(result.get("host")) for result in record["results"]}
    excluded = [one for one in about["scope"].get("excluded") or () if one["host"] not in hosts]
    head = head_of({**about, "scope": {"excluded": excluded}, "targets": record.get("targets") or {}}, now)
    return (ended(head, now) if record["run"].get("state") == ENDED else head), list(record["results"])

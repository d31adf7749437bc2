# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report says of a run, for every form that it has: page, Markdown, JUnit. Made from the record alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from .application_facts import longest, objective_facts, worst_objectives
from .discarded import discarded_in_words
from .durations import exactly
from .evidence import ADDRESSES, EXPECTED_ADDRESSES, FAILED, HEARTBEAT, NOT_PROVEN
from .json_path import seconds_between, time_or_none
from .left_behind import billed_of, left_behind, unbilled_of, unread_of
from .name_lists import some_of
from .report_words import VERDICT_WORDS, moment, title_of
from .run_document import ENDED, excluded_from, is_simulated, results_before, with_earlier
from .split_brain import ABSENT, NOT_CHECKED, last_seen
from .summary import stage_of
from .vaults_of_jobs import vaults_of
from .verdict import AT_HOME, PASSED_WITH_FINDINGS, VERDICTS, reasons_on, worst_of

_Part = Mapping[str, Any]

# What a run of a kind cannot show, whatever its verdict.
_LIMITS = {
    "prerequisites": ["That a failback would succeed: nothing was copied, cut over, validated or committed."],
}
_SIMULATED = "Anything of the real vault, hosts and guests: the run was on a simulator."
_DATA = (
    "That no data was lost inside the VMs: it rests on the tasks of Azure that copied the last changes; no data was "
    "compared."
)
# Checks that show that a guest runs, not that an application answers.
_OF_GUESTS = frozenset({HEARTBEAT, ADDRESSES, EXPECTED_ADDRESSES})
_CHECK_MODE = "Anything but what would be done: the run was in check mode and changed nothing."
PHASE_WORDS = {
    "failover": "Failover to Azure",
    "failover_commit": "Commit of the failover",
    "synchronization": "Synchronization",
    "waiting": "Waiting for the cut-over",
    "cut_over": "Cut-over",
    "validation": "Validation",
    "commit": "Commit",
    "reverse_replication": "Reverse replication",
}
_WORDS = {"seen": "", "cause": "", "remedy": ""}
# The width of the chart, in its own units.
WIDTH = 1000
_TICKS = 4
# How much the clocks of the controller and of Azure may differ.
_TOLERANCE = timedelta(minutes=5)


def facts_of(record: _Part, digest: str, history: Sequence[_Part] = ()) -> dict[str, Any]:
    """Return what a report says of a record. C(digest) is the SHA-256 of its file, C(history) what earlier runs took,
    as past_runs.history_facts() tells it."""
    before = results_before(record)
    record = {**record, "results": [with_earlier(result, before) for result in record["results"]]}
    rows = sorted(_rows(record), key=lambda row: (VERDICTS.index(row["verdict"]), row["host"], row["vm"]))
    run = record["run"]
    return {
        "title": title_of(record),
        "verdict": record["verdict"]["status"],
        "verdict_words": VERDICT_WORDS,
        "sentence": _sentence(rows),
        "reasons": list(record["verdict"]["reasons"]),
        "is_whole": run["state"] == ENDED,
        "identity": [*_identity(record, digest)],
        "drill": record.get("drill") or {},
        "is_simulated": is_simulated(run),
        "limits": [*_limits(record, rows)],
        "problems": [row for row in rows if row["verdict"] in (FAILED, NOT_PROVEN)],
        "findings": [row for row in rows if row["verdict"] == PASSED_WITH_FINDINGS],
        "applications": [*_applications(record, rows)],
        "history": list(history),
        "rows": rows,
        "phase_words": PHASE_WORDS,
        "axis": _with_bars(rows),
        "clocks_differ": _clocks_differ(run, rows),
        "excluded": [*_excluded(record)],
        "left": [*_left(record)],
        "earlier": run.get("earlier") or [],
        "digest": digest,
    }


def _sentence(rows: Sequence[_Part]) -> str:
    counts = {status: sum(row["verdict"] == status for row in rows) for status in VERDICTS}
    told = [f"{count} {VERDICT_WORDS[status].lower()}" for status, count in counts.items() if count]
    return f"{len(rows)} VM{'' if len(rows) == 1 else 's'}: {', '.join(told)}." if rows else "No VM was in the run."


def _identity(record: _Part, digest: str) -> Iterator[tuple[str, str]]:
    """Who ran what, when, and with what."""
    run, drill = record["run"], record.get("drill") or {}
    lasted = seconds_between(run["started"], run["ended"])
    told = {
        "Run": run.get("id"),
        "Started": f"{moment(run['started'])}, by the controller's clock",
        "Ended": f"{moment(run['ended'])} (after {exactly(lasted)})" if lasted is not None else "It has not ended",
        "Run by": " on ".join(filter(None, (run.get("user"), run.get("controller")))),
        "Approved by": drill.get("approver"),
        "Change": drill.get("change"),
        "Check mode": "Yes, nothing was changed" if run.get("check_mode") else None,
        "Hosts": run.get("pattern"),
        "Limited to": run.get("limit"),
        "Steps": ", ".join(run.get("tags") or ()) if (run.get("tags") or ["all"]) != ["all"] else None,
        "Steps left out": ", ".join(run.get("skip_tags") or ()),
        "Vaults": ", ".join(vaults_of(step for result in record["results"] for step in result["steps"])),
        "Cloud": _cloud(run),
        "Software": ", ".join(_software(run)),
        "Record (SHA-256)": digest,
        "Next drill": drill.get("next"),
    }
    yield from ((label, str(value)) for label, value in told.items() if value)


def _cloud(run: _Part) -> str:
    return f"a simulator ({run['cloud']})" if is_simulated(run) else str(run.get("cloud") or "")


def _software(run: _Part) -> Iterator[str]:
    for name, key in (("asr.failback", "collection"), ("ansible-core", "ansible_core"), ("Python", "python")):
        if run.get(key):
            yield f"{name} {run[key]}"


def _limits(record: _Part, rows: Sequence[_Part]) -> Iterator[str]:
    yield from (record.get("drill") or {}).get("does_not_prove") or ()
    yield from _LIMITS.get(str(record["run"].get("kind")), ())
    if record["run"].get("check_mode"):
        yield _CHECK_MODE
    if is_simulated(record["run"]):
        yield _SIMULATED
    if any(row["data_loss"]["seconds"] == 0 for row in rows):
        yield _DATA
    unprobed = [row["vm"] for row in rows if (made := _made(row)) and made <= _OF_GUESTS]
    if unprobed:
        yield f"That the applications work in {some_of(unprobed)}: only the guest was seen."
    left_out = len(excluded_from(record))
    if left_out:
        told = "host that was" if left_out == 1 else "hosts that were"
        yield f"Anything of the {left_out} {told} left out."


def _made(row: _Part) -> set[str]:
    """The kinds of checks that were made of a virtual machine."""
    return {check["kind"] for check in row["checks"] if check["status"] != NOT_CHECKED}


def _excluded(record: _Part) -> Iterator[dict[str, Any]]:
    """Yield the hosts that were left out, by the reason."""
    hosts: dict[str, list[str]] = {}
    for one in excluded_from(record):
        hosts.setdefault(one["reason"], []).append(one["host"])
    yield from ({"reason": reason, "hosts": some} for reason, some in hosts.items())


def _rows(record: _Part) -> Iterator[dict[str, Any]]:
    """Yield what is said of each virtual machine."""
    for result in record["results"]:
        for vm, timeline in result["timelines"].items():
            reasons, findings = reasons_on(result, vm), _findings(result, vm)
            yield {
                "host": result["host"],
                "vm": vm,
                "application": result["application"],
                "verdict": worst_of(reasons),
                "reasons": reasons,
                "outcome": result["outcome"],
                "stage": stage_of(result, vm),
                "reason": result["reason"],
                "next": result["next"],
                "side": _side(result, vm),
                "phases": [_phase(phase) for phase in timeline["phases"]],
                "downtime": _measure(timeline["downtime"]),
                "recovery_time": _measure(timeline["recovery_time"]),
                "data_loss": _loss(timeline["data_loss"]),
                "objectives": [objective_facts(held) for held in timeline["objectives"]],
                "checks": _checks(result, vm),
                "findings": [one for one in findings if _is_told(one)],
                "findings_passed": sum(one["status"] == "pass" for one in findings),
                "copies": [*_copies(result, vm)],
                "given_up": [discarded_in_words(one) for one in result.get("discarded") or () if one["vm"] == vm],
                "replication": [*_replication(result, vm)],
            }


def _findings(result: _Part, vm: str) -> list[_Part]:
    """The findings on a virtual machine, each with all words that a form may show."""
    return [{**_WORDS, **one} for one in result["findings"] if one.get("vm") == vm]


def _is_told(finding: _Part) -> bool:
    """Whether a finding is worth a line: of what has come home, that it is no longer in Azure is not."""
    return bool(finding["status"] != "pass" and finding["id"] != AT_HOME)


def _side(result: _Part, vm: str) -> str:
    """The copy of a virtual machine that is authoritative."""
    members = [one for step in result["steps"] for one in step.get("members") or () if one["friendly_name"] == vm]
    side = (members[-1] if members else result).get("authoritative_side")
    return {"azure": "Azure", "on_premises": "On-premises"}.get(str(side), "Not known")


def _phase(phase: _Part) -> dict[str, Any]:
    lasted = phase["seconds"]
    return {
        **phase,
        "words": PHASE_WORDS[phase["phase"]],
        "lasted": exactly(lasted) if lasted is not None and lasted >= 0 else "",
        "from": moment(phase["started"]),
        "until": moment(phase["ended"]),
    }


def _measure(measure: _Part) -> dict[str, Any]:
    seconds = measure["seconds"]
    return {**measure, "words": "not measured" if seconds is None else exactly(seconds)}


def _loss(measure: _Part) -> dict[str, Any]:
    told = _measure(measure)
    return {**told, "words": _none_for_zero(told["words"])}


def _none_for_zero(words: str) -> str:
    return f"none{words[3:]}" if words.startswith("0 s") else words


def _checks(result: _Part, vm: str) -> list[_Part]:
    """The checks of a virtual machine's validation."""
    mine = [one for one in (result.get("validation") or {}).get("vms") or () if one["name"] == vm]
    return [{**_WORDS, "kind": None, "at": None, **check} for one in mine for check in one["checks"]]


def _copies(result: _Part, vm: str) -> Iterator[str]:
    """Where the copies of a virtual machine were, as both sides told it after the last step."""
    for one in last_seen(result["steps"]):
        if one["vm"] == vm:
            yield f"Azure: {one['azure']['state']} ({one['azure']['reason']})"
            yield from (f"{copy['host']}: {copy['state']} ({copy['reason']})" for copy in one["on_premises"])


def _replication(result: _Part, vm: str) -> Iterator[str]:
    """What was started to protect a virtual machine again."""
    for step in result["steps"]:
        yield from (one["reason"] for one in step.get("replication") or () if one["vm"] == vm)


def _applications(record: _Part, rows: Sequence[_Part]) -> Iterator[dict[str, Any]]:
    """Yield each application with its worst verdict, and each of its objectives by the machine that took longest."""
    for name in sorted({row["application"] for row in rows if row["application"]}):
        mine = [row for row in rows if row["application"] == name]
        yield {
            "name": name,
            "vms": [row["vm"] for row in mine],
            "verdict": min((row["verdict"] for row in mine), key=VERDICTS.index),
            "objectives": [*worst_objectives(mine)],
            "downtime": longest(mine, "downtime"),
            "recovery_time": longest(mine, "recovery_time"),
            "data_loss": _none_for_zero(longest(mine, "data_loss")),
        }


def _with_bars(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each row the bars of its phases in the chart; return the marks of its axis, nothing where no time is
    known."""
    times = [time for row in rows for phase in row["phases"] for time in _times(phase)]
    if not times:
        return []
    first, last = min(times), max(times)
    span = max((last - first).total_seconds(), 1.0)

    def place(time: datetime) -> float:
        return round((time - first).total_seconds() / span * WIDTH, 1)

    for row in rows:
        row["bars"] = [
            {"phase": phase["phase"], "x": place(span_of[0]), "width": max(2.0, place(span_of[1]) - place(span_of[0]))}
            for phase in row["phases"]
            if (span_of := _times(phase))
        ]
    marks = [first + (last - first) * step / _TICKS for step in range(_TICKS + 1)]
    return [{"x": place(mark), "text": f"{mark:%H:%M}", "day": f"{mark:%Y-%m-%d}"} for mark in marks]


def _clocks_differ(run: _Part, rows: Sequence[_Part]) -> bool:
    """Whether phases of this run lie outside of it: then its clock was not that of Azure."""
    first, last = time_or_none(run["started"]), time_or_none(run["ended"])
    if first is None or last is None or run.get("earlier"):
        return False
    times = [time for row in rows for phase in row["phases"] for time in _times(phase)]
    return any(not first - _TOLERANCE <= time <= last + _TOLERANCE for time in times)


def _times(phase: _Part) -> Sequence[datetime]:
    """Return when a phase started and ended; nothing where that is not known, or cannot be."""
    start, end = time_or_none(phase["started"]), time_or_none(phase["ended"])
    return (start, end) if start and end and start <= end else ()


def _left(record: _Part) -> Iterator[dict[str, Any]]:
    """Yield what is left in Azure, host by host: by a commit, or as there was none."""
    for result in record["results"]:
        left = left_behind(result["steps"])
        billed = [*billed_of(left), *_azure_vms(result)]
        told = {"billed": billed, "others": unbilled_of(left), "unread": unread_of(left)}
        if any(told.values()):
            yield {"host": result["host"], **told}


def _azure_vms(result: _Part) -> Iterator[str]:
    """Yield the Azure VMs that both sides showed last, each with its disks."""
    for vm in last_seen(result["steps"]):
        if vm["azure"]["state"] not in (ABSENT, NOT_CHECKED):
            yield f"the Azure VM {vm['vm']} ({vm['azure']['state']}), with its disks"

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a run: what an auditor may take from it, with the reasons, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .application_facts import objective_facts
from .discarded import discarded_in_words
from .evidence import FAILED, NOT_PROVEN, PASSED
from .left_behind import billed_of, left_behind
from .name_lists import some_of
from .objectives import MISSED, NAMES, NOT_MEASURED
from .split_brain import last_check

_Result = Mapping[str, Any]

PASSED_WITH_FINDINGS = "passed_with_findings"
# The worst first.
VERDICTS = (FAILED, NOT_PROVEN, PASSED_WITH_FINDINGS, PASSED)
# Outcomes that are no end of a failback.
_FAILURES = frozenset({"failed", "not_started"})
_PROTECTED, _READY = "protected", "ready"
_UNDONE = frozenset({"undone"})
# What a VM that is at home fails, and rightly so.
AT_HOME = "active_in_azure"
# The steps after which another copy runs, or the other one is gone or on its way to be overwritten.
_MOVES = frozenset(
    {"failover", "commit_failover", "planned_failover", "complete_failover", "commit", "reverse_replicate"}
)


def verdict_of(result: _Result, *, only_checks: bool = False, has_to_move: bool = False) -> dict[str, Any]:
    """Return the verdict on a host's result: C(status), and C(reasons) for it, each with C(verdict), C(what) and
    C(vm).

    C(only_checks): the run was to check the prerequisites alone, also of what is at home; C(has_to_move): one that has
    not moved shows nothing.
    """
    reasons = sorted(
        _reasons(result, only_checks=only_checks, has_to_move=has_to_move),
        key=lambda reason: VERDICTS.index(reason["verdict"]),
    )
    return {"status": worst_of(reasons), "reasons": reasons}


def verdict_of_all(verdicts: Iterable[_Result], *, whole: bool) -> dict[str, Any]:
    """Return the verdict on a run, by those on its hosts: the worst, and how many have which. C(whole): it has ended,
    and not by an interruption."""
    counts = dict.fromkeys(VERDICTS, 0)
    for verdict in verdicts:
        counts[verdict["status"]] += 1
    worst = next((status for status in VERDICTS if counts[status]), NOT_PROVEN)
    reasons = [] if any(counts.values()) else ["no host was in it"]
    if not whole:
        reasons.append("it was not ended: what became of its hosts since is not known")
        worst = FAILED if worst == FAILED else NOT_PROVEN
    return {"status": worst, "reasons": reasons, "hosts": counts}


def reasons_on(result: _Result, vm: str) -> list[_Result]:
    """Return the reasons of a verdict that concern a virtual machine of the host, the worst first."""
    return [one for one in result["verdict"]["reasons"] if one["vm"] in (None, vm)]


def worst_of(reasons: Sequence[_Result]) -> str:
    """Return the verdict that reasons, the worst first, come to."""
    return str(reasons[0]["verdict"]) if reasons else PASSED


def objections(reasons: Iterable[_Result]) -> str:
    """Return why something must not count as passed, for what knows nothing between passed and failed; nothing where it
    may: what was not proven may not."""
    return as_sentences(one["what"] for one in reasons if one["verdict"] in (FAILED, NOT_PROVEN))


def as_sentences(some: Iterable[str]) -> str:
    """Return texts one after the other, with an end where the next one begins."""
    *first, last = [one for one in some if one] or [""]
    return " ".join([*(f"{one.rstrip('.;')}." for one in first), last])


def _reasons(result: _Result, *, only_checks: bool, has_to_move: bool) -> Iterator[dict[str, Any]]:
    outcome = str(result.get("outcome"))
    moved = {str(step.get("step")) for step in result.get("steps") or () if step.get("changed")}
    if outcome in _FAILURES:
        reason = result.get("reason") or "no reason was given"
        yield _reason(FAILED, reason if outcome == "failed" else f"{_words(outcome)}: {reason}")
    elif outcome not in (_PROTECTED, _READY, *_UNDONE):
        yield _reason(NOT_PROVEN, f"{_words(outcome)}: {result.get('reason') or 'its failback has not ended'}")
    elif has_to_move and not moved:
        yield _reason(NOT_PROVEN, f"{_words(outcome)}: it was not moved")
    is_readiness = only_checks or outcome == _READY
    if is_readiness and outcome not in _FAILURES and not result.get("findings"):
        yield _reason(NOT_PROVEN, "no prerequisite was checked")
    yield from _of_findings(result, is_readiness=is_readiness, has_moved=bool(moved))
    if outcome == _PROTECTED and result.get("steps"):
        yield from _of_evidence(result)
    yield from (
        _reason(PASSED_WITH_FINDINGS, f"given up: {discarded_in_words(one)}", one["vm"])
        for one in result.get("discarded") or ()
    )
    for vm, timeline in (result.get("timelines") or {}).items():
        # What was not to be moved, or had come home before, has taken no time.
        yield from _of_objectives(vm, timeline, was_moved=bool(moved) and not only_checks)


def _of_findings(result: _Result, *, is_readiness: bool, has_moved: bool) -> Iterator[dict[str, Any]]:
    known = result.get("vms") or {}
    for finding in result.get("findings") or ():
        # Of one that the result does not name, all that it names are told.
        vm = str(finding.get("vm") or "") if finding.get("vm") in known or not known else ""
        about = f"{finding.get('id')}: {finding.get('cause') or finding.get('seen')}"
        # Of what was failed back since, it may say what is no longer so.
        about = f"before the failback, {about}" if has_moved else about
        if finding.get("status") == "warn":
            yield _reason(PASSED_WITH_FINDINGS, about, vm)
        elif finding.get("status") == "not_checked":
            # Before a failback that came to its end, what could not be checked has done no harm.
            yield _reason(NOT_PROVEN if is_readiness else PASSED_WITH_FINDINGS, f"not checked: {about}", vm)
        elif finding.get("status") == "fail" and is_readiness and finding.get("id") != AT_HOME:
            yield _reason(FAILED, about, vm)


def _of_evidence(result: _Result) -> Iterator[dict[str, Any]]:
    """What speaks against a failback that came to its end: that the right copy runs, and works, has to be shown."""
    moved = {str(step.get("step")) for step in result["steps"] if step.get("changed")}
    if moved & _MOVES:
        validated = {vm.get("name"): vm.get("verdict") for vm in (result.get("validation") or {}).get("vms") or ()}
        for name in list(result.get("vms") or {}) or [str(result.get("target"))]:
            if validated.get(name) != PASSED:
                yield _reason(NOT_PROVEN, "nothing has shown that it works on-premises", name)
        if last_check(result["steps"]).get("verdict") != "proved":
            yield _reason(NOT_PROVEN, "not both sides could be read after the last step")
    billed = billed_of(left_behind(result["steps"]))
    if billed:
        yield _reason(PASSED_WITH_FINDINGS, f"left in Azure, and billed: {some_of(billed)}")


def _of_objectives(vm: str, timeline: _Result, *, was_moved: bool) -> Iterator[dict[str, Any]]:
    for held in timeline.get("objectives") or ():
        if held["status"] == MISSED:
            yield _reason(FAILED, f"objective missed: {objective_facts(held)['words']}", vm)
        elif held["status"] == NOT_MEASURED and was_moved:
            yield _reason(NOT_PROVEN, f"{NAMES[held['objective']]} was not measured: {held['basis']}", vm)


def _words(outcome: str) -> str:
    return outcome.replace("_", " ")


def _reason(verdict: str, what: str, vm: str = "") -> dict[str, Any]:
    return {"verdict": verdict, "what": " ".join(what.split()), "vm": vm or None}

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of failbacks as a table for people: a line for each host, and below it what a person has to know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from .discarded import discarded_in_words
from .left_behind import billed_of, left_behind, unbilled_of, unread_of
from .name_lists import counted
from .split_brain import last_check
from .table_lines import aligned, column_widths, printable

_Result = Mapping[str, Any]

_HEADER = ("host", "outcome", "side", "stages")
# From what can wait to what cannot: it is the end of a long output that is read.
_NEEDS_A_PERSON = ("waiting_for_window", "held", "not_started", "undone", "failed")


def report_lines(results: Iterable[_Result]) -> list[str]:
    """Return the results as aligned lines, with reason, next step and findings below those that have them; of several,
    with how many ended how as the last line."""
    # Of a thousand, none is kept.
    told = sorted((_rank(result), result["host"], _row(result), _notes(result)) for result in results)
    if not told:
        return []
    rows = [_HEADER, *map(itemgetter(2), told)]
    indent = column_widths(rows)[0]
    header, *lines = aligned(rows)
    shown = [header]
    for notes, line in zip(map(itemgetter(3), told), lines, strict=True):
        shown += [line, *(f"{'':{indent}}  {note}" for note in notes)]
    if len(told) > 1:
        shown.append(f"{len(told)} hosts: {counted(row[1] for row in rows[1:])}")
    return printable(shown)


def _rank(result: _Result) -> int:
    outcome = result["outcome"]
    return _NEEDS_A_PERSON.index(outcome) if outcome in _NEEDS_A_PERSON else -1


def _row(result: _Result) -> tuple[str, str, str, str]:
    stages = [stage for step in result["steps"] for stage in (step["stage"]["before"], step["stage"]["after"])]
    # A drill comes back to where it began.
    path = [stage for stage, _same in groupby([*stages, result["stage"]])]
    shown = [] if path == [result["outcome"]] else path
    return result["host"], result["outcome"], result["authoritative_side"] or "-", " > ".join(shown)


def _notes(result: _Result) -> list[str]:
    # What hides one thing often hides it of every VM of a plan.
    findings = dict.fromkeys(filter(None, (_finding(one, result["stage"]) for one in result.get("findings") or ())))
    pairs = (("why: ", result.get("reason")), ("next:", result.get("next")))
    told = [f"{label} {' '.join(str(text).split())}" for label, text in pairs if text]
    return [*told, *_copies(result), *_given_up(result), *_left_behind(result), *findings]


def _finding(finding: _Result, stage: str) -> str | None:
    # It was found before the run, which has written the disks anew since.
    if finding["id"] == "on_premises_disks" and stage != "interrupted":
        return None
    if finding["status"] == "not_checked":
        return f"not checked: {finding['id']}: {finding['cause']}"
    if finding["status"] == "warn":
        about = f"{finding['vm']}: " if finding["vm"] else ""
        return f"warn: {about}{finding['cause']} {finding['remedy']}".rstrip()
    return None


def _copies(result: _Result) -> Iterator[str]:
    """Where a VM runs that has, or may have, another copy on-premises: after a failback to another host."""
    check = last_check(result["steps"])
    for vm in check["after"] if check else ():
        running = [copy["host"] for copy in vm["on_premises"] if copy["state"] == "Running"]
        others = [copy for copy in vm["on_premises"] if copy["state"] not in ("Running", "absent")]
        if running and others:
            named = ", ".join(f"{copy['host']} ({copy['state']})" for copy in others)
            yield f"on-premises: {vm['vm']} runs on {', '.join(running)}; keep the copy off on {named}"


def _given_up(result: _Result) -> Iterator[str]:
    """What a commit has deleted, or in check mode would, that exists nowhere else."""
    yield from (f"given up: {discarded_in_words(one)}" for one in result.get("discarded") or ())


def _left_behind(result: _Result) -> Iterator[str]:
    """What a commit has left in Azure, first what costs money until somebody deletes it."""
    left = left_behind(result["steps"])
    for words, some in (("left in Azure, and billed", billed_of(left)), ("left in Azure", unbilled_of(left))):
        if some:
            yield f"{words}: {', '.join(some)}"
    for reason, unread in unread_of(left).items():
        yield f"not checked in Azure: {', '.join(unread)}: {reason}"

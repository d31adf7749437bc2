# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scorecard as a table for people: a line for each application, and below it what somebody has to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .name_lists import counted, some_of
from .table_lines import aligned, column_widths, printable

_HEADER = ("application", "status", "last drill", "hosts", "recovery", "downtime")
# Of a fleet, nobody reads more below one application.
_MOST_NOTES = 3


def scorecard_lines(card: Mapping[str, Any]) -> list[str]:
    """Return a scorecard as aligned lines. Those that need somebody come last, where a long output is read."""
    scored = list(reversed(card["applications"]))
    if not scored:
        return ["No application is in the inventory."]
    rows = [_HEADER, *map(_row, scored)]
    indent = column_widths(rows)[0]
    header, *lines = aligned(rows)
    shown = [header]
    for line, one in zip(lines, scored, strict=True):
        shown += [line, *(f"{'':{indent}}  {note}" for note in _notes(one))]
    shown.append(f"{len(scored)} applications: {counted(one['status'] for one in scored)}")
    if card["gone"]:
        shown.append(f"In records, and not in the inventory: {some_of(card['gone'])}")
    if card["left_out"]:
        shown.append(f"Hosts of the inventory that were left out: {some_of(card['left_out'])}")
    if card["simulated"]:
        shown.append("Runs on a simulator count here: this shows nothing of the real vault.")
    return printable(shown)


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    last = f"{one['last_drill'][:10]} ({one['days_since']:.0f} d)" if one["last_drill"] else "-"
    hosts = f"{len(one['drilled_hosts'])}/{len(one['hosts'])}"
    return one["name"], one["status"], last, hosts, one["recovery_time"], one["downtime"]


def _notes(one: Mapping[str, Any]) -> Iterator[str]:
    missed = [f"{held['words']} ({held['vm']})" for held in one["objectives"] if held["status"] != "met"]
    for label, notes in (("objective: ", missed), ("why: ", one["why"]), ("since: ", one["drift"])):
        yield from (f"{label}{note}" for note in notes[:_MOST_NOTES])
        if len(notes) > _MOST_NOTES:
            yield f"{label}and {len(notes) - _MOST_NOTES} more"

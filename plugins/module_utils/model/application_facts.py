# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of an application, by what was measured of each of its virtual machines: the one that took longest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .durations import exactly
from .objectives import MET, MISSED, NAMES

_Row = Mapping[str, Any]


def objective_facts(held: _Row) -> dict[str, Any]:
    """Return what is said of an objective that was held against a measure."""
    took = "" if held["measured"] is None else f" {exactly(held['measured'])}"
    label = NAMES[held["objective"]]
    allowed = f"allowed {exactly(held['target'])}"
    return {**held, "words": f"{label}{took}, {allowed}", "label": label, "allowed": allowed}


def worst_objectives(rows: Sequence[_Row]) -> Iterator[dict[str, Any]]:
    """Yield each objective of these virtual machines with the C(vm) that did worst."""
    for name in NAMES:
        held = [(one, row["vm"]) for row in rows for one in row["objectives"] if one["objective"] == name]
        if held:
            order = {MISSED: 0, MET: 2}
            worst, vm = min(held, key=lambda one: (order.get(one[0]["status"], 1), -(one[0]["measured"] or 0)))
            yield {**worst, "vm": vm}


def longest(rows: Sequence[_Row], measure: str) -> str:
    """Return the longest of a measure, and say where it is not known of all."""
    known = [row[measure]["seconds"] for row in rows if row[measure]["seconds"] is not None]
    if not known:
        return "not measured"
    unknown = len(rows) - len(known)
    return exactly(max(known)) + (f" (not measured for {unknown} VM{'' if unknown == 1 else 's'})" if unknown else "")


def longest_of_all(rows: Sequence[_Row], measure: str) -> float | None:
    """Return the longest of a measure in seconds; None where it is not known of all."""
    seconds = [row[measure]["seconds"] for row in rows]
    return max(seconds) if seconds and None not in seconds else None

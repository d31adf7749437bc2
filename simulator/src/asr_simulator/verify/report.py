# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a recording: each exchange, what is confirmed and contradicted, what nobody has recorded yet."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from asr_simulator.verify.findings import AGREES, DIFFERS, UNKNOWN, Verdict

INFERRED = "inferred"
# Of Azure: what hosts and their PowerShell do is in no recording of it.
OF_AZURE = ("asr.", "arm.", "compute.", "item.", "provider.")
# In a line: what was recorded may be a whole body.
LONGEST = 160
Table = Sequence[Mapping[str, Any]]


def report_of(verdicts: Sequence[Verdict], table: Table) -> dict[str, Any]:
    """The report as a document: ``read``, ``judged``, ``counts``, ``exchanges``, ``confirmed``, ``contradicted``,
    ``wanted``."""
    contradicted = Counter(point for verdict in verdicts for one in verdict.differences for point in set(one.points))
    confirmed = Counter(point for verdict in verdicts for point in verdict.held if point not in contradicted)
    outcomes = Counter(verdict.outcome for verdict in verdicts)
    return {
        "read": len(verdicts),
        "judged": sum(outcomes.values()),
        "counts": {outcome: outcomes[outcome] for outcome in (AGREES, DIFFERS, UNKNOWN)},
        "exchanges": [_exchange(verdict) for verdict in verdicts],
        "confirmed": _points(confirmed, table),
        "contradicted": _points(contradicted, table),
        "wanted": [_wish(entry) for entry in _wanted(table, {*confirmed, *contradicted})],
    }


def _exchange(verdict: Verdict) -> dict[str, Any]:
    exchange = verdict.exchange
    return {
        "place": exchange.place,
        "request": f"{exchange.method} {exchange.path or '(not recorded)'}",
        "status": exchange.status,
        "outcome": verdict.outcome,
        "differences": [
            {
                "place": one.place,
                "recorded": one.recorded,
                "simulator": one.expected,
                "variant": one.variant or None,
                "points": list(one.points),
            }
            for one in verdict.differences
        ],
        "unknown": verdict.unknown,
    }


def _points(counts: Counter[str], table: Table) -> list[dict[str, Any]]:
    where = {entry["id"]: entry["where"] for entry in table}
    return [{"id": point, "where": where[point], "exchanges": counts[point]} for point in sorted(counts)]


def _wanted(table: Table, seen: set[str]) -> list[Mapping[str, Any]]:
    """The points of Azure that are inferred and that the recording tells nothing of; those that are asked for first."""
    left = [
        entry
        for entry in table
        if entry["where"] == INFERRED and entry["id"].startswith(OF_AZURE) and entry["id"] not in seen
    ]
    return sorted(left, key=lambda entry: ("wanted" not in entry, entry.get("priority", len(left))))


def _wish(entry: Mapping[str, Any]) -> dict[str, str]:
    return {"id": entry["id"], "ask": " ".join(str(entry.get("wanted") or entry["note"]).split())}


def lines_of(report: Mapping[str, Any]) -> Iterator[str]:
    """The report as text."""
    for exchange in report["exchanges"]:
        yield from _lines_of_exchange(exchange)
    counts = report["counts"]
    yield (
        f"{report['judged']} of {report['read']} exchanges judged: {counts[AGREES]} agree, {counts[DIFFERS]} differ, "
        f"{counts[UNKNOWN]} unknown."
    )
    for title, name in (("Confirmed", "confirmed"), ("Contradicted", "contradicted")):
        if report[name]:
            yield f"{title} points of the fidelity table (how each was known, in how many exchanges):"
            yield from (f"  {one['id']} ({one['where']}, {one['exchanges']})" for one in report[name])
    if report["wanted"]:
        yield "Inferred, and not in this recording. A recording of any of these would help:"
        yield from (f"  {one['id']}: {one['ask']}" for one in report["wanted"])


def _lines_of_exchange(exchange: Mapping[str, Any]) -> Iterator[str]:
    what = f"{exchange['place']}: {exchange['outcome']}: {exchange['request']} -> {exchange['status']}"
    if exchange["outcome"] == AGREES and not exchange["unknown"]:
        yield what
        return
    yield what
    for one in exchange["differences"]:
        variant = f" (so it is with the variant {one['variant']})" if one["variant"] else ""
        points = f" [{', '.join(one['points'])}]" if one["points"] else ""
        recorded = f"recorded {_short(one['recorded'])}"
        yield f"    {one['place']}: {recorded}; the simulator: {one['simulator']}{variant}{points}"
    for why in exchange["unknown"]:
        yield f"    not judged: {why}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a document has the form of a record, as far as reports and scorecards go by it.

docs/run-record.schema.json says all of it; what reads a record needs no library to hold it against that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .verdict import VERDICTS


@dataclass(frozen=True)
class _Each:
    """A list, or a mapping from names, of which each value has a form; C(kind) is which of both."""

    of: Any
    kind: type = list


@dataclass(frozen=True)
class _Maybe:
    """What may be missing or null."""

    of: Any


@dataclass(frozen=True)
class _One:
    """A word of these."""

    words: Sequence[str]


_TEXT = _Maybe(str)
_NUMBER = _Maybe((int, float))
_VERDICT = _One(VERDICTS)
_MEASURE = {"seconds": _NUMBER, "basis": str}
_HELD = {
    "objective": _One(("rto", "downtime", "rpo")),
    "target": (int, float),
    "measured": _NUMBER,
    "status": _One(("met", "missed", "not_measured")),
    "basis": str,
}
_TIMELINE = {
    "phases": _Each({"phase": str, "started": _TEXT, "ended": _TEXT, "seconds": _NUMBER, "job": _TEXT}),
    "objectives": _Each(_HELD),
    **dict.fromkeys(("downtime", "recovery_time", "data_loss"), _MEASURE),
}
_RUN = {
    **dict.fromkeys(("id", "kind", "cloud", "collection", "ended"), _TEXT),
    **dict.fromkeys(("state", "started", "updated"), str),
    "check_mode": _Maybe(bool),
    "earlier": _Maybe(_Each({"results": _Each({"host": str, "steps": _Maybe(_Each(dict))})})),
}
_WORDS = dict.fromkeys(("seen", "cause", "remedy"), _TEXT)
_CHECK = {"id": str, "status": str, **_WORDS, "kind": _TEXT, "at": _TEXT}
_RESULT = {
    **dict.fromkeys(("host", "outcome", "stage", "reason", "next"), str),
    **dict.fromkeys(("target", "part", "application", "authoritative_side"), _TEXT),
    "vms": _Maybe(_Each(str, dict)),
    "steps": _Each({"step": str, "job": _Maybe(dict), "members": _Maybe(_Each({"friendly_name": str}))}),
    "findings": _Each({"id": str, "status": _One(("pass", "warn", "fail", "not_checked")), **_WORDS, "vm": _TEXT}),
    "validation": _Maybe({"vms": _Maybe(_Each({"name": str, "checks": _Each(_CHECK)}))}),
    "discarded": _Maybe(_Each({"vm": str, "kind": str, "name": str, "reason": str})),
    "timelines": _Each(_TIMELINE, dict),
    "verdict": {"status": _VERDICT, "reasons": _Each({"verdict": _VERDICT, "what": str, "vm": _TEXT})},
}
_RECORD = {
    "run": _RUN,
    "parts": _Maybe(_Each(_RUN)),
    "scope": _Maybe({"excluded": _Maybe(_Each({"host": str, "reason": str}))}),
    "targets": _Maybe(_Each({"application": _TEXT, "objectives": _Each((int, float), dict)}, dict)),
    "drill": _Maybe({"level": _TEXT}),
    # Each of them is looked at when it is read: see misshapen_result().
    "results": list,
    "verdict": {"status": _VERDICT, "reasons": _Each(str), "hosts": _Each(int, dict)},
}


def misshapen(record: Any) -> str:
    """Return where a document has not the form of a record, its results aside, such as C(run.state); empty where it
    has."""
    return next(_wrong(record, _RECORD, ""), "")


def misshapen_result(result: Any, number: int) -> str:
    """Return where an entry of the C(results) of a record has not the form of one, such as C(results[3].verdict); empty
    where it has."""
    return next(_wrong(result, _RESULT, f"results[{number}]"), "")


def _wrong(value: Any, form: Any, where: str) -> Iterator[str]:
    if isinstance(form, _Maybe):
        if value is not None:
            yield from _wrong(value, form.of, where)
    elif isinstance(form, _Each):
        yield from _wrong_in_each(value, form, where)
    elif isinstance(form, Mapping):
        if not isinstance(value, Mapping):
            yield where
            return
        for name, part in form.items():
            yield from _wrong(value.get(name), part, f"{where}.{name}".lstrip("."))
    elif isinstance(form, _One):
        if value not in form.words:
            yield where
    elif not isinstance(value, form) or (isinstance(value, bool) and form is not bool):
        yield where


def _wrong_in_each(value: Any, form: _Each, where: str) -> Iterator[str]:
    whole: Any = value
    if not isinstance(value, form.kind):
        yield where
        return
    parts: Iterable[tuple[Any, Any]] = whole.items() if form.kind is dict else enumerate(whole)
    for key, part in parts:
        yield from _wrong(part, form.of, f"{where}[{key}]")

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Days on which nothing is cut over: whole days of the calendar, in a time zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from .local_times import moment_of, parse_date, parsed, wrong

FREEZE = "window.freeze"
_RANGE = "/"
_DAY = timedelta(days=1)
# Somebody who freezes more than a year has mistyped the year.
_LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Span:
    """A time in UTC, from C(begins) until just before C(ends); None where it has no beginning, or no end."""

    begins: datetime | None
    ends: datetime | None

    def contains(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        return (self.begins is None or self.begins <= moment) and (self.ends is None or moment < self.ends)


def parse_freeze(days: Iterable[str], zone: tzinfo) -> tuple[Span, ...]:
    """Return the frozen times in order, those that touch as one. C(days) are dates, or two with a slash between them,
    of which both are frozen. Raises ConfigurationError."""
    return tuple(_joined(sorted((_parse(value, zone) for value in days), key=lambda frozen: frozen[0])))


def _parse(value: str, zone: tzinfo) -> tuple[datetime, datetime]:
    first_text, slash, last_text = value.partition(_RANGE)
    first = parse_date(first_text, FREEZE)
    last = parse_date(last_text, FREEZE) if slash else first
    if not timedelta() <= last - first < _LONGEST:
        raise wrong(
            f"{FREEZE}: '{value}' does not end on or after its first day, within a year",
            "Correct it: first and last day, such as 2026-12-24/2027-01-02.",
        )
    return parsed(lambda: (moment_of(first, time(), zone), moment_of(last + _DAY, time(), zone)), value, FREEZE)


def _joined(spans: Sequence[tuple[datetime, datetime]]) -> Iterator[Span]:
    if not spans:
        return
    begins, ends = spans[0]
    for next_begins, next_ends in spans[1:]:
        if next_begins > ends:
            yield Span(begins, ends)
            begins, ends = next_begins, next_ends
        ends = max(ends, next_ends)
    yield Span(begins, ends)


def without(span: Span, frozen: Iterable[Span]) -> Iterator[Span]:
    """Yield what is left of a time without the frozen ones, which are in order."""
    begins = span.begins
    for one in frozen:
        if span.ends is not None and one.begins is not None and one.begins >= span.ends:
            break
        if one.ends is None or (begins is not None and one.ends <= begins):
            continue
        if one.begins is not None and (begins is None or begins < one.begins):
            yield Span(begins, one.begins)
        begins = one.ends
    if span.ends is None or begins is None or begins < span.ends:
        yield Span(begins, span.ends)

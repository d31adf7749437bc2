# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a cut-over may happen: windows between two date-times, every day between two times of day, or by a recurrence
rule, each without the days of a freeze.

Times are read from what the user wrote and judged by a time that the caller gives.

Where a zone's summer time makes a local time special, a window is never longer than its times say: see local_times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import chain, islice, pairwise
from typing import Protocol

from .freeze_days import FREEZE, Span, parse_freeze, without
from .json_path import stamp
from .local_times import (
    UTC,
    hint,
    is_date_time,
    is_time_of_day,
    moment_of,
    parse_moment,
    parse_time_of_day,
    parse_zone,
    shown,
    wrong,
)
from .recurrence import DURATION, HORIZON, RULE, Duration, Recurrence, parse_duration, parse_recurrence

BEFORE, OPEN, OVER = "before", "open", "over"
_OPENS, _CLOSES = "window.not_before", "window.not_after"
_DAY = timedelta(days=1)
# A day's window may begin the day before, and local days are not those of UTC.
_DAYS_BACK = 2 * _DAY
_LOOKED_AT_FOR_OVERLAPS = 60
_ANY_DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class Judgment:
    """A window at one moment, in UTC: C(state) is before, open or over.

    C(opens_at) and C(closes_at) are those of the opening that C(now) is in, else of the next one, else of the last.
    None: it has been open ever since, or will be for ever; of one that is over: there was none. C(zone) is for showing
    the times. C(frozen_until) is the end of the freeze that C(now) is in.
    """

    state: str
    now: datetime
    opens_at: datetime | None
    closes_at: datetime | None
    zone: tzinfo = timezone.utc
    frozen_until: datetime | None = None

    def as_result(self) -> dict[str, str | None]:
        """Return the judgment for a result."""
        return {
            "state": self.state,
            "now": self.now.isoformat(),
            "opens_at": stamp(self.opens_at),
            "closes_at": stamp(self.closes_at),
        }

    def objection(self) -> str:
        """Say why nothing may be cut over now, and what to do; empty while it is open. Times in the window's zone."""
        if self.state == OPEN:
            return ""
        here = f"Azure's time is {shown(self.now, self.zone)}"
        if self.state == BEFORE and self.opens_at:
            frozen = f"Cut-overs are frozen until {shown(self.frozen_until, self.zone)}. " if self.frozen_until else ""
            return f"{frozen}Its window opens at {shown(self.opens_at, self.zone)}; {here}. Run again then"
        closed = f"has been over since {shown(self.closes_at, self.zone)}" if self.closes_at else "will not open again"
        return f"Its window {closed}; {here}. Give a new window, then run again"


class Openings(Protocol):
    """When a window is open, apart from what freezes it."""

    def around(self, day: date, zone: tzinfo) -> Iterator[Span]:
        """Yield the openings in order, from the first that may reach into a day of UTC on, and some that ended before
        it."""


@dataclass(frozen=True)
class Once:
    """From C(opens_at) until just before C(closes_at), each None where there is none."""

    opens_at: datetime | None
    closes_at: datetime | None

    def around(self, _day: date, _zone: tzinfo) -> Iterator[Span]:
        """Yield the one opening."""
        yield Span(self.opens_at, self.closes_at)


@dataclass(frozen=True)
class Daily:
    """Every day from one time of day until just before another, over midnight where that is the earlier one."""

    opens: time
    closes: time

    def around(self, day: date, zone: tzinfo) -> Iterator[Span]:
        """Yield an opening for each day, but for those on which the clock skips the window."""
        for ahead in range(HORIZON.days):
            first = day - _DAYS_BACK + ahead * _DAY
            last = first + _DAY if self.closes < self.opens else first
            opens_at, closes_at = moment_of(first, self.opens, zone), moment_of(last, self.closes, zone)
            if opens_at < closes_at:
                yield Span(opens_at, closes_at)


@dataclass(frozen=True)
class Recurring:
    """By a rule, each time for as long as C(lasts)."""

    rule: Recurrence
    lasts: Duration

    def around(self, day: date, zone: tzinfo) -> Iterator[Span]:
        """Yield an opening for each start of the rule, and the last one before."""
        for start, moment in self.rule.starts(day - self.lasts.whole - _DAYS_BACK, zone):
            closes_at = self.lasts.end(start, zone)
            if moment < closes_at:
                yield Span(moment, closes_at)


@dataclass(frozen=True)
class Window:
    """When a cut-over may happen: in its openings, but not while it is frozen."""

    openings: Openings
    zone: tzinfo = timezone.utc
    frozen: tuple[Span, ...] = ()

    def judge(self, now: datetime) -> Judgment:
        """Return what the window is at this moment."""
        near = _near(self, now.astimezone(timezone.utc).date())
        found = next((one for one in near if one.ends is None or now < one.ends), None)
        if found is None:
            last = near[-1] if near else Span(None, None)
            return Judgment(OVER, now, last.begins, last.ends, self.zone)
        state = OPEN if found.contains(now) else BEFORE
        frozen_until = next((one.ends for one in self.frozen if one.contains(now)), None)
        return Judgment(state, now, found.begins, found.ends, self.zone, frozen_until)

    def around(self, day: date) -> Iterator[Span]:
        """Yield its openings in order, without what is frozen."""
        return chain.from_iterable(without(one, self.frozen) for one in self.openings.around(day, self.zone))


# Of a thousand VMs that share a window, each judges it again and again.
@lru_cache(maxsize=256)
def _near(window: Window, day: date) -> tuple[Span, ...]:
    """Return the openings that tell what a window is on a day of UTC: the last before it, those in it, the next."""
    begins = datetime.combine(day, time(), timezone.utc)
    near: list[Span] = []
    for opening in window.around(day):
        near = [opening] if near and near[-1].ends is not None and near[-1].ends <= begins else [*near, opening]
        if opening.begins is not None and opening.begins >= begins + _DAY:
            break
    return tuple(near)


def parse_window(
    not_before: str,
    not_after: str,
    time_zone: str = UTC,
    *,
    rule: str = "",
    duration: str = "",
    freeze: Sequence[str] = (),
) -> Window:
    """Return the window that a user describes; empty texts were not given.

    Raises ConfigurationError; MissingLibrary for a rule where the library for rules is missing.
    """
    zone = parse_zone(time_zone)
    opens, closes = not_before.strip(), not_after.strip()
    if rule.strip() or duration.strip():
        openings: Openings = _recurring(rule.strip(), duration.strip(), opens, closes, zone)
    elif opens or closes:
        openings = _between(opens, closes, zone)
    elif freeze:
        openings = Once(None, None)
    else:
        raise wrong("window has none of not_before, not_after, rule and freeze", "Give at least one of them.")
    return _opening(Window(openings, zone, parse_freeze(freeze, zone)))


def _opening(window: Window) -> Window:
    """Return a window. Raises ConfigurationError where its freeze leaves nothing of it."""
    openings = window.openings
    day = openings.rule.first_day if isinstance(openings, Recurring) else _ANY_DAY
    if next(window.around(day), None) is None:
        raise wrong(f"{FREEZE} covers the whole window", "Correct one of them: the window would never be open.")
    return window


def _between(opens: str, closes: str, zone: tzinfo) -> Openings:
    given = {name: value for name, value in ((_OPENS, opens), (_CLOSES, closes)) if value}
    for name, value in given.items():
        if not (is_date_time(value) or is_time_of_day(value)):
            raise wrong(f"{name}: '{value}' is neither a date-time nor a time of day", hint(value, "22:00"))
    if all(map(is_date_time, given.values())):
        return _once(
            parse_moment(opens, _OPENS, zone) if opens else None,
            parse_moment(closes, _CLOSES, zone) if closes else None,
            zone,
        )
    if len(given) < 2 or any(map(is_date_time, given.values())):
        raise wrong(
            f"window needs two times of day or two date-times, but has not_before: {opens or 'none'}, not_after: "
            f"{closes or 'none'}",
            "Give both in one form.",
        )
    return _daily(parse_time_of_day(opens, _OPENS), parse_time_of_day(closes, _CLOSES))


def _once(opens_at: datetime | None, closes_at: datetime | None, zone: tzinfo) -> Once:
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        raise wrong(
            f"{_CLOSES} ({shown(closes_at, zone)}) is not later than {_OPENS} ({shown(opens_at, zone)})",
            "Correct them: the window would never be open.",
        )
    return Once(opens_at, closes_at)


def _daily(opens: time, closes: time) -> Daily:
    if opens == closes:
        raise wrong(f"{_OPENS} and {_CLOSES} are the same time of day", "Leave out a window that is always open.")
    return Daily(opens, closes)


def _recurring(rule: str, duration: str, opens: str, closes: str, zone: tzinfo) -> Recurring:
    if not (rule and duration):
        raise wrong(f"{RULE} and {DURATION} must be given together", 'Give both, such as duration: "PT6H".')
    if closes:
        raise wrong(
            f"{_CLOSES} cannot be used with {RULE}", "Let the rule end with UNTIL or COUNT; duration closes it."
        )
    if opens and not is_date_time(opens):
        raise wrong(
            f"{_OPENS}: '{opens}' is not the date-time that {RULE} counts from", hint(opens, "2026-01-31T22:00")
        )
    lasts = parse_duration(duration)
    begins = parse_moment(opens, _OPENS, zone).astimezone(zone).replace(tzinfo=None) if opens else None
    found = Recurring(parse_recurrence(rule, begins, zone), lasts)
    _require_apart(found, zone)
    return found


def _require_apart(openings: Recurring, zone: tzinfo) -> None:
    """Refuse a rule whose openings overlap: it would be open at other times than it reads."""
    try:
        begins = openings.rule.first_day + _DAYS_BACK + openings.lasts.whole
        first_openings = list(islice(openings.around(begins, zone), _LOOKED_AT_FOR_OVERLAPS))
    except OverflowError as problem:
        raise wrong(f"{RULE} extends beyond the year 9999", "Correct not_before.") from problem
    for one, following in pairwise(first_openings):
        if one.ends and following.begins and one.ends > following.begins:
            raise wrong(
                f"{DURATION} is so long that one opening ({shown(following.begins, zone)}) begins before the last has "
                f"ended ({shown(one.ends, zone)})",
                "Make it shorter.",
            )

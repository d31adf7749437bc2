# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a cut-over may happen: windows between two date-times, or between two times of day in a time zone.

Times are read from what the user wrote and judged by a time that the caller gives. zoneinfo reads the rules of a zone
from the system or from the package tzdata; they are constants like any other, so this is pure all the same.

Where a zone's summer time makes a local time special, a window is never longer than its times say: a time that the
clock skips stands for the moment of the jump, and a time that comes twice for the first of the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from .failures import ConfigurationError

BEFORE, OPEN, OVER = "before", "open", "over"
UTC = "UTC"
_OPENS, _CLOSES = "window.not_before", "window.not_after"
_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?: ?([Zz]|[+-]\d\d:?\d\d))?", re.ASCII
)
_TIME_OF_DAY = re.compile(r"(\d\d?):(\d\d)(?::(\d\d))?", re.ASCII)
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
# A day's window may begin the day before; and a day may have none, where the clock skips it whole.
_NEARBY_DAYS = range(-2, 5)
_NOTHING_ASKED = "Nothing was read or written."

Read = TypeVar("Read")


@dataclass(frozen=True)
class Judgment:
    """A window at one moment, in UTC: C(state) is before, open or over.

    C(opens_at) and C(closes_at) are those of the opening that C(now) is in, else of the next one, else of the last.
    None: it has been open ever since, or will be for ever. C(zone) is for showing the times.
    """

    state: str
    now: datetime
    opens_at: datetime | None
    closes_at: datetime | None
    zone: tzinfo = timezone.utc

    def as_result(self) -> dict[str, str | None]:
        """Return the judgment for a result."""
        return {
            "state": self.state,
            "now": self.now.isoformat(),
            "opens_at": self.opens_at.isoformat() if self.opens_at else None,
            "closes_at": self.closes_at.isoformat() if self.closes_at else None,
        }

    def objection(self) -> str:
        """Say why nothing may be cut over now, and what to do; empty while it is open. Times in the window's zone."""
        if self.state == OPEN:
            return ""
        here = f"Azure's time is {shown(self.now, self.zone)}"
        if self.state == BEFORE and self.opens_at:
            return f"Its window opens at {shown(self.opens_at, self.zone)}; {here}. Run again then"
        closed = shown(self.closes_at, self.zone) if self.closes_at else ""
        return f"Its window has been over since {closed}; {here}. Give a new window, then run again"


@dataclass(frozen=True)
class Window:
    """A window that opens once: from C(opens_at) until just before C(closes_at), each None where there is none."""

    opens_at: datetime | None
    closes_at: datetime | None
    zone: tzinfo = timezone.utc

    def judge(self, now: datetime) -> Judgment:
        """Return what the window is at this moment."""
        state = OPEN
        if self.opens_at is not None and now < self.opens_at:
            state = BEFORE
        elif self.closes_at is not None and now >= self.closes_at:
            state = OVER
        return Judgment(state, now, self.opens_at, self.closes_at, self.zone)


@dataclass(frozen=True)
class DailyWindow:
    """A window that opens every day, from one time of day until just before another, over midnight where that is
    the earlier one. It is never over."""

    opens: time
    closes: time
    zone: tzinfo = timezone.utc

    def judge(self, now: datetime) -> Judgment:
        """Return what the window is at this moment."""
        opens_at, closes_at = next(pair for pair in self._openings(now) if now < pair[1])
        return Judgment(OPEN if opens_at <= now else BEFORE, now, opens_at, closes_at, self.zone)

    def _openings(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the openings around a moment, in order; days on which the clock skips the window have none."""
        today = now.astimezone(self.zone).date()
        for days in _NEARBY_DAYS:
            day = today + days * _DAY
            last = day + _DAY if self.closes < self.opens else day
            opens_at, closes_at = _moment(day, self.opens, self.zone), _moment(last, self.closes, self.zone)
            if opens_at < closes_at:
                yield opens_at, closes_at


AnyWindow: TypeAlias = "Window | DailyWindow"


def shown(moment: datetime, zone: tzinfo) -> str:
    """Return a moment for a person: local, to the second, with the offset that makes it certain."""
    try:
        local = moment.astimezone(zone)
    except OverflowError:
        # The last hours of the year 9999 have no local time everywhere.
        local = moment
    return local.isoformat(timespec="seconds")


def parse_window(not_before: str, not_after: str, time_zone: str = UTC) -> AnyWindow:
    """Return the window that a user describes; empty texts are times that were not given. Raises ConfigurationError."""
    zone = parse_zone(time_zone)
    opens, closes = not_before.strip(), not_after.strip()
    forms = {_form(value, name) for name, value in ((_OPENS, opens), (_CLOSES, closes)) if value}
    if not forms:
        raise _wrong("window has neither not_before nor not_after", "Give at least one of them.")
    if forms == {_DATE_TIME}:
        return _once(
            parse_moment(opens, _OPENS, zone) if opens else None,
            parse_moment(closes, _CLOSES, zone) if closes else None,
            zone,
        )
    if len(forms) > 1 or not (opens and closes):
        raise _wrong(
            f"window needs two times of day or two date-times, but has not_before: {opens or 'none'}, not_after: "
            f"{closes or 'none'}",
            "Give both in one form.",
        )
    return _daily(_parse_time_of_day(opens, _OPENS), _parse_time_of_day(closes, _CLOSES), zone)


def _form(value: str, name: str) -> re.Pattern[str]:
    for form in (_DATE_TIME, _TIME_OF_DAY):
        if form.fullmatch(value):
            return form
    raise _wrong(f"{name}: '{value}' is neither a date-time nor a time of day", _hint(value, "22:00"))


def _once(opens_at: datetime | None, closes_at: datetime | None, zone: tzinfo) -> Window:
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        raise _wrong(
            f"{_CLOSES} ({shown(closes_at, zone)}) is not later than {_OPENS} ({shown(opens_at, zone)})",
            "Correct them: the window would never be open.",
        )
    return Window(opens_at, closes_at, zone)


def _daily(opens: time, closes: time, zone: tzinfo) -> DailyWindow:
    if opens == closes:
        raise _wrong(f"{_OPENS} and {_CLOSES} are the same time of day", "Leave out a window that is always open.")
    return DailyWindow(opens, closes, zone)


def parse_zone(name: str) -> tzinfo:
    """Return the time zone of an IANA name. Raises ConfigurationError where there is none."""
    if name.upper() == UTC:
        # The default works without any database of zones.
        return timezone.utc
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as problem:
        raise _wrong(
            f"'{name}' is not a known time zone",
            "Give a name such as Europe/Amsterdam. If the system has no time zone database, the Python that "
            "runs this task needs the package tzdata (requirements.txt).",
        ) from problem


def parse_moment(value: str, name: str, zone: tzinfo = timezone.utc) -> datetime:
    """Return a date-time in UTC; without an offset of its own it is of the zone. C(name) is the option's.

    Raises ConfigurationError.
    """
    found = _DATE_TIME.fullmatch(value.strip())
    if found is None:
        raise _wrong(f"{name}: '{value}' is not a date-time", _hint(value, "2026-01-31T22:00+01:00"))
    year, month, day, hour, minute, second, offset = found.groups()

    def read() -> datetime:
        at = time(int(hour), int(minute), int(second or 0))
        own = _parse_offset(offset) if offset else zone
        return _moment(date(int(year), int(month), int(day)), at, own)

    return _parsed(read, value, name)


def _parse_offset(offset: str) -> tzinfo:
    if offset in ("Z", "z"):
        return timezone.utc
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    if minutes > 59:
        raise ValueError("an hour has 60 minutes")
    size = timedelta(hours=hours, minutes=minutes)
    return timezone(-size if offset.startswith("-") else size)


def _parse_time_of_day(value: str, name: str) -> time:
    hour, minute, second = (int(part) for part in f"{value}:0".split(":")[:3])
    return _parsed(lambda: time(hour, minute, second), value, name)


def _parsed(read: Callable[[], Read], value: str, name: str) -> Read:
    try:
        return read()
    except (ValueError, OverflowError) as problem:
        raise _wrong(f"{name}: '{value}' does not exist: {str(problem).rstrip('.')}", "Correct it.") from problem


def _hint(value: str, example: str) -> str:
    # YAML reads 22:00 without quotes as a number to the base of sixty.
    number = " YAML reads times without quotes as numbers: put it in quotes." if value.isdigit() else ""
    return f'Write it as in "{example}".{number}'


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    """Return a local time in UTC: where the clock skips it, the moment of the jump; where it comes twice, the first."""
    first, second = (datetime.combine(day, at, zone).replace(fold=fold).astimezone(timezone.utc) for fold in (0, 1))
    return first if first <= second else _jump_between(second, first, zone)


def _jump_between(early: datetime, late: datetime, zone: tzinfo) -> datetime:
    """Return the first second after a change of the offset that lies after C(early) and not after C(late)."""
    before = early.astimezone(zone).utcoffset()
    while late - early > _SECOND:
        middle = early + (late - early) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


def _wrong(happened: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"{happened}.", f"{_NOTHING_ASKED} {remedy}")

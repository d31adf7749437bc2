# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The days on which a recurring window opens: a recurrence rule of RFC 5545 (section 3.3.10), and how long it lasts.

python-dateutil knows the days of a rule. It takes much for granted that the RFC forbids (a month of 99 days, a day of
the week that is ignored), and reads what a rule leaves open from the day that it counts from: both are refused here.
The library is imported when a rule is read, as nothing else needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from itertools import takewhile

from .failures import ConfigurationError, MissingLibrary
from .local_times import moment_of, parsed, wrong

RULE, DURATION = "window.rule", "window.duration"
EXAMPLE = "FREQ=WEEKLY;BYDAY=SA;BYHOUR=22"
# A window is for a night or a weekend; more often than daily it would be hard to say when it is open.
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
_DAYS = "MO|TU|WE|TH|FR|SA|SU"
_WEEKDAY = re.compile(rf"([+-]?\d{{1,2}})?({_DAYS})", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,5}", re.ASCII)
_UNTIL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?", re.ASCII)
_LASTS = re.compile(r"P(?:(\d+)W|(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?)", re.ASCII)
# The lists of numbers: the least and the largest; those that begin at 1 and _COUNT_BACK count from the end as well.
_BY_NUMBER: Mapping[str, tuple[int, int]] = {
    "BYSECOND": (0, 59),
    "BYMINUTE": (0, 59),
    "BYHOUR": (0, 23),
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (1, 31),
    "BYYEARDAY": (1, 366),
    "BYWEEKNO": (1, 53),
    "BYSETPOS": (1, 366),
}
_COUNT_BACK = ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")
# An interval or a count; more than that is a slip of the hand.
_MOST = 10000
_PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_BY_NUMBER})
# What says which day it is; without any, it is the one that the rule counts from.
_DAY_PARTS = ("BYDAY", "BYMONTHDAY", "BYYEARDAY")
# RFC 5545: what must not stand beside a frequency.
_NOT_WITH: Mapping[str, tuple[str, ...]] = {
    "BYWEEKNO": ("MONTHLY", "WEEKLY", "DAILY"),
    "BYYEARDAY": ("MONTHLY", "WEEKLY", "DAILY"),
    "BYMONTHDAY": ("WEEKLY",),
}
# So far ahead a rule is followed: beyond that nobody plans, and a leap day is nearer.
HORIZON = timedelta(days=3660)
_LONGEST = timedelta(days=31)
_ANY_DAY = date(2000, 1, 1)
_GIVE_BEGINNING = "Give the first day and time as not_before, such as 2026-01-31T22:00."
_OR_BEGINNING = "Or give the first day and time as not_before."


@dataclass(frozen=True)
class Duration:
    """How long a window lasts (RFC 5545, section 3.3.6): whole days by the calendar, the rest by elapsed time."""

    days: int
    rest: timedelta

    def end(self, start: datetime, zone: tzinfo) -> datetime:
        """Return the end in UTC of what starts at a local time."""
        return moment_of(start.date() + timedelta(days=self.days), start.time(), zone) + self.rest

    @property
    def whole(self) -> timedelta:
        """The length of all of it where no clock is changed."""
        return timedelta(days=self.days) + self.rest


@dataclass(frozen=True)
class Recurrence:
    """A rule: C(text) for the library, C(begins) the local time that it counts from, C(until) its last moment (UTC)."""

    text: str
    begins: datetime | None
    until: datetime | None

    @property
    def first_day(self) -> date:
        """The day that it counts from; of one that does not count, any."""
        return self.begins.date() if self.begins else _ANY_DAY

    def starts(self, day: date, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        """Yield its starts from a day on, as local times and in UTC, as far ahead as it is followed; before these the
        last one before that day."""
        from dateutil.rrule import rrulestr

        # The days of a rule that does not count are the same wherever one begins: a year before, all periods are whole.
        anchor = self.begins or datetime.combine(date(max(day.year - 1, 1), 1, 1), time())
        first, end = (datetime.combine(one, time()) for one in (day, _ahead(max(day, anchor.date()))))
        before: tuple[datetime, datetime] | None = None
        for start in takewhile(lambda one: one < end, rrulestr(self.text, dtstart=anchor)):
            moment = moment_of(start.date(), start.time(), zone)
            if self.until is not None and moment > self.until:
                break
            if start < first:
                before = (start, moment)
                continue
            if before is not None:
                yield before
                before = None
            yield start, moment
        if before is not None:
            yield before


def _ahead(day: date) -> date:
    return date.fromordinal(min(day.toordinal() + HORIZON.days, date.max.toordinal()))


def require_library() -> None:
    """Raise MissingLibrary where rules cannot be read."""
    try:
        import dateutil.rrule  # noqa: F401
    except ImportError as problem:
        raise MissingLibrary(
            f"The Python that runs this task lacks a library, which {RULE} needs: {problem.msg}.",
            "Install python-dateutil (requirements.txt) for it, or give the window as not_before and not_after.",
        ) from problem


def parse_recurrence(text: str, begins: datetime | None, zone: tzinfo) -> Recurrence:
    """Return the recurrence of a rule; C(begins) is the local time that it counts from, where there is one.

    Raises ConfigurationError for what is no rule, for one that leaves open when it opens, and for one that never does;
    MissingLibrary.
    """
    parts = _split(text)
    _require_valid(parts)
    _require_day(parts, begins)
    require_library()
    until = _until(parts.pop("UNTIL"), zone) if "UNTIL" in parts else None
    found = Recurrence(";".join(f"{name}={value}" for name, value in parts.items()), begins, until)
    if next(found.starts(found.first_day, zone), None) is None:
        raise wrong(f"{RULE}: '{text}' never occurs", "Correct it: the window would never open.")
    return found


def _split(text: str) -> dict[str, str]:
    rule = text.strip().upper().removeprefix("RRULE:").rstrip(";")
    parts = dict[str, str]()
    for part in rule.split(";"):
        name, equals, value = part.partition("=")
        if not equals or name not in _PARTS:
            raise _bad(f"'{part}' is not part of a recurrence rule")
        if name in parts:
            raise _bad(f"{name} is given twice")
        parts[name] = value
    return parts


def _bad(happened: str) -> ConfigurationError:
    return wrong(f"{RULE}: {happened}", f'Write it as RFC 5545 has it, such as "{EXAMPLE}".')


def _require_valid(parts: Mapping[str, str]) -> None:
    """Refuse what RFC 5545 does not allow, which the library would take for something else."""
    frequency = parts.get("FREQ")
    if frequency not in _FREQUENCIES:
        raise _bad(f"FREQ is {frequency or 'missing'}, not one of {', '.join(_FREQUENCIES)}")
    for name, value in parts.items():
        _require_value(name, value, frequency)
    if "COUNT" in parts and "UNTIL" in parts:
        raise _bad("COUNT and UNTIL exclude each other")
    if "BYWEEKNO" in parts and "BYDAY" not in parts:
        raise _bad("BYWEEKNO needs BYDAY")
    if "BYSETPOS" in parts and not any(name.startswith("BY") for name in parts if name != "BYSETPOS"):
        raise _bad("BYSETPOS needs another part that begins with BY")


def _require_value(name: str, value: str, frequency: str) -> None:
    if frequency in _NOT_WITH.get(name, ()):
        raise _bad(f"{name} cannot be used with FREQ={frequency}")
    if name in _BY_NUMBER:
        least, most = _BY_NUMBER[name]
        is_right = all(_is_within(one, least, most, back=name in _COUNT_BACK) for one in value.split(","))
    elif name in ("INTERVAL", "COUNT"):
        is_right = value.isdigit() and _is_within(value, 1, _MOST, back=False)
    elif name == "BYDAY":
        is_right = all(_is_weekday(one, frequency) for one in value.split(","))
    else:
        is_right = name != "WKST" or value in _DAYS.split("|")
    if not is_right:
        raise _bad(f"{name}={value} is not valid with FREQ={frequency}")


def _is_within(value: str, least: int, most: int, *, back: bool) -> bool:
    if not _NUMBER.fullmatch(value):
        return False
    number = int(value)
    return least <= (abs(number) if back else number) <= most


def _is_weekday(value: str, frequency: str) -> bool:
    """Whether a text is a day of the week; which one of a month or a year only these have."""
    found = _WEEKDAY.fullmatch(value)
    if found is None:
        return False
    return found.group(1) is None or (frequency in ("MONTHLY", "YEARLY") and 1 <= abs(int(found.group(1))) <= 53)


def _require_day(parts: Mapping[str, str], begins: datetime | None) -> None:
    """Refuse a rule that takes its day, its hour or its count from a beginning that is not given."""
    if begins is not None:
        return
    counts = "COUNT" if "COUNT" in parts else "INTERVAL" if int(parts.get("INTERVAL", "1")) > 1 else ""
    if counts:
        raise wrong(f"{RULE}: {counts} needs window.not_before, from which it counts", _GIVE_BEGINNING)
    if "BYHOUR" not in parts:
        raise wrong(f"{RULE} does not say at which hour it opens", f"Add BYHOUR, such as BYHOUR=22. {_OR_BEGINNING}")
    if parts["FREQ"] != "DAILY" and not any(name in parts for name in _DAY_PARTS):
        raise wrong(f"{RULE} does not say on which day it opens", f"Add BYDAY, such as BYDAY=SA. {_OR_BEGINNING}")


def _until(value: str, zone: tzinfo) -> datetime:
    """Return the last moment of a rule: of a date its end, of a time without Z one of the zone."""
    found = _UNTIL.fullmatch(value)
    if found is None:
        raise _bad(f"UNTIL={value} is neither a date nor a date-time")
    year, month, day, hour, minute, second, is_utc = found.groups()

    def read() -> datetime:
        on = date(int(year), int(month), int(day))
        if hour is None:
            return moment_of(on + timedelta(days=1), time(), zone) - timedelta(seconds=1)
        return moment_of(on, time(int(hour), int(minute), int(second)), timezone.utc if is_utc else zone)

    return parsed(read, f"UNTIL={value}", RULE)


def parse_duration(value: str) -> Duration:
    """Return how long a window lasts. Raises ConfigurationError."""
    found = _LASTS.fullmatch(value.strip().upper())
    if found is None or not any(found.groups()):
        raise wrong(f"{DURATION}: '{value}' is not a duration", 'Write it as RFC 5545 has it, such as "PT6H" or "P1D".')
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    try:
        lasts = Duration(7 * weeks + days, timedelta(hours=hours, minutes=minutes, seconds=seconds))
        is_in_bounds = timedelta() < lasts.whole <= _LONGEST
    except OverflowError:
        is_in_bounds, lasts = False, Duration(0, timedelta())
    if not is_in_bounds:
        raise wrong(f"{DURATION}: '{value}' is not between a second and {_LONGEST.days} days", "Correct it.")
    return lasts

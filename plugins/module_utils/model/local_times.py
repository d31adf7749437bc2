# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times that users write: date-times, times of day and dates, in time zones, with the days on which a clock is changed.

zoneinfo reads the rules of a zone from the system or from the package tzdata; they are constants like any other, so
this is pure all the same.

A local time that the clock skips stands for the moment of the jump, and one that comes twice for the first of the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import TypeVar
from zoneinfo import ZoneInfo

from .failures import ConfigurationError

UTC = "UTC"
_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?: ?([Zz]|[+-]\d\d:?\d\d))?", re.ASCII
)
_TIME_OF_DAY = re.compile(r"(\d\d?):(\d\d)(?::(\d\d))?", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_SECOND = timedelta(seconds=1)
_NOTHING_ASKED = "Nothing was read or written."

Read = TypeVar("Read")


def wrong(happened: str, remedy: str) -> ConfigurationError:
    """Return the error of a time that a user gave; the options are read before anything else is."""
    return ConfigurationError(f"{happened}.", f"{_NOTHING_ASKED} {remedy}")


def is_date_time(value: str) -> bool:
    """Whether a text has the form of a date-time, which may not exist all the same."""
    return _DATE_TIME.fullmatch(value) is not None


def is_time_of_day(value: str) -> bool:
    """Whether a text has the form of a time of day."""
    return _TIME_OF_DAY.fullmatch(value) is not None


def shown(moment: datetime, zone: tzinfo) -> str:
    """Return a moment for a person: local, to the second, with the offset that makes it certain."""
    try:
        local = moment.astimezone(zone)
    except OverflowError:
        # The last hours of the year 9999 have no local time everywhere.
        local = moment
    return local.isoformat(timespec="seconds")


def parse_zone(name: str) -> tzinfo:
    """Return the time zone of an IANA name. Raises ConfigurationError where there is none."""
    if name.upper() == UTC:
        # The default works without any database of zones.
        return timezone.utc
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as problem:
        raise wrong(
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
        raise wrong(f"{name}: '{value}' is not a date-time", hint(value, "2026-01-31T22:00+01:00"))
    year, month, day, hour, minute, second, offset = found.groups()

    def read() -> datetime:
        at = time(int(hour), int(minute), int(second or 0))
        own = _parse_offset(offset) if offset else zone
        return moment_of(date(int(year), int(month), int(day)), at, own)

    return parsed(read, value, name)


def parse_time_of_day(value: str, name: str) -> time:
    """Return a time of day. Raises ConfigurationError where there is none such."""
    hour, minute, second = (int(part) for part in f"{value}:0".split(":")[:3])
    return parsed(lambda: time(hour, minute, second), value, name)


def parse_date(value: str, name: str) -> date:
    """Return a date. Raises ConfigurationError."""
    found = _DATE.fullmatch(value.strip())
    if found is None:
        raise wrong(f"{name}: '{value}' is not a date", hint(value, "2026-12-24"))
    year, month, day = map(int, found.groups())
    return parsed(lambda: date(year, month, day), value, name)


def hint(value: str, example: str) -> str:
    """Return how it is written, and why a number came instead."""
    # YAML reads 22:00 without quotes as a number to the base of sixty.
    number = " YAML reads times without quotes as numbers: put it in quotes." if value.isdigit() else ""
    return f'Write it as in "{example}".{number}'


def parsed(read: Callable[[], Read], value: str, name: str) -> Read:
    """Return what is read of a text in the right form. Raises ConfigurationError where it does not exist."""
    try:
        return read()
    except (ValueError, OverflowError) as problem:
        raise wrong(f"{name}: '{value}' does not exist: {str(problem).rstrip('.')}", "Correct it.") from problem


def _parse_offset(offset: str) -> tzinfo:
    if offset in ("Z", "z"):
        return timezone.utc
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    if minutes > 59:
        raise ValueError("an hour has 60 minutes")
    size = timedelta(hours=hours, minutes=minutes)
    return timezone(-size if offset.startswith("-") else size)


def moment_of(day: date, at: time, zone: tzinfo) -> datetime:
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

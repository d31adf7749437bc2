# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of DateTime, TimeSpan, Guid and Version."""

from __future__ import annotations

import uuid
from calendar import monthrange
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from powershell_subset.members.texts import NetFault
from powershell_subset.objects import NotModelled, PSEnum, Version
from powershell_subset.values.cast import to_double, to_integer, to_timespan
from powershell_subset.values.dates import LOCAL, UTC, date_text, kind, plain, span_text, to_local, to_utc
from powershell_subset.values.numbers import Int64
from powershell_subset.values.text import to_text

YEAR_ONE = datetime(1, 1, 1)  # noqa: DTZ001 - where ticks are counted from, in every kind
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
KINDS = {"Unspecified": 0, "Utc": 1, "Local": 2}
HOUR, MINUTE, SECOND, MILLISECOND = 3600 * 10**6, 60 * 10**6, 10**6, 10**3


def ticks(moment: datetime) -> int:
    """Tenths of microseconds since the year one."""
    return Int64((moment.replace(tzinfo=None) - YEAR_ONE) // timedelta(microseconds=1) * 10)


def _weekday(moment: datetime) -> PSEnum:
    number = moment.isoweekday() % 7
    return PSEnum(WEEKDAYS[number], number, "System.DayOfWeek")


def kind_value(name: str) -> PSEnum:
    """A value of [DateTimeKind]."""
    return PSEnum(name, KINDS[name], "System.DateTimeKind")


def _date(moment: datetime) -> datetime:
    return plain(moment).replace(hour=0, minute=0, second=0, microsecond=0)


def _time_of_day(moment: datetime) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)


DATE_PROPERTIES: dict[str, Callable[[Any], Any]] = {
    "date": _date,
    "day": lambda moment: moment.day,
    "dayofweek": _weekday,
    "dayofyear": lambda moment: moment.timetuple().tm_yday,
    "hour": lambda moment: moment.hour,
    "kind": lambda moment: kind_value(kind(moment)),
    "millisecond": lambda moment: moment.microsecond // 1000,
    "minute": lambda moment: moment.minute,
    "month": lambda moment: moment.month,
    "second": lambda moment: moment.second,
    "ticks": ticks,
    "timeofday": _time_of_day,
    "year": lambda moment: moment.year,
    "datetime": lambda moment: date_text(moment, "F"),
}


def _formatted(moment: datetime, pattern: Any = "G", culture: Any = None) -> str:
    if culture is not None and getattr(culture, "text", "") != "":
        raise NotModelled("a date in another culture")
    try:
        return date_text(moment, to_text(pattern) or "G")
    except ValueError as error:
        raise NetFault(str(error), "FormatException") from None


def _added(unit: timedelta) -> Callable[[datetime, Any], datetime]:
    return lambda moment, number: plain(moment) + unit * to_double(number)


def _months_added(moment: datetime, number: Any) -> datetime:
    index = moment.year * 12 + moment.month - 1 + to_integer(number, "Int32")
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        message = "The added or subtracted value results in an un-representable DateTime."
        raise NetFault(message, "ArgumentOutOfRangeException")
    day = min(moment.day, monthrange(year, month + 1)[1])
    return plain(moment).replace(year=year, month=month + 1, day=day)


def _less(moment: datetime, other: Any) -> Any:
    if isinstance(other, datetime):
        return moment.replace(tzinfo=None) - other.replace(tzinfo=None)
    return plain(moment) - to_timespan(other)


DATE_METHODS: dict[str, Callable[..., Any]] = {
    "add": lambda moment, span: plain(moment) + to_timespan(span),
    "adddays": _added(timedelta(days=1)),
    "addhours": _added(timedelta(hours=1)),
    "addmilliseconds": _added(timedelta(milliseconds=1)),
    "addminutes": _added(timedelta(minutes=1)),
    "addmonths": _months_added,
    "addseconds": _added(timedelta(seconds=1)),
    "addyears": lambda moment, number: _months_added(moment, to_integer(number, "Int32") * 12),
    "equals": lambda moment, other: isinstance(other, datetime) and ticks(moment) == ticks(other),
    "subtract": _less,
    "tolocaltime": to_local,
    "tolongdatestring": lambda moment: date_text(moment, "D"),
    "tolongtimestring": lambda moment: date_text(moment, "T"),
    "toshortdatestring": lambda moment: date_text(moment, "d"),
    "toshorttimestring": lambda moment: date_text(moment, "t"),
    "tostring": _formatted,
    "touniversaltime": to_utc,
}


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _part(unit: int, limit: int) -> Callable[[timedelta], int]:
    def part(span: timedelta) -> int:
        whole = abs(_microseconds(span)) // unit % limit
        return -whole if span < timedelta(0) else whole

    return part


def _total(unit: int) -> Callable[[timedelta], float]:
    return lambda span: _microseconds(span) / unit


SPAN_PROPERTIES: dict[str, Callable[[Any], Any]] = {
    "days": _part(24 * HOUR, 1 << 40),
    "hours": _part(HOUR, 24),
    "milliseconds": _part(MILLISECOND, 1000),
    "minutes": _part(MINUTE, 60),
    "seconds": _part(SECOND, 60),
    "ticks": lambda span: Int64(_microseconds(span) * 10),
    "totaldays": _total(24 * HOUR),
    "totalhours": _total(HOUR),
    "totalmilliseconds": _total(MILLISECOND),
    "totalminutes": _total(MINUTE),
    "totalseconds": _total(SECOND),
}


def _span_text(span: timedelta, pattern: Any = "c") -> str:
    if to_text(pattern) not in ("", "c", "t", "T"):
        raise NotModelled(f"the format '{to_text(pattern)}' of a TimeSpan")
    return span_text(span)


SPAN_METHODS: dict[str, Callable[..., Any]] = {
    "add": lambda span, other: span + to_timespan(other),
    "duration": abs,
    "negate": lambda span: -span,
    "subtract": lambda span, other: span - to_timespan(other),
    "tostring": _span_text,
}


def _guid_text(value: uuid.UUID, pattern: Any = "D") -> str:
    text = str(value)
    shapes = {"": text, "d": text, "n": value.hex, "b": f"{{{text}}}", "p": f"({text})"}
    shape = shapes.get(to_text(pattern).lower())
    if shape is None:
        raise NotModelled(f"the format '{to_text(pattern)}' of a Guid")
    return shape


GUID_METHODS: dict[str, Callable[..., Any]] = {
    "equals": lambda value, other: isinstance(other, uuid.UUID) and value == other,
    "tostring": _guid_text,
}
GUID_PROPERTIES: dict[str, Callable[[Any], Any]] = {"guid": str}


def _version_part(index: int) -> Callable[[Version], int]:
    return lambda version: version[index] if index < len(version) else -1


VERSION_PROPERTIES: dict[str, Callable[[Any], Any]] = {
    "build": _version_part(2),
    "major": _version_part(0),
    "minor": _version_part(1),
    "revision": _version_part(3),
}
VERSION_METHODS: dict[str, Callable[..., Any]] = {
    "compareto": lambda version, other: (version > other) - (version < other),
    "tostring": lambda version, count=4: ".".join(str(part) for part in version[: to_integer(count, "Int32")]),
}


def in_zone(moment: datetime, name: str) -> datetime:
    """[datetime]::SpecifyKind."""
    zone = {"utc": UTC, "local": LOCAL, "unspecified": None}[name.lower()]
    return plain(moment).replace(tzinfo=zone)

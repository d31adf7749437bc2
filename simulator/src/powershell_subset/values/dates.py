# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DateTime and TimeSpan: their kinds and their texts.

A DateTime is an aware ``datetime``: its time zone is `UTC` (Kind Utc) or `LOCAL` (Kind Local; hosts live in UTC), or
none (Unspecified). Python keeps microseconds, .NET a tenth of that: the last digit is always 0.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo

UTC = timezone.utc
LOCAL: tzinfo = timezone(timedelta(0), "local")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STANDARD = {
    "d": "M/d/yyyy",
    "D": "dddd, MMMM d, yyyy",
    "f": "dddd, MMMM d, yyyy h:mm tt",
    "F": "dddd, MMMM d, yyyy h:mm:ss tt",
    "g": "M/d/yyyy h:mm tt",
    "G": "M/d/yyyy h:mm:ss tt",
    "M": "MMMM d",
    "m": "MMMM d",
    "o": "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
    "O": "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
    "r": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
    "s": "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
    "t": "h:mm tt",
    "T": "h:mm:ss tt",
    "u": "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
    "y": "MMMM yyyy",
    "Y": "MMMM yyyy",
}
INVARIANT = "MM/dd/yyyy HH:mm:ss"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|\\.|%|d+|M+|y+|H+|h+|m+|s+|f+|F+|t+|K|z+|.", re.DOTALL)
ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?)?\s*(Z|[+-]\d{2}:\d{2})?"
)
AMERICAN = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?(?: (AM|PM))?)?", re.IGNORECASE
)


class HintedDateTime(datetime):
    """What Get-Date gives: a DateTime with a DisplayHint, which ConvertTo-Json shows."""


def kind(moment: datetime) -> str:
    """Utc, Local or Unspecified."""
    if moment.tzinfo is None:
        return "Unspecified"
    return "Local" if moment.tzinfo is LOCAL else "Utc"


def to_utc(moment: datetime) -> datetime:
    """ToUniversalTime(): an Unspecified time is taken for a local one."""
    if moment.tzinfo is None:
        return plain(moment).replace(tzinfo=UTC)
    return plain(moment).astimezone(UTC)


def to_local(moment: datetime) -> datetime:
    """ToLocalTime(): an Unspecified time is taken for UTC."""
    return to_utc(moment).replace(tzinfo=LOCAL)


def plain(moment: datetime) -> datetime:
    """`moment` without what Get-Date adds."""
    if not isinstance(moment, HintedDateTime):
        return moment
    return datetime(*moment.timetuple()[:6], microsecond=moment.microsecond, tzinfo=moment.tzinfo)


def hinted(moment: datetime) -> HintedDateTime:
    """`moment` as Get-Date gives it."""
    return HintedDateTime(*moment.timetuple()[:6], moment.microsecond, moment.tzinfo)


def milliseconds(moment: datetime) -> int:
    """Since 1970, UTC."""
    return (to_utc(moment) - EPOCH) // timedelta(milliseconds=1)


def date_text(moment: datetime, pattern: str = "G") -> str:
    """ToString() with a standard or a custom format, in American English."""
    if len(pattern) == 1:
        if pattern not in STANDARD:
            raise ValueError("Input string was not in a correct format.")
        if pattern == "u" and kind(moment) == "Unknown":
            moment = to_utc(moment)
        pattern = STANDARD[pattern]
    return "".join(_piece(token, moment) for token in TOKEN.findall(pattern))


def _piece(token: str, moment: datetime) -> str:
    first = token[0]
    if first in "'\"":
        return token[1:-1]
    if first == "\\":
        return token[1]
    if first == "%":
        return ""
    maker = _PIECES.get(first)
    return token if maker is None else maker(len(token), moment)


def _number(value: int, length: int) -> str:
    return str(value) if length == 1 else f"{value:02d}"


def _day(length: int, moment: datetime) -> str:
    if length <= 2:
        return _number(moment.day, length)
    name = DAYS[moment.weekday()]
    return name[:3] if length == 3 else name


def _month(length: int, moment: datetime) -> str:
    if length <= 2:
        return _number(moment.month, length)
    name = MONTHS[moment.month - 1]
    return name[:3] if length == 3 else name


def _year(length: int, moment: datetime) -> str:
    return str(moment.year % 100).zfill(length) if length <= 2 else str(moment.year).zfill(length)


def _fraction(length: int, moment: datetime) -> str:
    return f"{moment.microsecond:06d}0"[:length]


def _shortest_fraction(length: int, moment: datetime) -> str:
    return _fraction(length, moment).rstrip("0")


def _zone(_length: int, moment: datetime) -> str:
    return {"Utc": "Z", "Local": "+00:00", "Unspecified": ""}[kind(moment)]


def _offset(length: int, moment: datetime) -> str:
    return {1: "+0", 2: "+00"}.get(length, "+00:00")


def _half(length: int, moment: datetime) -> str:
    text = "AM" if moment.hour < 12 else "PM"
    return text[:1] if length == 1 else text


_PIECES = {
    "d": _day,
    "M": _month,
    "y": _year,
    "H": lambda length, moment: _number(moment.hour, length),
    "h": lambda length, moment: _number(moment.hour % 12 or 12, length),
    "m": lambda length, moment: _number(moment.minute, length),
    "s": lambda length, moment: _number(moment.second, length),
    "f": _fraction,
    "F": _shortest_fraction,
    "t": _half,
    "K": _zone,
    "z": _offset,
}


def span_text(span: timedelta) -> str:
    """ToString() of a TimeSpan."""
    total = abs(span)
    hours, rest = divmod(total.seconds, 3600)
    text = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
    if total.days:
        text = f"{total.days}.{text}"
    if total.microseconds:
        text += f".{total.microseconds:06d}0"
    return "-" + text if span < timedelta(0) else text


def parse_date(text: str) -> datetime | None:
    """A DateTime from ISO 8601 or American text, as ``[datetime]`` takes it; None: not one of these.

    A text with a zone becomes local time, one without is Unspecified.
    """
    found = ISO.fullmatch(text.strip())
    if found:
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        return _moment((year, month, day, hour, minute, second), fraction, zone)
    found = AMERICAN.fullmatch(text.strip())
    if found is None:
        return None
    month, day, year, hour, minute, second, fraction, half = found.groups()
    if half:
        hour = str(int(hour) % 12 + (12 if half.upper() == "PM" else 0))
    return _moment((year, month, day, hour, minute, second), fraction, None)


def _moment(parts: tuple[str | None, ...], fraction: str | None, zone: str | None) -> datetime | None:
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=None)  # noqa: DTZ001 - Unspecified
    except ValueError:
        return None
    moment += timedelta(microseconds=int((fraction or "").ljust(6, "0")[:6]))
    if zone is None:
        return moment
    offset = timedelta(0)
    if zone != "Z":
        sign = -1 if zone[0] == "-" else 1
        offset = sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
    return (moment - offset).replace(tzinfo=LOCAL)

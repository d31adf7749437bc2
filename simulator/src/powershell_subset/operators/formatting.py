# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``-f``: composite formats of .NET, in American English."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from powershell_subset.errors import runtime_error
from powershell_subset.objects import NotModelled, PSEnum
from powershell_subset.values.dates import date_text, span_text
from powershell_subset.values.numbers import is_number
from powershell_subset.values.text import double_text, to_text
from powershell_subset.values.types import type_of

ITEM = re.compile(r"\{\{|\}\}|\{(?P<index>\d+)(?:,(?P<width>-?\d+))?(?::(?P<format>(?:[^{}]|\{\{|\}\})*))?\}|[{}]")
STANDARD = re.compile(r"(?P<letter>[A-Za-z])(?P<digits>\d{0,2})")
CUSTOM = re.compile(r"(?P<grouped>#,)?(?P<whole>[#0]+)(?:\.(?P<fraction>[#0]+))?(?P<percent>%)?")


def format_text(pattern: str, values: list[Any]) -> str:
    """A format with its values.

    Raises:
        Terminating: the format is wrong, or wants more values than there are.
    """

    def fill(found: re.Match[str]) -> str:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        if found["index"] is None:
            raise _format_error("Input string was not in a correct format.")
        index = int(found["index"])
        if index >= len(values):
            message = "Index (zero based) must be greater than or equal to zero "
            raise _format_error(message + "and less than the size of the argument list.")
        text = format_value(values[index], found["format"] or "")
        width = int(found["width"] or 0)
        return text.ljust(-width) if width < 0 else text.rjust(width)

    return ITEM.sub(fill, pattern)


def _format_error(message: str) -> Exception:
    return runtime_error(f"Error formatting a string: {message}.", "FormatError")


def format_value(value: Any, pattern: str = "") -> str:
    """One value in a format of its type."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return date_text(value, pattern or "G")
    if not pattern or isinstance(value, (str, bool)):
        return type_of(value) if isinstance(value, list) else to_text(value)
    if is_number(value):
        return number_text(value, pattern)
    if isinstance(value, timedelta) and pattern in ("c", "t", "T"):
        return span_text(value)
    if isinstance(value, PSEnum) and pattern.lower() in ("d", "g"):
        return str(value.value) if pattern.lower() == "d" else value.name
    if isinstance(value, uuid.UUID) and pattern.lower() in ("d", "n"):
        return str(value) if pattern.lower() == "d" else value.hex
    raise NotModelled(f"the format '{pattern}' of {type_of(value)}")


def number_text(value: Any, pattern: str) -> str:
    """A number in a standard or a custom format."""
    standard = STANDARD.fullmatch(pattern)
    if standard:
        return _standard(value, standard["letter"], standard["digits"])
    custom = CUSTOM.fullmatch(pattern)
    if custom is None:
        raise NotModelled(f"the number format '{pattern}'")
    return _custom(value, custom)


def _exact(value: Any) -> Decimal:
    return Decimal(double_text(value)) if isinstance(value, float) else Decimal(value)


def _rounded(value: Any, digits: int) -> Decimal:
    return _exact(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _standard(value: Any, letter: str, digits: str) -> str:
    kind = letter.upper()
    if kind == "D" and isinstance(value, int):
        text = str(abs(value)).zfill(int(digits or 0))
        return "-" + text if value < 0 else text
    if kind == "X" and isinstance(value, int) and value >= 0:
        return format(int(value), letter).zfill(int(digits or 0))
    places = int(digits) if digits else 2
    if kind == "N":
        return _signed(f"{_rounded(value, places):,f}")
    if kind == "F":
        return _signed(f"{_rounded(value, places):f}")
    if kind == "P":
        return _signed(f"{_rounded(_exact(value) * 100, places):,f} %")
    if kind == "G" and not digits:
        return to_text(value)
    if kind == "R" and isinstance(value, float):
        return double_text(value, exact=True)
    raise NotModelled(f"the number format '{letter}{digits}' of {type_of(value)}")


def _signed(text: str) -> str:
    """.NET Framework writes no minus before a zero."""
    return text[1:] if text.startswith("-") and not re.search(r"[1-9]", text) else text


def _custom(value: Any, custom: re.Match[str]) -> str:
    fraction = custom["fraction"] or ""
    number = _rounded(_exact(value) * (100 if custom["percent"] else 1), len(fraction))
    whole, _point, part = f"{abs(number):f}".partition(".")
    least = fraction.count("0")
    while len(part) > least and part.endswith("0"):
        part = part[:-1]
    whole = whole.lstrip("0").zfill(custom["whole"].count("0"))
    text = (f"{int(whole or 0):,}" if custom["grouped"] and whole else whole) + ("." + part if part else "")
    return ("-" if number < 0 and re.search(r"[1-9]", text) else "") + text + (custom["percent"] or "")

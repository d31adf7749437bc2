# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ConvertTo-Json as Windows PowerShell 5.1 writes it."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from powershell_subset.members.times import SPAN_PROPERTIES, VERSION_PROPERTIES
from powershell_subset.objects import Hashtable, NotModelled, PSEnum, PSObject, Switch, Version
from powershell_subset.running.stages import Collecting, cmdlet
from powershell_subset.values.cast import to_integer
from powershell_subset.values.dates import HintedDateTime, date_text, milliseconds
from powershell_subset.values.text import double_text, to_text, truth
from powershell_subset.values.types import type_of

DEPTH = 2
SPAN_NAMES = (
    *("Ticks", "Days", "Hours", "Milliseconds", "Minutes", "Seconds", "TotalDays", "TotalHours"),
    *("TotalMilliseconds", "TotalMinutes", "TotalSeconds"),
)
MOST = 100
ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
ESCAPES |= {char: f"\\u{ord(char):04x}" for char in "'<>&\x85\u2028\u2029"}
ESCAPES |= {chr(code): f"\\u{code:04x}" for code in range(0x20) if chr(code) not in ESCAPES}
TRANSLATION = str.maketrans(ESCAPES)
# What a value is made of before it is written: text that is written as it is, a table, or a list.
Shaped = str | dict[str, "Shaped"] | list["Shaped"]


@cmdlet()
class ConvertToJson(Collecting):
    """ConvertTo-Json."""

    title = "ConvertTo-Json"
    names = ("Depth",)
    positions = ("InputObject",)
    switches = ("Compress",)

    def _end(self) -> None:
        if self.has("InputObject"):
            self._write(self.given("InputObject"))
        elif self.items:
            self._write(self.items[0] if len(self.items) == 1 else self.items, piped=True)

    def _write(self, value: Any, *, piped: bool = False) -> None:
        depth = to_integer(self.given("Depth", DEPTH), "Int32")
        if not 1 <= depth <= MOST:
            raise NotModelled(f"ConvertTo-Json -Depth {depth}")
        if piped and isinstance(value, datetime) and not isinstance(value, HintedDateTime):
            raise NotModelled("ConvertTo-Json of a DateTime that comes down the pipeline")
        if value is None:
            raise NotModelled("ConvertTo-Json of $null alone")
        shaped = shape(value, 0, depth)
        self.emit(compressed(shaped) if truth(self.given("Compress")) else pretty(shaped, 0))


def quoted(text: str) -> str:
    """A JSON string, with the characters escaped that JavaScriptSerializer escapes."""
    return '"' + text.translate(TRANSLATION) + '"'


def _date(value: datetime, level: int, depth: int) -> Shaped:
    text = f'"\\/Date({milliseconds(value)})\\/"'
    if not isinstance(value, HintedDateTime):
        return text
    return {"value": text, "DisplayHint": "2", "DateTime": quoted(date_text(value, "F"))}


def _bool(value: bool, level: int, depth: int) -> Shaped:
    return "true" if value else "false"


def _double(value: float, level: int, depth: int) -> Shaped:
    if not math.isfinite(value):
        raise NotModelled("ConvertTo-Json of a number that is none")
    return double_text(value, exact=True)


def _span(value: timedelta, level: int, depth: int) -> Shaped:
    return _of(depth, level, {name: SPAN_PROPERTIES[name.lower()](value) for name in SPAN_NAMES}, value)


def _version(value: Version, level: int, depth: int) -> Shaped:
    parts = {name: VERSION_PROPERTIES[name.lower()](value) for name in ("Major", "Minor", "Build", "Revision")}
    return _of(depth, level, {**parts, "MajorRevision": _half(parts, 16), "MinorRevision": _half(parts, 0)}, value)


def _half(parts: dict[str, int], bits: int) -> int:
    half = parts["Revision"] >> bits & 0xFFFF
    return half - (1 << 16) if half >= 1 << 15 else half


def _of(depth: int, level: int, properties: dict[str, Any], value: Any) -> Shaped:
    """An object of properties, or its text when it lies too deep."""
    if level > depth:
        return quoted(to_text(value))
    return {name: shape(item, level + 1, depth) for name, item in properties.items()}


def _table(value: Hashtable, level: int, depth: int) -> Shaped:
    for key in value:
        if not isinstance(key, str):
            raise NotModelled("ConvertTo-Json of a table whose keys are no strings")
    return _of(depth, level, dict(value.items()), value)


def _list(value: Any, level: int, depth: int) -> Shaped:
    if level > depth:
        return quoted(to_text(value))
    return [shape(item, level + 1, depth) for item in value]


SHAPES: tuple[tuple[Any, Callable[[Any, int, int], Shaped]], ...] = (
    (bool, _bool),
    (str, lambda value, level, depth: quoted(str(value))),
    (int, lambda value, level, depth: str(int(value))),
    (float, _double),
    (Decimal, lambda value, level, depth: f"{value:f}"),
    (datetime, _date),
    (timedelta, _span),
    (uuid.UUID, lambda value, level, depth: quoted(str(value))),
    (PSEnum, lambda value, level, depth: str(value.value)),
    (Switch, lambda value, level, depth: _of(depth, level, {"IsPresent": value.present}, value)),
    (Version, _version),
    (Hashtable, _table),
    ((list, bytes), _list),
    (PSObject, lambda value, level, depth: _of(depth, level, dict(value.items()), value)),
)


def shape(value: Any, level: int, depth: int) -> Shaped:
    """What a value becomes; below `depth` only its text is left."""
    if value is None:
        return "null"
    for kinds, maker in SHAPES:
        if isinstance(value, kinds):
            return maker(value, level, depth)
    raise NotModelled(f"ConvertTo-Json of {type_of(value)}")


def compressed(shaped: Shaped) -> str:
    """On one line, without blanks."""
    if isinstance(shaped, dict):
        return "{" + ",".join(f"{quoted(name)}:{compressed(item)}" for name, item in shaped.items()) + "}"
    if isinstance(shaped, list):
        return "[" + ",".join(compressed(item) for item in shaped) + "]"
    return shaped


def pretty(shaped: Shaped, column: int) -> str:
    """On many lines: what is inside is indented by the column where its bracket opens and four more."""
    inner, outer = " " * (column + 4), " " * column
    if isinstance(shaped, dict):
        lines = []
        for name, item in shaped.items():
            key = f"{quoted(name)}:  "
            lines.append(inner + key + pretty(item, column + 4 + len(key)))
        return "{\r\n" + ",\r\n".join(lines) + "\r\n" + outer + "}"
    if isinstance(shaped, list):
        lines = [inner + pretty(item, column + 4) for item in shaped]
        return "[\r\n" + ",\r\n".join(lines) + "\r\n" + outer + "]"
    return shaped

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ConvertTo-Json as Windows PowerShell 5.1 writes it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from powershell_subset.objects import Hashtable, NotModeled, PSEnum, PSObject
from powershell_subset.running.stages import Cmdlet, cmdlet
from powershell_subset.values.numbers import is_int
from powershell_subset.values.text import double_text, to_text
from powershell_subset.values.types import type_of

DEPTH, MOST = 2, 100
ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
ESCAPES |= {char: f"\\u{ord(char):04x}" for char in "'<>&\x85\u2028\u2029"}
ESCAPES |= {chr(code): f"\\u{code:04x}" for code in range(0x20) if chr(code) not in ESCAPES}
TRANSLATION = str.maketrans(ESCAPES)
# What a value is made of before it is written: text that is written as it is, a table, or a list.
Shaped = str | dict[str, "Shaped"] | list["Shaped"]


@cmdlet()
class ConvertToJson(Cmdlet):
    """ConvertTo-Json."""

    title = "ConvertTo-Json"
    names = ("Depth",)
    positions = ("InputObject",)
    switches = ("Compress",)

    def begin(self) -> None:
        """Before the first object."""
        self._items: list[Any] = []

    def process(self, item: Any) -> None:
        """Collect the objects."""
        self._items.append(item)

    def end(self) -> None:
        """Write the argument, the object that came, or the list of those."""
        if not self.fed and not self.has("InputObject"):
            raise NotModeled("ConvertTo-Json of nothing")
        if self.has("InputObject"):
            self._write(self.given("InputObject"))
        elif self._items:
            self._write(self._items[0] if len(self._items) == 1 else self._items)

    def _write(self, value: Any) -> None:
        depth = self.given("Depth", DEPTH)
        if not is_int(depth) or not 1 <= depth <= MOST or value is None:
            raise NotModeled(f"ConvertTo-Json -Depth {to_text(depth)}, or of $null alone")
        shaped = shape(value, depth)
        self.emit(_compressed(shaped) if self.given("Compress") else _pretty(shaped, 0))


def quoted(text: str) -> str:
    """A JSON string, with the characters escaped that JavaScriptSerializer escapes."""
    return '"' + text.translate(TRANSLATION) + '"'


def _double(value: float) -> str:
    text = double_text(value)
    return text if float(text) == value else double_text(value, 17)


def _enumeration(value: PSEnum) -> str:
    if value.value < 0:
        raise NotModeled(f"the number of {value.type_name}")
    return str(value.value)


_PLAIN: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (str, quoted),
    (int, lambda value: str(int(value))),
    (float, _double),
    (uuid.UUID, lambda value: quoted(str(value))),
    (PSEnum, _enumeration),
)


def shape(value: Any, depth: int) -> Shaped:
    """What a value becomes; when it lies too deep only its text is left."""
    if value is None:
        return "null"
    for kind, maker in _PLAIN:
        if isinstance(value, kind):
            return maker(value)
    if not isinstance(value, (Hashtable, list, PSObject)) or (isinstance(value, PSObject) and not value.is_custom):
        raise NotModeled(f"ConvertTo-Json of {type_of(value)}")
    if depth < 0:
        return quoted(to_text(value))
    if isinstance(value, list):
        return [shape(item, depth - 1) for item in value]
    return {name: shape(item, depth - 1) for name, item in value.items()}


def _compressed(shaped: Shaped) -> str:
    """On one line, without blanks."""
    if isinstance(shaped, dict):
        return "{" + ",".join(f"{quoted(name)}:{_compressed(item)}" for name, item in shaped.items()) + "}"
    if isinstance(shaped, list):
        return "[" + ",".join(_compressed(item) for item in shaped) + "]"
    return shaped


def _pretty(shaped: Shaped, column: int) -> str:
    """On many lines: what is inside is indented by the column where its bracket opens and four more."""
    if isinstance(shaped, str):
        return shaped
    inner, outer = " " * (column + 4), " " * column
    if isinstance(shaped, list):
        lines = [inner + _pretty(item, column + 4) for item in shaped]
        return "[\r\n" + ",\r\n".join(lines) + "\r\n" + outer + "]"
    keys = [f"{quoted(name)}:  " for name in shaped]
    items = zip(keys, shaped.values(), strict=True)
    lines = [inner + key + _pretty(item, column + 4 + len(key)) for key, item in items]
    return "{\r\n" + ",\r\n".join(lines) + "\r\n" + outer + "}"

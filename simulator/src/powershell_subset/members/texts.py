# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of strings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from powershell_subset.members.encodings import characters
from powershell_subset.objects import NotModelled, TypedArray
from powershell_subset.operators.comparison import folded, sort_key
from powershell_subset.values.cast import items_of, to_integer
from powershell_subset.values.text import lowered, to_text, uppered

WHITE = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
IGNORING = {"currentculture": False, "invariantculture": False, "ordinal": False}
IGNORING |= {name + "ignorecase": True for name in tuple(IGNORING)}


def length(text: str) -> int:
    """How many UTF-16 units a string has."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


def by_position(text: str) -> str:
    """`text`, whose positions are those of .NET.

    Raises:
        NotModelled: it has characters of two units.
    """
    if length(text) != len(text):
        raise NotModelled("positions in a text with characters of two UTF-16 units")
    return text


def _comparable(text: str, comparison: Any) -> str:
    name = to_text(comparison).lower()
    if name not in IGNORING:
        raise NotModelled(f"the comparison '{name}'")
    return folded(text) if IGNORING[name] else text


def _with_comparison(test: Callable[[str, str], Any]) -> Callable[..., Any]:
    def method(text: str, other: Any, comparison: Any = "Ordinal") -> Any:
        return test(_comparable(text, comparison), _comparable(to_text(other), comparison))

    return method


def equals(text: str, other: Any, comparison: Any = "Ordinal") -> bool:
    """Equals(): only another string can be equal."""
    return isinstance(other, str) and _comparable(text, comparison) == _comparable(str(other), comparison)


def _index_of(text: str, wanted: Any, second: Any = 0, third: Any = None) -> int:
    text = by_position(text)
    if isinstance(second, int):
        begin, comparison = second, third if third is not None else "Ordinal"
    else:
        begin, comparison = 0, second
    return _comparable(text, comparison).find(_comparable(to_text(wanted), comparison), begin)


def _last_index_of(text: str, wanted: Any) -> int:
    return by_position(text).rfind(to_text(wanted))


def _substring(text: str, start: Any, count: Any = None) -> str:
    text = by_position(text)
    begin = to_integer(start, "Int32")
    if not 0 <= begin <= len(text):
        large, small = "startIndex cannot be larger than length of string.", "StartIndex cannot be less than zero."
        message = large if begin > 0 else small
        raise NetFault(f"{message}\r\nParameter name: startIndex", "ArgumentOutOfRangeException")
    if count is None:
        return text[begin:]
    size = to_integer(count, "Int32")
    if size < 0 or begin + size > len(text):
        message = "Index and length must refer to a location within the string.\r\nParameter name: length"
        raise NetFault(message, "ArgumentOutOfRangeException")
    return text[begin : begin + size]


class NetFault(Exception):
    """An exception that a .NET method throws; `kind` is its type without System."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


def _trimmed(strip: Callable[[str, str], str]) -> Callable[..., str]:
    def method(text: str, *chars: Any) -> str:
        wanted = "".join(to_text(each) for group in chars for each in items_of(group))
        return strip(text, wanted or WHITE)

    return method


def _split(text: str, *arguments: Any) -> TypedArray:
    separators, options, count = list(arguments), "", -1
    if separators and to_text(separators[-1]).lower() in ("none", "removeemptyentries"):
        options = to_text(separators.pop()).lower()
    if len(separators) > 1 and isinstance(separators[-1], int):
        count = to_integer(separators.pop(), "Int32")
    marks = [to_text(each) for group in separators for each in items_of(group)]
    if not options or all(len(mark) == 1 for mark in marks):
        marks = list("".join(marks)) or list(WHITE)
    parts = _parts(text, marks, count)
    return TypedArray([part for part in parts if part] if options == "removeemptyentries" else parts)


def _parts(text: str, marks: list[str], count: int) -> list[str]:
    parts: list[str] = []
    begin, at = 0, 0
    while at < len(text) and not 0 <= count <= len(parts) + 1:
        mark = next((each for each in marks if each and text.startswith(each, at)), "")
        if mark:
            parts.append(text[begin:at])
            begin = at + len(mark)
        at += len(mark) or 1
    return [*parts, text[begin:]]


def _replace(text: str, old: Any, new: Any) -> str:
    if to_text(old) == "":
        raise NetFault("String cannot be of zero length.\r\nParameter name: oldValue", "ArgumentException")
    return text.replace(to_text(old), to_text(new))


def _padded(pad: Callable[[str, int, str], str]) -> Callable[..., str]:
    def method(text: str, width: Any, char: Any = " ") -> str:
        return pad(text, to_integer(width, "Int32") - (length(text) - len(text)), to_text(char))

    return method


def _remove(text: str, start: Any, count: Any = None) -> str:
    text, begin = by_position(text), to_integer(start, "Int32")
    return text[:begin] if count is None else text[:begin] + text[begin + to_integer(count, "Int32") :]


def _insert(text: str, start: Any, added: Any) -> str:
    text, begin = by_position(text), to_integer(start, "Int32")
    return text[:begin] + to_text(added) + text[begin:]


def _compare_to(text: str, other: Any) -> int:
    one, two = (sort_key(each, case_sensitive=True) for each in (text, to_text(other)))
    return (one > two) - (one < two)


METHODS: dict[str, Callable[..., Any]] = {
    "compareto": _compare_to,
    "contains": lambda text, other: to_text(other) in text,
    "endswith": _with_comparison(str.endswith),
    "equals": equals,
    "indexof": _index_of,
    "insert": _insert,
    "lastindexof": _last_index_of,
    "padleft": _padded(str.rjust),
    "padright": _padded(str.ljust),
    "remove": _remove,
    "replace": _replace,
    "split": _split,
    "startswith": _with_comparison(str.startswith),
    "substring": _substring,
    "tochararray": lambda text: TypedArray(characters(text), "System.Char"),
    "tolower": lowered,
    "tolowerinvariant": lowered,
    "tostring": lambda text: text,
    "toupper": uppered,
    "toupperinvariant": uppered,
    "trim": _trimmed(str.strip),
    "trimend": _trimmed(str.rstrip),
    "trimstart": _trimmed(str.lstrip),
}

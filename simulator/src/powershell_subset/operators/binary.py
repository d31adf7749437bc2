# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operators with two operands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from powershell_subset.objects import DotNetType, NotModelled
from powershell_subset.operators import textual
from powershell_subset.operators.arithmetic import calculate, is_list
from powershell_subset.operators.comparison import compare, contains, equal
from powershell_subset.operators.formatting import format_text
from powershell_subset.values.cast import CastError, cast, items_of, to_integer
from powershell_subset.values.text import to_text
from powershell_subset.values.types import is_a

Test = Callable[[Any, Any, bool], bool]
LONGEST_RANGE = 1 << 20
TESTS: dict[str, Test] = {
    "eq": lambda left, right, case: equal(left, right, case_sensitive=case),
    "ne": lambda left, right, case: not equal(left, right, case_sensitive=case),
    "gt": lambda left, right, case: compare(left, right, case_sensitive=case) > 0,
    "ge": lambda left, right, case: compare(left, right, case_sensitive=case) >= 0,
    "lt": lambda left, right, case: compare(left, right, case_sensitive=case) < 0,
    "le": lambda left, right, case: compare(left, right, case_sensitive=case) <= 0,
    "like": lambda left, right, case: textual.like(left, right, _flags(case)),
    "notlike": lambda left, right, case: not textual.like(left, right, _flags(case)),
}
MEMBERSHIP: dict[str, Test] = {
    "contains": lambda left, right, case: contains(_list(left), right, case_sensitive=case),
    "notcontains": lambda left, right, case: not contains(_list(left), right, case_sensitive=case),
    "in": lambda left, right, case: contains(_list(right), left, case_sensitive=case),
    "notin": lambda left, right, case: not contains(_list(right), left, case_sensitive=case),
}
BITS: dict[str, Callable[[int, int], int]] = {
    "-band": lambda left, right: left & right,
    "-bor": lambda left, right: left | right,
    "-bxor": lambda left, right: left ^ right,
    "-shl": lambda left, right: _to_int32(left << (right & 31)),
    "-shr": lambda left, right: left >> (right & 31),
}


def _flags(case: bool) -> int:
    return textual.flags_of("-c" if case else "-i")


def _to_int32(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


def _list(value: Any) -> list[Any]:
    return [None] if value is None else items_of(value)


def apply(operator: str, left: Any, right: Any) -> Any:
    """``left operator right``, but for ``-and``, ``-or``, ``-xor``, ``-is`` and ``-isnot``.

    Of ``-match`` with a text on the left it is the match itself, or None.
    """
    if operator in "+-*/%":
        return calculate(operator, left, right)
    if operator == "..":
        return _range(left, right)
    if operator == "-f":
        return format_text(to_text(left), _list(right))
    if operator == "-join":
        return textual.join(left, right)
    if operator == "-as":
        return _as(left, right)
    if operator in BITS:
        return _bits(operator, left, right)
    case, name = _case_and_name(operator)
    if name in MEMBERSHIP:
        return MEMBERSHIP[name](left, right, case)
    if name in TESTS:
        test = TESTS[name]
        return [item for item in left if test(item, right, case)] if is_list(left) else test(left, right, case)
    return _textual(name, left, right, _flags(case))


def _case_and_name(operator: str) -> tuple[bool, str]:
    bare = operator[1:]
    if bare[0] in "ci" and (bare[1:] in TESTS or bare[1:] in MEMBERSHIP or bare[1:] in TEXTUAL):
        return bare[0] == "c", bare[1:]
    return False, bare


TEXTUAL = ("match", "notmatch", "replace", "split")


def _textual(name: str, left: Any, right: Any, flags: int) -> Any:
    if name == "replace":
        return textual.replace(left, right, flags)
    if name == "split":
        return textual.split(left, right, flags)
    if name not in TEXTUAL:
        raise NotModelled(f"the operator -{name}")
    if is_list(left):
        return [item for item in left if (textual.match(item, right, flags) is None) == (name == "notmatch")]
    found = textual.match(left, right, flags)
    if left is None or isinstance(left, str):
        return found
    return (found is None) == (name == "notmatch")


def _range(left: Any, right: Any) -> list[int]:
    first, last = to_integer(left, "Int32"), to_integer(right, "Int32")
    if abs(first - last) > LONGEST_RANGE:
        raise NotModelled(f"the range {first}..{last}")
    return list(range(first, last + 1) if first <= last else range(first, last - 1, -1))


def _bits(operator: str, left: Any, right: Any) -> int:
    one, two = int(to_integer(left, "Int64")), int(to_integer(right, "Int64"))
    if operator in ("-shl", "-shr") and max(abs(one), abs(two)) >= 1 << 31:
        raise NotModelled(f"{operator} of 64 bits")
    return BITS[operator](one, two)


def _as(left: Any, right: Any) -> Any:
    name = right.name if isinstance(right, DotNetType) else to_text(right)
    try:
        return cast(left, name)
    except CastError:
        return None


def is_type(value: Any, wanted: Any) -> bool:
    """``-is``."""
    return is_a(value, wanted.name if isinstance(wanted, DotNetType) else to_text(wanted))

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addition and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from powershell_subset.errors import Terminating, runtime_error
from powershell_subset.objects import NotModeled
from powershell_subset.values.cast import to_number
from powershell_subset.values.numbers import Int64, fits, is_long, is_number
from powershell_subset.values.text import to_text
from powershell_subset.values.types import type_of

LONGEST = 1 << 24
_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda one, two: one + two,
    "-": lambda one, two: one - two,
    "*": lambda one, two: one * two,
    "/": lambda one, two: one / two,
}


def calculate(operator: str, left: Any, right: Any) -> Any:
    """``left operator right``; the left value says what is meant.

    Raises:
        CastError: the right one is a text that is no number.
        Terminating: a division by zero.
    """
    if operator == "+" and isinstance(left, str):
        return _joined(left + to_text(right))
    if operator == "+" and isinstance(left, list):
        return [*left, *(right if isinstance(right, (list, bytes)) else [right])]
    if operator == "+" and left is None:
        return right
    if not is_number(left) or not (is_number(right) or isinstance(right, str)):
        raise NotModeled(f"{type_of(left)} {operator} {type_of(right)}")
    number = to_number(right, type_of(left))
    if isinstance(left, float) or isinstance(number, float):
        return _in_doubles(operator, float(left), float(number))
    return _in_integers(operator, left, number)


def _joined(text: str) -> str:
    if len(text) > LONGEST:
        raise NotModeled(f"a text of more than {LONGEST} characters")
    return text


def _in_doubles(operator: str, one: float, two: float) -> float:
    if operator == "%" or (operator == "/" and two == 0):
        raise NotModeled(f"{one} {operator} {two}")
    result: float = _OPERATIONS[operator](one, two)
    return result


def _in_integers(operator: str, one: int, two: int) -> int | float:
    bits = 64 if is_long(one) or is_long(two) else 32
    if operator in "/%":
        if two == 0:
            raise _divided_by_zero()
        if operator == "/" and one % two:
            return one / two
        result = abs(one) // abs(two) if operator == "/" else abs(one) % abs(two)
        negative = (one < 0) != (two < 0) if operator == "/" else one < 0
        result = -result if negative else result
    else:
        result = _OPERATIONS[operator](int(one), int(two))
    if not fits(result, bits):
        return float(result)
    return Int64(result) if bits == 64 else int(result)


def _divided_by_zero() -> Terminating:
    return runtime_error("Attempted to divide by zero.", "RuntimeException", "NotSpecified")


def negated(value: Any) -> int | float:
    """``-value``."""
    if not is_number(value):
        raise NotModeled(f"- before {type_of(value)}")
    result: int | float = calculate("-", 0, value)
    return result

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addition and the like."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from powershell_subset.errors import Terminating, runtime_error
from powershell_subset.objects import Char, Hashtable, NetException, NotModelled, Switch, Version
from powershell_subset.values.cast import items_of, to_number, to_timespan
from powershell_subset.values.numbers import Int64, UInt64, fits, integer, is_number, kind_of
from powershell_subset.values.text import to_text
from powershell_subset.values.types import type_of

NAMES = {"+": "op_Addition", "-": "op_Subtraction", "*": "op_Multiply", "/": "op_Division", "%": "op_Modulus"}
LONGEST = 1 << 24
SMALL = ("Byte", "Int16", "UInt16")


def is_list(value: Any) -> bool:
    """Whether a value is an array or a list."""
    return isinstance(value, (list, bytes)) and not isinstance(value, Version)


def calculate(operator: str, left: Any, right: Any) -> Any:
    """``left operator right``; the left value says what is meant.

    Raises:
        CastError: an operand is no number.
        Terminating: the operation is not there for these types, or impossible.
    """
    try:
        return _calculated(operator, left, right)
    except OverflowError:
        raise NotModelled(f"{to_text(left)} {operator} {to_text(right)}") from None


def _calculated(operator: str, left: Any, right: Any) -> Any:
    if operator == "+":
        return add(left, right)
    if operator == "*" and left is None:
        return None
    if operator == "*" and not isinstance(left, Char) and (isinstance(left, str) or is_list(left)):
        return _repeated(left, int(to_number(right)))
    if operator == "-" and isinstance(left, (datetime, timedelta)):
        return _less_time(left, right)
    return _numeric(operator, left, right)


def add(left: Any, right: Any) -> Any:
    """``left + right``."""
    if left is None:
        return right if right is not None else None
    if isinstance(left, str):
        return _limited(str(left) + to_text(right))
    if is_list(left):
        return [*items_of(left), *items_of_or_null(right)]
    if isinstance(left, Hashtable):
        return _merged(left, right)
    if isinstance(left, datetime):
        return left + to_timespan(right)
    if isinstance(left, timedelta):
        return left + to_timespan(right)
    return _numeric("+", left, right)


def _limited(text: str) -> str:
    if len(text) > LONGEST:
        raise NotModelled(f"a text of more than {LONGEST} characters")
    return text


def items_of_or_null(value: Any) -> list[Any]:
    """What ``+`` appends to an array: the items of a list, or the value, $null too."""
    return [None] if value is None else items_of(value)


def _merged(left: Hashtable, right: Any) -> Hashtable:
    if right is None:
        return left
    if not isinstance(right, Hashtable):
        message = "A hash table can only be added to another hash table."
        raise runtime_error(message, "AddHashTableToNonHashTable")
    for key in right.keys():  # noqa: SIM118 - a Hashtable is no Mapping
        if key in left:
            shown = to_text(key)
            message = f"Item has already been added. Key in dictionary: '{shown}'  Key being added: '{shown}'"
            kind = "System.ArgumentException"
            raise runtime_error(message, kind, "OperationStopped", kind=kind)
    return Hashtable([*left.items(), *right.items()], ordered=left.ordered)


def _less_time(left: datetime | timedelta, right: Any) -> Any:
    if isinstance(left, datetime):
        if isinstance(right, datetime):
            return left.replace(tzinfo=None) - right.replace(tzinfo=None)
        return left - to_timespan(right)
    return left - to_timespan(right)


def _repeated(left: Any, times: int) -> Any:
    if times < 0 or times * len(left) > LONGEST:
        raise NotModelled(f"something repeated {times} times")
    return str(left) * times if isinstance(left, str) else list(left) * times


def _numeric(operator: str, left: Any, right: Any) -> Any:
    if not (left is None or is_number(left) or isinstance(left, (bool, Switch, str, Char))):
        raise _no_operator(operator, left)
    if is_list(right) and len(right) != 1:
        raise _no_operator(operator, right)
    name = type_of(left) if is_number(left) else "System.Int32"
    one, two = to_number(left, name), to_number(right, name)
    if isinstance(one, float) or isinstance(two, float):
        return _in_doubles(operator, float(one), float(two))
    if isinstance(one, Decimal) or isinstance(two, Decimal):
        return _guarded(operator, Decimal(one), Decimal(two))
    return _in_integers(operator, one, two)


def _no_operator(operator: str, value: Any) -> Terminating:
    named = f"a method named '{NAMES[operator]}'."
    message = f"Method invocation failed because [{type_of(value)}] does not contain {named}"
    return runtime_error(message, "MethodNotFound")


def _in_doubles(operator: str, one: float, two: float) -> float:
    if operator in "/%" and two == 0:
        if operator == "%" or one == 0:
            return math.nan
        return math.copysign(math.inf, one)
    return math.fmod(one, two) if operator == "%" else _OPERATIONS[operator](one, two)


def _guarded(operator: str, one: Any, two: Any) -> Any:
    if operator in "/%" and two == 0:
        message = "Attempted to divide by zero."
        error = runtime_error(message, "RuntimeException", "NotSpecified")
        error.record.exception.inner = NetException(message, "System.DivideByZeroException")
        raise error
    return _OPERATIONS[operator](one, two)


def _in_integers(operator: str, one: int, two: int) -> Any:
    kind = _common_kind(one, two)
    if operator in "/%":
        _guarded(operator, 1, two)
        if operator == "/" and one % two:
            return one / two
        result = abs(one) // abs(two) if operator == "/" else abs(one) % abs(two)
        negative = (one < 0) != (two < 0) if operator == "/" else one < 0
        result = -result if negative else result
    else:
        result = _OPERATIONS[operator](int(one), int(two))
    return integer(result, kind) if fits(result, kind) else float(result)


def _common_kind(one: int, two: int) -> str:
    kinds = {kind_of(one), kind_of(two)} - set(SMALL)
    if isinstance(one, UInt64) or isinstance(two, UInt64) or "UInt64" in kinds:
        if min(one, two) < 0:
            raise NotModelled("arithmetic of UInt64 and negative numbers")
        return "UInt64"
    if "Int64" in kinds or isinstance(one, Int64) or isinstance(two, Int64):
        return "Int64"
    if "UInt32" in kinds:
        return "UInt32" if kinds == {"UInt32"} else "Int64"
    return "Int32"


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda one, two: one + two,
    "-": lambda one, two: one - two,
    "*": lambda one, two: one * two,
    "/": lambda one, two: one / two,
    "%": lambda one, two: one % two,
}

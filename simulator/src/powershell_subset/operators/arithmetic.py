# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addition and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from powershell_subset.errors import runtime_error
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
    "/": lambda one, two: one // two,
}


def calculate(operator: str, left: Any, right: Any) -> Any:
    """``left operator right``; the left value says what is meant.

    Raises:
        CastError: the right one is a text that is no number.
        NotModeled: others than texts, lists and whole numbers.
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
        raise NotModeled(f"numbers with fractions, for {operator}")
    if operator == "/" and number == 0:
        raise runtime_error("Attempted to divide by zero.", "RuntimeException", "NotSpecified")
    if operator == "/" and left % number:
        return float(left / number)
    bits = 64 if is_long(left) or is_long(number) else 32
    result = _OPERATIONS[operator](int(left), int(number))
    if not fits(result, bits):
        raise NotModeled(f"{left} {operator} {number}, which is no integer of {bits} bits")
    return Int64(result) if bits == 64 else int(result)


def _joined(text: str) -> str:
    if len(text) > LONGEST:
        raise NotModeled(f"a text of more than {LONGEST} characters")
    return text

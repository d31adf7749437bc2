# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operators with two operands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from powershell_subset.objects import NotModeled, PSEnum
from powershell_subset.operators.arithmetic import calculate
from powershell_subset.operators.comparison import compare, equal, equal_with_case
from powershell_subset.operators.formatting import format_text
from powershell_subset.operators.patterns import like_pattern, pattern_of, substituted
from powershell_subset.values.cast import items_of
from powershell_subset.values.numbers import is_int
from powershell_subset.values.text import element_text, to_text, truth
from powershell_subset.values.types import type_of

Test = Callable[[Any, Any], bool]
LONGEST_RANGE = 1 << 16
# With a list on the left, these give the elements for which they hold.
TESTS: dict[str, Test] = {
    "-eq": equal,
    "-ne": lambda left, right: not equal(left, right),
    "-ceq": equal_with_case,
    "-cne": lambda left, right: not equal_with_case(left, right),
    "-gt": lambda left, right: compare(left, right) > 0,
    "-ge": lambda left, right: compare(left, right) >= 0,
    "-lt": lambda left, right: compare(left, right) < 0,
    "-le": lambda left, right: compare(left, right) <= 0,
    "-like": lambda left, right: like_pattern(_pattern(right)).fullmatch(_subject(left)) is not None,
    "-notlike": lambda left, right: like_pattern(_pattern(right)).fullmatch(_subject(left)) is None,
    "-match": lambda left, right: pattern_of(_pattern(right)).search(_subject(left)) is not None,
    "-notmatch": lambda left, right: pattern_of(_pattern(right)).search(_subject(left)) is None,
}


def apply(operator: str, left: Any, right: Any) -> Any:
    """``left operator right``, but for ``-and`` and ``-or``."""
    if operator in TESTS:
        test = TESTS[operator]
        return [item for item in left if test(item, right)] if isinstance(left, list) else test(left, right)
    if operator in _OTHERS:
        return _OTHERS[operator](left, right)
    return calculate(operator, left, right)


def _pattern(value: Any) -> str:
    if not isinstance(value, str):
        raise NotModeled(f"a pattern of type {type_of(value)}")
    return value


def _subject(value: Any) -> str:
    if value is not None and not isinstance(value, (str, bool, int, PSEnum)):
        raise NotModeled(f"a pattern for {type_of(value)}")
    return to_text(value)


def _contains(items: Any, wanted: Any) -> bool:
    return any(equal(item, wanted) for item in ([None] if items is None else items_of(items)))


def _range(left: Any, right: Any) -> list[int]:
    if not (is_int(left) and is_int(right)) or abs(left - right) > LONGEST_RANGE:
        raise NotModeled(f"the range {to_text(left)}..{to_text(right)}")
    return list(range(left, right + 1) if left <= right else range(left, right - 1, -1))


def _join(left: Any, right: Any) -> str:
    return to_text(right).join(element_text(item) for item in items_of(left))


def _format(left: Any, right: Any) -> str:
    if not isinstance(left, str):
        raise NotModeled(f"the format {type_of(left)}")
    return format_text(left, [None] if right is None else items_of(right))


def _split(left: Any, right: Any) -> list[str]:
    """``value -split pattern[, count]``."""
    given = items_of(right)
    pattern = pattern_of(_pattern(given[0] if given else None))
    most = given[1] if len(given) == 2 else 0
    if pattern.groups or pattern.search("") or len(given) > 2 or not is_int(most) or most < 0:
        raise NotModeled("this use of -split")
    if left is None:
        raise NotModeled("-split of $null")
    texts = [_subject(item) for item in items_of(left)]
    return texts if most == 1 else [part for text in texts for part in pattern.split(text, max(0, most - 1))]


def unary(operator: str, value: Any) -> Any:
    """``-not value``, ``-join value``, and ``-split value``, which gives words."""
    if operator == "-not":
        return not truth(value)
    texts = [element_text(item) for item in items_of(value)]
    return "".join(texts) if operator == "-join" else [word for text in texts for word in text.split()]


def _replace(left: Any, right: Any) -> Any:
    """``value -replace pattern[, replacement]``: each element of a list."""
    given = items_of(right)
    if not 1 <= len(given) <= 2:
        raise NotModeled("this use of -replace")
    pattern, new = pattern_of(_pattern(given[0])), _pattern(given[1]) if len(given) == 2 else ""
    if isinstance(left, list):
        return [substituted(pattern, _subject(item), new) for item in left]
    return substituted(pattern, _subject(left), new)


_OTHERS: dict[str, Callable[[Any, Any], Any]] = {
    "-contains": _contains,
    "-notcontains": lambda left, right: not _contains(left, right),
    "-in": lambda left, right: _contains(right, left),
    "-notin": lambda left, right: not _contains(right, left),
    "-f": _format,
    "-join": _join,
    "-replace": _replace,
    "-split": _split,
    "..": _range,
}

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``-join``, ``-split``, ``-replace``, ``-match`` and ``-like``."""

from __future__ import annotations

import re
from typing import Any

from powershell_subset.objects import NotModelled, ScriptBlock, TypedArray
from powershell_subset.operators.patterns import like_pattern, pattern_of, substituted
from powershell_subset.values.cast import items_of, to_integer
from powershell_subset.values.text import to_text


def unary_join(value: Any) -> str:
    """``-join value``."""
    return "".join(to_text(item) for item in items_of(value))


def join(value: Any, mark: Any) -> str:
    """``value -join mark``."""
    return to_text(mark).join(to_text(item) for item in items_of(value))


def split_blank(value: Any) -> TypedArray:
    """``-split value``: words."""
    return TypedArray(word for item in items_of(value) for word in to_text(item).split())


def flags_of(operator: str) -> int:
    """Operators that begin with ``-c`` mind the case."""
    return 0 if operator.startswith("-c") and operator != "-contains" else re.IGNORECASE


def split(value: Any, right: Any, flags: int) -> Any:
    """``value -split pattern[, count[, options]]``."""
    arguments = items_of(right)
    pattern = arguments[0] if arguments else ""
    if isinstance(pattern, ScriptBlock):
        raise NotModelled("-split with a script block")
    options = to_text(arguments[2]).lower() if len(arguments) > 2 else ""
    if options not in ("", "simplematch"):
        raise NotModelled(f"-split with the option {options}")
    most = to_integer(arguments[1], "Int32") if len(arguments) > 1 else 0
    text = re.escape(to_text(pattern)) if options else to_text(pattern)
    compiled = pattern_of(text, flags)
    items = [to_text(item) for item in items_of(value)]
    return TypedArray(part for item in items for part in _pieces(compiled, item, most))


def _pieces(pattern: re.Pattern[str], text: str, most: int) -> list[str]:
    pieces: list[str] = []
    begin = 0
    for number, found in enumerate(pattern.finditer(text), 1):
        if 0 < most <= number:
            break
        pieces.append(text[begin : found.start()])
        pieces.extend(group for group in found.groups() if group is not None)
        begin = found.end()
    return [*pieces, text[begin:]]


def replace(value: Any, right: Any, flags: int) -> Any:
    """``value -replace pattern, replacement``: each element of a list."""
    arguments = items_of(right)
    if len(arguments) > 2:
        raise NotModelled("-replace with more than two operands")
    pattern = pattern_of(to_text(arguments[0]) if arguments else "", flags)
    new = to_text(arguments[1]) if len(arguments) > 1 else ""
    if isinstance(value, list):
        return [substituted(pattern, to_text(item), new) for item in value]
    return substituted(pattern, to_text(value), new)


def match(value: Any, right: Any, flags: int) -> re.Match[str] | None:
    """``value -match pattern``."""
    return pattern_of(to_text(right), flags).search(to_text(value))


def like(value: Any, right: Any, flags: int) -> bool:
    """``value -like pattern``."""
    return like_pattern(to_text(right), flags).fullmatch(to_text(value)) is not None

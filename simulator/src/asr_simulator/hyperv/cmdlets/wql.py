# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The WHERE clause of WQL: comparisons with AND and OR."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from powershell_subset import NotModeled

Test = Callable[[Mapping[str, Any]], bool]
COMPARISON = re.compile(r"""(?P<name>[A-Za-z_]\w*)\s*(?P<operator><>|=)\s*(?:'(?P<text>[^'\\]*)'|(?P<number>\d+))""")
JOINED = re.compile(r"\s+(AND|OR)\s+", re.IGNORECASE)
OTHERS = re.compile(r"[()<>!]|\b(?:like|is|not|isa)\b", re.IGNORECASE)


class InvalidQuery(ValueError):
    """The text is no WHERE clause, or names a property that the class does not have."""


def where(clause: str, properties: frozenset[str]) -> Test:
    """The test of a clause; ``properties`` are the class's, in small letters. It takes values under such names.

    Raises:
        InvalidQuery: it is none.
        NotModeled: it may be one.
    """
    alternatives: list[list[Test]] = [[]]
    for number, part in enumerate(JOINED.split(clause.strip())):
        if number % 2 == 0:
            alternatives[-1].append(_comparison(part, properties))
        elif part.upper() == "OR":
            alternatives.append([])
    return lambda values: any(all(test(values) for test in tests) for tests in alternatives)


def refuse_unmodeled(clause: str) -> None:
    """See whether a clause may be one that is not modeled, whatever the class is.

    Raises:
        NotModeled: it may.
    """
    for part in JOINED.split(clause.strip())[::2]:
        _comparison_in(part)


def _comparison_in(text: str) -> re.Match[str] | None:
    found = COMPARISON.fullmatch(text)
    if found is None and OTHERS.search(text):
        raise NotModeled(f"the WQL '{text}'")
    return found


def _comparison(text: str, properties: frozenset[str]) -> Test:
    found = _comparison_in(text)
    if found is None or found["name"].lower() not in properties:
        raise InvalidQuery(text)
    name, wanted = found["name"].lower(), found["operator"] == "="
    literal = int(found["number"]) if found["text"] is None else found["text"].lower()
    return lambda values: (_plain(values[name]) == literal) is wanted


def _plain(value: Any) -> Any:
    """Text is compared without case."""
    return value.lower() if isinstance(value, str) else value

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The WHERE clause of WQL: comparisons with AND, OR, NOT and parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Test = Callable[[Mapping[str, Any]], bool]
TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<operator><>|!=|<=|>=|=|<|>|\(|\))
      | (?P<word>[A-Za-z_]\w*)
    )""",
    re.VERBOSE,
)
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class InvalidQuery(ValueError):
    """The text is no WHERE clause, or names a property that the class does not have."""


def where(clause: str, properties: frozenset[str]) -> Test:
    """The test of a clause; ``properties`` are the class's, in small letters. It takes values under such names.

    Raises:
        InvalidQuery: it is none.
    """
    reader = _Reader(clause, properties)
    test = reader.either()
    if reader.tokens:
        raise InvalidQuery(clause)
    return test


class _Reader:
    def __init__(self, clause: str, properties: frozenset[str]) -> None:
        self.clause, self.properties = clause, properties
        self.tokens = self._split()

    def _split(self) -> list[tuple[str, str]]:
        found, position = [], 0
        text = self.clause.strip()
        while position < len(text):
            match = TOKEN.match(text, position)
            if match is None:
                raise InvalidQuery(self.clause)
            found.append((str(match.lastgroup), match.group(str(match.lastgroup))))
            position = match.end()
        return found

    def _next(self, kind: str, *values: str) -> bool:
        """Take the next token if it is of this kind and one of these."""
        if self.tokens and self.tokens[0][0] == kind and (not values or self.tokens[0][1].upper() in values):
            self.tokens.pop(0)
            return True
        return False

    def _take(self, *kinds: str) -> tuple[str, str]:
        if not self.tokens or self.tokens[0][0] not in kinds:
            raise InvalidQuery(self.clause)
        return self.tokens.pop(0)

    def either(self) -> Test:
        tests = [self.both()]
        while self._next("word", "OR"):
            tests.append(self.both())
        return lambda values: any(test(values) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self._next("word", "AND"):
            tests.append(self.one())
        return lambda values: all(test(values) for test in tests)

    def one(self) -> Test:
        if self._next("word", "NOT"):
            test = self.one()
            return lambda values: not test(values)
        if self._next("operator", "("):
            test = self.either()
            if not self._next("operator", ")"):
                raise InvalidQuery(self.clause)
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        name = self._take("word")[1].lower()
        if name not in self.properties:
            raise InvalidQuery(self.clause)
        if self._next("word", "IS"):
            wanted = not self._next("word", "NOT")
            if not self._next("word", "NULL"):
                raise InvalidQuery(self.clause)
            return lambda values: (values[name] is None) is wanted
        if self._next("word", "LIKE"):
            pattern = _pattern(self._literal())
            return lambda values: pattern.fullmatch(str(values[name])) is not None
        operator = self._take("operator")[1]
        if operator not in COMPARISONS:
            raise InvalidQuery(self.clause)
        compare, literal = COMPARISONS[operator], self._literal()
        return lambda values: _compared(compare, values[name], literal)

    def _literal(self) -> Any:
        kind, text = self._take("text", "number", "word")
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return float(text)
        if text.upper() not in ("TRUE", "FALSE"):
            raise InvalidQuery(self.clause)
        return text.upper() == "TRUE"


def _compared(compare: Callable[[Any, Any], bool], value: Any, literal: Any) -> bool:
    """Text is compared without case; a value that is not there, or of another kind, fits nothing."""
    if isinstance(value, str) and isinstance(literal, str):
        return compare(value.lower(), literal.lower())
    if isinstance(value, (bool, int, float)) and isinstance(literal, (bool, int, float)):
        return compare(float(value), float(literal))
    return False


def _pattern(text: Any) -> re.Pattern[str]:
    parts = re.split(r"(%|_|\[[^\]]*\])", str(text))
    known = {"%": ".*", "_": "."}
    whole = "".join(known.get(part) or (part if part.startswith("[") else re.escape(part)) for part in parts)
    return re.compile(whole, re.IGNORECASE | re.DOTALL)

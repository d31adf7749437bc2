# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading strings and variables."""

from __future__ import annotations

import re
from typing import NoReturn

from powershell_subset.source import Span
from powershell_subset.syntax.nodes import Constant, Expandable, Node, SubExpression, Variable
from powershell_subset.syntax.reader import Reader, ScriptError

VARIABLE = re.compile(r"\$(?:(?P<scope>[\w?]+):(?!:)(?=[\w?]))?(?P<name>[\w?]+|[$^])")
BRACED = re.compile(r"\$\{((?:`.|[^}`])+)\}", re.DOTALL)
ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
VERBATIM = re.compile(r"['\u2018\u2019](?:[^'\u2018\u2019]|['\u2018\u2019]{2})*['\u2018\u2019]")
VERBATIM_HERE = re.compile(r"@'[ \t]*\r?\n(?P<body>.*?)\r?\n'@|@'[ \t]*\r?\n'@", re.DOTALL)
EXPANDABLE_HERE = re.compile(r'@"[ \t]*\r?\n')
DOUBLE = ('"', "\u201c", "\u201d")


class StringReader(Reader):
    """Reads what stands for text and what is looked up in it."""

    def sub_expression(self) -> SubExpression:
        """``$( )`` or ``@( )`` at the position."""
        raise NotImplementedError

    def variable(self) -> Variable | None:
        """The variable at the position, or None."""
        found = self.match(BRACED)
        if found:
            self.at = found.end()
            return named(re.sub(r"`(.)", r"\1", found[1], flags=re.DOTALL))
        found = self.match(VARIABLE)
        if found is None:
            return None
        self.at = found.end()
        return Variable(found["name"], (found["scope"] or "").lower())

    def verbatim(self) -> Constant:
        """A string in single quotes."""
        found = self.match(VERBATIM)
        if found is None:
            self._unterminated("'", self.at)
        self.at = found.end()
        return Constant(re.sub(r"['\u2018\u2019]{2}", lambda pair: pair[0][0], found[0][1:-1]))

    def verbatim_here(self) -> Constant:
        """A here-string in single quotes."""
        found = self.match(VERBATIM_HERE)
        if found is None:
            self._unterminated("'@", self.at)
        self.at = found.end()
        return Constant(found["body"] or "")

    def expandable(self) -> Node:
        """A string in double quotes."""
        start = self.at
        self.at += 1
        parts = Parts()
        while True:
            char = self.peek()
            if not char:
                self._unterminated('"', start)
            if char in DOUBLE:
                self.at += 1
                if self.peek() not in DOUBLE or not self.peek():
                    return parts.node()
            self.piece(parts)

    def expandable_here(self) -> Node:
        """A here-string in double quotes."""
        start = self.at
        if self.take(EXPANDABLE_HERE) is None:
            message = "No characters are allowed after a here-string header but before the end of the line."
            self.fail(message, "UnexpectedCharactersAfterHereStringHeader")
        end = re.compile(r'\r?\n"@')
        parts = Parts()
        if self.skip('"@'):
            return parts.node()
        while True:
            found = self.match(end)
            if found:
                self.at = found.end()
                return parts.node()
            if not self.peek():
                self._unterminated('"@', start)
            self.piece(parts)

    def _unterminated(self, mark: str, start: int) -> NoReturn:
        message = f"The string is missing the terminator: {mark}."
        raise ScriptError(message, "TerminatorExpectedAtEndOfString", Span(start, len(self.text)), self.source)

    def piece(self, parts: Parts) -> None:
        """The next character, escape, variable or subexpression of text that is expanded."""
        char = self.peek()
        if char == "`":
            parts.text(self.escape())
        elif self.peek(2) == "$(":
            parts.add(self.sub_expression())
        elif char == "$":
            self._dollar(parts)
        else:
            self.at += 1
            parts.text(char)

    def escape(self) -> str:
        """What a backtick and the character after it stand for."""
        char = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        return ESCAPES.get(char, char)

    def _dollar(self, parts: Parts) -> None:
        variable = self.variable()
        if variable is None:
            self.at += 1
            parts.text("$")
            return
        if self.peek() == ":" and self.peek(2) != "::" and not variable.scope and self.before() != "}":
            message = "Variable reference is not valid. ':' was not followed by a valid variable name character. "
            message += "Consider using ${} to delimit the name."
            self.fail(message, "InvalidVariableReferenceWithDrive", self.at - len(variable.name) - 1)
        parts.add(variable)


class Parts:
    """Collects what a string consists of."""

    def __init__(self) -> None:
        self._parts: list[str | Node] = []

    def text(self, text: str) -> None:
        """Add characters."""
        if self._parts and isinstance(self._parts[-1], str):
            self._parts[-1] += text
        else:
            self._parts.append(text)

    def add(self, node: Node) -> None:
        """Add something that is evaluated."""
        self._parts.append(node)

    def node(self) -> Node:
        """The string: a constant when there is nothing to evaluate."""
        if all(isinstance(part, str) for part in self._parts):
            return Constant("".join(str(part) for part in self._parts))
        return Expandable(tuple(self._parts))


def named(name: str) -> Variable:
    """A variable of a name that may begin with a scope or a drive."""
    scope, colon, rest = name.partition(":")
    return Variable(rest, scope.lower()) if colon and scope and rest else Variable(name)

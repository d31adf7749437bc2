# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading strings and variables."""

from __future__ import annotations

import re

from powershell_subset.syntax.nodes import Constant, Expandable, Node, SubExpression, Variable
from powershell_subset.syntax.reader import Reader

VARIABLE = re.compile(r"\$(?:(?P<scope>\w+):(?=\w))?(?P<name>\w+)(?![\w?:])|\$\{(?P<braced>\w+)\}")
ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
VERBATIM = re.compile(r"'((?:[^']|'')*)'")
# PowerShell takes typographic quotes for plain ones, and ends strings with them.
SINGLE, DOUBLE = re.compile("[\u2018\u2019\u201a\u201b]"), re.compile("[\u201c\u201d\u201e]")


class StringReader(Reader):
    """Reads what stands for text and what is looked up in it."""

    def sub_expression(self) -> SubExpression:
        """``$( )`` or ``@( )`` at the position."""
        raise NotImplementedError

    def variable(self) -> Variable:
        """The variable at the position."""
        found = self.match(VARIABLE)
        scope = found["scope"] if found else None
        if found is None or (scope or "env").lower() != "env":
            self.refuse_here("a variable of this kind")
        self.at = found.end()
        return Variable(found["name"] or found["braced"], environment=bool(scope))

    def verbatim(self) -> Constant:
        """A string in single quotes."""
        found = self.match(VERBATIM)
        if found is None or SINGLE.search(found[1]):
            self.refuse_here("a string without its end, or with typographic quotes")
        self.at = found.end()
        return Constant(found[1].replace("''", "'"))

    def expandable(self) -> Node:
        """A string in double quotes."""
        self.at += 1
        parts: list[str | Node] = []
        while True:
            if self.skip('""'):
                parts.append('"')
            elif self.skip('"'):
                return _string(parts)
            else:
                parts.append(self._piece())

    def _piece(self) -> str | Node:
        """The next character, escape, variable or subexpression."""
        char, following = self.peek(), self.text[self.at + 1 : self.at + 2]
        if not char or DOUBLE.match(char):
            self.refuse_here("a string without its end, or with typographic quotes")
        if char == "`":
            self.at += 2
            return ESCAPES.get(following, following)
        if char != "$" or (not following.isalnum() and following not in ("_", "(", "{", "$", "^", "?", ":")):
            self.at += 1
            return char
        return self.sub_expression() if following == "(" else self.variable()


def _string(parts: list[str | Node]) -> Node:
    """A constant where there is nothing to evaluate."""
    if all(isinstance(part, str) for part in parts):
        return Constant("".join(str(part) for part in parts))
    return Expandable(tuple(parts))

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading commands, their arguments, and the pipelines they form."""

from __future__ import annotations

import re

from powershell_subset.source import Span
from powershell_subset.syntax.expressions import NUMBER, ExpressionReader
from powershell_subset.syntax.nodes import ArrayLiteral, Assignment, Command, Constant, NamedArgument, Node, Pipeline
from powershell_subset.values.numbers import LIKE_A_NUMBER, parse_number

ASSIGNMENT = re.compile(r"[+]?=(?!=)")
BEGINS_EXPRESSION = re.compile(r"[$@('\"{!\[\d]|-\d|-(?:not|join|split)(?![\w-])", re.IGNORECASE)
# PowerShell takes typographic quotes and dashes for plain ones.
_ODD = "\u2013\u2014\u2015\u2018\u2019\u201a\u201b\u201c\u201d\u201e"
_ENDS = rf"\s{{}}();,|&<>$\"'`{_ODD}"
COMMAND = re.compile(rf"[^{_ENDS}@#\[\]=.!-][^{_ENDS}@#\[\]=]*(?=[\s{{}}();|]|$)")
PARAMETER = re.compile(r"-(?P<name>[A-Za-z]\w*)(?!\w)(?P<colon>:?)(?=[\s$({@'\"\d;)}|]|$)")
WORD = re.compile(rf"[^{_ENDS}@-][^{_ENDS}]*(?=[\s{{}}();,|]|$)")
ENDS = re.compile(r"[\s{}();,|&]|$")


class CommandReader(ExpressionReader):
    """Reads what stands between two statement separators when it is not a keyword's statement."""

    def pipeline(self) -> Node:
        """A pipeline or an assignment."""
        start = self.at
        if self.match(BEGINS_EXPRESSION) is None:
            elements = [self._command()]
        else:
            expression = self.expression()
            self.skip_blanks()
            operator = self.take(ASSIGNMENT)
            if operator:
                self.skip_newlines()
                value = self.statement()
                return Assignment(expression, operator, value, self.span(start))
            elements = [expression]
        while self._pipe():
            elements.append(self._command())
        return Pipeline(tuple(elements))

    def _pipe(self) -> bool:
        self.skip_blanks()
        if self.peek() in ("&", ">", "<") or self.peek(2) == "||":
            self.refuse_here("a redirection or a chain of commands")
        if not self.skip("|"):
            return False
        self.skip_newlines()
        return True

    def _command(self) -> Node:
        start = self.at
        called = self.skip("&")
        self.skip_blanks()
        begin = self.at
        if called and self.match(BEGINS_EXPRESSION):
            return self._with_arguments(self.primary(), True, start, self.span(begin))
        word = self.take(COMMAND)
        if not word or LIKE_A_NUMBER.fullmatch(word):
            self.refuse_here("a command or an expression")
        return self._with_arguments(Constant(word), called, start, self.span(begin))

    def _with_arguments(self, name: Node, called: bool, start: int, named: Span) -> Node:
        arguments: list[Node] = []
        while True:
            begin = self.at
            self.skip_blanks()
            char = self.peek()
            if not char or char in "\r\n;)}|":
                self.at = begin
                return Command(name, tuple(arguments), called, self.span(start), named)
            arguments.append(self._parameter() if char == "-" else self._values())

    def _parameter(self) -> Node:
        found = self.match(PARAMETER)
        if found is None:
            self.refuse_here("an argument of this kind")
        self.at = found.end()
        if found["colon"]:
            self.skip_blanks()
        return NamedArgument(found["name"], self._values() if found["colon"] else None)

    def _values(self) -> Node:
        """An argument, or several joined by commas."""
        items = [self.argument()]
        while self.comma():
            items.append(self.argument())
        return items[0] if len(items) == 1 else ArrayLiteral(tuple(items))

    def argument(self) -> Node:
        """A value in a command: what is not an expression is text."""
        if self.peek() in ("$", "(", "'", '"', "{") or self.peek(2) in ("@(", "@{"):
            node = self.primary()
            if self.match(ENDS) is None:
                self.refuse_here("an argument that is put together")
            return node
        word = self.take(WORD)
        if not word or word[0] in "[+-" or word in ("..", "."):
            self.refuse_here("an argument of this kind")
        return Constant(self._number(word) if LIKE_A_NUMBER.fullmatch(word) else word)

    def _number(self, word: str) -> int | float:
        """A number, which a command that wants text takes as it was written: it must read the same."""
        number = parse_number(word) if NUMBER.fullmatch(word) else None
        if number is None or str(number) != word:
            self.refuse(f"the number {word} as an argument")
        return number

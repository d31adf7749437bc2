# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading statements, script blocks and functions."""

from __future__ import annotations

import re
from functools import lru_cache

from powershell_subset.objects import NotModeled
from powershell_subset.source import Source, Span
from powershell_subset.syntax import nodes
from powershell_subset.syntax.commands import CommandReader
from powershell_subset.syntax.expressions import TYPE

JUMPS = ("return", "throw", "exit", "break", "continue")
REFUSED = (
    *("begin", "class", "configuration", "data", "do", "dynamicparam", "else", "elseif", "end", "enum", "filter"),
    *("for", "inlinescript", "param", "process", "trap", "until", "using", "while", "workflow", "catch", "finally"),
)
FUNCTION_NAME = re.compile(r"[A-Za-z][\w-]*(?=\s*\{)")
CLAUSE = re.compile(r"(?:'(?P<quoted>[^']*)'|(?P<word>[A-Za-z]\w*))(?=\s*\{)")


class StatementReader(CommandReader):
    """Reads whole scripts."""

    def statements(self, closing: str) -> nodes.Block:
        """Statements up to `closing`, which is taken too."""
        found: list[nodes.Node] = []
        self.skip_separators()
        while not (closing and self.skip(closing)):
            if not self.peek() and not closing:
                break
            node = self.statement()
            found.append(node)
            self._end_of_statement(node, closing)
        return nodes.Block(tuple(found))

    def _end_of_statement(self, node: nodes.Node, closing: str) -> None:
        while isinstance(node, nodes.Assignment):
            node = node.value
        begin = self.at
        self.skip_separators()
        separated = bool(re.search(r"[\n;]", self.text[begin : self.at]))
        after_block = isinstance(node, (nodes.If, nodes.ForEach, nodes.Switch, nodes.Try, nodes.Function))
        if not separated and not after_block and self.peek() not in ("", closing):
            self.refuse_here("what stands behind a statement")

    def statement(self) -> nodes.Node:
        """One statement."""
        word = self.keyword()
        if word in REFUSED:
            self.refuse(f"the keyword '{word}' here")
        if word in _STATEMENTS:
            self.skip_keyword(word)
            return _STATEMENTS[word](self)
        return self._jump(word) if word in JUMPS else self.pipeline()

    def block(self) -> nodes.Block:
        """Statements in braces."""
        self.expect("{")
        with self.joining(commas=True):
            return self.statements("}")

    def condition(self) -> nodes.Node:
        """A pipeline in parentheses."""
        self.expect("(")
        self.skip_newlines()
        condition = self.pipeline()
        self.expect(")")
        return condition

    def if_statement(self) -> nodes.Node:
        """``if``, ``elseif``, ``else``."""
        clauses = [(self.condition(), self.block())]
        while self._next_clause("elseif"):
            clauses.append((self.condition(), self.block()))
        return nodes.If(tuple(clauses), self.block() if self._next_clause("else") else None)

    def _next_clause(self, word: str) -> bool:
        begin = self.at
        self.skip_newlines()
        if self.skip_keyword(word):
            return True
        self.at = begin
        return False

    def foreach_statement(self) -> nodes.Node:
        """``foreach``."""
        self.expect("(")
        self.skip_newlines()
        variable = self.variable()
        self.expect("in")
        self.skip_newlines()
        items = self.pipeline()
        self.expect(")")
        return nodes.ForEach(variable, items, self.block())

    def switch_statement(self) -> nodes.Node:
        """``switch`` on a text."""
        subject = self.condition()
        self.expect("{")
        clauses: list[tuple[str, nodes.Block]] = []
        otherwise = None
        self.skip_separators()
        while not self.skip("}"):
            if otherwise is not None:
                self.refuse("a clause of switch behind its default")
            if self.skip_keyword("default"):
                otherwise = self.block()
            else:
                clauses.append((self._clause(), self.block()))
            self.skip_separators()
        return nodes.Switch(subject, tuple(clauses), otherwise)

    def _clause(self) -> str:
        found = self.match(CLAUSE)
        if found is None:
            self.refuse_here("a clause of switch that is no text")
        self.at = found.end()
        return found["word"] or found["quoted"]

    def try_statement(self) -> nodes.Node:
        """``try``, ``catch``, ``finally``."""
        body = self.block()
        handler = self.block() if self._next_clause("catch") else None
        last = self.block() if self._next_clause("finally") else None
        if handler is None and last is None:
            self.refuse_here("try without catch or finally")
        return nodes.Try(body, handler, last)

    def _jump(self, word: str) -> nodes.Node:
        start = self.at
        self.skip_keyword(word)
        self.skip_blanks()
        ends = self.peek() in ("", ";", "}", ")", "\r", "\n")
        if not ends and word in ("break", "continue"):
            self.refuse(f"{word} with a label")
        value = None if ends else self.pipeline()
        return nodes.Jump(word, value, self.span(start))

    def function_statement(self) -> nodes.Node:
        """``function``."""
        self.skip_blanks()
        name = self.take(FUNCTION_NAME)
        if not name:
            self.refuse_here("a function of this kind")
        self.expect("{")
        with self.joining(commas=True):
            return nodes.Function(name, self.script_body("}"))

    def script_body(self, closing: str) -> nodes.ScriptBody:
        """Parameters and statements up to `closing`, which is taken too."""
        start = self.at
        self.skip_separators()
        parameters = self._parameters() if self.skip_keyword("param") else ()
        block = self.statements(closing)
        return nodes.ScriptBody(parameters, block, self.source, Span(start, self.at - len(closing)))

    def _parameters(self) -> tuple[nodes.Parameter, ...]:
        self.expect("(")
        return self.listed(self._declared, "a parameter")

    def _declared(self) -> nodes.Parameter:
        found = self.match(TYPE)
        if found:
            self.at = found.end()
            self.skip_newlines()
        variable = self.variable()
        self.skip_newlines()
        if not self.skip("="):
            return nodes.Parameter(variable.name, found["name"] if found else "", None)
        self.skip_newlines()
        return nodes.Parameter(variable.name, found["name"] if found else "", self.expression())


_STATEMENTS = {
    "if": StatementReader.if_statement,
    "foreach": StatementReader.foreach_statement,
    "switch": StatementReader.switch_statement,
    "try": StatementReader.try_statement,
    "function": StatementReader.function_statement,
}


@lru_cache(maxsize=256)
def parse(text: str) -> nodes.ScriptBody:
    """The tree of a script.

    Raises:
        NotModeled: it is not within the subset, or PowerShell itself would not take it.
    """
    try:
        return StatementReader(Source(text)).script_body("")
    except RecursionError:
        raise NotModeled("a script nested this deep") from None

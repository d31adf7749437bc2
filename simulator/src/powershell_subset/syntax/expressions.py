# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from powershell_subset.syntax import nodes
from powershell_subset.syntax.strings import StringReader
from powershell_subset.values.numbers import parse_number

_Item = TypeVar("_Item")
_TESTS = ("eq", "ne", "ceq", "cne", "gt", "ge", "lt", "le", "like", "notlike", "match", "notmatch")
_OTHERS = ("contains", "notcontains", "in", "notin", "replace", "split", "join")
LEVELS: tuple[set[str], ...] = (
    {"-and", "-or"},
    {f"-{name}" for name in (*_TESTS, *_OTHERS)},
    {"+", "-"},
    {"*", "/"},
    {"-f"},
    {".."},
)
OPERATOR = re.compile(r"-[A-Za-z]+(?![\w-])|\.\.|[-+*/%](?![-+*/%=])")
PREFIX = re.compile(r"!|-(?:not|join|split)(?![\w-])", re.IGNORECASE)
TYPE = re.compile(r"\[ *(?P<name>[A-Za-z][\w.]*(?:\[\])?) *\]")
NAME = re.compile(r"[A-Za-z_]\w*")
KEY = re.compile(r"[A-Za-z_][\w-]*")
NUMBER = re.compile(r"\d(?:[\w]|\.(?!\.)|(?<=[eE])[+-](?=\d))*")


class ExpressionReader(StringReader):
    """Reads values and what is asked of them."""

    # Whether a comma joins values here; between the arguments of a method it does not.
    commas = True

    @contextmanager
    def joining(self, *, commas: bool) -> Iterator[None]:
        """Whether commas join values in what is read meanwhile."""
        before, self.commas = self.commas, commas
        yield
        self.commas = before

    def statements(self, closing: str) -> nodes.Block:
        """Statements up to `closing`, which is taken too."""
        raise NotImplementedError

    def statement(self) -> nodes.Node:
        """One statement."""
        raise NotImplementedError

    def script_body(self, closing: str) -> nodes.ScriptBody:
        """Parameters and statements up to `closing`, which is taken too."""
        raise NotImplementedError

    def expression(self) -> nodes.Node:
        """An expression with all its operators."""
        start = self.at
        return self._joined(self._operand(), 0, start)

    def _joined(self, left: nodes.Node, least: int, start: int) -> nodes.Node:
        """`left`, which began at `start`, with the operators behind it of level `least` and above."""
        while True:
            begin = self.at
            self.skip_blanks()
            operator, level = self._operator()
            if level < least:
                self.at = begin
                return left
            self.at += len(operator)
            self.skip_newlines()
            after = self.at
            right = self._joined(self._operand(), level + 1, after)
            left = nodes.Binary(operator, left, right, self.span(start))

    def _operator(self) -> tuple[str, int]:
        """The operator that is next and its level; the position does not move."""
        found = self.match(OPERATOR)
        text = found[0].lower() if found else ""
        for level, operators in enumerate(LEVELS):
            if text in operators:
                return text, level
        if text == "%" or len(text) > 1:
            self.refuse(f"the operator {text}")
        return "", -1

    def _operand(self) -> nodes.Node:
        """A unary expression, or several joined by commas."""
        first = self.unary()
        if not self.commas:
            return first
        items = [first]
        while self.comma():
            items.append(self.unary())
        return first if len(items) == 1 else nodes.ArrayLiteral(tuple(items))

    def comma(self) -> bool:
        """Go behind a comma if it is next, and to what follows it."""
        begin = self.at
        self.skip_blanks()
        if self.skip(","):
            self.skip_newlines()
            return True
        self.at = begin
        return False

    def unary(self) -> nodes.Node:
        """One operand, with what stands before and behind it."""
        prefix = self.take(PREFIX).lower()
        if prefix:
            self.skip_newlines()
            return nodes.Unary("-not" if prefix == "!" else prefix, self.unary())
        return self._cast() if self.peek() == "[" else self.primary()

    def _cast(self) -> nodes.Node:
        start = self.at
        found = self.match(TYPE)
        if found is None:
            self.refuse_here("a type or an attribute")
        self.at = found.end()
        if self.skip("::"):
            return self._postfix(self._static(found["name"], start), start)
        self.skip_blanks()
        return nodes.Cast(found["name"], self.unary(), self.span(start))

    def _static(self, type_name: str, start: int) -> nodes.Node:
        name = self._name()
        if self.skip("("):
            return nodes.StaticCall(type_name, name, self._arguments(), self.span(start))
        return nodes.StaticMember(type_name, name)

    def _name(self) -> str:
        name = self.take(NAME)
        if not name:
            self.refuse_here("the name of a member")
        return name

    def primary(self) -> nodes.Node:
        """A value with its members, indexes and calls."""
        start = self.at
        return self._postfix(self._atom(), start)

    def _atom(self) -> nodes.Node:
        char, pair = self.peek(), self.peek(2)
        if pair in ("$(", "@("):
            return self.sub_expression()
        if pair == "@{":
            return self._hash()
        if char == "(":
            return self._parenthesized()
        if char == "{":
            self.at += 1
            with self.joining(commas=True):
                return nodes.ScriptBlockLiteral(self.script_body("}"))
        if char in ("'", '"'):
            return self.verbatim() if char == "'" else self.expandable()
        if char == "$":
            return self.variable()
        sign = -1 if self.skip("-") else 1
        if not self.peek().isdigit():
            self.refuse_here("an expression")
        return nodes.Constant(sign * parse_number(self.take(NUMBER)))

    def sub_expression(self) -> nodes.SubExpression:
        """``$( )`` or ``@( )`` at the position."""
        array = self.peek() == "@"
        self.at += 2
        with self.joining(commas=True):
            return nodes.SubExpression(self.statements(")"), array)

    def _parenthesized(self) -> nodes.Node:
        self.at += 1
        self.skip_newlines()
        with self.joining(commas=True):
            inner = self.statement()
        self.expect(")")
        return nodes.Parenthesized(inner)

    def _hash(self) -> nodes.Node:
        self.at += 2
        entries: list[tuple[nodes.Node, nodes.Node]] = []
        self.skip_separators()
        while not self.skip("}"):
            with self.joining(commas=True):
                entries.append(self._entry())
            begin = self.at
            self.skip_separators()
            if begin == self.at and self.peek() != "}":
                self.refuse_here("an entry of a table")
        return nodes.HashLiteral(tuple(entries))

    def _entry(self) -> tuple[nodes.Node, nodes.Node]:
        word = self.take(KEY)
        key = nodes.Constant(word) if word else self.unary()
        self.skip_blanks()
        if not self.skip("="):
            self.refuse_here("what stands where '=' is expected")
        self.skip_newlines()
        return key, self.statement()

    def _postfix(self, node: nodes.Node, start: int) -> nodes.Node:
        """`node` with the members, indexes and calls right behind it."""
        while True:
            if self.peek() == "." and self.peek(2) != "..":
                self.at += 1
                node = self._member(node, start)
            elif self.peek() == "[":
                node = self._index(node, start)
            elif self.peek(2) == "::":
                self.refuse_here("this behind a value")
            else:
                return node

    def _member(self, target: nodes.Node, start: int) -> nodes.Node:
        name = self._name()
        if self.skip("("):
            return nodes.MethodCall(target, name, self._arguments(), self.span(start))
        return nodes.Member(target, name, self.span(start))

    def _arguments(self) -> tuple[nodes.Node, ...]:
        return self.listed(self.expression, "the arguments of a method")

    def listed(self, read: Callable[[], _Item], what: str) -> tuple[_Item, ...]:
        """What `read` reads between commas up to a parenthesis, which is taken too."""
        found: list[_Item] = []
        self.skip_newlines()
        while not self.skip(")"):
            with self.joining(commas=False):
                found.append(read())
            self.skip_newlines()
            if self.peek() != ")" and not self.comma():
                self.refuse_here(what)
        return tuple(found)

    def _index(self, target: nodes.Node, start: int) -> nodes.Node:
        self.at += 1
        self.skip_newlines()
        with self.joining(commas=True):
            index = self.expression()
        self.expect("]")
        return nodes.Index(target, index, self.span(start))

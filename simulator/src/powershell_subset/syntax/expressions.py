# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from powershell_subset.syntax.nodes import (
    ArrayLiteral,
    Cast,
    Constant,
    HashLiteral,
    Index,
    Member,
    MethodCall,
    Node,
    Parenthesized,
    ScriptBlockLiteral,
    Step,
    SubExpression,
    TypeLiteral,
)
from powershell_subset.syntax.operators import OperatorReader
from powershell_subset.syntax.structure import Block, ScriptBody
from powershell_subset.values.numbers import NUMBER, negated, parse_number

TYPE = re.compile(r"\[\s*(?P<name>[A-Za-z_][\w.+`]*(?:\s*\[[\w.+`\[\],\s]*\])*)\s*\]")
NAME = re.compile(r"[\w]+")
BEGINS_VALUE = re.compile(r"[$@(\[\"'{!\d\u2018\u2019\u201c\u201d]|[-+.]\d|[-+]\$|,|[-+]\(")
NUMBER_ENDS = re.compile(r"(?=[\s(){};,|&\]\[+*/%<>=!?:'\"#]|-|\.\.|\.[A-Za-z]|$)")


class ExpressionReader(OperatorReader):
    """Reads values and what is asked of them."""

    # Whether a comma joins values here; between the arguments of a method it does not.
    commas = True

    @contextmanager
    def joining(self, *, commas: bool) -> Iterator[None]:
        """Whether commas join values in what is read meanwhile."""
        before, self.commas = self.commas, commas
        yield
        self.commas = before

    def statements(self, closing: str) -> Block:
        """Statements up to `closing`, which is taken too."""
        raise NotImplementedError

    def statement(self) -> Node | None:
        """One statement; None when none begins here."""
        raise NotImplementedError

    def script_body(self, closing: str) -> ScriptBody:
        """Parameters and statements up to `closing`, which is taken too."""
        raise NotImplementedError

    def operand(self) -> Node | None:
        """A unary expression, or several joined by commas."""
        first = self._comma_first() if self.commas and self.peek() == "," else self.unary()
        if first is None or not self.commas:
            return first
        items = [first]
        while self._comma():
            self.skip_newlines()
            item = self.unary()
            if item is None:
                self.fail("Missing expression after ','.", "MissingExpressionAfterToken")
            items.append(item)
        return first if len(items) == 1 else ArrayLiteral(tuple(items))

    def _comma(self) -> bool:
        begin = self.at
        self.skip_blanks()
        if self.skip(","):
            return True
        self.at = begin
        return False

    def _comma_first(self) -> Node:
        self.at += 1
        self.skip_newlines()
        item = self._comma_first() if self.peek() == "," else self.unary()
        if item is None:
            self.fail("Missing expression after unary operator ','.", "MissingExpressionAfterOperator")
        return ArrayLiteral((item,))

    def unary(self) -> Node | None:
        """One operand, with what stands before and behind it."""
        start = self.at
        if self.peek(2) in ("++", "--"):
            by = 1 if self.peek() == "+" else -1
            self.at += 2
            self.skip_blanks()
            target = self.unary()
            if target is None:
                self.fail("Missing expression after unary operator.", "MissingExpressionAfterOperator")
            return Step(target, by, before=True, span=self.span(start))
        negative = self._negative_number()
        if negative is not None:
            return self.postfix(negative, start)
        return self.unary_operator(start) or self._cast() or self.primary()

    def _negative_number(self) -> Node | None:
        """A literal with its sign: the smallest Int32 is one, its digits without the sign are not."""
        if self.peek() != "-" or not re.match(r"\.?\d", self.text[self.at + 1 : self.at + 3]):
            return None
        self.at += 1
        number = self.number()
        if number is None or not isinstance(number.value, (int, float)) or self.peek() in (".", "["):
            self.at = self.at if number is None else self.at - len(number.text)
            self.at -= 1
            return None
        return Constant(negated(number.value), "-" + number.text)

    def _cast(self) -> Node | None:
        start = self.at
        found = self.match(TYPE)
        if found is None:
            return None
        self.at = found.end()
        literal = TypeLiteral(re.sub(r"\s", "", found["name"]))
        if self.peek(2) == "::" or self.peek() == ".":
            return self.postfix(literal, start)
        begin = self.at
        self.skip_blanks()
        has_value = self.match(BEGINS_VALUE) is not None and self.peek() != ","
        value = self.unary() if has_value or self.word_operator() == "-not" else None
        if value is None:
            self.at = begin
            return literal
        return Cast(literal.name, value, self.span(start))

    def primary(self) -> Node | None:
        """A value with its members, indexes and calls."""
        start = self.at
        node = self._atom()
        return None if node is None else self.postfix(node, start)

    def _atom(self) -> Node | None:
        char, pair = self.peek(), self.peek(2)
        if char and char in "'\u2018\u2019":
            return self.verbatim()
        if char and char in '"\u201c\u201d':
            return self.expandable()
        if char and char in "@$(":
            return self._opened(char, pair)
        if char == "{":
            self.at += 1
            with self.joining(commas=True):
                return ScriptBlockLiteral(self.script_body("}"))
        return self.number()

    def _opened(self, char: str, pair: str) -> Node | None:
        if pair in ("$(", "@("):
            return self.sub_expression()
        if pair == "@{":
            return self._hash()
        if pair == "@'":
            return self.verbatim_here()
        if pair == '@"':
            return self.expandable_here()
        if char == "(":
            return self._parenthesized()
        return self.variable() if char == "$" else None

    def number(self) -> Constant | None:
        """A numeric literal that ends where a number may end."""
        found = self.match(NUMBER)
        if found is None or NUMBER_ENDS.match(self.text, found.end()) is None:
            return None
        value = parse_number(found[0])
        if value is None:
            self.fail(f"The numeric constant {found[0]} is not valid.", "BadNumericConstant")
        self.at = found.end()
        return Constant(value, found[0])

    def sub_expression(self) -> SubExpression:
        """``$( )`` or ``@( )`` at the position."""
        array = self.peek() == "@"
        self.at += 2
        with self.joining(commas=True):
            return SubExpression(self.statements(")"), array)

    def _parenthesized(self) -> Node:
        self.at += 1
        self.skip_newlines()
        with self.joining(commas=True):
            inner = self.statement()
        if inner is None:
            self.fail("An expression was expected after '('.", "ExpectedExpression")
        self.skip_newlines()
        self.expect(")", "Missing closing ')' in expression.", "MissingEndParenthesisInExpression")
        return Parenthesized(inner)

    def _hash(self) -> Node:
        self.at += 2
        entries: list[tuple[Node, Node]] = []
        self.skip_separators()
        while not self.skip("}"):
            with self.joining(commas=True):
                entries.append(self._entry())
            begin = self.at
            self.skip_separators()
            if begin == self.at and self.peek() not in ("", "}"):
                self.fail_unexpected()
        return HashLiteral(tuple(entries))

    def _entry(self) -> tuple[Node, Node]:
        if not self.peek():
            self.fail("The hash literal was incomplete.", "IncompleteHashLiteral")
        word = self.take(re.compile(r"[^\W\d][\w-]*"))
        key: Node | None = Constant(word) if word else self.unary()
        if key is None:
            self.fail_unexpected()
        self.skip_blanks()
        self.expect("=", "Missing '=' operator after key in hash literal.", "MissingEqualsInHashLiteral")
        self.skip_newlines()
        value = self.statement()
        if value is None:
            self.fail("Missing statement after '=' in hash literal.", "MissingStatementInHashLiteral")
        return key, value

    def postfix(self, node: Node, start: int) -> Node:
        """`node` with the members, indexes, calls and steps right behind it."""
        while True:
            if self.peek(2) == "::" and self.peek(3) != ":::":
                self.at += 2
                node = self._member(node, start, static=True)
            elif self.peek() == "." and self.peek(2) != ".." and self._is_member():
                self.at += 1
                node = self._member(node, start, static=False)
            elif self.peek() == "[" and not isinstance(node, TypeLiteral):
                node = self._index(node, start)
            elif self.peek(2) in ("++", "--"):
                by = 1 if self.peek() == "+" else -1
                self.at += 2
                return Step(node, by, before=False, span=self.span(start))
            else:
                return node

    def _is_member(self) -> bool:
        following = self.text[self.at + 1 : self.at + 2]
        return bool(following) and (following.isalnum() or following in "_$'\"({")

    def _member(self, target: Node, start: int, *, static: bool) -> Node:
        word = self.take(NAME)
        name: Node | None = Constant(word) if word else self._atom()
        if name is None:
            self.fail("Missing property name after reference operator.", "MissingPropertyName")
        if self.peek() != "(":
            return Member(target, name, static, self.span(start))
        self.at += 1
        arguments = self._arguments()
        return MethodCall(target, name, arguments, static, self.span(start))

    def _arguments(self) -> tuple[Node, ...]:
        arguments: list[Node] = []
        self.skip_newlines()
        while not self.skip(")"):
            with self.joining(commas=False):
                argument = self.expression()
            if argument is None:
                self.fail("Missing ')' in method call.", "MissingEndParenthesisInMethodCall")
            arguments.append(argument)
            self.skip_newlines()
            if self.skip(","):
                self.skip_newlines()
            elif self.peek() != ")":
                self.fail("Missing ')' in method call.", "MissingEndParenthesisInMethodCall")
        return tuple(arguments)

    def _index(self, target: Node, start: int) -> Node:
        self.at += 1
        self.skip_newlines()
        with self.joining(commas=True):
            index = self.expression()
        if index is None:
            self.fail("Array index expression is missing or not valid.", "MissingArrayIndexExpression")
        self.skip_newlines()
        self.expect("]", "Missing ] at end of attribute or type literal.", "MissingEndSquareBracket")
        return Index(target, index, self.span(start))

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading commands, their arguments, redirections, and the pipelines they form."""

from __future__ import annotations

import re

from powershell_subset.source import Span
from powershell_subset.syntax.expressions import ExpressionReader
from powershell_subset.syntax.nodes import ArrayLiteral, Constant, Node, ScriptBlockLiteral, Variable
from powershell_subset.syntax.strings import Parts
from powershell_subset.syntax.structure import (
    Assignment,
    CommandNode,
    ExpressionElement,
    NamedArgument,
    Pipeline,
    Redirection,
    Splat,
)
from powershell_subset.values.numbers import NUMBER, negated, parse_number

ASSIGNMENT = re.compile(r"=|[-+*/%]=")
BEGINS_EXPRESSION = re.compile(
    r"[$@(\"'{!,\u2018\u2019\u201c\u201d]|\[\s*[A-Za-z_]|\+\+|--[$(]|[-+]?\.?\d|[-+]\s*[$(]|-(?:not|bnot|join|[ci]?split)(?![\w-])",
    re.IGNORECASE,
)
INVOCATION = re.compile(r"&(?![&>])|\.(?=[\s$({'\"])")
PARAMETER = re.compile(r"[-\u2013\u2014\u2015](?P<name>[A-Za-z_?][^\s{}();,|&.\[:'\"]*)(?P<colon>:?)")
REDIRECTION = re.compile(r"(?P<from>[1-6*]?)>(?:&(?P<into>[12])|(?P<append>>?))")
ENDS_WORD = re.compile(r"[\s{}();,|&<>]|$")
SPLAT = re.compile(r"@(?P<name>\w+)")


class CommandReader(ExpressionReader):
    """Reads what stands between two statement separators when it is not a keyword's statement."""

    def pipeline(self) -> Node | None:
        """A pipeline or an assignment; None when none begins here."""
        start = self.at
        first = self._element(first=True)
        if first is None:
            return None
        if isinstance(first, ExpressionElement) and not first.redirections:
            self.skip_blanks()
            operator = self.take(ASSIGNMENT)
            if operator:
                return self._assignment(first.expression, operator, start)
        elements = [first, *self._piped()]
        self._refuse_chain()
        return Pipeline(tuple(elements), self.span(start))

    def _refuse_chain(self) -> None:
        self.skip_blanks()
        if self.peek(2) in ("&&", "||"):
            message = f"The token '{self.peek(2)}' is not a valid statement separator in this version."
            self.fail(message, "InvalidEndOfLine")

    def _assignment(self, target: Node, operator: str, start: int) -> Node:
        self.skip_newlines()
        value = self.statement()
        if value is None:
            message = f"You must provide a value expression following the '{operator}' operator."
            self.fail(message, "ExpectedValueExpression")
        return Assignment(target, operator, value, self.span(start))

    def _piped(self) -> list[CommandNode | ExpressionElement]:
        elements: list[CommandNode | ExpressionElement] = []
        while True:
            self.skip_blanks()
            if self.peek() != "|" or self.peek(2) == "||":
                return elements
            self.at += 1
            self.skip_newlines()
            element = self._element(first=False)
            if element is None:
                self.fail("An empty pipe element is not allowed.", "EmptyPipeElement")
            elements.append(element)

    def _element(self, *, first: bool) -> CommandNode | ExpressionElement | None:
        start = self.at
        if self.match(INVOCATION) is not None:
            return self._invoked(start)
        if self.match(BEGINS_EXPRESSION) is None or self._is_named_by_digits():
            return self._command(start)
        if not first:
            message = "Expressions are only allowed as the first element of a pipeline."
            self.fail(message, "ExpressionsMustBeFirstInPipeline")
        expression = self.expression()
        if expression is None:
            self.fail_unexpected()
        return ExpressionElement(expression, self._redirections(), self.span(start))

    def _is_named_by_digits(self) -> bool:
        """A word such as 7z is a command, though it begins as a number."""
        return self.peek().isdigit() and self.number_here() is None

    def number_here(self) -> Constant | None:
        """The number at the position, which does not move."""
        begin = self.at
        number = self.number()
        self.at = begin
        return number

    def _invoked(self, start: int) -> CommandNode:
        operator = self.peek()
        self.at += 1
        self.skip_blanks()
        begin = self.at
        name = self.argument()
        if name is None:
            message = "The '&' operator must be followed by a command, a string or a script block."
            self.fail(message, "ExpectedExpression")
        return self._arguments_of(name, operator, start, self.span(begin))

    def _command(self, start: int) -> CommandNode | None:
        if not self.peek() or self.peek() in "{}();,|&<>]\r\n":
            return None
        word = self.bare_word()
        return self._arguments_of(word, "", start, self.span(start))

    def _arguments_of(self, name: Node, invocation: str, start: int, named: Span) -> CommandNode:
        arguments: list[Node] = []
        redirections: list[Redirection] = []
        only_values = False
        while True:
            begin = self.at
            self.skip_blanks()
            redirection = self._redirection()
            if redirection is not None:
                redirections.append(redirection)
                continue
            if self._ends_double_dash():
                only_values = True
                continue
            argument = None if only_values else self._parameter()
            argument = argument or self._values()
            if argument is None:
                self.at = begin
                return CommandNode(name, tuple(arguments), invocation, tuple(redirections), self.span(start), named)
            arguments.append(argument)

    def _ends_double_dash(self) -> bool:
        if self.peek(2) == "--" and ENDS_WORD.match(self.text, self.at + 2):
            self.at += 2
            return True
        if self.peek(3) == "--%":
            self.fail("asr-simulator does not model --%", "NotModelled")
        return False

    def _parameter(self) -> Node | None:
        start = self.at
        found = self.match(PARAMETER)
        if found is None:
            return None
        self.at = found.end()
        value = None
        if found["colon"]:
            self.skip_blanks()
            value = self._values()
            if value is None:
                message = f"The parameter '-{found['name']}' requires an argument."
                self.fail(message, "ParameterRequiresArgument")
        return NamedArgument(found["name"], value, self.span(start))

    def _values(self) -> Node | None:
        """An argument, or several joined by commas."""
        first = self.argument()
        if first is None:
            return None
        items = [first]
        while self._comma():
            self.skip_newlines()
            item = self.argument()
            if item is None:
                self.fail("Missing argument in parameter list.", "MissingArgument")
            items.append(item)
        return first if len(items) == 1 else ArrayLiteral(tuple(items))

    def argument(self) -> Node | None:
        """A value in a command: what is not an expression is text."""
        char, start = self.peek(), self.at
        if not char or char in "\r\n;)}|&,<>":
            return None
        splat = self.match(SPLAT)
        if splat:
            self.at = splat.end()
            return Splat(Variable(splat["name"]))
        if char in "$@(\"'{\u2018\u2019\u201c\u201d":
            node = self.primary()
            if node is not None and (char != "$" or isinstance(node, ScriptBlockLiteral) or self._word_ends()):
                return node
            self.at = start
        found = self.match(NUMBER) or re.compile(r"-" + NUMBER.pattern, re.IGNORECASE).match(self.text, self.at)
        if found and ENDS_WORD.match(self.text, found.end()):
            return self._numeric(found[0])
        return self.bare_word()

    def _numeric(self, text: str) -> Node | None:
        value = parse_number(text.lstrip("-"))
        if not isinstance(value, (int, float)):
            return self.bare_word()
        self.at += len(text)
        return Constant(negated(value) if text.startswith("-") else value, text)

    def _word_ends(self) -> bool:
        return ENDS_WORD.match(self.text, self.at) is not None

    def bare_word(self) -> Node:
        """Text up to the next character that ends a word; quotes in it group, variables are looked up."""
        parts = Parts()
        start = self.at
        while not self._word_ends():
            char = self.peek()
            if char == "'":
                parts.text(str(self.verbatim().value))
            elif char == '"':
                inner = self.expandable()
                for part in getattr(inner, "parts", ()) or (getattr(inner, "value", ""),):
                    parts.text(part) if isinstance(part, str) else parts.add(part)
            else:
                self.piece(parts)
        if self.at == start:
            self.fail_unexpected()
        return parts.node()

    def _redirections(self) -> tuple[Redirection, ...]:
        found: list[Redirection] = []
        while True:
            self.skip_blanks()
            redirection = self._redirection()
            if redirection is None:
                return tuple(found)
            found.append(redirection)

    def _redirection(self) -> Redirection | None:
        if self.peek() == "<":
            self.fail("The '<' operator is reserved for future use.", "RedirectionNotSupported")
        found = self.match(REDIRECTION)
        if found is None:
            return None
        self.at = found.end()
        stream = found["from"] or "1"
        if found["into"]:
            return Redirection(stream, None, found["into"])
        self.skip_blanks()
        target = self.argument()
        if target is None:
            self.fail("Missing file specification after redirection operator.", "MissingFileSpecification")
        return Redirection(stream, target)

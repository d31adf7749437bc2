# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operators and how tightly they bind."""

from __future__ import annotations

import re

from powershell_subset.syntax.nodes import Binary, Node, Unary
from powershell_subset.syntax.strings import StringReader

LOGICAL = {"-and", "-or", "-xor"}
BITWISE = {"-band", "-bor", "-bxor"}
PLAIN = {"eq", "ne", "gt", "ge", "lt", "le", "like", "notlike", "match", "notmatch", "replace", "split"}
PLAIN |= {"contains", "notcontains", "in", "notin"}
COMPARISON = {f"-{case}{name}" for name in PLAIN for case in ("", "c", "i")}
COMPARISON |= {"-is", "-isnot", "-as", "-join", "-shl", "-shr"}
LEVELS: tuple[set[str], ...] = (LOGICAL, BITWISE, COMPARISON, {"+", "-"}, {"*", "/", "%"}, {"-f"}, {".."})
UNARY = {"-not", "-bnot", "-join", "-split", "-csplit", "-isplit"}
DASHES = "[-\u2013\u2014\u2015]"
WORD = re.compile(DASHES + r"[A-Za-z]+(?![\w-])")
SIGN = re.compile(r"\.\.|[-+*/%\u2013\u2014\u2015](?![=>])")


class OperatorReader(StringReader):
    """Reads operands joined by operators."""

    def operand(self) -> Node | None:
        """A unary expression, or several joined by commas; None: nothing that could begin one."""
        raise NotImplementedError

    def unary(self) -> Node | None:
        """One operand, with what stands before and behind it."""
        raise NotImplementedError

    def expression(self) -> Node | None:
        """An expression with all its operators; None when none begins here."""
        start = self.at
        first = self.operand()
        return None if first is None else self._joined(first, 0, start)

    def expected(self, after: str) -> Node:
        """What has to follow an operator."""
        operand = self.operand()
        if operand is None:
            message = f"You must provide a value expression following the '{after}' operator."
            self.fail(message, "ExpectedValueExpression")
        return operand

    def word_operator(self) -> str:
        """The ``-word`` that is next, in lower case with a plain hyphen; the position does not move."""
        found = self.match(WORD)
        return "-" + found[0][1:].lower() if found else ""

    def _operator(self) -> tuple[str, int]:
        """The operator that is next and its level; the position does not move."""
        sign = self.match(SIGN)
        text = self.word_operator() or (sign[0] if sign else "")
        text = "-" if text in ("\u2013", "\u2014", "\u2015") else text
        for level, operators in enumerate(LEVELS):
            if text in operators:
                return text, level
        return "", -1

    def _joined(self, left: Node, least: int, start: int) -> Node:
        """`left`, which began at `start`, with the operators behind it of level `least` and above."""
        while True:
            begin = self.at
            self.skip_blanks()
            operator, level = self._operator()
            if not operator or level < least:
                self.at = begin
                return left
            self.at += len(operator)
            self.skip_newlines()
            after = self.at
            right = self._joined(self.expected(operator), level + 1, after)
            left = Binary(operator, left, right, self.span(start))

    def unary_operator(self, start: int) -> Node | None:
        """An operand with an operator before it; None: no operator here."""
        word = self.word_operator()
        sign = self.peek()
        if word in UNARY:
            self.at += len(word)
        elif sign == "!" or (sign and sign in "+-" and self.peek(2) not in ("+=", "-=", "++", "--")):
            self.at += 1
            word = sign
        else:
            return None
        self.skip_newlines()
        operand = self.unary()
        if operand is None:
            message = f"Missing expression after unary operator '{word}'."
            self.fail(message, "MissingExpressionAfterOperator")
        return Unary("-not" if word == "!" else word, operand, self.span(start))

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading loops and ``switch``."""

from __future__ import annotations

import re

from powershell_subset.syntax.nodes import Constant, Node
from powershell_subset.syntax.parameters import ParameterReader
from powershell_subset.syntax.structure import Block, For, ForEach, Loop, Switch

LABEL = re.compile(r":(?P<name>[A-Za-z_]\w*)\s*(?=(?:foreach|for|while|do|switch)\b)", re.IGNORECASE)
MODES = {"-regex": "regex", "-wildcard": "wildcard", "-exact": ""}


class LoopReader(ParameterReader):
    """Reads statements that repeat others."""

    def block(self, owner: str) -> Block:
        """Statements in braces."""
        raise NotImplementedError

    def condition(self, owner: str) -> Node:
        """A pipeline in parentheses."""
        raise NotImplementedError

    def label(self, name: str) -> Node:
        """The label that ``break`` and ``continue`` name."""
        return Constant(name.lower())

    def loop(self, word: str) -> Node | None:
        """A loop or ``switch``, with its label; None when none begins here."""
        found = self.match(LABEL)
        label = ""
        if found:
            self.at = found.end()
            label, word = found["name"].lower(), self.keyword()
        if word == "foreach":
            return self._foreach(label)
        if word == "for":
            return self._for(label)
        if word == "while":
            self.skip_keyword(word)
            return Loop(self.condition("while"), self.block("'while' keyword"), False, False, label)
        if word == "do":
            return self._do(label)
        return self._switch(label) if word == "switch" else None

    def _foreach(self, label: str) -> Node:
        self.skip_keyword("foreach")
        self.skip_newlines()
        self.expect("(", "Missing opening '(' after keyword 'foreach'.", "MissingOpenParenthesisAfterKeyword")
        self.skip_newlines()
        variable = self.variable()
        if variable is None:
            self.fail("Missing variable name after foreach.", "MissingVariableNameAfterForeach")
        self.skip_newlines()
        if not self.skip_keyword("in"):
            self.fail("Missing 'in' after variable in foreach loop.", "MissingInInForeach")
        self.skip_newlines()
        items = self.pipeline()
        if items is None:
            self.fail("Missing expression after 'in' in foreach loop.", "MissingForeachExpression")
        self.skip_newlines()
        message = "Missing closing ')' after expression part of foreach loop."
        self.expect(")", message, "MissingEndParenthesisAfterForeach")
        return ForEach(variable, items, self.block("foreach loop"), label)

    def _for(self, label: str) -> Node:
        self.skip_keyword("for")
        self.skip_newlines()
        self.expect("(", "Missing opening '(' after keyword 'for'.", "MissingOpenParenthesisAfterKeyword")
        parts: list[Node | None] = []
        for last in (False, False, True):
            self.skip_newlines()
            parts.append(self.pipeline())
            self.skip_blanks()
            if not last and not self.skip(";"):
                break
        self.skip_newlines()
        message = "Missing closing ')' after expression in 'for' statement."
        self.expect(")", message, "MissingEndParenthesisAfterStatement")
        first, condition, each = (*parts, None, None, None)[:3]
        return For(first, condition, each, self.block("'for' keyword"), label)

    def _do(self, label: str) -> Node:
        self.skip_keyword("do")
        body = self.block("'do' keyword")
        self.skip_newlines()
        word = self.keyword()
        if word not in ("while", "until"):
            self.fail("Missing while or until keyword in do loop.", "MissingWhileOrUntilInDoWhile")
        self.skip_keyword(word)
        return Loop(self.condition(word), body, body_first=True, until=word == "until", label=label)

    def _switch(self, label: str) -> Node:
        self.skip_keyword("switch")
        self.skip_newlines()
        mode, case_sensitive = "", False
        while self.peek() == "-":
            option = self.take(re.compile(r"-\w+")) or ""
            if option.lower() == "-casesensitive":
                case_sensitive = True
            elif option.lower() in MODES:
                mode = MODES[option.lower()]
            else:
                self.fail(f"asr-simulator does not model switch {option}", "NotModelled")
            self.skip_newlines()
        subject = self.condition("switch")
        self.skip_newlines()
        self.expect("{", "Missing opening '{' in switch statement.", "MissingCurlyBraceInSwitchStatement")
        return Switch(mode, case_sensitive, subject, self._clauses(), label)

    def _clauses(self) -> tuple[tuple[Node | None, Block], ...]:
        clauses: list[tuple[Node | None, Block]] = []
        self.skip_separators()
        while not self.skip("}"):
            condition = None if self.skip_keyword("default") else self.argument()
            if condition is None and self.text[self.at - 1 : self.at].lower() != "t":
                message = "Missing condition in switch statement clause."
                self.fail(message, "MissingSwitchConditionExpression")
            clauses.append((condition, self.block("switch statement clause")))
            self.skip_separators()
        return tuple(clauses)

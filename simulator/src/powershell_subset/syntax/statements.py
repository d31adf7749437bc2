# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading statements, script blocks and functions."""

from __future__ import annotations

import re
from functools import lru_cache

from powershell_subset.source import Source, Span
from powershell_subset.syntax.loops import LoopReader
from powershell_subset.syntax.nodes import Node
from powershell_subset.syntax.reader import ScriptError
from powershell_subset.syntax.structure import (
    Assignment,
    Block,
    Catch,
    For,
    ForEach,
    Function,
    If,
    Jump,
    Loop,
    Parameter,
    ScriptBody,
    Switch,
    Try,
)

JUMPS = ("return", "throw", "exit", "break", "continue")
NAMED_BLOCKS = ("begin", "process", "end")
REFUSED = ("class", "enum", "using", "trap", "data", "workflow", "dynamicparam", "configuration", "inlinescript")
FUNCTION_NAME = re.compile(r"[^\s{}();,|&'\"]+?(?=[\s({])")


class StatementReader(LoopReader):
    """Reads whole scripts."""

    def statements(self, closing: str) -> Block:
        """Statements up to `closing`, which is taken too."""
        found: list[Node] = []
        self.skip_separators()
        while not (closing and self.skip(closing)):
            if not self.peek():
                if not closing:
                    break
                self.fail(f"Missing closing '{closing}' in statement block or type definition.", MISSING_END[closing])
            node = self.statement()
            if node is None:
                self.fail_unexpected()
            found.append(node)
            self._end_of_statement(node, closing)
        return Block(tuple(found))

    def _end_of_statement(self, node: Node, closing: str) -> None:
        while isinstance(node, Assignment):
            node = node.value
        after_block = isinstance(node, (If, ForEach, For, Loop, Switch, Try, Function))
        begin = self.at
        self.skip_separators()
        separated = bool(re.search(r"[\n;]", self.text[begin : self.at]))
        if not separated and not after_block and self.peek() and self.peek() != closing:
            self.fail_unexpected()

    def statement(self) -> Node | None:
        """One statement; None when none begins here."""
        word = self.keyword()
        if word in REFUSED and not self.text[self.at + len(word) :].lstrip(" \t").startswith("|"):
            self.fail(f"asr-simulator does not model the keyword '{word}'", "NotModelled")
        if word == "if":
            return self._if()
        if word == "try":
            return self._try()
        if word in ("function", "filter"):
            return self._function(word)
        if word in JUMPS:
            return self._jump(word)
        return self.loop(word) or self.pipeline()

    def block(self, owner: str) -> Block:
        """Statements in braces."""
        self.skip_newlines()
        if not self.skip("{"):
            self.fail(f"Missing statement block after {owner}.", "MissingStatementBlock")
        with self.joining(commas=True):
            return self.statements("}")

    def condition(self, owner: str) -> Node:
        """A pipeline in parentheses."""
        self.skip_newlines()
        self.expect("(", f"Missing opening '(' after keyword '{owner}'.", "MissingOpenParenthesisInIfStatement")
        self.skip_newlines()
        condition = self.statement()
        if condition is None:
            message = f"Missing condition in {owner} statement after '{owner} ('."
            self.fail(message, "IfStatementMissingCondition")
        self.skip_newlines()
        message = f"Missing closing ')' after expression in '{owner}' statement."
        self.expect(")", message, "MissingEndParenthesisAfterStatement")
        return condition

    def _if(self) -> Node:
        self.skip_keyword("if")
        clauses = [(self.condition("if"), self.block("if ( condition )"))]
        while True:
            begin = self.at
            self.skip_newlines()
            if self.skip_keyword("elseif"):
                clauses.append((self.condition("elseif"), self.block("elseif ( condition )")))
            elif self.skip_keyword("else"):
                return If(tuple(clauses), self.block("'else' keyword"))
            else:
                self.at = begin
                return If(tuple(clauses), None)

    def _try(self) -> Node:
        start = self.at
        self.skip_keyword("try")
        body = self.block("'try' keyword")
        catches: list[Catch] = []
        while self._next_clause("catch"):
            catches.append(Catch(self._caught_types(), self.block("'catch' keyword")))
        last = self.block("'finally' keyword") if self._next_clause("finally") else None
        if not catches and last is None:
            self.fail("The Try statement is missing its Catch or Finally block.", "MissingCatchOrFinally", start)
        return Try(body, tuple(catches), last)

    def _next_clause(self, word: str) -> bool:
        begin = self.at
        self.skip_newlines()
        if self.skip_keyword(word):
            return True
        self.at = begin
        return False

    def _caught_types(self) -> tuple[str, ...]:
        _unused, types = self.attributes_and_types()
        found = list(types)
        while self.skip(","):
            found.extend(self.attributes_and_types()[1])
        return tuple(found)

    def _jump(self, word: str) -> Node:
        start = self.at
        self.skip_keyword(word)
        self.skip_blanks()
        if word in ("break", "continue"):
            label = self.take(re.compile(r"[A-Za-z_]\w*"))
            return Jump(word, self.label(label) if label else None, self.span(start))
        return Jump(word, self.pipeline(), self.span(start))

    def _function(self, word: str) -> Node:
        start = self.at
        self.skip_keyword(word)
        self.skip_blanks()
        name = self.take(FUNCTION_NAME)
        if name is None:
            self.fail(f"Missing name after {word} keyword.", "MissingNameAfterKeyword")
        self.skip_newlines()
        declared = self.parameter_list() if self.skip("(") else None
        self.skip_newlines()
        self.expect("{", "Missing function body in function declaration.", "MissingFunctionBody")
        with self.joining(commas=True):
            body = self.script_body("}", declared, as_filter=word == "filter")
        if "." in name or ":" in name.replace("script:", "").replace("global:", ""):
            self.fail(f"asr-simulator does not model a function named '{name}'", "NotModelled", start)
        return Function(name, body)

    def script_body(
        self, closing: str, declared: tuple[Parameter, ...] | None = None, *, as_filter: bool = False
    ) -> ScriptBody:
        """Parameters and statements up to `closing`, which is taken too."""
        start = self.at
        parameters, binding = (declared, False) if declared is not None else self._param_block()
        self.skip_separators()
        blocks: dict[str, Block] = {}
        if self.keyword() in NAMED_BLOCKS and self._opens_block():
            blocks = self._named_blocks(closing)
        else:
            blocks["process" if as_filter else "end"] = self.statements(closing)
        inside = self.at - 1 if closing else self.at
        return ScriptBody(
            parameters or (),
            has_parameters=parameters is not None,
            cmdlet_binding=binding,
            source=self.source,
            span=Span(start, inside),
            **blocks,
        )

    def _opens_block(self) -> bool:
        return re.compile(r"[A-Za-z]+\s*\{").match(self.text, self.at) is not None

    def _param_block(self) -> tuple[tuple[Parameter, ...] | None, bool]:
        begin = self.at
        self.skip_separators()
        attributes, _unused = self.attributes_and_types()
        self.skip_newlines()
        if not self.skip_keyword("param"):
            self.at = begin
            return None, False
        self.skip_newlines()
        self.expect("(", "Missing '(' after 'param'.", "MissingOpenParenthesisInFunctionParameterList")
        parameters = self.parameter_list()
        advanced = any(each.name == "cmdletbinding" for each in attributes)
        return parameters, advanced or any(
            attribute.name == "parameter" for each in parameters for attribute in each.attributes
        )

    def _named_blocks(self, closing: str) -> dict[str, Block]:
        blocks: dict[str, Block] = {}
        while not (closing and self.skip(closing)):
            word = self.keyword()
            if word not in NAMED_BLOCKS or word in blocks:
                if not self.peek() and not closing:
                    break
                self.fail_unexpected()
            self.skip_keyword(word)
            blocks[word] = self.block(f"'{word}' keyword")
            self.skip_separators()
        return blocks


MISSING_END = {"}": "MissingEndCurlyBrace", ")": "MissingEndParenthesisInExpression"}


@lru_cache(maxsize=256)
def parse(text: str) -> ScriptBody:
    """The tree of a script.

    Raises:
        ScriptError: PowerShell would not take it.
    """
    reader = StatementReader(Source(text))
    try:
        body = reader.script_body("")
    except RecursionError:
        message = "a script nested this deep"
        raise ScriptError(message, "NotModelled", reader.span(0), reader.source) from None
    return body

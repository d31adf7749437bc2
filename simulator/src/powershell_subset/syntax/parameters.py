# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the parameters of scripts and functions."""

from __future__ import annotations

import re

from powershell_subset.syntax.commands import CommandReader
from powershell_subset.syntax.expressions import TYPE
from powershell_subset.syntax.nodes import Constant, Node
from powershell_subset.syntax.structure import Attribute, Parameter

ATTRIBUTE = re.compile(r"\[\s*(?P<name>[A-Za-z_][\w.]*)\s*\(")
ASSIGNED = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*(?P<value>=(?!=)\s*)?(?=[^\s(]|$)")


class ParameterReader(CommandReader):
    """Reads ``param()`` blocks."""

    def attributes_and_types(self) -> tuple[tuple[Attribute, ...], tuple[str, ...]]:
        """What stands in square brackets before a parameter or a ``param`` block."""
        attributes: list[Attribute] = []
        types: list[str] = []
        while True:
            self.skip_newlines()
            found = self.match(ATTRIBUTE)
            literal = None if found else self.match(TYPE)
            if found:
                self.at = found.end()
                attributes.append(self._attribute(found["name"].lower()))
            elif literal:
                self.at = literal.end()
                types.append(re.sub(r"\s", "", literal["name"]))
            else:
                return tuple(attributes), tuple(types)

    def _attribute(self, name: str) -> Attribute:
        named: list[tuple[str, Node]] = []
        positional: list[Node] = []
        self.skip_newlines()
        while not self.skip(")"):
            self._attribute_argument(named, positional)
            self.skip_newlines()
            if self.skip(","):
                self.skip_newlines()
            elif self.peek() != ")":
                self.fail("Missing ')' in attribute.", "MissingEndParenthesisInExpression")
        self.skip_newlines()
        self.expect("]", "Missing ] at end of attribute or type literal.", "EndSquareBracketExpectedAtEndOfAttribute")
        return Attribute(name.removesuffix("attribute"), tuple(named), tuple(positional))

    def _attribute_argument(self, named: list[tuple[str, Node]], positional: list[Node]) -> None:
        with self.joining(commas=False):
            word = self.match(ASSIGNED)
            if word is None:
                value = self.expression()
                if value is None:
                    self.fail_unexpected()
                positional.append(value)
                return
            self.at = word.end()
            value = self.expression() if word["value"] else Constant(True)
            if value is None:
                self.fail_unexpected()
            named.append((word["name"].lower(), value))

    def parameter_list(self) -> tuple[Parameter, ...]:
        """The parameters up to the closing parenthesis, which is taken too."""
        parameters: list[Parameter] = []
        self.skip_newlines()
        while not self.skip(")"):
            parameters.append(self._declared())
            self.skip_newlines()
            if self.skip(","):
                self.skip_newlines()
            elif self.peek() != ")":
                message = "Missing ')' in function parameter list."
                self.fail(message, "MissingEndParenthesisInFunctionParameterList")
        return tuple(parameters)

    def _declared(self) -> Parameter:
        attributes, types = self.attributes_and_types()
        variable = self.variable()
        if variable is None:
            message = "Missing ')' in function parameter list."
            self.fail(message, "MissingEndParenthesisInFunctionParameterList")
        begin = self.at
        self.skip_newlines()
        if not self.skip("="):
            self.at = begin
            return Parameter(variable.name, types, attributes, None)
        self.skip_newlines()
        with self.joining(commas=False):
            default = self.expression()
        if default is None:
            self.fail("Missing expression after '='.", "MissingExpressionAfterToken")
        return Parameter(variable.name, types, attributes, default)

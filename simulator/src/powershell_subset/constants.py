# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expressions whose value stands in the text of a script: whether the subset has them is known before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from powershell_subset.errors import Terminating
from powershell_subset.members.methods import call_method
from powershell_subset.members.properties import get_index, get_property
from powershell_subset.objects import Hashtable, NotModeled
from powershell_subset.operators.binary import apply, unary
from powershell_subset.operators.formatting import format_text
from powershell_subset.running.expressions import CONSTANTS
from powershell_subset.syntax import nodes
from powershell_subset.values.cast import CastError, cast

# What no text tells.
UNTOLD: Any = object()
# The right operand of these says what they do, whatever the left one is.
BY_PATTERN = ("-match", "-notmatch", "-like", "-notlike", "-replace", "-split")
# A format names its values by one digit.
MOST_VALUES = 10


class Constants:
    """The values of the expressions of a script, each of which is worked out once."""

    def __init__(self) -> None:
        self._values: dict[nodes.Node, Any] = {}

    def value(self, node: nodes.Node | None) -> Any:
        """The value of an expression that only constants make; UNTOLD: it is another, or an error that can be caught.

        Raises:
            NotModeled: it is outside the subset.
        """
        function = _FOLDS.get(type(node))
        if node is None or function is None:
            return UNTOLD
        if node not in self._values:
            try:
                self._values[node] = function(self, node)
            except (CastError, Terminating):
                self._values[node] = UNTOLD
        return self._values[node]

    def values(self, several: tuple[nodes.Node, ...]) -> Any:
        """A list of the values; UNTOLD: not all are told."""
        found = [self.value(node) for node in several]
        return UNTOLD if any(value is UNTOLD for value in found) else found

    def check_table(self, node: nodes.HashLiteral) -> None:
        """See that the keys of a table are within the subset.

        Raises:
            NotModeled: one is not.
        """
        table = Hashtable()
        for key in (self.value(key_node) for key_node, _value_node in node.entries):
            if key is UNTOLD:
                continue
            if key in table:
                raise NotModeled("the error for a key that is twice in a table")
            table[key] = None


def _variable(constants: Constants, node: nodes.Variable) -> Any:
    return UNTOLD if node.environment else CONSTANTS.get(node.key, UNTOLD)


def _unary(constants: Constants, node: nodes.Unary) -> Any:
    value = constants.value(node.operand)
    return UNTOLD if value is UNTOLD else unary(node.operator, value)


def _binary(constants: Constants, node: nodes.Binary) -> Any:
    left, right = constants.value(node.left), constants.value(node.right)
    if node.operator in ("-and", "-or"):
        return UNTOLD
    if left is not UNTOLD and right is not UNTOLD:
        return apply(node.operator, left, right)
    if node.operator == "-f" and isinstance(left, str):
        format_text(left, [None] * MOST_VALUES)
    if node.operator in BY_PATTERN:
        _check_pattern(constants, node.operator, node.right)
    return UNTOLD


def _check_pattern(constants: Constants, operator: str, right: nodes.Node) -> None:
    """Apply the operator to no text at all; of several right operands the first is the pattern."""
    given = constants.value(right)
    if given is UNTOLD and isinstance(right, nodes.ArrayLiteral):
        given = constants.value(right.items[0])
    if given is not UNTOLD:
        apply(operator, "", given)


def _cast(constants: Constants, node: nodes.Cast) -> Any:
    value = constants.value(node.value)
    return UNTOLD if value is UNTOLD else cast(value, node.type_name)


def _member(constants: Constants, node: nodes.Member) -> Any:
    target = constants.value(node.target)
    return UNTOLD if target is UNTOLD else get_property(target, node.name)


def _method(constants: Constants, node: nodes.MethodCall) -> Any:
    target, arguments = constants.value(node.target), constants.values(node.arguments)
    return UNTOLD if target is UNTOLD or arguments is UNTOLD else call_method(target, node.name, arguments)


def _index(constants: Constants, node: nodes.Index) -> Any:
    target, index = constants.value(node.target), constants.value(node.index)
    return UNTOLD if target is UNTOLD or index is UNTOLD else get_index(target, index)


_FOLDS: dict[type[Any], Callable[[Constants, Any], Any]] = {
    nodes.Constant: lambda constants, node: node.value,
    nodes.Variable: _variable,
    nodes.ArrayLiteral: lambda constants, node: constants.values(node.items),
    nodes.Parenthesized: lambda constants, node: constants.value(node.inner),
    nodes.Pipeline: lambda constants, node: constants.value(node.expression),
    nodes.Unary: _unary,
    nodes.Binary: _binary,
    nodes.Cast: _cast,
    nodes.Member: _member,
    nodes.MethodCall: _method,
    nodes.Index: _index,
}

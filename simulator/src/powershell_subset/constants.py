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
from powershell_subset.operators.binary import apply
from powershell_subset.operators.formatting import format_text
from powershell_subset.running.expressions import CONSTANTS
from powershell_subset.syntax.nodes import (
    ArrayLiteral,
    Binary,
    Cast,
    Constant,
    HashLiteral,
    Index,
    Member,
    MethodCall,
    Node,
    Not,
    Parenthesized,
    Pipeline,
    Variable,
)
from powershell_subset.values.cast import CastError, cast
from powershell_subset.values.text import truth

# What no text tells.
UNTOLD: Any = object()
# The right operand of these says what they do, whatever the left one is.
BY_PATTERN = ("-match", "-notmatch", "-like", "-notlike", "-replace", "-split")
# A format names its values by one digit.
MOST_VALUES = 10


class Constants:
    """The values of the expressions of a script, each of which is worked out once."""

    def __init__(self) -> None:
        self._values: dict[Node, Any] = {}

    def value(self, node: Node | None) -> Any:
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

    def values(self, nodes: tuple[Node, ...]) -> Any:
        """A list of the values; UNTOLD: not all are told."""
        found = [self.value(node) for node in nodes]
        return UNTOLD if any(value is UNTOLD for value in found) else found

    def check_table(self, node: HashLiteral) -> None:
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


def _variable(constants: Constants, node: Variable) -> Any:
    return UNTOLD if node.environment else CONSTANTS.get(node.key, UNTOLD)


def _not(constants: Constants, node: Not) -> Any:
    value = constants.value(node.operand)
    return UNTOLD if value is UNTOLD else not truth(value)


def _binary(constants: Constants, node: Binary) -> Any:
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


def _check_pattern(constants: Constants, operator: str, right: Node) -> None:
    """Apply the operator to no text at all; of several right operands the first is the pattern."""
    given = constants.value(right)
    if given is UNTOLD and isinstance(right, ArrayLiteral):
        given = constants.value(right.items[0])
    if given is not UNTOLD:
        apply(operator, "", given)


def _cast(constants: Constants, node: Cast) -> Any:
    value = constants.value(node.value)
    return UNTOLD if value is UNTOLD else cast(value, node.type_name)


def _member(constants: Constants, node: Member) -> Any:
    target = constants.value(node.target)
    return UNTOLD if target is UNTOLD else get_property(target, node.name)


def _method(constants: Constants, node: MethodCall) -> Any:
    target, arguments = constants.value(node.target), constants.values(node.arguments)
    return UNTOLD if target is UNTOLD or arguments is UNTOLD else call_method(target, node.name, arguments)


def _index(constants: Constants, node: Index) -> Any:
    target, index = constants.value(node.target), constants.value(node.index)
    return UNTOLD if target is UNTOLD or index is UNTOLD else get_index(target, index)


_FOLDS: dict[type[Any], Callable[[Constants, Any], Any]] = {
    Constant: lambda constants, node: node.value,
    Variable: _variable,
    ArrayLiteral: lambda constants, node: constants.values(node.items),
    Parenthesized: lambda constants, node: constants.value(node.inner),
    Pipeline: lambda constants, node: constants.value(node.expression),
    Not: _not,
    Binary: _binary,
    Cast: _cast,
    Member: _member,
    MethodCall: _method,
    Index: _index,
}

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of a script, as the parser hands them to the evaluator."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from powershell_subset.source import Source, Span


@dataclass(frozen=True, eq=False)
class Node:
    """Any part of a script."""


@dataclass(frozen=True, eq=False)
class Constant(Node):
    """A number, a string without anything to expand, or a bare word."""

    value: str | int | float


@dataclass(frozen=True, eq=False)
class Expandable(Node):
    """A string whose parts, strings and expressions, are put together."""

    parts: tuple[str | Node, ...]


@dataclass(frozen=True, eq=False)
class Variable(Node):
    """``$name``, or with `environment` ``$env:name``."""

    name: str
    environment: bool = False

    @cached_property
    def key(self) -> str:
        """The name in lower case: names of variables have no case."""
        return self.name.lower()


@dataclass(frozen=True, eq=False)
class ArrayLiteral(Node):
    """``a, b``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Block(Node):
    """Statements, one after another."""

    statements: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class SubExpression(Node):
    """``$( )``, or ``@( )``, which is always an array."""

    body: Block
    array: bool


@dataclass(frozen=True, eq=False)
class Parenthesized(Node):
    """``( )`` around a pipeline."""

    inner: Node


@dataclass(frozen=True, eq=False)
class HashLiteral(Node):
    """``@{ key = statement }``."""

    entries: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, eq=False)
class Parameter(Node):
    """One parameter of a ``param()`` block; its type is empty where none is declared."""

    name: str
    type_name: str
    default: Node | None


@dataclass(frozen=True, eq=False)
class ScriptBody(Node):
    """A script, a function's body or a script block."""

    parameters: tuple[Parameter, ...]
    block: Block
    source: Source
    span: Span


@dataclass(frozen=True, eq=False)
class ScriptBlockLiteral(Node):
    """``{ }`` as a value."""

    body: ScriptBody


@dataclass(frozen=True, eq=False)
class Cast(Node):
    """``[type] value``."""

    type_name: str
    value: Node
    span: Span


@dataclass(frozen=True, eq=False)
class Unary(Node):
    """``-not``, ``-join`` and ``-split`` before one operand."""

    operator: str
    operand: Node


@dataclass(frozen=True, eq=False)
class Binary(Node):
    """Two operands; `operator` is lower case."""

    operator: str
    left: Node
    right: Node
    span: Span


@dataclass(frozen=True, eq=False)
class Member(Node):
    """``target.name``."""

    target: Node
    name: str
    span: Span


@dataclass(frozen=True, eq=False)
class StaticMember(Node):
    """``[type]::name``."""

    type_name: str
    name: str


@dataclass(frozen=True, eq=False)
class MethodCall(Node):
    """``target.name(arguments)``."""

    target: Node
    name: str
    arguments: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, eq=False)
class StaticCall(Node):
    """``[type]::name(arguments)``."""

    type_name: str
    name: str
    arguments: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Index(Node):
    """``target[index]``."""

    target: Node
    index: Node
    span: Span


@dataclass(frozen=True, eq=False)
class NamedArgument(Node):
    """``-name``; with ``-name:value`` also its value."""

    name: str
    value: Node | None


@dataclass(frozen=True, eq=False)
class Command(Node):
    """A command with its arguments; `called` where ``&`` stands before it."""

    name: Node
    arguments: tuple[Node, ...]
    called: bool
    span: Span
    name_span: Span


@dataclass(frozen=True, eq=False)
class Pipeline(Node):
    """Commands joined by ``|``; the first may be an expression."""

    elements: tuple[Node, ...]

    @cached_property
    def expression(self) -> Node | None:
        """The expression that stands alone; None: there is a command."""
        return self.elements[0] if len(self.elements) == 1 and not isinstance(self.elements[0], Command) else None


@dataclass(frozen=True, eq=False)
class Assignment(Node):
    """``target operator statement``; the operator is ``=`` or ``+=``."""

    target: Node
    operator: str
    value: Node
    span: Span


@dataclass(frozen=True, eq=False)
class If(Node):
    """Conditions with their blocks, and what is done otherwise."""

    clauses: tuple[tuple[Node, Block], ...]
    otherwise: Block | None


@dataclass(frozen=True, eq=False)
class ForEach(Node):
    """``foreach ($variable in items)``."""

    variable: Variable
    items: Node
    body: Block


@dataclass(frozen=True, eq=False)
class Switch(Node):
    """``switch`` on a text; `otherwise` is ``default``."""

    subject: Node
    clauses: tuple[tuple[str, Block], ...]
    otherwise: Block | None


@dataclass(frozen=True, eq=False)
class Try(Node):
    """``try`` with its handlers."""

    body: Block
    handler: Block | None
    last: Block | None


@dataclass(frozen=True, eq=False)
class Jump(Node):
    """``break``, ``continue``, ``return``, ``throw`` and ``exit``."""

    keyword: str
    value: Node | None
    span: Span


@dataclass(frozen=True, eq=False)
class Function(Node):
    """``function name { }``."""

    name: str
    body: ScriptBody

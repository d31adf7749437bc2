# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The expressions of a script, as the parser hands them to the evaluator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from powershell_subset.source import Span

if TYPE_CHECKING:
    from powershell_subset.syntax.structure import Block, ScriptBody


@dataclass(frozen=True, eq=False)
class Node:
    """Any part of a script."""


@dataclass(frozen=True)
class Constant(Node):
    """A number, a string without anything to expand, or a bare word; `text` is how a number was written."""

    value: object
    text: str = ""


@dataclass(frozen=True)
class Expandable(Node):
    """A string whose parts, strings and expressions, are put together."""

    parts: tuple[str | Node, ...]


@dataclass(frozen=True)
class Variable(Node):
    """``$name``, ``$scope:name``, ``${name}``; `scope` is lower case, and empty without one."""

    name: str
    scope: str = ""


@dataclass(frozen=True)
class TypeLiteral(Node):
    """``[name]``."""

    name: str


@dataclass(frozen=True)
class ArrayLiteral(Node):
    """``a, b``."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class SubExpression(Node):
    """``$( )``, or ``@( )``, which is always an array."""

    body: Block
    array: bool


@dataclass(frozen=True)
class Parenthesized(Node):
    """``( )`` around a pipeline or an assignment."""

    inner: Node


@dataclass(frozen=True)
class HashLiteral(Node):
    """``@{ key = statement }``."""

    entries: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True)
class ScriptBlockLiteral(Node):
    """``{ }`` as a value."""

    body: ScriptBody


@dataclass(frozen=True)
class Cast(Node):
    """``[type]value``."""

    type_name: str
    value: Node
    span: Span


@dataclass(frozen=True)
class Unary(Node):
    """``-not``, ``!``, ``-``, ``+``, ``-join``, ``-split``, ``-bnot``; `operator` is lower case."""

    operator: str
    operand: Node
    span: Span


@dataclass(frozen=True)
class Step(Node):
    """``++`` and ``--``."""

    target: Node
    by: int
    before: bool
    span: Span


@dataclass(frozen=True)
class Binary(Node):
    """Two operands; `operator` is lower case."""

    operator: str
    left: Node
    right: Node
    span: Span


@dataclass(frozen=True)
class Member(Node):
    """``target.name`` or ``[type]::name``."""

    target: Node
    name: Node
    static: bool
    span: Span


@dataclass(frozen=True)
class MethodCall(Node):
    """``target.name(arguments)`` or ``[type]::name(arguments)``."""

    target: Node
    name: Node
    arguments: tuple[Node, ...]
    static: bool
    span: Span


@dataclass(frozen=True)
class Index(Node):
    """``target[index]``."""

    target: Node
    index: Node
    span: Span

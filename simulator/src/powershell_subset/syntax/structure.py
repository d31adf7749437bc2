# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands, pipelines and statements of a script, as the parser hands them to the evaluator."""

from __future__ import annotations

from dataclasses import dataclass

from powershell_subset.source import Source, Span
from powershell_subset.syntax.nodes import Node, Variable

NO_SOURCE = Source("")
NOWHERE = Span(0, 0)


@dataclass(frozen=True)
class Redirection(Node):
    """``stream > target``; `target` None merges into the stream `into`. `stream` is "1" to "6" or "*"."""

    stream: str
    target: Node | None
    into: str = ""


@dataclass(frozen=True)
class NamedArgument(Node):
    """``-name`` as it was written; with ``-name:value`` also its value."""

    name: str
    value: Node | None
    span: Span


@dataclass(frozen=True)
class Splat(Node):
    """``@name``."""

    variable: Variable


@dataclass(frozen=True)
class CommandNode(Node):
    """A command with its arguments; `invocation` is ``&``, ``.`` or empty."""

    name: Node
    arguments: tuple[Node, ...]
    invocation: str
    redirections: tuple[Redirection, ...]
    span: Span
    name_span: Span


@dataclass(frozen=True)
class ExpressionElement(Node):
    """An expression as (the first) element of a pipeline."""

    expression: Node
    redirections: tuple[Redirection, ...]
    span: Span


@dataclass(frozen=True)
class Pipeline(Node):
    """Elements joined by ``|``."""

    elements: tuple[CommandNode | ExpressionElement, ...]
    span: Span


@dataclass(frozen=True)
class Assignment(Node):
    """``target operator statement``."""

    target: Node
    operator: str
    value: Node
    span: Span


@dataclass(frozen=True)
class Block(Node):
    """Statements, one after another."""

    statements: tuple[Node, ...]


@dataclass(frozen=True)
class If(Node):
    """Conditions with their blocks, and what is done otherwise."""

    clauses: tuple[tuple[Node, Block], ...]
    otherwise: Block | None


@dataclass(frozen=True)
class ForEach(Node):
    """``foreach ($variable in items)``."""

    variable: Variable
    items: Node
    body: Block
    label: str = ""


@dataclass(frozen=True)
class For(Node):
    """``for (first; condition; each)``."""

    first: Node | None
    condition: Node | None
    each: Node | None
    body: Block
    label: str = ""


@dataclass(frozen=True)
class Loop(Node):
    """``while``, ``do while`` and ``do until``; `until` ends when the condition holds."""

    condition: Node
    body: Block
    body_first: bool
    until: bool
    label: str = ""


@dataclass(frozen=True)
class Switch(Node):
    """``switch``; `mode` is "", "regex" or "wildcard"; a condition of None is ``default``."""

    mode: str
    case_sensitive: bool
    subject: Node
    clauses: tuple[tuple[Node | None, Block], ...]
    label: str = ""


@dataclass(frozen=True)
class Catch(Node):
    """``catch [types] { }``; no types catch everything."""

    types: tuple[str, ...]
    body: Block


@dataclass(frozen=True)
class Try(Node):
    """``try`` with its handlers."""

    body: Block
    catches: tuple[Catch, ...]
    last: Block | None


@dataclass(frozen=True)
class Jump(Node):
    """``break``, ``continue``, ``return``, ``throw`` and ``exit``."""

    keyword: str
    value: Node | None
    span: Span


@dataclass(frozen=True)
class Attribute(Node):
    """``[Name(arguments)]`` of a parameter; names are lower case, an argument without a value is True."""

    name: str
    arguments: tuple[tuple[str, Node], ...]
    positional: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Parameter(Node):
    """One parameter of a ``param()`` block."""

    name: str
    type_names: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    default: Node | None


@dataclass(frozen=True, eq=False)
class ScriptBody(Node):
    """A script, a function's body or a script block: parameters and either statements or named blocks."""

    parameters: tuple[Parameter, ...] = ()
    has_parameters: bool = False
    begin: Block | None = None
    process: Block | None = None
    end: Block | None = None
    cmdlet_binding: bool = False
    source: Source = NO_SOURCE
    span: Span = NOWHERE


@dataclass(frozen=True)
class Function(Node):
    """``function name { }``; a filter's statements are its process block."""

    name: str
    body: ScriptBody

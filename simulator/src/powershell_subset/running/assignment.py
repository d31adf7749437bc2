# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignments."""

from __future__ import annotations

from typing import Any

from powershell_subset.errors import Terminating, runtime_error
from powershell_subset.members.properties import set_index, set_property
from powershell_subset.members.statics import set_static
from powershell_subset.objects import VOID, NetException, NotModelled
from powershell_subset.operators.arithmetic import calculate
from powershell_subset.running.engine import Engine
from powershell_subset.running.variables import store
from powershell_subset.source import Span
from powershell_subset.syntax.nodes import (
    ArrayLiteral,
    Cast,
    Index,
    Member,
    Node,
    Parenthesized,
    Step,
    TypeLiteral,
    Variable,
)
from powershell_subset.syntax.structure import Assignment
from powershell_subset.values.cast import CastError, cast, items_of
from powershell_subset.values.text import to_text

CAST_FAILED = "InvalidCastFromStringToInteger"


def assign(engine: Engine, node: Assignment) -> Any:
    """Do an assignment; what was assigned is its value where it stands in parentheses."""
    value = engine.capture(node.value)
    if node.operator != "=":
        current = engine.value(_without_cast(node.target))
        value = guarded(engine, node.span, calculate, node.operator[0], current, None if value is VOID else value)
    _put(engine, node.target, value, node.span)
    return value


def guarded(engine: Engine, span: Span, function: Any, *arguments: Any) -> Any:
    """Call `function`; what cannot be converted becomes PowerShell's error, and errors know where they happened."""
    try:
        return function(*arguments)
    except CastError as error:
        raise engine.fail(cast_failure(error), span) from None
    except Terminating as error:
        raise engine.fail(error, span) from None


def cast_failure(error: CastError) -> Terminating:
    """PowerShell's own error for a value that cannot be converted."""
    error_id = CAST_FAILED if error.inner else "ConvertToFinalInvalidCastException"
    failure = runtime_error(str(error), error_id, "InvalidArgument")
    inner = "System.Management.Automation.PSInvalidCastException"
    failure.record.exception.inner = NetException(str(error), inner)
    return failure


def _without_cast(target: Node) -> Node:
    return _without_cast(target.value) if isinstance(target, Cast) else target


def _put(engine: Engine, target: Node, value: Any, span: Span) -> None:
    plain = None if value is VOID else value
    if isinstance(target, Variable) and target.name.lower() == "null" and not target.scope:
        return
    if isinstance(target, Variable):
        guarded(engine, span, store, engine, target, value)
    elif isinstance(target, Cast):
        _put_typed(engine, target, plain, span)
    elif isinstance(target, (Parenthesized, ArrayLiteral)):
        _put_many(engine, target, plain, span)
    elif isinstance(target, Member):
        _put_member(engine, target, plain)
    elif isinstance(target, Index):
        owner = engine.value(target.target)
        guarded(engine, target.span, set_index, owner, engine.value(target.index), plain)
    else:
        raise NotModelled(f"an assignment to {type(target).__name__}")


def _put_typed(engine: Engine, target: Cast, value: Any, span: Span) -> None:
    inner = target.value
    if isinstance(inner, Variable):
        guarded(engine, span, store, engine, inner, value, target.type_name)
    else:
        _put(engine, inner, guarded(engine, span, cast, value, target.type_name), span)


def _put_many(engine: Engine, target: Node, value: Any, span: Span) -> None:
    if not isinstance(target, ArrayLiteral):
        raise NotModelled("an assignment to something in parentheses")
    values = items_of(value)
    last = len(target.items) - 1
    for number, each in enumerate(target.items):
        rest = values[number:]
        if number == last and len(rest) > 1:
            _put(engine, each, rest, span)
        else:
            _put(engine, each, rest[0] if rest else None, span)


def _put_member(engine: Engine, target: Member, value: Any) -> None:
    name = to_text(engine.value(target.name))
    if target.static:
        if not isinstance(target.target, TypeLiteral):
            raise NotModelled("a static member of something that is no type")
        guarded(engine, target.span, set_static, target.target.name, name, value)
    else:
        guarded(engine, target.span, set_property, engine.value(target.target), name, value)


def step(engine: Engine, node: Step) -> Any:
    """``++`` or ``--``; the value before or after it."""
    before = engine.value(node.target)
    before = 0 if before is None else before
    after = guarded(engine, node.span, calculate, "+", before, node.by)
    _put(engine, node.target, after, node.span)
    return after if node.before else before

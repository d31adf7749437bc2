# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expressions are evaluated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from powershell_subset.errors import Terminating, runtime_error
from powershell_subset.members.methods import call_method, static_method, static_value
from powershell_subset.members.properties import get_index, get_property
from powershell_subset.objects import Hashtable, NotModeled, ScriptBlock
from powershell_subset.operators.binary import apply, unary
from powershell_subset.running.engine import Engine, evaluates, unrolled
from powershell_subset.source import Span
from powershell_subset.syntax import nodes
from powershell_subset.values.cast import CastError, cast, custom_object
from powershell_subset.values.text import to_text, truth

CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
# None of the types with static methods here is one that this mode leaves to scripts (about_Language_Modes).
NOT_A_CORE_TYPE = "Cannot invoke method. Method invocation is supported only on core types in this language mode."
NOT_IN_THIS_MODE = "MethodInvocationNotSupportedInConstrainedLanguage"


def guarded(engine: Engine, span: Span, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call `function`; what cannot be converted becomes PowerShell's error, and errors know where they happened."""
    try:
        return function(*arguments)
    except CastError as error:
        failure = runtime_error(str(error), "InvalidCastFromStringToInteger", "InvalidArgument")
        raise engine.fail(failure, span) from None
    except Terminating as error:
        raise engine.fail(error, span) from None


@evaluates(nodes.Constant)
def _constant(engine: Engine, node: nodes.Constant) -> Any:
    return node.value


@evaluates(nodes.Variable)
def _variable(engine: Engine, node: nodes.Variable) -> Any:
    name = node.key
    if node.environment:
        return {key.lower(): value for key, value in engine.machine.environment.items()}.get(name)
    if name in CONSTANTS:
        return CONSTANTS[name]
    cell = engine.frame.scope.look_up(name)
    if name != "input" or cell is None:
        return cell.value if cell else None
    if cell.value is None:
        raise NotModeled("$input a second time")
    # It is an enumerator: it gives its objects once.
    value, cell.value = cell.value, None
    return value


@evaluates(nodes.Expandable)
def _expandable(engine: Engine, node: nodes.Expandable) -> str:
    return "".join(part if isinstance(part, str) else to_text(engine.value(part)) for part in node.parts)


@evaluates(nodes.ArrayLiteral)
def _array(engine: Engine, node: nodes.ArrayLiteral) -> list[Any]:
    return [engine.value(item) for item in node.items]


@evaluates(nodes.SubExpression)
def _sub_expression(engine: Engine, node: nodes.SubExpression) -> Any:
    found: list[Any] = []
    engine.run_block(node.body, found.append)
    return found if node.array else unrolled(found)


@evaluates(nodes.Parenthesized)
def _parenthesized(engine: Engine, node: nodes.Parenthesized) -> Any:
    return engine.capture(node.inner)


@evaluates(nodes.HashLiteral)
def _hash(engine: Engine, node: nodes.HashLiteral) -> Hashtable:
    return _table(engine, node, ordered=False)


def _table(engine: Engine, node: nodes.HashLiteral, *, ordered: bool) -> Hashtable:
    table = Hashtable(ordered=ordered)
    for key_node, value_node in node.entries:
        key = engine.value(key_node)
        if key in table:
            raise NotModeled("the error for a key that is twice in a table")
        table[key] = engine.value(value_node)
    return table


@evaluates(nodes.ScriptBlockLiteral)
def _script_block(engine: Engine, node: nodes.ScriptBlockLiteral) -> ScriptBlock:
    return ScriptBlock(node.body, node.body.source.of(node.body.span))


@evaluates(nodes.Cast)
def _cast(engine: Engine, node: nodes.Cast) -> Any:
    if isinstance(node.value, nodes.HashLiteral) and node.type_name.lower() in ("ordered", "pscustomobject"):
        table = _table(engine, node.value, ordered=True)
        return table if node.type_name.lower() == "ordered" else custom_object(table)
    value = engine.value(node.value)
    return guarded(engine, node.span, cast, value, node.type_name)


@evaluates(nodes.Unary)
def _unary(engine: Engine, node: nodes.Unary) -> Any:
    return unary(node.operator, engine.value(node.operand))


@evaluates(nodes.Binary)
def _binary(engine: Engine, node: nodes.Binary) -> Any:
    left = engine.value(node.left)
    if node.operator == "-and":
        return truth(left) and truth(engine.value(node.right))
    if node.operator == "-or":
        return truth(left) or truth(engine.value(node.right))
    return guarded(engine, node.span, apply, node.operator, left, engine.value(node.right))


@evaluates(nodes.Member)
def _member(engine: Engine, node: nodes.Member) -> Any:
    return get_property(engine.value(node.target), node.name)


@evaluates(nodes.StaticMember)
def _static_member(engine: Engine, node: nodes.StaticMember) -> Any:
    return static_value(node.type_name, node.name)(engine)


@evaluates(nodes.MethodCall)
def _call(engine: Engine, node: nodes.MethodCall) -> Any:
    target = engine.value(node.target)
    arguments = [engine.value(each) for each in node.arguments]
    return guarded(engine, node.span, call_method, target, node.name, arguments)


@evaluates(nodes.StaticCall)
def _static_call(engine: Engine, node: nodes.StaticCall) -> Any:
    if engine.machine.constrained:
        raise engine.fail(runtime_error(NOT_A_CORE_TYPE, NOT_IN_THIS_MODE), node.span)
    arguments = [engine.value(each) for each in node.arguments]
    method = static_method(node.type_name, node.name, len(arguments))
    return guarded(engine, node.span, method, engine, *arguments)


@evaluates(nodes.Index)
def _index(engine: Engine, node: nodes.Index) -> Any:
    return guarded(engine, node.span, get_index, engine.value(node.target), engine.value(node.index))

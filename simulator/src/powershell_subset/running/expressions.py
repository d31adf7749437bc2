# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expressions are evaluated."""

from __future__ import annotations

from typing import Any

from powershell_subset.errors import runtime_error
from powershell_subset.members.methods import call_method, call_static
from powershell_subset.members.properties import get_index, get_property
from powershell_subset.members.statics import get_static
from powershell_subset.objects import VOID, DotNetType, Hashtable, NotModelled, PSObject, ScriptBlock
from powershell_subset.operators.binary import apply, is_type
from powershell_subset.operators.textual import split_blank, unary_join
from powershell_subset.running.assignment import assign, guarded, step
from powershell_subset.running.engine import Engine, evaluates, unrolled
from powershell_subset.running.variables import separator
from powershell_subset.syntax.nodes import (
    ArrayLiteral,
    Binary,
    Cast,
    Constant,
    Expandable,
    HashLiteral,
    Index,
    Member,
    MethodCall,
    Node,
    Parenthesized,
    ScriptBlockLiteral,
    Step,
    SubExpression,
    TypeLiteral,
    Unary,
)
from powershell_subset.syntax.structure import Assignment
from powershell_subset.values.cast import cast, custom_object, to_number
from powershell_subset.values.text import to_text, truth
from powershell_subset.values.types import full_name


@evaluates(Constant)
def _constant(engine: Engine, node: Constant) -> Any:
    return node.value


@evaluates(Expandable)
def _expandable(engine: Engine, node: Expandable) -> str:
    mark = separator(engine)
    return "".join(part if isinstance(part, str) else to_text(engine.value(part), mark) for part in node.parts)


@evaluates(TypeLiteral)
def _type(engine: Engine, node: TypeLiteral) -> DotNetType:
    return DotNetType(full_name(node.name))


@evaluates(ArrayLiteral)
def _array(engine: Engine, node: ArrayLiteral) -> list[Any]:
    return [engine.value(item) for item in node.items]


@evaluates(SubExpression)
def _sub_expression(engine: Engine, node: SubExpression) -> Any:
    found: list[Any] = []
    engine.run_block(node.body, found.append)
    return found if node.array else unrolled(found)


@evaluates(Parenthesized)
def _parenthesized(engine: Engine, node: Parenthesized) -> Any:
    return engine.capture(node.inner)


@evaluates(Assignment)
def _assigned(engine: Engine, node: Assignment) -> Any:
    """Where a value is wanted, that of an assignment is what was assigned."""
    return assign(engine, node)


@evaluates(HashLiteral)
def _hash(engine: Engine, node: HashLiteral) -> Hashtable:
    return _table(engine, node, ordered=False)


def _table(engine: Engine, node: HashLiteral, *, ordered: bool) -> Hashtable:
    table = Hashtable(ordered=ordered)
    for key_node, value_node in node.entries:
        key = engine.value(key_node)
        if key is None:
            raise runtime_error("A null key is not allowed in a hash literal.", "InvalidNullKey")
        if key in table:
            message = f"Duplicate keys '{to_text(key)}' are not allowed in hash literals."
            raise runtime_error(message, "DuplicateKeyInHashLiteral", "InvalidOperation")
        value = engine.capture(value_node)
        table[key] = None if value is VOID else value
    return table


@evaluates(ScriptBlockLiteral)
def _script_block(engine: Engine, node: ScriptBlockLiteral) -> ScriptBlock:
    return ScriptBlock(node.body, node.body.source.of(node.body.span))


@evaluates(Cast)
def _cast(engine: Engine, node: Cast) -> Any:
    name = node.type_name.lower()
    if isinstance(node.value, HashLiteral) and name in ("ordered", "pscustomobject"):
        table = _table(engine, node.value, ordered=True)
        return table if name == "ordered" else custom_object(table)
    if name == "ordered":
        raise NotModelled("[ordered] before anything but a hash literal")
    value = engine.raw(node.value)
    if name == "void":
        return VOID
    return guarded(engine, node.span, cast, None if value is VOID else value, node.type_name)


@evaluates(Unary)
def _unary(engine: Engine, node: Unary) -> Any:
    value = engine.value(node.operand)
    if node.operator == "-not":
        return not truth(value)
    if node.operator == "-join":
        return unary_join(value)
    if node.operator.endswith("split"):
        return split_blank(value)
    number = guarded(engine, node.span, to_number, value)
    if node.operator == "-bnot":
        return ~int(number)
    return -number if node.operator == "-" else number


@evaluates(Step)
def _step(engine: Engine, node: Step) -> Any:
    return step(engine, node)


@evaluates(Binary)
def _binary(engine: Engine, node: Binary) -> Any:
    operator = node.operator
    if operator in ("-and", "-or", "-xor"):
        return _logical(engine, node)
    left = engine.value(node.left)
    if operator in ("-is", "-isnot"):
        return is_type(left, engine.value(node.right)) == (operator == "-is")
    right = engine.value(node.right)
    result = guarded(engine, node.span, apply, operator, left, right)
    if operator in MATCHING and isinstance(left, (str, type(None))):
        _remember(engine, result)
        return result is not None if operator in POSITIVE else result is None
    return result


MATCHING = {"-match", "-imatch", "-cmatch", "-notmatch", "-inotmatch", "-cnotmatch"}
POSITIVE = {"-match", "-imatch", "-cmatch"}


def _remember(engine: Engine, found: Any) -> None:
    if found is None:
        return
    names = {number: name for name, number in found.re.groupindex.items()}
    present = [number for number in range(found.re.groups + 1) if found[number] is not None]
    groups = [(names.get(number, number), found[number]) for number in present]
    engine.frame.scope.set("Matches", Hashtable(groups))


def _logical(engine: Engine, node: Binary) -> bool:
    left = truth(engine.value(node.left))
    if node.operator == "-and":
        return left and truth(engine.value(node.right))
    if node.operator == "-or":
        return left or truth(engine.value(node.right))
    return left != truth(engine.value(node.right))


@evaluates(Member)
def _member(engine: Engine, node: Member) -> Any:
    name = to_text(engine.value(node.name))
    if node.static:
        return get_static(engine, _type_named(engine, node.target), name)
    target = engine.value(node.target)
    return guarded(engine, node.span, get_property, target, name, engine.frame.scope.strictness())


# Of the types that Constrained Language Mode leaves to scripts (about_Language_Modes), those that have static methods.
_CORE = ("DateTime", "Guid", "Int32", "Int64", "String", "Text.RegularExpressions.Regex")
CORE_TYPES = frozenset(f"System.{name}" for name in _CORE)
NOT_A_CORE_TYPE = "Cannot invoke method. Method invocation is supported only on core types in this language mode."
NOT_IN_THIS_MODE = "MethodInvocationNotSupportedInConstrainedLanguage"


def _type_named(engine: Engine, target: Node) -> str:
    if isinstance(target, TypeLiteral):
        return target.name
    value = engine.value(target)
    if isinstance(value, DotNetType):
        return value.name
    raise NotModelled("a static member of something that is no type")


@evaluates(MethodCall)
def _call(engine: Engine, node: MethodCall) -> Any:
    name = to_text(engine.value(node.name))
    if node.static:
        type_name = _type_named(engine, node.target)
        if engine.constrained and full_name(type_name) not in CORE_TYPES:
            raise engine.fail(runtime_error(NOT_A_CORE_TYPE, NOT_IN_THIS_MODE, "InvalidOperation"), node.span)
        arguments = [engine.value(each) for each in node.arguments]
        return guarded(engine, node.span, call_static, engine, type_name, name, arguments)
    target = engine.value(node.target)
    arguments = [engine.value(each) for each in node.arguments]
    return guarded(engine, node.span, call_method, engine, target, name, arguments)


@evaluates(Index)
def _index(engine: Engine, node: Index) -> Any:
    target = engine.value(node.target)
    index = engine.value(node.index)
    return guarded(engine, node.span, get_index, target, index, engine.frame.scope.strictness())


def intrinsic(engine: Engine, value: Any, name: str, arguments: list[Any]) -> Any:
    """``.Where({ })`` and ``.ForEach({ })``; None when it is neither."""
    key = name.lower()
    if key not in ("where", "foreach") or isinstance(value, PSObject) or not arguments:
        return None
    block = arguments[0]
    if not isinstance(block, ScriptBlock) or len(arguments) > 1:
        raise NotModelled(f"this use of .{name}()")
    items = value if isinstance(value, list) else [value]
    found: list[Any] = []
    for item in list(items):
        results = engine.run_with(block, item)
        if key == "foreach":
            found.extend(results)
        elif truth(unrolled(results)):
            found.append(item)
    return found

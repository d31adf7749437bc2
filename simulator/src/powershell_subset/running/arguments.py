# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments of a command: what is written, and which parameters it goes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from powershell_subset.errors import BINDING, Terminating, runtime_error
from powershell_subset.objects import Hashtable, NotModelled, PSObject
from powershell_subset.running.engine import Engine
from powershell_subset.running.scopes import MISSING
from powershell_subset.source import Span
from powershell_subset.syntax.nodes import Constant, Node
from powershell_subset.syntax.structure import NamedArgument, Splat
from powershell_subset.values.text import to_text, truth

COMMON = {
    "verbose": "",
    "debug": "",
    "erroraction": "ea",
    "warningaction": "wa",
    "informationaction": "infa",
    "errorvariable": "ev",
    "warningvariable": "wv",
    "informationvariable": "iv",
    "outvariable": "ov",
    "outbuffer": "ob",
    "pipelinevariable": "pv",
}
COMMON_SWITCHES = ("verbose", "debug")
_ALIASES = {alias: name for name, alias in COMMON.items() if alias}


@dataclass
class Argument:
    """One argument: a name without a value, a value without a name, or both."""

    name: str = ""
    value: Any = MISSING
    span: Span | None = None
    written: Node | None = None


@dataclass(frozen=True)
class Signature:
    """The parameters that a command has; `positions` are those that need no name."""

    names: tuple[str, ...]
    switches: frozenset[str] = frozenset()
    positions: tuple[str, ...] = ()
    aliases: dict[str, str] = field(default_factory=dict)
    advanced: bool = True
    rest: str = ""
    class_name: str = ""


@dataclass
class Bound:
    """Which parameter got what, all names in lower case; `extra` are values that no parameter took."""

    values: dict[str, Any] = field(default_factory=dict)
    common: dict[str, Any] = field(default_factory=dict)
    extra: list[Any] = field(default_factory=list)


def evaluated(engine: Engine, nodes: Sequence[Node]) -> list[Argument]:
    """The arguments with their values; splatted tables and arrays spread out."""
    found: list[Argument] = []
    for node in nodes:
        if isinstance(node, NamedArgument):
            value = MISSING if node.value is None else engine.value(node.value)
            found.append(Argument(node.name, value, node.span))
        elif isinstance(node, Splat):
            found.extend(_splatted(engine.value(node.variable)))
        else:
            found.append(Argument(value=engine.value(node), written=node if isinstance(node, Constant) else None))
    return found


def _splatted(value: Any) -> list[Argument]:
    if value is None:
        return []
    if isinstance(value, Hashtable):
        return [Argument(to_text(name), item) for name, item in value.items()]
    if isinstance(value, list):
        return [Argument(value=item) for item in value]
    if isinstance(value, PSObject):
        raise NotModelled("splatting of an object")
    return [Argument(value=value)]


def bind(signature: Signature, arguments: list[Argument]) -> Bound:
    """Give each argument to its parameter.

    Raises:
        Terminating: a name that is not there or not clear, a value that is missing or too many.
    """
    bound = Bound()
    values: list[Any] = []
    at = 0
    while at < len(arguments):
        argument = arguments[at]
        at += 1
        if not argument.name:
            values.append(argument.value)
            continue
        name = _at(argument, resolve, signature, argument.name)
        if name is None:
            values.extend(_at(argument, _unknown, signature, argument))
            continue
        value = argument.value
        if value is MISSING and name in (*signature.switches, *COMMON_SWITCHES):
            value = True
        elif value is MISSING:
            if at == len(arguments) or arguments[at].name:
                raise _missing_argument(signature, name)
            value = arguments[at].value
            at += 1
        _at(argument, _give, signature, bound, name, value)
    _positions(signature, bound, values)
    return bound


def _at(argument: Argument, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call `function`, whose errors are the argument's."""
    try:
        return function(*arguments)
    except Terminating as error:
        error.record.span = argument.span
        raise


def _give(signature: Signature, bound: Bound, name: str, value: Any) -> None:
    known = {each.lower() for each in signature.names}
    place = bound.values if name in known else bound.common
    if name in place:
        shown = next((each for each in signature.names if each.lower() == name), name)
        message = f"Cannot bind parameter because parameter '{shown}' is specified more than once. To provide multiple "
        message += "values to parameters that can accept multiple values, use the array syntax. For example, "
        message += '"-parameter value1,value2,value3".'
        raise binding_error(signature, message, "ParameterAlreadyBound")
    place[name] = truth(value) if name in signature.switches or name in COMMON_SWITCHES else value


def resolve(signature: Signature, written: str) -> str | None:
    """The parameter that a name or the beginning of one means, in lower case; None: none.

    Raises:
        Terminating: it could be several.
    """
    key = written.lower()
    own = {name.lower(): name for name in signature.names}
    common = COMMON if signature.advanced else {}
    if key in own or key in common:
        return key
    if key in signature.aliases:
        return signature.aliases[key].lower()
    if signature.advanced and key in _ALIASES:
        return _ALIASES[key]
    found = [name for name in own if name.startswith(key)]
    found = found or [name for name in common if name.startswith(key)]
    if len(found) > 1:
        shown = " ".join(f"-{own.get(name, name)}" for name in found)
        message = f"Parameter cannot be processed because the parameter name '{written}' is ambiguous. "
        raise binding_error(signature, f"{message}Possible matches include: {shown}.", "AmbiguousParameter")
    return found[0] if found else None


def _unknown(signature: Signature, argument: Argument) -> list[Any]:
    if not signature.advanced:
        shown = [f"-{argument.name}" + (":" if argument.value is not MISSING else "")]
        return shown if argument.value is MISSING else [*shown, argument.value]
    message = f"A parameter cannot be found that matches parameter name '{argument.name}'."
    raise binding_error(signature, message, "NamedParameterNotFound")


def _missing_argument(signature: Signature, name: str) -> Terminating:
    if name in COMMON:
        kind = "System.Management.Automation.ActionPreference" if name.endswith("action") else "System.String"
        message = f"Missing an argument for parameter '{_SHOWN.get(name, name)}'. "
        message += f"Specify a parameter of type '{kind}' and try again."
        return binding_error(signature, message, "MissingArgument")
    shown = next(each for each in signature.names if each.lower() == name)
    raise NotModelled(f"the error for -{shown} without its value, which names the parameter's type")


_SHOWN = {"erroraction": "ErrorAction", "errorvariable": "ErrorVariable", "warningaction": "WarningAction"}


def _positions(signature: Signature, bound: Bound, values: list[Any]) -> None:
    free = [name.lower() for name in signature.positions if name.lower() not in bound.values]
    rest: list[Any] = []
    for value in values:
        if free:
            bound.values[free.pop(0)] = value
        elif signature.rest:
            rest.append(value)
        elif signature.advanced:
            message = f"A positional parameter cannot be found that accepts argument '{to_text(value)}'."
            raise binding_error(signature, message, "PositionalParameterNotFound")
        else:
            bound.extra.append(value)
    if rest:
        bound.values[signature.rest.lower()] = rest[0] if len(rest) == 1 else rest


def binding_error(signature: Signature, message: str, error_id: str) -> Terminating:
    """What PowerShell says about arguments that it cannot bind."""
    qualified = f"{error_id},{signature.class_name}" if signature.class_name else error_id
    return runtime_error(message, qualified, "InvalidArgument", kind=BINDING)

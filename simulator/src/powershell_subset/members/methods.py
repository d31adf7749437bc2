# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Methods are called."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from powershell_subset.errors import ErrorRecord, Terminating, runtime_error
from powershell_subset.members import collections, texts, times
from powershell_subset.members.creation import create
from powershell_subset.members.encodings import Encoding
from powershell_subset.members.statics import static_method
from powershell_subset.members.surroundings import Surroundings
from powershell_subset.members.texts import NetFault
from powershell_subset.objects import (
    VOID,
    Char,
    DotNetType,
    GenericList,
    Hashtable,
    NetException,
    NotModelled,
    PSObject,
    ScriptBlock,
    Version,
)
from powershell_subset.operators.formatting import format_value
from powershell_subset.values.cast import CastError
from powershell_subset.values.numbers import is_number
from powershell_subset.values.text import to_text
from powershell_subset.values.types import full_name, type_of

Methods = dict[str, Callable[..., Any]]
ENCODING_METHODS: Methods = {
    "getbytes": lambda encoding, text: encoding.encode(text),
    "getstring": lambda encoding, data, *rest: encoding.decode(data),
}
_METHODS: tuple[tuple[type, Methods], ...] = (
    (Version, times.VERSION_METHODS),
    (Char, {}),
    (str, texts.METHODS),
    (Hashtable, collections.TABLE_METHODS),
    (GenericList, collections.LIST_METHODS),
    (list, collections.ARRAY_METHODS),
    (bytes, collections.ARRAY_METHODS),
    (datetime, times.DATE_METHODS),
    (timedelta, times.SPAN_METHODS),
    (uuid.UUID, times.GUID_METHODS),
    (Encoding, ENCODING_METHODS),
)
INVOCATION = "System.Management.Automation.MethodInvocationException"


def call_method(engine: Surroundings, value: Any, name: str, arguments: list[Any]) -> Any:
    """``value.name(arguments)``; VOID where the method returns nothing.

    Raises:
        Terminating: there is no such method, or it threw an exception.
        NotModelled: there may be one.
    """
    if value is None:
        raise runtime_error("You cannot call a method on a null-valued expression.", "InvokeMethodOnNull")
    intrinsic = engine.intrinsic(value, name, arguments)
    if intrinsic is not None:
        return intrinsic
    function = _found(value, name.lower())
    if function is None:
        return _of_elements(engine, value, name, arguments)
    return invoke(function, name, [value], arguments)


def _found(value: Any, key: str) -> Callable[..., Any] | None:
    if key == "gettype":
        return lambda each: DotNetType(type_of(each))
    methods = next((methods for kind, methods in _METHODS if isinstance(value, kind)), None)
    if methods is not None and key in methods:
        return methods[key]
    if key == "tostring":
        return _to_string
    if key == "equals":
        return collections.same
    own = getattr(value, "methods", None)
    return own.get(key) if isinstance(own, dict) else None


def _to_string(value: Any, pattern: Any = "", culture: Any = None) -> str:
    if is_number(value) and to_text(pattern):
        return format_value(value, to_text(pattern))
    if isinstance(value, list):
        return type_of(value)
    if isinstance(value, (ErrorRecord, ScriptBlock, PSObject)) or not to_text(pattern):
        return "" if isinstance(value, PSObject) and value.is_custom else to_text(value)
    raise NotModelled(f"ToString('{to_text(pattern)}') of {type_of(value)}")


def _of_elements(engine: Surroundings, value: Any, name: str, arguments: list[Any]) -> Any:
    if isinstance(value, list) and value:
        results = [call_method(engine, item, name, arguments) for item in value]
        kept = [item for item in results if item is not VOID]
        return kept[0] if len(kept) == 1 else kept or VOID
    if isinstance(value, PSObject) and value.is_custom:
        message = f"Method invocation failed because [{value.type_name}] does not contain a method named '{name}'."
        raise runtime_error(message, "MethodNotFound")
    raise NotModelled(f"the method {name}() of {type_of(value)}")


def call_static(engine: Surroundings, type_name: str, name: str, arguments: list[Any]) -> Any:
    """``[type]::name(arguments)``."""
    if name.lower() == "new":
        return invoke(lambda: create(type_name, arguments), ".ctor", [], [], count=len(arguments))
    full_name(type_name)
    return invoke(static_method(type_name, name), name, [engine], arguments)


def invoke(
    function: Callable[..., Any], name: str, first: list[Any], arguments: list[Any], count: int | None = None
) -> Any:
    """Call a .NET method; what it throws becomes PowerShell's error."""
    number = len(arguments) if count is None else count
    if first and not _takes(function, len(first) + number):
        message = f'Cannot find an overload for "{name}" and the argument count: "{number}".'
        raise runtime_error(message, "MethodCountCouldNotFindBest", "NotSpecified")
    try:
        result = function(*first, *arguments)
    except NetFault as fault:
        raise _threw(name, number, str(fault), fault.kind) from None
    except CastError as error:
        raise _not_converted(name, number, error) from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # .NET has words of its own for arguments that it does not take.
        raise NotModelled(f"{name}() with these arguments ({error})") from None
    return VOID if result is collections.NOTHING else result


@lru_cache(maxsize=1024)
def _takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a function may be called with so many arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True


def _threw(name: str, count: int, message: str, kind: str) -> Terminating:
    inner = NetException(message, f"System.{kind}")
    text = f'Exception calling "{name}" with "{count}" argument(s): "{message}"'
    return Terminating(ErrorRecord(NetException(text, INVOCATION, inner), kind, "NotSpecified"))


def _not_converted(name: str, count: int, error: CastError) -> Terminating:
    if error.inner:
        return _threw(name, count, error.inner, "FormatException")
    raise NotModelled(f"the error of {name}() for an argument of another type ({error})")

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Methods and static members, and new objects."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from powershell_subset.errors import runtime_error
from powershell_subset.members import encodings, principals
from powershell_subset.members.surroundings import Surroundings
from powershell_subset.objects import VOID, ArrayList, Hashtable, NotModeled, PSEnum, PSObject
from powershell_subset.operators.comparison import essence, is_plain
from powershell_subset.values.text import lowered, to_text, uppered
from powershell_subset.values.times import UTC, round_trip_text
from powershell_subset.values.types import full_name, type_of

WHITE = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def _of_text(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of strings whose arguments are strings."""

    def checked(text: str, *arguments: Any) -> Any:
        if not all(isinstance(each, str) for each in arguments):
            raise NotModeled("a method of a string with arguments that are none")
        return method(text, *arguments)

    return checked


def _found_at(found: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
    """StartsWith() and EndsWith() go by the rules of a culture: refused where these could say otherwise."""

    def method(text: str, part: str) -> bool:
        if not (is_plain(text) and is_plain(part)) and found(essence(text), essence(part)):
            raise NotModeled("StartsWith() or EndsWith() of such a text")
        return found(text, part)

    return method


def _add(items: ArrayList, item: Any) -> int:
    items.append(item)
    return len(items) - 1


def _contains_key(table: Hashtable, key: Any) -> bool:
    if table.ordered:
        raise NotModeled("ContainsKey() of an ordered table")
    return key in table


def _add_entry(table: Hashtable, key: Any, value: Any) -> Any:
    if key in table:
        raise NotModeled("the error of Add() for a key that is there")
    table[key] = value
    return VOID


def _remove_entry(table: Hashtable, key: Any) -> Any:
    table.remove(key)
    return VOID


def _date_text(moment: datetime, pattern: Any) -> str:
    if pattern != "o":
        raise NotModeled(f"ToString('{to_text(pattern)}') of a DateTime")
    return round_trip_text(moment)


class Writer:
    """[Console]::Out."""

    def __init__(self, engine: Surroundings) -> None:
        self.engine = engine


def _write(end: str) -> Callable[..., Any]:
    def method(engine: Surroundings, text: Any) -> Any:
        if not isinstance(text, (str, bool, int, PSEnum)):
            raise NotModeled(f"what the console writes of {type_of(text)}")
        engine.write(to_text(text) + end)
        return VOID

    return method


def _write_out(end: str) -> Callable[..., Any]:
    return lambda writer, text: _write(end)(writer.engine, text)


def _object_text(value: PSObject) -> str:
    if value.is_custom:
        raise NotModeled("ToString() of an object that a script made")
    return to_text(value)


# The methods of each type by name and number of arguments.
Methods = dict[tuple[str, int], Callable[..., Any]]
_TEXT: Methods = {
    ("contains", 1): lambda text, part: part in text,
    ("endswith", 1): _found_at(str.endswith),
    ("equals", 1): lambda text, other: text == other,
    ("startswith", 1): _found_at(str.startswith),
    ("tolower", 0): lowered,
    ("tolowerinvariant", 0): lowered,
    ("tostring", 0): str,
    ("toupper", 0): uppered,
    ("toupperinvariant", 0): uppered,
    ("trim", 0): lambda text: text.strip(WHITE),
}
_METHODS: tuple[tuple[type, Methods], ...] = (
    (str, {key: _of_text(method) for key, method in _TEXT.items()}),
    (Hashtable, {("add", 2): _add_entry, ("containskey", 1): _contains_key, ("remove", 1): _remove_entry}),
    (ArrayList, {("add", 1): _add}),
    (datetime, {("tostring", 1): _date_text, ("touniversaltime", 0): lambda moment: moment.astimezone(UTC)}),
    (uuid.UUID, {("tostring", 0): to_text}),
    (PSEnum, {("tostring", 0): to_text}),
    (int, {("tostring", 0): to_text}),
    (encodings.Utf8, {("getbytes", 1): encodings.encoded, ("getstring", 1): encodings.decoded}),
    (Writer, {("write", 1): _write_out(""), ("writeline", 1): _write_out("\r\n")}),
    (principals.WindowsPrincipal, {("isinrole", 1): principals.is_in_role}),
    (PSObject, {("tostring", 0): _object_text}),
)
METHOD_NAMES = frozenset(name for _kind, methods in _METHODS for name, _count in methods)


def call_method(value: Any, name: str, arguments: list[Any]) -> Any:
    """``value.name(arguments)``; VOID where the method returns nothing.

    Raises:
        Terminating: there is nothing to call it on.
        NotModeled: there may be such a method.
    """
    if value is None:
        raise runtime_error("You cannot call a method on a null-valued expression.", "InvokeMethodOnNull")
    for kind, methods in _METHODS:
        if isinstance(value, kind) and (name.lower(), len(arguments)) in methods:
            return methods[(name.lower(), len(arguments))](value, *arguments)
    raise NotModeled(f"the method {name}() of {type_of(value)} with {len(arguments)} arguments")


_IDENTITY = "System.Security.Principal.WindowsIdentity"
_STATIC: dict[tuple[str, str, int], Callable[..., Any]] = {
    ("System.Console", "write", 1): _write(""),
    ("System.Console", "writeline", 1): _write("\r\n"),
    ("System.Convert", "frombase64string", 1): lambda engine, text: encodings.from_base64(text),
    ("System.Convert", "tobase64string", 1): lambda engine, data: encodings.to_base64(data),
    ("System.Management.Automation.ScriptBlock", "create", 1): lambda engine, text: engine.script_block(to_text(text)),
    (_IDENTITY, "getcurrent", 0): lambda engine: principals.WindowsIdentity(engine.groups),
}
_STATIC_VALUES: dict[tuple[str, str], Callable[[Surroundings], Any]] = {
    ("System.Console", "out"): Writer,
    ("System.Text.Encoding", "utf8"): lambda engine: encodings.Utf8(),
}
_CREATED: dict[tuple[str, int], Callable[..., Any]] = {
    ("System.Collections.ArrayList", 0): ArrayList,
    ("System.Security.Principal.SecurityIdentifier", 1): principals.make_sid,
    ("System.Security.Principal.WindowsPrincipal", 1): principals.make_principal,
}


def static_method(type_name: str, name: str, count: int) -> Callable[..., Any]:
    """The function behind ``[type]::name()`` with so many arguments; its first argument is the interpreter.

    Raises:
        NotModeled: the type or the method.
    """
    found = _STATIC.get((full_name(type_name), name.lower(), count))
    if found is None:
        raise NotModeled(f"[{type_name}]::{name}() with {count} arguments")
    return found


def static_value(type_name: str, name: str) -> Callable[[Surroundings], Any]:
    """What makes the value of ``[type]::name``.

    Raises:
        NotModeled: the type or the member.
    """
    found = _STATIC_VALUES.get((full_name(type_name), name.lower()))
    if found is None:
        raise NotModeled(f"[{type_name}]::{name}")
    return found


def create(type_name: str, arguments: list[Any]) -> Any:
    """A new object of a type.

    Raises:
        NotModeled: the type, or this constructor.
    """
    maker = _CREATED.get((full_name(type_name), len(arguments)))
    if maker is None:
        raise NotModeled(f"a new {type_name} with {len(arguments)} arguments")
    return maker(*arguments)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""New objects: ``[type]::new()`` and New-Object."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from powershell_subset.members.encodings import Encoding
from powershell_subset.members.principals import make_principal, make_sid
from powershell_subset.members.texts import NetFault
from powershell_subset.objects import GenericList, Hashtable, NetException, NotModelled, PSObject, Version
from powershell_subset.values.cast import cast, items_of, to_integer
from powershell_subset.values.dates import LOCAL, UTC
from powershell_subset.values.text import to_text
from powershell_subset.values.types import EXCEPTIONS, full_name


def _date(*arguments: Any) -> datetime:
    numbers = [to_integer(each, "Int32") for each in arguments if isinstance(each, int)]
    zone = {"utc": UTC, "local": LOCAL}.get(to_text(arguments[-1]).lower()) if arguments else None
    if len(numbers) not in (3, 6, 7):
        raise NotModelled("this constructor of DateTime")
    try:
        return datetime(*numbers[:6], microsecond=(numbers[6] * 1000 if len(numbers) == 7 else 0), tzinfo=zone)  # type: ignore[misc,arg-type]
    except ValueError:
        message = "Year, Month, and Day parameters describe an un-representable DateTime."
        raise NetFault(message, "ArgumentOutOfRangeException") from None


def _span(*arguments: Any) -> timedelta:
    numbers = [to_integer(each, "Int32") for each in arguments]
    if len(numbers) == 3:
        return timedelta(hours=numbers[0], minutes=numbers[1], seconds=numbers[2])
    if len(numbers) in (4, 5):
        days, hours, minutes, seconds, *rest = numbers
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=sum(rest))
    raise NotModelled("this constructor of TimeSpan")


def _array_list(*arguments: Any) -> GenericList:
    start = [] if arguments and isinstance(arguments[0], int) else items_of(arguments[0] if arguments else None)
    return GenericList(start, "System.Collections.ArrayList")


def _utf8(mark: Any = False, strict: Any = False) -> Encoding:
    if strict:
        raise NotModelled("an encoding that throws")
    return Encoding("utf8")


def _table(*arguments: Any) -> Hashtable:
    if arguments:
        raise NotModelled("this constructor of Hashtable")
    return Hashtable()


def _version(*arguments: Any) -> Version:
    if len(arguments) == 1:
        made: Version = cast(arguments[0], "version")
        return made
    return Version(to_integer(each, "Int32") for each in arguments)


_MAKERS: dict[str, Callable[..., Any]] = {
    "System.Collections.ArrayList": _array_list,
    "System.Collections.Hashtable": _table,
    "System.Collections.Specialized.OrderedDictionary": lambda: Hashtable(ordered=True),
    "System.DateTime": _date,
    "System.Guid": lambda text: cast(text, "guid"),
    "System.Management.Automation.PSObject": PSObject,
    "System.Object": lambda: PSObject("System.Object"),
    "System.Security.Principal.SecurityIdentifier": make_sid,
    "System.Security.Principal.WindowsPrincipal": make_principal,
    "System.String": lambda char, count: to_text(char) * to_integer(count, "Int32"),
    "System.Text.UTF8Encoding": _utf8,
    "System.TimeSpan": _span,
    "System.Version": _version,
}


def create(type_name: str, arguments: list[Any]) -> Any:
    """A new object of a type.

    Raises:
        NotModelled: the type, or this constructor.
    """
    full = full_name(type_name)
    if full.startswith("System.Collections.Generic.List`1"):
        start = [] if arguments and isinstance(arguments[0], int) else items_of(arguments[0] if arguments else None)
        return GenericList(start, full, full.partition("[[")[2][:-2])
    if full.lower() in EXCEPTIONS:
        return _exception(full, arguments)
    maker = _MAKERS.get(full)
    if maker is None:
        raise NotModelled(f"a new [{type_name}]")
    try:
        return maker(*arguments)
    except TypeError:
        raise NotModelled(f"[{type_name}]::new() with {len(arguments)} arguments") from None


def _exception(full: str, arguments: list[Any]) -> NetException:
    message = to_text(arguments[0]) if arguments else f"Exception of type '{full}' was thrown."
    inner = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], NetException) else None
    return NetException(message, full, inner)

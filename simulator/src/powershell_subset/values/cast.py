# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One type becomes another, as casts, parameters and operators have it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from powershell_subset.objects import (
    VOID,
    Char,
    DotNetType,
    GenericList,
    Hashtable,
    NetException,
    NotModelled,
    PSEnum,
    PSObject,
    ScriptBlock,
    Switch,
    TypedArray,
    Version,
)
from powershell_subset.values.dates import parse_date
from powershell_subset.values.numbers import RANGES, fits, integer, is_number, parse_number
from powershell_subset.values.text import to_text, truth
from powershell_subset.values.types import full_name, is_a, type_of

INTEGERS = {f"System.{name}": name for name in RANGES}
SPAN = re.compile(r"(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?")
NOT_A_NUMBER = "Input string was not in a correct format."


class CastError(Exception):
    """A value that cannot become one of a type; the message is PowerShell's, `inner` the .NET one behind it."""

    def __init__(self, value: object, target: str, inner: str = "") -> None:
        shown = to_text(value) if isinstance(value, (str, int, float, bool)) else _shown(value)
        if inner:
            message = f'Cannot convert value "{shown}" to type "{target}". Error: "{inner}"'
        else:
            message = f'Cannot convert the "{shown}" value of type "{type_of(value)}" to type "{target}".'
        super().__init__(message)
        self.inner = inner


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple)) and not isinstance(value, Version):
        return type_of(value)
    return to_text(value)


def cast(value: Any, type_name: str) -> Any:
    """`value` as a value of the type that a script names `type_name`.

    Raises:
        CastError: it cannot become one.
        NotModelled: the type, or this way to it.
    """
    value = None if value is VOID else value
    target = full_name(type_name)
    if type_name.lower() == "pscustomobject":
        return custom_object(value)
    if target.endswith("[]") or target == "System.Array":
        return to_array(value, target)
    if target in INTEGERS:
        return to_integer(value, INTEGERS[target])
    maker = _CASTS.get(target)
    if maker is not None:
        return maker(value)
    if target.startswith("System.Collections.Generic.List`1"):
        return GenericList(items_of(value), target, target.partition("[[")[2][:-2])
    if value is None or is_a(value, target):
        return value
    if target.lower().endswith("exception") and isinstance(value, str):
        return NetException(value, target)
    raise NotModelled(f"a cast from {type_of(value)} to [{type_name}]")


def items_of(value: Any) -> list[Any]:
    """What a value consists of when a list is wanted."""
    if isinstance(value, (list, tuple, bytes)) and not isinstance(value, Version):
        return list(value)
    return [] if value is None or value is VOID else [value]


def to_array(value: Any, target: str) -> Any:
    """`value` as an array; `target` is the full .NET name."""
    if value is None:
        return None
    element = target[:-2]
    if target in ("System.Array", "System.Object[]"):
        is_array = isinstance(value, list) and not isinstance(value, GenericList)
        return value if is_array else items_of(value)
    items = list(value) if isinstance(value, str) and element == "System.Char" else items_of(value)
    made = [cast(item, element) for item in items]
    return bytes(made) if element == "System.Byte" else TypedArray(made, element)


def to_integer(value: Any, kind: str) -> int:
    """`value` as an integer; fractions are rounded to the nearest, halves to the even one."""
    target = f"System.{kind}"
    number = _number_from(value, target)
    whole = number if isinstance(number, int) else _rounded(number, value, target)
    if not fits(int(whole), kind):
        size = {"Byte": "an unsigned byte", "Int16": "an Int16", "UInt16": "a UInt16", "Int32": "an Int32"}
        name = size.get(kind) or {"UInt32": "a UInt32", "Int64": "an Int64", "UInt64": "a UInt64"}[kind]
        raise CastError(value, target, f"Value was either too large or too small for {name}.")
    return integer(int(whole), kind)


def _rounded(number: float | Decimal, value: object, target: str) -> int:
    try:
        return int(Decimal(number).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    except ArithmeticError:
        raise CastError(value, target, "Value was either too large or too small.") from None


def to_number(value: Any, target: str = "System.Int32") -> int | float | Decimal:
    """`value` as a number of whatever kind suits it; `target` is named when there is none."""
    return _number_from(value, target)


def _number_from(value: Any, target: str) -> int | float | Decimal:
    if value is None or value is VOID:
        return 0
    if isinstance(value, (bool, Switch)):
        return int(bool(value))
    if is_number(value):
        number: int | float | Decimal = value
        return number
    if isinstance(value, Char):
        return ord(value)
    if isinstance(value, str):
        return _number_in(value, target)
    if isinstance(value, PSEnum):
        return value.value
    if isinstance(value, list) and len(value) == 1:
        return _number_from(value[0], target)
    raise CastError(value, target)


def _number_in(text: str, target: str) -> int | float | Decimal:
    bare = text.strip()
    if not bare:
        return 0
    sign, digits = (bare[0], bare[1:]) if bare[0] in "+-" else ("", bare)
    number = parse_number(digits)
    if number is None or not digits.strip():
        raise CastError(text, target, NOT_A_NUMBER)
    return -number if sign == "-" else number


def to_double(value: Any) -> float:
    """`value` as a Double."""
    return float(_number_from(value, "System.Double"))


def to_datetime(value: Any) -> datetime:
    """`value` as a DateTime."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        moment = parse_date(value)
        if moment is None:
            raise NotModelled(f"a date written as '{value}'")
        return moment
    raise CastError(value, "System.DateTime")


def to_timespan(value: Any) -> timedelta:
    """`value` as a TimeSpan: text, or ticks of 100 nanoseconds."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return timedelta(microseconds=value / 10)
    found = SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise CastError(value, "System.TimeSpan")
    sign, days, hours, minutes, seconds, fraction = found.groups()
    span = timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
    span += timedelta(microseconds=int((fraction or "").ljust(6, "0")[:6]))
    return -span if sign else span


def to_guid(value: Any) -> uuid.UUID:
    """`value` as a Guid."""
    if isinstance(value, uuid.UUID):
        return value
    text = value.strip() if isinstance(value, str) else ""
    plain = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    if re.fullmatch(rf"{plain}|\{{{plain}\}}|\({plain}\)|[0-9a-fA-F]{{32}}", text):
        return uuid.UUID(text.strip("{}()"))
    if isinstance(value, str):
        message = "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."
        raise CastError(value, "System.Guid", message)
    raise CastError(value, "System.Guid")


def to_version(value: Any) -> Version:
    """`value` as a Version."""
    if isinstance(value, Version):
        return value
    parts = to_text(value).split(".")
    if 2 <= len(parts) <= 4 and all(part.strip().isdigit() for part in parts):
        return Version(int(part) for part in parts)
    reason = "Version string portion was too short or too long." if len(parts) not in (2, 3, 4) else NOT_A_NUMBER
    raise CastError(value, "System.Version", reason)


def to_char(value: Any) -> Char:
    """`value` as a Char: a string of one character, or a code."""
    if isinstance(value, str):
        if len(value) == 1:
            return Char(value)
        raise CastError(value, "System.Char", "String must be exactly one character long.")
    return Char(chr(to_integer(value, "UInt16")))


def to_switch(value: Any) -> Switch:
    """`value` as a SwitchParameter."""
    return value if isinstance(value, Switch) else Switch(truth(value))


def to_hashtable(value: Any) -> Hashtable | None:
    """`value` as a Hashtable; only a table is one."""
    if value is None or isinstance(value, Hashtable):
        return value
    raise CastError(value, "System.Collections.Hashtable")


def custom_object(value: Any) -> Any:
    """``[pscustomobject]``: a table becomes an object with its keys as properties; anything else stays what it is."""
    if not isinstance(value, Hashtable):
        return value
    return PSObject(properties={to_text(key): item for key, item in value.items()})


def to_type(value: Any) -> DotNetType:
    """`value` as a type: its name."""
    return value if isinstance(value, DotNetType) else DotNetType(full_name(to_text(value)))


def to_script_block(value: Any) -> ScriptBlock | None:
    """Only a script block is one; text becomes one by ``[ScriptBlock]::Create``."""
    if value is None or isinstance(value, ScriptBlock):
        return value
    raise CastError(value, "System.Management.Automation.ScriptBlock")


def _listed(items: Iterable[Any]) -> GenericList:
    return GenericList(items, "System.Collections.ArrayList")


_CASTS: dict[str, Callable[[Any], Any]] = {
    "System.Object": lambda value: value,
    "System.Management.Automation.PSObject": lambda value: value,
    "System.String": to_text,
    "System.Boolean": truth,
    "System.Double": to_double,
    "System.Decimal": lambda value: Decimal(str(_number_from(value, "System.Decimal"))),
    "System.DateTime": to_datetime,
    "System.TimeSpan": to_timespan,
    "System.Guid": to_guid,
    "System.Version": to_version,
    "System.Char": to_char,
    "System.Management.Automation.SwitchParameter": to_switch,
    "System.Management.Automation.ScriptBlock": to_script_block,
    "System.Collections.Hashtable": to_hashtable,
    "System.Collections.Specialized.OrderedDictionary": to_hashtable,
    "System.Collections.ArrayList": lambda value: _listed(items_of(value)),
    "System.Type": to_type,
    "System.Void": lambda value: VOID,
}

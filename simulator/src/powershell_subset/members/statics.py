# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Static members of types."""

from __future__ import annotations

import base64
import binascii
import math
import ntpath
import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from powershell_subset.members import times
from powershell_subset.members.encodings import KNOWN, Encoding
from powershell_subset.members.principals import WindowsIdentity
from powershell_subset.members.surroundings import Surroundings
from powershell_subset.members.texts import WHITE, NetFault
from powershell_subset.objects import NotModelled, PSEnum, PSObject, ScriptBlock
from powershell_subset.operators.arithmetic import is_list
from powershell_subset.operators.comparison import compare
from powershell_subset.operators.formatting import format_text
from powershell_subset.operators.patterns import pattern_of, substituted
from powershell_subset.values.cast import cast, items_of, to_integer, to_number
from powershell_subset.values.dates import LOCAL, UTC
from powershell_subset.values.numbers import RANGES, integer
from powershell_subset.values.text import to_text
from powershell_subset.values.types import full_name

BAD_BASE64 = (
    "The input is not a valid Base-64 string as it contains a non-base 64 character, "
    "more than two padding characters, or an illegal character among the padding characters. "
)
BAD_LENGTH = "Invalid length for a Base-64 char array or string."
ENUMS: dict[str, tuple[str, ...]] = {
    "System.DateTimeKind": ("Unspecified", "Utc", "Local"),
    "System.StringComparison": (
        *("CurrentCulture", "CurrentCultureIgnoreCase", "InvariantCulture", "InvariantCultureIgnoreCase"),
        *("Ordinal", "OrdinalIgnoreCase"),
    ),
    "System.StringSplitOptions": ("None", "RemoveEmptyEntries"),
}
INVARIANT_CULTURE = PSObject("System.Globalization.CultureInfo", {"Name": ""}, text="")


def _from_base64(engine: Surroundings, text: Any) -> bytes:
    bare = re.sub(r"[ \t\r\n]", "", to_text(text))
    if len(bare) % 4:
        raise NetFault(BAD_LENGTH, "FormatException")
    try:
        return base64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        raise NetFault(BAD_BASE64, "FormatException") from None


def _to_base64(engine: Surroundings, data: Any) -> str:
    if data is None:
        raise NetFault("Value cannot be null.\r\nParameter name: inArray", "ArgumentNullException")
    raw: bytes = data if isinstance(data, bytes) else cast(data, "byte[]")
    return base64.b64encode(raw).decode("ascii")


def _encoding(engine: Surroundings, wanted: Any) -> Encoding:
    names = {"65001": "utf8", "utf-8": "utf8", "utf-16": "unicode", "1200": "unicode", "us-ascii": "ascii"}
    name = names.get(to_text(wanted).lower())
    if name is None:
        raise NotModelled(f"the encoding '{to_text(wanted)}'")
    return Encoding(name)


def _create_block(engine: Surroundings, text: Any) -> ScriptBlock:
    return engine.script_block(to_text(text))


def _is_blank(engine: Surroundings, value: Any) -> bool:
    return not to_text(value).strip(WHITE)


def _join(engine: Surroundings, mark: Any, *values: Any) -> str:
    items = items_of(values[0]) if len(values) == 1 else list(values)
    return to_text(mark).join(to_text(item) for item in items)


def _format(engine: Surroundings, pattern: Any, *values: Any) -> str:
    items = list(values[0]) if len(values) == 1 and is_list(values[0]) else list(values)
    return format_text(to_text(pattern), items)


def _round(engine: Surroundings, value: Any, digits: Any = 0, mode: Any = "ToEven") -> Any:
    number = to_number(value, "System.Double")
    rounding = {"toeven": ROUND_HALF_EVEN, "awayfromzero": "ROUND_HALF_UP"}[to_text(mode).lower()]
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    rounded = exact.quantize(Decimal(1).scaleb(-to_integer(digits, "Int32")), rounding=rounding)
    return rounded if isinstance(number, Decimal) else float(rounded)


def _whole(function: Callable[[Any], int]) -> Callable[..., Any]:
    def method(engine: Surroundings, value: Any) -> Any:
        number = to_number(value, "System.Double")
        return Decimal(function(number)) if isinstance(number, Decimal) else float(function(number))

    return method


def _extreme(sign: int) -> Callable[..., Any]:
    def method(engine: Surroundings, one: Any, two: Any) -> Any:
        first, second = to_number(one), to_number(two)
        if isinstance(first, float) != isinstance(second, float):
            first, second = float(first), float(second)
        return first if compare(first, second) * sign >= 0 else second

    return method


def _now(zone: Any) -> Callable[[Surroundings], datetime]:
    return lambda engine: engine.now().astimezone(UTC).replace(tzinfo=zone)


def _today(engine: Surroundings) -> datetime:
    return _now(LOCAL)(engine).replace(hour=0, minute=0, second=0, microsecond=0)


def _parse_as(type_name: str) -> Callable[..., Any]:
    def method(engine: Surroundings, text: Any, *culture: Any) -> Any:
        if any(each is not INVARIANT_CULTURE for each in culture):
            raise NotModelled(f"[{type_name}]::Parse in another culture")
        return cast(to_text(text), type_name)

    return method


def _span_of(unit: timedelta) -> Callable[..., timedelta]:
    return lambda engine, number: unit * float(to_number(number))


def _refused(what: str) -> Callable[..., Any]:
    def method(engine: Surroundings, *arguments: Any) -> Any:
        raise NotModelled(what)

    return method


def _reverse(engine: Surroundings, items: Any) -> None:
    items.reverse()


def _index_of(engine: Surroundings, items: Any, wanted: Any) -> int:
    return next((at for at, item in enumerate(items) if item == wanted), -1)


def _square_root(engine: Surroundings, value: Any) -> float:
    number = float(to_number(value))
    return math.nan if number < 0 else math.sqrt(number)


METHODS: dict[str, dict[str, Callable[..., Any]]] = {
    "System.Array": {"indexof": _index_of, "reverse": _reverse},
    "System.Convert": {"frombase64string": _from_base64, "tobase64string": _to_base64},
    "System.Console": {
        "write": lambda engine, text="": engine.write(to_text(text)),
        "writeline": lambda engine, text="": engine.write(to_text(text) + "\r\n"),
    },
    "System.DateTime": {
        "parse": _parse_as("datetime"),
        "specifykind": lambda engine, moment, name: times.in_zone(moment, to_text(name)),
    },
    "System.Guid": {"newguid": _refused("[guid]::NewGuid()"), "parse": _parse_as("guid")},
    "System.IO.Path": {
        "combine": lambda engine, *parts: ntpath.join(*(to_text(part) for part in parts)),
        "getextension": lambda engine, path: ntpath.splitext(to_text(path))[1],
        "getfilename": lambda engine, path: ntpath.basename(to_text(path)),
        "getfilenamewithoutextension": lambda engine, path: ntpath.splitext(ntpath.basename(to_text(path)))[0],
        "getpathroot": lambda engine, path: "".join(ntpath.splitdrive(to_text(path))) and _root(to_text(path)),
    },
    "System.Management.Automation.ScriptBlock": {"create": _create_block},
    "System.Math": {
        "abs": lambda engine, value: abs(to_number(value)),
        "ceiling": _whole(math.ceil),
        "floor": _whole(math.floor),
        "max": _extreme(1),
        "min": _extreme(-1),
        "pow": lambda engine, base, power: float(to_number(base)) ** float(to_number(power)),
        "round": _round,
        "sqrt": _square_root,
        "truncate": _whole(math.trunc),
    },
    "System.Security.Principal.WindowsIdentity": {"getcurrent": lambda engine: WindowsIdentity(engine.groups)},
    "System.String": {
        "concat": lambda engine, *parts: _join(engine, "", *parts),
        "format": _format,
        "isnullorempty": lambda engine, value: to_text(value) == "",
        "isnullorwhitespace": _is_blank,
        "join": _join,
    },
    "System.Text.Encoding": {"getencoding": _encoding},
    "System.Text.RegularExpressions.Regex": {
        "escape": lambda engine, text: re.sub(r"([\\*+?|{\[()^$.# ])", r"\\\1", to_text(text)),
        "ismatch": lambda engine, text, pattern: pattern_of(to_text(pattern)).search(to_text(text)) is not None,
        "replace": lambda engine, text, pattern, new: substituted(
            pattern_of(to_text(pattern)), to_text(text), to_text(new)
        ),
    },
    "System.TimeSpan": {
        "fromdays": _span_of(timedelta(days=1)),
        "fromhours": _span_of(timedelta(hours=1)),
        "frommilliseconds": _span_of(timedelta(milliseconds=1)),
        "fromminutes": _span_of(timedelta(minutes=1)),
        "fromseconds": _span_of(timedelta(seconds=1)),
        "parse": _parse_as("timespan"),
    },
    "System.Version": {"parse": _parse_as("version")},
    **{f"System.{name}": {"parse": _parse_as(name)} for name in (*RANGES, "Double", "Decimal", "Boolean")},
}


def _root(path: str) -> str:
    drive, rest = ntpath.splitdrive(path)
    return drive + ("\\" if rest[:1] in ("\\", "/") else "")


def _machine_name(engine: Surroundings) -> str:
    found = engine.environment.get("computername")
    if found is None:
        raise NotModelled("[Environment]::MachineName without %COMPUTERNAME%")
    return found[1]


PROPERTIES: dict[str, dict[str, Callable[[Surroundings], Any]]] = {
    "System.Console": {
        "outputencoding": lambda engine: Encoding("utf8"),
        "inputencoding": lambda engine: Encoding("utf8"),
        "in": lambda engine: engine.console("in"),
        "out": lambda engine: engine.console("out"),
        "error": lambda engine: engine.console("error"),
    },
    "System.DateTime": {"now": _now(LOCAL), "utcnow": _now(UTC), "today": _today},
    "System.Environment": {"machinename": _machine_name, "newline": lambda engine: "\r\n"},
    "System.Globalization.CultureInfo": {"invariantculture": lambda engine: INVARIANT_CULTURE},
    "System.Guid": {"empty": lambda engine: uuid.UUID(int=0)},
    "System.Math": {"pi": lambda engine: math.pi},
    "System.String": {"empty": lambda engine: ""},
    "System.Text.Encoding": {name: (lambda engine, name=name: Encoding(name)) for name in KNOWN},  # type: ignore[misc]
    "System.TimeSpan": {"zero": lambda engine: timedelta(0)},
}


def get_static(engine: Surroundings, type_name: str, name: str) -> Any:
    """``[type]::name``.

    Raises:
        NotModelled: the type or the member.
    """
    full, key = full_name(type_name), name.lower()
    kind = full.removeprefix("System.")
    if kind in RANGES and key in ("maxvalue", "minvalue"):
        return integer(RANGES[kind][key == "maxvalue"], kind)
    for number, each in enumerate(ENUMS.get(full, ())):
        if each.lower() == key:
            return PSEnum(each, number, full)
    getter = PROPERTIES.get(full, {}).get(key)
    if getter is None:
        raise NotModelled(f"[{type_name}]::{name}")
    return getter(engine)


def set_static(type_name: str, name: str, value: Any) -> None:
    """``[type]::name = value``: the encodings of the console, which are UTF-8 already.

    Raises:
        NotModelled: anything else.
    """
    is_encoding = full_name(type_name) == "System.Console" and name.lower() in ("outputencoding", "inputencoding")
    if not is_encoding or not isinstance(value, Encoding) or value.web_name != "utf-8":
        raise NotModelled(f"[{type_name}]::{name} = {to_text(value)}")


def static_method(type_name: str, name: str) -> Callable[..., Any]:
    """The function behind ``[type]::name()``; its first argument is the engine.

    Raises:
        NotModelled: the type or the method.
    """
    function = METHODS.get(full_name(type_name), {}).get(name.lower())
    if function is None:
        raise NotModelled(f"[{type_name}]::{name}()")
    return function

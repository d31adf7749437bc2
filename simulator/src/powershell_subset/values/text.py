# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as text, and as true or false."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from powershell_subset.objects import (
    VOID,
    DotNetType,
    Hashtable,
    NetException,
    NotModelled,
    PSEnum,
    PSObject,
    ScriptBlock,
    Switch,
    Version,
)
from powershell_subset.values.dates import INVARIANT, date_text, span_text
from powershell_subset.values.types import type_of


def to_text(value: Any, separator: str = " ") -> str:
    """A value as [string] makes it, whatever the culture; the elements of a list are joined by `separator` ($OFS)."""
    if isinstance(value, str):
        return str(value)
    if value is None or value is VOID:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, (list, tuple, bytes)) and not isinstance(value, Version):
        return separator.join(to_text(item) for item in value)
    for kinds, maker in _TEXTS:
        if isinstance(value, kinds):
            return maker(value)
    text = getattr(value, "text", None)
    if isinstance(text, str):
        return text
    raise NotModelled(f"the text of a value of type {type_of(value)}")


def _object_text(value: PSObject) -> str:
    if value.is_custom and value.text is None:
        return "@{" + "; ".join(f"{name}={_nested(item)}" for name, item in value.items()) + "}"
    return value.type_name if value.text is None else value.text


def _nested(value: object) -> str:
    """A value of a property inside the text of an object: lists are not joined there."""
    if isinstance(value, (list, tuple, bytes)) and not isinstance(value, Version):
        return type_of(value)
    return "" if isinstance(value, PSObject) and value.is_custom else to_text(value)


def _exception_text(value: NetException) -> str:
    raise NotModelled(f"the text of an exception with its stack trace ({value.short_name}); its Message is")


def double_text(value: float, *, exact: bool = False) -> str:
    """ToString() of a Double; `exact` is its format "r", which reads back as the same number."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    digits = 15
    if exact and float(f"{value:.14e}") != value:
        digits = 17
    mantissa, _e, exponent = f"{value:.{digits - 1}e}".partition("e")
    power = int(exponent)
    if -5 < power < 15:
        text = f"{Decimal(mantissa).scaleb(power):f}"
        return _trimmed(text)
    return f"{_trimmed(mantissa)}E{'-' if power < 0 else '+'}{abs(power):02d}"


def _trimmed(text: str) -> str:
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _type_text(value: DotNetType) -> str:
    return value.name


_TEXTS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (float, double_text),
    (Decimal, lambda value: f"{value:f}"),
    (datetime, lambda value: date_text(value, INVARIANT)),
    (timedelta, span_text),
    (uuid.UUID, str),
    (Version, str),
    (PSEnum, lambda value: value.name),
    (PSObject, _object_text),
    (Hashtable, type_of),
    (ScriptBlock, lambda value: value.text),
    (Switch, lambda value: str(value.present)),
    (DotNetType, _type_text),
    (NetException, _exception_text),
)


def _mapped(change: Callable[[str], str]) -> Callable[[str], str]:
    """A change of case that keeps every character one character, as .NET does."""

    def mapped(text: str) -> str:
        if text.isascii():
            return change(text)
        return "".join(new if len(new := change(char)) == 1 else char for char in text)

    return mapped


uppered = _mapped(str.upper)
lowered = _mapped(str.lower)


def truth(value: Any) -> bool:
    """What ``if`` makes of a value."""
    if value is None or value is VOID:
        return False
    if isinstance(value, (bool, int, float, Decimal, str, Switch)):
        return bool(value)
    if isinstance(value, (list, tuple, bytes)) and not isinstance(value, Version):
        if len(value) != 1:
            return len(value) > 1
        only = value[0]
        return bool(only) if isinstance(only, (list, tuple)) else truth(only)
    return True

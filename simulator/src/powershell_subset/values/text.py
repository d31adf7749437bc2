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

from powershell_subset.objects import VOID, Hashtable, NotModeled, PSEnum, PSObject, ScriptBlock, Switch
from powershell_subset.values.times import date_text, span_text
from powershell_subset.values.types import type_of


def to_text(value: Any) -> str:
    """A value as [string] makes it, whatever the culture; the elements of a list are joined by blanks.

    Raises:
        NotModeled: a list in a list, or what has no text of its own.
    """
    if value is None or value is VOID:
        return ""
    if value.__class__ is str:
        plain: str = value
        return plain
    if isinstance(value, (list, tuple, bytes)):
        return " ".join(element_text(item) for item in value)
    for kinds, maker in _TEXTS:
        if isinstance(value, kinds):
            return maker(value)
    text = getattr(value, "text", None)
    if isinstance(text, str):
        return text
    raise NotModeled(f"the text of a value of type {type_of(value)}")


def element_text(value: Any) -> str:
    """An element of a list as text.

    Raises:
        NotModeled: it is a list itself, whose text there is the name of its type.
    """
    if isinstance(value, (list, tuple, bytes)):
        raise NotModeled("the text of a list in a list")
    return to_text(value)


def _object_text(value: PSObject) -> str:
    if value.is_custom:
        return "@{" + "; ".join(f"{name}={_simple(item)}" for name, item in value.items()) + "}"
    return value.type_name if value.text is None else value.text


def _simple(value: object) -> str:
    if value is not None and not isinstance(value, (str, bool, int, PSEnum)):
        raise NotModeled("the text of an object with a property that is no plain value")
    return to_text(value)


def double_text(value: float, digits: int = 15) -> str:
    """ToString() of a Double; with 17 digits it reads back as the same number."""
    if not math.isfinite(value):
        raise NotModeled("the text of a number that is infinite, or none")
    mantissa, _e, exponent = f"{value:.{digits - 1}e}".partition("e")
    power = int(exponent)
    if -5 < power < 15:
        return _trimmed(f"{Decimal(mantissa).scaleb(power):f}")
    return f"{_trimmed(mantissa)}E{'-' if power < 0 else '+'}{abs(power):02d}"


def _trimmed(text: str) -> str:
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


_TEXTS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (str, str),
    (bool, str),
    (int, lambda value: str(int(value))),
    (float, double_text),
    (datetime, date_text),
    (timedelta, span_text),
    (uuid.UUID, str),
    (PSEnum, lambda value: value.name),
    (PSObject, _object_text),
    (Hashtable, type_of),
    (ScriptBlock, lambda value: value.text),
    (Switch, lambda value: str(value.present)),
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
    if isinstance(value, (list, tuple, bytes)):
        if len(value) != 1:
            return len(value) > 1
        only = value[0]
        return bool(only) if isinstance(only, (list, tuple)) else truth(only)
    if value is None or isinstance(value, (bool, int, float, str, Switch)):
        return bool(value)
    return value is not VOID

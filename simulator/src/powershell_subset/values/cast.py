# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One type becomes another, as casts and parameters have it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from powershell_subset.objects import VOID, ArrayList, Hashtable, NotModeled, PSEnum, PSObject, ScriptBlock, Switch
from powershell_subset.values.numbers import Int64, fits, is_number, number_in
from powershell_subset.values.text import to_text, truth
from powershell_subset.values.types import full_name, type_of


class CastError(Exception):
    """A text that is no number where one is needed; the message is PowerShell's."""

    def __init__(self, text: str, target: str) -> None:
        reason = "Input string was not in a correct format."
        super().__init__(f'Cannot convert value "{text}" to type "{target}". Error: "{reason}"')


def cast(value: Any, type_name: str) -> Any:
    """`value` as a value of the type that a script names `type_name`.

    Raises:
        CastError: it is no number.
        NotModeled: the type, or this way to it.
    """
    return cast_to(type_name)(None if value is VOID else value)


@lru_cache(maxsize=256)
def cast_to(type_name: str) -> Callable[[Any], Any]:
    """What makes a value one of a type.

    Raises:
        NotModeled: the subset has no casts to it.
    """
    target = full_name(type_name)
    if target in ("System.Array", "System.Object[]"):
        return lambda value: value if value is None or value.__class__ is list else items_of(value)
    if target.endswith("[]"):
        of_each = cast_to(target[:-2])
        return lambda value: None if value is None else [of_each(item) for item in items_of(value)]
    if target in _CASTS:
        return _CASTS[target]
    raise NotModeled(f"a cast to [{type_name}]")


def items_of(value: Any) -> list[Any]:
    """What a value consists of when a list is wanted."""
    if isinstance(value, (list, tuple, bytes)):
        return list(value)
    return [] if value is None or value is VOID else [value]


def to_number(value: Any, target: str = "System.Int32") -> int | float:
    """`value` as a number of whatever kind suits it; `target` is named when a text is none.

    Raises:
        CastError: a text that is no number.
    """
    if value is None or isinstance(value, (bool, Switch)):
        return int(bool(value))
    if isinstance(value, PSEnum):
        return value.value
    if isinstance(value, str):
        number = number_in(value) if value else 0
        if number is None:
            raise CastError(value, target)
        return number
    if not is_number(value):
        raise NotModeled(f"a number made of {type_of(value)}")
    plain: int | float = value
    return plain


def to_integer(value: Any, bits: int = 32) -> int:
    """`value` as an integer; fractions are rounded to the nearest, halves to the even one."""
    try:
        whole = round(to_number(value, f"System.Int{bits}"))
    except (OverflowError, ValueError):
        raise NotModeled("an integer made of a number that is infinite, or none") from None
    if not fits(whole, bits):
        raise NotModeled(f"the error for {whole} as an integer of {bits} bits")
    return Int64(whole) if bits == 64 else int(whole)


def custom_object(value: Any) -> PSObject:
    """``[pscustomobject]``: a table becomes an object with its keys as properties."""
    if not isinstance(value, Hashtable):
        raise NotModeled("[pscustomobject] before anything but a table")
    return PSObject(properties=dict(value.items()))


def _only(kind: type) -> Callable[[Any], Any]:
    def same(value: Any) -> Any:
        if value is not None and value.__class__ is not kind:
            raise NotModeled(f"a {kind.__name__} made of {type_of(value)}")
        return value

    return same


def _to_hashtable(value: Any) -> Any:
    if isinstance(value, Hashtable) and value.ordered:
        raise NotModeled("a Hashtable made of an ordered one")
    return _only(Hashtable)(value)


_CASTS: dict[str, Callable[[Any], Any]] = {
    "System.Object": lambda value: value,
    "System.Management.Automation.PSObject": custom_object,
    "System.String": to_text,
    "System.Boolean": truth,
    "System.Int32": to_integer,
    "System.Int64": lambda value: to_integer(value, 64),
    "System.Management.Automation.ScriptBlock": _only(ScriptBlock),
    "System.Collections.Hashtable": _to_hashtable,
    "System.Collections.ArrayList": _only(ArrayList),
    "System.Void": lambda value: VOID,
}

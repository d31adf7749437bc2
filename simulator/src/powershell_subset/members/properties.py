# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of values, those of all elements of a list, and indexes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from powershell_subset.errors import ErrorRecord, runtime_error
from powershell_subset.objects import VOID, ArrayList, Hashtable, NetException, NotModeled, PSEnum, PSObject, Switch
from powershell_subset.values.numbers import is_int
from powershell_subset.values.text import to_text
from powershell_subset.values.types import AUTOMATION, type_of

ABSENT: Any = object()
# Names that every value, or every table, has.
HIDDEN = {"psobject", "psbase", "psadapted", "psextended", "pstypenames", "syncroot", "isreadonly", "isfixedsize"}
HIDDEN |= {"issynchronized"}
COUNTS = ("count", "length")
# The number behind an enumeration's value, where nothing shows it.
UNKNOWN = -1
# In 5.1 an object of these types has no Count of its own, in later versions it is 1.
UNCOUNTED = ("Microsoft.Management.Infrastructure.CimInstance", f"{AUTOMATION}PSCustomObject", f"{AUTOMATION}PSVersion")


def length(text: str) -> int:
    """How many UTF-16 units a string has."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


def _category(record: ErrorRecord) -> PSObject:
    category = PSEnum(record.category, UNKNOWN, f"{AUTOMATION}ErrorCategory")
    return PSObject(f"{AUTOMATION}ErrorCategoryInfo", {"Category": category}, text=record.category_text())


def _invocation(record: ErrorRecord) -> PSObject:
    return PSObject(f"{AUTOMATION}InvocationInfo", {"Line": record.line()})


_KNOWN: tuple[tuple[type, dict[str, Callable[[Any], Any]]], ...] = (
    (str, {"length": length}),
    (list, {"count": len, "length": len}),
    (timedelta, {"totalseconds": lambda span: span / timedelta(seconds=1)}),
    (
        ErrorRecord,
        {
            "categoryinfo": _category,
            "exception": lambda record: record.exception,
            "fullyqualifiederrorid": lambda record: record.error_id,
            "invocationinfo": _invocation,
        },
    ),
    (NetException, {"message": lambda exception: exception.message}),
    (Switch, {"ispresent": lambda value: value.present}),
)
# Of these types the properties above are all that they have.
_WHOLE = (str, bool, int, float, list)


def own_property(value: Any, name: str) -> Any:
    """A property of a value itself; ABSENT where it has none of that name.

    Raises:
        NotModeled: the type may have it.
    """
    if isinstance(value, (Hashtable, PSObject)):
        found = value.get(name, ABSENT)
        if found is not ABSENT:
            return found
    key = name.lower()
    uncounted = isinstance(value, PSObject) and value.type_name.startswith(UNCOUNTED) and key in COUNTS
    if key in HIDDEN or uncounted or (isinstance(value, ArrayList) and key == "length"):
        raise NotModeled(f"the property {name} of {type_of(value)}")
    if isinstance(value, Hashtable):
        return _of_table(value, key)
    known = next((properties for kind, properties in _KNOWN if isinstance(value, kind)), {})
    if key in known:
        return known[key](value)
    whole = isinstance(value, _WHOLE) or (isinstance(value, PSObject) and value.is_custom) or key in COUNTS
    if not whole or isinstance(value, bytes) or (isinstance(value, str) and key == "chars"):
        raise NotModeled(f"the property {name} of {type_of(value)}")
    return ABSENT


def _of_table(table: Hashtable, key: str) -> Any:
    if key == "count":
        return len(table)
    if key == "keys":
        return list(table)
    return [value for _key, value in table.items()] if key == "values" else ABSENT


def get_property(value: Any, name: str) -> Any:
    """``value.name``: of a list that has no such property, those of its elements."""
    if value is None or value is VOID:
        return 0 if name.lower() in COUNTS else None
    found = own_property(value, name)
    if found is ABSENT and isinstance(value, list):
        return _of_elements(value, name)
    if found is ABSENT:
        return 1 if name.lower() in COUNTS else None
    return found


def _of_elements(items: list[Any], name: str) -> Any:
    found: list[Any] = []
    for item in items:
        each = ABSENT if item is None or isinstance(item, list) else own_property(item, name)
        if each is ABSENT:
            raise NotModeled(f"the property {name} of elements that do not have it")
        found.extend(each if isinstance(each, list) else [each])
    return (found[0] if len(found) == 1 else found) if found else None


def set_property(value: Any, name: str, new: Any) -> None:
    """``value.name = new``."""
    is_there = isinstance(value, PSObject) and value.is_custom and name in value
    if not is_there and not isinstance(value, Hashtable):
        raise NotModeled(f"the assignment to the property {name} of {type_of(value)}")
    value[name] = new


def get_index(value: Any, index: Any) -> Any:
    """``value[index]``.

    Raises:
        Terminating: nothing to look into.
    """
    if value is None:
        raise runtime_error("Cannot index into a null array.", "NullArray")
    if isinstance(value, Hashtable):
        return value.get(index)
    if isinstance(index, list) and isinstance(value, list):
        return [_element(value, each) for each in index]
    return _element(value, index, outside=True)


def _element(value: Any, index: Any, *, outside: bool = False) -> Any:
    if not isinstance(value, list) or not is_int(index):
        raise NotModeled(f"{type_of(value)}[{to_text(index)}]")
    if (not outside or isinstance(value, ArrayList)) and not 0 <= index < len(value):
        raise NotModeled(f"the element {index} of {len(value)}")
    return value[index] if -len(value) <= index < len(value) else None


def set_index(value: Any, index: Any, new: Any) -> None:
    """``value[index] = new``, of tables."""
    if not isinstance(value, Hashtable):
        raise NotModeled(f"the assignment to an element of {type_of(value)}")
    value[index] = new

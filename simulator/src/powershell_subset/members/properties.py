# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of values, those of all elements of a list, and indexes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from powershell_subset.errors import ErrorRecord, Terminating, runtime_error
from powershell_subset.members import collections, records, times
from powershell_subset.members.encodings import Encoding
from powershell_subset.members.texts import by_position, length
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
    Version,
)
from powershell_subset.values.cast import to_integer
from powershell_subset.values.types import short_name, type_of

ABSENT: Any = object()
Properties = dict[str, Callable[[Any], Any]]
NOT_FOUND = "The property '{}' cannot be found on this object. Verify that the property exists"
TYPE_PROPERTIES: Properties = {
    "fullname": lambda value: value.name,
    "name": lambda value: short_name(value.name),
}
# The properties of each type, all that it has. A type that is not here has some that are not modelled.
_PROPERTIES: tuple[tuple[type, Properties], ...] = (
    (Version, times.VERSION_PROPERTIES),
    (Char, {}),
    (str, {"length": length}),
    (GenericList, collections.LIST_PROPERTIES),
    (list, collections.ARRAY_PROPERTIES),
    (bytes, collections.ARRAY_PROPERTIES),
    (bool, {}),
    (int, {}),
    (float, {}),
    (datetime, times.DATE_PROPERTIES),
    (timedelta, times.SPAN_PROPERTIES),
    (uuid.UUID, times.GUID_PROPERTIES),
    (PSEnum, {"value__": lambda value: value.value}),
    (ErrorRecord, records.RECORD_PROPERTIES),
    (NetException, records.EXCEPTION_PROPERTIES),
    (Switch, {"ispresent": lambda value: value.present}),
    (Encoding, {"webname": lambda value: value.web_name}),
)


def own_property(value: Any, name: str) -> Any:
    """A property of a value itself; ABSENT where it has none of that name.

    Raises:
        NotModelled: the type may have it.
    """
    key = name.lower()
    if key == "psobject":
        return records.member_view(value)
    if isinstance(value, PSObject):
        return _of_object(value, name)
    if isinstance(value, Hashtable):
        if name in value:
            return value[name]
        getter = collections.TABLE_PROPERTIES.get(key)
        return ABSENT if getter is None else getter(value)
    for kind, properties in _PROPERTIES:
        if isinstance(value, kind):
            return properties[key](value) if key in properties else ABSENT
    if isinstance(value, DotNetType) and key in TYPE_PROPERTIES:
        return TYPE_PROPERTIES[key](value)
    if isinstance(value, (DotNetType, ScriptBlock)) or key not in ("count", "length"):
        raise NotModelled(f"the property {name} of {type_of(value)}")
    return ABSENT


def _of_object(value: PSObject, name: str) -> Any:
    if name in value:
        return value[name]
    if value.is_custom or name.lower() in ("count", "length"):
        return ABSENT
    raise NotModelled(f"the property {name} of {value.type_name}")


def get_property(value: Any, name: str, strictness: float = 0) -> Any:
    """``value.name``: of a list that has no such property, those of its elements.

    Raises:
        Terminating: there is none, and Set-StrictMode forbids that.
    """
    if value is None or value is VOID:
        return _missing(value, name, strictness)
    found = own_property(value, name)
    if found is ABSENT and isinstance(value, list):
        found = _of_elements(value, name)
    return _missing(value, name, strictness) if found is ABSENT else found


def _missing(value: Any, name: str, strictness: float) -> Any:
    if strictness >= 2:
        message = NOT_FOUND.format(name) + "."
        raise runtime_error(message, "PropertyNotFoundStrict", "NotSpecified", kind=PROPERTY_NOT_FOUND)
    if name.lower() in ("count", "length"):
        return 0 if value is None or value is VOID else 1
    return None


PROPERTY_NOT_FOUND = "System.Management.Automation.PropertyNotFoundException"


def _of_elements(items: list[Any], name: str) -> Any:
    if name.lower() in ("count", "length") and isinstance(items, GenericList):
        return ABSENT
    found: list[Any] = []
    for item in items:
        if item is None:
            continue
        each = own_property(item, name)
        if each is ABSENT and isinstance(item, list):
            each = _of_elements(item, name)
        if isinstance(each, list):
            found.extend(each)
        elif each is not ABSENT:
            found.append(each)
    if not found:
        return ABSENT
    return found[0] if len(found) == 1 else found


def set_property(value: Any, name: str, new: Any) -> None:
    """``value.name = new``.

    Raises:
        Terminating: there is no such property.
    """
    if isinstance(value, Hashtable):
        value[name] = new
    elif isinstance(value, PSObject) and name in value:
        if not value.is_custom:
            raise NotModelled(f"changing {name} of {value.type_name}")
        value[name] = new
    elif value is None or (isinstance(value, PSObject) and value.is_custom):
        message = NOT_FOUND.format(name) + " and can be set."
        raise runtime_error(message, "PropertyNotFound" if value is None else "PropertyAssignmentException")
    else:
        raise NotModelled(f"changing {name} of {type_of(value)}")


def get_index(value: Any, index: Any, strictness: float = 0) -> Any:
    """``value[index]``; several indexes give several elements.

    Raises:
        Terminating: nothing to look into, or nothing there and Set-StrictMode forbids that.
    """
    if value is None:
        raise runtime_error("Cannot index into a null array.", "NullArray")
    if isinstance(value, records.PropertyList):
        return value.named(index)
    if isinstance(value, Hashtable):
        return _entry(value, index)
    if isinstance(index, list) and isinstance(value, (list, bytes, str)):
        picked = [_element(value, each, 0) for each in index]
        return [each for each in picked if each is not ABSENT]
    if isinstance(value, (list, bytes, str)):
        found = _element(value, index, strictness)
        return None if found is ABSENT else found
    raise runtime_error(f"Unable to index into an object of type {type_of(value)}.", "CannotIndex")


def _entry(table: Hashtable, index: Any) -> Any:
    if isinstance(index, list):
        return [_entry(table, each) for each in index]
    if table.ordered and isinstance(index, int) and not isinstance(index, bool):
        values = table.values()
        return values[index] if -len(values) <= index < len(values) and index >= 0 else None
    return table.get(index)


def _element(items: Any, index: Any, strictness: float) -> Any:
    at = to_integer(index, "Int32")
    items = by_position(items) if isinstance(items, str) else items
    if not -len(items) <= at < len(items):
        if isinstance(items, GenericList) and at < 0:
            at = len(items)
        if strictness >= 3 or (isinstance(items, str) and strictness):
            raise _outside()
        return ABSENT
    return Char(items[at]) if isinstance(items, str) else items[at]


def set_index(value: Any, index: Any, new: Any) -> None:
    """``value[index] = new``.

    Raises:
        Terminating: there is no such place.
    """
    if value is None:
        raise runtime_error("Cannot index into a null array.", "NullArray")
    if isinstance(value, Hashtable):
        if index is None:
            raise runtime_error("Index operation failed; the array index evaluated to null.", "NullArrayIndex")
        value[index] = new
        return
    if not isinstance(value, list):
        raise runtime_error(f"Unable to index into an object of type {type_of(value)}.", "CannotIndex")
    at = to_integer(index, "Int32")
    if not -len(value) <= at < len(value):
        raise _outside()
    value[at] = new


def _outside() -> Terminating:
    message, kind = "Index was outside the bounds of the array.", "System.IndexOutOfRangeException"
    return runtime_error(message, kind, "OperationStopped", kind=kind)

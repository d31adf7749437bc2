# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of arrays, lists and tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from powershell_subset.members.texts import NetFault
from powershell_subset.objects import GenericList, Hashtable, NotModelled, PSObject, TypedArray
from powershell_subset.operators.comparison import equal
from powershell_subset.values.cast import cast, items_of, to_integer

FIXED = "Collection was of a fixed size."
MAX_INDEX = (
    "Index was out of range. Must be non-negative and less than the size of the collection.\r\nParameter name: index"
)


def _fixed(items: Any, *arguments: Any) -> None:
    raise NetFault(FIXED, "NotSupportedException")


def _index_of(items: Any, wanted: Any) -> int:
    return next((at for at, item in enumerate(items) if same(item, wanted)), -1)


def same(one: Any, two: Any) -> bool:
    """Equals(): of the same type and value, or the same object."""
    if isinstance(one, (list, Hashtable, PSObject)) or isinstance(two, (list, Hashtable, PSObject)):
        return one is two
    return isinstance(one, type(two)) and equal(one, two, case_sensitive=True)


ARRAY_METHODS: dict[str, Callable[..., Any]] = {
    "add": _fixed,
    "clear": _fixed,
    "clone": list,
    "contains": lambda items, wanted: _index_of(items, wanted) >= 0,
    "getlength": lambda items, dimension: len(items),
    "getupperbound": lambda items, dimension: len(items) - 1,
    "getvalue": lambda items, index: items[to_integer(index, "Int32")],
    "indexof": _index_of,
    "insert": _fixed,
    "remove": _fixed,
    "removeat": _fixed,
}


def _is_array_list(items: GenericList) -> bool:
    return items.type_name == "System.Collections.ArrayList"


def _typed(items: GenericList, item: Any) -> Any:
    return cast(item, items.element) if items.element != "System.Object" else item


def _add(items: GenericList, item: Any) -> Any:
    items.append(_typed(items, item))
    return len(items) - 1 if _is_array_list(items) else NOTHING


def _add_range(items: GenericList, added: Any) -> Any:
    items.extend(_typed(items, item) for item in items_of(added))
    return NOTHING


def _clear(items: list[Any]) -> Any:
    items.clear()
    return NOTHING


def _insert(items: GenericList, index: Any, item: Any) -> Any:
    items.insert(_checked(items, index, len(items)), _typed(items, item))
    return NOTHING


def _remove(items: GenericList, item: Any) -> Any:
    index = _index_of(items, item)
    if index >= 0:
        del items[index]
    return NOTHING if _is_array_list(items) else index >= 0


def _remove_at(items: GenericList, index: Any) -> Any:
    del items[_checked(items, index, len(items) - 1)]
    return NOTHING


def _checked(items: GenericList, index: Any, most: int) -> int:
    at = to_integer(index, "Int32")
    if not 0 <= at <= most:
        raise NetFault(MAX_INDEX, "ArgumentOutOfRangeException")
    return at


def _to_array(items: GenericList) -> list[Any]:
    return list(items) if items.element == "System.Object" else TypedArray(items, items.element)


def _reverse(items: list[Any]) -> Any:
    items.reverse()
    return NOTHING


def _refuse_sort(items: Any) -> None:
    raise NotModelled("the method Sort() of a list")


# What a method that returns void leaves.
NOTHING: Any = object()

LIST_METHODS: dict[str, Callable[..., Any]] = {
    "add": _add,
    "addrange": _add_range,
    "clear": _clear,
    "contains": lambda items, wanted: _index_of(items, wanted) >= 0,
    "indexof": _index_of,
    "insert": _insert,
    "remove": _remove,
    "removeat": _remove_at,
    "reverse": _reverse,
    "sort": _refuse_sort,
    "toarray": _to_array,
}


def _add_entry(table: Hashtable, key: Any, value: Any) -> Any:
    if key in table:
        shown = f"Key in dictionary: '{key}'  Key being added: '{key}'"
        raise NetFault(f"Item has already been added. {shown}", "ArgumentException")
    table[key] = value
    return NOTHING


def _remove_entry(table: Hashtable, key: Any) -> Any:
    table.remove(key)
    return NOTHING


def _clear_table(table: Hashtable) -> Any:
    table.clear()
    return NOTHING


def _entries(table: Hashtable) -> list[PSObject]:
    kind = "System.Collections.DictionaryEntry"
    return [PSObject(kind, {"Name": key, "Key": key, "Value": value}) for key, value in table.items()]


TABLE_METHODS: dict[str, Callable[..., Any]] = {
    "add": _add_entry,
    "clear": _clear_table,
    "clone": lambda table: Hashtable(table.items(), ordered=table.ordered),
    "contains": lambda table, key: key in table,
    "containskey": lambda table, key: key in table,
    "containsvalue": lambda table, value: any(same(item, value) for item in table.values()),
    "getenumerator": _entries,
    "remove": _remove_entry,
}
TABLE_PROPERTIES: dict[str, Callable[[Any], Any]] = {
    "count": len,
    "isfixedsize": lambda table: False,
    "isreadonly": lambda table: False,
    "keys": lambda table: table.keys(),
    "values": lambda table: table.values(),
}
LIST_PROPERTIES: dict[str, Callable[[Any], Any]] = {"count": len}
ARRAY_PROPERTIES: dict[str, Callable[[Any], Any]] = {
    "count": len,
    "isfixedsize": lambda items: True,
    "length": len,
    "longlength": len,
    "rank": lambda items: 1,
}

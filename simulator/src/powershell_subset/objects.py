# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PowerShell passes around, where Python has nothing that is like it.

The rest are Python's own values: None, bool, str, int, float, Decimal, list (object[]), bytes (byte[]), datetime
(aware; see `values.dates`), timedelta and UUID.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

CUSTOM = "System.Management.Automation.PSCustomObject"


class NotModelled(Exception):
    """Something that Windows PowerShell may well have, but the simulator has not."""


class Void:
    """What a command leaves that leaves nothing; everything but a pipeline takes it for $null."""

    def __repr__(self) -> str:
        return "VOID"

    def __bool__(self) -> bool:
        return False


VOID = Void()


class PSObject:
    """An object with properties, whose names have no case and keep their order.

    `type_name` is the full .NET name; `text` is what the object's ToString() gives (the type name unless said).
    """

    def __init__(
        self, type_name: str = CUSTOM, properties: Mapping[str, object] | None = None, *, text: str | None = None
    ) -> None:
        self.type_name = type_name
        self.text = text
        self._values: dict[str, tuple[str, Any]] = {}
        for name, value in (properties or {}).items():
            self[name] = value

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def __getitem__(self, name: str) -> Any:
        return self._values[name.lower()][1]

    def __setitem__(self, name: str, value: object) -> None:
        known = self._values.get(name.lower())
        listed = list(value) if isinstance(value, tuple) and not isinstance(value, Version) else value
        self._values[name.lower()] = (known[0] if known else name, listed)

    def get(self, name: str, default: object = None) -> Any:
        """The value of a property, or `default` where there is none."""
        return self._values.get(name.lower(), ("", default))[1]

    def names(self) -> list[str]:
        """The names of the properties, as they were first written."""
        return [name for name, _unused in self._values.values()]

    def items(self) -> list[tuple[str, Any]]:
        """Names and values."""
        return list(self._values.values())

    def remove(self, name: str) -> None:
        """Take a property away."""
        self._values.pop(name.lower(), None)

    @property
    def is_custom(self) -> bool:
        """Whether it was made by a script."""
        return self.type_name == CUSTOM

    def __repr__(self) -> str:
        return f"PSObject({self.type_name}, {self.names()})"


class PSEnum:
    """A value of an enumeration: its text is `name`, JSON and arithmetic see `value`."""

    def __init__(self, name: str, value: int, type_name: str = "System.Enum") -> None:
        self.name = name
        self.value = value
        self.type_name = type_name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PSEnum) and (other.value, other.type_name) == (self.value, self.type_name)

    def __hash__(self) -> int:
        return hash((self.value, self.type_name))

    def __repr__(self) -> str:
        return f"PSEnum({self.name})"


class Hashtable:
    """A table whose string keys have no case. The order of the entries is kept; .NET promises it for `ordered` only."""

    def __init__(self, entries: Iterable[tuple[Any, Any]] = (), *, ordered: bool = False) -> None:
        self.ordered = ordered
        self._entries: dict[object, tuple[Any, Any]] = {}
        for key, value in entries:
            self[key] = value

    @staticmethod
    def _folded(key: object) -> object:
        if isinstance(key, str):
            return key.lower()
        if isinstance(key, (list, Hashtable, bool)):
            return (type(key), id(key))
        return key

    def __contains__(self, key: object) -> bool:
        return self._folded(key) in self._entries

    def __getitem__(self, key: object) -> Any:
        return self._entries[self._folded(key)][1]

    def __setitem__(self, key: Any, value: object) -> None:
        known = self._entries.get(self._folded(key))
        self._entries[self._folded(key)] = (known[0] if known else key, value)

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return True

    def get(self, key: object, default: object = None) -> Any:
        """The value of a key, or `default`."""
        return self._entries.get(self._folded(key), (None, default))[1]

    def remove(self, key: object) -> None:
        """Take an entry away."""
        self._entries.pop(self._folded(key), None)

    def clear(self) -> None:
        """Take all entries away."""
        self._entries.clear()

    def keys(self) -> list[Any]:
        """The keys, as they were first written."""
        return [key for key, _unused in self._entries.values()]

    def values(self) -> list[Any]:
        """The values."""
        return [value for _unused, value in self._entries.values()]

    def items(self) -> list[tuple[Any, Any]]:
        """Keys and values."""
        return list(self._entries.values())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.keys())


class TypedArray(list[Any]):
    """An array whose elements have a type of their own; `element` is its full .NET name."""

    def __init__(self, items: Iterable[Any] = (), element: str = "System.String") -> None:
        super().__init__(items)
        self.element = element


class GenericList(list[Any]):
    """A List<T> or an ArrayList: `type_name` is its full .NET name, `element` that of what it takes."""

    def __init__(self, items: Iterable[Any] = (), type_name: str = "", element: str = "System.Object") -> None:
        super().__init__(items)
        self.type_name = type_name or f"System.Collections.Generic.List`1[[{element}]]"
        self.element = element


class Char(str):
    """One UTF-16 character."""

    __slots__ = ()


class Switch:
    """The value of a switch parameter."""

    def __init__(self, present: bool) -> None:
        self.present = present

    def __bool__(self) -> bool:
        return self.present


class Version(tuple[int, ...]):
    """Two to four numbers."""

    __slots__ = ()

    def __str__(self) -> str:
        return ".".join(str(part) for part in self)


class ScriptBlock:
    """A piece of script as a value: its tree, and its text without the braces."""

    def __init__(self, body: Any, text: str) -> None:
        self.body = body
        self.text = text


class DotNetType:
    """A type as a value; `name` is its full .NET name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DotNetType) and other.name.lower() == self.name.lower()

    def __hash__(self) -> int:
        return hash(self.name.lower())


class NetException:
    """An exception of .NET as a value."""

    def __init__(self, message: str, type_name: str, inner: NetException | None = None) -> None:
        self.message = message
        self.type_name = type_name
        self.inner = inner

    @property
    def short_name(self) -> str:
        """The type without its namespace."""
        return self.type_name.rpartition(".")[2]

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PowerShell passes around, where Python has nothing that is like it.

The rest are Python's own values: None, bool, str, int, float, list (object[]), bytes (byte[]), datetime (aware; see
`values.times`), timedelta and UUID.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

CUSTOM = "System.Management.Automation.PSCustomObject"


class NotModeled(Exception):
    """Something that Windows PowerShell may well have, but the subset has not."""


class Void:
    """What a command leaves that leaves nothing; everything but a pipeline takes it for $null."""


VOID = Void()


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


class PSObject:
    """An object with properties, whose names have no case and keep their order.

    `type_name` is the full .NET name; `text` is what the object's ToString() gives (the type name unless said).
    """

    def __init__(
        self, type_name: str = CUSTOM, properties: Mapping[str, object] | None = None, *, text: str | None = None
    ) -> None:
        self.type_name = type_name
        self.text = text
        self._values: dict[str, tuple[str, Any]] = {
            name.lower(): (name, _listed(value)) for name, value in (properties or {}).items()
        }

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def __getitem__(self, name: str) -> Any:
        return self._values[name.lower()][1]

    def __setitem__(self, name: str, value: object) -> None:
        key = name.lower()
        known = self._values.get(key)
        self._values[key] = (known[0] if known else name, _listed(value))

    def get(self, name: str, default: object = None) -> Any:
        """The value of a property, or `default` where there is none."""
        return self._values.get(name.lower(), ("", default))[1]

    def items(self) -> list[tuple[str, Any]]:
        """Names, as they were first written, and values."""
        return list(self._values.values())

    @property
    def is_custom(self) -> bool:
        """Whether it was made by a script."""
        return self.type_name == CUSTOM


class PSEnum:
    """A value of an enumeration: its text is `name`, JSON sees `value`."""

    def __init__(self, name: str, value: int, type_name: str = "System.Enum") -> None:
        self.name = name
        self.value = value
        self.type_name = type_name


class Hashtable:
    """A table whose keys are text without case. The order is kept; .NET promises it for `ordered` only."""

    def __init__(self, *, ordered: bool = False) -> None:
        self.ordered = ordered
        self._entries: dict[str, tuple[str, Any]] = {}

    def __contains__(self, key: object) -> bool:
        return _folded(key) in self._entries

    def __setitem__(self, key: str, value: object) -> None:
        folded = _folded(key)
        known = self._entries.get(folded)
        self._entries[folded] = (known[0] if known else key, value)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: object, default: object = None) -> Any:
        """The value of a key, or `default`."""
        return self._entries.get(_folded(key), (None, default))[1]

    def remove(self, key: object) -> None:
        """Take an entry away."""
        self._entries.pop(_folded(key), None)

    def items(self) -> list[tuple[str, Any]]:
        """Keys, as they were first written, and values."""
        return list(self._entries.values())

    def __iter__(self) -> Iterator[str]:
        return iter([key for key, _unused in self._entries.values()])


def _folded(key: object) -> str:
    if not isinstance(key, str):
        raise NotModeled("a key of a table that is no text")
    return key.lower()


class ArrayList(list[Any]):
    """A System.Collections.ArrayList."""


class Switch:
    """The value of a switch parameter."""

    def __init__(self, present: bool) -> None:
        self.present = present

    def __bool__(self) -> bool:
        return self.present


class ScriptBlock:
    """A piece of script as a value: its tree, and its text without the braces."""

    def __init__(self, body: Any, text: str) -> None:
        self.body = body
        self.text = text


class NetException:
    """An exception of .NET as a value."""

    def __init__(self, message: str, type_name: str) -> None:
        self.message = message
        self.type_name = type_name

    @property
    def short_name(self) -> str:
        """The type without its namespace."""
        return self.type_name.rpartition(".")[2]

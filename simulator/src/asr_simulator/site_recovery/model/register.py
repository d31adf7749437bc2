# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the vault has many of: kept in order, and found by a key without a walk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableSequence
from typing import Any, TypeVar

Thing = TypeVar("Thing")


class Register(MutableSequence[Thing]):
    """A list that finds its things by their keys, which never change; of several with the same key, the first."""

    def __init__(self, keys_of: Callable[[Thing], Iterable[str]], things: Iterable[Thing] = ()) -> None:
        self._keys_of = keys_of
        self._things = list(things)
        self._found: dict[str, Thing] | None = None

    def find(self, key: str) -> Thing | None:
        """The first thing with this key."""
        if self._found is None:
            self._found = {}
            for thing in self._things:
                self._note(self._found, thing)
        return self._found.get(key)

    def _note(self, found: dict[str, Thing], thing: Thing) -> None:
        for key in self._keys_of(thing):
            found.setdefault(key, thing)

    def __len__(self) -> int:
        return len(self._things)

    def __getitem__(self, index: Any) -> Any:
        return self._things[index]

    def __iter__(self) -> Iterator[Thing]:
        return iter(self._things)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._things[index], self._found = value, None

    def __delitem__(self, index: Any) -> None:
        del self._things[index]
        self._found = None

    def insert(self, index: int, value: Thing) -> None:
        """Put a thing before the one at `index`. Most come at the end, where they hide nothing."""
        is_last = index >= len(self._things)
        self._things.insert(index, value)
        if is_last and self._found is not None:
            self._note(self._found, value)
        else:
            self._found = None

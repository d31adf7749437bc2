# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a JSON object that is too large to be kept, piece by piece.

As text and as structure, the record of a run of a thousand virtual machines takes a hundred megabytes; what whoever
reads it wants to know of it, one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_DECODER = json.JSONDecoder()
_SPACE = " \t\n\r"
# What follows a value, or a name.
_ENDS = frozenset({":", ",", "]", "}", *_SPACE})


def read_object(blocks: Iterable[str], list_name: str, entry: Callable[[int, Any], Any]) -> dict[str, Any]:
    """Return the object in a text that comes in C(blocks).

    Of the list of the member C(list_name) there is what C(entry) returns for each entry, given its number. Raises
    ValueError where it is no object, and RecursionError where it is too deep.
    """
    text = _Text(iter(blocks))
    found: dict[str, Any] = {}
    for name in text.names():
        if name == list_name and text.next_sign() == "[":
            found[name] = [entry(number, text.value()) for number in text.entries()]
        else:
            found[name] = text.value()
    if text.next_sign():
        raise ValueError("something follows the object")
    return found


class _Text:
    """A text, of which only what is not read yet is kept."""

    def __init__(self, blocks: Iterator[str]) -> None:
        self._blocks = blocks
        self._left = ""
        self._place = 0

    def names(self) -> Iterator[str]:
        """Yield the name of each member of an object. Its value must be read before the next one."""
        for _number in self._parts("{", "}"):
            name = self.value()
            if not isinstance(name, str):
                raise ValueError("a name is no text")
            self._take(":")
            yield name

    def entries(self) -> Iterator[int]:
        """Yield the number of each entry of a list. The entry must be read before the next one."""
        return self._parts("[", "]")

    def _parts(self, first: str, last: str) -> Iterator[int]:
        self._take(first)
        is_over, number = self.next_sign() == last, 0
        while not is_over:
            yield number
            number += 1
            is_over = self.next_sign() == last
            if not is_over:
                self._take(",")
        self._take(last)

    def next_sign(self) -> str:
        """Return the next sign that is no space; empty at the end."""
        while True:
            while self._place < len(self._left):
                if self._left[self._place] not in _SPACE:
                    return self._left[self._place]
                self._place += 1
            if not self._has_more():
                return ""

    def _take(self, sign: str) -> None:
        if self.next_sign() != sign:
            raise ValueError(f"{sign} is missing")
        self._place += 1

    def value(self) -> Any:
        """Return the value that comes next."""
        self.next_sign()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._left, self._place)
            except ValueError:
                if not self._has_more():
                    raise
                continue
            # The rest of a number may come with the next block: "1", or "1." and more.
            if self._left[end : end + 1] in _ENDS or not self._has_more():
                self._place = end
                return value

    def _has_more(self) -> bool:
        """Read as much again as there is left, so that a long value is not begun too often; return whether there was
        any."""
        wanted = len(self._left) - self._place
        parts = [self._left[self._place :]]
        for block in self._blocks:
            parts.append(block)
            wanted -= len(block)
            if wanted <= 0:
                break
        else:
            if len(parts) == 1:
                return False
        self._left, self._place = "".join(parts), 0
        return True

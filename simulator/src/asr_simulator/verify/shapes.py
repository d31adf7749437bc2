# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shape of the simulator's bodies, learned from them: which properties, of which types, with which words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Objects of different kinds stand at the same place; these say of which kind one is.
KINDS = ("instanceType", "taskType")
# Objects whose keys are the customer's, or words of the service: of any number.
FREE = ("tags", "categorizedresourcecounts")


def type_of(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def kind_of(value: Mapping[str, Any]) -> str:
    """What an object says that it is; empty where it does not."""
    return next((str(value[name]) for name in KINDS if isinstance(value.get(name), str)), "")


@dataclass
class Shape:
    """What was seen at a place: types, words, and of each kind of object how many and with which properties."""

    types: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    properties: dict[str, dict[str, tuple[int, Shape]]] = field(default_factory=dict)
    element: Shape | None = None

    def learn(self, value: Any) -> None:
        """Take in one more value."""
        self.types.add(type_of(value))
        if isinstance(value, Mapping):
            kind = kind_of(value)
            self.counts[kind] = self.counts.get(kind, 0) + 1
            known = self.properties.setdefault(kind, {})
            for name, member in value.items():
                count, shape = known.get(name) or (0, Shape())
                shape.learn(member)
                known[name] = (count + 1, shape)
        elif isinstance(value, list):
            self.element = self.element or Shape()
            for member in value:
                self.element.learn(member)
        elif isinstance(value, str):
            self.words.add(value)


@dataclass(frozen=True)
class Misfit:
    """Where a value is of another shape. ``expected`` is what the simulator would have had there."""

    place: str
    recorded: Any
    expected: str


MISSING = "(missing)"


def misfits(value: Any, shape: Shape, place: str = "$", *, properties: bool = True) -> Iterator[Misfit]:
    """Every place where a value is of another shape than the simulator's.

    ``properties``: also where it has other properties. Null fits everywhere: it tells nothing. So does what was null in
    every answer of the simulator.
    """
    found = type_of(value)
    types = shape.types - {"null"}
    if found == "null" or not types:
        return
    if found not in types:
        yield Misfit(place, value, f"a value of type {' or '.join(sorted(types))}")
    elif isinstance(value, Mapping):
        yield from _of_object(value, shape, place, properties=properties)
    elif isinstance(value, list) and shape.element is not None:
        for number, member in enumerate(value):
            yield from misfits(member, shape.element, f"{place}[{number}]", properties=properties)


def _of_object(value: Mapping[str, Any], shape: Shape, place: str, *, properties: bool) -> Iterator[Misfit]:
    known = shape.properties.get(kind_of(value))
    if known is None or place.rpartition(".")[2].lower().endswith(FREE):
        return
    if properties:
        every = shape.counts[kind_of(value)]
        for name, (count, _shape) in known.items():
            if count == every and name not in value:
                yield Misfit(f"{place}.{name}", MISSING, "a property of this name")
        for name in value:
            # An object without any says nothing of what it could have.
            if known and name not in known:
                yield Misfit(f"{place}.{name}", value[name], "no property of this name")
    for name, member in value.items():
        if name in known:
            yield from misfits(member, known[name][1], f"{place}.{name}", properties=properties)


def words_at(shape: Shape, name: str) -> set[str]:
    """Every text that was seen in properties of a name, anywhere in a shape."""
    found: set[str] = set()
    for known in shape.properties.values():
        for own, (_count, inner) in known.items():
            if own == name:
                found |= inner.words | (inner.element.words if inner.element else set())
            found |= words_at(inner, name)
    if shape.element is not None:
        found |= words_at(shape.element, name)
    return found

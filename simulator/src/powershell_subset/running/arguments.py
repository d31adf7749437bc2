# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments of a command: what is written, and which parameters it goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from powershell_subset.objects import NotModeled
from powershell_subset.running.engine import Engine
from powershell_subset.syntax.nodes import NamedArgument, Node
from powershell_subset.values.text import truth

COMMON = ("erroraction", "errorvariable")
MISSING: Any = object()


@dataclass(frozen=True)
class Signature:
    """The parameters that a command has; `positions` are those that need no name, `rest` takes what is left."""

    command: str
    names: tuple[str, ...]
    switches: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    rest: str = ""
    common: bool = True

    @cached_property
    def position_keys(self) -> tuple[str, ...]:
        """`positions` in lower case."""
        return tuple(name.lower() for name in self.positions)

    @cached_property
    def switch_keys(self) -> frozenset[str]:
        """`switches` in lower case."""
        return frozenset(name.lower() for name in self.switches)

    @cached_property
    def keys(self) -> frozenset[str]:
        """All names in lower case, but for the common ones."""
        return self.switch_keys.union(self.position_keys, (name.lower() for name in self.names))


@dataclass
class Bound:
    """Which parameter got what, all names in lower case."""

    values: dict[str, Any] = field(default_factory=dict)
    common: dict[str, Any] = field(default_factory=dict)


def resolve(signature: Signature, written: str) -> str:
    """The parameter of a name, in lower case.

    Raises:
        NotModeled: there is none; PowerShell may take it for the beginning of one.
    """
    key = written.lower()
    if key not in signature.keys and not (signature.common and key in COMMON):
        raise NotModeled(f"{signature.command} -{written}")
    return key


def evaluated(engine: Engine, nodes: Sequence[Node]) -> list[tuple[str, Any]]:
    """The arguments: names, empty where there is none, and values, MISSING where there is none."""
    found: list[tuple[str, Any]] = []
    for node in nodes:
        if isinstance(node, NamedArgument):
            found.append((node.name, MISSING if node.value is None else engine.value(node.value)))
        else:
            found.append(("", engine.value(node)))
    return found


def bind(signature: Signature, arguments: list[tuple[str, Any]]) -> Bound:
    """Give each argument to its parameter."""
    bound = Bound()
    values: list[Any] = []
    waiting = ""
    for written, value in [*arguments, ("", MISSING)]:
        if waiting and (written or value is MISSING):
            raise NotModeled(f"{signature.command} -{waiting} without its value")
        if waiting:
            _give(signature, bound, waiting, value)
            waiting = ""
        elif not written:
            values += [] if value is MISSING else [value]
        else:
            waiting = _named(signature, bound, resolve(signature, written), value)
    _place(signature, bound, values)
    return bound


def _named(signature: Signature, bound: Bound, name: str, value: Any) -> str:
    """Give a named argument its value; the name where that follows it."""
    is_switch = name in signature.switch_keys
    if value is MISSING and not is_switch:
        return name
    _give(signature, bound, name, True if value is MISSING else truth(value) if is_switch else value)
    return ""


def _give(signature: Signature, bound: Bound, name: str, value: Any) -> None:
    place = bound.common if signature.common and name in COMMON else bound.values
    if name in place:
        raise NotModeled(f"{signature.command} -{name} twice")
    place[name] = value


def _place(signature: Signature, bound: Bound, values: list[Any]) -> None:
    free = [name for name in signature.position_keys if name not in bound.values]
    for name, value in zip(free, values, strict=False):
        bound.values[name] = value
    left = values[len(free) :]
    if left and not signature.rest:
        raise NotModeled(f"{signature.command} with so many arguments")
    if left:
        _give(signature, bound, signature.rest.lower(), left[0] if len(left) == 1 else left)

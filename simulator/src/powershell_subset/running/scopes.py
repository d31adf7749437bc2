# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scopes: where variables and functions live, and who finds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from powershell_subset.source import Source, Span
from powershell_subset.syntax.structure import Function

if TYPE_CHECKING:
    from collections.abc import Callable

    from powershell_subset.errors import ErrorRecord

MISSING: Any = object()


@dataclass
class Cell:
    """A variable; `constraint` is the type that its declaration holds it to."""

    name: str
    value: Any
    constraint: str = ""


class Scope:
    """Variables and functions of one call; what it does not have, its parent may."""

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.cells: dict[str, Cell] = {}
        self.functions: dict[str, Function] = {}
        self.strict: float | None = None

    def find(self, name: str) -> Cell | None:
        """The variable, here or in a scope around."""
        key = name.lower()
        scope: Scope | None = self
        while scope is not None:
            cell = scope.cells.get(key)
            if cell is not None:
                return cell
            scope = scope.parent
        return None

    def set(self, name: str, value: Any) -> None:
        """Set the variable in this very scope."""
        cell = self.cells.get(name.lower())
        if cell is None:
            self.cells[name.lower()] = Cell(name, value)
        else:
            cell.value = value

    def function(self, name: str) -> Function | None:
        """The function, here or in a scope around."""
        key = name.lower()
        scope: Scope | None = self
        while scope is not None:
            if key in scope.functions:
                return scope.functions[key]
            scope = scope.parent
        return None

    def strictness(self) -> float:
        """The version of Set-StrictMode that holds here; 0: none."""
        scope: Scope | None = self
        while scope is not None:
            if scope.strict is not None:
                return scope.strict
            scope = scope.parent
        return 0.0


@dataclass(frozen=True)
class CallSite:
    """The call of a function: its name, and where it was called."""

    name: str
    source: Source
    span: Span


@dataclass
class Frame:
    """What surrounds a running statement: its scope, its script, a try block, and where errors go."""

    scope: Scope
    source: Source
    in_try: bool = False
    errors_to: Callable[[ErrorRecord], None] | None = None
    call: CallSite | None = None

    def inner(self, scope: Scope | None = None, source: Source | None = None) -> Frame:
        """A frame inside this one."""
        return Frame(scope or self.scope, source or self.source, self.in_try, self.errors_to, self.call)

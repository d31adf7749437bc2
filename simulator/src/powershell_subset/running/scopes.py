# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scopes: where variables and functions live, and who finds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from powershell_subset.source import Source
from powershell_subset.syntax.nodes import Function


@dataclass
class Cell:
    """A variable; a parameter with a type is `typed`: what is assigned to it would be converted."""

    value: Any
    typed: bool = False


class Scope:
    """Variables and functions of one call; what it does not have, its parent may."""

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.cells: dict[str, Cell] = {}
        self.functions: dict[str, Function] = {}

    def find(self, name: str) -> Cell | None:
        """The variable, here or in a scope around."""
        return self.look_up(name.lower())

    def look_up(self, key: str) -> Cell | None:
        """The same, by the name in lower case."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.cells.get(key)
            if found is not None:
                return found
            scope = scope.parent
        return None

    def set(self, name: str, value: Any) -> None:
        """Set the variable in this very scope."""
        self.cells[name.lower()] = Cell(value)

    def function(self, name: str) -> Function | None:
        """The function, here or in a scope around."""
        key = name.lower()
        scope: Scope | None = self
        while scope is not None:
            found = scope.functions.get(key)
            if found is not None:
                return found
            scope = scope.parent
        return None


@dataclass
class Frame:
    """What surrounds a running statement: its scope, its script, and whether a try block waits for errors."""

    scope: Scope
    source: Source
    in_try: bool = False

    def inner(self, scope: Scope | None = None, source: Source | None = None) -> Frame:
        """A frame inside this one."""
        return Frame(scope or self.scope, source or self.source, self.in_try)

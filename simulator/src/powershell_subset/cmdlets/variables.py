# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-Variable, Set-Variable, Remove-Variable, and Test-Path of variables."""

from __future__ import annotations

from powershell_subset.errors import runtime_error
from powershell_subset.objects import NotModelled, PSObject
from powershell_subset.operators.patterns import is_wildcard
from powershell_subset.running.scopes import Cell, Scope
from powershell_subset.running.stages import Cmdlet, cmdlet
from powershell_subset.running.variables import scope_named, store
from powershell_subset.syntax.nodes import Variable
from powershell_subset.values.cast import items_of
from powershell_subset.values.text import to_text, truth


class _OfVariables(Cmdlet):
    """A cmdlet with a variable's name and -Scope."""

    names = ("Scope",)

    def scope(self) -> Scope | None:
        """The scope that is meant; None: the nearest that has the variable."""
        if not self.has("Scope"):
            return None
        name = to_text(self.given("Scope")).lower()
        if name == "0":
            return self.frame.scope
        if name == "1" and self.frame.scope.parent is not None:
            return self.frame.scope.parent
        return scope_named(self.engine, name)

    def wanted(self) -> list[str]:
        """The names of the variables."""
        names = [to_text(name) for name in items_of(self.given("Name"))]
        if not names or any(is_wildcard(name) for name in names):
            raise NotModelled(f"{self.title} without a plain name")
        return names

    def cell(self, name: str) -> Cell | None:
        """The variable."""
        scope = self.scope()
        return self.frame.scope.find(name) if scope is None else scope.cells.get(name.lower())

    def missing(self, name: str) -> None:
        """Report that there is no such variable."""
        error_id = f"VariableNotFound,{self.qualified()}"
        kind = "System.Management.Automation.ItemNotFoundException"
        message = f"Cannot find a variable with the name '{name}'."
        record = runtime_error(message, error_id, "ObjectNotFound", name, kind).record
        record.activity = record.prefix = self.title
        self.write_error(record)

    def qualified(self) -> str:
        """The class of the cmdlet."""
        return f"Microsoft.PowerShell.Commands.{self.title.replace('-', '')}Command"


@cmdlet("gv")
class GetVariable(_OfVariables):
    """Get-Variable."""

    title = "Get-Variable"
    positions = ("Name",)
    switches = ("ValueOnly",)
    refused = ("Include", "Exclude")

    def _end(self) -> None:
        for name in self.wanted():
            cell = self.cell(name)
            if cell is None:
                self.missing(name)
            elif truth(self.given("ValueOnly")):
                self.emit(cell.value)
            else:
                kind = "System.Management.Automation.PSVariable"
                self.emit(PSObject(kind, {"Name": cell.name, "Value": cell.value}))


@cmdlet("sv", "set")
class SetVariable(_OfVariables):
    """Set-Variable."""

    title = "Set-Variable"
    positions = ("Name", "Value")
    switches = ("Force",)
    refused = ("Option", "Description", "Visibility", "PassThru", "Include", "Exclude")

    def _end(self) -> None:
        for name in self.wanted():
            scope = self.scope()
            if scope is None:
                store(self.engine, Variable(name), self.given("Value"))
            else:
                scope.set(name, self.given("Value"))


@cmdlet("rv")
class RemoveVariable(_OfVariables):
    """Remove-Variable."""

    title = "Remove-Variable"
    positions = ("Name",)
    switches = ("Force",)
    refused = ("Include", "Exclude")

    def _end(self) -> None:
        for name in self.wanted():
            scope = self.scope() or self.frame.scope
            if self.cell(name) is None:
                self.missing(name)
            scope.cells.pop(name.lower(), None)


@cmdlet()
class TestPath(Cmdlet):
    """Test-Path of Variable:, Env: and Function:; files are another cmdlet's."""

    title = "Test-Path"
    module = "Microsoft.PowerShell.Management"
    names = ("LiteralPath", "PathType")
    positions = ("Path",)

    def _end(self) -> None:
        for path in items_of(self.given("LiteralPath", self.given("Path"))):
            self.emit(self._exists(to_text(path)))

    def _exists(self, path: str) -> bool:
        drive, colon, name = path.partition(":")
        name = name.lstrip("\\/")
        if not colon or not name or is_wildcard(name):
            raise NotModelled(f"Test-Path '{path}'")
        if drive.lower() == "variable":
            return self.frame.scope.find(name) is not None or name.lower() in ("true", "false", "null")
        if drive.lower() == "env":
            return name.lower() in self.engine.environment
        if drive.lower() == "function":
            return self.frame.scope.function(name) is not None
        raise NotModelled(f"Test-Path '{path}'")

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-Date, Get-Command and New-Object."""

from __future__ import annotations

from typing import Any

from powershell_subset.interface import Command, CommandError
from powershell_subset.members.methods import create
from powershell_subset.objects import NotModeled, PSObject
from powershell_subset.running.pipelines import not_found
from powershell_subset.running.stages import Cmdlet, cmdlet, find_command
from powershell_subset.syntax.nodes import Function
from powershell_subset.values.cast import items_of
from powershell_subset.values.text import to_text
from powershell_subset.values.times import LOCAL, UTC
from powershell_subset.values.types import AUTOMATION


@cmdlet()
class GetDate(Cmdlet):
    """Get-Date."""

    title = "Get-Date"

    def end(self) -> None:
        """Give the host's time, in its own zone."""
        self.emit(self.engine.machine.now().astimezone(UTC).replace(tzinfo=LOCAL))


@cmdlet()
class NewObject(Cmdlet):
    """New-Object."""

    title = "New-Object"
    positions = ("TypeName", "ArgumentList")

    def end(self) -> None:
        """Make it."""
        self.emit(create(to_text(self.given("TypeName")), items_of(self.given("ArgumentList"))))


@cmdlet()
class GetCommand(Cmdlet):
    """Get-Command, by name."""

    title = "Get-Command"
    module = "Microsoft.PowerShell.Core"
    names = ("Module",)
    positions = ("Name",)

    def end(self) -> None:
        """Look for the cmdlet."""
        name, module = to_text(self.given("Name")), to_text(self.given("Module"))
        found = find_command(self.engine, f"{module}\\{name}" if module else name)
        if isinstance(found, Function) or not name:
            raise NotModeled("Get-Command of anything but a cmdlet")
        if found is None:
            self.report(self._missing(name))
            return
        shown = found.name if isinstance(found, Command) else found.title
        values: dict[str, Any] = {"Name": shown, "ModuleName": found.module}
        self.emit(PSObject(f"{AUTOMATION}CmdletInfo", values, text=shown))

    def _missing(self, name: str) -> CommandError:
        record = not_found(self.engine, name).record
        kind = record.exception.type_name
        return CommandError(record.text, record.error_id, record.category, exception=kind, target=name)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write-Output, Write-Host, Out-Null, Out-Host and Out-String."""

from __future__ import annotations

from typing import Any

from powershell_subset.display.plain import shown
from powershell_subset.objects import Hashtable, NotModeled
from powershell_subset.running.engine import enumerate_into
from powershell_subset.running.stages import Cmdlet, cmdlet
from powershell_subset.values.cast import items_of
from powershell_subset.values.text import element_text


@cmdlet("echo", "write")
class WriteOutput(Cmdlet):
    """Write-Output."""

    title = "Write-Output"
    names = ("InputObject",)
    rest = "InputObject"

    def process(self, item: Any) -> None:
        """Pass an object on."""
        enumerate_into(item, self.emit)

    def end(self) -> None:
        """Give the arguments."""
        if not self.fed and not self.has("InputObject"):
            raise NotModeled("Write-Output without an argument")
        if self.has("InputObject"):
            enumerate_into(self.given("InputObject"), self.emit)


@cmdlet()
class OutNull(Cmdlet):
    """Out-Null."""

    title = "Out-Null"
    module = "Microsoft.PowerShell.Core"


@cmdlet("oh")
class OutHost(Cmdlet):
    """Out-Host: the console shows it, and nothing goes down the pipeline."""

    title = "Out-Host"
    module = "Microsoft.PowerShell.Core"

    def process(self, item: Any) -> None:
        """Show an object."""
        self.engine.write(shown(item))


@cmdlet()
class OutString(Cmdlet):
    """Out-String: what the console would show."""

    title = "Out-String"

    def begin(self) -> None:
        """Before the first object."""
        self._text = ""

    def process(self, item: Any) -> None:
        """Collect what is shown."""
        self._text += shown(item)

    def end(self) -> None:
        """Give it as one text."""
        if not self.fed:
            raise NotModeled("Out-String without input")
        self.emit(self._text)


@cmdlet()
class WriteHost(Cmdlet):
    """Write-Host: the elements of a list with blanks between them."""

    title = "Write-Host"
    names = ("Object",)
    switches = ("NoNewline",)
    rest = "Object"

    def process(self, item: Any) -> None:
        """Show an object."""
        end = "" if self.given("NoNewline") else "\r\n"
        if isinstance(item, Hashtable):
            raise NotModeled("what Write-Host shows of a table")
        self.engine.write(" ".join(element_text(each) for each in items_of(item)) + end)

    def end(self) -> None:
        """Show the arguments."""
        if not self.fed:
            self.process(self.given("Object"))

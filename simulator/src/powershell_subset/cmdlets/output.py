# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write-Output and the other streams, Out-Null and Out-String."""

from __future__ import annotations

from typing import Any, ClassVar

from powershell_subset.display.plain import shown
from powershell_subset.errors import ErrorRecord
from powershell_subset.members.records import CATEGORIES
from powershell_subset.objects import NetException, NotModelled
from powershell_subset.running.engine import enumerate_into
from powershell_subset.running.functions import calling_function
from powershell_subset.running.stages import Cmdlet, Collecting, cmdlet
from powershell_subset.values.cast import items_of
from powershell_subset.values.text import to_text, truth

WRITE_ERROR = "Microsoft.PowerShell.Commands.WriteErrorException"


@cmdlet("echo", "write")
class WriteOutput(Cmdlet):
    """Write-Output."""

    title = "Write-Output"
    names = ("InputObject",)
    switches = ("NoEnumerate",)
    rest = "InputObject"

    def _process(self, item: Any) -> None:
        self._send(item)

    def _end(self) -> None:
        if self.has("InputObject"):
            self._send(self.given("InputObject"))

    def _send(self, value: Any) -> None:
        if truth(self.given("NoEnumerate")):
            self.emit(value)
        else:
            enumerate_into(value, self.emit)


@cmdlet()
class OutNull(Cmdlet):
    """Out-Null."""

    title = "Out-Null"
    module = "Microsoft.PowerShell.Core"
    names = ("InputObject",)


@cmdlet()
class OutString(Collecting):
    """Out-String: what the console would show."""

    title = "Out-String"
    names = ("InputObject",)
    switches = ("Stream",)
    refused = ("Width",)

    def _finish(self) -> None:
        text = "".join(shown(item) for item in self.items)
        if not truth(self.given("Stream")):
            self.emit(text)
            return
        for line in text.removesuffix("\r\n").split("\r\n") if text else ():
            self.emit(line)


@cmdlet()
class WriteError(Cmdlet):
    """Write-Error."""

    title = "Write-Error"
    names = ("Exception", "ErrorRecord", "Category", "ErrorId", "TargetObject")
    positions = ("Message",)
    refused = ("RecommendedAction", "CategoryActivity", "CategoryReason", "CategoryTargetName", "CategoryTargetType")

    def _process(self, item: Any) -> None:
        self.bound["message"] = item
        self._write()

    def _end(self) -> None:
        if not self.fed:
            self._write()

    def _write(self) -> None:
        record = self.given("ErrorRecord") or self._made()
        self.write_error(record)

    def _made(self) -> ErrorRecord:
        exception = self.given("Exception")
        message = to_text(self.given("Message", ""))
        if not isinstance(exception, NetException):
            exception = NetException(message, WRITE_ERROR)
        category = to_text(self.given("Category", "NotSpecified"))
        spelled = next((each for each in CATEGORIES if each.lower() == category.lower()), None)
        if spelled is None:
            raise NotModelled(f"the error category '{category}'")
        error_id = to_text(self.given("ErrorId", "")) or exception.type_name
        record = ErrorRecord(exception, error_id, spelled, self.given("TargetObject"))
        record.activity = self.title
        caller = calling_function(self.engine)
        record.prefix = caller.name if caller else self.frame.source.text.strip()
        record.has_position = caller is not None
        if caller:
            record.at(caller.source, caller.span)
        return record


class _Said(Cmdlet):
    """A cmdlet that writes to one of the console's own streams."""

    stream = ""
    preference = ""
    positions: ClassVar[tuple[str, ...]] = ("Message",)

    def _process(self, item: Any) -> None:
        self._say(item)

    def _end(self) -> None:
        name = self.rest or self.positions[0]
        if self.has(name):
            self._say(self.given(name))

    def _say(self, value: Any) -> None:
        wanted = self.engine.preference(self.preference) if self.preference else "continue"
        if truth(self.common.get(self.stream)):
            wanted = "continue"
        if wanted in ("stop", "inquire"):
            raise NotModelled(f"${self.preference} = '{wanted}'")
        if wanted == "continue":
            self.engine.say(self.stream, self._text(value))

    def _text(self, value: Any) -> str:
        return to_text(value)


@cmdlet()
class WriteWarning(_Said):
    """Write-Warning."""

    title = "Write-Warning"
    stream = "warning"
    preference = "WarningPreference"


@cmdlet()
class WriteVerbose(_Said):
    """Write-Verbose."""

    title = "Write-Verbose"
    stream = "verbose"
    preference = "VerbosePreference"


@cmdlet()
class WriteDebug(_Said):
    """Write-Debug."""

    title = "Write-Debug"
    stream = "debug"
    preference = "DebugPreference"


@cmdlet()
class WriteHost(_Said):
    """Write-Host: the elements of a list with blanks between them."""

    title = "Write-Host"
    stream = "host"
    names = ("Object", "Separator", "ForegroundColor", "BackgroundColor")
    positions = ()
    switches = ("NoNewline",)
    rest = "Object"

    def _text(self, value: Any) -> str:
        mark = to_text(self.given("Separator", " "))
        end = "" if truth(self.given("NoNewline")) else "\r\n"
        return mark.join(to_text(item) for item in items_of(value)) + end


@cmdlet()
class WriteProgress(Cmdlet):
    """Write-Progress: nobody sees it where nobody looks."""

    title = "Write-Progress"
    names = ("Id", "PercentComplete", "SecondsRemaining", "CurrentOperation", "ParentId", "SourceId")
    positions = ("Activity", "Status")
    switches = ("Completed",)

    def _end(self) -> None:
        if self.engine.preference("ProgressPreference") != "silentlycontinue":
            raise NotModelled("Write-Progress unless $ProgressPreference is SilentlyContinue")

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-Date, Get-Command, Import-Module, Set-StrictMode and Start-Sleep."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from powershell_subset.errors import runtime_error
from powershell_subset.objects import NotModelled, PSEnum, PSObject
from powershell_subset.operators.patterns import is_wildcard, like_pattern
from powershell_subset.running.pipelines import not_found
from powershell_subset.running.stages import ALIASES, CMDLETS, Cmdlet, cmdlet
from powershell_subset.running.unmodelled import is_unmodelled
from powershell_subset.values.cast import items_of, to_datetime, to_double, to_version
from powershell_subset.values.dates import LOCAL, UTC, date_text, hinted
from powershell_subset.values.text import to_text, truth

CORE = "Microsoft.PowerShell.Core"
KINDS = {"Alias": 1, "Function": 2, "Cmdlet": 8}
ALWAYS_THERE = ("microsoft.powershell.utility", "microsoft.powershell.management", "microsoft.powershell.core")


@cmdlet()
class GetDate(Cmdlet):
    """Get-Date."""

    title = "Get-Date"
    names = ("Format",)
    positions = ("Date",)
    refused = ("Year", "Month", "Day", "Hour", "Minute", "Second", "Millisecond", "DisplayHint", "UFormat")

    def _process(self, item: Any) -> None:
        self._send(to_datetime(item))

    def _end(self) -> None:
        if self.has("Date"):
            self._send(to_datetime(self.given("Date")))
        elif not self.fed:
            self._send(self.engine.now().astimezone(UTC).replace(tzinfo=LOCAL))

    def _send(self, moment: datetime) -> None:
        if self.has("Format"):
            self.emit(date_text(moment, to_text(self.given("Format"))))
        else:
            self.emit(hinted(moment))


@cmdlet("gcm")
class GetCommand(Cmdlet):
    """Get-Command, by name."""

    title = "Get-Command"
    module = CORE
    names = ("Module", "CommandType")
    positions = ("Name",)
    refused = ("Verb", "Noun", "ArgumentList", "Syntax", "All", "ListImported", "ParameterName", "ParameterType")
    short = {"Type": "CommandType"}  # noqa: RUF012 - read only, as all of these

    def _end(self) -> None:
        if not self.has("Name"):
            raise NotModelled("Get-Command without -Name")
        for name in items_of(self.given("Name")):
            found = self._found(to_text(name))
            for each in found:
                self.emit(each)
            if not found and is_unmodelled(to_text(name)):
                raise NotModelled(f"Get-Command {to_text(name)}")
            if not found and not is_wildcard(to_text(name)):
                error = not_found(to_text(name))
                error.record.error_id += f",{CORE.replace('Core', 'Commands')}.GetCommandCommand"
                error.record.activity = error.record.prefix = self.title
                self.write_error(error.record)

    def _found(self, name: str) -> list[PSObject]:
        every = [self._info(command.name, "Cmdlet", command.module) for command in self.engine.commands.values()]
        every += [self._info(kind.title, "Cmdlet", kind.module) for kind in CMDLETS.values()]
        every += [self._info(alias, "Alias", "") for alias in ALIASES]
        function = self.engine.frame.scope.function(name)
        if function:
            every.append(self._info(function.name, "Function", ""))
        module, _backslash, bare = name.rpartition("\\")
        pattern = like_pattern(bare)
        modules = [to_text(each).lower() for each in items_of(self.given("Module", module or None))]
        types = [to_text(each).lower() for each in items_of(self.given("CommandType"))]
        return [
            each
            for each in sorted(every, key=lambda info: to_text(info["Name"]).lower())
            if pattern.fullmatch(to_text(each["Name"]))
            and (not modules or to_text(each["ModuleName"]).lower() in modules)
            and (not types or to_text(each["CommandType"]).lower() in types)
        ]

    @staticmethod
    def _info(name: str, kind: str, module: str) -> PSObject:
        type_name = f"System.Management.Automation.{kind}Info"
        command_type = PSEnum(kind, KINDS[kind], "System.Management.Automation.CommandTypes")
        values = {"Name": name, "CommandType": command_type, "ModuleName": module, "Source": module}
        return PSObject(type_name, values, text=name)


@cmdlet("ipmo")
class ImportModule(Cmdlet):
    """Import-Module: the modules of the commands that are there."""

    title = "Import-Module"
    module = CORE
    positions = ("Name",)
    switches = ("Force", "Global", "DisableNameChecking", "SkipEditionCheck")
    names = ("Scope",)
    refused = ("PassThru", "Prefix", "Cmdlet", "Function", "Variable", "MinimumVersion", "RequiredVersion")

    def _end(self) -> None:
        known = {command.module.lower() for command in self.engine.commands.values()} | set(ALWAYS_THERE)
        for name in items_of(self.given("Name")):
            if to_text(name).lower() not in known:
                self._missing(to_text(name))

    def _missing(self, name: str) -> None:
        message = f"The specified module '{name}' was not loaded because no valid module file was found in any module "
        error_id = "Modules_ModuleNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand"
        kind = "System.IO.FileNotFoundException"
        error = runtime_error(message + "directory.", error_id, "ResourceUnavailable", name, kind)
        error.record.activity = error.record.prefix = self.title
        self.write_error(error.record)


@cmdlet()
class SetStrictMode(Cmdlet):
    """Set-StrictMode."""

    title = "Set-StrictMode"
    module = CORE
    names = ("Version",)
    switches = ("Off",)

    def _end(self) -> None:
        scope = self.frame.scope
        version = self.given("Version")
        if truth(self.given("Off")):
            scope.strict = 0.0
        elif to_text(version).lower() == "latest":
            scope.strict = 3.0
        else:
            text = to_text(version)
            scope.strict = float(to_version(text if "." in text else text + ".0")[0])


@cmdlet("sleep")
class StartSleep(Cmdlet):
    """Start-Sleep, of no time at all: the simulator's time does not pass while a command runs."""

    title = "Start-Sleep"
    names = ("Milliseconds",)
    positions = ("Seconds",)

    def _end(self) -> None:
        if to_double(self.given("Seconds", self.given("Milliseconds"))) != 0:
            raise NotModelled("Start-Sleep for some time")

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""New-Object and Add-Member."""

from __future__ import annotations

from typing import Any

from powershell_subset.errors import runtime_error
from powershell_subset.members.creation import create
from powershell_subset.members.methods import invoke
from powershell_subset.objects import GenericList, Hashtable, NotModelled, PSObject
from powershell_subset.running.stages import Cmdlet, Collecting, cmdlet
from powershell_subset.values.cast import items_of
from powershell_subset.values.text import to_text, truth


@cmdlet()
class NewObject(Cmdlet):
    """New-Object."""

    title = "New-Object"
    names = ("Property",)
    positions = ("TypeName", "ArgumentList")
    refused = ("ComObject", "Strict")

    def _end(self) -> None:
        name = to_text(self.given("TypeName"))
        arguments = self.given("ArgumentList")
        values = list(arguments) if isinstance(arguments, list) else items_of(arguments)
        if isinstance(arguments, GenericList):
            values = [arguments]
        made = invoke(lambda: create(name, values), ".ctor", [], [], count=len(values))
        table = self.given("Property")
        if table is not None:
            self._fill(made, table)
        self.emit(made)

    def _fill(self, made: Any, table: Any) -> None:
        if not isinstance(made, PSObject) or not isinstance(table, Hashtable) or not made.is_custom:
            raise NotModelled("New-Object -Property of anything but PSObject")
        for name, value in table.items():
            made[to_text(name)] = value


@cmdlet()
class AddMember(Collecting):
    """Add-Member, of properties with a value."""

    title = "Add-Member"
    names = ("InputObject", "NotePropertyName", "NotePropertyValue", "NotePropertyMembers")
    switches = ("Force", "PassThru")
    refused = ("SecondValue", "TypeName")
    positions = ("MemberType", "Name", "Value")

    def _finish(self) -> None:
        for item in self.items:
            if not isinstance(item, PSObject):
                raise NotModelled("Add-Member of anything but an object with properties")
            for name, value in self._members():
                self._add(item, name, value)
            if truth(self.given("PassThru")):
                self.emit(item)

    def _members(self) -> list[tuple[str, Any]]:
        table = self.given("NotePropertyMembers", self.given("MemberType"))
        if isinstance(table, Hashtable):
            return [(to_text(name), value) for name, value in table.items()]
        if self.has("NotePropertyName"):
            return [(to_text(self.given("NotePropertyName")), self.given("NotePropertyValue"))]
        kind = to_text(self.given("MemberType"))
        if not self.has("Value") and kind.lower() != "noteproperty":
            return [(kind, self.given("Name"))]
        if kind.lower() != "noteproperty":
            raise NotModelled(f"Add-Member -MemberType {kind}")
        return [(to_text(self.given("Name")), self.given("Value"))]

    def _add(self, item: PSObject, name: str, value: Any) -> None:
        if name in item and not truth(self.given("Force")):
            message = f'Cannot add a member with the name "{name}" because a member with that name already exists. To '
            message += "overwrite the member anyway, add the Force parameter to your command."
            error_id = "MemberAlreadyExists,Microsoft.PowerShell.Commands.AddMemberCommand"
            error = runtime_error(message, error_id, "InvalidOperation", item, "System.InvalidOperationException")
            error.record.activity = error.record.prefix = self.title
            self.write_error(error.record)
            return
        item[name] = value

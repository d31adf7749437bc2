# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where-Object, ForEach-Object and Select-Object."""

from __future__ import annotations

from typing import Any

from powershell_subset.errors import Satisfied
from powershell_subset.interface import CommandError
from powershell_subset.members.properties import ABSENT, get_property, own_property
from powershell_subset.objects import Hashtable, NotModeled, PSObject, ScriptBlock
from powershell_subset.operators.binary import apply
from powershell_subset.running.engine import enumerate_into, unrolled
from powershell_subset.running.expressions import guarded
from powershell_subset.running.functions import results_of, run_in_place
from powershell_subset.running.stages import Cmdlet, cmdlet
from powershell_subset.values.cast import items_of
from powershell_subset.values.numbers import is_int
from powershell_subset.values.text import truth
from powershell_subset.values.types import type_of

COMPARISONS = (
    *("EQ", "NE", "GT", "GE", "LT", "LE", "Like", "NotLike", "Match", "NotMatch", "Contains", "NotContains"),
    *("In", "NotIn"),
)


@cmdlet("where", "?")
class WhereObject(Cmdlet):
    """Where-Object."""

    title = "Where-Object"
    module = "Microsoft.PowerShell.Core"
    positions = ("Property", "Value")
    switches = COMPARISONS

    def process(self, item: Any) -> None:
        """Pass the object on if it fits."""
        wanted = self.given("Property")
        if isinstance(wanted, ScriptBlock):
            fits = truth(unrolled(results_of(self.engine, wanted, item)))
        else:
            fits = truth(self._compared(item, _name(wanted)))
        if fits:
            self.emit(item)

    def _compared(self, item: Any, name: str) -> Any:
        value = get_property(item, name)
        operators = [each for each in COMPARISONS if self.given(each)]
        if not operators and not self.has("Value"):
            return value
        if len(operators) != 1 or not self.has("Value"):
            raise NotModeled("this use of Where-Object")
        return guarded(self.engine, self.span, apply, f"-{operators[0].lower()}", value, self.given("Value"))


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.isidentifier():
        raise NotModeled(f"a property named by {type_of(value)}, or by a pattern")
    return value


@cmdlet("foreach", "%")
class ForEachObject(Cmdlet):
    """ForEach-Object."""

    title = "ForEach-Object"
    module = "Microsoft.PowerShell.Core"
    positions = ("Process",)

    def process(self, item: Any) -> None:
        """Run the block for the object, or give its property."""
        wanted = self.given("Process")
        if isinstance(wanted, ScriptBlock):
            run_in_place(self.engine, wanted, item, self.emit)
            return
        value = ABSENT if item is None else own_property(item, _name(wanted))
        if value is ABSENT:
            raise NotModeled("ForEach-Object with anything but a script block or a property")
        enumerate_into(value, self.emit)


@cmdlet("select")
class SelectObject(Cmdlet):
    """Select-Object; it passes $null over."""

    title = "Select-Object"
    names = ("ExpandProperty", "First")
    positions = ("Property",)

    def begin(self) -> None:
        """Before the first object."""
        self._left = self.given("First", -1)
        if not is_int(self._left) or (self.has("First") and self._left < 1):
            raise NotModeled("Select-Object -First of anything but a number above 0")
        if self.has("Property") and self.has("ExpandProperty"):
            raise NotModeled("this use of Select-Object")

    def process(self, item: Any) -> None:
        """Choose the object, or not."""
        if item is None:
            return
        self._send(item)
        self._left -= 1
        if self._left == 0:
            raise Satisfied(self)

    def _send(self, item: Any) -> None:
        if self.has("ExpandProperty"):
            self._expand(item, _name(self.given("ExpandProperty")))
        elif self.has("Property"):
            self.emit(self._chosen(item))
        else:
            self.emit(item)

    def _chosen(self, item: Any) -> PSObject:
        made = PSObject()
        for wanted in items_of(self.given("Property")):
            value = self._own(wanted, item)
            if wanted in made:
                raise NotModeled("Select-Object with a property twice")
            made[wanted] = value
        return made

    def _own(self, wanted: Any, item: Any) -> Any:
        """A property under its own name; how others are spelled then is not modeled."""
        value = own_property(item, _name(wanted))
        spelled = [name for name, _value in item.items()] if isinstance(item, PSObject) else ["Length"]
        if isinstance(item, Hashtable) or (value is not ABSENT and wanted not in spelled):
            raise NotModeled(f"the property {wanted} of {type_of(item)} for Select-Object")
        return None if value is ABSENT else value

    def _expand(self, item: Any, name: str) -> None:
        if isinstance(item, Hashtable):
            raise NotModeled("Select-Object -ExpandProperty of a table")
        value = own_property(item, name)
        if value is not ABSENT:
            enumerate_into(value, self.emit)
            return
        kind = "System.Management.Automation.PSArgumentException"
        message = f'Property "{name}" cannot be found.'
        self.report(CommandError(message, "ExpandPropertyNotFound", "InvalidArgument", exception=kind, target=item))

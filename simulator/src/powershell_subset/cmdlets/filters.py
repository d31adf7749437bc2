# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where-Object, ForEach-Object and Select-Object."""

from __future__ import annotations

from typing import Any

from powershell_subset.errors import Satisfied
from powershell_subset.interface import CommandError
from powershell_subset.members.properties import ABSENT, get_property, own_property
from powershell_subset.objects import VOID, Hashtable, NotModeled, PSObject, ScriptBlock
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
# The keys of a calculated property.
KEYS = ("name", "n", "expression", "e")


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
    names = ("Begin", "End")
    positions = ("Process",)

    def begin(self) -> None:
        """Run the block of -Begin."""
        self._once("Begin")

    def end(self) -> None:
        """Run the block of -End."""
        self._once("End")

    def _once(self, name: str) -> None:
        if self.has(name):
            run_in_place(self.engine, self.given(name), None, self.emit)

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
    names = ("ExpandProperty", "First", "Last", "Skip")
    positions = ("Property",)

    def begin(self) -> None:
        """Before the first object."""
        self._first, self._last, self._skip = (self._number(name) for name in ("First", "Last", "Skip"))
        self._kept: list[Any] = []
        ways = [self.has("Last"), self.has("First") or self.has("Skip")]
        if all(ways) or (self.has("Property") and self.has("ExpandProperty")):
            raise NotModeled("this use of Select-Object")

    def _number(self, name: str) -> int:
        value = self.given(name, 1)
        if not is_int(value) or value < 1:
            raise NotModeled(f"Select-Object -{name} of anything but a number above 0")
        return value if self.has(name) else 0

    def process(self, item: Any) -> None:
        """Choose the object, or not."""
        if item is None:
            return
        if self._last:
            self._kept = [*self._kept, item][-self._last :]
        elif self._skip > 0:
            self._skip -= 1
        else:
            self._send(item)
            self._first -= 1
            if self._first == 0:
                raise Satisfied(self)

    def end(self) -> None:
        """Give the last ones."""
        for item in self._kept:
            self._send(item)

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
            name, value = self._calculated(wanted, item) if isinstance(wanted, Hashtable) else self._own(wanted, item)
            if name in made:
                raise NotModeled("Select-Object with a property twice")
            made[name] = value
        return made

    def _own(self, wanted: Any, item: Any) -> tuple[str, Any]:
        """A property under its own name; how others are spelled then is not modeled."""
        value = own_property(item, _name(wanted))
        spelled = [name for name, _value in item.items()] if isinstance(item, PSObject) else ["Length"]
        if isinstance(item, Hashtable) or (value is not ABSENT and wanted not in spelled):
            raise NotModeled(f"the property {wanted} of {type_of(item)} for Select-Object")
        return wanted, None if value is ABSENT else value

    def _calculated(self, table: Hashtable, item: Any) -> tuple[str, Any]:
        """@{Name = ...; Expression = { ... }}, or their beginnings n and e."""
        entries = {key.lower()[:1]: value for key, value in table.items() if key.lower() in KEYS}
        block = entries.get("e")
        if len(table) != 2 or len(entries) != 2 or not isinstance(block, ScriptBlock):
            raise NotModeled("a property of this kind")
        value = unrolled(results_of(self.engine, block, item))
        return _name(entries["n"]), None if value is VOID else value

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

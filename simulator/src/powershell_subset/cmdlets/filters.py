# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where-Object, ForEach-Object and Select-Object."""

from __future__ import annotations

from typing import Any

from powershell_subset.cmdlets.picking import Pick, picked, picks, spread
from powershell_subset.errors import Satisfied, Terminating, runtime_error
from powershell_subset.members.methods import call_method
from powershell_subset.members.properties import ABSENT, get_property, own_property
from powershell_subset.objects import VOID, NotModelled, PSObject, ScriptBlock
from powershell_subset.operators.binary import apply, is_type
from powershell_subset.operators.comparison import equal
from powershell_subset.running.assignment import guarded
from powershell_subset.running.engine import enumerate_into, unrolled
from powershell_subset.running.stages import Cmdlet, cmdlet
from powershell_subset.values.cast import items_of, to_integer
from powershell_subset.values.text import to_text, truth

COMPARISONS = (
    *("EQ", "NE", "GT", "GE", "LT", "LE", "Like", "NotLike", "Match", "NotMatch", "Contains", "NotContains"),
    *("In", "NotIn", "CEQ", "CNE", "CGT", "CGE", "CLT", "CLE", "CLike", "CNotLike", "CMatch", "CNotMatch"),
    *("CContains", "CNotContains", "CIn", "CNotIn", "Is", "IsNot"),
)


@cmdlet("where", "?")
class WhereObject(Cmdlet):
    """Where-Object."""

    title = "Where-Object"
    module = "Microsoft.PowerShell.Core"
    names = ("FilterScript", "InputObject")
    positions = ("Property", "Value")
    switches = COMPARISONS

    def _process(self, item: Any) -> None:
        block = self.given("FilterScript", self.given("Property"))
        if isinstance(block, ScriptBlock):
            wanted = truth(unrolled(self.engine.run_with(block, item)))
        else:
            wanted = truth(self._compared(item, to_text(block)))
        if wanted:
            self.emit(item)

    def _compared(self, item: Any, name: str) -> Any:
        value = None if item is None else get_property(item, name)
        operator = next((each.lower() for each in COMPARISONS if truth(self.given(each))), "")
        if not operator:
            return value
        if operator in ("is", "isnot"):
            return is_type(value, self.given("Value")) == (operator == "is")
        found = guarded(self.engine, self.span, apply, f"-{operator}", value, self.given("Value"))
        if "match" in operator and isinstance(value, (str, type(None))):
            return (found is None) == ("notmatch" in operator)
        return found

    def _end(self) -> None:
        if self.has("InputObject"):
            self.process(self.given("InputObject"))


@cmdlet("foreach", "%")
class ForEachObject(Cmdlet):
    """ForEach-Object."""

    title = "ForEach-Object"
    module = "Microsoft.PowerShell.Core"
    names = ("Begin", "End", "InputObject", "MemberName", "ArgumentList", "RemainingScripts")
    positions = ("Process",)
    rest = "RemainingScripts"

    def _begin(self) -> None:
        blocks = [*items_of(self.given("Process")), *items_of(self.given("RemainingScripts"))]
        self._first_block, self._last_block = self.given("Begin"), self.given("End")
        self._member = to_text(self.given("MemberName", ""))
        if blocks and not isinstance(blocks[0], ScriptBlock):
            self._member, blocks = to_text(blocks[0]), []
        if len(blocks) > 1 and self._first_block is None:
            self._first_block = blocks.pop(0)
        if len(blocks) > 1 and self._last_block is None:
            self._last_block = blocks.pop()
        self._blocks = blocks
        self._run(self._first_block, None)

    def _run(self, block: ScriptBlock | None, item: Any) -> None:
        if block is not None:
            self.engine.run_emitting(block, item, self.emit)

    def _process(self, item: Any) -> None:
        for block in self._blocks:
            self._run(block, item)
        if self._member:
            self._of_member(item)

    def _of_member(self, item: Any) -> None:
        if item is None:
            raise NotModelled("ForEach-Object -MemberName of $null")
        value = own_property(item, self._member)
        if value is ABSENT:
            value = call_method(self.engine, item, self._member, items_of(self.given("ArgumentList")))
        enumerate_into(value, self.emit)

    def _end(self) -> None:
        if self.has("InputObject"):
            self.process(self.given("InputObject"))
        self._run(self._last_block, None)


@cmdlet("select")
class SelectObject(Cmdlet):
    """Select-Object."""

    title = "Select-Object"
    names = ("InputObject", "ExcludeProperty", "ExpandProperty", "First", "Last", "Skip")
    positions = ("Property",)
    switches = ("Unique",)
    refused = ("Index", "SkipLast", "Wait")

    def _begin(self) -> None:
        self._picks = picks(self.given("Property"))
        self._first = to_integer(self.given("First", -1), "Int32")
        self._last = to_integer(self.given("Last", 0), "Int32")
        self._skip = to_integer(self.given("Skip", 0), "Int32")
        self._kept: list[Any] = []
        self._sent: list[Any] = []
        if self.has("ExcludeProperty") and not self._picks:
            raise NotModelled("Select-Object -ExcludeProperty without -Property")
        if self._last and (self._first >= 0 or self._skip):
            raise NotModelled("Select-Object -Last with -First or -Skip")

    def _process(self, item: Any) -> None:
        if self._last:
            self._kept = [*self._kept, item][-self._last :]
        elif self._skip > 0:
            self._skip -= 1
        elif self._first != 0:
            self._first -= 1
            self._send(item)
            if self._first == 0:
                raise Satisfied(self)
        else:
            raise Satisfied(self)

    def _end(self) -> None:
        if self.has("InputObject"):
            self.process(self.given("InputObject"))
        for item in self._kept:
            self._send(item)

    def _send(self, item: Any) -> None:
        if self.has("ExpandProperty"):
            self._expand(item)
            return
        chosen = self._chosen(item) if self._picks else item
        if truth(self.given("Unique")):
            if any(_alike(chosen, other) for other in self._sent):
                return
            self._sent.append(chosen)
        self.emit(chosen)

    def _chosen(self, item: Any) -> PSObject:
        made = PSObject()
        left_out = [to_text(name).lower() for name in items_of(self.given("ExcludeProperty"))]
        for pick in [name for wanted in self._picks for name in spread(wanted, item)]:
            if pick.name.lower() in left_out:
                continue
            if pick.name in made:
                raise NotModelled("Select-Object with a property twice")
            made[pick.name] = self._value(pick, item)
        return made

    def _value(self, pick: Pick, item: Any) -> Any:
        try:
            value = picked(self.engine, pick, item)
        except Terminating:
            value = None  # as Select-Object has it: a calculated property that fails is empty
        return None if value is ABSENT or value is VOID else value

    def _expand(self, item: Any) -> None:
        if self._picks:
            raise NotModelled("Select-Object -ExpandProperty with -Property")
        name = to_text(self.given("ExpandProperty"))
        value = ABSENT if item is None else own_property(item, name)
        if value is ABSENT:
            error_id = "ExpandPropertyNotFound,Microsoft.PowerShell.Commands.SelectObjectCommand"
            kind = "System.Management.Automation.PSArgumentException"
            error = runtime_error(f'Property "{name}" cannot be found.', error_id, "InvalidArgument", item, kind)
            error.record.activity = error.record.prefix = self.title
            self.write_error(error.record)
        else:
            enumerate_into(value, self.emit)


def _alike(one: Any, two: Any) -> bool:
    if isinstance(one, PSObject) and isinstance(two, PSObject):
        same_names = [name.lower() for name in one.names()] == [name.lower() for name in two.names()]
        return same_names and all(_alike(one[name], two[name]) for name in one.names())
    return equal(one, two, case_sensitive=True)

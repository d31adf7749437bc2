# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sort-Object, Group-Object and Measure-Object."""

from __future__ import annotations

from functools import cmp_to_key
from typing import Any

from powershell_subset.cmdlets.picking import Pick, picked, picks
from powershell_subset.errors import Terminating, runtime_error
from powershell_subset.members.properties import ABSENT
from powershell_subset.objects import VOID, Hashtable, NotModelled, PSObject
from powershell_subset.operators.comparison import compare
from powershell_subset.running.engine import Engine
from powershell_subset.running.stages import Collecting, cmdlet
from powershell_subset.values.cast import CastError, to_number
from powershell_subset.values.text import to_text, truth

COMMANDS = "Microsoft.PowerShell.Commands."


def keys_of(engine: Engine, wanted: list[Pick], item: Any) -> list[Any]:
    """What an object is sorted or grouped by: the values of its properties, or itself."""
    if not wanted:
        return [item]
    values = [picked(engine, pick, item) for pick in wanted]
    return [None if value is ABSENT or value is VOID else value for value in values]


def order(one: Any, two: Any, *, case_sensitive: bool) -> int:
    """Which comes first: what cannot be compared is compared as text."""
    try:
        return compare(one, two, case_sensitive=case_sensitive)
    except CastError:
        return compare(to_text(one), to_text(two), case_sensitive=case_sensitive)


@cmdlet("sort")
class SortObject(Collecting):
    """Sort-Object."""

    title = "Sort-Object"
    names = ("InputObject",)
    positions = ("Property",)
    switches = ("Descending", "Unique", "CaseSensitive")
    refused = ("Culture",)

    def _finish(self) -> None:
        wanted = picks(self.given("Property"))
        keyed = [(keys_of(self.engine, wanted, item), item) for item in self.items]
        downwards = truth(self.given("Descending"))
        signs = [-1 if (downwards if each.descending is None else each.descending) else 1 for each in wanted]
        signs = signs or [-1 if downwards else 1]

        def ordered(one: tuple[list[Any], Any], two: tuple[list[Any], Any]) -> int:
            return next((sign for sign in self._signs(one[0], two[0], signs) if sign), 0)

        last: list[Any] | None = None
        for keys, item in sorted(keyed, key=cmp_to_key(ordered)):
            if not truth(self.given("Unique")) or last is None or any(self._signs(last, keys, signs)):
                self.emit(item)
            last = keys

    def _signs(self, one: list[Any], two: list[Any], signs: list[int]) -> list[int]:
        case = truth(self.given("CaseSensitive"))
        return [sign * order(*pair, case_sensitive=case) for sign, *pair in zip(signs, one, two, strict=True)]


@cmdlet("group")
class GroupObject(Collecting):
    """Group-Object."""

    title = "Group-Object"
    names = ("InputObject",)
    positions = ("Property",)
    switches = ("NoElement", "AsHashTable", "AsString", "CaseSensitive")
    refused = ("Culture",)

    def _finish(self) -> None:
        wanted = picks(self.given("Property"))
        case = truth(self.given("CaseSensitive"))
        groups: list[tuple[list[Any], list[Any]]] = []
        for item in self.items:
            keys = keys_of(self.engine, wanted, item)
            for known, members in groups:
                if not any(order(*pair, case_sensitive=case) for pair in zip(known, keys, strict=True)):
                    members.append(item)
                    break
            else:
                groups.append((keys, [item]))
        if truth(self.given("AsHashTable")):
            self._table(groups)
            return
        for keys, members in groups:
            self.emit(self._group(keys, members))

    def _group(self, keys: list[Any], members: list[Any]) -> PSObject:
        name = ", ".join(to_text(key) for key in keys)
        elements = {} if truth(self.given("NoElement")) else {"Group": members}
        kind = COMMANDS + ("GroupInfoNoElement" if not elements else "GroupInfo")
        return PSObject(kind, {"Values": keys, "Count": len(members), **elements, "Name": name})

    def _table(self, groups: list[tuple[list[Any], list[Any]]]) -> None:
        as_text = truth(self.given("AsString"))
        table = Hashtable()
        for keys, members in groups:
            if len(keys) != 1:
                raise NotModelled("Group-Object -AsHashTable by several properties")
            table[to_text(keys[0]) if as_text else keys[0]] = members
        if groups:
            self.emit(table)


@cmdlet("measure")
class MeasureObject(Collecting):
    """Measure-Object, of numbers."""

    title = "Measure-Object"
    names = ("InputObject",)
    positions = ("Property",)
    switches = ("Sum", "Average", "Maximum", "Minimum")
    refused = ("Line", "Word", "Character", "IgnoreWhiteSpace")

    def _finish(self) -> None:
        wanted = picks(self.given("Property"))
        if not wanted:
            self._measure(None)
        for pick in wanted:
            self._measure(pick)

    def _measure(self, pick: Pick | None) -> None:
        values = self._values(pick)
        numeric = [name for name in self.switches if truth(self.given(name))]
        numbers = [number for value in values if (number := self._number(value)) is not None] if numeric else []
        if not values and pick is not None and self.items:
            self._no_property(pick)
            return
        measures = {
            "Average": sum(numbers) / len(numbers) if numbers else None,
            "Sum": float(sum(numbers)) if numbers else None,
            "Maximum": max(numbers, default=None),
            "Minimum": min(numbers, default=None),
        }
        shown = {name: value if name in numeric else None for name, value in measures.items()}
        properties = {"Count": len(values), **shown, "Property": pick.name if pick else None}
        self.emit(PSObject(COMMANDS + "GenericMeasureInfo", properties))

    def _values(self, pick: Pick | None) -> list[Any]:
        if pick is None:
            return [item for item in self.items if item is not None]
        found = [picked(self.engine, pick, item) for item in self.items]
        return [value for value in found if value is not ABSENT and value is not None and value is not VOID]

    def _number(self, value: Any) -> float | None:
        try:
            return float(to_number(value))
        except CastError:
            message = f'Input object "{to_text(value)}" is not numeric.'
            self._complain(runtime_error(message, "NonNumericInputObject", "InvalidType", value))
            return None

    def _no_property(self, pick: Pick) -> None:
        message = f'The property "{pick.name}" cannot be found in the input for any objects.'
        self._complain(runtime_error(message, "GenericMeasurePropertyNotFound", "InvalidArgument"))

    def _complain(self, error: Terminating) -> None:
        error.record.error_id += f",{COMMANDS}MeasureObjectCommand"
        error.record.exception.type_name = "System.Management.Automation.PSArgumentException"
        error.record.activity = error.record.prefix = self.title
        self.write_error(error.record)

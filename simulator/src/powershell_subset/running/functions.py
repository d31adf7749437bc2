# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions and script blocks are run."""

from __future__ import annotations

from typing import Any

from powershell_subset.errors import Returned
from powershell_subset.interface import Answer
from powershell_subset.objects import NotModeled, ScriptBlock, Switch
from powershell_subset.running.arguments import Signature, bind
from powershell_subset.running.engine import Emit, Engine
from powershell_subset.running.scopes import Cell, Scope
from powershell_subset.running.stages import Stage, signature_of
from powershell_subset.source import Span
from powershell_subset.syntax.nodes import Block, Function, Parameter, ScriptBody
from powershell_subset.values.cast import CastError, cast
from powershell_subset.values.numbers import is_number

# What a parameter without a default is when nothing is bound to it.
UNSET: dict[str, Any] = {"string": "", "int": 0, "bool": False, "switch": False}
PIPED = "objects that are piped to a function or a script block"
TYPES = (*UNSET, "string[]", "scriptblock", "hashtable", "object")


class ScriptStage(Stage):
    """A function or a script block."""

    def __init__(self, engine: Engine, known: Function | ScriptBlock, span: Span) -> None:
        super().__init__(engine, span)
        self._known = known if isinstance(known, Function) else Function("a script block", known.body)
        self.frame = engine.frame.inner(Scope(engine.frame.scope), self._known.body.source)

    def prepare(self, arguments: list[tuple[str, Any]]) -> None:
        """Bind the arguments; defaults may use the parameters before them."""
        if self.fed:
            raise NotModeled(PIPED)
        given = bind(signature_of(self._known), arguments).values
        self.inside(self._set_all, given)

    def _set_all(self, given: dict[str, Any]) -> None:
        for each in self._known.body.parameters:
            self._set(each, given)

    def _set(self, each: Parameter, given: dict[str, Any]) -> None:
        kind, name = each.type_name.lower(), each.name.lower()
        if name in given:
            value = converted(each, given[name])
        elif each.default is not None:
            value = converted(each, self.engine.value(each.default))
        else:
            value = converted(each, UNSET[kind]) if kind in UNSET else None
        self.frame.scope.cells[name] = Cell(value, typed=bool(kind))

    def end(self) -> None:
        """Run the statements."""
        try:
            self.engine.call(self._known.body.block, self.emit)
        except Returned:
            return


def converted(each: Parameter, value: Any) -> Any:
    """A value as the parameter takes it.

    Raises:
        NotModeled: PowerShell would convert it by other rules, or refuse it.
    """
    kind = each.type_name.lower()
    if not kind:
        return value
    if kind == "switch":
        return Switch(bool(value))
    if (kind == "string" and isinstance(value, list)) or (
        kind == "bool" and not isinstance(value, (bool, Switch)) and not is_number(value)
    ):
        raise NotModeled(f"this value of the parameter -{each.name}")
    try:
        return cast(value, each.type_name)
    except CastError:
        raise NotModeled(f"the error for this value of the parameter -{each.name}") from None


class AnsweringStage(Stage):
    """A command of a user whose answer is told."""

    def __init__(self, engine: Engine, answer: Answer, span: Span) -> None:
        super().__init__(engine, span)
        self._answer = answer

    def prepare(self, arguments: list[tuple[str, Any]]) -> None:
        """It takes none."""
        bind(Signature("a user's command", ()), arguments)

    def end(self) -> None:
        """Give the output line by line, and the exit code as that of a program."""
        for line in self._answer.output.splitlines():
            self.emit(line)
        self.engine.globals.set("LASTEXITCODE", self._answer.exit_code)


def run_in_place(engine: Engine, block: ScriptBlock, item: Any, emit: Emit) -> None:
    """Run a block in the scope of whoever asks, with `item` as ``$_``."""
    body = getattr(block, "body", None)
    if not isinstance(body, ScriptBody) or body.parameters:
        raise NotModeled("a script block with parameters here")
    try:
        engine.within(engine.frame.inner(source=body.source), _run_for, engine, body.block, item, emit)
    except Returned:
        return


def _run_for(engine: Engine, block: Block, item: Any, emit: Emit) -> None:
    with engine.item(item):
        engine.call(block, emit)


def results_of(engine: Engine, block: ScriptBlock, item: Any) -> list[Any]:
    """What a block leaves for ``$_``."""
    found: list[Any] = []
    run_in_place(engine, block, item, found.append)
    return found

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions and script blocks are run."""

from __future__ import annotations

from typing import Any

from powershell_subset.errors import BINDING, ErrorRecord, Returned, Terminating, runtime_error
from powershell_subset.members.properties import ABSENT, own_property
from powershell_subset.objects import Hashtable, NotModelled
from powershell_subset.running.arguments import Argument, Bound, bind
from powershell_subset.running.declared import (
    TRANSFORMATION,
    VALIDATION,
    Declared,
    converted,
    declared,
    missing,
    signature,
    unset,
)
from powershell_subset.running.engine import Emit, Engine
from powershell_subset.running.scopes import CallSite, Cell, Frame, Scope
from powershell_subset.running.stages import Stage
from powershell_subset.source import Span
from powershell_subset.syntax.structure import Block, ScriptBody

UNBOUND_INPUT = (
    "The input object cannot be bound to any parameters for the command either because the command does not take "
    "pipeline input or the input and its properties do not match any of the parameters that take pipeline input."
)


class ScriptStage(Stage):
    """A function or a script block; dot-sourced it uses the scope of its caller."""

    def __init__(
        self, engine: Engine, name: str, body: ScriptBody, frame: Frame, span: Span, *, dot_sourced: bool = False
    ) -> None:
        scope = frame.scope if dot_sourced else Scope(frame.scope)
        super().__init__(engine, name, frame.inner(scope, body.source), span)
        if name:
            self.frame.call = CallSite(name, frame.source, span)
        self._caller = frame
        self._body = body
        self._bound = Bound()
        self._input: list[Any] = []

    def _prepare(self, arguments: list[Argument]) -> None:
        try:
            self._bound = bind(signature(self._body), arguments)
            self.take_common(self._bound)
            with self.inside():
                self._bind()
        except Terminating as error:
            raise self._located(error) from None

    def _located(self, error: Terminating) -> Terminating:
        error.record.at(self._caller.source, self.span, self.name)
        is_binding = error.record.exception.type_name in (BINDING, TRANSFORMATION, VALIDATION)
        if self.name and is_binding and "," not in error.record.error_id:
            error.record.error_id += f",{self.name}"
        return error

    def _bind(self) -> None:
        scope, given = self.frame.scope, self._bound.values
        needed = [
            each.name
            for each in declared(self._body)
            if each.mandatory and each.name.lower() not in given and not (self.fed and self._takes_input(each))
        ]
        if needed:
            raise missing(needed)
        table = Hashtable()
        for each in declared(self._body):
            if each.name.lower() in given:
                table[each.name] = self._set(each, converted(each, given[each.name.lower()]))
            else:
                self._set(each, self._default(each))
        scope.set("PSBoundParameters", table)
        scope.set("args", self._bound.extra)
        if self.action():
            names = {"silentlycontinue": "SilentlyContinue", "stop": "Stop", "ignore": "Ignore"}
            scope.set("ErrorActionPreference", names.get(self.action(), "Continue"))

    def _set(self, each: Declared, value: Any) -> Any:
        constraint = each.parameter.type_names[-1] if each.parameter.type_names else ""
        self.frame.scope.cells[each.name.lower()] = Cell(each.name, value, constraint)
        return value

    def _default(self, each: Declared) -> Any:
        if each.parameter.default is None:
            return unset(each)
        value = self.engine.value(each.parameter.default)
        return converted(each, value) if each.parameter.type_names else value

    @staticmethod
    def _takes_input(each: Declared) -> bool:
        return each.from_pipeline or each.by_property

    def _begin(self) -> None:
        self._run(self._body.begin)

    def _process(self, item: Any) -> None:
        if self._body.process is None:
            self._input.append(item)
        if any(self._takes_input(each) for each in declared(self._body)):
            if not self._bind_input(item):
                return
        elif self._body.cmdlet_binding and self._body.process is not None:
            self._refuse(item)
            return
        if self._body.process is not None:
            with self.engine.item(item):
                self._run(self._body.process)

    def _bind_input(self, item: Any) -> bool:
        bound = False
        for each in declared(self._body):
            value = item if each.from_pipeline else self._property(each, item)
            if value is not ABSENT and each.name.lower() not in self._bound.values:
                self._set(each, converted(each, value))
                bound = True
        if not bound:
            self._refuse(item)
        return bound

    @staticmethod
    def _property(each: Declared, item: Any) -> Any:
        if not each.by_property or item is None:
            return ABSENT
        return own_property(item, each.name)

    def _refuse(self, item: Any) -> None:
        error_id = f"InputObjectNotBound,{self.name}"
        record: ErrorRecord = runtime_error(UNBOUND_INPUT, error_id, "InvalidArgument", item, BINDING).record
        record.activity = record.prefix = self.name
        self.write_error(record)

    def _end(self) -> None:
        if self._body.process is not None and not self.fed:
            with self.engine.item(None):
                self._run(self._body.process)
        if self._body.end is not None:
            self.frame.scope.set("input", self._input)
            self._run(self._body.end)

    def _run(self, block: Block | None) -> None:
        if block is None:
            return
        try:
            with self.engine.call_depth():
                self.engine.run_block(block, self.emit)
        except Returned:
            return


def run_in_place(engine: Engine, body: ScriptBody, item: Any, emit: Emit) -> None:
    """Run a block in the scope of whoever asks, with `item` as ``$_``."""
    if body.parameters or body.begin or body.process:
        raise NotModelled("a script block with parameters or named blocks here")
    frame = engine.frame.inner(source=body.source)
    try:
        with engine.within(frame), engine.item(item), engine.call_depth():
            engine.run_block(body.end or Block(()), emit)
    except Returned:
        return


def calling_function(engine: Engine) -> CallSite | None:
    """The call of the function that runs."""
    return engine.frame.call

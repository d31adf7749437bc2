# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of a pipeline, each between the one that feeds it and the one that it feeds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from powershell_subset.errors import ErrorRecord, Terminating, record_of
from powershell_subset.interface import Call, Command, CommandError
from powershell_subset.objects import GenericList, NotModelled
from powershell_subset.running.arguments import Argument, Bound, Signature, bind
from powershell_subset.running.engine import Emit, Engine
from powershell_subset.running.scopes import Frame
from powershell_subset.source import Span
from powershell_subset.values.text import to_text

ACTIONS = ("stop", "silentlycontinue", "ignore", "continue")


class Stage:
    """One command of a pipeline; `emit` is where its objects go, `fed` whether something comes before it."""

    def __init__(self, engine: Engine, name: str, frame: Frame, span: Span) -> None:
        self.engine = engine
        self.name = name
        self.frame = frame
        self.span = span
        self.emit: Emit = self._nowhere
        self.fed = False
        self.failed = False
        self.common: dict[str, Any] = {}
        self._collected: list[Any] = []

    def _nowhere(self, item: Any) -> None:
        raise NotModelled("a command outside a pipeline")

    def inside(self) -> AbstractContextManager[Frame]:
        """The command's own surroundings."""
        return self.engine.within(self.frame)

    def prepare(self, arguments: list[Argument]) -> None:
        """Take the arguments."""
        self._prepare(arguments)

    def begin(self) -> None:
        """Before the first object."""
        self._begin()

    def process(self, item: Any) -> None:
        """An object of the pipeline."""
        self._process(item)

    def end(self) -> None:
        """After the last object."""
        self._end()

    def _prepare(self, arguments: list[Argument]) -> None:
        raise NotImplementedError

    def _begin(self) -> None: ...

    def _process(self, item: Any) -> None: ...

    def _end(self) -> None: ...

    def action(self) -> str:
        """What -ErrorAction says, in lower case; empty: nothing."""
        if "erroraction" not in self.common:
            return ""
        action = to_text(self.common["erroraction"]).lower()
        names = {"0": "silentlycontinue", "1": "stop", "2": "continue", "4": "ignore"}
        action = names.get(action, action)
        if action not in ACTIONS:
            raise NotModelled(f"-ErrorAction {action}")
        return action

    def take_common(self, bound: Bound) -> None:
        """Keep the common parameters, and refuse those that nothing stands behind."""
        self.common = bound.common
        for name in ("outvariable", "pipelinevariable", "warningvariable", "informationvariable"):
            if name in self.common:
                raise NotModelled(f"the common parameter -{name}")
        variable = self.common.get("errorvariable")
        if variable is not None:
            self._errors_to(to_text(variable))

    def _errors_to(self, variable: str) -> None:
        name = variable.removeprefix("+")
        cell = self.frame.scope.cells.get(name.lower())
        known = cell.value if cell and variable.startswith("+") else None
        self._collected = known if isinstance(known, GenericList) else GenericList((), "System.Collections.ArrayList")
        self.frame.scope.set(name, self._collected)

    def write_error(self, record: ErrorRecord) -> None:
        """Report an error that does not end the command.

        Raises:
            Terminating: -ErrorAction or the preference says Stop.
        """
        record.at(self.frame.source, self.span)
        self.failed = True
        self._collected.append(record)
        self.engine.report(record, self.action())

    def failure(self, error: Terminating) -> Terminating:
        """An error that ends the command, which now knows where it happened."""
        error.record.at(self.frame.source, self.span, self.name)
        self._collected.append(error.record)
        return error


class RegisteredStage(Stage):
    """A cmdlet that was given to the interpreter."""

    def __init__(self, engine: Engine, command: Command, frame: Frame, span: Span) -> None:
        super().__init__(engine, command.name, frame, span)
        self._command = command
        self._bound = Bound()
        self._input: list[Any] = []

    def _prepare(self, arguments: list[Argument]) -> None:
        command = self._command
        signature = Signature(
            command.takes(),
            frozenset(name.lower() for name in command.switches),
            command.positional,
            class_name=command.class_name,
        )
        self._bound = bind(signature, arguments)
        self.take_common(self._bound)

    def _process(self, item: Any) -> None:
        self._input.append(item)

    def _end(self) -> None:
        if self.fed and not self._input:
            return
        parameters = dict(self._bound.values)
        if self._input and self._command.pipeline:
            parameters.setdefault(self._command.pipeline.lower(), list(self._input))
        call = Call(self._command.name, parameters, self._input, self.engine.now, self._report, self._warn)
        try:
            for item in self._command.run(call):
                self.emit(item)
        except CommandError as error:
            record = record_of(error, self.name, self._command.class_name)
            if error.terminating:
                raise self.failure(Terminating(record)) from None
            self.write_error(record)

    def _report(self, error: CommandError) -> None:
        self.write_error(record_of(error, self.name, self._command.class_name))

    def _warn(self, text: str) -> None:
        self.engine.say("warning", text)


class Cmdlet(Stage):
    """A cmdlet that PowerShell itself brings. `refused` are parameters that it has, but that are not modelled."""

    title: ClassVar[str] = ""
    names: ClassVar[tuple[str, ...]] = ()
    switches: ClassVar[tuple[str, ...]] = ()
    positions: ClassVar[tuple[str, ...]] = ()
    refused: ClassVar[tuple[str, ...]] = ()
    short: ClassVar[dict[str, str]] = {}
    rest: ClassVar[str] = ""
    class_name: ClassVar[str] = ""
    module: ClassVar[str] = "Microsoft.PowerShell.Utility"

    def __init__(self, engine: Engine, frame: Frame, span: Span) -> None:
        super().__init__(engine, self.title, frame, span)
        self.bound: dict[str, Any] = {}

    def _prepare(self, arguments: list[Argument]) -> None:
        names = (*self.names, *self.positions, *self.switches, *self.refused)
        signature = Signature(
            tuple(dict.fromkeys(names)),
            frozenset(name.lower() for name in self.switches),
            self.positions,
            self.short,
            rest=self.rest,
            class_name=f"Microsoft.PowerShell.Commands.{self.class_name or self.title.replace('-', '') + 'Command'}",
        )
        bound = bind(signature, arguments)
        self.take_common(bound)
        self.bound = bound.values
        for name in self.refused:
            if name.lower() in self.bound:
                raise NotModelled(f"{self.title} -{name}")

    def given(self, name: str, default: Any = None) -> Any:
        """The value of a parameter."""
        return self.bound.get(name.lower(), default)

    def has(self, name: str) -> bool:
        """Whether a parameter was given."""
        return name.lower() in self.bound


class Collecting(Cmdlet):
    """A cmdlet that needs all objects before it can say anything."""

    def __init__(self, engine: Engine, frame: Frame, span: Span) -> None:
        super().__init__(engine, frame, span)
        self.items: list[Any] = []

    def _process(self, item: Any) -> None:
        self.items.append(item)

    def _end(self) -> None:
        if self.has("InputObject"):
            self.items.append(self.given("InputObject"))
        self._finish()

    def _finish(self) -> None:
        raise NotImplementedError


CMDLETS: dict[str, type[Cmdlet]] = {}
ALIASES: dict[str, str] = {}


def cmdlet(*aliases: str) -> Callable[[type[Cmdlet]], type[Cmdlet]]:
    """Marks a class as a cmdlet that scripts find, under its name and these aliases."""

    def register(kind: type[Cmdlet]) -> type[Cmdlet]:
        CMDLETS[kind.title.lower()] = kind
        ALIASES.update(dict.fromkeys(aliases, kind.title))
        return kind

    return register

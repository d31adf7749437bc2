# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of a pipeline, each between the one that feeds it and the one that it feeds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, ClassVar

from powershell_subset.errors import Terminating, record_of
from powershell_subset.interface import Call, Command, CommandError
from powershell_subset.objects import ArrayList, NotModeled
from powershell_subset.running.arguments import Bound, Signature, bind
from powershell_subset.running.engine import Emit, Engine
from powershell_subset.source import Span
from powershell_subset.syntax.nodes import Function, ScriptBody
from powershell_subset.values.text import to_text

ACTIONS = ("stop", "silentlycontinue", "ignore", "continue")


class Stage:
    """One command of a pipeline; `emit` is where its objects go, `fed` whether something comes before it."""

    def __init__(self, engine: Engine, span: Span) -> None:
        self.engine = engine
        self.frame = engine.frame.inner()
        self.span = span
        self.emit: Emit = lambda item: None
        self.fed = False
        self.failed = False

    def inside(self, action: Callable[..., None], *arguments: Any) -> None:
        """Do something in the command's own surroundings."""
        self.engine.within(self.frame, action, *arguments)

    def prepare(self, arguments: list[tuple[str, Any]]) -> None:
        """Take the arguments."""

    def begin(self) -> None:
        """Before the first object."""

    def process(self, item: Any) -> None:
        """An object of the pipeline."""

    def end(self) -> None:
        """After the last object."""


def check_common(common: Mapping[str, Any]) -> None:
    """See that what the common parameters say is within the subset.

    Raises:
        NotModeled: it is not.
    """
    action = to_text(common.get("erroraction")).lower()
    if action not in ("", *ACTIONS):
        raise NotModeled(f"-ErrorAction {action}")
    variable = to_text(common.get("errorvariable", "given"))
    if not variable.isidentifier():
        raise NotModeled(f"-ErrorVariable {variable}")


def check_mandatory(command: Command, given: Collection[str]) -> None:
    """See that a command has what PowerShell would ask for.

    Raises:
        NotModeled: it has not.
    """
    missing = [name for name in command.mandatory if name.lower() not in given]
    if missing:
        raise NotModeled(f"{command.name} without -{missing[0]}")


class CommandStage(Stage):
    """A cmdlet: it reports errors that end nothing, as -ErrorAction and -ErrorVariable say."""

    def __init__(self, engine: Engine, span: Span, signature: Signature, class_name: str) -> None:
        super().__init__(engine, span)
        self.signature = signature
        self._class_name = class_name
        self._action = ""
        self._collected = ArrayList()

    def _bind(self, arguments: list[tuple[str, Any]]) -> Bound:
        bound = bind(self.signature, arguments)
        check_common(bound.common)
        self._action = to_text(bound.common.get("erroraction")).lower()
        if "errorvariable" in bound.common:
            self.frame.scope.set(to_text(bound.common["errorvariable"]), self._collected)
        return bound

    def report(self, error: CommandError) -> None:
        """Report an error; it ends the command if it is terminating, or -ErrorAction or the preference says Stop.

        Raises:
            Terminating: it does.
        """
        record = record_of(error, self.signature.command, self._class_name)
        record.at(self.frame.source, self.span)
        self.failed = True
        self._collected.append(record)
        if error.terminating:
            raise Terminating(record)
        self.engine.report(record, self._action)


class RegisteredStage(CommandStage):
    """A cmdlet that was given to the interpreter."""

    def __init__(self, engine: Engine, command: Command, span: Span) -> None:
        super().__init__(engine, span, signature_of(command), command.class_name)
        self._command = command
        self._bound = Bound()
        self._input: list[Any] = []

    def prepare(self, arguments: list[tuple[str, Any]]) -> None:
        """Take the arguments."""
        self._bound = self._bind(arguments)
        check_mandatory(self._command, self._bound.values)

    def process(self, item: Any) -> None:
        """An object of the pipeline."""
        self._input.append(item)

    def end(self) -> None:
        """Run it, once."""
        if self.fed and not self._input:
            return
        parameters = dict(self._bound.values)
        if self._input and self._command.pipeline:
            parameters.setdefault(self._command.pipeline.lower(), list(self._input))
        now = self.engine.machine.now
        call = Call(self._command.name, parameters, self._input, now, self.report, self._warn)
        try:
            for item in self._command.run(call):
                self.engine.ran[self._command.name] = None
                self.emit(item)
        except CommandError as error:
            self.engine.ran[self._command.name] = None
            self.report(error)
        self.engine.ran[self._command.name] = None

    def _warn(self, text: str) -> None:
        self.engine.say("warning", text)


class Cmdlet(CommandStage):
    """A cmdlet that PowerShell itself brings."""

    title: ClassVar[str] = ""
    names: ClassVar[tuple[str, ...]] = ()
    switches: ClassVar[tuple[str, ...]] = ()
    positions: ClassVar[tuple[str, ...]] = ()
    rest: ClassVar[str] = ""
    module: ClassVar[str] = "Microsoft.PowerShell.Utility"

    def __init__(self, engine: Engine, span: Span) -> None:
        class_name = f"Microsoft.PowerShell.Commands.{self.title.replace('-', '')}Command"
        super().__init__(engine, span, signature_of(type(self)), class_name)
        self._given: dict[str, Any] = {}

    def prepare(self, arguments: list[tuple[str, Any]]) -> None:
        """Take the arguments."""
        self._given = self._bind(arguments).values

    def given(self, name: str, default: Any = None) -> Any:
        """The value of a parameter."""
        return self._given.get(name.lower(), default)

    def has(self, name: str) -> bool:
        """Whether a parameter was given."""
        return name.lower() in self._given


Known = Command | type[Cmdlet] | Function
CMDLETS: dict[str, type[Cmdlet]] = {}
ALIASES: dict[str, str] = {}


def cmdlet(*aliases: str) -> Callable[[type[Cmdlet]], type[Cmdlet]]:
    """Marks a class as a cmdlet that scripts find, under its name and these aliases."""

    def register(kind: type[Cmdlet]) -> type[Cmdlet]:
        CMDLETS[kind.title.lower()] = kind
        ALIASES.update(dict.fromkeys(aliases, kind.title.lower()))
        return kind

    return register


def signature_of(known: Known) -> Signature:
    """The parameters of a command, a cmdlet or a function."""
    if isinstance(known, Command):
        return _signature(known.name, known.parameters, known.switches, known.positional)
    if isinstance(known, Function):
        return _signature_of_body(known.name, known.body)
    return _signature(known.title, known.names, known.switches, known.positions, known.rest)


# Its names in lower case are worked out but once.
_signature = lru_cache(maxsize=1024)(Signature)


@lru_cache(maxsize=1024)
def _signature_of_body(name: str, body: ScriptBody) -> Signature:
    parameters = body.parameters
    switches = tuple(each.name for each in parameters if each.type_name.lower() == "switch")
    others = tuple(each.name for each in parameters if each.name not in switches)
    return Signature(name, (), switches, others, common=False)


def find_command(engine: Engine, name: str) -> Known | None:
    """What a name means: a function, a cmdlet, or one with its module before it."""
    function = engine.frame.scope.function(name)
    if function is not None:
        return function
    module, _backslash, bare = name.lower().rpartition("\\")
    full = bare if module else ALIASES.get(bare, bare)
    commands = engine.machine.commands
    found: Command | type[Cmdlet] | None
    found = CMDLETS.get(full) or commands.get(f"{module}\\{full}") or commands.get(full)
    return found if found is not None and module in ("", found.module.lower()) else None

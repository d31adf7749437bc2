# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interpreter: its state, and how nodes find the functions that evaluate and run them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from powershell_subset.errors import ErrorRecord, Terminating
from powershell_subset.interface import Answer, Command
from powershell_subset.objects import VOID, NotModeled, ScriptBlock
from powershell_subset.running.scopes import Frame, Scope
from powershell_subset.source import Source, Span
from powershell_subset.syntax.nodes import Block, Node, Pipeline
from powershell_subset.values.text import to_text

Emit = Callable[[Any], None]
MAX_CALLS = 60
MOST_STATEMENTS = 250_000
_Function = TypeVar("_Function", bound=Callable[..., Any])
_Result = TypeVar("_Result")
EVALUATE: dict[type[Node], Callable[[Engine, Any], Any]] = {}
RUN: dict[type[Node], Callable[[Engine, Any, Emit], None]] = {}


def evaluates(kind: type[Node]) -> Callable[[_Function], _Function]:
    """Marks the function that gives the value of nodes of this kind."""

    def register(function: _Function) -> _Function:
        EVALUATE[kind] = function
        return function

    return register


def runs(kind: type[Node]) -> Callable[[_Function], _Function]:
    """Marks the function that runs statements of this kind."""

    def register(function: _Function) -> _Function:
        RUN[kind] = function
        return function

    return register


@dataclass(frozen=True)
class Machine:
    """The host that a script runs on.

    `commands` are its cmdlets by their names in lower case, with the module before it for one that another module's
    hides; `absent` are the names of those that other hosts have. `groups` are the SIDs of the caller's; `constrained`
    says that scripts run in Constrained Language Mode; `answers` are commands of users whose answers are told.
    """

    commands: Mapping[str, Command]
    now: Callable[[], datetime]
    environment: Mapping[str, str]
    version: str
    groups: frozenset[str]
    constrained: bool = False
    absent: Collection[str] = ()
    answers: tuple[Answer, ...] = ()


class Engine:
    """Runs one command line.

    `write` takes raw text of the console; `say` what it shows of a stream ("error", "warning"): an :class:`ErrorRecord`
    or text.
    """

    def __init__(self, machine: Machine, write: Callable[[str], None], say: Callable[[str, Any], None]) -> None:
        self.machine = machine
        self.groups = machine.groups
        self.write = write
        self.say = say
        self.globals = Scope()
        self.frame = Frame(self.globals, Source(""))
        self.succeeded = True
        # The commands of the host that have run, or begun to; they may have changed something.
        self.ran: dict[str, None] = {}
        self._depth = 0
        self._statements = 0

    # Values

    def value(self, node: Node) -> Any:
        """The value of an expression; nothing at all is $null."""
        function = EVALUATE.get(node.__class__)
        value = function(self, node) if function is not None else self.capture(node)
        return None if value is VOID else value

    def capture(self, node: Node) -> Any:
        """What a statement leaves: VOID, one object, or a list of several; a lone expression's value as it is."""
        if isinstance(node, Pipeline):
            node = node.expression or node
        function = EVALUATE.get(type(node))
        if function is not None:
            return function(self, node)
        found: list[Any] = []
        self.run(node, found.append)
        return unrolled(found)

    # Statements

    def run(self, node: Node, emit: Emit) -> None:
        """Run a statement; what it leaves goes to `emit`, object by object."""
        RUN[type(node)](self, node, emit)

    def run_block(self, block: Block, emit: Emit) -> None:
        """Run statements; an error ends its statement, and everything else when something waits for it."""
        # A loop around nothing does not end by itself either.
        self._statements += max(1, len(block.statements))
        if self._statements > MOST_STATEMENTS:
            raise NotModeled(f"a command of more than {MOST_STATEMENTS} statements")
        for statement in block.statements:
            self._run_statement(statement, emit)

    def _run_statement(self, statement: Node, emit: Emit) -> None:
        try:
            RUN[statement.__class__](self, statement, emit)
        except Terminating as error:
            if self._propagates(error):
                error.thrown = error.thrown or self.preference() == "stop"
                raise
            self.report(error.record)
            self.succeeded = False

    def _propagates(self, error: Terminating) -> bool:
        """Whether an error goes on to what surrounds its statement."""
        preference = self.preference()
        return self.frame.in_try or preference == "stop" or (error.thrown and preference == "continue")

    def within(self, frame: Frame, action: Callable[..., _Result], *arguments: Any) -> _Result:
        """Run something in another frame."""
        before, self.frame = self.frame, frame
        try:
            return action(*arguments)
        finally:
            self.frame = before

    def call(self, block: Block, emit: Emit) -> None:
        """Run statements as a call inside those that run."""
        self._depth += 1
        try:
            if self._depth > MAX_CALLS:
                raise NotModeled(f"more than {MAX_CALLS} calls inside each other")
            self.run_block(block, emit)
        finally:
            self._depth -= 1

    def script_block(self, text: str) -> ScriptBlock:
        """``[ScriptBlock]::Create(text)``."""
        raise NotImplementedError

    # Variables

    def preference(self) -> str:
        """$ErrorActionPreference in lower case."""
        cell = self.frame.scope.find("ErrorActionPreference")
        return to_text(cell.value).lower() if cell else "continue"

    @contextmanager
    def item(self, value: Any) -> Iterator[None]:
        """``$_`` is `value` meanwhile."""
        cells = self.frame.scope.cells
        before = cells.pop("_", None)
        self.frame.scope.set("_", value)
        try:
            yield
        finally:
            cells.pop("_", None)
            if before is not None:
                cells["_"] = before

    # Errors

    def fail(self, error: Terminating, span: Span) -> Terminating:
        """`error`, which now knows where in the script it happened."""
        error.record.at(self.frame.source, span)
        return error

    def report(self, record: ErrorRecord, action: str = "") -> None:
        """Show an error that stops nothing, if it is to be shown.

        Raises:
            Terminating: it does stop, after all.
        """
        action = action or self.preference()
        if action == "stop":
            raise Terminating(record, thrown=True)
        if action == "continue":
            self.say("error", record)
        elif action not in ("silentlycontinue", "ignore"):
            raise NotModeled(f"the error action '{action}'")


def unrolled(found: list[Any]) -> Any:
    """What objects become in a variable: one alone is itself, none is nothing."""
    if not found:
        return VOID
    return found[0] if len(found) == 1 else found


def enumerate_into(value: Any, emit: Emit) -> None:
    """Send a value down the pipeline: lists one by one, nothing at all not even as $null."""
    if value is VOID:
        return
    for item in list(value) if isinstance(value, (list, bytes)) else [value]:
        emit(item)

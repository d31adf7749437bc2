# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interpreter: its state, and how nodes find the functions that evaluate and run them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from powershell_subset.errors import ErrorRecord, Terminating
from powershell_subset.interface import Command
from powershell_subset.objects import VOID, GenericList, Hashtable, NotModelled, ScriptBlock
from powershell_subset.running.scopes import Frame, Scope
from powershell_subset.source import Source, Span
from powershell_subset.syntax.nodes import Node
from powershell_subset.syntax.structure import Block, ExpressionElement, Pipeline
from powershell_subset.values.text import to_text

Emit = Callable[[Any], None]
MAX_CALLS = 60
MOST_STATEMENTS = 250_000
_Function = TypeVar("_Function", bound=Callable[..., Any])
EVALUATE: dict[type[Node], Callable[[Engine, Any], Any]] = {}
RUN: dict[type[Node], Callable[[Engine, Any, Emit], None]] = {}


def evaluates(*kinds: type[Node]) -> Callable[[_Function], _Function]:
    """Marks the function that gives the value of nodes of these kinds."""

    def register(function: _Function) -> _Function:
        EVALUATE.update(dict.fromkeys(kinds, function))
        return function

    return register


def runs(*kinds: type[Node]) -> Callable[[_Function], _Function]:
    """Marks the function that runs statements of these kinds."""

    def register(function: _Function) -> _Function:
        RUN.update(dict.fromkeys(kinds, function))
        return function

    return register


class Engine:
    """Runs one command line.

    `say` takes what a host shows of a stream ("error", "warning", "verbose", "information"): an :class:`ErrorRecord`
    or text; `groups` are the SIDs of the caller's, `constrained` that it runs in Constrained Language Mode. `write`
    and `write_error` take raw text of the console's streams.
    """

    def __init__(
        self,
        commands: Mapping[str, Command],
        now: Callable[[], datetime],
        environment: Mapping[str, str],
        version: Hashtable,
        say: Callable[[str, Any], None],
        write: Callable[[str], None],
        write_error: Callable[[str], None],
    ) -> None:
        self.commands = commands
        self.now = now
        self.environment = {name.lower(): (name, value) for name, value in environment.items()}
        self.version = version
        self.groups: frozenset[str] = frozenset()
        self.constrained = False
        self.say = say
        self.write = write
        self.write_error_text = write_error
        self.errors = GenericList((), "System.Collections.ArrayList")
        self.globals = Scope()
        self.frame = Frame(self.globals, Source(""))
        self.succeeded = True
        self.depth = 0
        self._statements = 0

    # Values

    def raw(self, node: Node) -> Any:
        """The value of an expression; VOID where there is none at all."""
        function = EVALUATE.get(type(node))
        if function is None:
            return self.capture(node)
        return function(self, node)

    def value(self, node: Node) -> Any:
        """The value of an expression; nothing at all is $null."""
        value = self.raw(node)
        return None if value is VOID else value

    def capture(self, node: Node) -> Any:
        """What a statement leaves: VOID, one object, or a list of several; a lone expression's value as it is."""
        if isinstance(node, Pipeline) and len(node.elements) == 1:
            element = node.elements[0]
            if isinstance(element, ExpressionElement) and not element.redirections:
                return self.raw(element.expression)
        if type(node) in EVALUATE:
            return self.raw(node)
        return unrolled(self.collect(node))

    def collect(self, node: Node) -> list[Any]:
        """All objects that a statement leaves."""
        found: list[Any] = []
        self.run(node, found.append)
        return found

    # Statements

    def run(self, node: Node, emit: Emit) -> None:
        """Run a statement; what it leaves goes to `emit`, object by object."""
        function = RUN.get(type(node))
        if function is None:
            raise NotModelled(f"the statement {type(node).__name__}")
        function(self, node, emit)

    def run_block(self, block: Block, emit: Emit) -> None:
        """Run statements; an error ends its statement, and everything else when something waits for it."""
        for statement in block.statements:
            self._run_statement(statement, emit)

    def _run_statement(self, statement: Node, emit: Emit) -> None:
        self._statements += 1
        if self._statements > MOST_STATEMENTS:
            raise NotModelled(f"a command of more than {MOST_STATEMENTS} statements")
        try:
            self.run(statement, emit)
        except Terminating as error:
            if self.propagates(error):
                error.thrown = error.thrown or self.preference("ErrorActionPreference") == "stop"
                raise
            self.report(error.record)
            self.succeeded = False

    def propagates(self, error: Terminating) -> bool:
        """Whether an error goes on to what surrounds its statement."""
        preference = self.preference("ErrorActionPreference")
        return self.frame.in_try or preference == "stop" or (error.thrown and preference == "continue")

    @contextmanager
    def within(self, frame: Frame) -> Iterator[Frame]:
        """Run something in another frame."""
        before, self.frame = self.frame, frame
        try:
            yield frame
        finally:
            self.frame = before

    @contextmanager
    def call_depth(self) -> Iterator[None]:
        """Counts calls inside calls.

        Raises:
            Terminating: too many.
        """
        self.depth += 1
        try:
            if self.depth > MAX_CALLS:
                raise NotModelled(f"more than {MAX_CALLS} calls inside each other")
            yield
        finally:
            self.depth -= 1

    def script_block(self, text: str) -> ScriptBlock:
        """``[ScriptBlock]::Create(text)``."""
        raise NotImplementedError

    def run_with(self, block: ScriptBlock, item: Any) -> list[Any]:
        """What a block leaves for ``$_``; it runs in the scope where it stands."""
        raise NotImplementedError

    def run_emitting(self, block: ScriptBlock, item: Any, emit: Emit) -> None:
        """The same, object by object."""
        raise NotImplementedError

    def intrinsic(self, value: Any, name: str, arguments: list[Any]) -> Any:
        """The methods that PowerShell gives to every value; None: the name is not one of them."""
        raise NotImplementedError

    def console(self, name: str) -> Any:
        """[Console]::In, Out or Error."""
        raise NotImplementedError

    # Variables

    def preference(self, name: str) -> str:
        """A preference variable in lower case."""
        cell = self.frame.scope.find(name)
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

    def fail(self, error: Terminating, span: Span | None) -> Terminating:
        """`error`, which now knows where in the script it happened."""
        error.record.at(self.frame.source, span)
        return error

    def report(self, record: ErrorRecord, action: str = "") -> None:
        """Note an error that stops nothing, and show it if it is to be shown.

        Raises:
            Terminating: it does stop, after all.
        """
        action = action or self.preference("ErrorActionPreference")
        if action == "stop":
            raise Terminating(record, thrown=True)
        if action == "ignore":
            return
        if action not in ("continue", "silentlycontinue"):
            raise NotModelled(f"the error action '{action}'")
        self.note(record)
        if action == "continue":
            (self.frame.errors_to or self._show)(record)

    def note(self, record: ErrorRecord) -> None:
        """Put an error into $Error."""
        if record not in self.errors:
            self.errors.insert(0, record)

    def _show(self, record: ErrorRecord) -> None:
        self.say("error", record)


def unrolled(found: list[Any]) -> Any:
    """What objects become in a variable: one alone is itself, none is nothing."""
    if not found:
        return VOID
    return found[0] if len(found) == 1 else found


def enumerate_into(value: Any, emit: Emit) -> None:
    """Send a value down the pipeline: lists one by one, nothing at all not even as $null."""
    if value is VOID:
        return
    if isinstance(value, (list, bytes)):
        for item in list(value):
            emit(item)
    else:
        emit(value)

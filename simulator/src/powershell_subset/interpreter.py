# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interpreter with everything that it runs."""

from __future__ import annotations

from typing import Any

from powershell_subset import cmdlets as _cmdlets  # noqa: F401 - they register themselves
from powershell_subset.display.errors import position_text
from powershell_subset.errors import ErrorRecord, Jumped, Returned, Terminating
from powershell_subset.members.consoles import Reading, Writing
from powershell_subset.objects import NetException, NotModelled, ScriptBlock
from powershell_subset.running import expressions, variables
from powershell_subset.running import pipelines as _pipelines  # noqa: F401 - the same
from powershell_subset.running import statements as _statements  # noqa: F401 - the same
from powershell_subset.running.engine import Emit, Engine
from powershell_subset.running.functions import run_in_place
from powershell_subset.running.scopes import Frame
from powershell_subset.syntax import ScriptError, parse
from powershell_subset.syntax.structure import ScriptBody

PARSE = "System.Management.Automation.ParseException"
PARENT = "System.Management.Automation.ParentContainsErrorRecordException"


class Interpreter(Engine):
    """Runs scripts. `lines` are those of the standard input."""

    lines: list[str]

    def run_script(self, text: str, lines: list[str], emit: Emit) -> None:
        """Run a whole script; what it leaves goes to `emit`.

        Raises:
            Terminating: nothing caught an error.
            Exited: it said ``exit``.
            NotModelled: it needs what is not there.
        """
        self.lines = lines
        variables.start(self)
        body = self._parsed(text)
        self.frame = Frame(self.globals, body.source)
        self.globals.set("input", lines)
        if body.parameters or body.begin or body.process:
            raise NotModelled("a command with parameters or named blocks")
        if body.end is None:
            return
        try:
            self.run_block(body.end, emit)
        except (Returned, Jumped):
            return

    def _parsed(self, text: str) -> ScriptBody:
        try:
            return parse(text)
        except ScriptError as error:
            raise _parse_error(error) from None

    def script_block(self, text: str) -> ScriptBlock:
        """``[ScriptBlock]::Create(text)``."""
        try:
            return ScriptBlock(parse(text), text)
        except ScriptError as error:
            raise _create_error(error) from None

    def run_with(self, block: ScriptBlock, item: Any) -> list[Any]:
        """What a block leaves for ``$_``."""
        found: list[Any] = []
        run_in_place(self, block.body, item, found.append)
        return found

    def run_emitting(self, block: ScriptBlock, item: Any, emit: Emit) -> None:
        """The same, object by object."""
        run_in_place(self, block.body, item, emit)

    def intrinsic(self, value: Any, name: str, arguments: list[Any]) -> Any:
        """``.Where()`` and ``.ForEach()``."""
        return expressions.intrinsic(self, value, name, arguments)

    def console(self, name: str) -> Any:
        """[Console]::In, Out or Error."""
        if name == "in":
            return Reading(self.lines)
        return Writing(self.write if name == "out" else self.write_error_text)


def _refuse_unmodelled(error: ScriptError) -> None:
    if error.error_id == "NotModelled":
        raise NotModelled(str(error).removeprefix("asr-simulator does not model "))


def _parse_error(error: ScriptError) -> Terminating:
    _refuse_unmodelled(error)
    record = ErrorRecord(NetException(str(error), PARENT), error.error_id, "ParserError")
    record.source, record.span = error.source, error.span
    record.is_parse_error = True
    return Terminating(record, thrown=True)


def _create_error(error: ScriptError) -> Terminating:
    """[ScriptBlock]::Create throws what a parser says, with where it says it."""
    _refuse_unmodelled(error)
    record = ErrorRecord(NetException(str(error), PARSE), error.error_id, "ParserError")
    record.source, record.span = error.source, error.span
    text = f'Exception calling "Create" with "1" argument(s): "{parser_text(record)}"'
    inner = NetException(parser_text(record), PARSE)
    kind = "System.Management.Automation.MethodInvocationException"
    return Terminating(ErrorRecord(NetException(text, kind, inner), "ParseException", "NotSpecified"))


def parser_text(record: ErrorRecord) -> str:
    """What the parser says: the place first, then what is wrong there."""
    return f"{position_text(record)}\r\n{record.message}"

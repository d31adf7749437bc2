# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A command line of a Windows host is run."""

from __future__ import annotations

from typing import Any

from powershell_subset.command_line import Invocation, invocation
from powershell_subset.display.errors import Clixml, error_text
from powershell_subset.display.plain import shown
from powershell_subset.errors import Exited, Terminating
from powershell_subset.interface import Completed
from powershell_subset.interpreter import Interpreter, answer_to
from powershell_subset.objects import NotModeled
from powershell_subset.running.engine import Machine

REFUSAL = "NotImplemented: the simulated PowerShell does not model "


def run_command_line(command_line: str, stdin: bytes, machine: Machine, advice: str = "") -> Completed:
    """Run a command line as a host does.

    Args:
        command_line: a program and its arguments.
        stdin: all that was sent to its standard input, UTF-8.
        machine: the host.
        advice: what stands behind a refusal.
    """
    try:
        wanted = invocation(command_line)
        answer = answer_to(wanted.script, machine.answers)
        if answer is not None:
            return Completed("".join(f"{line}\r\n" for line in answer.output.splitlines()), "", answer.exit_code)
        return _Session(wanted, machine).run(_lines(stdin))
    except NotModeled as error:
        return Completed("", _refusal(error, advice), 1)


def _refusal(error: NotModeled, advice: str) -> str:
    return f"{REFUSAL}{error}{'. ' if advice else ''}{advice}\r\n"


def reads_input(command_line: str) -> bool:
    """Whether a command waits for the end of its standard input."""
    try:
        return invocation(command_line).reads_input
    except NotModeled:
        return False


def _lines(stdin: bytes) -> list[str]:
    text = stdin.decode("utf-8", "replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []


class _Session:
    """One run of powershell.exe."""

    def __init__(self, wanted: Invocation, machine: Machine) -> None:
        self._wanted = wanted
        self._out: list[str] = []
        self._error: list[str] = []
        self._xml = Clixml()
        self._interpreter = Interpreter(machine, self._out.append, self._say)

    def run(self, lines: list[str]) -> Completed:
        """Run the script."""
        code = 1
        try:
            self._interpreter.run_script(self._wanted.script, lines, self._show)
            code = 0 if self._interpreter.succeeded else 1
        except Terminating as error:
            self._say("error", error.record)
        except Exited as left:
            code = left.code
        except NotModeled as refusal:
            raise self._named(refusal) from None
        except RecursionError:
            raise self._named(NotModeled("calls this deep")) from None
        return Completed("".join(self._out), "".join(self._error) + self._xml.text(), code)

    def _named(self, refusal: NotModeled) -> NotModeled:
        """A refusal that came on the way; what was done before is not undone by it."""
        ran = ", ".join(self._interpreter.ran)
        return NotModeled(f"{refusal}. Before that it ran {ran}") if ran else refusal

    def _show(self, value: Any) -> None:
        self._out.append(shown(value))

    def _say(self, stream: str, value: Any) -> None:
        text = error_text(value) if stream == "error" else str(value)
        if self._wanted.encoded:
            self._xml.add("Error" if stream == "error" else stream, text)
        elif stream == "error":
            self._error.append(text)
        else:
            self._out.append(f"WARNING: {text}\r\n")

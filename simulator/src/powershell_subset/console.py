# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A command line of a Windows host is run: powershell.exe, and what the command processor says of anything else."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from powershell_subset.command_line import Invocation, UnknownProgram, invocation
from powershell_subset.display.errors import Clixml, error_text
from powershell_subset.display.plain import shown
from powershell_subset.errors import Exited, Terminating
from powershell_subset.interface import Command, Completed
from powershell_subset.interpreter import Interpreter
from powershell_subset.members.principals import ADMINISTRATORS
from powershell_subset.objects import NotModelled
from powershell_subset.running.variables import version_table

VERSION = "5.1.20348.2227"
READS_INPUT = re.compile(r"\$input\b|\[(?:system\.)?console\]::(?:in\b|openstandardinput|read)", re.IGNORECASE)
SPOKEN = {"warning": "WARNING: ", "verbose": "VERBOSE: ", "debug": "DEBUG: "}


def run_command_line(
    command_line: str,
    stdin: bytes,
    commands: Mapping[str, Command],
    now: Callable[[], datetime],
    environment: Mapping[str, str] | None = None,
    version: str = VERSION,
    groups: Collection[str] = (ADMINISTRATORS,),
    constrained: bool = False,
) -> Completed:
    """Run a command line as a host does.

    Args:
        command_line: a program and its arguments.
        stdin: all that was sent to its standard input, UTF-8.
        commands: the host's cmdlets under their lower-case names.
        now: the host's clock, UTC.
        environment: its environment variables.
        version: of its Windows PowerShell, as in $PSVersionTable.
        groups: the SIDs of the groups that the caller's token is of.
        constrained: whether the host allows Constrained Language Mode alone.
    """
    try:
        wanted = invocation(command_line)
        if not wanted.script:
            return Completed("", "", 0)
        session = _Session(wanted, commands, now, environment or {}, version, groups, constrained)
        return session.run(_lines(stdin))
    except UnknownProgram as error:
        return Completed("", str(error), 1)
    except NotModelled as error:
        return Completed("", f"NotImplemented: asr-simulator does not model {error}\r\n", 1)


def reads_input(command_line: str) -> bool:
    """Whether a command waits for the end of its standard input."""
    try:
        wanted = invocation(command_line)
    except (UnknownProgram, NotModelled):
        return False
    return wanted.from_input or READS_INPUT.search(wanted.script) is not None


def knows_program(command_line: str) -> bool:
    """Whether a host has the program that a command line names."""
    try:
        invocation(command_line)
    except UnknownProgram:
        return False
    except NotModelled:
        return True
    return True


def _lines(stdin: bytes) -> list[str]:
    text = stdin.decode("utf-8", "replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []


class _Session:
    """One run of powershell.exe."""

    def __init__(
        self,
        wanted: Invocation,
        commands: Mapping[str, Command],
        now: Callable[[], datetime],
        environment: Mapping[str, str],
        version: str,
        groups: Collection[str],
        constrained: bool,
    ) -> None:
        self._wanted = wanted
        self._out: list[str] = []
        self._error: list[str] = []
        self._xml = Clixml()
        self._interpreter = Interpreter(
            commands, now, environment, version_table(version), self._say, self._out.append, self._error.append
        )
        self._interpreter.groups = frozenset(groups)
        self._interpreter.constrained = constrained

    def run(self, lines: list[str]) -> Completed:
        """Run the script."""
        script = self._wanted.script
        if self._wanted.from_input:
            script, lines = "\r\n".join(lines), []
        return Completed(*self._ended(script, lines))

    def _ended(self, script: str, lines: list[str]) -> tuple[str, str, int]:
        code = 1
        try:
            self._interpreter.run_script(script, lines, self._show)
            code = 0 if self._interpreter.succeeded else 1
        except Terminating as error:
            self._say("error", error.record)
        except Exited as left:
            code = left.code
        except NotModelled as error:
            refusal = f"NotImplemented: asr-simulator does not model {error}\r\n"
            return "".join(self._out), refusal, 1
        except RecursionError:
            return "".join(self._out), "NotImplemented: asr-simulator does not model calls this deep\r\n", 1
        return "".join(self._out), "".join(self._error) + self._xml.text(), code

    def _show(self, value: Any) -> None:
        self._out.append(shown(value))

    def _say(self, stream: str, value: Any) -> None:
        if stream == "host":
            self._out.append(value)
            return
        text = error_text(value) if stream == "error" else value
        if self._wanted.encoded:
            self._xml.add("Error" if stream == "error" else stream, text)
        elif stream == "error":
            self._error.append(text)
        else:
            self._out.append(SPOKEN[stream] + text + "\r\n")

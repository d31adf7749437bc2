# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs scripts in the simulator's PowerShell, and in the real one where there is one."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

import pytest

from powershell_subset import ADMINISTRATORS, Command, Completed, Machine, run_command_line

NOW = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=timezone.utc)
ENVIRONMENT = {"COMPUTERNAME": "HV01", "SystemRoot": "C:\\Windows"}
VERSION = "5.1.20348.2227"
REFUSAL = "NotImplemented: the simulated PowerShell does not model "
# The real one: Windows PowerShell where it is named, else what is on the PATH.
REAL = os.environ.get("POWERSHELL", "pwsh")
NO_REAL = "pwsh is not on the PATH: the rows ran in the interpreter alone"


def has_real() -> bool:
    """Whether there is a real PowerShell."""
    return shutil.which(REAL) is not None


def machine_of(*commands: Command, **parts: Any) -> Machine:
    """A host with these cmdlets."""
    given: dict[str, Any] = {
        "now": lambda: NOW,
        "environment": ENVIRONMENT,
        "version": VERSION,
        "groups": frozenset({ADMINISTRATORS}),
        **parts,
    }
    return Machine({command.name.lower(): command for command in commands}, **given)


def encoded_line(script: str, program: str = "powershell.exe") -> list[str]:
    """The command line of a script, in words."""
    return [program, "-NoProfile", "-NonInteractive", "-EncodedCommand", base64.b64encode(_units(script)).decode()]


def _units(script: str) -> bytes:
    return script.encode("utf-16-le", "surrogatepass")


def run(script: str, *commands: Command, stdin: str = "", encoded: bool = True, **parts: Any) -> Completed:
    """A script, with what it is sent and the cmdlets that are there besides PowerShell's own."""
    options = "powershell.exe -NoProfile -NonInteractive"
    line = " ".join(encoded_line(script)) if encoded else f"{options} -Command {script}"
    return run_command_line(line, stdin.encode(), machine_of(*commands, **parts))


def lines(script: str, *commands: Command, stdin: str = "") -> list[str]:
    """The lines that a script writes; it must neither fail nor complain."""
    completed = run(script, *commands, stdin=stdin)
    assert (completed.stderr, completed.exit_code) == ("", 0)
    return completed.stdout.removesuffix("\r\n").split("\r\n") if completed.stdout else []


def real_lines(script: str) -> list[str]:
    """The lines that a script writes in the real PowerShell; its output is UTF-8 whatever the console's code page."""
    utf8 = "[Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false\n"
    ran = subprocess.run(encoded_line(utf8 + script, REAL), capture_output=True, timeout=120, check=False)
    text = ran.stdout.decode("utf-8").replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n") if text else []


# Runs a test in the interpreter, and in a real PowerShell where there is one.
IN_BOTH = pytest.mark.parametrize(
    "shell", ["interpreter", pytest.param("real", marks=pytest.mark.skipif(not has_real(), reason=NO_REAL))]
)


def lines_in(shell: str, script: str, differs: str = "") -> list[str]:
    """The lines that a script writes; `differs` says why a PowerShell later than 5.1 writes others."""
    if shell == "interpreter":
        return lines(script)
    if differs and not REAL.lower().startswith("powershell"):
        pytest.skip(differs)
    return real_lines(script)


def text_of(values: Iterable[object]) -> list[str]:
    """Values as the lines that a console shows."""
    return [str(value) for value in values]

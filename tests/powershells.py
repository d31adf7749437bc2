# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs scripts in the simulator's PowerShell."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime, timezone

from powershell_subset import Command, Completed, run_command_line

NOW = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=timezone.utc)
ENVIRONMENT = {"COMPUTERNAME": "HV01", "SystemRoot": "C:\\Windows"}


def run(script: str, *commands: Command, stdin: str = "", encoded: bool = True) -> Completed:
    """A script, with what it is sent and the cmdlets that are there besides PowerShell's own."""
    options = "powershell.exe -NoProfile -NonInteractive"
    if encoded:
        line = f"{options} -EncodedCommand {base64.b64encode(script.encode('utf-16-le')).decode()}"
    else:
        line = f"{options} -Command {script}"
    known = {command.name.lower(): command for command in commands}
    return run_command_line(line, stdin.encode(), known, lambda: NOW, ENVIRONMENT)


def lines(script: str, *commands: Command, stdin: str = "") -> list[str]:
    """The lines that a script writes; it must neither fail nor complain."""
    completed = run(script, *commands, stdin=stdin)
    assert (completed.stderr, completed.exit_code) == ("", 0)
    return completed.stdout.removesuffix("\r\n").split("\r\n") if completed.stdout else []


def text_of(values: Iterable[object]) -> list[str]:
    """Values as the lines that a console shows."""
    return [str(value) for value in values]

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command lines: powershell.exe and its options, and every other program."""

from __future__ import annotations

import base64

import pytest
from support.powershells import REFUSAL, machine_of

from powershell_subset import Completed, reads_input, run_command_line


def encoded(script: str) -> str:
    """A script as -EncodedCommand takes it."""
    return base64.b64encode(script.encode("utf-16-le")).decode()


def done(line: str) -> Completed:
    """What a command line does."""
    return run_command_line(line, b"", machine_of())


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("powershell -Command 1 + 1", "2\r\n"),
        ("powershell.exe -NoLogo -c \"'a  b'\"", "a  b\r\n"),
        ("powershell \"'x'\"", "x\r\n"),
        ("powershell -nop -noni -ep Bypass -enc " + encoded("'y'"), "y\r\n"),
        ("POWERSHELL.EXE -ExecutionPolicy Unrestricted -e " + encoded("'y'"), "y\r\n"),
        ("C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe -ec " + encoded("'z'"), "z\r\n"),
        ('powershell -Command "Write-Output \\"q r\\""', "q r\r\n"),
    ],
)
def test_given_powershell_when_called_then_its_script_runs(line: str, stdout: str) -> None:
    assert done(line) == Completed(stdout, "", 0)


@pytest.mark.parametrize(
    "line",
    [
        "hostname",
        "ipconfig /all",
        "no-such /x",
        "cmd /c dir",
        "pwsh -c 1",
        "powershell -File x.ps1",
        "powershell",
        "powershell -Command -",
        "powershell -enc !",
    ],
)
def test_given_anything_else_when_run_then_it_is_refused_with_the_advice(line: str) -> None:
    completed = run_command_line(line, b"", machine_of(), "Say it.")
    assert completed.stderr.startswith(REFUSAL)
    assert completed.stderr.endswith(". Say it.\r\n")
    assert (completed.stdout, completed.exit_code) == ("", 1)
    assert not reads_input(line)


@pytest.mark.parametrize(
    ("line", "reads"),
    [
        ("powershell -enc " + encoded("@($input) -join ''"), True),
        ("powershell -Command Get-Date", False),
    ],
)
def test_given_a_command_when_it_reads_its_input_then_that_is_known(line: str, reads: bool) -> None:
    assert reads_input(line) is reads

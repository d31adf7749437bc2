# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command lines: powershell.exe and its options, and every other program."""

from __future__ import annotations

import base64

import pytest
from powershells import ENVIRONMENT, NOW

from powershell_subset import Completed, knows_program, reads_input, run_command_line


def encoded(script: str) -> str:
    """A script as -EncodedCommand takes it."""
    return base64.b64encode(script.encode("utf-16-le")).decode()


def done(line: str, stdin: str = "") -> Completed:
    """What a command line does."""
    return run_command_line(line, stdin.encode(), {}, lambda: NOW, ENVIRONMENT)


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("powershell -Command 1 + 1", "2\r\n"),
        ("powershell.exe -NoLogo -c \"'a b'\"", "a b\r\n"),
        ("powershell \"'x'\"", "x\r\n"),
        ("powershell -nop -noni -ep Bypass -enc " + encoded("'y'"), "y\r\n"),
        ("POWERSHELL.EXE -ExecutionPolicy Unrestricted -e " + encoded("'y'"), "y\r\n"),
        ("C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe -ec " + encoded("'z'"), "z\r\n"),
        ('powershell -Command "Write-Output \\"q r\\""', "q r\r\n"),
    ],
)
def test_given_powershell_when_called_then_its_script_runs(line: str, stdout: str) -> None:
    assert done(line) == Completed(stdout, "", 0)


def test_given_a_script_on_standard_input_when_asked_for_then_it_runs() -> None:
    assert done("powershell -Command -", "'a'\r\n'b'\r\n").stdout == "a\r\nb\r\n"


def test_given_a_program_that_no_host_has_when_run_then_the_command_processor_says_so() -> None:
    text = "'no-such' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
    assert done("no-such /x") == Completed("", text, 1)
    assert not knows_program("no-such /x")


@pytest.mark.parametrize(
    "line", ["hostname", "ipconfig /all", "cmd /c dir", "pwsh -c 1", "powershell -File x.ps1", "powershell"]
)
def test_given_a_program_that_hosts_have_when_it_is_not_modelled_then_it_is_refused(line: str) -> None:
    assert knows_program(line)
    completed = done(line)
    assert completed.stderr.startswith("NotImplemented: asr-simulator does not model ")
    assert completed.exit_code == 1


@pytest.mark.parametrize(
    ("line", "reads"),
    [
        ("powershell -Command -", True),
        ("powershell -enc " + encoded("@($input) -join ''"), True),
        ("powershell -enc " + encoded("[Console]::In.ReadToEnd()"), True),
        ("powershell -Command Get-Date", False),
        ("no-such", False),
    ],
)
def test_given_a_command_when_it_reads_its_input_then_that_is_known(line: str, reads: bool) -> None:
    assert reads_input(line) is reads

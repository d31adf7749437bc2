# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a command does on a Windows host: PowerShell with the host's own commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from asr_simulator.hyperv import Host, HyperV
from asr_simulator.hyperv.cmdlets import commands_of, names_of
from asr_simulator.wsman import RemoteHost
from powershell_subset import ADMINISTRATORS, Machine, reads_input, run_command_line

ADVICE = "What a user's command answers is told by `commands` of its host in the scenario, see docs/rehearsal.md"


@dataclass(frozen=True)
class Shown:
    """What comes of a command line that has ended. ``is_whole``: nothing of its output was lost."""

    stdout: str
    stderr: str
    exit_code: int
    is_whole: bool


class HostCommands:
    """Runs command lines on the hosts of a world."""

    def __init__(self, hyperv: HyperV) -> None:
        self._hyperv = hyperv

    def knows_program(self, command_line: str) -> bool:
        """Always: of programs but PowerShell nothing is known, and they are refused when they are to run."""
        return True

    def reads_input(self, command_line: str) -> bool:
        """Whether the command waits for the end of its standard input."""
        return reads_input(command_line)

    def run(
        self,
        host: RemoteHost,
        command_line: str,
        stdin: bytes,
        environment: Mapping[str, str],
        pause: Callable[[float], None],
    ) -> Shown:
        """Run the line on the host until it ends; the host's clock is what the command sees."""
        where = self._hyperv.host(host.name)
        sent = b"" if where.remoting.input_lost else stdin
        with self._hyperv.watched(where) as changes:
            machine = machine_of(self._hyperv, host.name, environment, pause)
            done = run_command_line(command_line, sent, machine, ADVICE)
        stdout, is_whole = where.remoting.shown(done.stdout, changed=bool(changes))
        return Shown(stdout, done.stderr, done.exit_code, is_whole)


def machine_of(hyperv: HyperV, name: str, environment: Mapping[str, str], pause: Callable[[float], None]) -> Machine:
    """A host as PowerShell sees it. ``pause`` is what a command calls that lets simulated seconds pass."""
    host = hyperv.host(name)
    return Machine(
        commands=commands_of(hyperv, host, pause),
        now=lambda: hyperv.now_of(host),
        environment={**_environment(host), **environment},
        version=host.os.powershell,
        groups=frozenset({ADMINISTRATORS} if host.administered else ()),
        constrained=host.constrained,
        absent=names_of(hyperv, host),
        answers=host.answers,
    )


def _environment(host: Host) -> dict[str, str]:
    """What every session finds in its environment."""
    return {
        "COMPUTERNAME": host.short_name,
        "USERDNSDOMAIN": host.domain.upper(),
        "SystemDrive": "C:",
        "SystemRoot": "C:\\Windows",
        "windir": "C:\\Windows",
    }

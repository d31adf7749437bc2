# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a command does on a Windows host: PowerShell with the host's own commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from asr_simulator.hyperv import Host
from powershell_subset import Completed, run_command_line
from powershell_subset.console import knows_program, reads_input
from powershell_subset.members.principals import ADMINISTRATORS

if TYPE_CHECKING:
    from asr_simulator.world import World
    from asr_simulator.wsman import RemoteHost


class HostCommands:
    """Runs command lines on the hosts of a world."""

    def knows_program(self, command_line: str) -> bool:
        """Whether the program that the line begins with is there."""
        return knows_program(command_line)

    def reads_input(self, command_line: str) -> bool:
        """Whether the command waits for the end of its standard input."""
        return reads_input(command_line)

    def run(
        self, world: World, host: RemoteHost, command_line: str, stdin: bytes, environment: Mapping[str, str]
    ) -> Completed:
        """Run the line on the host until it ends; the host's clock is what the command sees."""
        found = world.hyperv.host(host.name)
        commands = world.hyperv.commands_of(found)
        variables = {**_environment(found), **environment}
        return run_command_line(
            command_line,
            stdin,
            commands,
            lambda: world.hyperv.now_of(found),
            variables,
            found.os.powershell,
            (ADMINISTRATORS,) if found.administered else (),
            found.constrained,
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

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of VMware PowerCLI that are called as those of Windows are; connected to nothing, they all refuse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asr_simulator.hyperv.cmdlets.place import Place
from powershell_subset import Call, Command, CommandError

MODULE = "VMware.VimAutomation.Core"
NAMES = ("Get-Cluster", "Get-VM", "Get-VMHost", "Set-VM", "Stop-VM")
MESSAGE = "You are not currently connected to any servers. Please connect first using a Connect cmdlet."
EXCEPTION = "VMware.VimAutomation.ViCore.Types.V1.ErrorHandling.ViServerConnectionException"


def commands(place: Place) -> list[Command]:
    """The commands; none where PowerCLI is not installed."""
    return [_command(name) for name in NAMES] if place.host.has_powercli else []


def _command(name: str) -> Command:
    parameters = ("Id", "VM", "AutomaticStartAction", "Server")
    switches = ("Confirm", "Force", "TurnOff")
    class_name = f"VMware.VimAutomation.ViCore.Cmdlets.Commands.{name.replace('-', '')}"
    positional = ("Name",)
    return Command(name, _refuse, parameters, positional, switches, "VM", module=MODULE, class_name=class_name)


def _refuse(call: Call) -> Iterable[Any]:
    raise CommandError(MESSAGE, "Core_BaseCmdlet_NotConnectedError", "ResourceUnavailable", exception=EXCEPTION)

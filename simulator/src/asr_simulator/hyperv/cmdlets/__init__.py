# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of a PowerShell session on a host, as the real modules have them.

A module is there when the host has what it belongs to: without the role there is no Get-VM.
"""

from __future__ import annotations

from asr_simulator.hyperv.cmdlets import (
    checkpoints,
    cim,
    clusters,
    disks,
    machines,
    networks,
    powercli,
    security,
    servers,
    switching,
    vmm,
)
from asr_simulator.hyperv.cmdlets.place import Pause, Place
from asr_simulator.hyperv.estate import HyperV
from asr_simulator.hyperv.hosts import Host
from powershell_subset import Command

EVERYWHERE = (cim.commands, servers.commands, networks.card_commands, clusters.commands, vmm.commands)
OF_HYPER_V = (
    machines.commands,
    checkpoints.commands,
    disks.commands,
    networks.commands,
    switching.commands,
    security.commands,
    servers.host_commands,
)


def commands_of(hyperv: HyperV, host: Host, pause: Pause) -> dict[str, Command]:
    """The commands that a session on the host knows, by their names in small letters.

    Of two modules that have a command of one name, the bare name is that of the module which comes first; the other's
    needs its module before it.
    """
    place = Place(hyperv, host, pause)
    makers = (*EVERYWHERE, *OF_HYPER_V) if host.has_module else EVERYWHERE
    known = {command.name.lower(): command for make in makers for command in make(place)}
    first = {command.name.lower(): command for command in powercli.commands(place)}
    hidden = {f"{known[name].module.lower()}\\{name}": known[name] for name in first if name in known}
    return {**known, **first, **hidden}


def names_of(hyperv: HyperV, host: Host) -> frozenset[str]:
    """The names of all commands that this host or another may have, in small letters."""
    place = Place(hyperv, host, hyperv.clock.advance)
    here = [command.name for make in (*EVERYWHERE, *OF_HYPER_V) for command in make(place)]
    return frozenset(name.lower() for name in (*here, *clusters.NAMES, *vmm.NAMES, *security.NAMES))

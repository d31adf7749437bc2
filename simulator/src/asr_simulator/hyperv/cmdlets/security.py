# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-VMSecurity, which came with 2016; what it gives names no virtual machine."""

from __future__ import annotations

from collections.abc import Iterable

from asr_simulator.hyperv.cmdlets.machines import machines_of
from asr_simulator.hyperv.cmdlets.place import Place
from powershell_subset import Call, Command, PSObject

NAMES = ("Get-VMSecurity",)
WITHOUT = "6.3.9600"


def commands(place: Place) -> list[Command]:
    """The command; none on 2012 R2."""
    if place.host.os.version == WITHOUT:
        return []
    return [place.hyper_v("Get-VMSecurity", _show, ("VM",), positional=("VMName",), pipeline="VM")]


def _show(place: Place, call: Call) -> Iterable[PSObject]:
    for machine in machines_of(place, call):
        values = {
            "TpmEnabled": machine.has_tpm,
            "KsdEnabled": False,
            "Shielded": machine.has_tpm and machine.is_shielded,
            "EncryptStateAndVmMigrationTraffic": False,
            "ComputerName": place.host.short_name,
        }
        yield PSObject("Microsoft.HyperV.PowerShell.VMSecurity", values)

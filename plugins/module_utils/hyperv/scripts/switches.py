# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network adapters of a virtual switch, by their descriptions: those that the host has at this moment."""

from __future__ import annotations

FUNCTIONS = r"""
# None for an external switch whose adapter is gone: its one description is null then. The adapter of a switch with
# embedded teaming is no adapter, only its members are; 2012 R2 has neither such switches nor a list.
function Get-SwitchAdapter {
    param($VMSwitch)
    $descriptions = $VMSwitch.NetAdapterInterfaceDescriptions
    if ($null -eq $descriptions -and -not $VMSwitch.EmbeddedTeamingEnabled) {
        $descriptions = @($VMSwitch.NetAdapterInterfaceDescription)
    }
    foreach ($description in $descriptions) { if ([string] $description -ne '') { [string] $description } }
}
"""

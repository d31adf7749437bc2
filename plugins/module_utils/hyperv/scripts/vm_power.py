# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read one virtual machine, stop it, or keep its host from starting it.

Input: C({"id": guid, "action": "read" | "shut_down" | "turn_off" | "hold"}). C(hold) sets the automatic start action to
Nothing. A machine that is already as the action leaves it is left alone. None of that id, or several, are an error.

Output: C({"before": machine, "after": machine, "failure": text or null}), a machine being C({"id", "name", "state",
"automatic_start_action", "is_clustered"}). C(failure) is the host's own word for why it does not shut down or turn off;
what the machine is then is in C(after).
"""

from __future__ import annotations

SCRIPT = r"""
param($Request)
$ErrorActionPreference = 'Stop'

# Never Hyper-V\Get-VM -Name: it takes wildcards. By its id no namesake is ever touched.
function Get-Wanted {
    $id = ([string] $Request.id).ToUpperInvariant()
    $found = @(Hyper-V\Get-VM | Where-Object { ([string] $_.Id).ToUpperInvariant() -eq $id })
    if ($found.Count -ne 1) { throw "$($found.Count) virtual machines here have the id $($Request.id)." }
    $found[0]
}

function Get-Facts {
    param($Machine)
    [ordered]@{
        id = [string] $Machine.Id
        name = [string] $Machine.Name
        state = [string] $Machine.State
        automatic_start_action = [string] $Machine.AutomaticStartAction
        is_clustered = [bool] $Machine.IsClustered
    }
}

$action = [string] $Request.action
$machine = Get-Wanted
$before = Get-Facts $machine
$failure = $null
if ($action -eq 'hold') {
    if ($before.automatic_start_action -ne 'Nothing') { Hyper-V\Set-VM -VM $machine -AutomaticStartAction Nothing }
} elseif ($action -ne 'read' -and $before.state -ne 'Off') {
    try {
        # -Force answers what would be asked: the guest is shut down, not turned off, without -TurnOff.
        if ($action -eq 'turn_off') { Hyper-V\Stop-VM -VM $machine -TurnOff -Force -Confirm:$false }
        else { Hyper-V\Stop-VM -VM $machine -Force -Confirm:$false }
    } catch { $failure = [string] $_.Exception.Message }
}

[ordered]@{ before = $before; after = (Get-Facts (Get-Wanted)); failure = $failure }
"""

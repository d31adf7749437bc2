# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, stop or start one virtual machine.

Input: C({"id": guid or "", "name": text, "action": "read" | "shut_down" | "turn_off" | "start"}). With an id only the
machine of that id is meant, else the only one of exactly that name; none or several are an error. A machine that is
already as the action leaves it is left alone.

Output: C({"before": machine, "after": machine, "changed": bool}), a machine being C({"id", "name", "state",
"heartbeat", "uptime_seconds"}).
"""

from __future__ import annotations

SCRIPT = r"""
param($Request)
$ErrorActionPreference = 'Stop'

# Never Hyper-V\Get-VM -Name: it takes wildcards, and a name may hold them.
function Get-Wanted {
    $id = [string] $Request.id
    $name = [string] $Request.name
    if ($id) {
        $found = @(Hyper-V\Get-VM | Where-Object { [string] $_.Id -eq $id })
    } else {
        $found = @(Hyper-V\Get-VM | Where-Object { ([string] $_.Name).Equals($name) })
    }
    if ($found.Count -ne 1) { throw "$($found.Count) virtual machines here are '$name' $id." }
    $found[0]
}

function Get-Facts {
    param($Machine)
    [ordered]@{
        id = [string] $Machine.Id
        name = [string] $Machine.Name
        state = [string] $Machine.State
        heartbeat = [string] $Machine.Heartbeat
        uptime_seconds = [int64] $Machine.Uptime.TotalSeconds
    }
}

$machine = Get-Wanted
$before = Get-Facts $machine
$after = $before
$target = @{ start = 'Running'; shut_down = 'Off'; turn_off = 'Off' }[[string] $Request.action]
$changed = [bool] $target -and $before.state -ne $target
if ($changed) {
    if ($target -eq 'Running') { $null = Hyper-V\Start-VM -VM $machine }
    elseif ($Request.action -eq 'turn_off') { $null = Hyper-V\Stop-VM -VM $machine -TurnOff -Force -Confirm:$false }
    else { $null = Hyper-V\Stop-VM -VM $machine -Force -Confirm:$false }
    $after = Get-Facts (Get-Wanted)
}

[ordered]@{ before = $before; after = $after; changed = $changed }
"""

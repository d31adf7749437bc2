# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read one virtual machine, ask its guest to shut down, turn it off, or keep its host from starting it.

Input: C({"id": guid, "action": "read" | "shut_down" | "turn_off" | "keep_off", "off": [state], "close_applications":
bool}).
C(shut_down) asks the guest and returns at once; C(close_applications) lets it close those with unsaved data.
C(keep_off) sets the automatic start action to Nothing. A machine that is already as the action leaves it is left alone:
it is off in each of the states C(off).

Output: C({"before": machine, "after": machine or null, "sent": bool, "code": number or null, "failure": text or null,
"unread": text or null}), a machine being C({"id", "name", "state", "automatic_start_action", "is_clustered"}). C(sent):
a change was asked for. C(code) is what InitiateShutdown returned. C(failure) is the host's own word against a change;
C(unread) that for why the machine could not be read after it. That it cannot be read before is an error when it is only
to be read; else C(before) is null, C(failure) tells, and nothing was changed.
"""

from __future__ import annotations

SCRIPT = r"""
param($Request)
$ErrorActionPreference = 'Stop'

# By its id alone: -Name takes wildcards, and where all are listed one that cannot be read ends the look at the others.
function Get-Wanted {
    $found = @(Hyper-V\Get-VM -Id $Request.id)
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

# Not Stop-VM: it waits, and with -Force it turns a machine off whose guest does not shut down within five minutes.
function Start-Shutdown {
    param($Machine)
    $filter = "SystemName='" + ([string] $Machine.Id).ToUpperInvariant() + "'"
    $space = 'root/virtualization/v2'
    $components = @(Get-CimInstance -Namespace $space -ClassName Msvm_ShutdownComponent -Filter $filter)
    if ($components.Count -eq 0) { return }
    $arguments = @{
        Force = [bool] $Request.close_applications
        Reason = 'The failback of this virtual machine is undone.'
    }
    $answer.sent = $true
    $called = Invoke-CimMethod -InputObject $components[0] -MethodName InitiateShutdown -Arguments $arguments
    $answer.code = $called.ReturnValue
}

$action = [string] $Request.action
$answer = [ordered]@{ before = $null; after = $null; sent = $false; code = $null; failure = $null; unread = $null }
try {
    $machine = Get-Wanted
    $answer.before = Get-Facts $machine
} catch {
    if ($action -eq 'read') { throw }
    $answer.failure = [string] $_.Exception.Message
    return $answer
}
if ($action -eq 'read') {
    $answer.after = $answer.before
    return $answer
}
$isOff = @($Request.off) -contains $answer.before.state
try {
    if ($action -eq 'keep_off') {
        if ($answer.before.automatic_start_action -ne 'Nothing') {
            $answer.sent = $true
            Hyper-V\Set-VM -VM $machine -AutomaticStartAction Nothing
        }
    } elseif ($action -eq 'shut_down') {
        if (-not $isOff) { Start-Shutdown $machine }
    } elseif ($action -eq 'turn_off') {
        if (-not $isOff) {
            $answer.sent = $true
            Hyper-V\Stop-VM -VM $machine -TurnOff -Force -Confirm:$false
        }
    }
} catch { $answer.failure = [string] $_.Exception.Message }
# What is not to be read afterwards makes nothing undone.
try { $answer.after = Get-Facts (Get-Wanted) } catch { $answer.unread = [string] $_.Exception.Message }
$answer
"""

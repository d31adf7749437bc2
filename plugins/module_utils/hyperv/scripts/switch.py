# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ensure that a host has a virtual switch of a name.

Input: C({"name", "type": "External" | "Internal" | "Private", "net_adapter": text or null, "allow_management_os": bool
or null, "change_type": bool, "check_mode": bool}). Null leaves a property alone. The adapter is found by its name or
its description.

Output: C({"before": switch or null, "after": switch, "refusal": null, "unread": null}), a switch being C({"id", "name",
"type", "adapter", "adapters", "embedded_teaming", "allow_management_os"}); in check mode C(after) is foretold, and the
id of a switch that does not exist yet is empty. C(unread) tells why it could not be read after it was changed; C(after)
is null then. Or nothing is changed, C(after) is null and C(refusal) why: C(several) switches have the name, it is of
C(another_type), none is shown and C(unseen) may be what there is, as the account may not administer Hyper-V, an
external one C(needs_adapter) or has C(lost_adapter), not exactly one C(adapter) is called so, C(adapter_disabled) or
C(adapter_taken) by the switch C(taken_by), or it is an C(lbfo_team) or a C(virtual_adapter), which no switch may use
(of a team that holds since Windows Server 2022: Microsoft, "Features removed or no longer developed starting with
Windows Server 2022"). What Set-VMSwitch never does, whatever is allowed: other adapters or another type of a C(team)
(embedded teaming), another type of an external switch with C(sr_iov). C(adapters) are those that there are.
"""

from __future__ import annotations

from .rights import FUNCTIONS
from .switches import FUNCTIONS as SWITCHES

SCRIPT = (
    r"""
param($Request)
$ErrorActionPreference = 'Stop'

"""
    + FUNCTIONS
    + SWITCHES
    + r"""
function Find-Switch {
    $wanted = $Request.name.ToUpperInvariant()
    @(Hyper-V\Get-VMSwitch | Where-Object { ([string] $_.Name).ToUpperInvariant().Equals($wanted) })
}

function Get-Facts {
    param($VMSwitch)
    $adapter = $null
    if ($VMSwitch.NetAdapterInterfaceDescription) { $adapter = [string] $VMSwitch.NetAdapterInterfaceDescription }
    [ordered]@{
        id = [string] $VMSwitch.Id
        name = [string] $VMSwitch.Name
        type = [string] $VMSwitch.SwitchType
        adapter = $adapter
        adapters = @(Get-SwitchAdapter $VMSwitch)
        embedded_teaming = [bool] $VMSwitch.EmbeddedTeamingEnabled
        allow_management_os = [bool] $VMSwitch.AllowManagementOS
    }
}

$type = [string] $Request.type
$isExternal = $type -eq 'External'
$found = @(Find-Switch)
$existing = $null
$before = $null
$after = [ordered]@{
    id = ''
    name = [string] $Request.name
    type = $type
    adapter = $null
    adapters = @()
    embedded_teaming = $false
    allow_management_os = $type -ne 'Private'
}
if ($found.Count -eq 1) {
    $existing = $found[0]
    $before = Get-Facts $existing
    $after = Get-Facts $existing
    $after.type = $type
}

$isTeam = ($null -ne $before) -and $before.embedded_teaming
$adapters = @()
$adapter = $null
$isNew = $false
$takenBy = $null
$refusal = $null
$unread = $null
if ($isExternal -and $Request.net_adapter) {
    $wanted = $Request.net_adapter.ToUpperInvariant()
    $adapters = @(NetAdapter\Get-NetAdapter)
    $fitting = @($adapters | Where-Object {
        ([string] $_.Name).ToUpperInvariant().Equals($wanted) -or
        ([string] $_.InterfaceDescription).ToUpperInvariant().Equals($wanted)
    })
    if ($fitting.Count -eq 1) {
        $adapter = $fitting[0]
        $description = [string] $adapter.InterfaceDescription
        $isNew = $after.adapters -notcontains $description
        foreach ($other in Hyper-V\Get-VMSwitch) {
            $isOther = ($null -eq $existing) -or ([string] $other.Id -ne [string] $existing.Id)
            if ($isOther -and @(Get-SwitchAdapter $other) -contains $description) { $takenBy = [string] $other.Name }
        }
        if ($isNew -and $null -ne $takenBy) { $refusal = 'adapter_taken' }
        elseif ($isNew -and [string] $adapter.Status -eq 'Disabled') { $refusal = 'adapter_disabled' }
        elseif ($isNew -and $description -like 'Hyper-V Virtual Ethernet Adapter*') { $refusal = 'virtual_adapter' }
        elseif ($isNew -and $description -like 'Microsoft Network Adapter Multiplexor Driver*') {
            $key = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
            if ([int] (Get-ItemProperty -LiteralPath $key -Name 'CurrentBuild').CurrentBuild -ge 20348) {
                $refusal = 'lbfo_team'
            }
        }
        if ($isNew -and $isTeam) { $refusal = 'team' }
        if ($isNew) {
            $after.adapter = $description
            $after.adapters = @($description)
        }
    } else { $refusal = 'adapter' }
} elseif ($isExternal) {
    if ($null -eq $before -or $before.type -ne $type) { $refusal = 'needs_adapter' }
    elseif ($after.adapters.Count -eq 0) { $refusal = 'lost_adapter' }
} else {
    $after.adapter = $null
    $after.adapters = @()
    $after.allow_management_os = $type -eq 'Internal'
}
if ($isExternal -and $null -ne $Request.allow_management_os) {
    $after.allow_management_os = [bool] $Request.allow_management_os
}
if ($null -ne $before -and $before.type -ne $type) {
    if (-not $Request.change_type) { $refusal = 'another_type' }
    if ($before.type -eq 'External' -and $existing.IovEnabled) { $refusal = 'sr_iov' }
    if ($isTeam) { $refusal = 'team' }
}
if ($found.Count -gt 1) { $refusal = 'several' }
if ($found.Count -eq 0 -and -not (Test-MayAdministerHyperV)) { $refusal = 'unseen' }
if ($null -ne $refusal) {
    return [ordered]@{
        before = $before
        after = $null
        refusal = $refusal
        taken_by = $takenBy
        adapters = @(foreach ($one in $adapters) { [string] $one.Name })
        unread = $null
    }
}

if (-not $Request.check_mode) {
    $shared = $after.allow_management_os
    if ($null -eq $existing -and $isExternal) {
        $null = Hyper-V\New-VMSwitch -Name $after.name -NetAdapterName $adapter.Name -AllowManagementOS $shared
    } elseif ($null -eq $existing) {
        $null = Hyper-V\New-VMSwitch -Name $after.name -SwitchType $type
    } elseif (-not $isExternal) {
        if ($before.type -ne $type) { Hyper-V\Set-VMSwitch -VMSwitch $existing -SwitchType $type }
    } elseif ($isNew) {
        Hyper-V\Set-VMSwitch -VMSwitch $existing -NetAdapterName $adapter.Name -AllowManagementOS $shared
    } elseif ($before.allow_management_os -ne $shared) {
        Hyper-V\Set-VMSwitch -VMSwitch $existing -AllowManagementOS $shared
    }
    # What is not to be read afterwards makes nothing undone.
    $after = $null
    try {
        $made = @(Find-Switch)
        if ($made.Count -ne 1) { throw "There are $($made.Count) virtual switches '$($Request.name)'." }
        $after = Get-Facts $made[0]
    } catch { $unread = [string] $_.Exception.Message }
}

[ordered]@{ before = $before; after = $after; refusal = $null; taken_by = $null; adapters = @(); unread = $unread }
"""
)

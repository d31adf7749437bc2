# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions of a script that reads many parts, of which any may fail. The script has C($problems), a list for these."""

from __future__ import annotations

FUNCTIONS = r"""
function Read-Part {
    param([string] $Part, [scriptblock] $Read, [string] $Of = '')
    try { $found = @(& $Read) } catch {
        Add-Problem $Part $_ $Of
        return
    }
    $found
}

# $Of is the machine whose part it is, where the host's own words need not name it.
function Add-Problem {
    param([string] $Part, $Failure, [string] $Of = '')
    $words = [string] $Failure.Exception.Message
    if ($Of -ne '') { $words = $Of + ': ' + $words }
    $null = $problems.Add([ordered]@{ part = $Part; message = $words })
}

# What a function does not return is no null to ConvertTo-Json of 5.1, but an empty object.
function Read-One {
    param([string] $Part, [scriptblock] $Read)
    $found = @(Read-Part $Part $Read)
    if ($found.Count -gt 0) { $found[0] } else { $null }
}

function Get-TextOrNull {
    param($Value)
    if ([string] $Value -ne '') { [string] $Value } else { $null }
}

function Get-Utc {
    param($Time)
    if ($null -ne $Time) { $Time.ToUniversalTime().ToString('o') } else { $null }
}

# The members of each virtual machine under its id: asked for all machines at once, which is many times faster.
function Get-ByMachine {
    param($Things)
    $index = @{}
    foreach ($thing in $Things) {
        $id = [string] $thing.VMId
        if (-not $index.ContainsKey($id)) { $index[$id] = New-Object System.Collections.ArrayList }
        $null = $index[$id].Add($thing)
    }
    $index
}
"""

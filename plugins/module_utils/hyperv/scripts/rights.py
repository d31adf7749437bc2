# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Hyper-V shows all that it has: to an account without rights it shows nothing, and says no word about it."""

from __future__ import annotations

FUNCTIONS = r"""
function Test-MayAdministerHyperV {
    $caller = New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())
    # Administrators and Hyper-V Administrators; the token of an administrator that UAC has filtered is of neither.
    $roles = @(foreach ($sid in 'S-1-5-32-544', 'S-1-5-32-578') {
        $role = New-Object Security.Principal.SecurityIdentifier $sid
        if ($caller.IsInRole($role)) { $sid }
    })
    $roles.Count -gt 0
}
"""

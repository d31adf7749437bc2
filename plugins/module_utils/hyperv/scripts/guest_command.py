# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command of the user's in a guest.

Input: C({"command": text, "begins": mark, "ends": mark}). It returns nothing: what the console shows between the marks
is the command's output, and PowerShell's exit code is that of the command, or of its last program.

An error ends the command, as everywhere under the bootstrap, which tells it. C(exit) ends PowerShell itself, with its
code and without the second mark; all that it had to show stands behind the first.
"""

from __future__ import annotations

# The streams are not merged: Windows PowerShell 5.1 would take a program's standard error for errors of its own. Behind
# Out-Host every program is waited for; behind Out-Default one that has windows is not, and has no exit code.
SCRIPT = r"""
param($Request)
Write-Host $Request.begins
& ([ScriptBlock]::Create($Request.command)) | Out-Host
Write-Host $Request.ends
exit [int] $LASTEXITCODE
"""

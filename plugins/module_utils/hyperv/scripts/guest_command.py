# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command of the user's in a guest.

Input: C({"command": text}). Output: C({"exit_code": int, "output": text}); the code is that of the last program.

An error ends the command, as everywhere under the bootstrap. C(exit) ends PowerShell itself, without an answer.
"""

from __future__ import annotations

# The streams are not merged: Windows PowerShell 5.1 would take a program's standard error for errors of its own.
SCRIPT = r"""
param($Request)
$output = & ([ScriptBlock]::Create($Request.command)) | Out-String
@{ exit_code = [int] $LASTEXITCODE; output = [string] $output }
"""

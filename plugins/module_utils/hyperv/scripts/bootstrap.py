# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PowerShell that a command line starts, whatever the question. It gets the question on its standard input.

What passes in either direction is base64 of JSON in UTF-8, which no code page of the host can change:

- in: C({"script": text, "input": {...}}), in lines of any length;
- out: C({"result": what the script returned}), or C({"error": {"message", "id", "category", "line"}}) and exit code 1.

Windows PowerShell 5.1 writes such a line unbroken, however long it is.
"""

from __future__ import annotations

BOOTSTRAP = r"""
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$code = 0
try {
    $sent = [Convert]::FromBase64String(@($input) -join '')
    $question = ConvertFrom-Json -InputObject ([Text.Encoding]::UTF8.GetString($sent))
    $answer = @{ result = & ([ScriptBlock]::Create($question.script)) $question.input }
} catch {
    $code = 1
    $answer = @{
        error = @{
            message = [string] $_.Exception.Message
            id = [string] $_.FullyQualifiedErrorId
            category = [string] $_.CategoryInfo.Category
            line = [string] $_.InvocationInfo.Line
        }
    }
}
$json = ConvertTo-Json -InputObject $answer -Depth 8 -Compress
Write-Output ([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($json)))
exit $code
"""

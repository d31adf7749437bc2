# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PowerShell that a command line starts, whatever the question. It gets the question on its standard input.

What passes in either direction is base64 of JSON in UTF-8, which no code page of the host can change:

- in: C(NONCE:BASE64:), in lines of any length; the JSON is C({"script": text, "input": {...}}). The last colon tells a
  question that arrived from one that was cut off.
- out: C(<NONCE>BASE64</NONCE>) somewhere among whatever else the console shows; the JSON is C({"result": what the
  script returned}), or C({"error": {"message", "id", "category", "line", "not_run"}}) and exit code 1. C(not_run) says
  why the script was not begun: C(input), as the question did not arrive, or C(language_mode). It is empty once it was.

Constrained Language Mode has cmdlets and core types, but no methods of others: there the JSON stands as it is, ASCII.

Windows PowerShell 5.1 writes such a line unbroken, however long it is.
"""

from __future__ import annotations

BOOTSTRAP = r"""
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$mode = [string] $ExecutionContext.SessionState.LanguageMode
$parts = @((@($input) -join '') -split ':')
$nonce = [string] $parts[0]
$code = 1
try {
    $not_run = 'input'
    if ($parts.Count -ne 3) { throw 'Standard input ended before the end of the question.' }
    $not_run = 'language_mode'
    if ($mode -ne 'FullLanguage') { throw $mode }
    $not_run = 'input'
    $sent = [Convert]::FromBase64String($parts[1])
    $question = ConvertFrom-Json -InputObject ([Text.Encoding]::UTF8.GetString($sent))
    $not_run = ''
    $answer = @{ result = & ([ScriptBlock]::Create($question.script)) $question.input }
    $code = 0
} catch {
    $answer = @{
        error = @{
            message = [string] $_.Exception.Message
            id = [string] $_.FullyQualifiedErrorId
            category = [string] $_.CategoryInfo.Category
            line = [string] $_.InvocationInfo.Line
            not_run = $not_run
        }
    }
}
$text = ConvertTo-Json -InputObject $answer -Depth 8 -Compress
if ($mode -eq 'FullLanguage') { $text = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($text)) }
Write-Output "<$nonce>$text</$nonce>"
exit $code
"""

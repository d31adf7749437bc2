# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cmdlets that PowerShell itself brings, as far as the subset has them."""

from __future__ import annotations

import pytest
from support.powershells import IN_BOTH, REFUSAL, lines_in, run

THINGS = (
    "$o = [pscustomobject]@{n = 'b'; v = 2}, [pscustomobject]@{n = 'a'; v = 1}, [pscustomobject]@{n = 'B'; v = 3}; "
)
ROWS: list[tuple[str, list[str]]] = [
    ("1..5 | Where-Object { $_ -ne 2 } | ForEach-Object { $_ * 10 }", ["10", "30", "40", "50"]),
    (
        THINGS + "($o | Where-Object v -gt 1).n -join ','; ($o | ? n -eq b).Count; $o | ? v -in 1 | % n",
        ["b,B", "2", "a"],
    ),
    (
        THINGS + "($o | Where-Object { $_.v -ne 2 } | Select-Object -First 1).n; ($o | where n -match '^A').v",
        ["a", "1"],
    ),
    ("1..3 | ForEach-Object -Begin { 's' } -Process { $_ } -End { 'e' }", ["s", "1", "2", "3", "e"]),
    ("1..3 | % { if ($_ -eq 2) { return }; $_ }; 'ab' | % Length", ["1", "3", "2"]),
    ("$null | % { 'null once' }; @() | % { 'never' }; $(if (0) { 1 }) | % { 'never' }", ["null once"]),
    ("$n = 0; 1..9 | % { $n += 1; $_ } | Select-Object -First 2; $n", ["1", "2", "2"]),
    ("1..5 | Select-Object -Last 2; 1..5 | Select-Object -Skip 3", ["4", "5", "4", "5"]),
    (THINGS + "($o | Select-Object n, @{n = 'w'; e = { $_.v * 2 }})[0] | ForEach-Object { \"$_\" }", ["@{n=b; w=4}"]),
    (THINGS + "$o | Select-Object -ExpandProperty v", ["2", "1", "3"]),
    ("Write-Output 1 2; Write-Output (3, 4); echo a", ["1", "2", "3", "4", "a"]),
    ("Write-Host a b; Write-Host -NoNewline c; 'd'", ["a b", "cd"]),
    (
        "$a = & { 'a'; Write-Host b; 1 } | Out-Host; $null -eq $a; [Console]::WriteLine('c')",
        ["a", "b", "1", "True", "c"],
    ),
    (
        "[ordered]@{x = 1; y = 'z'; n = $null; t = $true; d = 1.5} | ConvertTo-Json -Compress",
        ['{"x":1,"y":"z","n":null,"t":true,"d":1.5}'],
    ),
    (
        "@(1) | ConvertTo-Json -Compress; ConvertTo-Json @(1) -Compress; 1, 2 | ConvertTo-Json -Compress",
        ["1", "[1]", "[1,2]"],
    ),
    ("@{a = @{b = @{c = @{d = 1}}}} | ConvertTo-Json -Compress", ['{"a":{"b":{"c":"System.Collections.Hashtable"}}}']),
    ("@{a = @{b = @{c = @(1, 2)}}} | ConvertTo-Json -Compress", ['{"a":{"b":{"c":"1 2"}}}']),
    ("@{a = @{b = @{c = @(1)}}} | ConvertTo-Json -Compress -Depth 3", ['{"a":{"b":{"c":[1]}}}']),
    ("@{s = '日本 é 😀'} | ConvertTo-Json -Compress", ['{"s":"日本 é 😀"}']),
    ("(ConvertFrom-Json '[1,2]').Count; '5' | ConvertFrom-Json", ["2", "5"]),
    ("'{\"a\":', '1}' | ConvertFrom-Json | ConvertTo-Json -Compress", ['{"a":1}']),
    (
        '$j = \'{"a":[1,{"b":"x"}],"c":null}\' | ConvertFrom-Json; $j.a[1].b; $null -eq $j.c; $j.a.Count',
        ["x", "True", "2"],
    ),
    ("(@{ a = 1; b = $true; c = 'd' }.Keys | Where-Object { $_ -eq 'c' }); @{ a = @{ b = 1 } }.a.b", ["c", "1"]),
    ("'ab', 'cd' | Where-Object { $_ -like 'a*' }; 'ab', 'cd' | Where-Object Length -eq 2", ["ab", "ab", "cd"]),
    (THINGS + "$o | Where-Object n -like 'A*' | ForEach-Object n; $o | Where-Object n -in 'a', 'x' | % v", ["a", "1"]),
    ("1..4 | Select-Object -Skip 1 -First 2; $null, 2 | Select-Object -First 1", ["2", "3", "2"]),
    ("[pscustomobject]@{ a = 1 } | Select-Object a, b | ConvertTo-Json -Compress", ['{"a":1,"b":null}']),
    ("$null -eq (Get-Command -Name Write-Host -Module Microsoft.PowerShell.Utility)", ["False"]),
    ("(Get-Command Write-Host).Name; Microsoft.PowerShell.Utility\\Write-Output 1", ["Write-Host", "1"]),
    ("1, 2 | Write-Output", ["1", "2"]),
    ("Write-Host 'x'; 'y' | Write-Host; Write-Output (1, 2) | Out-Null", ["x", "y"]),
    (
        'try { [pscustomobject]@{ a = 1 } | Select-Object -ExpandProperty b -ErrorAction Stop } catch { "$_" }',
        ['Property "b" cannot be found.'],
    ),
    (
        "ConvertTo-Json ([ordered]@{ a = 0.1; b = @($null, 'x') }) -Compress",
        ['{"a":0.1,"b":[null,"x"]}'],
    ),
]
# What a later PowerShell writes differently, and why.
DIFFERING: list[tuple[str, list[str], str]] = [
    ("'a' | Out-String; (1, 2 | Out-String).Length", ["a", "", "6"], "the line end of the system"),
    (
        "[pscustomobject]@{x = 1; y = @(1, 2); z = @{q = 'r'}} | ConvertTo-Json",
        [
            "{",
            '    "x":  1,',
            '    "y":  [',
            "              1,",
            "              2",
            "          ],",
            '    "z":  {',
            '              "q":  "r"',
            "          }",
            "}",
        ],
        "the layout of JSON",
    ),
    ("ConvertTo-Json @(); @{} | ConvertTo-Json", ["[", "", "]", "{", "", "}"], "the layout of JSON"),
    (
        '@{s = "it\'s <b> & `"q`" \\ / `n`t`0"} | ConvertTo-Json -Compress',
        ['{"s":"it\\u0027s \\u003cb\\u003e \\u0026 \\"q\\" \\\\ / \\n\\t\\u0000"}'],
        "5.1 escapes ' < > and & in JSON",
    ),
    (
        "'[1,2]' | ConvertFrom-Json | ForEach-Object { $_.Count }",
        ["2"],
        "5.1 does not enumerate what ConvertFrom-Json gives",
    ),
]
REFUSED = [
    ("1 | Sort-Object", "the command Sort-Object"),
    ("1 | Group-Object", "the command Group-Object"),
    ("1 | Measure-Object", "the command Measure-Object"),
    ("1, 1 | Select-Object -Unique", "Select-Object -Unique"),
    ("1 | Select-Object -First 0", "Select-Object -First"),
    ("1 | Select-Object -Last 1 -Skip 1", "this use of Select-Object"),
    ("1 | Select-Object a -ExpandProperty b", "this use of Select-Object"),
    ("1 | Select-Object *", "a property named by System.String, or by a pattern"),
    ("@{} | Select-Object @{ n = 'a' }", "a property of this kind"),
    ("[pscustomobject]@{ a = 1 } | Select-Object a, a", "Select-Object with a property twice"),
    ("1 | Where-Object Length -eq 1 -ne", "this use of Where-Object"),
    ("1 | Where-Object -FilterScript { $_ }", "Where-Object -FilterScript"),
    ("'a' | ForEach-Object ToUpper", "ForEach-Object with anything but a script block or a property"),
    ("1 | ForEach-Object { param($x) $x }", "a script block with parameters here"),
    ("1 | ForEach-Object -Begin 5 -Process { }", "a script block with parameters here"),
    ("Get-Date -Format o", "Get-Date -Format"),
    ("Get-Date", "how the console shows System.DateTime"),
    ("Get-Date | ConvertTo-Json", "ConvertTo-Json of System.DateTime"),
    ("[pscustomobject]@{ a = 1 }", "how the console shows System.Management.Automation.PSCustomObject"),
    ("(Get-Date).ToString('s')", "ToString('s') of a DateTime"),
    ("(Get-Date).Year", "the property Year of System.DateTime"),
    ("New-Object Net.WebClient", "the type [Net.WebClient]"),
    ("New-Object System.Collections.ArrayList 5", "a new System.Collections.ArrayList with 1 arguments"),
    ("New-Object Security.Principal.SecurityIdentifier 'x'", "a SecurityIdentifier of 'x'"),
    ("New-Object Security.Principal.WindowsPrincipal 'x'", "a WindowsPrincipal of anything but"),
    ("Get-Command", "Get-Command of anything but a cmdlet"),
    ("Get-Command Get-Content", "the command Get-Content"),
    ("Write-Error 'x'", "the command Write-Error"),
    ("Write-Warning 'x'", "the command Write-Warning"),
    ("Write-Output 1 -WarningAction Stop", "Write-Output -WarningAction"),
    ("Write-Output 1 -ErrorAction Inquire", "-ErrorAction inquire"),
    ("Write-Output -InputObject 1 -InputObject 2", "Write-Output -inputobject twice"),
    ("Write-Output -InputObject", "Write-Output -inputobject without its value"),
    ("ConvertTo-Json $null", "ConvertTo-Json -Depth 2, or of $null alone"),
    ("ConvertTo-Json", "ConvertTo-Json of nothing"),
    ("try { throw 'x' } catch { ConvertTo-Json $_.CategoryInfo.Category }", "the number of System.Management"),
    ("@() | ConvertFrom-Json", "ConvertFrom-Json of nothing"),
    ("Write-Output", "Write-Output without an argument"),
    ("Out-String", "Out-String without input"),
    ("Write-Host @{ a = 1 }", "what Write-Host shows of a table"),
    ("@{ a = 1 } | Select-Object a", "the property a of System.Collections.Hashtable for Select-Object"),
    ("[pscustomobject]@{ Ab = 1 } | Select-Object ab", "the property ab of"),
    ("@{ a = 1 } | Select-Object -ExpandProperty a", "Select-Object -ExpandProperty of a table"),
    ("ConvertTo-Json 1 -Depth 0", "ConvertTo-Json -Depth 0"),
    ("ConvertTo-Json { 1 }", "ConvertTo-Json of System.Management.Automation.ScriptBlock"),
    ("'1.5' | ConvertFrom-Json", "the number 1.5 in a JSON text"),
    ("'{' | ConvertFrom-Json", "the error for a text that is no JSON"),
    ("'1', '2' | ConvertFrom-Json", "ConvertFrom-Json of several texts"),
    ('\'{"a":1,"A":2}\' | ConvertFrom-Json', "a JSON object with a name twice"),
    ("'\"/Date(1)/\"' | ConvertFrom-Json", "a date in a JSON text"),
    ("Test-Path Variable:x", "the command Test-Path"),
    ("Import-Module Hyper-V", "the command Import-Module"),
    ("& ipconfig /all", "the command ipconfig"),
    ("& @(1)", "& before anything but a name or a script block"),
]


@IN_BOTH
@pytest.mark.parametrize(("script", "expected"), ROWS)
def test_given_a_cmdlet_when_run_then_it_gives_what_powershell_gives(
    shell: str, script: str, expected: list[str]
) -> None:
    assert lines_in(shell, script) == expected


@IN_BOTH
@pytest.mark.parametrize(("script", "expected", "reason"), DIFFERING)
def test_given_what_versions_write_differently_when_run_then_it_is_what_5_1_writes(
    shell: str, script: str, expected: list[str], reason: str
) -> None:
    assert lines_in(shell, script, reason) == expected


@pytest.mark.parametrize(("script", "name"), REFUSED)
def test_given_what_is_outside_the_subset_when_run_then_it_is_refused_by_name(script: str, name: str) -> None:
    completed = run(script)
    assert completed.stderr.startswith(REFUSAL + name)
    assert (completed.stdout, completed.exit_code) == ("", 1)

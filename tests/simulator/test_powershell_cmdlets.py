# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cmdlets that PowerShell itself brings, as Windows PowerShell 5.1 has them."""

from __future__ import annotations

import pytest
from powershells import lines, run, text_of

THINGS = (
    "$o = [pscustomobject]@{n = 'b'; v = 2}, [pscustomobject]@{n = 'a'; v = 1}, [pscustomobject]@{n = 'B'; v = 3}; "
)
FILTERS = [
    ("1..5 | Where-Object { $_ % 2 } | ForEach-Object { $_ * 10 }", [10, 30, 50]),
    (THINGS + "($o | Where-Object v -gt 1).n -join ','; ($o | ? n -eq b).Count; $o | ? v -in 1 | % n", ["b,B", 2, "a"]),
    (THINGS + "($o | Where-Object { $_.v -ne 2 } | Select-Object -First 1).n; ($o | where n -match '^A').v", ["a", 1]),
    ("1..3 | ForEach-Object -Begin { 's' } -Process { $_ } -End { 'e' }", ["s", 1, 2, 3, "e"]),
    ("1..3 | % { if ($_ -eq 2) { return }; $_ }; 'ab' | % Length; 'a', 'b' | % ToUpper", [1, 3, 2, "A", "B"]),
    ("$null | % { 'null once' }; @() | % { 'never' }; $(if (0) { 1 }) | % { 'never' }", ["null once"]),
    ("$n = 0; 1..9 | % { $n++; $_ } | Select-Object -First 2; $n", [1, 2, 2]),
    ("1..5 | Select-Object -Last 2; 1..5 | Select-Object -Skip 3; 1, 1, 2 | Select-Object -Unique", [4, 5, 4, 5, 1, 2]),
    (THINGS + "($o | Select-Object n, @{n = 'w'; e = { $_.v * 2 }})[0] | ForEach-Object { \"$_\" }", ["@{n=b; w=4}"]),
    (THINGS + "$o | Select-Object -ExpandProperty v; ($o[0] | Select-Object *, x).x -eq $null", [2, 1, 3, True]),
    (THINGS + "($o | Sort-Object n, v -Descending).v -join ','; 3, 1, 2 | Sort-Object", ["3,2,1", 1, 2, 3]),
    ("'b', 'a', 'C' | Sort-Object -Descending; 'a', 'B', 'A' | Sort-Object -Unique", ["C", "b", "a", "a", "B"]),
    (THINGS + "($o | Measure-Object v -Sum -Maximum).Sum; (1..4 | Measure-Object).Count", [6, 4]),
    ("(1, 2 | Measure-Object -Average).Average; (@() | Measure-Object).Count", [1.5, 0]),
    (THINGS + "$g = $o | Group-Object n; $g[0].Name; $g[0].Count; $g[1].Group[0].v", ["b", 2, 1]),
    (THINGS + "$t = $o | Group-Object n -AsHashTable -AsString; $t['a'][0].v", [1]),
]
SESSION = [
    (
        "(Get-Command Get-Date).CommandType; $null -eq (Get-Command no-such -ErrorAction SilentlyContinue)",
        ["Cmdlet", True],
    ),
    ("function f { }; (Get-Command f).CommandType; (Get-Command Get-Da*).Name", ["Function", "Get-Date"]),
    (
        "Set-Variable q 5; $q; (Get-Variable q).Value; Get-Variable q -ValueOnly; Remove-Variable q; $null -eq $q",
        [5, 5, 5, True],
    ),
    ("Test-Path Variable:q; $q = 1; Test-Path Variable:q; Test-Path Env:COMPUTERNAME", [False, True, True]),
    ("Get-Date -Format yyyyMMdd; (Get-Date).Kind; (Get-Date '2026-05-06').DayOfYear", [20260102, "Local", 126]),
    ("Write-Output 1 2; Write-Output (3, 4); (Write-Output -NoEnumerate (5, 6)).Count; echo a", [1, 2, 3, 4, 2, "a"]),
    ("'a' | Out-String; (1, 2 | Out-String).Length", ["a", "", 6]),
    ("Write-Host a b; Write-Host -NoNewline c; 'd'", ["a b", "cd"]),
    ("Import-Module Microsoft.PowerShell.Utility; Start-Sleep 0; 'ok'", ["ok"]),
    ("Write-Verbose 'unseen'; Write-Debug 'unseen'; 'ok'", ["ok"]),
]
JSON = [
    (
        "[ordered]@{x = 1; y = 'z'; n = $null; t = $true; d = 1.5} | ConvertTo-Json -Compress",
        ['{"x":1,"y":"z","n":null,"t":true,"d":1.5}'],
    ),
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
    ),
    ("ConvertTo-Json @(); @{} | ConvertTo-Json", ["[", "", "]", "{", "", "}"]),
    (
        "@(1) | ConvertTo-Json -Compress; ConvertTo-Json @(1) -Compress; 1, 2 | ConvertTo-Json -Compress",
        ["1", "[1]", "[1,2]"],
    ),
    ("@{a = @{b = @{c = @{d = 1}}}} | ConvertTo-Json -Compress", ['{"a":{"b":{"c":"System.Collections.Hashtable"}}}']),
    ("@{a = @{b = @{c = @(1, 2)}}} | ConvertTo-Json -Compress", ['{"a":{"b":{"c":"1 2"}}}']),
    ("@{a = @{b = @{c = @(1)}}} | ConvertTo-Json -Compress -Depth 3", ['{"a":{"b":{"c":[1]}}}']),
    (
        '@{s = "it\'s <b> & `"q`" \\ / `n`t`0"} | ConvertTo-Json -Compress',
        [r'{"s":"it\u0027s \u003cb\u003e \u0026 \"q\" \\ / \n\t\u0000"}'],
    ),
    ("@{s = '\u65e5\u672c \u00e9 \U0001f600'} | ConvertTo-Json -Compress", ['{"s":"\u65e5\u672c \u00e9 \U0001f600"}']),
    ("@{d = [datetime]'2026-01-02T03:04:05Z'} | ConvertTo-Json -Compress", [r'{"d":"\/Date(1767323045000)\/"}']),
    (
        "@{e = [DateTimeKind]::Local} | ConvertTo-Json -Compress",
        ['{"e":2}'],
    ),
    (
        '$j = \'{"a":[1,{"b":"x"}],"c":null,"D":1.5}\' | ConvertFrom-Json; $j.a[1].b; $j.d.GetType().Name; !$j.c',
        ["x", "Decimal", True],
    ),
    (
        "('[1,2]' | ConvertFrom-Json | Measure-Object).Count; (ConvertFrom-Json '[1,2]').Count; '5' | ConvertFrom-Json",
        [1, 2, 5],
    ),
    ("'{\"a\":', '1}' | ConvertFrom-Json | ConvertTo-Json -Compress", ['{"a":1}']),
]


@pytest.mark.parametrize(("script", "expected"), [*FILTERS, *SESSION, *JSON])
def test_given_a_cmdlet_when_run_then_it_gives_what_windows_powershell_gives(
    script: str, expected: list[object]
) -> None:
    assert lines(script) == text_of(expected)


def test_given_the_time_when_get_date_is_shown_then_it_has_blank_lines_around_it() -> None:
    assert run("Get-Date").stdout == "\r\nFriday, January 2, 2026 3:04:05 AM\r\n\r\n\r\n"


def test_given_what_get_date_gives_when_it_becomes_json_then_its_display_hint_is_there_too() -> None:
    (text,) = lines("@{d = Get-Date} | ConvertTo-Json -Compress")
    assert text == (
        r'{"d":{"value":"\/Date(1767323045678)\/","DisplayHint":2,"DateTime":"Friday, January 2, 2026 3:04:05 AM"}}'
    )


def test_given_warnings_when_errors_are_redirected_then_they_are_there_too() -> None:
    completed = run("Write-Warning 'careful'; Write-Verbose 'more' -Verbose")
    assert (completed.stdout, completed.exit_code) == ("", 0)
    assert '<S S="warning">careful</S><S S="verbose">more</S>' in completed.stderr
    assert run("Write-Warning 'careful'", encoded=False).stdout == "WARNING: careful\r\n"

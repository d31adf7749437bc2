# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The language: what Windows PowerShell 5.1 writes for each construct."""

from __future__ import annotations

import pytest
from powershells import lines, text_of

VALUES = [
    ("1.5; 1e3; 1gb; 2KB; 0x1F; 5l; .5", [1.5, 1000, 1 << 30, 2048, 31, 5, 0.5]),
    ('\'it\'\'s\'; "q""q"; "a`tb"; "`$x"', ["it's", 'q"q', "a\tb", "$x"]),
    ('$x = 2; "$x ${x}s $($x + 1) $x.y"', ["2 2s 3 2.y"]),
    ('"$(1,2,3) $($null)|$(if ($true) { 1 })"', ["1 2 3 |1"]),
    ('@"\r\nline $(1 + 1)\r\n"two"\r\n"@', ["line 2", '"two"']),
    ("@'\nit's $x\n'@", ["it's $x"]),
    ("$a = 1, 2, 3; $a.Count; $a += 4; \"$a\"; $a[-1]; $a[1..2] -join ','", [3, "1 2 3 4", 4, "2,3"]),
    ("@().Count; @(1).Count; @($null).Count; $null.Count; (5).Count; 'abc'.Length", [0, 1, 1, 0, 1, 3]),
    ("$h = @{a = 1; B = 2}; $h.A; $h['b']; $null -eq $h.c; $h.Count", [1, 2, True, 2]),
    ("([ordered]@{z = 1; a = 2}).Keys -join ','; ([ordered]@{z = 1; a = 2})[1]", ["z,a", 2]),
    ("$o = [pscustomobject]@{N = 'q'; M = 1}; $o.n; \"$o\"", ["q", "@{N=q; M=1}"]),
    ("@([pscustomobject]@{a = 1}, [pscustomobject]@{a = 2}).a -join '+'", ["1+2"]),
    ("1..3 -join ' '; (3..1)[0]; -1..1 -join ' '", ["1 2 3", 3, "-1 0 1"]),
    ('$a, $b = 1, 2, 3; "$a|$b"; $c = $d = 5; $c + $d', ["1|2 3", 10]),
    ("$i = 1; $i++; ++$i; $i; ($i++); $i--; $i", [3, 3, 3]),
    ("$h = @{n = if ($true) { 'y' }; l = foreach ($i in 1, 2) { $i }}; $h.n; $h.l.Count", ["y", 2]),
    ("$s = [pscustomobject]@{t = @{u = @(1, @{v = 'deep'})}}; $s.t.u[1].v", ["deep"]),
    ("& { $script:x = 1 }; $x; ${global:y} = 2; $global:y; $env:COMPUTERNAME", [1, 2, "HV01"]),
    ("'abc'[0]; 'abc'[-1]; ('a', 'b', 'c')[0, 2] -join ''; $null -eq (1, 2)[7]", ["a", "c", "ac", True]),
]
OPERATORS = [
    ("10 / 4; 10 / 5; 7 % 3; -7 % 3; 2 + 3 * 4; (2 + 3) * 4; 10 - 2 - 3", [2.5, 2, 1, -1, 14, 20, 5]),
    ("2147483647 + 1; (2147483647 + 1).GetType().Name; 5GB.GetType().Name", [2147483648, "Double", "Int64"]),
    (
        "'a' + 1; '1' + 1; 1 + '1'; 'ab' * 2; (1, 2 + 3) -join ','; (@{a = 1} + @{b = 2}).Count",
        ["a1", 11, 2, "abab", "1,2,3", 2],
    ),
    (
        "1 -eq '1'; 'a' -eq 'A'; 'a' -ceq 'A'; $true -eq 'x'; $null -eq ''; '' -eq $null",
        [True, True, False, True, False, False],
    ),
    ("1 -lt '10'; '1' -lt 10; 'b' -gt 'A'; 2 -ge 2; 'a' -ne 'b'", [True] * 5),
    ("(1, 2, 3 -gt 1) -join ','; ('a', 'b', 'A' -eq 'a').Count; (1, 2 -ne 3).Count", ["2,3", 2, 2]),
    ("1, 2 -contains 2; 'a', 'b' -notcontains 'A'; 2 -in 1, 2; 3 -notin 1, 2", [True, False, True, True]),
    ("'abc' -like 'A*'; 'abc' -notlike '*z*'; 'a[1]' -like 'a`[1`]'; 'abc' -clike 'A*'", [True, True, True, False]),
    ("'abc' -match 'B(.)'; $Matches[1]; 'abc' -notmatch 'z'; ('ab', 'cd' -match 'a').Count", [True, "c", True, 1]),
    ("'k=v' -match '(?<key>\\w)=(?<value>\\w)' | Out-Null; $Matches.value + $Matches['key']", ["vk"]),
    (
        "'a-b' -replace '-', '+'; 'abc' -replace '(b)', '<$1>'; 'X' -creplace 'x', 'y'; 'a1' -replace '\\d'",
        ["a+b", "a<b>c", "X", "a"],
    ),
    (
        "('a,b;c' -split '[,;]').Count; ('k=v=w' -split '=', 2)[1]; (-split ' a  b ').Count; -join ('a', 'b')",
        [3, "v=w", 2, "ab"],
    ),
    ("'{0:N2}|{1:D3}|{2,4}|{3,-4}|{4:X}' -f 1234.567, 7, 'a', 'b', 255", ["1,234.57|007|   a|b   |FF"]),
    ("'{0}' -f $null; '{0:yyyy-MM-dd}' -f [datetime]'2026-01-02'; '{{{0}}}' -f 1", ["", "2026-01-02", "{1}"]),
    ("5 -band 3; 5 -bor 3; 5 -bxor 1; -bnot 0; 1 -shl 4", [1, 7, 4, -1, 16]),
    (
        "-not $true; !0; $true -and 0; $false -or 'x'; $true -xor $true; -not 1 -eq 0",
        [False, True, False, True, False, True],
    ),
    (
        "5 -is [int]; 'x' -isnot [string]; '5' -as [int]; $null -eq ('x' -as [int]); @() -is [array]",
        [True, False, 5, True, True],
    ),
    ("$i = 5; $i -= 2; $i *= 3; $i /= 2; $i; $i %= 2; $i", [4.5, 0.5]),
]
CASTS = [
    (
        "[int]'42'; [int]2.5; [int]3.5; [int]$null; [int][char]'A'; [int64]5GB; [uint64]::MaxValue",
        [42, 2, 4, 0, 65, 5 << 30, (1 << 64) - 1],
    ),
    (
        "[string](1, 2); [string]$null -eq ''; [string]1.10; [string]$true; [string][version]'1.2'",
        ["1 2", True, 1.1, True, "1.2"],
    ),
    ("[bool]'false'; [bool]0; [bool]@(); [bool]@(0); [bool]@(0, 0)", [True, False, False, False, True]),
    ("[char]65; [double]'1.5'; ([string[]](1, 2))[1].GetType().Name; ([byte[]](1, 2)).Count", ["A", 1.5, "String", 2]),
    ("[version]'10.0.20348' -gt [version]'6.3'; ([version]'1.2.3').Minor", [True, 2]),
    ("[guid]'{14339377-B32C-5455-8A6E-B20F40EAC02A}' -eq '14339377-b32c-5455-8a6e-b20f40eac02a'", [True]),
    (
        "([datetime]'2026-01-02T03:04:05Z').Kind; ([datetime]'2026-01-02').Kind; \"$([datetime]'2026-01-02')\"",
        ["Local", "Unspecified", "01/02/2026 00:00:00"],
    ),
    ("[array]5 | ForEach-Object { $_.GetType().Name }; ([object[]]7).Count", ["Int32", 1]),
    (
        "0.1 + 0.2; 1e15; 1e14; 123456789.125; 1.0; 1/3",
        ["0.3", "1E+15", 100000000000000, 123456789.125, 1, "0.333333333333333"],
    ),
]
STATEMENTS = [
    ("if ($null) { 1 } elseif (@()) { 2 } elseif ('0') { 3 } else { 4 }", [3]),
    ("if ($true)\n{\n'brace'\n}\nelse\n{\n'no'\n}", ["brace"]),
    ("foreach ($i in 1..4) { if ($i -eq 2) { continue }; if ($i -eq 4) { break }; $i }", [1, 3]),
    (':o foreach ($a in 1, 2) { foreach ($b in 1..3) { if ($b -eq 2) { continue o }; "$a$b" } }', [11, 21]),
    ("for ($i = 0; $i -lt 2; $i++) { $i }; $i = 3; while ($i) { $i-- }; $i", [0, 1, 0]),
    ("$i = 0; do { $i++ } while ($i -lt 3); $i; do { $i-- } until ($i -le 0); $i", [3, 0]),
    (
        "foreach ($x in $null) { 'never' }; foreach ($x in @($null)) { 'once' }; foreach ($x in 's') { $x }",
        ["once", "s"],
    ),
    ("switch (2) { 1 { 'a' } 2 { 'b' } { $_ -gt 1 } { 'c' } default { 'd' } }", ["b", "c"]),
    ("switch -Wildcard ('abc') { 'a*' { 'A'; break } 'ab*' { 'B' } }; switch ('X') { x { 1 } }", ["A", 1]),
    ("switch -Regex ('ab', 'xy') { '^a' { \"a:$_\" } 'y$' { 'y' } default { 'd' } }", ["a:ab", "y"]),
    ('$x = foreach ($i in 1..3) { $i * 2 }; "$x"; $null -eq $(if ($false) { 1 })', ["2 4 6", True]),
    ("$v = 'a' + `\n'b'; $v; <# a\nb #> 'c' # d", ["ab", "c"]),
    ("1, 2 |\n  Where-Object { $_ -gt 1 }", [2]),
    ("$null = 1; [void]2; 3 | Out-Null; 4 > $null; $(5); @(6)", [5, 6]),
    ("function t { try { return 1 } finally { 'f' } }; t", [1, "f"]),
]
FUNCTIONS = [
    (
        "function f([int]$a, $b = 5, [switch]$s) { \"$a $b $s\" }; f 1; f 2 3 -s; f -b 9 -a '4'",
        ["1 5 False", "2 3 True", "4 9 False"],
    ),
    ('function f { param([string]$A,\n# why\n[int]$B = (1 + 2))\n"$A $B" }; f q; f q -B:7', ["q 3", "q 7"]),
    ("function f { begin { 'b' } process { \"p$_\" } end { 'e' } }; 1, 2 | f", ["b", "p1", "p2", "e"]),
    ("filter q { $_ * 2 }; 1, 2 | q; function s { $input | ForEach-Object { $_ + 1 } }; 1, 2 | s", [2, 4, 2, 3]),
    ("function f { 1; return; 2 }; f; function g { ,@(9) }; (g).GetType().Name", [1, "Object[]"]),
    ("$r = & { 'a'; 'b' }; $r.Count; $r = & { 'a' }; $r.GetType().Name; $null -eq $(& { })", [2, "String", True]),
    ("$x = 5; function g { $x = 6; $x }; g; $x; . { $y = 1 }; $y; & { $z = 1 }; $null -eq $z", [6, 5, 1, True]),
    ("function o { $v = 'dynamic'; i }; function i { $v }; o", ["dynamic"]),
    ('$p = @{b = 2}; function t($a, $b) { "$a-$b" }; t 1 @p; $l = 5, 6; t @l', ["1-2", "5-6"]),
    ("& { $args.Count; $args[1] } 1 2 3; & { param($z) $z + 1 } 4", [3, 2, 5]),
    ("$f = { param($a) process { \"$a$_\" } }; 1, 2 | & $f 'x'", ["x1", "x2"]),
    (
        "function g { param([Parameter(Mandatory, ValueFromPipeline)][string[]]$N, [ValidateSet('a','b')]$M = 'a')"
        " process { foreach ($n in $N) { \"$n$M\" } } }; 'q', 'r' | g; g z -M b",
        ["qa", "ra", "zb"],
    ),
    (
        "function g { param([Alias('i')][Parameter(ValueFromPipelineByPropertyName)]$Id) process { $Id } }; "
        "[pscustomobject]@{Id = 7} | g; g -i 8",
        [7, 8],
    ),
    ("function f { [CmdletBinding()] param([switch]$F) $F.IsPresent }; f -F; f -F:$false; f", [True, False, False]),
    (
        "& 'Write-Output' hi; $c = 'Write-Output'; & $c there; $b = { 'block' }; & $b; . $b",
        ["hi", "there", "block", "block"],
    ),
    ("$s = [ScriptBlock]::Create('param($z) $z * 2'); & $s 4; \"$s\"", [8, "param($z) $z * 2"]),
]
MEMBERS = [
    (
        "'a b'.Split(' ')[1]; 'a,b'.Split(',').Count; 'abc'.Substring(1, 1); 'abc'.IndexOf('c'); ' x '.Trim()",
        ["b", 2, "b", 2, "x"],
    ),
    (
        "'a.b'.Replace('.', ''); 'aB'.ToUpper(); 'aB'.ToLowerInvariant(); 'ab'.StartsWith('a'); 'ab'.EndsWith('B')",
        ["ab", "AB", "ab", True, False],
    ),
    (
        "'ab'.StartsWith('A', 'OrdinalIgnoreCase'); 'a'.Equals('A'); 'a'.PadLeft(3) + '|'; 'a'.PadRight(2, '.')",
        [True, False, "  a|", "a."],
    ),
    (
        "'\u00df'.ToUpperInvariant(); 'h\u00e9 \u65e5\u672c'.ToUpper(); 'a\U0001f600'.Length",
        ["\u00df", "H\u00c9 \u65e5\u672c", 3],
    ),
    (
        "[string]::Join('-', 1, 2); [string]::IsNullOrEmpty(''); [string]::IsNullOrWhiteSpace(' '); "
        "[string]::Format('{0}!', 1)",
        ["1-2", True, True, "1!"],
    ),
    (
        "[math]::Round(2.5); [math]::Round(3.14159, 2); [math]::Max(1, 2.5); [math]::Floor(-1.5); [math]::Ceiling(1.2)",
        [2, 3.14, 2.5, -2, 2],
    ),
    ("$l = New-Object System.Collections.ArrayList; $l.Add(5); [void]$l.Add(6); $l.Count", [0, 2]),
    (
        "$g = [System.Collections.Generic.List[object]]::new(); $g.Add(1); $g.ToArray().GetType().Name; $g.Count",
        ["Object[]", 1],
    ),
    ("$h = @{a = 1}; $h.ContainsKey('A'); $h.Add('b', 2); $h.Remove('a'); $h.Count; $h.Keys", [True, 1, "b"]),
    ("foreach ($e in @{k = 'v'}.GetEnumerator()) { \"$($e.Key)=$($e.Value)\" }", ["k=v"]),
    ("(1, 2, 3).Where({ $_ -gt 1 }) -join ','; (1, 2).ForEach({ $_ * 2 }) -join ','", ["2,3", "2,4"]),
    (
        "(Get-Date).ToUniversalTime().ToString('o'); [datetime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ')",
        ["2026-01-02T03:04:05.6789000Z", "2026-01-02T03:04:05Z"],
    ),
    (
        "(Get-Date).ToString(); (Get-Date).DayOfWeek; (Get-Date).AddDays(30).ToString('d MMM yy'); "
        "[datetime]::UtcNow.Kind",
        ["1/2/2026 3:04:05 AM", "Friday", "1 Feb 26", "Utc"],
    ),
    (
        "([datetime]'2026-01-02' - [datetime]'2026-01-01').TotalHours; [timespan]::FromMinutes(90).ToString()",
        [24, "01:30:00"],
    ),
    (
        "[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes('\u65e5')); "
        "[Text.Encoding]::Unicode.GetString([byte[]](65, 0))",
        ["5pel", "A"],
    ),
    ("$PSVersionTable.PSVersion.Major; $PSVersionTable.PSEdition; [Environment]::MachineName", [5, "Desktop", "HV01"]),
    (
        "$o = New-Object PSObject -Property @{a = 1}; $o | Add-Member b 2; $o.PSObject.Properties.Name -join ','",
        ["a,b"],
    ),
    (
        "$null.Foo; 'text'.Foo; (5).GetType().FullName; [guid]::Empty.ToString(); [int]::MaxValue",
        ["System.Int32", "00000000-0000-0000-0000-000000000000", 2147483647],
    ),
]


@pytest.mark.parametrize(("script", "expected"), [*VALUES, *OPERATORS, *CASTS, *STATEMENTS, *FUNCTIONS, *MEMBERS])
def test_given_a_construct_when_run_then_it_writes_what_windows_powershell_writes(
    script: str, expected: list[object]
) -> None:
    assert lines(script) == text_of(expected)


def test_given_lines_on_standard_input_when_read_then_they_are_the_input() -> None:
    assert lines("@($input) -join '+'", stdin="a\r\nb\r\n") == ["a+b"]
    assert lines("[Console]::In.ReadLine()", stdin="first\r\nsecond\r\n") == ["first"]
    assert lines("$input | ForEach-Object { $_.Length }", stdin="h\u00e9\r\n") == ["2"]
    assert lines("@($input).Count") == ["0"]


def test_given_the_console_when_written_to_then_nothing_is_added() -> None:
    assert lines("[Console]::Out.Write('a'); [Console]::Out.WriteLine('b'); [Console]::Write('c')") == ["ab", "c"]

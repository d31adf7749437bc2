# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The language: what Windows PowerShell writes for each construct of the subset, and what the subset refuses."""

from __future__ import annotations

import pytest
from support.powershells import IN_BOTH, REFUSAL, lines, lines_in, run

ROWS: list[tuple[str, list[str]]] = [
    ("1.5; 1e3; 1gb; 2KB", ["1.5", "1000", "1073741824", "2048"]),
    ('\'it\'\'s\'; "q""q"; "a`tb"; "`$x"', ["it's", 'q"q', "a\tb", "$x"]),
    ('$x = 2; "$x ${x}s $($x + 1) $x.y"', ["2 2s 3 2.y"]),
    ('"$(1,2,3) $($null)|$(if ($true) { 1 })"', ["1 2 3 |1"]),
    ("$a = 1, 2, 3; $a.Count; $a += 4; \"$a\"; $a[-1]; $a[1..2] -join ','", ["3", "1 2 3 4", "4", "2,3"]),
    ("@().Count; @(1).Count; @($null).Count; $null.Count; (5).Count; 'abc'.Length", ["0", "1", "1", "0", "1", "3"]),
    ("$h = @{a = 1; B = 2}; $h.A; $h['b']; $null -eq $h.c; $h.Count", ["1", "2", "True", "2"]),
    ("([ordered]@{z = 1; a = 2}).Keys -join ','", ["z,a"]),
    ("$o = [pscustomobject]@{N = 'q'; M = 1}; $o.n; \"$o\"", ["q", "@{N=q; M=1}"]),
    ("@([pscustomobject]@{a = 1}, [pscustomobject]@{a = 2}).a -join '+'", ["1+2"]),
    ("1..3 -join ' '; (3..1)[0]; -1..1 -join ' '", ["1 2 3", "3", "-1 0 1"]),
    ("$h = @{n = if ($true) { 'y' }; l = foreach ($i in 1, 2) { $i }}; $h.n; $h.l.Count", ["y", "2"]),
    ("$s = [pscustomobject]@{t = @{u = @(1, @{v = 'deep'})}}; $s.t.u[1].v", ["deep"]),
    ("('a', 'b', 'c')[0, 2] -join ''; $null -eq (1, 2)[7]", ["ac", "True"]),
    ("10 / 4; 10 / 5; -7 / 2; 2 + 3 * 4; (2 + 3) * 4; 10 - 2 - 3", ["2.5", "2", "-3.5", "14", "20", "5"]),
    ("'a' + 1; '1' + 1; 1 + '1'; (1, 2 + 3) -join ','", ["a1", "11", "2", "1,2,3"]),
    (
        "1 -eq '1'; 'a' -eq 'A'; 'a' -ceq 'A'; $true -eq 'x'; $null -eq ''; '' -eq $null",
        ["True", "True", "False", "True", "False", "False"],
    ),
    ("1 -lt '10'; '1' -lt 10; 'b' -gt 'A'; 2 -ge 2; 'a' -ne 'b'", ["True", "True", "True", "True", "True"]),
    ("(1, 2, 3 -gt 1) -join ','; ('a', 'b', 'A' -eq 'a').Count; (1, 2 -ne 3).Count", ["2,3", "2", "2"]),
    ("1, 2 -contains 2; 'a', 'b' -notcontains 'A'; 2 -in 1, 2; 3 -notin 1, 2", ["True", "False", "True", "True"]),
    ("'abc' -like 'A*'; 'abc' -notlike '*z*'; 'a[1]' -like 'a`[1`]'", ["True", "True", "True"]),
    ("'b' -like '[a-c]'; 'd' -like '[a-c]'", ["True", "False"]),
    ("'abc' -match 'B(.)'; 'abc' -notmatch 'z'; ('ab', 'cd' -match 'a').Count", ["True", "True", "1"]),
    ("'a-b' -replace '-', '+'; 'abc' -replace '(b)', '<$1>'; 'a1' -replace '\\d'", ["a+b", "a<b>c", "a"]),
    (
        "('a,b;c' -split '[,;]').Count; ('k=v=w' -split '=', 2)[1]; (-split ' a  b ').Count; -join ('a', 'b')",
        ["3", "v=w", "2", "ab"],
    ),
    ("'{0:N2}|{1:D3}|{2,4}|{3,-4}|{4:X}' -f 1234.567, 7, 'a', 'b', 255", ["1,234.57|007|   a|b   |FF"]),
    ("'{0}' -f $null; '{{{0}}}' -f 1", ["", "{1}"]),
    ("-not $true; !0; $true -and 0; $false -or 'x'; -not 1 -eq 0", ["False", "True", "False", "True", "True"]),
    ("[int]'42'; [int]2.5; [int]3.5; [int]$null; [int64]5GB", ["42", "2", "4", "0", "5368709120"]),
    ("[string](1, 2); [string]$null -eq ''; [string]1.10; [string]$true", ["1 2", "True", "1.1", "True"]),
    ("[bool]'false'; [bool]0; [bool]@(); [bool]@(0); [bool]@(0, 0)", ["True", "False", "False", "False", "True"]),
    ("([object[]]7).Count", ["1"]),
    ("if ($null) { 1 } elseif (@()) { 2 } elseif ('0') { 3 } else { 4 }", ["3"]),
    ("if ($true)\n{\n'brace'\n}\nelse\n{\n'no'\n}", ["brace"]),
    ("foreach ($i in 1..4) { if ($i -eq 2) { continue }; if ($i -eq 4) { break }; $i }", ["1", "3"]),
    (
        "foreach ($x in $null) { 'never' }; foreach ($x in @($null)) { 'once' }; foreach ($x in 's') { $x }",
        ["once", "s"],
    ),
    ("switch ('X') { x { 1 } }", ["1"]),
    ('$x = foreach ($i in 1..3) { $i * 2 }; "$x"; $null -eq $(if ($false) { 1 })', ["2 4 6", "True"]),
    ("$v = 'a' + `\n'b'; $v; <# a\nb #> 'c' # d", ["ab", "c"]),
    ("1, 2 |\n  Where-Object { $_ -gt 1 }", ["2"]),
    ("$null = 1; [void]2; 3 | Out-Null; $(5); @(6)", ["5", "6"]),
    ("function t { try { return 1 } finally { 'f' } }; t", ["1", "f"]),
    ('function f { param([string]$A,\n# why\n[int]$B = (1 + 2))\n"$A $B" }; f q; f q -B:7', ["q 3", "q 7"]),
    ("function f { 1; return; 2 }; f", ["1"]),
    ("$r = & { 'a'; 'b' }; $r.Count; $r = & { 'a' }; $null -eq $(& { })", ["2", "True"]),
    ("$x = 5; function g { $x = 6; $x }; g; $x; $y; & { $z = 1 }; $null -eq $z", ["6", "5", "True"]),
    ("function o { $v = 'dynamic'; i }; function i { $v }; o", ["dynamic"]),
    ("& { param($z) $z + 1 } 4", ["5"]),
    ("& 'Write-Output' hi; $c = 'Write-Output'; & $c there; $b = { 'block' }; & $b", ["hi", "there", "block"]),
    ("$s = [ScriptBlock]::Create('param($z) $z * 2'); & $s 4; \"$s\"", ["8", "param($z) $z * 2"]),
    ("' x '.Trim()", ["x"]),
    (
        "'aB'.ToUpper(); 'aB'.ToLowerInvariant(); 'ab'.StartsWith('a'); 'ab'.EndsWith('B')",
        ["AB", "ab", "True", "False"],
    ),
    ("'a'.Equals('A')", ["False"]),
    ("'ß'.ToUpperInvariant(); 'hé 日本'.ToUpper(); 'a😀'.Length", ["ß", "HÉ 日本", "3"]),
    ("$l = New-Object System.Collections.ArrayList; $l.Add(5); [void]$l.Add(6); $l.Count", ["0", "2"]),
    ("$h = @{a = 1}; $h.ContainsKey('A'); $h.Add('b', 2); $h.Remove('a'); $h.Count; $h.Keys", ["True", "1", "b"]),
    ("[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes('日'))", ["5pel"]),
    ("try { throw 'a' } catch { \"c $_\" } finally { 'f' }; 'after'", ["c a", "f", "after"]),
    ("try { try { throw 'a' } catch { throw } } catch { \"outer $_\" }", ["outer a"]),
    ("function f { 1/0; 'not here' }; try { f } catch { 'caught' }", ["caught"]),
    ("$ErrorActionPreference = 'SilentlyContinue'; 'on'", ["on"]),
    ("function f { param([switch] $C) if ($C) { 'yes' } else { 'no' } }; f -C; f", ["yes", "no"]),
    ("([hashtable] @{a = 1}).a", ["1"]),
    ("$i = 1; $i += 2; $i", ["3"]),
    ("switch ('b') { a { 1 } 'b' { 2 } default { 3 } }; switch ('x') { a { 1 } default { 3 } }", ["2", "3"]),
    (
        "function f { param($A, [string] $B = '', [switch] $C) \"$A|$B|$C\" }; f 1; f -B x 2 -C; f 3 -C:$false",
        ["1||False", "2|x|True", "3||False"],
    ),
    (
        "function f { param([string[]] $P, [scriptblock] $Do) foreach ($one in $P) { & $Do $one } }; "
        "f 'a', 'b' { param($x) \"<$x>\" }",
        ["<a>", "<b>"],
    ),
    ("function f { param([bool] $On, [int] $N) if ($On) { $N } }; f $true '7'", ["7"]),
    ("$t = @{}; $t['k'] = 1; $t.j = 2; $t.k + $t['j']; $t.Remove('k'); $t.Count", ["3", "1"]),
    ("$o = [pscustomobject]@{a = 1}; $o.a = 5; $o.A", ["5"]),
    (
        "try { throw 'x' } catch { $_.Exception.Message; $_.FullyQualifiedErrorId; $_.CategoryInfo.Category }",
        ["x", "x", "OperationStopped"],
    ),
    ("try { 'a' } finally { 'f' }; try { throw 'b' } catch { 'c' } finally { 'g' }", ["a", "f", "c", "g"]),
    ("function f { foreach ($x in 1, 2) { if ($x -eq 2) { return $x } } }; f", ["2"]),
    ("'{0,5}|{1:F1}|{2:N0}' -f 'ab', 2.25, 1234567", ["   ab|2.3|1,234,567"]),
    ("@('a', 'b') -replace 'a', 'x'; 'one two' -split ' '", ["x", "b", "one", "two"]),
    ("-join ('a', 'b', 'c'); -split ' a  b '", ["abc", "a", "b"]),
    ("@(1, 2) + 3; (1, 2) + (3, 4)", ["1", "2", "3", "1", "2", "3", "4"]),
    ("'a' -in 'A', 'b'; @() -contains 1; 'x' -notin 'y'", ["True", "False", "True"]),
    (
        "[Console]::Write('a'); [Console]::WriteLine('b'); [Console]::Out.Write('c'); [Console]::Out.WriteLine('d')",
        ["ab", "cd"],
    ),
    ("-2; 3 - 5; 3 -5; (1, -1)[1]", ["-2", "-2", "-2", "-1"]),
    ("& { exit 0 }; 'never'", []),
    ("$null -eq $LASTEXITCODE; [int] $LASTEXITCODE", ["True", "0"]),
    ("'a_b'.Contains('_'); 'ab'.Equals('ab'); (7).ToString()", ["True", "True", "7"]),
]
# What a later PowerShell writes differently, and why.
DIFFERING: list[tuple[str, list[str], str]] = [
    ("1/3", ["0.333333333333333"], "5.1 shows 15 digits of a Double, later versions all that are needed"),
    ("$PSVersionTable.PSVersion.Major", ["5"], "the version"),
    (
        "try { [int]'x' } catch { $_.Exception.Message; $_.FullyQualifiedErrorId; $_.CategoryInfo.ToString() }",
        [
            'Cannot convert value "x" to type "System.Int32". Error: "Input string was not in a correct format."',
            "InvalidCastFromStringToInteger",
            "InvalidArgument: (:) [], RuntimeException",
        ],
        "the wording of .NET",
    ),
    (
        "try { [Convert]::FromBase64String('!') } catch { $_.Exception.Message; $_.FullyQualifiedErrorId }",
        [
            'Exception calling "FromBase64String" with "1" argument(s): '
            '"Invalid length for a Base-64 char array or string."',
            "FormatException",
        ],
        "the wording of .NET",
    ),
]
# What the subset has not, by the name that the refusal gives it; nothing before it has run.
REFUSED = [
    ("0x1F", "the number 0x1F"),
    ("5l", "the number 5l"),
    ('@"\nx\n"@', "an expression"),
    ("$a, $b = 1, 2", "an assignment to anything but a variable"),
    ("$a = $b = 1", "the value of an assignment"),
    ("$i++", "what stands behind a statement: ++"),
    ("$i -= 1", "what stands behind a statement: -= 1"),
    ("-$x", "a command or an expression: -$x"),
    ("7 % 3", "the operator %"),
    ("1.5 * 2", "numbers with fractions, for *"),
    ("2147483647 + 1", "2147483647 + 1, which is no integer of 32 bits"),
    ("'a.b'.Replace('.', '')", "the method Replace()"),
    ("$script:x = 1", "a variable of this kind: $script:x"),
    ("'abc'[0]", "System.String[0]"),
    ("'ab' * 2", "System.String * System.Int32"),
    ("@{a = 1} + @{b = 2}", "System.Collections.Hashtable +"),
    ("'abc' -clike 'A*'", "the operator -clike"),
    ("'abc' -match 'B(.)'; $Matches[1]", "the variable $Matches"),
    ("5 -band 3", "the operator -band"),
    ("$true -xor $true", "the operator -xor"),
    ("5 -is [int]", "the operator -is"),
    ("[char]65", "the type [char]"),
    ("[double]'1.5'", "a cast to [double]"),
    ("[guid]'14339377-B32C-5455-8A6E-B20F40EAC02A'", "a cast to [guid]"),
    ("[version]'1.2'", "the type [version]"),
    ("[datetime]'2026-01-02'", "the type [datetime]"),
    ("[int] $x = 5", "an assignment to anything but a variable"),
    ("for ($i = 0; $i -lt 2; $i++) { $i }", "the keyword 'for'"),
    ("do { 1 } while ($false)", "the keyword 'do'"),
    ("while ($n -lt 3) { $n += 1 }", "the keyword 'while'"),
    ("class A { }", "the keyword 'class'"),
    ("trap { }", "the keyword 'trap'"),
    ("switch (2) { 1 { 'a' } }", "a clause of switch"),
    ("switch (2) { default { 'a' } }", "switch on System.Int32"),
    ("switch -Regex ('ab') { a { 1 } }", "what stands where '(' is expected: -Regex"),
    ("foreach ($x in 1) { switch ('a') { a { continue } } }", "continue in switch"),
    ("4 > $null", "a redirection"),
    ("& { 1 } 2>&1", "an argument of this kind"),
    ("1 && 2", "a redirection or a chain"),
    ("function f($a) { }", "a function of this kind"),
    ("function f { begin { } }", "the keyword 'begin'"),
    ("filter q { $_ }", "the keyword 'filter'"),
    ("function f { [CmdletBinding()] param() }", "a type or an attribute"),
    ("function f { param([Parameter(Mandatory)] $A) }", "a variable of this kind: [Parameter"),
    ("function f { param([datetime] $A) }", "a parameter of the type [datetime]"),
    ("function gc { 'mine' }; gc", "a function with the name of an alias, gc"),
    ("function f { $args }", "the variable $args"),
    ("function f { $input }", "$input of a script block"),
    ("function f { 1 }; 1, 2 | f", "objects that are piped to a function"),
    ("function f { }; f -Nope 1", "f -Nope"),
    ("function f { }; f 1", "f with so many arguments"),
    ("function f { param([string] $S) $S }; f @(1, 2)", "this value of the parameter -S"),
    ("function f { param([bool] $B) $B }; f 'x'", "this value of the parameter -B"),
    ("function f { param([int] $N) $N }; f x", "the error for this value of the parameter -N"),
    ("function f { param([int] $N) $N = 5 }; f 1", "the assignment to $N, whose type is declared"),
    ("function f { try { 1 } finally { return } }", "return in a finally block"),
    ("try { 1 } catch [System.Exception] { 2 }", "what stands where '{' is expected"),
    ("throw", "throw without a value outside catch"),
    ("throw @{}", "throw with System.Collections.Hashtable"),
    ("exit 'abc'", "exit with System.String"),
    ("break", "break outside a loop"),
    (". { 1 }", "a command or an expression"),
    ("Write-Output @p", "an argument of this kind"),
    ("Write-Output 007", "the number 007 as an argument"),
    ("Write-Output -foo", "Write-Output -foo"),
    ("'a b'.Split(' ')", "the method Split()"),
    ("(5).GetType()", "the method GetType()"),
    ("(1, 2).Where({ $_ })", "the method Where()"),
    ("'abc'.StartsWith('a', 'Ordinal')", "the method StartsWith() of System.String with 2 arguments"),
    ("[math]::Round(2.5)", "the type [math]"),
    ("[guid]::NewGuid()", "[guid]::NewGuid()"),
    ("[Text.Encoding]::Unicode", "[Text.Encoding]::Unicode"),
    ("[Environment]::MachineName", "the type [Environment]"),
    ("@{ 1 = 2 }", "a key of a table that is no text"),
    ("@{a = 1}[$null]", "a key of a table that is no text"),
    ("([ordered]@{a = 1})[0]", "a key of a table that is no text"),
    ("[hashtable] ([ordered]@{ a = 1 })", "a Hashtable made of an ordered one"),
    ("@{ a = 1; A = 2 }", "the error for a key that is twice"),
    ("@{a = 1}.PSBase", "the property PSBase"),
    ("(New-Object System.Collections.ArrayList)[5]", "the element 5 of 0"),
    ("$x = 1; $x.y = 2", "the assignment to the property y of System.Int32"),
    ("([pscustomobject]@{a = 1}, [pscustomobject]@{b = 2}).a", "the property a of elements that do not have it"),
    ('"$(@(1, @(2, 3)))"', "the text of a list in a list"),
    ("'a' -lt '-b'", "the order of texts"),
    ("\"é\" -eq 'é'", "texts that are the same in some cultures"),
    ("1 -lt 'x'", "the order of a number and 'x'"),
    ("'x' -match '(?<n>a)'", "the regular expression"),
    ("'a' -replace 'a', '${n}'", "the replacement"),
    ("'{0:yyyy}' -f 1", "the format"),
    ("[int]'0x10'", "the text '0x10' as a number"),
    ("[int]3e9", "the error for 3000000000"),
    ("$HOME = 1", "the assignment to $HOME"),
    ("$true = 1", "the assignment to $true"),
    ("$env:X = 1", "the assignment to $env:X"),
    ("Get-Process", "the command Get-Process"),
    ("Start-Sleep 5", "the command Start-Sleep"),
    ("ls", "the command ls"),
    ("no-such", "the command no-such"),
    ("function f { f }; f", "more than 60 calls inside each other"),
    ("foreach ($i in 1..600) { foreach ($j in 1..600) { $i } }", "a command of more than 250000 statements"),
    ("foreach ($i in 1..600) { foreach ($j in 1..600) { } }", "a command of more than 250000 statements"),
    ("$id = 'x'; \"$id: y\"", "a variable of this kind: $id: y"),
    ("Write-Output \u2013x", "an argument of this kind: \u2013x"),
    ("Write-Output \u2018a\u2019", "an argument of this kind: \u2018a\u2019"),
    ("Write-Output -Name5.x", "an argument of this kind: -Name5.x"),
    ("$null -split ','", "-split of $null"),
    ("'b' -like '[z-a]'", "the wildcard pattern"),
    ("'b' -like '[[b]'", "the wildcard pattern"),
    ("'[b' -like '[b'", "the wildcard pattern"),
    ("\"a$([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('AA==')))\" -eq 'a'", "texts that are the same"),
    ("'\u00adabc'.StartsWith('a')", "StartsWith() or EndsWith() of such a text"),
    ("([ordered]@{ a = 1 }).ContainsKey('a')", "ContainsKey() of an ordered table"),
    ("[Console]::WriteLine(@(1, 2))", "what the console writes of System.Object[]"),
    ("[string]::IsNullOrEmpty('')", "[string]::IsNullOrEmpty()"),
    ("[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('/w=='))", "GetString() of bytes that are no UTF-8"),
    ("([pscustomobject]@{ a = 1 }).Count", "the property Count of System.Management.Automation.PSCustomObject"),
    ("try { throw 'x' } catch { 1 | ForEach-Object { throw } }", "throw without a value outside catch"),
    ("try { throw 'x' } catch { switch ('a') { a { throw } } }", "throw with NoneType"),
    ("exit -1", "exit with System.Int32"),
    ("1 +", "an expression"),
    ("1 2", "what stands behind a statement: 2"),
    ("try { 1 }", "try without catch or finally"),
]


@IN_BOTH
@pytest.mark.parametrize(("script", "expected"), ROWS)
def test_given_a_construct_when_run_then_it_writes_what_powershell_writes(
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
def test_given_what_is_outside_the_subset_when_run_then_it_is_refused_by_name_and_nothing_catches_that(
    script: str, name: str
) -> None:
    completed = run(f"'before'\ntry {{ {script} }} catch {{ 'caught' }}")
    assert completed.stderr.startswith(REFUSAL + name)
    assert (completed.stdout, completed.exit_code) == ("", 1)


def test_given_lines_on_standard_input_when_read_then_they_are_the_input() -> None:
    assert lines("@($input) -join '+'", stdin="a\r\nb\r\n") == ["a+b"]
    assert lines("$input | ForEach-Object { $_.Length }", stdin="h\u00e9\r\n") == ["2"]
    assert lines("@($input).Count") == ["0"]
    assert run("$input; $input", stdin="a").stderr.startswith(REFUSAL + "$input a second time")


def test_given_the_host_when_asked_then_its_name_and_its_time_are_told() -> None:
    assert lines("$env:COMPUTERNAME; $null -eq $env:NOPE") == ["HV01", "True"]
    assert lines("(Get-Date).ToUniversalTime().ToString('o'); (Get-Date).ToString('o')") == [
        "2026-01-02T03:04:05.6789000Z",
        "2026-01-02T03:04:05.6789000+00:00",
    ]
    assert lines('"$(Get-Date)"') == ["01/02/2026 03:04:05"]

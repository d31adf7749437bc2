# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors: what stops what, and in which words."""

from __future__ import annotations

import re

import pytest
from powershells import lines, run

CAUGHT = [
    ("throw 'boom'", "boom", "boom", "OperationStopped: (boom:String) [], RuntimeException"),
    ("1/0", "Attempted to divide by zero.", "RuntimeException", "NotSpecified: (:) [], RuntimeException"),
    (
        "[int]'x'",
        'Cannot convert value "x" to type "System.Int32". Error: "Input string was not in a correct format."',
        "InvalidCastFromStringToInteger",
        "InvalidArgument: (:) [], RuntimeException",
    ),
    (
        "no-such 1",
        "The term 'no-such' is not recognized as the name of a cmdlet, function, script file, or operable program. "
        "Check the spelling of the name, or if a path was included, verify that the path is correct and try again.",
        "CommandNotFoundException",
        "ObjectNotFound: (no-such:String) [], CommandNotFoundException",
    ),
    (
        "$n = $null; $n.Foo()",
        "You cannot call a method on a null-valued expression.",
        "InvokeMethodOnNull",
        "InvalidOperation: (:) [], RuntimeException",
    ),
    ("$n = $null; $n[0]", "Cannot index into a null array.", "NullArray", "InvalidOperation: (:) [], RuntimeException"),
    (
        "([pscustomobject]@{a = 1}).Foo()",
        "Method invocation failed because [System.Management.Automation.PSCustomObject] does not contain a method "
        "named 'Foo'.",
        "MethodNotFound",
        "InvalidOperation: (:) [], RuntimeException",
    ),
    (
        "[Convert]::FromBase64String('!')",
        'Exception calling "FromBase64String" with "1" argument(s): "Invalid length for a Base-64 '
        'char array or string."',
        "FormatException",
        "NotSpecified: (:) [], MethodInvocationException",
    ),
    (
        "$o = [pscustomobject]@{a = 1}; $o.b = 2",
        "The property 'b' cannot be found on this object. Verify that the property exists and can be set.",
        "PropertyAssignmentException",
        "InvalidOperation: (:) [], RuntimeException",
    ),
    (
        "Get-Date -Nope 1",
        "A parameter cannot be found that matches parameter name 'Nope'.",
        "NamedParameterNotFound,Microsoft.PowerShell.Commands.GetDateCommand",
        "InvalidArgument: (:) [Get-Date], ParameterBindingException",
    ),
    (
        "function g { param([Parameter(Mandatory)]$N) }; g",
        "Cannot process command because of one or more missing mandatory parameters: N.",
        "MissingMandatoryParameter,g",
        "InvalidArgument: (:) [g], ParameterBindingException",
    ),
    (
        "function g { param([int]$N) }; g x",
        'Cannot process argument transformation on parameter \'N\'. Cannot convert value "x" to type "System.Int32". '
        'Error: "Input string was not in a correct format."',
        "ParameterArgumentTransformationError,g",
        "InvalidData: (:) [g], ParameterBindingArgumentTransformationException",
    ),
    (
        "Get-Variable no-such -ErrorAction Stop",
        "Cannot find a variable with the name 'no-such'.",
        "VariableNotFound,Microsoft.PowerShell.Commands.GetVariableCommand",
        "ObjectNotFound: (no-such:String) [Get-Variable], ItemNotFoundException",
    ),
]
FLOW = [
    ("try { throw 'a' } catch { \"c $_\" } finally { 'f' }; 'after'", ["c a", "f", "after"]),
    (
        "try { nope } catch [System.Management.Automation.CommandNotFoundException] { 'typed' } catch { 'any' }",
        ["typed"],
    ),
    ("try { 1/0 } catch [System.DivideByZeroException] { 'inner' }", ["inner"]),
    (
        "try { throw [System.InvalidOperationException]::new('io') } catch [System.ArgumentException] { 'no' } "
        "catch { $_.Exception.GetType().Name }",
        ["InvalidOperationException"],
    ),
    ("try { try { throw 'a' } catch { throw } } catch { \"outer $_\" }", ["outer a"]),
    ("function f { 1/0; 'not here' }; try { f } catch { 'caught' }", ["caught"]),
    ("try { Write-Error 'x' -ErrorAction Stop; 'no' } catch { $_.Exception.Message }", ["x"]),
    ("Write-Error 'x' -ErrorAction SilentlyContinue; $?; $Error.Count; \"$($Error[0])\"", ["False", "1", "x"]),
    ("Write-Error 'x' -ErrorAction Ignore; $Error.Count", ["0"]),
    ("Write-Error 'x' -ErrorVariable e -ErrorAction SilentlyContinue; $e.Count; $e[0].Exception.Message", ["1", "x"]),
    ("$ErrorActionPreference = 'SilentlyContinue'; nope; 1/0; 'on'; $Error.Count", ["on", "2"]),
    ("& { Write-Error 'q' } 2>$null; $e = & { Write-Error 'q' } 2>&1; \"$e\"", ["q"]),
    ("try { & { $ErrorActionPreference = 'Stop'; Write-Error 'w'; 'no' } } catch { 'stopped' }", ["stopped"]),
    (
        "Set-StrictMode -Version Latest; try { $nope } catch { $_.FullyQualifiedErrorId }; "
        "try { @{a = 1}.b } catch { $_.Exception.Message }",
        ["VariableIsUndefined", "The property 'b' cannot be found on this object. Verify that the property exists."],
    ),
    (
        "try { Get-Date -Nope }\ncatch { $_.InvocationInfo.Line.Trim(); $_.InvocationInfo.ScriptLineNumber }",
        ["try { Get-Date -Nope }", "1"],
    ),
    ("try { [ScriptBlock]::Create('if (') } catch { $_.FullyQualifiedErrorId }", ["ParseException"]),
]


@pytest.mark.parametrize(("script", "message", "error_id", "category"), CAUGHT)
def test_given_an_error_when_caught_then_it_has_powershells_words(
    script: str, message: str, error_id: str, category: str
) -> None:
    tail = "$_.Exception.Message; $_.FullyQualifiedErrorId; $_.CategoryInfo.ToString()"
    assert lines(f"try {{ {script} }} catch {{ {tail} }}") == [message, error_id, category]


@pytest.mark.parametrize(("script", "expected"), FLOW)
def test_given_an_error_when_it_happens_then_it_stops_what_it_stops(script: str, expected: list[str]) -> None:
    assert lines(script) == expected


@pytest.mark.parametrize(
    ("script", "stdout", "code"),
    [
        ("throw 'x'; 'no'", "", 1),
        ("nope; 'on'", "on\r\n", 0),
        ("'on'; nope", "on\r\n", 1),
        ("1/0; 'on'", "on\r\n", 0),
        ("Write-Error 'x'; 'on'", "on\r\n", 0),
        ("Write-Error 'x'", "", 1),
        ("$ErrorActionPreference = 'Stop'; nope; 'no'", "", 1),
        ("function f { $ErrorActionPreference = 'Stop'; nope }; f; 'no'", "", 1),
        ("function f { throw 'x' }; f; 'no'", "", 1),
        ("'before'; exit 3; 'no'", "before\r\n", 3),
        ("try { throw 'x' } catch { exit 5 }", "", 5),
        ("& { exit 4 }; 'no'", "", 4),
    ],
)
def test_given_a_script_when_it_ends_then_output_and_exit_code_are_powershells(
    script: str, stdout: str, code: int
) -> None:
    completed = run(script)
    assert (completed.stdout, completed.exit_code) == (stdout, code)
    assert bool(completed.stderr) is not ("exit" in script)


def test_given_an_uncaught_error_when_shown_then_it_says_where_and_what() -> None:
    assert run("\n  nope -x; 1", encoded=False).stderr.split("\r\n") == [
        "nope : The term 'nope' is not recognized as the name of a cmdlet, function, ",
        "script file, or operable program. Check the spelling of the name, or if a path ",
        "was included, verify that the path is correct and try again.",
        "At line:1 char:1",
        "+ nope -x; 1",
        "+ ~~~~",
        "    + CategoryInfo          : ObjectNotFound: (nope:String) [], CommandNotFoun ",
        "   dException",
        "    + FullyQualifiedErrorId : CommandNotFoundException",
        " ",
        "",
    ]


def test_given_an_encoded_command_when_it_fails_then_the_error_is_clixml() -> None:
    stderr = run("throw 'a <b> & \u00e9'").stderr
    assert stderr.startswith(
        '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    )
    pieces = re.findall(r'<S S="Error">(.*?)</S>', stderr)
    assert pieces[:2] == ["a &lt;b&gt; &amp; \u00e9_x000D__x000A_", "At line:1 char:1_x000D__x000A_"]
    assert pieces[-1] == " _x000D__x000A_"


@pytest.mark.parametrize(
    ("script", "error_id"),
    [
        ("'before'; if (", "IfStatementMissingCondition"),
        ("'x", "TerminatorExpectedAtEndOfString"),
        ("& { 1", "MissingEndCurlyBrace"),
        ("(1", "MissingEndParenthesisInExpression"),
        ("1 +", "ExpectedValueExpression"),
        ("1 2", "UnexpectedToken"),
        ("try { 1 }", "MissingCatchOrFinally"),
        ("1 | 2", "ExpressionsMustBeFirstInPipeline"),
        ("1 |", "EmptyPipeElement"),
        ("@{a = 1", "IncompleteHashLiteral"),
        ("1 && 2", "InvalidEndOfLine"),
    ],
)
def test_given_a_script_that_is_none_when_run_then_nothing_runs_and_the_parser_says_why(
    script: str, error_id: str
) -> None:
    completed = run(script, encoded=False)
    assert (completed.stdout, completed.exit_code) == ("", 1)
    assert "ParserError: (:) [], ParentContainsErrorRecordEx" in completed.stderr
    assert f"+ FullyQualifiedErrorId : {error_id}\r\n" in completed.stderr

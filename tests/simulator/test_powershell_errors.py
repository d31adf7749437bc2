# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors: what stops what, and in which words; how a script ends."""

from __future__ import annotations

import re

import pytest
from support.powershells import IN_BOTH, REFUSAL, lines_in, run

DETAILS = "$_.Exception.Message; $_.FullyQualifiedErrorId; $_.CategoryInfo.ToString()"
CAUGHT = [
    ("throw 'boom'", ["boom", "boom", "OperationStopped: (boom:String) [], RuntimeException"]),
    ("1/0", ["Attempted to divide by zero.", "RuntimeException", "NotSpecified: (:) [], RuntimeException"]),
    (
        "$n = $null; $n.ToUpper()",
        [
            "You cannot call a method on a null-valued expression.",
            "InvokeMethodOnNull",
            "InvalidOperation: (:) [], RuntimeException",
        ],
    ),
    (
        "$n = $null; $n[0]",
        ["Cannot index into a null array.", "NullArray", "InvalidOperation: (:) [], RuntimeException"],
    ),
]
FLOW = [
    ("try { throw 'a' } catch { \"c $_\" } finally { 'f' }; 'after'", ["c a", "f", "after"]),
    ("try { try { throw 'a' } catch { throw } } catch { \"outer $_\" }", ["outer a"]),
    ("try { try { throw 'a' } catch { throw $_ } } catch { \"outer $_\" }", ["outer a"]),
    ("try { try { throw 'a' } finally { 'f' } } catch { \"outer $_\" }", ["f", "outer a"]),
    ("function f { 1/0; 'not here' }; try { f } catch { 'caught' }", ["caught"]),
    ("$ErrorActionPreference = 'SilentlyContinue'; 1/0; 'on'", ["on"]),
    ("try { & { $ErrorActionPreference = 'Stop'; 1/0; 'no' } } catch { 'stopped' }", ["stopped"]),
    ("try { 'x'; 1/0 }\ncatch { $_.InvocationInfo.Line.Trim() }", ["x", "try { 'x'; 1/0 }"]),
]


@IN_BOTH
@pytest.mark.parametrize(("script", "expected"), CAUGHT)
def test_given_an_error_when_caught_then_it_has_powershells_words(shell: str, script: str, expected: list[str]) -> None:
    assert lines_in(shell, f"try {{ {script} }} catch {{ {DETAILS} }}") == expected


@IN_BOTH
@pytest.mark.parametrize(("script", "expected"), FLOW)
def test_given_an_error_when_it_happens_then_it_stops_what_it_stops(
    shell: str, script: str, expected: list[str]
) -> None:
    assert lines_in(shell, script) == expected


@pytest.mark.parametrize(
    ("script", "stdout", "code"),
    [
        ("throw 'x'; 'no'", "", 1),
        ("1/0; 'on'", "on\r\n", 0),
        ("'on'; 1/0", "on\r\n", 1),
        ("$ErrorActionPreference = 'Stop'; 1/0; 'no'", "", 1),
        ("function f { $ErrorActionPreference = 'Stop'; 1/0 }; f; 'no'", "", 1),
        ("function f { throw 'x' }; f; 'no'", "", 1),
        ("'before'; exit 3; 'no'", "before\r\n", 3),
        ("try { throw 'x' } catch { exit 5 }", "", 5),
        ("& { exit 4 }; 'no'", "", 4),
        ("'a'; return; 'no'", "a\r\n", 0),
    ],
)
def test_given_a_script_when_it_ends_then_output_and_exit_code_are_powershells(
    script: str, stdout: str, code: int
) -> None:
    completed = run(script)
    assert (completed.stdout, completed.exit_code) == (stdout, code)
    assert bool(completed.stderr) is ("exit" not in script and "return" not in script)


def test_given_an_uncaught_error_when_shown_then_it_says_where_and_what() -> None:
    script = "'on'; throw 'a text so long that the console has to break it, which it does behind a blank'"
    assert run(script, encoded=False).stderr.split("\r\n") == [
        "a text so long that the console has to break it, which it does behind a blank",
        "At line:1 char:7",
        "+ ... throw 'a text so long that the console has to break it, which it does ...",
        "+     ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~",
        "    + CategoryInfo          : OperationStopped: (a text so long ... behind a b ",
        "   lank:String) [], RuntimeException",
        "    + FullyQualifiedErrorId : a text so long that the console has to break it, ",
        "    which it does behind a blank",
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


def test_given_constrained_language_mode_when_a_static_method_is_called_then_that_is_an_error() -> None:
    script = "try { [Convert]::FromBase64String('') } catch { $_.FullyQualifiedErrorId }"
    completed = run(script, constrained=True)
    assert completed.stdout.split() == ["MethodInvocationNotSupportedInConstrainedLanguage"]


def test_given_constrained_language_mode_when_asked_which_then_it_can_be_read() -> None:
    script = "[string] $ExecutionContext.SessionState.LanguageMode"
    assert run(script, constrained=True).stdout == "ConstrainedLanguage\r\n"


def test_given_a_script_that_is_not_within_the_subset_when_run_then_nothing_of_it_runs() -> None:
    completed = run("'before'\nWrite-Host 'x'\n[math]::Pi")
    assert (completed.stdout, completed.stderr, completed.exit_code) == ("", REFUSAL + "the type [math]\r\n", 1)

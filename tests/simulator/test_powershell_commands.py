# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cmdlets that are given to the interpreter, and answers that are told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from support.powershells import NOW, REFUSAL, lines, run

from powershell_subset import Answer, Call, Command, CommandError, NotModeled, PSEnum, PSObject

OFF = PSEnum("Off", 3, "Microsoft.HyperV.PowerShell.VMState")


def machine(name: str, **properties: Any) -> PSObject:
    """Something with the properties of a virtual machine."""
    given = {"Name": name, "State": OFF, "Id": UUID(int=7), "Uptime": timedelta(minutes=2), "Tags": ("a", "b")}
    return PSObject("Microsoft.HyperV.PowerShell.VirtualMachine", {**given, **properties})


def get_machine(call: Call) -> Iterable[PSObject]:
    """Get-Machine: `one` and `two` are there."""
    wanted = call.parameters.get("name") or ["one", "two"]
    for name in wanted if isinstance(wanted, list) else [wanted]:
        if name in ("one", "two"):
            yield machine(name)
        else:
            call.write_error(CommandError(f"There is no {name}.", "NotThere", "ObjectNotFound", target=name))


def show(call: Call) -> Iterable[str]:
    """Show-Machine: what it was given."""
    for key in sorted(call.parameters):
        value = call.parameters[key]
        yield f"{key}={[item['Name'] for item in value] if key == 'vm' else value!r}"


def refuse(call: Call) -> Iterable[str]:
    """Stop-Machine: gives something and then fails."""
    yield "before"
    raise CommandError("It cannot.", "Cannot", "InvalidOperation", terminating=bool(call.parameters.get("hard")))


GET = Command("Get-Machine", get_machine, positional=("Name",), class_name="Test.GetMachine", module="Machines")
SHOW = Command(
    "Show-Machine", show, ("Count", "Name"), positional=("VM",), switches=("Force", "Passthru"), pipeline="VM"
)
STOP = Command("Stop-Machine", refuse, switches=("Hard",), class_name="Test.StopMachine")
NOW_COMMAND = Command("Get-Moment", lambda call: [call.now()])


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            "(Get-Machine).Name -join ','; (Get-Machine one).State; \"$((Get-Machine one).State)\"",
            ["one,two", "Off", "Off"],
        ),
        (
            "$m = Get-Machine -Name one; $m.name; $m.State -eq 'off'; [int]$m.State; $m.Uptime.TotalSeconds",
            ["one", "True", "3", "120"],
        ),
        (
            "$m = Get-Machine one; $m.State.ToString(); [string] $m.Uptime",
            ["Off", "00:02:00"],
        ),
        ("[string](Get-Machine one).Id; (Get-Machine one).Tags.Count", ["00000000-0000-0000-0000-000000000007", "2"]),
        ("Get-Machine | Where-Object State -eq Off | ForEach-Object Name", ["one", "two"]),
        ("switch ((Get-Machine one).State) { Off { 'is off' } Running { 'runs' } }", ["is off"]),
        ("Show-Machine -Force -Count 5", ["count=5", "force=True"]),
        ("Show-Machine -Force:$false -Count 2", ["count=2", "force=False"]),
        ("Get-Machine | Show-Machine -Name x; @() | Show-Machine", ["name='x'", "vm=['one', 'two']"]),
        ("Show-Machine (Get-Machine one), (Get-Machine two)", ["vm=['one', 'two']"]),
        (
            '(Get-Machine one, nine -ErrorAction SilentlyContinue -ErrorVariable e).Name; $e.Count; "$($e[0])"',
            ["one", "1", "There is no nine."],
        ),
        (
            "try { Get-Machine nine -ErrorAction Stop } catch { $_.FullyQualifiedErrorId; $_.CategoryInfo.ToString() }",
            ["NotThere,Test.GetMachine", "ObjectNotFound: (nine:String) [Get-Machine], Exception"],
        ),
        (
            "$ErrorActionPreference = 'Stop'; try { Get-Machine nine } catch { \"caught $_\" }",
            ["caught There is no nine."],
        ),
        ("Stop-Machine -ErrorAction SilentlyContinue; 'on'", ["before", "on"]),
        ('try { Stop-Machine -Hard } catch { "caught $_" }', ["before", "caught It cannot."]),
        (
            "@{m = (Get-Machine one).State; i = (Get-Machine one).Id} | ConvertTo-Json -Compress",
            ['{"m":3,"i":"00000000-0000-0000-0000-000000000007"}'],
        ),
        ("(Get-Command Get-Machine).ModuleName; Machines\\Get-Machine one | % Name", ["Machines", "one"]),
        ("function Get-Machine { 'mine' }; Get-Machine; (Machines\\Get-Machine one).Name", ["mine", "one"]),
        ("(Get-Moment).ToUniversalTime().ToString('o')", ["2026-01-02T03:04:05.6789000Z"]),
        (
            "(Get-Machine one | Select-Object Name, @{n = 's'; e = { [string]$_.State }}) | ConvertTo-Json -Compress",
            ['{"Name":"one","s":"Off"}'],
        ),
    ],
)
def test_given_a_cmdlet_when_called_then_it_behaves_as_one(script: str, expected: list[str]) -> None:
    assert lines(script, GET, SHOW, STOP, NOW_COMMAND) == expected


@pytest.mark.parametrize(
    ("name", "message", "error_id"),
    [
        ("Get-Cluster", "The term 'Get-Cluster' is not recognized as the name of a cmdlet", "CommandNotFoundException"),
        ("Clusters\\Get-Cluster", "The module 'Clusters' could not be loaded.", "CouldNotAutoLoadModule"),
    ],
)
def test_given_a_command_that_other_hosts_have_when_called_then_it_is_not_found(
    name: str, message: str, error_id: str
) -> None:
    script = f"try {{ {name} }} catch {{ $_.Exception.Message; $_.FullyQualifiedErrorId }}"
    said, found = run(script, absent=("get-cluster",)).stdout.splitlines()
    assert said.startswith(message)
    assert found == error_id
    missing = run("$null -eq (Get-Command Get-Cluster -ErrorAction SilentlyContinue)", absent=("get-cluster",))
    assert missing.stdout == "True\r\n"


def test_given_an_uncaught_error_of_a_cmdlet_when_shown_then_its_name_stands_before_it() -> None:
    text = run("Get-Machine nine", GET, encoded=False).stderr
    assert text.startswith(
        "Get-Machine : There is no nine.\r\nAt line:1 char:1\r\n+ Get-Machine nine\r\n+ ~~~~~~~~~~~~~~~~\r\n"
    )
    assert "    + CategoryInfo          : ObjectNotFound: (nine:String) [Get-Machine], Exc \r\n   eption\r\n" in text


def test_given_warnings_when_shown_then_they_go_where_errors_go() -> None:
    command = Command("Warn-Machine", lambda call: call.write_warning("careful") or ())
    assert '<S S="warning">careful</S>' in run("Warn-Machine", command).stderr
    assert run("Warn-Machine", command, encoded=False).stdout == "WARNING: careful\r\n"


def test_given_the_hosts_clock_when_it_is_another_then_the_script_sees_that_one() -> None:
    seen: list[datetime] = []
    command = Command("Note-Time", lambda call: seen.append(call.now()) or [])
    assert lines("Note-Time", command) == []
    assert seen == [NOW]
    assert NOW.tzinfo is timezone.utc


@pytest.mark.parametrize(
    "script",
    [
        "(Get-Machine one).ParentCheckpoint",
        "Get-Machine one | ConvertTo-Json",
        "Get-Machine",
        "Get-Machine -Nope",
        "Get-Machine a b",
        "No\\Get-Machine",
        "(Get-Machine one).State -eq 3",
        "(Get-Machine one).State -eq (Get-Machine two).State",
        "(Get-Machine one).State -lt 'Off'",
        "(Get-Machine one).Name = 'x'",
        "'{0:D2}' -f (Get-Machine one).State",
        "(Get-Machine one).Uptime -gt 1",
        "Get-Machine one -ErrorVariable +e",
    ],
)
def test_given_what_is_not_modeled_when_used_then_it_is_refused(script: str) -> None:
    completed = run(script, GET)
    assert completed.stderr.startswith(REFUSAL)
    assert (completed.stdout, completed.exit_code) == ("", 1)


ANSWERS = (
    Answer("Get-Website .*", "Started\n", 0),
    Answer("& C:\\\\check[.]exe", "line 1\nline 2", 3),
)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("Get-Website -Name shop", ["Started", "0"]),
        (" & C:\\check.exe ", ["line 1", "line 2", "3"]),
        ("'own'", ["own", "0"]),
    ],
)
def test_given_answers_when_a_script_runs_a_users_command_then_output_and_exit_code_are_as_told(
    command: str, expected: list[str]
) -> None:
    quoted = command.replace("'", "''")
    script = f"& ([ScriptBlock]::Create('{quoted}')) | ForEach-Object {{ $_ }}\n[int] $LASTEXITCODE"
    completed = run(script, answers=ANSWERS)
    assert (completed.stdout.splitlines(), completed.exit_code) == (expected, 0)


def test_given_answers_when_a_user_runs_a_command_alone_then_its_exit_code_is_the_sessions() -> None:
    completed = run("& C:\\check.exe", answers=ANSWERS, encoded=False)
    assert (completed.stdout, completed.exit_code) == ("line 1\r\nline 2\r\n", 3)
    assert run("Get-Website", answers=ANSWERS).stderr.startswith(REFUSAL + "the command Get-Website")


# What stands in the text of a script is seen before anything of it runs.
FORESEEN = [
    "'{0:P}' -f 1",
    "'{0:P}' -f $x",
    "'a' -match '(?i)a'",
    "$x -notmatch '(?<n>a)'",
    "$x -like '[z-a]'",
    "$x -replace '(?i)a', $y",
    "$x -replace 'a', '${n}'",
    "$x -split '(a)'",
    "1, 2 * 2",
    "'abc'[0]",
    "-'a'",
    "-split (1, (2, 3))",
    "'abc'.StartsWith('a', 'Ordinal')",
    "'abc'.Chars",
    "1.5 / 0",
    "'b' -lt 'a-b'",
    "[int]'0x10'",
    "[guid] 'x'",
    "if ($false) { throw 1 }",
    "throw (1, 2)",
    "exit 'abc'",
    "exit -1",
    "switch (2) { default { } }",
    "@{ 1 = 2 }",
    "@{ a = 1; A = 2 }",
    "[pscustomobject]@{ a = 1; A = 2 }",
    "function f { }; f 1",
    "function f { }; 1 | f",
    "Set-Mark -Name a -Name b",
    "Set-Mark -Name",
    "Set-Mark a b",
    "Set-Mark a -ErrorAction Inquire",
    "Set-Mark a -ErrorVariable 'a b'",
    "Add-Mark",
    "Set-Mark unmodeled",
    "Set-Mark -Name:unmodeled",
]
# What only running it shows: then it is said what has run.
FOUND_ON_THE_WAY = [
    "$format = '{0:P}'; $format -f 1",
    "$x = 1; throw $x",
    "(Get-Date).Year",
    "Get-Date",
    "$name = 'unmodeled'; Set-Mark $name",
    "function f { f }; f",
    "$text = 'Get-Nothing'; & ([scriptblock]::Create($text))",
]


def set_mark(marks: list[str]) -> Command:
    """Set-Mark, whose marks are what a host would have been changed by; there is one that it does not model."""

    def refuse_unmodeled(call: Call, untold: frozenset[str] = frozenset()) -> None:
        if call.parameters.get("name") == "unmodeled":
            raise NotModeled("this mark")

    def mark(call: Call) -> Iterable[str]:
        refuse_unmodeled(call)
        marks.append(call.parameters["name"])
        return ()

    return Command("Set-Mark", mark, positional=("Name",), foresee=refuse_unmodeled)


ADD_MARK = Command("Add-Mark", lambda call: (), positional=("Name",), mandatory=("Name",))


@pytest.mark.parametrize("script", FORESEEN)
def test_given_what_the_text_shows_when_it_is_not_modeled_then_nothing_has_run(script: str) -> None:
    marks: list[str] = []
    done = run(f"Set-Mark first\n{script}", set_mark(marks), ADD_MARK)
    assert (done.stderr.startswith(REFUSAL), marks, "it ran" in done.stderr) == (True, [], False), done.stderr


@pytest.mark.parametrize("script", FOUND_ON_THE_WAY)
def test_given_what_only_running_shows_when_it_is_not_modeled_then_what_has_run_is_named(script: str) -> None:
    marks: list[str] = []
    done = run(f"Set-Mark first; 'shown'\n{script}", set_mark(marks), ADD_MARK)
    assert (done.stdout, done.exit_code, marks) == ("", 1, ["first"])
    assert done.stderr.startswith(REFUSAL)
    assert done.stderr.endswith(". Before that it ran Set-Mark\r\n")


def test_given_a_command_that_is_cut_short_when_another_is_not_modeled_then_it_has_run() -> None:
    done = run("Get-Machine | ForEach-Object { $_.Nothing }", GET)
    assert done.stderr.endswith(". Before that it ran Get-Machine\r\n")


def test_given_a_command_that_fails_when_what_follows_is_not_modeled_then_it_has_run() -> None:
    done = run("try { Stop-Machine -Hard } catch { }; Get-Date", STOP)
    assert done.stderr.endswith(". Before that it ran Stop-Machine\r\n")


def test_given_constants_when_they_are_within_the_subset_then_nothing_is_refused_before_it_runs() -> None:
    script = "if ($false) { [int] 'x'; 1 / 0; $null[0] }; 'a' -split 'b', 2; '{0}{1}' -f (1, 2); -not 1"
    assert lines(script) == ["a", "12", "False"]

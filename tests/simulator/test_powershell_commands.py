# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cmdlets that are given to the interpreter, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from powershells import NOW, lines, run

from powershell_subset import Call, Command, CommandError, PSEnum, PSObject

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
        ("[string](Get-Machine one).Id; (Get-Machine one).Tags.Count", ["00000000-0000-0000-0000-000000000007", "2"]),
        (
            "Get-Machine | Where-Object State -eq Off | ForEach-Object Name; machine | % Name",
            ["one", "two", "one", "two"],
        ),
        ("switch ((Get-Machine one).State) { Off { 'is off' } Running { 'runs' } }", ["is off"]),
        ("Show-Machine -Force -Count 5", ["count=5", "force=True"]),
        ("Show-Machine -Fo:$false -C 2", ["count=2", "force=False"]),
        ("$p = @{Force = $true; Count = 1, 2}; Show-Machine @p", ["count=[1, 2]", "force=True"]),
        ("Get-Machine | Show-Machine -Name x; @() | Show-Machine", ["name='x'", "vm=['one', 'two']"]),
        ("Show-Machine (Get-Machine one), (Get-Machine two)", ["vm=['one', 'two']"]),
        ('(Get-Machine one, nine -ErrorAction SilentlyContinue).Name; "$($Error[0])"', ["one", "There is no nine."]),
        (
            "try { Get-Machine nine -ErrorAction Stop } catch { $_.FullyQualifiedErrorId; $_.CategoryInfo.ToString() }",
            ["NotThere,Test.GetMachine", "ObjectNotFound: (nine:String) [Get-Machine], Exception"],
        ),
        (
            "$ErrorActionPreference = 'Stop'; try { Get-Machine nine } catch { $_.InvocationInfo.MyCommand.Name }",
            ["Get-Machine"],
        ),
        ("Stop-Machine -ErrorAction SilentlyContinue; $?; 'on'", ["before", "False", "on"]),
        ('try { Stop-Machine -Hard } catch { "caught $_" }', ["before", "caught It cannot."]),
        (
            "@{m = (Get-Machine one).State; i = (Get-Machine one).Id} | ConvertTo-Json -Compress",
            ['{"m":3,"i":"00000000-0000-0000-0000-000000000007"}'],
        ),
        (
            "(Get-Command Get-Machine).ModuleName; Machines\\Get-Machine one | % Name; Import-Module Machines",
            ["Machines", "one"],
        ),
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
    ("script", "message", "error_id"),
    [
        (
            "Get-Machine -Nope",
            "A parameter cannot be found that matches parameter name 'Nope'.",
            "NamedParameterNotFound,Test.GetMachine",
        ),
        (
            "Get-Machine a b",
            "A positional parameter cannot be found that accepts argument 'b'.",
            "PositionalParameterNotFound,Test.GetMachine",
        ),
        (
            "Get-Machine a -Name b -Name c",
            "Cannot bind parameter because parameter 'Name' is specified more than once.",
            "ParameterAlreadyBound,Test.GetMachine",
        ),
        (
            "No\\Get-Machine",
            "The term 'No\\Get-Machine' is not recognized as the name of a cmdlet",
            "CommandNotFoundException",
        ),
        (
            "Import-Module Nope -ErrorAction Stop",
            "The specified module 'Nope' was not loaded because no valid module file was found in any module ",
            "Modules_ModuleNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand",
        ),
    ],
)
def test_given_a_wrong_call_when_made_then_powershells_own_error_says_so(
    script: str, message: str, error_id: str
) -> None:
    said, found = lines(f"try {{ {script} }} catch {{ $_.Exception.Message; $_.FullyQualifiedErrorId }}", GET)
    assert said.startswith(message)
    assert found == error_id


def test_given_an_uncaught_error_of_a_cmdlet_when_shown_then_its_name_stands_before_it() -> None:
    text = run("Get-Machine nine", GET, encoded=False).stderr
    assert text.startswith(
        "Get-Machine : There is no nine.\r\nAt line:1 char:1\r\n+ Get-Machine nine\r\n+ ~~~~~~~~~~~~~~~~\r\n"
    )
    assert "    + CategoryInfo          : ObjectNotFound: (nine:String) [Get-Machine], Exc \r\n   eption\r\n" in text


def test_given_the_hosts_clock_when_it_is_another_then_the_script_sees_that_one() -> None:
    seen: list[datetime] = []
    command = Command("Note-Time", lambda call: seen.append(call.now()) or [])
    assert lines("Note-Time", command) == []
    assert seen == [NOW]
    assert NOW.tzinfo is timezone.utc


@pytest.mark.parametrize(
    "script",
    [
        "Get-Process",
        "ls",
        "ipconfig /all",
        "Get-Command Get-Content",
        "Start-Sleep 5",
        "[guid]::NewGuid()",
        "[IO.File]::ReadAllText('C:\\x')",
        "Add-Type 'class X {}'",
        "'a'.Normalize()",
        "$PID",
        "$Host",
        "class A { }",
        "'x' > file.txt",
        "Get-Machine",
        "(Get-Machine one).ParentCheckpoint",
        "[pscustomobject]@{a = 1}",
        "$x = [Net.WebClient]::new()",
        "1 | Sort-Object -Culture de-DE",
        "while ($true) { $i++ }",
        "function f { f }; f",
    ],
)
def test_given_what_is_not_modelled_when_used_then_it_is_refused_and_nothing_catches_that(script: str) -> None:
    completed = run(f"try {{ {script} }} catch {{ 'caught' }}", GET)
    assert completed.stderr.startswith("NotImplemented: asr-simulator does not model ")
    assert (completed.stdout, completed.exit_code) == ("", 1)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interpreter against what a real PowerShell answered.

The recordings are not part of the repository: where the directory ``../shared/powershell`` is not there, these tests
are skipped.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from support.powershells import REFUSAL, encoded_line, machine_of, run

from powershell_subset import Call, Command, CommandError, Completed, PSEnum, PSObject, run_command_line

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "powershell"

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"nothing recorded: {RECORDED} is not there")

# What started the scripts when they were recorded; it stays as it is when the bootstrap changes.
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
FIDELITY = Path(__file__).resolve().parents[2] / "simulator" / "fidelity.yml"
# What a run says that depends on the machine it ran on.
OF_THE_MACHINE = ("time", "powershell", "may_administer_hyper_v")


def recorded(name: str) -> Any:
    """What a file of the recordings holds."""
    path = RECORDED / name
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return json.loads(data)


def fidelity(name: str) -> Any:
    """What the table of what is known says of a behavior."""
    return next(entry for entry in yaml.safe_load(FIDELITY.read_text(encoding="utf-8")) if entry["id"] == name)


def is_refused(completed: Completed) -> bool:
    """Whether the interpreter says that it does not model something."""
    return completed.exit_code == 1 and completed.stderr.startswith(REFUSAL)


def plain(text: str) -> Any:
    """Output without what the line ends of a system and the layout of JSON make of it."""
    return [_decoded(line) for line in text.replace("\r\n", "\n").removesuffix("\n").split("\n")]


def _decoded(line: str) -> Any:
    for decode in (lambda: line, lambda: base64.b64decode(line, validate=True).decode("utf-8")):
        try:
            found = json.loads(decode())
        except ValueError:
            continue
        if isinstance(found, (dict, list)):
            return found
    return line


def test_no_kind_of_disagreement_is_left() -> None:
    wrong = {row["kind"]: said for row in recorded("disagreements.json") if (said := third_answer(row)) is not None}
    assert wrong == {}


def third_answer(row: dict[str, Any]) -> str | None:
    """What the interpreter says of a snippet that is neither PowerShell's answer nor a refusal."""
    expected = row["powershell_7_6_9"]
    completed = run(row["snippet"])
    values = [value.partition("]")[2] if value.startswith("[") else "" for value in expected["out"]]
    same = completed.stdout.split("\r\n")[:-1] == [value for value in values if value]
    if is_refused(completed) or (same and not expected["errors"] and not completed.stderr):
        return None
    return completed.stdout + completed.stderr


def test_the_rows_of_the_tables_agree_or_are_refused() -> None:
    outcomes = Counter(outcome_of(row) for row in recorded("snippets.json"))
    wrong = [row["script"] for row in recorded("snippets.json") if outcome_of(row) == "wrong"]
    assert wrong == []
    runs = len(recorded("runs.json.gz")["runs"])
    assert (
        f"{outcomes['agrees']} rows of the tests' tables and {runs} runs" in fidelity("powershell.language")["source"]
    )


def outcome_of(row: dict[str, Any]) -> str:
    """Whether the interpreter agrees with PowerShell, refuses, or says a third thing."""
    completed = run(row["script"], stdin=row["stdin"], encoded=row["encoded"])
    if is_refused(completed):
        return "refused"
    if completed.exit_code == row["exit"] and plain(completed.stdout) == plain(row["stdout"]):
        return "agrees"
    return "differs" if row["interpreter"].startswith("differs, as 5.1 does") else "wrong"


def test_the_recorded_runs_give_the_same_answers() -> None:
    document = recorded("runs.json.gz")
    parameters: dict[str, set[str]] = {}
    for call in (call for each in document["runs"] for call in each["calls"]):
        parameters.setdefault(call["name"], set()).update(call["params"])
    wrong = [
        number
        for number, each in enumerate(document["runs"])
        if answer_of(document["scripts"][each["script"]], each, parameters) != (_settled(each["answer"]), each["exit"])
    ]
    assert wrong == []


def answer_of(script: str, recording: dict[str, Any], parameters: dict[str, set[str]]) -> tuple[Any, int]:
    """What the interpreter answers when the host's commands give what they gave."""
    calls = iter(recording["calls"])
    commands = [command_of(name, names, calls) for name, names in parameters.items()]
    machine = machine_of(
        *commands,
        now=lambda: datetime.fromisoformat(recording["now"]),
        environment=recording["env"],
        version=recording["version"],
        groups=frozenset(recording["groups"]),
    )
    question = base64.b64encode(json.dumps({"script": script, "input": recording["input"]}).encode())
    completed = run_command_line(" ".join(encoded_line(BOOTSTRAP)), question + b"\r\n", machine)
    assert not is_refused(completed), completed.stderr
    return _settled(json.loads(base64.b64decode(completed.stdout))), completed.exit_code


def _settled(answer: Any) -> Any:
    result = answer.get("result")
    if isinstance(result, dict) and "hyper_v" in result:
        result = {name: value for name, value in result.items() if name not in OF_THE_MACHINE}
        result["hyper_v"] = {name: value for name, value in result["hyper_v"].items() if name != "module"}
        return {"result": result}
    if "error" in answer:
        # One wording of .NET.
        return {"error": answer["error"]["id"]}
    return answer


def command_of(name: str, parameters: set[str], calls: Iterator[dict[str, Any]]) -> Command:
    """A command that gives what was recorded, and that must be called as it was."""

    def answer(call: Call) -> Iterator[Any]:
        recording = next(calls, None)
        assert recording is not None, f"{name} was not called any more"
        assert (recording["name"], set(recording["params"])) == (name, set(call.parameters))
        yield from map(value_of, recording["out"])
        for error in recording["errors"]:
            call.write_error(error_of(error))
        if recording["fatal"]:
            raise error_of(recording["fatal"], terminating=True)

    switches = tuple(one for one in parameters if one in ("turnoff", "force", "confirm"))
    module = MODULES.get(name, "Hyper-V")
    positional = ("ClassName",) if name == "Get-CimInstance" else ()
    return Command(name, answer, tuple(parameters - set(switches)), positional, switches, module=module)


MODULES = {"Get-CimInstance": "CimCmdlets", "Get-Item": "Microsoft.PowerShell.Management"}


def error_of(error: dict[str, Any], *, terminating: bool = False) -> CommandError:
    """A recorded error of a command."""
    return CommandError(error["message"], error["id"], error["category"], terminating=terminating)


def value_of(document: Any) -> Any:
    """A recorded value."""
    if document is None or document.get("t") == "null":
        return None
    return VALUES[document["t"]](document)


def _object(document: dict[str, Any]) -> PSObject:
    properties = {name: value_of(value) for name, value in document["p"]}
    return PSObject(document["type"], properties, text=document["text"])


def _span(document: dict[str, Any]) -> timedelta:
    value = document["v"]
    return timedelta(seconds=value) if isinstance(value, (int, float)) else _parsed_span(value)


def _parsed_span(text: str) -> timedelta:
    found = re.fullmatch(r"(?:(\d+)\.)?(\d+):(\d+):([\d.]+)", text)
    assert found is not None, text
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


VALUES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "obj": _object,
    "enum": lambda document: PSEnum(document["v"], document["n"], document["type"]),
    "guid": lambda document: UUID(document["v"]),
    "datetime": lambda document: datetime.fromisoformat(document["v"]),
    "timespan": _span,
    "list": lambda document: [value_of(value) for value in document["v"]],
    **dict.fromkeys(("str", "int", "bool"), lambda document: document["v"]),
}


def test_the_table_of_what_is_known_names_the_scripts_that_were_run() -> None:
    document = recorded("runs.json.gz")
    runs = Counter(each["script"] for each in document["runs"])
    said = [entry for entry in yaml.safe_load(FIDELITY.read_text(encoding="utf-8")) if "sha256" in entry]
    known = {hashlib.sha256(text.encode()).hexdigest(): runs[name] for name, text in document["scripts"].items()}
    assert {entry["sha256"]: f"{known[entry['sha256']]} runs" in entry["source"] for entry in said} == dict.fromkeys(
        known, True
    )

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PowerShell that runs on hosts: fixed text, limited to what Windows PowerShell 5.1 has.

It is parsed here everywhere, and run where `pwsh` is installed, against commands that stand for a host's.
"""

from __future__ import annotations

import ast
import base64
import importlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from ansible_collections.asr.failback.plugins.module_utils.hyperv.question import (
    Console,
    Question,
    question_of,
    question_of_command,
)
from ansible_collections.asr.failback.plugins.module_utils.hyperv.scripts.bootstrap import BOOTSTRAP

SCRIPTS = Path(__file__).resolve().parents[2] / "plugins" / "module_utils" / "hyperv" / "scripts"
PACKAGE = "ansible_collections.asr.failback.plugins.module_utils.hyperv.scripts"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))
PARSER = Parser(Language(tree_sitter_powershell.language()))

# Commands that Windows PowerShell 5.1 and the modules of Windows Server 2012 R2 and VMM have, with the parameters that
# the scripts may use (Microsoft documentation). Get-VM -Name is not among them: it takes wildcards. VMM and VMware have
# some of the names as well, so all but PowerShell's own are called with their module.
COMMANDS: dict[str, set[str]] = {
    "ConvertFrom-Json": {"InputObject"},
    "ConvertTo-Json": {"InputObject", "Depth", "Compress"},
    "Get-CimInstance": {"ClassName", "Filter", "Namespace"},
    "FailoverClusters\\Get-Cluster": set(),
    "FailoverClusters\\Get-ClusterNode": set(),
    "FailoverClusters\\Get-ClusterParameter": {"InputObject", "Name"},
    "FailoverClusters\\Get-ClusterResource": set(),
    "Get-Command": {"Name", "Module", "ErrorAction"},
    "Get-Date": set(),
    "Get-Item": {"LiteralPath"},
    "Get-ItemProperty": {"LiteralPath", "Name"},
    "NetAdapter\\Get-NetAdapter": set(),
    "VirtualMachineManager\\Get-SCCloud": {"VMMServer"},
    "VirtualMachineManager\\Get-SCVMHost": {"VMMServer"},
    "VirtualMachineManager\\Get-SCVMMServer": {"ComputerName"},
    "VirtualMachineManager\\Get-SCVirtualMachine": {"VMMServer"},
    "Hyper-V\\Get-VHD": {"Path"},
    "Hyper-V\\Get-VM": {"Id", "ErrorAction", "ErrorVariable"},
    "Hyper-V\\Get-VMHardDiskDrive": {"VM"},
    "Hyper-V\\Get-VMHost": set(),
    "Hyper-V\\Set-VM": {"VM", "AutomaticStartAction"},
    "Hyper-V\\Stop-VM": {"VM", "TurnOff", "Force", "Confirm"},
    "Hyper-V\\Get-VMNetworkAdapter": {"VM"},
    "Hyper-V\\Get-VMSecurity": {"VM"},
    "Hyper-V\\Get-VMSnapshot": {"VM"},
    "Hyper-V\\Get-VMSwitch": set(),
    "Invoke-CimMethod": {"InputObject", "MethodName", "Arguments"},
    "New-Object": set(),
    "Hyper-V\\New-VMSwitch": {"Name", "NetAdapterName", "SwitchType", "AllowManagementOS"},
    "Out-Host": set(),
    "Hyper-V\\Set-VMSwitch": {"VMSwitch", "NetAdapterName", "SwitchType", "AllowManagementOS"},
    "Where-Object": set(),
    "Write-Host": set(),
    "Write-Output": set(),
}
# Those of the modules that PowerShell always has, and which no other product's hide (all of them Microsoft.PowerShell.*
# but for CIM's).
OF_POWERSHELL = {
    "ConvertFrom-Json",
    "ConvertTo-Json",
    "Get-CimInstance",
    "Get-Command",
    "Get-Date",
    "Get-Item",
    "Get-ItemProperty",
    "New-Object",
    "Invoke-CimMethod",
    "Out-Host",
    "Where-Object",
    "Write-Host",
    "Write-Output",
}
# Variables that only PowerShell 6 and later set.
LATER_VARIABLES = {"$iswindows", "$islinux", "$ismacos", "$iscoreclr", "$psstyle"}
# What becomes code, and where that is meant: the script itself, and the command of a user in a guest.
TEXT_TO_CODE = re.compile(
    r"\[\s*scriptblock\s*\]\s*::\s*create|invoke-expression|\biex\b|add-type|invokescript", re.IGNORECASE
)
MAKE_CODE = {"bootstrap", "guest_command"}


def text_of(name: str) -> str:
    """The PowerShell of a file."""
    module = importlib.import_module(f"{PACKAGE}.{name}")
    return str(next(getattr(module, text) for text in ("SCRIPT", "BOOTSTRAP", "FUNCTIONS") if hasattr(module, text)))


def nodes(node: Node) -> Iterator[Node]:
    """Yield a node and all below it."""
    yield node
    for child in node.children:
        yield from nodes(child)


def word(node: Node) -> str:
    """The text of a node."""
    return (node.text or b"").decode()


def complaints(script: str) -> list[str]:
    """What Windows PowerShell 5.1 would not take, or a script may not use."""
    root = PARSER.parse(script.encode()).root_node
    own = {word(node).lower() for node in nodes(root) if node.type == "function_name"}
    return [complaint for node in nodes(root) for complaint in _of_node(node, own)]


def _of_node(node: Node, own: set[str]) -> Iterator[str]:
    if node.type == "ERROR" or node.is_missing:
        yield f"line {node.start_point.row + 1} is no PowerShell 5.1: {word(node)[:60]}"
    if node.type in ("&&", "||"):
        yield f"{node.type} came with PowerShell 7"
    if node.type == "variable" and word(node).lower() in LATER_VARIABLES:
        yield f"{word(node)} came with PowerShell 6"
    if node.type == "command" and (name := node.child_by_field_name("command_name")) is not None:
        yield from _of_command(node, word(name), own)


def _of_command(node: Node, name: str, own: set[str]) -> Iterator[str]:
    if name.lower() in own or name.startswith(("(", "$")):
        return
    known = next((parameters for command, parameters in COMMANDS.items() if command.lower() == name.lower()), None)
    if known is None:
        yield f"{name} is not among the commands that scripts use"
        return
    elements = [child for part in node.children if part.type == "command_elements" for child in part.children]
    used = {word(part).removeprefix("-").partition(":")[0] for part in elements if part.type == "command_parameter"}
    yield from (f"{name} -{one} is not among what scripts use" for one in sorted(used) if one not in known)


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_windows_powershell_5_1(name: str) -> None:
    assert complaints(text_of(name)) == []


def test_only_the_commands_of_powershell_itself_are_called_without_their_module() -> None:
    assert {command for command in COMMANDS if "\\" not in command} == OF_POWERSHELL


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_fixed_text_of_ascii(name: str) -> None:
    tree = ast.parse((SCRIPTS / f"{name}.py").read_text(encoding="utf-8"))
    (text,) = (node.value for node in tree.body if isinstance(node, ast.Assign))
    # One text, or texts put together as they are.
    assert {type(node) for node in ast.walk(text)} <= {ast.Constant, ast.BinOp, ast.Add, ast.Name, ast.Load}
    assert text_of(name).isascii()


@pytest.mark.parametrize("name", NAMES)
def test_only_the_bootstrap_and_a_user_s_command_make_text_into_code(name: str) -> None:
    assert bool(TEXT_TO_CODE.search(text_of(name))) is (name in MAKE_CODE)


def test_the_bootstrap_fits_every_command_line() -> None:
    encoded = base64.b64encode(text_of("bootstrap").encode("utf-16-le"))
    # cmd.exe takes 8191 characters, should a host's WinRM start commands through it.
    assert len(encoded) < 8000


@pytest.mark.parametrize(
    "script",
    [
        "$x = $a ? 1 : 2",
        "$x = $a ?? 1",
        "$x ??= 1",
        "${a}?.Name",
        "${a}?[0]",
        "Hyper-V\\Get-VM && Get-Date",
        "Hyper-V\\Get-VM || Get-Date",
        "Hyper-V\\Get-VMSwitch | Where-Object -Parallel { $_ }",
        "$j = ConvertFrom-Json -InputObject $x -AsHashtable",
        "ConvertTo-Json -InputObject $x -EnumsAsStrings",
        "if ($IsWindows) { Get-Date }",
        "Get-VM",
        "(Get-Cluster).Name",
        "Hyper-V\\Get-VM -Name $Request.name",
        "Remove-VM -VM $vm",
        "iex $Request.name",
        "& { Get-Error }",
        "clean { Get-Date }",
        "foreach ($x in ) { }",
        "'unfinished",
    ],
)
def test_what_5_1_lacks_or_scripts_may_not_use_is_found(script: str) -> None:
    assert complaints(f"param($Request)\n{script}\n") != []


@pytest.mark.parametrize(
    "script",
    [
        "Hyper-V\\Get-VM | Where-Object { $_.Id -eq '&& ?? || ?.' } # a ?? b && c",
        'function Get-Own {\n    param($A)\n    "$($A.Name) ?? -Parallel"\n}\nGet-Own 1',
        "Hyper-V\\Set-VMSwitch -VMSwitch $found -AllowManagementOS:$false",
    ],
)
def test_what_only_looks_like_it_is_not_complained_about(script: str) -> None:
    assert complaints(script) == []


@pytest.mark.parametrize(
    "text",
    ["[ScriptBlock]::Create($x)", "[scriptblock] :: create($x)", "Invoke-Expression $x", "Add-Type $x", "iex $x"],
)
def test_text_that_becomes_code_is_found(text: str) -> None:
    assert TEXT_TO_CODE.search(text)


# A host in a module of functions, which PowerShell loads when a command of it is first used.
HOST_MODULE = r"""
$script:Machine = [pscustomobject]@{
    Id = [guid] '6d1f1e0a-7a0c-4f5e-9c0e-0c5a3b1d2e3f'; Name = 'web01 "日本" $(x)'; State = 'Off'; Generation = 2
    Path = 'D:\'; Uptime = [timespan] '0'; ProcessorCount = 2; MemoryStartup = 1GB; Heartbeat = 'NoContact'
    IsClustered = $false; AutomaticStartAction = 'StartIfRunning'
    ReplicationMode = 'Primary'; ReplicationState = 'Replicating'; ReplicationHealth = 'Normal'
}
$script:Switch = [pscustomobject]@{
    Id = [guid] '00000000-0000-0000-0000-000000000001'; Name = 'Production'; SwitchType = 'External'
    NetAdapterInterfaceDescription = 'Adapter'; AllowManagementOS = $true
}
function Get-CimInstance {
    param($Namespace, $ClassName, $Filter)
    switch ($ClassName) {
        'Win32_ComputerSystem' { [pscustomobject]@{ Name = 'HV01'; DNSHostName = 'hv01' } }
        'Win32_OperatingSystem' { [pscustomobject]@{ Caption = 'Windows'; Version = '10.0'; FreePhysicalMemory = 1 } }
        'Win32_Service' { [pscustomobject]@{ Name = 'vmms'; DisplayName = 'V'; State = 'Running'; StartMode = 'Auto' } }
        'Win32_Volume' { throw 'Access denied' }
    }
}
function Get-VM { [CmdletBinding()] param([guid[]] $Id) $script:Machine }
function Stop-VM { param($VM, [switch] $TurnOff, [switch] $Force, [switch] $Confirm) throw 'The device is not ready.' }
function Set-VM { param($VM, $AutomaticStartAction) $VM.AutomaticStartAction = $AutomaticStartAction }
function Get-VMHost { [pscustomobject]@{ VirtualMachinePath = 'D:\'; VirtualHardDiskPath = 'D:\' } }
function Get-VMSwitch { $script:Switch }
function Get-VMSnapshot { param($VM) }
function Get-VMHardDiskDrive {
    param($VM)
    [pscustomobject]@{ VMId = $VM[0].Id; Path = 'D:\os.vhdx'; DiskNumber = $null }
}
function Get-VHD {
    param($Path)
    [pscustomobject]@{ Path = 'D:\os.vhdx'; VhdFormat = 'VHDX'; VhdType = 'Dynamic'; Size = 8GB; FileSize = 1GB }
}
function Get-VMNetworkAdapter {
    param($VM)
    [pscustomobject]@{ VMId = $VM[0].Id; Name = 'n'; MacAddress = '0'; SwitchName = ''; IPAddresses = @('10.0.0.4') }
}
Export-ModuleMember -Function *
"""
NEEDS_PWSH = pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh is not installed: scripts are parsed only")
WEB01 = 'web01 "日本" $(x)'


def in_pwsh(folder: Path, question: Question, bootstrap: str = BOOTSTRAP) -> Console:
    """What the console shows of a question, with the host's commands in a module that greets."""
    module = folder / "modules" / "Hyper-V"
    module.mkdir(parents=True)
    (module / "Hyper-V.psm1").write_text(f"Write-Host 'Hello.'\n{HOST_MODULE}", encoding="utf-8-sig")
    encoded = base64.b64encode(bootstrap.encode("utf-16-le")).decode()
    ran = subprocess.run(
        ["pwsh", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded],
        input=question.encoded(),
        env={**os.environ, "PSModulePath": str(module.parent), "POWERSHELL_TELEMETRY_OPTOUT": "1"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Console(ran.stdout, ran.stderr, ran.returncode)


def run_in_pwsh(folder: Path, name: str, request: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """What a script answers, and its exit code."""
    question = question_of(text_of(name), request)
    console = in_pwsh(folder, question)
    return question.answer(console) or {}, console.exit_code


@NEEDS_PWSH
def test_pwsh_runs_the_facts(tmp_path: Path) -> None:
    answer, code = run_in_pwsh(tmp_path, "host_facts", {"vms": [{"id": "", "name": WEB01}]})
    facts = answer["result"]
    assert (code, facts["computer"], facts["vms"][0]["name"]) == (0, "HV01", WEB01)
    assert facts["vms"][0]["disks"][0]["size"] == 8 * 2**30
    nic = {"name": "n", "mac": "0", "switch": None, "vlan": None, "addresses": ["10.0.0.4"]}
    assert (facts["vms"][0]["nics"], facts["vms"][0]["security"]) == ([nic], {"tpm": False, "shielded": False})
    assert (facts["cluster"], facts["vmm"], facts["volumes"]) == (None, None, [])
    assert {"part": "volumes", "message": "Access denied"} in facts["problems"]


@NEEDS_PWSH
def test_pwsh_runs_the_switch(tmp_path: Path) -> None:
    request = {"name": "production", "type": "Private", "check_mode": True, "change_type": True}
    answer, code = run_in_pwsh(tmp_path, "switch", request)
    assert (code, answer["result"]["before"]["type"], answer["result"]["after"]["type"]) == (0, "External", "Private")


@NEEDS_PWSH
def test_pwsh_runs_the_power(tmp_path: Path) -> None:
    machine = "6D1F1E0A-7A0C-4F5E-9C0E-0C5A3B1D2E3F"
    answer, code = run_in_pwsh(tmp_path, "vm_power", {"id": machine, "action": "keep_off"})
    result = answer["result"]
    actions = [result[when]["automatic_start_action"] for when in ("before", "after")]
    assert (code, result["failure"], result["after"]["state"]) == (0, None, "Off")
    assert set(actions) <= {"StartIfRunning", "Nothing"}
    assert actions[-1] == "Nothing"


@NEEDS_PWSH
def test_pwsh_tells_an_error_in_the_host_s_words(tmp_path: Path) -> None:
    answer, code = run_in_pwsh(tmp_path, "switch", {"type": "Private"})
    assert code == 1
    assert "null-valued expression" in answer["error"]["message"]


@NEEDS_PWSH
@pytest.mark.parametrize(
    ("command", "code", "output"),
    [
        ("'hello'", 0, "hello\n"),
        ("Write-Host a; 'b'; Write-Information c -InformationAction Continue; [Console]::Write('d')", 0, "a\nb\nc\nd"),
        ("sh -c 'echo a; exit 4'", 4, "a\n"),
        ("'a'; exit 3; 'b'", 3, "a\n"),
        ("", 0, ""),
    ],
)
def test_pwsh_runs_a_user_s_command(tmp_path: Path, command: str, code: int, output: str) -> None:
    question = question_of_command(command)
    console = in_pwsh(tmp_path, question)
    shown = question.output(console)
    assert (question.answer(console), console.exit_code) == (None, code)
    assert shown is not None
    assert shown.replace("\r\n", "\n") == output


@NEEDS_PWSH
def test_pwsh_tells_an_error_of_a_user_s_command(tmp_path: Path) -> None:
    question = question_of_command("'a'; throw 'the shop is closed'")
    answer = question.answer(in_pwsh(tmp_path, question))
    assert answer is not None
    assert answer["error"]["message"] == "the shop is closed"


class Nothing(Question):
    """A question that does not arrive."""

    def encoded(self) -> bytes:
        """Return what goes to standard input."""
        return b""


@NEEDS_PWSH
@pytest.mark.parametrize(
    ("kind", "before", "not_run"),
    [
        (Nothing, "", "input"),
        (Question, "$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'", "language_mode"),
    ],
)
def test_pwsh_says_why_a_script_was_not_begun(tmp_path: Path, kind: type[Question], before: str, not_run: str) -> None:
    question = kind(text_of("host_facts"), {"vms": None}, "a1")
    console = in_pwsh(tmp_path, question, f"{before}\n{BOOTSTRAP}")
    answer = question.answer(console)
    assert answer is not None
    assert (answer["error"]["not_run"], console.exit_code) == (not_run, 1)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every function of the interpreter and of the hosts' commands is entered by a script, a documented probe or a row."""

from __future__ import annotations

import ast
import importlib
import itertools
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from support.powershells import encoded_line, run

from ansible_collections.asr.failback.plugins.module_utils.hyperv.question import (
    Console,
    Question,
    question_of,
    question_of_command,
)
from ansible_collections.asr.failback.plugins.module_utils.hyperv.scripts import host_facts, switch, vm_power
from ansible_collections.asr.failback.plugins.module_utils.hyperv.scripts.bootstrap import BOOTSTRAP
from asr_simulator import hyperv, remoting
from asr_simulator.hyperv.storage import PASS_THROUGH, ForeignDisk
from asr_simulator.scenarios import load
from asr_simulator.world import World, build_world
from powershell_subset import reads_input, run_command_line

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parents[1] / "simulator" / "src"
MEASURED = (SOURCES / "powershell_subset", SOURCES / "asr_simulator" / "hyperv" / "cmdlets")
# Commands of probes.
PROBES = (
    "(Get-Service -Name vmms).Status",
    "Get-Service nginx",
    "Test-Path -LiteralPath 'C:\\Windows\\System32\\vmms.exe'",
    "exit 3",
    "throw 'the shop is closed'",
    "if ((Get-Service -Name vmms).Status -ne 'Running') { exit 1 }",
)
# What an operator asks or does on a host by hand, as docs/rehearsal.md says; what is not there, too.
BY_HAND = (
    'Get-VM | ForEach-Object { "$($_.Name): $($_.State), up $($_.Uptime)" }',
    "Get-VM | Get-VMSnapshot | ForEach-Object Name",
    "Stop-VM -Name tools01 -TurnOff -Force",
    "Stop-VM -Name tools01",
    "Get-VM -Name nope",
    "Get-VM -Id nope",
    "Get-VM -Id 4af0b1c6-0000-0000-0000-000000000000",
    "Get-VMSwitch -Name nope",
    "Get-NetAdapter -Name nope",
    "Get-Cluster",
    "Get-ClusterNode -Name nope",
    "Get-SCVMMServer -ComputerName localhost",
    "Get-CimInstance Nope",
    "New-VMSwitch -Name Nope",
    "New-VMSwitch -Name Nope -NetAdapterName Ethernet",
    '"$(Get-Date)"',
)
# What an operator does to machines that run.
STOPPED_BY_HAND = ("Stop-VM -Name web03", "Stop-VM -Name web0* -Force")
SITE = {
    "name": "site1",
    "type": "HyperVSite",
    "hosts": [
        {
            "name": "hv01.corp.example",
            "cluster": "clu1",
            "virtual_machines": [{"name": "tools01", "checkpoints": ["one"], "generation": 1}],
            "commands": [{"pattern": "check", "output": "fine"}],
        },
        {"name": "hv02.corp.example", "cluster": "clu1"},
        {"name": "hv03.corp.example"},
    ],
}
VMM = {"name": "vmm01.corp.example", "type": "VMM", "clouds": [{"name": "Gold"}]}
SCENARIO = {
    "name": "entered",
    "items": [
        {"name": "web01", "stage": "failed_over", "host": "hv01.corp.example"},
        {"name": "web02", "stage": "protected", "cloud": "Gold"},
        {"name": "web03", "stage": "protected", "host": "hv03.corp.example"},
    ],
    "fabrics": [SITE, VMM],
}


def functions() -> Iterator[tuple[str, str, int]]:
    """File, name and first line of every function that is measured."""
    for folder in MEASURED:
        for file in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and not _is_only_declared(node):
                    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                    yield str(file), node.name, first


def _is_only_declared(node: ast.FunctionDef) -> bool:
    """Whether a function has nothing but its documentation, or says that others implement it."""
    body = [each for each in node.body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]
    return all(isinstance(each, ast.Raise) and "NotImplementedError" in ast.unparse(each) for each in body)


class Entered:
    """Collects the functions that are entered meanwhile."""

    def __init__(self) -> None:
        self.found: set[tuple[str, int]] = set()

    def __enter__(self) -> Entered:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *unused: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            self.found.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))


def in_world(world: World, host: str, script: str, stdin: bytes = b"", *, constrained: bool = False) -> Console:
    """What a script shows on a host."""
    machine = replace(remoting.machine_of(world.hyperv, host, {}, world.clock.advance), constrained=constrained)
    done = run_command_line(" ".join(encoded_line(script)), stdin, machine)
    return Console(done.stdout.encode(), done.stderr.encode(), done.exit_code)


def ask(world: World, host: str, question: Question) -> Mapping[str, Any]:
    """What a script of the collection answers, by the bootstrap."""
    answer = question.answer(in_world(world, host, BOOTSTRAP, question.encoded()))
    return answer or {}


def run_scripts(world: World) -> None:
    """Run the scripts of the collection on hosts of all kinds, in good order and in bad."""
    hosts = [host.name for host in world.hyperv.hosts.values()]
    # Guests that run, then guests that have not started yet.
    for _times in range(2):
        for name, command in itertools.product(hosts, STOPPED_BY_HAND):
            in_world(world, name, command)
        for machine in world.hyperv.machines():
            machine.run(world.clock.now())
    for name in hosts:
        facts = ask(world, name, question_of(host_facts.SCRIPT, {"vms": None}))
        for machine in facts.get("result", {}).get("vms", []):
            for action in ("read", "keep_off", "shut_down", "turn_off", "turn_off"):
                ask(world, name, question_of(vm_power.SCRIPT, {"id": machine["id"], "action": action, "off": ["Off"]}))
        for wanted in SWITCHES:
            ask(world, name, question_of(switch.SCRIPT, {**SWITCH, **wanted}))
        for command in (*PROBES, "check"):
            ask(world, name, question_of_command(command))
        for command in BY_HAND:
            in_world(world, name, command)
    ask(world, hosts[0], question_of(host_facts.SCRIPT, {"vms": [{"id": "", "name": "WEB01"}]}))
    ask(world, hosts[0], question_of(vm_power.SCRIPT, {"id": "no such id", "action": "read"}))
    in_world(world, hosts[0], BOOTSTRAP, question_of(host_facts.SCRIPT, {}).encoded(), constrained=True)


SWITCH: dict[str, Any] = {
    "name": "Lab",
    "type": "Private",
    "net_adapter": None,
    "allow_management_os": None,
    "change_type": True,
    "check_mode": False,
}
SWITCHES: tuple[dict[str, Any], ...] = (
    {},
    {"type": "Internal"},
    {"type": "External", "net_adapter": "Ethernet 2"},
    {"type": "External", "net_adapter": "Ethernet 2", "allow_management_os": False},
    {"name": "Other", "type": "External", "net_adapter": "Ethernet 2"},
    {"name": "production", "check_mode": True},
)


def trouble(world: World) -> None:
    """Machines that cannot be read, with disks that are passed through, or gone from a share; and PowerCLI."""
    for host in world.hyperv.hosts.values():
        for machine in host.machines:
            machine.readable = machine.name != "tools01"
            machine.tells_cluster_id = machine.readable
            host.has_powercli = host.name.startswith("hv03")
            machine.foreign_disks.append(ForeignDisk(PASS_THROUGH, "Disk 3", "a"))
            world.hyperv.store(machine, "\\\\fs01\\vms" if machine.name == "web03" else "")
            for disk in machine.disks:
                disk.present = False


def stop_services(world: World) -> None:
    """No service of the hosts runs any more."""
    for host in world.hyperv.hosts.values():
        for service in host.services.values():
            service.state = "Stopped"


def tables(name: str) -> dict[str, Any]:
    """What a file of tests defines."""
    return runpy.run_path(str(HERE / f"{name}.py"))


def rows() -> Iterator[str]:
    """The rows of the tables, which PowerShell confirms where it is there."""
    for found in (tables("test_powershell_language"), tables("test_powershell_cmdlets")):
        yield from (row[0] for kind in ("ROWS", "DIFFERING", "REFUSED") for row in found[kind])
    errors = tables("test_powershell_errors")
    for script, _expected in (*errors["CAUGHT"], *errors["FLOW"]):
        yield f"try {{ {script} }} catch {{ {errors['DETAILS']} }}"
        yield script


def not_entered(actions: Callable[[], None]) -> list[str]:
    """The functions that are not entered meanwhile."""
    with Entered() as entered:
        actions()
    return [
        f"{Path(file).relative_to(SOURCES)}:{first} {name}"
        for file, name, first in functions()
        if (file, first) not in entered.found
    ]


def everything() -> None:
    """Run all that the interpreter is for."""
    for change in (lambda world: None, trouble, stop_services):
        world = build_world(load(SCENARIO))
        change(world)
        run_scripts(world)
    for script in rows():
        run(script)
    reads_input(" ".join(encoded_line("$input")))
    run("throw 'x'", encoded=False)
    imported_again()


def imported_again() -> None:
    """Import all as if for the first time, as some functions are there for that; then what was there is back."""
    kept = hyperv.cmdlets
    ours = [name for name in sys.modules if name.startswith(("powershell_subset", "asr_simulator.hyperv.cmdlets"))]
    before = {name: sys.modules.pop(name) for name in ours}
    try:
        importlib.import_module("asr_simulator.hyperv.cmdlets")
    finally:
        sys.modules.update(before)
        hyperv.cmdlets = kept


def test_no_function_is_there_that_nothing_enters() -> None:
    assert not_entered(everything) == []


def test_a_function_that_nothing_enters_is_found() -> None:
    found = not_entered(lambda: None)
    assert any(line.endswith(" run_command_line") for line in found)

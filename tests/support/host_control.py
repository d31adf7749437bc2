# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at the simulated hosts behind the vault, does something to them, and runs PowerShell on them."""

from __future__ import annotations

import base64
import json
from typing import Any

import requests

from asr_simulator import remoting
from asr_simulator.server import Simulator
from asr_simulator.world import World
from powershell_subset import Completed, run_command_line
from support.scenarios import SICK

GIB = 1024**3


def host_of(simulator: Simulator, name: str) -> dict[str, Any]:
    """A host as the control API shows it."""
    return next(host for host in simulator.state()["hosts"] if host["name"] == name)


def machines_of(simulator: Simulator, name: str) -> list[dict[str, Any]]:
    """The virtual machines of that name with their hosts, wherever they are."""
    hosts = simulator.state()["hosts"]
    return [{**machine, "host": host["name"]} for host in hosts for machine in host["vms"] if machine["name"] == name]


def machine_of(simulator: Simulator, name: str) -> dict[str, Any]:
    """The only one of that name."""
    (machine,) = machines_of(simulator, name)
    return machine


def strike(simulator: Simulator, **fault: Any) -> requests.Response:
    """The answer to a service fault."""
    connection = simulator.connection
    url, bundle = f"{connection['control']}/faults", connection["ca_bundle"]
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, json={"service": fault}, verify=bundle, timeout=20)


def afflict(simulator: Simulator, **fault: Any) -> None:
    """Add a service fault that must be understood."""
    answer = strike(simulator, **fault)
    assert answer.status_code == 200, answer.text


class PowerShell:
    """A session of PowerShell on a simulated host, as a remote caller would have it."""

    def __init__(self, simulator: Simulator, host: str) -> None:
        self._simulator, self._host = simulator, host

    def run(self, script: str) -> Completed:
        """How a script ended."""
        encoded = base64.b64encode(script.encode("utf-16-le")).decode()
        line = f"powershell.exe -NoProfile -NonInteractive -EncodedCommand {encoded}"
        completed: Completed = self._simulator.locked(lambda world: self._run(world, line))
        return completed

    def _run(self, world: World, line: str) -> Completed:
        return run_command_line(line, b"", remoting.machine_of(world.hyperv, self._host, {}, world.clock.advance))

    def ask(self, script: str) -> Any:
        """What a script returns, as a list."""
        done = self.run(f"$ErrorActionPreference = 'Stop'\nConvertTo-Json -Compress -Depth 6 -InputObject @({script})")
        assert (done.exit_code, done.stderr) == (0, ""), done
        return json.loads(done.stdout)

    def refused(self, script: str) -> str:
        """The error of a script, whose message and id it is."""
        shown = "Write-Output $_.Exception.Message; Write-Output $_.FullyQualifiedErrorId"
        done = self.run(f"$ErrorActionPreference = 'Stop'\ntry {{ $null = {script} }} catch {{ {shown} }}")
        assert (done.exit_code, done.stderr) == (0, ""), done
        assert done.stdout, "nothing was refused"
        return done.stdout


def sick(simulator: Simulator) -> Simulator:
    """The simulator, where something is the matter beside what is tested."""
    for fault in SICK:
        simulator.locked(lambda world, fault=fault: world.apply_fault(fault))
    return simulator

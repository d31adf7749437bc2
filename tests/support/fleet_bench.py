# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings many VMs of a simulated vault home, in one of several ways, and measures what that takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from asr_simulator.connection import INVENTORY
from asr_simulator.server import Simulator
from support.measuring import environment, processor_seconds
from support.scenarios import large_site

# The command that brings so many VMs of a simulator home, and its environment; the folder is for its files.
Variant = Callable[[Simulator, Path, int], tuple[list[str], dict[str, str]]]
VMS_OF_A_HOST = 20
POLL_SECONDS = 5
_SAMPLE_SECONDS = 0.5
_MIB = 2**20
_SUPPORT = Path(__file__).parent


@dataclass(frozen=True)
class Measured:
    """What a run took. Seconds are real ones; `critical_path_s` is how long the jobs of the slowest VM took in all.

    `peak_mib` is the sum over all processes of the run but the simulator's (PSS), `events_per_vm` counts Ansible's
    runner events.
    """

    variant: str
    vms: int
    speed: float
    wall_s: float
    critical_path_s: float
    cpu_s_per_vm: float
    reads_per_vm: float
    writes_per_vm: float
    token_requests: int
    peak_mib: float
    tasks_per_vm: float
    events_per_vm: float
    simulator_cpu_s: float


def measured(variant: str, vms: int, folder: Path, *, speed: float) -> Measured:
    """Bring so many VMs home; fails if one is not protected afterwards.

    Azure counts requests by the documented buckets, which refill in simulated time.
    """
    scenario = large_site(vms, max(1, vms // VMS_OF_A_HOST), throttle={})
    with Simulator.start(scenario, state_dir=folder, speed=speed) as simulator:
        command, more = _COMMANDS[variant](simulator, folder, vms)
        events = folder / "events.json"
        around = {**environment(simulator.connection), **more, "FLEET_EVENTS": str(events)}
        before, own, started = processor_seconds(), time.process_time(), time.monotonic()
        with (folder / "log").open("w") as log:
            run = subprocess.Popen(command, env=around, stdout=log, stderr=log)
            with _peak_of(run.pid) as peak:
                status = run.wait()
        wall, spent, simulated = time.monotonic() - started, processor_seconds() - before, time.process_time() - own
        assert status == 0, (folder / "log").read_text()[-3000:]
        state = simulator.state()
        left = [item["name"] for item in state["items"] if item["stage"] != "protected"]
        assert not left, f"{len(left)} VMs are not back, {left[0]} first"
        counted = json.loads(events.read_text()) if events.exists() else {"tasks": 0, "events": 0}
        entries = simulator.journal.entries()
        return Measured(
            variant=variant,
            vms=vms,
            speed=speed,
            wall_s=round(wall, 1),
            critical_path_s=round(_critical_path(state["jobs"]) / speed, 1),
            cpu_s_per_vm=round(spent / vms, 4),
            reads_per_vm=round(sum(entry["method"] == "GET" for entry in entries) / vms, 1),
            writes_per_vm=round(sum(_is_write(entry) for entry in entries) / vms, 2),
            token_requests=sum(entry["path"].endswith("/token") for entry in entries),
            peak_mib=round(max(peak, default=0) / _MIB),
            tasks_per_vm=round(counted["tasks"] / vms, 2),
            events_per_vm=round(counted["events"] / vms, 2),
            simulator_cpu_s=round(simulated, 1),
        )


def table(runs: list[Measured]) -> str:
    """Runs as aligned lines."""
    rows = [[*asdict(runs[0])], *([str(value) for value in asdict(run).values()] for run in runs)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _is_write(entry: dict[str, Any]) -> bool:
    return entry["method"] != "GET" and not entry["path"].endswith("/token")


def _critical_path(jobs: list[dict[str, Any]]) -> float:
    """The simulated seconds of the jobs of the VM whose jobs took longest."""
    spent: dict[str, float] = {}
    for job in jobs:
        spent[job["target"]] = spent.get(job["target"], 0.0) + job["worked_seconds"]
    return max(spent.values(), default=0.0)


def _fleet(simulator: Simulator, folder: Path, vms: int, *, asks_hosts: bool) -> tuple[list[str], dict[str, str]]:
    connection = simulator.connection
    variables: dict[str, Any] = {
        "failback_resource_group": connection["resource_group"],
        "failback_vault_name": connection["vault_name"],
        "failback_commit_policy": "now",
        "failback_poll_interval": POLL_SECONDS,
        "failback_report": str(folder / "report.json"),
    }
    if not asks_hosts:
        # Nobody can be asked: each VM is accepted by its name.
        variables["failback_accept_unseen"] = "{{ {'vm': inventory_hostname, 'sides': ['on_premises']} }}"
    inventory = folder / "inventory.yml"
    names = [item["name"] for item in simulator.state()["items"]]
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {name: {} for name in names}}}))
    command = ["ansible-playbook", "asr.failback.fleet", "-i", str(inventory), "-e", json.dumps(variables)]
    hosts = ["-i", str(folder / INVENTORY)] if asks_hosts else []
    plugins = {"ANSIBLE_CALLBACK_PLUGINS": str(_SUPPORT / "callbacks"), "ANSIBLE_CALLBACKS_ENABLED": "count_events"}
    return [*command, *hosts], plugins


def _sdk_script(*more: str) -> Variant:
    command = [sys.executable, str(_SUPPORT / "sdk_script.py"), str(POLL_SECONDS), *more]
    return lambda _simulator, _folder, _vms: (command, {})


_COMMANDS: dict[str, Variant] = {
    "fleet": lambda simulator, folder, vms: _fleet(simulator, folder, vms, asks_hosts=False),
    "fleet, hosts asked": lambda simulator, folder, vms: _fleet(simulator, folder, vms, asks_hosts=True),
    "sdk script": _sdk_script(),
    "sdk script, bare": _sdk_script("bare"),
}


@contextmanager
def _peak_of(pid: int) -> Iterator[list[int]]:
    """Sample the memory of a process and all that it has started, in bytes."""
    samples: list[int] = []
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(_SAMPLE_SECONDS):
            samples.append(sum(map(_share_of, _family(pid))))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def _family(pid: int) -> list[int]:
    """A process and its descendants; those that are gone meanwhile are left out."""
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        lists = [Path(f"/proc/{pid}/task/{task}/children").read_text() for task in tasks]
    except OSError:
        return []
    return [pid, *(one for listed in lists for child in listed.split() for one in _family(int(child)))]


def _share_of(pid: int) -> int:
    """The memory of a process in bytes, of what it shares its share."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)

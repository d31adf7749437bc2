# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to read many Hyper-V hosts in one play, over WinRM with NTLM.

HYPERV_HOSTS=10 VMS=5 make bench asks for another number of hosts, and of VMs on each.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from support.measuring import environment, processor_seconds
from support.scenarios import large_site

from asr_simulator.server import Simulator

HYPERV_HOSTS, VMS = int(os.environ.get("HYPERV_HOSTS", "100")), int(os.environ.get("VMS", "20"))
PLAYBOOK = [
    {
        "hosts": "hyperv_hosts",
        "gather_facts": False,
        "tasks": [
            {"name": "Read the host", "asr.failback.hyperv_host_info": {}, "register": "read"},
            {
                "name": "See all its VMs",
                "ansible.builtin.assert": {"that": f"read.host.vms | length == {VMS}", "quiet": True},
            },
        ],
    }
]


@pytest.fixture
def measured(tmp_path: Path) -> dict[str, float]:
    playbook = tmp_path / "read.yml"
    playbook.write_text(json.dumps(PLAYBOOK), encoding="utf-8")
    with Simulator.start(large_site(HYPERV_HOSTS * VMS, HYPERV_HOSTS), state_dir=tmp_path, speed=1) as simulator:
        before, own, started = processor_seconds(), time.process_time(), time.monotonic()
        command = ["ansible-playbook", "-i", str(tmp_path / "hyperv_hosts.yml"), "--forks", "20", str(playbook)]
        run = subprocess.run(
            command, env=environment(simulator.connection), capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout[-2000:]
        sessions = simulator.locked(lambda world: world.shells.sessions())
        return {
            "seconds": time.monotonic() - started,
            "processor seconds of Ansible": processor_seconds() - before,
            "processor seconds of the simulator": time.process_time() - own,
            "sessions": len(sessions),
            "hosts with one session": len({session["host"] for session in sessions}),
        }


def test_each_host_is_asked_in_one_session(measured: dict[str, float]) -> None:
    print(
        f"\n{HYPERV_HOSTS} hosts, {VMS} VMs each: "
        + ", ".join(f"{name} {value:.3g}" for name, value in measured.items())
    )
    assert measured["sessions"] == measured["hosts with one session"] == HYPERV_HOSTS

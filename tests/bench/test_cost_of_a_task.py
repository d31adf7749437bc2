# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task costs: processor time, requests and tokens for each host, with the real SDKs against the simulator.

HOSTS=200 make bench asks for another number of hosts. The figures are printed; the bounds are generous.
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

HOSTS = int(os.environ.get("HOSTS", "50"))
PLAYBOOK = [
    {
        "hosts": "all",
        "gather_facts": False,
        "connection": "local",
        "tasks": [
            {
                "name": "Read the replicated item",
                "asr.failback.replicated_item_info": {
                    "resource_group": "{{ lookup('env', 'ASR_RESOURCE_GROUP') }}",
                    "vault_name": "{{ lookup('env', 'ASR_VAULT_NAME') }}",
                    "replicated_item": "{{ inventory_hostname }}",
                },
            }
        ],
    }
]


@pytest.fixture
def measured(tmp_path: Path) -> dict[str, float]:
    scenario = large_site(HOSTS, hosts=1)
    playbook, inventory = tmp_path / "read.yml", tmp_path / "inventory"
    playbook.write_text(json.dumps(PLAYBOOK), encoding="utf-8")
    inventory.write_text("\n".join(item["name"] for item in scenario["items"]), encoding="utf-8")
    with Simulator.start(scenario, state_dir=tmp_path, speed=1) as simulator:
        before, started = processor_seconds(), time.monotonic()
        command = ["ansible-playbook", "-i", str(inventory), "--forks", "10", str(playbook)]
        run = subprocess.run(
            command, env=environment(simulator.connection), capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout[-2000:]
        requests = simulator.journal.entries()
        return {
            "seconds": time.monotonic() - started,
            "processor seconds a host": (processor_seconds() - before) / HOSTS,
            "requests a host": len(requests) / HOSTS,
            "tokens": sum(1 for request in requests if "oauth2" in request["path"]),
        }


def test_a_task_is_cheap_on_every_host(measured: dict[str, float]) -> None:
    print(f"\n{HOSTS} hosts: " + ", ".join(f"{name} {value:.3g}" for name, value in measured.items()))
    assert measured["processor seconds a host"] < 0.5
    assert measured["tokens"] <= 2

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault that the page of the simulator lists, turned on once before a failback: what the record says of it.

The table says what must come: that the VM comes home all the same, or which words name the place.
`FAULTS=all` tries every fault, else a sample that SEED chooses.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.module_runner import ModuleRunner
from support.run_records import record_of
from support.scenarios import item_of, scenario_of
from support.soaking import count

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError

ALL = os.environ.get("FAULTS") == "all"
DICE = random.Random(os.environ.get("SEED", "1"))
SAMPLE = 12
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "rehearsal.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\{.*?\})` \|", PAGE, re.MULTILINE)
FAILED, NOT_PROVEN, FINDINGS, PASSED = "failed", "not_proven", "passed_with_findings", "passed"
# What stands for the VM, its hosts and its plan on the page.
NAMES = {"V": "vm1", "H": "hv01", "H2": "hv02", "P": "shop"}

TWO_HOSTS = [{"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}, {"name": "hv02"}]}]
CLUSTERED = [
    {"name": "site1", "type": "HyperVSite", "hosts": [{"name": name, "cluster": "cl01"} for name in ("hv01", "hv02")]}
]
# By the fault as the page has it: the verdict, and a word of its reasons.
FOUND: dict[str, tuple[str, str]] = {
    '{"operation": "plannedFailover", "item": V}': (PASSED, ""),
    '{"item": V, "removed": true}': (FAILED, "has no replicated item 'vm1'"),
    '{"item": V, "replication_health": "Critical"}': (FINDINGS, "replication_health"),
    '{"jobs": "ended", "forgotten": true}': (FINDINGS, "on_premises_disks"),
    '{"azure_vm": V, "deleted": true}': (FAILED, "There is no VM in Azure"),
    '{"tokens": "expired"}': (PASSED, ""),
    '{"principal": "operator", "secret": "expired"}': (FAILED, "AADSTS7000222"),
    '{"principal": "operator", "sign_in": "blocked"}': (FAILED, "AADSTS53003"),
    '{"host": H, "reachable": false}': (FAILED, "hv01 (127.0.0.1"),
    '{"host": H, "silent": true}': (FAILED, "no answer within"),
    '{"host": H, "dead": true}': (FAILED, "hv01 is NotConnected"),
    '{"host": H, "password": "wrong"}': (FAILED, "refused CONTOSO"),
    '{"host": H, "service": "vmms", "state": "Stopped"}': (FAILED, "hv01 is NotConnected"),
    '{"host": H, "volume": "D:", "free_gb": 0.2}': (FAILED, "do not fit on hv01"),
    '{"host": H, "switch": "Production", "missing": true}': (FAILED, "hv01 lacks the virtual switch"),
    '{"host": H, "powercli": "installed"}': (PASSED, ""),
    '{"host": H, "second_hop": "allowed"}': (PASSED, ""),
    '{"host": H, "adapter": "Ethernet", "missing": true}': (FAILED, "no longer the network adapter"),
    '{"host": H, "role": "missing"}': (FAILED, "hv01 is NotConnected"),
    '{"host": H, "clock_offset": 900}': (FINDINGS, "The clock of hv01"),
    '{"host": H, "cim": "denied"}': (FINDINGS, "host_version"),
    '{"host": H, "image": H2}': (PASSED, ""),
    '{"host": H, "rights": "none"}': (NOT_PROVEN, "no right to administer Hyper-V"),
    '{"host": H, "console": "noisy"}': (PASSED, ""),
    '{"host": H, "answers": "lost", "of": "changes"}': (PASSED, ""),
    '{"host": H, "input": "lost"}': (FAILED, "did not reach hv01"),
    '{"host": H, "installation": "Server Core"}': (PASSED, ""),
    '{"host": H, "quota": 2150859174, "on": "Command", "times": 2}': (PASSED, ""),
    '{"host": H, "shell": "denied"}': (FAILED, "may not open a shell on hv01"),
    '{"host": H, "powershell": "blocked"}': (FAILED, "Application Control"),
    '{"host": H, "pipe": "ends"}': (FAILED, "PowerShell on hv01"),
    '{"host": H, "send": "times_out"}': (PASSED, ""),
    '{"host": H, "language_mode": "constrained"}': (FAILED, "ConstrainedLanguage"),
    '{"vm": V, "operation": "MergingDisks"}': (FAILED, "operation in progress on vm1"),
    '{"vm": V, "security": "shielded"}': (FINDINGS, "shielded VM"),
    '{"vm": V, "vlan": 42}': (PASSED, ""),
    '{"vm": V, "automatic_stop": "ShutDown"}': (PASSED, ""),
    '{"vm": V, "automatic_start": "Start"}': (FINDINGS, "hv01 starts vm1"),
    '{"vm": V, "replication": "Suspended"}': (FINDINGS, "the replication of vm1 is Suspended"),
    '{"vm": V, "differencing": "left"}': (FAILED, "differencing disks on hv01"),
    '{"vm": V, "foreign_disk": "shared"}': (FINDINGS, "are not replicated"),
    r'{"vm": V, "storage": "\\\\fs01\\vms"}': (FINDINGS, "on an SMB share"),
    '{"vm": V, "power": "running"}': (FAILED, "Running on hv01"),
    '{"vm": V, "checkpoint": "before"}': (FAILED, "has checkpoints on hv01"),
    '{"vm": V, "heartbeat": "none"}': (FAILED, "did not pass heartbeat"),
    '{"vm": V, "shutdown_seconds": 120}': (PASSED, ""),
    '{"vm": V, "shutdown_component": "missing"}': (PASSED, ""),
    '{"vm": V, "unsaved_data": true}': (PASSED, ""),
    '{"vm": V, "does_not_start": true}': (FAILED, "on hv01 it is Off"),
    '{"vm": V, "disks": "missing"}': (FAILED, "539"),
    '{"vm": V, "broken": true}': (NOT_PROVEN, "could not be read"),
}
IN_CLUSTER: dict[str, tuple[str, str]] = {
    '{"vm": V, "cluster_owner": H}': (NOT_PROVEN, "not both sides could be read"),
    '{"vm": V, "cluster_resource": "Failed"}': (FAILED, "Virtual Machine vm1 is Failed"),
    '{"vm": V, "cluster_role": "denied"}': (PASSED, ""),
    '{"vm": V, "cluster_group": "Web role"}': (PASSED, ""),
    '{"vm": V, "owner": H}': (PASSED, ""),
    '{"vm": V, "configuration": "Failed"}': (FAILED, "539"),
    '{"vm": V, "cluster_id": "unreadable"}': (FINDINGS, "whether its cluster starts it is not known"),
}
IN_CLOUD: dict[str, tuple[str, str]] = {'{"vm": V, "vmm_record": "UpdateFailed"}': (PASSED, "")}
# What happens while a job runs, and what concerns plans alone, has tests of its own.
ELSEWHERE = {
    '{"operation": "cancel", "item": V}',
    '{"plan": P, "groups": [["db01"], ["web01"]]}',
}
# What the wire does once: it is made up for, and takes its time.
ON_THE_WIRE: dict[str, dict[str, Any]] = {
    "a delay": {
        "match": {"method": "GET", "path": "replicationProtectedItems", "times": 1},
        "action": {"do": "delay", "seconds": 1},
    },
    "one 503": {
        "match": {"method": "GET", "path": "replicationProtectedItems", "times": 1},
        "action": {"do": "status", "status": 503},
    },
}


def faults(table: dict[str, tuple[str, str]]) -> list[str]:
    return [*table] if ALL else DICE.sample([*table], min(SAMPLE, len(table)))


def as_json(row: str) -> dict[str, Any]:
    """The fault that a row of the page stands for."""
    return dict(json.loads(re.sub(r"(?<=: )(V|H2|H|P)(?=[,}])", lambda found: f'"{NAMES[found.group()]}"', row)))


def record_with(vault: ModuleRunner) -> dict[str, Any]:
    """The record of a failback of vm1, with all of its steps."""
    try:
        own = {"failed": False, **vault.run("failback", replicated_item="vm1")}
    except FailbackError as problem:
        own = {"failed": True, **problem.as_result()}
    return record_of("vm1", own)


def judge(record: dict[str, Any], verdict: str, words: str) -> None:
    (result,) = record["results"]
    told = " ".join(reason["what"] for reason in result["verdict"]["reasons"])
    wrong = [] if (result["verdict"]["status"], words in told) == (verdict, True) else [result["verdict"]]
    count(faults=1, violations=len(wrong))
    assert wrong == []
    home = result["outcome"] == "protected"
    assert home or verdict in (FAILED, NOT_PROVEN)
    # What came home shows how, and what did not shows what to do.
    assert bool(result["timelines"]["vm1"]["downtime"]["seconds"]) >= home
    assert bool(result["next"]) is not home


def test_the_table_has_every_fault_of_the_page() -> None:
    assert {*FOUND, *IN_CLUSTER, *IN_CLOUD, *ELSEWHERE} == set(ROWS)


@pytest.mark.parametrize("row", faults(FOUND))
def test_a_fault_is_survived_or_named(driver: Callable[..., ModuleRunner], row: str) -> None:
    vault = driver(scenario_of("vm1", "vm2", fabrics=TWO_HOSTS)).knows_hosts()
    vault.trouble(**as_json(row))
    judge(record_with(vault), *FOUND[row])


@pytest.mark.parametrize("row", faults(IN_CLUSTER))
def test_a_fault_of_a_cluster_is_survived_or_named(driver: Callable[..., ModuleRunner], row: str) -> None:
    vault = driver(scenario_of("vm1", fabrics=CLUSTERED)).knows_hosts()
    # Of a cluster, H is the other node.
    vault.trouble(**{key: "hv02" if value == "hv01" else value for key, value in as_json(row).items()})
    judge(record_with(vault), *IN_CLUSTER[row])


@pytest.mark.parametrize("row", faults(IN_CLOUD))
def test_a_fault_of_a_cloud_is_survived_or_named(driver: Callable[..., ModuleRunner], row: str) -> None:
    vault = driver(scenario_of(item_of("vm1", cloud="cloud1"))).knows_hosts()
    vault.trouble(**as_json(row))
    judge(record_with(vault), *IN_CLOUD[row])


@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_what_the_wire_does_once_is_survived(driver: Callable[..., ModuleRunner], name: str) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    vault.simulator.locked(lambda world: world.faults.add(ON_THE_WIRE[name]))
    judge(record_with(vault), PASSED, "")

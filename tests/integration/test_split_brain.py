# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must not pass for proof: namesakes, copies elsewhere, machines that are neither on nor off, one seen twice."""

from __future__ import annotations

from typing import Any

import pytest
from support.machine_changes import becomes, change, forget, move_to
from support.scenarios import CLOUD, item_of, scenario_of

NODES = [f"hv0{number}.c.example" for number in (1, 2, 3)]
CLUSTER = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": name, "cluster": "clu"} for name in NODES]}


def site(**on_hv02: Any) -> dict[str, Any]:
    return {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}, {"name": "hv02", **on_hv02}]}


@pytest.mark.parametrize("state", ["Paused", "PausedCritical", "Stopping", "Saved"])
def test_what_does_not_run_is_no_home(driver: Any, state: str) -> None:
    vault = driver(scenario_of(item_of("vm1", "failback_commit_pending"))).knows_hosts()
    change(vault, "hv01", becomes(state))
    failed = vault.fail("commit", replicated_item="vm1", policy="now")
    assert failed["error"]["kind"] == "contradiction"
    assert f"on hv01 it is {state}" in failed["msg"]
    assert vault.writes() == []


@pytest.mark.parametrize("state", ["Saved", "Paused"])
def test_what_is_not_off_is_not_written_over(driver: Any, state: str) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    change(vault, "hv01", becomes(state))
    found = {one["id"]: one for one in vault.run("failback_prereq", replicated_item="vm1")["findings"]}
    assert (found["on_premises_vm_off"]["status"], found["on_premises_vm_off"]["seen"]) == ("fail", f"{state} on hv01")
    assert "Remove-VMSavedState" in vault.fail("planned_failover", replicated_item="vm1")["msg"]
    assert vault.writes() == []


def test_a_namesake_is_not_the_machine(driver: Any) -> None:
    fabrics = [site(virtual_machines=[{"name": "vm1", "state": "Running"}]), CLOUD]
    vault = driver(scenario_of(item_of("vm1", "failback_commit_pending"), fabrics=fabrics)).knows_hosts()
    change(vault, "hv01", forget)
    change(vault, "hv02", move_to("hv01", start=True))
    vault.pass_time(300)
    evidence = vault.run("failback_validate", replicated_item="vm1")["validation"]
    assert evidence["verdict"] == "not_proven"
    refused = vault.fail("commit", replicated_item="vm1", validation=evidence)
    assert "validation has not passed" in refused["msg"]
    assert vault.writes() == []


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("state", ["Off", "Running"])
def test_a_namesake_is_not_overwritten(driver: Any, state: str, create: bool) -> None:
    fabrics = [site(virtual_machines=[{"name": "vm1", "state": state}]), CLOUD]
    vault = driver(scenario_of("vm1", fabrics=fabrics)).knows_hosts()
    change(vault, "hv01", forget)
    change(vault, "hv02", move_to("hv01", start=False))
    failed = vault.fail("planned_failover", replicated_item="vm1", create_vm_if_missing=create)
    assert failed["error"]["kind"] == "refused"
    assert "another VM has its name there" in failed["msg"]
    assert vault.writes() == []


def test_namesakes_on_one_host_do_not_hide_the_machine_on_another(driver: Any) -> None:
    fabrics = [site(virtual_machines=[{"name": "a"}, {"name": "b"}]), CLOUD]
    vault = driver(scenario_of("vm1", fabrics=fabrics)).knows_hosts()
    for name in ("a", "b"):
        change(vault, "hv02", lambda _world, machine: setattr(machine, "name", "vm1"), name)
    vault.trouble(host="hv01", vm="vm1", power="running")
    failed = vault.fail("planned_failover", replicated_item="vm1", target_host="hv02")
    assert "on hv01 it is Running" in failed["msg"]
    assert vault.writes() == []


def test_an_old_copy_that_starts_between_two_tasks_stops_the_commit(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    vault.run("planned_failover", replicated_item="vm1", target_host="hv02", data_sync="during_failover")
    vault.trouble(host="hv01", vm="vm1", power="running")
    failed = vault.fail("commit", replicated_item="vm1", policy="now")
    assert "two copies run there" in failed["msg"]
    assert vault.state("vm1")["azure_vm"]["exists"] is True


def test_a_vm_that_may_be_on_a_host_that_does_not_answer_is_not_missing(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    change(vault, "hv01", move_to("hv02", start=True))
    vault.trouble(host="hv02", reachable=False)
    result = vault.run("planned_failover", replicated_item="vm1", create_vm_if_missing=True, wait_for="started")
    (before,) = result["split_brain_check"]["before"]
    assert before["runs"] == "not_checked"
    assert {copy["host"]: copy["state"] for copy in before["on_premises"]} == {
        "hv01": "absent",
        "hv02": "not_checked",
    }


def test_a_vm_that_was_moved_and_runs_is_found(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    change(vault, "hv01", move_to("hv02", start=True))
    failed = vault.fail("planned_failover", replicated_item="vm1", create_vm_if_missing=True)
    assert "on hv02 it is Running" in failed["msg"]
    assert vault.writes() == []


def test_a_machine_of_a_cluster_counts_once(driver: Any) -> None:
    item = item_of("vm1", "failback_commit_pending", host=NODES[0])
    vault = driver(scenario_of(item, fabrics=[CLUSTER, CLOUD])).knows_hosts()
    vault.trouble(vm="vm1", owner=NODES[1])
    result = vault.run("commit", replicated_item="vm1", policy="now")
    assert [copy["state"] for copy in result["split_brain_check"]["before"][0]["on_premises"]] == ["Running"]


def test_a_machine_whose_node_does_not_answer_is_found_by_the_cluster(driver: Any) -> None:
    item = item_of("vm1", "failback_commit_pending", host=NODES[0])
    vault = driver(scenario_of(item, fabrics=[CLUSTER, CLOUD])).knows_hosts()
    vault.trouble(vm="vm1", owner=NODES[1])
    vault.trouble(host=NODES[0], reachable=False)
    split_brain_check = vault.run("commit", replicated_item="vm1", policy="now")["split_brain_check"]
    states = [copy["state"] for copy in split_brain_check["before"][0]["on_premises"]]
    assert sorted(states) in (["Running"], ["Running", "not_checked"])

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Absent is what was looked for and cannot be there: a VM that no list shows is not made a second time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests
from support.oracle import Oracle
from support.scenarios import CLOUD, STARTER, item_of, scenario_of

from asr_simulator.hyperv.cmdlets import clusters
from asr_simulator.hyperv.cmdlets.enums import VMM_NEW
from asr_simulator.hyperv.windows import Service

NODES = [f"hv0{number}.c.example" for number in (1, 2, 3)]
CLUSTER = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": name, "cluster": "clu"} for name in NODES]}
# A cluster of two nodes, and a host that is of none.
MIXED = {"name": "site1", "type": "HyperVSite", "hosts": [*CLUSTER["hosts"][:2], {"name": "hv09.c.example"}]}
VMM_NODE = "vmm01-node1"
PENDING = "failback_commit_pending"
OTHER_ID = "00000000-1111-2222-3333-444444444444"


def clustered(driver: Any, stage: str = "failed_over", fabric: dict[str, Any] | None = None) -> Any:
    item = item_of("vm1", stage, host=NODES[0])
    return driver(scenario_of(item, fabrics=[fabric or CLUSTER, CLOUD], principals=[STARTER])).knows_hosts()


def behind_vmm(driver: Any, stage: str = "failed_over", *, names_node: bool = False) -> Any:
    vault = driver(scenario_of(item_of("vm1", stage, cloud="cloud1"), principals=[STARTER])).knows_hosts()
    if not names_node:
        del vault.inventory[VMM_NODE]
    return vault


def untell(vault: Any, name: str = "vm1") -> None:
    """Let nothing in its cluster report which role is that of a VM."""
    vault.trouble(vm=name, cluster_group="Web role")
    vault.trouble(vm=name, cluster_id="unreadable")


def beside_an_untold_role(driver: Any) -> Any:
    """vm1 on a host of no cluster, and on a cluster of the site a role that does not report its VM, which is vm2."""
    other = [{"name": "hv11.c.example", "cluster": "other"}, {"name": "hv12.c.example", "cluster": "other"}]
    fabric = {**CLUSTER, "hosts": [{"name": "hv01.c.example"}, *other]}
    items = [item_of("vm1", host="hv01.c.example"), item_of("vm2", host="hv11.c.example")]
    vault = driver(scenario_of(*items, fabrics=[fabric, CLOUD])).knows_hosts()
    untell(vault, "vm2")
    return vault


def findings(vault: Any, **options: Any) -> dict[str, Any]:
    return {one["id"]: one for one in vault.run("failback_prereq", replicated_item="vm1", **options)["findings"]}


def copies(result: dict[str, Any], when: str = "before") -> dict[str, str]:
    return {one["host"]: one["state"] for one in result["split_brain_check"][when][0]["on_premises"]}


def machines(vault: Any) -> list[str]:
    """The hosts that have a VM of the name, listed or not."""
    hosts = vault.simulator.state()["hosts"]
    return [host["name"] for host in hosts for machine in host["vms"] if machine["name"] == "vm1"]


@pytest.mark.parametrize("configuration", ["Failed", "Offline", "OfflinePending"])
@pytest.mark.parametrize(
    "options", [{"target_host": NODES[1]}, {"target_host": "hv09.c.example"}, {"create_vm_if_missing": True}]
)
def test_a_vm_that_its_cluster_has_and_no_node_lists_is_not_made_again(
    driver: Any, configuration: str, options: dict[str, Any]
) -> None:
    vault = clustered(driver, fabric=MIXED)
    vault.trouble(vm="vm1", configuration=configuration)
    oracle = Oracle(vault.simulator)
    failed = vault.fail("planned_failover", replicated_item="vm1", **options)
    assert failed["error"]["kind"] == "refused"
    assert f"Virtual Machine Configuration vm1 is {configuration}" in failed["msg"]
    assert "a second one must not be created" in failed["msg"]
    assert (vault.writes(), machines(vault), oracle.violations) == ([], [NODES[0]], [])


@pytest.mark.parametrize("options", [{"target_host": "hv09.c.example"}, {"create_vm_if_missing": True}])
def test_a_resource_that_does_not_tell_its_vm_may_be_the_one_that_no_node_lists(
    driver: Any, options: dict[str, Any]
) -> None:
    vault = clustered(driver, fabric=MIXED)
    vault.trouble(vm="vm1", configuration="Failed")
    untell(vault)
    failed = vault.fail("planned_failover", replicated_item="vm1", **options)
    assert failed["error"]["kind"] == "refused"
    assert "does not report which VM Virtual Machine vm1, " in failed["msg"]
    assert "a second one must not be created" in failed["msg"]
    assert (vault.writes(), machines(vault)) == ([], [NODES[0]])


def test_what_another_cluster_does_not_tell_matters_to_no_vm_that_was_found(driver: Any) -> None:
    vault = beside_an_untold_role(driver)
    vault.run("planned_failover", replicated_item="vm1", create_vm_if_missing=True)


def test_the_prerequisites_foretell_that_refusal(driver: Any) -> None:
    vault = clustered(driver)
    vault.trouble(vm="vm1", configuration="Failed")
    found = findings(vault, target_host=NODES[1])["on_premises_vm"]
    assert found["status"] == "fail"
    assert "in the group vm1, which is Failed: Virtual Machine vm1 is Offline" in found["cause"]
    assert "Failover Cluster Manager" in found["remedy"]


def test_a_vm_that_its_cluster_has_and_no_node_lists_is_not_checked(driver: Any) -> None:
    vault = clustered(driver)
    vault.trouble(vm="vm1", configuration="Failed")
    found = findings(vault)
    for identifier in ("on_premises_vm", "vm_name", "on_premises_vm_off", "checkpoints", "disk_space"):
        assert found[identifier]["status"] == "not_checked", identifier
        assert "Virtual Machine Configuration vm1 is Failed" in found[identifier]["cause"], identifier


def test_a_vm_that_no_node_lists_is_no_proof_that_the_copy_is_off(driver: Any) -> None:
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", configuration="OfflinePending")
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert f"Whether vm1 is off on {NODES[0]} is not known" in failed["msg"]
    assert "Virtual Machine Configuration vm1 is OfflinePending" in failed["msg"]
    assert vault.writes() == []


@pytest.mark.parametrize("is_reachable", [True, False])
def test_a_hidden_vm_is_on_one_place_and_somebody_can_vouch_for_that(driver: Any, is_reachable: bool) -> None:
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", owner=NODES[1])
    vault.trouble(vm="vm1", configuration="Failed")
    vault.trouble(host=NODES[1], reachable=is_reachable)
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert [copy["host"] for copy in failed["error"]["sides"][0]["on_premises"]] == [NODES[1]]
    said = {NODES[1]: "Ada saw the node without power"}
    assert vault.run("undo_failback", replicated_item="vm1", attested_off=said)["changed"]


def test_a_vm_that_moves_between_two_looks_is_nowhere_absent(driver: Any) -> None:
    vault = clustered(driver)

    def move(world: Any) -> None:
        (machine,) = (one for one in world.hyperv.machines() if one.name == "vm1")
        # The cluster's word comes before the list of the node that gets it.
        machine.configuration = "OfflinePending"
        world.hyperv.move(machine, world.hyperv.host(NODES[1]))

    vault.simulator.locked(move)
    found = findings(vault)
    assert {found[one]["status"] for one in ("on_premises_vm", "on_premises_vm_off")} == {"not_checked"}
    assert "its cluster clu has it on HV02" in found["on_premises_vm_off"]["cause"]


def test_an_owner_that_cannot_be_asked_hides_its_vm(driver: Any) -> None:
    vault = clustered(driver)
    vault.trouble(vm="vm1", owner=NODES[1])
    vault.trouble(host=NODES[1], reachable=False)
    failed = vault.fail("planned_failover", replicated_item="vm1", target_host=NODES[2])
    assert "its cluster clu has it on HV02" in failed["msg"]
    assert vault.writes() == []


def test_a_node_that_site_recovery_does_not_know_may_have_the_vm(driver: Any) -> None:
    vault = clustered(driver)

    def leave(world: Any) -> None:
        (machine,) = (one for one in world.hyperv.machines() if one.name == "vm1")
        world.hyperv.remove(machine)
        (fabric,) = (one for one in world.vault.fabrics if one.is_site)
        fabric.providers[:] = [one for one in fabric.providers if one.friendly_name != NODES[2]]

    vault.simulator.locked(leave)
    del vault.inventory[NODES[2]]
    found = findings(vault)["on_premises_vm_off"]
    assert (found["status"], "HV03" in found["cause"]) == ("not_checked", True)


def test_a_resource_that_does_not_tell_its_vm_may_be_any(driver: Any) -> None:
    vault = driver(
        scenario_of(item_of("vm1", host=NODES[0]), item_of("vm2", host=NODES[0]), fabrics=[CLUSTER, CLOUD])
    ).knows_hosts()
    vault.trouble(vm="vm2", cluster_id="unreadable")
    assert findings(vault)["on_premises_vm"]["status"] == "pass"
    vault.simulator.locked(
        lambda world: world.hyperv.remove(next(one for one in world.hyperv.machines() if one.name == "vm1"))
    )
    vault.pass_time(300)
    found = findings(vault)["on_premises_vm"]
    assert found["status"] == "not_checked"
    assert "Virtual Machine vm2" in found["cause"]


def test_a_vm_that_was_removed_from_its_host_and_cluster_is_absent(driver: Any) -> None:
    vault = clustered(driver)
    vault.simulator.locked(
        lambda world: world.hyperv.remove(next(one for one in world.hyperv.machines() if one.name == "vm1"))
    )
    result = vault.run("planned_failover", replicated_item="vm1", target_host=NODES[1], wait_for="started")
    assert list(copies(result).values()) == ["absent"]


OF_A_RECORD = ["UnsupportedCluster", "UpdateFailed", "MigrationFailed", "CheckpointFailed", "IncompleteVMConfig"]
RECORD_STATES = [*OF_A_RECORD, VMM_NEW]


@pytest.mark.parametrize("state", RECORD_STATES)
def test_what_vmm_says_of_its_record_blocks_no_failback(driver: Any, state: str) -> None:
    vault = behind_vmm(driver)
    vault.trouble(vm="vm1", vmm_record=state)
    found = findings(vault)["on_premises_vm_off"]
    assert found["status"] == "not_checked"
    assert f"{state}, which says nothing about its power state" in found["cause"]
    vault.run("planned_failover", replicated_item="vm1")
    done = vault.run("complete_failover", replicated_item="vm1")
    assert done["split_brain_check"]["verdict"] == "not_checked"
    assert done["split_brain_check"]["after"][0]["runs"] == "not_checked"


def test_the_host_s_own_word_counts_whatever_vmm_says_of_its_record(driver: Any) -> None:
    vault = behind_vmm(driver, names_node=True)
    vault.trouble(vm="vm1", vmm_record="UnsupportedCluster")
    assert findings(vault)["on_premises_vm_off"]["status"] == "pass"
    vault.run("planned_failover", replicated_item="vm1")
    done = vault.run("complete_failover", replicated_item="vm1")
    assert (done["split_brain_check"]["verdict"], copies(done, "after")) == ("proved", {VMM_NODE: "Running"})


def test_a_vm_that_vmm_has_on_a_host_that_does_not_list_it_is_not_absent(driver: Any) -> None:
    vault = behind_vmm(driver, names_node=True)
    vault.trouble(vm="vm1", vmm_record="MigrationFailed")
    vault.simulator.locked(lambda world: [setattr(one, "configuration", "Offline") for one in world.hyperv.machines()])
    found = findings(vault)["on_premises_vm_off"]
    assert found["status"] == "not_checked"
    assert "has it there, in state MigrationFailed" in found["cause"]


def test_a_vm_on_a_host_that_vmm_does_not_hear_is_not_made_again(driver: Any) -> None:
    vault = behind_vmm(driver)
    vault.trouble(host=VMM_NODE, dead=True)
    failed = vault.fail("planned_failover", replicated_item="vm1", create_vm_if_missing=True)
    assert "a second one must not be created" in failed["msg"]
    assert vault.writes() == []


def test_that_vmm_last_heard_of_it_off_proves_no_vm_off(driver: Any) -> None:
    vault = behind_vmm(driver, PENDING)
    vault.trouble(vm="vm1", vmm_record="PowerOff")
    oracle, since = Oracle(vault.simulator), vault.requests()
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert failed["error"]["kind"] == "refused"
    assert "PowerOff" in failed["msg"]
    assert (oracle.violations, vault.writes(since)) == ([], [])


def test_somebody_may_vouch_for_a_vm_that_vmm_last_heard_of_off(driver: Any) -> None:
    vault = behind_vmm(driver, PENDING)
    vault.trouble(vm="vm1", power="off")
    done = vault.run("undo_failback", replicated_item="vm1", attested_off={VMM_NODE: "J. Doe: the host has no power"})
    assert done["undone"]
    assert vault.state("vm1")["azure_vm"]["power"] == "running"


def test_nobody_may_vouch_for_a_vm_that_vmm_last_heard_of_running(driver: Any) -> None:
    vault = behind_vmm(driver, PENDING)
    since = vault.requests()
    failed = vault.fail("undo_failback", replicated_item="vm1", attested_off={VMM_NODE: "J. Doe: it has no power"})
    assert "as VMM says" in failed["msg"]
    assert vault.writes(since) == []


def test_another_vm_of_its_name_behind_vmm_tells_nothing_of_it(driver: Any) -> None:
    vault = behind_vmm(driver, PENDING)
    vault.trouble(vm="vm1", vmm_record="PowerOff")
    vault.simulator.locked(
        lambda world: [setattr(one, "identifier", OTHER_ID) for one in world.hyperv.machines() if one.name == "vm1"]
    )
    since = vault.requests()
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert "VMM shows the machines of the user's role alone" in failed["msg"]
    assert vault.writes(since) == []


def test_that_vmm_last_heard_of_it_running_proves_nothing_to_a_commit(driver: Any) -> None:
    vault = behind_vmm(driver, PENDING)
    vault.trouble(vm="vm1", power="off")
    vault.trouble(vm="vm1", vmm_record="Running")
    since = vault.requests()
    failed = vault.fail("commit", replicated_item="vm1", policy="now")
    assert failed["error"]["kind"] == "refused"
    assert "Running" in failed["msg"]
    assert vault.writes(since) == []


@pytest.mark.parametrize(("record", "status"), [("PowerOff", "not_checked"), ("Running", "fail"), ("Saved", "fail")])
def test_what_vmm_last_heard_speaks_against_a_failback_and_never_for_one(driver: Any, record: str, status: str) -> None:
    vault = behind_vmm(driver)
    vault.trouble(vm="vm1", vmm_record=record)
    found = findings(vault)["on_premises_vm_off"]
    assert found["status"] == status
    assert record in found["cause"] + found["seen"]


@pytest.mark.parametrize("state", ["Failed", "Online", "OnlinePending", "OfflinePending"])
def test_what_its_cluster_may_start_is_not_proved_off(driver: Any, state: str) -> None:
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", power="off")
    vault.trouble(vm="vm1", cluster_resource=state)
    since = vault.requests()
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert f"Virtual Machine vm1 is {state}" in failed["msg"]
    assert "Stop-ClusterGroup" in failed["msg"]
    assert vault.writes(since) == []
    vault.trouble(vm="vm1", cluster_resource="ok")
    assert vault.run("undo_failback", replicated_item="vm1")["split_brain_check"]["verdict"] == "proved"


@pytest.mark.parametrize("state", ["Failed", "Online"])
def test_the_cluster_s_word_counts_where_the_host_says_that_the_vm_is_not_clustered(driver: Any, state: str) -> None:
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", cluster_role="denied")
    since = vault.requests()
    # It runs: the cluster would start it again.
    assert "belongs to a failover cluster" in vault.fail("undo_failback", replicated_item="vm1", force_off=True)["msg"]
    vault.trouble(vm="vm1", power="off")
    vault.trouble(vm="vm1", cluster_resource=state)
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert f"Virtual Machine vm1 is {state}" in failed["msg"]
    assert "its host says that it is not clustered" in failed["msg"]
    assert "Stop-ClusterGroup" in failed["remedy"]
    assert "attested_off" not in failed["remedy"]
    assert vault.writes(since) == []
    assert vault.state("vm1")["azure_vm"]["power"] == "deallocated"


@pytest.mark.parametrize(
    "fault",
    [{"operation": "WaitingToStart"}, {"operation": "MigratingVirtualMachine"}, {"cluster_resource": "Failed"}],
    ids=str,
)
def test_evidence_stands_for_no_vm_whose_own_host_shows_it_off(driver: Any, fault: dict[str, str]) -> None:
    vault = clustered(driver, PENDING)
    vault.pass_time(300)
    evidence = vault.run("failback_validate", replicated_item="vm1")["validation"]
    vault.trouble(vm="vm1", power="off")
    vault.trouble(vm="vm1", **fault)
    since = vault.requests()
    accepted = {"vm": "vm1", "sides": ["on_premises"]}
    for options in ({"validation": evidence}, {"policy": "now", "accept_unseen": accepted}):
        failed = vault.fail("commit", replicated_item="vm1", **options)
        assert failed["error"]["kind"] == "contradiction"
    assert vault.writes(since) == []


def test_a_vm_that_does_not_start_after_its_cut_over_is_a_contradiction_whatever_its_cluster_shows(driver: Any) -> None:
    vault = clustered(driver, "waiting_for_completion")
    vault.trouble(vm="vm1", does_not_start=True)
    vault.meanwhile = lambda _seconds: vault.trouble(vm="vm1", cluster_resource="Failed")
    assert vault.fail("complete_failover", replicated_item="vm1")["error"]["kind"] == "contradiction"


def test_a_vm_whose_host_denies_its_role_is_held_as_its_host_starts_it(driver: Any) -> None:
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", power="off")
    vault.trouble(vm="vm1", cluster_role="denied")
    undone = vault.run("undo_failback", replicated_item="vm1")
    assert [step["what"] for step in undone["steps"]] == ["keep_off", "start"]


def test_a_group_that_its_cluster_brings_online_may_start_its_vm(driver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_group_state", lambda _machine: "Pending")
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", power="off")
    since = vault.requests()
    assert "its group vm1 is Pending" in vault.fail("undo_failback", replicated_item="vm1")["msg"]
    assert vault.writes(since) == []


def test_an_old_copy_on_another_node_is_not_the_role_that_its_cluster_has(driver: Any) -> None:
    vault = clustered(driver, PENDING)

    def copy_it(world: Any) -> None:
        (machine,) = (one for one in world.hyperv.machines() if one.name == "vm1")
        other = world.hyperv.host(NODES[1])
        old = replace(machine, host=other, disks=[], adapters=[], has_role=False)
        other.machines.append(old)
        old.run(world.clock.now())
        machine.turn_off()

    vault.simulator.locked(copy_it)
    since = vault.requests()
    failed = vault.fail("commit", replicated_item="vm1", policy="now")
    assert failed["error"]["kind"] == "contradiction"
    assert vault.writes(since) == []


def test_an_operation_on_an_old_copy_elsewhere_holds_no_failback(driver: Any) -> None:
    hosts = [{"name": "hv01"}, {"name": "hv02"}]
    vault = driver(scenario_of(item_of("vm1"), fabrics=[{**CLUSTER, "hosts": hosts}])).knows_hosts()

    def copy_it(world: Any) -> None:
        (machine,) = (one for one in world.hyperv.machines() if one.name == "vm1")
        other = world.hyperv.host("hv02")
        other.machines.append(replace(machine, host=other, disks=[], adapters=[], operation="BackingUpVirtualMachine"))

    vault.simulator.locked(copy_it)
    vault.run("planned_failover", replicated_item="vm1")


def test_a_vm_on_another_node_than_its_own_is_validated_by_all_that_its_host_shows(driver: Any) -> None:
    vault = clustered(driver, PENDING)

    def move(world: Any) -> None:
        (item,) = world.vault.items
        provider = item.provider
        world.hyperv.move(item.on_premises, world.hyperv.host(NODES[1]))
        item.provider = provider

    vault.simulator.locked(move)
    vault.trouble(host=NODES[0], reachable=False)
    vault.pass_time(400)
    (vm,) = vault.run("failback_validate", replicated_item="vm1")["validation"]["vms"]
    assert {check["id"]: check["status"] for check in vm["checks"]} == {"heartbeat": "pass", "addresses": "pass"}


def test_a_vm_that_is_no_role_of_its_node_s_cluster_is_its_host_s_alone(driver: Any) -> None:
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", cluster_role="missing")
    undone = vault.run("undo_failback", replicated_item="vm1")
    assert [step["what"] for step in undone["steps"]] == ["shut_down", "keep_off", "start"]
    assert undone["split_brain_check"]["verdict"] == "proved"


@pytest.mark.parametrize("operation", ["WaitingToStart", "MigratingVirtualMachine"])
def test_what_its_host_is_about_to_start_is_not_proved_off(driver: Any, operation: str) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING), principals=[STARTER])).knows_hosts()
    vault.trouble(vm="vm1", power="off")
    vault.trouble(vm="vm1", operation=operation)
    since = vault.requests()
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert operation in failed["msg"]
    assert "attested_off" not in failed["remedy"]
    assert vault.writes(since) == []
    vault.trouble(vm="vm1", operation="Ok")
    assert vault.run("undo_failback", replicated_item="vm1")["split_brain_check"]["verdict"] == "proved"


@pytest.mark.parametrize("verb", ["planned_failover", "complete_failover"])
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"operation": "MergingDisks"}, "Merging disks"),
        ({"operation": "BackingUpVirtualMachine"}, "Backing up"),
        ({"operation": "WaitingToStart"}, "WaitingToStart"),
        ({"operation": "CriticalIoError"}, "Critical I/O error"),
        ({"cluster_resource": "Failed"}, "Virtual Machine vm1 is Failed"),
        ({"cluster_resource": "Online", "cluster_role": "denied"}, "Virtual Machine vm1 is Online"),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_no_step_writes_to_disks_that_are_in_use_or_away(
    driver: Any, verb: str, fault: dict[str, str], said: str
) -> None:
    vault = clustered(driver, "failed_over" if verb == "planned_failover" else "waiting_for_completion")
    for name, value in fault.items():
        vault.trouble(vm="vm1", **{name: value})
    since = vault.requests()
    failed = vault.fail(verb, replicated_item="vm1")
    assert said in failed["msg"]
    assert failed["authoritative_side"] == "azure"
    assert vault.writes(since) == []
    for name in fault:
        vault.trouble(vm="vm1", **{name: "Ok" if name == "operation" else "ok"})
    vault.run(verb, replicated_item="vm1")


@pytest.mark.parametrize("role", ["ok", "denied"])
def test_what_a_cluster_that_cannot_be_read_may_start_is_not_proved_off(driver: Any, role: str) -> None:
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", power="off")
    vault.trouble(vm="vm1", cluster_role=role)
    for node in NODES:
        vault.trouble(host=node, service="ClusSvc", state="Stopped")
    since = vault.requests()
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert "whether its cluster starts it is not known" in failed["msg"]
    assert "attested_off" not in failed["remedy"]
    assert vault.writes(since) == []


def test_what_a_cluster_does_not_name_may_be_any_vm_on_its_node(driver: Any) -> None:
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", power="off")
    vault.trouble(vm="vm1", cluster_role="denied")
    untell(vault)
    since = vault.requests()
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert "its cluster does not report which VM Virtual Machine vm1, " in failed["msg"]
    assert "Repair or remove the resource" in failed["remedy"]
    assert vault.writes(since) == []
    vault.trouble(vm="vm1", cluster_id="readable")
    assert vault.run("undo_failback", replicated_item="vm1")["split_brain_check"]["verdict"] == "proved"


def test_a_cluster_is_read_by_an_account_that_may_not_see_the_services(driver: Any) -> None:
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", power="off")
    for node in NODES:
        vault.trouble(host=node, cim="denied")
    assert vault.run("hyperv_host_info", host=NODES[0])["host"]["cluster"]["name"] == "clu"
    vault.trouble(vm="vm1", cluster_resource="Failed")
    assert "Virtual Machine vm1 is Failed" in vault.fail("undo_failback", replicated_item="vm1")["msg"]
    vault.trouble(vm="vm1", cluster_resource="ok")
    assert vault.run("undo_failback", replicated_item="vm1")["changed"]


@pytest.mark.parametrize("node", ["unnamed", "unreachable", "does not list it"])
def test_a_node_s_own_word_counts_less_than_its_cluster_s(driver: Any, node: str) -> None:
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", power="off")
    vault.trouble(vm="vm1", cluster_owner=NODES[1])
    if node == "unnamed":
        del vault.inventory[NODES[1]]
    elif node == "unreachable":
        vault.trouble(host=NODES[1], reachable=False)
    since = vault.requests()
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert "its cluster clu has it on hv02" in failed["msg"].lower()
    assert vault.writes(since) == []


@pytest.mark.parametrize("record", ["", "UpdateFailed", "Missing", "UnderMigration", "PowerOff", VMM_NEW])
def test_no_second_vm_is_made_of_one_that_vmm_has(driver: Any, record: str) -> None:
    vault = behind_vmm(driver, names_node=not record)
    if record:
        vault.trouble(vm="vm1", vmm_record=record)
    else:
        hidden = [
            one for one in vault.simulator.locked(lambda world: list(world.hyperv.machines())) if one.name == "vm1"
        ]
        vault.simulator.locked(lambda _world: hidden[0].configure("Failed"))
    since = vault.requests()
    found = findings(vault, create_vm_if_missing=True)
    assert found["on_premises_vm"]["status"] == "fail"
    failed = vault.fail("planned_failover", replicated_item="vm1", create_vm_if_missing=True)
    assert failed["error"]["kind"] == "refused"
    assert (vault.writes(since), len(machines(vault))) == ([], 1)


def leave_a_namesake(vault: Any) -> None:
    """Another VM of its name, which is off, beside vm1 on its host: a restored backup, say."""

    def leave(world: Any) -> None:
        (machine,) = (one for one in world.hyperv.machines() if one.name == "vm1")
        other = replace(machine, identifier=OTHER_ID, disks=[], adapters=[], has_role=False, readable=True)
        other.configure("Online")
        other.turn_off()
        machine.host.machines.append(other)

    vault.simulator.locked(leave)


def test_another_vm_of_its_name_excuses_no_host_that_cannot_read_the_vm_itself(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING), principals=[STARTER])).knows_hosts()
    vault.trouble(vm="vm1", broken=True)
    leave_a_namesake(vault)
    oracle, since = Oracle(vault.simulator), vault.requests()
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert "could not be read" in failed["msg"]
    # It runs on-premises all the time: nobody has stopped it.
    assert (oracle.violations, vault.writes(since)) == ([], [])


@pytest.mark.parametrize("trouble", ["untold", "unread"])
def test_another_vm_of_its_name_excuses_no_cluster_that_does_not_tell(driver: Any, trouble: str) -> None:
    vault = clustered(driver, PENDING, fabric={**CLUSTER, "hosts": CLUSTER["hosts"][:1]})
    vault.trouble(vm="vm1", configuration="OfflinePending")
    untell(vault)
    if trouble == "unread":
        vault.trouble(host=NODES[0], service="ClusSvc", state="Stopped")
    leave_a_namesake(vault)
    oracle, since = Oracle(vault.simulator), vault.requests()
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert "cluster" in failed["msg"]
    assert (oracle.violations, vault.writes(since)) == ([], [])


@pytest.mark.parametrize("options", [{"target_host": "hv09.c.example"}, {"create_vm_if_missing": True}])
def test_a_cluster_that_cannot_be_read_may_have_the_vm_that_would_be_made_again(
    driver: Any, options: dict[str, Any]
) -> None:
    vault = clustered(driver, fabric=MIXED)
    vault.trouble(vm="vm1", configuration="Failed")
    for node in NODES[:2]:
        vault.trouble(host=node, service="ClusSvc", state="Stopped")
    assert findings(vault, **options)["on_premises_vm"]["status"] != "pass"
    oracle = Oracle(vault.simulator)
    failed = vault.fail("planned_failover", replicated_item="vm1", **options)
    assert "its cluster could not be read" in failed["msg"]
    assert (vault.writes(), machines(vault), oracle.violations) == ([], [NODES[0]], [])


def has_the_feature(vault: Any, name: str) -> None:
    """Failover Clustering is installed on a host that is a node of no cluster: its service is there, and disabled."""
    service = Service("ClusSvc", "Cluster Service", "Stopped", "Disabled")
    vault.simulator.locked(lambda world: world.hyperv.host(name).services.update(ClusSvc=service))


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
@pytest.mark.parametrize("trouble", ["untold", "unread"])
def test_no_vm_is_stopped_that_would_not_be_proved_off_afterwards(driver: Any, trouble: str, check_mode: bool) -> None:
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", cluster_role="denied")
    if trouble == "untold":
        untell(vault)
    for node in NODES if trouble == "unread" else ():
        vault.trouble(host=node, service="ClusSvc", state="Stopped")
    failed = vault.fail("undo_failback", replicated_item="vm1", check_mode=check_mode)
    assert failed["error"]["kind"] == "refused"
    assert "Nothing was stopped or started" in failed["msg"]
    # Neither copy would run, and the users would have none.
    assert (failed["changed"], vault.state("vm1")["on_premises_vm"]["power"]) == (False, "running")


@pytest.mark.parametrize("power", ["running", "off"])
def test_a_host_of_no_cluster_on_which_the_feature_is_installed_is_believed(driver: Any, power: str) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING), principals=[STARTER])).knows_hosts()
    has_the_feature(vault, "hv01")
    vault.trouble(vm="vm1", power=power)
    undone = vault.run("undo_failback", replicated_item="vm1")
    assert undone["split_brain_check"]["verdict"] == "proved"


def test_the_prerequisites_of_a_host_of_no_cluster_on_which_the_feature_is_installed_pass(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1"))).knows_hosts()
    has_the_feature(vault, "hv01")
    assert findings(vault)["on_premises_vm_off"]["status"] == "pass"


def test_a_resource_that_does_not_tell_its_vm_counts_where_the_hosts_of_the_vault_are_not_known(driver: Any) -> None:
    vault = clustered(driver, fabric=MIXED)
    vault.trouble(vm="vm1", configuration="Failed")
    untell(vault)
    denied = {"do": "status", "status": 403, "code": "AuthorizationFailed"}
    match = {"method": "GET", "path": "replicationRecoveryServicesProviders(/[^/]+)?$", "times": 0}
    vault.simulator.locked(lambda world: world.faults.add({"match": match, "action": denied}))
    failed = vault.fail("planned_failover", replicated_item="vm1", create_vm_if_missing=True)
    assert "a second one must not be created" in failed["msg"]
    assert (vault.writes(), machines(vault)) == ([], [NODES[0]])


@pytest.mark.parametrize("state", ["Failed", "OnlinePending", "Online"])
@pytest.mark.parametrize(
    ("verb", "stage"), [("planned_failover", "failed_over"), ("complete_failover", "waiting_for_completion")]
)
def test_no_step_writes_to_disks_of_a_vm_that_an_untold_role_may_start(
    driver: Any, verb: str, stage: str, state: str
) -> None:
    vault = clustered(driver, stage)
    untell(vault)
    vault.trouble(vm="vm1", cluster_resource=state)
    oracle, since = Oracle(vault.simulator), vault.requests()
    failed = vault.fail(verb, replicated_item="vm1")
    assert f"Virtual Machine vm1 is {state}" in failed["msg"]
    assert (vault.writes(since), oracle.violations) == ([], [])


def test_an_untold_role_that_may_be_another_vm_s_proves_nothing_and_blocks_no_failback(driver: Any) -> None:
    vault = clustered(driver)
    untell(vault)
    vault.trouble(vm="vm1", cluster_role="denied")
    vault.trouble(vm="vm1", cluster_resource="Failed")
    assert vault.run("planned_failover", replicated_item="vm1")["split_brain_check"]["verdict"] == "not_checked"


@pytest.mark.parametrize("role", ["ok", "denied"])
def test_the_name_of_a_group_proves_no_vm_off_where_other_roles_tell_nothing(driver: Any, role: str) -> None:
    items = [item_of(name, PENDING, host=NODES[0]) for name in ("vm1", "vm2")]
    vault = driver(scenario_of(*items, fabrics=[CLUSTER, CLOUD], principals=[STARTER])).knows_hosts()
    for name, group in (("vm1", "Web role"), ("vm2", "vm1")):
        vault.trouble(vm=name, power="off")
        vault.trouble(vm=name, cluster_group=group)
        vault.trouble(vm=name, cluster_id="unreadable")
    vault.trouble(vm="vm1", cluster_role=role)
    vault.trouble(vm="vm1", cluster_resource="OnlinePending")
    oracle, since = Oracle(vault.simulator), vault.requests()
    vault.fail("undo_failback", replicated_item="vm1")
    assert (oracle.violations, vault.writes(since)) == ([], [])


def test_what_the_cluster_of_another_host_does_not_tell_matters_to_no_vm_that_was_found(driver: Any) -> None:
    vault = beside_an_untold_role(driver)
    assert findings(vault, target_host="hv11.c.example")["on_premises_vm"]["status"] != "fail"
    # Its own host lists it: the refusal says "No host lists it".
    vault.run("planned_failover", replicated_item="vm1", target_host="hv11.c.example", wait_for="started")


def test_the_remedy_for_one_broken_role_is_to_repair_it(driver: Any) -> None:
    """The account reads the cluster, and its service runs: neither is what has to be done."""
    vault = driver(
        scenario_of(item_of("vm1", PENDING, host=NODES[0]), item_of("vm2", host=NODES[0]), fabrics=[CLUSTER, CLOUD])
    ).knows_hosts()
    vault.trouble(vm="vm1", power="off")
    vault.trouble(vm="vm1", cluster_role="missing")
    vault.trouble(vm="vm2", cluster_id="unreadable")
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert "Virtual Machine vm2" in failed["msg"]
    assert "repair or remove" in failed["remedy"].lower()


def test_a_cluster_of_many_roles_that_tell_nothing_is_told_in_few_words(driver: Any) -> None:
    names = [f"vm{number}" for number in range(1, 41)]
    items = [item_of(name, host=NODES[0]) for name in names]
    vault = driver(scenario_of(*items, fabrics=[CLUSTER, CLOUD])).knows_hosts()
    for name in names[1:]:
        vault.trouble(vm=name, cluster_id="unreadable")
    vault.simulator.locked(
        lambda world: world.hyperv.remove(next(one for one in world.hyperv.machines() if one.name == "vm1"))
    )
    failed = vault.fail("planned_failover", replicated_item="vm1", create_vm_if_missing=True)
    # 78 resources, listed once for each node: 7728 characters.
    assert len(failed["msg"]) < 2000


def test_why_a_cluster_could_not_be_read_is_told_in_its_own_words(driver: Any) -> None:
    vault = clustered(driver, PENDING)
    vault.trouble(vm="vm1", power="off")
    vault.trouble(vm="vm1", cluster_role="denied")
    for node in NODES:
        vault.trouble(host=node, cim="denied")
        vault.trouble(host=node, service="ClusSvc", state="Stopped")
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert "The cluster service is not running" in failed["msg"]


def test_the_oracle_knows_whose_disks_a_failback_to_another_node_of_its_cluster_is_written_to(driver: Any) -> None:
    vault = clustered(driver)
    vault.trouble(vm="vm1", operation="MergingDisks")
    vault.run("hyperv_host_info", host=NODES[0])
    oracle = Oracle(vault.simulator)
    answer = _fail_back_by_hand(vault, "vm1", NODES[1])
    assert answer.status_code == 202, answer.text
    vault.pass_time(60)
    # Another node, and the same machine: the cluster has it.
    assert machines(vault) == [NODES[0]]
    assert f"vm1 was to be written to while {NODES[0]} shows MergingDisks" in oracle.violations


def _fail_back_by_hand(vault: Any, name: str, host: str) -> requests.Response:
    """What a client sends that asks no host."""
    connection = vault.simulator.connection
    caller = connection["principals"][0]
    form = {"grant_type": "client_credentials", "scope": f"{connection['resource_manager']}/.default"}
    form |= {key: caller[key] for key in ("client_id", "client_secret")}
    certificate = connection["ca_bundle"]
    where = f"{connection['authority']}/{connection['tenant_id']}/oauth2/v2.0/token"
    token = requests.post(where, data=form, verify=certificate, timeout=20).json()["access_token"]
    there = vault.simulator.locked(
        lambda world: next(
            provider.path
            for fabric in world.vault.fabrics
            for provider in fabric.providers
            if provider.friendly_name == host
        )
    )
    details = {
        "instanceType": "HyperVReplicaAzureFailback",
        "dataSyncOption": "ForDownTime",
        "recoveryVmCreationOption": "CreateVmIfNotFound",
        "providerIdForAlternateRecovery": there,
    }
    return requests.post(
        f"{connection['resource_manager']}{vault.state(name)['id']}/plannedFailover?api-version=2025-08-01",
        json={"properties": {"failoverDirection": "RecoveryToPrimary", "providerSpecificDetails": details}},
        headers={"Authorization": f"Bearer {token}"},
        verify=certificate,
        timeout=20,
    )

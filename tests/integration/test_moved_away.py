# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host that a VM was failed back to has none, or does not tell: the VM may have been moved, and run anywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.machine_changes import change, forget, move_to
from support.module_runner import accepted, evidence
from support.oracle import Oracle
from support.scenarios import CLOUD, SITE, STARTER, item_of, scenario_of

PENDING = "failback_commit_pending"
VM1 = {"replicated_item": "vm1"}
NOW = {**VM1, "policy": "now"}
OTHER_SITE = {"name": "site2", "type": "HyperVSite", "hosts": [{"name": "hv77"}]}
NODES = ["hv11.c.example", "hv12.c.example"]
# A host of no cluster, and a cluster of the same site.
BESIDE_A_CLUSTER = {**SITE, "hosts": [{"name": "hv01"}, *({"name": name, "cluster": "other"} for name in NODES)]}
OTHER_VM = {"name": "vm1", "state": "Off"}
NAMESAKE = {**SITE, "hosts": [{"name": "hv01"}, {"name": "hv02", "virtual_machines": [OTHER_VM]}]}
LIST_OF_HOSTS = "/replicationRecoveryServicesProviders"


def pending(driver: Any, *fabrics: dict[str, Any]) -> Any:
    every = [*(fabrics or [SITE]), CLOUD]
    return driver(scenario_of(item_of("vm1", PENDING), fabrics=every, principals=[STARTER])).knows_hosts()


def failed_back_elsewhere(driver: Any) -> Any:
    """vm1 was failed back to hv02; its old copy is still on hv01, and runs."""
    vault = driver(scenario_of("vm1", principals=[STARTER])).knows_hosts()
    vault.run("planned_failover", **VM1, target_host="hv02", data_sync="during_failover")
    vault.trouble(host="hv02", vm="vm1", power="running")
    vault.trouble(host="hv01", vm="vm1", power="running")
    return vault


def deny(vault: Any, path: str) -> None:
    """The caller may not read something of the vault."""
    action = {"do": "status", "status": 403, "code": "AuthorizationFailed", "message": "no"}
    fault = {"match": {"method": "GET", "path": path, "times": 0}, "action": action}
    vault.simulator.locked(lambda world: world.faults.add(fault))


def does_not_tell(vault: Any, how: str) -> None:
    """Nobody learns from hv02 whether vm1 runs there."""
    if how == "unreachable":
        vault.trouble(host="hv02", reachable=False)
    elif how == "unnamed":
        del vault.inventory["hv02"]
    elif how == "about to start":
        vault.trouble(host="hv02", vm="vm1", power="off")
        vault.trouble(host="hv02", vm="vm1", operation="WaitingToStart")
    elif how == "unlisted":
        change(vault, "hv02", forget)
        deny(vault, f"{LIST_OF_HOSTS}$")
    else:
        vault.trouble(host="hv02", reachable=False)
        vault.trouble(provider="hv02", registered="no") if "removed" in how else deny(vault, f"{LIST_OF_HOSTS}/[^/]+$")


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
@pytest.mark.parametrize(
    "how", ["unreachable", "unnamed", "about to start", "unlisted", "provider removed", "provider denied"]
)
def test_evidence_may_be_that_of_an_old_copy_that_runs(driver: Any, how: str, check_mode: bool) -> None:
    vault = failed_back_elsewhere(driver)
    shown = evidence(vault)
    does_not_tell(vault, how)
    since, oracle = vault.requests(), Oracle(vault.simulator, stands_for=lambda _name, _side: True)
    failed = vault.fail("commit", **NOW, validation=shown, check_mode=check_mode)
    assert "on hv01 it is Running" in failed["msg"] or "hv01: Running" in failed["msg"]
    assert (vault.writes(since), oracle.violations) == ([], [])
    assert vault.state("vm1")["azure_vm"]["exists"] is True


def test_no_word_stands_against_a_target_that_is_off_while_an_old_copy_runs(driver: Any) -> None:
    vault = failed_back_elsewhere(driver)
    does_not_tell(vault, "about to start")
    failed = vault.fail("commit", **NOW, **accepted("vm1"))
    assert failed["error"]["kind"] == "contradiction"
    assert vault.state("vm1")["azure_vm"]["exists"] is True


@pytest.mark.parametrize("other", ["not checked", "a namesake", "none"])
def test_evidence_stands_for_no_vm_that_its_own_host_denies(driver: Any, other: str) -> None:
    vault = pending(driver, NAMESAKE if other == "a namesake" else SITE)
    shown = evidence(vault)
    change(vault, "hv01", forget)
    if other == "not checked":
        del vault.inventory["hv02"]
    since = vault.requests()
    failed = vault.fail("commit", **NOW, validation=shown)
    assert vault.writes(since) == []
    # Where every host of the site has told, nothing is left to be unseen.
    assert failed["error"]["kind"] == ("contradiction" if other == "none" else "refused"), failed["msg"]
    assert "hv01" in failed["msg"]
    assert "the host has no such VM" in failed["msg"]
    assert "run failback_validate" not in failed["remedy"]
    done = vault.run("commit", **NOW, validation=shown, **accepted("vm1"), check_mode=True)
    assert [one["accepted_by"] for one in done["unseen"]] == ["accept_unseen"]


def test_a_vm_that_was_moved_to_another_site_is_found_on_a_host_that_is_named(driver: Any) -> None:
    vault = pending(driver, SITE, OTHER_SITE)
    change(vault, "hv01", move_to("hv77", start=True))
    oracle = Oracle(vault.simulator)
    # It may be an old copy of the one that hv01 does not have.
    failed = vault.fail("undo_failback", **VM1)
    assert "on hv77 it is Running" in failed["msg"]
    done = vault.run("undo_failback", **VM1, attested_off={"hv01": "J. Doe: it was moved to hv77"})
    assert [step["where"] for step in done["steps"] if step["what"] == "shut_down"] == ["hv77"]
    assert (vault.state("vm1")["azure_vm"]["power"], oracle.violations) == ("running", [])


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
def test_a_vm_that_no_host_has_is_not_known_to_be_off(driver: Any, check_mode: bool) -> None:
    vault = pending(driver, SITE, OTHER_SITE)
    change(vault, "hv01", move_to("hv77", start=True))
    del vault.inventory["hv77"]
    since, oracle = vault.requests(), Oracle(vault.simulator)
    failed = vault.fail("undo_failback", **VM1, check_mode=check_mode)
    assert failed["error"]["kind"] == "refused"
    assert "hv01" in failed["msg"]
    assert "attested_off" in failed["msg"]
    assert (vault.writes(since), oracle.violations) == ([], [])


def test_somebody_may_vouch_for_a_vm_that_no_host_has(driver: Any) -> None:
    vault = pending(driver)
    change(vault, "hv01", forget)
    assert "attested_off" in vault.fail("undo_failback", **VM1)["msg"]
    done = vault.run("undo_failback", **VM1, attested_off={"hv01": "J. Doe: it was deleted by mistake"})
    assert done["undone"]["vms"][0]["vouched_for"] == ["hv01"]
    assert done["split_brain_check"]["verdict"] == "not_checked"
    assert vault.state("vm1")["azure_vm"]["power"] == "running"


def test_an_old_copy_that_is_off_proves_nothing_of_a_vm_that_its_host_denies(driver: Any) -> None:
    vault = failed_back_elsewhere(driver)
    vault.trouble(host="hv01", vm="vm1", power="off")
    change(vault, "hv02", forget)
    since = vault.requests()
    failed = vault.fail("undo_failback", **VM1)
    assert "hv02" in failed["msg"]
    assert vault.writes(since) == []
    vault.run("undo_failback", **VM1, attested_off={"hv02": "J. Doe: it was deleted by mistake"})


def hide(vault: Any, how: str) -> None:
    """No node lists vm1, and its cluster does not tell of it."""
    untold = {"cluster_group": "Web role", "cluster_id": "unreadable"} if how == "untold" else {}
    for name, value in {"configuration": "OfflinePending", **untold}.items():
        vault.trouble(host=NODES[0], vm="vm1", **{name: value})
    for node in NODES if how == "unread" else ():
        vault.trouble(host=node, service="ClusSvc", state="Stopped")


@pytest.mark.parametrize("how", ["untold", "unread"])
def test_an_old_copy_that_is_off_excuses_no_cluster_that_may_have_the_vm(driver: Any, how: str) -> None:
    vault = driver(scenario_of("vm1", fabrics=[BESIDE_A_CLUSTER, CLOUD], principals=[STARTER])).knows_hosts()
    vault.run("planned_failover", **VM1, target_host=NODES[0], data_sync="during_failover")
    hide(vault, how)
    since, oracle = vault.requests(), Oracle(vault.simulator)
    failed = vault.fail("undo_failback", **VM1)
    assert failed["error"]["kind"] == "refused"
    assert (vault.writes(since), oracle.violations) == ([], [])


MADE_AGAIN = {
    "there": {"create_vm_if_missing": True},
    "over the old copy": {"target_host": "hv01"},
    "provider denied": {"create_vm_if_missing": True},
}


@pytest.mark.parametrize("where", MADE_AGAIN)
@pytest.mark.parametrize("how", ["untold", "unread"])
def test_a_vm_that_its_cluster_hides_is_not_made_again_beside_an_old_copy(driver: Any, how: str, where: str) -> None:
    item = item_of("vm1", host=NODES[0])
    vault = driver(scenario_of(item, fabrics=[BESIDE_A_CLUSTER, CLOUD], principals=[STARTER])).knows_hosts()

    def leave_old_copy(world: Any, machine: Any) -> None:
        old = replace(machine, host=world.hyperv.host("hv01"), disks=[], adapters=[], has_role=False)
        old.host.machines.append(old)

    change(vault, NODES[0], leave_old_copy)
    hide(vault, how)
    if where == "provider denied":
        deny(vault, f"{LIST_OF_HOSTS}/[^/]+$")
    oracle = Oracle(vault.simulator)
    failed = vault.fail("planned_failover", **VM1, data_sync="during_failover", **MADE_AGAIN[where])
    assert failed["error"]["kind"] == "refused"
    assert "a second one must not be created" in failed["msg"]
    assert (vault.writes(), oracle.violations) == ([], [])


@pytest.mark.parametrize("configuration", ["Failed", "Offline", "OfflinePending"])
def test_evidence_stands_for_no_vm_that_its_cluster_has_and_does_not_run(driver: Any, configuration: str) -> None:
    item = item_of("vm1", PENDING, host=NODES[0])
    vault = driver(scenario_of(item, fabrics=[BESIDE_A_CLUSTER, CLOUD])).knows_hosts()
    shown = evidence(vault)
    vault.trouble(vm="vm1", configuration=configuration)
    since = vault.requests()
    failed = vault.fail("commit", **NOW, validation=shown)
    assert failed["error"]["kind"] == "refused", failed["msg"]
    assert f"Configuration vm1 is {configuration}" in failed["msg"]
    assert vault.writes(since) == []
    assert vault.run("commit", **NOW, **accepted("vm1"), check_mode=True)["unseen"]


@pytest.mark.parametrize("record", ["PowerOff", "Saved"])
def test_evidence_stands_for_no_vm_that_vmm_last_heard_of_down(driver: Any, record: str) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING, cloud="cloud1"))).knows_hosts()
    del vault.inventory["vmm01-node1"]
    shown = evidence(vault)
    vault.trouble(vm="vm1", vmm_record=record)
    since = vault.requests()
    failed = vault.fail("commit", **NOW, validation=shown)
    assert failed["error"]["kind"] == "refused", failed["msg"]
    assert record in failed["msg"]
    assert vault.writes(since) == []


def test_a_named_host_that_does_not_answer_may_have_the_vm_that_its_own_host_denies(driver: Any) -> None:
    vault = pending(driver, SITE, OTHER_SITE)
    change(vault, "hv01", move_to("hv77", start=True))
    vault.trouble(host="hv77", reachable=False)
    since, oracle = vault.requests(), Oracle(vault.simulator)
    for said in ({}, {"hv01": "J. Doe: it was deleted by mistake"}):
        failed = vault.fail("undo_failback", **VM1, attested_off=said)
        assert "Whether vm1 is off on hv77 is not known" in failed["msg"]
    assert (vault.writes(since), oracle.violations) == ([], [])


def test_a_word_for_one_vm_of_a_plan_is_none_for_another_that_the_host_denies_too(driver: Any) -> None:
    items, plans = [item_of(name, PENDING) for name in ("vm1", "vm2")], [{"name": "shop", "groups": [["vm1", "vm2"]]}]
    fabrics = [SITE, OTHER_SITE, CLOUD]
    vault = driver(scenario_of(*items, fabrics=fabrics, recovery_plans=plans, principals=[STARTER])).knows_hosts()
    change(vault, "hv01", forget, "vm2")
    change(vault, "hv01", move_to("hv77", start=True))
    del vault.inventory["hv77"]
    since, oracle = vault.requests(), Oracle(vault.simulator)
    said = {"hv01": "J. Doe: vm2 was deleted by mistake"}
    failed = vault.fail("undo_failback", recovery_plan="shop", attested_off=said)
    assert "one by one" in failed["remedy"]
    assert (vault.writes(since), oracle.violations) == ([], [])
    vault.run("undo_failback", replicated_item="vm2", attested_off=said)


def test_hosts_of_another_site_hold_no_failback_to_another_host(driver: Any) -> None:
    other = {"name": "site2", "type": "HyperVSite", "hosts": [{"name": name, "cluster": "other"} for name in NODES]}
    vault = driver(scenario_of("vm1", fabrics=[SITE, other, CLOUD])).knows_hosts()
    vault.trouble(host="hv01", dead=True)
    for node in NODES:
        vault.trouble(host=node, service="ClusSvc", state="Stopped")
    asked = len(vault.simulator.locked(lambda world: world.shells.sessions(0)))
    vault.run("planned_failover", **VM1, target_host="hv02", data_sync="during_failover", wait_for="started")
    sessions = vault.simulator.locked(lambda world: world.shells.sessions(0))[asked:]
    assert {one["host"] for one in sessions} == {"hv02"}


@pytest.mark.parametrize("where", ["target", "own"])
def test_a_copy_elsewhere_excuses_no_namesake_where_the_vm_is_failed_back_to(driver: Any, where: str) -> None:
    vault = driver(scenario_of("vm1", fabrics=[NAMESAKE, CLOUD])).knows_hosts()
    options: dict[str, Any] = {"target_host": "hv02"}
    if where == "own":
        change(vault, "hv01", swap_hosts)
        options = {"create_vm_if_missing": True}
    failed = vault.fail("planned_failover", **VM1, data_sync="during_failover", **options)
    assert failed["error"]["kind"] == "refused"
    assert "another VM has its name there" in failed["msg"]
    assert vault.writes() == []


def swap_hosts(world: Any, machine: Any) -> None:
    """vm1 is on hv02, and the other VM of its name on hv01."""
    (other,) = world.hyperv.host("hv02").machines
    move_to("hv01", start=False)(world, other)
    move_to("hv02", start=False)(world, machine)


def test_a_vm_that_was_moved_is_not_made_a_second_time(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    change(vault, "hv01", move_to("hv02", start=False))
    found = {one["id"]: one for one in vault.run("failback_prereq", **VM1, create_vm_if_missing=True)["findings"]}
    assert found["on_premises_vm"]["status"] == "fail"
    failed = vault.fail("planned_failover", **VM1, create_vm_if_missing=True)
    assert failed["error"]["kind"] == "refused"
    assert "target_host" in failed["remedy"]
    assert vault.writes() == []
    vault.run("planned_failover", **VM1, target_host="hv02", wait_for="started")


def test_a_vm_on_another_node_of_its_own_cluster_is_at_home_whatever_its_role_tells(driver: Any) -> None:
    item = item_of("vm1", host=NODES[0])
    vault = driver(scenario_of(item, fabrics=[BESIDE_A_CLUSTER, CLOUD])).knows_hosts()

    def move(world: Any, machine: Any) -> None:
        (moved,) = world.vault.items
        provider = moved.provider
        world.hyperv.move(machine, world.hyperv.host(NODES[1]))
        moved.provider = provider

    change(vault, NODES[0], move)
    for name, value in {"cluster_group": "Web role", "cluster_id": "unreadable"}.items():
        vault.trouble(vm="vm1", **{name: value})
    vault.run("planned_failover", **VM1, create_vm_if_missing=True, wait_for="started")


def test_no_permission_helps_against_a_provider_that_is_gone(driver: Any) -> None:
    vault = pending(driver)
    vault.trouble(provider="hv01", registered="no")
    failed = vault.fail("undo_failback", **VM1)
    assert "no longer has the provider of its host, register that host again" in failed["remedy"]
    assert "by hand" in failed["remedy"]

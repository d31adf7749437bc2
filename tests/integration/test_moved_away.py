# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host that a VM was failed back to has none, or does not tell: the VM may have been moved, and run anywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.machine_changes import change, forget, move_to
from support.module_runner import accepted
from support.oracle import Oracle
from support.scenarios import CLOUD, SITE, STARTER, item_of, scenario_of

PENDING = "failback_commit_pending"
VM1 = {"replicated_item": "vm1"}
NOW = {**VM1, "policy": "now"}
OTHER_SITE = {"name": "site2", "type": "HyperVSite", "hosts": [{"name": "hv77"}]}
NODES = ["hv11.c.example", "hv12.c.example"]
# A host of no cluster, and a cluster of the same site.
BESIDE_A_CLUSTER = {**SITE, "hosts": [{"name": "hv01"}, *({"name": name, "cluster": "other"} for name in NODES)]}
NAMESAKE = {**SITE, "hosts": [{"name": "hv01"}, {"name": "hv02", "virtual_machines": [{"name": "vm1"}]}]}
LIST_OF_HOSTS = "/replicationRecoveryServicesProviders"


def evidence(vault: Any) -> dict[str, Any]:
    given = {"attested": ["the shop answers"], "heartbeat": False, "addresses": False}
    return dict(vault.run("failback_validate", **VM1, **given)["validation"])


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


def does_not_tell(vault: Any, how: str) -> None:
    """Nobody learns from hv02 whether vm1 runs there."""
    if how == "unreachable":
        vault.trouble(host="hv02", reachable=False)
    elif how == "unnamed":
        del vault.inventory["hv02"]
    elif how == "about to start":
        vault.trouble(host="hv02", vm="vm1", power="off")
        vault.trouble(host="hv02", vm="vm1", operation="WaitingToStart")
    else:
        change(vault, "hv02", forget)
        action = {"do": "status", "status": 403, "code": "AuthorizationFailed", "message": "no"}
        fault = {"match": {"method": "GET", "path": f"{LIST_OF_HOSTS}$", "times": 0}, "action": action}
        vault.simulator.locked(lambda world: world.faults.add(fault))


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
@pytest.mark.parametrize("how", ["unreachable", "unnamed", "about to start", "unlisted"])
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


@pytest.mark.parametrize("other", ["not checked", "a namesake"])
def test_evidence_stands_for_no_vm_that_its_own_host_denies(driver: Any, other: str) -> None:
    vault = pending(driver, NAMESAKE if other == "a namesake" else SITE)
    shown = evidence(vault)
    change(vault, "hv01", forget)
    if other == "not checked":
        del vault.inventory["hv02"]
    since = vault.requests()
    failed = vault.fail("commit", **NOW, validation=shown)
    assert failed["error"]["kind"] == "refused", failed["msg"]
    assert "hv01: absent (the host has no such VM)" in failed["msg"]
    (unseen,) = failed["error"]["unseen"]
    assert "hv01" in unseen["reason"]
    assert vault.writes(since) == []
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


@pytest.mark.parametrize("how", ["untold", "unread"])
def test_a_vm_that_its_cluster_hides_is_not_made_again_beside_an_old_copy(driver: Any, how: str) -> None:
    item = item_of("vm1", host=NODES[0])
    vault = driver(scenario_of(item, fabrics=[BESIDE_A_CLUSTER, CLOUD], principals=[STARTER])).knows_hosts()

    def leave_old_copy(world: Any, machine: Any) -> None:
        old = replace(machine, host=world.hyperv.host("hv01"), disks=[], adapters=[], has_role=False)
        old.host.machines.append(old)

    change(vault, NODES[0], leave_old_copy)
    hide(vault, how)
    oracle = Oracle(vault.simulator)
    failed = vault.fail("planned_failover", **VM1, create_vm_if_missing=True)
    assert failed["error"]["kind"] == "refused"
    assert "a second one must not be created" in failed["msg"]
    assert (vault.writes(), oracle.violations) == ([], [])

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts are asked also where the item's own provider cannot be read, and only the copy that was failed back to proves
that the failback is done."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import accepted, evidence
from support.scenarios import item_of, scenario_of

PENDING = "failback_commit_pending"
VM1 = {"replicated_item": "vm1"}
DENIED = {"do": "status", "status": 403, "code": "AuthorizationFailed", "message": "no"}
ONE, ALL = "/replicationRecoveryServicesProviders/[^/]+$", "/replicationRecoveryServicesProviders"
HIDDEN = pytest.mark.parametrize("how", ["denied", "all denied", "removed", "registered anew"])


def hide_provider(vault: Any, how: str) -> None:
    """The provider of hv01 cannot be read, it alone or all of them, or it no longer exists in the vault."""
    if "denied" in how:
        fault = {"match": {"method": "GET", "path": ALL if how == "all denied" else ONE, "times": 0}, "action": DENIED}
        vault.simulator.locked(lambda world: world.faults.add(fault))
    else:
        vault.trouble(provider="hv01", registered="no" if how == "removed" else "anew")


def elsewhere(driver: Any, *, right: str, old: str) -> Any:
    """A VM that was failed back to hv02; its old copy is still on hv01. The states of the two."""
    vault = driver(scenario_of("vm1")).knows_hosts()
    vault.run("planned_failover", **VM1, target_host="hv02", data_sync="during_failover")
    vault.trouble(host="hv02", vm="vm1", power=right)
    vault.trouble(host="hv01", vm="vm1", power=old)
    return vault


@HIDDEN
@pytest.mark.parametrize("target", [{}, {"target_host": "hv02"}], ids=["own host", "another host"])
def test_a_copy_that_runs_is_seen_although_the_provider_is_not(driver: Any, how: str, target: dict[str, str]) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    vault.trouble(vm="vm1", power="running")
    hide_provider(vault, how)
    if how == "all denied":
        target = {}
    failed = vault.fail("planned_failover", **VM1, **target)
    assert failed["error"]["kind"] == "refused", failed["msg"]
    assert "on hv01 it is Running" in failed["msg"]
    assert vault.writes() == []


def test_the_host_that_is_asked_for_is_looked_at_although_no_provider_is_told(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    vault.run("planned_failover", **VM1, target_host="hv02", data_sync="before_failover", wait_for="started")
    vault.inventory = {name: host for name, host in vault.inventory.items() if name == "hv02"}
    hide_provider(vault, "denied")
    asked = len(vault.simulator.locked(lambda world: world.shells.sessions(0)))
    prereq = vault.run("failback_prereq", **VM1, target_host="hv02")
    assert prereq["findings"]
    sessions = vault.simulator.locked(lambda world: world.shells.sessions(0))[asked:]
    assert {one["host"] for one in sessions} == {"hv02"}


@pytest.mark.parametrize(
    ("how", "status"), [("denied", "not_checked"), ("removed", "fail"), ("registered anew", "fail")]
)
def test_a_provider_that_the_vault_has_no_more_fails_the_prerequisites(driver: Any, how: str, status: str) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    hide_provider(vault, how)
    result = vault.run("failback_prereq", **VM1)
    found = {one["id"]: one for one in result["findings"]}["provider_connected"]
    assert (found["status"], result["ready"]) == (status, status != "fail")
    if status == "fail":
        assert "no longer has the provider" in found["cause"]
        assert "registered again" in found["cause"]


def test_an_old_copy_that_runs_proves_nothing_of_the_right_one(driver: Any) -> None:
    vault = elsewhere(driver, right="off", old="running")
    failed = vault.fail("commit", **VM1, policy="now", **accepted("vm1"))
    assert failed["error"]["kind"] == "contradiction"
    assert "may be as old as the failover" in failed["msg"]
    (sides,) = failed["error"]["sides"]
    assert sides["runs"] == "other_copy"
    assert vault.state("vm1")["azure_vm"]["exists"] is True


def test_the_right_copy_that_runs_is_proof_whatever_is_off_elsewhere(driver: Any) -> None:
    vault = elsewhere(driver, right="running", old="off")
    split_brain_check = vault.run("commit", **VM1, policy="now")["split_brain_check"]
    assert (split_brain_check["verdict"], split_brain_check["before"][0]["runs"]) == ("proved", "on_premises")


@pytest.mark.parametrize("proved", [True, False])
def test_a_copy_on_another_host_alone_is_committed_on_a_persons_word_only(driver: Any, proved: bool) -> None:
    vault = elsewhere(driver, right="running", old="running")

    def lose(world: Any) -> None:
        machine = next(one for one in world.hyperv.machines() if (one.name, one.host.name) == ("vm1", "hv02"))
        machine.host.machines.remove(machine)

    validation = evidence(vault) if proved else None
    vault.simulator.locked(lose)
    failed = vault.fail("commit", **VM1, policy="now", validation=validation)
    assert failed["error"]["kind"] == "refused"
    assert "it is failed back to hv02" in failed["msg"]
    held = vault.run("commit", **VM1, policy="hold")
    assert (held["split_brain_check"]["verdict"], held["split_brain_check"]["after"][0]["runs"]) == (
        "not_checked",
        "other_copy",
    )


def test_an_old_copy_is_not_what_is_validated(driver: Any) -> None:
    vault = elsewhere(driver, right="off", old="running")
    vault.pass_time(300)
    failed = vault.fail("failback_validate", **VM1, timeout=30)
    checks = {one["id"]: one["status"] for one in failed["error"]["validation"]["vms"][0]["checks"]}
    assert checks["heartbeat"] != "pass"


@HIDDEN
def test_without_its_provider_nothing_proves_which_copy_is_the_right_one(driver: Any, how: str) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING))).knows_hosts()
    hide_provider(vault, how)
    failed = vault.fail("commit", **VM1, policy="now")
    assert failed["error"]["kind"] == "refused"
    assert "its on-premises VM was not seen running" in failed["msg"]
    # What answers may be an old copy, whose host is not the one that it was failed back to.
    failed = vault.fail("commit", **VM1, policy="now", validation=evidence(vault))
    assert failed["error"]["kind"] == "refused"
    # Without a provider the job of the commit fails, so that check mode has to do.
    done = vault.run("commit", **VM1, policy="now", **accepted("vm1"), check_mode=True)
    assert done["split_brain_check"]["verdict"] == "not_checked"
    assert {one["host"] for one in done["split_brain_check"]["before"][0]["on_premises"]} >= {"hv01"}


def test_hosts_of_the_inventory_that_are_of_another_site_add_nothing(driver: Any) -> None:
    fabrics = [
        {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}]},
        {"name": "site2", "type": "HyperVSite", "hosts": [{"name": "hv09"}]},
    ]
    vault = driver(scenario_of("vm1", fabrics=fabrics)).knows_hosts()
    hide_provider(vault, "all denied")
    vault.trouble(host="hv09", reachable=False)
    done = vault.run("planned_failover", **VM1, wait_for="started")
    assert {one["host"] for one in done["split_brain_check"]["before"][0]["on_premises"]} == {None, "hv01"}


@HIDDEN
@pytest.mark.parametrize("word", ["evidence", "accepted"])
@pytest.mark.parametrize("state", ["off", "paused"])
def test_neither_evidence_nor_a_word_stands_against_a_vm_that_was_seen_not_to_run(
    driver: Any, how: str, word: str, state: str
) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING))).knows_hosts()
    given = {"validation": evidence(vault)} if word == "evidence" else accepted("vm1")
    vault.pass_time(20 * 3600)
    if state == "off":
        vault.trouble(host="hv01", vm="vm1", power="off")
    else:
        vault.simulator.locked(lambda world: setattr(next(iter(world.hyperv.machines())), "state", "Paused"))
    hide_provider(vault, how)
    failed = vault.fail("commit", **VM1, policy="now", **given)
    assert failed["error"]["kind"] == "contradiction", failed["msg"]
    assert f"on hv01 it is {state.capitalize()}" in failed["msg"]
    assert "POST vm1/failoverCommit" not in vault.writes()
    assert vault.state("vm1")["azure_vm"]["exists"] is True

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A commit deletes a VM for good: not read is not off, absent at one id is not gone, and what was not seen a person has
to accept by name."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import evidence
from support.oracle import Oracle
from support.scenarios import CALLER, item_of, scenario_of

PENDING = "failback_commit_pending"
VM1 = {"replicated_item": "vm1"}
NOW = {**VM1, "policy": "now"}
# Nothing of Azure compute: neither the VM nor the list of those in its subscription.
WITHOUT_COMPUTE = {"name": "operator", "roles": ["Site Recovery Contributor"]}
AZURE = {"vm": "vm1", "sides": ["azure"]}
ON_PREMISES = {"vm": "vm1", "sides": ["on_premises"]}
BOTH = {"vm": "vm1", "sides": ["azure", "on_premises"]}
CHECK_OR_RUN = pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])


def pending(driver: Any, *, caller: dict[str, Any] | None = None, hosts: bool = True, **parts: Any) -> Any:
    vault = driver(scenario_of(item_of("vm1", PENDING, **parts), principals=[caller or CALLER]))
    return vault.knows_hosts() if hosts else vault


def two_of_one_name(**parts: Any) -> dict[str, Any]:
    """A plan of two VMs that are both called web01, each on a host of its own."""
    items = [item_of(name, PENDING, friendly_name="web01", host=host) for name, host in (("a", "hv01"), ("b", "hv09"))]
    fabrics = [{"name": "site1", "type": "HyperVSite", "hosts": [{"name": host} for host in ("hv01", "hv09")]}]
    return scenario_of(*items, fabrics=fabrics, recovery_plans=[{"name": "shop", "groups": [["a", "b"]]}], **parts)


def refused(vault: Any, **options: Any) -> dict[str, Any]:
    """The failure of a commit that must not be sent."""
    sent = vault.requests()
    failed: dict[str, Any] = vault.fail("commit", **{**NOW, **options})
    assert failed["error"]["kind"] == "refused", failed
    assert vault.writes(sent) == []
    return failed


def unseen(result: dict[str, Any]) -> dict[str, str | None]:
    """Each side that was not seen, with what stood for it."""
    return {one["side"]: one["accepted_by"] for one in result["unseen"]}


@CHECK_OR_RUN
def test_on_premises_vms_that_nobody_saw_are_not_taken_for_running(driver: Any, check_mode: bool) -> None:
    vault = pending(driver, hosts=False)
    failed = refused(vault, check_mode=check_mode)
    assert "vm1: its on-premises VM was not seen running" in failed["msg"]
    assert "neither in the inventory nor in hyperv_hosts" in failed["msg"]
    assert "accept_unseen" in failed["msg"]
    assert vault.state("vm1")["azure_vm"]["exists"] is True


def test_evidence_of_this_cut_over_stands_for_an_on_premises_vm_that_was_not_seen(driver: Any) -> None:
    vault = pending(driver, hosts=False)
    done = vault.run("commit", **NOW, validation=evidence(vault))
    assert (unseen(done), done["stage"]["after"]) == ({"on_premises": "validation"}, "failed_back")


def test_what_was_seen_needs_neither_evidence_nor_a_word(driver: Any) -> None:
    done = pending(driver).run("commit", **NOW)
    assert (done["unseen"], done["stage"]["after"]) == ([], "failed_back")


@CHECK_OR_RUN
def test_a_vm_that_runs_without_its_storage_is_no_reason_to_delete_the_other(driver: Any, check_mode: bool) -> None:
    vault = pending(driver)
    shown = evidence(vault)
    vault.trouble(vm="vm1", operation="CriticalIoError")
    failed = refused(vault, check_mode=check_mode, validation=shown, accept_unseen=ON_PREMISES)
    assert "vm1 on hv01: Critical I/O error" in failed["msg"]
    assert failed["authoritative_side"] == "on_premises"
    vault.trouble(vm="vm1", operation="Ok")
    assert vault.run("commit", **NOW)["stage"]["after"] == "failed_back"


def test_a_vm_that_runs_without_its_storage_is_not_validated(driver: Any) -> None:
    vault = pending(driver)
    vault.pass_time(300)
    vault.trouble(vm="vm1", operation="CriticalIoError")
    failed = vault.fail("failback_validate", **VM1, timeout=60)
    assert "Critical I/O error" in failed["msg"]
    vault.trouble(vm="vm1", operation="Ok")
    assert evidence(vault)["verdict"] == "passed"


def test_a_person_accepts_by_name_what_was_not_seen(driver: Any) -> None:
    vault = pending(driver, hosts=False)
    done = vault.run("commit", **NOW, accept_unseen=ON_PREMISES)
    assert (unseen(done), done["stage"]["after"]) == ({"on_premises": "accept_unseen"}, "failed_back")


@CHECK_OR_RUN
def test_a_caller_who_may_not_read_the_azure_vm_deletes_none(driver: Any, check_mode: bool) -> None:
    vault = pending(driver, caller=WITHOUT_COMPUTE)
    for options in ({}, {"validation": evidence(vault)}, {"accept_unseen": ON_PREMISES}):
        failed = refused(vault, **options, check_mode=check_mode)
        assert "vm1: its Azure VM was not seen to be off" in failed["msg"]
        assert "Reader" in failed["msg"]
    assert vault.state("vm1")["azure_vm"]["exists"] is True
    done = vault.run("commit", **NOW, accept_unseen=AZURE)
    assert unseen(done) == {"azure": "accept_unseen"}


def test_a_caller_who_may_not_read_the_azure_vm_learns_it_before_the_failback(driver: Any) -> None:
    vault = driver(scenario_of("vm1", principals=[WITHOUT_COMPUTE]))
    found = {one["id"]: one for one in vault.run("failback_prereq", **VM1)["findings"]}
    assert found["permissions"]["status"] == "fail"
    assert "a commit is refused" in found["permissions"]["cause"]
    assert "Reader" in found["permissions"]["remedy"]


@pytest.mark.parametrize("change", ["deleted", "moved"])
def test_an_azure_vm_that_is_not_at_its_id_is_not_gone(driver: Any, change: str) -> None:
    vault = pending(driver)
    fault = {"deleted": True} if change == "deleted" else {"moved_to": "rg-archive"}
    vault.trouble(azure_vm="vm1", **fault)
    if change == "deleted":
        failed = refused(vault)
        assert "vm1: its Azure VM was not seen to be off" in failed["msg"]
        done = vault.run("commit", **NOW, accept_unseen=AZURE)
        assert unseen(done) == {"azure": "accept_unseen"}
        assert done["azure_resources"]["deleted"] == []
    assert vault.state("vm1")["azure_vm"]["exists"] is False


def test_an_azure_vm_that_was_moved_is_found_and_judged_where_it_is(driver: Any) -> None:
    vault = pending(driver, managed_disks=True)
    vault.trouble(azure_vm="vm1", moved_to="rg-archive")
    failed = refused(vault)
    assert "/rg-archive/providers/Microsoft.Compute/virtualMachines/vm1" in failed["msg"]
    done = vault.run("commit", **NOW, accept_unseen=AZURE)
    assert done["azure_resources"]["deleted"] == []
    (left,) = done["azure_resources"]["not_checked"]
    assert "/rg-archive/" in left["reason"]


def test_an_azure_vm_that_was_moved_and_runs_is_a_second_copy(driver: Any) -> None:
    vault = pending(driver)
    vault.trouble(azure_vm="vm1", moved_to="rg-archive")
    vault.simulator.locked(lambda world: world.compute.start("vm1"))
    failed = vault.fail("commit", **NOW, accept_unseen=BOTH)
    assert (failed["error"]["kind"], failed["authoritative_side"]) == ("contradiction", "mixed")
    assert "/rg-archive/" in failed["msg"]
    assert vault.writes() == []


@pytest.mark.parametrize("state", ["deleting", "updating"])
def test_an_azure_vm_that_is_being_changed_is_waited_for(driver: Any, state: str) -> None:
    vault = pending(driver)
    vault.trouble(azure_vm="vm1", provisioning=state)
    failed = refused(vault, accept_unseen=BOTH, discard_azure_changes=True)
    assert "an operation of it is under way" in failed["msg"]
    vault.trouble(azure_vm="vm1", provisioning="done")
    assert vault.run("commit", **NOW)["stage"]["after"] == "failed_back"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"vm": "vm2", "sides": ["azure"]}, "accept_unseen names vm2"),
        ([ON_PREMISES, {"vm": "vm2", "sides": ["azure"]}], "accept_unseen names vm2"),
        ({"vm": "", "sides": ["azure"]}, "accept_unseen names no VM"),
        ({"sides": ["azure"]}, "accept_unseen names no VM"),
        ({"vm": "vm1"}, "sides"),
        ({"vm": "vm1", "sides": []}, "sides"),
        ({"vm": "vm1", "sides": ["both"]}, "sides"),
        ({"vm": "vm1", "sides": "azure"}, "sides"),
        ({"vm": "vm1", "sides": ["azure"], "all": True}, "all"),
        ("vm1", "accept_unseen"),
        (True, "accept_unseen"),
        ([["vm1"]], "accept_unseen"),
        ([], "accept_unseen"),
    ],
    ids=str,
)
@CHECK_OR_RUN
def test_an_acceptance_that_does_not_name_this_vm_is_refused(
    driver: Any, given: Any, words: str, check_mode: bool
) -> None:
    vault = pending(driver)
    failed = vault.fail("commit", **NOW, accept_unseen=given, check_mode=check_mode)
    assert failed["error"]["kind"] == "configuration", failed
    assert words in failed["msg"]
    assert vault.writes() == []


def test_of_a_plan_each_vm_is_accepted_by_its_own_name(driver: Any) -> None:
    plans = [{"name": "shop", "groups": [["db"], ["web"]]}]
    vault = driver(scenario_of(item_of("db", PENDING), item_of("web", PENDING), recovery_plans=plans))
    plan = {"recovery_plan": "shop", "policy": "now"}
    one = {"vm": "db", "sides": ["on_premises"]}
    failed = vault.fail("commit", **plan, accept_unseen=one)
    assert "web: its on-premises VM was not seen running" in failed["msg"]
    assert "db: its on-premises VM" not in failed["msg"]
    assert vault.writes() == []
    done = vault.run("commit", **plan, accept_unseen=[one, {"vm": "web", "sides": ["on_premises"]}])
    assert [(entry["vm"], entry["accepted_by"]) for entry in done["unseen"]] == [
        ("db", "accept_unseen"),
        ("web", "accept_unseen"),
    ]


def test_to_accept_what_was_not_seen_does_not_excuse_what_was(driver: Any) -> None:
    vault = pending(driver)
    vault.trouble(vm="vm1", power="off")
    failed = vault.fail("commit", **NOW, accept_unseen=BOTH)
    assert failed["error"]["kind"] == "contradiction"
    assert vault.writes() == []


def test_evidence_grows_old(driver: Any) -> None:
    vault = pending(driver, hosts=False)
    kept = evidence(vault)
    vault.pass_time(86400 + 60)
    failed = refused(vault, validation=kept)
    assert "old, and validation_max_age allows 24 h" in failed["msg"]
    assert "is 24 h 1 min old" in refused(vault, validation=kept, policy="after_validation")["msg"]
    done = vault.run("commit", **NOW, validation=kept, validation_max_age=2 * 86400)
    assert unseen(done) == {"on_premises": "validation"}


def test_what_is_off_in_azure_but_may_have_been_used_was_not_seen(driver: Any) -> None:
    """The jobs have aged out, so nobody can tell whether the Azure VM was started since the cut-over."""
    vault = pending(driver)
    vault.pass_time(40 * 86400)
    result = vault.run("commit", **VM1, policy="hold")
    use = result["split_brain_check"]["after"][0]["azure"]
    if "is not known" in use["reason"]:
        assert "is not known" in refused(vault)["msg"]


@CHECK_OR_RUN
def test_a_word_that_fits_two_vms_counts_for_neither(driver: Any, check_mode: bool) -> None:
    vault = driver(two_of_one_name(variants={"renamed_azure_vm": "new"}), None)
    plan = {"recovery_plan": "shop", "policy": "now", "check_mode": check_mode}
    failed = vault.fail("commit", **plan, accept_unseen={"vm": "web01", "sides": ["on_premises"]})
    assert failed["error"]["kind"] == "configuration"
    every = {one["name"]: one["id"] for one in vault.run("replicated_item_info")["replicated_items"]}
    assert all(identifier in failed["msg"] for identifier in every.values())
    one = {"vm": every["a"], "sides": ["on_premises"]}
    failed = vault.fail("commit", **plan, accept_unseen=one)
    assert [entry["accepted_by"] for entry in failed["error"]["unseen"]] == [None]
    assert f"{{vm: {every['b']}, sides: [on_premises]}}" in failed["msg"]
    assert vault.writes() == []
    done = vault.run("commit", **plan, accept_unseen=[one, {"vm": every["b"], "sides": ["on_premises"]}])
    assert [entry["accepted_by"] for entry in done["unseen"]] == ["accept_unseen", "accept_unseen"]


def test_a_probe_that_fits_two_vms_is_evidence_for_neither(driver: Any) -> None:
    vault = driver(two_of_one_name())
    probe = {"name": "shop", "type": "tcp", "vm": "web01", "host": "127.0.0.1", "port": 1}
    failed = vault.fail("failback_validate", recovery_plan="shop", probes=[probe])
    assert failed["error"]["kind"] == "configuration"
    every = vault.run("replicated_item_info")["replicated_items"]
    assert all(one["id"] in failed["msg"] for one in every)


@CHECK_OR_RUN
def test_a_vm_that_runs_elsewhere_without_its_storage_is_no_reason_to_delete_the_other(
    driver: Any, check_mode: bool
) -> None:
    vault = pending(driver)

    def move(world: Any) -> None:
        (item,) = world.vault.items
        provider = item.provider
        world.hyperv.move(item.on_premises, world.hyperv.host("hv02"))
        item.provider = provider

    vault.simulator.locked(move)
    vault.trouble(vm="vm1", operation="CriticalIoError")
    oracle = Oracle(vault.simulator, stands_for=lambda _name, _side: True)
    failed = refused(vault, check_mode=check_mode, accept_unseen=ON_PREMISES)
    assert "vm1 on hv02: Critical I/O error" in failed["msg"]
    assert oracle.violations == []


@pytest.mark.parametrize("addresses", [True, False], ids=["addresses", "expected"])
def test_a_vm_that_runs_without_its_storage_is_not_validated_whatever_is_checked(driver: Any, addresses: bool) -> None:
    vault = pending(driver)
    vault.pass_time(400)
    vault.trouble(vm="vm1", operation="CriticalIoError")
    (machine,) = (one for host in vault.simulator.state()["hosts"] for one in host["vms"] if one["name"] == "vm1")
    expected = [] if addresses else machine["addresses"]
    given = {"heartbeat": False, "addresses": addresses, "expected_addresses": expected, "timeout": 60}
    failed = vault.fail("failback_validate", **VM1, **given)
    assert "Critical I/O error" in failed["msg"]


def test_a_commit_that_is_held_says_that_the_vm_does_not_reach_its_storage(driver: Any) -> None:
    vault = pending(driver)
    vault.trouble(vm="vm1", operation="CriticalIoError")
    held = vault.run("commit", **VM1, policy="hold")
    assert held["held"] is True
    assert "vm1 on hv01: Critical I/O error" in held["reason"]


@CHECK_OR_RUN
def test_what_was_confirmed_of_one_vm_is_not_confirmed_of_another_of_its_name(driver: Any, check_mode: bool) -> None:
    vault = driver(two_of_one_name(variants={"renamed_azure_vm": "new"})).knows_hosts()
    plan = {"recovery_plan": "shop", "policy": "now"}
    checked = vault.run("commit", **plan, check_mode=True)["would_be_deleted"]
    every = {one["name"]: one["id"] for one in vault.run("replicated_item_info")["replicated_items"]}
    # That of the second is not known any more when the commit comes.
    vault.simulator.locked(lambda world: world.compute.delete_vm(vault.state("b")["azure_vm"]["id"]))
    confirmed = [one["id"] for one in checked]
    given = {"vm": every["b"], "sides": ["azure"]}
    failed = vault.fail("commit", **plan, confirmed=confirmed, accept_unseen=given, check_mode=check_mode)
    assert "what the commit of web01 deletes is not known" in failed["msg"]
    assert vault.writes() == []

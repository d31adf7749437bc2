# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Azure VM at the item's name is somebody else's: the failover had to give the machine another name."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import STARTER, item_of, scenario_of

PENDING = "failback_commit_pending"
VM1 = {"replicated_item": "vm1"}
NOW = {"policy": "now"}
POWERS = pytest.mark.parametrize("power", ["running", "deallocated"])
TOLD = pytest.mark.parametrize("told", ["told", "untold"])


def named(driver: Any, stage: str, power: str = "deallocated", told: str = "told", **parts: Any) -> Any:
    """A machine whose name in Azure is another VM's, which has that power."""
    item = item_of("vm1", stage, azure_namesake=power, **parts)
    document = scenario_of(item, principals=[STARTER], variants={"target_disks": told})
    return driver(document).knows_hosts()


def namesake(vault: Any) -> Any:
    """Somebody else's VM."""
    return vault.simulator.locked(lambda world: next(vm for vm in world.compute.machines() if vm.name == "vm1"))


def finding(vault: Any, identifier: str) -> dict[str, Any]:
    result = vault.run("failback_prereq", **VM1)
    return next(one for one in result["findings"] if one["id"] == identifier)


@POWERS
@TOLD
@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
def test_no_commit_rests_on_somebody_elses_vm(driver: Any, power: str, told: str, check_mode: bool) -> None:
    vault = named(driver, PENDING, power, told)
    sent = vault.requests()
    failed = vault.fail("commit", **VM1, **NOW, check_mode=check_mode)
    assert failed["error"]["kind"] == "refused"
    assert "is another VM" in failed["msg"]
    assert vault.writes(sent) == []
    assert vault.state("vm1")["azure_vm"]["exists"] is True


@TOLD
def test_somebody_elses_vm_is_never_started(driver: Any, told: str) -> None:
    vault = named(driver, PENDING, told=told)
    failed = vault.fail("undo_failback", **VM1)
    assert failed["error"]["kind"] == "refused"
    assert "is another VM" in failed["msg"]
    assert (failed["changed"], namesake(vault).power) == (False, "deallocated")
    assert vault.state("vm1")["on_premises_vm"]["power"] == "running"


@pytest.mark.parametrize("power", ["deallocated", "running"])
def test_the_machines_own_vm_is_named_where_another_has_its_name(driver: Any, power: str) -> None:
    """Its disks tell which it is, so that the remedy can be followed: nobody has to search for it."""
    vault = named(driver, PENDING, managed_disks=True)
    own = vault.state("vm1")["azure_vm"]["id"]
    if power == "running":
        vault.simulator.locked(lambda world: world.compute.start(own))
    for module, options in (("commit", NOW), ("undo_failback", {})):
        failed = vault.fail(module, **VM1, **options)
        assert failed["error"]["kind"] == "refused"
        assert f"{own} boots from the item's disk ({power})" in failed["msg"]
    assert "in the portal" in vault.fail("commit", **VM1, **NOW)["msg"]
    assert vault.writes() == []


@POWERS
@TOLD
def test_what_somebody_elses_vm_does_says_nothing_of_the_machine(driver: Any, power: str, told: str) -> None:
    vault = named(driver, PENDING, power, told)
    (entry,) = vault.run("replicated_item_info", name="vm1")["replicated_items"]
    assert (entry["stage"], entry["authoritative_side"]) == (PENDING, "on_premises")
    seen = finding(vault, "azure_vm")
    assert seen["status"] == "not_checked"
    assert "is another VM" in seen["cause"]


@POWERS
def test_the_failback_of_a_renamed_vm_goes_on_and_claims_nothing_of_the_other(driver: Any, power: str) -> None:
    vault = named(driver, "failed_over", power)
    done = vault.run("planned_failover", **VM1, data_sync="during_failover", wait_for="end")
    assert done["stage"]["after"] == PENDING
    assert done["split_brain_check"]["verdict"] == "not_checked"
    for one in (*done["split_brain_check"]["before"], *done["split_brain_check"]["after"]):
        assert one["azure"]["state"] == "not_checked"
        assert "is another VM" in one["azure"]["reason"]
    assert namesake(vault).power == power


def test_the_locks_of_somebody_elses_vm_are_not_those_of_the_machine(driver: Any) -> None:
    vault = named(driver, "failed_over")
    other = namesake(vault).id
    vault.simulator.locked(lambda world: world.compute.locks.add(other, "theirs", "CanNotDelete"))
    locked = finding(vault, "delete_lock")
    assert locked["status"] == "not_checked"
    assert "is another VM" in locked["cause"]


def test_before_a_failover_to_azure_a_vm_of_that_name_is_in_the_way(driver: Any) -> None:
    vault = named(driver, "protected", "running")
    failed = vault.fail("planned_failover", **VM1, direction="primary_to_recovery")
    assert failed["error"]["kind"] == "refused"
    assert "no VM of that name may run in Azure" in failed["msg"]


def test_what_a_later_look_finds_in_use_was_not_left_behind(driver: Any) -> None:
    """The commit is of an earlier run; the interface that the item names belongs to a VM that runs."""
    vault = driver(scenario_of(item_of("vm1", "failed_back"))).knows_hosts()
    group = vault.state("vm1")["azure_vm"]["id"].split("/")[4]

    def take(world: Any) -> None:
        (nic,) = (one for one in world.compute.nics() if one.name == "nic-vm1-00")
        world.compute.create_vm("other", group, "Standard_B2s", [], [nic], "Linux")

    vault.simulator.locked(take)
    told = vault.run("commit", **VM1, **NOW)["azure_resources"]
    assert told["left_behind"] == []
    (unclear,) = told["not_checked"]
    assert unclear["id"].endswith("/nic-vm1-00")
    assert "other" in unclear["reason"]


@TOLD
@pytest.mark.parametrize("managed", [True, False], ids=["managed", "unmanaged"])
def test_its_own_vm_is_known_by_its_disks_or_its_birth(driver: Any, told: str, managed: bool) -> None:
    item = item_of("vm1", PENDING, managed_disks=managed)
    vault = driver(scenario_of(item, variants={"target_disks": told})).knows_hosts()
    done = vault.run("commit", **VM1, **NOW)
    assert (done["stage"]["after"], done["split_brain_check"]["verdict"]) == ("failed_back", "proved")


def test_a_vm_that_was_made_anew_cannot_be_told(driver: Any) -> None:
    """Nothing that the item tells can be compared: the VM came days after the failover, and its disks are untold."""
    vault = driver(scenario_of(item_of("vm1", PENDING), variants={"target_disks": "untold"})).knows_hosts()

    def make_anew(world: Any) -> None:
        former = world.compute.get("vm1")
        world.compute.delete_vm(former.id)
        world.compute.create_vm(
            "vm1", former.group, former.size, former.disks, former.nics, former.os, power="deallocated"
        )

    vault.simulator.locked(make_anew)
    failed = vault.fail("commit", **VM1, **NOW, discard_azure_changes=True)
    assert failed["error"]["kind"] == "refused"
    assert "cannot be determined" in failed["msg"]
    assert "cannot be determined" in vault.fail("undo_failback", **VM1)["msg"]
    assert vault.state("vm1")["azure_vm"]["exists"] is True

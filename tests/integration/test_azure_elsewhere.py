# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Azure VM is not at the id that the item names: another VM in the subscription may be it, or only resemble it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from support.scenarios import STARTER, item_of, scenario_of

from asr_simulator.compute.machines import Disk, NetworkInterface

PENDING = "failback_commit_pending"
VM1 = {"replicated_item": "vm1"}
NOW = {**VM1, "policy": "now"}
AZURE = {"vm": "vm1", "sides": ["azure"]}
SUBSCRIPTION = "cccccccc-0000-4000-8000-000000000003"
VAULT = {"subscription_id": SUBSCRIPTION, "resource_group": "rg-recovery", "name": "vault-recovery"}
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-recovery"
# Who has every right at the group alone, and so does not see what is in another one.
LOCAL = {"name": "operator", "roles": [{"role": role, "scope": GROUP} for role in STARTER["roles"]]}
# Azure leaves out of a list what the caller may not read; the other way round it would refuse the list.
LISTS = pytest.mark.parametrize("lists", ["filtered", "refused"])


def vault_at(driver: Any, stage: str, **parts: Any) -> Any:
    """A vault with one VM with managed disks, whose caller may start VMs in Azure."""
    given = {"principals": [STARTER], **parts}
    return driver(scenario_of(item_of("vm1", stage, managed_disks=True), **given)).knows_hosts()


def make_vm(
    vault: Any, name: str, group: str, *disks: Disk, days_old: int = 0, power: str = "deallocated", size: str = ""
) -> None:
    """Make a VM in Azure from disks."""

    def make(world: Any) -> None:
        born = world.clock.now() - datetime.timedelta(days=days_old)
        nic = NetworkInterface(f"nic-{name}")
        world.compute.create_vm(
            name, group, size or "Standard_D64s_v5", list(disks), [nic], "Windows", at=born, power=power
        )

    vault.simulator.locked(make)


def disks_of(vault: Any) -> list[Disk]:
    """The disks of the VM that the failover made."""
    return list(vault.simulator.locked(lambda world: world.compute.get("vm1").disks))


def same_named(disk: Disk) -> Disk:
    """Another disk of the same name: that is unique in a resource group only."""
    return Disk(disk.name, disk.gb, os=disk.os)


def group_of(vault: Any) -> str:
    return str(vault.state("vm1")["azure_vm"]["id"].split("/")[4])


def delete(vault: Any, *, disks: bool) -> None:
    """Somebody deletes the VM that the failover made."""

    def act(world: Any) -> None:
        vm_id = world.compute.get("vm1").id
        (world.compute.delete_vm_and_disks if disks else world.compute.delete_vm)(vm_id)

    vault.simulator.locked(act)


def power_of(vault: Any, name: str) -> str:
    return str(
        vault.simulator.locked(lambda world: next(vm.power for vm in world.compute.machines() if vm.name == name))
    )


def undo_failback_refused(vault: Any) -> str:
    """What an undo says that must do nothing on either side."""
    sent = vault.requests()
    failed = vault.fail("undo_failback", **VM1)
    assert (failed["error"]["kind"], failed["changed"], vault.writes(sent)) == ("refused", False, [])
    assert vault.state("vm1")["on_premises_vm"]["power"] == "running"
    return str(failed["msg"])


@pytest.mark.parametrize("power", ["deallocated", "running"])
def test_an_older_vm_with_a_disk_of_the_same_name_is_never_touched(driver: Any, power: str) -> None:
    vault = vault_at(driver, PENDING)
    lookalike = same_named(disks_of(vault)[0])
    delete(vault, disks=True)
    make_vm(vault, "clone-of-2019", "rg-dev", lookalike, days_old=900, power=power)
    assert "is another VM" in undo_failback_refused(vault)
    assert power_of(vault, "clone-of-2019") == power
    failed = vault.fail("commit", **NOW)
    assert failed["error"]["kind"] == "refused"
    # What it does says nothing of the machine.
    assert vault.run("commit", **NOW, accept_unseen=AZURE)["stage"]["after"] == "failed_back"


def test_a_disk_of_the_same_name_in_another_group_is_a_hint_and_no_more(driver: Any) -> None:
    vault = vault_at(driver, PENDING)
    lookalike = same_named(disks_of(vault)[0])
    delete(vault, disks=True)
    make_vm(vault, "restored", "rg-dev", lookalike)
    said = undo_failback_refused(vault)
    assert "cannot be determined" in said
    assert "/rg-dev/providers/Microsoft.Compute/virtualMachines/restored" in said
    assert power_of(vault, "restored") == "deallocated"


def test_a_vm_that_was_moved_with_its_disks_cannot_be_told(driver: Any) -> None:
    vault = vault_at(driver, PENDING)
    vault.trouble(azure_vm="vm1", moved_to="rg-archive")
    assert "cannot be determined" in undo_failback_refused(vault)
    assert power_of(vault, "vm1") == "deallocated"


def test_a_vm_that_may_be_the_items_and_runs_speaks_against_a_commit(driver: Any) -> None:
    vault = vault_at(driver, PENDING)
    lookalike = same_named(disks_of(vault)[0])
    delete(vault, disks=True)
    make_vm(vault, "restored", "rg-dev", lookalike, power="running")
    failed = vault.fail("commit", **NOW, accept_unseen=AZURE)
    assert (failed["error"]["kind"], vault.writes()) == ("contradiction", [])


def test_a_vm_that_was_made_again_from_the_items_own_disks_is_its_vm(driver: Any) -> None:
    vault = vault_at(driver, PENDING)
    disks, group = disks_of(vault), group_of(vault)
    delete(vault, disks=False)
    vault.pass_time(86400 * 2)
    make_vm(vault, "vm1-again", group, *disks)
    vault.run("undo_failback", **VM1)
    assert power_of(vault, "vm1-again") == "running"


def test_a_vm_that_only_repairs_the_items_disk_is_not_its_vm(driver: Any) -> None:
    vault = vault_at(driver, PENDING)
    (disk, *_more), group = disks_of(vault), group_of(vault)
    delete(vault, disks=False)
    disk.os = False
    make_vm(vault, "rescue", group, Disk("os-rescue", 30, os=True), disk)
    assert "cannot be determined" in undo_failback_refused(vault)
    assert power_of(vault, "rescue") == "deallocated"


@pytest.mark.parametrize("powers", [("deallocated", "running"), ("running", "deallocated")])
def test_of_several_vms_that_may_be_it_none_is_picked(driver: Any, powers: tuple[str, str]) -> None:
    vault = vault_at(driver, PENDING)
    first = disks_of(vault)[0]
    delete(vault, disks=True)
    for group, power in zip(("rg-dev", "rg-test"), powers, strict=True):
        make_vm(vault, f"in-{group}", group, same_named(first), power=power)
    said = undo_failback_refused(vault)
    assert "in-rg-dev" in said
    assert "in-rg-test" in said
    # One of them runs, so that there may be two copies.
    assert vault.fail("commit", **NOW, accept_unseen=AZURE)["error"]["kind"] == "contradiction"


def hidden(driver: Any, stage: str, lists: str) -> Any:
    """The VM was moved, with its disks, to a group that the caller may not read."""
    vault = vault_at(driver, stage, principals=[LOCAL], vault=VAULT, variants={"narrow_lists": lists})
    vault.trouble(azure_vm="vm1", moved_to="rg-archive")
    return vault


@LISTS
@pytest.mark.parametrize("module", ["planned_failover", "complete_failover"])
def test_what_could_not_be_looked_for_is_not_gone_and_nothing_is_made_in_its_place(
    driver: Any, lists: str, module: str
) -> None:
    vault = hidden(driver, "failed_over" if module == "planned_failover" else "waiting_for_completion", lists)
    failed = vault.fail(module, **VM1)
    assert (failed["error"]["kind"], failed["changed"], vault.writes()) == ("refused", False, [])
    assert "it was not looked for" in failed["msg"]
    assert "from a backup" not in failed["msg"]
    assert "no such VM any more" not in failed["msg"]
    (side,) = failed["error"]["sides"]
    assert side["azure"]["state"] == "not_checked"


@LISTS
def test_an_undo_does_not_call_a_vm_gone_that_nobody_looked_for(driver: Any, lists: str) -> None:
    said = undo_failback_refused(hidden(driver, PENDING, lists))
    assert "it was not looked for" in said
    assert "does not exist" not in said
    assert "Keep the on-premises VM" not in said


@LISTS
def test_a_commit_says_where_nobody_looked(driver: Any, lists: str) -> None:
    vault = hidden(driver, PENDING, lists)
    failed = vault.fail("commit", **NOW)
    assert (failed["error"]["kind"], vault.writes()) == ("refused", [])
    assert "it was not looked for" in failed["msg"]
    assert vault.run("commit", **NOW, accept_unseen=AZURE)["stage"]["after"] == "failed_back"


def test_who_may_read_the_subscription_but_not_his_rights_calls_nothing_absent(driver: Any) -> None:
    reads = {"name": "Reads VMs", "actions": ["Microsoft.Compute/virtualMachines/read"]}
    caller = {"name": "operator", "roles": ["Reads VMs", *LOCAL["roles"]]}
    vault = vault_at(driver, "failed_over", principals=[caller], roles=[reads], vault=VAULT)
    delete(vault, disks=False)
    assert "it was not looked for" in vault.fail("planned_failover", **VM1)["msg"]


@pytest.mark.parametrize("module", ["planned_failover", "complete_failover"])
def test_a_vm_that_is_nowhere_in_the_subscription_is_absent(driver: Any, module: str) -> None:
    vault = vault_at(driver, "failed_over" if module == "planned_failover" else "waiting_for_completion")
    delete(vault, disks=False)
    failed = vault.fail(module, **VM1)
    assert (failed["error"]["kind"], vault.writes()) == ("refused", [])
    assert "There is no VM in Azure to bring back" in failed["msg"]
    assert "elsewhere in the subscription" in failed["msg"]
    assert "another subscription" in failed["msg"]


def test_a_vm_that_was_found_elsewhere_is_to_be_moved_back_not_made_again(driver: Any) -> None:
    vault = vault_at(driver, "failed_over")
    vault.trouble(azure_vm="vm1", moved_to="rg-archive")
    failed = vault.fail("planned_failover", **VM1)
    assert (failed["error"]["kind"], vault.writes()) == ("refused", [])
    assert "/rg-archive/" in failed["msg"]
    assert "move it back" in failed["msg"]
    assert "from a backup" not in failed["msg"]

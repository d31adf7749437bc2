# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Azure VM is not at the id that the item names: another VM in the subscription may be it, or only resemble it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from scenarios import CALLER, item_of, scenario_of

from asr_simulator.compute.machines import Disk, NetworkInterface

PENDING = "failback_commit_pending"
STARTER = {"name": "operator", "roles": [*CALLER["roles"], "Virtual Machine Contributor"]}
VM1 = {"replicated_item": "vm1"}
NOW = {**VM1, "policy": "now"}
AZURE = {"vm": "vm1", "sides": ["azure"]}


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


def abandon_refused(vault: Any) -> str:
    """What an abandonment says that must do nothing on either side."""
    sent = vault.requests()
    failed = vault.fail("abandon", **VM1)
    assert (failed["error"]["kind"], failed["changed"], vault.writes(sent)) == ("refused", False, [])
    assert vault.state("vm1")["on_premises_vm"]["power"] == "running"
    return str(failed["msg"])


@pytest.mark.parametrize("power", ["deallocated", "running"])
def test_an_older_vm_with_a_disk_of_the_same_name_is_never_touched(driver: Any, power: str) -> None:
    vault = vault_at(driver, PENDING)
    lookalike = same_named(disks_of(vault)[0])
    delete(vault, disks=True)
    make_vm(vault, "clone-of-2019", "rg-dev", lookalike, days_old=900, power=power)
    assert "is another VM" in abandon_refused(vault)
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
    said = abandon_refused(vault)
    assert "cannot be told" in said
    assert "/rg-dev/providers/Microsoft.Compute/virtualMachines/restored" in said
    assert power_of(vault, "restored") == "deallocated"


def test_a_vm_that_was_moved_with_its_disks_cannot_be_told(driver: Any) -> None:
    vault = vault_at(driver, PENDING)
    vault.trouble(azure_vm="vm1", moved_to="rg-archive")
    assert "cannot be told" in abandon_refused(vault)
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
    vault.run("abandon", **VM1)
    assert power_of(vault, "vm1-again") == "running"


def test_a_vm_that_only_repairs_the_items_disk_is_not_its_vm(driver: Any) -> None:
    vault = vault_at(driver, PENDING)
    (disk, *_more), group = disks_of(vault), group_of(vault)
    delete(vault, disks=False)
    disk.os = False
    make_vm(vault, "rescue", group, Disk("os-rescue", 30, os=True), disk)
    assert "cannot be told" in abandon_refused(vault)
    assert power_of(vault, "rescue") == "deallocated"


@pytest.mark.parametrize("powers", [("deallocated", "running"), ("running", "deallocated")])
def test_of_several_vms_that_may_be_it_none_is_picked(driver: Any, powers: tuple[str, str]) -> None:
    vault = vault_at(driver, PENDING)
    first = disks_of(vault)[0]
    delete(vault, disks=True)
    for group, power in zip(("rg-dev", "rg-test"), powers, strict=True):
        make_vm(vault, f"in-{group}", group, same_named(first), power=power)
    said = abandon_refused(vault)
    assert "in-rg-dev" in said
    assert "in-rg-test" in said
    # One of them runs, so that there may be two copies.
    assert vault.fail("commit", **NOW, accept_unseen=AZURE)["error"]["kind"] == "contradiction"

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an item says of its Azure VM, and when that is another VM than its name leads to."""

from __future__ import annotations

import pytest

COMPUTE = "2024-07-01"
TO_AZURE = {
    "failoverDirection": "PrimaryToRecovery",
    "sourceSiteOperations": "Required",
    "providerSpecificDetails": {"instanceType": "HyperVReplicaAzure"},
}


def details(vault, name):
    return vault.item(name)["providerSpecificDetails"]


def named_machine(vault, name):
    """The Azure VM that the item's own words lead to."""
    said = details(vault, name)
    group, machine = said["recoveryAzureResourceGroupId"], said["recoveryAzureVmName"]
    return vault.caller.get(f"{group}/providers/Microsoft.Compute/virtualMachines/{machine}", COMPUTE).json()


def test_an_item_tells_its_disks_in_azure_until_the_commit_of_the_failback(desk, vault_of, failback):
    vault = desk(vault_of({"name": "vm1"}))
    (said,) = details(vault, "vm1")["azureVmDiskDetails"]
    (there,) = [named_machine(vault, "vm1")["properties"]["storageProfile"]["osDisk"]]
    assert (said["targetDiskName"], said["targetDiskLocation"]) == (there["name"], there["vhd"]["uri"])
    vault.until(vault.begin("vm1", "plannedFailover", failback("ForSynchronization", "NoAction")), "Succeeded")
    assert details(vault, "vm1")["azureVmDiskDetails"] == [said]
    vault.until(vault.begin("vm1", "failoverCommit", {}), "Succeeded")
    (after,) = details(vault, "vm1")["azureVmDiskDetails"]
    assert (after["targetDiskName"], after["targetDiskLocation"]) == (None, None)


def test_a_managed_disk_is_told_by_its_name_alone(desk, vault_of):
    vault = desk(vault_of({"name": "vm1", "managed_disks": True}))
    (said,) = details(vault, "vm1")["azureVmDiskDetails"]
    assert said["targetDiskLocation"] is None
    assert said["targetDiskName"] == named_machine(vault, "vm1")["properties"]["storageProfile"]["osDisk"]["name"]


def test_an_item_that_was_not_failed_over_tells_no_disk_in_azure(desk, vault_of):
    (said,) = details(desk(vault_of({"name": "vm1", "stage": "protected"})), "vm1")["azureVmDiskDetails"]
    assert (said["targetDiskName"], said["targetDiskLocation"]) == (None, None)


def test_disks_are_untold_where_the_variant_wants_it(desk, vault_of):
    (said,) = details(desk(vault_of({"name": "vm1"}, variants={"target_disks": "untold"})), "vm1")["azureVmDiskDetails"]
    assert (said["targetDiskName"], said["targetDiskLocation"]) == (None, None)


@pytest.mark.parametrize("carries", ["old", "new"])
def test_a_name_that_is_taken_is_changed_with_a_warning(desk, vault_of, carries):
    spec = {"name": "vm1", "stage": "protected", "azure_namesake": "running"}
    vault = desk(vault_of(spec, variants={"renamed_azure_vm": carries}))
    job = vault.begin("vm1", "unplannedFailover", TO_AZURE)
    (warning,) = vault.until(job, "Succeeded")["errors"]
    assert (warning["serviceErrorDetails"]["code"], warning["errorLevel"]) == ("28175", "Warning")
    own = vault.truth("vm1")["azure_vm"]
    assert own["exists"] is True
    assert own["id"].rsplit("/", 1)[1] in warning["serviceErrorDetails"]["message"]
    assert (named_machine(vault, "vm1")["id"] == own["id"]) is (carries == "new")


def test_a_commit_deletes_the_machine_that_was_renamed_and_not_its_namesake(desk, vault_of):
    vault = desk(vault_of({"name": "vm1", "stage": "failback_commit_pending", "azure_namesake": "running"}))
    own = vault.truth("vm1")["azure_vm"]
    assert own["power"] == "deallocated"
    vault.until(vault.begin("vm1", "failoverCommit", {}), "Succeeded")
    assert vault.truth("vm1")["azure_vm"]["exists"] is False
    assert named_machine(vault, "vm1")["properties"]["hardwareProfile"] == {"vmSize": "Standard_B2s"}


def test_a_disk_that_is_attached_or_grown_in_azure_is_no_disk_of_the_item(desk, vault_of):
    vault = desk(vault_of({"name": "vm1", "managed_disks": True}))
    before = details(vault, "vm1")["azureVmDiskDetails"]
    control = f"{vault.simulator.connection['control']}/faults"
    own = before[0]["targetDiskName"]
    for change in ({"attach_disk": "logs", "gb": 64}, {"grow_disk": own, "gb": 400}):
        answer = vault.caller.session.post(control, json={"service": {"azure_vm": "vm1", **change}}, timeout=20)
        assert answer.status_code == 200, answer.text
    storage = named_machine(vault, "vm1")["properties"]["storageProfile"]
    assert [(disk["name"], disk["diskSizeGB"]) for disk in storage["dataDisks"]] == [("logs", 64)]
    assert storage["osDisk"]["diskSizeGB"] == 400
    assert details(vault, "vm1")["azureVmDiskDetails"] == before
    vault.simulator.locked(lambda world: world.compute.deallocate("vm1"))
    off = named_machine(vault, "vm1")["properties"]["storageProfile"]
    assert "diskSizeGB" not in off["osDisk"]
    assert vault.caller.get(off["osDisk"]["managedDisk"]["id"], COMPUTE).json()["properties"]["diskSizeGB"] == 400
    gone = {"azure_vm": "vm1", "grow_disk": "nothing", "gb": 1}
    refused = vault.caller.session.post(control, json={"service": gone}, timeout=20)
    assert (refused.status_code, "vm1 has no disk nothing" in refused.text) == (400, True)


@pytest.mark.parametrize(
    ("sizes", "while_it_runs", "while_it_is_deallocated"),
    [(None, True, True), ("told", True, True), ("while_allocated", True, False), ("untold", False, False)],
)
def test_an_unmanaged_disk_tells_its_size_as_long_as_nothing_hides_it(
    desk, vault_of, sizes, while_it_runs, while_it_is_deallocated
):
    vault = desk(vault_of({"name": "vm1"}))
    control = f"{vault.simulator.connection['control']}/faults"
    if sizes is not None:
        fault = {"service": {"azure_vm": "vm1", "disk_sizes": sizes}}
        assert vault.caller.session.post(control, json=fault, timeout=20).status_code == 200
    running = named_machine(vault, "vm1")["properties"]["storageProfile"]["osDisk"]
    vault.simulator.locked(lambda world: world.compute.deallocate("vm1"))
    off = named_machine(vault, "vm1")["properties"]["storageProfile"]["osDisk"]
    assert ["diskSizeGB" in one for one in (running, off)] == [while_it_runs, while_it_is_deallocated]
    wrong = {"service": {"azure_vm": "vm1", "disk_sizes": "sometimes"}}
    assert vault.caller.session.post(control, json=wrong, timeout=20).status_code == 400

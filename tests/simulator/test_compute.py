# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual machines and what hangs on them, read and driven with azure-mgmt-compute as it is, and with requests."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient

from asr_simulator.arm.locks import ScopeLocked
from asr_simulator.compute import Disk, NetworkInterface, PublicAddress, UnknownMachine

NETWORK_VERSION = "2024-05-01"
CREATED = datetime(2026, 10, 1, 12, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def simulator(simulate):
    simulator = simulate({"name": "compute", "principals": [{"name": "owner", "roles": ["Owner"]}]})
    build(simulator.world.compute)
    return simulator


def build(compute):
    compute.create_vm(
        "web01",
        "rg-recovered",
        "Standard_D2s_v3",
        [Disk("web01-os", 40, os=True), Disk("web01-data", 127.5)],
        [NetworkInterface("nic-web01-00", "/subnet", public=PublicAddress("ip-web01", "203.0.113.7"))],
        "Windows",
        CREATED,
        tags={"app": "web"},
    )
    blob = "https://replicas.blob.core.windows.net/vhds/db01.vhd"
    compute.create_vm(
        "db01",
        "rg-databases",
        "Standard_D4s_v3",
        [Disk("db01-os", 60, os=True, managed=False, vhd_uri=blob)],
        [NetworkInterface("nic-db01-00")],
        "Linux",
        CREATED,
        power="deallocated",
    )


@pytest.fixture(scope="module")
def client(simulator):
    connection = simulator.connection
    bundle = {"connection_verify": connection["ca_bundle"]}
    credential = ClientSecretCredential(
        connection["tenant_id"],
        connection["client_id"],
        connection["client_secret"],
        authority=connection["authority"],
        disable_instance_discovery=True,
        **bundle,
    )
    manager = connection["resource_manager"]
    with ComputeManagementClient(
        credential, connection["subscription_id"], manager, credential_scopes=[f"{manager}/.default"], **bundle
    ) as client:
        yield client


@pytest.fixture(scope="module")
def owner(simulator, caller):
    return caller(simulator)


def power(machine):
    return next(status.code for status in machine.instance_view.statuses if status.code.startswith("PowerState/"))


def test_a_managed_machine_reads_as_the_sdk_expects(client):
    machine = client.virtual_machines.get("RG-Recovered", "WEB01")
    assert (machine.name, machine.tags, machine.time_created) == ("web01", {"app": "web"}, CREATED)
    assert machine.hardware_profile.vm_size == "Standard_D2s_v3"
    assert machine.storage_profile.os_disk.os_type == "Windows"
    assert machine.storage_profile.os_disk.managed_disk.id.endswith("/disks/web01-os")
    assert [(disk.lun, disk.disk_size_gb) for disk in machine.storage_profile.data_disks] == [(0, 128)]
    assert machine.network_profile.network_interfaces[0].id.endswith("/networkInterfaces/nic-web01-00")
    assert machine.instance_view is None


def test_an_unmanaged_machine_has_its_vhd_and_no_disk_resource(client):
    disk = client.virtual_machines.get("rg-databases", "db01").storage_profile.os_disk
    assert (disk.managed_disk, disk.vhd.uri) == (None, "https://replicas.blob.core.windows.net/vhds/db01.vhd")
    assert "db01-os" not in {disk.name for disk in client.disks.list()}


def test_the_instance_view_comes_with_expand_and_alone(client):
    machine = client.virtual_machines.get("rg-databases", "db01", expand="instanceView")
    assert power(machine) == "PowerState/deallocated"
    view = client.virtual_machines.instance_view("rg-databases", "db01")
    assert [status.code for status in view.statuses] == ["ProvisioningState/succeeded", "PowerState/deallocated"]


def test_machines_are_listed_by_group_and_by_subscription(client):
    assert [machine.name for machine in client.virtual_machines.list("rg-databases")] == ["db01"]
    with_status = client.virtual_machines.list_all(status_only="true")
    assert {machine.name: power(machine) for machine in with_status}["db01"] == "PowerState/deallocated"


def test_disks_say_whose_they_are(client):
    disk = client.disks.get("rg-recovered", "web01-os")
    assert (disk.disk_size_gb, disk.disk_state, disk.os_type) == (40, "Attached", "Windows")
    assert disk.managed_by.endswith("/virtualMachines/web01")
    assert len(list(client.disks.list_by_resource_group("rg-recovered"))) == 2


def test_interfaces_and_addresses_point_at_each_other(owner):
    base = f"{owner.subscription}/resourceGroups/rg-recovered/providers/Microsoft.Network"
    nic = owner.get(f"{base}/networkInterfaces/nic-web01-00", NETWORK_VERSION).json()
    (configuration,) = nic["properties"]["ipConfigurations"]
    address = owner.get(configuration["properties"]["publicIPAddress"]["id"], NETWORK_VERSION).json()
    assert address["properties"]["ipAddress"] == "203.0.113.7"
    assert address["properties"]["ipConfiguration"]["id"] == configuration["id"]
    listed = owner.get(f"{owner.subscription}/providers/Microsoft.Network/networkInterfaces", NETWORK_VERSION)
    assert nic in listed.json()["value"]
    addresses = [
        one["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] for one in listed.json()["value"]
    ]
    assert len(set(addresses)) == len(addresses)


def test_a_machine_that_is_not_there_is_a_404_of_the_sdk(client):
    with pytest.raises(ResourceNotFoundError, match="ResourceNotFound"):
        client.virtual_machines.get("rg-recovered", "gone")


@pytest.mark.parametrize(
    ("verb", "between", "after", "seconds"),
    [
        ("powerOff", "stopping", "stopped", 20),
        ("start", "starting", "running", 30),
        ("deallocate", "deallocating", "deallocated", 60),
    ],
)
def test_power_changes_take_time_and_can_be_followed(simulate, caller, verb, between, after, seconds):
    simulator = simulate({"name": "power", "principals": [{"name": "owner", "roles": ["Owner"]}]})
    build(simulator.world.compute)
    owner = caller(simulator)
    if verb == "start":
        simulator.world.compute.deallocate("web01")
    machine = simulator.world.compute.get("web01")
    accepted = owner.call("POST", f"{machine.id}/{verb}", "2026-04-01")
    assert (accepted.status_code, accepted.content, accepted.headers["Retry-After"]) == (202, b"", "10")
    status, monitor = accepted.headers["Azure-AsyncOperation"], accepted.headers["Location"]
    assert machine.power == between
    assert owner.get(status, None).json()["status"] == "InProgress"
    assert owner.get(monitor, None).status_code == 202
    simulator.clock.advance(seconds)
    assert owner.get(status, None).json()["status"] == "Succeeded"
    assert owner.get(monitor, None).status_code == 200
    assert machine.power == after


def test_the_sdk_waits_for_a_machine_to_start(client, simulator):
    simulator.world.compute.deallocate("web01")
    poller = client.virtual_machines.begin_start("rg-recovered", "web01", polling_interval=0)
    simulator.clock.advance(30)
    poller.result(timeout=20)
    assert power(client.virtual_machines.get("rg-recovered", "web01", expand="instanceView")) == "PowerState/running"


def test_starting_what_runs_is_done_at_once(owner, simulator):
    simulator.world.compute.start("web01")
    accepted = owner.call("POST", f"{simulator.world.compute.get('web01').id}/start", "2026-04-01")
    assert owner.get(accepted.headers["Azure-AsyncOperation"], None).json()["status"] == "Succeeded"


def test_a_later_power_change_wins(simulate):
    simulator = simulate({"name": "race"})
    compute = simulator.world.compute
    build(compute)
    compute.begin_power_change("db01", "start")
    compute.deallocate("db01")
    simulator.clock.advance(60)
    assert compute.get("db01").power == "deallocated"


def test_an_unknown_operation_is_not_found(owner):
    path = f"{owner.subscription}/providers/Microsoft.Compute/locations/westeurope/operations/none"
    assert owner.get(path, "2026-04-01").status_code == 404


def test_a_read_only_lock_stops_power_changes(client, simulator):
    compute = simulator.world.compute
    machine = compute.get("db01")
    compute.locks.add(machine.id, "frozen", "ReadOnly")
    with pytest.raises(HttpResponseError, match="ScopeLocked"):
        client.virtual_machines.begin_start("rg-databases", "db01")
    compute.locks.remove(machine.id, "frozen")
    assert machine.power == "deallocated"


@pytest.mark.parametrize("where", ["/subscriptions/{subscription}", "{group}", "{machine}", "{disk}"])
def test_a_lock_at_or_above_keeps_machine_and_disks(simulate, where):
    compute = simulate({"name": "locked"}).world.compute
    build(compute)
    machine = compute.get("web01")
    scope = where.format(
        subscription=compute.subscription_id,
        group=machine.id.partition("/providers/")[0],
        machine=machine.id,
        disk=machine.disks[1].id,
    )
    compute.locks.add(scope, "keep")
    with pytest.raises(ScopeLocked, match="following scope\\(s\\) are locked") as refused:
        compute.delete_vm_and_disks("web01")
    assert (refused.value.status, refused.value.code) == (409, "ScopeLocked")
    assert compute.find("web01") is machine
    assert len(compute.disks()) == 2


def test_deletion_leaves_interface_and_address_behind(simulate, caller):
    simulator = simulate({"name": "deleted", "principals": [{"name": "owner", "roles": ["Owner"]}]})
    compute = simulator.world.compute
    build(compute)
    nic, address = compute.delete_vm_and_disks("web01")
    assert compute.disks() == []
    with pytest.raises(UnknownMachine, match="web01"):
        compute.get("web01")
    left = caller(simulator).get(nic, NETWORK_VERSION).json()
    assert "virtualMachine" not in left["properties"]
    assert caller(simulator).get(address, NETWORK_VERSION).status_code == 200


def test_a_machine_made_again_takes_its_old_interface(simulate):
    compute = simulate({"name": "again"}).world.compute
    build(compute)
    (nic,) = compute.get("web01").nics
    before = (nic.id, nic.address, nic.mac)
    compute.delete_vm_and_disks("web01")
    again = compute.create_vm(
        "web01",
        "rg-recovered",
        "Standard_D2s_v3",
        [],
        [NetworkInterface("nic-web01-00")],
        "Windows",
        CREATED + timedelta(1),
    )
    assert [(nic.id, nic.address, nic.mac) for nic in again.nics] == [before]
    assert again.nics[0].public is not None
    assert len(compute.nics()) == 2


def test_a_name_that_two_groups_have_needs_an_id(simulate):
    compute = simulate({"name": "twice"}).world.compute
    for group in ("a", "b"):
        compute.create_vm("vm", group, "Standard_B1s", [], [], "Linux", CREATED)
    with pytest.raises(UnknownMachine):
        compute.get("vm")
    assert compute.get(compute.resource_id("B", "Microsoft.Compute/virtualMachines", "VM")).group == "b"


@pytest.mark.parametrize("when", ["at_once", "later"])
def test_a_start_for_which_there_is_no_room_leaves_the_machine_as_it_was(simulator, client, when):
    fault = {"azure_vm": "db01", "start": "refused", "code": "OverconstrainedAllocationRequest", "when": when}
    simulator.locked(lambda world: world.apply_fault(fault))
    before = simulator.world.compute.get("db01").power
    if when == "at_once":
        with pytest.raises(HttpResponseError) as refused:
            client.virtual_machines.begin_start("rg-databases", "db01", polling=False)
        assert (refused.value.status_code, refused.value.error.code) == (409, fault["code"])
    else:
        poller = client.virtual_machines.begin_start("rg-databases", "db01", polling_interval=0)
        simulator.locked(lambda world: world.clock.advance(60))
        with pytest.raises(HttpResponseError) as refused:
            poller.result()
        assert fault["code"] in str(refused.value)
        view = client.virtual_machines.instance_view("rg-databases", "db01")
        assert view.statuses[0].code == f"ProvisioningState/failed/{fault['code']}"
    assert simulator.world.compute.get("db01").power == before
    simulator.locked(lambda world: world.apply_fault({"azure_vm": "db01", "start": "ok"}))
    client.virtual_machines.begin_start("rg-databases", "db01", polling=False)
    simulator.locked(lambda world: world.clock.advance(60))
    view = client.virtual_machines.instance_view("rg-databases", "db01")
    assert [status.code for status in view.statuses] == ["ProvisioningState/succeeded", "PowerState/running"]
    simulator.locked(lambda world: world.compute.deallocate("db01"))


@pytest.mark.parametrize(
    "fault",
    [
        {"azure_vm": "none", "start": "refused"},
        {"azure_vm": "db01"},
        {"azure_vm": "db01", "start": "maybe"},
        {"azure_vm": "db01", "start": "refused", "when": "never"},
        {"azure_vm": "db01", "start": "refused", "size": 1},
    ],
)
def test_a_fault_of_a_machine_that_is_not_understood_is_refused(simulator, fault):
    with pytest.raises(ValueError, match="Azure VM"):
        simulator.world.check_fault(fault)

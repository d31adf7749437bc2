# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicated items, read from bodies of any api-version."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from support import bodies

from ansible_collections.asr.failback.plugins.module_utils.model.items import (
    Disk,
    identity_and_disks,
    parse_item,
)
from ansible_collections.asr.failback.plugins.module_utils.model.json_path import as_document, as_result


def test_an_item_says_where_it_is_and_what_it_is_called() -> None:
    item = parse_item(bodies.item("Failback", recoveryServicesProviderId="/provider"))
    assert (item.fabric_name, item.container_name) == ("site1", "cloud_1")
    assert (item.name, item.friendly_name) == ("item-1", "web01")
    assert item.allowed_operations == {"Failback"}
    assert item.provider_id == "/provider"
    assert item.is_hyper_v_to_azure
    assert item.azure_vm_id == f"{bodies.AZURE_GROUP}/providers/Microsoft.Compute/virtualMachines/web01"


@pytest.mark.parametrize(
    ("current", "scenario", "job"),
    [
        (bodies.IDLE, "", ""),
        (None, "", ""),
        ({"scenarioName": None, "jobId": None}, "", ""),
        (bodies.scenario("PlannedFailover", "j"), "PlannedFailover", f"{bodies.VAULT}/replicationJobs/j"),
    ],
)
def test_only_a_real_scenario_counts_as_running(current: object, scenario: str, job: str) -> None:
    item = parse_item(bodies.item(currentScenario=current))
    assert (item.scenario, item.scenario_job_id) == (scenario, job)


@pytest.mark.parametrize(("location", "in_azure"), [("Recovery", True), ("Primary", False), ("", False)])
def test_the_active_location_tells_the_side(location: str, in_azure: bool) -> None:
    assert parse_item(bodies.item(active=location)).is_active_in_azure is in_azure


def test_disks_are_read_with_the_one_that_boots() -> None:
    disks = [
        {"vhdType": "DataDisk", "vhdId": "data", "vhdName": "d", "maxSizeMB": "1024"},
        {"vhdType": "OperatingSystem", "vhdId": "system", "vhdName": "s", "maxSizeMB": None},
    ]
    item = parse_item(bodies.item(details={"azureVmDiskDetails": disks}))
    assert item.disks == (Disk("data", "d", "DataDisk", 2**30), Disk("system", "s", "OperatingSystem", 0))
    assert item.os_disk_id == "system"
    assert parse_item(bodies.item()).os_disk_id == ""


HYPER_V_ID = "fc335dd7-8a35-4d61-bd4b-4c5b4d2d8a61"
DISK_OF_HYPER_V = {"diskId": f"{HYPER_V_ID.upper()}_83F8638B-8DCA-4152-9EDA-2CA8B33039B4_0_0"}
OTHER_DISK = {"diskId": "AC234AED-1D04-45D7-B549-15F7FC0DCE9D_83F8638B-8DCA-4152-9EDA-2CA8B33039B4_0_0"}


@pytest.mark.parametrize(
    ("fabric", "disks", "expected"),
    [
        ("VmmFabric", [DISK_OF_HYPER_V], HYPER_V_ID),
        ("VmmFabric", [DISK_OF_HYPER_V, {"diskId": None}], HYPER_V_ID),
        ("VmmFabric", [], ""),
        ("VmmFabric", [DISK_OF_HYPER_V, OTHER_DISK], ""),
        ("VmmFabric", [{"diskId": "disk0"}], ""),
        ("SingleHostHyperVFabric", [], bodies.VM_ID),
        ("SingleHostHyperVFabric", [DISK_OF_HYPER_V], HYPER_V_ID),
        (None, [], ""),
        (None, [DISK_OF_HYPER_V], HYPER_V_ID),
    ],
)
def test_hyper_vs_own_id_is_that_of_the_disks(fabric: str | None, disks: list[object], expected: str) -> None:
    item = parse_item(bodies.item(details={"azureVmDiskDetails": disks}, primaryFabricProvider=fabric))
    assert item.hypervisor_vm_id == expected
    assert item.vm_id == bodies.VM_ID


def test_the_spelling_of_2017_is_read() -> None:
    body = bodies.item(replicationHealthErrors=[{"errorCode": 1}])
    details = body["properties"]["providerSpecificDetails"]
    details["recoveryAzureVMName"] = details.pop("recoveryAzureVmName")
    item = parse_item(body)
    assert item.azure_vm_name == "web01"
    assert item.health_errors == ({"errorCode": 1},)


@pytest.mark.parametrize("missing", ["recoveryAzureVmName", "recoveryAzureResourceGroupId"])
def test_an_item_that_names_no_vm_has_no_vm_id(missing: str) -> None:
    assert parse_item(bodies.item(details={missing: None})).azure_vm_id == ""


@pytest.mark.parametrize(
    ("wanted", "answers"),
    [
        ("web01", True),
        ("WEB01", True),
        ("Item-1", True),
        (f"{bodies.CONTAINER}/replicationProtectedItems/ITEM-1/".lower(), True),
        (f"{bodies.CONTAINER}/replicationProtectedItems/item-2", False),
        ("web0", False),
        ("", False),
    ],
)
def test_an_item_answers_to_its_friendly_name_its_name_and_its_id(wanted: str, answers: bool) -> None:
    assert parse_item(bodies.item()).answers_to(wanted) is answers


FLAGS = [("true", True), ("True", True), (True, True), ("false", False), (None, False)]


@pytest.mark.parametrize(("flag", "managed"), FLAGS)
def test_managed_disks_are_a_word_on_the_wire(flag: object, managed: bool) -> None:
    assert parse_item(bodies.item(details={"useManagedDisks": flag})).managed_disks is managed


def test_the_last_failover_is_a_time_or_unknown() -> None:
    stamp = "2017-05-15T13:46:00.071433Z"
    when = datetime(2017, 5, 15, 13, 46, 0, 71433, tzinfo=timezone.utc)
    assert parse_item(bodies.item(lastSuccessfulFailoverTime=stamp)).last_failover == when
    assert parse_item(bodies.item()).last_failover is None


def test_an_empty_body_is_an_item_that_says_nothing() -> None:
    item = parse_item({})
    assert (item.id, item.scenario, item.disks, item.allowed_operations) == ("", "", (), frozenset())
    assert not item.is_hyper_v_to_azure


@pytest.mark.parametrize("fabric", ["SingleHostHyperVFabric", "VMM"])
@pytest.mark.parametrize("disks", [[], [{"diskId": f"{bodies.VM_ID}_0", "vhdId": "vhd", "maxSizeMB": "20480"}]])
def test_what_a_plan_of_waves_reads_is_kept(fabric: str, disks: list[bodies.Body]) -> None:
    body = bodies.item(primaryFabricProvider=fabric, details={"azureVmDiskDetails": disks})
    brief = identity_and_disks(as_result(body))
    whole, kept = parse_item(body), parse_item(as_document(brief))
    for name in ("id", "name", "friendly_name", "hypervisor_vm_id", "disks", "fabric_name"):
        assert getattr(kept, name) == getattr(whole, name), name
    assert len(str(brief)) < len(str(body))

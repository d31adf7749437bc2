# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain reads of Resource Manager and of compute: absence is 404 and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.core import ARMPipelineClient
from support.web import Answer, Web

from ansible_collections.asr.failback.plugins.module_utils.azure.compute import Compute
from ansible_collections.asr.failback.plugins.module_utils.azure.resources import Resources
from ansible_collections.asr.failback.plugins.module_utils.model.azure_resources import AzureNic
from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    AuthenticationError,
    FailbackError,
    NotFound,
    PermissionDenied,
    ServiceError,
    Unreachable,
)

VAULT_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v"

GROUP = "/subscriptions/s/resourceGroups/rg-azure/providers"
VM, NIC = f"{GROUP}/Microsoft.Compute/virtualMachines/web01", f"{GROUP}/Microsoft.Network/networkInterfaces/nic-1"
DISK = f"{GROUP}/Microsoft.Compute/disks/disk-1"
ABSENT = Answer(404, {"error": {"code": "ResourceNotFound", "message": "No."}})
TROUBLE = [
    (Answer(401, {"error": {"code": "InvalidAuthenticationToken", "message": "No."}}), AuthenticationError),
    (Answer(403, {"error": {"code": "AuthorizationFailed", "message": "No."}}), PermissionDenied),
    (Answer(500, {}), ServiceError),
    (Answer(200, "<html>"), Unreachable),
    *((Answer(200, body), Unreachable) for body in (None, [], '"words"', 5)),
    (Answer(404, {"error": {"code": "SubscriptionNotFound", "message": "Which?"}}), NotFound),
]
READS: list[Callable[[Resources, Compute], Any]] = [
    lambda resources, _compute: resources.find(NIC, "2024-05-01"),
    lambda resources, _compute: resources.vault(VAULT_ID),
    lambda resources, _compute: resources.locks(VM),
    lambda resources, _compute: resources.permissions(VAULT_ID),
    lambda _resources, compute: compute.find_vm(VM),
    lambda _resources, compute: compute.disk_exists(DISK),
    lambda _resources, compute: compute.find_nic(NIC),
]


@pytest.fixture
def azure(web: Callable[..., Web], client: Any) -> Callable[..., tuple[Resources, Compute, Web]]:
    """Resources and compute of a server that gives these answers, and the server: `azure(answer, ...)`."""

    def make(*answers: Answer) -> tuple[Resources, Compute, Web]:
        server = web(*answers)
        options: dict[str, Any] = {"policies": client.policies, "transport": client.transport}
        resources = Resources(ARMPipelineClient(base_url=server.url, **options))
        # The policies have a credential of their own.

        def of(subscription: str) -> ComputeManagementClient:
            scopes = ["s"]
            return ComputeManagementClient(
                object(), subscription, base_url=server.url, credential_scopes=scopes, **options
            )

        return resources, Compute(of, resources), server

    return make


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(("answer", "failure"), TROUBLE, ids=str)
def test_trouble_is_never_taken_for_absence(
    read: Callable[[Resources, Compute], Any], answer: Answer, failure: type[FailbackError], azure: Any
) -> None:
    resources, compute, _server = azure(answer)
    with pytest.raises(failure):
        read(resources, compute)


def test_what_is_absent_is_none(azure: Any) -> None:
    resources, compute, _server = azure(ABSENT)
    assert resources.find(NIC, "2024-05-01") is None
    assert compute.find_vm(VM) is None
    assert compute.disk_exists(DISK) is False
    assert compute.find_nic(NIC) is None


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": {}}, {"value": [None]}, {"value": ["x"]}], ids=str)
def test_no_list_is_never_taken_for_an_empty_one(body: Any, azure: Any) -> None:
    resources, _compute, _server = azure(Answer(200, body))
    with pytest.raises(Unreachable, match="could not be understood"):
        resources.locks(VM)
    with pytest.raises(Unreachable, match="could not be understood"):
        resources.permissions(VAULT_ID)


def test_a_resource_is_looked_for_in_the_subscription_of_its_id(azure: Any) -> None:
    _resources, compute, server = azure(ABSENT)
    for subscription in ("s", "other", "s"):
        compute.find_vm(VM.replace("/s/", f"/{subscription}/"))
        compute.disk_exists(DISK.replace("/s/", f"/{subscription.upper()}/"))
    seen = [path.split("/")[2] for _method, path in server.asked]
    assert seen == ["s", "S", "other", "OTHER", "s", "S"]


def test_a_vault_must_exist(azure: Any) -> None:
    resources, _compute, _server = azure(ABSENT)
    with pytest.raises(ServiceError, match="404"):
        resources.vault(VAULT_ID)


def test_lists_are_read_to_their_last_page(azure: Any) -> None:
    resources, _compute, server = azure()
    lock = {"id": "/lock", "name": "keep", "properties": {"level": "ReadOnly"}}
    pages = [{"value": [lock], "nextLink": f"{server.url}/next?page=2"}, {"value": [lock]}]
    server.answer(*(Answer(200, page) for page in pages))
    assert [found.name for found in resources.locks(VM)] == ["keep", "keep"]
    assert [path.split("?")[0] for _method, path in server.asked] == [
        f"{VM}/providers/Microsoft.Authorization/locks",
        "/next",
    ]


def vm_body(**properties: Any) -> dict[str, Any]:
    """A VM as Azure Resource Manager sends it with its instance view; `properties` replace its own."""
    times = {"time": "2026-10-02T08:00:00Z"}
    return {
        "id": VM,
        "name": "web01",
        "location": "westeurope",
        "properties": {
            "provisioningState": "Succeeded",
            "storageProfile": {
                "osDisk": {"name": "os", "managedDisk": {"id": DISK}},
                "dataDisks": [{"lun": 0, "name": "old", "vhd": {"uri": "https://blobs.example/old.vhd"}}],
            },
            "networkProfile": {"networkInterfaces": [{"id": NIC}]},
            "instanceView": {
                "statuses": [{"code": "ProvisioningState/succeeded", **times}, {"code": "PowerState/deallocated"}]
            },
            **properties,
        },
    }


def test_all_of_a_vm_is_read_whatever_the_sdk_makes_of_it(azure: Any) -> None:
    _resources, compute, server = azure(Answer(200, vm_body()))
    machine = compute.find_vm(VM)
    assert (machine.id, machine.name, machine.power) == (VM, "web01", "deallocated")
    assert (machine.disk_ids, machine.nic_ids) == ((DISK,), (NIC,))
    assert machine.blob_uris == ("https://blobs.example/old.vhd",)
    assert machine.operated_at == datetime(2026, 10, 2, 8, tzinfo=timezone.utc)
    assert "$expand=instanceView" in server.asked[0][1].replace("%24", "$")


@pytest.mark.parametrize(
    ("properties", "missing"),
    [
        ({"instanceView": None}, r"properties\.instanceView\.statuses"),
        ({"instanceView": {}}, r"properties\.instanceView\.statuses"),
        ({"instanceView": {"statuses": []}}, r"properties\.instanceView\.statuses"),
        ({"storageProfile": None}, r"properties\.storageProfile\.osDisk"),
        ({"storageProfile": {"dataDisks": []}}, r"properties\.storageProfile\.osDisk"),
        ({"networkProfile": {}}, r"properties\.networkProfile\.networkInterfaces"),
    ],
)
def test_a_vm_without_what_each_has_is_an_error_that_names_it(azure: Any, properties: Any, missing: str) -> None:
    _resources, compute, _server = azure(Answer(200, vm_body(**properties)))
    with pytest.raises(Unreachable, match=f"web01 .*{missing}"):
        compute.find_vm(VM)


def test_the_public_addresses_of_an_interface_are_found(azure: Any) -> None:
    configurations = [{"properties": {"publicIPAddress": {"id": "/ip-1"}}}, {"properties": {"publicIPAddress": None}}]
    _resources, compute, _server = azure(Answer(200, {"id": NIC, "properties": {"ipConfigurations": configurations}}))
    assert compute.find_nic(NIC) == AzureNic("", ("/ip-1",))


@pytest.mark.parametrize("read", READS[2:4])
def test_no_token_goes_to_another_origin(read: Callable[[Resources, Compute], Any], azure: Any, web: Any) -> None:
    other = web(Answer(200, {"value": []}))
    resources, compute, server = azure(Answer(200, {"value": [], "nextLink": f"{other.url}/more"}))
    with pytest.raises(Unreachable, match="nextLink"):
        read(resources, compute)
    assert (len(server.asked), other.asked) == (1, [])

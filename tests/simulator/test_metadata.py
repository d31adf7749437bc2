# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What clients of a private cloud read first, and what ARM says about things that do not exist."""

from __future__ import annotations

import pytest

OTHER = "bbbbbbbb-0000-4000-8000-000000000002"


@pytest.fixture(scope="module")
def simulator(simulate):
    return simulate({"name": "metadata", "principals": [{"name": "operator"}, {"name": "nobody", "roles": []}]})


@pytest.fixture(scope="module")
def operator(simulator, caller):
    return caller(simulator)


def test_the_old_form_of_the_metadata_is_a_list(simulator, stranger):
    (cloud,) = stranger(simulator).get("/metadata/endpoints", "2019-05-01").json()
    assert cloud["resourceManager"] == simulator.connection["resource_manager"]


def test_the_new_form_of_the_metadata_is_one_object(simulator, stranger):
    cloud = stranger(simulator).get("/metadata/endpoints", "2022-09-01").json()
    assert cloud["authentication"]["loginEndpoint"] == simulator.connection["authority"]
    assert cloud["authentication"]["audiences"][0] == simulator.connection["resource_manager"]
    assert cloud["suffixes"] == {}


@pytest.mark.parametrize(
    ("version", "code"), [(None, "MissingApiVersionParameter"), ("1999-01-01", "InvalidApiVersionParameter")]
)
def test_metadata_of_no_known_version_is_refused(simulator, stranger, version, code):
    answer = stranger(simulator).get("/metadata/endpoints", version)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_the_base_url_is_the_one_that_the_caller_used(simulator, stranger):
    url = simulator.connection["resource_manager"].replace("127.0.0.1", "localhost")
    cloud = stranger(simulator).get(f"{url}/metadata/endpoints", "2022-09-01").json()
    assert cloud["resourceManager"] == url


def test_a_subscription_shows_its_tenant(simulator, operator):
    (listed,) = operator.get("/subscriptions").json()["value"]
    assert listed == operator.get(operator.subscription.upper()).json()
    assert (listed["tenantId"], listed["state"]) == (simulator.connection["tenant_id"], "Enabled")


def test_a_caller_without_roles_sees_no_subscription(simulator, caller):
    nobody = caller(simulator, "nobody")
    assert nobody.get("/subscriptions").json()["value"] == []
    assert nobody.get(nobody.subscription).json()["error"]["code"] == "SubscriptionNotFound"


def test_the_tenant_is_listed(simulator, operator):
    assert operator.get("/tenants").json()["value"][0]["tenantId"] == simulator.connection["tenant_id"]


def test_resource_groups_are_read_without_regard_to_case(operator):
    group = operator.get(operator.group.lower()).json()
    assert group["id"] == operator.group
    assert group in operator.get(f"{operator.subscription}/resourcegroups").json()["value"]


def test_the_vault_is_listed_everywhere_and_read(operator):
    vault = operator.get(operator.vault, "2025-02-01").json()
    assert vault["properties"]["provisioningState"] == "Succeeded"
    for scope in (operator.subscription, operator.group):
        answer = operator.get(f"{scope}/providers/Microsoft.RecoveryServices/vaults", "2025-02-01")
        assert answer.json()["value"] == [vault]


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        (f"/subscriptions/{OTHER}/resourceGroups/x", "SubscriptionNotFound", f"'{OTHER}' could not be found."),
        ("{subscription}/resourceGroups/gone", "ResourceGroupNotFound", "Resource group 'gone' could not be found."),
        (
            "{group}/providers/Microsoft.RecoveryServices/vaults/gone",
            "ResourceNotFound",
            "The Resource 'Microsoft.RecoveryServices/vaults/gone' under resource group '{name}' was not found. "
            "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        ),
        (
            "{group}/providers/Microsoft.Compute/virtualMachines/gone",
            "ResourceNotFound",
            "The Resource 'Microsoft.Compute/virtualMachines/gone' under resource group '{name}' was not found.",
        ),
    ],
)
def test_what_does_not_exist_is_named(operator, path, code, message):
    name = operator.connection["resource_group"]
    answer = operator.get(path.format(subscription=operator.subscription, group=operator.group))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)
    assert message.format(name=name) in answer.json()["error"]["message"]


def test_a_call_without_api_version_is_refused(operator):
    answer = operator.get("/subscriptions", None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "MissingApiVersionParameter")


def test_an_api_version_that_the_provider_does_not_have_is_refused(operator):
    answer = operator.get(f"{operator.subscription}/providers/Microsoft.Authorization/locks", "1999-01-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "NoRegisteredProviderFound")
    assert "2020-05-01" in answer.json()["error"]["message"]


def test_providers_are_registered_with_their_types(operator):
    provider = operator.get(f"{operator.subscription}/providers/microsoft.compute").json()
    assert provider["registrationState"] == "Registered"
    assert "virtualMachines" in {kind["resourceType"] for kind in provider["resourceTypes"]}
    assert provider in operator.get(f"{operator.subscription}/providers").json()["value"]


def test_an_unknown_provider_is_refused(operator):
    answer = operator.get(f"{operator.subscription}/providers/Contoso.Nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "InvalidResourceNamespace")


def test_the_region_is_listed(operator):
    assert operator.get(f"{operator.subscription}/locations").json()["value"][0]["name"] == "westeurope"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "{group}/providers/Microsoft.Network/virtualNetworks/vnet"),
        ("GET", "{group}/providers/Microsoft.Storage/storageAccounts"),
        ("DELETE", "{group}/providers/Microsoft.Compute/virtualMachines/web01"),
        ("PUT", "{group}"),
        ("GET", "/providers/Microsoft.Management/managementGroups"),
    ],
)
def test_what_azure_has_and_the_simulator_has_not_is_no_404(operator, method, path):
    answer = operator.call(method, path.format(group=operator.group))
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")
    assert method in answer.json()["error"]["message"]


def test_what_nobody_has_is_not_found(simulator, stranger):
    answer = stranger(simulator).get("/favicon.ico", None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")


def test_resources_are_listed_and_filtered(operator):
    everything = operator.get(f"{operator.subscription}/resources").json()["value"]
    assert [resource["id"] for resource in everything] == [operator.vault]
    assert operator.get(f"{operator.group}/resources").json()["value"] == everything
    wanted = {"$filter": "resourceType eq 'Microsoft.RecoveryServices/Vaults' and name eq 'vault-failback'"}
    assert operator.get(f"{operator.subscription}/resources", params=wanted).json()["value"] == everything
    wanted = {"$filter": "resourceType eq 'Microsoft.Compute/disks'"}
    assert operator.get(f"{operator.subscription}/resources", params=wanted).json()["value"] == []


def test_a_filter_that_is_not_understood_is_refused(operator):
    answer = operator.get(f"{operator.subscription}/resources", params={"$filter": "tagName eq 'x'"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidFilterInQueryString")


def test_the_existence_of_a_group_is_told_without_a_body(operator):
    assert operator.call("HEAD", operator.group).status_code == 204
    absent = operator.call("HEAD", f"{operator.subscription}/resourceGroups/gone")
    assert (absent.status_code, absent.content) == (404, b"")
    # The connection is still in step.
    assert operator.get(operator.group).json()["id"] == operator.group

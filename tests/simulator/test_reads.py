# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads: lists, pages, filters, single resources, and what does not exist."""

from __future__ import annotations

import pytest

from asr_simulator.site_recovery.api.routes import READS, WRITES
from asr_simulator.site_recovery.api.unmodeled import UNMODELED


@pytest.fixture(scope="module")
def fleet(simulate, caller):
    simulator = simulate("fleet")
    return Vault(caller(simulator), simulator)


class Vault:
    def __init__(self, caller, simulator):
        self.caller, self.simulator = caller, simulator

    def get(self, path, version="2025-08-01", **query):
        return self.caller.get(
            path if path.startswith("http") else f"{self.caller.vault}/{path}", version, params=query
        )

    def values(self, path, **query):
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]


def test_given_a_vault_when_enumerated_then_every_item_is_found_below_its_container(fleet):
    found = []
    for fabric in fleet.values("replicationFabrics"):
        for container in fleet.values(f"replicationFabrics/{fabric['name']}/replicationProtectionContainers"):
            path = container["id"].split("/vaults/")[1].split("/", 1)[1]
            items = fleet.values(f"{path}/replicationProtectedItems")
            assert len(items) == container["properties"]["protectedItemCount"]
            found += [item["name"] for item in items]
    assert sorted(found) == sorted(item["name"] for item in fleet.simulator.state()["items"])
    assert len(found) == 24


def test_given_fabrics_when_listed_then_sites_keep_their_name_and_vmm_has_64_hex_digits(fleet):
    fabrics = {fabric["properties"]["friendlyName"]: fabric for fabric in fleet.values("replicationFabrics")}
    assert fabrics["site-rotterdam"]["name"] == "site-rotterdam"
    hosts = fabrics["site-rotterdam"]["properties"]["customDetails"]["hyperVHosts"]
    assert [host["name"] for host in hosts] == ["hv-rtm-01.contoso.example", "hv-rtm-02.contoso.example"]
    vmm = fabrics["vmm01.contoso.example"]
    assert len(vmm["name"]) == 64
    assert vmm["properties"]["customDetails"] == {"instanceType": "VMM"}


def test_given_providers_when_listed_then_one_each_host_with_its_connection(fleet, caller):
    here = fleet.values("replicationFabrics/site-utrecht/replicationRecoveryServicesProviders")
    states = {found["properties"]["friendlyName"]: found["properties"]["connectionStatus"] for found in here}
    assert states == {
        "hv-utr-01.contoso.example": "Connected",
        "hv-utr-02.contoso.example": "NotConnected",
        "hv-utr-03.contoso.example": "Connected",
    }


def test_given_a_stale_heartbeat_when_the_provider_is_refreshed_then_it_is_fresh(desk, vault_of):
    scenario = vault_of({"name": "web01"})
    scenario["fabrics"][0]["hosts"][0]["heartbeat_age"] = 7200
    counter = desk(scenario)
    provider = counter.item("web01")["recoveryServicesProviderId"]
    before = counter.read(provider)["properties"]["lastHeartBeat"]
    job = counter.post(f"{provider}/refreshProvider").headers["x-ms-request-id"].rsplit("/", 1)[1]
    assert counter.until(job, "Succeeded", "Failed")["scenarioName"] == "RefreshFabricLayout"
    assert counter.read(provider)["properties"]["lastHeartBeat"] > before


def test_given_a_lost_provider_when_refreshed_then_its_heartbeat_stays(desk):
    counter = desk("fleet")
    provider = counter.item("lab-archive")["recoveryServicesProviderId"]
    before = counter.read(provider)["properties"]
    counter.post(f"{provider}/refreshProvider")
    counter.pass_time(600)
    after = counter.read(provider)["properties"]
    assert (after["connectionStatus"], after["lastHeartBeat"]) == ("NotConnected", before["lastHeartBeat"])


def test_given_jobs_when_listed_then_newest_first_without_tasks(fleet):
    jobs = fleet.values("replicationJobs")
    starts = [job["properties"]["startTime"] for job in jobs]
    assert starts == sorted(starts, reverse=True)
    assert {(str(p["tasks"]), p["customDetails"], p["activityId"]) for p in (job["properties"] for job in jobs)} == {
        ("[]", None, None)
    }
    asked = next(job["name"] for job in jobs if job["properties"]["scenarioName"] == "PlannedFailover")
    whole = fleet.get(f"replicationJobs/{asked}").json()["properties"]
    assert whole["tasks"]
    assert whole["activityId"].startswith("portal ActivityId: ")


def test_given_filters_when_jobs_are_listed_then_as_recorded(fleet):
    cancelled = fleet.values("replicationJobs", **{"$filter": "( JobStatus eq 'Cancelled' )"})
    assert [job["properties"]["targetObjectName"] for job in cancelled] == ["batch01"]
    both = fleet.values("replicationJobs", **{"$filter": "( JobStatus eq 'Cancelled' or JobStatus eq 'Succeeded' )"})
    assert len(both) == len(fleet.values("replicationJobs"))
    start = cancelled[0]["properties"]["startTime"]
    window = f"StartTime eq '{start}' and EndTime eq '2999-01-01T00:00:00.0000000Z'"
    since = fleet.values("replicationJobs", **{"$filter": window})
    assert cancelled[0]["name"] in {job["name"] for job in since}
    assert all(job["properties"]["startTime"] >= start for job in since)
    assert len(since) < len(both)


@pytest.mark.parametrize("text", ["JobStatus ne 'Failed'", "Colour eq 'red'", "StartTime eq 'yesterday'"])
def test_given_an_unreadable_filter_when_jobs_are_listed_then_refused(fleet, text):
    assert fleet.get("replicationJobs", **{"$filter": text}).status_code == 400


@pytest.mark.parametrize("path", ["replicationProtectedItems", "replicationJobs"])
def test_given_small_pages_when_followed_then_everything_once(desk, vault_of, path):
    items = [{"name": f"vm{number}"} for number in range(5)]
    counter = desk(vault_of(*items, variants={"page_size": 2}))
    names, url = [], path
    sizes = []
    while url:
        body = (counter.get(url) if url == path else counter.caller.get(url, None)).json()
        names += [value["name"] for value in body["value"]]
        sizes.append(len(body["value"]))
        url = body["nextLink"]
    assert len(names) == len(set(names))
    assert set(sizes[:-1]) == {2}
    assert counter.get(path, skipToken="elsewhere").status_code == 400


def test_given_a_plan_filter_when_items_are_listed_then_its_members(fleet):
    items = fleet.values("replicationProtectedItems", **{"$filter": "RecoveryPlanName eq 'plan-finance'"})
    assert {item["name"] for item in items} == {
        "dc-finance",
        "sql-finance",
        "app-finance",
        "rpt-finance",
        "web-finance",
    }


def test_given_ended_and_waiting_jobs_when_events_are_listed_then_they_tell(desk):
    counter = desk("every_stage")
    events = counter.read("replicationEvents")["value"]
    waiting = [event for event in events if event["properties"]["eventSpecificDetails"]["jobStatus"] == "Suspended"]
    assert waiting[0]["properties"]["severity"] == "Warning"
    assert waiting[0]["properties"]["description"] == "PlannedFailover - WaitingForUserInputAfterDataSync"
    assert counter.read(waiting[0]["id"])["name"] == waiting[0]["name"]
    critical = counter.read("replicationEvents", **{"$filter": "( Severity eq 'Critical' )"})["value"]
    assert critical == []


def test_given_jobs_that_end_well_when_events_are_listed_then_they_are_silent(desk, vault_of, failback, to_azure):
    counter = desk(vault_of({"name": "web01"}, {"name": "web02", "stage": "protected"}))
    assert counter.do("web02", "reProtect", to_azure)["state"] == "Failed"
    assert counter.do("web01", "plannedFailover", failback("ForSynchronization"))["state"] == "Succeeded"
    (event,) = counter.read("replicationEvents")["value"]
    assert event["properties"]["eventCode"] == "SRSJobStatus"
    assert event["properties"]["providerSpecificDetails"] is None
    details = event["properties"]["eventSpecificDetails"]
    assert (details["jobStatus"], details["affectedObjectType"]) == ("Failed", "Vm")


def test_given_a_provider_that_is_not_heard_when_its_fabric_is_read_then_normal_with_an_error(desk, vault_of):
    site = {
        "name": "site1",
        "type": "HyperVSite",
        "hosts": [{"name": "hv01", "connected": False, "heartbeat_age": 40000}],
    }
    vmm = {"name": "vmm01", "type": "VMM", "clouds": [{"name": "c"}], "connected": False, "heartbeat_age": 40000}
    counter = desk(vault_of({"name": "web01"}, {"name": "erp01", "cloud": "c"}, fabrics=[site, vmm]))
    codes = {}
    for fabric in counter.read("replicationFabrics")["value"]:
        properties = fabric["properties"]
        assert properties["health"] == "Normal"
        (error,) = properties["healthErrorDetails"]
        assert (error["errorLevel"], error["errorMessage"]) == (
            "Error",
            "Recovery Services Provider heartbeat missing.",
        )
        codes[properties["customDetails"]["instanceType"]] = error["errorCode"]
    assert codes == {"HyperVSite": "708", "VMM": "604"}


def test_given_jobs_of_items_when_read_then_their_details_are_of_their_kind(desk, vault_of, failback, to_azure):
    counter = desk(
        vault_of({"name": "web01"}, {"name": "web02", "stage": "protected"}, {"name": "web03", "stage": "failed_back"})
    )
    moved = counter.do("web01", "plannedFailover", failback("ForSynchronization"))["customDetails"]
    assert (moved["instanceType"], moved["protectedItemDetails"]) == ("FailoverJobDetails", [])
    assert moved["affectedObjectDetails"]["primaryFabricProviderId"] == "Azure"
    tested = counter.do("web02", "testFailover", to_azure)["customDetails"]
    assert (tested["instanceType"], tested["protectedItemDetails"]) == ("TestFailoverJobDetails", [])
    assert counter.do("web03", "reProtect", to_azure)["customDetails"]["instanceType"] == "AsrJobDetails"


def test_given_a_vmm_server_when_read_then_with_its_certificate_and_identity(desk, vault_of):
    counter = desk(vault_of({"name": "erp01", "cloud": "cloud1"}))
    fabric = next(
        one
        for one in counter.read("replicationFabrics")["value"]
        if one["properties"]["customDetails"]["instanceType"] == "VMM"
    )
    details = fabric["properties"]["encryptionDetails"]
    assert len(details["kekCertThumbprint"]) == 40
    assert details["kekCertExpiryDate"] > "2026"
    (provider,) = counter.read(f"{fabric['id']}/replicationRecoveryServicesProviders")["value"]
    assert "identityDetails" in provider["properties"]


def test_given_a_lost_host_when_health_is_read_and_refreshed_then_an_issue_and_a_job(desk, vault_of):
    owner = {"principals": [{"name": "owner", "roles": ["Owner"]}]}
    scenario = vault_of({"name": "web01", "replication_health": "Critical"}, **owner)
    scenario["fabrics"][0]["hosts"][1]["connected"] = False
    counter = desk(scenario)
    health = counter.read("replicationVaultHealth")["properties"]
    assert health["protectedItemsHealth"]["issues"][0]["affectedResourceCorrelationIds"]
    assert health["fabricsHealth"]["issues"][0]["summaryMessage"] == "Server is not connected"
    assert health["protectedItemsHealth"]["categorizedResourceCounts"] == {"Critical": 1}
    answer = counter.post("replicationVaultHealth/default/refresh")
    job = answer.headers["x-ms-request-id"].rsplit("/", 1)[1]
    assert counter.until(job, "Succeeded")["scenarioName"] == "RefreshVaultHealth"


def test_given_the_built_in_roles_when_vault_wide_lists_are_read_then_forbidden_as_their_definitions_say(
    desk, vault_of
):
    counter = desk(vault_of({"name": "web01"}, principals=[{"name": "op", "roles": ["Site Recovery Operator"]}]))
    lists = ("replicationProtectedItems", "replicationRecoveryServicesProviders", "replicationVaultHealth")
    assert [counter.get(path).status_code for path in lists] == [403, 403, 403]
    assert counter.get("replicationOperationStatus/x").status_code == 403
    assert counter.get("replicationFabrics").status_code == 200


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("replicationFabrics/nowhere", "FabricArmEntityMissing"),
        ("replicationFabrics/nowhere/replicationProtectionContainers", "FabricArmEntityMissing"),
        ("replicationFabrics/site-utrecht/replicationProtectionContainers/cloud_x", "ArmResourceDoesNotExist"),
        ("replicationFabrics/site-utrecht/replicationRecoveryServicesProviders/x", "ArmResourceDoesNotExist"),
        ("replicationRecoveryPlans/plan-nobody", "ArmResourceDoesNotExist"),
        ("replicationJobs/nothing", "ArmResourceDoesNotExist"),
        ("replicationEvents/nothing", "ArmResourceDoesNotExist"),
        ("replicationPolicies/nothing", "ArmResourceDoesNotExist"),
        ("replicationOperationStatus/nothing", "ArmResourceDoesNotExist"),
    ],
)
def test_given_an_unknown_name_when_read_then_404_as_recorded(fleet, path, code):
    answer = fleet.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NotFound"
    assert answer.json()["error"]["details"][0]["code"] == code


def test_given_any_case_when_read_then_the_same(fleet):
    path = fleet.simulator.state()["items"][0]["id"]
    manager = fleet.simulator.connection["resource_manager"]
    assert fleet.get(manager + path.upper()).json()["name"] == fleet.get(manager + path).json()["name"]


def test_given_another_vault_when_read_then_404_of_arm(fleet):
    path = f"{fleet.caller.group}/providers/Microsoft.RecoveryServices/vaults/other/replicationFabrics"
    answer = fleet.caller.get(path, "2025-08-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("version", "code"), [(None, "MissingApiVersionParameter"), ("2019-13-01", "NoRegisteredProviderFound")]
)
def test_given_a_wrong_version_when_read_then_refused(fleet, version, code):
    answer = fleet.get("replicationFabrics", version)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("version", "segment"), [("2016-08-10", "replicationJobs"), ("2022-08-01", "replicationOperationStatus")]
)
def test_given_old_and_new_versions_when_an_operation_starts_then_where_its_status_is(desk, vault_of, version, segment):
    counter = desk(vault_of({"name": "web01", "stage": "failback_commit_pending"}))
    answer = counter.caller.call("POST", f"{counter.path('web01')}/failoverCommit", version)
    assert answer.content == b""
    assert f"/{segment}/" in answer.headers["Azure-AsyncOperation"]
    assert "/operationresults/" in answer.headers["Location"]
    running = counter.caller.get(answer.headers["Location"], None)
    assert running.status_code == 202
    counter.pass_time(300)
    assert counter.caller.get(answer.headers["Location"], None).json()["name"] == "web01"
    assert counter.caller.get(answer.headers["Azure-AsyncOperation"], None).status_code == 200


def test_given_known_but_unmodeled_calls_when_made_then_501_naming_the_call(fleet):
    values = {
        "fabric": "f",
        "container": "c",
        "item": "i",
        "plan": "p",
        "provider": "v",
        "policy": "y",
        "point": "t",
        "mapping": "m",
    }
    for method, template in UNMODELED:
        answer = fleet.caller.call(method, f"{fleet.caller.vault}/{template.format(**values)}", "2025-08-01")
        assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented"), (method, template)
        assert method in answer.json()["error"]["message"]


def test_given_a_path_that_nobody_knows_when_called_then_501_for_404_would_say_that_it_does_not_exist(fleet):
    assert fleet.get("replicationDreams").status_code == 501


def test_given_the_table_of_routes_when_compared_then_no_operation_is_modeled_and_refused():
    modeled = {("GET", template) for template in READS} | {("POST", template) for template in WRITES}
    assert not modeled & set(UNMODELED)


def test_given_networks_policies_and_machines_when_listed_then_those_of_the_estate(desk):
    counter = desk("fleet")
    vmm = next(f["name"] for f in counter.read("replicationFabrics")["value"] if len(f["name"]) == 64)
    for kind in ("replicationNetworks", "replicationLogicalNetworks"):
        found = counter.read(f"replicationFabrics/{vmm}/{kind}")["value"]
        assert counter.read(found[0]["id"])["name"] == found[0]["name"]
        assert counter.read(f"replicationFabrics/site-utrecht/{kind}")["value"] == []
    for policy in counter.read("replicationPolicies")["value"]:
        assert counter.read(policy["id"])["id"] == policy["id"]
    machine = counter.item("web01")["protectableItemId"]
    assert counter.read(machine)["properties"]["replicationProtectedItemId"] == counter.path("web01")
    containers = machine.rsplit("/", 1)[0]
    assert len(counter.read(containers)["value"]) == 11
    assert {usage["name"]["value"] for usage in counter.read("usages")["value"]} >= {"SuspendedJob", "FailedJob"}

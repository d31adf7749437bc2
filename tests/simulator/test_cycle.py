# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of a virtual machine from Azure to on-premises and back under protection, over the wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient, models

TO_PREMISES = "RecoveryToPrimary"


@pytest.fixture
def client(monkeypatch):
    """Makes SDK clients of a desk's vault, with the vault's place as first arguments."""

    def made(desk):
        connection = desk.simulator.connection
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", connection["ca_bundle"])
        credential = ClientSecretCredential(
            connection["tenant_id"],
            connection["client_id"],
            connection["client_secret"],
            authority=connection["authority"],
            disable_instance_discovery=True,
        )
        manager = connection["resource_manager"]
        sdk = SiteRecoveryManagementClient(
            credential, connection["subscription_id"], base_url=manager, credential_scopes=[f"{manager}/.default"]
        )
        return sdk, (connection["resource_group"], connection["vault_name"])

    return made


def first_item(sdk, place):
    for fabric in sdk.replication_fabrics.list(*place):
        for container in sdk.replication_protection_containers.list_by_replication_fabrics(*place, fabric.name):
            items = sdk.replication_protected_items.list_by_replication_protection_containers(
                *place, fabric.name, container.name
            )
            for item in items:
                return fabric.name, container.name, item.name
    raise AssertionError("the vault has no item")


def sdk_failback(data_sync: str) -> models.PlannedFailoverInput:
    details = models.HyperVReplicaAzureFailbackProviderInput(
        data_sync_option=data_sync, recovery_vm_creation_option="NoAction"
    )
    properties = models.PlannedFailoverInputProperties(
        failover_direction=TO_PREMISES, provider_specific_details=details
    )
    return models.PlannedFailoverInput(properties=properties)


def test_given_a_committed_failover_when_brought_back_with_the_sdk_then_protected_after_four_writes(desk, client):
    counter = desk("one_vm")
    sdk, place = client(counter)
    item = first_item(sdk, place)
    items = sdk.replication_protected_items

    items.begin_planned_failover(*place, *item, sdk_failback("ForDownTime"), polling=False)
    job = items.get(*place, *item).properties.current_scenario.job_id.rsplit("/", 1)[1]
    waiting = counter.until(job, "Suspended")
    assert waiting["stateDescription"] == "WaitingForUserInputAfterDataSync"
    assert waiting["allowedActions"] == ["Cancel", "Resume"]
    assert counter.truth("web01")["azure_vm"]["power"] == "running"
    sdk.replication_jobs.begin_resume(
        *place, job, models.ResumeJobParams(properties=models.ResumeJobParamsProperties(comments=" ")), polling=False
    )
    counter.until(job, "Succeeded")
    assert counter.truth("web01")["azure_vm"]["power"] == "deallocated"
    assert counter.truth("web01")["on_premises_vm"] == {
        "exists": True,
        "power": "running",
        "disks": "consistent",
        "host": "hv01.contoso.example",
    }

    items.begin_failover_commit(*place, *item, polling=False)
    counter.pass_time(300)
    assert items.get(*place, *item).properties.protection_state == "RestoreFinalized"
    assert counter.truth("web01")["azure_vm"]["exists"] is False

    reverse = models.ReverseReplicationInputProperties(
        failover_direction="PrimaryToRecovery", provider_specific_details=models.HyperVReplicaAzureReprotectInput()
    )
    items.begin_reprotect(*place, *item, models.ReverseReplicationInput(properties=reverse), polling=False)
    counter.pass_time(300)
    back = items.get(*place, *item).properties
    assert back.protection_state == "Protected"
    assert "PlannedFailover" in back.allowed_operations
    writes = [entry["path"].rsplit("/", 1)[1] for entry in counter.simulator.journal.entries(writes=True)]
    assert writes == ["plannedFailover", "resume", "failoverCommit", "reProtect"]


def test_given_the_sdk_poller_when_reverse_replication_ends_then_it_returns_the_item(desk, client):
    counter = desk("every_stage")
    sdk, place = client(counter)
    item = tuple(counter.path("vm-failed-back").split("/")[index] for index in (10, 12, 14))
    reverse = models.ReverseReplicationInputProperties(
        failover_direction="PrimaryToRecovery", provider_specific_details=models.HyperVReplicaAzureReprotectInput()
    )
    poller = sdk.replication_protected_items.begin_reprotect(
        *place, *item, models.ReverseReplicationInput(properties=reverse), polling_interval=0
    )
    counter.pass_time(300)
    assert poller.result(timeout=60).name == "vm-failed-back"


def test_given_an_unknown_item_when_read_with_the_sdk_then_the_recorded_error(desk, client):
    counter = desk("one_vm")
    sdk, place = client(counter)
    fabric, container, _unused = first_item(sdk, place)
    with pytest.raises(HttpResponseError) as caught:
        sdk.replication_protected_items.get(*place, fabric, container, "web99")
    assert caught.value.status_code == 404
    assert caught.value.error.details[0].code == "ArmResourceDoesNotExist"


@pytest.mark.parametrize("place", [{"host": "hv01"}, {"cloud": "cloud1"}])
def test_given_a_full_download_when_failed_back_then_nobody_is_asked_and_azure_is_off_at_once(
    desk, vault_of, failback, place
):
    counter = desk(vault_of({"name": "sql01", **place}))
    job = counter.begin("sql01", "plannedFailover", failback("ForSynchronization"))
    counter.pass_time(160)
    assert counter.truth("sql01")["azure_vm"]["power"] == "deallocated"
    ended = counter.until(job, "Succeeded", "Suspended", "Failed")
    assert ended["state"] == "Succeeded"
    states = {task["name"]: (task["state"], task["stateDescription"]) for task in ended["tasks"]}
    for name in ("InitiateDataSync", "MonitorDataSync", "WaitForUserInputForFailback"):
        assert states[name] == ("Other", "Skipped")
    children = ended["tasks"][-1]["groupTaskCustomDetails"]["childTasks"]
    assert [child["name"] for child in children] == [
        "AzureVmFailbackPrerequisitesCheck",
        "ShutdownVmOnAzure",
        "InitiateDataSync",
        "MonitorDataSync",
        "PrepareForFinalizeRestore",
        "StartVmOnPrimary",
    ]
    assert counter.truth("sql01")["stage"] == "failback_commit_pending"


def test_given_more_data_when_synchronized_then_it_takes_longer(desk, vault_of, failback):
    counter = desk(
        vault_of(
            {"name": "small", "disks": [{"name": "a", "gb": 40}], "changed_gb": 1},
            {"name": "large", "disks": [{"name": "b", "gb": 400}], "changed_gb": 100},
        )
    )
    jobs = {name: counter.begin(name, "plannedFailover", failback()) for name in ("small", "large")}
    counter.until(jobs["small"], "Suspended")
    assert counter.job(jobs["large"])["state"] == "InProgress"
    assert counter.truth("large")["on_premises_vm"]["disks"] == "inconsistent"


def test_given_a_new_job_when_read_at_once_then_not_started_without_scenario(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01"}))
    job = counter.begin("web01", "plannedFailover", failback())
    fresh = counter.job(job)
    assert (fresh["state"], fresh["scenarioName"], fresh["tasks"]) == ("NotStarted", None, [])
    assert counter.item("web01")["allowedOperations"] == []
    counter.pass_time(4)
    started = counter.job(job)
    assert (started["state"], started["scenarioName"]) == ("InProgress", "PlannedFailover")
    assert len(started["tasks"]) == 6


def test_given_the_service_when_data_is_synchronized_and_replication_starts_then_it_starts_jobs_of_its_own(
    desk, vault_of, failback, to_azure
):
    counter = desk(vault_of({"name": "web01"}))
    counter.do("web01", "plannedFailover", failback("ForSynchronization"))
    counter.do("web01", "failoverCommit")
    counter.do("web01", "reProtect", to_azure)
    counter.pass_time(300)
    scenarios = [job["scenario"] for job in counter.simulator.state()["jobs"]]
    assert scenarios[:5] == [
        "IrCompletion",
        "ReprotectReplicationGroup",
        "FinalizeFailback",
        "RestoreCompletion",
        "PlannedFailover",
    ]


def test_given_a_vanished_vm_when_created_on_another_host_then_it_runs_there(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01", "on_premises_vm": "missing"}))
    providers = counter.read("replicationFabrics/site1/replicationRecoveryServicesProviders")["value"]
    other = next(found["id"] for found in providers if found["properties"]["friendlyName"] == "hv02")
    properties = failback("ForSynchronization", "CreateVmIfNotFound", providerIdForAlternateRecovery=other)
    assert counter.do("web01", "plannedFailover", properties)["state"] == "Succeeded"
    assert counter.truth("web01")["on_premises_vm"] == {
        "exists": True,
        "power": "running",
        "disks": "consistent",
        "host": "hv02",
    }
    assert counter.item("web01")["recoveryServicesProviderId"] == other


def test_given_a_drill_when_failed_over_and_committed_then_it_can_be_brought_back(desk, vault_of, failback, to_azure):
    counter = desk(vault_of({"name": "web01", "stage": "protected"}))
    assert counter.do("web01", "plannedFailover", to_azure)["state"] == "Succeeded"
    pending = counter.item("web01")
    assert (pending["protectionState"], pending["activeLocation"]) == ("PlannedFailoverCommitRequired", "Recovery")
    assert pending["allowedOperations"] == ["CompleteMigration", "Commit", "DisableProtection", "ChangePit"]
    assert counter.truth("web01")["on_premises_vm"]["power"] == "off"
    committed = counter.do("web01", "failoverCommit")
    assert committed["scenarioName"] == "CommitFailover"
    assert "Failback" in counter.item("web01")["allowedOperations"]
    assert counter.do("web01", "plannedFailover", failback("ForSynchronization"))["state"] == "Succeeded"


def test_given_a_test_failover_when_cleaned_up_then_the_item_allows_what_it_did(desk, vault_of, to_azure):
    counter = desk(vault_of({"name": "web01", "stage": "protected"}))
    before = counter.item("web01")["allowedOperations"]
    network = {"networkType": "NoNetworkAttachAsInput", **to_azure}
    assert counter.do("web01", "testFailover", network)["state"] == "Succeeded"
    during = counter.item("web01")
    assert (during["testFailoverState"], during["allowedOperations"]) == (
        "WaitingForCompletion",
        ["TestFailoverCleanup"],
    )
    assert (during["protectionStateDescription"], during["currentScenario"]["scenarioName"]) == (
        "Protected",
        "TestFailover",
    )
    assert counter.do("web01", "testFailoverCleanup", {"comments": "done"})["state"] == "Succeeded"
    after = counter.item("web01")
    assert (after["testFailoverState"], after["allowedOperations"]) == ("MarkedForDeletion", before)
    assert after["testFailoverStateDescription"] == "Cleaning up test environment"
    assert after["currentScenario"]["scenarioName"] == "None"
    assert counter.do("web01", "plannedFailover", to_azure)["state"] == "Succeeded"
    assert counter.item("web01")["testFailoverState"] == "MarkedForDeletion"


def test_given_a_whole_cycle_when_traffic_is_recorded_then_each_exchange_is_there_without_secrets(
    desk, vault_of, failback, tmp_path: Path
):
    traffic = tmp_path / "traffic.jsonl"
    counter = desk(vault_of({"name": "web01"}), traffic=traffic)
    counter.do("web01", "plannedFailover", failback("ForSynchronization"))
    lines = [json.loads(line) for line in traffic.read_text().splitlines()]
    posts: list[dict[str, Any]] = [line for line in lines if line["path"].endswith("/plannedFailover")]
    assert posts[0]["request_body"]["properties"]["failoverDirection"] == TO_PREMISES
    assert posts[0]["response_headers"]["Retry-After"] == "30"
    assert counter.simulator.connection["client_secret"] not in traffic.read_text()
    assert "access_token" not in traffic.read_text()

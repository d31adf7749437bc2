# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Site Recovery refuses: at once, or in the job."""

from __future__ import annotations

import pytest

RESTART = ["Restart"]


def detail(answer):
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["code"] == "BadRequest"
    return error["details"][0]["code"]


def service_error(job):
    return job["errors"][0]["serviceErrorDetails"]


@pytest.mark.parametrize("name", ["vm-protected", "vm-failed-back", "vm-reversing", "vm-to-commit"])
def test_given_an_item_on_premises_when_failed_back_then_wrong_direction(desk, failback, name):
    counter = desk("every_stage")
    before = counter.truth(name)
    assert detail(counter.ask(name, "plannedFailover", failback())) == "InvalidFailoverDirection"
    assert counter.truth(name) == before


@pytest.mark.parametrize("operation", ["plannedFailover", "unplannedFailover", "testFailover"])
@pytest.mark.parametrize("name", ["vm-failed-over", "vm-uncommitted", "vm-waiting"])
def test_given_an_item_in_azure_when_failed_over_then_wrong_direction(desk, to_azure, name, operation):
    assert detail(desk("every_stage").ask(name, operation, to_azure)) == "InvalidFailoverDirection"


@pytest.mark.parametrize(
    ("operation", "status"), [("plannedFailover", 202), ("unplannedFailover", 400), ("testFailover", 400)]
)
def test_given_no_direction_when_failed_over_then_the_input_tells_it_of_a_planned_failover(
    desk, to_azure, operation, status
):
    counter = desk("every_stage")
    undirected = {name: value for name, value in to_azure.items() if name != "failoverDirection"}
    answer = counter.ask("vm-protected", operation, undirected)
    assert answer.status_code == status
    assert status == 202 or detail(answer) == "InvalidFailoverDirection"
    assert counter.ask("vm-failed-over", operation, undirected).status_code == 400


def test_given_any_item_when_reprotected_towards_on_premises_then_wrong_direction(desk, to_azure):
    counter = desk("every_stage")
    wrong = {**to_azure, "failoverDirection": "RecoveryToPrimary"}
    assert detail(counter.ask("vm-failed-back", "reProtect", wrong)) == "InvalidFailoverDirection"


@pytest.mark.parametrize(
    ("name", "operation", "direction", "code", "then"),
    [
        ("vm-uncommitted", "plannedFailover", "back", "25017", []),
        ("vm-failed-over", "failoverCommit", None, "25037", []),
        ("vm-protected", "failoverCommit", None, "25037", []),
        ("vm-failed-back", "failoverCommit", None, "25037", []),
        ("vm-uncommitted", "reProtect", "azure", "25038", RESTART),
        ("vm-to-commit", "reProtect", "azure", "25038", RESTART),
        ("vm-failed-over", "reProtect", "azure", "25038", RESTART),
        ("vm-failed-back", "plannedFailover", "azure", "25017", []),
        ("vm-tested", "plannedFailover", "azure", "25017", []),
    ],
)
def test_given_the_wrong_stage_when_asked_then_accepted_and_failed_in_the_job(
    desk, failback, to_azure, name, operation, direction, code, then
):
    counter = desk("every_stage")
    before = counter.truth(name)
    properties = {"back": failback(), "azure": to_azure, None: None}[direction]
    job = counter.do(name, operation, properties)
    assert (job["state"], service_error(job)["code"], job["allowedActions"]) == ("Failed", code, then)
    assert "Failed" in {task["state"] for task in job["tasks"]}
    assert counter.truth(name) == before


def test_given_a_failed_reprotect_when_read_then_its_error_is_as_recorded(desk, to_azure):
    job = desk("every_stage").do("vm-to-commit", "reProtect", to_azure)
    error = service_error(job)
    assert error["message"] == "The virtual machine 'vm-to-commit' isn't ready for reenabling protection."
    assert error["possibleCauses"] == "Check the Provider error for more information."
    assert job["errors"][0]["taskId"] == "CreateProtectionTargetTask"
    assert [task["stateDescription"] for task in job["tasks"]] == ["Failed", "Skipped", "Skipped"]


def test_given_a_failed_commit_when_read_then_its_second_task_never_started(desk):
    job = desk("every_stage").do("vm-failed-over", "failoverCommit")
    assert job["scenarioName"] == "FinalizeFailback"
    assert [task["state"] for task in job["tasks"]] == ["Failed", "NotStarted"]


@pytest.mark.parametrize("name", ["vm-busy", "vm-waiting", "vm-synchronizing"])
def test_given_a_busy_item_when_asked_then_accepted_and_failed_after_200_seconds(desk, failback, name):
    counter = desk("every_stage")
    owner = counter.item(name)["currentScenario"]["jobId"]
    job = counter.begin(name, "plannedFailover", failback())
    assert counter.item(name)["currentScenario"]["jobId"] == owner
    counter.pass_time(180)
    assert counter.job(job)["state"] == "InProgress"
    counter.pass_time(30)
    failed = counter.job(job)
    assert (failed["state"], service_error(failed)["code"]) == ("Failed", "532")
    assert {task["stateDescription"] for task in failed["tasks"]} == {"Skipped"}
    assert f"An operation {name} (" in service_error(failed)["possibleCauses"]
    assert failed["allowedActions"] == []


def test_given_a_silent_host_when_failed_back_then_the_job_fails_after_a_while_and_nothing_changed(
    desk, vault_of, failback
):
    counter = desk(vault_of({"name": "web01"}))
    counter.simulator.world.vault.items[0].provider.disconnect(counter.simulator.clock.now())
    before = counter.truth("web01")
    job = counter.begin("web01", "plannedFailover", failback())
    counter.pass_time(120)
    assert counter.job(job)["state"] == "InProgress"
    failed = counter.until(job, "Failed")
    assert service_error(failed)["code"] == "539"
    assert failed["errors"][0]["providerErrorDetails"]["errorCode"] != 0
    assert counter.truth("web01") == before


def test_given_a_host_lost_during_synchronization_when_it_times_out_then_interrupted(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01", "changed_gb": 200}))
    job = counter.begin("web01", "plannedFailover", failback())
    counter.pass_time(60)
    counter.simulator.world.vault.items[0].provider.disconnect(counter.simulator.clock.now())
    assert counter.until(job, "Failed", "Succeeded", "Suspended")["state"] == "Failed"
    after = counter.truth("web01")
    assert (after["stage"], after["on_premises_vm"]["disks"]) == ("interrupted", "inconsistent")
    assert after["azure_vm"]["power"] == "running"


def test_given_a_vanished_vm_when_nothing_may_be_created_then_the_job_fails_preparing(desk, failback):
    counter = desk("every_stage")
    job = counter.do("vm-gone", "plannedFailover", failback())
    states = {task["name"]: task["state"] for task in job["tasks"]}
    assert (job["state"], states["PrepareVmOnPremForFailback"]) == ("Failed", "Failed")
    assert counter.truth("vm-gone")["stage"] == "failed_over"


def test_given_a_delete_lock_when_committed_then_the_job_fails_and_azure_keeps_the_vm(desk, failback):
    counter = desk("every_stage")
    counter.do("vm-locked", "plannedFailover", failback("ForSynchronization"))
    job = counter.do("vm-locked", "failoverCommit")
    assert job["state"] == "Failed"
    assert "locked" in service_error(job)["possibleCauses"]
    after = counter.truth("vm-locked")
    assert (after["stage"], after["azure_vm"]["exists"]) == ("failback_commit_pending", True)


@pytest.mark.parametrize(
    "change",
    [
        {"instanceType": "HyperVReplicaAzure"},
        {"instanceType": None},
        {"dataSyncOption": "ForDowntime"},
        {"dataSyncOption": 1},
        {"recoveryVmCreationOption": "Always"},
        {"recoveryVmCreationOption": "CreateVmIfNotFound"},
        {"providerIdForAlternateRecovery": "/subscriptions/x"},
        {"recoveryVmCreationOption": "CreateVmIfNotFound", "providerIdForAlternateRecovery": "/subscriptions/x"},
    ],
)
def test_given_a_wrong_option_when_failed_back_then_refused_at_once(desk, failback, change):
    counter = desk("every_stage")
    properties = failback()
    properties["providerSpecificDetails"].update(change)
    assert detail(counter.ask("vm-failed-over", "plannedFailover", properties)) == "InvalidParameter"
    assert counter.truth("vm-failed-over")["operation"] is None


def test_given_a_vmm_cloud_when_another_host_is_named_then_refused(desk, failback):
    counter = desk("every_stage")
    provider = counter.item("vm-cloud")["recoveryServicesProviderId"]
    properties = failback("ForDownTime", "CreateVmIfNotFound", providerIdForAlternateRecovery=provider)
    assert detail(counter.ask("vm-cloud", "plannedFailover", properties)) == "InvalidParameter"


@pytest.mark.parametrize("body", [None, "text", {"properties": None}, {"properties": {}}, []])
def test_given_no_properties_when_failed_back_then_refused(desk, body):
    counter = desk("every_stage")
    answer = counter.caller.call("POST", f"{counter.path('vm-failed-over')}/plannedFailover", "2025-08-01", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BadRequest"


def test_given_another_replication_provider_when_operated_then_said_not_to_be_modeled(desk, to_azure):
    answer = desk("every_stage").ask("vm-vmware", "plannedFailover", to_azure)
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")
    assert "InMageRcm" in answer.json()["error"]["message"]


def test_given_a_reader_when_failing_back_then_forbidden_and_nothing_happens(desk, failback):
    counter = desk("every_stage", "reader")
    answer = counter.ask("vm-failed-over", "plannedFailover", failback())
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AuthorizationFailed")
    assert counter.truth("vm-failed-over")["operation"] is None


def test_given_a_fault_in_a_task_when_failed_back_then_it_fails_there_once(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01"}, {"name": "web02"}))
    control = counter.simulator.connection["control"]
    fault = {"service": {"job_task": "MonitorDataSync", "item": "web01", "code": "539", "message": "No."}}
    assert counter.caller.session.post(f"{control}/faults", json=fault, timeout=20).status_code == 200
    spared = counter.begin("web02", "plannedFailover", failback())
    failed = counter.do("web01", "plannedFailover", failback("ForSynchronization"))
    assert (failed["state"], service_error(failed)["message"]) == ("Failed", "No.")
    assert counter.truth("web01")["stage"] == "interrupted"
    counter.until(spared, "Suspended")
    assert counter.do("web01", "plannedFailover", failback("ForSynchronization"))["state"] == "Succeeded"


def test_given_a_lost_provider_when_it_is_back_then_the_failback_works(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01"}, faults=[{"service": {"provider": "hv01", "connected": False}}]))
    assert counter.do("web01", "plannedFailover", failback("ForSynchronization"))["state"] == "Failed"
    control = counter.simulator.connection["control"]
    back = {"service": {"provider": "hv01", "connected": True}}
    assert counter.caller.session.post(f"{control}/faults", json=back, timeout=20).status_code == 200
    assert counter.do("web01", "plannedFailover", failback("ForSynchronization"))["state"] == "Succeeded"


@pytest.mark.parametrize(
    "service",
    [{"provider": "hv99"}, {"job_task": "Dance"}, {"job_task": "VmCommit", "item": "nobody"}, {"colour": "red"}],
)
def test_given_a_fault_that_names_nothing_when_added_then_refused(desk, service):
    counter = desk("one_vm")
    control = counter.simulator.connection["control"]
    answer = counter.caller.session.post(f"{control}/faults", json={"service": service}, timeout=20)
    assert answer.status_code == 400
    assert counter.simulator.world.faults.service == []

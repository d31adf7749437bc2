# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recovery plans: their jobs, the children of those, and what happens to the members."""

from __future__ import annotations

import pytest

PAIR = [{"name": "app01"}, {"name": "db01"}]
GROUPS = {"recovery_plans": [{"name": "plan1", "groups": [["db01"], ["app01"]]}]}


def machine_tasks(task):
    group = task["groupTaskCustomDetails"] or {"childTasks": []}
    for child in group["childTasks"]:
        if child["taskType"] == "VirtualMachineTaskDetails":
            yield child
        else:
            yield from machine_tasks(child)


def test_given_a_plan_when_synchronized_first_then_it_waits_once_for_all_and_brings_all_back(
    desk, vault_of, plan_failback
):
    counter = desk(vault_of(*PAIR, **GROUPS))
    job = counter.begin("plan1", "plannedFailover", plan_failback("ForDownTime"))
    waiting = counter.until(job, "Suspended")
    assert waiting["stateDescription"] == "WaitingForUserInputAfterDataSync"
    running = [task["name"] for task in waiting["tasks"] if task["state"] == "InProgress"]
    assert running == ["WaitForUserInputForFailback"]
    plan = counter.item("plan1")
    assert (plan["currentScenarioStatus"], plan["allowedOperations"]) == ("Suspended", [])
    assert [counter.truth(name)["stage"] for name in ("app01", "db01")] == ["waiting_for_completion"] * 2
    counter.act(job, "resume")
    done = counter.until(job, "Succeeded")
    assert [counter.truth(name)["stage"] for name in ("app01", "db01")] == ["failback_commit_pending"] * 2
    phases = [child["customDetails"]["jobTask"]["jobId"] for task in done["tasks"] for child in machine_tasks(task)]
    assert len(set(phases)) == len(phases) == 8
    child = counter.read(phases[0])
    assert child["properties"]["scenarioName"] == "Failback"
    assert child["name"] not in {job["name"] for job in counter.read("replicationJobs")["value"]}


def test_given_a_plan_when_downloaded_in_full_then_tasks_and_names_as_recorded(desk, vault_of, plan_failback):
    counter = desk(vault_of(*PAIR, **GROUPS))
    job = counter.do("plan1", "plannedFailover", plan_failback("ForSynchronization"))
    assert (job["scenarioName"], job["friendlyName"], job["targetInstanceType"]) == (
        "Failback",
        "Planned failover",
        "RecoveryPlan",
    )
    assert [(task["friendlyName"], task["stateDescription"]) for task in job["tasks"]] == [
        ("Prerequisites check for the recovery plan", "Completed"),
        ("Preparing the on-premises virtual machine", "Completed"),
        ("Data synchronization", "Skipped"),
        ("Waiting for user input", "Skipped"),
        ("All groups shutdown (2)", "Completed"),
        ("Recovery plan failover", "Completed"),
        ("Group 1: Start (1)", "Completed"),
        ("Group 2: Start (1)", "Completed"),
        ("Finalizing the recovery plan", "Completed"),
    ]
    details = job["customDetails"]["affectedObjectDetails"]
    assert (details["primaryFabricProviderId"], details["recoveryFabricProviderId"]) == ("Azure", "HyperVSite")
    plan = counter.item("plan1")
    assert plan["allowedOperations"] == ["PlannedFailover", "UnplannedFailover", "TestFailover", "Commit"]
    assert plan["currentScenario"]["scenarioName"] == "PlannedFailover"
    assert (plan["currentScenarioStatus"], plan["currentScenarioStatusDescription"]) == ("Succeeded", "Completed")
    assert "lastPlannedFailoverTime" in plan


def test_given_a_plan_brought_back_when_committed_then_each_group_and_the_azure_machines_are_gone(
    desk, vault_of, plan_failback
):
    counter = desk(vault_of(*PAIR, **GROUPS))
    counter.do("plan1", "plannedFailover", plan_failback("ForSynchronization"))
    job = counter.do("plan1", "failoverCommit")
    assert (job["state"], job["scenarioName"]) == ("Succeeded", "CommitFailover")
    assert [task["friendlyName"] for task in job["tasks"]] == ["Group 1: Commit (1)", "Group 2: Commit (1)"]
    assert {task["groupTaskCustomDetails"]["rpGroupType"] for task in job["tasks"]} == {"CommitGroup"}
    assert not any(counter.truth(name)["azure_vm"]["exists"] for name in ("app01", "db01"))
    assert "Commit" not in counter.item("plan1")["allowedOperations"]


def test_given_one_machine_without_its_vm_when_the_plan_runs_then_partly_succeeded(desk, vault_of, plan_failback):
    counter = desk(vault_of({"name": "app01", "on_premises_vm": "missing"}, {"name": "db01"}, **GROUPS))
    job = counter.do("plan1", "plannedFailover", plan_failback("ForSynchronization"))
    assert job["state"] == "PartiallySucceeded"
    assert job["errors"][0]["serviceErrorDetails"]["code"] == "539"
    assert counter.truth("db01")["stage"] == "failback_commit_pending"
    assert counter.truth("app01")["stage"] == "failed_over"
    status = counter.read(f"replicationOperationStatus/{counter.item('plan1')['currentScenario']['jobId'][-36:]}")
    assert status["status"] == "Succeeded"


def test_given_no_machine_that_can_when_the_plan_runs_then_failed(desk, vault_of, plan_failback):
    counter = desk(
        vault_of(
            {"name": "app01", "stage": "failover_commit_pending"}, {"name": "db01", "stage": "protected"}, **GROUPS
        )
    )
    job = counter.do("plan1", "plannedFailover", plan_failback("ForSynchronization"))
    assert (job["state"], job["errors"][0]["serviceErrorDetails"]["code"]) == ("Failed", "25017")
    assert counter.truth("db01")["stage"] == "protected"


def test_given_a_mixed_plan_when_brought_back_then_machines_on_premises_are_skipped(desk, plan_failback):
    counter = desk("every_stage")
    job = counter.do("plan-mixed", "plannedFailover", plan_failback("ForSynchronization"))
    assert job["state"] == "Succeeded"
    shutdown = next(task for task in job["tasks"] if task["taskId"] == "ShutdownAllActionGroup")
    assert {task["friendlyName"]: task["stateDescription"] for task in machine_tasks(shutdown)} == {
        "vm-failed-over": "Completed",
        "vm-protected": "Skipped",
    }
    assert counter.truth("vm-protected")["stage"] == "protected"


def test_given_a_busy_member_when_the_plan_runs_then_that_member_fails_with_532(desk, vault_of, plan_failback):
    counter = desk(vault_of({"name": "app01", "stage": "busy"}, {"name": "db01"}, **GROUPS))
    job = counter.do("plan1", "plannedFailover", plan_failback("ForSynchronization"))
    assert (job["state"], job["errors"][0]["serviceErrorDetails"]["code"]) == ("PartiallySucceeded", "532")


def test_given_a_plan_on_premises_when_brought_back_then_wrong_direction(desk, vault_of, plan_failback):
    protected = [{**item, "stage": "protected"} for item in PAIR]
    answer = desk(vault_of(*protected, **GROUPS)).ask("plan1", "plannedFailover", plan_failback())
    assert answer.json()["error"]["details"][0]["code"] == "InvalidFailoverDirection"


@pytest.mark.parametrize("missing", ["dataSyncOption", "recoveryVmCreationOption"])
def test_given_a_plan_without_a_required_option_when_brought_back_then_refused(desk, vault_of, plan_failback, missing):
    properties = plan_failback()
    del properties["providerSpecificDetails"][0][missing]
    answer = desk(vault_of(*PAIR, **GROUPS)).ask("plan1", "plannedFailover", properties)
    assert answer.status_code == 400


def test_given_a_waiting_plan_when_cancelled_then_its_members_are_interrupted_and_free(desk, vault_of, plan_failback):
    counter = desk(vault_of(*PAIR, **GROUPS))
    job = counter.begin("plan1", "plannedFailover", plan_failback())
    counter.until(job, "Suspended")
    counter.act(job, "cancel")
    counter.until(job, "Cancelled")
    for name in ("app01", "db01"):
        assert counter.truth(name)["stage"] == "interrupted"
        assert "Failback" in counter.item(name)["allowedOperations"]


def test_given_a_synchronizing_plan_when_cancelled_then_its_children_are_too(desk, vault_of, plan_failback):
    counter = desk(vault_of(*[{**item, "changed_gb": 300} for item in PAIR], **GROUPS))
    job = counter.begin("plan1", "plannedFailover", plan_failback())
    counter.pass_time(60)
    counter.act(job, "cancel")
    ended = counter.until(job, "Cancelled")
    children = list(machine_tasks(ended["tasks"][2]))
    assert {child["state"] for child in children} == {"Cancelled"}
    assert {counter.job(child["customDetails"]["jobTask"]["jobId"][-36:])["state"] for child in children} == {
        "Cancelled"
    }
    assert counter.truth("db01")["on_premises_vm"]["disks"] == "inconsistent"


def test_given_a_manual_action_when_the_plan_reaches_it_then_it_waits_for_it(desk, plan_failback):
    counter = desk("every_stage")
    job = counter.begin("plan-manual", "plannedFailover", plan_failback("ForSynchronization"))
    waiting = counter.until(job, "Suspended")
    assert waiting["stateDescription"] == "WaitingForManualAction"
    action = next(task for task in waiting["tasks"] if task["state"] == "InProgress")
    assert action["customDetails"]["instructions"] == "Point the names to the site."
    counter.act(job, "resume")
    assert counter.until(job, "Succeeded", "Suspended")["state"] == "Succeeded"


def test_given_a_plan_when_it_starts_then_operation_and_plan_name_a_job_of_another_id(desk, vault_of, plan_failback):
    counter = desk(vault_of(*PAIR, **GROUPS))
    answer = counter.ask("plan1", "plannedFailover", plan_failback())
    operation = answer.headers["x-ms-request-id"].rsplit("/", 1)[1]
    status = counter.caller.get(answer.headers["Azure-AsyncOperation"], None)
    named = status.json()["name"]
    assert named != operation
    assert status.headers["x-ms-request-id"].rsplit("/", 1)[1] == named
    assert counter.read(f"replicationJobs/{named}")["name"] == named
    assert counter.item("plan1")["currentScenario"]["jobId"].rsplit("/", 1)[1] == named
    assert counter.get(f"replicationJobs/{operation}").status_code == 404


def test_given_the_variants_of_2017_when_a_plan_starts_then_its_job_is_found_by_the_operation(
    desk, vault_of, plan_failback
):
    for variants, differs in (({"plan_job_by_operation": True}, True), ({"plan_job_id_differs": False}, False)):
        counter = desk(vault_of(*PAIR, **GROUPS, variants=variants))
        answer = counter.ask("plan1", "plannedFailover", plan_failback())
        operation = answer.headers["x-ms-request-id"].rsplit("/", 1)[1]
        assert (counter.read(f"replicationJobs/{operation}")["name"] != operation) is differs


def test_given_a_plan_when_its_operation_has_ended_then_the_result_is_empty(desk, vault_of, plan_failback):
    counter = desk(vault_of(*PAIR, **GROUPS))
    answer = counter.ask("plan1", "plannedFailover", plan_failback("ForSynchronization"))
    counter.pass_time(7200)
    counter.caller.sign_in()
    assert counter.truth("app01")["stage"] == "failback_commit_pending"
    assert counter.caller.get(answer.headers["Location"], None).status_code == 204


def test_given_a_plan_when_reverse_replicated_then_refused_unless_the_variant_lets_it(desk, vault_of):
    back = [{**item, "stage": "failed_back"} for item in PAIR]
    refused = desk(vault_of(*back, **GROUPS)).ask("plan1", "reProtect")
    assert refused.status_code == 400
    assert "no longer works" in refused.json()["error"]["message"]
    counter = desk(vault_of(*back, **GROUPS, variants={"plan_reprotect": "works"}))
    job = counter.do("plan1", "reProtect")
    assert (job["state"], job["scenarioName"]) == ("Succeeded", "ReverseReplication")
    counter.pass_time(300)
    assert [counter.truth(name)["stage"] for name in ("app01", "db01")] == ["protected"] * 2


def test_given_a_protected_plan_when_failed_over_and_committed_then_it_runs_in_azure(
    desk, vault_of, to_azure, plan_failback
):
    protected = [{**item, "stage": "protected"} for item in PAIR]
    counter = desk(vault_of(*protected, **GROUPS))
    properties = {**to_azure, "providerSpecificDetails": [to_azure["providerSpecificDetails"]]}
    job = counter.do("plan1", "plannedFailover", properties)
    assert [task["name"] for task in job["tasks"]][:2] == ["RpSrsPrerequisitesCheck", "RpEnvironmentCreationTask"]
    assert counter.truth("db01")["on_premises_vm"]["power"] == "off"
    assert counter.do("plan1", "failoverCommit")["state"] == "Succeeded"
    assert counter.do("plan1", "plannedFailover", plan_failback("ForSynchronization"))["state"] == "Succeeded"


def test_given_a_protected_plan_when_failed_over_unplanned_then_it_is_marked_so(desk, vault_of, to_azure):
    protected = [{**item, "stage": "protected"} for item in PAIR]
    counter = desk(vault_of(*protected, **GROUPS))
    details = [to_azure["providerSpecificDetails"]]
    properties = {**to_azure, "sourceSiteOperations": "NotRequired", "providerSpecificDetails": details}
    assert counter.do("plan1", "unplannedFailover", properties)["state"] == "Succeeded"
    assert counter.item("db01")["protectionState"] == "UnplannedFailoverCommitPendingStatesBegin"
    assert "lastUnplannedFailoverTime" in counter.item("plan1")


def test_given_plans_when_listed_then_without_groups(desk, vault_of):
    counter = desk(vault_of(*PAIR, **GROUPS))
    assert [plan["properties"]["groups"] for plan in counter.read("replicationRecoveryPlans")["value"]] == [[]]
    groups = counter.item("plan1")["groups"]
    assert [group["groupType"] for group in groups] == ["Shutdown", "Failover", "Boot", "Boot"]
    assert groups[2]["replicationProtectedItems"][0]["id"] == counter.path("db01")

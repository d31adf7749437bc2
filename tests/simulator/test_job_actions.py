# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cancel, resume and restart."""

from __future__ import annotations

import pytest


def state_after(counter, job, name):
    counter.until(job, "Cancelled")
    truth = counter.truth(name)
    return truth["stage"], truth["on_premises_vm"]["disks"], truth["azure_vm"]["power"]


def test_given_a_synchronization_when_cancelled_then_first_cancelling_and_the_disks_are_inconsistent(
    desk, vault_of, failback
):
    counter = desk(vault_of({"name": "web01", "changed_gb": 200}))
    job = counter.begin("web01", "plannedFailover", failback())
    counter.pass_time(60)
    assert counter.act(job, "cancel").status_code == 202
    cancelling = counter.job(job)
    assert (cancelling["state"], cancelling["allowedActions"]) == ("Cancelling", [])
    assert state_after(counter, job, "web01") == ("interrupted", "inconsistent", "running")
    assert "Failback" in counter.item("web01")["allowedOperations"]
    states = [task["stateDescription"] for task in counter.job(job)["tasks"]]
    assert states == ["Completed", "Completed", "Completed", "Cancelled", "Skipped", "Skipped"]


def test_given_a_full_download_when_cancelled_then_azure_stays_off(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01", "disks": [{"name": "a", "gb": 400}]}))
    job = counter.begin("web01", "plannedFailover", failback("ForSynchronization"))
    counter.pass_time(200)
    counter.act(job, "cancel")
    assert state_after(counter, job, "web01") == ("interrupted", "inconsistent", "deallocated")


def test_given_the_first_checks_when_cancelled_then_nothing_was_touched(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01"}))
    job = counter.begin("web01", "plannedFailover", failback())
    counter.pass_time(4)
    counter.act(job, "cancel")
    assert state_after(counter, job, "web01") == ("failed_over", "consistent", "running")


def test_given_a_waiting_job_when_cancelled_then_interrupted_and_a_new_failback_heals(desk, failback):
    counter = desk("every_stage")
    job = counter.item("vm-waiting")["currentScenario"]["jobId"].rsplit("/", 1)[1]
    counter.act(job, "cancel")
    assert state_after(counter, job, "vm-waiting") == ("interrupted", "inconsistent", "running")
    assert counter.do("vm-waiting", "plannedFailover", failback("ForSynchronization"))["state"] == "Succeeded"
    assert counter.truth("vm-waiting")["on_premises_vm"]["disks"] == "consistent"


@pytest.mark.parametrize(
    ("name", "action"), [("vm-synchronizing", "resume"), ("vm-busy", "cancel"), ("vm-waiting", "restart")]
)
def test_given_a_job_that_does_not_allow_it_when_acted_on_then_refused(desk, name, action):
    counter = desk("every_stage")
    job = counter.item(name)["currentScenario"]["jobId"].rsplit("/", 1)[1]
    answer = counter.act(job, action)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")


def test_given_a_resumed_job_when_resumed_again_then_refused(desk):
    counter = desk("every_stage")
    job = counter.item("vm-waiting")["currentScenario"]["jobId"].rsplit("/", 1)[1]
    assert counter.act(job, "resume").status_code == 202
    assert counter.act(job, "resume").status_code == 400
    counter.until(job, "Succeeded")
    assert counter.act(job, "cancel").status_code == 400


def test_given_a_failed_reprotect_when_restarted_once_possible_then_a_new_job_does_it(desk, to_azure):
    counter = desk("every_stage")
    failed = counter.begin("vm-to-commit", "reProtect", to_azure)
    counter.until(failed, "Failed")
    counter.do("vm-to-commit", "failoverCommit")
    restart = counter.act(failed, "restart")
    assert restart.status_code == 202
    own = counter.job(restart.headers["x-ms-request-id"].rsplit("/", 1)[1])
    counter.pass_time(300)
    assert own["targetInstanceType"] == "ProtectionEntity"
    assert counter.truth("vm-to-commit")["stage"] == "protected"
    scenarios = [job["scenario"] for job in counter.simulator.state()["jobs"]]
    assert "RestartJob" in scenarios
    assert counter.job(failed)["state"] == "Failed"


def test_given_an_unknown_job_when_cancelled_then_404(desk):
    answer = desk("one_vm").act("00000000-0000-0000-0000-000000000001", "cancel")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")


PLAN = {"recovery_plans": [{"name": "plan1", "groups": [["db01"], ["app01"]]}]}


def parts_of(counter, job):
    """The jobs that a plan's job has started, by the name of their machine."""
    groups = [task["groupTaskCustomDetails"] for task in counter.job(job)["tasks"]]
    children = [child["customDetails"] for group in groups if group for child in group["childTasks"]]
    machines = [child["jobTask"] for child in children if child]
    return {one["targetObjectName"]: one["jobId"].rsplit("/", 1)[1] for one in machines if one["jobId"][-1] != "/"}


@pytest.mark.parametrize(("whole", "ended"), [(False, "PartiallySucceeded"), (True, "Cancelled")])
def test_given_a_plan_when_parts_are_cancelled_then_their_machines_drop_out(
    desk, vault_of, plan_failback, whole, ended
):
    pair = [{"name": name, "changed_gb": 300} for name in ("db01", "app01")]
    counter = desk(vault_of(*pair, **PLAN))
    job = counter.begin("plan1", "plannedFailover", plan_failback())
    counter.pass_time(60)
    parts = parts_of(counter, job)
    for name in ("db01", "app01") if whole else ("db01",):
        assert counter.act(parts[name], "cancel").status_code == 202
    if not whole:
        counter.until(job, "Suspended")
        counter.act(job, "resume")
    counter.until(job, ended)
    assert counter.job(parts["db01"])["state"] == "Cancelled"
    stages = [counter.truth(name)["stage"] for name in ("db01", "app01")]
    assert stages == ["interrupted", "interrupted" if whole else "failback_commit_pending"]


@pytest.mark.parametrize("stage", ["waiting_for_completion", "completing", "synchronizing"])
def test_given_a_failback_when_cancelled_then_a_new_one_copies_again(desk, vault_of, failback, stage):
    counter = desk(vault_of({"name": "web01", "stage": stage, "changed_gb": 200}))
    job = counter.item("web01")["currentScenario"]["jobId"].rsplit("/", 1)[1]
    counter.act(job, "cancel")
    assert state_after(counter, job, "web01")[:2] == ("interrupted", "inconsistent")
    again = counter.do("web01", "plannedFailover", failback("ForSynchronization"))
    assert again["state"] == "Succeeded"
    assert counter.truth("web01")["on_premises_vm"]["disks"] == "consistent"


def test_given_a_finished_replication_when_its_failed_completion_is_restarted_late_then_it_fails(
    desk, vault_of, to_azure
):
    counter = desk(vault_of({"name": "web01", "stage": "failed_back"}))
    fault = {"service": {"job_task": "ReplicaConfiguration"}}
    counter.simulator.locked(lambda world: world.faults.add(fault))
    counter.do("web01", "reProtect", to_azure)
    counter.pass_time(300)
    jobs = counter.simulator.state()["jobs"]
    completion = next(job for job in jobs if job["scenario"] == "IrCompletion")
    assert completion["state"] == "Failed"
    counter.do("web01", "reProtect", to_azure)
    counter.pass_time(300)
    assert counter.truth("web01")["stage"] == "protected"
    counter.act(completion["name"], "restart")
    counter.pass_time(300)
    assert counter.truth("web01")["stage"] == "protected"
    newest = next(job for job in counter.simulator.state()["jobs"] if job["scenario"] == "IrCompletion")
    assert newest["state"] == "Failed"


@pytest.mark.parametrize("action", ["cancel", "restart"])
def test_given_a_reader_when_acting_on_a_job_then_403_names_the_action(desk, vault_of, action):
    principals = [{"name": "reader", "roles": ["Site Recovery Reader"]}]
    counter = desk(vault_of({"name": "web01", "stage": "synchronizing"}, principals=principals))
    job = counter.item("web01")["currentScenario"]["jobId"].rsplit("/", 1)[1]
    answer = counter.act(job, action)
    assert answer.status_code == 403
    assert f"Microsoft.RecoveryServices/vaults/replicationJobs/{action}/action" in answer.json()["error"]["message"]


@pytest.mark.parametrize("action", ["cancel", "restart"])
def test_given_an_operator_when_acting_on_a_job_then_it_may(desk, vault_of, action):
    principals = [{"name": "operator", "roles": ["Site Recovery Operator"]}]
    counter = desk(vault_of({"name": "web01", "stage": "synchronizing"}, principals=principals))
    job = counter.item("web01")["currentScenario"]["jobId"].rsplit("/", 1)[1]
    assert counter.act(job, action).status_code == {"cancel": 202, "restart": 400}[action]

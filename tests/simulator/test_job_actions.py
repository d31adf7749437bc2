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


def test_given_a_synchronisation_when_cancelled_then_first_cancelling_and_the_disks_are_inconsistent(
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

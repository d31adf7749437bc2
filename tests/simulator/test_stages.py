# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each stage of a scenario looks as if it had been lived through; and the table of stages is complete."""

from __future__ import annotations

import pytest

from asr_simulator.site_recovery.model import lifecycle

# stage -> protection state, active location, what is allowed, scenario of the running job, Azure VM, on-premises VM
LOOKS = {
    "vm-protected": ("Protected", "Primary", "PlannedFailover", None, None, "running", "consistent"),
    "vm-uncommitted": ("PlannedFailoverCommitRequired", "Recovery", "Commit", None, "running", "off", "consistent"),
    "vm-uncommitted-unplanned": (
        "UnplannedFailoverCommitPendingStatesBegin",
        "Recovery",
        "Commit",
        None,
        "running",
        "off",
        "consistent",
    ),
    "vm-failed-over": ("PlannedFailoverStatesBegin", "Recovery", "Failback", None, "running", "off", "consistent"),
    "vm-failed-over-unplanned": (
        "UnplannedFailoverCommitted",
        "Recovery",
        "Failback",
        None,
        "running",
        "off",
        "consistent",
    ),
    "vm-synchronizing": (None, "Recovery", None, "PlannedFailover", "running", "off", "inconsistent"),
    "vm-waiting": (None, "Recovery", None, "PlannedFailover", "running", "off", "inconsistent"),
    "vm-completing": (None, "Recovery", None, "PlannedFailover", "running", "off", "inconsistent"),
    "vm-to-commit": (
        "FinalizeRestorePending",
        "Primary",
        "FinalizeFailback",
        None,
        "deallocated",
        "running",
        "consistent",
    ),
    "vm-failed-back": ("RestoreFinalized", "Primary", "ReverseReplicate", None, None, "running", "consistent"),
    "vm-reversing": (None, "Primary", None, "ReprotectReplicationGroup", None, "running", "consistent"),
    "vm-interrupted": ("PlannedFailoverStatesBegin", "Recovery", "Failback", None, "running", "off", "inconsistent"),
    "vm-busy": (None, "Recovery", None, "UpdateVmProperties", "running", "off", "consistent"),
    "vm-off": ("PlannedFailoverStatesBegin", "Recovery", "Failback", None, "deallocated", "off", "consistent"),
}
# A pending commit as nobody has seen it.
UNSEEN = {"state": "FailbackCommitPending", "active_location": "Recovery", "operation": "Commit"}


@pytest.mark.parametrize("name", LOOKS)
def test_given_a_stage_when_read_then_item_job_and_both_machines_agree(desk, name):
    counter = desk("every_stage")
    state, location, allowed, scenario, azure, power, disks = LOOKS[name]
    item, truth = counter.item(name), counter.truth(name)
    assert item["activeLocation"] == location
    assert state is None or item["protectionState"] == state
    assert (allowed in item["allowedOperations"]) if allowed else item["allowedOperations"] == []
    assert (truth["azure_vm"]["power"], truth["on_premises_vm"]["power"], truth["on_premises_vm"]["disks"]) == (
        azure,
        power,
        disks,
    )
    current = item["currentScenario"]
    assert current["scenarioName"] == (scenario or "None")
    if scenario:
        assert counter.read(current["jobId"])["properties"]["targetObjectName"] == name


def test_given_stages_with_a_past_when_jobs_are_listed_then_their_jobs_are_there(desk):
    counter = desk("every_stage")
    seen: dict[str, list[tuple[str, str]]] = {}
    for job in counter.simulator.state()["jobs"]:
        seen.setdefault(job["target"], []).insert(0, (job["scenario"], job["state"]))
    assert seen["vm-interrupted"] == [
        ("PlannedFailover", "Succeeded"),
        ("CommitFailover", "Succeeded"),
        ("PlannedFailover", "Cancelled"),
    ]
    assert [scenario for scenario, _unused in seen["vm-failed-back"]] == [
        "PlannedFailover",
        "CommitFailover",
        "PlannedFailover",
        "RestoreCompletion",
        "FinalizeFailback",
    ]
    assert seen["vm-waiting"][2] == ("PlannedFailover", "Suspended")


def test_given_a_test_failover_of_the_past_when_read_then_it_is_marked_for_good(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01", "test_failover": "cleaned_up"}))
    item = counter.item("web01")
    assert (item["testFailoverState"], item["protectionState"]) == ("MarkedForDeletion", "PlannedFailoverStatesBegin")
    assert item["lastSuccessfulTestFailoverTime"] < item["lastSuccessfulFailoverTime"]
    assert counter.do("web01", "plannedFailover", failback("ForSynchronization"))["state"] == "Succeeded"


def test_given_a_reverse_replication_when_its_job_has_ended_then_the_item_shows_that_protection_is_enabled(
    desk, vault_of, to_azure
):
    counter = desk(vault_of({"name": "web01", "stage": "failed_back"}, rates={"resynchronize_seconds": 3600}))
    assert counter.do("web01", "reProtect", to_azure)["state"] == "Succeeded"
    item = counter.item("web01")
    assert (item["protectionState"], item["allowedOperations"]) == (
        "InitialReplicationInProgress",
        ["DisableProtection"],
    )
    assert item["providerSpecificDetails"]["vmProtectionState"] == "UnprotectedStatesBegin"
    assert item["providerSpecificDetails"]["vmProtectionStateDescription"] == "Enabling protection"


def test_given_a_failback_when_it_ends_then_the_synchronization_was_completed_before_its_end(desk, vault_of, failback):
    for option in ("ForSynchronization", "ForDownTime"):
        counter = desk(vault_of({"name": "web01"}))
        operation = counter.begin("web01", "plannedFailover", failback(option))
        if counter.until(operation, "Succeeded", "Suspended")["state"] == "Suspended":
            counter.act(operation, "resume")
            counter.until(operation, "Succeeded")
        newest_first = [job["properties"] for job in counter.read("replicationJobs")["value"]]
        completion, moved = newest_first[:2]
        assert (completion["scenarioName"], moved["scenarioName"]) == ("RestoreCompletion", "PlannedFailover")
        asked = next(task for task in counter.job(operation)["tasks"] if task["name"] == "WaitForUserInputForFailback")
        assert asked["endTime"] < completion["startTime"] < moved["endTime"]


def test_given_ages_when_read_then_the_failover_was_that_long_ago(desk):
    counter = desk("every_stage")
    now = counter.simulator.clock.now()
    item = next(item for item in counter.simulator.world.vault.items if item.name == "vm-month-old")
    assert 40 <= (now - item.last_failover).days <= 41
    machine = counter.simulator.world.compute.get(item.azure_vm_path)
    assert 39 <= (now - machine.created).days <= 40


@pytest.mark.parametrize(
    ("variants", "state", "location", "operation"),
    [
        ({}, "FinalizeRestorePending", "Primary", "FinalizeFailback"),
        (
            {"failback_pending": UNSEEN},
            "FailbackCommitPending",
            "Recovery",
            "Commit",
        ),
    ],
)
def test_given_the_variants_when_a_failback_pends_then_the_item_shows_them(
    desk, vault_of, variants, state, location, operation
):
    counter = desk(vault_of({"name": "web01", "stage": "failback_commit_pending"}, variants=variants))
    item = counter.item("web01")
    assert (item["protectionState"], item["activeLocation"]) == (state, location)
    assert item["allowedOperations"] == ["DisableProtection", operation]
    assert counter.do("web01", "failoverCommit")["state"] == "Succeeded"


def test_given_the_variants_of_names_when_failed_back_then_they_show(desk, vault_of, failback):
    variants = {"failback_scenario_name": "Failback", "committed_operation": "PlannedFailover", "skipped_tasks": 2015}
    counter = desk(vault_of({"name": "web01"}, variants=variants))
    assert "PlannedFailover" in counter.item("web01")["allowedOperations"]
    job = counter.do("web01", "plannedFailover", failback("ForSynchronization"))
    assert job["scenarioName"] == "Failback"
    assert (job["tasks"][2]["state"], job["tasks"][2]["stateDescription"]) == ("Succeeded", "Skipped")


@pytest.mark.parametrize("signed", [True, False])
def test_given_the_variant_when_an_operation_starts_then_its_urls_are_signed_or_not_and_work(desk, vault_of, signed):
    counter = desk(
        vault_of({"name": "web01", "stage": "failback_commit_pending"}, variants={"signed_poll_urls": signed})
    )
    answer = counter.ask("web01", "failoverCommit")
    url = answer.headers["Azure-AsyncOperation"]
    assert ("&h=" in url) is signed
    assert counter.caller.get(url, None).json()["status"] == "NotStarted"


def test_given_the_table_when_walked_then_every_stage_is_reached_and_left():
    reached = set(lifecycle.TRANSITIONS.values())
    assert reached == set(lifecycle.STAGES)
    groups = (lifecycle.ACTIVE_ON_PREMISES, lifecycle.PENDING_FAILBACK, lifecycle.ACTIVE_IN_AZURE)
    assert sum(len(group) for group in groups) == len(lifecycle.STAGES)


@pytest.mark.parametrize("stage", sorted(lifecycle.STAGES))
@pytest.mark.parametrize("event", [lifecycle.FAILED, lifecycle.CANCELLED])
def test_given_any_stage_when_its_job_fails_or_is_cancelled_then_the_table_has_an_edge_to_a_resting_stage(stage, event):
    after = lifecycle.after(stage, event)
    assert lifecycle.after(after, event) == after


def test_given_a_synchronization_when_it_fails_then_never_back_to_consistent():
    for stage in lifecycle.FAILBACK_RUNS:
        assert lifecycle.after(stage, lifecycle.FAILED) == lifecycle.INTERRUPTED


def test_given_an_uncommitted_failover_when_synchronization_is_tried_then_no_edge():
    with pytest.raises(lifecycle.IllegalTransition, match="synchronization_started while failover_commit_pending"):
        lifecycle.after(lifecycle.FAILOVER_COMMIT_PENDING, "synchronization_started")

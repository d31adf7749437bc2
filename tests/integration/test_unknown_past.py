# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VMs whose jobs have aged out of the vault: what is not known stops no failback, and nothing that cannot be undone."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import item_of, scenario_of

# A commit that is pending under a name which nobody has seen, on an item that is active in Azure.
UNSEEN = {"failback_pending": {"state": "FailbackCommitPending", "active_location": "Recovery", "operation": "Commit"}}


def forgotten(vault: Any) -> Any:
    vault.trouble(jobs="ended", forgotten=True)
    return vault


def test_a_vm_whose_jobs_have_aged_out_comes_home(driver: Any) -> None:
    vault = forgotten(driver(scenario_of(item_of("vm1", in_azure_for="50d"))))
    (seen,) = vault.run("replicated_item_info", replicated_item="vm1")["replicated_items"]
    assert seen["stage"] == "failed_over"
    assert "Never start the on-premises VM" in seen["reason"]
    vault.run("planned_failover", replicated_item="vm1", wait_for="end")
    assert vault.state("vm1")["stage"] == "failback_commit_pending"


def test_a_failback_that_was_interrupted_is_not_taken_for_none(driver: Any) -> None:
    vault = forgotten(driver(scenario_of(item_of("vm1", "interrupted"))))
    found = {one["id"]: one for one in vault.run("failback_prereq", replicated_item="vm1")["findings"]}
    assert found["on_premises_disks"]["status"] == "not_checked"
    assert "Never start the on-premises VM" in found["on_premises_disks"]["remedy"]
    assert vault.run("planned_failover", replicated_item="vm1")["stage"]["after"] == "waiting_for_completion"


@pytest.mark.parametrize("direction", ["failback", "failover"])
def test_a_pending_commit_that_nothing_explains_is_refused(driver: Any, direction: str) -> None:
    vault = forgotten(driver(scenario_of(item_of("vm1", "failback_commit_pending"), variants=UNSEEN)))
    refused = vault.fail("commit", replicated_item="vm1", policy="now", direction=direction)
    assert refused["error"]["kind"] == "refused"
    assert "Which commit is pending cannot be determined" in refused["msg"]
    assert "direction: failover" not in refused["msg"]
    assert refused["authoritative_side"] == "mixed"
    assert vault.writes() == []
    assert vault.state("vm1")["azure_vm"]["exists"] is True


def test_the_recorded_state_needs_no_jobs(driver: Any) -> None:
    vault = forgotten(driver(scenario_of(item_of("vm1", "failback_commit_pending"))))
    (seen,) = vault.run("replicated_item_info", replicated_item="vm1")["replicated_items"]
    assert (seen["stage"], seen["authoritative_side"]) == ("failback_commit_pending", "on_premises")


def without(vault: Any, fields: list[str], names: list[str]) -> None:
    """Let these jobs come without some fields, in lists and alone."""
    for path, where in (("/replicationJobs$", "value[]."), ("/replicationJobs/[^/]+$", "")):
        first, *more = (f"{where}properties.{field}" for field in fields)
        action = {"do": "edit", "field": first, "also": more, "to": None, "of": names}
        fault = {"match": {"method": "GET", "path": path, "times": 0}, "action": action}
        vault.simulator.locked(lambda world, fault=fault: world.faults.add(fault))


def failed_back(driver: Any) -> tuple[Any, list[str]]:
    """A VM that awaits the commit of its failback, in a state that nobody has seen, and the jobs of that failback."""
    vault = driver(scenario_of("vm1", variants=UNSEEN)).knows_hosts()
    vault.run("planned_failover", replicated_item="vm1", data_sync="during_failover", wait_for="end")
    moved = [job for job in vault.jobs("vm1") if job["scenario"] in ("PlannedFailover", "RestoreCompletion")]
    return vault, [job["name"] for job in moved[:2]]


@pytest.mark.parametrize("direction", ["failback", "failover"])
def test_a_failback_that_does_not_tell_its_target_is_a_gap(driver: Any, direction: str) -> None:
    vault, names = failed_back(driver)
    without(vault, ["targetObjectId", "customDetails"], names)
    sent = vault.requests()
    refused = vault.fail("commit", replicated_item="vm1", policy="now", direction=direction)
    assert refused["error"]["kind"] == "refused"
    assert "does not report its target" in refused["msg"]
    assert refused["authoritative_side"] == "mixed"
    assert vault.writes(sent) == []
    assert vault.state("vm1")["azure_vm"]["exists"] is True


def test_the_details_of_a_failback_tell_its_target_as_well(driver: Any) -> None:
    vault, names = failed_back(driver)
    without(vault, ["targetObjectId"], names)
    refused = vault.fail("commit", replicated_item="vm1", policy="now", direction="failover")
    assert "It is the failback that awaits a commit" in refused["msg"]
    assert vault.run("commit", replicated_item="vm1", policy="now")["stage"]["after"] == "failed_back"


def test_a_plan_s_failback_without_the_type_of_its_target_is_not_overlooked(driver: Any) -> None:
    vault = driver(scenario_of("vm1", variants=UNSEEN, recovery_plans=[{"name": "shop", "groups": [["vm1"]]}]))
    vault.knows_hosts().run("planned_failover", recovery_plan="shop", data_sync="during_failover", wait_for="end")
    names = [job["name"] for job in vault.jobs("shop")]
    parts = [job["name"] for job in vault.jobs("vm1") if job["scenario"] in ("Failback", "RestoreCompletion")]
    without(vault, ["targetInstanceType"], names)
    vault.simulator.locked(lambda world: forget(world.vault, parts))
    sent = vault.requests()
    assert vault.fail("commit", replicated_item="vm1", direction="failover")["error"]["kind"] == "refused"
    assert vault.writes(sent) == []


def forget(vault: Any, names: list[str]) -> None:
    """The jobs have aged out."""
    vault.jobs[:] = [job for job in vault.jobs if job.name not in names]


def test_a_job_without_a_target_that_names_another_vm_elsewhere_is_no_gap(driver: Any) -> None:
    vault = driver(scenario_of("vm1", "vm2")).knows_hosts()
    vault.run("planned_failover", replicated_item="vm2", data_sync="during_failover", wait_for="end")
    without(vault, ["targetObjectId"], [job["name"] for job in vault.jobs("vm2")])
    (seen,) = vault.run("replicated_item_info", replicated_item="vm1")["replicated_items"]
    assert (seen["stage"], "Never start" in seen["reason"]) == ("failed_over", False)


def test_the_failbacks_of_others_are_no_gap(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failover_commit_pending"), "vm2")).knows_hosts()
    vault.run("planned_failover", replicated_item="vm2", data_sync="during_failover", wait_for="end")
    (seen,) = vault.run("replicated_item_info", replicated_item="vm1")["replicated_items"]
    assert (seen["stage"], "does not report" in seen["reason"]) == ("failover_commit_pending", False)


def test_a_job_that_has_not_begun_is_no_gap(driver: Any) -> None:
    # Recorded: such a job names neither its operation nor its target.
    vault = driver(scenario_of("vm1", "vm2")).knows_hosts()
    vault.run("planned_failover", replicated_item="vm2", wait=False)
    (seen,) = vault.run("replicated_item_info", replicated_item="vm1")["replicated_items"]
    assert (seen["stage"], "Never start" in seen["reason"]) == ("failed_over", False)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that are cancelled or restarted: the guard, the one write, and what is read afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import ModuleRunner, accepted
from support.scenarios import item_of, scenario_of

from asr_simulator.site_recovery.api.item_operations import OPERATIONS
from asr_simulator.site_recovery.api.representation.job_bodies import job_body

VM1 = {"replicated_item": "vm1"}
NOW = {"policy": "now", **accepted("vm1")}
SHOP = {"recovery_plan": "shop"}
PAIR = [{"name": "shop", "groups": [["db"], ["web"]]}]
ACCEPTED = {"state": "cancelled", "accept_inconsistent_disks": True}
CANCELLED = {"state": "cancelled"}
RESTARTED = {"state": "restarted"}
# Stage before; what a cancel without and with the acceptance comes to.
STAGES = [
    ("protected", "nothing", "protected"),
    ("failover_commit_pending", "nothing", "failover_commit_pending"),
    ("failed_over", "nothing", "failed_over"),
    ("synchronizing", "refused", "interrupted"),
    ("waiting_for_completion", "refused", "interrupted"),
    ("completing", "refused", "interrupted"),
    ("failback_commit_pending", "nothing", "failback_commit_pending"),
    ("failed_back", "nothing", "failed_back"),
    ("reverse_replicating", "cancelled", "failed_back"),
    ("interrupted", "nothing", "interrupted"),
    ("busy", "refused", "refused"),
]
NEVER_START = "Never start the on-premises VM. Run planned_failover again"


def in_stage(driver: Any, stage: str, **parts: Any) -> ModuleRunner:
    vault: ModuleRunner = driver(scenario_of(item_of("vm1", stage, changed_gb=100), **parts))
    return vault


def fault(vault: ModuleRunner, method: str, path: str, action: dict[str, Any], **match: Any) -> None:
    document = {"match": {"method": method, "path": path, **match}, "action": action}
    vault.simulator.locked(lambda world: world.faults.add(document))


def running_job(vault: ModuleRunner, target: str = "vm1") -> dict[str, Any]:
    ended = ("Succeeded", "Failed", "Cancelled", "PartiallySucceeded")
    return next(job for job in vault.jobs(target) if job["state"] not in ended)


def words_of_writes(vault: ModuleRunner) -> list[str]:
    return [line.rsplit("/", 1)[1] for line in vault.writes()]


@pytest.mark.parametrize(("stage", "unaccepted", "_left"), STAGES)
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_cancel_in_every_stage(driver: Any, stage: str, unaccepted: str, _left: str, check_mode: bool) -> None:
    vault = in_stage(driver, stage)
    before = vault.state("vm1")["on_premises_vm"]
    if unaccepted == "refused":
        failed = vault.fail("job", check_mode=check_mode, **VM1, **CANCELLED)
        assert (failed["error"]["kind"], failed["changed"]) == ("refused", False)
        assert failed["error"]["job_id"] == running_job(vault)["name"]
        assert ("Nothing was written" if stage == "busy" else "No request was sent") in failed["msg"]
        assert "is authoritative" in failed["msg"]
    else:
        result = vault.run("job", check_mode=check_mode, **VM1, **CANCELLED)
        assert result["changed"] is (unaccepted == "cancelled")
        assert result["stage"]["before"] == stage
    cancels = unaccepted == "cancelled" and not check_mode
    assert words_of_writes(vault) == (["cancel"] if cancels else [])
    assert vault.state("vm1")["on_premises_vm"] == before


@pytest.mark.parametrize(("stage", "unaccepted", "left"), STAGES)
def test_a_cancel_that_accepts_inconsistent_disks_in_every_stage(
    driver: Any, stage: str, unaccepted: str, left: str
) -> None:
    vault = in_stage(driver, stage)
    if left == "refused":
        assert "does not let it be cancelled" in vault.fail("job", **VM1, **ACCEPTED)["msg"]
        assert vault.writes() == []
        return
    predicted = vault.run("job", check_mode=True, **VM1, **ACCEPTED)
    assert vault.writes() == []
    result = vault.run("job", **VM1, **ACCEPTED)
    assert (result["changed"], result["stage"]) == (predicted["changed"], predicted["stage"])
    assert result["stage"] == {"before": stage, "after": left}
    assert result["changed"] is (unaccepted != "nothing")
    assert vault.state("vm1")["stage"] == left
    warned = any(NEVER_START in line for line in result.get("warnings", []))
    assert warned is (left == "interrupted")
    again = vault.run("job", **VM1, **ACCEPTED)
    assert (again["changed"], again["stage"]["after"]) == (False, left)
    assert words_of_writes(vault) == (["cancel"] if result["changed"] else [])


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("synchronizing", ["has begun to write to the on-premises disks of vm1", "complete_failover is run"]),
        ("waiting_for_completion", ["Let it wait, for days if need be"]),
        ("completing", ["Let it end"]),
    ],
)
def test_the_refusal_says_what_to_do_instead(driver: Any, stage: str, words: list[str]) -> None:
    refused = in_stage(driver, stage).fail("job", **VM1, **CANCELLED)
    for word in [*words, "The Azure VM is authoritative", "accept_inconsistent_disks: true"]:
        assert word in refused["msg"]


@pytest.mark.parametrize("seconds", [0, 4])
def test_a_failback_that_has_not_begun_to_write_is_guarded_too(driver: Any, seconds: int) -> None:
    vault = in_stage(driver, "failed_over")
    vault.run("planned_failover", **VM1, wait=False)
    vault.pass_time(seconds)
    refused = vault.fail("job", **VM1, **CANCELLED)
    assert "may begin to write to the on-premises disks of vm1 at any moment" in refused["msg"]
    assert words_of_writes(vault) == ["plannedFailover"]


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("scenario", [None, "FailbackV2"])
def test_a_failback_under_a_name_that_nobody_knows_is_guarded_and_leaves_no_innocence(
    driver: Any, scenario: str | None, by_name: bool
) -> None:
    vault = in_stage(driver, "failed_over")
    job = vault.run("planned_failover", **VM1, data_sync="during_failover", wait_for="started")["job"]["name"]
    vault.pass_time(240)
    renamed = {"do": "edit", "field": "properties.scenarioName", "to": scenario}
    fault(vault, "GET", f"/replicationJobs/{job}$", renamed, times=0)
    fault(vault, "GET", "/replicationJobs$", {**renamed, "field": "value[].properties.scenarioName"}, times=0)
    target = {"name": job} if by_name else VM1
    refused = vault.fail("job", **target, **CANCELLED)
    assert "has begun to write to the on-premises disks of vm1" in refused["msg"]
    assert words_of_writes(vault) == ["plannedFailover"]
    result = vault.run("job", **target, **ACCEPTED)
    assert result["stage"]["after"] == vault.state("vm1")["stage"] == "interrupted"
    assert any(NEVER_START in line for line in result["warnings"])


@pytest.mark.parametrize("tells_tasks", [True, False])
def test_what_nothing_tells_of_is_not_cancelled_as_if_it_were_harmless(driver: Any, tells_tasks: bool) -> None:
    vault = in_stage(driver, "failed_over", variants={"failback_scenario_name": "FailbackV2"})
    vault.fail("planned_failover", **VM1, data_sync="during_failover", wait_timeout=240)
    if not tells_tasks:
        edit = {"do": "edit", "field": "properties.tasks", "to": None}
        fault(vault, "GET", "/replicationJobs/[^/]+$", edit, times=0)
    refused = vault.fail("job", **VM1, **CANCELLED)
    assert "accept_inconsistent_disks: true" in refused["msg"]
    assert words_of_writes(vault) == ["plannedFailover"]
    foreseen = vault.run("job", check_mode=True, **VM1, **ACCEPTED)
    assert foreseen["stage"]["after"] == "interrupted"
    result = vault.run("job", **VM1, **ACCEPTED)
    assert any("Never start the on-premises VM" in line for line in result["warnings"])
    if tells_tasks:
        assert result["stage"]["after"] == "interrupted"


@pytest.mark.parametrize("scenario", [None, "CommitV2", "PlannedFailover"])
def test_what_does_not_tell_what_it_does_is_not_restarted(driver: Any, scenario: str | None) -> None:
    vault, job = failed_replication(driver)
    sent = vault.requests()
    edit = {"do": "edit", "field": "properties.scenarioName", "to": scenario}
    fault(vault, "GET", f"/replicationJobs/{job}$", edit, times=0)
    refused = vault.fail("job", name=job, **RESTARTED)
    assert (refused["error"]["kind"], vault.writes(sent)) == ("refused", [])


@pytest.mark.parametrize("by_name", [True, False])
def test_a_failback_that_was_just_accepted_is_cancelled_once_it_has_begun(driver: Any, by_name: bool) -> None:
    vault = in_stage(driver, "failed_over")
    job = vault.run("planned_failover", **VM1, wait=False)["job"]["name"]
    target = {"name": job} if by_name else VM1
    refused = vault.fail("job", **target, **ACCEPTED, wait=False)
    assert "has not begun" in refused["msg"]
    assert vault.run("job", **target, **ACCEPTED)["job"]["state"] == "Cancelled"


def test_one_that_is_cancelled_before_it_wrote_leaves_the_disks_alone(driver: Any) -> None:
    vault = in_stage(driver, "failed_over")
    vault.run("planned_failover", **VM1, wait=False)
    vault.pass_time(4)
    result = vault.run("job", **VM1, **ACCEPTED)
    assert result["stage"] == {"before": "synchronizing", "after": "failed_over"}
    assert "warnings" not in result
    assert vault.state("vm1")["on_premises_vm"]["disks"] == "consistent"


@pytest.mark.parametrize("target", [VM1, SHOP], ids=str)
@pytest.mark.parametrize("data_sync", ["auto", "during_failover"])
def test_after_a_cancel_planned_failover_copies_the_data_again(
    driver: Any, target: dict[str, str], data_sync: str
) -> None:
    items = [item_of(name, "failed_over", changed_gb=100) for name in ("vm1", "db", "web")]
    vault = driver(scenario_of(*items, recovery_plans=PAIR))
    names = ("vm1",) if target == VM1 else ("db", "web")
    vault.run("planned_failover", **target)
    cancelled = vault.run("job", **target, **ACCEPTED)
    assert cancelled["stage"] == {"before": "waiting_for_completion", "after": "interrupted"}
    assert {vault.state(name)["on_premises_vm"]["disks"] for name in names} == {"inconsistent"}
    assert all(name in cancelled["warnings"][0] for name in names)
    refused = vault.fail("complete_failover", **target)
    assert "Never start the on-premises VM" in refused["msg"]
    copied = vault.run("planned_failover", **target, data_sync=data_sync)
    ran = [task["name"] for task in copied["members"] or [copied] for task in tasks_that_ran(vault, task)]
    assert "MonitorDataSync" in ran
    vault.run("complete_failover", **target)
    for name in names:
        assert vault.state(name)["on_premises_vm"] == {
            "exists": True,
            "power": "running",
            "disks": "consistent",
            "host": "hv01",
        }


def tasks_that_ran(vault: ModuleRunner, entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The tasks that a member's job did not skip, those of a plan's jobs for single VMs included."""
    (job,) = vault.run("job_info", name=entry["job"]["name"], full=True)["jobs"]
    parts = [one for child in job["child_jobs"] for one in vault.run("job_info", name=child["name"], full=True)["jobs"]]
    flat = [task for one in (job, *parts) for task in one["tasks"]]
    nested = [child for task in flat for child in (task["group_task_custom_details"] or {}).get("child_tasks", [])]
    every = [task for task in (*flat, *nested) if task["state"] == "Succeeded"]
    return [task for task in every if task["state_description"] != "Skipped"]


def test_the_refusal_names_every_vm_of_a_plan(driver: Any) -> None:
    vault = driver(scenario_of("db", "web", recovery_plans=PAIR))
    vault.run("planned_failover", **SHOP)
    refused = vault.fail("job", **SHOP, **CANCELLED)
    assert "of db, web" in refused["msg"]
    of_plan = vault.fail("job", replicated_item="db", **ACCEPTED)
    assert "recovery_plan: shop" in of_plan["msg"]
    by_name = vault.fail("job", name=running_job(vault, "shop")["name"], **CANCELLED)
    assert "of db, web" in by_name["msg"]
    assert words_of_writes(vault) == ["plannedFailover"]


def test_a_part_of_a_plan_is_not_cancelled_alone(driver: Any) -> None:
    items = [item_of(name, changed_gb=300) for name in ("db", "web")]
    vault = driver(scenario_of(*items, recovery_plans=PAIR))
    vault.run("planned_failover", **SHOP, wait_for="started")
    vault.pass_time(60)
    (job,) = vault.run("job_info", name=running_job(vault, "shop")["name"])["jobs"]
    part = next(child["name"] for child in job["child_jobs"])
    refused = vault.fail("job", name=part, **ACCEPTED)
    assert f"is a part of job {job['name']} of the recovery plan shop" in refused["msg"]
    assert words_of_writes(vault) == ["plannedFailover"]


@pytest.mark.parametrize("location", ["Primary", "Recovery"])
def test_a_plan_whose_job_has_cut_some_vms_over_tells_them_apart(driver: Any, location: str) -> None:
    pending = {"failback_pending": {"active_location": location, "operation": "Commit"}}
    vault = driver(scenario_of("db", "web", recovery_plans=PAIR, variants=pending))
    vault.run("planned_failover", **SHOP, data_sync="during_failover", wait=False)
    while vault.state("db")["on_premises_vm"]["power"] != "running":
        vault.pass_time(1)
    result = vault.run("job", **SHOP, **ACCEPTED)
    assert [one["stage"]["after"] for one in result["members"]] == ["failback_commit_pending", "interrupted"]
    assert (result["authoritative_side"], result["stage"]["after"]) == ("mixed", "mixed")
    assert "disks of web are" in result["warnings"][0]


def test_jobs_of_single_vms_are_not_the_plan_s(driver: Any) -> None:
    items = [item_of("db", "reverse_replicating"), item_of("web", "failed_back")]
    vault = driver(scenario_of(*items, recovery_plans=PAIR))
    refused = vault.fail("job", **SHOP, **CANCELLED)
    assert "No job of the plan runs" in refused["msg"]
    assert refused["error"]["jobs"] == [running_job(vault, "db")["name"]]
    assert vault.writes() == []


def test_a_job_that_is_being_cancelled_is_attached_to(driver: Any) -> None:
    vault = in_stage(driver, "synchronizing")
    first = vault.run("job", **VM1, **ACCEPTED, wait=False)
    assert (first["changed"], first["job"]["state"], first["stage"]["after"]) == (True, "Cancelling", "busy")
    disks, cancelling = first["warnings"]
    assert NEVER_START in disks
    assert "has not ended yet" in cancelling
    second = vault.run("job", **VM1, **CANCELLED)
    assert (second["changed"], second["stage"]["after"]) == (False, "interrupted")
    assert words_of_writes(vault) == ["cancel"]


def test_a_job_that_is_cancelled_already_needs_nothing(driver: Any) -> None:
    vault = in_stage(driver, "interrupted")
    job = next(job["name"] for job in vault.jobs("vm1") if job["state"] == "Cancelled")
    result = vault.run("job", name=job, **CANCELLED)
    assert (result["changed"], result["job"]["state"]) == (False, "Cancelled")
    assert NEVER_START in result["warnings"][0]


@pytest.mark.parametrize("how", ["Succeeded", "Failed"])
def test_a_job_that_ended_otherwise_is_refused(driver: Any, how: str) -> None:
    vault = in_stage(driver, "failed_back")
    if how == "Failed":
        vault.trouble(job_task="EnableProtection")
        vault.fail("reverse_replicate", **VM1)
    job = next(job["name"] for job in vault.jobs("vm1") if job["state"] == how)
    sent = len(vault.writes())
    refused = vault.fail("job", name=job, **ACCEPTED)
    assert how in refused["msg"]
    assert "nothing left to cancel" in refused["msg"]
    assert (refused["error"]["job_state"], len(vault.writes())) == (how, sent)


def test_a_cancel_that_comes_too_late_is_refused_with_the_truth(driver: Any) -> None:
    vault = in_stage(driver, "completing")
    job = running_job(vault)["name"]
    fault(vault, "GET", f"/replicationJobs/{job}$", {"do": "status", "status": 200, "body": body_of(vault, job)}, nth=1)
    vault.pass_time(4000)
    refused = vault.fail("job", name=job, **ACCEPTED)
    assert "Succeeded" in refused["msg"]
    assert (refused["error"]["kind"], refused["changed"]) == ("refused", False)
    assert (refused["authoritative_side"], refused["stage"]["after"]) == ("on_premises", "failback_commit_pending")


def body_of(vault: ModuleRunner, job: str) -> Any:
    """What the service says of a job now."""
    return vault.simulator.locked(lambda world: job_body(world.vault, world.vault.find_job(job)))


@pytest.mark.parametrize("stage", ["completing", "waiting_for_completion"])
def test_a_cancel_that_was_taken_and_not_heeded_is_no_cancel(driver: Any, stage: str) -> None:
    vault = in_stage(driver, stage)
    job = running_job(vault)["name"]
    taken = {"do": "status", "status": 202, "headers": {"x-ms-request-id": f"/replicationJobs/{job}"}, "body": {}}
    fault(vault, "POST", "/cancel$", taken)
    failed = vault.fail("job", **VM1, **ACCEPTED)
    assert (failed["error"]["kind"], failed["changed"]) == ("contradiction", True)
    state = {"completing": "Succeeded", "waiting_for_completion": "Suspended"}[stage]
    assert failed["error"]["job_state"] == state
    assert f"was to be cancelled, but is {state}" in failed["msg"]
    assert failed["stage"]["after"] == vault.state("vm1")["stage"]
    assert words_of_writes(vault) == ["cancel"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("action", [{"do": "reset"}, {"do": "status", "status": 503, "retry_after": 1}], ids=str)
def test_a_cancel_of_unknown_fate_is_settled_by_reading(driver: Any, action: dict[str, Any], when: str) -> None:
    vault = in_stage(driver, "waiting_for_completion")
    fault(vault, "POST", "/cancel$", {**action, "when": when})
    if when == "after":
        result = vault.run("job", **VM1, **ACCEPTED)
        assert (result["changed"], result["stage"]["after"]) == (True, "interrupted")
    else:
        failed = vault.fail("job", **VM1, **ACCEPTED)
        assert (failed["error"]["kind"], failed["changed"]) == ("fate_unknown", True)
        assert failed["stage"]["after"] == "waiting_for_completion"
    assert words_of_writes(vault) == ["cancel"]


def test_a_deadline_leaves_the_job_to_a_later_run(driver: Any) -> None:
    vault = in_stage(driver, "synchronizing", rates={"cancel_seconds": 600})
    failed = vault.fail("job", **VM1, **ACCEPTED, wait_timeout=60)
    assert (failed["error"]["kind"], failed["changed"]) == ("timeout", True)
    assert failed["error"]["job_state"] == "Cancelling"
    assert vault.run("job", **VM1, **CANCELLED)["stage"]["after"] == "interrupted"


@pytest.mark.parametrize(
    ("module", "stage", "options", "left", "words"),
    [
        ("commit", "failback_commit_pending", NOW, "failback_commit_pending", "deleted the VM in Azure"),
        ("commit", "failover_commit_pending", {"direction": "failover"}, "failover_commit_pending", "commit again"),
        ("planned_failover", "protected", {"direction": "primary_to_recovery"}, "protected", "on-premises VM down"),
        ("reverse_replicate", "failed_back", {}, "failed_back", "reverse_replicate again"),
    ],
)
def test_other_jobs_are_cancelled_without_acceptance_and_say_what_to_look_after(
    driver: Any, module: str, stage: str, options: dict[str, Any], left: str, words: str
) -> None:
    vault = in_stage(driver, stage, rates={"commit_seconds": 100})
    vault.run(module, **VM1, **options, wait=False)
    vault.pass_time(5)
    predicted = vault.run("job", check_mode=True, **VM1, **CANCELLED)
    result = vault.run("job", **VM1, **CANCELLED)
    assert (result["stage"]["after"], result["changed"]) == (left, True)
    assert predicted["stage"] == result["stage"]
    assert words in result["warnings"][0]
    assert result["direction"] is not None
    assert result["direction"] == predicted["direction"]


def failed_replication(driver: Any, **parts: Any) -> tuple[ModuleRunner, str]:
    """A vault whose reverse replication has failed once, and its job."""
    vault = in_stage(driver, "failed_back", **parts)
    vault.trouble(job_task="EnableProtection")
    return vault, vault.fail("reverse_replicate", **VM1)["error"]["job_id"]


@pytest.mark.parametrize("by_name", [True, False])
def test_a_restart_is_followed_to_the_end_of_the_work(driver: Any, by_name: bool) -> None:
    vault, job = failed_replication(driver)
    target = {"name": job} if by_name else VM1
    sent = vault.requests()
    predicted = vault.run("job", check_mode=True, **target, **RESTARTED)
    assert vault.writes(sent) == []
    result = vault.run("job", **target, **RESTARTED)
    assert (predicted["changed"], predicted["stage"]) == (result["changed"], result["stage"])
    assert result["stage"] == {"before": "failed_back", "after": "reverse_replicating"}
    assert (result["job"]["scenario_name"], result["job"]["state"]) == ("ReprotectReplicationGroup", "Succeeded")
    assert result["job"]["name"] != job
    assert [line.rsplit("/", 1)[1] for line in vault.writes(sent)] == ["restart"]
    again = vault.fail("job", name=job, **RESTARTED)
    assert f"superseded by the later job {result['job']['name']}" in again["msg"]
    assert vault.run("reverse_replicate", **VM1)["stage"]["after"] == "protected"


def test_a_restart_whose_work_fails_again_says_why(driver: Any) -> None:
    vault, job = failed_replication(driver)
    vault.trouble(job_task="EnableProtection")
    failed = vault.fail("job", name=job, **RESTARTED)
    assert (failed["error"]["kind"], failed["changed"]) == ("job_failed", True)
    assert failed["error"]["job_id"] != job
    assert failed["stage"]["after"] == "failed_back"


@pytest.mark.parametrize("seconds", [4, 40])
def test_a_restart_that_runs_already_is_attached_to(driver: Any, seconds: int) -> None:
    vault, job = failed_replication(driver, rates={"check_seconds": 20, "enable_protection_seconds": 100})
    first = vault.run("job", name=job, **RESTARTED, wait=False)
    assert first["changed"] is True
    vault.pass_time(seconds)
    sent = vault.requests()
    second = vault.run("job", name=job, **RESTARTED)
    assert (second["changed"], second["stage"]["after"]) == (False, "reverse_replicating")
    assert second["job"]["scenario_name"] == "ReprotectReplicationGroup"
    assert vault.writes(sent) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_restart_of_unknown_fate_is_settled_by_reading(driver: Any, when: str) -> None:
    vault, job = failed_replication(driver)
    sent = vault.requests()
    fault(vault, "POST", "/restart$", {"do": "reset", "when": when})
    if when == "after":
        result = vault.run("job", name=job, **RESTARTED)
        assert (result["changed"], result["stage"]["after"]) == (True, "reverse_replicating")
    else:
        failed = vault.fail("job", name=job, **RESTARTED)
        assert (failed["error"]["kind"], failed["stage"]["after"]) == ("fate_unknown", "failed_back")
    assert [line.rsplit("/", 1)[1] for line in vault.writes(sent)] == ["restart"]


def test_a_job_whose_step_was_done_anew_is_history(driver: Any) -> None:
    vault, job = failed_replication(driver)
    vault.run("reverse_replicate", **VM1)
    sent = vault.requests()
    refused = vault.fail("job", name=job, **RESTARTED)
    assert "it is superseded by the later job" in refused["msg"]
    assert (refused["stage"]["after"], vault.writes(sent)) == ("protected", [])


@pytest.mark.parametrize(
    ("stage", "module", "options", "words"),
    [
        ("interrupted", None, {}, "planned_failover"),
        ("protected", "planned_failover", {"direction": "primary_to_recovery"}, "direction: primary_to_recovery"),
        ("failback_commit_pending", "commit", NOW, "Run commit"),
    ],
)
def test_what_cannot_be_restarted_names_the_module_to_run(
    driver: Any, stage: str, module: str | None, options: dict[str, Any], words: str
) -> None:
    vault = in_stage(driver, stage)
    tasks = {"planned_failover": "VmFailover", "commit": "FinalizeRestoreOnPrimary"}
    if module is not None:
        vault.trouble(job_task=tasks[module])
        vault.fail(module, **VM1, **options)
    sent = vault.requests()
    refused = vault.fail("job", **VM1, **RESTARTED)
    assert words in refused["msg"]
    assert vault.writes(sent) == []


@pytest.mark.parametrize("stage", ["synchronizing", "failed_back"])
def test_what_runs_or_has_succeeded_is_not_restarted(driver: Any, stage: str) -> None:
    vault = in_stage(driver, stage)
    job = vault.jobs("vm1")[0]["name"]
    refused = vault.fail("job", name=job, **RESTARTED)
    assert "Nothing was written" in refused["msg"]
    assert vault.writes() == []


def test_a_restart_that_does_not_fit_the_stage_is_refused(driver: Any) -> None:
    vault = in_stage(driver, "failback_commit_pending")
    # As somebody may do in the portal: 25038, recorded.
    vault.simulator.locked(reverse_replicate_too_early)
    vault.pass_time(600)
    job = next(job for job in vault.jobs("vm1") if job["scenario"] == "ReprotectReplicationGroup")
    refused = vault.fail("job", name=job["name"], **RESTARTED)
    assert "Run commit first" in refused["msg"]
    assert vault.writes() == []


def reverse_replicate_too_early(world: Any) -> None:
    """Ask for it while the commit is pending."""
    details = {"instanceType": "HyperVReplicaAzure"}
    properties = {"failoverDirection": "PrimaryToRecovery", "providerSpecificDetails": details}
    OPERATIONS["reProtect"](world.vault, world.vault.items[0], {"properties": properties}, "somebody")


def test_a_job_of_no_vm_or_plan_is_told_without_a_stage(driver: Any) -> None:
    vault = in_stage(driver, "failed_over")
    vault.run("failback_prereq", **VM1, refresh_provider=True)
    job = next(job for job in vault.simulator.state()["jobs"] if job["scenario"] == "RefreshFabricLayout")
    refused = vault.fail("job", name=job["name"], **CANCELLED)
    assert "Succeeded" in refused["msg"]
    assert "stage" not in refused


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "../x"}, "neither the name nor the resource id of a job"),
        ({"name": ".."}, "neither the name nor the resource id of a job"),
        ({"name": "a'b"}, "has no job 'a'b'"),
        ({"name": "x/cancel?y=1#"}, "neither the name nor the resource id of a job"),
        ({"name": "00000000-0000-0000-0000-000000000001"}, "has no job '00000000-0000-0000-0000-000000000001'"),
        ({"replicated_item": "vm"}, "Similar names: vm1"),
        ({"recovery_plan": "shap"}, "Similar names: shop"),
        ({"name": " "}, "name is empty"),
    ],
    ids=str,
)
def test_a_wrong_name_is_one_clear_error(driver: Any, options: dict[str, str], words: str) -> None:
    vault = driver(scenario_of("vm1", recovery_plans=[{"name": "shop", "groups": [["vm1"]]}]))
    for state in (ACCEPTED, RESTARTED):
        assert words in vault.fail("job", **options, **state)["msg"]
    assert vault.writes() == []


def test_a_mistyped_name_is_suggested_and_an_id_is_taken(driver: Any) -> None:
    vault = in_stage(driver, "waiting_for_completion")
    job = running_job(vault)["name"]
    assert f"Similar names: {job}" in vault.fail("job", name=job[:-1], **ACCEPTED)["msg"]
    whole = vault.run("job_info", name=job)["jobs"][0]["id"]
    elsewhere = vault.fail("job", name=whole.replace("/vaults/", "/vaults/x"), **ACCEPTED)
    assert "belongs to another vault" in elsewhere["msg"]
    wrong = vault.fail("job", name=whole.replace("replicationJobs", "replicationEvents"), **ACCEPTED)
    assert "neither the name nor the resource id of a job" in wrong["msg"]
    assert vault.writes() == []
    assert vault.run("job", name=whole, **ACCEPTED)["stage"]["after"] == "interrupted"


@pytest.mark.parametrize("options", [{}, {**VM1, **SHOP}, {**VM1, "name": "x"}], ids=str)
def test_one_target_is_required(driver: Any, options: dict[str, str]) -> None:
    vault = in_stage(driver, "failed_over")
    said = vault.fail("job", **options, **CANCELLED)["msg"]
    assert "name" in said
    assert vault.requests() == 0


@pytest.mark.parametrize(("state", "action"), [(ACCEPTED, "cancel"), (RESTARTED, "restart")])
def test_a_missing_permission_is_named(driver: Any, state: dict[str, Any], action: str) -> None:
    principals = [
        {"name": "operator", "roles": ["Site Recovery Operator"]},
        {"name": "reader", "roles": ["Site Recovery Reader"]},
    ]
    vault, job = failed_replication(driver, principals=principals)
    if action == "cancel":
        job = vault.run("reverse_replicate", **VM1, wait=False)["job"]["name"]
        vault.pass_time(5)
    reader = next(one for one in vault.simulator.connection["principals"] if one["name"] == "reader")
    signed_in = {"client_id": reader["client_id"], "secret": reader["client_secret"]}
    failed = vault.fail("job", name=job, **state, **signed_in)
    assert failed["error"]["kind"] == "permission"
    assert f"replicationJobs/{action}/action" in failed["msg"]
    assert failed["changed"] is False


def test_everything_says_of_an_interrupted_vm_that_it_must_not_be_started(driver: Any) -> None:
    vault = driver(scenario_of(item_of("db", "interrupted"), "web", recovery_plans=PAIR))
    shown = vault.run("replicated_item_info", name="db")
    assert NEVER_START in shown["replicated_items"][0]["reason"]
    assert NEVER_START in shown["summary"][0]
    plan = vault.run("recovery_plan_info", name="shop")
    assert NEVER_START in plan["recovery_plans"][0]["members"][0]["reason"]
    assert NEVER_START in plan["summary"][0]
    table = vault.run("vault_status")["lines"]
    assert any(line.startswith("db: ") and NEVER_START in line for line in table)
    assert not any("web" in line and NEVER_START in line for line in table)
    checked = vault.run("failback_prereq", replicated_item="db")
    (found,) = [one for one in checked["findings"] if one["id"] == "on_premises_disks"]
    assert "not consistent" in found["cause"]
    assert "Never start the on-premises VM" in found["remedy"]
    assert "planned_failover" in found["remedy"]


def test_a_failback_that_fails_while_it_writes_says_so_as_well(driver: Any) -> None:
    vault = in_stage(driver, "failed_over")
    vault.trouble(job_task="MonitorDataSync")
    failed = vault.fail("planned_failover", **VM1)
    assert "The on-premises disks of vm1 are not consistent" in failed["msg"]
    assert NEVER_START in failed["msg"]


def test_what_somebody_else_has_failed_at_is_not_restarted_unless_it_is_named(driver: Any) -> None:
    vault = in_stage(driver, "protected")
    # A colleague's: there is no test to clean up.
    vault.trouble(operation="testFailoverCleanup", item="vm1")
    vault.pass_time(3600)
    sent = vault.requests()
    job = vault.jobs("vm1")[0]
    assert (job["scenario"], job["state"]) == ("TestFailoverCleanup", "Failed")
    refused = vault.fail("job", **VM1, **RESTARTED)
    assert f"name: {job['name']}" in refused["msg"]
    assert vault.writes(sent) == []
    assert vault.run("job", name=job["name"], check_mode=True, **RESTARTED)["changed"] is True


@pytest.mark.parametrize("state", [CANCELLED, RESTARTED], ids=["cancel", "restart"])
def test_a_refusal_to_choose_a_job_tells_stage_and_truth(driver: Any, state: dict[str, str]) -> None:
    vault = driver(scenario_of("vm1", recovery_plans=[{"name": "shop", "groups": [["vm1"]]}]))
    vault.run("planned_failover", recovery_plan="shop", wait_for="started")
    if state is RESTARTED:
        # A vault that keeps no job of it any more.
        vault.simulator.locked(lambda world: world.vault.jobs.clear())
    refused = vault.fail("job", **VM1, **state)
    assert refused["authoritative_side"] == "azure"
    assert "The Azure VM is authoritative" in refused["msg"]
    assert refused["stage"]["before"] == refused["stage"]["after"]


def test_a_vm_that_vanishes_while_its_job_is_restarted_is_told_so(driver: Any) -> None:
    vault, job = failed_replication(driver)

    def remove(_seconds: float) -> None:
        vault.meanwhile = None
        vault.trouble(item="vm1", removed=True)

    vault.meanwhile = remove
    failed = vault.fail("job", name=job, **RESTARTED)
    assert (failed["changed"], failed["authoritative_side"]) == (True, None)
    assert "It no longer exists in the vault" in failed["msg"]
    assert "disabled the replication" in failed["msg"]

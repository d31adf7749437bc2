# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery plans: failed back as a whole, protected item by item, and never further than every member allows."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import accepted
from support.scenarios import item_of, scenario_of

CYCLE = ("planned_failover", "complete_failover", "commit", "reverse_replicate")


def plan_of(*items: Any, **parts: Any) -> dict[str, Any]:
    """A scenario with a plan `shop` of these items, each in a group of its own."""
    scenario = scenario_of(*items, **parts)
    names = [item["name"] for item in scenario["items"]]
    return {**scenario, "recovery_plans": [{"name": "shop", "groups": [[name] for name in names]}]}


def test_a_whole_plan_comes_back_with_one_write_a_step_and_one_reprotect_a_vm(driver: Any) -> None:
    vault = driver(plan_of("db", "web"), policy="now", **accepted("db", "web"))
    results = [vault.run(module, recovery_plan="shop") for module in CYCLE]
    writes = vault.writes()
    assert [writes[0], writes[2]] == ["POST shop/plannedFailover", "POST shop/failoverCommit"]
    assert writes[1].endswith("/resume")
    assert writes[3:] == ["POST db/reProtect", "POST web/reProtect"]
    assert [result["stage"]["after"] for result in results] == [
        "waiting_for_completion",
        "failback_commit_pending",
        "failed_back",
        "protected",
    ]
    assert [member["friendly_name"] for member in results[-1]["members"]] == ["db", "web"]
    sent = vault.requests()
    assert not any(vault.run(module, recovery_plan="shop")["changed"] for module in CYCLE)
    assert vault.writes(since=sent) == []


def test_check_mode_predicts_a_plan_without_a_write(driver: Any) -> None:
    vault = driver(plan_of("db", "web"))
    predicted = vault.run("planned_failover", recovery_plan="shop", check_mode=True)
    assert vault.writes() == []
    done = vault.run("planned_failover", recovery_plan="shop")
    assert predicted["stage"] == done["stage"]
    assert predicted["data_sync"] == done["data_sync"]


def test_a_plan_takes_the_full_download_when_one_vm_is_a_month_old(driver: Any) -> None:
    vault = driver(plan_of("new", item_of("old", in_azure_for="31d")))
    result = vault.run("planned_failover", recovery_plan="shop")
    assert result["data_sync"]["option"] == "during_failover"
    assert "old was failed over 31 days ago" in result["data_sync"]["reason"]
    assert result["stage"]["after"] == "failback_commit_pending"


def test_members_that_stand_in_the_way_are_named_and_nothing_is_written(driver: Any) -> None:
    vault = driver(plan_of("db", item_of("web", "failover_commit_pending")))
    refused = vault.fail("planned_failover", recovery_plan="shop")
    assert refused["error"]["stages"] == {"web": "failover_commit_pending"}
    assert "1 of 2 VMs of the plan" in refused["msg"]
    assert vault.writes() == []


def test_only_the_members_that_still_need_it_are_failed_back(driver: Any) -> None:
    vault = driver(plan_of("db", item_of("web", "failed_back")))
    vault.run("planned_failover", recovery_plan="shop", data_sync="before_failover")
    assert vault.writes() == ["POST db/plannedFailover"]


def test_a_vm_of_a_plan_job_is_not_completed_alone(driver: Any) -> None:
    vault = driver(plan_of("db", "web"))
    vault.run("planned_failover", recovery_plan="shop")
    sent = vault.requests()
    refused = vault.fail("complete_failover", replicated_item="web")
    assert "whole recovery plan" in refused["msg"]
    assert "recovery_plan: shop" in refused["msg"]
    assert vault.writes(since=sent) == []


def test_a_manual_action_is_not_mistaken_for_complete_failover(driver: Any) -> None:
    scenario = plan_of("db")
    scenario["recovery_plans"][0]["manual_actions"] = [{"name": "Switch DNS", "group": 1, "description": "By hand"}]
    vault = driver(scenario)
    vault.run("planned_failover", recovery_plan="shop")
    for resumed in (True, False):
        refused = vault.fail("complete_failover", recovery_plan="shop")
        assert refused["error"]["kind"] == "refused"
        assert "waits for a manual action (WaitingForManualAction)" in refused["msg"]
        assert refused["changed"] is resumed
    assert len([line for line in vault.writes() if line.endswith("/resume")]) == 1


def test_an_interrupted_run_attaches_to_the_plan_job(driver: Any) -> None:
    vault = driver(plan_of("db", "web"))
    started = vault.run("planned_failover", recovery_plan="shop", wait=False)
    again = vault.run("planned_failover", recovery_plan="shop")
    assert (started["changed"], again["changed"]) == (True, False)
    assert vault.writes() == ["POST shop/plannedFailover"]
    assert again["job"]["state"] == "Suspended"


VARIANTS = [
    {"failback_scenario_name": "Failback"},
    {"failback_pending": {"active_location": "Recovery", "operation": "Commit"}},
    {"failback_pending": {"active_location": "Recovery", "operation": "FinalizeFailback"}},
    {"failback_pending": {"active_location": "Primary", "operation": "FinalizeFailback"}},
    {"committed_operation": "PlannedFailover"},
    {"plan_job_id_differs": True},
    {"plan_job_id_differs": False},
    {"signed_poll_urls": True},
    {"skipped_tasks": 2015},
    {"plan_reprotect": "error"},
    {"page_size": 1},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize("sync", ["before_failover", "during_failover"])
@pytest.mark.parametrize("target", [{"replicated_item": "web"}, {"recovery_plan": "shop"}], ids=["item", "plan"])
def test_every_plausible_form_of_what_was_never_recorded_is_understood(
    driver: Any, variant: dict[str, Any], sync: str, target: dict[str, str]
) -> None:
    names = ("web",) if "replicated_item" in target else ("db", "web")
    vault = driver(plan_of("db", "web", variants=variant), policy="now", **accepted(*names))
    vault.run("planned_failover", data_sync=sync, **target)
    for module in CYCLE[1:]:
        result = vault.run(module, **target)
    assert result["stage"]["after"] == "protected"
    assert vault.state("web")["stage"] == "protected"
    resumes = [line for line in vault.writes() if line.endswith("/resume")]
    assert len(resumes) == (1 if sync == "before_failover" else 0)


def garbled(vault: Any, field: str, value: Any) -> None:
    """Let all answers about the plan have another value in a field."""
    match = {"method": "GET", "path": "/replicationRecoveryPlans/shop$", "times": 0}
    action = {"do": "edit", "field": field, "to": value}
    vault.simulator.locked(lambda world: world.faults.add({"match": match, "action": action}))


@pytest.mark.parametrize("module", [*CYCLE, "failback_prereq", "failback_validate"])
def test_a_plan_that_cannot_be_understood_is_no_plan_of_nobody(driver: Any, module: str) -> None:
    vault = driver(plan_of("db", "web"))
    garbled(vault, "properties", 7)
    failed = vault.fail(module, recovery_plan="shop")
    assert "its properties should be an object, not a number" in failed["msg"]
    assert vault.writes() == []


MEMBERS = "properties.groups[].replicationProtectedItems"


@pytest.mark.parametrize("module", [*CYCLE, "failback_prereq", "failback_validate"])
@pytest.mark.parametrize(
    ("field", "value", "kind", "words"),
    [
        ("properties.groups", None, "target", "names no VMs"),
        ("properties.groups", [], "target", "names no VMs"),
        ("properties.groups", 7, "unknown_state", "groups = '7'"),
        ("properties.groups", [7], "unknown_state", "a group's replicationProtectedItems = '7'"),
        (MEMBERS, 7, "unknown_state", "replicationProtectedItems = '7'"),
        (f"{MEMBERS}[].id", "", "unknown_state", "a group's replicationProtectedItems"),
    ],
)
def test_a_plan_that_does_not_name_its_vms_is_an_error_and_no_success(
    driver: Any, module: str, field: str, value: Any, kind: str, words: str
) -> None:
    vault = driver(plan_of("db", "web"))
    garbled(vault, field, value)
    failed = vault.fail(module, recovery_plan="shop")
    assert failed["error"]["kind"] == kind
    assert words in failed["msg"]
    assert vault.writes() == []


@pytest.mark.parametrize("others", ["failback_commit_pending", "failed_back", "protected"])
@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
def test_each_step_takes_the_stage_that_the_one_before_returned(driver: Any, others: str, check_mode: bool) -> None:
    """As a playbook passes it on: it is mixed while the VMs of a plan differ."""
    vault = driver(plan_of("db", item_of("web", others)), policy="now").knows_hosts()
    stage, told = None, []
    for module in (*CYCLE[:2], "failback_validate", *CYCLE[2:]):
        result = vault.run(module, recovery_plan="shop", check_mode=check_mode, assume_stage=stage)
        stage = result["stage"]["after"]
        told.append(stage)
    assert told[0] == "mixed"
    assert told[-1] == "protected"
    assert {vault.state(name)["stage"] for name in ("db", "web")} == (
        {"failed_over", others} if check_mode else {"protected"}
    )
    assert bool(vault.writes()) is not check_mode

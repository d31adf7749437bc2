# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What could destroy data or be told wrongly: each was seen to go wrong once."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import accepted
from support.scenarios import item_of, scenario_of

PAIR = [{"name": "shop", "groups": [["db"], ["web"]]}]


def add_fault(vault: Any, method: str, path: str, action: dict[str, Any], **match: Any) -> None:
    """Let the simulator go wrong."""
    fault = {"match": {"method": method, "path": path, **match}, "action": action}
    vault.simulator.locked(lambda world: world.faults.add(fault))


def test_a_commit_does_not_delete_an_azure_vm_that_runs(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failback_commit_pending")))
    vm = vault.state("vm1")["azure_vm"]["id"]
    vault.simulator.locked(lambda world: world.compute.start(vm))
    vault.pass_time(600)
    refused = vault.fail("commit", replicated_item="vm1", policy="now")
    assert refused["error"]["kind"] == "contradiction"
    assert "Do not commit" in refused["msg"]
    assert (vault.writes(), vault.state("vm1")["azure_vm"]["exists"]) == ([], True)


def test_a_service_that_cannot_answer_for_a_while_ends_no_wait(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    trouble = {"do": "status", "status": 503, "retry_after": 1}
    add_fault(vault, "GET", "/replicationJobs/", trouble, nth=2, times=15)
    assert vault.run("planned_failover", replicated_item="vm1")["stage"]["after"] == "waiting_for_completion"
    assert any("trying again" in line for line in vault.lines)


def test_a_service_that_stays_away_ends_the_wait_with_the_side_as_last_read(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    trouble = {"do": "status", "status": 503, "retry_after": 1}
    add_fault(vault, "GET", "/replication", trouble, nth=10, times=0)
    failed = vault.fail("planned_failover", replicated_item="vm1", wait_timeout=1800)
    assert (failed["error"]["kind"], failed["changed"]) == ("service", True)
    assert "as last read" in failed["msg"]
    assert ", as far as is known, goes on in Azure: until that has ended, start no VM on either side" in failed["msg"]
    assert failed["error"]["started_jobs"][0] in [job["name"] for job in vault.jobs("vm1")]


@pytest.mark.parametrize(
    ("stage", "module", "options"),
    [
        ("failback_commit_pending", "commit", {"policy": "now", **accepted("vm1")}),
        ("waiting_for_completion", "complete_failover", {}),
    ],
)
def test_an_outage_right_after_a_write_claims_nothing_of_what_the_write_did(
    driver: Any, stage: str, module: str, options: dict[str, Any]
) -> None:
    vault = driver(scenario_of(item_of("vm1", stage)))

    def go_away(_seconds: float) -> None:
        vault.meanwhile = None
        add_fault(vault, "GET", "", {"do": "refuse", "seconds": 0}, times=0)

    vault.meanwhile = go_away
    failed = vault.fail(module, replicated_item="vm1", wait_timeout=1800, **options)
    assert (failed["error"]["kind"], failed["changed"], len(vault.writes())) == ("unreachable", True, 1)
    assert failed["stage"]["after"] == stage
    assert (failed["authoritative_side"], failed["reversible"]) == (None, None)
    assert "What the request did since is not known" in failed["msg"]
    for untrue in ("The request was not sent", "copy is authoritative", "in Azure is authoritative", "still there"):
        assert untrue not in failed["msg"]


def test_a_write_of_unknown_fate_stays_one_when_nothing_can_be_read_after_it(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    add_fault(vault, "POST", "/plannedFailover$", {"do": "close", "when": "after"})
    add_fault(vault, "GET", "/replicationProtectedItems/", {"do": "close"}, nth=2, times=0)
    failed = vault.fail("planned_failover", replicated_item="vm1")
    assert (failed["error"]["kind"], failed["changed"]) == ("fate_unknown", True)
    assert "The request was sent" in failed["msg"]
    assert vault.writes() == ["POST vm1/plannedFailover"]


def test_a_plan_done_item_by_item_tells_what_it_had_started(driver: Any) -> None:
    items = [item_of("db", "failed_back"), item_of("web", "failed_back")]
    vault = driver(scenario_of(*items, recovery_plans=PAIR))
    denied = {"do": "status", "status": 403, "code": "AuthorizationFailed", "message": "no"}
    add_fault(vault, "POST", "/web/reProtect$", denied)
    failed = vault.fail("reverse_replicate", recovery_plan="shop")
    assert (failed["error"]["kind"], failed["changed"]) == ("permission", True)
    assert failed["error"]["started_jobs"] == [vault.jobs("db")[0]["name"]]


def test_check_mode_leaves_alone_what_the_run_leaves_alone(driver: Any) -> None:
    vault = driver(scenario_of("db", item_of("web", "protected"), recovery_plans=PAIR))
    predicted = vault.run("planned_failover", recovery_plan="shop", check_mode=True)
    done = vault.run("planned_failover", recovery_plan="shop")
    assert predicted["stage"] == done["stage"] == {"before": "mixed", "after": "mixed"}
    assert [one["stage"] for one in predicted["members"]] == [one["stage"] for one in done["members"]]
    assert [one["authoritative_side"] for one in predicted["members"]] == ["azure", "on_premises"]


@pytest.mark.parametrize(
    ("stage", "module", "options"),
    [
        ("failed_over", "planned_failover", {"wait": False}),
        ("failed_over", "planned_failover", {"wait_for": "started"}),
        ("failed_over", "planned_failover", {"data_sync": "during_failover"}),
        ("waiting_for_completion", "complete_failover", {"wait": False}),
        ("failback_commit_pending", "commit", {"policy": "now", "wait": False, **accepted("vm1")}),
        ("failed_back", "reverse_replicate", {"wait": False}),
        ("failed_back", "reverse_replicate", {"wait_for": "job"}),
        ("protected", "planned_failover", {"direction": "primary_to_recovery", "wait": False}),
    ],
)
def test_check_mode_predicts_as_far_as_the_run_waits(
    driver: Any, stage: str, module: str, options: dict[str, Any]
) -> None:
    vault = driver(scenario_of(item_of("vm1", stage)))
    predicted = vault.run(module, replicated_item="vm1", check_mode=True, **options)
    done = vault.run(module, replicated_item="vm1", **options)
    assert (predicted["changed"], predicted["stage"]) == (done["changed"], done["stage"])


def test_a_second_commit_claims_no_deletion(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failback_commit_pending")))
    vault.run("commit", replicated_item="vm1", policy="now", **accepted("vm1"))
    assert vault.run("commit", replicated_item="vm1", policy="now")["azure_resources"]["deleted"] == []
    vault.run("reverse_replicate", replicated_item="vm1")
    nothing = {"deleted": [], "left_behind": [], "not_checked": []}
    assert vault.run("commit", replicated_item="vm1", policy="now")["azure_resources"] == nothing


def test_impatient_polling_does_not_shorten_patience(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failed_back")))
    done = vault.run("reverse_replicate", replicated_item="vm1", poll_interval=1)
    assert done["stage"]["after"] == "protected"


def test_a_vm_of_a_test_failover_is_refused_at_once(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "protected", test_failover="waiting")))
    refused = vault.fail("planned_failover", replicated_item="vm1", direction="primary_to_recovery")
    assert refused["error"]["kind"] == "refused"
    assert "test failover" in refused["msg"]
    assert vault.seconds == 0


def test_a_second_task_attaches_to_a_failback_that_was_just_accepted(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    first = vault.run("planned_failover", replicated_item="vm1", wait=False)
    second = vault.run("planned_failover", replicated_item="vm1", wait=False)
    assert (first["stage"]["after"], second["changed"]) == ("synchronizing", False)
    assert second["job"]["name"] == first["job"]["name"]
    assert vault.writes() == ["POST vm1/plannedFailover"]


def test_the_prerequisites_recommend_what_the_failback_will_do(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", on_premises_vm="missing")))
    for options in ({}, {"create_vm_if_missing": True}, {"target_host": "hv02"}):
        checked = vault.run("failback_prereq", replicated_item="vm1", **options)
        started = vault.run("planned_failover", replicated_item="vm1", check_mode=True, **options)
        assert checked["data_sync"] == started["data_sync"]


def test_the_prerequisites_look_at_the_host_that_is_failed_back_to(driver: Any) -> None:
    hosts = [{"name": "hv01", "connected": False}, {"name": "hv02"}]
    site = {"name": "site1", "type": "HyperVSite", "hosts": hosts}
    vault = driver(scenario_of(item_of("vm1", on_premises_vm="missing"), fabrics=[site]))
    at_home = vault.run("failback_prereq", replicated_item="vm1")
    assert [one["id"] for one in at_home["failed_findings"]][:1] == ["provider_connected"]
    elsewhere = vault.run("failback_prereq", replicated_item="vm1", target_host="hv02")
    assert elsewhere["ready"] is True
    unknown = vault.run("failback_prereq", replicated_item="vm1", target_host="hv77")
    found = {one["id"]: one for one in unknown["failed_findings"]}["provider_connected"]
    assert (unknown["ready"], found["seen"]) == (False, "not registered")
    assert "Registered there: hv01, hv02" in found["remedy"]
    assert "registration key" in found["remedy"]

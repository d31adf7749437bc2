# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery plans may share VMs. No module moves a VM that it does not name, whichever job owns those that it does."""

from __future__ import annotations

from typing import Any

import pytest
from support.oracle import Oracle
from support.scenarios import item_of, scenario_of

# Both plans have web.
PLANS = [{"name": "front", "groups": [["db"], ["web"]]}, {"name": "back", "groups": [["web"], ["app"]]}]
FRONT, BACK, WEB = {"recovery_plan": "front"}, {"recovery_plan": "back"}, {"replicated_item": "web"}


def shared(**stages: str) -> dict[str, Any]:
    items = [item_of(name, stages.get(name, "failed_over")) for name in ("db", "web", "app")]
    return scenario_of(*items, recovery_plans=PLANS)


def refused(vault: Any, module: str, plan: str, **options: Any) -> dict[str, Any]:
    """The failure of a module that must send nothing, and must say which plan it is whose job it is."""
    oracle, sent = Oracle(vault.simulator), vault.requests()
    checked = vault.fail(module, check_mode=True, **options)
    failed = vault.fail(module, **options)
    for one in (checked, failed):
        assert (one["error"]["kind"], one["changed"]) == ("refused", False), one
        assert f"recovery plan {plan}" in one["msg"], one["msg"]
    assert vault.writes(sent) == []
    assert oracle.violations == []
    return failed


def test_a_plan_does_not_complete_the_job_of_another_plan(driver: Any) -> None:
    vault = driver(shared(app="protected"))
    vault.run("planned_failover", **FRONT)
    failed = refused(vault, "complete_failover", "front", **BACK)
    assert "web" in failed["msg"]
    assert vault.state("db")["stage"] == "waiting_for_completion"
    assert vault.run("complete_failover", **FRONT)["stage"]["after"] == "failback_commit_pending"


@pytest.mark.parametrize("target", [BACK, WEB], ids=["plan", "vm"])
@pytest.mark.parametrize("module", ["planned_failover", "complete_failover"])
def test_the_failback_of_another_plan_is_neither_followed_nor_waited_for(
    driver: Any, module: str, target: dict[str, str]
) -> None:
    vault = driver(shared())
    vault.run("planned_failover", **FRONT, wait=False)
    vault.pass_time(10)
    refused(vault, module, "front", **target)


@pytest.mark.parametrize("target", [BACK, WEB], ids=["plan", "vm"])
def test_a_cut_over_of_another_plan_is_not_followed(driver: Any, target: dict[str, str]) -> None:
    vault = driver(shared())
    vault.run("planned_failover", **FRONT)
    vault.run("complete_failover", **FRONT, wait=False)
    vault.pass_time(10)
    refused(vault, "complete_failover", "front", **target)


def test_what_another_plan_has_brought_as_far_as_was_asked_needs_nothing(driver: Any) -> None:
    vault = driver(shared())
    vault.run("planned_failover", **FRONT)
    sent = vault.requests()
    done = vault.run("planned_failover", **WEB)
    assert (done["changed"], done["stage"]["after"]) == (False, "waiting_for_completion")
    assert vault.writes(sent) == []


def test_the_commit_of_another_plan_is_waited_for_and_not_taken_for_its_own(driver: Any) -> None:
    stage = "failback_commit_pending"
    vault = driver(shared(db=stage, web=stage, app=stage), policy="now").knows_hosts()
    vault.run("commit", **FRONT, wait=False)
    oracle = Oracle(vault.simulator)
    done = vault.run("commit", **BACK)
    assert done["stage"]["after"] == "failed_back"
    assert vault.writes() == ["POST front/failoverCommit", "POST app/failoverCommit"]
    assert oracle.violations == []


def test_a_plan_completes_the_jobs_of_its_own_vms(driver: Any) -> None:
    waiting = "waiting_for_completion"
    vault = driver(shared(web=waiting, app=waiting))
    assert vault.run("complete_failover", **BACK)["stage"]["after"] == "failback_commit_pending"
    assert [line.rsplit("/", 1)[1] for line in vault.writes()] == ["resume", "resume"]


def test_a_plan_that_lost_a_vm_since_its_job_began_does_not_cut_that_over(driver: Any) -> None:
    vault = driver(shared())
    vault.run("planned_failover", **FRONT)
    vault.trouble(plan="front", groups=[["db"]])
    sent = vault.requests()
    failed = vault.fail("complete_failover", **FRONT)
    assert (failed["error"]["kind"], failed["changed"]) == ("refused", False)
    assert "web" in failed["msg"]
    assert vault.writes(sent) == []
    vault.trouble(plan="front", groups=[["db"], ["web"]])
    assert vault.run("complete_failover", **FRONT)["stage"]["after"] == "failback_commit_pending"


CANCELLED = {"state": "cancelled", "accept_inconsistent_disks": True}


@pytest.mark.parametrize("during", ["before_failover", "during_failover"])
def test_a_plan_that_lost_a_vm_since_its_job_began_does_not_cancel_that_unsaid(driver: Any, during: str) -> None:
    vault = driver(shared())
    vault.run("planned_failover", **FRONT, data_sync=during, wait=False)
    vault.pass_time(10)
    vault.trouble(plan="front", groups=[["db"]])
    sent = vault.requests()
    for check_mode in (True, False):
        failed = vault.fail("job", **FRONT, **CANCELLED, check_mode=check_mode)
        assert (failed["error"]["kind"], failed["changed"]) == ("refused", False)
        assert "web" in failed["cause"] + failed["remedy"]
    job = {"name": failed["error"]["job_id"]}
    named = vault.fail("job", **job, state="cancelled")
    assert "on-premises disks of db, web" in named["msg"]
    assert vault.writes(sent) == []
    done = vault.run("job", **job, **CANCELLED)
    assert any("web" in warning and "Never start" in warning for warning in done["warnings"]), done["warnings"]


@pytest.mark.parametrize("field", ["properties.tasks", "properties.tasks[].groupTaskCustomDetails"])
def test_a_job_that_does_not_tell_what_it_moves_is_cancelled_by_its_own_name_alone(driver: Any, field: str) -> None:
    vault = driver(shared())
    vault.run("planned_failover", **FRONT)
    untold(vault, field)
    sent = vault.requests()
    failed = vault.fail("job", **FRONT, **CANCELLED)
    assert "does not report every VM that it works on" in failed["msg"]
    assert vault.writes(sent) == []
    done = vault.run("job", name=failed["error"]["job_id"], **CANCELLED)
    assert any("does not report every VM" in warning for warning in done["warnings"]), done["warnings"]


@pytest.mark.parametrize("state", ["cancelled", "restarted"])
def test_a_plan_neither_cancels_nor_restarts_the_job_of_another_plan(driver: Any, state: str) -> None:
    vault = driver(shared())
    vault.run("planned_failover", **FRONT)
    sent = vault.requests()
    failed = vault.fail("job", **BACK, state=state, accept_inconsistent_disks=True)
    assert failed["error"]["kind"] == "refused"
    assert vault.writes(sent) == []
    if state == "cancelled":
        assert "recovery plan front" in failed["msg"]


@pytest.mark.parametrize("field", ["properties.tasks", "properties.tasks[].groupTaskCustomDetails"])
def test_a_job_that_does_not_tell_what_it_moves_is_not_completed(driver: Any, field: str) -> None:
    vault = driver(shared())
    vault.run("planned_failover", **FRONT)
    untold(vault, field)
    sent = vault.requests()
    failed = vault.fail("complete_failover", **FRONT)
    assert (failed["error"]["kind"], failed["changed"]) == ("refused", False)
    assert "does not report every VM that it would cut over" in failed["msg"]
    assert vault.writes(sent) == []


def test_the_job_of_a_vm_that_does_not_tell_its_target_is_not_completed(driver: Any) -> None:
    vault = driver(shared())
    vault.run("planned_failover", **WEB)
    untold(vault, "properties.targetObjectId")
    sent = vault.requests()
    failed = vault.fail("complete_failover", **WEB)
    assert "does not report every VM that it would cut over" in failed["msg"]
    assert vault.writes(sent) == []


def test_a_plan_s_job_without_the_type_of_its_target_is_not_taken_for_that_of_a_vm(driver: Any) -> None:
    vault = driver(shared())
    vault.run("planned_failover", **FRONT)
    untold(vault, "properties.targetInstanceType")
    refused(vault, "job", "front", **WEB, state="cancelled", accept_inconsistent_disks=True)
    refused(vault, "complete_failover", "front", **WEB)


def untold(vault: Any, field: str) -> None:
    """Let single jobs come without a field."""
    match = {"method": "GET", "path": "/replicationJobs/[^/]+$", "times": 0}
    action = {"do": "edit", "field": field, "to": None}
    vault.simulator.locked(lambda world: world.faults.add({"match": match, "action": action}))

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Azure VM that was used after its cut-over and is off again: no commit may delete it by mistake."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import accepted
from support.scenarios import STARTER, item_of, scenario_of

PENDING = "failback_commit_pending"
VM1 = {"replicated_item": "vm1"}
DAYS = 86400
HOSTS = pytest.mark.parametrize("hosts", [True, False], ids=["hosts", "no hosts"])


def pending(driver: Any, *items: Any, **parts: Any) -> Any:
    every = items or (item_of("vm1", PENDING),)
    return driver(scenario_of(*every, **{"principals": [STARTER], **parts})).knows_hosts()


def evidence(vault: Any, **target: str) -> dict[str, Any]:
    return dict(vault.run("failback_validate", **(target or VM1), attested=["it works"])["validation"])


def azure(vault: Any, power: str, name: str = "vm1") -> None:
    """Somebody starts or deallocates the Azure VM, behind everybody's back."""
    vault.simulator.locked(lambda world: getattr(world.compute, power)(name))


def used(driver: Any, *, home: str = "off") -> tuple[Any, dict[str, Any]]:
    """A VM that was validated, then undone, ran in Azure for three days and is off there; with the old evidence."""
    vault = pending(driver)
    proof = evidence(vault)
    vault.run("undo_failback", **VM1)
    vault.pass_time(3 * DAYS)
    azure(vault, "deallocate")
    if home == "running":
        vault.trouble(vm="vm1", power="running")
    vault.pass_time(600)
    return vault, proof


@HOSTS
@pytest.mark.parametrize("home", ["off", "running"])
@pytest.mark.parametrize("policy", ["now", "after_validation"])
@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
def test_what_azure_wrote_since_is_never_deleted_by_a_commit(
    driver: Any, hosts: bool, home: str, policy: str, check_mode: bool
) -> None:
    vault, proof = used(driver, home=home)
    if not hosts:
        vault.inventory = {}
    sent = vault.requests()
    failed = vault.fail("commit", **VM1, policy=policy, validation=proof, check_mode=check_mode)
    assert (failed["error"]["kind"], failed["authoritative_side"]) == ("contradiction", "mixed")
    assert "Which side is authoritative cannot be determined" in failed["msg"]
    assert "was started, stopped or changed at 20" in failed["msg"]
    assert "after the cut-over at 20" in failed["msg"]
    assert "discard_azure_changes: true" in failed["msg"]
    assert "start it there" not in failed["msg"]
    assert vault.writes(sent) == []
    assert vault.state("vm1")["azure_vm"]["exists"] is True


def test_old_evidence_proves_nothing_even_where_azure_may_be_discarded(driver: Any) -> None:
    vault, proof = used(driver, home="running")
    refused = vault.fail("commit", **VM1, validation=proof, discard_azure_changes=True)
    assert refused["error"]["kind"] == "refused"
    assert "is not newer than the use of its Azure VM" in refused["msg"]
    assert vault.state("vm1")["azure_vm"]["exists"] is True
    done = vault.run("commit", **VM1, validation=evidence(vault), discard_azure_changes=True)
    assert done["stage"] == {"before": PENDING, "after": "failed_back"}
    (judged,) = done["validation"]["vms"]
    assert (judged["accepted"], judged["azure_use"]["verdict"]) == (True, "operated")


def test_a_commit_says_what_azure_wrote_that_it_gave_up(driver: Any) -> None:
    vault, _proof = used(driver, home="running")
    given = {**VM1, "validation": evidence(vault), "discard_azure_changes": True}
    held = vault.run("commit", **{**given, "policy": "hold"})
    assert held["discarded"] == []
    foreseen = vault.run("commit", **given, check_mode=True)["discarded"]
    (told,) = vault.run("commit", **given)["discarded"]
    assert foreseen == [told]
    vm = vault.state("vm1")["azure_vm"]
    assert {**told, "reason": ""} == {"vm": "vm1", "kind": "azure_changes", "id": vm["id"], "name": "vm1", "reason": ""}
    assert "started, stopped or changed at 20" in told["reason"]
    assert "do not commit" not in told["reason"]
    # This task has sent nothing.
    assert vault.run("commit", **given)["discarded"] == []


def test_what_nobody_knows_of_the_use_of_azure_is_given_up_as_well(driver: Any) -> None:
    vault = pending(driver)
    edit = {"do": "edit", "field": "properties.instanceView.statuses[].time", "to": None}
    match = {"method": "GET", "path": "/virtualMachines/vm1$", "times": 0}
    vault.simulator.locked(lambda world: world.faults.add({"match": match, "action": edit}))
    assert "is not known" in vault.fail("commit", **VM1, policy="now")["msg"]
    (told,) = vault.run("commit", **VM1, policy="now", discard_azure_changes=True)["discarded"]
    assert told["kind"] == "azure_changes"
    assert "whether its Azure VM was used since the cut-over is not known" in told["reason"]


@pytest.mark.parametrize("policy", ["now", "after_validation"])
def test_where_azure_wrote_nothing_nothing_is_given_up(driver: Any, policy: str) -> None:
    vault = pending(driver)
    given = {**VM1, "policy": policy, "validation": evidence(vault), "discard_azure_changes": True}
    assert vault.run("commit", **given, check_mode=True)["discarded"] == []
    assert vault.run("commit", **given)["discarded"] == []


def test_a_commit_that_fails_on_its_way_says_what_it_gave_up(driver: Any) -> None:
    vault, _proof = used(driver, home="running")
    vault.trouble(job_task="FinalizeRestoreOnPrimary")
    given = {**VM1, "validation": evidence(vault), "discard_azure_changes": True}
    failed = vault.fail("commit", **given)
    assert failed["error"]["kind"] == "job_failed"
    assert [one["kind"] for one in failed["error"]["discarded"]] == ["azure_changes"]


def test_a_commit_that_azure_refuses_gave_nothing_up(driver: Any) -> None:
    vault, _proof = used(driver, home="running")
    answer = {"do": "status", "status": 403, "code": "AuthorizationFailed", "message": "no"}
    match = {"method": "POST", "path": "/failoverCommit$", "times": 0}
    vault.simulator.locked(lambda world: world.faults.add({"match": match, "action": answer}))
    failed = vault.fail("commit", **VM1, validation=evidence(vault), discard_azure_changes=True)
    assert failed["error"]["kind"] == "permission"
    assert "discarded" not in failed["error"]


def test_of_a_plan_only_the_vm_that_was_used_is_named(driver: Any) -> None:
    plans = [{"name": "shop", "groups": [["db"], ["web"]]}]
    vault = pending(driver, item_of("db", PENDING), item_of("web", PENDING), recovery_plans=plans)
    azure(vault, "start", "web")
    vault.pass_time(600)
    azure(vault, "deallocate", "web")
    given = {"recovery_plan": "shop", "policy": "now", "discard_azure_changes": True}
    foreseen = vault.run("commit", **given, check_mode=True)["discarded"]
    done = vault.run("commit", **given)["discarded"]
    assert [(one["vm"], one["kind"]) for one in done] == [("web", "azure_changes")]
    assert foreseen == done


def test_to_discard_what_azure_wrote_does_not_excuse_a_vm_that_runs_there_or_nowhere(driver: Any) -> None:
    vault, _proof = used(driver)
    failed = vault.fail("commit", **VM1, policy="now", discard_azure_changes=True)
    assert (failed["error"]["kind"], failed["authoritative_side"]) == ("contradiction", "mixed")
    azure(vault, "start")
    failed = vault.fail("commit", **VM1, policy="now", discard_azure_changes=True)
    assert failed["error"]["kind"] == "contradiction"
    assert vault.state("vm1")["azure_vm"]["exists"] is True


@HOSTS
@pytest.mark.parametrize("home", ["off", "running"])
def test_everything_that_reads_it_says_that_it_cannot_be_told(driver: Any, hosts: bool, home: str) -> None:
    vault, _proof = used(driver, home=home)
    if not hosts:
        vault.inventory = {}
    (entry,) = vault.run("replicated_item_info", name="vm1")["replicated_items"]
    prereq = vault.run("failback_prereq", **VM1)
    assert (entry["authoritative_side"], prereq["authoritative_side"]) == ("mixed", "mixed")
    assert "started, stopped or changed" in entry["reason"]


@HOSTS
def test_a_commit_that_is_held_says_it(driver: Any, hosts: bool) -> None:
    vault, _proof = used(driver, home="running")
    if not hosts:
        vault.inventory = {}
    held = vault.run("commit", **VM1, policy="hold")
    assert (held["held"], held["authoritative_side"]) == (True, "mixed")
    assert "started, stopped or changed" in held["reason"]
    assert held["reason"] in held["msg"]


@pytest.mark.parametrize("runs", [True, False], ids=["runs", "ran"])
def test_nobody_is_sent_to_the_commit(driver: Any, runs: bool) -> None:
    vault = pending(driver)
    azure(vault, "start")
    vault.pass_time(600)
    if not runs:
        azure(vault, "deallocate")
    sent = vault.requests()
    for module, options in (
        ("reverse_replicate", {}),
        ("planned_failover", {"direction": "primary_to_recovery"}),
        ("commit", {"direction": "failover"}),
    ):
        refused = vault.fail(module, **VM1, **options)
        assert (refused["error"]["kind"], refused["authoritative_side"]) == ("refused", "mixed")
        assert "cannot be determined" in refused["msg"]
        assert "Do not commit before it is settled" in refused["msg"]
        assert "Run commit first" not in refused["msg"]
        assert "use direction: failback" not in refused["msg"]
    assert vault.run("job", **VM1, state="cancelled")["authoritative_side"] == "mixed"
    assert vault.writes(sent) == []


def test_who_carries_on_reads_the_doubt_in_the_result(driver: Any) -> None:
    vault, _proof = used(driver, home="running")
    for module in ("planned_failover", "complete_failover", "failback_validate"):
        options = {"attested": ["it works"]} if module == "failback_validate" else {}
        result = vault.run(module, **VM1, **options)
        assert result["authoritative_side"] == "mixed"
        assert "started, stopped or changed" in result["warnings"][0]


def test_a_plan_is_not_committed_where_one_of_its_vms_was_used_in_azure(driver: Any) -> None:
    plans = [{"name": "shop", "groups": [["db"], ["web"]]}]
    vault = pending(driver, item_of("db", PENDING), item_of("web", PENDING), recovery_plans=plans)
    azure(vault, "start", "web")
    vault.pass_time(600)
    azure(vault, "deallocate", "web")
    failed = vault.fail("commit", recovery_plan="shop", policy="now")
    assert (failed["error"]["kind"], failed["authoritative_side"]) == ("contradiction", "mixed")
    assert "web: its Azure VM is deallocated" in failed["msg"]
    assert "db: its Azure VM" not in failed["msg"]
    (direction,) = [
        one for one in vault.run("failback_prereq", recovery_plan="shop")["findings"] if one["id"] == "plan_direction"
    ]
    assert "web: its Azure VM was started" in direction["cause"]
    assert vault.state("db")["azure_vm"]["exists"] is True


@pytest.mark.parametrize("sync", ["before_failover", "during_failover"])
def test_the_shutdown_of_the_failback_itself_is_no_use(driver: Any, sync: str) -> None:
    vault = pending(driver, item_of("vm1"))
    vault.run("planned_failover", **VM1, data_sync=sync, wait_for="waiting_for_completion")
    vault.run("complete_failover", **VM1)
    done = vault.run("commit", **VM1, validation=evidence(vault))
    assert done["split_brain_check"]["verdict"] == "proved"
    (judged,) = done["validation"]["vms"]
    assert judged["azure_use"]["verdict"] == "unused"
    assert judged["azure_use"]["operated_at"] < judged["cut_over_at"]


def test_a_plan_of_several_groups_is_committed_as_ever(driver: Any) -> None:
    plans = [{"name": "shop", "groups": [["db"], ["web"]]}]
    vault = pending(driver, item_of("db"), item_of("web"), recovery_plans=plans)
    vault.run("planned_failover", recovery_plan="shop")
    vault.run("complete_failover", recovery_plan="shop")
    done = vault.run("commit", recovery_plan="shop", validation=evidence(vault, recovery_plan="shop"))
    assert done["stage"]["after"] == "failed_back"


def test_a_commit_is_tried_again_after_a_job_that_failed(driver: Any) -> None:
    vault = pending(driver)
    proof = evidence(vault)
    vault.trouble(job_task="FinalizeRestoreOnPrimary")
    assert vault.fail("commit", **VM1, validation=proof)["error"]["kind"] == "job_failed"
    vault.pass_time(600)
    # The job that failed has deleted the Azure VM: a person has to say that this is where it went.
    assert "its Azure VM was not seen to be off" in vault.fail("commit", **VM1, validation=proof)["msg"]
    done = vault.run("commit", **VM1, validation=proof, **accepted("vm1", sides=("azure",)))
    assert done["stage"]["after"] == "failed_back"


def test_where_the_time_cannot_be_read_nothing_is_claimed(driver: Any) -> None:
    vault = pending(driver, principals=[{"name": "operator", "roles": ["Site Recovery Contributor"]}])
    done = vault.run("commit", **VM1, policy="now", **accepted("vm1", sides=("azure",)))
    assert done["split_brain_check"]["before"][0]["azure"]["state"] == "not_checked"
    assert done["split_brain_check"]["verdict"] == "not_checked"

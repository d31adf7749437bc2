# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies of a commit: what is held, what needs evidence, what no policy changes."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import ModuleRunner
from support.scenarios import item_of, scenario_of

PENDING = "failback_commit_pending"
NOON, MONDAY = "2026-01-15T12:00:00Z", "2026-01-19T08:00+01:00"
DAYS = 86400
VM1 = {"replicated_item": "vm1"}
PLAN = {"recovery_plan": "shop"}
LATER = {"policy": "not_before", "not_before": MONDAY}
EARLIER = {"policy": "not_before", "not_before": "2026-01-15T11:59:59Z"}
HOLD, NOW, AFTER = {"policy": "hold"}, {"policy": "now"}, {"policy": "after_validation"}
POLICIES: list[dict[str, str]] = [NOW, AFTER, HOLD, LATER, EARLIER]
EACH_POLICY = pytest.mark.parametrize("policy", POLICIES, ids=["now", "after", "hold", "later", "earlier"])
CHECK_OR_RUN = pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])


def at_noon(*items: Any, **parts: Any) -> dict[str, Any]:
    return scenario_of(*items, start=NOON, **parts)


def pending(**parts: Any) -> dict[str, Any]:
    return at_noon(item_of("vm1", PENDING, **parts))


def plan_pending(**parts: dict[str, Any]) -> dict[str, Any]:
    """A plan of these VMs, whose commits are pending."""
    plans = [{"name": "shop", "groups": [[name] for name in parts]}]
    return at_noon(*(item_of(name, PENDING, **more) for name, more in parts.items()), recovery_plans=plans)


def evidence(vault: ModuleRunner, **target: str) -> dict[str, Any]:
    """Evidence of now. Azure tells whole seconds, and it has to be newer than the cut-over."""
    validated = vault.run("failback_validate", **(target or VM1), attested=["it works"])
    return dict(validated["validation"])


def expect_held(vault: ModuleRunner, **options: Any) -> dict[str, Any]:
    """Check, then run a commit that must be held; return the result."""
    sent = vault.requests()
    for check_mode in (True, False):
        result = vault.run("commit", check_mode=check_mode, **options)
        assert (result["held"], result["changed"]) == (True, False)
        assert result["stage"] == {"before": PENDING, "after": PENDING}
        assert result["reversible"] is True
        assert "awaits its commit" in result["reason"]
        assert result["reason"] in result["msg"]
    assert vault.writes(sent) == []
    return result


def test_a_commit_needs_evidence_unless_it_is_told_otherwise(driver: Any) -> None:
    vault = driver(pending())
    for options in ({}, AFTER):
        refused = vault.fail("commit", **VM1, **options)
        assert "there is no evidence that it works on-premises" in refused["msg"]
        assert "policy: now" in refused["msg"]
    assert vault.writes() == []
    done = vault.run("commit", **VM1, validation=evidence(vault))
    assert (done["changed"], done["held"], done["reason"], done["not_before"]) == (True, False, "", None)
    assert vault.state("vm1")["azure_vm"]["exists"] is False


def test_now_needs_none(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    done = vault.run("commit", **VM1, **NOW)
    assert (done["changed"], done["validation"]) == (True, {"required": False, "vms": []})


def test_a_commit_that_is_held_goes_on_with_another_policy(driver: Any) -> None:
    vault = driver(pending())
    held = expect_held(vault, **VM1, **HOLD)
    assert "run again with another policy" in held["reason"]
    assert (held["validation"], held["not_before"], held["locks"]) == ({"required": False, "vms": []}, None, [])
    assert vault.state("vm1")["azure_vm"]["exists"] is True
    done = vault.run("commit", **VM1, validation=evidence(vault))
    assert (done["held"], done["stage"]["after"]) == (False, "failed_back")


def test_a_hold_shows_what_the_evidence_would_be_worth(driver: Any) -> None:
    vault = driver(pending())
    held = expect_held(vault, **VM1, **HOLD, validation=evidence(vault))
    assert [one["accepted"] for one in held["validation"]["vms"]] == [True]
    held = expect_held(vault, **VM1, **LATER)
    assert [(one["accepted"], one["vm"]) for one in held["validation"]["vms"]] == [(False, "vm1")]


def test_a_commit_waits_for_its_time_by_the_clock_of_azure(driver: Any) -> None:
    vault = driver(pending())
    held = expect_held(vault, **VM1, **LATER)
    assert held["not_before"] == "2026-01-19T07:00:00+00:00"
    assert "is allowed from 2026-01-19T07:00:00+00:00; Azure's time is 2026-01-15T12:00:00+00:00" in held["reason"]
    vault.pass_time(4 * DAYS - 5 * 3600 - 1)
    expect_held(vault, **VM1, **LATER)
    vault.pass_time(1)
    refused = vault.fail("commit", **VM1, **LATER)
    assert "there is no evidence" in refused["msg"]
    done = vault.run("commit", **VM1, **LATER, validation=evidence(vault))
    assert (done["changed"], done["held"], done["stage"]["after"]) == (True, False, "failed_back")


@EACH_POLICY
@CHECK_OR_RUN
def test_a_delete_lock_is_honoured_and_reported(driver: Any, policy: dict[str, str], check_mode: bool) -> None:
    vault = driver(pending(locks=["CanNotDelete"]))
    options = {**VM1, **policy, "validation": evidence(vault), "check_mode": check_mode}
    if policy in (HOLD, LATER):
        told = vault.run("commit", **options)
        assert (told["held"], told["changed"], len(told["locks"])) == (True, False, 1)
        assert f"A delete lock protects the Azure VM, which a commit deletes: vm1: {told['locks'][0]}" in told["reason"]
    else:
        told = vault.fail("commit", **options)
        assert len(told["error"]["locks"]) == 1
    assert "A delete lock protects the Azure VM" in told["msg"]
    assert vault.writes() == []
    assert vault.state("vm1")["azure_vm"]["exists"] is True


@EACH_POLICY
def test_check_mode_predicts_what_the_policy_does_and_writes_nothing(driver: Any, policy: dict[str, str]) -> None:
    vault = driver(pending())
    options = {**VM1, **policy, "validation": evidence(vault)}
    predicted = vault.run("commit", check_mode=True, **options)
    assert vault.writes() == []
    done = vault.run("commit", **options)
    for key in ("changed", "held", "stage", "authoritative_side", "reversible"):
        assert predicted[key] == done[key], key
    assert vault.writes() == ([] if policy in (HOLD, LATER) else ["POST vm1/failoverCommit"])


@EACH_POLICY
@CHECK_OR_RUN
@pytest.mark.parametrize("stage", ["protected", "failed_back", "reverse_replicating"])
def test_a_commit_that_is_done_is_done_whatever_the_policy(
    driver: Any, policy: dict[str, str], stage: str, check_mode: bool
) -> None:
    vault = driver(at_noon(item_of("vm1", stage)))
    done = vault.run("commit", **VM1, **policy, check_mode=check_mode)
    assert (done["changed"], done["held"], done["reason"]) == (False, False, "")
    assert vault.writes() == []


@EACH_POLICY
@CHECK_OR_RUN
@pytest.mark.parametrize(
    "stage", ["failed_over", "failover_commit_pending", "waiting_for_completion", "completing", "interrupted"]
)
def test_what_the_stage_refuses_is_refused_whatever_the_policy(
    driver: Any, policy: dict[str, str], stage: str, check_mode: bool
) -> None:
    vault = driver(at_noon(item_of("vm1", stage)))
    assert vault.fail("commit", **VM1, **policy, check_mode=check_mode)["error"]["kind"] == "refused"
    assert vault.writes() == []


@EACH_POLICY
def test_the_commit_of_a_failover_deletes_nothing_and_is_not_held(driver: Any, policy: dict[str, str]) -> None:
    vault = driver(at_noon(item_of("vm1", "failover_commit_pending")))
    done = vault.run("commit", **VM1, **policy, direction="failover")
    assert (done["changed"], done["held"], done["not_before"]) == (True, False, None)
    assert done["validation"] == {"required": False, "vms": []}
    assert vault.state("vm1")["azure_vm"]["exists"] is True


def test_a_plan_has_one_policy_for_all(driver: Any) -> None:
    vault = driver(plan_pending(db={}, web={"locks": ["ReadOnly"]}))
    held = expect_held(vault, **PLAN, **HOLD)
    assert len(held["locks"]) == 1
    assert "web: " in held["reason"]
    assert [one["stage"]["after"] for one in held["members"]] == [PENDING, PENDING]
    assert "A delete lock" in vault.fail("commit", **PLAN, **NOW)["msg"]
    assert vault.writes() == []


def test_of_a_plan_that_is_half_committed_the_rest_is_held(driver: Any) -> None:
    plan = [{"name": "shop", "groups": [["db"], ["web"]]}]
    vault = driver(at_noon(item_of("db", "failed_back"), item_of("web", PENDING), recovery_plans=plan))
    held = vault.run("commit", **PLAN, **HOLD)
    assert (held["held"], held["changed"], held["stage"]["after"]) == (True, False, "mixed")
    vault.run("commit", **PLAN, validation=evidence(vault, **PLAN))
    assert vault.writes() == ["POST web/failoverCommit"]


def test_a_vm_that_runs_nowhere_is_told_also_where_the_commit_is_held(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", power="off")
    failed = vault.fail("commit", **VM1, **HOLD)
    assert failed["error"]["kind"] == "contradiction"
    assert vault.writes() == []


@pytest.mark.parametrize("policy", [HOLD, LATER], ids=["hold", "later"])
def test_a_hold_is_foreseen_before_the_cut_over(driver: Any, policy: dict[str, str]) -> None:
    vault = driver(at_noon("vm1")).knows_hosts()
    foreseen = vault.run("commit", **VM1, **policy, check_mode=True, assume_stage=PENDING)
    assert (foreseen["held"], foreseen["changed"], foreseen["stage"]["after"]) == (True, False, PENDING)
    assert foreseen["split_brain_check"]["verdict"] == "not_checked"


def test_with_an_assumed_stage_neither_side_is_looked_at(driver: Any) -> None:
    vault = driver(at_noon("vm1")).knows_hosts()
    foreseen = vault.run("complete_failover", **VM1, check_mode=True, assume_stage=PENDING)
    assert (foreseen["stage"]["after"], foreseen["split_brain_check"]["verdict"]) == (PENDING, "not_checked")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"policy": "not_before"}, "not_before is not given"),
        ({"not_before": MONDAY}, f"policy is after_validation, and not_before is {MONDAY}"),
        ({"policy": "hold", "not_before": MONDAY}, "policy is hold"),
        ({"policy": "not_before", "not_before": "22:00"}, "'22:00' is not a date-time"),
        ({"policy": "not_before", "not_before": "2026-02-30T08:00"}, "does not exist"),
        ({"direction": "failover", "not_before": MONDAY}, "policy is after_validation"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
@CHECK_OR_RUN
def test_options_that_contradict_each_other_are_refused_before_anything_is_asked(
    driver: Any, options: dict[str, str], words: str, check_mode: bool
) -> None:
    vault = driver(pending())
    failed = vault.fail("commit", **VM1, **options, check_mode=check_mode)
    assert failed["error"]["kind"] == "configuration"
    assert words in failed["msg"]
    assert vault.requests() == 0


def test_a_policy_that_there_is_not_is_refused(driver: Any) -> None:
    vault = driver(pending())
    assert "policy" in vault.fail("commit", **VM1, policy="tomorrow")["msg"]
    assert vault.requests() == 0


@pytest.mark.parametrize("stage", ["failed_over", "waiting_for_completion"])
@pytest.mark.parametrize(
    ("module", "wrong"),
    [
        ("commit", {"policy": "now", "accept_unseen": {"vm": "web99", "sides": ["on_premises"]}}),
        ("complete_failover", {"window": {"not_before": "22:00"}}),
    ],
)
def test_a_failure_of_a_check_tells_what_was_read_not_what_was_assumed(
    driver: Any, stage: str, module: str, wrong: dict[str, Any]
) -> None:
    vault = driver(scenario_of(item_of("vm1", stage))).knows_hosts()
    failed = vault.fail(module, **VM1, **wrong, check_mode=True, assume_stage="protected")
    assert "On-premises" not in failed["msg"]
    assert "on-premises copy is authoritative" not in failed["msg"]
    assert failed.get("authoritative_side", "azure") == "azure"
    assert failed.get("stage", {}).get("after", stage) == stage

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which steps a target needs, by where its machines are and what the user wants; and what stands in the way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.failback_steps import (
    STEPS,
    Plan,
    State,
    in_one,
    obstacles_of,
)
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError

PLAN = Plan(
    steps=frozenset(STEPS),
    check_mode=False,
    commit_policy="after_validation",
    has_window=False,
    discards=False,
    hooks={},
    evidence=False,
    guest=True,
)
PASSED = {"verdict": "passed"}
ASKED, NOT_ASKED = ({"findings": [{"id": "host_reachable", "status": status}]} for status in ("pass", "not_checked"))


def at(*stages: str, **parts: Any) -> State:
    """The state of a target whose machines are in these stages."""
    return State("vm", where=[[f"vm{number}", stage] for number, stage in enumerate(stages)], **parts)


def steps_of(plan: Plan, state: State) -> list[str]:
    """The steps that run from here, if none of them changes anything."""
    return [step for step in STEPS if plan.runs(step, state)]


@pytest.mark.parametrize(
    ("stages", "steps"),
    [
        (["failed_over"], []),
        (["interrupted"], []),
        (["synchronizing"], ["complete_failover"]),
        (["waiting_for_completion"], ["complete_failover"]),
        (["completing"], ["complete_failover"]),
        (["busy"], ["complete_failover"]),
        (["failback_commit_pending"], ["validate", "commit"]),
        (["failed_back"], ["reverse_replicate"]),
        (["reverse_replicating"], ["reverse_replicate"]),
        (["protected"], []),
        (["failed_over", "waiting_for_completion"], ["complete_failover"]),
        (["waiting_for_completion", "failback_commit_pending"], ["complete_failover"]),
        (["failback_commit_pending", "failed_back"], ["validate", "commit"]),
        (["failback_commit_pending", "failed_over"], []),
        (["failed_back", "protected"], ["reverse_replicate"]),
        (["failed_back", "failback_commit_pending"], ["validate", "commit"]),
    ],
    ids=lambda value: "+".join(value) or "none",
)
def test_a_step_runs_if_one_machine_needs_it_and_none_is_further_behind(stages: list[str], steps: list[str]) -> None:
    assert steps_of(PLAN, at(*stages, validation=PASSED)) == ["prerequisites", "planned_failover", *steps]


@pytest.mark.parametrize(
    ("plan", "parts", "commits"),
    [
        (PLAN, {}, False),
        (PLAN, {"validation": PASSED}, True),
        (PLAN, {"validation": {"verdict": "not_proven"}}, False),
        (replace(PLAN, commit_policy="now"), {}, True),
        (replace(PLAN, commit_policy="hold"), {}, True),
        (replace(PLAN, commit_policy="not_before"), {}, False),
        (replace(PLAN, check_mode=True), {}, False),
        (replace(PLAN, check_mode=True, evidence=True), {}, True),
        (replace(PLAN, check_mode=True), ASKED, True),
        (replace(PLAN, check_mode=True), NOT_ASKED, False),
        (replace(PLAN, check_mode=True, guest=False), ASKED, False),
        (replace(PLAN, check_mode=True, evidence=True, steps=PLAN.steps - {"validate"}), {}, False),
    ],
)
def test_a_commit_needs_evidence_of_this_run(plan: Plan, parts: dict[str, Any], commits: bool) -> None:
    assert plan.runs("commit", at("failback_commit_pending", **parts)) is commits


@pytest.mark.parametrize("last", [{"waiting_for_window": True}, {"held": True}])
def test_nothing_follows_a_step_that_waits(last: dict[str, Any]) -> None:
    for stage in ("waiting_for_completion", "failback_commit_pending", "failed_back"):
        assert steps_of(PLAN, at(stage, last=last, validation=PASSED)) == ["prerequisites"]


def test_a_check_does_not_validate() -> None:
    assert not replace(PLAN, check_mode=True).runs("validate", at("failback_commit_pending"))


@pytest.mark.parametrize(
    ("plan", "steps", "stage"),
    [
        (replace(PLAN, check_mode=True), [{"changed": True}], "synchronizing"),
        (replace(PLAN, check_mode=True), [{"changed": False}], "synchronizing"),
        (replace(PLAN, check_mode=True, commit_policy="now"), [{"changed": False}], ""),
        (replace(PLAN, check_mode=True), [], ""),
        (PLAN, [{"changed": True}], ""),
    ],
)
def test_a_check_assumes_the_stage_of_the_machine_furthest_behind(plan: Plan, steps: list[Any], stage: str) -> None:
    assert plan.assumed_stage(at("failback_commit_pending", "synchronizing", steps=steps)) == stage


def test_a_state_is_json_and_comes_back_whole() -> None:
    state = at("failed_over", step=2, phase="run", findings=[{"id": "x"}])
    assert State(**json.loads(json.dumps(state.as_result()))) == state


def finding(name: str, vm: str | None = "vm1", **parts: Any) -> dict[str, Any]:
    return {"id": name, "vm": vm, "status": "fail", "cause": f"{name}.", "seen": "", "remedy": "", **parts}


def member(name: str, stage: str) -> dict[str, Any]:
    return {"friendly_name": name, "stage": {"before": stage, "after": stage}, "reason": f"{name} is {stage}"}


def of_members(failed: list[dict[str, Any]], *members: dict[str, Any]) -> dict[str, Any]:
    return {"failed_findings": failed, "findings": failed, "members": list(members), "stage": None}


def test_what_fails_for_machines_that_are_under_way_stops_nobody() -> None:
    result = of_members([finding("disk_space", "vm2")], member("vm1", "failed_over"), member("vm2", "synchronizing"))
    assert obstacles_of(result, "", only_checks=False).findings == []


def test_what_is_of_no_machine_counts_where_one_is_to_be_started() -> None:
    failed = [finding("primary_site", None), finding("plan_direction", None)]
    started = of_members(failed, member("vm1", "synchronizing"))
    assert obstacles_of(started, "", only_checks=False).findings == []
    to_start = of_members(failed, member("vm1", "failed_over"))
    assert [one["id"] for one in obstacles_of(to_start, "", only_checks=False).findings] == ["primary_site"]


def test_another_operation_is_waited_for_unless_the_run_only_checks() -> None:
    result = of_members([finding("no_operation")], member("vm1", "busy"))
    assert obstacles_of(result, "", only_checks=False).told([], of_plan=False) == []
    found = obstacles_of(result, "", only_checks=True)
    assert [one["id"] for one in found.findings] == ["no_operation"]


def test_a_machine_that_nothing_explains_is_told_with_what_the_service_says() -> None:
    result = {"failed_findings": [], "findings": [finding("x")], "members": [], "stage": {"before": "busy"}}
    found = obstacles_of(result, "it may do nothing", only_checks=False)
    assert in_one(found.told([], of_plan=False)) == (
        "It cannot be failed back now. Site Recovery allows no further step: it may do nothing. "
        "Look at it in the portal."
    )
    assert not found.may_prepare(["x"])


def test_what_is_missing_is_prepared_only_if_nothing_else_is_in_the_way() -> None:
    switches, space = finding("virtual_switches"), finding("disk_space")
    alone = obstacles_of(of_members([switches], member("vm1", "failed_over")), "", only_checks=False)
    both = obstacles_of(of_members([switches, space], member("vm1", "failed_over")), "", only_checks=False)
    assert (alone.may_prepare(["virtual_switches"]), both.may_prepare(["virtual_switches"])) == (True, False)
    assert both.besides(["virtual_switches"]) == [space]
    assert "vm1: disk_space." in in_one(both.told([space], of_plan=True))


def test_many_hosts_that_tell_nothing_have_one_line() -> None:
    """A site may have fifty hosts, and each step of a thousand VMs would list them all."""
    here = {"host": "hv01", "state": "Running"}
    silent = [{"host": f"hv{number:02}", "state": "absent"} for number in range(2, 5)]
    unasked = [
        {"host": f"hv{number:02}", "state": "not_checked", "reason": f"host hv{number:02} is not known"}
        for number in range(10, 30)
    ]
    check = {"verdict": "not_checked", "before": [], "after": [{"vm": "vm1", "on_premises": [here, *silent, *unasked]}]}
    state = State(target="vm1", where=[["vm1", "completing"]])
    state.record("complete_failover", {"split_brain_check": check, "stage": {"before": "a", "after": "b"}})
    (vm,) = state.steps[0]["split_brain_check"]["after"]
    assert vm["on_premises"][:4] == [here, *silent]
    assert vm["on_premises"][4:] == [
        {
            "host": "hv10, hv11, hv12, hv13, hv14 and 15 more",
            "state": "not_checked",
            "reason": "host hv10 is not known; likewise 19 more hosts",
        }
    ]


def test_a_state_is_taken_up_as_it_was_returned() -> None:
    state = at("failed_over", step=2, begun={"left": 12.5}, copies=True)
    assert State.parse(json.loads(json.dumps(state.as_result())), state.target) == state


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"": []},
        {"target": "vm", "stage": "failed_over"},
        {"target": None},
        {"target": "vm", "step": True},
        {"target": "vm", "step": len(STEPS) + 1},
        {"target": "vm", "step": -1},
        {"target": "vm", "copies": 1},
        {"target": "vm", "where": [["vm1"]]},
        {"target": "vm", "where": ["vm"]},
        {"target": "vm", "steps": ["commit"]},
        {"target": "vm", "prerequisites": []},
    ],
    ids=repr,
)
def test_what_no_task_has_returned_is_no_state(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="The option state is not what a task has returned"):
        State.parse(given, "vm")

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The spans of a trace: what the record tells, at the times that Azure tells, and nothing at a time of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.run_records import at, made_record, result_home

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.run_spans import SpanFacts, spans_of

# Of the job of a failback: its place among the steps of result_home().
FAILBACK = 0


def changed(host: str = "web01", *, step: int = FAILBACK, **job: Any) -> dict[str, Any]:
    """Return the result of a VM that has come home, with something else said of a job."""
    result = result_home(host)
    result["steps"][step]["job"] |= job
    return result


def tasks(**by_name: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tasks of the failback, with something else said of some."""
    mine: list[dict[str, Any]] = result_home("web01")["steps"][FAILBACK]["job"]["timeline"]
    return [{**task, **by_name.get(task["name"], {})} for task in mine]


def vm_of(record: dict[str, Any]) -> SpanFacts:
    (vm,) = spans_of(record).children
    return vm


def tree(span: SpanFacts) -> dict[str, Any]:
    return {child.name: tree(child) for child in span.children}


def times(span: SpanFacts) -> tuple[str, str]:
    return span.started.isoformat(), span.ended.isoformat()


def all_of(span: SpanFacts) -> Iterator[SpanFacts]:
    yield span
    for child in span.children:
        yield from all_of(child)


def named(span: SpanFacts, name: str) -> SpanFacts:
    (found,) = [one for one in all_of(span) if one.name == name]
    return found


def test_a_run_has_its_vms_these_their_phases_and_these_the_tasks_that_began_in_them() -> None:
    root = spans_of(made_record({}))
    assert tree(root) == {
        "web01": {
            "synchronization": {},
            "waiting": {"WaitForUserInputForFailback": {}},
            "cut_over": {"ShutdownVmOnAzure": {}, "MonitorDataSync": {}, "StartVmOnPrimary": {}},
            "validation": {},
            "commit": {},
            "reverse_replication": {},
        }
    }
    assert times(root) == (at(0), at(59))
    assert times(named(root, "web01")) == (at(0), at(34))
    assert times(named(root, "cut_over")) == (at(10), at(18))
    assert times(named(root, "ShutdownVmOnAzure")) == (at(11), at(13))
    assert {one.failure for one in all_of(root)} == {""}


def test_attributes_have_stable_names_and_leave_out_what_is_not_known() -> None:
    target = {"web01": {"application": "shop", "objectives": {}}}
    root = spans_of(made_record({}, targets=target, drill={"level": "canary"}))
    common = {"asr.failback.host": "web01", "asr.failback.vm": "web01", "asr.failback.application": "shop"}
    azure = {"asr.failback.clock": "azure"}
    assert root.attributes == {
        "asr.failback.run": "run1",
        "asr.failback.kind": "fleet",
        "asr.failback.drill.level": "canary",
        "asr.failback.verdict": "passed_with_findings",
        "asr.failback.started": at(0),
        "asr.failback.ended": at(59),
        "asr.failback.clock": "controller",
    }
    stage = {"asr.failback.stage": "protected", "asr.failback.verdict": "passed_with_findings"}
    assert named(root, "web01").attributes == {**common, **stage, **azure}
    job = {"asr.failback.job": "failback-web01"}
    assert named(root, "cut_over").attributes == {**common, **azure, **job, "asr.failback.phase": "cut_over"}
    assert named(root, "validation").attributes == {**common, **azure, "asr.failback.phase": "validation"}
    task = {
        "asr.failback.phase": "cut_over",
        "asr.failback.task": "StartVmOnPrimary",
        "asr.failback.state": "Succeeded",
    }
    assert named(root, "StartVmOnPrimary").attributes == {
        **common, **azure, **job, **task, "asr.failback.group": "StartAzureVmFailback",
    }  # fmt: skip
    assert "asr.failback.application" not in vm_of(made_record({})).attributes


def test_a_run_encloses_what_azure_tells_whatever_the_clock_of_the_controller_says() -> None:
    record = made_record({})
    record["run"] |= {"started": at(20), "updated": at(25), "ended": at(25)}
    root = spans_of(record)
    assert times(root) == (at(0), at(34))
    assert (root.attributes["asr.failback.started"], root.attributes["asr.failback.ended"]) == (at(20), at(25))


def test_a_merged_record_has_the_times_of_its_runs() -> None:
    parts = [{"started": at(2), "updated": at(50)}, {"started": at(40), "updated": at(58)}]
    record = {**made_record({"host": "web01", "steps": [], "validation": {}}), "parts": parts}
    record["run"] |= {"started": at(59), "updated": at(59), "ended": at(59)}
    assert times(spans_of(record)) == (at(2), at(58))


@pytest.mark.parametrize("run", [{"started": None}, {"updated": "tomorrow"}, {"started": at(58), "updated": at(57)}])
def test_a_record_that_does_not_say_when_its_run_was_is_one_error(run: dict[str, Any]) -> None:
    record = made_record({})
    record["run"] |= run
    with pytest.raises(ConfigurationError, match="does not say when"):
        spans_of(record)


def test_what_did_not_end_is_unfinished_and_ends_where_it_was_seen_last() -> None:
    running = tasks(StartVmOnPrimary={"ended": None, "state": "InProgress"})
    vm = vm_of(made_record({**changed(ended=None, timeline=running), "validation": {}}))
    for name, started in (("cut_over", at(10)), ("StartVmOnPrimary", at(16))):
        assert times(named(vm, name)) == (started, at(59))
        assert named(vm, name).attributes["asr.failback.unfinished"] is True
    assert named(vm, "StartVmOnPrimary").attributes["asr.failback.state"] == "InProgress"
    assert "asr.failback.unfinished" not in named(vm, "MonitorDataSync").attributes


def test_a_task_without_an_end_does_not_outlast_its_job_nor_end_before_it_began() -> None:
    told = tasks(StartVmOnPrimary={"ended": None}, MonitorDataSync={"started": at(19), "ended": None})
    vm = vm_of(made_record(changed(timeline=told)))
    assert times(named(vm, "StartVmOnPrimary")) == (at(16), at(18))
    assert times(named(vm, "MonitorDataSync")) == (at(19), at(19))


@pytest.mark.parametrize(
    "wrong", [{"started": None}, {"started": "tomorrow"}, {"ended": at(1)}], ids=["none", "no time", "ends before"]
)
def test_what_has_no_known_start_or_times_that_do_not_fit_is_left_out(wrong: dict[str, Any]) -> None:
    names = [one.name for one in all_of(vm_of(made_record(changed(timeline=tasks(StartVmOnPrimary=wrong)))))]
    assert "StartVmOnPrimary" not in names
    assert "cut_over" in names


def test_a_task_that_began_in_no_phase_belongs_to_the_last_of_its_job() -> None:
    late = tasks(StartVmOnPrimary={"started": at(25), "ended": at(26)})
    assert "StartVmOnPrimary" in tree(vm_of(made_record(changed(timeline=late))))["cut_over"]


def test_tasks_of_a_job_without_a_phase_are_below_the_vm() -> None:
    record = made_record(changed(operation="other", timeline=tasks()))
    assert set(tree(vm_of(record))) == {"commit", "reverse_replication"} | {task["name"] for task in tasks()}
    assert "asr.failback.phase" not in named(vm_of(record), "MonitorDataSync").attributes


def test_a_task_of_a_plan_without_a_name_has_its_group_s() -> None:
    nameless = tasks(StartVmOnPrimary={"name": "Unknown", "friendly_name": "", "group": "Group1"})
    span = named(vm_of(made_record(changed(timeline=nameless))), "Group1")
    assert span.attributes["asr.failback.task"] == "Unknown"


def test_the_jobs_of_an_interrupted_run_count() -> None:
    record = made_record({"steps": result_home("web01")["steps"][1:]})
    record["results"] = made_record({})["results"]
    record["results"][0]["steps"] = record["results"][0]["steps"][1:]
    kept = {"host": "web01", "steps": result_home("web01")["steps"][:1]}
    record["run"]["earlier"] = [{"id": "run0", "started": at(0), "updated": at(17), "results": [kept]}]
    assert "ShutdownVmOnAzure" in tree(vm_of(record))["cut_over"]


def test_each_vm_of_a_plan_has_its_own_spans_and_no_two_spans_beside_each_other_the_same_key() -> None:
    plan = result_home("plan")
    members = [{"friendly_name": name, "job": result_home(name)["steps"][0]["job"]} for name in ("web01", "db01")]
    for one in members:
        one["authoritative_side"] = "on_premises"
    plan |= {"vms": {"web01": "protected", "db01": "failed_back"}, "steps": [{**plan["steps"][0], "members": members}]}
    root = spans_of(made_record(plan))
    assert [vm.attributes["asr.failback.vm"] for vm in root.children] == ["web01", "db01"]
    assert [vm.attributes["asr.failback.stage"] for vm in root.children] == ["protected", "failed_back"]
    for span in all_of(root):
        keys = [child.key for child in span.children]
        assert len(set(keys)) == len(keys)


def test_what_failed_says_why_and_what_was_not_proven_does_not_count_as_passed() -> None:
    failed = changed(state="Failed", timeline=tasks(StartVmOnPrimary={"state": "Failed"}))
    hosts = [
        {**failed, "outcome": "failed", "reason": "job failback-web01 failed", "validation": {}},
        {"host": "app01", "outcome": "held", "reason": "it waits"},
        {"host": "db01"},
    ]
    root = spans_of(made_record(*hosts))
    web, app, db = root.children
    assert root.failure == "hosts: 1 failed, 1 not_proven, 1 passed_with_findings"
    assert web.failure == "job failback-web01 failed"
    assert named(web, "cut_over").failure == "job failback-web01 ended as Failed"
    assert named(web, "StartVmOnPrimary").failure == "task StartVmOnPrimary ended as Failed"
    assert {one.failure for one in (named(web, "waiting"), named(web, "ShutdownVmOnAzure"), db)} == {""}
    assert app.failure == "held: it waits"


def test_a_vm_of_which_azure_has_told_no_time_was_in_the_run_by_the_clock_of_the_controller() -> None:
    vm = vm_of(made_record({"outcome": "not_started", "reason": "no capacity", "steps": [], "validation": {}}))
    assert (times(vm), vm.children) == ((at(0), at(59)), [])
    assert vm.attributes["asr.failback.clock"] == "controller"
    assert vm.failure == "not started: no capacity"

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a run: what it picks up, what it keeps, and how several become one."""

from __future__ import annotations

from typing import Any

import pytest
from support.run_records import objections_to

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.run_document import (
    UNTOLD,
    Entries,
    as_seen_before,
    ended,
    head_of,
    merged,
    of_rehearsal,
    updated,
)

FIRST, SECOND, THIRD = (f"2026-01-31T0{hour}:00:00+00:00" for hour in (1, 2, 3))
RESULT = {
    "host": "web01",
    "target": "web01",
    "outcome": "protected",
    "reason": "",
    "next": "",
    "stage": "protected",
    "authoritative_side": "on_premises",
    "steps": [],
    "findings": [],
    "validation": {"vms": [{"name": "web01", "verdict": "passed", "validated_at": SECOND}]},
}
LOCKED = {"id": "azure_locks", "status": "fail", "vm": "web01", "cause": "a lock", "seen": "", "remedy": ""}
CUT_OVER = {
    "step": "complete_failover",
    "job": {
        "name": "job1",
        "operation": "failback",
        "started": FIRST,
        "ended": SECOND,
        "timeline": [
            {"name": "ShutdownVmOnAzure", "group": None, "state": "Succeeded", "started": FIRST, "ended": FIRST},
        ],
    },
}


def about(name: str | None, **more: Any) -> dict[str, Any]:
    return {**UNTOLD, "run": {"id": name, "kind": "fleet"}, **more}


def record(head: dict[str, Any], *results: dict[str, Any]) -> dict[str, Any]:
    entries = Entries(head, results)
    whole = {**head, "results": [*entries], "verdict": entries.verdict}
    assert objections_to(whole) == []
    return whole


def test_a_run_that_has_not_ended_passes_nothing() -> None:
    head = head_of(about("one"), FIRST)
    assert record(head, RESULT)["verdict"]["status"] == "not_proven"
    assert record(ended(head, SECOND), RESULT)["verdict"]["status"] == "passed"


def test_the_same_run_goes_on_with_its_record() -> None:
    first = record(head_of(about("one"), FIRST), RESULT)
    again = head_of(about("one"), SECOND, first)["run"]
    assert (again["started"], again["updated"], again["earlier"]) == (FIRST, SECOND, [])


def test_a_run_keeps_what_one_that_was_interrupted_has_seen() -> None:
    killed = record(updated(head_of(about("one"), FIRST), SECOND), {**RESULT, "steps": [CUT_OVER], "outcome": "held"})
    head = head_of(about("two"), THIRD, killed)
    (entry,) = Entries(ended(head, THIRD), [RESULT])
    assert entry["steps"] == []
    assert entry["timelines"]["web01"]["downtime"]["seconds"] == 3600
    assert [(run["id"], run["updated"]) for run in head["run"]["earlier"]] == [("one", SECOND)]
    third = head_of(about("three"), THIRD, record(head, RESULT))
    assert [run["id"] for run in third["run"]["earlier"]] == ["one", "two"]


def test_a_run_that_has_ended_is_not_picked_up() -> None:
    done = record(ended(head_of(about("one"), FIRST), SECOND), {**RESULT, "steps": [CUT_OVER]})
    head = head_of(about("two"), THIRD, done)
    (entry,) = Entries(head, [RESULT])
    assert (head["run"]["earlier"], entry["timelines"]["web01"]["downtime"]["seconds"]) == ([], None)


def test_what_is_no_record_is_not_picked_up() -> None:
    assert head_of(about("one"), FIRST, {"results": []})["run"]["earlier"] == []


def test_the_times_of_a_record_count_only_for_the_same_run_in_the_same_state() -> None:
    running = record(head_of(about("one"), FIRST))
    assert as_seen_before(head_of(about("one"), SECOND, running), running)["run"]["updated"] == FIRST
    assert as_seen_before(ended(head_of(about("one"), SECOND, running), SECOND), running) is None
    assert as_seen_before(head_of(about("two"), SECOND, running), running) is None
    assert as_seen_before(head_of(about("one"), SECOND), None) is None


def test_the_objectives_of_a_host_are_held_against_its_timelines() -> None:
    targets = {"web01": {"application": "shop", "objectives": {"downtime": 1.0}}}
    head = ended(head_of(about("one", targets=targets), FIRST), THIRD)
    (entry,) = Entries(head, [{**RESULT, "steps": [CUT_OVER]}])
    assert entry["application"] == "shop"
    assert [held["status"] for held in entry["timelines"]["web01"]["objectives"]] == ["missed"]
    assert entry["verdict"]["status"] == "failed"


def test_records_become_one_that_has_ended_where_all_have() -> None:
    def part(name: str, *, is_whole: bool = True) -> dict[str, Any]:
        other = "web02" if name == "web01" else "web01"
        left = {"excluded": [{"host": host, "reason": "not chosen"} for host in (other, "db01")]}
        head = head_of(about(name, scope=left, targets={name: {"application": name, "objectives": {}}}), FIRST)
        return record(ended(head, SECOND) if is_whole else head, {**RESULT, "host": name})

    head, results = merged([part("web02"), part("web01")], about("all"))
    assert [result["host"] for result in results] == ["web01", "web02"]
    whole = record(head, *results)
    assert (whole["verdict"]["status"], {one["host"] for one in whole["scope"]["excluded"]}) == ("passed", {"db01"})
    assert [run["id"] for run in whole["parts"]] == ["web02", "web01"]
    assert [result["part"] for result in whole["results"]] == ["web01", "web02"]
    assert (whole["run"]["started"], whole["run"]["ended"]) == (FIRST, SECOND)
    head, results = merged([part("web01"), part("web02", is_whole=False)], about("all"))
    assert record(head, *results)["verdict"]["status"] == "not_proven"


@pytest.mark.parametrize(
    ("level", "result", "status"),
    [
        ("canary", {**RESULT, "steps": []}, "not_proven"),
        ("readiness", {**RESULT, "findings": [LOCKED]}, "failed"),
        ("rehearsal", {**RESULT, "steps": []}, "not_proven"),
    ],
)
def test_a_record_that_is_made_again_says_what_it_said(level: str, result: dict[str, Any], status: str) -> None:
    drill = {"level": level, "approver": "J. Doe", "does_not_prove": ["That it works."]}
    checked = about("one", drill=drill, run={"id": "one", "kind": "drill", "check_mode": True})
    first = record(ended(head_of(checked, FIRST), SECOND), result)
    assert first["verdict"]["status"] == status
    head, results = merged([first], about("again"))
    again = record(head, *results)
    assert (again["verdict"], again["drill"]) == (first["verdict"], drill)
    told = ("kind", "check_mode", "started", "updated", "ended", "state")
    assert [again["run"].get(key) for key in told] == [first["run"].get(key) for key in told]
    assert [run["id"] for run in again["parts"]] == ["one"]
    head, results = merged([again], about("third"))
    assert [run["id"] for run in head["parts"]] == ["one"]
    assert record(head, *results)["verdict"] == first["verdict"]


def test_what_one_slice_left_out_twice_is_told_once() -> None:
    left = {"excluded": [{"host": "db01", "reason": "not chosen"}]}
    parts = [record(ended(head_of(about(name, scope=left), FIRST), SECOND)) for name in ("one", "two")]
    head, results = merged(parts, about("all"))
    assert record(head, *results)["scope"]["excluded"] == left["excluded"]


def test_runs_for_different_things_are_not_one() -> None:
    drilled = record(ended(head_of(about("one", drill={"level": "canary"}), FIRST), SECOND), RESULT)
    real = record(ended(head_of(about("two"), FIRST), SECOND), {**RESULT, "host": "web02"})
    with pytest.raises(ConfigurationError, match="for different things: drill canary, drill none"):
        merged([drilled, real], about("all"))


def test_a_rehearsal_is_judged_as_one_and_keeps_what_was_left_out() -> None:
    inner = record(ended(head_of(about("inner"), FIRST), SECOND), {**RESULT, "steps": []})
    left = [{"host": host, "reason": "not chosen"} for host in ("db01", "web01")]
    outer = about("outer", drill={"level": "rehearsal"}, scope={"excluded": left})
    head, results = of_rehearsal(inner, outer, THIRD)
    rehearsed = record(head, *results)
    assert inner["verdict"]["status"] == "passed"
    assert rehearsed["verdict"]["status"] == "not_proven"
    assert [one["host"] for one in rehearsed["scope"]["excluded"]] == ["db01"]


def test_what_an_interrupted_run_has_seen_and_left_counts_for_the_one_that_picks_it_up() -> None:
    left = ["/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d1"]
    committed = {
        "step": "commit",
        "changed": True,
        "azure_resources": {"deleted": [], "left_behind": left, "not_checked": []},
        "split_brain_check": {"verdict": "proved", "before": [], "after": []},
    }
    killed = record(head_of(about("one"), FIRST), {**RESULT, "steps": [{**CUT_OVER, "changed": True}, committed]})
    protected = {"step": "reverse_replicate", "changed": True}
    entry = {**RESULT, "steps": [protected], "validation": {}}
    picked_up = record(ended(head_of(about("two"), THIRD, killed), THIRD), entry)
    assert picked_up["verdict"]["status"] == "passed_with_findings"
    assert picked_up["results"][0]["timelines"]["web01"]["downtime"]["seconds"] == 3600
    alone = record(ended(head_of(about("two"), THIRD), THIRD), entry)
    assert alone["verdict"]["status"] == "not_proven"


def test_what_an_older_ansible_has_made_of_nothing_is_nothing() -> None:
    empty = {**RESULT, "authoritative_side": "", "reversible": "", "target": ""}
    (entry,) = record(ended(head_of(about("one"), FIRST), SECOND), empty)["results"]
    assert (entry["authoritative_side"], entry["reversible"], entry["target"]) == (None, None, None)

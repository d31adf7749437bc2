# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scorecard: only what was failed back for real counts, and what no record shows was not drilled."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from support.run_records import record_on

from ansible_collections.asr.failback.plugins.module_utils.model.past_runs import past_runs
from ansible_collections.asr.failback.plugins.module_utils.model.scorecard import Told, scorecard
from ansible_collections.asr.failback.plugins.module_utils.model.scorecard_lines import scorecard_lines

NOW = datetime(2026, 3, 31, 12, tzinfo=timezone.utc)
CANARY = {"level": "canary"}
SHOP = {"application": "shop", "objectives": {"rto": 7200.0, "downtime": 60.0}}
ALONE: dict[str, Any] = {"application": None, "objectives": {}}
# Something is left in Azure, and billed.
HOME = "passed_with_findings"
RELAXED = {"application": "shop", "objectives": {"rto": 7200.0}}
FAILED = {"outcome": "failed", "reason": "the heartbeat did not come"}
LOCKED = {"id": "azure_locks", "status": "fail", "vm": "web01", "cause": "a lock", "seen": "", "remedy": ""}


def targets(*hosts: str, **target: Any) -> dict[str, Any]:
    return {host: {"application": "shop", "objectives": {}, **target} for host in hosts}


def drilled(day: str, *hosts: dict[str, Any], **about: Any) -> dict[str, Any]:
    known = {**targets(*(str(host["host"]) for host in hosts)), **about.pop("targets", {})}
    return record_on(day, *hosts, **{"drill": CANARY, "targets": known, **about})


def scored(*records: dict[str, Any], days: int = 92, collection: str = "", **known: Any) -> dict[str, Any]:
    runs, ignored = past_runs((f"{number}.json", record) for number, record in enumerate(records))
    return {**scorecard(Told(runs, known, NOW, timedelta(days=days), collection)), "ignored": ignored}


def only(card: dict[str, Any]) -> dict[str, Any]:
    (one,) = card["applications"]
    return dict(one)


WEB, APP = {"host": "web01"}, {"host": "app01"}


@pytest.mark.parametrize(
    ("records", "status", "words"),
    [
        ((), "never_drilled", ""),
        ((drilled("2026-03-01", WEB, APP),), HOME, ""),
        ((drilled("2026-03-01", WEB),), "partly_drilled", "never drilled: app01"),
        ((drilled("2026-03-01", WEB), drilled("2026-02-01", APP)), HOME, ""),
        ((drilled("2025-11-01", WEB, APP),), "overdue", "more than 92 days ago: app01 (2025-11-01)"),
        ((drilled("2025-11-01", APP), drilled("2026-03-01", WEB)), "partly_drilled", "92 days ago: app01"),
        ((drilled("2026-03-01", WEB, {**APP, **FAILED}),), "failed", "app01: the heartbeat did not come (2026-03-01)"),
        ((drilled("2026-03-01", WEB, {**APP, **FAILED}), drilled("2026-03-02", APP)), HOME, ""),
        ((drilled("2026-03-02", WEB, {**APP, **FAILED}), drilled("2026-03-01", APP)), "failed", "app01"),
        ((drilled("2026-03-01", WEB, {**APP, "validation": {}}),), "not_proven", "app01: nothing has shown"),
        ((drilled("2026-03-01", WEB, APP, drill={"level": "rehearsal"}),), "never_drilled", ""),
        ((drilled("2026-03-01", WEB, APP, drill={"level": "readiness"}),), "never_drilled", ""),
        ((drilled("2026-03-01", WEB, APP, drill=None),), HOME, ""),
        ((drilled("2026-03-01", WEB, APP, drill=None, run={"kind": "prerequisites"}),), "never_drilled", ""),
        ((drilled("2026-03-01", WEB, APP, drill=None, run={"kind": "of somebody"}),), "never_drilled", ""),
    ],
    ids=[
        "nothing",
        "drilled",
        "one of two",
        "in two runs",
        "long ago",
        "one long ago",
        "failed",
        "failed and again",
        "passed and failed",
        "not validated",
        "rehearsed",
        "checked",
        "a real failback",
        "prerequisites",
        "a kind that is not known",
    ],
)
def test_the_newest_failback_of_each_host_counts(records: Any, status: str, words: str) -> None:
    one = only(scored(*records, **targets("web01", "app01")))
    assert one["status"] == status
    assert words in "; ".join(one["why"])


def test_objectives_are_those_of_the_inventory_now_and_the_worst_vm_is_named() -> None:
    one = only(
        scored(drilled("2026-03-01", WEB, APP), **targets("web01", objectives=SHOP["objectives"]), app01=RELAXED)
    )
    told = {held["objective"]: (held["status"], held["vm"], held["target"]) for held in one["objectives"]}
    assert told["downtime"] == ("missed", "web01", 60.0)
    assert told["rto"][0] == "met"
    assert one["recovery_seconds"] is not None


def test_what_was_not_measured_of_all_is_not_known() -> None:
    one = only(scored(drilled("2026-03-01", WEB, {**APP, "validation": {}}), **targets("web01", "app01")))
    assert one["recovery_seconds"] is None
    assert "not measured for 1 VM" in one["recovery_time"]


def test_the_objectives_of_what_was_never_drilled_are_not_measured() -> None:
    one = only(scored(**targets("web01", objectives=SHOP["objectives"])))
    assert {held["objective"]: held["status"] for held in one["objectives"]} == {
        "rto": "not_measured",
        "downtime": "not_measured",
    }
    assert only(scored(**targets("web01")))["objectives"] == []


def test_drift_is_what_changed_since_the_last_failback() -> None:
    then = drilled("2026-02-01", WEB, APP, targets={"web01": SHOP}, run={"collection": "0.1.0"})
    checked = record_on(
        "2026-03-01", {"host": "web01", "findings": [LOCKED]}, run={"kind": "prerequisites"}, targets={"web01": SHOP}
    )
    one = only(scored(then, checked, collection="0.2.0", **targets("web01", "new01", objectives={"rto": 60.0})))
    assert one["drift"] == [
        "new since: new01",
        "drilled, and no longer part of it: app01",
        "downtime: 1 min then, none now: web01",
        "rto: 2 h then, 1 min now: web01",
        "web01: azure_locks is fail since 2026-03-01: a lock",
        "drilled with asr.failback 0.1.0, which is 0.2.0 now",
    ]


def test_a_check_that_failed_before_the_failback_is_no_drift() -> None:
    checked = record_on("2026-01-01", {"host": "web01", "findings": [LOCKED]}, run={"kind": "prerequisites"})
    assert only(scored(drilled("2026-03-01", WEB), checked, **targets("web01")))["drift"] == []


def test_a_host_without_an_application_is_one_of_its_own() -> None:
    card = scored(drilled("2026-03-01", WEB, targets={"web01": ALONE}), web01=ALONE, app01=ALONE)
    assert [(one["name"], one["status"]) for one in card["applications"]] == [
        ("app01", "never_drilled"),
        ("web01", HOME),
    ]


def test_what_only_records_have_is_said() -> None:
    assert scored(drilled("2026-03-01", WEB))["gone"] == ["shop"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (drilled("2026-03-01", WEB, run={"check_mode": True}), "check mode"),
        (drilled("2026-03-01", WEB, drill=None, run={"kind": "undo_failback"}), "went back to Azure"),
        (drilled("2026-03-02", WEB, run_id="2026-03-01"), "same run as 0.json"),
    ],
    ids=["check mode", "undone", "twice"],
)
def test_a_record_that_shows_nothing_is_said(record: Any, reason: str) -> None:
    card = scored(drilled("2026-03-01", APP), record, **targets("web01"))
    assert reason in card["ignored"]["1.json"]
    assert only(card)["status"] == "never_drilled"


def test_slices_whose_merged_record_is_there_count_once() -> None:
    slices = [drilled("2026-03-01", WEB, drill=None, run_id="a"), drilled("2026-03-01", APP, drill=None, run_id="b")]
    parts = [record["run"] for record in slices]
    merged = {**drilled("2026-03-01", WEB, APP, drill=None, run={"kind": "merged"}, run_id="all"), "parts": parts}
    card = scored(*slices, merged, **targets("web01", "app01"))
    assert (only(card)["status"], len(only(card)["history"]), card["runs"]) == (HOME, 1, 1)
    assert card["ignored"] == {"0.json": "it is a part of 2.json", "1.json": "it is a part of 2.json"}


def test_of_an_interrupted_run_what_had_ended_counts() -> None:
    record = drilled("2026-03-01", WEB)
    running = {**record["run"], "state": "running", "ended": None}
    unfinished = {**record, "run": running, "verdict": {**record["verdict"], "status": "not_proven"}}
    assert only(scored(unfinished, **targets("web01")))["status"] == HOME


def test_a_trend_has_a_point_for_each_run_that_measured() -> None:
    records = [drilled(f"2026-0{month}-01", WEB) for month in (1, 2, 3)]
    one = only(scored(*records, **targets("web01", objectives={"rto": 3600.0})))
    assert [past["when"].month for past in one["history"]] == [3, 2, 1]
    xs = [dot["x"] for dot in one["trend"]["dots"]]
    assert xs == sorted(xs)
    assert one["trend"]["limit"] < one["trend"]["dots"][0]["y"]
    assert only(scored(records[0], **targets("web01")))["trend"] is None


def test_lines_have_what_needs_somebody_last() -> None:
    card = scored(drilled("2026-03-01", WEB, {**APP, **FAILED}, targets={"app01": ALONE}), web01=SHOP, app01=ALONE)
    lines = scorecard_lines(card)
    assert lines[-1] == "2 applications: 1 failed, 1 passed_with_findings"
    assert lines[-3].startswith("app01")
    assert "why: app01: the heartbeat did not come" in lines[-2]
    assert any("objective: Downtime" in line for line in lines)
    assert scorecard_lines(scored()) == ["No application is in the inventory."]

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
from ansible_collections.asr.failback.plugins.module_utils.model.run_document import UNTOLD, Entries, merged
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
NOT_STARTED = {"outcome": "not_started", "reason": "the host before it failed", "timelines": {}, "steps": []}
LOCKED = {"id": "azure_locks", "status": "fail", "vm": "web01", "cause": "a lock", "seen": "", "remedy": ""}


def targets(*hosts: str, **target: Any) -> dict[str, Any]:
    return {host: {"application": "shop", "objectives": {}, **target} for host in hosts}


def drilled(day: str, *hosts: dict[str, Any], **about: Any) -> dict[str, Any]:
    known = {**targets(*(str(host["host"]) for host in hosts)), **about.pop("targets", {})}
    return record_on(day, *hosts, **{"drill": CANARY, "targets": known, **about})


def scored(*records: dict[str, Any], left_out: tuple[str, ...] = (), **known: Any) -> dict[str, Any]:
    simulated, collection = known.pop("simulated", False), known.pop("collection", "")
    named = ((f"{number}.json", record) for number, record in enumerate(records))
    runs, ignored = past_runs(named, NOW, simulated=simulated)
    inventory = [*known, *left_out]
    return {
        **scorecard(Told(runs, known, inventory, NOW, timedelta(days=92), collection)),
        "ignored": ignored,
        "simulated": simulated,
    }


def made_again(*records: dict[str, Any]) -> dict[str, Any]:
    head, results = merged(records, {**UNTOLD, "run": {"id": "again", "kind": None}})
    entries = Entries(head, results)
    return {**head, "results": [*entries], "verdict": entries.verdict}


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
        ((drilled("2026-03-02", {**APP, **NOT_STARTED}), drilled("2026-03-01", WEB, APP)), HOME, ""),
        ((drilled("2026-03-01", WEB, {**APP, **NOT_STARTED}),), "partly_drilled", "never drilled: app01"),
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
        "not started",
        "never started",
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
        "web01: azure_locks was fail on 2026-03-01: a lock",
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
    card = scored(*slices, made_again(*slices), **targets("web01", "app01"))
    assert (only(card)["status"], len(only(card)["history"]), len(card["runs"])) == (HOME, 1, 1)
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
    assert lines[-1] == "2 applications: 2 failed"
    assert any("why: app01: the heartbeat did not come" in line for line in lines)
    assert any("objective: Downtime" in line for line in lines)
    assert scorecard_lines(scored()) == ["No application is in the inventory."]


def test_a_check_stays_as_it_was_seen_in_the_real_vault_last() -> None:
    checked = record_on("2026-03-02", {"host": "web01", "findings": [LOCKED]}, run={"kind": "prerequisites"})
    rehearsed = drilled("2026-03-03", WEB, drill={"level": "rehearsal"})
    other = record_on(
        "2026-03-04",
        {"host": "web01", "findings": [{**LOCKED, "id": "disk_space", "status": "pass"}]},
        run={"kind": "prerequisites"},
    )
    records = (drilled("2026-03-01", WEB), checked, rehearsed, other)
    assert "azure_locks was fail on 2026-03-02" in "".join(only(scored(*records, **targets("web01")))["drift"])
    free = record_on(
        "2026-03-05", {"host": "web01", "findings": [{**LOCKED, "status": "pass"}]}, run={"kind": "prerequisites"}
    )
    assert only(scored(*records, free, **targets("web01")))["drift"] == []


def test_what_does_not_count_has_met_nothing() -> None:
    known = targets("web01", "db01", objectives={"rto": 7200.0})
    one = only(scored(drilled("2026-03-01", WEB, targets={"web01": SHOP | {"objectives": {"rto": 7200.0}}}), **known))
    assert [(held["status"], held["vm"]) for held in one["objectives"]] == [("not_measured", "db01")]
    assert one["recovery_seconds"] is None
    old = only(scored(drilled("2025-03-01", WEB), **targets("web01", objectives={"rto": 7200.0})))
    assert [held["status"] for held in old["objectives"]] == ["not_measured"]


def test_an_objective_that_is_tighter_now_fails_what_had_passed() -> None:
    one = only(scored(drilled("2026-03-01", WEB), **targets("web01", objectives={"rto": 60.0})))
    assert one["status"] == "failed"
    assert "web01: RTO 20 min, allowed 1 min: missed" in one["why"]


@pytest.mark.parametrize(
    ("now", "words"), [({"target": "other"}, "of web01"), ({"target": "web01", "vault": "vault2"}, "in vault1")]
)
def test_a_failback_of_another_vm_under_the_same_name_does_not_count(now: Any, words: str) -> None:
    one = only(scored(drilled("2026-03-01", WEB), **targets("web01", **now)))
    assert one["status"] == "never_drilled"
    assert words in one["drift"][0]
    same = targets("web01", target="WEB01", vault="VAULT1")
    assert only(scored(drilled("2026-03-01", WEB), **same))["status"] == HOME


def test_an_application_that_is_called_something_else_now_keeps_its_past() -> None:
    one = only(scored(drilled("2026-03-01", WEB), **targets("web01", application="store")))
    assert (one["name"], one["status"], len(one["history"])) == ("store", HOME, 1)
    assert one["drift"] == ["of application shop then: web01"]


def test_hosts_without_an_application_belong_to_none_together() -> None:
    hosts = {"file01": ALONE, "dc01": ALONE}
    record = drilled("2026-03-01", *({"host": host} for host in hosts), targets=hosts)
    (dc, file) = scored(record, **hosts)["applications"]
    assert (dc["name"], dc["drift"], file["drift"]) == ("dc01", [], [])


def test_a_scorecard_says_what_to_do() -> None:
    failed = {**APP, **FAILED, "next": "Repair the VM."}
    limits = {"objectives": {"rto": 7200.0}}
    one = only(scored(drilled("2026-03-01", WEB, failed), **targets("web01", "app01", "db01", **limits)))
    assert one["next"] == [
        "app01: Repair the VM.",
        "Mark db01 with failback_drill: true, and run a canary drill.",
    ]
    never = only(scored(**targets("db01")))
    assert never["why"] == ["no record shows a failback of it"]
    assert never["next"][1] == "Set failback_objectives of db01: nothing is held against a limit there."


def test_what_was_not_measured_says_why() -> None:
    one = only(scored(drilled("2026-03-01", {**WEB, "validation": {}}), **targets("web01")))
    assert one["unmeasured"] == ["web01: nothing has shown that the VM works on-premises"]


def test_a_host_and_an_application_of_one_name_are_two() -> None:
    card = scored(drilled("2026-03-01", WEB), shop=ALONE, **targets("web01"))
    assert {one["name"]: one["status"] for one in card["applications"]} == {
        "shop": HOME,
        "shop (host)": "never_drilled",
    }


def test_what_a_limit_leaves_out_is_not_gone() -> None:
    card = scored(drilled("2026-03-01", WEB), left_out=("web01",), db01=ALONE)
    assert (card["gone"], card["left_out"]) == ([], ["web01"])


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ({"cloud": "https://127.0.0.1:8443/"}, "on a simulator"),
        ({"cloud": "https://localhost:8443"}, "on a simulator"),
        ({"cloud": None}, "in which cloud"),
    ],
)
def test_what_was_not_done_in_a_real_cloud_does_not_count(run: Any, reason: str) -> None:
    record = drilled("2026-03-01", WEB, run=run)
    card = scored(record, **targets("web01"))
    assert (only(card)["status"], reason in card["ignored"]["0.json"]) == ("never_drilled", True)
    if run["cloud"]:
        assert only(scored(record, simulated=True, **targets("web01")))["status"] == HOME


def test_a_record_of_the_future_does_not_count() -> None:
    card = scored(drilled("2027-12-01", WEB), **targets("web01"))
    assert "of the future (2027-12-01)" in card["ignored"]["0.json"]


def test_a_host_that_was_only_protected_again_was_not_failed_back() -> None:
    (record,) = [drilled("2026-03-01", WEB)]
    steps = [{**step, "job": None} for step in record["results"][0]["steps"] if step["step"] == "reverse_replicate"]
    again = drilled("2026-03-02", {**WEB, "steps": steps, "validation": {}})
    assert again["verdict"]["status"] == "not_proven"
    assert only(scored(record, again, **targets("web01")))["last_drill"].startswith("2026-03-01")


def test_a_merged_record_is_as_old_as_its_parts() -> None:
    old = drilled("2025-01-01", WEB, drill=None, run_id="old")
    again = made_again(old)
    assert only(scored(again, **targets("web01")))["status"] == "overdue"
    # One that somebody wrote by hand has times of its own for all.
    apart = {**again, "run": {**again["run"], "ended": "2026-03-30T00:00:00Z"}}
    assert only(scored(apart, **targets("web01")))["status"] == "overdue"

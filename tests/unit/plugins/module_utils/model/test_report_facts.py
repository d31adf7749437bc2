# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report says of a run: the worst first, and nothing that the record does not have."""

from __future__ import annotations

from typing import Any

import pytest
from support.run_records import at, made_record

from ansible_collections.asr.failback.plugins.module_utils.model.report_facts import facts_of


def facts(*hosts: dict[str, Any], **about: Any) -> dict[str, Any]:
    return facts_of(made_record(*hosts, **about), "0" * 64)


def test_what_failed_comes_first_then_what_was_not_proven() -> None:
    told = facts(
        {"host": "app01"},
        {"host": "web01", "outcome": "held", "reason": "it waits"},
        {"host": "zoo01", "outcome": "failed", "reason": "the job failed", "next": "Run again."},
    )
    assert [row["vm"] for row in told["rows"]] == ["zoo01", "web01", "app01"]
    assert [row["vm"] for row in told["problems"]] == ["zoo01", "web01"]
    assert told["sentence"] == "3 VMs: 1 failed, 1 not proven, 1 passed with findings."
    assert told["verdict"] == "failed"


def test_the_bars_of_the_chart_lie_where_the_phases_were() -> None:
    told = facts({"host": "web01"})
    bars = {one["phase"]: (one["x"], one["width"]) for one in told["rows"][0]["bars"]}
    # The chart goes from minute 0 to minute 34.
    assert bars["waiting"] == (pytest.approx(147.1), pytest.approx(147.0, abs=0.2))
    assert bars["reverse_replication"] == (pytest.approx(970.6), pytest.approx(29.4, abs=0.2))
    assert [mark["text"] for mark in told["axis"]] == ["09:00", "09:08", "09:17", "09:25", "09:34"]


def test_without_times_there_is_no_chart() -> None:
    told = facts({"outcome": "ready", "steps": [], "validation": {}})
    assert (told["axis"], told["rows"][0]["phases"]) == ([], [])


def test_a_finding_of_one_vm_of_a_plan_is_not_that_of_the_others() -> None:
    finding = {"id": "disk_space", "status": "warn", "vm": "db01", "cause": "little space", "seen": "", "remedy": ""}
    both = {"db01": "protected", "web01": "protected"}
    told = facts({"host": "plan", "vms": both, "steps": [], "findings": [finding]})
    assert {row["vm"]: row["verdict"] for row in told["rows"]} == {"db01": "passed_with_findings", "web01": "passed"}


def test_an_application_shows_its_worst_vm() -> None:
    shop = {"application": "shop", "objectives": {"downtime": 600.0, "rto": 1200.0}}
    slow = {"vms": [{"name": "db01", "verdict": "passed", "validated_at": at(25), "checks": []}]}
    told = facts({"host": "web01"}, {"host": "db01", "validation": slow}, targets={"web01": shop, "db01": shop})
    (application,) = told["applications"]
    worst = {held["objective"]: (held["vm"], held["status"], held["words"]) for held in application["objectives"]}
    assert worst == {
        "rto": ("db01", "missed", "RTO 25 min, allowed 20 min"),
        "downtime": ("db01", "missed", "Downtime 14 min, allowed 10 min"),
    }
    assert (application["recovery_time"], application["data_loss"]) == ("25 min", "none")


def test_what_was_not_measured_of_one_is_said_of_the_application() -> None:
    shop = {"application": "shop", "objectives": {}}
    told = facts({"host": "web01"}, {"host": "db01", "steps": []}, targets={"web01": shop, "db01": shop})
    assert told["applications"][0]["downtime"] == "9 min (not measured for 1 VM)"


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"run": {"kind": "prerequisites"}}, "nothing was copied"),
        ({"run": {"check_mode": True}}, "check mode"),
        ({"scope": {"excluded": [{"host": "db01", "reason": "not chosen"}]}}, "1 host that was left out"),
        ({"drill": {"level": "canary", "does_not_prove": ["That the whole fleet fits."]}}, "whole fleet"),
    ],
)
def test_what_a_run_does_not_prove_is_said(about: dict[str, Any], words: str) -> None:
    assert words in " ".join(facts({}, **about)["limits"])


def test_who_ran_it_and_who_wanted_it_are_named() -> None:
    drill = {"level": "canary", "approver": "the board", "change": "CHG0001", "next": "2026-07-01"}
    run = {"user": "ansible", "controller": "ctl01", "collection": "0.1.0", "tags": ["commit"]}
    told = facts({}, run=run, drill=drill)
    identity = dict(told["identity"])
    assert (identity["Run by"], identity["Approved by"], identity["Change"]) == (
        "ansible on ctl01",
        "the board",
        "CHG0001",
    )
    assert (identity["Next drill"], identity["Vaults"], identity["Steps"]) == ("2026-07-01", "vault1", "commit")
    assert told["title"] == "Failback drill: canary"


def test_an_azure_vm_that_was_not_committed_is_left_with_its_disks() -> None:
    (record,) = made_record({})["results"]
    kept = {"vm": "web01", "azure": {"id": "/x", "state": "deallocated", "reason": "read"}, "on_premises": []}
    cut_over = {**record["steps"][0], "split_brain_check": {"verdict": "proved", "before": [], "after": [kept]}}
    (left,) = facts({"outcome": "held", "steps": [cut_over]})["left"]
    assert left["billed"] == ["the Azure VM web01 (deallocated), with its disks"]


@pytest.mark.parametrize(("minute", "differ"), [(59, False), (20, True)])
def test_times_that_are_not_those_of_the_run_are_pointed_out(minute: int, differ: bool) -> None:
    record = made_record({})
    record["run"]["ended"] = at(minute)
    assert facts_of(record, "0" * 64)["clocks_differ"] is differ


def test_what_is_left_in_azure_is_told_by_whether_it_is_billed() -> None:
    (left,) = facts({})["left"]
    assert (left["host"], left["billed"], left["others"], left["unread"]) == ("web01", ["disk d1"], [], {})

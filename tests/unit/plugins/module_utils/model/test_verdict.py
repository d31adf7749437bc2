# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a host and on a run: nothing passes that was not shown."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.verdict import verdict_of, verdict_of_all

LEFT = {"left_behind": ["/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d1"], "not_checked": []}
STEPS = [
    {"step": "complete_failover", "changed": True, "split_brain_check": {"verdict": "proved"}},
    {"step": "commit", "changed": True, "split_brain_check": {"verdict": "proved"}},
]
HOME = {
    "host": "web01",
    "target": "web01",
    "outcome": "protected",
    "reason": "",
    "vms": {"web01": "protected"},
    "steps": STEPS,
    "findings": [],
    "validation": {"vms": [{"name": "web01", "verdict": "passed"}]},
    "timelines": {},
}


def finding(status: str) -> dict[str, Any]:
    return {"id": "disk_space", "status": status, "vm": "web01", "cause": "little space", "seen": "1 GiB", "remedy": ""}


def objective(status: str) -> dict[str, Any]:
    held = {"objective": "downtime", "target": 60.0, "measured": 90.0, "status": status, "basis": "because"}
    return {"web01": {"objectives": [held]}}


GIVEN_UP = {"vm": "web01", "kind": "azure_changes", "id": "/x", "name": "web01", "reason": "it was started at 12:00"}


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({}, "passed", ""),
        ({"steps": [], "validation": {}}, "passed", ""),
        ({"outcome": "failed", "reason": "the job failed"}, "failed", "the job failed"),
        ({"outcome": "not_started", "reason": ""}, "failed", "no reason was given"),
        ({"outcome": "held"}, "not_proven", "held"),
        ({"outcome": "failback_commit_pending"}, "not_proven", "has not ended"),
        ({"outcome": "in_progress", "reason": "it waits"}, "not_proven", "it waits"),
        ({"outcome": "predicted"}, "not_proven", "predicted"),
        ({"outcome": "something new"}, "not_proven", "something new"),
        ({"validation": {}}, "not_proven", "nothing has shown"),
        ({"validation": {"vms": [{"name": "web01", "verdict": "not_proven"}]}}, "not_proven", "nothing has shown"),
        ({"validation": {"vms": [{"name": "db01", "verdict": "passed"}]}}, "not_proven", "nothing has shown"),
        (
            {"steps": [*STEPS, {**STEPS[1], "split_brain_check": {"verdict": "not_checked"}}]},
            "not_proven",
            "both sides",
        ),
        ({"steps": [{"step": "commit", "changed": True}]}, "not_proven", "both sides"),
        ({"steps": [*STEPS, {"step": "commit", "azure_resources": LEFT}]}, "passed_with_findings", "disk d1"),
        ({"findings": [finding("warn")]}, "passed_with_findings", "little space"),
        ({"findings": [finding("not_checked")]}, "passed_with_findings", "not checked"),
        ({"findings": [finding("pass")]}, "passed", ""),
        ({"timelines": objective("met")}, "passed", ""),
        ({"timelines": objective("missed")}, "failed", "1 min 30 s, allowed 1 min"),
        ({"timelines": objective("not_measured")}, "not_proven", "because"),
        ({"outcome": "ready", "steps": [], "findings": [finding("pass")]}, "passed", ""),
        ({"outcome": "ready", "steps": []}, "not_proven", "no prerequisite was checked"),
        ({"outcome": "ready", "findings": [finding("not_checked")]}, "not_proven", "not checked"),
        ({"outcome": "ready", "findings": [finding("fail")]}, "failed", "little space"),
        ({"outcome": "undone"}, "passed", ""),
        ({"steps": [{"step": "reverse_replicate", "changed": True}], "validation": {}}, "not_proven", "nothing has"),
        ({"discarded": [GIVEN_UP]}, "passed_with_findings", "given up: web01: changes in Azure"),
        (
            {"outcome": "ready", "steps": [], "findings": [finding("pass")], "timelines": objective("not_measured")},
            "passed",
            "",
        ),
        ({"steps": [], "validation": {}, "timelines": objective("not_measured")}, "passed", ""),
    ],
)
def test_a_host_has_the_verdict_that_it_deserves(change: dict[str, Any], status: str, words: str) -> None:
    verdict = verdict_of({**HOME, **change})
    assert verdict["status"] == status
    assert words in " ".join(reason["what"] for reason in verdict["reasons"])


@pytest.mark.parametrize(
    ("found", "status"), [("fail", "failed"), ("not_checked", "not_proven"), ("warn", "passed_with_findings")]
)
def test_what_was_only_checked_is_judged_by_its_checks_also_at_home(found: str, status: str) -> None:
    at_home = {**finding("fail"), "id": "active_in_azure"}
    result = {**HOME, "steps": [], "validation": {}, "findings": [at_home, finding(found)]}
    assert verdict_of(result, only_checks=True)["status"] == status
    assert verdict_of({**result, "findings": [at_home]}, only_checks=True)["status"] == "passed"


def test_a_drill_that_moved_nothing_shows_nothing() -> None:
    assert verdict_of({**HOME, "steps": []}, has_to_move=True)["status"] == "not_proven"
    assert verdict_of(HOME, has_to_move=True)["status"] == "passed"


def test_a_vm_that_somebody_else_brought_back_is_not_proven() -> None:
    away = [{"step": "failover", "changed": True}, {"step": "commit_failover", "changed": True}]
    assert verdict_of({**HOME, "steps": away, "validation": {}})["status"] == "not_proven"


def test_the_worst_reason_comes_first() -> None:
    verdict = verdict_of({**HOME, "findings": [finding("warn")], "outcome": "failed", "reason": "the job failed"})
    assert [reason["verdict"] for reason in verdict["reasons"]] == ["failed", "passed_with_findings"]


@pytest.mark.parametrize(
    ("hosts", "whole", "status"),
    [
        (["passed", "passed"], True, "passed"),
        (["passed", "passed_with_findings"], True, "passed_with_findings"),
        (["passed_with_findings", "not_proven"], True, "not_proven"),
        (["failed", "passed", "not_proven"], True, "failed"),
        (["passed"], False, "not_proven"),
        (["failed"], False, "failed"),
        ([], True, "not_proven"),
    ],
)
def test_a_run_has_the_worst_verdict_of_its_hosts(hosts: list[str], whole: bool, status: str) -> None:
    verdict = verdict_of_all(({"status": one} for one in hosts), whole=whole)
    assert verdict["status"] == status
    assert sum(verdict["hosts"].values()) == len(hosts)
    assert bool(verdict["reasons"]) is (not whole or not hosts)


def test_a_finding_on_a_vm_that_the_result_does_not_name_is_one_on_all() -> None:
    result = {**HOME, "outcome": "ready", "steps": [], "vms": {"web01": "ready"}}
    (reason,) = verdict_of({**result, "findings": [{**finding("fail"), "vm": "WEB01"}]})["reasons"]
    assert reason["vm"] is None

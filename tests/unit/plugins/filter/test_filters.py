# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the report: a host's result, and the lines that show all of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.filter.report_lines import FilterModule as ReportLines
from ansible_collections.asr.failback.plugins.filter.result_of import FilterModule as ResultOf
from ansible_collections.asr.failback.plugins.filter.unknown_variables import unknown_variables
from ansible_collections.asr.failback.plugins.filter.why_not_started import FilterModule as WhyNotStarted

report_lines = ReportLines().filters()["report_lines"]
result_of = ResultOf().filters()["result_of"]
why_not_started = WhyNotStarted().filters()["why_not_started"]


def result(host: str, outcome: str, *stages: str, **more: Any) -> dict[str, Any]:
    steps = [{"stage": {"before": before, "after": after}} for before, after in pairwise(stages)]
    side = {"authoritative_side": "on_premises"}
    return {"host": host, "outcome": outcome, "steps": steps, "stage": stages[-1], **side, **more}


def test_a_line_tells_host_outcome_side_and_path() -> None:
    whole = result("web01", "protected", "failed_over", "failed_over", "failed_back", "protected")
    assert report_lines([whole]) == [
        "host   outcome    side         stages",
        "web01  protected  on_premises  failed_over > failed_back > protected",
    ]


def finding(status: str, vm: str | None = "web01", **more: str) -> dict[str, Any]:
    return {"id": "delete_lock", "status": status, "vm": vm, "seen": "", "cause": "", "remedy": "", **more}


def test_warnings_and_what_could_not_be_checked_are_shown_once() -> None:
    found = [
        finding("pass"),
        finding("warn", cause="The VM is off.", remedy="Start it."),
        finding("warn", vm=None, cause="Odd order."),
        finding("not_checked", cause="No role allows it."),
        finding("not_checked", vm="web02", cause="No role allows it."),
        finding("fail", cause="The reason says this."),
    ]
    assert report_lines([result("web01", "ready", "failed_over", findings=found)])[2:] == [
        "       warn: web01: The VM is off. Start it.",
        "       warn: Odd order.",
        "       not checked: delete_lock: No role allows it.",
    ]


def test_lines_are_aligned_and_those_that_need_somebody_come_last_with_what_to_do() -> None:
    lines = report_lines(
        [
            result("a-failed", "failed", "failed_over", authoritative_side=None, reason="No way.", next="Run again."),
            result("b-waits", "waiting_for_window", "waiting_for_completion", reason="By night.", next="Run again."),
            result("b-held", "held", "failback_commit_pending", reason="Not proven.", next="Prove it."),
            result("b-back", "undone", "failback_commit_pending", reason="", next="Do not commit."),
            result("c", "protected", "protected", reason=""),
        ]
    )
    assert lines == [
        "host      outcome             side         stages",
        "c         protected           on_premises",
        "b-waits   waiting_for_window  on_premises  waiting_for_completion",
        "          why:  By night.",
        "          next: Run again.",
        "b-held    held                on_premises  failback_commit_pending",
        "          why:  Not proven.",
        "          next: Prove it.",
        "b-back    undone              on_premises  failback_commit_pending",
        "          next: Do not commit.",
        "a-failed  failed              -            failed_over",
        "          why:  No way.",
        "          next: Run again.",
        "5 hosts: 1 failed, 1 held, 1 protected, 1 undone, 1 waiting_for_window",
    ]


def test_what_a_commit_left_in_azure_is_shown() -> None:
    left = {
        "deleted": ["/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web01"],
        "left_behind": [
            f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/{name}"
            for name in ("networkInterfaces/web01-nic", "publicIPAddresses/web01-ip")
        ],
        "not_checked": [
            {"id": f"https://store.blob.core.windows.net/vhds/{name}.vhd", "reason": "it is not read"}
            for name in ("os", "data")
        ],
    }
    step = {"stage": {"before": "failback_commit_pending", "after": "protected"}, "azure_resources": left}
    assert report_lines([result("web01", "protected", "protected", steps=[step])])[2:] == [
        "       left in Azure, and billed: public IP address web01-ip",
        "       left in Azure: network interface web01-nic",
        "       not checked in Azure: os.vhd, data.vhd: it is not read",
    ]


def test_what_a_commit_gave_up_is_shown() -> None:
    given_up = [
        {"vm": "web01", "kind": "azure_changes", "id": "/vm", "name": "web01", "reason": "its Azure VM was started"},
        {"vm": "web01", "kind": "disk", "id": "/logs", "name": "logs", "reason": "64 GiB, attached in Azure"},
    ]
    assert report_lines([result("web01", "protected", "protected", discarded=given_up)])[2:] == [
        "       given up: web01: changes in Azure since the cut-over (its Azure VM was started)",
        "       given up: web01: disk logs (64 GiB, attached in Azure)",
    ]


def copies(**states: str) -> dict[str, Any]:
    """A step whose split-brain check saw these copies on-premises, by host."""
    seen = [{"host": host, "state": state, "reason": ""} for host, state in states.items()]
    check = {"verdict": "proved", "before": [], "after": [{"vm": "web01", "runs": "on_premises", "on_premises": seen}]}
    return {"stage": {"before": "completing", "after": "failback_commit_pending"}, "split_brain_check": check}


def test_after_a_failback_to_another_host_the_old_copy_is_named() -> None:
    def shown(**states: str) -> list[str]:
        return report_lines(
            [result("web01", "protected", "protected", steps=[copies(hv01="Running"), copies(**states)])]
        )[2:]

    assert shown(hv02="Running", hv01="not_checked") == [
        "       on-premises: web01 runs on hv02; keep the copy off on hv01 (not_checked)"
    ]
    assert shown(hv02="Running", hv01="absent") == shown(hv02="Running") == []


def test_a_note_is_one_line() -> None:
    assert report_lines([result("web01", "failed", "unknown", reason="One.\nTwo.")])[2:] == ["       why:  One. Two."]


def test_without_results_there_are_no_lines() -> None:
    assert report_lines([]) == []


def test_a_host_has_its_own_result_with_its_name() -> None:
    hosts = {"web01": {"failback_result": {"outcome": "held"}}, "web02": {"failback_result": {"outcome": "other"}}}
    assert result_of("web01", hosts) == {"host": "web01", "outcome": "held"}


def test_a_host_that_dropped_out_has_a_result_that_the_report_can_show() -> None:
    dropped = result_of("web01", {"web01": {}})
    assert (dropped["host"], dropped["outcome"], dropped["stage"]) == ("web01", "failed", "unknown")
    assert len(report_lines([dropped])) == 4


OUTCOMES = {"f": "failed", "p": "protected", "h": "held", "n": "not_started"}


def left_by(outcome: str | None) -> dict[str, Any]:
    """The variables of a host with this outcome; of one that dropped out without any."""
    return {"failback_result": {"outcome": outcome, "reason": "the first one failed"}} if outcome else {}


@pytest.mark.parametrize(
    ("outcomes", "serial", "percentage", "failed"),
    [
        ("f???", "100%", 0, ""),
        ("pppp", 1, 0, ""),
        ("ppf?", 1, 0, "c"),
        ("ppf?", "1", 0, "c"),
        ("phh?", 1, 0, ""),
        ("pp-?", 1, 0, "c"),
        ("fppp?", 4, 25, ""),
        ("fppp?", 4, 24.9, "a"),
        ("ffpp?", 4, 25, "a, b"),
        ("ffff?", 4, 100, ""),
        ("f????", [1, "100%"], 0, "a"),
        ("pffff?", [1, "80%"], "50", "b, c, d, e"),
        ("fn?", 1, 0, "the first one"),
    ],
    ids=str,
)
def test_the_last_host_begins_unless_the_batch_before_failed(
    outcomes: str, serial: Any, percentage: float, failed: str
) -> None:
    names = "abcdefgh"[: len(outcomes)]
    results = {name: left_by(OUTCOMES.get(letter)) for name, letter in zip(names, outcomes, strict=True)}
    said = why_not_started(names[-1], list(names), results, serial, percentage)
    assert said.startswith(f"{failed} failed" if failed else ""), said
    assert bool(said) == bool(failed)


def test_a_name_that_is_not_known_is_told_with_the_one_that_was_meant() -> None:
    known = ["failback_commit", "failback_commit_policy", "failback_hosts"]
    names = ["failback_hosts", "failback_comit_policy", "failback_host", "failback_color"]
    assert unknown_variables(names, known) == [
        "failback_color",
        "failback_comit_policy (did you mean failback_commit_policy?)",
        "failback_host (did you mean failback_hosts?)",
    ]
    assert unknown_variables(known, known) == []

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run of the role ended, why, and what to do next."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.summary import (
    NO_RESULT,
    RoleRun,
    result_of_host,
    summary_of,
)

PENDING = "failback_commit_pending"
ERROR = {"failed": True, "msg": "No way", "error": {"kind": "throttled"}}


def role_run(stage: str = "protected", **more: Any) -> RoleRun:
    """A run that ended with its VM at a stage."""
    kept: dict[str, Any] = {
        "target": "web01",
        "stage": stage,
        "where": [["web01", stage]],
        "steps": [],
        "findings": [],
        "validation": {},
        "last": {"authoritative_side": "azure", "reversible": True},
        "failed": {},
        "part": "",
        "hooks": ["/hooks/drain.yml"],
        "ended": True,
        "fresh": True,
        "ready": False,
        "awaits_commit": stage == PENDING,
        "check_mode": False,
        "commits": True,
        "commit_policy": "after_validation",
        "validates": True,
        "discards": False,
    }
    return RoleRun(**{**kept, **more})


IN_AZURE = "Site Recovery shows it as failed over to Azure, with no failback begun."
DOUBT = {"authoritative_side": "mixed", "reason": "Its Azure VM was started"}
WAITS = {"waiting_for_window": True, "reason": "The window is not open", "window": {"state": "before"}}


@pytest.mark.parametrize(
    ("seen", "outcome", "reason", "after"),
    [
        (role_run(), "protected", "", ""),
        (role_run("failed_over", ready=True), "ready", "", ""),
        (role_run("failed_over", check_mode=True), "predicted", "", ""),
        (role_run(PENDING, commits=False), PENDING, "", ""),
        (
            role_run(PENDING),
            "held",
            "The failback awaits its commit, which needs",
            "not committed yet. Give the role access to its host",
        ),
        (role_run(PENDING, validates=False), "held", "The failback awaits", "Run again with its validation"),
        (role_run("mixed"), "held", "at different stages: web01: mixed.", "Run again with all steps"),
        (role_run("completing", last=WAITS), "waiting_for_window", "is not open.", "Run again when its window is open"),
        (
            role_run("completing", last={**WAITS, "window": {"state": "over"}}),
            "waiting_for_window",
            "is not open.",
            "Run again with a new failback_window",
        ),
        (
            role_run(PENDING, last={"held": True, "reason": "On hold"}, commit_policy="hold"),
            "held",
            "On hold.",
            "Run again with another failback_commit_policy",
        ),
        (role_run(PENDING, last=DOUBT), "failed", "Its Azure VM was started.", "Do not commit: section Afterwards"),
        (role_run(PENDING, last={**DOUBT, "held": True}), "failed", "Its Azure VM was started.", "Do not commit"),
        (
            role_run(PENDING, last=DOUBT, discards=True),
            "held",
            "The failback awaits its commit",
            "Give the role access to its host",
        ),
        (role_run("failed_over", ended=False), "failed", "It ended early", "no failback begun. See that its host"),
        (role_run("unknown", where=[]), "failed", "Nothing was read", "Run it from its first task"),
        (role_run("failed_over", failed=ERROR), "failed", "No way.", IN_AZURE + " Run again later."),
        (role_run("failed_over", failed=ERROR, fresh=False), "failed", "No way.", "When it was last read: Site"),
    ],
)
def test_a_run_is_accounted_for(seen: RoleRun, outcome: str, reason: str, after: str) -> None:
    result = summary_of(seen)
    assert result["outcome"] == outcome
    for word, text in ((reason, result["reason"]), (after, result["next"])):
        assert word in text
        assert bool(word) == bool(text)


@pytest.mark.parametrize(
    ("failed", "part", "reason", "after"),
    [
        ({"msg": "Broken"}, "/hooks/drain.yml", "The hook drain.yml failed: Broken.", "Repair the hook"),
        ({"msg": "Shop is down"}, "validate", "The validation failed: Shop is down.", "Repair the VM"),
        (ERROR, "validate", "No way.", "Run again later."),
        ({"msg": "A step's own stop!"}, "commit.yml", "A step's own stop!", "Do what the reason says"),
        ({"msg": "Wrong"}, "", "Wrong.", "Correct the variable"),
        ({"msg": "x", "error": "of another module"}, "", "x.", "Correct the variable"),
        ({"msg": ""}, "", "A task failed; see Ansible's output for the reason.", "Correct the variable"),
        ({"msg": "x", "error": {"kind": "new"}}, "commit.yml", "x.", "See the reason"),
        (
            {"msg": "All items completed", "results": [{"msg": "fine"}, ERROR, ERROR]},
            "commit.yml",
            "No way.",
            "Run again later.",
        ),
    ],
)
def test_a_failure_is_explained_by_its_place(failed: dict[str, Any], part: str, reason: str, after: str) -> None:
    result = summary_of(role_run("failed_over", failed=failed, part=part))
    assert result["outcome"] == "failed"
    assert result["reason"] == reason
    assert result["next"].startswith(f"{IN_AZURE} {after}")


def test_after_a_request_that_was_sent_nothing_is_claimed_that_was_seen_before_it() -> None:
    failed = {**ERROR, "changed": True, "authoritative_side": None, "reversible": None}
    result = summary_of(role_run(PENDING, failed=failed, fresh=False))
    assert result["next"] == (
        "Before its request was sent: It was cut over to on-premises; it is not committed yet. What the request did "
        "since is not known. Run again later."
    )
    assert (result["authoritative_side"], result["reversible"]) == (None, None)


WOULD = "Nothing was changed (check mode). A real run would stop here: It was cut over to on-premises; it is not"


def test_what_a_check_foretells_is_not_told_as_what_is() -> None:
    foretold = {"check_mode": True, "steps": [{"step": "planned_failover", "changed": True}]}
    assert summary_of(role_run(PENDING, **foretold))["next"].startswith(WOULD)
    assert summary_of(role_run(PENDING, failed=ERROR, fresh=False, **foretold))["next"].startswith(WOULD)
    # What was looked at after a failure is what there is.
    assert summary_of(role_run("failed_over", failed=ERROR, **foretold))["next"].startswith(IN_AZURE)
    # Without a step that would change anything, what was seen is what there is.
    assert summary_of(role_run(PENDING, check_mode=True))["next"].startswith("It was cut over")


def test_every_result_has_the_keys_of_one_that_there_is_none_of() -> None:
    assert set(summary_of(role_run())) == {"target", *NO_RESULT}


def test_what_a_commit_gave_up_is_told_also_where_it_failed_on_its_way() -> None:
    given_up = [{"vm": "web01", "kind": "disk", "id": "/disks/logs", "name": "logs", "reason": "64 GiB"}]
    steps = [{"step": "commit", "changed": True, "discarded": given_up}, {"step": "reverse_replicate", "changed": True}]
    assert summary_of(role_run(steps=steps))["discarded"] == given_up
    failed = {**ERROR, "error": {"kind": "job_failed", "discarded": given_up}}
    assert summary_of(role_run(PENDING, failed=failed))["discarded"] == given_up
    assert summary_of(role_run())["discarded"] == []


def test_what_both_sides_show_says_more_than_what_site_recovery_believes() -> None:
    error = {"kind": "contradiction", "validation": {"vms": []}}
    failed = {"msg": "Both run.", "authoritative_side": "mixed", "error": error}
    result = summary_of(role_run(PENDING, failed=failed))
    assert (result["authoritative_side"], result["reversible"]) == ("mixed", True)
    assert (
        result["next"]
        == "Do what the reason says, then run again. Set an option that it names as the variable failback_NAME."
    )
    assert result["validation"] == {"vms": []}


def test_what_could_not_be_checked_is_named_once() -> None:
    check = {"id": "heartbeat", "status": "not_checked", "cause": "No host is named."}
    finding = {"id": "host_reachable", "status": "not_checked", "cause": "hv01 does not answer."}
    of_checks = summary_of(role_run(PENDING, findings=[finding], validation={"vms": [{"checks": [check, check]}]}))
    assert of_checks["reason"].endswith(" Not checked: No host is named.")
    of_hosts = summary_of(role_run(PENDING, findings=[finding, {**finding, "id": "delete_lock"}]))
    assert of_hosts["reason"].endswith(" Not checked: hv01 does not answer.")


def test_a_failure_outside_of_the_steps_keeps_what_it_says_to_do() -> None:
    said = {"cause": "An internal error.", "remedy": "Report it."}
    failed = {"failed": True, "msg": "web01: An internal error. Report it.", **said}
    told = result_of_host("web01", failed)
    assert (told["outcome"], told["reason"], told["next"]) == ("failed", "An internal error.", "Report it.")

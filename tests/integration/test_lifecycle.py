# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every verb in every stage, with the real SDK: the right write, attach, nothing, or refusal with a reason.

Each cell is checked in check mode first (no write, the same prediction), then run, then run again (no write).
"""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import accepted
from support.scenarios import item_of, scenario_of

from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import Stage

VERBS: dict[str, tuple[str, dict[str, Any]]] = {
    "fail back": ("planned_failover", {}),
    "complete": ("complete_failover", {}),
    "commit failback": ("commit", {"policy": "now", **accepted("vm1")}),
    "commit failover": ("commit", {"direction": "failover"}),
    "reverse replicate": ("reverse_replicate", {}),
    "fail over": ("planned_failover", {"direction": "primary_to_recovery"}),
}
FAIL_OVER = FAIL_BACK = "plannedFailover"
RESUME, COMMIT, REPROTECT = "resume", "failoverCommit", "reProtect"
WAITING, PENDING, BACK, PROTECTED = "waiting_for_completion", "failback_commit_pending", "failed_back", "protected"

# stage -> verb -> (the writes, the stage afterwards), or the words of the refusal.
Cell = tuple[list[str], str] | str
TABLE: dict[str, dict[str, Cell]] = {
    "protected": {
        "fail back": ([], PROTECTED),
        "complete": ([], PROTECTED),
        "commit failback": ([], PROTECTED),
        "commit failover": "there is no failover to commit",
        "reverse replicate": ([], PROTECTED),
        "fail over": ([FAIL_OVER], "failover_commit_pending"),
    },
    "failover_commit_pending": {
        "fail back": "Commit it first (commit, direction: failover)",
        "complete": "Commit it first (commit, direction: failover)",
        "commit failback": "use direction: failover",
        "commit failover": ([COMMIT], "failed_over"),
        "reverse replicate": "Fail it back and commit first",
        "fail over": ([], "failover_commit_pending"),
    },
    "failed_over": {
        "fail back": ([FAIL_BACK], WAITING),
        "complete": "Run planned_failover first",
        "commit failback": "No failback has completed",
        "commit failover": ([], "failed_over"),
        "reverse replicate": "Fail it back and commit first",
        "fail over": ([], "failed_over"),
    },
    "synchronizing": {
        "fail back": ([], WAITING),
        "complete": ([RESUME], PENDING),
        "commit failback": "Finish it: complete_failover, then commit",
        "commit failover": ([], "synchronizing"),
        "reverse replicate": "Finish it: complete_failover, then commit",
        "fail over": "Finish it: complete_failover, then commit",
    },
    "waiting_for_completion": {
        "fail back": ([], WAITING),
        "complete": ([RESUME], PENDING),
        "commit failback": "Finish it: complete_failover, then commit",
        "commit failover": ([], WAITING),
        "reverse replicate": "Finish it: complete_failover, then commit",
        "fail over": "Finish it: complete_failover, then commit",
    },
    "completing": {
        "fail back": ([], PENDING),
        "complete": ([], PENDING),
        "commit failback": "still being cut over",
        "commit failover": ([], "completing"),
        "reverse replicate": "Finish it: complete_failover, then commit",
        "fail over": "Finish it: complete_failover, then commit",
    },
    "failback_commit_pending": {
        "fail back": ([], PENDING),
        "complete": ([], PENDING),
        "commit failback": ([COMMIT], BACK),
        "commit failover": "use direction: failback",
        "reverse replicate": "Run commit first",
        "fail over": "Run commit first",
    },
    "failed_back": {
        "fail back": ([], BACK),
        "complete": ([], BACK),
        "commit failback": ([], BACK),
        "commit failover": ([], BACK),
        "reverse replicate": ([REPROTECT], PROTECTED),
        "fail over": "Run reverse_replicate and wait until it is protected",
    },
    "reverse_replicating": {
        "fail back": ([], "reverse_replicating"),
        "complete": ([], "reverse_replicating"),
        "commit failback": ([], "reverse_replicating"),
        "commit failover": ([], "reverse_replicating"),
        "reverse replicate": ([], PROTECTED),
        "fail over": ([FAIL_OVER], "failover_commit_pending"),
    },
    "interrupted": {
        "fail back": ([FAIL_BACK], WAITING),
        "complete": "Never start the on-premises VM",
        "commit failback": "Never start the on-premises VM",
        "commit failover": ([], "interrupted"),
        "reverse replicate": "Never start the on-premises VM",
        "fail over": "Finish its failback first",
    },
}
CELLS = [(stage, verb, cell) for stage, row in TABLE.items() for verb, cell in row.items()]
IN_AZURE = {"failover_commit_pending", "failed_over", "synchronizing", WAITING, "completing", "interrupted"}


def test_every_stage_has_its_row() -> None:
    # What follows on a busy one depends on the job that is running for it.
    assert {*TABLE, "busy"} == {stage.value for stage in Stage}


@pytest.mark.parametrize(("stage", "verb", "cell"), CELLS, ids=[f"{stage}-{verb}" for stage, verb, _cell in CELLS])
def test_a_verb_in_a_stage(driver: Any, stage: str, verb: str, cell: Cell) -> None:
    vault = driver(scenario_of(item_of("vm1", stage)))
    module, options = VERBS[verb]
    if isinstance(cell, str):
        _expect_refusal(vault, module, options, stage, cell)
        return
    writes, after = cell
    predicted = vault.run(module, replicated_item="vm1", check_mode=True, **options)
    assert vault.writes() == []
    done = vault.run(module, replicated_item="vm1", **options)
    assert [line.rsplit("/", 1)[1] for line in vault.writes()] == writes
    assert done["stage"] == {"before": stage, "after": after}
    assert done["changed"] is bool(writes)
    assert vault.state("vm1")["stage"] == after
    assert done["authoritative_side"] == ("azure" if after in IN_AZURE else "on_premises")
    assert (predicted["changed"], predicted["stage"]) == (done["changed"], done["stage"])
    sent = vault.requests()
    again = vault.run(module, replicated_item="vm1", **options)
    assert (again["changed"], vault.writes(since=sent)) == (False, [])


def _expect_refusal(vault: Any, module: str, options: dict[str, Any], stage: str, words: str) -> None:
    for check_mode in (True, False):
        refused = vault.fail(module, replicated_item="vm1", check_mode=check_mode, **options)
        assert refused["error"]["kind"] == "refused"
        assert words in refused["msg"]
        assert stage in refused["msg"]
        assert refused["stage"]["before"] == stage
        assert refused["authoritative_side"] == ("azure" if stage in IN_AZURE else "on_premises")
    assert vault.writes() == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_busy_item_is_waited_for_and_then_decided_on(driver: Any, verb: str) -> None:
    vault = driver(scenario_of(item_of("vm1", "busy")))
    module, options = VERBS[verb]
    job = vault.jobs("vm1")[0]["name"]
    refused = vault.fail(module, replicated_item="vm1", wait=False, **options)
    assert refused["error"]["kind"] == "refused"
    assert job in refused["msg"]
    assert vault.writes() == []


def test_a_busy_item_is_failed_back_once_the_other_job_has_ended(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "busy")))
    result = vault.run("planned_failover", replicated_item="vm1")
    assert (result["stage"]["before"], result["stage"]["after"]) == ("busy", WAITING)
    assert vault.writes() == ["POST vm1/plannedFailover"]


def test_the_journal_of_a_whole_cycle_that_synchronizes_first(driver: Any) -> None:
    vault = driver(scenario_of("vm1"), policy="now", **accepted("vm1"))
    started = vault.run("planned_failover", replicated_item="vm1")
    for module in ("complete_failover", "commit", "reverse_replicate"):
        vault.run(module, replicated_item="vm1")
    assert vault.writes() == [
        "POST vm1/plannedFailover",
        f"POST {started['job']['name']}/resume",
        "POST vm1/failoverCommit",
        "POST vm1/reProtect",
    ]
    assert vault.state("vm1")["stage"] == PROTECTED


def test_the_journal_of_a_whole_cycle_with_a_full_download(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", in_azure_for="40d")), policy="now", **accepted("vm1"))
    chosen = vault.run("planned_failover", replicated_item="vm1")
    assert chosen["data_sync"]["option"] == "during_failover"
    assert chosen["stage"]["after"] == PENDING
    assert [vm["azure"]["state"] for vm in chosen["split_brain_check"]["after"]] == ["deallocated"]
    for module in ("complete_failover", "commit", "reverse_replicate"):
        vault.run(module, replicated_item="vm1")
    assert vault.writes() == ["POST vm1/plannedFailover", "POST vm1/failoverCommit", "POST vm1/reProtect"]

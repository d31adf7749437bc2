# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VMs whose jobs have aged out of the vault: what is not known stops no failback, and nothing that cannot be undone."""

from __future__ import annotations

from typing import Any

import pytest
from scenarios import item_of, scenario_of

# A commit that is pending under a name which nobody has seen, on an item that is active in Azure.
UNSEEN = {"failback_pending": {"state": "FailbackCommitPending", "active_location": "Recovery", "operation": "Commit"}}


def forgotten(vault: Any) -> Any:
    vault.trouble(jobs="ended", forgotten=True)
    return vault


def test_a_vm_whose_jobs_have_aged_out_comes_home(driver: Any) -> None:
    vault = forgotten(driver(scenario_of(item_of("vm1", in_azure_for="50d"))))
    (seen,) = vault.run("replicated_item_info", replicated_item="vm1")["replicated_items"]
    assert seen["stage"] == "failed_over"
    assert "Never start the on-premises VM" in seen["reason"]
    vault.run("planned_failover", replicated_item="vm1", wait_for="end")
    assert vault.state("vm1")["stage"] == "failback_commit_pending"


def test_a_failback_that_was_interrupted_is_not_taken_for_none(driver: Any) -> None:
    vault = forgotten(driver(scenario_of(item_of("vm1", "interrupted"))))
    found = {one["id"]: one for one in vault.run("failback_prereq", replicated_item="vm1")["findings"]}
    assert found["on_premises_disks"]["status"] == "not_checked"
    assert "never start the on-premises VM" in found["on_premises_disks"]["remedy"]
    assert vault.run("planned_failover", replicated_item="vm1")["stage"]["after"] == "waiting_for_completion"


@pytest.mark.parametrize("direction", ["failback", "failover"])
def test_a_pending_commit_that_nothing_explains_is_refused(driver: Any, direction: str) -> None:
    vault = forgotten(driver(scenario_of(item_of("vm1", "failback_commit_pending"), variants=UNSEEN)))
    refused = vault.fail("commit", replicated_item="vm1", policy="now", direction=direction)
    assert refused["error"]["kind"] == "refused"
    assert "Which commit is pending cannot be told" in refused["msg"]
    assert "direction: failover" not in refused["msg"]
    assert refused["authoritative_side"] == "mixed"
    assert vault.writes() == []
    assert vault.state("vm1")["azure_vm"]["exists"] is True


def test_the_recorded_state_needs_no_jobs(driver: Any) -> None:
    vault = forgotten(driver(scenario_of(item_of("vm1", "failback_commit_pending"))))
    (seen,) = vault.run("replicated_item_info", replicated_item="vm1")["replicated_items"]
    assert (seen["stage"], seen["authoritative_side"]) == ("failback_commit_pending", "on_premises")

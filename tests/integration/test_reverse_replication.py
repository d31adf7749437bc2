# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the verb that replicates to Azure again says of what it started."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import item_of, scenario_of

PLAN = [{"name": "shop", "groups": [["vm1"], ["vm2"]]}]
TASKS = ["Identifying the replication target", "Enable replication", "Starting initial replication"]


@pytest.mark.parametrize("wait_for", ["job", "protected"])
def test_it_says_that_all_data_is_sent_and_by_which_job(driver: Any, wait_for: str) -> None:
    vault = driver(scenario_of(item_of("vm1", "failed_back")))
    done = vault.run("reverse_replicate", replicated_item="vm1", wait_for=wait_for)
    (told,) = done["replication"]
    assert (told["vm"], told["kind"]) == ("vm1", "initial_replication")
    assert told["percent_complete"] == (0 if wait_for == "job" else None)
    if wait_for == "job":
        assert (told["job"], told["tasks"]) == (done["job"]["name"], TASKS)
    assert any("initial replication" in line for line in vault.lines), vault.lines
    again = vault.run("reverse_replicate", replicated_item="vm1")
    # One that runs is attached to, and told of as well.
    assert (again["changed"], len(again["replication"])) == (False, int(wait_for == "job"))


def test_of_a_plan_it_says_so_of_each_vm_that_it_started(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failed_back"), item_of("vm2", "protected"), recovery_plans=PLAN))
    check = vault.run("reverse_replicate", recovery_plan="shop", check_mode=True)
    assert check["replication"] == []
    done = vault.run("reverse_replicate", recovery_plan="shop")
    assert [(told["vm"], told["kind"]) for told in done["replication"]] == [("vm1", "initial_replication")]

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job that ends between two reads of one look: what was read before it is of another time."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import item_of, scenario_of


@pytest.mark.parametrize("seconds", [100, 2000])
@pytest.mark.parametrize(
    # Which read of a job is the one of the look after the write.
    ("stage", "module", "options", "nth"),
    [
        ("failed_back", "reverse_replicate", {}, 1),
        ("waiting_for_completion", "complete_failover", {}, 2),
        ("failback_commit_pending", "commit", {"policy": "now"}, 2),
        ("protected", "planned_failover", {"direction": "primary_to_recovery"}, 1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_job_that_ends_while_it_is_read_is_not_told_with_the_item_of_before(
    driver: Any, stage: str, module: str, options: dict[str, Any], nth: int, seconds: int
) -> None:
    vault = driver(scenario_of(item_of("vm1", stage))).knows_hosts()
    match = {"method": "GET", "path": "/replicationJobs/[^/]+$", "nth": nth}
    late = {"do": "status", "status": 503, "retry_after": seconds}
    vault.simulator.locked(lambda world: world.faults.add({"match": match, "action": late}))
    result = vault.run(module, replicated_item="vm1", wait=False, **options)
    assert result["stage"]["after"] == vault.state("vm1")["stage"]

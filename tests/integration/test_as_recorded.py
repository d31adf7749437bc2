# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A vault as it was recorded: test failovers of the past, ids of two kinds, plans whose job is not their operation."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import item_of, scenario_of

PAIR = [{"name": "shop", "groups": [["db"], ["web"]]}]
TARGETS = ({"replicated_item": "vm1"}, {"replicated_item": "erp"}, {"recovery_plan": "shop"})
STEPS = (
    ("failback_prereq", {}),
    ("planned_failover", {}),
    ("complete_failover", {}),
    ("failback_validate", {}),
    ("reverse_replicate", {}),
)


def vault_after(driver: Any, test_failover: str | None) -> Any:
    parts = {"test_failover": test_failover} if test_failover else {}
    names = (
        item_of("vm1", **parts),
        item_of("erp", cloud="cloud1", **parts),
        item_of("db", **parts),
        item_of("web", **parts),
    )
    return driver(scenario_of(*names, recovery_plans=PAIR)).knows_hosts()


def way_home(vault: Any, target: dict[str, str]) -> list[tuple[str, Any, Any]]:
    seen = []
    for step, options in STEPS:
        if step == "reverse_replicate":
            done = vault.run("commit", **target, policy="now", validation=seen[-1][2])
            seen.append(("commit", done["stage"], done["split_brain_check"]["verdict"]))
        done = vault.run(step, **target, **options)
        kept = (
            done.get("validation") if step == "failback_validate" else done.get("split_brain_check", {}).get("verdict")
        )
        seen.append((step, done.get("stage"), kept))
    return [(step, stage, None if step == "failback_validate" else kept) for step, stage, kept in seen]


def test_a_vault_after_test_failovers_comes_home_as_any_other(driver: Any) -> None:
    tested, untested = vault_after(driver, "cleaned_up"), vault_after(driver, None)
    for target in TARGETS:
        home = way_home(tested, target)
        assert home == way_home(untested, target)
        assert home[-1][1]["after"] == "protected"
    operations = [[write.rsplit("/", 1)[1] for write in vault.writes()] for vault in (tested, untested)]
    assert operations[0] == operations[1]
    assert {tested.state(name)["stage"] for name in ("vm1", "erp", "db", "web")} == {"protected"}


@pytest.mark.parametrize("stage", ["protected", "failed_over"])
def test_a_test_failover_that_was_cleaned_up_is_none(driver: Any, stage: str) -> None:
    vault = driver(scenario_of(item_of("vm1", stage, test_failover="cleaned_up")))
    found = {one["id"]: one for one in vault.run("failback_prereq", replicated_item="vm1")["findings"]}
    assert found["no_test_failover"]["status"] == "pass"
    assert vault.run("replicated_item_info", replicated_item="vm1")["replicated_items"][0]["stage"] == stage

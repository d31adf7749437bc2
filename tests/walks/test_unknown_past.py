# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All verbs in any order on machines whose jobs age out of the vault, in states that nobody has seen: a commit is sent
only by who knows which one it is.

SEED chooses the walks, WALKS how many there are in all.
"""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.module_runner import ModuleRunner
from support.oracle import Oracle
from support.scenarios import item_of, scenario_of
from support.soaking import WALKING_SEEDS, WALKS_OF_A_SEED, count

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.server import Simulator

STEPS = 24

STAGES = ("failed_over", "interrupted", "failover_commit_pending", "failback_commit_pending")
# A commit that is pending under a name which nobody has seen, on an item that is active in Azure.
UNSEEN = {"failback_pending": {"state": "FailbackCommitPending", "active_location": "Recovery", "operation": "Commit"}}
TO_AZURE = ("commit", {"direction": "failover"})
VERBS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("planned_failover", {"data_sync": "during_failover", "wait_for": "end"}),
    ("planned_failover", {}),
    ("complete_failover", {}),
    ("commit", {"policy": "now"}),
    TO_AZURE,
    TO_AZURE,
    ("reverse_replicate", {}),
    ("planned_failover", {"direction": "primary_to_recovery"}),
)


def walk(vault: ModuleRunner, dice: random.Random, names: tuple[str, ...]) -> list[str]:
    """Call verbs in any order while jobs age out; return what was committed as something else."""
    wrong = []
    for _step in range(STEPS):
        if dice.random() < 0.5:
            vault.trouble(jobs="ended", forgotten=True)
        name, (module, options) = dice.choice(names), dice.choice(VERBS)
        stage, since = vault.state(name)["stage"], vault.requests()
        with suppress(FailbackError):
            vault.run(module, replicated_item=name, **options)
        if module == "commit" and vault.writes(since):
            meant = "failover_commit_pending" if options.get("direction") == "failover" else "failback_commit_pending"
            wrong += [f"{name} was {stage}, and {meant} was committed"] if stage != meant else []
        vault.pass_time(dice.choice((1, 200, 4000)))
    return wrong


@pytest.mark.parametrize("number", WALKING_SEEDS)
def test_a_commit_is_sent_by_who_knows_which_it_is(number: int, tmp_path: Path) -> None:
    dice = random.Random(number)
    names = tuple(f"vm{index}" for index in range(WALKS_OF_A_SEED))
    items = [item_of(name, dice.choice(STAGES)) for name in names]
    variants = dice.choice(({}, UNSEEN, UNSEEN))
    with Simulator.start(scenario_of(*items, variants=variants, speed=0), tmp_path / "simulator") as simulator:
        oracle = Oracle(simulator, refusals=False)
        vault = ModuleRunner(simulator, poll_interval=60, wait_timeout=6000).knows_hosts()
        violations = walk(vault, dice, names) + oracle.violations
        count(walks=WALKS_OF_A_SEED, violations=len(violations))
        assert violations == []

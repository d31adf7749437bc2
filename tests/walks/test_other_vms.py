# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All verbs in any order on machines whose Azure VM is not what its item says: nothing that is lost with a commit is
committed, and somebody else's VM is left alone.

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
from support.scenarios import STARTER, item_of, scenario_of
from support.soaking import WALKING_SEEDS, WALKS_OF_A_SEED, count

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.server import Simulator

STEPS = 16

STAGES = ("failed_over", "waiting_for_completion", "failback_commit_pending")
VERBS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("planned_failover", {"data_sync": "before_failover"}),
    ("planned_failover", {"data_sync": "during_failover", "wait_for": "end"}),
    ("complete_failover", {}),
    ("commit", {"policy": "now"}),
    ("commit", {"policy": "now", "discard_azure_changes": True}),
    ("undo_failback", {}),
    ("failback_prereq", {}),
    ("reverse_replicate", {"wait_for": "job"}),
)


def walk(vault: ModuleRunner, dice: random.Random, names: tuple[str, ...]) -> None:
    """Call verbs in any order, and let time pass. What a verb says of its failure is judged elsewhere."""
    for _step in range(STEPS):
        module, options = dice.choice(VERBS)
        with suppress(FailbackError):
            vault.run(module, replicated_item=dice.choice(names), check_mode=dice.random() < 0.2, **options)
        vault.pass_time(dice.choice((1, 200, 4000)))


@pytest.mark.parametrize("number", WALKING_SEEDS)
def test_a_disk_that_only_azure_has_is_not_deleted(number: int, tmp_path: Path) -> None:
    dice = random.Random(number)
    names = tuple(f"vm{index}" for index in range(WALKS_OF_A_SEED))
    items = [item_of(name, managed_disks=dice.random() < 0.7) for name in names]
    scenario = scenario_of(*items, principals=[STARTER], variants={"target_disks": dice.choice(("told", "untold"))})
    with Simulator.start({**scenario, "speed": 0}, tmp_path / "simulator") as simulator:
        oracle = Oracle(simulator, refusals=False)
        vault = ModuleRunner(simulator, poll_interval=60, wait_timeout=6000).knows_hosts()
        for name in names:
            vault.trouble(azure_vm=name, attach_disk=f"{name}-logs", gb=64)
        walk(vault, dice, names)
        assert oracle.violations == []
        kept = simulator.locked(lambda world: {disk.name for disk in world.compute.disks()})
        assert {f"{name}-logs" for name in names} <= kept
        count(walks=WALKS_OF_A_SEED, violations=len(oracle.violations))


@pytest.mark.parametrize("number", WALKING_SEEDS)
def test_somebody_elses_vm_is_left_alone(number: int, tmp_path: Path) -> None:
    dice = random.Random(number)
    names = tuple(f"vm{index}" for index in range(WALKS_OF_A_SEED))
    items = [
        item_of(name, dice.choice(STAGES), azure_namesake=dice.choice(("running", "deallocated", "deallocated")))
        for name in names
    ]
    told = dice.choice(("told", "untold"))
    scenario = scenario_of(*items, principals=[STARTER], variants={"target_disks": told}, speed=0)
    with Simulator.start(scenario, tmp_path / "simulator") as simulator:
        oracle = Oracle(simulator, refusals=False)
        vault = ModuleRunner(simulator, poll_interval=60, wait_timeout=6000).knows_hosts()
        others = simulator.locked(lambda world: [vm for vm in world.compute.machines() if vm.name in names])
        before = [(vm.name, vm.power, vm.operated) for vm in others]
        walk(vault, dice, names)
        assert oracle.violations == []
        assert [path for path in vault.writes() if path.endswith("/failoverCommit")] == []
        assert [(vm.name, vm.power, vm.operated) for vm in others] == before
        count(walks=WALKS_OF_A_SEED, violations=len(oracle.violations))

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back to Azure on hosts with sick VMs: guests that do not shut down, VMs that cannot be read, and answers that
get lost. No VM is turned off unless that is allowed, and what becomes of each change is told.

SEED chooses the walks, WALKS how many there are in all.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from support.host_fates import of_undo
from support.module_runner import ModuleRunner
from support.oracle import Oracle
from support.scenarios import CLOUD, STARTER, item_of, scenario_of
from support.soaking import WALKING_SEEDS, WALKS_OF_A_SEED, count

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.server import Simulator

STEPS = 12

BYSTANDER = {"name": "bystander", "state": "Running"}
SITE = {
    "name": "site1",
    "type": "HyperVSite",
    "hosts": [{"name": "hv01", "virtual_machines": [BYSTANDER]}, {"name": "hv02"}],
}
SICK: tuple[dict[str, Any], ...] = (
    {"broken": True},
    {"heartbeat": "none"},
    {"shutdown_component": "missing"},
    {"shutdown_component": "fails"},
    {"shutdown_component": "locked"},
    {"shutdown_seconds": 250},
    {"shutdown_seconds": 1000},
    {"unsaved_data": True},
    {"operation": "WaitingToStart"},
    {"operation": "MigratingVirtualMachine"},
    {"operation": "MergingDisks"},
)
WELL: tuple[dict[str, Any], ...] = (
    {"broken": False},
    {"heartbeat": "ok"},
    {"shutdown_component": "works"},
    {"shutdown_seconds": 15},
    {"unsaved_data": False},
    {"operation": "Ok"},
)


ANSWERS: tuple[dict[str, Any], ...] = (
    {"answers": "lost", "of": "changes"},
    {"answers": "cut", "of": "changes"},
    {"answers": "lost", "of": "all"},
    *({"answers": "told", "of": "all"},) * 3,
)


def turned_off(simulator: Simulator) -> int:
    """How often somebody turned a machine off."""
    return simulator.locked(lambda world: sum(machine.turned_off for machine in world.hyperv.machines()))


def undo_failback(vault: ModuleRunner, oracle: Oracle, dice: random.Random, name: str) -> None:
    """Go back to Azure with one machine, or try; a machine that is turned off is a step that says why."""
    oracle.forces_off = dice.random() < 0.4
    options = {"shutdown_timeout": dice.choice((60, 300)), "close_applications": dice.random() < 0.7}
    before = turned_off(vault.simulator)
    try:
        result = vault.run("undo_failback", replicated_item=name, force_off=oracle.forces_off, **options)
    except FailbackError as problem:
        result = problem.as_result()
    oracle.hears_of_changes(of_undo(result))
    steps = result["steps"] if "steps" in result else result["error"]["steps"]
    assert result["changed"] or not steps
    forced = [step for step in steps if step["what"] == "turn_off"]
    assert len(forced) == turned_off(vault.simulator) - before
    assert all(step["detail"].startswith("Turned off, as force_off allows: ") for step in forced)


def meanwhile(vault: ModuleRunner, dice: random.Random, names: tuple[str, ...]) -> None:
    """Something becomes of a machine now and then while others are waited for."""
    if dice.random() < 0.2:
        vault.trouble(vm=dice.choice(names), **dice.choice((*SICK, *WELL)))
    if dice.random() < 0.05:
        vault.trouble(host=dice.choice(("hv01", "hv02")), **dice.choice(ANSWERS))


@pytest.mark.parametrize("number", WALKING_SEEDS)
def test_no_vm_is_turned_off_unless_that_is_allowed(number: int, tmp_path: Path) -> None:
    dice = random.Random(number)
    names = tuple(f"vm{index}" for index in range(WALKS_OF_A_SEED))
    items = [item_of(name, "failback_commit_pending", host=dice.choice(("hv01", "hv02"))) for name in names]
    scenario = scenario_of(*items, principals=[STARTER], fabrics=[SITE, CLOUD], speed=0)
    with Simulator.start(scenario, tmp_path / "simulator") as simulator:
        oracle = Oracle(simulator, refusals=False)
        vault = ModuleRunner(simulator, poll_interval=10, wait_timeout=6000).knows_hosts()
        vault.pass_time(300)
        vault.meanwhile = lambda _seconds: meanwhile(vault, dice, (*names, "bystander"))
        for name in names:
            vault.trouble(vm=name, **dice.choice(SICK))
        for _step in range(STEPS):
            for host in ("hv01", "hv02"):
                vault.trouble(host=host, **dice.choice(ANSWERS))
            undo_failback(vault, oracle, dice, dice.choice(names))
        assert oracle.violations == []
        count(walks=WALKS_OF_A_SEED, violations=len(oracle.violations))

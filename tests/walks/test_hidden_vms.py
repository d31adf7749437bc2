# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All verbs in any order on machines that clusters have and no node lists, and whose record VMM complains of: none of
them counts as absent or off, and no second one is made.

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
from support.scenarios import CLOUD, STARTER, item_of, scenario_of
from support.soaking import WALKING_SEEDS, WALKS_OF_A_SEED, count

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.hyperv.cmdlets.enums import VMM_POWER, VMM_RECORD
from asr_simulator.hyperv.machine_states import LISTED, UNLISTED
from asr_simulator.server import Simulator

STEPS = 14

STAGES = ("failed_over", "failback_commit_pending")
NODES = ("hv01.c.example", "hv02.c.example", "hv03.c.example")
SITE = {
    "name": "site1",
    "type": "HyperVSite",
    "hosts": [*({"name": name, "cluster": "clu"} for name in NODES[:2]), {"name": NODES[2]}],
}
BEHIND_VMM, MANAGED = ("cloudy1", "cloudy2"), ("vmm01-node1", "vmm01-node2")
CLUSTERED = ("vm1", "vm2", "vm3", "vm4")
# VMM's record says what its host does.
OWN = ""
# What is asked for in a stage: what rests on where the on-premises copy is.
VERBS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "failed_over": (
        ("planned_failover", {"create_vm_if_missing": True, "wait_for": "started"}),
        *(("planned_failover", {"target_host": name, "wait_for": "started"}) for name in NODES[1:]),
    ),
    "failback_commit_pending": (("undo_failback", {}), ("commit", {"policy": "now"})),
}
OTHERWISE: tuple[tuple[str, dict[str, Any]], ...] = (("complete_failover", {}), ("failback_prereq", {}))


def trouble(vault: ModuleRunner, dice: random.Random, name: str) -> None:
    """Let what the lists of its hosts show of a machine be less than there is, or as it should be again."""
    chosen = dice.random()
    state, record = dice.choice((*UNLISTED, LISTED)), dice.choice(dice.choice(((OWN,), VMM_POWER, VMM_RECORD)))

    resource = dice.choice(("", "", "Failed", "Online", "Offline"))
    operation, group = dice.choice(("", "", "MergingDisks", "CriticalIoError")), dice.choice(("", "Role 1"))

    def act(world: Any) -> None:
        (item,) = (one for one in world.vault.items if one.name == name)
        machine = item.on_premises
        if name in BEHIND_VMM:
            machine.record = record
            machine.configure(state if chosen < 0.3 else LISTED)
        elif machine.host.cluster is None:
            # Failed back to a host of no cluster, of which nothing else tells what it does not list.
            machine.configure(LISTED)
        elif chosen < 0.4:
            machine.configure(state)
        elif chosen < 0.5:
            machine.tells_cluster_id, machine.cluster_group = not machine.tells_cluster_id, group
        elif chosen < 0.9:
            machine.resource_trouble, machine.denies_role = resource, dice.random() < 0.5
            machine.operation = operation
        else:
            world.hyperv.move(machine, dice.choice(machine.host.cluster.nodes))

    vault.simulator.locked(act)


@pytest.mark.parametrize("number", WALKING_SEEDS)
def test_what_no_list_shows_is_not_absent(number: int, tmp_path: Path) -> None:
    dice = random.Random(number)
    items = [item_of(name, dice.choice(STAGES), host=NODES[0]) for name in CLUSTERED]
    items += [item_of(name, dice.choice(STAGES), cloud="cloud1") for name in BEHIND_VMM]
    scenario = scenario_of(*items, fabrics=[SITE, CLOUD], principals=[STARTER], speed=0)
    with Simulator.start(scenario, tmp_path / "simulator") as simulator:
        oracle = Oracle(simulator, refusals=False)
        vault = ModuleRunner(simulator, poll_interval=60, wait_timeout=6000).knows_hosts()
        if number % 2:
            vault.inventory = {name: host for name, host in vault.inventory.items() if name not in MANAGED}
        for _step in range(STEPS):
            name = dice.choice((*CLUSTERED, *BEHIND_VMM))
            trouble(vault, dice, name)
            module, options = dice.choice(VERBS.get(vault.state(name)["stage"], OTHERWISE))
            with suppress(FailbackError):
                vault.run(module, replicated_item=name, check_mode=dice.random() < 0.1, **options)
            vault.pass_time(dice.choice((1, 200, 4000)))
        assert oracle.violations == []
        count(walks=WALKS_OF_A_SEED, violations=len(oracle.violations))

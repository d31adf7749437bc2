# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All verbs in any order on machines that somebody moves, beside old copies that run or are off, and hosts and clusters
that do not tell: no other copy is taken for the one that is meant, and what its own host denies is neither proved nor
off.

SEED chooses the walks, WALKS how many there are in all.
"""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.module_runner import ModuleRunner
from support.oracle import Oracle
from support.scenarios import CLOUD, STARTER, item_of, scenario_of
from support.soaking import WALKING_SEEDS, WALKS_OF_A_SEED, count

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.server import Simulator

STEPS = 16
PENDING = "failback_commit_pending"
STAGES = ("failed_over", PENDING, PENDING)
ALONE, NODES, AWAY = ("hv01", "hv02"), ("hv11.c.example", "hv12.c.example"), "hv77"
SITE = {
    "name": "site1",
    "type": "HyperVSite",
    "hosts": [*({"name": name} for name in ALONE), *({"name": name, "cluster": "clu"} for name in NODES)],
}
OTHER_SITE = {"name": "site2", "type": "HyperVSite", "hosts": [{"name": AWAY}]}
HOSTS = (*ALONE, *NODES, AWAY)
NAMES = ("vm1", "vm2", "vm3", "vm4")
VERBS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "failed_over": (
        ("planned_failover", {"create_vm_if_missing": True, "data_sync": "during_failover"}),
        *(("planned_failover", {"target_host": name, "data_sync": "during_failover"}) for name in HOSTS[1:4]),
    ),
    PENDING: (("undo_failback", {}), ("commit", {"policy": "now", "validation": True})),
}
OTHERWISE: tuple[tuple[str, dict[str, Any]], ...] = (("complete_failover", {}), ("failback_prereq", {}))
EVIDENCE = {"attested": ["the shop answers"], "heartbeat": False, "addresses": False}


class Walk:
    """What somebody does to the machines behind everybody's back, and what the client is told to do."""

    def __init__(self, simulator: Simulator, dice: random.Random) -> None:
        self._dice = dice
        self._vault = ModuleRunner(simulator, poll_interval=60, wait_timeout=6000).knows_hosts()
        self._every = dict(self._vault.inventory)
        self._evidence: dict[str, Any] = {}
        self._shows_evidence = False
        self.oracle = Oracle(simulator, refusals=False, stands_for=self._stands_for)

    def _stands_for(self, _name: str, side: str) -> bool:
        return side == "on_premises" and self._shows_evidence

    def step(self) -> None:
        """Trouble, and a verb."""
        name = self._dice.choice(NAMES)
        for _time in range(self._dice.choice((1, 1, 2, 3))):
            self._trouble(name)
        self._validate(name)
        module, options = self._dice.choice(VERBS.get(self._vault.state(name)["stage"], OTHERWISE))
        options = {**options, **({"validation": self._evidence.get(name)} if options.get("validation") else {})}
        self._shows_evidence = bool(options.get("validation"))
        self.oracle.asks_hosts = self._vault.simulator.locked(lambda world: self._may_be_asked(world, name))
        with suppress(FailbackError):
            self._vault.run(module, replicated_item=name, check_mode=self._dice.random() < 0.1, **options)
        self._vault.pass_time(self._dice.choice((1, 200, 4000)))

    def _may_be_asked(self, world: Any, name: str) -> bool:
        (item,) = (one for one in world.vault.items if one.name == name)
        host = item.on_premises.host
        # Of another site, a host is asked only where the machine's own does not have it.
        return host.reachable and host.name in self._vault.inventory and host.name != AWAY

    def _validate(self, name: str) -> None:
        if self._vault.state(name)["stage"] == PENDING and self._dice.random() < 0.7:
            with suppress(FailbackError):
                self._evidence[name] = self._vault.run("failback_validate", replicated_item=name, **EVIDENCE)[
                    "validation"
                ]

    def _trouble(self, name: str) -> None:
        chosen, host = self._dice.random(), self._dice.choice((*HOSTS, *4 * (AWAY,)))
        if chosen < 0.15:
            # It may be in the inventory again, or not any more.
            self._vault.inventory = {
                key: value for key, value in self._every.items() if key != host or self._dice.random() < 0.25
            }
        elif chosen < 0.3:
            self._vault.trouble(host=host, reachable=self._dice.random() < 0.75)
        else:
            self._vault.simulator.locked(lambda world: self._act(world, name, chosen, host))

    def _act(self, world: Any, name: str, chosen: float, place: str) -> None:
        (item,) = (one for one in world.vault.items if one.name == name)
        machine, host, home = item.on_premises, world.hyperv.host(place), item.provider.friendly_name
        others = [one for one in world.hyperv.machines() if one.identifier == machine.identifier and one is not machine]
        for one in others:
            # There nothing would tell it from the one that was failed back.
            if one.host.name == home:
                one.host.machines.remove(one)
        if chosen < 0.5 and machine.exists:
            provider = item.provider
            world.hyperv.move(machine, host)
            machine.configure(machine.configuration if host.cluster else "Online")
            # Nobody has told Site Recovery.
            item.provider = provider
        elif chosen < 0.6 and not others and machine.exists and host is not machine.host and place != home:
            old = replace(machine, host=host, disks=[], adapters=[], has_role=False, configuration="Online")
            old.turn_off()
            host.machines.append(old)
        elif chosen < 0.85:
            for one in others:
                one.run(world.clock.now()) if chosen < 0.75 else one.turn_off()
        elif machine.host.cluster is not None:
            machine.configure(self._dice.choice(("OfflinePending", "Failed", "Online")))
            machine.tells_cluster_id, machine.cluster_group = self._dice.random() < 0.5, "Role 1"
        else:
            machine.configure("Online")


@pytest.mark.parametrize("number", WALKING_SEEDS)
def test_no_other_copy_is_taken_for_the_one_that_is_meant(number: int, tmp_path: Path) -> None:
    dice = random.Random(number)
    items = [item_of(name, dice.choice(STAGES), host=dice.choice(HOSTS[:3])) for name in NAMES]
    scenario = scenario_of(*items, fabrics=[SITE, OTHER_SITE, CLOUD], principals=[STARTER], speed=0)
    with Simulator.start(scenario, tmp_path / "simulator") as simulator:
        walk = Walk(simulator, dice)
        for _step in range(STEPS):
            walk.step()
        assert walk.oracle.violations == []
        count(walks=WALKS_OF_A_SEED, violations=len(walk.oracle.violations))

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of breakage in a task that brings three virtual machines home: what strikes one stops no other.

Each ends well, or in an error that says which side is authoritative and what to do next. The same task again brings
all of them home, and no step was started twice.

`FAULTS=all` strikes one of three at each of its steps with every kind, and every ninth call of the task with every
kind; else a few of them that SEED chooses.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
from support.full_run import WRITES, omissions_of, side_of, sides_to_accept, taken
from support.host_control import sick
from support.module_runner import ModuleRunner, accepted
from support.oracle import Oracle, sent_again
from support.scenarios import CLOUD, SICK_SITE, item_of, scenario_of
from support.soaking import count
from support.wire_faults import FROM_THEN_ON, KINDS, OF_ALL, OF_READS, Documents, end_of_faults, strike_with

from asr_simulator.server import Simulator

ALL = os.environ.get("FAULTS") == "all"
SEED = os.environ.get("SEED", "1")
DICE = random.Random(SEED)
NAMES = ("vm1", "vm2", "vm3")
# Whoever is struck second has one before and one after.
SECOND = 2
ALONE = {"heartbeat": False, "addresses": False, "commit_policy": "now"}
# The time of a task is counted for each of its steps.
WAIT_TIMEOUT = 1800
# A sign-in is that of all.
OF_ONE = [kind for kind in KINDS if kind != "sign-in-lost"]
STEPS = [(kind, step) for kind in (OF_ONE if ALL else DICE.sample(OF_ONE, 3)) for step in WRITES]
CALLS = OF_READS if ALL else DICE.sample(OF_READS, 3)
EVERY = 9 if ALL else 40


class Batch:
    """Three virtual machines of a simulator, and the task that brings them home. With C(hosts) these are asked."""

    def __init__(self, simulator: Simulator, *, hosts: bool) -> None:
        simulator.reset()
        self.simulator, self.hosts = simulator, hosts
        if hosts:
            sick(simulator)
        self.said: set[tuple[str, str]] = set()
        # The sides that were authoritative for each: one that failed is not looked at again when others end.
        self.sides = {name: {side_of(item)} for name, item in self.items().items()}
        simulator.locked(lambda world: world.clock.watch(lambda: self._note_sides(world.state())))
        # Faults answer in the place of Azure: their refusals are no fault of the client.
        self.oracle = Oracle(simulator, refusals=False, stands_for=self._stands_for)

    def run(self) -> dict[str, dict[str, Any]]:
        """Run the task, as a run of its own, and return the result of each."""
        driver = ModuleRunner(self.simulator, wait_timeout=WAIT_TIMEOUT)
        if self.hosts:
            driver.knows_hosts()
        entries = [{"replicated_item": name, **self._words(name)} for name in NAMES]
        vms = driver.run("failback", replicated_items=entries, **({} if self.hosts else ALONE))["vms"]
        assert [*vms] == [*NAMES]
        return dict(vms)

    def items(self) -> dict[str, dict[str, Any]]:
        """What the simulator says of each."""
        return {item["name"]: item for item in self.simulator.state()["items"]}

    def _note_sides(self, state: dict[str, Any]) -> None:
        for item in state["items"]:
            self.sides[item["name"]].add(side_of(item))

    def _words(self, name: str) -> dict[str, Any]:
        sides = sides_to_accept(self.items()[name], hosts=self.hosts)
        self.said |= {(name, side) for side in sides}
        return accepted(name, sides=sides) if sides else {}

    def _stands_for(self, name: str, side: str) -> bool:
        # With hosts the commit has evidence.
        return (name, side) in self.said or (self.hosts and side == "on_premises")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    scenario = scenario_of(*map(item_of, NAMES), fabrics=[SICK_SITE, CLOUD])
    with Simulator.start(scenario, tmp_path_factory.mktemp("simulator"), speed=0) as started:
        yield started


def struck(simulator: Simulator, documents: Documents, *, hosts: bool) -> tuple[list[str], list[str]]:
    """Run the task with these faults, and again without them; return who failed at first, and all that is wrong."""
    batch = Batch(simulator, hosts=hosts)
    strike_with(simulator, documents)
    results = batch.run()
    wrong = [f"sent again: {path}" for path in sent_again(simulator.journal.entries(writes=True))]
    items, written = batch.items(), taken(simulator)
    for name, result in results.items():
        found = wrong_with(name, result, items[name], batch.sides[name], written)
        wrong += [f"{name}: {what}: {result}" for what in found]
    end_of_faults(simulator)
    again = batch.run()
    wrong += [f"again: {name}: {result['msg']}" for name, result in again.items() if result["failed"]]
    written = taken(simulator)
    wrong += [f"sent twice: {write}" for write in set(written) if written.count(write) > 1]
    wrong += batch.oracle.ends(dict.fromkeys(NAMES, "protected"))
    return [name for name, result in results.items() if result["failed"]], wrong


def wrong_with(
    name: str, result: dict[str, Any], item: dict[str, Any], sides: set[str], written: list[str]
) -> list[str]:
    """What is wrong with the result of one, whom the simulator knows as C(item); C(sides) were authoritative."""
    wrong = []
    if any(write.startswith(f"{name}/") for write in written) and not result["changed"]:
        wrong.append("a write was taken, yet changed is false")
    if result["failed"]:
        return [*wrong, *omissions_of(result, sides)]
    if item["stage"] != "protected" or result["result"]["outcome"] != "protected":
        wrong.append(f"it is {item['stage']}")
    return wrong


def most_struck(kind: str) -> int:
    """How many may fail."""
    if kind in OF_ALL:
        return len(NAMES)
    # What strikes from then on strikes the third, too.
    return SECOND if kind in FROM_THEN_ON else 1


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_one_of_three_is_struck_at_a_step(simulator: Simulator, kind: str, step: str) -> None:
    documents = KINDS[kind](SECOND)
    for document in documents:
        document["match"] |= {"method": "POST", "path": f"/{WRITES[step]}$"}
    failed, wrong = struck(simulator, documents, hosts=True)
    count(faults=1, violations=len(wrong))
    assert wrong == []
    assert len(failed) <= most_struck(kind)


@pytest.mark.parametrize("kind", CALLS)
def test_a_call_of_three_is_struck(simulator: Simulator, kind: str) -> None:
    Batch(simulator, hosts=False).run()
    calls = len(simulator.journal.entries())
    wrong, numbers = [], range(1 + random.Random(SEED + kind).randrange(EVERY), calls + 1, EVERY)
    for nth in numbers:
        _failed, found = struck(simulator, KINDS[kind](nth), hosts=False)
        wrong += [f"call {nth}: {what}" for what in found]
    count(faults=len(numbers), violations=len(wrong))
    assert wrong == []

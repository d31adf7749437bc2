# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of hosts that get lost, are cut off, or stand among other things, at each session of a change on a host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.host_fates import of_switch, of_undo
from support.module_runner import ModuleRunner
from support.oracle import Oracle
from support.scenarios import STARTER, item_of, scenario_of
from support.soaking import count

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.server import Simulator
from asr_simulator.world import World

HOST = "hv01"
FAULTS: dict[str, dict[str, Any]] = {
    "lost": {"answers": "lost", "of": "all"},
    "cut": {"answers": "cut", "of": "all"},
    "lost after a change": {"answers": "lost", "of": "changes"},
    "cut after a change": {"answers": "cut", "of": "changes"},
    "not asked": {"input": "lost"},
    "constrained": {"language_mode": "constrained"},
    "ends": {"pipe": "ends"},
    "not to be read after a change": {"service": "vmms", "state": "Stopped", "after": "change"},
}
RIGHT: tuple[dict[str, Any], ...] = (
    {"answers": "told", "of": "all"},
    {"input": "arrives"},
    {"language_mode": "full"},
    {"pipe": "stays"},
    {"service": "vmms", "state": "Running"},
)
SWITCH = {"host": HOST, "name": "Extra", "type": "private"}
UNDO = {"replicated_item": "vm1", "reason": "it does not work"}
# The sessions of an undo that look before a stop, make it and look after it, hold the machine, and look at that.
SESSIONS = range(4, 9)
# PowerShell tells that it has not begun what it was asked for.
NOT_BEGUN = ("not asked", "constrained")
OF_CHANGES = [name for name, fault in FAULTS.items() if fault.get("of") == "changes" or "after" in fault]
STRUCK = [
    *((name, 1) for name in OF_CHANGES),
    *((name, one) for name in FAULTS if name not in OF_CHANGES for one in SESSIONS),
]


def outcome(driver: ModuleRunner, module: str, **options: Any) -> dict[str, Any]:
    """The result of a module, failed or not."""
    try:
        return driver.run(module, **options)
    except FailbackError as problem:
        return problem.as_result()


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One VM that awaits the commit of its failback, and a caller who may start it in Azure."""
    scenario = scenario_of(item_of("vm1", "failback_commit_pending"), principals=[STARTER])
    with Simulator.start(scenario, tmp_path_factory.mktemp("simulator"), speed=0) as simulator:
        yield simulator


@pytest.fixture
def simulator(started: Simulator) -> Simulator:
    """The same, begun anew; what the console says besides is no fault: nothing may come of it."""
    started.reset()
    started.locked(lambda world: world.apply_fault({"host": HOST, "console": "noisy"}))
    return started


def strike(simulator: Simulator, fault: dict[str, Any], *, session: int) -> None:
    """Let something go wrong from that session on."""
    worlds = [simulator.locked(lambda world: world)]

    def watch(world: World) -> None:
        if world in worlds and len(world.shells.sessions()) >= session:
            worlds.clear()
            world.apply_fault({"host": HOST, **fault})

    simulator.watch(watch)


def mend(simulator: Simulator) -> None:
    """Everything is as it should be again, but for what the console says besides."""
    for fault in RIGHT:
        simulator.locked(lambda world, fault=fault: world.apply_fault({"host": HOST, **fault}))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_switch_has_a_fate_whatever_becomes_of_the_answer(simulator: Simulator, fault: str) -> None:
    oracle, driver = Oracle(simulator), ModuleRunner(simulator).knows_hosts()
    simulator.locked(lambda world: world.apply_fault({"host": HOST, **FAULTS[fault]}))
    oracle.hears_of_changes(of_switch(HOST, outcome(driver, "hyperv_switch", **SWITCH)))
    mend(simulator)
    oracle.hears_of_changes(of_switch(HOST, outcome(driver, "hyperv_switch", **SWITCH)))
    count(faults=1, violations=len(oracle.violations))
    assert oracle.violations == []
    (host,) = (host for host in simulator.state()["hosts"] if host["name"] == HOST)
    assert [one["name"] for one in host["switches"]].count("Extra") == 1


@pytest.mark.parametrize(("fault", "session"), STRUCK)
def test_what_an_undo_changed_has_a_fate_wherever_answers_get_lost(
    simulator: Simulator, fault: str, session: int
) -> None:
    oracle, driver = Oracle(simulator), ModuleRunner(simulator, poll_interval=10).knows_hosts()
    strike(simulator, FAULTS[fault], session=session)
    told = of_undo(outcome(driver, "undo_failback", **UNDO))
    if fault in NOT_BEGUN and not simulator.locked(lambda world: world.hyperv.changes):
        assert told == {}
    oracle.hears_of_changes(told)
    mend(simulator)
    result = outcome(driver, "undo_failback", **UNDO)
    oracle.hears_of_changes(of_undo(result))
    count(faults=1, violations=len(oracle.violations))
    assert oracle.violations == []
    truth = driver.state("vm1")
    assert (truth["azure_vm"]["power"], truth["on_premises_vm"]["power"]) == ("running", "off"), result

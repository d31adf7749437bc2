# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Killed anywhere, again and again, a fleet comes home: nothing is started twice, lost, or left behind.

SEED chooses the kills, KILLS how many there are in all, TARGETS how many VMs and plans a fleet has: a run
can be repeated as far as the order in which processes run allows. In half of them the hosts are asked. One
in five seeds is run a second time in one process, by waves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.oracle import Oracle
from support.playbook_runner import PASS, PlaybookRunner
from support.process_kill import Killing, Moment, moments
from support.scenarios import CLOUD, SICK, SICK_SITE, item_of, scenario_of
from support.soaking import count, seeds

from asr_simulator.server import Simulator

SPEED = 1200
# Where nothing is slow, what a killed run began has mostly ended before the next one asks; else it still goes on.
SLOW: tuple[dict[str, float], ...] = ({}, {"initiate_sync_seconds": 18000, "final_delta_seconds": 6000})
KILLS_OF_A_SEED = 5
KILLS = int(os.environ.get("KILLS", "25"))
TARGETS = int(os.environ.get("TARGETS", "1"))
SEEDS = seeds(KILLS, KILLS_OF_A_SEED)
MOST_RUNS = 40
AWHILE = 20

FLEET = [
    item_of("web01"),
    item_of("file01", in_azure_for="40d"),
    item_of("batch01", "interrupted"),
    item_of("queue01", "failback_commit_pending"),
    item_of("app01"),
    item_of("app02"),
]
PLAN = {"name": "shop", "groups": [["app01"], ["app02"]]}
# The hosts of the inventory, and the machines that each stands for. A seed takes the next ones of them.
HOSTS = {
    "web01": ["web01"],
    "shop": ["app01", "app02"],
    "file01": ["file01"],
    "batch01": ["batch01"],
    "queue01": ["queue01"],
}
# Those of a run in one process, which goes by virtual machines: one more than TARGETS, as they die together.
OF_WAVES = {name: [name] for names in HOSTS.values() for name in names}
ALONE, IN_ONE_PROCESS = "failback", "fleet"
RUNS = [*((ALONE, seed) for seed in SEEDS), *((IN_ONE_PROCESS, seed) for seed in SEEDS[2::5])]


class Fleet:
    """A simulated fleet, and the playbook that brings it home, run by run."""

    def __init__(
        self,
        simulator: Simulator,
        folder: Path,
        temporary: Path,
        hosts: dict[str, list[str]],
        *,
        playbook: str,
        asks_hosts: bool,
    ) -> None:
        self.simulator = simulator
        self.others = len(hosts) - 1
        self.has_one_worker = playbook == IN_ONE_PROCESS or not self.others
        self.stage = PlaybookRunner(simulator, folder)
        if asks_hosts:
            self.stage.knows_hosts()
            for fault in SICK:
                self.stage.trouble(**fault)
        # The playbook validates after each cut-over, with tasks of its own, and commits on that.
        self.oracle = Oracle(simulator, stands_for=lambda _name, side: side == "on_premises")
        self.runs: list[Killing] = []
        self.late: list[str] = []
        self.expected = {name: "protected" for names in hosts.values() for name in names}
        self.home, self.temporary = folder / "home", temporary
        self.home.mkdir()
        proof = self.stage.task_file("validate.yml", PASS)
        inventory = {host: {"failback_recovery_plan": host} if host == PLAN["name"] else {} for host in hosts}
        self._command, environment = self.stage.prepared(playbook, inventory, failback_validation_tasks=proof)
        self._environment = {**environment, "HOME": str(self.home), "TMPDIR": str(self.temporary)}

    def run(self, moment: Moment) -> tuple[bool, int]:
        """Run the playbook until it ends or dies: whether it was killed, and its exit status."""
        run = Killing(self._command, self._environment, self.stage.folder, moment, self.simulator.journal.count)
        self.runs.append(run)
        self.simulator.watch(run.hear)
        end = run.wait()
        if moment.leaves_one_alone and self.has_one_worker:
            run.outlived_by(AWHILE)
            late = self.simulator.locked(run.writes_from_the_dead)
            # Of each other virtual machine of the process, one may have been on its way.
            self.late += [f"{path} was asked for by a run that was dead" for path in late[self.others :]]
        return end

    def left_behind(self) -> list[str]:
        """What the runs left: processes, and files beside the report and the log of this test.

        A kill leaves Ansible's own temporary folder behind, which is empty: nothing of this collection goes there.
        """
        processes = [f"process {process}" for run in self.runs for process in run.outlived_by(AWHILE)]
        files = [path for place in (self.home, self.temporary) for path in place.rglob("*") if not path.is_dir()]
        unfinished = [*self.stage.folder.glob("*.part"), *self.stage.folder.glob("tmp*")]
        return [*processes, *(str(path) for path in (*files, *unfinished) if path != self.temporary)]


@pytest.fixture
def fleet(tmp_path: Path, short_path: Path, playbook: str, seed: int) -> Iterator[Fleet]:
    among, many = (HOSTS, TARGETS) if playbook == ALONE else (OF_WAVES, TARGETS + 1)
    chosen = [[*among][(seed * many + number) % len(among)] for number in range(min(many, len(among)))]
    hosts = {name: among[name] for name in chosen}
    scenario = scenario_of(*FLEET, recovery_plans=[PLAN], rates=SLOW[seed % 2], fabrics=[SICK_SITE, CLOUD])
    with ExitStack() as running:
        simulator = running.enter_context(Simulator.start(scenario, tmp_path / "simulator", speed=SPEED))
        yield Fleet(simulator, tmp_path, short_path, hosts, playbook=playbook, asks_hosts=seed // 2 % 2 == 1)


@pytest.mark.parametrize(("playbook", "seed"), RUNS)
def test_a_fleet_that_is_killed_again_and_again_comes_home(fleet: Fleet, playbook: str, seed: int) -> None:
    kills, told = 0, []
    wanted = min(KILLS_OF_A_SEED, KILLS - (seed - SEEDS.start) * KILLS_OF_A_SEED)
    for moment, _run in zip(moments(seed), range(MOST_RUNS), strict=False):
        killed, status = fleet.run(moment if kills < wanted else Moment(moment.what, 1 << 30, False, 0.0))
        kills += killed
        told.append(f"{moment}: {'killed' if killed else status}")
        if kills >= wanted and status == 0:
            break
    violations = [*fleet.oracle.ends(fleet.expected), *fleet.oracle.repeated(), *fleet.left_behind(), *fleet.late]
    count(kills=kills, violations=len(violations))
    assert violations == [], told
    assert kills == wanted, told

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many pieces of work, each as far as it can go: who has the turn, who waits, and what a failure is to the others."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.failures import Orphaned, Refused
from ansible_collections.asr.failback.plugins.module_utils.scheduler import Piece, Scheduler, watch_of_the_turn
from ansible_collections.asr.failback.plugins.module_utils.waiting import Pause, Pending, Steps, wait_until
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

DAY = 86400


class Fleet:
    """Pieces on one clock, which moves only while all of them wait."""

    def __init__(self, *, ends_at: float = float("inf")) -> None:
        self.now = 0.0
        self.lines: list[str] = []
        self.pieces: list[Piece[str]] = []
        self.watch = Watch(
            DAY, self.lines.append, clock=lambda: self.now, pause=self._pass, is_wanted=lambda: self.now < ends_at
        )

    def _pass(self, seconds: float) -> None:
        self.now += seconds

    def add(self, name: str, steps: Callable[[Watch], Steps[str]], timeout: float = DAY) -> Piece[str]:
        """Add a piece with a watch of its own."""
        watch = self.watch.of_one(self.lines.append, timeout)
        piece = Piece(name, watch, lambda: steps(watch))
        self.pieces.append(piece)
        return piece

    def run(self, **options: int) -> Fleet:
        """Run all to their ends."""
        Scheduler[str](self.watch, **options).run(self.pieces)
        return self


async def at_once(_watch: Watch) -> str:
    return "done"


def after(seconds: float) -> Callable[[Watch], Steps[str]]:
    async def steps(watch: Watch) -> str:
        await Pause(seconds, f"waits for {seconds:.0f}")
        return f"done at {watch.now():.0f}"

    return steps


def test_those_that_wait_hold_up_nobody() -> None:
    fleet = Fleet()
    for seconds in (3600, 60, 600):
        fleet.add(f"after {seconds}", after(seconds))
    fleet.add("at once", at_once)
    assert [piece.ended for piece in fleet.run(at_once=1).pieces] == [
        "done at 3600",
        "done at 60",
        "done at 600",
        "done",
    ]
    assert fleet.now == 3600


@pytest.mark.parametrize("fault", [Refused("No.", "Never."), ValueError("a bug")], ids=["failure", "bug"])
def test_a_failure_is_its_own(fault: Exception) -> None:
    async def fails(_watch: Watch) -> str:
        await Pause(5)
        raise fault

    fleet = Fleet()
    failed, other = fleet.add("fails", fails), fleet.add("works", after(10))
    fleet.run()
    assert (failed.failure, failed.ended) == (fault, None)
    assert (other.failure, other.ended) == (None, "done at 10")


def test_nobody_at_all_is_no_work() -> None:
    assert Fleet().run().now == 0


def test_each_has_a_deadline_of_its_own() -> None:
    def waits_for_ever(watch: Watch) -> Steps[str]:
        def out_of_time(_pending: Pending) -> str:
            return f"gave up at {watch.now():.0f}"

        return wait_until(lambda: Pending("nothing"), watch, 30, out_of_time=out_of_time)

    fleet = Fleet()
    for timeout in (100, 1000):
        fleet.add(f"{timeout}", waits_for_ever, timeout)
    assert [piece.ended for piece in fleet.run().pieces] == ["gave up at 100", "gave up at 1000"]


def test_each_is_told_that_nobody_wants_it_any_more() -> None:
    left: list[str] = []

    async def leaves(_watch: Watch) -> str:
        try:
            await Pause(60)
        except Orphaned:
            left.append("told")
            raise
        return "not reached"

    fleet = Fleet(ends_at=30)
    pieces = [fleet.add(name, leaves) for name in ("one", "another")]
    fleet.run()
    assert left == ["told", "told"]
    assert all(isinstance(piece.failure, Orphaned) for piece in pieces)


def test_some_go_on_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=20)

    async def meets(_watch: Watch) -> str:
        together.wait()
        return "met"

    fleet = Fleet()
    pieces = [fleet.add(str(number), meets) for number in range(3)]
    fleet.run(at_once=3)
    assert [piece.ended for piece in pieces] == ["met"] * 3


def test_what_works_for_all_sees_the_watch_of_whoever_has_the_turn() -> None:
    fleet = Fleet()
    seen: dict[str, list[Watch]] = {"one": [], "another": []}

    def sees(name: str) -> Callable[[Watch], Steps[str]]:
        async def steps(_watch: Watch) -> str:
            seen[name].append(watch_of_the_turn(fleet.watch))
            await Pause(1)
            seen[name].append(watch_of_the_turn(fleet.watch))
            return ""

        return steps

    pieces = {name: fleet.add(name, sees(name)) for name in seen}
    fleet.run(at_once=2)
    assert all(watches == [pieces[name].watch] * 2 for name, watches in seen.items())
    assert watch_of_the_turn(fleet.watch) is fleet.watch


def test_a_line_is_said_once_by_each() -> None:
    async def waits_twice(_watch: Watch) -> str:
        await Pause(600, "waits")
        await Pause(600, "waits")
        return ""

    fleet = Fleet()
    fleet.add("one", waits_twice)
    fleet.add("another", waits_twice)
    assert fleet.run().lines == ["waits", "waits"]

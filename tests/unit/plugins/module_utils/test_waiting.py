# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one way to wait: work that never blocks, and who drives it."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    NotFound,
    Orphaned,
    Refused,
    ServiceError,
    Unreachable,
    WaitTimeout,
)
from ansible_collections.asr.failback.plugins.module_utils.waiting import (
    Done,
    Later,
    Pause,
    Pending,
    Work,
    read_patiently,
    run_to_end,
    wait_until,
)
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

DAY = 86400


class Clock:
    """Time that passes by pauses alone. `lines` is what was reported."""

    def __init__(self, timeout: float = DAY, *, ends_at: float = float("inf")) -> None:
        self.now = 0.0
        self.lines: list[str] = []
        self.watch = Watch(
            timeout,
            self.lines.append,
            clock=lambda: self.now,
            pause=self._pass,
            is_wanted=lambda: self.now < ends_at,
        )

    def _pass(self, seconds: float) -> None:
        self.now += seconds


def give_up(pending: Pending) -> str:
    raise WaitTimeout(f"It was never done: {pending.because}.", "Wait longer.")


def looks(*found: str | None) -> Callable[[], str | Pending]:
    """What each look finds, the last one again and again; None where it is not done."""
    rest = list(found)

    def look() -> str | Pending:
        first = rest.pop(0) if len(rest) > 1 else rest[0]
        return Pending("it copies") if first is None else first

    return look


def test_work_says_when_to_go_on_and_does_nothing_before() -> None:
    steps: list[str] = []

    async def work() -> str:
        steps.append("begun")
        await Pause(30, "it copies")
        return "done"

    clock = Clock()
    clock.now = 100
    under_way = Work(work(), clock.watch.now)
    assert under_way.tick() == Later(130, "it copies")
    clock.now = 129
    assert under_way.tick() == Later(130, "it copies")
    assert steps == ["begun"]
    clock.now = 130
    assert under_way.tick() == Done("done")


def test_a_pause_begins_when_the_work_asks_for_it() -> None:
    clock = Clock()
    begun: list[float] = []

    def slow() -> str | Pending:
        begun.append(clock.now)
        clock.now += 40
        return "done" if len(begun) == 3 else Pending()

    run_to_end(wait_until(slow, clock.watch, 30, out_of_time=give_up), clock.watch)
    assert begun == [0, 70, 140]


def test_a_scheduler_drives_many_as_one() -> None:
    async def work(name: str, interval: float) -> str:
        for _look in range(3):
            await Pause(interval)
        return name

    ended: list[tuple[float, str]] = []
    clock = Clock()
    every = [Work(work(name, pause), clock.watch.now) for name, pause in (("slow", 50), ("fast", 7))]
    queue = [(0.0, number, under_way) for number, under_way in enumerate(every)]
    while queue:
        clock.now, number, under_way = heapq.heappop(queue)
        told = under_way.tick()
        if isinstance(told, Later):
            heapq.heappush(queue, (told.at, number, under_way))
        else:
            ended.append((clock.now, told.value))
    assert ended == [(21, "fast"), (150, "slow")]


def test_it_is_looked_at_until_it_is_done() -> None:
    clock = Clock()
    look = looks(None, None, "done")
    found = run_to_end(wait_until(look, clock.watch, 30, out_of_time=give_up), clock.watch)
    assert (found, clock.now, clock.lines) == ("done", 60, ["it copies"])


@pytest.mark.parametrize(("patience", "ends"), [(100, 120), (float("inf"), 600)])
def test_patience_ends_or_the_deadline_comes(patience: float, ends: float) -> None:
    clock = Clock(600)
    waiting = wait_until(looks(None), clock.watch, 30, patience=patience, out_of_time=give_up)
    with pytest.raises(WaitTimeout, match="it copies"):
        run_to_end(waiting, clock.watch)
    assert clock.now == ends


PASSING = Unreachable("Azure does not answer.", "See whether it can be reached.")


def test_a_service_that_does_not_answer_ends_no_wait_of_a_day() -> None:
    clock = Clock()
    down = iter([PASSING] * 500)

    def read() -> str:
        problem = next(down, None)
        if problem is not None:
            raise problem
        return "read"

    assert run_to_end(read_patiently(read, clock.watch, 30), clock.watch) == "read"
    assert clock.now == 500 * 30
    assert clock.lines[0] == "Azure cannot be read, trying again: Azure does not answer."
    # Once in report_interval, not once a try.
    assert len(clock.lines) == 500 * 30 / 300
    assert clock.lines[-1].startswith(
        "Azure cannot be read, trying again: Azure does not answer. (for 4 h 5 min, since "
    )


def test_what_nobody_waits_for_is_not_tried_for_a_day() -> None:
    clock = Clock()

    def read() -> str:
        raise PASSING

    with pytest.raises(Unreachable):
        run_to_end(read_patiently(read, clock.watch, 30, patience=900), clock.watch)
    assert clock.now == 900


@pytest.mark.parametrize(
    ("problem", "seconds"),
    [
        (PASSING, 600),
        (ServiceError("It failed.", "", status=503), 600),
        (ServiceError("It is wrong.", "", status=400), 0),
        (NotFound("There is none.", ""), 0),
        (Refused("No.", ""), 0),
    ],
)
def test_only_what_may_pass_is_waited_for_until_the_deadline(problem: Exception, seconds: float) -> None:
    clock = Clock(600)

    def read() -> str:
        raise problem

    with pytest.raises(type(problem)):
        run_to_end(read_patiently(read, clock.watch, 30), clock.watch)
    assert clock.now == seconds


def test_a_problem_of_the_pause_is_raised_where_the_work_waits() -> None:
    told: list[str] = []

    async def work() -> None:
        try:
            await Pause(600, "it copies")
        except Orphaned:
            told.append("the job goes on")
            raise

    clock = Clock(ends_at=100)
    with pytest.raises(Orphaned):
        run_to_end(work(), clock.watch)
    assert told == ["the job goes on"]

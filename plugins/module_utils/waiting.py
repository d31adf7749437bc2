# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way to wait: work that says when to look again, instead of sleeping.

A verb is a coroutine. It reads and writes like any function; where it has to wait it awaits a Pause, which hands the
control back to whoever runs it. One task sleeps then, see run_to_end(); a scheduler goes on with other VMs, see
Work.tick().
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .model.failures import FailbackError, ServiceError, Throttled, Unreachable
from .watch import Watch

T = TypeVar("T")
# Seconds for which something is read again that nobody has asked to wait for: what a step has led to, say.
BRIEF = 300.0
# A coroutine that awaits nothing but pauses.
Steps = Coroutine[Any, Any, T]


@dataclass(frozen=True)
class Pause:
    """To be awaited: so many seconds until it makes sense to go on, and what is waited for (empty: as said before)."""

    seconds: float
    because: str = ""

    def __await__(self) -> Generator[Pause, None, None]:
        yield self


class Stopped(Exception):
    """Raised where work waits that is to end here: another task takes up what it has begun.

    C(kept) is what that task has to know, as JSON values; a verb fills it in.
    """

    def __init__(self) -> None:
        super().__init__("stopped, to be continued by another task")
        self.kept: dict[str, Any] = {}


@dataclass(frozen=True)
class Later:
    """Work is not done: when to go on, in seconds of the clock, and what it waits for."""

    at: float
    because: str


@dataclass(frozen=True)
class Done(Generic[T]):
    """Work is done, with this result."""

    value: T


class Work(Generic[T]):
    """Steps that are under way. C(clock) is the one that C(Later.at) is of."""

    def __init__(self, steps: Steps[T], clock: Callable[[], float]) -> None:
        self._steps = steps
        self._clock = clock
        self._due = float("-inf")
        self._because = ""

    def tick(self) -> Later | Done[T]:
        """Go on until there is something to wait for; before that is due, do nothing. Raises what the work raises."""
        if self._clock() < self._due:
            return Later(self._due, self._because)
        return self.go_on()

    def go_on(self) -> Later | Done[T]:
        """Go on, whether it is due or not: at a deadline, say."""
        return self._told(lambda: self._steps.send(None))

    def interrupt(self, problem: FailbackError | Stopped) -> Later | Done[T]:
        """Let a problem be raised where the work waits: it may have to say what it leaves."""
        return self._told(lambda: self._steps.throw(problem))

    def _told(self, step: Callable[[], Pause]) -> Later | Done[T]:
        try:
            pause = step()
        except StopIteration as end:
            return Done(end.value)
        # Only now: a step may take its time, and the pause begins after it.
        self._due, self._because = self._clock() + pause.seconds, pause.because
        return Later(self._due, self._because)


def run_to_end(steps: Steps[T], watch: Watch) -> T:
    """Run a single piece of work, sleeping while it waits; return its result."""
    work = Work(steps, watch.now)
    told = work.tick()
    while isinstance(told, Later):
        told = _after_pause(work, told, watch)
    return told.value


def _after_pause(work: Work[T], pause: Later, watch: Watch) -> Later | Done[T]:
    try:
        watch.report(pause.because or watch.last_report)
        watch.sleep(pause.at - watch.now())
    except FailbackError as problem:
        return work.interrupt(problem)
    # The deadline cuts a pause short; the work finds that out for itself.
    return work.go_on()


@dataclass(frozen=True)
class Pending:
    """What was looked at is not yet as it should be, and why."""

    because: str = ""


async def wait_until(
    look: Callable[[], T | Pending],
    watch: Watch,
    interval: float,
    *,
    patience: float = float("inf"),
    out_of_time: Callable[[Pending], T],
) -> T:
    """Look every C(interval) seconds until a look returns something else than Pending; return that.

    After C(patience) seconds, or at the deadline, return or raise what C(out_of_time) does. A look that raises ends the
    wait, unless what it asks cannot answer for a while: see read_patiently().
    """
    ends = max(watch.remaining() - patience, 0)
    while True:
        found = await read_patiently(look, watch, interval)
        if not isinstance(found, Pending):
            return found
        if watch.remaining() <= ends:
            return out_of_time(found)
        await Pause(interval, found.because)


async def read_patiently(read: Callable[[], T], watch: Watch, interval: float, *, patience: float = float("inf")) -> T:
    """Read something whose owner goes on meanwhile: a service that cannot answer for a while ends no wait of hours.

    Each try has been repeated by the SDK already. Raises the failure of the last try after C(patience) seconds, or at
    the deadline.
    """

    async def attempt() -> T:
        return read()

    return await try_patiently(attempt, watch, interval, patience=patience)


async def try_patiently(
    attempt: Callable[[], Steps[T]], watch: Watch, interval: float, *, patience: float = float("inf")
) -> T:
    """Do what only reads, and may wait in between, again while a service cannot answer."""
    ends = max(watch.remaining() - patience, 0)
    while True:
        try:
            return await attempt()
        except (Unreachable, ServiceError) as problem:
            if not _may_pass(problem) or watch.remaining() <= ends:
                raise
            told = f"Azure cannot be read, trying again: {problem.happened}"
        await Pause(interval, told)


def _may_pass(problem: FailbackError) -> bool:
    """Whether a failure is of the service or the way to it, rather than of what was asked."""
    return not isinstance(problem, ServiceError) or isinstance(problem, Throttled) or problem.status >= 500

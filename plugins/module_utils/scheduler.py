# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many pieces of work in one process. Each goes on when it is due, a few at the same time, in threads.

What a piece reads and writes blocks its thread; while it waits, it has none. So a thousand virtual machines whose jobs
take an hour need no more threads than there are requests on their way.
"""

from __future__ import annotations

import contextvars
import heapq
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from queue import Empty, SimpleQueue
from typing import Generic, NoReturn, TypeVar

from .model.failures import FailbackError
from .waiting import Done, Later, Steps, Stopped, Work
from .watch import Watch

T = TypeVar("T")

# Requests at the same time. More do not help: a task has one processor, and Azure counts requests by the second.
AT_ONCE = 8
_LONGEST_PAUSE = 1.0
# Seconds from the first piece that asks the others to stop: what arrives at the same point then is in time. With many
# pieces longer, for each, and at most: each time costs something for all of them.
_GATHERING, _GATHERING_FOR_EACH, _LONGEST_GATHERING = 10.0, 0.6, 600.0
_TURN: contextvars.ContextVar[Watch] = contextvars.ContextVar("watch of the work that has the turn")


def watch_of_the_turn(otherwise: Watch) -> Watch:
    """Return the watch of the piece of work that is going on in this thread; outside of any, the other one."""
    return _TURN.get(otherwise)


def _no_more() -> NoReturn:
    raise RuntimeError("a piece of work that is done has no turn")


@dataclass
class Piece(Generic[T]):
    """A piece of work with a watch of its own. C(steps) is called in its turn, and so is all that it does.

    C(ended) is what came of it, C(failure) what went wrong: one of both, once it is done.
    """

    name: str
    watch: Watch
    steps: Callable[[], Steps[T]]
    ended: T | None = None
    failure: BaseException | None = None
    is_done: bool = False
    is_stopping: bool = False
    # Whether it has its turn now, in another thread.
    is_busy: bool = False
    _work: Work[T] | None = field(default=None, repr=False)
    _context: contextvars.Context = field(default_factory=contextvars.copy_context, repr=False)

    def go_on(self) -> float:
        """Go on until there is something to wait for; return when to go on, by the clock of the watch.

        Infinity where it is done.
        """
        return self._context.run(self._turn)

    def _turn(self) -> float:
        _TURN.set(self.watch)
        try:
            told = self._step()
        except BaseException as problem:  # noqa: BLE001 - else run() would wait for the piece for ever
            self.failure = problem
            return self._end()
        if isinstance(told, Done):
            self.ended = told.value
            return self._end()
        self.watch.report(told.because or self.watch.last_report)
        # The deadline cuts a pause short; the work finds that out for itself.
        return min(told.at, self.watch.now() + max(self.watch.remaining(), 0.0))

    def _end(self) -> float:
        # What it needed is not kept: of a thousand, most have ended long before the last.
        self.is_done, self.steps, self._work = True, _no_more, None
        self.watch.forget()
        return float("inf")

    def _step(self) -> Later | Done[T]:
        if self._work is None:
            self._work = Work(self.steps(), self.watch.now)
            return self._work.tick()
        try:
            self.watch.require_wanted()
        except FailbackError as orphaned:
            return self._work.interrupt(orphaned)
        if self.is_stopping and self.watch.may_stop:
            return self._work.interrupt(Stopped())
        return self._work.go_on()


class Scheduler(Generic[T]):
    """Runs pieces of work to their ends. C(watch) has the clock of theirs, and lets time pass while all of them wait.

    C(meanwhile) is called in the thread of the caller whenever a piece has had its turn, and at least once a second.
    C(ends_all) says of what came of a piece that the others are to stop, wherever they wait and may be stopped.
    """

    def __init__(
        self,
        watch: Watch,
        *,
        at_once: int = AT_ONCE,
        meanwhile: Callable[[], None] = lambda: None,
        ends_all: Callable[[T], bool] = lambda _ended: False,
    ) -> None:
        self._watch = watch
        self._at_once = at_once
        self._meanwhile = meanwhile
        self._ends_all = ends_all
        self._stops_at = float("inf")
        self._gathering = _GATHERING
        self._ready: SimpleQueue[Piece[T] | None] = SimpleQueue()
        self._told: SimpleQueue[tuple[Piece[T], float]] = SimpleQueue()
        self._busy = 0
        # By when they are due; of those that are due at the same time, by who began to wait first.
        self._waiting: list[tuple[float, int, Piece[T]]] = []
        self._numbers = count(1)
        # Those that are to go on, whatever they wait for.
        self._woken: set[str] = set()

    def run(self, pieces: Sequence[Piece[T]]) -> None:
        """Run all pieces to their ends. A failure is its own piece's; what the caller is interrupted with ends all."""
        self._gathering = min(max(_GATHERING, _GATHERING_FOR_EACH * len(pieces)), _LONGEST_GATHERING)
        with self._threads(min(self._at_once, len(pieces))):
            for piece in pieces:
                piece.watch.wake = partial(self._woken.add, piece.name)
                self._give_turn(piece)
            while self._busy or self._waiting:
                self._let_time_pass()
                self._meanwhile()
                if self._watch.now() >= self._stops_at:
                    self._stop_waiting()
                if self._woken:
                    self._hurry_woken()
                while self._waiting and self._waiting[0][0] <= self._watch.now():
                    self._give_turn(heapq.heappop(self._waiting)[2])

    def _stop_waiting(self) -> None:
        """Let all that wait and may be stopped have a turn, in which they are."""
        for piece in self._out_of_waiting(lambda one: one.watch.may_stop):
            piece.is_stopping = True
            self._give_turn(piece)

    def _hurry_woken(self) -> None:
        """Let those that were woken have a turn. One that has its turn just now gets the next one."""
        for piece in self._out_of_waiting(lambda one: one.name in self._woken):
            self._woken.discard(piece.name)
            self._give_turn(piece)

    def _out_of_waiting(self, is_wanted: Callable[[Piece[T]], bool]) -> list[Piece[T]]:
        wanted = sorted(entry for entry in self._waiting if is_wanted(entry[2]))
        self._waiting = [entry for entry in self._waiting if not is_wanted(entry[2])]
        heapq.heapify(self._waiting)
        return [piece for _due, _number, piece in wanted]

    def _give_turn(self, piece: Piece[T]) -> None:
        self._busy += 1
        piece.is_busy = True
        self._ready.put(piece)

    def _let_time_pass(self) -> None:
        """Take note of the pieces that have had their turn, or wait for one, or for the next to be due."""
        if not self._busy:
            now, due = self._watch.now(), self._waiting[0][0]
            self._watch.pause(min((due if self._stops_at <= now else min(due, self._stops_at)) - now, _LONGEST_PAUSE))
            return
        with suppress(Empty):
            self._note(*self._told.get(timeout=_LONGEST_PAUSE))
            while True:
                self._note(*self._told.get_nowait())

    def _note(self, piece: Piece[T], due: float) -> None:
        self._busy -= 1
        piece.is_busy = False
        if not piece.is_done:
            heapq.heappush(self._waiting, (due, next(self._numbers), piece))
        elif piece.ended is not None and self._ends_all(piece.ended):
            self._stops_at = min(self._stops_at, self._watch.now() + self._gathering)

    @contextmanager
    def _threads(self, number: int) -> Iterator[None]:
        """Have threads that give pieces their turns. They do not keep the process alive: a request may take a minute,
        and whoever interrupts the run does not wait for it."""
        threads = [threading.Thread(target=self._serve, daemon=True) for _number in range(number)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for _thread in threads:
                self._ready.put(None)

    def _serve(self) -> None:
        while True:
            piece = self._ready.get()
            if piece is None:
                return
            self._told.put((piece, piece.go_on()))

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulated time. Nothing in the simulator reads another clock."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

Callback = Callable[[], object]
# A year in half a minute. Beyond that the calendar's own end is near.
FASTEST = 1e6
LONGEST_JUMP = 10 * 365 * 86400.0


class Clock:
    """Simulated UTC time: ``start`` plus the real time that passed times ``speed``, plus the jumps.

    ``speed`` 0 is the manual mode of tests: time moves by :meth:`advance` alone. Scheduled callbacks run in the order
    of their due times, and each sees :meth:`now` equal to its due time.
    """

    def __init__(
        self,
        start: datetime | None = None,
        speed: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
        real_now: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._real_now = real_now
        self._base = start or datetime.fromtimestamp(real_now(), timezone.utc)
        self._since = monotonic()
        self._speed = speed
        self._jumps = 0.0
        self._frozen: datetime | None = None
        self._events: list[tuple[datetime, int, Callback]] = []
        self._order = itertools.count()
        self._watchers: list[Callback] = []

    @property
    def speed(self) -> float:
        """Simulated seconds per real second."""
        return self._speed

    def now(self) -> datetime:
        """Simulated time, UTC."""
        if self._frozen is not None:
            return self._frozen
        return self._base + timedelta(seconds=(self._monotonic() - self._since) * self._speed)

    def wall(self) -> datetime:
        """Real time plus the jumps, UTC: for what clients measure in real seconds (the life of a token)."""
        return datetime.fromtimestamp(self._real_now() + self._jumps, timezone.utc)

    def at(self, when: datetime, callback: Callback) -> None:
        """Run ``callback`` when time reaches ``when``; at the next :meth:`tick` when that is past."""
        heapq.heappush(self._events, (when, next(self._order), callback))

    def after(self, seconds: float, callback: Callback) -> None:
        """Run ``callback`` ``seconds`` from now."""
        self.at(self.now() + timedelta(seconds=seconds), callback)

    def watch(self, watcher: Callback) -> None:
        """Call ``watcher`` after every scheduled callback: a jump in time hides nothing from it."""
        self._watchers.append(watcher)

    def tick(self) -> None:
        """Run what is due. Called before each request."""
        self._run_until(self.now())

    def advance(self, seconds: float) -> None:
        """Jump ahead and run what became due.

        Raises:
            ValueError: ``seconds`` is negative, or above `LONGEST_JUMP`.
        """
        if not 0 <= seconds <= LONGEST_JUMP:
            raise ValueError(f"time goes on by 0 to {LONGEST_JUMP:.0f} seconds, not by {seconds:g}")
        target = self.now() + timedelta(seconds=seconds)
        self._jumps += seconds
        self._base += timedelta(seconds=seconds)
        self._run_until(target)

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on.

        Raises:
            ValueError: it is negative, or above `FASTEST`.
        """
        if not 0 <= speed <= FASTEST:
            raise ValueError(f"speed is 0 to {FASTEST:.0f}, not {speed:g}")
        self._base = self.now()
        self._since = self._monotonic()
        self._speed = speed

    def rewind(self, to: datetime) -> None:
        """Start again in the past, before anything is scheduled: a history is about to be played."""
        self._base, self._since = to, self._monotonic()

    def play_until(self, when: datetime) -> None:
        """Run what is due until ``when``, and be there; unlike :meth:`advance` no jump that tokens would feel."""
        self._run_until(when)
        self._base, self._since = when, self._monotonic()

    def next_due(self) -> datetime | None:
        """When the next callback runs."""
        return self._events[0][0] if self._events else None

    def _run_until(self, target: datetime) -> None:
        while self._events and self._events[0][0] <= target:
            when, _unused, callback = heapq.heappop(self._events)
            self._frozen = when
            try:
                callback()
                for watcher in self._watchers:
                    watcher()
            finally:
                self._frozen = None

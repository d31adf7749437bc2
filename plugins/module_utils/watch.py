# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time, as a verb sees it: what the clock says, how long it may wait, and whom it tells how far things are.

And whether anybody still waits for what it does, and whether what it saw last is new enough to write on: see
require_wanted() and LastLook.
"""

from __future__ import annotations

import copy
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from .model.durations import in_words
from .model.failures import NotTaken, Orphaned, WaitTimeout
from .model.jobs import Job
from .model.look_age import longest_age

# Seconds after which somebody who waits wants to know that the task still does.
REPORT_INTERVAL = 300
# A network or a host that is slow once is not so for ever; after this many looks it is said.
_LOOKS = 5


def _silent(_message: str) -> None:
    """Report nothing: an ordinary module cannot print while it runs."""


def _always() -> bool:
    """Say that somebody waits for the task: nothing else is known of an ordinary module."""
    return True


class LastLook:
    """The last look of a task. C(clock) is that of its watch.

    Whoever looks at a target begins a look; what is read then counts from there on, and what another task of the run
    has read before counts from when it did.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: float | None = None
        # How old the answer of each host was when it was there: how long that took, where nobody had asked before.
        self._hosts: dict[str, float] = {}
        self._vms = 1
        # Before anything was changed, and before any request was sent.
        self._changed = self._sent = float("-inf")
        # Hosts are asked at the same time.
        self._turn = threading.Lock()

    def begin(self) -> None:
        """Look at the target anew: nothing that was seen before counts."""
        self._since, self._hosts, self._vms = self._clock(), {}, 1

    def changed(self, at: float | None = None) -> None:
        """Say that what was read before a time may be otherwise since, as a job has ended; or before now, as a request
        was sent. By a clock that is too coarse to tell, what was asked for at this very time was asked before."""
        now = math.nextafter(self._clock(), math.inf)
        self._changed = max(self._changed, now if at is None else at)
        if at is None:
            self._sent = now

    def takes(self, asked: float, max_age: float, *, may_miss_end: bool = False) -> bool:
        """Say whether an answer counts that somebody else got: no older than so many seconds, nor than the last
        change. C(may_miss_end): nor than the last request, whatever has come of it since."""
        return asked >= (self._sent if may_miss_end else self._changed) and self._clock() - asked <= max_age

    def saw(self, asked: float) -> None:
        """Count what was asked for at a time of the clock, by whomever."""
        with self._turn:
            if self._since is not None:
                self._since = min(self._since, asked)

    def saw_vms(self, count: int) -> None:
        """Say how many VMs the look is at."""
        self._vms = count

    def saw_host(self, name: str, asked: float) -> None:
        """Count the answer of a host that was asked at a time of the clock."""
        with self._turn:
            self._hosts[name.lower()] = self._clock() - asked
        self.saw(asked)

    def is_fresh(self, reserve: float = 0) -> bool:
        """Say whether a write may still be sent that takes up to C(reserve) seconds to reach the wire."""
        return self._age <= self._longest - reserve

    def require_fresh(self, reserve: float = 0) -> None:
        """See that such a write may still be sent. Raises NotTaken."""
        if not self.is_fresh(reserve):
            raise NotTaken(_too_old(self._age, self._longest, self._hosts), pause=0, most=_LOOKS)

    @property
    def _age(self) -> float:
        return float("inf") if self._since is None else self._clock() - self._since

    @property
    def _longest(self) -> float:
        return longest_age(self._vms, len(self._hosts))


def _too_old(age: float, longest: float, hosts: Mapping[str, float]) -> WaitTimeout:
    slowest = max(hosts, key=lambda name: hosts[name], default="")
    of_hosts = f" The slowest host was {slowest}, with {hosts[slowest]:.0f} seconds." if slowest else ""
    return WaitTimeout(
        f"The request is based on data read {age:.0f} seconds before it could be sent; {longest:.0f} are allowed."
        f"{of_hosts}",
        "It was not sent. Azure or the Hyper-V hosts answer slowly: find out why, then run the task again.",
    )


class _Voice:
    """Passes on lines of progress: what is new at once, what is not once in a while, with how long it has lasted."""

    def __init__(
        self, pass_on: Callable[[str], None], clock: Callable[[], float], interval: float, started_at: datetime
    ) -> None:
        self._pass_on = pass_on
        self._clock = clock
        self._interval = interval
        self.began, self._started_at = clock(), started_at
        # Hosts are asked at the same time, and each may have something to say.
        self._turn = threading.Lock()
        self.since = self._told = clock()
        self.message = ""

    def say(self, message: str) -> None:
        """Say what is true now."""
        with self._turn:
            if message != self.message:
                self.message, self.since = message, self._clock()
                self._tell(message)
            elif self.message and self.silence_left() <= 0:
                began = self._started_at + timedelta(seconds=self.since - self.began)
                lasted = in_words(self._clock() - self.since)
                self._tell(f"{message} (for {lasted}, since {began:%H:%M:%S} UTC)")

    def silence_left(self) -> float:
        """Return the seconds until it has to say again what it said last."""
        return self._told + self._interval - self._clock()

    def _tell(self, line: str) -> None:
        self._told = self._clock()
        self._pass_on(line)


class Watch:
    """A deadline with a clock. Everything that waits does so here, so that a test can move time instead.

    C(timeout) is in seconds from now; C(report) takes one line of progress, at least one in C(report_interval) seconds;
    C(is_wanted) says whether the run that the task belongs to is still there. C(look) is the last look that the task
    took at its target. C(started_at) is the time of day at which the clock begins.
    """

    def __init__(
        self,
        timeout: float,
        report: Callable[[str], None] = _silent,
        *,
        report_interval: float = REPORT_INTERVAL,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        is_wanted: Callable[[], bool] = _always,
        started_at: datetime | None = None,
    ) -> None:
        self.look = LastLook(clock)
        self._clock = clock
        self._pause = pause
        self._deadline = clock() + timeout
        self._began, self._started_at = clock(), started_at or datetime.now(timezone.utc)
        self._voice = _Voice(report, clock, report_interval, self._started_at)
        self._is_wanted = is_wanted
        self.timeout = timeout
        self._may_stop = False
        # Called to go on before a pause is over; a task of one virtual machine has nobody to call it.
        self.wake: Callable[[], None] = lambda: None
        # How what it watches stands, as far as that tells; and the stage that it was seen in last.
        self.account: Callable[[], Mapping[str, Any]] = dict
        self.stage: Callable[[], str] = lambda: ""
        # The job that is followed, as it was read last.
        self.job: Job | None = None
        # The words for what has ended it early, also where that is no failure of the task; None where nothing has.
        self.failure: str | None = None

    def of_one(self, report: Callable[[str], None], timeout: float) -> Watch:
        """Return the watch of one of several that go on at the same time: it says what is new, and nothing again."""
        return Watch(
            timeout,
            report,
            report_interval=math.inf,
            clock=self._clock,
            pause=self._pause,
            is_wanted=self._is_wanted,
        )

    def forget(self) -> None:
        """Watch nothing any more: what it watched need not be kept."""
        stage = self.stage()
        self.account, self.stage, self.wake, self.job = dict, lambda: stage, lambda: None, None

    @property
    def may_stop(self) -> bool:
        """Whether what waits now may be stopped, to be continued by another task."""
        return self._may_stop

    @contextmanager
    def stopping(self, allowed: bool) -> Iterator[None]:
        """Say whether what waits meanwhile may be stopped."""
        before, self._may_stop = self._may_stop, allowed
        try:
            yield
        finally:
            self._may_stop = before

    @property
    def is_silent(self) -> bool:
        """Whether nothing was reported for as long as it may be."""
        return self._voice.silence_left() <= 0

    def now(self) -> float:
        """Return the seconds that the watch shows. All processes of a machine see the same."""
        return self._clock()

    def utc_now(self) -> datetime:
        """Return the time by this machine's clock, UTC."""
        return self._started_at + timedelta(seconds=self._clock() - self._began)

    def time_of_day(self) -> str:
        """Return the time by this machine's clock, UTC, in ISO 8601."""
        return self.utc_now().isoformat(timespec="seconds")

    @property
    def last_report(self) -> str:
        """The line of progress that was passed on last."""
        return self._voice.message

    @property
    def last_report_since(self) -> float:
        """When that line was true first, by the clock."""
        return self._voice.since

    @property
    def began(self) -> float:
        """When the watch was started, by the clock."""
        return self._voice.began

    def remaining(self) -> float:
        """Return the seconds until the deadline; none are left when it is not positive."""
        return self._deadline - self._clock()

    def at_least(self, seconds: float) -> Watch:
        """Return this watch with a deadline that is no earlier than so many seconds from now."""
        later = copy.copy(self)
        later.timeout = max(self.remaining(), seconds)
        later._deadline = self._clock() + later.timeout
        return later

    def restart(self, timeout: float) -> None:
        """Begin something else: a deadline so many seconds from now, and nothing said or seen of it yet."""
        self.timeout = timeout
        self._deadline = self._clock() + timeout

    def pause(self, seconds: float) -> None:
        """Let time pass, for those that look after their own deadlines."""
        self._pause(max(0.0, seconds))

    def sleep(self, seconds: float) -> None:
        """Wait, but not past the deadline. Raises Orphaned where nobody waits for the task any more.

        A long wait says again and again what was said last.
        """
        ends = self._clock() + max(0.0, min(seconds, self.remaining()))
        while True:
            left = ends - self._clock()
            is_last = not self.last_report or left <= self._voice.silence_left()
            self._pause(max(0.0, left if is_last else self._voice.silence_left()))
            self.require_wanted()
            if is_last:
                return
            self.report(self.last_report)

    def require_wanted(self) -> None:
        """Raise Orphaned where the run that the task belongs to is gone. To be asked before everything that writes.

        Who kills Ansible wants it to stop. What waits for a data synchronization to end would cut over hours later.
        """
        if not self._is_wanted():
            raise Orphaned("The run of Ansible that this task belonged to is gone.", "Nothing more is sent.")

    def report(self, message: str) -> None:
        """Pass on a line of progress; one that says what the last one said only once in a while."""
        self._voice.say(message)


# The watch of the work that has the turn: what works for several asks for it whenever it needs one.
WatchNow = Callable[[], Watch]

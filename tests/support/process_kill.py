# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills runs of ansible-playbook with SIGKILL: at a moment that a random number chose, which a seed repeats.

Where the moment is a request, the simulator has handled it and the answer is on its way: the one who asked never learns
of it.
"""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asr_simulator.world import World

MARK = "ASR_CHAOS_RUN"
MACHINE, GROUP, WORKER = "machine", "group", "worker"
SECONDS = 120
# What ansible-playbook gets to notice that a worker is gone; the strategy free waits for it for ever.
NOTICES_IN = 3


@dataclass(frozen=True)
class Moment:
    """When a run dies, and how much of it.

    After so many requests of the run (`writes`: counting only those that could change something), and so many seconds
    more. `what`: the whole machine it runs on; its process group, which ansible-core's workers are not part of since
    2.19, so that they live on; or one of the workers.
    """

    what: str
    count: int
    writes: bool
    after: float

    @property
    def leaves_one_alone(self) -> bool:
        """Whether a worker outlives its run, and no request is on its way when the run dies."""
        return self.what == GROUP and self.after == 0.0

    def __str__(self) -> str:
        kind = "write" if self.writes else "request"
        return f"{self.what} at {kind} {self.count} + {self.after:.2f} s"


def moments(seed: int) -> Any:
    """Yield moments without end, always the same ones for a seed."""
    chance = random.Random(seed)
    while True:
        writes = chance.random() < 0.5
        yield Moment(
            what=chance.choices((MACHINE, GROUP, WORKER), (5, 4, 1))[0],
            # The next write, or before it: so that most runs die on the way, and take it no further than a step.
            count=1 if writes else chance.randint(1, 40),
            writes=writes,
            after=0.0 if chance.random() < 0.5 else chance.uniform(0.0, 0.6),
        )


class Killing:
    """One run of a command that dies at a moment, unless it ends before. Give `hear` every look at the world.

    `requests` is how many there were before it.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, moment: Moment, requests: int
    ) -> None:
        self._moment = moment
        self._first = requests
        self._mark = f"{MARK}={os.getpid()}-{id(self)}-{random.randrange(1 << 62)}"
        self._struck = threading.Event()
        # Whoever waits sees the run dead before the one who kills it is done.
        self._striking = threading.Lock()
        # The same, for what waits for several things at once.
        self._alarm = os.eventfd(0)
        self._timer: threading.Timer | None = None
        # How many requests there were when it died, where that is known.
        self._last: int | None = None
        name, value = self._mark.split("=")
        self._log = (folder / "killed.log").open("a", encoding="utf-8")
        self._process = subprocess.Popen(
            command,
            env={**environment, name: value},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def hear(self, world: World) -> None:
        """A request was answered: strike where it was the one."""
        if self._timer is not None or self._struck.is_set():
            return
        met = len(world.journal.entries(self._first, writes=self._moment.writes))
        if met >= self._moment.count:
            self._last = world.journal.count if self._moment.leaves_one_alone else None
            self._strike_later(self._moment.after)

    def wait(self) -> tuple[bool, int]:
        """Whether it was struck, and its exit status; orphans may live on."""
        try:
            status = self._end()
        finally:
            if self._timer is not None:
                self._timer.join()
            self._log.close()
            with self._striking:
                os.close(self._alarm)
        return self._struck.is_set(), status

    def writes_from_the_dead(self, world: World) -> list[str]:
        """The paths of the writes that came after it died: those of its worker, where nobody else writes.

        Known only where no request was on its way when it died.
        """
        if self._last is None or not self._struck.is_set():
            return []
        return [entry["path"] for entry in world.journal.entries(self._last, writes=True)]

    def outlived_by(self, seconds: float) -> list[int]:
        """The processes of this run that are alive still after so many seconds; they are waited for."""
        deadline = time.monotonic() + seconds
        for process in self.survivors():
            _await_death(process, max(0.0, deadline - time.monotonic()))
        return self.survivors()

    def survivors(self) -> list[int]:
        """The processes of this run that are alive now, whoever their parent is."""
        return [process for process in _processes() if process != os.getpid() and self._is_mine(process)]

    def _end(self) -> int:
        if self._moment.what != WORKER:
            return self._process.wait(timeout=SECONDS)
        handle = os.pidfd_open(self._process.pid)
        select.select([handle, self._alarm], [], [], SECONDS)
        os.close(handle)
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout=NOTICES_IN)
        _kill(self.survivors())
        return self._process.wait(timeout=SECONDS)

    def _strike_later(self, seconds: float) -> None:
        if seconds == 0.0:
            self._strike()
            return
        self._timer = threading.Timer(seconds, self._strike)
        self._timer.start()

    def _strike(self) -> None:
        with self._striking:
            if self._process.poll() is not None:
                return
            targets = struck = self._targets()
            _kill(targets)
            # A machine dies as a whole, with the worker that was forked while its processes were listed.
            while targets and self._moment.what == MACHINE:
                targets = self._targets()
                _kill(targets)
            if struck:
                self._struck.set()
                os.eventfd_write(self._alarm, 1)

    def _targets(self) -> list[int]:
        main = self._process.pid
        mine = self.survivors()
        if self._moment.what == GROUP:
            return [process for process in mine if _group_of(process) == main]
        if self._moment.what == WORKER:
            workers = [process for process in mine if process != main]
            return workers[-1:] or [main]
        return mine

    def _is_mine(self, process: int) -> bool:
        try:
            environment = Path(f"/proc/{process}/environ").read_bytes()
            state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return False
        return state != "Z" and self._mark.encode() in environment.split(b"\0")


def _kill(processes: Sequence[int]) -> None:
    """Kill them, and come back when they are dead: what was theirs by then is without a parent."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    for process in processes:
        _await_death(process, SECONDS)


def _await_death(process: int, seconds: float) -> None:
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(process)
        select.select([handle], [], [], seconds)
        os.close(handle)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _group_of(process: int) -> int | None:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return None

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs jobs: a job's work is a generator that says what it waits for, and the clock wakes it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

from asr_simulator.clock import Clock
from asr_simulator.site_recovery.model.job_errors import JobFailure
from asr_simulator.site_recovery.model.jobs import CANCELLING, IN_PROGRESS, SUSPENDED, Job
from asr_simulator.site_recovery.model.rates import Rates


@dataclass(frozen=True)
class Sleep:
    """Wait for simulated seconds."""

    seconds: float


@dataclass(frozen=True)
class AwaitResume:
    """Wait for a user; ``reason`` becomes the job's ``stateDescription``."""

    reason: str


@dataclass(frozen=True)
class Join:
    """Wait until these jobs, already started, are over."""

    jobs: Sequence[Job]


Wait = Sleep | AwaitResume | Join
Workflow = Generator[Wait, None, None]


class JobCancelled(Exception):
    """Thrown into a workflow when its job is cancelled: it restores what it must, and lets the exception pass."""


@dataclass
class _Run:
    job: Job
    workflow: Workflow
    on_end: Callable[[Job], None]
    turn: int = 0
    joined: list[Job] = field(default_factory=list)


class Engine:
    """All running jobs. ``on_change`` hears of each job that starts to wait for a user or ends."""

    def __init__(self, clock: Clock, rates: Rates, on_change: Callable[[Job], None]) -> None:
        self._clock = clock
        self._rates = rates
        self._on_change = on_change
        self._runs: dict[str, _Run] = {}

    def start(self, job: Job, workflow: Workflow, on_end: Callable[[Job], None], delay: float | None = None) -> None:
        """Begin a job after ``delay`` seconds of NotStarted (None: as long as the service takes)."""
        run = _Run(job, workflow, on_end)
        self._runs[job.name] = run
        turn = run.turn
        self._clock.after(self._rates["start_seconds"] if delay is None else delay, lambda: self._begin(run, turn))

    def resume(self, job: Job) -> None:
        """The user lets a waiting job go on."""
        job.state, job.reason = IN_PROGRESS, ""
        self._wake_later(self._runs[job.name], 0.0)

    def cancel(self, job: Job) -> None:
        """Cancel a job: Cancelling at once, Cancelled a little later; so the jobs that it waits for."""
        run = self._runs[job.name]
        for child in run.joined:
            if not child.over:
                self.cancel(child)
        job.state = CANCELLING
        run.turn += 1
        turn = run.turn
        self._clock.after(self._rates["cancel_seconds"], lambda: self._throw(run, turn))

    def _begin(self, run: _Run, turn: int) -> None:
        if run.turn == turn:
            run.job.begin()
            self._advance(run)

    def _throw(self, run: _Run, turn: int) -> None:
        if run.turn == turn:
            self._advance(run, JobCancelled())

    def _wake_later(self, run: _Run, seconds: float) -> None:
        run.turn += 1
        turn = run.turn
        self._clock.after(seconds, lambda: self._wake(run, turn))

    def _wake(self, run: _Run, turn: int) -> None:
        if run.turn == turn:
            self._advance(run)

    def _advance(self, run: _Run, thrown: JobCancelled | None = None) -> None:
        job = run.job
        try:
            wait = run.workflow.throw(thrown) if thrown else next(run.workflow)
        except StopIteration:
            job.succeed(self._clock.now())
        except JobFailure as failure:
            job.fail(failure.error, self._clock.now())
        except JobCancelled:
            job.cancel(self._clock.now())
        else:
            return self._wait(run, wait)
        del self._runs[job.name]
        run.on_end(job)
        self._on_change(job)

    def _wait(self, run: _Run, wait: Wait) -> None:
        if isinstance(wait, Sleep):
            run.job.worked += wait.seconds
            self._wake_later(run, wait.seconds)
        elif isinstance(wait, AwaitResume):
            run.job.state, run.job.reason = SUSPENDED, wait.reason
            self._on_change(run.job)
        else:
            run.joined = list(wait.jobs)
            self._join(run)

    def _join(self, run: _Run) -> None:
        pending = [job for job in run.joined if not job.over]
        if not pending:
            return self._wake_later(run, 0.0)
        turn = run.turn
        child = self._runs[pending[0].name]
        ended = child.on_end

        def then(job: Job) -> None:
            ended(job)
            if run.turn == turn:
                self._join(run)

        child.on_end = then

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that is acted on, and the replicated item or recovery plan that it works on: read, followed, told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..azure.session import AzureSession
from ..azure.site_recovery import DEFAULT_RETRY_AFTER, Accepted
from ..copies.locks import refuse_read_only
from ..model.failures import FailbackError, FateUnknown, Refused
from ..model.job_actions import direction_of_job
from ..model.jobs import Job
from ..model.lifecycle import Stage
from ..model.progress import describe_progress
from ..runner.jobs import follow_job, has_started
from ..runner.loop import LOOKS_FOR_UNKNOWN_FATE, PATIENCE, VerbRun
from ..runner.request import JobRequest
from ..runner.result import course_outcome, job_result
from ..runner.target import Target, TargetView, find_job, find_target, target_of_job
from ..waiting import Pause, Pending, wait_until
from ..watch import Watch

Seen = TypeVar("Seen")
_NOBODY = TargetView(None, ())


class Subject:
    """A job and its target, once find() has read them. C(choose) picks the job of a target that was given instead.

    C(job) is None where the target has none that is meant; C(target) where the job is of no VM or plan of the vault.
    """

    def __init__(
        self, session: AzureSession, request: JobRequest, watch: Watch, choose: Callable[[TargetView], Job | None]
    ) -> None:
        self.session = session
        self.request = request
        self.watch = watch
        self._choose = choose
        self._interval = request.poll_interval or DEFAULT_RETRY_AFTER
        self._wrote = False
        self.target: Target | None = None
        self.verb_run = VerbRun(_NOBODY, _NOBODY)
        self.job: Job | None = None

    def find(self) -> None:
        """Read the job and its target: what is written next rests on this."""
        self.watch.look.begin()
        named = find_job(self.session, self.request.name) if self.request.name else None
        self.target = target_of_job(self.session, named) if named else find_target(self.session, self.request)
        view = self._look_now()
        self.verb_run = VerbRun(before=view, after=view)
        # An item knows of a job that was just accepted what the job does not tell yet.
        known = [member.job for member in view.members if member.job is not None]
        self.job = next((job for job in known if job.name == named.name), named) if named else self._choose(view)

    @property
    def view(self) -> TargetView:
        """The target as it was read last; without members where there is none."""
        return self.verb_run.after

    def _look_now(self) -> TargetView:
        return self.target.look() if self.target is not None else _NOBODY

    def refuse_read_only(self, job: Job) -> None:
        """Refuse an action on a job where a lock forbids every request. Raises Refused."""
        refuse_read_only(self.session, {job.target_name or job.name: [job.id]})

    async def wait_for_begin(self, job: Job) -> None:
        """Wait until the service says what a job does that it has just taken."""
        await follow_job(self.session, job.name, self.watch, has_started, self._interval, tolerate_failure=True)
        self.find()

    async def follow(self, name: str, stop: Callable[[Job], bool]) -> Job:
        """Follow a job to where stop says; how it ended is for the caller to judge."""
        return await follow_job(self.session, name, self.watch, stop, self._interval, tolerate_failure=True)

    async def send(self, what: str, write: Callable[[], Accepted], arrived: Callable[[], bool]) -> Accepted | None:
        """Send a write, once. Where its fate is unknown, let reading settle it: then there is no answer.

        Raises the failure of the write where it has not arrived as far as can be seen, and NotTaken.
        """
        self.watch.report(f"{what}: sent once")
        self.watch.look.saw_vms(len(self.view.members))
        try:
            accepted = write()
        except FateUnknown as unknown:
            unknown.wrote = True
            await self._settle(arrived, unknown)
            return None
        self._interval = self.request.poll_interval or accepted.retry_after
        self._note_write()
        return accepted

    def _note_write(self) -> None:
        self._wrote = self.verb_run.changed = True

    async def _settle(self, arrived: Callable[[], bool], unknown: FateUnknown) -> None:
        for _look in range(LOOKS_FOR_UNKNOWN_FATE):
            await Pause(self._interval, "Looking for what became of the request")
            try:
                if arrived():
                    self._note_write()
                    return
            except FailbackError as unread:
                self.watch.report(f"{self.request.target} could not be read: {unread.happened}")
        raise unknown

    def patience(self) -> Callable[[], bool]:
        """Return a question: whether what should follow at once has been waited for long enough from now on."""
        ends = max(self.watch.remaining() - PATIENCE, 0)
        return lambda: self.watch.remaining() <= ends

    async def look_until(self, settled: Callable[[TargetView], bool]) -> bool:
        """Look at the target until it follows what its job did, patiently; return whether it did."""

        def look() -> bool | Pending:
            self.verb_run.after = self._look_now()
            return settled(self.view) or Pending(f"{self.request.target} does not show yet what its job did")

        return await self._wait_until(look, otherwise=False)

    async def wait_until(self, seen: Callable[[], Job | None]) -> Job | None:
        """Look for a job that must appear, patiently; return None where it does not."""
        return await self._wait_until(
            lambda: seen() or Pending("Looking for the job that does the work"), otherwise=None
        )

    async def _wait_until(self, look: Callable[[], Seen | Pending], *, otherwise: Seen) -> Seen:
        return await wait_until(
            look, self.watch, self._interval, patience=PATIENCE, out_of_time=lambda _pending: otherwise
        )

    def explain(self, problem: FailbackError) -> None:
        """Look again, and fill in what a failure does not know: what was written, and which side is authoritative."""
        problem.wrote = problem.wrote or self._wrote
        self.verb_run.explain(problem, self._look_now, self.request, self.watch)

    def outcome(self, job: Job | None, predicted: Stage | None, warnings: list[str]) -> dict[str, Any]:
        """Return the result of the module. C(predicted) is the stage that check mode foresees, where it does."""
        members = self.view.members
        shown = {member.item.id: job or member.job for member in members}
        self.verb_run.jobs = {key: one.name for key, one in shown.items() if one is not None}
        if predicted is not None:
            self.verb_run.predicted = frozenset(member.item.id for member in members)
        result = self._told(job, predicted)
        line = f"{describe_progress(job)} (job {job.name})" if job else f"{self._target_name()}: no job owns it"
        every = [*result.get("warnings", []), *warnings]
        return {"msg": "; ".join([line, *_where(result)]), **result, **({"warnings": every} if every else {})}

    def _target_name(self) -> str:
        return self.view.plan.friendly_name if self.view.plan else self.view.members[0].item.friendly_name

    def _told(self, job: Job | None, predicted: Stage | None) -> dict[str, Any]:
        direction = direction_of_job(job, self.verb_run.before.members)
        if self.target is not None:
            return course_outcome(self.session, self.verb_run, direction, predicted)
        nobody = dict.fromkeys(("stage", "authoritative_side", "reversible", "replicated_item", "recovery_plan"))
        return {
            "changed": self.verb_run.changed,
            "direction": direction,
            "job": job_result(job) if job else None,
            **nobody,
            "members": [],
        }


def refused(job: Job, reason: str) -> Refused:
    """Return the refusal of what was asked of a job, with where it stands."""
    where = f"is {job.state}" if job.is_running else "has ended"
    return Refused(f"Job {job.name} {where} ({describe_progress(job)}).", reason, job_id=job.name, job_state=job.state)


def _where(result: dict[str, Any]) -> list[str]:
    stage = result["stage"]
    if stage is None:
        return []
    return [
        " -> ".join(dict.fromkeys((stage["before"], stage["after"]))),
        f"authoritative: {result['authoritative_side']}",
    ]

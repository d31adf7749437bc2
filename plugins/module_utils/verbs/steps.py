# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop that all lifecycle verbs share: read, decide, act, wait, read back.

A write is sent once. Where its fate is unknown, reading settles it. A verdict comes from what is read at the end, never
from a request that was taken or a job that says it succeeded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..azure.session import AzureSession
from ..azure.site_recovery import DEFAULT_RETRY_AFTER, Accepted
from ..failback.decisions import Decision, Step, Verb, decide, has_reached
from ..failback.failures import FailbackError, FateUnknown
from ..failback.jobs import Job
from ..failback.lifecycle import Observation, Stage
from ..watch import Watch
from . import complaints
from .following import follow_job, has_ended
from .reading import Target, View, find_target
from .truth import truth_of
from .wishes import Wish

# After a job's end the item may lag behind it (recorded: 80 seconds, in reverse replication); so many more looks.
_LOOKS_AFTER_SUCCESS = 5
_LOOKS_FOR_UNKNOWN_FATE = 4


@dataclass(frozen=True)
class Write:
    """One request that starts the verb's job, and the members that the job is for."""

    members: Sequence[Observation]
    send: Callable[[], Accepted]


@dataclass(frozen=True)
class Procedure:
    """What tells one verb from another in the loop.

    C(writes) makes the requests for the members that need one; it may refuse. C(stop) says up to where a job is
    followed, C(goal) which stages end the verb besides those where its wish is true.
    """

    verb: Verb
    writes: Callable[[View, Sequence[Observation]], list[Write]]
    stop: Callable[[Job], bool] = has_ended
    goal: frozenset[Stage] = frozenset()


@dataclass
class Course:
    """What a verb did: the first and the last look, the last job of each member by item id, whether it wrote.

    C(predicted) are the ids of the members that a run outside check mode would take further.
    """

    before: View
    after: View
    changed: bool = False
    predicted: frozenset[str] = frozenset()
    jobs: dict[str, str] = field(default_factory=dict)


def run_procedure(session: AzureSession, wish: Wish, watch: Watch, procedure: Procedure) -> Course:
    """Take the target to where the wish wants it, or as far as waiting was asked for.

    Every failure that leaves here says what was asked and which side holds the truth.
    """
    asked = f"{procedure.verb.value} of {wish.target}"
    runner = None
    try:
        runner = _Runner(session, wish, watch, procedure, find_target(session, wish))
        return runner.run()
    except FailbackError as problem:
        problem.asked = problem.asked or asked[0].upper() + asked[1:]
        if runner is not None:
            problem.truth = problem.truth or runner.truth()
            problem.wrote = runner.wrote
        raise


class _Runner:
    """One run of the loop. A class only because its steps share what they have seen so far."""

    def __init__(self, session: AzureSession, wish: Wish, watch: Watch, procedure: Procedure, target: Target) -> None:
        self._session = session
        self._wish = wish
        self._watch = watch
        self._procedure = procedure
        self._target = target
        self._seen: list[View] = []
        self._interval = wish.poll_interval or DEFAULT_RETRY_AFTER
        self.wrote = False

    def run(self) -> Course:
        """Look and step until there is nothing left to do, or nothing that may be waited for."""
        course = Course(before=self._look(), after=self._seen[0])
        while self._step(course):
            course.after = self._look()
        return course

    def truth(self) -> dict[str, object]:
        """Tell who holds the truth after a failure, by one more look where that is possible."""
        if self._seen:
            try:
                self._look()
            except FailbackError as problem:
                self._watch.report(f"{self._wish.target} could not be read again: {problem.happened}")
        return truth_of(self._seen)

    def _look(self) -> View:
        view = self._target.look()
        if self._wish.check_mode and self._wish.assume_stage:
            stage = Stage(self._wish.assume_stage)
            reason = "predicted by an earlier task of this check"
            members = tuple(replace(member, stage=stage, job=None, reason=reason) for member in view.members)
            view = replace(view, members=members)
        self._seen.append(view)
        return view

    def _step(self, course: Course) -> bool:
        """Do what the last look calls for; return whether to look again."""
        decisions = self._decide(course.after)
        todo = [pair for pair in decisions if pair[1].step is not Step.NOTHING and not self._is_goal(pair[0])]
        waits = [member for member, decision in todo if decision.step is Step.WAIT]
        starts = [member for member, decision in todo if decision.step is Step.START]
        if not todo:
            return False
        if starts and not waits:
            return self._start(course, starts)
        return self._wait(course, [member for member, _decision in todo], waits)

    def _decide(self, view: View) -> list[tuple[Observation, Decision]]:
        decisions = [(member, decide(self._procedure.verb, member)) for member in view.members]
        refusals = [pair for pair in decisions if pair[1].step is Step.REFUSE]
        if refusals:
            raise complaints.refusal(refusals, view)
        return decisions

    def _is_goal(self, member: Observation) -> bool:
        return member.stage in self._procedure.goal

    def _start(self, course: Course, starts: list[Observation]) -> bool:
        if course.changed:
            return self._look_once_more(course, starts)
        writes = self._procedure.writes(course.after, starts)
        course.changed = True
        if self._wish.check_mode:
            course.predicted = _ids(starts)
            return False
        for write in writes:
            name = self._settled(write)
            course.jobs.update({member.item.id: name for member in write.members})
        if not self._wish.wait:
            course.after = self._look()
            return False
        self._follow(course, course.jobs.values(), self._procedure.stop)
        return True

    def _settled(self, write: Write) -> str:
        """Send a write and return its job's name; where its fate is unknown, find the job by reading."""
        names = ", ".join(member.item.friendly_name for member in write.members)
        self._watch.report(f"{self._procedure.verb.value} of {names}: starting")
        try:
            job_name = write.send().job_name
            self.wrote = True
            return job_name
        except FateUnknown:
            self.wrote = True
            job_name = self._job_that_appeared(write.members[0])
            if job_name is None:
                raise
            return job_name

    def _job_that_appeared(self, member: Observation) -> str | None:
        """Return the name of the job that a write of unknown fate started ("" when it has ended already), or None."""
        for _look in range(_LOOKS_FOR_UNKNOWN_FATE):
            self._watch.sleep(self._interval)
            now = next((one for one in self._look().members if one.item.id == member.item.id), member)
            if decide(self._procedure.verb, now).step is Step.ATTACH and now.job is not None:
                return now.job.name
            if has_reached(self._procedure.verb, now.stage):
                return ""
        return None

    def _wait(self, course: Course, members: list[Observation], waits: list[Observation]) -> bool:
        """Follow what runs, then look again."""
        if not self._wish.wait or self._wish.check_mode:
            return self._do_not_wait(course, members, waits)
        if self._watch.remaining() <= 0:
            raise complaints.out_of_time(members, self._watch)
        course.jobs.update({member.item.id: member.job.name for member in members if member.job is not None})
        running = [member.job.name for member in members if member.job is not None and member.job.is_running]
        if running:
            self._follow(
                course, running, _ended_or_waits_for_somebody if waits else self._procedure.stop, own=not waits
            )
        else:
            self._watch.sleep(self._interval)
        return True

    def _do_not_wait(self, course: Course, members: list[Observation], waits: list[Observation]) -> bool:
        if waits and not self._wish.check_mode:
            raise complaints.something_else_runs(waits)
        course.jobs.update({member.item.id: member.job.name for member in members if member.job is not None})
        # Check mode predicts a run that waits: the end of the verb's own job, or its own write after another's.
        foresees = self._wish.check_mode and self._wish.wait
        course.predicted = _ids(members) if foresees else frozenset()
        course.changed = foresees and bool(waits)
        return False

    def _follow(self, course: Course, names: Iterable[str], stop: Callable[[Job], bool], *, own: bool = True) -> None:
        for name in dict.fromkeys(name for name in list(names) if name):
            job = follow_job(self._session, name, self._watch, stop, self._wish.poll_interval, tolerate_failure=not own)
            # Recorded: a plan's job answers under another name than the operation; the body's own name is kept.
            course.jobs.update({key: job.name for key, known in course.jobs.items() if known == name})

    def _look_once_more(self, course: Course, starts: list[Observation]) -> bool:
        """The job succeeded, yet the item looks as before: give it time, then say so."""
        if len(self._seen) > _LOOKS_AFTER_SUCCESS + 1 or self._watch.remaining() <= 0:
            jobs = list(dict.fromkeys(filter(None, course.jobs.values())))
            raise complaints.still_as_before(self._procedure.verb, starts, jobs)
        self._watch.sleep(self._interval)
        return True


def _ids(members: Iterable[Observation]) -> frozenset[str]:
    return frozenset(member.item.id for member in members)


def _ended_or_waits_for_somebody(job: Job) -> bool:
    return not job.is_running or job.may_be_resumed


def plan_or_items(
    view: View,
    starts: Sequence[Observation],
    send_plan: Callable[[str], Accepted],
    send_item: Callable[[Observation], Accepted],
) -> list[Write]:
    """Return one write for a plan whose members all need it, else one for each member that does, in start order."""
    if view.plan is not None and len(starts) == len(view.members):
        name = view.plan.name
        return [Write(starts, lambda: send_plan(name))]
    return [Write((member,), _bound(send_item, member)) for member in starts]


def _bound(send: Callable[[Observation], Accepted], member: Observation) -> Callable[[], Accepted]:
    return lambda: send(member)

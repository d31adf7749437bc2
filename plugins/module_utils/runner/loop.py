# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop that all lifecycle verbs share: read, decide, act, wait, read back.

A write is sent once. Where its fate is unknown, reading settles it; where it certainly was not taken, the loop looks
and decides anew before another try. A verdict comes from what is read at the end, never from a request that was taken
or a job that says it succeeded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..azure.session import AzureSession
from ..azure.site_recovery import DEFAULT_RETRY_AFTER, Accepted
from ..model.decisions import Decision, Step, Verb, decide, has_reached, start_of
from ..model.failures import FailbackError, FateUnknown, JobFailed, NotTaken, Vanished, as_sentence, asked
from ..model.jobs import Job
from ..model.lifecycle import Observation, Stage
from ..model.look_age import Age
from ..model.ownership import within_own
from ..waiting import BRIEF, Pause, Stopped, read_patiently
from ..watch import Watch
from . import refusals
from .attempts import Attempts
from .authority import MIXED, authority_of
from .jobs import follow_job, has_ended
from .request import Request
from .services import Services
from .target import Target, TargetView, find_target

# After a job's end what it changed may lag behind it: the item (recorded: 80 seconds, in reverse replication), the
# deletion of an Azure VM. Seconds before it counts as not done.
PATIENCE = 300
# Seconds for which a VM may be busy without a job that tells how far things are.
_PATIENCE_WITHOUT_A_JOB = 1800
LOOKS_FOR_UNKNOWN_FATE = 4
# Of a pause, the part at its end in which others may have read what all share.
_END_OF_A_PAUSE = 0.25


@dataclass(frozen=True)
class Write:
    """One request that starts the verb's job, and the members that the job is for."""

    members: Sequence[Observation]
    send: Callable[[], Accepted]


class Gate:
    """What may hold a verb's writes although the stages call for them: here nothing does."""

    def holds(self, members: Sequence[Observation]) -> bool:
        """Say whether nothing may be written for these members now."""
        return False

    def holds_for_good(self, members: Sequence[Observation]) -> bool:
        """Say whether nothing may be written for them however long it is waited for."""
        return False

    def waits_for(self, members: Iterable[Observation]) -> None:
        """Take note that something else is waited for that these are busy with."""


NO_GATE = Gate()


class Procedure:
    """What tells one verb from another in the loop, for one target.

    C(stop) says up to where a job is followed, C(goal) which stages end the verb besides those in which what it asks
    for is already so. C(gate) may hold the writes.
    """

    def __init__(
        self,
        verb: Verb,
        *,
        stop: Callable[[Job], bool] = has_ended,
        goal: frozenset[Stage] = frozenset(),
        gate: Gate = NO_GATE,
    ) -> None:
        self.verb = verb
        self.stop = stop
        self.goal = goal
        self.gate = gate

    def writes(self, view: TargetView, starts: Sequence[Observation]) -> list[Write]:
        """Return the requests for the members that need one, or refuse. A verb that ends at its goal before it has
        anything to write has none."""
        return []


@dataclass
class VerbRun:
    """What a verb did: the first and the last look, and the last job of each member by item id.

    C(started) are the ids of the members that a write was sent for, C(attached) of those whose own job was running
    already, C(predicted) of those that a run outside check mode
    would take further, C(held) of those that need a write which the gate holds, C(changed) whether there was a write,
    or in check mode would be one. C(ended) are the names of jobs whose end was seen.
    """

    before: TargetView
    after: TargetView
    changed: bool = False
    started: set[str] = field(default_factory=set)
    attached: set[str] = field(default_factory=set)
    predicted: frozenset[str] = frozenset()
    held: set[str] = field(default_factory=set)
    jobs: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    def keep(self, stopped: Stopped) -> None:
        """Keep what a later task has to know to go on: see Request.begun."""
        jobs = {item_id: self.jobs.get(item_id, "") for item_id in self.started}
        attached = {item_id: self.jobs[item_id] for item_id in self.attached - self.started if self.jobs.get(item_id)}
        stages = {member.item.id: member.stage.value for member in self.before.members}
        stopped.kept |= {"jobs": jobs, "attached": attached, "stages": stages}

    def take_up(self, begun: Mapping[str, str], attached: Mapping[str, str]) -> None:
        """Count as this run's own what an earlier task has begun, and as attached to what it was attached to: the names
        of jobs by item id."""
        self.started.update(begun)
        self.attached.update(attached)
        self.jobs.update({**attached, **begun})
        self.changed = bool(begun)

    def held_members(self) -> list[Observation]:
        """Return the members whose write is held, as they were seen last."""
        return [member for member in self.after.members if member.item.id in self.held]

    def job_names(self) -> list[str]:
        """Return the names of the jobs, each once."""
        return list(dict.fromkeys(filter(None, self.jobs.values())))

    def _explain(self, problem: FailbackError, *, read_again: bool, has_seen_writes: bool) -> None:
        """Fill in what a failure does not know: what had been written, and which side is authoritative.

        C(read_again) is whether the last look is newer than the failure, C(has_seen_writes) whether it is at least
        newer than the last write.
        """
        problem.wrote = problem.wrote or bool(self.started)
        if read_again:
            refusals.quote_health(problem, self.after)
        if self.started:
            problem.details.setdefault("started_jobs", self.job_names())
            if not isinstance(problem, Vanished):
                problem.leaves = self._what_goes_on(str(problem.details.get("job_id", "")), read_again=read_again)
        wrote = problem.wrote and not has_seen_writes
        known = authority_of(self.before, self.after, read_again=read_again, wrote=wrote)
        problem.authority = {**known, **problem.authority}

    def _what_goes_on(self, told: str, *, read_again: bool) -> str:
        """Say which jobs of this run go on, or may; empty where none does, or the failure has C(told) of it."""
        lines = [line for name, line in dict(self._running(read_again=read_again)).items() if name != told]
        return f"Of this task, {'; '.join(lines)}: until that has ended, start no VM on either side." if lines else ""

    def _running(self, *, read_again: bool) -> Iterator[tuple[str, str]]:
        """Yield the name of each job that this run has started or resumed and that is not known to have ended, with
        what it does."""
        for member in self.after.members:
            if member.item.id not in self.started:
                continue
            job, name = member.job, self.jobs.get(member.item.id, "")
            if read_again and job is not None and job.is_running:
                does = "waits for complete_failover" if job.waits_for_completion else "goes on in Azure"
                yield job.name, f"job {job.name} {does}"
            elif not read_again and name and name not in self.ended:
                yield name, f"job {name}, as far as is known, goes on in Azure"

    def explain(
        self,
        problem: FailbackError,
        look: Callable[[], TargetView],
        request: Request,
        watch: Watch,
        *,
        has_seen_writes: bool = False,
    ) -> None:
        """Look again, if only once, and fill in what a failure does not know.

        C(has_seen_writes): the last look is newer than the last write.
        """
        try:
            self.after = look()
            read_again = True
        except FailbackError as unread:
            watch.report(f"{request.target} could not be read again: {unread.happened}")
            if isinstance(unread, Vanished) and not isinstance(problem, Vanished):
                # What failed is then no longer what has to be done.
                problem.happened, problem.remedy = f"{as_sentence(problem.happened)} {unread.happened}", unread.remedy
            read_again = False
        self._explain(problem, read_again=read_again, has_seen_writes=has_seen_writes)


async def run_procedure(services: Services, request: Request, watch: Watch, procedure: Procedure) -> VerbRun:
    """Take the target to where the request wants it, or as far as waiting was asked for.

    Every failure that leaves here says what was asked, whether a write was sent, and which side is authoritative.
    """
    runner, session = None, services.azure
    with asked(f"{procedure.verb.value[0].upper()}{procedure.verb.value[1:]} of {request.target}"):
        try:
            runner = _Runner(session, request, watch, procedure, find_target(session, request))
            services.claims.take(services.name, (one.item.id for one in runner.verb_run.before.members))
            return await runner.run()
        except Stopped as stopped:
            if runner is not None:
                runner.verb_run.keep(stopped)
            raise
        except FailbackError as problem:
            if runner is not None:
                runner.explain(problem)
            raise


class _Runner:
    """One run of the loop. A class only because its steps share what they have seen so far."""

    def __init__(
        self, session: AzureSession, request: Request, watch: Watch, procedure: Procedure, target: Target
    ) -> None:
        self._session = session
        self._request = request
        self._watch = watch
        self._procedure = procedure
        self._target = target
        self._interval = request.poll_interval or DEFAULT_RETRY_AFTER
        self._attempts = Attempts(watch)
        # Whether nothing of the last look is from a list, or may be older than one of its own.
        self._is_own_look = not session.site_recovery.shares
        first = self._look_now(Age.SEEN)
        self.verb_run = VerbRun(before=first, after=first)
        self._patience_ends: float | None = None
        self._busy_since: float | None = None

    async def run(self) -> VerbRun:
        """Look and step until there is nothing left to do, or nothing that may be waited for."""
        await self._take_up()
        while await self._step():
            await self._look()
        return self.verb_run

    async def _take_up(self) -> None:
        """Follow the jobs that an earlier task has started for this one. What fails in them fails here, and nothing is
        started again."""
        if self._request.begun or self._request.attached:
            self.verb_run.take_up(self._request.begun, self._request.attached)
            await self._follow(self.verb_run.job_names(), self._procedure.stop)
            await self._look()

    def explain(self, problem: FailbackError) -> None:
        """Look again and fill in what a failure does not know."""
        self.verb_run.explain(problem, self._look_now, self._request, self._watch)

    async def _look(self, age: Age = Age.SEEN) -> None:
        """Look again, patiently: what is under way goes on in Azure whether it can be read or not."""
        waits = self._request.wait and not self._request.check_mode
        patience = float("inf") if waits else BRIEF
        self.verb_run.after = await read_patiently(
            lambda: self._look_now(age), self._watch, self._interval, patience=patience
        )

    def _look_now(self, age: Age = Age.NOW) -> TargetView:
        self._is_own_look = age is not Age.SEEN or not self._session.site_recovery.shares
        self._watch.look.begin()
        view = self._target.look(age)
        self._watch.look.saw_vms(len(view.members))
        return self._assumed(view) if self._request.predicts else view

    def _assumed(self, view: TargetView) -> TargetView:
        """Return the target as an earlier task of a check predicted it. Of one whose VMs differ it told no more: what
        the verb would refuse is then where it starts from, and the others are where they are."""
        verb = self._procedure.verb
        if self._request.assume_stage != MIXED:
            return view.assumed(Stage(self._request.assume_stage))
        return view.assumed(start_of(verb), lambda member: _comes_too_early(verb, member))

    async def _step(self) -> bool:
        """Do what the last look calls for; return whether to look again."""
        decisions = self._decide(self.verb_run.after)
        todo = [pair for pair in decisions if pair[1].step is not Step.NOTHING and not self._is_done_with(*pair)]
        waits = [member for member, decision in todo if decision.step is Step.WAIT]
        starts = [member for member, decision in todo if decision.step is Step.START]
        if not todo:
            return False
        if starts and not waits:
            return await self._start(starts)
        return await self._wait([member for member, _decision in todo], waits)

    def _decide(self, view: TargetView) -> list[tuple[Observation, Decision]]:
        decisions = [(member, self._decide_for(member, view)) for member in view.members]
        refused = [pair for pair in decisions if pair[1].step is Step.REFUSE]
        if refused:
            raise refusals.refusal(self._procedure.verb, refused, view)
        return decisions

    def _decide_for(self, member: Observation, view: TargetView) -> Decision:
        made = decide(self._procedure.verb, member)
        # Whose job has brought it there does not matter where the verb ends.
        return made if member.stage in self._procedure.goal else within_own(made, member, view.plan)

    def _is_done_with(self, member: Observation, decision: Decision) -> bool:
        """Whether a member is where the verb ends, or held: its own job is followed even then."""
        held = member.item.id in self.verb_run.held and decision.step is not Step.ATTACH
        return held or member.stage in self._procedure.goal

    async def _hold(self, members: Iterable[Observation]) -> bool:
        """Leave members out of the rest of the run: once some of a plan are held, none of them goes ahead."""
        self.verb_run.held.update(_ids(members))
        return await self._step()

    async def _start(self, starts: list[Observation]) -> bool:
        verb_run = self.verb_run
        fresh = [member for member in starts if member.item.id not in verb_run.started]
        if not fresh:
            return await self._look_once_more(starts)
        if verb_run.held or self._procedure.gate.holds(fresh):
            return await self._hold(fresh)
        if not (self._is_own_look or self._request.check_mode):
            await self._look(Age.OWN)
            return await self._step()
        writes = self._procedure.writes(verb_run.after, fresh)
        # What the writes rest on may have taken minutes to read.
        if self._procedure.gate.holds(fresh):
            return await self._hold(fresh)
        if self._request.check_mode:
            verb_run.changed, verb_run.predicted = True, _ids(fresh)
            return False
        try:
            await self._send_each(writes)
        except NotTaken as refusal:
            await self._attempts.wait_after(refusal)
            return True
        if not self._request.wait:
            await self._look()
            return False
        if self._session.site_recovery.shares:
            # What has just begun is not asked for singly: the next list for all has it.
            await Pause(self._interval)
        await self._follow(verb_run.job_names(), self._procedure.stop)
        return True

    async def _send_each(self, writes: Sequence[Write]) -> None:
        """Send the writes, one after the other. Each may take its time: the gate is asked again for the next."""
        for number, write in enumerate(writes):
            if number > 0 and self._procedure.gate.holds(write.members):
                self.verb_run.held.update(_ids(member for rest in writes[number:] for member in rest.members))
                return
            await self._send(write)

    async def _send(self, write: Write) -> None:
        """Send a write and keep its job's name; where its fate is unknown, find the job by reading.

        Raises NotTaken where nothing came of it.
        """
        names = ", ".join(member.item.friendly_name for member in write.members)
        self._watch.report(f"{self._procedure.verb.value} of {names}: starting")
        try:
            accepted = write.send()
            self._interval = self._request.poll_interval or accepted.retry_after
            job_name = accepted.job_name or await self._job_that_appeared(write.members[0])
        except FateUnknown as unknown:
            job_name = await self._job_that_appeared(write.members[0], unknown)
        finally:
            self._watch.look.changed()
        self._attempts.succeeded()
        self.verb_run.changed = True
        self.verb_run.started.update(_ids(write.members))
        self.verb_run.jobs.update({member.item.id: job_name for member in write.members})

    async def _job_that_appeared(self, member: Observation, unknown: FateUnknown | None = None) -> str:
        """Return the name of the job that a write started, "" when it has ended already.

        Raises the failure of a write of C(unknown) fate where no job appears.
        """
        for _look in range(LOOKS_FOR_UNKNOWN_FATE):
            # Who took it up from here would not know of the write.
            with self._watch.stopping(False):
                await Pause(self._interval, f"Looking for the job of the {self._procedure.verb.value}")
            try:
                # What else is to be sent rests on the look before.
                view = self._target.look()
            except FailbackError as unread:
                self._watch.report(f"{self._request.target} could not be read: {unread.happened}")
                continue
            now = next((one for one in view.members if one.item.id == member.item.id), member)
            made = within_own(decide(self._procedure.verb, now), now, view.plan)
            if made.step is Step.ATTACH and now.job is not None:
                return now.job.name
            if has_reached(self._procedure.verb, now.stage):
                return ""
        if unknown is not None:
            raise unknown
        return ""

    async def _wait(self, members: list[Observation], waits: list[Observation]) -> bool:
        """Follow what runs, then look again."""
        if self._is_held_after(members, waits):
            return await self._hold(waits)
        self.verb_run.jobs.update({member.item.id: member.job.name for member in members if member.job is not None})
        self.verb_run.attached.update(_ids(members) - _ids(waits))
        if not self._request.wait or self._request.check_mode:
            return self._do_not_wait(members, waits)
        if self._watch.remaining() <= 0:
            raise refusals.out_of_time(members, self._watch)
        self._procedure.gate.waits_for(waits)
        # What stands in the way comes first: following the others could return at once, again and again.
        jobs = [member.job for member in waits or members if member.job is not None and member.job.is_running]
        if jobs:
            self._busy_since = None
            stop = _ended_or_waits_for_somebody if waits else self._procedure.stop
            await self._follow([job.name for job in jobs], stop, own=not waits)
        else:
            await self._wait_without_a_job(members, waits)
        return True

    async def _wait_without_a_job(self, members: list[Observation], waits: list[Observation]) -> None:
        """Wait for what no job tells of: the verb's own work goes on in the item, something else must end soon."""
        now = self._watch.now()
        self._busy_since = now if self._busy_since is None else self._busy_since
        if waits and now - self._busy_since >= _PATIENCE_WITHOUT_A_JOB:
            raise refusals.busy_without_a_job(waits, now - self._busy_since)
        await self._pause(refusals.reasons(waits or members))

    async def _pause(self, because: str) -> None:
        """Wait for what no job tells of. What somebody saw at the end of that time is new enough."""
        began = self._watch.now()
        await Pause(self._interval, because)
        self._watch.look.changed(max(began, self._watch.now() - self._interval * _END_OF_A_PAUSE))

    def _is_held_after(self, members: list[Observation], waits: list[Observation]) -> bool:
        """Whether what would be written after the waiting is held: in check mode by what is true now."""
        gate = self._procedure.gate
        if not waits:
            return False
        return gate.holds(members) if self._request.check_mode else gate.holds_for_good(members)

    def _do_not_wait(self, members: list[Observation], waits: list[Observation]) -> bool:
        if waits and not self._request.check_mode:
            raise refusals.something_else_runs(waits)
        # Check mode predicts a run that waits: the end of the verb's own job, or its own write after another's.
        foresees = self._request.check_mode and self._request.wait
        self.verb_run.predicted = _ids(members) if foresees else frozenset()
        self.verb_run.changed = foresees and bool(waits)
        return False

    async def _follow(self, names: Iterable[str], stop: Callable[[Job], bool], *, own: bool = True) -> None:
        """Follow jobs to where stop says, or to where somebody else has to act. One that fails hides no other."""
        failures = []
        for name in dict.fromkeys(filter(None, names)):
            try:
                job = await follow_job(
                    self._session,
                    name,
                    self._watch,
                    lambda job: stop(job) or _needs_somebody(job),
                    self._interval,
                    tolerate_failure=not own,
                )
            except JobFailed as failure:
                failures.append(failure)
                self.verb_run.ended.add(name)
                continue
            if not job.is_running:
                self.verb_run.ended.update((name, job.name))
            # Recorded: a plan's job answers under another name than the operation; the body's own name is kept.
            self.verb_run.jobs.update({key: job.name for key, known in self.verb_run.jobs.items() if known == name})
        if failures:
            raise refusals.failed_jobs(failures)

    async def _look_once_more(self, starts: list[Observation]) -> bool:
        """The job succeeded or was resumed, yet the item looks as before: give it time, then say so."""
        remaining = self._watch.remaining()
        if self._patience_ends is None:
            self._patience_ends = remaining - PATIENCE
        if remaining <= max(self._patience_ends, 0):
            if any(member.job is not None and member.job.is_running for member in starts):
                raise refusals.still_waits(starts, PATIENCE)
            raise refusals.still_as_before(self._procedure.verb, starts, self.verb_run.job_names())
        await self._pause(f"It has not taken effect yet: {refusals.reasons(starts)}")
        return True


def _comes_too_early(verb: Verb, member: Observation) -> bool:
    """Whether the verb refuses a member that an earlier one is to take further: not one that a person has to."""
    return member.stage is not Stage.BUSY and decide(verb, member).step is Step.REFUSE


def _ids(members: Iterable[Observation]) -> frozenset[str]:
    return frozenset(member.item.id for member in members)


def _ended_or_waits_for_somebody(job: Job) -> bool:
    return not job.is_running or job.may_be_resumed


def _needs_somebody(job: Job) -> bool:
    """Whether the job waits for a person, but not for Complete Failover: a manual action of a plan, for one."""
    return job.may_be_resumed and not job.waits_for_completion


def plan_or_items(
    view: TargetView,
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

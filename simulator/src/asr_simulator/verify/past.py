# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a recording has shown so far, and what must follow from it: of items, of jobs, of operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from asr_simulator.site_recovery.api.representation.job_bodies import STATUS
from asr_simulator.site_recovery.api.request_bodies import FAILBACK_INPUT, TO_PREMISES
from asr_simulator.site_recovery.model import jobs, lifecycle
from asr_simulator.verify.bodies import at, fitting, owner_of
from asr_simulator.verify.exchanges import Exchange
from asr_simulator.verify.findings import Verdict, one_of
from asr_simulator.verify.reference import ACCEPTED, Reference

# What was seen longer ago, somebody may have changed.
FRESH = timedelta(minutes=15)
# What follows by itself.
AFTERWARDS = {lifecycle.REVERSE_REPLICATING: lifecycle.PROTECTED}
NOT_RUN = (jobs.NOT_STARTED, jobs.SKIPPED)


@dataclass
class SeenJob:
    """A job as it was seen last."""

    state: str
    tasks: list[Any] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether it had ended."""
        return self.state in jobs.ENDED


@dataclass
class Asked:
    """An operation that was accepted: of what, and for an item in which stages it may have been."""

    path: str
    key: tuple[str, str]
    stages: frozenset[str]


@dataclass
class Past:
    """Everything that was seen, by names in lower case."""

    reference: Reference
    jobs: dict[str, SeenJob] = field(default_factory=dict)
    operations: dict[str, Asked] = field(default_factory=dict)
    of_plans: set[str] = field(default_factory=set)
    stages: dict[str, tuple[frozenset[str], datetime | None]] = field(default_factory=dict)
    pending: dict[str, Asked] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)

    def item(self, verdict: Verdict, place: str, item: Any) -> None:
        """Hold an item against what was asked of it before, and remember it."""
        path = str(at(item, "id") or "").lower()
        owner = owner_of(item).lower()
        if owner:
            seen = self.jobs.get(owner)
            tested = at(item, "properties", "testFailoverState") == "WaitingForCompletion"
            if seen is not None and not tested:
                where = f"{place}.properties.currentScenario.jobId"
                verdict.hold(not seen.over, where, owner, "None: that job had ended", "asr.item-owner")
            return
        stages = frozenset(entry.stage for entry in fitting(item, self.reference))
        if not stages:
            return
        if path in self.pending:
            self._outcome(verdict, place, path, item, stages)
        else:
            self._moved(verdict, place, path, stages)
        self.stages[path] = (stages, verdict.exchange.when)

    def _outcome(self, verdict: Verdict, place: str, path: str, item: Any, stages: frozenset[str]) -> None:
        """Where an idle item is once the job of what was asked of it last has succeeded."""
        asked = self.pending[path]
        operation = next((name for name, one in self.operations.items() if one is asked), "")
        job = self.jobs.get(operation)
        if job is None or job.state != jobs.SUCCEEDED:
            return
        outcomes = self.reference.learned.outcomes
        wanted = {end for stage in asked.stages for end in outcomes.get((*asked.key, stage), ())}
        del self.pending[path]
        if wanted:
            state = at(item, "properties", "protectionState")
            seen = f"{state} after {asked.key[0]}"
            where = f"{place}.properties.protectionState"
            verdict.hold(bool(stages & wanted), where, seen, f"stage {one_of(wanted)}", "asr.item-states")

    def _moved(self, verdict: Verdict, place: str, path: str, stages: frozenset[str]) -> None:
        """An item that is in another stage though nothing was asked of it: what led there is not in the recording."""
        before, _when = self.stages.get(path, (stages, None))
        if not stages & (before | {AFTERWARDS[stage] for stage in before & AFTERWARDS.keys()}):
            verdict.leave(f"{place} has changed its stage, and nothing in the recording led to that")

    def plan(self, plan: Any) -> None:
        """Remember whose items a plan has; a list of plans does not say."""
        groups = at(plan, "properties", "groups") or ()
        items = {
            str(at(item, "id")).lower() for group in groups for item in at(group, "replicationProtectedItems") or ()
        }
        if items:
            self.members[str(at(plan, "id")).lower()] = items

    def job(self, verdict: Verdict, place: str, job: Any, *, in_list: bool) -> None:
        """Hold a job against how it was seen before, and remember it."""
        name, properties = str(at(job, "name") or "").lower(), at(job, "properties")
        state, tasks = str(at(properties, "state")), at(properties, "tasks")
        before = self.jobs.get(name)
        if before is not None:
            self._after(verdict, f"{place}.properties", before, state, None if in_list else tasks)
        kept = before.tasks if before is not None and (in_list or not tasks) else tasks
        self.jobs[name] = SeenJob(state, kept if isinstance(kept, list) else [])

    def _after(self, verdict: Verdict, here: str, before: SeenJob, state: str, tasks: Any) -> None:
        point = "asr.job-tasks"
        if before.over:
            # An operation's status tells less than its job.
            same = STATUS.get(state, state) == STATUS.get(before.state, before.state)
            verdict.hold(same, f"{here}.state", state, f"{before.state}, as before", point)
        began = before.state != jobs.NOT_STARTED
        if began:
            verdict.hold(state != jobs.NOT_STARTED, f"{here}.state", state, "a job that has begun", point)
        if not before.tasks or not isinstance(tasks, list) or not tasks:
            return
        names = [[at(task, "name") for task in one] for one in (before.tasks, tasks)]
        if verdict.hold(names[0] == names[1], f"{here}.tasks", names[1], f"{names[0]}, as before", point):
            for number, (old, new) in enumerate(zip(before.tasks, tasks, strict=True)):
                back = at(old, "state") not in NOT_RUN and at(new, "state") == jobs.NOT_STARTED
                where = f"{here}.tasks[{number}].state"
                verdict.hold(not back, where, at(new, "state"), "a task that has begun", point)

    def operation(self, verdict: Verdict, name: str, body: Any, reference: Reference) -> None:
        """The status of an operation names its job; what that was seen to be, it says too."""
        own, operation = str(at(body, "name") or "").lower(), name.lower()
        differs = operation in self.of_plans and reference.variants.plan_job_id_differs
        if operation in self.operations:
            expected = "the name of another job than the operation" if differs else f"{operation}, the operation"
            verdict.hold((own != operation) is differs, "$.name", own, expected, "asr.operation-id")
        seen, status = self.jobs.get(own), str(at(body, "status"))
        if seen is not None and seen.over:
            verdict.hold(
                status in jobs.ENDED, "$.status", status, f"an end, as the job is {seen.state}", "asr.operation-id"
            )
        if status in jobs.ENDED and (seen is None or not seen.over):
            self.jobs[own] = SeenJob(status, seen.tasks if seen is not None else [])

    def asked(self, verdict: Verdict, exchange: Exchange, path: str, operation: str, *, of_plan: bool) -> None:
        """Hold the answer to an operation against the stage that the item was seen in, and remember what was asked."""
        key = (operation, direction_of(exchange.sent))
        stages, seen_at = self.stages.get(path.lower(), (frozenset(), None))
        if seen_at is not None and exchange.when is not None and exchange.when - seen_at > FRESH:
            stages = frozenset()
        wanted = {self.reference.learned.asked.get((*key, stage)) for stage in stages} - {None}
        if wanted and exchange.status in (ACCEPTED, 400) and not of_plan:
            place, seen = "status", f"{exchange.status} for {operation} {key[1]}".rstrip()
            verdict.hold(exchange.status in wanted, place, seen, one_of(wanted), "asr.wrong-direction")
        if exchange.status != ACCEPTED:
            return
        name = urlsplit(exchange.headers.get("location", "")).path.rstrip("/").rsplit("/", 1)[-1].lower()
        asked = Asked(path.lower(), key, stages)
        if name:
            self.operations[name] = asked
            self.of_plans |= {name} if of_plan else set()
        if of_plan:
            # Of a plan that was never read by itself, any item may be.
            for member in self.members.get(path.lower(), {*self.stages, *self.pending}):
                self.stages.pop(member, None)
                self.pending.pop(member, None)
        else:
            self.pending[path.lower()] = asked
            self.stages.pop(path.lower(), None)


def direction_of(body: Any) -> str:
    """The direction that an operation was asked for; a failback may leave it out (recording)."""
    properties = body.get("properties") if isinstance(body, Mapping) else None
    direction = at(properties, "failoverDirection")
    details = at(properties, "providerSpecificDetails")
    if direction is None and at(details, "instanceType") == FAILBACK_INPUT:
        return TO_PREMISES
    return str(direction or "")

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole failback of a target: the steps of the portal, one after the other, up to where tasks of the user's run."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..azure.site_recovery import DEFAULT_RETRY_AFTER
from ..model.azure_disks import loose_words
from ..model.failback_steps import (
    AT_GATE,
    COMMIT,
    COMPLETE_FAILOVER,
    END,
    NOT_NOW,
    PLANNED_FAILOVER,
    PREREQUISITES,
    REVERSE_REPLICATE,
    STEPS,
    UNTIL,
    VALIDATE,
    Obstacle,
    Obstacles,
    Plan,
    State,
    as_begun,
    in_one,
    obstacles_of,
    short,
    stage_while,
)
from ..model.failures import ConfigurationError, FailbackError, Refused, asked, said_once
from ..model.look_age import Age
from ..model.packed import state_of
from ..model.proof import has_proof
from ..model.wave_packing import CAPS
from ..option_checks import check_values
from ..runner.authority import authority_of, danger_of, side_of
from ..runner.contract import Contract
from ..runner.options import DATA_SYNC_OPTION, DISCARD_DISKS_OPTION, PLACE_OPTIONS, WINDOW_OPTIONS
from ..runner.refusals import read_on_controller
from ..runner.request import Request
from ..runner.services import Services
from ..runner.target import TargetView, find_target
from ..waiting import BRIEF, Pause, Stopped, read_patiently
from ..watch import Watch
from . import commit, complete_failover, failback_prereq, failback_validate, planned_failover, reverse_replicate

_CONTRACTS: Mapping[str, Contract] = {
    PREREQUISITES: failback_prereq.CONTRACT,
    PLANNED_FAILOVER: planned_failover.CONTRACT,
    COMPLETE_FAILOVER: complete_failover.CONTRACT,
    VALIDATE: failback_validate.CONTRACT,
    COMMIT: commit.CONTRACT,
    REVERSE_REPLICATE: reverse_replicate.CONTRACT,
}
# What a file of the user's is for: before or after a step, to prepare what is missing, or to validate. What has to run
# before a wave is not this module's to name.
_HOOK, _PREPARATION, _VALIDATION, _WAVE = "hook", "preparation", "validation", "wave"
# What another task can take up where this one was stopped, without anything lost that only this one knows: the long
# ones.
_MAY_STOP = frozenset({PLANNED_FAILOVER, REVERSE_REPLICATE})
# Seconds. Whoever waits for a turn is woken.
_UNTIL_WOKEN = 600.0
# Seconds for which the prerequisites count while somebody waits for a turn.
_CHECKED_FOR = 900.0
# The phases of a step.
_DECIDE, _BEFORE, _RUN, _PREPARED, _VALIDATED = "", "before", "run", "prepared", "validated"
_BEFORE_CUT_OVER, _AFTER_CUT_OVER, _AFTER, _LEAVE = "before cut-over", "after cut-over", "after", "leave"


@dataclass(frozen=True, kw_only=True)
class FailbackRequest(Request):
    """C(values) are the options of the module. C(wait_timeout) is in seconds, for each step."""

    values: Mapping[str, Any] = field(default_factory=dict)
    wait_timeout: float = 86400

    @property
    def names(self) -> dict[str, str]:
        """The options that name the target, as the user does."""
        if self.recovery_plan:
            return {"recovery_plan": self.recovery_plan}
        return {"replicated_item": self.replicated_item}

    @property
    def has_checks(self) -> bool:
        """Whether the validation has options that can be wrong."""
        values = self.values
        return bool(values["probes"] or values["expected_addresses"] or values["validation_timeout"] < 1)

    @property
    def has_commit_options(self) -> bool:
        """Whether the commit has options that can be wrong."""
        values = self.values
        is_timed = values["commit_policy"] == "not_before" or bool(values["commit_not_before"])
        return is_timed or values["accept_unseen"] is not None

    def plan(self) -> Plan:
        """Return what the user wants of the run."""
        values = self.values
        return Plan(
            steps=frozenset({PREREQUISITES} if values["only_prerequisites"] else STEPS).intersection(values["steps"]),
            check_mode=self.check_mode,
            commit_policy=values["commit_policy"],
            has_window=bool(values["window"]),
            discards=values["discard_azure_changes"],
            hooks={name: file for name, file in (values["hooks"] or {}).items() if file},
            evidence=bool(values["validation_tasks"] or values["probes"]),
            guest=bool(values["heartbeat"] or values["addresses"] or values["expected_addresses"]),
            until=values["until"],
            data_sync=values["data_sync"],
        )

    def of_step(self, step: str, validation: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of a verb: those that it and the whole have by one name, and what this run has of others.

        C(validation) is the evidence of this run.
        """
        own = {name: self.values[name] for name in _CONTRACTS[step].options if name in CONTRACT.options}
        if step == COMMIT:
            own |= {**self.of_commit_policy(), "validation": validation}
        return {name: None if value in ("", {}) else value for name, value in own.items()}

    def of_commit_policy(self) -> dict[str, Any]:
        """Return when the commit may be made, and what a person has accepted."""
        values = self.values
        return {
            "policy": values["commit_policy"],
            "not_before": values["commit_not_before"] or None,
            "accept_unseen": values["accept_unseen"],
            "confirmed": values["confirmed"],
            "confirmed_by": values["confirmed_by"],
        }

    def of_validation(self, attested: Sequence[str] = ()) -> dict[str, Any]:
        """Return the options of the validation. C(attested) is what was proved by other means."""
        same = ("heartbeat", "addresses", "expected_addresses", "probes")
        return {
            **{name: self.values[name] for name in same},
            "timeout": self.values["validation_timeout"],
            "interval": self.poll_interval,
            "attested": [*attested],
        }

    def refuse_variables(self) -> None:
        """Refuse variables that cannot be read, and those that the role does not know: a mistyped one would do
        nothing."""
        nothing = "Nothing more was written." if self.values["state"] else "Nothing was read or written."
        if self.values["wrong_variables"]:
            raise ConfigurationError(self.values["wrong_variables"], f"{nothing} Correct it.")
        unknown = self.values["unknown_variables"]
        if unknown:
            raise ConfigurationError(
                f"Unknown variables: {', '.join(unknown)}.",
                f"{nothing} Correct their names; names that begin with failback_ are those of the role.",
            )

    def refuse_wrong(self) -> None:
        """Refuse files that cannot be used, and disks that are given up without a word for whose they are."""
        unusable = self.values["unusable_files"]
        if unusable:
            raise ConfigurationError(
                f"These files cannot be used: {'; '.join(f'{file}: {why}' for file, why in unusable.items())}.",
                "Nothing was written. Correct failback_hooks or failback_validation_tasks.",
            )
        # It may be a group variable. A name alone would then apply to every VM that has a disk of that name.
        loose = loose_words(self.values["discard_disks"])
        if loose:
            raise ConfigurationError(
                f"failback_discard_disks names {', '.join(loose)} without a VM.",
                "Nothing was written. Write VM/DISK, or the resource id of the disk.",
            )


async def run(request: FailbackRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Take the target as far as it can go and return the result of the module."""
    failback = _Failback(request, services, watch)
    handed = await failback.go_on()
    state = failback.state
    result = failback.plan.summary(state)
    is_whole = request.values["until"] == PREREQUISITES
    if not is_whole:
        state.forget_item()
    problem = failback.problem
    if problem is not None and request.values["fail_on_error"]:
        raise _told(problem, state, result)
    is_whole = is_whole or state.ended or (handed is not None and bool(handed.kind))
    return {
        "changed": state.changed or (problem is not None and problem.wrote),
        "result": result if is_whole else short(result),
        "handover": {"kind": handed.kind, "file": handed.file} if handed and handed.kind else None,
        # A later task of a fleet is given all of it, so that it has a result for each.
        "state": None if state.ended and request.values["until"] == END else state.as_result(),
    }


def _told(problem: FailbackError, state: State, result: Mapping[str, Any]) -> FailbackError:
    """Return a failure of the run with how that ended."""
    if isinstance(problem, _FileFailedError):
        problem.happened, problem.remedy = result["reason"], result["next"]
    problem.returns["result"] = result
    problem.wrote = problem.wrote or state.changed
    return problem


@dataclass(frozen=True)
class _Handover:
    """A file of tasks that has to run for a target before it goes on, and what it is for; nothing of both where it is
    another task's turn."""

    kind: str = ""
    file: str = ""


class _Failback:
    """The failback of one target. C(state) is where it stands, C(problem) what has ended it early."""

    def __init__(self, request: FailbackRequest, services: Services, watch: Watch) -> None:
        before, target = request.values["state"], request.recovery_plan or request.replicated_item
        self.state = State.parse(before, target) if before else State(target=target)
        self.plan = request.plan()
        steps = self.plan.steps
        self.state.commits = COMMIT in steps
        at_once = PLANNED_FAILOVER in steps and self.state.cuts_over_next and not self.plan.only_copies
        self.state.cuts_over = COMPLETE_FAILOVER in steps or at_once
        self.problem: FailbackError | None = None
        # Whether this task has seen where the target is.
        self._has_looked = False
        self._request = request
        self._services = services
        self._watch = watch
        watch.account = lambda: {**self.plan.summary(self.state), "stage": self._stage_now()}
        watch.stage = self._stage_now

    def _stage_now(self) -> str:
        """The stage that the job shows which is followed, otherwise that in which the target was seen last."""
        return stage_while(self._watch.job, self.state.stage)

    async def go_on(self) -> _Handover | None:
        """Take the target as far as it can go; return what has to run before it goes on, None where it has ended."""
        if self.state.ended:
            return None
        try:
            handed = await self._through_steps()
            if handed is not None:
                return handed
        except Stopped as stopped:
            self.state.begun = {**stopped.kept, "left": self._watch.remaining()}
            if stopped.kept.get("unchecked"):
                self.state.uncheck()
            if self.state.phase != _RUN:
                self.state.begun = {}
            return _Handover()
        except FailbackError as problem:
            await self._fail(problem)
        finally:
            self._services.copy_turns.leave(self._name)
        if self.state.step < len(STEPS) and self.problem is None:
            return _Handover()
        self.state.ended = True
        return None

    async def _through_steps(self) -> _Handover | None:
        if self._request.values["failed_task"]:
            raise _FileFailedError(self._request.values["failed_task"], file=self._file)
        self._request.refuse_variables()
        if not self.state.where:
            await self._begin()
        while self.plan.goes_on(self.state) and self.state.step < len(STEPS):
            handed = await self._go_on_in(STEPS[self.state.step])
            if handed is not None:
                return handed
        if not (self._has_looked or self.plan.check_mode):
            # What an earlier task has seen may be hours old.
            await self._read()
        return None

    async def _begin(self) -> None:
        await self._read()
        self._request.refuse_wrong()
        await self._check_options()

    @property
    def _file(self) -> str:
        """The file of the user's that runs: of the validation's, the part is the step."""
        part = self.state.part
        return str(self._request.values["validation_tasks"] or part) if part == VALIDATE else part

    async def _read(self) -> TargetView:
        """Read where the target is."""
        request, service = self._request, self._services.azure
        self._has_looked = True
        self._watch.restart(request.wait_timeout)
        wanted = Request(replicated_item=self.state.id or request.replicated_item, recovery_plan=request.recovery_plan)
        check_values(request.names)
        interval = request.poll_interval or DEFAULT_RETRY_AFTER
        with asked(f"Stage of {wanted.target}"):
            view = await read_patiently(
                lambda: find_target(service, wanted).look(Age.SEEN), self._watch, interval, patience=BRIEF
            )
        state, members = self.state, view.members
        state.id = "" if view.plan else members[0].item.id
        state.where = [[one.item.friendly_name, one.stage.value] for one in members]
        state.last = {
            "authoritative_side": side_of(view),
            "reversible": all(one.reversible for one in members),
            "reason": "; ".join(dict.fromkeys(one.explanation for one in members)),
            "warnings": [*filter(None, [danger_of(view, view)])],
        }
        return view

    async def _check_options(self) -> None:
        """Let the verbs refuse their options before anything begins: that is all they do with an assumed stage."""
        request, plan = self._request, self.plan
        validates = VALIDATE in plan.steps or plan.only_checks
        if request.has_checks and validates and not self.state.is_committed:
            await self._assume(VALIDATE, request.of_validation(), "failback_commit_pending")
        if plan.has_window:
            await self._assume(COMPLETE_FAILOVER, {"window": request.values["window"]}, "protected")
        if request.has_commit_options:
            await self._assume(COMMIT, request.of_commit_policy(), "protected")

    async def _assume(self, step: str, options: Mapping[str, Any], stage: str) -> None:
        await self._ask(step, {**options, "assume_stage": stage}, check_mode=True)

    async def _ask(self, step: str, options: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
        """Run the verb of a step and return its result."""
        contract, request = _CONTRACTS[step], self._request
        named = {"replicated_item": self.state.id} if self.state.id else request.names
        parameters = _whole(contract, {**named, **options})
        check_values(parameters)
        if contract.waits:
            parameters |= {"poll_interval": request.poll_interval}
        begun, self.state.begun = self.state.begun, {}
        parameters |= {"begun": begun.get("jobs"), "attached": begun.get("attached")}
        self._has_looked = True
        self._watch.restart(begun.get("left") or (request.wait_timeout if contract.waits else parameters["timeout"]))
        try:
            with self._watch.stopping(step in _MAY_STOP):
                result = await contract.steps(parameters, self._services, self._watch, check_mode=check_mode)
        finally:
            self._watch.job = None
        return as_begun(result, begun)

    async def _go_on_in(self, step: str) -> _Handover | None:
        """Go on in a step, up to its next phase; return what has to run before that."""
        phase = self.state.phase
        if phase in (_DECIDE, AT_GATE):
            return await self._enter(step)
        if phase == _BEFORE:
            return self._next(_BEFORE_CUT_OVER, f"before_{step}")
        if phase == _BEFORE_CUT_OVER:
            return self._next(_RUN, "before_cut_over" if await self._is_about_to_cut_over(step) else "")
        if phase == _AFTER_CUT_OVER:
            return self._next(_AFTER, "after_cut_over")
        if phase == _AFTER:
            return self._next(_LEAVE, f"after_{step}")
        if phase == _LEAVE:
            self.state.leave_step()
            return None
        self.state.part, back = step, self.state.back
        handed = await self._do(step)
        if handed is None and self.state.phase != _DECIDE:
            self.state.phase = _AFTER_CUT_OVER if self.state.back > back else _AFTER
        return handed

    async def _enter(self, step: str) -> _Handover | None:
        """Decide whether a step runs now, and if so, begin it."""
        state, plan = self.state, self.plan
        state.phase = _DECIDE
        if step == PLANNED_FAILOVER and await self._is_for_later():
            return _Handover()
        if not plan.runs(step, state) or await self._has_to_wait(step):
            state.leave_step()
            return None
        if self._request.values["wave_tasks"] and await self._is_for_wave(step):
            state.phase = AT_GATE
            return _Handover(_WAVE)
        if step == PLANNED_FAILOVER:
            await self._take_turn()
        state.phase = _BEFORE
        return None

    def _next(self, phase: str, hook: str) -> _Handover | None:
        """Go to a phase, where there is a hook after that has run."""
        self.state.phase = phase
        file = self.plan.hooks.get(hook)
        # The window may have closed while the hook before the step ran: there is nothing then that one after it is for.
        if not file or self.state.waits:
            return None
        self.state.part = file
        return _Handover(_HOOK, file)

    async def _is_for_later(self) -> bool:
        """Whether the failover takes the machine down, and has to wait for that. Its hooks must not run either.

        Where it has done so already, nothing is left to do ahead: the others must not wait for it.
        """
        if not (self.plan.only_ahead and PLANNED_FAILOVER in self.plan.steps):
            return False
        return await self._takes_down() or await self._has_taken_down()

    async def _is_for_wave(self, step: str) -> bool:
        """Whether the tasks before a wave have to run before a step: it takes the machine down, or deletes one."""
        return step == COMMIT or await self._cuts_over(step)

    async def _is_about_to_cut_over(self, step: str) -> bool:
        """Whether a step is the cut-over, where that matters."""
        return "before_cut_over" in self.plan.hooks and await self._cuts_over(step)

    async def _cuts_over(self, step: str) -> bool:
        return step == COMPLETE_FAILOVER or (step == PLANNED_FAILOVER and await self._takes_down())

    async def _takes_down(self) -> bool:
        """Whether the failover, which is not started yet, takes the machine down at once."""
        state = self.state
        if not state.copies_next:
            return False
        if not state.prerequisites.get("data_sync"):
            options = {**self._options_of(PLANNED_FAILOVER), "cut_over": False}
            state.learn_data_sync(await self._ask(PLANNED_FAILOVER, options, check_mode=True))
        return state.cuts_over_next

    async def _has_taken_down(self) -> bool:
        """Whether the failover, which runs already, has taken the machine down.

        Where only so many may copy their data at once, it is followed here all the same: it is one of them.
        """
        state = self.state
        state.is_down = False
        if not state.may_copy or state.copies_next or self._services.copy_turns.are_limited:
            return False
        jobs = [member.job for member in (await self._read()).members]
        state.is_down = any(job is not None and job.is_running and job.is_full_download for job in jobs)
        return state.is_down

    @property
    def _may_cut_over(self) -> bool:
        """Whether the failover may take the machine down: not before what has to run first is known to have run."""
        if self.plan.only_ahead or self.plan.only_copies:
            return False
        has_to_know = self._request.values["wave_tasks"] or "before_cut_over" in self.plan.hooks
        return self.state.cuts_over_next or not has_to_know

    async def _take_turn(self) -> None:
        """Wait until the data may be copied. Data that is on its way is counted only."""
        turns, state = self._services.copy_turns, self.state
        if state.copies_next and not self.plan.check_mode:
            # It may take days until the others have made room: that is not this one's time.
            self._watch.restart(math.inf)
            began = self._watch.now()
            try:
                with self._watch.stopping(True):
                    while why := turns.take(self._name, self._places, self._watch.wake):
                        await Pause(_UNTIL_WOKEN, why)
            finally:
                if self._watch.now() - began > _CHECKED_FOR:
                    state.uncheck()
        state.copies = state.copies_next or state.may_copy
        if state.may_copy:
            turns.keep(self._name, self._places)

    def _end_turn(self) -> None:
        self.state.copies = False
        self._services.copy_turns.leave(self._name)

    @property
    def _name(self) -> str:
        return self._services.name or self.state.target

    @property
    def _places(self) -> Mapping[str, Any]:
        return self._request.values["place"] or {}

    async def _has_to_wait(self, step: str) -> bool:
        """Ask a step whether it has to wait.

        The hooks of one that has to must not run: they could lock out the users of a VM long before its window.
        """
        if not self.plan.may_wait(step):
            return False
        self.state.part = step
        result = await self._ask(step, self._options_of(step), check_mode=True)
        if not (result.get("waiting_for_window") or result.get("held")):
            return False
        self.state.record(step, {**result, "changed": False})
        return True

    async def _do(self, step: str) -> _Handover | None:
        if step == PREREQUISITES:
            return await self._check_prerequisites()
        if step == VALIDATE:
            return await self._validate()
        if step == PLANNED_FAILOVER:
            return await self._copy()
        self.state.record(step, await self._ask(step, self._options_of(step), check_mode=self.plan.check_mode))
        return None

    async def _copy(self) -> _Handover | None:
        if self.state.copies:
            # An earlier task may have had the turn.
            self._services.copy_turns.keep(self._name, self._places)
        if self.state.phase == _PREPARED:
            await self._check_prerequisites()
            self.state.phase = _RUN
        result = await self._start_checked()
        while result.get("unchecked"):
            # It could not be started when they were checked, or something else was at it since.
            left = self._watch.remaining()
            handed = await self._check_prerequisites()
            if handed is not None:
                return handed
            self.state.begun = {"left": left}
            result = await self._start_checked()
        self._end_turn()
        if result["held"]:
            # By now it takes the machine down.
            self.state.learn_data_sync(result)
            self.state.phase = _DECIDE
        else:
            self.state.record(PLANNED_FAILOVER, result)
        return None

    async def _start_checked(self) -> dict[str, Any]:
        """Start the failback, or go on with it; what would be started on prerequisites that were not checked as it is
        now is not."""
        checks = PREREQUISITES in self.plan.steps and not self.plan.check_mode
        checked = {"checked": self.state.checked if checks else None}
        options = {**self._options_of(PLANNED_FAILOVER), **checked}
        return await self._ask(PLANNED_FAILOVER, options, check_mode=self.plan.check_mode)

    def _options_of(self, step: str) -> dict[str, Any]:
        assumed = self.plan.assumed_stage(self.state)
        ahead = {"cut_over": False} if step == PLANNED_FAILOVER and not self._may_cut_over else {}
        return {**self._request.of_step(step, self.state.validation), "assume_stage": assumed or None, **ahead}

    async def _check_prerequisites(self) -> _Handover | None:
        state, values = self.state, self._request.values
        file, prepared = values["preparation_tasks"], values["preparation_findings"] or ()
        if state.phase == _RUN:
            # Once is enough if the check runs twice.
            found = await self._find_obstacles(refreshes=values["refresh_provider"] and not state.refreshed)
            if file and found.may_prepare(prepared):
                state.phase = _PREPARED
                state.part = file
                return _Handover(_PREPARATION, file)
        elif self._obstacles().findings and not self.plan.check_mode:
            await self._find_obstacles(refreshes=False)
        self._stop_at(self._obstacles(), prepared)
        return None

    async def _find_obstacles(self, *, refreshes: bool) -> Obstacles:
        options = {**self._request.of_step(PREREQUISITES, {}), "refresh_provider": refreshes}
        result = await self._ask(PREREQUISITES, options, check_mode=self.plan.check_mode)
        self.state.prerequisites, self.state.findings = result, result["findings"]
        self.state.refreshed = self.state.refreshed or result["changed"]
        return self._obstacles()

    def _obstacles(self) -> Obstacles:
        reason = str(self.state.last.get("reason", ""))
        return obstacles_of(self.state.prerequisites, reason, only_checks=self.plan.only_checks)

    def _stop_at(self, found: Obstacles, prepared: Collection[str]) -> None:
        """Stop at what is in the way. Check mode predicts what would be created, but does not find it."""
        predicts = self.plan.check_mode and found.may_prepare(prepared)
        in_the_way = found.besides(prepared) if predicts else found.findings
        told = found.told(in_the_way, of_plan=bool(self._request.recovery_plan))
        if told:
            raise _StoppedError(told, self.state.last.get("warnings", ()))

    async def _validate(self) -> _Handover | None:
        state, tasks = self.state, self._request.values["validation_tasks"]
        if state.phase == _RUN and tasks:
            state.phase = _VALIDATED
            return _Handover(_VALIDATION, tasks)
        is_proved = bool(tasks) and has_proof(self._request.values["proof"])
        attested = [f"{tasks.rpartition('/')[2]} passed"] if is_proved else []
        result = await self._ask(VALIDATE, self._request.of_validation(attested), check_mode=False)
        state.validation = result["validation"]
        return None

    async def _fail(self, problem: FailbackError) -> None:
        """Take note of a failure, and look where the target is now: that only adds to what is known, so it may fail."""
        self.problem, state = problem, self.state
        self._watch.failure = problem.happened
        state.failed = {"failed": True, **_as_task(problem)}
        if not state.where:
            return
        try:
            view = await self._read()
            problem.authority = problem.authority or authority_of(view, view)
        except FailbackError:
            state.fresh = False


class _StoppedError(Refused):
    """The prerequisites are not met. C(found) is what is in the way, C(warnings) what must not be done meanwhile."""

    def __init__(self, found: Sequence[Obstacle], warnings: Sequence[str]) -> None:
        causes = [one.of_vm(one.cause) for one in found]
        super().__init__(" ".join([NOT_NOW, *causes]), " ".join(one.of_vm(one.remedy) for one in found))
        self.found, self.warnings = found, warnings


class _FileFailedError(FailbackError):
    """A task of the user's failed. C(result) is what Ansible has of it."""

    kind = "task_failed"

    def __init__(self, result: Mapping[str, Any], *, file: str) -> None:
        super().__init__(str(result.get("msg", "")), file=file)
        self.result = dict(result)


def _as_task(problem: FailbackError) -> dict[str, Any]:
    """Return a failure as the account of the run has it: of a task of the user's, what Ansible has of it; of what is
    in the way, each with what to do about it."""
    if isinstance(problem, _FileFailedError):
        return problem.result
    if isinstance(problem, _StoppedError):
        return {"msg": said_once(in_one(problem.found), *problem.warnings)}
    return problem.as_result()


def _whole(contract: Contract, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of a verb, defaults filled in. They are those of this module, so they were checked before."""
    defaults = {name: spec.get("default") for name, spec in contract.argument_spec.items()}
    return {**defaults, **{name: value for name, value in options.items() if value is not None}}


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> FailbackRequest:
    """Return what a task's options ask for."""
    if parameters["hosts"] is not None:
        raise read_on_controller("hosts")
    return FailbackRequest(
        replicated_item=parameters["replicated_item"] or "",
        recovery_plan=parameters["recovery_plan"] or "",
        check_mode=check_mode,
        poll_interval=parameters["poll_interval"],
        wait_timeout=parameters["wait_timeout"],
        values={**parameters, "state": state_of(parameters["state"])},
    )


_TEXT, _FLAG = {"type": "str"}, {"type": "bool", "default": False}
_HOOKS = {f"{when}_{what}": _TEXT for what in (*STEPS, "cut_over") for when in ("before", "after")}

CONTRACT = Contract(
    "failback",
    {
        "steps": {"type": "list", "elements": "str", "choices": list(STEPS), "default": list(STEPS)},
        "only_prerequisites": _FLAG,
        "data_sync": DATA_SYNC_OPTION,
        **PLACE_OPTIONS,
        "refresh_provider": _FLAG,
        "until": {"type": "str", "default": END, "choices": list(UNTIL)},
        "wave_tasks": _FLAG,
        "at_once": {"type": "dict", "options": {cap: {"type": "int"} for cap in CAPS}},
        "place": {"type": "dict", "options": dict.fromkeys(CAPS.values(), _TEXT)},
        "fail_on_error": {"type": "bool", "default": True},
        "comments": _TEXT,
        **WINDOW_OPTIONS,
        "commit_policy": commit.CONTRACT.options["policy"],
        "commit_not_before": _TEXT,
        "discard_azure_changes": _FLAG,
        "discard_disks": DISCARD_DISKS_OPTION,
        "accept_unseen": {"type": "raw"},
        "confirmed": {"type": "list", "elements": "str"},
        "confirmed_by": _TEXT,
        **{
            name: failback_validate.CONTRACT.options[name]
            for name in ("heartbeat", "addresses", "expected_addresses", "probes")
        },
        "validation_timeout": failback_validate.CONTRACT.options["timeout"],
        # What the role needs to run tasks of the user's between the steps.
        "hooks": {"type": "dict", "options": _HOOKS},
        "validation_tasks": _TEXT,
        "unusable_files": {"type": "dict"},
        "proof": {"type": "raw"},
        "preparation_tasks": _TEXT,
        "preparation_findings": {"type": "list", "elements": "str"},
        "failed_task": {"type": "dict"},
        "state": {"type": "raw"},
        "wrong_variables": _TEXT,
        "unknown_variables": {"type": "list", "elements": "str"},
        "report": {"type": "path"},
        "hosts": {"type": "list", "elements": "str"},
        "continues": _TEXT,
        "places": {"type": "dict"},
        "confirmations": {"type": "dict"},
    },
    run,
    request_of,
    takes_many=True,
    of_all=("at_once", "report", "hosts", "continues", "places", "confirmations"),
    other_targets=("hosts",),
    asks_hosts=True,
)

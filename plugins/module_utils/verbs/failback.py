# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole failback of a target: the steps of the portal, one after the other, up to where tasks of the user's run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..azure.site_recovery import DEFAULT_RETRY_AFTER
from ..model.failback_steps import (
    COMMIT,
    COMPLETE_FAILOVER,
    PLANNED_FAILOVER,
    PREREQUISITES,
    REVERSE_REPLICATE,
    STEPS,
    VALIDATE,
    Obstacles,
    Plan,
    State,
    obstacles_of,
)
from ..model.failures import ConfigurationError, FailbackError, asked
from ..model.look_age import Age
from ..model.proof import has_proof
from ..model.spelling import unknown_variables
from ..option_checks import check_values
from ..runner.authority import side_of
from ..runner.contract import Contract
from ..runner.options import DATA_SYNC_OPTION, DISCARD_DISKS_OPTION, PLACE_OPTIONS, WINDOW_OPTIONS
from ..runner.request import Request
from ..runner.services import Services
from ..runner.target import find_target
from ..waiting import BRIEF, read_patiently
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
# What a file of the user's is for: before or after a step, to prepare what is missing, or to validate.
_HOOK, _PREPARATION, _VALIDATION = "hook", "preparation", "validation"
# The phases of a step.
_DECIDE, _BEFORE, _RUN, _PREPARED, _VALIDATED, _AFTER = "", "before", "run", "prepared", "validated", "after"


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
            steps=frozenset(values["steps"]),
            check_mode=self.check_mode,
            commit_policy=values["commit_policy"],
            has_window=bool(values["window"]),
            discards=values["discard_azure_changes"],
            hooks={name: file for name, file in (values["hooks"] or {}).items() if file},
            evidence=bool(values["validation_tasks"] or values["probes"]),
            guest=bool(values["heartbeat"] or values["addresses"] or values["expected_addresses"]),
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

    def refuse_unknown(self) -> None:
        """Refuse names that the role does not know: one that is mistyped would do nothing."""
        unknown = unknown_variables(self.values["variables"] or (), self.values["known_variables"] or ())
        if unknown:
            raise ConfigurationError(
                f"Unknown variables: {', '.join(unknown)}.",
                "Nothing was read or written. Correct their names; names that begin with failback_ are those of the "
                "role.",
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
        loose = [disk for disk in self.values["discard_disks"] if "/" not in disk]
        if loose:
            raise ConfigurationError(
                f"failback_discard_disks names {', '.join(loose)} without a VM.",
                "Nothing was written. Write VM/DISK, or the resource id of the disk.",
            )


async def run(request: FailbackRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Take the target as far as it can go and return the result of the module."""
    failback = _Failback(request, services, watch)
    handed = await failback.go_on()
    state, result = failback.state, failback.plan.summary(failback.state)
    changed = any(step.get("changed") for step in state.steps)
    if failback.problem is not None and request.values["fail_on_error"]:
        failback.problem.returns["result"] = result
        failback.problem.wrote = failback.problem.wrote or changed
        raise failback.problem
    return {
        "changed": changed,
        "result": result,
        "handover": {"kind": handed.kind, "file": handed.file} if handed else None,
        "state": None if state.ended else state.as_result(),
    }


@dataclass(frozen=True)
class _Handover:
    """A file of tasks that has to run for a target before it goes on, and what it is for."""

    kind: str
    file: str


class _Failback:
    """The failback of one target. C(state) is where it stands, C(problem) what has ended it early."""

    def __init__(self, request: FailbackRequest, services: Services, watch: Watch) -> None:
        before = request.values["state"]
        self.state = State(**before) if before else State(target=request.recovery_plan or request.replicated_item)
        self.plan = request.plan()
        self.problem: FailbackError | None = None
        self._request = request
        self._services = services
        self._watch = watch

    async def go_on(self) -> _Handover | None:
        """Take the target as far as it can go; return what has to run before it goes on, None where it has ended."""
        try:
            if self._request.values["failed_task"]:
                raise _FileFailedError(self._request.values["failed_task"])
            if not self.state.where:
                await self._begin()
            while self.state.step < len(STEPS):
                handed = await self._go_on_in(STEPS[self.state.step])
                if handed is not None:
                    return handed
        except FailbackError as problem:
            await self._fail(problem)
        self.state.ended = True
        return None

    async def _begin(self) -> None:
        self._request.refuse_unknown()
        await self._read()
        self._request.refuse_wrong()
        await self._check_options()

    async def _read(self) -> None:
        """Read where the target is."""
        request, service = self._request, self._services.azure
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
        }

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
        self._watch.restart(request.wait_timeout if contract.waits else parameters["timeout"])
        return await contract.steps(parameters, self._services, self._watch, check_mode=check_mode)

    async def _go_on_in(self, step: str) -> _Handover | None:
        """Go on in a step; return what has to run before that can end."""
        state, plan = self.state, self.plan
        if state.phase == _DECIDE:
            if not plan.runs(step, state) or await self._has_to_wait(step):
                state.leave_step()
                return None
            state.phase = _BEFORE
        if state.phase == _BEFORE:
            state.phase = _RUN
            if hook := plan.hooks.get(f"before_{step}"):
                return self._hand_over(_HOOK, hook)
        if state.phase != _AFTER:
            state.part = step
            handed = await self._do(step)
            if handed is not None:
                return handed
            state.phase = _AFTER
            # The window may have closed while the hook before the step ran.
            if not state.waits and (hook := plan.hooks.get(f"after_{step}")):
                return self._hand_over(_HOOK, hook)
        state.leave_step()
        return None

    def _hand_over(self, kind: str, file: str) -> _Handover:
        self.state.part = file
        return _Handover(kind, file)

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
        self.state.record(step, await self._ask(step, self._options_of(step), check_mode=self.plan.check_mode))
        return None

    def _options_of(self, step: str) -> dict[str, Any]:
        assumed = self.plan.assumed_stage(self.state)
        return {**self._request.of_step(step, self.state.validation), "assume_stage": assumed or None}

    async def _check_prerequisites(self) -> _Handover | None:
        state, values = self.state, self._request.values
        file, prepared = values["preparation_tasks"], values["preparation_findings"] or ()
        if state.phase == _RUN:
            # Once is enough if the check runs twice.
            found = await self._find_obstacles(refreshes=values["refresh_provider"])
            if file and found.may_prepare(prepared):
                state.phase = _PREPARED
                return self._hand_over(_PREPARATION, file)
        elif self._obstacles().findings and not self.plan.check_mode:
            await self._find_obstacles(refreshes=False)
        self._stop_at(self._obstacles(), prepared)
        return None

    async def _find_obstacles(self, *, refreshes: bool) -> Obstacles:
        options = {**self._request.of_step(PREREQUISITES, {}), "refresh_provider": refreshes}
        result = await self._ask(PREREQUISITES, options, check_mode=self.plan.check_mode)
        self.state.prerequisites, self.state.findings = result, result["findings"]
        return self._obstacles()

    def _obstacles(self) -> Obstacles:
        reason = str(self.state.last.get("reason", ""))
        return obstacles_of(self.state.prerequisites, reason, only_checks=self.plan.only_checks)

    def _stop_at(self, found: Obstacles, prepared: Collection[str]) -> None:
        """Stop at what is in the way. Check mode predicts what would be created, but does not find it."""
        predicts = self.plan.check_mode and found.may_prepare(prepared)
        in_the_way = found.besides(prepared) if predicts else found.findings
        told = found.sentence(in_the_way, of_plan=bool(self._request.recovery_plan))
        if told:
            raise _StoppedError(told)

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
        state.failed = {"failed": True, **problem.as_result()}
        if not state.where:
            return
        try:
            await self._read()
        except FailbackError:
            state.fresh = False


class _StoppedError(FailbackError):
    """The prerequisites are not met."""

    def as_result(self) -> dict[str, Any]:
        """Return what is in the way."""
        return {"msg": self.happened}


class _FileFailedError(FailbackError):
    """A task of the user's failed. C(result) is what Ansible has of it."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        super().__init__(str(result.get("msg", "")))
        self._result = dict(result)

    def as_result(self) -> dict[str, Any]:
        """Return what Ansible has of it."""
        return self._result


def _whole(contract: Contract, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of a verb, defaults filled in. They are those of this module, so they were checked before."""
    defaults = {name: spec.get("default") for name, spec in contract.argument_spec.items()}
    return {**defaults, **{name: value for name, value in options.items() if value is not None}}


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> FailbackRequest:
    """Return what a task's options ask for."""
    return FailbackRequest(
        replicated_item=parameters["replicated_item"] or "",
        recovery_plan=parameters["recovery_plan"] or "",
        check_mode=check_mode,
        poll_interval=parameters["poll_interval"],
        wait_timeout=parameters["wait_timeout"],
        values=parameters,
    )


_TEXT, _FLAG = {"type": "str"}, {"type": "bool", "default": False}
_HOOKS = {f"{when}_{step}": _TEXT for step in STEPS for when in ("before", "after")}

CONTRACT = Contract(
    "failback",
    {
        "steps": {"type": "list", "elements": "str", "choices": list(STEPS), "default": list(STEPS)},
        "data_sync": DATA_SYNC_OPTION,
        **PLACE_OPTIONS,
        "refresh_provider": _FLAG,
        "fail_on_error": {"type": "bool", "default": True},
        "comments": _TEXT,
        **WINDOW_OPTIONS,
        "commit_policy": commit.CONTRACT.options["policy"],
        "commit_not_before": _TEXT,
        "discard_azure_changes": _FLAG,
        "discard_disks": DISCARD_DISKS_OPTION,
        "accept_unseen": {"type": "raw"},
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
        "state": {"type": "dict"},
        "variables": {"type": "list", "elements": "str"},
        "known_variables": {"type": "list", "elements": "str"},
    },
    run,
    request_of,
    takes_many=True,
    asks_hosts=True,
)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a whole failback: which of them a target needs next, and what stands in the way.

The virtual machines of a recovery plan may be in different stages: a step runs if one of them needs it and none is
further behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .data_sync import AUTO, DURING_FAILOVER
from .failures import ConfigurationError
from .findings import cause_of
from .items import identity_and_disks
from .jobs import Job, Operation
from .lifecycle import Stage, stage_of_failback
from .name_lists import some_of
from .split_brain import ABSENT, NOT_CHECKED
from .summary import RoleRun, summary_of

_Result = Mapping[str, Any]

PREREQUISITES = "prerequisites"
PLANNED_FAILOVER = "planned_failover"
COMPLETE_FAILOVER = "complete_failover"
VALIDATE = "validate"
COMMIT = "commit"
REVERSE_REPLICATE = "reverse_replicate"
STEPS = (PREREQUISITES, PLANNED_FAILOVER, COMPLETE_FAILOVER, VALIDATE, COMMIT, REVERSE_REPLICATE)
# How far a run goes: the prerequisites, what can be done while the VM runs in Azure, or all of it.
END = "end"
_LAST_STEPS = {PREREQUISITES: PREREQUISITES, "synchronized": PLANNED_FAILOVER, END: REVERSE_REPLICATE}
UNTIL = tuple(_LAST_STEPS)
# The phase in which a step waits for the tasks before its wave: nothing of it has begun.
AT_GATE = "gate"
# What takes a target further: without any of them a run only checks.
_MOVES = frozenset({PLANNED_FAILOVER, COMPLETE_FAILOVER, COMMIT, REVERSE_REPLICATE})

# The stages of a failback in order. In busy, the job may be the failback of an earlier run.
_ORDER = (
    "failover_commit_pending",
    "interrupted",
    "failed_over",
    "busy",
    "synchronizing",
    "waiting_for_completion",
    "completing",
    "failback_commit_pending",
    "failed_back",
    "reverse_replicating",
    "protected",
)
# The failback has not been started yet, so its prerequisites must be met.
_BEFORE_START = frozenset(_ORDER[:3])
# A failback is running and has to be completed.
_BEFORE_COMPLETION = frozenset(_ORDER[3:7])
_MAY_COPY = frozenset(_ORDER[3:5])
AWAITS_COMMIT = "failback_commit_pending"
# After the commit. In the first two, replication to Azure has not started yet or is running.
COMMITTED = frozenset(_ORDER[8:])
# After the cut-over.
BACK = COMMITTED | {AWAITS_COMMIT}
_BEFORE_PROTECTION = frozenset(_ORDER[8:10])

# The keys of a step's result that are kept in its record.
_RECORDED = frozenset(
    {
        "authoritative_side",
        "azure_resources",
        "changed",
        "confirmed_by",
        "data_sync",
        "discarded",
        "split_brain_check",
        "held",
        "job",
        "locks",
        "members",
        "not_before",
        "reason",
        "replication",
        "reversible",
        "stage",
        "unseen",
        "waiting_for_window",
        "window",
        "would_be_deleted",
    }
)


# Hosts of which nothing is to be told, up to which each has a line of its own.
_MANY_HOSTS = 5
# What is kept of the result of the prerequisites when they are done.
_KEPT = frozenset({"data_sync", "host", "members", "replicated_item", "stage", "would_be_deleted"})
# What is empty in the result of a run that goes on in another task: it is in its state.
_LATER: _Result = {"steps": [], "findings": [], "validation": {}}


def short(result: _Result) -> dict[str, Any]:
    """Return a result without what another task will return."""
    return {**result, **_LATER}


def stage_while(job: Job | None, seen: str) -> str:
    """Return the stage of a target while a job of its failback goes on; C(seen) where that tells none."""
    if job is None or not (job.is_running and job.tasks):
        return seen
    if job.operation is Operation.REVERSE_REPLICATE:
        stage = Stage.BUSY if job.may_be_resumed or job.state == "Cancelling" else Stage.REVERSE_REPLICATING
    elif job.operation in (Operation.FAILBACK, Operation.PLANNED_FAILOVER):
        stage = stage_of_failback(job)
    else:
        return seen
    return seen if stage is Stage.BUSY else stage.value


def _no_state(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The option state is {why}.",
        "Nothing was read or written by this task. Give it as it was returned, or leave it out: the run then looks "
        "where the VM is, and goes on from there.",
    )


def _not_returned(why: str) -> ConfigurationError:
    return _no_state(f"not what a task has returned: {why}")


def _is_place(entry: object) -> bool:
    """Whether an entry is a name and a stage."""
    return isinstance(entry, list) and len(entry) == 2 and all(isinstance(one, str) for one in entry)


@dataclass
class State:
    """What is known of the failback of one target so far, in JSON values: a run may hand it over and take it up again.

    C(where) has a name and a stage for each virtual machine, C(last) is the result of the last step. C(step) counts the
    steps, C(phase) says what comes next in it. C(part) is the step or the user's file that runs, C(prerequisites) what
    the check has returned, C(failed) the result of what failed, C(fresh) whether the target was seen after that.
    C(copies): it has a turn to copy. C(cuts_over), C(commits): that is to be done in this run.
    C(begun) is what a step that was stopped has begun: the names of its C(jobs) by item id, the C(stages) before it,
    how its data is synchronized (C(data_sync)), and the seconds that it may still take (C(left)). C(refreshed): its
    provider was asked to report, which is a change as a step's is. C(is_down): its failover, which somebody else has
    started, copies its data with the machine off, so that nothing is left to be done ahead.
    """

    target: str
    id: str = ""
    where: list[list[str]] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    phase: str = ""
    part: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    prerequisites: dict[str, Any] = field(default_factory=dict)
    validation: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, Any] = field(default_factory=dict)
    fresh: bool = True
    ended: bool = False
    copies: bool = False
    cuts_over: bool = True
    commits: bool = False
    begun: dict[str, Any] = field(default_factory=dict)
    refreshed: bool = False
    is_down: bool = False

    @classmethod
    def parse(cls, given: object, target: str) -> State:
        """Return the state that an earlier task has returned for a target. Raises ConfigurationError where it is none,
        or that of another target."""
        if not isinstance(given, Mapping):
            raise _not_returned("it is no dictionary")
        kinds = {name: type(value) for name, value in asdict(cls(target="")).items()}
        wrong = sorted(
            str(name)
            for name, value in given.items()
            if name not in kinds
            or not isinstance(value, kinds[name])
            or isinstance(value, bool) != (kinds[name] is bool)
        )
        if wrong or "target" not in given:
            raise _not_returned(f"wrong: {some_of(wrong)}" if wrong else "it has no target")
        state = cls(**given)
        if not (0 <= state.step <= len(STEPS) and all(map(_is_place, state.where))):
            raise _not_returned("wrong: step or where")
        if not all(isinstance(one, Mapping) for one in (*state.steps, *state.findings)):
            raise _not_returned("wrong: steps or findings")
        if state.target != target:
            raise _no_state(f"of {state.target}, not of {target}")
        return state

    def as_result(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @property
    def stages(self) -> frozenset[str]:
        """The stages of the virtual machines."""
        return frozenset(stage for _name, stage in self.where)

    @property
    def stage(self) -> str:
        """Their stage, where they agree."""
        return next(iter(self.stages), "unknown") if len(self.stages) < 2 else "mixed"

    @property
    def awaits_commit(self) -> bool:
        """Whether the next step is a commit."""
        return AWAITS_COMMIT in self.stages and self.stages <= BACK

    @property
    def waits_for_window(self) -> bool:
        """Whether the last step did nothing since its window was not open."""
        return bool(self.last.get("waiting_for_window"))

    @property
    def waits(self) -> bool:
        """Whether the last step did nothing since it is to wait."""
        return self.waits_for_window or bool(self.last.get("held"))

    @property
    def is_committed(self) -> bool:
        """Whether all machines are past their commit."""
        return self.stages <= COMMITTED

    @property
    def back(self) -> int:
        """How many machines are cut over."""
        return sum(stage in BACK for _name, stage in self.where)

    @property
    def may_copy(self) -> bool:
        """Whether data may be on its way."""
        return bool(self.stages & _MAY_COPY)

    @property
    def copies_next(self) -> bool:
        """Whether the next step copies data."""
        return bool(self.stages & _BEFORE_START)

    @property
    def changed(self) -> bool:
        """Whether a request was accepted, in this task or in one before it: also of a step that has not ended."""
        return self.refreshed or bool(self.begun.get("jobs")) or any(step.get("changed") for step in self.steps)

    @property
    def checked(self) -> tuple[str, ...]:
        """The ids of the items whose prerequisites were checked when their failback could be started."""
        known = self.prerequisites
        if known.get("unchecked"):
            return ()
        members = known.get("members") or [{"id": self.id, "stage": known.get("stage") or {}}]
        return tuple(one["id"] for one in members if one["stage"].get("before") in _BEFORE_START)

    def uncheck(self) -> None:
        """Forget that the prerequisites were checked: something else was at the target since."""
        self.prerequisites = {**self.prerequisites, "unchecked": True}

    @property
    def cuts_over_next(self) -> bool:
        """Whether it is known that the failover, which is not started yet, takes the machine down at once."""
        sync = self.prerequisites.get("data_sync") or {}
        return self.copies_next and sync.get("option") == DURING_FAILOVER

    def learn_data_sync(self, result: _Result) -> None:
        """Take note of how the data is synchronized, by what the failover has returned that was not to take the machine
        down."""
        sync = result["data_sync"]
        if result["held"]:
            # It may have been busy before. Where this was asked for by name, it was held before anything was chosen.
            self._see(result)
            sync = sync or {"option": DURING_FAILOVER}
        self.prerequisites = {**self.prerequisites, "data_sync": sync}

    def leave_step(self) -> None:
        """Go on to the next step."""
        if STEPS[self.step] in (PREREQUISITES, PLANNED_FAILOVER):
            # Of a thousand machines, what is handed on is what counts: the findings are kept besides.
            kept = {key: value for key, value in self.prerequisites.items() if key in _KEPT}
            item = kept.get("replicated_item")
            self.prerequisites = {**kept, "replicated_item": identity_and_disks(item)} if item else kept
        self.step, self.phase = self.step + 1, ""

    def forget_item(self) -> None:
        """Leave out what only a plan of waves needs, unless the prerequisites are still being checked."""
        if self.step > STEPS.index(PREREQUISITES):
            self.prerequisites = {key: value for key, value in self.prerequisites.items() if key != "replicated_item"}

    def record(self, step: str, result: _Result) -> None:
        """Take note of what a step has done."""
        kept = {key: value for key, value in result.items() if key in _RECORDED}
        if kept.get("split_brain_check"):
            kept["split_brain_check"] = _with_few_copies(kept["split_brain_check"])
        self.steps.append({**kept, "step": step})
        self.last = {**kept, "warnings": result.get("warnings") or []}
        self._see(result)

    def _see(self, result: _Result) -> None:
        """Take note of where the machines are, by what a step has returned."""
        members = result.get("members") or []
        name = self.where[0][0] if self.where else self.target
        self.where = [[one["friendly_name"], one["stage"]["after"]] for one in members] or [
            [name, result["stage"]["after"]]
        ]


def _with_few_copies(check: _Result) -> dict[str, Any]:
    """Return a proof without a line for each of the many hosts of a site that have nothing, or tell nothing."""
    sides = {side: [_few_copies(vm) for vm in check.get(side) or ()] for side in ("before", "after")}
    return {**check, **sides}


def _few_copies(vm: _Result) -> dict[str, Any]:
    copies = vm["on_premises"]
    telling = [copy for copy in copies if copy["state"] not in (ABSENT, NOT_CHECKED)]
    silent = {state: [copy for copy in copies if copy["state"] == state] for state in (ABSENT, NOT_CHECKED)}
    told = [one for some in silent.values() for one in (some if len(some) <= _MANY_HOSTS else [_summed_up(some)])]
    return {**vm, "on_premises": [*telling, *told]}


def _summed_up(copies: Sequence[_Result]) -> dict[str, Any]:
    """Return one entry for many hosts of which the same is known."""
    first = copies[0]
    reason = first.get("reason") or ""
    more = f"; likewise {len(copies) - 1} more hosts" if reason else ""
    return {**first, "host": some_of([copy["host"] for copy in copies]), "reason": f"{reason}{more}"}


def _has_foreseen(step: _Result) -> bool:
    """Whether a step of a check would have changed something, or waited for a job that goes on."""
    stage = step.get("stage") or {}
    return bool(step.get("changed")) or stage.get("before") != stage.get("after")


@dataclass(frozen=True)
class Plan:
    """What the user wants of a run for one target, as far as it decides on the steps.

    C(steps) are those that are switched on, C(until) is how far they go, C(data_sync) how the data is to be copied.
    C(evidence) says that there are tasks, probes
    or addresses of the user's to validate with, C(guest) that the guest may be asked.
    """

    steps: frozenset[str]
    check_mode: bool
    commit_policy: str
    has_window: bool
    discards: bool
    hooks: Mapping[str, str]
    evidence: bool
    guest: bool
    until: str = END
    data_sync: str = AUTO

    def goes_on(self, state: State) -> bool:
        """Whether the next step is one of those that this run goes to."""
        return state.step <= STEPS.index(_LAST_STEPS[self.until])

    @property
    def only_ahead(self) -> bool:
        """Whether nothing may take the machine down."""
        return self.until != END

    @property
    def only_copies(self) -> bool:
        """Whether the machine may only be copied: a run without the cut-over takes none down that nobody asked to."""
        return self.data_sync == AUTO and PLANNED_FAILOVER in self.steps and COMPLETE_FAILOVER not in self.steps

    def leaves_for_later(self, state: State) -> bool:
        """Whether the failover is known to take the machine down, or to have done so, and is left to a later run."""
        return self.only_ahead and PLANNED_FAILOVER in self.steps and (state.cuts_over_next or state.is_down)

    @property
    def only_checks(self) -> bool:
        """Whether nothing is taken further, so that all checks run and none is waited for."""
        return not self.steps & _MOVES

    def may_wait(self, step: str) -> bool:
        """Whether a step may have to wait for a window or a time: it is asked before its hooks run."""
        if step == COMMIT:
            return self.commit_policy in ("hold", "not_before")
        if self.only_ahead:
            # Nothing that is done ahead has to be done in a window.
            return False
        if step == PLANNED_FAILOVER:
            return self.has_window or self.only_copies
        return self.has_window and step == COMPLETE_FAILOVER

    def runs(self, step: str, state: State) -> bool:
        """Whether a step is one of those that a target needs now."""
        if step not in self.steps or (state.waits and step != PREREQUISITES):
            return False
        if step == COMPLETE_FAILOVER:
            return bool(state.stages & _BEFORE_COMPLETION)
        if step == VALIDATE:
            return state.awaits_commit and not self.check_mode
        if step == COMMIT:
            return state.awaits_commit and self._is_proven(state)
        if step == REVERSE_REPLICATE:
            return bool(state.stages & _BEFORE_PROTECTION) and state.stages <= COMMITTED
        return True

    def _is_proven(self, state: State) -> bool:
        """Whether a commit may be tried: it deletes the Azure VM, so it needs evidence from this run.

        Check mode assumes that the checks pass that can be made.
        """
        if state.validation.get("verdict") == "passed" or self.commit_policy in ("now", "hold"):
            return True
        return self.check_mode and VALIDATE in self.steps and (self.evidence or self._may_ask_guest(state))

    def _may_ask_guest(self, state: State) -> bool:
        asked = [one["status"] for one in state.findings if one["id"] == "host_reachable"]
        return self.guest and any(status not in ("fail", "not_checked") for status in asked)

    def assumed_stage(self, state: State) -> str:
        """Return the stage that the next step assumes in check mode: of a plan, that of the machine furthest behind.

        Where no step has foreseen anything yet, nothing is assumed, so that the step reads both sides as a run
        would. A commit that requires evidence cannot do that: a check makes none.
        """
        before = [one for one in state.steps if self.commit_policy != "now" or _has_foreseen(one)]
        if not (self.check_mode and before):
            return ""
        return next((stage for stage in _ORDER if stage in state.stages), "")

    def summary(self, state: State) -> dict[str, Any]:
        """Return how the run ended, or would end if it stopped now."""
        return summary_of(
            RoleRun(
                target=state.target,
                stage=state.stage,
                where=state.where,
                steps=state.steps,
                findings=state.findings,
                validation=state.validation,
                last=state.last,
                failed=state.failed,
                part=state.part,
                hooks=[file for file in self.hooks.values() if file],
                ended=state.ended or state.phase == AT_GATE or not self.goes_on(state) or self.leaves_for_later(state),
                fresh=state.fresh,
                ready=self.only_checks and bool(state.findings) and bool(state.stages & _BEFORE_START),
                awaits_commit=state.awaits_commit,
                check_mode=self.check_mode,
                commits=COMMIT in self.steps and not self.only_ahead,
                commit_policy=self.commit_policy,
                validates=VALIDATE in self.steps,
                discards=self.discards,
            )
        )


def as_begun(result: Mapping[str, Any], begun: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a step that an earlier run had begun, with what only that knew."""
    stages = begun.get("stages", {})
    if not stages:
        return dict(result)
    members = [{**one, "stage": {**one["stage"], "before": stages.get(one["id"])}} for one in result["members"]]
    before = set(stages.values())
    first = before.pop() if len(before) == 1 else "mixed"
    return {
        **result,
        "stage": {**result["stage"], "before": first},
        "members": members,
        "data_sync": result.get("data_sync") or begun.get("data_sync"),
    }


@dataclass(frozen=True)
class Obstacles:
    """What keeps a failback from being started: C(findings) of its prerequisites that failed, and machines that nothing
    explains (C(unexplained), with C(friendly_name) and C(reason)). C(is_start): one has to be started."""

    findings: Sequence[_Result]
    unexplained: Sequence[_Result]
    is_start: bool

    def besides(self, prepared: Iterable[str]) -> list[_Result]:
        """Return the findings that are none of those whose cause can be prepared."""
        ids = frozenset(prepared)
        return [one for one in self.findings if one["id"] not in ids]

    def may_prepare(self, prepared: Iterable[str]) -> bool:
        """Whether what is missing may be created: only where nothing else blocks the failback."""
        return self.is_start and not (self.besides(prepared) or self.unexplained)

    def told(self, in_the_way: Sequence[_Result], *, of_plan: bool) -> list[Obstacle]:
        """Say what is in the way, and what to do about it; nothing where nothing is."""
        found = [Obstacle(one["vm"] if of_plan else "", cause_of(one), one["remedy"]) for one in in_the_way]
        return found + [
            Obstacle(
                one["friendly_name"] if of_plan else "",
                f"Site Recovery allows no further step: {one['reason']}.",
                "Look at it in the portal.",
            )
            for one in self.unexplained
        ]


@dataclass(frozen=True)
class Obstacle:
    """One thing that is in the way, of which VM of a plan, and what to do about it."""

    vm: str | None
    cause: str
    remedy: str

    def of_vm(self, *parts: str) -> str:
        """Return parts of it with the name of the VM."""
        said = " ".join(filter(None, parts))
        return f"{self.vm}: {said}" if self.vm and said else said


NOT_NOW = "It cannot be failed back now."


def in_one(found: Iterable[Obstacle]) -> str:
    """Return what is in the way as one text, each with what to do about it."""
    return " ".join([NOT_NOW, *(one.of_vm(one.cause, one.remedy) for one in found)])


def obstacles_of(result: _Result, reason: str, *, only_checks: bool) -> Obstacles:
    """Return what stands in the way by the result of failback_prereq. C(reason) is why the target is in its stage.

    In a plan, machines that were started already go on, and each step handles those that need it.
    """
    failed = result["failed_findings"]
    seen = result["members"] or [
        {"friendly_name": result["findings"][-1]["vm"], "stage": result["stage"], "reason": reason}
    ]
    to_start = [one["friendly_name"] for one in seen if one["stage"]["before"] in _BEFORE_START]
    # Another operation's job is waited for if a later step waits.
    waited_for = [] if only_checks else [one["vm"] for one in failed if one["id"] == "no_operation"]
    stuck = [one for one in seen if one["stage"]["before"] == "busy" and one["friendly_name"] not in waited_for]
    names = [one["friendly_name"] for one in stuck]
    of_start = [one for one in failed if one["id"] != "plan_direction" and one["vm"] in (*to_start, None)]
    of_stuck = [one for one in failed if one["id"] in ("no_operation", "no_test_failover") and one["vm"] in names]
    explained = [one["vm"] for one in of_stuck]
    return Obstacles(
        [*(of_start if to_start else ()), *of_stuck],
        [one for one in stuck if one["friendly_name"] not in explained],
        bool(to_start),
    )

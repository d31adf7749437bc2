# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which step follows: a verb is a request, a stage is a fact, and this table is the only place that knows the order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .jobs import Job, Operation
from .lifecycle import NEVER_START, Observation, Stage


class Verb(Enum):
    """What the user can ask for. Values are what a person would call it."""

    FAIL_OVER = "planned failover to Azure"
    FAIL_BACK = "planned failover to on-premises"
    COMPLETE = "complete failover"
    COMMIT_FAILOVER = "commit of the failover"
    COMMIT_FAILBACK = "commit of the failback"
    REVERSE_REPLICATE = "reverse replicate"
    UNDO_FAILBACK = "undo of the failback"


class Step(Enum):
    """What to do now."""

    START = "start"
    """Send the one write of the verb."""
    ATTACH = "attach"
    """The verb's own job runs: follow it."""
    WAIT = "wait"
    """Another job must end first: follow it, then decide again."""
    NOTHING = "nothing"
    """What is asked for is already so."""
    REFUSE = "refuse"
    """The order does not allow it."""


@dataclass(frozen=True)
class Decision:
    """A step and, for all but START, why."""

    step: Step
    reason: str = ""


_START, _ATTACH, _WAIT, _NOTHING = (Decision(step) for step in (Step.START, Step.ATTACH, Step.WAIT, Step.NOTHING))


def _refuse(reason: str) -> Decision:
    return Decision(Step.REFUSE, reason)


_COMMIT_FIRST = _refuse("The failover to Azure is not committed. Commit it first (commit, direction: failover).")
_NOT_SYNCHRONIZED = _refuse("No failback has been started. Run planned_failover first.")
_INTERRUPTED = _refuse(NEVER_START)
_FAILBACK_RUNS = _refuse("A failback is under way. Finish it: complete_failover, then commit.")
_NOT_FAILED_BACK = _refuse("No failback has completed, so there is nothing to commit. Run planned_failover first.")
# Instead of the way to a commit, where it cannot be determined which copy took the last writes.
_UNSETTLED = _refuse(
    "Do not commit before it is settled which copy took the last writes: a commit deletes the VM in Azure. After "
    "undo_failback its documentation says what can follow. Otherwise see in Azure's activity log who used that VM."
)
_COMMIT_FAILBACK_FIRST = _refuse("The failback is not committed. Run commit first.")
_FAILED_OVER = _refuse(
    "It is failed over to Azure. Fail it back and commit first: planned_failover, complete_failover, commit."
)
_REPLICATE_FIRST = _refuse("It is not replicated to Azure yet. Run reverse_replicate and wait until it is protected.")

_NOTHING_TO_UNDO = _refuse("It has not been cut over, so there is nothing to undo.")
_NOT_CUT_OVER = _refuse(
    f"{_NOTHING_TO_UNDO.reason} Do not cancel its failback: that leaves the on-premises disks inconsistent."
)
_NO_WAY_BACK = _refuse(
    "No failback of it awaits a commit, and a commit deletes the VM in Azure: there is nothing to go back to. To run "
    "it in Azure again, protect it (reverse_replicate) and fail it over."
)

_TABLE: dict[Verb, dict[Stage, Decision]] = {
    Verb.FAIL_BACK: {
        Stage.PROTECTED: _NOTHING,
        Stage.FAILOVER_COMMIT_PENDING: _COMMIT_FIRST,
        Stage.FAILED_OVER: _START,
        Stage.SYNCHRONIZING: _ATTACH,
        Stage.WAITING_FOR_COMPLETION: _ATTACH,
        Stage.COMPLETING: _ATTACH,
        Stage.FAILBACK_COMMIT_PENDING: _NOTHING,
        Stage.FAILED_BACK: _NOTHING,
        Stage.REVERSE_REPLICATING: _NOTHING,
        Stage.INTERRUPTED: _START,
        Stage.BUSY: _WAIT,
    },
    Verb.COMPLETE: {
        Stage.PROTECTED: _NOTHING,
        Stage.FAILOVER_COMMIT_PENDING: _COMMIT_FIRST,
        Stage.FAILED_OVER: _NOT_SYNCHRONIZED,
        Stage.SYNCHRONIZING: _WAIT,
        Stage.WAITING_FOR_COMPLETION: _START,
        Stage.COMPLETING: _ATTACH,
        Stage.FAILBACK_COMMIT_PENDING: _NOTHING,
        Stage.FAILED_BACK: _NOTHING,
        Stage.REVERSE_REPLICATING: _NOTHING,
        Stage.INTERRUPTED: _INTERRUPTED,
        Stage.BUSY: _WAIT,
    },
    Verb.COMMIT_FAILBACK: {
        Stage.PROTECTED: _NOTHING,
        Stage.FAILOVER_COMMIT_PENDING: _refuse(
            "Only its failover to Azure awaits a commit, and that keeps the Azure VM: use direction: failover."
        ),
        Stage.FAILED_OVER: _NOT_FAILED_BACK,
        Stage.SYNCHRONIZING: _FAILBACK_RUNS,
        Stage.WAITING_FOR_COMPLETION: _FAILBACK_RUNS,
        Stage.COMPLETING: _refuse(
            "It is still being cut over. Wait for complete_failover, validate the on-premises VM, then commit."
        ),
        Stage.FAILBACK_COMMIT_PENDING: _START,
        Stage.FAILED_BACK: _NOTHING,
        Stage.REVERSE_REPLICATING: _NOTHING,
        Stage.INTERRUPTED: _INTERRUPTED,
        Stage.BUSY: _WAIT,
    },
    Verb.COMMIT_FAILOVER: {
        Stage.PROTECTED: _refuse("It has not been failed over to Azure: there is no failover to commit."),
        Stage.FAILOVER_COMMIT_PENDING: _START,
        Stage.FAILED_OVER: _NOTHING,
        Stage.SYNCHRONIZING: _NOTHING,
        Stage.WAITING_FOR_COMPLETION: _NOTHING,
        Stage.COMPLETING: _NOTHING,
        Stage.FAILBACK_COMMIT_PENDING: _refuse(
            "It is the failback that awaits a commit, and that deletes the Azure VM: use direction: failback."
        ),
        Stage.FAILED_BACK: _NOTHING,
        Stage.REVERSE_REPLICATING: _NOTHING,
        Stage.INTERRUPTED: _NOTHING,
        Stage.BUSY: _WAIT,
    },
    Verb.REVERSE_REPLICATE: {
        Stage.PROTECTED: _NOTHING,
        Stage.FAILOVER_COMMIT_PENDING: _FAILED_OVER,
        Stage.FAILED_OVER: _FAILED_OVER,
        Stage.SYNCHRONIZING: _FAILBACK_RUNS,
        Stage.WAITING_FOR_COMPLETION: _FAILBACK_RUNS,
        Stage.COMPLETING: _FAILBACK_RUNS,
        Stage.FAILBACK_COMMIT_PENDING: _COMMIT_FAILBACK_FIRST,
        Stage.FAILED_BACK: _START,
        Stage.REVERSE_REPLICATING: _ATTACH,
        Stage.INTERRUPTED: _INTERRUPTED,
        Stage.BUSY: _WAIT,
    },
    Verb.UNDO_FAILBACK: {
        Stage.PROTECTED: _NO_WAY_BACK,
        Stage.FAILOVER_COMMIT_PENDING: _NOTHING_TO_UNDO,
        Stage.FAILED_OVER: _NOTHING_TO_UNDO,
        Stage.SYNCHRONIZING: _NOT_CUT_OVER,
        Stage.WAITING_FOR_COMPLETION: _NOT_CUT_OVER,
        Stage.COMPLETING: _refuse(
            "It is being cut over now. Wait until complete_failover has ended, then check whether it works before you "
            "undo it. Start neither VM meanwhile."
        ),
        Stage.FAILBACK_COMMIT_PENDING: _START,
        Stage.FAILED_BACK: _NO_WAY_BACK,
        Stage.REVERSE_REPLICATING: _NO_WAY_BACK,
        Stage.INTERRUPTED: _NOTHING_TO_UNDO,
        Stage.BUSY: _WAIT,
    },
    Verb.FAIL_OVER: {
        Stage.PROTECTED: _START,
        Stage.FAILOVER_COMMIT_PENDING: _NOTHING,
        Stage.FAILED_OVER: _NOTHING,
        Stage.SYNCHRONIZING: _FAILBACK_RUNS,
        Stage.WAITING_FOR_COMPLETION: _FAILBACK_RUNS,
        Stage.COMPLETING: _FAILBACK_RUNS,
        Stage.FAILBACK_COMMIT_PENDING: _COMMIT_FAILBACK_FIRST,
        Stage.FAILED_BACK: _REPLICATE_FIRST,
        Stage.REVERSE_REPLICATING: _WAIT,
        Stage.INTERRUPTED: _refuse(
            "Finish its failback first: planned_failover to on-premises, complete_failover, commit."
        ),
        Stage.BUSY: _WAIT,
    },
}

# None of the undo: it is no job of Site Recovery.
_OWN_OPERATIONS = {
    # Of an item that is in Azure, a planned failover without a direction has been read as a failback.
    Verb.FAIL_OVER: (Operation.FAILOVER, Operation.PLANNED_FAILOVER),
    Verb.FAIL_BACK: (Operation.FAILBACK,),
    Verb.COMPLETE: (Operation.FAILBACK,),
    Verb.COMMIT_FAILOVER: (Operation.COMMIT,),
    Verb.COMMIT_FAILBACK: (Operation.COMMIT,),
    Verb.REVERSE_REPLICATE: (Operation.REVERSE_REPLICATE,),
}

_REACHED: dict[Verb, frozenset[Stage]] = {
    verb: frozenset(stage for stage, decision in stages.items() if decision is _NOTHING)
    for verb, stages in _TABLE.items()
}

# What a START shows at once, before anything of it has been waited for. The undo is no step of Site Recovery: to
# that nothing happens.
_UNDER_WAY = {
    Verb.FAIL_OVER: Stage.BUSY,
    Verb.FAIL_BACK: Stage.SYNCHRONIZING,
    Verb.COMPLETE: Stage.COMPLETING,
    Verb.COMMIT_FAILOVER: Stage.BUSY,
    Verb.COMMIT_FAILBACK: Stage.BUSY,
    Verb.REVERSE_REPLICATE: Stage.REVERSE_REPLICATING,
}

_PREDICTED = {
    Verb.FAIL_OVER: Stage.FAILOVER_COMMIT_PENDING,
    Verb.COMPLETE: Stage.FAILBACK_COMMIT_PENDING,
    Verb.COMMIT_FAILOVER: Stage.FAILED_OVER,
    Verb.COMMIT_FAILBACK: Stage.FAILED_BACK,
    Verb.REVERSE_REPLICATE: Stage.PROTECTED,
}


def decide(verb: Verb, seen: Observation) -> Decision:
    """Return the step that verb takes from what was seen. Pure: the same stage always gives the same step."""
    if seen.stage is Stage.BUSY:
        return _decide_busy(verb, seen)
    made = _TABLE[verb][seen.stage]
    if made is _NOT_CUT_OVER:
        made = _refuse(f"{made.reason} {instead_of_cancel(seen.job)}")
    return _UNSETTLED if seen.doubt and made.step is Step.REFUSE else made


def instead_of_cancel(job: Job | None) -> str:
    """Say what to do with a failback that runs, by what its job tells: only one that copies first waits for anybody."""
    if job is None:
        return "Let it go on."
    if job.waits_for_completion:
        return "Let it wait, for days if need be, and run complete_failover when the time for the cut-over has come."
    if job.will_ask_user:
        return (
            "Let it go on: once the data is copied it waits, for days if need be, and nothing is cut over before "
            "complete_failover is run."
        )
    if job.is_full_download:
        return (
            "Let it end: for its full download the Azure VM is shut down, and at the end the on-premises VM is "
            "started. Start neither VM meanwhile."
        )
    return "Let it end: it starts the on-premises VM." if job.began_data_sync else "Let it go on."


def _decide_busy(verb: Verb, seen: Observation) -> Decision:
    job = seen.job
    if seen.awaits_unknown_commit:
        return _refuse(
            f"Which commit is pending cannot be determined ({seen.gap}), and that of a failback deletes the Azure VM. "
            "Find out which copy took the last writes, by both VMs and Azure's activity log. Then commit in the "
            "portal, or stop the VM that is out of date and keep the other."
        )
    runs = job is not None and job.is_running
    if not runs and (seen.item.has_open_test_failover or seen.item.needs_resynchronization):
        return _refuse("Only a person can end this, in the portal: clean up the test failover, or resynchronize.")
    if job is None or not job.is_running:
        return Decision(Step.WAIT, seen.reason)
    if job.may_be_resumed:
        return _refuse(
            f"Job {job.name} ({job.friendly_name}) waits for a manual action ({job.state_description}). Do it first."
        )
    if job.operation in _OWN_OPERATIONS.get(verb, ()) and job.state != "Cancelling":
        return Decision(Step.ATTACH, seen.reason)
    return Decision(Step.WAIT, seen.reason)


def has_reached(verb: Verb, stage: Stage) -> bool:
    """Say whether what is asked for is already so in this stage."""
    return stage in _REACHED[verb]


def start_of(verb: Verb) -> Stage:
    """Return the stage in which the verb starts its work, where nothing went wrong before."""
    return next(stage for stage, made in _TABLE[verb].items() if made is _START)


def predicted_stage(verb: Verb, *, waited: bool, synchronizes_first: bool = False) -> Stage:
    """Return the stage that a successful START leads to; used by check mode. C(waited): its end is waited for."""
    if not waited:
        return _UNDER_WAY[verb]
    if verb is Verb.FAIL_BACK:
        return Stage.WAITING_FOR_COMPLETION if synchronizes_first else Stage.FAILBACK_COMMIT_PENDING
    return _PREDICTED[verb]

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage of a replicated item: the one idea that everything turns on.

A stage is read from what the service allows first (C(allowedOperations)), from its state names second; state names
that are new are tolerated where the allowed operations tell enough; where they do not, the item is C(busy), and nothing
is written on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from .azure_use import AzureUse
from .failures import UnknownState, said_once
from .history import NOT_READ, History
from .items import ReplicatedItem
from .jobs import Job, Operation


class Side(Enum):
    """A copy of the virtual machine; where it cannot be determined which, either."""

    AZURE = "azure"
    ON_PREMISES = "on_premises"
    EITHER = "mixed"


class Stage(Enum):
    """Where a replicated item stands. The order of members is the order of a failback."""

    PROTECTED = "protected"
    FAILOVER_COMMIT_PENDING = "failover_commit_pending"
    FAILED_OVER = "failed_over"
    SYNCHRONIZING = "synchronizing"
    WAITING_FOR_COMPLETION = "waiting_for_completion"
    COMPLETING = "completing"
    FAILBACK_COMMIT_PENDING = "failback_commit_pending"
    FAILED_BACK = "failed_back"
    REVERSE_REPLICATING = "reverse_replicating"
    INTERRUPTED = "interrupted"
    BUSY = "busy"


ON_PREMISES_HOLDS_TRUTH = frozenset(
    {Stage.PROTECTED, Stage.FAILBACK_COMMIT_PENDING, Stage.FAILED_BACK, Stage.REVERSE_REPLICATING}
)
# Until the commit of the failback deletes it, the Azure VM is there to return to.
_REVERSIBLE = frozenset(
    {
        Stage.FAILOVER_COMMIT_PENDING,
        Stage.FAILED_OVER,
        Stage.SYNCHRONIZING,
        Stage.WAITING_FOR_COMPLETION,
        Stage.COMPLETING,
        Stage.FAILBACK_COMMIT_PENDING,
        Stage.INTERRUPTED,
    }
)
NEVER_START = "Never start the on-premises VM. Run planned_failover again: it copies the data anew."
_MAY_BE_OFF = (
    "That failback may have shut the Azure VM down: see whether it runs. Until planned_failover is run, it may be "
    "started in the portal if the on-premises VM is off."
)
# Jobs during which it does not matter how the failback before them ended.
_SETTLES = frozenset({Operation.FAILBACK, Operation.FAILOVER, Operation.COMMIT})
_LOCATIONS = ("Primary", "Recovery")
_FAILOVER_PENDING_STATES = ("PlannedFailoverCommitRequired", "UnplannedFailoverCommitPendingStatesBegin")
_FAILED_OVER_STATES = ("PlannedFailoverStatesBegin", "UnplannedFailoverStatesBegin", "UnplannedFailoverCommitted")
_FAILBACK_PENDING_STATE = "FinalizeRestorePending"
_FAILED_BACK_STATE = "RestoreFinalized"
# The service lists these while it takes the first copy to Azure again (recorded for enabling protection).
_REPLICATING_STATES = (
    "InitialReplicationInProgress",
    "InitialReplicationPending",
    "InitialReplicationRecoveryCompletionPending",
    "ResynchronizationInProgress",
)


@dataclass(frozen=True)
class Interruption:
    """That an item's last failback stopped while it wrote to the on-premises disks, or may have.

    C(reason) says what tells so. C(is_certain): the disks are inconsistent, else they may be. C(may_be_off): it may
    have shut the Azure VM down.
    """

    reason: str
    is_certain: bool
    may_be_off: bool = False

    @property
    def remedy(self) -> str:
        """What a person must not do, and what to do."""
        return f"{NEVER_START} {_MAY_BE_OFF}" if self.may_be_off else NEVER_START


@dataclass(frozen=True)
class Observation:
    """What was read of one item, and the stage that follows.

    C(job) is the job that owns the item, or the last failback where that decided the stage; C(reason) says in a
    sentence what the stage was concluded from. C(azure_use) is what became of the Azure VM since the cut-over, while
    the commit is pending. C(gap) is why it is not known which commit is pending. C(past) is that the last failback
    was interrupted, or may have been.
    """

    item: ReplicatedItem
    stage: Stage
    job: Job | None
    reason: str
    azure_use: AzureUse | None = None
    gap: str = ""
    past: Interruption | None = None

    @property
    def interruption(self) -> Interruption | None:
        """How the last failback was interrupted, or may have been; None where it was not."""
        if self.past is None and self.stage is Stage.INTERRUPTED:
            return Interruption(self.reason, is_certain=True)
        return self.past

    @property
    def doubt(self) -> str:
        """Why it cannot be determined which copy is authoritative, whatever Site Recovery says; empty where it can."""
        if self.awaits_unknown_commit:
            return f"which commit it awaits is not known: {self.gap}"
        return self.azure_use.doubt if self.azure_use else ""

    @property
    def awaits_unknown_commit(self) -> bool:
        """Whether a commit is pending, and nothing tells if it is that of the failover or that of a failback."""
        return self.stage is Stage.BUSY and bool(self.gap)

    @property
    def authoritative_side(self) -> Side:
        """The copy that is authoritative now."""
        if self.doubt:
            return Side.EITHER
        if self.stage is Stage.BUSY:
            return Side.AZURE if self.item.is_active_in_azure else Side.ON_PREMISES
        return Side.ON_PREMISES if self.stage in ON_PREMISES_HOLDS_TRUTH else Side.AZURE

    @property
    def reversible(self) -> bool:
        """Whether the virtual machine in Azure is still there to return to."""
        if self.stage is Stage.BUSY:
            return self.item.is_active_in_azure
        return self.stage in _REVERSIBLE

    @property
    def explanation(self) -> str:
        """The reason, and what a person must not do and has to do where the stage is dangerous."""
        if self.azure_use is not None and self.azure_use.reason:
            return f"{self.reason}; {self.azure_use.reason}"
        past = self.interruption
        if past is None:
            return self.reason
        if past.reason in self.reason:
            return f"{self.reason}. {past.remedy}"
        unknown = "" if past.is_certain else "whether an earlier failback was interrupted is not known: "
        return f"{self.reason}; {unknown}{past.reason}. {past.remedy}"


def warning_of(members: Iterable[Observation]) -> str:
    """Return what a person must know of VMs whose last failback was interrupted, or may have been; empty where none
    was."""
    told = [(member.item.friendly_name, past) for member in members if (past := member.interruption) is not None]
    torn = ", ".join(name for name, past in told if past.is_certain)
    doubted = "; ".join(f"{name}: {past.reason}" for name, past in told if not past.is_certain)
    return said_once(
        f"The on-premises disks of {torn} are not consistent." if torn else "",
        f"Whether the on-premises disks are consistent is not known of {doubted}." if doubted else "",
        *(past.remedy for _name, past in told),
    )


def observe(item: ReplicatedItem, running: Job | None = None, history: History = NOT_READ) -> Observation:
    """Tell the stage of an item.

    C(running) is the job that the item names as its current scenario, C(history) what its jobs tell of the time since
    its last failover to Azure; it is needed where needs_history() says so, and read nowhere else.
    Raises UnknownState where what was read fits no stage.
    """
    last_failback = history.last_failback
    if item.active_location not in _LOCATIONS:
        raise UnknownState(f"properties.activeLocation of '{item.friendly_name}'", item.active_location)
    if running is None and last_failback is not None and last_failback.is_running:
        # Whether an item names its running failback was never recorded; the job itself leaves no doubt.
        running = last_failback
    if running is not None and running.is_running:
        named = _with_scenario(running, item)
        stage, reason = _stage_of_running(item, named)
        return Observation(item, stage, named, reason, past=_interruption(item, named, history))
    past = _interruption(item, None, history)
    if item.scenario:
        reason = f"the item names {item.scenario} as its current operation"
        return Observation(item, Stage.BUSY, running, reason, past=past)
    if _awaits_commit(item) and not (_may_reverse_replicate(item) or _names_its_failback(item)):
        return _pending_commit(item, history)
    stage, reason = _stage_at_rest(item, past if last_failback is not None else None)
    decided_by_job = stage in (Stage.INTERRUPTED, Stage.FAILBACK_COMMIT_PENDING)
    # A failback that awaits its commit was not interrupted, whatever the jobs before it tell.
    past = None if stage is Stage.FAILBACK_COMMIT_PENDING else past
    return Observation(item, stage, last_failback if decided_by_job else None, reason, past=past)


def needs_history(item: ReplicatedItem, running: Job | None = None) -> bool:
    """Say whether it matters for the item how its last failback ended: for its stage, or for its on-premises disks
    while C(running) owns it. A failback writes them anew, and before a commit none is left interrupted."""
    if not item.is_active_in_azure or _may_reverse_replicate(item):
        return False
    if running is None or not running.is_running:
        return True
    return _with_scenario(running, item).operation not in _SETTLES


def _interruption(item: ReplicatedItem, running: Job | None, history: History) -> Interruption | None:
    """Tell whether the last failback was interrupted. C(running) is the job that owns the item, with its scenario."""
    if running is not None and running.operation is Operation.FAILBACK:
        mine = running.for_vm(item.vm_id)
        is_torn = running.state == "Cancelling" and mine.may_have_written
        return _interrupted(mine, "is being cancelled") if is_torn else None
    if not needs_history(item, running):
        return None
    if history.last_failback is not None:
        last = history.last_failback.for_vm(item.vm_id)
        is_torn = last.has_failed and last.may_have_written
        return _interrupted(last, f"ended as {last.state}") if is_torn else None
    return Interruption(history.gap, is_certain=False) if history.gap else None


def _interrupted(job: Job, how: str) -> Interruption:
    if job.began_data_sync:
        written = "after it had begun to write to the on-premises disks: they are not consistent"
    else:
        written = "and does not report whether it had begun to write to the on-premises disks"
    reason = f"failback job {job.name} {how} {written}"
    return Interruption(reason, is_certain=job.began_data_sync, may_be_off=job.may_have_shut_down)


def _with_scenario(job: Job, item: ReplicatedItem) -> Job:
    """Return a job with its scenario: one that was just accepted names none yet (recorded), but its item does.

    An item also tells what a job does under a name that is new; it does not make such a job harmless.
    """
    if job.operation is Operation.PLANNED_FAILOVER and item.is_active_in_azure:
        return replace(job, scenario="Failback")
    if not (job.untold and item.scenario):
        return job
    if job.scenario and replace(job, scenario=item.scenario).is_harmless:
        return job
    leaves_azure = item.scenario == "PlannedFailover" and item.is_active_in_azure
    return replace(job, scenario="Failback" if leaves_azure else item.scenario)


def _stage_of_running(item: ReplicatedItem, job: Job) -> tuple[Stage, str]:
    label = f"job {job.name} ({job.friendly_name or job.operation.value}) is {job.state}"
    if job.operation is Operation.REVERSE_REPLICATE:
        # Of a VM that is active in Azure it will fail: it makes nobody authoritative on-premises.
        return (Stage.BUSY if item.is_active_in_azure else Stage.REVERSE_REPLICATING), label
    if job.operation is not Operation.FAILBACK:
        return Stage.BUSY, label
    stage = stage_of_failback(job)
    more = {Stage.WAITING_FOR_COMPLETION: " and waits for Complete Failover", Stage.BUSY: f": {job.state_description}"}
    return stage, f"{label}{more.get(stage, '')}"


def stage_of_failback(job: Job) -> Stage:
    """Return the stage of a machine while a job fails it back, as its tasks tell."""
    if job.waits_for_completion:
        return Stage.WAITING_FOR_COMPLETION
    if job.may_be_resumed or job.state == "Cancelling":
        return Stage.BUSY
    return Stage.COMPLETING if job.finished_data_sync else Stage.SYNCHRONIZING


def _stage_at_rest(item: ReplicatedItem, interrupted: Interruption | None) -> tuple[Stage, str]:
    if _may_reverse_replicate(item):
        return _failed_back(item)
    if _names_its_failback(item):
        return Stage.FAILBACK_COMMIT_PENDING, f"active location {item.active_location}, a commit is pending"
    return _stage_in_azure(item, interrupted) if item.is_active_in_azure else _stage_on_premises(item)


def _may_reverse_replicate(item: ReplicatedItem) -> bool:
    return "ReverseReplicate" in item.allowed_operations or (
        item.protection_state == _FAILED_BACK_STATE and not _awaits_commit(item)
    )


def _failed_back(item: ReplicatedItem) -> tuple[Stage, str]:
    if item.is_active_in_azure:
        field = f"properties.activeLocation of '{item.friendly_name}', which may reverse replicate,"
        raise UnknownState(field, item.active_location)
    return Stage.FAILED_BACK, _allows(item, "ReverseReplicate")


def _awaits_commit(item: ReplicatedItem) -> bool:
    allows = not item.allowed_operations.isdisjoint({"Commit", "FinalizeFailback"})
    return allows or item.protection_state in (*_FAILOVER_PENDING_STATES, _FAILBACK_PENDING_STATE)


def _names_its_failback(item: ReplicatedItem) -> bool:
    """Whether a commit is pending that the item itself says is that of a failback."""
    named = item.protection_state == _FAILBACK_PENDING_STATE or "FinalizeFailback" in item.allowed_operations
    return named or (_awaits_commit(item) and not item.is_active_in_azure)


def _pending_commit(item: ReplicatedItem, history: History) -> Observation:
    """Tell the two commits apart. They are one call, and one of them deletes the Azure VM, so only evidence counts.

    A failback cannot start before the failover is committed: where one has begun since, the pending commit is its own.
    """
    job = history.last_failback
    succeeded = job is not None and job.has_succeeded_for(item.vm_id)
    if item.protection_state in _FAILOVER_PENDING_STATES and job is None:
        return Observation(item, Stage.FAILOVER_COMMIT_PENDING, None, f"its protectionState is {item.protection_state}")
    if succeeded and item.protection_state not in _FAILOVER_PENDING_STATES:
        why = f"failback job {job.name} succeeded, a commit is pending" if job else ""
        return Observation(item, Stage.FAILBACK_COMMIT_PENDING, job, why)
    if job is None and not history.gap:
        return Observation(item, Stage.FAILOVER_COMMIT_PENDING, None, "active in Azure, the failover is not committed")
    gap = history.gap or (f"its failback job {job.name} ended as {job.state}" if job else "")
    # It may be that of a failback which succeeded for this VM all the same.
    is_torn = job is not None and _interruption(item, None, history) is not None
    past = Interruption(gap, is_certain=False) if is_torn else None
    return Observation(item, Stage.BUSY, None, "a commit is pending", gap=gap, past=past)


def _stage_in_azure(item: ReplicatedItem, interrupted: Interruption | None) -> tuple[Stage, str]:
    if interrupted is not None:
        return Stage.INTERRUPTED, interrupted.reason
    if not item.allowed_operations.isdisjoint({"Failback", "PlannedFailover"}):
        return Stage.FAILED_OVER, _allows(item, "Failback", "PlannedFailover")
    if item.protection_state in _FAILED_OVER_STATES:
        return Stage.BUSY, "the failover is committed, but Site Recovery allows no failback now"
    return _unknown_state(item)


def _stage_on_premises(item: ReplicatedItem) -> tuple[Stage, str]:
    if item.protection_state in _REPLICATING_STATES:
        return Stage.REVERSE_REPLICATING, item.protection_state_description or item.protection_state
    if item.needs_resynchronization:
        return Stage.BUSY, "replication is stopped until somebody starts the resynchronization"
    if item.has_open_test_failover:
        return Stage.BUSY, f"a test failover is {item.test_failover_state}"
    # Recorded for VMware: a failover that could not be completed is active on-premises, too, and allows another one.
    if "PlannedFailover" in item.allowed_operations:
        return Stage.PROTECTED, _allows(item, "PlannedFailover")
    if item.protection_state == "Protected":
        return Stage.BUSY, "protected on-premises, but Site Recovery allows no operation now"
    return _unknown_state(item)


def _unknown_state(item: ReplicatedItem) -> tuple[Stage, str]:
    """Tell of a state that nobody has seen, and that allows nothing we know: nothing is written on it."""
    state = item.protection_state or "missing"
    return Stage.BUSY, f"its protectionState is {state}, and Site Recovery allows none of the operations known here"


def _allows(item: ReplicatedItem, *operations: str) -> str:
    allowed = ", ".join(sorted(item.allowed_operations.intersection(operations)))
    return f"active location {item.active_location}, Site Recovery allows {allowed or 'nothing'}"

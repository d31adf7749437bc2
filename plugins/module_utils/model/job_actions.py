# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a job may be cancelled or restarted, what a cancel endangers, and what to do instead.

Microsoft's documentation: a failback that is cancelled in its data synchronization leaves the on-premises virtual
machine in a corrupted state, until the failover is triggered again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .decisions import Decision, Step, Verb, decide, instead_of_cancel
from .jobs import Job, Operation
from .lifecycle import NEVER_START, Observation, Stage
from .ownership import moved_besides

# Definition's example: a restart is a job of its own, and the work that it starts is another one.
RESTART_SCENARIO = "RestartJob"
# The service's own end of a reverse replication: what it completes must be under way still.
_COMPLETION = "IrCompletion"
_OF_FAILBACK = (Operation.FAILBACK, Operation.RESTORE_COMPLETION)
# Their modules look at both sides before they write; a restart would not.
_SIDES_CHECKED = (*_OF_FAILBACK, Operation.FAILOVER, Operation.COMMIT)
_MODULES = {
    Operation.FAILBACK: "planned_failover",
    Operation.RESTORE_COMPLETION: "planned_failover",
    Operation.PLANNED_FAILOVER: "planned_failover",
    Operation.FAILOVER: "planned_failover with direction: primary_to_recovery",
    Operation.COMMIT: "commit, with direction: failover for that of a failover",
    Operation.REVERSE_REPLICATE: "reverse_replicate",
}
_LEFT_BY_CANCEL = {
    Operation.FAILOVER: Stage.PROTECTED,
    Operation.REVERSE_REPLICATE: Stage.FAILED_BACK,
}
_AFTER_CANCEL = {
    Operation.FAILOVER: "A cancelled failover to Azure may have shut the on-premises VM down before: look at it, and "
    "start it if it is to go on serving.",
    Operation.COMMIT: "A cancelled commit of a failback may have deleted the VM in Azure or its disks before: look "
    "before you rely on them, and run commit again.",
    Operation.REVERSE_REPLICATE: "Nothing protects the VM now. Run reverse_replicate again.",
    Operation.TEST_FAILOVER: "A test VM may be left in Azure. Clean up the test failover in the portal.",
}


_UNKNOWN_DISKS = f"whether the on-premises disks are consistent is not known. {NEVER_START}"


def _refuse(reason: str) -> Decision:
    return Decision(Step.REFUSE, reason)


def decide_cancel(
    job: Job, members: Sequence[Observation], *, is_named: bool, accept_inconsistent_disks: bool
) -> Decision:
    """Return what a request to cancel a job calls for. C(members) are the VMs of its target, if any.

    C(is_named): the user named the job. Else it is that of the target, and may work on VMs that this does not name.
    """
    if job.state == "Cancelled":
        return Decision(Step.NOTHING)
    if not job.is_running:
        return _refuse("Nothing was written: there is nothing left to cancel. Go on from the stage that it left.")
    if job.state == "Cancelling":
        return Decision(Step.ATTACH)
    not_begun = Decision(Step.WAIT, "It has not begun, and cannot be cancelled yet.")
    if job.state == "NotStarted" and not job.scenario:
        # Recorded: such a job tells nothing of itself yet. It is judged once it does.
        return not_begun
    if job.is_of_plan and not is_named and (reaches := _reaches_further(job, members)):
        return _refuse(
            f"Nothing was written: {reaches}. A cancel ends it for all of them. If that is meant, name the job: "
            f"name: {job.name}."
        )
    if is_of_failback(job, members) and not accept_inconsistent_disks:
        return _refuse(f"{_danger(job, members)} {_instead(job)}")
    if job.state == "NotStarted":
        return not_begun
    if "Cancel" not in job.allowed_actions:
        allowed = ", ".join(sorted(job.allowed_actions)) or "nothing"
        return _refuse(
            f"Nothing was written: Site Recovery does not let it be cancelled (it allows {allowed}). Let it end."
        )
    return Decision(Step.START)


def _reaches_further(job: Job, members: Sequence[Observation]) -> str:
    """Say that a plan's job works on other VMs than the plan has, or may; empty where it does not."""
    others = moved_besides(job, members)
    if others:
        names = ", ".join(others)
        return f"it works on {names} as well, which the plan does not name, as it has changed since the job began"
    untold = is_of_failback(job, members) and not job.tells_every_machine
    return "it does not report every VM that it works on" if untold else ""


def is_of_failback(job: Job, members: Sequence[Observation]) -> bool:
    """Whether the job writes to on-premises disks, or may begin to at any moment.

    Where a job does not tell what it does, or in which direction, only VMs that are all on-premises prove that it is no
    failback.
    """
    if job.operation in _OF_FAILBACK:
        return True
    in_azure = any(member.item.is_active_in_azure for member in members)
    return bool(job.untold) and (in_azure or not members)


def _danger(job: Job, members: Sequence[Observation]) -> str:
    known = [*(member.item.friendly_name for member in members), *moved_besides(job, members)]
    names = ", ".join(known) or job.target_name or "its VM"
    if job.began_data_sync:
        lead = f"It has begun to write to the on-premises disks of {names}: cancelled now, it leaves them inconsistent."
    else:
        lead = f"It may begin to write to the on-premises disks of {names} at any moment, and leave them inconsistent."
    if job.untold:
        lead = f"It {job.untold}, and may be a failback. {lead}"
    return f"{lead} No on-premises VM of it may be started then, and the data has to be copied again."


def _instead(job: Job) -> str:
    return (
        f"No request was sent. {instead_of_cancel(job)} To cancel it all the same, set accept_inconsistent_disks: true."
    )


def owner_of_part(job: Job, members: Sequence[Observation]) -> Job | None:
    """Return the recovery plan's job that started this one for one of its VMs, or None: cancelling a part leaves the
    plan's job to go on without it, which nobody has recorded."""
    owners = [member.job for member in members if member.job is not None and member.job.is_of_plan]
    return next((owner for owner in owners if any(task.job_id == job.name for task in owner.all_tasks())), None)


def stage_left_by_cancel(job: Job, members: Sequence[Observation]) -> Stage | None:
    """Return the stage that a cancel leads to at worst, or None where it cannot be determined. For check mode."""
    if is_of_failback(job, members):
        # The worst: it may begin to write before the cancel comes.
        return Stage.INTERRUPTED
    if job.scenario == "FinalizeFailback":
        return Stage.FAILBACK_COMMIT_PENDING
    # A plan's commit has one name for both (recorded).
    if job.scenario == "CommitFailover" and not job.is_of_plan:
        return Stage.FAILOVER_COMMIT_PENDING
    return _LEFT_BY_CANCEL.get(job.operation)


def warnings_after_cancel(job: Job, members: Sequence[Observation]) -> list[str]:
    """Return what a person has to look after once a job has been cancelled, besides what the stages say.

    C(members) as they were seen before.
    """
    if job.untold and is_of_failback(job, members):
        told = f"Job {job.name} {job.untold}, and may have been a failback: {_UNKNOWN_DISKS}"
    elif job.is_of_plan and is_of_failback(job, members) and (reaches := _reaches_further(job, members)):
        told = (
            f"Job {job.name} was cancelled for all its VMs: {reaches}. Of those outside of the plan, {_UNKNOWN_DISKS}"
        )
    else:
        told = _AFTER_CANCEL.get(job.operation, "")
    return [told] if told else []


@dataclass(frozen=True)
class RestartDecision:
    """A decision, and for ATTACH the job that does the work already, or is about to have it done."""

    decision: Decision
    running: Job | None = None


def decide_restart(
    job: Job, newer: Sequence[Job], members: Sequence[Observation], *, is_named: bool
) -> RestartDecision:
    """Return what a request to restart a job calls for. C(newer) are later jobs of its target, newest first.

    C(is_named): the user named the job. Else it is the last one that ended, which somebody else may have started.
    """
    running = next((one for one in newer if one.is_running and _does_its_work(one, job)), None)
    made = (
        RestartDecision(Decision(Step.ATTACH), running)
        if running is not None and job.has_failed
        else RestartDecision(_decide_restart(job, newer, members))
    )
    if is_named or job.operation is Operation.REVERSE_REPLICATE or made.decision.step is Step.REFUSE:
        return made
    return RestartDecision(
        _refuse(
            "Nothing was written: without a job name, only a reverse replication is restarted, and this is the "
            f"last job that ended. If you mean it, name it: name: {job.name}."
        )
    )


def _decide_restart(job: Job, newer: Sequence[Job], members: Sequence[Observation]) -> Decision:
    if job.is_running:
        return _refuse("Nothing was written: only a job that has ended can be restarted.")
    if job.has_succeeded:
        return _refuse("Nothing was written: it has already succeeded.")
    if job.untold:
        return _refuse(
            f"Nothing was written: it {job.untold}. It may be a failback or a commit, which are not restarted "
            f"but started again, with all checks. {_again(job)}"
        )
    if job.operation in _SIDES_CHECKED or "Restart" not in job.allowed_actions:
        return _refuse(f"Nothing was written: it cannot be restarted. {_again(job)}")
    later = next((one for one in newer if _does_its_work(one, job)), None)
    if later is not None:
        return _refuse(f"Nothing was written: it is superseded by the later job {later.name} ({later.state}).")
    return next((made for made in (_by_stage(job, member) for member in members) if made), Decision(Step.START))


def _again(job: Job) -> str:
    module = _MODULES.get(job.operation)
    return f"Run {module} again: it starts a new job." if module else "Start its operation again in the portal."


def _does_its_work(other: Job, job: Job) -> bool:
    """Whether another job of the same target is a restart, or of the same operation."""
    if other.name == job.name:
        return False
    if job.operation is Operation.OTHER:
        return other.scenario in (job.scenario, RESTART_SCENARIO)
    return other.operation is job.operation or (other.scenario == RESTART_SCENARIO and other.is_running)


def _by_stage(job: Job, member: Observation) -> Decision | None:
    """Return why the stage of a VM forbids the restart, or None where it does not."""
    name, stage = member.item.friendly_name, member.stage.value
    if member.job is not None and member.job.is_running:
        return _refuse(f"Nothing was written: {name} is {stage} ({member.reason}). Wait until that has ended.")
    if job.operation is not Operation.REVERSE_REPLICATE:
        return None
    made = decide(Verb.REVERSE_REPLICATE, member)
    if made.step is (Step.ATTACH if job.scenario == _COMPLETION else Step.START):
        return None
    if made.step is Step.START:
        return _refuse(f"Nothing was written: {name} is {stage}. {_again(job)}")
    if made.step is Step.REFUSE:
        return _refuse(f"Nothing was written: {name} is {stage}. {made.reason}")
    return _refuse(f"Nothing was written: it is superseded, as {name} is {stage}.")


def has_taken_effect(job: Job, members: Sequence[Observation]) -> bool:
    """Whether the stages show what a restarted job has done, as far as its operation shows in them."""
    if job.operation is not Operation.REVERSE_REPLICATE:
        return True
    return all(decide(Verb.REVERSE_REPLICATE, member).step is not Step.START for member in members)


def stage_after_restart(job: Job) -> Stage | None:
    """Return the stage that a restart leads to, or None where it shows in none. For check mode."""
    return Stage.REVERSE_REPLICATING if job.operation is Operation.REVERSE_REPLICATE else None


def direction_of_job(job: Job | None, members: Sequence[Observation]) -> str | None:
    """Return the direction of what a job does, as results carry it; None where it has none."""
    if job is None:
        return None
    if job.operation is Operation.OTHER:
        return None
    if is_of_failback(job, members) or job.scenario == "FinalizeFailback":
        return "recovery_to_primary"
    if job.operation is Operation.COMMIT and any(member.item.active_location == "Primary" for member in members):
        return "recovery_to_primary"
    return "primary_to_recovery"

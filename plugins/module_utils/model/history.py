# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the jobs of an item tell of the time since its last failover to Azure.

Jobs age out of the vault's list, and bodies may lack what is looked for. Whether there was a failback is told only by a
list that reaches back to the failover; of any other it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .items import ReplicatedItem
from .jobs import Job, Operation

# Recorded: the time that an item gives for its failover is the start of that job, to the microsecond.
_SAME_TIME = timedelta(minutes=2)
_CLOSING = (Operation.FAILOVER, Operation.COMMIT, Operation.REVERSE_REPLICATE)


@dataclass(frozen=True)
class History:
    """C(last_failback) is the newest failback since the failover that may have written; C(gap) says why there may have
    been another one, empty where the list is whole."""

    last_failback: Job | None = None
    gap: str = ""


NOT_READ = History(gap="its jobs were not read")


def history_of(item: ReplicatedItem, jobs: Iterable[Job], unread: str = "") -> History:
    """Tell the history of an item. C(jobs) come newest first, those that may be a failback with their tasks.

    C(unread) is why older jobs were not read; empty where the list ends with these.

    One that failed before it wrote (another operation was in progress, say) left the disks as the one before it did. A
    newer success of another step closes the cycle that an older failback belonged to.
    """
    completed = False
    for job in jobs:
        if not job.concerns(item.vm_id):
            if job.is_of_plan and job.may_be_failback and not job.tells_every_machine:
                return History(gap=f"job {job.name} of recovery plan {job.target_name} does not report every VM of it")
            if job.may_be_of_any_vm and not _is_before(job.started, item.last_failover):
                return History(gap=f"job {job.name} does not report its target, and may have been a failback of it")
            continue
        if _is_before(job.started, item.last_failover):
            break
        operation = _operation(job, item.last_failover)
        if operation is Operation.FAILBACK and not (job.has_failed and not job.for_vm(item.vm_id).may_have_written):
            return History(job)
        if operation in _CLOSING and job.has_succeeded:
            break
        completed = completed or operation is Operation.RESTORE_COMPLETION
        if operation in (Operation.OTHER, Operation.PLANNED_FAILOVER) and job.untold:
            return History(gap=f"job {job.name} {job.untold}, and may have been a failback")
    else:
        return History(gap=unread or _no_job_as_old_as(item.last_failover))
    if completed:
        return History(gap="there was the completion of a data synchronization, but not the failback that it was of")
    return History()


def _is_before(started: datetime | None, failover: datetime | None) -> bool:
    return started is not None and failover is not None and started < failover - _SAME_TIME


def _operation(job: Job, failover: datetime | None) -> Operation:
    """Return what a job of an item that is in Azure did: a planned failover after the one to Azure is a failback."""
    if job.operation is not Operation.PLANNED_FAILOVER or failover is None or job.started is None:
        return job.operation
    return Operation.FAILBACK if job.started > failover + _SAME_TIME else Operation.FAILOVER


def _no_job_as_old_as(failover: datetime | None) -> str:
    if failover is None:
        return "Site Recovery does not report when it failed over"
    return f"Site Recovery lists no job as old as its failover to Azure ({failover.isoformat(timespec='seconds')})"

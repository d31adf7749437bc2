# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reverse replication sends to Azure: all data anew, or only what changed. A large VM is long unprotected."""

from __future__ import annotations

from typing import Any

from .items import ReplicatedItem
from .jobs import Job
from .json_path import text

INITIAL_REPLICATION, RESYNCHRONIZATION, UNKNOWN = "initial_replication", "resynchronization", "unknown"
# Recorded: the first of the job that starts it, the second of the one that ends it.
_INITIAL_TASKS = frozenset({"VmStartInitialReplication", "CompleteInitialReplication"})
_INITIAL_STATE, _RESYNCHRONIZATION = "InitialReplication", "Resynchronization"
_PERCENT = range(101)
_REASONS = {
    INITIAL_REPLICATION: "initial replication: all data is sent to Azure",
    RESYNCHRONIZATION: "resynchronization: only what changed is sent to Azure",
    UNKNOWN: "neither its job nor its state tells whether all data is sent to Azure, or only what changed",
}


def replication_started(item: ReplicatedItem, job: Job | None) -> dict[str, Any]:
    """Return what the replication of an item is, as its state and C(job) show it; for the result of a task."""
    ran = [task for task in job.all_tasks() if task.has_begun] if job else []
    kind = _kind(item.protection_state, {task.name for task in ran})
    return {
        "vm": item.friendly_name,
        "kind": kind,
        "reason": _REASONS[kind],
        "job": job.name if job else None,
        "tasks": [task.friendly_name or task.name for task in ran],
        "percent_complete": _percent(item),
    }


def _kind(state: str, tasks: set[str]) -> str:
    """What is seen now comes first: a job tells what it began with."""
    if state.startswith(_RESYNCHRONIZATION):
        return RESYNCHRONIZATION
    if state.startswith(_INITIAL_STATE) or tasks & _INITIAL_TASKS:
        return INITIAL_REPLICATION
    return RESYNCHRONIZATION if any("resync" in name.lower() for name in tasks) else UNKNOWN


def _percent(item: ReplicatedItem) -> int | None:
    """How much of an initial replication is done. At rest an item keeps some number that says nothing (recorded)."""
    path = (
        "properties",
        "providerSpecificDetails",
        "initialReplicationDetails",
        "initialReplicationProgressPercentage",
    )
    said = text(item.document, *path)
    is_known = item.protection_state.startswith(_INITIAL_STATE) and said.isdecimal() and int(said) in _PERCENT
    return int(said) if is_known else None

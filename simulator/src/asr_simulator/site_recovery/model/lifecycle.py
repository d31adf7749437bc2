# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of a replicated item and every way from one to another. The table is the only place that knows them."""

from __future__ import annotations

PROTECTED = "protected"
FAILING_OVER = "failing_over"
FAILOVER_COMMIT_PENDING = "failover_commit_pending"
COMMITTING_FAILOVER = "committing_failover"
FAILED_OVER = "failed_over"
SYNCHRONIZING = "synchronizing"
WAITING_FOR_COMPLETION = "waiting_for_completion"
COMPLETING = "completing"
INTERRUPTED = "interrupted"
FAILBACK_COMMIT_PENDING = "failback_commit_pending"
COMMITTING_FAILBACK = "committing_failback"
FAILED_BACK = "failed_back"
REVERSE_REPLICATING = "reverse_replicating"

FAILED = "failed"
CANCELLED = "cancelled"

# (stage, event) -> stage. A cancelled or failed job leaves the on-premises disks inconsistent once the data
# synchronization has begun, and nothing changed before that.
TRANSITIONS: dict[tuple[str, str], str] = {
    (PROTECTED, "failover_started"): FAILING_OVER,
    (PROTECTED, FAILED): PROTECTED,
    (PROTECTED, CANCELLED): PROTECTED,
    (FAILING_OVER, "failed_over"): FAILOVER_COMMIT_PENDING,
    (FAILING_OVER, FAILED): PROTECTED,
    (FAILING_OVER, CANCELLED): PROTECTED,
    (FAILOVER_COMMIT_PENDING, "commit_started"): COMMITTING_FAILOVER,
    (FAILOVER_COMMIT_PENDING, FAILED): FAILOVER_COMMIT_PENDING,
    (FAILOVER_COMMIT_PENDING, CANCELLED): FAILOVER_COMMIT_PENDING,
    (COMMITTING_FAILOVER, "committed"): FAILED_OVER,
    (COMMITTING_FAILOVER, FAILED): FAILOVER_COMMIT_PENDING,
    (COMMITTING_FAILOVER, CANCELLED): FAILOVER_COMMIT_PENDING,
    (FAILED_OVER, "synchronization_started"): SYNCHRONIZING,
    (FAILED_OVER, FAILED): FAILED_OVER,
    (FAILED_OVER, CANCELLED): FAILED_OVER,
    (INTERRUPTED, "synchronization_started"): SYNCHRONIZING,
    (INTERRUPTED, FAILED): INTERRUPTED,
    (INTERRUPTED, CANCELLED): INTERRUPTED,
    (SYNCHRONIZING, "synchronized"): WAITING_FOR_COMPLETION,
    (SYNCHRONIZING, "completion_started"): COMPLETING,
    (SYNCHRONIZING, FAILED): INTERRUPTED,
    (SYNCHRONIZING, CANCELLED): INTERRUPTED,
    (WAITING_FOR_COMPLETION, "completion_started"): COMPLETING,
    (WAITING_FOR_COMPLETION, FAILED): INTERRUPTED,
    (WAITING_FOR_COMPLETION, CANCELLED): INTERRUPTED,
    (COMPLETING, "failed_back"): FAILBACK_COMMIT_PENDING,
    (COMPLETING, FAILED): INTERRUPTED,
    (COMPLETING, CANCELLED): INTERRUPTED,
    (FAILBACK_COMMIT_PENDING, "commit_started"): COMMITTING_FAILBACK,
    (FAILBACK_COMMIT_PENDING, FAILED): FAILBACK_COMMIT_PENDING,
    (FAILBACK_COMMIT_PENDING, CANCELLED): FAILBACK_COMMIT_PENDING,
    (COMMITTING_FAILBACK, "committed"): FAILED_BACK,
    (COMMITTING_FAILBACK, FAILED): FAILBACK_COMMIT_PENDING,
    (COMMITTING_FAILBACK, CANCELLED): FAILBACK_COMMIT_PENDING,
    (FAILED_BACK, "reverse_replication_started"): REVERSE_REPLICATING,
    (FAILED_BACK, FAILED): FAILED_BACK,
    (FAILED_BACK, CANCELLED): FAILED_BACK,
    (REVERSE_REPLICATING, "protected"): PROTECTED,
    (REVERSE_REPLICATING, FAILED): FAILED_BACK,
    (REVERSE_REPLICATING, CANCELLED): FAILED_BACK,
}

STAGES = frozenset(stage for stage, _unused in TRANSITIONS)
ACTIVE_ON_PREMISES = frozenset({PROTECTED, FAILING_OVER, FAILED_BACK, REVERSE_REPLICATING})
PENDING_FAILBACK = frozenset({FAILBACK_COMMIT_PENDING, COMMITTING_FAILBACK})
ACTIVE_IN_AZURE = STAGES - ACTIVE_ON_PREMISES - PENDING_FAILBACK
MAY_FAIL_BACK = frozenset({FAILED_OVER, INTERRUPTED})
FAILBACK_RUNS = frozenset({SYNCHRONIZING, WAITING_FOR_COMPLETION, COMPLETING})


class IllegalTransition(RuntimeError):
    """The table has no such edge: a workflow of the simulator broke its own rules."""


def after(stage: str, event: str) -> str:
    """The stage that an event leads to.

    Raises:
        IllegalTransition: the table does not name this event for this stage.
    """
    try:
        return TRANSITIONS[(stage, event)]
    except KeyError:
        raise IllegalTransition(f"{event} while {stage}") from None

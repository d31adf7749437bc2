# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Site Recovery says of an item in each stage: state names and allowed operations (see fidelity.yml)."""

from __future__ import annotations

from dataclasses import dataclass

from asr_simulator.scenarios.model import Variants
from asr_simulator.site_recovery.model import lifecycle
from asr_simulator.site_recovery.model.catalog import FAILBACK, PLAN_FAILBACK, REVERSE_REPLICATION
from asr_simulator.site_recovery.model.items import TEST_WAITS, Item
from asr_simulator.site_recovery.model.plans import Plan

PRIMARY, RECOVERY = "Primary", "Recovery"


@dataclass(frozen=True)
class View:
    """How an item looks."""

    state: str
    description: str
    active_location: str
    operations: tuple[str, ...]


IN_AZURE_COMMITTED = ("CompleteMigration", "DisableProtection")
COMMITTED = ("PlannedFailoverStatesBegin", "Planned failover committed")
COMMITTED_UNPLANNED = ("UnplannedFailoverCommitted", "Failover committed")
PENDING = ("PlannedFailoverCommitRequired", "Planned failover finished")
PENDING_UNPLANNED = ("UnplannedFailoverCommitPendingStatesBegin", "Failover completed")
PROTECTED = ("Protected", "Protected")
PROTECTED_OPERATIONS = ("PlannedFailover", "UnplannedFailover", "DisableProtection", "TestFailover")
# The first is recorded; the second stands for a name that nobody has seen.
FAILBACK_PENDING = {
    "FinalizeRestorePending": "Finalize failback pending",
    "FailbackCommitPending": "Failback completed",
}
INITIAL_REPLICATION = ("InitialReplicationInProgress", "Initial replication is in progress")
ENABLING = ("UnprotectedStatesBegin", "Enabling protection")
FAILBACK_SCENARIOS = frozenset({FAILBACK.scenario, PLAN_FAILBACK.scenario})
RESTORE_FINALIZED = ("RestoreFinalized", "Failback finalized")


def view_of(item: Item, variants: Variants) -> View:
    """How the item looks now; while a job owns it, nothing is allowed."""
    view = _of_stage(item, variants)
    if item.job is not None:
        return View(view.state, view.description, view.active_location, ())
    return view


def _of_stage(item: Item, variants: Variants) -> View:
    return view_of_stage(item.stage, variants, planned=item.planned, tested=item.test_failover == TEST_WAITS)


def view_of_stage(stage: str, variants: Variants, *, planned: bool = True, tested: bool = False) -> View:
    """How an item of this stage looks that no job owns. ``planned``: so was its failover; ``tested``: one waits."""
    if stage in (lifecycle.PROTECTED, lifecycle.FAILING_OVER):
        if tested:
            return View(*PROTECTED, PRIMARY, ("TestFailoverCleanup",))
        return View(*PROTECTED, PRIMARY, PROTECTED_OPERATIONS)
    if stage in (lifecycle.FAILOVER_COMMIT_PENDING, lifecycle.COMMITTING_FAILOVER):
        names = PENDING if planned else PENDING_UNPLANNED
        return View(*names, RECOVERY, ("CompleteMigration", "Commit", "DisableProtection", "ChangePit"))
    if stage in lifecycle.ACTIVE_IN_AZURE:
        names = COMMITTED if planned else COMMITTED_UNPLANNED
        return View(*names, RECOVERY, (*IN_AZURE_COMMITTED, variants.committed_operation))
    if stage in lifecycle.PENDING_FAILBACK:
        state = variants.failback_pending_state
        operations = ("DisableProtection", variants.failback_pending_operation)
        return View(state, FAILBACK_PENDING[state], variants.failback_pending_active_location, operations)
    if stage == lifecycle.REVERSE_REPLICATING:
        return View(*INITIAL_REPLICATION, PRIMARY, ("DisableProtection",))
    return View(*RESTORE_FINALIZED, PRIMARY, ("ReverseReplicate", "DisableProtection"))


def machine_state_of(item: Item, variants: Variants) -> tuple[str, str]:
    """``vmProtectionState`` and its description: the item's own, but for the first copy to Azure (recordings)."""
    return machine_state_of_stage(item.stage, _of_stage(item, variants))


def machine_state_of_stage(stage: str, view: View) -> tuple[str, str]:
    """The same of an item of this stage that looks so."""
    return ENABLING if stage == lifecycle.REVERSE_REPLICATING else (view.state, view.description)


def plan_operations(plan: Plan) -> list[str]:
    """What a plan allows: the failovers, always; Commit once something is to be committed (recordings)."""
    if any(item.test_failover == TEST_WAITS for item in plan.items):
        return ["TestFailoverCleanup"]
    pending = {lifecycle.FAILOVER_COMMIT_PENDING, lifecycle.FAILBACK_COMMIT_PENDING}
    commit = ["Commit"] if any(item.stage in pending for item in plan.items) else []
    return ["PlannedFailover", "UnplannedFailover", "TestFailover", *commit]


def stage_of(item: Item) -> str:
    """The stage in the words of a client's table: ``busy`` while a job that is no part of a failback owns the item."""
    if item.job is None:
        return item.stage
    if item.stage in lifecycle.FAILBACK_RUNS or item.stage == lifecycle.REVERSE_REPLICATING:
        return item.stage
    if item.stage in lifecycle.MAY_FAIL_BACK and item.job.kind.scenario in FAILBACK_SCENARIOS:
        return lifecycle.SYNCHRONIZING
    if item.stage == lifecycle.FAILED_BACK and item.job.kind is REVERSE_REPLICATION:
        return lifecycle.REVERSE_REPLICATING
    return "busy"

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must never happen, whatever the service shows: also combinations that nobody has thought of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from support import bodies
from support.bodies import failback, full_download, item, job, scenario, synchronizing_first

from ansible_collections.asr.failback.plugins.module_utils.model.decisions import Step, Verb, decide
from ansible_collections.asr.failback.plugins.module_utils.model.failures import UnknownState
from ansible_collections.asr.failback.plugins.module_utils.model.history import History
from ansible_collections.asr.failback.plugins.module_utils.model.items import ReplicatedItem, parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.jobs import (
    FAILED_STATES,
    RUNNING_STATES,
    SUCCEEDED_STATES,
    Job,
    parse_job,
)
from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import Observation, Side, Stage, observe

OPERATIONS = (
    "ReverseReplicate",
    "Commit",
    "PlannedFailover",
    "UnplannedFailover",
    "DisableProtection",
    "TestFailover",
    "TestFailoverCleanup",
    "Failback",
    "FinalizeFailback",
    "CompleteMigration",
    "ChangePit",
)
STATES = (
    "",
    "Protected",
    "PlannedFailoverCommitRequired",
    "UnplannedFailoverCommitPendingStatesBegin",
    "PlannedFailoverStatesBegin",
    "UnplannedFailoverStatesBegin",
    "UnplannedFailoverCommitted",
    "FinalizeRestorePending",
    "RestoreFinalized",
    "InitialReplicationInProgress",
    "ResynchronizationRequired",
    "SomethingOfNextYear",
)
SCENARIOS = (
    "PlannedFailover",
    "Failback",
    "FinalizeFailback",
    "ReprotectReplicationGroup",
    "IrCompletion",
    "TestFailover",
)
TASKS = st.sampled_from(
    [
        [],
        synchronizing_first(sync="NotStarted"),
        synchronizing_first(sync="InProgress"),
        synchronizing_first(sync="Failed"),
        synchronizing_first(sync="Succeeded", asked="InProgress"),
        synchronizing_first(sync="Succeeded", asked="Succeeded", rest="InProgress"),
        full_download(off="InProgress"),
        full_download(sync="InProgress"),
        full_download(sync="Succeeded", up="InProgress"),
    ]
)
ITEMS = st.builds(
    lambda operations, active, state, named: item(
        *sorted(operations),
        active=active,
        state=state,
        currentScenario=scenario(named) if named else bodies.IDLE,
        lastSuccessfulFailoverTime="2026-02-01T00:00:00Z",
    ),
    st.frozensets(st.sampled_from(OPERATIONS), max_size=4),
    st.sampled_from(["Recovery", "Recovery", "Primary", "Both"]),
    st.sampled_from(STATES),
    st.just("") | st.sampled_from(SCENARIOS),
)
ACTIONS = st.sampled_from([[], ["Cancel"], ["Cancel", "Resume"]])


def jobs(states: frozenset[str]) -> st.SearchStrategy[Any]:
    def body(name: str | None, state: str, tasks: Any, actions: list[str]) -> Any:
        made = failback if name == "PlannedFailover" else lambda *parts, **more: job(name, *parts, **more)
        return made(state, *tasks, allowedActions=actions)

    return st.builds(body, st.sampled_from([None, *SCENARIOS]), st.sampled_from(sorted(states)), TASKS, ACTIONS)


@dataclass(frozen=True)
class Shown:
    """All that is read of an item."""

    item: ReplicatedItem
    running: Job | None
    last: Job | None

    def observe(self) -> Observation:
        """What follows. Combinations that fit no stage are dropped: they are an error, and nothing is written."""
        try:
            return observe(self.item, self.running, History(self.last))
        except UnknownState:
            assume(False)
            raise


LAST_FAILBACKS = st.builds(
    lambda state, tasks: failback(state, *tasks), st.sampled_from(sorted(FAILED_STATES | SUCCEEDED_STATES)), TASKS
)
SHOWN = st.builds(
    lambda one, running, last: Shown(
        parse_item(one), parse_job(running) if running else None, parse_job(last) if last else None
    ),
    ITEMS,
    st.none() | jobs(RUNNING_STATES | FAILED_STATES),
    st.none() | LAST_FAILBACKS,
)


@settings(max_examples=300)
@given(SHOWN)
def test_every_stage_has_a_reason_and_a_side(shown: Shown) -> None:
    seen = shown.observe()
    event(seen.stage.value)
    assert seen.reason
    assert isinstance(seen.authoritative_side, Side)
    assert isinstance(seen.reversible, bool)


@settings(max_examples=300)
@given(SHOWN)
def test_the_azure_vm_is_given_up_only_on_evidence_of_a_failback(shown: Shown) -> None:
    """A commit after a failback deletes the virtual machine in Azure."""
    seen = shown.observe()
    if decide(Verb.COMMIT_FAILBACK, seen).step is Step.START:
        one = shown.item
        assert shown.running is None or not shown.running.is_running
        assert not one.scenario
        succeeded = shown.last is not None and shown.last.has_succeeded
        named = "FinalizeFailback" in one.allowed_operations or one.protection_state == "FinalizeRestorePending"
        assert one.active_location == "Primary" or named or succeeded


@settings(max_examples=300)
@given(SHOWN)
def test_nothing_is_started_while_a_job_runs_except_its_completion(shown: Shown) -> None:
    seen = shown.observe()
    if shown.running is None or not shown.running.is_running:
        return
    started = {verb for verb in Verb if decide(verb, seen).step is Step.START}
    assert started <= {Verb.COMPLETE}
    assert not started or shown.running.may_be_resumed


@settings(max_examples=300)
@given(SHOWN)
def test_at_most_one_step_of_the_failback_may_start(shown: Shown) -> None:
    seen = shown.observe()
    back = {Verb.FAIL_OVER, Verb.UNDO_FAILBACK}
    onward = {verb for verb in Verb if verb not in back and decide(verb, seen).step is Step.START}
    assert len(onward) <= 1


@settings(max_examples=300)
@given(SHOWN)
def test_broken_disks_are_never_taken_for_the_truth(shown: Shown) -> None:
    seen = shown.observe()
    last = shown.last
    at_rest = not (shown.running and shown.running.is_running) and not shown.item.scenario
    if at_rest and seen.stage is Stage.FAILED_OVER and last is not None:
        assert not (last.has_failed and last.may_have_written)
    if seen.stage is Stage.INTERRUPTED:
        assert seen.authoritative_side is Side.AZURE
        assert decide(Verb.REVERSE_REPLICATE, seen).step is Step.REFUSE
        assert decide(Verb.COMMIT_FAILBACK, seen).step is Step.REFUSE


@settings(max_examples=300)
@given(SHOWN)
def test_the_same_sight_gives_the_same_step(shown: Shown) -> None:
    first, second = shown.observe(), shown.observe()
    assert first == second
    assert all(decide(verb, first) == decide(verb, second) for verb in Verb)

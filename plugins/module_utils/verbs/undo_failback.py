# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undoing a cut-over before its commit: the on-premises VM goes off, the Azure VM starts, the item stays uncommitted.

Site Recovery has no such step and learns nothing of it. What is sent where, in this order: every on-premises copy is
stopped, all of them are read again, and only then Azure is asked to start its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..azure.site_recovery import DEFAULT_RETRY_AFTER
from ..copies.undo import UndoCutover
from ..model.attestation import parse_attestations
from ..model.decisions import Verb
from ..model.failures import FailbackError, asked
from ..model.lifecycle import Stage
from ..model.undo_rules import no_longer_pending
from ..runner.authority import common
from ..runner.contract import Contract
from ..runner.loop import Procedure, VerbRun, run_procedure
from ..runner.request import UndoFailbackRequest, common_options
from ..runner.result import verb_outcome
from ..runner.services import Services
from ..waiting import BRIEF, read_patiently
from ..watch import Watch

# From here it may be undone. The loop of the verbs takes a target there, or says why it cannot be.
_UNDONE_FROM = frozenset({Stage.FAILBACK_COMMIT_PENDING})


async def run(request: UndoFailbackRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Undo the cut-over of the target and return the result of the module."""
    verb_run = await run_procedure(services, request, watch, Procedure(Verb.UNDO_FAILBACK, goal=_UNDONE_FROM))
    undoing = UndoCutover(request, services, watch, verb_run)
    with asked(f"Undo of the failback of {request.target}"):
        try:
            if _may_be_undone(verb_run):
                await undoing.run()
            interval = request.poll_interval or DEFAULT_RETRY_AFTER
            return await read_patiently(lambda: _result(services, verb_run, undoing), watch, interval, patience=BRIEF)
        except FailbackError as problem:
            undoing.explain(problem)
            raise


def _may_be_undone(verb_run: VerbRun) -> bool:
    """Whether the target is where it can be undone: in check mode something else may run, which is not waited for."""
    return not no_longer_pending(verb_run.after.members)


def _result(services: Services, verb_run: VerbRun, undoing: UndoCutover) -> dict[str, Any]:
    """Return the result. Site Recovery still takes on-premises for the active side; the sides are what counts."""
    outcome = verb_outcome(services.azure, Verb.UNDO_FAILBACK, verb_run, None)
    told = {"split_brain_check": undoing.proof, "steps": undoing.steps, "undone": undoing.record()}
    if not _may_be_undone(verb_run):
        return {**outcome, **told}
    outcomes = {member.item.id: undoing.outcome_of(member.item.id) for member in verb_run.after.members}
    return {
        **outcome,
        **told,
        "authoritative_side": common([one["authoritative_side"] for one in outcomes.values()]),
        "reversible": all(one["reversible"] for one in outcomes.values()),
        "members": [{**member, **outcomes[member["id"]]} for member in outcome["members"]],
    }


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> UndoFailbackRequest:
    """Return what a task's options ask for."""
    return UndoFailbackRequest(
        **common_options(parameters, check_mode),
        reason=parameters["reason"] or "",
        attested_off=parse_attestations(parameters["attested_off"] or {}),
        force_off=parameters["force_off"],
        shutdown_timeout=parameters["shutdown_timeout"],
        close_applications=parameters["close_applications"],
    )


CONTRACT = Contract(
    "undo_failback",
    {
        "reason": {"type": "str"},
        "force_off": {"type": "bool", "default": False},
        "shutdown_timeout": {"type": "int", "default": 600},
        "close_applications": {"type": "bool", "default": True},
        "attested_off": {"type": "dict"},
    },
    run,
    request_of,
    takes_many=True,
    asks_hosts=True,
)

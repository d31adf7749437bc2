# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reverse replicate: protect a machine again that is back on-premises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..azure.session import AzureSession
from ..model.decisions import Verb, predicted_stage
from ..model.lifecycle import Observation, Stage
from ..model.replication_start import replication_started
from ..runner.aftermath import conclude
from ..runner.contract import Contract
from ..runner.loop import Procedure, VerbRun, Write, run_procedure
from ..runner.options import ASSUME_OPTIONS
from ..runner.request import ReverseReplicateRequest, common_options
from ..runner.result import verb_outcome
from ..runner.services import Services
from ..runner.target import TargetView
from ..watch import Watch

_GOALS = {"job": frozenset({Stage.REVERSE_REPLICATING}), "protected": frozenset[Stage]()}


async def run(request: ReverseReplicateRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Start replication to Azure again and return the result of the module.

    A recovery plan is done item by item: the plan's own call "no longer works", says the API definition since
    2025-01-01.
    """

    def writes(_view: TargetView, starts: Sequence[Observation]) -> list[Write]:
        return [_write(session, member) for member in starts]

    session = services.azure
    procedure = Procedure(Verb.REVERSE_REPLICATE, writes, goal=_GOALS[request.wait_for])
    verb_run = await run_procedure(session, request, watch, procedure)
    foreseen = predicted_stage(Verb.REVERSE_REPLICATE, waited=request.wait and request.wait_for == "protected")

    async def tell() -> dict[str, Any]:
        outcome = verb_outcome(session, Verb.REVERSE_REPLICATE, verb_run, foreseen)
        return {**outcome, "replication": _replication(session, verb_run, watch)}

    return await conclude(Verb.REVERSE_REPLICATE, request, watch, verb_run, tell)


def _replication(session: AzureSession, verb_run: VerbRun, watch: Watch) -> list[dict[str, Any]]:
    """Return what is sent to Azure for each machine that was started or attached to, and say so."""
    told = []
    for member in verb_run.after.members:
        name = verb_run.jobs.get(member.item.id)
        if name:
            told.append(replication_started(member.item, session.site_recovery.find_job(name)))
    for one in told:
        done = "" if one["percent_complete"] is None else f", {one['percent_complete']} % done"
        watch.report(f"{one['vm']}: {one['reason']}{done}")
    return told


def _write(session: AzureSession, member: Observation) -> Write:
    return Write((member,), lambda: session.site_recovery.reverse_replicate_item(member.item))


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> ReverseReplicateRequest:
    """Return what a task's options ask for."""
    return ReverseReplicateRequest(**common_options(parameters, check_mode), wait_for=parameters["wait_for"])


CONTRACT = Contract(
    "reverse_replicate",
    {"wait_for": {"type": "str", "default": "protected", "choices": ["job", "protected"]}, **ASSUME_OPTIONS},
    run,
    request_of,
)

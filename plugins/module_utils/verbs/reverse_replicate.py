# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reverse replicate: protect a machine again that is back on-premises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..azure.session import AzureSession
from ..copies.locks import refuse_read_only
from ..model.decisions import Verb, predicted_stage
from ..model.lifecycle import Observation, Stage
from ..model.look_age import Age
from ..model.replication_start import replication_started
from ..runner.contract import Contract
from ..runner.lifecycle_step import LifecycleStep, carry_out
from ..runner.loop import VerbRun, Write
from ..runner.options import ASSUME_OPTIONS
from ..runner.request import ReverseReplicateRequest, common_options
from ..runner.result import verb_outcome
from ..runner.services import Services
from ..runner.target import TargetView
from ..watch import Watch

_GOALS = {"job": frozenset({Stage.REVERSE_REPLICATING}), "protected": frozenset[Stage]()}


async def run(request: ReverseReplicateRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Start replication to Azure again and return the result of the module."""
    return await carry_out(_ReverseReplication(request, services, watch), services, request, watch)


class _ReverseReplication(LifecycleStep):
    """A recovery plan is done item by item: the plan's own call "no longer works", says the API definition since
    2025-01-01."""

    def __init__(self, request: ReverseReplicateRequest, services: Services, watch: Watch) -> None:
        super().__init__(Verb.REVERSE_REPLICATE, goal=_GOALS[request.wait_for])
        self._waits = request.wait and request.wait_for == "protected"
        self._session = services.azure
        self._watch = watch

    def writes(self, _view: TargetView, starts: Sequence[Observation]) -> list[Write]:
        """Reverse the replication of each VM."""
        refuse_read_only(self._session, {one.item.friendly_name: [one.item.id] for one in starts})
        return [_write(self._session, member) for member in starts]

    async def result(self, verb_run: VerbRun) -> dict[str, Any]:
        """Return the result of the module."""
        foreseen = predicted_stage(self.verb, waited=self._waits)
        outcome = verb_outcome(self._session, self.verb, verb_run, foreseen)
        return {**outcome, "replication": _replication(self._session, verb_run, self._watch)}


def _replication(session: AzureSession, verb_run: VerbRun, watch: Watch) -> list[dict[str, Any]]:
    """Return what is sent to Azure for each machine that was started or attached to, and say so."""
    told = []
    for member in verb_run.after.members:
        name = verb_run.jobs.get(member.item.id)
        if name:
            told.append(replication_started(member.item, session.site_recovery.find_job(name, Age.SEEN)))
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
    takes_many=True,
)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Complete failover: let a failback that has synchronized go on, and prove afterwards that one side runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..azure.session import AzureSession
from ..azure.site_recovery import Accepted
from ..copies.locks import refuse_locked
from ..copies.split_brain_check import SplitBrainCheck
from ..model.azure_locks import CUT_OVER
from ..model.decisions import Verb, predicted_stage
from ..model.failures import Refused
from ..model.jobs import Job
from ..model.lifecycle import Observation
from ..model.ownership import moved_besides
from ..runner.contract import Contract
from ..runner.gates import WindowGate
from ..runner.jobs import ended_or_waits
from ..runner.lifecycle_step import LifecycleStep, carry_out
from ..runner.loop import VerbRun, Write
from ..runner.options import ASSUME_OPTIONS, WINDOW_OPTIONS
from ..runner.request import CompleteFailoverRequest, common_options, window_of
from ..runner.result import verb_outcome
from ..runner.services import Services
from ..runner.target import TargetView
from ..watch import Watch

# What Microsoft's PowerShell module sends when no comment is given.
_NO_COMMENT = " "


async def run(request: CompleteFailoverRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Resume the job that waits, wait for its end and return the result of the module."""
    return await carry_out(_Completion(request, services), services, request, watch)


class _Completion(LifecycleStep):
    def __init__(self, request: CompleteFailoverRequest, services: Services) -> None:
        self._window = WindowGate(services.azure, request.window)
        # One that waits although it was resumed is not followed for as long as a cut-over may take.
        super().__init__(Verb.COMPLETE, stop=ended_or_waits, gate=self._window)
        self._request = request
        self._session = services.azure
        self._check = SplitBrainCheck(services, request)

    def writes(self, _view: TargetView, starts: Sequence[Observation]) -> list[Write]:
        """Resume each job that waits for one of the members."""
        jobs = {member.job.name: member.job for member in starts if member.job is not None}
        for job in jobs.values():
            _refuse_uncovered(job, _members_of(job, starts))
        if not self._request.predicts:
            # The request is made of the job, which is the vault's own.
            refuse_locked(self._session, [member.item for member in starts], CUT_OVER, self._session.vault_id)
            self._check.expect_off_on_premises(starts)
        return [_resume(self._session, job, _members_of(job, starts), self._request) for job in jobs.values()]

    async def result(self, verb_run: VerbRun) -> dict[str, Any]:
        """Return the result of the module."""
        foreseen = predicted_stage(self.verb, waited=self._request.wait)
        return {
            **verb_outcome(self._session, self.verb, verb_run, foreseen),
            "split_brain_check": self._check.prove(verb_run),
            **self._window.as_result(verb_run),
        }


def _resume(session: AzureSession, job: Job, members: Sequence[Observation], request: CompleteFailoverRequest) -> Write:
    def send() -> Accepted:
        accepted = session.site_recovery.resume_job(job.name, request.comments or _NO_COMMENT)
        # The operation of a resume is not a job: it is the resumed job that goes on.
        return replace(accepted, job_name=job.name)

    return Write(members, send)


def _refuse_uncovered(job: Job, members: Sequence[Observation]) -> None:
    """Refuse to resume a job that moves other VMs than those that are looked at before."""
    if not job.tells_every_machine:
        raise Refused(
            f"Job {job.name} of {job.target_name or 'an unnamed target'} does not report every VM that it would cut "
            "over.",
            "Nothing was written. Run the task again; if the job stays like this, check in the portal which VMs it "
            "covers, and complete it there.",
            job_id=job.name,
        )
    others = moved_besides(job, members)
    if others:
        raise Refused(
            f"Job {job.name} of {job.target_name} would cut over {', '.join(others)} as well, which this task does not "
            "name: the plan has changed since the job began.",
            "Nothing was written. Add these VMs to the plan again, run the task, and remove them afterwards.",
            job_id=job.name,
        )


def _members_of(job: Job, members: Sequence[Observation]) -> list[Observation]:
    return [member for member in members if member.job is not None and member.job.name == job.name]


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> CompleteFailoverRequest:
    """Return what a task's options ask for."""
    common = common_options(parameters, check_mode)
    return CompleteFailoverRequest(**common, comments=parameters["comments"] or "", window=window_of(parameters))


CONTRACT = Contract(
    "complete_failover",
    {"comments": {"type": "str"}, **WINDOW_OPTIONS, **ASSUME_OPTIONS},
    run,
    request_of,
    takes_many=True,
    asks_hosts=True,
)

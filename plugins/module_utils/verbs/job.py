# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancel or restart a job of Site Recovery, and read what that left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model.failures import FailbackError, NotTaken, asked
from ..runner.attempts import Attempts
from ..runner.contract import Contract
from ..runner.request import JobRequest, common_options
from ..runner.services import Services
from ..watch import Watch
from .job_cancel import cancel, owner_of
from .job_restart import last_ended_of, restart
from .job_subject import Subject


async def run(request: JobRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Bring the job to the requested state and return the result of the module.

    Every failure that leaves here says what was asked, whether a write was sent, and which side is authoritative.
    """
    session = services.azure
    cancels = request.state == "cancelled"
    with asked(f"{'Cancel' if cancels else 'Restart'} of {request.target}"):
        choose = owner_of if cancels else lambda view: last_ended_of(session, view)
        subject = Subject(session, request, watch, choose)
        try:
            return await _act(subject, Attempts(watch))
        except FailbackError as problem:
            subject.explain(problem)
            raise


async def _act(subject: Subject, attempts: Attempts) -> dict[str, Any]:
    """Look and act; where the one write was not taken, look again: by then the job may have ended."""
    while True:
        subject.find()
        try:
            return await (cancel(subject) if subject.request.state == "cancelled" else restart(subject))
        except NotTaken as refusal:
            await attempts.wait_after(refusal)


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> JobRequest:
    """Return what a task's options ask for."""
    return JobRequest(
        **common_options(parameters, check_mode),
        state=parameters["state"],
        name=parameters["name"] or "",
        accept_inconsistent_disks=parameters["accept_inconsistent_disks"],
    )


CONTRACT = Contract(
    "job",
    {
        "state": {"type": "str", "required": True, "choices": ["cancelled", "restarted"]},
        "name": {"type": "str", "aliases": ["job"]},
        "accept_inconsistent_disks": {"type": "bool", "default": False},
    },
    run,
    request_of,
    other_targets=("name",),
)

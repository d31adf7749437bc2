# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verb from its first look to its result: the loop, then its proofs. What goes wrong in these takes no write back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ..azure.site_recovery import DEFAULT_RETRY_AFTER
from ..model.failures import FailbackError, asked
from ..waiting import BRIEF, Stopped, try_patiently
from ..watch import Watch
from .loop import Procedure, VerbRun, run_procedure
from .request import Request
from .services import Services
from .target import target_of


class LifecycleStep(Procedure, ABC):
    """A verb that takes its target a stage further, and what a module returns of it."""

    @abstractmethod
    async def result(self, verb_run: VerbRun) -> dict[str, Any]:
        """Return the result of the module. It only reads, and is asked again while Azure cannot answer."""

    def keep(self, stopped: Stopped) -> None:
        """Keep what the result needs and a later task cannot read: here nothing."""


async def carry_out(step: LifecycleStep, services: Services, request: Request, watch: Watch) -> dict[str, Any]:
    """Take the target to where the request wants it, and return the result of the module.

    The result is tried again while Azure cannot answer. Every failure says what was asked, what had been written, and
    which side is authoritative.
    """
    try:
        return await _carry_out(step, services, request, watch)
    except Stopped as stopped:
        step.keep(stopped)
        raise


async def _carry_out(step: LifecycleStep, services: Services, request: Request, watch: Watch) -> dict[str, Any]:
    verb_run = await run_procedure(services, request, watch, step)
    interval = request.poll_interval or DEFAULT_RETRY_AFTER
    with asked(f"Check after the {step.verb.value} of {request.target}"):
        try:
            return await try_patiently(lambda: step.result(verb_run), watch, interval, patience=BRIEF)
        except Stopped as stopped:
            verb_run.keep(stopped)
            raise
        except FailbackError as problem:
            # What was seen before the proof may be minutes old.
            look = target_of(services.azure, verb_run.after).look
            verb_run.explain(problem, look, request, watch, has_seen_writes=True)
            raise

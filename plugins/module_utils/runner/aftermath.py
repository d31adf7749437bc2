# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes after a verb's writes: its proofs, and its result. What goes wrong here takes no write back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..azure.site_recovery import DEFAULT_RETRY_AFTER
from ..model.decisions import Verb
from ..model.failures import FailbackError, asked
from ..waiting import BRIEF, Steps, try_patiently
from ..watch import Watch
from .loop import VerbRun
from .request import Request


async def conclude(
    verb: Verb, request: Request, watch: Watch, verb_run: VerbRun, tell: Callable[[], Steps[dict[str, Any]]]
) -> dict[str, Any]:
    """Return what C(tell) does, which only reads: it is tried again while Azure cannot answer.

    Every failure that leaves here says what was asked, what had been written, and which side is authoritative.
    """
    with asked(f"Check after the {verb.value} of {request.target}"):
        try:
            return await try_patiently(tell, watch, request.poll_interval or DEFAULT_RETRY_AFTER, patience=BRIEF)
        except FailbackError as problem:
            verb_run.explain(problem)
            raise

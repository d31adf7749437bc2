# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancel or restart a job of Site Recovery, and read what that left."""

from __future__ import annotations

from typing import Any

from ..failback.failures import FailbackError, NotTaken, asked
from ..watch import Watch
from .attempts import Attempts
from .job_cancel import cancel, owner_of
from .job_restart import last_ended_of, restart
from .job_subject import Subject
from .services import Services
from .wishes import JobWish


def run(wish: JobWish, services: Services, watch: Watch) -> dict[str, Any]:
    """Bring the job to the wished state and return the result of the module.

    Every failure that leaves here says what was asked, whether a write was sent, and which side holds the truth.
    """
    session = services.azure
    cancels = wish.state == "cancelled"
    with asked(f"{'Cancel' if cancels else 'Restart'} of {wish.target}"):
        choose = owner_of if cancels else lambda view: last_ended_of(session, view)
        subject = Subject(session, wish, watch, choose)
        try:
            return _act(subject, Attempts(watch))
        except FailbackError as problem:
            subject.explain(problem)
            raise


def _act(subject: Subject, attempts: Attempts) -> dict[str, Any]:
    """Look and act; where the one write was not taken, look again: by then the job may have ended."""
    while True:
        subject.find()
        try:
            return cancel(subject) if subject.wish.state == "cancelled" else restart(subject)
        except NotTaken as refusal:
            attempts.wait_after(refusal)

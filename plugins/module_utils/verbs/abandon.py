# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undoing a cut-over before its commit: the on-premises VM goes off, the Azure VM starts, the item stays uncommitted.

Site Recovery has no such step and learns nothing of it. What is sent where, in this order: every on-premises copy is
stopped, all of them are read again, and only then Azure is asked to start its own.
"""

from __future__ import annotations

from typing import Any

from ..azure.site_recovery import DEFAULT_RETRY_AFTER
from ..failback.abandonment import no_longer_pending
from ..failback.decisions import Verb
from ..failback.failures import FailbackError, asked
from ..failback.lifecycle import Stage
from ..watch import Watch
from .following import read_patiently
from .outcomes import verb_outcome
from .services import Services
from .steps import Course, Procedure, run_procedure
from .truth import common
from .undoing import Undoing
from .wishes import AbandonWish

# From here it may be undone. The loop of the verbs takes a target there, or says why it cannot be.
_UNDONE_FROM = frozenset({Stage.FAILBACK_COMMIT_PENDING})


def run(wish: AbandonWish, services: Services, watch: Watch) -> dict[str, Any]:
    """Undo the cut-over of the target and return the result of the module."""
    session = services.azure
    course = run_procedure(session, wish, watch, Procedure(Verb.ABANDON, goal=_UNDONE_FROM))
    undoing = Undoing(wish, services, watch, course)
    with asked(f"Abandonment of {wish.target}"):
        try:
            if _may_be_undone(course):
                undoing.run()
            interval = wish.poll_interval or DEFAULT_RETRY_AFTER
            return read_patiently(lambda: _result(services, course, undoing), watch, interval)
        except FailbackError as problem:
            undoing.explain(problem)
            raise


def _may_be_undone(course: Course) -> bool:
    """Whether the target is where it can be undone: in check mode something else may run, which is not waited for."""
    return not no_longer_pending(course.after.members)


def _result(services: Services, course: Course, undoing: Undoing) -> dict[str, Any]:
    """Return the result. Site Recovery still takes on-premises for the active side; the sides are what counts."""
    outcome = verb_outcome(services.azure, Verb.ABANDON, course, None)
    told = {"fence": undoing.proof, "steps": undoing.steps, "abandoned": undoing.record()}
    if not _may_be_undone(course):
        return {**outcome, **told}
    held = {member.item.id: undoing.held_by(member.item.id) for member in course.after.members}
    return {
        **outcome,
        **told,
        "authoritative_side": common([one["authoritative_side"] for one in held.values()]),
        "reversible": all(one["reversible"] for one in held.values()),
        "members": [{**member, **held[member["id"]]} for member in outcome["members"]],
    }

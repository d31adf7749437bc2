# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commit of a failover or a failback. The latter deletes the Azure VM and its disks: what was there is noted before,
and looked for afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..failback.acceptance import AZURE, accepts
from ..failback.azure_locks import COMMIT, Obstacles, obstacles
from ..failback.decisions import Verb, predicted_stage
from ..failback.failures import Refused
from ..failback.fence import Sides
from ..failback.items import ReplicatedItem
from ..failback.lifecycle import Observation
from ..watch import Watch
from .aftermath import conclude
from .discards import Discards
from .gates import PolicyGate
from .leftovers import Leftovers, check_leftovers
from .locks import asked_of, locks_around, refuse_locked
from .outcomes import verb_outcome
from .proofs import Proofs
from .reading import View
from .services import Services
from .steps import Course, Procedure, Write, plan_or_items, run_procedure
from .verdicts import Fence
from .wishes import CommitWish


def run(wish: CommitWish, services: Services, watch: Watch) -> dict[str, Any]:
    """Commit the target and return the result of the module."""
    session, fence = services.azure, Fence(services, wish)
    proofs, gate = Proofs(session, wish), PolicyGate(session, wish.policy)
    discards = Discards(session, wish.discard_disks)

    def writes(view: View, starts: Sequence[Observation]) -> list[Write]:
        proofs.refuse_other_vms(view)
        if wish.verb is Verb.COMMIT_FAILBACK and not wish.predicts:
            discards.require(_items(starts))
            refuse_locked(session, _items(starts), COMMIT, *asked_of(view, starts))
            # It deletes the Azure VM: not while that runs or holds what is nowhere else, nor while the VM does not run
            # on-premises; and what was not seen is not taken for good.
            sides = fence.expect_on_premises(Course(view, view), starts, discards_azure=wish.discard_azure_changes)
            # Nobody can accept that another VM goes.
            said = {one.item.id for one in starts if accepts(wish.accept_unseen, one.item, AZURE)}
            _refuse_unknown([one for one in sides if one.azure.is_namesake or one.item_id not in said])
            proofs.require(starts, sides)
        service = session.site_recovery
        return plan_or_items(view, starts, service.commit_plan, lambda member: service.commit_item(member.item.id))

    course = run_procedure(session, wish, watch, Procedure(wish.verb, writes, gate=gate))
    committed = wish.verb is Verb.COMMIT_FAILBACK and not course.predicted

    def tell() -> dict[str, Any]:
        if not course.started:
            proofs.refuse_other_vms(course.before)
        outcome = verb_outcome(session, wish.verb, course, predicted_stage(wish.verb, waited=wish.wait))
        left = check_leftovers(session, wish, watch, course, fence.before) if committed else Leftovers()
        proof = fence.prove(course)
        awaited = [] if wish.predicts else course.held_members()
        if awaited:
            proofs.look(awaited, fence.after)
            discards.look(_items(awaited))
        in_the_way = obstacles(locks_around(session, _items(awaited)), COMMIT)
        return {
            **outcome,
            "azure_resources": left.as_result(),
            "fence": proof,
            "validation": proofs.as_result(),
            "unseen": proofs.unseen_as_result(),
            "would_be_deleted": discards.as_result() if course.predicted or awaited else [],
            **_with_doubts(_with_locks(gate.as_result(course), in_the_way), awaited, discards),
        }

    return conclude(wish.verb, wish, watch, course, tell)


def _items(members: Sequence[Observation]) -> list[ReplicatedItem]:
    return [member.item for member in members]


def _refuse_unknown(sides: Sequence[Sides]) -> None:
    """Refuse to delete what was not seen: what is at the name of a machine is not known to be its VM."""
    # One that is elsewhere no commit deletes: of that, a person may accept that it was not seen.
    unknown = [one for one in sides if one.azure_doubt and one.azure.is_target]
    if unknown:
        raise Refused(
            f"{'; '.join(f'{one.name}: {one.azure_doubt}' for one in unknown)}. A commit deletes the machine's own VM "
            "in Azure, which was not seen off.",
            "Nothing was written. Find the machine's VM in Azure (by its disks, or by the failover job, whose warning "
            "28175 names it), and see that it is off. Which VM its commit deletes this task cannot see: when that "
            "one may go, commit in the portal, and look there that the other VM stays.",
            sides=[one.as_result() for one in unknown],
        )


def _with_locks(held: dict[str, Any], found: Obstacles) -> dict[str, Any]:
    """Say of a commit that is held what will be in its way."""
    reason = f"{held['reason']}. {found.sentence}: remove the lock before" if found.ids else held["reason"]
    return {**held, "reason": reason, "locks": list(found.ids)}


def _with_doubts(held: dict[str, Any], awaited: Sequence[Observation], discards: Discards) -> dict[str, Any]:
    """Say of a commit that is held why nobody may commit it before something is settled."""
    doubts = [f"{member.item.friendly_name}: {member.doubt}" for member in awaited if member.doubt]
    lost = [discards.reason] if awaited and discards.reason else []
    return {**held, "reason": "; ".join([held["reason"], *doubts, *lost])}

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commit of a failover or a failback. The latter deletes the Azure VM and its disks: what was there is noted before,
and looked for afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ..copies.deletion import Discards
from ..copies.leftovers import Leftovers, check_leftovers
from ..copies.locks import asked_of, locks_around, refuse_locked
from ..copies.proofs import Proofs
from ..copies.split_brain_check import SplitBrainCheck
from ..model import commit_policy
from ..model.acceptance import AZURE, accepts, parse_acceptances
from ..model.azure_locks import COMMIT, Obstacles, obstacles
from ..model.commit_policy import CommitPolicy, parse_policy
from ..model.decisions import Verb, predicted_stage
from ..model.failures import Refused
from ..model.items import ReplicatedItem
from ..model.lifecycle import Observation
from ..model.split_brain import Sides
from ..runner.aftermath import conclude
from ..runner.contract import Contract
from ..runner.gates import PolicyGate
from ..runner.loop import Procedure, VerbRun, Write, plan_or_items, run_procedure
from ..runner.options import ASSUME_OPTIONS, DISCARD_DISKS_OPTION
from ..runner.request import CommitRequest, common_options
from ..runner.result import verb_outcome
from ..runner.services import Services
from ..runner.target import TargetView
from ..watch import Watch


async def run(request: CommitRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Commit the target and return the result of the module."""
    session, check = services.azure, SplitBrainCheck(services, request)
    proofs, gate = Proofs(session, request), PolicyGate(session, request.policy)
    discards = Discards(session, request.discard_disks)

    def writes(view: TargetView, starts: Sequence[Observation]) -> list[Write]:
        proofs.refuse_other_vms(view)
        if request.verb is Verb.COMMIT_FAILBACK and not request.predicts:
            discards.require(_items(starts))
            refuse_locked(session, _items(starts), COMMIT, *asked_of(view, starts))
            # It deletes the Azure VM: not while that runs or holds what is nowhere else, nor while the VM does not run
            # on-premises; and what was not seen is not taken for good.
            sides = check.expect_on_premises(VerbRun(view, view), starts, discards_azure=request.discard_azure_changes)
            # Nobody can accept that another VM goes.
            said = {one.item.id for one in starts if accepts(request.accept_unseen, one.item, AZURE)}
            _refuse_unknown([one for one in sides if one.azure.is_namesake or one.item_id not in said])
            proofs.require(starts, sides)
        service = session.site_recovery
        return plan_or_items(view, starts, service.commit_plan, lambda member: service.commit_item(member.item.id))

    verb_run = await run_procedure(session, request, watch, Procedure(request.verb, writes, gate=gate))
    committed = request.verb is Verb.COMMIT_FAILBACK and not verb_run.predicted

    async def tell() -> dict[str, Any]:
        if not verb_run.started:
            proofs.refuse_other_vms(verb_run.before)
        outcome = verb_outcome(session, request.verb, verb_run, predicted_stage(request.verb, waited=request.wait))
        left = await check_leftovers(session, request, watch, verb_run, check.before) if committed else Leftovers()
        proof = check.prove(verb_run)
        awaited = [] if request.predicts else verb_run.held_members()
        if awaited:
            proofs.look(awaited, check.after)
            discards.look(_items(awaited))
        in_the_way = obstacles(locks_around(session, _items(awaited)), COMMIT)
        return {
            **outcome,
            "azure_resources": left.as_result(),
            "split_brain_check": proof,
            "validation": proofs.as_result(),
            "unseen": proofs.unseen_as_result(),
            "would_be_deleted": discards.as_result() if verb_run.predicted or awaited else [],
            **_with_doubts(_with_locks(gate.as_result(verb_run), in_the_way), awaited, discards),
        }

    return await conclude(request.verb, request, watch, verb_run, tell)


def _items(members: Sequence[Observation]) -> list[ReplicatedItem]:
    return [member.item for member in members]


def _refuse_unknown(sides: Sequence[Sides]) -> None:
    """Refuse to delete what was not seen: what is at the name of a machine is not known to be its VM."""
    # One that is elsewhere no commit deletes: of that, a person may accept that it was not seen.
    unknown = [one for one in sides if one.azure_doubt and one.azure.is_target]
    if unknown:
        raise Refused(
            f"{'; '.join(f'{one.name}: {one.azure_doubt}' for one in unknown)}. A commit deletes the machine's own VM "
            "in Azure, which was not seen to be off.",
            "Nothing was written. Find the machine's VM in Azure (by its disks, or by the failover job, whose warning "
            "28175 names it), and see that it is off. This task cannot see which VM its commit deletes: if that "
            "one may be deleted, commit in the portal, and make sure there that the other VM remains.",
            sides=[one.as_result() for one in unknown],
        )


def _with_locks(held: dict[str, Any], found: Obstacles) -> dict[str, Any]:
    """Say of a commit that is held what will be in its way."""
    reason = f"{held['reason']}. {found.sentence}: remove the lock first" if found.ids else held["reason"]
    return {**held, "reason": reason, "locks": list(found.ids)}


def _with_doubts(held: dict[str, Any], awaited: Sequence[Observation], discards: Discards) -> dict[str, Any]:
    """Say of a commit that is held why nobody may commit it before something is settled."""
    doubts = [f"{member.item.friendly_name}: {member.doubt}" for member in awaited if member.doubt]
    lost = [discards.reason] if awaited and discards.reason else []
    return {**held, "reason": "; ".join([held["reason"], *doubts, *lost])}


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> CommitRequest:
    """Return what a task's options ask for."""
    policy = parse_policy(parameters["policy"], parameters["not_before"] or "")
    of_failback = parameters["direction"] == "failback"
    return CommitRequest(
        **common_options(parameters, check_mode),
        verb=Verb.COMMIT_FAILBACK if of_failback else Verb.COMMIT_FAILOVER,
        # The other commit deletes nothing: there is nothing to prove before it, and nothing to hold it for.
        policy=policy if of_failback else CommitPolicy(commit_policy.NOW),
        validation=parameters["validation"],
        validation_max_age=timedelta(seconds=parameters["validation_max_age"]),
        discard_azure_changes=parameters["discard_azure_changes"],
        discard_disks=tuple(parameters["discard_disks"]),
        accept_unseen=parse_acceptances(parameters["accept_unseen"]),
    )


CONTRACT = Contract(
    "commit",
    {
        "direction": {"type": "str", "default": "failback", "choices": ["failback", "failover"]},
        "policy": {
            "type": "str",
            "default": commit_policy.AFTER_VALIDATION,
            "choices": list(commit_policy.CHOICES),
        },
        "not_before": {"type": "str"},
        "validation": {"type": "dict"},
        "validation_max_age": {"type": "int", "default": 86400},
        "discard_azure_changes": {"type": "bool", "default": False},
        "discard_disks": DISCARD_DISKS_OPTION,
        "accept_unseen": {"type": "raw"},
        **ASSUME_OPTIONS,
    },
    run,
    request_of,
    asks_hosts=True,
)

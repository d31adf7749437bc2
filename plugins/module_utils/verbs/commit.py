# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commit of a failover or a failback. The latter deletes the Azure VM and its disks: what was there is noted before,
and looked for afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ..azure.site_recovery import Accepted
from ..copies.deletion import Discards
from ..copies.leftovers import Leftovers, check_leftovers
from ..copies.locks import asked_by_name, asked_of, locks_around, refuse_locked, refuse_read_only
from ..copies.proofs import Proofs
from ..copies.split_brain_check import SplitBrainCheck, storage_doubt
from ..model import commit_policy
from ..model.acceptance import AZURE, ON_PREMISES, accepts, parse_acceptances
from ..model.azure_locks import COMMIT, Obstacles, obstacles
from ..model.commit_policy import CommitPolicy, parse_policy
from ..model.confirmation import refuse_unconfirmed
from ..model.decisions import Verb, predicted_stage
from ..model.failures import FailbackError, FateUnknown, Refused
from ..model.items import ReplicatedItem
from ..model.lifecycle import Observation
from ..model.split_brain import Sides
from ..runner.contract import Contract
from ..runner.gates import PolicyGate
from ..runner.lifecycle_step import LifecycleStep, carry_out
from ..runner.loop import VerbRun, Write, plan_or_items
from ..runner.options import ASSUME_OPTIONS, DISCARD_DISKS_OPTION
from ..runner.request import CommitRequest, common_options
from ..runner.result import verb_outcome
from ..runner.services import Services
from ..runner.target import TargetView
from ..watch import Watch


async def run(request: CommitRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Commit the target and return the result of the module."""
    step = _Commit(request, services, watch)
    try:
        return await carry_out(step, services, request, watch)
    except FailbackError as problem:
        step.explain(problem)
        raise


class _Commit(LifecycleStep):
    def __init__(self, request: CommitRequest, services: Services, watch: Watch) -> None:
        self._policy = PolicyGate(services.azure, request.policy)
        super().__init__(request.verb, gate=self._policy)
        self._request = request
        self._session = services.azure
        self._watch = watch
        self._check = SplitBrainCheck(services, request, beyond_site=True)
        self._proofs = Proofs(services.azure, request)
        self._discards = Discards(services.azure, request.discard_disks, discards_azure=request.discard_azure_changes)

    def writes(self, view: TargetView, starts: Sequence[Observation]) -> list[Write]:
        """Commit the plan or its VMs."""
        self._proofs.refuse_other_vms(view)
        if self.verb is Verb.COMMIT_FAILOVER:
            refuse_read_only(self._session, asked_by_name(view, starts))
        elif not self._request.predicts:
            self._require_what_a_deletion_needs(view, starts)
        service = self._session.site_recovery
        return [
            replace(write, send=self._noted(write))
            for write in plan_or_items(
                view, starts, service.commit_plan, lambda member: service.commit_item(member.item.id)
            )
        ]

    def _noted(self, write: Write) -> Callable[[], Accepted]:
        """Return what sends a write and takes note of it, also where its fate is not known."""
        ids = [member.item.id for member in write.members]

        def send() -> Accepted:
            try:
                accepted = write.send()
            except FateUnknown:
                self._discards.sent(ids)
                raise
            self._discards.sent(ids)
            return accepted

        return send

    def explain(self, problem: FailbackError) -> None:
        """Add to a failure what the commit gives up that was sent all the same."""
        if given_up := self._discards.given_up():
            problem.details["discarded"] = given_up

    def _require_what_a_deletion_needs(self, view: TargetView, starts: Sequence[Observation]) -> None:
        """The commit of a failback deletes the Azure VM: not while that runs or holds what is nowhere else, nor while
        the VM does not run on-premises; and what was not seen is not taken for good."""
        request = self._request
        self._discards.require(_items(starts))
        if request.confirmed is not None:
            unknown = self._discards.unknown(_items(starts))
            refuse_unconfirmed(unknown, self._discards.as_result(), request.confirmed)
        refuse_locked(self._session, _items(starts), COMMIT, *asked_of(view, starts))
        discards = request.discard_azure_changes
        unseen = {one.item.id for one in starts if accepts(request.accept_unseen, one.item, ON_PREMISES)}
        run = VerbRun(view, view)
        sides = self._check.expect_on_premises(run, starts, discards_azure=discards, accepted=unseen)
        # Nobody can accept that another VM goes.
        said = {one.item.id for one in starts if accepts(request.accept_unseen, one.item, AZURE)}
        _refuse_unknown([one for one in sides if one.azure.is_namesake or one.item_id not in said])
        self._proofs.require(starts, sides)
        self._discards.note(sides)

    async def result(self, verb_run: VerbRun) -> dict[str, Any]:
        """Return the result of the module."""
        session, request = self._session, self._request
        if not verb_run.started:
            self._proofs.refuse_other_vms(verb_run.before)
        outcome = verb_outcome(session, self.verb, verb_run, predicted_stage(self.verb, waited=request.wait))
        left = await self._leftovers(verb_run)
        proof = self._check.prove(verb_run)
        awaited = [] if request.predicts else verb_run.held_members()
        if request.predicts and self.verb is Verb.COMMIT_FAILBACK:
            foreseen = verb_run.predicted | verb_run.held
            self._discards.look(_items([one for one in verb_run.after.members if one.item.id in foreseen]))
            self._discards.note([])
        if awaited:
            self._proofs.look(awaited, self._check.after)
            self._discards.look(_items(awaited))
        in_the_way = obstacles(locks_around(session, _items(awaited)), COMMIT)
        held = _with_locks(self._policy.as_result(verb_run), in_the_way)
        return {
            **outcome,
            "azure_resources": left.as_result(),
            "split_brain_check": proof,
            "validation": self._proofs.as_result(),
            "unseen": self._proofs.unseen_as_result(),
            "would_be_deleted": self._discards.as_result() if verb_run.predicted or verb_run.held else [],
            "discarded": self._discards.given_up(verb_run.predicted),
            "confirmed_by": request.confirmed_by or None if verb_run.started or verb_run.predicted else None,
            **_with_doubts(held, awaited, self._discards.reason, storage_doubt(self._check.after)),
        }

    async def _leftovers(self, verb_run: VerbRun) -> Leftovers:
        if self.verb is not Verb.COMMIT_FAILBACK or verb_run.predicted:
            return Leftovers()
        return await check_leftovers(self._session, self._request, self._watch, verb_run, self._check.before)


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


def _with_doubts(held: dict[str, Any], awaited: Sequence[Observation], *more: str) -> dict[str, Any]:
    """Say of a commit that is held why nobody may commit it before something is settled."""
    doubts = [f"{member.item.friendly_name}: {member.doubt}" for member in awaited if member.doubt]
    others = filter(None, more) if awaited else ()
    return {**held, "reason": "; ".join([held["reason"], *doubts, *others])}


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
        confirmed=None if parameters["confirmed"] is None else tuple(parameters["confirmed"]),
        confirmed_by=parameters["confirmed_by"] or "",
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
        "confirmed": {"type": "list", "elements": "str"},
        "confirmed_by": {"type": "str"},
        **ASSUME_OPTIONS,
    },
    run,
    request_of,
    takes_many=True,
    asks_hosts=True,
)

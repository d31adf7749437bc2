# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One undo of a failback: what was planned for each machine, what was done, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ..azure.site_recovery import DEFAULT_RETRY_AFTER
from ..model.attestation import vouched_of_each
from ..model.azure_resources import AzureVm
from ..model.failures import (
    Contradiction,
    FailbackError,
    FateUnknown,
    NotFound,
    NotTaken,
    Orphaned,
    PermissionDenied,
    Refused,
    ServiceError,
    Unreachable,
    as_sentence,
)
from ..model.json_path import stamp
from ..model.lifecycle import Observation
from ..model.split_brain import Sides, split_brain_result
from ..model.undo_rules import (
    KEEP_OFF,
    SCHEMA_VERSION,
    START,
    START_ON_PREMISES,
    STAYS,
    Objection,
    Undo,
    is_lost,
    no_longer_pending,
    objection_to_start,
    plan_undo,
    remains_up,
    truth_by_sides,
    vouched_for,
)
from ..runner.attempts import Attempts
from ..runner.authority import authority_of
from ..runner.loop import VerbRun
from ..runner.refusals import failed_members
from ..runner.request import UndoFailbackRequest
from ..runner.services import Services
from ..runner.target import cut_over_at, service_time, target_of
from ..waiting import BRIEF, read_patiently
from ..watch import Watch
from . import azure_power
from .changes import NAMES, Change, Changes
from .host_power import Begin, HostPower, LookAgain
from .split_brain_check import SplitBrainCheck

Read = TypeVar("Read")

_NOTHING_DONE = "Nothing was stopped or started."
_WAYS_OUT = (
    "There are two options. Remove what keeps Azure from starting the VM, then run the task again: it continues from "
    f"here. Or abandon the undo: make sure that the Azure VM does not run, {START_ON_PREMISES}; the failback is then "
    "as it was."
)


_IF_COMMITTED = (
    "Check in the portal what it is. If it is a commit, that deletes the VM in Azure, and there is no way back to it: "
    f"wait for its end, then {START_ON_PREMISES}. If it is anything else, wait for its end, then run the task again."
)


class UndoCutover:
    """Undoes the cut-over of every member of a target that is not undone yet.

    C(proof) is what was seen of both sides. Nothing is started in Azure while an on-premises copy of any member is up,
    or could not be asked and nobody vouches for it; nor what awaits the commit of its failback no more.
    """

    def __init__(self, request: UndoFailbackRequest, services: Services, watch: Watch, verb_run: VerbRun) -> None:
        self._request = request
        self._services = services
        self._watch = watch
        self._verb_run = verb_run
        # Hosts are asked anew each time: an answer that is two minutes old proves nothing before a start.
        self._split_brain_check = SplitBrainCheck(services, request, anew=True, beyond_site=True)
        # The places that could not tell, and that somebody vouches for, by item id.
        self._vouched: dict[str, list[str]] = {}
        self._target = target_of(services.azure, verb_run.after)
        self._changes = Changes(self._time)
        self._touches_hosts = self._touches_azure = self._has_ways_out = False
        self.proof = split_brain_result([], [])

    async def run(self) -> None:
        """Undo it, unless it is undone already."""
        undos = self._plan()
        self._verb_run.changed = any(undo.changes for undo in undos)
        if self._request.check_mode:
            self.proof = split_brain_result(self._split_brain_check.before, [])
            return
        await self._bring_down(undos)
        await self._bring_up(undos)
        await self._prove()

    def _plan(self) -> list[Undo]:
        """Look at both sides and decide for every member, before anything is done to one of them. Raises Refused."""
        seen = self._split_brain_check.before = self._split_brain_check.look(self._members)
        places = vouched_of_each(self._request.attested_off, seen)
        self._vouched = {one.item_id: vouched_for(one, places[one.item_id]) for one in seen}
        made = [self._decide(one) for one in seen]
        undos = [one for one in made if isinstance(one, Undo)]
        objections = [one for one in made if isinstance(one, Objection)]
        objections += filter(None, (self._objection_to_start(undo) for undo in undos if not undo.is_started))
        if objections:
            raise Refused(
                f"{'; '.join(one.happened for one in objections)}.",
                " ".join([_NOTHING_DONE, *dict.fromkeys(one.remedy for one in objections)]),
                sides=[one.as_result() for one in seen],
            )
        return undos

    def _decide(self, sides: Sides) -> Undo | Objection:
        return plan_undo(sides, force_off=self._request.force_off, vouched=self._vouched[sides.item_id])

    @property
    def _members(self) -> Sequence[Observation]:
        return self._verb_run.after.members

    def _objection_to_start(self, undo: Undo) -> Objection | None:
        """Say why Azure would not start a machine: known before the other copy of it is stopped."""
        name, vm_id = undo.sides.name, undo.sides.azure.place
        try:
            permissions = self._services.azure.resources.permissions(vm_id)
            locks = self._services.azure.resources.locks(vm_id)
        except (PermissionDenied, NotFound) as hidden:
            return Objection(
                f"Whether the Azure VM of {name} may be started is not known: {hidden.happened.rstrip('.')}",
                "Let the caller read permissions and locks there, which Reader does.",
            )
        return objection_to_start(name, permissions, locks)

    async def _bring_down(self, undos: Sequence[Undo]) -> None:
        """Stop the on-premises copies, in the opposite of the order in which a plan starts its machines."""
        for undo in reversed(undos):
            for stop in undo.stops:
                self._touches_hosts = True
                begin = self._beginner(undo.sides, stop.copy.place)
                look_again = self._looker(undo.sides.item_id, stop.copy.place)
                await HostPower(self._services, self._request, self._watch, stop, begin, look_again).bring_down()

    def _beginner(self, sides: Sides, place: str) -> Begin:
        async def begin(what: str, before: str) -> Change:
            # The look last: reading the time may take as long as Azure does not answer.
            at = await self._time(sides.item_id)
            await self._look_before(sides.item_id, f"{NAMES[what]} on {place}")
            return self._changes.begin(sides.item_id, sides.name, what, place, before, at)

        return begin

    def _looker(self, item_id: str, place: str) -> LookAgain:
        def look_again(what: str) -> None:
            try:
                self._look_at(item_id, f"{NAMES[what]} on {place}")
            except (Unreachable, ServiceError) as unread:
                # Others wait for the host meanwhile.
                raise NotTaken(unread) from unread

        return look_again

    async def _look_before(self, item_id: str, change: str) -> None:
        """Ask anew what allows a change on a host: it may come long after the decision, behind other machines' changes
        and the time that a guest took. Raises Contradiction."""
        attempts = Attempts(self._watch)
        while True:
            await self._patiently(lambda: self._look_at(item_id, change))
            try:
                self._watch.look.require_fresh(0)
            except NotTaken as too_old:
                await attempts.wait_after(too_old)
            else:
                return

    def _look_at(self, item_id: str, change: str) -> None:
        self._watch.look.begin()
        self._require_pending(item_id, change)
        (seen,) = self._split_brain_check.look([self._member(item_id)])
        if self.steps:
            self._refuse_lost([seen])
        found = self._decide(seen)
        if isinstance(found, Objection):
            raise Contradiction(
                f"A check before the {change} found: {found.happened}.",
                f"It was not sent. {found.remedy}",
                sides=[seen.as_result()],
            )

    async def _time(self, item_id: str) -> str:
        item = self._member(item_id).item
        return (await self._patiently(lambda: service_time(self._services.azure, item))).isoformat()

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The changes that were made, or may have been: each from the moment that its request was sent."""
        return self._changes.steps

    def _member(self, item_id: str) -> Observation:
        return next(member for member in self._members if member.item.id == item_id)

    async def _patiently(self, read: Callable[[], Read]) -> Read:
        """Read while Azure cannot answer: half-way is the worst place to end in."""
        interval = self._request.poll_interval or DEFAULT_RETRY_AFTER
        return await read_patiently(read, self._watch, interval, patience=BRIEF)

    async def _bring_up(self, undos: Sequence[Undo]) -> None:
        """Start the Azure copies, in the plan's order, once every on-premises copy of all of them is proved off.

        One that Azure does not start keeps no other down.
        """
        coming = [undo for undo in undos if not undo.is_done]
        if sum(not undo.is_started for undo in coming) > 1:
            await self._prove_off(self._members)
        failures = [problem for undo in coming if (problem := await self._failure_to_start(undo)) is not None]
        if failures:
            self._has_ways_out = not all(isinstance(problem, Contradiction) for problem in failures)
            raise failed_members(failures)

    async def _failure_to_start(self, undo: Undo) -> FailbackError | None:
        """Start the Azure copy of a machine; return what came in between. Raises Orphaned: nothing more is sent."""
        try:
            await self._start(undo)
        except Orphaned:
            raise
        except FailbackError as problem:
            return problem
        return None

    async def _prove_off(self, members: Sequence[Observation]) -> list[Sides]:
        seen = await self._patiently(lambda: self._split_brain_check.look(members))
        loose = [(one.name, words) for one in seen if (words := remains_up(one, vouched=self._vouched[one.item_id]))]
        if loose:
            raise Contradiction(
                f"Before the start in Azure, not every on-premises copy is proved off: "
                f"{'; '.join(f'{name}: {words}' for name, words in loose)}.",
                f"{', '.join(name for name, _words in loose)}: nothing was started in Azure. Find out what starts the "
                "VM, or why its host is not seen, then run the task again.",
                sides=[one.as_result() for one in seen],
            )
        return seen

    def _refuse_lost(self, seen: Sequence[Sides]) -> None:
        """Refuse to go on towards an Azure VM that is not there any more, or is about to go. Raises Contradiction."""
        lost = [(one.name, words) for one in seen if (words := is_lost(one))]
        if lost:
            raise Contradiction(
                "Before the start in Azure, the VM there is no longer available: "
                f"{'; '.join(f'{name}: {words}' for name, words in lost)}.",
                "It was not started. Find out who deletes or changes it (Azure's activity log). If it is being "
                f"deleted, {START_ON_PREMISES}; otherwise run the task again when that has ended.",
                sides=[one.as_result() for one in seen],
            )

    async def _start(self, undo: Undo) -> None:
        vm, session = undo.sides.azure_vm, self._services.azure
        if vm is None:
            return
        change, unknown = (None, None) if undo.is_started else await self._send_start(undo.sides, vm)
        if self._request.wait:
            try:
                await azure_power.await_running(session, self._request, self._watch, vm, unknown)
            except ServiceError as failed:
                if change is not None:
                    change.explain(failed.happened)
                raise
        elif unknown is not None:
            raise unknown
        if change is not None and self._request.wait:
            await change.led_to("running", "Azure compute")

    async def _send_start(self, sides: Sides, vm: AzureVm) -> tuple[Change, FateUnknown | None]:
        """Ask Azure for the start of a machine, again after a look where it was not taken."""
        attempts = Attempts(self._watch)
        while True:
            at = await self._time(sides.item_id)
            change = self._changes.begin(sides.item_id, sides.name, START, vm.id, vm.power, at)
            try:
                return change, await self._look_and_start(sides.item_id, vm)
            except NotTaken as refusal:
                change.was_refused()
                await attempts.wait_after(refusal)
            except FailbackError:
                # Nothing was sent, or Azure said no: an answer that got lost is no exception here.
                change.was_refused()
                raise

    async def _look_and_start(self, item_id: str, vm: AzureVm) -> FateUnknown | None:
        """Ask anew what allows the start, as minutes may have passed since, and then for the start."""
        self._watch.look.begin()
        self._refuse_lost(await self._prove_off([self._member(item_id)]))
        await self._patiently(lambda: self._require_pending(item_id, "start in Azure"))
        self._touches_azure = True
        try:
            return azure_power.start(self._services.azure, self._watch, vm)
        finally:
            self._watch.look.changed()

    def _require_pending(self, item_id: str, change: str) -> None:
        gone = no_longer_pending([self._target.look_at(item_id)])
        if gone:
            raise Contradiction(f"A check before the {change} found: {gone}.", f"That was not done. {_IF_COMMITTED}")

    async def _prove(self) -> None:
        """Read the target and both sides once more: its commit is still ahead, and exactly the Azure copies run."""
        self._verb_run.after = await self._patiently(self._target.look)
        gone = no_longer_pending(self._members)
        if gone:
            raise Contradiction(f"While the failback was being undone, something else began: {gone}.", _IF_COMMITTED)
        if not self._request.wait:
            self._split_brain_check.after = await self._patiently(lambda: self._split_brain_check.look(self._members))
            self.proof = split_brain_result(self._split_brain_check.before, self._split_brain_check.after)
            return
        self.proof = await self._patiently(lambda: self._split_brain_check.expect_azure_alone(self._verb_run))

    def outcome_of(self, item_id: str) -> dict[str, Any]:
        """Return which side is authoritative of a machine, and whether its Azure VM is there: proved, or in check mode
        predicted, where the end is waited for; else by what the sides show."""
        if self._request.wait or self._request.check_mode:
            return {"authoritative_side": "azure", "reversible": True}
        seen = [one for one in self._split_brain_check.after if one.item_id == item_id]
        told = truth_by_sides(seen, self._changes.stopped, self._changes.started)
        return {key: told[key] for key in ("authoritative_side", "reversible")}

    def explain(self, problem: FailbackError) -> None:
        """Fill in what a failure does not know: what was done, which side is authoritative, the ways out."""
        problem.wrote = problem.wrote or bool(self.steps)
        problem.details["steps"] = self.steps
        problem.authority = problem.authority or self._truth()
        self._tell_what_began(problem)
        problem.remedy = " ".join(filter(None, (problem.remedy, self._what_else(problem))))

    def _tell_what_began(self, problem: FailbackError) -> None:
        """Add to a failure of one machine that something else has begun with another, as it was read last."""
        gone = no_longer_pending(self._members) if self._touches_hosts or self._touches_azure else ""
        if gone and not isinstance(problem, Contradiction):
            problem.happened = f"{as_sentence(problem.happened)} Meanwhile something else began: {gone}"
            problem.remedy = f"{as_sentence(problem.remedy)} {_IF_COMMITTED}".lstrip(" .")

    def _what_else(self, problem: FailbackError) -> str:
        """Return what to do besides, by how far it went. A contradiction has said so."""
        if isinstance(problem, Contradiction) and not self._has_ways_out:
            return ""
        if self._touches_azure:
            return _WAYS_OUT
        return "Nothing was started in Azure." if self._touches_hosts else ""

    def _truth(self) -> dict[str, Any]:
        """Return what both sides show, read anew where something was done since they were looked at."""
        seen = self._split_brain_check.before
        if self._touches_hosts or self._touches_azure:
            try:
                self._verb_run.after = self._target.look()
                seen = self._split_brain_check.look(self._members)
            except FailbackError as unread:
                self._watch.report(f"{self._request.target} could not be read again: {unread.happened}")
                known = authority_of(self._verb_run.before, self._verb_run.after, read_again=False)
                sentence = "Which copy runs could not be read again"
                return {**known, "sentence": sentence, "authoritative_side": None, "reversible": None}
        known = authority_of(self._verb_run.before, self._verb_run.after)
        if not seen:
            return known
        told = truth_by_sides(seen, self._changes.stopped, self._changes.started)
        # A commit that runs closes the way back, though the Azure VM may still be there.
        return {**known, **told, "reversible": known["reversible"] and told["reversible"]}

    def record(self) -> dict[str, Any]:
        """Return the record of the undo: what was stopped and started, when, and who vouches for what."""
        seen = self._split_brain_check.after or self._split_brain_check.before
        return {
            "schema_version": SCHEMA_VERSION,
            "vault": self._services.azure.vault_id,
            "reason": self._request.reason,
            "attested_off": dict(self._request.attested_off),
            "note": STAYS,
            "vms": [self._record_of(one) for one in seen],
        }

    def _record_of(self, sides: Sides) -> dict[str, Any]:
        mine = self._changes.of(sides.item_id)
        downs = [step for step in mine if step["what"] not in (KEEP_OFF, START)]
        ups = [step for step in mine if step["what"] == START]
        cut_over = cut_over_at(self._services.azure, self._member(sides.item_id))
        return {
            "id": sides.item_id,
            "name": sides.name,
            "cut_over_at": stamp(cut_over),
            "stopped_at": downs[-1]["at"] if downs else None,
            "hosts": [copy.place for copy in sides.on_premises if copy.is_there],
            "started_at": ups[-1]["at"] if ups else None,
            "azure_vm": sides.azure.place,
            "automatic_start_action": [
                {key: step[key] for key in ("where", "before", "after")} for step in mine if step["what"] == KEEP_OFF
            ],
            "vouched_for": vouched_for(sides, self._vouched.get(sides.item_id, ())),
        }

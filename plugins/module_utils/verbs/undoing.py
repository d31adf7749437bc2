# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One abandonment: what was planned for each machine, what was done, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ..azure.site_recovery import DEFAULT_RETRY_AFTER
from ..failback.abandonment import (
    SCHEMA_VERSION,
    STAYS,
    Objection,
    Stop,
    Undo,
    objection_to_start,
    plan_undo,
    remains_up,
    truth_by_sides,
    vouched_for,
)
from ..failback.attestation import vouched_places
from ..failback.failures import Contradiction, FailbackError, NotFound, PermissionDenied, Refused
from ..failback.fence import Sides, fence_result
from ..failback.lifecycle import Observation
from ..watch import Watch
from . import azure_power
from .following import read_patiently
from .host_power import HostPower
from .reading import cut_over_at, service_time
from .services import Services
from .steps import Course
from .truth import MIXED, truth_of
from .verdicts import Fence
from .wishes import AbandonWish

Read = TypeVar("Read")

_NOTHING_DONE = "Nothing was stopped or started."
_WAYS_OUT = (
    "There are two ways out. Remove what keeps Azure from starting the VM, then run the task again: it goes on from "
    "here. Or give the abandonment up: see that the Azure VM does not run, start the on-premises VM (Start-VM), and "
    "set its automatic start action back; the failback is then as it was."
)


class Undoing:
    """Undoes the cut-over of every member of a target that is not undone yet.

    C(steps) are the changes that were made, C(proof) what was seen of both sides. Nothing is started in Azure while an
    on-premises copy of any member is up, or could not be asked and nobody vouches for it.
    """

    def __init__(self, wish: AbandonWish, services: Services, watch: Watch, course: Course) -> None:
        self._wish = wish
        self._services = services
        self._watch = watch
        self._course = course
        # Hosts are asked anew each time: an answer that is two minutes old proves nothing before a start.
        self._fence = Fence(services, wish, max_age_elsewhere=0)
        # The places that could not be asked, and that somebody vouches for, by item id.
        self._vouched: dict[str, list[str]] = {}
        self._stopped: set[str] = set()
        self._touches_hosts = self._touches_azure = False
        self.steps: list[dict[str, Any]] = []
        self.proof = fence_result([], [])

    def run(self) -> None:
        """Undo it, unless it is undone already."""
        undos = self._plan()
        self._course.changed = any(undo.changes for undo in undos)
        if self._wish.check_mode:
            self.proof = fence_result(self._fence.before, [])
            return
        self._bring_down(undos)
        self._bring_up(undos)
        self._prove()

    def _plan(self) -> list[Undo]:
        """Look at both sides and decide for every member, before anything is done to one of them. Raises Refused."""
        self._fence.before = self._fence.look(self._members)
        places = vouched_places(self._wish.attested_off, self._fence.before)
        self._vouched = {one.item_id: vouched_for(one, places) for one in self._fence.before}
        made = [plan_undo(one, force_off=self._wish.force_off, vouched=places) for one in self._fence.before]
        undos = [one for one in made if isinstance(one, Undo)]
        objections = [one for one in made if isinstance(one, Objection)]
        objections += filter(None, (self._objection_to_start(undo) for undo in undos if not undo.is_started))
        if objections:
            raise Refused(
                f"{'; '.join(one.happened for one in objections)}.",
                " ".join([_NOTHING_DONE, *dict.fromkeys(one.remedy for one in objections)]),
                sides=[one.as_result() for one in self._fence.before],
            )
        return undos

    @property
    def _members(self) -> Sequence[Observation]:
        return self._course.after.members

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

    def _bring_down(self, undos: Sequence[Undo]) -> None:
        """Stop the on-premises copies, in the opposite of the order in which a plan starts its machines."""
        for undo in reversed(undos):
            for stop in undo.stops:
                self._touches_hosts = True
                told = self._teller(undo.sides, stop)
                HostPower(self._services, self._wish, self._watch, stop, told).bring_down()

    def _teller(self, sides: Sides, stop: Stop) -> Callable[[str, dict[str, Any], dict[str, Any]], None]:
        def told(what: str, before: dict[str, Any], after: dict[str, Any]) -> None:
            key = "automatic_start_action" if what == "hold" else "state"
            if what != "hold":
                self._stopped.add(sides.item_id)
            self._tell(sides, what, stop.copy.place, before[key], after[key], f"host {stop.copy.place}")

        return told

    def _tell(self, sides: Sides, what: str, where: str, before: str, after: str, seen_by: str) -> None:
        item = self._member(sides).item
        at = self._patiently(lambda: service_time(self._services.azure, item)).isoformat()
        step = {"vm": sides.name, "what": what, "where": where, "before": before, "after": after}
        self.steps.append({**step, "at": at, "seen_by": seen_by})

    def _member(self, sides: Sides) -> Observation:
        return next(member for member in self._members if member.item.id == sides.item_id)

    def _patiently(self, read: Callable[[], Read]) -> Read:
        """Read while Azure cannot answer: half-way is the worst place to end in."""
        return read_patiently(read, self._watch, self._wish.poll_interval or DEFAULT_RETRY_AFTER)

    def _bring_up(self, undos: Sequence[Undo]) -> None:
        """Start the Azure copies, in the plan's order, once every on-premises copy of all of them is proved off."""
        coming = [undo for undo in undos if not undo.is_done]
        if any(not undo.is_started for undo in coming):
            self._prove_off()
        for undo in coming:
            self._start(undo)

    def _prove_off(self) -> None:
        seen = self._patiently(lambda: self._fence.look(self._members))
        loose = [(one.name, words) for one in seen if (words := remains_up(one, vouched=self._vouched[one.item_id]))]
        if loose:
            raise Contradiction(
                f"Before the start in Azure, not every on-premises copy is proved off: "
                f"{'; '.join(f'{name}: {words}' for name, words in loose)}.",
                "Nothing was started in Azure. Find out what starts the VM or hides its host, then run the task again.",
                sides=[one.as_result() for one in seen],
            )

    def _start(self, undo: Undo) -> None:
        sides, session = undo.sides, self._services.azure
        vm = sides.azure_vm
        if vm is None:
            return
        unknown = None
        if not undo.is_started:
            self._touches_azure = True
            unknown = azure_power.start(session, self._wish, self._watch, vm)
        if self._wish.wait:
            azure_power.await_running(session, self._wish, self._watch, vm, unknown)
        elif unknown is not None:
            raise unknown
        if not undo.is_started:
            after = "running" if self._wish.wait else "starting"
            self._tell(sides, "start", vm.id, vm.power, after, "Azure compute" if self._wish.wait else "nobody yet")

    def _prove(self) -> None:
        """Read both sides once more: exactly the Azure copies must run."""
        if not self._wish.wait:
            self._fence.after = self._patiently(lambda: self._fence.look(self._members))
            self.proof = fence_result(self._fence.before, self._fence.after)
            return
        self.proof = self._patiently(lambda: self._fence.expect_azure_alone(self._course))

    def explain(self, problem: FailbackError) -> None:
        """Fill in what a failure does not know: what was done, which side holds the truth, the ways out."""
        problem.wrote = problem.wrote or bool(self.steps)
        problem.details["steps"] = self.steps
        problem.truth = problem.truth or self._truth()
        problem.remedy = " ".join(filter(None, (problem.remedy, self._what_else(problem))))

    def _what_else(self, problem: FailbackError) -> str:
        """Return what to do besides, by how far it went. A contradiction has said so."""
        if isinstance(problem, Contradiction):
            return ""
        if self._touches_azure:
            return _WAYS_OUT
        return "Nothing was started in Azure." if self._touches_hosts else ""

    def _truth(self) -> dict[str, Any]:
        """Return what both sides show, read anew where something was done since they were looked at."""
        known = truth_of(self._course.before, self._course.after, read_again=False)
        seen = self._fence.before
        if self._touches_hosts or self._touches_azure:
            try:
                seen = self._fence.look(self._members)
            except FailbackError as unread:
                self._watch.report(f"{self._wish.target} could not be read again: {unread.happened}")
                return {**known, "sentence": "Which copy runs could not be read again", "authoritative_side": MIXED}
        return {**known, **truth_by_sides(seen, frozenset(self._stopped))} if seen else known

    def record(self) -> dict[str, Any]:
        """Return the record of the abandonment: what was stopped and started, when, and who vouches for what."""
        seen = self._fence.after or self._fence.before
        return {
            "schema_version": SCHEMA_VERSION,
            "vault": self._services.azure.vault_id,
            "reason": self._wish.reason,
            "attested_off": dict(self._wish.attested_off),
            "note": STAYS,
            "vms": [self._record_of(one) for one in seen],
        }

    def _record_of(self, sides: Sides) -> dict[str, Any]:
        mine = [step for step in self.steps if step["vm"] == sides.name]
        downs = [step for step in mine if step["what"] not in ("hold", "start")]
        ups = [step for step in mine if step["what"] == "start"]
        cut_over = cut_over_at(self._services.azure, self._member(sides))
        return {
            "id": sides.item_id,
            "name": sides.name,
            "cut_over_at": cut_over.isoformat() if cut_over else None,
            "stopped_at": downs[-1]["at"] if downs else None,
            "hosts": [copy.place for copy in sides.on_premises if copy.is_there],
            "started_at": ups[-1]["at"] if ups else None,
            "azure_vm": sides.azure.place,
            "automatic_start_action": [
                {key: step[key] for key in ("where", "before", "after")} for step in mine if step["what"] == "hold"
            ],
            "vouched_for": vouched_for(sides, self._vouched.get(sides.item_id, ())),
        }

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a commit relies on: what was seen of both copies, the evidence that each machine works on-premises, newer than
its cut-over, and what a person has accepted of what nobody saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..azure.session import AzureSession
from ..model.acceptance import AZURE, ON_PREMISES, accepts, refuse_other_vms
from ..model.evidence import CutOver, objection_to
from ..model.failures import Refused
from ..model.json_path import stamp
from ..model.lifecycle import Observation
from ..model.split_brain import Sides
from ..runner.request import CommitRequest
from ..runner.target import TargetView, cut_over_at

VALIDATION, ACCEPT_UNSEEN = "validation", "accept_unseen"
_NOT_SEEN = {AZURE: "its Azure VM was not seen to be off", ON_PREMISES: "its on-premises VM was not seen running"}
_IF_ANOTHER = (
    "For the on-premises VM: find out where it is and whether it runs, and put that host into the inventory or into "
    "hyperv_hosts. Evidence does not settle it: what answered may have been another copy."
)
_REMEDIES = {
    AZURE: "For the Azure VM: assign Reader where it is, find out who moved or deleted it (a commit that failed on "
    "its way may have), or repair what failed.",
    ON_PREMISES: "For the on-premises VM: put its host into the inventory or into hyperv_hosts, or run "
    "failback_validate and give what it returns as validation.",
}


@dataclass(frozen=True)
class Unseen:
    """A side of a machine that was not seen as a commit needs it, and what stands for it: C(validation),
    C(accept_unseen), or None."""

    vm: str
    id: str
    side: str
    reason: str
    accepted_by: str | None


class Proofs:
    """The judgments of one commit about what it relies on, for each machine that it was to commit."""

    def __init__(self, session: AzureSession, request: CommitRequest) -> None:
        self._session = session
        self._request = request
        self._judged: list[dict[str, Any]] = []
        self._unseen: list[Unseen] = []
        # The ids of those of which evidence may be that of another copy.
        self._others: set[str] = set()

    def refuse_other_vms(self, view: TargetView) -> None:
        """Refuse a word for a VM that is not of the target, whatever its stage. Raises ConfigurationError."""
        refuse_other_vms(self._request.accept_unseen, [member.item for member in view.members])

    def look(self, members: Sequence[Observation], sides: Sequence[Sides]) -> None:
        """Judge the evidence for machines, where there is some, or where it is required, and what of them was not seen.

        C(sides) as seen last.
        """
        seen = {one.item_id: one for one in sides}
        if self._request.policy.requires_evidence or self._request.validation is not None:
            judged = [self._judge(member, seen.get(member.item.id)) for member in members]
            self._judged = list({one["id"]: one for one in (*self._judged, *judged)}.values())
        here = [(member, seen[member.item.id]) for member in members if member.item.id in seen]
        # Of a plan, some may be committed already when the others are looked at again.
        ids = {member.item.id for member, _both in here}
        self._unseen = [one for one in self._unseen if one.id not in ids]
        self._unseen += [one for member, both in here for one in self._unseen_of(member, both)]
        self._others = {one.item_id for one in sides if one.may_be_another} | (self._others - ids)

    def require(self, members: Sequence[Observation], sides: Sequence[Sides]) -> None:
        """Judge what the machines rest on that are about to be committed.

        Raises Refused where evidence is required and missing, and where a side was not seen and nothing stands for it.
        """
        self.look(members, sides)
        self._require_evidence()
        self._require_sight()

    def _require_evidence(self) -> None:
        unproven = [one for one in self._judged if not one["accepted"]]
        if unproven and self._request.policy.requires_evidence:
            raise Refused(
                "A commit deletes the VM in Azure and its disks, and here it requires evidence: "
                + "; ".join(f"{one['vm']}: {one['reason']}" for one in unproven),
                "Nothing was written. Run failback_validate, and give what it returns as validation; or commit without "
                "evidence with policy: now, which goes on where both copies are seen.",
                unproven=unproven,
            )

    def _require_sight(self) -> None:
        open_ones = [one for one in self._unseen if one.accepted_by is None]
        if open_ones:
            lines = "; ".join(f"{one.vm}: {_NOT_SEEN[one.side]}: {one.reason.rstrip('.')}" for one in open_ones)
            remedies = " ".join(dict.fromkeys(map(self._remedy_for, open_ones)))
            example = f"{{vm: {self._word_for(open_ones[0])}, sides: [{open_ones[0].side}]}}"
            raise Refused(
                f"A commit deletes the VM in Azure and its disks for good, so both copies have to be seen. {lines}",
                f"Nothing was written. {remedies} If you have checked it by other means, accept that for this VM, "
                f"by name: accept_unseen: {example}.",
                unseen=[asdict(one) for one in open_ones],
            )

    def _remedy_for(self, one: Unseen) -> str:
        may_be_another = one.side == ON_PREMISES and one.id in self._others
        return _IF_ANOTHER if may_be_another else _REMEDIES[one.side]

    def _word_for(self, one: Unseen) -> str:
        """Return what names a machine: its name, or its id where another one that was not seen has that name, too."""
        return one.id if any(other.vm == one.vm and other.id != one.id for other in self._unseen) else one.vm

    def as_result(self) -> dict[str, Any]:
        """Return what was relied on, for a result."""
        return {"required": self._request.policy.requires_evidence, "vms": self._judged}

    def unseen_as_result(self) -> list[dict[str, Any]]:
        """Return what was not seen before the commit, and what stood for it."""
        return [asdict(one) for one in self._unseen]

    def _unseen_of(self, member: Observation, sides: Sides) -> Iterator[Unseen]:
        item = member.item
        for side, reason in sides.unseen(discards_azure=self._request.discard_azure_changes).items():
            proved = side == ON_PREMISES and not sides.may_be_another and self._is_proved(item.id)
            said = ACCEPT_UNSEEN if accepts(self._request.accept_unseen, item, side) else None
            objection = "" if side == AZURE else self._objection(item.id)
            told = f"{reason}; {objection}" if objection else reason
            yield Unseen(item.friendly_name, item.id, side, told, VALIDATION if proved else said)

    def _is_proved(self, item_id: str) -> bool:
        return any(one["id"] == item_id and one["accepted"] for one in self._judged)

    def _objection(self, item_id: str) -> str:
        return next((str(one["reason"]) for one in self._judged if one["id"] == item_id), "")

    def _judge(self, member: Observation, sides: Sides | None) -> dict[str, Any]:
        use = sides.azure_use if sides else member.azure_use
        machine = CutOver(member.item.id, member.item.friendly_name, cut_over_at(self._session, member), use)
        now, oldest = self._session.clock.now(), self._request.validation_max_age
        reason = objection_to(self._request.validation, self._session.vault_id, machine, now, oldest)
        return {
            "vm": machine.name,
            "id": machine.id,
            "cut_over_at": stamp(machine.at),
            "azure_use": use.as_result() if use else None,
            "accepted": not reason,
            "reason": reason,
        }

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a commit relies on: the evidence that each machine works on-premises, newer than its cut-over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..azure.session import AzureSession
from ..failback.evidence import CutOver, objection_to
from ..failback.failures import Refused
from ..failback.fence import Sides
from ..failback.lifecycle import Observation
from .reading import cut_over_at
from .wishes import CommitWish


class Proofs:
    """The judgements of one commit about the evidence that it was given, for each machine that it was to commit."""

    def __init__(self, session: AzureSession, wish: CommitWish) -> None:
        self._session = session
        self._wish = wish
        self._judged: list[dict[str, Any]] = []

    def look(self, members: Sequence[Observation], sides: Sequence[Sides]) -> None:
        """Judge the evidence for machines, where there is some, or where it is required. C(sides) as seen last."""
        if self._wish.policy.requires_evidence or self._wish.validation is not None:
            seen = {one.item_id: one for one in sides}
            self._judged = [self._judge(member, seen.get(member.item.id)) for member in members]

    def require(self, members: Sequence[Observation], sides: Sequence[Sides]) -> None:
        """Judge the evidence for the machines that are about to be committed. Raises Refused where it is required."""
        self.look(members, sides)
        unproven = [one for one in self._judged if not one["accepted"]]
        if unproven and self._wish.policy.requires_evidence:
            raise Refused(
                "A commit deletes the VM in Azure and its disks, and here it requires evidence: "
                + "; ".join(f"{one['vm']}: {one['reason']}" for one in unproven),
                "Nothing was written. Run failback_validate, and give what it returns as validation; or commit without "
                "evidence with policy: now.",
                unproven=unproven,
            )

    def as_result(self) -> dict[str, Any]:
        """Return what was relied on, for a result."""
        return {"required": self._wish.policy.requires_evidence, "vms": self._judged}

    def _judge(self, member: Observation, sides: Sides | None) -> dict[str, Any]:
        use = sides.azure_use if sides else member.azure_use
        machine = CutOver(member.item.id, member.item.friendly_name, cut_over_at(self._session, member), use)
        reason = objection_to(self._wish.validation, self._session.vault_id, machine, self._session.clock.now())
        return {
            "vm": machine.name,
            "id": machine.id,
            "cut_over_at": machine.at.isoformat() if machine.at else None,
            "azure_use": use.as_result() if use else None,
            "accepted": not reason,
            "reason": reason,
        }

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prerequisites of a recovery plan as a whole. Pure: facts in, findings out."""

from __future__ import annotations

from collections.abc import Sequence

from .findings import Finding
from .lifecycle import Observation


def check_plan(members: Sequence[Observation]) -> list[Finding]:
    """Return the findings of a plan as a whole, which has members."""
    return [_plan_agrees(members)]


def _plan_agrees(members: Sequence[Observation]) -> Finding:
    sides = [(member.item.friendly_name, member.authoritative_side.value) for member in members]
    seen = ", ".join(f"{name}: {side}" for name, side in sides)
    if len({side for _name, side in sides}) <= 1:
        return Finding("plan_direction", "pass", seen)
    doubts = "; ".join(f"{member.item.friendly_name}: {member.doubt}" for member in members if member.doubt)
    if doubts:
        return Finding(
            "plan_direction",
            "fail",
            seen,
            f"For some VMs of the plan it cannot be determined where they ran last: {doubts}.",
            "Find out for each of them which copy took the last writes before you do anything else with the plan.",
        )
    return Finding(
        "plan_direction",
        "fail",
        seen,
        "For some VMs of the plan Azure is authoritative, for others on-premises; a plan is failed back as a whole.",
        "Bring the VMs to one side, or fail back those in Azure one by one.",
    )

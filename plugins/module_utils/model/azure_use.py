# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a machine's Azure VM was used after its cut-over: then it may hold what is nowhere else, and Site Recovery,
which takes the machine for one that has come home, knows nothing of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .azure_resources import UNKNOWN_POWER, AzureVm
from .json_path import stamp

UNUSED, RUNS, OPERATED, NOT_CHECKED = "unused", "runs", "operated", "not_checked"
# Compute and Site Recovery tell these times each by its own clock, and the cut-over turns the VM off before it ends.
_CLOCKS_APART = timedelta(minutes=1)
_DO_NOT = "do not commit, that deletes it"
# What follows from what was seen.
_THEREFORE = {RUNS: f": {_DO_NOT}", OPERATED: f", so it may hold data that exists nowhere else: {_DO_NOT}"}


@dataclass(frozen=True)
class AzureUse:
    """What became of an Azure VM since the cut-over of its machine.

    C(verdict): C(unused), C(runs), C(operated) (started, stopped or changed since) or C(not_checked); C(seen) says
    why, of all but the first. C(operated_at) is the time of its last operation, None where that is not known or one is
    under way.
    """

    verdict: str
    seen: str = ""
    cut_over_at: datetime | None = None
    operated_at: datetime | None = None

    @property
    def reason(self) -> str:
        """What was seen, and what follows from it for who is about to commit; empty where it was not used."""
        return f"{self.seen}{_THEREFORE.get(self.verdict, '')}"

    @property
    def doubt(self) -> str:
        """Why it cannot be determined which copy is authoritative; empty where it can, or where nothing is known."""
        return self.reason if self.verdict in (RUNS, OPERATED) else ""

    def as_result(self) -> dict[str, Any]:
        """Return it for a result."""
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "operated_at": stamp(self.operated_at),
        }


def not_read(why: str) -> AzureUse:
    """Return that nothing is known, and why."""
    return AzureUse(NOT_CHECKED, f"whether its Azure VM was used since the cut-over is not known: {why.rstrip('.')}")


def judge_use(vm: AzureVm | None, cut_over_at: datetime | None) -> AzureUse:
    """Say what became of an Azure VM since a cut-over, by the time of its last operation.

    That time alone tells it once the VM is off again. Where it or that of the cut-over is missing, nothing is claimed.
    """
    if vm is None:
        # It may have been moved, and used where it is now.
        return not_read("Azure has no VM at the id that the replicated item names")
    if vm.is_running:
        seen = "its Azure VM runs although the failback is not committed (undone, or started by somebody)"
        return AzureUse(RUNS, seen, cut_over_at, vm.operated_at)
    if vm.is_changing:
        return AzureUse(OPERATED, "an operation of its Azure VM is under way", cut_over_at)
    if vm.power == UNKNOWN_POWER:
        return not_read("the response for it has no power state")
    if vm.operated_at is None or cut_over_at is None:
        missing = "of its last operation" if vm.operated_at is None else "of the cut-over"
        return not_read(f"the time {missing} is missing")
    if vm.operated_at <= cut_over_at + _CLOCKS_APART:
        return AzureUse(UNUSED, "", cut_over_at, vm.operated_at)
    when = f"at {vm.operated_at.isoformat()}, after the cut-over at {cut_over_at.isoformat()}"
    return AzureUse(OPERATED, f"its Azure VM was started, stopped or changed {when}", cut_over_at, vm.operated_at)

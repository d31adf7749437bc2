# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a task for many virtual machines is, for people who watch it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .durations import in_words
from .name_lists import counted

UNDER_WAY, DONE, FAILED = "under way", "done", "failed"
# Of a machine that was not looked at yet.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Standing:
    """How one virtual machine stands: C(progress) is C(under way), C(done) or C(failed), C(stage) where it was seen
    last, empty where the task does not say, C(doing) what was said of it last, C(since) when, by the machine's clock in
    seconds."""

    name: str
    progress: str
    stage: str
    doing: str
    since: float

    def as_note(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def sum_line(standings: Sequence[Standing], now: float) -> str:
    """Say how many are in which stage, how many failed, and which has been on the same step longest."""
    left = [one for one in standings if one.progress == UNDER_WAY]
    failed = sum(one.progress == FAILED for one in standings)
    told = [f"{len(standings) - len(left)} of {len(standings)} VMs are done, {failed} of these failed"]
    if any(one.stage for one in left):
        told.append(f"under way: {_by_stage(left)}")
    if any(one.doing for one in left):
        first = longest_first(left)[0]
        told.append(f"longest on the same step: {first.name}, for {in_words(now - first.since)}: {first.doing}")
    return "; ".join(told)


def longest_first(standings: Sequence[Standing]) -> list[Standing]:
    """Return those that are under way, first those whose last news is oldest."""
    left = [one for one in standings if one.progress == UNDER_WAY]
    return sorted(left, key=lambda one: (not one.doing, one.since, one.name))


def _by_stage(standings: Sequence[Standing]) -> str:
    return counted("not looked at yet" if one.stage == UNKNOWN else one.stage for one in standings)

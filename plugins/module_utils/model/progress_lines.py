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
# So many must have ended lately: of fewer there is no rate.
_ENOUGH = 3


@dataclass(frozen=True)
class Standing:
    """How one virtual machine stands.

    C(progress) is C(under way), C(done) or C(failed), C(stage) where it was seen last, empty where the task does not
    say, C(doing) what was said of it last. C(since) is when that was said, C(began) when the task began with it, in
    seconds by the machine's clock.
    """

    name: str
    progress: str
    stage: str
    doing: str
    since: float
    began: float

    @property
    def last_words(self) -> str:
        """What was said of it last, without its name, for a line that begins with that; its stage where nothing had to
        be done."""
        said = self.doing.removeprefix(f"{self.name}: ").removeprefix(f"{self.name} ")
        return said or ("about to begin" if self.progress == UNDER_WAY else self.stage)

    def as_note(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def sum_line(standings: Sequence[Standing], now: float) -> str:
    """Say how many are in which stage, how many failed, and which has been on the same step longest."""
    left = [one for one in standings if one.progress == UNDER_WAY]
    failed = sum(one.progress == FAILED for one in standings)
    told = [f"{len(standings) - len(left)} of {len(standings)} VMs are done, {failed} of these failed"]
    rest = seconds_left(standings, now)
    if rest is not None:
        told.append(f"at this rate the others in about {in_words(rest)}")
    if any(one.stage for one in left):
        told.append(f"under way: {_by_stage(left)}")
    if any(one.doing for one in left):
        first = longest_first(left)[0]
        told.append(f"longest on the same step: {first.name}, for {in_words(now - first.since)}: {first.doing}")
    return "; ".join(told)


def seconds_left(standings: Sequence[Standing], now: float) -> float | None:
    """Return how many seconds it takes until all have ended, by how many have in the later half of the time so far.

    Those that had nothing to do ended at once: they say nothing of the others. None where too few ended lately.
    """
    left = sum(one.progress == UNDER_WAY for one in standings)
    half = (now - min((one.began for one in standings), default=now)) / 2
    lately = sum(one.progress != UNDER_WAY and one.since > now - half for one in standings)
    return left * half / lately if left and lately >= _ENOUGH else None


def longest_first(standings: Sequence[Standing]) -> list[Standing]:
    """Return those that are under way, first those whose last news is oldest."""
    left = [one for one in standings if one.progress == UNDER_WAY]
    return sorted(left, key=lambda one: (not one.doing, one.since, one.name))


def _by_stage(standings: Sequence[Standing]) -> str:
    return counted("not looked at yet" if one.stage in ("", UNKNOWN) else one.stage for one in standings)

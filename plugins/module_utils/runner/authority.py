# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which side is authoritative, told from what was seen last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..model.failures import AuthenticationError, ServiceError, UnknownState, Unreachable, Vanished
from ..model.lifecycle import Observation, Stage, warning_of
from .target import TargetView

MIXED = "mixed"
UNTOLD = "Which side is authoritative cannot be determined"
_SENTENCES = {
    "azure": "The Azure VM is authoritative",
    "on_premises": "The on-premises VM is authoritative",
    MIXED: "For some VMs Azure is authoritative, for others on-premises",
}


# Until a failback that was started again has copied the data, the disks are as the one before has left them.
_NOT_COPIED_YET = frozenset({Stage.SYNCHRONIZING, Stage.BUSY})
_UNREAD = "Which side is authoritative could not be read."


@contextmanager
def authority_or_none_read() -> Iterator[None]:
    """Let a failure to read say that the authoritative side is not known, where nothing below could tell it."""
    try:
        yield
    except (AuthenticationError, ServiceError, Unreachable, UnknownState, Vanished) as problem:
        problem.authority = problem.authority or {"sentence": _UNREAD}
        raise


def common(values: Sequence[str]) -> str:
    """Return the value that all share, or C(mixed)."""
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else MIXED


def stage_of(view: TargetView) -> str:
    """Return the stage of a target: that of its members where they agree."""
    return common([member.stage.value for member in view.members])


def side_of(view: TargetView) -> str:
    """Return the side that is authoritative for a target."""
    return common([member.authoritative_side.value for member in view.members])


def authority_of(
    first: TargetView, last: TargetView, *, read_again: bool = True, wrote: bool = False
) -> dict[str, Any]:
    """Return what a failure says of the target: sentences and the result keys; nothing of an empty plan.

    A stage that a check assumes tells of no side. C(read_again) is whether the last look is from after the failure;
    after a request that was sent (C(wrote)), what was seen before says nothing of now.
    """
    first, last = first.as_read(), last.as_read()
    if not last.members:
        return {}
    if wrote and not read_again:
        return _unknown_since(first, last)
    side = side_of(last)
    doubts = "; ".join(f"{one.item.friendly_name}: {one.doubt}" for one in last.members if one.doubt)
    holder = f"{UNTOLD}: {doubts}" if doubts else _SENTENCES[side]
    stages = ", ".join(sorted({member.stage.value for member in last.members}))
    age = "" if read_again else ", as last read; it could not be read again"
    return {
        "sentence": f"{holder} (stage {stages}{age}).",
        "danger": danger_of(first, last),
        "authoritative_side": side,
        "stage": {"before": stage_of(first), "after": stage_of(last)},
        "reversible": all(member.reversible for member in last.members),
    }


def danger_of(first: TargetView, last: TargetView) -> str:
    """Return what a person must know of VMs whose on-premises disks are inconsistent, or may be; empty where all are
    sound."""
    before = {member.item.id: member.interruption for member in first.as_read().members}

    def since(member: Observation) -> Observation:
        past = before.get(member.item.id) if member.stage in _NOT_COPIED_YET else None
        return replace(member, past=member.interruption or past)

    return warning_of(map(since, last.as_read().members))


def _unknown_since(first: TargetView, last: TargetView) -> dict[str, Any]:
    """Return what is known where a request was sent, and nothing could be read after it."""
    stage = stage_of(last)
    return {
        "sentence": f"{UNTOLD}: the stage was {stage}, as last read. What the request did since is not known",
        "danger": danger_of(first, last),
        "authoritative_side": None,
        "stage": {"before": stage_of(first), "after": stage},
        "reversible": None,
    }

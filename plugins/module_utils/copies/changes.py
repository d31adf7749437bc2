# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes that an undo makes, each kept from the moment its request is sent: whatever comes of it, it may
have been made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model.power_states import is_off
from ..model.undo_rules import AWAIT_OFF, KEEP_OFF, SHUT_DOWN, START, TURN_OFF
from ..waiting import Steps

# What is done on a host, in the words of a message.
NAMES = {
    SHUT_DOWN: "shutdown",
    TURN_OFF: "turning off",
    AWAIT_OFF: "end of the shutdown",
    KEEP_OFF: "change of the automatic start action",
}
_NOBODY = "nobody yet"


class Change:
    """One change. What it led to is open until somebody has seen it."""

    def __init__(self, step: dict[str, Any], now: Callable[[], Steps[str]], forget: Callable[[Change], None]) -> None:
        self.step = step
        self._now = now
        self._forget = forget

    async def led_to(self, after: str, seen_by: str) -> None:
        """Say what was seen after it."""
        self.step.update(after=after, seen_by=seen_by)
        self.step["at"] = await self._now()

    def explain(self, words: str) -> None:
        """Say why it was made, or why nobody knows what it led to."""
        self.step["detail"] = words

    def was_refused(self) -> None:
        """It certainly was not made."""
        self._forget(self)


class Changes:
    """The changes of all machines, in order. C(now) tells Azure's time by a read of one item: before a request is sent,
    so that nothing is sent where that cannot be read."""

    def __init__(self, now: Callable[[str], Steps[str]]) -> None:
        self._now = now
        self._made: list[tuple[str, Change]] = []

    def begin(self, item_id: str, vm: str, what: str, where: str, before: str, at: str) -> Change:
        """Keep a change whose request is sent next. C(at) is Azure's time before it."""
        step = {"vm": vm, "what": what, "where": where, "before": before, "after": None}
        step |= {"at": at, "seen_by": _NOBODY, "detail": None}
        change = Change(step, lambda: self._now(item_id), self._forget)
        self._made.append((item_id, change))
        return change

    def _forget(self, change: Change) -> None:
        self._made = [(item_id, one) for item_id, one in self._made if one is not change]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The changes for a result."""
        return [change.step for _item_id, change in self._made]

    def of(self, item_id: str) -> list[dict[str, Any]]:
        """The changes of one machine."""
        return [change.step for made_of, change in self._made if made_of == item_id]

    @property
    def stopped(self) -> frozenset[str]:
        """The ids of the items of which a copy was seen to go off on its host."""
        return frozenset(item_id for item_id, change in self._made if is_off(change.step["after"] or ""))

    @property
    def started(self) -> frozenset[str]:
        """The ids of the items for which a start in Azure was sent, and of which nothing tells how it ended."""
        steps = [(item_id, change.step) for item_id, change in self._made if change.step["what"] == START]
        return frozenset(item_id for item_id, step in steps if step["after"] is None and not step["detail"])

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a task last looked at its target: no write rests on a look that is older than it may be, nor on none."""

from __future__ import annotations

from collections.abc import Callable

from .failback.failures import NotTaken, WaitTimeout
from .failback.look_age import longest_age

# A network or a host that is slow once is not so for ever; after this many looks it is said.
_LOOKS = 5


class LastLook:
    """The last look of a task. C(clock) is that of its watch.

    Whoever looks at a target begins a look; what is read then counts from there on, and what another task of the run
    has read before counts from when it did.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: float | None = None
        self._hosts: set[str] = set()
        self._vms = 1

    def begin(self) -> None:
        """Look at the target anew: nothing that was seen before counts."""
        self._since, self._hosts, self._vms = self._clock(), set(), 1

    def saw_vms(self, count: int) -> None:
        """Say how many VMs the look is at."""
        self._vms = count

    def saw_host(self, name: str, asked: float) -> None:
        """Count the answer of a host that was asked at a time of the clock."""
        self._hosts.add(name.lower())
        if self._since is not None:
            self._since = min(self._since, asked)

    def require_fresh(self, reserve: float) -> None:
        """See that a write may still be sent that takes up to C(reserve) seconds to reach the wire. Raises NotTaken."""
        longest = longest_age(self._vms, len(self._hosts))
        age = float("inf") if self._since is None else self._clock() - self._since
        if age > longest - reserve:
            raise NotTaken(_too_old(age, longest), pause=0, most=_LOOKS)


def _too_old(age: float, longest: float) -> WaitTimeout:
    return WaitTimeout(
        f"What the request rests on was read {age:.0f} seconds before it could be sent; {longest:.0f} are allowed.",
        "It was not sent. Azure or the Hyper-V hosts answer slowly: see which of them does, then run the task again.",
    )

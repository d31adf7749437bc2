# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What WS-Management needs of the simulated world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from asr_simulator.clock import Clock
from asr_simulator.wsman.hosts import RemoteHost, Runner
from asr_simulator.wsman.shells import Shells


class HostsWorld(Protocol):
    """The hosts of a world, what runs on them, and what they keep for their callers."""

    @property
    def clock(self) -> Clock:
        """The world's time."""

    @property
    def hosts(self) -> Mapping[str, RemoteHost]:
        """The hosts as they are now, by name in lower case."""

    @property
    def runner(self) -> Runner:
        """What runs command lines on them."""

    @property
    def shells(self) -> Shells:
        """Their shells."""


# Runs a function on the world while nothing else does.
Locked = Callable[[Callable[[HostsWorld], Any]], Any]

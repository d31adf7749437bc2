# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills: their levels, which VMs each may touch, and what none of them can prove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .failures import ConfigurationError

READINESS, REHEARSAL, CANARY, WAVE = LEVELS = ("readiness", "rehearsal", "canary", "wave")
# Those that move VMs for real.
MOVING = frozenset({CANARY, WAVE})
MARK = "failback_drill"

_NOT_MARKED = f"{MARK}: true is not set for the host itself (a group does not count)"
_ELSEWHERE = "That a failback succeeds while the site is under load, or after a disaster that nobody planned."
_LIMITS: Mapping[str, Sequence[str]] = {
    READINESS: ("That a failback succeeds: nothing was copied, cut over, validated or committed.",),
    REHEARSAL: (
        "That a failback succeeds: it ran on a simulator that was given the state of the vault and its hosts.",
        "How long it takes: the times are computed from sizes and recorded durations, not measured.",
        "What the guests do: their contents, applications and networks are not simulated.",
        "Your hooks, probes and validation tasks: they would reach the real systems, so they are left out.",
    ),
    CANARY: (
        "That the other VMs come back: only those that are marked for drills were moved.",
        "That the whole fleet fits into a window: VMs were moved one after another.",
        _ELSEWHERE,
    ),
    WAVE: ("That the other VMs come back: only those that are marked for drills were moved.", _ELSEWHERE),
}


def drill_scope(level: str, marks: Mapping[str, bool]) -> dict[str, Any]:
    """Return what a drill may touch: C(hosts), C(excluded) with the reasons, and C(does_not_prove).

    C(marks) says of each host whether it is marked for drills. Raises ConfigurationError where a drill that moves VMs
    would move none.
    """
    moves = level in MOVING
    hosts = [host for host, marked in marks.items() if marked or not moves]
    if not hosts:
        raise ConfigurationError(
            f"None of the {len(marks)} hosts is marked for drills.",
            f"Nothing was read or written. Set {MARK}: true in the inventory, for each host that a drill may move.",
        )
    return {
        "hosts": hosts,
        "excluded": [{"host": host, "reason": _NOT_MARKED} for host in marks if host not in hosts],
        "does_not_prove": list(_LIMITS[level]),
        "confirmed_by": f"{MARK}: true of each host in the inventory" if moves else None,
    }

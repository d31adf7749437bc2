# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills: their levels, which VMs each may touch, and what none of them can prove."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .failures import ConfigurationError

READINESS, REHEARSAL, CANARY, WAVE = LEVELS = ("readiness", "rehearsal", "canary", "wave")
# Those that move VMs for real.
MOVING = frozenset({CANARY, WAVE})
MARK = "failback_drill"

_NOT_MARKED = f"{MARK}: true is not set for the host itself (a group does not count)"
_OTHERS = "That the other VMs come back: only those that are marked for drills were moved."
_ELSEWHERE = "That a failback succeeds while the site is under load, or after a disaster that nobody planned."
_LIMITS: Mapping[str, Sequence[str]] = {
    READINESS: ("That a failback succeeds: nothing was copied, cut over, validated or committed.",),
    REHEARSAL: (
        "That a failback succeeds: it ran on a simulator that was given the state of the vault and its hosts.",
        "How long it takes: the times are computed from sizes and recorded durations, not measured.",
        "What the guests do: their contents, applications and networks are not simulated.",
        "Your hooks, probes and validation tasks: they would reach the real systems, so they are left out.",
    ),
    CANARY: (_OTHERS, "That the whole fleet fits into a window: VMs were moved one after another.", _ELSEWHERE),
    WAVE: (_OTHERS, "The order of waves, their caps and their gates: the VMs were moved together.", _ELSEWHERE),
}


@dataclass(frozen=True)
class Candidate:
    """What the inventory and the command say of a host. C(is_marked): the inventory marks the host itself.

    C(variables) are those that count for it, of REFUSED and MARK; C(item) is the replicated item that they name, and
    C(own_item) what the inventory says of the host itself, each empty where nothing does.
    """

    is_marked: bool
    variables: Mapping[str, Any]
    item: str = ""
    own_item: str = ""


def drill_scope(level: str, candidates: Mapping[str, Candidate], tags: Sequence[str] = ()) -> dict[str, Any]:
    """Return what a drill may touch: C(hosts), C(excluded) with the reasons, and C(does_not_prove).

    C(tags) are those that the command chose or left out. Raises ConfigurationError where a drill that moves VMs would
    move none, or could not bring one back to where it was.
    """
    moves = level in MOVING
    hosts = [host for host, one in candidates.items() if not moves or _may_move(one)]
    if not hosts:
        raise ConfigurationError(
            f"None of the {len(candidates)} hosts is marked for drills.",
            f"Nothing was read or written. Set {MARK}: true in the inventory, for each host that a drill may move.",
        )
    objections = [*_objections({host: candidates[host] for host in hosts}, tags)] if moves else []
    if objections:
        raise ConfigurationError(
            f"A drill that moves VMs could not bring them back as they were: {'; '.join(objections)}.",
            "Nothing was read or written. Leave that out for the drill.",
        )
    return {
        "hosts": hosts,
        "excluded": [{"host": host, "reason": _NOT_MARKED} for host in candidates if host not in hosts],
        "does_not_prove": list(_LIMITS[level]),
        "confirmed_by": f"{MARK}: true of each host in the inventory" if moves else None,
    }


def level_of(record: Mapping[str, Any]) -> str | None:
    """Return the level of the drill that the run of a record was; None where it was none."""
    level: str | None = (record.get("drill") or {}).get("level")
    return level


def _may_move(candidate: Candidate) -> bool:
    """Whether the host itself is marked, and nothing takes that back."""
    return candidate.is_marked and is_true(candidate.variables.get(MARK, True))


def _objections(candidates: Mapping[str, Candidate], tags: Sequence[str]) -> Iterator[str]:
    if tags:
        # The way there has no tags, each step of the way back has.
        yield f"--tags or --skip-tags ({', '.join(tags)})"
    for host, one in candidates.items():
        for name, refused in REFUSED.items():
            if name in one.variables and refused(one.variables[name]):
                yield f"{name} of {host}"
        if one.item != one.own_item:
            # A group, or the command: the mark is the host's, not that of another VM.
            yield f"failback_replicated_item of {host}, which its own variables do not name ({one.item})"
    items = Counter((one.item or host).lower() for host, one in candidates.items())
    for item, count in items.items():
        if count > 1:
            yield f"{count} hosts for {item}"


def is_true(value: object) -> bool:
    """Whether a variable says yes, as Ansible reads it; what is neither yes nor no says no."""
    return str(value).strip().lower() in ("true", "yes", "on", "y", "t", "1", "1.0")


def _is_off(value: object) -> bool:
    return not is_true(value)


# What would let a drill come home elsewhere, with others, only in part, or without what protects a real failback.
REFUSED: Mapping[str, Callable[[Any], bool]] = {
    "failback_recovery_plan": bool,
    "failback_target_host": bool,
    "failback_create_vm_if_missing": is_true,
    "failback_commit_not_before": bool,
    "failback_discard_azure_changes": bool,
    "failback_discard_disks": bool,
    "failback_accept_unseen": bool,
    "failback_confirm": lambda _value: True,
    "failback_check_prerequisites": _is_off,
    "failback_planned_failover": _is_off,
    "failback_complete_failover": _is_off,
    "failback_validate": _is_off,
    "failback_commit": _is_off,
    "failback_reverse_replicate": _is_off,
}

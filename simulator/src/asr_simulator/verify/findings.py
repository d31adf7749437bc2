# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes of holding an exchange against the simulator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from asr_simulator.verify.exchanges import Exchange

AGREES, DIFFERS, UNKNOWN = "agrees", "differs", "unknown"


@dataclass(frozen=True)
class Difference:
    """Where the simulator would have answered otherwise. ``points`` are ids of fidelity.yml.

    ``variant`` names the variant of a scenario under which it would have answered so; empty: none does.
    """

    place: str
    recorded: Any
    expected: str
    points: tuple[str, ...] = ()
    variant: str = ""


@dataclass
class Verdict:
    """What was found of one exchange. ``held`` are the points that it was held against, ``unknown`` what was not."""

    exchange: Exchange
    differences: list[Difference] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    held: set[str] = field(default_factory=set)

    @property
    def outcome(self) -> str:
        """``agrees``, ``differs``, or ``unknown`` where nothing at all could be held against the simulator."""
        if self.differences:
            return DIFFERS
        return AGREES if self.held or not self.unknown else UNKNOWN

    def hold(self, fits: bool, place: str, recorded: Any, expected: str, *points: str) -> bool:
        """Note what was held against the simulator; return whether it fits."""
        self.held.update(points)
        if not fits:
            self.differences.append(Difference(place, recorded, expected, points))
        return fits

    def leave(self, why: str) -> None:
        """Note what could not be judged."""
        if why not in self.unknown:
            self.unknown.append(why)


def one_of(values: Iterable[Any]) -> str:
    """How values that would have been right are written."""
    found = sorted({str(value) for value in values})
    return found[0] if len(found) == 1 else f"one of {', '.join(found)}" if found else "nothing"

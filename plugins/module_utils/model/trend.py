# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chart of what several runs took: a line through their points, and the limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .durations import exactly

# In its own units, with a margin in which a point has room.
_WIDTH, _HEIGHT, _MARGIN = 300.0, 60.0, 6.0


@dataclass(frozen=True)
class Point:
    """What a run took, in seconds, and its verdict."""

    when: datetime
    seconds: float
    verdict: str


def trend_of(points: Sequence[Point], limit: float | None) -> dict[str, Any] | None:
    """Return the chart of points in the order of their times; None of fewer than two."""
    if len(points) < 2:
        return None
    first, span = points[0].when, max((points[-1].when - points[0].when).total_seconds(), 1.0)
    top = max([point.seconds for point in points] + ([limit] if limit is not None else [])) or 1.0

    def place(seconds: float, most: float, length: float) -> float:
        return round(_MARGIN + seconds / most * (length - 2 * _MARGIN), 1)

    dots = [
        {
            "x": place((point.when - first).total_seconds(), span, _WIDTH),
            "y": round(_HEIGHT - place(point.seconds, top, _HEIGHT), 1),
            "verdict": point.verdict,
        }
        for point in points
    ]
    spoken = ", ".join(f"{point.when:%Y-%m-%d} {exactly(point.seconds)}" for point in points)
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "dots": dots,
        "line": " ".join(f"{dot['x']},{dot['y']}" for dot in dots),
        "limit": None if limit is None else round(_HEIGHT - place(limit, top, _HEIGHT), 1),
        "limit_words": None if limit is None else exactly(limit),
        "words": spoken + ("" if limit is None else f"; allowed {exactly(limit)}"),
    }

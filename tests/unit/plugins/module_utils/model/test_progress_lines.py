# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a task for many is, and when it may end."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.progress_lines import (
    DONE,
    FAILED,
    UNDER_WAY,
    Standing,
    seconds_left,
    sum_line,
)

BEGAN, NOW = 1000.0, 3400.0


def standings(*ended: float, left: int, **parts: Any) -> list[Standing]:
    """Some that ended so many seconds after the task began, and some that are under way."""
    done = [Standing(f"done{when}", DONE, "", "", BEGAN + when, BEGAN) for when in ended]
    return [*done, *(Standing(f"vm{number}", UNDER_WAY, "", "", NOW, BEGAN, **parts) for number in range(left))]


@pytest.mark.parametrize(
    ("ended", "left", "seconds"),
    [
        ((1300, 1700, 2100), 6, 2400),
        ((1300, 1700, 2100), 3, 1200),
        # What ended at once had nothing to do.
        ((0,) * 100 + (1300, 1700, 2100), 3, 1200),
        ((0,) * 100, 3, None),
        ((1300, 1700), 3, None),
        ((1300, 1700, 2100), 0, None),
        ((), 3, None),
    ],
    ids=["half as many", "as many", "most had nothing to do", "all of them", "too few", "nobody left", "nobody ended"],
)
def test_the_time_left_goes_by_how_many_ended_lately(
    ended: tuple[float, ...], left: int, seconds: float | None
) -> None:
    assert seconds_left(standings(*ended, left=left), NOW) == seconds


def test_of_nobody_no_time_is_left() -> None:
    assert seconds_left([], NOW) is None


def test_one_that_failed_has_ended() -> None:
    failed = Standing("vm9", FAILED, "", "", BEGAN + 2000, BEGAN)
    assert seconds_left([failed, *standings(1300, 1700, left=3)], NOW) == 1200


def test_the_line_for_all_says_when_they_may_end() -> None:
    told = sum_line(standings(1300, 1700, 2100, left=6), NOW)
    assert told == "3 of 9 VMs are done, 0 of these failed; at this rate the others in about 40 min"
    assert sum_line(standings(1300, left=2), NOW) == "1 of 3 VMs are done, 0 of these failed"


def test_one_that_has_not_begun_is_told_as_such() -> None:
    seen = Standing("vm7", UNDER_WAY, "failed_over", "", NOW, BEGAN)
    assert sum_line([seen, *standings(left=2)], NOW).endswith("under way: 2 not looked at yet, 1 failed_over")

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress of a job, as a line and as a number."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import bodies
from support.bodies import failback, full_download, inline, job, synchronizing_first, task

from ansible_collections.asr.failback.plugins.module_utils.model.jobs import parse_job
from ansible_collections.asr.failback.plugins.module_utils.model.progress import (
    current_task,
    describe_progress,
    percent_complete,
)

STATES = st.lists(st.sampled_from(["NotStarted", "InProgress", "Succeeded", "Failed"]), max_size=9)
WAITING = failback("Suspended", *synchronizing_first(sync="Succeeded", asked="InProgress"))


@pytest.mark.parametrize(
    ("body", "percent", "line"),
    [
        (job(None, "NotStarted", friendlyName=None, targetObjectName=None), None, "Job job-1: NotStarted"),
        (
            failback("InProgress", *synchronizing_first(sync="InProgress")),
            50,
            "Planned failover of web01: MONITORDATASYNC (3 of 6 tasks done)",
        ),
        (WAITING, 67, "Planned failover of web01: synchronized, waits for Complete Failover"),
        (
            failback("InProgress", *full_download(sync="Succeeded", up="InProgress")),
            83,
            "Planned failover of web01: STARTVMONPRIMARY (5 of 6 tasks done)",
        ),
        (failback("Succeeded", task("One", "Succeeded")), 100, "Planned failover of web01: Succeeded"),
        (failback("Succeeded"), 100, "Planned failover of web01: Succeeded"),
        (failback("Failed", task("One", "Failed"), task("Two", "InProgress")), 50, "Planned failover of web01: Failed"),
    ],
)
def test_progress_is_derived_from_the_tasks(body: Any, percent: int | None, line: str) -> None:
    read = parse_job(body)
    assert percent_complete(read) == percent
    assert describe_progress(read) == line


def test_the_innermost_task_under_way_is_the_current_one() -> None:
    flow = inline("Flow", "InProgress", task("Done", "Succeeded"), task("Now", "InProgress"), task("Later"))
    found = current_task(parse_job(failback("InProgress", flow)))
    assert found is not None
    assert found.name == "Now"
    assert current_task(parse_job(failback("InProgress", task("Later")))) is None


@given(STATES)
def test_the_percentage_never_goes_back_when_a_task_ends(states: list[str]) -> None:
    def percent(ended: int) -> int | None:
        tasks = [task(str(number), "Succeeded" if number < ended else state) for number, state in enumerate(states)]
        return percent_complete(parse_job(job("Failback", "InProgress", *tasks)))

    course = [percent(ended) for ended in range(len(states) + 1)]
    if not states:
        assert course == [None]
    else:
        numbers = [value for value in course if value is not None]
        assert numbers == sorted(numbers)
        assert numbers[-1] == 100
        assert all(0 <= value <= 100 for value in numbers)


def test_a_plan_counts_the_machines_tasks_not_their_groups() -> None:
    group = bodies.group("Group1", "InProgress", bodies.machine("a", "Succeeded"), bodies.machine("b", "InProgress"))
    assert percent_complete(parse_job(failback("InProgress", group))) == 50

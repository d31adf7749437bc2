# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of a job as they ran, each with its times by Azure's clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .jobs import Job, Task
from .json_path import stamp


def timeline_of(job: Job, vm_id: str = "") -> list[dict[str, Any]]:
    """Return the tasks that have begun, in order; of a recovery plan's job, with C(vm_id), those of that virtual
    machine and those that are of none.

    A task that has others below it is not listed itself: they name the outermost one as their C(group).
    """
    wanted = vm_id.lower() if job.is_of_plan else ""
    return [
        _entry(task, group)
        for task, group in _leaves(job.tasks, "")
        if task.has_begun and (not wanted or task.target_id.lower() in ("", wanted))
    ]


def _leaves(tasks: tuple[Task, ...], group: str) -> Iterator[tuple[Task, str]]:
    for task in tasks:
        if task.children:
            yield from _leaves(task.children, group or task.name)
        else:
            yield task, group


def _entry(task: Task, group: str) -> dict[str, Any]:
    return {
        "name": task.name,
        "friendly_name": task.friendly_name,
        "group": group or None,
        "vm": task.target_name or None,
        "state": task.state,
        "started": stamp(task.started),
        "ended": stamp(task.ended),
    }

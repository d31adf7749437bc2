# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that let a job fail in one of its tasks."""

from __future__ import annotations

from typing import Any

from asr_simulator.site_recovery.model.job_errors import CHECK_PROVIDER, RESOLVE_AND_RETRY, JobError, azure_refused
from asr_simulator.site_recovery.model.jobs import Task


def strike(faults: list[dict[str, Any]], task: Task) -> JobError | None:
    """The error with which the task fails, if a fault wants it; a fault that has struck often enough is removed."""
    for fault in faults:
        if fault.get("job_task") == task.name and fault.get("item", task.item) == task.item:
            _count(faults, fault)
            return _error(fault)
    return None


def _count(faults: list[dict[str, Any]], fault: dict[str, Any]) -> None:
    times = fault.get("times", 1)
    if times == 1:
        faults.remove(fault)
    elif times:
        fault["times"] = times - 1


def _error(fault: dict[str, Any]) -> JobError:
    if "code" not in fault:
        return azure_refused(fault.get("message", ""))
    message = fault.get("message", "The operation couldn't be completed.")
    return JobError(str(fault["code"]), message, CHECK_PROVIDER, RESOLVE_AND_RETRY)

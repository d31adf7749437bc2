# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which VMs a job moves: what it does not tell is not nothing."""

from __future__ import annotations

from typing import Any

import pytest
from support.bodies import VM_ID, failback, group, job, machine, task

from ansible_collections.asr.failback.plugins.module_utils.model.jobs import parse_job

OF_PLAN = {"targetInstanceType": "RecoveryPlan", "targetObjectId": "plan"}
SILENT = task("Unknown", "NotStarted", customDetails=None)


@pytest.mark.parametrize(
    ("body", "tells"),
    [
        (failback("Suspended"), True),
        (failback("Suspended", targetObjectId=None), False),
        (
            failback(
                "Suspended", group("FailoverAllActionGroup", "NotStarted", machine(VM_ID, "NotStarted")), **OF_PLAN
            ),
            True,
        ),
        (failback("Suspended", tasks=None, **OF_PLAN), False),
        (failback("Suspended", group("FailoverAllActionGroup", "NotStarted"), **OF_PLAN), False),
        (
            failback(
                "Suspended",
                group("DataSyncAllActionGroup", "Succeeded", machine(VM_ID, "Succeeded"), SILENT),
                **OF_PLAN,
            ),
            False,
        ),
        (
            failback(
                "Suspended",
                group("FailoverAllActionGroup", "NotStarted", machine(VM_ID, "NotStarted")),
                group("Group1", "NotStarted", task("Script", "NotStarted")),
                **OF_PLAN,
            ),
            True,
        ),
    ],
    ids=["vm", "no target", "plan", "no tasks", "no machines", "one machine is not told", "a script is no machine"],
)
def test_whether_a_job_tells_what_it_moves(body: Any, tells: bool) -> None:
    assert parse_job(body).tells_every_machine is tells


def test_only_a_plan_s_job_has_tasks_for_machines() -> None:
    tasks = group("FailoverAllActionGroup", "NotStarted", machine(VM_ID, "NotStarted"))
    assert parse_job(failback("Suspended", tasks, targetInstanceType=None)).is_of_plan
    assert not parse_job(job("Failback", "Suspended", targetInstanceType=None)).is_of_plan

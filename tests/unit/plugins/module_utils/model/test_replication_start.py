# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reverse replication sends to Azure: all, or what changed."""

from __future__ import annotations

from typing import Any

import pytest
from support.bodies import item, job, skipped, task

from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.jobs import parse_job
from ansible_collections.asr.failback.plugins.module_utils.model.replication_start import replication_started

# Recorded, of 2015 and 2021.
REVERSE = ("ReprotectReplicationGroup", "CreateProtectionTarget", "EnableProtection", "VmStartInitialReplication")
COMPLETION = ("IrCompletion", "CompleteInitialReplication", "ReplicaConfiguration", "UpdateDraState")
WHOLE, CHANGES, UNKNOWN = "initial_replication", "resynchronization", "unknown"


def done(scenario: str, *tasks: str) -> Any:
    return job(scenario, "Succeeded", *(task(name, "Succeeded") for name in tasks))


@pytest.mark.parametrize(
    ("state", "progress", "body", "kind", "percent"),
    [
        ("InitialReplicationInProgress", "23", done(*REVERSE), WHOLE, 23),
        ("InitialReplicationInProgress", "0", None, WHOLE, 0),
        ("InitialReplicationInProgress", None, None, WHOLE, None),
        ("InitialReplicationInProgress", "many", None, WHOLE, None),
        ("InitialReplicationInProgress", "101", None, WHOLE, None),
        # Recorded: an item at rest keeps some number that says nothing of this replication.
        ("Protected", "2", done(*REVERSE), WHOLE, None),
        ("Protected", "2", done(*COMPLETION), WHOLE, None),
        ("ResynchronizationInProgress", "2", done(*REVERSE), CHANGES, None),
        ("Protected", None, done("ReverseReplication", "VmStartResynchronization"), CHANGES, None),
        (
            "Protected",
            None,
            job("ReverseReplication", "Succeeded", skipped("VmStartInitialReplication")),
            UNKNOWN,
            None,
        ),
        ("Protected", None, job("ReverseReplication", "InProgress", task("VmStartInitialReplication")), UNKNOWN, None),
        ("Protected", None, job("ReverseReplication", "Succeeded"), UNKNOWN, None),
        ("UnprotectedStatesBegin", None, None, UNKNOWN, None),
    ],
)
def test_state_and_tasks_tell_what_is_sent(
    state: str, progress: str | None, body: Any, kind: str, percent: int | None
) -> None:
    details = {"initialReplicationDetails": {"initialReplicationProgressPercentage": progress}} if progress else {}
    told = replication_started(
        parse_item(item("DisableProtection", active="Primary", state=state, details=details)),
        parse_job(body) if body else None,
    )
    assert (told["kind"], told["percent_complete"]) == (kind, percent)
    assert told["job"] == ("job-1" if body else None)
    assert told["tasks"] == [
        one["friendlyName"]
        for one in (body or {"properties": {}})["properties"].get("tasks", [])
        if one["state"] == "Succeeded" and one["stateDescription"] != "Skipped"
    ]

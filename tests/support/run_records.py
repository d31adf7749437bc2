# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of runs, held against their schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema

from ansible_collections.asr.failback.plugins.module_utils.model.run_document import UNTOLD, Entries, ended, head_of
from ansible_collections.asr.failback.plugins.module_utils.model.summary import result_of_host

# What a record has of a host besides its result.
OF_RECORD = frozenset({"application", "timelines", "verdict"})
_DAY = "2026-01-31"
RUN = {"id": "run1", "kind": "fleet", "cloud": "AzureCloud"}
_SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "run-record.schema.json"
_VALIDATOR = jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text()))


def read_record(path: Path) -> dict[str, Any]:
    """Return the record in a file, which has to be one."""
    record: dict[str, Any] = json.loads(path.read_text())
    assert objections_to(record) == []
    return record


def objections_to(record: Mapping[str, Any]) -> list[str]:
    """Return what the schema has against a record, with the place of each."""
    return [f"{error.json_path}: {error.message}" for error in _VALIDATOR.iter_errors(record)]


def made_record(*hosts: Mapping[str, Any], **about: Any) -> dict[str, Any]:
    """Return the record of a run that has ended, as the collection makes it. Each of the hosts is what differs from
    result_home() of C(web01)."""
    head = head_of({**UNTOLD, **about, "run": {**RUN, **about.get("run", {})}}, at(0))
    entries = Entries(ended(head, at(59)), [{**result_home(str(host.get("host", "web01"))), **host} for host in hosts])
    record = {**ended(head, at(59)), "results": [*entries], "verdict": entries.verdict}
    assert objections_to(record) == []
    return record


def record_on(day: str, *hosts: Mapping[str, Any], run_id: str = "", **about: Any) -> dict[str, Any]:
    """Return a record as made_record() does, of a day: C(2026-02-01)."""
    record = made_record(*hosts, **{**about, "run": {"id": run_id or day, **about.get("run", {})}})
    moved: dict[str, Any] = json.loads(json.dumps(record).replace(_DAY, day))
    return moved


def at(minute: int) -> str:
    """Return a time of the hour in which the jobs ran."""
    return f"{_DAY}T09:{minute:02}:00+00:00"


def result_home(host: str, name: str = "") -> dict[str, Any]:
    """Return the result of a VM that has come home, whose failback was one of before_failover."""
    vm = name or host
    tasks = [
        ("WaitForUserInputForFailback", None, 5, 10),
        ("ShutdownVmOnAzure", "StartAzureVmFailback", 11, 13),
        ("MonitorDataSync", "StartAzureVmFailback", 14, 15),
        ("StartVmOnPrimary", "StartAzureVmFailback", 16, 18),
    ]
    timeline = [
        {"name": task, "friendly_name": task, "group": group, "vm": None, "state": "Succeeded"}
        | {"started": at(started), "ended": at(over)}
        for task, group, started, over in tasks
    ]
    check = {"id": "heartbeat", "kind": "heartbeat", "status": "pass", "seen": "OkApplicationsHealthy", "cause": ""}
    copy = {"azure": {"id": "/x", "state": "absent", "reason": "read"}, "on_premises": [], "runs": "on_premises"}
    proof = {"verdict": "proved", "before": [], "after": [{"vm": vm, **copy}]}

    def job(kind: str, started: int, over: int, tasks: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": f"/v/vaults/vault1/replicationJobs/{kind}-{vm}", "name": f"{kind}-{vm}", "operation": kind} | {
            "started": at(started),
            "ended": at(over),
            "timeline": tasks,
        }

    def step(name: str, **more: Any) -> dict[str, Any]:
        return {"step": name, "changed": True, "members": [], "split_brain_check": proof, **more}

    left = ["/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d1"]
    return {
        "host": host,
        "target": vm,
        "outcome": "protected",
        "reason": "",
        "next": "",
        "stage": "protected",
        "authoritative_side": "on_premises",
        "vms": {vm: "protected"},
        "steps": [
            step("complete_failover", job=job("failback", 0, 18, timeline)),
            step(
                "commit",
                job=job("commit", 30, 32, []),
                azure_resources={"deleted": [], "left_behind": left, "not_checked": []},
            ),
            step("reverse_replicate", job=job("reverse_replicate", 33, 34, []), split_brain_check=None),
        ],
        "findings": [],
        "validation": {
            "vms": [
                {"name": vm, "verdict": "passed", "validated_at": at(20)}
                | {"checks": [{**check, "remedy": "", "at": at(20), "attempts": 1}]}
            ]
        },
    }


def record_of(host: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a run for one host, by what a task has returned for it."""
    head = ended(head_of({**UNTOLD, "run": {"id": "run1", "kind": "failback"}}, at(0)), at(59))
    entries = Entries(head, [{"host": host, **result_of_host(host, own)}])
    record = {**head, "results": [*entries], "verdict": entries.verdict}
    assert objections_to(record) == []
    return record

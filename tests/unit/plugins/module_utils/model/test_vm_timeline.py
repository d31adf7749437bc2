# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failback took: by the tasks of its jobs, and nothing that they do not tell."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.vm_timeline import timelines_of

VALIDATED = "2026-01-31T09:30:00+00:00"


def at(minute: int | None) -> str | None:
    return None if minute is None else f"2026-01-31T09:{minute:02}:00+00:00"


def task(name: str, started: int | None, ended: int | None, **more: Any) -> dict[str, Any]:
    plain = {"name": name, "friendly_name": name, "group": None, "vm": None, "state": "Succeeded"}
    return {**plain, "started": at(started), "ended": at(ended), **more}


# As recorded of one virtual machine: the tasks of its cut-over are below StartAzureVmFailback.
INNER = {"group": "StartAzureVmFailback"}
SYNCHRONIZED_FIRST = [
    task("InitiateDataSync", 0, 1),
    task("MonitorDataSync", 1, 5),
    task("WaitForUserInputForFailback", 5, 10),
    task("ShutdownVmOnAzure", 11, 13, **INNER),
    task("MonitorDataSync", 14, 15, **INNER),
    task("StartVmOnPrimary", 16, 18, **INNER),
]
FAILED = {"verdict": "failed", "checks": [{"id": "heartbeat", "status": "fail", "at": at(30)}]}
FULL_DOWNLOAD = [task("ShutdownVmOnAzure", 1, 3, **INNER), task("MonitorDataSync", 4, 17, **INNER)]
# Of a recovery plan the service names the groups; the task of a machine has no name of its own.
OF_PLAN = [
    task("Unknown", 1, 4, group="DataSyncAllActionGroup", vm="web01"),
    task("WaitForUserInputForFailback", 5, 10),
    task("Unknown", 11, 13, group="ShutdownAllActionGroup", vm="web01"),
    task("Unknown", 13, 15, group="FailoverAllActionGroup", vm="web01"),
    task("Unknown", 16, 18, group="Group1", vm="web01"),
]


def job(tasks: list[dict[str, Any]], name: str = "job1", operation: str = "failback") -> dict[str, Any]:
    return {"name": name, "operation": operation, "started": at(0), "ended": at(18), "timeline": tasks}


def result(*jobs: dict[str, Any] | None, validated: bool = True) -> dict[str, Any]:
    verdict = {"verdict": "passed", "validated_at": VALIDATED} if validated else FAILED
    steps = [{"step": "complete_failover", "job": one, "members": []} for one in jobs]
    return {"host": "web01", "target": "web01", "vms": {"web01": "protected"}, "steps": steps} | {
        "validation": {"vms": [{"name": "web01", **verdict}]}
    }


def timeline(*jobs: dict[str, Any] | None, validated: bool = True) -> dict[str, Any]:
    return timelines_of(result(*jobs, validated=validated))["web01"]


def phases(told: dict[str, Any]) -> list[tuple[str, float | None]]:
    return [(phase["phase"], phase["seconds"]) for phase in told["phases"]]


@pytest.mark.parametrize("tasks", [SYNCHRONIZED_FIRST, OF_PLAN], ids=["vm", "plan"])
def test_a_vm_that_was_synchronized_first_is_down_from_its_shutdown_on(tasks: list[dict[str, Any]]) -> None:
    told = timeline(job(tasks))
    assert phases(told) == [("synchronization", 300), ("waiting", 300), ("cut_over", 480), ("validation", 720)]
    assert (told["downtime"]["seconds"], told["downtime"]["until"]) == (19 * 60, VALIDATED)
    assert told["recovery_time"]["seconds"] == 30 * 60
    assert told["data_loss"]["seconds"] == 0


def test_a_full_download_is_a_cut_over_from_the_start() -> None:
    told = timeline(job(FULL_DOWNLOAD))
    assert phases(told) == [("cut_over", 18 * 60), ("validation", 720)]
    assert told["downtime"]["seconds"] == 29 * 60


def test_without_a_passed_validation_neither_downtime_nor_recovery_is_measured() -> None:
    told = timeline(job(SYNCHRONIZED_FIRST), validated=False)
    assert (told["downtime"]["seconds"], told["recovery_time"]["seconds"]) == (None, None)
    # It was looked at, all the same.
    assert phases(told)[-1][0] == "validation"
    assert "shut down in Azure at 2026-01-31 09:11:00 UTC, and not seen to work since" in told["downtime"]["basis"]


def test_a_job_counts_as_it_was_seen_last_and_the_last_failback_counts() -> None:
    early = job(SYNCHRONIZED_FIRST[:2])
    cancelled = job([task("InitiateDataSync", 0, 1)], name="job0")
    told = timeline(cancelled, early, job(SYNCHRONIZED_FIRST), None)
    assert told["downtime"]["seconds"] == 19 * 60
    assert [phase["job"] for phase in told["phases"]].count("job1") == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": "Failed"}, "no copy of the changes after the shutdown"),
        ({"ended": None}, "no copy of the changes after the shutdown"),
    ],
    ids=["it failed", "its end is not told"],
)
def test_a_shutdown_that_is_not_known_to_have_succeeded_proves_nothing(change: dict[str, Any], words: str) -> None:
    tasks = [{**one, **change} if one["name"] == "ShutdownVmOnAzure" else one for one in SYNCHRONIZED_FIRST]
    told = timeline(job(tasks))["data_loss"]
    assert told["seconds"] is None
    assert words in told["basis"]


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (None, "no copy"),
        (task("MonitorDataSync", 12, 15, **INNER), "no copy"),
        (task("MonitorDataSync", 14, 15, state="Failed", **INNER), "has not succeeded"),
        (task("MonitorDataSync", 14, None, state="InProgress", **INNER), "has not succeeded"),
    ],
    ids=["none", "begun before", "failed", "running"],
)
def test_only_a_copy_after_the_shutdown_that_succeeded_shows_that_nothing_was_lost(
    last: dict[str, Any] | None, words: str
) -> None:
    tasks = [one for one in SYNCHRONIZED_FIRST if not (one["name"] == "MonitorDataSync" and one["group"])]
    told = timeline(job([*tasks, last] if last else tasks))["data_loss"]
    assert told["seconds"] is None
    assert words in told["basis"]


def test_of_a_plan_each_vm_has_its_own_job_and_validation() -> None:
    members = [{"friendly_name": name, "job": job(OF_PLAN, name=f"of {name}")} for name in ("web01", "db01")]
    whole = result(None)
    whole["vms"] = {"web01": "protected", "db01": "protected"}
    whole["steps"] = [{"step": "complete_failover", "job": members[0]["job"], "members": members}]
    told = timelines_of(whole)
    assert {name: {phase["job"] for phase in one["phases"]} for name, one in told.items()} == {
        "web01": {"of web01", None},
        "db01": {"of db01"},
    }


@pytest.mark.parametrize("broken", ["tomorrow", "", None, 7])
def test_a_time_that_is_none_measures_nothing(broken: Any) -> None:
    tasks = [{**one, "started": broken} if one["name"] == "ShutdownVmOnAzure" else one for one in SYNCHRONIZED_FIRST]
    assert timeline(job(tasks))["downtime"]["seconds"] is None


def test_a_result_without_steps_has_empty_timelines() -> None:
    bare = {"host": "web01", "target": "web01", "vms": {}, "steps": [], "validation": {}}
    told = timelines_of(bare)["web01"]
    assert told["phases"] == []
    assert {told[measure]["seconds"] for measure in ("downtime", "recovery_time", "data_loss")} == {None}


def test_of_several_failbacks_the_first_shutdown_and_the_first_start_count() -> None:
    failed = job([task("ShutdownVmOnAzure", 1, 2, **INNER)], name="job0")
    told = timeline({**failed, "ended": at(2)}, {**job(SYNCHRONIZED_FIRST), "started": at(3)})
    assert (told["downtime"]["from"], told["recovery_time"]["from"]) == (at(1), at(0))
    assert "first shutdown" in told["downtime"]["basis"]
    assert "first failback" in told["recovery_time"]["basis"]


def test_what_was_given_up_is_no_data_that_came_home() -> None:
    given_up = {"vm": "web01", "kind": "azure_changes", "id": "/x", "name": "web01", "reason": "started at 12:00"}
    own = {**result(job(SYNCHRONIZED_FIRST)), "discarded": [given_up]}
    loss = timelines_of(own)["web01"]["data_loss"]
    assert loss["seconds"] is None
    assert "started at 12:00" in loss["basis"]
    other = {**own, "discarded": [{**given_up, "vm": "db01"}]}
    assert timelines_of(other)["web01"]["data_loss"]["seconds"] == 0

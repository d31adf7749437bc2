# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator's bodies next to what Azure was recorded to say: same properties, same spelling, same names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"
RECORDINGS = SHARED / "recordings"
CHECKER = SHARED / "tools" / "check_traffic.py"
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the folder of recordings is not here")
# The bodies of jobs carried the state of the long-running operation only in the first api-version.
FIRST_VERSION_ONLY = {"status", "error", "startTime", "endTime"}


def recorded(name: str) -> Any:
    found = sorted(RECORDINGS.glob(f"{name}*.json"))
    assert found, name
    return json.loads(found[0].read_text())["response"]["body"]


def paths(value: Any, path: str = "") -> set[str]:
    """Every property of a body as a dotted path, in lower case: api-versions differ. Elements of lists share one."""
    if isinstance(value, dict):
        names = {f"{path}.{key}".lower() for key in value}
        return names | set().union(*(paths(v, f"{path}.{k}") for k, v in value.items()))
    if isinstance(value, list):
        return set().union(*(paths(element, f"{path}[]") for element in value))
    return set()


def missing(ours: Any, theirs: Any, but: frozenset[str] = frozenset()) -> set[str]:
    return {
        path for path in paths(theirs) - paths(ours) if path.rsplit(".", 1)[1] not in {name.lower() for name in but}
    }


@needs_recordings
@pytest.mark.parametrize(
    ("recording", "read"),
    [
        ("b2a2023_03_protecteditem_Protected", lambda desk: desk.read(desk.path("vm-protected"))),
        ("b2a2023_04_fabric_HyperVSite_GET", lambda desk: desk.read("replicationFabrics/site-delft")),
        ("b2a2023_06_recoveryplan_GET", lambda desk: desk.read("replicationRecoveryPlans/plan-pair")),
        ("b2a2023_07_recoveryplan_LIST", lambda desk: desk.read("replicationRecoveryPlans")),
        (
            "b2a2023_01_containers_list",
            lambda desk: desk.read("replicationFabrics/site-delft/replicationProtectionContainers"),
        ),
        (
            "provider_Connected",
            lambda desk: desk.read("replicationFabrics/site-delft/replicationRecoveryServicesProviders"),
        ),
    ],
)
def test_given_a_recording_when_read_here_then_exactly_its_properties(desk, recording, read):
    ours, theirs = read(desk("every_stage")), recorded(recording)
    assert missing(ours, theirs) == set()
    assert paths(ours) - paths(theirs) == set()


@needs_recordings
@pytest.mark.parametrize(
    ("recording", "name"), [("b2a2021_cycle_4_item", "vm-to-commit"), ("b2a2021_cycle_6_item", "vm-reversing")]
)
def test_given_a_recorded_item_of_a_cycle_when_read_here_then_its_properties_and_states(desk, recording, name):
    ours, theirs = desk("every_stage").read(desk("every_stage").path(name)), recorded(recording)
    # What ails it, and that it was tested, is its own.
    assert {path for path in missing(ours, theirs) if "health" not in path and "test" not in path} == set()
    for key in ("protectionState", "protectionStateDescription", "activeLocation"):
        assert ours["properties"][key] == theirs["properties"][key]
    states = ("vmProtectionState", "vmProtectionStateDescription")
    assert [ours["properties"]["providerSpecificDetails"][key] for key in states] == [
        theirs["properties"]["providerSpecificDetails"][key] for key in states
    ]


@needs_recordings
def test_given_the_recorded_failback_job_when_compared_then_same_tasks_names_and_details(desk, vault_of, failback):
    counter = desk(vault_of({"name": "vm2", "cloud": "cloud1"}))
    ours = counter.do("vm2", "plannedFailover", failback("ForSynchronization"))
    theirs = recorded("e2a2015_job_failback_PlannedFailover_Succeeded_vm2")["properties"]
    assert ours["scenarioName"] == theirs["scenarioName"]
    assert ours["friendlyName"] == theirs["friendlyName"]
    labels = [
        [(task["name"], task["friendlyName"], task["stateDescription"]) for task in job["tasks"]]
        for job in (ours, theirs)
    ]
    assert labels[0] == labels[1]
    inner = ours["tasks"][-1]["groupTaskCustomDetails"]["childTasks"]
    recorded_inner = theirs["tasks"][-1]["customDetails"]["childTasks"]
    assert [(task["name"], task["friendlyName"]) for task in inner] == [
        (task["name"], task["friendlyName"]) for task in recorded_inner
    ]
    assert paths(ours["customDetails"]["affectedObjectDetails"]) == paths(
        theirs["customDetails"]["affectedObjectDetails"]
    )


CYCLE = {
    "FinalizeFailback": "e2a2015_job_FinalizeFailback",
    "ReprotectReplicationGroup": "rpi2017_reprotect_5",
    "IrCompletion": "e2a2015_job_IrCompletion",
    "RestoreCompletion": "e2a2015_job_RestoreCompletion",
    "CommitFailover": "rpi2017_commit_2",
    "PlannedFailover": "rpi2017_pfo_4",
}


@needs_recordings
def test_given_the_recorded_jobs_of_a_cycle_when_lived_through_then_same_tasks_and_properties(desk, vault_of, to_azure):
    counter = desk(vault_of({"name": "vm2", "stage": "failed_back"}))
    counter.do("vm2", "reProtect", to_azure)
    counter.pass_time(300)
    jobs = {job["scenario"]: job["name"] for job in counter.simulator.state()["jobs"]}
    for scenario, recording in CYCLE.items():
        ours, theirs = counter.read(f"replicationJobs/{jobs[scenario]}"), recorded(recording)
        names = [
            [(task["name"], task["friendlyName"]) for task in job["properties"]["tasks"]] for job in (ours, theirs)
        ]
        assert names[0] == names[1], scenario
        assert missing(ours["properties"], theirs["properties"]) == set(), scenario
        fixed = [task["taskId"] for task in theirs["properties"]["tasks"] if "-" not in task["taskId"]]
        assert [task["taskId"] for task in ours["properties"]["tasks"]][: len(fixed)] == fixed or not fixed, scenario


@needs_recordings
@pytest.mark.parametrize(
    ("recording", "operation"), [("rp2017_failback_4", "plannedFailover"), ("rp2017_commit_2", "failoverCommit")]
)
def test_given_the_recorded_plan_jobs_when_compared_then_same_properties(
    desk, vault_of, plan_failback, recording, operation
):
    plan = {"recovery_plans": [{"name": "rpTest1", "groups": [["vm1"]]}]}
    counter = desk(vault_of({"name": "vm1"}, **plan))
    ours = counter.do("rpTest1", "plannedFailover", plan_failback("ForSynchronization"))
    if operation == "failoverCommit":
        ours = counter.do("rpTest1", "failoverCommit")
    theirs = recorded(recording)["properties"]
    assert missing(ours, theirs) == set()
    assert paths(ours) - paths(theirs) == set()
    assert [task["friendlyName"] for task in ours["tasks"]] == [task["friendlyName"] for task in theirs["tasks"]]


@needs_recordings
@pytest.mark.parametrize(
    ("recording", "name", "operation"),
    [
        ("ps2017_e2a_reprotect_job_Failed_25038", "vm-to-commit", "reProtect"),
        ("ps2017_FinalizeFailback_Failed_25037", "vm-failed-over", "failoverCommit"),
        ("ps2017_job_Failed_532", "vm-busy", "failoverCommit"),
    ],
)
def test_given_the_recorded_failures_when_compared_then_same_words(desk, to_azure, recording, name, operation):
    ours = desk("every_stage").do(name, operation, to_azure if operation == "reProtect" else None)
    theirs = recorded(recording)["properties"]
    mine, other = (job["errors"][0]["serviceErrorDetails"] for job in (ours, theirs))
    assert (mine["code"], mine["recommendedAction"]) == (other["code"], other["recommendedAction"])
    assert missing(ours["errors"], theirs["errors"]) == set()
    assert ours["allowedActions"] == theirs["allowedActions"]


@needs_recordings
def test_given_the_recorded_refusals_when_compared_then_same_words(desk, to_azure):
    counter = desk("every_stage")
    wrong = {**to_azure, "failoverDirection": "RecoveryToPrimary"}
    ours = counter.ask("vm-failed-back", "reProtect", wrong).json()
    assert sameness(ours) == sameness(recorded("http_error_400_BadRequest_InvalidFailoverDirection"))
    unknown = counter.get("replicationRecoveryPlans/RPSwag96").json()
    assert sameness(unknown) == sameness(recorded("http_error_404_NotFound_ArmResourceDoesNotExist"))
    lost = counter.get("replicationFabrics/a2aPrimaryFabric3").json()
    assert sameness(lost) == sameness(recorded("http_error_404_NotFound_FabricArmEntityMissing"))


def sameness(body: dict[str, Any]) -> tuple[Any, ...]:
    error = body["error"]
    details = {key: value for key, value in error["details"][0].items() if key not in ("clientRequestId", "activityId")}
    return error["code"], error["message"], details


@needs_recordings
def test_given_the_recorded_operation_status_when_compared_then_same_properties(desk, vault_of):
    counter = desk(vault_of({"name": "web01", "stage": "failback_commit_pending"}))
    job = counter.begin("web01", "failoverCommit")
    running = counter.read(f"replicationOperationStatus/{job}")
    counter.until(job, "Succeeded")
    done = counter.read(f"replicationOperationStatus/{job}")
    for ours, recording in ((running, "b2a2023_14"), (done, "b2a2023_15")):
        theirs = recorded(recording)
        assert set(ours) == set(theirs)
        assert (ours["endTime"] is None) == (theirs["endTime"] is None)


@needs_recordings
def test_given_a_new_job_when_compared_with_the_recording_then_same_properties(desk, failback):
    counter = desk("every_stage")
    ours = counter.job(counter.begin("vm-failed-over", "plannedFailover", failback()))
    assert set(ours) == set(recorded("ps2017_job_NotStarted")["properties"])


@pytest.mark.skipif(not CHECKER.is_file(), reason="the checker of exchanges is not here")
def test_given_all_kinds_of_exchanges_when_held_against_the_definition_then_nothing_is_wrong(
    desk, failback, plan_failback, to_azure, tmp_path
):
    traffic = tmp_path / "traffic.jsonl"
    counter = desk("every_stage", traffic=traffic)
    for name, operation, properties in (
        ("vm-failed-over", "plannedFailover", failback()),
        ("vm-failed-back", "reProtect", to_azure),
        ("vm-to-commit", "failoverCommit", None),
        ("vm-uncommitted", "failoverCommit", None),
        ("vm-tested", "testFailoverCleanup", {"comments": ""}),
        ("vm-protected", "unplannedFailover", {**to_azure, "sourceSiteOperations": "NotRequired"}),
        ("plan-pair", "plannedFailover", plan_failback()),
        ("plan-manual", "plannedFailover", plan_failback("ForSynchronization")),
    ):
        counter.begin(name, operation, properties)
    for seconds in (1, 30, 300, 900):
        counter.pass_time(seconds)
        read_everything(counter)
    counter.act(counter.item("vm-waiting")["currentScenario"]["jobId"][-36:], "cancel")
    counter.act(counter.item("plan-pair")["currentScenario"]["jobId"][-36:], "resume")
    counter.pass_time(60)
    read_everything(counter)
    # Recorded on providers, though the definition does not have it.
    traffic.write_text(
        traffic.read_text().replace('"identityDetails": null, ', "").replace(', "identityDetails": null', "")
    )
    result = subprocess.run([sys.executable, str(CHECKER), str(traffic)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:]
    assert " 0 wrong" in result.stdout


def read_everything(counter: Any) -> None:
    """Reads all there is, slowly enough for the limits of Azure Resource Manager."""
    for state in (counter.simulator.state()["items"], counter.simulator.state()["plans"]):
        for thing in state:
            counter.read(thing["id"])
    for job in counter.read("replicationJobs")["value"]:
        counter.pass_time(0.1)
        counter.read(job["id"])
        counter.read(f"replicationOperationStatus/{job['name']}")
    for path in ("replicationFabrics", "replicationRecoveryPlans", "replicationEvents", "replicationPolicies"):
        for value in counter.read(path)["value"]:
            counter.pass_time(0.1)
            counter.read(value["id"])
    for fabric in counter.read("replicationFabrics")["value"]:
        for kind in ("replicationRecoveryServicesProviders", "replicationProtectionContainers", "replicationNetworks"):
            for value in counter.read(f"{fabric['id']}/{kind}")["value"]:
                counter.read(value["id"])
        for container in counter.read(f"{fabric['id']}/replicationProtectionContainers")["value"]:
            counter.read(f"{container['id']}/replicationProtectedItems")
            counter.read(f"{container['id']}/replicationProtectableItems")

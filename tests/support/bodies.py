# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bodies of the service, as small as the code that reads them allows. Names and states are the service's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Body = dict[str, Any]

VAULT = (
    "/Subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-recovery"
    "/providers/Microsoft.RecoveryServices/vaults/vault-recovery"
)
AZURE_GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-azure"
CONTAINER = f"{VAULT}/replicationFabrics/site1/replicationProtectionContainers/cloud_1"
IDLE = {"scenarioName": "None", "jobId": f"{VAULT}/replicationJobs/None", "startTime": "1753-01-01T01:01:01Z"}
VM_ID = "0f6dbf2f-1a65-4ac1-8c6e-51a1a3fbb0b1"
LEAVES_AZURE = {"affectedObjectDetails": {"PrimaryFabricProviderId": "Azure", "RecoveryFabricProviderId": "HyperVSite"}}


def scenario(name: str, job: str = "job-1") -> Body:
    """The currentScenario of an item that an operation owns."""
    return {"scenarioName": name, "jobId": f"{VAULT}/replicationJobs/{job}", "startTime": "2026-03-01T08:00:00Z"}


def item(*operations: str, active: str = "Recovery", state: str = "", details: Any = None, **more: Any) -> Body:
    """A replicated item that allows these operations; `details` and `more` add to or replace its properties."""
    provider_details = {
        "instanceType": "HyperVReplicaAzure",
        "vmId": VM_ID,
        "recoveryAzureVmName": "web01",
        "recoveryAzureResourceGroupId": AZURE_GROUP,
        **(details or {}),
    }
    properties = {
        "friendlyName": "web01",
        "primaryFabricProvider": "SingleHostHyperVFabric",
        "activeLocation": active,
        "protectionState": state,
        "protectionStateDescription": f"{state} in words" if state else "",
        "allowedOperations": list(operations),
        "testFailoverState": "None",
        "currentScenario": IDLE,
        "providerSpecificDetails": provider_details,
        **more,
    }
    return {"id": f"{CONTAINER}/replicationProtectedItems/item-1", "name": "item-1", "properties": properties}


def task(name: str, state: str = "NotStarted", description: str = "", **more: Any) -> Body:
    """A task of a job; its friendly name is its name in capitals."""
    words = {"Succeeded": "Completed"}
    return {
        "name": name,
        "friendlyName": name.upper(),
        "state": state,
        "stateDescription": description or words.get(state, state),
        "startTime": "0001-01-01T00:00:00",
        "endTime": "0001-01-01T00:00:00",
        **more,
    }


def skipped(name: str, year: int = 2017) -> Body:
    """A task that the service left out, in the spelling of 2017 or of 2015."""
    return task(name, "Other" if year == 2017 else "Succeeded", "Skipped")


def inline(name: str, state: str, *children: Body) -> Body:
    """A task that is a workflow of tasks."""
    details = {"instanceType": "InlineWorkflowTaskDetails", "childTasks": list(children)}
    return task(name, state, customDetails=details)


def group(name: str, state: str, *children: Body, description: str = "") -> Body:
    """A task of a recovery plan for a group of machines; the service names such a task "Unknown"."""
    details = {"name": name, "groupId": name, "childTasks": list(children)}
    return task("Unknown", state, description, customDetails=None, groupTaskCustomDetails=details)


def machine(vm_id: str, state: str, job: str = "") -> Body:
    """A plan's task for one machine, with the child job that does it once its phase has begun."""
    job_task = {"jobId": f"{VAULT}/replicationJobs/{job}", "targetObjectId": vm_id, "targetObjectName": "web01"}
    return task("Unknown", state, customDetails={"instanceType": "VirtualMachineTaskDetails", "jobTask": job_task})


def job(scenario_name: str | None, state: str, *tasks: Body, name: str = "job-1", **more: Any) -> Body:
    """A job for the item of this file."""
    properties = {
        "scenarioName": scenario_name,
        "friendlyName": "Planned failover",
        "state": state,
        "stateDescription": state,
        "tasks": list(tasks),
        "errors": [],
        "allowedActions": [],
        "startTime": "2026-03-01T08:00:00.1234567Z",
        "endTime": None,
        "targetObjectId": VM_ID,
        "targetObjectName": "web01",
        "targetInstanceType": "ProtectionEntity",
        **more,
    }
    return {"id": f"{VAULT}/replicationJobs/{name}", "name": name, "properties": properties}


def failback(state: str, *tasks: Body, **more: Any) -> Body:
    """A failback's job; its direction shows in the affected objects, whatever its tasks."""
    return job("PlannedFailover", state, *tasks, **{"customDetails": LEAVES_AZURE, **more})


def synchronizing_first(*, sync: str, asked: str = "NotStarted", rest: str = "NotStarted") -> list[Body]:
    """The tasks of a failback that synchronizes first: state of the synchronization, of the question, of the rest."""
    return [
        task("AzureVmFailbackPrerequisitesCheck", "Succeeded"),
        task("PrepareVmOnPremForFailback", "Succeeded"),
        task("InitiateDataSync", "Succeeded" if sync != "NotStarted" else sync),
        task("MonitorDataSync", sync),
        task("WaitForUserInputForFailback", asked),
        task("StartAzureVmFailback", rest),
    ]


def full_download(*, off: str = "Succeeded", sync: str = "NotStarted", up: str = "NotStarted") -> list[Body]:
    """The tasks of a full download: state of shutting down in Azure, of the download, of the start on-premises."""
    children = (
        task("ShutdownVmOnAzure", off),
        task("InitiateDataSync", sync),
        task("MonitorDataSync", sync),
        task("StartVmOnPrimary", up),
    )
    left_out = ("InitiateDataSync", "MonitorDataSync", "WaitForUserInputForFailback")
    return [
        task("AzureVmFailbackPrerequisitesCheck", "Succeeded"),
        task("PrepareVmOnPremForFailback", "Succeeded"),
        *(skipped(name) for name in left_out),
        inline("StartAzureVmFailback", "InProgress", *children),
    ]


def leaves(value: Any) -> Iterator[Any]:
    """Every value of a document that is neither a mapping nor a list, in order."""
    if isinstance(value, (dict, list, tuple)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from leaves(member)
    else:
        yield value

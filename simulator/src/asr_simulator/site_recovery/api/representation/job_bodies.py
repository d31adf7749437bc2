# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs, tasks and their errors as JSON."""

from __future__ import annotations

from typing import Any

from asr_simulator.site_recovery.api.representation.times import precise, precise_or_unset, whole
from asr_simulator.site_recovery.model import jobs
from asr_simulator.site_recovery.model.job_errors import JobError
from asr_simulator.site_recovery.model.jobs import AffectedPlan, AffectedVm, Job, Task
from asr_simulator.site_recovery.workflows.vault import Vault

AZURE_FABRIC = "21a9403c-6ec1-44f2-b744-b4e50b792387"
AZURE_CONTAINER = "d38048d4-b460-4791-8ece-108395ee8478"
AZURE_NAME = "Microsoft Azure"
FAILOVER: dict[str, Any] = {"protectedItemDetails": []}
TEST_FAILOVER: dict[str, Any] = {
    "testFailoverStatus": None,
    "comments": "",
    "networkName": None,
    "networkFriendlyName": None,
    "networkType": None,
    "protectedItemDetails": [],
}
DETAILS = {
    "PlannedFailover": "FailoverJobDetails",
    "UnplannedFailover": "FailoverJobDetails",
    "Failback": "FailoverJobDetails",
    "TestFailover": "TestFailoverJobDetails",
    "TestFailoverCleanup": "TestFailoverJobDetails",
}
STATUS = {jobs.PARTIALLY_SUCCEEDED: jobs.SUCCEEDED, jobs.CANCELLING: jobs.IN_PROGRESS}


def job_body(vault: Vault, job: Job, in_list: bool = False) -> dict[str, Any]:
    """A job; in a list without tasks, customDetails and activityId."""
    waiting = job.state == jobs.NOT_STARTED
    body: dict[str, Any] = {
        "activityId": None if in_list else job.activity_id,
        "scenarioName": None if waiting else job.scenario,
        "friendlyName": None if waiting else job.kind.friendly_name,
        "state": job.state,
        "stateDescription": job.description,
        "tasks": [] if in_list or waiting else [task_body(vault, task, job.activity_id) for task in job.tasks],
        "errors": [error_body(error, job.activity_id) for error in job.errors],
        **_times(job),
        "allowedActions": job.allowed_actions,
        "targetObjectId": None if waiting else job.target[0],
        "targetObjectName": None if waiting else job.target[1],
        "targetInstanceType": job.target[2] or None,
        "customDetails": None if in_list else _details(job, waiting),
    }
    return {
        "id": vault.job_path(job),
        "name": job.name,
        "type": "Microsoft.RecoveryServices/vaults/replicationJobs",
        "properties": body,
    }


def _times(job: Job) -> dict[str, str]:
    times = {"startTime": precise(job.started)} if job.started else {}
    return {**times, "endTime": whole(job.ended)} if job.ended else times


def _details(job: Job, waiting: bool) -> dict[str, Any]:
    """What a job is about; of a failover of one item, more (recordings of 2017 and 2021)."""
    affected = {} if waiting else _affected(job)
    kind = "AsrJobDetails" if job.item is None or waiting else DETAILS.get(job.scenario, "AsrJobDetails")
    more = {"AsrJobDetails": {}, "FailoverJobDetails": FAILOVER, "TestFailoverJobDetails": TEST_FAILOVER}[kind]
    return {"instanceType": kind, **more, "affectedObjectDetails": affected}


def _affected(job: Job) -> dict[str, str]:
    """Who is concerned: ``Primary`` is the side that the operation starts from (recordings)."""
    if job.item is not None:
        on_premises = _of_item(job.item)
    elif job.plan is not None:
        on_premises = _of_plan(job.plan)
    else:
        return {}
    azure = {"CloudId": AZURE_CONTAINER, "CloudName": AZURE_NAME} if job.item else {}
    azure |= {"VmmId": AZURE_FABRIC, "VmmName": AZURE_NAME, "FabricProviderId": "Azure"}
    source, target = (azure, on_premises) if job.kind.starts_from_azure else (on_premises, azure)
    machine = _machine(job.item, job.kind.starts_from_azure) if job.item else {}
    sides = {f"primary{key}": value for key, value in source.items()}
    return {**machine, **sides, **{f"recovery{key}": value for key, value in target.items()}}


def _of_item(item: AffectedVm) -> dict[str, str]:
    fabric = item.fabric
    return {
        "CloudId": item.container.name,
        "CloudName": item.container.friendly_name,
        "VmmId": fabric.identifier,
        "VmmName": fabric.friendly_name,
        "FabricProviderId": fabric.type,
    }


def _of_plan(plan: AffectedPlan) -> dict[str, str]:
    fabric = plan.fabric
    return {"VmmId": fabric.identifier, "VmmName": fabric.friendly_name, "FabricProviderId": fabric.type}


def _machine(item: AffectedVm, from_azure: bool) -> dict[str, str]:
    return {
        "primaryVmId": item.vm_id,
        "primaryVmName": item.friendly_name,
        "recoveryVmId": item.vm_id if from_azure else "",
        "recoveryVmName": item.friendly_name,
        "protectionProfileId": item.policy_path.rsplit("/", 1)[1],
    }


def task_body(vault: Vault, task: Task, activity_id: str) -> dict[str, Any]:
    """A task with everything below it."""
    state, description = task_state(task.state, vault.variants.skipped_tasks)
    grouped = task.type in (jobs.PLAN_GROUP, jobs.PLAN_SHUTDOWN_GROUP)
    return {
        "taskId": task.task_id,
        "name": task.name,
        "startTime": precise_or_unset(task.started),
        "endTime": precise_or_unset(task.ended),
        "allowedActions": [],
        "friendlyName": task.friendly_name,
        "state": state,
        "stateDescription": description,
        "taskType": task.type,
        "customDetails": None if grouped else _task_details(vault, task),
        "groupTaskCustomDetails": _group(vault, task, activity_id)
        if grouped or task.type == jobs.INLINE_WORKFLOW
        else None,
        "errors": [error_body(error, activity_id) for error in task.errors],
    }


def task_state(state: str, skipped_tasks: int) -> tuple[str, str]:
    """``state`` and ``stateDescription`` of a task. ``skipped_tasks`` is the year whose words are used for these."""
    if state == jobs.SKIPPED:
        return ("Other" if skipped_tasks == 2017 else jobs.SUCCEEDED), "Skipped"
    return state, "Completed" if state == jobs.SUCCEEDED else state


def _task_details(vault: Vault, task: Task) -> dict[str, Any] | None:
    if task.type == jobs.INLINE_WORKFLOW:
        return None
    if task.type == jobs.MANUAL_ACTION:
        return {
            "instanceType": task.type,
            "name": task.friendly_name,
            "instructions": task.instructions,
            "observation": "",
        }
    if task.type != jobs.PLAN_MACHINE or task.machine is None:
        return {"instanceType": jobs.TASK}
    return {
        "skippedReason": "None",
        "skippedReasonString": None,
        "jobTask": _job_entity(vault, task, task.machine),
        "instanceType": jobs.PLAN_MACHINE,
    }


def _job_entity(vault: Vault, task: Task, item: AffectedVm) -> dict[str, Any]:
    """The job of a plan's machine; before it starts its id ends with an empty name (recording)."""
    job = task.machine_job
    return {
        "jobId": vault.job_path(job) if job else f"{vault.place.path}/replicationJobs/",
        "jobFriendlyName": job.kind.friendly_name if job else "Unknown",
        "targetObjectId": item.vm_id,
        "targetObjectName": item.friendly_name,
        "targetInstanceType": "Vm",
        "jobScenarioName": job.scenario if job else "Unknown",
    }


def _group(vault: Vault, task: Task, activity_id: str) -> dict[str, Any]:
    children = [task_body(vault, child, activity_id) for child in task.children]
    if task.group is None:
        workflows = [task.workflow_id] if task.workflow_id else []
        return {"instanceType": task.type, "workflowIds": workflows, "childTasks": children}
    name, kind = task.group
    return {"name": name, "groupId": name, "rpGroupType": kind, "instanceType": task.type, "childTasks": children}


def error_body(error: JobError, activity_id: str) -> dict[str, Any]:
    """An error of a job or of a task."""
    return {
        "serviceErrorDetails": {
            "code": error.code,
            "message": error.message,
            "possibleCauses": error.causes,
            "recommendedAction": error.action,
            "activityId": activity_id,
        },
        "providerErrorDetails": {
            "errorCode": error.provider_code,
            "errorMessage": error.provider_message,
            "errorId": error.error_id,
            "possibleCauses": error.provider_causes,
            "recommendedAction": error.provider_action,
        },
        "errorLevel": error.level,
        "creationTime": precise(error.at) if error.at else None,
        "taskId": error.task_id,
    }


def operation_body(job: Job) -> dict[str, Any]:
    """``replicationOperationStatus``: the name is the job's, not the operation's (recordings of a plan).

    Of a waiting job the state is as it is (not recorded).
    """
    error = job.errors[0] if job.errors else None
    return {
        "error": {"code": error.code, "message": error.message, "details": None} if error else None,
        "id": None,
        "name": job.name,
        "properties": None,
        "status": STATUS.get(job.state, job.state),
        "startTime": precise(job.accepted),
        "endTime": job.ended.strftime("%Y-%m-%dT%H:%M:%S.0000000Z") if job.ended else None,
        "percentComplete": None,
    }

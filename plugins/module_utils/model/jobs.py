# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of Site Recovery: what an operation is, how far it has come, what it waits for and why it failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from . import arm_ids
from .failures import UnknownState
from .json_path import Document, field, items, text, time_at

# Recorded: the well-known id and name of the Azure side in a job's affected objects.
_AZURE_FABRIC_IDS = ("21a9403c-6ec1-44f2-b744-b4e50b792387", "microsoft azure", "azure")
_FAILBACK_TASKS = frozenset({"AzureVmFailbackPrerequisitesCheck", "PrepareVmOnPremForFailback"})
# Recorded of failbacks only, be it one of a plan or a part of it.
_MORE_FAILBACK_TASKS = frozenset(
    {
        "InitiateDataSync",
        "MonitorDataSync",
        "DataSyncAllActionGroup",
        "WaitForUserInputForFailback",
        "StartAzureVmFailback",
    }
)
_FAILOVER_TASKS = frozenset({"VmPfoPrerequisitesCheck", "VmFailover", "RpEnvironmentCreationTask"})
USER_INPUT_TASK = "WaitForUserInputForFailback"
_FULL_DOWNLOAD_TASK = "StartAzureVmFailback"
# What turns the Azure VM off: in the failback of one VM below the task above, in a plan's a group of its own.
_SHUTDOWN_TASKS = ("ShutdownVmOnAzure", "ShutdownAllActionGroup")
# What writes to the on-premises disks. A plan that synchronizes during the failover does so in its failover group.
_WRITING_TASKS = ("InitiateDataSync", "MonitorDataSync", "DataSyncAllActionGroup", "FailoverAllActionGroup")
_LAST_SYNC_TASKS = ("MonitorDataSync", "FailoverAllActionGroup")
# Recorded: each has one task for each machine of the plan, and none for anything else.
_GROUPS_OF_ALL_MACHINES = ("DataSyncAllActionGroup", "FailoverAllActionGroup")
# Inferred from the closed list of states that Microsoft's older PowerShell module accepts.
_WAITS_AFTER_DATA_SYNC = "WaitingForUserInputAfterDataSync"

RUNNING_STATES = frozenset({"NotStarted", "InProgress", "Suspended", "Cancelling"})
SUCCEEDED_STATES = frozenset({"Succeeded", "CompletedWithInformation"})
FAILED_STATES = frozenset({"Failed", "Cancelled", "PartiallySucceeded", "Aborted", "RolledBack"})


class Operation(Enum):
    """What a job does to its replicated item or recovery plan."""

    FAILBACK = "planned failover from Azure to on-premises"
    FAILOVER = "failover from on-premises to Azure"
    PLANNED_FAILOVER = "planned failover whose direction is not told"
    COMMIT = "commit"
    REVERSE_REPLICATE = "reverse replication"
    RESTORE_COMPLETION = "completion of the data synchronization"
    TEST_FAILOVER = "test failover"
    OTHER = "another operation"


# Recorded scenario names. PlannedFailover serves both directions: see Job.operation.
_OPERATIONS = {
    "Failback": Operation.FAILBACK,
    "UnplannedFailover": Operation.FAILOVER,
    "CommitFailover": Operation.COMMIT,
    "FinalizeFailback": Operation.COMMIT,
    "ReprotectReplicationGroup": Operation.REVERSE_REPLICATE,
    "ReverseReplication": Operation.REVERSE_REPLICATE,
    "IrCompletion": Operation.REVERSE_REPLICATE,
    "RestoreCompletion": Operation.RESTORE_COMPLETION,
    "TestFailover": Operation.TEST_FAILOVER,
    "TestFailoverCleanup": Operation.TEST_FAILOVER,
}
# Recorded scenario names of what moves no data to on-premises and deletes nothing.
_HARMLESS = frozenset(
    {
        "AssociateProtectionProfile",
        "CertificateRenewal",
        "DisableDr",
        "EnableDr",
        "RefreshFabricLayout",
        "RestartJob",
        "UpdateVmProperties",
    }
)
# Recorded types of what a job works on.
_TARGET_TYPES = frozenset({"ProtectionEntity", "ProtectionProfile", "RecoveryPlan", "Server"})


@dataclass(frozen=True)
class Task:
    """A task of a job; group tasks and inline workflows carry C(children).

    C(job_id) is the child job that a recovery plan's task started for one virtual machine, C(target_id) that machine.
    """

    name: str
    friendly_name: str
    state: str
    state_description: str
    started: datetime | None
    ended: datetime | None
    children: tuple[Task, ...]
    errors: tuple[Document, ...]
    job_id: str
    target_id: str
    target_name: str

    @property
    def is_skipped(self) -> bool:
        """Whether the service left the task out (both recorded spellings)."""
        return self.state_description == "Skipped"

    @property
    def is_done(self) -> bool:
        """Whether nothing of the task is still to come."""
        return self.is_skipped or self.state in SUCCEEDED_STATES or self.state in FAILED_STATES

    @property
    def has_begun(self) -> bool:
        """Whether the task did anything."""
        return not self.is_skipped and self.state not in ("", "NotStarted")

    def walk(self) -> Iterator[Task]:
        """Yield the task and everything below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


_UNTOLD = Task("", "", "", "", None, None, (), (), "", "", "")


@dataclass(frozen=True)
class Job:
    """One body of C(replicationJobs/{job}). Lists come without tasks and details (recorded): read a job alone."""

    document: Document
    id: str
    name: str
    scenario: str
    friendly_name: str
    state: str
    state_description: str
    tasks: tuple[Task, ...]
    errors: tuple[Document, ...]
    allowed_actions: frozenset[str]
    started: datetime | None
    ended: datetime | None
    target_id: str
    target_name: str
    target_type: str

    @property
    def is_running(self) -> bool:
        """Whether the job still owns its target; a suspended job does."""
        return self.state in RUNNING_STATES

    @property
    def has_succeeded(self) -> bool:
        """Whether the job did all that it was for. PartiallySucceeded is not that."""
        return self.state in SUCCEEDED_STATES

    @property
    def has_failed(self) -> bool:
        """Whether the job ended without doing all that it was for; a cancelled one counts."""
        return self.state in FAILED_STATES

    @property
    def is_of_plan(self) -> bool:
        """Whether the job's target is a recovery plan. Only such a job has tasks for machines (recorded)."""
        return self.target_type == "RecoveryPlan" or (not self.target_type and self.tells_machines)

    @property
    def operation(self) -> Operation:
        """What the job does. A planned failover's direction shows in the side that it names as source (recorded)."""
        if self.scenario == "PlannedFailover":
            return self._planned_failover()
        known = _OPERATIONS.get(self.scenario, Operation.OTHER)
        # Under a new name, or under none, its tasks may tell all the same.
        if known is not Operation.OTHER or self.is_harmless:
            return known
        tasks = {task.name for task in self.all_tasks()}
        return known if tasks.isdisjoint(_FAILBACK_TASKS | _MORE_FAILBACK_TASKS) else Operation.FAILBACK

    def _planned_failover(self) -> Operation:
        names = {task.name for task in self.all_tasks()}
        if names & _FAILBACK_TASKS:
            return Operation.FAILBACK
        affected = field(self.document, "properties", "customDetails", "affectedObjectDetails")
        sources = (
            text(affected, "PrimaryFabricProviderId"),
            text(affected, "PrimaryVmmId"),
            text(affected, "PrimaryVmmName"),
        )
        if any(source.lower() in _AZURE_FABRIC_IDS for source in sources):
            return Operation.FAILBACK
        return Operation.FAILOVER if any(sources) or names & _FAILOVER_TASKS else Operation.PLANNED_FAILOVER

    @property
    def may_be_failback(self) -> bool:
        """Whether it is a failback, or nothing tells what it is."""
        return self.operation in (Operation.FAILBACK, Operation.PLANNED_FAILOVER, Operation.OTHER)

    @property
    def is_harmless(self) -> bool:
        """Whether it is known to write to no on-premises disk and to delete no VM."""
        return self.scenario in _HARMLESS

    @property
    def untold(self) -> str:
        """What is missing to tell what the job does, as the rest of a sentence; empty where it tells."""
        if self.operation is Operation.PLANNED_FAILOVER:
            return "does not report its direction"
        if self.operation is not Operation.OTHER or self.is_harmless:
            return ""
        return f"is called {self.scenario}" if self.scenario else "names no operation"

    @property
    def may_be_resumed(self) -> bool:
        """Whether the job waits for somebody: state C(Suspended), or C(Resume) among the allowed actions."""
        return self.state == "Suspended" or "Resume" in self.allowed_actions

    @property
    def waits_for_completion(self) -> bool:
        """Whether this failback has synchronized and waits for Complete Failover.

        A recovery plan's manual action suspends a job too, so the task that is next must be the one that waits for
        the user, or the description must say so.
        """
        if not (self.operation is Operation.FAILBACK and self.may_be_resumed):
            return False
        waiting = next((task for task in self.tasks if not task.is_done), None)
        asks_user = waiting is not None and waiting.name == USER_INPUT_TASK
        return asks_user or self.state_description == _WAITS_AFTER_DATA_SYNC

    @property
    def began_data_sync(self) -> bool:
        """Whether the job has certainly begun to write to the on-premises disks."""
        return any(task.name in _WRITING_TASKS and _certainly_worked(task) for task in self.all_tasks())

    @property
    def may_have_written(self) -> bool:
        """Whether the job has begun to write to the on-premises disks, or does not tell.

        The tasks that write may be missing, without a state, or below a full download that tells none of its own: the
        ones outside of it are skipped then (recorded).
        """
        writing = [task for task in self.all_tasks() if task.name in _WRITING_TASKS]
        if not writing or any(_may_have_worked(task) for task in writing):
            return True
        downloads = [task for task in self.all_tasks() if task.name == _FULL_DOWNLOAD_TASK]
        return any(_may_have_begun(task) and not _tells_writing(task) for task in downloads)

    @property
    def may_have_shut_down(self) -> bool:
        """Whether a failback has begun to shut the Azure VM down, or does not tell."""
        shutdowns = [task for task in self.all_tasks() if task.name in _SHUTDOWN_TASKS]
        told = shutdowns or [task for task in self.all_tasks() if task.name == _FULL_DOWNLOAD_TASK]
        return not told or any(_may_have_worked(task) for task in told)

    @property
    def finished_data_sync(self) -> bool:
        """Whether a running failback is past its data synchronization: resumed, or its full download has ended."""
        asked = next((task for task in self.tasks if task.name == USER_INPUT_TASK), None)
        if asked is None or not asked.is_done:
            return False
        ran = [task for task in self.all_tasks() if task.name in _LAST_SYNC_TASKS and _did_work(task)]
        return not asked.is_skipped or (bool(ran) and all(task.is_done for task in ran))

    @property
    def will_ask_user(self) -> bool:
        """Whether a failback is still going to wait for Complete Failover, or does so now."""
        asked = next((task for task in self.tasks if task.name == USER_INPUT_TASK), None)
        return asked is not None and not asked.is_done

    @property
    def is_full_download(self) -> bool:
        """Whether a failback copies all data with the Azure VM off, and waits for nobody."""
        return any(task.name == USER_INPUT_TASK and task.is_skipped for task in self.tasks)

    def all_tasks(self) -> Iterator[Task]:
        """Yield every task of the job, children after their parents."""
        for task in self.tasks:
            yield from task.walk()

    def has_succeeded_for(self, vm_id: str) -> bool:
        """Whether the job did all that it was for with one virtual machine; a plan may succeed with some of its own.

        Their last task is their start: one that a cancel came before did not get that far.
        """
        mine = [task for task in self.all_tasks() if task.target_id.lower() == vm_id.lower()]
        ran = [task for task in mine if not task.is_skipped]
        well = bool(ran) and ran[-1] is mine[-1] and all(task.state in SUCCEEDED_STATES for task in ran)
        return self.has_succeeded or (self.state in ("PartiallySucceeded", "Cancelled") and well)

    def for_vm(self, vm_id: str) -> Job:
        """Return the job with what it tells of one virtual machine: without the tasks of the other ones of its plan.

        A group of tasks for others alone stays, with one that tells nothing: it may have worked on this one, too.
        """
        return replace(self, tasks=tuple(_of_vm(self.tasks, vm_id.lower()))) if self.is_of_plan else self

    @property
    def tells_machines(self) -> bool:
        """Whether a plan's job names the virtual machines that it works on."""
        return any(task.target_id for task in self.all_tasks())

    @property
    def tells_every_machine(self) -> bool:
        """Whether it names all virtual machines that it works on, so that moved_vms() misses none."""
        if not self.is_of_plan:
            return bool(self.target_id)
        groups = [task for task in self.all_tasks() if task.name in _GROUPS_OF_ALL_MACHINES]
        return self.tells_machines and all(child.target_id for group in groups for child in group.children)

    @property
    def tells_target(self) -> bool:
        """Whether it tells what it works on, so that a job of something else is known to be none of a VM.

        A target of a new type tells nothing where a recovery plan may be meant.
        """
        known = self.target_type in _TARGET_TYPES or (self.target_type != "" and self.operation is Operation.OTHER)
        return bool(self.target_id) and known

    @property
    def may_be_of_any_vm(self) -> bool:
        """Whether it is, or may be, a failback or a part of one, and nothing tells of which virtual machine.

        One that has not begun tells neither its operation nor its target (recorded), and has moved nothing.
        """
        moves = self.operation is Operation.RESTORE_COMPLETION or (self.may_be_failback and not self.is_harmless)
        if self.state == "NotStarted" or not moves or self.tells_target:
            return False
        return not (self.tells_machines or self._affected_vm_id)

    @property
    def _affected_vm_id(self) -> str:
        """The virtual machine that the details of a job of one alone name; recorded: it is the job's target."""
        return text(field(self.document, "properties", "customDetails", "affectedObjectDetails"), "PrimaryVmId")

    def moved_vms(self) -> dict[str, str]:
        """Return the virtual machines that the job works on: their names by their ids, in lower case."""
        moved = {task.target_id.lower(): task.target_name for task in self.all_tasks() if task.target_id}
        alone = {} if self.is_of_plan else {self.target_id.lower(): self.target_name}
        return {vm_id: name for vm_id, name in {**moved, **alone}.items() if vm_id}

    def concerns(self, vm_id: str) -> bool:
        """Whether the job works on the virtual machine with this Hyper-V id, alone or as part of a plan."""
        wanted = vm_id.lower()
        return wanted != "" and wanted in (
            self.target_id.lower(),
            self._affected_vm_id.lower(),
            *(task.target_id.lower() for task in self.all_tasks()),
        )


def _of_vm(tasks: tuple[Task, ...], vm_id: str) -> Iterator[Task]:
    for task in tasks:
        if task.target_id.lower() in ("", vm_id):
            mine = tuple(_of_vm(task.children, vm_id))
            yield replace(task, children=mine or (_UNTOLD,) if task.children else ())


def _did_work(task: Task) -> bool:
    """Whether the task wrote: a group task only counts when one of its machines' tasks has begun."""
    return task.has_begun and (not task.children or any(child.has_begun for child in task.children))


def _certainly_worked(task: Task) -> bool:
    """Whether the task wrote: one of a plan's machine that failed may have failed in its checks, and tells no more."""
    worked = any(child.has_begun and child.state != "Failed" for child in task.children)
    return task.has_begun and (not task.children or worked)


def _may_have_begun(task: Task) -> bool:
    """Whether the task is not known to be untouched: one without a state may have done anything."""
    return not (task.is_skipped or task.state == "NotStarted")


def _may_have_worked(task: Task) -> bool:
    return _may_have_begun(task) and (not task.children or any(_may_have_begun(child) for child in task.children))


def _tells_writing(task: Task) -> bool:
    """Whether what writes is among the tasks below one."""
    return any(below.name in _WRITING_TASKS for below in task.walk())


@dataclass(frozen=True)
class OperationStatus:
    """A C(replicationOperationStatus/{operation}) body. C(job_name) is the job that the operation started.

    Recorded: of a plan it is another name than the operation's. An error may come with any status: a warning.
    """

    job_name: str
    status: str
    error_code: str

    @property
    def is_running(self) -> bool:
        """Whether its job has not ended."""
        return self.status in RUNNING_STATES

    @property
    def has_succeeded(self) -> bool:
        """Whether its job did all that it was for."""
        return self.status in SUCCEEDED_STATES


def parse_operation(document: Document) -> OperationStatus:
    """Read a C(replicationOperationStatus/{operation}) body."""
    return OperationStatus(text(document, "name"), text(document, "status"), text(document, "error", "code"))


def parse_job(document: Document) -> Job:
    """Read a C(replicationJobs/{job}) body. Its state may be unknown: see require_known_state()."""
    properties = field(document, "properties") or {}
    return Job(
        document=document,
        id=text(document, "id"),
        name=text(document, "name"),
        scenario=text(properties, "scenarioName"),
        friendly_name=text(properties, "friendlyName"),
        state=text(properties, "state"),
        state_description=text(properties, "stateDescription"),
        tasks=tuple(_parse_task(task) for task in items(properties, "tasks")),
        errors=items(properties, "errors"),
        allowed_actions=frozenset(str(action) for action in items(properties, "allowedActions")),
        started=time_at(properties, "startTime"),
        ended=time_at(properties, "endTime"),
        target_id=text(properties, "targetObjectId"),
        target_name=text(properties, "targetObjectName"),
        target_type=text(properties, "targetInstanceType"),
    )


def _parse_task(document: Document) -> Task:
    group = field(document, "groupTaskCustomDetails")
    children = items(group, "childTasks") or items(document, "customDetails", "childTasks")
    job_task = field(document, "customDetails", "jobTask")
    job_id = text(job_task, "jobId")
    name = text(document, "name")
    return Task(
        # Recorded: group tasks are named "Unknown"; their group's name says what they are.
        name=text(group, "name") if group and name in ("", "Unknown") else name,
        friendly_name=text(document, "friendlyName"),
        state=text(document, "state"),
        state_description=text(document, "stateDescription"),
        started=time_at(document, "startTime"),
        ended=time_at(document, "endTime"),
        children=tuple(_parse_task(child) for child in children),
        errors=items(document, "errors"),
        # Recorded: until its phase starts, a child job's id ends in "replicationJobs/" with no name.
        job_id="" if job_id.endswith("/") else arm_ids.last_segment(job_id),
        target_id=text(job_task, "targetObjectId"),
        target_name=text(job_task, "targetObjectName"),
    )


def sends_to_azure(scenario: str) -> bool:
    """Say whether a scenario name is that of a job which replicates from on-premises to Azure again."""
    return _OPERATIONS.get(scenario) is Operation.REVERSE_REPLICATE


def require_known_state(job: Job) -> Job:
    """Return a job that something is to be concluded from.

    Raises UnknownState where its state is none that the service is known to use: to guess that such a job still runs,
    or that it has ended, would both be dangerous. Somebody else's strange job in a list is nobody's business.
    """
    if job.state not in RUNNING_STATES | SUCCEEDED_STATES | FAILED_STATES:
        raise UnknownState(f"properties.state of job {job.name}", job.state)
    return job

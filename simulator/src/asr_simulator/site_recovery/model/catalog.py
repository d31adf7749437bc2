# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of jobs and tasks as recorded: scenario, friendly name, tasks with their ids and labels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class JobKind:
    """A kind of job: its scenario and friendly names, the names of its tasks, and what may be done once it failed."""

    scenario: str
    friendly_name: str
    tasks: tuple[str, ...] = ()
    after_failure: tuple[str, ...] = ()
    cancellable: bool = True
    starts_from_azure: bool = False


# name -> (friendly name, task id; None: the service gives a GUID)
TASKS: dict[str, tuple[str, str | None]] = {
    "AzureVmFailbackPrerequisitesCheck": ("Prerequisites check for virtual machine failback", None),
    "PrepareVmOnPremForFailback": ("Preparing the on-premises virtual machine", None),
    "InitiateDataSync": ("Initiating data synchronization", None),
    "MonitorDataSync": ("Monitoring data synchronization", None),
    "WaitForUserInputForFailback": ("Waiting for user input", None),
    "StartAzureVmFailback": ("Starting virtual machine failback", None),
    "ShutdownVmOnAzure": ("Shut down the Azure virtual machine", None),
    "PrepareForFinalizeRestore": ("Preparing for final failback", None),
    "StartVmOnPrimary": ("Starting the virtual machine", None),
    "CompleteRestorePrerequisites": ("Complete the prerequisites check for failback", None),
    "CompleteRestore": ("Complete failback", None),
    "FinalizeRestoreOnRecovery": ("Finalizing restore on the recovery virtual machine", "FinalizeRestoreOnRecovery"),
    "FinalizeRestoreOnPrimary": ("Finalizing restore on the primary virtual machine", "FinalizeRestoreOnPrimary"),
    "VmCommitPrerequisitesCheck": ("Prerequisite check", None),
    "VmCommit": ("Commit", None),
    "CreateProtectionTarget": ("Identifying the replication target", "CreateProtectionTargetTask"),
    "EnableProtection": ("Enable replication", "EnableProtectionTask"),
    "VmStartInitialReplication": ("Starting initial replication", "StartInitialReplicationTask"),
    "CompleteInitialReplication": ("Complete initial replication", "CompleteInitialReplicationTask"),
    "FailWorkflowOnIRFailureTask": ("Finalizing initial replication", "ReplicaConfigurationPreflightChecksTask"),
    "ReplicaConfiguration": ("Complete network and post-replication configuration", "ReplicaConfigurationTask"),
    "UpdateDraState": ("Updating the Provider states", "UpdateDraStateTask"),
    "VmPfoPrerequisitesCheck": ("Prerequisites check for planned failover", "PlannedFailoverPreflightChecksTask"),
    "VmUfoPrerequisitesCheck": ("Prerequisites check for unplanned failover", None),
    "VmTfoPrerequisitesCheck": ("Prerequisites check for test failover", None),
    "VmShutdownVmOnPrimary": ("Shut down the virtual machine", "ShutdownVmOnPrimary"),
    "VmPrepareForFailover": ("Preparing for failover", "PrepareForFailoverTask"),
    "VmPrepareForUnPlannedFailover": ("Synchronizing the latest changes", None),
    "VmFailover": ("Start failover", "FailoverTask"),
    "VmFoStartVmOnSecondary": ("Start the replica virtual machine", "StartVmOnSecondary"),
    "VmTfoCleanupPreflightsCheck": (
        "Prerequisites check for test failover cleanup",
        "TestFailoverCleanupPreflightChecksTask",
    ),
    "VmTfoEndFailover": ("Ending test failover", "EndTestFailoverTask"),
    "VmTfoDeleteTestVm": ("Clean up the test virtual machine", "CleanupTestProtectedEntitiesTask"),
    "RpSrsPrerequisitesCheck": ("Prerequisites check for the recovery plan", None),
    "RpEnvironmentCreationTask": ("Create the environment", None),
    "EndRecoveryPlanTask": ("Finalizing the recovery plan", None),
    "RefreshFabricLayout": ("Refreshing the server", None),
    "RefreshVaultHealth": ("Refreshing the vault health", None),
    "RemediateTask": ("Restarting job", None),
    "UpdateVmProperties": ("Updating the virtual machine properties", None),
}

FAILBACK_INNER = (
    "AzureVmFailbackPrerequisitesCheck",
    "ShutdownVmOnAzure",
    "InitiateDataSync",
    "MonitorDataSync",
    "PrepareForFinalizeRestore",
    "StartVmOnPrimary",
)
_FAILBACK = (
    "AzureVmFailbackPrerequisitesCheck",
    "PrepareVmOnPremForFailback",
    "InitiateDataSync",
    "MonitorDataSync",
    "WaitForUserInputForFailback",
    "StartAzureVmFailback",
)
_FAILOVER = ("VmShutdownVmOnPrimary", "VmPrepareForFailover", "VmFailover", "VmFoStartVmOnSecondary")
_UNPLANNED = ("VmShutdownVmOnPrimary", "VmPrepareForUnPlannedFailover", "VmFailover", "VmFoStartVmOnSecondary")
_INITIAL_REPLICATION = (
    "CompleteInitialReplication",
    "FailWorkflowOnIRFailureTask",
    "ReplicaConfiguration",
    "UpdateDraState",
)
_REPROTECT = ("CreateProtectionTarget", "EnableProtection", "VmStartInitialReplication")

FAILBACK = JobKind("PlannedFailover", "Planned failover", _FAILBACK, starts_from_azure=True)
PLANNED_FAILOVER = JobKind("PlannedFailover", "Planned failover", ("VmPfoPrerequisitesCheck", *_FAILOVER))
UNPLANNED_FAILOVER = JobKind("UnplannedFailover", "Unplanned failover", ("VmUfoPrerequisitesCheck", *_UNPLANNED))
TEST_FAILOVER = JobKind(
    "TestFailover", "Test failover", ("VmTfoPrerequisitesCheck", "VmFailover", "VmFoStartVmOnSecondary")
)
TEST_FAILOVER_CLEANUP = JobKind(
    "TestFailoverCleanup",
    "Test failover cleanup",
    ("VmTfoCleanupPreflightsCheck", "VmTfoEndFailover", "VmTfoDeleteTestVm"),
    ("Restart",),
)
COMMIT_FAILOVER = JobKind("CommitFailover", "Commit", ("VmCommitPrerequisitesCheck", "VmCommit"))
FINALIZE_FAILBACK = JobKind(
    "FinalizeFailback", "Commit", ("FinalizeRestoreOnRecovery", "FinalizeRestoreOnPrimary"), starts_from_azure=True
)
RESTORE_COMPLETION = JobKind(
    "RestoreCompletion",
    "Complete data synchronization",
    ("CompleteRestorePrerequisites", "CompleteRestore"),
    starts_from_azure=True,
)
REVERSE_REPLICATION = JobKind(
    "ReprotectReplicationGroup", "Reverse replication", _REPROTECT, ("Restart",), starts_from_azure=True
)
INITIAL_REPLICATION_COMPLETION = JobKind(
    "IrCompletion", "Finalize protection on the virtual machine", _INITIAL_REPLICATION, ("Restart",)
)
UPDATE_VM = JobKind("UpdateVmProperties", "Update the virtual machine", ("UpdateVmProperties",), cancellable=False)
REFRESH_PROVIDER = JobKind("RefreshFabricLayout", "Refresh server", ("RefreshFabricLayout",), cancellable=False)
REFRESH_HEALTH = JobKind("RefreshVaultHealth", "Refresh vault health", ("RefreshVaultHealth",), cancellable=False)
RESTART_JOB = JobKind("RestartJob", "Restart job", ("RemediateTask",), cancellable=False)
PLAN_FAILBACK = JobKind("Failback", "Planned failover", starts_from_azure=True)
PLAN_PLANNED_FAILOVER = JobKind("PlannedFailover", "Planned failover")
PLAN_UNPLANNED_FAILOVER = JobKind("UnplannedFailover", "Unplanned failover")
PLAN_COMMIT = JobKind("CommitFailover", "Commit")
PLAN_REVERSE_REPLICATION = JobKind("ReverseReplication", "Reverse replication")

# The jobs that a plan starts for each virtual machine and phase: same names, their own tasks.
PHASE_SYNCHRONIZE = JobKind(
    "Failback", "Planned failover", ("InitiateDataSync", "MonitorDataSync"), starts_from_azure=True
)
PHASE_SHUTDOWN_IN_AZURE = JobKind("Failback", "Planned failover", ("ShutdownVmOnAzure",), starts_from_azure=True)
PHASE_FAIL_BACK = JobKind(
    "Failback",
    "Planned failover",
    ("InitiateDataSync", "MonitorDataSync", "PrepareForFinalizeRestore"),
    starts_from_azure=True,
)
PHASE_START_ON_PREMISES = JobKind("Failback", "Planned failover", ("StartVmOnPrimary",), starts_from_azure=True)
PHASE_SHUTDOWN = JobKind("PlannedFailover", "Planned failover", ("VmShutdownVmOnPrimary",))
PHASE_FAIL_OVER = JobKind("PlannedFailover", "Planned failover", ("VmPrepareForFailover", "VmFailover"))
PHASE_START_IN_AZURE = JobKind("PlannedFailover", "Planned failover", ("VmFoStartVmOnSecondary",))

# A failed job's later tasks are shown as skipped, but for this one, whose task stays NotStarted (recording).
LEAVES_TASKS_NOT_STARTED = frozenset({FINALIZE_FAILBACK.scenario})

# Every kind of job.
KINDS: tuple[JobKind, ...] = tuple(value for value in list(globals().values()) if isinstance(value, JobKind))

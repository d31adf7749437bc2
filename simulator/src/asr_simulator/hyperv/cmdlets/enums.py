# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The enumerations of the modules, with the numbers that are behind their names."""

from __future__ import annotations

from collections.abc import Iterable

from powershell_subset import PSEnum


class Names:
    """An enumeration; `names[NAME]` is its value, `names.names` are all names."""

    def __init__(self, type_name: str, numbers: dict[str, int]) -> None:
        self._type_name, self._numbers = type_name, numbers
        self.names = tuple(numbers)

    def __getitem__(self, name: str) -> PSEnum:
        return PSEnum(name, self._numbers[name], self._type_name)


def _counted(type_name: str, names: str) -> Names:
    return Names(type_name, {name: number for number, name in enumerate(names.split())})


def _hyper_v(name: str, numbers: dict[str, int]) -> Names:
    return Names(f"Microsoft.HyperV.PowerShell.{name}", numbers)


def _hyper_v_counted(name: str, names: str) -> Names:
    return _counted(f"Microsoft.HyperV.PowerShell.{name}", names)


def every(names: Names, wanted: Iterable[str]) -> list[PSEnum]:
    """Several values."""
    return [names[name] for name in wanted]


VM_STATE = _hyper_v(
    "VMState",
    {
        "Other": 1,
        "Running": 2,
        "Off": 3,
        "Stopping": 4,
        "Saved": 6,
        "Paused": 9,
        "Starting": 10,
        "FastSaved": 32779,
        "RunningCritical": 32783,
        "OffCritical": 32784,
        "SavedCritical": 32786,
        "PausedCritical": 32787,
    },
)
START_ACTION = _hyper_v("StartAction", {"Nothing": 2, "StartIfRunning": 3, "Start": 4})
STOP_ACTION = _hyper_v("StopAction", {"TurnOff": 2, "Save": 3, "ShutDown": 4})
OPERATIONAL_STATUS = _hyper_v(
    "VMOperationalStatus",
    {
        "Ok": 2,
        "Degraded": 3,
        "PredictiveFailure": 5,
        "InService": 11,
        "Dormant": 15,
        "SupportingEntityInError": 16,
        "ApplyingSnapshot": 23769,
        "CreatingSnapshot": 32768,
        "DeletingSnapshot": 32770,
        "WaitingToStart": 32771,
        "MergingDisks": 32772,
        "ExportingVirtualMachine": 32773,
        "MigratingVirtualMachine": 32774,
        "BackingUpVirtualMachine": 32776,
        "ModifyingUpVirtualMachine": 32777,
        "StorageMigrationPhaseOne": 32778,
        "StorageMigrationPhaseTwo": 32779,
        "MigratingPlannedVm": 32780,
        "CheckingCompatibility": 32781,
        "ApplicationCriticalState": 32782,
        "CommunicationTimedOut": 32783,
        "CommunicationFailed": 32784,
        "CriticalIoError": 32795,
    },
)
VLAN_MODE = _hyper_v_counted("VMNetworkAdapterVlanMode", "Untagged Access Trunk Private")
HEARTBEAT = _hyper_v_counted(
    "VMHeartbeatStatus",
    "Unknown Disabled NoContact Error LostCommunication OkApplicationsUnknown OkApplicationsHealthy "
    "OkApplicationsCritical Paused",
)
REPLICATION_STATE = _hyper_v_counted(
    "VMReplicationState",
    "Disabled ReadyForInitialReplication InitialReplicationInProgress WaitingForInitialReplication Replicating "
    "PreparedForFailover FailedOverWaitingCompletion FailedOver Suspended Error WaitingForStartResynchronize "
    "Resynchronizing ResynchronizeSuspended RecoveryInProgress FailbackInProgress FailbackComplete "
    "WaitingForUpdateCompletion UpdateError WaitingForRepurposeCompletion PreparedForSyncReplication "
    "PreparedForGroupReverseReplication FiredrillInProgress",
)
REPLICATION_HEALTH = _hyper_v_counted("VMReplicationHealthState", "NotApplicable Normal Warning Critical")
REPLICATION_MODE = _hyper_v_counted("VMReplicationMode", "None Primary Replica TestReplica ExtendedReplica")
SNAPSHOT_TYPE = _hyper_v_counted("SnapshotType", "Standard Recovery Planned Missing Replica AppConsistentReplica")
CONTROLLER = _hyper_v_counted("ControllerType", "IDE SCSI")
VHD_FORMAT = Names("Microsoft.Vhd.PowerShell.VhdFormat", {"Unknown": 0, "VHD": 2, "VHDX": 3, "VHDSet": 4})
VHD_TYPE = Names("Microsoft.Vhd.PowerShell.VhdType", {"Unknown": 0, "Fixed": 2, "Dynamic": 3, "Differencing": 4})
SWITCH_TYPE = _hyper_v_counted("VMSwitchType", "Private Internal External")
ADAPTER_STATUS = _hyper_v("VMNetworkAdapterOperationalStatus", {"Unknown": 0, "Other": 1, "Ok": 2, "Degraded": 3})

_CLUSTERS = "Microsoft.FailoverClusters.PowerShell."
NODE_STATE = _counted(f"{_CLUSTERS}ClusterNodeState", "Up Down Paused Joining")
GROUP_STATE = _counted(f"{_CLUSTERS}ClusterGroupState", "Online Offline Failed PartialOnline Pending")
GROUP_TYPE = Names(f"{_CLUSTERS}GroupType", {"Cluster": 1, "AvailableStorage": 2, "VirtualMachine": 111})
RESOURCE_STATE = Names(
    f"{_CLUSTERS}ClusterResourceState",
    {"Online": 2, "Offline": 3, "Failed": 4, "OnlinePending": 129, "OfflinePending": 130},
)

_VMM = "Microsoft.VirtualManager.Utils."
COMPUTER_STATE = Names(f"{_VMM}ComputerState", {"OK": 0, "NotResponding": 4})
COMMUNICATION_STATE = Names(f"{_VMM}CommunicationState", {"Responding": 0, "NotResponding": 1})
VM_COMPUTER_STATE = Names(
    f"{_VMM}VMComputerSystemState",
    {
        "Running": 0,
        "PowerOff": 1,
        "PoweringOff": 2,
        "Saved": 3,
        "Paused": 6,
        "CreationFailed": 101,
        "CustomizationFailed": 105,
        "UnderUpdate": 106,
        "UpdateFailed": 107,
        "UnderMigration": 200,
        "MigrationFailed": 201,
        "CheckpointFailed": 213,
        "Missing": 220,
        "HostNotResponding": 221,
        "Unsupported": 222,
        "IncompleteVMConfig": 223,
        "UnsupportedSharedFiles": 224,
        "UnsupportedCluster": 225,
        "Relocating": 999,
    },
)
# Those of them that speak of VMM's record, or of its last task.
VMM_RECORD = (
    "CreationFailed",
    "CustomizationFailed",
    "UnderUpdate",
    "UpdateFailed",
    "UnderMigration",
    "MigrationFailed",
    "CheckpointFailed",
    "Missing",
    "HostNotResponding",
    "Unsupported",
    "IncompleteVMConfig",
    "UnsupportedSharedFiles",
    "UnsupportedCluster",
)
# And those that its refresher has read from a host, up to 30 minutes ago (Microsoft documentation, "Update on VMM
# refreshers").
VMM_POWER = ("Running", "PowerOff", "Saved", "Paused")
# No VMM says this: it stands for what one says that is newer than whoever asks.
VMM_NEW = "Relocating"

SERVICE_STATUS = Names("System.ServiceProcess.ServiceControllerStatus", {"Stopped": 1, "Running": 4})
SERVICE_START = Names("System.ServiceProcess.ServiceStartMode", {"Automatic": 2, "Manual": 3, "Disabled": 4})

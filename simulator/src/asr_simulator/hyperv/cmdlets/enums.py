# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The enumerations of the modules, with the numbers that are behind their names."""

from __future__ import annotations

from collections.abc import Iterable

from powershell_subset import PSEnum


class Names:
    """An enumeration; `names[NAME]` is its value, `names.names` are all names.

    `numbered` are its names: one without a number has that of the one before and 1 more, the first 0.
    """

    def __init__(self, type_name: str, numbered: str) -> None:
        self._type_name = type_name
        self._numbers: dict[str, int] = {}
        following = 0
        for name, _equals, number in (each.partition("=") for each in numbered.split()):
            self._numbers[name] = int(number or following)
            following = self._numbers[name] + 1
        self.names = tuple(self._numbers)

    def __getitem__(self, name: str) -> PSEnum:
        return PSEnum(name, self._numbers[name], self._type_name)


def _hyper_v(name: str, numbered: str) -> Names:
    return Names(f"Microsoft.HyperV.PowerShell.{name}", numbered)


def every(names: Names, wanted: Iterable[str]) -> list[PSEnum]:
    """Several values."""
    return [names[name] for name in wanted]


VM_STATE = _hyper_v(
    "VMState",
    "Other=1 Running Off Stopping Saved=6 Paused=9 Starting FastSaved=32779 RunningCritical=32783 "
    "OffCritical SavedCritical=32786 PausedCritical",
)
START_ACTION = _hyper_v("StartAction", "Nothing=2 StartIfRunning Start")
STOP_ACTION = _hyper_v("StopAction", "TurnOff=2 Save ShutDown")
OPERATIONAL_STATUS = _hyper_v(
    "VMOperationalStatus",
    "Ok=2 Degraded PredictiveFailure=5 InService=11 Dormant=15 SupportingEntityInError "
    "ApplyingSnapshot=23769 CreatingSnapshot=32768 DeletingSnapshot=32770 WaitingToStart MergingDisks "
    "ExportingVirtualMachine MigratingVirtualMachine BackingUpVirtualMachine=32776 "
    "ModifyingUpVirtualMachine StorageMigrationPhaseOne StorageMigrationPhaseTwo MigratingPlannedVm "
    "CheckingCompatibility ApplicationCriticalState CommunicationTimedOut CommunicationFailed "
    "CriticalIoError=32795",
)
VLAN_MODE = _hyper_v("VMNetworkAdapterVlanMode", "Untagged Access Trunk Private")
HEARTBEAT = _hyper_v(
    "VMHeartbeatStatus",
    "Unknown Disabled NoContact Error LostCommunication OkApplicationsUnknown OkApplicationsHealthy "
    "OkApplicationsCritical Paused",
)
REPLICATION_STATE = _hyper_v(
    "VMReplicationState",
    "Disabled ReadyForInitialReplication InitialReplicationInProgress WaitingForInitialReplication Replicating "
    "PreparedForFailover FailedOverWaitingCompletion FailedOver Suspended Error WaitingForStartResynchronize "
    "Resynchronizing ResynchronizeSuspended RecoveryInProgress FailbackInProgress FailbackComplete "
    "WaitingForUpdateCompletion UpdateError WaitingForRepurposeCompletion PreparedForSyncReplication "
    "PreparedForGroupReverseReplication FiredrillInProgress",
)
REPLICATION_HEALTH = _hyper_v("VMReplicationHealthState", "NotApplicable Normal Warning Critical")
REPLICATION_MODE = _hyper_v("VMReplicationMode", "None Primary Replica TestReplica ExtendedReplica")
SNAPSHOT_TYPE = _hyper_v("SnapshotType", "Standard Recovery Planned Missing Replica AppConsistentReplica")
CONTROLLER = _hyper_v("ControllerType", "IDE SCSI")
VHD_FORMAT = Names("Microsoft.Vhd.PowerShell.VhdFormat", "Unknown VHD=2 VHDX VHDSet")
VHD_TYPE = Names("Microsoft.Vhd.PowerShell.VhdType", "Unknown Fixed=2 Dynamic Differencing")
SWITCH_TYPE = _hyper_v("VMSwitchType", "Private Internal External")
ADAPTER_STATUS = _hyper_v("VMNetworkAdapterOperationalStatus", "Unknown Other Ok Degraded")

_CLUSTERS = "Microsoft.FailoverClusters.PowerShell."
NODE_STATE = Names(f"{_CLUSTERS}ClusterNodeState", "Up Down Paused Joining")
GROUP_STATE = Names(f"{_CLUSTERS}ClusterGroupState", "Online Offline Failed PartialOnline Pending")
GROUP_TYPE = Names(f"{_CLUSTERS}GroupType", "Cluster=1 AvailableStorage VirtualMachine=111")
RESOURCE_STATE = Names(f"{_CLUSTERS}ClusterResourceState", "Online=2 Offline Failed OnlinePending=129 OfflinePending")

_VMM = "Microsoft.VirtualManager.Utils."
COMPUTER_STATE = Names(f"{_VMM}ComputerState", "OK NotResponding=4")
COMMUNICATION_STATE = Names(f"{_VMM}CommunicationState", "Responding NotResponding")
# Those that speak of VMM's record, or of its last task.
_RECORD = (
    "CreationFailed=101 CustomizationFailed=105 UnderUpdate UpdateFailed UnderMigration=200 MigrationFailed "
    "CheckpointFailed=213 Missing=220 HostNotResponding Unsupported IncompleteVMConfig UnsupportedSharedFiles "
    "UnsupportedCluster"
)
VMM_RECORD = Names("", _RECORD).names
VM_COMPUTER_STATE = Names(
    f"{_VMM}VMComputerSystemState", f"Running PowerOff PoweringOff Saved Paused=6 {_RECORD} Relocating=999"
)
# Those that its refresher has read from a host, up to 30 minutes ago (Microsoft documentation, "Update on VMM
# refreshers").
VMM_POWER = ("Running", "PowerOff", "Saved", "Paused")
# No VMM says this: it stands for what one says that is newer than whoever asks.
VMM_NEW = "Relocating"

SERVICE_STATUS = Names("System.ServiceProcess.ServiceControllerStatus", "Stopped=1 Running=4")
SERVICE_START = Names("System.ServiceProcess.ServiceStartMode", "Automatic=2 Manual Disabled")

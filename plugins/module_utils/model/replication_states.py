# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each state of a VM's replication on its host means for a failback that is still to be started."""

from __future__ import annotations

from dataclasses import dataclass

_RESUME = "Resume it (Resume-VMReplication), with -Resynchronize where it asks for that."
_RESYNCHRONIZE = (
    "Start the resynchronization (Resume-VMReplication -Resynchronize), or wait for the one that is scheduled."
)
_RUNNING = "Wait until it has ended, then check again."
_INITIAL = "Its initial replication has not ended: see in the vault whether this is the VM that was failed over."


@dataclass(frozen=True)
class ReplicationState:
    """C(words) are those of Windows (ReplicationState of Msvm_ComputerSystem). C(remedy) is empty where nothing of it
    stands in the way of a failback."""

    words: str
    remedy: str = ""


# By the names of Microsoft.HyperV.PowerShell.VMReplicationState: all that there are. None of them blocks: the vault
# decides by what its own service hears of the host, which may be newer.
REPLICATION_STATES = {
    "Disabled": ReplicationState(
        "Disabled", "Replication was removed on the host: check in the vault whether the VM is still protected."
    ),
    "ReadyForInitialReplication": ReplicationState("Ready for replication", _INITIAL),
    "InitialReplicationInProgress": ReplicationState("Initial replication in progress", _INITIAL),
    "WaitingForInitialReplication": ReplicationState("Waiting to complete initial replication", _INITIAL),
    "Replicating": ReplicationState("Replicating"),
    "PreparedForFailover": ReplicationState("Synced replication complete"),
    "FailedOverWaitingCompletion": ReplicationState("Recovered"),
    "FailedOver": ReplicationState("Committed"),
    "Suspended": ReplicationState(
        "Suspended", f"This is normal after an unplanned failover until the failback; otherwise: {_RESUME}"
    ),
    "Error": ReplicationState("Critical", _RESUME),
    "WaitingForStartResynchronize": ReplicationState("Waiting to start resynchronization", _RESYNCHRONIZE),
    "Resynchronizing": ReplicationState("Resynchronizing", _RUNNING),
    "ResynchronizeSuspended": ReplicationState("Resynchronization suspended", _RESYNCHRONIZE),
    "RecoveryInProgress": ReplicationState("Failover in progress", _RUNNING),
    "FailbackInProgress": ReplicationState(
        "Failback in progress",
        "A failback writes to its disks, or an abandoned one left it like this: check its job in the vault. "
        "planned_failover continues where the vault allows it.",
    ),
    "FailbackComplete": ReplicationState("Failback complete"),
    "WaitingForUpdateCompletion": ReplicationState("Waiting for an update to complete", _RUNNING),
    "UpdateError": ReplicationState("Update error", _RESUME),
    "WaitingForRepurposeCompletion": ReplicationState("Waiting for the change of its use to complete", _RUNNING),
    "PreparedForSyncReplication": ReplicationState("Prepared for synchronous replication"),
    "PreparedForGroupReverseReplication": ReplicationState("Prepared for reverse replication of its group"),
    "FiredrillInProgress": ReplicationState("Test failover in progress", _RUNNING),
}

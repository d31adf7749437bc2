# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Hyper-V does with a VM, or what is wrong with it, by its operational status: beside its state, and in any."""

from __future__ import annotations

from collections.abc import Iterable

# By the names of Microsoft.HyperV.PowerShell.VMOperationalStatus, with Hyper-V Manager's words. Each of these holds the
# VM's disks or its configuration until it has ended, so that no failback can write to them, or moves it elsewhere.
OPERATIONS = {
    "CreatingSnapshot": "Creating checkpoint",
    "ApplyingSnapshot": "Applying checkpoint",
    "DeletingSnapshot": "Deleting checkpoint",
    "MergingDisks": "Merging disks",
    "ExportingVirtualMachine": "Exporting",
    "MigratingVirtualMachine": "Migrating",
    "MigratingPlannedVm": "Migrating",
    "BackingUpVirtualMachine": "Backing up",
    "StorageMigrationPhaseOne": "Moving storage",
    "StorageMigrationPhaseTwo": "Moving storage",
    "WaitingToStart": "Waiting to start",
}
# Of these, those that may end with a VM that runs, here or elsewhere, though it is off now.
MAY_END_RUNNING = frozenset({"MigratingVirtualMachine", "MigratingPlannedVm", "WaitingToStart"})
# The storage of the VM is away, so that nothing can be written to its disks.
LOST_STORAGE = {"CriticalIoError": "Critical I/O error"}
# What does not keep a failback from working, and should be looked at.
TROUBLES = {
    "Degraded": "Degraded",
    "PredictiveFailure": "Predictive failure",
    "SupportingEntityInError": "Supporting entity in error",
    "ApplicationCriticalState": "Application in critical state",
    "CommunicationTimedOut": "Communication timed out",
    "CommunicationFailed": "Communication failed",
    "ModifyingUpVirtualMachine": "Modifying",
    "CheckingCompatibility": "Checking compatibility",
}
# Works as it should, is served at this moment (what is done stands beside it), sleeps, or has no SR-IOV.
HARMLESS = frozenset(
    {
        "Ok",
        "InService",
        "Dormant",
        "NoIommu",
        "NoIovSupportInNic",
        "SwitchNotInIovMode",
        "IovBlockedByPolicy",
        "IovNoAvailResources",
        "IovGuestDriversNeeded",
    }
)


def lost_storage(statuses: Iterable[str]) -> list[str]:
    """Return, in Hyper-V Manager's words, that a VM with these statuses does not reach its disks, if so."""
    return [LOST_STORAGE[one] for one in statuses if one in LOST_STORAGE]


def what_holds(statuses: Iterable[str]) -> list[str]:
    """Return, in Hyper-V Manager's words, why nothing can be written to the disks of a VM with these statuses."""
    holding = {**OPERATIONS, **LOST_STORAGE}
    return [holding[one] for one in statuses if one in holding]

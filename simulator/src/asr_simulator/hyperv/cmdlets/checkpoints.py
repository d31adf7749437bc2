# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-VMSnapshot."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from asr_simulator.hyperv.cmdlets import enums
from asr_simulator.hyperv.cmdlets.machines import machines_of
from asr_simulator.hyperv.cmdlets.place import Place
from asr_simulator.hyperv.hosts import Machine
from asr_simulator.hyperv.storage import Checkpoint
from powershell_subset import Call, Command, PSObject


def commands(place: Place) -> list[Command]:
    """The commands for checkpoints on a host."""
    return [place.hyper_v("Get-VMSnapshot", _checkpoints, ("VM",), positional=("VMName",), pipeline="VM")]


def _checkpoints(place: Place, call: Call) -> Iterable[PSObject]:
    for machine in machines_of(place, call):
        for checkpoint in machine.checkpoints:
            yield _checkpoint(place, machine, checkpoint)


def _checkpoint(place: Place, machine: Machine, checkpoint: Checkpoint) -> PSObject:
    before = machine.checkpoints[: machine.checkpoints.index(checkpoint)]
    return PSObject(
        "Microsoft.HyperV.PowerShell.VMSnapshot",
        {
            "Name": checkpoint.name,
            "Id": UUID(checkpoint.identifier),
            "SnapshotType": enums.SNAPSHOT_TYPE[checkpoint.type],
            "CreationTime": place.shown(checkpoint.created),
            "ParentSnapshotId": UUID(before[-1].identifier) if before else None,
            "ParentSnapshotName": before[-1].name if before else None,
            "VMName": machine.name,
            "VMId": UUID(machine.identifier),
            "State": enums.VM_STATE["Off"],
            "Path": machine.path,
            "ComputerName": machine.host.short_name,
            "IsClustered": machine.is_of_cluster and not machine.denies_role,
        },
    )

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-VMSnapshot and Get-VMReplication."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from asr_simulator.hyperv.cmdlets import enums, errors
from asr_simulator.hyperv.cmdlets.machines import machines_of
from asr_simulator.hyperv.cmdlets.names import chosen, texts
from asr_simulator.hyperv.cmdlets.place import Place
from asr_simulator.hyperv.machines import Checkpoint, Machine
from powershell_subset import Call, Command, PSObject
from powershell_subset.operators.patterns import is_wildcard

AZURE = "Microsoft Azure"
FREQUENCY = 300


def commands(place: Place) -> list[Command]:
    """The commands for checkpoints and replication on a host."""
    of_machine = {"positional": ("VMName",), "pipeline": "VM"}
    names = ["Get-VMSnapshot"] if place.host.os.version == "6.3.9600" else ["Get-VMSnapshot", "Get-VMCheckpoint"]
    return [
        *(
            place.hyper_v(name, lambda call: _checkpoints(place, call), ("VM", "Name", "SnapshotType"), **of_machine)
            for name in names
        ),
        place.hyper_v("Get-VMReplication", lambda call: _replications(place, call), ("VM",), **of_machine),
    ]


def _checkpoints(place: Place, call: Call) -> Iterable[PSObject]:
    types = [name.lower() for name in texts(call, "SnapshotType")]
    if types and "standard" not in types:
        return
    for machine in machines_of(place, call):
        found = chosen(
            call,
            "Name",
            machine.checkpoints,
            lambda one: one.name,
            lambda name: errors.invalid_parameter(f'Hyper-V was unable to find a checkpoint with name "{name}".', name),
        )
        for checkpoint in found:
            yield _checkpoint(place, machine, checkpoint)


def _checkpoint(place: Place, machine: Machine, checkpoint: Checkpoint) -> PSObject:
    before = machine.checkpoints[: machine.checkpoints.index(checkpoint)]
    return PSObject(
        "Microsoft.HyperV.PowerShell.VMSnapshot",
        {
            "Name": checkpoint.name,
            "Id": UUID(checkpoint.identifier),
            "SnapshotType": enums.SNAPSHOT_TYPE["Standard"],
            "CreationTime": place.shown(checkpoint.created),
            "ParentSnapshotId": UUID(before[-1].identifier) if before else None,
            "ParentSnapshotName": before[-1].name if before else None,
            "VMName": machine.name,
            "VMId": UUID(machine.identifier),
            "State": enums.VM_STATE["Off"],
            "Path": machine.path,
            "ComputerName": machine.host.short_name,
            "IsClustered": machine.host.cluster is not None,
        },
    )


def _replications(place: Place, call: Call) -> Iterable[PSObject]:
    names = texts(call, "VMName")
    asked = call.parameters.get("vm") is not None or (names != [] and not any(is_wildcard(name) for name in names))
    for machine in machines_of(place, call):
        if machine.shown_replication.mode != "None":
            yield _replication(machine)
        elif asked:
            message = f"Replication is not enabled for the virtual machine '{machine.name}'."
            call.write_error(errors.operation_failed(message))


def _replication(machine: Machine) -> PSObject:
    replication = machine.shown_replication
    state = enums.REPLICATION_STATE[replication.state]
    health = enums.REPLICATION_HEALTH[replication.health]
    mode = enums.REPLICATION_MODE[replication.mode]
    return PSObject(
        "Microsoft.HyperV.PowerShell.VMReplication",
        {
            "VMName": machine.name,
            "Name": machine.name,
            "VMId": UUID(machine.identifier),
            "Id": UUID(machine.identifier),
            "State": state,
            "ReplicationState": state,
            "Health": health,
            "ReplicationHealth": health,
            "Mode": mode,
            "ReplicationMode": mode,
            "FrequencySec": FREQUENCY,
            "PrimaryServer": machine.host.name,
            "PrimaryServerName": machine.host.name,
            "ReplicaServer": AZURE,
            "ReplicaServerName": AZURE,
            "ComputerName": machine.host.short_name,
        },
    )

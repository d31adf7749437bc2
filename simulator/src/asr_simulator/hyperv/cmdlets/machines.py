# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-VM, Set-VM, Stop-VM, and what belongs to a virtual machine: checkpoints, disks, replication."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from asr_simulator.hyperv.cmdlets import enums, errors, shutdown
from asr_simulator.hyperv.cmdlets.names import chosen, flag, given, guids, ids_of, of_ids
from asr_simulator.hyperv.cmdlets.place import Place
from asr_simulator.hyperv.hosts import Machine
from asr_simulator.hyperv.machine_states import START_ALWAYS, START_IF_RUNNING, START_NOTHING, STATE_OFF, STATE_RUNNING
from powershell_subset import Call, Command, NotModeled, PSObject
from powershell_subset.values.text import to_text

TYPE = "Microsoft.HyperV.PowerShell.VirtualMachine"
START_ACTIONS = (START_NOTHING, START_IF_RUNNING, START_ALWAYS)
ALREADY = "The virtual machine is already in the specified state."


def commands(place: Place) -> list[Command]:
    """The commands for virtual machines on a host."""
    act = {"positional": ("Name",), "pipeline": "VM"}
    return [
        place.hyper_v("Get-VM", _get, ("Id", "ClusterObject"), positional=("Name",)),
        place.hyper_v(
            "Set-VM", _set, ("VM", "AutomaticStartAction"), switches=("Confirm",), foresee=_foresee_set, **act
        ),
        place.hyper_v("Stop-VM", _stop, ("VM",), switches=("TurnOff", "Force", "Confirm"), **act),
    ]


def machines_of(place: Place, call: Call, parameter: str = "VMName") -> Iterator[Machine]:
    """The virtual machines that a command is about: those of -VM, else those of the names, else all."""
    there = place.host.shown_machines
    objects = given(call, "VM")
    if not objects:
        yield from chosen(call, parameter, there, lambda one: one.name, lambda name: errors.no_machine("name", name))
    yield from of_ids(call, ids_of(objects), there, errors.no_machine)


def _get(place: Place, call: Call) -> Iterable[PSObject]:
    wanted = guids(call, "Id")
    by_id = of_ids(call, wanted, place.host.shown_machines, errors.no_machine)
    for machine in by_id if wanted else machines_of(place, call, "Name"):
        if machine.readable:
            yield show(place, machine)
        else:
            call.write_error(errors.not_readable(machine.name, machine.identifier))


def _set(place: Place, call: Call) -> Iterable[PSObject]:
    """Change what a host does with a machine when it has started itself; on and off alike."""
    action = _start_action(call)
    for machine in machines_of(place, call, "Name"):
        machine.automatic_start_action = action
    return ()


def _start_action(call: Call) -> str:
    wanted = to_text(call.parameters.get("automaticstartaction"))
    action = next((one for one in START_ACTIONS if one.lower() == wanted.lower()), None)
    if action is None:
        raise NotModeled(f"Set-VM -AutomaticStartAction {wanted}")
    return action


def _foresee_set(place: Place, call: Call, untold: frozenset[str]) -> None:
    if "automaticstartaction" not in untold:
        _start_action(call)


def _stop(place: Place, call: Call) -> Iterable[PSObject]:
    for machine in machines_of(place, call, "Name"):
        if machine.state == STATE_OFF:
            call.write_warning(ALREADY)
        else:
            _stop_one(place, call, machine)
    return ()


def _stop_one(place: Place, call: Call, machine: Machine) -> None:
    if flag(call, "TurnOff"):
        machine.turn_off(hard=True)
    else:
        shutdown.stop(place, call, machine)


def show(place: Place, machine: Machine) -> PSObject:
    """A virtual machine as Get-VM shows it."""
    host, now = machine.host, place.now
    beat, replication = machine.heartbeat(now), machine.shown_replication
    identifier = UUID(machine.identifier)
    values: dict[str, Any] = {
        "Name": machine.name,
        "VMName": machine.name,
        "Id": identifier,
        "VMId": identifier,
        "State": enums.VM_STATE[machine.state],
        "Status": _status(machine.operation),
        "OperationalStatus": enums.every(enums.OPERATIONAL_STATUS, _operational(machine.operation)),
        "AutomaticStartAction": enums.START_ACTION[machine.automatic_start_action],
        "AutomaticStopAction": enums.STOP_ACTION[machine.automatic_stop_action],
        "Generation": machine.generation,
        "Version": VERSIONS[host.os.version],
        "Path": machine.path,
        "ConfigurationLocation": machine.path,
        "SnapshotFileLocation": machine.path,
        "Uptime": machine.uptime(now),
        "ProcessorCount": machine.processors,
        "CPUUsage": 0,
        "MemoryStartup": machine.memory,
        "MemoryAssigned": machine.memory if machine.state == STATE_RUNNING else 0,
        "MemoryDemand": machine.memory // 2 if machine.state == STATE_RUNNING else 0,
        "DynamicMemoryEnabled": False,
        "Heartbeat": None if beat is None else enums.HEARTBEAT[beat],
        "IsClustered": machine.is_of_cluster and not machine.denies_role,
        "ReplicationState": enums.REPLICATION_STATE[replication.state],
        "ReplicationHealth": enums.REPLICATION_HEALTH[replication.health],
        "ReplicationMode": enums.REPLICATION_MODE[replication.mode],
        "CreationTime": place.shown(machine.created),
        "ComputerName": host.short_name,
        "Notes": "",
    }
    if host.os.version != "6.3.9600":
        values["CheckpointFileLocation"] = machine.path
    return PSObject(TYPE, values, text=f"VirtualMachine (Name = '{machine.name}') [Id = '{machine.identifier}']")


def _operational(operation: str) -> list[str]:
    """Hyper-V's own two words: that it serves a request, and which; what is wrong stands alone."""
    return ["Ok"] if not operation else [operation] if operation in TROUBLES else ["InService", operation]


def _status(operation: str) -> str:
    return WORDS.sub(" ", operation).capitalize() or "Operating normally"


TROUBLES = ("Degraded", "PredictiveFailure", "SupportingEntityInError", "CriticalIoError")
WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
# The version that each release gives a new virtual machine's configuration (documented).
VERSIONS = {"6.3.9600": "5.0", "10.0.14393": "8.0", "10.0.17763": "9.0", "10.0.20348": "10.0", "10.0.26100": "12.0"}

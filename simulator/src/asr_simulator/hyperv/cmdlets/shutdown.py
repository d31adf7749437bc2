# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both ways to have a guest shut down: Stop-VM, which blocks and may turn off, and Msvm_ShutdownComponent, which asks.

Sources: Stop-VM and InitiateShutdown of Msvm_ShutdownComponent (Microsoft documentation); what becomes of a Stop-VM
whose shell is closed is reported (forklift, pull request 8407).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from asr_simulator.fibers import Killed
from asr_simulator.hyperv.cmdlets import errors
from asr_simulator.hyperv.cmdlets.names import flag
from asr_simulator.hyperv.cmdlets.place import Place
from asr_simulator.hyperv.hosts import Machine
from asr_simulator.hyperv.machine_states import COMPONENT_MISSING, STATE_OFF, STATE_RUNNING, STATE_STOPPING
from powershell_subset import Call, NotModeled, PSObject

COMPONENT = "Msvm_ShutdownComponent"
PROPERTIES = (
    *("Caption", "ElementName", "CreationClassName", "DeviceID", "SystemCreationClassName", "SystemName"),
    "EnabledState",
)
# How long Stop-VM waits for a guest, and how often this one looks.
PATIENCE, INTERVAL = timedelta(minutes=5), 1.0


def components(place: Place) -> Iterable[dict[str, Any]]:
    """The shutdown components of the machines that run and have one."""
    for machine in place.host.shown_machines:
        if machine.state in (STATE_RUNNING, STATE_STOPPING) and machine.shutdown_component != COMPONENT_MISSING:
            identifier = machine.identifier.upper()
            device = f"Microsoft:{identifier}\\Shutdown"
            values = ("Shutdown", "Shutdown", COMPONENT, device, "Msvm_ComputerSystem", identifier, 2)
            yield dict(zip(PROPERTIES, values, strict=True))


def initiate(place: Place, component: PSObject, arguments: dict[str, Any]) -> int:
    """Ask the guest behind a component to shut down, and return what InitiateShutdown returns."""
    if set(arguments) != {"force", "reason"}:
        raise NotModeled(f"InitiateShutdown with {', '.join(sorted(arguments)) or 'no arguments'}")
    identifier = str(component["SystemName"]).lower()
    machine = next(one for one in place.host.machines if one.identifier == identifier)
    return place.hyperv.ask_to_shut_down(machine, force=bool(arguments["force"]))


def stop(place: Place, call: Call, machine: Machine) -> bool:
    """Stop a machine as Stop-VM does without -TurnOff; return whether it is off. It blocks until then."""
    if machine.state != STATE_RUNNING or machine.shutdown_component == COMPONENT_MISSING:
        return _turn_off_instead(call, machine, "The shutdown integration component is not available.")
    refused = place.hyperv.ask_to_shut_down(machine, force=flag(call, "Force"))
    if not refused and _went_off(place, machine):
        return True
    machine.withdraw_shutdown()
    why = "The device is not ready. (0x80070015)" if refused else "The operation timed out."
    return _turn_off_instead(call, machine, why)


def _went_off(place: Place, machine: Machine) -> bool:
    """Wait for a guest to shut down. Whoever ends the process meanwhile withdraws what it has asked for."""
    ends = place.now + PATIENCE
    try:
        while machine.state in (STATE_RUNNING, STATE_STOPPING) and place.now < ends:
            place.pause(INTERVAL)
    except Killed:
        machine.withdraw_shutdown()
        raise
    return machine.state == STATE_OFF


def _turn_off_instead(call: Call, machine: Machine, why: str) -> bool:
    """-Force answers the question whether the machine is to be turned off. Nobody else can answer it here."""
    if flag(call, "Force"):
        machine.turn_off(hard=True)
        return True
    call.write_error(errors.operation_failed(f"'{machine.name}' failed to shut down.\r\n{why}"))
    return False

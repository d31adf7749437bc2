# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of Azure compute: virtual machines that Azure does not start, and what somebody does to them.

A service fault is one of::

    {"azure_vm": "web01", "start": "refused", "code": "AllocationFailed", "message": "...", "when": "later"}
    {"azure_vm": "web01", "moved_to": "rg-archive"}     it goes to another resource group, with all that belongs to it
    {"azure_vm": "web01", "provisioning": "deleting"}   or updating: an operation that goes on until `done` is said
    {"azure_vm": "web01", "attach_disk": "logs", "gb": 64}          a new disk
    {"azure_vm": "web01", "grow_disk": "os_vhdx-web01", "gb": 80}   another size of one
    {"azure_vm": "web01", "disk_sizes": "untold"}       of its unmanaged disks; or while_allocated, told

``start`` is ``refused``, ``unseen`` (the machine shows its old power state until it runs) or ``ok`` again; ``code`` and
``message`` are Azure's, those of a lack of room unless said.
``when`` tells whether the request itself is refused (``at_once``, the default) or the operation that it begins
(``later``). It changes the world at once and stays: taking the faults away changes nothing back, ``ok`` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asr_simulator.compute.azure_vms import Compute
from asr_simulator.compute.machines import DELETING, UPDATING, Refusal, VirtualMachine
from asr_simulator.fault_values import number, one_of, text

FAULT = frozenset({"azure_vm", "start", "code", "message", "when", "added"})
PROVISIONING = (UPDATING, DELETING, "done")
LARGEST_GB = 65536
SIZES = ("told", "while_allocated", "untold")
NO_ROOM = (
    "AllocationFailed",
    "Allocation failed. We do not have sufficient capacity for the requested VM size in this region. Read more about "
    "improving likelihood of allocation success at https://aka.ms/allocation-guidance",
)


def concerns(fault: dict[str, Any]) -> bool:
    """Whether a service fault is one of Azure compute; one that is deleted takes its vault with it."""
    return "azure_vm" in fault and "deleted" not in fault


def change_of(compute: Compute, fault: dict[str, Any]) -> Callable[[], object]:
    """Understand a fault, and return what does what it says.

    Raises:
        ValueError: it is not understood, or names what is not there.
    """
    said = frozenset(fault) - {"added"}
    if said == {"azure_vm", "moved_to"}:
        machine, group = _machine(compute, fault), text(fault, "moved_to")
        return lambda: compute.move(machine.id, group)
    if said in ({"azure_vm", "attach_disk", "gb"}, {"azure_vm", "grow_disk", "gb"}):
        return _disk_change(compute, _machine(compute, fault), fault)
    if said == {"azure_vm", "provisioning"}:
        return _provisioning(_machine(compute, fault), one_of(fault, "provisioning", *PROVISIONING))
    if said == {"azure_vm", "disk_sizes"}:
        machine, sizes = _machine(compute, fault), one_of(fault, "disk_sizes", *SIZES)
        return lambda: setattr(machine, "sizes", sizes)
    machine, refusal = _understood(compute, fault)

    def change() -> None:
        machine.refusal, machine.shows_start = refusal, fault["start"] != "unseen"

    return change


def _disk_change(compute: Compute, machine: VirtualMachine, fault: dict[str, Any]) -> Callable[[], object]:
    gb = number(fault, "gb", 1, LARGEST_GB)
    if "attach_disk" in fault:
        new = text(fault, "attach_disk")
        return lambda: compute.attach_disk(machine.id, new, gb)
    name = text(fault, "grow_disk")
    if name.lower() not in [disk.name.lower() for disk in machine.disks]:
        raise ValueError(f"{machine.name} has no disk {name}; it has {', '.join(disk.name for disk in machine.disks)}")
    return lambda: compute.grow_disk(machine.id, name, gb)


def _provisioning(machine: VirtualMachine, state: str) -> Callable[[], None]:
    return lambda: setattr(machine, "provisioning", "" if state == "done" else state)


def _machine(compute: Compute, fault: dict[str, Any]) -> VirtualMachine:
    machine = compute.find(text(fault, "azure_vm"))
    if machine is None:
        raise ValueError(f"no Azure VM is named {fault['azure_vm']}")
    return machine


def _understood(compute: Compute, fault: dict[str, Any]) -> tuple[VirtualMachine, Refusal | None]:
    start, when = fault.get("start"), fault.get("when", "at_once")
    if set(fault) - FAULT or start not in ("refused", "unseen", "ok") or when not in ("at_once", "later"):
        known = "azure_vm, start (refused, unseen or ok), code, message, when (at_once or later)"
        raise ValueError(
            f"a fault of an Azure VM has {known}; or azure_vm and one of moved_to, provisioning, "
            "disk_sizes, attach_disk and gb, grow_disk and gb"
        )
    machine = _machine(compute, fault)
    code, message = NO_ROOM
    told = {"code": code, "message": message, **fault}
    refusal = Refusal(text(told, "code"), text(told, "message"), when == "at_once")
    return machine, refusal if start == "refused" else None

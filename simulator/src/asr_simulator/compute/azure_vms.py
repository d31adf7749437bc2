# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The virtual machines of one subscription, and the rules they follow. No HTTP here.

Power changes asked by the vault happen at once (the vault's tasks own the time they take); those asked by a client
take as long as `POWER_CHANGES` says and pass through the state between, as the instance view of Azure shows.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TypeVar

from asr_simulator.arm.locks import Locks
from asr_simulator.clock import Clock
from asr_simulator.compute.machines import (
    DEALLOCATED,
    DEALLOCATING,
    DELETING,
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    Disk,
    NetworkInterface,
    PublicAddress,
    Refusal,
    VirtualMachine,
)
from asr_simulator.identities import Identities
from asr_simulator.scenarios import Scenario

# verb -> (state between, state at the end, simulated seconds)
POWER_CHANGES = {
    "start": (STARTING, RUNNING, 30.0),
    "powerOff": (STOPPING, STOPPED, 20.0),
    "deallocate": (DEALLOCATING, DEALLOCATED, 60.0),
}

MARKED_FOR_DELETION = (
    "Operation is not allowed on VM '{name}' since the VM is marked for deletion. You can only retry the Delete "
    "operation (or wait for an ongoing one to complete)."
)


_Resource = TypeVar("_Resource", VirtualMachine, Disk, NetworkInterface, PublicAddress)


class UnknownMachine(LookupError):
    """No virtual machine has that name or id."""


class PowerRefused(RuntimeError):
    """Azure does not start a machine, or turn it off; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class Compute:
    """Every compute and network resource of the subscription."""

    def __init__(self, scenario: Scenario, clock: Clock, ids: Identities) -> None:
        self.subscription_id = scenario.vault.subscription_id
        self.location = scenario.vault.location
        self.locks = Locks()
        self._clock = clock
        self._ids = ids
        self._machines: dict[str, VirtualMachine] = {}
        self._disks: dict[str, Disk] = {}
        self._nics: dict[str, NetworkInterface] = {}
        self._addresses: dict[str, PublicAddress] = {}
        # What follows from the resources, until one comes, goes or is named anew.
        self._groups: list[str] | None = None
        self._owners: dict[str, VirtualMachine] | None = None
        self._operations: dict[str, datetime.datetime] = {}
        self._failures: dict[str, Refusal] = {}

    def resource_id(self, group: str, provider_type: str, name: str) -> str:
        """The ARM id of a resource; `provider_type` is like `Microsoft.Compute/disks`."""
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{group}/providers/{provider_type}/{name}"

    def create_vm(
        self,
        name: str,
        group: str,
        size: str,
        disks: Iterable[Disk],
        nics: Iterable[NetworkInterface],
        os: str,
        at: datetime.datetime | None = None,
        *,
        tags: dict[str, str] | None = None,
        power: str = RUNNING,
    ) -> VirtualMachine:
        """Creates a virtual machine with its disks and interfaces; `os` is Windows or Linux, `at` its creation time.

        An interface that a former machine left behind under the same name is taken again, with its addresses.
        """
        created = at or self._clock.now()
        machine_id = self.resource_id(group, "Microsoft.Compute/virtualMachines", name)
        machine = VirtualMachine(
            id=machine_id,
            name=name,
            group=group,
            location=self.location,
            size=size,
            os=os,
            disks=[self._adopt_disk(disk, group) for disk in disks],
            nics=[self._adopt_nic(nic, group, machine_id) for nic in nics],
            created=created,
            vm_id=self._ids.of("azure vm", f"{machine_id} {created.isoformat()}"),
            tags=dict(tags or {}),
            power=power,
            operated=created,
        )
        self._store(self._machines, machine)
        return machine

    def _store(self, shelf: dict[str, _Resource], resource: _Resource) -> None:
        shelf[resource.id.lower()] = resource
        self._groups = self._owners = None

    def _drop(self, shelf: dict[str, _Resource], resource: _Resource) -> None:
        shelf.pop(resource.id.lower(), None)
        self._groups = self._owners = None

    def _adopt_disk(self, disk: Disk, group: str) -> Disk:
        disk.unique_id = disk.unique_id or self._ids.of("disk", f"{group}/{disk.name}")
        if disk.managed:
            disk.id = self.resource_id(group, "Microsoft.Compute/disks", disk.name)
            self._store(self._disks, disk)
        return disk

    def _adopt_nic(self, nic: NetworkInterface, group: str, machine_id: str) -> NetworkInterface:
        nic.id = self.resource_id(group, "Microsoft.Network/networkInterfaces", nic.name)
        former = self._nics.get(nic.id.lower())
        nic.address = nic.address or (former.address if former else self._free_address())
        nic.mac = nic.mac or (former.mac if former else self._free_mac())
        nic.public = nic.public or (former.public if former else None)
        nic.attached_to = machine_id
        self._store(self._nics, nic)
        if nic.public is not None:
            nic.public.id = self.resource_id(group, "Microsoft.Network/publicIPAddresses", nic.public.name)
            self._store(self._addresses, nic.public)
        return nic

    def _free_address(self) -> str:
        # Azure keeps the first four addresses of a subnet to itself.
        third, fourth = divmod(len(self._nics), 250)
        return f"10.0.{third}.{fourth + 4}"

    def _free_mac(self) -> str:
        return "00-22-48-" + (len(self._nics) + 1).to_bytes(3, "big").hex("-").upper()

    def find(self, name_or_id: str) -> VirtualMachine | None:
        """The machine of that id, or of that name when the name is unique in the subscription; else None."""
        found = self._machines.get(name_or_id.lower())
        # No name has a slash, so there is none to look for.
        if found is not None or "/" in name_or_id:
            return found
        named = [vm for vm in self._machines.values() if vm.name.lower() == name_or_id.lower()]
        return named[0] if len(named) == 1 else None

    def get(self, name_or_id: str) -> VirtualMachine:
        """As `find`; raises `UnknownMachine` when there is none."""
        found = self.find(name_or_id)
        if found is None:
            raise UnknownMachine(name_or_id)
        return found

    def start(self, name_or_id: str) -> None:
        """Runs the machine, at once."""
        self._set_power(self.get(name_or_id), RUNNING)

    def power_off(self, name_or_id: str) -> None:
        """Stops the machine but keeps its host allocated, at once."""
        self._set_power(self.get(name_or_id), STOPPED)

    def deallocate(self, name_or_id: str) -> None:
        """Stops the machine and frees its host, at once: what a failback's shutdown task does."""
        self._set_power(self.get(name_or_id), DEALLOCATED)

    def _set_power(self, machine: VirtualMachine, power: str) -> None:
        """An operation of its own, also where the machine is in that state already."""
        machine.power, machine.operated = power, self._clock.now()

    def refuse_deleted(self, name_or_id: str) -> None:
        """Raises `PowerRefused` when the machine is being deleted: it takes no other operation then."""
        machine = self.get(name_or_id)
        if machine.provisioning == DELETING:
            raise PowerRefused(Refusal("OperationNotAllowed", MARKED_FOR_DELETION.format(name=machine.name)))

    def begin_power_change(self, machine_id: str, verb: str) -> str:
        """A client's start, powerOff or deallocate: returns the id of the asynchronous operation.

        Raises `PowerRefused` when the machine is being deleted, or Azure has no room for it and says so at once.
        """
        machine = self.get(machine_id)
        self.refuse_deleted(machine.id)
        between, after, seconds = POWER_CHANGES[verb]
        refusal = machine.refusal if verb == "start" and machine.power != RUNNING else None
        if refusal is not None and refusal.at_once:
            raise PowerRefused(refusal)
        started = self._clock.now()
        done = started + datetime.timedelta(seconds=0 if machine.power == after else seconds)
        operation = self._ids.of("compute operation", f"{machine.id} {verb} {len(self._operations)}")
        self._operations[operation] = done
        if done == started:
            self._set_power(machine, after)
            return operation
        machine.failure = machine.failed = None
        former = machine.power
        shown = between if verb != "start" or machine.shows_start else former
        self._set_power(machine, shown)
        if refusal is None:
            self._clock.at(done, lambda: self._finish_power_change(machine, shown, after))
        else:
            self._clock.at(done, lambda: self._fail_start(machine, former, operation, refusal))
        return operation

    def _fail_start(self, machine: VirtualMachine, former: str, operation: str, refusal: Refusal) -> None:
        self._failures[operation] = refusal
        if machine.power == STARTING:
            machine.failure, machine.failed = refusal, self._clock.now()
            self._set_power(machine, former)

    def _finish_power_change(self, machine: VirtualMachine, between: str, after: str) -> None:
        # Another caller, or the failback itself, may have changed the power meanwhile: the later one wins.
        if machine.power == between:
            self._set_power(machine, after)

    def move(self, name_or_id: str, group: str) -> VirtualMachine:
        """Moves the machine to another resource group, with its managed disks, interfaces and addresses.

        Raises `UnknownMachine`.
        """
        machine = self.get(name_or_id)
        self._drop(self._machines, machine)
        machine.id, machine.group = self.resource_id(group, "Microsoft.Compute/virtualMachines", machine.name), group
        self._store(self._machines, machine)
        for disk in machine.disks:
            self._drop(self._disks, disk)
            self._adopt_disk(disk, group)
        for nic in machine.nics:
            self._drop(self._nics, nic)
            if nic.public is not None:
                self._drop(self._addresses, nic.public)
            self._adopt_nic(nic, group, machine.id)
        return machine

    def attach_disk(self, name_or_id: str, name: str, gb: float) -> Disk:
        """Attaches a new, empty managed disk to the machine; that changes its model.

        Raises `UnknownMachine`.
        """
        machine = self.get(name_or_id)
        disk = self._adopt_disk(Disk(name, gb), machine.group)
        machine.disks.append(disk)
        machine.operated = self._clock.now()
        return disk

    def grow_disk(self, name_or_id: str, name: str, gb: float) -> Disk:
        """Makes a disk of the machine larger.

        Raises `UnknownMachine`, or StopIteration where the machine has no such disk.
        """
        machine = self.get(name_or_id)
        disk = next(disk for disk in machine.disks if disk.name.lower() == name.lower())
        disk.gb = gb
        return disk

    def delete_vm(self, name_or_id: str) -> None:
        """Deletes the machine alone: its disks and interfaces stay, as where nobody asks for their deletion as well.

        Raises `UnknownMachine`, or `arm.locks.ScopeLocked` before anything is deleted.
        """
        machine = self.get(name_or_id)
        self.locks.refuse_delete(machine.id)
        self._drop(self._machines, machine)
        for nic in machine.nics:
            nic.attached_to = None

    def delete_vm_and_disks(self, name_or_id: str) -> list[str]:
        """Deletes the machine and its disks; returns the ids of the interfaces and addresses left behind.

        Raises `UnknownMachine`, or `arm.locks.ScopeLocked` before anything is deleted.
        """
        machine = self.get(name_or_id)
        for resource in [machine.id, *(disk.id for disk in machine.disks if disk.id)]:
            self.locks.refuse_delete(resource)
        self._drop(self._machines, machine)
        for disk in machine.disks:
            self._drop(self._disks, disk)
        for nic in machine.nics:
            nic.attached_to = None
        return [left for nic in machine.nics for left in (nic.id, nic.public.id if nic.public else "") if left]

    def operation_failure(self, operation: str) -> Refusal | None:
        """Why an asynchronous operation failed; None: it did not, or not yet."""
        return self._failures.get(operation)

    def operation_done(self, operation: str) -> bool | None:
        """Whether an asynchronous operation has ended; None: there is no such operation."""
        due = self._operations.get(operation)
        return None if due is None else self._clock.now() >= due

    def find_disk(self, disk_id: str) -> Disk | None:
        """The managed disk of that id."""
        return self._disks.get(disk_id.lower())

    def find_nic(self, nic_id: str) -> NetworkInterface | None:
        """The network interface of that id, attached or left behind."""
        return self._nics.get(nic_id.lower())

    def find_address(self, address_id: str) -> PublicAddress | None:
        """The public IP address of that id."""
        return self._addresses.get(address_id.lower())

    def machines(self) -> list[VirtualMachine]:
        """All machines, in order of creation."""
        return list(self._machines.values())

    def disks(self) -> list[Disk]:
        """All managed disks."""
        return list(self._disks.values())

    def nics(self) -> list[NetworkInterface]:
        """All network interfaces, attached or left behind."""
        return list(self._nics.values())

    def addresses(self) -> list[PublicAddress]:
        """All public IP addresses."""
        return list(self._addresses.values())

    def resource_ids(self) -> list[str]:
        """The ids of everything here."""
        return [
            *(vm.id for vm in self.machines()),
            *(disk.id for disk in self.disks()),
            *(nic.id for nic in self.nics()),
            *(address.id for address in self.addresses()),
        ]

    def groups(self) -> list[str]:
        """The names of the resource groups that hold something."""
        if self._groups is None:
            self._groups = list(dict.fromkeys(resource.split("/")[4] for resource in self.resource_ids()))
        return list(self._groups)

    def owner_of(self, disk: Disk) -> VirtualMachine | None:
        """The machine that the managed disk is attached to."""
        if self._owners is None:
            self._owners = {disk.id.lower(): vm for vm in self._machines.values() for disk in vm.disks if disk.managed}
        return self._owners.get(disk.id.lower())

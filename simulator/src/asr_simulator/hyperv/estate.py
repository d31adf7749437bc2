# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All Hyper-V hosts and VMM servers of a world, and the virtual machines on them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from asr_simulator.clock import Clock
from asr_simulator.hyperv.building import DISPLAY_NAMES, Builder, mac_of
from asr_simulator.hyperv.hosts import Host, Machine
from asr_simulator.hyperv.machine_states import (
    START_ALWAYS,
    START_IF_RUNNING,
    STATE_OFF,
    STATE_RUNNING,
    STATE_SAVED,
    STOP_SAVE,
)
from asr_simulator.hyperv.paths import file_name, free_path
from asr_simulator.hyperv.storage import GIB, Checkpoint, VirtualDisk, Volume
from asr_simulator.hyperv.switches import HYPERV_MAC, NetworkAdapter, Switch
from asr_simulator.hyperv.windows import VMMS, Service
from asr_simulator.identities import Identities
from asr_simulator.scenarios import Scenario, ScenarioError
from asr_simulator.scenarios.model import DiskSpec, ItemSpec, MachineSpec

RAN_FOR = timedelta(days=30)
WRITTEN = 0.6  # the part of a disk that holds data, so the size of its file
SHARE_SIZE = 100 * 1024 * GIB
SHUTDOWN_SECONDS, RESTART_SECONDS = 10.0, 180.0


class HyperV:
    """The hosts by their names in small letters. The vault calls it as a plain object; people come over WinRM.

    ``changes`` are what commands have changed, in order: time, host, id (of a machine or switch), before and after
    (None: it is not there).
    """

    def __init__(self, scenario: Scenario, clock: Clock, ids: Identities, boot_seconds: float) -> None:
        self.clock, self._ids, self._boot_seconds = clock, ids, boot_seconds
        self.username = scenario.hyperv.username
        self.password = scenario.hyperv.password
        self.hosts: dict[str, Host] = {host.name.lower(): host for host in Builder(scenario, clock.now(), ids).hosts()}
        self._listeners: list[Callable[[Host], None]] = []
        self.changes: list[dict[str, Any]] = []
        for fabric in scenario.fabrics:
            for spec in fabric.hyperv_hosts:
                for machine in spec.virtual_machines:
                    self._add(self.host(spec.name), machine)

    def __repr__(self) -> str:
        return f"HyperV({', '.join(host.name for host in self.hosts.values())})"

    def host(self, name: str) -> Host:
        """The host of that name, compared without case.

        Raises:
            LookupError: there is none.
        """
        return self.hosts[name.lower()]

    def now_of(self, host: Host) -> datetime:
        """What the host's clock shows, UTC."""
        return self.clock.now() + timedelta(seconds=host.clock_offset)

    @contextmanager
    def watched(self, host: Host) -> Iterator[list[dict[str, Any]]]:
        """Collect and keep what is changed on a host meanwhile."""
        before, found = host.changeable(), list[dict[str, Any]]()
        yield found
        after = host.changeable()
        for identifier in (one for one in {**before, **after} if before.get(one) != after.get(one)):
            change = {"time": self.clock.now().isoformat(), "host": host.name, "id": identifier}
            found.append({**change, "before": before.get(identifier), "after": after.get(identifier)})
        self.changes += found

    def machines(self) -> Iterable[Machine]:
        """Every virtual machine that exists."""
        return (machine for host in self.hosts.values() for machine in host.machines)

    def settle(self) -> None:
        """Give the volumes the free space that the scenario wants, once its virtual machines are where they are.

        Raises:
            ScenarioError: what is on a volume leaves less.
        """
        now = self.clock.now()
        for host in self.hosts.values():
            for volume in host.volumes:
                if volume.balance(now) < (volume.free_at_start or 0):
                    raise ScenarioError(f"host {host.name}: {volume.path} is too small for the disks on it")
                if volume.free_at_start is not None:
                    volume.leave_free(volume.free_at_start, now)

    def listen(self, listener: Callable[[Host], None]) -> None:
        """Call ``listener`` whenever a host's services or its life change."""
        self._listeners.append(listener)

    def changed(self, host: Host) -> None:
        """Tell those who listen."""
        for listener in self._listeners:
            listener(host)

    def replicated(self, spec: ItemSpec, identifier: str, disk_ids: Mapping[str, str]) -> Machine:
        """The virtual machine of a replicated item, before anything happened to it: it runs.

        ``disk_ids`` are those of its disks, by name.
        """
        made = MachineSpec(
            name=spec.friendly_name,
            disks=spec.disks,
            generation=spec.generation,
            switch=spec.switch,
            checkpoints=spec.checkpoints,
            os=spec.os,
        )
        machine = self._add(self.host(spec.host), made, identifier, disk_ids)
        machine.cloud = spec.cloud
        return machine

    def recreate(self, old: Machine, host: Host) -> Machine:
        """A virtual machine like another, on this host, off, its disks empty; ``old`` stays where it is.

        It is the same machine to Hyper-V, with the same id, as a replica is. Its adapters are connected to the
        switches of the same names, if the host has them, and have no VLAN; a virtual TPM is not made either.
        """
        made = self._empty(host, old.name, old.identifier, old.generation)
        made.os, made.processors, made.memory, made.cloud = old.os, old.processors, old.memory, old.cloud
        for disk in old.disks:
            self._attach(made, disk.path.rsplit("\\", 1)[1].removesuffix(".vhdx"), disk.size, disk.identifier)
        for one in old.adapters:
            switch = _known(host, one.wanted_switch)
            made.adapters.append(replace(one, identifier=self.new_id(), switch=switch, vlan=0))
        host.machines.append(made)
        return made

    def store(self, machine: Machine, folder: str) -> None:
        """Move the disks of a virtual machine below a folder of an SMB share; empty: back to its host."""
        volume = Volume(folder, "", SHARE_SIZE, 0, self.new_id()) if folder else machine.host.storage
        above = f"{folder or machine.host.disk_folder}\\{file_name(machine.name)}"
        for disk in machine.disks:
            disk.volume.disks.remove(disk)
            disk.volume = volume
            volume.disks.append(disk)
            _unused, _backslash, name = disk.path.rpartition("\\")
            disk.path = f"{above}\\{name}"

    def remove(self, machine: Machine) -> None:
        """Delete a virtual machine with its files."""
        machine.turn_off()
        machine.host.machines.remove(machine)
        for disk in machine.disks:
            disk.volume.disks.remove(disk)

    def move(self, machine: Machine, node: Host) -> None:
        """Another node of the cluster owns the virtual machine from now on."""
        machine.host.machines.remove(machine)
        machine.host = node
        node.machines.append(machine)
        self.changed(node)

    def ask_to_shut_down(self, machine: Machine, *, force: bool) -> int:
        """Ask a guest to shut down, which takes it as long as it takes. Returns what InitiateShutdown returns.

        Without ``force`` an application with unsaved data keeps it from going down.
        """
        now = self.clock.now()
        machine.was_asked = True
        objection = machine.shutdown_objection(now, force=force)
        if not objection and (force or not machine.unsaved_data):
            machine.begin_shutdown(now)
            self.clock.after(machine.shutdown_seconds, lambda: machine.end_shutdown(now))
        return objection

    def set_alive(self, host: Host, alive: bool) -> None:
        """A host dies with all that runs on it, or is back; what ran stays off.

        What ran on a node of a cluster, and is a role of that, is started by another node that lives.
        """
        host.alive = alive
        for machine in [] if alive else list(host.machines):
            ran = machine.state == STATE_RUNNING
            machine.turn_off()
            nodes = host.cluster.nodes if host.cluster and machine.is_of_cluster else ()
            node = next((node for node in nodes if node.alive), None)
            if node is not None:
                self.move(machine, node)
                if ran:
                    machine.run(self.clock.now())
        self.changed(host)

    def set_role(self, host: Host, installed: bool) -> None:
        """The role Hyper-V is removed with its switches, or installed; nothing runs without it."""
        host.role_installed = host.has_module = installed
        host.services.pop(VMMS, None)
        if installed:
            host.services[VMMS] = Service(VMMS, DISPLAY_NAMES[VMMS])
        else:
            for switch in list(host.switches):
                self.remove_switch(host, switch)
            for machine in host.machines:
                machine.turn_off()
        self.changed(host)

    def restart(self, host: Host) -> None:
        """The host goes down soon, and is back minutes later with what its virtual machines' automatic start actions
        say of those that ran on it, and of the others."""
        self.clock.after(SHUTDOWN_SECONDS, lambda: self._go_down(host))

    def _go_down(self, host: Host) -> None:
        alone = (machine for machine in host.machines if not machine.is_of_cluster)
        ran = [machine for machine in alone if machine.state == STATE_RUNNING]
        self.set_alive(host, False)
        self.clock.after(RESTART_SECONDS, lambda: self._come_up(host, ran))

    def _come_up(self, host: Host, ran: Collection[Machine]) -> None:
        host.booted = self.clock.now()
        self.set_alive(host, True)
        for machine in host.machines:
            action = machine.automatic_start_action
            if action == START_ALWAYS or (action == START_IF_RUNNING and machine in ran):
                machine.run(self.clock.now())
            elif machine in ran and machine.automatic_stop_action == STOP_SAVE:
                machine.state = STATE_SAVED

    def set_service(self, host: Host, service: Service, state: str) -> None:
        """A service of the host starts or stops, whatever it waited for."""
        service.state, service.state_after_change = state, ""
        self.changed(host)

    def follow_change(self, host: Host) -> None:
        """A command has changed something on the host: what waits for that happens now."""
        for service in host.services.values():
            if service.state_after_change:
                self.set_service(host, service, service.state_after_change)

    def id_of(self, kind: str, name: str) -> str:
        """The GUID of the thing of this kind and name."""
        return self._ids.of(kind, name)

    def new_id(self) -> str:
        """A GUID that was not given before."""
        return self._ids.fresh()

    def checkpoint(self, machine: Machine, name: str, kind: str = "Standard") -> None:
        """Take a checkpoint now."""
        machine.checkpoints.append(Checkpoint(self.new_id(), name, self.clock.now(), kind))

    def remove_switch(self, host: Host, switch: Switch) -> None:
        """Remove a switch; the adapters on it are not connected then."""
        host.switches.remove(switch)
        for machine in host.machines:
            for adapter in machine.adapters:
                if adapter.switch is not None and adapter.switch.lower() == switch.name.lower():
                    adapter.switch = None

    def _add(
        self, host: Host, spec: MachineSpec, identifier: str | None = None, disk_ids: Mapping[str, str] | None = None
    ) -> Machine:
        key = f"{host.name}/{spec.name}"
        machine = self._empty(host, spec.name, identifier or self._ids.of("other machine", key), spec.generation)
        machine.os = spec.os
        for disk in spec.disks:
            self._add_disk(machine, disk, (disk_ids or {}).get(disk.name) or self._ids.of("disk", f"{key}/{disk.name}"))
        nic = self._ids.of("adapter", machine.identifier)
        machine.adapters = [
            NetworkAdapter(nic, mac_of(nic, HYPERV_MAC), _address(nic), _known(host, spec.switch), spec.switch)
        ]
        then = self.clock.now() - RAN_FOR
        machine.checkpoints = [
            Checkpoint(self._ids.of("checkpoint", f"{key}/{name}"), name, then) for name in spec.checkpoints
        ]
        machine.created = then
        machine.state, machine.started = spec.state, None if spec.state == STATE_OFF else then
        host.machines.append(machine)
        return machine

    def _empty(self, host: Host, name: str, identifier: str, generation: int) -> Machine:
        path = f"{host.machine_folder}\\{file_name(name)}"
        return Machine(identifier, name, host, path, self.clock.now(), generation, boot_seconds=self._boot_seconds)

    def _add_disk(self, machine: Machine, spec: DiskSpec, identifier: str) -> None:
        disk = self._attach(machine, spec.name, int(spec.gb * GIB), identifier)
        disk.holds = int(disk.size * WRITTEN)

    def _attach(self, machine: Machine, name: str, size: int, identifier: str) -> VirtualDisk:
        """A new file on the host's default path, in a folder of the machine's own."""
        volume = machine.host.storage
        folder = f"{machine.host.disk_folder}\\{file_name(machine.name)}"
        taken = {disk.path.lower() for disk in volume.disks}
        path = free_path(folder, file_name(name), ".vhdx", taken)
        disk = VirtualDisk(path, size, volume, identifier)
        volume.disks.append(disk)
        machine.disks.append(disk)
        return disk


def _known(host: Host, switch: str | None) -> str | None:
    """The switch of that name as the host spells it; None when it has none."""
    found = host.switch(switch) if switch else None
    return found.name if found else None


def _address(identifier: str) -> str:
    """An address in 10.0.0.0/8 made of a GUID."""
    return f"10.{'.'.join(str(byte % 254 + 1) for byte in bytes.fromhex(identifier[:6]))}"

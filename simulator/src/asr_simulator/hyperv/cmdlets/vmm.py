# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of the module VirtualMachineManager, on a VMM server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from asr_simulator.hyperv.cmdlets import enums
from asr_simulator.hyperv.cmdlets.names import fitting, texts
from asr_simulator.hyperv.cmdlets.place import Place
from asr_simulator.hyperv.hosts import Host, Machine, VmmServer
from asr_simulator.hyperv.windows import VMM_SERVICE
from powershell_subset import Call, Command, CommandError, NotModeled, PSObject

MODULE = "VirtualMachineManager"
NAMES = ("Get-SCVMMServer", "Get-SCVMHost", "Get-SCCloud", "Get-SCVirtualMachine")
TYPES = "Microsoft.SystemCenter.VirtualMachineManager."
CLASSES = f"{TYPES}Cmdlets."
EXCEPTION = "Microsoft.VirtualManager.Utils.CarmineException"
PORT = 8100
LOCAL = ("localhost", ".", "127.0.0.1")
STATES = {"Off": "PowerOff", "Stopping": "PoweringOff"}


def commands(place: Place) -> list[Command]:
    """The commands of VMM; none on a server that is no VMM server."""
    managed = place.host.manages
    if managed is None:
        return []
    view = _View(place, managed)
    return [
        view.command("Get-SCVMMServer", view.server, (), positional=("ComputerName",)),
        view.command("Get-SCVMHost", view.hosts, ("VMMServer",), positional=("ComputerName",)),
        view.command("Get-SCCloud", view.clouds, ("VMMServer",), positional=("Name",)),
        view.command("Get-SCVirtualMachine", view.machines, ("VMMServer",), positional=("Name",)),
    ]


class _View:
    """What a VMM server knows; it compares names without case, and takes the wildcards of PowerShell."""

    def __init__(self, place: Place, managed: VmmServer) -> None:
        self._place, self._managed = place, managed

    def command(
        self, name: str, run: Callable[[Call], Iterable[PSObject]], parameters: tuple[str, ...], **options: Any
    ) -> Command:
        """A command that needs the VMM service."""

        def served(call: Call) -> Iterable[PSObject]:
            if not self._place.host.service_runs(VMM_SERVICE):
                raise _no_answer(self._place.host)
            yield from run(call)

        class_name = f"{CLASSES}{name.replace('-', '').replace('SC', '')}Cmdlet"
        return Command(name, served, parameters, module=MODULE, class_name=class_name, **options)

    def server(self, call: Call) -> Iterable[PSObject]:
        """The connection to the server itself."""
        host = self._place.host
        for name in texts(call, "ComputerName"):
            if name.lower() not in (*LOCAL, host.name.lower(), host.short_name.lower()):
                raise NotModeled(f"Get-SCVMMServer -ComputerName {name}: another server")
        values = {
            "Name": host.name,
            "ComputerName": host.short_name,
            "FQDN": host.name,
            "FullyQualifiedDomainName": host.name,
            "Port": PORT,
            "ProductVersion": self._managed.version,
            "IsConnected": True,
        }
        yield PSObject(f"{TYPES}ServerConnection", values, text=host.name)

    def hosts(self, call: Call) -> Iterable[PSObject]:
        """The hosts that it manages."""
        fits = fitting(call, "ComputerName")
        return (self._host(host) for host in self._managed.hosts if fits(host.name, host.short_name))

    def _host(self, host: Host) -> PSObject:
        cluster = None
        if host.cluster is not None:
            full = f"{host.cluster.name}.{host.cluster.domain}"
            cluster = PSObject(f"{TYPES}HostCluster", {"Name": full, "ClusterName": full}, text=full)
        values = {
            "Name": host.name,
            "ComputerName": host.short_name,
            "FQDN": host.name,
            "ID": self._id("managed host", host.name),
            "OverallState": enums.COMPUTER_STATE["OK" if host.alive else "NotResponding"],
            "CommunicationState": enums.COMMUNICATION_STATE["Responding" if host.alive else "NotResponding"],
            "HostCluster": cluster,
            "HyperVVersion": host.os.file_version,
        }
        return PSObject(f"{TYPES}Host", values, text=host.name)

    def clouds(self, call: Call) -> Iterable[PSObject]:
        """Its clouds."""
        fits = fitting(call, "Name")
        return (self._cloud(name) for name in self._managed.clouds if fits(name))

    def _cloud(self, name: str) -> PSObject:
        return PSObject(f"{TYPES}Cloud", {"Name": name, "ID": self._id("cloud", name)}, text=name)

    def machines(self, call: Call) -> Iterable[PSObject]:
        """The virtual machines on its hosts."""
        fits = fitting(call, "Name")
        for host in self._managed.hosts:
            yield from (self._machine(host, machine) for machine in host.machines if fits(machine.name))

    def _machine(self, host: Host, machine: Machine) -> PSObject:
        name = machine.record or STATES.get(machine.state, machine.state)
        name = name if host.alive else "HostNotResponding"
        state = enums.VM_COMPUTER_STATE[name]
        values = {
            "Name": machine.name,
            "ID": self._id("managed machine", machine.identifier),
            "VMId": machine.identifier.upper(),
            "Status": state,
            "VirtualMachineState": state,
            "StatusString": {"PowerOff": "Stopped", "HostNotResponding": "Host Not Responding"}.get(name, name),
            "VMHost": self._host(host),
            "HostName": host.name,
            "Cloud": self._cloud(machine.cloud) if machine.cloud else None,
            "Generation": machine.generation,
            "IsHighlyAvailable": machine.is_of_cluster,
            "CPUCount": machine.processors,
            "Memory": machine.memory // 1024**2,
            "OperatingSystem": machine.os,
        }
        return PSObject(f"{TYPES}VM", values, text=machine.name)

    def _id(self, kind: str, name: str) -> str:
        return self._place.hyperv.id_of(kind, name)


def _no_answer(host: Host) -> CommandError:
    message = (
        f"Unable to connect to the Virtual Machine Manager management server {host.name}. The Virtual Machine Manager "
        "service on that server did not respond. (Error ID: 1602)\r\n\r\nVerify that Virtual Machine Manager has been "
        "installed on the server and that the Virtual Machine Manager service is running. Then try the operation again."
    )
    return CommandError(message, "1602", "ReadError", exception=EXCEPTION, terminating=True)

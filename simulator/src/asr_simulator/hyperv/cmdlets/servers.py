# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every server has, and the host's own settings: Get-VMHost, Get-Service and Get-Item."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asr_simulator.hyperv.cmdlets import enums
from asr_simulator.hyperv.cmdlets.names import chosen, texts
from asr_simulator.hyperv.cmdlets.place import Place
from asr_simulator.hyperv.windows import START_AUTOMATIC, VMMS, Service
from powershell_subset import Call, Command, CommandError, NotModeled, PSObject

SYSTEM = "C:\\Windows\\System32\\"
MANAGEMENT = "Microsoft.PowerShell.Management"
COMMANDS = "Microsoft.PowerShell.Commands."
NO_ITEM = "System.Management.Automation.ItemNotFoundException"
START_TYPES = {START_AUTOMATIC: "Automatic"}
BUILD_LABEL = "(WinBuild.160101.0800)"


def host_commands(place: Place) -> list[Command]:
    """Get-VMHost."""
    return [place.hyper_v("Get-VMHost", _vm_host)]


def _vm_host(place: Place, call: Call) -> Iterable[PSObject]:
    host = place.host
    yield PSObject(
        "Microsoft.HyperV.PowerShell.VMHost",
        {
            "Name": host.short_name,
            "ComputerName": host.short_name,
            "FullyQualifiedDomainName": host.domain,
            "LogicalProcessorCount": host.processors,
            "MemoryCapacity": host.memory,
            "VirtualMachinePath": host.machine_folder,
            "VirtualHardDiskPath": host.disk_folder,
            "VirtualMachineMigrationEnabled": host.cluster is not None,
            "MaximumVirtualMachineMigrations": 2,
        },
        text=f"VMHost (Name = '{host.short_name}')",
    )


def commands(place: Place) -> list[Command]:
    """The commands of every server."""
    own: dict[str, Any] = {"module": MANAGEMENT, "class_name": f"{COMMANDS}{{}}Command"}
    of_path: dict[str, Any] = {"parameters": ("LiteralPath",), "positional": ("Path",)}
    and_name = {"parameters": ("LiteralPath", "Name")}
    return [
        place.command("Get-Service", _services, positional=("Name",), **own),
        place.command("Get-Item", _items, foresee=_foresee_files, **own, **of_path),
        place.command("Get-ItemProperty", _values, foresee=_foresee_keys, **own, **{**of_path, **and_name}),
        place.command("Test-Path", _tests, foresee=_foresee_files, **own, **of_path),
    ]


def _services(place: Place, call: Call) -> Iterable[PSObject]:
    every = [*place.host.services.values(), Service("WinRM", "Windows Remote Management (WS-Management)")]
    found = chosen(call, "Name", sorted(every, key=lambda one: one.name.lower()), lambda one: one.name, _no_service)
    for service in found:
        values = {
            "Name": service.name,
            "ServiceName": service.name,
            "DisplayName": service.display_name,
            "Status": enums.SERVICE_STATUS[service.state],
            # WMI has its own word for it.
            "StartType": enums.SERVICE_START[START_TYPES.get(service.start_mode, service.start_mode)],
        }
        yield PSObject("System.ServiceProcess.ServiceController", values, text=service.name)


WINDOWS_KEY = r"hklm:\software\microsoft\windows nt\currentversion"
NETWORK_KEY = r"hklm:\system\currentcontrolset\services\tcpip\parameters"
CRYPTOGRAPHY_KEY = r"hklm:\software\microsoft\cryptography"


def _no_service(name: str) -> CommandError:
    message = f"Cannot find any service with service name '{name}'."
    exception = f"{COMMANDS}ServiceCommandException"
    return CommandError(message, "NoServiceFoundForGivenName", "ObjectNotFound", exception=exception, target=name)


def _paths(call: Call) -> list[str]:
    return [*texts(call, "LiteralPath"), *texts(call, "Path")]


def _tests(place: Place, call: Call) -> Iterable[bool]:
    return [_file(place, path) is not None for path in _paths(call)]


def _items(place: Place, call: Call) -> Iterable[PSObject]:
    for path in _paths(call):
        found = _file(place, path)
        if found is not None:
            yield found
        else:
            message = f"Cannot find path '{path}' because it does not exist."
            gone = CommandError(message, "PathNotFound", "ObjectNotFound", exception=NO_ITEM, target=path)
            call.write_error(gone)


def _foresee_files(place: Place, call: Call, untold: frozenset[str]) -> None:
    for path in _paths(call):
        _file(place, path)


def _foresee_keys(place: Place, call: Call, untold: frozenset[str]) -> None:
    for path in _paths(call):
        _key(place, path)


def _values(place: Place, call: Call) -> Iterable[PSObject]:
    """The values of keys of the registry."""
    for path in _paths(call):
        yield PSObject("System.Management.Automation.PSCustomObject", _key(place, path))


def _key(place: Place, path: str) -> dict[str, str]:
    """The values of a key: of those alone that tell what Windows is, and which machine it is.

    Raises:
        NotModeled: another path.
    """
    host = place.host
    name, suffix = host.name.partition(".")[0], host.domain if host.in_domain else ""
    known = {
        WINDOWS_KEY: {"InstallationType": host.installation, "CurrentBuild": host.os.build},
        NETWORK_KEY: {"Hostname": name, "Domain": suffix, "NV Hostname": name, "NV Domain": suffix},
        # That of the disk that Windows was installed on, whatever was made of a copy of it.
        CRYPTOGRAPHY_KEY: {"MachineGuid": place.hyperv.id_of("Windows", host.image or host.name)},
    }
    values = known.get(path.lower())
    if values is None:
        raise NotModeled(f"Get-ItemProperty of {path}")
    return values


def _file(place: Place, path: str) -> PSObject | None:
    """A file that the simulator knows of: the management service's program, or a virtual disk.

    Raises:
        NotModeled: the host may well have it, but the simulator does not know.
    """
    host = place.host
    wanted = path.replace("/", "\\").lower()
    if wanted == f"{SYSTEM}vmms.exe".lower():
        return _program(place, "vmms.exe") if VMMS in host.services else None
    for volume in host.volumes:
        for disk in volume.disks:
            if disk.path.lower() == wanted:
                return _info(path, disk.file_size(place.now)) if disk.present else None
    if any(wanted.startswith(f"{volume.root}hyper-v\\".lower()) for volume in host.volumes):
        return None
    raise NotModeled(f"the path {path}")


def _info(path: str, length: int) -> PSObject:
    name = path.rsplit("\\", 1)[-1]
    return PSObject("System.IO.FileInfo", {"Name": name, "FullName": path, "Length": length, "Exists": True}, text=path)


def _program(place: Place, name: str) -> PSObject:
    version = place.host.os.file_version
    found = _info(f"{SYSTEM}{name}", 13_000_000)
    found["VersionInfo"] = PSObject(
        "System.Diagnostics.FileVersionInfo",
        {
            "FileName": f"{SYSTEM}{name}",
            "FileVersion": f"{version} {BUILD_LABEL}",
            "ProductVersion": version,
            "FileDescription": "Virtual Machine Management Service",
            "CompanyName": "Microsoft Corporation",
        },
    )
    return found

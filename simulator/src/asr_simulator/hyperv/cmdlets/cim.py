# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-CimInstance for the classes that tell what a server is, and for what its virtual machines' guests take orders by.

Invoke-CimMethod for these orders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from asr_simulator.hyperv.cmdlets import errors, shutdown, wql
from asr_simulator.hyperv.cmdlets.names import objects, texts
from asr_simulator.hyperv.cmdlets.place import Place
from asr_simulator.hyperv.machine_states import STATE_RUNNING
from asr_simulator.hyperv.storage import GIB, MIB, Volume
from asr_simulator.hyperv.windows import SERVICE_RUNNING, Service
from powershell_subset import Call, Command, NotModeled, PSObject

Rows = Callable[[Place], Iterable[dict[str, Any]]]
NAMESPACE, VIRTUALIZATION = "root/cimv2", "root/virtualization/v2"
OWN_MEMORY = 4 * GIB  # what the host itself takes
LEAST_FREE = 2 * GIB
LOCAL_DISK = 3
METHOD = "initiateshutdown"
RESERVED = 100 * MIB
KNOWN_FAMILIES = ("win32_", "cim_", "msft_", "msvm_", "msclust", "__")


def commands(place: Place) -> list[Command]:
    """Get-CimInstance and Invoke-CimMethod."""
    own: dict[str, Any] = {
        "module": "CimCmdlets",
        "class_name": "Microsoft.Management.Infrastructure.CimCmdlets.{}Command",
    }
    return [
        place.command(
            "Get-CimInstance",
            _instances,
            ("Filter", "Namespace"),
            positional=("ClassName",),
            foresee=_foresee_instances,
            **own,
        ),
        place.command(
            "Invoke-CimMethod", _invoked, ("InputObject", "MethodName", "Arguments"), foresee=_foresee_method, **own
        ),
    ]


def _instances(place: Place, call: Call) -> Iterable[PSObject]:
    if not place.host.shows_cim:
        raise errors.cim("Access denied ", "0x80041003", "PermissionDenied")
    space, name = _wanted_class(call)
    found = CLASSES.get((space, name.lower()))
    if found is None:
        raise errors.cim("Invalid class ", "0x80041010", "MetadataError")
    spelled, rows, properties = found
    type_name = f"Microsoft.Management.Infrastructure.CimInstance#{space}/{spelled}"
    return (PSObject(type_name, row, text=spelled) for row in _filtered(list(rows(place)), properties, call))


def _wanted_class(call: Call) -> tuple[str, str]:
    """The namespace of a class, in small letters, and its name.

    Raises:
        NotModeled: Windows may have that class.
    """
    name = texts(call, "ClassName")[0] if texts(call, "ClassName") else ""
    space = next((text.replace("\\", "/").lower() for text in texts(call, "Namespace")), NAMESPACE)
    if (space, name.lower()) not in CLASSES and name.lower().startswith(KNOWN_FAMILIES):
        raise NotModeled(f"the class {name} of {space}")
    return space, name


def _foresee_instances(place: Place, call: Call, untold: frozenset[str]) -> None:
    if not untold & {"classname", "namespace"}:
        _wanted_class(call)
    for clause in texts(call, "Filter"):
        wql.refuse_unmodeled(clause)


def _foresee_method(place: Place, call: Call, untold: frozenset[str]) -> None:
    for method in texts(call, "MethodName"):
        if method.lower() != METHOD:
            raise NotModeled(f"the method {method}")


def _invoked(place: Place, call: Call) -> Iterable[PSObject]:
    """Call a method of an instance; its answer is in ReturnValue."""
    instances, methods = objects(call, "InputObject"), texts(call, "MethodName")
    if len(instances) != 1 or len(methods) != 1:
        raise NotModeled(f"{call.name} of several objects, or of none or several methods")
    (instance,), (method,) = instances, methods
    arguments = call.parameters.get("arguments")
    if instance.text != shutdown.COMPONENT or method.lower() != METHOD:
        raise NotModeled(f"the method {method} of {instance.text}")
    named = {str(name).lower(): value for name, value in arguments.items()} if arguments is not None else {}
    values = {"ReturnValue": shutdown.initiate(place, instance, named), "PSComputerName": None}
    yield PSObject("Microsoft.Management.Infrastructure.CimMethodResult", values)


def _filtered(rows: list[dict[str, Any]], properties: Iterable[str], call: Call) -> Iterable[dict[str, Any]]:
    clauses = texts(call, "Filter")
    if not clauses or not clauses[0].strip():
        return rows
    lowered = [{key.lower(): value for key, value in row.items()} for row in rows]
    try:
        known = properties or rows[0]
        fits = wql.where(clauses[0], frozenset(name.lower() for name in known))
    except wql.InvalidQuery:
        raise errors.cim("Invalid query ", "0x80041017", "InvalidArgument") from None
    return [row for row, values in zip(rows, lowered, strict=True) if fits(values)]


def _computer(place: Place) -> Iterable[dict[str, Any]]:
    host = place.host
    yield {
        "Name": host.short_name,
        "DNSHostName": host.name.partition(".")[0],
        "Domain": host.domain,
        "PartOfDomain": host.in_domain,
        "Workgroup": None if host.in_domain else host.domain,
        "Manufacturer": "Contoso",
        "Model": "Server",
        "NumberOfProcessors": 2 if host.processors > 1 else 1,
        "NumberOfLogicalProcessors": host.processors,
        "TotalPhysicalMemory": host.memory,
        "SystemType": "x64-based PC",
        "HypervisorPresent": host.role_installed,
        "Status": "OK",
    }


def _operating_system(place: Place) -> Iterable[dict[str, Any]]:
    host = place.host
    running = sum(machine.memory for machine in host.machines if machine.state == STATE_RUNNING)
    free = max(LEAST_FREE, host.memory - OWN_MEMORY - running)
    yield {
        "Caption": host.os.caption,
        "Version": host.os.version,
        "BuildNumber": host.os.build,
        "CSName": host.short_name,
        "OSArchitecture": "64-bit",
        "ProductType": 3,
        "SystemDirectory": "C:\\Windows\\system32",
        "WindowsDirectory": "C:\\Windows",
        "FreePhysicalMemory": free // 1024,
        "TotalVisibleMemorySize": host.memory // 1024,
        "LastBootUpTime": place.shown(host.booted),
        "LocalDateTime": place.shown(place.now),
        "InstallDate": place.shown(host.installed),
        "Status": "OK",
    }


def _services(place: Place) -> Iterable[dict[str, Any]]:
    every = [*place.host.services.values(), Service("WinRM", "Windows Remote Management (WS-Management)")]
    for number, service in enumerate(sorted(every, key=lambda one: one.name.lower())):
        running = service.state == SERVICE_RUNNING
        yield {
            "Name": service.name,
            "DisplayName": service.display_name,
            "State": service.state,
            "Status": "OK",
            "Started": running,
            "StartMode": service.start_mode,
            "ProcessId": 1200 + 4 * number if running else 0,
            "ExitCode": 0,
            "SystemName": place.host.short_name,
        }


def _volumes(place: Place) -> Iterable[dict[str, Any]]:
    """Those with a letter or a path, and the one that the firmware reserves, which has neither."""
    for volume in place.host.volumes:
        yield _volume(place, volume, volume.root, volume.size, volume.free(place.now))
    reserved = Volume("", "System Reserved", RESERVED, 0, place.hyperv.id_of("reserved volume", place.host.name))
    yield _volume(place, reserved, _device(reserved), RESERVED, RESERVED // 2) | {"SystemVolume": True}


def _volume(place: Place, volume: Volume, name: str, size: int, free: int) -> dict[str, Any]:
    return {
        "Name": name,
        "Caption": name,
        "DriveLetter": volume.path if len(volume.path) == 2 else None,
        "Label": volume.label or None,
        "FileSystem": volume.file_system,
        "Capacity": size,
        "FreeSpace": free,
        "BlockSize": 4096,
        "DriveType": LOCAL_DISK,
        "DeviceID": _device(volume),
        "BootVolume": volume.path.upper() == "C:",
        "SystemVolume": False,
        "SystemName": place.host.short_name,
    }


def _device(volume: Volume) -> str:
    return f"\\\\?\\Volume{{{volume.identifier}}}\\"


# The properties need only be said of classes that may have no instances.
_CLASSES: tuple[tuple[str, str, Rows, tuple[str, ...]], ...] = (
    (NAMESPACE, "Win32_ComputerSystem", _computer, ()),
    (NAMESPACE, "Win32_OperatingSystem", _operating_system, ()),
    (NAMESPACE, "Win32_Service", _services, ()),
    (NAMESPACE, "Win32_Volume", _volumes, ()),
    (VIRTUALIZATION, shutdown.COMPONENT, shutdown.components, shutdown.PROPERTIES),
)
# By namespace and name in small letters: the name as it is spelled, its instances, and its properties.
CLASSES = {(space, name.lower()): (name, rows, properties) for space, name, rows, properties in _CLASSES}

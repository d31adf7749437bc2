# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-VMHardDiskDrive and Get-VHD."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from asr_simulator.hyperv.cmdlets import enums, errors
from asr_simulator.hyperv.cmdlets.machines import machines_of
from asr_simulator.hyperv.cmdlets.names import given, matches
from asr_simulator.hyperv.cmdlets.place import Place
from asr_simulator.hyperv.hosts import Machine
from asr_simulator.hyperv.storage import FRESH_FILE, MIB, PASS_THROUGH, SHARED, ForeignDisk, VirtualDisk
from powershell_subset import Call, Command, CommandError, PSObject
from powershell_subset.operators.patterns import is_wildcard

BLOCK = 32 * MIB
# The number of the host's disk that is passed through.
PASSED_THROUGH = 3
SHARE = "\\\\"
ESCAPED = re.compile(r"`(.)")


def commands(place: Place) -> list[Command]:
    """The commands for disks on a host."""
    return [
        place.hyper_v("Get-VMHardDiskDrive", _drives, ("VM",), positional=("VMName",), pipeline="VM"),
        place.hyper_v("Get-VHD", _files, positional=("Path",), pipeline="Path"),
    ]


def _drives(place: Place, call: Call) -> Iterable[PSObject]:
    for machine in machines_of(place, call):
        own = [_drive(machine, disk, index) for index, disk in enumerate(machine.disks)]
        yield from [*own, *(_foreign(machine, disk, len(own) + at) for at, disk in enumerate(machine.foreign_disks))]


def _drive(machine: Machine, disk: VirtualDisk, index: int) -> PSObject:
    """The first disk of a machine of generation 1 is on its IDE controller."""
    ide = machine.generation == 1 and index == 0
    location = index - 1 if machine.generation == 1 and not ide else index
    controller = "IDE" if ide else "SCSI"
    identifier = machine.identifier.upper()
    return PSObject(
        "Microsoft.HyperV.PowerShell.HardDiskDrive",
        {
            "Name": f"Hard Drive on {controller} controller number 0 at location {location}",
            "Id": f"Microsoft:{identifier}\\{disk.identifier.upper()}\\0\\{location}\\D",
            "Path": _path(machine, disk),
            "DiskNumber": None,
            "SupportPersistentReservations": False,
            "PoolName": "Primordial",
            "ControllerType": enums.CONTROLLER[controller],
            "ControllerNumber": 0,
            "ControllerLocation": location,
            "VMName": machine.name,
            "VMId": UUID(machine.identifier),
            "ComputerName": machine.host.short_name,
        },
    )


def _foreign(machine: Machine, disk: ForeignDisk, index: int) -> PSObject:
    """A disk that is passed through has a number and, for a path, the words that Hyper-V Manager shows."""
    drive = _drive(machine, VirtualDisk(disk.path, disk.size, machine.host.storage, disk.identifier), index)
    if disk.kind == PASS_THROUGH:
        drive["DiskNumber"] = PASSED_THROUGH
    drive["Path"] = disk.path
    drive["SupportPersistentReservations"] = disk.kind == SHARED
    return drive


def _path(machine: Machine, disk: VirtualDisk) -> str:
    """The file that is written: of a machine with checkpoints the differencing one."""
    mark = machine.checkpoints[-1].identifier.upper() if machine.checkpoints else machine.left_chain
    return f"{disk.path.rsplit('.', 1)[0]}_{mark}.avhdx" if mark else disk.path


def _files(place: Place, call: Call) -> Iterable[PSObject]:
    by_path: dict[str, tuple[VirtualDisk, str]] = {}
    for volume in place.host.volumes:
        for disk in volume.disks:
            by_path[disk.path.lower()] = (disk, disk.path)
    for machine in place.host.machines:
        for disk in machine.disks:
            by_path[_path(machine, disk).lower()] = (disk, _path(machine, disk))
        for foreign in machine.foreign_disks:
            other = VirtualDisk(foreign.path, foreign.size, machine.host.storage, foreign.identifier)
            by_path[foreign.path.lower()] = (other, foreign.path)
    for path in _paths(call):
        place.host.disk_files_asked_for += 1
        if path.startswith(SHARE):
            yield from _files_of_share(place, call, path, by_path.values())
            continue
        found = by_path.get(path.lower())
        if found is None or not found[0].present:
            call.write_error(_missing(path))
        else:
            yield _file(place, *found)


def _files_of_share(
    place: Place, call: Call, pattern: str, files: Iterable[tuple[VirtualDisk, str]]
) -> Iterable[PSObject]:
    """What a UNC path finds, which is a pattern: PowerShell lists it, as the account of the session.

    The file server does not know who that is, unless the session may go on to it: then nothing is there.
    """
    there = [file for file in files if file[0].present and place.host.second_hop]
    found = [file for file in there if matches(pattern, file[1])]
    yield from (_file(place, *file) for file in found)
    if not found:
        call.write_error(_nothing_there(pattern))


def _paths(call: Call) -> Iterable[str]:
    """Paths as text, or of the objects that come down the pipeline."""
    for value in given(call, "Path"):
        yield str(value.get("Path")) if isinstance(value, PSObject) else str(value)


def _file(place: Place, disk: VirtualDisk, path: str) -> PSObject:
    base = path == disk.path
    values: dict[str, Any] = {
        "ComputerName": place.host.short_name,
        "Path": path,
        "VhdFormat": enums.VHD_FORMAT["VHDX"],
        "VhdType": enums.VHD_TYPE["Dynamic" if base else "Differencing"],
        "FileSize": disk.file_size(place.now) if base else FRESH_FILE,
        "Size": disk.size,
        "MinimumSize": None,
        "LogicalSectorSize": 512,
        "PhysicalSectorSize": 4096,
        "BlockSize": BLOCK,
        "ParentPath": "" if base else disk.path,
        "DiskIdentifier": disk.identifier.upper(),
        "FragmentationPercentage": 0,
        "Alignment": 1,
        "Attached": False,
        "DiskNumber": None,
        "Number": None,
    }
    return PSObject("Microsoft.Vhd.PowerShell.VirtualHardDisk", values)


def _nothing_there(pattern: str) -> CommandError:
    """A path without wildcards has to be there; a pattern that nothing fits leaves no path."""
    plain = ESCAPED.sub("", pattern)
    if is_wildcard(plain):
        return errors.invalid_parameter(
            f"The path '{pattern}' is not a valid path to a virtual hard disk file.", pattern
        )
    path = ESCAPED.sub(r"\1", pattern)
    return errors.invalid_parameter(f"Cannot find path '{path}' because it does not exist.", path)


def _missing(path: str) -> CommandError:
    told = f"Getting the mounted storage instance for the path '{path}' failed."
    message = f"{told}\r\nThe system cannot find the file specified."
    return CommandError(message, "ObjectNotFound", "ObjectNotFound", exception=errors.VIRTUALIZATION, target=path)

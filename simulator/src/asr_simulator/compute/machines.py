# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What exists in Azure compute and network: value objects without HTTP and without rules."""

from __future__ import annotations

import dataclasses
import datetime

RUNNING = "running"
STOPPED = "stopped"
DEALLOCATED = "deallocated"
STARTING = "starting"
STOPPING = "stopping"
DEALLOCATING = "deallocating"
# What a machine may be in the middle of besides.
UPDATING = "updating"
DELETING = "deleting"


@dataclasses.dataclass
class Disk:
    """A disk of a virtual machine.

    `gb` is GiB. `os` marks the one that boots. A managed disk is an Azure resource of its own; an unmanaged one is
    a VHD blob at `vhd_uri` and appears only inside the virtual machine. `id` is set by `Compute.create_vm`.
    """

    name: str
    gb: float
    os: bool = False
    managed: bool = True
    vhd_uri: str | None = None
    sku: str = "StandardSSD_LRS"
    unique_id: str = ""
    id: str = ""


@dataclasses.dataclass
class PublicAddress:
    """A public IP address, `id` set by `Compute.create_vm`."""

    name: str
    address: str
    id: str = ""


@dataclasses.dataclass
class NetworkInterface:
    """A network interface with one IP configuration.

    `Compute.create_vm` sets `id`, and `address` and `mac` when they are empty.
    """

    name: str
    subnet_id: str | None = None
    address: str = ""
    mac: str = ""
    public: PublicAddress | None = None
    attached_to: str | None = None
    id: str = ""


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why Azure does not start a machine. `at_once`: it says so in its answer, else when the operation ends."""

    code: str
    message: str
    at_once: bool = True


@dataclasses.dataclass
class VirtualMachine:
    """A virtual machine. `power` is running, stopped or deallocated, or one of the three states between.

    `refusal` is why every start fails, `shows_start` whether one that goes on shows in its power state, `failure` why
    the last operation failed, with `failed` the time. `operated` is when the last operation began or ended; that a
    guest shuts itself down, or crashes, is none. `provisioning` is the operation on its model that is under way
    (`updating`, `deleting`); empty where none is. `sizes` is when it tells those of its unmanaged disks: `told`,
    `while_allocated` or `untold`.
    """

    id: str
    name: str
    group: str
    location: str
    size: str
    os: str
    disks: list[Disk]
    nics: list[NetworkInterface]
    created: datetime.datetime
    vm_id: str
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    power: str = RUNNING
    operated: datetime.datetime | None = None
    refusal: Refusal | None = None
    shows_start: bool = True
    failure: Refusal | None = None
    failed: datetime.datetime | None = None
    provisioning: str = ""
    sizes: str = "told"

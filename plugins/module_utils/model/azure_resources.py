# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exists in Azure around a replicated item: its virtual machine, disks and network, locks and permissions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import ClassVar

from . import arm_ids
from .json_path import Document, field, items, parse_time, text, texts, time_at, whole_number

_BELOW_SCOPE = re.compile(r"/providers/Microsoft\.Authorization/locks/[^/]+/?$", re.IGNORECASE)
_POWER = "PowerState/"
# Of a machine whose instance view names no power state.
UNKNOWN_POWER = "unknown"
_PROVISIONING = "ProvisioningState/"
_FAILED = f"{_PROVISIONING}failed"
# Where the last operation has ended; any other word is one that is under way.
_ENDED = (f"{_PROVISIONING}succeeded", _FAILED, f"{_PROVISIONING}canceled")


@dataclass(frozen=True)
class AzureDisk:
    """A disk that is attached to a virtual machine: C(id) of a managed one, C(uri) of an unmanaged one.

    C(size_gb) is in GiB, None where the machine does not tell it.
    """

    name: str
    id: str = ""
    uri: str = ""
    size_gb: int | None = None
    is_os_disk: bool = False


@dataclass(frozen=True)
class AzureVm:
    """A virtual machine in Azure. C(power) is C(running), C(stopped), C(deallocated) or another of Azure's words.

    C(disk_ids) are managed disks, C(blob_uris) unmanaged ones. C(failure) is why its last operation failed, with the
    time; empty where it did not. C(operated_at) is when its last operation ended (start, stop, deallocation, change of
    the model), where Azure tells it, C(operation) the one that is under way in Azure's word (C(updating), C(deleting));
    empty where none is. C(created_at) is when it was made.
    """

    UP: ClassVar = ("running", "starting")

    id: str
    name: str
    power: str
    disk_ids: tuple[str, ...]
    blob_uris: tuple[str, ...]
    nic_ids: tuple[str, ...]
    failure: str = ""
    operated_at: datetime | None = None
    operation: str = ""
    disks: tuple[AzureDisk, ...] = ()
    created_at: datetime | None = None
    size: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether the machine runs or is about to."""
        return self.power in self.UP

    @property
    def is_changing(self) -> bool:
        """Whether an operation is under way: it is being deleted or changed, started or stopped."""
        return bool(self.operation)

    @property
    def is_settled(self) -> bool:
        """Whether nothing but its start may be under way: one that is up is C(updating) until its start has ended."""
        return not self.operation or (self.is_running and self.operation.lower() == "updating")


@dataclass(frozen=True)
class AzureNic:
    """A network interface: C(vm_id) is the machine it is attached to, empty where it is to none."""

    vm_id: str
    address_ids: tuple[str, ...]


@dataclass(frozen=True)
class Lock:
    """A management lock: C(level) is C(CanNotDelete) or C(ReadOnly)."""

    id: str
    name: str
    level: str

    @property
    def forbids_changes(self) -> bool:
        """Whether it forbids more than deletion: starting a machine, for one."""
        return self.level.lower() == "readonly"

    @property
    def scope(self) -> str:
        """What it was set at: a resource, a resource group or a subscription."""
        return _BELOW_SCOPE.sub("", self.id)

    def binds(self, resource_id: str) -> bool:
        """Whether it applies to a resource: it was set there, or above."""
        return arm_ids.lies_in(resource_id, self.scope)

    def may_concern(self, resource_id: str) -> bool:
        """Whether it is one of those around a resource: set there, above or below it, or who knows where."""
        return self.binds(resource_id) or arm_ids.lies_in(self.scope, resource_id) or not self._tells_scope

    @property
    def _tells_scope(self) -> bool:
        return bool(_BELOW_SCOPE.search(self.id)) and arm_ids.is_whole(self.scope)


@dataclass(frozen=True)
class Permission:
    """One entry of the caller's permissions at a scope: actions less not_actions, with wildcards."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]

    def allows(self, action: str) -> bool:
        """Whether this entry grants an action of a resource provider."""
        return _matches(self.actions, action) and not _matches(self.not_actions, action)


# Of a fleet, the same roles are held against the same actions for each VM.
@lru_cache(maxsize=1024)
def _matches(patterns: tuple[str, ...], action: str) -> bool:
    return any(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), action, re.IGNORECASE) for pattern in patterns)


def parse_vm(document: Document) -> AzureVm:
    """Read a C(virtualMachines/{vm}) body that was asked for with its instance view."""
    properties = field(document, "properties") or {}
    storage = field(properties, "storageProfile") or {}
    system = field(storage, "osDisk")
    disks = tuple(
        _parse_disk(disk, is_os_disk=disk is system) for disk in (system, *items(storage, "dataDisks")) if disk
    )
    statuses = items(properties, "instanceView", "statuses")
    codes = [text(status, "code") for status in statuses]
    nothing: Document = {}
    provisioning = next((status for status in statuses if text(status, "code").startswith(_PROVISIONING)), nothing)
    code = text(provisioning, "code")
    return AzureVm(
        id=text(document, "id"),
        name=text(document, "name"),
        power=next((code[len(_POWER) :] for code in codes if code.startswith(_POWER)), UNKNOWN_POWER),
        disk_ids=_present(disk.id for disk in disks),
        blob_uris=_present(disk.uri for disk in disks),
        nic_ids=_present(text(nic, "id") for nic in items(properties, "networkProfile", "networkInterfaces")),
        failure=next((_failure(status) for status in statuses if text(status, "code").startswith(_FAILED)), ""),
        operated_at=parse_time(field(provisioning, "time")),
        operation="" if not code or code.startswith(_ENDED) else code[len(_PROVISIONING) :] or "unknown",
        disks=disks,
        created_at=time_at(properties, "timeCreated"),
        size=text(properties, "hardwareProfile", "vmSize"),
        tags=texts(document, "tags"),
    )


def _parse_disk(document: Document, *, is_os_disk: bool) -> AzureDisk:
    return AzureDisk(
        name=text(document, "name"),
        id=text(document, "managedDisk", "id"),
        uri=text(document, "vhd", "uri"),
        size_gb=whole_number(document, "diskSizeGB"),
        is_os_disk=is_os_disk,
    )


def _failure(status: Document) -> str:
    """Return what an instance view says of a failed operation: C(ProvisioningState/failed/CODE), message and time."""
    code = text(status, "code")[len(_FAILED) :].lstrip("/")
    words = ": ".join(part for part in (code, text(status, "message").rstrip(".")) if part)
    return f"{words or 'no reason given'} ({text(status, 'time') or 'no time given'})"


def _present(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(value for value in values if value)


def parse_nic(document: Document) -> AzureNic:
    """Read a C(networkInterfaces/{nic}) body."""
    configurations = items(document, "properties", "ipConfigurations")
    return AzureNic(
        vm_id=text(document, "properties", "virtualMachine", "id"),
        address_ids=_present(text(entry, "properties", "publicIPAddress", "id") for entry in configurations),
    )


def parse_lock(document: Document) -> Lock:
    """Read a C(Microsoft.Authorization/locks) body."""
    return Lock(
        id=text(document, "id"),
        name=text(document, "name"),
        level=text(document, "properties", "level"),
    )


def parse_permission(document: Document) -> Permission:
    """Read one value of a C(Microsoft.Authorization/permissions) answer."""
    return Permission(
        actions=tuple(str(action) for action in items(document, "actions")),
        not_actions=tuple(str(action) for action in items(document, "notActions")),
    )

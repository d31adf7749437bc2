# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines that the failover made in Azure, with their disks and network interfaces."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..model import arm_ids
from ..model.azure_resources import AzureNic, AzureVm, parse_nic, parse_vm
from ..model.failures import UnknownState, Unreachable
from ..model.json_path import field, text, whole_number
from ..model.look_age import OWN_ANSWER
from ..shared_reads import UNSHARED, SharedReads
from .errors import found_or_none, translated
from .resources import Resources
from .sdk import ComputeManagementClient
from .sdk_reads import resource_body

_COMPUTE_VERSION = "2024-07-01"
_NETWORK_VERSION = "2024-05-01"
# In every response to a read of a VM with its instance view.
_OF_EVERY_VM = (
    ("properties", "instanceView", "statuses"),
    ("properties", "storageProfile", "osDisk"),
    ("properties", "networkProfile", "networkInterfaces"),
)


class Compute:
    """Azure compute as this collection needs it.

    Each resource is read in the subscription of its own id: the target resource group of a replicated item may lie in
    another one than the vault. C(make_client) makes the client of a subscription.
    """

    def __init__(
        self,
        make_client: Callable[[str], ComputeManagementClient],
        resources: Resources,
        shared: SharedReads = UNSHARED,
    ) -> None:
        self._client = functools.cache(make_client)
        self._resources = resources
        self._shared = shared

    def find_vm(self, vm_id: str) -> AzureVm | None:
        """Return the virtual machine with its power state as it is now, or None where there is none.

        Raises Unreachable where the response lacks a part that every virtual machine has.
        """
        return self._shared.read(_key(vm_id), lambda: self._find_vm(vm_id))

    def seen_vm(self, vm_id: str) -> AzureVm | None:
        """Return the virtual machine as it was a moment ago, or None."""
        return self._shared.get(_key(vm_id), lambda: self._find_vm(vm_id), OWN_ANSWER)

    def _find_vm(self, vm_id: str) -> AzureVm | None:
        subscription, *names = _path(vm_id)
        get = functools.partial(self._client(subscription).virtual_machines.get, *names, expand="instanceView")
        body = found_or_none(lambda: resource_body(get))
        return None if body is None else parse_vm(_whole(body))

    def vms_of_subscription(self, resource_id: str) -> list[AzureVm]:
        """Return the virtual machines of a resource's subscription that the caller may see, without their power."""
        subscription, *_names = _path(resource_id)
        path = f"/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachines"
        return [parse_vm(document) for document in self._resources.every(path, _COMPUTE_VERSION)]

    def start_vm(self, vm_id: str) -> None:
        """Ask Azure to start a virtual machine. A write; that it was taken does not mean that it runs one day.

        The SDK's poller is left out: it may not read the operation where the caller has rights at the machine alone.
        """
        subscription, *names = _path(vm_id)
        with translated(write=True):
            self._client(subscription).virtual_machines.begin_start(*names, polling=False)

    def disk_exists(self, disk_id: str) -> bool:
        """Say whether a managed disk is there."""
        return self._find_disk(disk_id) is not None

    def disk_size(self, disk_id: str) -> int | None:
        """Return the size of a managed disk in GiB, None where it is not there, or does not tell."""
        return whole_number(self._find_disk(disk_id), "properties", "diskSizeGB")

    def _find_disk(self, disk_id: str) -> Any | None:
        subscription, *names = _path(disk_id)
        get = functools.partial(self._client(subscription).disks.get, *names)
        return found_or_none(lambda: resource_body(get))

    def find_nic(self, nic_id: str) -> AzureNic | None:
        """Return a network interface, or None where it does not exist."""
        document = self._resources.find(nic_id, _NETWORK_VERSION)
        return None if document is None else parse_nic(document)


def _key(vm_id: str) -> str:
    return f"vm|{vm_id.lower()}"


def _whole(body: Any) -> Any:
    """Return the body of a VM. Raises Unreachable where it lacks what every VM has: missing is neither off nor gone."""
    missing = [".".join(path) for path in _OF_EVERY_VM if not field(body, *path)]
    if missing:
        raise Unreachable(
            f"The response for Azure VM {text(body, 'name')} has no {' and no '.join(missing)}.",
            "Check for a proxy or gateway that changes responses of Azure Resource Manager, and run the task again.",
        )
    return body


def _path(resource_id: str) -> tuple[str, str, str]:
    """Return subscription, resource group and name of a resource."""
    subscription, group = arm_ids.names_of("the id of a resource", resource_id, "subscriptions", "resourceGroups")
    name = arm_ids.last_segment(resource_id)
    if not arm_ids.is_name(name):
        raise UnknownState("the id of a resource", resource_id)
    return subscription, group, name

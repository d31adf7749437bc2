# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person would write with the SDKs alone: the four operations for all VMs, in eight threads.

    python sdk_script.py POLL_SECONDS [bare]

It reads what the fleet reads, as often (but the network interfaces that a commit leaves), and judges nothing: the item
and the Azure VM before each request and at the end, each job once it waits or has ended. All running jobs are polled by
one list. That is the floor that the fleet is measured against. C(bare): it reads nothing but that list.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient, models

POLL_SECONDS = float(sys.argv[1])
BARE = sys.argv[2:] == ["bare"]
VAULT = (os.environ["ASR_RESOURCE_GROUP"], os.environ["ASR_VAULT_NAME"])
RUNNING = "( JobStatus eq 'InProgress' or JobStatus eq 'NotStarted' or JobStatus eq 'Suspended' )"
FAILBACK = {
    "properties": {
        "failoverDirection": "RecoveryToPrimary",
        "providerSpecificDetails": {
            "instanceType": "HyperVReplicaAzureFailback",
            "dataSyncOption": "ForDownTime",
            "recoveryVmCreationOption": "NoAction",
        },
    }
}


def main() -> None:
    """Bring every VM of the vault home."""
    cloud = os.environ["AZURE_CLOUD_ENVIRONMENT"]
    credential = ClientSecretCredential(
        os.environ["AZURE_TENANT_ID"],
        os.environ["AZURE_CLIENT_ID"],
        os.environ["AZURE_CLIENT_SECRET"],
        authority=_authority(cloud),
        disable_instance_discovery=True,
    )
    client = SiteRecoveryManagementClient(
        credential, os.environ["AZURE_SUBSCRIPTION_ID"], base_url=cloud, credential_scopes=[f"{cloud}/.default"]
    )
    compute = ComputeManagementClient(
        credential, os.environ["AZURE_SUBSCRIPTION_ID"], base_url=cloud, credential_scopes=[f"{cloud}/.default"]
    )
    home = _Home(client, compute)
    with ThreadPoolExecutor(8) as threads:
        calls = client.replication_protected_items
        for send in (
            lambda _item, *where: calls.begin_planned_failover(*where, FAILBACK, polling=False),
            home.resume,
            lambda _item, *where: calls.begin_failover_commit(*where, polling=False),
            _reprotect(calls),
        ):
            list(threads.map(partial(home.step, send), home.items))
            while any(not _waits(job) for job in home.running()):
                time.sleep(POLL_SECONDS)
            list(threads.map(home.look, home.items))


class _Home:
    """All VMs of a vault on their way home."""

    def __init__(self, client: SiteRecoveryManagementClient, compute: ComputeManagementClient) -> None:
        self._client, self._compute = client, compute
        self.items = list(client.replication_protected_items.list(*VAULT))
        self._jobs: dict[str, str] = {}

    def running(self) -> list[Any]:
        """The running jobs; they are noted by the names of their VMs."""
        jobs = list(self._client.replication_jobs.list(*VAULT, filter=RUNNING))
        self._jobs |= {job.properties.target_object_name: job.name for job in jobs}
        return jobs

    def step(self, send: Callable[..., Any], item: Any) -> None:
        """Read a VM on both of Azure's sides and send a request for it."""
        if not BARE:
            self._read(item)
        send(item, *VAULT, *_names(item))

    def look(self, item: Any) -> None:
        """Read what has come of it."""
        job = self._jobs.get(item.properties.friendly_name)
        if not BARE and job is not None:
            self._client.replication_jobs.get(*VAULT, job)
            self._client.replication_protected_items.get(*VAULT, *_names(item))

    def resume(self, item: Any, *_where: str) -> None:
        """Complete Failover."""
        job = self._jobs[item.properties.friendly_name]
        self._client.replication_jobs.begin_resume(*VAULT, job, {"properties": {}}, polling=False)

    def _read(self, item: Any) -> None:
        self._client.replication_protected_items.get(*VAULT, *_names(item))
        vm_id = item.properties.provider_specific_details.recovery_azure_vm_name or item.properties.friendly_name
        with suppress(ResourceNotFoundError):
            self._compute.virtual_machines.get(_group(item), vm_id, expand="instanceView")


def _names(item: Any) -> list[str]:
    return list(item.id.split("/")[-5::2])


def _group(item: Any) -> str:
    return str(item.properties.provider_specific_details.recovery_azure_resource_group_id.rsplit("/", 1)[1])


def _authority(resource_manager: str) -> str:
    import requests

    endpoints = requests.get(f"{resource_manager}/metadata/endpoints?api-version=2022-09-01", timeout=30).json()
    return str(endpoints["authentication"]["loginEndpoint"])


def _waits(job: Any) -> bool:
    """Whether a job waits for Complete Failover."""
    return "Resume" in (job.properties.allowed_actions or ())


def _reprotect(calls: Any) -> Callable[..., Any]:
    def send(item: Any, *where: str) -> Any:
        details = item.properties.provider_specific_details
        replication = models.HyperVReplicaAzureReprotectInput(
            hv_host_vm_id=item.properties.provider_specific_details.vm_id,
            vm_name=item.properties.friendly_name,
            os_type="Windows",
            v_hd_id=next(disk.vhd_id for disk in details.azure_vm_disk_details if disk.vhd_type == "OperatingSystem"),
        )
        properties = models.ReverseReplicationInputProperties(
            failover_direction="PrimaryToRecovery", provider_specific_details=replication
        )
        return calls.begin_reprotect(*where, models.ReverseReplicationInput(properties=properties), polling=False)

    return send


if __name__ == "__main__":
    main()

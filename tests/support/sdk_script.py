# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person would write with the SDK alone, without a check: the four operations for all VMs, in eight threads.

    python sdk_script.py POLL_SECONDS

It is the floor that the fleet is measured against.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from azure.identity import ClientSecretCredential
from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient, models

POLL_SECONDS = float(sys.argv[1])
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
    items = list(client.replication_protected_items.list(*VAULT))
    names = {item.id: item.id.split("/")[-5::2] for item in items}
    with ThreadPoolExecutor(8) as threads:

        def everywhere(send: Callable[..., Any]) -> None:
            list(threads.map(lambda item: send(item, *VAULT, *names[item.id]), items))
            while any(not _waits(job) for job in _running(client)):
                time.sleep(POLL_SECONDS)

        calls = client.replication_protected_items
        everywhere(lambda _item, *where: calls.begin_planned_failover(*where, FAILBACK, polling=False))
        waiting = [job.name for job in _running(client) if _waits(job)]
        resume = client.replication_jobs.begin_resume
        list(threads.map(lambda job: resume(*VAULT, job, {"properties": {}}, polling=False), waiting))
        everywhere(lambda _item, *where: None)
        everywhere(lambda _item, *where: calls.begin_failover_commit(*where, polling=False))
        everywhere(_reprotect(calls))


def _authority(resource_manager: str) -> str:
    import requests

    endpoints = requests.get(f"{resource_manager}/metadata/endpoints?api-version=2022-09-01", timeout=30).json()
    return str(endpoints["authentication"]["loginEndpoint"])


def _running(client: SiteRecoveryManagementClient) -> list[Any]:
    return list(client.replication_jobs.list(*VAULT, filter=RUNNING))


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

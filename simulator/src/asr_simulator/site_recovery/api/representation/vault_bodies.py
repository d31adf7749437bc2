# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events, health and counters of the whole vault as JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

from asr_simulator.site_recovery.api.representation.times import precise
from asr_simulator.site_recovery.model import jobs
from asr_simulator.site_recovery.model.events import Event
from asr_simulator.site_recovery.workflows.vault import Vault

VAULTS = "Microsoft.RecoveryServices/vaults"
CODE = "SRSJobStatus"


def event_body(vault: Vault, event: Event) -> dict[str, Any]:
    """A job status event."""
    job = event.job
    fabric = job.item.fabric if job.item else job.plan.fabric if job.plan else None
    return {
        "type": f"{VAULTS}/replicationEvents",
        "id": f"{vault.place.path}/replicationEvents/{event.name}",
        "name": event.name,
        "properties": {
            "eventCode": CODE,
            "description": event.description,
            "eventType": "JobStatus",
            "affectedObjectFriendlyName": job.target[1],
            "affectedObjectCorrelationId": job.target[0],
            "severity": event.severity,
            "timeOfOccurrence": precise(event.at),
            "fabricId": fabric.path if fabric else None,
            "providerSpecificDetails": None,
            "eventSpecificDetails": {
                "instanceType": "JobStatus",
                "jobId": vault.job_path(job),
                "jobFriendlyName": job.kind.friendly_name,
                "jobStatus": event.job_state,
                "affectedObjectType": "Vm" if job.item else job.target[2],
            },
            "healthErrors": [
                {
                    "errorCode": error.code,
                    "errorMessage": error.message,
                    "possibleCauses": error.causes,
                    "recommendedAction": error.action,
                }
                for error in event.errors
            ],
        },
    }


def health_body(vault: Vault) -> dict[str, Any]:
    """The vault's health: an issue for each kind of trouble that an item or a provider has."""
    ailing = [item for item in vault.items if item.spec.replication_health != "Normal"]
    silent = [provider for fabric in vault.fabrics for provider in fabric.providers if not provider.connected]
    return {
        "name": "Default",
        "type": f"{VAULTS}/replicationVaultHealth",
        "id": f"{vault.place.path}/replicationVaultHealth/Default",
        "properties": {
            "vaultErrors": [],
            "protectedItemsHealth": _summary(
                [item.spec.replication_health for item in vault.items],
                "Replication",
                "Replication needs attention",
                [item.vm_id for item in ailing],
            ),
            "fabricsHealth": _summary(
                [fabric.health for fabric in vault.fabrics],
                "FabricInfrastructure",
                "Server is not connected",
                [provider.name for provider in silent],
            ),
            "containersHealth": _summary(
                ["Normal" for fabric in vault.fabrics for _container in fabric.containers], "Configuration", "", []
            ),
        },
    }


def _summary(health: list[str], category: str, message: str, affected: list[str]) -> dict[str, Any]:
    """The health of resources of one kind: how many, how many of each health, and what ails them."""
    issues = [
        {
            "summaryCode": "10008",
            "category": category,
            "severity": "Error",
            "summaryMessage": message,
            "affectedResourceType": "replicationProtectedItems" if category == "Replication" else "replicationFabrics",
            "affectedResourceSubtype": "",
            "affectedResourceCorrelationIds": affected,
        }
    ]
    return {
        "resourceCount": len(health),
        "issues": issues if affected else [],
        "categorizedResourceCounts": dict(Counter(health)),
    }


def usage_bodies(vault: Vault) -> list[dict[str, Any]]:
    """Counters of the vault (recording of 2017)."""
    shown = vault.listed_jobs()
    counters = {
        "FailedJob": ("Failed jobs", sum(job.state == jobs.FAILED for job in shown)),
        "InProgressJob": ("In progress jobs", sum(job.state in (jobs.IN_PROGRESS, jobs.CANCELLING) for job in shown)),
        "SuspendedJob": ("User input required", sum(job.state == jobs.SUSPENDED for job in shown)),
        "RegisteredServersCount": ("Registered servers", sum(len(fabric.providers) for fabric in vault.fabrics)),
    }
    return [
        {
            "unit": "Count",
            "quotaPeriod": "P1D",
            "nextResetTime": None,
            "currentValue": value,
            "limit": -1,
            "name": {"value": name, "localizedValue": label},
        }
        for name, (label, value) in counters.items()
    ]

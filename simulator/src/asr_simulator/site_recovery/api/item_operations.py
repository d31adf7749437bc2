# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be asked of one replicated item: refused at once, or accepted as a job."""

from __future__ import annotations

from typing import Any

from asr_simulator.site_recovery.api import request_bodies
from asr_simulator.site_recovery.api.refusals import invalid_direction
from asr_simulator.site_recovery.model import catalog, lifecycle
from asr_simulator.site_recovery.model.item_view import PRIMARY, view_of
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.site_recovery.workflows import failback, failover
from asr_simulator.site_recovery.workflows.vault import Vault


def planned_failover(vault: Vault, item: Item, body: Any, caller: str) -> Job:
    """A planned failover to Azure, or a failback: the direction says which.

    Raises:
        ArmError: 400.
    """
    properties = request_bodies.properties_of(body)
    if request_bodies.direction_of(properties, by_input=True) == request_bodies.TO_PREMISES:
        return _failback(vault, item, properties, caller)
    _active(vault, item, PRIMARY)
    request_bodies.provider_details(properties)
    return vault.start_for_item(
        catalog.PLANNED_FAILOVER, item, lambda job: failover.failover(vault.context, item, job, planned=True), caller
    )


def _failback(vault: Vault, item: Item, properties: dict[str, Any], caller: str) -> Job:
    if view_of(item, vault.variants).active_location == PRIMARY:
        raise invalid_direction()
    order = request_bodies.item_failback(properties, item)
    return vault.start_for_item(
        catalog.FAILBACK,
        item,
        lambda job: failback.failback(vault.context, item, job, order),
        caller,
        vault.variants.failback_scenario_name,
    )


def unplanned_failover(vault: Vault, item: Item, body: Any, caller: str) -> Job:
    """A failover to Azure without the last changes.

    Raises:
        ArmError: 400.
    """
    properties = request_bodies.properties_of(body)
    _to_azure(vault, item, properties)
    shut_down = request_bodies.shuts_down(properties)
    request_bodies.provider_details(properties)

    return vault.start_for_item(
        catalog.UNPLANNED_FAILOVER,
        item,
        lambda job: failover.failover(vault.context, item, job, planned=False, shut_down=shut_down),
        caller,
    )


def commit(vault: Vault, item: Item, body: Any, caller: str) -> Job:
    """Commit the failover or the failback, whichever is pending; one with nothing to commit fails in the job."""
    if item.stage in (lifecycle.FAILOVER_COMMIT_PENDING, lifecycle.COMMITTING_FAILOVER, lifecycle.FAILING_OVER):
        return vault.start_for_item(
            catalog.COMMIT_FAILOVER, item, lambda job: failover.commit(vault.context, item, job), caller
        )
    return vault.start_for_item(
        catalog.FINALIZE_FAILBACK, item, lambda job: failback.commit(vault.context, item, job), caller
    )


def reverse_replicate(vault: Vault, item: Item, body: Any, caller: str) -> Job:
    """Replicate to Azure again.

    Raises:
        ArmError: 400; for Hyper-V the only direction is PrimaryToRecovery (recording).
    """
    properties = request_bodies.properties_of(body)
    if request_bodies.direction_of(properties) != request_bodies.TO_AZURE:
        raise invalid_direction()
    machine_id = request_bodies.provider_details(properties).get("hvHostVmId")
    return vault.start_for_item(
        catalog.REVERSE_REPLICATION,
        item,
        lambda job: failback.reverse_replicate(vault.context, item, job, machine_id),
        caller,
    )


def test_failover(vault: Vault, item: Item, body: Any, caller: str) -> Job:
    """A test copy in Azure.

    Raises:
        ArmError: 400.
    """
    properties = request_bodies.properties_of(body)
    _to_azure(vault, item, properties)
    request_bodies.provider_details(properties)
    return vault.start_for_item(
        catalog.TEST_FAILOVER, item, lambda job: failover.test_failover(vault.context, item, job), caller
    )


def test_failover_cleanup(vault: Vault, item: Item, body: Any, caller: str) -> Job:
    """Delete the test copy.

    Raises:
        ArmError: 400.
    """
    request_bodies.properties_of(body)
    return vault.start_for_item(
        catalog.TEST_FAILOVER_CLEANUP,
        item,
        lambda job: failover.test_failover_cleanup(vault.context, item, job),
        caller,
    )


def _to_azure(vault: Vault, item: Item, properties: dict[str, Any]) -> None:
    if request_bodies.direction_of(properties) != request_bodies.TO_AZURE:
        raise invalid_direction()
    _active(vault, item, PRIMARY)


def _active(vault: Vault, item: Item, location: str) -> None:
    if view_of(item, vault.variants).active_location != location:
        raise invalid_direction()


OPERATIONS = {
    "plannedFailover": planned_failover,
    "unplannedFailover": unplanned_failover,
    "failoverCommit": commit,
    "reProtect": reverse_replicate,
    "testFailover": test_failover,
    "testFailoverCleanup": test_failover_cleanup,
}

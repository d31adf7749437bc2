# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the bodies of operations: what is asked for, or why it is refused."""

from __future__ import annotations

from typing import Any

from asr_simulator.site_recovery.api.refusals import invalid_direction, invalid_input
from asr_simulator.site_recovery.model.fabrics import Provider
from asr_simulator.site_recovery.model.items import HYPERV_TO_AZURE, Item
from asr_simulator.site_recovery.workflows.failback_order import FailbackOrder

TO_AZURE, TO_PREMISES = "PrimaryToRecovery", "RecoveryToPrimary"
FAILBACK_INPUT = "HyperVReplicaAzureFailback"
NO_ACTION, CREATE = "NoAction", "CreateVmIfNotFound"
FOR_DOWN_TIME, FOR_SYNCHRONIZATION = "ForDownTime", "ForSynchronization"
REQUIRED, NOT_REQUIRED = "Required", "NotRequired"


def properties_of(body: Any) -> dict[str, Any]:
    """The ``properties`` of a body.

    Raises:
        ArmError: 400, there are none.
    """
    properties = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(properties, dict):
        raise invalid_input("properties", "the body of the request holds no such object.")
    return properties


def direction_of(properties: dict[str, Any], *, by_input: bool = False) -> str:
    """The failover direction. It may be absent where the input is a failback's, and ``by_input`` where it is that of
    a failover to Azure (recordings).

    Raises:
        ArmError: 400 InvalidFailoverDirection.
    """
    direction = properties.get("failoverDirection")
    if direction is None and _fails_back(properties):
        return TO_PREMISES
    if direction is None and by_input and _input_of(properties) == HYPERV_TO_AZURE:
        return TO_AZURE
    if direction not in (TO_AZURE, TO_PREMISES):
        raise invalid_direction()
    return str(direction)


def _fails_back(properties: dict[str, Any]) -> bool:
    return bool(_input_of(properties) == FAILBACK_INPUT)


def _input_of(properties: dict[str, Any]) -> Any:
    details = properties.get("providerSpecificDetails")
    return details.get("instanceType") if isinstance(details, dict) else None


def item_failback(properties: dict[str, Any], item: Item) -> FailbackOrder:
    """The failback of one item. Absent options mean a full download, and no creation (PowerShell's defaults).

    Raises:
        ArmError: 400.
    """
    details = provider_details(properties, FAILBACK_INPUT)
    create = _choice(details, "recoveryVmCreationOption", (NO_ACTION, CREATE), NO_ACTION) == CREATE
    return FailbackOrder(
        synchronize_first=_choice(details, "dataSyncOption", (FOR_DOWN_TIME, FOR_SYNCHRONIZATION), FOR_SYNCHRONIZATION)
        == FOR_DOWN_TIME,
        create_if_missing=create,
        host=_alternate_host(details.get("providerIdForAlternateRecovery"), item, create),
    )


def plan_failback(properties: dict[str, Any]) -> FailbackOrder:
    """The failback of a plan: both options are required, and no host can be named (definition).

    Raises:
        ArmError: 400.
    """
    details = plan_details(properties, FAILBACK_INPUT)
    sync = _choice(details, "dataSyncOption", (FOR_DOWN_TIME, FOR_SYNCHRONIZATION))
    create = _choice(details, "recoveryVmCreationOption", (NO_ACTION, CREATE))
    return FailbackOrder(synchronize_first=sync == FOR_DOWN_TIME, create_if_missing=create == CREATE)


def shuts_down(properties: dict[str, Any]) -> bool:
    """Whether an unplanned failover shuts the on-premises VM down first.

    Raises:
        ArmError: 400.
    """
    return _choice(properties, "sourceSiteOperations", (REQUIRED, NOT_REQUIRED), NOT_REQUIRED) == REQUIRED


def provider_details(properties: dict[str, Any], instance_type: str = HYPERV_TO_AZURE) -> dict[str, Any]:
    """``providerSpecificDetails`` of the instance type that the operation takes.

    Raises:
        ArmError: 400.
    """
    details = properties.get("providerSpecificDetails")
    if not isinstance(details, dict):
        raise invalid_input("providerSpecificDetails", "it is missing.")
    if details.get("instanceType") != instance_type:
        raise invalid_input("instanceType", f"{details.get('instanceType')} does not fit; {instance_type} does.")
    return details


def plan_details(properties: dict[str, Any], instance_type: str = HYPERV_TO_AZURE) -> dict[str, Any]:
    """The element of a plan's ``providerSpecificDetails`` (an array) for Hyper-V to Azure.

    Raises:
        ArmError: 400.
    """
    details = properties.get("providerSpecificDetails")
    if not isinstance(details, list):
        raise invalid_input("providerSpecificDetails", "it must be an array.")
    for element in details:
        if isinstance(element, dict) and element.get("instanceType") == instance_type:
            return element
    raise invalid_input("instanceType", f"no element of providerSpecificDetails is {instance_type}.")


def _choice(values: dict[str, Any], name: str, known: tuple[str, ...], default: str | None = None) -> str:
    value = values.get(name, default)
    if value is None and default is not None:
        return default
    if value not in known:
        raise invalid_input(name, f"{value} is none of {', '.join(known)}.")
    return str(value)


def _alternate_host(provider_id: Any, item: Item, create: bool) -> Provider | None:
    """The provider on whose host the VM is to be created: one of the item's own Hyper-V site."""
    name = "providerIdForAlternateRecovery"
    if provider_id is None:
        if create and item.fabric.is_site:
            raise invalid_input(name, "a Hyper-V site needs the server on which to create the virtual machine.")
        return None
    if not create:
        raise invalid_input(name, f"it needs the option {CREATE}.")
    for provider in item.fabric.providers if item.fabric.is_site else ():
        if provider.path.lower() == str(provider_id).lower():
            return provider
    raise invalid_input(name, f"{provider_id} is no recovery services provider of the Hyper-V site.")

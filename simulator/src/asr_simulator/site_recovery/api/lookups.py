# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds what a path names, or refuses as Site Recovery does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from asr_simulator.site_recovery.api.refusals import no_fabric, no_resource
from asr_simulator.site_recovery.model.fabrics import Container, Fabric, Provider
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.site_recovery.model.plans import Plan
from asr_simulator.site_recovery.workflows.vault import Vault


class _Named(Protocol):
    @property
    def name(self) -> str:
        """What Azure calls it."""


Thing = TypeVar("Thing", bound=_Named)


def named(things: Iterable[Thing], name: str) -> Thing:
    """The one of that name, compared without case.

    Raises:
        ArmError: 404.
    """
    for thing in things:
        if thing.name.lower() == name.lower():
            return thing
    raise no_resource(name)


def fabric(vault: Vault, parameters: Mapping[str, str]) -> Fabric:
    """The fabric of the path.

    Raises:
        ArmError: 404 FabricArmEntityMissing.
    """
    for candidate in vault.fabrics:
        if candidate.name.lower() == parameters["fabric"].lower():
            return candidate
    raise no_fabric(parameters["fabric"])


def provider(vault: Vault, parameters: Mapping[str, str]) -> Provider:
    """The provider of the path.

    Raises:
        ArmError: 404.
    """
    return named(fabric(vault, parameters).providers, parameters["provider"])


def container(vault: Vault, parameters: Mapping[str, str]) -> Container:
    """The container of the path.

    Raises:
        ArmError: 404.
    """
    return named(fabric(vault, parameters).containers, parameters["container"])


def items_of(vault: Vault, parameters: Mapping[str, str]) -> list[Item]:
    """The items of the path's container.

    Raises:
        ArmError: 404, no such fabric or container.
    """
    holder = container(vault, parameters)
    return [item for item in vault.items if item.container is holder]


def item(vault: Vault, parameters: Mapping[str, str]) -> Item:
    """The item of the path.

    Raises:
        ArmError: 404.
    """
    path = f"{container(vault, parameters).path}/replicationProtectedItems/{parameters['item']}"
    found = vault.items.find(path.lower())
    if found is None:
        raise no_resource(parameters["item"])
    return found


def plan(vault: Vault, parameters: Mapping[str, str]) -> Plan:
    """The plan of the path.

    Raises:
        ArmError: 404.
    """
    return named(vault.plans, parameters["plan"])


def job(vault: Vault, parameters: Mapping[str, str]) -> Job:
    """The job of the path.

    Raises:
        ArmError: 404.
    """
    return _known(vault.find_job(parameters["job"]), parameters)


def operation(vault: Vault, parameters: Mapping[str, str]) -> Job:
    """The job that the operation of the path started.

    Raises:
        ArmError: 404.
    """
    return _known(vault.find_operation(parameters["job"]), parameters)


def _known(found: Job | None, parameters: Mapping[str, str]) -> Job:
    if found is None:
        raise no_resource(parameters["job"])
    return found

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Resource Manager needs of the simulated world."""

from __future__ import annotations

from typing import Protocol

from asr_simulator.arm.locks import Locks
from asr_simulator.arm.rbac import Rbac
from asr_simulator.scenarios import Scenario


class Tenant(Protocol):
    """The directory that the subscription belongs to."""

    tenant_id: str


class Resources(Protocol):
    """The resources of the subscription besides the vault."""

    locks: Locks

    def groups(self) -> list[str]:
        """The resource groups that have any."""

    def resource_ids(self) -> list[str]:
        """The ids of all."""


class ArmWorld(Protocol):
    """The parts of the world that Resource Manager shows."""

    @property
    def scenario(self) -> Scenario:
        """What was to be simulated."""

    @property
    def entra(self) -> Tenant:
        """The tenant."""

    @property
    def rbac(self) -> Rbac:
        """Who may do what."""

    @property
    def compute(self) -> Resources:
        """Azure compute and network."""

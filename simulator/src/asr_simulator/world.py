# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated world: one object for each part, none of which knows HTTP."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from asr_simulator.arm import Rbac, Throttle
from asr_simulator.clock import Clock
from asr_simulator.compute import Compute
from asr_simulator.entra import Entra
from asr_simulator.faults import Faults
from asr_simulator.identities import Identities
from asr_simulator.journal import Journal
from asr_simulator.scenarios import Scenario, ScenarioError
from asr_simulator.site_recovery import Vault, staging, troubles


@dataclass
class World:
    """Everything that a request can reach."""

    scenario: Scenario
    clock: Clock
    ids: Identities
    journal: Journal
    entra: Entra
    rbac: Rbac
    throttle: Throttle
    compute: Compute
    faults: Faults
    vault: Vault

    def state(self) -> dict[str, Any]:
        """What ``GET /_simulator/state`` shows: now, items, plans, jobs, expect."""
        expect = {name: {"outcome": e.outcome, "reason": e.reason} for name, e in self.scenario.expect.items()}
        return {"now": self.clock.now().isoformat(), **self.vault.state(), "expect": expect}


def build_world(scenario: Scenario) -> World:
    """The world as the scenario describes it.

    Raises:
        ScenarioError: a part of the scenario names what is not there.
    """
    if scenario.starts_now:
        scenario = replace(scenario, start=datetime.now(timezone.utc))
    clock = Clock(scenario.start, scenario.speed)
    ids = Identities(scenario.seed)
    compute = Compute(scenario, clock, ids)
    vault = Vault(scenario, clock, ids, compute)
    staging.stage(vault, scenario)
    faults = Faults(scenario, clock)
    vault.works.faults = faults.service
    for fault in faults.service:
        _apply(vault, fault)
    return World(
        scenario=scenario,
        clock=clock,
        ids=ids,
        journal=Journal(),
        entra=Entra(scenario, clock),
        rbac=Rbac(scenario, ids),
        throttle=Throttle(scenario, clock),
        compute=compute,
        faults=faults,
        vault=vault,
    )


def _apply(vault: Vault, fault: dict[str, Any]) -> None:
    try:
        troubles.check(vault, fault)
    except ValueError as error:
        raise ScenarioError(f"faults: {error}") from error
    troubles.apply(vault, fault)

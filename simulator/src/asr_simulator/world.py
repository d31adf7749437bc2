# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated world: one object for each part, none of which knows HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from asr_simulator.arm import Rbac, Throttle
from asr_simulator.clock import Clock
from asr_simulator.compute import Compute
from asr_simulator.compute import compute_faults as in_azure
from asr_simulator.entra import Entra
from asr_simulator.entra import sign_in_faults as of_sign_in
from asr_simulator.faults import Faults
from asr_simulator.hyperv import Host, HyperV
from asr_simulator.hyperv import host_faults as on_hosts
from asr_simulator.hyperv.state import state_of as state_of_hosts
from asr_simulator.identities import Identities
from asr_simulator.journal import Journal
from asr_simulator.remoting import HostCommands
from asr_simulator.scenarios import Scenario, ScenarioError
from asr_simulator.site_recovery import Vault
from asr_simulator.site_recovery.control import other_actors, scenario_history, service_faults
from asr_simulator.site_recovery.control.state import state_of
from asr_simulator.site_recovery.model.rates import Rates
from asr_simulator.wsman import Shells


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
    hyperv: HyperV
    runner: HostCommands
    shells: Shells
    faults: Faults
    vault: Vault

    @property
    def hosts(self) -> Mapping[str, Host]:
        """The Windows hosts by name, in lower case."""
        return self.hyperv.hosts

    def check_fault(self, fault: dict[str, Any]) -> None:
        """Whether a service fault is understood and names what is there.

        Raises:
            ValueError: no.
        """
        self._change_of(fault)

    def apply_fault(self, fault: dict[str, Any]) -> None:
        """Do at once what a checked service fault does at once.

        Raises:
            ValueError: the service refuses what somebody else asks it for.
        """
        self._change_of(fault)()

    def _change_of(self, fault: dict[str, Any]) -> Callable[[], object]:
        """What a service fault does, by the module of its kind and the part of the world that it is about."""
        if of_sign_in.concerns(fault):
            return of_sign_in.change_of(self.entra, fault)
        if on_hosts.concerns(fault):
            return on_hosts.change_of(self.hyperv, fault)
        if in_azure.concerns(fault):
            return in_azure.change_of(self.compute, fault)
        if other_actors.concerns(fault):
            return other_actors.change_of(self.vault, fault)
        return service_faults.change_of(self.vault, fault)

    def state(self) -> dict[str, Any]:
        """What ``GET /_simulator/state`` shows: now, items, plans, jobs, hosts, expect."""
        expect = {name: {"outcome": e.outcome, "reason": e.reason} for name, e in self.scenario.expect.items()}
        parts = {**state_of(self.vault), "hosts": state_of_hosts(self.hyperv)}
        return {"now": self.clock.now().isoformat(), **parts, "expect": expect}


def build_world(scenario: Scenario) -> World:
    """The world as the scenario describes it.

    Raises:
        ScenarioError: a part of the scenario names what is not there.
    """
    if scenario.starts_now:
        scenario = replace(scenario, start=datetime.now(timezone.utc))
    clock = Clock(scenario.start, scenario.speed)
    ids = Identities(scenario.seed)
    rates = Rates(scenario.rates)
    compute = Compute(scenario, clock, ids)
    hyperv = HyperV(scenario, clock, ids, rates["boot_seconds"])
    vault = Vault(scenario, clock, ids, rates, compute, hyperv)
    scenario_history.stage(vault, scenario)
    hyperv.settle()
    faults = Faults(scenario, clock)
    vault.context.faults = faults.service
    world = World(
        scenario=scenario,
        clock=clock,
        ids=ids,
        journal=Journal(),
        entra=Entra(scenario, clock),
        rbac=Rbac(scenario, ids),
        throttle=Throttle(scenario, clock),
        compute=compute,
        hyperv=hyperv,
        runner=HostCommands(hyperv),
        shells=Shells(clock, ids),
        faults=faults,
        vault=vault,
    )
    try:
        for fault in faults.service:
            world.check_fault(fault)
            world.apply_fault(fault)
    except ValueError as error:
        raise ScenarioError(f"faults: {error}") from error
    return world

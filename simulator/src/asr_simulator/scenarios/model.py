# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a scenario says, with its defaults: plain values, no behavior."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from powershell_subset import Answer

HYPERV_SITE = "HyperVSite"
VMM = "VMM"


@dataclass(frozen=True)
class VaultPlace:
    """Where the vault is."""

    subscription_id: str
    tenant_id: str
    subscription_name: str = "Contoso Production"
    resource_group: str = "rg-site-recovery"
    name: str = "vault-failback"
    location: str = "westeurope"

    @property
    def group_path(self) -> str:
        """The resource group's ARM path."""
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"

    @property
    def path(self) -> str:
        """The vault's path as Site Recovery spells it: ``/Subscriptions/`` with a capital S (recording)."""
        group = f"/Subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.RecoveryServices/vaults/{self.name}"


@dataclass(frozen=True)
class RoleGrant:
    """A role at a scope; scope None: the subscription."""

    role: str
    scope: str | None = None


@dataclass(frozen=True)
class PrincipalSpec:
    """A service principal, what proves its identity (certificates and public keys are PEM), and what it was granted."""

    name: str
    client_id: str
    object_id: str
    client_secret: str = field(repr=False)
    roles: tuple[RoleGrant, ...] = ()
    secret_expires: datetime | None = None
    certificates: tuple[str, ...] = ()
    federated_credentials: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class RoleSpec:
    """A custom role definition."""

    name: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()


@dataclass(frozen=True)
class DiskSpec:
    """A virtual disk."""

    name: str
    gb: float
    os: bool = False


@dataclass(frozen=True)
class SwitchSpec:
    """A virtual switch; ``type`` is External, Internal or Private.

    ``embedded_teaming``: all network cards that are free are its team; else an external one has the first of them.
    """

    name: str
    type: str = "External"
    embedded_teaming: bool = False
    sr_iov: bool = False


@dataclass(frozen=True)
class AdapterSpec:
    """A network card; ``status`` is Windows' word: Up, Disconnected or Disabled.

    ``kind`` is physical or lbfo_team (Windows' own team of cards, NetLbfo).
    """

    name: str
    status: str = "Up"
    kind: str = "physical"


@dataclass(frozen=True)
class ServiceSpec:
    """What a service is other than usual; empty: as usual."""

    state: str = ""
    start_mode: str = ""


@dataclass(frozen=True)
class VolumeSpec:
    """A volume: ``D:``, or below ``C:\\ClusterStorage`` one that a cluster's nodes share. ``free_gb`` None: enough."""

    path: str
    gb: float
    free_gb: float | None = None


@dataclass(frozen=True)
class MachineSpec:
    """A virtual machine that no vault replicates. ``state`` is Hyper-V's word; ``switch`` None: not connected."""

    name: str
    disks: tuple[DiskSpec, ...]
    state: str = "Running"
    generation: int = 2
    switch: str | None = None
    checkpoints: tuple[str, ...] = ()
    os: str = "Windows"


@dataclass(frozen=True)
class HostSpec:
    """A Hyper-V host or a VMM server.

    ``connected`` is its provider's connection to Azure (None: as its services say), ``reachable`` the one over WinRM;
    ``heartbeat_age`` is in seconds, ``services`` are those that are not as usual, ``volumes`` none: the usual ones.
    ``role`` is that of Hyper-V. ``commands`` are answered as they say, where PowerShell is not run.
    """

    name: str
    connected: bool | None = None
    heartbeat_age: float = 20.0
    reachable: bool = True
    os: str = "2022"
    processors: int = 32
    memory_gb: float = 256
    adapters: tuple[AdapterSpec, ...] = (AdapterSpec("Ethernet"), AdapterSpec("Ethernet 2"))
    switches: tuple[SwitchSpec, ...] = (SwitchSpec("Production"),)
    volumes: tuple[VolumeSpec, ...] = ()
    services: dict[str, ServiceSpec] = field(default_factory=dict)
    role: str = "installed"
    cluster: str | None = None
    virtual_machines: tuple[MachineSpec, ...] = ()
    commands: tuple[Answer, ...] = ()

    @property
    def first_switch(self) -> str | None:
        """The switch that its virtual machines are connected to unless something else is said; None: it has none."""
        return self.switches[0].name if self.switches else None

    def has_switch(self, name: str) -> bool:
        """Whether it has a switch of that name, compared without case."""
        return name.lower() in {switch.name.lower() for switch in self.switches}


@dataclass(frozen=True)
class FabricSpec:
    """A Hyper-V site with its hosts, or a VMM server (one host of the same name) with its clouds and managed hosts."""

    name: str
    type: str
    hosts: tuple[HostSpec, ...]
    clouds: tuple[str, ...] = ()
    health: str = "Normal"
    managed_hosts: tuple[HostSpec, ...] = ()

    @property
    def hyperv_hosts(self) -> tuple[HostSpec, ...]:
        """Where virtual machines run."""
        return self.hosts if self.type == HYPERV_SITE else self.managed_hosts


@dataclass(frozen=True)
class HyperVSpec:
    """The account that every host takes over WinRM."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class ItemSpec:
    """A replicated item.

    ``host`` is the Hyper-V host of its virtual machine, ``server`` the one whose provider serves it (the same, or the
    VMM server). ``in_azure_for`` is in seconds; ``changed_gb`` is what a delta synchronization has to move.
    ``azure_namesake`` is the power of somebody else's Azure VM that had the name before the failover.
    ``test_failover`` is one of its past: none, ``waiting`` for its clean-up, or ``cleaned_up``.
    """

    name: str
    stage: str
    fabric: str
    host: str
    server: str
    cloud: str | None = None
    friendly_name: str = ""
    in_azure_for: float = 86400.0
    planned: bool = True
    disks: tuple[DiskSpec, ...] = ()
    changed_gb: float = 2.0
    on_premises_vm: str = "present"
    managed_disks: bool = False
    encryption: str = "Disabled"
    os: str = "Windows"
    size: str = "Standard_D2s_v3"
    azure_vm: str | None = None
    azure_namesake: str | None = None
    locks: tuple[str, ...] = ()
    provider: str = "HyperVReplicaAzure"
    test_failover: str = ""
    replication_health: str = "Normal"
    on_premises_power: str | None = None
    generation: int = 2
    switch: str | None = None
    checkpoints: tuple[str, ...] = ()


@dataclass(frozen=True)
class ManualAction:
    """A manual action of a plan: before or after the start of a group (counted from 1)."""

    name: str
    group: int
    description: str = ""
    when: str = "before"


@dataclass(frozen=True)
class PlanSpec:
    """A recovery plan: groups of item names in start order."""

    name: str
    friendly_name: str
    groups: tuple[tuple[str, ...], ...]
    manual_actions: tuple[ManualAction, ...] = ()


@dataclass(frozen=True)
class Variants:
    """Which plausible form to use where nothing was recorded (``fidelity.yml`` says where)."""

    failback_scenario_name: str = "PlannedFailover"
    failback_pending_state: str = "FinalizeRestorePending"
    failback_pending_active_location: str = "Primary"
    failback_pending_operation: str = "FinalizeFailback"
    committed_operation: str = "Failback"
    plan_job_id_differs: bool = True
    plan_job_by_operation: bool = False
    plan_reprotect: str = "error"
    signed_poll_urls: bool = True
    renamed_azure_vm: str = "old"
    target_disks: str = "told"
    skipped_tasks: int = 2017
    page_size: int = 200
    narrow_lists: str = "filtered"


@dataclass(frozen=True)
class Expectation:
    """Where a run over the scenario is expected to leave an item: ``protected``, or ``reported`` with a reason."""

    outcome: str
    reason: str = ""


@dataclass(frozen=True)
class Scenario:
    """A whole scenario; ``starts_now``: its time starts whenever a world is made of it."""

    name: str
    seed: int
    start: datetime
    speed: float
    vault: VaultPlace
    hyperv: HyperVSpec
    starts_now: bool = False
    description: str = ""
    principals: tuple[PrincipalSpec, ...] = ()
    roles: tuple[RoleSpec, ...] = ()
    fabrics: tuple[FabricSpec, ...] = ()
    items: tuple[ItemSpec, ...] = ()
    recovery_plans: tuple[PlanSpec, ...] = ()
    rates: dict[str, float] = field(default_factory=dict)
    variants: Variants = field(default_factory=Variants)
    throttle: dict[str, Any] = field(default_factory=dict)
    faults: tuple[dict[str, Any], ...] = ()
    expect: dict[str, Expectation] = field(default_factory=dict)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings each item to the stage that the scenario names, by living through what leads there.

The jobs are real ones; they run before the time of the scenario starts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from asr_simulator.compute import Disk, NetworkInterface
from asr_simulator.compute.machines import DEALLOCATED, RUNNING
from asr_simulator.scenarios import Scenario, ScenarioError
from asr_simulator.site_recovery.api import item_operations
from asr_simulator.site_recovery.model import catalog, lifecycle
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.site_recovery.model.rates import Rates
from asr_simulator.site_recovery.workflows import host_work
from asr_simulator.site_recovery.workflows.vault import Vault
from asr_simulator.wire import ArmError

CALLER = "portal"
PAUSE = 600.0
BUSY = "busy"
CLEANED_UP = "cleaned_up"
HOUR = 3600.0
POWER = (RUNNING, DEALLOCATED)
# How far each stage is along the way of a failback; a stage needs everything before it.
WAY = [
    lifecycle.PROTECTED,
    lifecycle.FAILOVER_COMMIT_PENDING,
    lifecycle.FAILED_OVER,
    lifecycle.SYNCHRONIZING,
    lifecycle.WAITING_FOR_COMPLETION,
    lifecycle.COMPLETING,
    lifecycle.FAILBACK_COMMIT_PENDING,
    lifecycle.FAILED_BACK,
    lifecycle.REVERSE_REPLICATING,
]
SIDE_TRACKS = {lifecycle.INTERRUPTED: lifecycle.SYNCHRONIZING, BUSY: lifecycle.FAILED_OVER}
TO_AZURE = {
    "failoverDirection": "PrimaryToRecovery",
    "sourceSiteOperations": "Required",
    "providerSpecificDetails": {"instanceType": "HyperVReplicaAzure"},
}
TO_PREMISES = {
    "failoverDirection": "RecoveryToPrimary",
    "providerSpecificDetails": {
        "instanceType": "HyperVReplicaAzureFailback",
        "dataSyncOption": "ForDownTime",
        "recoveryVmCreationOption": "NoAction",
    },
}

Step = tuple[float, Callable[[], object]]


def stage(vault: Vault, scenario: Scenario) -> None:
    """Play the history of every item up to the scenario's start; then apply what it says of that moment.

    Raises:
        ScenarioError: an item cannot be as the scenario says, because Azure refuses what would lead there.
    """
    now = vault.clock.now()
    for item in vault.items:
        item.initial_replication = 100
    histories = [_History(vault, item) for item in vault.items]
    steps = [step for history in histories for step in history.steps()]
    if steps:
        vault.clock.rewind(now - timedelta(seconds=max(before for before, _unused in steps) + HOUR))
    for item in vault.items:
        item.replicated = vault.clock.now()
        _be_there_before(vault, item)
    for before, action in steps:
        vault.clock.at(now - timedelta(seconds=before), action)
    vault.clock.play_until(now)
    for item in vault.items:
        _possible(item, partial(_settle, vault, item))
    _disconnect(vault, scenario, now)


def _possible(item: Item, action: Callable[[], object]) -> None:
    try:
        action()
    except ArmError as refused:
        raise ScenarioError(f"item {item.name} cannot be {item.spec.stage}: {refused.message}") from refused


class _History:
    """What happened to one item, as actions so many seconds before the start."""

    def __init__(self, vault: Vault, item: Item) -> None:
        self._vault, self._item = vault, item
        wanted = item.spec.stage
        self._reached = WAY.index(SIDE_TRACKS.get(wanted, wanted))
        self._wanted = wanted
        self._times = _Times(vault.rates, item)

    def steps(self) -> list[Step]:
        """The actions with their times; none for an item that was always protected."""
        later = self._later_steps()
        if self._reached >= WAY.index(lifecycle.FAILOVER_COMMIT_PENDING):
            oldest = max((before for before, _unused in later), default=0.0)
            arrived = max(self._item.spec.in_azure_for, oldest + PAUSE)
            later = [*self._failover_steps(arrived), *later]
        every = [*self._test_failover_steps(max((before for before, _unused in later), default=0.0)), *later]
        return [(before, self._possible(action)) for before, action in every]

    def _possible(self, action: Callable[[], object]) -> Callable[[], None]:
        return lambda: _possible(self._item, action)

    def _test_failover_steps(self, before: float) -> list[Step]:
        """A test failover before everything else."""
        wanted = self._item.spec.test_failover
        steps: list[Step] = [(before + 2 * HOUR, self._ask("testFailover", TO_AZURE))] if wanted else []
        if wanted == CLEANED_UP:
            steps.append((before + HOUR, self._ask("testFailoverCleanup", {"comments": "Tested."})))
        return steps

    def _failover_steps(self, arrived: float) -> list[Step]:
        operation = "plannedFailover" if self._item.spec.planned else "unplannedFailover"
        steps: list[Step] = [(arrived + self._times.failover, self._ask(operation, TO_AZURE))]
        if self._reached >= WAY.index(lifecycle.FAILED_OVER):
            steps.append((arrived - PAUSE / 2, self._ask("failoverCommit")))
        return steps

    def _later_steps(self) -> list[Step]:
        times, fail_back = self._times, self._ask("plannedFailover", TO_PREMISES)
        if self._wanted == BUSY:
            return [(60.0, self._keep_busy)]
        if self._wanted == lifecycle.INTERRUPTED:
            return [(HOUR + times.into_sync, fail_back), (HOUR, self._cancel)]
        if self._wanted == lifecycle.SYNCHRONIZING:
            return [(times.into_sync, fail_back)]
        if self._reached < WAY.index(lifecycle.WAITING_FOR_COMPLETION):
            return []
        resumed = self._resumed()
        waited = PAUSE + times.to_wait
        steps: list[Step] = [(resumed + waited, fail_back)]
        if self._reached >= WAY.index(lifecycle.COMPLETING):
            steps.append((resumed, self._resume))
        if self._reached >= WAY.index(lifecycle.FAILED_BACK):
            committed = resumed - times.complete - PAUSE
            steps.append((committed, self._ask("failoverCommit")))
        if self._reached >= WAY.index(lifecycle.REVERSE_REPLICATING):
            steps.append((times.into_reverse, self._ask("reProtect", TO_AZURE)))
        return steps

    def _resumed(self) -> float:
        """How long before the start the failback was completed by its user."""
        times = self._times
        return {
            lifecycle.WAITING_FOR_COMPLETION: 0.0,
            lifecycle.COMPLETING: times.complete / 3,
            lifecycle.FAILBACK_COMMIT_PENDING: times.complete + PAUSE,
            lifecycle.FAILED_BACK: times.complete + times.commit + 2 * PAUSE,
            lifecycle.REVERSE_REPLICATING: times.complete + times.commit + times.into_reverse + 2 * PAUSE,
        }[self._wanted]

    def _ask(self, operation: str, properties: object = None) -> Callable[[], object]:
        body = {"properties": properties}
        return lambda: item_operations.OPERATIONS[operation](self._vault, self._item, body, CALLER)

    def _resume(self) -> None:
        self._vault.engine.resume(self._owner())

    def _cancel(self) -> None:
        self._vault.engine.cancel(self._owner())

    def _owner(self) -> Job:
        if self._item.job is None:
            name, wanted = self._item.name, self._wanted
            raise ScenarioError(f"item {name} cannot be {wanted}: none of its jobs runs in that part of its history")
        return self._item.job

    def _keep_busy(self) -> None:
        context = self._vault.context
        self._vault.start_for_item(
            catalog.UPDATE_VM,
            self._item,
            lambda job: context.perform(job.tasks[0], context.rates["busy_seconds"]),
            CALLER,
        )


class _Times:
    """How long the parts of an item's way take at these rates, in seconds."""

    def __init__(self, rates: Rates, item: Item) -> None:
        prepare = sum(rates[f"{name}_seconds"] for name in ("start", "check", "prepare_on_premises", "initiate_sync"))
        sync = rates.delta_sync(item.gb, item.spec.changed_gb)
        last = ("check", "shutdown", "initiate_sync", "final_delta", "finalize_sync", "start_vm")
        moves = ("start", "failover_check", "failover_shutdown", "failover_prepare", "failover", "check")
        self.into_sync = prepare + sync / 2
        self.to_wait = prepare + sync
        self.complete = sum(rates[f"{name}_seconds"] for name in last)
        self.commit = sum(rates[f"{name}_seconds"] for name in ("start", "delete_azure_vm", "finalize_on_premises"))
        self.into_reverse = (
            rates["start_seconds"] + rates["create_target_seconds"] + rates["enable_protection_seconds"] / 2
        )
        self.failover = sum(rates[f"{name}_seconds"] for name in moves)


def _be_there_before(vault: Vault, item: Item) -> None:
    """Somebody else's Azure VM that has the item's name already."""
    power = item.spec.azure_namesake
    if power is None:
        return
    name, group = item.friendly_name, item.group_path.rsplit("/", 1)[1]
    disk = Disk(f"{name}_OsDisk_1_{vault.context.new_id().replace('-', '')}", 30, os=True)
    nic = NetworkInterface(f"{name}123")
    created = vault.clock.now() - timedelta(days=100)
    vault.context.compute.create_vm(name, group, "Standard_B2s", [disk], [nic], "Linux", created, power=power)


def _settle(vault: Vault, item: Item) -> None:
    """What the scenario says of the two virtual machines, whatever the history left."""
    compute, spec = vault.context.compute, item.spec
    for level in spec.locks:
        compute.locks.add(item.azure_vm_path, f"{item.friendly_name}-{level}".lower(), level)
    host_work.settle(vault.context, item)
    found = compute.find(item.azure_vm_path)
    if spec.azure_vm in POWER and found is None:
        raise ScenarioError(f"item {item.name} cannot be {spec.stage}: it has no Azure VM that is {spec.azure_vm}")
    if spec.azure_vm in POWER and found is not None and found.power != spec.azure_vm:
        (compute.start if spec.azure_vm == RUNNING else compute.deallocate)(item.azure_vm_path)
    elif spec.azure_vm == "missing" and found:
        compute.delete_vm_and_disks(item.azure_vm_path)


def _disconnect(vault: Vault, scenario: Scenario, now: datetime) -> None:
    """What the scenario says of the providers' connections; where it is silent, their hosts' services say it."""
    said = {host.name: host.connected for fabric in scenario.fabrics for host in fabric.hosts}
    for fabric in vault.fabrics:
        for provider in fabric.providers:
            connected = said[provider.friendly_name]
            if connected is None:
                connected = vault.context.hyperv.host(provider.friendly_name).serves_vault
            if not connected:
                provider.disconnect(now)

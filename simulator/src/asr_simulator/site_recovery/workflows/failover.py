# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From on-premises to Azure: what drills need before there is anything to bring back."""

from __future__ import annotations

from asr_simulator.arm.locks import ScopeLocked
from asr_simulator.compute import Disk, NetworkInterface, VirtualMachine
from asr_simulator.site_recovery.model import job_errors, lifecycle
from asr_simulator.site_recovery.model.items import TEST_CLEANED_UP, TEST_WAITS, Item, TargetDisk
from asr_simulator.site_recovery.model.job_errors import JobFailure
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.site_recovery.workflows.context import Steps, WorkflowContext, guarded
from asr_simulator.site_recovery.workflows.engine import Sleep


def failover(context: WorkflowContext, item: Item, job: Job, planned: bool, shut_down: bool = True) -> Steps:
    """A failover to Azure; an unplanned one may leave the on-premises VM alone and does not need its host."""
    yield from guarded(item, _failover(context, item, job, planned, shut_down))


def _failover(context: WorkflowContext, item: Item, job: Job, planned: bool, shut_down: bool) -> Steps:
    checks, shutdown, prepare, start, boot = job.tasks
    checks.begin(context.clock.now())
    if planned:
        yield from context.reach(item)
    yield Sleep(context.rates["failover_check_seconds"])
    check(item)
    context.finish(checks)
    item.happens("failover_started")
    if shut_down:
        yield from context.perform_on_premises(shutdown, context.rates["failover_shutdown_seconds"], item)
        item.on_premises.turn_off()
        yield from context.perform_on_premises(prepare, context.rates["failover_prepare_seconds"], item)
    else:
        context.skip(shutdown, prepare)
    yield from context.perform(start, context.rates["failover_seconds"])
    arrive_in_azure(context, item, planned, job)
    yield from context.perform(boot, context.rates["check_seconds"])
    item.happens("failed_over")


def check(item: Item) -> None:
    """A failover needs a protected item whose test failover, if there was one, is cleaned up.

    Raises:
        JobFailure: 25017.
    """
    if (
        item.stage != lifecycle.PROTECTED
        or item.test_failover == TEST_WAITS
        or item.spec.replication_health == "Critical"
    ):
        raise JobFailure(job_errors.not_replicating(item.friendly_name))


def arrive_in_azure(context: WorkflowContext, item: Item, planned: bool, job: Job | None) -> None:
    """The Azure VM exists and runs; the on-premises copy is the old one."""
    item.azure_vm_name = _free_name(context, item, job)
    machine = create_azure_vm(context, item, item.azure_vm_name)
    item.azure_disks = {
        own.name: TargetDisk(disk.name, disk.vhd_uri) for own, disk in zip(item.disks, machine.disks, strict=True)
    }
    item.planned = planned
    item.recovery_point = context.new_id()
    item.last_failover = job.started if job else context.clock.now()
    item.replicated = context.clock.now()


def _free_name(context: WorkflowContext, item: Item, job: Job | None) -> str:
    """The name of the virtual machine that comes: another one where somebody else's has the item's (recording)."""
    wanted = f"{item.group_path}/providers/Microsoft.Compute/virtualMachines/{item.friendly_name}"
    if context.compute.find(wanted) is None:
        return item.friendly_name
    name = f"{item.friendly_name}-{context.new_id()}"
    if job is not None:
        job.errors.append(job_errors.renamed(item.friendly_name, name))
    return name


def create_azure_vm(context: WorkflowContext, item: Item, name: str) -> VirtualMachine:
    """A virtual machine in Azure with the item's disks and one interface.

    Names and places of the disks are like those of a recorded item.

    Raises:
        JobFailure: a lock makes the resource group read-only.
    """
    try:
        context.compute.locks.refuse_write(item.group_path)
    except ScopeLocked as locked:
        raise JobFailure(job_errors.azure_refused(locked.message)) from locked
    managed = item.spec.managed_disks
    disks = [
        Disk(
            name=f"{disk.name}_vhdx-{name}",
            gb=int(disk.gb),
            os=disk.os,
            managed=managed,
            vhd_uri=None if managed else f"{_replicas(item)}/{name}/copied-{item.disk_ids[disk.name]}_0_{index}.vhd",
        )
        for index, disk in enumerate(item.disks)
    ]
    group = item.group_path.rsplit("/", 1)[1]
    nic = NetworkInterface(name=f"nic-{name}-00", subnet_id=f"{network(item)}/subnets/default")
    return context.compute.create_vm(name, group, item.spec.size, disks, [nic], item.spec.os, context.clock.now())


def _replicas(item: Item) -> str:
    """The blob container that holds the replicas."""
    return f"https://{storage_account(item)}.blob.core.windows.net/asr-{item.vm_id.replace('-', '')[:18]}"


def storage_account(item: Item) -> str:
    """The name of the storage account that holds the replicas."""
    return f"asr{item.fabric.identifier.replace('-', '')[:12]}"


def network(item: Item) -> str:
    """The id of the Azure network that the item fails over to."""
    return f"{item.group_path}/providers/Microsoft.Network/virtualNetworks/vnet-recovery"


def commit(context: WorkflowContext, item: Item, job: Job) -> Steps:
    """Commit a failover: its recovery points are gone, and a failback is possible."""
    yield from guarded(item, _commit(context, item, job))


def _commit(context: WorkflowContext, item: Item, job: Job) -> Steps:
    checks, finish = job.tasks
    yield from context.perform(checks, context.rates["check_seconds"] / 4)
    item.happens("commit_started")
    yield from context.perform(finish, context.rates["commit_seconds"])
    item.happens("committed")


def test_failover(context: WorkflowContext, item: Item, job: Job) -> Steps:
    """A copy of the item starts in Azure; replication goes on."""
    checks, start, boot = job.tasks
    checks.begin(context.clock.now())
    yield Sleep(context.rates["failover_check_seconds"])
    check(item)
    context.finish(checks)
    yield from context.perform(start, context.rates["failover_seconds"])
    create_azure_vm(context, item, test_name(item))
    yield from context.perform(boot, context.rates["check_seconds"])
    item.test_failover, item.test_job = TEST_WAITS, job
    item.last_test_failover = job.started


def test_failover_cleanup(context: WorkflowContext, item: Item, job: Job) -> Steps:
    """The copy is deleted; the item stays marked for good."""
    checks, end, delete = job.tasks
    checks.begin(context.clock.now())
    if item.test_failover != TEST_WAITS:
        raise JobFailure(job_errors.not_replicating(item.friendly_name))
    yield Sleep(context.rates["check_seconds"])
    context.finish(checks)
    yield from context.perform(end, context.rates["check_seconds"])
    item.test_failover = TEST_CLEANED_UP
    yield from context.perform(delete, context.rates["delete_azure_vm_seconds"])
    copy = f"{item.group_path}/providers/Microsoft.Compute/virtualMachines/{test_name(item)}"
    if context.compute.find(copy):
        context.compute.delete_vm_and_disks(copy)


def test_name(item: Item) -> str:
    """The name of the test copy's virtual machine (the definition's examples)."""
    return f"{item.friendly_name}-test"

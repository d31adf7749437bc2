# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From Azure to on-premises: data synchronization, completion, commit, and replication in the old direction again."""

from __future__ import annotations

from asr_simulator.arm.locks import ScopeLocked
from asr_simulator.compute.azure_vms import PowerRefused
from asr_simulator.hyperv.machine_states import INCONSISTENT
from asr_simulator.site_recovery.model import catalog, job_errors, lifecycle
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.job_errors import JobFailure
from asr_simulator.site_recovery.model.jobs import INLINE_WORKFLOW, SUCCEEDED, Job, Task
from asr_simulator.site_recovery.workflows import host_work
from asr_simulator.site_recovery.workflows.context import Steps, WorkflowContext, guarded
from asr_simulator.site_recovery.workflows.engine import AwaitResume, Sleep
from asr_simulator.site_recovery.workflows.failback_order import FailbackOrder

WAITS_AFTER_SYNC = "WaitingForUserInputAfterDataSync"


def failback(context: WorkflowContext, item: Item, job: Job, order: FailbackOrder) -> Steps:
    """The failback of one item; with ``synchronize_first`` it waits for its user before the Azure VM is shut down."""
    yield from guarded(item, _failback(context, item, job, order))


def _failback(context: WorkflowContext, item: Item, job: Job, order: FailbackOrder) -> Steps:
    rates = context.rates
    checks, prepare, first, monitor, wait, _unused = job.tasks
    worker = host_work.worker(item, order)
    yield from context.perform_on_premises(checks, rates["check_seconds"], item, lambda: check(context, item), worker)
    seconds = rates["prepare_on_premises_seconds"]
    yield from context.perform_on_premises(
        prepare, seconds, item, lambda: host_work.prepare(context, item, order), worker
    )
    if order.synchronize_first:
        begin_synchronization(item)
        yield from context.perform_on_premises(first, rates["initiate_sync_seconds"], item)
        yield from synchronize_first(context, item, monitor)
        item.happens("synchronized")
        wait.begin(context.clock.now())
        yield AwaitResume(WAITS_AFTER_SYNC)
        wait.end(SUCCEEDED, context.clock.now())
        item.happens("completion_started")
    else:
        context.skip(first, monitor, wait)
    yield from _start_failback(context, item, job, order)


def _start_failback(context: WorkflowContext, item: Item, job: Job, order: FailbackOrder) -> Steps:
    outer = job.task("StartAzureVmFailback")
    outer.type, outer.workflow_id = INLINE_WORKFLOW, context.new_id()
    outer.begin(context.clock.now())
    checks, shutdown, initiate, monitor, prepare, start = outer.children
    yield from context.perform(checks, context.rates["check_seconds"])
    yield from context.perform(shutdown, context.rates["shutdown_seconds"])
    shut_down_azure_vm(context, item)
    if not order.synchronize_first:
        begin_synchronization(item)
    yield from context.perform_on_premises(initiate, context.rates["initiate_sync_seconds"], item)
    yield from synchronize_last(context, item, monitor, order)
    serve_restore_completion(context, item)
    if not order.synchronize_first:
        item.happens("completion_started")
    yield from context.perform_on_premises(prepare, context.rates["finalize_sync_seconds"], item)
    yield from context.perform_on_premises(start, context.rates["start_vm_seconds"], item)
    start_on_premises(context, item)
    outer.end(SUCCEEDED, context.clock.now())


def check(context: WorkflowContext, item: Item) -> None:
    """A failback needs a committed failover and its Azure VM.

    Raises:
        JobFailure: 25017.
    """
    if item.stage not in lifecycle.MAY_FAIL_BACK or context.compute.find(item.azure_vm_path) is None:
        raise JobFailure(job_errors.not_replicating(item.friendly_name))


def begin_synchronization(item: Item) -> None:
    """From now on the on-premises disks are neither the old nor the new copy."""
    item.on_premises.disks_state = INCONSISTENT
    item.happens("synchronization_started")


def synchronize_first(context: WorkflowContext, item: Item, task: Task) -> Steps:
    """The synchronization while the Azure VM serves."""
    seconds = host_work.first_sync_seconds(context, item)
    yield from host_work.write_disks(context, task, seconds, item, item.spec.changed_gb)


def synchronize_last(context: WorkflowContext, item: Item, task: Task, order: FailbackOrder) -> Steps:
    """The synchronization with the Azure VM off: the last delta, or everything."""
    if order.synchronize_first:
        yield from host_work.write_disks(context, task, context.rates["final_delta_seconds"], item, 0)
    else:
        seconds = context.rates.full_sync(item.gb)
        yield from host_work.write_disks(context, task, seconds, item, item.spec.changed_gb)


def shut_down_azure_vm(context: WorkflowContext, item: Item) -> None:
    """The Azure VM serves no more.

    Raises:
        JobFailure: somebody deleted it meanwhile, or is about to, or locked it.
    """
    if context.compute.find(item.azure_vm_path) is None:
        raise JobFailure(job_errors.azure_refused(f"The virtual machine '{item.friendly_name}' could not be found."))
    try:
        context.compute.locks.refuse_write(item.azure_vm_path)
        context.compute.refuse_deleted(item.azure_vm_path)
    except ScopeLocked as locked:
        raise JobFailure(job_errors.azure_refused(locked.message)) from locked
    except PowerRefused as refused:
        raise JobFailure(job_errors.azure_refused(refused.refusal.message)) from refused
    context.compute.deallocate(item.azure_vm_path)


def start_on_premises(context: WorkflowContext, item: Item) -> None:
    """The on-premises VM serves from now on."""
    host_work.start(context, item)
    item.happens("failed_back")


def serve_restore_completion(context: WorkflowContext, item: Item) -> None:
    """The job that the service starts by itself when the last data has come, before the failback's job ends."""

    def work(job: Job) -> Steps:
        for task in job.tasks:
            yield from context.perform(task, context.rates["restore_completion_seconds"] / 2)

    context.serve(item, catalog.RESTORE_COMPLETION, work)


def commit(context: WorkflowContext, item: Item, job: Job) -> Steps:
    """Commit a failback: the Azure VM and its disks are deleted, the interfaces stay."""
    yield from guarded(item, _commit(context, item, job))


def _commit(context: WorkflowContext, item: Item, job: Job) -> Steps:
    azure, there = job.tasks
    azure.begin(context.clock.now())
    if item.stage != lifecycle.FAILBACK_COMMIT_PENDING:
        raise JobFailure(job_errors.not_ready_to_commit(item.friendly_name))
    item.happens("commit_started")
    yield Sleep(context.rates["delete_azure_vm_seconds"])
    _delete_azure_vm(context, item)
    item.azure_disks = {}
    context.finish(azure)
    yield from context.perform_on_premises(there, context.rates["finalize_on_premises_seconds"], item)
    item.happens("committed")


def _delete_azure_vm(context: WorkflowContext, item: Item) -> None:
    if context.compute.find(item.azure_vm_path) is None:
        return
    try:
        context.compute.delete_vm_and_disks(item.azure_vm_path)
    except ScopeLocked as locked:
        raise JobFailure(job_errors.azure_refused(locked.message)) from locked


def reverse_replicate(context: WorkflowContext, item: Item, job: Job, machine_id: str | None = None) -> Steps:
    """Replicate to Azure again; the service finishes with a job of its own. ``machine_id``: the hypervisor's."""
    yield from guarded(item, _reverse_replicate(context, item, job, machine_id))


def _reverse_replicate(context: WorkflowContext, item: Item, job: Job, machine_id: str | None) -> Steps:
    target, enable, start = job.tasks
    target.begin(context.clock.now())
    if item.stage != lifecycle.FAILED_BACK:
        raise JobFailure(job_errors.not_ready_to_reprotect(item.friendly_name))
    if machine_id is not None and machine_id.lower() != item.source_id:
        raise JobFailure(job_errors.machine_missing(item.friendly_name, item.on_premises.host.name))
    item.happens("reverse_replication_started")
    # Recorded: 0 right after the request.
    item.initial_replication = 0
    yield from context.perform(target, context.rates["create_target_seconds"])
    yield from context.perform_on_premises(enable, context.rates["enable_protection_seconds"], item)
    yield from context.perform_on_premises(start, context.rates["start_replication_seconds"], item)
    context.clock.after(context.rates["resynchronize_seconds"], lambda: _serve_initial_replication(context, item))


def _serve_initial_replication(context: WorkflowContext, item: Item) -> None:
    """The job that the service starts by itself when the initial replication is through."""

    def work(job: Job) -> Steps:
        # A restart can come when there is nothing to complete any more.
        if item.stage != lifecycle.REVERSE_REPLICATING:
            job.tasks[0].begin(context.clock.now())
            raise JobFailure(job_errors.not_ready_to_reprotect(item.friendly_name))
        yield from guarded(item, _finish_replication(context, item, job))

    context.serve(item, catalog.INITIAL_REPLICATION_COMPLETION, work)


def _finish_replication(context: WorkflowContext, item: Item, job: Job) -> Steps:
    for task in job.tasks:
        yield from context.perform_on_premises(task, context.rates["finish_replication_seconds"] / len(job.tasks), item)
    item.initial_replication = 100
    item.replicated = context.clock.now()
    item.happens("protected")

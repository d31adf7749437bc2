# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From Azure to on-premises: data synchronisation, completion, commit, and replication in the old direction again."""

from __future__ import annotations

from dataclasses import dataclass

from asr_simulator.arm.locks import ScopeLocked
from asr_simulator.compute.estate import PowerRefused
from asr_simulator.hyperv.machines import INCONSISTENT
from asr_simulator.site_recovery import catalogue, joberrors, lifecycle, on_premises
from asr_simulator.site_recovery.engine import AwaitResume, Sleep
from asr_simulator.site_recovery.estate import Provider
from asr_simulator.site_recovery.items import Item
from asr_simulator.site_recovery.joberrors import JobFailure
from asr_simulator.site_recovery.jobs import INLINE_WORKFLOW, SUCCEEDED, Job, Task
from asr_simulator.site_recovery.works import Steps, Works, guarded

WAITS_AFTER_SYNC = "WaitingForUserInputAfterDataSync"
FOR_DOWN_TIME = "ForDownTime"
FOR_SYNCHRONIZATION = "ForSynchronization"


@dataclass(frozen=True)
class FailbackOrder:
    """What was asked for: synchronise while the Azure VM serves; create the on-premises VM, on which host."""

    synchronize_first: bool = False
    create_if_missing: bool = False
    host: Provider | None = None


def failback(works: Works, item: Item, job: Job, order: FailbackOrder) -> Steps:
    """The failback of one item; with ``synchronize_first`` it waits for its user before the Azure VM is shut down."""
    yield from guarded(item, _failback(works, item, job, order))


def _failback(works: Works, item: Item, job: Job, order: FailbackOrder) -> Steps:
    rates = works.rates
    checks, prepare, first, monitor, wait, _unused = job.tasks
    worker = on_premises.worker(item, order)
    yield from works.perform_on_premises(checks, rates["check_seconds"], item, lambda: check(works, item), worker)
    seconds = rates["prepare_on_premises_seconds"]
    yield from works.perform_on_premises(
        prepare, seconds, item, lambda: on_premises.prepare(works, item, order), worker
    )
    if order.synchronize_first:
        begin_synchronization(item)
        yield from works.perform_on_premises(first, rates["initiate_sync_seconds"], item)
        yield from synchronize_first(works, item, monitor)
        item.happens("synchronized")
        wait.begin(works.clock.now())
        yield AwaitResume(WAITS_AFTER_SYNC)
        wait.end(SUCCEEDED, works.clock.now())
        item.happens("completion_started")
    else:
        works.skip(first, monitor, wait)
    yield from _start_failback(works, item, job, order)


def _start_failback(works: Works, item: Item, job: Job, order: FailbackOrder) -> Steps:
    outer = job.task("StartAzureVmFailback")
    outer.type, outer.workflow_id = INLINE_WORKFLOW, works.new_id()
    outer.begin(works.clock.now())
    checks, shutdown, initiate, monitor, prepare, start = outer.children
    yield from works.perform(checks, works.rates["check_seconds"])
    yield from works.perform(shutdown, works.rates["shutdown_seconds"])
    shut_down_azure_vm(works, item)
    if not order.synchronize_first:
        begin_synchronization(item)
    yield from works.perform_on_premises(initiate, works.rates["initiate_sync_seconds"], item)
    yield from synchronize_last(works, item, monitor, order)
    serve_restore_completion(works, item)
    if not order.synchronize_first:
        item.happens("completion_started")
    yield from works.perform_on_premises(prepare, works.rates["finalize_sync_seconds"], item)
    yield from works.perform_on_premises(start, works.rates["start_vm_seconds"], item)
    start_on_premises(works, item)
    outer.end(SUCCEEDED, works.clock.now())


def check(works: Works, item: Item) -> None:
    """A failback needs a committed failover and its Azure VM.

    Raises:
        JobFailure: 25017.
    """
    if item.stage not in lifecycle.MAY_FAIL_BACK or works.compute.find(item.azure_vm_path) is None:
        raise JobFailure(joberrors.not_replicating(item.friendly_name))


def begin_synchronization(item: Item) -> None:
    """From now on the on-premises disks are neither the old nor the new copy."""
    item.on_premises.disks_state = INCONSISTENT
    item.happens("synchronization_started")


def synchronize_first(works: Works, item: Item, task: Task) -> Steps:
    """The synchronisation while the Azure VM serves."""
    seconds = on_premises.first_sync_seconds(works, item)
    yield from on_premises.write_disks(works, task, seconds, item, item.spec.changed_gb)


def synchronize_last(works: Works, item: Item, task: Task, order: FailbackOrder) -> Steps:
    """The synchronisation with the Azure VM off: the last delta, or everything."""
    if order.synchronize_first:
        yield from on_premises.write_disks(works, task, works.rates["final_delta_seconds"], item, 0)
    else:
        seconds = works.rates.full_sync(item.gb)
        yield from on_premises.write_disks(works, task, seconds, item, item.spec.changed_gb)


def shut_down_azure_vm(works: Works, item: Item) -> None:
    """The Azure VM serves no more.

    Raises:
        JobFailure: somebody deleted it meanwhile, or is about to, or locked it.
    """
    if works.compute.find(item.azure_vm_path) is None:
        raise JobFailure(joberrors.azure_refused(f"The virtual machine '{item.friendly_name}' could not be found."))
    try:
        works.compute.locks.refuse_write(item.azure_vm_path)
        works.compute.refuse_deleted(item.azure_vm_path)
    except ScopeLocked as locked:
        raise JobFailure(joberrors.azure_refused(locked.message)) from locked
    except PowerRefused as refused:
        raise JobFailure(joberrors.azure_refused(refused.refusal.message)) from refused
    works.compute.deallocate(item.azure_vm_path)


def start_on_premises(works: Works, item: Item) -> None:
    """The on-premises VM serves from now on."""
    on_premises.start(works, item)
    item.happens("failed_back")


def serve_restore_completion(works: Works, item: Item) -> None:
    """The job that the service starts by itself when the last data has come, before the failback's job ends."""

    def work(job: Job) -> Steps:
        for task in job.tasks:
            yield from works.perform(task, works.rates["restore_completion_seconds"] / 2)

    works.serve(item, catalogue.RESTORE_COMPLETION, work)


def commit(works: Works, item: Item, job: Job) -> Steps:
    """Commit a failback: the Azure VM and its disks are deleted, the interfaces stay."""
    yield from guarded(item, _commit(works, item, job))


def _commit(works: Works, item: Item, job: Job) -> Steps:
    azure, there = job.tasks
    azure.begin(works.clock.now())
    if item.stage != lifecycle.FAILBACK_COMMIT_PENDING:
        raise JobFailure(joberrors.not_ready_to_commit(item.friendly_name))
    item.happens("commit_started")
    yield Sleep(works.rates["delete_azure_vm_seconds"])
    _delete_azure_vm(works, item)
    item.azure_disks = {}
    works.finish(azure)
    yield from works.perform_on_premises(there, works.rates["finalize_on_premises_seconds"], item)
    item.happens("committed")


def _delete_azure_vm(works: Works, item: Item) -> None:
    if works.compute.find(item.azure_vm_path) is None:
        return
    try:
        works.compute.delete_vm_and_disks(item.azure_vm_path)
    except ScopeLocked as locked:
        raise JobFailure(joberrors.azure_refused(locked.message)) from locked


def reverse_replicate(works: Works, item: Item, job: Job, machine_id: str | None = None) -> Steps:
    """Replicate to Azure again; the service finishes with a job of its own. ``machine_id``: the hypervisor's."""
    yield from guarded(item, _reverse_replicate(works, item, job, machine_id))


def _reverse_replicate(works: Works, item: Item, job: Job, machine_id: str | None) -> Steps:
    target, enable, start = job.tasks
    target.begin(works.clock.now())
    if item.stage != lifecycle.FAILED_BACK:
        raise JobFailure(joberrors.not_ready_to_reprotect(item.friendly_name))
    if machine_id is not None and machine_id.lower() != item.source_id:
        raise JobFailure(joberrors.machine_missing(item.friendly_name, item.on_premises.host.name))
    item.happens("reverse_replication_started")
    # Recorded: 0 right after the request.
    item.initial_replication = 0
    yield from works.perform(target, works.rates["create_target_seconds"])
    yield from works.perform_on_premises(enable, works.rates["enable_protection_seconds"], item)
    yield from works.perform_on_premises(start, works.rates["start_replication_seconds"], item)
    works.clock.after(works.rates["resynchronize_seconds"], lambda: _serve_initial_replication(works, item))


def _serve_initial_replication(works: Works, item: Item) -> None:
    """The job that the service starts by itself when the initial replication is through."""

    def work(job: Job) -> Steps:
        # A restart can come when there is nothing to complete any more.
        if item.stage != lifecycle.REVERSE_REPLICATING:
            job.tasks[0].begin(works.clock.now())
            raise JobFailure(joberrors.not_ready_to_reprotect(item.friendly_name))
        yield from guarded(item, _finish_replication(works, item, job))

    works.serve(item, catalogue.INITIAL_REPLICATION_COMPLETION, work)


def _finish_replication(works: Works, item: Item, job: Job) -> Steps:
    for task in job.tasks:
        yield from works.perform_on_premises(task, works.rates["finish_replication_seconds"] / len(job.tasks), item)
    item.initial_replication = 100
    item.replicated = works.clock.now()
    item.happens("protected")

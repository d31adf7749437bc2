# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the vault does to the virtual machines on the hosts, through their providers."""

from __future__ import annotations

from contextlib import suppress

from asr_simulator.hyperv import Host
from asr_simulator.hyperv.hosts import Machine, StartRefused
from asr_simulator.hyperv.machine_states import CONSISTENT, INCONSISTENT, RUNNING
from asr_simulator.hyperv.storage import FRESH_FILE, GIB
from asr_simulator.site_recovery.model import job_errors
from asr_simulator.site_recovery.model.fabrics import Provider
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.job_errors import JobFailure
from asr_simulator.site_recovery.model.jobs import Task
from asr_simulator.site_recovery.workflows.context import Steps, WorkflowContext
from asr_simulator.site_recovery.workflows.engine import Sleep
from asr_simulator.site_recovery.workflows.failback_order import FailbackOrder

WRITTEN = 0.6  # the part of a disk that holds data


def worker(item: Item, order: FailbackOrder) -> Provider:
    """The provider that a failback goes through: that of the host that was asked for, else the machine's own."""
    return order.host or item.provider


def prepare(context: WorkflowContext, item: Item, order: FailbackOrder) -> None:
    """Find the VM on its host, or on the one that was asked for, and turn it off; where there is none, create it.

    The machine that was found or created is the item's from now on; one on another host stays behind as it is.

    Raises:
        JobFailure: it is gone and was not to be created.
    """
    host = item.on_premises.host if order.host is None else context.hyperv.host(order.host.friendly_name)
    machine = _copy_at(host, item.source_id)
    if machine is not None:
        machine.turn_off()
    elif order.create_if_missing:
        machine = context.hyperv.recreate(item.on_premises, host)
        machine.disks_state = INCONSISTENT
    else:
        raise JobFailure(job_errors.machine_missing(item.friendly_name, host.name))
    if machine is not item.on_premises:
        _take(item, machine)


def _copy_at(host: Host, identifier: str) -> Machine | None:
    """The machine of that id on a host, or as a role of its cluster on a node: one that no host lists is not found."""
    nodes = [host] if host.cluster is None else host.cluster.nodes
    found = (one for node in nodes for one in node.machines if one.identifier == identifier)
    return next((one for one in found if one.is_listed and (one.host is host or one.is_of_cluster)), None)


def _take(item: Item, machine: Machine) -> None:
    left = item.on_premises.replication()
    item.on_premises.replication = lambda: left
    item.on_premises = machine
    machine.replication = item.replication
    if item.fabric.is_site:
        item.provider = item.fabric.provider_of(machine.host.name)


def first_sync_seconds(context: WorkflowContext, item: Item) -> float:
    """How long the synchronization before the downtime takes: what changed, or of a new machine everything."""
    if any(disk.holds == FRESH_FILE for disk in item.on_premises.disks):
        return context.rates.full_sync(item.gb)
    return context.rates.delta_sync(item.gb, item.spec.changed_gb)


def write_disks(context: WorkflowContext, task: Task, seconds: float, item: Item, changed_gb: float) -> Steps:
    """Run a task in which the item's disks are written; what a new machine's lack is written as well.

    Raises:
        JobFailure: 539, its host is not connected, its volume is full, its files are gone, or somebody started it.
    """
    machine = item.on_premises
    task.begin(context.clock.now())
    yield from context.reach(item)
    gone = next((disk.path for disk in machine.disks if not disk.present), None)
    if gone is not None:
        raise _stopped(item, f"the virtual hard disk {gone} cannot be found (0x80070002)")
    growth = _growth(machine, int(changed_gb * GIB))
    share = _share_that_fits(machine, growth)
    for disk, by in zip(machine.disks, growth, strict=True):
        disk.grow(int(by * share), seconds * share, context.clock.now())
    try:
        yield Sleep(seconds * share)
        yield from context.reach(item)
        if not machine.is_listed:
            raise _stopped(item, "the virtual machine is not registered any more")
        if machine.power == RUNNING:
            raise _stopped(item, "the virtual machine was started meanwhile")
        for disk in machine.disks:
            disk.finish()
    finally:
        machine.rest(context.clock.now())
    for disk in machine.disks:
        if share < 1 or disk.volume.balance(context.clock.now()) < 0:
            raise _stopped(item, f"there is not enough space on the disk {disk.volume.path} (0x80070070)")
    context.finish(task)


def _stopped(item: Item, reason: str) -> JobFailure:
    return JobFailure(job_errors.writing_failed(item.friendly_name, item.on_premises.host.name, reason))


def _growth(machine: Machine, changed: int) -> list[int]:
    """The bytes by which each disk's file grows."""
    size = sum(disk.size for disk in machine.disks)
    whole = [max(0, int(disk.size * WRITTEN) - disk.holds) for disk in machine.disks]
    part = [changed * disk.size // size for disk in machine.disks]
    return [min(disk.size - disk.holds, more + new) for disk, more, new in zip(machine.disks, whole, part, strict=True)]


def _share_that_fits(machine: Machine, growth: list[int]) -> float:
    """How far the disks can grow before a volume is full; 1: all the way."""
    needed: dict[str, int] = {}
    for disk, by in zip(machine.disks, growth, strict=True):
        needed[disk.volume.path] = needed.get(disk.volume.path, 0) + by
    rooms = {disk.volume.path: disk.volume.unclaimed() for disk in machine.disks}
    return min((rooms[path] / by for path, by in needed.items() if by > rooms[path]), default=1.0)


def start(context: WorkflowContext, item: Item) -> None:
    """The on-premises VM serves from now on. The job does not look whether it really runs."""
    item.on_premises.disks_state = CONSISTENT
    with suppress(StartRefused):
        item.on_premises.start(context.clock.now())


def settle(context: WorkflowContext, item: Item) -> None:
    """What the scenario says of the virtual machine, whatever its history left."""
    machine, spec = item.on_premises, item.spec
    if spec.on_premises_vm == "missing":
        context.hyperv.remove(machine)
        machine.disks_state = INCONSISTENT
    elif spec.on_premises_power == "running":
        machine.start(context.clock.now())
    elif spec.on_premises_power == "off":
        machine.turn_off()

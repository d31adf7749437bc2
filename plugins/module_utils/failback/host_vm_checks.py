# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of an on-premises VM may spoil its failback: its disks, its automatic start, its replication. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .findings import Finding
from .host_side import HostSide
from .host_unread import disks_not_read, hides_vm, not_read
from .hyperv_hosts import HostDisk, HostFacts, HostVm

DIFFERENCING, PASS_THROUGH = "Differencing", "PassThrough"
# What starts with its host, whatever it was before; StartIfRunning leaves one alone that was off.
_STARTS = "Start"
# Hyper-V's words for a replication that does not go on by itself.
_STOPPED = frozenset({"Suspended", "ResynchronizeSuspended", "Error"})
_CRITICAL = "Critical"
_EXTENSION = re.compile(r"\.a?vhd[xs]?$")
_BY_HAND = "Look at the VM's disks in Hyper-V Manager."


def no_left_chain(side: HostSide, facts: HostFacts) -> Finding:
    """A backup or a merge that failed leaves files on top of the disks that no list of checkpoints shows."""
    hidden = hides_vm(side, facts, "disk_chain", _BY_HAND, "disks", "checkpoints")
    if hidden is not None:
        return hidden
    disks = side.vm.disks if side.vm else ()
    untold = [disk.path for disk in disks if not disk.type]
    chained = [disk for disk in disks if disk.type == DIFFERENCING]
    unread = disks_not_read(facts, disks, "disk_chain", _BY_HAND)
    if unread is not None and not chained:
        return unread
    if untold and not chained:
        return not_read("disk_chain", f"The host does not tell what {', '.join(untold)} is", _BY_HAND)
    if not chained or (side.vm is not None and side.vm.checkpoints):
        return Finding("disk_chain", "pass", "see checkpoints" if chained else "no differencing disks")
    seen = ", ".join(f"{disk.path} on {disk.parent or 'an unknown parent'}" for disk in chained)
    return Finding(
        "disk_chain",
        "fail",
        seen,
        f"{side.name} has differencing disks on {side.host}, and no checkpoint that they belong to: a backup or a "
        "merge has left them. Its disks cannot be synchronised beneath them.",
        "End the backup that made them, or merge them with the VM off (Hyper-V Manager, Edit Disk), then check again.",
    )


def all_disks_replicated(side: HostSide, facts: HostFacts) -> Finding:
    """A failback writes replicated disks alone: the others stay as they were when the VM went to Azure."""
    hidden = hides_vm(side, facts, "unreplicated_disks", _BY_HAND, "disks")
    if hidden is not None:
        return hidden
    if side.vm is None:
        return Finding("unreplicated_disks", "pass", "no disk yet")
    foreign = list(_foreign(side, side.vm))
    if foreign:
        return Finding(
            "unreplicated_disks",
            "warn",
            "; ".join(foreign),
            f"Disks of {side.name} on {side.host} are not replicated: the failback does not write them, so they hold "
            "what they held before the failover.",
            "See that what the VM wrote in their place in Azure is copied back, or that it needs nothing of them.",
        )
    if side.item.disks and not _replicated(side, side.vm):
        known = ", ".join(disk.name for disk in side.item.disks)
        reason = f"Which disks are replicated ({known}) cannot be told by their names from those on {side.host}"
        return not_read("unreplicated_disks", reason, _BY_HAND)
    return Finding("unreplicated_disks", "pass", f"all {len(side.vm.disks)} disks are replicated")


def _foreign(side: HostSide, vm: HostVm) -> Iterator[str]:
    replicated = _replicated(side, vm)
    every_one_is_known = len(replicated) == len(side.item.disks) > 0
    for disk in vm.disks:
        if disk.type == PASS_THROUGH:
            yield f"{disk.path} is passed through"
        elif disk.is_shared:
            yield f"{disk.path} is shared"
        elif every_one_is_known and disk not in replicated:
            yield f"{disk.path} is not among the replicated disks"


def _replicated(side: HostSide, vm: HostVm) -> list[HostDisk]:
    """Return the disks that bear the name of a replicated one, which is that of its file (recorded)."""
    names = {_name_of(disk.name) for disk in side.item.disks if disk.name}
    return [disk for disk in vm.disks if _name_of(disk.parent or disk.path) in names]


def _name_of(path: str) -> str:
    return _EXTENSION.sub("", path.rsplit("\\", 1)[-1].lower())


def stays_off(side: HostSide, facts: HostFacts) -> Finding:
    """A host that starts itself starts the copy as well, over data that only Azure has the newest of."""
    hidden = hides_vm(side, facts, "automatic_start", "Look at the VM's automatic start action.")
    if hidden is not None:
        return hidden
    if side.vm is None:
        return Finding("automatic_start", "pass", "no VM yet")
    action = side.vm.automatic_start_action
    if not action:
        reason = f"{side.host} does not tell what it does with the VM when it starts"
        return not_read("automatic_start", reason, "Look at the VM's automatic start action.")
    if action != _STARTS:
        return Finding("automatic_start", "pass", action)
    return Finding(
        "automatic_start",
        "warn",
        action,
        f"{side.host} starts {side.name} whenever it starts itself. Until the cut-over the copy must stay off.",
        "Set-VM -AutomaticStartAction Nothing (or StartIfRunning) for the VM; set it back after the commit.",
    )


def host_replicates(side: HostSide, facts: HostFacts) -> Finding:
    """What the vault has not heard yet, the host knows: a replication that was suspended there, or is critical."""
    hidden = hides_vm(side, facts, "host_replication", "Look at the VM's replication in Hyper-V Manager.")
    if hidden is not None:
        return hidden
    if side.vm is None:
        return Finding("host_replication", "pass", "no VM yet")
    state, health = side.vm.replication_state, side.vm.replication_health
    if not (state and health):
        reason = f"{side.host} does not tell the state and health of the VM's replication"
        return not_read("host_replication", reason, "Look at the VM's replication in Hyper-V Manager.")
    seen = f"{state}, health {health}"
    if state not in _STOPPED and health != _CRITICAL:
        return Finding("host_replication", "pass", seen)
    return Finding(
        "host_replication",
        "warn",
        seen,
        f"On {side.host} the replication of {side.name} is {state} and its health {health}: a failback may not start, "
        "or may need a resynchronization.",
        "See the replication health of the VM in Hyper-V Manager. After an unplanned failover it is Suspended until "
        "the failback; else resume it (Resume-VMReplication), with -Resynchronize where it asks for that.",
    )

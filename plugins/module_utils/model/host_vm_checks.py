# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of an on-premises VM may spoil its failback: its disks, what its host does with it, its replication, its
security and its network. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .findings import Finding
from .host_side import HostSide
from .host_unread import disks_not_read, hides_vm, not_read
from .hyperv_hosts import HostDisk, HostFacts, HostVm
from .operational_status import HARMLESS, LOST_STORAGE, OPERATIONS, TROUBLES
from .replication_states import REPLICATION_STATES

DIFFERENCING, PASS_THROUGH = "Differencing", "PassThrough"
# What starts with its host, whatever it was before; StartIfRunning leaves one alone that was off.
_STARTS = "Start"
# What is not started again after its host has saved it stays Saved: neither off nor running.
_NEVER_STARTS, _SAVES = "Nothing", "Save"
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
        return not_read("disk_chain", f"The host does not report what {', '.join(untold)} is", _BY_HAND)
    if not chained or (side.vm is not None and side.vm.checkpoints):
        return Finding("disk_chain", "pass", "see checkpoints" if chained else "no differencing disks")
    seen = ", ".join(f"{disk.path} on {disk.parent or 'an unknown parent'}" for disk in chained)
    return Finding(
        "disk_chain",
        "fail",
        seen,
        f"{side.name} has differencing disks on {side.host}, and no checkpoint that they belong to: a backup or a "
        "merge has left them. Its disks cannot be synchronized until these are gone.",
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
            "Make sure that what the VM wrote in their place in Azure is copied back, or that it does not need it.",
        )
    if side.item.disks and not _replicated(side, side.vm):
        known = ", ".join(disk.name for disk in side.item.disks)
        reason = f"Which disks are replicated ({known}) cannot be determined by their names from those on {side.host}"
        return not_read("unreplicated_disks", reason, _BY_HAND)
    return Finding("unreplicated_disks", "pass", f"all {len(side.vm.disks)} disks are replicated")


def _foreign(side: HostSide, vm: HostVm) -> Iterator[str]:
    replicated = _replicated(side, vm)
    every_one_is_known = len(replicated) == len(side.item.disks) > 0
    for disk in vm.disks:
        if disk.type == PASS_THROUGH:
            yield f"{disk.path} is a pass-through disk"
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
    if side.vm.is_clustered:
        return Finding("automatic_start", "pass", "its cluster decides, see cluster_resource")
    action = side.vm.automatic_start_action
    if not action or not side.vm.automatic_stop_action:
        reason = f"{side.host} does not report what it does with the VM when it starts and shuts down"
        return not_read("automatic_start", reason, "Look at the VM's automatic start action.")
    if action == _NEVER_STARTS and side.vm.automatic_stop_action == _SAVES:
        return _stays_saved(side)
    if action != _STARTS:
        return Finding("automatic_start", "pass", action)
    return Finding(
        "automatic_start",
        "warn",
        action,
        f"{side.host} starts {side.name} whenever it starts itself. Until the cut-over the copy must stay off.",
        "Set-VM -AutomaticStartAction Nothing (or StartIfRunning) for the VM; set it back after the commit.",
    )


def _stays_saved(side: HostSide) -> Finding:
    return Finding(
        "automatic_start",
        "warn",
        f"{_NEVER_STARTS}; {_SAVES} when the host goes down",
        f"{side.host} saves {side.name} when it goes down while the VM runs, and does not start it again: it is Saved "
        "then, neither off nor running, and each further step refuses it.",
        "Set-VM -AutomaticStopAction ShutDown for the VM while it is off, or -AutomaticStartAction StartIfRunning.",
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
        reason = f"{side.host} does not report the state and health of the VM's replication"
        return not_read("host_replication", reason, "Look at the VM's replication in Hyper-V Manager.")
    known = REPLICATION_STATES.get(state)
    if known is None:
        reason = f"{side.host} shows the VM's replication as {state}, which is not a known state"
        return not_read("host_replication", reason, "Look at the VM's replication in Hyper-V Manager.")
    seen = f"{state}, health {health}"
    if not known.remedy and health != _CRITICAL:
        return Finding("host_replication", "pass", seen)
    words = known.words if known.words == state else f"{known.words} ({state})"
    return Finding(
        "host_replication",
        "warn",
        seen,
        f"On {side.host} the replication of {side.name} is {words} and its health {health}: a failback may not start, "
        "or may need a resynchronization.",
        f"See the replication health of the VM in Hyper-V Manager. {known.remedy}".strip(),
    )


def is_at_rest(side: HostSide, facts: HostFacts) -> Finding:
    """What is merged, backed up, exported or moved cannot be written to at the same time."""
    by_hand = "Look at the VM's status in Hyper-V Manager."
    hidden = hides_vm(side, facts, "vm_status", by_hand)
    if hidden is not None:
        return hidden
    if side.vm is None:
        return Finding("vm_status", "pass", "no VM yet")
    told = side.vm.operational_status
    if not told:
        return not_read("vm_status", f"{side.host} does not report the VM's operational status", by_hand)
    under_way = [OPERATIONS[one] for one in told if one in OPERATIONS]
    if under_way:
        return Finding(
            "vm_status",
            "fail",
            ", ".join(under_way),
            f"Hyper-V on {side.host} has an operation in progress on {side.name}: its disks cannot be written to.",
            "Wait until it has ended (Status in Hyper-V Manager), or end the backup or job that does it. Then check "
            "again.",
        )
    lost = [LOST_STORAGE[one] for one in told if one in LOST_STORAGE]
    if lost:
        return Finding(
            "vm_status",
            "fail",
            ", ".join(lost),
            f"{side.host} does not reach the storage of {side.name}: nothing can be written to its disks.",
            "Bring its storage back (the volume, the share or the path to it), then check again.",
        )
    wrong = [TROUBLES[one] for one in told if one in TROUBLES]
    if wrong:
        cause = f"{side.host} shows {side.name} as {', '.join(wrong)}."
        return Finding("vm_status", "warn", ", ".join(wrong), cause, f"{by_hand} See its event log Hyper-V-VMMS.")
    unknown = [one for one in told if one not in HARMLESS]
    if unknown:
        reason = f"{side.host} shows the VM as {', '.join(unknown)}, which is not a known status"
        return not_read("vm_status", reason, by_hand)
    return Finding("vm_status", "pass", side.vm.status or ", ".join(told))


def security_comes_along(side: HostSide, facts: HostFacts) -> Finding:
    """The key of a virtual TPM stays on its host, and no VM in Azure has had it."""
    by_hand = "Look at the VM's security settings."
    vm, is_made = (side.before, True) if side.vm is None and side.creates and side.before else (side.vm, False)
    hidden = None if is_made else hides_vm(side, facts, "vm_security", by_hand)
    if hidden is not None:
        return hidden
    if vm is None:
        return Finding("vm_security", "pass", "no VM yet")
    if vm.security is None:
        words = facts.problem_with("security") or f"{side.host} does not report the VM's security settings"
        return not_read("vm_security", words, by_hand)
    if vm.security.shielded:
        return Finding(
            "vm_security",
            "warn",
            "shielded",
            f"{side.name} is a shielded VM, which Site Recovery is not known to support: it starts on guarded hosts "
            "only, and nothing but its own network shows whether it works.",
            "Try it first with a VM that you can afford to lose. Have the BitLocker recovery key of each volume ready.",
        )
    if not vm.security.tpm:
        return Finding("vm_security", "pass", "no virtual TPM")
    on_host = f"the VM that is made on {side.host} is made without one"
    where = on_host if is_made else "the VM in Azure has run without it"
    return Finding(
        "vm_security",
        "warn",
        "virtual TPM",
        f"{side.name} has a virtual TPM, and {where}: BitLocker, and all else that keeps keys there, may not unlock.",
        "Have the BitLocker recovery key of each volume at hand before the cut-over.",
    )


def keeps_vlan(side: HostSide, facts: HostFacts) -> Finding:
    """A VM that is made for the failback is in no VLAN; the one that ran before may have been."""
    by_hand = "Look at the VLAN of its network adapters by hand."
    if side.is_managed_by_vmm:
        return Finding("vlan", "pass", "VMM connects the VM")
    before = side.before
    if side.vm is None and side.creates:
        if before is None:
            reason = "The VM that ran before was not seen on any host; the one that is made is in no VLAN"
            return not_read("vlan", reason, by_hand)
        return _compared(side, _vlans(before), ["Untagged"] * len(before.nics), by_hand)
    hidden = hides_vm(side, facts, "vlan", by_hand)
    if hidden is not None:
        return hidden
    if side.vm is None:
        return Finding("vlan", "pass", "no VM yet")
    own = _vlans(side.vm)
    return _compared(side, own if before is None else _vlans(before), own, by_hand)


def _vlans(vm: HostVm) -> list[str]:
    """Return the VLAN of each network adapter; empty where it was not read."""
    return sorted(str(nic.vlan) if nic.vlan else "" for nic in vm.nics)


def _compared(side: HostSide, before: list[str], after: list[str], by_hand: str) -> Finding:
    if not (all(before) and all(after)):
        return not_read("vlan", "The VLAN of a network adapter was not read", by_hand)
    if before == after:
        return Finding("vlan", "pass", ", ".join(after) or "no network adapter")
    then, now = (", ".join(every) or "no network adapter" for every in (before, after))
    return Finding(
        "vlan",
        "warn",
        f"{then} before, {now} on {side.host}",
        f"The network adapters of {side.name} on {side.host} are not in the VLANs of the copy on its other host: it "
        "may come back without its network.",
        "Set them when the VM is there: Set-VMNetworkAdapterVlan -VMName ... -Access -VlanId ...",
    )

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One VM and the host that it is failed back to, with what a check needs to know of the request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from .findings import NotRead
from .hyperv_hosts import HostDisk, HostFacts, HostVm
from .items import ReplicatedItem
from .split_brain import Copy


@dataclass(frozen=True)
class HostSide:
    """All that the checks of the on-premises side of one VM look at.

    C(host) is the host that it is failed back to, C(facts) what that host says, C(vm) the machine there, C(copies) all
    machines of it that were found on any host, or why none was looked for. C(creates) is whether the VM is made where
    it is missing, C(is_another_host) whether another host than its own was asked for. C(is_managed_by_vmm) is of the
    item. C(other_names) tells which names turned out to be of one host.
    """

    item: ReplicatedItem
    host: str
    facts: HostFacts | NotRead
    vm: HostVm | None
    copies: tuple[Copy, ...]
    creates: bool
    data_sync: str
    is_before_start: bool
    is_managed_by_vmm: bool
    others: tuple[HostSide, ...] = ()
    other_names: tuple[str, ...] = ()
    is_another_host: bool = False

    @property
    def name(self) -> str:
        """Name of the VM."""
        return self.item.friendly_name

    @property
    def clock_skew(self) -> timedelta | None:
        """How far the host's clock is ahead of Azure's, at least; negative where it is behind, None where not known."""
        facts = self.facts
        if isinstance(facts, NotRead) or facts.time is None or facts.asked_between is None:
            return None
        before, after = facts.asked_between
        if facts.time > after:
            return facts.time - after
        return min(facts.time - before, timedelta(0))

    @property
    def elsewhere(self) -> str:
        """The hosts that have the VM while the one that it is failed back to has not."""
        if self.vm is not None:
            return ""
        return ", ".join(copy.place for copy in self.copies if copy.is_there)

    @property
    def before(self) -> HostVm | None:
        """The VM on another host than the one that it is failed back to, as that host has told; None: none was seen."""
        others = [copy for copy in self.copies if copy.is_there and not copy.is_target]
        return next((copy.machine for copy in others if copy.machine is not None), None)

    @property
    def is_another_machine(self) -> bool:
        """Whether the machine of that name on the host certainly is not the one that was replicated."""
        return self._has_other_id and bool(self.item.hypervisor_vm_id)

    @property
    def is_unidentified(self) -> bool:
        """Whether nothing tells if the machine of that name on the host is the one that was replicated."""
        return self._has_other_id and not self.item.hypervisor_vm_id

    @property
    def _has_other_id(self) -> bool:
        return self.vm is not None and self.vm.id.lower() != self.item.hypervisor_vm_id

    @property
    def switches_needed(self) -> tuple[str, ...]:
        """Names of the virtual switches that the VM was connected to; with VMM they are names of its own."""
        return () if self.is_managed_by_vmm else self.item.network_names

    def hidden(self, facts: HostFacts) -> str:
        """Why the VM may be on the host although it was not found there; empty where it was, or certainly is not."""
        if self.vm is not None:
            return ""
        if self.elsewhere:
            return facts.absence_doubt
        doubt = facts.doubt_about(self.item.hypervisor_vm_id, self.item.friendly_name)
        return doubt or facts.identity.denial_of(self.host)

    @property
    def disks(self) -> list[HostDisk]:
        """The disks on the host of this VM and of the others that are failed back to it."""
        return [disk for one in (self, *self.others) if one.vm is not None for disk in one.vm.disks]

    def owner(self, facts: HostFacts) -> str:
        """Name of the cluster node that owns the VM; empty where it is not clustered."""
        return facts.owner_of(self.item.hypervisor_vm_id, self.item.friendly_name)

    def needs(self, facts: HostFacts) -> dict[str, int]:
        """Return the most bytes that the failback of this VM and the others may add below each path that it uses."""
        own = self.growth(facts)
        every = [own, *(other.growth(facts) for other in self.others)]
        return {path: sum(growth.get(path, 0) for growth in every) for path in own}

    def growth(self, facts: HostFacts) -> dict[str, int]:
        """Return the most bytes that a failback may add below a path: what dynamic disks lack, or all of them."""
        if self.vm is None:
            return {_volume_path(facts, facts.virtual_hard_disk_path): sum(disk.size for disk in self.item.disks)}
        needs: Counter[str] = Counter()
        for disk in self.vm.disks:
            needs[_volume_path(facts, disk.path)] += max(disk.size - disk.file_size, 0)
        return dict(needs)


def _volume_path(facts: HostFacts, path: str) -> str:
    """Return the volume that a path is on; the path itself where none was read that holds it."""
    volume = facts.volume_of(path)
    return volume.path if volume else path

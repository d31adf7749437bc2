# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for the copies of one machine, host by host."""

from __future__ import annotations

from collections.abc import Callable

from ..failback.failures import TargetError
from ..failback.fence import ABSENT, NOT_CHECKED, Copy
from ..failback.findings import NotRead
from ..failback.host_names import is_same_host
from ..failback.hyperv_hosts import HostFacts, HostVm, VmmVm
from ..failback.items import ReplicatedItem

Answer = Callable[[str, "float | None"], "HostFacts | NotRead"]


class Search:
    """What was found of one item. C(names) are its own hosts; C(answer) returns what a host says, given how old that
    may be. C(target) is the one of the names that it is failed back to; empty where that is not known. C(unread) is why
    its own host is not known; empty where it is.

    A host that answers to two names is looked at once, so that no machine counts twice.
    """

    def __init__(self, item: ReplicatedItem, answer: Answer, names: tuple[str, ...] = (), target: str = "") -> None:
        self.item = item
        self.names = names
        self.target = target
        self.unread = ""
        self._answer = answer
        self._seen: set[str] = set()
        self._copies: list[Copy] = []
        self._machines: dict[str, HostVm] = {}

    @property
    def has_found(self) -> bool:
        """Whether the machine itself was found."""
        return any(copy.is_there for copy in self._copies)

    @property
    def machine(self) -> HostVm | None:
        """The machine that was failed back to: on its host, or the node of its cluster that has it."""
        return next((copy.machine for copy in self._copies if copy.is_there and copy.is_target), None)

    def machine_at(self, name: str) -> HostVm | None:
        """Return the machine on the host that was asked by this name, or one that only has the name of it."""
        return self._machines.get(name.lower())

    def copies(self) -> tuple[Copy, ...]:
        """Return all copies; that a host has none only where no host has one, and none may have one."""
        return tuple([copy for copy in self._copies if copy.state != ABSENT] or self._copies[:1])

    def add(self, copy: Copy) -> None:
        """Add a copy."""
        self._copies.append(copy)

    def look(self, name: str, *, max_age: float | None = None, only_if_there: bool = False) -> None:
        """Look on a host, or on the cluster node that has the machine. C(only_if_there): only what is found counts."""
        before = len(self._copies)
        self._look(name, max_age, at_target=bool(self.target) and name == self.target)
        if only_if_there:
            self._copies[before:] = [copy for copy in self._copies[before:] if copy.is_there]

    def _look(self, name: str, max_age: float | None, said: str = "", *, at_target: bool) -> None:
        facts = self._answer(name, max_age)
        if isinstance(facts, NotRead):
            self.add(Copy(name, NOT_CHECKED, f"{said}{facts.reason}", is_target=at_target))
            return
        key = (facts.fqdn or facts.computer or name).lower()
        if key in self._seen:
            return
        self._seen.add(key)
        try:
            self._look_at(name, facts, max_age, at_target=at_target)
        except TargetError as ambiguous:
            # Several machines of the name, and none with the id: which of them is meant, nobody can tell from here.
            self.add(Copy(name, NOT_CHECKED, ambiguous.happened, is_target=at_target))

    def _may_have_come(self, vm: HostVm, facts: HostFacts) -> bool:
        """Whether a machine's cluster may have moved it here from the target, which is another node of it."""
        nodes = [node for node, _state in facts.cluster.nodes] if facts.cluster else []
        return vm.is_clustered and bool(self.target) and any(is_same_host(node, self.target) for node in nodes)

    def _look_at(self, name: str, facts: HostFacts, max_age: float | None, *, at_target: bool) -> None:
        item = self.item
        wanted = (item.hypervisor_vm_id, item.friendly_name)
        vm = facts.find_vm(*wanted)
        managed = facts.vmm.find_vm(*wanted) if facts.vmm else None
        owner = facts.owner_of(*wanted)
        if vm is not None:
            self._machines[name.lower()] = vm
            at_home = at_target or self._may_have_come(vm, facts)
            self.add(self._copy(name, vm, "read from the host", at_target=at_home))
        elif managed is not None:
            self._look_behind_vmm(name, managed, at_target=at_target)
        elif owner and owner.lower() != facts.computer.lower():
            self._look(owner, max_age, "its cluster says that it is there; ", at_target=at_target)
        else:
            self.add(_absent(name, facts, at_target=at_target))

    def _look_behind_vmm(self, server: str, vm: VmmVm, *, at_target: bool) -> None:
        """Take a VMM server's word for a machine whose host cannot be asked; those that can are asked themselves."""
        if vm.host.lower() not in self._seen:
            self.add(self._copy(vm.host or server, vm, f"read from VMM server {server}", at_target=at_target))

    def _copy(self, place: str, vm: HostVm | VmmVm, reason: str, *, at_target: bool) -> Copy:
        machine = vm if isinstance(vm, HostVm) else None
        if self._is_the_one(vm):
            elsewhere = f"{reason}; it is failed back to {self.target or 'a host that is not known'}"
            told = reason if at_target else elsewhere
            return Copy(place, vm.state, told, machine=machine, is_target=at_target)
        if not self.item.hypervisor_vm_id:
            why = f"a VM of its name, with id {vm.id}; Site Recovery does not tell by which id Hyper-V knows the VM"
            return Copy(place, vm.state, why, is_unidentified=True, machine=machine)
        return Copy(
            place, vm.state, f"another VM has its name there, with id {vm.id}", is_namesake=True, machine=machine
        )

    def _is_the_one(self, vm: HostVm | VmmVm) -> bool:
        """Whether a machine is the one that was replicated, not another one of its name."""
        return bool(vm.id) and vm.id.lower() == self.item.hypervisor_vm_id


def _absent(name: str, facts: HostFacts, *, at_target: bool) -> Copy:
    """Say that a host has no such machine, where it could have told."""
    if facts.absence_doubt:
        return Copy(name, NOT_CHECKED, facts.absence_doubt, is_target=at_target)
    return Copy(name, ABSENT, "the host has no such VM", is_target=at_target)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the on-premises copies of replicated items are, by what the Hyper-V hosts say themselves.

A host is asked once for all the VMs that matter there. What cannot be asked is C(not_checked), never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..failback.fabrics import Provider
from ..failback.failures import FailbackError, NotFound, PermissionDenied, TargetError
from ..failback.fence import ABSENT, NOT_CHECKED, Copy
from ..failback.findings import NotRead
from ..failback.hyperv_hosts import HostFacts, HostVm
from ..failback.items import ReplicatedItem
from .alternate_host import find_target_provider
from .services import Services


@dataclass(frozen=True)
class Placed:
    """What the hosts say of one item.

    C(host) is the name of the host that it is failed back to, C(facts) what that host says of itself, C(vm) the machine
    there. C(copies) are all that were found on the hosts that were C(asked); at least one entry, which may say that
    nothing could be asked, or that there is none. C(machine) is the machine on whatever host has it, one that runs
    before others.
    """

    host: str
    facts: HostFacts | NotRead
    vm: HostVm | None
    copies: tuple[Copy, ...]
    machine: HostVm | None = None
    asked: tuple[str, ...] = ()


class OnPremises:
    """The hosts of the items of one task. C(max_age) is how old an answer may be, in seconds: 0 asks anew.

    C(target_host) is the user's word for another host to fail back to. C(now) tells Azure's time before and after a
    host is asked, where that matters. C(also) are more hosts to look on, by item id.
    """

    def __init__(
        self,
        services: Services,
        *,
        target_host: str = "",
        max_age: float = 0,
        now: Callable[[], datetime] | None = None,
        also: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._services = services
        self._target_host = target_host
        self._max_age = max_age
        self._now = now
        self._also = also or {}
        self._wanted: list[tuple[str, str]] = []
        self._answers: dict[str, HostFacts | NotRead] = {}

    def place(self, items: Sequence[ReplicatedItem]) -> dict[str, Placed]:
        """Return what the hosts say of each item, by item id."""
        self._wanted = [(item.vm_id, item.friendly_name) for item in items]
        return {item.id: self._place(item) for item in items}

    def _place(self, item: ReplicatedItem) -> Placed:
        providers = self._providers(item)
        if isinstance(providers, NotRead):
            return _unplaced("", providers)
        try:
            names = [self._host_of(item, provider) for provider in providers]
            return self._place_at(item, list(dict.fromkeys([*names, *self._also.get(item.id, ())])))
        except TargetError as ambiguous:
            # Several machines of the name: which of them is meant, nobody can tell from here.
            return _unplaced(providers[0].friendly_name, NotRead(ambiguous.happened, ambiguous))

    def _providers(self, item: ReplicatedItem) -> list[Provider] | NotRead:
        """Return the providers of an item, the one that it is failed back to first."""
        service = self._services.azure.site_recovery
        try:
            own = service.provider(item.provider_id)
            target = [find_target_provider(self._services.azure, item, self._target_host)] if self._target_host else []
        except (PermissionDenied, NotFound) as problem:
            return NotRead(problem.happened)
        return list({provider.id.lower(): provider for provider in (*target, own)}.values())

    def _answer(self, name: str) -> HostFacts | NotRead:
        """Return what a host says, asking it once for all the items."""
        key = name.lower()
        if key not in self._answers:
            self._answers[key] = self._facts(name)
        return self._answers[key]

    def _facts(self, name: str) -> HostFacts | NotRead:
        hosts = self._services.hosts
        if not hosts.knows(name):
            return NotRead(f"host {name} is neither in the inventory nor in hyperv_hosts")
        try:
            return hosts.facts(name, self._wanted, self._max_age, self._now)
        except FailbackError as problem:
            return NotRead(problem.happened, problem)

    def _place_at(self, item: ReplicatedItem, names: Sequence[str]) -> Placed:
        copies = [copy for name in names for copy in self._copies_at(item, name)]
        if not any(copy.is_there for copy in copies):
            copies += self._elsewhere(item, names)
        facts = self._answer(names[0])
        vm = None if isinstance(facts, NotRead) else facts.find_vm(item.vm_id, item.friendly_name)
        found = [copy for copy in copies if copy.state != ABSENT] or copies[:1]
        return Placed(names[0], facts, vm, tuple(found), self._machine(item, found), tuple(names))

    def _machine(self, item: ReplicatedItem, copies: Sequence[Copy]) -> HostVm | None:
        answers = [self._answers.get(copy.place.lower()) for copy in copies if copy.is_there]
        facts = [answer for answer in answers if isinstance(answer, HostFacts)]
        found = [vm for one in facts if (vm := one.find_vm(item.vm_id, item.friendly_name))]
        return next((vm for vm in found if vm.is_running), found[0] if found else None)

    def _host_of(self, item: ReplicatedItem, provider: Provider) -> str:
        """Return the host behind a provider: itself, or where the VMM server says that the VM is."""
        facts = self._answer(provider.friendly_name)
        if isinstance(facts, NotRead) or facts.vmm is None:
            return provider.friendly_name
        known = facts.vmm.find_vm(item.vm_id, item.friendly_name)
        return known.host if known is not None and self._services.hosts.knows(known.host) else provider.friendly_name

    def _copies_at(self, item: ReplicatedItem, name: str) -> list[Copy]:
        facts = self._answer(name)
        if isinstance(facts, NotRead):
            return [Copy(name, NOT_CHECKED, facts.reason)]
        vm = facts.find_vm(item.vm_id, item.friendly_name)
        if vm is not None:
            return [Copy(name, vm.state, "read from the host")]
        managed = facts.vmm.find_vm(item.vm_id, item.friendly_name) if facts.vmm else None
        if managed is not None:
            return [Copy(managed.host, managed.state, f"read from VMM server {name}")]
        owner = facts.owner_of(item.vm_id, item.friendly_name)
        if owner and owner.lower() != facts.computer.lower():
            return self._copies_of_owner(item, owner)
        return [_absent(name, facts, "the host has no such VM")]

    def _copies_of_owner(self, item: ReplicatedItem, owner: str) -> list[Copy]:
        """Return the copy on the cluster node that owns the VM."""
        facts = self._answer(owner)
        if isinstance(facts, NotRead):
            return [Copy(owner, NOT_CHECKED, f"its cluster says that it is there; {facts.reason}")]
        vm = facts.find_vm(item.vm_id, item.friendly_name)
        reason = "read from the node that owns it"
        return [Copy(owner, vm.state, reason) if vm else _absent(owner, facts, reason)]

    def _elsewhere(self, item: ReplicatedItem, asked: Sequence[str]) -> list[Copy]:
        """Look on the site's other hosts: an earlier run may have failed it back to one of them."""
        try:
            providers = self._services.azure.site_recovery.providers(item.fabric_name)
        except (PermissionDenied, NotFound):
            return []
        names = [provider.friendly_name for provider in providers]
        others = [name for name in names if name not in asked and self._services.hosts.knows(name)]
        return [copy for name in others for copy in self._copies_at(item, name) if copy.is_there]


def _unplaced(host: str, unread: NotRead) -> Placed:
    return Placed(host, unread, None, (Copy(host, NOT_CHECKED, unread.reason),))


def _absent(name: str, facts: HostFacts, reason: str) -> Copy:
    """Say that a host has no such machine, where it could have told."""
    if facts.proves_absence:
        return Copy(name, ABSENT, reason)
    problem = facts.problem_with("vms", "cluster", "vmm", "services") or "not all of it could be read"
    return Copy(name, NOT_CHECKED, problem)

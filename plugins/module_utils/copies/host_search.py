# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for the copies of one machine, host by host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..model.failures import TargetError
from ..model.findings import NotRead
from ..model.host_names import is_same_host, label_of
from ..model.hyperv_hosts import HostFacts, HostVm, VmmVm
from ..model.items import ReplicatedItem
from ..model.power_states import is_up, says_power
from ..model.split_brain import ABSENT, NOT_CHECKED, Copy

Answer = Callable[[str, "float | None"], "HostFacts | NotRead"]


@dataclass(frozen=True)
class _Claim:
    """What a cluster or VMM says of a machine that nobody saw: that it has it, and C(is_down) that it is not up."""

    words: str = ""
    is_down: bool = False


_NONE = _Claim()


@dataclass
class _Looked:
    """A host that answered: the C(name) that it was asked by, and whether it showed the machine."""

    name: str
    facts: HostFacts
    has_shown: bool = False

    def is_at(self, name: str) -> bool:
        """Whether a name means this host."""
        return is_same_host(name, self.name) or self.facts.identity.answers_to(name)

    def is_host(self, name: str, facts: HostFacts) -> bool:
        """Whether what answered by a name is this host."""
        own, other = self.facts.identity, facts.identity
        if own.is_known and other.is_known:
            return own.is_same(other)
        return is_same_host(name, self.name)


def not_listed(names: Sequence[str]) -> str:
    """Say of hosts that nobody may ask them."""
    who = f"host {names[0]} is " if len(names) == 1 else ""
    return f"{who}neither in the inventory nor in hyperv_hosts"


def _claim_of(facts: HostFacts, wanted: tuple[str, str]) -> _Claim:
    return _Claim(facts.claim_of(*wanted), facts.says_down(*wanted))


def _told_together(copies: Sequence[Copy]) -> list[Copy]:
    """Return copies with one entry for all hosts that nobody may ask: nothing else is known of any of them."""
    silent: list[Copy] = []
    others: list[Copy] = []
    for copy in copies:
        is_silent = not copy.is_target and copy.reason == not_listed([copy.place])
        (silent if is_silent else others).append(copy)
    if len(silent) < 2:
        return list(copies)
    places = [copy.place for copy in silent]
    return [*others, replace(silent[0], reason=not_listed(places), more=tuple(places[1:]))]


class Search:
    """What was found of one item. C(names) are the hosts to look on first; C(answer) returns what a host says, given
    how old that may be. C(own) is the host that has it by its provider, or C(unread) why that is not known; C(target)
    the one that it is failed back to. Each is empty where it is not known.

    A host that answers to two names is looked at once, so that no machine counts twice. C(other_names) says so.
    """

    def __init__(
        self,
        item: ReplicatedItem,
        answer: Answer,
        names: tuple[str, ...] = (),
        *,
        own: str = "",
        target: str = "",
        unread: str = "",
    ) -> None:
        self.item = item
        self.names = names
        self.own = own
        self.target = target
        self.unread = unread
        self.other_names: list[str] = []
        self._answer = answer
        self._looked: list[_Looked] = []
        self._silent: list[str] = []
        self._copies: list[Copy] = []
        self._machines: dict[str, HostVm] = {}
        # Where a cluster does not tell what it has: of no interest once the machine was found where it has to be.
        self._untold: set[str] = set()
        self._is_at_home = False
        # Labels of the hosts where it is not checked: of a site of hundreds, each is compared with its namesakes only.
        self._hiding: set[str] = set()

    @property
    def has_found(self) -> bool:
        """Whether the machine itself was seen on its own host, or another node of the cluster of that. A copy elsewhere
        may be an old one, also where it is to be failed back to."""
        return self._is_at_home

    @property
    def is_denied(self) -> bool:
        """Whether the host that the machine is failed back to says that it has no such one."""
        return self.machine is None and any(copy.is_target and copy.state == ABSENT for copy in self._copies)

    @property
    def machine(self) -> HostVm | None:
        """The machine that was failed back to: on its host, or the node of its cluster that has it."""
        return next((copy.machine for copy in self._copies if copy.is_there and copy.is_target), None)

    def machine_at(self, name: str) -> HostVm | None:
        """Return the machine on the host that was asked by this name, or one that only has the name of it."""
        return self._machines.get(name.lower())

    def copies(self) -> tuple[Copy, ...]:
        """Return all copies. That a host has none is told of the one that the machine is failed back to, unless it is
        on another node of its cluster; of others only where nothing else is to be told."""
        untold = self._untold if self.has_found else ()
        counted = _told_together([copy for copy in self._copies if copy.place.lower() not in untold])
        found = [copy for copy in counted if copy.state != ABSENT or (copy.is_target and self.is_denied)] or counted[:1]
        return tuple(found or [Copy("", NOT_CHECKED, "no host was asked")])

    def nodes_left(self) -> list[str]:
        """Return the nodes of the clusters of the hosts that were looked at, which were not looked at themselves."""
        # A cluster of VMM servers has nodes as well, but no machines.
        hosts = [one.facts for one in self._looked if not one.facts.has_no_hyper_v]
        clusters = [facts.cluster for facts in hosts if facts.cluster is not None]
        nodes = dict.fromkeys(node for cluster in clusters for node, _state in cluster.nodes if node)
        return [node for node in nodes if self._looked_at(node) is None and not self._was_silent(node)]

    def _looked_at(self, name: str) -> _Looked | None:
        return next((one for one in self._looked if one.is_at(name)), None)

    def _was_silent(self, name: str) -> bool:
        return any(is_same_host(name, one) for one in self._silent)

    def add(self, copy: Copy) -> None:
        """Add a copy."""
        self._copies.append(copy)
        if copy.state == NOT_CHECKED:
            self._hiding.add(label_of(copy.place))

    def look(self, name: str, *, max_age: float | None = None, only_if_there: bool = False) -> None:
        """Look on a host, or on the cluster node that has the machine. C(only_if_there): only what is found counts."""
        before = len(self._copies)
        self._look(name, max_age, at_target=bool(self.target) and name == self.target)
        if only_if_there:
            self._copies[before:] = [copy for copy in self._copies[before:] if copy.is_there or copy.is_claimed]

    def _look(self, name: str, max_age: float | None, claim: _Claim = _NONE, *, at_target: bool) -> None:
        """Look on a host. C(claim) is what a cluster says of the machine that is to be there."""
        facts = self._answer(name, max_age)
        if isinstance(facts, NotRead):
            self._silent.append(name)
            self._hide(name, "; ".join(filter(None, (claim.words, facts.reason))), claim, at_target=at_target)
            return
        before = next((one for one in self._looked if one.is_host(name, facts)), None)
        if before is not None:
            self._answered_twice(name, before, facts, at_target=at_target)
            return
        looked = _Looked(name, facts)
        self._looked.append(looked)
        try:
            self._look_at(looked, max_age, at_target=at_target)
        except TargetError as ambiguous:
            # Several machines of the name, and none with the id: which of them is meant, nobody can tell from here.
            self._hide(name, ambiguous.happened, at_target=at_target)

    def _answered_twice(self, name: str, before: _Looked, facts: HostFacts, *, at_target: bool) -> None:
        """Take note of a second name of a host. Where it is that of another host, that one was not asked."""
        if is_same_host(name, before.name):
            return
        told = f"the host at the address of {name} is {facts.identity.name}, which was asked as {before.name} too"
        self.other_names.append(told)
        if facts.identity.is_misnamed(name):
            self._hide(name, told, at_target=at_target)

    def _may_have_come(self, vm: HostVm, facts: HostFacts) -> bool:
        """Whether a machine's cluster may have moved it here from the target, which is another node of it."""
        nodes = [node for node, _state in facts.cluster.nodes] if facts.cluster else []
        return vm.is_clustered and bool(self.target) and any(is_same_host(node, self.target) for node in nodes)

    def _look_at(self, looked: _Looked, max_age: float | None, *, at_target: bool) -> None:
        name, facts, wanted = looked.name, looked.facts, self._wanted
        denial = facts.identity.denial_of(name)
        vm = facts.find_vm(*wanted)
        managed = facts.vmm.find_vm(*wanted) if facts.vmm else None
        owner = facts.owner_of(*wanted)
        is_owned_elsewhere = bool(owner) and not facts.identity.answers_to(owner)
        if vm is not None:
            looked.has_shown = self._may_be_the_one(vm)
            # What another host has is of that host, whatever name led to it.
            place = facts.identity.name if denial else name
            self._machines[place.lower()] = vm
            if self._is_the_one(vm) and not denial and self._is_home(looked):
                self._is_at_home = True
            at_home = not denial and (at_target or self._may_have_come(vm, facts))
            self.add(self._read(place, vm, facts, at_target=at_home))
            if denial:
                self._hide(name, denial, at_target=at_target)
        if looked.has_shown:
            if is_owned_elsewhere:
                # A node may go on showing what another one runs.
                self._look_for(owner, _claim_of(facts, wanted), max_age, at_target=at_target)
            return
        claim = self._claim_of(facts)
        if managed is not None:
            self._look_behind_vmm(looked, managed, at_target=at_target)
            if not self._may_be_the_one(managed):
                # Another one of its name tells nothing of where it is itself.
                self._miss(name, facts, claim, at_target=at_target)
        elif claim.words and is_owned_elsewhere:
            self._look_for(owner, claim, max_age, at_target=at_target)
        else:
            # Another one of its name on the host tells nothing of it.
            self._miss(name, facts, claim, at_target=at_target)

    def _is_home(self, looked: _Looked) -> bool:
        """Whether a host is the machine's own, or another node of the cluster of that."""
        nodes = looked.facts.cluster.nodes if looked.facts.cluster else ()
        return bool(self.own) and (
            looked.is_at(self.own) or any(is_same_host(node, self.own) for node, _state in nodes if node)
        )

    def _claim_of(self, facts: HostFacts) -> _Claim:
        """Return what a host's cluster says of the machine; nothing where a node of that cluster has shown it."""
        showing = [one.facts.cluster.name for one in self._looked if one.has_shown and one.facts.cluster is not None]
        if facts.cluster is not None and facts.cluster.name in showing:
            return _NONE
        return _claim_of(facts, self._wanted)

    @property
    def _wanted(self) -> tuple[str, str]:
        return self.item.hypervisor_vm_id, self.item.friendly_name

    def _look_for(self, owner: str, claim: _Claim, max_age: float | None, *, at_target: bool) -> None:
        """Look on the node that owns a machine by its cluster's C(claim). Where that shows none, the machine is hidden,
        or moving: it is nowhere absent."""
        known, before = self._looked_at(owner), len(self._copies)
        if known is not None and known.has_shown:
            return
        if known is None:
            self._look(owner, max_age, claim, at_target=at_target)
        if all(copy.state == ABSENT for copy in self._copies[before:]):
            del self._copies[before:]
            told = f"{claim.words}; {owner} does not list it"
            self._hide(known.name if known else owner, told, claim, at_target=at_target)

    def _look_behind_vmm(self, server: _Looked, vm: VmmVm, *, at_target: bool) -> None:
        """Quote a VMM server on a machine whose host cannot be asked; those that can are asked themselves.

        VMM reads the machines of a host up to 30 minutes after they have changed (Microsoft, "Update on VMM
        refreshers").
        """
        asked = self._looked_at(vm.host) if vm.host else None
        if asked is None:
            tells = says_power(vm.state)
            worth = "which may be half an hour old" if tells else "which says nothing about its power state"
            told = f"VMM server {server.name} says {vm.state or 'an unknown state'}, {worth}"
            copy = self._copy(vm.host or server.name, vm, told, at_target=at_target)
            is_hearsay = tells and not copy.is_namesake
            is_down = is_hearsay and not is_up(vm.state)
            copy = replace(copy, is_claimed=copy.is_identified, is_recorded=True, is_hearsay=is_hearsay)
            self.add(replace(copy, is_said_down=is_down))
        elif not asked.has_shown and self._is_the_one(vm):
            told = f"VMM server {server.name} has it there, in state {vm.state or 'unknown'}"
            claim = _Claim(told, says_power(vm.state) and not is_up(vm.state))
            self._hide(asked.name, f"{told}; {asked.name} does not list it", claim, at_target=at_target)

    def _read(self, place: str, vm: HostVm, facts: HostFacts, *, at_target: bool) -> Copy:
        """Return a copy as its host shows it. Off is not proved of one that may run soon."""
        copy = self._copy(place, vm, "read from the host", at_target=at_target)
        copy = replace(copy, is_clustered=facts.has_clustered(vm))
        doubt = None if copy.is_namesake else facts.start_doubt(vm)
        if doubt is None or not copy.is_off:
            return replace(copy, doubt_once_off=doubt)
        which = "" if copy.is_identified else f"{copy.reason}; "
        return replace(copy, state=NOT_CHECKED, reason=f"{which}it is {vm.state}, but {doubt.words}", doubt=doubt)

    def _copy(self, place: str, vm: HostVm | VmmVm, reason: str, *, at_target: bool) -> Copy:
        machine = vm if isinstance(vm, HostVm) else None
        if self._is_the_one(vm):
            elsewhere = f"{reason}; it is failed back to {self.target or 'a host that is not known'}"
            told = reason if at_target else elsewhere
            return Copy(place, vm.state, told, machine=machine, is_target=at_target)
        if not self.item.hypervisor_vm_id:
            why = f"a VM of its name, with id {vm.id}; Site Recovery does not report the Hyper-V id of the VM"
            return Copy(place, vm.state, why, is_unidentified=True, machine=machine, is_target=at_target)
        why = f"another VM has its name there, with id {vm.id}"
        return Copy(place, vm.state, why, is_namesake=True, machine=machine, is_target=at_target)

    def _miss(self, name: str, facts: HostFacts, claim: _Claim, *, at_target: bool) -> None:
        """Say that a host has no such machine, where it could have told; else why it may have it."""
        is_elsewhere = bool(facts.claim_of(*self._wanted)) and not claim.words
        doubt = facts.absence_doubt if is_elsewhere else facts.doubt_about(*self._wanted)
        doubt = doubt or facts.identity.denial_of(name)
        untold = None if claim.words or is_elsewhere else facts.untold_by_cluster()
        if untold is not None:
            # A role that nothing identifies may be its own.
            claim = _Claim(untold.words)
            self._untold.add(name.lower())
        if doubt:
            self._hide(name, doubt, claim, at_target=at_target)
        else:
            self.add(Copy(name, ABSENT, "the host has no such VM", is_target=at_target))

    def _hide(self, name: str, reason: str, claim: _Claim = _NONE, *, at_target: bool) -> None:
        """Say that a machine may be on a host although nobody saw it there; with a claim, that it is somewhere.

        A host is one place, also where a cluster knows it by its short name: somebody may have to vouch for it.
        """
        is_down = claim.is_down
        copy = Copy(name, NOT_CHECKED, reason, is_target=at_target, is_claimed=bool(claim.words), is_said_down=is_down)
        namesakes = self._copies if label_of(name) in self._hiding else ()
        for index, before in enumerate(namesakes):
            if before.state == NOT_CHECKED and is_same_host(before.place, name):
                told = copy if copy.is_claimed and not before.is_claimed else before
                place, is_target = max(before.place, name, key=len), before.is_target or at_target
                is_down = before.is_said_down or is_down
                self._copies[index] = replace(told, place=place, is_target=is_target, is_said_down=is_down)
                return
        self.add(copy)

    def _may_be_the_one(self, vm: HostVm | VmmVm) -> bool:
        """Whether a machine of the name certainly is no other one: of that, what else is told of the name is told."""
        return self._is_the_one(vm) or not self.item.hypervisor_vm_id

    def _is_the_one(self, vm: HostVm | VmmVm) -> bool:
        """Whether a machine is the one that was replicated, not another one of its name."""
        return bool(vm.id) and vm.id.lower() == self.item.hypervisor_vm_id

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the on-premises copies of replicated items are, by what the Hyper-V hosts say themselves.

A host is asked once for all the VMs that matter there. What cannot be asked is C(not_checked), never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ..model.fabrics import Provider
from ..model.failures import FailbackError, NotFound, PermissionDenied, TargetError
from ..model.findings import NotRead
from ..model.host_names import is_same_host
from ..model.hyperv_hosts import HostFacts, HostVm
from ..model.items import ReplicatedItem
from ..model.look_age import SHARED_ANSWER
from ..model.split_brain import NOT_CHECKED, Copy
from ..runner.services import Services
from .host_search import Search, not_listed
from .target_host import Unregistered, find_target_provider

# The site's other hosts may share an answer so many seconds old: every VM of a fleet would ask each of them otherwise.
_MAX_AGE_ELSEWHERE = SHARED_ANSWER
# How many of them are asked at the same time.
_AT_ONCE = 8


@dataclass(frozen=True)
class Placed:
    """What the hosts say of one item.

    C(host) is the name of the host that it is failed back to, C(facts) what that host says of itself, C(vm) the machine
    there. C(copies) are all that were found on the hosts that were C(asked); at least one entry, which may say that
    nothing could be asked, or that there is none. C(machine) is the machine that was failed back to: on that host,
    or on the node of its cluster that has it. C(other_names): which of the names are of one host.
    """

    host: str
    facts: HostFacts | NotRead
    vm: HostVm | None
    copies: tuple[Copy, ...]
    machine: HostVm | None = None
    asked: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()


class OnPremises:
    """The hosts of the items of one task. C(max_age) is how old an answer may be, in seconds: 0 asks anew.

    Where an item's own provider cannot be read, or no longer exists in the vault, all hosts that the user has named
    are asked; C(beyond_site): also where the host that one is failed back to says that it has none.

    C(target_host) is the user's word for another host to fail back to. C(now) tells Azure's time before and after a
    host is asked, where that matters. C(also) are more hosts to look on, by item id. C(everywhere): look on the site's
    other hosts even where the machine was found on its own; C(power_only): these are asked only whether they have a
    copy, and whether that runs. C(anew): every host is asked anew, whoever else has just asked it.
    """

    def __init__(
        self,
        services: Services,
        *,
        target_host: str = "",
        max_age: float = 0,
        now: Callable[[], datetime] | None = None,
        also: Mapping[str, Sequence[str]] | None = None,
        everywhere: bool = True,
        power_only: bool = False,
        anew: bool = False,
        beyond_site: bool = False,
    ) -> None:
        self._services = services
        self._target_host = target_host
        self._max_age = max_age
        self._now = now
        self._also = also or {}
        self._everywhere = everywhere
        self._beyond_site = beyond_site
        self._max_age_elsewhere = 0 if anew else max(max_age, _MAX_AGE_ELSEWHERE)
        self._power_only = power_only
        self._anew = anew
        self._wanted: list[tuple[str, str]] = []
        self._answers: dict[str, HostFacts | NotRead] = {}
        self._may_miss_end = False
        self._listed: dict[str, list[str] | NotRead] = {}

    def place(self, items: Sequence[ReplicatedItem]) -> dict[str, Placed]:
        """Return what the hosts say of each item, by item id."""
        self._wanted = [(item.hypervisor_vm_id, item.friendly_name) for item in items]
        searches = [self._begin(item) for item in items]
        # What a job did to machines that are on their own hosts has changed nothing on others.
        self._may_miss_end = all(search.has_found and not search.unread for search in searches)
        # Only now: their answers may be older, and a host that is one item's own must be asked anew for it.
        return {search.item.id: self._finish(search) for search in searches}

    def _begin(self, item: ReplicatedItem) -> Search:
        """Look for an item on its own hosts. What cannot be determined of them is a copy that is not checked."""
        own, target = self._own_host(item), self._target_of(item)
        known = [name for name in (target, own) if isinstance(name, str) and name]
        every = tuple(dict.fromkeys([*known, *self._also.get(item.id, ())]))
        at, unread = ("", own.reason) if isinstance(own, NotRead) else (own, "")
        search = Search(item, self._answer, every, own=at, target=next(iter(known), ""), unread=unread)
        if unread:
            search.add(Copy("", NOT_CHECKED, unread, is_target=not search.target))
        for name in search.names:
            search.look(name)
        return search

    def _finish(self, search: Search) -> Placed:
        # Where its own host is not known, an old copy elsewhere is all that can be found.
        if self._everywhere or search.unread or not search.has_found:
            self._look_elsewhere(search)
        host = search.target
        return Placed(
            host,
            self._answer(host) if host else NotRead(search.unread),
            search.machine_at(host) if host else None,
            search.copies(),
            search.machine,
            search.names,
            tuple(search.other_names),
        )

    def _own_host(self, item: ReplicatedItem) -> str | NotRead:
        """Return the host behind an item's own provider."""
        try:
            return self._host_of(item, self._services.azure.site_recovery.provider(item.provider_id))
        except (PermissionDenied, NotFound) as problem:
            return NotRead(problem.happened)

    def _target_of(self, item: ReplicatedItem) -> str:
        """Return the host that the user names; empty where there is none. Where no provider tells, it has that name."""
        if not self._target_host:
            return ""
        try:
            return self._host_of(item, find_target_provider(self._services.azure, item, self._target_host))
        except (PermissionDenied, NotFound, Unregistered):
            return self._target_host

    def _host_of(self, item: ReplicatedItem, provider: Provider) -> str:
        """Return the host behind a provider: itself, or where the VMM server says that the VM is."""
        facts = self._answer(provider.friendly_name)
        if isinstance(facts, NotRead) or facts.vmm is None:
            return provider.friendly_name
        with suppress(TargetError):
            known = facts.vmm.find_vm(item.hypervisor_vm_id, item.friendly_name)
            if known is not None and self._services.hosts.knows(known.host):
                return known.host
        return provider.friendly_name

    def _look_elsewhere(self, search: Search) -> None:
        """Look on the site's other hosts: a copy may have been left there, or moved there, by an earlier failback.

        One that runs there counts always. That one cannot be asked counts where the VM was not found on its own hosts:
        then it may be there.
        """
        found = search.has_found
        names = self._names_of_site(search.item)
        of_site = () if isinstance(names, NotRead) else names
        # Where its own host is not known, it is one of these: they are asked anew, as that would be.
        max_age = self._max_age if search.unread else self._max_age_elsewhere
        others = [name for name in of_site if name not in search.names]
        self._ask_at_once(others, max_age)
        if isinstance(names, NotRead) and not found and not search.unread:
            unlisted = f"the other hosts of its site are not known: {names.reason}"
            search.add(Copy("", NOT_CHECKED, unlisted, is_target=False))
        for name in others:
            if not found or self._services.hosts.knows(name):
                search.look(name, max_age=max_age, only_if_there=found)
        for node in search.nodes_left():
            # It may have the machine as well, whether Site Recovery knows it or not.
            if not found or self._services.hosts.knows(node):
                search.look(node, max_age=max_age, only_if_there=found)
        is_wanted = self._beyond_site and search.is_denied
        if is_wanted or search.unread or isinstance(names, NotRead):
            self._look_at_named(search, of_site, max_age, counts_silent=is_wanted)

    def _look_at_named(self, search: Search, asked: Sequence[str], max_age: float, *, counts_silent: bool) -> None:
        """Look on every host that the user has named: nobody tells which of them are the machine's, or it is not where
        it should be.

        Only what is there counts, as most of them are of other machines; C(counts_silent): one that does not tell may
        have it. A VMM server never tells that it has not.
        """
        self._ask_at_once(self._services.hosts.listed(), max_age)
        for name in self._services.hosts.listed():
            if not any(is_same_host(name, one) for one in (*search.names, *asked)):
                facts = self._answer(name, max_age)
                tells_all = isinstance(facts, NotRead) or facts.vmm is None
                search.look(name, max_age=max_age, only_if_there=not (counts_silent and tells_all))

    def _ask_at_once(self, names: Sequence[str], max_age: float) -> None:
        """Ask hosts at the same time: one after the other, the first answer would be an old one when the last comes.

        Azure is not asked for the time by several at once, so where that is needed the hosts wait for each other.
        """
        if self._now is not None:
            return
        ask, hosts = partial(self._answer, max_age=max_age), self._services.hosts

        def is_open(name: str) -> bool:
            return name.lower() not in self._answers and hosts.knows(name)

        for name in filter(is_open, names):
            if self._has_answer(name, max_age):
                ask(name)
        unasked = [*filter(is_open, names)]
        if not unasked:
            return
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            # Whose turn it is says which answers of others count, in each thread.
            answers = [pool.submit(copy_context().run, ask, name) for name in unasked]
            for answer in answers:
                answer.result()

    def _names_of_site(self, item: ReplicatedItem) -> list[str] | NotRead:
        if item.fabric_name not in self._listed:
            try:
                providers = self._services.azure.site_recovery.providers(item.fabric_name)
                self._listed[item.fabric_name] = [provider.friendly_name for provider in providers]
            except (PermissionDenied, NotFound) as problem:
                self._listed[item.fabric_name] = NotRead(problem.happened)
        return self._listed[item.fabric_name]

    def _has_answer(self, name: str, max_age: float) -> bool:
        """Whether nobody has to be asked for what a host says. One that cannot be asked at all says why when it is."""
        terms = {"power_only": self._is_power_enough(max_age), "may_miss_end": self._may_miss_end}
        with suppress(FailbackError):
            return not self._anew and self._services.hosts.has_answer(name, max_age, **terms)
        return False

    def _answer(self, name: str, max_age: float | None = None) -> HostFacts | NotRead:
        """Return what a host says, asking it once for all the items."""
        key = name.lower()
        if key not in self._answers:
            self._answers[key] = self._facts(name, self._max_age if max_age is None else max_age)
        return self._answers[key]

    def _is_power_enough(self, max_age: float) -> bool:
        """Whether a host need only say what runs: it is not one of an item's own."""
        return self._power_only and max_age > self._max_age

    def _facts(self, name: str, max_age: float) -> HostFacts | NotRead:
        hosts = self._services.hosts
        if not hosts.knows(name):
            return NotRead(not_listed([name]))
        try:
            return hosts.facts(
                name,
                self._wanted,
                max_age,
                self._now,
                power_only=self._is_power_enough(max_age),
                anew=self._anew,
                may_miss_end=self._may_miss_end,
            )
        except FailbackError as problem:
            return NotRead(problem.happened, problem)

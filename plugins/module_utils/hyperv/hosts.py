# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that a task may ask, and what they said, shared by the tasks of a run.

A host may be asked when the inventory has it or the option hyperv_hosts names it; never merely because Azure does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from ..model.failures import ConfigurationError, HostAuthenticationError, HostError, HostUnreachable
from ..model.host_names import is_same_host
from ..model.hyperv_documents import parse_host
from ..model.hyperv_hosts import HostFacts
from ..model.json_path import parse_time
from ..model.look_age import SHARED_ANSWER
from ..model.programs import RunProgram, no_programs
from ..run_cache import RunCache
from ..shared_reads import UNSHARED, SharedReads
from ..watch import Watch
from .lockout_guard import Refusals
from .scripts.host_facts import SCRIPT
from .session import HostSession
from .settings import HostSettings, resolve_settings

# Variables of the inventory host that stands for a Hyper-V host of this name; None where there is none.
Inventory = Callable[[str], "Mapping[str, Any] | None"]
Clock = Callable[[], datetime]
# Seconds. What a host says after a job is the proof of what the job did: a job that took all the time has one, too.
_LEAST_SECONDS = 120
# Seconds for which nobody else asks a host in vain: that it said nothing proves nothing, however long ago it was.
_SILENCE_COUNTS_FOR = 120
# Seconds for which a host of a task's own is not asked again that was waited for in vain, and after how many it was. A
# look is too old after such a wait; the next one must not wait again.
_VAIN_COUNTS_FOR, _VAIN_AFTER = 30, 2
# Seconds after which it is known what another process of the run has changed.
_NEWS = 1.0
# Before any change, by the clock of the run.
_NEVER = -1.0
# When a task of the run moved virtual machines last.
_MOVED = "moved"
_KINDS = {kind.kind: kind for kind in (HostError, HostUnreachable, HostAuthenticationError)}


def no_inventory(_name: str) -> None:
    """Return that there is no such host: outside of the controller's own process there is no inventory."""


class Hosts:
    """The Hyper-V hosts and VMM servers that a task may ask.

    C(options) are those of the task (winrm_* and hyperv_hosts). C(inventory) finds a host by its name, whole or short,
    and C(listed) are the names of those in it that are known to be Hyper-V hosts or VMM servers.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        inventory: Inventory,
        watch: Watch,
        cache: RunCache,
        environ: Mapping[str, str] | None = None,
        run_program: RunProgram = no_programs,
        listed: Iterable[str] = (),
        shared: SharedReads = UNSHARED,
    ) -> None:
        self._listed = listed
        self._shared = shared
        self._options = options
        self._inventory = inventory
        self._watch = watch
        self._cache = cache
        self._found: dict[str, tuple[Mapping[str, Any], str] | None] = {}
        # What was asked in vain, and when that was known, by what the answer depends on.
        self._in_vain: dict[str, Mapping[str, Any]] = {}
        self._environ = environ or {}
        self._run_program = run_program

    @property
    def refusals(self) -> Refusals:
        """The passwords that were refused in this run: an account is the same on a host and in a guest."""
        return Refusals(self._cache, self._watch)

    def knows(self, name: str) -> bool:
        """Whether the host that Site Recovery calls by this name may be asked."""
        return self._find(name) is not None

    def listed(self) -> list[str]:
        """Return the names of all hosts that the user has named as such, each once."""
        return list(dict.fromkeys([*map(str, self._options.get("hyperv_hosts") or {}), *self._listed]))

    def session(self, name: str) -> HostSession:
        """Return a session with a host that may be asked. Nothing is sent yet. Raises ConfigurationError."""
        found = self._find(name)
        if found is None:
            raise ConfigurationError(
                f"Host {name} is neither in the inventory nor in hyperv_hosts.", "Put it into one of them."
            )
        return self._session(name, *found)

    def named(self, host: str) -> HostSession:
        """Return a session with the host that the user means: one of the inventory, else an address."""
        if not host:
            raise ConfigurationError("host is not given.", "Set host: outside of the controller no inventory is known.")
        variables = self._inventory(host)
        return self._session(host, variables or {}, "" if variables is not None else host)

    def facts(
        self,
        name: str,
        wanted: Sequence[tuple[str, str]] | None = None,
        max_age: float = 0,
        now: Clock | None = None,
        *,
        power_only: bool = False,
        anew: bool = False,
        may_miss_end: bool = False,
    ) -> HostFacts:
        """Return what a host says of itself, and of the VMs that are wanted by id and name: None stands for all.

        C(max_age) is how many seconds ago another task of the run may have asked. Above 0 the host is asked about all
        its VMs, so that the tasks for the others need not; C(power_only): about what says whether they run, as one with
        a hundred VMs takes too long otherwise. C(now) tells the time before and after it is asked. C(anew): no answer
        counts that somebody else got. C(may_miss_end): one from before the end of the job that the asker has
        followed, where a task goes on with many.
        """
        session = self.session(name)
        if self._shared.shares and not anew:
            return self._shared_facts(name, session, max_age, now, power_only=power_only, may_miss_end=may_miss_end)
        if anew or max_age <= 0:
            return self._seen(name, self._ask_own(session, wanted, now))
        answer = self._cache.get_or_make(
            _key(session, now, power_only=power_only),
            lambda kept: self._counts(kept, session, max_age),
            lambda: self._ask_to_keep(session, now, power_only=power_only),
        )
        return self._seen(name, answer)

    def _shared_facts(
        self,
        name: str,
        session: HostSession,
        max_age: float,
        now: Clock | None,
        *,
        power_only: bool,
        may_miss_end: bool,
    ) -> HostFacts:
        """Return what a host says, asked for all the virtual machines of the task: also where one wants it asked anew,
        an answer counts that is newer than its own last change.
        """
        taken = self._taken(session, max_age, may_miss_end=may_miss_end)
        in_short = power_only and not self._has_told_all(session, now, taken)
        said: _Said = self._shared.get(
            _key(session, now, power_only=in_short),
            lambda: _Said(self._ask_to_keep(session, now, power_only=in_short)),
            tells=lambda said: said.tells,
            **taken,
        )
        facts = said.facts()
        self._watch.look.saw_host(name, said.answer["asked"])
        return facts

    def has_answer(self, name: str, max_age: float, *, power_only: bool, may_miss_end: bool) -> bool:
        """Say whether facts() would ask nobody for this, without its C(now), where a task goes on with many.

        Raises ConfigurationError.
        """
        session = self.session(name)
        taken = self._taken(session, max_age, may_miss_end=may_miss_end)
        own = self._shared.counts(_key(session, None, power_only=power_only), **taken)
        return own or (power_only and self._has_told_all(session, None, taken))

    def _has_told_all(self, session: HostSession, now: Clock | None, taken: Mapping[str, Any]) -> bool:
        """Say whether a host that was asked about everything has told it, and so what runs. That it told nothing is no
        answer to less: with many machines, it may have had no time for all."""

        def counts(said: _Said) -> bool:
            return said.tells and bool(taken["still_counts"](said))

        return self._shared.counts(_key(session, now), **{**taken, "still_counts": counts})

    def _taken(self, session: HostSession, max_age: float, *, may_miss_end: bool) -> dict[str, Any]:
        """Return which answers are taken that somebody else got."""
        max_age = max(max_age, SHARED_ANSWER)
        return {
            "max_age": max(max_age, _SILENCE_COUNTS_FOR),
            "still_counts": lambda said: self._counts(said.answer, session, max_age),
            "may_miss_end": may_miss_end,
        }

    def _seen(self, name: str, answer: Mapping[str, Any]) -> HostFacts:
        """Return what an answer says. What was written next rests on it; on none, where there was none, it does not."""
        facts = _facts_of(answer)
        self._watch.look.saw_host(name, answer["asked"])
        return facts

    def look(
        self, session: HostSession, wanted: Sequence[tuple[str, str]] | None = None, now: Clock | None = None
    ) -> HostFacts:
        """Return what a host says of itself now, as `facts` does."""
        return _facts_of(self._ask(session, wanted, now))

    def change(
        self,
        session: HostSession,
        script: str,
        request: Mapping[str, Any],
        look_again: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        """Let a host change something: one task of the run at a time, and what it said before counts no more.

        Whatever comes of it, as an answer that gets lost may have changed something as well. C(look_again): the change
        rests on a look, which is taken again where it has become too old when the turn comes. Raises NotTaken where it
        is too old once the host is ready to take the change, and HostError where the turn does not come in time.
        """
        with self._cache.turn(change_turn(session.settings.endpoint), partial(self._wait_for_turn, session)):
            if look_again is not None and not self._watch.look.is_fresh():
                look_again()
            confirm = self._watch.look.require_fresh if look_again is not None else None
            try:
                return session.ask(script, request, changes=True, confirm=confirm)
            finally:
                self._cache.get_or_make(_change_key(session), lambda _before: False, self._watch.now)
                self._shared.drop(_change_key(session))

    def _wait_for_turn(self, session: HostSession, seconds: float) -> None:
        """Wait for other tasks of the run that change something on a host, no longer than this one may take."""
        self._watch.sleep(seconds)
        if self._watch.remaining() <= 0:
            raise HostError(
                f"Other tasks of this run were changing something on {session.settings.where} until the time was over.",
                "Nothing was changed by this one. Run the task again.",
                host=session.settings.name,
            )

    def _counts(self, kept: Mapping[str, Any], session: HostSession, max_age: float) -> bool:
        """Say whether an answer is new enough, and newer than the last change by a task of this run."""
        counts_for = max(max_age, _SILENCE_COUNTS_FOR) if kept.get("problem") else max_age
        return self._is_of_now(kept, session, counts_for)

    def _is_of_now(self, kept: Mapping[str, Any], session: HostSession, seconds: float) -> bool:
        asked: float = kept["asked"]
        if self._watch.now() - asked > seconds or asked <= self._noted(_change_key(session)):
            return False
        # By a clock that is too coarse to tell, what is asked for at the very end of a task is asked after it.
        return asked >= self._noted(_MOVED)

    def _noted(self, key: str) -> float:
        """Return when a task of this run has changed something last. Of another process, what it did a moment ago is
        known in a moment."""

        def read() -> float:
            changed: float = self._cache.get_or_make(key, lambda _before: True, lambda: _NEVER)
            return changed

        return self._shared.get(key, read, _NEWS, tells=lambda _changed: False)

    def _ask_own(
        self, session: HostSession, wanted: Sequence[tuple[str, str]] | None, now: Clock | None
    ) -> Mapping[str, Any]:
        """Ask a host anew, unless it was just waited for in vain."""
        key, began = session.settings.identity, self._watch.now()
        kept = self._in_vain.get(key)
        if kept is not None and self._is_of_now(kept, session, _VAIN_COUNTS_FOR):
            return kept
        try:
            return self._ask(session, wanted, now)
        except HostError as problem:
            if self._watch.now() - began >= _VAIN_AFTER:
                self._in_vain[key] = self._as_answer(problem)
            raise

    def _ask_to_keep(self, session: HostSession, now: Clock | None, *, power_only: bool) -> dict[str, Any]:
        """Ask about all VMs; that a host cannot be asked is worth keeping too: finding out can take long."""
        try:
            return self._ask(session, None, now, power_only=power_only)
        except HostError as problem:
            return self._as_answer(problem)

    def _as_answer(self, problem: HostError) -> dict[str, Any]:
        parts = {"kind": problem.kind, "happened": problem.happened, "remedy": problem.remedy}
        return {"asked": self._watch.now(), "problem": {**parts, "details": problem.details}}

    def _ask(
        self,
        session: HostSession,
        wanted: Sequence[tuple[str, str]] | None,
        now: Clock | None,
        *,
        power_only: bool = False,
    ) -> dict[str, Any]:
        vms = None if wanted is None else [{"id": vm_id, "name": name} for vm_id, name in wanted]
        before, asked = now().isoformat() if now else "", self._watch.now()
        document = session.ask(SCRIPT, {"vms": vms, "power_only": power_only})
        between = [before, now().isoformat()] if now else []
        transports = list(session.settings.transports)
        return {"asked": asked, "document": document, "between": between, "transports": transports}

    def _find(self, name: str) -> tuple[Mapping[str, Any], str] | None:
        """Return the variables of a host that may be asked, and its address where the user gave one.

        They are kept, for all virtual machines of the task that are reached the same way: each of them needs all hosts
        of its site, and to find one by its short name takes a look at every host of the inventory.
        """
        if name not in self._found:
            self._found[name] = self._shared.once(f"host of the inventory|{name}", lambda: self._look_up(name))
        return self._found[name]

    def _look_up(self, name: str) -> tuple[Mapping[str, Any], str] | None:
        named = self._options.get("hyperv_hosts") or {}
        word = next((str(word or name) for key, word in named.items() if is_same_host(str(key), name)), "")
        variables = self._inventory(word or name)
        if variables is not None:
            return variables, ""
        return ({}, word) if word else None

    def _session(self, name: str, variables: Mapping[str, Any], address: str) -> HostSession:
        settings: HostSettings = self._shared.once(
            f"settings|{name}|{address}",
            lambda: resolve_settings(name, self._options, variables, self._environ, address),
        )
        return HostSession(settings, self._watch, _LEAST_SECONDS, self.refusals, self._run_program)


class _Said:
    """What a host said, parsed once: of a site's hosts, its text would take as much memory again."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._facts = None if answer.get("problem") else _facts_of(answer)
        self.answer = {key: value for key, value in answer.items() if key != "document"}

    @property
    def tells(self) -> bool:
        """Whether the host said anything."""
        return self._facts is not None

    def facts(self) -> HostFacts:
        """Return it. Raises what the host, or the way to it, had against the question."""
        return self._facts if self._facts is not None else _facts_of(self.answer)


def _key(session: HostSession, now: Clock | None, *, power_only: bool = False) -> str:
    return f"host|{session.settings.identity}|{now is not None}|{power_only}"


def note_move(cache: RunCache, now: float) -> None:
    """Say that a task of the run has moved virtual machines, or may have: what hosts said before counts no more. C(now)
    is the time of its watch."""
    cache.update(_MOVED, lambda _before: now)


def change_turn(endpoint: str) -> str:
    """Return the key of the turn that the tasks of a run take at changing something on a host."""
    return f"change|{endpoint}"


def _change_key(session: HostSession) -> str:
    return f"changed|{session.settings.endpoint}"


def _facts_of(answer: Mapping[str, Any]) -> HostFacts:
    problem = answer.get("problem")
    if problem:
        raise _KINDS[problem["kind"]](problem["happened"], problem["remedy"], **problem["details"])
    before, after = (parse_time(time) for time in answer["between"] or ("", ""))
    return parse_host(answer["document"], (before, after) if before and after else None, answer["transports"])

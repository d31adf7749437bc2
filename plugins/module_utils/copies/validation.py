# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of machines that were cut over: tried again until all have passed, one cannot any more, or time is up.

Each round asks a host once for all the machines on it, and only for those that still need it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..model.evidence import (
    ADDRESSES,
    ATTESTED,
    EXPECTED_ADDRESSES,
    FAIL,
    HEARTBEAT,
    NOT_CHECKED,
    PASS,
    Check,
    Evidence,
    Outcome,
    VmEvidence,
)
from ..model.findings import NotRead
from ..model.guest_checks import (
    Guest,
    check_addresses,
    check_expected_addresses,
    check_heartbeat,
    routable_addresses,
)
from ..model.hyperv_hosts import HostVm
from ..model.items import ReplicatedItem
from ..model.lifecycle import Observation
from ..model.look_age import Age
from ..model.split_brain import ABSENT
from ..probes.probe import Probe
from ..runner.request import ValidateRequest
from ..runner.services import Services
from ..runner.target import cut_over_at, service_time
from ..waiting import Pause, Pending, read_patiently, wait_until
from ..watch import Watch
from .on_premises import OnPremises, Placed

# An attempt at the very end still gets so many seconds.
_LEAST_SECONDS = 1.0


@dataclass
class _Task:
    """A check that may have to be tried again: C(check) is what was found last.

    C(attempt) takes what the hosts say of the guest, and the seconds that it may take at most.
    """

    check: Check
    attempt: Callable[[Guest, float], Outcome]
    needs_guest: bool = True
    is_probe: bool = False
    is_settled: bool = False

    def run(self, guest: Guest, limit: float, now: datetime) -> None:
        """Try once."""
        outcome = self.attempt(guest, limit)
        self.keep(outcome, now, self.check.attempts + 1)
        self.is_settled = outcome.status == PASS or outcome.is_final

    def keep(self, outcome: Outcome, now: datetime, attempts: int) -> None:
        """Keep what was found."""
        found = {"status": outcome.status, "seen": outcome.seen, "cause": outcome.cause, "remedy": outcome.remedy}
        self.check = replace(self.check, **found, at=now, attempts=attempts)


@dataclass
class _Machine:
    """A machine with its checks. C(cut_over_at) is the end of its failback job, where that is known."""

    item: ReplicatedItem
    cut_over_at: datetime | None
    tasks: list[_Task] = field(default_factory=list)

    @property
    def open_tasks(self) -> list[_Task]:
        """What has to be tried, again or for the first time."""
        return [task for task in self.tasks if not task.is_settled]

    @property
    def has_failed(self) -> bool:
        """Whether one of its checks cannot pass any more."""
        return any(task.is_settled and task.check.status == FAIL for task in self.tasks)

    def run(self, guest: Guest, limit: Callable[[], float], now: datetime) -> None:
        """Try once what is open. A guest without a heartbeat is not probed: it is still booting, if at all."""
        for task in self.open_tasks:
            if task.is_probe and self._has_no_heartbeat():
                task.keep(_NOT_TRIED, now, task.check.attempts)
            else:
                task.run(guest, limit(), now)

    def _has_no_heartbeat(self) -> bool:
        return any(task.check.kind == HEARTBEAT and task.check.status == FAIL for task in self.tasks)

    def waits_for(self) -> str:
        """Say what has not passed yet."""
        told = ", ".join(f"{task.check.id} ({_seen(task.check)})" for task in self.open_tasks)
        return f"{self.item.friendly_name} waits for {told}"

    def evidence(self) -> VmEvidence:
        """Return what was found."""
        checks = tuple(task.check for task in self.tasks)
        return VmEvidence(self.item.id, self.item.friendly_name, self.cut_over_at, checks)


def _seen(check: Check) -> str:
    """Say what was seen, or why nothing was: there may be something to do meanwhile."""
    return f"{check.seen}: {check.cause.rstrip('.')}" if check.status == NOT_CHECKED and check.cause else check.seen


_NOT_TRIED = Outcome(FAIL, "not tried", "The VM shows no heartbeat.", "See the heartbeat check.")


class Validation:
    """One validation of the members of a target."""

    def __init__(
        self, services: Services, request: ValidateRequest, watch: Watch, members: Sequence[Observation]
    ) -> None:
        self._services = services
        self._request = request
        self._watch = watch
        self._has_tried = False
        session = services.azure
        refusals = services.hosts.refusals
        probes = tuple(probe.equipped(services.run_program, refusals) for probe in request.probes)
        equipped = replace(request, probes=probes)
        self._machines = [
            _Machine(member.item, cut_over_at(session, member), _tasks(equipped, member.item)) for member in members
        ]

    async def run(self) -> Evidence:
        """Try until everything has passed, something cannot any more, or the deadline has come."""
        if self._machines:
            await self._pass_the_cut_over()
            await wait_until(self._round, self._watch, self._request.interval, out_of_time=lambda _pending: None)
        return Evidence(self._services.azure.vault_id, tuple(machine.evidence() for machine in self._machines))

    async def _pass_the_cut_over(self) -> None:
        """Let the second end in which the cut-over did: Azure tells its time in whole seconds; evidence is newer."""
        now = await read_patiently(lambda: self._time(Age.OWN), self._watch, self._request.interval)
        early = self._seconds_left(now)
        if early >= 0:
            await Pause(early + 1)

    def _seconds_left(self, now: datetime) -> float:
        """Return the seconds until the last of the machines was cut over; negative after that."""
        ends = [machine.cut_over_at for machine in self._machines if machine.cut_over_at]
        return (max(ends) - now).total_seconds() if ends else -1.0

    def _now(self) -> datetime:
        """Return Azure's time, or what it was a moment ago if that was after the cut-over: evidence may be newer than
        it says, but not older."""
        a_moment_ago = self._time(Age.OWN)
        return a_moment_ago if self._seconds_left(a_moment_ago) < 0 else self._time(Age.NOW)

    def _time(self, age: Age) -> datetime:
        return service_time(self._services.azure, self._machines[0].item, age)

    def _round(self) -> Pending | None:
        """Try once what is open; return what is waited for, None where nothing is."""
        if self._watch.remaining() <= 0 and self._has_tried:
            return None
        self._has_tried = True
        # Before the attempts: what passes is at least as new as this.
        now = self._now()
        asked = [machine.item for machine in self._machines if any(task.needs_guest for task in machine.open_tasks)]
        placed = OnPremises(self._services, everywhere=False).place(asked) if asked else {}
        for machine in self._machines:
            known = placed.get(machine.item.id)
            machine.run(_guest(known) if known else NotRead("it was not asked for"), self._limit, now)
        waiting = [machine for machine in self._machines if machine.open_tasks]
        if not waiting or any(machine.has_failed for machine in self._machines):
            return None
        return Pending("; ".join(machine.waits_for() for machine in waiting))

    def _limit(self) -> float:
        return max(self._watch.remaining(), _LEAST_SECONDS)


def _guest(placed: Placed) -> Guest:
    """Return the machine as a host sees it; None where the hosts say that there is none, else why it is not known."""
    if placed.machine is not None:
        return placed.machine
    if isinstance(placed.facts, NotRead):
        return placed.facts
    if all(copy.state == ABSENT for copy in placed.copies):
        return None
    return NotRead("; ".join(f"{copy.where}: {copy.reason}" for copy in placed.copies))


def _tasks(request: ValidateRequest, item: ReplicatedItem) -> list[_Task]:
    expected = request.expected_addresses
    tasks = [_attested(number, words) for number, words in enumerate(request.attested, 1)]
    # The heartbeat first: probes wait for it.
    if request.heartbeat:
        tasks.append(_of_guest(HEARTBEAT, check_heartbeat))
    if request.addresses:
        tasks.append(_of_guest(ADDRESSES, check_addresses))
    if expected:
        tasks.append(_of_guest(EXPECTED_ADDRESSES, lambda guest: check_expected_addresses(guest, expected)))
    mine = [probe for probe in request.probes if not probe.vm or item.answers_to(probe.vm)]
    return [*tasks, *(_of_probe(probe, request.check_mode) for probe in mine)]


def _untried(identifier: str, kind: str) -> Check:
    return Check(identifier, kind, NOT_CHECKED, "not tried")


def _attested(number: int, words: str) -> _Task:
    passed = Outcome(PASS, words)
    return _Task(_untried(f"{ATTESTED}_{number}", ATTESTED), lambda _guest, _limit: passed, needs_guest=False)


def _of_guest(kind: str, judge: Callable[[Guest], Outcome]) -> _Task:
    return _Task(_untried(kind, kind), lambda guest, _limit: judge(guest))


def _of_probe(probe: Probe, check_mode: bool) -> _Task:
    def attempt(guest: Guest, limit: float) -> Outcome:
        if check_mode and probe.runs_command:
            return Outcome(NOT_CHECKED, "not run", "Check mode runs no command in a VM.", is_final=True)
        seconds = min(probe.timeout, limit)
        if not probe.needs_address:
            return probe.attempt(probe.host, seconds)
        addresses = routable_addresses(guest) if isinstance(guest, HostVm) else []
        return probe.attempt(addresses[0], seconds) if addresses else _no_address(guest)

    return _Task(_untried(probe.name, probe.kind), attempt, needs_guest=probe.needs_address, is_probe=True)


def _no_address(guest: Guest) -> Outcome:
    unseen = check_addresses(guest)
    return Outcome(FAIL, "no address to go to", unseen.cause, "Give the probe a host.", is_final=unseen.is_final)

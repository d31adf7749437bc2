# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping a virtual machine on its Hyper-V host, and keeping the host from starting it again.

Each change is sent once. Where no answer comes, the machine is read until it is off, or the time for it is over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..failback.abandonment import AWAIT_OFF, START_NOTHING, TURN_OFF, Stop
from ..failback.failures import FailbackError, FateUnknown, HostError
from ..hyperv.scripts.vm_power import SCRIPT
from ..hyperv.session import HostSession
from ..watch import Watch
from .services import Services
from .wishes import AbandonWish

# Seconds between two looks at a machine that shuts down.
_INTERVAL = 10.0
_OFF = "Off"
# What was done to a machine: what, its facts before and after.
Told = Callable[[str, dict[str, Any], dict[str, Any]], None]


class HostPower:
    """Stops one copy on its host. C(told) hears of every change that was made."""

    def __init__(self, services: Services, wish: AbandonWish, watch: Watch, stop: Stop, told: Told) -> None:
        if stop.copy.machine is None:  # The decision plans no stop of a machine that its host did not show.
            raise ValueError(f"no machine was read on {stop.copy.place}")
        self._services = services
        self._wish = wish
        self._watch = watch
        self._stop = stop
        self._told = told
        self._machine = stop.copy.machine
        self._place = stop.copy.place
        self._session: HostSession = services.hosts.session(self._place)

    def bring_down(self) -> None:
        """Stop the machine as planned, and hold it down. Raises HostError where it does not go off."""
        if self._stop.power:
            self._bring_off()
        if self._stop.holds:
            self._hold()

    def _bring_off(self) -> None:
        unknown, failure = None, ""
        before = self._before()
        if self._stop.power != AWAIT_OFF:
            unknown, failure = self._change(self._stop.power)
        after = self._await_off(0 if failure else self._wish.shutdown_timeout)
        done = self._stop.power
        if after["state"] != _OFF and self._wish.force_off and done != TURN_OFF:
            done = TURN_OFF
            unknown, failure = self._change(done)
            after = self._await_off(0 if failure else self._wish.shutdown_timeout)
        if after["state"] != _OFF:
            raise unknown or self._still_up(after["state"], failure)
        self._told(done, before, after)

    def _hold(self) -> None:
        before = self._read()
        unknown, _failure = self._change("hold")
        after = self._read()
        if after["automatic_start_action"] != START_NOTHING:
            raise unknown or HostError(
                f"The automatic start action of {self._machine.name} on {self._place} is still "
                f"{after['automatic_start_action']}.",
                "Set it to Nothing (Set-VM -AutomaticStartAction Nothing), then run the task again.",
                host=self._place,
            )
        self._told("hold", before, after)

    def _before(self) -> dict[str, Any]:
        machine = self._machine
        return {"state": machine.state, "automatic_start_action": machine.automatic_start_action}

    def _change(self, action: str) -> tuple[FateUnknown | None, str]:
        """Send a change; return the failure of one whose answer got lost, and the host's word against it."""
        self._watch.report(f"{self._machine.name} on {self._place}: {action.replace('_', ' ')}")
        request = {"id": self._machine.id, "action": action}
        try:
            answer = self._services.hosts.change(self._session, SCRIPT, request)
        except FateUnknown as unknown:
            return unknown, ""
        return None, str(answer["failure"] or "")

    def _read(self) -> dict[str, Any]:
        seen: dict[str, Any] = self._session.ask(SCRIPT, {"id": self._machine.id, "action": "read"})["after"]
        return seen

    def _await_off(self, seconds: float) -> dict[str, Any]:
        """Read the machine until it is off, or the time is over; a host that does not answer meanwhile may do later."""
        ends = max(self._watch.remaining() - seconds, 0)
        while True:
            problem: FailbackError | None = None
            try:
                seen = self._read()
            except HostError as unread:
                problem, seen = unread, {}
            if seen.get("state") == _OFF or self._watch.remaining() <= ends:
                if problem is not None:
                    raise problem
                return seen
            self._watch.sleep(self._wish.poll_interval or _INTERVAL)

    def _still_up(self, state: str, failure: str) -> HostError:
        why = f"the host says: {failure}" if failure else f"not within {self._wish.shutdown_timeout:.0f} seconds"
        ways = "" if self._wish.force_off else ", or allow to turn it off (force_off: true)"
        problem = HostError(
            f"{self._machine.name} on {self._place} did not go off, it is {state}: {why}.",
            f"Shut it down by hand{ways}, then run the task again.",
            host=self._place,
            message=failure,
        )
        problem.wrote = True
        return problem

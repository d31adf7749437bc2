# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping a virtual machine on its Hyper-V host, and keeping the host from starting it again.

Each change is sent once. Where no answer comes, the machine is read until it is off, or the time for it is over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..failback.abandonment import AWAIT_OFF, HOLD, START_NOTHING, TURN_OFF, Stop
from ..failback.failures import FailbackError, FateUnknown, HostAuthenticationError, HostError, HostUnreachable
from ..failback.power_states import is_off
from ..hyperv.scripts.vm_power import SCRIPT
from ..hyperv.session import HostSession
from ..watch import Watch
from .changes import Change
from .services import Services
from .wishes import AbandonWish

# Seconds between two looks at a machine that shuts down.
_INTERVAL = 10.0
_START_ACTION = "automatic_start_action"
# Begins a change of the machine: what, and the state or start action before.
Begin = Callable[[str, str], Change]


class HostPower:
    """Stops one copy on its host. C(begin) keeps every change from the moment that it is sent."""

    def __init__(self, services: Services, wish: AbandonWish, watch: Watch, stop: Stop, begin: Begin) -> None:
        if stop.copy.machine is None:  # The decision plans no stop of a machine that its host did not show.
            raise ValueError(f"no machine was read on {stop.copy.place}")
        self._services = services
        self._wish = wish
        self._watch = watch
        self._stop = stop
        self._begin = begin
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
        power, state = self._stop.power, self._machine.state
        change, unknown, failure = None, None, ""
        if power != AWAIT_OFF:
            change, unknown, failure = self._send(power, state)
        state = self._await_off(failure)
        if not is_off(state) and self._wish.force_off and power != TURN_OFF:
            self._settle(change, state, failure)
            change, unknown, failure = self._send(TURN_OFF, state)
            state = self._await_off(failure)
        if not is_off(state):
            self._settle(change, state, failure)
            raise unknown or self._still_up(state, failure)
        self._settle(change or self._begin(AWAIT_OFF, self._machine.state), state, "")

    def _settle(self, change: Change | None, after: str, failure: str) -> None:
        """Say what a change led to; one that its host refused, and of which nothing is seen, was none."""
        if change is None:
            return
        if failure and after == change.step["before"]:
            change.was_refused()
        else:
            change.led_to(after, f"host {self._place}")

    def _hold(self) -> None:
        change, unknown, failure = self._send(HOLD, self._read()[_START_ACTION])
        after = self._read()[_START_ACTION]
        self._settle(change, after, failure)
        if after != START_NOTHING:
            raise unknown or HostError(
                f"The automatic start action of {self._machine.name} on {self._place} is still {after}.",
                "Set it to Nothing (Set-VM -AutomaticStartAction Nothing), then run the task again.",
                host=self._place,
            )

    def _send(self, action: str, before: str) -> tuple[Change, FateUnknown | None, str]:
        """Send a change; return it, the failure of one whose answer got lost, and the host's word against it."""
        self._watch.report(f"{self._machine.name} on {self._place}: {action.replace('_', ' ')}")
        request = {"id": self._machine.id, "action": action}
        change = self._begin(action, before)
        try:
            answer = self._services.hosts.change(self._session, SCRIPT, request)
        except FateUnknown as unknown:
            return change, unknown, ""
        except (HostUnreachable, HostAuthenticationError):
            # It never got as far as being sent.
            change.was_refused()
            raise
        return change, None, str(answer["failure"] or "")

    def _read(self) -> dict[str, Any]:
        seen: dict[str, Any] = self._session.ask(SCRIPT, {"id": self._machine.id, "action": "read"})["after"]
        return seen

    def _await_off(self, failure: str) -> str:
        """Read the machine until it is off, or the time is over: at once after a C(failure). Return its state.

        A host that does not answer meanwhile may do later.
        """
        ends = max(self._watch.remaining() - (0 if failure else self._wish.shutdown_timeout), 0)
        while True:
            problem: FailbackError | None = None
            try:
                seen = self._read()
            except HostError as unread:
                problem, seen = unread, {}
            if is_off(str(seen.get("state", ""))) or self._watch.remaining() <= ends:
                if problem is not None:
                    raise problem
                return str(seen["state"])
            self._watch.report(f"{self._machine.name} on {self._place} is {seen.get('state', 'not to be read')}")
            self._watch.sleep(self._wish.poll_interval or _INTERVAL)

    def _still_up(self, state: str, failure: str) -> HostError:
        why = f"the host says: {failure}" if failure else f"not within {self._wish.shutdown_timeout:.0f} seconds"
        ways = "" if self._wish.force_off else ", or allow to turn it off (force_off: true)"
        return HostError(
            f"{self._machine.name} on {self._place} did not go off, it is {state}: {why}.",
            f"Shut it down by hand{ways}, then run the task again.",
            host=self._place,
            message=failure,
        )

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping a virtual machine on its Hyper-V host, and keeping the host from starting it again.

A guest is asked to shut down, and asked again only where it certainly was not asked. The machine is then read until it
is off, or the time for it is over. It is turned off only after that time, and only where the user allows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..hyperv.scripts.vm_power import SCRIPT
from ..hyperv.session import HostSession
from ..model.failures import (
    FailbackError,
    FateUnknown,
    HostAuthenticationError,
    HostError,
    HostUnreachable,
    NotTaken,
)
from ..model.guest_shutdown import judge_shutdown
from ..model.power_states import OFF_ON_HOSTS, is_going_off, is_off
from ..model.undo_rules import AWAIT_OFF, KEEP_OFF, SHUT_DOWN, START_NOTHING, TURN_OFF, Stop
from ..runner.attempts import Attempts
from ..runner.request import UndoFailbackRequest
from ..runner.services import Services
from ..waiting import Pause, Pending, Steps, wait_until
from ..watch import Watch
from .changes import NAMES, Change

# Seconds between two looks at a machine that shuts down, and between two requests to a guest that was not asked.
_INTERVAL = 10.0
_ASK_AGAIN = 30.0
# Seconds for which a machine is looked at whose host did not take a change.
_REFUSED = 60.0
_STATE, _START_ACTION = "state", "automatic_start_action"
_CLOSE = "An application with unsaved data may prevent that: close_applications: true closes it."
_NO_TIME = "Increase wait_timeout: it ended before shutdown_timeout."
_LOOK = "Check the VM on its host, then run the task again: it reads the current state first."
# Begins a change of the machine: what, and the state or start action before.
Begin = Callable[[str, str], Steps[Change]]
# Looks again at what a change rests on: what. Raises Contradiction.
LookAgain = Callable[[str], None]


@dataclass(frozen=True)
class _Sent:
    """What became of a change. C(change): None where none of this run counts. C(made): None where that is not known.

    C(why) says why it did not do what it was for, C(remedy) what helps against that, C(refusal) what the host says
    against it, C(is_final) that it will say so again. C(lost): its answer got lost.
    """

    change: Change | None
    made: bool | None
    why: str = ""
    remedy: str = ""
    refusal: str = ""
    is_final: bool = False
    lost: FateUnknown | None = None


class HostPower:
    """Stops one copy on its host. C(begin) keeps every change from the moment that it is sent; C(look_again) is for
    what had to wait since."""

    def __init__(
        self,
        services: Services,
        request: UndoFailbackRequest,
        watch: Watch,
        stop: Stop,
        begin: Begin,
        look_again: LookAgain,
    ) -> None:
        if stop.copy.machine is None:  # The decision plans no stop of a machine that its host did not show.
            raise ValueError(f"no machine was read on {stop.copy.place}")
        self._services = services
        self._request = request
        self._watch = watch
        self._stop = stop
        self._begin = begin
        self._look_again = look_again
        self._machine = stop.copy.machine
        self._place = stop.copy.place
        self._session: HostSession = services.hosts.session(self._place)

    async def bring_down(self) -> None:
        """Stop the machine as planned, and hold it down. Raises HostError where it does not go off.

        A host that cannot be asked any more once it has taken a change is a failure of its own: that says whether one
        was made, and the failure of a host that was never asked says that none was.
        """
        if self._stop.power:
            await self._bring_off()
        if self._stop.keeps_off:
            try:
                await self._keep_off()
            except (HostUnreachable, HostAuthenticationError) as silent:
                if not self._stop.power:
                    raise
                raise HostError(
                    f"{self._machine.name} on {self._place} was stopped, but its host could not be asked to keep it "
                    f"off: {silent.happened}",
                    _LOOK,
                    **silent.details,
                ) from silent

    async def _bring_off(self) -> None:
        sent, state, had_time = await self._shut_down()
        if not is_off(state) and self._request.force_off and had_time:
            await self._settle(sent, state)
            sent, state = await self._turn_off(state, sent.why)
        if not is_off(state):
            await self._settle(sent, state)
            raise sent.lost or self._still_up(state, sent, "" if had_time else _NO_TIME)
        if sent.change is None:
            sent = _Sent(await self._begin(AWAIT_OFF, self._machine.state), made=True)
        await self._settle(sent, state)

    async def _shut_down(self) -> tuple[_Sent, str, bool]:
        """Have the guest shut down within its time, which it has from when it was asked. Return what was sent for it,
        the state of the machine, and whether the task left it that time.

        Where it may be turned off in the end, it is asked as long, whatever stands against it.
        """
        ends, asks_at = self._ends(), self._watch.remaining()
        is_going = self._stop.power == AWAIT_OFF
        sent = _Sent(None, made=is_going, why=self._not_in_time("its guest was shutting down, but did"))
        state = self._machine.state
        while True:
            if sent.made is False and self._watch.remaining() <= asks_at:
                sent = await self._ask_guest(state)
                asks_at = self._watch.remaining() - _ASK_AGAIN
                ends = ends if sent.made is False else self._ends()
            seen = self._look()
            if sent.change is None and sent.made and isinstance(seen, str) and not (is_off(seen) or is_going_off(seen)):
                # Whose shutdown it was has withdrawn it.
                sent = _Sent(None, made=False, why=f"its guest was shutting down, but is {seen} again")
            is_given_up = sent.is_final and not self._request.force_off
            if _is_off(seen) or is_given_up or self._watch.remaining() <= ends:
                return sent, self._known(sent, SHUT_DOWN, seen), ends > 0
            await Pause(self._interval, self._not_off(seen).because)
            state = seen if isinstance(seen, str) else state

    async def _ask_guest(self, state: str) -> _Sent:
        change, answer, lost = await self._send(SHUT_DOWN, state, close_applications=self._request.close_applications)
        if answer is None:
            return _Sent(change, made=None, why=_words_of(lost), lost=lost)
        if is_off(answer["before"][_STATE]):
            change.was_refused()
            return _Sent(None, made=False, why="it was off when its guest was to be asked")
        verdict = judge_shutdown(answer)
        if verdict.is_taken is False:
            change.was_refused()
            return _Sent(None, made=False, why=verdict.words, remedy=verdict.remedy, is_final=not verdict.may_pass)
        if verdict.is_taken is None:
            change.explain(verdict.words)
            return _Sent(change, made=None, why=verdict.words)
        why = self._not_in_time("its guest was asked to shut down, but did")
        return _Sent(change, made=True, why=why, remedy="" if self._request.close_applications else _CLOSE)

    async def _turn_off(self, state: str, reason: str) -> tuple[_Sent, str]:
        """Turn the machine off, for this reason; return what was sent, and its state."""
        self._watch.report(f"{self._machine.name} on {self._place} does not shut down: {reason}")
        sent = await self._change(TURN_OFF, state, f"Turned off, as force_off allows: {reason}.")
        # A host may carry out what it says that it could not.
        time = self._request.shutdown_timeout
        patience = min(time, _REFUSED) if sent.refusal else time
        seen: str | HostError = state

        def look() -> Pending | None:
            nonlocal seen
            seen = self._look()
            return None if _is_off(seen) else self._not_off(seen)

        await wait_until(look, self._watch, self._interval, patience=patience, out_of_time=lambda _pending: None)
        return sent, self._known(sent, TURN_OFF, seen)

    async def _keep_off(self) -> None:
        sent = await self._change(KEEP_OFF, self._read()[_START_ACTION])
        after = self._known(sent, KEEP_OFF, self._look(_START_ACTION))
        await self._settle(sent, after)
        if after != START_NOTHING:
            raise sent.lost or HostError(
                f"The automatic start action of {self._machine.name} on {self._place} is still {after}.",
                "Set it to Nothing (Set-VM -AutomaticStartAction Nothing), then run the task again.",
                host=self._place,
                message=sent.refusal,
            )

    async def _change(self, action: str, before: str, detail: str = "") -> _Sent:
        """Send a change that the host makes at once. C(detail) is why."""
        change, answer, lost = await self._send(action, before)
        if detail:
            change.explain(detail)
        if answer is None:
            return _Sent(change, made=None, why=_words_of(lost), lost=lost)
        refusal = str(answer["failure"] or "")
        why = f"the host says: {refusal}" if refusal else "the host has accepted the change"
        return _Sent(change, made=None if refusal else True, why=why, refusal=refusal)

    async def _send(
        self, action: str, before: str, **options: Any
    ) -> tuple[Change, Mapping[str, Any] | None, FateUnknown | None]:
        """Send a change; return it with its answer, or with the failure of one whose answer got lost."""
        self._watch.report(f"{self._machine.name} on {self._place}: {action.replace('_', ' ')}")
        question = {"id": self._machine.id, "action": action, "off": OFF_ON_HOSTS, **options}
        attempts = Attempts(self._watch)
        while True:
            change = await self._begin(action, before)
            try:
                return change, *self._ask_for(change, action, question)
            except NotTaken as too_old:
                change.was_refused()
                await attempts.wait_after(too_old)

    def _ask_for(
        self, change: Change, action: str, question: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any] | None, FateUnknown | None]:
        """Let the host make a change; return its answer, or the failure of one whose answer got lost."""
        try:
            answer = self._services.hosts.change(self._session, SCRIPT, question, partial(self._look_again, action))
        except FateUnknown as unknown:
            return None, unknown
        except FailbackError as problem:
            if problem.wrote:
                change.explain(f"Whether {self._named(action)} was carried out is not known: {problem.happened}")
            else:
                # It never got as far as being begun.
                change.was_refused()
            raise
        if answer["before"] is None:
            change.was_refused()
            raise self._unread_before(action, str(answer["failure"] or ""))
        return answer, None

    def _read(self) -> dict[str, Any]:
        seen: dict[str, Any] = self._session.ask(SCRIPT, {"id": self._machine.id, "action": "read"})["after"]
        return seen

    def _look(self, part: str = _STATE) -> str | HostError:
        """Return a part of what the machine is now, or why that could not be read: later it may be."""
        try:
            return str(self._read()[part])
        except HostError as unread:
            return unread

    def _not_off(self, seen: str | HostError) -> Pending:
        is_read = isinstance(seen, str)
        return Pending(f"{self._machine.name} on {self._place} is {seen if is_read else 'not readable'}")

    @property
    def _interval(self) -> float:
        return self._request.poll_interval or _INTERVAL

    def _ends(self) -> float:
        """What is left of the watch when the time for the machine to go off is over."""
        return max(self._watch.remaining() - self._request.shutdown_timeout, 0)

    async def _settle(self, sent: _Sent, after: str) -> None:
        """Say what a change led to; one that its host refused, and of which nothing is seen, was none."""
        if sent.change is None:
            return
        if sent.refusal and after == sent.change.step["before"]:
            sent.change.was_refused()
        else:
            await sent.change.led_to(after, f"host {self._place}")

    def _known(self, sent: _Sent, action: str, seen: str | HostError) -> str:
        """Return what was seen after a change. Raises HostError or FateUnknown, and keeps what is known, where it could
        not be read: that the change was made, or may have been."""
        if isinstance(seen, str):
            return seen
        if sent.change is None:
            raise seen
        unread = f"the VM could not be read afterwards: {seen.happened}"
        words = f"{self._place} has accepted {self._named(action)}, but {unread}"
        if not sent.made:
            words = f"Whether {self._named(action)} was carried out is not known ({sent.why}), and {unread}"
        sent.change.explain(" ".join(filter(None, (sent.change.step["detail"], words))))
        kind = FateUnknown if sent.lost else HostError
        raise kind(words, _LOOK, **seen.details) from seen

    def _named(self, action: str) -> str:
        return f"the {NAMES[action]} of {self._machine.name}"

    def _not_in_time(self, what: str) -> str:
        return f"{what} not finish within {min(self._request.shutdown_timeout, self._watch.remaining()):.0f} seconds"

    def _unread_before(self, action: str, words: str) -> HostError:
        return HostError(
            f"{self._place} could not read the VM before {self._named(action)}, which was not carried out: {words}",
            _LOOK,
            host=self._place,
            message=words,
        )

    def _still_up(self, state: str, sent: _Sent, hint: str) -> HostError:
        ways = "" if self._request.force_off else ", or allow it to be turned off (force_off: true)"
        by_hand = f"Shut it down by hand{ways}, then run the task again."
        return HostError(
            f"{self._machine.name} on {self._place} was not stopped, it is {state}: {sent.why}.",
            " ".join(filter(None, (sent.remedy, hint, by_hand))),
            host=self._place,
            message=sent.refusal,
        )


def _words_of(lost: FateUnknown | None) -> str:
    return lost.happened.rstrip(".") if lost else ""


def _is_off(seen: str | HostError) -> bool:
    return isinstance(seen, str) and is_off(seen)

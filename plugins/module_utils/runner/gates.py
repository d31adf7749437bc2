# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds a write although the stage calls for it: a window for the cut-over, a policy for the commit.

Both go by Azure's clock, asked anew at the moment of the write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from ..azure.session import AzureSession
from ..model.commit_policy import CommitPolicy
from ..model.cutover_window import OPEN, OVER, Judgment, Window
from ..model.lifecycle import Observation
from .loop import Gate, VerbRun
from .target import service_time


def _always() -> bool:
    return True


class WindowGate(Gate):
    """Holds the writes outside of a window. C(applies) says whether they are known to be those that it is for."""

    def __init__(self, session: AzureSession, window: Window | None, applies: Callable[[], bool] = _always) -> None:
        self._session = session
        self._window = window
        self._applies = applies
        self._judged: Judgment | None = None

    def holds(self, members: Sequence[Observation]) -> bool:
        """Say whether the window is closed now."""
        return self._state(members) not in ("", OPEN)

    def holds_for_good(self, members: Sequence[Observation]) -> bool:
        """Say whether the window will not open any more."""
        return self._state(members) == OVER

    def as_result(self, verb_run: VerbRun) -> dict[str, Any]:
        """Return whether something waits for the window, why, and the window as it was judged last."""
        waits = bool(verb_run.held)
        return {
            "waiting_for_window": waits,
            "reason": self._judged.objection() if waits and self._judged else "",
            "window": self._judged.as_result() if self._judged else None,
        }

    def _state(self, members: Sequence[Observation]) -> str:
        """Judge the window now; "" where there is none, or none for these writes."""
        if self._window is None or not self._applies():
            return ""
        self._judged = self._window.judge(service_time(self._session, members[0].item))
        return self._judged.state


class AheadGate(Gate):
    """Holds what would take the VM down. C(cuts_over) says whether the writes are known to."""

    def __init__(self, cuts_over: Callable[[], bool]) -> None:
        self._cuts_over = cuts_over

    def holds(self, members: Sequence[Observation]) -> bool:
        """Say whether the writes cut over."""
        return self._cuts_over()

    def holds_for_good(self, members: Sequence[Observation]) -> bool:
        """Say the same: what a VM's data is copied by does not change while it is waited for."""
        return self._cuts_over()


class CheckedGate(Gate):
    """Holds what nobody has checked as it is now. C(checked) are the ids of the items that were, None where nothing has
    to be; C(gate) may hold the writes of these.

    C(is_unchecked): it held the last ones itself. C(has_waited): what was checked has been busy with something else.
    """

    def __init__(self, checked: Collection[str] | None, gate: Gate) -> None:
        self._checked = None if checked is None else {item_id.lower() for item_id in checked}
        self._gate = gate
        self.is_unchecked = False
        self.has_waited = False

    def holds(self, members: Sequence[Observation]) -> bool:
        """Say whether one of them is not checked, or the other gate holds them."""
        known = self._checked
        self.is_unchecked = known is not None and any(one.item.id.lower() not in known for one in members)
        return self.is_unchecked or self._gate.holds(members)

    def holds_for_good(self, members: Sequence[Observation]) -> bool:
        """Say whether the other gate does: who has to check first waits until there is something to check."""
        return self._gate.holds_for_good(members)

    def waits_for(self, members: Iterable[Observation]) -> None:
        """Forget what was checked before something else was at them."""
        if self._checked is not None:
            self._checked.difference_update(member.item.id.lower() for member in members)
            self.has_waited = True


class PolicyGate(Gate):
    """Holds a commit as long as its policy says."""

    def __init__(self, session: AzureSession, policy: CommitPolicy) -> None:
        self._session = session
        self._policy = policy
        self._reason = ""

    def holds(self, members: Sequence[Observation]) -> bool:
        """Say whether the policy holds the commit now."""
        by_time = self._policy.not_before is not None
        now = service_time(self._session, members[0].item) if by_time else self._session.clock.now()
        self._reason = self._policy.reason_to_hold(now)
        return bool(self._reason)

    def as_result(self, verb_run: VerbRun) -> dict[str, Any]:
        """Return whether a commit is held, why, and the time that it may come from."""
        not_before = self._policy.not_before
        return {
            "held": bool(verb_run.held),
            "reason": self._reason if verb_run.held else "",
            "not_before": not_before.isoformat() if not_before else None,
        }

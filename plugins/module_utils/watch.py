# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time, as a verb sees it: what the clock says, how long it may wait, and whom it tells how far things are.

And whether anybody still waits for what it does: see require_wanted().
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .failback.failures import Orphaned
from .last_look import LastLook


def _silent(_message: str) -> None:
    """Report nothing: an ordinary module cannot print while it runs."""


def _always() -> bool:
    """Say that somebody waits for the task: nothing else is known of an ordinary module."""
    return True


class Watch:
    """A deadline with a clock. Everything that waits does so here, so that a test can move time instead.

    C(timeout) is in seconds from now; C(report) takes one line of progress; C(is_wanted) says whether the run that the
    task belongs to is still there. C(look) is the last look that the task took at its target.
    """

    def __init__(
        self,
        timeout: float,
        report: Callable[[str], None] = _silent,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        is_wanted: Callable[[], bool] = _always,
        look: LastLook | None = None,
    ) -> None:
        self.look = look or LastLook(clock)
        self._clock = clock
        self._pause = pause
        self._deadline = clock() + timeout
        self._report = report
        self._is_wanted = is_wanted
        self._last_report = ""
        self.timeout = timeout

    def now(self) -> float:
        """Return the seconds that the watch shows. All processes of a machine see the same."""
        return self._clock()

    def remaining(self) -> float:
        """Return the seconds until the deadline; none are left when it is not positive."""
        return self._deadline - self._clock()

    def at_least(self, seconds: float) -> Watch:
        """Return this watch with a deadline that is no earlier than so many seconds from now."""
        return Watch(
            max(self.remaining(), seconds),
            self.report,
            clock=self._clock,
            pause=self._pause,
            is_wanted=self._is_wanted,
            look=self.look,
        )

    def sleep(self, seconds: float) -> None:
        """Wait, but not past the deadline. Raises Orphaned where nobody waits for the task any more."""
        self._pause(max(0.0, min(seconds, self.remaining())))
        self.require_wanted()

    def require_wanted(self) -> None:
        """Raise Orphaned where the run that the task belongs to is gone. To be asked before everything that writes.

        Who kills Ansible wants it to stop. What waits for a data synchronisation to end would cut over hours later.
        """
        if not self._is_wanted():
            raise Orphaned("The run of Ansible that this task belonged to is gone.", "Nothing more is sent.")

    def report(self, message: str) -> None:
        """Pass on a line of progress unless it says what the last one said."""
        if message != self._last_report:
            self._last_report = message
            self._report(message)

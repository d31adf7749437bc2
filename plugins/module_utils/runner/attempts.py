# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tries of a write that was not taken. Between two of them its verb looks and decides anew."""

from __future__ import annotations

from ..model.failures import NotTaken
from ..waiting import Pause
from ..watch import Watch

# Seconds, where the service does not say how long to leave it alone: for the first time, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


class Attempts:
    """Counts the tries in a row of one verb's writes."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._tries = 0

    async def wait_after(self, refusal: NotTaken) -> None:
        """Wait until a look for another try makes sense.

        Raises what the refusal amounts to where it was tried often enough, or where the wait would not end before the
        deadline.
        """
        self._tries += 1
        pause = self._pause_after(refusal)
        if self._tries >= refusal.most or pause >= self._watch.remaining():
            raise refusal.failure from refusal
        await Pause(pause, f"It was not accepted, checking again in {pause:.0f} seconds: {refusal.happened}")

    def succeeded(self) -> None:
        """Say that a write was taken: what comes next is tried as often."""
        self._tries = 0

    def _pause_after(self, refusal: NotTaken) -> float:
        if refusal.pause is not None:
            return refusal.pause
        return min(_FIRST_PAUSE * 2.0 ** (self._tries - 1), _LONGEST_PAUSE)

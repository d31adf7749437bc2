# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What takes simulated time while it runs, such as a command that blocks: it pauses, and others go on meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Killed(BaseException):
    """What runs is ended from outside while it pauses. Not an Exception: nothing that handles errors may hide it."""


class Fiber:
    """Runs a function that may pause. Either it runs or its caller does, never both: whatever lock the caller holds
    while it calls :meth:`resume` protects the function as well.

    An exception that the function raises is raised by the :meth:`resume` during which it happened.
    """

    def __init__(self, run: Callable[[Fiber], None]) -> None:
        self._run = run
        self._its_turn = threading.Semaphore(0)
        self._callers_turn = threading.Semaphore(0)
        self._killed = False
        self._error: BaseException | None = None
        self.ended = False
        self._thread = threading.Thread(target=self._live, daemon=True)

    def resume(self) -> None:
        """Let it run until it pauses or ends. Nothing happens once it has ended."""
        if self.ended:
            return
        if self._thread.ident is None:
            self._thread.start()
        self._its_turn.release()
        self._callers_turn.acquire()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def pause(self) -> None:
        """Let the caller go on until it resumes this. To be called by the function itself.

        Raises:
            Killed: it shall not go on.
        """
        self._callers_turn.release()
        self._its_turn.acquire()
        if self._killed:
            raise Killed

    def kill(self) -> None:
        """End it where it pauses."""
        self._killed = True
        self.resume()

    def _live(self) -> None:
        self._its_turn.acquire()
        try:
            if not self._killed:
                self._run(self)
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - the caller gets it
            self._error = error
        finally:
            self.ended = True
            self._callers_turn.release()

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that a module runs: by Ansible's own run_command, with what that does not have, a limit in time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .model.programs import Ended, Program, RunProgram


def runner_of(module: AnsibleModule) -> RunProgram:
    """Return what runs programs for a module."""

    def run(program: Program) -> Ended:
        clock = _Clock(program.seconds)
        with _environment(program.environment), clock:
            code, output, errors = module.run_command(
                list(program.arguments),
                data=program.input,
                binary_data=True,
                encoding=None,
                expand_user_and_vars=False,
                handle_exceptions=False,
                before_communicate_callback=clock.start,
            )
        if clock.has_struck:
            raise TimeoutError(program.arguments[0])
        return Ended(code, *(part.decode("utf-8", "replace") for part in (output, errors)))

    return run


class _Clock:
    """Kills a process when its time is up."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self.has_struck = False

    def __enter__(self) -> _Clock:
        return self

    def __exit__(self, *_problem: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def start(self, process: Any) -> None:
        """Count from now on."""

        def strike() -> None:
            self.has_struck = True
            process.kill()

        self._timer = threading.Timer(self._seconds, strike)
        self._timer.daemon = True
        self._timer.start()


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Let this process have no other environment: run_command hands its own on, and can only add to it."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

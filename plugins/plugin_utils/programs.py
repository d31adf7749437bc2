# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that the controller's own process runs."""

from __future__ import annotations

import subprocess

from ansible_collections.asr.failback.plugins.module_utils.model.programs import Ended


def run_program(program):
    """Run a program to its end, away from the terminal: it must not ask there.

    Raises FileNotFoundError and TimeoutError.
    """
    try:
        ended = subprocess.run(
            list(program.arguments),
            env=dict(program.environment),
            input=program.input,
            capture_output=True,
            check=False,
            timeout=program.seconds,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as problem:
        raise TimeoutError(program.arguments[0]) from problem
    return Ended(ended.returncode, *(part.decode("utf-8", "replace") for part in (ended.stdout, ended.stderr)))

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program of the machine that runs the task, and how it ended.

Who runs it is decided where the task runs: in a module Ansible does, in the controller's own process the action plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """A program with its arguments, all of its environment, what it reads, and the seconds that it may take."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    seconds: float
    input: bytes = b""


@dataclass(frozen=True)
class Ended:
    """A program or command that ran to its end."""

    exit_code: int
    output: str
    errors: str


# Raises FileNotFoundError where there is no such program, TimeoutError where it did not end in time and was killed.
RunProgram = Callable[[Program], Ended]


def no_programs(program: Program) -> Ended:
    """Run nothing: for tasks that no runner was given to."""
    raise FileNotFoundError(program.arguments[0])

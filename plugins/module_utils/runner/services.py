# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two sides that a verb talks to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from ..azure.session import AzureSession
from ..hyperv.hosts import Hosts
from ..model.programs import RunProgram
from .claims import Claims
from .copy_turns import CopyTurns


@dataclass(frozen=True)
class Services:
    """Azure and the Hyper-V hosts. C(open_azure) is called when a verb first asks Azure: some never do.

    C(run_program) runs programs of the machine that the task runs on. C(copy_turns) and C(claims) are those of all VMs
    of a task, C(name) is what this one is called there.
    """

    open_azure: Callable[[], AzureSession]
    hosts: Hosts
    run_program: RunProgram
    copy_turns: CopyTurns = field(default_factory=lambda: CopyTurns({}))
    claims: Claims = field(default_factory=Claims)
    name: str = ""

    @cached_property
    def azure(self) -> AzureSession:
        """Everything on Azure's side."""
        return self.open_azure()

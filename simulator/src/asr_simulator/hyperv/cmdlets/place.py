# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a command runs, and how commands of a module are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from asr_simulator.hyperv.cmdlets import errors
from asr_simulator.hyperv.estate import HyperV
from asr_simulator.hyperv.hosts import Host
from asr_simulator.hyperv.windows import VMMS
from powershell_subset import Call, Command, NotModeled
from powershell_subset.values.times import LOCAL

HYPER_V = "Hyper-V"
# What the real cmdlets take as well, and the simulator does not: other computers, jobs, and asking back.
ELSEWHERE = ("ComputerName", "CimSession", "Credential", "AsJob", "ThrottleLimit", "WhatIf")
Run = Callable[[Call], Iterable[Any]]
Pause = Callable[[float], None]


@dataclass(frozen=True)
class Place:
    """A session on a host. ``pause`` lets simulated seconds pass while the command that calls it blocks."""

    hyperv: HyperV
    host: Host
    pause: Pause

    @property
    def now(self) -> datetime:
        """The true time."""
        return self.hyperv.clock.now()

    def shown(self, moment: datetime) -> datetime:
        """A moment as the host's clock had it, in its local time."""
        return (moment + (self.hyperv.now_of(self.host) - self.now)).astimezone(LOCAL)

    def hyper_v(self, name: str, run: Run, parameters: tuple[str, ...] = (), **options: Any) -> Command:
        """A command of the module Hyper-V: it needs the service vmms. ``options`` are those of `Command`."""

        def served(call: Call) -> Iterable[Any]:
            if not self.host.service_runs(VMMS):
                raise errors.no_service(self.host.short_name)
            before = self.host.changeable()
            yield from run(call)
            if self.host.changeable() != before:
                self.hyperv.follow_change(self.host)

        class_name = f"Microsoft.HyperV.PowerShell.Commands.{name.replace('-', '')}"
        return command(name, served, parameters, module=HYPER_V, class_name=class_name, **options)


def command(name: str, run: Run, parameters: tuple[str, ...] = (), **options: Any) -> Command:
    """A command that refuses what it knows of but is not modeled. ``options`` are those of `Command`."""
    return Command(name, partial(_modeled, run), (*parameters, *ELSEWHERE), **options)


def _modeled(run: Run, call: Call) -> Iterable[Any]:
    for parameter in ELSEWHERE:
        if call.parameters.get(parameter.lower()) not in (None, False):
            raise NotModeled(f"{call.name} -{parameter}")
    if call.parameters.get("confirm"):
        raise NotModeled(f"{call.name} -Confirm")
    yield from run(call)

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
CLASSES = "Microsoft.HyperV.PowerShell.Commands.{}"
Run = Callable[["Place", Call], Iterable[Any]]
Foresee = Callable[["Place", Call, frozenset[str]], None]
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

        def served(place: Place, call: Call) -> Iterable[Any]:
            host = place.host
            if not host.service_runs(VMMS):
                raise errors.no_service(host.short_name)
            before = host.changeable()
            yield from run(place, call)
            if host.changeable() != before:
                place.hyperv.follow_change(host)

        return self.command(name, served, parameters, module=HYPER_V, class_name=CLASSES, **options)

    def command(
        self,
        name: str,
        run: Run,
        parameters: tuple[str, ...] = (),
        *,
        class_name: str,
        foresee: Foresee | None = None,
        **options: Any,
    ) -> Command:
        """A command. ``options`` are those of `Command`.

        It has no parameters for other computers, jobs and -WhatIf, which are refused as every other it has not.
        In `class_name` the command's own name, without its hyphen, stands for ``{}``.
        """
        class_name = class_name.format(name.replace("-", ""))
        seen = partial(_foresee, partial(foresee, self) if foresee else None)
        modeled = partial(_modeled, partial(run, self))
        return Command(name, modeled, parameters, class_name=class_name, foresee=seen, **options)


def _modeled(run: Callable[[Call], Iterable[Any]], call: Call) -> Iterable[Any]:
    _refuse_confirm(call)
    yield from run(call)


def _foresee(own: Callable[[Call, frozenset[str]], None] | None, call: Call, untold: frozenset[str]) -> None:
    if "confirm" not in untold:
        _refuse_confirm(call)
    if own is not None:
        own(call, untold)


def _refuse_confirm(call: Call) -> None:
    if call.parameters.get("confirm"):
        raise NotModeled(f"{call.name} -Confirm")

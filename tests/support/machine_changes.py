# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to a machine on its host behind everybody's back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Change = Callable[[Any, Any], None]


def change(vault: Any, host: str, action: Change, name: str = "vm1") -> None:
    """Do something to a machine on a host, behind everybody's back."""

    def act(world: Any) -> None:
        found = [one for one in world.hyperv.machines() if (one.name, one.host.name) == (name, host)]
        action(world, found[0])

    vault.simulator.locked(act)


def becomes(state: str) -> Change:
    return lambda _world, machine: setattr(machine, "state", state)


def move_to(host: str, *, start: bool) -> Change:
    def move(world: Any, machine: Any) -> None:
        machine.host.machines.remove(machine)
        machine.host = world.hyperv.host(host)
        machine.host.machines.append(machine)
        if start:
            machine.run(world.clock.now())

    return move


def forget(_world: Any, machine: Any) -> None:
    machine.host.machines.remove(machine)

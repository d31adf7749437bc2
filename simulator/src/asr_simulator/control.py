# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control API below ``/_simulator``: the puppeteer's strings, apart from what Azure offers.

``GET state``; ``GET journal?since=SEQ&writes=true``; ``GET sessions?since=SEQ`` (those over WinRM);
``GET`` and ``POST faults``, ``DELETE faults``; ``GET clock`` and
``POST clock {"advance": seconds} | {"speed": factor}``; ``POST reset {"scenario": name or document}``.
Faults that are deleted strike no more; what one has changed at once (a connection, a host, a virtual machine) stays as
it is: only the opposite fault or a reset changes it back.
It needs no token: the simulator listens on loopback alone.
"""

from __future__ import annotations

from typing import Any, Protocol

from asr_simulator.faults import check
from asr_simulator.scenarios import Scenario, ScenarioError, load
from asr_simulator.wire import ArmError, Reply, Request
from asr_simulator.world import World

PREFIX = "/_simulator"


class Simulation(Protocol):
    """The simulator, of which the control API moves the strings."""

    @property
    def world(self) -> World:
        """The world as it is now."""

    def reset(self, scenario: Scenario) -> None:
        """Start again from a scenario."""


def handles(path: str) -> bool:
    """Whether the path belongs to the control API."""
    return path == PREFIX or path.startswith(PREFIX + "/")


def answer(simulation: Simulation, request: Request) -> Reply:
    """The answer to a control request."""
    simulation.world.clock.tick()
    handler = HANDLERS.get((request.method, request.path[len(PREFIX) :].strip("/")))
    try:
        if handler is None:
            known = ", ".join(f"{method} {PREFIX}/{name}" for method, name in sorted(HANDLERS))
            raise ArmError(404, "NotFound", f"The control API has: {known}.")
        return Reply(200, handler(simulation, request))
    except (ValueError, TypeError, KeyError) as error:
        return ArmError(400, "BadRequest", f"{type(error).__name__}: {error}").reply()
    except ArmError as error:
        return error.reply()


def _state(simulation: Simulation, request: Request) -> dict[str, Any]:
    return simulation.world.state()


def _journal(simulation: Simulation, request: Request) -> dict[str, Any]:
    since = int(request.query.get("since", "0"))
    writes = request.query.get("writes", "").lower() in ("true", "1", "yes")
    return {"value": simulation.world.journal.entries(since, writes)}


def _sessions(simulation: Simulation, request: Request) -> dict[str, Any]:
    return {"value": simulation.world.shells.sessions(int(request.query.get("since", "0")))}


def _clock(simulation: Simulation, request: Request) -> dict[str, Any]:
    clock = simulation.world.clock
    due = clock.next_due()
    return {"now": clock.now().isoformat(), "speed": clock.speed, "next_due": due.isoformat() if due else None}


def _set_clock(simulation: Simulation, request: Request) -> dict[str, Any]:
    body = _mapping(request)
    unknown = set(body) - {"advance", "speed"}
    if unknown or not body:
        raise ValueError(f"the clock takes advance or speed, not {sorted(unknown) or 'nothing'}")
    if "speed" in body:
        simulation.world.clock.set_speed(float(body["speed"]))
    if "advance" in body:
        simulation.world.clock.advance(float(body["advance"]))
    return _clock(simulation, request)


def _faults(simulation: Simulation, request: Request) -> dict[str, Any]:
    return {"value": simulation.world.faults.list()}


def _add_fault(simulation: Simulation, request: Request) -> dict[str, Any]:
    """A service fault that is not understood is refused before it is kept."""
    world, fault = simulation.world, _mapping(request)
    service = fault.get("service")
    if isinstance(service, dict):
        check(fault)
        world.check_fault(service)
        world.apply_fault(service)
    return world.faults.add(fault)


def _clear_faults(simulation: Simulation, request: Request) -> dict[str, Any]:
    simulation.world.faults.clear()
    return _faults(simulation, request)


def _reset(simulation: Simulation, request: Request) -> dict[str, Any]:
    body = request.body if isinstance(request.body, dict) else {}
    scenario = simulation.world.scenario
    if "scenario" in body:
        try:
            scenario = load(body["scenario"])
        except ScenarioError as error:
            raise ArmError(400, "InvalidScenario", str(error)) from error
    simulation.reset(scenario)
    return simulation.world.state()


def _mapping(request: Request) -> dict[str, Any]:
    if not isinstance(request.body, dict):
        raise ValueError("the body must be a JSON object")
    return request.body


HANDLERS = {
    ("GET", "state"): _state,
    ("GET", "journal"): _journal,
    ("GET", "sessions"): _sessions,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _set_clock,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "reset"): _reset,
}

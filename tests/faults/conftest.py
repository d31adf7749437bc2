# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the tests with faults: one simulator for all tests of a scenario, begun anew for each fault."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.host_control import sick
from support.oracle import Oracle
from support.scenarios import CLOUD, SICK_SITE, item_of, scenario_of

from asr_simulator.server import Simulator

PLAN = [{"name": "shop", "groups": [["db"], ["web"]]}]


def scenario_at(stage: str, plan: bool) -> dict[str, Any]:
    """vm1, or db and web in a plan, at a stage."""
    names = ["db", "web"] if plan else ["vm1"]
    parts = {"recovery_plans": PLAN} if plan else {}
    return scenario_of(*(item_of(name, stage) for name in names), fabrics=[SICK_SITE, CLOUD], **parts)


@pytest.fixture
def watched(tmp_path: Path) -> Callable[..., AbstractContextManager[Oracle]]:
    """Starts a simulator as `at_stage` gives it, for one fault alone, with an oracle that watches it."""

    @contextmanager
    def started(stage: str, *, plan: bool = False) -> Iterator[Oracle]:
        with Simulator.start(scenario_at(stage, plan), tempfile.mkdtemp(dir=tmp_path), speed=0) as simulator:
            # Faults answer in the place of Azure: their refusals are no fault of the client.
            yield Oracle(sick(simulator), refusals=False)

    return started


@pytest.fixture(scope="session")
def at_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Simulator]]:
    """Gives a simulator with vm1, or C(plan) with db and web, at a stage; each is started once and begun anew."""
    with ExitStack() as running:
        known: dict[tuple[str, bool], Simulator] = {}

        def given(stage: str, *, plan: bool = False) -> Simulator:
            if (stage, plan) not in known:
                folder = tmp_path_factory.mktemp("simulator")
                started = Simulator.start(scenario_at(stage, plan), folder, speed=0)
                known[stage, plan] = running.enter_context(started)
            known[stage, plan].reset()
            return sick(known[stage, plan])

        yield given

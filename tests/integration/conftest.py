# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests that run whole playbooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.playbook_runner import PlaybookRunner

from asr_simulator.server import Simulator

# Simulated seconds in a real one.
SPEED = 1200


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[[Any], PlaybookRunner]]:
    """Makes a stage on a simulator of its own: `stage(scenario)`."""
    with ExitStack() as running:

        def start(scenario: Any) -> PlaybookRunner:
            simulator = running.enter_context(Simulator.start(scenario, tmp_path / "simulator", speed=SPEED))
            return PlaybookRunner(simulator, tmp_path)

        yield start

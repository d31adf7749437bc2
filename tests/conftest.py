# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of all tests: simulators in which time stands still, and drivers of modules on them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from support.module_runner import ModuleRunner

    from asr_simulator.server import Simulator

# ansible-test knows nothing of the paths in pyproject.toml, and lets tests of module_utils import nothing of Ansible
# but that: what a fixture needs it imports itself.
sys.path.insert(0, str(Path(__file__).parent))

Scenario = Mapping[str, Any] | str
# A machine that is busy with other tests makes no property slow. What must pass tries the same cases every time;
# --hypothesis-profile=search looks for new ones.
_COMMON = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("project", _COMMON, derandomize=True)
settings.register_profile("search", _COMMON)
settings.load_profile("project")


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Callable[[Scenario], Simulator]]:
    """Starts simulators: `simulator(scenario)`, with a mapping, a path or the name of a shipped scenario."""
    from asr_simulator.server import Simulator

    with ExitStack() as running:
        folders = (tmp_path / f"simulator-{number}" for number in range(1000))
        yield lambda scenario: running.enter_context(Simulator.start(scenario, next(folders), speed=0))


@pytest.fixture
def driver(simulator: Callable[[Scenario], Simulator]) -> Callable[..., ModuleRunner]:
    """Makes a driver on a simulator of its own: `driver(scenario, principal=None, **options)`."""
    from support.module_runner import ModuleRunner

    return lambda scenario, principal=None, **options: ModuleRunner(simulator(scenario), principal, **options)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with a short name, for temporary files: ansible-core 2.21 has a socket there, whose path may have 107
    characters at most."""
    with tempfile.TemporaryDirectory(prefix="asr-") as folder:
        yield Path(folder)

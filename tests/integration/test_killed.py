# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that was killed does nothing more, though its workers outlive it since ansible-core 2.19."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.playbook_runner import PlaybookRunner
from support.process_kill import GROUP, Killing, Moment
from support.scenarios import item_of, scenario_of

from asr_simulator.server import Simulator

AWHILE = 30


@pytest.mark.parametrize(
    ("stage", "module"), [("synchronizing", "complete_failover"), ("reverse_replicating", "planned_failover")]
)
def test_workers_that_outlive_their_run_send_nothing_more(tmp_path: Path, stage: str, module: str) -> None:
    with ExitStack() as running:
        simulator = running.enter_context(Simulator.start(scenario_of(item_of("vm1", stage)), tmp_path / "s", speed=0))
        vault = PlaybookRunner(simulator, tmp_path)
        options: dict[str, Any] = {
            "resource_group": simulator.connection["resource_group"],
            "vault_name": simulator.connection["vault_name"],
            "replicated_item": "vm1",
            "poll_interval": 0.1,
        }
        if module == "planned_failover":
            options["direction"] = "primary_to_recovery"
        playbook = tmp_path / "one.yml"
        playbook.write_text(
            yaml.safe_dump([{"hosts": "vm1", "gather_facts": False, "tasks": [{f"asr.failback.{module}": options}]}])
        )
        run = Killing(*vault.prepared(str(playbook), {"vm1": {}}), tmp_path, Moment(GROUP, 12, False, 0.0), 0)
        simulator.watch(run.hear)
        assert run.wait()[0], (tmp_path / "killed.log").read_text()
        # What it waited for comes true now.
        for _step in range(10):
            simulator.locked(lambda world: world.clock.advance(4000))
        assert run.outlived_by(AWHILE) == []
        assert vault.writes() == []

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vault that is exported, and rehearsed on: what the vault answers, its twin answers."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.module_runner import ModuleRunner
from support.playbook_runner import PlaybookRunner
from support.scenarios import item_of, scenario_of

from asr_simulator.server import Simulator

# Azure's limits for requests are refilled by it.
SPEED = 20.0
# What depends on when it was asked.
ABOUT_NOW = {"provider_heartbeat", "host_clock"}


@pytest.fixture
def exported(tmp_path: Path) -> Any:
    """Exports the vault of a driver, and returns the result and the path."""

    def export(vault: ModuleRunner, **options: Any) -> tuple[dict[str, Any], Path]:
        path = tmp_path / "twin.yml"
        return vault.run("vault_export", path=str(path), **options), path

    return export


def verdicts(vault: ModuleRunner, names: list[str]) -> dict[str, Any]:
    """By VM: its stage, how it would be synchronized, and which checks pass."""
    found = vault.run("failback_prereq", replicated_items=names)["vms"]
    return {
        name: (
            one["stage"]["before"],
            (one["data_sync"] or {}).get("option"),
            {check["id"]: check["status"] for check in one["findings"] if check["id"] not in ABOUT_NOW},
        )
        for name, one in found.items()
    }


@pytest.mark.parametrize("scenario", ["fleet", "as_recorded"])
def test_a_twin_has_the_same_prerequisites(driver: Any, exported: Any, tmp_path: Path, scenario: str) -> None:
    vault = driver(scenario).knows_hosts()
    names = [item["name"] for item in vault.simulator.state()["items"]]
    _result, path = exported(vault)
    with Simulator.start(path, state_dir=tmp_path / "twin", speed=0) as simulator:
        twin = ModuleRunner(simulator).knows_hosts()
        assert [item["name"] for item in simulator.state()["items"]] == names
        assert verdicts(twin, names) == verdicts(vault, names)


def waves(simulator: Simulator, folder: Path) -> list[str]:
    """The plan of a fleet: its waves, and what each estimates."""
    folder.mkdir()
    vault = PlaybookRunner(simulator, folder).knows_hosts().reads_vault()
    played = vault.play("fleet", {}, "--check", "-e", "failback_max_failed=2")
    return [line.strip() for line in played.output.splitlines() if "Wave " in line or "estimate" in line]


def test_a_twin_is_planned_in_the_same_waves(tmp_path: Path, exported: Any) -> None:
    with Simulator.start("fleet", tmp_path / "vault", speed=SPEED) as simulator:
        _result, path = exported(ModuleRunner(simulator).knows_hosts())
        planned = waves(simulator, tmp_path / "first")
    with Simulator.start(path, tmp_path / "twin", speed=SPEED) as simulator:
        assert waves(simulator, tmp_path / "second") == planned
    assert any("web01" in line for line in planned)


def test_nothing_of_the_vault_is_changed_and_the_file_is_its_owners(driver: Any, exported: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    result, path = exported(vault)
    assert (result["changed"], vault.writes(0)) == (True, [])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert yaml.safe_load(path.read_text()) == result["scenario"]
    text = path.read_text()
    winrm = vault.simulator.connection["winrm"]
    for secret in (winrm["password"], vault.options["secret"], vault.options["subscription_id"]):
        assert secret not in text


def test_check_mode_writes_nothing(driver: Any, exported: Any) -> None:
    result, path = exported(driver(scenario_of("vm1")), check_mode=True)
    assert (result["changed"], path.exists()) == (True, False)


def test_what_was_not_read_is_told_and_left_to_the_simulator(driver: Any, exported: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failed_over")))
    result, _path = exported(vault)
    (host,) = [host for fabric in result["scenario"]["fabrics"] for host in fabric.get("hosts", ())][:1]
    assert sorted(host) == ["connected", "heartbeat_age", "name"]
    assert any("was not read: neither the inventory nor hyperv_hosts has it" in line for line in result["not_exported"])

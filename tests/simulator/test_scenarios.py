# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios that are made of others."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from asr_simulator.scenarios import ScenarioError, load
from asr_simulator.scenarios.model import Variants


def test_a_scenario_of_another_one_changes_what_it_names(tmp_path: Path) -> None:
    base, mine = tmp_path / "base.yml", tmp_path / "mine.yml"
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}]}
    items = [{"name": name, "host": "hv01", "stage": "failed_over"} for name in ("web01", "web02")]
    base.write_text(yaml.safe_dump({"name": "base", "seed": 7, "fabrics": [site], "items": items}))
    mine.write_text(yaml.safe_dump({"name": "mine", "based_on": str(base), "every_item": {"planned": False}}))
    made = load(mine)
    assert (made.name, made.seed) == ("mine", 7)
    assert [(item.name, item.planned) for item in made.items] == [("web01", False), ("web02", False)]


def test_a_scenario_of_itself_is_refused(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yml"
    mine.write_text(yaml.safe_dump({"name": "mine", "based_on": str(mine)}))
    with pytest.raises(ScenarioError, match="is based on itself"):
        load(mine)


def test_the_fleet_as_recorded_is_the_fleet_after_test_failovers() -> None:
    fleet, recorded = load("fleet"), load("as_recorded")
    assert [item.name for item in recorded.items] == [item.name for item in fleet.items]
    assert recorded.expect == fleet.expect
    assert {item.test_failover for item in recorded.items} == {"cleaned_up"}
    assert {fabric.type for fabric in recorded.fabrics} == {"HyperVSite", "VMM"}
    assert recorded.variants == fleet.variants == Variants()


def test_some_of_the_fleet_had_a_test_failover() -> None:
    tested = [item for item in load("fleet").items if item.test_failover == "cleaned_up"]
    assert {item.stage for item in tested} >= {"protected", "failed_over"}
    assert 5 <= len(tested) < 24

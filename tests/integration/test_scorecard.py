# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scorecard of a fleet by its playbook: lines, a page and metrics, of a folder with records and other files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from support.browser import BROWSER, FRAMES, title_of
from support.imports import ROOT
from support.module_contracts import CONTRACTS
from support.module_runner import validated
from support.run_records import record_on
from support.scenarios import item_of, scenario_of

from ansible_collections.asr.failback.plugins.module_utils.execution import execute
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError

MARKUP = "<script>alert(1)</script>"
WHOLE = record_on("2026-01-01", {"host": "web01"})
# What is JSON, and no record.
ODD = (
    json.dumps({"schema_version": 1, "run": {"id": "q", "ended": "2026-01-02T00:00:00Z"}, "results": [{"host": "x"}]}),
    json.dumps({**WHOLE, "targets": []}),
    json.dumps({**WHOLE, "results": [{**WHOLE["results"][0], "findings": None}]}),
    "[" * 100_000,
)
ODD_NAMES = [f"odd{number}" for number in range(len(ODD))]
OBJECTIVES = {"rto": 7200.0, "downtime": 60.0}
SHOP: dict[str, Any] = {"failback_application": "shop", "failback_objectives": {"rto": "PT2H", "downtime": 60}}
HOSTS = {"web01": SHOP, "app01": SHOP, "db01": {"failback_application": MARKUP}, "print01": {}}


def drilled(day: str, *hosts: dict[str, Any]) -> dict[str, Any]:
    target = {"application": "shop", "objectives": OBJECTIVES}
    return record_on(day, *hosts, drill={"level": "canary"}, targets={str(host["host"]): target for host in hosts})


@pytest.fixture
def records(tmp_path: Path) -> Path:
    folder = tmp_path / "records" / "2026"
    folder.mkdir(parents=True)
    for day in ("2026-01-10", "2026-02-10"):
        (folder / f"{day}.json").write_text(json.dumps(drilled(day, {"host": "web01"}, {"host": "app01"})))
    (folder / "package.json").write_text("{}")
    for name, odd in zip(ODD_NAMES, ODD, strict=True):
        (folder / f"{name}.json").write_text(odd)
    # A name that is no text.
    (folder / "m\udce4rz.json").write_text("[")
    (folder / "report.html").write_text("a page")
    return folder.parent


def test_the_playbook_shows_and_writes_the_scorecard(stage: Any, records: Path, tmp_path: Path) -> None:
    vault = stage(scenario_of(item_of("web01", "protected")))
    page, metrics = tmp_path / "report.html", tmp_path / "failback.prom"
    files = {"failback_scorecard_html": str(page), "failback_scorecard_prometheus": str(metrics)}
    since = vault.simulator.journal.entries()
    options = {
        "failback_records": str(records),
        "failback_scorecard_valid_days": 36500,
        "failback_vault_name": "vault1",
    }
    played = vault.play("scorecard", HOSTS, **options, **files)
    assert played.status == 0, played.output
    assert vault.simulator.journal.entries() == since
    assert "shop" in played.output
    assert "objective: Downtime" in played.output
    assert "3 applications: 2 never_drilled, 1 failed" in played.output
    shown = page.read_text()
    assert MARKUP not in shown
    assert "package.json: it is not the record of a run" in shown
    named = [name for name in (*ODD_NAMES, "m\N{REPLACEMENT CHARACTER}rz") if f"{name}.json: it is not the" in shown]
    assert len(named) == len(ODD) + 1
    assert not page.with_name(f"{page.name}.part").exists()
    assert shown.count("<circle") == 2
    assert (page.stat().st_mode & 0o777, metrics.stat().st_mode & 0o777) == (0o600, 0o644)
    _metrics_are_those_of(metrics.read_text())
    _looks_well(page)


def _metrics_are_those_of(text: str) -> None:
    families = {family.name for family in text_string_to_metric_families(text)}
    rules = yaml.safe_load((ROOT / "docs" / "examples" / "prometheus" / "failback_drills.yml").read_text())
    asked = re.findall(r"asr_failback_\w+", " ".join(rule["expr"] for rule in rules["groups"][0]["rules"]))
    assert set(asked) <= families
    samples = {
        (sample.name.removeprefix("asr_failback_"), *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["application_status", "failed", "shop"] == 1
    assert samples["application_status", "never_drilled", "shop"] == 0
    assert samples["application_status", "never_drilled", "print01"] == 1
    assert samples["objective_met", "downtime", "shop"] == 0
    assert samples["objective_met", "rto", "shop"] == 1
    assert samples["objective_seconds", "downtime", "shop"] == 60
    assert (samples["application_hosts", "shop"], samples["application_drilled_hosts", "shop"]) == (2, 2)
    assert samples["last_failback_timestamp_seconds", "shop"] > 1_770_000_000
    # What was never drilled has no time and took no time.
    assert ("last_failback_timestamp_seconds", "print01") not in samples
    assert ("recovery_seconds", "print01") not in samples


def _looks_well(page: Path) -> None:
    if BROWSER is not None:
        told, complaints = title_of(FRAMES, page.parent)
        assert told == [[1280, 0, 3], [390, 0, 3]]
        assert complaints == []


def test_a_folder_that_is_not_there_is_one_error(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of(item_of("web01", "protected")))
    played = vault.play("scorecard", HOSTS, failback_records=str(tmp_path / "nowhere"))
    assert played.status == 2
    assert "nowhere does not exist. Give a folder with records" in " ".join(played.output.split())


def test_a_scorecard_is_made_on_the_controller_only() -> None:
    contract = CONTRACTS["failback_scorecard"]
    with pytest.raises(ConfigurationError, match="on the controller"):
        execute(contract, validated(contract, {"records": ["/"], "hosts": []}), {})

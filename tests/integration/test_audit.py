# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queries by which a controller counts the VMs that were managed, on results of real runs against the simulator."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jq
import pytest
import yaml
from support.drills import ROOT
from support.module_contracts import CONTRACTS
from support.module_runner import ModuleRunner, accepted
from support.playbook_runner import PlaybookRunner
from support.scenarios import STARTER, item_of, scenario_of

QUERIES = yaml.safe_load((ROOT / "extensions" / "audit" / "event_query.yml").read_text(encoding="utf-8"))
NAMES = ("web01", "db01", "app01")
VOUCHED = {"attested_off": {"hv01": "J. Doe: it has no power", "hv02": "J. Doe: it has no power"}}
# What a run that fails, or that acts on no VM, returns.
NOTHING: list[dict[str, Any]] = [{}, {"failed": True, "msg": "no"}, {"vms": {}}, {"vms": {"web01": {"failed": True}}}]


def counted(module: str, result: Mapping[str, Any]) -> dict[str, str]:
    """The VMs that a controller counts for a result: their names, by the facts that tell them apart."""
    found = {}
    for one in jq.compile(QUERIES[f"asr.failback.{module}"]["query"]).input(dict(result)).all():
        facts = one["canonical_facts"]
        assert facts
        assert {type(value) for value in facts.values()} == {str}, "a controller cannot compare anything else"
        assert set(one["facts"]) == {"infra_type", "infra_bucket", "device_type"}
        found[json.dumps(facts, sort_keys=True)] = one["name"]
    return found


def scenario(stage: str) -> dict[str, Any]:
    """A vault with three VMs in this stage, two of them in a plan."""
    plans = [{"name": "shop", "groups": [["db01"], ["app01"]]}]
    return scenario_of(*(item_of(name, stage) for name in NAMES), recovery_plans=plans, principals=[STARTER])


ACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "planned_failover": ("failed_over", {}),
    "complete_failover": ("waiting_for_completion", {}),
    "commit": ("failback_commit_pending", {"policy": "now"}),
    "reverse_replicate": ("failed_back", {}),
    "undo_failback": ("failback_commit_pending", VOUCHED),
    "failback": ("failed_over", {"commit_policy": "hold"}),
}


@pytest.mark.parametrize("module", ACTS)
def test_each_vm_is_counted_once_however_it_is_named(module: str, driver: Callable[..., ModuleRunner]) -> None:
    stage, options = ACTS[module]
    drive = driver(scenario(stage))

    def run(names: tuple[str, ...], **target: Any) -> dict[str, str]:
        seen = accepted(*names) if module == "commit" else {}
        return counted(module, drive.run(module, **options, **seen, **target))

    one = run(("web01",), replicated_item="web01")
    plan = run(("db01", "app01"), recovery_plan="shop")
    assert (sorted(one.values()), sorted(plan.values())) == (["web01"], ["app01", "db01"])
    # What somebody has seen of a VM is said one VM at a time.
    if module not in ("commit", "undo_failback"):
        assert run((), replicated_items=list(NAMES)) == {**one, **plan}, "the same VMs, whatever the run"


def test_the_vm_of_a_job_is_counted(driver: Callable[..., ModuleRunner]) -> None:
    result = driver(scenario("failed_over")).run("job", state="cancelled", replicated_item="web01")
    assert list(counted("job", result).values()) == ["web01"]


def fleet_results(output: str) -> Iterator[dict[str, Any]]:
    """The results of hosts in what the callback minimal has printed."""
    for part in output.split("SUCCESS => ")[1:]:
        found, _end = json.JSONDecoder().raw_decode(part)
        if "target" in found:
            yield found


def test_the_vms_of_a_fleet_are_counted(stage: Callable[[Any], PlaybookRunner]) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    vault.environment = {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal"}
    run = vault.play("fleet", {"vm1": {}, "vm2": {}}, failback_commit_policy="hold")
    assert run.status == 0, run.output
    found: dict[str, str] = {}
    for result in fleet_results(run.output):
        found.update(counted("fleet_result", result))
    assert sorted(found.values()) == ["vm1", "vm2"]


@pytest.mark.parametrize("query", QUERIES)
def test_what_did_nothing_counts_nothing(query: str) -> None:
    assert [counted(query.rpartition(".")[2], result) for result in NOTHING] == [{}] * len(NOTHING)


def test_every_module_that_changes_a_vm_has_a_query() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (yes[^|]*) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    # A switch is the host's.
    changing = {name for name, _how in rows} - {"hyperv_switch"}
    assert "commit" in changing
    assert set(QUERIES) == {f"asr.failback.{name}" for name in (*changing, "fleet_result")}
    assert {*changing, "fleet_result"} <= set(CONTRACTS)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery plans through the role, above all those whose VMs stand at different stages."""

from __future__ import annotations

from typing import Any

import pytest
from support.playbook_runner import PASS, WHOLE
from support.scenarios import item_of, scenario_of


def plans_of(**plans: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A scenario with plans of VMs in these stages, and hosts that stand for them. VM a1 is the first of plan a."""
    items, specs = [], []
    for plan, stages in plans.items():
        members = [item_of(f"{plan}{number}", stage) for number, stage in enumerate(stages, 1)]
        items += members
        specs.append({"name": plan, "groups": [[member["name"]] for member in members]})
    return scenario_of(*items, recovery_plans=specs), {plan: {"failback_recovery_plan": plan} for plan in plans}


def test_a_plan_is_a_host_too(stage: Any) -> None:
    scenario, hosts = plans_of(shop=["failed_over", "failed_over"])
    vault = stage(scenario)
    run = vault.play("failback", hosts, failback_validation_tasks=vault.task_file("validate.yml", PASS))
    assert run.status == 0, run.output
    assert vault.writes() == [*WHOLE, "reProtect"]
    assert run.results["shop"]["vms"] == {"shop1": "protected", "shop2": "protected"}
    members = run.results["shop"]["steps"][-1]["members"]
    assert {member["friendly_name"]: member["stage"]["after"] for member in members} == run.results["shop"]["vms"]


def test_plans_whose_vms_differ_are_brought_home(stage: Any) -> None:
    scenario, hosts = plans_of(
        a=["failed_back", "failed_over"],
        b=["failback_commit_pending", "waiting_for_completion"],
        c=["protected", "failback_commit_pending", "failed_back"],
        d=["interrupted", "failback_commit_pending"],
    )
    vault = stage(scenario)
    tasks = vault.task_file("validate.yml", PASS)
    check = vault.play("failback", hosts, "--check", failback_validation_tasks=tasks)
    assert (check.status, vault.writes()) == (0, []), check.output
    run = vault.play("failback", hosts, failback_validation_tasks=tasks)
    assert run.status == 0, run.output
    assert set(vault.stages().values()) == {"protected"}
    for plan in hosts:
        assert run.results[plan]["outcome"] == "protected"
        assert (check.results[plan]["outcome"], check.results[plan]["stage"]) == ("predicted", "protected")
        assert changes(check.results[plan]) == changes(run.results[plan])
    sent = len(vault.writes())
    again = vault.play("failback", hosts, failback_validation_tasks=tasks)
    assert (again.status, len(vault.writes())) == (0, sent)


def changes(result: dict[str, Any]) -> list[tuple[str, bool]]:
    """What each step of a result changed."""
    return [(step["step"], step["changed"]) for step in result["steps"]]


def test_a_plan_that_ends_with_vms_at_different_stages_says_so(stage: Any) -> None:
    scenario, hosts = plans_of(a=["failback_commit_pending", "protected"], b=["failed_back", "failed_over"])
    vault = stage(scenario)
    hosts["b"]["failback_complete_failover"] = False
    held = vault.play("failback", hosts)
    assert held.status == 0, held.output
    assert {plan: result["outcome"] for plan, result in held.results.items()} == {"a": "held", "b": "held"}
    assert "awaits its commit" in held.results["a"]["reason"]
    assert held.results["a"]["vms"] == {"a1": "failback_commit_pending", "a2": "protected"}
    for words in ("b1: failed_back", "b2: waiting_for_completion"):
        assert words in held.results["b"]["reason"]
    assert vault.writes() == ["plannedFailover"]


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["run", "check"])
def test_a_vm_that_stands_in_the_way_fails_the_plan_with_its_reason(stage: Any, arguments: tuple[str, ...]) -> None:
    scenario, hosts = plans_of(shop=["failed_over", "failover_commit_pending"])
    vault = stage(scenario)
    run = vault.play("failback", hosts, *arguments)
    assert (run.status, run.results["shop"]["outcome"]) == (2, "failed")
    assert "shop2: The failover to Azure is not committed yet." in run.results["shop"]["reason"]
    assert run.results["shop"]["vms"] == {"shop1": "failed_over", "shop2": "failover_commit_pending"}
    assert vault.writes() == []

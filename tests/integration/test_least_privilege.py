# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documented role is enough for a whole failback, and holds nothing that it does not need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.module_runner import ModuleRunner, accepted
from support.playbook_runner import PASS, WHOLE, PlaybookRunner
from support.scenarios import item_of, scenario_of

from ansible_collections.asr.failback.plugins.module_utils.model.failures import PermissionDenied
from asr_simulator.routes import all_routes
from asr_simulator.scenarios.load import load
from asr_simulator.wire import RouteTable

ROLES = Path(__file__).resolve().parents[2] / "docs" / "roles"
ROLE = json.loads((ROLES / "site-recovery-failback.json").read_text())
OPTIONAL = json.loads((ROLES / "site-recovery-failback-optional.json").read_text())
ACTIONS: list[str] = ROLE["Actions"]
AUTHENTICATION = (ROLES.parent / "authentication.md").read_text()

SUBSCRIPTION = "cccccccc-0000-4000-8000-000000000003"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-recovery"
VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault-recovery"
# What it takes to be told one's own rights.
ASKING = "Microsoft.Authorization/permissions/read"
STEPS = ("planned_failover", "complete_failover", "commit", "reverse_replicate")
ITEM, PLAN = {"replicated_item": "vm1"}, {"recovery_plan": "shop"}


def scenario(*roles: Any, actions: list[str] = ACTIONS) -> dict[str, Any]:
    """A vault with a VM and a plan of two, and a caller with these roles; `actions` are those of the documented one."""
    return scenario_of(
        item_of("vm1", managed_disks=True),
        item_of("vm2", managed_disks=True),
        item_of("vm3", managed_disks=True),
        vault={"subscription_id": SUBSCRIPTION, "resource_group": "rg-recovery", "name": "vault-recovery"},
        recovery_plans=[{"name": "shop", "groups": [["vm2"], ["vm3"]]}],
        roles=[{"name": ROLE["Name"], "actions": actions}, {"name": "Asker", "actions": [ASKING]}],
        principals=[{"name": "caller", "roles": list(roles)}],
    )


def at(scope: str, role: str) -> dict[str, str]:
    """A role that is held at a scope."""
    return {"role": role, "scope": scope}


CUSTOM = (at(GROUP, ROLE["Name"]),)
BUILT_IN = (at(VAULT, "Site Recovery Operator"), at(GROUP, "Reader"))
CALLERS = pytest.mark.parametrize("roles", [CUSTOM, BUILT_IN], ids=["custom role", "built-in roles"])


def used(vault: ModuleRunner) -> set[str]:
    """The actions of all requests so far, by the simulator's own table."""
    table = RouteTable(all_routes())
    found = (table.find(entry["method"], entry["path"]) for entry in vault.simulator.journal.entries())
    return {route.action for route, _parts in filter(None, found) if route.action}


def permissions(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What `failback_prereq` found of the caller's rights, for each VM."""
    return [finding for finding in result["findings"] if finding["id"] == "permissions"]


def bring_home(vault: ModuleRunner, target: Mapping[str, str], unseen: tuple[str, ...] = ("on_premises",)) -> None:
    """Take a target through all steps."""
    for step in STEPS:
        # Hosts and evidence are not the matter here: somebody has looked at what is C(unseen).
        options = {"policy": "now", **accepted(*names_of(target), sides=unseen)} if step == "commit" else {}
        assert vault.run(step, **target, **options)["changed"] is True


def stages(vault: ModuleRunner, target: Mapping[str, str]) -> set[str]:
    """Where the VMs of a target are."""
    return {vault.state(name)["stage"] for name in names_of(target)}


def names_of(target: Mapping[str, str]) -> tuple[str, ...]:
    """The VMs of a target."""
    return ("vm1",) if target == ITEM else ("vm2", "vm3")


@pytest.mark.parametrize("role", [ROLE, OPTIONAL], ids=["role", "optional"])
def test_a_definition_has_the_form_that_the_azure_cli_takes(role: dict[str, Any]) -> None:
    lists = {"Actions", "NotActions", "DataActions", "NotDataActions", "AssignableScopes"}
    assert set(role) == {"Name", "IsCustom", "Description", *lists}
    assert role["IsCustom"] is True
    assert all(isinstance(role[name], list) for name in lists)
    assert role["NotActions"] == role["DataActions"] == role["NotDataActions"] == []
    assert [scope.split("/")[1] for scope in role["AssignableScopes"]] == ["subscriptions"]
    assert len(set(role["Actions"])) == len(role["Actions"])
    assert not any("*" in action for action in role["Actions"])


def test_what_is_optional_is_apart_and_has_its_reason() -> None:
    assert not set(ACTIONS) & set(OPTIONAL["Actions"])
    reasons = [line.split("`")[1] for line in AUTHENTICATION.splitlines() if line.startswith("| `") and "/" in line]
    for action in OPTIONAL["Actions"]:
        assert [reason for reason in reasons if action.endswith(f"/{reason}")], action


@CALLERS
def test_a_vm_and_a_plan_come_home(driver: Any, roles: tuple[Any, ...]) -> None:
    vault = driver(scenario(*roles))
    for target in (ITEM, PLAN):
        result = vault.run("failback_prereq", **target)
        assert result["ready"] is True
        assert {finding["status"] for finding in permissions(result)} == {"pass"}
        bring_home(vault, target)
        assert stages(vault, target) == {"protected"}
    assert 403 not in {entry["status"] for entry in vault.simulator.journal.entries()}


def test_each_action_of_the_role_is_used_and_no_other(driver: Any) -> None:
    vault = driver(scenario(*CUSTOM))
    for target in (ITEM, PLAN):
        vault.run("failback_prereq", **target)
        bring_home(vault, target)
    assert sorted(used(vault), key=str.lower) == sorted(ACTIONS, key=str.lower)


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_that_is_missing_is_found_before_anything_is_written(driver: Any, action: str) -> None:
    vault = driver(scenario(*CUSTOM, actions=[one for one in ACTIONS if one != action]))
    told = [line for target in (ITEM, PLAN) for line in tell(vault, target, action)]
    assert told, f"nobody says that {action} is missing"


def tell(vault: ModuleRunner, target: Mapping[str, str], action: str) -> Iterator[str]:
    """Yield what is said about a missing action. What the check lets pass must come home whole."""
    before = vault.writes()
    result = outcome(vault, target)
    if "error" in result:
        assert f"'{action}'" in result["msg"]
        yield result["msg"]
    for finding in permissions(result):
        if finding["status"] != "pass":
            assert action in " ".join((finding["seen"], finding["cause"]))
            yield finding["seen"]
    if result.get("ready"):
        bring_home(vault, target)
        assert stages(vault, target) == {"protected"}
    else:
        assert vault.writes() == before


def outcome(vault: ModuleRunner, target: Mapping[str, str]) -> dict[str, Any]:
    """What `failback_prereq` returns, or that it was denied something."""
    try:
        return vault.run("failback_prereq", **target)
    except PermissionDenied as denied:
        return {**denied.as_result(), "findings": []}


def test_an_action_at_the_vm_alone_is_enough_there(driver: Any) -> None:
    below = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm1"
    vault = driver(scenario(at(VAULT, ROLE["Name"]), at(below, "Reader"), at(GROUP, "Asker")))
    (finding,) = permissions(vault.run("failback_prereq", **ITEM))
    # What it does not see of the disks, a commit refuses.
    assert finding["status"] == "fail"
    assert "Microsoft.Compute/disks/read" in finding["seen"]
    assert "virtualMachines/read" not in finding["seen"]
    assert f"Microsoft.Network/networkInterfaces/read at {GROUP}" in finding["seen"]
    # The role at the vault has no such action, and the disks are elsewhere.
    assert finding["remedy"] == f"Assign Reader at {GROUP}, or a custom role with Microsoft.Compute/disks/read."


def test_without_a_role_where_the_vms_are_the_steps_work_and_the_check_says_what_is_not_seen(driver: Any) -> None:
    vault = driver(scenario(at(VAULT, "Site Recovery Operator")))
    result = vault.run("failback_prereq", **ITEM)
    (finding,) = permissions(result)
    assert (result["ready"], finding["status"]) == (True, "not_checked")
    assert ASKING in finding["cause"]
    bring_home(vault, ITEM, unseen=("azure", "on_premises"))
    assert stages(vault, ITEM) == {"protected"}


@CALLERS
def test_the_playbook_brings_vms_and_plans_home(stage: Any, roles: tuple[Any, ...]) -> None:
    vault: PlaybookRunner = stage(scenario(*roles))
    tasks = vault.task_file("validate.yml", PASS)
    hosts = {"vm1": {}, "shop": {"failback_recovery_plan": "shop"}}
    run = vault.play("failback", hosts, failback_validation_tasks=tasks)
    assert run.status == 0, run.output
    assert set(vault.stages().values()) == {"protected"}
    assert set(vault.writes()) == set(WHOLE)
    assert 403 not in {entry["status"] for entry in vault.simulator.journal.entries()}


def test_the_fleet_of_the_demo_has_a_caller_with_exactly_this_role() -> None:
    fleet = load("fleet")
    assert [(role.name, list(role.actions)) for role in fleet.roles] == [(ROLE["Name"], ACTIONS)]
    (caller,) = [spec for spec in fleet.principals if spec.name == "failback-only"]
    assert [grant.role for grant in caller.roles] == [ROLE["Name"]]

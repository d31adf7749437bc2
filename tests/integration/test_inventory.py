# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vault read as an inventory: what lists tell, by how many requests, and as whom."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.module_runner import ModuleRunner, accepted, validated
from support.scenarios import CALLER, item_of, large_site, scenario_of

from ansible_collections.asr.failback.plugins.module_utils.execution import execute
from ansible_collections.asr.failback.plugins.module_utils.model.failures import PermissionDenied
from ansible_collections.asr.failback.plugins.module_utils.run_cache import RunCache
from ansible_collections.asr.failback.plugins.module_utils.verbs.inventory import INVENTORY, source_of

ROLE = json.loads((Path(__file__).parents[2] / "docs" / "roles" / "site-recovery-failback.json").read_text())
STEPS = ("planned_failover", "complete_failover", "commit", "reverse_replicate")
PLAN = {"recovery_plans": [{"name": "shop", "groups": [["vm1"], ["vm2"]]}]}
# Beside Site Recovery's: where the cloud is, who signs in there, and the token.
SIGNING_IN = 3
# Of a thousand VMs on fifty hosts, as the guide says, beside one for each recovery plan.
EXPECTED = 18


def inventory(vault: ModuleRunner, **options: Any) -> dict[str, Any]:
    """What the plugin reads of the vault."""
    own = {name: value for name, value in vault.options.items() if name in INVENTORY.argument_spec}
    return execute(INVENTORY, validated(INVENTORY, {**own, **options}), vault.environ, cache=RunCache())


def vms(vault: ModuleRunner, **options: Any) -> dict[str, dict[str, Any]]:
    """The variables of each VM by its friendly name."""
    return {facts["asr_friendly_name"]: facts for facts in inventory(vault, **options)["vms"]}


def requests(vault: ModuleRunner, since: int = 0) -> list[str]:
    """The last part of the path of each request."""
    return [entry["path"].rsplit("/", 1)[1] for entry in vault.simulator.journal.entries(since)]


def require_truth(vault: ModuleRunner) -> dict[str, str]:
    """Compare with what reading each VM alone tells; return the stages that lists tell."""
    alone = {entry["friendly_name"]: entry for entry in vault.run("replicated_item_info")["replicated_items"]}
    listed = vms(vault)
    for name, facts in listed.items():
        true = alone[name]
        assert true["stage"] in facts["asr_possible_stages"], (name, true, facts)
        assert facts["asr_authoritative_side"] in (None, true["authoritative_side"]), name
        assert facts["asr_stage"] in ("unknown", true["stage"]), name
        assert facts["asr_stage_reason"], name
    return {name: facts["asr_stage"] for name, facts in listed.items()}


def test_every_stage_is_told_or_said_to_be_unknown(driver: Any) -> None:
    vault = driver("every_stage")
    told = require_truth(vault)
    assert "vm-vmware" not in told
    assert {name for name, stage in told.items() if stage == "unknown"} == {
        "vm-synchronizing",
        "vm-completing",
        "vm-interrupted",
    }
    assert set(told.values()) - {"unknown"} == {
        "protected",
        "failover_commit_pending",
        "failed_over",
        "waiting_for_completion",
        "failback_commit_pending",
        "failed_back",
        "reverse_replicating",
        "busy",
    }


@pytest.mark.parametrize(
    ("target", "scenario_name"),
    [({"replicated_item": "vm3"}, "PlannedFailover"), ({"recovery_plan": "shop"}, "Failback")],
    ids=["VM", "plan"],
)
def test_on_the_whole_way_nothing_is_guessed(driver: Any, target: dict[str, str], scenario_name: str) -> None:
    variants = {"failback_scenario_name": scenario_name}
    vault = driver(scenario_of("vm1", "vm2", "vm3", **PLAN, variants=variants))
    seen = [require_truth(vault)]
    waits = count()

    def look_at_every_third(_seconds: float) -> None:
        if next(waits) % 3 == 0:
            seen.append(require_truth(vault))

    vault.meanwhile = look_at_every_third
    for step in STEPS:
        names = ["vm3"] if "replicated_item" in target else ["vm1", "vm2"]
        more = {"policy": "now", **accepted(*names)} if step == "commit" else {}
        vault.run(step, **target, **more)
        seen.append(require_truth(vault))
    told = {stages[names[0]] for stages in seen}
    assert told >= {"failed_over", "failback_commit_pending", "failed_back", "protected"}


def test_vms_that_failed_over_with_a_plan_are_told_by_the_plan_s_job(driver: Any) -> None:
    items = [item_of(name, "protected") for name in ("vm1", "vm2", "vm3")]
    vault = driver(scenario_of(*items, **PLAN))
    plan = {"recovery_plan": "shop"}
    vault.run("planned_failover", **plan, direction="primary_to_recovery")
    assert require_truth(vault)["vm1"] == "failover_commit_pending"
    vault.run("commit", **plan, direction="failover")
    assert require_truth(vault) == {"vm1": "failed_over", "vm2": "failed_over", "vm3": "protected"}


def test_a_plan_and_a_host_are_told_of_each_vm(driver: Any) -> None:
    found = vms(driver(scenario_of("vm1", item_of("vm2", host="hv02"), item_of("vm3", cloud="cloud1"), **PLAN)))
    placed = {
        name: (facts["asr_recovery_plans"], facts["asr_fabric"], facts["asr_fabric_type"], facts["asr_host"])
        for name, facts in found.items()
    }
    assert placed == {
        "vm1": (["shop"], "site1", "HyperVSite", "hv01"),
        "vm2": (["shop"], "site1", "HyperVSite", "hv02"),
        "vm3": ([], "vmm01", "VMM", "vmm01"),
    }
    assert {facts["asr_days_in_azure"] for facts in found.values()} == {2.0}


def test_who_is_in_a_plan_that_is_not_understood_is_not_known_of_any_vm(driver: Any) -> None:
    plans = [*PLAN["recovery_plans"], {"name": "erp", "groups": [["vm3"]]}]
    vault = driver(scenario_of("vm1", "vm2", "vm3", recovery_plans=plans))
    odd = {"do": "edit", "field": "properties.groups", "to": {}}
    match = {"path": "replicationRecoveryPlans/shop$", "times": 0}
    vault.simulator.locked(lambda world: world.faults.add({"match": match, "action": odd}))
    read = inventory(vault)
    # Whoever leaves out the VMs of that plan is not told that there are none.
    assert {facts["asr_recovery_plans"] for facts in read["vms"]} == {None}
    assert list(read["plans_of_vms"].values()) == [["erp"]]
    assert ["Recovery plan shop" in line for line in read["unread"]] == [True]


def test_a_thousand_vms_take_few_requests(driver: Any) -> None:
    plans = [{"name": f"plan-{number}", "groups": [[f"vm{number:04}"]]} for number in range(1, 6)]
    vault = driver({**large_site(1000, 50), "recovery_plans": plans})
    read = inventory(vault)
    assert (len(read["vms"]), len(read["hyperv_hosts"])) == (1000, 50)
    assert {facts["asr_stage"] for facts in read["vms"]} == {"failed_over"}
    made = requests(vault)
    assert made[:SIGNING_IN][-1] == "token"
    assert made.count("replicationProtectedItems") == 5
    # The two jobs of each VM are on ten pages; those that tell of every VM are read.
    assert made.count("replicationJobs") <= 1 + 10
    assert len(made) == EXPECTED + len(plans)
    assert not vault.writes()


def test_nothing_is_asked_that_no_vm_needs(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "protected"), item_of("vm2", "protected"), **PLAN))
    assert vms(vault, recovery_plans=False)["vm1"]["asr_recovery_plans"] is None
    # Of two fabrics; no jobs, no plans.
    assert sorted(set(requests(vault)[SIGNING_IN:])) == [
        "replicationFabrics",
        "replicationProtectedItems",
        "replicationProtectionContainers",
        "replicationRecoveryServicesProviders",
    ]


def test_as_many_pages_of_jobs_are_read_as_may_be(driver: Any) -> None:
    vault = driver(scenario_of(*(f"vm{number}" for number in range(4)), variants={"page_size": 2}))
    for pages, known in ((0, 0), (1, 2), (12, 4)):
        since = vault.requests()
        stages = [facts["asr_stage"] for facts in vms(vault, job_pages=pages).values()]
        assert stages.count("failed_over") == known
        assert stages.count("unknown") == 4 - known
        # The first is the list of those that run.
        assert requests(vault, since).count("replicationJobs") == 1 + min(pages, 2)


def test_a_vault_without_vms_is_an_empty_inventory(driver: Any) -> None:
    read = inventory(driver(scenario_of()))
    assert (read["vms"], read["unread"]) == ([], [])
    assert {host["asr_friendly_name"] for host in read["hyperv_hosts"]} == {"hv01", "hv02", "vmm01"}


@pytest.mark.parametrize("role", ["Site Recovery Operator", "Site Recovery Reader", "Reader", ROLE["Name"]])
def test_who_may_fail_back_or_only_look_sees_the_whole_vault(driver: Any, role: str) -> None:
    roles = [{"name": ROLE["Name"], "actions": ROLE["Actions"]}]
    principals = [CALLER, {"name": "other", "roles": [role]}]
    scenario = scenario_of("vm1", item_of("vm2", host="hv02"), item_of("vm3", cloud="cloud1"), **PLAN)
    vault = driver({**scenario, "roles": roles, "principals": principals}, "other")
    assert {name: facts["asr_stage"] for name, facts in vms(vault).items()} == dict.fromkeys(
        ("vm1", "vm2", "vm3"), "failed_over"
    )
    assert 403 not in {entry["status"] for entry in vault.simulator.journal.entries()}


def test_without_a_right_the_inventory_fails_and_is_not_shorter(driver: Any) -> None:
    actions = [one for one in ROLE["Actions"] if not one.endswith("replicationRecoveryServicesProviders/read")]
    vault = driver(
        scenario_of(
            "vm1",
            roles=[{"name": "Narrow", "actions": actions}],
            principals=[{"name": "caller", "roles": ["Narrow"]}],
        )
    )
    with pytest.raises(PermissionDenied, match=r"Inventory of vault .*replicationRecoveryServicesProviders/read"):
        inventory(vault)


OPTIONS = {"resource_group": "rg", "vault_name": "v1", "secret": "s1", "recovery_plans": True, "job_pages": 12}
ENVIRON = {"AZURE_SUBSCRIPTION_ID": "1", "AZURE_TENANT": "t", "AZURE_CLIENT_ID": "c", "AZURE_SECRET": "s2"}


def test_what_was_kept_counts_for_the_same_vault_and_caller_alone() -> None:
    source = source_of(OPTIONS, ENVIRON)
    for same in ({"secret": "other"}, {"subscription_id": "1"}, {"cloud_environment": "AzureCloud"}):
        assert source_of({**OPTIONS, **same}, ENVIRON) == source
    for changed in ({"vault_name": "v2"}, {"tenant": "t2"}, {"recovery_plans": False}, {"job_pages": 0}):
        assert source_of({**OPTIONS, **changed}, ENVIRON) != source
    for around in ({"AZURE_SUBSCRIPTION_ID": "2"}, {"AZURE_CLIENT_ID": "d"}, {"AZURE_CLOUD_ENVIRONMENT": "https://x"}):
        assert source_of(OPTIONS, {**ENVIRON, **around}) != source


def test_what_was_kept_does_not_count_once_a_file_names_another_subscription_or_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".azure"
    folder.mkdir()
    options = {name: value for name, value in OPTIONS.items() if name != "secret"}
    found = []
    for subscription, client in (("test", "a"), ("production", "a"), ("production", "b")):
        credential = f"tenant=t\nclient_id={client}\nsecret=s\nsubscription_id={subscription}"
        (folder / "credentials").write_text(f"[default]\n{credential}\n")
        found.append(source_of(options, {"HOME": str(tmp_path)}))
    for user in ("one@example.com", "other@example.com"):
        (folder / "azureProfile.json").write_text(json.dumps({"subscriptions": [{"user": {"name": user}}]}))
        found.append(source_of({**options, "auth_source": "cli", "subscription_id": "1"}, {"HOME": str(tmp_path)}))
    assert len(set(found)) == len(found)

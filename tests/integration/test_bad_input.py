# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input gets one clear error: what was asked, what Azure said, what to do. Nothing is written."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import item_of, scenario_of

VERBS = ("failback_prereq", "planned_failover", "complete_failover", "commit", "reverse_replicate")


@pytest.fixture
def vault(driver: Any) -> Any:
    """A vault with two VMs of one friendly name, one of another provider, and callers of several rights."""
    return driver(
        scenario_of(
            item_of("vm1"),
            item_of("twin-1", friendly_name="twin"),
            item_of("twin-2", friendly_name="twin"),
            item_of("vmware", provider="InMageRcm"),
            principals=[
                {"name": "operator", "roles": ["Site Recovery Contributor", "Reader"]},
                {"name": "reader", "roles": ["Site Recovery Reader"]},
                {"name": "nobody", "roles": []},
            ],
        )
    )


def as_principal(vault: Any, name: str) -> dict[str, Any]:
    """The options that sign another caller in."""
    who = next(one for one in vault.simulator.connection["principals"] if one["name"] == name)
    return {"client_id": who["client_id"], "secret": who["client_secret"]}


@pytest.mark.parametrize("module", VERBS)
@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"replicated_item": "vm"}, "target", ["no replicated item 'vm'", "Similar names: vm1"]),
        ({"replicated_item": "twin"}, "target", ["names 2 replicated items", "twin-1", "twin-2", "resource id"]),
        ({"replicated_item": "vmware"}, "target", ["InMageRcm", "HyperVReplicaAzure"]),
        ({"recovery_plan": "shop"}, "target", ["no recovery plan 'shop'"]),
        ({"replicated_item": "vm1", "vault_name": "other"}, "not_found", ["vaults/other", "was not found"]),
        ({"replicated_item": "vm1", "resource_group": "rg-x"}, "not_found", ["rg-x", "could not be found"]),
        ({"replicated_item": "vm1", "secret": "Canary-7281"}, "authentication", ["AADSTS7000215", "secret"]),
    ],
    ids=["unknown item", "ambiguous", "other provider", "unknown plan", "wrong vault", "wrong group", "wrong secret"],
)
def test_one_clear_error_and_no_write(
    vault: Any, module: str, options: dict[str, Any], kind: str, words: list[str]
) -> None:
    failed = vault.fail(module, **options)
    assert failed["error"]["kind"] == kind
    for word in [*words, next(iter(options.values()))]:
        assert word in failed["msg"]
    assert options.get("secret", "never shown") not in str(failed)
    assert vault.writes() == []


@pytest.mark.parametrize("module", VERBS)
def test_an_item_of_another_vault_is_refused_by_its_id(vault: Any, module: str) -> None:
    there = vault.state("vm1")["id"].replace("/vaults/", "/vaults/x")
    failed = vault.fail(module, replicated_item=there)
    assert "belongs to another vault" in failed["msg"]
    assert vault.writes() == []


# A job, a recovery point or a way out below an item: what the id ends in is not the item that it names.
DETOURS = ["/recoveryPoints/twin-1", "/../twin-1", "/%2e%2e/twin-1", "/plannedFailover", "?x=y", "#x"]


@pytest.mark.parametrize("module", VERBS)
@pytest.mark.parametrize("detour", DETOURS)
def test_an_id_that_goes_on_after_an_item_names_none(vault: Any, module: str, detour: str) -> None:
    failed = vault.fail(module, replicated_item=vault.state("vm1")["id"] + detour)
    assert (failed["error"]["kind"], vault.writes()) == ("target", [])


def test_a_slash_at_the_end_of_an_id_does_not_matter(vault: Any) -> None:
    assert vault.run("failback_prereq", replicated_item=vault.state("vm1")["id"] + "/")["ready"] is True


@pytest.mark.parametrize("option", ["vault_name", "resource_group", "subscription_id"])
@pytest.mark.parametrize("value", ["..", ".", "a/b", "a%2fb", "a?x=y", "a#b", "a\\b", "a\nb", "{}"])
def test_a_name_that_would_lead_elsewhere_is_refused(vault: Any, option: str, value: str) -> None:
    for module in ("vault_info", "job_info"):
        failed = vault.fail(module, **{option: value})
        assert failed["error"]["kind"] == "configuration"
        assert f"{option} is" in failed["msg"]
    assert [entry["path"] for entry in vault.simulator.journal.entries() if "/subscriptions" in entry["path"]] == []


def test_a_job_of_another_vault_or_by_a_way_out_is_refused(vault: Any) -> None:
    vault.run("planned_failover", replicated_item="vm1", wait=False)
    job = vault.jobs("vm1")[0]["name"]
    own = f"{vault.state('vm1')['id'].partition('/replicationFabrics')[0]}/replicationJobs/{job}"
    for name in (own, job):
        assert vault.run("job_info", name=name)["jobs"][0]["name"] == job
    elsewhere = own.replace("/vaults/", "/vaults/x")
    for name in (elsewhere, f"{own}/..", f"{own}/resume", "..", "../replicationFabrics", "a?b"):
        assert vault.fail("job_info", name=name)["error"]["kind"] == "target", name


@pytest.mark.parametrize("option", ["wait_timeout", "poll_interval"])
def test_a_number_out_of_all_bounds_is_refused(vault: Any, option: str) -> None:
    for value in (float("nan"), float("inf"), 1e30) if option == "poll_interval" else (10**30, 10**400):
        failed = vault.fail("commit", replicated_item="vm1", **{option: value})
        assert f"{option} must be a number up to" in failed["msg"]
    assert vault.requests() == 0


@pytest.mark.parametrize("value", ["web\x00", "\ud800"])
def test_what_is_no_text_is_refused(vault: Any, value: str) -> None:
    for options in ({"replicated_item": value}, {"replicated_item": "vm1", "secret": value}):
        failed = vault.fail("complete_failover", **options)
        assert f"{list(options)[-1]} contains NUL or an unpaired surrogate" in failed["msg"]
    failed = vault.fail("commit", replicated_item="vm1", validation={"vms": [{value: 1}]})
    assert "validation contains NUL or an unpaired surrogate" in failed["msg"]
    assert vault.requests() == 0


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_no_result_can_hold_is_refused_wherever_it_is(vault: Any, number: float) -> None:
    for module, options in (
        ("fleet_result", {"host": "vm1", "earlier": {"steps": [{"seconds": number}]}}),
        ("commit", {"replicated_item": "vm1", "validation": {"number": number}}),
    ):
        failed = vault.fail(module, **options)
        assert failed["error"]["kind"] == "configuration"
        assert f"{list(options)[-1]} contains a number that is not finite" in failed["msg"]


@pytest.mark.parametrize("module", VERBS)
def test_neither_and_both_targets_are_refused_by_the_argument_spec(vault: Any, module: str) -> None:
    assert "one of the following is required: replicated_item, recovery_plan" in vault.fail(module)["msg"]
    both = vault.fail(module, replicated_item="vm1", recovery_plan="shop")
    assert "mutually exclusive: replicated_item|recovery_plan" in both["msg"]
    assert vault.requests() == 0


@pytest.mark.parametrize("module", VERBS)
def test_a_caller_without_any_role_is_told_the_action_that_is_missing(vault: Any, module: str) -> None:
    failed = vault.fail(module, replicated_item="vm1", **as_principal(vault, "nobody"))
    assert failed["error"]["kind"] == "permission"
    assert "does not have authorization to perform action" in failed["msg"]
    assert "role" in failed["msg"]
    assert vault.writes() == []


def test_a_reader_may_check_and_is_told_what_is_missing(vault: Any) -> None:
    result = vault.run("failback_prereq", replicated_item="vm1", **as_principal(vault, "reader"))
    found = {finding["id"]: finding for finding in result["findings"]}
    assert found["permissions"]["status"] == "fail"
    assert "replicationProtectedItems/plannedFailover/action" in found["permissions"]["seen"]
    assert found["azure_vm"]["status"] == "not_checked"
    assert result["ready"] is False
    assert result["msg"].startswith(
        "vm1 (failed_over, authoritative: azure) is not ready to be failed back: permissions: "
    )
    assert found["permissions"]["seen"] in result["msg"]


def test_what_is_ready_says_so_with_its_warnings(vault: Any) -> None:
    result = vault.run("failback_prereq", replicated_item="vm1")
    warned = [one["id"] for one in result["findings"] if one["status"] == "warn"]
    told = f"; warnings: {', '.join(warned)}" if warned else ""
    assert result["msg"].startswith(f"vm1 (failed_over, authoritative: azure) is ready to be failed back{told}")


@pytest.mark.parametrize("stage", ["waiting_for_completion", "failback_commit_pending", "protected"])
def test_what_is_under_way_is_not_called_ready(driver: Any, stage: str) -> None:
    vault = driver(scenario_of(item_of("vm1", stage)))
    assert "ready" not in vault.run("failback_prereq", replicated_item="vm1")["msg"]


def test_a_reader_cannot_start_and_nothing_has_happened(vault: Any) -> None:
    failed = vault.fail("planned_failover", replicated_item="vm1", **as_principal(vault, "reader"))
    assert (failed["error"]["kind"], failed["error"]["status"]) == ("permission", 403)
    assert (failed["authoritative_side"], failed["stage"]["after"]) == ("azure", "failed_over")
    assert vault.state("vm1")["stage"] == "failed_over"


@pytest.mark.parametrize("options", [{"wait_timeout": 0}, {"poll_interval": -1}])
def test_numbers_that_make_no_sense_are_refused(vault: Any, options: dict[str, Any]) -> None:
    assert "must be greater than 0" in vault.fail("commit", replicated_item="vm1", **options)["msg"]
    assert vault.requests() == 0


def test_a_cloud_that_is_no_url_is_named(vault: Any) -> None:
    failed = vault.fail("commit", replicated_item="vm1", cloud_environment="AzureMoonCloud")
    assert failed["error"]["kind"] == "configuration"
    assert "AzureMoonCloud" in failed["msg"]


def test_a_missing_subscription_is_named(vault: Any) -> None:
    failed = vault.fail("commit", replicated_item="vm1", subscription_id=None)
    assert "AZURE_SUBSCRIPTION_ID" in failed["msg"]


@pytest.mark.parametrize("name", ["resource_group", "vault_name", "replicated_item"])
def test_an_empty_name_is_refused_before_anything_is_asked(vault: Any, name: str) -> None:
    failed = vault.fail("commit", **{"replicated_item": "vm1", name: " "})
    assert failed["error"]["kind"] == "configuration"
    assert f"{name} is empty" in failed["msg"]
    assert vault.requests() == 0


def test_a_list_ends_with_a_line_for_each_vm(vault: Any) -> None:
    shown = vault.run("replicated_item_info")
    assert shown["summary"][0] == "vm1: failed_over, authoritative: azure"
    assert "vmware: replicated with InMageRcm" in shown["summary"][3]

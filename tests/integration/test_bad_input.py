# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input gets one clear error: what was asked, what Azure said, what to do. Nothing is written."""

from __future__ import annotations

from typing import Any

import pytest
from scenarios import item_of, scenario_of

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
    assert shown["summary"][0] == "vm1: failed_over, truth azure"
    assert "vmware: replicated with InMageRcm" in shown["summary"][3]

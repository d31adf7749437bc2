# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an inventory says of virtual machines and hosts: nothing that is not told becomes a value."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from support.bodies import VAULT, item

from ansible_collections.asr.failback.plugins.module_utils.model.arm_ids import folded
from ansible_collections.asr.failback.plugins.module_utils.model.fabrics import parse_fabric, parse_provider
from ansible_collections.asr.failback.plugins.module_utils.model.inventory_facts import (
    Surroundings,
    default_groups,
    host_facts,
    name_of_host,
    newest_by_name,
    plans_of_items,
    provider_of,
    vm_facts,
)
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import Side, Stage
from ansible_collections.asr.failback.plugins.module_utils.model.listed_stage import ListedStage
from ansible_collections.asr.failback.plugins.module_utils.model.plans import RecoveryPlan, parse_plan

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
SITE_ID = f"{VAULT}/replicationFabrics/site1"
SITE = parse_fabric({"id": SITE_ID, "name": "site1", "properties": {"friendlyName": "Delft"}})
PROVIDER_ID = f"{SITE_ID}/replicationRecoveryServicesProviders/p-1"
PROVIDER = parse_provider(
    {"id": PROVIDER_ID, "name": "p-1", "properties": {"friendlyName": "hv01", "connectionStatus": "Connected"}}
)
KNOWN = ListedStage((Stage.FAILED_OVER,), Side.AZURE, "Site Recovery allows Failback")
UNTOLD = ListedStage((Stage.FAILED_OVER, Stage.INTERRUPTED), None, "its jobs were not read")
OS, DATA = (
    {"vhdName": "os", "vhdType": "OperatingSystem", "maxSizeMB": "40960"},
    {"vhdName": "data", "vhdType": "DataDisk", "maxSizeMB": "512"},
)


def plan(name: str, *item_ids: str) -> RecoveryPlan:
    groups = [{"groupType": "Boot", "replicationProtectedItems": [{"id": item_id} for item_id in item_ids]}]
    body = {"id": f"{VAULT}/replicationRecoveryPlans/{name}", "name": name}
    return parse_plan({**body, "properties": {"friendlyName": name, "groups": groups}})


def facts(body: dict[str, Any], seen: ListedStage = KNOWN, place: Surroundings | None = None) -> dict[str, Any]:
    found = vm_facts(parse_item(body), place or Surroundings(SITE, PROVIDER), seen, NOW)
    assert json.loads(json.dumps(found)) == found
    assert all(name.startswith("asr_") for name in found)
    return found


def test_a_virtual_machine_that_runs_in_azure() -> None:
    body = item(
        "Failback", lastSuccessfulFailoverTime="2026-02-27T00:00:00Z", details={"azureVmDiskDetails": [OS, DATA]}
    )
    found = facts(body, KNOWN, Surroundings(SITE, PROVIDER, (plan("shop"), plan("erp"))))
    assert (found["asr_stage"], found["asr_possible_stages"]) == ("failed_over", ["failed_over"])
    assert (found["asr_authoritative_side"], found["asr_active_location"]) == ("azure", "Recovery")
    assert (found["asr_days_in_azure"], found["asr_in_azure_since"]) == (2.5, "2026-02-27T00:00:00+00:00")
    assert found["asr_disks"] == [
        {"name": "os", "size_gb": 40.0, "os": True},
        {"name": "data", "size_gb": 0.5, "os": False},
    ]
    assert found["asr_disks_gb"] == 40.5
    assert (found["asr_fabric"], found["asr_host"], found["asr_host_connected"]) == ("Delft", "hv01", True)
    assert found["asr_recovery_plans"] == ["erp", "shop"]
    assert found["asr_id"] == body["id"]
    assert set(default_groups(found, ["erp", "shop"])) == {
        ("stage", "failed_over"),
        ("site", "Delft"),
        ("host", "hv01"),
        ("plan", "erp"),
        ("plan", "shop"),
    }


def test_a_stage_that_cannot_be_told_is_unknown_with_the_reason() -> None:
    found = facts(item("Failback"), UNTOLD)
    assert (found["asr_stage"], found["asr_possible_stages"]) == ("unknown", ["failed_over", "interrupted"])
    assert (found["asr_authoritative_side"], found["asr_stage_reason"]) == (None, "its jobs were not read")
    assert ("stage", "unknown") in set(default_groups(found, ()))


def test_what_is_not_told_is_none_and_makes_no_group() -> None:
    disks = {"azureVmDiskDetails": [OS, {"vhdName": "data"}]}
    found = facts(item("Failback", details=disks), KNOWN, Surroundings(SITE, None))
    assert found["asr_disks"][1]["size_gb"] is None
    names = ("disks_gb", "days_in_azure", "in_azure_since", "host", "host_connected", "os_type", "job", "health_causes")
    assert {name: found[f"asr_{name}"] for name in names} == dict.fromkeys(names)
    assert {kind for kind, _name in default_groups(found, ())} == {"stage", "site"}


@pytest.mark.parametrize(
    "name", ["allowed_operations", "networks", "disks", "disks_gb", "test_failover_open", "recovery_plans"]
)
def test_a_list_that_is_not_told_is_not_empty(name: str) -> None:
    body = item("Failback")
    for one in ("allowedOperations", "testFailoverState"):
        body["properties"].pop(one, None)
    assert facts(body)[f"asr_{name}"] is None


def test_a_list_that_is_told_to_be_empty_is() -> None:
    body = item(testFailoverState="None", details={"vmNics": [], "azureVmDiskDetails": []})
    found = facts({**body, "properties": {**body["properties"], "allowedOperations": []}})
    names = ("allowed_operations", "networks", "disks")
    assert {name: found[f"asr_{name}"] for name in names} == {name: [] for name in names}
    assert found["asr_test_failover_open"] is False


def test_what_is_not_told_of_a_disk_or_a_host_is_none() -> None:
    (disk,) = facts(item(details={"azureVmDiskDetails": [{}]}))["asr_disks"]
    assert disk == {"name": None, "size_gb": None, "os": None}
    silent = parse_provider({"id": PROVIDER_ID, "name": "p-1", "properties": {}})
    assert facts(item(), KNOWN, Surroundings(SITE, silent))["asr_host_connected"] is None
    assert host("", None, "")["asr_connection_status"] is None
    assert name_of_host(host("", None)) == "p"


def test_on_premises_no_days_in_azure_are_counted() -> None:
    body = item("PlannedFailover", active="Primary", lastSuccessfulFailoverTime="2026-02-27T00:00:00Z")
    found = facts(body, ListedStage((Stage.PROTECTED,), Side.ON_PREMISES, ""))
    assert (found["asr_days_in_azure"], found["asr_in_azure_since"]) == (None, None)


def test_plans_are_found_by_the_id_of_an_item_in_any_case() -> None:
    found = plans_of_items([plan("shop", "/Subscriptions/1/vm1"), plan("erp", "/subscriptions/1/VM1/")])
    assert [one.name for one in found[folded("/subscriptions/1/vm1")]] == ["shop", "erp"]


def test_a_provider_is_found_by_its_id_in_any_case() -> None:
    assert provider_of(parse_item(item(recoveryServicesProviderId=PROVIDER_ID.upper())), [PROVIDER]) is PROVIDER
    assert provider_of(parse_item(item()), [PROVIDER]) is None


def host(name: str, heartbeat: str | None, connection: str = "Connected") -> dict[str, Any]:
    return host_facts(
        {"name": "p", "friendly_name": name, "last_heartbeat": heartbeat, "connection_status": connection}, SITE
    )


def test_a_host_that_was_registered_again_is_one_host() -> None:
    old, new = host("HV01", "2026-01-01T00:00:00+00:00", "NotConnected"), host("hv01", "2026-03-01T00:00:00+00:00")
    assert newest_by_name([new, old, host("hv00", None)]) == [host("hv00", None), new]
    assert new["asr_fabric"] == "Delft"

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verbs refuse, prove and name around the steps: alternate hosts, locks, leftovers, contradictions."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import accepted
from support.scenarios import CLOUD, SITE, item_of, scenario_of

OTHER_SITE = {"name": "site2", "type": "HyperVSite", "hosts": [{"name": "hv09"}]}


def test_an_alternate_host_gets_the_vm(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", on_premises_vm="missing")))
    result = vault.run("planned_failover", replicated_item="vm1", target_host="hv02")
    assert result["data_sync"]["option"] == "before_failover"
    assert result["stage"]["after"] == "waiting_for_completion"
    assert vault.state("vm1")["azure_vm"]["power"] == "running", "it is not down while its data is copied"
    vault.run("complete_failover", replicated_item="vm1")
    assert vault.state("vm1")["on_premises_vm"]["host"] == "hv02"


def test_at_its_old_place_a_vm_that_was_deleted_is_downloaded_in_full(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", on_premises_vm="missing")))
    for way in ({"create_vm_if_missing": True}, {"target_host": "hv01"}):
        sync = vault.run("planned_failover", replicated_item="vm1", check_mode=True, **way)["data_sync"]
        assert sync["option"] == "during_failover"


def test_a_missing_vm_is_created_only_when_asked(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", on_premises_vm="missing")))
    failed = vault.fail("planned_failover", replicated_item="vm1")
    assert failed["error"]["kind"] == "job_failed"
    assert failed["authoritative_side"] == "azure"
    assert vault.state("vm1")["on_premises_vm"]["exists"] is False
    vault.run("planned_failover", replicated_item="vm1", create_vm_if_missing=True)
    assert vault.state("vm1")["on_premises_vm"]["exists"] is True


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"replicated_item": "vm1", "target_host": "hv09"}, "Registered there: hv01, hv02, hv03"),
        ({"replicated_item": "vm1", "target_host": "hv03"}, "Host hv03 is NotConnected"),
        ({"replicated_item": "vmm1", "target_host": "hv02"}, "within a Hyper-V site only"),
        ({"recovery_plan": "shop", "target_host": "hv02"}, "for one VM only"),
        ({"replicated_item": "secret"}, "retired on 30 April 2022"),
    ],
    ids=["host of another site", "host not connected", "VMM", "plan", "encrypted"],
)
def test_what_site_recovery_does_not_take_is_refused_first(driver: Any, target: dict[str, str], words: str) -> None:
    site = {**SITE, "hosts": [*SITE["hosts"], {"name": "hv03", "connected": False}]}
    items = [item_of("vm1"), item_of("vmm1", cloud="cloud1"), item_of("secret", encryption="Enabled")]
    plans = [{"name": "shop", "groups": [["vm1"]]}]
    vault = driver(scenario_of(*items, fabrics=[site, CLOUD, OTHER_SITE], recovery_plans=plans))
    for check_mode in (True, False):
        assert words in vault.fail("planned_failover", check_mode=check_mode, **target)["msg"]
    assert vault.writes() == []


def test_a_delete_lock_stops_the_commit_before_it_is_sent(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failback_commit_pending", locks=["CanNotDelete"])))
    refused = vault.fail("commit", replicated_item="vm1", policy="now")
    assert "delete lock" in refused["msg"]
    assert refused["error"]["locks"]
    assert vault.writes() == []
    assert vault.state("vm1")["azure_vm"]["exists"] is True


@pytest.mark.parametrize("managed", [True, False])
def test_a_commit_names_what_is_gone_and_what_is_left(driver: Any, managed: bool) -> None:
    disks = [{"name": "os", "gb": 40, "os": True}, {"name": "data", "gb": 80}]
    vault = driver(scenario_of(item_of("vm1", "failback_commit_pending", managed_disks=managed, disks=disks)))
    resources = vault.run("commit", replicated_item="vm1", policy="now", **accepted("vm1"))["azure_resources"]
    assert vault.state("vm1")["azure_vm"]["exists"] is False
    kinds = [part.split("/")[-2] for part in resources["deleted"]]
    assert kinds == ["virtualMachines", *(["disks", "disks"] if managed else [])]
    assert "networkInterfaces" in [part.split("/")[-2] for part in resources["left_behind"]]
    assert len(resources["not_checked"]) == (0 if managed else 2)
    again = vault.run("commit", replicated_item="vm1", policy="now")["azure_resources"]
    assert again["left_behind"] == resources["left_behind"]


def test_an_azure_vm_that_runs_after_the_cut_over_is_a_contradiction(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failback_commit_pending")))
    vm = vault.state("vm1")["azure_vm"]["id"]
    vault.simulator.locked(lambda world: world.compute.start(vm))
    vault.pass_time(600)
    failed = vault.fail("complete_failover", replicated_item="vm1")
    assert failed["error"]["kind"] == "contradiction"
    told = "Which side is authoritative cannot be determined. Do not commit. Two copies of the VM may be running"
    assert told in failed["msg"]
    assert failed["authoritative_side"] == "mixed"
    assert failed["changed"] is False


def test_a_contradiction_after_a_cut_over_says_that_a_write_was_sent(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "waiting_for_completion")))
    vm = vault.state("vm1")["azure_vm"]["id"]

    def start_again(_seconds: float) -> None:
        if vault.state("vm1")["stage"] == "failback_commit_pending":
            vault.simulator.locked(lambda world: world.compute.start(vm))

    vault.meanwhile = start_again
    failed = vault.fail("complete_failover", replicated_item="vm1")
    assert failed["error"]["kind"] == "contradiction"
    assert failed["changed"] is True


def test_a_cancelled_failback_says_that_the_disks_are_inconsistent(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "interrupted")))
    shown = vault.run("replicated_item_info", name="vm1")["replicated_items"][0]
    assert shown["stage"] == "interrupted"
    assert "not consistent" in shown["reason"]
    found = {one["id"]: one for one in vault.run("failback_prereq", replicated_item="vm1")["findings"]}
    assert found["on_premises_disks"]["status"] == "warn"
    assert vault.state("vm1")["on_premises_vm"] == {
        "exists": True,
        "power": "off",
        "disks": "inconsistent",
        "host": "hv01",
    }


def test_a_deadline_names_the_job_and_a_later_run_attaches(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    failed = vault.fail("planned_failover", replicated_item="vm1", wait_timeout=60)
    assert failed["error"]["kind"] == "timeout"
    assert failed["error"]["job_id"] in failed["msg"]
    assert failed["stage"]["after"] == "synchronizing"
    again = vault.run("planned_failover", replicated_item="vm1")
    assert (again["changed"], again["job"]["name"]) == (False, failed["error"]["job_id"])


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "action", [{"do": "reset"}, {"do": "close"}, {"do": "status", "status": 503, "retry_after": 1}], ids=str
)
def test_a_write_of_unknown_fate_is_settled_by_reading(driver: Any, action: dict[str, Any], when: str) -> None:
    vault = driver(scenario_of("vm1"))
    fault = {"match": {"method": "POST", "path": "/plannedFailover$"}, "action": {**action, "when": when}}
    vault.simulator.locked(lambda world: world.faults.add(fault))
    if when == "after":
        assert vault.run("planned_failover", replicated_item="vm1")["stage"]["after"] == "waiting_for_completion"
    else:
        failed = vault.fail("planned_failover", replicated_item="vm1")
        assert failed["error"]["kind"] == "fate_unknown"
        assert failed["stage"]["after"] == "failed_over"
        assert "not sent again" in failed["msg"]
    assert vault.writes() == ["POST vm1/plannedFailover"]


def test_refresh_is_the_only_write_of_the_prerequisites(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    vault.run("failback_prereq", replicated_item="vm1")
    vault.run("failback_prereq", replicated_item="vm1", refresh_provider=True, check_mode=True)
    assert vault.writes() == []
    vault.run("failback_prereq", replicated_item="vm1", refresh_provider=True)
    assert [line.rsplit("/", 1)[1] for line in vault.writes()] == ["refreshProvider"]


def test_a_token_that_expires_during_a_wait_is_renewed(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    vault.run("planned_failover", replicated_item="vm1")
    vault.pass_time(7200)
    assert vault.run("complete_failover", replicated_item="vm1")["stage"]["after"] == "failback_commit_pending"
    tokens = [entry for entry in vault.simulator.journal.entries() if entry["path"].endswith("/token")]
    assert len(tokens) == 2

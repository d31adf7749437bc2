# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Hyper-V hosts are asked: findings before anything is written, proof afterwards, the truth where they differ."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import CLOUD, SITE, item_of, scenario_of

HOST, FULL, DELTA = "hv01", "during_failover", "before_failover"


def findings(vault: Any, **options: Any) -> dict[str, dict[str, Any]]:
    result = vault.run("failback_prereq", replicated_item="vm1", **options)
    return {finding["id"]: finding for finding in result["findings"]}


def sides_of(result: dict[str, Any], when: str = "after") -> tuple[str, str, str]:
    (one,) = result["split_brain_check"][when]
    return one["runs"], one["azure"]["state"], one["on_premises"][0]["state"]


def test_both_sides_are_checked_and_nothing_stands_in_the_way(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    found = findings(vault)
    assert {one["status"] for one in found.values()} <= {"pass", "warn"}
    assert found["on_premises_vm_off"]["seen"] == "Off on hv01"
    assert found["virtual_switches"]["status"] == found["host_services"]["status"] == "pass"
    assert vault.writes() == []


@pytest.mark.parametrize(
    ("fault", "identifier", "words"),
    [
        ({"host": HOST, "reachable": False}, "host_reachable", "hv01"),
        ({"host": HOST, "password": "wrong"}, "host_credentials", "hv01"),
        ({"host": HOST, "service": "obengine", "state": "Stopped"}, "host_services", "obengine"),
        ({"host": HOST, "service": "dra", "state": "Stopped"}, "host_services", "dra"),
        ({"host": HOST, "volume": "D:", "free_gb": 0.2}, "disk_space", "0.2 GB"),
        ({"host": HOST, "switch": "Production", "missing": True}, "virtual_switches", "Production"),
        ({"host": HOST, "role": "missing"}, "hyperv_role", "Install-WindowsFeature"),
        ({"vm": "vm1", "power": "running"}, "on_premises_vm_off", "hv01"),
        ({"vm": "vm1", "checkpoint": "before patch"}, "checkpoints", "before patch"),
    ],
    ids=lambda value: "-".join(f"{key}" for key in value) if isinstance(value, dict) else "",
)
def test_each_fault_of_a_host_is_a_finding_with_cause_and_remedy(
    driver: Any, fault: dict[str, Any], identifier: str, words: str
) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    vault.trouble(**fault)
    finding = findings(vault)[identifier]
    assert finding["status"] == "fail"
    assert words in f"{finding['seen']} {finding['cause']} {finding['remedy']}"
    assert finding["cause"]
    assert finding["remedy"]
    assert vault.writes() == []


@pytest.mark.parametrize(
    ("fault", "identifier", "status", "words"),
    [
        ({"vm": "vm1", "differencing": "left"}, "disk_chain", "fail", ".avhdx"),
        ({"vm": "vm1", "foreign_disk": "pass_through"}, "unreplicated_disks", "warn", "pass-through"),
        ({"vm": "vm1", "foreign_disk": "shared"}, "unreplicated_disks", "warn", "shared"),
        ({"vm": "vm1", "foreign_disk": "excluded"}, "unreplicated_disks", "warn", "excluded.vhdx"),
        ({"vm": "vm1", "automatic_start": "Start"}, "automatic_start", "warn", "Set-VM"),
        ({"vm": "vm1", "replication": "Suspended"}, "host_replication", "warn", "Suspended"),
        ({"vm": "vm1", "replication": "Critical"}, "host_replication", "warn", "Critical"),
        ({"vm": "vm1", "replication": "FailbackInProgress"}, "host_replication", "warn", "Failback in progress"),
        ({"vm": "vm1", "replication": "WaitingForStartResynchronize"}, "host_replication", "warn", "-Resynchronize"),
        ({"vm": "vm1", "replication": "RecoveryInProgress"}, "host_replication", "warn", "Failover in progress"),
        ({"vm": "vm1", "replication": "Disabled"}, "host_replication", "warn", "Disabled"),
        ({"vm": "vm1", "operation": "MergingDisks"}, "vm_status", "fail", "Merging disks"),
        ({"vm": "vm1", "operation": "BackingUpVirtualMachine"}, "vm_status", "fail", "Wait"),
        ({"vm": "vm1", "operation": "CriticalIoError"}, "vm_status", "fail", "storage"),
        ({"vm": "vm1", "operation": "Degraded"}, "vm_status", "warn", "Degraded"),
        ({"vm": "vm1", "checkpoint": "b", "type": "Recovery"}, "checkpoints", "fail", "Remove-VMSnapshot"),
        ({"vm": "vm1", "security": "vtpm"}, "vm_security", "warn", "recovery key"),
        ({"vm": "vm1", "security": "shielded"}, "vm_security", "warn", "shielded"),
        ({"host": HOST, "installation": "Server Core"}, "host_version", "warn", "Server Core"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_what_may_spoil_a_failback_is_a_finding_before_it(
    driver: Any, fault: dict[str, Any], identifier: str, status: str, words: str
) -> None:
    site = {**SITE, "hosts": [{"name": HOST, "os": "2019"}, {"name": "hv02"}]}
    vault = driver(scenario_of("vm1", fabrics=[site])).knows_hosts()
    assert findings(vault)[identifier]["status"] == "pass"
    vault.trouble(**fault)
    # Checks of one run share an answer of a host.
    vault.pass_time(300)
    finding = findings(vault)[identifier]
    assert finding["status"] == status
    assert words in f"{finding['seen']} {finding['cause']} {finding['remedy']}"


def test_a_clock_that_is_wrong_is_a_warning(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    vault.trouble(host=HOST, clock_offset=900)
    finding = findings(vault)["host_clock"]
    assert finding["status"] == "warn"
    # Azure tells its time in whole seconds.
    assert finding["seen"] in ("900 seconds ahead of Azure", "901 seconds ahead of Azure")


def test_hosts_that_nobody_may_ask_are_not_checked(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    finding = findings(vault)["host_reachable"]
    assert finding["status"] == "not_checked"
    assert "neither in the inventory nor in hyperv_hosts" in finding["cause"]
    vault.run("planned_failover", replicated_item="vm1")
    result = vault.run("complete_failover", replicated_item="vm1")
    assert result["split_brain_check"]["verdict"] == "not_checked"
    assert sides_of(result) == ("not_checked", "deallocated", "not_checked")


def test_the_proof_is_part_of_each_result(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    started = vault.run("planned_failover", replicated_item="vm1")
    assert sides_of(started, "before") == ("azure", "running", "Off")
    done = vault.run("complete_failover", replicated_item="vm1")
    assert done["split_brain_check"]["verdict"] == "proved"
    assert sides_of(done, "before") == ("azure", "running", "Off")
    assert sides_of(done) == ("on_premises", "deallocated", "Running")
    committed = vault.run("commit", replicated_item="vm1", policy="now")
    assert sides_of(committed, "before") == ("on_premises", "deallocated", "Running")
    assert sides_of(committed) == ("on_premises", "absent", "Running")


@pytest.mark.parametrize("stage", ["failed_over", "waiting_for_completion"])
def test_no_step_is_sent_while_the_on_premises_copy_runs(driver: Any, stage: str) -> None:
    vault = driver(scenario_of(item_of("vm1", stage))).knows_hosts()
    vault.trouble(vm="vm1", power="running")
    module = "planned_failover" if stage == "failed_over" else "complete_failover"
    for check_mode in (True, False):
        failed = vault.fail(module, replicated_item="vm1", check_mode=check_mode)
        assert failed["error"]["kind"] == "refused"
        assert "on hv01 it is Running" in failed["msg"]
        assert "The Azure VM is authoritative" in failed["msg"]
    assert vault.writes() == []


def test_a_vm_that_is_off_after_the_cut_over_fails_whatever_site_recovery_says(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "waiting_for_completion"))).knows_hosts()
    vault.trouble(vm="vm1", does_not_start=True)
    failed = vault.fail("complete_failover", replicated_item="vm1")
    assert failed["error"]["kind"] == "contradiction"
    assert failed["changed"] is True
    assert "vm1: its Azure VM is deallocated, on hv01 it is Off" in failed["msg"]
    assert "Neither copy runs" in failed["msg"]
    assert failed["authoritative_side"] == "on_premises"
    refused = vault.fail("commit", replicated_item="vm1", policy="now")
    assert refused["error"]["kind"] == "contradiction"
    assert "would delete the other copy" in refused["msg"]
    assert vault.state("vm1")["azure_vm"]["exists"] is True


def test_a_vm_that_is_off_is_not_the_only_one_where_azure_was_not_read(driver: Any) -> None:
    blind = [{"name": "operator", "roles": ["Site Recovery Contributor"]}]
    vault = driver(scenario_of(item_of("vm1", "failback_commit_pending"), principals=blind)).knows_hosts()
    vault.trouble(vm="vm1", power="off")
    failed = vault.fail("commit", replicated_item="vm1", policy="now")
    assert "Neither copy runs" not in failed["msg"]
    assert "Which side is authoritative cannot be determined" in failed["msg"]
    assert failed["authoritative_side"] == "mixed"
    assert vault.writes() == []


def test_a_vm_that_runs_is_not_the_only_one_where_azure_was_not_read(driver: Any) -> None:
    blind = [{"name": "operator", "roles": ["Site Recovery Contributor"]}]
    vault = driver(scenario_of(item_of("vm1", "protected"), principals=blind)).knows_hosts()

    def start_it(_seconds: float) -> None:
        if vault.state("vm1")["stage"] == "failover_commit_pending":
            vault.trouble(vm="vm1", power="running")

    vault.meanwhile = start_it
    failed = vault.fail("planned_failover", replicated_item="vm1", direction="primary_to_recovery")
    assert "it alone runs" not in failed["msg"]
    assert (failed["error"]["kind"], failed["authoritative_side"]) == ("contradiction", "mixed")


def test_an_azure_vm_that_runs_alone_is_authoritative(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failback_commit_pending"))).knows_hosts()
    vault.trouble(vm="vm1", power="off")
    vault.simulator.locked(lambda world: world.compute.start(vault.state("vm1")["azure_vm"]["id"]))
    vault.pass_time(600)
    failed = vault.fail("commit", replicated_item="vm1", policy="now")
    assert "The Azure VM is authoritative: it alone runs" in failed["msg"]
    assert failed["authoritative_side"] == "azure"
    assert vault.writes() == []


def test_a_vm_that_is_gone_needs_a_word_to_be_created(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", on_premises_vm="missing"))).knows_hosts()
    assert findings(vault)["on_premises_vm"]["status"] == "fail"
    assert findings(vault, create_vm_if_missing=True)["on_premises_vm"]["status"] == "pass"
    refused = vault.fail("planned_failover", replicated_item="vm1")
    assert "there is nothing to fail back to" in refused["msg"]
    assert vault.writes() == []
    made = vault.run("planned_failover", replicated_item="vm1", create_vm_if_missing=True)
    assert made["data_sync"]["option"] == FULL
    assert sides_of(made) == ("on_premises", "deallocated", "Running")


def test_a_vm_that_is_there_is_compared_even_if_it_might_be_created(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    result = vault.run("planned_failover", replicated_item="vm1", create_vm_if_missing=True)
    assert result["data_sync"]["option"] == "before_failover"


def test_another_host_takes_the_vm_of_one_that_has_died(driver: Any) -> None:
    site = {**SITE, "hosts": [{"name": "hv01", "connected": False}, {"name": "hv02"}]}
    vault = driver(scenario_of("vm1", fabrics=[site, CLOUD])).knows_hosts()
    assert findings(vault)["host_reachable"]["status"] == "fail"
    assert vault.run("failback_prereq", replicated_item="vm1", target_host="hv02")["data_sync"]["option"] == DELTA
    found = findings(vault, target_host="hv02")
    assert [one["id"] for one in found.values() if one["status"] == "fail"] == []
    result = vault.run("planned_failover", replicated_item="vm1", target_host="hv02", data_sync=FULL)
    states = {copy["host"]: copy["state"] for copy in result["split_brain_check"]["after"][0]["on_premises"]}
    assert states == {"hv02": "Running", "hv01": "not_checked"}
    committed = vault.run("commit", replicated_item="vm1", policy="now")
    assert committed["split_brain_check"]["after"][0]["on_premises"][0]["state"] == "Running"


def test_an_old_host_that_starts_its_copy_meanwhile_is_noticed(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()

    def start_the_old_copy(_seconds: float) -> None:
        if vault.state("vm1")["stage"] == "failback_commit_pending":
            vault.trouble(host="hv01", vm="vm1", power="running")

    vault.meanwhile = start_the_old_copy
    failed = vault.fail("planned_failover", replicated_item="vm1", target_host="hv02", data_sync=FULL)
    assert "two copies run there" in failed["msg"]
    assert failed["changed"] is True


def test_the_hosts_of_a_vmm_server_are_asked(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", cloud="cloud1"))).knows_hosts()
    found = findings(vault)
    assert {one["status"] for one in found.values()} <= {"pass", "warn"}
    vault.run("planned_failover", replicated_item="vm1")
    done = vault.run("complete_failover", replicated_item="vm1")
    assert sides_of(done) == ("on_premises", "deallocated", "Running")


def test_a_vmm_server_is_quoted_on_hosts_that_nobody_may_ask(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", cloud="cloud1"))).knows_hosts()
    servers = {name: host for name, host in vault.inventory.items() if name.startswith("vmm01") and "node" not in name}
    vault.inventory = servers
    vault.run("planned_failover", replicated_item="vm1")
    done = vault.run("complete_failover", replicated_item="vm1")
    assert sides_of(done) == ("not_checked", "deallocated", "Running")
    assert "VMM server vmm01 says" in done["split_brain_check"]["after"][0]["on_premises"][0]["reason"]


def test_a_plan_asks_each_host_once(driver: Any) -> None:
    plans = [{"name": "shop", "groups": [["vm1"], ["vm2", "vm3"]]}]
    vault = driver(scenario_of("vm1", "vm2", item_of("vm3", host="hv02"), recovery_plans=plans)).knows_hosts()
    vault.run("failback_prereq", recovery_plan="shop")
    sessions = vault.simulator.locked(lambda world: world.shells.sessions())
    assert sorted(session["host"] for session in sessions) == ["hv01", "hv02"]


def test_a_vm_that_is_saved_with_its_host_and_not_started_again_is_a_warning(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    vault.trouble(vm="vm1", automatic_start="Nothing")
    finding = findings(vault)["automatic_start"]
    assert (finding["status"], finding["seen"]) == ("warn", "Nothing; Save when the host goes down")
    assert "-AutomaticStopAction ShutDown" in finding["remedy"]
    vault.trouble(vm="vm1", automatic_stop="ShutDown")
    vault.pass_time(300)
    assert findings(vault)["automatic_start"]["status"] == "pass"


def test_the_vlan_of_a_vm_that_is_made_on_another_host_is_that_of_the_one_before(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    assert findings(vault, target_host="hv02")["vlan"]["status"] == "pass"
    vault.trouble(vm="vm1", vlan=42)
    vault.pass_time(300)
    finding = findings(vault, target_host="hv02")["vlan"]
    assert finding["status"] == "warn"
    assert "Access 42" in finding["seen"]
    assert "Set-VMNetworkAdapterVlan" in finding["remedy"]
    assert findings(vault)["vlan"]["status"] == "pass"


def test_a_vm_that_is_made_where_the_one_before_cannot_be_seen_has_an_unknown_vlan(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    vault.trouble(host=HOST, reachable=False)
    assert findings(vault, target_host="hv02")["vlan"]["status"] == "not_checked"


def test_a_virtual_tpm_does_not_come_along_to_another_host(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    vault.trouble(vm="vm1", security="vtpm")
    finding = findings(vault, target_host="hv02")["vm_security"]
    assert finding["status"] == "warn"
    assert "is made without one" in finding["cause"]


def test_a_vm_that_its_cluster_may_start_is_not_ready(driver: Any) -> None:
    hosts = [{"name": HOST, "cluster": "c1"}, {"name": "hv02", "cluster": "c1"}]
    vault = driver(scenario_of("vm1", fabrics=[{**SITE, "hosts": hosts}])).knows_hosts()
    assert findings(vault)["cluster_resource"]["status"] == "pass"
    vault.trouble(vm="vm1", cluster_resource="Failed")
    vault.pass_time(300)
    finding = findings(vault)["cluster_resource"]
    assert (finding["status"], finding["seen"]) == ("fail", "Failed")
    assert "Stop-ClusterGroup" in finding["remedy"]


def test_hosts_of_2012_r2_know_no_virtual_tpm(driver: Any) -> None:
    site = {**SITE, "hosts": [{"name": HOST, "os": "2012 R2"}]}
    vault = driver(scenario_of("vm1", fabrics=[site])).knows_hosts()
    assert findings(vault)["vm_security"]["status"] == "pass"


def test_a_host_that_is_not_a_vm_s_own_is_asked_for_no_disk_files_before_a_step(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1"), item_of("vm2", host="hv02"), item_of("vm3", host="hv02"))).knows_hosts()

    def asked_for() -> dict[str, int]:
        hosts = vault.simulator.locked(lambda world: list(world.hyperv.hosts.values()))
        return {host.name: host.disk_files_asked_for for host in hosts if host.name in ("hv01", "hv02")}

    started = vault.run("planned_failover", replicated_item="vm1")
    assert {one["host"]: one["state"] for one in started["split_brain_check"]["before"][0]["on_premises"]} == {
        "hv01": "Off"
    }
    assert asked_for()["hv01"] > 0
    assert asked_for()["hv02"] == 0
    vault.trouble(vm="vm2", operation="MergingDisks")
    vault.run("failback_prereq", replicated_item="vm2")
    assert asked_for()["hv02"] > 0


@pytest.mark.parametrize("together", [False, True], ids=["alone", "one of many"])
def test_a_host_whose_variables_are_wrong_is_one_that_was_not_seen(driver: Any, together: bool) -> None:
    """It is not the VM's own: what is known of that one counts, and the failback goes on."""
    other = {"name": "hv09"}
    site = {**SITE, "hosts": [*SITE["hosts"], other]}
    vault = driver(scenario_of("vm1", "vm2", fabrics=[site])).knows_hosts()
    vault.inventory["hv09"]["ansible_winrm_transport"] = "nonsense"
    options = {"replicated_items": ["vm1", "vm2"]} if together else {"replicated_item": "vm1"}
    result = vault.run("planned_failover", **options)
    assert vault.state("vm1")["stage"] == "waiting_for_completion", result

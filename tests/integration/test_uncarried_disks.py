# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on disks that failback does not carry is lost with the commit: nobody commits that without naming them."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import item_of, scenario_of

from asr_simulator.compute.machines import Disk

VM1 = {"replicated_item": "vm1"}
NOW = {"policy": "now"}
PENDING = "failback_commit_pending"
DISKS = [{"name": "os", "gb": 40, "os": True}, {"name": "data", "gb": 100}]
CHECK = pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
TOLD = pytest.mark.parametrize("told", ["told", "untold"])


def opened(driver: Any, stage: str = "failed_over", told: str = "told", managed: bool = True) -> Any:
    item = item_of("vm1", stage, managed_disks=managed, disks=DISKS)
    return driver(scenario_of(item, variants={"target_disks": told})).knows_hosts()


def attached(vault: Any, name: str = "logs", gb: int = 64, vm: str = "vm1") -> None:
    vault.trouble(azure_vm=vm, attach_disk=name, gb=gb)


def grown(vault: Any, name: str = "data_vhdx-vm1", gb: int = 200) -> None:
    vault.trouble(azure_vm="vm1", grow_disk=name, gb=gb)


def cut_over(vault: Any) -> None:
    """Fail back what has changed in Azure."""
    done = vault.run("planned_failover", **VM1, data_sync="during_failover", wait_for="end")
    assert done["stage"]["after"] == PENDING


def hidden(vault: Any, sizes: str) -> None:
    """Let nobody tell the sizes of the VM's disks: unmanaged ones, or managed ones that the caller may not read."""
    if sizes in ("untold", "while_allocated"):
        vault.trouble(azure_vm="vm1", disk_sizes=sizes)
        return
    status, code = (403, "AuthorizationFailed") if sizes == "forbidden" else (404, "ResourceNotFound")
    answer = {"do": "status", "status": status, "code": code, "message": "no"}
    match = {"method": "GET", "path": "/Microsoft.Compute/disks/", "times": 0}
    vault.simulator.locked(lambda world: world.faults.add({"match": match, "action": answer}))


def finding(vault: Any, **options: Any) -> dict[str, Any]:
    result = vault.run("failback_prereq", **VM1, **options)
    (found,) = (one for one in result["findings"] if one["id"] == "azure_disks")
    assert result["ready"] is not (found["status"] == "fail")
    return dict(found)


@TOLD
def test_the_prerequisites_name_what_will_not_come_home(driver: Any, told: str) -> None:
    vault = opened(driver, told=told)
    assert finding(vault)["status"] == "pass"
    attached(vault)
    grown(vault)
    found = finding(vault)
    assert found["status"] == "fail"
    assert "logs (64 GiB, attached in Azure)" in found["seen"]
    assert "data_vhdx-vm1 (200 GiB, grown from 100 GiB)" in found["seen"]
    assert "discard_disks: [" in found["remedy"]
    assert finding(vault, discard_disks=["logs"])["status"] == "fail"
    assert finding(vault, discard_disks=["LOGS", "data_vhdx-vm1"])["status"] == "pass"


def test_they_are_named_where_the_vm_has_unmanaged_disks(driver: Any) -> None:
    vault = opened(driver, managed=False)
    attached(vault)
    grown(vault)
    assert "logs (64 GiB, attached in Azure)" in finding(vault)["seen"]
    assert "data_vhdx-vm1 (200 GiB, grown from 100 GiB)" in finding(vault)["seen"]


@TOLD
@CHECK
@pytest.mark.parametrize("policy", [NOW, {"policy": "after_validation"}], ids=["now", "evidence"])
def test_no_commit_deletes_what_nobody_gave_up(
    driver: Any, told: str, check_mode: bool, policy: dict[str, str]
) -> None:
    vault = opened(driver, told=told)
    attached(vault)
    grown(vault)
    cut_over(vault)
    proof = vault.run("failback_validate", **VM1, attested=["it works"])["validation"]
    sent = vault.requests()
    given = {**VM1, **policy, "validation": proof, "check_mode": check_mode}
    for accepted in (None, ["logs"], ["data_vhdx-vm1"], ["other"]):
        failed = vault.fail("commit", **given, discard_disks=accepted)
        assert failed["error"]["kind"] == "refused"
        missing = {"logs", "data_vhdx-vm1"} - set(accepted or ())
        assert {one["name"] for one in failed["error"]["disks"]} == missing
        assert all(name in failed["msg"] for name in missing)
        assert "discard_disks" in failed["msg"]
    assert vault.writes(sent) == []
    assert vault.state("vm1")["azure_vm"]["exists"] is True


def test_a_word_that_fits_no_disk_is_named_where_a_disk_is_kept(driver: Any) -> None:
    vault = opened(driver)
    attached(vault)
    cut_over(vault)
    failed = vault.fail("commit", replicated_item="vm1", policy="now", discard_disks=["lgos"])
    assert "discard_disks names lgos, which fits no disk of it" in failed["msg"]
    assert failed["error"]["would_be_deleted"]


def test_a_check_of_the_whole_failback_shows_what_its_commit_would_delete(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failed_over")))
    foreseen = vault.run("commit", **VM1, **NOW, check_mode=True, assume_stage="failback_commit_pending")
    assert foreseen["would_be_deleted"][0]["kind"] == "vm"


def test_check_mode_shows_what_would_be_deleted(driver: Any) -> None:
    vault = opened(driver)
    attached(vault)
    grown(vault)
    cut_over(vault)
    given = {**VM1, **NOW, "discard_disks": ["logs", "data_vhdx-vm1"]}
    told = vault.run("commit", **given, check_mode=True)["would_be_deleted"]
    vm = vault.state("vm1")["azure_vm"]["id"]
    assert [(one["vm"], one["kind"], one["name"], one["size_gb"], one["not_carried"]) for one in told] == [
        ("vm1", "vm", "vm1", None, None),
        ("vm1", "disk", "os_vhdx-vm1", 40, None),
        ("vm1", "disk", "data_vhdx-vm1", 200, "grown"),
        ("vm1", "disk", "logs", 64, "attached"),
    ]
    assert told[0]["id"] == vm
    done = vault.run("commit", **given)
    assert done["stage"]["after"] == "failed_back"
    assert done["would_be_deleted"] == []
    assert {one["id"] for one in told} == set(done["azure_resources"]["deleted"])


def test_a_commit_names_the_disks_that_it_gave_up(driver: Any) -> None:
    vault = opened(driver)
    attached(vault)
    grown(vault)
    cut_over(vault)
    # The system disk comes home: to name it gives nothing up.
    given = {**VM1, **NOW, "discard_disks": ["logs", "vm1/data_vhdx-vm1", "os_vhdx-vm1"]}
    assert vault.run("commit", **{**given, "policy": "hold"})["discarded"] == []
    foreseen = vault.run("commit", **given, check_mode=True)
    done = vault.run("commit", **given)
    assert [(one["vm"], one["kind"], one["name"], one["reason"]) for one in done["discarded"]] == [
        ("vm1", "disk", "data_vhdx-vm1", "200 GiB, grown from 100 GiB"),
        ("vm1", "disk", "logs", "64 GiB, attached in Azure"),
    ]
    assert foreseen["discarded"] == done["discarded"]
    lost = [one["id"] for one in foreseen["would_be_deleted"] if one["not_carried"]]
    assert [one["id"] for one in done["discarded"]] == lost
    assert vault.run("commit", **given)["discarded"] == []


def test_a_check_of_the_whole_failback_says_what_its_commit_would_give_up(driver: Any) -> None:
    vault = opened(driver)
    attached(vault)
    given = {**VM1, **NOW, "check_mode": True, "assume_stage": PENDING}
    assert vault.run("commit", **given)["discarded"] == []
    (told,) = vault.run("commit", **given, discard_disks=["logs"])["discarded"]
    assert (told["kind"], told["name"]) == ("disk", "logs")


def test_a_commit_that_is_held_shows_it(driver: Any) -> None:
    vault = opened(driver)
    attached(vault)
    cut_over(vault)
    held = vault.run("commit", **VM1, policy="hold")
    assert held["held"] is True
    assert "logs (64 GiB, attached in Azure)" in held["reason"]
    assert [one["name"] for one in held["would_be_deleted"] if one["not_carried"]] == ["logs"]


def test_nothing_is_asked_where_every_disk_is_the_items(driver: Any) -> None:
    vault = opened(driver, PENDING)
    told = vault.run("commit", **VM1, **NOW, check_mode=True)["would_be_deleted"]
    assert [one["not_carried"] for one in told] == [None, None, None]
    assert vault.run("commit", **VM1, **NOW)["stage"]["after"] == "failed_back"


def test_each_vm_of_a_plan_counts(driver: Any) -> None:
    plan = [{"name": "shop", "groups": [["db"], ["web"]]}]
    items = [item_of(name, managed_disks=True) for name in ("db", "web")]
    vault = driver(scenario_of(*items, recovery_plans=plan)).knows_hosts()
    attached(vault, "db-logs", vm="db")
    attached(vault, "web-logs", vm="web")
    shop = {"recovery_plan": "shop"}
    vault.run("planned_failover", **shop, data_sync="during_failover", wait_for="end")
    sent = vault.requests()
    failed = vault.fail("commit", **shop, **NOW, discard_disks=["db-logs"])
    assert [(one["vm"], one["name"]) for one in failed["error"]["disks"]] == [("web", "web-logs")]
    assert vault.writes(sent) == []
    vault.run("commit", **shop, **NOW, discard_disks=["db-logs", "web-logs"])
    assert vault.state("web")["stage"] == "failed_back"


UNSIZED = pytest.mark.parametrize("sizes", ["untold", "while_allocated", "forbidden", "absent"])


@UNSIZED
@CHECK
def test_a_disk_whose_size_nobody_can_tell_is_not_taken_for_one_that_has_not_grown(
    driver: Any, sizes: str, check_mode: bool
) -> None:
    vault = opened(driver, managed=sizes in ("forbidden", "absent"))
    grown(vault)
    cut_over(vault)
    hidden(vault, sizes)
    sent = vault.requests()
    for accepted in (None, ["os_vhdx-vm1"], ["data_vhdx-vm1"], ["other"]):
        failed = vault.fail("commit", **VM1, **NOW, discard_disks=accepted, check_mode=check_mode)
        assert failed["error"]["kind"] == "refused"
        missing = {"os_vhdx-vm1", "data_vhdx-vm1"} - set(accepted or ())
        told = {(one["name"], one["size_gb"], one["not_carried"]) for one in failed["error"]["disks"]}
        assert told == {(name, None, "size_not_known") for name in missing}
        assert all(f"{name} (size not known" in failed["msg"] for name in missing)
        assert "no failback carries these" not in failed["msg"]
        assert "discard_disks" in failed["msg"]
    assert vault.writes(sent) == []
    assert vault.state("vm1")["azure_vm"]["exists"] is True


@UNSIZED
def test_it_is_given_up_by_name(driver: Any, sizes: str) -> None:
    vault = opened(driver, PENDING, managed=sizes in ("forbidden", "absent"))
    hidden(vault, sizes)
    held = vault.run("commit", **VM1, policy="hold")
    assert "data_vhdx-vm1 (size not known" in held["reason"]
    assert [one["not_carried"] for one in held["would_be_deleted"]] == [None, "size_not_known", "size_not_known"]
    done = vault.run("commit", **VM1, **NOW, discard_disks=["os_vhdx-vm1", "data_vhdx-vm1"])
    assert done["stage"]["after"] == "failed_back"
    assert [one["reason"] for one in done["discarded"]] == [
        "size not known, 40 GiB on-premises",
        "size not known, 100 GiB on-premises",
    ]


def test_the_prerequisites_cannot_check_a_disk_whose_size_nobody_tells(driver: Any) -> None:
    vault = opened(driver, managed=False)
    hidden(vault, "untold")
    found = finding(vault)
    assert found["status"] == "not_checked"
    assert "os_vhdx-vm1 (size not known, 40 GiB on-premises)" in found["seen"]
    assert "data_vhdx-vm1 (size not known, 100 GiB on-premises)" in found["seen"]
    assert "discard_disks: [vm1/os_vhdx-vm1, vm1/data_vhdx-vm1]" in found["remedy"]
    assert finding(vault, discard_disks=["os_vhdx-vm1", "data_vhdx-vm1"])["status"] == "pass"


def test_what_is_certainly_lost_counts_for_more_than_what_is_not_known(driver: Any) -> None:
    vault = opened(driver, managed=False)
    hidden(vault, "untold")
    attached(vault)
    found = finding(vault)
    assert found["status"] == "fail"
    assert "logs (64 GiB, attached in Azure)" in found["seen"]
    assert "os_vhdx-vm1 (size not known, 40 GiB on-premises)" in found["seen"]
    assert finding(vault, discard_disks=["logs"])["status"] == "not_checked"


def two_with_data(driver: Any, *, friendly_name: str | None = None) -> Any:
    """Two VMs of a plan, each with a disk data2 of its own that no failback carries; each on a host of its own."""
    fabrics = [{"name": "site1", "type": "HyperVSite", "hosts": [{"name": host} for host in ("hv01", "hv09")]}]
    called = {"friendly_name": friendly_name} if friendly_name else {}
    items = [item_of("db", host="hv01", **called), item_of("web", host="hv09", **called)]
    plans = [{"name": "shop", "groups": [["db", "web"]]}]
    scenario = scenario_of(*items, fabrics=fabrics, recovery_plans=plans, variants={"renamed_azure_vm": "new"})
    vault = driver(scenario).knows_hosts()

    def attach(world: Any) -> None:
        for machine in world.compute.machines():
            machine.disks.append(Disk("data2", 64, managed=False, vhd_uri=BLOB.format(machine.name)))

    vault.simulator.locked(attach)
    return vault


SHOP = {"recovery_plan": "shop"}
BLOB = "https://store.blob.core.windows.net/vhds/{}-data2.vhd"


def cut_over_both(vault: Any) -> None:
    vault.run("planned_failover", **SHOP, data_sync="during_failover", wait_for="end")


@CHECK
def test_a_word_for_the_disk_of_one_vm_does_not_count_for_another_vm(driver: Any, check_mode: bool) -> None:
    vault = two_with_data(driver)
    cut_over_both(vault)
    sent = vault.requests()
    given = {**SHOP, **NOW, "check_mode": check_mode}
    failed = vault.fail("commit", **given)
    assert "discard_disks: [db/data2, web/data2]" in failed["msg"]
    failed = vault.fail("commit", **given, discard_disks=["data2"])
    assert failed["error"]["kind"] == "configuration"
    assert "db/data2, web/data2" in failed["msg"]
    for word in ("db/data2", "DB/DATA2", BLOB.format("db")):
        failed = vault.fail("commit", **given, discard_disks=[word])
        assert [(one["vm"], one["name"]) for one in failed["error"]["disks"]] == [("web", "data2")], word
    assert vault.writes(sent) == []
    vault.run("commit", **given, discard_disks=["db/data2", BLOB.format("web").upper()])


def test_the_prerequisites_take_a_word_for_one_vm_alone_as_well(driver: Any) -> None:
    vault = two_with_data(driver)
    failed = vault.fail("failback_prereq", **SHOP, discard_disks=["data2"])
    assert failed["error"]["kind"] == "configuration"
    assert "db/data2, web/data2" in failed["msg"]
    result = vault.run("failback_prereq", **SHOP, discard_disks=["db/data2"])
    found = {one["vm"]: one for one in result["findings"] if one["id"] == "azure_disks"}
    assert {vm: one["status"] for vm, one in found.items()} == {"db": "pass", "web": "fail"}
    assert "discard_disks: [web/data2]" in found["web"]["remedy"]


def test_of_one_vm_its_disks_may_be_named_by_any_spelling(driver: Any) -> None:
    vault = opened(driver)
    attached(vault)
    vm = vault.state("vm1")["azure_vm"]["id"]
    managed = vm.replace("virtualMachines/vm1", "disks/logs")
    for word, status in {
        "logs": "pass",
        "vm1/logs": "pass",
        managed: "pass",
        managed.upper(): "pass",
        "vm2/logs": "fail",
        managed.replace("disks/logs", "disks/other"): "fail",
    }.items():
        assert finding(vault, discard_disks=[word])["status"] == status, word


def test_two_vms_of_one_name_are_told_apart_by_their_ids(driver: Any) -> None:
    vault = two_with_data(driver, friendly_name="shop01")
    db, web = (BLOB.format(vault.state(name)["azure_vm"]["id"].rsplit("/", 1)[-1]) for name in ("db", "web"))
    failed = vault.fail("failback_prereq", **SHOP, discard_disks=["shop01/data2"])
    assert failed["error"]["kind"] == "configuration"
    assert f"{db}, {web}" in failed["msg"]
    result = vault.run("failback_prereq", **SHOP, discard_disks=[db])
    found = [one["status"] for one in result["findings"] if one["id"] == "azure_disks"]
    assert sorted(found) == ["fail", "pass"]


@CHECK
def test_in_a_task_for_many_a_word_that_fits_vms_of_one_name_counts_for_none(driver: Any, check_mode: bool) -> None:
    vault = two_with_data(driver, friendly_name="shop01")
    cut_over_both(vault)
    sent = vault.requests()
    ids = [vault.simulator.locked(lambda world: [item.path for item in world.vault.items])][0]
    given = {"replicated_items": ids, **NOW, "check_mode": check_mode}
    for result in vault.run("commit", **given, discard_disks=["shop01/data2"])["vms"].values():
        assert result["error"]["kind"] == "configuration"
        assert all(item_id in result["msg"] for item_id in ids)
    assert vault.writes(sent) == []
    blobs = [BLOB.format(vault.state(name)["azure_vm"]["id"].rsplit("/", 1)[-1]) for name in ("db", "web")]
    assert not vault.run("commit", **given, discard_disks=blobs)["failed"]

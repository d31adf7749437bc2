# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The virtual machines on the hosts follow what the vault does."""

from __future__ import annotations

import pytest
from support.host_control import GIB, afflict, host_of, machine_of, machines_of

MIB = 1024**2
BOOT = 45
FOR_CREATION = ("ForDownTime", "CreateVmIfNotFound")


def provider_id(counter, host, site="site1"):
    found = counter.read(f"replicationFabrics/{site}/replicationRecoveryServicesProviders")["value"]
    return next(one["id"] for one in found if one["properties"]["friendlyName"] == host)


def file_sizes(simulator, name):
    return [disk["file_size"] for disk in machine_of(simulator, name)["disks"]]


def service_error(job):
    return job["errors"][0]["serviceErrorDetails"], job["errors"][0]["providerErrorDetails"]


def finish(counter, name, properties):
    job = counter.begin(name, "plannedFailover", properties)
    if counter.until(job, "Suspended", "Failed", "Succeeded")["state"] == "Suspended":
        counter.act(job, "resume")
    return counter.until(job, "Failed", "Succeeded")


@pytest.mark.parametrize(
    ("item", "state", "heartbeat", "replication"),
    [
        ("vm-protected", "Running", "OkApplicationsHealthy", "Replicating"),
        ("vm-uncommitted", "Off", None, "PreparedForFailover"),
        ("vm-failed-over", "Off", None, "PreparedForFailover"),
        ("vm-failed-over-unplanned", "Off", None, "Suspended"),
        ("vm-synchronizing", "Off", None, "FailbackInProgress"),
        ("vm-waiting", "Off", None, "FailbackInProgress"),
        ("vm-completing", "Off", None, "FailbackInProgress"),
        ("vm-interrupted", "Off", None, "FailbackInProgress"),
        ("vm-to-commit", "Running", "OkApplicationsHealthy", "FailbackComplete"),
        ("vm-failed-back", "Running", "OkApplicationsHealthy", "WaitingForStartResynchronize"),
        ("vm-reversing", "Running", "OkApplicationsHealthy", "Resynchronizing"),
        ("vm-vmware", "Running", "OkApplicationsHealthy", "Disabled"),
    ],
)
def test_given_a_stage_when_its_host_is_looked_at_then_the_vm_is_as_the_stage_left_it(
    desk, item, state, heartbeat, replication
):
    seen = machine_of(desk("every_stage").simulator, item)
    assert (seen["state"], seen["heartbeat"], seen["replication"]) == (state, heartbeat, replication)


def test_given_a_vm_that_was_deleted_when_its_host_is_looked_at_then_it_and_its_files_are_gone(desk, vault_of):
    with_it = desk(vault_of({"name": "a"}, {"name": "b"})).simulator
    without = desk(vault_of({"name": "a"}, {"name": "b", "on_premises_vm": "missing"})).simulator
    assert machines_of(without, "b") == []
    freed = [host_of(one, "hv01")["volumes"][1]["free"] for one in (without, with_it)]
    assert freed[0] - freed[1] == sum(file_sizes(with_it, "b"))


def test_given_a_failback_when_it_runs_then_files_grow_and_the_vm_answers_some_time_after_its_start(
    desk, vault_of, failback
):
    counter = desk(vault_of({"name": "web01", "changed_gb": 4}, rates={"boot_seconds": BOOT}))
    here = counter.simulator
    before, free = file_sizes(here, "web01"), host_of(here, "hv01")["volumes"][1]["free"]
    job = counter.begin("web01", "plannedFailover", failback("ForDownTime"))
    counter.pass_time(60)
    during = file_sizes(here, "web01")
    counter.until(job, "Suspended")
    after = file_sizes(here, "web01")
    assert before[0] < during[0] < after[0] == before[0] + 4 * GIB
    assert host_of(here, "hv01")["volumes"][1]["free"] == free - 4 * GIB
    assert machine_of(here, "web01")["consistent"] is False

    counter.act(job, "resume")
    while counter.job(job)["state"] != "Succeeded":
        counter.pass_time(1)
    fresh = machine_of(here, "web01")
    assert (fresh["state"], fresh["heartbeat"], fresh["addresses"]) == ("Running", "NoContact", [])
    counter.pass_time(BOOT)
    booted = machine_of(here, "web01")
    assert (booted["heartbeat"], len(booted["addresses"])) == ("OkApplicationsHealthy", 1)
    assert file_sizes(here, "web01") == after


def test_given_a_cancelled_synchronization_when_time_passes_then_the_files_grow_no_more(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01", "changed_gb": 10}))
    job = counter.begin("web01", "plannedFailover", failback("ForDownTime"))
    counter.pass_time(60)
    counter.act(job, "cancel")
    counter.until(job, "Cancelled")
    left = file_sizes(counter.simulator, "web01")
    counter.pass_time(600)
    assert file_sizes(counter.simulator, "web01") == left


def test_given_a_dead_host_when_failed_back_to_another_then_the_vm_is_made_there_as_it_was(desk, vault_of, failback):
    disks = [{"name": "c", "gb": 40}, {"name": "d", "gb": 100}]
    counter = desk(vault_of({"name": "web01", "disks": disks, "generation": 1}))
    here = counter.simulator
    old = machine_of(here, "web01")
    afflict(here, host="hv01", dead=True)
    target = provider_id(counter, "hv02")
    done = finish(counter, "web01", failback(*FOR_CREATION, providerIdForAlternateRecovery=target))
    assert done["state"] == "Succeeded"

    left, new = machines_of(here, "web01")
    assert (left["host"], left["state"], left["disks"]) == ("hv01", "Off", old["disks"])
    assert (new["host"], new["state"], new["consistent"], new["switches"]) == ("hv02", "Running", True, ["Production"])
    assert (new["id"], new["generation"]) == (counter.item("web01")["providerSpecificDetails"]["vmId"], 1)
    assert [disk["size"] for disk in new["disks"]] == [40 * GIB, 100 * GIB]
    assert all(disk["path"].startswith("D:\\Hyper-V\\Virtual Hard Disks\\web01\\") for disk in new["disks"])
    assert [disk["file_size"] for disk in new["disks"]] >= [disk["file_size"] for disk in old["disks"]]
    assert counter.item("web01")["recoveryServicesProviderId"] == target
    assert counter.truth("web01")["on_premises_vm"]["host"] == "hv02"


def test_given_a_host_without_the_switch_when_a_vm_is_made_on_it_then_its_adapter_is_not_connected(
    desk, vault_of, failback
):
    counter = desk(vault_of({"name": "web01"}))
    afflict(counter.simulator, host="hv01", dead=True)
    afflict(counter.simulator, host="hv02", switch="Production", missing=True)
    order = failback(*FOR_CREATION, providerIdForAlternateRecovery=provider_id(counter, "hv02"))
    assert finish(counter, "web01", order)["state"] == "Succeeded"
    counter.pass_time(600)
    new = machines_of(counter.simulator, "web01")[1]
    assert (new["switches"], new["heartbeat"], new["addresses"]) == ([None], "OkApplicationsHealthy", [])


def test_given_a_dead_host_when_no_other_is_named_then_the_job_fails_and_nothing_changed(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01"}))
    afflict(counter.simulator, host="hv01", dead=True)
    before = counter.truth("web01")
    assert finish(counter, "web01", failback())["state"] == "Failed"
    assert counter.truth("web01") == before


def test_given_a_connected_host_that_has_the_vm_when_another_is_named_then_it_is_created_there(
    desk, vault_of, failback
):
    counter = desk(vault_of({"name": "web01"}))
    order = failback(*FOR_CREATION, providerIdForAlternateRecovery=provider_id(counter, "hv02"))
    assert finish(counter, "web01", order)["state"] == "Succeeded"
    states = {machine["host"]: machine["state"] for machine in machines_of(counter.simulator, "web01")}
    assert states == {"hv01": "Off", "hv02": "Running"}


def test_given_an_old_copy_on_the_named_host_when_failed_back_to_it_then_that_copy_is_used(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01"}))
    first = counter.begin(
        "web01",
        "plannedFailover",
        failback(*FOR_CREATION, providerIdForAlternateRecovery=provider_id(counter, "hv02")),
    )
    counter.pass_time(60)
    counter.act(first, "cancel")
    counter.until(first, "Cancelled")
    order = failback(*FOR_CREATION, providerIdForAlternateRecovery=provider_id(counter, "hv01"))
    assert finish(counter, "web01", order)["state"] == "Succeeded"
    copies = {machine["host"]: machine for machine in machines_of(counter.simulator, "web01")}
    assert (copies["hv01"]["state"], copies["hv01"]["consistent"]) == ("Running", True)
    assert (copies["hv02"]["state"], copies["hv02"]["consistent"]) == ("Off", False)
    assert counter.item("web01")["recoveryServicesProviderId"] == provider_id(counter, "hv01")
    assert [machine["replication"] for machine in copies.values()] == ["FailbackComplete", "FailbackInProgress"]


def test_given_a_cluster_when_another_node_is_named_then_nothing_is_created(desk, vault_of, failback):
    nodes = [{"name": "hv01", "cluster": "clu1"}, {"name": "hv02", "cluster": "clu1"}]
    counter = desk(vault_of({"name": "web01"}, fabrics=[{"name": "site1", "type": "HyperVSite", "hosts": nodes}]))
    order = failback(*FOR_CREATION, providerIdForAlternateRecovery=provider_id(counter, "hv02"))
    assert finish(counter, "web01", order)["state"] == "Succeeded"
    assert machine_of(counter.simulator, "web01")["host"] == "hv01"


def test_given_the_fleet_when_the_vm_of_the_dead_host_is_failed_back_then_it_runs_on_the_new_hardware(desk, failback):
    counter = desk("fleet")
    target = provider_id(counter, "hv-utr-03.contoso.example", "site-utrecht")
    order = failback(*FOR_CREATION, providerIdForAlternateRecovery=target)
    assert finish(counter, "lab-archive", order)["state"] == "Succeeded"
    assert counter.truth("lab-archive")["on_premises_vm"] == {
        "exists": True,
        "power": "running",
        "disks": "consistent",
        "host": "hv-utr-03.contoso.example",
    }


def test_given_too_little_room_when_failed_back_then_the_job_fails_in_the_synchronization_until_there_is_more(
    desk, vault_of, failback
):
    counter = desk(vault_of({"name": "web01", "changed_gb": 8}))
    afflict(counter.simulator, host="hv01", volume="D:", free_gb=2)
    (before,) = file_sizes(counter.simulator, "web01")
    failed = counter.do("web01", "plannedFailover", failback())
    service, provider = service_error(failed)
    assert (failed["state"], service["code"]) == ("Failed", "539")
    assert "not enough space on the disk D:" in provider["errorMessage"]
    assert counter.truth("web01")["stage"] == "interrupted"
    assert host_of(counter.simulator, "hv01")["volumes"][1]["free"] < MIB
    assert 0 <= before + 2 * GIB - file_sizes(counter.simulator, "web01")[0] < MIB

    afflict(counter.simulator, host="hv01", volume="D:", free_gb=50)
    assert finish(counter, "web01", failback())["state"] == "Succeeded"


def test_given_a_volume_that_fills_up_when_the_disks_are_written_then_the_job_fails(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01", "changed_gb": 10}))
    job = counter.begin("web01", "plannedFailover", failback())
    counter.pass_time(50)
    afflict(counter.simulator, host="hv01", volume="D:", free_gb=0.2)
    failed = counter.until(job, "Failed", "Suspended")
    assert "not enough space" in service_error(failed)[1]["errorMessage"]


def test_given_a_new_vm_when_its_volume_has_no_room_for_all_of_it_then_the_job_fails(desk, vault_of, failback):
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}, {"name": "hv02"}]}
    site["hosts"][1]["volumes"] = [{"path": "C:", "gb": 120}, {"path": "D:", "gb": 100, "free_gb": 20}]
    counter = desk(vault_of({"name": "web01", "on_premises_vm": "missing"}, fabrics=[site]))
    order = failback(*FOR_CREATION, providerIdForAlternateRecovery=provider_id(counter, "hv02"))
    failed = finish(counter, "web01", order)
    assert (failed["state"], counter.truth("web01")["on_premises_vm"]["exists"]) == ("Failed", True)


def test_given_a_vm_that_does_not_start_when_failed_back_then_the_job_succeeds_and_the_vm_is_off(
    desk, vault_of, failback
):
    counter = desk(vault_of({"name": "web01"}))
    afflict(counter.simulator, vm="web01", does_not_start=True)
    assert finish(counter, "web01", failback())["state"] == "Succeeded"
    truth = counter.truth("web01")
    assert (truth["stage"], truth["on_premises_vm"]["power"]) == ("failback_commit_pending", "off")


def test_given_a_vm_that_runs_on_both_sides_when_failed_back_then_it_is_turned_off_first(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01", "on_premises_power": "running"}))
    truth = counter.truth("web01")
    assert (truth["azure_vm"]["power"], truth["on_premises_vm"]["power"]) == ("running", "running")
    job = counter.begin("web01", "plannedFailover", failback())
    counter.pass_time(30)
    assert counter.job(job)["state"] == "InProgress"
    assert counter.truth("web01")["on_premises_vm"]["power"] == "off"


def test_given_a_vm_that_is_started_while_its_disks_are_written_when_they_are_then_the_job_fails(
    desk, vault_of, failback
):
    counter = desk(vault_of({"name": "web01"}))
    job = counter.begin("web01", "plannedFailover", failback())
    counter.pass_time(60)
    afflict(counter.simulator, vm="web01", power="running")
    failed = counter.until(job, "Failed", "Suspended")
    assert "was started meanwhile" in service_error(failed)[1]["errorMessage"]
    assert counter.truth("web01")["stage"] == "interrupted"


def test_given_files_that_are_gone_when_failed_back_then_the_job_names_one(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01"}))
    afflict(counter.simulator, vm="web01", disks="missing")
    failed = counter.do("web01", "plannedFailover", failback())
    assert "web01-os.vhdx cannot be found (0x80070002)" in service_error(failed)[1]["errorMessage"]


def test_given_a_vm_without_heartbeat_when_failed_back_then_it_runs_and_never_answers(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01"}))
    afflict(counter.simulator, vm="web01", heartbeat="none")
    finish(counter, "web01", failback())
    counter.pass_time(86400)
    seen = machine_of(counter.simulator, "web01")
    assert (seen["state"], seen["heartbeat"], seen["addresses"]) == ("Running", "NoContact", [])


def test_given_a_plan_when_failed_back_then_its_vms_run_on_their_hosts(desk, vault_of, plan_failback):
    plan = {"name": "p", "groups": [["a"], ["b"]]}
    counter = desk(vault_of({"name": "a"}, {"name": "b", "host": "hv02"}, recovery_plans=[plan]))
    job = counter.begin("p", "plannedFailover", plan_failback("ForSynchronization", "NoAction"))
    counter.until(job, "Succeeded")
    counter.pass_time(BOOT)
    assert [machine_of(counter.simulator, name)["heartbeat"] for name in "ab"] == ["OkApplicationsHealthy"] * 2

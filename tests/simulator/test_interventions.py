# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody else does to the vault while its user is at work."""

from __future__ import annotations

import re

import pytest

from asr_simulator.scenarios import load
from asr_simulator.world import build_world

PLAN = [{"name": "shop", "groups": [["db"], ["web"]]}]


def serve(desk, **fault):
    url = f"{desk.simulator.connection['control']}/faults"
    return desk.caller.session.post(url, json={"service": fault}, timeout=20)


def done(desk, **fault):
    answer = serve(desk, **fault)
    assert answer.status_code == 200, answer.text


def refused(desk, **fault):
    answer = serve(desk, **fault)
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]["message"]


def test_an_item_whose_replication_is_disabled_is_not_found(desk, vault_of):
    vault = desk(vault_of({"name": "db"}, {"name": "web"}, recovery_plans=PLAN))
    path, azure_vm = vault.path("db"), vault.truth("db")["azure_vm"]["id"]
    done(vault, item="db", removed=True)
    gone = vault.get(path)
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "NotFound")
    assert gone.json()["error"]["details"][0]["code"] == "ArmResourceDoesNotExist"
    assert vault.simulator.state()["plans"][0]["items"] == ["web"]
    assert vault.caller.get(azure_vm, "2024-07-01").status_code == 200


def test_the_job_of_an_item_whose_replication_is_disabled_is_cancelled(desk, vault_of, failback):
    vault = desk(vault_of({"name": "vm1"}))
    job = vault.begin("vm1", "plannedFailover", failback())
    vault.pass_time(60)
    done(vault, item="vm1", removed=True)
    assert vault.until(job, "Cancelled")["stateDescription"] == "Cancelled"


@pytest.mark.parametrize("groups", [[["web"], ["db"]], [["db"]], [["db", "web", "new"]]])
def test_a_plan_may_change_and_its_run_goes_on_as_it_began(desk, vault_of, plan_failback, groups):
    vault = desk(vault_of({"name": "db"}, {"name": "web"}, {"name": "new"}, recovery_plans=PLAN))
    job = vault.begin("shop", "plannedFailover", plan_failback("ForDownTime", "NoAction"))
    vault.pass_time(60)
    done(vault, plan="shop", groups=groups)
    vault.until(job, "Suspended")
    stages = {item["name"]: item["stage"] for item in vault.simulator.state()["items"]}
    assert stages == {"db": "waiting_for_completion", "web": "waiting_for_completion", "new": "failed_over"}
    vault.act(job, "resume")
    vault.until(job, "Succeeded")
    assert [vault.truth(name)["operation"] for name in ("db", "web")] == [None, None]


def test_a_deleted_azure_vm_leaves_its_disks(desk, vault_of):
    vault = desk(vault_of({"name": "vm1", "managed_disks": True}))
    done(vault, azure_vm="vm1", deleted=True)
    assert vault.truth("vm1")["azure_vm"]["exists"] is False
    assert vault.simulator.world.compute.disks()
    assert "vm1 has no Azure VM" in refused(vault, azure_vm="vm1", deleted=True)


def test_a_moved_azure_vm_takes_its_disks_along_and_no_commit_finds_it(desk, vault_of):
    vault = desk(vault_of({"name": "vm1", "stage": "failback_commit_pending", "managed_disks": True}))
    old = vault.truth("vm1")["azure_vm"]["id"]
    disks = vault.caller.get(old, "2024-07-01").json()["properties"]["storageProfile"]
    done(vault, azure_vm="vm1", moved_to="rg-archive")
    assert vault.caller.get(old, "2024-07-01").status_code == 404
    assert vault.caller.get(disks["osDisk"]["managedDisk"]["id"], "2024-07-01").status_code == 404
    new = old.replace(old.split("/")[4], "rg-archive")
    moved = vault.caller.get(new, "2024-07-01").json()
    assert "/rg-archive/" in moved["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    vault.until(vault.begin("vm1", "failoverCommit", {}), "Succeeded")
    assert vault.caller.get(new, "2024-07-01").status_code == 200


@pytest.mark.parametrize("state", ["updating", "deleting"])
def test_an_operation_on_an_azure_vm_goes_on_until_it_is_done(desk, vault_of, state):
    vault = desk(vault_of({"name": "vm1", "stage": "failback_commit_pending"}))
    path = vault.truth("vm1")["azure_vm"]["id"]
    for said, shown in ((state, state), ("done", "succeeded")):
        done(vault, azure_vm="vm1", provisioning=said)
        body = vault.caller.get(f"{path}?$expand=instanceView", "2024-07-01").json()
        assert body["properties"]["provisioningState"] == shown.capitalize()
        codes = [status["code"] for status in body["properties"]["instanceView"]["statuses"]]
        assert f"ProvisioningState/{shown}" in codes


@pytest.mark.parametrize("verb", ["start", "powerOff", "deallocate"])
def test_an_azure_vm_that_is_being_deleted_takes_no_other_operation(desk, vault_of, verb):
    owner = [{"name": "owner", "roles": ["Owner"]}]
    vault = desk(vault_of({"name": "vm1", "stage": "failback_commit_pending"}, principals=owner))
    vm = vault.truth("vm1")["azure_vm"]
    done(vault, azure_vm="vm1", provisioning="deleting")
    answer = vault.caller.call("POST", f"{vm['id']}/{verb}", "2024-07-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "OperationNotAllowed")
    assert vault.truth("vm1")["azure_vm"]["power"] == vm["power"]
    done(vault, azure_vm="vm1", provisioning="done")
    assert vault.caller.call("POST", f"{vm['id']}/{verb}", "2024-07-01").status_code == 202


def test_a_failback_does_not_turn_an_azure_vm_off_that_is_being_deleted(desk, vault_of, failback):
    vault = desk(vault_of({"name": "vm1", "stage": "failed_over"}))
    done(vault, azure_vm="vm1", provisioning="deleting")
    job = vault.do("vm1", "plannedFailover", failback("ForSynchronization"))
    assert job["state"] == "Failed"
    assert "marked for deletion" in str(job["errors"])
    assert vault.truth("vm1")["azure_vm"]["power"] == "running"


@pytest.mark.parametrize("registered", ["no", "anew"])
def test_a_provider_that_is_removed_is_not_found_and_its_item_goes_on_naming_it(desk, vault_of, registered):
    vault = desk(vault_of({"name": "vm1"}))
    item = vault.get(vault.path("vm1")).json()
    path = item["properties"]["recoveryServicesProviderId"]
    others = path.rsplit("/", 1)[0]
    (before,) = [one for one in vault.get(others).json()["value"] if one["id"] == path]
    done(vault, provider=before["properties"]["friendlyName"], registered=registered)
    assert vault.get(path).status_code == 404
    assert vault.get(vault.path("vm1")).json()["properties"]["recoveryServicesProviderId"] == path
    names = [one["properties"]["friendlyName"] for one in vault.get(others).json()["value"]]
    assert (before["properties"]["friendlyName"] in names) is (registered == "anew")


def test_a_locked_azure_vm_is_not_deleted(desk, vault_of):
    vault = desk(vault_of({"name": "vm1", "locks": ["CanNotDelete"]}))
    assert "lock" in refused(vault, azure_vm="vm1", deleted=True)
    assert vault.truth("vm1")["azure_vm"]["exists"] is True


def test_a_failback_without_its_azure_vm_fails_in_the_job(desk, vault_of, failback):
    vault = desk(vault_of({"name": "vm1"}))
    done(vault, azure_vm="vm1", deleted=True)
    assert vault.do("vm1", "plannedFailover", failback())["errors"][0]["serviceErrorDetails"]["code"] == "25017"


def test_an_operation_of_somebody_else_makes_the_next_one_fail_with_532(desk, vault_of, failback):
    vault = desk(vault_of({"name": "vm1"}))
    done(vault, operation="plannedFailover", item="vm1")
    assert vault.do("vm1", "plannedFailover", failback())["errors"][0]["serviceErrorDetails"]["code"] == "532"
    assert vault.truth("vm1")["operation"] == "PlannedFailover"


def test_somebody_else_resumes_or_cancels_the_job(desk, vault_of):
    vault = desk(vault_of({"name": "a", "stage": "waiting_for_completion"}, {"name": "b", "stage": "synchronizing"}))
    done(vault, operation="resume", item="a")
    done(vault, operation="cancel", item="b")
    vault.pass_time(3600)
    assert [vault.truth(name)["stage"] for name in "ab"] == ["failback_commit_pending", "interrupted"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"operation": "testFailover", "item": "vm1"}, "testFailover of vm1 is refused: "),
        ({"operation": "resume", "item": "vm1"}, "vm1 has no job that allows resume"),
        ({"operation": "explode", "item": "vm1"}, "no operation is named explode; known are plannedFailover, "),
        ({"item": "vm1", "removed": False}, "removed is true: it cannot be undone"),
        ({"plan": "shop", "groups": []}, "groups name at least one item"),
        ({"plan": "shop", "groups": "vm1"}, "groups is a list of lists of item names"),
        ({"plan": "shop", "groups": [["vm1"], ["vm1"]]}, "none twice"),
        ({"plan": "shop", "groups": [["vm1", "cloudy"]]}, "of one fabric"),
    ],
)
def test_what_cannot_be_done_is_refused_and_not_kept(desk, vault_of, fault, message):
    items = [{"name": "vm1"}, {"name": "cloudy", "cloud": "cloud1"}]
    vault = desk(vault_of(*items, recovery_plans=[{"name": "shop", "groups": [["vm1"]]}]))
    assert message in refused(vault, **fault)
    assert vault.simulator.world.faults.service == []


# A value that is nearly right must not be taken for another one.
UNKNOWN_VALUES = [
    ({"provider": "hv01", "connected": "false"}, "connected is one of True, False, not 'false'"),
    ({"provider": "hv01", "connected": 0}, "connected is one of True, False, not 0"),
    ({"provider": "hv01"}, "a fault of a provider has one of"),
    ({"provider": "hv01", "connected": True, "registered": "no"}, "a fault of a provider has one of"),
    ({"provider": "hv01", "connected": False, "action": "x"}, "a fault of a provider has one of"),
    ({"provider": "hv01", "registered": "maybe"}, "registered is one of no, anew, not 'maybe'"),
    ({"provider": "hv01", "version_state": "UpdateReqired"}, "version_state is one of Latest, "),
    ({"provider": "hv01", "version_state": "Expired", "expires_in_days": "3"}, "expires_in_days is a number, not '3'"),
    ({"provider": "hv01", "version_state": "Expired", "expires_in_days": 1e30}, "expires_in_days is -3650 to 3650"),
    ({"provider": "hv01", "health_error": None}, "health_error is a text, not None"),
    ({"provider": ["hv01"], "connected": False}, "provider is a text, not"),
    ({"item": "vm1", "replication_health": "Crtical"}, "replication_health is one of Normal, Warning, Critical"),
    ({"jobs": "all", "forgotten": True}, "jobs is one of ended, not 'all'"),
    ({"operation": ["cancel"], "item": "vm1"}, "no operation is named"),
    ({"job_task": "MonitorDataSync", "times": "2"}, "times is a number, not '2'"),
    ({"job_task": "MonitorDataSync", "times": -1}, "times is 0 to "),
    ({"job_task": ["MonitorDataSync"]}, "job_task is a text, not"),
    ({"job_task": "MonitorDataSync", "code": 539}, "code is a text, not 539"),
    ({"azure_vm": "vm1", "attach_disk": "logs", "gb": "64"}, "gb is a number, not '64'"),
    ({"azure_vm": "vm1", "attach_disk": "logs", "gb": -64}, "gb is 1 to 65536, not -64"),
    ({"azure_vm": "vm1", "attach_disk": "", "gb": 64}, "attach_disk is a text, not ''"),
    ({"azure_vm": "vm1", "grow_disk": "logs", "gb": float("nan")}, "gb is a number, not nan"),
    ({"azure_vm": "vm1", "moved_to": None}, "moved_to is a text, not None"),
    ({"azure_vm": "vm1", "start": "refused", "message": 5}, "message is a text, not 5"),
    ({"azure_vm": "vm1", "provisioning": []}, "provisioning is one of"),
    ({"host": "hv01", "clock_offset": float("inf")}, "clock_offset is a number, not inf"),
    ({"host": "hv01", "clock_offset": 1e30}, "clock_offset is -315360000 to 315360000"),
    ({"host": "hv01", "quota": 5, "on": "Send", "times": -1}, "times is 0 to "),
    ({"host": "hv01", "quota": 5, "on": "Send", "times": 1, "wmi_error": "no"}, "wmi_error is one of True, False"),
    ({"host": "hv01", "switch": None, "missing": False}, "switch is a text, not None"),
    ({"host": "hv01", "answers": "lost"}, "answers that are lost are of all commands, or of changes"),
    ({"host": "hv01", "service": "dra", "state": "Stopped", "start_mode": "Off"}, "start_mode is one of Auto, Manual"),
    ({"vm": "vm1", "checkpoint": "c", "missing": "no"}, "missing is one of True, False, not 'no'"),
    ({"vm": "vm1", "checkpoint": "c", "type": ["Standard"]}, "type is one of"),
    ({"vm": "vm1", "vlan": 1.5}, "vlan is a whole number, not 1.5"),
    ({"principal": "operator", "secret": ["good"]}, "a fault of the sign-in has"),
    ({"principal": "operatr", "secret": "good"}, "no principal is named operatr"),
]


@pytest.mark.parametrize(("fault", "message"), UNKNOWN_VALUES, ids=[message for _fault, message in UNKNOWN_VALUES])
def test_a_value_that_a_fault_does_not_have_is_refused_by_name(vault_of, fault, message):
    world = build_world(load(vault_of({"name": "vm1"})))
    with pytest.raises(ValueError, match=re.escape(message)):
        world.check_fault(fault)


def test_what_ails_a_provider_and_how_old_it_is_can_be_taken_back(desk, vault_of):
    vault = desk(vault_of({"name": "vm1"}))
    shown = vault.get(vault.path("vm1")).json()["properties"]["recoveryServicesProviderId"]
    seen = []
    for state, days, words in (("UpdateRequired", 3, "Too old."), ("Latest", None, "")):
        done(vault, provider="hv01", version_state=state, expires_in_days=days)
        done(vault, provider="hv01", health_error=words, action="Update it.")
        provider = vault.read(shown)["properties"]
        errors = [error["errorMessage"] for error in provider["healthErrorDetails"]]
        seen.append((provider["providerVersionState"], "providerVersionExpiryDate" in provider, errors))
    assert seen == [("UpdateRequired", True, ["Too old."]), ("Latest", False, [])]

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What locks forbid, by level and scope."""

from __future__ import annotations

import pytest

ALL_RIGHTS = [{"name": "operator", "roles": ["Owner"]}]


def locked(vault, scope, level):
    vault.simulator.locked(lambda world: world.compute.locks.add(scope, "audit", level))


def scope_of(vault, kind):
    caller = vault.caller
    return {"vault": caller.vault, "group": caller.group, "subscription": caller.subscription}[kind]


@pytest.mark.parametrize("kind", ["vault", "group", "subscription"])
def test_a_read_only_lock_at_or_above_the_vault_refuses_every_operation(desk, vault_of, failback, kind):
    vault = desk(vault_of({"name": "vm1"}, {"name": "vm2", "stage": "waiting_for_completion"}, principals=ALL_RIGHTS))
    job = next(job["name"] for job in vault.simulator.state()["jobs"] if job["state"] == "Suspended")
    locked(vault, scope_of(vault, kind), "ReadOnly")
    body = failback("ForDownTime", "NoAction")
    for answer in (vault.ask("vm1", "plannedFailover", body), vault.act(job, "resume"), vault.act(job, "cancel")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ScopeLocked")
        assert f"following scope(s) are locked: '{scope_of(vault, kind)}'" in answer.json()["error"]["message"]
    assert vault.get(vault.path("vm1")).status_code == 200


@pytest.mark.parametrize("kind", ["vault", "group", "subscription"])
def test_a_delete_lock_refuses_no_operation(desk, vault_of, failback, kind):
    vault = desk(vault_of({"name": "vm1"}, principals=ALL_RIGHTS))
    locked(vault, scope_of(vault, kind), "CanNotDelete")
    assert vault.ask("vm1", "plannedFailover", failback("ForDownTime", "NoAction")).status_code == 202


def test_a_lock_at_another_item_does_not_matter(desk, vault_of, failback):
    vault = desk(vault_of({"name": "vm1"}, {"name": "vm2"}, principals=ALL_RIGHTS))
    locked(vault, vault.path("vm2"), "ReadOnly")
    body = failback("ForDownTime", "NoAction")
    assert [vault.ask(name, "plannedFailover", body).status_code for name in ("vm1", "vm2")] == [202, 409]


def test_a_locked_scope_can_be_unlocked(desk, vault_of):
    vault = desk(vault_of({"name": "vm1"}, principals=ALL_RIGHTS))
    locked(vault, vault.caller.subscription, "ReadOnly")
    path = f"{vault.caller.subscription}/providers/Microsoft.Authorization/locks/audit"
    assert vault.caller.call("DELETE", path, "2020-05-01").status_code == 200


@pytest.mark.parametrize(("level", "ends"), [("ReadOnly", "Failed"), ("CanNotDelete", "Succeeded")])
def test_a_read_only_vm_is_not_shut_down(desk, vault_of, failback, level, ends):
    vault = desk(vault_of({"name": "vm1", "locks": [level]}))
    job = vault.until(vault.begin("vm1", "plannedFailover", failback("ForSynchronization", "NoAction")), ends)
    assert (vault.truth("vm1")["azure_vm"]["power"] == "running") is (ends == "Failed")
    if ends == "Failed":
        assert "cannot perform write operation" in str(job["errors"])


def test_no_vm_comes_to_a_read_only_group(desk, vault_of):
    vault = desk(vault_of({"name": "vm1", "stage": "protected"}, principals=ALL_RIGHTS))
    body = {
        "failoverDirection": "PrimaryToRecovery",
        "sourceSiteOperations": "Required",
        "providerSpecificDetails": {"instanceType": "HyperVReplicaAzure"},
    }
    job = vault.begin("vm1", "unplannedFailover", body)
    locked(vault, vault.caller.group, "ReadOnly")
    vault.until(job, "Failed")
    assert vault.truth("vm1")["azure_vm"]["exists"] is False


@pytest.mark.parametrize("level", ["ReadOnly", "CanNotDelete"])
def test_a_locked_disk_keeps_the_vm_at_a_commit(desk, vault_of, level):
    vault = desk(vault_of({"name": "vm1", "stage": "failback_commit_pending", "managed_disks": True}))
    disk = vault.simulator.locked(lambda world: world.compute.get("vm1").disks[0].id)
    locked(vault, disk, level)
    vault.until(vault.begin("vm1", "failoverCommit", {}), "Failed")
    assert vault.truth("vm1")["azure_vm"]["exists"] is True

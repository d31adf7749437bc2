# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks that would stop a step half-way are found before it: at the VM, its disks, the vault, and above them."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import item_of, scenario_of

VM1 = {"replicated_item": "vm1"}
AT_ONCE = ("planned_failover", "failed_over", {"data_sync": "during_failover", "wait_for": "end"})
COMPLETE = ("complete_failover", "waiting_for_completion", {})
COMMIT = ("commit", "failback_commit_pending", {"policy": "now"})
CUT_OVERS = pytest.mark.parametrize("step", [AT_ONCE, COMPLETE], ids=["at once", "complete"])
EVERY_STEP = pytest.mark.parametrize("step", [AT_ONCE, COMPLETE, COMMIT], ids=["at once", "complete", "commit"])
LEVELS = pytest.mark.parametrize("level", ["ReadOnly", "CanNotDelete"])
CHECK = pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])


def opened(driver: Any, stage: str) -> Any:
    return driver(scenario_of(item_of("vm1", stage, managed_disks=True))).knows_hosts()


def lock(vault: Any, where: str, level: str) -> str:
    """Lock a scope; return the lock's id."""

    def add(world: Any) -> str:
        place = world.scenario.vault
        scopes = {
            "vm": lambda: world.compute.get("vm1").id,
            "disk": lambda: world.compute.get("vm1").disks[0].id,
            "extension": lambda: f"{world.compute.get('vm1').id}/extensions/monitor",
            "vault": lambda: place.path,
            "item": lambda: world.vault.items[0].path,
            "group": lambda: place.group_path,
            "subscription": lambda: f"/subscriptions/{place.subscription_id}",
        }
        return str(world.compute.locks.add(scopes[where](), "audit", level).id)

    return str(vault.simulator.locked(add))


def refused(vault: Any, step: Any, **more: Any) -> dict[str, Any]:
    """The failed result of a step that is refused before anything is sent."""
    module, _stage, options = step
    sent = vault.requests()
    failed = vault.fail(module, **VM1, **options, **more)
    assert failed["error"]["kind"] == "refused"
    assert vault.writes(sent) == []
    assert "Nothing was written" in failed["msg"]
    return dict(failed)


@CUT_OVERS
@CHECK
def test_a_read_only_vm_is_not_cut_over(driver: Any, step: Any, check_mode: bool) -> None:
    vault = opened(driver, step[1])
    held = lock(vault, "vm", "ReadOnly")
    failed = refused(vault, step, check_mode=check_mode)
    assert failed["error"]["locks"] == [held]
    assert "keeps its Azure VM from being turned off" in failed["msg"]


@CHECK
@pytest.mark.parametrize(
    ("module", "stage", "options"),
    [
        ("reverse_replicate", "failed_back", {}),
        ("planned_failover", "protected", {"direction": "primary_to_recovery"}),
        ("commit", "failover_commit_pending", {"direction": "failover"}),
    ],
)
@pytest.mark.parametrize("where", ["vault", "item", "subscription"])
def test_what_only_site_recovery_is_asked_for_is_refused_by_a_read_only_vault(
    driver: Any, module: str, stage: str, options: dict[str, Any], where: str, check_mode: bool
) -> None:
    vault = opened(driver, stage)
    held = lock(vault, where, "ReadOnly")
    assert refused(vault, (module, stage, options), check_mode=check_mode)["error"]["locks"] == [held]


@CHECK
@pytest.mark.parametrize("where", ["vault", "group", "subscription"])
def test_no_provider_is_asked_to_report_where_the_vault_is_read_only(driver: Any, where: str, check_mode: bool) -> None:
    vault = opened(driver, "failed_over")
    held = lock(vault, where, "ReadOnly")
    step = ("failback_prereq", "failed_over", {"refresh_provider": True})
    failed = refused(vault, step, check_mode=check_mode)
    assert failed["error"]["locks"] == [held]
    assert (failed["changed"], failed["authoritative_side"]) == (False, "azure")


@CHECK
@pytest.mark.parametrize("state", ["cancelled", "restarted"])
def test_no_job_is_cancelled_or_restarted_where_the_vault_is_read_only(
    driver: Any, state: str, check_mode: bool
) -> None:
    vault = opened(driver, "failed_over" if state == "cancelled" else "failed_back")
    if state == "cancelled":
        vault.run("planned_failover", **VM1, wait_for="started")
        vault.pass_time(60)
    else:
        vault.trouble(job_task="EnableProtection")
        vault.fail("reverse_replicate", **VM1)
    held = lock(vault, "vault", "ReadOnly")
    sent = vault.requests()
    options = {"name": vault.jobs("vm1")[0]["name"], "state": state, "accept_inconsistent_disks": state == "cancelled"}
    failed = vault.fail("job", check_mode=check_mode, **options)
    assert (failed["error"]["kind"], failed["error"].get("locks"), vault.writes(sent)) == ("refused", [held], [])


@EVERY_STEP
@pytest.mark.parametrize("where", ["vault", "group", "subscription"])
def test_a_read_only_vault_is_found_before_every_write(driver: Any, step: Any, where: str) -> None:
    vault = opened(driver, step[1])
    held = lock(vault, where, "ReadOnly")
    failed = refused(vault, step)
    assert failed["error"]["locks"] == [held]
    assert "blocks every Site Recovery operation" in failed["msg"]


@LEVELS
@pytest.mark.parametrize("where", ["vm", "disk", "group", "subscription"])
@CHECK
def test_no_commit_where_a_lock_keeps_the_vm_or_a_disk(driver: Any, where: str, level: str, check_mode: bool) -> None:
    vault = opened(driver, COMMIT[1])
    held = lock(vault, where, level)
    failed = refused(vault, COMMIT, check_mode=check_mode)
    assert failed["error"]["locks"] == [held]
    assert "A delete lock protects the Azure VM" in failed["msg"]
    assert vault.state("vm1")["azure_vm"]["exists"] is True


@pytest.mark.parametrize("where", ["vm", "disk", "vault", "group", "subscription"])
@CUT_OVERS
def test_a_delete_lock_does_not_stop_a_cut_over(driver: Any, step: Any, where: str) -> None:
    vault = opened(driver, step[1])
    lock(vault, where, "CanNotDelete")
    module, _stage, options = step
    assert vault.run(module, **VM1, **options)["stage"]["after"] == "failback_commit_pending"


def test_a_delete_lock_at_the_vault_does_not_stop_a_commit(driver: Any) -> None:
    vault = opened(driver, COMMIT[1])
    lock(vault, "vault", "CanNotDelete")
    assert vault.run("commit", **VM1, policy="now")["stage"]["after"] == "failed_back"


def test_data_is_copied_before_a_failover_although_the_vm_is_read_only(driver: Any) -> None:
    vault = opened(driver, "failed_over")
    lock(vault, "vm", "ReadOnly")
    done = vault.run("planned_failover", **VM1, data_sync="before_failover")
    assert done["stage"]["after"] == "waiting_for_completion"


def test_no_copy_is_started_where_the_vault_is_read_only(driver: Any) -> None:
    vault = opened(driver, "failed_over")
    lock(vault, "vault", "ReadOnly")
    refused(vault, ("planned_failover", "failed_over", {"data_sync": "before_failover"}))


@pytest.mark.parametrize(("step", "stops"), [(AT_ONCE, True), (COMPLETE, False), (COMMIT, True)])
def test_the_lock_of_an_item_is_in_the_way_of_what_is_asked_of_the_item(driver: Any, step: Any, stops: bool) -> None:
    """A resume is asked of the job."""
    vault = opened(driver, step[1])
    held = lock(vault, "item", "ReadOnly")
    if stops:
        assert refused(vault, step)["error"]["locks"] == [held]
    else:
        assert vault.run(step[0], **VM1, **step[2])["stage"]["after"] == "failback_commit_pending"


def test_the_lock_of_another_item_is_in_nobodys_way(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm2", "failed_over"), item_of("vm1", "failed_over"))).knows_hosts()
    lock(vault, "item", "ReadOnly")
    assert vault.run("planned_failover", **VM1)["stage"]["after"] == "waiting_for_completion"


@pytest.mark.parametrize(
    ("where", "level", "failing"),
    [
        ("vm", "ReadOnly", {"delete_lock", "read_only_lock"}),
        ("vm", "CanNotDelete", {"delete_lock"}),
        ("disk", "ReadOnly", {"delete_lock"}),
        ("disk", "CanNotDelete", {"delete_lock"}),
        ("vault", "ReadOnly", {"read_only_lock"}),
        ("vault", "CanNotDelete", set()),
        ("group", "ReadOnly", {"delete_lock", "read_only_lock"}),
        ("subscription", "CanNotDelete", {"delete_lock"}),
    ],
)
def test_the_prerequisites_name_each_lock(driver: Any, where: str, level: str, failing: set[str]) -> None:
    vault = opened(driver, "failed_over")
    held = lock(vault, where, level)
    result = vault.run("failback_prereq", **VM1)
    found = {one["id"]: one for one in result["findings"] if one["id"] in ("delete_lock", "read_only_lock")}
    assert {name for name, one in found.items() if one["status"] == "fail"} == failing
    assert {one["status"] for one in found.values()} <= {"fail", "pass"}
    assert all(held in found[name]["remedy"] for name in failing)


def test_locks_that_may_not_be_read_are_not_checked(driver: Any) -> None:
    caller = {"name": "operator", "roles": ["blind"]}
    reads = ["Microsoft.RecoveryServices/*", "Microsoft.Compute/*/read", "Microsoft.Network/*/read"]
    document = scenario_of("vm1", principals=[caller], roles=[{"name": "blind", "actions": reads}])
    result = driver(document).knows_hosts().run("failback_prereq", **VM1)
    found = {one["id"]: one["status"] for one in result["findings"]}
    assert (found["delete_lock"], found["read_only_lock"]) == ("not_checked", "not_checked")


def test_a_commit_that_is_held_names_what_will_be_in_its_way(driver: Any) -> None:
    vault = opened(driver, COMMIT[1])
    held = [lock(vault, "disk", "CanNotDelete"), lock(vault, "vault", "ReadOnly")]
    told = vault.run("commit", **VM1, policy="hold")
    assert sorted(told["locks"]) == sorted(held)
    assert all(one in told["reason"] for one in held)


BOTH = {"replicated_items": ["vm1", "vm2"]}


def of_two(driver: Any, stage: str, **parts: Any) -> Any:
    """A vault with vm1 and vm2 in a stage."""
    items = [item_of(name, stage, managed_disks=True) for name in ("vm1", "vm2")]
    return driver(scenario_of(*items, **parts)).knows_hosts()


@pytest.mark.parametrize(
    ("step", "where", "held"),
    [
        (COMPLETE, "vm", ["vm1"]),
        (COMPLETE, "disk", []),
        (COMMIT, "vm", ["vm1"]),
        (COMMIT, "extension", ["vm1"]),
        (COMMIT, "disk", ["vm1"]),
        *((step, where, ["vm1", "vm2"]) for step in (COMPLETE, COMMIT) for where in ("group", "subscription")),
    ],
)
def test_of_several_vms_a_lock_stops_those_that_it_would_stop_alone(
    driver: Any, step: Any, where: str, held: list[str]
) -> None:
    vault = of_two(driver, step[1])
    found = lock(vault, where, "ReadOnly")
    result = vault.run(step[0], **BOTH, **step[2])
    stopped = {name: one["error"]["locks"] for name, one in result["vms"].items() if one["failed"]}
    assert stopped == {name: [found] for name in held}
    assert len(vault.writes()) == 2 - len(held)


def test_the_locks_of_a_group_are_read_once_for_several_vms(driver: Any) -> None:
    vault = of_two(driver, COMMIT[1])
    assert not vault.run("commit", **BOTH, policy="now")["failed"]
    paths = [entry["path"] for entry in vault.simulator.journal.entries() if entry["path"].endswith("/locks")]
    group = vault.simulator.locked(lambda world: world.scenario.vault.group_path)
    assert paths == [f"{group}/providers/Microsoft.Authorization/locks"]


def test_a_lock_of_one_of_several_is_found_where_the_caller_sees_its_vm_alone(driver: Any) -> None:
    place = {"subscription_id": "cccccccc-0000-4000-8000-000000000003", "resource_group": "rg", "name": "vault"}
    group = f"/subscriptions/{place['subscription_id']}/resourceGroups/rg"
    scopes = {
        f"{group}/providers/Microsoft.RecoveryServices/vaults/vault": "Site Recovery Contributor",
        **{f"{group}/providers/Microsoft.Compute/virtualMachines/{name}": "Reader" for name in ("vm1", "vm2")},
    }
    caller = {"name": "caller", "roles": [{"role": role, "scope": scope} for scope, role in scopes.items()]}
    vault = of_two(driver, COMPLETE[1], vault=place, principals=[caller])
    lock(vault, "vm", "ReadOnly")
    result = vault.run("complete_failover", **BOTH)
    assert [one["failed"] for one in result["vms"].values()] == [True, False]
    assert result["vms"]["vm1"]["error"]["locks"]


def test_locks_of_several_that_may_not_be_read_are_not_checked(driver: Any) -> None:
    reads = ["Microsoft.RecoveryServices/*", "Microsoft.Compute/*/read", "Microsoft.Network/*/read"]
    caller = {"name": "operator", "roles": ["blind"]}
    vault = of_two(driver, "failed_over", principals=[caller], roles=[{"name": "blind", "actions": reads}])
    for result in vault.run("failback_prereq", **BOTH)["vms"].values():
        found = {one["id"]: one["status"] for one in result["findings"]}
        assert (found["delete_lock"], found["read_only_lock"]) == ("not_checked", "not_checked")

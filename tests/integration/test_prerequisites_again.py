# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No failback is started on prerequisites that were checked while it could not be: they are checked again then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.scenarios import item_of, scenario_of

ALONE = {"heartbeat": False, "addresses": False, "commit_policy": "now"}
VM1, SHOP = {"replicated_item": "vm1"}, {"recovery_plan": "shop"}
PENDING = "failover_commit_pending"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "tasks.yml"
    path.write_text("[]", encoding="utf-8")
    return str(path)


def being_committed(driver: Any, *items: Any, **parts: Any) -> Any:
    """A vault in which the failover of vm1 is being committed: it is busy, and can be failed back in a moment."""
    vault = driver(scenario_of(item_of("vm1", PENDING), *items, **parts)).knows_hosts()
    vault.run("commit", **VM1, direction="failover", wait=False)
    return vault


def attach(vault: Any) -> None:
    """Let vm1 have a disk that no failback carries."""
    vault.trouble(azure_vm="vm1", attach_disk="logs", gb=64)


def started(vault: Any) -> list[str]:
    return [write for write in vault.writes() if write.endswith("plannedFailover")]


def drilled(vault: Any) -> None:
    """Let somebody fail vm1 back and over again, whose commit is under way."""
    vault.run("failback", **VM1, **ALONE)
    vault.run("planned_failover", **VM1, direction="primary_to_recovery")
    vault.run("commit", **VM1, direction="failover", wait=False)


def test_what_another_operation_hid_keeps_the_failback_from_starting(driver: Any) -> None:
    vault = being_committed(driver)
    attach(vault)
    failed = vault.fail("failback", **VM1, **ALONE)
    assert "logs (64 GiB, attached in Azure)" in failed["msg"]
    assert (vault.state("vm1")["stage"], started(vault)) == ("failed_over", [])
    found = {one["id"]: one["status"] for one in failed["result"]["findings"]}
    assert (found["no_operation"], found["azure_disks"]) == ("pass", "fail")


def test_where_nothing_was_hidden_it_goes_on(driver: Any) -> None:
    vault = being_committed(driver)
    assert vault.run("failback", **VM1, **ALONE)["result"]["outcome"] == "protected"
    assert len(started(vault)) == 1


def test_what_came_up_while_a_vm_waited_long_for_its_turn_keeps_its_failback_from_starting(driver: Any) -> None:
    vault = driver(scenario_of(item_of("large", "synchronizing", changed_gb=900), item_of("vm1"))).knows_hosts()
    entries = [{"replicated_item": name, "place": {"host": "hv01"}} for name in ("large", "vm1")]
    waited: list[bool] = []

    def meanwhile(seconds: float) -> None:
        if seconds > 60 and not waited:
            waited.append(True)
            attach(vault)

    vault.meanwhile = meanwhile
    done = vault.run(
        "failback",
        replicated_items=entries,
        until="synchronized",
        at_once={"per_host": 1},
        fail_on_error=False,
        **ALONE,
    )
    assert "logs (64 GiB, attached in Azure)" in done["vms"]["vm1"]["result"]["reason"]
    assert started(vault) == []


def test_a_plan_waits_for_its_vm_and_is_checked_as_a_whole(driver: Any) -> None:
    vault = being_committed(driver, item_of("vm2"), recovery_plans=[{"name": "shop", "groups": [["vm1", "vm2"]]}])
    attach(vault)
    failed = vault.fail("failback", **SHOP, **ALONE)
    assert "vm1: " in failed["msg"]
    assert "logs" in failed["msg"]
    assert started(vault) == []


def test_a_check_predicts_what_follows_the_wait(driver: Any) -> None:
    vault = being_committed(driver)
    sent = vault.requests()
    checked = vault.run("failback", **VM1, **ALONE, check_mode=True)
    assert checked["result"]["outcome"] == "predicted"
    assert vault.writes(sent) == []


def test_without_the_step_nothing_is_checked(driver: Any) -> None:
    vault = being_committed(driver)
    attach(vault)
    vault.run("failback", **VM1, **ALONE, steps=["planned_failover"])
    assert vault.state("vm1")["stage"] == "waiting_for_completion"


def test_a_failback_that_ends_while_tasks_run_is_not_begun_anew_unchecked(driver: Any, file: str) -> None:
    """Of one that was under way, nothing was enforced."""
    vault = driver(scenario_of("vm1")).knows_hosts()
    vault.run("planned_failover", **VM1, wait_for="started")
    attach(vault)
    hooks = {"before_planned_failover": file}
    handed = vault.run("failback", **VM1, **ALONE, hooks=hooks)
    vault.run("job", **VM1, state="cancelled", accept_inconsistent_disks=True)
    failed = vault.fail("failback", **VM1, **ALONE, hooks=hooks, state=handed["state"])
    assert "logs" in failed["msg"]
    assert (vault.state("vm1")["stage"], len(started(vault))) == ("interrupted", 1)


def test_an_operation_that_comes_after_the_check_has_it_made_again(driver: Any, file: str) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    hooks = {"before_planned_failover": file}
    handed = vault.run("failback", **VM1, **ALONE, hooks=hooks)
    drilled(vault)
    attach(vault)
    failed = vault.fail("failback", **VM1, **ALONE, hooks=hooks, state=handed["state"])
    assert "logs" in failed["msg"]
    assert len(started(vault)) == 2


def test_an_operation_that_outlasts_the_task_has_it_made_again(driver: Any, file: str) -> None:
    """Another VM hands over while this one waits: the next task does not see what it waited for."""
    quick = item_of("quick", "waiting_for_completion")
    vault = driver(scenario_of("vm1", quick, rates={"commit_seconds": 7200})).knows_hosts()
    entries = [
        {**VM1, "hooks": {"before_planned_failover": file}},
        {"replicated_item": "quick", "hooks": {f"{when}_complete_failover": file for when in ("before", "after")}},
    ]

    def go_on(handed: Any) -> Any:
        again = [{**one, "state": handed["vms"][one["replicated_item"]]["state"]} for one in entries]
        return vault.run("failback", replicated_items=again, fail_on_error=False, **ALONE)

    handed = vault.run("failback", replicated_items=entries, **ALONE)
    drilled(vault)
    handed = go_on(handed)
    assert (handed["vms"]["vm1"]["state"]["begun"]["jobs"], vault.state("vm1")["operation"]) == ({}, "CommitFailover")
    vault.pass_time(7200)
    attach(vault)
    assert "logs" in go_on(handed)["vms"]["vm1"]["result"]["reason"]
    assert len(started(vault)) == 2


def test_what_can_be_prepared_is_prepared_then(driver: Any, file: str) -> None:
    vault = being_committed(driver)
    attach(vault)
    prepared = {"preparation_tasks": file, "preparation_findings": ["azure_disks"]}
    handed = vault.run("failback", **VM1, **ALONE, **prepared)
    assert handed["handover"] == {"kind": "preparation", "file": file}
    assert [one["id"] for one in handed["state"]["prerequisites"]["failed_findings"]] == ["azure_disks"]
    given = {**VM1, **ALONE, **prepared, "state": handed["state"]}
    assert "logs" in vault.fail("failback", **given)["msg"]
    assert started(vault) == []
    done = vault.run("failback", **given, discard_disks=["vm1/logs"])
    assert (done["result"]["outcome"], len(started(vault))) == ("protected", 1)


def test_what_a_host_said_before_another_task_moved_a_vm_does_not_count(driver: Any) -> None:
    vault = driver(scenario_of("vm1", item_of("vm2", "protected"))).knows_hosts()
    # Both are on one host, whose answer is kept for all of its VMs.
    vault.run("failback_prereq", **VM1)
    seconds = vault.seconds
    vault.run("planned_failover", replicated_item="vm2", direction="primary_to_recovery")
    # As if the service took no time: the answer is no older than it may be.
    vault.seconds = seconds
    vault.run("commit", replicated_item="vm2", direction="failover")
    vault.seconds = seconds
    checked = vault.run("failback_prereq", replicated_item="vm2")
    found = {one["id"]: one for one in checked["findings"]}
    assert found["on_premises_vm_off"]["status"] == "pass", found["on_premises_vm_off"]

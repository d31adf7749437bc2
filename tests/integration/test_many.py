# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many virtual machines in one task: each goes its own way, and what they have in common is read once."""

from __future__ import annotations

import socket
from collections import Counter
from typing import Any

import pytest
from support.module_runner import accepted
from support.oracle import Oracle
from support.scenarios import item_of, large_site, scenario_of

SYNCED = "waiting_for_completion"
NOW = {"policy": "now"}


def names(count: int) -> list[str]:
    return [f"vm{number}" for number in range(1, count + 1)]


def vault_of(driver: Any, *stages: str, **parts: Any) -> Any:
    """A vault with vm1, vm2, ... in these stages, whose hosts may be asked."""
    items = [item_of(name, stage, **parts) for name, stage in zip(names(len(stages)), stages, strict=True)]
    return driver(scenario_of(*items)).knows_hosts()


def stages(result: dict[str, Any]) -> dict[str, str]:
    return {name: one["stage"]["after"] for name, one in result["vms"].items()}


def test_all_of_them_come_home_and_are_protected(driver: Any) -> None:
    vault = vault_of(driver, *["failed_over"] * 6)
    many = {"replicated_items": names(6)}
    steps = {"planned_failover": {}, "complete_failover": {}, "commit": NOW, "reverse_replicate": {}}
    for module, options in steps.items():
        result = vault.run(module, **many, **options)
        assert (result["changed"], result["failed"]) == (True, False)
        assert [*result["vms"]] == names(6)
    assert set(stages(result).values()) == {"protected"}
    assert all(vault.state(name)["stage"] == "protected" for name in names(6))
    assert Counter(write.split("/")[-1] for write in vault.writes()) == {
        "plannedFailover": 6,
        "resume": 6,
        "failoverCommit": 6,
        "reProtect": 6,
    }


def test_a_second_run_changes_nothing(driver: Any) -> None:
    vault = vault_of(driver, SYNCED, "failback_commit_pending")
    vault.run("complete_failover", replicated_items=names(2))
    sent = vault.requests()
    assert not vault.run("complete_failover", replicated_items=names(2))["changed"]
    assert vault.writes(sent) == []


def test_one_that_cannot_stops_no_other(driver: Any) -> None:
    vault = vault_of(driver, SYNCED, "failed_over", SYNCED)
    result = vault.run("complete_failover", replicated_items=[*names(3), "vm9"])
    assert result["failed"]
    assert [one["failed"] for one in result["vms"].values()] == [False, True, False, True]
    assert result["vms"]["vm2"]["error"]["kind"] == "refused"
    assert result["vms"]["vm9"]["error"]["kind"] == "target"
    assert result["msg"].startswith("2 of 4 VMs failed. vm2: ")
    assert [vault.state(name)["stage"] for name in names(3)] == [
        "failback_commit_pending",
        "failed_over",
        "failback_commit_pending",
    ]


def test_each_may_have_options_of_its_own(driver: Any) -> None:
    vault = vault_of(driver, "failed_over", "failed_over")
    result = vault.run(
        "planned_failover",
        replicated_items=["vm1", {"replicated_item": "vm2", "data_sync": "during_failover", "wait_for": "end"}],
    )
    assert stages(result) == {"vm1": SYNCED, "vm2": "failback_commit_pending"}
    assert result["vms"]["vm2"]["data_sync"]["option"] == "during_failover"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "replicated_items is empty"),
        (["vm1", "VM1"], "more than once"),
        (["vm1", {"data_sync": "auto"}], "one of the following is required: replicated_item, recovery_plan"),
        ([{"replicated_item": "vm1", "data_sink": "auto"}], "data_sink"),
        ([{"replicated_item": "vm1", "replicated_items": ["vm2"]}], "replicated_items"),
        ([{"replicated_item": "vm1", "data_sync": "never"}], "value of data_sync must be one of"),
        ([" "], "replicated_item is empty"),
    ],
    ids=["nobody", "twice", "nameless", "unknown option", "many in one", "wrong value", "empty name"],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(driver: Any, given: list[Any], said: str) -> None:
    vault = vault_of(driver, "failed_over")
    failed = vault.fail("planned_failover", replicated_items=given)
    assert said in failed["msg"]
    assert vault.requests() == 0


SHARED_PORT = {"name": "port", "type": "tcp", "host": "127.0.0.1", "port": 9}


@pytest.mark.parametrize(
    ("module", "options", "said"),
    [
        ("commit", {**NOW, "discard_disks": ["vm1/logs", "data2"]}, "discard_disks names data2 without a VM"),
        ("failback_prereq", {"discard_disks": ["data2"]}, "discard_disks names data2 without a VM"),
        ("failback", {"discard_disks": ["data2"]}, "discard_disks names data2 without a VM"),
        ("commit", {**NOW, **accepted("vm1")}, "accept_unseen is set for every VM of"),
        ("failback", accepted("vm1"), "accept_unseen is set for every VM of"),
        ("commit", {**NOW, "discard_azure_changes": True}, "discard_azure_changes is set for every VM of"),
        ("failback_validate", {"attested": ["the shop answers"]}, "attested is set for every VM of"),
        ("failback_validate", {"expected_addresses": ["192.0.2.1"]}, "expected_addresses is set for every VM of"),
        ("failback_validate", {"probes": [SHARED_PORT]}, "port is for one"),
        ("failback", {"probes": [SHARED_PORT]}, "port is for one"),
        ("failback", {"state": {"target": "vm1"}}, "state is set for every VM of"),
        ("failback", {"proof": [{"changed": False}]}, "proof is set for every VM of"),
        ("undo_failback", {"attested_off": {"hv01": "J. Doe: vm1 is off"}}, "attested_off is set for every VM of"),
    ],
)
def test_what_is_said_of_one_vm_is_not_taken_for_all(
    driver: Any, module: str, options: dict[str, Any], said: str
) -> None:
    vault = vault_of(driver, "failback_commit_pending", "failback_commit_pending")
    failed = vault.fail(module, replicated_items=names(2), **options)
    assert said in failed["msg"]
    assert "replicated_items" in failed["msg"]
    assert (failed["error"]["kind"], vault.requests()) == ("configuration", 0)


def test_what_is_said_of_one_vm_is_taken_from_its_entry(driver: Any) -> None:
    vault = vault_of(driver, "failback_commit_pending", "failback_commit_pending")
    entry = {"replicated_item": "vm1", "discard_azure_changes": True, "discard_disks": ["data2"], **accepted("vm1")}
    result = vault.run("commit", replicated_items=[entry, "vm2"], discard_disks=["vm2/data3"], **NOW)
    assert set(stages(result).values()) == {"failed_back"}


def test_a_check_writes_nothing_and_predicts_for_each(driver: Any) -> None:
    vault = vault_of(driver, "failed_over", SYNCED)
    result = vault.run("planned_failover", replicated_items=names(2), check_mode=True)
    assert [one["changed"] for one in result["vms"].values()] == [True, False]
    assert stages(result) == {"vm1": SYNCED, "vm2": SYNCED}
    assert vault.writes() == []


def test_names_ids_and_friendly_names_name_them(driver: Any) -> None:
    vault = vault_of(driver, SYNCED, SYNCED)
    item_id = vault.simulator.locked(lambda world: world.vault.items[1].path)
    result = vault.run("complete_failover", replicated_items=["VM1", item_id])
    assert [*result["vms"]] == ["VM1", item_id]
    assert not result["failed"], result["msg"]


@pytest.mark.parametrize("probes", [1, [{"name": "web", "type": "http", "status": [float("inf")]}]])
def test_what_is_of_another_type_in_an_entry_is_refused(driver: Any, probes: Any) -> None:
    vault = driver(scenario_of("vm1"))
    failed = vault.fail("failback_validate", replicated_items=[{"replicated_item": "vm1", "probes": probes}])
    assert failed["error"]["kind"] == "configuration"


def test_each_is_read_singly_right_before_its_request(driver: Any) -> None:
    """What the list had is a moment old: somebody may have gone ahead since."""
    vault = vault_of(driver, *[SYNCED] * 3)
    jobs = {name: vault.jobs(name)[0]["name"] for name in names(3)}
    vault.run("complete_failover", replicated_items=names(3))
    paths = [
        f"{entry['method']} {'/'.join(entry['path'].split('/')[-3:])}" for entry in vault.simulator.journal.entries()
    ]
    for name, job in jobs.items():
        written = paths.index(f"POST replicationJobs/{job}/resume")
        items = vault.simulator.locked(lambda world: {item.name: item.path for item in world.vault.items})
        read = f"GET {'/'.join(items[name].split('/')[-3:])}"
        assert read in paths[:written], paths


def test_what_a_step_has_led_to_is_what_the_next_one_rests_on(driver: Any) -> None:
    """Without hosts: what they are asked takes its time, and what was read of Azure before is read again then."""
    vault = driver(scenario_of(*names(3)))
    unseen = [{"replicated_item": name, **accepted(name)} for name in names(3)]
    assert not vault.run("failback", replicated_items=unseen, commit_policy="now")["failed"]
    assert {vault.state(name)["stage"] for name in names(3)} == {"protected"}
    items = vault.simulator.locked(lambda world: {item.name: item.path.lower() for item in world.vault.items})
    for path in items.values():
        asked = [entry for entry in vault.simulator.journal.entries() if entry["path"].lower().startswith(path)]
        is_read = [entry["method"] == "GET" for entry in asked]
        # Before each commit and reverse replication it was read once, after the request before.
        first, last = [index for index, read in enumerate(is_read) if not read][1:3]
        assert last - first == 2, asked


def test_evidence_of_each_is_newer_than_its_cut_over_even_when_it_is_taken_at_once(driver: Any) -> None:
    vault = driver(scenario_of(*(item_of(name, SYNCED) for name in names(3))))
    with socket.create_server(("127.0.0.1", 0)) as server:
        probe = {"name": "port", "type": "tcp", "host": "127.0.0.1", "port": server.getsockname()[1]}
        probed = [{"replicated_item": name, "probes": [probe]} for name in names(3)]
        result = vault.run("failback", replicated_items=probed, heartbeat=False, poll_interval=1)
    assert not result["failed"], result["msg"]
    assert {vault.state(name)["stage"] for name in names(3)} == {"protected"}
    for one in result["vms"].values():
        (told,) = one["result"]["validation"]["vms"]
        assert told["validated_at"] > told["cut_over_at"]


def test_no_vm_is_read_again_and_again_while_its_guest_boots(driver: Any) -> None:
    """Azure's time is asked for once for all."""
    vault = vault_of(driver, *[SYNCED] * 6)
    vault.run("complete_failover", replicated_items=names(6))
    sent, began = vault.requests(), vault.seconds
    assert not vault.run("failback_validate", replicated_items=names(6), interval=10)["failed"]
    rounds = (vault.seconds - began) // 10 + 1
    paths = [entry["path"].split("/") for entry in vault.simulator.journal.entries(sent)]
    single = Counter(path[-1] for path in paths if path[-2] == "replicationProtectedItems")
    assert rounds > 3
    assert sum(single.values()) <= 6 + rounds


def test_a_replication_that_goes_on_is_told_by_the_list_for_all(driver: Any) -> None:
    vault = vault_of(driver, *["failed_back"] * 3)
    result = vault.run("reverse_replicate", replicated_items=names(3))
    assert set(stages(result).values()) == {"protected"}
    single = Counter(
        entry["path"].split("/")[-1]
        for entry in vault.simulator.journal.entries()
        if entry["method"] == "GET" and "/replicationJobs/" in entry["path"]
    )
    # The reverse replication of each and the end of its replication: no list tells how they have ended.
    assert single == {job["name"]: 1 for name in names(3) for job in vault.jobs(name)[:2]}


def test_what_is_sent_to_azure_is_told_of_each_as_of_one_alone(driver: Any) -> None:
    alone = vault_of(driver, "failed_back").run("reverse_replicate", replicated_item="vm1", wait_for="job")
    vault = vault_of(driver, *["failed_back"] * 2)
    for result in vault.run("reverse_replicate", replicated_items=names(2), wait_for="job")["vms"].values():
        assert result["stage"] == alone["stage"] == {"before": "failed_back", "after": "reverse_replicating"}
        (told,), (expected,) = result["replication"], alone["replication"]
        same = ("kind", "reason", "tasks", "percent_complete")
        assert {key: told[key] for key in same} == {key: expected[key] for key in same}


def reads(vault: Any) -> int:
    """How many requests only read."""
    return sum(1 for entry in vault.simulator.journal.entries() if entry["method"] == "GET")


def test_less_is_read_of_many_that_go_from_step_to_step(driver: Any) -> None:
    scenario = large_site(40, 4)
    vault = driver(scenario)
    every = [item["name"] for item in scenario["items"]]
    unseen = [{"replicated_item": name, **accepted(name)} for name in every]
    assert not vault.run("failback", replicated_items=unseen, commit_policy="now")["failed"]
    assert reads(vault) <= 20 * len(every)


def test_little_is_read_of_many(driver: Any) -> None:
    scenario = large_site(40, 4)
    vault = driver(scenario).knows_hosts()
    every = [item["name"] for item in scenario["items"]]
    for module, options in {
        "planned_failover": {},
        "complete_failover": {},
        "commit": NOW,
        "reverse_replicate": {},
    }.items():
        assert not vault.run(module, replicated_items=every, **options)["failed"]
    assert reads(vault) <= 26 * len(every)
    tokens = [entry for entry in vault.simulator.journal.entries() if "oauth2" in entry["path"]]
    assert len(tokens) == 1
    asked = vault.simulator.locked(lambda world: world.shells.sessions())
    assert len(asked) < 2 * len(every), "hosts are asked for all of their VMs"


def test_other_hosts_of_a_site_are_not_asked_anew_after_what_was_done_on_its_own(driver: Any) -> None:
    scenario = large_site(16, 4)
    scenario["fabrics"][0]["hosts"].append({"name": "hv005.contoso.example", "memory_gb": 1024})
    for number, item in enumerate(scenario["items"]):
        # They end one after the other, not all at once.
        item["changed_gb"] = 1 + number / 4
    vault = driver(scenario).knows_hosts()
    every = [item["name"] for item in scenario["items"]]
    assert not vault.run("failback", replicated_items=every, commit_policy="now", poll_interval=2)["failed"]
    asked = vault.simulator.locked(lambda world: world.shells.sessions())
    assert sum(one["host"] == "hv005.contoso.example" for one in asked) < 10


@pytest.mark.parametrize("twice", ["id", "plan"])
def test_two_entries_that_mean_one_vm_take_it_nowhere_twice(driver: Any, twice: str) -> None:
    items = [item_of(name, SYNCED) for name in ("vm1", "vm2")]
    vault = driver(scenario_of(*items, recovery_plans=[{"name": "shop", "groups": [["vm1", "vm2"]]}])).knows_hosts()
    other = vault.state("vm1")["id"] if twice == "id" else {"recovery_plan": "shop"}
    oracle = Oracle(vault.simulator)
    result = vault.run("complete_failover", replicated_items=["vm1", other])
    assert oracle.repeated() == []
    assert sorted(one["failed"] for one in result["vms"].values()) == [False, True]
    (failed,) = (one for one in result["vms"].values() if one["failed"])
    assert failed["error"]["kind"] == "configuration"
    assert "are the same VM" in failed["msg"]
    assert not failed["changed"]
    # Both together, until one of them is left out: of the other nothing was begun.
    assert vault.state("vm1")["stage"] == "failback_commit_pending"

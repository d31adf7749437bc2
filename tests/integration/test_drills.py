# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills for real: only what is marked goes to Azure, everything comes back, and what fails keeps both copies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.playbook_runner import PlaybookRunner, Played
from support.run_records import read_record
from support.scenarios import item_of, scenario_of

# A port of this machine that nobody listens on.
NOBODY = [{"name": "nobody", "type": "tcp", "host": "127.0.0.1", "port": 1}]
BROKEN = {"failback_probes": NOBODY, "failback_validation_timeout": 1}
MARKED = {"failback_drill": True}
AWAY = ["plannedFailover", "failoverCommit"]
THERE_AND_BACK = [*AWAY, "plannedFailover", "resume", "failoverCommit", "reProtect"]


def protected(*names: str) -> list[dict[str, Any]]:
    return [item_of(name, "protected") for name in names]


def drilled(vault: PlaybookRunner, level: str, hosts: dict[str, Any], *arguments: str, **more: Any) -> Played:
    return vault.play("drill", hosts, *arguments, failback_drill_level=level, **more)


def writes_of(vault: PlaybookRunner, name: str) -> list[str]:
    """The actions on an item and its jobs, in order."""
    jobs = {job["name"] for job in vault.simulator.state()["jobs"] if job["target"] == name}
    paths = [entry["path"].split("/") for entry in vault.simulator.journal.entries(writes=True)]
    return [path[-1] for path in paths if path[-2] == name or path[-2] in jobs]


def test_a_canary_moves_what_is_marked_and_leaves_everything_else_alone(stage: Any, tmp_path: Path) -> None:
    used = item_of("vm3", "failed_over")
    vault = stage(scenario_of(*protected("vm1", "vm2", "vm4"), used)).knows_hosts()
    hosts = {"vm1": MARKED, "vm2": {**MARKED, **BROKEN}, "vm3": MARKED, "vm4": {}}
    # What a group or the command says is no mark.
    group = tmp_path / "group.yml"
    group.write_text(yaml.safe_dump({"drilled": {"hosts": {"vm4": {}}, "vars": MARKED}}))
    played = drilled(
        vault, "canary", hosts, "-i", str(group), "-e", "failback_drill=true", failback_max_fail_percentage=100
    )
    assert played.status == 2, played.output
    assert {name: one["outcome"] for name, one in played.results.items()} == {
        "vm1": "protected",
        "vm2": "failed",
        "vm3": "not_started",
    }
    assert (writes_of(vault, "vm1"), writes_of(vault, "vm3"), writes_of(vault, "vm4")) == (THERE_AND_BACK, [], [])
    # Its validation failed, so its Azure VM is not deleted, and the newest data stays where it is.
    broken = {item["friendly_name"]: item for item in vault.simulator.state()["items"]}["vm2"]
    assert writes_of(vault, "vm2") == [*AWAY, "plannedFailover", "resume"]
    assert (broken["stage"], broken["azure_vm"]["exists"]) == ("failback_commit_pending", True)
    assert (broken["azure_vm"]["power"], broken["on_premises_vm"]["power"]) == ("deallocated", "running")
    assert "did not pass nobody" in played.results["vm2"]["reason"]
    assert "failed_over; a drill moves VMs only that are protected" in played.results["vm3"]["reason"]
    phases = [phase["phase"] for phase in played.results["vm1"]["timelines"]["vm1"]["phases"]]
    assert phases[:3] == ["failover", "failover_commit", "synchronization"]


def test_one_that_fails_stops_those_after_it(stage: Any) -> None:
    vault = stage(scenario_of(*protected("vm1", "vm2"))).knows_hosts()
    played = drilled(vault, "canary", {"vm1": {**MARKED, **BROKEN}, "vm2": MARKED})
    assert (played.results["vm1"]["outcome"], played.results["vm2"]["outcome"]) == ("failed", "not_started")
    assert writes_of(vault, "vm2") == []


def test_a_wave_goes_together_and_comes_back_by_the_fleet(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of(*protected("vm1", "vm2", "vm3"))).knows_hosts()
    # The failover of one fails once: its VM is where it was.
    vault.trouble(job_task="VmPrepareForFailover", item="vm3")
    folder = tmp_path / "drills"
    played = drilled(
        vault,
        "wave",
        dict.fromkeys(("vm1", "vm2", "vm3"), MARKED),
        failback_drill_folder=str(folder),
        failback_drill_change="CHG1",
    )
    (left,) = folder.iterdir()
    # To the microsecond: two drills that a timer starts in the same second must not overwrite each other's record.
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{6}Z_wave", left.name)
    assert {file.name for file in left.iterdir()} == {"run.json", "report.html", "report.md", "junit.xml", "SHA256SUMS"}
    record = read_record(left / "run.json")
    outcomes = {result["host"]: result["outcome"] for result in record["results"]}
    assert outcomes == {"vm1": "protected", "vm2": "protected", "vm3": "failed"}, played.output
    assert [writes_of(vault, name) for name in ("vm1", "vm2")] == [THERE_AND_BACK] * 2
    assert (record["drill"]["level"], record["drill"]["change"], record["run"]["kind"]) == ("wave", "CHG1", "drill")
    assert "each host in the inventory" in record["drill"]["confirmed_by"]


@pytest.mark.parametrize("stage_of_all", ["failed_over", "protected"])
def test_a_rehearsal_only_reads_the_vault(stage: Any, stage_of_all: str, tmp_path: Path) -> None:
    items = [item_of(name, stage_of_all) for name in ("vm1", "vm2")]
    vault = stage(scenario_of(*items)).knows_hosts()
    # What looks like a template, as a name that somebody else has given, is none there.
    named = tmp_path / "named.yml"
    named.write_text("""all: {hosts: {vm1: {failback_application: !unsafe "{{ lookup('pipe', 'exit 1') }}"}}}""")
    hosts = {"vm1": {}, "vm2": BROKEN}
    played = drilled(vault, "rehearsal", hosts, "-i", str(named))
    assert played.status == 0, played.output
    assert list(vault.simulator.journal.entries(writes=True)) == []
    assert {name: one["outcome"] for name, one in played.results.items()} == {"vm1": "protected", "vm2": "protected"}
    assert {item["stage"] for item in vault.simulator.state()["items"]} == {stage_of_all}


def test_readiness_takes_every_host_and_says_what_it_does_not_prove(stage: Any) -> None:
    vault = stage(scenario_of(item_of("vm1", "failed_over"))).knows_hosts()
    played = drilled(vault, "readiness", {"vm1": {}})
    assert (played.status, played.results["vm1"]["outcome"]) == (0, "ready")
    assert list(vault.simulator.journal.entries(writes=True)) == []


def test_a_policy_of_the_command_cannot_commit_without_evidence(stage: Any) -> None:
    vault = stage(scenario_of(*protected("vm1"))).knows_hosts()
    # The policy of the inventory is that of a real failback.
    hosts = {"vm1": {**MARKED, "failback_commit_policy": "hold"}}
    played = drilled(vault, "canary", hosts, "-e", "failback_commit_policy=now")
    assert played.results["vm1"]["outcome"] == "not_started", played.output
    assert "failback_commit_policy cannot be given with -e" in played.results["vm1"]["reason"]
    assert list(vault.simulator.journal.entries(writes=True)) == []


def test_the_policy_of_a_drill_is_none_for_what_runs_after_it(stage: Any) -> None:
    # It is in use in Azure: the drill leaves it alone, and the failback is to be held before its commit.
    vault = stage(scenario_of(item_of("vm1", "failed_over"))).knows_hosts()
    both = vault.task_file(
        "both.yml",
        {
            "hosts": "vm1",
            "gather_facts": False,
            "tasks": [
                {
                    "ansible.builtin.include_role": {"name": "asr.failback.drill"},
                    "vars": {"drill_fail_on_error": False},
                },
                {"ansible.builtin.include_role": {"name": "asr.failback.failback"}},
            ],
        },
    )
    played = vault.play(both, {"vm1": {**MARKED, "failback_commit_policy": "hold"}})
    assert played.status == 0, played.output
    assert vault.stages() == {"vm1": "failback_commit_pending"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("failback_replicated_item", "vm2"), ("failback_target_host", "hv02"), ("failback_vault_name", "another")],
)
def test_a_variable_of_the_play_does_not_lead_a_drill_elsewhere(stage: Any, name: str, value: str) -> None:
    vault = stage(scenario_of(*protected("vm1", "vm2"))).knows_hosts()
    play = {"import_playbook": "asr.failback.drill", "vars": {name: value, "failback_drill_level": "canary"}}
    played = vault.play(vault.task_file("site.yml", play), {"vm1": MARKED})
    assert played.status != 0
    assert name in played.output.replace("\n", " ")
    assert list(vault.simulator.journal.entries(writes=True)) == []


def test_a_drill_that_would_move_nothing_is_refused(stage: Any) -> None:
    vault = stage(scenario_of(*protected("vm1"))).knows_hosts()
    played = drilled(vault, "canary", {"vm1": {}}, "-e", json.dumps(MARKED))
    assert played.status == 2
    assert "None of the 1 hosts is marked for drills" in played.output


def test_a_host_that_is_dropped_in_azure_is_told_of_and_comes_home_by_the_failback(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of(*protected("vm1"))).knows_hosts()
    elsewhere = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    tasks = vault.task_file("in_azure.yml", {"name": "Look", "ansible.builtin.ping": {}, "vars": elsewhere})
    folder = tmp_path / "drills"
    played = drilled(vault, "canary", {"vm1": MARKED}, drill_tasks=tasks, failback_drill_folder=str(folder))
    assert played.status != 0
    assert "UNREACHABLE" in played.output
    (path,) = folder.glob("*/run.json")
    record = read_record(path)
    (result,) = record["results"]
    assert (record["run"]["state"], record["verdict"]["status"]) == ("running", "not_proven")
    assert (result["stage"], result["authoritative_side"]) == ("failed_over", "azure")
    assert [step["step"] for step in result["steps"]] == ["failover", "commit_failover"]
    assert "asr.failback.failback" in result["next"]
    again = drilled(vault, "canary", {"vm1": MARKED}, failback_drill_folder=str(folder / "again"))
    (other,) = read_record(next((folder / "again").glob("*/run.json")))["results"]
    assert (again.status, other["stage"], other["authoritative_side"]) == (2, "failed_over", "azure")
    assert "asr.failback.failback" in other["next"]
    home = vault.play("failback", {"vm1": {}})
    assert home.status == 0, home.output
    assert home.results["vm1"]["outcome"] == "protected"

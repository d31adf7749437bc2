# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that go wrong: files that are not there, hosts that drop out, tasks that fail. Each leaves a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.playbook_runner import FAIL, HERE, PASS, WHOLE
from support.run_records import OF_RECORD
from support.scenarios import item_of, scenario_of

from ansible_collections.asr.failback.plugins.module_utils.model.summary import NO_RESULT

# Nothing listens there; the role itself connects to no host.
NOWHERE = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "ssh"}
REACH = {"name": "Reach the VM", "ansible.builtin.raw": "true", "register": "failback_proof"}
IN_AZURE = "Site Recovery shows it as failed over to Azure, with no failback begun."
# A value that the argument spec refuses.
WRONG = {"failback_commit": "perhaps"}
KEYS = {"host", "target", *NO_RESULT, *OF_RECORD}


def test_a_validation_that_fails_keeps_the_azure_vm(stage: Any) -> None:
    vault = stage(scenario_of("vm1"))
    failed = vault.play("failback", {"vm1": {}}, failback_validation_tasks=vault.task_file("validate.yml", FAIL))
    result = failed.results["vm1"]
    assert (failed.status, result["outcome"]) == (2, "failed")
    assert result["reason"] == "The validation failed: the shop does not answer."
    assert result["next"] == (
        "It was cut over to on-premises; it is not committed yet. Repair the VM or the validation, then run again; "
        "or go back to Azure, with undo_failback."
    )
    assert result["stage"] == "failback_commit_pending"
    assert vault.writes() == WHOLE[:2]
    assert vault.simulator.state()["items"][0]["azure_vm"]["exists"] is True


def test_a_vm_that_is_not_ready_fails_alone_with_its_reason(stage: Any) -> None:
    vault = stage(scenario_of("vm1", item_of("vm2", "failover_commit_pending")))
    tasks = vault.task_file("validate.yml", PASS)
    run = vault.play("failback", {"vm1": {}, "vm2": {}, "ghost": {}}, failback_validation_tasks=tasks)
    assert run.status == 2
    assert outcomes(run) == {"ghost": "failed", "vm1": "protected", "vm2": "failed"}
    assert "not committed yet" in run.results["vm2"]["reason"]
    assert "Seen: Planned failover finished." in run.results["vm2"]["reason"]
    assert "no replicated item 'ghost'" in run.results["ghost"]["reason"]
    assert vault.stages() == {"vm1": "protected", "vm2": "failover_commit_pending"}
    assert {frozenset(result) for result in run.results.values()} == {frozenset(KEYS)}


@pytest.mark.parametrize(
    ("playbook", "name", "meant"),
    [
        ("failback", "failback_comit_policy", "failback_commit_policy"),
        ("failback", "failback_host", "failback_hosts"),
        ("failback", "failback_color", ""),
        ("undo_failback", "undo_failback_force_of", "undo_failback_force_off"),
        ("alternate_host", "alternate_host_targets", "alternate_host_target"),
    ],
)
def test_a_variable_that_no_role_knows_stops_before_anything_is_read(
    stage: Any, playbook: str, name: str, meant: str
) -> None:
    vault = stage(scenario_of("vm1"))
    given = {"alternate_host_target": "hv02", "undo_failback_reason": "a test"}
    given = {key: value for key, value in given.items() if key.startswith(playbook)}
    run = vault.play(playbook, {"vm1": {name: "hold"}}, "-e", "failback_hosts=vm1", **given)
    advice = f"{name} (did you mean {meant}?)" if meant else name
    assert f"Unknown variables: {advice}. Nothing was read or written." in run.results["vm1"]["reason"], run.output
    assert (run.status, vault.simulator.journal.entries()) == (2, [])


@pytest.mark.parametrize("playbook", ["failback", "undo_failback", "alternate_host"])
def test_options_of_azure_that_are_no_mapping_stop_before_anything_is_read(stage: Any, playbook: str) -> None:
    vault = stage(scenario_of("vm1"))
    given = {"alternate_host_target": "hv02", "undo_failback_reason": "a test"}
    given = {key: value for key, value in given.items() if key.startswith(playbook)}
    given["undo_failback_azure" if playbook == "undo_failback" else "failback_azure"] = "tenant=contoso"
    run = vault.play(playbook, {"vm1": {}}, "-e", "failback_hosts=vm1", **given)
    assert "a mapping of options" in run.results["vm1"]["reason"], run.output
    assert (run.status, vault.simulator.journal.entries()) == (2, [])


def test_a_task_file_that_is_not_there_is_noticed_before_any_write(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2", "vm3"))
    hosts = {
        "vm1": {"failback_hooks": {"after_commit": "/nowhere/tell.yml"}},
        "vm2": {"failback_validation_tasks": "/nowhere/tell.yml"},
        "vm3": {"failback_validation_tasks": "nowhere/tell.yml"},
    }
    run = vault.play("failback", hosts)
    assert (run.status, outcomes(run)) == (2, dict.fromkeys(hosts, "failed"))
    for result in run.results.values():
        assert "nowhere/tell.yml" in result["reason"]
        assert result["next"] == f"{IN_AZURE} Correct the variable, then run again."
        assert result["stage"] == "failed_over"
    assert vault.writes() == []


def test_a_hook_that_is_no_yaml_stops_its_vm_before_anything_is_written(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    (tmp_path / "hook.yml").write_text("- name: [\n")
    hooks = {"failback_hooks": {"after_planned_failover": str(tmp_path / "hook.yml")}}
    run = vault.play("failback", {"vm1": hooks, "vm2": {}})
    assert (run.status, outcomes(run)) == (2, {"vm1": "failed", "vm2": "held"})
    assert f"{tmp_path / 'hook.yml'}: not YAML" in run.results["vm1"]["reason"]
    assert vault.stages()["vm1"] == "failed_over"


FAILS = """
- hosts: all
  gather_facts: false
  roles: [asr.failback.failback]
"""


def test_what_the_role_stops_with_says_why_and_what_to_do(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1"))
    (tmp_path / "fails.yml").write_text(FAILS)
    hooks = {"before_planned_failover": vault.task_file("stop_users.yml", FAIL)}
    run = vault.play(str(tmp_path / "fails.yml"), {"vm1": {}}, failback_hooks=hooks)
    assert run.status == 2
    stop = run.output.split("Stop here")[1]
    assert f"The hook stop_users.yml failed: the shop does not answer. {IN_AZURE} Repair" in stop


def test_a_credential_that_is_lost_on_the_way_hides_no_step(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1"))
    secret = tmp_path / "secret"
    secret.write_text(vault.simulator.connection["client_secret"])
    azure = {"secret": f"{{{{ lookup('ansible.builtin.file', '{secret}') }}}}"}
    lose = {"name": "Lose it", "ansible.builtin.file": {"path": str(secret), "state": "absent"}}
    lose |= {"delegate_to": "localhost", "vars": HERE}
    hooks = {"after_planned_failover": vault.task_file("lose.yml", lose)}
    run = vault.play("failback", {"vm1": {}}, failback_azure=azure, failback_hooks=hooks)
    (result,) = run.results.values()
    assert vault.writes() == ["plannedFailover"]
    assert (result["outcome"], [step["step"] for step in result["steps"]][-1]) == ("failed", "planned_failover")
    assert result["next"] != "Correct its variables, then run again."
    assert vault.record()["run"]["cloud"] == vault.simulator.connection["resource_manager"]


def test_what_to_do_next_fits_how_it_failed(stage: Any) -> None:
    large = item_of("vm1", changed_gb=40_000, disks=[{"name": "os", "gb": 50_000, "os": True}])
    vault = stage(scenario_of(large))
    run = vault.play("failback", {"vm1": {"failback_wait_timeout": 3}, "ghost": {}})
    assert (run.status, outcomes(run)) == (2, {"vm1": "failed", "ghost": "failed"})
    assert run.results["vm1"]["next"] == "Its failback is in progress. Run again later, to go on with it."
    assert run.results["ghost"]["next"] == "Correct the name, then run again."


def outcomes(run: Any) -> dict[str, str]:
    """The outcome of each host."""
    return {host: result["outcome"] for host, result in run.results.items()}


@pytest.mark.parametrize("strategy", ["free", "linear"])
def test_hosts_that_drop_out_stand_in_the_report(stage: Any, strategy: str) -> None:
    vault = stage(scenario_of("vm1", "vm2", "vm3"))
    tasks = vault.task_file("validate.yml", REACH)
    hosts = {"vm1": HERE, "vm2": NOWHERE, "vm3": {**HERE, **WRONG}}
    run = vault.play("failback", hosts, "-e", f"failback_strategy={strategy}", failback_validation_tasks=tasks)
    assert run.status != 0
    assert outcomes(run) == {"vm1": "protected", "vm2": "failed", "vm3": "failed"}
    assert "ended early" in run.results["vm2"]["reason"]
    assert run.results["vm2"]["stage"] == "failback_commit_pending"
    assert [step["step"] for step in run.results["vm2"]["steps"]] == ["planned_failover", "complete_failover"]
    assert "perhaps" in run.results["vm3"]["reason"]
    assert run.results["vm3"]["stage"] == "unknown"
    assert vault.stages() == {"vm1": "protected", "vm2": "failback_commit_pending", "vm3": "failed_over"}
    assert {frozenset(result) for result in run.results.values()} == {frozenset(KEYS)}


def test_there_is_a_report_when_every_host_drops_out(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2", "vm3"))
    tasks = vault.task_file("validate.yml", REACH)
    hosts = dict.fromkeys(["vm1", "vm2", "vm3"], NOWHERE)
    run = vault.play("failback", hosts, "--limit", "vm1,vm2", failback_validation_tasks=tasks)
    assert run.status != 0
    assert outcomes(run) == {"vm1": "failed", "vm2": "failed"}
    assert "ended without a result" in run.results["vm1"]["reason"]


def test_a_batch_that_drops_out_leaves_the_results_of_those_before_it(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2", "vm3"))
    tasks = vault.task_file("validate.yml", REACH)
    hosts = {"vm1": HERE, "vm2": NOWHERE, "vm3": HERE}
    run = vault.play("failback", hosts, "-e", "failback_serial=1", failback_validation_tasks=tasks)
    assert run.status != 0
    # Releases of Ansible differ in whether they go on to the next batch.
    last = "protected" if vault.stages()["vm3"] == "protected" else "failed"
    assert outcomes(run) == {"vm1": "protected", "vm2": "failed", "vm3": last}


def test_variables_that_are_wrong_everywhere_are_reported(stage: Any) -> None:
    vault = stage(scenario_of("vm1"))
    run = vault.play("failback", {"vm1": {}}, **WRONG)
    assert (run.status, outcomes(run)) == (2, {"vm1": "failed"})
    assert "perhaps" in run.results["vm1"]["reason"]


def test_a_run_that_starts_at_a_later_task_says_what_it_did_not_see(stage: Any) -> None:
    vault = stage(scenario_of(item_of("vm1", "waiting_for_completion")))
    run = vault.play(
        "failback", {"vm1": {}}, "--start-at-task", "asr.failback.failback : Run the tasks that the VM has reached"
    )
    assert (run.status, outcomes(run)) == (2, {"vm1": "failed"})
    assert "--tags" in run.results["vm1"]["reason"]
    assert "is undefined" not in run.output
    assert vault.writes() == []
    begun = vault.play(
        "failback", {"vm1": {}}, "--start-at-task", "asr.failback.failback : Run the steps of the failback"
    )
    assert begun.status == 0, begun.output
    assert outcomes(begun) == {"vm1": "held"}

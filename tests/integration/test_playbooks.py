# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as users run them: check, run, run again, hold, hooks, tags, strategies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scenarios import item_of, scenario_of

WHOLE = ["plannedFailover", "resume", "failoverCommit", "reProtect"]
PASS = {"name": "Look at the VM", "ansible.builtin.assert": {"that": True}}
FAIL = {"name": "Look at the VM", "ansible.builtin.fail": {"msg": "the shop does not answer"}}


def path_of(result: dict[str, Any]) -> list[str]:
    """The stages of a result, in order, each once."""
    steps = [stage for step in result["steps"] for stage in (step["stage"]["before"], step["stage"]["after"])]
    return list(dict.fromkeys(steps))


def test_check_predicts_what_the_run_does_and_a_second_run_writes_nothing(stage: Any) -> None:
    vault = stage(scenario_of("vm1", item_of("vm2", in_azure_for="40d"), item_of("vm3", "waiting_for_completion")))
    hosts = {"vm1": {}, "vm2": {}, "vm3": {}}
    tasks = vault.task_file("validate.yml", PASS)
    check = vault.play("failback", hosts, "--check", "--diff", failback_validation_tasks=tasks)
    assert (check.status, vault.writes()) == (0, [])
    run = vault.play("failback", hosts, "--diff", failback_validation_tasks=tasks)
    assert run.status == 0, run.output
    for host in hosts:
        assert path_of(check.results[host]) == path_of(run.results[host])
        assert [step["changed"] for step in check.results[host]["steps"]] == [
            step["changed"] for step in run.results[host]["steps"]
        ]
        assert (check.results[host]["outcome"], run.results[host]["outcome"]) == ("predicted", "protected")
    assert set(vault.stages().values()) == {"protected"}
    assert sorted(vault.writes()) == sorted([*WHOLE, *WHOLE[1:], WHOLE[0], *WHOLE[2:]])
    sent = len(vault.writes())
    again = vault.play("failback", hosts, failback_validation_tasks=tasks)
    assert (again.status, len(vault.writes())) == (0, sent)
    recap = again.output.split("PLAY RECAP")[1]
    assert "changed=0" in recap
    assert vault.token_requests() == 3, "one token a run"


def test_a_run_without_validation_is_held_before_the_commit(stage: Any) -> None:
    vault = stage(scenario_of("vm1"))
    held = vault.play("failback", {"vm1": {}})
    assert (held.status, held.results["vm1"]["outcome"]) == (0, "held")
    assert "awaits its commit" in held.results["vm1"]["reason"]
    by_tag = vault.play("failback", {"vm1": {}}, "--tags", "commit")
    assert by_tag.results["vm1"]["outcome"] == "held"
    assert vault.writes() == WHOLE[:2]
    done = vault.play("failback", {"vm1": {}}, failback_validation_tasks=vault.task_file("validate.yml", PASS))
    assert done.results["vm1"]["outcome"] == "protected"
    assert vault.writes() == WHOLE


def test_a_validation_that_fails_keeps_the_azure_vm(stage: Any) -> None:
    vault = stage(scenario_of("vm1"))
    failed = vault.play("failback", {"vm1": {}}, failback_validation_tasks=vault.task_file("validate.yml", FAIL))
    result = failed.results["vm1"]
    assert (failed.status, result["outcome"]) == (2, "failed")
    assert "the shop does not answer" in result["reason"]
    assert result["stage"] == "failback_commit_pending"
    assert vault.writes() == WHOLE[:2]
    assert vault.simulator.state()["items"][0]["azure_vm"]["exists"] is True


def test_hooks_run_around_every_step_in_order(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1"))
    steps = ("prerequisites", "planned_failover", "complete_failover", "validate", "commit", "reverse_replicate")
    names = [f"{when}_{step}" for step in steps for when in ("before", "after")]
    log = tmp_path / "log"
    hooks = {}
    for name in names:
        line = {"path": str(log), "line": name, "create": True, "mode": "0600"}
        task = {"name": name, "ansible.builtin.lineinfile": line, "delegate_to": "localhost"}
        hooks[name] = vault.task_file(f"{name}.yml", task)
    tasks = vault.task_file("validate.yml", PASS)
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    run = vault.play("failback", {"vm1": local}, failback_validation_tasks=tasks, failback_hooks=hooks)
    assert run.status == 0, run.output
    assert log.read_text().splitlines() == names


def test_each_step_can_be_switched_off(stage: Any) -> None:
    vault = stage(scenario_of("vm1"))
    run = vault.play("failback", {"vm1": {}}, failback_complete_failover=False)
    assert run.status == 0, run.output
    assert vault.writes() == WHOLE[:1]
    assert run.results["vm1"]["stage"] == "waiting_for_completion"


@pytest.mark.parametrize("arguments", [{"failback_strategy": "linear"}, {"failback_serial": 1}], ids=str)
def test_other_ways_to_go_through_the_hosts(stage: Any, arguments: dict[str, Any]) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    tasks = vault.task_file("validate.yml", PASS)
    run = vault.play("failback", {"vm1": {}, "vm2": {}}, failback_validation_tasks=tasks, **arguments)
    assert run.status == 0, run.output
    assert set(vault.stages().values()) == {"protected"}


def test_limit_touches_no_other_vm(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    vault.play("failback", {"vm1": {}, "vm2": {}}, "--limit", "vm2")
    assert vault.stages() == {"vm1": "failed_over", "vm2": "failback_commit_pending"}


def test_a_vm_that_is_not_ready_fails_alone_with_its_reason(stage: Any) -> None:
    vault = stage(scenario_of("vm1", item_of("vm2", "failover_commit_pending")))
    tasks = vault.task_file("validate.yml", PASS)
    run = vault.play("failback", {"vm1": {}, "vm2": {}, "ghost": {}}, failback_validation_tasks=tasks)
    assert run.status == 2
    assert {host: result["outcome"] for host, result in run.results.items()} == {
        "ghost": "failed",
        "vm1": "protected",
        "vm2": "failed",
    }
    assert "not committed yet" in run.results["vm2"]["reason"]
    assert "no replicated item 'ghost'" in run.results["ghost"]["reason"]
    assert vault.stages() == {"vm1": "protected", "vm2": "failover_commit_pending"}


def test_the_prerequisites_playbook_writes_nothing_and_fails_what_is_not_ready(stage: Any) -> None:
    vault = stage(scenario_of("vm1", item_of("vm2", "failover_commit_pending")))
    ready = vault.play("prerequisites", {"vm1": {}})
    assert ready.status == 0, ready.output
    unready = vault.play("prerequisites", {"vm1": {}, "vm2": {}})
    assert (unready.status, vault.writes()) == (2, [])
    findings = {one["id"]: one["status"] for one in unready.results["vm2"]["findings"]}
    assert findings["failover_committed"] == "fail"


def test_recovery_plans_are_hosts_too(stage: Any) -> None:
    plans = [{"name": "shop", "groups": [["db"], ["web"]]}]
    vault = stage(scenario_of("db", "web", recovery_plans=plans))
    hosts = {"shop": {"failback_recovery_plan": "shop"}}
    run = vault.play("failback", hosts, failback_validation_tasks=vault.task_file("validate.yml", PASS))
    assert run.status == 0, run.output
    assert vault.writes() == [*WHOLE, "reProtect"]
    members = run.results["shop"]["steps"][-1]["members"]
    assert {member["friendly_name"]: member["stage"]["after"] for member in members} == {
        "db": "protected",
        "web": "protected",
    }


MODULE_PLAY = """
- hosts: vm1
  gather_facts: false
  module_defaults:
    group/asr.failback.failback:
      resource_group: "{{ failback_resource_group }}"
      vault_name: "{{ failback_vault_name }}"
  tasks:
    - name: As an ordinary module, in the background
      asr.failback.planned_failover:
        replicated_item: vm1
        poll_interval: 0.2
      async: 100
      poll: 1
      delegate_to: localhost
      vars:
        ansible_python_interpreter: "{{ ansible_playbook_python }}"
      register: module
    - name: In the controller's process
      asr.failback.planned_failover:
        replicated_item: vm1
      register: direct
    - name: With another environment
      asr.failback.replicated_item_info:
        name: vm1
      environment:
        AZURE_SECRET: wrong
      ignore_errors: true
      register: refused
    - ansible.builtin.assert:
        that:
          - module is changed
          - direct is not changed
          - (direct.keys() | difference(module.keys())) == []
          - module.replicated_item.id == direct.replicated_item.id
          - module.stage.after == direct.stage.after
          - refused is failed
          - refused.error.kind == 'authentication'
"""


def test_module_and_action_plugin_do_the_same(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1"))
    playbook = tmp_path / "module.yml"
    playbook.write_text(MODULE_PLAY)
    run = vault.play(str(playbook), {"vm1": {}})
    assert run.status == 0, run.output
    assert vault.writes() == WHOLE[:1]

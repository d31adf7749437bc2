# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role in every way that Ansible goes through hosts and tasks: strategies, batches, limits, tags, loops, twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.playbook_runner import HERE, PASS, WHOLE
from support.scenarios import item_of, scenario_of


@pytest.mark.parametrize(
    "keyword",
    ["failback_strategy=host_pinned", "failback_serial=1"],
)
def test_strategies_and_batches(stage: Any, keyword: str) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    tasks = vault.task_file("validate.yml", PASS)
    run = vault.play("failback", {"vm1": {}, "vm2": {}}, "-e", keyword, failback_validation_tasks=tasks)
    assert run.status == 0, run.output
    assert set(vault.stages().values()) == {"protected"}
    assert set(run.results) == {"vm1", "vm2"}


def test_limit_touches_no_other_vm(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    run = vault.play("failback", {"vm1": {}, "vm2": {}}, "--limit", "vm2")
    assert vault.stages() == {"vm1": "failed_over", "vm2": "failback_commit_pending"}
    assert set(run.results) == {"vm2"}


def test_each_step_can_be_run_alone_by_its_tag_with_its_hooks(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1"))
    log = tmp_path / "log"
    steps = ("prerequisites", "planned_failover", "complete_failover", "commit", "reverse_replicate")
    hooks = {f"after_{step}": line_to(vault, log, step) for step in steps}
    stages = ["failed_over", "waiting_for_completion", "failback_commit_pending", "failed_back", "protected"]
    for step, expected in zip(steps, stages, strict=True):
        tags = f"validate,{step}" if step == "commit" else step
        tasks = vault.task_file("validate.yml", PASS)
        settings = {"failback_hooks": hooks, "failback_validation_tasks": tasks}
        run = vault.play("failback", {"vm1": HERE}, "--tags", tags, **settings)
        assert run.status == 0, run.output
        assert vault.stages() == {"vm1": expected}
    assert vault.writes() == WHOLE
    assert log.read_text().splitlines() == list(steps)


def line_to(vault: Any, log: Path, line: str) -> str:
    """A task file that appends a line."""
    task = {"path": str(log), "line": line, "create": True, "mode": "0600"}
    return str(vault.task_file(f"{line}.yml", {"name": line, "ansible.builtin.lineinfile": task}))


LOOP = """
- name: Each VM from one host, one after the other
  hosts: controller
  gather_facts: false
  tasks:
    - name: Fail back
      ansible.builtin.include_role:
        name: asr.failback.failback
      vars:
        failback_replicated_item: "{{ vm }}"
        failback_hooks: {after_reverse_replicate: "{{ keep }}"}
      loop: [vm1, vm2]
      loop_control:
        loop_var: vm
"""
KEPT = """
- name: Keep which VM it was
  ansible.builtin.set_fact:
    kept: "{{ kept | default([]) + [failback_replicated_item] }}"
- name: Write them
  ansible.builtin.copy:
    content: "{{ kept | to_json }}"
    dest: "{{ playbook_dir }}/kept.json"
    mode: "0600"
"""


def test_include_role_in_a_loop(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    (tmp_path / "loop.yml").write_text(LOOP)
    (tmp_path / "keep.yml").write_text(KEPT)
    settings = {"failback_validation_tasks": vault.task_file("validate.yml", PASS), "keep": str(tmp_path / "keep.yml")}
    run = vault.play(str(tmp_path / "loop.yml"), {"controller": HERE}, **settings)
    assert run.status == 0, run.output
    assert vault.writes() == [*WHOLE, *WHOLE]
    assert json.loads((tmp_path / "kept.json").read_text()) == ["vm1", "vm2"]


TWICE = """
- name: First the data, then the rest
  hosts: all
  gather_facts: false
  roles:
    - role: asr.failback.failback
      failback_complete_failover: false
    - role: asr.failback.failback
  tasks:
    - name: The second run must have a result of its own
      ansible.builtin.assert:
        that:
          - failback_result.outcome == 'protected'
          - failback_result.steps | map(attribute='step') | list | length == 4
          - failback_result.steps[0] is not changed
"""


def test_twice_in_one_play(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1"))
    (tmp_path / "twice.yml").write_text(TWICE)
    tasks = vault.task_file("validate.yml", PASS)
    run = vault.play(str(tmp_path / "twice.yml"), {"vm1": {}}, failback_validation_tasks=tasks)
    assert run.status == 0, run.output
    assert vault.writes() == WHOLE


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


def test_what_waits_for_its_data_holds_up_no_hook_of_another_vm(stage: Any, tmp_path: Path) -> None:
    """Each host's task ends where its own hook has to run."""
    large = item_of("vm2", changed_gb=1_000, disks=[{"name": "os", "gb": 2_000, "os": True}])
    vault = stage(scenario_of("vm1", large))
    log = tmp_path / "log"
    tasks = vault.task_file("validate.yml", PASS)
    hosts = {
        "vm1": {**HERE, "failback_hooks": {"before_complete_failover": line_to(vault, log, "vm1")}},
        "vm2": {**HERE, "failback_hooks": {"after_planned_failover": line_to(vault, log, "vm2")}},
    }
    run = vault.play("failback", hosts, failback_validation_tasks=tasks)
    assert run.status == 0, run.output
    assert set(vault.stages().values()) == {"protected"}
    assert log.read_text().splitlines() == ["vm1", "vm2"]
    assert sorted(vault.writes()) == sorted(WHOLE * 2)
    started = run.results["vm2"]["steps"][0]
    assert (started["step"], started["changed"], started["data_sync"]["option"]) == (
        "planned_failover",
        True,
        "before_failover",
    )


FOR_ONE = """
- hosts: all
  gather_facts: false
  vars:
    failback_commit_policy: now
    failback_accept_unseen: {vm: "{{ inventory_hostname }}", sides: [on_premises]}
  tasks:
    - name: Copy the data
      ansible.builtin.import_role:
        name: asr.failback.failback
      vars:
        failback_complete_failover: false
    - name: Cut over
      asr.failback.complete_failover:
        resource_group: "{{ failback_resource_group }}"
        vault_name: "{{ failback_vault_name }}"
        replicated_item: "{{ inventory_hostname }}"
        poll_interval: 0.2
    - name: Commit one of them
      ansible.builtin.include_role:
        name: asr.failback.failback
      when: inventory_hostname == "vm2"
"""


def test_a_second_run_for_some_of_the_hosts_touches_no_other(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1", "vm2", "vm3"))
    (tmp_path / "for_one.yml").write_text(FOR_ONE)
    run = vault.play(str(tmp_path / "for_one.yml"), {"vm1": {}, "vm2": {}, "vm3": {}})
    assert run.status == 0, run.output
    pending = "failback_commit_pending"
    assert vault.stages() == {"vm1": pending, "vm2": "protected", "vm3": pending}


EACH_FOR_ITSELF = """
- hosts: all
  gather_facts: false
  strategy: "{{ by }}"
  tasks:
    - name: Fail back, whom nothing stops, and not whom it is only to check
      ansible.builtin.import_role:
        name: asr.failback.failback
      check_mode: "{{ only_check | default(false) }}"
      when: not stop | default(false)
"""


@pytest.mark.parametrize("strategy", ["free", "linear"])
def test_what_a_play_says_of_one_host_is_said_of_no_other(stage: Any, tmp_path: Path, strategy: str) -> None:
    vault = stage(scenario_of("vm1", "vm2", "vm3"))
    stop = vault.task_file("stop.yml", {"name": "Stop here", "ansible.builtin.set_fact": {"stop": True}})
    hosts = {
        "vm1": HERE,
        "vm2": {**HERE, "failback_hooks": {"after_complete_failover": stop}},
        "vm3": {**HERE, "only_check": True},
    }
    (tmp_path / "each.yml").write_text(EACH_FOR_ITSELF)
    settings = {"failback_validation_tasks": vault.task_file("validate.yml", PASS)}
    run = vault.play(str(tmp_path / "each.yml"), hosts, "-e", f"by={strategy}", **settings)
    assert vault.stages() == {"vm1": "protected", "vm2": "failback_commit_pending", "vm3": "failed_over"}, run.output
    assert vault.writes().count("failoverCommit") == 1


def test_a_variable_that_is_lost_in_a_hook_stops_its_host_alone(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    hook = vault.task_file("lose.yml", {"name": "Lose it", "ansible.builtin.set_fact": {"failback_azure": "text"}})
    log = tmp_path / "log"
    hosts = {
        "vm1": {**HERE, "failback_hooks": {"after_complete_failover": hook}},
        "vm2": {**HERE, "failback_hooks": {"after_complete_failover": line_to(vault, log, "vm2")}},
    }
    settings = {"failback_validation_tasks": vault.task_file("validate.yml", PASS)}
    run = vault.play("failback", hosts, "-e", "failback_strategy=linear", **settings)
    assert vault.stages() == {"vm1": "failback_commit_pending", "vm2": "protected"}, run.output
    assert log.read_text().splitlines() == ["vm2"]
    assert run.results["vm1"]["outcome"] == "failed"
    assert [step["step"] for step in run.results["vm1"]["steps"]] == ["planned_failover", "complete_failover"]

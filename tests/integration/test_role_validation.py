# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A validation that ran no check is no evidence, however green the run."""

from __future__ import annotations

from typing import Any

import pytest
from support.playbook_runner import PASS
from support.scenarios import item_of, scenario_of

PENDING = "failback_commit_pending"
NOBODY = {"name": "Ask a machine that nobody reaches", "delegate_to": "192.0.2.1", "ansible.builtin.ping": {}}
TRIED = {"vars": {"ansible_connection": "ssh", "ansible_timeout": 1, "ansible_ssh_common_args": "-o ConnectTimeout=1"}}
PROBES = {"name": "Ask all", "ansible.builtin.assert": {"that": True}, "loop": [], "register": "failback_proof"}
# What a file of tasks may hold that fails nowhere, and checks nothing.
NOTHING: dict[str, list[dict[str, Any]]] = {
    "an empty file": [],
    "skipped by when": [{**PASS, "when": False}],
    "skipped by its tag": [{**PASS, "tags": ["never"]}],
    "a loop over no probe": [PROBES],
    "unreachable and ignored": [{**NOBODY, **TRIED, "register": "failback_proof", "ignore_unreachable": True}],
    "failed and ignored": [
        {"name": "Ask", "ansible.builtin.fail": {"msg": "no"}, "register": "failback_proof", "ignore_errors": True}
    ],
    "a task that says nothing": [{"name": "Look", "ansible.builtin.assert": {"that": True}}],
}


@pytest.mark.parametrize("tasks", NOTHING.values(), ids=NOTHING)
def test_tasks_that_check_nothing_are_no_evidence(stage: Any, tasks: list[dict[str, Any]]) -> None:
    vault = stage(scenario_of(item_of("vm1", PENDING)))
    run = vault.play("failback", {"vm1": {}}, failback_validation_tasks=vault.task_file("validate.yml", *tasks))
    assert run.results["vm1"]["outcome"] == "held", run.output
    assert "failback_proof" in run.results["vm1"]["reason"] + run.results["vm1"]["next"]
    assert vault.writes() == []


@pytest.mark.parametrize("others", [[], [{**PASS, "when": False, "register": "skipped"}]], ids=["one", "some skipped"])
def test_a_task_that_has_checked_something_is_evidence(stage: Any, others: list[dict[str, Any]]) -> None:
    vault = stage(scenario_of(item_of("vm1", PENDING)))
    every = {"name": "Keep them", "ansible.builtin.set_fact": {"failback_proof": "{{ [failback_proof, skipped] }}"}}
    file = vault.task_file("validate.yml", PASS, *others, *([every] if others else []))
    run = vault.play("failback", {"vm1": {}}, failback_validation_tasks=file)
    assert run.results["vm1"]["outcome"] == "protected", run.output


@pytest.mark.parametrize("words", ["", " ", "yes", "true", "1 2 3", "..."])
def test_words_that_say_nothing_attest_nothing(driver: Any, words: str) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING)))
    failed = vault.fail("failback_validate", replicated_item="vm1", attested=["the shop answers", words])
    assert failed["error"]["kind"] == "configuration"
    assert "attested" in failed["msg"]
    assert vault.requests() == 0

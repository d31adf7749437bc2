# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflow with approvals, played as a controller would play it: its jobs in order, each with what it is given.

A controller hands a job the variables of its template, what the workflow asks for, and what jobs before it hand on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml
from support.drills import ROOT
from support.playbook_runner import PASS, WHOLE, PlaybookRunner, Played
from support.scenarios import scenario_of

AAP = ROOT / "extensions" / "aap"
HANDED_ON = "RUN: "


class _Loader(yaml.SafeLoader):
    """Reads Ansible's !unsafe as the text that it marks."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
OBJECTS = yaml.load((AAP / "controller.yml").read_text(encoding="utf-8"), _Loader)
TEMPLATES = {one["name"]: one for one in OBJECTS["controller_templates"]}
(WORKFLOW,) = OBJECTS["controller_workflows"]


class Workflow:
    """A workflow on a stage. `answers` are those to its survey; `given` is what its next job gets."""

    def __init__(self, vault: PlaybookRunner, hosts: dict[str, Any], **answers: Any) -> None:
        vault.environment = {"ANSIBLE_SHOW_CUSTOM_STATS": "true"}
        self._vault = vault
        self._hosts = hosts
        self.given = {**answers, "awx_workflow_job_id": 4711}
        self._tasks = vault.task_file("validate.yml", PASS)

    def jobs(self) -> Iterator[str]:
        """The names of its jobs in their order, as long as each job succeeds and each approval is given."""
        nodes = {one["identifier"]: one for one in WORKFLOW["simplified_workflow_nodes"]}
        node = WORKFLOW["simplified_workflow_nodes"][0]
        while True:
            if "unified_job_template" in node:
                yield node["unified_job_template"]
            if not node.get("success_nodes"):
                return
            (following,) = node["success_nodes"]
            node = nodes[following]

    def play(self, job: str) -> Played:
        """Play a job, and keep what it hands on."""
        template = TEMPLATES[job]
        variables = {**template.get("extra_vars", {}), **self.given}
        arguments = [*(["--check"] if template["job_type"] == "check" else []), "-e", json.dumps(variables)]
        playbook = str(AAP / "project" / template["playbook"])
        played = self._vault.play(playbook, self._hosts, *arguments, failback_validation_tasks=self._tasks)
        if HANDED_ON in played.output:
            self.given.update(json.JSONDecoder().raw_decode(played.output.split(HANDED_ON)[1])[0])
        return played


def test_what_was_approved_is_committed(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2", "vm3"))
    workflow = Workflow(vault, {"vm1": {}, "vm2": {}, "vm3": {}}, failback_hosts="vm1,vm2")
    written = {}
    for job in workflow.jobs():
        played = workflow.play(job)
        assert played.status == 0, played.output
        written[job] = (len(vault.writes()), played)
    assert [count for count, _played in written.values()] == [0, 4, 4, 8]
    assert "The commits would delete, in Azure:" in written["Failback - commit check"][1].output
    assert sorted(vault.writes()) == sorted(2 * WHOLE)
    results = written["Failback - commit"][1].results
    assert {name: result["outcome"] for name, result in results.items()} == {"vm1": "protected", "vm2": "protected"}
    commits = [step for result in results.values() for step in result["steps"] if step["step"] == "commit"]
    assert {step["confirmed_by"] for step in commits} == {"whoever approved workflow job 4711"}
    assert vault.stages()["vm3"] == "failed_over"


def test_nothing_is_committed_that_was_not_approved(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    alone = Workflow(vault, {"vm1": {}, "vm2": {}}, failback_hosts="vm1,vm2").play("Failback - commit")
    assert (alone.status, vault.writes()) == (2, [])
    assert "Nobody has confirmed what is deleted" in alone.output
    small = Workflow(vault, {"vm1": {}, "vm2": {}}, failback_hosts="vm1")
    assert small.play("Failback - fleet cut over").status == 0
    assert small.play("Failback - commit check").status == 0
    small.given["failback_hosts"] = "vm1,vm2"
    more = small.play("Failback - commit")
    assert more.status != 0
    assert "failoverCommit" not in vault.writes()

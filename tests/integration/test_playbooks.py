# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as users run them: check, run, run again, hold, hooks, switches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.playbook_runner import FORETOLD, HERE, PASS, WHOLE
from support.scenarios import item_of, scenario_of


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


def test_a_run_without_evidence_is_held_before_the_commit_unless_none_is_required(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    # No host is asked: somebody has looked at vm2, and says so for that VM.
    seen = {"vm": "vm2", "sides": ["on_premises"]}
    hosts = {"vm1": {}, "vm2": {"failback_commit_policy": "now", "failback_accept_unseen": seen}}
    check = vault.play("failback", hosts, "--check")
    assert check.status == 0, check.output
    assert {vm: result["stage"] for vm, result in check.results.items()} == {
        "vm1": "failback_commit_pending",
        "vm2": "protected",
    }
    run = vault.play("failback", hosts)
    assert run.status == 0, run.output
    predicted, held = check.results["vm1"], run.results["vm1"]
    assert path_of(predicted) == path_of(held)
    assert (predicted["stage"], predicted["reason"]) == (held["stage"], held["reason"])
    assert predicted["next"] == FORETOLD + held["next"]
    assert (held["outcome"], held["validation"]["verdict"]) == ("held", "not_proven")
    assert "awaits its commit" in held["reason"]
    assert "host hv01 is neither in the inventory nor in hyperv_hosts." in held["reason"]
    assert run.results["vm2"]["outcome"] == "protected"
    assert sorted(vault.writes()) == sorted([*WHOLE, *WHOLE[:2]])
    by_tag = vault.play("failback", {"vm1": {}}, "--tags", "commit")
    assert by_tag.results["vm1"]["outcome"] == "held"
    done = vault.play("failback", {"vm1": {}}, failback_validation_tasks=vault.task_file("validate.yml", PASS))
    assert done.results["vm1"]["outcome"] == "protected"
    assert done.results["vm1"]["validation"]["vms"][0]["checks"][0]["seen"] == "validate.yml passed"
    assert sorted(vault.writes()) == sorted([*WHOLE, *WHOLE])


def test_what_nobody_saw_is_accepted_for_the_vm_that_is_named_and_no_other(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    said = '{"failback_commit_policy": "now", "failback_accept_unseen": {"vm": "vm2", "sides": ["on_premises"]}}'
    run = vault.play("failback", {"vm1": {}, "vm2": {}}, "-e", said)
    assert run.results["vm1"]["outcome"] == "failed"
    assert "accept_unseen names vm2, but this is about vm1" in run.results["vm1"]["reason"]
    assert run.results["vm2"]["outcome"] == "protected"
    assert vault.stages()["vm1"] == "failed_over"
    (step,) = [one for one in run.results["vm2"]["steps"] if one["step"] == "commit"]
    assert [(one["side"], one["accepted_by"]) for one in step["unseen"]] == [("on_premises", "accept_unseen")]


def test_a_disk_that_may_go_is_named_with_its_vm(stage: Any) -> None:
    """The variable may be one of a group: a name alone would give up the disk of every VM that has one of that name."""
    vault = stage(scenario_of("vm1", "vm2"))
    loose = vault.play("failback", {"vm1": {}, "vm2": {}}, failback_commit=False, failback_discard_disks=["data2"])
    assert {one["outcome"] for one in loose.results.values()} == {"failed"}
    assert "failback_discard_disks names data2 without a VM" in loose.results["vm1"]["reason"]
    assert vault.writes() == []
    named = ["vm1/data2", "https://store.blob.core.windows.net/vhds/data2.vhd"]
    run = vault.play("prerequisites", {"vm1": {}}, failback_discard_disks=named)
    assert run.results["vm1"]["outcome"] == "ready", run.output


def test_what_a_run_gives_up_is_in_its_result_and_in_its_report(stage: Any) -> None:
    vault = stage(scenario_of(item_of("vm1", managed_disks=True)))
    vault.trouble(azure_vm="vm1", attach_disk="logs", gb=64)
    tasks = vault.task_file("validate.yml", PASS)
    given = {"failback_validation_tasks": tasks, "failback_discard_disks": ["vm1/logs"]}
    line = "given up: vm1: disk logs (64 GiB, attached in Azure)"
    for arguments, outcome, told in (
        (["--check"], "predicted", ["logs"]),
        ([], "protected", ["logs"]),
        # The commit is done: this run gives nothing up.
        ([], "protected", []),
    ):
        run = vault.play("failback", {"vm1": {}}, *arguments, **given)
        result = run.results["vm1"]
        assert (result["outcome"], [one["name"] for one in result["discarded"]]) == (outcome, told), run.output
        assert (line in run.output) is bool(told)


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
    run = vault.play("failback", {"vm1": HERE}, failback_validation_tasks=tasks, failback_hooks=hooks)
    assert run.status == 0, run.output
    assert log.read_text().splitlines() == names


def test_each_step_can_be_switched_off(stage: Any) -> None:
    vault = stage(scenario_of("vm1"))
    run = vault.play("failback", {"vm1": {}}, failback_complete_failover=False)
    assert run.status == 0, run.output
    assert vault.writes() == WHOLE[:1]
    assert run.results["vm1"]["stage"] == "waiting_for_completion"


def test_the_prerequisites_playbook_writes_nothing_and_fails_what_is_not_ready(stage: Any) -> None:
    vault = stage(scenario_of("vm1", item_of("vm2", "failover_commit_pending")))
    ready = vault.play("prerequisites", {"vm1": {}})
    assert ready.status == 0, ready.output
    assert (ready.results["vm1"]["outcome"], ready.results["vm1"]["next"]) == ("ready", "")
    unready = vault.play("prerequisites", {"vm1": {}, "vm2": {}})
    assert (unready.status, vault.writes()) == (2, [])
    findings = {one["id"]: one["status"] for one in unready.results["vm2"]["findings"]}
    assert findings["failover_committed"] == "fail"


def test_the_prerequisites_playbook_fails_what_another_operation_owns(stage: Any) -> None:
    tested = item_of("vm2", "protected", test_failover="waiting")
    forever = {"busy_seconds": 10_000_000}
    vault = stage(scenario_of(item_of("vm1", "busy"), tested, item_of("vm3", "protected"), rates=forever))
    run = vault.play("prerequisites", {"vm1": {}, "vm2": {}, "vm3": {}})
    assert (run.status, vault.writes()) == (2, [])
    assert {vm: result["outcome"] for vm, result in run.results.items()} == {
        "vm1": "failed",
        "vm2": "failed",
        "vm3": "protected",
    }
    assert "Another operation is in progress." in run.results["vm1"]["reason"]
    assert "A test failover has not been cleaned up." in run.results["vm2"]["reason"]


def test_a_failback_waits_for_a_job_and_stops_at_a_test_failover(stage: Any) -> None:
    vault = stage(scenario_of(item_of("vm1", "busy"), item_of("vm2", "protected", test_failover="waiting")))
    run = vault.play("failback", {"vm1": {}, "vm2": {}})
    assert {vm: result["outcome"] for vm, result in run.results.items()} == {"vm1": "held", "vm2": "failed"}
    assert "A test failover has not been cleaned up." in run.results["vm2"]["reason"]
    assert (
        run.results["vm2"]["next"]
        == "Do what the reason says, then run again. Set an option that it names as the variable failback_NAME."
    )


def test_the_report_shows_what_warns(stage: Any) -> None:
    vault = stage(scenario_of(item_of("vm1", azure_vm="deallocated")))
    run = vault.play("prerequisites", {"vm1": {}})
    assert run.status == 0, run.output
    assert "warn: vm1: The VM is off" in run.output

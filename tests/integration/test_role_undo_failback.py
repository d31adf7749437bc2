# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role and the playbook that go back to Azure, as users run them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.run_records import OF_RECORD
from support.scenarios import STARTER, item_of, scenario_of

from ansible_collections.asr.failback.plugins.module_utils.model.summary import NO_RESULT

PENDING = "failback_commit_pending"
WHY = {"undo_failback_reason": "incident 4711"}


def vault_of(*names: str, **parts: Any) -> dict[str, Any]:
    items = [item_of(name, PENDING, host=f"hv0{number}") for number, name in enumerate(names, 1)]
    return scenario_of(*items, **{"principals": [STARTER], **parts})


def running(vault: Any) -> dict[str, tuple[str, str]]:
    """The true power of each VM, in Azure and on-premises."""
    items = vault.simulator.state()["items"]
    return {item["name"]: (item["azure_vm"]["power"], item["on_premises_vm"]["power"]) for item in items}


def undo(vault: Any, hosts: dict[str, Any], *arguments: str, of: str, **variables: Any) -> Any:
    """Run the playbook for these hosts; which ones, it must be told."""
    return vault.play("undo_failback", hosts, "-e", f"failback_hosts={of}", *arguments, **variables)


AWAY, HOME = ("running", "off"), ("deallocated", "running")


def test_check_run_and_run_again(stage: Any) -> None:
    vault = stage(vault_of("vm1", "vm2")).knows_hosts()
    hosts: dict[str, Any] = {"vm1": {}, "vm2": {}}
    check = undo(vault, hosts, "--check", of="vm1:vm2", **WHY)
    assert (check.status, vault.writes(), set(running(vault).values())) == (0, [], {HOME}), check.output
    assert {result["outcome"] for result in check.results.values()} == {"predicted"}
    run = undo(vault, hosts, of="vm1:vm2", **WHY)
    assert (run.status, running(vault)) == (0, dict.fromkeys(hosts, AWAY)), run.output
    for name, result in run.results.items():
        assert (result["outcome"], result["stage"], result["authoritative_side"]) == ("undone", PENDING, "azure")
        assert result["next"].startswith("Do not commit")
        assert result["undone"]["reason"] == WHY["undo_failback_reason"]
        assert [change["what"] for change in result["changes"]] == ["shut_down", "keep_off", "start"]
        assert result["vms"] == {name: PENDING}
        # As the result of the role failback, and what was done.
        assert set(result) == {"host", "target", "undone", "changes", *NO_RESULT, *OF_RECORD}
    assert "vm1   undone   azure" in run.output
    again = undo(vault, hosts, of="vm1:vm2", **WHY)
    assert again.status == 0, again.output
    assert "changed=0" in again.output.split("PLAY RECAP")[1]
    assert vault.writes() == ["start", "start"]


@pytest.mark.parametrize("role", ["undo_failback", "drill"])
def test_a_role_that_is_in_check_mode_alone_does_not_say_that_it_is_done(stage: Any, role: str) -> None:
    vault = stage(vault_of("vm1")).knows_hosts()
    include = {"ansible.builtin.include_role": {"name": f"asr.failback.{role}"}}
    play = {"hosts": "vm1", "gather_facts": False, "check_mode": True, "tasks": [include]}
    of_role = {f"undo_failback_{name.removeprefix('failback_')}": value for name, value in vault.variables.items()}
    hosts = {"vm1": {**of_role, **WHY, "failback_drill": True}}
    run = vault.play(vault.task_file("site.yml", play), hosts)
    assert run.status != 0, run.output
    assert "The role is in check mode, and the run is not" in run.output.replace("\n", " ")
    assert vault.writes() == []


def test_a_check_of_the_failback_is_refused_where_its_run_would_be(stage: Any) -> None:
    vault = stage(vault_of("vm1")).knows_hosts()
    assert undo(vault, {"vm1": {}}, of="vm1", **WHY).status == 0
    # Somebody goes forward by hand: what Azure wrote meanwhile may be nowhere else.
    vm = vault.simulator.state()["items"][0]["azure_vm"]["id"]
    vault.simulator.locked(lambda world: world.compute.deallocate(vm))
    vault.trouble(vm="vm1", power="running")
    before = vault.writes()
    for arguments in (["--check"], []):
        run = vault.play("failback", {"vm1": {}}, *arguments, failback_commit_policy="now")
        assert (run.status, run.results["vm1"]["authoritative_side"]) == (2, "mixed"), run.output
        assert "Do not commit" in run.results["vm1"]["next"]
    assert vault.writes() == before


def test_what_fails_is_reported_with_the_rest_and_fails_at_the_end(stage: Any) -> None:
    vault = stage(vault_of("vm1", "vm2")).knows_hosts()
    vault.trouble(azure_vm="vm2", start="refused")
    run = undo(vault, {"vm1": {}, "vm2": {}}, of="vm1:vm2", **WHY)
    assert (run.status, running(vault)) == (2, {"vm1": AWAY, "vm2": ("deallocated", "off")})
    failed = run.results["vm2"]
    assert (failed["outcome"], failed["authoritative_side"]) == ("failed", "on_premises")
    assert "AllocationFailed" in failed["reason"]
    assert [change["what"] for change in failed["changes"]] == ["shut_down", "keep_off"]
    assert run.results["vm1"]["outcome"] == "undone"
    vault.trouble(azure_vm="vm2", start="ok")
    assert undo(vault, {"vm2": {}}, of="vm2", **WHY).status == 0


def test_a_plan_goes_back_as_a_whole(stage: Any) -> None:
    plan = {"name": "shop", "groups": [["vm1"], ["vm2"]]}
    vault = stage(vault_of("vm1", "vm2", recovery_plans=[plan])).knows_hosts()
    hosts = {"shop": {"failback_recovery_plan": "shop"}}
    run = undo(vault, hosts, of="shop", **WHY)
    assert (run.status, set(running(vault).values())) == (0, {AWAY}), run.output
    assert run.results["shop"]["vms"] == {"vm1": PENDING, "vm2": PENDING}


@pytest.mark.parametrize("reason", [{}, {"undo_failback_reason": " "}], ids=["none", "empty"])
def test_it_is_not_done_without_a_reason(stage: Any, reason: dict[str, str]) -> None:
    vault = stage(vault_of("vm1")).knows_hosts()
    run = undo(vault, {"vm1": {}}, of="vm1", **reason)
    assert (run.status, running(vault)) == (2, {"vm1": HOME}), run.output
    assert "undo_failback_reason" in json.dumps(run.results["vm1"])


def test_it_is_not_done_to_all_by_default(stage: Any) -> None:
    vault = stage(vault_of("vm1")).knows_hosts()
    run = vault.play("undo_failback", {"vm1": {}}, **WHY)
    assert (run.status != 0, running(vault)) == (True, {"vm1": HOME})


def test_the_failback_says_what_it_finds_afterwards(stage: Any) -> None:
    vault = stage(vault_of("vm1")).knows_hosts()
    undo(vault, {"vm1": {}}, of="vm1", **WHY)
    for arguments in (["--check"], []):
        run = vault.play("failback", {"vm1": {}}, *arguments)
        assert run.status == 2
        assert "undo_failback" in run.results["vm1"]["reason"]
        assert run.results["vm1"]["authoritative_side"] == "azure"
    assert (vault.writes(), running(vault)) == (["start"], {"vm1": AWAY})


def test_the_playbook_undoes_nothing_where_no_host_is_named(stage: Any) -> None:
    vault = stage(scenario_of(item_of("vm1", "failback_commit_pending")))
    run = vault.play("undo_failback", {"vm1": {}}, undo_failback_reason="by mistake")
    assert run.status != 0
    assert "-e failback_hosts=PATTERN" in run.output
    assert (vault.writes(), vault.stages()) == ([], {"vm1": "failback_commit_pending"})


@pytest.mark.parametrize(
    "given", ["undo_failback_attested_off=false", '{"undo_failback_attested_off": {"hv01": false}}']
)
def test_a_word_that_is_no_sentence_vouches_for_nothing(stage: Any, given: str) -> None:
    vault = stage(vault_of("vm1")).knows_hosts()
    vault.trouble(host="hv01", reachable=False)
    run = undo(vault, {"vm1": {}}, "-e", given, of="vm1", **WHY)
    assert (run.status, running(vault)) == (2, {"vm1": HOME}), run.output

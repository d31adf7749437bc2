# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that become keywords of the plays: those that do not reach them, and batches that stop what follows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.playbook_runner import FAIL, PASS, Played
from support.scenarios import item_of, scenario_of

STEPS = ("failback_planned_failover", "failback_complete_failover", "failback_validate", "failback_commit")
OTHERS = ("prerequisites", "alternate_host", "undo_failback")
KEYWORDS = {"failback_hosts": "vm1", "failback_serial": 1, "failback_strategy": "linear"}
OF_ROLES = {"alternate_host_target": "hv01", "undo_failback_reason": "a test"}


def outcomes(run: Played) -> dict[str, str]:
    """The outcome of each host."""
    return {host: result["outcome"] for host, result in run.results.items()}


@pytest.mark.parametrize(
    ("playbook", "name"),
    [*(("failback", name) for name in KEYWORDS), *((playbook, "failback_hosts") for playbook in OTHERS)],
)
def test_a_keyword_that_the_inventory_sets_is_an_error_before_anything_is_asked(
    stage: Any, playbook: str, name: str
) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    run = vault.play(playbook, {"vm1": {}, "vm2": {name: KEYWORDS[name]}}, **OF_ROLES)
    assert run.status != 0, run.output
    assert f"{name} is set in the inventory" in run.output.replace("\n", " ")
    assert f"-e {name}=" in run.output
    assert (vault.simulator.journal.entries(), run.results) == ([], {})


@pytest.mark.parametrize(
    ("playbook", "pattern"),
    [
        *(("failback", pattern) for pattern in ("vm1,vm9", "vm1 vm9", "nobody*", "vm1:!vm1")),
        *((name, "vm9") for name in OTHERS),
    ],
)
def test_a_pattern_that_matches_nobody_fails(stage: Any, playbook: str, pattern: str) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    # JSON: of key=value Ansible takes what follows a blank for another variable.
    given = json.dumps({"failback_hosts": pattern})
    run = vault.play(playbook, {"vm1": {}, "vm2": {}}, "-e", given, **OF_ROLES)
    assert run.status != 0, run.output
    assert "matches no host" in run.output
    assert (vault.simulator.journal.entries(), run.results) == ([], {})


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("failback_serial=[1]", "failback_serial is '[1]', which is not a number, a percentage, or a list of these"),
        ("failback_serial=few", "failback_serial is 'few'"),
        ("failback_max_fail_percentage=50%", "'50%', which is not a number from 0 to 100"),
        ("failback_max_fail_percentage=-1", "'-1', which is not a number from 0 to 100"),
        ("failback_max_fail_percentage=500", "'500', which is not a number from 0 to 100"),
        ("failback_hosts=", "failback_hosts is empty"),
    ],
)
def test_what_a_variable_of_the_plays_must_be_is_said_before_anything_is_asked(
    stage: Any, variable: str, words: str
) -> None:
    vault = stage(scenario_of("vm1"))
    run = vault.play("prerequisites", {"vm1": {}}, "-e", variable)
    assert run.status != 0, run.output
    assert words in run.output.replace("\n", " "), run.output
    assert "Traceback" not in run.output
    assert vault.simulator.journal.entries() == []


@pytest.mark.parametrize(
    ("playbook", "name"),
    [
        ("prerequisites", "failback_planned_failover"),
        ("drill", "failback_commit"),
        ("failback", "failback_fail_on_error"),
        ("undo_failback", "undo_failback_fail_on_error"),
    ],
)
def test_what_a_playbook_decides_cannot_be_given_with_the_command(stage: Any, playbook: str, name: str) -> None:
    # A job template of AAP gives all its variables so. Two of these playbooks are said to read only.
    vault = stage(scenario_of("vm1"))
    for word in ("yes", "y"):
        run = vault.play(playbook, {"vm1": {}}, "-e", f"failback_hosts=vm1 {name}={word}", **OF_ROLES)
        assert run.status != 0, run.output
        assert f"{name} cannot be given with -e" in run.output.replace("\n", " "), run.output
        assert vault.simulator.journal.entries() == []


@pytest.mark.parametrize(
    "given",
    [
        {"failback_plan": {"order": []}},
        {"failback_result": {"outcome": "protected"}},
        {"failback_proof": {"changed": False}},
        {"__failback_only_prerequisites": False},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_playbooks_keep_for_themselves_cannot_be_given_with_the_command(stage: Any, given: Any) -> None:
    # As the artifacts of an earlier job of a workflow are.
    vault = stage(scenario_of("vm1"))
    run = vault.play("failback", {"vm1": {}}, "-e", json.dumps(given))
    assert run.status != 0, run.output
    assert f"{next(iter(given))} cannot be given with -e" in run.output.replace("\n", " "), run.output
    assert list(vault.simulator.journal.entries(writes=True)) == []


def test_a_playbook_that_reads_does_not_write_whatever_an_earlier_play_has_set(stage: Any) -> None:
    vault = stage(scenario_of("vm1"))
    known = {"ansible.builtin.set_fact": dict.fromkeys(STEPS, True)}
    site = vault.task_file(
        "site.yml",
        {"hosts": "vm1", "gather_facts": False, "tasks": [known]},
        {"import_playbook": "asr.failback.prerequisites"},
    )
    # What is looked at first is another host.
    run = vault.play(site, {"first": {}, "vm1": {}}, "-e", "failback_hosts=vm1")
    assert "vm1" in run.results, run.output
    assert run.results["vm1"]["outcome"] == "ready", run.output
    assert list(vault.simulator.journal.entries(writes=True)) == []


def test_skipping_what_always_runs_is_refused(stage: Any) -> None:
    vault = stage(scenario_of("vm1"))
    run = vault.play("failback", {"vm1": {}}, "--skip-tags", "always")
    assert run.status != 0, run.output
    assert "--skip-tags always" in run.output
    assert list(vault.simulator.journal.entries(writes=True)) == []


@pytest.mark.parametrize("value", ["3", "50%", '{"failback_serial": [1, "100%"]}'])
def test_batches_that_ansible_takes_are_taken(stage: Any, value: str) -> None:
    given = value if value.startswith("{") else f"failback_serial={value}"
    vault = stage(scenario_of("vm1"))
    run = vault.play("prerequisites", {"vm1": {}}, "-e", given)
    assert (run.status, outcomes(run)) == (0, {"vm1": "ready"}), run.output


# The simulated hosts are in the group hyperv_hosts of an inventory of their own.
@pytest.mark.parametrize("pattern", ["all", "!vm2", "vm*:hv*", "vm1,all", ["vm1", "hv*"], "all:!vm2"])
def test_the_hosts_that_are_asked_are_failed_back_by_no_pattern(stage: Any, pattern: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2")).knows_hosts()
    given = json.dumps({"failback_hosts": pattern})
    run = vault.play("prerequisites", {"vm1": {}, "vm2": {}}, "-e", given)
    named = {"vm1"} if "!vm2" in pattern or isinstance(pattern, list) else {"vm1", "vm2"}
    assert (run.status, outcomes(run)) == (0, dict.fromkeys(named, "ready")), run.output


def test_a_pattern_of_nobody_but_hosts_that_are_asked_fails(stage: Any) -> None:
    vault = stage(scenario_of("vm1")).knows_hosts()
    run = vault.play("failback", {"vm1": {}}, "-e", "failback_hosts=hyperv_hosts")
    assert run.status != 0, run.output
    assert "The group hyperv_hosts is left out." in run.output.replace("\n", " ")
    assert (vault.simulator.journal.entries(), run.results) == ([], {})


def test_a_limit_that_leaves_nobody_of_the_pattern_fails(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    run = vault.play("failback", {"vm1": {}, "vm2": {}}, "--limit", "vm2", "-e", "failback_hosts=vm1")
    assert run.status != 0, run.output
    assert "--limit" in run.output
    assert vault.simulator.journal.entries() == []


def test_keywords_of_the_command_line_and_of_an_importing_playbook_reach_the_plays(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    hosts: dict[str, Any] = {"vm1": {}, "vm2": {}}
    run = vault.play("prerequisites", hosts, "-e", "failback_hosts=vm1", "-e", "failback_serial=1")
    assert (run.status, outcomes(run)) == (0, {"vm1": "ready"}), run.output
    imported = vault.folder / "site.yml"
    imported.write_text(
        "- import_playbook: asr.failback.prerequisites\n  vars: {failback_hosts: vm2, failback_strategy: linear}\n"
    )
    run = vault.play(str(imported), hosts)
    assert (run.status, outcomes(run)) == (0, {"vm2": "ready"}), run.output


GATE = {"failback_wave_hooks": {"before": "/gate.yml"}}


@pytest.mark.parametrize(
    ("playbook", "host", "given", "words"),
    [
        ("fleet", {}, {"failback_serial": 1}, "failback_serial has no effect here: a fleet goes by waves."),
        ("fleet", {"failback_max_fail_percentage": 0}, {}, "failback_max_fail_percentage has no effect"),
        (
            "failback",
            {"failback_tier": 0},
            {},
            "failback_tier has no effect here: only asr.failback.fleet",
        ),
        ("failback", {}, GATE, "failback_wave_hooks has no effect"),
        ("alternate_host", {"failback_depends_on": ["vm2"]}, {}, "failback_depends_on has no effect"),
    ],
)
def test_what_orders_or_stops_hosts_is_refused_where_it_would_do_neither(
    stage: Any, playbook: str, host: dict[str, Any], given: dict[str, Any], words: str
) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    run = vault.play(playbook, {"vm1": host, "vm2": host}, "-e", json.dumps(given), **OF_ROLES)
    assert run.status != 0, run.output
    assert words in " ".join(run.output.split()), run.output
    assert (vault.simulator.journal.entries(), run.results) == ([], {})


def test_the_order_of_one_host_and_no_order_are_refused_nowhere(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    of_fleet = {"failback_tier": 1, "failback_depends_on": [], "failback_wave_hooks": {}}
    hosts = {"vm1": of_fleet, "vm2": {"failback_wave_hooks": {}}}
    run = vault.play("failback", hosts, "--check", "-e", "failback_hosts=vm1")
    assert (run.status, outcomes(run)) == (0, {"vm1": "predicted"}), run.output
    run = vault.play("prerequisites", hosts)
    assert (run.status, outcomes(run)) == (0, dict.fromkeys(hosts, "ready")), run.output


def test_a_path_of_the_report_that_only_some_hosts_have_is_an_error(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    hosts = {"vm1": {}, "vm2": {"failback_report": "/nowhere/report.json"}}
    run = vault.play("failback", hosts)
    assert run.status != 0, run.output
    assert "failback_report differs" in run.output.replace("\n", " ")
    assert vault.simulator.journal.entries() == []


@pytest.mark.parametrize("strategy", ["free", "linear"])
def test_a_batch_that_fails_stops_the_batches_after_it_and_the_report_comes(stage: Any, strategy: str) -> None:
    vault = stage(scenario_of("vm1", "vm2", "vm3"))
    bad = {"failback_validation_tasks": vault.task_file("bad.yml", FAIL)}
    keywords = ("-e", "failback_serial=1", "-e", f"failback_strategy={strategy}")
    run = vault.play("failback", {"vm1": bad, "vm2": {}, "vm3": {}}, *keywords)
    assert run.status == 2, run.output
    assert outcomes(run) == {"vm1": "failed", "vm2": "not_started", "vm3": "not_started"}
    assert vault.stages() == {"vm1": "failback_commit_pending", "vm2": "failed_over", "vm3": "failed_over"}
    assert "vm1 failed" in run.results["vm3"]["reason"]
    assert "run again" in run.results["vm3"]["next"]
    assert "the shop does not answer" in run.output.split("outcome", 1)[1], "the results are shown"


def test_as_many_may_fail_as_the_user_says(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2", "vm3"))
    bad = {"failback_validation_tasks": vault.task_file("bad.yml", FAIL)}
    good = {"failback_validation_tasks": vault.task_file("good.yml", PASS)}
    hosts = {"vm1": bad, "vm2": good, "vm3": good}
    run = vault.play("failback", hosts, "-e", "failback_serial=2", failback_max_fail_percentage=50)
    assert outcomes(run) == {"vm1": "failed", "vm2": "protected", "vm3": "protected"}, run.output


def test_a_check_and_the_prerequisites_look_at_every_batch(stage: Any) -> None:
    vault = stage(scenario_of(item_of("vm1", "failover_commit_pending"), "vm2"))
    for playbook, arguments in (("failback", ["--check"]), ("prerequisites", [])):
        run = vault.play(playbook, {"vm1": {}, "vm2": {}}, *arguments, "-e", "failback_serial=1")
        assert run.status == 2
        assert outcomes(run)["vm1"] == "failed"
        assert outcomes(run)["vm2"] in ("predicted", "ready")


def test_what_ansible_calls_fatal_everywhere_does_not_cost_the_report(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_ANY_ERRORS_FATAL", "true")
    vault = stage(scenario_of("vm1", "vm2"))
    bad = {"failback_validation_tasks": vault.task_file("bad.yml", FAIL)}
    run = vault.play("failback", {"vm1": bad, "vm2": {}}, "-e", "failback_strategy=linear")
    assert run.status == 2
    assert outcomes(run) == {"vm1": "failed", "vm2": "held"}, run.output


def test_an_undo_that_fails_stops_the_batches_after_it(stage: Any) -> None:
    vault = stage(scenario_of("vm1", item_of("vm2", "failback_commit_pending")))
    given = ("-e", "failback_serial=1", "-e", "failback_hosts=all")
    run = vault.play("undo_failback", {"vm1": {}, "vm2": {}}, *given, undo_failback_reason="a test")
    assert outcomes(run) == {"vm1": "failed", "vm2": "not_started"}, run.output
    assert vault.writes() == []

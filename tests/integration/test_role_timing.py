# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role with a window for the cut-over and a policy for the commit: no failure, and a later run goes on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.playbook_runner import FORETOLD, HERE, PASS, WHOLE, Played
from support.scenarios import item_of, scenario_of

WAITING, PENDING = "waiting_for_completion", "failback_commit_pending"
FUTURE, PAST = {"not_before": "9000-01-01T00:00"}, {"not_after": "2020-01-01T00:00"}
ALWAYS = {"not_before": "2020-01-01T00:00", "freeze": ["2020-12-24"]}
FUTURE_BY_RULE = {"rule": "FREQ=WEEKLY", "duration": "PT6H", "not_before": "9000-01-01T22:00"}


def outcomes(run: Any) -> dict[str, tuple[str, str]]:
    """Outcome and stage of every host."""
    return {host: (result["outcome"], result["stage"]) for host, result in run.results.items()}


def logging_hooks(vault: Any, log: Path, *names: str) -> dict[str, str]:
    """Hooks that write their names to a file."""
    hooks = {}
    for name in names:
        line = {"path": str(log), "line": name, "create": True, "mode": "0600"}
        hooks[name] = vault.task_file(f"{name}.yml", {"name": name, "ansible.builtin.lineinfile": line})
    return hooks


def changes(run: Played) -> int:
    """The number of tasks that changed something."""
    return sum(map(int, re.findall(r"changed=(\d+)", run.output.split("PLAY RECAP")[1])))


def test_a_cut_over_waits_for_its_window_without_a_failure_and_a_later_run_goes_on(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1", item_of("vm2", in_azure_for="40d"), item_of("vm3", WAITING)))
    hosts = {
        "vm1": {**HERE, "failback_window": FUTURE},
        "vm2": {**HERE, "failback_window": FUTURE_BY_RULE},
        "vm3": {**HERE, "failback_window": PAST},
    }
    log = tmp_path / "log"
    settings = {
        "failback_validation_tasks": vault.task_file("validate.yml", PASS),
        "failback_hooks": logging_hooks(vault, log, "before_complete_failover", "after_complete_failover"),
    }
    check = vault.play("failback", hosts, "--check", **settings)
    closed = vault.play("failback", hosts, **settings)
    assert (check.status, closed.status) == (0, 0), closed.output
    assert outcomes(closed) == {
        "vm1": ("waiting_for_window", WAITING),
        "vm2": ("waiting_for_window", "failed_over"),
        "vm3": ("waiting_for_window", WAITING),
    }
    assert vault.writes() == WHOLE[:1]
    assert changes(closed) == 1, "what is only asked changes nothing"
    assert not log.exists(), "hooks of a step that waits"
    for vm, result in closed.results.items():
        assert {key: check.results[vm][key] for key in ("stage", "authoritative_side")} == {
            key: result[key] for key in ("stage", "authoritative_side")
        }
        # Of these, the run would have started the failback of vm1 alone.
        assert check.results[vm]["next"] == (FORETOLD if vm == "vm1" else "") + result["next"]
        assert check.results[vm]["outcome"] == "predicted"
        assert result["steps"][-1]["waiting_for_window"] is True
        assert "waiting_for_window  azure" in closed.output
    assert "Its window opens at 9000-01-01T00:00:00+00:00" in closed.results["vm1"]["reason"]
    assert "Its window opens at 9000-01-01T22:00:00+00:00" in closed.results["vm2"]["reason"]
    assert "it is not cut over yet. Run again when its window is open." in closed.results["vm1"]["next"]
    assert "Its window has been over" in closed.results["vm3"]["reason"]
    assert "Run again with a new failback_window." in closed.results["vm3"]["next"]
    opened = vault.play("failback", dict.fromkeys(hosts, HERE), failback_window=ALWAYS, **settings)
    assert opened.status == 0, opened.output
    assert {outcome for outcome, _stage in outcomes(opened).values()} == {"protected"}
    assert sorted(vault.writes()) == sorted([*WHOLE, WHOLE[0], *WHOLE[2:], *WHOLE[1:]])
    assert set(log.read_text().splitlines()) == {"before_complete_failover", "after_complete_failover"}


def test_a_window_that_closes_while_a_hook_runs_leaves_the_hook_after_it_out(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of(item_of("vm1", WAITING)))
    log = tmp_path / "log"
    hooks = logging_hooks(vault, log, "before_complete_failover", "after_complete_failover")
    # The window is another one once the hook has run.
    change = {"name": "Take long", "ansible.builtin.set_fact": {"failback_window": PAST}}
    hooks["before_complete_failover"] = vault.task_file("before_complete_failover.yml", change)
    run = vault.play("failback", {"vm1": {**HERE, "failback_window": ALWAYS}}, failback_hooks=hooks)
    assert run.status == 0, run.output
    assert (outcomes(run), vault.writes()) == ({"vm1": ("waiting_for_window", WAITING)}, [])
    assert not log.exists()


def test_a_commit_is_held_and_a_later_run_validates_again_and_commits(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1", item_of("vm2", locks=["CanNotDelete"])))
    later = {"failback_commit_policy": "not_before", "failback_commit_not_before": "9000-01-01T00:00"}
    hosts = {"vm1": {**HERE, "failback_commit_policy": "hold"}, "vm2": {**HERE, **later}}
    log = tmp_path / "log"
    settings = {
        "failback_validation_tasks": vault.task_file("validate.yml", PASS),
        "failback_hooks": logging_hooks(vault, log, "before_commit", "after_commit", "after_validate"),
        # Else the lock is found before anything begins.
        "failback_check_prerequisites": False,
    }
    check = vault.play("failback", hosts, "--check", **settings)
    held = vault.play("failback", hosts, **settings)
    assert (check.status, held.status) == (0, 0), held.output
    assert outcomes(held) == {"vm1": ("held", PENDING), "vm2": ("held", PENDING)}
    assert sorted(vault.writes()) == sorted([*WHOLE[:2], *WHOLE[:2]])
    assert log.read_text().splitlines() == ["after_validate"]
    one, other = held.results["vm1"], held.results["vm2"]
    assert "the policy is to hold it" in one["reason"]
    assert "it is not committed yet. Run again with another failback_commit_policy" in one["next"]
    assert "is allowed from 9000-01-01T00:00:00+00:00" in other["reason"]
    assert "A delete lock protects the Azure VM" in other["reason"]
    assert one["validation"]["verdict"] == other["validation"]["verdict"] == "passed"
    for vm, result in held.results.items():
        assert (check.results[vm]["outcome"], check.results[vm]["stage"]) == ("predicted", PENDING)
        assert check.results[vm]["next"] == FORETOLD + result["next"]
    done = vault.play("failback", {"vm1": HERE}, **settings)
    assert done.status == 0, done.output
    assert outcomes(done) == {"vm1": ("protected", "protected")}
    assert done.results["vm1"]["validation"]["validated_at"] > one["validation"]["validated_at"]


def test_a_plan_whose_vms_differ_waits_as_a_whole(stage: Any) -> None:
    plan = [{"name": "shop", "groups": [["db"], ["web"], ["app"]]}]
    items = (item_of("db", WAITING), item_of("web", in_azure_for="40d"), item_of("app", PENDING))
    vault = stage(scenario_of(*items, recovery_plans=plan))
    settings = {"failback_validation_tasks": vault.task_file("validate.yml", PASS)}
    host = {"shop": {"failback_recovery_plan": "shop"}}
    closed = vault.play("failback", host, failback_window=FUTURE, **settings)
    assert closed.status == 0, closed.output
    assert outcomes(closed) == {"shop": ("waiting_for_window", "mixed")}
    assert closed.results["shop"]["vms"] == {"db": WAITING, "web": "failed_over", "app": PENDING}
    assert vault.writes() == []
    opened = vault.play("failback", host, failback_window=ALWAYS, **settings)
    assert opened.status == 0, opened.output
    assert set(vault.stages().values()) == {"protected"}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"failback_window": {"not_before": 1320, "not_after": "04:00"}}, "put it in quotes"),
        ({"failback_window": {**ALWAYS, "time_zone": "Europe/Amsterdm"}}, "is not a known time zone"),
        ({"failback_window": {**FUTURE_BY_RULE, "not_before": "22:00"}}, "is not the date-time that window.rule"),
        ({"failback_commit_not_before": "2026-01-31T22:00"}, "policy is after_validation"),
        ({"failback_commit_policy": "not_before"}, "not_before is not given"),
        ({"failback_commit_policy": "tomorrow"}, "value of failback_commit_policy must be one of"),
    ],
    ids=["number", "zone", "rule", "no policy", "no time", "policy"],
)
def test_variables_that_make_no_sense_are_refused_before_anything_is_written(
    stage: Any, variables: dict[str, Any], words: str
) -> None:
    vault = stage(scenario_of("vm1"))
    run = vault.play("failback", {"vm1": {}}, **variables)
    assert (run.status, vault.writes()) == (2, [])
    assert run.results["vm1"]["outcome"] == "failed"
    assert words in run.results["vm1"]["reason"]
    assert "Correct" in run.results["vm1"]["next"]

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of hooks, in the real role: a cut-over only under an approved change inside its window, and messages.

Change records and messages go to stand-ins on loopback; nothing else is replaced.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.drills import ROOT
from support.playbook_runner import HERE, PASS
from support.scenarios import scenario_of
from support.web import Answer, Web, free_port

HOOKS = ROOT / "docs" / "examples" / "hooks"
NUMBER = "CHG0030192"
# Modules of collections that are not on this machine: what they are given is checked by eye only.
ELSEWHERE = {"servicenow.itsm.change_request_info", "community.general.mail"}
SERVICENOW = {"change_number": NUMBER, "servicenow_user": "failback", "servicenow_password": "Canary-7281"}


@pytest.fixture
def web() -> Iterator[Callable[..., Web]]:
    """Starts servers that give an answer."""
    with ExitStack() as running:
        yield lambda **answer: running.enter_context(Web(None, [Answer(**answer)]))


def utc(hours: float) -> str:
    """That many hours from now, as ServiceNow writes times."""
    return f"{datetime.now(timezone.utc) + timedelta(hours=hours):%Y-%m-%d %H:%M:%S}"


def change(**parts: Any) -> dict[str, Any]:
    """A record of an approved change, two hours into its window; None leaves a field out."""
    window = {"start_date": utc(-2), "end_date": utc(2)}
    whole = {"number": NUMBER, "state": "-1", "approval": "approved", "on_hold": "false", **window, **parts}
    return {key: value for key, value in whole.items() if value is not None}


# Records that are found, and what is said then; nothing where the cut-over may begin.
DECISIONS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "approved": ([change()], ""),
    "scheduled": ([change(state="scheduled", on_hold=False)], ""),
    "requested": ([change(approval="requested")], "is not approved: its approval is 'requested'"),
    "silent": ([change(approval=None)], "is not approved: its approval is ''"),
    "missing": ([], f"There is not exactly one change {NUMBER}: none was found"),
    "ambiguous": ([change(), change(number="CHG1")], f"There is not exactly one change {NUMBER}: {NUMBER}, CHG1"),
    "another": ([change(number="CHG1")], f"There is not exactly one change {NUMBER}: CHG1"),
    "endless": ([change(end_date="")], "has no window: it begins"),
    "local": ([change(start_date="01.12.2026 22:00")], "has no window: it begins '01.12.2026 22:00'"),
    "early": ([change(start_date=utc(1))], "has the window"),
    "late": ([change(end_date=utc(-1))], "has the window"),
    "closed": ([change(state="3")], "is in the state '3'"),
    "held": ([change(on_hold="true")], "is on hold, or does not say so: 'true'"),
    "vague": ([change(on_hold=None)], "is on hold, or does not say so: 'unknown'"),
}


def test_only_an_approved_change_inside_its_window_lets_a_cut_over_begin(tmp_path: Path) -> None:
    hosts = {name: {**HERE, "change_records": records, "said": said} for name, (records, said) in DECISIONS.items()}
    inventory = {"all": {"hosts": hosts, "vars": {"change_number": NUMBER}}}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
    decide = {"name": "Decide", "ansible.builtin.include_tasks": str(HOOKS / "change_decision.yml")}
    failed = "ansible_failed_result.results | default([ansible_failed_result])"
    heard = "{{ " + failed + " | map(attribute='msg', default='') | join }}"
    remember = {"name": "Listen", "ansible.builtin.set_fact": {"heard": heard}}
    as_said = ["said in heard | default('')", "(said == '') == (heard is undefined)"]
    tasks = [
        {"name": "Try", "block": [decide], "rescue": [remember]},
        {
            "name": "Compare",
            "ansible.builtin.assert": {"that": as_said, "fail_msg": "{{ heard | default('nothing') }}"},
        },
    ]
    (tmp_path / "play.yml").write_text(
        yaml.safe_dump([{"name": "All", "hosts": "all", "gather_facts": False, "tasks": tasks}])
    )
    command = ["ansible-playbook", "-i", str(tmp_path / "inventory.yml"), str(tmp_path / "play.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_role_cuts_over_what_the_ticket_system_lets_through(stage: Any, web: Callable[..., Web]) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    desks = {"vm1": web(body={"result": [change()]}), "vm2": web(body={"result": [change(approval="requested")]})}
    hosts = {name: {**HERE, **SERVICENOW, "servicenow_host": desk.url} for name, desk in desks.items()}
    given = {
        "failback_hooks": {"before_cut_over": str(HOOKS / "change_servicenow_api.yml")},
        "failback_validation_tasks": vault.task_file("validate.yml", PASS),
    }
    # A check may run before the change is approved.
    check = vault.play("failback", hosts, "--check", **given)
    assert {result["outcome"] for result in check.results.values()} == {"predicted"}
    run = vault.play("failback", hosts, **given)
    outcomes = {name: result["outcome"] for name, result in run.results.items()}
    assert outcomes == {"vm1": "protected", "vm2": "failed"}, run.output
    assert "is not approved: its approval is 'requested'" in run.results["vm2"]["reason"]
    assert vault.stages()["vm2"] == "waiting_for_completion"
    method, path = desks["vm1"].asked[-1]
    assert (method, "sysparm_query=number%3DCHG0030192" in path) == ("GET", True), path
    assert desks["vm1"].credentials[-1] is not None
    assert SERVICENOW["servicenow_password"] not in run.output


def test_a_message_arrives_and_one_that_is_lost_stops_nobody(stage: Any, web: Callable[..., Web]) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    channel, system = web(status=202, body=""), web(status=204, body="")
    told = {"tell_teams_url": f"{channel.url}/workflows/1?sig=Canary-1", "tell_webhook_url": f"{system.url}/events"}
    lost = dict.fromkeys(told, f"http://127.0.0.1:{free_port()}/?sig=Canary-1")
    run = vault.play(
        "fleet",
        {"vm1": {**HERE, **told}, "vm2": {**HERE, **lost}},
        failback_hooks={
            "after_cut_over": str(HOOKS / "tell_teams.yml"),
            "after_commit": str(HOOKS / "tell_webhook.yml"),
        },
        failback_wave_hooks={"after": str(HOOKS / "tell_teams_wave.yml")},
        failback_validation_tasks=vault.task_file("validate.yml", PASS),
        tell_webhook_token="Canary-2",
        tell_what="committed",
    )
    assert {result["outcome"] for result in run.results.values()} == {"protected"}, run.output
    texts = [card["attachments"][0]["content"]["body"][1]["text"] for card in channel.bodies]
    assert texts == ["vm1 is cut over.", "Wave 1 has ended: vm1, vm2"]
    (event,) = system.bodies
    assert (event["host"], event["what"], system.credentials) == ("vm1", "committed", ["Bearer Canary-2"])
    assert run.output.count("did not take the message") == 2
    assert "Canary" not in run.output


def test_the_examples_are_tasks_that_ansible_takes(tmp_path: Path) -> None:
    """All of them in one playbook; a module that is not here stands for itself, with the arguments of the example."""
    tasks = []
    for path in sorted(HOOKS.glob("*.yml")):
        shutil.copy(path, tmp_path)
        modules = {key for task in yaml.safe_load(path.read_text()) for key in task if key.count(".") == 2}
        if not modules & ELSEWHERE:
            tasks.append({"name": path.stem, "ansible.builtin.import_tasks": path.name})
    playbook = [{"name": "Hooks", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(playbook))
    command = ["ansible-playbook", "--syntax-check", str(tmp_path / "play.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, len(tasks)) == (0, 5), done.stderr


def test_both_ways_to_look_up_a_change_decide_alike() -> None:
    ways = [yaml.safe_load((HOOKS / f"change_servicenow{one}.yml").read_text()) for one in ("", "_api")]
    assert {tasks[1]["ansible.builtin.include_tasks"] for tasks in ways} == {"change_decision.yml"}
    assert [tasks[1]["vars"]["change_records"] for tasks in ways] == [
        "{{ change_found.records }}",
        "{{ change_found.json.result }}",
    ]

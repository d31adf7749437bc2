# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin as Ansible runs it: where a task runs, in which environment, and what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.middleboxes import Proxy
from support.playbook_runner import PlaybookRunner, Played
from support.scenarios import scenario_of

INFO = "asr.failback.replicated_item_info"
CANARY = "Canary-7281-of-the-test"
LOCALLY = {"delegate_to": "localhost", "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}


def play(
    vault: PlaybookRunner, folder: Path, *tasks: Mapping[str, Any], verbosity: str = "-v", **variables: Any
) -> Played:
    """Run these tasks for the host vm1, which nothing can connect to."""
    vault_options = {"resource_group": "{{ failback_resource_group }}", "vault_name": "{{ failback_vault_name }}"}
    whole = {
        "hosts": "vm1",
        "gather_facts": False,
        "module_defaults": {"group/asr.failback.failback": vault_options},
        "tasks": [dict(task) for task in tasks],
    }
    playbook = folder / "tasks.yml"
    playbook.write_text(yaml.safe_dump([whole]))
    return vault.play(str(playbook), {"vm1": {}}, verbosity, **variables)


@pytest.fixture
def vault(stage: Any) -> PlaybookRunner:
    """A vault with one VM."""
    started: PlaybookRunner = stage(scenario_of("vm1"))
    return started


@pytest.mark.parametrize("poll", [0, 1])
def test_async_would_run_elsewhere_and_says_what_to_do_instead(
    vault: PlaybookRunner, tmp_path: Path, poll: int
) -> None:
    task = {"asr.failback.planned_failover": {"replicated_item": "vm1"}, "async": 60, "poll": poll}
    run = play(vault, tmp_path, task)
    assert run.status == 2
    assert "wait: false" in run.output
    assert "delegate_to: localhost" in run.output
    assert vault.simulator.journal.entries() == []


@pytest.mark.parametrize(
    "task",
    [
        {"asr.failback.planned_failover": {"replicated_item": "vm1", "data_sync": "odd"}},
        {"asr.failback.planned_failover": {"replicated_item": "vm1", "wait_timeout": "soon"}},
        {"asr.failback.planned_failover": {"replicated_item": "vm1"}, "async": 60, "poll": 0},
    ],
    ids=["choice", "type", "async"],
)
def test_what_ansible_refuses_has_cause_and_remedy_as_all_else_has(
    vault: PlaybookRunner, tmp_path: Path, task: dict[str, Any]
) -> None:
    told = {"ansible.builtin.debug": {"msg": "{{ step.error.kind }}; {{ step.cause | length > 0 }}; {{ step.remedy }}"}}
    run = play(vault, tmp_path, {**task, "register": "step", "ignore_errors": True}, told)
    assert "configuration; True; Correct the task." in run.output
    assert vault.simulator.journal.entries() == []


def test_async_runs_where_the_connection_is_local(vault: PlaybookRunner, tmp_path: Path) -> None:
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    run = play(vault, tmp_path, {INFO: {"name": "vm1"}, "async": 60, "poll": 1}, **local)
    assert run.status == 0, run.output


def test_the_environment_of_a_task_reaches_the_connection_and_ends_with_the_task(
    vault: PlaybookRunner, tmp_path: Path
) -> None:
    with Proxy() as proxy:
        told = {"HTTPS_PROXY": "{{ proxy }}", "no_proxy": "", "NO_PROXY": ""}
        run = play(vault, tmp_path, {INFO: {"name": "vm1"}, "environment": told}, proxy=proxy.url)
        assert run.status == 0, run.output
        through = len(proxy.asked)
        assert through > 0
        assert {line.split()[0] for line in proxy.asked} == {"CONNECT"}
        run = play(vault, tmp_path, {INFO: {"name": "vm1"}})
        assert run.status == 0, run.output
        assert len(proxy.asked) == through


def test_the_environment_of_a_task_reaches_the_azure_cli(vault: PlaybookRunner, tmp_path: Path) -> None:
    cli = tmp_path / "bin" / "az"
    cli.parent.mkdir()
    cli.write_text(f'#!/bin/sh\necho "$AZURE_CONFIG_DIR" >> {tmp_path}/log\necho "run az login" >&2\nexit 1\n')
    cli.chmod(0o755)
    told = {"PATH": f"{cli.parent}:/usr/bin:/bin", "AZURE_CONFIG_DIR": f"{tmp_path}/config"}
    run = play(vault, tmp_path, {INFO: {"name": "vm1", "auth_source": "cli"}, "environment": told})
    assert run.status == 2
    assert "No credential was found" in run.output
    assert (tmp_path / "log").read_text().splitlines() == [f"{tmp_path}/config"]


@pytest.mark.parametrize("where", [{}, {**LOCALLY, "async": 60, "poll": 1}], ids=["action", "module"])
@pytest.mark.parametrize("good", [True, False], ids=["success", "failure"])
def test_a_secret_is_in_no_output(vault: PlaybookRunner, tmp_path: Path, where: Mapping[str, Any], good: bool) -> None:
    connection = vault.simulator.connection
    options = {"name": "vm1", "client_id": connection["client_id"], "secret": "{{ hidden }}"}
    secret = connection["client_secret"] if good else CANARY
    show = {"ansible.builtin.debug": {"var": "result"}}
    task = {INFO: options, "register": "result", "ignore_errors": True, **where}
    run = play(vault, tmp_path, task, show, verbosity="-vvvv", hidden=secret)
    assert run.status == 0, run.output
    assert ("AADSTS7000215" in run.output) is not good
    assert secret not in run.output


def test_a_secret_that_turns_up_in_a_message_is_hidden(vault: PlaybookRunner, tmp_path: Path) -> None:
    run = play(vault, tmp_path, {INFO: {"name": CANARY, "secret": "{{ hidden }}"}}, hidden=CANARY)
    assert run.status == 2
    assert CANARY not in run.output
    shown = play(vault, tmp_path, {INFO: {"name": CANARY}})
    assert CANARY in shown.output


@pytest.mark.parametrize("where", [{}, {**LOCALLY, "async": 60, "poll": 1}], ids=["action", "module"])
def test_a_secret_of_the_environment_that_turns_up_in_a_message_is_hidden(
    vault: PlaybookRunner, tmp_path: Path, where: Mapping[str, Any]
) -> None:
    secret = vault.simulator.connection["client_secret"]
    show = {"ansible.builtin.debug": {"msg": "it said {{ result.msg }}"}}
    run = play(vault, tmp_path, {INFO: {"name": secret}, "register": "result", "ignore_errors": True, **where}, show)
    said = run.output.rpartition("it said ")[2]
    assert "has no replicated item" in said
    assert secret not in said


def test_a_secret_inside_of_an_option_is_hidden_too(vault: PlaybookRunner, tmp_path: Path) -> None:
    probe = {"name": CANARY, "type": "http", "port": 0}
    task = "asr.failback.failback_validate"
    shown = play(vault, tmp_path, {task: {"replicated_item": "vm1", "probes": [probe]}})
    assert f"Probe '{CANARY}': port must be from 1" in shown.output
    secret = {**probe, "name": "{{ hidden }}", "user": "probe", "password": "{{ hidden }}"}
    run = play(vault, tmp_path, {task: {"replicated_item": "vm1", "probes": [secret]}}, hidden=CANARY)
    assert "port must be from 1" in run.output
    assert CANARY not in run.output.split("TASK [", 1)[1]


def test_a_task_that_is_not_to_be_logged_says_nothing_on_the_screen(vault: PlaybookRunner, tmp_path: Path) -> None:
    # Its progress tells the name of the VM and of the job.
    task = {"asr.failback.planned_failover": {"replicated_item": "vm1", "poll_interval": 0.2}, "no_log": True}
    run = play(vault, tmp_path, {"name": "Quietly", **task}, verbosity="-v")
    assert run.status == 0, run.output
    assert vault.writes() == ["plannedFailover"]
    assert "\n[vm1] " not in run.output

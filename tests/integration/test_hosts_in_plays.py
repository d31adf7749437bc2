# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hyper-V hosts of an inventory, as Ansible's plays ask them: which host, as whom, and what is shown of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.playbook_runner import HERE, PlaybookRunner, Played
from support.scenarios import item_of, scenario_of

INFO = "asr.failback.hyperv_host_info"
NAME = "hv01.contoso.example"
SITE = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": NAME}]}
FOUND = {"name": "See what was found", "ansible.builtin.debug": {"msg": "found {{ result.msg }}"}}


@pytest.fixture
def site(stage: Callable[[Any], PlaybookRunner]) -> PlaybookRunner:
    """A site with one host."""
    return stage(scenario_of(item_of("web01", host=NAME), fabrics=[SITE]))


def variables(site: PlaybookRunner, **others: Any) -> dict[str, Any]:
    """Those of an inventory host that stands for the host; its password is a template, as of a vault."""
    winrm = site.simulator.connection["winrm"]
    (host,) = winrm["hosts"]
    return {
        "ansible_connection": "winrm",
        "ansible_host": host["address"],
        "ansible_port": host["port"],
        "ansible_user": winrm["username"],
        "ansible_password": "{{ hidden }}",
        "ansible_winrm_transport": "basic",
        "ansible_winrm_ca_trust_path": winrm["ca_bundle"],
        **others,
    }


def play(
    site: PlaybookRunner, folder: Path, hosts: dict[str, Any], on: str, *tasks: dict[str, Any], **more: Any
) -> Played:
    playbook = folder / "tasks.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": on, "gather_facts": False, "tasks": list(tasks)}]))
    password = site.simulator.connection["winrm"]["password"]
    return site.play(str(playbook), hosts, "-vvvv", **{"hidden": password, **more})


def task(**options: Any) -> dict[str, Any]:
    return {"name": "Ask", INFO: options, "register": "result"}


@pytest.mark.parametrize("name", [NAME, "hv01", "HV01"])
def test_the_host_of_the_play_is_asked_and_its_password_shown_nowhere(
    site: PlaybookRunner, tmp_path: Path, name: str
) -> None:
    run = play(site, tmp_path, {name: variables(site)}, name, task(), FOUND)
    assert run.status == 0, run.output
    assert f"found {name}: Microsoft Windows Server" in run.output
    assert site.simulator.connection["winrm"]["password"] not in run.output


def test_another_host_of_the_inventory_is_asked_as_its_own_user(site: PlaybookRunner, tmp_path: Path) -> None:
    hosts = {"hv01": variables(site), "localhost": {**HERE, "ansible_user": "root", "ansible_port": 22}}
    run = play(site, tmp_path, hosts, "localhost", task(host=NAME), FOUND)
    assert run.status == 0, run.output
    assert f"found {NAME}: " in run.output


def test_a_host_that_no_inventory_has_is_asked_by_address_as_an_ordinary_module(
    site: PlaybookRunner, tmp_path: Path
) -> None:
    winrm = site.simulator.connection["winrm"]
    options = {
        "host": f"127.0.0.1:{winrm['hosts'][0]['port']}",
        "winrm_user": winrm["username"],
        "winrm_password": "{{ hidden }}",
        "winrm_ca_trust_path": winrm["ca_bundle"],
        "winrm_transport": ["ntlm"],
    }
    there = {**task(**options), "async": 60, "poll": 1}
    run = play(site, tmp_path, {"localhost": HERE}, "localhost", there, FOUND)
    assert run.status == 0, run.output
    assert "found 127.0.0.1:" in run.output
    assert winrm["password"] not in run.output


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"ansible_password": "Canary-7281"}, "refused CONTOSO"),
        ({"ansible_password": ""}, "needs a user and a password"),
        ({"ansible_password": "{{ nothing_of_that_name }}"}, "nothing_of_that_name"),
        ({"ansible_winrm_scheme": "http"}, "in clear text"),
    ],
)
def test_what_is_wrong_with_the_inventory_is_said(
    site: PlaybookRunner, tmp_path: Path, others: dict[str, Any], words: str
) -> None:
    run = play(site, tmp_path, {"hv01": variables(site, **others)}, "hv01", task())
    assert run.status == 2
    assert words in run.output
    assert "Canary-7281" not in run.output
    assert "Traceback" not in run.output


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Canary-7281{{ nothing_of_that_name }}", "nothing_of_that_name is not set"),
        ("{{ 'Canary-7281' | no_filter_of_that_name }}", "Ansible"),
        ("{{ lookup('ansible.builtin.file', 'Canary-7281') }}", "Ansible"),
    ],
)
def test_a_variable_that_cannot_be_told_is_named_without_what_it_is_made_of(
    site: PlaybookRunner, tmp_path: Path, password: str, reason: str
) -> None:
    hosts = {"hv01": variables(site, ansible_password=password), "localhost": HERE}
    run = play(site, tmp_path, hosts, "localhost", task(host=NAME))
    assert run.status == 2
    words = f"The variable ansible_password of the inventory host hv01 cannot be determined: {reason}"
    assert words in " ".join(run.output.split())
    assert "Canary-7281" not in run.output
    assert "Traceback" not in run.output


def test_an_ordinary_module_knows_no_inventory_and_says_so(site: PlaybookRunner, tmp_path: Path) -> None:
    there = {**task(), "async": 60, "poll": 1}
    run = play(site, tmp_path, {"localhost": HERE, "hv01": variables(site)}, "localhost", there)
    assert run.status == 2
    assert "host is not given" in run.output

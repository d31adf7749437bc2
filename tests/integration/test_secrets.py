# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets appear nowhere: not at -vvvv, not in what a run leaves, not among the arguments of a program.

What Ansible itself does with a secret is not looked at here, and stands in docs/authentication.md instead: it shows the
C(environment) of a task that runs as a module of its own (async, or delegated to a connection that is not local) among
the arguments of a shell, and a module that is killed leaves its options in the folder for temporary files.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from support.leaks import Hunt, watched
from support.module_contracts import CONTRACTS
from support.playbook_runner import HERE, PASS, PlaybookRunner, Played
from support.scenarios import item_of, scenario_of
from support.web import Answer, Web

from asr_simulator.server import Simulator

SPEED = 1200
SECONDS = 60
# Of every character that is written in another way somewhere.
HARD = """é"'&+=%/\\~"""
CLIENT, HOST = f"Canary-client {HARD}", "Canary-host \u00e9\"'&+=%/\\~"
VAULTED = f"Canary-vault {HARD}"


def secret_options(spec: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The options of a spec whose values must not be shown, each by its way in."""
    for name, option in spec.items():
        if option.get("no_log"):
            yield (*path, name)
        yield from secret_options(option.get("options", {}), (*path, name))


# Of every module that signs in to something.
OPTIONS = {
    name: tuple(secret_options(contract.argument_spec))
    for name, contract in CONTRACTS.items()
    if contract.asks_azure or contract.asks_hosts
}
CANARIES = {
    f"{module} {'.'.join(path)}": f"Canary-{module}-{'-'.join(path)} {HARD}"
    for module, paths in OPTIONS.items()
    for path in paths
}


class Scene:
    """A vault, a home and a folder for temporary files of its own, and all that a run may leave there."""

    def __init__(self, simulator: Simulator, folder: Path, temporary: Path, **secrets: str) -> None:
        self.folder, self.temporary = folder, temporary
        self.planted = folder / "planted"
        self.hunt = Hunt({"client": CLIENT, "host": HOST, **secrets})
        self.stage = PlaybookRunner(simulator, self.planted).knows_hosts()
        self.simulator = simulator

    def play(self, playbook: str, hosts: Mapping[str, Any], *arguments: str, **variables: Any) -> Played:
        """Run a playbook at -vvvv, and find no secret anywhere."""
        with watched(self.hunt) as programs:
            run = self.stage.play(playbook, hosts, "-vvvv", *arguments, **variables)
        assert programs.seen, "no program was seen"
        assert programs.told == set()
        self.strangers = programs.surrounded
        assert self.hunt.found_in(run.output) == []
        self.search()
        return run

    def search(self) -> None:
        """Find no secret in what was left."""
        # What was put there to be used: inventory, playbooks, credentials, and how to reach the simulator.
        used = [path for path in self.planted.iterdir() if path.name not in ("report.json", "async")]
        left = self.hunt.found_below([self.folder, self.temporary], but=[*used, self.folder / "simulator"])
        assert left == []
        assert self.hunt.found_in(json.dumps(self.simulator.journal.entries(), ensure_ascii=False)) == []
        assert self.hunt.found_in(json.dumps(self.simulator.state(), ensure_ascii=False)) == []

    def tasks(self, *tasks: Mapping[str, Any], hosts: str = "localhost", **more: Any) -> str:
        """Write a playbook of these tasks, which show what they return."""
        options = {"resource_group": "{{ failback_resource_group }}", "vault_name": "{{ failback_vault_name }}"}
        play = {
            "hosts": hosts,
            "gather_facts": False,
            "module_defaults": {"group/asr.failback.failback": options},
            "tasks": [
                part
                for task in tasks
                for part in (
                    {**task, "register": "result", "ignore_errors": True},
                    {"ansible.builtin.debug": {"var": "result"}},
                )
            ],
        }
        path = self.planted / "tasks.yml"
        path.write_text(yaml.safe_dump([{**play, **more}]))
        return str(path)


@pytest.fixture
def scene(tmp_path: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A vault with a VM, whose secrets are canaries, and Ansible told to write everything that it can."""
    for name in ("home", "planted"):
        (tmp_path / name).mkdir()
    settings = {
        "HOME": "home",
        "TMPDIR": str(short_path),
        "ANSIBLE_HOME": "home/.ansible",
        "ANSIBLE_REMOTE_TEMP": "home/.ansible/tmp",
        "ANSIBLE_LOG_PATH": "ansible.log",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": "facts",
        "JUNIT_OUTPUT_DIR": "junit",
        "ANSIBLE_CALLBACK_TREE_DIR": "tree",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": "retry",
    }
    for name, place in settings.items():
        monkeypatch.setenv(name, str(tmp_path / place))
    switches = {
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit,ansible.builtin.tree",
        "ANSIBLE_RETRY_FILES_ENABLED": "1",
        "ANSIBLE_KEEP_REMOTE_FILES": "0",
        "ANSIBLE_DIFF_ALWAYS": "1",
        "PYTHONUTF8": "1",
    }
    for name, value in switches.items():
        monkeypatch.setenv(name, value)
    vault = scenario_of(
        item_of("vm1"),
        principals=[{"name": "caller", "client_secret": CLIENT, "roles": ["Site Recovery Contributor", "Reader"]}],
        hyperv={"username": "CONTOSO\\failback", "password": HOST},
    )
    traffic = tmp_path / "traffic.jsonl"
    with Simulator.start(vault, tmp_path / "simulator", speed=SPEED, traffic=traffic) as simulator:
        yield Scene(simulator, tmp_path, short_path)


def test_the_hunt_finds_what_is_there(tmp_path: Path) -> None:
    hunt = Hunt({"one": CLIENT})
    (tmp_path / "plain").write_text(f"says {CLIENT}!")
    (tmp_path / "json").write_text(json.dumps({"secret": CLIENT}))
    (tmp_path / "clean").write_text("Canary")
    assert [line.rpartition("/")[2] for line in hunt.found_below([tmp_path])] == ["json: one", "plain: one"]
    assert hunt.found_below([tmp_path], but=[tmp_path]) == []
    for before in ("", "a", "ab", "abc"):
        for after in ("", "z", "zy"):
            coded = subprocess.run(["base64", "-w0"], input=f"{before}{CLIENT}{after}".encode(), stdout=-1, check=True)
            assert hunt.found_in(coded.stdout) == ["one"]
    assert hunt.found_in("Bearer eyJhbGciOiJSUzI1.eyJhdWQiOiJodHRw.c2lnbmF0dXJl") == ["token"]


def test_the_watch_sees_arguments_and_environment() -> None:
    hunt = Hunt({"one": CLIENT, "two": VAULTED})
    around = {**os.environ, "ANY_NAME": VAULTED}
    with watched(hunt) as programs, subprocess.Popen(["cat", "-", CLIENT], stdin=subprocess.PIPE, env=around):
        ends = time.monotonic() + SECONDS
        # What other tests have started may have their environment.
        while f"cat - {CLIENT}" not in programs.surrounded and time.monotonic() < ends:
            os.sched_yield()
    assert f"cat - {CLIENT}" in programs.told & programs.surrounded


def test_a_whole_failback_and_its_check(scene: Scene) -> None:
    tasks = scene.stage.task_file("validate.yml", PASS)
    for arguments in (["--check"], []):
        run = scene.play("failback", {"vm1": {}}, "--diff", *arguments, failback_validation_tasks=tasks)
        assert run.status == 0, run.output
    assert scene.stage.stages() == {"vm1": "protected"}
    assert len(scene.stage.sessions()) > 0
    # The environment with the secret of Azure: that of ansible-playbook, whose processes sign in, and of the modules of
    # Ansible's own that it starts on this machine, such as for the report; it hands all that it has down to them.
    # Python asks uname for the name that azure-core gives itself.
    assert [line for line in scene.strangers if "ansible" not in line and line != "uname -p"] == []


def test_the_credential_that_a_role_is_given(scene: Scene) -> None:
    connection = scene.simulator.connection
    scene.stage.environment = {"AZURE_TENANT": "", "AZURE_CLIENT_ID": "", "AZURE_SECRET": "", "HOME": str(scene.folder)}
    tasks = scene.stage.task_file("validate.yml", PASS)
    azure = {"tenant": connection["tenant_id"], "client_id": connection["client_id"], "secret": CLIENT}
    looks = {"name": "Look at it from a hook", "asr.failback.replicated_item_info": {"name": "vm1"}}
    given = {
        "failback_validation_tasks": tasks,
        "failback_hooks": {"after_commit": scene.stage.task_file("a.yml", looks)},
    }
    for playbook, stage in (("fleet", "failed_back"), ("failback", "protected")):
        run = scene.play(
            playbook, {"vm1": {}}, failback_azure=azure, failback_reverse_replicate=stage == "protected", **given
        )
        assert run.status == 0, run.output
        assert scene.stage.stages() == {"vm1": stage}
    for wrong, said in (
        ({"secret": [CLIENT]}, "AADSTS7000215"),
        ({"secrets": CLIENT}, "failback_azure.secrets. Supported parameters include"),
    ):
        run = scene.play("failback", {"vm1": {}}, failback_azure={**azure, **wrong})
        assert run.status != 0
        assert said in run.output, [one["reason"] for one in run.results.values()]


def at(path: tuple[str, ...], value: str) -> dict[str, Any]:
    """An option with a value at a place; entries of lists have what they cannot do without."""
    name, *rest = path
    inner = {"name": "web", "type": "http", "url": "http://127.0.0.1:9/", "user": "probe"}
    return {name: [{**inner, **at(tuple(rest), value)}] if rest else value}


def task_of(module: str) -> dict[str, Any]:
    """A task with a canary in each option that must not be shown, and whatever else the module needs."""
    contract = CONTRACTS[module]
    known = {"replicated_item": "vm1", "wait": False, "timeout": 2, "winrm_user": "CONTOSO\\failback", "host": "hv01"}
    options = {name: value for name, value in known.items() if name in contract.argument_spec}
    options |= {name: "vm1" for name, spec in contract.options.items() if spec.get("required")}
    for path in OPTIONS[module]:
        options |= at(path, "{{ canaries['" + f"{module} {'.'.join(path)}" + "'] }}")
    return {f"asr.failback.{module}": options}


def test_every_option_of_every_module_that_must_not_be_shown(scene: Scene) -> None:
    assert all(paths for paths in OPTIONS.values())
    scene.hunt = Hunt({**scene.hunt.secrets, **CANARIES})
    run = scene.play(scene.tasks(*map(task_of, OPTIONS)), {"localhost": HERE}, canaries=CANARIES)
    assert run.status == 0, run.output
    assert "Traceback" not in run.output
    assert "AADSTS7000215" in run.output


def test_the_same_as_modules_of_their_own(scene: Scene) -> None:
    scene.hunt = Hunt({**scene.hunt.secrets, **CANARIES})
    tasks = [{**task_of(module), "async": 100, "poll": 1} for module in ("job_info", "failback_validate")]
    run = scene.play(scene.tasks(*tasks), {"localhost": HERE}, canaries=CANARIES)
    assert run.status == 0, run.output
    assert "ansible_job_id" in run.output
    assert "AADSTS7000215" in run.output


def test_secrets_from_elsewhere(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A section of ~/.azure/credentials, a private key, a variable that ansible-vault holds, a federated token."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    canaries = {
        "file": f"Canary-file {HARD}",
        "vaulted": VAULTED,
        "federated": "Canary-federated-4711",
        "key": pem.splitlines()[5],
    }
    scene.hunt = Hunt({**scene.hunt.secrets, **canaries})
    azure = scene.planted / "home" / ".azure"
    azure.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(azure.parent))
    who = {"tenant": scene.simulator.connection["tenant_id"], "client_id": scene.simulator.connection["client_id"]}
    section = "\n".join(f"{name}={value}" for name, value in {**who, "secret": canaries["file"]}.items())
    (azure / "credentials").write_text(f"[other]\n{section}\n")
    (scene.planted / "key.pem").write_text(pem)
    (scene.planted / "token").write_text(canaries["federated"])
    (scene.planted / "pass").write_text("of the vault")
    vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(b"of the vault"))])
    encrypted = vault.encrypt(yaml.safe_dump({"vaulted": VAULTED})).decode()
    (scene.planted / "vaulted.yml").write_text(encrypted)
    info = "asr.failback.job_info"
    federated = {
        "AZURE_FEDERATED_TOKEN_FILE": str(scene.planted / "token"),
        "AZURE_SECRET": "",
        "AZURE_CLIENT_SECRET": "",
    }
    playbook = scene.tasks(
        {info: {"profile": "other"}},
        {info: {**who, "x509_certificate_path": str(scene.planted / "key.pem")}},
        {info: {**who, "secret": "{{ vaulted }}"}},
        {info: who, "environment": federated},
        {
            info: {},
            "environment": {"HTTPS_PROXY": "http://somebody:{{ vaulted | urlencode }}@127.0.0.1:9", "NO_PROXY": ""},
        },
        {"asr.failback.hyperv_host_info": {"host": "hv01", "winrm_password": "{{ vaulted }}"}},
        vars_files=[str(scene.planted / "vaulted.yml")],
    )
    run = scene.play(playbook, {"localhost": HERE}, "--vault-password-file", str(scene.planted / "pass"))
    assert run.status == 0, run.output
    assert "AADSTS7000215" in run.output
    assert "Traceback" not in run.output


def test_a_probe_of_a_page_that_says_the_password(scene: Scene) -> None:
    scene.hunt = Hunt({**scene.hunt.secrets, "probe": VAULTED})
    for name, stage in (("asr.failback.planned_failover", "waiting"), ("asr.failback.complete_failover", "done")):
        run = scene.play(scene.tasks({name: {"replicated_item": "vm1", "poll_interval": 0.2}}), {"localhost": HERE})
        assert run.status == 0, (stage, run.output)
    with Web(None, [Answer(body=f"you are {VAULTED}")]) as web:
        probe = {
            "name": "web",
            "type": "http",
            "url": web.url,
            "user": "me",
            "password": "{{ hidden }}",
            "contains": "x-x",
        }
        task = {"asr.failback.failback_validate": {"replicated_item": "vm1", "timeout": 2, "probes": [probe]}}
        run = scene.play(scene.tasks(task), {"localhost": HERE}, hidden=VAULTED)
    assert web.asked
    assert "is not in the answer" in run.output


def test_a_run_that_is_killed_in_the_middle_leaves_none(scene: Scene) -> None:
    tasks = scene.stage.task_file("validate.yml", PASS)
    command, environment = scene.stage.prepared("failback", {"vm1": {}}, "-vvvv", failback_validation_tasks=tasks)
    with (scene.folder / "output").open("w") as output:
        run = subprocess.Popen(
            command, env=environment, cwd=scene.planted, stdout=output, stderr=output, start_new_session=True
        )
        ends = time.monotonic() + SECONDS
        while not scene.stage.writes() and run.poll() is None and time.monotonic() < ends:
            scene.simulator.journal.entries()
        os.killpg(run.pid, signal.SIGKILL)
        run.wait(timeout=SECONDS)
    assert scene.stage.writes()
    scene.search()

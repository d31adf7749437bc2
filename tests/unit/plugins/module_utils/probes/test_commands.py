# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probes that run a command: what goes to the SSH client, and how an end is judged."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.programs_run import RUNNERS

from ansible_collections.asr.failback.plugins.module_utils.hyperv.lockout_guard import Refusals
from ansible_collections.asr.failback.plugins.module_utils.model.programs import Ended
from ansible_collections.asr.failback.plugins.module_utils.probes.commands import judge_command
from ansible_collections.asr.failback.plugins.module_utils.probes.ssh import SshProbe
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

SECONDS = 30.0
# Takes down what it was started with, then ends as the test says.
PROGRAM = """#!{python}
import json, os, sys, time
seen = {{"arguments": sys.argv[1:], "input": sys.stdin.read(), "environment": dict(os.environ)}}
json.dump(seen, open(os.environ["SSH_SEEN"], "w"))
if os.environ.get("SSH_HANGS"):
    time.sleep(60)
sys.stdout.write(os.environ.get("SSH_OUTPUT", ""))
sys.stderr.write(os.environ.get("SSH_ERRORS", ""))
sys.exit(int(os.environ.get("SSH_EXIT", "0")))
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a program called ssh first on the path. Returns a function that says what it was started with."""
    program, seen = tmp_path / "bin" / "ssh", tmp_path / "seen.json"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SSH_SEEN", str(seen))
    return lambda: json.loads(seen.read_text())


@pytest.fixture(params=RUNNERS)
def probe(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SshProbe]:
    """Makes probes whose client is run in the controller's own process, and in a module: `probe(command=...)`."""
    run = RUNNERS[request.param](monkeypatch)
    return lambda **options: SshProbe(name="one", **options).equipped(run, Refusals.of_one(Watch(SECONDS)))


def test_the_client_gets_every_part_as_an_argument_of_its_own(ssh: Any, probe: Any) -> None:
    one = probe(
        command="systemctl is-active 'x y'; $(touch z)",
        user="probe",
        port=2222,
        private_key="/keys/a b",
        known_hosts="/keys/100% known",
    )
    assert one.attempt("10.0.0.5", 7.9).status == "pass"
    started = ssh()
    assert started["input"] == ""
    assert started["arguments"] == [
        "-T",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        "ConnectTimeout=7",
        "-o",
        "ClearAllForwardings=yes",
        "-o",
        'UserKnownHostsFile="/keys/100%% known"',
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        'IdentityFile="/keys/a b"',
        "-p",
        "2222",
        "-l",
        "probe",
        "--",
        "10.0.0.5",
        "systemctl is-active 'x y'; $(touch z)",
    ]


def test_the_client_and_what_it_starts_are_not_told_how_to_sign_in_to_azure(
    ssh: Any, probe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_SECRET", "AZURE_CLIENT_SECRET", "AZURE_PASSWORD", "MSI_SECRET", "MY_API_TOKEN"):
        monkeypatch.setenv(name, "Canary-7281")
    probe(command="x").attempt("10.0.0.5", 5)
    told = ssh()["environment"]
    assert "Canary-7281" not in told.values()
    assert told["PATH"] == os.environ["PATH"]


def test_only_what_is_given_is_handed_on(ssh: Any, probe: Any) -> None:
    probe(command="-x").attempt("db01", SECONDS)
    arguments = ssh()["arguments"]
    assert arguments[-3:] == ["--", "db01", "-x"]
    assert not {"-p", "-l"} & set(arguments)
    assert not [one for one in arguments if one.startswith(("UserKnownHostsFile", "IdentityFile"))]


@pytest.mark.parametrize(
    ("environment", "parts", "status", "seen"),
    [
        ({"SSH_OUTPUT": "active\n"}, {}, "pass", "exit code 0: active"),
        ({"SSH_OUTPUT": "active\n"}, {"contains": "active"}, "pass", "exit code 0: active"),
        ({"SSH_OUTPUT": "inactive"}, {"contains": "running"}, "fail", "exit code 0: inactive"),
        ({"SSH_EXIT": "3", "SSH_OUTPUT": "inactive"}, {}, "fail", "exit code 3: inactive"),
        ({"SSH_EXIT": "3"}, {"exit_code": 3}, "pass", "exit code 3"),
        ({"SSH_EXIT": "255", "SSH_ERRORS": "Host key verification failed."}, {}, "fail", "not run"),
        ({"SSH_EXIT": "255", "SSH_ERRORS": ""}, {}, "fail", "not run"),
        ({"SSH_EXIT": "255"}, {"exit_code": 255}, "pass", "exit code 255"),
    ],
)
def test_the_end_is_judged(
    ssh: Any,
    probe: Any,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    parts: dict[str, Any],
    status: str,
    seen: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    outcome = probe(command="x", **parts).attempt("db01", SECONDS)
    assert (outcome.status, outcome.seen) == (status, seen)
    assert environment.get("SSH_ERRORS", "") in outcome.cause
    assert not outcome.is_final


def test_a_command_without_end_is_ended(ssh: Any, probe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_HANGS", "1")
    outcome = probe(command="x").attempt("db01", 1.0)
    assert (outcome.status, outcome.seen) == ("fail", "no end")


def test_a_machine_without_a_client_cannot_probe(probe: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = probe(command="x").attempt("db01", SECONDS)
    assert (outcome.status, outcome.is_final) == ("fail", True)
    assert "no program ssh" in outcome.cause


def test_secrets_in_an_output_are_not_shown() -> None:
    outcome = judge_command(Ended(1, "the key is hunter2", "hunter2 is wrong"), 0, "hunter2", ("hunter2",))
    assert "hunter2" not in repr(outcome)
    assert "********" in outcome.seen

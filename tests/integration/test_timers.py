# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd units and the line for cron: valid, the same command, and that command does what it is there for."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.drills import DRILL, ROOT, assert_left
from support.playbook_runner import SECONDS, PlaybookRunner
from support.scenarios import scenario_of

UNITS = ROOT / "extensions" / "systemd"
SERVICE, TIMER, CRON = (UNITS / f"failback-drill.{kind}" for kind in ("service", "timer", "cron"))
STATE = "/var/lib/failback"
# The highest exposure that systemd calls OK, in tenths.
EXPOSURE = 40

needs_analyze = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is missing: it is in the package systemd"
)


def sections(path: Path) -> dict[str, dict[str, list[str]]]:
    """A unit: the values of each key of each section, in order."""
    found: dict[str, dict[str, list[str]]] = {}
    keys: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            keys = found.setdefault(line.strip("[]"), {})
        elif line and line[0] not in "#;":
            key, _equals, value = line.partition("=")
            keys.setdefault(key, []).append(value)
    return found


@dataclass(frozen=True)
class Service:
    """What a service runs, as systemd would run it: no shell, and no environment but its own."""

    command: list[str]
    environment: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Service:
        service = sections(path)["Service"]
        (line,) = service["ExecStart"]
        (state,) = service["StateDirectory"]
        environment = dict(one.split("=", 1) for text in service["Environment"] for one in shlex.split(text))
        known = line.replace("${STATE_DIRECTORY}", f"/var/lib/{state}")
        assert "$" not in known, "systemd would replace it"
        assert not set("|;<>&`") & set(known), "there is no shell"
        return cls(shlex.split(known), environment)


def cron_command() -> tuple[list[str], list[str]]:
    """The five fields of the time, and what cron runs after what prepares it: the words of the last command."""
    (line,) = [one for one in CRON.read_text().splitlines() if one[:1].isdigit()]
    *time, _user, command = line.split(maxsplit=6)
    assert "%" not in command, "cron would end the line there"
    return time, shlex.split(command.split(" && ")[-1])


def on_this_machine(vault: PlaybookRunner, hosts: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """The service's command and environment, with the folders of the stage for those of a controller."""
    folder = vault.folder
    _unused, simulated = vault.prepared("prerequisites", hosts)
    (folder / "inventory").mkdir()
    (folder / "inventory.yml").rename(folder / "inventory" / "fleet.yml")
    service = Service.read(SERVICE)
    places = {"/opt/failback/bin": str(Path(sys.executable).parent), STATE: str(folder / "state")}

    def here(text: str) -> str:
        for theirs, ours in places.items():
            text = text.replace(theirs, ours)
        return text

    # What the file of its EnvironmentFile= has, and where the collection is.
    file = {name: value for name, value in simulated.items() if name.startswith("AZURE_")}
    file |= {name: simulated[name] for name in ("REQUESTS_CA_BUNDLE", "ANSIBLE_COLLECTIONS_PATH")}
    command = [here(word) for word in service.command]
    return command, {**{name: here(value) for name, value in service.environment.items()}, **file, "PATH": "/usr/bin"}


def run(command: list[str], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def test_the_service_leaves_a_record_and_a_report(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1"))
    command, environment = on_this_machine(vault, {"vm1": {}})
    done = run(command, environment, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_left(tmp_path / "state" / "drills", "readiness")
    assert vault.writes() == []
    assert (tmp_path / "state" / "ansible").is_dir(), "what Ansible keeps must not be in a home that nobody can read"


@needs_analyze
def test_systemd_takes_the_units_and_finds_them_confined(tmp_path: Path) -> None:
    programs = str(Path(sys.executable).parent)
    for unit in (SERVICE, TIMER):
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/failback/bin", programs))
    files = [str(tmp_path / unit.name) for unit in (SERVICE, TIMER)]
    for arguments in (["verify", *files], ["security", "--offline=yes", f"--threshold={EXPOSURE}", files[0]]):
        done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_drill_of_a_timer_only_reads() -> None:
    command = Service.read(SERVICE).command
    assert "failback_drill_level=readiness" in command
    assert command[1] == DRILL


def test_the_timer_makes_up_for_a_run_that_was_missed() -> None:
    timer = sections(TIMER)["Timer"]
    assert (timer["Persistent"], len(timer["OnCalendar"])) == (["true"], 1)
    assert sections(SERVICE)["Service"]["Type"] == ["oneshot"], "so that the timer never starts a second one"


def test_cron_runs_the_same_command_but_never_twice_at_once() -> None:
    service = Service.read(SERVICE)
    time, command = cron_command()
    assert (time, command[:3]) == (["30", "6", "*", "*", "1-5"], ["flock", "--nonblock", f"{STATE}/drill.lock"])
    assert command[3:] == service.command
    lines = CRON.read_text().splitlines()
    assert [f"{name}={value}" for name, value in service.environment.items() if f"{name}={value}" not in lines] == []


def test_no_credential_is_in_the_units() -> None:
    for path in (SERVICE, TIMER, CRON):
        assert [word for word in ("SECRET", "PASSWORD", "client_id", "secret=") if word in path.read_text()] == []
    assert sections(SERVICE)["Service"]["EnvironmentFile"] == ["/etc/failback/azure.env"]

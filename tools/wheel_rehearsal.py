# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rehearse a vault with what a release has, the simulator's wheel and the collection's archive, without this tree.

    python tools/wheel_rehearsal.py DIRECTORY

tools/release.py has built both in DIRECTORY. They are installed, with ansible-core from PyPI, in an environment of
their own in a temporary folder. There a simulated vault stands for the user's own: vault_export writes its scenario,
the simulator serves that, and one playbook brings its VMs back. Ends with 0 only if each of them is protected,
on-premises and gone from Azure.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo import Vault, wait_for

ROOT = Path(__file__).resolve().parent.parent
# The vault that stands for the user's own.
THEIRS = ROOT / "extensions" / "molecule" / "fleet" / "files" / "scenario.yml"
COLLECTION = Path("ansible_collections") / "asr" / "failback"
# Simulated seconds in a real one.
SPEED = 240
INVENTORY = """\
plugin: asr.failback.site_recovery
resource_group: "{{ lookup('ansible.builtin.env', 'ASR_RESOURCE_GROUP') }}"
vault_name: "{{ lookup('ansible.builtin.env', 'ASR_VAULT_NAME') }}"
"""
EXPORT = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - asr.failback.vault_export:
        resource_group: "{{ lookup('ansible.builtin.env', 'ASR_RESOURCE_GROUP') }}"
        vault_name: "{{ lookup('ansible.builtin.env', 'ASR_VAULT_NAME') }}"
        path: "{{ playbook_dir }}/exported.yml"
"""
# What a shell of a user has; nothing that leads to this tree.
KEPT = ("HOME", "LANG", "LC_ALL", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "SSL_CERT_FILE", "TMPDIR")


@dataclass(frozen=True)
class Place:
    """A folder with an environment of Python in it, and what is run there."""

    folder: Path

    def program(self, name: str) -> str:
        """Return the path of a program of the environment."""
        return str(self.folder / "venv" / "bin" / name)

    def environment(self) -> dict[str, str]:
        """Return the variables of a shell in which the environment is active."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {
            "LC_ALL": "C.UTF-8",
            **kept,
            "PATH": f"{self.folder / 'venv' / 'bin'}:{os.defpath}",
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_NOCOLOR": "1",
        }

    def run(self, *command: str) -> None:
        """Run a command; show what it says. Raises CalledProcessError."""
        print(f"$ {' '.join(command)}".replace(str(self.folder), "."), flush=True)
        subprocess.run(command, cwd=self.folder, env=self.environment(), check=True)

    def run_connected(self, state: Path, *command: str) -> None:
        """Run a command in a shell that has read env.sh of a simulator."""
        self.run("/bin/sh", "-c", '. "$0" && exec "$@"', str(state / "env.sh"), *command)


def main(release: Path) -> int:
    """Install, export, rehearse, judge; return the exit status."""
    (wheel,), (archive,) = release.glob("*.whl"), release.glob("asr-failback-*.tar.gz")
    with tempfile.TemporaryDirectory(prefix="asr-rehearsal-") as temporary:
        place = Place(Path(temporary))
        install(place, wheel, archive)
        with simulator(place, THEIRS, place.folder / "theirs") as state:
            export(place, state)
        with simulator(place, place.folder / "exported.yml", place.folder / "rehearsal") as state:
            rehearse(place, state)
            problems = judge(place, state)
    for problem in problems:
        print(f"NOT AS FORESEEN: {problem}")
    return 1 if problems else 0


def install(place: Place, wheel: Path, archive: Path) -> None:
    """Install both in a new environment, the way docs/rehearsal.md says it."""
    subprocess.run([sys.executable, "-m", "venv", str(place.folder / "venv")], check=True)
    pip = (place.program("pip"), "install", "--quiet", "--disable-pip-version-check")
    place.run(*pip, "ansible-core", str(wheel))
    place.run(
        place.program("ansible-galaxy"), "collection", "install", str(archive), "-p", str(place.folder / "collections")
    )
    place.run(*pip, "-r", str(place.folder / "collections" / COLLECTION / "requirements.txt"))


@contextlib.contextmanager
def simulator(place: Place, scenario: Path, state: Path) -> Iterator[Path]:
    """Serve a scenario with the program of the wheel, and stop it at the end; yield its folder of state."""
    command = [place.program("asr-simulator"), "serve", "--scenario", str(scenario), "--state-dir", str(state)]
    state.mkdir()
    with (state / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--speed", str(SPEED)], cwd=place.folder, env=place.environment(), stdout=log, stderr=log
        )
    try:
        wait_for(state / "connection.json", process)
        yield state
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


def export(place: Place, state: Path) -> None:
    """Write the vault to a scenario, as its owner would."""
    (place.folder / "export.yml").write_text(EXPORT, encoding="utf-8")
    playbook = (place.program("ansible-playbook"), "export.yml")
    place.run_connected(state, *playbook, "-i", str(state / "hyperv_hosts.yml"))


def rehearse(place: Place, state: Path) -> None:
    """Bring its VMs back with one playbook."""
    (place.folder / "vault.site_recovery.yml").write_text(INVENTORY, encoding="utf-8")
    inventories = ("-i", "vault.site_recovery.yml", "-i", str(state / "hyperv_hosts.yml"))
    extra = ("-e", "failback_poll_interval=1", "-e", f"failback_report={place.folder / 'report.json'}")
    place.run_connected(state, place.program("ansible-playbook"), "asr.failback.fleet", *inventories, *extra)


def judge(place: Place, state: Path) -> list[str]:
    """Return what is not as it should be, by the report and by what the simulator itself says of its VMs."""
    results = json.loads((place.folder / "report.json").read_text(encoding="utf-8"))["results"]
    problems = [f"{one['host']} ended as {one['outcome']}" for one in results if one["outcome"] != "protected"]
    items = Vault(state).state()["items"]
    problems += [f"{item['name']} is {item['stage']}" for item in items if item["stage"] != "protected"]
    problems += [f"{item['name']} does not run" for item in items if item["on_premises_vm"]["power"] != "running"]
    problems += [f"{item['name']} is still in Azure" for item in items if item["azure_vm"]["exists"]]
    if len(results) != len(items) or not items:
        problems.append(f"{len(results)} VMs were reported, and the vault has {len(items)}")
    print(f"wheel rehearsal: {len(items)} VMs, {len(problems)} problems")
    return problems


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))

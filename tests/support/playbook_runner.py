# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks with ansible-playbook, as its own process, against a simulator whose time runs fast."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from asr_simulator.connection import INVENTORY
from asr_simulator.server import Simulator
from support.host_control import afflict
from support.run_records import read_record
from support.warm_ansible import run_playbook

SECONDS = 120
# Where build/ holds the collection; make sets it too.
COLLECTIONS = Path(__file__).resolve().parents[2] / "build" / "collections"

# The writes of a whole failback that synchronizes first.
WHOLE = ["plannedFailover", "resume", "failoverCommit", "reProtect"]
PASS = {"name": "Look at the VM", "ansible.builtin.assert": {"that": True}, "register": "failback_proof"}
FAIL = {"name": "Look at the VM", "ansible.builtin.fail": {"msg": "the shop does not answer"}}
# How a check begins what a run would say to do next, where steps before it would have changed something.
FORETOLD = "Nothing was changed (check mode). A real run would stop here: "
# Variables of a host whose own tasks run on the controller.
HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


def hears_ctrl_c() -> None:
    """Let a process about to start hear Ctrl-C: what a shell starts in the background ignores it, and so would its
    children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Played:
    """The end of a playbook: exit status, what it printed, and each host's result from its report."""

    status: int
    output: str
    results: dict[str, Any]


class PlaybookRunner:
    """A folder with an inventory for one simulator. `variables` go to all hosts."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.simulator = simulator
        self.folder = folder
        self._report = folder / "report.json"
        self._inventories = [folder / "inventory.yml"]
        # Goes before what is set for the simulator.
        self.environment: dict[str, str] = {}
        connection = simulator.connection
        self.variables: dict[str, Any] = {
            "failback_resource_group": connection["resource_group"],
            "failback_vault_name": connection["vault_name"],
            "failback_poll_interval": 0.2,
            "failback_wait_timeout": 60,
        }

    def knows_hosts(self) -> PlaybookRunner:
        """Put the simulated Hyper-V hosts and VMM servers into the inventory of every run; return the stage."""
        self._inventories = [*self._inventories[:1], self.hyperv_inventory]
        return self

    @property
    def hyperv_inventory(self) -> Path:
        """The inventory of the simulated hosts."""
        return Path(self.simulator.connection["ca_bundle"]).parent / INVENTORY

    def reads_vault(self, **options: Any) -> PlaybookRunner:
        """Put the vault into the inventory of every run, by the inventory plugin; return the stage."""
        self._inventories = [*self._inventories, self.source("vault", **options)]
        return self

    def source(self, name: str, **options: Any) -> Path:
        """Write a source for the inventory plugin, with these options beside those that name the vault."""
        connection = self.simulator.connection
        vault = {"resource_group": connection["resource_group"], "vault_name": connection["vault_name"]}
        path = self.folder / f"{name}.site_recovery.yml"
        path.write_text(yaml.safe_dump({"plugin": "asr.failback.site_recovery", **vault, **options}, sort_keys=False))
        return path

    def list_inventory(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ansible-inventory."""
        return subprocess.run(
            ["ansible-inventory", *arguments],
            env=self._environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def trouble(self, **fault: Any) -> None:
        """Let something go wrong: a service fault of the simulator."""
        afflict(self.simulator, **fault)

    def task_file(self, name: str, *tasks: Mapping[str, Any]) -> str:
        """Write a file of tasks and return its path."""
        path = self.folder / name
        path.write_text(yaml.safe_dump([dict(task) for task in tasks]))
        return str(path)

    def play(self, playbook: str, hosts: Mapping[str, Any], *arguments: str, **variables: Any) -> Played:
        """Run a playbook of the collection, or a file."""
        command, environment = self.prepared(playbook, hosts, *arguments, **variables)
        status, output = run_playbook(command, environment, self.folder, SECONDS)
        report = self._report
        results = read_record(report)["results"] if report.exists() else []
        return Played(status, output, {result["host"]: result for result in results})

    def prepared(
        self, playbook: str, hosts: Mapping[str, Any], *arguments: str, **variables: Any
    ) -> tuple[list[str], dict[str, str]]:
        """The command that plays it and its environment, with the inventory written and no report there."""
        self._report.unlink(missing_ok=True)
        settings = {**self.variables, **variables, "failback_report": str(self._report)}
        self._inventories[0].write_text(yaml.safe_dump({"all": {"hosts": dict(hosts), "vars": settings}}))
        name = playbook if "/" in playbook else f"asr.failback.{playbook}"
        inventories = [part for path in self._inventories for part in ("-i", str(path))]
        return ["ansible-playbook", name, *inventories, *arguments], self._environment()

    def _environment(self) -> dict[str, str]:
        connection = self.simulator.connection
        return {
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            **os.environ,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            # Ansible looks for it below the account's home, a background module writes it below $HOME.
            "ANSIBLE_ASYNC_DIR": str(self.folder / "async"),
            "AZURE_TENANT": connection["tenant_id"],
            "AZURE_CLIENT_ID": connection["client_id"],
            "AZURE_SECRET": connection["client_secret"],
            "AZURE_SUBSCRIPTION_ID": connection["subscription_id"],
            "AZURE_CLOUD_ENVIRONMENT": connection["resource_manager"],
            "AZURE_DISABLE_INSTANCE_DISCOVERY": "true",
            "REQUESTS_CA_BUNDLE": connection["ca_bundle"],
            **self.environment,
        }

    def record(self) -> dict[str, Any]:
        """The record that the last playbook has left."""
        return read_record(self._report)

    def sessions(self) -> list[str]:
        """The host of every session of WinRM so far."""
        return self.simulator.locked(lambda world: [entry["host"] for entry in world.shells.sessions(0)])

    def writes(self) -> list[str]:
        """The last path segment of every write so far."""
        return [entry["path"].rsplit("/", 1)[1] for entry in self.simulator.journal.entries(writes=True)]

    def token_requests(self) -> int:
        """How often Entra ID was asked for a token."""
        return sum(entry["path"].endswith("/token") for entry in self.simulator.journal.entries())

    def stages(self) -> dict[str, str]:
        """The simulator's truth about every item."""
        return {item["name"]: item["stage"] for item in self.simulator.state()["items"]}

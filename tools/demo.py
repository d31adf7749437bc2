# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring the simulator's fleet back from Azure, the way a user would: simulator, inventory, ansible-playbook, report.

Writes build/demo/run.json and build/demo/traffic.jsonl. Ends with 0 only where every VM ended as the scenario foresees
and a second run of the same playbook sent no write.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
import yaml
from demo_record import Report, judge, machines, summary, verdict

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "demo"
HOSTS = OUTPUT / "simulator" / "hyperv_hosts.yml"
START_SECONDS = 30
# Simulated seconds in a real one: a fleet's night of copying in a minute or two.
SPEED = 240
EXPORTED = ("ARM_", "ASR_", "AZURE_", "REQUESTS_", "SSL_")
# The VM whose host has died, and the host that takes it.
HOMELESS, NEW_HOST = "lab-archive", "hv-utr-03.contoso.example"
# Real seconds between two looks at a job; the service's own 30 would be two simulated hours.
POLL_INTERVAL = 1
INTRODUCTION = """
A simulated vault holds 24 VMs of two Hyper-V sites and one VMM server, after a failover to Azure. Their hosts are
simulated as well, and are asked over WinRM. Time there runs {speed} times faster than here. One VM cannot come home, on
purpose: its failover was never committed; it counts as failed and is reported. The host of another one has died: it
counts as failed first, then goes to another host. The inventory has 16 hosts to fail back, 14 VMs by themselves and two
recovery plans of five VMs each, and 8 Hyper-V hosts and VMM servers to ask.
Ansible signs in as {caller}, who has {roles}.
The demo runs four playbooks: the prerequisites (reads only), the failback of the whole fleet, the failback of the VM
without a host to another one, and the failback of the fleet again (nothing left to do).
All that they print is in build/demo/*.log; what follows is the progress."""


class Vault:
    """The running simulator, through its control API."""

    def __init__(self, folder: Path) -> None:
        self.connection = json.loads((folder / "connection.json").read_text())

    def _get(self, path: str) -> Any:
        url = f"{self.connection['control']}/{path}"
        answer = requests.get(url, timeout=10, verify=self.connection["ca_bundle"])
        answer.raise_for_status()
        return answer.json()

    def caller(self, name: str | None) -> Report:
        """The principal of this name; the first one where none is named."""
        known = {spec["name"]: spec for spec in self.connection["principals"]}
        if name is not None and name not in known:
            sys.exit(f"The scenario has no caller {name!r}; it has {', '.join(known)}.")
        return dict(known[name] if name else self.connection["principals"][0])

    def state(self) -> Report:
        """The vault as it stands."""
        return dict(self._get("state"))

    def last_request(self) -> int:
        """The number of the last request so far."""
        entries = self._get("journal")["value"]
        return int(entries[-1]["seq"]) if entries else 0

    def writes_since(self, number: int) -> list[str]:
        """The writes to Azure after a request, one line each; asking for a token is none."""
        entries = self._get(f"journal?writes=true&since={number}")["value"]
        return [f"{entry['method']} {entry['path']}" for entry in entries]


@contextlib.contextmanager
def running_simulator(folder: Path, traffic: Path, scenario: str) -> Iterator[Vault]:
    """Start the simulator as its own process and stop it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    traffic.unlink(missing_ok=True)
    (folder / "connection.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "asr_simulator", "serve", "--scenario", scenario, "--state-dir", str(folder)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*command, "--speed", str(SPEED), "--traffic", str(traffic)], stdout=log, stderr=log)
    try:
        wait_for(folder / "connection.json", process)
        yield Vault(folder)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the simulator is ready."""
    deadline = time.monotonic() + START_SECONDS
    while not path.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"The simulator did not start: see {path.parent / 'log'}")
        time.sleep(0.1)


def write_inventory(vault: Vault) -> Path:
    """Write an inventory: each recovery plan is a host, and each VM that belongs to none."""
    state = vault.state()
    planned = {name for plan in state["plans"] for name in plan["items"]}
    plans = {
        plan["friendly_name"]: {"failback_recovery_plan": plan["name"], "demo_vms": plan["items"]}
        for plan in state["plans"]
    }
    single: dict[str, Report] = {item["friendly_name"]: {} for item in state["items"] if item["name"] not in planned}
    single[HOMELESS]["alternate_host_target"] = NEW_HOST
    settings = {
        "failback_resource_group": vault.connection["resource_group"],
        "failback_vault_name": vault.connection["vault_name"],
        "failback_poll_interval": POLL_INTERVAL,
        "failback_wait_timeout": 600,
    }
    path = OUTPUT / "inventory.yml"
    groups = {"recovery_plans": {"hosts": plans}, "virtual_machines": {"hosts": single}}
    path.write_text(yaml.safe_dump({"all": {"children": groups, "vars": settings}}, sort_keys=False))
    return path


def run_playbook(name: str, inventory: Path, caller: Report, report: Path, *more: str) -> list[Report]:
    """Run a playbook of the collection on the inventory, as a caller, and return its report."""
    report.unlink(missing_ok=True)
    shown = ["ansible-playbook", f"asr.failback.{name}", "-i", f"{inventory.relative_to(ROOT)}"]
    shown += ["-i", f"{HOSTS.relative_to(ROOT)}", *more]
    command = [*shown, "-e", f"failback_report={report}"]
    environment = {
        **os.environ,
        **exported(OUTPUT / "simulator" / "env.sh"),
        "AZURE_CLIENT_ID": caller["client_id"],
        "AZURE_SECRET": caller["client_secret"],
        "AZURE_CLIENT_SECRET": caller["client_secret"],
        "ANSIBLE_FORKS": "30",
    }
    log = OUTPUT / f"{report.stem}.log"
    print(f"\n$ {' '.join(shown)}", flush=True)
    follow(command, environment, log)
    if not report.exists():
        sys.exit(f"The playbook wrote no report: see {log}")
    return list(json.loads(report.read_text())["results"])


def follow(command: list[str], environment: dict[str, str], log: Path) -> None:
    """Run a playbook to its end: all that it prints goes to a file, and what a person follows to the screen."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in process.stdout or ():
            output.write(line)
            show(line)
        process.wait()


def show(line: str) -> None:
    """Pass on what a person follows: the progress of the jobs, and the recap."""
    if line.startswith(("[", "PLAY")) or " : ok=" in line:
        print(f"  {line.rstrip()}", flush=True)


def exported(script: Path) -> dict[str, str]:
    """Return what env.sh exports, as a shell would see it."""
    shown = subprocess.run(
        ["/bin/sh", "-c", '. "$1" && env -0', "sh", str(script)], capture_output=True, text=True, check=True
    )
    pairs = (entry.partition("=") for entry in shown.stdout.split("\0") if "=" in entry)
    return {name: value for name, _equals, value in pairs if name.startswith(EXPORTED)}


def main() -> int:
    """Run the demo; 0 when everything ended as foreseen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--caller", metavar="NAME", help="who signs in, of the scenario's principals")
    parser.add_argument("--scenario", default="fleet", help="which scenario of the simulator (default: %(default)s)")
    wanted = parser.parse_args()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with running_simulator(OUTPUT / "simulator", OUTPUT / "traffic.jsonl", wanted.scenario) as vault:
        caller = vault.caller(wanted.caller)
        print(INTRODUCTION.format(speed=SPEED, caller=caller["name"], roles=" and ".join(caller["roles"])))
        inventory = write_inventory(vault)
        run_playbook("prerequisites", inventory, caller, OUTPUT / "prerequisites.json")
        written_by_check = vault.writes_since(0)
        records = machines(run_playbook("failback", inventory, caller, OUTPUT / "first.json"))
        chosen = ("-e", f"failback_hosts={HOMELESS}")
        moved = run_playbook("alternate_host", inventory, caller, OUTPUT / "moved.json", *chosen)
        records |= machines(moved)
        before_second = vault.last_request()
        run_playbook("failback", inventory, caller, OUTPUT / "second.json")
        written_again = vault.writes_since(before_second)
        state = vault.state()
        problems = judge(records, state)
    run = {"virtual_machines": records, "problems": problems, "writes_of_second_run": written_again}
    (OUTPUT / "run.json").write_text(json.dumps(run, indent=2) + "\n")
    summary(records, state["expect"])
    seconds = time.monotonic() - began
    print(f"\n{verdict(records, written_again)} All four took {seconds:.0f} seconds. Record: build/demo/run.json")
    problems += [f"the prerequisites playbook wrote: {line}" for line in written_by_check]
    problems += [f"the second run wrote: {line}" for line in written_again]
    for problem in problems:
        print(f"NOT AS FORESEEN: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

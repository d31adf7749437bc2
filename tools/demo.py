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

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "demo"
VALIDATION = ROOT / "tools" / "demo" / "validate.yml"
START_SECONDS = 30
# Simulated seconds in a real one: a fleet's night of copying in a minute or two.
SPEED = 240
# Real seconds between two looks at a job; the service's own 30 would be two simulated hours.
POLL_INTERVAL = 1
Report = dict[str, Any]


class Vault:
    """The running simulator, through its control API."""

    def __init__(self, folder: Path) -> None:
        self.connection = json.loads((folder / "connection.json").read_text())

    def _get(self, path: str) -> Any:
        url = f"{self.connection['control']}/{path}"
        answer = requests.get(url, timeout=10, verify=self.connection["ca_bundle"])
        answer.raise_for_status()
        return answer.json()

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
def running_simulator(folder: Path, traffic: Path) -> Iterator[Vault]:
    """Start the simulator as its own process and stop it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    traffic.unlink(missing_ok=True)
    (folder / "connection.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "asr_simulator", "serve", "--scenario", "fleet", "--state-dir", str(folder)]
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
        plan["friendly_name"]: {"failback_recovery_plan": plan["name"], "demo_vms": plan["items"]} for plan in state["plans"]
    }
    single = {item["friendly_name"]: None for item in state["items"] if item["name"] not in planned}
    settings = {
        "failback_resource_group": vault.connection["resource_group"],
        "failback_vault_name": vault.connection["vault_name"],
        "failback_poll_interval": POLL_INTERVAL,
        "failback_wait_timeout": 600,
        "failback_validation_tasks": str(VALIDATION),
    }
    path = OUTPUT / "inventory.yml"
    groups = {"recovery_plans": {"hosts": plans}, "virtual_machines": {"hosts": single}}
    path.write_text(yaml.safe_dump({"all": {"children": groups, "vars": settings}}, sort_keys=False))
    return path


def run_playbook(name: str, inventory: Path, report: Path) -> list[Report]:
    """Run a playbook of the collection on the inventory and return its report."""
    report.unlink(missing_ok=True)
    shell = f". {OUTPUT / 'simulator' / 'env.sh'}"
    command = ["ansible-playbook", f"asr.failback.{name}", "-i", str(inventory), "-e", f"failback_report={report}"]
    environment = {**os.environ, **exported(OUTPUT / "simulator" / "env.sh"), "ANSIBLE_FORKS": "30"}
    log = OUTPUT / f"{report.stem}.log"
    print(f"\n$ {shell}; {' '.join(command[:5])}", flush=True)
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in process.stdout or ():
            output.write(line)
            show(line)
        process.wait()
    if not report.exists():
        sys.exit(f"The playbook wrote no report: see {log}")
    return list(json.loads(report.read_text())["results"])


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
    return {name: value for name, _equals, value in pairs if name.startswith(("AZURE_", "ARM_", "ASR_", "SSL_", "REQUESTS_"))}


def machines(results: list[Report]) -> dict[str, Report]:
    """Return the record of each VM from a report, those of recovery plans apart: stages, times, job ids, the last stage."""
    return {name: record for result in results for name, record in _machines_of(result)}


def _machines_of(result: Report) -> Iterator[tuple[str, Report]]:
    members = [member["friendly_name"] for step in result["steps"] for member in step.get("members", [])]
    names = list(dict.fromkeys(members)) or [result["target"]]
    for name in names:
        steps = [_step_of(step, name) for step in result["steps"]]
        yield name, {
            "outcome": result["outcome"],
            "reason": result["reason"],
            "stage": steps[-1]["stage"]["after"] if steps else result["stage"],
            "authoritative_side": steps[-1]["authoritative_side"] if steps else result["authoritative_side"],
            "host": result["host"],
            "steps": steps,
        }


def _step_of(step: Report, name: str) -> Report:
    own = next((member for member in step.get("members", []) if member["friendly_name"] == name), step)
    job = own.get("job") or {}
    return {
        "step": step["step"],
        "stage": own["stage"],
        "authoritative_side": own["authoritative_side"],
        "changed": step["changed"],
        "job_id": job.get("name"),
        "started": job.get("started"),
        "ended": job.get("ended"),
        "data_sync": (step.get("data_sync") or {}).get("option"),
    }


def judge(records: dict[str, Report], vault: Vault) -> list[str]:
    """Return where a VM did not end as the scenario foresees, by the vault's own state as well as by the report."""
    state = vault.state()
    problems = []
    for item in state["items"]:
        name, foreseen = item["friendly_name"], state["expect"].get(item["name"], {"outcome": "protected"})
        record = records.get(name)
        if record is None:
            problems.append(f"{name}: not in the report")
        elif foreseen["outcome"] == "reported":
            if record["outcome"] != "failed" or not record["reason"]:
                problems.append(f"{name}: should be reported ({foreseen['reason']}), is {record['outcome']}")
        elif item["stage"] != "protected" or record["stage"] != "protected":
            problems.append(f"{name}: should be protected, the vault says {item['stage']}, the report {record['stage']}")
    return problems


def summary(records: dict[str, Report]) -> None:
    """Print each VM in a line."""
    print(f"\n{'VM':<18}{'ended as':<26}{'data synchronised':<20}{'truth':<13}jobs")
    for name, record in sorted(records.items()):
        sync = next((step["data_sync"] for step in record["steps"] if step["data_sync"]), "") or ""
        jobs = len({step["job_id"] for step in record["steps"] if step["job_id"]})
        print(f"{name:<18}{record['stage']:<26}{sync:<20}{record['authoritative_side'] or '':<13}{jobs}")
        if record["reason"]:
            print(f"{'':<18}{record['reason']}")


def main() -> int:
    """Run the demo; 0 when everything ended as foreseen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with running_simulator(OUTPUT / "simulator", OUTPUT / "traffic.jsonl") as vault:
        inventory = write_inventory(vault)
        run_playbook("prerequisites", inventory, OUTPUT / "prerequisites.json")
        written_by_check = vault.writes_since(0)
        records = machines(run_playbook("failback", inventory, OUTPUT / "first.json"))
        before_second = vault.last_request()
        run_playbook("failback", inventory, OUTPUT / "second.json")
        written_again = vault.writes_since(before_second)
        problems = judge(records, vault)
    run = {"virtual_machines": records, "problems": problems, "writes_of_second_run": written_again}
    (OUTPUT / "run.json").write_text(json.dumps(run, indent=2) + "\n")
    summary(records)
    print(f"\nThe second run sent {len(written_again)} writes. {time.monotonic() - began:.0f} seconds. Record: build/demo/run.json")
    problems += [f"the prerequisites playbook wrote: {line}" for line in written_by_check]
    problems += [f"the second run wrote: {line}" for line in written_again]
    for problem in problems:
        print(f"NOT AS FORESEEN: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

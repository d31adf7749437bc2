# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fleet on several controllers: each VM is brought home once, by its own slice."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml
from support.playbook_runner import PlaybookRunner
from support.scenarios import CALLER, scenario_of

SLICES = 4
VMS = [f"vm{number}" for number in range(1, 9)]
LIFECYCLE = ["plannedFailover", "resume", "failoverCommit", "reProtect"]
# The report lies among the artifacts, which come back from wherever the slice ran.
REPORT = "report.json"


def slice_of(vault: PlaybookRunner, number: int) -> Path:
    """The private data directory of a slice: every fourth VM, and a service principal of its own."""
    folder = vault.folder / f"slice{number}"
    for name in ("inventory", "project", "env"):
        (folder / name).mkdir(parents=True)
    _command, environment = vault.prepared("fleet", {})
    who = vault.simulator.connection["principals"][number]
    changed = {name: value for name, value in environment.items() if os.environ.get(name) != value}
    own = {**changed, "AZURE_CLIENT_ID": who["client_id"], "AZURE_SECRET": who["client_secret"]}
    variables = {
        **vault.variables,
        "failback_commit_policy": "now",
        "failback_report": f"../artifacts/slice{number}/{REPORT}",
    }
    hosts = {name: {} for name in VMS[number::SLICES]}
    (folder / "inventory" / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    (folder / "inventory" / "hyperv.yml").write_text(vault.hyperv_inventory.read_text())
    (folder / "env" / "envvars").write_text(yaml.safe_dump(own))
    (folder / "env" / "extravars").write_text(yaml.safe_dump(variables))
    return folder


def started(folder: Path, number: int) -> subprocess.Popen[bytes]:
    """Send a slice to a worker of its own, and what that does back into the folder."""
    worker = folder.with_name(f"worker{number}")
    ident = ("-i", f"slice{number}")
    send = ["ansible-runner", "transmit", str(folder), "-p", "asr.failback.fleet", *ident]
    work = ["ansible-runner", "worker", "--private-data-dir", str(worker)]
    take = ["ansible-runner", "process", str(folder), *ident]
    sent = subprocess.Popen(send, stdout=subprocess.PIPE)
    done = subprocess.Popen(work, stdin=sent.stdout, stdout=subprocess.PIPE)
    with (folder.parent / f"log{number}").open("wb") as log:
        return subprocess.Popen(take, stdin=done.stdout, stdout=log, stderr=log)


def test_each_vm_comes_home_once_by_its_own_slice(stage: Any) -> None:
    principals = [{**CALLER, "name": f"slice{number}"} for number in range(SLICES)]
    vault = stage(scenario_of(*VMS, principals=principals)).knows_hosts()
    folders = [slice_of(vault, number) for number in range(SLICES)]
    runs = [started(folder, number) for number, folder in enumerate(folders)]
    logs = [vault.folder / f"log{number}" for number in range(SLICES)]
    assert [run.wait(300) for run in runs] == [0] * SLICES, "\n".join(log.read_text()[-3000:] for log in logs)
    assert set(vault.stages().values()) == {"protected"}
    numbers = {who["client_id"]: number for number, who in enumerate(vault.simulator.connection["principals"])}
    jobs = {job["name"]: job["target"] for job in vault.simulator.state()["jobs"]}
    wrote: dict[str, list[tuple[int, str]]] = {name: [] for name in VMS}
    for entry in vault.simulator.journal.entries(writes=True):
        name, action = entry["path"].split("/")[-2:]
        wrote[jobs.get(name, name)].append((numbers[entry["principal"]], action))
    assert wrote == {name: [(index % SLICES, action) for action in LIFECYCLE] for index, name in enumerate(VMS)}

    # As a user has them: by paths from where they are.
    reports = [f"{folder.name}/artifacts/{folder.name}/{REPORT}" for folder in folders]
    together = vault.folder / "together.json"
    given = json.dumps({"failback_reports": reports, "failback_report": together.name})
    merged = vault.play("report", {}, "-e", given)
    assert merged.status == 0, merged.output
    results = json.loads(together.read_text())["results"]
    assert [(one["host"], one["outcome"]) for one in results] == [(name, "protected") for name in VMS]
    assert all(name in merged.output for name in VMS)
    overlapping = vault.play("report", {}, "-e", json.dumps({"failback_reports": [*reports, reports[0]]}))
    assert overlapping.status == 2
    assert "In more than one report: vm1, vm5." in overlapping.output

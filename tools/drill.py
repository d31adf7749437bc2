# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drill the demo's fleet as a schedule would: a rehearsal while it runs in Azure, then, once it is home, a canary.

Writes build/drill/run.json and build/drill/report.html (the canary), the same in build/drill/rehearsal, and
build/drill/scorecard.html. One VM of the canary fails its validation on purpose. Ends with 0 only where the record says
so: that VM failed, the others passed, and the report names it first.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from demo import exported, follow, running_simulator

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "drill"
# Of these a canary drill may move, the second one with a probe that nothing answers.
CANARY, BROKEN = ("intranet", "print01", "wiki01"), "print01"
PROBED = {
    "failback_probes": [{"name": "print-queue", "type": "tcp", "host": "127.0.0.1", "port": 1}],
    "failback_validation_timeout": 1,
}
# Applications by how the names of their VMs begin or end; the others are of no application.
APPLICATIONS = {"-finance": "finance", "vmm-erp-": "erp", "vmm-portal": "portal", "vmm-queue": "portal", "web0": "shop"}
APPLICATIONS |= {"sql-shop": "shop", "app-orders": "shop", "cache01": "shop"}
# Of the demo, the two VMs that cannot come home as they are, and the one that is there: it has nothing to rehearse.
LEFT_OUT = "all:!jump01:!lab-archive:!mon01"
INTRODUCTION = """
A simulated vault holds 24 VMs after a failover to Azure, as in the demo. Three playbooks run on it:
1. a drill at the level rehearsal: the vault is exported, and its failback runs on a second simulator that was given
   what was exported; the vault itself is only read
2. the failback of the fleet
3. a drill at the level canary: intranet, print01 and wiki01, which are marked for drills, go to Azure and back, one
   after another. On purpose, print01 is probed on a port that nothing listens on: its validation fails, so its Azure
   VM is not deleted, and the drill fails.
At the end the scorecard of these runs shows which applications were drilled."""


def main() -> int:
    """Run the drills; 0 when everything ended as foreseen."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    print(INTRODUCTION)
    with running_simulator(OUTPUT / "simulator", OUTPUT / "traffic.jsonl", "fleet") as vault:
        inventory = write_inventory(vault.connection, vault.state())
        with_broken_probe = write_inventory(vault.connection, vault.state(), "inventory_of_drill.yml", **PROBED)
        before = vault.last_request()
        rehearsed = drill("rehearsal", inventory, "-e", f"failback_hosts={LEFT_OUT}")
        written = vault.writes_since(before)
        (OUTPUT / "failback").mkdir(exist_ok=True)
        record = {"failback_hosts": LEFT_OUT, "failback_report": str(OUTPUT / "failback" / "run.json")}
        record |= {"failback_report_manifest": str(OUTPUT / "failback" / "SHA256SUMS")}
        run("fleet", inventory, OUTPUT / "fleet.log", "-e", json.dumps(record))
        drilled = drill("canary", with_broken_probe, "-e", f"failback_hosts={','.join(CANARY)}")
        page = {"failback_records": str(OUTPUT), "failback_scorecard_html": str(OUTPUT / "scorecard.html")}
        page |= {"failback_scorecard_simulated": "true"}
        run("scorecard", with_broken_probe, OUTPUT / "scorecard.log", "-e", json.dumps(page))
    problems = [*problems_of(rehearsed, "rehearsal"), *problems_of(drilled, "canary")]
    problems += [f"the rehearsal wrote to the vault: {one}" for one in written]
    print("\n" + "\n".join(problems or ["Both drills ended as foreseen."]))
    print("Records: build/drill/run.json, build/drill/rehearsal/run.json; the page: build/drill/report.html")
    print("Which applications were drilled: build/drill/scorecard.html")
    return int(bool(problems))


def write_inventory(
    connection: dict[str, Any], state: dict[str, Any], name: str = "inventory.yml", **broken: Any
) -> Path:
    """Write an inventory: each VM is a host, and of one of them C(broken) is said, too."""
    names = [item["friendly_name"] for item in state["items"]]
    hosts: dict[str, dict[str, Any]] = {name: dict(application_of(name)) for name in names}
    for vm in CANARY:
        objectives = {"rto": "PT2H", "downtime": "PT1H", "rpo": 0}
        hosts[vm] = {"failback_drill": True, "failback_application": "office", "failback_objectives": objectives}
    hosts[BROKEN] |= broken
    settings = {
        "failback_resource_group": connection["resource_group"],
        "failback_vault_name": connection["vault_name"],
        "failback_poll_interval": 1,
        "failback_wait_timeout": 900,
    }
    path = OUTPUT / name
    path.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": settings}}, sort_keys=False))
    return path


def application_of(name: str) -> Iterator[tuple[str, str]]:
    """Yield the variable that says to which application a VM belongs, if to any."""
    found = (one for part, one in APPLICATIONS.items() if name.startswith(part) or name.endswith(part))
    yield from (("failback_application", one) for one in islice(found, 1))


def drill(level: str, inventory: Path, *more: str) -> dict[str, Any]:
    """Run a drill and return its record."""
    folder = OUTPUT if level == "canary" else OUTPUT / level
    folder.mkdir(exist_ok=True)
    files = {"report": "run.json", "report_html": "report.html", "report_markdown": "report.md"}
    files |= {"report_junit": "junit.xml", "report_manifest": "SHA256SUMS"}
    variables = {f"failback_{name}": str(folder / file) for name, file in files.items()}
    # A VM that fails is not to stop the others here.
    variables |= {
        "failback_drill_change": "CHG0012345",
        "failback_drill_level": level,
        "failback_max_fail_percentage": "100",
    }
    variables |= {"failback_drill_approver": "J. Doe, owner of office", "failback_drill_next": "2027-03-01"}
    for file in files.values():
        (folder / file).unlink(missing_ok=True)
    run("drill", inventory, OUTPUT / f"{level}.log", "-e", json.dumps(variables), *more)
    return dict(json.loads((folder / "run.json").read_text()))


def run(playbook: str, inventory: Path, log: Path, *more: str) -> None:
    """Run a playbook of the collection, and show its progress."""
    hosts = OUTPUT / "simulator" / "hyperv_hosts.yml"
    command = ["ansible-playbook", f"asr.failback.{playbook}", "-i", str(inventory), "-i", str(hosts), *more]
    print(f"\n$ {' '.join(command[:2])} ...", flush=True)
    environment = {**os.environ, **exported(OUTPUT / "simulator" / "env.sh"), "ANSIBLE_FORKS": "30"}
    follow(command, environment, log)


def problems_of(record: dict[str, Any], level: str) -> list[str]:
    """Return where a drill did not end as foreseen."""
    verdicts = {result["host"]: result["verdict"]["status"] for result in record["results"]}
    failed = sorted(host for host, verdict in verdicts.items() if verdict not in ("passed", "passed_with_findings"))
    told = ", ".join(f"{host} {verdict}" for host, verdict in sorted(verdicts.items()))
    print(f"  {level}: {record['verdict']['status']} ({told})")
    foreseen = [BROKEN] if level == "canary" else []
    problems = [] if failed == foreseen else [f"{level}: {', '.join(failed) or 'nothing'} failed, not {foreseen}"]
    if level == "canary":
        page = (OUTPUT / "report.html").read_text().partition("<main>")[2]
        if record["verdict"]["status"] != "failed" or page.find(BROKEN) > min(page.find(one) for one in CANARY):
            problems.append(f"canary: the report does not name {BROKEN} first")
    return problems


if __name__ == "__main__":
    sys.exit(main())

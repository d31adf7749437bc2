# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of every module and the README's playbook run as they stand, one after the other, on one vault, in the
order of a failback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.documented import documentation
from support.module_contracts import CONTRACTS
from support.playbook_runner import HERE, PlaybookRunner, Played
from support.scenarios import STARTER, item_of, scenario_of
from support.web import Answer, Web

from asr_simulator.server import Simulator

# The order in which the examples fit together.
ORDER = (
    "hyperv_host_info",
    "hyperv_switch",
    "vault_info",
    "vault_export",
    "drill_scope",
    "rehearsal",
    "replicated_item_info",
    "recovery_plan_info",
    "failback_prereq",
    "job",
    "planned_failover",
    "job_info",
    "complete_failover",
    "failback_validate",
    "commit",
    "reverse_replicate",
    "failback",
    "fleet_result",
    "undo_failback",
    "vault_status",
    "failback_report",
    "failback_scorecard",
)
# The names that the examples use.
RESOURCE_GROUP, VAULT, PLAN, NEW_HOST = "rg-recovery", "vault-recovery", "shop", "hv04"
MEMBERS = ("db01", "shop01")
UNDONE = ("crm01", "mail01")
COPIED = ("file01", "file02")
# The VM of the README's playbook stands under another name: the one that it names is back by then.
README, README_VM, OF_README = Path(__file__).resolve().parents[2] / "README.md", "web01", "web02"
DISKS = [{"name": "os", "gb": 4, "os": True}]


def scenario() -> dict[str, Any]:
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}, {"name": f"{NEW_HOST}.contoso.example"}]}
    items = [item_of(name, disks=DISKS) for name in ("web01", OF_README, *MEMBERS, *COPIED)]
    return scenario_of(
        *items,
        item_of("app02", disks=DISKS, on_premises_vm="missing"),
        item_of("print01", "failover_commit_pending", disks=DISKS),
        item_of("files01", disks=DISKS),
        *(item_of(name, "failback_commit_pending", disks=DISKS) for name in UNDONE),
        principals=[STARTER],
        fabrics=[site],
        vault={"resource_group": RESOURCE_GROUP, "name": VAULT},
        recovery_plans=[{"name": PLAN, "groups": [[name] for name in MEMBERS]}],
    )


def examples(module: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load(documentation()[module]["examples"]))


def plays() -> list[dict[str, Any]]:
    """A play for each module, with polls in a hurry."""
    hurry = {f"asr.failback.{name}": {"poll_interval": 0.2} for name, one in CONTRACTS.items() if one.waits}
    common = {"gather_facts": False, "module_defaults": hurry}
    hurry["asr.failback.failback_validate"] = {"interval": 0.2}
    tasks = {name: examples(name) for name in ORDER}
    on_host = {name for name in ORDER if CONTRACTS[name].asks_hosts and not CONTRACTS[name].asks_azure}
    hosts = {name: "hv01" if name in on_host else "localhost" for name in ORDER}
    of_modules = [{"name": name, "hosts": hosts[name], **common, "tasks": tasks[name]} for name in ORDER]
    play = play_of_readme()
    return [*of_modules, {**play, "module_defaults": {**hurry, **play["module_defaults"]}}]


def play_of_readme() -> dict[str, Any]:
    """The README's playbook, with a web server that is there."""
    block = README.read_text(encoding="utf-8").split("```yaml\n---\n", 1)[1].split("```", 1)[0]
    (play,) = yaml.safe_load(block.replace(README_VM, OF_README).replace("https://shop.example.com", "{{ shop_url }}"))
    return dict(play)


def inventory(simulator: Simulator) -> dict[str, dict[str, Any]]:
    """The controller, and every Hyper-V host under its short name."""
    winrm = simulator.connection["winrm"]
    common = {
        "ansible_connection": "winrm",
        "ansible_user": winrm["username"],
        "ansible_password": winrm["password"],
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_ca_trust_path": winrm["ca_bundle"],
    }
    hosts = {
        host["name"].split(".", 1)[0]: {"ansible_host": host["address"], "ansible_port": host["port"], **common}
        for host in winrm["hosts"]
    }
    # The VM that is rehearsed.
    return {"localhost": HERE, "print01": HERE, **hosts}


@contextmanager
def guests_with_ssh(folder: Path) -> Iterator[None]:
    """Let every guest answer over SSH: nothing in the simulator does."""
    client = folder / "bin" / "ssh"
    client.parent.mkdir()
    client.write_text("#!/bin/sh\necho active\n")
    client.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{client.parent}{os.pathsep}{os.environ['PATH']}")
        yield


@dataclass(frozen=True)
class Run:
    """What the examples did."""

    played: Played
    stage: PlaybookRunner

    def state(self, name: str) -> dict[str, Any]:
        return next(item for item in self.stage.simulator.state()["items"] if item["name"] == name)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The examples, run once."""
    folder = tmp_path_factory.mktemp("examples")
    with Simulator.start(scenario(), folder / "simulator", speed=3000) as simulator:
        stage = PlaybookRunner(simulator, folder)
        playbook = folder / "examples.yml"
        playbook.write_text(yaml.safe_dump(plays(), sort_keys=False))
        with Web(None, [Answer(body={"status": "ok"})]) as shop, guests_with_ssh(folder):
            values = {"shop_url": shop.url, "evidence_file": str(folder / "evidence.json")}
            yield Run(stage.play(str(playbook), inventory(simulator), **values), stage)


def test_every_module_has_its_place() -> None:
    assert sorted(ORDER) == sorted(CONTRACTS)


def test_every_example_succeeds(run: Run) -> None:
    assert run.played.status == 0, run.played.output
    for module in ORDER:
        for task in examples(module):
            assert f"TASK [{task['name']}]" in run.played.output
    for task in play_of_readme()["tasks"]:
        assert f"TASK [{task['name']}]" in run.played.output


def test_the_examples_bring_the_machines_where_they_say(run: Run) -> None:
    for name in (README_VM, OF_README):
        assert (run.state(name)["stage"], run.state(name)["azure_vm"]["exists"]) == ("protected", False)
    assert run.state("print01")["stage"] == "failed_over"
    for name in UNDONE:
        assert (run.state(name)["azure_vm"]["power"], run.state(name)["on_premises_vm"]["power"]) == ("running", "off")
    assert run.state("app02")["on_premises_vm"]["host"] == f"{NEW_HOST}.contoso.example"
    assert {run.state(name)["stage"] for name in COPIED} == {"waiting_for_completion"}
    assert {run.state(name)["stage"] for name in MEMBERS} <= {"reverse_replicating", "protected"}


def test_the_examples_write_what_they_say_and_nothing_twice(run: Run) -> None:
    expected = {
        "refreshProvider": 1,
        "plannedFailover": 4 + len(COPIED),
        "resume": 3,
        "failoverCommit": 4,
        "reProtect": 2 + len(MEMBERS),
        "start": len(UNDONE),
    }
    writes = run.stage.writes()
    assert {name: writes.count(name) for name in set(writes)} == expected


def role_example(role: str, number: int = 0) -> dict[str, Any]:
    """The play of the numbered example of a role."""
    readme = Path(__file__).resolve().parents[2] / "roles" / role / "README.md"
    block = readme.read_text().split("```yaml\n")[1 + number].split("```", 1)[0]
    (play,) = yaml.safe_load(block)
    return {**play, "hosts": "all:!hyperv_hosts"}


def test_the_example_of_the_role_runs(tmp_path: Path) -> None:
    play = role_example("failback")
    with Simulator.start(scenario(), tmp_path / "simulator", speed=3000) as simulator:
        stage = PlaybookRunner(simulator, tmp_path)
        playbook = tmp_path / "site.yml"
        playbook.write_text(yaml.safe_dump([play]))
        options = play["tasks"][0]["block"][0]["vars"]
        hooks = [options["failback_validation_tasks"], *options["failback_hooks"].values()]
        for path in hooks:
            file = Path(path.replace("{{ playbook_dir }}", str(tmp_path)))
            file.parent.mkdir(exist_ok=True)
            check = {"ansible.builtin.assert": {"that": True}, "register": "failback_proof"}
            done = {"name": f"Run {file.stem}", **check}
            file.write_text(yaml.safe_dump([done]))
        played = stage.play(str(playbook), {"web01": {}})
        assert played.status == 0, played.output
        assert all(f"Run {Path(path).stem}" in played.output for path in hooks)
        assert "web01  protected  on_premises  failed_over" in played.output
        assert stage.stages()["web01"] == "protected"


def test_the_example_of_the_role_for_another_host_runs(tmp_path: Path) -> None:
    play = role_example("alternate_host", 1)
    options = play["tasks"][0]["vars"]
    new = {"name": options["alternate_host_target"], "switches": []}
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}, new]}
    lost = scenario_of(item_of("web01", disks=DISKS), fabrics=[site])
    lost["vault"] = {"resource_group": RESOURCE_GROUP, "name": VAULT}
    with Simulator.start(lost, tmp_path / "simulator", speed=3000) as simulator:
        stage = PlaybookRunner(simulator, tmp_path).knows_hosts()
        stage.trouble(host="hv01", dead=True)
        (tmp_path / "site.yml").write_text(yaml.safe_dump([play]))
        played = stage.play(str(tmp_path / "site.yml"), {"web01": {}})
        assert played.status == 0, played.output
        assert stage.stages()["web01"] == "protected"
        (item,) = simulator.state()["items"]
        assert item["on_premises_vm"]["host"] == new["name"]

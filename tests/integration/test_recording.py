# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A recording of real runs: nothing of the customer's is in it, and everything that the service said of itself is.

Every name of the scenario is a canary. What else is the customer's, the simulator's own traffic file tells.
"""

from __future__ import annotations

import ipaddress
import json
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.leaks import Hunt
from support.module_runner import ModuleRunner, accepted
from support.playbook_runner import PlaybookRunner

from ansible_collections.asr.failback.plugins.module_utils.redaction.fields import WELL_KNOWN_IDS
from asr_simulator.server import Simulator
from asr_simulator.verification import judged, read

SECRET, PERSON = "Canary-5ecret-4711", "canary.person@canary-mail.example"
CANARY = re.compile(r"canary", re.IGNORECASE)
ID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)
IP = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
SAS = f"https://canarystore.blob.core.windows.net/canary/canary.vhd?sv=2022&sig={SECRET}"


def site(name: str) -> dict[str, Any]:
    hosts = [{"name": f"canary-host{number}.canary-domain.example"} for number in (1, 2)]
    return {"name": name, "type": "HyperVSite", "hosts": hosts}


def machine(name: str, stage: str, **parts: Any) -> dict[str, Any]:
    disks = [{"name": f"{name}-canary-disk", "gb": 40, "os": True}]
    place = {} if "cloud" in parts else {"host": "canary-host1.canary-domain.example"}
    return {"name": name, "stage": stage, "in_azure_for": "2d", "disks": disks, **place, **parts}


SCENARIO = {
    "name": "canaries",
    "vault": {"resource_group": "Canary-Group", "name": "Canary-Vault", "subscription_name": "Canary Subscription"},
    "fabrics": [
        site("Canary-Site"),
        {"name": "canary-vmm.canary-domain.example", "type": "VMM", "clouds": [{"name": "Canary Cloud"}]},
    ],
    "principals": [
        {"name": "canary-operator", "roles": ["Site Recovery Contributor", "Virtual Machine Contributor", "Reader"]}
    ],
    "items": [
        machine("Canary-VM1", "failed_over", locks=["CanNotDelete"]),
        machine("canary-vm2", "failed_over", friendly_name="CANARY Finance Server"),
        machine("canary-vm3", "failed_over", cloud="Canary Cloud"),
        machine("canary-vm4", "failed_over"),
        machine("canary-vm5", "protected"),
    ],
    "recovery_plans": [
        {
            "name": "Canary-Plan",
            "groups": [["canary-vm4"]],
            "manual_actions": [{"name": "Call the canary", "group": 1, "description": "Ring 555-CANARY first."}],
        }
    ],
}
VM = "Microsoft.Compute/virtualMachines"
EDITS = (
    ("tags", {"Canary owner": PERSON, "cost": "Canary 17"}),
    ("properties.osProfile", {"computerName": "CANARY-NAME", "adminUsername": "CanaryAdmin", "customData": SECRET}),
)
FAULTS = [
    *(
        {
            "name": field,
            "match": {"method": "GET", "path": f"{VM}/[^/]+$", "times": 0},
            "action": {"do": "edit", "field": field, "to": value},
        }
        for field, value in EDITS
    ),
    {
        "name": "of a disk",
        "match": {"method": "GET", "path": "replicationProtectedItems/Canary-VM1$", "times": 0},
        "action": {
            "do": "edit",
            "field": "properties.providerSpecificDetails.azureVmDiskDetails[].targetDiskLocation",
            "to": SAS,
        },
    },
    {
        "name": "an address",
        "match": {"method": "GET", "path": "replicationProtectedItems/Canary-VM1$", "times": 0},
        "action": {
            "do": "edit",
            "field": "properties.providerSpecificDetails.vmNics[].ipConfigs[].staticIPAddress",
            "to": "10.47.11.12",
        },
    },
    {
        "name": "a refusal",
        "match": {"method": "GET", "path": "Microsoft.Authorization/locks$"},
        "action": {
            "do": "status",
            "status": 403,
            "body": {
                "error": {
                    "code": "AuthorizationFailed",
                    "message": f"The client '{PERSON}' with token={SECRET} at 10.47.11.13 has no right over "
                    rf"CANARY-VM1, CANARY\svc-canary, C:\Canary\disk.vhdx, \\canary-files\share and {SAS}.",
                    "details": [{"code": "Denied", "message": f"eyJ0{SECRET}.eyJ1.x", "accountKey": SECRET}],
                }
            },
            "headers": {"x-canary": SECRET, "Set-Cookie": f"canary={SECRET}"},
        },
    },
]
NOT_STARTED = {
    "job_task": "MonitorDataSync",
    "item": "canary-vm2",
    "code": "539",
    "message": f"CANARY Finance Server failed on canary-host1 (10.47.11.14), says {PERSON}: {SECRET}",
}


@dataclass
class Recorded:
    """What the runs left: the recording, its names, and what the simulator itself has seen of the same exchanges."""

    file: Path
    simulator: Simulator
    traffic: list[dict[str, Any]]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The exchanges of the recording."""
        return [json.loads(line) for line in self.file.read_text().splitlines()]


def run_it_all(modules: ModuleRunner) -> None:
    """A life of these machines: read, failed back in different ways, cancelled, refused."""
    modules.run("vault_info")
    modules.run("failback_prereq", replicated_item="Canary-VM1")
    modules.fail("planned_failover", replicated_item="canary-vm2", data_sync="before_failover")
    for name in ("Canary-VM1", "canary-vm3"):
        modules.run("planned_failover", replicated_item=name, data_sync="before_failover")
        modules.run("complete_failover", replicated_item=name)
    modules.fail("commit", replicated_item="Canary-VM1", policy="now", **accepted("Canary-VM1"))
    modules.run("commit", replicated_item="canary-vm3", policy="now", **accepted("canary-vm3"))
    modules.run("reverse_replicate", replicated_item="canary-vm3")
    modules.run("planned_failover", recovery_plan="canary-plan", data_sync="before_failover")
    modules.run("job_info")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """The recording of all that."""
    folder = tmp_path_factory.mktemp("recorded")
    file, traffic = folder / "recording.jsonl", folder / "traffic.jsonl"
    with Simulator.start({**SCENARIO, "faults": FAULTS}, folder / "simulator", speed=0, traffic=traffic) as simulator:
        modules = ModuleRunner(simulator, recording=str(file))
        modules.trouble(**NOT_STARTED)
        run_it_all(modules)
        seen = [json.loads(line) for line in traffic.read_text().splitlines()]
        yield Recorded(file, simulator, seen)


def test_every_exchange_is_recorded(recorded: Recorded) -> None:
    assert [(line["method"], line["status"]) for line in recorded.lines] == [
        (line["method"], line["status"]) for line in recorded.traffic
    ]
    assert {line["method"] for line in recorded.lines} == {"GET", "POST"}
    assert {line["status"] for line in recorded.lines} >= {200, 202, 403, 404}


def test_only_its_owner_may_read_either_file(recorded: Recorded) -> None:
    files = (recorded.file, Path(f"{recorded.file}.names"))
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]


def test_no_canary_is_in_it(recorded: Recorded) -> None:
    assert len(CANARY.findall(json.dumps(recorded.traffic))) > 1000
    assert CANARY.findall(recorded.file.read_text()) == []
    who = recorded.simulator.connection["principals"][0]
    hunt = Hunt({"secret": SECRET, "client secret": who["client_secret"], "person": PERSON})
    assert hunt.found_in(recorded.file.read_text()) == []
    # Not even in the list of names: no secret is a name.
    names = Hunt({"secret": SECRET, "client secret": who["client_secret"]})
    assert names.found_in(Path(f"{recorded.file}.names").read_text()) == []


def test_no_id_and_no_address_is_in_it(recorded: Recorded) -> None:
    whole, shown = json.dumps(recorded.traffic).lower(), recorded.file.read_text().lower()
    ids = set(ID.findall(whole)) - WELL_KNOWN_IDS
    assert len(ids) > 100
    assert ids & set(ID.findall(shown)) == set()
    assert WELL_KNOWN_IDS & set(ID.findall(shown))
    routed = [ip for ip in IP.findall(shown) if ipaddress.ip_address(ip) not in ipaddress.ip_network("198.18.0.0/15")]
    # Version 1.1.1.1 of a system.
    assert set(routed) <= {"1.1.1.1"}


def pairs(own: Any, shown: Any) -> Iterator[tuple[str, str]]:
    """Each text next to what stands for it."""
    if isinstance(own, dict) and isinstance(shown, dict):
        for (_name, one), (_other, other) in zip(own.items(), shown.items(), strict=True):
            yield from pairs(one, other)
    elif isinstance(own, list) and isinstance(shown, list):
        for one, other in zip(own, shown, strict=True):
            yield from pairs(one, other)
    elif isinstance(own, str):
        yield own, shown
    else:
        assert own == shown


def test_the_same_stands_for_the_same_and_the_form_stays(recorded: Recorded) -> None:
    stands: dict[str, set[str]] = {}
    for own, shown in zip(recorded.traffic, recorded.lines, strict=True):
        # The simulator keeps what is read without a token out of its file.
        if None in (own["response_body"], shown["response_body"]):
            continue
        for text, other in pairs(own["response_body"], shown["response_body"]):
            if " " not in text:
                stands.setdefault(text.lower(), set()).add(other.lower())
    # A word of the service in one field may be a name in another.
    replacing = {text: others - {text, "redacted"} for text, others in stands.items()}
    assert {text: others for text, others in replacing.items() if len(others) > 1} == {}
    replaced = {text: other for text, others in replacing.items() for other in others}
    assert len(replaced) > 100
    assert len(set(replaced.values())) == len(replaced)


def test_the_services_own_words_are_as_they_were(recorded: Recorded) -> None:
    words = {"protectionState", "scenarioName", "state", "stateDescription", "allowedOperations", "taskType", "code"}

    def told(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            for key, one in value.items():
                yield from told(one, key)
        elif isinstance(value, list):
            for one in value:
                yield from told(one, name)
        elif name in words:
            yield name, value

    own, shown = ([list(told(line["response_body"])) for line in lines] for lines in (recorded.traffic, recorded.lines))
    visible = [index for index, line in enumerate(recorded.lines) if line["response_body"] is not None]
    assert [own[index] for index in visible] == [shown[index] for index in visible]
    assert sum(map(len, shown)) > 1000


def test_it_can_be_held_against_the_simulator(recorded: Recorded) -> None:
    verdicts = judged(read([recorded.file]))
    assert len(verdicts) == len(recorded.lines)
    assert [(verdict.exchange.place, verdict.differences) for verdict in verdicts if verdict.differences] == []
    held = {point for verdict in verdicts for point in verdict.held}
    assert held >= {"asr.accepted", "asr.item-failback-pending", "asr.failback-before-downtime", "asr.plan-jobs"}


def test_a_playbook_and_its_inventory_record_to_one_file(tmp_path: Path) -> None:
    file = tmp_path / "recording.jsonl"
    with Simulator.start(SCENARIO, tmp_path / "simulator", speed=1200) as simulator:
        stage = PlaybookRunner(simulator, tmp_path)
        stage.environment["ASR_FAILBACK_RECORDING"] = str(file)
        run = stage.play("failback", {"canary-vm5": {}, "canary-vm2": {}})
        assert run.status == 0, run.output
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {"POST", "GET"} == {line["method"] for line in lines}
    assert any(line["path"].endswith("/plannedFailover") for line in lines)
    assert CANARY.findall(file.read_text()) == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

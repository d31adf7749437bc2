# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks, by ansible-rulebook itself: an alert that arrives over HTTPS starts a drill, once, nothing else does.

They need ansible-rulebook, which `make eda` installs, and Java.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
import yaml
from requests.adapters import HTTPAdapter
from support.drills import ROOT, assert_left
from support.playbook_runner import PlaybookRunner
from support.scenarios import scenario_of
from support.web import LOOPBACK, free_port
from urllib3.util import Retry

RULEBOOKS = ROOT / "extensions" / "eda" / "rulebooks"
TOKEN = "Canary-of-the-alerts-7281"
SECONDS = 120
VAULT = "/subscriptions/s/resourcegroups/rg-recovery/providers/Microsoft.RecoveryServices/vaults/vault-recovery"
WEB_SITE = "/subscriptions/s/resourcegroups/rg-web/providers/Microsoft.Web/sites/shop"


def program() -> str | None:
    """ansible-rulebook, on the PATH or where `make eda` puts it."""
    return shutil.which("ansible-rulebook", path=f"{os.environ['PATH']}:{ROOT / 'build' / 'on' / 'eda' / 'bin'}")


needs_rulebook = pytest.mark.skipif(program() is None, reason="ansible-rulebook is missing: make eda installs it")
needs_java = pytest.mark.skipif(
    not shutil.which("java", path=f"{os.environ['PATH']}:{os.environ.get('JAVA_HOME', '')}/bin"),
    reason="Java, which runs the rules, is missing: install a Java 17 runtime",
)


def alert(target: str = VAULT, condition: str = "Fired", **essentials: Any) -> dict[str, Any]:
    """An alert in the common alert schema of Azure Monitor."""
    said = {
        "alertId": "/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/a1",
        "alertRule": "replication health",
        "severity": "Sev1",
        "signalType": "Log",
        "monitorCondition": condition,
        "alertTargetIDs": [target],
        "firedDateTime": "2026-03-22T13:58:24.3713213Z",
        "essentialsVersion": "1.0",
        **essentials,
    }
    return {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": said, "alertContext": {}}}


@dataclass
class Sender:
    """Who sends alerts to the rulebook at this address, and trusts this authority."""

    address: str
    authority: Path

    def send(self, what: Any, token: str | None = TOKEN) -> int:
        """Send it and return the status of the answer. Waits for the rulebook to listen."""
        with requests.Session() as session:
            # What was not connected was not sent.
            session.mount(self.address, HTTPAdapter(max_retries=Retry(connect=10, read=0, backoff_factor=0.1)))
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            return session.post(
                f"{self.address}/alert", json=what, headers=headers, verify=str(self.authority), timeout=SECONDS
            ).status_code


class Listening:
    """A rulebook that runs until it is told to end, on a stage."""

    def __init__(self, vault: PlaybookRunner, rules: list[dict[str, Any]]) -> None:
        self._vault = vault
        self._rules = rules
        self.drills = vault.folder / "drills"
        self.output = ""

    @contextmanager
    def running(self, hosts: Mapping[str, Any]) -> Iterator[Sender]:
        """Start it, and give whom alerts come from; then wait until it has done what they ask for."""
        folder = self._vault.folder
        _unused, environment = self._vault.prepared("prerequisites", hosts)
        authority, port = trustme.CA(), free_port()
        certificate = authority.issue_cert(LOOPBACK)
        authority.cert_pem.write_to_path(folder / "authority.pem")
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
        where = {"address": LOOPBACK, "port": port}
        keys = {"certfile": str(folder / "server.pem"), "keyfile": str(folder / "server.pem")}
        self.drills.mkdir()
        variables = {"failback_drill_folder": str(self.drills), "failback_alerts": {**where, **keys}}
        (folder / "drill.yml").write_text(yaml.safe_dump(variables))
        (folder / "rulebook.yml").write_text(yaml.safe_dump(self._rules, sort_keys=False))
        command = [str(program()), "-r", str(folder / "rulebook.yml"), "-i", str(folder / "inventory.yml")]
        process = subprocess.Popen(
            [*command, "-e", str(folder / "drill.yml"), "-E", "FAILBACK_ALERT_TOKEN"],
            env={**environment, "FAILBACK_ALERT_TOKEN": TOKEN},
            cwd=folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            sender = Sender(f"https://{LOOPBACK}:{port}", folder / "authority.pem")
            yield sender
            sender.send({"end": True})
            self.output, _unused = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
            process.wait()


def rules_of(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((RULEBOOKS / name).read_text(encoding="utf-8"))


def with_an_end(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rules, and one more that ends the program once all before it is done."""
    (ruleset,) = rules
    end = {"name": "End", "condition": "event.payload.end == true", "action": {"shutdown": {}}}
    return [{**ruleset, "rules": [*ruleset["rules"], end]}]


def send_all_sorts(sender: Sender, canary: Path) -> None:
    """Alerts that are refused, are about something else, or are over; then two that must count for one drill."""
    assert [sender.send(alert(), token) for token in (None, "", f"{TOKEN}1")] == [401, 401, 401]
    with pytest.raises(requests.exceptions.SSLError):
        requests.post(sender.address, json=alert(), timeout=SECONDS)
    template = "{{ lookup('ansible.builtin.pipe', 'touch " + str(canary) + "') }}"
    accepted = [
        alert(WEB_SITE),
        alert(condition="Resolved"),
        {"schemaId": "other", "data": alert()["data"]},
        alert(VAULT.replace("Microsoft.RecoveryServices", "microsoft.recoveryservices"), description=template),
        alert(),
    ]
    assert [sender.send(one) for one in accepted] == [200] * len(accepted)


@needs_rulebook
@needs_java
def test_an_alert_starts_a_drill_that_leaves_its_record_and_report(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    listening = Listening(vault, with_an_end(rules_of("drill_on_alert.yml")))
    with listening.running({"vm1": {}, "vm2": {}}) as sender:
        send_all_sorts(sender, tmp_path / "canary")
    assert listening.output.count("PLAY RECAP") == 1, listening.output
    assert_left(listening.drills, "readiness")
    assert (vault.token_requests(), vault.writes()) == (1, [])
    assert not (tmp_path / "canary").exists()
    assert TOKEN not in listening.output


# Reads a rulebook as ansible-rulebook does when it starts: its schema, and the grammar of conditions.
PARSE = """
import sys, yaml
from ansible_rulebook.rules_parser import parse_rule_sets
from ansible_rulebook.validators import Validate
rules = yaml.safe_load(sys.stdin)
Validate.rulebook(rules)
print(len(parse_rule_sets(rules)))
"""


@needs_rulebook
@pytest.mark.parametrize("path", sorted(RULEBOOKS.glob("*.yml")), ids=lambda path: path.stem)
def test_ansible_rulebook_can_parse_it(path: Path) -> None:
    python = Path(str(program())).parent / "python"
    done = subprocess.run(
        [str(python), "-c", PARSE], input=path.read_text(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


def test_both_rulebooks_ask_the_same_of_an_alert() -> None:
    (by_http,), (by_queue,) = (rules_of(name)[0]["rules"] for name in sorted(os.listdir(RULEBOOKS)))
    asked = [rule["condition"]["all"][0] for rule in (by_http, by_queue)]
    assert asked[0].replace("event.payload", "event.body") == asked[1]


def test_nothing_an_alert_says_reaches_a_playbook() -> None:
    """Values of extra variables are templates to Ansible: what a stranger writes there, it would run."""
    for path in RULEBOOKS.glob("*.yml"):
        (ruleset,) = rules_of(path.name)
        for rule in ruleset["rules"]:
            started = [one for one in rule["actions"] if "print_event" not in one]
            assert "event" not in yaml.safe_dump(started), path.name

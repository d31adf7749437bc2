# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The validation after the cut-over with the Hyper-V hosts: heartbeat and addresses as they see them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.module_runner import ModuleRunner
from support.scenarios import CLOUD, SITE, item_of, scenario_of

PENDING = "failback_commit_pending"
ONE = scenario_of(item_of("vm1", PENDING))
VM1 = {"replicated_item": "vm1"}


UNKNOWN = "not known whether it completed"
# Stands in for a guest.
GUEST = "hv02"
UNTOLD = (
    "NotImplemented: the simulated PowerShell does not model the command Get-WebAppPoolState. "
    "What a user's command answers is told by `commands` of its host in the scenario, see docs/rehearsal.md"
)
ANSWERING = {
    **SITE,
    "hosts": [
        {
            **host,
            "commands": [
                {"pattern": "Get-Website .*", "output": "Started\n"},
                {"pattern": "& C:.tools.check[.]exe.*", "output": "queue is full", "exit_code": 3},
            ],
        }
        for host in SITE["hosts"]
    ],
}


def knowing(driver: Any, scenario: Any = ONE) -> ModuleRunner:
    """A driver that may ask the hosts, once they have booted what runs there."""
    vault: ModuleRunner = driver(scenario).knows_hosts()
    vault.pass_time(600)
    return vault


def sessions(vault: ModuleRunner) -> list[str]:
    """The hosts that were asked, in order."""
    return vault.simulator.locked(lambda world: [one["host"] for one in world.shells.sessions(0)])


def checks(validation: dict[str, Any], vm: int = 0) -> dict[str, dict[str, Any]]:
    return {check["id"]: check for check in validation["vms"][vm]["checks"]}


def addresses(vault: ModuleRunner, name: str) -> list[str]:
    """What the simulated guest has."""
    hosts = vault.simulator.state()["hosts"]
    return [address for host in hosts for vm in host["vms"] if vm["name"] == name for address in vm["addresses"]]


def test_a_guest_that_runs_is_evidence_for_the_commit(driver: Any) -> None:
    vault = knowing(driver)
    result = vault.run("failback_validate", **VM1)
    found = checks(result["validation"])
    assert {name: one["status"] for name, one in found.items()} == {"heartbeat": "pass", "addresses": "pass"}
    assert found["heartbeat"]["seen"].startswith("Ok")
    assert found["addresses"]["seen"] == ", ".join(addresses(vault, "vm1"))
    assert sessions(vault) == ["hv01"]
    vault.run("commit", **VM1, validation=result["validation"])
    assert vault.state("vm1")["azure_vm"]["exists"] is False


def test_a_guest_without_a_heartbeat_fails_and_is_not_probed(driver: Any) -> None:
    vault = knowing(driver)
    vault.trouble(vm="vm1", heartbeat="none")
    probe = {"name": "port", "type": "tcp", "host": "127.0.0.1", "port": 9}
    failed = vault.fail("failback_validate", **VM1, probes=[probe], timeout=60, interval=20)
    assert failed["error"]["kind"] == "validation"
    assert "vm1 did not pass heartbeat (NoContact)" in failed["msg"]
    assert "integration services" in failed["msg"]
    assert "Do not commit" in failed["msg"]
    found = checks(failed["error"]["validation"])
    assert (found["heartbeat"]["attempts"], found["port"]["attempts"]) == (3, 0)
    assert found["port"]["seen"] == "not tried"
    refused = vault.fail("commit", **VM1, validation=failed["error"]["validation"])
    assert "heartbeat (NoContact)" in refused["msg"]
    assert vault.writes() == []


def test_a_guest_that_boots_meanwhile_passes(driver: Any) -> None:
    vault = knowing(driver)
    vault.trouble(vm="vm1", heartbeat="none")

    def boot(_seconds: float) -> None:
        vault.meanwhile = None
        vault.trouble(vm="vm1", heartbeat="ok")

    vault.meanwhile = boot
    found = checks(vault.run("failback_validate", **VM1)["validation"])
    assert (found["heartbeat"]["attempts"], found["addresses"]["attempts"]) == (2, 2)
    assert vault.lines[:-1] == ["vm1 waits for heartbeat (NoContact), addresses (no address)"]
    assert vault.lines[-1].startswith("vm1: works on-premises: ")


def test_a_machine_right_after_its_cut_over_is_waited_for(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "waiting_for_completion"))).knows_hosts()
    vault.run("complete_failover", **VM1)
    validation = vault.run("failback_validate", **VM1)["validation"]
    vault.run("commit", **VM1, validation=validation)


def test_expected_addresses_must_be_there(driver: Any) -> None:
    vault = knowing(driver)
    own = addresses(vault, "vm1")
    assert vault.run("failback_validate", **VM1, expected_addresses=own)["validation"]["verdict"] == "passed"
    failed = vault.fail("failback_validate", **VM1, expected_addresses=[*own, "192.0.2.99"], timeout=5)
    assert "The guest does not have 192.0.2.99" in failed["msg"]


def test_probes_go_to_the_address_that_the_host_sees(driver: Any, tmp_path: Any, monkeypatch: Any) -> None:
    vault, client = knowing(driver), tmp_path / "ssh"
    client.write_text('#!/bin/sh\nwhile [ "$1" != "--" ]; do shift; done\necho "at $2"\n')
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    probe = {"name": "service", "type": "ssh", "command": "true", "contains": f"at {addresses(vault, 'vm1')[0]}"}
    assert vault.run("failback_validate", **VM1, probes=[probe])["validation"]["verdict"] == "passed"


def test_a_wrong_password_for_the_host_is_tried_once(driver: Any) -> None:
    vault = knowing(driver)
    vault.trouble(host="hv01", password="wrong")
    result = vault.run("failback_validate", **VM1)
    assert result["validation"]["verdict"] == "not_proven"
    assert "refused" in checks(result["validation"])["heartbeat"]["cause"]
    assert checks(result["validation"])["heartbeat"]["attempts"] == 1
    assert vault.simulator.connection["winrm"]["password"] not in json.dumps(result)


def test_a_host_that_does_not_answer_is_asked_again_until_the_deadline(driver: Any) -> None:
    vault = knowing(driver)
    vault.trouble(host="hv01", reachable=False)
    found = checks(vault.run("failback_validate", **VM1, timeout=40, interval=10)["validation"])
    assert {one["status"] for one in found.values()} == {"not_checked"}
    assert "could not be reached" in found["heartbeat"]["cause"]
    assert found["heartbeat"]["attempts"] == 4
    attested = vault.run("failback_validate", **VM1, attested=["the smoke test passed"], timeout=5)["validation"]
    assert attested["verdict"] == "passed"


def test_a_plan_asks_each_host_once_an_attempt(driver: Any) -> None:
    names = ("db1", "web1", "web2")
    items = [item_of(name, PENDING, host="hv02" if name == "web2" else "hv01") for name in names]
    scenario = scenario_of(*items, recovery_plans=[{"name": "shop", "groups": [["db1"], ["web1", "web2"]]}])
    vault = knowing(driver, scenario)
    validation = vault.run("failback_validate", recovery_plan="shop")["validation"]
    assert [(vm["name"], vm["verdict"]) for vm in validation["vms"]] == [(name, "passed") for name in names]
    assert sessions(vault) == ["hv01", "hv02"]
    vault.trouble(vm="web1", heartbeat="none")
    failed = vault.fail("failback_validate", recovery_plan="shop", timeout=15, interval=10)
    assert [vm["verdict"] for vm in failed["error"]["validation"]["vms"]] == ["passed", "failed", "passed"]
    # Those that have passed are not asked for again.
    assert sessions(vault) == ["hv01", "hv02", "hv01", "hv02", "hv01"]


def test_a_machine_behind_vmm_is_looked_at_on_its_own_host(driver: Any) -> None:
    vault = knowing(driver, scenario_of(item_of("vm1", PENDING, cloud="cloud1"), fabrics=[SITE, CLOUD]))
    found = checks(vault.run("failback_validate", **VM1)["validation"])
    assert found["heartbeat"]["status"] == "pass"
    assert sessions(vault) == ["vmm01", "vmm01-node1"]


@pytest.mark.parametrize(
    ("command", "parts", "status", "seen"),
    [
        ("(Get-VMSwitch).Count", {"contains": "1"}, "pass", "exit code 0: 1"),
        ("if ((Get-VMSwitch).Count -ne 1) { exit 1 }", {}, "pass", "exit code 0"),
        ("exit 3", {"exit_code": 3}, "pass", "exit code 3"),
        ("exit 3", {}, "fail", "exit code 3"),
        ("'so far'; exit 3", {"exit_code": 3, "contains": "so far"}, "pass", "exit code 3: so far"),
        ("exit 0", {}, "pass", "exit code 0"),
        ("Write-Host ok", {"contains": "ok"}, "pass", "exit code 0: ok"),
        ("[Console]::WriteLine('ok'); exit 0", {"contains": "ok"}, "pass", "exit code 0: ok"),
        ("throw 'the shop is closed'", {}, "fail", "the command ended with an error"),
        # These are told by the scenario; what is neither told nor in the subset is refused with the way to tell it.
        ("Get-Website -Name shop", {"contains": "Started"}, "pass", "exit code 0: Started"),
        ("& C:\\tools\\check.exe /all", {"exit_code": 3}, "pass", "exit code 3: queue is full"),
    ],
)
@pytest.mark.parametrize("console", ["quiet", "noisy"])
def test_a_command_runs_over_winrm(
    driver: Any, console: str, command: str, parts: dict[str, Any], status: str, seen: str
) -> None:
    vault = knowing(driver, scenario_of(item_of("vm1", PENDING), fabrics=[ANSWERING]))
    vault.trouble(host=GUEST, console=console)
    found = probed(vault, command, status, **parts)
    assert found["status"] == status
    # What comes behind a command that ends PowerShell cannot be determined from what it shows itself.
    assert found["seen"] == seen or (console == "noisy" and "exit " in command and found["seen"].startswith(seen))


@pytest.mark.parametrize(
    ("command", "fault", "seen", "cause"),
    [
        ("Get-WebAppPoolState", {"console": "quiet"}, f"{UNKNOWN} (exit code 1)", UNTOLD),
        (
            "'ok'",
            {"answers": "lost", "of": "all"},
            f"{UNKNOWN} (exit code 0)",
            "The command was sent, but no answer came",
        ),
        ("'ok'", {"pipe": "ends"}, f"{UNKNOWN} (exit code 1)", "Not enough memory resources are available"),
        ("'ok'", {"input": "lost"}, "not run", "nothing was run there"),
        ("'ok'", {"language_mode": "constrained"}, "not run", "runs in ConstrainedLanguage"),
    ],
)
def test_a_command_that_did_not_run_or_whose_end_nobody_knows_proves_nothing(
    driver: Any, command: str, fault: dict[str, Any], seen: str, cause: str
) -> None:
    vault = knowing(driver)
    vault.trouble(host=GUEST, **fault)
    found = probed(vault, command, "fail")
    assert (found["status"], found["seen"]) == ("fail", seen)
    assert cause in found["cause"]


def probed(vault: ModuleRunner, command: str, status: str, **parts: Any) -> Any:
    """What a probe of a command shows, in a VM that passes all else."""
    winrm = vault.simulator.connection["winrm"]
    # Any Windows machine will do for a guest: this one is a host.
    windows = next(host for host in winrm["hosts"] if host["name"] == GUEST)
    probe = {
        "name": "service",
        "type": "winrm",
        "host": windows["address"],
        "port": windows["port"],
        "user": winrm["username"],
        "password": winrm["password"],
        "ca_path": winrm["ca_bundle"],
        "command": command,
        **parts,
    }
    run = vault.run if status == "pass" else vault.fail
    result = run("failback_validate", **VM1, probes=[probe], timeout=5)
    assert winrm["password"] not in json.dumps(result)
    return checks(result.get("validation") or result["error"]["validation"])["service"]

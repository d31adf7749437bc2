# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role with Hyper-V hosts in the inventory: evidence before the commit, and what stops a run on their side."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.playbook_runner import WHOLE
from support.scenarios import SITE, item_of, scenario_of
from support.web import free_port

# What the role passes on to modules may stand in an inventory, an option or an answer; in no output.
CANARY = "Canary-4412"
IN_AZURE = "Site Recovery shows it as failed over to Azure, with no failback begun."
ASKED = {"name": "asked", "type": "tcp", "host": "127.0.0.1"}


@pytest.fixture
def closed() -> dict[str, Any]:
    """A probe of a port on which nothing listens."""
    return {**ASKED, "port": free_port()}


def outcomes(run: Any) -> dict[str, str]:
    return {host: result["outcome"] for host, result in run.results.items()}


def checks(result: dict[str, Any]) -> dict[str, str]:
    """Status of each check of the evidence for a single VM."""
    (vm,) = result["validation"]["vms"]
    return {check["id"]: check["status"] for check in vm["checks"]}


def azure_vm(vault: Any, name: str) -> dict[str, Any]:
    return dict(next(item["azure_vm"] for item in vault.simulator.state()["items"] if item["name"] == name))


def test_what_its_host_sees_work_comes_home_with_the_evidence(stage: Any) -> None:
    plan = {"name": "shop", "groups": [["db"], ["web"]]}
    vault = stage(scenario_of("vm1", "db", item_of("web", host="hv02"), recovery_plans=[plan])).knows_hosts()
    hosts = {"vm1": {}, "shop": {"failback_recovery_plan": "shop"}}
    check = vault.play("failback", hosts, "--check")
    assert check.status == 0, check.output
    for result in check.results.values():
        assert (result["outcome"], result["stage"], result["reason"]) == ("predicted", "protected", "")
    assert vault.writes() == []
    run = vault.play("failback", hosts, "-vvv")
    assert (run.status, outcomes(run)) == (0, dict.fromkeys(hosts, "protected")), run.output
    for result in run.results.values():
        assert result["validation"]["verdict"] == "passed"
        assert [step["split_brain_check"]["verdict"] for step in result["steps"][:3]] == ["proved"] * 3
    assert checks(run.results["vm1"]) == {"heartbeat": "pass", "addresses": "pass"}
    assert [vm["name"] for vm in run.results["shop"]["validation"]["vms"]] == ["db", "web"]
    assert sorted(vault.writes()) == sorted([*WHOLE, *WHOLE, "reProtect"])
    password = vault.simulator.connection["winrm"]["password"]
    assert password not in run.output
    assert password not in json.dumps(run.results)


def test_what_the_evidence_lacks_stops_the_commit_and_each_says_why(stage: Any, closed: dict[str, Any]) -> None:
    silent, shut, off = item_of("silent"), item_of("shut", host="hv02"), item_of("off", host="hv02")
    vault = stage(scenario_of(silent, shut, off)).knows_hosts()
    vault.trouble(vm="silent", heartbeat="none")
    vault.trouble(vm="off", does_not_start=True)
    page = {"name": "page", "type": "http", "url": f"http://127.0.0.1:{closed['port']}/?key=1", "user": "probe"}
    hosts = {
        "silent": {"failback_validation_timeout": 1},
        "shut": {"failback_validation_timeout": 1, "failback_probes": [closed, {**page, "password": CANARY}]},
        "off": {},
    }
    run = vault.play("failback", hosts, "-vvv")
    assert (run.status, outcomes(run)) == (2, dict.fromkeys(hosts, "failed"))
    reasons = {name: result["reason"] for name, result in run.results.items()}
    assert "silent did not pass heartbeat (NoContact)" in reasons["silent"]
    assert f"shut did not pass asked (no connection to 127.0.0.1:{closed['port']})" in reasons["shut"]
    assert "off: its Azure VM is deallocated, on hv02 it is Off" in reasons["off"]
    assert "Neither copy runs" in reasons["off"]
    for name in ("silent", "shut"):
        assert run.results[name]["next"] == (
            "It was cut over to on-premises; it is not committed yet. "
            "Repair the VM or the validation, then run again; or go back to Azure, with undo_failback."
        )
        assert run.results[name]["validation"]["verdict"] == "failed"
    assert checks(run.results["silent"]) == {"heartbeat": "fail", "addresses": "fail"}
    assert checks(run.results["shut"]) == {"heartbeat": "pass", "addresses": "pass", "asked": "fail", "page": "fail"}
    assert (
        run.results["off"]["next"]
        == "Do what the reason says, then run again. Set an option that it names as the variable failback_NAME."
    )
    assert "failoverCommit" not in vault.writes()
    assert all(azure_vm(vault, name)["exists"] for name in hosts)
    assert CANARY not in run.output
    assert CANARY not in json.dumps(run.results)


def test_what_is_wrong_is_said_before_anything_is_written(stage: Any, closed: dict[str, Any]) -> None:
    names = ["away", "refused", "unlike", "portless", "elsewhere", "impatient"]
    items = [item_of(name, host=host) for name, host in zip(names, ["hv01", "hv02", *["hv03"] * 4], strict=True)]
    site = {**SITE, "hosts": [*SITE["hosts"], {"name": "hv03"}]}
    vault = stage(scenario_of(*items, fabrics=[site])).knows_hosts()
    vault.trouble(host="hv01", reachable=False)
    vault.trouble(host="hv02", password="wrong")
    hosts = {
        "away": {},
        "refused": {},
        "unlike": {"failback_probes": [{**closed, "type": "ping", "password": CANARY}]},
        "portless": {"failback_probes": [{**ASKED, "vm": "portless"}]},
        "elsewhere": {"failback_probes": [{**closed, "vm": "another"}]},
        "impatient": {"failback_validation_timeout": 0},
    }
    run = vault.play("failback", hosts, "-vvv")
    assert (run.status, outcomes(run)) == (2, dict.fromkeys(hosts, "failed"))
    reasons = {name: result["reason"] for name, result in run.results.items()}
    assert "hv01 (127.0.0.1:" in reasons["away"]
    assert "could not be reached" in reasons["away"]
    assert "refused CONTOSO\\failback" in reasons["refused"]
    assert "ping" in reasons["unlike"]
    assert "Probe 'asked': type tcp needs port" in reasons["portless"]
    assert "but the only VMs are: elsewhere" in reasons["elsewhere"]
    assert "timeout must be greater than 0" in reasons["impatient"]
    for name in ("portless", "elsewhere", "impatient"):
        assert run.results[name]["next"] == f"{IN_AZURE} Correct the variable, then run again."
    assert run.results["unlike"]["next"] == "Nothing was read or written. Correct it."
    assert vault.writes() == []
    assert CANARY not in run.output


def test_the_prerequisites_ask_each_host_once_whatever_the_number_of_vms(stage: Any) -> None:
    first: dict[str, Any] = {name: {} for name in ("vm1", "vm2", "vm3")}
    second: dict[str, Any] = {"vm4": {}, "vm5": {}, "vm6": {"failback_probes": [ASKED]}}
    items = [*map(item_of, first), *(item_of(name, host="hv02") for name in second)]
    vault = stage(scenario_of(*items)).knows_hosts()
    vault.trouble(vm="vm5", checkpoint="before patch")
    run = vault.play("prerequisites", {**first, **second})
    assert (run.status, vault.writes()) == (2, [])
    assert outcomes(run) == {**dict.fromkeys([*first, "vm4"], "ready"), "vm5": "failed", "vm6": "failed"}
    assert "type tcp needs port" in run.results["vm6"]["reason"]
    assert "before patch" in json.dumps(run.results["vm5"]["findings"])
    assert sorted(vault.sessions()) == ["hv01", "hv02"]

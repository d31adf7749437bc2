# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The validation after the cut-over by probes, and the commit that rests on it. No Hyper-V host is known here."""

from __future__ import annotations

import copy
import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.module_runner import ModuleRunner, accepted
from support.scenarios import item_of, scenario_of
from support.web import LOOPBACK, Answer, Web, free_port

PENDING = "failback_commit_pending"
ONE = scenario_of(item_of("vm1", PENDING))
PLAN = scenario_of(
    item_of("db1", PENDING), item_of("web1", PENDING), recovery_plans=[{"name": "shop", "groups": [["db1"], ["web1"]]}]
)


@pytest.fixture
def web() -> Iterator[Callable[..., Web]]:
    """Starts web servers: `web(*answers, authority=None)`."""
    with ExitStack() as running:
        yield lambda *answers, authority=None: running.enter_context(Web(authority, answers))


def http(server: Web, **parts: Any) -> dict[str, Any]:
    return {"name": "page", "type": "http", "url": f"{server.url}/health", **parts}


def tcp(port: int, **parts: Any) -> dict[str, Any]:
    return {"name": "port", "type": "tcp", "host": LOOPBACK, "port": port, **parts}


def validate(vault: ModuleRunner, *probes: dict[str, Any], **options: Any) -> dict[str, Any]:
    target = {} if "recovery_plan" in options else {"replicated_item": "vm1"}
    return vault.run("failback_validate", **target, probes=list(probes), **options)


def fail_to_validate(vault: ModuleRunner, *probes: dict[str, Any], **options: Any) -> dict[str, Any]:
    target = {} if "recovery_plan" in options else {"replicated_item": "vm1"}
    return vault.fail("failback_validate", **target, probes=list(probes), **options)


def checks(validation: dict[str, Any], vm: int = 0) -> dict[str, dict[str, Any]]:
    return {check["id"]: check for check in validation["vms"][vm]["checks"]}


def test_without_hosts_and_probes_nothing_is_proved_and_nothing_is_committed(driver: Any) -> None:
    vault = driver(ONE)
    result = validate(vault)
    assert (result["changed"], result["validation"]["verdict"]) == (False, "not_proven")
    assert {check["status"] for check in checks(result["validation"]).values()} == {"not_checked"}
    assert "neither in the inventory nor in hyperv_hosts" in result["msg"]
    # What cannot be known is not waited for.
    assert vault.seconds < 5
    refused = vault.fail("commit", replicated_item="vm1", validation=result["validation"])
    assert refused["error"]["kind"] == "refused"
    assert "its validation has not passed" in refused["msg"]
    assert vault.writes() == []


def test_a_probe_that_passes_is_evidence_for_the_commit(driver: Any, web: Callable[..., Web]) -> None:
    vault = driver(ONE)
    server = web(Answer(body="fine"))
    validation = validate(vault, http(server, contains="fine"))["validation"]
    assert validation["verdict"] == "passed"
    page = checks(validation)["page"]
    assert (page["status"], page["attempts"], page["kind"]) == ("pass", 1, "http")
    assert validation["validated_at"] == validation["vms"][0]["validated_at"] == page["at"]
    assert page["at"] > validation["vms"][0]["cut_over_at"]
    # As it comes out of a file that was kept of it.
    kept = json.loads(json.dumps(validation))
    result = vault.run("commit", replicated_item="vm1", validation=kept)
    assert result["validation"]["required"] is True
    assert [(one["vm"], one["accepted"]) for one in result["validation"]["vms"]] == [("vm1", True)]
    assert vault.state("vm1")["azure_vm"]["exists"] is False


def test_evidence_is_newer_than_the_cut_over_even_when_it_is_taken_at_once(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "waiting_for_completion")))
    vault.run("complete_failover", replicated_item="vm1", poll_interval=1)
    validation = validate(vault, attested=["the smoke test passed"])["validation"]
    assert validation["verdict"] == "passed"
    vault.run("commit", replicated_item="vm1", validation=validation)


def test_what_does_not_pass_in_time_fails_and_says_what_was_seen(driver: Any, web: Callable[..., Web]) -> None:
    vault = driver(ONE)
    failed = fail_to_validate(vault, http(web(Answer(503, body="no database"))), timeout=60, interval=20)
    assert failed["error"]["kind"] == "validation"
    assert failed["changed"] is False
    assert failed["authoritative_side"] == "on_premises"
    assert failed["stage"]["after"] == PENDING
    for words in (
        "Validation of replicated item 'vm1'",
        "vm1 did not pass page (HTTP 503",
        "The on-premises VM is authoritative",
        "Do not commit: that deletes the VM in Azure, and with it the way back",
    ):
        assert words in failed["msg"]
    validation = failed["error"]["validation"]
    assert validation["verdict"] == "failed"
    assert checks(validation)["page"]["attempts"] == 3
    assert vault.seconds == 60
    refused = vault.fail("commit", replicated_item="vm1", validation=validation)
    assert "page (HTTP 503" in refused["msg"]
    assert vault.writes() == []


def test_a_certificate_that_nobody_trusts_fails(driver: Any, web: Callable[..., Web], tmp_path: Path) -> None:
    vault, authority = driver(ONE), trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    server = web(Answer(body="fine"), authority=authority)
    failed = fail_to_validate(vault, http(server), timeout=20)
    assert "CERTIFICATE_VERIFY_FAILED" in failed["msg"]
    assert server.asked == []
    assert validate(vault, http(server, ca_path=str(bundle)))["validation"]["verdict"] == "passed"


def test_a_port_that_opens_meanwhile_passes(driver: Any) -> None:
    vault, port = driver(ONE), free_port()
    with ExitStack() as running:

        def open_it(_seconds: float) -> None:
            vault.meanwhile = None
            running.enter_context(socket.create_server((LOOPBACK, port)))

        vault.meanwhile = open_it
        result = validate(vault, tcp(port))
    assert checks(result["validation"])["port"]["attempts"] == 2
    assert vault.lines[:-1] == [f"vm1 waits for port (no connection to {LOOPBACK}:{port})"]
    assert vault.lines[-1].startswith("vm1: works on-premises: ")


def test_what_cannot_pass_any_more_is_not_waited_for(driver: Any, web: Callable[..., Web]) -> None:
    vault, server = driver(ONE), web(Answer(401))
    failed = fail_to_validate(vault, http(server, user="probe", password="Canary 7281"), tcp(free_port()))
    assert len(server.asked) == 1
    assert "Correct user and password" in failed["msg"]
    assert "Canary 7281" not in json.dumps(failed)
    assert vault.seconds < 5


@pytest.mark.parametrize("kind", ["http", "winrm"])
def test_a_wrong_password_of_a_probe_is_tried_twice_however_many_the_vms_and_the_tasks(
    driver: Any, web: Callable[..., Web], tmp_path: Path, kind: str
) -> None:
    names, authority = [f"vm{number}" for number in range(1, 7)], trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    vault, server = (
        driver(scenario_of(*(item_of(name, PENDING) for name in names))),
        web(Answer(401), authority=authority),
    )
    guest = {"host": LOOPBACK, "port": server.server_port, "scheme": "https", "ca_path": str(tmp_path / "ca.pem")}
    commands = {"http": {}, "winrm": {"command": "Get-Date", "transport": ["basic"]}}
    probe = {"name": "guest", "type": kind, "user": "CONTOSO\\probe", "password": "Canary 7281", **guest}
    for chosen in (names[:3], names[3:]):
        each = [{"replicated_item": name, "probes": [{**probe, **commands[kind]}]} for name in chosen]
        failed = vault.run("failback_validate", replicated_items=each)
        assert [one["error"]["kind"] for one in failed["vms"].values()] == ["validation"] * 3
        assert "Canary 7281" not in json.dumps(failed)
    assert len(server.asked) == 2
    last = failed["vms"]["vm6"]
    assert f"CONTOSO\\probe was refused before in this run, by {LOOPBACK}:{server.server_port}" in last["cause"]
    assert "Correct user and password of the probe" in last["remedy"]
    assert checks(last["error"]["validation"])["guest"]["seen"] in ("not asked", "not run")


def test_a_command_goes_to_the_ssh_client(driver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault, client = driver(ONE), tmp_path / "ssh"
    takes_down = f"import sys\nopen({str(tmp_path / 'seen')!r}, 'w').write('|'.join(sys.argv))\n"
    client.write_text(f"#!{sys.executable}\n{takes_down}")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    probe = {"name": "service", "type": "ssh", "host": "db01", "command": "true; `x` $(y)", "user": "probe"}
    checked = validate(vault, probe, check_mode=True)["validation"]
    assert (checked["verdict"], checks(checked)["service"]["status"]) == ("not_proven", "not_checked")
    assert "Check mode runs no command" in checks(checked)["service"]["cause"]
    assert not (tmp_path / "seen").exists()
    assert validate(vault, probe)["validation"]["verdict"] == "passed"
    assert (tmp_path / "seen").read_text().split("|")[-3:] == ["--", "db01", "true; `x` $(y)"]


def test_a_probe_needs_an_address_from_somewhere(driver: Any) -> None:
    failed = fail_to_validate(driver(ONE), {"name": "port", "type": "tcp", "port": 80})
    assert "no address to go to" in failed["msg"]
    assert "Give the probe a host" in failed["msg"]


def test_nothing_is_validated_while_azure_is_authoritative(driver: Any) -> None:
    remedies = {
        "failed_over": "Start with planned_failover",
        "waiting_for_completion": "Cut over first, with complete_failover",
        "interrupted": "Never start the on-premises VM. Run planned_failover again",
    }
    for stage, remedy in remedies.items():
        vault = driver(scenario_of(item_of("vm1", stage)))
        refused = fail_to_validate(vault)
        assert refused["error"]["kind"] == "refused"
        assert f"vm1 is {stage}" in refused["msg"]
        assert remedy in refused["remedy"]
        assert refused["authoritative_side"] == "azure"


def test_what_a_validation_waits_for_names_the_host_that_does_not_answer(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING))).knows_hosts()
    vault.trouble(host="hv01", reachable=False)
    fail_to_validate(vault, {"name": "port", "type": "tcp", "host": "127.0.0.1", "port": free_port()}, timeout=30)
    (told,) = [line for line in vault.lines if "waits for" in line][:1]
    assert "heartbeat (not read: " in told
    assert "hv01" in told


def test_a_vm_that_was_committed_can_still_be_looked_at(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failed_back")))
    assert validate(vault, attested=["it works"])["validation"]["vms"][0]["cut_over_at"] is None
    failed = fail_to_validate(vault, tcp(free_port()), timeout=5)
    assert "there is no way back to Azure" in failed["msg"]


def test_check_mode_predicts_without_looking(driver: Any, web: Callable[..., Web]) -> None:
    vault, server = driver(scenario_of(item_of("vm1", "failed_over"))), web(Answer(503))
    result = validate(vault, http(server), check_mode=True, assume_stage=PENDING)
    assert result["stage"] == {"before": PENDING, "after": PENDING}
    assert (result["authoritative_side"], result["validation"]["vms"]) == ("on_premises", [])
    assert server.asked == []
    required = {"replicated_item": "vm1", "check_mode": True}
    assert vault.run("commit", **required, assume_stage=PENDING)["stage"]["after"] == "failed_back"


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_commit_that_requires_evidence_is_refused_without(driver: Any, check_mode: bool) -> None:
    vault = driver(ONE)
    refused = vault.fail("commit", replicated_item="vm1", check_mode=check_mode)
    assert "vm1: there is no evidence that it works on-premises" in refused["msg"]
    assert refused["error"]["unproven"][0]["vm"] == "vm1"
    assert vault.writes() == []


def test_a_commit_whose_policy_needs_no_evidence_says_what_the_evidence_was_worth(driver: Any) -> None:
    vault = driver(ONE)
    validation = validate(vault)["validation"]
    options = {"replicated_item": "vm1", "policy": "now", "validation": validation, **accepted("vm1")}
    result = vault.run("commit", **options)["validation"]
    assert result["required"] is False
    assert [(one["accepted"], "has not passed" in one["reason"]) for one in result["vms"]] == [(False, True)]
    again = vault.run("commit", replicated_item="vm1")
    assert (again["changed"], again["validation"]["vms"]) == (False, [])


def test_evidence_of_an_earlier_cut_over_is_refused(driver: Any) -> None:
    vault = driver(ONE)
    vm1 = {"replicated_item": "vm1"}
    old = validate(vault, attested=["it works"])["validation"]
    vault.run("commit", **vm1, policy="now", **accepted("vm1"))
    vault.run("reverse_replicate", **vm1)
    vault.run("planned_failover", **vm1, direction="primary_to_recovery")
    vault.run("commit", **vm1, direction="failover")
    vault.run("planned_failover", **vm1)
    vault.run("complete_failover", **vm1)
    sent = vault.requests()
    refused = vault.fail("commit", **vm1, validation=old)
    assert "is not newer than the cut-over" in refused["msg"]
    assert vault.writes(sent) == []
    new = validate(vault, attested=["it works"])["validation"]
    assert vault.run("commit", **vm1, validation=new)["changed"] is True


def test_evidence_of_another_vm_or_vault_is_refused(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING), item_of("vm2", PENDING)))
    of_other = vault.run("failback_validate", replicated_item="vm2", attested=["it works"])["validation"]
    own = validate(vault, attested=["it works"])["validation"]
    foreign = copy.deepcopy(own)
    foreign["vault"] += "-of-others"
    changed = copy.deepcopy(own)
    changed["vms"][0]["name"] = changed["vms"][0]["checks"][0]["status"] = "pass?"
    for validation, words in ((of_other, "another VM (vm2)"), (foreign, "another vault"), (changed, "not the record")):
        refused = vault.fail("commit", replicated_item="vm1", validation=validation)
        assert words in refused["msg"]
    assert vault.writes() == []


def test_evidence_from_the_future_is_refused(driver: Any) -> None:
    vault = driver(ONE)
    vault.pass_time(86400)
    later = validate(vault, attested=["it works"])["validation"]
    early = driver(ONE)
    validation = validate(early, attested=["it works"])["validation"]
    forged = json.loads(json.dumps(validation).replace(validation["validated_at"], later["validated_at"]))
    refused = early.fail("commit", replicated_item="vm1", validation=forged)
    assert "from the future" in refused["msg"]


def test_each_vm_of_a_plan_is_checked_and_committed_on_its_own_evidence(driver: Any, web: Callable[..., Web]) -> None:
    vault, page = driver(PLAN), web(Answer(body="fine"))
    plan = {"recovery_plan": "shop"}
    half = validate(vault, http(page, vm="web1"), **plan)["validation"]
    assert [(vm["name"], vm["verdict"]) for vm in half["vms"]] == [("db1", "not_proven"), ("web1", "passed")]
    assert half["verdict"] == "not_proven"
    refused = vault.fail("commit", **plan, validation=half)
    assert [one["vm"] for one in refused["error"]["unproven"] if not one["accepted"]] == ["db1"]
    assert vault.writes() == []
    with socket.create_server((LOOPBACK, 0)) as server:
        ports = [tcp(server.getsockname()[1], name=f"port of {vm}", vm=vm) for vm in ("db1", "web1")]
        whole = validate(vault, http(page, vm="WEB1"), *ports, **plan)["validation"]
    assert [sorted(checks(whole, number)) for number in (0, 1)] == [
        ["addresses", "heartbeat", "port of db1"],
        ["addresses", "heartbeat", "page", "port of web1"],
    ]
    result = vault.run("commit", **plan, validation=whole)
    assert [one["accepted"] for one in result["validation"]["vms"]] == [True, True]


@pytest.mark.parametrize("probe", [tcp(1), {"name": "port", "type": "http", "url": "https://shop.example.com"}])
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_answers_in_one_place_is_no_evidence_for_every_vm_of_a_plan(
    driver: Any, probe: dict[str, Any], check_mode: bool
) -> None:
    vault = driver(PLAN)
    failed = fail_to_validate(vault, probe, recovery_plan="shop", check_mode=check_mode)
    assert failed["error"]["kind"] == "configuration"
    assert "port names no VM" in failed["msg"]
    assert vault.requests() == 0


def test_a_probe_of_every_vm_of_a_plan_goes_to_each_of_them(driver: Any) -> None:
    vault = driver(PLAN)
    failed = fail_to_validate(vault, {"name": "port", "type": "tcp", "port": 9}, recovery_plan="shop", timeout=5)
    for name in ("db1", "web1"):
        assert f"{name} did not pass port (no address to go to)" in failed["msg"]


def test_the_word_for_a_plan_counts_for_all_of_it(driver: Any) -> None:
    vault = driver(PLAN)
    whole = validate(vault, attested=["the smoke test of the shop passed"], recovery_plan="shop")["validation"]
    assert [vm["verdict"] for vm in whole["vms"]] == ["passed", "passed"]


def test_one_vm_of_a_plan_that_does_not_work_fails_the_plan(driver: Any, web: Callable[..., Web]) -> None:
    vault = driver(PLAN)
    probes = (http(web(Answer(body="fine")), vm="web1"), tcp(free_port(), vm="db1"))
    failed = fail_to_validate(vault, *probes, recovery_plan="shop", timeout=20)
    assert "db1 did not pass port" in failed["msg"]
    assert [vm["verdict"] for vm in failed["error"]["validation"]["vms"]] == ["failed", "passed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"recovery_plan": "shop", "probes": [tcp(1, vm="vm9")]}, "is for VM 'vm9', but the only VMs are: db1, web1"),
        ({"recovery_plan": "shop", "expected_addresses": ["10.0.0.5"]}, "applies to one VM"),
        ({"replicated_item": "db1", "expected_addresses": ["db1.example.com"]}, "db1.example.com is not an IP address"),
        ({"replicated_item": "db1", "probes": [tcp(0)]}, "port must be from 1"),
        ({"replicated_item": "db1", "timeout": 0}, "timeout must be greater than 0"),
        ({"replicated_item": "db1", "interval": 0}, "interval must be greater than 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(driver: Any, options: dict[str, Any], words: str) -> None:
    vault = driver(PLAN)
    failed = vault.fail("failback_validate", **options)
    assert failed["error"]["kind"] == "configuration"
    assert words in failed["msg"]


def test_azure_that_does_not_answer_for_a_while_ends_nothing(driver: Any) -> None:
    vault, port = driver(ONE), free_port()
    fault = {"match": {"method": "GET", "path": "/vm1$", "times": 12}, "action": {"do": "status", "status": 503}}
    with ExitStack() as running:

        def hinder(_seconds: float) -> None:
            vault.meanwhile = None
            vault.simulator.locked(lambda world: world.faults.add(fault))
            running.enter_context(socket.create_server((LOOPBACK, port)))

        vault.meanwhile = hinder
        assert validate(vault, tcp(port))["validation"]["verdict"] == "passed"

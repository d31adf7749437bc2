# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ports of a simulator's Windows hosts: how they are found, how they follow the world, what they cost."""

from __future__ import annotations

import base64
import json
import os
import socket
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests
import yaml
from support.windows_sites import PASSWORD, USER, Windows, run, running_site
from winrm.exceptions import InvalidCredentialsError, WSManFaultError
from winrm.protocol import Protocol

from asr_simulator.scenarios import ScenarioError
from asr_simulator.server import Simulator

VARIABLE = "NTLM_USER_FILE"
ITEM = {"name": "web01"}


def client(simulator, name="hv01", **options):
    """pywinrm with what ``connection.json`` says."""
    winrm = json.loads((simulator.state_dir / "connection.json").read_text(encoding="utf-8"))["winrm"]
    (host,) = [host for host in winrm["hosts"] if host["name"] == name]
    account = {"username": winrm["username"], "password": winrm["password"], "transport": "ntlm"}
    place = f"https://{host['address']}:{host['port']}/wsman"
    return Protocol(place, ca_trust_path=winrm["ca_bundle"], proxy=None, **{**account, **options})


def open_and_close(protocol):
    protocol.close_shell(protocol.open_shell())


@pytest.fixture
def started(vault_of, simulator_at):
    return lambda **parts: simulator_at(vault_of(ITEM, **parts))


@pytest.fixture
def simulator_at(tmp_path):
    running = []

    def start(scenario):
        running.append(Simulator.start(scenario, tmp_path / f"state{len(running)}", speed=0))
        return running[-1]

    yield start
    for simulator in running:
        simulator.stop()


def control(simulator, method, path, **options):
    """The answer of the control API."""
    url, bundle = f"{simulator.connection['control']}/{path}", simulator.connection["ca_bundle"]
    answer = requests.request(method, url, verify=bundle, timeout=20, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_given_a_simulator_when_started_then_its_hosts_can_be_found_and_asked(started):
    simulator = started(hyperv={"username": "CONTOSO\\admin", "password": "a{{ b }}'\"%"})
    assert set(simulator.connection["winrm"]) == {"username", "password", "ca_bundle", "hosts"}
    for host in simulator.connection["winrm"]["hosts"]:
        open_and_close(client(simulator, host["name"]))
    assert {session["host"] for session in control(simulator, "GET", "sessions")["value"]} == {
        host.name for host in simulator.world.hyperv.hosts.values()
    }
    with pytest.raises(InvalidCredentialsError):
        open_and_close(client(simulator, password="other"))


def test_given_the_inventory_when_ansible_reads_it_then_no_text_in_it_is_a_template(started):
    password = "a{{ b }}'\"% ü"
    simulator = started(hyperv={"username": "CONTOSO\\admin", "password": password})
    path = simulator.state_dir / "hyperv_hosts.yml"
    assert path.stat().st_mode & 0o777 == 0o600

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!unsafe", lambda loader, node: ("unsafe", node.value))
    group = yaml.load(path.read_text(encoding="utf-8"), Loader)["hyperv_hosts"]
    assert group["vars"]["ansible_password"] == ("unsafe", password)
    assert group["vars"]["ansible_connection"] == "winrm"
    ports = {host["name"]: host["port"] for host in simulator.connection["winrm"]["hosts"]}
    assert {name: host["ansible_port"] for name, host in group["hosts"].items()} == ports


@pytest.mark.parametrize("hyperv", [{"password": "a:b"}, {"password": "a\nb"}, {"username": "A\\b:c"}])
def test_given_an_account_that_ntlm_cannot_hold_when_loaded_then_the_scenario_is_refused(started, hyperv):
    with pytest.raises(ScenarioError, match="hyperv"):
        started(hyperv=hyperv)


def encoded(script):
    return f"powershell.exe -NoProfile -EncodedCommand {base64.b64encode(script.encode('utf-16-le')).decode()}"


def test_given_a_script_when_run_on_a_host_then_it_sees_that_host(started):
    simulator = started()
    for name in ("hv01", "hv02"):
        answer = run(client(simulator, name), encoded("$env:COMPUTERNAME; $PSVersionTable.PSVersion.Major; exit 4"))
        assert answer == (f"{name.upper()}\r\n5\r\n", "", 4)
    sessions = control(simulator, "GET", "sessions")["value"]
    assert [(one["commands"], one["exit_code"]) for one in sessions] == [(["powershell.exe"], 4)] * 2


def test_given_a_script_that_reads_when_fed_then_it_runs_at_the_end_of_its_input(started):
    script = encoded('foreach ($line in $input) { "<$line>" }')
    assert run(client(started()), script, "zwölf\r\n".encode(), b"drei\r\n")[0] == "<zwölf>\r\n<drei>\r\n"


def test_given_a_program_of_which_nothing_is_known_when_run_then_it_is_refused_with_the_way_to_say_it(started):
    _unused, stderr, code = run(client(started()), "nonsense.exe /x")
    assert (code, stderr.partition(". ")[0]) == (
        1,
        "NotImplemented: the simulated PowerShell does not model the program nonsense.exe",
    )
    assert "`commands` of its host in the scenario" in stderr


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"reachable": False}, requests.ConnectionError),
        ({"silent": True}, requests.Timeout),
        ({"password": "wrong"}, InvalidCredentialsError),
    ],
)
def test_given_a_fault_of_a_host_when_asked_then_only_that_host_suffers(started, fault, error):
    simulator = started()
    control(simulator, "POST", "faults", json={"service": {"host": "hv01", **fault}})
    with pytest.raises(error):
        open_and_close(client(simulator))
    open_and_close(client(simulator, "hv02"))


def test_given_an_unreachable_host_when_it_is_back_then_it_answers_on_the_same_port(started):
    simulator = started()
    protocol = client(simulator)
    shell = protocol.open_shell()
    for reachable in (False, True):
        control(simulator, "POST", "faults", json={"service": {"host": "hv01", "reachable": reachable}})
        if not reachable:
            with pytest.raises(requests.ConnectionError):
                protocol.run_command(shell, "echo")
    open_and_close(client(simulator))
    protocol.close_shell(shell)


def test_given_sessions_when_asked_for_since_one_then_only_later_ones_are_shown(started):
    simulator = started()
    for _unused in range(3):
        open_and_close(client(simulator))
    sessions = control(simulator, "GET", "sessions")["value"]
    assert [session["seq"] for session in sessions] == [1, 2, 3]
    assert control(simulator, "GET", "sessions", params={"since": 2})["value"] == sessions[2:]
    assert control(simulator, "GET", "journal")["value"] == []


def test_given_a_reset_when_a_shell_was_open_then_it_is_gone_and_the_port_stays(started):
    simulator = started()
    protocol = client(simulator)
    shell = protocol.open_shell()
    before = simulator.connection["winrm"]
    control(simulator, "POST", "reset")
    with pytest.raises(WSManFaultError):
        protocol.run_command(shell, "echo")
    open_and_close(protocol)
    assert simulator.connection["winrm"] == before
    assert len(control(simulator, "GET", "sessions")["value"]) == 1


def test_given_a_reset_to_other_hosts_when_looked_for_then_they_are_found_and_the_old_ones_refuse(started, vault_of):
    simulator = started()
    old = client(simulator)
    other = {**vault_of({"name": "db01", "host": "new01"})}
    other["fabrics"] = [{"name": "site1", "type": "HyperVSite", "hosts": [{"name": "new01"}]}]
    control(simulator, "POST", "reset", json={"scenario": other})
    open_and_close(client(simulator, "new01"))
    with pytest.raises(requests.ConnectionError):
        open_and_close(old)
    assert "new01" in (simulator.state_dir / "hyperv_hosts.yml").read_text(encoding="utf-8")


def test_given_a_host_that_no_certificate_can_name_when_asked_then_it_answers_on_its_address(simulator_at, vault_of):
    scenario = vault_of({"name": "db01", "host": "hv_01"})
    scenario["fabrics"] = [{"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv_01"}]}]
    open_and_close(client(simulator_at(scenario), "hv_01"))


def test_given_many_hosts_when_nobody_asks_then_there_are_no_more_threads_than_for_one(tmp_path):
    counts = []
    for count in (1, 100):
        before = set(threading.enumerate())
        (tmp_path / str(count)).mkdir()
        with running_site(tmp_path / str(count), *(Windows(f"hv{number}") for number in range(count))) as site:
            # Threads of before may end meanwhile.
            counts.append(len(set(threading.enumerate()) - before))
            assert len(set(site.server.ports.values())) == count
            last = list(site.hosts.values())[-1]
            assert run(site.pywinrm(last), "echo %COMPUTERNAME%")[0] == f"{last.name}\r\n"
    assert counts == [1, 1]


def test_given_a_host_that_comes_back_in_time_when_nothing_else_is_asked_then_it_comes_back(tmp_path):
    with running_site(tmp_path) as site:
        site.locked(lambda world: world.clock.set_speed(1000))
        site.locked(lambda world: world.clock.after(50, lambda: setattr(site.host, "reachable", True)))
        site.host.reachable = False
        site.follow()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", site.port())):
                break
        assert run(site.pywinrm(), "echo hello")[0] == "hello\r\n"


def test_given_a_silent_caller_when_others_ask_then_they_are_served(tmp_path):
    with running_site(tmp_path) as site, socket.create_connection(("127.0.0.1", site.port())):
        assert run(site.pywinrm(), "echo hello")[0] == "hello\r\n"


def test_given_a_caller_without_tls_when_he_speaks_then_only_he_is_cut_off(tmp_path):
    with running_site(tmp_path) as site:
        with socket.create_connection(("127.0.0.1", site.port())) as caller:
            caller.sendall(b"GET /wsman HTTP/1.1\r\n\r\n")
            caller.settimeout(20)
            with suppress(ConnectionResetError):
                while caller.recv(1000):
                    pass
        assert run(site.pywinrm(), "echo hello")[0] == "hello\r\n"


def test_given_servers_when_the_last_one_stops_then_nothing_of_the_accounts_is_left(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with running_site(tmp_path / "one") as first:
        with running_site(tmp_path / "two", Windows(accounts={USER: "Other1"})) as second:
            assert run(first.pywinrm(), "echo one")[0] == "one\r\n"
            assert run(second.pywinrm(password="Other1"), "echo two")[0] == "two\r\n"
        assert run(first.pywinrm(), "echo one")[0] == "one\r\n"
        used = Path(os.environ[VARIABLE])
        assert used.read_bytes() == b""
        assert (used.stat().st_mode & 0o777, used.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert VARIABLE not in os.environ
    assert not used.parent.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD in path.read_text()] == []


def test_given_a_variable_of_the_users_own_when_a_server_stops_then_it_is_as_before(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "/of/the/user")
    with running_site(tmp_path) as site:
        assert run(site.pywinrm(username=USER), "echo hello")[0] == "hello\r\n"
    assert os.environ[VARIABLE] == "/of/the/user"

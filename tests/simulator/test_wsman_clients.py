# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unchanged clients run commands on hosts of the simulator: pywinrm and pypsrp, over TLS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.shell import Process, SignalCode, WinRS
from support.windows_sites import PASSWORD, USER, Windows, run, run_in, running_site
from winrm import Session
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError

TRANSPORTS = ("ntlm", "basic")
FOREIGN = "Zürich 東京 Ελλάδα привет 𝄞"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with running_site(tmp_path_factory.mktemp("site"), Windows(), Windows("hv02.contoso.example")) as running:
        yield running


@pytest.fixture
def client(site):
    client = site.pywinrm()
    yield client
    client.transport.close_session()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("user", [USER, "contoso\\FAILBACK", "contoso.example\\failback", "failback@contoso.example"])
def test_given_a_spelling_of_the_user_when_pywinrm_runs_a_command_then_it_runs(site, transport, user):
    assert run(site.pywinrm(transport=transport, username=user), "echo hello") == ("hello\r\n", "", 0)


@pytest.mark.parametrize("auth", ["ntlm", "negotiate", "basic"])
def test_given_pypsrp_when_it_runs_a_command_then_it_runs(site, auth):
    with site.pypsrp(auth=auth) as client:
        assert client.execute_cmd("fail 3 no such thing") == ("", "no such thing", 3)


@pytest.mark.parametrize(
    ("user", "password"),
    [
        (USER, "wrong"),
        (USER, ""),
        ("CONTOSO\\somebody", PASSWORD),
        ("failback", PASSWORD),
        ("OTHER\\failback", PASSWORD),
    ],
)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_given_a_wrong_account_when_pywinrm_signs_in_then_it_is_refused(site, transport, user, password):
    with pytest.raises(InvalidCredentialsError):
        run(site.pywinrm(transport=transport, username=user, password=password), "echo hello")


@pytest.mark.parametrize("auth", ["ntlm", "negotiate", "basic"])
def test_given_a_wrong_password_when_pypsrp_signs_in_then_it_is_refused(site, auth):
    with site.pypsrp(auth=auth, password="wrong") as client, pytest.raises(AuthenticationError):
        client.execute_cmd("echo hello")


def test_given_two_hosts_when_asked_then_each_answers_for_itself(site):
    names = [run(site.pywinrm(host), "echo %COMPUTERNAME%")[0].strip() for host in site.hosts.values()]
    assert names == list(site.hosts)


def test_given_one_shell_when_many_commands_run_then_each_has_its_own_output(client):
    shell = client.open_shell(codepage=65001, env_vars={"GREETING": "hello"})
    found = [run_in(client, shell, f"echo %GREETING% {number}")[0] for number in range(20)]
    client.close_shell(shell)
    assert found == [f"hello {number}\r\n" for number in range(20)]


def test_given_a_command_with_arguments_when_run_then_they_follow_the_command(client):
    shell = client.open_shell()
    command = client.run_command(shell, "echo", ["one", "two words"], skip_cmd_shell=True)
    assert client.get_command_output(shell, command) == (b"one two words\r\n", b"", 0)


def test_given_a_session_of_pywinrm_when_it_runs_a_command_then_it_runs(site):
    client = Session(site.url(), (USER, PASSWORD), transport="ntlm", ca_trust_path=str(site.bundle), proxy=None)
    answer = client.run_cmd("echo", ["one", "two"])
    assert (answer.std_out, answer.status_code) == (b"one two\r\n", 0)


def test_given_a_command_that_reads_when_its_input_ends_then_it_has_all_of_it(client):
    assert run(client, "cat", b"first ", b"second ", FOREIGN.encode())[0] == f"first second {FOREIGN}"


def test_given_a_command_that_reads_when_no_input_comes_then_the_operation_times_out(client):
    shell = client.open_shell()
    command = client.run_command(shell, "cat")
    with pytest.raises(WinRMOperationTimeoutError):
        client.get_command_output_raw(shell, command)
    client.send_command_input(shell, command, b"at last", end=True)
    assert client.get_command_output(shell, command) == (b"at last", b"", 0)


def test_given_a_receive_that_waits_when_the_input_comes_then_it_ends_at_once(site, client):
    shell = client.open_shell()
    command = client.run_command(shell, "cat")
    other = site.pywinrm()
    with ThreadPoolExecutor(1) as waiting:
        output = waiting.submit(client.get_command_output, shell, command)
        other.send_command_input(shell, command, b"here", end=True)
        assert output.result(20) == (b"here", b"", 0)


def test_given_much_output_when_received_then_it_comes_in_pieces_and_whole(client):
    shell = client.open_shell(codepage=65001)
    command = client.run_command(shell, "repeat Zürich_東京_ 40000")
    pieces, done = [], False
    while not done:
        stdout, stderr, code, done = client.get_command_output_raw(shell, command)
        pieces.append(stdout)
    assert b"".join(pieces).decode() == "Zürich_東京_" * 40000
    assert (stderr, code) == (b"", 0)
    assert len(pieces) > 3
    assert max(map(len, pieces)) * 4 / 3 < 153600


def test_given_foreign_letters_when_echoed_then_they_come_back(client):
    assert run(client, f"echo {FOREIGN}")[0].strip() == FOREIGN


def test_given_another_code_page_when_echoed_then_what_it_lacks_is_a_question_mark(client):
    shell = client.open_shell(codepage=437)
    command = client.run_command(shell, "echo Zürich 東京")
    assert client.get_command_output(shell, command)[0] == "Zürich ??\r\n".encode("cp437")


def test_given_pypsrp_when_a_process_is_fed_then_it_gives_back_what_it_got(site):
    with site.pypsrp(auth="ntlm") as client, WinRS(client.wsman, codepage=65001) as shell:
        process = Process(shell, "cat", no_shell=True)
        process.begin_invoke()
        process.send(b"one ", end=False)
        process.send(b"two", end=True)
        process.end_invoke()
        process.signal(SignalCode.TERMINATE)
        assert (process.stdout, process.rc) == (b"one two", 0)


def test_given_a_process_that_waits_when_interrupted_then_it_ends_as_such(site):
    with site.pypsrp() as client, WinRS(client.wsman) as shell:
        process = Process(shell, "cat")
        process.begin_invoke()
        process.signal(SignalCode.CTRL_C)
        process.end_invoke()
        assert process.rc == 0xC000013A


def test_given_pypsrp_when_it_asks_for_the_envelope_size_then_the_host_tells_it(site):
    with site.pypsrp() as client:
        client.wsman.update_max_payload_size()
        assert client.wsman.max_envelope_size == 500 * 1024


def test_given_powershell_remoting_when_asked_for_then_the_resource_is_not_found(site):
    with site.pypsrp() as client, pytest.raises(WSManFaultError, match="was not found in the WS-Management catalog"):
        client.execute_ps("Get-Date")


def test_given_twenty_clients_at_once_when_they_run_commands_then_each_gets_its_own(site):
    def ask(number):
        transport = TRANSPORTS[number % 2]
        return run(site.pywinrm(transport=transport), "cat", f"client {number}".encode())[0]

    with ThreadPoolExecutor(20) as clients:
        assert list(clients.map(ask, range(20))) == [f"client {number}" for number in range(20)]


def test_given_a_host_when_it_becomes_unreachable_then_connections_are_refused_until_it_is_back(tmp_path):
    with running_site(tmp_path) as site:
        client, port = site.pywinrm(), site.port()
        shell = client.open_shell()
        site.host.reachable = False
        site.follow()
        with pytest.raises(requests.ConnectionError):
            client.run_command(shell, "echo hello")
        with pytest.raises(requests.ConnectionError, match="refused"):
            run(site.pywinrm(), "echo hello")
        site.host.reachable = True
        site.follow()
        assert site.port() == port
        assert run(site.pywinrm(), "echo hello")[0] == "hello\r\n"

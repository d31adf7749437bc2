# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong between here and a host, each with its own kind, words and remedy."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from support.web import LOOPBACK, Answer, free_port
from support.winrm_host import PASSWORD, USER, Host, fault

from ansible_collections.asr.failback.plugins.module_utils.hyperv.errors import clean
from ansible_collections.asr.failback.plugins.module_utils.hyperv.session import HostSession
from ansible_collections.asr.failback.plugins.module_utils.hyperv.settings import resolve_settings
from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    FailbackError,
    HostAuthenticationError,
    HostError,
    HostUnreachable,
    MissingLibrary,
)
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

Start = Callable[..., Host]


def failure_at(address: str, **options: object) -> FailbackError:
    """What asking at an address ends with."""
    given = {"winrm_user": USER, "winrm_password": PASSWORD, **options}
    session = HostSession(resolve_settings("hv01", given, {}, {}, address), Watch(60))
    with pytest.raises(FailbackError) as caught:
        session.ask("param($Request)", {})
    return caught.value


def test_a_closed_port_is_unreachable() -> None:
    problem = failure_at(f"{LOOPBACK}:{free_port()}")
    assert isinstance(problem, HostUnreachable)
    assert "Connection refused" in problem.happened
    assert "hv01 (127.0.0.1:" in problem.happened
    assert problem.details["host"] == "hv01"


def test_a_name_that_nobody_knows_is_unreachable() -> None:
    problem = failure_at("no-such-host.invalid")
    assert isinstance(problem, HostUnreachable)
    assert "no-such-host.invalid" in problem.happened
    assert "ansible_host" in problem.remedy


def test_silence_is_unreachable_when_the_time_is_over() -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        times = {"winrm_operation_timeout_sec": 1, "winrm_read_timeout_sec": 2}
        problem = failure_at(f"{LOOPBACK}:{silent.getsockname()[1]}", **times)
    assert isinstance(problem, HostUnreachable)
    assert "no answer within 2 seconds" in problem.happened


def test_a_certificate_that_nobody_here_trusts_is_said_to_be_so(host: Start) -> None:
    hv01 = host(Answer())
    problem = failure_at(f"{LOOPBACK}:{hv01.web.server_port}")
    assert isinstance(problem, HostUnreachable)
    assert "certificate" in problem.happened
    assert "not trusted" in problem.happened
    assert "winrm_ca_trust_path" in problem.remedy
    assert hv01.web.asked == []


def test_a_certificate_of_another_name_is_not_trusted(host: Start) -> None:
    hv01 = host(Answer())
    problem = failure_at(f"localhost:{hv01.web.server_port}", winrm_ca_trust_path=hv01.ca_bundle)
    assert isinstance(problem, HostUnreachable)
    assert "not valid for 'localhost'" in problem.happened


def test_the_authority_of_azure_in_the_environment_does_not_replace_the_own_one(
    host: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    with pytest.raises(HostAuthenticationError):
        host(Answer(401, "")).ask()


def test_a_certificate_is_not_looked_at_where_the_user_says_so(host: Start) -> None:
    hv01 = host(Answer(401, ""))
    options = {"winrm_server_cert_validation": "ignore", "winrm_transport": ["basic"]}
    assert isinstance(failure_at(f"localhost:{hv01.web.server_port}", **options), HostAuthenticationError)


def test_plain_http_at_a_tls_port_is_refused_before_anything_is_sent(host: Start) -> None:
    hv01 = host(Answer())
    with socket.create_server((LOOPBACK, 0)) as plain:
        plain.settimeout(0.01)
        problem = failure_at(f"{LOOPBACK}:{hv01.web.server_port}", winrm_scheme="http")
    assert isinstance(problem, HostUnreachable)
    assert hv01.web.asked == []


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(401, ""), HostAuthenticationError, "refused CONTOSO\\failback (basic)"),
        (fault(5, "Access is denied."), HostAuthenticationError, "Access is denied."),
        (fault(2150859174, "The maximum number of shells\r\nis reached."), HostError, "number of shells is reached."),
        (fault(2150858793), HostUnreachable, "did not finish its answer"),
        (Answer(403, "no"), HostError, "HTTP 403"),
        (Answer(404, "<html>"), HostError, "HTTP 404"),
        (Answer(502, "<html>"), HostError, "HTTP 502"),
        (Answer(200, "<html><body>Log in</html>"), HostError, "does not speak WS-Management"),
        (Answer(200, "{}"), HostError, "does not speak WS-Management"),
        (Answer(200, "<a/>"), HostError, "does not speak WS-Management"),
        (Answer(200, ""), HostError, "does not speak WS-Management"),
    ],
)
def test_every_answer_that_is_none_says_what_it_is(
    host: Start, answer: Answer, kind: type[HostError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        host(answer).ask()
    assert caught.value.kind == kind.kind
    assert words in caught.value.happened
    assert "hv01" in caught.value.happened
    assert caught.value.remedy


def test_an_operation_that_takes_too_long_names_the_option_that_gives_it_more(host: Start) -> None:
    with pytest.raises(HostUnreachable) as caught:
        host(fault(2150858793)).ask()
    assert "winrm_operation_timeout_sec" in caught.value.remedy


def test_a_way_to_sign_in_that_needs_a_library_names_it(host: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("winrm.transport.HAVE_CREDSSP", False)
    with pytest.raises(MissingLibrary, match="requests-credssp") as caught:
        host(Answer()).ask(winrm_transport=["credssp"])
    assert "pywinrm[credssp]" in caught.value.remedy


def test_a_host_that_begins_to_sign_in_and_does_not_go_on_refuses(host: Start) -> None:
    offer, other = (Answer(401, "", {"WWW-Authenticate": way}) for way in ("NTLM", "Basic"))
    with pytest.raises(HostAuthenticationError, match="did not respond with NTLM challenge"):
        host(offer, other).ask(winrm_transport=["ntlm"])


def test_a_host_whose_challenge_makes_no_sense_refuses(host: Start) -> None:
    offer, nonsense = (Answer(401, "", {"WWW-Authenticate": way}) for way in ("NTLM", "NTLM bm9uc2Vuc2U="))
    with pytest.raises(HostError):
        host(offer, nonsense).ask(winrm_transport=["ntlm"])


@pytest.mark.parametrize(
    ("words", "cleaned"),
    [
        ("one\r\n  two  ", "one two"),
        ("a_x000D__x000A_b", "a b"),
        ("日本", "日本"),
        ("x" * 5000, "x" * 2000),
        ("#< CLIXML\r\n<Objs>broken", ""),
        ('#< CLIXML <Objs><S S="Error">a &lt; b</S><S S="verbose">no</S></Objs>', "a < b"),
        ('#< CLIXML\r\nboom\r\n<Objs><S S="warning">hm</S></Objs>', "boom"),
        ('#< CLIXML <Objs><S S="Error">one</S></Objs>\r\ntwo <Objs><S S="Error">three</S>', "two onethree"),
    ],
)
def test_what_a_host_said_becomes_one_line(words: str, cleaned: str) -> None:
    assert clean(words) == cleaned

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in over WinRM: Basic, and NTLM with the binding to the TLS channel. Passwords are left nowhere."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st
from spnego.channel_bindings import GssChannelBindings
from support.windows_sites import PASSWORD, USER, Windows, run, running_site

from asr_simulator.wsman.accounts import find_account, sender_of
from asr_simulator.wsman.authentication import Guard

OFFERED = 'Negotiate, Basic realm="WSMAN"'


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def session(site):
    with site.requests() as session:
        session.auth = None
        yield session


def sign_in(site, session, scheme="Negotiate", bindings=None, user=USER, password=PASSWORD, protocol="ntlm"):
    """The answer to the last message of a handshake."""
    options = spnego.NegotiateOptions.use_ntlm if protocol == "ntlm" else spnego.NegotiateOptions.use_negotiate
    client = spnego.client(user, password, protocol=protocol, options=options, channel_bindings=bindings)
    answer = post(site, session, scheme, client.step())
    assert answer.status_code == 401
    found, _unused, token = answer.headers["WWW-Authenticate"].partition(" ")
    assert found == scheme
    return post(site, session, scheme, client.step(base64.b64decode(token)))


def post(site, session, scheme="", token=b""):
    headers = {"Authorization": f"{scheme} {base64.b64encode(token).decode()}"} if scheme else {}
    return session.post(site.url(), data="<a/>", headers=headers, timeout=20)


def test_given_a_stranger_when_he_asks_then_he_is_told_the_ways_to_sign_in(site, session):
    answer = post(site, session)
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["WWW-Authenticate"] == OFFERED


@pytest.mark.parametrize("scheme", ["Negotiate", "NTLM"])
@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_given_a_handshake_when_it_succeeds_then_the_connection_stays_signed_in(site, session, scheme, protocol):
    answers = [sign_in(site, session, scheme, protocol=protocol), post(site, session), post(site, session)]
    assert [answer.status_code for answer in answers] == [500, 500, 500]  # it was no envelope


def test_given_a_signed_in_connection_when_another_is_opened_then_that_one_is_not(site, session):
    sign_in(site, session)
    with site.requests() as other:
        other.auth = None
        assert post(site, other).status_code == 401


def test_given_a_signed_in_connection_when_a_handshake_fails_then_it_is_signed_in_no_more(site, session):
    sign_in(site, session)
    assert sign_in(site, session, password="wrong").status_code == 401
    assert post(site, session).headers["WWW-Authenticate"] == OFFERED


def test_given_a_signed_in_connection_when_the_account_is_removed_then_it_is_refused(tmp_path):
    with running_site(tmp_path) as site, site.requests() as session:
        session.auth = None
        sign_in(site, session)
        site.host.accounts.clear()
        assert post(site, session).status_code == 401


def certificate_hash(site):
    """The hash of the host's certificate, as a client sees it."""
    context = ssl.create_default_context(cafile=str(site.bundle))
    raw = socket.create_connection(("127.0.0.1", site.port()))
    with context.wrap_socket(raw, server_hostname=site.host.name) as channel:
        return hashlib.sha256(channel.getpeercert(binary_form=True)).digest()


def test_given_the_right_channel_when_bound_to_it_then_the_handshake_succeeds(site, session):
    bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + certificate_hash(site))
    assert sign_in(site, session, bindings=bindings).status_code == 500


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_given_another_channel_when_bound_to_it_then_the_handshake_fails(site, session, protocol):
    bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + bytes(32))
    answer = sign_in(site, session, bindings=bindings, protocol=protocol)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, OFFERED)


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"nocolon").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
        "Negotiate",
        "Negotiate !!!",
        "Negotiate " + base64.b64encode(b"NTLMSSP\0").decode(),
        "Negotiate " + base64.b64encode(b"NTLMSSP\0\1\0\0\0").decode(),
        "Negotiate " + base64.b64encode(b"NTLMSSP\0\3\0\0\0" + bytes(60)).decode(),
        "Negotiate " + base64.b64encode(b"\x60\x82\xff\xff" + bytes(40)).decode(),
        "Negotiate " + base64.b64encode(bytes(range(200))).decode(),
        "Kerberos YII=",
        "Bearer token",
    ],
)
def test_given_nonsense_when_sent_as_authorization_then_it_is_refused(site, session, authorization):
    for _unused in range(2):
        answer = session.post(site.url(), data="<a/>", headers={"Authorization": authorization}, timeout=20)
        assert answer.status_code == 401


def test_given_an_authenticate_message_without_its_challenge_when_sent_then_it_is_refused(site, session):
    replayed = []
    with site.requests() as first:
        first.auth = None
        answer = sign_in(site, first)
        replayed.append(answer.request.headers["Authorization"])
    assert answer.status_code == 500
    answer = session.post(site.url(), data="<a/>", headers={"Authorization": replayed[0]}, timeout=20)
    assert answer.status_code == 401


@pytest.mark.parametrize("transport", ["ntlm", "basic"])
@pytest.mark.parametrize("password", ["päss wörd", "東京 ☃ 𝄞", "a'b\"c$(d)`e", "x" * 127])
def test_given_any_password_when_it_is_right_then_it_is_taken(tmp_path, transport, password):
    if transport == "basic" and not password.isascii():
        password = password.encode().decode("latin-1")  # the client sends Latin-1: these are the bytes of UTF-8
    stored = password if transport == "ntlm" else password.encode("latin-1").decode()
    with running_site(tmp_path, Windows(accounts={USER: stored})) as site:
        assert run(site.pywinrm(transport=transport, password=password), "echo hello")[0] == "hello\r\n"


@pytest.mark.parametrize("user", ["Administrator", "administrator", ".\\Administrator", "HV01\\administrator"])
def test_given_a_local_account_when_it_signs_in_then_the_computer_is_its_domain(tmp_path, user):
    with running_site(tmp_path, Windows(accounts={"Administrator": PASSWORD})) as site:
        assert run(site.pywinrm(username=user), "echo hello")[0] == "hello\r\n"


def test_given_hosts_with_passwords_of_their_own_when_asked_at_once_then_each_takes_its_own(tmp_path):
    hosts = [Windows(f"hv{n:02}.contoso.example", accounts={USER: f"Password {n}"}) for n in range(8)]

    def ask(host):
        return run(site.pywinrm(host, password=host.accounts[USER]), "echo %COMPUTERNAME%")[0].strip()

    with running_site(tmp_path, *hosts) as site, ThreadPoolExecutor(8) as clients:
        assert list(clients.map(ask, hosts * 3)) == [host.name for host in hosts * 3]


def test_given_a_name_when_looked_up_then_its_spelling_decides():
    host = Windows(accounts={USER: "a", "Administrator": "b", "admin@fabrikam.example": "c"})
    names = ("CONTOSO\\FAILBACK", "failback", "ADMIN@fabrikam.example", "\\x", "")
    found = {name: find_account(host, name) for name in names}
    assert found == {
        "CONTOSO\\FAILBACK": USER,
        "failback": None,
        "ADMIN@fabrikam.example": "admin@fabrikam.example",
        "\\x": None,
        "": None,
    }


def test_given_a_token_that_is_cut_off_when_read_then_it_has_no_sender():
    client = spnego.client(USER, PASSWORD, protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    assert sender_of(client.step()) is None
    message = b"NTLMSSP\0\3\0\0\0"
    assert [sender_of(message + bytes(length)) for length in (0, 10, 40)] == [None] * 3


@given(first=st.booleans(), place=st.integers(0, 400), noise=st.binary(min_size=1, max_size=12), cut=st.booleans())
def test_given_a_broken_token_when_read_then_it_signs_in_nobody_else(site, first, place, noise, cut):
    guard, host = Guard(bytes(32), "127.0.0.1"), Windows()
    client = spnego.client(USER, PASSWORD, protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)
    token = client.step()
    if not first:
        (challenge,) = guard.check(host, f"Negotiate {base64.b64encode(token).decode()}").challenges
        token = client.step(base64.b64decode(challenge.partition(" ")[2]))
    place %= len(token)
    broken = token[:place] + noise + (b"" if cut else token[place + len(noise) :])
    peer = guard.check(host, f"Negotiate {base64.b64encode(broken).decode()}").peer
    assert peer is None or (not first and peer.user == USER)

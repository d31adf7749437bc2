# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retries: a read as often as it takes, a write never. On a real connection."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme
from azure.core import PipelineClient
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceRequestError, ServiceResponseError
from azure.core.rest import HttpRequest
from support.middleboxes import Proxy, TlsBreaker
from support.signing_in import CLOUD
from support.web import LOOPBACK, Answer, Web, free_port

from ansible_collections.asr.failback.plugins.module_utils.azure.credentials import SharedToken, SignInTime
from ansible_collections.asr.failback.plugins.module_utils.azure.errors import translated
from ansible_collections.asr.failback.plugins.module_utils.azure.pipeline import ServiceClock, build_policies
from ansible_collections.asr.failback.plugins.module_utils.azure.settings import AzureSettings
from ansible_collections.asr.failback.plugins.module_utils.model.failures import NotTaken
from ansible_collections.asr.failback.plugins.module_utils.run_cache import RunCache
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

OK = Answer(200, {"value": 1})
RETRY_AFTER = {"Retry-After": "17"}


def test_a_read_is_repeated_after_the_time_that_the_service_asks_for(web: Callable[..., Web], client: Any) -> None:
    server = web(Answer(503, {}, RETRY_AFTER), Answer(429, {}, {"Retry-After": "5"}), OK)
    assert client.send("GET", server.url).status_code == 200
    assert len(server.asked) == 3
    assert client.pauses == [17, 5]


@pytest.mark.parametrize("broken", [Answer(500), Answer(502), Answer(504), Answer(reset=True), Answer(hang_up=True)])
def test_a_read_is_repeated_after_any_passing_trouble(broken: Answer, web: Callable[..., Web], client: Any) -> None:
    server = web(broken, OK)
    assert client.send("GET", server.url).status_code == 200
    assert len(server.asked) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
@pytest.mark.parametrize("headers", [{}, RETRY_AFTER], ids=["", "Retry-After"])
def test_a_write_that_may_have_been_taken_is_not_sent_again(
    method: str, status: int, headers: dict[str, str], web: Callable[..., Web], client: Any
) -> None:
    server = web(Answer(status, {}, headers), OK)
    assert client.send(method, server.url).status_code == status
    assert len(server.asked) == 1
    assert client.pauses == []


@pytest.mark.parametrize("silence", [Answer(reset=True), Answer(hang_up=True)], ids=["reset", "hang up"])
def test_a_write_that_got_no_answer_is_not_sent_again(silence: Answer, web: Callable[..., Web], client: Any) -> None:
    server = web(silence, OK)
    with pytest.raises(ServiceResponseError):
        client.send("POST", server.url)
    assert len(server.asked) == 1


def test_a_write_whose_answer_breaks_the_encryption_is_not_sent_again(authority: trustme.CA, client: Any) -> None:
    with TlsBreaker(authority) as box:
        with pytest.raises(AzureError, match="SSL"):
            client.send("POST", box.url)
        assert box.asked == ["POST"]
        with pytest.raises(AzureError, match="SSL"):
            client.send("GET", box.url)
        assert box.asked.count("GET") > 1


@pytest.mark.parametrize("silence", [Answer(reset=True), Answer(hang_up=True)], ids=["reset", "hang up"])
def test_a_write_that_got_no_answer_through_a_proxy_is_not_sent_again(
    silence: Answer, web: Callable[..., Web], client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = web(silence, OK)
    with Proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(AzureError):
            client.send("POST", server.url)
        assert len(proxy.asked) == 1
    assert len(server.asked) == 1


def test_nobody_but_the_token_says_who_asks(
    web: Callable[..., Web], client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = web(Answer(200, {}))

    client.send("GET", server.url)

    assert server.credentials == [None]


@pytest.mark.parametrize(("method", "tries_again"), [("POST", False), ("GET", True)])
def test_a_proxy_that_is_not_there_is_tried_again_by_reads(
    method: str, tries_again: bool, web: Callable[..., Web], client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = web(OK)
    monkeypatch.setenv("HTTPS_PROXY", f"http://{LOOPBACK}:{free_port()}")
    with pytest.raises(ServiceRequestError):
        client.send(method, server.url)
    assert bool(client.pauses) is tries_again
    assert server.asked == []


def test_a_read_that_was_throttled_is_sent_again(web: Callable[..., Web], client: Any) -> None:
    server = web(Answer(429, {}, RETRY_AFTER), Answer(429, {}, RETRY_AFTER), OK)
    assert client.send("GET", server.url).status_code == 200
    assert client.pauses == [17, 17]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_that_was_throttled_goes_back_to_whoever_sent_it(
    method: str, web: Callable[..., Web], client: Any
) -> None:
    server = web(Answer(429, {}, RETRY_AFTER), OK)
    assert client.send(method, server.url).status_code == 429
    assert (len(server.asked), client.pauses) == (1, [])


def test_a_read_that_never_left_is_sent_again(web: Callable[..., Web], client: Any) -> None:
    port = free_port()
    started: list[Web] = []
    client.meanwhile = lambda: started or started.append(web(OK, port=port))
    assert client.send("GET", f"https://{LOOPBACK}:{port}").status_code == 200
    assert len(client.pauses) == 1
    assert len(started[0].asked) == 1


def test_a_write_that_never_left_goes_back_to_whoever_sent_it(client: Any) -> None:
    with pytest.raises(ServiceRequestError):
        client.send("POST", f"https://{LOOPBACK}:{free_port()}")
    assert client.pauses == []


def test_a_server_that_is_never_there_is_given_up(client: Any) -> None:
    with pytest.raises(ServiceRequestError):
        client.send("GET", f"https://{LOOPBACK}:{free_port()}")
    assert client.pauses


class Tokens:
    """A credential whose tokens are numbered."""

    def __init__(self) -> None:
        self.given = 0

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """A token that is good for an hour."""
        self.given += 1
        return AccessToken(f"token {self.given}", int(time.time()) + 3600)


@dataclass
class SignedIn:
    """The whole pipeline of a task. `seconds` is what its watch shows."""

    client: Any
    seconds: float = 0

    def __post_init__(self) -> None:
        self.watch = Watch(60, clock=lambda: self.seconds)
        self.look = self.watch.look
        self.tokens = Tokens()
        settings = AzureSettings("secret", "s")
        self._shared = SharedToken(lambda: self.tokens, settings, CLOUD, RunCache(), SignInTime(lambda: self.watch))
        self.use_another_client()

    def use_another_client(self) -> None:
        """Send what follows by a client that has had no token yet."""
        clock = ServiceClock(lambda: self.watch)
        self.policies = build_policies(self._shared, CLOUD.scope, clock, lambda: self.watch)

    def send(self, method: str, server: Web) -> int:
        """The status of the answer; of a write as translated."""
        sender = PipelineClient(server.url, policies=self.policies, transport=self.client.transport)
        with sender, translated(write=method != "GET"):
            response = sender.send_request(HttpRequest(method, server.url))
            if response.status_code == 401:
                raise ClientAuthenticationError(response=response)
            return int(response.status_code)


@pytest.fixture
def signed_in(client: Any) -> SignedIn:
    """A task's pipeline, on a watch that stands still."""
    return SignedIn(client)


def test_a_write_that_a_token_had_to_be_asked_for_is_not_sent(signed_in: SignedIn, web: Callable[..., Web]) -> None:
    server = web(OK)
    signed_in.look.begin()
    with pytest.raises(NotTaken, match="needed a new access token"):
        signed_in.send("POST", server)
    assert (server.asked, signed_in.tokens.given) == ([], 1)
    assert signed_in.send("POST", server) == 200


def test_a_write_whose_token_is_refused_is_not_sent_again(signed_in: SignedIn, web: Callable[..., Web]) -> None:
    server = web(OK, Answer(401, {}, {"WWW-Authenticate": 'Bearer error="invalid_token"'}), OK)
    assert signed_in.send("GET", server) == 200
    signed_in.look.begin()
    with pytest.raises(NotTaken) as caught:
        signed_in.send("POST", server)
    assert caught.value.kind == "authentication"
    assert (len(server.asked), signed_in.tokens.given) == (2, 2)
    assert signed_in.send("POST", server) == 200
    assert signed_in.tokens.given == 2


def test_a_token_that_answers_a_challenge_is_the_one_that_other_clients_get(
    signed_in: SignedIn, web: Callable[..., Web]
) -> None:
    claims = base64.b64encode(b'{"access_token": {"nbf": {"essential": true, "value": "1"}}}').decode()
    challenge = {"WWW-Authenticate": f'Bearer error="insufficient_claims", claims="{claims}"'}
    server = web(Answer(401, {}, challenge), OK)
    assert signed_in.send("GET", server) == 200
    signed_in.use_another_client()
    signed_in.look.begin()
    assert signed_in.send("POST", server) == 200
    assert server.credentials == ["Bearer token 1", "Bearer token 2", "Bearer token 2"]


@pytest.mark.parametrize(("age", "is_sent"), [(20, True), (21, False)])
def test_no_write_is_sent_on_a_look_that_is_too_old(
    age: float, is_sent: bool, signed_in: SignedIn, web: Callable[..., Web]
) -> None:
    server = web(OK)
    assert signed_in.send("GET", server) == 200
    with pytest.raises(NotTaken, match="based on data read inf seconds before"):
        signed_in.send("POST", server)
    signed_in.look.begin()
    signed_in.seconds = age
    signed_in.look.saw_host("hv01", age - 1)
    signed_in.look.saw_host("hv02", 2)
    if is_sent:
        assert signed_in.send("POST", server) == 200
    else:
        words = "read 21 seconds before it could be sent; 30 are allowed. The slowest host was hv02, with 19 seconds"
        with pytest.raises(NotTaken, match=words):
            signed_in.send("POST", server)
    assert len(server.asked) == 1 + is_sent


def test_a_stranger_s_certificate_is_not_trusted(web: Callable[..., Web], client: Any) -> None:
    server = web(OK)
    client.ca_bundle = ""
    with pytest.raises(AzureError, match="CERTIFICATE_VERIFY_FAILED"):
        client.send("POST", server.url)
    assert server.asked == []


def test_the_pauses_between_tries_end_at_the_deadline(web: Callable[..., Web], client: Any) -> None:
    server = web(Answer(429, {}, {"Retry-After": "400"}))
    assert client.send("GET", server.url).status_code == 429
    assert sum(client.pauses) == 600


def test_the_service_s_clock_is_the_date_of_its_last_answer(web: Callable[..., Web], client: Any) -> None:
    seconds = [0.0]
    watch = Watch(60, clock=lambda: seconds[0])
    clock = ServiceClock(lambda: watch)
    before = datetime.now(timezone.utc)
    assert clock.now() >= before
    assert not clock.is_as_of(60)
    told = datetime(2017, 5, 13, 17, 49, 21, tzinfo=timezone.utc)
    server = web(Answer(200, {}, {"Date": "Sat, 13 May 2017 17:49:21 GMT"}), Answer(200, {}, {"Date": "today"}))
    with PipelineClient(server.url, policies=[clock], transport=client.transport) as sender:
        for second, tells in ((10.0, True), (16.0, False)):
            seconds[0] = second
            sender.send_request(HttpRequest("GET", server.url))
            assert (clock.now(), clock.is_as_of(5)) == (told, tells)


def test_a_watch_without_time_left_does_not_wait() -> None:
    pauses: list[float] = []
    Watch(0, clock=lambda: 0.0, pause=pauses.append).sleep(30)
    assert pauses == [0]

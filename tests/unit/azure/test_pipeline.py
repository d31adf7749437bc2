# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retries: a read as often as it takes, a write only when it certainly was not taken. On a real connection."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
import trustme
from azure.core import PipelineClient
from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError
from azure.core.rest import HttpRequest
from middleboxes import Proxy, TlsBreaker
from web import LOOPBACK, Answer, Web, free_port

from ansible_collections.asr.failback.plugins.module_utils.azure.pipeline import ServiceClock
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


def test_a_proxy_that_is_not_there_is_tried_again(
    web: Callable[..., Web], client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = web(OK)
    monkeypatch.setenv("HTTPS_PROXY", f"http://{LOOPBACK}:{free_port()}")
    with pytest.raises(ServiceRequestError):
        client.send("POST", server.url)
    assert len(client.pauses) > 1
    assert server.asked == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "GET"])
def test_what_was_throttled_was_not_taken_and_is_sent_again(method: str, web: Callable[..., Web], client: Any) -> None:
    server = web(Answer(429, {}, RETRY_AFTER), Answer(429, {}, RETRY_AFTER), OK)
    assert client.send(method, server.url).status_code == 200
    assert client.pauses == [17, 17]


def test_throttling_without_end_ends_in_the_service_s_answer(web: Callable[..., Web], client: Any) -> None:
    server = web(Answer(429, {}, {"Retry-After": "1"}))
    assert client.send("POST", server.url).status_code == 429
    assert 1 < len(server.asked) <= 12


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_what_never_left_is_sent_again(method: str, web: Callable[..., Web], client: Any) -> None:
    port = free_port()
    started: list[Web] = []
    client.meanwhile = lambda: started or started.append(web(OK, port=port))
    assert client.send(method, f"https://{LOOPBACK}:{port}").status_code == 200
    assert len(client.pauses) == 1
    assert len(started[0].asked) == 1


def test_a_server_that_is_never_there_is_given_up(client: Any) -> None:
    with pytest.raises(ServiceRequestError):
        client.send("POST", f"https://{LOOPBACK}:{free_port()}")
    assert client.pauses


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
    clock = ServiceClock()
    before = datetime.now(timezone.utc)
    assert clock.now() >= before
    server = web(Answer(200, {}, {"Date": "Sat, 13 May 2017 17:49:21 GMT"}))
    with PipelineClient(server.url, policies=[clock], transport=client.transport) as sender:
        sender.send_request(HttpRequest("GET", server.url))
    assert clock.now() == datetime(2017, 5, 13, 17, 49, 21, tzinfo=timezone.utc)


def test_a_watch_without_time_left_does_not_wait() -> None:
    pauses: list[float] = []
    Watch(0, clock=lambda: 0.0, pause=pauses.append).sleep(30)
    assert pauses == [0]

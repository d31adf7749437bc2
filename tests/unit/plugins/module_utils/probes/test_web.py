# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probes of ports and web servers, against servers on loopback."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.web import LOOPBACK, Answer, Web, free_port

from ansible_collections.asr.failback.plugins.module_utils.probes.tcp import TcpProbe
from ansible_collections.asr.failback.plugins.module_utils.probes.web import HttpProbe

SECONDS = 5.0


@contextmanager
def listening() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def http(server: Web, **parts: Any) -> HttpProbe:
    return HttpProbe(name="shop", port=server.server_port, **parts)


def test_an_open_port_passes() -> None:
    with listening() as port:
        outcome = TcpProbe(name="one", port=port).attempt(LOOPBACK, SECONDS)
    assert (outcome.status, outcome.seen) == ("pass", f"{LOOPBACK}:{port} is open")


def test_a_closed_port_fails_and_may_be_open_next_time() -> None:
    port = free_port()
    outcome = TcpProbe(name="one", port=port).attempt(LOOPBACK, SECONDS)
    assert outcome.status == "fail"
    assert not outcome.is_final
    assert "refused" in outcome.cause


def test_a_name_that_leads_nowhere_fails() -> None:
    outcome = TcpProbe(name="one", port=80).attempt("does-not-exist.invalid", SECONDS)
    assert outcome.status == "fail"
    assert "does-not-exist.invalid:80" in outcome.cause


def test_an_ipv6_address_is_written_in_brackets() -> None:
    assert "[::1]:" in TcpProbe(name="one", port=free_port()).attempt("::1", SECONDS).seen


@pytest.mark.parametrize(
    ("answer", "parts", "status", "words"),
    [
        (Answer(body="all is well"), {}, "pass", "HTTP 200"),
        (Answer(body="all is well"), {"contains": "is well"}, "pass", "with the text looked for"),
        (Answer(body="all is not"), {"contains": "is well"}, "fail", "all is not"),
        (Answer(301, headers={"Location": "https://elsewhere.invalid/"}), {}, "pass", "HTTP 301"),
        (Answer(301, headers={"Location": "https://elsewhere.invalid/"}), {"status": (200,)}, "fail", "HTTP 301"),
        (Answer(503, body="no database"), {}, "fail", "HTTP 503"),
        (Answer(503, body="no database"), {"status": (503,), "contains": "database"}, "pass", "HTTP 503"),
        (Answer(404, body=""), {"status": (200, 404)}, "pass", "HTTP 404"),
        (Answer(reset=True), {}, "fail", "no answer"),
        (Answer(hang_up=True), {}, "fail", "no answer"),
    ],
    ids=str,
)
def test_a_web_server_is_judged_by_its_own_answer(
    answer: Answer, parts: dict[str, Any], status: str, words: str
) -> None:
    with Web(None, [answer]) as server:
        outcome = http(server, path="/health?key=secret", **parts).attempt(LOOPBACK, SECONDS)
        assert server.asked == [("GET", "/health?key=secret")]
    assert outcome.status == status
    assert words in outcome.seen
    assert not outcome.is_final
    assert "secret" not in repr(outcome)


def test_what_is_shown_of_a_page_is_short() -> None:
    with Web(None, [Answer(body="x" * 5000)]) as server:
        outcome = http(server, contains="y").attempt(LOOPBACK, SECONDS)
    assert len(outcome.seen) < 300
    assert "The text 'y' is not in the answer" in outcome.cause


def test_a_server_that_says_nothing_is_not_waited_for_without_end() -> None:
    with listening() as port:
        outcome = HttpProbe(name="one", port=port).attempt(LOOPBACK, 0.2)
    assert outcome.status == "fail"
    assert "timed out" in outcome.cause


def test_a_certificate_must_be_trusted_unless_told_otherwise(tmp_path: Path) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with Web(authority, [Answer(body="fine")]) as server:
        untrusted = http(server, scheme="https").attempt(LOOPBACK, SECONDS)
        trusted = http(server, scheme="https", ca_path=str(bundle)).attempt(LOOPBACK, SECONDS)
        careless = http(server, scheme="https", validate_certs=False).attempt(LOOPBACK, SECONDS)
        other_name = HttpProbe(name="x", url=f"https://localhost:{server.server_port}/", ca_path=str(bundle))
        misnamed = other_name.attempt("", SECONDS)
    assert [one.status for one in (untrusted, trusted, careless, misnamed)] == ["fail", "pass", "pass", "fail"]
    assert "CERTIFICATE_VERIFY_FAILED" in untrusted.cause
    assert "ca_path" in untrusted.remedy


def test_certificates_that_are_not_there_are_no_matter_of_trying_again() -> None:
    outcome = HttpProbe(name="one", ca_path="/does/not/exist.pem").attempt(LOOPBACK, SECONDS)
    assert (outcome.status, outcome.is_final) == ("fail", True)
    assert "/does/not/exist.pem is no file" in outcome.cause


def test_a_wrong_password_is_tried_once() -> None:
    with Web(None, [Answer(401)]) as server:
        refused = http(server, user="probe", password="wrong").attempt(LOOPBACK, SECONDS)
        nobody = http(server).attempt(LOOPBACK, SECONDS)
        assert server.credentials == [f"Basic {base64.b64encode(b'probe:wrong').decode()}", None]
        # What was sent cannot be a wrong password here.
        assert http(server, user="probe", password="right", status=(401,)).attempt(LOOPBACK, SECONDS).status == "pass"
    assert [(one.status, one.is_final) for one in (refused, nobody)] == [("fail", True), ("fail", False)]
    assert "wrong" not in repr(refused)


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://{LOOPBACK}:{free_port()}")
    monkeypatch.setenv("no_proxy", "")
    with Web(None, [Answer(body="fine")]) as server:
        assert http(server).attempt(LOOPBACK, SECONDS).status == "pass"


@contextmanager
def dribbling(first: bytes, rest: bytes = b"x") -> Iterator[int]:
    """A web server whose answer takes its time, and never pauses for long."""
    stop = threading.Event()

    def serve(server: socket.socket) -> None:
        connection, _address = server.accept()
        with connection, suppress(OSError):
            connection.sendall(first)
            # A client that waits for the end must not wait for ever.
            for _time in range(80):
                connection.sendall(rest)
                if stop.wait(0.05):
                    break

    with socket.create_server((LOOPBACK, 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize(
    ("first", "contains"),
    [
        (b"HTTP/1.1 200 O", ""),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", ""),
        (b"HTTP/1.1 200 OK\r\n\r\n", "a text that never comes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", "a text that never comes"),
    ],
    ids=["status", "header", "body", "chunk"],
)
def test_an_answer_that_dribbles_gets_no_more_than_its_time(first: bytes, contains: str) -> None:
    with dribbling(first, b"0" if first.endswith(b"1") else b"x") as port:
        began = time.monotonic()
        outcome = HttpProbe(name="shop", port=port, contains=contains).attempt(LOOPBACK, 1)
        took = time.monotonic() - began
    assert outcome.status == "fail"
    assert took < 3

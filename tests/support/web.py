# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A web server on loopback that says what a test tells it to say and keeps what it was asked."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import trustme

LOOPBACK = "127.0.0.1"
# Closing then resets the connection instead of ending it in order.
LINGER_NOT = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Answer:
    """What the server says to one request; `reset` and `hang_up` say nothing, after the whole request has arrived.

    A `body` that is a function is told what came with all requests until now.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reset: bool = False
    hang_up: bool = False


class _Handler(BaseHTTPRequestHandler):
    server: Web

    def handle_any(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.credentials.append(self.headers.get("Authorization"))
        answer = self.server.take(self.command, self.path, content)
        self.close_connection = True
        if answer.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        if answer.reset or answer.hang_up:
            return
        content = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        self.send_response_only(answer.status)
        usual = {"Date": self.date_time_string(), "Content-Type": "application/json"}
        for name, value in {**usual, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content.encode())))
        self.end_headers()
        self.wfile.write(content.encode())

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Web(ThreadingHTTPServer):
    """A context manager. Answers are given in order, the last one again and again. Without an authority, it has no TLS.

    `asked` are the method and path of each request, `bodies` what came with it, `credentials` who it said to be.
    """

    daemon_threads = True

    def __init__(self, authority: trustme.CA | None, answers: Sequence[Answer], port: int = 0) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        if authority is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(LOOPBACK).configure_cert(context)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"{'https' if authority else 'http'}://{LOOPBACK}:{self.server_port}"
        self.asked: list[tuple[str, str]] = []
        self.bodies: list[Any] = []
        self.credentials: list[str | None] = []
        self._answers = list(answers)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def answer(self, *answers: Answer) -> None:
        """Say this from now on."""
        with self._lock:
            self._answers = list(answers)

    def take(self, method: str, path: str, content: bytes) -> Answer:
        """The answer to the next request."""
        with self._lock:
            self.asked.append((method, path))
            self.bodies.append(_read(content))
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            return replace(answer, body=answer.body(self.bodies)) if callable(answer.body) else answer

    def __enter__(self) -> Web:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


def _read(content: bytes) -> Any:
    """What came with a request: JSON, or else text, or else bytes."""
    try:
        return json.loads(content) if content else None
    except ValueError:
        return _as_text(content)


def _as_text(content: bytes) -> str | bytes:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


def free_port() -> int:
    """A port of loopback on which nothing listens."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])

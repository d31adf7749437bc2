# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a client and Azure, on loopback: a box that breaks TLS, and a proxy. Context managers."""

from __future__ import annotations

import http.client
import os
import select
import socket
import socketserver
import ssl
import threading
from types import TracebackType

import trustme

from support.web import LOOPBACK

PLAIN = b"HTTP/1.1 502 a middlebox speaks plain here\r\n\r\n"


class _Box(socketserver.ThreadingTCPServer):
    """A server in a thread of its own."""

    daemon_threads = True

    def __init__(self, handler: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__((LOOPBACK, 0), handler)
        self.address = f"{LOOPBACK}:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _BreakTls(socketserver.BaseRequestHandler):
    server: TlsBreaker

    def handle(self) -> None:
        with self.server.context.wrap_socket(self.request, server_side=True) as connection:
            with connection.makefile("rb") as request:
                self.server.asked.append(request.readline().split(b" ", 1)[0].decode())
                request.read(int(http.client.parse_headers(request).get("Content-Length", "0")))
            os.write(connection.fileno(), PLAIN)


class TlsBreaker(_Box):
    """Takes each request over TLS and answers it without. `asked` are the methods of the requests that arrived."""

    def __init__(self, authority: trustme.CA) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(LOOPBACK).configure_cert(self.context)
        self.asked: list[str] = []
        super().__init__(_BreakTls)
        self.url = f"https://{self.address}"

    def __enter__(self) -> TlsBreaker:
        self.start()
        return self


class _Tunnel(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        method, target = self.rfile.readline().decode().split()[:2]
        while self.rfile.readline().strip():
            pass
        self.server.asked.append(f"{method} {target}")
        if self.server.refusal:
            self.wfile.write(self.server.refusal)
            return
        host, port = target.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as beyond:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _pass_on(self.request, beyond)


def _pass_on(left: socket.socket, right: socket.socket) -> None:
    """Copy both ways until either side ends."""
    others = {left: right, right: left}
    while True:
        for ready in select.select(list(others), [], [])[0]:
            try:
                data = ready.recv(65536)
            except ConnectionError:
                return
            if not data:
                return
            others[ready].sendall(data)


class Proxy(_Box):
    """A proxy for https; with `refusal` it answers that instead. `asked` are the requests to itself."""

    def __init__(self, refusal: bytes = b"") -> None:
        self.refusal = refusal
        self.asked: list[str] = []
        super().__init__(_Tunnel)
        self.url = f"http://{self.address}"

    def __enter__(self) -> Proxy:
        self.start()
        return self

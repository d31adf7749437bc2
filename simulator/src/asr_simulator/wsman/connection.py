# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection to a host: HTTP/1.1 as HTTP.sys and the WinRM service speak it."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from asr_simulator.wsman.authentication import Guard
from asr_simulator.wsman.calls import Unanswered
from asr_simulator.wsman.exchange import Content, exchange, identify_stranger
from asr_simulator.wsman.hosts import RemoteHost
from asr_simulator.wsman.operations import LARGEST_KILOBYTES
from asr_simulator.wsman.world import HostsWorld, Locked

IDLE_SECONDS = 120.0
MOST_THROWN_AWAY = 64 * 1024 * 1024
PIECE = 65536
SOAP_TYPE = "application/soap+xml"
CONTENT_TYPE = f"{SOAP_TYPE};charset=UTF-8"
PAGE = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">
<HTML><HEAD><TITLE>{title}</TITLE></HEAD>
<BODY><h2>{title}</h2>
<hr><p>HTTP Error {status}. {text}</p>
</BODY></HTML>
"""


@dataclass(frozen=True)
class Desk:
    """What a connection needs of the server. ``name`` is the host's, in lower case."""

    locked: Locked
    name: str
    certificate_hash: bytes

    def host_of(self, world: HostsWorld) -> RemoteHost | None:
        """The host as it is now; None: it is gone."""
        return world.hosts.get(self.name)


class Connection(BaseHTTPRequestHandler):
    """Answers the requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    def __init__(self, channel: socket.socket, address: Any, desk: Desk) -> None:
        self._desk = desk
        self._guard = Guard(desk.certificate_hash, address[0])
        super().__init__(channel, address, server=None)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        """A request of WS-Management."""
        document = self._read()
        if document is None:
            return
        host = self._desk.locked(self._desk.host_of)
        if host is None or not host.reachable:
            self.close_connection = True
        elif self.headers.get("WSMANIDENTIFY", "").lower() == "unauthenticated":
            self._identify(document)
        else:
            self._exchange(host, document)

    def _method_not_allowed(self) -> None:
        self.send_error(405)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_TRACE = _method_not_allowed

    def _read(self) -> bytes | None:
        """The body of a request that may be looked at; None: it was refused."""
        path = self.path.partition("?")[0].rstrip("/").lower()
        if path != "/wsman":
            self.send_error(404, explain="The requested resource is not found.")
        elif self._length is None:
            self.send_error(411, explain="The request must be chunked or have a content length.")
        elif self._length > LARGEST_KILOBYTES * 1024:
            self._leave(413)
        else:
            return self.rfile.read(self._length)
        return None

    @property
    def _length(self) -> int | None:
        """How many bytes the body has; None: the request does not tell. No known client of WinRM sends chunks."""
        length = self.headers.get("Content-Length", "")
        return int(length) if length.isdecimal() else None

    def _identify(self, document: bytes) -> None:
        content = identify_stranger(document)
        if content:
            self._send(content)
        else:
            self._answer(401, challenges=("Negotiate",))

    def _exchange(self, host: RemoteHost, document: bytes) -> None:
        verdict = self._guard.check(host, self.headers.get("Authorization", ""))
        if verdict.peer is None:
            self._answer(401, challenges=verdict.challenges)
        elif self.headers.get_content_type() == "multipart/encrypted":
            self.send_error(501, explain="asr-simulator does not model the encryption of messages below TLS.")
        elif self.headers.get_content_type() != SOAP_TYPE:
            self._answer(415)
        else:
            try:
                content = exchange(document, verdict.peer, self._desk.locked)
            except Unanswered:
                self._fall_silent()
                return
            self._send(content, verdict.challenges)

    def _fall_silent(self) -> None:
        """Say nothing until the caller leaves."""
        self.close_connection = True
        with suppress(OSError):
            self.rfile.read(1)

    def _send(self, content: Content, challenges: tuple[str, ...] = ()) -> None:
        self._answer(content.status, content.document, CONTENT_TYPE, challenges)

    def _answer(self, status: int, body: bytes = b"", content_type: str = "", challenges: tuple[str, ...] = ()) -> None:
        self.send_response(status)
        if self.close_connection:
            self.send_header("Connection", "close")
        for challenge in challenges:
            self.send_header("WWW-Authenticate", challenge)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A page of HTTP.sys, after which it closes the connection."""
        status = HTTPStatus(code)
        page = PAGE.format(title=status.phrase, status=code, text=explain or f"{status.phrase}.")
        self._leave(code, page.replace("\n", "\r\n").encode(), "text/html; charset=us-ascii")

    def _leave(self, status: int, body: bytes = b"", content_type: str = "") -> None:
        """Answer without having read the request's body, and close.

        What the client still sends is thrown away: closing at once would reset the connection, and the answer be lost.
        """
        self.close_connection = True
        self._answer(status, body, content_type)
        left = min(self._length or 0, MOST_THROWN_AWAY) if hasattr(self, "headers") else 0
        while left > 0 and (got := self.rfile.read1(min(left, PIECE))):
            left -= len(got)

    def version_string(self) -> str:
        """The name of the server that answers for WinRM."""
        return "Microsoft-HTTPAPI/2.0"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: the sessions are in the world's journal."""

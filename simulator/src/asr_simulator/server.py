# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listens on loopback with TLS from a certificate authority of its own."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import trustme
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from asr_simulator.app import Application
from asr_simulator.clock import Clock
from asr_simulator.connection import connection_of, write_connection
from asr_simulator.journal import Journal, Traffic
from asr_simulator.remoting import HostCommands
from asr_simulator.scenarios import Scenario, load
from asr_simulator.wire import Hangup
from asr_simulator.world import World
from asr_simulator.wsman import WsmanServer

LOOPBACK = "127.0.0.1"
IDLE_SECONDS = 120.0
# Closing then resets the connection instead of ending it in order.
LINGER_NOT = struct.pack("ii", 1, 0)


class _Handler(WSGIRequestHandler):
    """Keeps connections open. The application reads every body to its end, so nothing is left in the stream.

    werkzeug's own handler closes after each answer, and drains the stream in a way that would swallow the next request.
    """

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    def run_wsgi(self) -> None:
        """Answer one request; a `Hangup` ends the connection where it stands."""
        try:
            for data in self.server.app(self.make_environ(), self._start_response):
                self.wfile.write(data)
        except Hangup as hangup:
            time.sleep(hangup.delay)
            if hangup.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            self.close_connection = True

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], int]:
        # The application dates its answers itself.
        self.send_response_only(int(status.split(" ", 1)[0]))
        self.send_header("Server", self.version_string())
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        return self.wfile.write

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: the journal keeps what was asked."""


class _Server(ThreadedWSGIServer):
    """Shakes hands in the connection's own thread, so that a silent client holds up nobody."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, app: Application, port: int, tls: ssl.SSLContext) -> None:
        super().__init__(LOOPBACK, port, app, handler=_Handler)
        self.ssl_context = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        try:
            wrapped = self.ssl_context.wrap_socket(request, server_side=True)  # type: ignore[union-attr]
        except OSError:
            return
        try:
            wrapped.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            super().finish_request(wrapped, client_address)
        finally:
            wrapped.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that the client broke is no error of the simulator; anything else is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Simulator:
    """A running simulator; a context manager that stops it."""

    def __init__(
        self, application: Application, server: _Server, authority: trustme.CA, state_dir: Path, traffic: Traffic | None
    ) -> None:
        self._application = application
        self._server = server
        self._traffic = traffic
        self.state_dir = state_dir
        self.url = f"https://{LOOPBACK}:{server.port}"
        self._authority = authority
        self._wsman = WsmanServer(authority, application.locked, lambda world: world.hyperv.hosts, HostCommands())
        self._wsman.start()
        application.watch(self._follow)
        self._publish(application.world)
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @classmethod
    def start(
        cls,
        scenario: str | Path | Mapping[str, Any] | Scenario,
        state_dir: str | Path,
        port: int = 0,
        speed: float | None = None,
        seed: int | None = None,
        traffic: str | Path | None = None,
    ) -> Simulator:
        """Start on ``port`` (0: any free one) and write ``connection.json``, ``env.sh`` and
        ``hyperv_hosts.yml`` to ``state_dir``.

        ``speed`` None: the scenario's; 0: time moves by ``clock.advance`` alone.

        Raises:
            ScenarioError: the scenario cannot be used.
            OSError: the port is taken or the folder cannot be written.
        """
        folder = Path(state_dir)
        folder.mkdir(parents=True, exist_ok=True)
        file = Traffic(Path(traffic)) if traffic else None
        application = Application(scenario if isinstance(scenario, Scenario) else load(scenario, seed), speed, file)
        authority = trustme.CA()
        return cls(application, _Server(application, port, _tls(authority)), authority, folder, file)

    @property
    def world(self) -> World:
        """The world as it is now (a reset replaces it)."""
        return self._application.world

    @property
    def clock(self) -> Clock:
        """The world's clock. To move it while clients are at work, use :meth:`locked` or the control API."""
        return self.world.clock

    @property
    def journal(self) -> Journal:
        """What was asked."""
        return self.world.journal

    def state(self) -> dict[str, Any]:
        """What ``GET /_simulator/state`` shows."""
        result: dict[str, Any] = self.locked(lambda world: world.state())
        return result

    def locked(self, action: Callable[[World], Any]) -> Any:
        """The result of ``action``, run while no request is."""
        return self._application.locked(action)

    def reset(self, scenario: Scenario) -> None:
        """Start again from a scenario, with an empty journal."""
        self._application.reset(scenario)

    def watch(self, watcher: Callable[[World], None]) -> None:
        """Call ``watcher`` now and after every request, before time goes on."""
        self._application.watch(watcher)

    def stop(self) -> None:
        """Stop listening and end."""
        self._wsman.stop()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self._traffic:
            self._traffic.close()

    def _follow(self, world: World) -> None:
        if self._wsman.follow(world):
            self._publish(world)

    def _publish(self, world: World) -> None:
        self.connection = connection_of(world, self.url, self.state_dir, self._wsman.ports)
        write_connection(self.connection, self.state_dir, self._authority.cert_pem.bytes())

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(LOOPBACK, "localhost").configure_cert(context)
    return context

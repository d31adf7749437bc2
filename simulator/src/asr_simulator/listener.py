# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The socket that clients of Azure connect to: it listens on loopback, can go away and comes back on the same port."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from asr_simulator.app import Application
from asr_simulator.sockets import LOOPBACK, bound, reset, reset_on_close
from asr_simulator.wire import Hangup

IDLE_SECONDS = 120.0


class _Handler(WSGIRequestHandler):
    """Keeps connections open. The application reads every body to its end, so nothing is left in the stream.

    werkzeug's own handler closes after each answer, and drains the stream in a way that would swallow the next request.
    """

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    def run_wsgi(self) -> None:
        """Answer one request; a `Hangup` ends the connection where it stands."""
        try:
            for data in self.server.app(self.make_environ(), self._start_response):
                self.wfile.write(data)
        except Hangup as hangup:
            time.sleep(hangup.delay)
            if hangup.away:
                self.server.leave(hangup.away)
            if hangup.reset:
                reset_on_close(self.connection)
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

    def __init__(
        self, app: Application, port: int, tls: ssl.SSLContext, leave: Callable[[float], None], kept: int
    ) -> None:
        super().__init__(LOOPBACK, port, app, handler=_Handler, fd=kept)
        self.ssl_context = tls
        self.leave = leave
        self._open: set[socket.socket] = set()

    def finish_request(self, request: Any, client_address: Any) -> None:
        try:
            wrapped = self.ssl_context.wrap_socket(request, server_side=True)  # type: ignore[union-attr]
        except OSError:
            return
        self._open.add(wrapped)
        try:
            wrapped.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            super().finish_request(wrapped, client_address)
        finally:
            self._open.discard(wrapped)
            wrapped.close()

    def break_connections(self) -> None:
        """Reset every connection: its own thread, woken here, closes it."""
        for connection in list(self._open):
            reset(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that the client broke is no error of the simulator; anything else is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Listener:
    """Serves an application, in threads of its own, until it is stopped.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, application: Application, port: int, tls: ssl.SSLContext) -> None:
        self._application, self._tls = application, tls
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        # werkzeug's own way to a port that is taken is to end the program.
        with bound(port) as kept:
            self.port = int(kept.getsockname()[1])
            self._listen(kept)

    def leave(self, seconds: float) -> None:
        """Refuse connections for so many real seconds, and break those that are open; return when that has begun."""
        gone = threading.Event()
        threading.Thread(target=self._away, args=(seconds, gone), daemon=True).start()
        gone.wait()

    def stop(self) -> None:
        """Listen no more."""
        self._stopped.set()
        with self._turn:
            self._close()

    def _listen(self, kept: socket.socket) -> None:
        """Listen on the socket that kept the port."""
        kept.listen(_Server.request_queue_size)
        self._server = _Server(self._application, self.port, self._tls, self.leave, kept.fileno())
        self._thread = self._serve()

    def _serve(self) -> threading.Thread:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        return thread

    def _close(self) -> None:
        ending = threading.Thread(target=self._server.shutdown)
        ending.start()
        # The server looks up when somebody knocks, not only every so often.
        with suppress(OSError):
            socket.create_connection((LOOPBACK, self.port), IDLE_SECONDS).close()
        ending.join()
        self._server.server_close()
        self._thread.join()

    def _away(self, seconds: float, gone: threading.Event) -> None:
        if not self._turn.acquire(blocking=False):
            # It is away already, or stops.
            gone.set()
            return
        try:
            self._close()
            # Otherwise a connection of another process may be given the port meanwhile.
            with bound(self.port) as kept:
                self._server.break_connections()
                gone.set()
                if not self._stopped.wait(seconds):
                    self._listen(kept)
        finally:
            gone.set()
            self._turn.release()

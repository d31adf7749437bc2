# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator as a WSGI application: HTTP in, HTTP out, one lock around the world."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response as HttpResponse

from asr_simulator import control
from asr_simulator.journal import Traffic
from asr_simulator.pipeline import answer
from asr_simulator.routes import all_routes
from asr_simulator.scenarios import Scenario
from asr_simulator.wire import ArmError, Hangup, Headers, Reply, Request, RouteTable, to_json
from asr_simulator.world import World, build_world

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

JSON = "application/json; charset=utf-8"


class Application:
    """Answers requests from one world, which :meth:`reset` replaces."""

    def __init__(self, scenario: Scenario, speed: float | None = None, traffic: Traffic | None = None) -> None:
        self._lock = threading.RLock()
        self._table = RouteTable(all_routes())
        self._traffic = traffic
        self._speed = speed
        self._watchers: list[Callable[[World], None]] = []
        self.reset(scenario)

    @property
    def world(self) -> World:
        """The world as it is now."""
        return self._world

    def reset(self, scenario: Scenario) -> None:
        """Start again from a scenario, with an empty journal."""
        with self._held():
            self._world = build_world(scenario)
            if self._speed is not None:
                self._world.clock.set_speed(self._speed)

    def watch(self, watcher: Callable[[World], None]) -> None:
        """Call ``watcher`` now and whenever the world may have changed, while nothing else changes it."""
        self._watchers.append(watcher)
        self.locked(lambda world: None)

    def locked(self, action: Callable[[World], Any]) -> Any:
        """The result of ``action``, run while no request is."""
        with self._held():
            self._world.clock.tick()
            return action(self._world)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """One exchange, as WSGI."""
        request, malformed = _read(HttpRequest(environ))
        if control.handles(request.path):
            with self._held():
                reply = control.answer(self, request)
                self._date(reply)
        else:
            reply = self._exchange(request, malformed)
        if reply.delay:
            time.sleep(reply.delay)
        body = _write(request, reply)(environ, start_response)
        return body if reply.cut is None else _cut(b"".join(body), reply.cut)

    @contextmanager
    def _held(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            finally:
                for watcher in self._watchers:
                    watcher(self._world)

    def _date(self, reply: Reply) -> None:
        """Date an answer by simulated time: clients tell by it how old things are. A fault may have dated it."""
        reply.headers.setdefault("Date", format_datetime(self._world.clock.now(), usegmt=True))

    def _exchange(self, request: Request, malformed: ArmError | None) -> Reply:
        with self._held():
            reply = answer(self._world, self._table, request, malformed)
            self._date(reply)
        if self._traffic:
            found = self._table.find(request.method, request.path)
            self._traffic.record(request, reply, arm=found is None or found[0].authenticated)
        return reply


def _read(http: HttpRequest) -> tuple[Request, ArmError | None]:
    """The request, and why its body could not be read (the body is drained in any case)."""
    raw = http.get_data(cache=True, parse_form_data=False)
    request = Request(
        method=http.method,
        path=http.path,
        query={key.lower(): value for key, value in http.args.items()},
        headers=Headers(http.headers.items()),
        raw=raw,
        base_url=http.host_url.rstrip("/"),
    )
    if http.mimetype == "application/x-www-form-urlencoded":
        request.form = dict(http.form.items())
    elif raw:
        try:
            request.body = json.loads(raw)
        except ValueError as error:
            return request, ArmError(
                400,
                "InvalidRequestContent",
                f"The request content was invalid and could not be deserialized: '{error}'.",
            )
    return request, None


def _cut(body: bytes, count: int) -> Iterable[bytes]:
    yield body[:count]
    raise Hangup


def _write(request: Request, reply: Reply) -> HttpResponse:
    data = reply.raw if reply.raw is not None else b""
    if reply.raw is None and reply.body is not None:
        data = to_json(reply.body)
    response = HttpResponse(data, status=reply.status)
    response.headers["Content-Type"] = JSON
    if not data:
        response.headers["Content-Length"] = "0"
        del response.headers["Content-Type"]
    for name, value in reply.headers.items():
        if value:
            response.headers[name] = value
    client_request = request.headers.get("x-ms-client-request-id")
    if client_request:
        response.headers["x-ms-client-request-id"] = client_request
    response.headers.setdefault("Cache-Control", "no-cache")
    return response

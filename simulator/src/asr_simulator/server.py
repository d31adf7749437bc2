# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listens on loopback with TLS from a certificate authority of its own."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import trustme

from asr_simulator.app import Application
from asr_simulator.clock import Clock
from asr_simulator.connection import connection_of, write_connection
from asr_simulator.journal import Journal, Traffic
from asr_simulator.listener import Listener
from asr_simulator.scenarios import Scenario, load
from asr_simulator.sockets import LOOPBACK
from asr_simulator.world import World
from asr_simulator.wsman import WsmanServer


class Simulator:
    """A running simulator; a context manager that stops it."""

    def __init__(
        self,
        application: Application,
        listener: Listener,
        authority: trustme.CA,
        state_dir: Path,
        traffic: Traffic | None,
    ) -> None:
        self._application = application
        self._listener = listener
        self._traffic = traffic
        self.state_dir = state_dir
        self.url = f"https://{LOOPBACK}:{listener.port}"
        self._authority = authority
        self._wsman = WsmanServer(authority, application.locked)
        self._wsman.start()
        self._published = application.world.scenario
        application.watch(self._follow)
        self._publish(application.world)

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
        return cls(application, Listener(application, port, _tls(authority)), authority, folder, file)

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

    def reset(self, scenario: Scenario | None = None) -> None:
        """Start again from a scenario (None: the same), with an empty journal.

        The addresses stay, of the hosts those of the same names. Accounts and secrets are those of the scenario.
        """
        self._application.reset(scenario or self.world.scenario)

    def watch(self, watcher: Callable[[World], None]) -> None:
        """Call ``watcher`` now and after every request, before time goes on."""
        self._application.watch(watcher)

    def stop(self) -> None:
        """Stop listening and end."""
        self._wsman.stop()
        self._listener.stop()
        if self._traffic:
            self._traffic.close()

    def _follow(self, world: World) -> None:
        if self._wsman.follow(world) or world.scenario is not self._published:
            self._publish(world)

    def _publish(self, world: World) -> None:
        self._published = world.scenario
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

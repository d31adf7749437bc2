# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ports: one for each host, all on loopback, all watched by one thread that sleeps until somebody calls.

An unreachable host keeps its port, but nobody listens there: connections are refused, those that were open are reset.
One that is silent swallows connections: whoever tries to connect hears nothing.
While there is such a host, the thread wakes when something is due in the world: nobody else can ask it to come back.
"""

from __future__ import annotations

import hashlib
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import trustme

from asr_simulator.clock import Clock
from asr_simulator.sockets import LOOPBACK, bound, reset
from asr_simulator.wsman.connection import Connection, Desk
from asr_simulator.wsman.hosts import RemoteHost
from asr_simulator.wsman.ntlm import USER_FILE
from asr_simulator.wsman.world import HostsWorld, Locked

SLACK_SECONDS = 0.01
BACKLOG = 256
HANDSHAKE_SECONDS = 30.0


@dataclass
class _Port:
    """The port of one host. ``channels`` are its open connections; TLS is prepared when the first one comes."""

    name: str
    number: int
    listener: socket.socket
    is_open: bool
    is_silent: bool = False
    channels: set[socket.socket] = field(default_factory=set)
    # What fills the queue of a silent port.
    filling: list[socket.socket] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    certificate_hash: bytes = b""


class WsmanServer:
    """Listens for the hosts of a world, and follows what becomes of them."""

    def __init__(self, authority: trustme.CA, locked: Locked) -> None:
        self._authority = authority
        self._locked = locked
        self._ports: dict[str, _Port] = {}
        self._lock = threading.RLock()
        self._stopping = False
        self._wakes: float | None = None
        self._selector = selectors.DefaultSelector()
        self._bell, self._rope = socket.socketpair()
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._watch, name="wsman", daemon=True)

    def start(self) -> None:
        """Open the ports."""
        USER_FILE.open()
        self._locked(self.follow)
        self._thread.start()

    def stop(self) -> None:
        """Close all ports and connections."""
        with self._lock:
            self._stopping = True
            for port in list(self._ports.values()):
                self._close(port)
        self._rope.send(b".")
        self._thread.join()
        self._selector.close()
        self._bell.close()
        self._rope.close()
        USER_FILE.close()

    @property
    def ports(self) -> dict[str, int]:
        """The port of each host, by the host's name in lower case."""
        with self._lock:
            return {name: port.number for name, port in self._ports.items()}

    def follow(self, world: HostsWorld) -> bool:
        """Bring the ports in line with the hosts; whether hosts came or went. Called while the world is locked."""
        hosts = world.hosts
        with self._lock:
            if self._stopping:
                return False
            changed = hosts.keys() != self._ports.keys()
            if changed:
                self._renew(hosts)
            for name, port in self._ports.items():
                self._bring_in_line(port, hosts[name])
            self._plan(world.clock)
        return changed

    def _renew(self, hosts: Mapping[str, RemoteHost]) -> None:
        """Give a port to each host that came, and close those of hosts that went."""
        for name in hosts.keys() - self._ports.keys():
            self._ports[name] = self._bind(hosts[name])
        for name in self._ports.keys() - hosts.keys():
            self._close(self._ports.pop(name))

    def _plan(self, clock: Clock) -> None:
        """Decide when to wake, in real time."""
        due = clock.next_due()
        before, self._wakes = self._wakes, None
        if due and clock.speed and not all(port.is_open for port in self._ports.values()):
            self._wakes = time.monotonic() + (due - clock.now()).total_seconds() / clock.speed
            if before is None or self._wakes < before - SLACK_SECONDS:
                self._rope.send(b".")

    def _bind(self, host: RemoteHost) -> _Port:
        listener = bound(0)
        port = _Port(host.name, listener.getsockname()[1], listener, is_open=False)
        self._bring_in_line(port, host)
        return port

    def _bring_in_line(self, port: _Port, host: RemoteHost) -> None:
        if port.is_silent != host.silent:
            (self._fall_silent if host.silent else self._shut)(port)
        if port.is_open != host.reachable:
            (self._shut if port.is_open else self._listen)(port)

    def _fall_silent(self, port: _Port) -> None:
        """Swallow connections from now on: nobody takes those that come, and for more than one there is no room."""
        self._shut(port)
        port.listener.listen(0)
        port.filling.append(socket.create_connection((LOOPBACK, port.number)))
        port.is_silent = True

    def _listen(self, port: _Port) -> None:
        port.listener.listen(BACKLOG)
        port.listener.setblocking(False)
        self._selector.register(port.listener, selectors.EVENT_READ, port)
        port.is_open = True

    def _shut(self, port: _Port) -> None:
        """Refuse connections from now on, but keep the number."""
        self._close(port)
        port.listener = bound(port.number)

    def _close(self, port: _Port) -> None:
        if port.is_open:
            self._selector.unregister(port.listener)
            port.is_open = False
        port.listener.close()
        port.is_silent = False
        for channel in port.channels:
            reset(channel)
        while port.filling:
            port.filling.pop().close()

    def _watch(self) -> None:
        while not self._stopping:
            wakes = self._wakes
            ready = self._selector.select(None if wakes is None else max(0.0, wakes - time.monotonic()))
            for key, _unused in ready:
                if key.data is not None:
                    self._accept(key.data)
                else:
                    self._bell.recv(4096)
            if not ready and not self._stopping:
                self._locked(self.follow)

    def _accept(self, port: _Port) -> None:
        try:
            channel, address = port.listener.accept()
        except OSError:  # the caller has left, or the port was shut meanwhile
            return
        channel.setblocking(True)
        caller = (port, channel, address)
        threading.Thread(target=self._serve, args=caller, name=f"wsman {port.name}", daemon=True).start()

    def _serve(self, port: _Port, raw: socket.socket, address: tuple[str, int]) -> None:
        """Speak with one caller until he leaves. A connection that he broke is no error of the simulator."""
        with (
            suppress(OSError),
            raw,
            self._prepared(port).wrap_socket(raw, server_side=True, do_handshake_on_connect=False) as channel,
            self._known(port, channel),
        ):
            channel.settimeout(HANDSHAKE_SECONDS)
            channel.do_handshake()
            channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Connection(channel, address, self._desk(port))

    @contextmanager
    def _known(self, port: _Port, channel: socket.socket) -> Iterator[None]:
        """While this lasts, the connection is reset when the port is shut.

        Raises:
            OSError: it has been shut already.
        """
        with self._lock:
            if not port.is_open:
                raise ConnectionAbortedError(port.name)
            port.channels.add(channel)
        try:
            yield
        finally:
            with self._lock:
                port.channels.discard(channel)

    def _desk(self, port: _Port) -> Desk:
        return Desk(self._locked, port.name.lower(), port.certificate_hash)

    def _prepared(self, port: _Port) -> ssl.SSLContext:
        with self._lock:
            if port.tls is None:
                certificate = _certificate(self._authority, port.name)
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                certificate.configure_cert(context)
                der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
                port.tls, port.certificate_hash = context, hashlib.sha256(der).digest()
            return port.tls


def _certificate(authority: trustme.CA, name: str) -> trustme.LeafCert:
    try:
        return authority.issue_cert(name, "localhost", LOOPBACK)
    except ValueError:  # a name that Windows takes and a certificate does not, such as one with an underscore
        return authority.issue_cert("localhost", LOOPBACK)

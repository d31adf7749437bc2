# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts load on a simulator from another process, and measures what the simulator's own process spends on it."""

from __future__ import annotations

import json
import multiprocessing
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from ansible_collections.asr.failback.plugins.module_utils.hyperv.scripts.host_facts import SCRIPT
from ansible_collections.asr.failback.plugins.module_utils.hyperv.session import HostSession
from ansible_collections.asr.failback.plugins.module_utils.hyperv.settings import resolve_settings
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

SECONDS = 600
TOKEN_API = "/oauth2/v2.0/token"


@dataclass(frozen=True)
class Spent:
    """What so many pieces of work took: seconds, and the processor seconds of this process, the simulator's."""

    count: int
    seconds: float
    processor_seconds: float

    @property
    def rate(self) -> float:
        """Pieces of work a second."""
        return self.count / self.seconds

    @property
    def processor_ms(self) -> float:
        """Milliseconds of the simulator's processor time for each."""
        return 1000 * self.processor_seconds / self.count

    @property
    def rate_of_a_core(self) -> float:
        """Pieces of work that one core serves in a second, if it does nothing else."""
        return 1000 / self.processor_ms


def spent_on_reads(
    connection: Mapping[str, Any], targets: Iterable[str], rounds: int, connections: int = 4
) -> tuple[Spent, int]:
    """What GET requests for these targets (path and query) cost, and the bytes of an answer on average.

    Each of so many connections is kept open, and asks for all targets so many times.
    """
    return _measured(_read, dict(connection), [*targets], rounds, connections)


def spent_on_sessions(
    connection: Mapping[str, Any], wanted: Mapping[str, str | None], rounds: int
) -> tuple[Spent, int]:
    """What it costs to ask hosts for their facts over WinRM, and the virtual machines in an answer.

    `wanted` says of which virtual machine each host is asked, None: of all.
    """
    return _measured(_ask_hosts, dict(connection["winrm"]), dict(wanted), rounds)


def _measured(work: Callable[..., tuple[int, int]], *arguments: Any) -> tuple[Spent, int]:
    """Run `work` in a process of its own up to its gate, then measure until it has said how much it did."""
    processes = multiprocessing.get_context("spawn")
    gate, (ours, theirs) = processes.Barrier(2), processes.Pipe()
    child = processes.Process(target=_reporting, args=(theirs, work, gate, *arguments))
    child.start()
    theirs.close()
    try:
        gate.wait(SECONDS)
        seconds, processor = time.monotonic(), time.process_time()
        count, told = ours.recv()
        return Spent(count, time.monotonic() - seconds, time.process_time() - processor), told
    finally:
        child.join()


def _reporting(pipe: Any, work: Callable[..., tuple[int, int]], gate: Any, *arguments: Any) -> None:
    try:
        pipe.send(work(gate.wait, *arguments))
    except BaseException:
        gate.abort()
        raise


def _read(
    begin: Callable[[], object], connection: Mapping[str, Any], targets: list[str], rounds: int, connections: int
) -> tuple[int, int]:
    """Open connections, ask each once, then begin."""
    with ThreadPoolExecutor(connections) as pool:
        readers = list(pool.map(lambda _number: _Reader(connection), range(connections)))
        requests = [_request(target, readers[0].host, _token(readers[0], connection)) for target in targets]
        for reader in readers:
            reader.ask(requests[0])
        begin()
        sizes = list(pool.map(lambda reader: reader.ask_all(requests * rounds), readers))
    return len(requests) * rounds * connections, sum(sizes) // (len(requests) * rounds * connections)


def _request(target: str, host: str, token: str) -> bytes:
    """A request with the headers that the SDK sends, as far as their number and size matter."""
    headers = {
        "Host": host,
        "User-Agent": "asr-failback-load/1.0 azsdk-python-core/1.32.0 Python/3.11.7 (Linux-x86_64)",
        "Accept-Encoding": "gzip, deflate",
        "Accept": "application/json",
        "Connection": "keep-alive",
        "x-ms-client-request-id": "0c8b1d3e-7f4f-11f0-9a53-00155d012345",
        "Authorization": f"Bearer {token}",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode()


def _token(reader: _Reader, connection: Mapping[str, Any]) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": connection["client_id"],
        "client_secret": connection["client_secret"],
        "scope": f"{connection['resource_manager']}/.default",
    }
    body = urlencode(form)
    head = (
        f"POST /{connection['tenant_id']}{TOKEN_API} HTTP/1.1\r\nHost: {reader.host}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    token: str = json.loads(reader.ask((head + body).encode()))["access_token"]
    return token


class _Reader:
    """A connection that is kept open."""

    def __init__(self, connection: Mapping[str, Any]) -> None:
        place = urlsplit(connection["resource_manager"])
        self.host = place.netloc
        context = ssl.create_default_context(cafile=connection["ca_bundle"])
        raw = socket.create_connection((place.hostname, place.port), SECONDS)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._channel = context.wrap_socket(raw, server_hostname=place.hostname)
        self._stream = self._channel.makefile("rb")

    def ask(self, request: bytes) -> bytes:
        """The body of the answer, which must be a success."""
        self._channel.sendall(request)
        status = self._stream.readline()
        length = 0
        while (line := self._stream.readline()) not in (b"\r\n", b""):
            name, _colon, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        body = self._stream.read(length)
        if status.split()[1:2] != [b"200"] or len(body) != length:
            raise RuntimeError(f"{request.splitlines()[0]!r}: {status!r} {body[:500]!r}")
        return body

    def ask_all(self, requests: Sequence[bytes]) -> int:
        """Ask for one after another; how many bytes came."""
        return sum(len(self.ask(request)) for request in requests)


def _ask_hosts(
    begin: Callable[[], object], winrm: Mapping[str, Any], wanted: Mapping[str, str | None], rounds: int
) -> tuple[int, int]:
    """Ask one host, then begin."""
    questions = [(host, wanted[host["name"]]) for host in winrm["hosts"] if host["name"] in wanted]
    _vms_of(winrm, *questions[0])
    begin()
    found = [_vms_of(winrm, *question) for question in questions * rounds]
    return len(found), found[0]


def _vms_of(winrm: Mapping[str, Any], host: Mapping[str, Any], vm: str | None) -> int:
    given = {
        "winrm_user": winrm["username"],
        "winrm_password": winrm["password"],
        "winrm_transport": ["ntlm"],
        "winrm_ca_trust_path": winrm["ca_bundle"],
    }
    request = {"vms": None if vm is None else [{"id": "", "name": vm}]}
    settings = resolve_settings(host["name"], given, {}, {}, f"{host['address']}:{host['port']}")
    return len(HostSession(settings, Watch(SECONDS)).ask(SCRIPT, request)["vms"])

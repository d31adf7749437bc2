# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows hosts of the simulator with commands of the test's own: what travels over WinRM, without what runs there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import requests
import trustme
from pypsrp.client import Client
from winrm.protocol import Protocol

from asr_simulator.clock import Clock
from asr_simulator.hyperv.winrm import Remoting
from asr_simulator.identities import Identities
from asr_simulator.wsman import Shells, WsmanServer

USER, PASSWORD = "CONTOSO\\failback", "Korrekt Pferd 7!"
UTF8 = 65001


@dataclass
class Windows:
    """A host."""

    name: str = "hv01.contoso.example"
    reachable: bool = True
    silent: bool = False
    accounts: dict[str, str] = field(default_factory=lambda: {USER: PASSWORD})
    os_version: str = "10.0.20348"
    booted: datetime = datetime(2026, 1, 1, tzinfo=timezone.utc)
    remoting: Remoting = field(default_factory=Remoting)


@dataclass
class Ended:
    """How a command ended."""

    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0
    is_whole: bool = True


class Commands:
    """Four programs: `echo WORDS`, `cat` (gives back its input), `repeat TEXT TIMES`, `fail CODE WORDS`."""

    PROGRAMS = ("echo", "cat", "repeat", "fail")

    def knows_program(self, command_line: str) -> bool:
        return command_line.split()[0] in self.PROGRAMS

    def reads_input(self, command_line: str) -> bool:
        return command_line.split()[0] == "cat"

    def run(self, host: Windows, line: str, stdin: bytes, environment: Mapping[str, str], pause: Any) -> Ended:
        program, _unused, rest = line.partition(" ")
        for name, value in {**environment, "COMPUTERNAME": host.name}.items():
            rest = rest.replace(f"%{name}%", value)
        if program == "echo":
            return Ended(rest + "\r\n")
        if program == "cat":
            return Ended(stdin.decode())
        if program not in self.PROGRAMS:
            return Ended("", f"'{program}' is not recognized as an internal or external command", 1)
        first, _unused, last = rest.partition(" ")
        return Ended(first * int(last)) if program == "repeat" else Ended("", last, int(first))


@dataclass
class SmallWorld:
    """What WS-Management needs of a world."""

    clock: Clock
    hosts: Mapping[str, Windows]
    runner: Commands
    shells: Shells


class Site:
    """Hosts on ports of their own; time stands still."""

    def __init__(self, hosts: Iterable[Windows], folder: Path) -> None:
        self.hosts = {host.name: host for host in hosts}
        self.reset()
        self._lock = threading.RLock()
        authority = trustme.CA()
        self.bundle = folder / "authority.pem"
        self.bundle.write_bytes(authority.cert_pem.bytes())
        self.server = WsmanServer(authority, self.locked)

    def locked(self, action: Callable[[Any], Any]) -> Any:
        with self._lock:
            self.world.clock.tick()
            return action(self.world)

    def reset(self) -> None:
        """Start again with an empty world."""
        clock = Clock(speed=0)
        self.world = SmallWorld(clock, self.hosts, Commands(), Shells(clock, Identities(1)))

    def follow(self) -> None:
        """Let the ports follow what became of the hosts."""
        self.locked(self.server.follow)

    @property
    def host(self) -> Windows:
        """The first host."""
        return next(iter(self.hosts.values()))

    def port(self, host: Windows | None = None) -> int:
        return self.server.ports[(host or self.host).name]

    def url(self, host: Windows | None = None) -> str:
        return f"https://127.0.0.1:{self.port(host)}/wsman"

    def pywinrm(self, host: Windows | None = None, **options: Any) -> Protocol:
        """A client of pywinrm."""
        account = {"transport": "ntlm", "username": USER, "password": PASSWORD}
        return Protocol(self.url(host), ca_trust_path=str(self.bundle), proxy=None, **{**account, **options})

    def pypsrp(self, host: Windows | None = None, **options: Any) -> Client:
        """A client of pypsrp."""
        account = {"auth": "negotiate", "username": USER, "password": PASSWORD}
        place = {"port": self.port(host), "cert_validation": str(self.bundle), "no_proxy": True}
        return Client("127.0.0.1", **{**account, **place, **options})

    def requests(self) -> requests.Session:
        """Plain HTTPS, with Basic authentication."""
        session = requests.Session()
        session.verify, session.trust_env = str(self.bundle), False
        session.auth = (USER, PASSWORD)
        session.headers["Content-Type"] = "application/soap+xml;charset=UTF-8"
        return session


@contextmanager
def running_site(folder: Path, *hosts: Windows) -> Iterator[Site]:
    """A site that listens."""
    site = Site(hosts or (Windows(),), folder)
    site.server.start()
    try:
        yield site
    finally:
        site.server.stop()


def run(client: Protocol, line: str, *inputs: bytes, **options: Any) -> tuple[str, str, int]:
    """What a command line gives in a shell of its own; with inputs the last of them ends the input."""
    shell = client.open_shell(codepage=UTF8, **options)
    try:
        return run_in(client, shell, line, *inputs)
    finally:
        client.close_shell(shell)


def run_in(client: Protocol, shell: str, line: str, *inputs: bytes) -> tuple[str, str, int]:
    """The same in a shell that is there."""
    command = client.run_command(shell, line)
    for data in inputs:
        client.send_command_input(shell, command, data, end=data is inputs[-1])
    stdout, stderr, code = client.get_command_output(shell, command)
    client.cleanup_command(shell, command)
    return stdout.decode(), stderr.decode(), code

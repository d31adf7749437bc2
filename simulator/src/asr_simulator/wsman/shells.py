# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shells and commands: the state that hosts keep for their callers. Knows neither HTTP nor XML."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asr_simulator.clock import Clock
from asr_simulator.fibers import Fiber
from asr_simulator.identities import Identities
from asr_simulator.wsman import faults
from asr_simulator.wsman.hosts import Peer, RemoteHost

# What Server 2012 R2 and later allow unless told otherwise: winrm/config/winrs.
MOST_SHELLS = 30
IDLE_SECONDS = 7200.0
# STATUS_CONTROL_C_EXIT
INTERRUPTED = 3221225786


@dataclass
class Command:
    """A command line and what became of it. ``changed`` is set when it ends."""

    id: str
    line: str = field(repr=False)
    stdin: bytearray = field(default_factory=bytearray, repr=False)
    input_ended: bool = False
    stdout: bytes = field(default=b"", repr=False)
    stderr: bytes = field(default=b"", repr=False)
    exit_code: int | None = None
    changed: threading.Event = field(default_factory=threading.Event)
    fiber: Fiber | None = field(default=None, repr=False)

    def kill(self) -> None:
        """End its process, which may be in the middle of something."""
        if self.fiber is not None:
            self.fiber.kill()

    def finish(self, stdout: bytes, stderr: bytes, exit_code: int) -> None:
        """It ended with this."""
        self.stdout, self.stderr, self.exit_code = stdout, stderr, exit_code
        self.changed.set()

    def take(self, most: int) -> tuple[bytes, bytes]:
        """Up to ``most`` bytes of what it wrote and nobody has taken yet: of stdout, then of stderr."""
        stdout, self.stdout = self.stdout[:most], self.stdout[most:]
        most -= len(stdout)
        stderr, self.stderr = self.stderr[:most], self.stderr[most:]
        return stdout, stderr

    @property
    def is_taken(self) -> bool:
        """Whether it has ended and nothing that it wrote is left."""
        return self.exit_code is not None and not self.stdout and not self.stderr


@dataclass
class Settings:
    """What a caller wants of a shell. ``encoding`` is the codec of its code page; the idle time is in seconds."""

    shell_id: str = ""
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    input_streams: str = "stdin"
    output_streams: str = "stdout stderr"
    encoding: str = "cp437"
    idle_seconds: float = IDLE_SECONDS


@dataclass
class Shell:
    """A shell of a user on a host. Times are those of the clock's wall, but for the one when the host was started."""

    id: str
    host: str
    booted: datetime
    user: str
    address: str
    settings: Settings
    opened: datetime
    used: datetime
    session: dict[str, Any]
    commands: dict[str, Command] = field(default_factory=dict)

    def command(self, command_id: str) -> Command:
        """The command of an id.

        Raises:
            Fault: it is not there.
        """
        found = self.commands.get(command_id.upper())
        if found is None:
            raise faults.command_not_found()
        return found


class Shells:
    """All shells of a world, and the journal of its sessions.

    A shell that nobody asked anything for its idle time is removed, and so are all of a host that was started again.
    Idle time is counted as clients count it: in real seconds, and by the clock's jumps.
    """

    def __init__(self, clock: Clock, ids: Identities) -> None:
        self._clock = clock
        self._ids = ids
        self._numbers = itertools.count(1)
        self._shells: dict[str, Shell] = {}
        self._sessions: list[dict[str, Any]] = []

    def sessions(self, since: int = 0) -> list[dict[str, Any]]:
        """Each shell that was opened, with a ``seq`` above ``since``.

        seq, time, host, user, transport, commands (names of programs, without arguments), and of the last one exit_code
        and is_whole (nothing of its output was lost).
        """
        return [dict(session, commands=list(session["commands"])) for session in self._sessions[since:]]

    def fresh_id(self, kind: str) -> str:
        """A GUID in upper case, the same in every run."""
        return self._ids.of(kind, str(next(self._numbers))).upper()

    def open(self, peer: Peer, settings: Settings) -> Shell:
        """Open a shell.

        Raises:
            Fault: the quota is used up, or the wanted id is taken.
        """
        self._expire(peer.host)
        own = [shell for shell in self._shells.values() if (shell.host, shell.user) == (peer.host.name, peer.user)]
        if len(own) >= MOST_SHELLS:
            raise faults.too_many_shells(MOST_SHELLS)
        name = (settings.shell_id or self.fresh_id("shell")).upper()
        if name in self._shells:
            raise faults.parameter_incorrect()
        now = self._clock.wall()
        session = self._begin_session(peer)
        host = peer.host
        self._shells[name] = Shell(name, host.name, host.booted, peer.user, peer.address, settings, now, now, session)
        return self._shells[name]

    def find(self, peer: Peer, shell_id: str) -> Shell:
        """The caller's shell of an id, which is thereby used.

        Raises:
            Fault: it is not there, or another's, or on another host.
        """
        self._expire(peer.host)
        found = self._shells.get(shell_id.upper())
        if found is None or (found.host, found.user) != (peer.host.name, peer.user):
            raise faults.shell_not_found(shell_id)
        found.used = self._clock.wall()
        return found

    def close(self, shell: Shell) -> None:
        """Remove a shell and its commands; who waits for one learns that it is gone."""
        del self._shells[shell.id]
        for command in list(shell.commands.values()):
            self.remove(shell, command)

    def remove(self, shell: Shell, command: Command) -> None:
        """Remove a command."""
        del shell.commands[command.id]
        command.kill()
        command.changed.set()

    def age(self, shell: Shell) -> tuple[float, float]:
        """Seconds since a shell was opened, and since it was used."""
        now = self._clock.wall()
        return (now - shell.opened).total_seconds(), (now - shell.used).total_seconds()

    def _expire(self, host: RemoteHost) -> None:
        for shell in [shell for shell in self._shells.values() if shell.host == host.name]:
            if shell.booted != host.booted or self.age(shell)[1] >= shell.settings.idle_seconds:
                self.close(shell)

    def _begin_session(self, peer: Peer) -> dict[str, Any]:
        session = {
            "seq": len(self._sessions) + 1,
            "time": self._clock.now().isoformat(),
            "host": peer.host.name,
            "user": peer.user,
            "transport": peer.transport,
            "commands": [],
            "exit_code": None,
            "is_whole": None,
        }
        self._sessions.append(session)
        return session

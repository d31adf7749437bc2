# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What WS-Management needs to know of a host, and of the way a command runs on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Quota(Protocol):
    """A refusal that a quota makes."""

    @property
    def code(self) -> int:
        """Its number in wsmerror.h."""

    @property
    def in_wmi_error(self) -> bool:
        """Whether the number stands in an MSFT_WmiError instead of a WSManFault."""


class Remoting(Protocol):
    """What goes wrong in a host's WinRM."""

    @property
    def blocked(self) -> int:
        """The number with which no program starts; 0: they do."""

    @property
    def shell_denied(self) -> bool:
        """Whether its accounts may sign in, and open no shell."""

    @property
    def pipe_ends(self) -> bool:
        """Whether commands end before they have read their input."""

    @property
    def send_times_out(self) -> bool:
        """Whether Send is carried out, and no answer comes in time."""

    def quota_for(self, operation: str) -> Quota | None:
        """The quota that an operation meets."""


class RemoteHost(Protocol):
    """A Windows host that can be asked over WinRM, as it is at this moment."""

    @property
    def name(self) -> str:
        """Its fully qualified name."""

    @property
    def reachable(self) -> bool:
        """Whether its port takes connections."""

    @property
    def silent(self) -> bool:
        """Whether its port swallows connections, as that of a host without power does, instead of refusing them."""

    @property
    def accounts(self) -> Mapping[str, str]:
        r"""The passwords it takes now, by user name (``DOMAIN\user``; a local one without a domain)."""

    @property
    def booted(self) -> datetime:
        """When it was started; its shells are gone then."""

    @property
    def remoting(self) -> Remoting:
        """What goes wrong in its WinRM."""

    @property
    def os_version(self) -> str:
        """Such as ``10.0.20348``."""


class Completed(Protocol):
    """How a command ended."""

    @property
    def stdout(self) -> str:
        """What it wrote."""

    @property
    def stderr(self) -> str:
        """Its error messages."""

    @property
    def exit_code(self) -> int:
        """0 to 4294967295."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing of what it wrote was lost."""


class Runner(Protocol):
    """Runs command lines. Called while the world is locked."""

    def knows_program(self, command_line: str) -> bool:
        """Whether the program that the line begins with is there."""

    def reads_input(self, command_line: str) -> bool:
        """Whether the command waits for the end of its standard input."""

    def run(
        self,
        host: RemoteHost,
        command_line: str,
        stdin: bytes,
        environment: Mapping[str, str],
        pause: Callable[[float], None],
    ) -> Completed:
        """Run the line on the host until it ends. ``pause`` lets so many simulated seconds pass, while others go on."""


@dataclass(frozen=True)
class Peer:
    """The authenticated caller of a request. ``transport`` is ``basic`` or ``ntlm``."""

    host: RemoteHost
    user: str
    transport: str
    address: str


def computer_name(host: RemoteHost) -> str:
    """The host's short name, as Windows spells it."""
    return host.name.split(".", 1)[0].upper()

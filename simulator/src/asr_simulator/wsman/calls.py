# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request to a host, and what its answer can be."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from asr_simulator.wsman import faults
from asr_simulator.wsman.envelope import SHELL, Envelope
from asr_simulator.wsman.hosts import Peer
from asr_simulator.wsman.shells import Shell, Shells
from asr_simulator.wsman.world import HostsWorld


@dataclass(frozen=True)
class Call:
    """A request that its sender may make."""

    world: HostsWorld
    peer: Peer
    envelope: Envelope

    @property
    def shells(self) -> Shells:
        """The shells of the world."""
        return self.world.shells

    def shell(self) -> Shell:
        """The shell that the request names.

        Raises:
            Fault: it names none, or one that is not there.
        """
        name = self.envelope.selectors.get("shellid")
        if not name:
            raise faults.shell_needed()
        return self.shells.find(self.peer, name)

    def content(self, name: str) -> Element:
        """The element of the body, which must have this name in the shell's namespace.

        Raises:
            Fault: it is not there.
        """
        body = self.envelope.body
        if body is None or body.tag != f"{{{SHELL}}}{name}":
            raise faults.element_invalid(name)
        return body

    def option(self, name: str) -> str:
        """The value of an option in upper case; empty: it is not given."""
        return self.envelope.options.get(name, "").upper()


class Unanswered(Exception):
    """The request was carried out; whoever sent it hears nothing of it."""


@dataclass(frozen=True)
class Waiting:
    """There is nothing to answer before the event is set."""

    changed: threading.Event

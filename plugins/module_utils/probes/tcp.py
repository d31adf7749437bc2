# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether something accepts TCP connections."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from ..model.evidence import FAIL, PASS, Outcome
from .probe import Probe, place, short


@dataclass(frozen=True, kw_only=True)
class TcpProbe(Probe):
    """Connects to a port and closes the connection again."""

    kind = "tcp"

    port: int

    def attempt(self, address: str, timeout: float) -> Outcome:
        """Connect once."""
        where = place(address, self.port)
        try:
            socket.create_connection((address, self.port), timeout).close()
        except OSError as problem:
            return Outcome(
                FAIL,
                f"no connection to {where}",
                short(f"{where}: {problem.strerror or problem}"),
                "See that the service runs in the VM, and that no firewall is between it and the controller.",
            )
        return Outcome(PASS, f"{where} is open")

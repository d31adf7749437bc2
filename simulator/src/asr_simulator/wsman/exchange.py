# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host answers to the content of an HTTP request: the way of a request from bytes to bytes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from asr_simulator.wsman import faults
from asr_simulator.wsman.calls import Call, Waiting
from asr_simulator.wsman.envelope import (
    IDENTITY,
    WSMAN,
    Envelope,
    close_envelope,
    close_identification,
    open_envelope,
)
from asr_simulator.wsman.faults import Fault
from asr_simulator.wsman.hosts import Peer, computer_name
from asr_simulator.wsman.markup import node
from asr_simulator.wsman.operations import operate
from asr_simulator.wsman.world import Locked

# Windows lets a client wait for output until its operation timeout. That is real time, of which the simulator needs
# none: a command that waits does so for its input, so waiting longer than this gains nothing.
LONGEST_WAIT = 0.5


@dataclass(frozen=True)
class Content:
    """The content of an HTTP answer."""

    status: int
    document: bytes


def exchange(document: bytes, peer: Peer, locked: Locked) -> Content:
    """The answer to an authenticated request."""
    envelope = Envelope()
    try:
        envelope = open_envelope(document)
        if envelope.identifies:
            return identification(f"OS: {peer.host.os_version} SP: 0.0 Stack: 3.0")
        body = _operate(envelope, peer, locked)
        return Content(200, close_envelope(f"{envelope.action}Response", body, envelope.message_id))
    except Fault as fault:
        body = [fault.body(computer_name(peer.host))]
        return Content(500, close_envelope(fault.action, body, envelope.message_id))


def identification(version: str = "OS: 0.0.0 SP: 0.0 Stack: 3.0") -> Content:
    """The answer to Identify; to a stranger it does not tell the version."""
    fields = {"ProtocolVersion": WSMAN, "ProductVendor": "Microsoft Corporation", "ProductVersion": version}
    children = (node(f"wsmid:{name}", value) for name, value in fields.items())
    return Content(200, close_identification([node("wsmid:IdentifyResponse", {"xmlns:wsmid": IDENTITY}, *children)]))


def identify_stranger(document: bytes) -> Content | None:
    """The answer to an Identify without authentication; None: the document is something else."""
    try:
        return identification() if open_envelope(document).identifies else None
    except Fault:
        return None


def _operate(envelope: Envelope, peer: Peer, locked: Locked) -> list[Any]:
    deadline = time.monotonic() + min(envelope.timeout, LONGEST_WAIT)
    while True:
        result = locked(lambda world: operate(Call(world, peer, envelope)))
        if not isinstance(result, Waiting):
            return list(result)
        if not result.changed.wait(max(0.0, deadline - time.monotonic())):
            raise faults.timed_out()

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be said of a virtual machine: its states, in the words of Hyper-V, of its cluster and of the control API."""

from __future__ import annotations

from dataclasses import dataclass

# The words of Hyper-V's own State, and the two that the control API knows.
STATE_OFF, STATE_RUNNING, STATE_SAVED, STATE_PAUSED = "Off", "Running", "Saved", "Paused"
STATE_STOPPING = "Stopping"
# What the guest does when its host asks it to shut down: it does, it has no component for it, it refuses, or it is
# locked and does so only when it is forced.
COMPONENT_WORKS, COMPONENT_MISSING, COMPONENT_FAILS, COMPONENT_LOCKED = "works", "missing", "fails", "locked"
# What InitiateShutdown of Msvm_ShutdownComponent returns (Microsoft documentation).
ASKED, FAILED, INVALID_STATE, NOT_READY, LOCKED, IN_PROGRESS = 0, 32768, 32775, 32780, 32781, 32782
# What a cluster's resource "Virtual Machine Configuration" may be: only while it is online a host lists its machine.
LISTED, UNLISTED = "Online", ("Offline", "Failed", "OfflinePending")
# What a host does with a machine when it has started itself.
START_NOTHING, START_IF_RUNNING, START_ALWAYS = "Nothing", "StartIfRunning", "Start"
# What it does with one that runs when it goes down itself.
STOP_TURN_OFF, STOP_SAVE, STOP_SHUT_DOWN = "TurnOff", "Save", "ShutDown"
OFF, RUNNING = "off", "running"
CONSISTENT, INCONSISTENT = "consistent", "inconsistent"


@dataclass(frozen=True)
class Replication:
    """How Hyper-V shows a machine's replication, in its own words."""

    state: str = "Disabled"
    health: str = "NotApplicable"
    mode: str = "None"


def not_replicated() -> Replication:
    """What Hyper-V shows of a machine without replication."""
    return Replication()

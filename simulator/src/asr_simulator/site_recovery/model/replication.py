# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Hyper-V shows the replication of a virtual machine, at each stage of its item."""

from __future__ import annotations

from asr_simulator.hyperv.machine_states import Replication
from asr_simulator.site_recovery.model import lifecycle

# Hyper-V's words for what the vault's stages are to it (inferred, see fidelity.yml): state and health.
_REPLICATION = {
    lifecycle.PROTECTED: ("Replicating", "Normal"),
    lifecycle.FAILING_OVER: ("Replicating", "Normal"),
    lifecycle.FAILOVER_COMMIT_PENDING: ("PreparedForFailover", "Normal"),
    lifecycle.COMMITTING_FAILOVER: ("PreparedForFailover", "Normal"),
    lifecycle.FAILED_OVER: ("PreparedForFailover", "Normal"),
    lifecycle.SYNCHRONIZING: ("FailbackInProgress", "Normal"),
    lifecycle.WAITING_FOR_COMPLETION: ("FailbackInProgress", "Normal"),
    lifecycle.COMPLETING: ("FailbackInProgress", "Normal"),
    lifecycle.INTERRUPTED: ("FailbackInProgress", "Critical"),
    lifecycle.FAILBACK_COMMIT_PENDING: ("FailbackComplete", "Normal"),
    lifecycle.COMMITTING_FAILBACK: ("FailbackComplete", "Normal"),
    lifecycle.FAILED_BACK: ("WaitingForStartResynchronize", "Warning"),
    lifecycle.REVERSE_REPLICATING: ("Resynchronizing", "Normal"),
}


def replication_at(stage: str, *, planned: bool, health: str) -> Replication:
    """The replication at a stage; after an unplanned failover it has stopped. ``health`` is that of a protected one."""
    state, shown = _REPLICATION[stage]
    if stage == lifecycle.PROTECTED:
        shown = health
    if state == "PreparedForFailover" and not planned:
        state, shown = "Suspended", "Warning"
    return Replication(state, shown, "Primary")

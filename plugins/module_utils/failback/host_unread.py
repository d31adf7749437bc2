# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that say what a host did not tell, and why."""

from __future__ import annotations

from .failures import as_sentence
from .findings import Finding
from .host_side import HostSide
from .hyperv_hosts import HostFacts

# Of a VM that its cluster or VMM has, and that no host shows.
REMEDY_IF_HIDDEN = (
    "See the role of the VM in Failover Cluster Manager: bring its storage and its resource Virtual Machine "
    "Configuration online, or wait until its move has ended. Remove the role only where the VM certainly is gone. Name "
    "every node of the cluster, so that it can be asked."
)


def not_read(identifier: str, cause: str, remedy: str) -> Finding:
    """Say that something was not read, and why."""
    return Finding(identifier, "not_checked", "not read", as_sentence(cause), remedy)


def not_asked(identifier: str, side: HostSide) -> Finding:
    """Say that the VM is on a host that was not asked."""
    reason = f"The VM is on {side.elsewhere}, which was not asked for it"
    return not_read(identifier, reason, f"Put {side.elsewhere} into the inventory as well.")


def not_told(side: HostSide, facts: HostFacts, identifier: str, remedy: str, *parts: str) -> Finding:
    """Say that the host could not tell, in its own words where it has any."""
    words = facts.problem_with(*parts) or side.hidden(facts)
    return not_read(identifier, words, remedy)


def hides_vm(side: HostSide, facts: HostFacts, identifier: str, remedy: str, *parts: str) -> Finding | None:
    """Say why nothing is known of the VM itself or of these parts of it; None where the host has told."""
    if side.elsewhere:
        return not_asked(identifier, side)
    if facts.problem_with(*parts) or side.hidden(facts):
        return not_told(side, facts, identifier, remedy, *parts)
    return None

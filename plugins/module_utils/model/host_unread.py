# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that say what a host did not tell, and why."""

from __future__ import annotations

from collections.abc import Sequence

from .failures import as_sentence
from .findings import Finding
from .host_side import HostSide
from .hyperv_hosts import HostDisk, HostFacts

# The part of a host's problems that is about files of disks, each under its path.
DISK_FILES = "disk_files"
# The way to sign in that takes the account along, wherever the session goes.
_TAKES_ALONG = ("credssp",)
SECOND_HOP_REMEDY = (
    "Sign in with CredSSP (winrm_transport: credssp), or with kerberos where the file server lets this host act for "
    "the account (resource-based constrained delegation)."
)

# Of a VM that its cluster or VMM has, and that no host shows.
REMEDY_IF_HIDDEN = (
    "See the role of the VM in Failover Cluster Manager: bring its storage and its resource Virtual Machine "
    "Configuration online, or wait until its move has ended. Remove the role only where the VM certainly is gone. Name "
    "every node of the cluster, and behind VMM the host of the VM, so that it can be asked."
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


def stops_at_second_hop(disk: HostDisk, facts: HostFacts) -> bool:
    """Whether a disk was not read, and the session may not have been let on to the file server that has it."""
    return bool(disk.unread) and disk.is_on_share and facts.transports != _TAKES_ALONG


def disks_not_read(facts: HostFacts, disks: Sequence[HostDisk], identifier: str, remedy: str) -> Finding | None:
    """Say which of the disks were not read, and why; None where all were."""
    unread = [disk for disk in disks if disk.unread]
    if not unread:
        return None
    beyond = [disk for disk in unread if stops_at_second_hop(disk, facts)]
    if not beyond:
        return not_read(identifier, "; ".join(f"{disk.path}: {disk.unread}" for disk in unread), remedy)
    ways = ", ".join(facts.transports) or "an unknown method"
    cause = (
        f"{', '.join(disk.path for disk in beyond)}: on an SMB share, which Get-VHD opens as the account that asks. A "
        f"session that is signed in by {ways} cannot reach the file server without delegation (the second hop), so "
        f"what {facts.computer} says may be wrong: {beyond[0].unread}"
    )
    return not_read(identifier, cause, f"{SECOND_HOP_REMEDY} {remedy}")


def hides_vm(side: HostSide, facts: HostFacts, identifier: str, remedy: str, *parts: str) -> Finding | None:
    """Say why nothing is known of the VM itself or of these parts of it; None where the host has told."""
    if side.elsewhere:
        return not_asked(identifier, side)
    if facts.problem_with(*parts) or side.hidden(facts):
        return not_told(side, facts, identifier, remedy, *parts)
    return None

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that run in Azure although Site Recovery takes them for ones that have come home: abandoned, for one."""

from __future__ import annotations

from collections.abc import Sequence

from ..azure.session import AzureSession
from ..failback.abandonment import UNCOMMITTED, may_run_uncommitted
from ..failback.failures import Contradiction, NotFound, PermissionDenied
from ..failback.lifecycle import Observation
from .reading import View
from .truth import MIXED, truth_of


def runs_uncommitted(session: AzureSession, seen: Observation) -> bool:
    """Say whether the Azure VM of a machine is up whose failback awaits its commit.

    False where it may not be looked at: then nothing is known, and nothing is claimed.
    """
    if not may_run_uncommitted(seen) or not seen.item.azure_vm_id:
        return False
    try:
        vm = session.compute.find_vm(seen.item.azure_vm_id)
    except (PermissionDenied, NotFound):
        return False
    return vm is not None and vm.is_running


def side_of_member(session: AzureSession, seen: Observation) -> tuple[str, str]:
    """Return the side that holds the truth of a machine, and the reason for its stage, with what its Azure VM shows.

    The hosts are not asked, so of one that runs in Azure it cannot be told.
    """
    if runs_uncommitted(session, seen):
        return MIXED, f"{seen.reason}; {UNCOMMITTED}"
    return seen.authoritative_side.value, seen.explanation


def refuse_uncommitted(session: AzureSession, view: View) -> None:
    """Refuse to take for home what runs in Azure. Raises Contradiction."""
    found: Sequence[Observation] = [member for member in view.members if runs_uncommitted(session, member)]
    if not found:
        return
    names = ", ".join(member.item.friendly_name for member in found)
    problem = Contradiction(
        f"Site Recovery reports that {names} runs on-premises, but {UNCOMMITTED}.",
        "There is nothing on-premises to validate. Where the failback was abandoned, the documentation of the module "
        "abandon says what can follow; else find out who started the Azure VM, and which copy took the last writes.",
        stages={member.item.friendly_name: member.stage.value for member in found},
    )
    problem.truth = {
        **truth_of(view, view),
        "sentence": "Which side holds the truth cannot be told without its hosts",
        "authoritative_side": MIXED,
    }
    raise problem

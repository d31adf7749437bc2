# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that run in Azure although Site Recovery takes them for ones that have come home: undone, for one."""

from __future__ import annotations

from ..model.azure_use import RUNS
from ..model.failures import Contradiction
from ..runner.authority import authority_of
from ..runner.target import TargetView


def refuse_uncommitted(view: TargetView) -> None:
    """Refuse to take for home what runs in Azure. Raises Contradiction."""
    found = [one for one in view.members if one.azure_use is not None and one.azure_use.verdict == RUNS]
    if not found:
        return
    names = ", ".join(member.item.friendly_name for member in found)
    problem = Contradiction(
        f"Site Recovery reports that {names} runs on-premises, but {found[0].doubt}.",
        "There is nothing on-premises to validate. After undo_failback this is expected, and its documentation says "
        "what can follow. Otherwise find out who started the Azure VM, and which copy took the last writes.",
        stages={member.item.friendly_name: member.stage.value for member in found},
    )
    problem.authority = {
        **authority_of(view, view),
        "sentence": "Which side is authoritative cannot be determined without its hosts",
    }
    raise problem

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict after a cut-over: exactly one side runs, by what both sides say.

Site Recovery's word alone is not proof: the virtual machine in Azure is looked at as well.
"""

from __future__ import annotations

from typing import Any

from ..azure.session import AzureSession
from ..failback.azure_resources import AzureVm
from ..failback.failures import Contradiction, PermissionDenied
from ..failback.lifecycle import Observation, Stage
from .reading import View
from .truth import truth_of
from .wishes import Wish

NOT_CHECKED = "not_checked"


def check_one_side_runs(session: AzureSession, wish: Wish, view: View) -> list[dict[str, Any]]:
    """Return the power state of the Azure VM of each member that has been failed back.

    Raises Contradiction where one still runs: then two copies of the machine are up, or Site Recovery is wrong.
    """
    back = [member for member in view.members if member.stage is Stage.FAILBACK_COMMIT_PENDING]
    states = [_azure_vm(session, member) for member in back]
    running = [state for state in states if state["power"] in AzureVm.UP]
    if running:
        names = ", ".join(state["name"] for state in running)
        problem = Contradiction(
            f"Site Recovery reports that {wish.target} runs on-premises, but the Azure VM {names} is still running: "
            "two copies of the machine may be up.",
            "Do not commit. Find out which copy took the last writes, stop the other, then run the task again.",
            azure_vms=states,
        )
        problem.asked = f"Check of both sides of {wish.target}"
        problem.truth = {**truth_of(view, view), "sentence": "Which side holds the truth cannot be told."}
        raise problem
    return states


def _azure_vm(session: AzureSession, member: Observation) -> dict[str, Any]:
    name, vm_id = member.item.azure_vm_name, member.item.azure_vm_id
    if not vm_id:
        return {"name": name, "id": None, "power": NOT_CHECKED, "reason": "the replicated item names no Azure VM"}
    try:
        found = session.compute.find_vm(vm_id)
    except PermissionDenied as denied:
        return {"name": name, "id": vm_id, "power": NOT_CHECKED, "reason": denied.happened}
    if found is None:
        return {"name": name, "id": vm_id, "power": "absent", "reason": "Azure has no such VM"}
    return {"name": name, "id": vm_id, "power": found.power, "reason": "read from Azure compute"}

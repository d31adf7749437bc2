# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting a virtual machine in Azure, and waiting until it runs. That the request was taken proves nothing."""

from __future__ import annotations

from ..azure.session import AzureSession
from ..model.azure_resources import AzureVm
from ..model.failures import Contradiction, FateUnknown, ServiceError, WaitTimeout
from ..model.undo_rules import START_ON_PREMISES
from ..runner.loop import LOOKS_FOR_UNKNOWN_FATE
from ..runner.request import UndoFailbackRequest
from ..waiting import Pending, wait_until
from ..watch import Watch

# Seconds: between two looks, and until a machine that Azure has begun to start counts as stuck.
_INTERVAL = 10.0
_PATIENCE = 900


def start(session: AzureSession, watch: Watch, before: AzureVm) -> FateUnknown | None:
    """Ask once for the start of a machine that does not run; return the failure of a request of unknown fate.

    Raises NotTaken.
    """
    watch.report(f"{before.name} in Azure: starting")
    try:
        session.compute.start_vm(before.id)
    except FateUnknown as unknown:
        return unknown
    return None


async def await_running(
    session: AzureSession, request: UndoFailbackRequest, watch: Watch, before: AzureVm, unknown: FateUnknown | None
) -> None:
    """Read the machine until it runs.

    Raises ServiceError where Azure says that it could not start it, Contradiction where it is gone, WaitTimeout where
    it takes too long, and the failure of a request that seems not to have arrived.
    """
    looks = 0

    def look() -> Pending | None:
        nonlocal looks
        vm = session.compute.find_vm(before.id)
        if vm is None:
            raise _gone(before)
        if vm.power == "running":
            return None
        looks += 1
        if not vm.is_running:
            _refuse_failed(vm, before)
            if unknown is not None and looks >= LOOKS_FOR_UNKNOWN_FATE:
                raise unknown
        return Pending(f"{before.name} in Azure is {vm.power}")

    interval = request.poll_interval or _INTERVAL
    await wait_until(look, watch, interval, patience=_PATIENCE, out_of_time=_stuck)


def _stuck(pending: Pending) -> None:
    raise WaitTimeout(
        f"Azure has begun to start it, but {pending.because}.",
        "Look at it in the portal. Run the task again to go on waiting.",
    )


def _gone(before: AzureVm) -> Contradiction:
    return Contradiction(
        f"{before.name} was deleted while this task waited for it to start: Azure no longer has such a VM.",
        "There is nothing in Azure to go back to. Find out who deleted it; a commit of the failback does. Keep the "
        f"on-premises disks, {START_ON_PREMISES}.",
    )


def _refuse_failed(vm: AzureVm, before: AzureVm) -> None:
    """Raise what Azure says of a start that failed, unless it said so of an earlier one."""
    if vm.failure and vm.failure != before.failure:
        raise ServiceError(f"Azure could not start {vm.name}: {vm.failure}", "", message=vm.failure)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of a target say, as the prerequisites need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..model.fabrics import Fabric
from ..model.findings import NotRead
from ..model.host_side import HostSide
from ..model.lifecycle import Observation, Stage
from ..model.split_brain import at_place, may_be_missing
from ..runner.request import PrereqRequest
from ..runner.services import Services
from ..runner.target import service_time
from .on_premises import OnPremises

# In these stages a data synchronization is still ahead, so one can be recommended, and its conditions must hold.
BEFORE_SYNC = frozenset({Stage.FAILOVER_COMMIT_PENDING, Stage.FAILED_OVER, Stage.INTERRUPTED})
# Checks of many VMs in one run may share what a host said so many seconds ago.
_MAX_AGE = 120


class HostSides:
    """The hosts of the members of one target, each asked once."""

    def __init__(self, services: Services, request: PrereqRequest, members: Sequence[Observation]) -> None:
        self._request = request
        self._members = members
        self._creates = request.create_vm_if_missing or bool(request.target_host)
        hosts = OnPremises(
            services,
            target_host=request.target_host,
            max_age=_MAX_AGE,
            now=lambda: service_time(services.azure, members[0].item),
        )
        self._placed = hosts.place([member.item for member in members])

    def may_be_missing(self, members: Sequence[Observation]) -> bool:
        """Say whether there may be nothing to compare with, on the host that one of the members is failed back to."""
        placed = [self._placed[member.item.id] for member in members]
        copies = [at_place(one.copies, one.host if self._request.target_host else "") for one in placed]
        return may_be_missing(copies, creates=self._creates)

    def of(self, member: Observation, fabric: Fabric | NotRead, data_sync: str) -> HostSide:
        """Return what the checks of a member look at, with the others that are failed back to its host."""
        host = self._placed[member.item.id].host
        others = [
            self._side(other, fabric, data_sync)
            for other in self._members
            if other is not member and other.stage in BEFORE_SYNC and self._placed[other.item.id].host == host
        ]
        return replace(self._side(member, fabric, data_sync), others=tuple(others))

    def _side(self, member: Observation, fabric: Fabric | NotRead, data_sync: str) -> HostSide:
        placed = self._placed[member.item.id]
        return HostSide(
            item=member.item,
            host=placed.host,
            facts=placed.facts,
            vm=placed.vm,
            copies=placed.copies,
            creates=self._creates,
            data_sync=data_sync,
            is_before_start=member.stage in BEFORE_SYNC,
            is_managed_by_vmm=isinstance(fabric, Fabric) and not fabric.is_hyper_v_site,
            other_names=placed.other_names,
            is_another_host=bool(self._request.target_host),
        )

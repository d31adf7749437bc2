# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recovery plans."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from asr_simulator.scenarios.model import ManualAction
from asr_simulator.site_recovery.model.fabrics import Fabric
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.jobs import Job


@dataclass
class Plan:
    """A plan: items in the groups in which they start. ``scenario`` is how it calls its last job."""

    name: str
    friendly_name: str
    path: str
    identifier: str
    groups: list[list[Item]]
    manual_actions: tuple[ManualAction, ...] = ()
    job: Job | None = None
    scenario: str = ""
    job_started: datetime | None = None
    times: dict[str, datetime] = field(default_factory=dict)

    @property
    def items(self) -> list[Item]:
        """All items, in start order."""
        return [item for group in self.groups for item in group]

    @property
    def fabric(self) -> Fabric:
        """The fabric of its items on-premises."""
        return self.items[0].fabric

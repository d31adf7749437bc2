# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of jobs, by the virtual machine that they are of: a vault has thousands, and each machine a few."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable

from .jobs import Job


class JobList:
    """Jobs in the order in which the service lists them."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._own: defaultdict[str, list[tuple[int, Job]]] = defaultdict(list)
        self._of_any: list[tuple[int, Job]] = []
        for number, job in enumerate(jobs):
            of_any = job.is_of_plan or job.may_be_of_any_vm
            (self._of_any if of_any else self._own[job.target_id.lower()]).append((number, job))

    def that_may_concern(self, vm_id: str) -> list[Job]:
        """Return the jobs of a virtual machine, of plans, and those that do not tell what they are of.

        C(vm_id) is in lower case.
        """
        own = self._own.get(vm_id, [])
        return [job for _number, job in heapq.merge(own, self._of_any, key=lambda numbered: numbered[0])]

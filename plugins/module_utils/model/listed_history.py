# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the jobs of a vault tell of many items at once, from no more pages of its list than it takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from .history import History, history_of
from .items import ReplicatedItem
from .job_list import JobList
from .jobs import Job


def histories_of(items: Sequence[ReplicatedItem], pages: Iterable[Sequence[Job]], most: int) -> dict[str, History]:
    """Return the history of each of the items by its id. C(pages) are of the vault's jobs, newest first.

    Pages are taken until they tell of every item, and C(most) at most. Items that lie further back have a gap.
    """
    found: dict[str, History] = {}
    unsettled, jobs, taken = list(items), list[Job](), 0
    for page in islice(pages, most) if unsettled else ():
        taken += 1
        jobs += page
        unread = f"the newest {len(jobs)} jobs, which is what was read, do not reach back to its failover to Azure"
        found.update(_told(unsettled, jobs, unread))
        unsettled = [item for item in unsettled if found[item.id].gap == unread]
        if not unsettled:
            break
    if taken < most:
        # The list has ended.
        found.update(_told(unsettled, jobs, ""))
    return found


def _told(items: Iterable[ReplicatedItem], jobs: Iterable[Job], unread: str) -> dict[str, History]:
    listed = JobList(jobs)
    return {item.id: history_of(item, listed.that_may_concern(item.vm_id.lower()), unread) for item in items}

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether to synchronize before the failover or during it only: Microsoft's advice as a rule, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .items import ReplicatedItem

AUTO = "auto"
BEFORE_FAILOVER = "before_failover"
DURING_FAILOVER = "during_failover"
# Microsoft documentation: download in full when the virtual machine has run in Azure for a month or more, or the
# on-premises virtual machine is gone; comparing checksums would then take longer than the download.
FULL_DOWNLOAD_AFTER = timedelta(days=30)


@dataclass(frozen=True)
class DataSync:
    """C(option) is C(before_failover) or C(during_failover); C(reason) is a sentence for the user."""

    option: str
    reason: str

    @property
    def synchronizes_first(self) -> bool:
        """Whether the VM in Azure goes on running while its data is copied."""
        return self.option == BEFORE_FAILOVER


def choose_data_sync(
    asked: str,
    items: Sequence[ReplicatedItem],
    now: datetime,
    *,
    vm_may_be_missing: bool,
    another_host: str = "",
) -> DataSync:
    """Return the data synchronization for items that are failed back by one operation.

    C(asked) is C(auto), C(before_failover) or C(during_failover). C(now) is the service's time. A recovery plan has
    one option for all its machines, so the one that has been in Azure longest decides. C(another_host) is the name of a
    host that they did not come from.
    """
    ages = [(item.friendly_name, now - item.last_failover if item.last_failover else None) for item in items]
    return data_sync_by_age(asked, ages, vm_may_be_missing=vm_may_be_missing, another_host=another_host)


def data_sync_by_age(
    asked: str, ages: Sequence[tuple[str, timedelta | None]], *, vm_may_be_missing: bool, another_host: str = ""
) -> DataSync:
    """Return the same for machines by their names and how long they have run in Azure; None where that is not known.

    To another host Microsoft recommends to synchronize before the failover, as everything has to be copied either way,
    and the VM in Azure can run meanwhile.
    """
    if asked != AUTO:
        return DataSync(asked, "as asked for")
    if another_host:
        reason = f"all data has to be copied to {another_host}, and the VM in Azure can run meanwhile"
        return DataSync(BEFORE_FAILOVER, reason)
    if vm_may_be_missing:
        return DataSync(DURING_FAILOVER, "the on-premises VM is or may be missing: there is nothing to compare with")
    unknown = [name for name, age in ages if age is None]
    if unknown:
        return DataSync(
            DURING_FAILOVER, f"Site Recovery does not say when {', '.join(unknown)} was failed over to Azure"
        )
    return _by_age([(name, age) for name, age in ages if age is not None])


def _by_age(ages: Sequence[tuple[str, timedelta]]) -> DataSync:
    name, age = max(ages, key=lambda entry: entry[1])
    stay = f"{name} was failed over {_days(age)} ago"
    if age >= FULL_DOWNLOAD_AFTER:
        return DataSync(DURING_FAILOVER, f"{stay}, a month or more: a full download is faster than comparing")
    return DataSync(BEFORE_FAILOVER, f"{stay}, less than a month: only what changed is copied, with little downtime")


def _days(age: timedelta) -> str:
    return "less than a day" if age.days < 1 else f"{age.days} day{'' if age.days == 1 else 's'}"

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the synchronization of a VM and its downtime may take: from sizes and rates, or from earlier runs.

What an estimate needs and nobody knows makes it unknown, with the reason: a missing number is never taken for 0.
Site Recovery copies what differs, and finds it by comparing the disks: it reads all of them, whatever has changed. A
full download writes all of them, and the VM is off meanwhile (Microsoft documentation, and data-synchronization.md).
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any

from .data_sync import BEFORE_FAILOVER, DURING_FAILOVER
from .durations import in_words
from .name_lists import some_of
from .sizes import in_gb
from .wave_packing import Bucket, Slots
from .wave_vms import WaveVm, as_whole

# Of what an earlier run tells.
_SECONDS = ("synchronization_seconds", "downtime_seconds")
NO_DATA_SYNC = "whether it synchronizes before or during the failover is not known (days_in_azure, data_sync)"


@dataclass(frozen=True)
class Estimate:
    """C(seconds) are None where they are not known, and C(reason) says why; else C(rests_on) says on what they rest."""

    seconds: int | None
    rests_on: tuple[str, ...] = ()
    reason: str = ""

    def as_result(self) -> dict[str, Any]:
        """Return the estimate for a result."""
        return {"seconds": self.seconds, "rests_on": list(self.rests_on), "reason": self.reason}


@dataclass(frozen=True)
class EarlierRun:
    """What one failback of one VM took. C(synchronization) is the copy, C(downtime) from the shutdown in Azure until
    the VM worked on-premises, in seconds; None where it is not known."""

    name: str
    data_sync: str
    synchronization: int | None
    downtime: int | None
    disk_bytes: int | None


@dataclass(frozen=True)
class Experience:
    """What estimates rest on: rates of copying and comparing, in bytes per second, and earlier runs, oldest first."""

    copies: int | None = None
    compares: int | None = None
    runs: tuple[EarlierRun, ...] = ()

    def own(self, vm: WaveVm, sync: str, what: Callable[[EarlierRun], int | None]) -> int | None:
        """Return what the newest earlier run of a VM took that synchronized in the same way."""
        found = (what(run) for run in reversed(self.runs) if run.name.lower() in vm.names and run.data_sync == sync)
        return next((seconds for seconds in found if seconds is not None), None)

    def of_others(self, sync: str, what: Callable[[EarlierRun], float | None]) -> list[float]:
        """Return what earlier runs of any VM took that synchronized in the same way."""
        found = (what(run) for run in self.runs if run.data_sync == sync)
        return [value for value in found if value is not None]


def parse_experience(copies: object, compares: object, runs: object, problems: list[str]) -> Experience:
    """Read the rates and the earlier runs; what is wrong with them is added to the problems."""
    copying = _rate(copies, "bytes_per_second", problems)
    comparing = _rate(compares, "compare_bytes_per_second", problems)
    if not isinstance(runs, (list, tuple)):
        problems.append("earlier_runs is not a list")
        runs = ()
    read = (_parse_run(run, problems) for run in runs)
    return Experience(copying, comparing, tuple(run for run in read if run is not None))


def _rate(value: object, name: str, problems: list[str]) -> int | None:
    if value in (None, ""):
        return None
    rate = int(value) if isinstance(value, float) and value >= 1 and value < float("inf") else as_whole(value)
    if rate is None or rate < 1:
        problems.append(f"{name} is '{value}', not a number of at least 1")
        return None
    return rate


def _parse_run(run: object, problems: list[str]) -> EarlierRun | None:
    if not isinstance(run, Mapping) or not run.get("name"):
        problems.append("earlier_runs has an entry without a name")
        return None
    name, sync = str(run["name"]), run.get("data_sync")
    option = str(sync.get("option") if isinstance(sync, Mapping) else sync)
    if option not in (BEFORE_FAILOVER, DURING_FAILOVER):
        problems.append(f"earlier_runs: data_sync of {name} is '{option}', not {BEFORE_FAILOVER} or {DURING_FAILOVER}")
        return None
    for key in (*_SECONDS, "disk_bytes"):
        if run.get(key) is not None and as_whole(run[key]) is None:
            problems.append(f"earlier_runs: {key} of {name} is '{run[key]}', not a whole number")
            return None
    synchronization, downtime = (as_whole(run.get(key)) for key in _SECONDS)
    return EarlierRun(name, option, synchronization, downtime, as_whole(run.get("disk_bytes")))


def synchronization_of(vm: WaveVm, known: Experience) -> Estimate:
    """Return how long the data of a VM is copied."""
    if vm.data_sync is None:
        return _unknown(NO_DATA_SYNC)
    by_rate = _by_rate(vm, known)
    if by_rate.seconds is not None:
        return by_rate
    sync = vm.data_sync.option
    own = known.own(vm, sync, lambda run: run.synchronization)
    if own is not None:
        return Estimate(own, (f"its last earlier run ({sync}), whose copy took {in_words(own)}",))
    per_byte = known.of_others(sync, _seconds_per_byte)
    if vm.disk_bytes is None or not per_byte:
        return by_rate
    seconds = ceil(vm.disk_bytes * median(per_byte))
    return Estimate(seconds, (f"the size of its disks, {in_gb(vm.disk_bytes)}", f"{_runs(per_byte)} ({sync}), by size"))


def _by_rate(vm: WaveVm, known: Experience) -> Estimate:
    """Estimate by rates: of a full copy the disks, else what changed, after the disks have been compared."""
    copied = vm.disk_bytes if vm.copies_all else vm.changed_bytes
    missing = [] if vm.disk_bytes is not None else ["the size of its disks (disk_bytes)"]
    if not vm.copies_all and vm.changed_bytes is None:
        missing.append("how much has changed in Azure (changed_bytes)")
    if known.copies is None:
        missing.append("the rate of copying (bytes_per_second)")
    if not vm.copies_all and known.compares is None:
        missing.append("the rate of comparing disks (compare_bytes_per_second)")
    if missing or copied is None or known.copies is None or vm.disk_bytes is None:
        return _unknown(f"missing: {', '.join(missing)}; no earlier run covers it (earlier_runs)")
    seconds = copied / known.copies
    rests_on = [f"{in_gb(copied)} to copy", f"{known.copies} bytes per second"]
    if not vm.copies_all and known.compares is not None:
        seconds += vm.disk_bytes / known.compares
        rests_on += [f"{in_gb(vm.disk_bytes)} to compare", f"{known.compares} bytes per second compared"]
    return Estimate(ceil(seconds), tuple(rests_on))


def _seconds_per_byte(run: EarlierRun) -> float | None:
    return run.synchronization / run.disk_bytes if run.synchronization is not None and run.disk_bytes else None


def downtime_of(vm: WaveVm, synchronization: Estimate, known: Experience) -> Estimate:
    """Return how long a VM is off: during a full download for all of it, else for the last changes and its start."""
    if vm.data_sync is None:
        return _unknown(synchronization.reason)
    sync = vm.data_sync.option
    own = known.own(vm, sync, lambda run: run.downtime)
    if own is not None:
        return Estimate(own, (f"its last earlier run ({sync}), in which it was off for {in_words(own)}",))
    if sync == BEFORE_FAILOVER:
        others = known.of_others(sync, lambda run: run.downtime)
        if not others:
            return _unknown("no earlier run shows how long the last changes and the start take (earlier_runs)")
        return Estimate(ceil(median(others)), (f"{_runs(others)} ({sync})",))
    return _of_download(synchronization, known.of_others(sync, _beside_copy))


def _of_download(download: Estimate, beside: Sequence[float]) -> Estimate:
    if download.seconds is None:
        return _unknown(f"it is off during its download, which cannot be estimated: {download.reason}")
    if not beside:
        return _unknown(
            f"it is off during its download, about {in_words(download.seconds)}; no earlier run shows how long its "
            "shutdown and start take (earlier_runs)"
        )
    rests_on = (*download.rests_on, f"{_runs(beside)} for shutdown and start")
    return Estimate(download.seconds + ceil(median(beside)), rests_on)


def _beside_copy(run: EarlierRun) -> int | None:
    if run.downtime is None or run.synchronization is None:
        return None
    return max(run.downtime - run.synchronization, 0)


def _runs(values: Sequence[float]) -> str:
    return f"the median of {len(values)} earlier runs" if len(values) > 1 else "one earlier run"


def _unknown(reason: str) -> Estimate:
    return Estimate(None, reason=reason)


def longest(estimates: Mapping[str, Estimate]) -> Estimate:
    """Return how long all take that go on at the same time, by VM."""
    return _of_all(estimates, lambda: _the_longest(estimates))


def _the_longest(estimates: Mapping[str, Estimate]) -> Estimate:
    seconds, name = max((one.seconds or 0, name) for name, one in estimates.items())
    return Estimate(seconds, (f"the longest, of {name}",))


def one_after_another(groups: Sequence[Mapping[str, Estimate]], rests_on: str) -> Estimate:
    """Return how long groups take one after another, by VM; those of a group go on at the same time."""
    everything = {name: one for group in groups for name, one in group.items()}
    return _of_all(everything, lambda: Estimate(sum(longest(group).seconds or 0 for group in groups), (rests_on,)))


def _of_all(estimates: Mapping[str, Estimate], estimate: Callable[[], Estimate]) -> Estimate:
    """Return what all of them together make, unless there are none, or one is not known."""
    if not estimates:
        return Estimate(0, ("there are none",))
    unknown = [name for name, one in estimates.items() if one.seconds is None]
    return _unknown(f"not known for {some_of(unknown)}") if unknown else estimate()


def under_caps(estimates: Mapping[str, Estimate], slots: Mapping[str, Slots]) -> Estimate:
    """Return how long all take where each begins, in this order, as soon as its caps allow.

    C(slots) are what each VM counts for, with how many may go on there at the same time.
    """
    copies = [(slots[name], one.seconds or 0) for name, one in estimates.items()]
    begun = f"{len(copies)} VMs, each begun as soon as the caps allow"
    return _of_all(estimates, lambda: Estimate(_end_of_last(copies), (begun,)))


def _end_of_last(copies: Sequence[tuple[Slots, int]]) -> int:
    """Begin copies in order under their caps, and return when the last has ended, in seconds after the first began."""
    # Copies that count for the same take the place of each other, so that only the first of them has to be looked at.
    queues: defaultdict[Slots, deque[tuple[int, int]]] = defaultdict(deque)
    for number, (slots, seconds) in enumerate(copies):
        queues[slots].append((number, seconds))
    used: Counter[Bucket] = Counter()
    running: list[tuple[int, int, Slots]] = []
    now = 0
    while queues:
        free = [slots for slots in queues if all(used[bucket] < cap for bucket, cap in slots)]
        if free:
            slots = min(free, key=lambda one: queues[one][0])
            number, seconds = queues[slots].popleft()
            heapq.heappush(running, (now + seconds, number, slots))
            used.update(bucket for bucket, _cap in slots)
            if not queues[slots]:
                del queues[slots]
        else:
            now, _number, slots = heapq.heappop(running)
            used.subtract(bucket for bucket, _cap in slots)
    return max(end for end, _number, _slots in running)

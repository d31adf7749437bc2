# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting VMs that are in order into waves under caps: each as early as its rank, its dependencies and the caps allow.

VMs that others wait for go first, then by name: the same input gives the same waves.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import NamedTuple, TypeAlias

from .wave_order import Order
from .wave_vms import WaveVm

# What a cap is named by, and what it counts.
CAPS: Mapping[str, str] = {"per_host": "host", "per_cluster": "cluster", "per_site": "site", "per_vault": "vault"}


class Bucket(NamedTuple):
    """What VMs count for together: the name of a cap, and the host, cluster, site or vault."""

    cap: str
    place: str


# What a VM counts for, and how many VMs may at the same time.
Slots: TypeAlias = "tuple[tuple[Bucket, int], ...]"
Range: TypeAlias = "list[int]"


@dataclass
class Place:
    """A VM in its wave, counted from 1. C(slots) are what it counts for, C(ready) is the first wave that it could be in
    but for the caps, C(held_by) the caps that were full since then, each with the first and last of such waves."""

    vm: WaveVm
    slots: Slots
    ready: int = 0
    wave: int = 0
    held_by: dict[str, list[Range]] = field(default_factory=dict)


# Of VMs that wait: those that another waits for longest first, then by name.
_Turn: TypeAlias = "tuple[int, tuple[str, str], str]"


def slots_of(places: Mapping[str, object], caps: Mapping[str, int]) -> Slots:
    """Return what a VM counts for, by its host, cluster, site and vault: of a cap on clusters nothing where it is in
    none."""
    named = {cap: str(places.get(CAPS[cap]) or "").lower() for cap in caps}
    return tuple((Bucket(cap, place), caps[cap]) for cap, place in named.items() if place)


def pack(vms: Sequence[WaveVm], order: Order, caps: Mapping[str, int]) -> list[Place]:
    """Return the VMs in their waves, in order. The order has no circles, and nothing in it needs a later rank."""
    packing = _Packing(vms, order, caps)
    ranks: defaultdict[int, list[str]] = defaultdict(list)
    for vm in vms:
        ranks[order.ranks[vm.name].number].append(vm.name)
    return [place for number in sorted(ranks) for place in packing.of_rank(ranks[number])]


class _Packing:
    """VMs that count for the same take the place of each other, so that of these only the first has to be looked at."""

    def __init__(self, vms: Sequence[WaveVm], order: Order, caps: Mapping[str, int]) -> None:
        self._places = {vm.name: Place(vm, slots_of(vars(vm), caps)) for vm in vms}
        self._needs = order.needs
        self._heights = _heights(order.needs)
        self._waiting_for: defaultdict[str, list[str]] = defaultdict(list)
        for name, needs in order.needs.items():
            for other in needs:
                self._waiting_for[other].append(name)
        self._ready: defaultdict[Slots, list[_Turn]] = defaultdict(list)
        self._full: defaultdict[Slots, defaultdict[str, list[Range]]] = defaultdict(lambda: defaultdict(list))
        self._wave = 0

    def of_rank(self, names: Sequence[str]) -> Iterator[Place]:
        """Yield the VMs of a rank in their waves. All ranks before it have been yielded."""
        missing = {name: sum(not self._places[other].wave for other in self._needs[name]) for name in names}
        self._add(name for name, count in missing.items() if not count)
        while self._ready:
            self._wave += 1
            chosen = list(self._choose())
            yield from chosen
            freed = []
            for place in chosen:
                for name in self._waiting_for[place.vm.name]:
                    if name in missing:
                        missing[name] -= 1
                        freed += [] if missing[name] else [name]
            self._add(freed)

    def _add(self, names: Iterator[str] | Sequence[str]) -> None:
        for name in names:
            place = self._places[name]
            place.ready = self._wave + 1
            heapq.heappush(self._ready[place.slots], (-self._heights[name], place.vm.sort_key, name))

    def _choose(self) -> Iterator[Place]:
        """Yield the VMs of one wave."""
        used: Counter[Bucket] = Counter()
        while free := [slots for slots in self._ready if all(used[bucket] < cap for bucket, cap in slots)]:
            slots = min(free, key=lambda one: self._ready[one][0])
            place = self._places[heapq.heappop(self._ready[slots])[-1]]
            if not self._ready[slots]:
                del self._ready[slots]
            used.update(bucket for bucket, _cap in slots)
            place.wave = self._wave
            place.held_by = dict(self._since(place))
            yield place
        for slots in self._ready:
            for bucket, cap in slots:
                if used[bucket] >= cap:
                    _extend(self._full[slots][bucket.cap], self._wave)

    def _since(self, place: Place) -> Iterator[tuple[str, list[Range]]]:
        """Yield the caps that were full for a VM since it was ready, with the waves."""
        for cap, ranges in self._full.get(place.slots, {}).items():
            later = [[max(first, place.ready), last] for first, last in ranges if last >= place.ready]
            if later:
                yield cap, later


def _extend(ranges: list[Range], wave: int) -> None:
    if ranges and ranges[-1][1] == wave - 1:
        ranges[-1][1] = wave
    else:
        ranges.append([wave, wave])


def _heights(needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return how long the longest chain of VMs is that wait for each."""
    heights = dict.fromkeys(needs, 0)
    for name in reversed(list(TopologicalSorter(needs).static_order())):
        for other in needs[name]:
            heights[other] = max(heights[other], heights[name] + 1)
    return heights

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves of cut-overs: which VMs go together, in which order, why, and how long it may take.

A wave has VMs of one tier or group only, none that depends on another of it, and no more of a host, cluster, site or
vault than the caps allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from .data_sync import BEFORE_FAILOVER
from .failures import ConfigurationError
from .name_lists import some_of
from .wave_estimates import (
    NO_DATA_SYNC,
    Estimate,
    Experience,
    downtime_of,
    longest,
    one_after_another,
    parse_experience,
    synchronization_of,
    under_caps,
)
from .wave_hosts import parse_hosts
from .wave_memory import Memory, judge_memory
from .wave_order import GROUP, TIER, Order, order_of, with_groups
from .wave_packing import CAPS, Place, pack
from .wave_vms import WaveVm, as_whole, parse_vms


@dataclass(frozen=True, kw_only=True)
class WaveOptions:
    """What the user says beside the VMs: the options of the filter failback_waves, as they were given."""

    order_by: str = ""
    recovery_plan: object = None
    already_back: object = ()
    hosts: object = ()
    n_plus_1: bool = True
    per_host: object = None
    per_cluster: object = None
    per_site: object = None
    per_vault: object = None
    bytes_per_second: object = None
    compare_bytes_per_second: object = None
    earlier_runs: object = ()


def plan_waves(vms: object, options: WaveOptions) -> dict[str, Any]:
    """Return the waves, the memory of the hosts and the totals, as the filter failback_waves describes them.

    Raises ConfigurationError with all reasons where there are no such waves: circles, names that are not known, what
    does not fit the memory, options that are none.
    """
    problems: list[str] = []
    caps = {name: cap for name in CAPS if (cap := _cap(name, getattr(options, name), problems)) is not None}
    known = parse_experience(
        options.bytes_per_second, options.compare_bytes_per_second, options.earlier_runs or (), problems
    )
    hosts = parse_hosts(options.hosts or (), problems)
    listed = parse_vms(vms, hosts, problems)
    plan_name = ""
    if options.recovery_plan:
        listed, plan_name = with_groups(listed, options.recovery_plan, problems)
    order_by = _order_by(listed, options, problems)
    order = order_of(listed, order_by, _names(options.already_back, problems), problems, plan_name)
    memory = judge_memory(listed, hosts, problems, n_plus_1=options.n_plus_1)
    _require_counted(memory.vms, caps, problems)
    if problems:
        raise ConfigurationError(
            f"These VMs cannot be put into waves: {'; '.join(dict.fromkeys(problems))}.",
            "Correct what is named, then plan again.",
            reasons=list(dict.fromkeys(problems)),
        )
    return _Plan(pack(memory.vms, order, caps), order, memory, caps, known).as_result()


def _order_by(vms: Sequence[WaveVm], options: WaveOptions, problems: list[str]) -> str:
    """Return what orders the VMs: what was asked for, else what they have."""
    grouped, tiered = any(vm.group is not None for vm in vms), any(vm.tier is not None for vm in vms)
    asked = options.order_by or (GROUP if grouped or options.recovery_plan else TIER)
    if asked not in (TIER, GROUP):
        problems.append(f"order_by is '{asked}', not {TIER} or {GROUP}")
    if not (options.order_by or options.recovery_plan) and grouped and tiered:
        problems.append("some VMs have a group, some a tier: say by order_by which of them counts")
    if asked == TIER and options.recovery_plan:
        problems.append(f"order_by is {TIER}, but a recovery_plan orders by its groups: leave out one of them")
    return asked


def _cap(name: str, value: object, problems: list[str]) -> int | None:
    if value in (None, ""):
        return None
    cap = as_whole(value)
    if cap is None or cap < 1:
        problems.append(f"{name} is '{value}', not a whole number of at least 1")
        return None
    return cap


def _names(value: object, problems: list[str]) -> list[str]:
    listed = value or ()
    if not isinstance(listed, (list, tuple)) or not all(isinstance(one, str) for one in listed):
        problems.append("already_back is not a list of names")
        return []
    return list(listed)


def _require_counted(vms: Sequence[WaveVm], caps: Mapping[str, int], problems: list[str]) -> None:
    """Refuse a cap on something that is not known for a VM: it may be one too many anywhere. In no cluster is known."""
    for cap in caps:
        name = CAPS[cap]
        unknown = [vm.name for vm in vms if getattr(vm, name) is None or (name != "cluster" and not getattr(vm, name))]
        if unknown:
            problems.append(f"{cap} is set, but the {name} of {some_of(unknown)} is not known")


@dataclass
class _Plan:
    """All that the result says."""

    places: Sequence[Place]
    order: Order
    memory: Memory
    caps: Mapping[str, int]
    known: Experience

    @cached_property
    def synchronization(self) -> dict[str, Estimate]:
        """How long the data of each VM is copied."""
        return {place.vm.name: synchronization_of(place.vm, self.known) for place in self.places}

    @cached_property
    def downtime(self) -> dict[str, Estimate]:
        """How long each VM is off."""
        return {
            place.vm.name: downtime_of(place.vm, self.synchronization[place.vm.name], self.known)
            for place in self.places
        }

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The wave of each VM."""
        return {place.vm.name: place.wave for place in self.places}

    def as_result(self) -> dict[str, Any]:
        """Return it."""
        waves: list[dict[str, Any]] = [{"wave": number, "vms": []} for number in sorted(set(self.numbers.values()))]
        for place in self.places:
            waves[place.wave - 1]["vms"].append(self._entry(place))
        downtimes = [{one["name"]: self.downtime[one["name"]] for one in wave["vms"]} for wave in waves]
        for wave, of_vms in zip(waves, downtimes, strict=True):
            wave["downtime"] = longest(of_vms).as_result()
        return {"waves": waves, "memory": self.memory.as_result(), "totals": self._totals(downtimes)}

    def _totals(self, downtimes: Sequence[Mapping[str, Estimate]]) -> dict[str, Any]:
        vms = [place.vm for place in self.places]
        # Whether one that is not known synchronizes ahead is not known either.
        ahead = [
            place for place in self.places if place.vm.data_sync is None or place.vm.data_sync.option == BEFORE_FAILOVER
        ]
        copies = under_caps(
            {place.vm.name: self.synchronization[place.vm.name] for place in ahead},
            {place.vm.name: place.slots for place in ahead},
        )
        return {
            "vms": len(vms),
            "waves": len(downtimes),
            "memory_bytes": _sum(vm.memory_bytes for vm in vms),
            "disk_bytes": _sum(vm.disk_bytes for vm in vms),
            "synchronization": copies.as_result(),
            "cut_over": one_after_another(downtimes, "the longest downtime of each wave, without gates").as_result(),
            "downtime": longest(self.downtime).as_result(),
        }

    def _entry(self, place: Place) -> dict[str, Any]:
        vm = place.vm
        sync = vm.data_sync
        return {
            "name": vm.name,
            "friendly_name": vm.friendly_name,
            "id": vm.id or None,
            "host": vm.host or None,
            "cluster": vm.cluster,
            "site": vm.site or None,
            "vault": vm.vault or None,
            "rank": self.order.ranks[vm.name].number,
            "tier": vm.tier,
            "group": vm.group,
            "depends_on": list(self.order.needs[vm.name]),
            "why": self._why(place),
            "memory_bytes": vm.memory_bytes,
            "disk_bytes": vm.disk_bytes,
            "changed_bytes": vm.changed_bytes,
            "data_sync": asdict(sync) if sync else {"option": None, "reason": NO_DATA_SYNC},
            "synchronization": self.synchronization[vm.name].as_result(),
            "downtime": self.downtime[vm.name].as_result(),
        }

    def _why(self, place: Place) -> list[str]:
        rank = self.order.ranks[place.vm.name].why
        needs = [
            f"depends on {name}, which is in wave {self.numbers[name]}" for name in self.order.needs[place.vm.name]
        ]
        held = [
            f"{cap} is {self.caps[cap]}: {getattr(place.vm, CAPS[cap])} had that many in {_waves(waves)}"
            for cap, waves in place.held_by.items()
        ]
        return [*([rank] if rank else []), *needs, *held] or ["nothing comes before it"]


def _waves(ranges: Sequence[Sequence[int]]) -> str:
    """Return ranges of waves as text: C(wave 1), C(waves 1 to 3, 5)."""
    parts = [f"{first}" if first == last else f"{first} to {last}" for first, last in ranges]
    return f"{'wave' if len(parts) == 1 and parts[0].isdigit() else 'waves'} {', '.join(parts)}"


def _sum(sizes: Any) -> int | None:
    known = list(sizes)
    return sum(known) if None not in known else None

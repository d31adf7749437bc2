# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VMs come before which: by what they depend on, then by tier, or by the groups of a recovery plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from .arm_ids import last_segment
from .failures import UnknownState
from .json_path import as_document, field
from .plans import parse_plan
from .wave_vms import WaveVm

TIER, GROUP = "tier", "group"
# Of a plan's groups only these have VMs: the others shut down, or fail over, all of them.
_BOOT = "boot"


@dataclass(frozen=True)
class Rank:
    """The part of the order that a VM belongs to: all of a smaller number come before. C(why) is a sentence, empty
    where there is one part alone."""

    number: int
    why: str = ""


@dataclass(frozen=True)
class Order:
    """C(needs) are the names of the VMs that each VM depends on, C(ranks) the part that each belongs to."""

    needs: Mapping[str, tuple[str, ...]]
    ranks: Mapping[str, Rank]


def order_of(
    vms: Sequence[WaveVm], order_by: str, already_back: Iterable[str], problems: list[str], plan_name: str = ""
) -> Order:
    """Return the order of VMs. C(already_back) are names of VMs that are not among them and run on-premises.

    What cannot be ordered is added to the problems: names that are not known or not unique, circles, a VM that has no
    group, or that depends on one of a later group.
    """
    needs = _needs(vms, already_back, problems)
    circles = _circles(needs)
    problems.extend(f"depends_on is circular: {' -> '.join(circle)}" for circle in circles)
    if circles:
        return Order(needs, {vm.name: Rank(0) for vm in vms})
    ranks = _by_group(vms, needs, plan_name, problems) if order_by == GROUP else _by_tier(vms, needs)
    return Order(needs, ranks)


def _needs(vms: Sequence[WaveVm], already_back: Iterable[str], problems: list[str]) -> dict[str, tuple[str, ...]]:
    index: defaultdict[str, list[str]] = defaultdict(list)
    for vm in vms:
        for name in vm.names:
            index[name].append(vm.name)
    back = {name.lower() for name in already_back}
    needs = {}
    for vm in vms:
        found = []
        for wanted in vm.depends_on:
            meant = index.get(wanted.lower(), [])
            if len(meant) > 1:
                problems.append(f"{vm.name} depends on {wanted}, which several VMs are called: {', '.join(meant)}")
            elif not meant and wanted.lower() not in back:
                problems.append(f"{vm.name} depends on {wanted}, which is neither one of the VMs nor in already_back")
            found += meant[:1]
        needs[vm.name] = tuple(sorted(dict.fromkeys(found)))
    return needs


def _circles(needs: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    """Return circles of dependencies, each as names with the first one again at its end; all, where none share a VM."""
    left, circles = dict(needs), []
    while circle := _circle(left):
        first = circle.index(min(circle))
        circles.append([*circle[first:], *circle[: first + 1]])
        left = {
            name: tuple(one for one in others if one not in circle)
            for name, others in left.items()
            if name not in circle
        }
    return circles


def _circle(needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the names of one circle, each before what it depends on; none where there are none."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as problem:
        # The sorter names a VM after the one that it depends on, and the first one twice.
        return list(problem.args[1][:0:-1])
    return []


def _by_tier(vms: Sequence[WaveVm], needs: Mapping[str, tuple[str, ...]]) -> dict[str, Rank]:
    """Rank by tier; what a VM of an earlier tier depends on comes with that one."""
    tiers = {vm.name: vm.tier for vm in vms}
    last = max((tier for tier in tiers.values() if tier is not None), default=-1) + 1
    numbers = {name: last if tier is None else tier for name, tier in tiers.items()}
    own = dict(numbers)
    for name in reversed(list(TopologicalSorter(needs).static_order())):
        for other in needs[name]:
            numbers[other] = min(numbers[other], numbers[name])
    # The first by name of those that depend on it and come as early.
    pulled = {
        other: name
        for name in sorted(needs, reverse=True)
        for other in needs[name]
        if numbers[other] == numbers[name] < own[other]
    }
    if len(set(numbers.values())) < 2 and not pulled:
        return {name: Rank(0) for name in numbers}
    return {name: Rank(numbers[name], _why_tier(tiers, name, pulled.get(name))) for name in numbers}


def _why_tier(tiers: Mapping[str, int | None], name: str, by: str | None) -> str:
    own = "no tier" if tiers[name] is None else f"tier {tiers[name]}"
    if by is not None:
        return f"{own}, but {by}, which depends on it, comes earlier"
    return f"{own}, so after all tiers" if tiers[name] is None else own


def _by_group(
    vms: Sequence[WaveVm], needs: Mapping[str, tuple[str, ...]], plan_name: str, problems: list[str]
) -> dict[str, Rank]:
    of_plan = f" of recovery plan {plan_name}" if plan_name else ""
    groups = {vm.name: vm.group for vm in vms}
    for name, group in groups.items():
        if group is None:
            problems.append(f"{name} is in no group{of_plan}")
        for other in needs[name]:
            later = groups[other]
            if group is not None and later is not None and later > group:
                problems.append(
                    f"{name} is in group {group}{of_plan}, but depends on {other}, which is in group {later}"
                )
    return {name: Rank(group or 0, f"group {group}{of_plan}") for name, group in groups.items()}


def with_groups(vms: Sequence[WaveVm], given: object, problems: list[str]) -> tuple[list[WaveVm], str]:
    """Return the VMs with their groups in a recovery plan, and its name. C(given) is an entry of recovery_plan_info,
    called with full."""
    try:
        plan = parse_plan(as_document(field(given, "recovery_plan")))
    except UnknownState as problem:
        problems.append(f"recovery_plan: {problem.happened}")
        return list(vms), ""
    groups = [group.item_ids for group in plan.groups if group.type.lower() == _BOOT]
    if not groups:
        problems.append("recovery_plan has no groups: give an entry of recovery_plan_info, called with full: true")
    numbers = {one.lower(): number for number, members in enumerate(groups, 1) for one in members}
    by_name = {last_segment(item_id): number for item_id, number in numbers.items()}
    grouped = [
        # A name is unique in a fabric only, so that it counts for a VM without an id alone.
        replace(vm, group=numbers.get(vm.id.lower()) if vm.id else by_name.get(vm.name.lower()))
        for vm in vms
    ]
    return grouped, plan.friendly_name or plan.name

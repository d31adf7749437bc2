# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds of every plan of waves, whatever the VMs, the caps and the hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.wave_plans import GB, Entry, cluster, host, names_of, running

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.waves import WaveOptions, plan_waves

NODES, ALONE = ["hv1", "hv2", "hv3"], "solo"
CAPS = {"per_host": "host", "per_cluster": "cluster", "per_site": "site", "per_vault": "vault"}
OPTIONS = st.fixed_dictionaries({}, optional={cap: st.integers(1, 4) for cap in CAPS})
FREE = st.integers(0, 30)


@st.composite
def fleets(draw: st.DrawFn, most: int = 12) -> list[Entry]:
    """VMs of two sites and vaults, without circles: each depends on some of those before it, in any order."""
    names = draw(st.lists(st.text("abcXYZ", min_size=1, max_size=3), unique_by=str.lower, max_size=most))
    return [
        {
            "name": name,
            "tier": draw(st.sampled_from([None, 0, 1, 2])),
            "depends_on": draw(st.lists(st.sampled_from(names[:number]), unique=True, max_size=3)) if number else [],
            "host": draw(st.sampled_from([*NODES, ALONE])),
            "site": draw(st.sampled_from("st")),
            "vault": draw(st.sampled_from("vw")),
            "memory_bytes": draw(st.integers(1, 6)) * GB,
        }
        for number, name in enumerate(names)
    ]


def hosts_of(free: Sequence[int], *running_vms: Entry) -> list[Entry]:
    """Three nodes of a cluster, the first with VMs, and a host in none."""
    return [*cluster(*free[:3], hv1=running_vms), host(ALONE, free[3])]


ROOM = [1000, 1000, 1000, 1000]


@given(fleets(), OPTIONS, st.randoms(use_true_random=False))
def test_every_vm_is_in_one_wave_after_what_it_needs_and_no_wave_exceeds_a_cap(
    vms: list[Entry], caps: Mapping[str, int], chance: Any
) -> None:
    planned = plan_waves(vms, WaveOptions(hosts=hosts_of(ROOM), **caps))
    waves = {one["name"]: wave["wave"] for wave in planned["waves"] for one in wave["vms"]}
    assert Counter(name for names in names_of(planned) for name in names) == Counter(vm["name"] for vm in vms)
    assert [wave["wave"] for wave in planned["waves"]] == list(range(1, len(planned["waves"]) + 1))
    for vm in vms:
        assert all(waves[other] < waves[vm["name"]] for other in vm["depends_on"])
    for wave in planned["waves"]:
        assert wave["vms"]
        assert all(one["why"] for one in wave["vms"])
        for cap, limit in caps.items():
            counts = Counter(one[CAPS[cap]] for one in wave["vms"] if one[CAPS[cap]])
            assert max(counts.values(), default=0) <= limit
    assert_tiers_follow_each_other(vms, waves)
    assert_nothing_could_come_earlier(vms, waves, planned, caps)
    shuffled = list(vms)
    chance.shuffle(shuffled)
    assert plan_waves(shuffled, WaveOptions(hosts=hosts_of(ROOM), **caps)) == planned


def effective_tiers(vms: Sequence[Entry]) -> dict[str, int]:
    """The tier in which each VM comes: the earliest of its own and of those that need it."""
    tiers = {vm["name"]: 9 if vm["tier"] is None else vm["tier"] for vm in vms}
    for _round in vms:
        for vm in vms:
            for other in vm["depends_on"]:
                tiers[other] = min(tiers[other], tiers[vm["name"]])
    return tiers


def assert_tiers_follow_each_other(vms: Sequence[Entry], waves: Mapping[str, int]) -> None:
    tiers = effective_tiers(vms)
    for one in waves:
        assert all(waves[one] < waves[other] for other in waves if tiers[one] < tiers[other])


def assert_nothing_could_come_earlier(
    vms: Sequence[Entry], waves: Mapping[str, int], planned: Entry, caps: Mapping[str, int]
) -> None:
    """In the wave before its own a VM would break a cap, or come before what it needs or before an earlier tier."""
    tiers = effective_tiers(vms)
    members = {wave["wave"]: wave["vms"] for wave in planned["waves"]}
    for vm in vms:
        name, before = vm["name"], waves[vm["name"]] - 1
        if not before or tiers[members[before][0]["name"]] != tiers[name]:
            continue
        needs = any(waves[other] == before for other in vm["depends_on"])
        entry = next(one for one in members[before + 1] if one["name"] == name)
        full = [
            cap
            for cap, limit in caps.items()
            if entry[CAPS[cap]] and sum(one[CAPS[cap]] == entry[CAPS[cap]] for one in members[before]) >= limit
        ]
        assert needs or full


@given(fleets(most=7), st.tuples(FREE, FREE, FREE, FREE), st.lists(st.integers(1, 6), max_size=3))
def test_the_memory_of_every_host_suffices_and_every_cluster_that_gets_vms_goes_on_without_any_node(
    vms: list[Entry], free: tuple[int, ...], there: list[int]
) -> None:
    # Half of those of the cluster have no host.
    for vm in vms[::2]:
        if vm["host"] in NODES:
            vm |= {"host": None, "cluster": "cl1"}
    listed = [running(f"there{number}", size) for number, size in enumerate(there)]
    pinned = Counter[str]()
    for vm in vms:
        pinned[vm["host"]] += vm["memory_bytes"] // GB
    sizes = dict(zip([*NODES, ALONE], free, strict=True))
    planned, refusals = planned_or_refused(vms, hosts=hosts_of(free, *listed))
    if planned is None:
        too_little = [name for name in sizes if sizes[name] and pinned[name] > sizes[name]]
        named = {
            name for name in sizes for reason in refusals if f"host {name} has" in reason or f"host {name}," in reason
        }
        assert named == set(too_little)
        assert too_little or any("N+1" in reason or "fits no node" in reason for reason in refusals)
        return
    placed = [(one["host"], one["memory_bytes"] // GB) for wave in planned["waves"] for one in wave["vms"]]
    left = {name: size - sum(memory for where, memory in placed if where == name) for name, size in sizes.items()}
    assert all(size >= 0 for name, size in left.items() if sizes[name])
    if planned["memory"]["status"] != "pass":
        assert not all(free)
        return
    # A cluster that nobody comes to is as it was.
    for lost in NODES if any(where in NODES for where, _memory in placed) else ():
        load = [memory for where, memory in placed if where == lost] + (there if lost == "hv1" else [])
        assert can_place(load, [left[name] for name in NODES if name != lost])


def planned_or_refused(vms: list[Entry], **options: Any) -> tuple[Entry | None, list[str]]:
    """A plan, or why there are none."""
    try:
        return plan_waves(vms, WaveOptions(**options)), []
    except ConfigurationError as refused:
        return None, list(refused.details["reasons"])


def can_place(load: Sequence[int], rooms: Sequence[int]) -> bool:
    """Whether there is any way at all to put all of a load somewhere."""
    if not load:
        return True
    return any(
        can_place(load[1:], [room - load[0] if other == number else room for other, room in enumerate(rooms)])
        for number, size in enumerate(rooms)
        if size >= load[0]
    )


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3), max_size=6))
def test_circles_are_refused_and_nothing_else_is(needs: dict[str, list[str]]) -> None:
    known = {name: [other for other in others if other in needs] for name, others in needs.items()}
    vms: list[Entry] = [{"name": name, "depends_on": others} for name, others in known.items()]
    left = set(known)
    while free := {name for name in left if not left.intersection(known[name])}:
        left -= free
    planned, refusals = planned_or_refused(vms)
    circles = [reason.partition(": ")[2].split(" -> ") for reason in refusals]
    assert bool(circles) == bool(left) == (planned is None)
    for circle in circles:
        assert circle[0] == circle[-1]
        assert all(other in known[one] for one, other in pairwise(circle))
    if planned is not None:
        assert sum(map(len, names_of(planned))) == len(vms)

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the memory of hosts and clusters suffices for all VMs of a plan: what is refused, and what is not known."""

from __future__ import annotations

from typing import Any

import pytest
from support.wave_plans import GB, Entry, cluster, entry_of, host, plan, reasons, running, vm


def of(name: str, memory: int | None, place: str = "", **more: Any) -> Entry:
    """A VM that needs so many GB of memory, on a host."""
    return vm(name, memory_bytes=memory and memory * GB, **({"host": place} if place else {}), **more)


def test_the_memory_of_a_host_is_for_all_that_come_to_it_in_any_wave() -> None:
    planned = plan(of("a", 8, "hv1", tier=1), of("b", 4, "HV1", tier=2), hosts=[host("hv1", 12), host("hv2", 4)])
    assert planned["memory"] == {
        "status": "pass",
        "reason": "",
        "hosts": [
            {
                "host": name,
                "cluster": "",
                "vms": vms,
                "free_memory_bytes": free * GB,
                "needed_bytes": (free - left) * GB,
                "left_bytes": left * GB,
                "status": "pass",
                "reason": "",
            }
            for name, vms, free, left in (("hv1", ["a", "b"], 12, 0), ("hv2", [], 4, 4))
        ],
        "clusters": [],
    }


def test_a_host_that_has_too_little_says_how_much_and_for_whom() -> None:
    vms = [of("a", 8, "hv1"), of("b", 5, "hv1"), of("c", 70, "hv2"), of("d", 1, "hv2"), of("e", 9, "hv3")]
    assert reasons(*vms, hosts=[host("hv1", 12), host("hv2", 64), host("hv3", 8)]) == [
        "host hv1 has 12.0 GB of memory free, the 2 VMs that come to it need 13.0 GB, 1.0 GB short: a 8.0 GB, b 5.0 GB",
        "c needs 70.0 GB of memory and does not fit host hv2, which has 64.0 GB free, 6.0 GB short",
        "host hv2 has 64.0 GB of memory free, the 2 VMs that come to it need 71.0 GB, 7.0 GB short: c 70.0 GB, "
        "d 1.0 GB",
        "e needs 9.0 GB of memory and does not fit host hv3, which has 8.0 GB free, 1.0 GB short",
    ]


def test_a_byte_is_too_little_and_is_never_called_nothing() -> None:
    (found,) = reasons(vm("a", host="hv1", memory_bytes=GB + 1), hosts=[host("hv1", 1)])
    assert found.endswith("which has 1.0 GB free, 0.1 GB short")


@pytest.mark.parametrize(
    ("vms", "hosts", "status", "words"),
    [
        ([of("a", None, "hv1")], [host("hv1", 8)], "not_checked", "the startup memory of a is not known"),
        ([of("a", 4, "hv1")], [host("hv1", None)], "not_checked", "the free memory of hv1 is not known"),
        ([of("a", 4, "hv1")], [host("hv1", 0)], "not_checked", "the free memory of hv1 is not known"),
        # Nothing comes to it.
        ([], [host("hv1", None)], "pass", ""),
    ],
)
def test_what_is_not_known_of_a_host_is_not_checked(
    vms: list[Entry], hosts: list[Entry], status: str, words: str
) -> None:
    (found,) = plan(*vms, hosts=hosts)["memory"]["hosts"]
    assert (found["status"], found["reason"]) == (status, words)
    assert (found["left_bytes"] is None) == (status != "pass" or not found["free_memory_bytes"])


def test_what_is_known_to_be_too_little_is_refused_all_the_same() -> None:
    assert len(reasons(of("a", None, "hv1"), of("b", 9, "hv1"), hosts=[host("hv1", 8)])) == 1


def test_a_vm_whose_host_was_not_read_is_named() -> None:
    planned = plan(of("a", 4, "hv1"), of("b", 4, "hv2"), of("c", 4), hosts=[host("hv1", 8)])
    assert planned["memory"]["status"] == "not_checked"
    assert planned["memory"]["reason"] == "the host, or its memory, is not known for b, c"


def test_a_vm_that_runs_on_its_host_already_needs_no_more() -> None:
    hosts = [host("hv1", 4, vms=[running("a", 8)])]
    assert plan(vm("a"), of("b", 4, "hv1"), hosts=hosts)["memory"]["hosts"][0]["left_bytes"] == 0
    # Elsewhere it needs its memory.
    assert len(reasons(of("a", 8, "hv2"), hosts=[*hosts, host("hv2", 4)])) == 1


def test_a_vm_of_a_cluster_without_a_host_goes_where_most_memory_is_left() -> None:
    nodes = cluster(10, 12, 8)
    planned = plan(
        *(of(name, size, cluster="CL1") for name, size in (("a", 6), ("b", 4), ("c", 3))), hosts=nodes, n_plus_1=False
    )
    assert {name: entry_of(planned, name)["host"] for name in "abc"} == {"a": "hv2", "b": "hv1", "c": "hv3"}


def test_a_vm_that_fits_no_node_is_named_with_what_it_lacks() -> None:
    assert reasons(of("a", 11, cluster="cl1"), hosts=cluster(10, 8, 8)) == [
        "a needs 11.0 GB of memory and fits no node of cluster cl1: most is left on hv1, 10.0 GB, 1.0 GB short"
    ]
    # A node that was not read, or that does not tell its memory, may have room for it.
    for nodes in (cluster(10, None), cluster(10, 12)[:1]):
        assert plan(of("a", 11, cluster="cl1"), hosts=nodes)["memory"]["status"] == "not_checked"


def test_a_node_that_is_not_up_takes_no_vm() -> None:
    states = {"hv1": "Paused", "hv2": "Up", "hv3": "Up"}
    nodes = [host(name, 50, "cl1", nodes=states) for name in states]
    assert entry_of(plan(of("a", 4, cluster="cl1"), hosts=nodes), "a")["host"] == "hv2"
    down = [host(name, 50, "cl1", nodes=dict.fromkeys(states, "Down")) for name in states]
    assert reasons(of("a", 4, cluster="cl1"), hosts=down) == ["a: no node of cluster cl1 is up"]


def test_a_cluster_must_go_on_without_any_one_of_its_nodes() -> None:
    vms = [of("a", 8, "hv1"), of("b", 6, "hv2")]
    assert plan(*vms, hosts=cluster(14, 14))["memory"]["clusters"] == [
        {"cluster": "cl1", "nodes": ["hv1", "hv2"], "status": "pass", "reason": ""}
    ]


def test_a_cluster_without_a_spare_node_says_what_is_missing() -> None:
    vms = [of("a", 8, "hv1"), of("b", 6, "hv2")]
    assert reasons(*vms, hosts=cluster(10, 14)) == [
        "cluster cl1 does not survive the loss of hv2 (N+1): its VMs need 6.0 GB, the other nodes have 2.0 GB left, "
        "4.0 GB short"
    ]
    assert plan(*vms, hosts=cluster(10, 14), n_plus_1=False)["memory"]["clusters"] == []
    assert reasons(of("a", 1, "hv1"), hosts=cluster(10)) == [
        "cluster cl1 does not survive the loss of hv1 (N+1): its VMs need 1.0 GB, the other nodes have 0.0 GB left, "
        "1.0 GB short"
    ]


def test_a_cluster_that_no_vm_comes_to_is_as_it_was() -> None:
    full = cluster(2, 2, hv1=[running("x", 8)])
    planned = plan(of("a", 4, "hv9"), hosts=[host("hv9", 12), *full])
    assert (planned["memory"]["status"], planned["memory"]["clusters"]) == ("pass", [])
    # Nor does one that runs there already.
    assert plan(vm("x"), of("a", 4, "hv9"), hosts=[host("hv9", 12), *full])["memory"]["clusters"] == []
    # One of which it is not known which node takes it may come to any of them.
    (found,) = plan(of("a", None, cluster="cl1"), hosts=cluster(9, 9))["memory"]["clusters"]
    assert found["cluster"] == "cl1"


def test_what_is_left_in_pieces_is_no_room_for_one_vm() -> None:
    assert reasons(of("a", 8, "hv1"), hosts=cluster(10, 5, 5)) == [
        "cluster cl1 does not survive the loss of hv1 (N+1): a needs 8.0 GB and fits no other node: most is left on "
        "hv2, 5.0 GB, 3.0 GB short"
    ]


def test_what_runs_on_a_node_has_to_go_somewhere_too() -> None:
    def nodes(*listed: Entry) -> list[Entry]:
        return cluster(10, 10, hv1=listed)

    assert plan(of("a", 4, "hv1"), hosts=nodes(running("x", 6)))["memory"]["status"] == "pass"
    (found,) = reasons(of("a", 5, "hv1"), hosts=nodes(running("x", 6)))
    assert "does not survive the loss of hv1" in found
    for other in (running("x", 6, "Off"), running("x", 6, is_clustered=False)):
        assert plan(of("a", 5, "hv1"), hosts=nodes(other))["memory"]["status"] == "pass"
    # A VM of the plan that runs there is not counted twice, and one that is in no cluster is lost with its host.
    assert plan(vm("x"), of("a", 4, "hv1"), hosts=nodes(running("x", 6)))["memory"]["status"] == "pass"
    assert plan(of("a", 10, "hv1", cluster=None), hosts=nodes())["memory"]["status"] == "pass"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vms": None}, "hv1: its VMs were not read"),
        ({"problems": [{"part": "vms", "message": "Access denied"}]}, "hv1: Access denied"),
        ({"may_administer_hyper_v": False}, "hv1: the account may not see every VM"),
        ({"vms": [{"name": "x", "state": "Running", "is_clustered": True}]}, "the startup memory of x is not known"),
        ({"free_memory_bytes": None}, "the free memory of hv1 is not known"),
    ],
)
def test_n_plus_1_is_not_checked_where_a_node_was_not_read_whole(change: Entry, words: str) -> None:
    nodes = cluster(10, 10)
    nodes[0] |= change
    (found,) = plan(of("a", 4, "hv2"), hosts=nodes)["memory"]["clusters"]
    assert found["status"] == "not_checked"
    assert words in found["reason"]


def test_n_plus_1_is_not_checked_where_a_node_is_missing_or_hides_vms() -> None:
    nodes = cluster(10, 4, 10)
    (found,) = plan(of("a", 8, "hv1"), hosts=nodes[:2])["memory"]["clusters"]
    assert found["status"] == "not_checked"
    assert found["reason"] == (
        "HV3 was not read; without hv1, its VMs need 8.0 GB, the other nodes have 4.0 GB left, 4.0 GB short"
    )
    nodes[1]["cluster"]["groups"] = [{"vm_id": "7", "owner": "HV2", "state": "Online", "name": "x", "resource": "x"}]
    (found,) = plan(of("a", 8, "hv1"), hosts=nodes)["memory"]["clusters"]
    assert found["reason"] == "hv2: of the VMs that its cluster runs there, 1 were not read"


def test_whether_a_host_is_in_a_cluster_may_not_be_known() -> None:
    for document in (host("hv1", 9, None), host("hv1", 9, "", services=[{"name": "ClusSvc", "state": "Stopped"}])):
        planned = plan(of("a", 4, "hv1"), hosts=[document])
        assert (entry_of(planned, "a")["cluster"], planned["memory"]["hosts"][0]["cluster"]) == (None, None)
        assert reasons(of("a", 4, "hv1"), hosts=[document], per_cluster=1) == [
            "per_cluster is set, but the cluster of a is not known"
        ]

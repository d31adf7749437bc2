# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which waves VMs are cut over, and why: dependencies, tiers, groups of a plan, caps, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from support.bodies import CONTAINER, VAULT
from support.wave_plans import Entry, entry_of, host, plan, reasons, vm, waves

from ansible_collections.asr.failback.plugins.module_utils.model.json_path import as_result

ITEMS = f"{CONTAINER}/replicationProtectedItems"


@pytest.mark.parametrize(
    ("vms", "expected"),
    [
        ([], []),
        ([vm("web"), vm("app"), vm("DB")], [["app", "DB", "web"]]),
        ([vm("web", "app"), vm("app", "db"), vm("db")], [["db"], ["app"], ["web"]]),
        ([vm("web", "APP"), vm("app")], [["app"], ["web"]]),
        ([vm("web", depends_on="app"), vm("app")], [["app"], ["web"]]),
        ([vm("web", "shop server"), vm("app", friendly_name="Shop server")], [["app"], ["web"]]),
        ([vm("web", f"{ITEMS}/app"), vm("app", id=f"{ITEMS}/APP")], [["app"], ["web"]]),
        ([vm("web", tier=2), vm("db", tier=1), vm("app", tier="1")], [["app", "db"], ["web"]]),
        # Without a tier after all others.
        ([vm("web"), vm("db", tier=1), vm("app", tier=0)], [["app"], ["db"], ["web"]]),
        # In a tier, too, what depends comes later; what an early VM needs comes before it, whatever its tier.
        ([vm("web", "db", tier=1), vm("db", tier=1), vm("x", tier=2)], [["db"], ["web"], ["x"]]),
        ([vm("web", "dns", tier=1), vm("dns", "ntp"), vm("ntp", tier=9), vm("x")], [["ntp"], ["dns"], ["web"], ["x"]]),
        ([vm("a", group=2), vm("b", group=1), vm("c", "b", group=1)], [["b"], ["c"], ["a"]]),
    ],
)
def test_vms_come_after_what_they_depend_on_and_after_earlier_tiers(vms: list[Entry], expected: Any) -> None:
    assert waves(*vms) == expected
    assert waves(*reversed(vms)) == expected


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ({"per_host": 1}, [["a", "c", "d"], ["b", "e"]]),
        ({"per_host": 2}, [["a", "b", "c", "d", "e"]]),
        ({"per_cluster": 2}, [["a", "b", "d", "e"], ["c"]]),
        ({"per_site": 2}, [["a", "b", "d", "e"], ["c"]]),
        ({"per_vault": "3"}, [["a", "b", "c"], ["d", "e"]]),
        ({"per_vault": 2, "per_host": 1}, [["a", "c"], ["b", "d"], ["e"]]),
        ({"per_vault": ""}, [["a", "b", "c", "d", "e"]]),
    ],
)
def test_a_wave_has_no_more_than_the_caps_allow(caps: Entry, expected: Any) -> None:
    first, second = {"cluster": "cl1", "site": "s1", "vault": "v"}, {"cluster": None, "site": "s2", "vault": "v"}
    vms = [
        vm("a", host="hv1", **first),
        vm("b", host="HV1", **first),
        vm("c", host="hv2", **first),
        vm("d", host="hv3.a.example", **second),
        vm("e", host="hv3", **second),
    ]
    assert waves(*vms, **caps) == expected


def test_vms_that_many_wait_for_are_not_held_back_by_names() -> None:
    same = {"host": "hv1"}
    vms = [vm("a", **same), vm("b", **same), vm("z", **same), vm("y", "z", **same), vm("x", "y", **same)]
    assert waves(*vms, per_host=1) == [["z"], ["y"], ["a"], ["b"], ["x"]]
    assert waves(*vms, per_host=2) == [["z", "a"], ["y", "b"], ["x"]]


def test_each_vm_says_why_it_is_in_its_wave() -> None:
    same: Entry = {"host": "hv1", "site": "s"}
    planned = plan(
        vm("dns", **same),
        vm("db", "dns", tier=1, **same),
        vm("db2", "dns", tier=1, **same),
        vm("web", "db", "already", tier=2, **same),
        vm("zzz", **same),
        per_host=1,
        per_site=2,
        already_back=["Already"],
    )
    assert {name: entry_of(planned, name)["why"] for name in ("dns", "db", "db2", "web", "zzz")} == {
        "dns": ["no tier, but db, which depends on it, comes earlier"],
        "db": ["tier 1", "depends on dns, which is in wave 1"],
        "db2": ["tier 1", "depends on dns, which is in wave 1", "per_host is 1: hv1 had that many in wave 2"],
        "web": ["tier 2", "depends on db, which is in wave 2"],
        "zzz": ["no tier, so after all tiers"],
    }
    assert entry_of(plan(vm("a")), "a")["why"] == ["nothing comes before it"]
    assert entry_of(planned, "web")["depends_on"] == ["db"]


def test_a_vm_that_was_held_back_for_long_names_the_waves() -> None:
    vms = [vm(name, host="hv1") for name in "abcde"]
    assert entry_of(plan(*vms, per_host=1), "e")["why"] == ["per_host is 1: hv1 had that many in waves 1 to 4"]


def recovery_plan(*groups: list[str]) -> Entry:
    """An entry of recovery_plan_info, called with full."""
    boots = [
        {"groupType": "Boot", "replicationProtectedItems": [{"id": f"{ITEMS}/{name}"} for name in names]}
        for names in groups
    ]
    listed = [{"groupType": kind, "replicationProtectedItems": []} for kind in ("Shutdown", "Failover")]
    document = {"name": "shop", "properties": {"friendlyName": "Shop", "groups": [*listed, *boots]}}
    return {"name": "shop", "recovery_plan": as_result(document)}


def test_the_groups_of_a_recovery_plan_are_the_order() -> None:
    shop = recovery_plan(["db"], ["app", "web"])
    vms = [vm("web", tier=1, id=f"{ITEMS}/WEB"), vm("app", "web"), vm("db")]
    planned = plan(*vms, recovery_plan=shop)
    assert [[one["name"] for one in wave["vms"]] for wave in planned["waves"]] == [["db"], ["web"], ["app"]]
    assert entry_of(planned, "app")["why"] == ["group 2 of recovery plan Shop", "depends on web, which is in wave 2"]
    assert entry_of(planned, "app")["group"] == 2


def test_what_does_not_fit_a_recovery_plan_is_refused() -> None:
    shop = recovery_plan(["db"], ["web"])
    elsewhere = vm("web", id=f"{ITEMS.replace('site1', 'site2')}/web")
    assert reasons(vm("db", "web"), elsewhere, vm("web2"), recovery_plan=shop) == [
        "web is in no group of recovery plan Shop",
        "web2 is in no group of recovery plan Shop",
    ]
    assert reasons(vm("db", "web"), vm("web"), recovery_plan=shop) == [
        "db is in group 1 of recovery plan Shop, but depends on web, which is in group 2"
    ]
    assert reasons(vm("db"), recovery_plan={"name": "shop"}, order_by="tier") == [
        "recovery_plan has no groups: give an entry of recovery_plan_info, called with full: true",
        "order_by is tier, but a recovery_plan orders by its groups: leave out one of them",
    ]
    broken = recovery_plan(["db"])
    broken["recovery_plan"]["properties"]["groups"][2]["replication_protected_items"][0]["id"] = None
    assert (
        "recovery_plan: Site Recovery reports a group's replicationProtectedItems"
        in reasons(vm("db"), recovery_plan=broken)[0]
    )


def test_everything_that_is_wrong_is_told_at_once() -> None:
    same: Entry = {"host": "hv1", "cluster": None}
    found = reasons(
        vm("a", "b", "nobody", **same),
        vm("b", "c", **same),
        vm("c", "a", **same),
        vm("self", "self", **same),
        vm("d", "twin", **same),
        vm("e", friendly_name="twin", **same),
        vm("f", friendly_name="Twin", **same),
        vm("alone"),
        per_host=1,
        per_cluster=1,
        per_site=0,
        hosts=[host("hv1", 1), host("HV1", 1)],
    )
    assert found == [
        "per_site is '0', not a whole number of at least 1",
        "hosts has HV1 twice",
        "a depends on nobody, which is neither one of the VMs nor in already_back",
        "d depends on twin, which several VMs are called: e, f",
        "depends_on is circular: a -> b -> c -> a",
        "depends_on is circular: self -> self",
        "per_host is set, but the host of alone is not known",
        "per_cluster is set, but the cluster of alone is not known",
    ]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (vm("a", tier="gold"), "a: tier is 'gold', not a whole number of at least 0"),
        (vm("a", tier=-1), "a: tier is '-1', not a whole number of at least 0"),
        (vm("a", tier=True), "a: tier is 'True', not a whole number"),
        (vm("a", memory_bytes=0), "a: memory_bytes is '0', not a whole number of at least 1"),
        (vm("a", memory_bytes="8 GB"), "a: memory_bytes is '8 GB'"),
        (vm("a", changed_bytes=1.5), "a: changed_bytes is '1.5'"),
        (vm("a", days_in_azure="long"), "a: days_in_azure is 'long', not a number of days"),
        (vm("a", days_in_azure=-1), "a: days_in_azure is '-1'"),
        (vm("a", days_in_azure="nan"), "a: days_in_azure is 'nan'"),
        (vm("a", data_sync="fast"), "a: data_sync is 'fast', not one of auto, before_failover, during_failover"),
        (vm("a", depends_on={"b": 1}), "a: depends_on is not a list of names"),
        (vm("a", depends_on=[1]), "a: depends_on is not a list of names"),
        (vm("a", host=["hv1"]), "a: host is not text"),
        # Mistyped, it would be left out without a word.
        (vm("a", dependsOn=["b"]), "a: dependsOn is not known; did you mean depends_on?"),
        (vm("a", depend_on=["b"]), "a: depend_on is not known; did you mean depends_on?"),
        (vm("a", tiers=1), "a: tiers is not known; did you mean tier?"),
        ({"friendly_name": "a"}, "1 of the VMs have no name"),
        ("a", "1 of the VMs have no name"),
    ],
)
def test_what_is_said_of_a_vm_is_read_strictly(entry: Any, words: str) -> None:
    (found,) = reasons(entry)
    assert found.startswith(words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"order_by": "name"}, "order_by is 'name', not tier or group"),
        ({"order_by": "group"}, "a is in no group"),
        ({"already_back": "db"}, "already_back is not a list of names"),
        ({"hosts": {"name": "hv1"}}, "hosts is not a list"),
        ({"hosts": [{}]}, "hosts has an entry without a name"),
        ({"hosts": [{"name": "hv1", "cluster": "cl1"}]}, "host hv1: its cluster is not as hyperv_host_info returns it"),
        ({"per_host": "many"}, "per_host is 'many', not a whole number of at least 1"),
        ({"bytes_per_second": 0}, "bytes_per_second is '0', not a number of at least 1"),
        ({"compare_bytes_per_second": "fast"}, "compare_bytes_per_second is 'fast'"),
        ({"earlier_runs": {"a": 1}}, "earlier_runs is not a list"),
        ({"earlier_runs": [{"data_sync": "before_failover"}]}, "earlier_runs has an entry without a name"),
        ({"earlier_runs": [{"name": "a"}]}, "earlier_runs: data_sync of a is 'None'"),
        (
            {"earlier_runs": [{"name": "a", "data_sync": "before_failover", "downtime_seconds": "long"}]},
            "earlier_runs: downtime_seconds of a is 'long', not a whole number",
        ),
    ],
)
def test_options_are_read_strictly(options: Entry, words: str) -> None:
    (found,) = reasons(vm("a", host="hv1"), **options)
    assert found.startswith(words)


def test_a_name_is_listed_once_and_one_kind_of_order_counts() -> None:
    assert reasons(vm("a"), vm("A")) == ["A is listed twice"]
    assert reasons(vm("a", tier=1), vm("b", group=1)) == [
        "some VMs have a group, some a tier: say by order_by which of them counts",
        "a is in no group",
    ]
    assert waves(vm("a", tier=2, group=1), vm("b", tier=1, group=2), order_by="tier") == [["b"], ["a"]]
    assert waves(vm("a", tier=2, group=1), vm("b", tier=1, group=2), order_by="group") == [["a"], ["b"]]


def test_site_and_vault_are_those_of_the_id_and_the_rest_that_of_the_host() -> None:
    listed = {
        "id": "0f6dbf2f-1a65-4ac1-8c6e-51a1a3fbb0b1",
        "name": "Web 01",
        "state": "Off",
        "memory_bytes": 4,
        "disks": [{"size": 10}, {"size": 20}],
    }
    found = plan(
        vm("web01", friendly_name="Web 01", id=f"{ITEMS}/web01", stage="failed_over", reason="whatever"),
        hosts=[host("hv1", 1, vms=[listed]), host("hv2", 1)],
    )
    assert {
        key: entry_of(found, "web01")[key] for key in ("host", "cluster", "site", "vault", "memory_bytes", "disk_bytes")
    } == {"host": "hv1", "cluster": "", "site": "site1", "vault": VAULT, "memory_bytes": 4, "disk_bytes": 30}


def test_a_vm_that_several_hosts_have_is_on_none_unless_its_id_tells() -> None:
    hosts = [host(name, 1, vms=[{"id": name, "name": "web01", "memory_bytes": 4}]) for name in ("hv1", "hv2")]
    assert entry_of(plan(vm("web01"), hosts=hosts), "web01")["host"] is None
    item_id = "0f6dbf2f-1a65-4ac1-8c6e-51a1a3fbb0b1"
    hosts[1]["vms"][0]["id"] = item_id.upper()
    body = {
        "properties": {
            "providerSpecificDetails": {"azureVmDiskDetails": [{"diskId": f"{item_id}_1", "maxSizeMB": "2"}]}
        }
    }
    found = entry_of(plan(vm("web01", replicated_item=as_result(body)), hosts=hosts), "web01")
    assert (found["host"], found["disk_bytes"]) == ("hv2", 2 * 2**20)


def test_what_is_not_known_is_null_and_no_sum_is_made_of_it() -> None:
    planned = plan(vm("a", memory_bytes=4, disks=[{"size": 1}, {"size": None}]), vm("b", memory_bytes=5, disk_bytes=7))
    assert (planned["totals"]["memory_bytes"], planned["totals"]["disk_bytes"]) == (9, None)
    entry = entry_of(planned, "a")
    assert {key: entry[key] for key in ("host", "cluster", "site", "vault", "tier", "group", "disk_bytes", "id")} == (
        dict.fromkeys(("host", "cluster", "site", "vault", "tier", "group", "disk_bytes", "id"))
    )
    assert planned["memory"]["status"] == "not_checked"
    assert planned["memory"]["reason"] == "the hosts were not given (hosts)"

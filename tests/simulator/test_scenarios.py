# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios that are made of others, and mistakes in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from asr_simulator.scenarios import ScenarioError, load
from asr_simulator.scenarios.model import Variants
from asr_simulator.world import build_world


def test_a_scenario_of_another_one_changes_what_it_names(tmp_path: Path) -> None:
    base, mine = tmp_path / "base.yml", tmp_path / "mine.yml"
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}]}
    items = [{"name": name, "host": "hv01", "stage": "failed_over"} for name in ("web01", "web02")]
    base.write_text(yaml.safe_dump({"name": "base", "seed": 7, "fabrics": [site], "items": items}))
    mine.write_text(yaml.safe_dump({"name": "mine", "based_on": str(base), "every_item": {"planned": False}}))
    made = load(mine)
    assert (made.name, made.seed) == ("mine", 7)
    assert [(item.name, item.planned) for item in made.items] == [("web01", False), ("web02", False)]


def test_a_scenario_of_itself_is_refused(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yml"
    mine.write_text(yaml.safe_dump({"name": "mine", "based_on": str(mine)}))
    with pytest.raises(ScenarioError, match="is based on itself"):
        load(mine)


def test_the_fleet_as_recorded_is_the_fleet_after_test_failovers() -> None:
    fleet, recorded = load("fleet"), load("as_recorded")
    assert [item.name for item in recorded.items] == [item.name for item in fleet.items]
    assert recorded.expect == fleet.expect
    assert {item.test_failover for item in recorded.items} == {"cleaned_up"}
    assert {fabric.type for fabric in recorded.fabrics} == {"HyperVSite", "VMM"}
    assert recorded.variants == fleet.variants == Variants()


def test_some_of_the_fleet_had_a_test_failover() -> None:
    tested = [item for item in load("fleet").items if item.test_failover == "cleaned_up"]
    assert {item.stage for item in tested} >= {"protected", "failed_over"}
    assert 5 <= len(tested) < 24


HV01 = {"name": "hv01", "switches": ["Production", "Lab"]}
VMM01 = {"name": "vmm01", "type": "VMM", "clouds": [{"name": "gold"}]}
WEB01 = {"name": "web01", "host": "hv01", "stage": "failed_over"}
ERP01 = {"name": "erp01", "cloud": "gold", "stage": "failed_over"}


def site(**host: Any) -> dict[str, Any]:
    """A site with a host, of which something is other than usual."""
    return {"name": "site1", "type": "HyperVSite", "hosts": [{**HV01, **host}]}


def of_host(**host: Any) -> dict[str, Any]:
    """A scenario whose host is other than usual."""
    return mistaken(fabrics=[site(**host), VMM01])


def mistaken(**parts: Any) -> dict[str, Any]:
    """A scenario that is right but for these parts."""
    return {"name": "x", "fabrics": [site(), VMM01], "items": [WEB01, ERP01], **parts}


MISTAKES = [
    # What a typing mistake would silently undo.
    (
        of_host(services={"drra": "Stopped"}),
        "host hv01 has no service drra; it has vmms, dra, obengine",
    ),
    (of_host(cluster="c", services={"x": "Stopped"}), "no service x; it has .*, obengine, ClusSvc$"),
    (of_host(role="missing", services={"vmms": "Stopped"}), "no service vmms; it has dra, obengine"),
    (
        mistaken(fabrics=[site(), {**VMM01, "managed_hosts": [{"name": "n1", "services": {"dra": "Stopped"}}]}]),
        "host n1 has no service dra; it has vmms, obengine",
    ),
    (
        mistaken(fabrics=[site(), {**VMM01, "services": {"vmms": "Stopped"}}]),
        "host vmm01 has no service vmms; it has SCVMMService",
    ),
    (of_host(services={"dra": {"start": "Disabled"}}), "services.dra"),
    (
        mistaken(items=[{**WEB01, "switch": "Prodction"}]),
        "item web01: hv01 has no switch Prodction; it has Production, Lab",
    ),
    (
        of_host(virtual_machines=[{"name": "proxy", "switch": "lab2"}]),
        "virtual machine proxy: hv01 has no switch lab2",
    ),
    (of_host(services={1: "Stopped"}), "fabrics.0.hosts.0.services.1: the key 1 is not a text"),
    (mistaken(throttle={"reeds": {"bucket": 5}}), "throttle: .*'reeds' was unexpected"),
    (mistaken(throttle={"reads": {"bukcet": 5}}), "throttle.reads: .*'bukcet' was unexpected"),
    (mistaken(rates={"warp_seconds": 1}), "rates: unknown warp_seconds"),
    (mistaken(rates={"sync_mb_per_second": 0}), "rates: sync_mb_per_second is a speed, which cannot be 0"),
    (mistaken(every_item={"planned": False}), "'based_on' is a dependency of 'every_item'"),
    (mistaken(fabrics=[site(), {**VMM01, "hosts": [HV01]}]), "fabric vmm01: a fabric of type VMM has no hosts"),
    (
        mistaken(fabrics=[{**site(), "clouds": [], "services": {}}, VMM01]),
        "fabric site1: a fabric of type HyperVSite has no clouds, services",
    ),
    (
        mistaken(fabrics=[site(), {**VMM01, "managed_hosts": [{"name": "n1", "connected": False}]}]),
        "host n1 has no provider, VMM has it: no connected",
    ),
    # What is there twice.
    (mistaken(items=[WEB01, WEB01]), "item web01 is named twice"),
    (mistaken(recovery_plans=[{"name": name, "groups": [["web01"]]} for name in ("p", "P")]), "plan p is named twice"),
    (mistaken(recovery_plans=[{"name": "p", "groups": [["web01"], ["web01"]]}]), "plan p: .*none twice"),
    (mistaken(recovery_plans=[{"name": "p", "groups": [["web01"], ["erp01"]]}]), "plan p: .*of one fabric"),
    (mistaken(recovery_plans=[{"name": "p", "groups": [[]]}]), "plan p: .*at least one item"),
    (mistaken(fabrics=[site(), VMM01, VMM01]), "fabric vmm01 is named twice"),
    (mistaken(fabrics=[site(), {**VMM01, "clouds": [{"name": "gold"}] * 2}]), "cloud gold is named twice"),
    (mistaken(principals=[{"name": "operator"}] * 2), "principal operator is named twice"),
    (mistaken(roles=[{"name": "r", "actions": []}, {"name": "R", "actions": []}]), "role r is named twice"),
    (of_host(adapters=["a", "A"]), "host hv01: network adapter a is named twice"),
    (mistaken(items=[{**WEB01, "disks": [{"name": "d", "gb": 1}] * 2}]), "item web01: disk d is named twice"),
    # What cannot be.
    (mistaken(start="2026-01-01T00:00:00"), "start: 2026-01-01T00:00:00 has no time zone"),
    (mistaken(start="0001-01-01T00:00:00+14:00"), "start: "),
    (mistaken(speed=float("nan")), "speed: nan is not a number"),
    (of_host(memory_gb=float("inf")), "fabrics.0.hosts.0.memory_gb: inf is not a number"),
    (mistaken(items=[{**WEB01, "in_azure_for": "99999999d"}]), "item web01: in_azure_for is at most 3650d"),
    (
        mistaken(items=[{**WEB01, "stage": "protected", "azure_vm": "deallocated"}]),
        "item web01 cannot be protected: .*no Azure VM",
    ),
    (
        mistaken(items=[{**WEB01, "test_failover": "waiting", "stage": "synchronizing"}]),
        "item web01 cannot be synchronizing: ",
    ),
    (
        mistaken(items=[{**WEB01, "azure_vm": "missing", "locks": ["CanNotDelete"]}]),
        "item web01 cannot be failed_over: .*locked",
    ),
    (mistaken(principals=[{"name": "robot", "certificates": ["nonsense"]}]), "principal robot: certificates: "),
    # Faults, in the service and on the wire.
    (mistaken(faults=[{"action": {"do": "stutus"}}]), "faults.0: action.do: 'stutus' is not one of"),
    (
        mistaken(faults=[{"action": {"do": "close"}}, {"action": {"do": "status"}}]),
        "faults.1: .*'status' is a required",
    ),
    (mistaken(faults=[{"name": "of nothing"}]), "faults.0: "),
    (mistaken(faults=[{"service": {"vm": "nope", "power": "off"}}]), "faults: no virtual machine is named nope"),
    (mistaken(faults=[{"service": {"azure_vm": "web01", "attach_disk": "d", "gb": None}}]), "faults: gb is a number"),
]


@pytest.mark.parametrize(("scenario", "message"), MISTAKES, ids=[message for _scenario, message in MISTAKES])
def test_a_mistake_in_a_scenario_is_named(scenario: dict[str, Any], message: str) -> None:
    build_world(load(mistaken()))
    with pytest.raises(ScenarioError, match=message):
        build_world(load(scenario))


def test_a_virtual_machine_is_connected_to_the_first_switch_of_its_host_unless_something_else_is_said() -> None:
    host = {"switches": ["Backbone", "Lab"], "virtual_machines": [{"name": "proxy"}]}
    items = [WEB01, {**WEB01, "name": "web02", "switch": "lab"}, {**WEB01, "name": "web03", "switch": None}]
    world = build_world(load(mistaken(fabrics=[site(**host)], items=items)))
    connected = {vm.name: vm.adapters[0].switch for vm in world.hyperv.machines()}
    assert connected == {"proxy": "Backbone", "web01": "Backbone", "web02": "Lab", "web03": None}
    bare = build_world(load(mistaken(fabrics=[site(switches=[])], items=[WEB01])))
    assert [vm.adapters[0].switch for vm in bare.hyperv.machines()] == [None]


@pytest.mark.parametrize("power", ["running", "deallocated"])
@pytest.mark.parametrize("stage", ["failed_over", "failback_commit_pending"])
def test_the_azure_vm_of_an_item_is_as_the_scenario_says(stage: str, power: str) -> None:
    world = build_world(load(mistaken(items=[{**WEB01, "stage": stage, "azure_vm": power}])))
    assert [vm.power for vm in world.compute.machines()] == [power]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: caf\xe9", "is not YAML: .*utf-8"),
        (b"name: x\nstart: 2026-13-01", "is not YAML: month must be in 1..12"),
        (b"- name: x", "holds no mapping"),
        (b"name: x\nitems: 5", "items: 5 is not of type 'array'"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused_by_name(tmp_path: Path, content: bytes, message: str) -> None:
    base = tmp_path / "base.yml"
    base.write_bytes(content)
    for source in (base, {"name": "mine", "based_on": str(base), "every_item": {"planned": False}}):
        with pytest.raises(ScenarioError, match=message):
            load(source)


def test_a_scenario_that_is_nowhere_is_refused_by_name() -> None:
    with pytest.raises(ScenarioError, match="every_item: 5 is not of type"):
        load({"name": "mine", "based_on": "one_vm", "every_item": 5})
    for name, message in (("no/such.yml", "no scenario"), ("nul\0.yml", "null byte")):
        with pytest.raises(ScenarioError, match=message):
            load({"name": "mine", "based_on": name})

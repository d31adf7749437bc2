# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever happens to the hosts while the vault works: nothing breaks, and what is shown is always possible."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asr_simulator.hyperv.machine_states import STATE_OFF
from asr_simulator.scenarios import load
from asr_simulator.site_recovery.api import item_operations
from asr_simulator.wire import ArmError
from asr_simulator.world import World, build_world

SITE = {"name": "s", "type": "HyperVSite"}
HOSTS = [{"name": "h1"}, {"name": "h2"}, {"name": "n1", "cluster": "c"}, {"name": "n2", "cluster": "c"}]
SCENARIO: dict[str, Any] = {
    "name": "any",
    "speed": 0,
    "fabrics": [{**SITE, "hosts": HOSTS}, {"name": "v", "type": "VMM", "clouds": [{"name": "gold"}]}],
    "items": [
        {"name": "a", "host": "h1", "stage": "failed_over", "changed_gb": 9},
        {"name": "b", "host": "n1", "stage": "synchronizing", "changed_gb": 9},
        {"name": "c", "cloud": "gold", "stage": "waiting_for_completion"},
        {"name": "d", "host": "h2", "stage": "protected"},
    ],
}
AZURE = {"failoverDirection": "PrimaryToRecovery", "providerSpecificDetails": {"instanceType": "HyperVReplicaAzure"}}
SYNCHRONIZATIONS = ("ForDownTime", "ForSynchronization")
NAMES = ["h1", "h2", "n1", "n2", "v", "v-node1"]
ON_HOSTS = [
    {"dead": True},
    {"dead": False},
    {"reachable": False},
    {"service": "vmms", "state": "Stopped"},
    {"service": "vmms", "state": "Running"},
    {"volume": "D:", "free_gb": 0},
    {"volume": "D:", "free_gb": 3},
    {"volume": "D:", "free_gb": 500},
    {"switch": "Production", "missing": True},
    {"switch": "Production", "missing": False},
    {"role": "missing"},
    {"role": "installed"},
]
ON_MACHINES = [
    {"power": "off"},
    {"checkpoint": "x"},
    {"heartbeat": "none"},
    {"does_not_start": True},
    {"does_not_start": False},
    {"disks": "missing"},
    {"disks": "present"},
    {"owner": "n2"},
]


def back(create: bool, sync: str) -> dict[str, Any]:
    details = {"instanceType": "HyperVReplicaAzureFailback", "dataSyncOption": sync}
    option = "CreateVmIfNotFound" if create else "NoAction"
    return {
        "failoverDirection": "RecoveryToPrimary",
        "providerSpecificDetails": {**details, "recoveryVmCreationOption": option},
    }


host_faults = st.tuples(st.just("fault"), st.sampled_from(NAMES), st.sampled_from(ON_HOSTS))
machine_faults = st.tuples(st.just("vm"), st.sampled_from("abcd"), st.sampled_from(ON_MACHINES))
operations = st.tuples(
    st.sampled_from(sorted(item_operations.OPERATIONS)),
    st.sampled_from("abcd"),
    st.sampled_from([AZURE, *(back(create, sync) for create in (True, False) for sync in SYNCHRONIZATIONS)]),
)
restarts = st.tuples(st.just("restart"), st.sampled_from(NAMES), st.none())
steps = st.lists(
    st.tuples(st.one_of(host_faults, machine_faults, operations, restarts), st.sampled_from([0, 5, 60, 400, 4000])),
    max_size=12,
)


def act(world: World, kind: str, name: str, what: Any) -> None:
    if kind == "restart":
        world.hyperv.restart(world.hyperv.host(name))
    elif kind in ("fault", "vm"):
        fault = {"host": name, **what} if kind == "fault" else {"vm": name, **what}
        world.check_fault(fault)
        world.apply_fault(fault)
    else:
        item = next(item for item in world.vault.items if item.name == name)
        item_operations.OPERATIONS[kind](world.vault, item, {"properties": aimed(world, what)}, "test")


def aimed(world: World, order: dict[str, Any]) -> dict[str, Any]:
    """An order to create a machine names the second host, as one of a site has to."""
    if order["providerSpecificDetails"].get("recoveryVmCreationOption") != "CreateVmIfNotFound":
        return order
    target = next(one for one in world.vault.fabrics[0].providers if one.friendly_name == "h2")
    details = {**order["providerSpecificDetails"], "providerIdForAlternateRecovery": target.path}
    return {**order, "providerSpecificDetails": details}


def check(world: World) -> None:
    now = world.clock.now()
    places: dict[int, str] = {}
    for host in world.hyperv.hosts.values():
        for machine in host.machines:
            assert id(machine) not in places, "a machine is on two hosts"
            places[id(machine)] = host.name
            assert machine.host is host
            assert host.alive or machine.state == STATE_OFF, "something runs on a dead host"
            assert (machine.heartbeat(now) is None) == (machine.state == STATE_OFF)
            assert all(0 <= disk.file_size(now) <= disk.size for disk in machine.disks)
        assert all(0 <= volume.free(now) <= volume.size for volume in host.volumes)
    for item in world.vault.items:
        assert item.on_premises.exists
        assert item.provider in item.fabric.providers
    assert world.state()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_given_anything_that_happens_when_time_passes_then_every_host_shows_what_is_possible(sequence):
    world = build_world(load(SCENARIO))
    check(world)
    for (kind, name, what), seconds in sequence:
        with suppress(ArmError, ValueError):
            act(world, kind, name, what)
        world.clock.advance(seconds)
        check(world)
    for _unused in range(10):
        world.clock.advance(4000)
        check(world)
    assert {job.state for job in world.vault.jobs} <= {"Succeeded", "Failed", "Cancelled", "Suspended"}

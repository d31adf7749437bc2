# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a host the vault notices, and what only those who ask the host itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.host_control import afflict, host_of, machine_of, strike

CLUSTER = {
    "name": "site1",
    "type": "HyperVSite",
    "hosts": [{"name": "hv01", "cluster": "clu1"}, {"name": "hv02", "cluster": "clu1"}],
}


def provider(counter, host="hv01", site="site1"):
    found = counter.read(f"replicationFabrics/{site}/replicationRecoveryServicesProviders")["value"]
    return next(one["properties"] for one in found if one["properties"]["friendlyName"] == host)


def status(counter, host="hv01"):
    return provider(counter, host)["connectionStatus"]


def service_error(job):
    return job["errors"][0]["providerErrorDetails"]["errorMessage"]


@pytest.mark.parametrize("service", ["vmms", "dra", "obengine"])
def test_given_a_service_that_stopped_when_the_vault_looks_then_the_heartbeat_grows_old_until_it_runs_again(
    desk, vault_of, service
):
    counter = desk(vault_of({"name": "web01"}))
    afflict(counter.simulator, host="hv01", service=service, state="Stopped")
    lost = provider(counter)["lastHeartBeat"]
    counter.pass_time(1800)
    assert (status(counter), status(counter, "hv02")) == ("NotConnected", "Connected")
    assert provider(counter)["lastHeartBeat"] == lost
    assert host_of(counter.simulator, "hv01")["reachable"] is True
    afflict(counter.simulator, host="hv01", service=service, state="Running")
    assert status(counter) == "Connected"
    assert provider(counter)["lastHeartBeat"] > lost


def test_given_a_host_that_winrm_cannot_reach_when_the_vault_looks_then_it_is_connected(desk, vault_of):
    counter = desk(vault_of({"name": "web01"}))
    afflict(counter.simulator, host="hv01", reachable=False)
    assert host_of(counter.simulator, "hv01")["reachable"] is False
    assert status(counter) == "Connected"
    afflict(counter.simulator, host="hv01", reachable=True)
    assert host_of(counter.simulator, "hv01")["reachable"] is True


def test_given_a_provider_without_connection_when_its_host_is_asked_then_it_can_be_reached(desk, vault_of):
    counter = desk(vault_of({"name": "web01"}))
    afflict(counter.simulator, provider="hv01", connected=False)
    assert (status(counter), host_of(counter.simulator, "hv01")["reachable"]) == ("NotConnected", True)


def test_given_a_lost_connection_when_a_service_is_started_again_then_it_stays_lost(desk, vault_of):
    counter = desk(vault_of({"name": "web01"}))
    afflict(counter.simulator, provider="hv01", connected=False)
    afflict(counter.simulator, host="hv01", service="dra", state="Stopped")
    afflict(counter.simulator, host="hv01", service="dra", state="Running")
    assert status(counter) == "NotConnected"
    afflict(counter.simulator, provider="hv01", connected=True)
    assert status(counter) == "Connected"


def test_given_a_dead_host_when_it_is_back_then_everybody_sees_it_and_its_vms_are_off(desk, vault_of):
    counter = desk(vault_of({"name": "web01", "stage": "protected"}))
    afflict(counter.simulator, host="hv01", dead=True)
    assert (status(counter), host_of(counter.simulator, "hv01")["reachable"]) == ("NotConnected", False)
    afflict(counter.simulator, host="hv01", dead=False)
    assert (status(counter), host_of(counter.simulator, "hv01")["reachable"]) == ("Connected", True)
    assert machine_of(counter.simulator, "web01")["state"] == "Off"


@pytest.mark.parametrize(
    ("host", "connected", "reachable"),
    [
        ({}, "Connected", True),
        ({"connected": False}, "NotConnected", False),
        ({"connected": False, "reachable": True}, "NotConnected", True),
        ({"reachable": False}, "Connected", False),
        ({"services": {"dra": "Stopped"}}, "NotConnected", True),
        ({"services": {"dra": "Stopped"}, "connected": True}, "Connected", True),
        ({"role": "missing"}, "NotConnected", True),
    ],
)
def test_given_a_host_of_a_scenario_when_it_starts_then_the_two_ways_to_it_are_as_said(
    desk, vault_of, host, connected, reachable
):
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01", **host}]}
    counter = desk(vault_of({"name": "web01", "stage": "protected"}, fabrics=[site]))
    assert (status(counter), host_of(counter.simulator, "hv01")["reachable"]) == (connected, reachable)


@pytest.mark.parametrize("fault", [{"dead": True}, {"service": "vmms", "state": "Stopped"}])
def test_given_a_managed_host_that_is_silent_when_failed_back_then_the_job_names_it(desk, vault_of, failback, fault):
    counter = desk(vault_of({"name": "web01", "cloud": "cloud1"}))
    afflict(counter.simulator, host="vmm01-node1", **fault)
    failed = counter.do("web01", "plannedFailover", failback())
    assert (failed["state"], "'vmm01-node1'" in service_error(failed)) == ("Failed", True)
    fabric = counter.truth("web01")["id"].split("/replicationProtectionContainers")[0]
    (server,) = counter.read(f"{fabric}/replicationRecoveryServicesProviders")["value"]
    assert server["properties"]["connectionStatus"] == "Connected"


def test_given_a_vmm_server_with_hosts_when_loaded_then_items_are_on_the_host_that_they_name(desk, vault_of):
    vmm = {"name": "vmm01", "type": "VMM", "clouds": [{"name": "c"}], "managed_hosts": [{"name": "n1"}, {"name": "n2"}]}
    items = ({"name": "a", "cloud": "c"}, {"name": "b", "cloud": "c", "host": "n2"})
    here = desk(vault_of(*items, fabrics=[vmm])).simulator
    assert [machine_of(here, name)["host"] for name in "ab"] == ["n1", "n2"]


def test_given_a_cluster_when_another_node_owns_the_vm_then_that_node_fails_it_back(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01"}, fabrics=[CLUSTER]))
    afflict(counter.simulator, vm="web01", owner="hv02")
    moved = machine_of(counter.simulator, "web01")
    assert (moved["host"], moved["disks"][0]["path"][:25]) == ("hv02", "C:\\ClusterStorage\\Volume1")
    afflict(counter.simulator, host="hv01", service="dra", state="Stopped")
    assert counter.do("web01", "plannedFailover", failback("ForSynchronization"))["state"] == "Succeeded"
    assert counter.truth("web01")["on_premises_vm"]["host"] == "hv02"


def test_given_a_cluster_when_a_node_dies_then_another_runs_what_it_ran(desk, vault_of):
    counter = desk(vault_of({"name": "web01", "stage": "protected"}, fabrics=[CLUSTER]))
    afflict(counter.simulator, host="hv01", dead=True)
    moved = machine_of(counter.simulator, "web01")
    assert (moved["host"], moved["state"], moved["heartbeat"]) == ("hv02", "Running", "NoContact")


def test_given_faults_when_they_are_cleared_then_what_they_changed_stays_until_the_opposite_is_asked(desk, vault_of):
    counter = desk(vault_of({"name": "web01"}))
    afflict(counter.simulator, host="hv01", service="vmms", state="Stopped")
    counter.simulator.locked(lambda world: world.faults.clear())
    assert (status(counter), counter.simulator.world.faults.list()) == ("NotConnected", [])
    afflict(counter.simulator, host="hv01", service="vmms", state="Running")
    assert status(counter) == "Connected"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"host": "nowhere", "dead": True}, "no host is named nowhere; known are hv01, hv02, vmm01, vmm01-node1"),
        ({"host": "hv01"}, "a fault of a host has one of"),
        ({"host": "hv01", "colour": "red"}, "a fault of a host has one of"),
        ({"host": "hv01", "dead": True, "reachable": True}, "a fault of a host has one of"),
        ({"host": "hv01", "dead": "yes"}, "dead is one of True, False, not 'yes'"),
        ({"host": "hv01", "password": "secret"}, "password is one of wrong, right"),
        ({"host": "hv01", "service": "nginx", "state": "Stopped"}, "hv01 has no service nginx"),
        ({"host": "hv01", "service": "dra", "state": "Gone"}, "state is one of Running, Stopped"),
        ({"host": "hv01", "volume": "X:", "free_gb": 1}, "hv01 has no volume X:; it has C:, D:"),
        ({"host": "hv01", "volume": "D:", "free_gb": 99999}, "D: of hv01 can have 0 to"),
        ({"host": "hv01", "volume": "D:", "free_gb": "all"}, "free_gb is a number, not 'all'"),
        ({"host": "hv01", "switch": "Lab", "missing": True}, "hv01 has no switch Lab"),
        ({"host": "hv01", "switch": "Production", "missing": False}, "hv01 has that switch"),
        ({"host": "vmm01", "role": "missing"}, "vmm01 is a VMM server"),
        ({"host": "hv01", "clock_offset": True}, "clock_offset is a number"),
        ({"host": "hv01", "rights": "some"}, "rights is one of none, full"),
        ({"vm": "web99", "power": "off"}, "no virtual machine is named web99"),
        ({"vm": "web01", "host": "hv02", "power": "off"}, "no virtual machine is named web01"),
        ({"vm": "web01", "power": "paused"}, "power is one of running, off"),
        ({"vm": "web01", "checkpoint": "x", "missing": True}, "web01 has no checkpoint x"),
        ({"vm": "web01", "owner": "hv02"}, "hv02 is no node of a cluster of hv01"),
        ({"vm": "web01", "owner": "hv09"}, "no host is named hv09"),
        ({"vm": "twin", "power": "off"}, "twin is on several hosts: hv01, hv02; name one"),
    ],
)
def test_given_a_fault_that_names_what_is_not_there_when_added_then_it_is_refused_and_not_kept(
    desk, vault_of, fault, message
):
    twins = ({"name": "t1", "friendly_name": "twin"}, {"name": "t2", "friendly_name": "twin", "host": "hv02"})
    counter = desk(vault_of({"name": "web01"}, *twins))
    before = counter.simulator.state()
    answer = strike(counter.simulator, **fault)
    assert (answer.status_code, message in answer.json()["error"]["message"]) == (400, True), answer.text
    assert counter.simulator.world.faults.list() == []
    assert counter.simulator.state() == before


def test_given_faults_of_hosts_in_a_scenario_when_it_starts_then_they_have_happened(desk, vault_of):
    faults = [{"service": {"host": "hv01", "clock_offset": 900}}, {"service": {"vm": "web01", "checkpoint": "before"}}]
    counter = desk(vault_of({"name": "web01"}, faults=faults))
    assert host_of(counter.simulator, "hv01")["clock_offset"] == 900
    assert machine_of(counter.simulator, "web01")["checkpoints"] == ["before"]
    world = counter.simulator.world
    assert world.hyperv.now_of(world.hyperv.host("hv01")) - world.clock.now() == timedelta(minutes=15)

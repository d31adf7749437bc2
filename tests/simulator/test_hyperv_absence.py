# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines that no list shows, states that say nothing, and hosts that do not tell who they are."""

from __future__ import annotations

import pytest
from support.host_control import PowerShell, afflict, machine_of, strike

NODES = ["hv01.corp.example", "hv02.corp.example"]
CLUSTER = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": name, "cluster": "clu1"} for name in NODES]}
VMM = {"name": "vmm01.corp.example", "type": "VMM", "clouds": [{"name": "Gold"}]}
RESOURCES = (
    "Get-ClusterResource | Where-Object { $_.OwnerGroup.Name -eq 'web01' } | "
    "ForEach-Object { @([string]$_.ResourceType.Name, [string]$_.State, [string]$_.OwnerGroup.State) }"
)
IDENTITY = (
    "$own = Get-ItemProperty -LiteralPath 'HKLM:\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters'; "
    "$key = Get-ItemProperty -LiteralPath 'HKLM:\\SOFTWARE\\Microsoft\\Cryptography'; "
    "@($env:COMPUTERNAME, $own.Hostname, $own.Domain, $key.MachineGuid)"
)


@pytest.fixture
def clustered(desk, vault_of):
    """A cluster of two nodes; the first has web01 running, and web02."""
    items = [{"name": "web01", "host": NODES[0], "stage": "protected"}, {"name": "web02", "host": NODES[0]}]
    return desk(vault_of(*items, fabrics=[CLUSTER])).simulator


@pytest.mark.parametrize(
    ("configuration", "state", "group", "machine"),
    [
        ("Failed", "Offline", "Failed", "Off"),
        ("Offline", "Offline", "Offline", "Saved"),
        ("OfflinePending", "Offline", "Pending", "Saved"),
    ],
)
def test_given_a_configuration_that_is_not_online_when_asked_then_its_node_does_not_list_the_machine(
    clustered, configuration, state, group, machine
):
    shell = PowerShell(clustered, NODES[0])
    assert shell.ask("(Get-VM).Name") == ["web01", "web02"]
    afflict(clustered, vm="web01", configuration=configuration)
    assert shell.ask("(Get-VM).Name") == ["web02"]
    assert PowerShell(clustered, NODES[1]).ask("@(Get-VM).Count") == [0]
    kinds = ["Virtual Machine", state, group, "Virtual Machine Configuration", configuration, group]
    assert PowerShell(clustered, NODES[1]).ask(RESOURCES) == kinds
    assert (machine_of(clustered, "web01")["state"], machine_of(clustered, "web01")["listed"]) == (machine, False)
    afflict(clustered, vm="web01", configuration="Online")
    assert shell.ask("(Get-VM).Name") == ["web01", "web02"]


def test_given_a_resource_that_does_not_tell_its_machine_when_asked_then_the_others_do(clustered):
    afflict(clustered, vm="web01", cluster_id="unreadable")
    shell = PowerShell(clustered, NODES[0])
    asked = "(Get-ClusterResource -Name 'Virtual Machine web0{}' | Get-ClusterParameter -Name VmID).Value"
    assert "private properties of 'Virtual Machine web01'" in shell.refused(asked.format(1))
    assert shell.ask(asked.format(2)) == [machine_of(clustered, "web02")["id"]]
    assert "does not model" in shell.run("Get-ClusterParameter -InputObject 1 -Name VmID").stderr
    assert "does not model" in shell.run("Get-ClusterParameter -Name VmID").stderr


@pytest.mark.parametrize("state", ["UnsupportedCluster", "UpdateFailed", "MigrationFailed", "Missing"])
def test_given_a_record_that_vmm_complains_of_when_asked_then_its_state_is_not_the_machine_s(desk, vault_of, state):
    simulator = desk(vault_of({"name": "web01", "cloud": "Gold"}, fabrics=[VMM])).simulator
    afflict(simulator, vm="web01", vmm_record=state)
    shown = "Get-SCVirtualMachine | ForEach-Object { @([string]$_.VirtualMachineState, $_.VMHost.Name) }"
    node = "vmm01-node1.corp.example"
    assert PowerShell(simulator, VMM["name"]).ask(shown) == [state, node]
    assert PowerShell(simulator, node).ask("Get-VM | ForEach-Object { [string]$_.State }") == ["Off"]
    afflict(simulator, vm="web01", vmm_record="ok")
    assert PowerShell(simulator, VMM["name"]).ask(shown) == ["PowerOff", node]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"vm": "web01", "configuration": "Failed"}, "no node of a cluster"),
        ({"vm": "web01", "cluster_id": "unreadable"}, "no node of a cluster"),
        ({"vm": "web01", "vmm_record": "UpdateFailed"}, "which VMM does not manage"),
        ({"vm": "web01", "vmm_record": "Fine"}, "is one of"),
        ({"host": "hv01", "image": "hv09"}, "no host is named hv09"),
        ({"host": "hv01", "cim": False}, "is one of"),
    ],
)
def test_given_a_fault_of_another_kind_of_host_when_added_then_it_is_refused(desk, vault_of, fault, message):
    simulator = desk(vault_of({"name": "web01"})).simulator
    answer = strike(simulator, **fault)
    assert (answer.status_code, message in answer.text) == (400, True), answer.text


def test_given_an_account_without_cim_when_a_host_is_asked_then_its_registry_still_tells_its_name(clustered):
    afflict(clustered, host=NODES[0], cim="denied")
    shell = PowerShell(clustered, NODES[0])
    refused = shell.refused("Get-CimInstance -ClassName Win32_ComputerSystem")
    assert "Access denied" in refused
    assert "0x80041003" in refused
    name, host, domain, guid = shell.ask(IDENTITY)
    assert (name, host, domain, len(guid)) == ("HV01", "hv01", "corp.example", 36)


def test_given_a_host_made_of_another_s_disk_when_asked_then_both_have_one_machine_guid(clustered):
    shells = [PowerShell(clustered, name) for name in NODES]
    assert len({shell.ask(IDENTITY)[3] for shell in shells}) == 2
    afflict(clustered, host=NODES[1], image=NODES[0])
    assert len({shell.ask(IDENTITY)[3] for shell in shells}) == 1
    assert [shell.ask(IDENTITY)[0] for shell in shells] == ["HV01", "HV02"]

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a PowerShell session sees of servers: CIM, features, clusters and VMM."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from support.host_control import GIB, PowerShell, afflict, host_of, machine_of, strike
from support.powershells import run

from asr_simulator.scenarios import ScenarioError, load
from asr_simulator.world import build_world

CLUSTER = [{"name": "hv01.corp.example", "cluster": "clu1"}, {"name": "hv02.corp.example", "cluster": "clu1"}]


@pytest.fixture
def at(desk, vault_of):
    """Opens a session: `at(host, **spec of the host)` gives the simulator and the session."""

    def opened(name="hv01.corp.example", **spec):
        site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": name, **spec}]}
        simulator = desk(vault_of({"name": "web01", "host": name}, fabrics=[site])).simulator
        return simulator, PowerShell(simulator, name)

    return opened


def test_given_a_host_when_cim_is_asked_then_units_and_types_are_those_of_windows(at):
    _unused, shell = at(processors=24, memory_gb=128, os="2019")
    (computer,) = shell.ask(
        "Get-CimInstance -ClassName Win32_ComputerSystem | "
        "Select-Object Name, DNSHostName, Domain, PartOfDomain, NumberOfLogicalProcessors, TotalPhysicalMemory"
    )
    assert computer == {
        "Name": "HV01",
        "DNSHostName": "hv01",
        "Domain": "corp.example",
        "PartOfDomain": True,
        "NumberOfLogicalProcessors": 24,
        "TotalPhysicalMemory": 128 * GIB,
    }
    (system,) = shell.ask(
        "Get-CimInstance Win32_OperatingSystem | Select-Object Caption, Version, BuildNumber, TotalVisibleMemorySize"
    )
    assert system == {
        "Caption": "Microsoft Windows Server 2019 Datacenter",
        "Version": "10.0.17763",
        "BuildNumber": "17763",
        "TotalVisibleMemorySize": 128 * GIB // 1024,
    }


def test_given_a_clock_that_is_wrong_when_the_host_is_asked_then_it_shows_its_own_time(at):
    simulator, shell = at()
    afflict(simulator, host="hv01.corp.example", clock_offset=900)
    true = simulator.clock.now()
    for shown in ("(Get-Date)", "(Get-CimInstance Win32_OperatingSystem).LocalDateTime"):
        (text,) = shell.ask(f"{shown}.ToUniversalTime().ToString('o')")
        assert abs((datetime.fromisoformat(text[:26] + "+00:00") - true).total_seconds() - 900) < 2


@pytest.mark.parametrize(
    ("filter_text", "names"),
    [
        ("DriveType=3", ["C:\\", "D:\\", None]),
        ("DriveLetter='D:'", ["D:\\"]),
        ("driveletter = 'd:' OR DriveLetter='c:'", ["C:\\", "D:\\"]),
        ("DriveType=3 AND DriveLetter='C:' OR Label = 'nope'", ["C:\\"]),
        ("DriveType <> 3", []),
    ],
)
def test_given_a_filter_when_volumes_are_asked_for_then_wql_chooses(at, filter_text, names):
    _unused, shell = at()
    found = shell.ask(f'Get-CimInstance Win32_Volume -Filter "{filter_text}" | ForEach-Object {{ $_.Name }}')
    assert [None if name.startswith("\\\\?\\") else name for name in found] == names


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("Win32_Service -Filter \"Name = 'vmms' XOR 1\"", "Invalid query"),
        ('Win32_Service -Filter "Colour=1"', "HRESULT 0x80041017"),
        ('Win32_Service -Filter "Name=\'vmms"', "Invalid query"),
        ("Contoso_Thing", "Invalid class"),
        ("Contoso_Thing", "HRESULT 0x80041010"),
    ],
)
def test_given_a_query_that_cim_does_not_understand_when_asked_then_it_is_refused_in_its_words(at, query, error):
    assert error in at()[1].refused(f"Get-CimInstance {query}")


@pytest.mark.parametrize(
    "script",
    [
        "Get-CimInstance Win32_Processor",
        "Get-CimInstance Win32_Volume -Filter 'DriveLetter IS NULL'",
        "Get-VM -ComputerName hv02",
        "Get-Item C:\\Windows\\explorer.exe",
        "Stop-VM web01 -WhatIf",
        "Invoke-CimMethod -MethodName InitiateShutdown",
        "Invoke-CimMethod -InputObject 1 -MethodName InitiateShutdown",
        "$PSVersionTable.PSEdition",
        "$PSVersionTable | ConvertTo-Json",
        "$PSVersionTable.Keys",
    ],
)
def test_given_what_is_not_modeled_when_asked_for_then_the_script_ends_and_says_so(at, script):
    done = at()[1].run(f"try {{ {script} }} catch {{ 'caught' }}")
    assert (done.exit_code, "does not model" in done.stderr, "caught" in done.stdout) == (1, True, False)


@pytest.mark.parametrize(
    "command",
    [
        "Get-CimInstance Win32_Processor",
        "Get-CimInstance -Namespace root/virtualization/v2 -ClassName Msvm_ComputerSystem",
        "Get-CimInstance Win32_Service -Filter \"Colour=1 OR Name LIKE 'v%'\"",
        "Invoke-CimMethod -InputObject $x -MethodName Reboot",
        "Get-VM -ComputerName hv02",
        "Get-VM -CimSession $session",
        "Stop-VM web01 -WhatIf",
        "Stop-VM web01 -Confirm",
        "Set-VM web01 -AutomaticStartAction Later",
        "Get-Item C:\\Windows\\explorer.exe",
        "Test-Path -LiteralPath 'C:\\Windows'",
        "Get-ItemProperty HKLM:\\SOFTWARE",
    ],
)
def test_given_a_command_whose_text_shows_that_it_is_not_modeled_when_run_then_no_vm_was_stopped_before(at, command):
    simulator, shell = at()
    afflict(simulator, vm="web01", power="running")
    done = shell.run(f"Stop-VM -Name web01 -TurnOff; {command}")
    assert ("does not model" in done.stderr, done.exit_code) == (True, 1)
    assert machine_of(simulator, "web01")["state"] == "Running"


@pytest.mark.parametrize(
    "command",
    [
        "(Get-Date).Year",
        "Get-VM",
        "$class = 'Win32_Processor'; Get-CimInstance $class",
        "Invoke-CimMethod -InputObject 1 -MethodName InitiateShutdown",
    ],
)
def test_given_a_command_that_proves_not_to_be_modeled_when_run_then_what_was_run_before_is_named(at, command):
    simulator, shell = at()
    afflict(simulator, vm="web01", power="running")
    done = shell.run(f"Stop-VM -Name web01 -TurnOff; {command}")
    assert "Before that it ran Stop-VM" in done.stderr
    assert machine_of(simulator, "web01")["state"] == "Off"


@pytest.mark.parametrize(
    "command",
    [
        "$name = 'Namespace'; Get-CimInstance -Namespace $env:SystemRoot Contoso_Thing -ErrorAction Ignore",
        "Get-CimInstance Win32_Service -Filter 'Colour=1' -ErrorAction Ignore",
        "Stop-VM web01 -TurnOff -Confirm:$false",
        "Set-VM web01 -AutomaticStartAction Nothing -Confirm:$false",
        "Get-Item C:\\Windows\\System32\\vmms.exe | Out-Null",
    ],
)
def test_given_a_command_that_is_modeled_when_it_is_seen_before_it_runs_then_it_is_not_refused(at, command):
    done = at()[1].run(command)
    assert "does not model" not in done.stderr


def test_given_volumes_of_a_scenario_when_asked_for_then_sizes_and_free_space_are_as_said(at):
    volumes = [{"path": "C:", "gb": 120, "free_gb": 30}, {"path": "E:", "gb": 500, "free_gb": 120.5}]
    _unused, shell = at(volumes=volumes)
    found = shell.ask(
        "Get-CimInstance Win32_Volume | Where-Object DriveLetter | ForEach-Object { @($_.Capacity, $_.FreeSpace) }"
    )
    assert found == [120 * GIB, 30 * GIB, 500 * GIB, int(120.5 * GIB)]
    assert shell.ask("(Get-VMHost).VirtualHardDiskPath") == ["E:\\Hyper-V\\Virtual Hard Disks"]


def test_given_the_management_service_when_its_program_is_looked_at_then_it_has_the_version_of_the_release(at):
    program = "(Get-Item -LiteralPath 'C:\\Windows\\System32\\vmms.exe').VersionInfo.ProductVersion"
    assert at(os="2012 R2")[1].ask(program) == ["6.3.9600.20478"]
    assert "because it does not exist" in at(role="missing")[1].refused("Get-Item C:\\Windows\\System32\\vmms.exe")


def test_given_a_restart_when_the_host_is_back_then_what_ran_runs_again(desk, vault_of):
    counter = desk(vault_of({"name": "web01", "stage": "protected"}, {"name": "web02"}))
    counter.simulator.locked(lambda world: world.hyperv.restart(world.hyperv.host("hv01")))
    counter.pass_time(20)
    assert {machine["state"] for machine in host_of(counter.simulator, "hv01")["vms"]} == {"Off"}
    counter.pass_time(200)
    assert [machine["state"] for machine in host_of(counter.simulator, "hv01")["vms"]] == ["Running", "Off"]
    counter.pass_time(60)
    assert host_of(counter.simulator, "hv01")["vms"][0]["heartbeat"] == "OkApplicationsHealthy"


def test_given_a_cluster_when_a_node_is_asked_then_it_knows_nodes_and_owners(desk, vault_of):
    site = {"name": "site1", "type": "HyperVSite", "hosts": CLUSTER}
    items = [{"name": "web01", "host": "hv01.corp.example"}, {"name": "web02", "host": "hv01.corp.example"}]
    simulator = desk(vault_of(*items, fabrics=[site])).simulator
    afflict(simulator, vm="web02", owner="hv02.corp.example")
    shell = PowerShell(simulator, "hv01.corp.example")
    assert shell.ask("(Get-Cluster).Name") == ["clu1"]
    nodes = shell.ask("Get-ClusterNode | ForEach-Object { @($_.Name, [string]$_.State) }")
    assert nodes == ["HV01", "Up", "HV02", "Up"]
    owners = shell.ask(
        "Get-ClusterResource | Where-Object { $_.ResourceType.Name -eq 'Virtual Machine' } | ForEach-Object { "
        "@((Get-ClusterParameter -InputObject $_ -Name VmID).Value, $_.OwnerNode.Name, $_.OwnerGroup.Name) }"
    )
    ids = {machine["name"]: machine["id"] for host in simulator.state()["hosts"] for machine in host["vms"]}
    assert owners == [ids["web01"], "HV01", "web01", ids["web02"], "HV02", "web02"]
    assert shell.ask("Get-VM | ForEach-Object { @($_.Name, $_.IsClustered) }") == ["web01", True]


def test_given_a_cluster_service_that_stopped_when_asked_then_it_says_so(desk, vault_of):
    site = {"name": "site1", "type": "HyperVSite", "hosts": CLUSTER}
    simulator = desk(vault_of({"name": "web01", "host": "hv01.corp.example"}, fabrics=[site])).simulator
    afflict(simulator, host="hv01.corp.example", service="ClusSvc", state="Stopped")
    shell = PowerShell(simulator, "hv01.corp.example")
    assert "The cluster service is not running." in shell.refused("Get-ClusterResource")
    other = PowerShell(simulator, "hv02.corp.example")
    assert other.ask("(Get-ClusterNode HV01).State | ForEach-Object { [string]$_ }") == ["Down"]


MODES = "$_.Name; [string] $_.State; $_.StartMode; [string] (Get-Service $_.Name).StartType"


def modes_of(shell, service):
    """The start mode of a service, as CIM and Get-Service show it."""
    return shell.ask(f"Get-CimInstance Win32_Service -Filter \"Name='{service}'\" | ForEach-Object {{ {MODES} }}")


def test_given_a_service_that_is_disabled_when_asked_then_it_may_run_or_not(at):
    simulator, shell = at(services={"dra": {"start_mode": "Disabled"}, "obengine": "Stopped"})
    assert modes_of(shell, "dra") == ["dra", "Running", "Disabled", "Disabled"]
    assert modes_of(shell, "obengine") == ["obengine", "Stopped", "Auto", "Automatic"]
    for state, mode in (("Stopped", "Disabled"), ("Stopped", "Manual"), ("Running", "Auto")):
        afflict(simulator, host="hv01.corp.example", service="vmms", state=state, start_mode=mode)
        assert modes_of(shell, "vmms")[1:3] == [state, mode]
    afflict(simulator, host="hv01.corp.example", service="vmms", state="Stopped")
    assert modes_of(shell, "vmms")[1:3] == ["Stopped", "Auto"]


def test_given_a_host_of_no_cluster_with_the_feature_when_asked_then_its_service_is_disabled(at):
    simulator, shell = at(services={"ClusSvc": {"state": "Stopped"}})
    assert modes_of(shell, "ClusSvc") == ["ClusSvc", "Stopped", "Disabled", "Disabled"]
    assert "The cluster service is not running." in shell.refused("Get-Cluster")
    answer = strike(simulator, host="hv01.corp.example", service="ClusSvc", state="Running")
    assert "is in no cluster" in answer.json()["error"]["message"]
    with pytest.raises(ScenarioError, match="is in no cluster, so its service ClusSvc cannot run"):
        at(services={"ClusSvc": "Running"})


def test_given_a_machine_of_vmm_when_read_then_item_and_hypervisor_have_ids_of_their_own(desk, vault_of, to_azure):
    vmm = {"name": "vmm01.corp.example", "type": "VMM", "clouds": [{"name": "Gold"}]}
    counter = desk(vault_of({"name": "web01", "stage": "failed_back", "cloud": "Gold"}, fabrics=[vmm]))
    item = counter.item("web01")
    own = item["providerSpecificDetails"]["vmId"]
    protectable = counter.read(item["protectableItemId"])
    hypervisor = protectable["properties"]["customDetails"]["sourceItemId"]
    assert protectable["name"] == own != hypervisor
    assert item["providerSpecificDetails"]["azureVmDiskDetails"][0]["diskId"].lower().startswith(hypervisor)
    shown = PowerShell(counter.simulator, "vmm01.corp.example").ask(
        "Get-SCVirtualMachine -VMMServer (Get-SCVMMServer -ComputerName localhost) | "
        'ForEach-Object { "$($_.ID)"; $_.VMId }'
    )
    assert shown == [own, hypervisor.upper()]
    there = PowerShell(counter.simulator, "vmm01-node1.corp.example").ask("(Get-VM).Id.ToString()")
    assert there == [hypervisor]
    assert counter.do("web01", "reProtect", _with(to_azure, hvHostVmId=own))["state"] == "Failed"
    assert counter.truth("web01")["stage"] == "failed_back"
    done = counter.do("web01", "reProtect", _with(to_azure, hvHostVmId=hypervisor))
    assert (done["state"], done["targetObjectId"]) == ("Succeeded", own)


def _with(properties, **details):
    return {**properties, "providerSpecificDetails": {**properties["providerSpecificDetails"], **details}}


def test_given_a_vmm_server_when_asked_then_it_knows_hosts_clouds_and_vms(desk, vault_of):
    vmm = {"name": "vmm01.corp.example", "type": "VMM", "clouds": [{"name": "Gold"}]}
    simulator = desk(vault_of({"name": "web01", "cloud": "Gold"}, fabrics=[vmm])).simulator
    shell = PowerShell(simulator, "vmm01.corp.example")
    hosts = (
        "Get-SCVMHost -VMMServer (Get-SCVMMServer -ComputerName localhost) | "
        "ForEach-Object { @($_.Name, [string]$_.OverallState) }"
    )
    assert shell.ask(hosts) == ["vmm01-node1.corp.example", "OK"]
    assert shell.ask("Get-SCCloud | ForEach-Object { $_.Name }") == ["Gold"]
    machine = (
        "Get-SCVirtualMachine -Name web01 | "
        "ForEach-Object { @($_.VMId, [string]$_.VirtualMachineState, $_.VMHost.Name, $_.Cloud.Name) }"
    )
    identifier = next(machine["id"] for host in simulator.state()["hosts"] for machine in host["vms"])
    assert shell.ask(machine) == [identifier.upper(), "PowerOff", "vmm01-node1.corp.example", "Gold"]
    assert "The term 'Get-VM' is not recognized" in shell.refused("Get-VM")

    afflict(simulator, host="vmm01-node1.corp.example", dead=True)
    assert shell.ask(hosts) == ["vmm01-node1.corp.example", "NotResponding"]
    assert shell.ask(machine)[1] == "HostNotResponding"
    afflict(simulator, host="vmm01.corp.example", service="SCVMMService", state="Stopped")
    assert "(Error ID: 1602)" in shell.refused("Get-SCVMMServer -ComputerName localhost")


def test_given_the_password_of_a_scenario_when_shown_in_a_representation_then_it_is_not_there(desk, vault_of):
    account = {"username": "CORP\\admin", "password": "correct horse"}
    simulator = desk(vault_of({"name": "web01"}, hyperv=account)).simulator
    world = simulator.world
    assert world.hyperv.host("hv01").accounts == {"CORP\\admin": "correct horse"}
    afflict(simulator, host="hv01", password="wrong")
    assert world.hyperv.host("hv01").accounts["CORP\\admin"] != "correct horse"
    shown = repr(world.scenario) + repr(world.hyperv) + repr(world.hyperv.host("hv01")) + json.dumps(simulator.state())
    assert "correct horse" not in shown
    afflict(simulator, host="hv01", password="right")
    assert world.hyperv.host("hv01").accounts == {"CORP\\admin": "correct horse"}


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        ([{"name": "hv01"}, {"name": "HV01"}], "host hv01 is named twice"),
        ([{"name": "hv01", "volumes": [{"path": "D:", "gb": 1}, {"path": "d:", "gb": 1}]}], "volume"),
        ([{"name": "hv01", "switches": ["a", {"name": "A"}]}], "switch a is named twice"),
        ([{"name": "hv01", "volumes": [{"path": "D:", "gb": 10, "free_gb": 11}]}], "cannot have 11 of 10 GB free"),
        ([{"name": "hv01", "commands": [{"pattern": "(a"}]}], "'[(]a' is not a valid regular expression"),
        ([{"name": "hv01", "volumes": [{"path": "D:", "gb": 20}]}], "D: is too small for the disks on it"),
    ],
)
def test_given_hosts_that_contradict_themselves_when_loaded_then_refused(vault_of, hosts, message):
    site = {"name": "site1", "type": "HyperVSite", "hosts": hosts}
    with pytest.raises(ScenarioError, match=message):
        build_world(load(vault_of({"name": "web01"}, fabrics=[site])))


def may_administer(*names):
    """Whether a caller is of these groups, as a script asks."""
    caller = "New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())"
    roles = (f"(New-Object Security.Principal.SecurityIdentifier '{name}')" for name in names)
    return ", ".join(f"({caller}).IsInRole({role})" for role in roles)


def test_given_the_caller_s_groups_when_a_script_asks_then_they_are_told():
    script = may_administer("S-1-5-32-578", "s-1-5-32-544")
    told = [
        run(script, groups=frozenset(groups)).stdout.split() for groups in (("S-1-5-32-544",), ("S-1-5-32-578",), ())
    ]
    assert told == [["False", "True"], ["True", "False"], ["False", "False"]]


def test_given_an_account_without_rights_when_it_lists_then_hyper_v_shows_nothing_and_says_so_nowhere(at):
    simulator, shell = at()
    afflict(simulator, host="hv01.corp.example", rights="none")
    assert shell.ask("Get-VM") == shell.ask("Get-VMSwitch") == shell.ask("Get-VM | Get-VMHardDiskDrive") == []
    assert "unable to find" in shell.refused("Get-VM web01")
    afflict(simulator, host="hv01.corp.example", rights="full")
    assert shell.ask("(Get-VM).Name") == ["web01"]


def test_given_a_vm_that_cannot_be_read_when_all_are_listed_then_it_is_an_error_beside_the_others(at):
    simulator, shell = at(virtual_machines=[{"name": "tools01", "state": "Off"}])
    afflict(simulator, vm="web01", broken=True)
    assert shell.ask("(Get-VM -ErrorAction SilentlyContinue).Name") == ["tools01"]
    assert "'web01' could not be read" in shell.refused("Get-VM")


def test_given_commands_of_a_scenario_when_run_then_they_are_answered_and_others_are_interpreted(at):
    commands = [{"pattern": "Get-Website .*", "output": "Started"}, {"pattern": "check", "exit_code": 3}]
    _unused, shell = at(commands=commands)
    told = [shell.run(command) for command in ("Get-Website -Name shop", "check", "1 + 1")]
    assert [(done.stdout, done.exit_code) for done in told] == [("Started\r\n", 0), ("", 3), ("2\r\n", 0)]
    assert "does not model the command Get-Website" in shell.run("Get-Website").stderr


@pytest.mark.parametrize(
    "call",
    [
        "-InputObject $components -MethodName InitiateShutdown",
        "-InputObject $components[0] -MethodName 'Initiate', 'Shutdown'",
    ],
)
def test_given_a_list_for_what_takes_one_when_a_method_is_called_then_nothing_is_done(desk, vault_of, call):
    """Windows: Cannot convert System.Object[] to the type that the parameter requires."""
    items = [{"name": name, "host": "hv01", "stage": "protected"} for name in ("web01", "web02")]
    counter = desk(vault_of(*items))
    counter.pass_time(300)
    found = "$components = @(Get-CimInstance -Namespace root/virtualization/v2 -ClassName Msvm_ShutdownComponent)"
    given = "-Arguments @{ Force = $false; Reason = 'a test' }"
    done = PowerShell(counter.simulator, "hv01").run(f"{found}; (Invoke-CimMethod {call} {given}).ReturnValue")
    assert done.stderr
    assert {machine["state"] for machine in host_of(counter.simulator, "hv01")["vms"]} == {"Running"}


def test_given_a_version_table_when_its_entries_are_counted_then_none_is_made_up(at):
    """It has eight and more on Windows, of which one is modeled."""
    assert "does not model" in at()[1].run("$PSVersionTable.Count").stderr

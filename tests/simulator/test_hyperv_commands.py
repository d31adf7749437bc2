# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of the Hyper-V module, run by PowerShell on simulated hosts."""

from __future__ import annotations

import pytest
from support.host_control import GIB, PowerShell, afflict, host_of, machine_of, strike
from winrm.exceptions import WinRMOperationTimeoutError
from winrm.protocol import Protocol

ODD = ["a*[b]", "it's", 'say "hi"', "cost $(1)", "back`tick", "two\nlines", "дом", "a*b"]


@pytest.fixture
def on(desk, vault_of):
    """Opens a session on hv01: `on(*items, **parts)` gives the simulator and the session."""

    def opened(*items, host="hv01", **parts):
        simulator = desk(vault_of(*(items or ({"name": "web01"},)), **parts)).simulator
        return simulator, PowerShell(simulator, host)

    return opened


def test_given_a_vm_when_shown_then_its_properties_have_the_real_types(on):
    _unused, shell = on({"name": "web01", "stage": "protected", "generation": 1})
    (shown,) = shell.ask(
        "Get-VM web01 | ForEach-Object { @{ name = $_.VMName; id = [string]$_.Id; state = [string]$_.State; "
        "number = $_.State; generation = $_.Generation; beat = [string]$_.Heartbeat; up = $_.Uptime.TotalSeconds; "
        "memory = $_.MemoryAssigned; clustered = $_.IsClustered; replication = [string]$_.ReplicationState; "
        "health = [string]$_.ReplicationHealth; mode = [string]$_.ReplicationMode; path = $_.Path; "
        "text = [string]$_ } }"
    )
    assert 29 < shown.pop("up") / 86400 < 31
    assert shown.pop("text") == f"VirtualMachine (Name = 'web01') [Id = '{shown['id']}']"
    assert len(shown.pop("id")) == 36
    assert shown == {
        "name": "web01",
        "state": "Running",
        "number": 2,
        "generation": 1,
        "beat": "OkApplicationsHealthy",
        "memory": 16 * GIB,
        "clustered": False,
        "replication": "Replicating",
        "health": "Normal",
        "mode": "Primary",
        "path": "D:\\Hyper-V\\web01",
    }


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("'a*[b]'", {"a*b"}),
        ("'a`*`[b`]'", {"a*[b]"}),
        ("'a*'", {"a*[b]", "a*b"}),
        ("'it''s'", {"it's"}),
        ("'cost $(1)'", {"cost $(1)"}),
        ("'BACK``TICK'", {"back`tick"}),
        ("'two?lines'", {"two\nlines"}),
        ("'дом'", {"дом"}),
        ("'no such*'", set()),
        ("'it''s', 'a*b'", {"it's", "a*[b]", "a*b"} - {"a*[b]"}),
    ],
)
def test_given_odd_names_when_asked_by_name_then_wildcards_are_expanded_as_powershell_does(on, pattern, found):
    items = [{"name": f"vm{index}", "friendly_name": name} for index, name in enumerate(ODD)]
    _unused, shell = on(*items)
    assert set(shell.ask(f"Get-VM -Name {pattern} | ForEach-Object {{ $_.Name }}")) == found


def test_given_odd_names_when_shown_then_they_are_as_they_are_and_their_files_can_exist(on):
    items = [{"name": f"vm{index}", "friendly_name": name} for index, name in enumerate(ODD)]
    simulator, shell = on(*items)
    assert shell.ask("Get-VM | ForEach-Object { $_.Name }") == ODD
    paths = shell.ask("Get-VMHardDiskDrive -VM (Get-VM) | ForEach-Object { $_.Path }")
    assert len({path.lower() for path in paths}) == len(ODD)
    assert not any(set('<>"|?*\n') & set(path) for path in paths)
    for name in ODD:
        assert machine_of(simulator, name)["name"] == name


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("Get-VM -Name web99", 'Hyper-V was unable to find a virtual machine with name "web99".'),
        ("Get-VM -Name web99", "InvalidParameter,Microsoft.HyperV.PowerShell.Commands.GetVM"),
        ("Stop-VM -Name web99", "InvalidParameter,Microsoft.HyperV.PowerShell.Commands.StopVM"),
        ("Get-VMSwitch -Name Lab", 'Hyper-V was unable to find a virtual switch with name "Lab".'),
        ("Get-VMNetworkAdapter -VMName web99", 'a virtual machine with name "web99"'),
        ("Get-VM -Id 4af0b1c6-0000-0000-0000-000000000000", "4af0b1c6-0000-0000-0000-000000000000"),
        ("Get-VM -Id web01", "Cannot convert value"),
        ("Get-VHD -Path 'D:\\none.vhdx'", "Getting the mounted storage instance for the path 'D:\\none.vhdx' failed."),
        ("Get-NetAdapter -Name eth0", "No MSFT_NetAdapter objects found with property 'Name' equal to 'eth0'."),
        ("Get-Service -Name nginx", "Cannot find any service with service name 'nginx'."),
        ("Get-Cluster", "The term 'Get-Cluster' is not recognized"),
        ("Get-SCVMHost", "The term 'Get-SCVMHost' is not recognized"),
    ],
)
def test_given_what_is_not_there_when_asked_for_then_the_error_is_that_of_the_real_command(on, command, error):
    assert error in on()[1].refused(command)


def test_given_the_management_service_is_stopped_when_vms_are_listed_then_hyper_v_says_so(on):
    simulator, shell = on()
    afflict(simulator, host="hv01", service="vmms", state="Stopped")
    error = shell.refused("Get-VM")
    assert "Hyper-V encountered an error trying to access an object on computer 'HV01'" in error
    assert "ObjectNotFound,Microsoft.HyperV.PowerShell.Commands.GetVM" in error
    filter_ = "Name='vmms'"
    assert shell.ask(f'(Get-CimInstance Win32_Service -Filter "{filter_}").State') == ["Stopped"]


def test_given_no_role_when_vms_are_listed_then_there_is_no_such_command(on):
    simulator, shell = on()
    afflict(simulator, host="hv01", role="missing")
    assert "The term 'Get-VM' is not recognized" in shell.refused("Get-VM")
    assert shell.ask("Get-Command -Name Get-VM -ErrorAction SilentlyContinue") in ([], [None])
    assert shell.ask("Get-CimInstance Win32_Service | ForEach-Object { $_.Name }") == ["dra", "obengine", "WinRM"]


def test_given_disks_when_followed_from_the_vm_then_drives_and_files_agree(on):
    disks = [{"name": "c", "gb": 40}, {"name": "d", "gb": 100}]
    _unused, shell = on({"name": "web01", "disks": disks, "generation": 1})
    drives = shell.ask(
        "Get-VM | Get-VMHardDiskDrive | ForEach-Object { @($_.Path, [string]$_.ControllerType, $_.ControllerLocation) }"
    )
    folder = "D:\\Hyper-V\\Virtual Hard Disks\\web01"
    assert drives == [f"{folder}\\c.vhdx", "IDE", 0, f"{folder}\\d.vhdx", "SCSI", 0]
    (first,) = shell.ask(
        "Get-VHD -Path (Get-VMHardDiskDrive web01)[0].Path | ForEach-Object { @{ format = [string]$_.VhdFormat; "
        "type = [string]$_.VhdType; size = $_.Size; file = $_.FileSize; parent = $_.ParentPath } }"
    )
    assert first == {"format": "VHDX", "type": "Dynamic", "size": 40 * GIB, "file": 24 * GIB, "parent": ""}
    assert shell.ask("Get-VMHardDiskDrive web01 | Get-VHD | ForEach-Object { $_.Size }") == [40 * GIB, 100 * GIB]


def test_given_a_checkpoint_when_disks_are_shown_then_they_are_differencing(on):
    simulator, shell = on()
    base = machine_of(simulator, "web01")["disks"][0]["path"]
    afflict(simulator, vm="web01", checkpoint="before the drill")
    (path, kind, parent) = shell.ask(
        "Get-VMHardDiskDrive web01 | ForEach-Object { Get-VHD $_.Path } | "
        "ForEach-Object { @($_.Path, [string]$_.VhdType, $_.ParentPath) }"
    )
    assert (path.endswith(".avhdx"), kind, parent) == (True, "Differencing", base)
    assert shell.ask("Get-VMSnapshot -VMName web01 | ForEach-Object { $_.Name }") == ["before the drill"]
    afflict(simulator, vm="web01", checkpoint="before the drill", missing=True)
    assert shell.ask("(Get-VMHardDiskDrive web01).Path") == [base]
    assert shell.ask("Get-VMSnapshot -VMName web01") == []


def test_given_an_unplanned_failover_when_the_vm_is_started_by_hand_then_both_sides_run(desk, vault_of):
    counter = desk(vault_of({"name": "web01", "planned": False}))
    afflict(counter.simulator, vm="web01", power="running")
    shown = PowerShell(counter.simulator, "hv01").ask("Get-VM web01 | ForEach-Object { [string]$_.State }")
    truth = counter.truth("web01")
    assert (shown, truth["azure_vm"]["power"], truth["on_premises_vm"]["power"]) == (["Running"], "running", "running")


def test_given_a_running_vm_when_stopped_then_the_command_blocks_until_its_guest_has_shut_down(on):
    simulator, shell = on({"name": "web01", "stage": "protected"})
    afflict(simulator, vm="web01", shutdown_seconds=120)
    before = simulator.locked(lambda world: world.clock.now())
    shell.ask("Stop-VM web01")
    assert (machine_of(simulator, "web01")["state"], machine_of(simulator, "web01")["turned_off"]) == ("Off", 0)
    assert simulator.locked(lambda world: (world.clock.now() - before).total_seconds()) == pytest.approx(120, abs=2)


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        ({"shutdown_component": "missing"}, "integration component is not available"),
        ({"shutdown_component": "fails"}, "The device is not ready."),
        ({"heartbeat": "none"}, "The device is not ready."),
        ({"shutdown_seconds": 301}, "The operation timed out."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_given_a_guest_that_does_not_shut_down_when_stopped_then_force_turns_it_off(on, faults, why):
    simulator, shell = on({"name": "web01", "stage": "protected"})
    afflict(simulator, vm="web01", **faults)
    error = shell.refused("Stop-VM web01")
    assert "'web01' failed to shut down." in error
    assert why in error
    assert (machine_of(simulator, "web01")["state"], machine_of(simulator, "web01")["turned_off"]) == ("Running", 0)
    shell.ask("Stop-VM web01 -Force -Confirm:$false")
    assert (machine_of(simulator, "web01")["state"], machine_of(simulator, "web01")["turned_off"]) == ("Off", 1)


COMPONENT = (
    "Get-CimInstance -Namespace root/virtualization/v2 -ClassName Msvm_ShutdownComponent "
    "-Filter \"SystemName='$((Get-VM web01).Id)'\""
)


def initiate(shell, force="$true"):
    """What InitiateShutdown returns."""
    arguments = f"@{{ Force = {force}; Reason = 'a test' }}"
    called = f"Invoke-CimMethod -InputObject ({COMPONENT}) -MethodName InitiateShutdown -Arguments {arguments}"
    (code,) = shell.ask(f"({called}).ReturnValue")
    return code


def test_given_a_running_vm_when_its_guest_is_asked_to_shut_down_then_the_answer_comes_before_it_is_off(on):
    simulator, shell = on({"name": "web01", "stage": "protected"})
    afflict(simulator, vm="web01", shutdown_seconds=1200)
    assert initiate(shell) == 0
    assert shell.ask("Get-VM web01 | ForEach-Object { [string]$_.State }") == ["Stopping"]
    assert initiate(shell) == 32782
    simulator.locked(lambda world: world.clock.advance(1199))
    assert machine_of(simulator, "web01")["state"] == "Stopping"
    simulator.locked(lambda world: world.clock.advance(1))
    assert (machine_of(simulator, "web01")["state"], machine_of(simulator, "web01")["turned_off"]) == ("Off", 0)
    assert shell.ask(f"@({COMPONENT}).Count") == [0]


@pytest.mark.parametrize(("fault", "code"), [({"shutdown_component": "fails"}, 32768), ({"heartbeat": "none"}, 32780)])
def test_given_a_guest_that_cannot_when_it_is_asked_to_shut_down_then_it_is_never_turned_off(on, fault, code):
    simulator, shell = on({"name": "web01", "stage": "protected"})
    afflict(simulator, vm="web01", **fault)
    assert initiate(shell) == code
    simulator.locked(lambda world: world.clock.advance(3600))
    assert machine_of(simulator, "web01")["state"] == "Running"


def test_given_unsaved_data_when_a_guest_is_asked_to_shut_down_then_it_does_where_it_is_forced(on):
    simulator, shell = on({"name": "web01", "stage": "protected"})
    afflict(simulator, vm="web01", unsaved_data=True)
    assert initiate(shell, "$false") == 0
    simulator.locked(lambda world: world.clock.advance(3600))
    assert machine_of(simulator, "web01")["state"] == "Running"
    assert initiate(shell) == 0
    simulator.locked(lambda world: world.clock.advance(60))
    assert machine_of(simulator, "web01")["state"] == "Off"


def test_given_a_locked_guest_when_it_is_asked_to_shut_down_then_it_does_where_it_is_forced(on):
    simulator, shell = on({"name": "web01", "stage": "protected"})
    afflict(simulator, vm="web01", shutdown_component="locked")
    assert [initiate(shell, "$false"), initiate(shell)] == [32781, 0]


def test_given_a_guest_without_the_component_when_it_is_looked_for_then_there_is_none(on):
    simulator, shell = on({"name": "web01", "stage": "protected"})
    afflict(simulator, vm="web01", shutdown_component="missing")
    assert shell.ask(f"@({COMPONENT}).Count") == [0]


@pytest.fixture
def over_winrm(on):
    """A client of hv01, whose web01 takes 120 seconds to shut down, and a command that shuts it down and blocks."""
    simulator, _shell = on({"name": "web01", "stage": "protected"})
    afflict(simulator, vm="web01", shutdown_seconds=120)
    account = simulator.connection["winrm"]
    (host,) = (one for one in account["hosts"] if one["name"] == "hv01")
    client = Protocol(
        f"https://{host['address']}:{host['port']}/wsman",
        transport="basic",
        username=account["username"],
        password=account["password"],
        ca_trust_path=account["ca_bundle"],
        proxy=None,
    )
    shell = client.open_shell()
    command = client.run_command(shell, "powershell.exe", ("-NoProfile", "-Command", "Stop-VM web01 -Force; 'off'"))
    return simulator, client, shell, command


def test_given_a_shutdown_when_it_blocks_then_others_go_on_and_it_ends_when_the_guest_is_down(over_winrm):
    simulator, client, shell, command = over_winrm
    with pytest.raises(WinRMOperationTimeoutError):
        client.get_command_output_raw(shell, command)
    assert PowerShell(simulator, "hv01").ask("Get-VM web01 | ForEach-Object { [string]$_.State }") == ["Stopping"]
    simulator.locked(lambda world: world.clock.advance(121))
    assert client.get_command_output_raw(shell, command)[::2] == (b"off\r\n", 0)


def test_given_a_shutdown_when_its_shell_is_closed_then_it_is_withdrawn(over_winrm):
    simulator, client, shell, _command = over_winrm
    client.close_shell(shell)
    simulator.locked(lambda world: world.clock.advance(3600))
    assert (machine_of(simulator, "web01")["state"], machine_of(simulator, "web01")["turned_off"]) == ("Running", 0)


def test_given_a_guest_that_goes_down_when_it_is_started_again_by_force_then_the_old_shutdown_ends_nothing(on):
    simulator, shell = on({"name": "web01", "stage": "protected"})
    afflict(simulator, vm="web01", shutdown_seconds=120)
    initiate(shell)
    shell.ask("Stop-VM web01 -TurnOff -Force -Confirm:$false")
    afflict(simulator, vm="web01", power="running")
    simulator.locked(lambda world: world.clock.advance(200))
    assert machine_of(simulator, "web01")["state"] == "Running"


@pytest.mark.parametrize("seconds", [-1, "soon", True, 1e9])
def test_given_a_time_that_no_shutdown_takes_then_the_fault_is_refused(on, seconds):
    simulator, _shell = on({"name": "web01", "stage": "protected"})
    assert strike(simulator, vm="web01", shutdown_seconds=seconds).status_code == 400


@pytest.mark.parametrize(("stop_action", "left"), [("Save", "Saved"), ("ShutDown", "Off"), ("TurnOff", "Off")])
def test_given_automatic_start_actions_when_the_host_restarts_then_they_say_what_starts(on, stop_action, left):
    names = ("never", "before", "always", "idle")
    simulator, shell = on(*({"name": name, "stage": "protected"} for name in names))
    shell.ask("Set-VM never -AutomaticStartAction nothing")
    shell.ask("Get-VM always | Set-VM -AutomaticStartAction Start")
    for name in ("always", "idle"):
        shell.ask(f"Stop-VM {name}")
    for name in names:
        afflict(simulator, vm=name, automatic_stop=stop_action)
    shown = shell.ask('Get-VM | ForEach-Object { "$($_.Name) $($_.AutomaticStartAction)" }')
    assert sorted(shown) == ["always Start", "before StartIfRunning", "idle StartIfRunning", "never Nothing"]
    simulator.locked(lambda world: world.hyperv.restart(world.hyperv.host("hv01")))
    simulator.locked(lambda world: world.clock.advance(600))
    states = {name: machine_of(simulator, name)["state"] for name in names}
    assert states == {"never": left, "before": "Running", "always": "Running", "idle": "Off"}


def test_given_an_unknown_start_action_when_set_then_it_is_not_modeled(on):
    done = on({"name": "web01"})[1].run("Set-VM web01 -AutomaticStartAction Sometimes")
    assert (done.exit_code, "NotImplemented" in done.stderr) == (1, True)


def test_given_a_vm_that_is_off_when_stopped_again_then_it_is_only_warned(on):
    done = on()[1].run("Stop-VM web01")
    assert (done.exit_code, "The virtual machine is already in the specified state." in done.stdout + done.stderr) == (
        0,
        True,
    )


def test_given_a_vm_in_azure_when_its_adapters_are_shown_then_they_have_no_addresses(on):
    simulator, shell = on({"name": "web01"}, {"name": "web02", "stage": "protected"})
    rows = shell.ask(
        "Get-VMNetworkAdapter -VMName * | ForEach-Object { @{ vm = $_.VMName; switch = $_.SwitchName; "
        "mac = $_.MacAddress.Length; addresses = @($_.IPAddresses) } }"
    )
    expected = [{"vm": name, "switch": "Production", "mac": 12} for name in ("web01", "web02")]
    addresses = [row.pop("addresses") for row in rows]
    assert rows == expected
    assert addresses == [[], machine_of(simulator, "web02")["addresses"]]
    assert len(addresses[1]) == 1


def test_given_vms_that_no_vault_knows_when_shown_then_they_are_there_without_replication(on):
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}]}
    site["hosts"][0]["virtual_machines"] = [{"name": "other", "state": "Saved", "switch": None, "checkpoints": ["one"]}]
    _unused, shell = on(fabrics=[site])
    found = shell.ask("Get-VM | ForEach-Object { @($_.Name, [string]$_.State, [string]$_.ReplicationState) }")
    assert found == ["other", "Saved", "Disabled", "web01", "Off", "PreparedForFailover"]
    assert shell.ask("(Get-VMNetworkAdapter other).Connected") == [False]


@pytest.mark.parametrize(
    ("command", "switch"),
    [
        ("New-VMSwitch -Name Lab -SwitchType Private", {"name": "Lab", "type": "Private"}),
        ("New-VMSwitch Lab -SwitchType internal", {"name": "Lab", "type": "Internal"}),
        (
            "New-VMSwitch -Name Lab -NetAdapterName 'Ethernet 2' -AllowManagementOS $false",
            {"name": "Lab", "type": "External"},
        ),
    ],
)
def test_given_a_host_when_a_switch_is_made_then_it_is_there(on, command, switch):
    simulator, shell = on()
    shell.ask(f"({command}).Name")
    assert host_of(simulator, "hv01")["switches"][1] == switch
    assert shell.ask("(Get-VMSwitch Lab).AllowManagementOS") == [switch["type"] == "Internal"]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("New-VMSwitch Lab -NetAdapterName Ethernet", "is already bound to the Microsoft Virtual Switch protocol."),
        ("New-VMSwitch Lab -NetAdapterName eth7", 'Hyper-V was unable to find a network adapter with name "eth7".'),
        ("New-VMSwitch Lab -NetAdapterName Spare", "bind failed: Element not found. (0x80070490)."),
        ("New-VMSwitch Lab", "Parameter set cannot be resolved"),
        ("New-VMSwitch Lab -SwitchType Private -NetAdapterName 'Ethernet 2'", "Parameter set cannot be resolved"),
        ("New-VMSwitch Lab -SwitchType Magic", "Magic"),
    ],
)
def test_given_a_switch_that_cannot_be_when_made_then_it_is_refused_and_nothing_changed(on, command, error):
    cards = ["Ethernet", "Ethernet 2", {"name": "Spare", "status": "Disabled"}]
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01", "adapters": cards}]}
    simulator, shell = on(fabrics=[site])
    assert error in shell.refused(command)
    assert [switch["name"] for switch in host_of(simulator, "hv01")["switches"]] == ["Production"]


def test_given_a_switch_when_changed_then_it_is_as_asked_for(on):
    simulator, shell = on()
    shell.ask("Set-VMSwitch -VMSwitch (Get-VMSwitch Production) -SwitchType Private")
    assert host_of(simulator, "hv01")["switches"] == [{"name": "Production", "type": "Private"}]
    shell.ask("Set-VMSwitch -Name Production -NetAdapterName 'Ethernet 2' -AllowManagementOS $false")
    assert shell.ask("(Get-VMSwitch Production).NetAdapterInterfaceDescription") == [
        "Intel(R) Ethernet Server Adapter X710 #2"
    ]
    assert shell.refused("Set-VMSwitch -Name Lab -SwitchType Private").startswith("Hyper-V was unable to find")


def switched(**switch):
    """A site whose host has two network adapters and a switch."""
    host = {"name": "hv01", "adapters": ["Ethernet", "Ethernet 2"], "switches": [{"name": "Production", **switch}]}
    return {"fabrics": [{"name": "site1", "type": "HyperVSite", "hosts": [host]}]}


SHOWN = (
    "Get-VMSwitch Production | ForEach-Object { @{ type = [string]$_.SwitchType; team = $_.EmbeddedTeamingEnabled; "
    "adapter = $_.NetAdapterInterfaceDescription; "
    "members = @(foreach ($one in $_.NetAdapterInterfaceDescriptions) { if ($one) { $one } }) } }"
)
CARD = "Intel(R) Ethernet Server Adapter X710"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("Set-VMSwitch -Name Production -NetAdapterName Ethernet", "embedded teaming cannot be changed"),
        ("Set-VMSwitch -Name Production -SwitchType Private", "embedded teaming cannot be changed"),
    ],
)
def test_given_a_switch_with_embedded_teaming_when_changed_then_only_the_host_s_own_adapter_can_be(on, command, words):
    _simulator, shell = on(**switched(embedded_teaming=True))
    before = shell.ask(SHOWN)
    members = [CARD, f"{CARD} #2"]
    assert before == [{"type": "External", "team": True, "adapter": "Teamed-Interface", "members": members}]
    assert words in shell.refused(command)
    shell.ask("Set-VMSwitch -Name Production -AllowManagementOS $false")
    assert shell.ask(SHOWN) == before


def test_given_a_switch_with_sr_iov_when_its_type_is_changed_then_it_is_refused(on):
    _simulator, shell = on(**switched(sr_iov=True))
    assert "SR-IOV" in shell.refused("Set-VMSwitch -Name Production -SwitchType Private")
    shell.ask("Set-VMSwitch -Name Production -NetAdapterName 'Ethernet 2'")
    assert shell.ask("(Get-VMSwitch Production).NetAdapterInterfaceDescription") == [f"{CARD} #2"]


@pytest.mark.parametrize(
    ("teamed", "adapter", "members"), [(False, None, []), (True, "Teamed-Interface", [f"{CARD} #2"])]
)
def test_given_an_adapter_that_is_gone_when_shown_then_its_switch_is_external_still(on, teamed, adapter, members):
    simulator, shell = on(**switched(embedded_teaming=teamed))
    afflict(simulator, host="hv01", adapter="Ethernet", missing=True)
    assert shell.ask(SHOWN) == [{"type": "External", "team": teamed, "adapter": adapter, "members": members}]
    assert shell.ask("Get-NetAdapter | Where-Object { -not $_.Virtual } | ForEach-Object { $_.Name }") == ["Ethernet 2"]
    afflict(simulator, host="hv01", adapter="Ethernet", missing=False)
    assert shell.ask("(Get-VMSwitch Production).NetAdapterInterfaceDescription") == [
        "Teamed-Interface" if teamed else CARD
    ]


def test_given_2012_r2_when_a_switch_is_shown_then_nothing_tells_of_teams(on):
    site = switched()
    site["fabrics"][0]["hosts"][0]["os"] = "2012 R2"
    _simulator, shell = on(**site)
    assert shell.ask(SHOWN) == [{"type": "External", "team": None, "adapter": CARD, "members": []}]


def test_given_disks_on_a_share_when_read_then_the_second_hop_decides(on):
    simulator, shell = on()
    afflict(simulator, vm="web01", storage=r"\\fs01.contoso.example\vms")
    read = "(Get-VHD -Path (Get-VMHardDiskDrive -VM (Get-VM web01)).Path).Path"
    path = r"\\fs01.contoso.example\vms\web01\web01-os.vhdx"
    assert f"Cannot find path '{path}' because it does not exist." in shell.refused(read)
    afflict(simulator, host="hv01", second_hop="allowed")
    assert shell.ask(read) == [path]
    afflict(simulator, host="hv01", second_hop="refused")
    afflict(simulator, vm="web01", storage="local")
    assert shell.ask(read) == [r"D:\Hyper-V\Virtual Hard Disks\web01\web01-os.vhdx"]


def test_given_a_path_of_a_share_when_read_then_it_is_a_pattern(on):
    disks = [{"name": name, "gb": 4} for name in ("data[1]", "data1")]
    simulator, shell = on({"name": "web01", "disks": disks})
    afflict(simulator, vm="web01", storage=r"\\fs01\vms")
    afflict(simulator, host="hv01", second_hop="allowed")
    folder = r"\\fs01\vms\web01"
    assert shell.ask(rf"(Get-VHD -Path '{folder}\data[1].vhdx').Path") == [rf"{folder}\data1.vhdx"]
    assert shell.ask(rf"(Get-VHD -Path '{folder}\data`[1`].vhdx').Path") == [rf"{folder}\data[1].vhdx"]
    assert "is not a valid path" in shell.refused(rf"Get-VHD -Path '{folder}\log[1].vhdx'")


def test_given_powercli_when_a_command_that_both_have_is_called_then_its_module_decides(on):
    simulator, shell = on()
    afflict(simulator, host="hv01", powercli="installed")
    assert "You are not currently connected to any servers." in shell.refused("Get-VM -Name web01")
    assert shell.ask("Hyper-V\\Get-VM | ForEach-Object { $_.Name }") == ["web01"]
    assert shell.ask("(Get-Command -Name Get-VM -Module Hyper-V).ModuleName") == ["Hyper-V"]
    assert shell.ask("(Get-VMSwitch).Name") == ["Production"]
    afflict(simulator, host="hv01", powercli="missing")
    assert shell.ask("(Get-VM).Name") == ["web01"]


@pytest.mark.parametrize(
    ("fault", "command", "shown"),
    [
        ({"operation": "MergingDisks"}, "(Get-VM).OperationalStatus | ForEach-Object { [string]$_ }", "MergingDisks"),
        ({"operation": "CriticalIoError"}, "[string](Get-VM).OperationalStatus[0]", "CriticalIoError"),
        ({"operation": "MergingDisks"}, "(Get-VM).Status", "Merging disks"),
        ({"security": "shielded"}, "(Get-VMSecurity -VM (Get-VM)).Shielded", True),
        ({"security": "vtpm"}, "(Get-VMSecurity -VMName web01).TpmEnabled", True),
        ({"vlan": 42}, "(Get-VMNetworkAdapter web01).VlanSetting.AccessVlanId", 42),
        ({"automatic_stop": "ShutDown"}, "[string](Get-VM).AutomaticStopAction", "ShutDown"),
        ({"checkpoint": "b", "type": "Recovery"}, "[string](Get-VMSnapshot web01).SnapshotType", "Recovery"),
        ({"replication": "FailbackInProgress"}, "[string](Get-VM).ReplicationState", "FailbackInProgress"),
    ],
)
def test_given_a_state_of_a_vm_when_shown_then_it_is_there(on, fault, command, shown):
    simulator, shell = on()
    before = shell.ask(command)
    assert shown not in before
    afflict(simulator, vm="web01", **fault)
    assert shell.ask(command)[-1] == shown


def test_given_2012_r2_when_security_is_asked_for_then_there_is_no_such_command(on):
    site = switched()
    site["fabrics"][0]["hosts"][0]["os"] = "2012 R2"
    assert "is not recognized" in on(**site)[1].refused("Get-VMSecurity -VMName web01")

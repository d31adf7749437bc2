# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-VMSwitch, Get-VMNetworkAdapter and Get-NetAdapter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from asr_simulator.hyperv.building import mac_of
from asr_simulator.hyperv.cmdlets import enums, errors
from asr_simulator.hyperv.cmdlets.machines import machines_of
from asr_simulator.hyperv.cmdlets.names import chosen
from asr_simulator.hyperv.cmdlets.place import Place
from asr_simulator.hyperv.hosts import Host, Machine
from asr_simulator.hyperv.switches import EXTERNAL, HYPERV_MAC, PRIVATE, NetworkAdapter, NetworkCard, Switch
from powershell_subset import Call, Command, CommandError, PSObject

GIGABITS = 10
# What a switch with embedded teaming has for an adapter, in English; whatever its type is.
TEAMED = "Teamed-Interface"
# 2012 R2, whose switches have no such properties.
WITHOUT_TEAMING = "6.3.9600"


def commands(place: Place) -> list[Command]:
    """The commands that show networks on a host."""
    return [
        place.hyper_v("Get-VMSwitch", _switches, positional=("Name",)),
        place.hyper_v("Get-VMNetworkAdapter", _adapters, ("VM",), positional=("VMName",), pipeline="VM"),
    ]


def card_commands(place: Place) -> list[Command]:
    """Get-NetAdapter, which every server has."""
    name = "Get-NetAdapter"
    return [place.command(name, _cards, positional=("Name",), module="NetAdapter", class_name=name)]


def named_switches(place: Place, call: Call) -> Iterator[Switch]:
    """The switches of the names; all without any."""
    there = place.host.shown_switches
    return chosen(call, "Name", there, lambda one: one.name, lambda name: errors.no_switch("name", name))


def _switches(place: Place, call: Call) -> Iterable[PSObject]:
    return (show_switch(place, switch) for switch in named_switches(place, call))


def show_switch(place: Place, switch: Switch) -> PSObject:
    """A switch as Get-VMSwitch shows it. An external one whose adapter is gone has a list with nothing in it, once."""
    adapters = _descriptions(switch)
    single = adapters[0] if adapters else None
    values: dict[str, Any] = {
        "Name": switch.name,
        "Id": UUID(switch.identifier),
        "SwitchType": enums.SWITCH_TYPE[switch.type],
        "NetAdapterInterfaceDescription": TEAMED if switch.teamed else single,
        "NetAdapterInterfaceDescriptions": adapters,
        "AllowManagementOS": switch.type != PRIVATE and switch.for_management,
        "EmbeddedTeamingEnabled": switch.teamed,
        "IovEnabled": switch.sr_iov,
        "Notes": "",
        "ComputerName": place.host.short_name,
    }
    if place.host.os.version == WITHOUT_TEAMING:
        values.update(EmbeddedTeamingEnabled=None, NetAdapterInterfaceDescriptions=None)
    return PSObject("Microsoft.HyperV.PowerShell.VMSwitch", values, text=f"VMSwitch (Name = '{switch.name}')")


def _descriptions(switch: Switch) -> list[str | None] | None:
    there: list[str | None] = [card.description for card in switch.cards_there]
    if switch.type != EXTERNAL:
        return None
    return there if switch.teamed else (there or [None])[:1]


def _adapters(place: Place, call: Call) -> Iterable[PSObject]:
    for machine in machines_of(place, call):
        yield from (_adapter(place, machine, adapter) for adapter in machine.adapters)


def _adapter(place: Place, machine: Machine, adapter: NetworkAdapter) -> PSObject:
    now = place.now
    switch = machine.host.switch(adapter.switch) if adapter.switch else None
    return PSObject(
        "Microsoft.HyperV.PowerShell.VMNetworkAdapter",
        {
            "Name": adapter.name,
            "Id": f"Microsoft:{machine.identifier.upper()}\\{adapter.identifier.upper()}",
            "VMName": machine.name,
            "VMId": UUID(machine.identifier),
            "SwitchName": switch.name if switch else "",
            "SwitchId": UUID(switch.identifier) if switch else None,
            "Connected": switch is not None,
            "MacAddress": adapter.mac,
            "DynamicMacAddressEnabled": True,
            "IPAddresses": machine.addresses(adapter, now),
            "Status": enums.every(enums.ADAPTER_STATUS, ["Ok"] if machine.has_booted(now) else []),
            "IsManagementOs": False,
            "IsLegacy": False,
            "VlanSetting": _vlan(adapter),
            "ComputerName": machine.host.short_name,
        },
    )


def _vlan(adapter: NetworkAdapter) -> PSObject:
    """What an adapter shows of its VLAN; trunks and private VLANs are not modeled."""
    values = {
        "OperationMode": enums.VLAN_MODE["Access" if adapter.vlan else "Untagged"],
        "AccessVlanId": adapter.vlan,
        "NativeVlanId": 0,
        "AllowedVlanIdListString": "",
        "PrimaryVlanId": 0,
        "SecondaryVlanId": 0,
        "SecondaryVlanIdListString": "",
    }
    return PSObject("Microsoft.HyperV.PowerShell.VMNetworkAdapterVlanSetting", values)


def _for_management(host: Host) -> list[Switch]:
    return [switch for switch in host.switches if switch.type != PRIVATE and switch.for_management]


def _cards(place: Place, call: Call) -> Iterable[PSObject]:
    every = [_card(card) for card in place.host.shown_cards]
    every += [_virtual_card(switch, 20 + index) for index, switch in enumerate(_for_management(place.host))]
    return chosen(call, "Name", every, lambda one: str(one["Name"]), _no_card)


def _no_card(name: str) -> CommandError:
    return CommandError(
        f"No MSFT_NetAdapter objects found with property 'Name' equal to '{name}'.  Verify the value of the property "
        "and retry.",
        "CmdletizationQuery_NotFound_Name",
        "ObjectNotFound",
        exception="Microsoft.PowerShell.Cmdletization.Cim.CimJobException",
        target=name,
    )


def _card(card: NetworkCard) -> PSObject:
    return _net_adapter(card.name, card.description, card.mac, card.index, card.status, virtual=False)


def _virtual_card(switch: Switch, index: int) -> PSObject:
    name, mac = f"vEthernet ({switch.name})", mac_of(switch.identifier, HYPERV_MAC)
    return _net_adapter(name, "Hyper-V Virtual Ethernet Adapter", mac, index, "Up", virtual=True)


def _net_adapter(name: str, description: str, mac: str, index: int, status: str, *, virtual: bool) -> PSObject:
    up = status == "Up"
    return PSObject(
        "Microsoft.Management.Infrastructure.CimInstance#ROOT/StandardCimv2/MSFT_NetAdapter",
        {
            "Name": name,
            "InterfaceAlias": name,
            "InterfaceDescription": description,
            "InterfaceIndex": index,
            "ifIndex": index,
            "Status": status,
            "AdminStatus": "Down" if status == "Disabled" else "Up",
            "MediaConnectionState": "Connected" if up else "Disconnected",
            "MacAddress": "-".join(mac[at : at + 2] for at in range(0, 12, 2)),
            "LinkSpeed": f"{GIGABITS} Gbps" if up else "0 bps",
            "Virtual": virtual,
            "HardwareInterface": not virtual,
        },
        text=f'MSFT_NetAdapter (CreationClassName = "MSFT_NetAdapter", Name = "{name}")',
    )


def card_of(host: Host, name: str) -> NetworkCard | None:
    """The network card of that name."""
    return next((card for card in host.shown_cards if card.name.lower() == name.lower()), None)


def holder_of(host: Host, card: NetworkCard) -> Switch | None:
    """The external switch on a network card."""
    return next((one for one in host.switches if one.type == EXTERNAL and card in one.cards), None)

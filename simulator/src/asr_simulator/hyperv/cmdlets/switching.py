# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""New-VMSwitch and Set-VMSwitch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from asr_simulator.hyperv.cmdlets import errors
from asr_simulator.hyperv.cmdlets.names import given, ids_of, of_ids
from asr_simulator.hyperv.cmdlets.networks import card_of, holder_of, named_switches, show_switch
from asr_simulator.hyperv.cmdlets.place import Place
from asr_simulator.hyperv.switches import BUILD_WITHOUT_LBFO, EXTERNAL, INTERNAL, PRIVATE, NetworkCard, Switch
from powershell_subset import Call, Command, CommandError, NotModeled, PSObject

BINDING = ("SwitchType", "NetAdapterName", "AllowManagementOS")
FAILED = "Failed while adding virtual Ethernet switch connections."
DISABLED = "Disabled"
OF_A_TEAM = (
    "The switch type and the external network adapters of a virtual switch with embedded teaming cannot be changed."
)
WITH_SR_IOV = "The switch type of a virtual switch with SR-IOV enabled cannot be changed."


def commands(place: Place) -> list[Command]:
    """The commands that change the switches of a host."""
    act: dict[str, Any] = {"positional": ("Name",), "switches": ("Confirm",)}
    return [
        place.hyper_v("New-VMSwitch", _create, BINDING, mandatory=("Name",), **act),
        place.hyper_v("Set-VMSwitch", _change, ("VMSwitch", *BINDING), pipeline="VMSwitch", **act),
    ]


def _create(place: Place, call: Call) -> Iterable[PSObject]:
    wanted = _type(call)
    card = _card(place, call)
    if (wanted is None) == (card is None):
        raise errors.ambiguous_parameters()
    if card is not None:
        _check_free(place, card, None)
    switch = Switch(
        place.hyperv.new_id(),
        str(call.parameters["name"]),
        wanted or EXTERNAL,
        [] if card is None else [card],
        for_management=bool(call.parameters.get("allowmanagementos", True)),
    )
    place.host.switches.append(switch)
    yield show_switch(place, switch)


def _type(call: Call) -> str | None:
    """Internal or Private as it was asked for; what makes a switch external is its adapter."""
    value = call.parameters.get("switchtype")
    if value is None:
        return None
    known = {name.lower(): name for name in (INTERNAL, PRIVATE)}
    if str(value).lower() not in known:
        message = f'A parameter that is not valid was passed to the operation: the switch type "{value}".'
        raise errors.invalid_parameter(message, value)
    return known[str(value).lower()]


def _card(place: Place, call: Call) -> NetworkCard | None:
    """The network card that the parameters name."""
    names = given(call, "NetAdapterName")
    if len(names) > 1:
        raise NotModeled(f"{call.name} with several network adapters")
    for value in names:
        found = card_of(place.host, str(value))
        if found is None:
            raise errors.invalid_parameter(f'Hyper-V was unable to find a network adapter with name "{value}".', value)
        return found
    return None


def _check_free(place: Place, card: NetworkCard, switch: Switch | None) -> None:
    """A card serves one switch.

    Raises:
        CommandError: it serves another, it is disabled, or it is none that a switch may use.
    """
    if not card.is_physical and int(place.host.os.build) >= BUILD_WITHOUT_LBFO:
        # The words are inferred.
        raise _failed(f"Ethernet port '{card.description}' bind failed: The parameter is incorrect. (0x80070057).")
    holder = holder_of(place.host, card)
    if holder is not None and holder is not switch:
        bound = "is already bound to the Microsoft Virtual Switch protocol."
        raise _failed(f"External Ethernet adapter '{card.description}' {bound}")
    if card.status == DISABLED:
        raise _failed(f"Ethernet port '{card.description}' bind failed: Element not found. (0x80070490).")


def _check_changeable(switch: Switch, wanted: str | None, card: NetworkCard | None) -> None:
    """What a switch was made with stays.

    Raises:
        CommandError: it would not.
    """
    changes_type = wanted not in (None, switch.type)
    if switch.teamed and (card is not None or changes_type):
        raise errors.invalid_parameter(OF_A_TEAM, switch.name)
    if switch.sr_iov and switch.type == EXTERNAL and changes_type:
        raise errors.invalid_parameter(WITH_SR_IOV, switch.name)


def _failed(reason: str) -> CommandError:
    return errors.operation_failed(f"{FAILED}\r\n{reason}")


def _named(place: Place, call: Call) -> Iterator[Switch]:
    """The switches that a command is to change: those of -VMSwitch, else those of the names."""
    objects = given(call, "VMSwitch")
    if not objects:
        yield from list(named_switches(place, call))
    yield from of_ids(call, ids_of(objects), place.host.switches, errors.no_switch)


def _change(place: Place, call: Call) -> Iterable[PSObject]:
    wanted, card = _type(call), _card(place, call)
    if wanted is not None and card is not None:
        raise errors.ambiguous_parameters()
    for switch in _named(place, call):
        _check_changeable(switch, EXTERNAL if card is not None else wanted, card)
        if card is not None:
            _check_free(place, card, switch)
            switch.type, switch.cards = EXTERNAL, [card]
        elif wanted is not None:
            switch.type, switch.cards = wanted, []
        if call.parameters.get("allowmanagementos") is not None:
            switch.for_management = bool(call.parameters["allowmanagementos"])
    return ()

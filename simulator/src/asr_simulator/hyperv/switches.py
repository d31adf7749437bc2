# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual switches, the network cards below them and the adapters of virtual machines on them."""

from __future__ import annotations

from dataclasses import dataclass, field

# How Windows describes a team of cards of NetLbfo.
LBFO_TEAM = "Microsoft Network Adapter Multiplexor Driver"
# The first release whose switches do not use such a team: Windows Server 2022.
BUILD_WITHOUT_LBFO = 20348
EXTERNAL, INTERNAL, PRIVATE = "External", "Internal", "Private"
HYPERV_MAC = "00155D"  # how the addresses begin that Hyper-V gives


@dataclass
class Switch:
    """A virtual switch; ``cards`` are the network cards of an external one, also those that are gone since.

    ``teamed``: it was made with embedded teaming; ``sr_iov``: with SR-IOV.
    """

    identifier: str
    name: str
    type: str
    cards: list[NetworkCard] = field(default_factory=list)
    for_management: bool = True
    teamed: bool = False
    sr_iov: bool = False

    @property
    def changeable(self) -> tuple[str, tuple[str, ...], bool]:
        """What a command may change of it."""
        return self.type, tuple(card.name for card in self.cards), self.for_management

    @property
    def cards_there(self) -> list[NetworkCard]:
        """Those of its network cards that Windows still has."""
        return [card for card in self.cards if card.present]


@dataclass(eq=False)
class NetworkCard:
    """A network card; ``present``: Windows has it, so it was not taken out, or disabled in the firmware."""

    name: str
    description: str
    mac: str
    index: int
    status: str = "Up"
    present: bool = True

    @property
    def is_physical(self) -> bool:
        """Whether it is a card, not a team of some."""
        return not self.description.startswith(LBFO_TEAM)


@dataclass
class NetworkAdapter:
    """A network adapter; ``mac`` is 12 hex digits, ``switch`` None: not connected.

    ``wanted_switch`` is the one that it was made for, ``vlan`` the one that it is an access port of (0: untagged).
    """

    identifier: str
    mac: str
    address: str
    switch: str | None
    wanted_switch: str | None
    name: str = "Network Adapter"
    vlan: int = 0

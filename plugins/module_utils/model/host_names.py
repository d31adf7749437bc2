# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When two names mean one host: Site Recovery may know a host by its whole name, and a user by its short one."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

# Of a longer name NetBIOS has no more.
_NETBIOS = 15


# Of a fleet, each host is compared with each other one for each VM.
@lru_cache(maxsize=1 << 14)
def is_same_host(one: str, other: str) -> bool:
    """Whether two names mean one host: in any case, and one of them may lack its domain."""
    first, second = one.lower(), other.lower()
    short, whole = sorted((first, second), key=len)
    return first == second or ("." not in short and whole.startswith(f"{short}."))


def label_of(name: str) -> str:
    """Return what all names of a host have in common."""
    return name.partition(".")[0].lower()


@dataclass(frozen=True)
class HostIdentity:
    """Which machine a host says that it is. C(computer) is its NetBIOS name, C(guid) that of its installation of
    Windows, which machines made of one disk share. What was not read is empty."""

    computer: str
    fqdn: str
    guid: str

    @property
    def is_known(self) -> bool:
        """Whether it told a name."""
        return bool(self.computer or self.fqdn)

    @property
    def name(self) -> str:
        """The longest name that it told."""
        return self.fqdn or self.computer

    def answers_to(self, name: str) -> bool:
        """Whether a name is its own: whole, short, or as NetBIOS has it."""
        label = label_of(name)
        is_cut = len(label) > _NETBIOS and label[:_NETBIOS] == self.computer.lower()
        return is_cut or any(is_same_host(name, own) for own in (self.fqdn, self.computer) if own)

    def denial_of(self, name: str) -> str:
        """Say that what answers by a name is another host; empty where it is not, or where an address names it."""
        if not self.is_known or _is_address(name) or self.answers_to(name):
            return ""
        return f"the host at the address of {name} says that it is {self.name}"

    def is_misnamed(self, name: str) -> bool:
        """Whether a name that leads here as well as another one cannot be the right one: its domain is another one."""
        if _is_address(name):
            return False
        return not is_same_host(name, self.fqdn) if self.fqdn else not self.answers_to(name)

    def is_same(self, other: HostIdentity) -> bool:
        """Whether both certainly are one machine: the same names, and the same id where both told theirs."""
        if not (self.computer and self.computer.lower() == other.computer.lower()):
            return False
        names_differ = bool(self.fqdn and other.fqdn) and not is_same_host(self.fqdn, other.fqdn)
        ids_differ = bool(self.guid and other.guid) and self.guid.lower() != other.guid.lower()
        return not (names_differ or ids_differ)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def find_host(wanted: str, names: Iterable[str]) -> str | None:
    """Return the one of the names that means the wanted host: the same name, else the only one that may be it."""
    near = [name for name in names if is_same_host(name, wanted)]
    same = [name for name in near if name.lower() == wanted.lower()]
    # Two whole names that differ in their domain are two hosts: which of them a short one means, nobody can tell.
    found = same[:1] or near
    return found[0] if len(found) == 1 else None

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Hyper-V host says of the guest in a virtual machine, as outcomes of checks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from .evidence import FAIL, NOT_CHECKED, PASS, Outcome
from .failures import FailbackError
from .findings import NotRead
from .hyperv_hosts import HostNic, HostVm
from .operational_status import lost_storage

# Microsoft documentation of VMHeartbeatStatus: in this one the guest answers, but an application in it has failed that
# the cluster monitors.
_APPLICATION_FAILED = "OkApplicationsCritical"
# Kinds of failures after which asking again cannot help, or would lock the account.
_HOPELESS = ("configuration", "host_authentication", "missing_library", "target")

# None: the hosts say that there is no such machine.
Guest: TypeAlias = "HostVm | NotRead | None"


def check_heartbeat(guest: Guest) -> Outcome:
    """Judge the heartbeat that the host hears from the guest."""
    return _judged(guest, _heartbeat_of, _judge_heartbeat)


def check_addresses(guest: Guest) -> Outcome:
    """Judge whether the guest has an address that others can reach."""
    return _judged(guest, _told, _judge_addresses)


def check_expected_addresses(guest: Guest, expected: Sequence[str]) -> Outcome:
    """Judge whether the guest has all of these addresses."""
    return _judged(guest, _told, lambda seen: _judge_expected(seen, expected))


def _judged(guest: Guest, tell: Callable[[HostVm], str], judge: Callable[[HostVm], Outcome]) -> Outcome:
    """Judge a guest that was seen and reaches its disks. C(tell) says what was seen of one that does not."""
    if not isinstance(guest, HostVm):
        return _unseen(guest)
    lost = ", ".join(lost_storage(guest.operational_status))
    if lost:
        cause = f"Hyper-V does not reach the disks of the VM ({lost}): it may answer from its memory."
        return Outcome(FAIL, f"{tell(guest)}, {lost}", cause, "Bring its storage back.")
    return judge(guest)


def _heartbeat_of(guest: HostVm) -> str:
    return guest.heartbeat or "none"


def _judge_heartbeat(guest: HostVm) -> Outcome:
    seen = _heartbeat_of(guest)
    if seen == _APPLICATION_FAILED:
        cause = "The guest answers, but reports that an application which is monitored in it has failed."
        return Outcome(FAIL, seen, cause, "Repair the application in the VM.")
    if seen.startswith("Ok"):
        return Outcome(PASS, seen)
    if not guest.is_running:
        cause = f"The VM is {guest.state or 'in no known state'} on its host."
        return Outcome(FAIL, seen, cause, "Find out why it does not run, and start it on the host.")
    return Outcome(
        FAIL,
        seen,
        "The host gets no heartbeat from the guest: it has not booted, hangs, or its integration services do not run.",
        "Look at the VM's console. For a guest without integration services set heartbeat: false and give probes.",
    )


def _judge_addresses(guest: HostVm) -> Outcome:
    routable = routable_addresses(guest)
    if routable:
        return Outcome(PASS, ", ".join(routable))
    return Outcome(
        FAIL,
        _told(guest),
        f"The guest has no address by which it could be reached ({_connections(guest)}).",
        "Look at the VM's network adapter, its virtual switch and VLAN, and DHCP. For a guest without integration "
        "services, by which the host learns its addresses, set addresses: false.",
    )


def _judge_expected(guest: HostVm, expected: Sequence[str]) -> Outcome:
    has = {_parsed(address) for address in _addresses(guest)}
    missing = [address for address in expected if _parsed(address) not in has]
    if not missing:
        return Outcome(PASS, _told(guest))
    return Outcome(
        FAIL,
        _told(guest),
        f"The guest does not have {', '.join(missing)} ({_connections(guest)}).",
        "Look at the VM's network settings and VLAN: a guest that was given other adapters may have lost its own "
        "addresses.",
    )


def routable_addresses(guest: HostVm) -> list[str]:
    """Return the guest's addresses that are neither link-local nor loopback, in the order of its adapters."""
    parsed = [_parsed(address) for address in _addresses(guest)]
    return [str(address) for address in parsed if address is not None and _is_routable(address)]


def is_address(value: str) -> bool:
    """Say whether a text is an IP address."""
    return _parsed(value) is not None


def _addresses(guest: HostVm) -> list[str]:
    return [address for nic in guest.nics for address in nic.addresses]


def _parsed(value: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(value)
    except ValueError:
        return None


def _is_routable(address: IPv4Address | IPv6Address) -> bool:
    return not (address.is_link_local or address.is_loopback or address.is_unspecified or address.is_multicast)


def _told(guest: HostVm) -> str:
    return ", ".join(_addresses(guest)) or "no address"


def _connections(guest: HostVm) -> str:
    """What the guest's network adapters are connected to, in a few words."""
    return "; ".join(map(_connection, guest.nics)) or "it has no network adapter"


def _connection(nic: HostNic) -> str:
    switch = f"on switch {nic.switch}" if nic.switch else "not connected"
    return f"{nic.name} {switch}, VLAN {nic.vlan or 'not read'}"


def _unseen(guest: NotRead | None) -> Outcome:
    if guest is None:
        cause = "None of the hosts that could be asked has the VM."
        return Outcome(FAIL, "no such VM", cause, "Find out where the VM was failed back to.")
    problem = guest.problem
    remedy = problem.remedy if problem else "Put the host into the inventory, or into hyperv_hosts."
    return Outcome(NOT_CHECKED, "not read", guest.reason, remedy, is_final=problem is None or is_hopeless(problem))


def is_hopeless(problem: FailbackError) -> bool:
    """Say whether what failed may not be tried again."""
    return problem.kind in _HOPELESS

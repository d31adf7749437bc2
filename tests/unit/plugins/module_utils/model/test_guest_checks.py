# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host says of a guest, judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.asr.failback.plugins.module_utils.model.evidence import Outcome
from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    HostAuthenticationError,
    HostUnreachable,
)
from ansible_collections.asr.failback.plugins.module_utils.model.findings import NotRead
from ansible_collections.asr.failback.plugins.module_utils.model.guest_checks import (
    Guest,
    check_addresses,
    check_expected_addresses,
    check_heartbeat,
    routable_addresses,
)
from ansible_collections.asr.failback.plugins.module_utils.model.hyperv_documents import parse_host
from ansible_collections.asr.failback.plugins.module_utils.model.hyperv_hosts import HostVm

UNKNOWN = NotRead("host hv01 is not in the inventory")
SILENT = NotRead("hv01 could not be reached", HostUnreachable("hv01 could not be reached", "Look at hv01."))
LOCKED = NotRead("hv01 refused admin", HostAuthenticationError("hv01 refused admin", "Correct the password."))


def guest(heartbeat: str = "OkApplicationsHealthy", *addresses: str, state: str = "Running") -> HostVm:
    """As the script that asks a host tells it, parsed."""
    nics = [{"name": "Network Adapter", "mac": "00155D000001", "switch": "Production", "addresses": list(addresses)}]
    vm = {"id": "v", "name": "web01", "state": state, "heartbeat": heartbeat, "nics": nics}
    return parse_host({"computer": "HV01", "vms": [vm]}).vms[0]


@pytest.mark.parametrize(
    ("seen", "status", "words"),
    [
        (guest("OkApplicationsHealthy"), "pass", ""),
        (guest("OkApplicationsUnknown"), "pass", ""),
        (guest("OkApplicationsCritical"), "fail", "has failed"),
        (guest("NoContact"), "fail", "integration services"),
        (guest("LostCommunication"), "fail", "gets no heartbeat"),
        (guest("Disabled"), "fail", "gets no heartbeat"),
        (guest("Unknown"), "fail", "gets no heartbeat"),
        (guest(""), "fail", "gets no heartbeat"),
        (guest("", state="Off"), "fail", "is Off on its host"),
        (guest("Paused", state="Paused"), "fail", "is Paused on its host"),
        (None, "fail", "None of the hosts"),
        (UNKNOWN, "not_checked", "not in the inventory"),
        (SILENT, "not_checked", "could not be reached"),
    ],
)
def test_the_heartbeat(seen: Guest, status: str, words: str) -> None:
    outcome = check_heartbeat(seen)
    assert outcome.status == status
    assert words in outcome.cause
    assert bool(outcome.remedy) == (status != "pass")


@pytest.mark.parametrize(
    ("addresses", "routable"),
    [
        (["10.0.0.5", "fe80::5"], ["10.0.0.5"]),
        (["169.254.3.4", "2001:db8::5"], ["2001:db8::5"]),
        (["fe80::1%4", "169.254.3.4"], []),
        (["127.0.0.1", "::1", "0.0.0.0", "::", "224.0.0.1"], []),
        (["-oProxyCommand=x", "10.0.0.5; rm", ""], []),
        ([], []),
    ],
)
def test_the_addresses(addresses: list[str], routable: list[str]) -> None:
    seen = guest("", *addresses)
    assert routable_addresses(seen) == routable
    outcome = check_addresses(seen)
    assert outcome.status == ("pass" if routable else "fail")
    assert outcome.seen == (", ".join(routable or addresses) or "no address")


@given(st.lists(st.text(max_size=20) | st.ip_addresses().map(str), max_size=4))
def test_whatever_a_guest_calls_its_address_only_addresses_are_used(told: list[str]) -> None:
    assert all(ip_address(address) for address in routable_addresses(guest("", *told)))


def test_without_an_address_it_is_said_what_the_guest_is_connected_to() -> None:
    vlan = {"mode": "Access", "id": 42}
    nics = [{"name": "LAN", "switch": "Production", "vlan": vlan}, {"name": "Backup", "switch": None, "vlan": None}]
    vm = replace(guest(), nics=parse_host({"vms": [{"id": "v", "nics": nics}]}).vms[0].nics)
    told = "(LAN on switch Production, VLAN Access 42; Backup not connected, VLAN not read)"
    assert told in check_addresses(vm).cause
    assert told in check_expected_addresses(vm, ["10.0.0.5"]).cause
    assert "no network adapter" in check_addresses(replace(vm, nics=())).cause


@pytest.mark.parametrize(
    ("expected", "missing"),
    [
        (["10.0.0.5"], ""),
        (["2001:DB8:0::5", "10.0.0.5"], ""),
        (["10.0.0.5", "10.0.0.6", "10.0.0.7"], "10.0.0.6, 10.0.0.7"),
    ],
)
def test_the_expected_addresses(expected: list[str], missing: str) -> None:
    outcome = check_expected_addresses(guest("", "10.0.0.5", "2001:db8::5"), expected)
    assert outcome.status == ("fail" if missing else "pass")
    assert missing in outcome.cause


@pytest.mark.parametrize(
    "judge", [check_heartbeat, check_addresses, partial(check_expected_addresses, expected=["2001:db8::5"])]
)
def test_a_host_is_asked_again_only_where_that_may_help(judge: Callable[[Guest], Outcome]) -> None:
    assert [judge(seen).is_final for seen in (UNKNOWN, LOCKED, SILENT, None)] == [True, True, False, False]
    assert judge(LOCKED).remedy == "Correct the password."

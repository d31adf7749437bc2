# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual switches as hosts have them: with embedded teaming, with SR-IOV, and without the adapter that they had."""

from __future__ import annotations

from typing import Any

import pytest
from support.documented import broken_promises
from support.scenarios import item_of, scenario_of

HOST = "hv01"
CARD = "Intel(R) Ethernet Server Adapter X710"
SWITCH = {"host": HOST, "name": "Production"}
TEAM = {"name": "Team1", "kind": "lbfo_team"}


@pytest.fixture
def switched(driver: Any) -> Any:
    """Starts a vault whose host has three network adapters, and a switch of this kind."""

    def start(*others: dict[str, Any], os: str = "2022", **switch: Any) -> Any:
        adapters = ["Ethernet", "Ethernet 2", {"name": "Spare", "status": "Disabled"}, TEAM]
        switches = [{"name": "Production", **switch}, *others]
        host = {"name": HOST, "os": os, "adapters": adapters, "switches": switches}
        site = {"name": "site1", "type": "HyperVSite", "hosts": [host]}
        return driver(scenario_of(item_of("vm1", host=HOST), fabrics=[site])).knows_hosts()

    return start


def refused(vault: Any, **options: Any) -> dict[str, Any]:
    """How options are refused, in check mode and without, the same way."""
    foretold, failed = (vault.fail("hyperv_switch", check_mode=mode, **SWITCH, **options) for mode in (True, False))
    assert foretold["msg"] == failed["msg"]
    assert (failed["error"]["kind"], failed["changed"]) == ("refused", False)
    assert "Nothing was changed." in failed["remedy"]
    return failed


@pytest.mark.parametrize("adapter", ["ethernet", "Ethernet 2", f"{CARD} #2"])
def test_a_member_of_a_team_is_no_difference(switched: Any, adapter: str) -> None:
    vault = switched(embedded_teaming=True)
    for check_mode in (True, False):
        result = vault.run("hyperv_switch", check_mode=check_mode, **SWITCH, net_adapter=adapter)
        assert broken_promises("hyperv_switch", result) == []
        assert (result["changed"], result["before"]) == (False, result["after"])
    assert (result["after"]["embedded_teaming"], result["after"]["adapters"][:2]) == (True, [CARD, f"{CARD} #2"])


def test_whether_the_host_uses_a_team_can_be_changed(switched: Any) -> None:
    vault = switched(embedded_teaming=True)
    foretold = vault.run("hyperv_switch", check_mode=True, **SWITCH, allow_management_os=False)
    changed = vault.run("hyperv_switch", **SWITCH, net_adapter="Ethernet", allow_management_os=False)
    assert (foretold["changed"], changed["changed"], foretold["after"]) == (True, True, changed["after"])
    assert changed["after"]["allow_management_os"] is False


@pytest.mark.parametrize("options", [{"type": "private", "change_type": True}, {"type": "internal"}])
def test_the_type_of_a_team_is_refused_before_it_is_tried(switched: Any, options: dict[str, Any]) -> None:
    failed = refused(switched(embedded_teaming=True), **options)
    assert "embedded teaming" in failed["cause"]
    assert "change_type" not in failed["remedy"]


def test_another_adapter_for_a_team_is_refused_before_it_is_tried(switched: Any) -> None:
    vault = switched(embedded_teaming=True)
    # Its team has every adapter but this one.
    vault.simulator.locked(lambda world: world.hyperv.host(HOST).switches[0].cards.pop())
    failed = refused(vault, net_adapter="Spare")
    assert "embedded teaming" in failed["cause"]
    assert "Add-VMSwitchTeamMember" in failed["remedy"]


def test_the_type_of_a_switch_with_sr_iov_is_refused_before_it_is_tried(switched: Any) -> None:
    failed = refused(switched(sr_iov=True), type="private", change_type=True)
    assert "SR-IOV" in failed["cause"]


def test_the_adapter_of_another_switch_is_refused_before_it_is_tried(switched: Any) -> None:
    failed = refused(switched({"name": "Backup"}), net_adapter="Ethernet 2")
    assert "Backup" in failed["cause"]


@pytest.mark.parametrize(("os", "adapter"), [("2022", "Team1"), ("2025", "team1"), ("2019", "vEthernet (Production)")])
def test_an_adapter_that_no_switch_may_use_is_refused_before_it_is_tried(switched: Any, os: str, adapter: str) -> None:
    failed = refused(switched(os=os), net_adapter=adapter)
    assert ("NetLbfo" if "eam" in adapter else "virtual adapter") in failed["cause"]


def test_before_windows_server_2022_a_switch_may_use_a_team_of_lbfo(switched: Any) -> None:
    changed = switched(os="2019").run("hyperv_switch", **SWITCH, net_adapter="Team1")
    assert changed["after"]["adapters"] == ["Microsoft Network Adapter Multiplexor Driver #4"]


def test_an_adapter_that_is_disabled_is_refused_before_it_is_tried(switched: Any) -> None:
    failed = refused(switched(), net_adapter="Spare")
    assert "disabled" in failed["cause"]
    assert "Enable-NetAdapter" in failed["remedy"]


@pytest.mark.parametrize("teamed", [False, True])
def test_an_external_switch_whose_adapter_is_gone_is_there(switched: Any, teamed: bool) -> None:
    vault = switched(embedded_teaming=teamed)
    for adapter in ("Ethernet", "Ethernet 2", "Spare"):
        vault.trouble(host=HOST, adapter=adapter, missing=True)
    failed = refused(vault)
    assert "It is there, an external switch, and the network adapter that it used is missing" in failed["cause"]
    assert failed["error"]["before"]["adapters"] == []


def test_an_external_switch_gets_another_adapter_for_the_one_that_is_gone(switched: Any) -> None:
    vault = switched()
    vault.trouble(host=HOST, adapter="Ethernet", missing=True)
    changed = vault.run("hyperv_switch", **SWITCH, net_adapter="Ethernet 2")
    assert (changed["changed"], changed["after"]["adapters"]) == (True, [f"{CARD} #2"])


@pytest.mark.parametrize("teamed", [False, True])
def test_a_switch_without_its_adapter_is_no_network_for_a_vm(switched: Any, teamed: bool) -> None:
    vault = switched(embedded_teaming=teamed)
    (found,) = _switch_findings(vault)
    assert found["status"] == "pass"
    for adapter in ("Ethernet", "Ethernet 2", "Spare"):
        vault.trouble(host=HOST, adapter=adapter, missing=True)
    vault.pass_time(300)
    (found,) = _switch_findings(vault)
    assert (found["status"], found["seen"]) == ("fail", "without its network adapter: Production")
    assert "hyperv_switch" in found["remedy"]


def test_a_team_that_lost_one_of_its_adapters_is_a_network_still(switched: Any) -> None:
    vault = switched(embedded_teaming=True)
    vault.trouble(host=HOST, adapter="Ethernet", missing=True)
    (found,) = _switch_findings(vault)
    assert found["status"] == "pass"
    (switch,) = vault.run("hyperv_host_info", host=HOST)["host"]["switches"]
    assert (switch["embedded_teaming"], switch["adapters"][0]) == (True, f"{CARD} #2")


@pytest.mark.parametrize(
    "options", [{"name": "Extra", "type": "private"}, {"name": "Production", "allow_management_os": False}]
)
def test_a_change_is_told_although_the_switch_cannot_be_read_after_it(switched: Any, options: dict[str, Any]) -> None:
    vault = switched()
    vault.trouble(host=HOST, service="vmms", state="Stopped", after="change")
    failed = vault.fail("hyperv_switch", host=HOST, **options)
    assert (failed["error"]["kind"], failed["changed"]) == ("host", True)
    assert f"{HOST} has accepted the change" in failed["cause"]
    assert "Virtual Machine Management service" in failed["error"]["message"]
    assert "it reads the current state first" in failed["remedy"]
    vault.trouble(host=HOST, service="vmms", state="Running")
    assert not vault.run("hyperv_switch", host=HOST, **options)["changed"]


def _switch_findings(vault: Any) -> list[dict[str, Any]]:
    result = vault.run("failback_prereq", replicated_item="vm1")
    return [finding for finding in result["findings"] if finding["id"] == "virtual_switches"]

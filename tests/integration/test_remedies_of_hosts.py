# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each error of a host names what helps: what it waits for, what blocks PowerShell, what it said before it ended."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import scenario_of

HV01 = "hv01"
SWITCH = {"host": HV01, "name": "Extra", "type": "private"}


def made(vault: Any) -> list[str]:
    """The hosts that were changed, once for each change."""
    changes = vault.simulator.locked(lambda world: list(world.hyperv.changes))
    return [change["host"] for change in changes]


@pytest.fixture
def vault(driver: Any) -> Any:
    """One VM, with its host in the inventory."""
    return driver(scenario_of("vm1")).knows_hosts()


@pytest.mark.parametrize("wmi_error", [False, True])
@pytest.mark.parametrize("operation", ["Create", "Command", "Send", "Receive"])
def test_a_quota_is_waited_for(vault: Any, operation: str, wmi_error: bool) -> None:
    vault.trouble(host=HV01, quota=2150859174, on=operation, times=2, wmi_error=wmi_error)
    assert vault.run("hyperv_host_info", host=HV01)["host"]["vms"]
    assert vault.seconds > 0


def test_a_change_of_which_a_quota_keeps_the_answer_is_made_once_and_known(vault: Any) -> None:
    vault.trouble(host=HV01, quota=2150859174, on="Receive", times=2)
    result = vault.run("hyperv_switch", **SWITCH)
    assert (result["changed"], result["after"]["name"]) == (True, "Extra")


def test_an_account_that_may_open_no_shell_is_told_what_it_lacks(vault: Any) -> None:
    vault.trouble(host=HV01, shell="denied")
    failed = vault.fail("hyperv_host_info", host=HV01)
    assert failed["error"]["kind"] == "host_authentication"
    assert "signed in, but may not open a shell" in failed["msg"]
    assert "winrm configSDDL default" in failed["remedy"]
    assert "password" not in failed["remedy"]
    vault.trouble(host=HV01, shell="allowed")
    assert vault.run("hyperv_host_info", host=HV01)["host"]["vms"]


@pytest.mark.parametrize(
    ("fault", "words", "remedy"),
    [
        ({"language_mode": "constrained"}, "runs in ConstrainedLanguage", "Constrained Language Mode"),
        ({"input": "lost"}, "did not reach hv01", "Try again"),
        ({"answers": "lost", "of": "all"}, "ended with exit code 0 and no answer", "by hand"),
        ({"answers": "cut", "of": "all"}, "and no answer: <", "by hand"),
        ({"powershell": "blocked"}, "An Application Control policy has blocked this file", "App Control"),
        ({"powershell": "by_policy"}, "blocked by group policy", "AppLocker"),
        ({"pipe": "ends"}, "Not enough memory resources are available", "by hand"),
    ],
)
def test_what_keeps_powershell_from_its_answer_is_named(
    vault: Any, fault: dict[str, Any], words: str, remedy: str
) -> None:
    vault.trouble(host=HV01, **fault)
    failed = vault.fail("hyperv_host_info", host=HV01)
    assert failed["error"]["kind"] == "host"
    assert words in failed["cause"]
    assert remedy in failed["remedy"]


def test_what_a_console_shows_besides_spoils_no_answer(vault: Any) -> None:
    vault.trouble(host=HV01, console="noisy")
    assert vault.run("hyperv_host_info", host=HV01)["host"]["vms"]
    assert vault.run("hyperv_switch", **SWITCH)["changed"] is True
    assert vault.run("hyperv_switch", **SWITCH)["changed"] is False


@pytest.mark.parametrize("answers", ["lost", "cut"])
def test_a_change_whose_answer_got_lost_may_have_been_made(vault: Any, answers: str) -> None:
    vault.trouble(host=HV01, answers=answers, of="changes")
    failed = vault.fail("hyperv_switch", **SWITCH)
    assert (failed["error"]["kind"], failed["changed"]) == ("fate_unknown", True)
    assert "The change was sent, but no answer came" in failed["cause"]
    assert "Run the task again: it reads the current state first" in failed["remedy"]
    assert made(vault) == [HV01]
    assert vault.run("hyperv_switch", **SWITCH)["changed"] is False


@pytest.mark.parametrize("fault", [{"input": "lost"}, {"language_mode": "constrained"}])
def test_a_change_that_powershell_did_not_begin_was_not_made(vault: Any, fault: dict[str, Any]) -> None:
    vault.trouble(host=HV01, **fault)
    failed = vault.fail("hyperv_switch", **SWITCH)
    assert (failed["error"]["kind"], failed["changed"]) == ("host", False)
    assert "nothing was run there" in failed["cause"]
    assert made(vault) == []


def test_a_send_whose_answer_does_not_come_has_been_taken_all_the_same(vault: Any) -> None:
    vault.trouble(host=HV01, send="times_out")
    times = {"winrm_operation_timeout_sec": 1, "winrm_read_timeout_sec": 2}
    result = vault.run("hyperv_switch", **SWITCH, **times)
    assert (result["changed"], result["after"]["name"]) == (True, "Extra")


@pytest.mark.parametrize("module", ["hyperv_switch", "failback_prereq"])
def test_an_account_without_rights_is_not_told_that_a_switch_is_missing(vault: Any, module: str) -> None:
    vault.trouble(host=HV01, rights="none")
    if module == "failback_prereq":
        result = vault.run(module, replicated_item="vm1")
        found = next(one for one in result["findings"] if one["id"] == "virtual_switches")
        assert (found["status"], "no right to administer" in found["cause"]) == ("not_checked", True)
        return
    failed = vault.fail(module, host=HV01, name="Production", type="external", net_adapter="Ethernet")
    assert failed["error"]["kind"] == "refused"
    assert "no right to administer Hyper-V" in failed["cause"]
    assert "Hyper-V Administrators" in failed["remedy"]

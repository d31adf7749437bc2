# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody deletes or changes the Azure VM: no step rests on it before that has ended."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import STARTER, item_of, scenario_of

PENDING = "failback_commit_pending"
VM1 = {"replicated_item": "vm1"}
UNDER_WAY = "an operation of it is under way"
STATES = pytest.mark.parametrize("state", ["deleting", "updating"])
CHECK_OR_RUN = pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])


def vault_at(driver: Any, stage: str) -> Any:
    return driver(scenario_of(item_of("vm1", stage), principals=[STARTER])).knows_hosts()


def refused(vault: Any, module: str, **options: Any) -> str:
    """What a step says that must write nothing on either side."""
    sent, power = vault.requests(), vault.state("vm1")["on_premises_vm"]["power"]
    failed = vault.fail(module, **VM1, **options)
    assert (failed["error"]["kind"], failed["changed"], vault.writes(sent)) == ("refused", False, [])
    assert vault.state("vm1")["on_premises_vm"]["power"] == power
    return str(failed["msg"])


@STATES
@CHECK_OR_RUN
@pytest.mark.parametrize("sync", ["during_failover", "before_failover"])
def test_no_failback_begins_while_the_azure_vm_is_changed(driver: Any, state: str, sync: str, check_mode: bool) -> None:
    vault = vault_at(driver, "failed_over")
    vault.trouble(azure_vm="vm1", provisioning=state)
    said = refused(vault, "planned_failover", data_sync=sync, check_mode=check_mode)
    assert UNDER_WAY in said
    assert "activity log" in said
    vault.trouble(azure_vm="vm1", provisioning="done")
    vault.run("planned_failover", **VM1, data_sync=sync)


@STATES
@CHECK_OR_RUN
def test_no_cut_over_begins_while_the_azure_vm_is_changed(driver: Any, state: str, check_mode: bool) -> None:
    vault = vault_at(driver, "waiting_for_completion")
    vault.trouble(azure_vm="vm1", provisioning=state)
    assert UNDER_WAY in refused(vault, "complete_failover", check_mode=check_mode)
    vault.trouble(azure_vm="vm1", provisioning="done")
    assert vault.run("complete_failover", **VM1)["stage"]["after"] == PENDING


@STATES
@CHECK_OR_RUN
def test_production_is_not_shut_down_for_an_azure_vm_that_is_changed(driver: Any, state: str, check_mode: bool) -> None:
    vault = vault_at(driver, PENDING)
    vault.trouble(azure_vm="vm1", provisioning=state)
    assert UNDER_WAY in refused(vault, "undo_failback", check_mode=check_mode)
    vault.trouble(azure_vm="vm1", provisioning="done")
    assert vault.run("undo_failback", **VM1)["authoritative_side"] == "azure"


def test_an_azure_vm_that_runs_alone_and_is_being_deleted_is_no_way_back(driver: Any) -> None:
    vault = vault_at(driver, PENDING)
    vault.run("undo_failback", **VM1)
    vault.trouble(azure_vm="vm1", provisioning="deleting")
    assert UNDER_WAY in refused(vault, "undo_failback")


@pytest.mark.parametrize("action", ["StartIfRunning", "Nothing"])
def test_an_azure_vm_that_is_deleted_while_production_goes_down_is_not_started(driver: Any, action: str) -> None:
    """The shutdown is followed by the change of the start action, or by the start in Azure."""
    vault = vault_at(driver, PENDING)

    def begin(world: Any) -> None:
        (machine,) = (one for one in world.hyperv.machines() if one.name == "vm1")
        machine.automatic_start_action = action

    vault.simulator.locked(begin)
    vault.trouble(vm="vm1", shutdown_seconds=300)
    sent = vault.requests()

    def once(_seconds: float) -> None:
        vault.meanwhile = None
        vault.trouble(azure_vm="vm1", provisioning="deleting")

    vault.meanwhile = once
    failed = vault.fail("undo_failback", **VM1)
    assert (failed["error"]["kind"], failed["changed"], vault.writes(sent)) == ("contradiction", True, [])
    assert UNDER_WAY in failed["msg"]
    assert "Start-VM" in failed["msg"]

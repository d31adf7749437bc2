# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that say nothing: no power, a firewall that drops, a service that hangs. Who waited for them in vain knows
nothing of them, and everything else as well as before."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import accepted
from support.scenarios import STARTER, item_of, scenario_of

VM1 = {"replicated_item": "vm1"}
PAIR = {"replicated_items": ["vm1", "vm2"]}
# Of a real second, so that two of them are longer than a look may take.
SECONDS = 20
IMPATIENT = {"winrm_read_timeout_sec": 2, "winrm_operation_timeout_sec": 1}


def silence(vault: Any, host: str = "hv01") -> None:
    """Let a host swallow connections."""
    vault.trouble(host=host, silent=True)
    vault.real_counts_for = SECONDS


def test_a_cut_over_goes_on_though_its_host_says_nothing(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "waiting_for_completion")), **IMPATIENT).knows_hosts()
    silence(vault)
    done = vault.run("complete_failover", **VM1)
    assert done["stage"]["after"] == "failback_commit_pending"
    (copy,) = done["split_brain_check"]["before"][0]["on_premises"]
    assert (copy["state"], "no answer within 2 seconds" in copy["reason"]) == ("not_checked", True)


def test_a_failback_to_another_host_goes_on_though_the_old_one_is_without_power(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1")), **IMPATIENT).knows_hosts()
    silence(vault)
    done = vault.run("planned_failover", **VM1, target_host="hv02", create_vm_if_missing=True)
    assert done["stage"]["after"] == "waiting_for_completion"


def test_a_commit_that_somebody_answers_for_is_made_though_the_host_says_nothing(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failback_commit_pending")), **IMPATIENT).knows_hosts()
    silence(vault)
    assert vault.run("commit", **VM1, policy="now", **accepted("vm1"))["stage"]["after"] == "failed_back"


def test_an_undo_goes_on_where_somebody_vouches_for_a_host_without_power(driver: Any) -> None:
    scenario = scenario_of(item_of("vm1", "failback_commit_pending"), principals=[STARTER])
    vault = driver(scenario, **IMPATIENT).knows_hosts()
    silence(vault)
    why = {"reason": "incident 4711", "attested_off": {"hv01": "it has no power"}}
    assert vault.run("undo_failback", **VM1, **why)["authoritative_side"] == "azure"


def test_a_host_that_hangs_is_waited_for_once(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "waiting_for_completion")), **IMPATIENT).knows_hosts()
    silence(vault)
    vault.run("complete_failover", **VM1)
    assert sum("checking again" in line for line in vault.lines) <= 1


@pytest.mark.parametrize("how", [{"reachable": False}, {"silent": True}])
def test_a_host_that_says_nothing_stops_none_of_many(driver: Any, how: dict[str, Any]) -> None:
    # One waits for its turn to copy, while what was found out of the host still counts.
    vault = driver(scenario_of("vm1", "vm2"), **IMPATIENT).knows_hosts()
    vault.trouble(host="hv02", **how)
    pair = [{"replicated_item": name, "place": {"host": "hv01"}} for name in ("vm1", "vm2")]
    done = vault.run("failback", replicated_items=pair, until="synchronized", at_once={"per_host": 1})["vms"]
    assert [done[name]["result"]["stage"] for name in ("vm1", "vm2")] == ["waiting_for_completion"] * 2

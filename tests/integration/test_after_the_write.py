# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong after a write was sent: the task says that it wrote, and which side is authoritative."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import ModuleRunner, accepted
from support.scenarios import item_of, scenario_of

VM1 = {"replicated_item": "vm1"}
AWAY = {"do": "status", "status": 503, "retry_after": 1}
COMPUTE, JOB = "/virtualMachines/", "/replicationJobs/"
# Module, its options, the stage before, the stage it leads to, the side that is authoritative then.
STEPS = [
    ("planned_failover", {"data_sync": "during_failover"}, "failed_over", "failback_commit_pending", "on_premises"),
    ("complete_failover", {}, "waiting_for_completion", "failback_commit_pending", "on_premises"),
    ("commit", {"policy": "now", **accepted("vm1")}, "failback_commit_pending", "failed_back", "on_premises"),
    ("planned_failover", {"direction": "primary_to_recovery"}, "protected", "failover_commit_pending", "azure"),
]


def go_wrong_once_there(vault: ModuleRunner, stage: str, path: str, action: dict[str, Any], times: int = 0) -> None:
    """Let reads go wrong from the moment that vm1 has come to a stage; `times` 0 is for good."""
    fault = {"match": {"method": "GET", "path": path, "times": times}, "action": action}

    def watch(_seconds: float) -> None:
        if vault.state("vm1")["stage"] == stage:
            vault.meanwhile = None
            vault.simulator.locked(lambda world: world.faults.add(fault))

    vault.meanwhile = watch


@pytest.mark.parametrize(("module", "options", "before", "after", "side"), STEPS)
def test_a_proof_that_cannot_be_had_takes_no_write_back(
    driver: Any, module: str, options: dict[str, Any], before: str, after: str, side: str
) -> None:
    vault = driver(scenario_of(item_of("vm1", before)))
    go_wrong_once_there(vault, after, COMPUTE, AWAY)
    failed = vault.fail(module, **VM1, wait_timeout=1800, **options)
    assert vault.state("vm1")["stage"] == after
    assert (failed["error"]["kind"], failed["changed"]) == ("service", True)
    assert failed["stage"] == {"before": before, "after": after}
    assert failed["authoritative_side"] == side
    assert failed["error"]["started_jobs"][0] in [job["name"] for job in vault.jobs("vm1")]
    assert "Check after the " in failed["msg"]
    # It has ended, as was read.
    assert "goes on in Azure" not in failed["msg"]
    assert "is authoritative" in failed["msg"]


def test_who_is_authoritative_is_read_once_more_when_no_proof_was_had(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "waiting_for_completion")))
    fault = {"match": {"method": "GET", "path": COMPUTE, "times": 0}, "action": AWAY}

    def watch(_seconds: float) -> None:
        if vault.state("vm1")["stage"] != "failback_commit_pending":
            return
        vault.meanwhile = lambda _seconds: vault.trouble(item="vm1", removed=True) or setattr(vault, "meanwhile", None)
        vault.simulator.locked(lambda world: world.faults.add(fault))

    vault.meanwhile = watch
    failed = vault.fail("complete_failover", **VM1)
    assert failed["changed"]
    assert "It no longer exists in the vault" in failed["msg"]


def test_a_job_that_cannot_be_read_again_takes_no_write_back(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failed_back")))
    denied = {"do": "status", "status": 403, "code": "AuthorizationFailed"}
    fault = {"match": {"method": "GET", "path": JOB, "nth": 2, "times": 0}, "action": denied}
    vault.simulator.locked(lambda world: world.faults.add(fault))
    failed = vault.fail("reverse_replicate", **VM1, wait=False)
    assert (failed["error"]["kind"], failed["changed"]) == ("permission", True)
    assert failed["stage"] == {"before": "failed_back", "after": "reverse_replicating"}
    assert failed["authoritative_side"] == "on_premises"
    job = vault.jobs("vm1")[0]["name"]
    assert failed["error"]["started_jobs"] == [job]
    assert f"Of this task, job {job}, as far as is known, goes on in Azure" in failed["msg"]
    assert "start no VM on either side" in failed["msg"]


@pytest.mark.parametrize(("module", "options", "before", "after", "side"), STEPS)
def test_a_proof_is_waited_for(
    driver: Any, module: str, options: dict[str, Any], before: str, after: str, side: str
) -> None:
    vault = driver(scenario_of(item_of("vm1", before)))
    go_wrong_once_there(vault, after, COMPUTE, AWAY, times=12)
    result = vault.run(module, **VM1, **options)
    assert (result["changed"], result["stage"]["after"]) == (True, after)
    assert result["authoritative_side"] == side
    assert any("trying again" in line for line in vault.lines)


def test_what_fails_without_a_write_claims_none(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failback_commit_pending")))
    fault = {"match": {"method": "GET", "path": COMPUTE, "times": 0}, "action": AWAY}
    vault.simulator.locked(lambda world: world.faults.add(fault))
    failed = vault.fail("complete_failover", **VM1)
    assert (failed["changed"], failed["authoritative_side"]) == (False, "on_premises")
    assert "started_jobs" not in failed["error"]
    assert vault.writes() == []


def test_a_host_is_found_by_its_short_name_as_in_a_play(driver: Any) -> None:
    whole = "hv01.contoso.example"
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": whole}]}
    vault = driver(scenario_of(item_of("vm1", host=whole), fabrics=[site])).knows_hosts()
    vault.inventory = {"hv01": vault.inventory[whole]}
    checked = vault.run("failback_prereq", **VM1)
    assert {one["id"]: one["status"] for one in checked["findings"]}["host_reachable"] == "pass"

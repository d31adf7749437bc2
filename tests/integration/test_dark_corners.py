# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What striking every call has brought to light: failures that said too little, or no failures at all."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import ModuleRunner
from support.scenarios import item_of, scenario_of

VM1 = {"replicated_item": "vm1"}


def strike(vault: ModuleRunner, action: dict[str, Any], **match: Any) -> None:
    """Let something go wrong on the wire."""
    vault.simulator.locked(lambda world: world.faults.add({"match": match, "action": action}))


@pytest.mark.parametrize("date", ["next Tuesday", "Mon, 99 Foo 2026 00:00:00 GMT", ""])
def test_an_answer_with_a_date_that_cannot_be_read_is_an_answer(driver: Any, date: str) -> None:
    vault = driver(scenario_of("vm1"))
    strike(vault, {"do": "date", "value": date}, times=0)
    assert vault.run("failback_prereq", **VM1)["stage"]["after"] == "failed_over"


@pytest.mark.parametrize("module", ["failback_prereq", "planned_failover", "failback_validate", "commit"])
@pytest.mark.parametrize("path", ["/metadata/", "/token$", "/replicationFabrics$"])
def test_who_could_read_nothing_says_what_was_asked_and_that_the_authoritative_side_is_not_known(
    driver: Any, module: str, path: str
) -> None:
    vault = driver(scenario_of("vm1"))
    strike(vault, {"do": "close"}, path=path, times=0)
    failed = vault.fail(module, **VM1)
    assert (failed["error"]["kind"], failed["changed"]) == ("unreachable", False)
    assert "'vm1'" in failed["msg"].split(":")[0]
    assert "Which side is authoritative could not be read." in failed["msg"]
    assert "authoritative_side" not in failed


def test_the_metadata_of_a_cloud_are_asked_for_again(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    strike(vault, {"do": "status", "status": 503}, path="/metadata/", times=2)
    assert vault.run("failback_prereq", **VM1)["stage"]["after"] == "failed_over"


def test_prerequisites_that_cannot_be_read_whole_say_which_side_is_authoritative(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    strike(vault, {"do": "status", "status": 500}, path="/virtualMachines/", times=0)
    failed = vault.fail("failback_prereq", **VM1)
    assert (failed["authoritative_side"], failed["changed"]) == ("azure", False)
    assert "The Azure VM is authoritative (stage failed_over)." in failed["msg"]
    assert "Run it again when that is over" in failed["msg"]


def test_prerequisites_that_have_asked_the_host_to_report_say_so_when_they_fail(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    strike(vault, {"do": "status", "status": 500}, path="/virtualMachines/", times=0)
    assert vault.fail("failback_prereq", **VM1, refresh_provider=True)["changed"] is True
    strike(vault, {"do": "close"}, method="POST", path="/refreshProvider$")
    assert vault.fail("failback_prereq", **VM1, refresh_provider=True)["changed"] is True


def test_a_write_that_somebody_else_answers_has_an_unknown_fate(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    strike(vault, {"do": "status", "status": 200, "body": {}}, method="POST", path="/plannedFailover$")
    failed = vault.fail("planned_failover", **VM1)
    assert (failed["error"]["kind"], failed["changed"]) == ("fate_unknown", True)
    assert vault.run("planned_failover", **VM1)["stage"]["after"] == "waiting_for_completion"


@pytest.mark.parametrize("status", [400, 409, 500])
def test_every_answer_of_azure_comes_with_what_to_do_next(driver: Any, status: int) -> None:
    vault = driver(scenario_of("vm1"))
    strike(vault, {"do": "status", "status": status}, path="/replicationProtectedItems", times=0)
    failed = vault.fail("planned_failover", **VM1)
    assert "run it again" in failed["msg"].lower()


def test_a_vm_without_its_azure_vm_is_not_failed_back(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "interrupted")))
    vault.trouble(azure_vm="vm1", deleted=True)
    failed = vault.fail("planned_failover", **VM1)
    assert (failed["error"]["kind"], vault.writes()) == ("refused", [])
    assert "The Azure VM was authoritative, and Azure has no such VM any more." in failed["msg"]


def test_a_vm_of_a_plan_that_is_not_there_says_that_the_authoritative_side_is_not_known(driver: Any) -> None:
    plan = [{"name": "shop", "groups": [["db"], ["web"]]}]
    vault = driver(scenario_of("db", "web", recovery_plans=plan))
    strike(vault, {"do": "status", "status": 404, "code": "NotFound"}, path="/replicationProtectedItems/web$", times=0)
    failed = vault.fail("planned_failover", recovery_plan="shop")
    assert (failed["error"]["kind"], failed["changed"]) == ("target", False)
    assert "Which side is authoritative could not be read." in failed["msg"]


def test_a_vm_whose_replication_is_disabled_meanwhile_is_told_so(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))

    def remove(_seconds: float) -> None:
        vault.meanwhile = None
        vault.trouble(item="vm1", removed=True)

    vault.meanwhile = remove
    failed = vault.fail("planned_failover", **VM1)
    assert (failed["changed"], failed["authoritative_side"]) == (True, None)
    assert "It no longer exists in the vault" in failed["msg"]
    assert "disabled the replication" in failed["msg"]

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each error names what helps: not a role where a policy refuses, not a secret where Conditional Access does."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import CALLER, item_of, scenario_of

HV01 = "hv01"


def add_fault(vault: Any, method: str, path: str, action: dict[str, Any], **match: Any) -> None:
    """Let the simulator go wrong."""
    fault = {"match": {"method": method, "path": path, **match}, "action": action}
    vault.simulator.locked(lambda world: world.faults.add(fault))


def findings(vault: Any, **options: Any) -> dict[str, dict[str, Any]]:
    """What the prerequisites of vm1 find, by the check."""
    result = vault.run("failback_prereq", replicated_item="vm1", **options)
    return {finding["id"]: finding for finding in result["findings"]}


def test_a_policy_is_named_with_its_assignment_and_no_role_is_asked_for(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    add_fault(vault, "POST", "/plannedFailover$", {"do": "policy", "value": "Only on weekends"})
    failed = vault.fail("planned_failover", replicated_item="vm1")
    assert (failed["error"]["kind"], failed["error"]["code"]) == ("service", "RequestDisallowedByPolicy")
    assert "'Only on weekends'" in failed["remedy"]
    assert "exemption" in failed["remedy"]
    assert "role" not in failed["remedy"]
    assert failed["changed"] is False


@pytest.mark.parametrize("path", ["/replicationProtectedItems/vm1$", "/virtualMachines/vm1$", "/virtualMachines/vm1/"])
@pytest.mark.parametrize("module", ["planned_failover", "undo_failback", "commit"])
def test_nothing_is_gone_because_a_proxy_does_not_find_it(driver: Any, module: str, path: str) -> None:
    stage = "failed_over" if module == "planned_failover" else "failback_commit_pending"
    vault = driver(scenario_of(item_of("vm1", stage))).knows_hosts()
    add_fault(vault, "GET", path, {"do": "web_filter", "status": 404}, times=0)
    failed = vault.fail(module, replicated_item="vm1", **({"policy": "now"} if module == "commit" else {}))
    assert "web filter" in failed["msg"]
    assert not any(word in failed["msg"] for word in ("does not exist", "no VM in Azure", "no more", "disabled"))
    assert vault.writes() == []


@pytest.mark.parametrize("status", [403, 404, 410])
@pytest.mark.parametrize(("method", "path", "kind"), [("GET", "", "unreachable"), ("POST", "r$", "fate_unknown")])
def test_a_web_filter_s_page_is_no_word_of_azure(driver: Any, method: str, path: str, kind: str, status: int) -> None:
    vault = driver(scenario_of("vm1"))
    add_fault(vault, method, path, {"do": "web_filter", "status": status}, times=0)
    failed = vault.fail("planned_failover", replicated_item="vm1")
    assert failed["error"]["kind"] == kind
    assert "Access blocked by the web filter" in failed["cause"]
    assert "web filter" in failed["remedy"]
    assert "role" not in failed["remedy"]


@pytest.mark.parametrize(
    ("sign_in", "number", "words"), [("blocked", 53003, "exclude"), ("mfa", 50076, "multi-factor")]
)
@pytest.mark.parametrize("revoked", [False, True])
def test_conditional_access_is_told_from_a_wrong_secret(
    driver: Any, sign_in: str, number: int, words: str, revoked: bool
) -> None:
    vault = driver(scenario_of("vm1"))
    if revoked:
        vault.run("replicated_item_info", name="vm1")
        vault.trouble(tokens="revoked")
    vault.trouble(principal=CALLER["name"], sign_in=sign_in)
    failed = vault.fail("planned_failover", replicated_item="vm1")
    assert failed["error"]["kind"] == "authentication"
    assert f"AADSTS{number}" in failed["cause"]
    assert "Conditional Access" in failed["remedy"]
    assert words in failed["remedy"]
    assert "secret" not in failed["remedy"]


def test_a_session_that_was_revoked_is_renewed_by_a_token_that_answers_the_challenge(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    vault.run("replicated_item_info", name="vm1")
    vault.trouble(tokens="revoked")
    assert vault.run("planned_failover", replicated_item="vm1")["stage"]["after"] == "waiting_for_completion"


def test_an_item_that_is_gone_may_have_been_migrated(driver: Any) -> None:
    vault = driver(scenario_of("vm1", "vm2"))
    vault.meanwhile = lambda _seconds: vault.trouble(item="vm1", removed=True) or setattr(vault, "meanwhile", None)
    gone = vault.fail("planned_failover", replicated_item="vm1")
    never = vault.fail("planned_failover", replicated_item="vm1")
    # Whose job is cancelled with it.
    assert (gone["error"]["kind"], never["error"]["kind"]) == ("job_failed", "target")
    for failed in (gone, never):
        assert "Complete Migration" in failed["remedy"]
        assert "disabled" in failed["remedy"]


@pytest.mark.parametrize(
    ("days", "state", "status", "words"),
    [
        (None, "Latest", "pass", "5.24.1011.0"),
        (200, "Latest", "pass", "5.24.1011.0"),
        (20, "UpdateRequired", "warn", "expires on"),
        (-1, "Latest", "warn", "has expired on"),
        (None, "NotSupported", "warn", "NotSupported"),
    ],
)
def test_a_provider_that_expires_is_named_before_it_does(
    driver: Any, days: int | None, state: str, status: str, words: str
) -> None:
    vault = driver(scenario_of("vm1"))
    vault.trouble(provider=HV01, version_state=state, expires_in_days=days)
    found = findings(vault)["provider_version"]
    assert found["status"] == status
    assert words in found["seen"] + found["cause"]
    assert ("Update" in found["remedy"]) is (status == "warn")


def test_what_ails_the_provider_is_quoted(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    assert findings(vault)["provider_health"]["status"] == "pass"
    words = "The Recovery Services agent on hv01 is too old."
    vault.trouble(provider=HV01, health_error=words, action="Update the agent.")
    found = findings(vault)["provider_health"]
    assert (found["status"], found["cause"], found["remedy"]) == ("warn", words, "Update the agent.")


def test_replication_that_is_critical_while_it_is_waited_for_is_quoted(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failed_back", disks=[{"name": "os", "gb": 4000, "os": True}])))
    vault.trouble(item="vm1", replication_health="Critical")
    failed = vault.fail("reverse_replicate", replicated_item="vm1", wait_timeout=40)
    assert failed["error"]["kind"] == "timeout"
    assert "Replication for virtual machine 'vm1' is paused." in failed["cause"]
    assert "Resume replication" in failed["remedy"]

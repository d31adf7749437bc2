# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that runs all steps and fails: it says what every failure says, of one VM and of many, and how far it came."""

from __future__ import annotations

from typing import Any

import pytest
from support.documented import broken_promises
from support.scenarios import item_of, scenario_of

ALONE = {"heartbeat": False, "addresses": False, "commit_policy": "now"}
HOOK = "/etc/hooks/stop_users.yml"
UNCOMMITTED = "The failover to Azure is not committed yet."
REFRESHED = {"refresh_provider": True}


def vault_of(driver: Any, *items: Any, **parts: Any) -> Any:
    return driver(scenario_of(*items, **parts)).knows_hosts()


def fail_one(vault: Any, **options: Any) -> dict[str, Any]:
    return dict(vault.fail("failback", replicated_item="vm1", **ALONE, **options))


def fail_as_one_of_many(vault: Any, **options: Any) -> dict[str, Any]:
    """The result of vm1, which stands before others that do well."""
    entry = {"replicated_item": "vm1", **{key: options.pop(key) for key in ("state", "failed_task") if key in options}}
    result = vault.run("failback", replicated_items=[entry, "vm2"], **ALONE, **options)
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["vms"]["vm2"]["result"]["outcome"] == "protected"
    return {key: value for key, value in result["vms"]["vm1"].items() if key != "failed"}


EACH = pytest.mark.parametrize("fail", [fail_one, fail_as_one_of_many], ids=["one", "many"])


@EACH
def test_what_stands_in_the_way_is_told_as_every_failure_is(driver: Any, fail: Any) -> None:
    failed = fail(vault_of(driver, item_of("vm1", "failover_commit_pending"), "vm2"))
    assert broken_promises("failback", failed, failed=True) == []
    assert (failed["error"]["kind"], failed["changed"]) == ("refused", False)
    assert failed["cause"].startswith(f"It cannot be failed back now. {UNCOMMITTED}")
    assert "commit" in failed["remedy"]
    assert failed["remedy"] in failed["msg"]
    assert (failed["authoritative_side"], failed["reversible"]) == ("azure", True)
    assert failed["result"]["outcome"] == "failed"
    assert UNCOMMITTED in failed["result"]["reason"]


def test_of_a_plan_it_says_whose_it_is(driver: Any) -> None:
    items = [item_of(name, "failover_commit_pending") for name in ("db", "web")]
    vault = vault_of(driver, *items, recovery_plans=[{"name": "shop", "groups": [["db"], ["web"]]}])
    failed = vault.fail("failback", recovery_plan="shop", **ALONE)
    for name in ("db", "web"):
        assert f"{name}: {UNCOMMITTED}" in failed["cause"]
        assert f"{name}: " in failed["remedy"]


@EACH
def test_a_task_of_the_user_s_that_failed_is_told_as_every_failure_is(driver: Any, fail: Any) -> None:
    vault = vault_of(driver, "vm1", "vm2")
    hooks = {"before_planned_failover": HOOK}
    handed = vault.run("failback", replicated_item="vm1", hooks=hooks, **ALONE)
    # As Ansible has it of a loop, say: without a message, and with the error of another collection.
    of_ansible = {"failed": True, "changed": True, "error": "EPERM"}
    vault.options["hooks"] = None
    failed = fail(vault, failed_task=of_ansible, state=handed["state"])
    assert broken_promises("failback", failed, failed=True) == []
    assert failed["error"] == {"kind": "task_failed", "file": HOOK}
    assert failed["result"]["reason"] == failed["cause"]
    assert failed["authoritative_side"] == "azure"
    assert failed["changed"] is False


@pytest.mark.parametrize("stage", ["protected", "failover_commit_pending"])
def test_a_refresh_that_was_sent_is_a_change(driver: Any, stage: str) -> None:
    vault = vault_of(driver, item_of("vm1", stage))
    if stage == "protected":
        told = vault.run("failback", replicated_item="vm1", **ALONE, **REFRESHED)
    else:
        told = fail_one(vault, **REFRESHED)
    assert [write.rsplit("/", 1)[-1] for write in vault.writes()] == ["refreshProvider"]
    assert told["changed"] is True


def test_a_refresh_of_an_earlier_task_counts_and_is_sent_once(driver: Any) -> None:
    vault = vault_of(driver, "vm1")
    given = {"replicated_item": "vm1", "hooks": {"after_prerequisites": HOOK}, **ALONE, **REFRESHED}
    handed = vault.run("failback", **given)
    assert handed["changed"] is True
    failed = vault.fail("failback", **given, state=handed["state"], failed_task={"failed": True, "msg": "no"})
    assert failed["changed"] is True
    assert len(vault.writes()) == 1


@pytest.mark.parametrize("fails", [True, False], ids=["failed", "told"])
def test_a_step_that_fails_after_its_request_has_changed_something(driver: Any, fails: bool) -> None:
    vault = vault_of(driver, "vm1")
    vault.trouble(job_task="MonitorDataSync")
    given = {"replicated_item": "vm1", "fail_on_error": fails, **ALONE}
    told = vault.fail("failback", **given) if fails else vault.run("failback", **given)
    assert (told["result"]["outcome"], told["changed"]) == ("failed", True)
    assert len(vault.writes()) == 1

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is asked of a VM whose last failback was, or may have been, interrupted: it is said never to start it."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_runner import ModuleRunner
from support.scenarios import item_of, scenario_of

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.site_recovery.model.catalog import UPDATE_VM

NEVER_START = "Never start the on-premises VM."
VM1, SHOP = {"replicated_item": "vm1"}, {"recovery_plan": "shop"}
AZURE = {"direction": "primary_to_recovery"}
# What may be asked of a VM or a plan: each ends well, or is refused.
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("planned_failover", {"check_mode": True}),
    ("planned_failover", {"wait": False}),
    ("planned_failover", AZURE),
    ("planned_failover", {"wait_timeout": 1, "wait_for": "end"}),
    ("planned_failover", {"data_sync": "during_failover", "window": {"not_after": "2000-01-01T00:00"}}),
    ("complete_failover", {}),
    ("complete_failover", {"check_mode": True, "assume_stage": "waiting_for_completion"}),
    ("commit", {}),
    ("commit", {"direction": "failover"}),
    ("reverse_replicate", {}),
    ("undo_failback", {}),
    ("failback_validate", {}),
    ("failback_prereq", {}),
    ("failback", {"steps": ["prerequisites"]}),
    ("failback", {"check_mode": True}),
    ("failback", {"steps": ["complete_failover"], "fail_on_error": False}),
    ("job", {"state": "cancelled"}),
    ("job", {"state": "restarted"}),
]


def answer(vault: ModuleRunner, module: str, **options: Any) -> str:
    """What a person is shown: the message and the warnings."""
    try:
        result = vault.run(module, **options)
    except FailbackError as problem:
        result = problem.as_result()
    told = result.get("result") or {}
    return " ".join([str(result.get("msg", "")), *result.get("warnings", ()), str(told.get("next", ""))])


def interrupted(driver: Any) -> ModuleRunner:
    vault: ModuleRunner = driver(
        scenario_of(
            *(item_of(name, "interrupted") for name in ("vm1", "db", "web")),
            recovery_plans=[{"name": "shop", "groups": [["db"], ["web"]]}],
        )
    )
    return vault


def locked(driver: Any) -> ModuleRunner:
    vault = interrupted(driver)
    vault.simulator.locked(lambda world: world.compute.locks.add(world.scenario.vault.path, "audit", "ReadOnly"))
    return vault


def forgotten(driver: Any) -> ModuleRunner:
    """Nothing tells any more how the last failback ended."""
    vault = interrupted(driver)
    vault.trouble(jobs="ended", forgotten=True)
    return vault


def owned(driver: Any) -> ModuleRunner:
    """Another job runs, of which nothing tells how the failback ended."""
    vault = interrupted(driver)

    def begin(world: Any) -> None:
        perform = world.vault.context.perform
        for item in world.vault.items:
            world.vault.start_for_item(UPDATE_VM, item, lambda job: perform(job.tasks[0], 1800), "somebody")

    vault.simulator.locked(begin)
    vault.pass_time(60)
    return vault


def absent(driver: Any) -> ModuleRunner:
    """Somebody has deleted the VM in Azure."""
    vault = interrupted(driver)
    for name in ("vm1", "db", "web"):
        vault.trouble(azure_vm=name, deleted=True)
    return vault


@pytest.mark.parametrize("target", [VM1, SHOP], ids=["vm", "plan"])
@pytest.mark.parametrize("state", [interrupted, locked, forgotten, owned, absent], ids=lambda state: state.__name__)
@pytest.mark.parametrize(("module", "options"), CALLS, ids=[f"{name}-{options}" for name, options in CALLS])
def test_every_answer_says_never_to_start_it(
    driver: Any, state: Any, target: dict[str, str], module: str, options: dict[str, Any]
) -> None:
    said = answer(state(driver), module, **target, **options)
    assert NEVER_START in said
    assert "Run planned_failover again" in said

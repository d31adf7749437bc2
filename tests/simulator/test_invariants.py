# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever is asked in whatever order: nothing breaks, and no data is ever lost or booted half-written."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from asr_simulator.scenarios import load
from asr_simulator.site_recovery.api import item_operations, plan_operations
from asr_simulator.wire import ArmError
from asr_simulator.world import World, build_world

AZURE = {
    "failoverDirection": "PrimaryToRecovery",
    "sourceSiteOperations": "Required",
    "providerSpecificDetails": {"instanceType": "HyperVReplicaAzure"},
}
SCENARIO: dict[str, Any] = {
    "name": "any",
    "start": "2026-01-01T00:00:00Z",
    "fabrics": [{"name": "s", "type": "HyperVSite", "hosts": [{"name": "h1"}, {"name": "h2"}]}],
    "items": [
        {"name": "a", "host": "h1", "stage": "failed_over"},
        {"name": "b", "host": "h2", "stage": "waiting_for_completion"},
        {"name": "c", "host": "h2", "stage": "protected"},
    ],
    "recovery_plans": [{"name": "p", "groups": [["a"], ["b", "c"]]}],
    "variants": {"plan_reprotect": "works"},
}
INTERVALS = [0, 1, 5, 30, 200, 700, 4000]


def back(sync: str) -> dict[str, Any]:
    details = {
        "instanceType": "HyperVReplicaAzureFailback",
        "dataSyncOption": sync,
        "recoveryVmCreationOption": "NoAction",
    }
    return {"failoverDirection": "RecoveryToPrimary", "providerSpecificDetails": details}


def for_plan(properties: dict[str, Any]) -> dict[str, Any]:
    return {**properties, "providerSpecificDetails": [properties["providerSpecificDetails"]]}


BODIES = [AZURE, back("ForDownTime"), back("ForSynchronization")]
on_item = st.tuples(
    st.just("item"), st.integers(0, 2), st.sampled_from(sorted(item_operations.OPERATIONS)), st.sampled_from(BODIES)
)
on_plan = st.tuples(
    st.just("plan"), st.just(0), st.sampled_from(sorted(plan_operations.OPERATIONS)), st.sampled_from(BODIES)
)
on_job = st.tuples(st.just("job"), st.integers(0, 30), st.sampled_from(["Resume", "Cancel", "Restart"]), st.none())
on_host = st.tuples(st.just("host"), st.integers(0, 1), st.booleans(), st.none())
steps = st.lists(st.tuples(st.one_of(on_item, on_plan, on_job, on_host), st.sampled_from(INTERVALS)), max_size=14)


def act(world: World, kind: str, which: int, what: Any, body: Any) -> None:
    vault = world.vault
    if kind == "item":
        item_operations.OPERATIONS[what](vault, vault.items[which], {"properties": body}, "test")
    elif kind == "plan":
        plan_operations.OPERATIONS[what](vault, vault.plans[0], {"properties": for_plan(body)}, "test")
    elif kind == "host":
        provider = vault.fabrics[0].providers[which]
        provider.reconnect() if what else provider.disconnect(world.clock.now())
    else:
        jobs = vault.listed_jobs()
        job = jobs[which % len(jobs)]
        if what in job.allowed_actions:
            {"Resume": vault.engine.resume, "Cancel": vault.engine.cancel, "Restart": lambda job: job.restart()}[what](
                job
            )


def check(world: World) -> None:
    for item in world.state()["items"]:
        premises, azure = item["on_premises_vm"], item["azure_vm"]
        assert not (premises["power"] == "running" and premises["disks"] == "inconsistent"), item
        assert premises["disks"] == "consistent" or azure["exists"], "the only good copy is gone"
        assert not (premises["power"] == "running" and azure["power"] == "running"), "both copies serve"
        if item["operation"] is None:
            assert item["stage"] not in ("synchronizing", "waiting_for_completion", "completing"), item
    for job in world.vault.jobs:
        running = {task.state for task in job.every_task()} & {"InProgress"}
        assert not (job.over and running), (job.scenario, job.state)


BUSY_PLAN_CANCELLED = [
    (("item", 0, "plannedFailover", back("ForDownTime")), 0),
    (("plan", 0, "plannedFailover", back("ForDownTime")), 0),
    (("item", 0, "failoverCommit", AZURE), 0),
    (("plan", 0, "failoverCommit", AZURE), 5),
    (("job", 2, "Cancel", None), 0),
]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(BUSY_PLAN_CANCELLED)
@given(steps)
def test_given_any_operations_when_time_passes_then_no_copy_is_lost_and_every_job_ends(sequence):
    world = build_world(load({**SCENARIO, "speed": 0}))
    check(world)
    for (kind, which, what, body), seconds in sequence:
        with suppress(ArmError):
            act(world, kind, which, what, body)
        world.clock.advance(seconds)
        check(world)
    for _unused in range(20):
        world.clock.advance(4000)
        check(world)
    assert {job.state for job in world.vault.jobs} <= {
        "Succeeded",
        "Failed",
        "Cancelled",
        "PartiallySucceeded",
        "Suspended",
    }

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hangs is not waited for as long as a data synchronization may take, and is never waited for in silence."""

from __future__ import annotations

import os
import signal
import time
from itertools import pairwise
from typing import Any

import requests
from support.module_contracts import CONTRACTS
from support.module_runner import validated
from support.scenarios import item_of, scenario_of

from ansible_collections.asr.failback.plugins.module_utils.execution import execute
from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from ansible_collections.asr.failback.plugins.module_utils.run_cache import RunCache

VM1 = {"replicated_item": "vm1"}
WAITING = "waiting_for_completion"
HOUR = 3600
# Seconds between two lines, at most: a few minutes.
FEW_MINUTES = 300


def strike(vault: Any, method: str, path: str, action: dict[str, Any]) -> None:
    fault = {"match": {"method": method, "path": path, "times": 0}, "action": action}
    vault.simulator.locked(lambda world: world.faults.add(fault))


class Screen:
    """When lines came, by the clock of the driver."""

    def __init__(self, vault: Any) -> None:
        self.vault, self.times = vault, [0.0]
        vault.lines = self

    def append(self, _line: str) -> None:
        self.times.append(self.vault.seconds)

    def longest_silence(self) -> float:
        times = [*self.times, self.vault.seconds]
        return max(later - earlier for earlier, later in pairwise(times))


def answer(vault: Any, path: str) -> dict[str, Any]:
    """What Azure says now."""
    connection = vault.simulator.connection
    bundle, who = connection["ca_bundle"], connection["principals"][0]
    form = {"grant_type": "client_credentials", "client_id": who["client_id"], "client_secret": who["client_secret"]}
    form["scope"] = f"{connection['resource_manager']}/.default"
    token = requests.post(
        f"{connection['resource_manager']}/{connection['tenant_id']}/oauth2/v2.0/token",
        data=form,
        verify=bundle,
        timeout=20,
    ).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    body = requests.get(f"{connection['resource_manager']}{path}", headers=headers, verify=bundle, timeout=20)
    return dict(body.json())


def test_a_job_that_was_resumed_and_stays_suspended_is_given_up_after_a_while(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", WAITING)))
    screen = Screen(vault)
    job = next(one["name"] for one in vault.jobs("vm1") if one["state"] == "Suspended")
    accepted = {"Location": f"https://example.org/replicationJobs/operationresults/{job}"}
    strike(vault, "POST", "/resume$", {"do": "status", "status": 202, "body": {}, "headers": accepted})
    failed = vault.fail("complete_failover", **VM1)
    assert (failed["error"]["kind"], failed["changed"]) == ("contradiction", True)
    assert f"job {job}" in failed["msg"]
    assert "waits for Complete Failover" in failed["msg"]
    assert vault.seconds <= HOUR
    assert vault.writes() == [f"POST {job}/resume"]
    assert screen.longest_silence() <= FEW_MINUTES


def test_a_vm_that_is_busy_without_a_job_is_given_up_after_a_while(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "protected")))
    vault.run("planned_failover", **VM1, direction="primary_to_recovery", wait=False)
    path = next(entry["path"] for entry in vault.simulator.journal.entries() if entry["path"].endswith("Items/vm1"))
    busy = answer(vault, f"{path}?api-version=2025-08-01")
    strike(vault, "GET", "/replicationProtectedItems/vm1$", {"do": "status", "status": 200, "body": busy})
    strike(vault, "GET", "/replicationJobs/", {"do": "status", "status": 404, "code": "NotFound"})
    screen, since = Screen(vault), vault.seconds
    failed = vault.fail("commit", **VM1, direction="failover")
    assert (failed["error"]["kind"], failed["changed"]) == ("timeout", False)
    assert "no job" in failed["msg"]
    assert vault.seconds - since <= HOUR
    assert screen.longest_silence() <= FEW_MINUTES


def test_a_wait_of_hours_says_at_least_every_few_minutes_what_it_waits_for(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "synchronizing"), rates={"checksum_mb_per_second": 0.001}))
    screen = Screen(vault)
    vault.fail("planned_failover", **VM1, wait_timeout=2 * HOUR)
    assert vault.seconds >= 2 * HOUR
    assert screen.longest_silence() <= FEW_MINUTES


def test_azure_that_throttles_reads_for_an_hour_is_waited_for_in_words(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    screen = Screen(vault)
    fault = {"match": {"method": "GET", "path": "/replicationJobs/"}, "action": {"do": "status", "status": 429}}
    fault["action"]["retry_after"] = HOUR
    vault.simulator.locked(lambda world: world.faults.add(fault))
    vault.run("planned_failover", **VM1)
    assert screen.longest_silence() <= FEW_MINUTES


def test_entra_that_does_not_answer_takes_no_more_than_the_deadline_of_all_tasks_together(driver: Any) -> None:
    """Six forks of one run, as Ansible forks them, whose time is real."""
    vault = driver(scenario_of("vm1"))
    strike(vault, "POST", "/token$", {"do": "silence", "seconds": 60})
    parameters = validated(CONTRACTS["planned_failover"], {**vault.options, **VM1, "wait_timeout": 2})
    cache, began, workers = RunCache(), time.monotonic(), []

    def work() -> int:
        try:
            execute(CONTRACTS["planned_failover"], parameters, vault.environ, cache=cache)
        except FailbackError as problem:
            return 0 if problem.kind == "unreachable" and "Entra ID" in problem.message() else 2
        return 3

    for _number in range(6):
        worker = os.fork()
        if worker == 0:
            status = 4
            try:
                status = work()
            finally:
                os._exit(status)
        workers.append(worker)
    statuses = ended(workers, began + 20)
    assert statuses == [0] * 6
    assert time.monotonic() - began <= 15


def ended(workers: list[int], until: float) -> list[int]:
    """The exit codes of processes; those that run on after a time are killed."""
    statuses = []
    for worker in workers:
        found = (0, 0)
        while found == (0, 0) and time.monotonic() < until:
            found = os.waitpid(worker, os.WNOHANG)
            if found == (0, 0):
                time.sleep(0.05)
        if found == (0, 0):
            os.kill(worker, signal.SIGKILL)
            found = os.waitpid(worker, 0)
        statuses.append(os.waitstatus_to_exitcode(found[1]))
    return statuses

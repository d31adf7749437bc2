# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A write that Azure puts off goes back to the look that it rests on: what was true then may not be true any more."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from support.oracle import Oracle
from support.scenarios import STARTER, item_of, scenario_of

from ansible_collections.asr.failback.plugins.module_utils import run_cache
from ansible_collections.asr.failback.plugins.module_utils.hyperv.hosts import change_turn
from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError

VM1 = {"replicated_item": "vm1"}
PENDING, WAITING = "failback_commit_pending", "waiting_for_completion"
PAIR = [{"name": "shop", "groups": [["db"], ["web"]]}]
EXPIRED = {
    "do": "status",
    "status": 401,
    "code": "ExpiredAuthenticationToken",
    "headers": {"WWW-Authenticate": 'Bearer error="invalid_token"'},
}


def busy(seconds: int) -> dict[str, Any]:
    """Azure's answer to who asks for too much."""
    return {"do": "status", "status": 429, "code": "TooManyRequests", "retry_after": seconds}


def strike(vault: Any, path: str, action: dict[str, Any], **match: Any) -> None:
    """Let the next write to a path go wrong."""
    fault = {"match": {"method": "POST", "path": path, **match}, "action": action}
    vault.simulator.locked(lambda world: world.faults.add(fault))


def after(vault: Any, seconds: float, act: Any) -> None:
    """Let somebody act once so many seconds have passed."""
    acted: list[bool] = []

    def meanwhile(now: float) -> None:
        if now >= seconds and not acted:
            acted.append(True)
            act()

    vault.meanwhile = meanwhile


def start_in_azure(vault: Any, name: str = "vm1") -> None:
    vm = vault.state(name)["azure_vm"]["id"]
    vault.simulator.locked(lambda world: world.compute.start(vm))


def test_a_commit_that_azure_puts_off_does_not_delete_the_vm_that_was_started_meanwhile(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING))).knows_hosts()
    strike(vault, "/failoverCommit$", busy(3600))
    after(vault, 1, lambda: start_in_azure(vault))
    refused = vault.fail("commit", **VM1, policy="now")
    assert refused["error"]["kind"] == "contradiction"
    assert vault.writes() == ["POST vm1/failoverCommit"]
    assert vault.state("vm1")["azure_vm"]["exists"]


@pytest.mark.parametrize("target", [VM1, {"recovery_plan": "shop"}], ids=["vm", "plan"])
def test_a_cut_over_that_azure_puts_off_keeps_to_its_window(driver: Any, target: dict[str, str]) -> None:
    plan = "recovery_plan" in target
    items = [item_of(name, WAITING) for name in (("db", "web") if plan else ("vm1",))]
    vault = driver(scenario_of(*items, **({"recovery_plans": PAIR} if plan else {})))
    until = datetime.fromisoformat(vault.simulator.state()["now"]) + timedelta(minutes=10)
    strike(vault, "/resume$", busy(3000))
    result = vault.run("complete_failover", **target, window={"not_after": until.strftime("%Y-%m-%dT%H:%M")})
    assert (result["waiting_for_window"], result["changed"]) == (True, False)
    assert result["stage"] == {"before": WAITING, "after": WAITING}
    assert [line.rsplit("/", 1)[1] for line in vault.writes()] == ["resume"]


def test_a_failback_that_azure_puts_off_overwrites_no_vm_that_was_started_meanwhile(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    strike(vault, "/plannedFailover$", busy(600))
    after(vault, 1, lambda: vault.trouble(vm="vm1", power="running"))
    assert vault.fail("planned_failover", **VM1)["error"]["kind"] == "refused"
    assert vault.writes() == ["POST vm1/plannedFailover"]


def test_a_commit_that_azure_puts_off_does_not_follow_a_commit_of_somebody_else(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING))).knows_hosts()
    strike(vault, "/failoverCommit$", busy(60))
    other = driver_of_somebody_else(vault)
    after(vault, 1, lambda: other.run("commit", **VM1, policy="now", wait=False))
    assert vault.run("commit", **VM1, policy="now")["stage"]["after"] == "failed_back"
    assert vault.writes() == ["POST vm1/failoverCommit"] * 2


def driver_of_somebody_else(vault: Any) -> Any:
    return type(vault)(vault.simulator).knows_hosts()


WRITES = {
    "planned_failover": ("failed_over", "/plannedFailover$", {}),
    "complete_failover": (WAITING, "/resume$", {}),
    "commit": (PENDING, "/failoverCommit$", {"policy": "now"}),
    "reverse_replicate": ("failed_back", "/reProtect$", {}),
    "undo_failback": (PENDING, "/start$", {"reason": "it does not work"}),
    "failback_prereq": ("failed_over", "/refreshProvider$", {"refresh_provider": True}),
    "job": ("synchronizing", "/cancel$", {"state": "cancelled", "accept_inconsistent_disks": True}),
}


def looks_between(vault: Any, path: str) -> list[tuple[set[str], int]]:
    """For each try after the first of a write: the last parts of what was read since the one before, and how many
    sessions with hosts there were."""
    entries = vault.simulator.journal.entries()
    name = path.strip("$")
    places = [place for place, entry in enumerate(entries) if entry["write"] and entry["path"].endswith(name)]
    sessions = vault.simulator.locked(lambda world: world.shells.sessions())
    between = []
    for first, last in pairwise(places):
        read = {entry["path"].rsplit("/", 1)[1] for entry in entries[first:last] if entry["method"] == "GET"}
        times = entries[first]["time"], entries[last]["time"]
        between.append((read, sum(times[0] < session["time"] <= times[1] for session in sessions)))
    return between


@pytest.mark.parametrize("action", [busy(7), EXPIRED], ids=["throttled", "token refused"])
@pytest.mark.parametrize("module", WRITES)
def test_before_a_write_is_sent_again_what_it_rests_on_is_read_again(
    driver: Any, module: str, action: dict[str, Any]
) -> None:
    stage, path, options = WRITES[module]
    vault = driver(scenario_of(item_of("vm1", stage), principals=[STARTER])).knows_hosts()
    oracle = Oracle(vault.simulator)
    strike(vault, path, action)
    vault.run(module, **VM1, **options)
    assert oracle.violations == []
    ((read, sessions),) = looks_between(vault, path)
    assert "vm1" in read
    if module in ("planned_failover", "complete_failover", "commit", "undo_failback") and action["status"] == 429:
        assert sessions > 0


OF_MANY = ("planned_failover", "complete_failover", "commit", "reverse_replicate", "undo_failback", "failback_prereq")


@pytest.mark.parametrize("action", [busy(7), EXPIRED], ids=["throttled", "token refused"])
@pytest.mark.parametrize("module", OF_MANY)
def test_of_many_as_well_nothing_of_before_counts_for_a_write_that_is_sent_again(
    driver: Any, module: str, action: dict[str, Any]
) -> None:
    stage, path, options = WRITES[module]
    items = [item_of(name, stage) for name in ("vm1", "vm2")]
    vault = driver(scenario_of(*items, principals=[STARTER])).knows_hosts()
    oracle = Oracle(vault.simulator)
    strike(vault, path, action)
    result = vault.run(module, replicated_items=["vm1", "vm2"], **options)
    assert not result["failed"], result["msg"]
    assert oracle.violations == []


def test_a_restart_that_is_put_off_looks_at_the_job_again(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failed_back")))
    vault.trouble(job_task="EnableProtection")
    vault.fail("reverse_replicate", **VM1)
    failed = vault.jobs("vm1")[0]["name"]
    strike(vault, "/restart$", busy(7))
    vault.run("job", name=failed, state="restarted")
    ((read, _sessions),) = looks_between(vault, "/restart$")
    assert {failed, "vm1"} <= read


@pytest.mark.parametrize("module", WRITES)
def test_azure_that_asks_for_more_time_than_there_is_ends_the_task_within_its_time(driver: Any, module: str) -> None:
    stage, path, options = WRITES[module]
    vault = driver(scenario_of(item_of("vm1", stage), principals=[STARTER])).knows_hosts()
    strike(vault, path, busy(3600), times=0)
    failed = vault.fail(module, **VM1, **options, wait_timeout=600)
    assert failed["error"]["kind"] == "throttled"
    assert vault.seconds <= 600
    assert len([line for line in vault.writes() if line.endswith(path.strip("$"))]) == 1
    assert failed["changed"] is (module == "undo_failback")


def test_azure_that_throttles_for_ever_is_given_up(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", "failed_back")))
    strike(vault, "/reProtect$", busy(1), times=0)
    failed = vault.fail("reverse_replicate", **VM1)
    assert (failed["error"]["kind"], failed["changed"]) == ("throttled", False)
    assert 2 <= len(vault.writes()) <= 12


def test_of_a_plan_done_item_by_item_what_was_started_is_not_started_again(driver: Any) -> None:
    items = [item_of("db", "failed_back"), item_of("web", "failed_back")]
    vault = driver(scenario_of(*items, recovery_plans=PAIR))
    strike(vault, "/web/reProtect$", busy(7))
    done = vault.run("reverse_replicate", recovery_plan="shop", wait=False)
    assert vault.writes() == ["POST db/reProtect", "POST web/reProtect", "POST web/reProtect"]
    assert done["changed"]


def test_a_look_that_took_too_long_is_taken_again(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING))).knows_hosts()
    # The page of locks is read after the stage, and before the write.
    locks = {"method": "GET", "path": "/locks$"}
    fault = {"match": locks, "action": {"do": "status", "status": 503, "retry_after": 100}}
    vault.simulator.locked(lambda world: world.faults.add(fault))
    after(vault, 1, lambda: start_in_azure(vault))
    assert vault.fail("commit", **VM1, policy="now")["error"]["kind"] == "contradiction"
    assert vault.writes() == []


class Together:
    """Hosts that answer nobody before so many callers wait at once, or for some seconds; then they hang up."""

    def __init__(self, callers: int, seconds: float = 5) -> None:
        self.most = 0
        self._callers, self._seconds = callers, seconds
        self._waiting: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept)

    def _accept(self) -> None:
        self._listener.settimeout(self._seconds)
        while True:
            try:
                self._waiting.append(self._listener.accept()[0])
            except TimeoutError:
                self._hang_up()
                continue
            except OSError:
                return
            self.most = max(self.most, len(self._waiting))
            if len(self._waiting) >= self._callers:
                self._hang_up()

    def _hang_up(self) -> None:
        while self._waiting:
            self._waiting.pop().close()

    def __enter__(self) -> Together:
        self._thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(20)
        self._hang_up()


def test_the_other_hosts_of_a_site_are_asked_at_the_same_time(driver: Any) -> None:
    others = ("hv02", "hv03", "hv04")
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": name} for name in ("hv01", *others)]}
    vault = driver(scenario_of("vm1", fabrics=[site])).knows_hosts()
    with Together(len(others)) as hosts:
        for name in others:
            vault.inventory[name] |= {"ansible_host": "127.0.0.1", "ansible_port": hosts.port}
        assert vault.run("planned_failover", **VM1)["changed"]
    assert hosts.most == len(others)


def test_the_own_host_is_asked_anew_where_its_provider_cannot_be_read(driver: Any) -> None:
    vault = driver(scenario_of("vm1")).knows_hosts()
    denied = {"do": "status", "status": 403, "code": "AuthorizationFailed", "message": "no"}
    match = {"method": "GET", "path": "/replicationRecoveryServicesProviders/[^/]+$", "times": 0}
    vault.simulator.locked(lambda world: world.faults.add({"match": match, "action": denied}))
    # Another task of the run has asked the host a moment ago.
    vault.run("planned_failover", **VM1, check_mode=True)
    vault.trouble(vm="vm1", power="running")
    assert vault.fail("planned_failover", **VM1)["error"]["kind"] == "refused"
    assert vault.writes() == []


@pytest.mark.parametrize("number", range(18, 30))
def test_no_host_is_changed_on_a_look_from_before_an_outage_of_azure(driver: Any, number: int) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING), principals=[STARTER])).knows_hosts()
    outage = {"match": {"method": "GET", "nth": number, "times": 12}, "action": {"do": "status", "status": 503}}
    vault.simulator.locked(lambda world: world.faults.add(outage))
    asked: list[bool] = []

    def was_asked() -> bool:
        """Whether the guest was asked to shut down."""
        return bool(vault.simulator.locked(lambda world: [one.was_asked for one in world.hyperv.machines()])[0])

    def delete() -> None:
        asked.append(was_asked())
        vm = vault.state("vm1")["azure_vm"]["id"]
        vault.simulator.locked(lambda world: world.compute.delete_vm(vm))

    after(vault, 40, delete)
    with suppress(FailbackError):
        vault.run("undo_failback", **VM1)
    if asked == [False]:
        # Whoever looks again sees that there is nothing left to go back to.
        assert not was_asked()


def held_by_another_task(vault: Any, host: str, act: Any) -> None:
    """Another task of the run is changing something on a host, for a minute once this one wants to: `act` is what
    happens meanwhile."""
    is_held, is_over = threading.Event(), threading.Event()
    settings = vault.inventory[host]
    endpoint = f"https://{settings['ansible_host']}:{settings['ansible_port']}/wsman"

    def hold() -> None:
        with vault.cache.turn(change_turn(endpoint)):
            is_held.set()
            is_over.wait(30)

    def meanwhile(_seconds: float) -> None:
        if vault.lines[-1:] == ["vm1 on hv01: shut down"] and not is_over.is_set():
            vault.meanwhile = None
            vault.pass_time(60)
            act()
            is_over.set()

    vault.meanwhile = meanwhile
    threading.Thread(target=hold, daemon=True).start()
    assert is_held.wait(30)


def test_a_vm_that_is_committed_while_another_task_has_its_host_is_not_stopped(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING), principals=[STARTER])).knows_hosts()
    other = driver_of_somebody_else(vault)
    held_by_another_task(vault, "hv01", lambda: other.run("commit", **VM1, policy="now"))
    failed = vault.fail("undo_failback", **VM1, reason="it does not work")
    assert failed["error"]["kind"] == "contradiction", failed["msg"]
    assert vault.state("vm1")["on_premises_vm"]["power"] == "running"
    assert vault.simulator.locked(lambda world: world.hyperv.changes) == []


@pytest.mark.parametrize("locks", [1 << 20, 1])
def test_a_stop_goes_on_once_the_task_that_has_its_host_is_done(
    driver: Any, locks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What two keys share in the file must not keep the threads of one process from each other.
    monkeypatch.setattr(run_cache, "_KEY_LOCKS", locks)
    vault = driver(scenario_of(item_of("vm1", PENDING), principals=[STARTER])).knows_hosts()
    oracle = Oracle(vault.simulator)
    held_by_another_task(vault, "hv01", lambda: None)
    assert vault.run("undo_failback", **VM1, reason="it does not work")["undone"]
    assert oracle.violations == []


@pytest.mark.parametrize("on", ["Create", "Command", "Send"])
def test_a_stop_that_waits_for_its_turn_on_a_crowded_host_rests_on_a_new_look(driver: Any, on: str) -> None:
    vault = driver(scenario_of(item_of("vm1", PENDING), principals=[STARTER])).knows_hosts()
    # That takes the look before the decision, and the one before the shutdown.
    vault.trouble(host="hv01", quota=2150859174, on=on, times=38, after=2)

    def meanwhile(_seconds: float) -> None:
        host = vault.simulator.locked(lambda world: world.hyperv.host("hv01"))
        left = min((quota.times for quota in host.remoting.quotas), default=40)
        if left == 35 and vault.state("vm1")["stage"] == PENDING:
            vault.trouble(operation="failoverCommit", item="vm1")
        if left == 0:
            host.remoting.quotas.clear()

    vault.meanwhile = meanwhile
    failed = vault.fail("undo_failback", **VM1, reason="it does not work")
    assert failed["error"]["kind"] == "contradiction", failed["msg"]
    assert vault.simulator.locked(lambda world: world.hyperv.changes) == []

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VMs of a fleet go on, and which are not started."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.fleet import (
    Member,
    Settings,
    allowed_to_fail,
    closed_gate,
    fleet_plan,
    has_ended,
    settings_of,
    stops,
    tally_of,
)
from ansible_collections.asr.failback.plugins.module_utils.model.waves import WaveOptions

BACK = {"outcome": "protected", "vms": {"db1": "protected"}}
HELD = {"outcome": "held", "vms": {"db1": "failback_commit_pending"}}
IN_AZURE = {"outcome": "waiting_for_completion", "vms": {"db1": "waiting_for_completion"}}
WAITS = {**IN_AZURE, "outcome": "waiting_for_window"}
FAILED_AFTER_ALL = {"outcome": "failed", "vms": {"db1": "failback_commit_pending"}}
MIXED = {"outcome": "held", "vms": {"db1": "protected", "db2": "failed_over"}}


def plan_of(*needs: str) -> dict[str, Any]:
    order = [*needs, "web1"]
    needed = {"web1": [*needs], **{name: [] for name in needs}}
    return {"order": order, "needs": needed, "ranks": dict.fromkeys(order, 1)}


@pytest.mark.parametrize(
    ("db1", "outcome"),
    [
        (BACK, None),
        (HELD, None),
        (IN_AZURE, "not_started"),
        (WAITS, "waiting_for_window"),
        (FAILED_AFTER_ALL, "not_started"),
        (MIXED, "not_started"),
        ({"outcome": "protected", "vms": {}}, "not_started"),
        (None, "not_started"),
    ],
    ids=["back", "held", "in Azure", "waits", "failed", "a plan half back", "unknown", "not seen"],
)
def test_a_vm_goes_on_only_when_what_it_depends_on_is_back(db1: dict[str, Any] | None, outcome: str | None) -> None:
    tally = {"web1": IN_AZURE, **({"db1": db1} if db1 else {})}
    stopped = stops(["web1"], tally, plan_of("db1"), max_failed=1)
    assert stopped.get("web1", {}).get("outcome") == outcome


def test_why_a_vm_waits_for_others_is_said_as_it_is() -> None:
    stopped_there = {**FAILED_AFTER_ALL, "outcome": "not_started"}
    tally = {"db1": FAILED_AFTER_ALL, "db2": IN_AZURE, "db3": stopped_there, "web1": IN_AZURE}
    stopped = stops(["web1"], tally, plan_of("db1", "db2", "db3"), max_failed=1)
    assert stopped["web1"]["reason"] == (
        "It comes after db2, not back on-premises; db1, which failed after its cut-over; "
        "db3, which was stopped after its cut-over. Its cut-over was not started."
    )


def test_too_many_failures_stop_the_whole_wave() -> None:
    plan = plan_of("db1", "db2")
    tally = {"db1": FAILED_AFTER_ALL, "db2": BACK, "web1": IN_AZURE}
    assert set(stops(["web1"], tally, plan, max_failed=0)) == {"web1"}
    assert "db1 failed, and failback_max_failed is 0" in stops(["web1"], tally, plan, 0)["web1"]["reason"]
    assert stops(["web1"], tally, {**plan, "needs": {"web1": []}}, max_failed="34%") == {}
    # Of whom nothing is known, nothing is good.
    assert set(stops(["web1"], {"web1": IN_AZURE}, {**plan, "needs": {"web1": []}}, max_failed=1)) == {"web1"}


@pytest.mark.parametrize(
    ("db1", "outcome"),
    [
        (BACK, None),
        (IN_AZURE, "not_started"),
        (WAITS, "waiting_for_window"),
        # How many of them may fail is said otherwise.
        (FAILED_AFTER_ALL, None),
        ({**IN_AZURE, "cuts_over": False}, None),
    ],
)
def test_a_tier_waits_for_those_before_it(db1: dict[str, Any], outcome: str | None) -> None:
    plan = {**plan_of("db1"), "needs": {"db1": [], "web1": []}, "ranks": {"db1": 1, "web1": 2}}
    stopped = stops(["web1"], {"db1": db1, "web1": IN_AZURE}, plan, max_failed=1)
    assert stopped.get("web1", {}).get("outcome") == outcome


def test_what_is_committed_or_not_cut_over_is_not_held() -> None:
    done = {"outcome": "protected", "vms": {"web1": "reverse_replicating"}}
    for web1 in (done, {**IN_AZURE, "cuts_over": False}):
        assert stops(["web1"], {"db1": FAILED_AFTER_ALL, "web1": web1}, plan_of("db1"), 0, "Closed.") == {}
    pending = {"outcome": "held", "vms": {"web1": "failback_commit_pending"}}
    stopped = stops(["web1"], {"db1": FAILED_AFTER_ALL, "web1": pending}, plan_of("db1"), 0)
    assert stopped["web1"]["reason"].endswith("Its commit was not started.")


def test_a_closed_gate_stops_all_but_those_that_have_failed_already() -> None:
    plan = {**plan_of("db1"), "needs": {"db1": [], "web1": []}}
    stopped = stops(["db1", "web1"], {"db1": FAILED_AFTER_ALL, "web1": IN_AZURE}, plan, 9, closed="The gate is closed.")
    assert {name: one["reason"] for name, one in stopped.items()} == {
        "web1": "The gate is closed. Its cut-over was not started."
    }
    assert stopped["web1"]["vms"] == IN_AZURE["vms"]
    # One that waits for tasks has not failed yet, whatever is said of it should its host be lost in them.
    waiting = {**FAILED_AFTER_ALL, "waits": True, "cuts_over": True}
    stopped = stops(["db1"], {"db1": waiting, "web1": IN_AZURE}, plan, 9, closed="The gate is closed.")
    assert stopped["db1"] == {
        "outcome": "not_started",
        "vms": FAILED_AFTER_ALL["vms"],
        "reason": "The gate is closed. Its commit was not started.",
        "next": "See why its tasks did not pass; then run again.",
    }


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((0, 0), (0, 0), ""),
        ((2, 2), (2, 2), ""),
        # The tasks of one kind may not be there.
        ((0, 0), (2, 2), ""),
        ((2, 1), (1, 1), "The tasks before wave 2 did not pass."),
        ((2, 2), (2, 1), "The tasks after wave 2 did not pass."),
        ((1, 0), (0, 0), "The tasks before wave 1 did not pass."),
    ],
)
def test_a_gate_is_closed_until_its_last_tasks_have_passed(
    before: tuple[int, int], after: tuple[int, int], told: str
) -> None:
    gates = {
        when: {"begun": begun, "passed": passed} for when, (begun, passed) in {"before": before, "after": after}.items()
    }
    assert closed_gate(gates) == told


@pytest.mark.parametrize(("given", "allowed"), [(0, 0), ("3", 3), ("10%", 2), ("0%", 0), ("100 %", 24), ("2.5%", 0)])
def test_how_many_may_fail(given: object, allowed: int) -> None:
    assert allowed_to_fail(given, 24) == allowed


@pytest.mark.parametrize("given", [-1, "-1", "", None, True, "101%", "many", 1.5, "10 percent"])
def test_what_says_no_number_is_refused(given: object) -> None:
    with pytest.raises(ConfigurationError, match="failback_max_failed is"):
        allowed_to_fail(given, 24)


def test_the_tally_keeps_what_was_seen_of_all() -> None:
    before = {"db1": BACK, "web1": IN_AZURE, "web2": IN_AZURE}
    handed = {"result": FAILED_AFTER_ALL, "handover": {"kind": "hook"}, "state": {"cuts_over": True}}
    run = {"vms": {"web1": {"result": {**HELD, "steps": []}}, "web3": {"failed": True, "msg": "wrong"}, "web4": handed}}
    assert tally_of(before, run, {"web2": {**IN_AZURE, "outcome": "not_started", "reason": "x"}}) == {
        "db1": BACK,
        "web1": {**HELD, "waits": False},
        "web2": {**IN_AZURE, "outcome": "not_started", "waits": False},
        "web3": {"outcome": "failed", "waits": False},
        "web4": {**FAILED_AFTER_ALL, "cuts_over": True, "waits": True},
    }


def test_the_plan_has_every_host_in_its_wave() -> None:
    found = {"state": {"prerequisites": {"host": "hv01", "data_sync": {"option": "before_failover"}}}}
    members = [
        Member("web1", {"depends_on": ["db1"]}, found),
        Member("db1", {"tier": 1}, found),
        # Its prerequisites could not be checked: it has a place all the same.
        Member("bad1", {}, {"failed": True, "msg": "wrong"}),
    ]
    plan = fleet_plan(members, WaveOptions(per_host=5))
    assert (plan["order"], plan["sizes"]) == (["db1", "bad1", "web1"], [1, 2])
    assert plan["wave_of"] == {"db1": 1, "bad1": 2, "web1": 2}
    assert plan["needs"]["web1"] == ["db1"]
    assert plan["places"]["web1"]["host"] == "hv01"


def test_two_hosts_for_one_vm_are_refused() -> None:
    shared = {"state": {"prerequisites": {"replicated_item": {"id": "/vaults/v/items/One"}}}}
    plan = {"state": {"prerequisites": {"members": [{"id": "/vaults/v/items/one"}]}}}
    with pytest.raises(ConfigurationError, match="Several hosts stand for the same VM: a and b"):
        fleet_plan([Member("a", {}, shared), Member("b", {}, plan)], WaveOptions())


@pytest.mark.parametrize("hooks", ["", None, "/a.yml", {"befor": "/a.yml"}, {"after": "/nowhere.yml"}, ["/a.yml"]])
def test_a_gate_that_is_not_there_is_refused(hooks: object) -> None:
    with pytest.raises(ConfigurationError, match="failback_wave_hooks"):
        settings_of(Settings(0, hooks), 3, lambda path: "not a file" if path == "/nowhere.yml" else "")


def test_the_settings_are_kept_as_they_are() -> None:
    given = Settings("10%", {"before": "/a.yml"})
    assert settings_of(given, 3, lambda _path: "") == {"max_failed": "10%", "hooks": {"before": "/a.yml"}}
    assert settings_of(Settings(), 3, lambda _path: "") == {"max_failed": 0, "hooks": {}}


@pytest.mark.parametrize(
    ("run", "ended"),
    [
        ({}, False),
        ({"state": {"ended": False}}, False),
        ({"state": {"ended": True}}, True),
        ({"result": {}}, True),
        ({"failed": True, "msg": "wrong"}, True),
    ],
)
def test_what_was_refused_has_ended_too(run: dict[str, Any], ended: bool) -> None:
    assert has_ended(run) is ended

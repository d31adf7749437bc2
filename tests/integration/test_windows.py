# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cut-overs that wait for their window: nothing is written outside of it, nothing fails, and a later run goes on."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from support.module_runner import ModuleRunner
from support.scenarios import item_of, scenario_of

NOON = "2026-01-15T12:00:00Z"
HOUR = 3600
WAITING, PENDING = "waiting_for_completion", "failback_commit_pending"
VM1 = {"replicated_item": "vm1"}
PLAN = {"recovery_plan": "shop"}
NIGHT = {"not_before": "22:00", "not_after": "04:00", "time_zone": "Europe/Amsterdam"}
YESTERDAY = {"not_before": "2026-01-14T12:00", "not_after": "2026-01-14T18:00"}
# The day of NOON is a Thursday.
SATURDAYS = {"rule": "FREQ=WEEKLY;BYDAY=SA;BYHOUR=22", "duration": "PT6H", "time_zone": "Europe/Amsterdam"}
FULL = {"data_sync": "during_failover"}


def at_noon(*items: Any, start: str = NOON, **parts: Any) -> dict[str, Any]:
    return scenario_of(*items, start=start, **parts)


def plan_at_noon(**stages: str) -> dict[str, Any]:
    plans = [{"name": "shop", "groups": [[name] for name in stages]}]
    return at_noon(*(item_of(name, stage) for name, stage in stages.items()), recovery_plans=plans)


def pass_until(vault: ModuleRunner, stamp: str) -> None:
    """Let time pass until a moment, by the simulator's clock."""
    now = vault.simulator.locked(lambda world: world.clock.now())
    vault.pass_time((datetime.fromisoformat(stamp).replace(tzinfo=timezone.utc) - now).total_seconds())


def expect_waiting(vault: ModuleRunner, module: str, state: str, **options: Any) -> dict[str, Any]:
    """Check, then run what must wait for its window; return the result."""
    sent = vault.requests()
    checked = vault.run(module, check_mode=True, **options)
    result = vault.run(module, **options)
    assert vault.writes(sent) == []
    for one in (checked, result):
        assert (one["waiting_for_window"], one["changed"], one["window"]["state"]) == (True, False, state)
        assert one["reason"]
        assert one["reason"] in one["msg"]
    assert checked["stage"] == result["stage"]
    return result


def expect_sent(vault: ModuleRunner, module: str, write: str, **options: Any) -> dict[str, Any]:
    """Check, then run what must be sent now; return the result."""
    sent = vault.requests()
    checked = vault.run(module, check_mode=True, **options)
    assert vault.writes(sent) == []
    result = vault.run(module, **options)
    assert [line.rsplit("/", 1)[1] for line in vault.writes(sent)] == [write]
    assert (checked["changed"], checked["stage"]) == (result["changed"], result["stage"])
    assert (result["changed"], result["waiting_for_window"], result["reason"]) == (True, False, "")
    return result


def test_a_scheduler_runs_it_until_the_window_opens(driver: Any) -> None:
    vault = driver(at_noon(item_of("vm1", WAITING)))
    waiting = expect_waiting(vault, "complete_failover", "before", **VM1, window=NIGHT)
    assert waiting["stage"] == {"before": WAITING, "after": WAITING}
    assert waiting["authoritative_side"] == "azure"
    assert waiting["window"] == {
        "state": "before",
        "now": "2026-01-15T12:00:00+00:00",
        "opens_at": "2026-01-15T21:00:00+00:00",
        "closes_at": "2026-01-16T03:00:00+00:00",
    }
    assert "opens at 2026-01-15T22:00:00+01:00; Azure's time is 2026-01-15T13:00:00+01:00" in waiting["msg"]
    pass_until(vault, "2026-01-15T20:59:59")
    expect_waiting(vault, "complete_failover", "before", **VM1, window=NIGHT)
    pass_until(vault, "2026-01-15T21:00:00")
    done = expect_sent(vault, "complete_failover", "resume", **VM1, window=NIGHT)
    assert (done["stage"]["after"], done["window"]["state"]) == (PENDING, "open")
    pass_until(vault, "2026-01-16T12:00:00")
    sent = vault.requests()
    again = vault.run("complete_failover", **VM1, window=NIGHT)
    assert (again["changed"], again["waiting_for_window"], again["window"]) == (False, False, None)
    assert vault.writes(sent) == []


def test_a_night_that_was_missed_is_followed_by_the_next(driver: Any) -> None:
    vault = driver(at_noon(item_of("vm1", WAITING), start="2026-01-16T03:00:00Z"))
    missed = expect_waiting(vault, "complete_failover", "before", **VM1, window=NIGHT)
    assert missed["window"]["opens_at"] == "2026-01-16T21:00:00+00:00"


def test_a_window_that_is_over_says_so_and_asks_for_a_new_one(driver: Any) -> None:
    vault = driver(at_noon(item_of("vm1", WAITING)))
    over = expect_waiting(vault, "complete_failover", "over", **VM1, window=YESTERDAY)
    assert "Its window has been over since 2026-01-14T18:00:00+00:00" in over["msg"]
    assert "Give a new window" in over["msg"]
    expect_sent(vault, "complete_failover", "resume", **VM1, window={"not_before": "2026-01-15T12:00"})


def test_the_night_on_which_the_clock_is_put_forward(driver: Any) -> None:
    window = {"not_before": "02:30", "not_after": "05:00", "time_zone": "Europe/Amsterdam"}
    vault = driver(at_noon(item_of("vm1", WAITING), start="2026-03-29T00:59:59Z"))
    early = expect_waiting(vault, "complete_failover", "before", **VM1, window=window)
    assert "opens at 2026-03-29T03:00:00+02:00; Azure's time is 2026-03-29T01:59:59+01:00" in early["msg"]
    vault.pass_time(1)
    expect_sent(vault, "complete_failover", "resume", **VM1, window=window)


def test_the_night_on_which_the_clock_is_put_back(driver: Any) -> None:
    window = {"not_before": "22:00", "not_after": "02:30", "time_zone": "Europe/Amsterdam"}
    vault = driver(at_noon(item_of("vm1", WAITING), start="2026-10-25T00:30:00Z"))
    late = expect_waiting(vault, "complete_failover", "before", **VM1, window=window)
    assert late["window"]["opens_at"] == "2026-10-25T21:00:00+00:00"


def test_a_window_opens_by_its_rule_but_not_in_a_freeze(driver: Any) -> None:
    vault = driver(at_noon(item_of("vm1", WAITING)))
    frozen = {**SATURDAYS, "freeze": ["2026-01-16/2026-01-17", "2026-01-19"]}
    waiting = expect_waiting(vault, "complete_failover", "before", **VM1, window=SATURDAYS)
    assert waiting["window"]["opens_at"] == "2026-01-17T21:00:00+00:00"
    pass_until(vault, "2026-01-17T21:00:00")
    held = expect_waiting(vault, "complete_failover", "before", **VM1, window=frozen)
    assert "Cut-overs are frozen until 2026-01-18T00:00:00+01:00" in held["msg"]
    assert (held["window"]["opens_at"], held["window"]["closes_at"]) == (
        "2026-01-17T23:00:00+00:00",
        "2026-01-18T03:00:00+00:00",
    )
    pass_until(vault, "2026-01-17T23:00:00")
    done = expect_sent(vault, "complete_failover", "resume", **VM1, window=frozen)
    assert (done["stage"]["after"], done["window"]["state"]) == (PENDING, "open")


def test_a_rule_that_has_ended_asks_for_a_new_window(driver: Any) -> None:
    vault = driver(at_noon(item_of("vm1", WAITING)))
    ended = {**SATURDAYS, "rule": "FREQ=WEEKLY;INTERVAL=2;COUNT=2", "not_before": "2025-12-20T22:00"}
    over = expect_waiting(vault, "complete_failover", "over", **VM1, window=ended)
    assert "Its window has been over since 2026-01-04T04:00:00+01:00" in over["msg"]


def test_a_freeze_alone_leaves_all_other_days(driver: Any) -> None:
    vault = driver(at_noon(item_of("vm1", WAITING)))
    frozen = {"freeze": ["2026-01-15"]}
    expect_waiting(vault, "complete_failover", "before", **VM1, window=frozen)
    pass_until(vault, "2026-01-16T00:00:00")
    expect_sent(vault, "complete_failover", "resume", **VM1, window=frozen)


def test_what_waited_for_the_data_past_the_end_of_the_window_does_not_cut_over(driver: Any) -> None:
    vault = driver(at_noon(item_of("vm1", "synchronizing")))
    late = vault.run("complete_failover", **VM1, window={"not_after": "2026-01-15T12:00:10"})
    assert (late["waiting_for_window"], late["changed"], late["window"]["state"]) == (True, False, "over")
    assert late["stage"] == {"before": "synchronizing", "after": WAITING}
    assert vault.writes() == []
    assert vault.seconds > 10


def test_what_waited_for_the_data_into_the_window_cuts_over(driver: Any) -> None:
    vault = driver(at_noon(item_of("vm1", "synchronizing")))
    done = vault.run("complete_failover", **VM1, window={"not_before": "2026-01-15T12:00:10"})
    assert (done["waiting_for_window"], done["stage"]["after"], done["window"]["state"]) == (False, PENDING, "open")


def test_check_mode_says_what_a_run_would_do_now(driver: Any) -> None:
    vault = driver(at_noon(item_of("vm1", "synchronizing")))
    for window, waits in ((NIGHT, True), (YESTERDAY, True), ({"not_after": "2026-01-16T00:00"}, False)):
        checked = vault.run("complete_failover", **VM1, window=window, check_mode=True)
        assert (checked["waiting_for_window"], checked["changed"]) == (waits, not waits)
        assert checked["stage"]["after"] == ("synchronizing" if waits else PENDING)


def test_data_is_not_waited_for_when_the_window_is_over_for_good(driver: Any) -> None:
    vault = driver(at_noon(item_of("vm1", "synchronizing")))
    over = expect_waiting(vault, "complete_failover", "over", **VM1, window=YESTERDAY)
    assert over["stage"]["after"] == "synchronizing"
    assert vault.seconds == 0


@pytest.mark.parametrize("window", [NIGHT, YESTERDAY], ids=["before", "over"])
def test_a_job_that_was_completed_goes_on_whatever_the_window(driver: Any, window: dict[str, str]) -> None:
    vault = driver(at_noon(item_of("vm1", "completing")))
    done = vault.run("complete_failover", **VM1, window=window)
    assert (done["waiting_for_window"], done["window"], done["stage"]["after"]) == (False, None, PENDING)


def test_the_window_is_judged_again_when_the_hosts_took_their_time(driver: Any) -> None:
    class Slow(dict[str, Any]):
        """An inventory whose hosts need an hour to answer."""

        def __getitem__(self, name: str) -> Any:
            vault.pass_time(HOUR)
            return super().__getitem__(name)

    vault = driver(at_noon(item_of("vm1", WAITING))).knows_hosts()
    vault.inventory = Slow(vault.inventory)
    late = vault.run("complete_failover", **VM1, window={"not_after": "2026-01-15T12:59"})
    assert (late["waiting_for_window"], late["changed"], vault.writes()) == (True, False, [])


def test_outside_of_the_window_not_even_a_host_is_asked(driver: Any) -> None:
    vault = driver(at_noon(item_of("vm1", WAITING))).knows_hosts()
    vault.trouble(vm="vm1", power="running")
    expect_waiting(vault, "complete_failover", "before", **VM1, window=NIGHT)
    assert vault.simulator.locked(lambda world: world.shells.sessions(0)) == []
    pass_until(vault, "2026-01-15T21:00:00")
    assert "must be off" in vault.fail("complete_failover", **VM1, window=NIGHT)["msg"]


def test_the_vms_of_a_plan_wait_together(driver: Any) -> None:
    vault = driver(plan_at_noon(db=WAITING, web=WAITING))
    waiting = expect_waiting(vault, "complete_failover", "before", **PLAN, window=NIGHT)
    assert [one["stage"]["after"] for one in waiting["members"]] == [WAITING, WAITING]
    pass_until(vault, "2026-01-15T21:00:00")
    vault.run("complete_failover", **PLAN, window=NIGHT)
    assert {vault.state(name)["stage"] for name in ("db", "web")} == {PENDING}


def test_what_is_sent_last_of_a_plan_is_judged_by_its_own_moment(driver: Any) -> None:
    vault = driver(plan_at_noon(vm1=WAITING, vm2=WAITING))
    hidden = {"match": {"method": "POST", "path": "/resume$"}, "action": {"do": "close", "when": "after"}}
    vault.simulator.locked(lambda world: world.faults.add(hidden))
    # To find out what became of the first takes half a minute, and the window closes meanwhile.
    closing = {"not_before": "2026-01-15T11:00", "not_after": "2026-01-15T12:00:20"}
    result = vault.run("complete_failover", **PLAN, window=closing)
    assert (result["changed"], result["waiting_for_window"], result["window"]["state"]) == (True, True, "over")
    assert len(vault.writes()) == 1
    assert sorted(member["stage"]["after"] for member in result["members"]) == [PENDING, WAITING]


def test_of_a_plan_that_waits_what_runs_is_followed_to_its_end(driver: Any) -> None:
    vault = driver(plan_at_noon(db="completing", web=WAITING))
    waiting = vault.run("complete_failover", **PLAN, window=NIGHT)
    assert (waiting["waiting_for_window"], waiting["changed"], vault.writes()) == (True, False, [])
    assert [one["stage"]["after"] for one in waiting["members"]] == [PENDING, WAITING]
    assert waiting["authoritative_side"] == "mixed"


def test_a_vm_of_a_plan_whose_data_is_not_there_yet_is_waited_for_before_the_window_is_judged(driver: Any) -> None:
    vault = driver(plan_at_noon(db="synchronizing", web=WAITING))
    waiting = vault.run("complete_failover", **PLAN, window=NIGHT)
    assert (waiting["waiting_for_window"], vault.writes()) == (True, [])
    assert [one["stage"]["after"] for one in waiting["members"]] == [WAITING, WAITING]


@pytest.mark.parametrize(
    ("item", "options"),
    [
        (item_of("vm1"), FULL),
        (item_of("vm1", in_azure_for="40d"), {}),
        (item_of("vm1", "interrupted"), FULL),
        (item_of("vm1", "protected"), {"direction": "primary_to_recovery"}),
    ],
    ids=["asked for", "a month in Azure", "interrupted", "to Azure"],
)
def test_what_shuts_the_vm_down_at_once_waits_for_the_window(
    driver: Any, item: dict[str, Any], options: dict[str, Any]
) -> None:
    vault = driver({**at_noon(item)})
    waiting = expect_waiting(vault, "planned_failover", "before", **VM1, window=NIGHT, **options)
    assert waiting["stage"] == {"before": item["stage"], "after": item["stage"]}
    over = expect_waiting(vault, "planned_failover", "over", **VM1, window=YESTERDAY, **options)
    assert "Give a new window" in over["msg"]
    pass_until(vault, "2026-01-15T21:00:00")
    expect_sent(vault, "planned_failover", "plannedFailover", **VM1, window=NIGHT, **options)


def test_a_full_download_that_runs_is_followed_past_the_end_of_the_window(driver: Any) -> None:
    vault = driver(at_noon("vm1"))
    short = {"not_after": "2026-01-15T12:00:10"}
    started = vault.run("planned_failover", **VM1, **FULL, window=short, wait=False)
    assert (started["changed"], started["window"]["state"]) == (True, "open")
    vault.pass_time(20)
    ended = vault.run("planned_failover", **VM1, **FULL, window=short)
    assert (ended["waiting_for_window"], ended["window"], ended["stage"]["after"]) == (False, None, PENDING)


@pytest.mark.parametrize("options", [{}, {"data_sync": "before_failover"}], ids=str)
def test_data_that_is_copied_before_the_failover_waits_for_no_window(driver: Any, options: dict[str, Any]) -> None:
    vault = driver(at_noon("vm1"))
    done = expect_sent(vault, "planned_failover", "plannedFailover", **VM1, window=YESTERDAY, **options)
    assert (done["stage"]["after"], done["window"]) == (WAITING, None)


@pytest.mark.parametrize("module", ["planned_failover", "complete_failover"])
@pytest.mark.parametrize(
    ("window", "words"),
    [
        ({}, "none of not_before, not_after, rule and freeze"),
        ({"not_before": 1320, "not_after": "04:00"}, "put it in quotes"),
        ({"not_before": "22:00", "not_after": "2026-01-16T04:00"}, "two times of day or two date-times"),
        ({"not_before": "2026-01-16T04:00", "not_after": "2026-01-15T22:00"}, "is not later than"),
        ({**NIGHT, "time_zone": "Europe/Amsterdm"}, "'Europe/Amsterdm' is not a known time zone"),
        ({**NIGHT, "rule": "FREQ=DAILY;BYHOUR=22"}, "window.rule and window.duration must be given together"),
        ({**SATURDAYS, "rule": "FREQ=WEEKLY;BYDAY=SAT;BYHOUR=22"}, "BYDAY=SAT is not valid with FREQ=WEEKLY"),
        ({**NIGHT, "freeze": ["Christmas"]}, "window.freeze: 'Christmas' is not a date"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_is_no_window_is_refused_before_anything_is_asked(
    driver: Any, module: str, window: dict[str, Any], words: str, check_mode: bool
) -> None:
    vault = driver(at_noon("vm1"))
    failed = vault.fail(module, **VM1, window=window, check_mode=check_mode)
    assert failed["error"]["kind"] == "configuration"
    assert words in failed["msg"]
    assert vault.requests() == 0

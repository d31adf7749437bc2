# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many VMs through all steps in several tasks: up to a point, under caps, and stopped where one of them hands over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.run_records import made_record
from support.scenarios import item_of, scenario_of

from ansible_collections.asr.failback.plugins.module_utils.model.failback_steps import STEPS

LONG_AGO = {"in_azure_for": "60d"}
FUTURE = {"not_before": "9000-01-01T00:00"}
AHEAD = ["prerequisites", "planned_failover", "validate", "commit", "reverse_replicate"]
ALONE = {"heartbeat": False, "addresses": False, "commit_policy": "now"}


def vault_of(driver: Any, *items: Mapping[str, Any], **parts: Any) -> Any:
    return driver(scenario_of(*items, **parts)).knows_hosts()


def entry(name: str, before: Mapping[str, Any] | None = None, **own: Any) -> dict[str, Any]:
    """The entry of a VM; `before` is the result of the task before."""
    state = {"state": before["vms"][name]["state"]} if before else {}
    return {"replicated_item": name, **own, **state}


def stage(vault: Any, name: str) -> str:
    return str(vault.state(name)["stage"])


def item_id(vault: Any, name: str) -> str:
    return str(vault.simulator.locked(lambda world: next(one.path for one in world.vault.items if one.name == name)))


def outcomes(result: Mapping[str, Any]) -> dict[str, str]:
    return {name: one["result"]["outcome"] for name, one in result["vms"].items()}


@pytest.fixture
def hook(tmp_path: Path) -> str:
    path = tmp_path / "hook.yml"
    path.write_text("[]", encoding="utf-8")
    return str(path)


def test_ahead_goes_what_leaves_the_vms_running(driver: Any) -> None:
    vault = vault_of(driver, item_of("new", "failed_over"), item_of("old", "failed_over", **LONG_AGO))
    ahead = vault.run("failback", replicated_items=["new", "old"], until="synchronized", **ALONE)
    assert (stage(vault, "new"), stage(vault, "old")) == ("waiting_for_completion", "failed_over")
    assert outcomes(ahead) == {"new": "waiting_for_completion", "old": "failed_over"}
    rest = vault.run("failback", replicated_items=[entry("new", ahead), entry("old", ahead)], **ALONE)
    assert outcomes(rest) == {"new": "protected", "old": "protected"}
    steps = [step["step"] for step in rest["vms"]["new"]["result"]["steps"]]
    assert steps == ["planned_failover", "complete_failover", "commit", "reverse_replicate"]


@pytest.mark.parametrize("steps", [list(STEPS), list(STEPS[1:])], ids=["with prerequisites", "without"])
def test_ahead_nobody_waits_for_a_vm_that_is_down_already(driver: Any, steps: list[str]) -> None:
    vault = vault_of(driver, item_of("old", "failed_over", **LONG_AGO), item_of("new", "waiting_for_completion"))
    vault.run("planned_failover", replicated_item="old", wait_for="started")
    ahead = vault.run("failback", replicated_items=["old", "new"], until="synchronized", steps=steps, **ALONE)
    assert (stage(vault, "old"), stage(vault, "new")) == ("synchronizing", "waiting_for_completion")
    assert outcomes(ahead) == {"old": "synchronizing", "new": "waiting_for_completion"}
    rest = vault.run("failback", replicated_items=[entry("old", ahead), entry("new", ahead)], steps=steps, **ALONE)
    assert outcomes(rest) == {"old": "protected", "new": "protected"}


def test_one_of_those_that_may_copy_at_once_is_waited_for(driver: Any) -> None:
    vault = vault_of(driver, item_of("old", "failed_over", **LONG_AGO), item_of("new", "failed_over"))
    vault.run("planned_failover", replicated_item="old", wait_for="started")
    entries = [{**entry(name), "place": {"host": "hv01"}} for name in ("old", "new")]
    ahead = vault.run("failback", replicated_items=entries, until="synchronized", at_once={"per_host": 1}, **ALONE)
    assert outcomes(ahead) == {"old": "failback_commit_pending", "new": "waiting_for_completion"}


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    "own",
    [
        {"hooks": {"before_cut_over": "/nowhere.yml"}},
        {"hooks": {"before_cut_over": "/nowhere.yml"}, "window": FUTURE},
        {"window": FUTURE},
        {"steps": list(AHEAD)},
    ],
)
def test_what_is_down_already_is_told_where_it_is(driver: Any, own: dict[str, Any], check_mode: bool) -> None:
    vault = vault_of(driver, item_of("old", "failed_over", **LONG_AGO))
    vault.run("planned_failover", replicated_item="old", wait_for="started")
    for until in ("synchronized", "end"):
        entries = [{"replicated_item": "old", **ALONE, **own}]
        run = vault.run("failback", check_mode=check_mode, replicated_items=entries, until=until)
        told = run["vms"]["old"]["result"]
        assert told["outcome"] not in ("failed", "held"), told
        assert check_mode or told["stage"] == stage(vault, "old")


def test_nobody_is_told_to_start_a_vm_that_its_failback_has_shut_down(driver: Any) -> None:
    vault = vault_of(driver, item_of("old", "failed_over", **LONG_AGO))
    vault.run("planned_failover", replicated_item="old", wait_for="started")
    seen = []
    while stage(vault, "old") in ("synchronizing", "completing"):
        checked = vault.run("failback_prereq", replicated_item="old")
        seen += [one for one in checked["findings"] if one["id"] == "azure_vm"]
        vault.pass_time(30)
    assert {one["status"] for one in seen} == {"pass"}
    assert "deallocated: its failback has shut it down" in seen[-1]["seen"]


def test_without_prerequisites_the_failover_itself_is_held(driver: Any) -> None:
    vault = vault_of(driver, item_of("old", "failed_over", **LONG_AGO))
    steps = ["planned_failover", "complete_failover"]
    ahead = vault.run("failback", replicated_items=["old"], until="synchronized", steps=steps, **ALONE)
    assert (stage(vault, "old"), vault.writes()) == ("failed_over", [])
    assert outcomes(ahead) == {"old": "failed_over"}
    rest = vault.run("failback", replicated_items=[entry("old", ahead)], steps=steps, **ALONE)
    assert stage(vault, "old") == "failback_commit_pending"
    assert [step["data_sync"]["option"] for step in rest["vms"]["old"]["result"]["steps"]] == ["during_failover"]


def test_until_the_prerequisites_nothing_is_written(driver: Any) -> None:
    vault = vault_of(driver, item_of("new", "failed_over"))
    checked = vault.run("failback", replicated_items=["new"], until="prerequisites", **ALONE)
    assert vault.writes() == []
    assert checked["vms"]["new"]["state"]["prerequisites"]["host"] == "hv01"
    assert {one["status"] for one in checked["vms"]["new"]["result"]["findings"]} <= {"pass", "warn", "not_checked"}


def test_the_module_itself_does_not_cut_over_where_that_is_ruled_out(driver: Any) -> None:
    vault = vault_of(driver, item_of("old", "failed_over", **LONG_AGO))
    held = vault.run("planned_failover", replicated_item="old", cut_over=False)
    assert (held["held"], held["changed"], vault.writes()) == (True, False, [])
    assert "60 days" in held["reason"]
    failed = vault.fail("planned_failover", replicated_item="old", cut_over=False, direction="primary_to_recovery")
    assert "every failover shuts the VM down" in failed["msg"]


def test_no_more_copy_at_once_than_the_caps_allow(driver: Any) -> None:
    names = [f"vm{number}" for number in range(6)]
    vault = vault_of(driver, *(item_of(name, "failed_over") for name in names))
    hosts = {name: "hv01" if number < 4 else "hv02" for number, name in enumerate(names)}
    entries = [entry(name, place={"host": hosts[name]}) for name in names]
    started: list[tuple[int, int]] = []

    def count(_seconds: float) -> None:
        stages = {name: stage(vault, name) for name in names}
        copying = [name for name, at in stages.items() if at in ("busy", "synchronizing")]
        started.append(tuple(sum(hosts[name] == host for name in copying) for host in ("hv01", "hv02")))

    vault.meanwhile = count
    vault.run("failback", replicated_items=entries, until="synchronized", at_once={"per_host": 1}, **ALONE)
    assert {stage(vault, name) for name in names} == {"waiting_for_completion"}
    assert max(first for first, _second in started) == 1
    assert max(second for _first, second in started) == 1


@pytest.mark.parametrize(
    ("caps", "said"),
    [
        ({"per_host": 1}, "at_once.per_host is set, but the host of new is not known (place)."),
        ({"per_vault": 0}, "at_once.per_vault is 0, not at least 1."),
    ],
)
def test_caps_that_cannot_be_kept_are_refused(driver: Any, caps: dict[str, int], said: str) -> None:
    vault = vault_of(driver, item_of("new", "failed_over"))
    failed = vault.fail("failback", replicated_items=["new"], at_once=caps, **ALONE)
    assert (said in failed["msg"], vault.requests()) == (True, 0)


def test_caps_are_of_the_task(driver: Any) -> None:
    vault = vault_of(driver, item_of("new", "failed_over"))
    failed = vault.fail("failback", replicated_items=[entry("new", at_once={"per_host": 1})], **ALONE)
    assert "at_once" in failed["msg"]


def test_one_that_hands_over_does_not_wait_for_what_takes_hours(driver: Any, hook: str) -> None:
    """The other one's job goes on in Azure, and the next task follows it to its end as its own."""
    vault = vault_of(driver, item_of("quick", "waiting_for_completion"), item_of("slow", "failed_over"))
    entries = [entry("quick", hooks={"before_complete_failover": hook}), entry("slow")]
    handed = vault.run("failback", replicated_items=entries, **ALONE)
    quick, slow = handed["vms"]["quick"], handed["vms"]["slow"]
    assert quick["handover"] == {"kind": "hook", "file": hook}
    assert (slow["handover"], slow["state"]["begun"]["stages"]) == (None, {item_id(vault, "slow"): "failed_over"})
    assert slow["changed"] is True
    job = vault.jobs("slow")[0]
    assert [*slow["state"]["begun"]["jobs"].values()] == [job["name"]]
    assert stage(vault, "slow") == "synchronizing"
    rest = vault.run("failback", replicated_items=[entry("quick", handed), entry("slow", handed)], **ALONE)
    assert outcomes(rest) == {"quick": "protected", "slow": "protected"}
    copied = rest["vms"]["slow"]["result"]["steps"][0]
    assert (copied["changed"], copied["stage"]["before"]) == (True, "failed_over")
    assert copied["data_sync"]["option"] == "before_failover"
    assert [write.split("/")[-1] for write in vault.writes()].count("plannedFailover") == 1


def test_a_job_that_is_cancelled_while_tasks_run_fails_its_vm(driver: Any, hook: str) -> None:
    """It is this run's own job. It is not started again behind the back of whoever cancelled it."""
    vault = vault_of(driver, item_of("quick", "waiting_for_completion"), item_of("slow", "failed_over"))
    entries = [entry("quick", hooks={"before_complete_failover": hook}), entry("slow")]
    handed = vault.run("failback", replicated_items=entries, **ALONE)
    vault.run("job", replicated_item="slow", state="cancelled", accept_inconsistent_disks=True)
    rest = vault.run(
        "failback", replicated_items=[entry("quick", handed), entry("slow", handed)], fail_on_error=False, **ALONE
    )
    assert outcomes(rest) == {"quick": "protected", "slow": "failed"}
    assert [write.split("/")[-1] for write in vault.writes()].count("plannedFailover") == 1


def test_what_cannot_be_taken_up_without_loss_is_not_stopped(driver: Any, hook: str) -> None:
    vault = vault_of(driver, item_of("quick", "waiting_for_completion"), item_of("cutting", "waiting_for_completion"))
    entries = [entry("quick", hooks={"before_complete_failover": hook}), entry("cutting")]
    handed = vault.run("failback", replicated_items=entries, **ALONE)
    cutting = handed["vms"]["cutting"]
    assert stage(vault, "cutting") in ("reverse_replicating", "protected")
    done = [step["step"] for step in cutting["state"]["steps"]]
    assert done[1:3] == ["complete_failover", "commit"]
    assert cutting["state"]["steps"][2]["azure_resources"]["deleted"]


def test_the_report_is_kept_up_to_date_and_keeps_what_is_of_others(driver: Any, tmp_path: Path) -> None:
    vault = vault_of(driver, item_of("vm1", "failed_over"), item_of("vm2", "waiting_for_completion"))
    report = tmp_path / "report.json"
    report.write_text(json.dumps(made_record({"host": "other"})))
    seen: list[dict[str, str]] = []

    def read(_seconds: float) -> None:
        seen.append({one["host"]: one["outcome"] for one in json.loads(report.read_text())["results"]})

    vault.meanwhile = read
    vault.run("failback", replicated_items=["vm1", "vm2"], report=str(report), **ALONE)
    assert {"other": "protected", "vm1": "in_progress", "vm2": "in_progress"} in seen
    read(0)
    assert seen[-1] == {"other": "protected", "vm1": "protected", "vm2": "protected"}
    assert report.stat().st_mode & 0o777 == 0o600


def test_the_report_tells_the_stage_that_the_job_shows(driver: Any, tmp_path: Path) -> None:
    vault = vault_of(driver, item_of("vm1", "failed_over"))
    report = tmp_path / "report.json"
    seen: list[str] = []

    def read(_seconds: float) -> None:
        stages = [one["stage"] for one in json.loads(report.read_text())["results"]] if report.exists() else []
        seen.extend(stage for stage in stages if stage not in seen[-1:])

    vault.meanwhile = read
    vault.run("failback", replicated_items=["vm1"], report=str(report), poll_interval=11, **ALONE)
    running = [
        stage for stage in dict.fromkeys(seen) if stage in ("synchronizing", "completing", "reverse_replicating")
    ]
    assert running == ["synchronizing", "completing", "reverse_replicating"]


@pytest.mark.parametrize(
    ("before", "outcome"),
    [("failed_over", "waiting_for_completion"), ("failback_commit_pending",) * 2, ("failed_back",) * 2],
)
def test_what_waits_for_its_wave_is_under_way(driver: Any, tmp_path: Path, before: str, outcome: str) -> None:
    vault = vault_of(driver, item_of("vm1", before))
    report = tmp_path / "report.json"
    more = (
        {"validation_tasks": None, "commit_policy": "after_validation"} if before == "failback_commit_pending" else {}
    )
    ahead = vault.run("failback", replicated_items=[entry("vm1", **more)], until="synchronized", report=str(report))
    (one,) = json.loads(report.read_text())["results"]
    assert (outcomes(ahead), one["outcome"]) == ({"vm1": outcome}, "in_progress")
    assert one["next"] == "Run again to go on with it."


def test_a_job_of_an_earlier_run_that_somebody_cancels_is_not_started_again(driver: Any, hook: str) -> None:
    vault = vault_of(driver, item_of("quick", "waiting_for_completion"), item_of("slow", "failed_over"))
    vault.run("planned_failover", replicated_item="slow", wait_for="started")
    entries = [entry("quick", hooks={"before_complete_failover": hook}), entry("slow")]
    handed = vault.run("failback", replicated_items=entries, **ALONE)
    assert handed["vms"]["slow"]["state"]["begun"]["jobs"] == {}
    vault.run("job", replicated_item="slow", state="cancelled", accept_inconsistent_disks=True)
    again = [entry("quick", handed), entry("slow", handed)]
    rest = vault.run("failback", replicated_items=again, fail_on_error=False, **ALONE)
    assert outcomes(rest) == {"quick": "protected", "slow": "failed"}
    assert [write.split("/")[-1] for write in vault.writes()].count("plannedFailover") == 1


def test_a_job_of_an_earlier_run_is_followed_and_changes_nothing(driver: Any, hook: str) -> None:
    vault = vault_of(driver, item_of("quick", "waiting_for_completion"), item_of("slow", "failed_over"))
    vault.run("planned_failover", replicated_item="slow", wait_for="started")
    entries = [entry("quick", hooks={"before_complete_failover": hook}), entry("slow")]
    handed = vault.run("failback", replicated_items=entries, **ALONE)
    rest = vault.run("failback", replicated_items=[entry("quick", handed), entry("slow", handed)], **ALONE)
    assert outcomes(rest) == {"quick": "protected", "slow": "protected"}
    assert rest["vms"]["slow"]["result"]["steps"][0]["changed"] is False


def test_copies_under_way_count_before_any_is_begun(driver: Any) -> None:
    vault = vault_of(driver, item_of("new", "failed_over"), item_of("old", "failed_over"))
    vault.run("planned_failover", replicated_item="old", wait_for="started")
    both: list[bool] = []

    def look(_seconds: float) -> None:
        both.append({stage(vault, name) for name in ("new", "old")} <= {"synchronizing", "busy"})

    vault.meanwhile = look
    entries = [entry(name, place={"host": "hv01"}) for name in ("new", "old")]
    vault.run("failback", replicated_items=entries, until="synchronized", at_once={"per_host": 1}, **ALONE)
    assert not any(both)


def test_the_state_of_one_vm_is_not_taken_for_another(driver: Any) -> None:
    """It has the id of its VM: the task would act on that one, under the name of the other."""
    vault = vault_of(driver, item_of("vm1", "failed_over"), item_of("vm2", "failed_over"))
    checked = vault.run("failback", replicated_items=["vm1"], until="prerequisites", **ALONE)
    sent = vault.requests()
    failed = vault.fail("failback", replicated_item="vm2", state=checked["vms"]["vm1"]["state"], **ALONE)
    assert (failed["error"]["kind"], failed["cause"]) == ("configuration", "The option state is of vm1, not of vm2.")
    assert vault.requests() == sent


def test_no_hook_runs_for_what_is_only_held(driver: Any, hook: str) -> None:
    vault = vault_of(driver, item_of("old", "failed_over", **LONG_AGO))
    steps = ["planned_failover", "complete_failover"]
    given = {"replicated_item": "old", "hooks": {"before_planned_failover": hook}, "steps": steps}
    ahead = vault.run("failback", replicated_items=[given], until="synchronized", **ALONE)
    assert (ahead["vms"]["old"]["handover"], vault.writes()) == (None, [])


HOOKS = [
    f"{when}_{what}"
    for what in ("planned_failover", "cut_over", "complete_failover", "commit")
    for when in ("before", "after")
]
COPY = ["before_planned_failover", "after_planned_failover"]
CUT_OVER = ["before_complete_failover", "before_cut_over", "after_cut_over", "after_complete_failover"]
AT_ONCE = ["before_planned_failover", "before_cut_over", "after_cut_over", "after_planned_failover"]
END = ["before_commit", "after_commit"]


@pytest.mark.parametrize(
    ("before", "own", "expected"),
    [
        (item_of("vm1", "failed_over"), {}, [*COPY, *CUT_OVER, *END]),
        (item_of("vm1", "failed_over", **LONG_AGO), {}, [*AT_ONCE, *END]),
        # Without the prerequisites, how its data is copied is found out by the failover.
        (item_of("vm1", "failed_over"), {"steps": list(STEPS[1:])}, [*COPY, *CUT_OVER, *END]),
        (item_of("vm1", "failed_over", **LONG_AGO), {"steps": list(STEPS[1:])}, [*AT_ONCE, *END]),
        (item_of("vm1", "failed_over"), {"data_sync": "during_failover"}, [*AT_ONCE, *END]),
        (item_of("vm1", "failed_over", **LONG_AGO), {"window": FUTURE}, []),
        (item_of("vm1", "waiting_for_completion"), {"window": FUTURE}, COPY),
        (item_of("vm1", "failback_commit_pending"), {}, [*COPY, *END]),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
def test_hooks_of_the_cut_over_run_around_it_whichever_step_it_is(
    driver: Any, tmp_path: Path, before: dict[str, Any], own: dict[str, Any], expected: list[str], check_mode: bool
) -> None:
    vault = vault_of(driver, before)
    hooks = {name: str(tmp_path / name) for name in HOOKS}
    reached: list[str] = []
    handed: Any = None
    while handed is None or handed["vms"]["vm1"]["handover"]:
        entries = [entry("vm1", handed, hooks=hooks, **ALONE, **own)]
        handed = vault.run("failback", check_mode=check_mode, replicated_items=entries)
        if handover := handed["vms"]["vm1"]["handover"]:
            reached.append(Path(handover["file"]).name)
    assert reached == expected


@pytest.mark.parametrize(
    ("own", "whole", "handover", "outcome"),
    [
        ({"hooks": {"before_cut_over": "/hook.yml"}}, {}, "hook", "failed"),
        ({}, {"wave_tasks": True}, "wave", "failed_over"),
        ({"steps": AHEAD}, {}, None, "held"),
        ({}, {"until": "synchronized"}, None, "failed_over"),
    ],
    ids=["hook", "wave", "without the cut-over", "ahead"],
)
def test_what_is_busy_at_first_is_taken_down_no_sooner(
    driver: Any, own: dict[str, Any], whole: dict[str, Any], handover: str | None, outcome: str
) -> None:
    """It cannot be known beforehand that its failback has to be started at all."""
    vault = vault_of(driver, item_of("old", "failover_commit_pending", **LONG_AGO))
    vault.run("commit", replicated_item="old", direction="failover", wait=False)
    told = vault.run("failback", replicated_items=[entry("old", **own)], **whole, **ALONE)["vms"]["old"]
    assert ((told["handover"] or {}).get("kind"), told["result"]["outcome"]) == (handover, outcome)
    assert stage(vault, "old") == "failed_over"
    assert len(vault.writes()) == 1


def test_a_cut_over_that_an_earlier_run_has_begun_has_a_hook_after_it_alone(driver: Any, hook: str) -> None:
    vault = vault_of(driver, item_of("old", "failed_over", **LONG_AGO))
    vault.run("planned_failover", replicated_item="old", wait_for="started")
    given = {"replicated_item": "old", "hooks": {"before_cut_over": "/nowhere.yml", "after_cut_over": hook}}
    handed = vault.run("failback", replicated_items=[given], **ALONE)
    assert handed["vms"]["old"]["handover"] == {"kind": "hook", "file": hook}
    assert stage(vault, "old") == "failback_commit_pending"


@pytest.mark.parametrize("steps", [AHEAD, AHEAD[1:]], ids=["with prerequisites", "without"])
def test_a_run_without_the_cut_over_takes_no_vm_down_unless_that_is_asked_for(driver: Any, steps: list[str]) -> None:
    vault = vault_of(driver, *(item_of(name, "failed_over", **LONG_AGO) for name in ("auto", "first", "down")))
    entries = [
        entry("auto"),
        entry("first", data_sync="before_failover"),
        entry("down", data_sync="during_failover", commit_policy="hold"),
    ]
    check = vault.run("failback", check_mode=True, replicated_items=entries, steps=steps, **ALONE)
    assert (outcomes(check)["auto"], vault.writes()) == ("predicted", [])
    ahead = vault.run("failback", replicated_items=entries, steps=steps, **ALONE)
    assert outcomes(ahead) == {"auto": "held", "first": "waiting_for_completion", "down": "held"}
    assert [stage(vault, name) for name in ("auto", "first", "down")] == [
        "failed_over",
        "waiting_for_completion",
        "failback_commit_pending",
    ]
    held = ahead["vms"]["auto"]["result"]
    assert "takes it down" in held["reason"]
    assert "60 days" in held["reason"]
    assert "Run again with complete_failover" in held["next"]
    assert "failback_data_sync: before_failover" in held["next"]
    assert ahead["vms"]["auto"]["changed"] is False
    assert held["next"] in check["vms"]["auto"]["result"]["next"]


BEFORE_COMMIT = "failback_commit_pending"


@pytest.mark.parametrize(
    ("before", "own", "reached", "after"),
    [
        (item_of("vm1", "waiting_for_completion"), {}, True, "waiting_for_completion"),
        (item_of("vm1", "waiting_for_completion"), {"window": FUTURE}, False, "waiting_for_completion"),
        (item_of("vm1", "failed_over", **LONG_AGO), {}, True, "failed_over"),
        # How its data is copied is then found out here.
        (item_of("vm1", "failed_over", **LONG_AGO), {"steps": list(STEPS[1:])}, True, "failed_over"),
        (item_of("vm1", "failed_over", **LONG_AGO), {"window": FUTURE}, False, "failed_over"),
        (item_of("vm1", "failed_over"), {"data_sync": "during_failover"}, True, "failed_over"),
        (item_of("vm1", BEFORE_COMMIT), {}, True, BEFORE_COMMIT),
        (item_of("vm1", BEFORE_COMMIT), {"commit_policy": "hold"}, False, BEFORE_COMMIT),
        (item_of("vm1", "failed_back"), {}, False, "protected"),
    ],
)
def test_before_it_is_cut_over_or_committed_a_vm_waits_for_the_tasks_before_its_wave(
    driver: Any, before: dict[str, Any], own: dict[str, Any], reached: bool, after: str
) -> None:
    vault = vault_of(driver, before)
    entries = [{"replicated_item": "vm1", **ALONE, **own}]
    first = vault.run("failback", replicated_items=entries, wave_tasks=True)
    one = first["vms"]["vm1"]
    assert (one["handover"], stage(vault, "vm1")) == ({"kind": "wave", "file": ""} if reached else None, after)
    assert one["result"]["outcome"] != "failed"
    if reached:
        rest = vault.run("failback", replicated_items=[entry("vm1", first, **ALONE, **own)])
        assert (outcomes(rest), stage(vault, "vm1")) == ({"vm1": "protected"}, "protected")


def test_what_was_seen_by_an_earlier_task_is_looked_at_again(driver: Any) -> None:
    vault = vault_of(driver, item_of("vm1", "failed_over"))
    steps = ["prerequisites", "planned_failover", "reverse_replicate"]
    ahead = vault.run("failback", replicated_items=["vm1"], until="synchronized", steps=steps, **ALONE)
    vault.run("complete_failover", replicated_item="vm1")
    rest = vault.run("failback", replicated_items=[entry("vm1", ahead)], steps=steps, **ALONE)
    assert rest["vms"]["vm1"]["result"]["stage"] == "failback_commit_pending"


@pytest.mark.parametrize("fails", [True, False], ids=["the task fails", "the task does not fail"])
def test_one_that_fails_is_told_at_once(driver: Any, fails: bool) -> None:
    """Whoever watches need not wait for the end of the task, which may be hours away."""
    vault = vault_of(driver, item_of("vm1", "failover_commit_pending"), item_of("vm2", "failed_over"))
    assert vault.run("failback", replicated_items=["vm1", "vm2"], fail_on_error=fails, **ALONE)["failed"] is fails
    told = [number for number, line in enumerate(vault.lines) if line.startswith("vm1: failed: ")]
    assert len(told) == 1
    assert any("planned failover to on-premises of vm2" in line for line in vault.lines[told[0] :])

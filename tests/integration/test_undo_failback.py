# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back to Azure between the cut-over and its commit: which copies run, in which order, and what is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from support.host_control import host_of, machine_of, machines_of
from support.scenarios import CALLER, CLOUD, item_of, scenario_of

from asr_simulator.hyperv.cmdlets import errors
from asr_simulator.hyperv.hosts import Machine

PENDING = "failback_commit_pending"
# What Site Recovery's own roles lack: the right to start a VM.
STARTER = {"name": "operator", "roles": [*CALLER["roles"], "Virtual Machine Contributor"]}
NODES = ("hv01.c.example", "hv02.c.example")
CLUSTER = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": name, "cluster": "clu"} for name in NODES]}
WORD = "J. Doe: it has no power"
VOUCHED = {"hv01": WORD, "hv02": WORD}
# That a VM runs is said where it was seen.
CLAIM = re.compile(r"[Rr]uns? (in Azure|on-premises)")


def pending(*items: Any, stage: str = PENDING, **parts: Any) -> dict[str, Any]:
    """A vault whose VMs await the commit of their failback, and a caller who may start them in Azure."""
    every = items or (item_of("vm1", stage),)
    return scenario_of(*every, **{"principals": [STARTER], **parts})


def powers(vault: Any, name: str = "vm1") -> tuple[str, str]:
    """The true power of the Azure VM and of the on-premises one."""
    state = vault.state(name)
    return state["azure_vm"]["power"], state["on_premises_vm"]["power"]


def on_host(vault: Any, action: Callable[[Any, Any], None], name: str = "vm1") -> None:
    """Do something to a machine, behind everybody's back."""

    def act(world: Any) -> None:
        (found,) = (one for one in world.hyperv.machines() if one.name == name)
        action(world, found)

    vault.simulator.locked(act)


def becomes(state: str) -> Callable[[Any, Any], None]:
    return lambda _world, machine: setattr(machine, "state", state)


def whats(result: dict[str, Any]) -> list[str]:
    return [step["what"] for step in result["steps"]]


def test_the_azure_vm_runs_again_and_the_other_is_off_and_held(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    result = vault.run("undo_failback", replicated_item="vm1", reason="it does not work")
    assert powers(vault) == ("running", "off")
    assert machine_of(vault.simulator, "vm1")["automatic_start_action"] == "Nothing"
    assert vault.state("vm1")["stage"] == PENDING
    assert vault.writes() == ["POST vm1/start"]
    assert (result["changed"], result["stage"]) == (True, {"before": PENDING, "after": PENDING})
    assert (result["authoritative_side"], result["reversible"], result["job"]) == ("azure", True, None)
    assert whats(result) == ["shut_down", "keep_off", "start"]
    assert [(step["before"], step["after"]) for step in result["steps"]] == [
        ("Running", "Off"),
        ("StartIfRunning", "Nothing"),
        ("deallocated", "running"),
    ]
    assert result["split_brain_check"]["verdict"] == "proved"
    assert [one["runs"] for one in result["split_brain_check"]["before"]] == ["on_premises"]
    assert [one["runs"] for one in result["split_brain_check"]["after"]] == ["azure"]
    (record,) = result["undone"]["vms"]
    assert (record["name"], record["hosts"]) == ("vm1", ["hv01"])
    assert record["cut_over_at"] < record["stopped_at"] <= record["started_at"]
    assert record["automatic_start_action"] == [{"where": "hv01", "before": "StartIfRunning", "after": "Nothing"}]
    assert result["undone"]["reason"] == "it does not work"


def test_a_second_run_changes_nothing(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.run("undo_failback", replicated_item="vm1")
    seen = vault.requests()
    again = vault.run("undo_failback", replicated_item="vm1")
    assert (again["changed"], again["steps"], again["authoritative_side"]) == (False, [], "azure")
    assert vault.writes(seen) == []


def test_a_host_that_restarts_does_not_start_it(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.run("undo_failback", replicated_item="vm1")
    vault.simulator.locked(lambda world: world.hyperv.restart(world.hyperv.host("hv01")))
    vault.pass_time(600)
    assert host_of(vault.simulator, "hv01")["alive"] is True
    assert powers(vault) == ("running", "off")


def test_check_mode_writes_nothing_on_either_side(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    predicted = vault.run("undo_failback", replicated_item="vm1", check_mode=True)
    assert (predicted["changed"], predicted["authoritative_side"], predicted["steps"]) == (True, "azure", [])
    assert (powers(vault), vault.writes()) == (("deallocated", "running"), [])
    assert machine_of(vault.simulator, "vm1")["automatic_start_action"] == "StartIfRunning"
    vault.run("undo_failback", replicated_item="vm1")
    assert vault.run("undo_failback", replicated_item="vm1", check_mode=True)["changed"] is False


@pytest.mark.parametrize(
    ("stage", "words", "side"),
    [
        ("protected", "nothing to go back to", "on_premises"),
        ("failover_commit_pending", "nothing to undo", "azure"),
        ("failed_over", "nothing to undo", "azure"),
        ("synchronizing", "Do not cancel", "azure"),
        ("waiting_for_completion", "Let it wait, for days if need be", "azure"),
        ("completing", "Wait until complete_failover has ended", "azure"),
        ("failed_back", "nothing to go back to", "on_premises"),
        ("reverse_replicating", "protect it", "on_premises"),
        ("interrupted", "Never start the on-premises VM", "azure"),
    ],
)
def test_every_other_stage_is_refused_with_what_applies_there(driver: Any, stage: str, words: str, side: str) -> None:
    vault = driver(pending(stage=stage)).knows_hosts()
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert failed["error"]["kind"] == "refused"
    assert words in failed["msg"]
    assert failed["authoritative_side"] == side
    assert not CLAIM.search(failed["msg"])
    assert vault.writes() == []


def test_a_full_download_leaves_no_vm_that_runs_and_none_is_claimed(driver: Any) -> None:
    vault = driver(pending(stage="failed_over")).knows_hosts()
    vault.run("planned_failover", replicated_item="vm1", data_sync="during_failover", wait_for="started")
    vault.pass_time(240)
    assert powers(vault) == ("deallocated", "off")
    copying = vault.fail("undo_failback", replicated_item="vm1")
    assert copying["stage"]["before"] == "synchronizing"
    assert "the Azure VM is shut down" in copying["msg"]
    assert "Let it end" in copying["msg"]
    cancelled = vault.run("job", replicated_item="vm1", state="cancelled", accept_inconsistent_disks=True)
    assert powers(vault) == ("deallocated", "off")
    left = vault.fail("undo_failback", replicated_item="vm1")
    for words in (left["msg"], cancelled["warnings"][0]):
        assert "may have shut the Azure VM down" in words
    for words in (copying["msg"], left["msg"]):
        assert not CLAIM.search(words)
        assert "can simply wait" not in words


def test_a_job_that_owns_the_vm_is_waited_for(driver: Any) -> None:
    vault = driver(pending(stage="busy")).knows_hosts()
    refused = vault.fail("undo_failback", replicated_item="vm1", wait=False)
    assert "Another operation is in progress" in refused["msg"]
    # What it leaves behind is a VM that was never cut over.
    assert "nothing to undo" in vault.fail("undo_failback", replicated_item="vm1")["msg"]


def test_a_commit_that_runs_leaves_nothing_to_go_back_to(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.run("commit", replicated_item="vm1", policy="now", wait=False)
    assert "nothing to go back to" in vault.fail("undo_failback", replicated_item="vm1")["msg"]
    assert powers(vault)[1] == "running"


def test_a_run_goes_on_where_an_earlier_one_ended(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", power="off")
    result = vault.run("undo_failback", replicated_item="vm1")
    assert (whats(result), result["changed"]) == (["keep_off", "start"], True)
    assert result["undone"]["vms"][0]["stopped_at"] is None
    assert powers(vault) == ("running", "off")


def test_a_vm_that_does_not_show_its_start_yet_is_not_said_to_be_off(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(azure_vm="vm1", start="unseen")
    result = vault.run("undo_failback", replicated_item="vm1", wait=False)
    assert (powers(vault), result["authoritative_side"]) == (("deallocated", "off"), "mixed")


def test_a_start_that_shows_too_late_is_not_said_to_have_come_to_nothing(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(azure_vm="vm1", start="unseen")
    failed = vault.fail("undo_failback", replicated_item="vm1", wait_timeout=30)
    assert (failed["error"]["kind"], failed["authoritative_side"]) == ("timeout", "mixed")
    assert "No copy is known to run" not in failed["msg"]


def test_a_start_that_runs_is_waited_for(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    first = vault.run("undo_failback", replicated_item="vm1", wait=False)
    assert (powers(vault), whats(first)[-1]) == (("starting", "off"), "start")
    assert (first["steps"][-1]["after"], first["steps"][-1]["seen_by"]) == (None, "nobody yet")
    assert (first["authoritative_side"], first["reversible"]) == ("mixed", True)
    second = vault.run("undo_failback", replicated_item="vm1")
    assert (second["changed"], second["steps"]) == (False, [])
    assert powers(vault) == ("running", "off")
    assert vault.writes() == ["POST vm1/start"]


def test_a_start_whose_answer_is_lost_is_settled_by_reading(driver: Any) -> None:
    fault = {"match": {"method": "POST", "path": "/start$"}, "action": {"do": "status", "status": 503, "when": "after"}}
    vault = driver(pending(faults=[fault])).knows_hosts()
    result = vault.run("undo_failback", replicated_item="vm1")
    assert whats(result)[-1] == "start"
    assert (powers(vault), vault.writes()) == (("running", "off"), ["POST vm1/start"])


def test_a_start_that_never_arrived_is_told_and_the_next_run_goes_on(driver: Any) -> None:
    fault = {"match": {"method": "POST", "path": "/start$"}, "action": {"do": "status", "status": 503}}
    vault = driver(pending(faults=[fault])).knows_hosts()
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert (failed["error"]["kind"], failed["authoritative_side"]) == ("fate_unknown", "mixed")
    assert "Azure was asked to start its VM, which is authoritative once it runs" in failed["msg"]
    assert powers(vault) == ("deallocated", "off")
    vault.run("undo_failback", replicated_item="vm1")
    assert powers(vault) == ("running", "off")


@pytest.mark.parametrize("when", ["at_once", "later"])
def test_azure_that_has_no_room_leaves_both_off_and_says_so(driver: Any, when: str) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(azure_vm="vm1", start="refused", when=when)
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert failed["error"]["kind"] == "service"
    assert "AllocationFailed" in failed["msg"]
    assert "its Azure VM is deallocated, on hv01 it is Off" in failed["msg"]
    assert "The on-premises disks hold the latest data." in failed["msg"]
    assert "two options" in failed["msg"]
    assert (failed["changed"], failed["authoritative_side"]) == (True, "on_premises")
    assert whats(failed["error"]) == ["shut_down", "keep_off", *(["start"] if when == "later" else [])]
    assert powers(vault) == ("deallocated", "off")
    vault.trouble(azure_vm="vm1", start="ok")
    assert whats(vault.run("undo_failback", replicated_item="vm1")) == ["start"]
    assert powers(vault) == ("running", "off")


def test_without_the_right_to_start_nothing_is_stopped(driver: Any) -> None:
    vault = driver(pending(principals=[CALLER])).knows_hosts()
    for check_mode in (True, False):
        failed = vault.fail("undo_failback", replicated_item="vm1", check_mode=check_mode)
        assert failed["error"]["kind"] == "refused"
        assert "its roles lack Microsoft.Compute/virtualMachines/start/action" in failed["msg"]
    assert (powers(vault), vault.writes(), failed["changed"]) == (("deallocated", "running"), [], False)


def test_where_rights_cannot_be_read_nothing_is_stopped(driver: Any) -> None:
    blind = {"name": "Blind", "actions": ["Microsoft.Compute/virtualMachines/*"]}
    actions = ["Microsoft.RecoveryServices/*"]
    roles = [blind, {"name": "Recovery", "actions": actions}]
    who = {"name": "operator", "roles": ["Blind", "Recovery"]}
    vault = driver(pending(principals=[who], roles=roles)).knows_hosts()
    assert "may be started is not known" in vault.fail("undo_failback", replicated_item="vm1")["msg"]
    assert powers(vault) == ("deallocated", "running")


@pytest.mark.parametrize(("lock", "stops"), [("ReadOnly", True), ("CanNotDelete", False)])
def test_only_a_lock_that_forbids_the_start_is_in_the_way(driver: Any, lock: str, stops: bool) -> None:
    vault = driver(pending(item_of("vm1", PENDING, locks=[lock]))).knows_hosts()
    if stops:
        assert "A ReadOnly lock" in vault.fail("undo_failback", replicated_item="vm1")["msg"]
    else:
        vault.run("undo_failback", replicated_item="vm1")
    assert powers(vault) == (("deallocated", "running") if stops else ("running", "off"))


def test_an_azure_vm_that_is_gone_is_nothing_to_go_back_to(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.simulator.locked(lambda world: world.compute.delete_vm_and_disks("vm1"))
    assert "nothing to go back to" in vault.fail("undo_failback", replicated_item="vm1")["msg"]
    assert vault.state("vm1")["on_premises_vm"]["power"] == "running"


def test_two_copies_that_run_are_left_alone(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.simulator.locked(lambda world: world.compute.start("vm1"))
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert "Both copies of vm1 are up" in failed["msg"]
    assert (failed["authoritative_side"], powers(vault)) == ("mixed", ("running", "running"))


@pytest.mark.parametrize("hosts", ["unreachable", "unnamed"])
def test_a_copy_that_cannot_be_asked_stops_it_unless_somebody_vouches(driver: Any, hosts: str) -> None:
    vault = driver(pending())
    if hosts == "unreachable":
        vault.knows_hosts().trouble(host="hv01", dead=True)
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert failed["error"]["kind"] == "refused"
    assert "Whether vm1 is off on hv01 is not known" in failed["msg"]
    assert "attested_off" in failed["msg"]
    assert vault.writes() == []
    vault.trouble(vm="vm1", power="off")
    result = vault.run("undo_failback", replicated_item="vm1", attested_off=VOUCHED)
    assert powers(vault) == ("running", "off")
    assert result["split_brain_check"]["verdict"] == "not_checked"
    assert result["undone"]["attested_off"] == VOUCHED
    silent = ["hv01"] if hosts == "unreachable" else ["hv01", "hv02"]
    assert result["undone"]["vms"][0]["vouched_for"] == silent
    assert vault.run("undo_failback", replicated_item="vm1", attested_off=VOUCHED)["changed"] is False


@pytest.mark.parametrize("trouble", [{"dead": True}, {"reachable": False}, {"password": "wrong"}], ids=str)
def test_a_silent_host_that_is_not_named_is_in_the_way(driver: Any, trouble: dict[str, Any]) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(host="hv01", dead=True)
    vault.trouble(host="hv02", **trouble)
    failed = vault.fail("undo_failback", replicated_item="vm1", attested_off={"HV01": WORD})
    assert "Whether vm1 is off on hv02 is not known" in failed["msg"]
    assert "off on hv01" not in failed["msg"]
    assert vault.writes() == []


def test_a_short_name_of_two_silent_hosts_vouches_for_neither(driver: Any) -> None:
    names = ("hv01.a.example", "hv01.b.example")
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": name} for name in names]}
    vault = driver(pending(item_of("vm1", PENDING, host=names[0]), fabrics=[site, CLOUD])).knows_hosts()
    for name in names:
        vault.trouble(host=name, dead=True)
    failed = vault.fail("undo_failback", replicated_item="vm1", attested_off={"hv01": WORD})
    assert all(f"Whether vm1 is off on {name} is not known" in failed["msg"] for name in names)
    assert vault.writes() == []
    vault.run("undo_failback", replicated_item="vm1", attested_off=dict.fromkeys(names, WORD))
    assert powers(vault) == ("running", "off")


def test_hosts_that_nobody_may_ask_are_told_together_and_vouched_for_one_by_one(driver: Any) -> None:
    names = [f"hv{number:02}" for number in range(1, 41)]
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": name} for name in names]}
    vault = driver(pending(fabrics=[site, CLOUD]))
    failed = vault.fail("undo_failback", replicated_item="vm1", attested_off=dict.fromkeys(names[:-2], WORD))
    assert "Whether vm1 is off on hv39, hv40 is not known" in failed["msg"]
    assert failed["msg"].count("hv39") == 1
    assert (vault.writes(), powers(vault)) == ([], ("deallocated", "running"))
    told = failed["error"]["sides"][0]["on_premises"]
    assert [one["host"] for one in told] == ["hv01", "hv02, hv03, hv04, hv05, hv06 and 34 more"]
    vault.trouble(vm="vm1", power="off")
    result = vault.run("undo_failback", replicated_item="vm1", attested_off=dict.fromkeys(names, WORD))
    assert (powers(vault), result["undone"]["vms"][0]["vouched_for"]) == (("running", "off"), names)


@pytest.mark.parametrize(
    "given",
    [
        False,
        True,
        "False",
        "no",
        0,
        WORD,
        *({"hv01": no} for no in (False, "False", "no", "0", None, "~", 0, "yes.", "1 2")),
    ],
    ids=repr,
)
def test_what_is_no_sentence_about_a_host_vouches_for_nothing(driver: Any, given: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(host="hv01", reachable=False)
    assert "attested_off" in vault.fail("undo_failback", replicated_item="vm1", attested_off=given)["msg"]
    assert powers(vault) == ("deallocated", "running")


@pytest.mark.parametrize("seconds", [0, -1, 10**9])
def test_a_shutdown_takes_a_time_that_can_be_waited_for(driver: Any, seconds: int) -> None:
    vault = driver(pending()).knows_hosts()
    failed = vault.fail("undo_failback", replicated_item="vm1", shutdown_timeout=seconds)
    assert failed["error"]["kind"] == "configuration"
    assert "shutdown_timeout must be" in failed["msg"]
    assert powers(vault) == ("deallocated", "running")


def test_nobody_can_vouch_against_what_a_host_says(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    on_host(vault, becomes("Paused"))
    failed = vault.fail("undo_failback", replicated_item="vm1", attested_off=VOUCHED)
    assert "vm1 on hv01 is Paused" in failed["msg"]
    assert vault.writes() == []


@pytest.mark.parametrize(
    ("state", "words"),
    [("Saved", "Remove-VMSavedState"), ("Paused", "force_off: true"), ("Starting", "force_off: true")],
)
def test_what_cannot_be_shut_down_is_left_as_it_is(driver: Any, state: str, words: str) -> None:
    vault = driver(pending()).knows_hosts()
    on_host(vault, becomes(state))
    assert words in vault.fail("undo_failback", replicated_item="vm1")["msg"]
    assert machine_of(vault.simulator, "vm1")["state"] == state
    assert vault.writes() == []


def test_a_saved_memory_is_not_thrown_away_by_force(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    on_host(vault, becomes("Saved"))
    vault.fail("undo_failback", replicated_item="vm1", force_off=True)
    assert machine_of(vault.simulator, "vm1")["state"] == "Saved"


def test_a_paused_vm_is_turned_off_by_force(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    on_host(vault, becomes("Paused"))
    assert whats(vault.run("undo_failback", replicated_item="vm1", force_off=True)) == ["turn_off", "keep_off", "start"]
    assert powers(vault) == ("running", "off")


# What keeps a guest from shutting down, whether it is asked again while it does, and what is said of it.
NO_SHUTDOWN = (
    ({"shutdown_component": "missing"}, False, "the integration service for shutdown is missing in its guest, or off"),
    ({"shutdown_component": "fails"}, False, "the request to its guest failed (return code 32768)"),
    ({"heartbeat": "none"}, True, "its guest is not ready for it (return code 32780)"),
    ({"shutdown_seconds": 3600}, True, "its guest was asked to shut down, but did not finish within 300 seconds"),
)


@pytest.mark.parametrize(("fault", "is_waited_for", "words"), NO_SHUTDOWN, ids=lambda one: str(one)[:40])
def test_a_guest_that_does_not_shut_down_is_not_turned_off(
    driver: Any, fault: dict[str, Any], is_waited_for: bool, words: str
) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", **fault)
    began = vault.seconds
    failed = vault.fail("undo_failback", replicated_item="vm1", shutdown_timeout=300)
    assert failed["error"]["kind"] == "host"
    assert words in failed["msg"]
    assert "Nothing was started in Azure." in failed["msg"]
    assert failed["authoritative_side"] == "on_premises"
    assert (vault.seconds - began >= 300) is is_waited_for
    assert (powers(vault), machine_of(vault.simulator, "vm1")["turned_off"]) == (("deallocated", "running"), 0)
    vault.pass_time(300)
    assert machine_of(vault.simulator, "vm1")["turned_off"] == 0


@pytest.mark.parametrize(("fault", "_is_waited_for", "words"), NO_SHUTDOWN, ids=lambda one: str(one)[:40])
def test_a_guest_is_turned_off_by_force_after_the_time_for_its_shutdown(
    driver: Any, fault: dict[str, Any], _is_waited_for: bool, words: str
) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", **fault)
    began = vault.seconds
    result = vault.run("undo_failback", replicated_item="vm1", force_off=True, shutdown_timeout=300)
    assert vault.seconds - began >= 300
    (turned_off,) = (step for step in result["steps"] if step["what"] == "turn_off")
    assert turned_off["after"] == "Off"
    assert f"Turned off, as force_off allows: {words}" in turned_off["detail"]
    assert whats(result)[-3:] == ["turn_off", "keep_off", "start"]
    assert (powers(vault), machine_of(vault.simulator, "vm1")["turned_off"]) == (("running", "off"), 1)


def test_a_guest_whose_shutdown_was_withdrawn_is_asked_before_it_is_turned_off(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    on_host(vault, lambda world, machine: machine.begin_shutdown(world.clock.now()))
    withdrawn = []

    def goes_on(_seconds: float) -> None:
        if not withdrawn:
            withdrawn.append(True)
            on_host(vault, lambda _world, machine: machine.withdraw_shutdown())

    vault.meanwhile = goes_on
    result = vault.run("undo_failback", replicated_item="vm1", force_off=True, shutdown_timeout=120)
    assert whats(result) == ["shut_down", "keep_off", "start"]
    assert machine_of(vault.simulator, "vm1")["turned_off"] == 0


class Slow(Machine):
    """A machine that its host turns off some time after it has said that it could not."""

    def turn_off(self, **how: Any) -> None:
        if not self.__dict__.get("is_asked"):
            self.__dict__["is_asked"] = True
            raise errors.operation_failed("The operation timed out.")
        super().turn_off(**how)


def test_a_vm_that_was_turned_off_although_its_host_said_otherwise_is_told(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", shutdown_component="missing")
    on_host(vault, lambda _world, machine: setattr(machine, "__class__", Slow))

    def ends(_seconds: float) -> None:
        on_host(vault, lambda _world, machine: machine.turn_off() if machine.__dict__.get("is_asked") else None)

    vault.meanwhile = ends
    result = vault.run("undo_failback", replicated_item="vm1", force_off=True, shutdown_timeout=60)
    assert whats(result) == ["turn_off", "keep_off", "start"]
    assert result["steps"][0]["after"] == "Off"


def test_a_guest_may_take_as_long_to_shut_down_as_it_is_given(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", shutdown_seconds=1500)
    result = vault.run("undo_failback", replicated_item="vm1", force_off=True, shutdown_timeout=1800)
    assert whats(result) == ["shut_down", "keep_off", "start"]
    assert (powers(vault), machine_of(vault.simulator, "vm1")["turned_off"]) == (("running", "off"), 0)


def test_a_guest_is_not_turned_off_where_the_task_ends_before_the_time_for_its_shutdown(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", shutdown_seconds=3600)
    failed = vault.fail("undo_failback", replicated_item="vm1", force_off=True, shutdown_timeout=600, wait_timeout=200)
    assert "Increase wait_timeout" in failed["msg"]
    assert machine_of(vault.simulator, "vm1")["turned_off"] == 0


def test_a_guest_that_becomes_ready_is_asked_again(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", heartbeat="none")
    then(vault, 100, lambda: vault.trouble(vm="vm1", heartbeat="ok"))
    assert whats(vault.run("undo_failback", replicated_item="vm1")) == ["shut_down", "keep_off", "start"]
    assert machine_of(vault.simulator, "vm1")["turned_off"] == 0


def test_a_guest_that_is_asked_late_has_its_time_from_then_on(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", heartbeat="none")
    vault.trouble(vm="vm1", shutdown_seconds=200)
    then(vault, 250, lambda: vault.trouble(vm="vm1", heartbeat="ok"))
    result = vault.run("undo_failback", replicated_item="vm1", force_off=True, shutdown_timeout=300)
    assert whats(result) == ["shut_down", "keep_off", "start"]
    assert machine_of(vault.simulator, "vm1")["turned_off"] == 0


@pytest.mark.parametrize("fault", [{"unsaved_data": True}, {"shutdown_component": "locked"}], ids=str)
def test_applications_are_closed_unless_that_is_not_wanted(driver: Any, fault: dict[str, Any]) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", **fault)
    failed = vault.fail("undo_failback", replicated_item="vm1", close_applications=False, shutdown_timeout=120)
    assert "close_applications" in failed["msg"]
    assert (powers(vault), machine_of(vault.simulator, "vm1")["turned_off"]) == (("deallocated", "running"), 0)
    assert whats(vault.run("undo_failback", replicated_item="vm1")) == ["shut_down", "keep_off", "start"]


SICK = [{"name": "sick", "state": "Running"}]


def test_a_vm_that_cannot_be_read_keeps_nobody_from_another(driver: Any) -> None:
    hosts = [{"name": "hv01", "virtual_machines": SICK}, {"name": "hv02"}]
    site = {"name": "site1", "type": "HyperVSite", "hosts": hosts}
    vault = driver(pending(fabrics=[site, CLOUD])).knows_hosts()
    vault.trouble(vm="sick", broken=True)
    vault.trouble(vm="vm1", shutdown_seconds=60)
    assert whats(vault.run("undo_failback", replicated_item="vm1")) == ["shut_down", "keep_off", "start"]
    assert powers(vault) == ("running", "off")


def test_a_vm_that_itself_cannot_be_read_is_not_checked(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", broken=True)
    failed = vault.fail("undo_failback", replicated_item="vm1", force_off=True)
    assert "Whether vm1 is off on hv01 is not known ('vm1' could not be read." in failed["msg"]
    assert (failed["changed"], powers(vault)) == (False, ("deallocated", "running"))


def test_a_vm_that_cannot_be_read_after_its_shutdown_was_asked_for_is_told(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    then(vault, 5, lambda: vault.trouble(vm="vm1", broken=True))
    failed = vault.fail("undo_failback", replicated_item="vm1", shutdown_timeout=120, force_off=True)
    (step,) = failed["error"]["steps"]
    assert (step["what"], step["before"], step["after"]) == ("shut_down", "Running", None)
    told = "hv01 has accepted the shutdown of vm1, but the VM could not be read afterwards"
    assert told in step["detail"]
    assert told in failed["msg"]
    assert "'vm1' could not be read." in step["detail"]
    assert failed["changed"] is True
    assert (vault.writes(), machine_of(vault.simulator, "vm1")["turned_off"]) == ([], 0)


class Fading(Machine):
    """A machine that cannot be read any more once its automatic start action is changed."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "automatic_start_action":
            self.readable = False


def test_a_vm_that_cannot_be_read_after_it_was_held_is_told(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    on_host(vault, lambda _world, machine: setattr(machine, "__class__", Fading))
    failed = vault.fail("undo_failback", replicated_item="vm1")
    step = failed["error"]["steps"][-1]
    assert (step["what"], step["before"], step["after"]) == ("keep_off", "StartIfRunning", None)
    told = "hv01 has accepted the change of the automatic start action of vm1, but the VM could not be read afterwards"
    assert told in step["detail"]
    assert told in failed["msg"]
    assert (failed["changed"], vault.writes()) == (True, [])


@pytest.mark.parametrize("fault", [{"reachable": False}, {"password": "wrong"}], ids=["silent", "refuses"])
# Before the shutdown, after it, before the automatic start action is changed, at that change, and after it.
@pytest.mark.parametrize("sessions", [4, 6, 9, 11, 13])
def test_a_host_that_took_a_change_and_then_cannot_be_asked_is_a_failure_of_its_own(
    driver: Any, fault: dict[str, Any], sessions: int
) -> None:
    vault = driver(pending()).knows_hosts()
    worlds = [vault.simulator.locked(lambda world: world)]

    def strike(world: Any) -> None:
        if world in worlds and len(world.shells.sessions()) >= sessions:
            worlds.clear()
            world.apply_fault({"host": "hv01", **fault})

    vault.simulator.watch(strike)
    failed = vault.fail("undo_failback", replicated_item="vm1", shutdown_timeout=60)
    is_down = powers(vault) == ("deallocated", "off")
    assert (failed["changed"], failed["error"]["steps"] != [], vault.writes()) == (is_down, is_down, [])
    assert failed["error"]["kind"] in (["host"] if is_down else ["host_unreachable", "host_authentication"])
    told = ("the VM could not be read afterwards", "was stopped, but its host could not be asked to keep it off")
    assert any(words in failed["msg"] for words in told) is is_down
    assert failed["error"]["host"] == "hv01"


def test_a_vm_that_is_going_down_is_waited_for(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    on_host(vault, becomes("Stopping"))

    def ends(seconds: float) -> None:
        if seconds >= 100:
            on_host(vault, lambda _world, machine: machine.turn_off())

    vault.meanwhile = ends
    assert whats(vault.run("undo_failback", replicated_item="vm1")) == ["await_off", "keep_off", "start"]
    assert powers(vault) == ("running", "off")


def test_one_that_never_ends_going_down_is_told(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    on_host(vault, becomes("Stopping"))
    failed = vault.fail("undo_failback", replicated_item="vm1", shutdown_timeout=60)
    assert "not finish within 60 seconds" in failed["msg"]
    assert vault.writes() == []


class Restless(Machine):
    """A machine that something starts as soon as it has been stopped and is to be held down."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "automatic_start_action":
            self.run(self.created)


def test_a_copy_that_comes_up_in_between_keeps_azure_off(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    on_host(vault, lambda _world, machine: setattr(machine, "__class__", Restless))
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert failed["error"]["kind"] == "contradiction"
    assert "not every on-premises copy is proved off: vm1: on hv01 it is Running" in failed["msg"]
    assert (vault.writes(), powers(vault)) == ([], ("deallocated", "running"))
    assert (failed["changed"], failed["authoritative_side"]) == (True, "on_premises")


def test_a_namesake_is_never_stopped(driver: Any) -> None:
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}, {"name": "hv02"}]}
    site["hosts"][1]["virtual_machines"] = [{"name": "other", "state": "Running"}]
    vault = driver(pending(fabrics=[site, CLOUD])).knows_hosts()

    def swap(world: Any) -> None:
        mine, other = world.hyperv.host("hv01").machines, world.hyperv.host("hv02").machines
        mine.clear()
        namesake = other.pop()
        namesake.name, namesake.host = "vm1", world.hyperv.host("hv01")
        mine.append(namesake)

    vault.simulator.locked(swap)
    failed = vault.fail("undo_failback", replicated_item="vm1", force_off=True)
    assert "not known to be the replicated VM" in failed["msg"]
    assert machine_of(vault.simulator, "vm1")["state"] == "Running"
    vault.trouble(vm="vm1", power="off")
    # That one is off; where the VM itself is, the host does not know.
    vault.run("undo_failback", replicated_item="vm1", attested_off={"hv01": WORD})
    assert machine_of(vault.simulator, "vm1")["automatic_start_action"] == "StartIfRunning"
    assert vault.state("vm1")["azure_vm"]["power"] == "running"


def without_hyperv_id(vault: Any) -> None:
    """Let Site Recovery tell of no VM by which id its host knows it."""
    details = "properties.providerSpecificDetails"
    for path, where in (("/replicationProtectedItems$", "value[]."), ("/replicationProtectedItems/[^/]+$", "")):
        first, more = f"{where}{details}.vmId", f"{where}{details}.azureVmDiskDetails[].diskId"
        action = {"do": "edit", "field": first, "also": [more], "to": None}
        fault = {"match": {"method": "GET", "path": path, "times": 0}, "action": action}
        vault.simulator.locked(lambda world, fault=fault: world.faults.add(fault))


def test_a_vm_that_only_its_name_tells_proves_nothing_by_being_off(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    without_hyperv_id(vault)
    vault.trouble(vm="vm1", power="off")
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert failed["error"]["kind"] == "refused"
    assert "On hv01 a VM called vm1 is Off, and not known to be the replicated VM" in failed["msg"]
    assert "attested_off" in failed["remedy"]
    assert (vault.writes(), powers(vault)) == ([], ("deallocated", "off"))


def test_somebody_vouches_for_a_vm_that_only_its_name_tells_while_it_is_off(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    without_hyperv_id(vault)
    failed = vault.fail("undo_failback", replicated_item="vm1", attested_off=VOUCHED)
    assert "On hv01 a VM called vm1 is Running" in failed["msg"]
    assert powers(vault) == ("deallocated", "running")
    vault.trouble(vm="vm1", power="off")
    result = vault.run("undo_failback", replicated_item="vm1", attested_off=VOUCHED)
    assert powers(vault) == ("running", "off")
    assert result["split_brain_check"]["verdict"] == "not_checked"
    assert result["undone"]["vms"][0]["vouched_for"] == ["hv01"]
    # Whose it is nobody has told: it is left as it is.
    assert whats(result) == ["start"]
    assert machine_of(vault.simulator, "vm1")["automatic_start_action"] == "StartIfRunning"


def test_a_vm_that_was_moved_is_stopped_where_it_is(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()

    def move(world: Any, machine: Any) -> None:
        machine.host.machines.remove(machine)
        machine.host = world.hyperv.host("hv02")
        machine.host.machines.append(machine)

    on_host(vault, move)
    result = vault.run("undo_failback", replicated_item="vm1", attested_off={"hv01": "J. Doe: it was moved to hv02"})
    assert result["steps"][0]["where"] == "hv02"
    assert powers(vault) == ("running", "off")


def test_a_vm_that_came_home_to_another_host_leaves_the_old_copy_off(driver: Any) -> None:
    vault = driver(pending(stage="failed_over")).knows_hosts()
    vault.run("planned_failover", replicated_item="vm1", target_host="hv02", create_vm_if_missing=True)
    if vault.state("vm1")["stage"] != PENDING:
        vault.run("complete_failover", replicated_item="vm1")
    vault.pass_time(300)
    vault.run("undo_failback", replicated_item="vm1")
    assert {machine["host"]: machine["state"] for machine in machines_of(vault.simulator, "vm1")} == {
        "hv01": "Off",
        "hv02": "Off",
    }
    assert vault.state("vm1")["azure_vm"]["power"] == "running"


def test_a_copy_in_a_cluster_is_for_the_cluster_to_stop(driver: Any) -> None:
    vault = driver(pending(item_of("vm1", PENDING, host=NODES[0]), fabrics=[CLUSTER, CLOUD])).knows_hosts()
    failed = vault.fail("undo_failback", replicated_item="vm1", force_off=True)
    assert "belongs to a failover cluster" in failed["msg"]
    assert powers(vault) == ("deallocated", "running")
    vault.trouble(vm="vm1", power="off")
    assert whats(vault.run("undo_failback", replicated_item="vm1")) == ["start"]
    assert powers(vault) == ("running", "off")


def test_behind_vmm_the_host_itself_is_asked(driver: Any) -> None:
    vault = driver(pending(item_of("vm1", PENDING, cloud="cloud1"))).knows_hosts()
    result = vault.run("undo_failback", replicated_item="vm1")
    assert whats(result) == ["shut_down", "keep_off", "start"]
    assert powers(vault) == ("running", "off")


PLAN = [{"name": "shop", "groups": [["db"], ["web"]]}]


def shop(**web: Any) -> dict[str, Any]:
    items = (item_of("db", PENDING), item_of("web", PENDING, **{"host": "hv02", **web}))
    return pending(*items, recovery_plans=PLAN)


def test_a_plan_goes_down_backwards_and_comes_up_in_its_order(driver: Any) -> None:
    vault = driver(shop()).knows_hosts()
    result = vault.run("undo_failback", recovery_plan="shop")
    assert [(step["vm"], step["what"]) for step in result["steps"]] == [
        ("web", "shut_down"),
        ("web", "keep_off"),
        ("db", "shut_down"),
        ("db", "keep_off"),
        ("db", "start"),
        ("web", "start"),
    ]
    assert [powers(vault, name) for name in ("db", "web")] == [("running", "off")] * 2
    assert {member["authoritative_side"] for member in result["members"]} == {"azure"}
    assert vault.run("undo_failback", recovery_plan="shop")["changed"] is False


def test_one_vm_of_a_plan_that_cannot_go_keeps_all_of_them(driver: Any) -> None:
    vault = driver(shop(locks=["ReadOnly"])).knows_hosts()
    assert "A ReadOnly lock keeps the Azure VM of web" in vault.fail("undo_failback", recovery_plan="shop")["msg"]
    assert [powers(vault, name) for name in ("db", "web")] == [("deallocated", "running")] * 2


def test_a_plan_of_which_azure_starts_only_some_says_where_each_is(driver: Any) -> None:
    vault = driver(shop()).knows_hosts()
    vault.trouble(azure_vm="web", start="refused")
    failed = vault.fail("undo_failback", recovery_plan="shop")
    assert failed["authoritative_side"] == "mixed"
    assert "db: its Azure VM is running, on hv01 it is Off. The Azure VM is authoritative" in failed["msg"]
    assert "web: its Azure VM is deallocated, on hv02 it is Off. No copy is known to run" in failed["msg"]


def test_the_commit_is_refused_afterwards_by_hosts_or_without(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.run("undo_failback", replicated_item="vm1")
    for hosts in (vault.inventory, {}):
        vault.inventory = hosts
        failed = vault.fail("commit", replicated_item="vm1", policy="now")
        assert failed["error"]["kind"] == "contradiction"
        assert "undo_failback" in failed["msg"]
    assert vault.writes() == ["POST vm1/start"]
    assert powers(vault) == ("running", "off")


def test_nothing_else_takes_it_for_home_afterwards(driver: Any) -> None:
    vault = driver(pending(recovery_plans=[{"name": "shop", "groups": [["vm1"]]}])).knows_hosts()
    before = vault.run("replicated_item_info", name="vm1")["replicated_items"][0]
    assert before["authoritative_side"] == "on_premises"
    vault.run("undo_failback", replicated_item="vm1")
    (entry,) = vault.run("replicated_item_info", name="vm1")["replicated_items"]
    (plan,) = vault.run("recovery_plan_info", name="shop")["recovery_plans"]
    prereq = vault.run("failback_prereq", replicated_item="vm1")
    sides = [entry["authoritative_side"], plan["authoritative_side"], prereq["authoritative_side"]]
    assert sides == ["mixed"] * 3
    for said in (entry["reason"], plan["members"][0]["reason"]):
        assert "the failback is not committed (undone, or started by somebody): do not commit" in said
    assert "azure_vm" in [finding["id"] for finding in prereq["failed_findings"]]
    for module in ("failback_validate", "planned_failover", "complete_failover"):
        failed = vault.fail(module, replicated_item="vm1")
        assert (failed["error"]["kind"], "undo_failback" in failed["msg"]) == ("contradiction", True)
    assert vault.writes() == ["POST vm1/start"]


def test_who_goes_forward_after_all_may_commit(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.run("undo_failback", replicated_item="vm1")
    vault.simulator.locked(lambda world: world.compute.deallocate("vm1"))
    vault.trouble(vm="vm1", power="running")
    forward = {"replicated_item": "vm1", "policy": "now", "discard_azure_changes": True}
    assert vault.run("commit", **forward)["stage"]["after"] == "failed_back"


def then(vault: Any, after: float, act: Callable[[], None]) -> None:
    """Let something happen once, so many simulated seconds from now."""
    due = vault.seconds + after

    def at(seconds: float) -> None:
        if seconds >= due:
            vault.meanwhile = None
            act()

    vault.meanwhile = at


def goes_off_at_once(vault: Any, *names: str) -> None:
    """Guests that shut down before anybody looks."""
    for name in names:
        vault.trouble(vm=name, shutdown_seconds=0)


def test_a_commit_that_begins_while_the_vm_shuts_down_keeps_azure_off(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", shutdown_seconds=60)
    then(vault, 20, lambda: vault.trouble(operation="failoverCommit", item="vm1"))
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert failed["error"]["kind"] == "contradiction"
    turned_out = "A check before the change of the automatic start action on hv01 found: vm1 is in stage busy"
    assert turned_out in failed["msg"]
    assert whats(failed["error"]) == ["shut_down"]
    assert (failed["changed"], failed["authoritative_side"], failed["reversible"]) == (True, "on_premises", False)
    assert vault.writes() == []


def test_a_vm_that_was_committed_while_another_shut_down_is_not_stopped(driver: Any) -> None:
    vault = driver(shop()).knows_hosts()
    vault.pass_time(1200)
    vault.trouble(vm="web", shutdown_seconds=300)
    then(vault, 20, lambda: vault.trouble(operation="failoverCommit", item="db"))
    failed = vault.fail("undo_failback", recovery_plan="shop")
    assert failed["error"]["kind"] == "contradiction", failed["msg"]
    assert "db is in stage failed_back" in failed["msg"]
    assert powers(vault, "db") == (None, "running")
    assert machine_of(vault.simulator, "db")["automatic_start_action"] == "StartIfRunning"


def test_a_vm_that_was_committed_while_it_shut_down_is_not_turned_off(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.pass_time(1200)
    vault.trouble(vm="vm1", shutdown_seconds=3600)
    then(vault, 20, lambda: vault.trouble(operation="failoverCommit", item="vm1"))
    failed = vault.fail("undo_failback", replicated_item="vm1", shutdown_timeout=300, force_off=True)
    assert failed["error"]["kind"] == "contradiction", failed["msg"]
    assert [step["what"] for step in failed["error"]["steps"]] == ["shut_down"]
    assert machine_of(vault.simulator, "vm1")["state"] == "Stopping"


def test_a_commit_that_begins_while_azure_starts_the_vm_is_told(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    goes_off_at_once(vault, "vm1")
    then(vault, 10, lambda: vault.trouble(operation="failoverCommit", item="vm1"))
    failed = vault.fail("undo_failback", replicated_item="vm1", poll_interval=1)
    assert failed["error"]["kind"] == "contradiction"
    assert "that deletes the VM in Azure" in failed["msg"]
    assert (failed["changed"], failed["reversible"]) == (True, False)
    assert whats(failed["error"]) == ["shut_down", "keep_off", "start"]


def test_a_commit_of_one_vm_of_a_plan_stops_that_one_alone(driver: Any) -> None:
    vault = driver(shop()).knows_hosts()
    goes_off_at_once(vault, "web")
    vault.trouble(vm="db", shutdown_seconds=60)
    then(vault, 20, lambda: vault.trouble(operation="failoverCommit", item="web"))
    failed = vault.fail("undo_failback", recovery_plan="shop")
    assert "web is in stage" in failed["msg"]
    assert vault.writes() == ["POST db/start"]
    assert powers(vault, "db") == ("running", "off")


def test_a_commit_of_one_vm_is_told_though_the_failure_is_of_another(driver: Any) -> None:
    vault = driver(shop()).knows_hosts()
    goes_off_at_once(vault, "db", "web")
    vault.trouble(azure_vm="web", start="refused")
    then(vault, 10, lambda: vault.trouble(operation="failoverCommit", item="db"))
    failed = vault.fail("undo_failback", recovery_plan="shop", poll_interval=1)
    assert "AllocationFailed" in failed["msg"]
    assert "Meanwhile something else began: db is in stage busy" in failed["msg"]
    assert failed["reversible"] is False


def test_an_azure_vm_that_is_deleted_while_it_starts_is_told(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    goes_off_at_once(vault, "vm1")
    then(vault, 10, lambda: vault.trouble(azure_vm="vm1", deleted=True))
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert failed["error"]["kind"] == "contradiction"
    assert "vm1 was deleted while this task waited for it to start" in failed["msg"]
    assert (failed["changed"], failed["reversible"]) == (True, False)


def test_a_member_whose_turn_comes_late_is_proved_off_again(driver: Any) -> None:
    vault = driver(shop()).knows_hosts()
    goes_off_at_once(vault, "db", "web")
    then(vault, 10, lambda: vault.trouble(vm="web", power="running"))
    failed = vault.fail("undo_failback", recovery_plan="shop")
    assert "not every on-premises copy is proved off: web: on hv02 it is Running" in failed["msg"]
    assert vault.writes() == ["POST db/start"]
    assert powers(vault, "web") == ("deallocated", "running")


def test_a_copy_that_is_off_is_held_although_azure_runs_already(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", power="off")
    vault.simulator.locked(lambda world: world.compute.start("vm1"))
    on_host(vault, lambda _world, machine: setattr(machine, "automatic_start_action", "Start"))
    result = vault.run("undo_failback", replicated_item="vm1")
    assert (whats(result), result["changed"]) == (["keep_off"], True)
    vault.simulator.locked(lambda world: world.hyperv.restart(world.hyperv.host("hv01")))
    vault.pass_time(600)
    assert powers(vault) == ("running", "off")
    assert vault.run("undo_failback", replicated_item="vm1")["changed"] is False


def test_a_plan_that_is_not_cut_over_as_a_whole_is_undone_one_by_one(driver: Any) -> None:
    items = (item_of("db", PENDING), item_of("web", "waiting_for_completion", host="hv02"))
    vault = driver(pending(*items, recovery_plans=PLAN)).knows_hosts()
    failed = vault.fail("undo_failback", recovery_plan="shop")
    assert "Undo the failback of those that await their commit one by one, each as replicated_item" in failed["msg"]
    assert "Bring these VMs" not in failed["msg"]


@pytest.mark.parametrize("refused", [["db"], ["db", "web"]], ids=str)
def test_a_vm_that_azure_refuses_keeps_no_other_down(driver: Any, refused: list[str]) -> None:
    vault = driver(shop()).knows_hosts()
    for name in refused:
        vault.trouble(azure_vm=name, start="refused")
    for _run in range(2):
        failed = vault.fail("undo_failback", recovery_plan="shop")
        assert failed["error"]["kind"] == "service"
        assert all(f"{name}: its Azure VM is deallocated" in failed["msg"] for name in refused)
        assert failed["msg"].count("two options") == 1
        assert failed["authoritative_side"] == ("mixed" if refused == ["db"] else "on_premises")
        expected = "running" if refused == ["db"] else "deallocated"
        assert (powers(vault, "db"), powers(vault, "web")) == (("deallocated", "off"), (expected, "off"))
    for name in refused:
        vault.trouble(azure_vm=name, start="ok")
    assert vault.run("undo_failback", recovery_plan="shop")["authoritative_side"] == "azure"


def test_a_host_that_falls_silent_after_the_stop_leaves_that_as_a_step(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", shutdown_seconds=60)
    then(vault, 10, lambda: vault.trouble(host="hv01", reachable=False))
    failed = vault.fail("undo_failback", replicated_item="vm1", shutdown_timeout=120)
    (step,) = failed["error"]["steps"]
    assert (step["what"], step["before"], step["after"]) == ("shut_down", "Running", None)
    assert (failed["changed"], failed["authoritative_side"]) == (True, "on_premises")
    assert vault.writes() == []


def test_a_shutdown_that_takes_too_long_is_a_step_although_force_ends_it(driver: Any) -> None:
    vault = driver(pending()).knows_hosts()
    vault.trouble(vm="vm1", shutdown_seconds=3600)
    failed = vault.fail("undo_failback", replicated_item="vm1", shutdown_timeout=60)
    assert "did not finish within 60 seconds" in failed["msg"]
    assert [(step["what"], step["after"]) for step in failed["error"]["steps"]] == [("shut_down", "Stopping")]
    assert failed["changed"] is True
    result = vault.run("undo_failback", replicated_item="vm1", shutdown_timeout=60, force_off=True)
    assert whats(result) == ["turn_off", "keep_off", "start"]
    assert powers(vault) == ("running", "off")


@pytest.mark.parametrize("wait", [True, False])
def test_check_mode_while_something_else_runs_claims_nothing_of_azure(driver: Any, wait: bool) -> None:
    vault = driver(pending(stage="busy")).knows_hosts()
    seen = vault.run("replicated_item_info", name="vm1")["replicated_items"][0]
    result = vault.run("undo_failback", replicated_item="vm1", check_mode=True, wait=wait)
    assert (result["stage"]["after"], result["split_brain_check"]["verdict"]) == ("busy", "not_checked")
    assert result["authoritative_side"] == seen["authoritative_side"]


def test_what_was_not_read_again_is_not_said_to_be_unreadable(driver: Any) -> None:
    match = {"method": "GET", "path": "/virtualMachines/", "times": 0}
    fault = {"match": match, "action": {"do": "status", "status": 500}}
    vault = driver(pending(faults=[fault])).knows_hosts()
    failed = vault.fail("undo_failback", replicated_item="vm1")
    assert "could not be read again" not in failed["msg"]
    assert failed["changed"] is False

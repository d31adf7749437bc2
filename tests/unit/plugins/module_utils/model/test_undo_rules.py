# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What undoes a cut-over, decided from the state of every copy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.asr.failback.plugins.module_utils.model.azure_resources import Lock, Permission, parse_vm
from ansible_collections.asr.failback.plugins.module_utils.model.hyperv_documents import parse_host
from ansible_collections.asr.failback.plugins.module_utils.model.split_brain import Copy, Sides
from ansible_collections.asr.failback.plugins.module_utils.model.undo_rules import (
    Objection,
    Undo,
    objection_to_start,
    plan_undo,
    remains_up,
    truth_by_sides,
)

AZURE_STATES = ("running", "starting", "stopping", "deallocating", "stopped", "deallocated", "absent", "unknown")
HOST_STATES = ("Running", "Starting", "Stopping", "Paused", "Off", "OffCritical", "Saved", "absent", "not_checked")
START = Permission(("Microsoft.Compute/virtualMachines/start/action",), ())


def copy(
    state: str,
    *,
    action: str = "StartIfRunning",
    clustered: bool = False,
    namesake: bool = False,
    unidentified: bool = False,
) -> Copy:
    """A copy that its own host told of."""
    vm = {"id": "1", "name": "web01", "state": state, "automatic_start_action": action}
    machine = None if state in ("absent", "not_checked") else parse_host({"vms": [vm]}).vms[0]
    return Copy(
        "hv01",
        state,
        is_namesake=namesake,
        is_unidentified=unidentified,
        is_clustered=clustered,
        machine=machine,
    )


def sides(azure: str, *copies: Copy) -> Sides:
    return Sides("/item", "web01", Copy("/vm", azure), copies)


def plan(seen: Sides, *, force_off: bool = False, vouched: tuple[str, ...] = ()) -> Undo | Objection:
    return plan_undo(seen, force_off=force_off, vouched=vouched)


@pytest.mark.parametrize(
    ("state", "action", "force", "expected"),
    [
        ("Running", "StartIfRunning", False, [("shut_down", True)]),
        ("Running", "Nothing", False, [("shut_down", False)]),
        ("Stopping", "Start", False, [("await_off", True)]),
        ("Paused", "Nothing", True, [("turn_off", False)]),
        ("Off", "StartIfRunning", False, [("", True)]),
        ("Off", "Nothing", False, []),
    ],
)
def test_what_is_done_with_a_copy(state: str, action: str, force: bool, expected: list[tuple[str, bool]]) -> None:
    made = plan(sides("deallocated", copy(state, action=action)), force_off=force)
    assert isinstance(made, Undo)
    assert [(stop.power, stop.keeps_off) for stop in made.stops] == expected
    assert (made.is_started, made.changes) == (False, True)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (sides("absent", copy("Running")), "nothing to go back to"),
        (sides("unknown", copy("Running")), "could not be looked at"),
        (sides("running", copy("Running")), "Both copies"),
        (sides("deallocating", copy("Off")), "is deallocating"),
        (sides("deallocated", copy("not_checked")), "is not known"),
        (sides("deallocated", copy("absent")), "whether it runs, is not known"),
        (sides("running", copy("absent")), "whether it runs, is not known"),
        (sides("deallocated", copy("absent"), Copy("hv02", "Off", is_target=False)), "whether it runs, is not known"),
        (sides("running", copy("not_checked")), "is not known"),
        (sides("deallocated", copy("Saved")), "memory holds"),
        (sides("deallocated", copy("Paused")), "cannot be shut down"),
        (sides("deallocated", copy("Running", clustered=True)), "failover cluster"),
        (sides("deallocated", copy("Running", namesake=True)), "not known to be the replicated VM"),
        (sides("deallocated", copy("Off", unidentified=True)), "not known to be the replicated VM"),
        (sides("running", copy("Off", unidentified=True)), "not known to be the replicated VM"),
        (sides("deallocated", Copy("hv01", "Running", is_hearsay=True)), "as VMM says"),
    ],
)
def test_what_stands_in_the_way(seen: Sides, words: str) -> None:
    made = plan(seen)
    assert isinstance(made, Objection)
    assert words in made.happened
    assert made.remedy


def test_a_machine_that_runs_in_azure_alone_is_done() -> None:
    made = plan(sides("running", copy("Off", action="Nothing")))
    assert isinstance(made, Undo)
    assert (made.is_done, made.changes) == (True, False)


def test_one_that_its_host_would_start_is_held_although_azure_runs() -> None:
    made = plan(sides("running", copy("Off")))
    assert isinstance(made, Undo)
    assert [(stop.power, stop.keeps_off) for stop in made.stops] == [("", True)]
    assert (made.is_done, made.is_started) == (False, True)


COPIES = st.builds(copy, st.sampled_from(HOST_STATES), clustered=st.booleans(), namesake=st.booleans()) | st.builds(
    copy, st.sampled_from([state for state in HOST_STATES if state != "absent"]), unidentified=st.just(True)
)
# For which states somebody may vouch: of a copy, and of a VM of which only the name is known.
SAYS_NOTHING_MORE = {False: ("not_checked", "absent"), True: ("Off", "OffCritical")}
WORDS_FOR = st.sampled_from([(), ("hv01",), ("hv02",)])


@given(st.sampled_from(AZURE_STATES), st.lists(COPIES, min_size=1, max_size=3), st.booleans(), WORDS_FOR)
def test_nothing_is_planned_past_what_a_host_says(
    azure: str, found: list[Copy], force: bool, vouched: tuple[str, ...]
) -> None:
    seen = sides(azure, *found)
    made = plan(seen, force_off=force, vouched=vouched)
    if not isinstance(made, Undo):
        return
    stopped = {id(stop.copy) for stop in made.stops if stop.power}
    for one in found:
        # Off, or to be stopped, or vouched for because nobody could say anything.
        is_off = one.is_off and one.state != "absent"
        is_proved = (is_off and not one.is_unidentified) or id(one) in stopped
        assert is_proved or (one.place in vouched and one.state in SAYS_NOTHING_MORE[one.is_unidentified])
        assert one.is_identified or id(one) not in stopped
    assert not (made.is_started and stopped)


@given(st.lists(COPIES, min_size=1, max_size=3), WORDS_FOR)
def test_no_start_while_something_is_up_or_unknown(found: list[Copy], vouched: tuple[str, ...]) -> None:
    free = not remains_up(sides("deallocated", *found), vouched=vouched)
    if free:
        for one in found:
            is_proved = one.state in ("Off", "OffCritical") and not one.is_unidentified
            assert is_proved or ("hv01" in vouched and one.state in SAYS_NOTHING_MORE[one.is_unidentified])


def test_the_right_to_start_and_read_only_locks() -> None:
    lock = Lock("/lock", "keep", "ReadOnly")
    assert objection_to_start("web01", [START], []) is None
    assert objection_to_start("web01", [START], [Lock("/lock", "keep", "CanNotDelete")]) is None
    assert "lack" in (objection_to_start("web01", [], []) or Objection("", "")).happened
    assert "/lock" in (objection_to_start("web01", [START], [lock]) or Objection("", "")).happened


@pytest.mark.parametrize(
    ("seen", "stopped", "side", "words"),
    [
        (sides("running", copy("Off")), False, "azure", "it alone runs"),
        (sides("starting", copy("Off")), True, "mixed", "once it runs"),
        (sides("running", copy("Running")), False, "mixed", "cannot be determined"),
        (sides("running", copy("not_checked")), False, "mixed", "cannot be determined"),
        (sides("unknown", copy("Off")), False, "mixed", "cannot be determined"),
        (sides("deallocated", copy("Running")), False, "on_premises", "The on-premises VM is authoritative"),
        (sides("deallocated", copy("Off")), True, "on_premises", "hold the latest data."),
        (sides("deallocated", copy("Off")), False, "on_premises", "unless the Azure VM has run"),
    ],
)
def test_which_side_is_authoritative(seen: Sides, stopped: bool, side: str, words: str) -> None:
    truth = truth_by_sides([seen], frozenset({"/item"} if stopped else ()))
    assert truth["authoritative_side"] == side
    assert words in truth["sentence"]


def test_a_vm_whose_start_was_accepted_may_run_before_it_shows_that() -> None:
    truth = truth_by_sides([sides("deallocated", copy("Off"))], started=frozenset({"/item"}))
    assert truth["authoritative_side"] == "mixed"


def test_an_instance_view_tells_why_the_last_operation_failed() -> None:
    # The form of the definition of Microsoft.Compute, InstanceViewStatus.
    when = "2026-01-31T11:00:00Z"
    failed = {"code": "ProvisioningState/failed/AllocationFailed", "message": "No room.", "time": when}
    view = {"instanceView": {"statuses": [failed, {"code": "PowerState/deallocated"}]}}
    vm = parse_vm({"id": "/vm", "name": "web01", "properties": view})
    assert (vm.power, vm.failure) == ("deallocated", f"AllocationFailed: No room ({when})")
    done = {"instanceView": {"statuses": [{"code": "ProvisioningState/succeeded"}]}}
    assert parse_vm({"id": "/vm", "name": "web01", "properties": done}).failure == ""


def test_nobody_vouches_for_a_machine_that_its_host_shows_in_a_state_without_meaning() -> None:
    assert isinstance(plan(sides("deallocated", copy("Hibernated")), vouched=("hv01",)), Objection)
    assert isinstance(plan(sides("deallocated", copy("not_checked")), vouched=("hv01",)), Undo)


def test_one_that_only_its_name_tells_is_vouched_for_only_while_it_is_off_and_left_as_it_is() -> None:
    made = plan(sides("deallocated", copy("Off", unidentified=True)), vouched=("hv01",))
    assert isinstance(made, Undo)
    assert made.stops == ()
    for state in ("Running", "Saved", "Hibernated"):
        assert isinstance(plan(sides("deallocated", copy(state, unidentified=True)), vouched=("hv01",)), Objection)

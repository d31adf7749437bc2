# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which side runs, told from the state of every copy."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.asr.failback.plugins.module_utils.model.hyperv_documents import parse_host
from ansible_collections.asr.failback.plugins.module_utils.model.split_brain import (
    Copy,
    Sides,
    at_place,
    may_be_missing,
    split_brain_result,
)

AZURE_STATES = ("running", "starting", "stopped", "deallocated", "absent", "unknown", "not_checked")
HOST_STATES = ("Running", "Starting", "Paused", "Off", "OffCritical", "Saved", "absent", "not_checked")


def sides(azure: str, *on_premises: str) -> Sides:
    copies = tuple(Copy(f"hv0{number}", state) for number, state in enumerate(on_premises, 1))
    return Sides("/item", "web01", Copy("/vm", azure), copies)


@pytest.mark.parametrize(
    ("azure", "on_premises", "runs"),
    [
        ("running", ("Off",), "azure"),
        ("deallocated", ("Running",), "on_premises"),
        ("absent", ("Running",), "on_premises"),
        ("stopped", ("OffCritical",), "none"),
        ("running", ("Running",), "several"),
        ("running", ("Paused",), "several"),
        ("deallocated", ("Running", "Running"), "several"),
        ("deallocated", ("Off", "Running"), "on_premises"),
        ("running", ("not_checked",), "not_checked"),
        ("not_checked", ("Running",), "not_checked"),
        ("unknown", ("Off",), "not_checked"),
        ("running", ("Running", "not_checked"), "several"),
        ("deallocated", ("Running", "not_checked"), "not_checked"),
        ("deallocated", ("Paused",), "none"),
        ("deallocated", ("PausedCritical",), "none"),
        ("deallocated", ("Stopping",), "none"),
        ("deallocated", ("Saved",), "none"),
    ],
)
def test_the_side_that_runs(azure: str, on_premises: tuple[str, ...], runs: str) -> None:
    assert sides(azure, *on_premises).runs == runs


@given(st.sampled_from(AZURE_STATES), st.lists(st.sampled_from(HOST_STATES), min_size=1, max_size=3))
def test_one_side_is_never_said_to_run_while_another_may(azure: str, on_premises: list[str]) -> None:
    seen = sides(azure, *on_premises)
    states = [seen.azure, *seen.on_premises]
    if seen.runs in ("azure", "on_premises", "none"):
        assert all(copy.is_known for copy in states)
        assert sum(copy.is_up for copy in states) <= 1
        assert sum(copy.is_running for copy in states) == (seen.runs != "none")


@pytest.mark.parametrize(
    ("state", "in_the_way"),
    [("Off", False), ("PowerOff", False), ("absent", False), ("not_checked", False)]
    + [(state, True) for state in ("Saved", "FastSaved", "Paused", "Running", "Starting", "Stopping", "Foo")],
)
@pytest.mark.parametrize("is_namesake", [True, False])
def test_only_a_machine_that_is_off_may_be_written_over(state: str, in_the_way: bool, is_namesake: bool) -> None:
    assert Copy("hv01", state, is_namesake=is_namesake).is_in_the_way is in_the_way


@pytest.mark.parametrize("state", ["UnsupportedCluster", "UpdateFailed", "MigrationFailed", "HostNotResponding"])
def test_what_vmm_says_of_its_record_is_neither_off_nor_up(state: str) -> None:
    copy = Copy("vmm01", state)
    assert (copy.is_known, copy.is_off, copy.is_up, copy.is_in_the_way) == (False, False, False, False)
    assert sides("deallocated", "Running", state).runs == "not_checked"
    assert sides("running", state).runs == "not_checked"


@pytest.mark.parametrize(
    ("state", "is_in_the_way"), [("Relocating", False), ("", False), ("Running", True), ("Saved", True)]
)
@pytest.mark.parametrize("is_namesake", [True, False])
def test_what_vmm_records_blocks_by_the_power_that_it_tells_alone(
    state: str, is_in_the_way: bool, is_namesake: bool
) -> None:
    copy = Copy("hv01", state, is_recorded=True, is_namesake=is_namesake)
    assert (copy.is_known, copy.is_off, copy.is_in_the_way) == (
        is_in_the_way and not is_namesake,
        False,
        is_in_the_way,
    )


@pytest.mark.parametrize(("state", "is_up", "is_in_the_way"), [("PowerOff", 0, 0), ("Running", 1, 1), ("Saved", 0, 1)])
def test_hearsay_speaks_against_a_step_and_never_for_one(state: str, is_up: int, is_in_the_way: int) -> None:
    copy = Copy("hv01", state, is_hearsay=True)
    assert (copy.is_up, copy.is_in_the_way) == (is_up, is_in_the_way)
    assert (copy.is_known, copy.is_off, copy.is_running, copy.is_there) == (False, False, False, True)
    assert Sides("/item", "web01", Copy("/vm", "deallocated"), (copy,)).runs == "not_checked"
    assert not may_be_missing([(copy,)], creates=True)


@pytest.mark.parametrize("state", ["Other", "Hibernated", ""])
def test_a_machine_that_its_host_shows_in_a_state_without_meaning_is_in_the_way(state: str) -> None:
    machine = parse_host({"vms": [{"id": "1", "name": "web01", "state": state}]}).vms[0]
    copy = Copy("hv01", state, machine=machine)
    assert (copy.is_known, copy.is_there, copy.is_off, copy.is_up, copy.is_in_the_way) == (
        False,
        True,
        False,
        False,
        True,
    )


def test_where_a_machine_is_made_there_may_be_nothing_to_compare_with() -> None:
    old = (Copy("hv01", "Off"),)
    assert may_be_missing([at_place(old, "hv02")], creates=True)
    assert not may_be_missing([at_place(old, "hv01")], creates=True)


def test_a_namesake_proves_nothing() -> None:
    namesake = Copy("hv01", "Running", "another VM has its name there, with id 1", is_namesake=True)
    seen = Sides("/item", "web01", Copy("/vm", "deallocated"), (namesake,))
    assert (seen.runs, seen.is_missing_on_premises) == ("not_checked", True)
    assert seen.as_result()["on_premises"][0]["state"] == "not_checked"


@pytest.mark.parametrize(("azure", "host"), [*itertools.product(("running", "not_checked"), ("Off", "not_checked"))])
def test_only_what_was_asked_on_both_sides_is_proved(azure: str, host: str) -> None:
    asked = "not_checked" not in (azure, host)
    assert split_brain_result([], [sides(azure, host)])["verdict"] == ("proved" if asked else "not_checked")


def test_nothing_looked_at_is_not_checked() -> None:
    assert split_brain_result([], []) == {"verdict": "not_checked", "before": [], "after": []}


def test_the_verdict_is_on_what_was_seen_last() -> None:
    before, after = [sides("not_checked", "Off")], [sides("deallocated", "Running")]
    result: dict[str, Any] = split_brain_result(before, after)
    assert result["verdict"] == "proved"
    assert result["before"][0]["azure"]["state"] == "not_checked"
    assert result["after"][0]["on_premises"] == [{"host": "hv01", "state": "Running", "reason": ""}]


def test_what_was_seen_is_a_sentence() -> None:
    seen = Sides("/item", "web01", Copy("/vm", "deallocated"), (Copy("hv01", "not_checked", "it is not known"),))
    assert seen.sentence() == "web01: its Azure VM is deallocated, on hv01 it is not known (it is not known)"

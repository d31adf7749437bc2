# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failures: one message with everything that a person needs."""

from __future__ import annotations

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    FailbackError,
    Refused,
    ServiceError,
    UnknownState,
    asked,
)

TRUTH = {"sentence": "The Azure VM is authoritative.", "authoritative_side": "azure", "reversible": True}


def test_a_message_tells_what_was_asked_what_happened_who_holds_the_truth_and_what_to_do() -> None:
    problem = Refused("It is locked.", "Remove the lock.", locks=["/lock"])
    problem.asked = "Commit of web01"
    problem.authority = TRUTH
    message = "Commit of web01: It is locked. The Azure VM is authoritative. Remove the lock."
    assert str(problem) == message
    assert problem.as_result() == {
        "msg": message,
        "cause": "It is locked.",
        "remedy": "Remove the lock.",
        "changed": False,
        "error": {"kind": "refused", "locks": ["/lock"]},
        "authoritative_side": "azure",
        "reversible": True,
    }


def test_a_failure_that_knows_little_says_little() -> None:
    result = FailbackError("It broke.").as_result()
    told = {"msg": "It broke.", "cause": "It broke.", "remedy": ""}
    assert result == {**told, "changed": False, "error": {"kind": "error"}}


def test_no_message_says_the_same_thing_twice() -> None:
    problem = FailbackError("Azure did not answer. Check the network.", "Check the network. Version 1.2. Then go on")
    problem.authority = {"sentence": "Azure did not answer."}
    assert problem.message() == "Azure did not answer. Check the network. Version 1.2. Then go on."
    assert problem.as_result()["remedy"] == "Check the network. Version 1.2. Then go on."


def test_a_failure_after_a_write_is_a_change() -> None:
    problem = FailbackError("It broke.")
    problem.wrote = True
    assert problem.as_result()["changed"] is True


def test_the_innermost_asker_is_kept() -> None:
    def ask() -> None:
        with asked("outer"), asked("inner"):
            raise FailbackError("It broke.")

    with pytest.raises(FailbackError, match=r"^inner: It broke\.$"):
        ask()


def test_an_unknown_state_names_field_and_value() -> None:
    assert UnknownState("properties.state", "Odd").as_result()["error"] == {
        "kind": "unknown_state",
        "field": "properties.state",
        "value": "Odd",
    }


def test_an_unknown_state_claims_nothing_of_writes() -> None:
    problem = UnknownState("properties.state", "Odd")
    problem.wrote = True
    assert "Nothing was written" not in problem.message()


def test_a_service_error_without_details_has_no_status() -> None:
    problem = ServiceError("It broke.")
    assert (problem.status, problem.code) == (0, "")

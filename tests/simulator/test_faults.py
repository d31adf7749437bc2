# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on the wire, as clients meet them."""

from __future__ import annotations

import pytest
import requests

LOCK = "/providers/Microsoft.Authorization/locks/x"
BODY = {"properties": {"level": "ReadOnly"}}


@pytest.fixture(scope="module")
def simulator(simulate):
    principals = [{"name": "owner", "roles": ["Owner"]}, {"name": "reader", "roles": ["Reader"]}]
    return simulate({"name": "faults", "principals": principals})


@pytest.fixture
def owner(simulator, caller):
    signed_in = caller(simulator)
    control(simulator, signed_in, "DELETE")
    yield signed_in
    control(simulator, signed_in, "DELETE")


def control(simulator, caller, method, document=None):
    return caller.session.request(method, f"{simulator.connection['control']}/faults", json=document, timeout=20)


def add(simulator, caller, action, **match):
    answer = control(simulator, caller, "POST", {"match": match, "action": action})
    assert answer.status_code == 200, answer.text
    return answer.json()


def locked(caller):
    return caller.get(f"{caller.group}{LOCK}", "2020-05-01").status_code == 200


def lock(caller):
    return caller.call("PUT", f"{caller.group}{LOCK}", "2020-05-01", json=BODY)


def unlock(caller):
    caller.call("DELETE", f"{caller.group}{LOCK}", "2020-05-01")


def test_a_status_answers_once_and_nothing_is_done(simulator, owner):
    unlock(owner)
    add(
        simulator,
        owner,
        {"do": "status", "status": 503, "retry_after": 7, "code": "ServerBusy", "message": "Later."},
        method="PUT",
    )
    answer = lock(owner)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.json() == {"error": {"code": "ServerBusy", "message": "Later."}}
    assert not locked(owner)
    assert lock(owner).status_code == 201


def test_a_status_may_hide_that_the_request_was_handled(simulator, owner):
    unlock(owner)
    add(simulator, owner, {"do": "status", "status": 500, "body": {"oops": 1}, "when": "after"}, method="put")
    answer = lock(owner)
    assert (answer.status_code, answer.json()) == (500, {"oops": 1})
    assert locked(owner)


@pytest.mark.parametrize("do", ["reset", "close"])
@pytest.mark.parametrize(("when", "handled"), [("before", False), ("after", True)])
def test_a_connection_breaks_before_or_after_the_request_was_handled(simulator, owner, do, when, handled):
    unlock(owner)
    add(simulator, owner, {"do": do, "when": when}, method="PUT")
    # TLS libraries show a reset in different words; some do not tell it from an early end.
    with pytest.raises(requests.ConnectionError, match=r"without response|reset by peer"):
        lock(owner)
    assert locked(owner) is handled
    assert simulator.journal.entries()[-2]["method"] == "PUT"


def test_silence_outlasts_the_caller(simulator, owner):
    add(simulator, owner, {"do": "silence", "seconds": 1}, path="/resourceGroups/")
    with pytest.raises(requests.ReadTimeout):
        owner.session.get(
            f"{owner.connection['resource_manager']}{owner.group}", params={"api-version": "2021-04-01"}, timeout=0.2
        )


def test_silence_ends_without_an_answer(simulator, owner):
    add(simulator, owner, {"do": "silence", "seconds": 0.05})
    with pytest.raises(requests.ConnectionError, match="without response"):
        owner.get(owner.group)


def test_others_are_answered_during_a_silence(simulator, owner, caller):
    reader = caller(simulator, "reader")
    add(simulator, owner, {"do": "silence", "seconds": 30}, principal="owner")
    with pytest.raises(requests.ReadTimeout):
        owner.session.get(
            f"{owner.connection['resource_manager']}{owner.group}", params={"api-version": "2021-04-01"}, timeout=0.2
        )
    assert reader.get(reader.group).status_code == 200


def test_a_truncated_answer_ends_early(simulator, owner):
    add(simulator, owner, {"do": "truncate", "bytes": 12})
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead\\(12 bytes read"):
        owner.get(owner.group)
    assert owner.get(owner.group).status_code == 200


def test_a_malformed_answer_is_no_json(simulator, owner):
    add(simulator, owner, {"do": "malformed"})
    answer = owner.get(owner.group)
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_delayed_answer_comes_all_the_same(simulator, owner):
    add(simulator, owner, {"do": "delay", "seconds": 0.3})
    answer = owner.get(owner.group)
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.3


def test_nth_and_times_choose_among_matching_requests(simulator, owner):
    add(simulator, owner, {"do": "status", "status": 502}, path="/resourcegroups/", nth=2, times=2)
    assert [owner.get(owner.group).status_code for _unused in range(4)] == [200, 502, 502, 200]
    (fault,) = control(simulator, owner, "GET").json()["value"]
    assert (fault["met"], fault["struck"]) == (4, 2)


def test_times_zero_strikes_until_it_is_cleared(simulator, owner):
    add(simulator, owner, {"do": "status", "status": 502}, times=0)
    assert [owner.get(owner.group).status_code for _unused in range(3)] == [502, 502, 502]
    control(simulator, owner, "DELETE")
    assert owner.get(owner.group).status_code == 200


@pytest.mark.parametrize("by", ["name", "client_id"])
def test_a_principal_is_struck_alone(simulator, owner, caller, by):
    reader = caller(simulator, "reader")
    add(simulator, owner, {"do": "status", "status": 502}, principal=reader.identity[by], times=0)
    assert owner.get(owner.group).status_code == 200
    assert reader.get(reader.group).status_code == 502
    assert reader.ask_token().status_code == 502
    assert owner.ask_token().status_code == 200


def test_service_faults_are_kept_for_the_vault(simulator, owner):
    fault = {"service": {"job_task": "MonitorDataSync", "code": "539", "message": "No."}}
    assert control(simulator, owner, "POST", fault).status_code == 200
    (kept,) = simulator.world.faults.service
    assert kept["job_task"] == "MonitorDataSync"
    assert control(simulator, owner, "GET").json()["value"][0]["service"]["code"] == "539"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "fault: "),
        ({"action": {"do": "explode"}}, "action.do: 'explode' is not one of"),
        ({"action": {"do": "status"}}, "action: 'status' is a required property"),
        ({"action": {"do": "delay", "seconds": 1000}}, "action.seconds: 1000 is greater than the maximum of 120"),
        ({"action": {"do": "close"}, "match": {"path": "("}}, "match.path: '(' is not a 'regex'"),
        ({"action": {"do": "close"}, "match": {"pth": "x"}}, "'pth' was unexpected"),
    ],
)
def test_what_is_no_fault_is_refused_with_its_place(simulator, owner, document, message):
    answer = control(simulator, owner, "POST", document)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_faults_of_the_scenario_are_there_from_the_start(simulate, stranger):
    fault = {"match": {"path": "/token$"}, "action": {"do": "status", "status": 500}}
    caller = stranger(simulate({"name": "faulty", "faults": [fault]}))
    assert [caller.ask_token().status_code for _unused in range(2)] == [500, 200]

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on the wire, as clients meet them."""

from __future__ import annotations

import socket

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

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


def test_a_field_of_an_answer_may_be_another_or_missing(simulator, owner):
    lock(owner)
    add(simulator, owner, {"do": "edit", "field": "value[].properties.level", "to": None}, method="GET")
    add(simulator, owner, {"do": "edit", "field": "value[].properties"}, method="GET")
    add(simulator, owner, {"do": "edit", "field": "no.such[].field", "to": 5}, method="GET")
    listed = [owner.get(f"{owner.group}/providers/Microsoft.Authorization/locks", "2020-05-01") for _time in range(4)]
    found = [[one.get("properties", {}).get("level", "none") for one in answer.json()["value"]] for answer in listed]
    assert found == [[None], ["none"], ["ReadOnly"], ["ReadOnly"]]
    unlock(owner)


def test_an_edit_may_be_of_some_resources_only(simulator, owner):
    lock(owner)
    edit = {"do": "edit", "field": "value[].properties.level", "to": None}
    for names in (["another"], ["x"]):
        add(simulator, owner, {**edit, "of": names}, method="GET")
    listed = [owner.get(f"{owner.group}/providers/Microsoft.Authorization/locks", "2020-05-01") for _time in range(2)]
    levels = [[one["properties"]["level"] for one in answer.json()["value"]] for answer in listed]
    assert levels == [["ReadOnly"], [None]]
    unlock(owner)


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


def test_refused_connections_are_taken_again_on_the_same_port(simulator, owner, caller):
    reader = caller(simulator, "reader")
    assert reader.get(reader.group).status_code == 200
    add(simulator, owner, {"do": "refuse", "seconds": 1}, method="GET")
    with pytest.raises(requests.ConnectionError, match=r"without response|reset by peer|EOF"):
        owner.get(owner.group)
    with pytest.raises(requests.ConnectionError, match="Connection refused"):
        owner.get(owner.group)
    # The other's connection was broken too; a busy machine may deliver that only once it is used again.
    with pytest.raises(requests.ConnectionError, match=r"Connection refused|without response|reset by peer|EOF"):
        reader.get(reader.group)
    retry = Retry(connect=20, backoff_factor=0.1, backoff_max=0.2)
    owner.session.mount("https://", HTTPAdapter(max_retries=retry))
    assert owner.get(owner.group).status_code == 200
    assert reader.get(reader.group).status_code == 200


def test_nobody_else_is_given_the_port_while_connections_are_refused(simulator, owner):
    add(simulator, owner, {"do": "refuse", "seconds": 1}, method="GET")
    with pytest.raises(requests.ConnectionError):
        owner.get(owner.group)
    port = int(simulator.url.rpartition(":")[2])
    with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
        other.bind(("127.0.0.1", port))
    owner.session.mount("https://", HTTPAdapter(max_retries=Retry(connect=20, backoff_factor=0.1, backoff_max=0.2)))
    assert owner.get(owner.group).status_code == 200


def test_a_request_may_be_handled_before_connections_are_refused(simulator, owner):
    unlock(owner)
    add(simulator, owner, {"do": "refuse", "seconds": 0.1, "when": "after"}, method="PUT")
    with pytest.raises(requests.ConnectionError):
        lock(owner)
    owner.session.mount("https://", HTTPAdapter(max_retries=Retry(connect=20, backoff_factor=0.1, backoff_max=0.2)))
    assert locked(owner)


@pytest.mark.parametrize(("value", "seen"), [("", None), ("next Tuesday", "next Tuesday")])
def test_an_answer_may_be_dated_wrongly_or_not_at_all(simulator, owner, value, seen):
    add(simulator, owner, {"do": "date", "value": value})
    assert owner.get(owner.group).headers.get("Date") == seen
    assert owner.get(owner.group).headers["Date"].endswith(" GMT")


def serve(simulator, caller, **fault):
    return control(simulator, caller, "POST", {"service": fault})


def test_tokens_handed_out_so_far_expire(simulator, owner):
    assert serve(simulator, owner, tokens="expired").status_code == 200
    refused = owner.get(owner.group)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "ExpiredAuthenticationToken")
    assert "invalid_token" in refused.headers["WWW-Authenticate"]
    assert owner.sign_in().get(owner.group).status_code == 200


def test_a_secret_expires_until_it_is_good_again(simulator, owner, caller):
    reader = caller(simulator, "reader")
    assert serve(simulator, owner, principal="reader", secret="expired").status_code == 200
    refused = reader.ask_token()
    assert (refused.status_code, refused.json()["error_codes"]) == (401, [7000222])
    assert reader.get(reader.group).status_code == 200
    assert serve(simulator, owner, principal="reader", secret="good").status_code == 200
    assert reader.ask_token().status_code == 200


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"tokens": "old"}, "a fault of the sign-in has"),
        ({"principal": "nobody", "secret": "expired"}, "no principal is named nobody; known are owner, reader"),
        ({"item": "vm1", "removed": True}, "no item is named vm1"),
        ({"operation": "plannedFailover", "item": "vm1"}, "no item is named vm1"),
        ({"plan": "shop", "groups": [["a"]]}, "no plan is named shop"),
        ({"plan": "shop", "removed": True}, "what somebody else does has one of"),
    ],
)
def test_a_service_fault_that_names_what_is_not_there_is_refused(simulator, owner, fault, message):
    answer = serve(simulator, owner, **fault)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]
    assert control(simulator, owner, "GET").json()["value"] == []


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

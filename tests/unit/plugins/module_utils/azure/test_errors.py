# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Azure's errors, each in the shape that the service gives it, become failures that say what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import trustme
from azure.core.exceptions import ClientAuthenticationError
from support.middleboxes import TlsBreaker
from support.web import LOOPBACK, Answer, Web, free_port

from ansible_collections.asr.failback.plugins.module_utils.azure.errors import translated
from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    AuthenticationError,
    FailbackError,
    FateUnknown,
    NotFound,
    NotTaken,
    PermissionDenied,
    ServiceError,
    Throttled,
    Unreachable,
)


def site_recovery_error(outer: str, inner: str, message: str, action: str) -> dict[str, Any]:
    """An error of Site Recovery itself: the outer code is the status in words, the inner one says what it is."""
    detail = {"code": inner, "message": message, "possibleCauses": "Some.", "recommendedAction": action}
    return {"error": {"code": outer, "message": message, "details": [detail]}}


def arm_error(code: str, message: str) -> dict[str, Any]:
    """An error of Resource Manager, which has no details."""
    return {"error": {"code": code, "message": message}}


@dataclass(frozen=True)
class Case:
    """An answer, and the failure that it must become."""

    status: int
    body: Any
    failure: type[FailbackError]
    code: str = ""
    words: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


CASES = {
    "wrong direction": Case(
        400,
        site_recovery_error("BadRequest", "InvalidFailoverDirection", "Invalid direction.", "Verify the input."),
        ServiceError,
        "InvalidFailoverDirection",
        ("HTTP 400", "Invalid direction.", "Verify the input."),
    ),
    "name in use": Case(
        400,
        site_recovery_error("BadRequest", "ArmResourceNameNotAvailable", "Name 'x' is taken.", "Take another."),
        ServiceError,
        "ArmResourceNameNotAvailable",
    ),
    "unknown item": Case(
        404,
        site_recovery_error("NotFound", "ArmResourceDoesNotExist", "Specified resource 'x' does not exist.", "Verify."),
        NotFound,
        "ArmResourceDoesNotExist",
        ("'x' does not exist", "Verify."),
    ),
    "unknown fabric": Case(
        404, site_recovery_error("NotFound", "FabricArmEntityMissing", "None.", ""), NotFound, "FabricArmEntityMissing"
    ),
    "unknown vault": Case(
        404, arm_error("ResourceNotFound", "The vault was not found."), NotFound, "ResourceNotFound", ("vault_name",)
    ),
    "unknown group": Case(404, arm_error("ResourceGroupNotFound", "No."), NotFound, "ResourceGroupNotFound"),
    "no permission": Case(
        403,
        arm_error("AuthorizationFailed", "The client 'c' does not have authorization to perform action 'a'."),
        PermissionDenied,
        "AuthorizationFailed",
        ("perform action 'a'", "role"),
    ),
    "a policy, without its assignment": Case(
        403,
        arm_error("RequestDisallowedByPolicy", "Resource 'x' was disallowed by policy."),
        ServiceError,
        "RequestDisallowedByPolicy",
        ("exemption", "disallowed by policy"),
    ),
    "throttled": Case(
        429, arm_error("TooManyRequests", "Slow down."), Throttled, "TooManyRequests", ("later",), {"Retry-After": "1"}
    ),
    "token refused": Case(
        401, arm_error("InvalidAuthenticationToken", "Expired."), AuthenticationError, "InvalidAuthenticationToken"
    ),
    "conflict": Case(409, arm_error("Conflict", "Busy."), ServiceError, "Conflict"),
    "no json": Case(400, "<html>Bad Request</html>", ServiceError, words=("HTTP 400",)),
    "no error in it": Case(400, {"odd": 1}, ServiceError, words=("HTTP 400",)),
    "a list": Case(400, ["odd"], ServiceError, words=("HTTP 400",)),
    "empty": Case(404, "", NotFound, words=("HTTP 404",), headers={"x-ms-request-id": "id-1"}),
}


def ask(client: Any, method: str, url: str, *, write: bool = False) -> None:
    with translated(write=write):
        response = client.send(method, url)
        if response.status_code == 401:
            raise ClientAuthenticationError(response=response)
        response.raise_for_status()


def failure_of(problem: FailbackError) -> FailbackError:
    """A failure, or what a write that was not taken amounts to."""
    return problem.failure if isinstance(problem, NotTaken) else problem


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_shape_becomes_a_failure_of_its_kind(
    case: Case, method: str, web: Callable[..., Web], client: Any
) -> None:
    server = web(Answer(case.status, case.body, {"x-ms-request-id": "id-1", **case.headers}))
    with pytest.raises(FailbackError) as caught:
        ask(client, method, f"{server.url}/vaults/v?api-version=1&signature=hidden", write=method == "POST")
    problem = failure_of(caught.value)
    assert problem.__class__ is case.failure
    # Azure has not looked at these: whoever sent a write of them may look again, and send it then.
    assert isinstance(caught.value, NotTaken) is (method == "POST" and case.status in (401, 429))
    assert all(words in problem.message() for words in case.words), problem.message()
    details = problem.details
    assert (details["status"], details["method"], details["request_id"]) == (case.status, method, "id-1")
    assert not case.code or details["code"] == case.code
    assert details["url"] == f"{server.url}/vaults/v"
    assert "hidden" not in str(problem.as_result())


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_after_an_unsettled_write_its_fate_is_unknown(status: int, web: Callable[..., Web], client: Any) -> None:
    server = web(Answer(status, arm_error("InternalServerError", "Oops.")))
    with pytest.raises(FateUnknown) as caught:
        ask(client, "POST", server.url, write=True)
    assert caught.value.details["code"] == "InternalServerError"
    assert "Run the task again" in caught.value.message()


@pytest.mark.parametrize("status", [500, 503])
def test_a_read_of_a_broken_service_is_an_error_of_the_service(
    status: int, web: Callable[..., Web], client: Any
) -> None:
    server = web(Answer(status, arm_error("InternalServerError", "Oops.")))
    with pytest.raises(ServiceError) as caught:
        ask(client, "GET", server.url)
    assert caught.value.status == status


@pytest.mark.parametrize(("write", "failure"), [(True, FateUnknown), (False, Unreachable)])
@pytest.mark.parametrize("silence", [Answer(reset=True), Answer(hang_up=True)], ids=["reset", "hang up"])
def test_no_answer_leaves_the_fate_of_a_write_unknown(
    silence: Answer, write: bool, failure: type[FailbackError], web: Callable[..., Web], client: Any
) -> None:
    server = web(silence)
    with pytest.raises(failure, match=r"[Nn]o usable answer"):
        ask(client, "POST" if write else "GET", server.url, write=write)


@pytest.mark.parametrize(("write", "failure"), [(True, FateUnknown), (False, Unreachable)])
def test_an_answer_that_breaks_the_encryption_leaves_the_fate_of_a_write_unknown(
    write: bool, failure: type[FailbackError], authority: trustme.CA, client: Any
) -> None:
    with TlsBreaker(authority) as box, pytest.raises(failure, match="SSL"):
        ask(client, "POST" if write else "GET", box.url, write=write)


def test_a_stranger_s_certificate_proves_that_nothing_was_sent(web: Callable[..., Web], client: Any) -> None:
    server = web(Answer(200))
    client.ca_bundle = ""
    with pytest.raises(NotTaken, match="The request was not sent"):
        ask(client, "POST", server.url, write=True)


@pytest.mark.parametrize(("write", "failure"), [(True, NotTaken), (False, Unreachable)])
def test_what_never_left_was_not_taken_and_a_read_says_nothing_of_a_write_before_it(
    write: bool, failure: type[FailbackError], client: Any
) -> None:
    with pytest.raises(failure, match="could not be reached") as caught:
        ask(client, "POST" if write else "GET", f"https://{LOOPBACK}:{free_port()}", write=write)
    assert caught.value.kind == "unreachable"
    assert ("request was not sent" in caught.value.message()) is write


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [("17", 17), ("0", 0), ("", None), ("soon", None), ("-3", None), ("Sat, 13 May 2017 17:50:21 GMT", 60)],
)
def test_a_write_that_was_throttled_tells_how_long_to_wait(
    retry_after: str, pause: float | None, web: Callable[..., Web], client: Any
) -> None:
    headers = {"Retry-After": retry_after, "Date": "Sat, 13 May 2017 17:49:21 GMT"}
    server = web(Answer(429, {}, {name: value for name, value in headers.items() if value}))
    with pytest.raises(NotTaken) as caught:
        ask(client, "POST", server.url, write=True)
    assert caught.value.pause == pause


@pytest.mark.parametrize(("write", "failure"), [(True, FateUnknown), (False, Unreachable)])
def test_an_answer_that_is_no_json_is_no_answer(
    write: bool, failure: type[FailbackError], web: Callable[..., Web], client: Any
) -> None:
    server = web(Answer(200, "<html>a proxy's log-in page</html>", {"Content-Type": "text/html"}))
    with pytest.raises(failure, match=r"[Nn]o usable answer"), translated(write=write):
        client.send("GET", server.url).json()


def test_what_went_well_passes() -> None:
    with translated(write=True):
        pass


def test_a_programming_error_is_not_dressed_up() -> None:
    with pytest.raises(KeyError), translated():
        raise KeyError("mine")

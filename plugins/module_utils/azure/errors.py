# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure's errors in the collection's words. The one place that turns an SDK exception into a failure."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ..model.failures import (
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
from ..model.json_path import field, items, text
from .sdk import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    DeserializationError,
    HttpResponseError,
)
from .sign_in_errors import is_refusal, remedy_for

Answer = TypeVar("Answer")

_REMEDIES = {
    403: "Give the caller a role that contains the action at the vault or above, such as Site Recovery Contributor.",
    404: "Check the name, and resource_group, vault_name and subscription_id.",
    429: "Run it again later, with fewer VMs at once or a longer poll_interval.",
}
_KINDS: dict[int, type[ServiceError]] = {403: PermissionDenied, 404: NotFound, 429: Throttled}
_LATER = "Azure is in trouble. Run it again when that is over: it goes on from where things stand then."
_LOOK = "Do what the message says, or look in the portal, then run it again."
# A write that got one of these may have been taken or not.
_UNSETTLED = (408, 500, 502, 503, 504)
# Azure Policy's refusal, which comes as a 403.
_POLICY = "RequestDisallowedByPolicy"
# What filters and proxies answer with in Azure's place.
_OF_MIDDLEBOXES = (403, 404, 407, 410)
_TITLE = re.compile(r"<title[^>]*>([^<]{1,200})</title>", re.IGNORECASE)
# How often in a row a write is tried that finds no connection.
_CONNECTIONS = 4
# Of urllib3; a name that does not resolve is the first of them.
_NO_CONNECTION = frozenset({"NewConnectionError", "ConnectTimeoutError"})
# No connection, or an answer in another shape than a token's.
_NOT_A_REFUSAL = (AzureError, AttributeError, LookupError, TypeError)


@contextmanager
def translated(*, write: bool = False) -> Iterator[None]:
    """Turn every SDK exception raised inside into a failure. C(write): a request that must not be sent twice.

    Where it certainly was not taken that is NotTaken, where that cannot be determined FateUnknown.
    """
    try:
        yield
    except ClientAuthenticationError as problem:
        failure = _authentication(problem)
        # Azure has not looked at what it refuses the token of. A second refusal is no matter of an old token.
        raise (NotTaken(failure, pause=0, most=2) if write else failure) from problem
    except HttpResponseError as problem:
        raise _answered(problem, write) from problem
    except (AzureError, DeserializationError, json.JSONDecodeError) as problem:
        # A proxy's log-in page, say: status 200, and no JSON.
        raise _no_answer(problem, write) from problem


def found_or_none(read: Callable[[], Answer]) -> Answer | None:
    """Return what read returns, or None where Azure says that it does not exist."""
    try:
        with translated():
            return read()
    except NotFound as problem:
        # Also the answer about a subscription that the caller may not see; whether the resource exists is not known.
        if problem.code == "SubscriptionNotFound":
            raise
        return None


def never_left(problem: Exception) -> bool:
    """Say whether a request certainly was not sent: no connection was made, or the server's certificate was refused.

    azure-core's ServiceRequestError is no proof: it also stands for a connection that broke while the answer was
    read, where the encryption broke or where the connection went through a proxy.
    """
    return any(
        isinstance(cause, ssl.SSLCertVerificationError) or _is_no_connection(cause) for cause in _causes(problem)
    )


def _is_no_connection(cause: object) -> bool:
    # By name: they are urllib3's, which azure-core wraps but does not offer.
    return any(kind.__name__ in _NO_CONNECTION for kind in type(cause).__mro__)


def _causes(problem: object) -> Iterator[object]:
    """Yield an exception and those that azure-core, requests and urllib3 have wrapped in it."""
    while isinstance(problem, BaseException):
        yield problem
        inner = [getattr(problem, name, None) for name in ("inner_exception", "reason", "original_error")]
        problem = next((cause for cause in (*inner, *problem.args) if isinstance(cause, BaseException)), None)


def _authentication(problem: ClientAuthenticationError) -> FailbackError:
    # azure-identity says "authentication failed" whatever happened on the way to a token.
    refused = is_refusal(str(problem))
    if not refused and problem.response is None and isinstance(problem.__cause__, _NOT_A_REFUSAL):
        return Unreachable(
            f"No usable answer came from Microsoft Entra ID: {_first_line(problem)}",
            "Check network, proxy, cloud_environment, adfs_authority_url and the certificates trusted here.",
        )
    details = _details(problem) if problem.response is not None else {}
    return AuthenticationError(
        f"Microsoft Entra ID or Azure refused the credential: {_first_line(problem)}",
        remedy_for(str(problem)),
        **details,
    )


def _answered(problem: HttpResponseError, write: bool) -> FailbackError:
    details = _details(problem)
    status = details["status"]
    if isinstance(problem, DecodeError) or not status or status < 400:
        return _no_answer(problem, write)
    if status in _OF_MIDDLEBOXES and not _is_of_azure(problem):
        return _middlebox(problem, details, write)
    if write and status in _UNSETTLED:
        return _fate_unknown(f"Azure answered HTTP {status} ({details['code']}: {details['message']})", details)
    happened = f"Azure answered HTTP {status} {details['code']}: {details['message']}"
    if details["code"] == _POLICY:
        # No role helps, and what a role would have to be is not what failed.
        return ServiceError(happened, _policy_remedy(problem), **details)
    remedy = details["action"] or _REMEDIES.get(status) or (_LATER if status >= 500 else _LOOK)
    failure = _KINDS.get(status, ServiceError)(happened, remedy, **details)
    return NotTaken(failure, pause=_retry_after(problem.response)) if write and status == 429 else failure


def _retry_after(response: Any) -> float | None:
    """Return the seconds that an answer asks to wait: it may give them, or a time."""
    headers = getattr(response, "headers", None) or {}
    given = str(headers.get("Retry-After", ""))
    with suppress(ValueError, TypeError, LookupError, OverflowError):
        if given.isdigit():
            return float(given)
        return max((parsedate_to_datetime(given) - parsedate_to_datetime(headers["Date"])).total_seconds(), 0)
    return None


def _policy_remedy(problem: HttpResponseError) -> str:
    """Say which assignment of Azure Policy refuses, and how one gets past it."""
    error = field(_body(problem.response), "error") or {}
    infos = [field(entry, "info") or {} for entry in items(error, "additionalInfo")]
    found = (text(info, "policyAssignmentDisplayName") or text(info, "policyAssignmentId") for info in infos)
    named = ", ".join(f"'{name}'" for name in dict.fromkeys(found) if name)
    which = f"The policy assignment {named}" if named else "A policy assignment, which the message names,"
    return (
        f"{which} forbids this for every caller. Ask its owner for a policy exemption for the resource or for the "
        "vault's resource group, then run it again."
    )


def _is_of_azure(problem: HttpResponseError) -> bool:
    """Whether an error is Azure's own: in its form, or with its id."""
    headers = getattr(problem.response, "headers", None) or {}
    has_id = any(headers.get(name) for name in ("x-ms-request-id", "x-ms-correlation-request-id"))
    return has_id or bool(field(_body(problem.response), "error"))


def _middlebox(problem: HttpResponseError, details: dict[str, Any], write: bool) -> FailbackError:
    """Return the failure of a request that something on the way has answered. Whether it passed a write on, nobody
    knows: there are filters that look at answers."""
    page = _TITLE.search(_text_of(problem.response))
    title = f" with the page '{' '.join(page.group(1).split())}'" if page else ""
    host = urlsplit(details["url"]).hostname or "Azure"
    what = f"a web filter or proxy on the way, not Azure, answered HTTP {details['status']}{title}"
    remedy = (
        f"Allow {host} in the web filter or proxy, or set another proxy (HTTPS_PROXY, NO_PROXY). If "
        f"{host} is not an Azure endpoint, correct cloud_environment."
    )
    if write:
        unknown = _fate_unknown(what, details)
        unknown.remedy = f"{remedy} {unknown.remedy}"
        return unknown
    return Unreachable(what[0].upper() + what[1:], remedy, **details)


def _text_of(response: Any) -> str:
    try:
        return str(response.text())
    except (ValueError, AttributeError, AzureError):
        return ""


def _no_answer(problem: Exception, write: bool) -> FailbackError:
    if never_left(problem):
        # Of a read that would be no news, and be taken for what was said of a write before it.
        sent = "The request was not sent. " if write else ""
        failure = Unreachable(
            f"Azure could not be reached: {_first_line(problem)}",
            f"{sent}Check network, proxy, cloud_environment and the certificates trusted here.",
        )
        return NotTaken(failure, most=_CONNECTIONS) if write else failure
    what = f"no usable answer came from Azure: {_first_line(problem)}"
    if write:
        return _fate_unknown(what, {})
    return Unreachable(what[0].upper() + what[1:], "Check network and proxy, and run it again.")


def no_job(status: int) -> FateUnknown:
    """Return the failure of a write that was answered with success, but not as Site Recovery does: without a job."""
    return _fate_unknown(f"the answer (HTTP {status}) names no job", {})


def _fate_unknown(what: str, details: dict[str, Any]) -> FateUnknown:
    return FateUnknown(
        f"The request was sent, but {what}.",
        "It is not sent again. Run the task again: it reads what became of it first.",
        **details,
    )


def _details(problem: HttpResponseError) -> dict[str, Any]:
    """Return status, code, message, action, request_id, method and url of an answer; the innermost error counts."""
    response = problem.response
    headers = getattr(response, "headers", None) or {}
    error = field(_body(response), "error") or {}
    inner = next(iter(items(error, "details")), None) or error
    request = getattr(response, "request", None)
    return {
        "status": getattr(response, "status_code", None) or 0,
        "code": text(inner, "code") or text(error, "code") or getattr(problem, "reason", None) or "",
        "message": text(inner, "message") or text(error, "message") or _first_line(problem),
        "action": text(inner, "recommendedAction"),
        "request_id": headers.get("x-ms-request-id") or headers.get("x-ms-correlation-request-id") or "",
        "method": getattr(request, "method", ""),
        "url": str(getattr(request, "url", "")).split("?", 1)[0],
    }


def _body(response: Any) -> Any:
    try:
        return json.loads(response.text())
    except (ValueError, AttributeError, AzureError):
        return None


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).splitlines()), type(problem).__name__)

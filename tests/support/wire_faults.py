# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way in which one request to Azure, or all from one on, can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from asr_simulator.server import Simulator

Documents = list[dict[str, Any]]
Kind = Callable[[int], Documents]

_EXPIRED = {
    "do": "status",
    "status": 401,
    "code": "ExpiredAuthenticationToken",
    "message": "The access token expiry UTC time is earlier than current UTC time.",
    "headers": {"WWW-Authenticate": 'Bearer error="invalid_token"'},
}
_NO_SIGN_IN = {
    "do": "status",
    "status": 401,
    "body": {"error": "invalid_client", "error_description": "AADSTS7000222: The client secret keys are expired."},
}


def _once(**action: Any) -> Kind:
    return lambda nth: [{"match": {"nth": nth}, "action": action}]


def _from_then_on(**action: Any) -> Kind:
    return lambda nth: [{"match": {"nth": nth, "times": 0}, "action": action}]


def _sign_in_lost(nth: int) -> Documents:
    # Faults are asked in their order: the first that strikes decides.
    nobody = {"match": {"path": "/token$", "times": 0}, "action": _NO_SIGN_IN}
    return [{"match": {"path": "^/subscriptions", "nth": nth, "times": 0}, "action": _EXPIRED}, nobody]


ONCE: dict[str, Kind] = {
    "throttled": _once(do="status", status=429, retry_after=7),
    **{
        f"{status}-{when}": _once(do="status", status=status, when=when)
        for status in (500, 502, 503, 504)
        for when in ("before", "after")
    },
    "503-before-retry-after": _once(do="status", status=503, retry_after=9),
    "503-after-retry-after": _once(do="status", status=503, retry_after=9, when="after"),
    "408-after": _once(do="status", status=408, when="after"),
    "reset-before": _once(do="reset"),
    "reset-after": _once(do="reset", when="after"),
    "close-before": _once(do="close"),
    "close-after": _once(do="close", when="after"),
    "silence-before": _once(do="silence", seconds=0.05),
    "silence-after": _once(do="silence", seconds=0.05, when="after"),
    "refused-before": _once(do="refuse", seconds=0.3),
    "refused-after": _once(do="refuse", seconds=0.3, when="after"),
    "truncated": _once(do="truncate", bytes=9),
    "malformed": _once(do="malformed"),
    "html": _once(do="status", status=200, body="<html>log in</html>"),
    "empty-object": _once(do="status", status=200, body={}),
    "list": _once(do="status", status=200, body=[]),
    "accepted-without-a-job": _once(do="status", status=202, body={}, when="after"),
    "no-date": _once(do="date", value=""),
    "bad-date": _once(do="date", value="next Tuesday"),
    "date-of-1601": _once(do="date", value="Mon, 01 Jan 1601 00:00:00 GMT"),
    "date-of-9999": _once(do="date", value="Fri, 31 Dec 9999 23:59:59 GMT"),
    "token-refused": _once(**_EXPIRED),
    "forbidden": _once(do="status", status=403, code="AuthorizationFailed", message="No."),
    "not-found": _once(do="status", status=404, code="NotFound", message="Not here."),
    "conflict": _once(do="status", status=409, code="Conflict", message="Something else runs."),
}
FROM_THEN_ON: dict[str, Kind] = {
    "throttled-on-and-on": _from_then_on(do="status", status=429, retry_after=7),
    "503-on-and-on": _from_then_on(do="status", status=503),
    "closed-on-and-on": _from_then_on(do="close"),
    "handled-but-closed-on-and-on": _from_then_on(do="close", when="after"),
    "sign-in-lost": _sign_in_lost,
}
KINDS = {**ONCE, **FROM_THEN_ON}
# While nobody accepts a connection, whoever asks is struck.
OF_ALL = frozenset({"refused-before", "refused-after"})


def _is_another_for_reads(kind: str) -> bool:
    """Whether a read can tell it from the others: it is the same to it whether it was carried out."""
    twin = kind.replace("-after", "-before", 1)
    return twin == kind or twin not in KINDS


OF_READS = [kind for kind in KINDS if _is_another_for_reads(kind)]


def strike_with(simulator: Simulator, documents: Documents) -> None:
    """Let these faults happen."""
    for document in documents:
        simulator.locked(lambda world, document=document: world.faults.add(document))


def end_of_faults(simulator: Simulator) -> None:
    """Let no more faults happen; come back when connections are taken again."""
    simulator.locked(lambda world: world.faults.clear())
    _until_reachable(simulator)


def _until_reachable(simulator: Simulator) -> None:
    """Come back when connections are taken again."""
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", HTTPAdapter(max_retries=Retry(connect=100, backoff_factor=0.05, backoff_max=0.2)))
        url, bundle = simulator.connection["control"], simulator.connection["ca_bundle"]
        assert session.get(f"{url}/clock", verify=bundle, timeout=20).status_code == 200

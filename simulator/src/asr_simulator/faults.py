# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on demand: on the wire (applied here) and in the service (read by the vault).

A wire fault says which requests it strikes and what then happens::

    {"name": "...",
     "match": {"method": "POST", "path": "/plannedFailover$", "principal": "operator", "nth": 2, "times": 1},
     "action": {"do": "status", "status": 503, "retry_after": 5, "when": "before"}}

Every part of `match` is optional: `path` is a regular expression searched without case, `principal` a name of the
scenario or a client id, `nth` the first matching request to be struck (1), `times` how many are (1; 0: all from
then on).

`do` is one of `status` (with `code`, `message` or a whole `body`, `headers`, `retry_after`), `reset` (the connection
is reset), `close` (it ends without an answer), `silence` (so it does after `seconds`), `refuse` (it is reset, as are
all others, and for `seconds` no connection is taken), `truncate` (it ends after `bytes` of the body), `malformed` (the
body is no JSON), `delay` (the answer comes `seconds` late), `date` (its Date says `value`; an empty one: it has none),
`policy` (Azure Policy refuses; the assignment is called `value`), `web_filter` (a box on the way answers 403 with a
page of its own, with no header of Azure's), `edit` (in the body of an answer `field`, such as
`value[].properties.state`, is `to` that; without `to` it is not there; `also` are more such fields; with `of` only in
resources of these names).
Seconds are real seconds. `when` tells for the first five, `policy` and `web_filter` whether the request is still
handled: `before` (no, the default) or `after` (yes: only the caller does not learn of it).

A service fault is `{"name": "...", "service": {...}}`: any mapping, kept in order in `Faults.service`.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from jsonschema import Draft202012Validator

from asr_simulator.clock import Clock
from asr_simulator.scenarios import Scenario, ScenarioError
from asr_simulator.wire import ArmError, Hangup, Reply, Request

MOST_SECONDS = 120
POLICIES = "/providers/Microsoft.Management/managementGroups/contoso/providers/Microsoft.Authorization"
FILTER_HEADERS = {"Content-Type": "text/html", "x-ms-request-id": "", "x-ms-correlation-request-id": ""}
FILTER_PAGE = (
    b"<html><head><title>Access blocked by the web filter</title></head>"
    b"<body><h1>Blocked</h1>Category: uncategorized.</body></html>"
)
SECONDS = {"type": "number", "minimum": 0, "maximum": MOST_SECONDS}
DOES = (
    "status",
    "reset",
    "close",
    "silence",
    "refuse",
    "truncate",
    "malformed",
    "delay",
    "date",
    "policy",
    "web_filter",
    "edit",
)
REQUIRED = (
    ("status", "status"),
    ("silence", "seconds"),
    ("refuse", "seconds"),
    ("delay", "seconds"),
    ("date", "value"),
    ("policy", "value"),
    ("edit", "field"),
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "match": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "method": {"type": "string"},
                "path": {"type": "string", "format": "regex"},
                "principal": {"type": "string"},
                "nth": {"type": "integer", "minimum": 1},
                "times": {"type": "integer", "minimum": 0},
            },
        },
        "action": {
            "type": "object",
            "additionalProperties": False,
            "required": ["do"],
            "properties": {
                "do": {"enum": list(DOES)},
                "when": {"enum": ["before", "after"]},
                "status": {"type": "integer", "minimum": 200, "maximum": 599},
                "code": {"type": "string"},
                "message": {"type": "string"},
                "body": {},
                "headers": {"type": "object", "additionalProperties": {"type": "string"}},
                "retry_after": {"type": "integer", "minimum": 0},
                "seconds": SECONDS,
                "value": {"type": "string"},
                "field": {"type": "string", "minLength": 1},
                "to": {},
                "also": {"type": "array", "items": {"type": "string", "minLength": 1}},
                "of": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                "bytes": {"type": "integer", "minimum": 0},
            },
            "allOf": [
                {"if": {"properties": {"do": {"const": do}}}, "then": {"required": [needed]}} for do, needed in REQUIRED
            ],
        },
        "service": {"type": "object", "minProperties": 1},
    },
    "oneOf": [{"required": ["action"]}, {"required": ["service"]}],
}


class FaultError(ValueError):
    """The document describes no fault; the message says where."""


@dataclass
class Fault:
    """A wire fault and how many requests it met and struck."""

    id: int
    document: dict[str, Any]
    met: int = 0
    struck: int = 0

    @property
    def action(self) -> dict[str, Any]:
        """What happens to a struck request."""
        action: dict[str, Any] = self.document["action"]
        return action

    def strikes(self, request: Request, names: set[str]) -> bool:
        """Whether it strikes this request, which counts; `names` are those of the caller."""
        match = self.document.get("match", {})
        if not self._fits(match, request, names):
            return False
        self.met += 1
        times = match.get("times", 1)
        if self.met < match.get("nth", 1) or (times and self.struck >= times):
            return False
        self.struck += 1
        return True

    @staticmethod
    def _fits(match: dict[str, Any], request: Request, names: set[str]) -> bool:
        return (
            match.get("method", request.method).upper() == request.method.upper()
            and re.search(match.get("path", ""), request.path, re.IGNORECASE) is not None
            and ("principal" not in match or match["principal"].lower() in names)
        )

    def show(self) -> dict[str, Any]:
        """The document with its id and counts."""
        return {"id": self.id, **self.document, "met": self.met, "struck": self.struck}


class Faults:
    """The faults of a world; those of the scenario are there from the start.

    Raises:
        ScenarioError: one of those is none.
    """

    def __init__(self, scenario: Scenario, clock: Clock) -> None:
        self.service: list[dict[str, Any]] = []
        self._clock = clock
        self._wire: list[Fault] = []
        self._numbers = itertools.count(1)
        self._struck: tuple[Request, Fault] | None = None
        self._names = {spec.client_id.lower(): spec.name.lower() for spec in scenario.principals}
        for number, document in enumerate(scenario.faults):
            self._add_own(number, document)

    def list(self) -> list[dict[str, Any]]:
        """All faults: those on the wire with their counts, then those in the service."""
        return [*(fault.show() for fault in self._wire), *({"service": fault} for fault in self.service)]

    def add(self, document: dict[str, Any]) -> dict[str, Any]:
        """Adds a fault and returns it as `list` shows it.

        Raises:
            FaultError: the document describes none.
        """
        check(document)
        if "service" in document:
            self.service.append({**document["service"], "added": self._clock.now().isoformat()})
            return {"service": self.service[-1]}
        fault = Fault(next(self._numbers), document)
        self._wire.append(fault)
        return fault.show()

    def _add_own(self, number: int, document: dict[str, Any]) -> None:
        try:
            self.add(document)
        except FaultError as error:
            raise ScenarioError(f"faults.{number}: {error}") from error

    def clear(self) -> None:
        """Removes every fault."""
        self._wire.clear()
        self.service.clear()

    def before(self, request: Request) -> Reply | None:
        """What answers instead of the simulator, or None: the request is to be handled.

        Raises:
            Hangup: nothing answers.
        """
        self._struck = None
        names = self._caller(request)
        struck = next((fault for fault in self._wire if fault.strikes(request, names)), None)
        if struck is None:
            return None
        if struck.action["do"] in REPLACING and struck.action.get("when", "before") == "before":
            return REPLACING[struck.action["do"]](struck.action)
        self._struck = (request, struck)
        return None

    def after(self, request: Request, reply: Reply) -> Reply:
        """The answer as the caller gets it.

        Raises:
            Hangup: it gets none.
        """
        if self._struck is None or self._struck[0] is not request:
            return reply
        action = self._struck[1].action
        if action["do"] in REPLACING:
            return REPLACING[action["do"]](action)
        return CHANGING[action["do"]](action, reply)

    def _caller(self, request: Request) -> set[str]:
        """The caller's client id and name, read before the token is checked."""
        client = request.form.get("client_id") or _client_of(request.headers.get("Authorization", ""))
        return {client.lower(), self._names.get(client.lower(), "")} - {""}


def check(document: dict[str, Any]) -> None:
    """Whether a document has the form of a fault.

    Raises:
        FaultError: no; the message says where.
    """
    checker = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
    wrong = sorted(checker.iter_errors(document), key=lambda error: list(map(str, error.path)))
    if wrong:
        lines = (f"{'.'.join(map(str, error.path)) or 'fault'}: {error.message}" for error in wrong)
        raise FaultError("; ".join(lines))


# Clients send the same token until it expires.
@lru_cache(maxsize=256)
def _client_of(authorization: str) -> str:
    token = authorization.partition(" ")[2]
    try:
        return str(jwt.decode(token, options={"verify_signature": False}).get("appid", ""))
    except jwt.InvalidTokenError:
        return ""


def _status(action: dict[str, Any]) -> Reply:
    status = action["status"]
    error = ArmError(status, action.get("code", f"Simulated{status}"), action.get("message", "A simulated fault."))
    reply = error.reply()
    reply.body = action.get("body", reply.body)
    reply.headers = dict(action.get("headers", {}))
    if "retry_after" in action:
        reply.headers["Retry-After"] = str(action["retry_after"])
    return reply


def _reset(action: dict[str, Any]) -> Reply:
    raise Hangup(reset=True)


def _close(action: dict[str, Any]) -> Reply:
    raise Hangup()


def _silence(action: dict[str, Any]) -> Reply:
    raise Hangup(delay=action["seconds"])


def _refuse(action: dict[str, Any]) -> Reply:
    raise Hangup(reset=True, away=action["seconds"])


def _truncate(action: dict[str, Any], reply: Reply) -> Reply:
    reply.cut = action.get("bytes", 10)
    return reply


def _malformed(action: dict[str, Any], reply: Reply) -> Reply:
    reply.raw = b'{"value": [{"name": "half an ans'
    return reply


def _delay(action: dict[str, Any], reply: Reply) -> Reply:
    reply.delay = action["seconds"]
    return reply


def _date(action: dict[str, Any], reply: Reply) -> Reply:
    reply.headers["Date"] = action["value"]
    return reply


def _policy(action: dict[str, Any]) -> Reply:
    """Azure Policy's refusal (Microsoft documentation): the assignment stands in the additional information."""
    assignment = {
        "policyDefinitionDisplayName": "Not allowed",
        "policyDefinitionEffect": "deny",
        "policyAssignmentDisplayName": action["value"],
        "policyAssignmentName": "a1b2c3d4e5f6",
        "policyAssignmentId": f"{POLICIES}/policyAssignments/a1b2c3d4e5f6",
    }
    message = f"Resource was disallowed by policy. Policy identifiers: '{json.dumps([assignment])}'."
    reply = ArmError(403, "RequestDisallowedByPolicy", message).reply()
    error: dict[str, Any] = reply.body["error"]  # type: ignore[index]
    error["additionalInfo"] = [{"type": "PolicyViolation", "info": assignment}]
    return reply


def _web_filter(action: dict[str, Any]) -> Reply:
    return Reply(action.get("status", 403), headers=dict(FILTER_HEADERS), raw=FILTER_PAGE)


REPLACING = {
    "status": _status,
    "reset": _reset,
    "close": _close,
    "silence": _silence,
    "refuse": _refuse,
    "policy": _policy,
    "web_filter": _web_filter,
}


def _edit(action: dict[str, Any], reply: Reply) -> Reply:
    """Edit a copy of the body: its parts may be the simulator's own."""
    if reply.body is not None and reply.status < 300:
        reply.body = json.loads(json.dumps(reply.body))
        for path in (action["field"], *action.get("also", ())):
            _edit_below(reply.body, path.split("."), action)
    return reply


def _edit_below(value: Any, path: list[str], action: dict[str, Any]) -> None:
    name, rest = path[0].removesuffix("[]"), path[1:]
    if not isinstance(value, dict) or name not in value:
        return
    if "of" in action and "name" in value and name == "properties" and value["name"] not in action["of"]:
        return
    if rest:
        below = value[name] if path[0].endswith("[]") and isinstance(value[name], list) else [value[name]]
        for member in below:
            _edit_below(member, rest, action)
    elif "to" in action:
        value[name] = action["to"]
    else:
        del value[name]


CHANGING = {"truncate": _truncate, "malformed": _malformed, "delay": _delay, "date": _date, "edit": _edit}
